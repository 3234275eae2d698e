#include "controlplane/exchange/paper/paper_priv.h"

#include <stdio.h>

static size_t line(size_t bytes) { return (bytes + 63) / 64 * 64; }

struct mr_paper_config mr_paper_defaults(const struct mr_instruments *instruments)
{
    return (struct mr_paper_config){.instruments = instruments,
                                    .instruments_max = 256,
                                    .open_max = MR_ORDERS_MAX,
                                    .ended_max = 4 * MR_ORDERS_MAX,
                                    .answers_max = 4096,
                                    .cash = 10000 * MR_MONEY_ONE,
                                    .maker_fee_e8 = 20000,
                                    .taker_fee_e8 = 60000,
                                    .there_ns = 2000000,
                                    .back_ns = 2000000,
                                    .jitter_ns = 1000000,
                                    .leverage = 10,
                                    .maintenance_e8 = 500000,
                                    .least_value = 5 * MR_MONEY_ONE,
                                    .seed = 1};
}

/* Where each part lies behind the struct; the sum is what is needed. */
static size_t layout(const struct mr_paper_config *c, char *mem, struct mr_paper *p)
{
    size_t at = line(sizeof *p);
    struct part {
        size_t bytes, at;
    } part[] = {{mr_positions_bytes(c->instruments_max), 0},
                {c->instruments_max * sizeof(struct paper_market), 0},
                {(c->open_max + c->ended_max) * sizeof(struct paper_order), 0},
                {c->answers_max * sizeof(struct paper_answer), 0},
                {REQUESTS * sizeof(struct paper_request), 0},
                {FILLS * sizeof(struct paper_fill), 0}};
    for (size_t i = 0; i < MR_COUNT_OF(part); i++) {
        part[i].at = at;
        at += line(part[i].bytes);
    }
    if (p) {
        memset(mem, 0, at);
        p->positions = mr_positions_init(mem + part[0].at, c->instruments_max, c->cash);
        p->market = (struct paper_market *)(void *)(mem + part[1].at);
        p->order = (struct paper_order *)(void *)(mem + part[2].at);
        p->answer = (struct paper_answer *)(void *)(mem + part[3].at);
        p->request = (struct paper_request *)(void *)(mem + part[4].at);
        p->fill = (struct paper_fill *)(void *)(mem + part[5].at);
    }
    return at;
}

size_t mr_paper_bytes(const struct mr_paper_config *config) { return layout(config, NULL, NULL); }

struct mr_paper *mr_paper_init(void *mem, const struct mr_paper_config *config)
{
    struct mr_paper *p = mem;
    MR_ASSERT(config->open_max > 0 && config->ended_max > 0 && config->answers_max >= 64 &&
              config->instruments_max > 0);
    layout(config, mem, p);
    p->config = *config;
    p->random = config->seed * 2862933555777941757ull + 3037000493ull;
    memset(p->bucket, 0xff, sizeof p->bucket);
    for (uint32_t i = 0; i < config->instruments_max; i++)
        p->market[i].first = p->market[i].last = NONE;
    for (uint32_t i = config->open_max + config->ended_max; i-- > 0;)
        p->order[i].next = i + 1 == config->open_max + config->ended_max ? NONE : i + 1;
    p->ended_first = p->ended_last = NONE;
    p->answer[p->answer_count++] = (struct paper_answer){0, {.kind = MR_ANSWER_STREAM_UP}};
    return p;
}

const struct mr_instrument *paper_instrument(const struct mr_paper *p, uint32_t id)
{
    return id < p->config.instruments_max ? mr_instruments_get(p->config.instruments, id) : NULL;
}

/* 0 .. jitter: xorshift64*. */
static int64_t jitter(struct mr_paper *p)
{
    p->random ^= p->random >> 12;
    p->random ^= p->random << 25;
    p->random ^= p->random >> 27;
    return p->config.jitter_ns > 0 ? (int64_t)(p->random * 2685821657736338717ull >> 11) % (p->config.jitter_ns + 1)
                                   : 0;
}

/* "T7", or of a session "Tfe3a-7". */
void paper_id(const struct mr_paper *p, char kind, uint64_t number, char *out, size_t bytes)
{
    if (p->config.session)
        snprintf(out, bytes, "%c%llx-%llu", kind, (unsigned long long)p->config.session, (unsigned long long)number);
    else
        snprintf(out, bytes, "%c%llu", kind, (unsigned long long)number);
}

/* ---- orders by id ---- */

static uint32_t *bucket_of(struct mr_paper *p, uint64_t id)
{
    return &p->bucket[(id * 0x9e3779b97f4a7c15ull) >> 52 & (BUCKETS - 1)];
}

struct paper_order *paper_find(const struct mr_paper *p, uint64_t id)
{
    for (uint32_t i = p->bucket[(id * 0x9e3779b97f4a7c15ull) >> 52 & (BUCKETS - 1)]; i != NONE; i = p->order[i].next_id)
        if (p->order[i].o.id == id)
            return &p->order[i];
    return NULL;
}

/* The ended one that ended first is forgotten. */
static void forget_one(struct mr_paper *p)
{
    uint32_t i = p->ended_first;
    uint32_t *at = bucket_of(p, p->order[i].o.id);
    p->ended_first = p->order[i].next;
    if (p->ended_first == NONE)
        p->ended_last = NONE;
    p->ended_count--;
    while (*at != i)
        at = &p->order[*at].next_id;
    *at = p->order[i].next_id;
    p->order[i] = (struct paper_order){.next = p->free_first};
    p->free_first = i;
}

static struct paper_order *take_slot(struct mr_paper *p, const struct mr_request *r)
{
    if (p->free_first == NONE)
        forget_one(p);
    uint32_t i = p->free_first, *bucket = bucket_of(p, r->order.id);
    struct paper_order *po = &p->order[i];
    p->free_first = po->next;
    *po = (struct paper_order){
        .o = r->order, .request = r->number, .next_id = *bucket, .next = NONE, .prev = NONE, .used = true};
    *bucket = i;
    po->o.filled = 0;
    po->o.cost = po->o.fees = 0;
    paper_id(p, 'P', ++p->orders, po->o.venue_id, sizeof po->o.venue_id);
    return po;
}

static void open_order(struct mr_paper *p, struct paper_order *po)
{
    struct paper_market *m = &p->market[po->o.instrument];
    uint32_t i = (uint32_t)(po - p->order);
    po->open = true;
    po->prev = m->last;
    po->next = NONE;
    *(m->last == NONE ? &m->first : &p->order[m->last].next) = i;
    m->last = i;
    p->open_count++;
}

void paper_end(struct mr_paper *p, struct paper_order *po, uint8_t state)
{
    struct paper_market *m = &p->market[po->o.instrument];
    uint32_t i = (uint32_t)(po - p->order);
    if (po->open) {
        *(po->prev == NONE ? &m->first : &p->order[po->prev].next) = po->next;
        *(po->next == NONE ? &m->last : &p->order[po->next].prev) = po->prev;
        p->open_count--;
    }
    po->open = po->resting = false;
    po->o.state = state;
    po->o.updated_ns = p->now;
    po->next = NONE;
    *(p->ended_last == NONE ? &p->ended_first : &p->order[p->ended_last].next) = i;
    p->ended_last = i;
    p->ended_count++;
}

/* ---- answers ---- */

/* Leaves in the order it is made, whatever the jitter. A full queue cannot be: requests are refused before (room). */
void paper_say(struct mr_paper *p, struct mr_answer *a, const struct paper_order *po)
{
    int64_t at = p->now + p->config.back_ns + jitter(p);
    if (p->cut) { /* nobody hears it: who comes back asks */
        p->counts.unheard++;
        return;
    }
    MR_ASSERT(p->answer_count < p->config.answers_max);
    a->request = a->request ? a->request : p->wanted;
    if (po) {
        a->order = po->o.id;
        a->instrument = po->o.instrument;
        a->side = po->o.side;
        a->state = po->o.state;
        memcpy(a->venue_id, po->o.venue_id, sizeof a->venue_id);
    }
    a->venue_ns = p->now;
    p->answer_at = at > p->answer_at ? at : p->answer_at;
    p->answer[(p->answer_first + p->answer_count++) % p->config.answers_max] = (struct paper_answer){p->answer_at, *a};
}

void paper_say_kind(struct mr_paper *p, uint8_t kind, const struct paper_order *po)
{
    struct mr_answer a = {.kind = kind};
    paper_say(p, &a, po);
}

static void reject(struct mr_paper *p, uint8_t kind, uint8_t reason, const struct mr_order *o)
{
    struct mr_answer a = {.kind = kind, .reason = reason, .order = o->id, .instrument = o->instrument, .side = o->side};
    snprintf(a.text, sizeof a.text, "%s", mr_reject_name(reason));
    p->counts.rejected++;
    paper_say(p, &a, NULL);
}

static void show(struct mr_paper *p, const struct paper_order *po)
{
    struct mr_answer a = {.kind = MR_ANSWER_ORDER, .price = po->o.price, .size = po->o.size, .filled = po->o.filled};
    paper_say(p, &a, po);
}

/* ---- requests, as they arrive ---- */

static void on_place(struct mr_paper *p, const struct mr_request *r)
{
    uint8_t reason = paper_find(p, r->order.id) ? MR_REJECT_DUPLICATE_ID : paper_judge(p, &r->order, NULL);
    if (!reason && p->open_count == p->config.open_max)
        reason = MR_REJECT_OVERLOAD;
    if (reason) {
        reject(p, MR_ANSWER_REJECTED, reason, &r->order);
        return;
    }
    p->counts.placed++;
    struct paper_order *po = take_slot(p, r);
    open_order(p, po);
    po->o.state = MR_STATE_ACKED;
    po->o.acked_ns = p->now;
    paper_say_kind(p, MR_ANSWER_ACK, po);
    paper_place(p, po);
}

static void cancel(struct mr_paper *p, struct paper_order *po, uint8_t kind, uint8_t state)
{
    p->counts.cancelled += kind == MR_ANSWER_CANCELLED;
    p->counts.expired += kind == MR_ANSWER_EXPIRED;
    paper_end(p, po, state);
    struct mr_answer a = {.kind = kind, .filled = po->o.filled, .size = po->o.size};
    paper_say(p, &a, po);
}

static void on_cancel(struct mr_paper *p, const struct mr_request *r)
{
    struct paper_order *po = paper_find(p, r->order.id);
    if (po && po->open)
        cancel(p, po, MR_ANSWER_CANCELLED, MR_STATE_CANCELLED);
    else
        reject(p, MR_ANSWER_CANCEL_REFUSED,
               po && po->o.state == MR_STATE_FILLED ? MR_REJECT_FILLED : MR_REJECT_UNKNOWN_ORDER, &r->order);
}

static void cancel_all(struct mr_paper *p)
{
    for (uint32_t id = 0; id < p->config.instruments_max; id++)
        while (p->market[id].first != NONE && paper_room(p))
            cancel(p, &p->order[p->market[id].first], MR_ANSWER_CANCELLED, MR_STATE_CANCELLED);
}

/* A better price or a larger size goes to the back of the queue; a smaller size keeps its place. */
static void on_amend(struct mr_paper *p, const struct mr_request *r)
{
    struct paper_order *po = paper_find(p, r->order.id);
    uint8_t reason = !po ? MR_REJECT_UNKNOWN_ORDER : !po->open ? MR_REJECT_FILLED : MR_REJECT_NONE;
    if (!reason && r->order.size <= po->o.filled)
        reason = MR_REJECT_FILTER;
    if (!reason)
        reason = paper_judge(p, &r->order, &po->o);
    if (reason) {
        reject(p, MR_ANSWER_AMEND_REFUSED, reason, &r->order);
        return;
    }
    bool stays = po->o.price == r->order.price && r->order.size <= po->o.size;
    po->o.price = r->order.price;
    po->o.stop_price = r->order.stop_price;
    po->o.size = r->order.size;
    struct mr_answer a = {.kind = MR_ANSWER_AMENDED, .price = po->o.price, .size = po->o.size, .filled = po->o.filled};
    paper_say(p, &a, po);
    if (po->resting && !stays) {
        po->resting = false;
        paper_place(p, po);
    }
}

static void on_query(struct mr_paper *p, const struct mr_request *r)
{
    const struct paper_order *po = paper_find(p, r->order.id);
    if (po)
        show(p, po);
    else
        paper_say(
            p, &(struct mr_answer){.kind = MR_ANSWER_NO_ORDER, .order = r->order.id, .instrument = r->order.instrument},
            NULL);
}

static void on_list(struct mr_paper *p, const struct mr_request *r)
{
    if (r->kind == MR_REQUEST_OPEN)
        for (uint32_t id = 0; id < p->config.instruments_max; id++)
            for (uint32_t i = p->market[id].first; i != NONE; i = p->order[i].next)
                show(p, &p->order[i]);
    const struct mr_position *pos;
    for (uint32_t c = 0; r->kind == MR_REQUEST_POSITIONS && (pos = mr_positions_next(p->positions, &c)) != NULL;) {
        struct mr_position_worth w = {0};
        if (pos->size == 0 || mr_position_worth(pos, paper_instrument(p, pos->instrument), &w) != MR_OK)
            continue;
        paper_say(p,
                  &(struct mr_answer){.kind = MR_ANSWER_POSITION,
                                      .instrument = pos->instrument,
                                      .size = pos->size,
                                      .price = w.entry,
                                      .amount = w.maintenance},
                  NULL);
    }
    for (uint64_t n = p->trades > FILLS ? p->trades - FILLS : 0; r->kind == MR_REQUEST_FILLS && n < p->trades; n++) {
        const struct paper_fill *f = &p->fill[n % FILLS];
        if (f->fill.venue_ns >= r->since_ns)
            paper_say(p,
                      &(struct mr_answer){.kind = MR_ANSWER_FILL,
                                          .order = f->fill.order,
                                          .instrument = f->fill.instrument,
                                          .side = f->fill.side,
                                          .fill = f->fill},
                      NULL);
    }
    paper_say_kind(p, MR_ANSWER_END, NULL);
}

/* Answers that a request may make, at most. */
static uint32_t answers_of(const struct mr_paper *p, const struct mr_request *r)
{
    switch (r->kind) {
    case MR_REQUEST_PLACE:
    case MR_REQUEST_AMEND:
        return MR_MARKET_LEVELS + 4;
    case MR_REQUEST_CANCEL_ALL:
    case MR_REQUEST_OPEN:
        return p->open_count + 8;
    case MR_REQUEST_POSITIONS:
        return p->config.instruments_max + 1;
    case MR_REQUEST_FILLS:
        return (uint32_t)(p->trades < FILLS ? p->trades : FILLS) + 1;
    default:
        return 4;
    }
}

static void carry_out(struct mr_paper *p, const struct mr_request *r)
{
    struct mr_account_worth worth;
    struct mr_answer a = {.kind = MR_ANSWER_BALANCE};
    p->wanted = r->number;
    switch (r->kind) {
    case MR_REQUEST_PLACE:
        on_place(p, r);
        break;
    case MR_REQUEST_CANCEL:
        on_cancel(p, r);
        break;
    case MR_REQUEST_AMEND:
        on_amend(p, r);
        break;
    case MR_REQUEST_CANCEL_ALL:
        cancel_all(p);
        paper_say_kind(p, MR_ANSWER_END, NULL);
        break;
    case MR_REQUEST_QUERY:
        on_query(p, r);
        break;
    case MR_REQUEST_BALANCE:
        paper_equity(p, &worth, &a.available);
        a.amount = worth.equity;
        paper_say(p, &a, NULL);
        break;
    case MR_REQUEST_DEAD_MAN:
        p->dead_man_ns = (int64_t)r->within_ms * 1000000;
        p->dead_man_due = p->dead_man_ns ? p->now + p->dead_man_ns : 0;
        paper_say_kind(p, MR_ANSWER_END, NULL);
        break;
    default:
        on_list(p, r);
    }
    p->wanted = 0;
}

/* ---- time ---- */

static void dead_man(struct mr_paper *p)
{
    if (!p->dead_man_due || p->now < p->dead_man_due)
        return;
    p->dead_man_due = 0;
    p->counts.dead_man++;
    cancel_all(p);
}

static void expire(struct mr_paper *p)
{
    for (uint32_t id = 0; id < p->config.instruments_max; id++)
        for (uint32_t i = p->market[id].first, next; i != NONE; i = next) {
            struct paper_order *po = &p->order[i];
            next = po->next;
            if (po->o.tif == MR_TIF_GTD && po->o.expires_ns && po->o.expires_ns <= p->now && paper_room(p))
                cancel(p, po, MR_ANSWER_EXPIRED, MR_STATE_EXPIRED);
        }
}

void mr_paper_step(struct mr_paper *p, int64_t now_ns)
{
    int64_t until = now_ns > p->now ? now_ns : p->now;
    while (p->request_count) {
        const struct paper_request *r = &p->request[p->request_first];
        if (r->at > until || p->answer_count + answers_of(p, &r->request) + 8 > p->config.answers_max)
            break;
        p->now = r->at > p->now ? r->at : p->now;
        dead_man(p);
        carry_out(p, &r->request);
        p->request_first = (p->request_first + 1) % REQUESTS;
        p->request_count--;
    }
    p->now = until;
    dead_man(p);
    if (p->open_count)
        expire(p);
}

/* ---- the driver ---- */

/* Straight to the driver's queue, whatever the latency. */
static void tell(struct mr_paper *p, const struct mr_answer *a)
{
    MR_ASSERT(p->answer_count < p->config.answers_max);
    p->answer_at = p->answer_at > p->now ? p->answer_at : p->now;
    p->answer[(p->answer_first + p->answer_count++) % p->config.answers_max] = (struct paper_answer){p->answer_at, *a};
}

static int send(void *self, const struct mr_request *request, int64_t now_ns)
{
    struct mr_paper *p = self;
    struct mr_answer a = {.kind = p->cut ? MR_ANSWER_NOT_SENT : MR_ANSWER_SENT,
                          .request = request->number,
                          .order = request->order.id,
                          .instrument = request->order.instrument};
    mr_paper_step(p, now_ns);
    if (p->request_count == REQUESTS || p->answer_count + 64 > p->config.answers_max) {
        p->counts.refused_full++;
        return MR_E_FULL;
    }
    tell(p, &a); /* what became of carrying it is known here at once */
    if (p->cut)
        return MR_OK;
    int64_t at = p->now + p->config.there_ns + jitter(p);
    p->request_at = at > p->request_at ? at : p->request_at;
    p->request[(p->request_first + p->request_count++) % REQUESTS] = (struct paper_request){p->request_at, 0, *request};
    return MR_OK;
}

static int poll(void *self, struct mr_answer *out, int64_t now_ns)
{
    struct mr_paper *p = self;
    mr_paper_step(p, now_ns);
    if (!p->answer_count || p->answer[p->answer_first].at > p->now)
        return 0;
    *out = p->answer[p->answer_first].answer;
    out->recv_ns = p->now;
    if (out->kind == MR_ANSWER_FILL)
        out->fill.recv_ns = p->now;
    p->answer_first = (p->answer_first + 1) % p->config.answers_max;
    p->answer_count--;
    return 1;
}

void mr_paper_cut(struct mr_paper *p, bool cut, int64_t now_ns)
{
    mr_paper_step(p, now_ns);
    if (p->cut == cut)
        return;
    if (cut) { /* requests under way still arrive; what was on its way back is lost */
        p->counts.unheard += p->answer_count;
        p->answer_count = 0;
        p->answer_at = p->now;
    }
    p->cut = cut;
    tell(p, &(struct mr_answer){.kind = cut ? MR_ANSWER_STREAM_DOWN : MR_ANSWER_STREAM_UP});
}

bool paper_room(const struct mr_paper *p) { return p->answer_count + 8 < p->config.answers_max; }

struct mr_exchange_driver mr_paper_driver(struct mr_paper *p) { return (struct mr_exchange_driver){p, send, poll}; }

void mr_paper_adopt(struct mr_paper *p, const struct mr_positions *positions)
{
    MR_ASSERT(mr_positions_copy(p->positions, positions));
}

const struct mr_positions *mr_paper_positions(const struct mr_paper *p) { return p->positions; }
uint32_t mr_paper_open(const struct mr_paper *p) { return p->open_count; }
void mr_paper_counts(const struct mr_paper *p, struct mr_paper_counts *out) { *out = p->counts; }

const struct mr_order *mr_paper_find(const struct mr_paper *p, uint64_t id)
{
    const struct paper_order *po = paper_find(p, id);
    return po ? &po->o : NULL;
}

const struct mr_order *mr_paper_next(const struct mr_paper *p, uint32_t *cursor)
{
    while (*cursor < p->config.open_max + p->config.ended_max) {
        const struct paper_order *po = &p->order[(*cursor)++];
        if (po->used)
            return &po->o;
    }
    return NULL;
}
