/* The order manager alone: a driver that acknowledges and fills at once, a journal that is memory. What is left is what an order costs us from
 * the wish to the position: gate port, two hashes, six records, five events. C-32 wants 100 orders a second: 10 ms each. */
#include <stdlib.h>

#include "controlplane/orders/orders.h"
#include "perf/bench.h"

#define ORDERS 2000
#define RESTING 900 /* others that rest meanwhile */

static const struct mr_instrument perp = {.venue = 1, .price_scale = 8, .size_scale = 8, .multiplier = 1};

struct rig {
    struct mr_orders *om;
    struct mr_answer answers[64];
    uint32_t head, count;
    uint64_t records, trades, events;
    bool resting;
    int64_t now;
};

static int64_t append(void *self, enum mr_journal_kind kind, int64_t now_ns, const void *payload, uint32_t bytes)
{
    (void)kind, (void)now_ns, (void)payload, (void)bytes;
    return (int64_t)++((struct rig *)self)->records;
}
static uint64_t durable(void *self) { return ((struct rig *)self)->records; }
static const char *failed(void *self)
{
    (void)self;
    return NULL;
}
static struct mr_gate_verdict gate(void *self, const struct mr_order *o, const struct mr_order *old, int64_t now_ns)
{
    (void)self, (void)o, (void)old, (void)now_ns;
    return (struct mr_gate_verdict){.allowed = true, .decision = 1, .limits = 1};
}
static bool may_leave(void *self, const struct mr_order *o)
{
    (void)self, (void)o;
    return true;
}
static const struct mr_instrument *instrument(void *self, uint32_t id)
{
    (void)self;
    return id ? NULL : &perp;
}
static const struct mr_market_view *market(void *self, uint32_t id)
{
    (void)self, (void)id;
    return NULL;
}
static void event(void *self, const struct mr_orders_event *e)
{
    (void)e;
    ((struct rig *)self)->events++;
}

static struct mr_answer *say(struct rig *r, unsigned kind, const struct mr_request *q)
{
    struct mr_answer *a = &r->answers[r->count++ % 64];
    *a = (struct mr_answer){.kind = (uint8_t)kind, .request = q->number, .order = q->order.id, .recv_ns = r->now};
    return a;
}

static int drive(void *self, const struct mr_request *q, int64_t now_ns)
{
    struct rig *r = self;
    (void)now_ns;
    if (q->kind != MR_REQUEST_PLACE) {
        say(r, q->kind == MR_REQUEST_BALANCE ? MR_ANSWER_BALANCE : MR_ANSWER_END, q);
        return MR_OK;
    }
    say(r, MR_ANSWER_SENT, q);
    say(r, MR_ANSWER_ACK, q);
    if (r->resting)
        return MR_OK;
    struct mr_answer *a = say(r, MR_ANSWER_FILL, q);
    a->fill = (struct mr_fill){.order = q->order.id,
                               .side = q->order.side,
                               .price = q->order.price,
                               .size = q->order.size,
                               .venue_ns = r->now,
                               .recv_ns = r->now};
    uint64_t n = ++r->trades;
    for (uint32_t i = 0; i < 16; i++)
        a->fill.trade_id[i] = (char)('a' + (n >> 4 * i & 15));
    return MR_OK;
}

static int poll(void *self, struct mr_answer *out, int64_t now_ns)
{
    struct rig *r = self;
    (void)now_ns;
    if (r->head == r->count)
        return 0;
    *out = r->answers[r->head++ % 64];
    return 1;
}

static void one(struct rig *r, uint32_t i)
{
    const struct mr_order wish = {.side = i & 1, .type = MR_ORDER_LIMIT, .price = 100000000, .size = 100000000};
    uint64_t id;
    r->now += 1000000;
    MR_ASSERT(mr_orders_submit(r->om, &wish, r->now, &id) == MR_OK);
    mr_orders_step(r->om, r->now);
    mr_orders_step(r->om, r->now);
}

static uint64_t ours(void *arg)
{
    struct rig *r = arg;
    for (uint32_t i = 0; i < ORDERS; i++)
        one(r, i);
    return mr_orders_counters(r->om)->fills % ORDERS + mr_orders_open(r->om);
}

void mr_bench_orders(struct mr_bench *b)
{
    static struct rig rig;
    struct rig *r = &rig;
    struct mr_orders_config c = mr_orders_defaults();
    if (!mr_bench_wants(b, "order"))
        return;
    *r = (struct rig){.now = 1000000000000};
    c.instruments_max = 1;
    c.dead_man_ns = 0;
    c.ttl_ns = 86400000000000;
    c.sync_ns = 86400000000000;
    void *mem = aligned_alloc(64, (mr_orders_bytes(&c) + 63) / 64 * 64);
    const struct mr_orders_ports ports = {.self = r,
                                          .gate = gate,
                                          .may_leave = may_leave,
                                          .instrument = instrument,
                                          .market = market,
                                          .event = event,
                                          .journal = {r, append, durable, failed}};
    struct mr_orders_link link = mr_orders_link_defaults(1, (struct mr_exchange_driver){r, drive, poll});
    link.order_limit = (struct mr_bucket_limit){.quota = 1000000, .burst = 500000, .window_ns = 1000000000};
    MR_ASSERT(mem && mr_orders_init(mem, &c, &ports, &r->om) == MR_OK);
    MR_ASSERT(mr_orders_add_link(r->om, &link, r->now) == MR_OK && mr_orders_begin(r->om, 1, r->now) == MR_OK);
    r->answers[r->count++] = (struct mr_answer){.kind = MR_ANSWER_STREAM_UP};
    for (int i = 0; i < 10; i++)
        mr_orders_step(r->om, r->now);
    MR_ASSERT(mr_orders_ready(r->om, 1));
    r->resting = true;
    for (uint32_t i = 0; i < RESTING; i++)
        one(r, i);
    r->resting = false;
    mr_bench_pair(b, &(struct mr_bench_pair){.name = "order",
                                             .work = "an order from wish to position, 900 others resting",
                                             .items = ORDERS,
                                             .ours = {ours, r},
                                             .limit_ns = 10000000});
    free(mem);
}
