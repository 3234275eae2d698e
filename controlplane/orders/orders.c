#include "controlplane/orders/orders_priv.h"

#define SECOND 1000000000LL

struct mr_orders_config mr_orders_defaults(void)
{
    return (struct mr_orders_config){.open_max = MR_ORDERS_MAX,
                                     .ended_max = 32768,
                                     .keep_ns = 300 * SECOND,
                                     .trades_max = 65536,
                                     .queue_max = 1024,
                                     .instruments_max = 1024,
                                     .attempts = 3,
                                     .answer_ns = SECOND,
                                     .grace_ns = 5 * SECOND,
                                     .backoff_ns = {SECOND, 2 * SECOND, 4 * SECOND},
                                     .ttl_ns = 300 * SECOND,
                                     .poll_ns = 2 * SECOND,
                                     .sync_ns = 10 * SECOND,
                                     .dead_man_ns = 30 * SECOND,
                                     .balance_bp = 10};
}

struct mr_orders_link mr_orders_link_defaults(uint8_t venue, struct mr_exchange_driver driver)
{
    const struct mr_bucket_limit private = {.quota = 75, .burst = 10, .window_ns = 3 * SECOND};
    return (struct mr_orders_link){.venue = venue,
                                   .driver = driver,
                                   .order_limit = private,
                                   .query_limit = private,
                                   .cancel_reserve = 3,
                                   .breaker = {.failures = 5, .window_ns = 60 * SECOND, .open_ns = 30 * SECOND}};
}

static size_t head_bytes(void)
{
    return (sizeof(struct mr_orders) + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES;
}

static bool config_ok(const struct mr_orders_config *c)
{
    bool counts = c->open_max && c->open_max <= MR_ORDERS_MAX && c->ended_max && c->ended_max <= 1u << 20 &&
                  c->trades_max && c->trades_max <= 1u << 24 && c->queue_max >= 2 && c->queue_max <= 1u << 16 &&
                  c->instruments_max && c->instruments_max <= 1u << 20 && c->attempts && c->attempts <= 100 &&
                  c->balance_bp >= 0;
    const int64_t times[] = {c->keep_ns,       c->answer_ns, c->grace_ns, c->backoff_ns[0], c->backoff_ns[1],
                             c->backoff_ns[2], c->ttl_ns,    c->poll_ns,  c->sync_ns};
    for (size_t i = 0; i < MR_COUNT_OF(times); i++)
        counts = counts && times[i] > 0 && times[i] <= 86400 * SECOND;
    return counts && c->dead_man_ns >= 0 && c->dead_man_ns <= 86400 * SECOND;
}

size_t mr_orders_bytes(const struct mr_orders_config *config)
{
    return config_ok(config) ? head_bytes() + mr_orders_table_bytes(config) : 0;
}

int mr_orders_init(void *mem, const struct mr_orders_config *config, const struct mr_orders_ports *ports,
                   struct mr_orders **out)
{
    if (!config_ok(config))
        return MR_E_RANGE;
    MR_ASSERT(ports->gate && ports->may_leave && ports->instrument && ports->market && ports->event);
    MR_ASSERT(ports->journal.append && ports->journal.durable && ports->journal.failed);
    struct mr_orders *om = mem;
    memset(om, 0, head_bytes());
    om->cfg = *config;
    om->ports = *ports;
    mr_orders_table_init(om, (uint8_t *)mem + head_bytes());
    *out = om;
    return MR_OK;
}

int mr_orders_add_link(struct mr_orders *om, const struct mr_orders_link *link, int64_t now_ns)
{
    struct link l = {.cfg = *link};
    if (mr_orders_link_of(om, link->venue))
        return MR_E_INVALID;
    if (om->link_count == MR_ORDERS_LINKS)
        return MR_E_FULL;
    MR_ASSERT(link->driver.send && link->driver.poll);
    if (mr_bucket_init(&l.orders, &link->order_limit, now_ns) ||
        mr_bucket_init(&l.queries, &link->query_limit, now_ns) || mr_breaker_init(&l.breaker, &link->breaker) ||
        link->cancel_reserve >= link->order_limit.burst)
        return MR_E_RANGE;
    om->links[om->link_count++] = l;
    return MR_OK;
}

int mr_orders_begin(struct mr_orders *om, uint32_t epoch, int64_t now_ns)
{
    MR_ASSERT(!om->begun && epoch > om->epoch_seen);
    if (now_ns > om->now_ns)
        om->now_ns = now_ns;
    if (!om->opened) {
        const struct mr_record_account opening = {.amount = om->cfg.cash};
        if (mr_orders_record_account(om, MR_ACCOUNT_OPENING, &opening) < 0)
            return MR_E_FULL;
    }
    om->epoch = om->epoch_seen = epoch;
    om->begun = true;
    return MR_OK;
}

/* The numbers make an order that could be, whatever limits say. */
static int shape_of(const struct mr_order *o, int64_t now_ns)
{
    bool limit = o->type == MR_ORDER_LIMIT,
         stop = o->type == MR_ORDER_STOP_MARKET || o->type == MR_ORDER_TAKE_PROFIT_MARKET;
    if (o->side > MR_SIDE_SELL || o->type >= MR_ORDER_TYPE_COUNT || o->tif >= MR_TIF_COUNT || o->role >= MR_ROLE_COUNT)
        return MR_E_RANGE;
    if (o->size <= 0 || (limit ? o->price <= 0 : o->price != 0) || (stop ? o->stop_price <= 0 : o->stop_price != 0))
        return MR_E_RANGE;
    if (o->expires_ns < 0 || (o->expires_ns && o->expires_ns <= now_ns) || (o->tif == MR_TIF_GTD && !o->expires_ns))
        return MR_E_RANGE;
    bool rests = o->tif == MR_TIF_GTC || o->tif == MR_TIF_GTD;
    if (((o->flags & MR_ORDER_POST_ONLY) && !(limit && rests)) || (stop && !rests))
        return MR_E_RANGE;
    return MR_OK;
}

static int order_of(struct mr_orders *om, const struct mr_order *intent, struct mr_order *o)
{
    MR_ASSERT(!(intent->flags & ~MR_ORDER_FLAGS_ALL));
    MR_ASSERT(!(intent->flags & MR_ORDER_EMERGENCY) || (intent->flags & MR_ORDER_REDUCE_ONLY));
    const struct mr_instrument *it = om->ports.instrument(om->ports.self, intent->instrument);
    if (!it || intent->instrument >= om->cfg.instruments_max || !mr_orders_link_of(om, it->venue))
        return MR_E_SYMBOL;
    if (it->flags & MR_INSTRUMENT_INVERSE)
        return MR_E_UNSUPPORTED;
    int status = shape_of(intent, om->now_ns);
    if (status)
        return status;
    *o = (struct mr_order){.parent = intent->parent,
                           .instrument = intent->instrument,
                           .strategy = intent->strategy,
                           .venue = it->venue,
                           .side = intent->side,
                           .type = intent->type,
                           .tif = intent->tif,
                           .flags = intent->flags,
                           .role = intent->role,
                           .price = intent->price,
                           .stop_price = intent->stop_price,
                           .arrival_mid = intent->arrival_mid,
                           .size = intent->size,
                           .expires_ns = intent->expires_ns,
                           .created_ns = om->now_ns,
                           .updated_ns = om->now_ns};
    if (!o->expires_ns && (o->role == MR_ROLE_ENTRY || o->role == MR_ROLE_EXIT))
        o->expires_ns = om->now_ns + om->cfg.ttl_ns;
    const struct mr_market_view *view = o->arrival_mid ? NULL : om->ports.market(om->ports.self, o->instrument);
    if (view)
        o->arrival_mid = mr_market_mid(view);
    return MR_OK;
}

/* Records can be taken, and taken records can be waited for. */
static int room(struct mr_orders *om, uint8_t venue, uint8_t flags)
{
    if (mr_orders_stopped(om) || (!mr_orders_ready(om, venue) && !(flags & MR_ORDER_EMERGENCY)))
        return MR_E_STALE;
    return om->dirty || om->waiting_tail - om->waiting_head == om->waiting_max ? MR_E_FULL : MR_OK;
}

uint64_t mr_orders_next_id(const struct mr_orders *om) { return (uint64_t)om->epoch << 32 | (om->number + 1); }

int mr_orders_submit(struct mr_orders *om, const struct mr_order *intent, int64_t now_ns, uint64_t *id)
{
    MR_ASSERT(om->begun);
    if (now_ns > om->now_ns)
        om->now_ns = now_ns;
    struct mr_order o;
    int status = order_of(om, intent, &o);
    if (status || (status = room(om, o.venue, o.flags)))
        return status;
    MR_ASSERT(om->number < UINT32_MAX);
    uint64_t new_id = mr_orders_next_id(om);
    struct slot *s = mr_orders_slot_new(om, new_id);
    if (!s)
        return MR_E_FULL;
    o.id = new_id;
    s->o = o;
    const struct link *l = mr_orders_link_of(om, o.venue);
    s->since_ns = l->venue_ns ? l->venue_ns : o.created_ns;
    om->number++;
    om->n.submitted++;
    const struct mr_gate_verdict v = om->ports.gate(om->ports.self, &s->o, NULL, om->now_ns);
    s->o.decision = v.decision;
    s->o.limits = v.limits;
    s->reason = v.reason;
    *id = new_id;
    if (!v.allowed) {
        om->n.denied++;
        mr_orders_news(om, s, MR_INPUT_DENY);
        return MR_ORDERS_DENIED;
    }
    s->o.state = MR_STATE_APPROVED;
    int64_t seq = mr_orders_record(om, s, MR_INPUT_APPROVE);
    if (seq < 0) { /* nobody has heard of it: as if it had not been */
        s->o.state = MR_STATE_CREATED;
        mr_orders_slot_free(om, s);
        return MR_E_FULL;
    }
    s->place_seq = (uint64_t)seq;
    mr_orders_wait(om, s->place_seq, new_id);
    struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_CHANGED, s);
    e.input = MR_INPUT_APPROVE;
    e.state_before = MR_STATE_CREATED;
    mr_orders_tell(om, &e);
    mr_orders_plan(om, s);
    return MR_OK;
}

int mr_orders_cancel(struct mr_orders *om, uint64_t id, int64_t now_ns)
{
    if (now_ns > om->now_ns)
        om->now_ns = now_ns;
    struct slot *s = mr_orders_slot(om, id);
    if (!s || mr_order_ended(s->o.state))
        return MR_E_EMPTY;
    mr_orders_want_cancel(om, s);
    return MR_OK;
}

static bool matches(const struct mr_order *o, struct mr_orders_filter which)
{
    return (which.venue < 0 || which.venue == o->venue) && (which.strategy < 0 || which.strategy == o->strategy) &&
           (which.instrument < 0 || which.instrument == o->instrument);
}

/* One request for all, before the single ones: it is the fastest way out. Whether it arrives or not, each order has its own cancel. */
static void cancel_by_venue(struct mr_orders *om, struct mr_orders_filter which)
{
    for (uint32_t i = 0; i < om->link_count; i++) {
        struct link *l = &om->links[i];
        struct mr_request r = {.kind = MR_REQUEST_CANCEL_ALL};
        int64_t until;
        if (which.venue < 0 || which.venue == l->cfg.venue)
            mr_orders_carry(om, l, &r, NULL, &until);
    }
}

uint32_t mr_orders_cancel_all(struct mr_orders *om, struct mr_orders_filter which, int64_t now_ns)
{
    uint32_t count = 0, next;
    if (now_ns > om->now_ns)
        om->now_ns = now_ns;
    if (which.strategy < 0 && which.instrument < 0)
        cancel_by_venue(om, which);
    for (uint32_t i = om->open.first; i != NONE; i = next) {
        struct slot *s = &om->slots[i];
        next = s->after;
        if (!matches(&s->o, which))
            continue;
        mr_orders_want_cancel(om, s);
        count++;
    }
    return count;
}

int mr_orders_amend(struct mr_orders *om, uint64_t id, mr_price price, mr_size size, int64_t now_ns)
{
    if (now_ns > om->now_ns)
        om->now_ns = now_ns;
    struct slot *s = mr_orders_slot(om, id);
    if (!s || mr_order_ended(s->o.state))
        return MR_E_EMPTY;
    if ((s->o.state != MR_STATE_ACKED && s->o.state != MR_STATE_PARTIAL) || s->cancel_wanted || s->amending ||
        s->amend.out)
        return MR_E_AGAIN;
    if (price <= 0 || size <= s->o.filled || s->o.type == MR_ORDER_MARKET)
        return MR_E_RANGE;
    int status = room(om, s->o.venue, s->o.flags);
    if (status)
        return status;
    struct mr_order wanted = s->o;
    *(wanted.type == MR_ORDER_LIMIT ? &wanted.price : &wanted.stop_price) = price;
    wanted.size = size;
    const struct mr_gate_verdict v = om->ports.gate(om->ports.self, &wanted, &s->o, om->now_ns);
    if (!v.allowed)
        return MR_ORDERS_DENIED;
    struct slot before = *s;
    s->o.decision = v.decision;
    s->o.limits = v.limits;
    s->amending = AMEND_WANTED;
    s->want_price = price;
    s->want_size = size;
    int64_t seq = mr_orders_record(om, s, MR_INPUT_COUNT);
    if (seq < 0) {
        om->dirty -= s->dirty;
        *s = before;
        return MR_E_FULL;
    }
    s->amend_seq = (uint64_t)seq;
    s->amend = (struct op){.request = s->amend.request, .due_ns = om->now_ns};
    mr_orders_wait(om, s->amend_seq, id);
    struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_AMENDING, s);
    mr_orders_tell(om, &e);
    mr_orders_plan(om, s);
    return MR_OK;
}

/* What has become durable may leave. */
static uint32_t release(struct mr_orders *om)
{
    uint32_t work = 0;
    uint64_t durable = om->ports.journal.durable(om->ports.journal.self);
    while (om->waiting_head != om->waiting_tail) {
        const struct waiting *w = &om->waiting[om->waiting_head % om->waiting_max];
        if (w->seq > durable)
            break;
        struct slot *s = mr_orders_slot(om, w->order);
        om->waiting_head++;
        work++;
        if (s && !mr_order_ended(s->o.state)) {
            s->durable_seq = w->seq;
            mr_orders_plan(om, s);
        }
    }
    return work;
}

/* Records that the journal did not take at once. */
static void write_again(struct mr_orders *om)
{
    const uint32_t lists[] = {om->open.first, om->ended.first};
    for (unsigned l = 0; l < 2; l++)
        for (uint32_t i = lists[l]; i != NONE && om->dirty; i = om->slots[i].after)
            if (om->slots[i].dirty && mr_orders_record(om, &om->slots[i], MR_INPUT_COUNT) < 0)
                return;
}

/* The journal keeps nothing any more: what has not left never will. */
static void give_up_unsent(struct mr_orders *om)
{
    uint32_t next;
    for (uint32_t i = om->open.first; i != NONE; i = next) {
        struct slot *s = &om->slots[i];
        next = s->after;
        if (s->o.state == MR_STATE_APPROVED) {
            om->n.given_up++;
            mr_orders_news(om, s, MR_INPUT_DENY);
        }
    }
}

static uint32_t clean_up(struct mr_orders *om)
{
    uint32_t work = 0;
    while (om->ended.first != NONE) {
        struct slot *s = &om->slots[om->ended.first];
        if (s->dirty || om->now_ns - s->ended_ns < om->cfg.keep_ns)
            break;
        mr_orders_slot_free(om, s);
        work++;
    }
    return work;
}

void mr_orders_on_clock(struct mr_orders *om, int64_t now_ns, int64_t mono_ns)
{
    if (!om->mono_ns)
        om->mono_ahead_ns = mono_ns - now_ns;
    om->mono_ns = mono_ns;
}

int64_t mr_orders_passed(const struct mr_orders *om)
{
    return om->mono_ns ? om->mono_ns - om->mono_ahead_ns : om->now_ns;
}

uint32_t mr_orders_step(struct mr_orders *om, int64_t now_ns)
{
    MR_ASSERT(om->begun);
    if (now_ns > om->now_ns)
        om->now_ns = now_ns;
    if (om->dirty)
        write_again(om);
    if (mr_orders_stopped(om))
        give_up_unsent(om);
    uint32_t work = mr_orders_listen(om) + release(om);
    while (om->heap_count && om->slots[om->heap[0]].due_ns <= om->now_ns) {
        mr_orders_work(om, &om->slots[om->heap[0]]);
        work++;
    }
    for (uint32_t i = 0; i < om->link_count; i++)
        work += mr_orders_link_step(om, &om->links[i]);
    return work + clean_up(om);
}

int64_t mr_orders_due(const struct mr_orders *om)
{
    int64_t due = om->heap_count ? om->slots[om->heap[0]].due_ns : NEVER;
    for (uint32_t i = 0; i < om->link_count; i++) {
        int64_t at = mr_orders_link_due(om, &om->links[i]);
        due = at < due ? at : due;
    }
    if (om->ended.first != NONE) {
        int64_t at = om->slots[om->ended.first].ended_ns + om->cfg.keep_ns;
        due = at < due ? at : due;
    }
    return due;
}

struct link *mr_orders_link_of(struct mr_orders *om, uint8_t venue)
{
    for (uint32_t i = 0; i < om->link_count; i++)
        if (om->links[i].cfg.venue == venue)
            return &om->links[i];
    return NULL;
}

bool mr_orders_ready(const struct mr_orders *om, uint8_t venue)
{
    for (uint32_t i = 0; i < om->link_count; i++)
        if (om->links[i].cfg.venue == venue)
            return om->links[i].stage == LINK_READY;
    return false;
}

const char *mr_orders_stopped(const struct mr_orders *om) { return om->ports.journal.failed(om->ports.journal.self); }

const struct mr_order *mr_orders_find(const struct mr_orders *om, uint64_t id)
{
    const struct slot *s = mr_orders_slot(om, id);
    return s ? &s->o : NULL;
}

const struct mr_order *mr_orders_find_venue(const struct mr_orders *om, uint8_t venue, const char *venue_id)
{
    const struct slot *s = mr_orders_slot_venue(om, venue, venue_id);
    return s ? &s->o : NULL;
}

const struct mr_order *mr_orders_next(const struct mr_orders *om, uint32_t *cursor)
{
    uint32_t at = *cursor ? *cursor - 1 : om->open.first; /* the cursor is one above the index; past the last: NONE */
    if (at == NONE || *cursor == NONE)
        return NULL;
    *cursor = om->slots[at].after == NONE ? NONE : om->slots[at].after + 1;
    return &om->slots[at].o;
}

uint32_t mr_orders_open(const struct mr_orders *om) { return om->open.count; }

bool mr_orders_cancelling(const struct mr_orders *om, uint64_t id)
{
    const struct slot *s = mr_orders_slot(om, id);
    return s && s->cancel_wanted;
}

const struct mr_positions *mr_orders_positions(const struct mr_orders *om) { return om->positions; }
struct mr_positions *mr_orders_positions_edit(struct mr_orders *om) { return om->positions; }
const struct mr_orders_counters *mr_orders_counters(const struct mr_orders *om) { return &om->n; }

const char *mr_discrepancy_name(unsigned kind)
{
    static const char *const names[MR_DISCREPANCY_COUNT] = {
        "none",       "unknown_order", "foreign_fill", "late_fill",   "overfill",
        "old_fill",   "odd_fill",      "unsent_alive", "ended_alive", "not_found",
        "local_only", "venue_only",    "size",         "balance",     "liquidated"};
    return kind < MR_DISCREPANCY_COUNT ? names[kind] : "?";
}
