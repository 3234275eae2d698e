/* One decision of the gate: every rule looked at, for orders that pass and orders that do not, with 200 open orders and 32 instruments in the
 * state. The histogram goes to stderr: its p99 is what C-25 is about; the mean and its instructions are what is compared over time. */
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/risk/risk.h"
#include "dataplane/metrics/hist.h"
#include "perf/bench.h"

#define INSTRUMENTS 32
#define ORDERS 256
#define OPEN 200
#define NOW 1763802000000000000
#define SAMPLES 200000
#define GOAL_NS 2000

struct scene {
    struct mr_risk_state *state;
    struct mr_risk_limits limits;
    struct mr_kill_page *kill;
    struct mr_order orders[ORDERS];
    struct mr_risk_verdict verdict;
};

static const mr_money large = MR_MONEY_ONE * 1000000000;

static void set_limits(struct mr_risk_limits *m)
{
    mr_risk_limits_default(m);
    m->version = 1;
    m->bound = true;
    struct mr_risk_market *all = mr_risk_limits_market(m, "*");
    all->order_size_max = all->position_max = all->order_value_max = large;
    all->short_allowed = true;
    memset(m->market_of, 0, sizeof m->market_of);
    m->order.value_max = large;
    m->rate.orders_max = m->rate.strategy_orders_max = 1000;
    m->rate.weight_max = 1000000;
    m->rate.repeats_max = 1000000;
    m->account.positions_max = INSTRUMENTS;
    for (uint32_t s = 0; s < MR_SCOPE_COUNT; s++)
        m->scope[s] = (struct mr_risk_scope_limits){large, large, large, 1000};
    m->policy_count = 2;
    m->policies[0] = (struct mr_risk_policy){.kind = MR_POLICY_POSITION, .instrument = UINT32_MAX, .max = large};
    m->policies[1] = (struct mr_risk_policy){.kind = MR_POLICY_INVENTORY, .max = large};
}

static void set_instrument(struct scene *s, uint32_t i)
{
    struct mr_instrument it = {.venue = (uint8_t)(1 + i % 4),
                               .type = MR_TYPE_PERPETUAL,
                               .flags = MR_INSTRUMENT_QUOTE_USD,
                               .price_scale = 8,
                               .size_scale = 8,
                               .tick = 1000000,
                               .lot = 100000,
                               .multiplier = 1,
                               .underlying = (uint16_t)(i / 4)};
    struct mr_market_view view = {.instrument = i,
                                  .flags = MR_MARKET_LIVE,
                                  .bid_count = MR_MARKET_LEVELS,
                                  .ask_count = MR_MARKET_LEVELS,
                                  .book_ns = NOW,
                                  .last_ns = NOW,
                                  .last = 10000000000};
    for (int k = 0; k < MR_MARKET_LEVELS; k++) {
        view.bids[k] = (struct mr_level){9999000000 - k * 1000000, 1000000000};
        view.asks[k] = (struct mr_level){10001000000 + k * 1000000, 1000000000};
    }
    MR_ASSERT(mr_risk_on_instrument(s->state, i, &it) == MR_OK);
    mr_risk_on_market(s->state, &view);
    mr_risk_on_leverage(s->state, i, 10);
    mr_risk_on_volatility(s->state, i, 400000, MR_RISK_ONE, NOW);
    for (uint32_t k = 0; k < INSTRUMENTS / 4; k++)
        mr_risk_on_correlation(s->state, i / 4, k, 10000000, NOW);
}

/* Seven of eight pass. */
static struct mr_order order_of(uint32_t n)
{
    struct mr_order o = {.id = ((uint64_t)9 << 32) + 1000 + n,
                         .instrument = n % INSTRUMENTS,
                         .venue = (uint8_t)(1 + n % INSTRUMENTS % 4),
                         .strategy = (uint16_t)(n % 4),
                         .side = MR_SIDE_BUY,
                         .price = 9990000000 - (n % 5) * 1000000,
                         .size = 10000000 + (int64_t)(n % 7) * 100000};
    if (n % 16 == 7)
        o.price += 1;
    if (n % 16 == 15)
        o.size = INT64_MAX;
    return o;
}

static void set_scene(struct scene *s)
{
    struct mr_risk_config config = {
        .instruments = INSTRUMENTS, .strategies = 4, .symbols = INSTRUMENTS / 4, .build = 1, .config = 1};
    s->state = mr_risk_init(aligned_alloc(64, mr_risk_bytes(&config)), &config);
    s->kill = mr_kill_page_init(aligned_alloc(64, MR_KILL_PAGE_BYTES));
    set_limits(&s->limits);
    mr_risk_on_time(s->state, NOW);
    for (uint32_t i = 0; i < INSTRUMENTS; i++)
        set_instrument(s, i);
    mr_risk_on_account(s->state, &(struct mr_risk_account){large / 1000, large / 1000, 0}, NOW);
    for (uint8_t v = 0; v < MR_RISK_VENUES; v++) {
        mr_risk_on_stream(s->state, v, true);
        mr_risk_on_reconciled(s->state, v, true, NOW);
    }
    for (uint32_t i = 0; i < 4; i++)
        mr_risk_on_strategy(s->state, i, MR_RISK_ONE);
    MR_ASSERT(mr_risk_arm(s->state, NULL) == MR_OK);
    mr_risk_set_mode(s->state, MR_RISK_RUN);
    for (uint32_t i = 0; i < OPEN; i++) {
        struct mr_order o = order_of(i % 7);
        o.id = ((uint64_t)9 << 32) + 1 + i;
        o.instrument = i % INSTRUMENTS;
        MR_ASSERT(mr_risk_on_approved(s->state, &o, &s->limits, NOW - 100000000 + i) == MR_OK);
    }
    s->limits.order.duplicate_ns = 1;
    for (uint32_t i = 0; i < ORDERS; i++)
        s->orders[i] = order_of(i);
}

static uint64_t decide(void *arg)
{
    struct scene *s = arg;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < ORDERS; i++) {
        mr_risk_check(&s->orders[i], s->state, &s->limits, NOW, s->kill, &s->verdict);
        sum = mr_bench_mix(sum, s->verdict.violated[0] + s->verdict.violated[1] + s->verdict.score);
    }
    return sum;
}

static void tail(struct mr_bench *b, struct scene *s)
{
    static const double points[] = {0.5, 0.9, 0.99, 0.999, 0.9999};
    char mem[sizeof(struct mr_hist_normal)] __attribute__((aligned(8)));
    struct mr_hist *h = mr_hist_init(mem, MR_HIST_BITS);
    uint32_t allowed = 0;
    if (!mr_bench_timing(b, "decision_p99"))
        return;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint64_t begin = mr_bench_now_ns();
        mr_risk_check(&s->orders[i % ORDERS], s->state, &s->limits, NOW, s->kill, &s->verdict);
        mr_hist_record(h, (int64_t)(mr_bench_now_ns() - begin));
        allowed += mr_risk_allowed(&s->verdict);
    }
    fprintf(stderr, "gate decision, ns, two readings of the clock in it, %u of %u allowed:", allowed, SAMPLES);
    for (uint32_t i = 0; i < sizeof points / sizeof points[0]; i++)
        fprintf(stderr, " p%g %lld", points[i] * 100, (long long)mr_hist_percentile(h, points[i]));
    fprintf(stderr, " max %lld\n", (long long)mr_hist_max(h));
    double p99 = (double)mr_hist_percentile(h, 0.99);
    mr_bench_row(b, &(struct mr_bench_row){.name = "decision_p99",
                                           .work = "the same, its 99th percentile, the clock's readings in it",
                                           .ns = p99,
                                           .ratio = GOAL_NS / p99,
                                           .goal = 1,
                                           .limit_ns = GOAL_NS});
}

void mr_bench_risk(struct mr_bench *b)
{
    static struct scene scene;
    set_scene(&scene);
    mr_bench_pair(b, &(struct mr_bench_pair){.name = "decision",
                                             .work = "an order judged by every rule of the gate",
                                             .items = ORDERS,
                                             .ours = {decide, &scene},
                                             .limit_ns = GOAL_NS});
    tail(b, &scene);
    free(scene.state);
    free(scene.kill);
}
