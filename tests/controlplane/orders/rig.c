#include "tests/controlplane/orders/rig.h"

#include <stdio.h>
#include <sys/mman.h>

#define RECORDS 200000
#define REQUESTS 100000
#define ANSWERS 4096
#define EVENTS 200000

const struct mr_instrument rig_instruments[] = {
    {.id = 0, .venue = RIG_VENUE, .price_scale = 8, .size_scale = 8, .multiplier = 1, .tick = 10000000, .lot = 100000},
    {.id = 1,
     .venue = RIG_VENUE,
     .price_scale = 4,
     .size_scale = 4,
     .multiplier = 1,
     .multiplier_scale = 3,
     .tick = 1,
     .lot = 1},
    {.id = 2, .venue = RIG_VENUE, .price_scale = 8, .size_scale = 8, .multiplier = 1, .flags = MR_INSTRUMENT_INVERSE},
    {.id = 3, .venue = RIG_VENUE + 1, .price_scale = 8, .size_scale = 8, .multiplier = 1},
};

static int64_t append(void *self, enum mr_journal_kind kind, int64_t now_ns, const void *payload, uint32_t bytes)
{
    struct rig *r = self;
    assert_true(bytes <= sizeof r->records[0].payload);
    if (r->record_count >= r->record_room || r->failed)
        return MR_E_FULL;
    struct rig_record *rec = &r->records[r->record_count++];
    *rec = (struct rig_record){.kind = kind, .bytes = bytes, .at_ns = now_ns};
    memcpy(rec->payload, payload, bytes);
    return (int64_t)r->record_count;
}

static uint64_t durable(void *self)
{
    const struct rig *r = self;
    return r->manual ? r->durable : r->record_count;
}

static const char *failed(void *self) { return ((const struct rig *)self)->failed; }

struct mr_journal_port rig_journal(struct rig *r) { return (struct mr_journal_port){r, append, durable, failed}; }

static int drive(void *self, const struct mr_request *request, int64_t now_ns)
{
    struct rig *r = self;
    (void)now_ns;
    if (r->full)
        return MR_E_FULL;
    assert_true(r->request_count < REQUESTS);
    r->requests[r->request_count++] = *request;
    return MR_OK;
}

static int poll(void *self, struct mr_answer *out, int64_t now_ns)
{
    struct rig *r = self;
    (void)now_ns;
    if (r->answer_head == r->answer_count) {
        r->answer_head = r->answer_count = 0;
        return 0;
    }
    *out = r->answers[r->answer_head++];
    return 1;
}

static struct mr_gate_verdict gate(void *self, const struct mr_order *order, const struct mr_order *old, int64_t now_ns)
{
    struct rig *r = self;
    r->judged = *order;
    (void)old;
    (void)now_ns;
    return (struct mr_gate_verdict){
        .allowed = !r->deny, .reason = r->deny ? 9 : 0, .decision = ++r->decisions, .limits = 4};
}

static bool may_leave(void *self, const struct mr_order *order)
{
    (void)order;
    return !((const struct rig *)self)->closed;
}

static const struct mr_instrument *instrument(void *self, uint32_t id)
{
    (void)self;
    return id < 4 ? &rig_instruments[id] : NULL;
}

static const struct mr_market_view *market(void *self, uint32_t id)
{
    const struct rig *r = self;
    return r->has_view && id == 0 ? &r->view : NULL;
}

static void event(void *self, const struct mr_orders_event *e)
{
    struct rig *r = self;
    assert_true(r->event_count < EVENTS);
    r->events[r->event_count++] =
        (struct rig_event){.e = *e, .order = *e->order, .fill = *e->fill, .position = *e->position};
    if (r->on_event)
        r->on_event(r->on_event_self, e);
}

/* Pages of zeros, which cost nothing until they are touched: there are megabytes, a test touches little of them, and malloc's are written all
 * over when MALLOC_PERTURB_ says so. */
static void *pages(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(mem != MAP_FAILED);
    return mem;
}

static struct rig *make(void (*change)(struct rig *))
{
    struct rig *r = calloc(1, sizeof *r);
    r->records = pages(RECORDS * sizeof *r->records);
    r->requests = pages(REQUESTS * sizeof *r->requests);
    r->answers = pages(ANSWERS * sizeof *r->answers);
    r->events = pages(EVENTS * sizeof *r->events);
    r->record_room = RECORDS;
    r->now = 1000 * SECOND;
    r->cfg = mr_orders_defaults();
    r->cfg.ended_max = 64;
    r->cfg.trades_max = 256;
    r->cfg.queue_max = 64;
    r->cfg.instruments_max = 4;
    r->cfg.dead_man_ns = 0;
    r->cfg.cash = 10000 * MR_MONEY_ONE;
    r->link = mr_orders_link_defaults(RIG_VENUE, (struct mr_exchange_driver){.self = r, .send = drive, .poll = poll});
    r->link.order_limit = r->link.query_limit =
        (struct mr_bucket_limit){.quota = 100000, .burst = 50000, .window_ns = SECOND};
    if (change)
        change(r);
    r->mem = aligned_alloc(64, (mr_orders_bytes(&r->cfg) + 63) / 64 * 64);
    const struct mr_orders_ports ports = {.self = r,
                                          .gate = gate,
                                          .may_leave = may_leave,
                                          .instrument = instrument,
                                          .market = market,
                                          .event = event,
                                          .journal = rig_journal(r)};
    assert_int_equal(mr_orders_init(r->mem, &r->cfg, &ports, &r->om), MR_OK);
    assert_int_equal(mr_orders_add_link(r->om, &r->link, r->now), MR_OK);
    return r;
}

struct rig *rig_open(void (*change)(struct rig *))
{
    struct rig *r = make(change);
    assert_int_equal(mr_orders_begin(r->om, 1, r->now), MR_OK);
    return r;
}

void rig_close(struct rig *r)
{
    munmap(r->records, RECORDS * sizeof *r->records);
    munmap(r->requests, REQUESTS * sizeof *r->requests);
    munmap(r->answers, ANSWERS * sizeof *r->answers);
    munmap(r->events, EVENTS * sizeof *r->events);
    free(r->mem);
    free(r);
}

static const struct rig *copied;
static void copy(struct rig *r)
{
    r->cfg = copied->cfg;
    r->now = copied->now;
}

struct rig *rig_restart(const struct rig *from, uint64_t count)
{
    copied = from;
    struct rig *r = make(copy);
    for (uint64_t i = 0; i < count; i++) {
        const struct rig_record *rec = &from->records[i];
        r->records[i] = *rec;
        assert_int_equal(mr_orders_restore(r->om, rec->kind, rec->payload, rec->bytes, rec->at_ns), MR_OK);
    }
    r->record_count = count;
    return r;
}

void rig_step(struct rig *r)
{
    for (int i = 0; i < 100 && mr_orders_step(r->om, r->now); i++) {
    }
}

void rig_pass(struct rig *r, int64_t ns)
{
    int64_t until = r->now + ns;
    for (;;) {
        rig_step(r);
        int64_t due = mr_orders_due(r->om);
        if (due > until)
            break;
        r->now = due > r->now ? due : r->now + 1;
    }
    r->now = until;
    rig_step(r);
}

bool rig_next(struct rig *r, int64_t until, int64_t other_due)
{
    if (r->now >= until)
        return false;
    const int64_t own = mr_orders_due(r->om), due = other_due < own ? other_due : own;
    r->now = due > until ? until : due > r->now ? due : r->now + 1;
    return true;
}

struct mr_order rig_limit(int side, int64_t price, int64_t size)
{
    return (struct mr_order){
        .side = (uint8_t)side, .type = MR_ORDER_LIMIT, .price = price * E8, .size = size * E8, .strategy = 2};
}

uint64_t rig_submit(struct rig *r, struct mr_order intent)
{
    uint64_t id = 0;
    assert_int_equal(mr_orders_submit(r->om, &intent, r->now, &id), MR_OK);
    rig_step(r);
    return id;
}

uint64_t rig_acked(struct rig *r, struct mr_order intent)
{
    uint64_t id = rig_submit(r, intent);
    struct mr_answer *a = rig_answer(r, MR_ANSWER_ACK, rig_last(r, MR_REQUEST_PLACE));
    snprintf(a->venue_id, sizeof a->venue_id, "v%u", (unsigned)id);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    return id;
}

const struct mr_order *rig_order(const struct rig *r, uint64_t id)
{
    const struct mr_order *o = mr_orders_find(r->om, id);
    assert_non_null(o);
    return o;
}

const char *rig_state(const struct rig *r, uint64_t id) { return mr_order_state_name(rig_order(r, id)->state); }

struct mr_request *rig_last(struct rig *r, unsigned kind)
{
    for (uint32_t i = r->request_count; i-- > 0;)
        if (r->requests[i].kind == kind)
            return &r->requests[i];
    fail_msg("no request of kind %s", mr_request_name(kind));
    return NULL;
}

uint32_t rig_requests(const struct rig *r, unsigned kind)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->request_count; i++)
        n += r->requests[i].kind == kind;
    return n;
}

static struct mr_answer *next_answer(struct rig *r)
{
    assert_true(r->answer_count < ANSWERS);
    struct mr_answer *a = &r->answers[r->answer_count++];
    *a = (struct mr_answer){.recv_ns = r->now, .venue_ns = r->now};
    return a;
}

struct mr_answer *rig_answer(struct rig *r, unsigned kind, const struct mr_request *to)
{
    struct mr_answer *a = next_answer(r);
    a->kind = (uint8_t)kind;
    a->request = to->number;
    a->order = to->order.id;
    a->instrument = to->order.instrument;
    return a;
}

struct mr_answer *rig_reply(struct rig *r, unsigned kind, unsigned request)
{
    return rig_answer(r, kind, rig_last(r, request));
}

struct mr_answer *rig_say(struct rig *r, unsigned kind, uint64_t order)
{
    struct mr_answer *a = next_answer(r);
    a->kind = (uint8_t)kind;
    a->order = order;
    return a;
}

struct mr_answer *rig_fill(struct rig *r, uint64_t order, int64_t price, int64_t size, const char *trade)
{
    struct mr_answer *a = rig_say(r, MR_ANSWER_FILL, order);
    const struct mr_order *o = order ? mr_orders_find(r->om, order) : NULL;
    a->fill = (struct mr_fill){.order = order,
                               .side = o ? o->side : MR_SIDE_BUY,
                               .price = price * E8,
                               .size = size * E8,
                               .fee = MR_MONEY_ONE / 100,
                               .venue_ns = r->now,
                               .recv_ns = r->now,
                               .liquidity = MR_LIQUIDITY_MAKER};
    snprintf(a->fill.trade_id, sizeof a->fill.trade_id, "%s", trade);
    return a;
}

const struct mr_orders_counters *rig_counts(const struct rig *r) { return mr_orders_counters(r->om); }

uint32_t rig_events(const struct rig *r, unsigned kind)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->event_count; i++)
        n += r->events[i].e.kind == kind;
    return n;
}

const struct rig_event *rig_last_event(const struct rig *r, unsigned kind)
{
    for (uint32_t i = r->event_count; i-- > 0;)
        if (r->events[i].e.kind == kind)
            return &r->events[i];
    fail_msg("no event of kind %u", kind);
    return NULL;
}

uint32_t rig_odd(const struct rig *r, unsigned discrepancy)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->event_count; i++)
        n += r->events[i].e.kind == MR_ORDERS_DISCREPANCY && r->events[i].e.discrepancy == discrepancy;
    return n;
}

mr_money rig_money(const char *text)
{
    mr_money m = 0;
    assert_int_equal(mr_money_parse(mr_span_of(text), &m), MR_OK);
    return m;
}

void rig_ready(struct rig *r)
{
    rig_say(r, MR_ANSWER_STREAM_UP, 0);
    rig_step(r);
    rig_answer(r, MR_ANSWER_END, rig_last(r, MR_REQUEST_FILLS));
    rig_step(r);
    rig_answer(r, MR_ANSWER_END, rig_last(r, MR_REQUEST_OPEN));
    rig_step(r);
    rig_answer(r, MR_ANSWER_END, rig_last(r, MR_REQUEST_POSITIONS));
    rig_step(r);
    rig_answer(r, MR_ANSWER_BALANCE, rig_last(r, MR_REQUEST_BALANCE))->amount = r->cfg.cash;
    rig_step(r);
    assert_true(mr_orders_ready(r->om, RIG_VENUE));
}

struct rig *rig_begin(void (*change)(struct rig *))
{
    struct rig *r = rig_open(change);
    rig_ready(r);
    return r;
}
