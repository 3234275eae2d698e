/* Random orders in random circumstances: the gate and the plain reference give the same verdict, for the same reasons.
 * 1,000,000 orders; 20,000 where MILLRACE_QUICK is set; MILLRACE_RISK_SEED begins elsewhere. */
#include <stdio.h>

#include "tests/controlplane/risk/reference.h"
#include "tests/support/support.h"

#define EPISODE 400
#define S 1000000000ll

struct world {
    struct mr_random random;
    struct mr_risk_state *state;
    struct ref ref;
    struct mr_risk_limits m;
    struct mr_kill_page *kill;
    int64_t now;
    uint64_t ids;
    struct mr_risk_verdict got;
    struct ref_verdict want;
    uint64_t seen[MR_RISK_RULE_COUNT], alone[MR_RISK_RULE_COUNT], allowed, checks;
};

static uint64_t below(struct world *w, uint64_t n) { return mr_random_below(&w->random, n); }
static bool rarely(struct world *w, uint64_t one_in) { return below(w, one_in) == 0; }
static mr_money usd(int64_t n) { return n * MR_MONEY_ONE; }

static const struct mr_instrument metadata[REF_INSTRUMENTS - 1] = {
    {.venue = 1,
     .type = MR_TYPE_PERPETUAL,
     .flags = MR_INSTRUMENT_QUOTE_USD,
     .price_scale = 8,
     .size_scale = 8,
     .tick = 10000000,
     .lot = 100000,
     .multiplier = 1,
     .underlying = 0},
    {.venue = 1,
     .type = MR_TYPE_FUTURE,
     .flags = MR_INSTRUMENT_QUOTE_USD,
     .price_scale = 4,
     .size_scale = 3,
     .tick = 1,
     .lot = 1,
     .multiplier = 10,
     .multiplier_scale = 3,
     .underlying = 1},
    {.venue = 1,
     .type = MR_TYPE_SPOT,
     .flags = MR_INSTRUMENT_QUOTE_USD,
     .price_scale = 8,
     .size_scale = 8,
     .tick = 10000000,
     .lot = 100000,
     .multiplier = 1,
     .underlying = 0},
    {.venue = 2,
     .type = MR_TYPE_PERPETUAL,
     .flags = MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_INVERSE,
     .price_scale = 8,
     .size_scale = 0,
     .tick = 10000000,
     .lot = 1,
     .multiplier = 100,
     .underlying = 0},
    {.venue = 3,
     .type = MR_TYPE_OUTCOME,
     .flags = MR_INSTRUMENT_QUOTE_USD,
     .price_scale = 6,
     .size_scale = 2,
     .tick = 1000,
     .lot = 1,
     .multiplier = 1,
     .underlying = 2},
    {.venue = 2,
     .type = MR_TYPE_PERPETUAL,
     .flags = MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_NO_METADATA,
     .price_scale = 8,
     .size_scale = 8,
     .multiplier = 1,
     .underlying = 3},
    {.venue = 2,
     .type = MR_TYPE_PERPETUAL,
     .price_scale = 8,
     .size_scale = 8,
     .tick = 10000000,
     .lot = 100000,
     .multiplier = 1,
     .underlying = 4},
};
static const int64_t base_price[REF_INSTRUMENTS] = {6000000000000, 35000,     6000000000000, 6000000000000,
                                                    500000,        100000000, 100000000,     1};
static const int64_t base_size[REF_INSTRUMENTS] = {10000000, 60000000,  10000000,      60,
                                                   1200000,  100000000, 6000000000000, 1}; /* 6,000 USD */

static int64_t extreme(struct world *w)
{
    static const int64_t values[] = {0,
                                     -1,
                                     1,
                                     INT64_MAX,
                                     INT64_MIN,
                                     (int64_t)1 << 62,
                                     ((int64_t)1 << 62) - 1,
                                     -((int64_t)1 << 62),
                                     999999999999999999};
    return values[below(w, MR_COUNT_OF(values))];
}

/* ---- limits ---- */

static int64_t pick3(struct world *w, int64_t wide, int64_t near, int64_t tight)
{
    uint64_t n = below(w, 200);
    return n < 195 ? wide : n < 199 ? near : tight;
}

static void random_market(struct world *w, struct mr_risk_market *k)
{
    *k = (struct mr_risk_market){.order_size_max = usd(pick3(w, 1000000000000, 60000, 1)),
                                 .order_value_max = usd(pick3(w, 1000000000, 6000, 100)),
                                 .position_max = usd(pick3(w, 1000000000000, 60000, 0)),
                                 .least_value = usd(pick3(w, 0, 5900, 6100)),
                                 .taker_fee_e8 = pick3(w, 60000, 0, 1000000),
                                 .maintenance_e8 = pick3(w, 500000, 0, 5000000),
                                 .leverage_max = (uint32_t)pick3(w, 100, 10, 2),
                                 .short_allowed = pick3(w, 1, 0, 0) != 0};
}

static void random_policies(struct world *w)
{
    struct mr_risk_limits *m = &w->m;
    m->policy_count = 0;
    for (uint64_t n = below(w, 4); n; n--) {
        struct mr_risk_policy *p = &m->policies[m->policy_count++];
        *p = (struct mr_risk_policy){.kind = (uint8_t)below(w, MR_POLICY_KIND_COUNT),
                                     .instrument = rarely(w, 2) ? UINT32_MAX : (uint32_t)below(w, 4),
                                     .enabled = rarely(w, 10),
                                     .max = usd(pick3(w, 1000000000, 12000, 0)),
                                     .confidence_e8 = 99000000,
                                     .horizon_days = rarely(w, 5) ? 2 : 1};
        p->delta = p->gamma = p->vega = usd(pick3(w, 100, 50, 0));
    }
}

static void random_limits(struct world *w)
{
    struct mr_risk_limits *m = &w->m;
    mr_risk_limits_default(m);
    m->version = (uint64_t)pick3(w, 3, 1, 0);
    m->bound = !rarely(w, 60);
    m->order.collar_mid_e8 = pick3(w, 5000000, 500000, 0);
    m->order.collar_last_e8 = pick3(w, 5000000, 500000, 0);
    m->order.collar_stop_e8 = pick3(w, 10000000, 500000, 0);
    m->order.value_max = usd(pick3(w, 1000000000, 6000, 100));
    m->order.duplicate_ns = pick3(w, 1000000, S, 60 * S);
    m->rate.orders_max = (uint32_t)pick3(w, 900, 3, 0);
    m->rate.strategy_orders_max = (uint32_t)pick3(w, 900, 3, 0);
    m->rate.cancels_max = (uint32_t)pick3(w, 900, 2, 0);
    m->rate.weight_max = (uint32_t)pick3(w, 100000, 20, 0);
    m->rate.order_weight = (uint32_t)pick3(w, 1, 5, 0);
    m->rate.ratio_from = (uint32_t)pick3(w, 100000, 10, 0);
    m->rate.ratio_max = (uint32_t)pick3(w, 100, 5, 1);
    m->rate.repeats_max = (uint32_t)pick3(w, 1000, 5, 1);
    m->account.position_share_e8 = pick3(w, 100000000000, 10000000, 0);
    m->account.symbol_share_e8 = pick3(w, 100000000000, 10000000, 0);
    m->account.positions_max = (uint32_t)pick3(w, 100, 2, 0);
    m->account.daily_loss_e8 = pick3(w, 100000000, 5000000, 0);
    m->account.drawdown_e8 = pick3(w, 100000000, 15000000, 0);
    m->account.margin_use_e8 = pick3(w, 1000000000, 80000000, 1000000);
    m->account.losses_max = m->account.rejects_max = (uint32_t)pick3(w, 1000, 3, 1);
    m->account.leverage_max = (uint32_t)pick3(w, 100, 10, 1);
    m->account.correlation_e8 = pick3(w, 100000000, 50000000, 0);
    m->account.liquidation_e8 = pick3(w, 0, 5000000, 20000000);
    m->account.score_max = (uint32_t)pick3(w, 100, 20, 0);
    m->hours.from_minute = (uint32_t)pick3(w, 0, 720, 1000);
    m->hours.to_minute = (uint32_t)pick3(w, 1440, 700, 200);
    m->hours.days = (uint32_t)pick3(w, 127, 0x55, 1);
    for (uint32_t s = 0; s < MR_SCOPE_COUNT; s++)
        m->scope[s] =
            (struct mr_risk_scope_limits){usd(pick3(w, 1000000000, 20000, 0)), usd(pick3(w, 1000000000, 12000, 0)),
                                          usd(pick3(w, 1000000000, 12000, 0)), (uint32_t)pick3(w, 1000, 4, 0)};
    m->market_count = 2;
    random_market(w, &m->markets[0]);
    random_market(w, &m->markets[1]);
    for (uint32_t i = 0; i < REF_INSTRUMENTS; i++)
        m->market_of[i] = rarely(w, 30) ? MR_RISK_MARKET_NONE : i == 1 ? 1 : 0;
    random_policies(w);
}

/* ---- circumstances ---- */

static void random_book(struct world *w, uint32_t i)
{
    struct mr_market_view v = {
        .instrument = i, .flags = MR_MARKET_LIVE, .book_ns = w->now - (int64_t)below(w, 1000), .last_ns = w->now};
    int64_t tick = i < REF_INSTRUMENTS - 1 && metadata[i].tick ? metadata[i].tick : 1,
            mid = base_price[i] + tick * ((int64_t)below(w, 11) - 5);
    v.bid_count = v.ask_count = 1 + (uint32_t)below(w, 4);
    for (uint32_t k = 0; k < 4; k++) {
        v.bids[k] = (struct mr_level){mid - tick * (1 + k), base_size[i] * (int64_t)below(w, 4)};
        v.asks[k] = (struct mr_level){mid + tick * (1 + k), base_size[i] * (int64_t)below(w, 4)};
    }
    v.last = mid;
    if (rarely(w, 12)) {
        static const uint32_t flags[] = {0, MR_MARKET_LIVE | MR_MARKET_CROSSED, MR_MARKET_LIVE | MR_MARKET_GAP,
                                         MR_MARKET_LIVE | MR_MARKET_HALTED};
        v.flags = flags[below(w, 4)];
    }
    if (rarely(w, 12))
        *(rarely(w, 2) ? &v.bid_count : &v.ask_count) = 0;
    if (rarely(w, 20))
        v.bids[0].price = rarely(w, 2) ? v.asks[0].price : extreme(w);
    if (rarely(w, 20))
        v.last = extreme(w);
    if (rarely(w, 12))
        v.book_ns -= 3 * S - 1 + (int64_t)below(w, 3) - S;
    if (rarely(w, 12))
        v.last_ns = rarely(w, 2) ? 0 : w->now - 60 * S - 1 + (int64_t)below(w, 3);
    if (v.bid_count && v.ask_count && (v.bids[0].price > INT64_MAX / 4 || v.asks[0].price > INT64_MAX / 4))
        v.bids[0].price =
            0; /* views come from codecs, which keep prices below 2^62; half of that keeps the mid's sum in 64 bits */
    mr_risk_on_market(w->state, &v);
    if (w->ref.in[i].known)
        ref_market(&w->ref, &v);
}

static void random_account(struct world *w)
{
    struct mr_risk_account a = {usd(60000 - 1000 * (int64_t)below(w, 12)), usd(60000), usd(rarely(w, 3) ? 40000 : 0)};
    if (rarely(w, 30))
        a.equity = usd((int64_t)below(w, 3) - 1);
    if (rarely(w, 30))
        a.margin_used = -1;
    if (rarely(w, 20))
        a.available = usd((int64_t)below(w, 7000));
    mr_risk_on_account(w->state, &a, w->now);
    struct ref *r = &w->ref;
    if (r->account_at == 0 && r->day_start == 0)
        r->day_start = a.equity;
    r->equity = a.equity;
    r->available = a.available;
    r->margin = a.margin_used;
    r->account_at = w->now;
    r->peak = a.equity > r->peak ? a.equity : r->peak;
}

static void time_goes(struct world *w, int64_t ns)
{
    struct ref *r = &w->ref;
    w->now += ns;
    mr_risk_on_time(w->state, w->now);
    r->now = w->now;
    if (w->now / 86400000000000 == r->day)
        return;
    r->day = w->now / 86400000000000;
    r->day_start = r->equity;
    r->realised = 0;
    r->day_orders = r->day_trades = 0;
}

static void random_told(struct world *w)
{
    struct ref *r = &w->ref;
    uint32_t i = (uint32_t)below(w, REF_INSTRUMENTS - 1), a = (uint32_t)below(w, 5), b = (uint32_t)below(w, 5);
    static const uint32_t leverages[] = {1, 5, 10, 10, 20, 50, 100, 0, 1001};
    r->in[i].leverage = leverages[below(w, MR_COUNT_OF(leverages))];
    mr_risk_on_leverage(w->state, i, r->in[i].leverage);
    r->in[i].volatility = (int64_t)below(w, 700) * 10000;
    r->in[i].multiplier = (int64_t)below(w, 13) * 10000000;
    r->in[i].volatility_at = w->now - (rarely(w, 10) ? 300 * S - 1 + (int64_t)below(w, 3) : 0);
    mr_risk_on_volatility(w->state, i, r->in[i].volatility, r->in[i].multiplier, r->in[i].volatility_at);
    r->correlation[a][b] = r->correlation[b][a] = 25000000 * ((int64_t)below(w, 11) - 5);
    r->correlation_at[a][b] = r->correlation_at[b][a] = rarely(w, 10) ? 0 : w->now;
    mr_risk_on_correlation(w->state, a, b, r->correlation[a][b], r->correlation_at[a][b]);
    uint8_t venue = (uint8_t)(1 + below(w, 3));
    r->differs[venue] = rarely(w, 15);
    r->reconciled[venue] = w->now - (rarely(w, 15) ? 30 * S - 1 + (int64_t)below(w, 3) : 0);
    mr_risk_on_reconciled(w->state, venue, !r->differs[venue], r->reconciled[venue]);
    r->stream[venue] = !rarely(w, 15);
    mr_risk_on_stream(w->state, venue, r->stream[venue]);
    r->var = (struct mr_risk_var){usd((int64_t)below(w, 13000)), 99000000, w->now - (rarely(w, 10) ? 301 * S : 0), 1};
    mr_risk_on_var(w->state, &r->var);
    for (int k = 0; k < 3; k++)
        r->greeks[k] = usd((int64_t)below(w, 60) - 30);
    r->greeks_at = w->now;
    mr_risk_on_greeks(w->state, r->greeks[0], r->greeks[1], r->greeks[2], w->now);
}

/* Nothing is old. */
static void all_told(struct world *w)
{
    for (uint8_t v = 1; v < 4; v++) {
        mr_risk_on_reconciled(w->state, v, true, w->now);
        mr_risk_on_stream(w->state, v, true);
        w->ref.differs[v] = false;
        w->ref.reconciled[v] = w->now;
        w->ref.stream[v] = true;
    }
    random_account(w);
    for (uint32_t i = 0; i < REF_INSTRUMENTS - 1; i++) {
        struct ref_instrument *in = &w->ref.in[i];
        in->leverage = 5 + 5 * (uint32_t)below(w, 2);
        in->volatility = 400000 + 600000 * (int64_t)below(w, 3);
        in->multiplier = 100000000;
        in->volatility_at = w->now;
        mr_risk_on_leverage(w->state, i, in->leverage);
        mr_risk_on_volatility(w->state, i, in->volatility, in->multiplier, w->now);
    }
}

static void random_operator(struct world *w)
{
    struct ref *r = &w->ref;
    r->mode = rarely(w, 20) ? (enum mr_risk_mode)below(w, 2) : MR_RISK_RUN;
    mr_risk_set_mode(w->state, r->mode);
    r->closing = rarely(w, 2);
    mr_risk_set_closing(w->state, r->closing);
    r->armed = !rarely(w, 30);
    mr_risk_on_process(w->state, 1, 7, 8);
    if (r->armed)
        mr_risk_arm(w->state, NULL);
    else
        mr_risk_disarm(w->state);
    r->stranger = rarely(w, 30);
    mr_risk_on_process(w->state, 1, r->stranger ? 6 : 7, 8);
    mr_kill_page_init(w->kill);
    if (rarely(w, 25))
        mr_kill_raise(w->kill, MR_KILL_BY_CODE);
    if (rarely(w, 10))
        atomic_fetch_or(&w->kill->venues[0], 1ull << (1 + below(w, 3)));
    if (rarely(w, 10))
        atomic_fetch_or(&w->kill->strategies[0], 1ull << below(w, 4));
    if (rarely(w, 10)) {
        mr_risk_forgive(w->state);
        r->losses = r->rejects = 0;
        r->unapproved = 0;
    }
    if (rarely(w, 4)) {
        uint32_t s = (uint32_t)below(w, REF_STRATEGIES);
        mr_risk_enable_strategy(w->state, s);
        r->throttled[s] = false;
        r->repeats[s] = 0;
    }
    if (rarely(w, 20) && r->killed_count < 4) {
        r->killed[r->killed_count] = w->ids + 1 + below(w, 20);
        mr_risk_kill_order(w->state, r->killed[r->killed_count++]);
    }
}

static void random_position(struct world *w)
{
    uint32_t i = (uint32_t)below(w, 5);
    uint16_t s = (uint16_t)below(w, REF_STRATEGIES);
    int64_t n = rarely(w, 2) ? 0 : base_size[i] * ((int64_t)below(w, 5) - 2);
    struct ref_instrument *in = &w->ref.in[i];
    in->share[s] = in->position = n;
    mr_risk_on_position(w->state, i, MR_RISK_NONE, n);
    mr_risk_on_position(w->state, i, s, n);
}

static void random_fate(struct world *w)
{
    struct ref *r = &w->ref;
    if (!r->open_count)
        return;
    struct ref_order *o = &r->open[below(w, r->open_count)];
    struct mr_order order = o->order;
    uint64_t what = below(w, 6);
    if (what < 2) {
        struct mr_fill fill = {.order = order.id,
                               .instrument = order.instrument,
                               .side = order.side,
                               .price = 1,
                               .size = rarely(w, 2) ? order.size
                                                    : 1 + (int64_t)below(w, (uint64_t)base_size[order.instrument])};
        if (fill.size <= 0)
            return;
        mr_risk_on_fill(w->state, &fill, NULL);
        ref_fill(r, order.id, fill.size);
    } else if (what < 4) {
        bool rejected = rarely(w, 4);
        mr_risk_on_end(w->state, order.id, rejected ? MR_STATE_REJECTED : MR_STATE_CANCELLED);
        ref_end(r, order.id, rejected);
    } else if (what == 4 && o->order.size > 0) {
        mr_risk_on_amended(w->state, &order, &w->m);
        ref_amended(r, &order, &w->m);
    } else {
        mr_risk_on_unknown(w->state, order.id);
    }
}

static void something(struct world *w)
{
    struct ref *r = &w->ref;
    int64_t loss = (int64_t)below(w, 3) - 1;
    switch (below(w, 10)) {
    case 0:
        random_account(w);
        break;
    case 1:
        random_told(w);
        break;
    case 2:
        random_operator(w);
        break;
    case 3:
        random_position(w);
        break;
    case 4:
        time_goes(w, rarely(w, 40) ? 40000 * S : rarely(w, 4) ? 5 * S : (int64_t)below(w, 1000000000));
        break;
    case 5:
        mr_risk_on_realised(w->state, usd(loss * 700));
        r->realised += usd(loss * 700);
        r->losses = loss < 0 ? r->losses + 1 : loss > 0 ? 0 : r->losses;
        break;
    case 6:
        mr_risk_on_cancel(w->state, 1, 2, w->now);
        r->cancels.e[r->cancels.n++] = (struct ref_event){w->now, 1, 0};
        r->weights.e[r->weights.n++] = (struct ref_event){w->now, 2, 1};
        r->day_orders++;
        break;
    case 7:
    case 8:
        random_fate(w);
        break;
    default:
        random_book(w, (uint32_t)below(w, REF_INSTRUMENTS - 1));
    }
}

static void fresh_world(struct world *w)
{
    struct mr_risk_config config = {
        .instruments = REF_INSTRUMENTS, .strategies = REF_STRATEGIES, .symbols = REF_SYMBOLS, .build = 7, .config = 8};
    struct ref *r = &w->ref;
    assert_non_null(mr_risk_init(w->state, &config));
    memset(r, 0, sizeof *r);
    w->now = 1763802000000000000 + (int64_t)below(w, 10) * 20000 * S;
    w->ids = (uint64_t)(1 + below(w, 5)) << 32;
    r->mode = MR_RISK_HALT;
    random_limits(w);
    time_goes(w, 0);
    r->day = w->now / 86400000000000;
    mr_risk_on_time(w->state, w->now);
    for (uint32_t i = 0; i < REF_INSTRUMENTS - 1; i++) {
        assert_int_equal(mr_risk_on_instrument(w->state, i, &metadata[i]), MR_OK);
        r->in[i].it = metadata[i];
        r->in[i].known = true;
        if (!rarely(w, 20))
            random_book(w, i);
        r->in[i].leverage = 10;
        r->in[i].volatility = 400000;
        r->in[i].multiplier = 100000000;
        r->in[i].volatility_at = w->now;
        mr_risk_on_leverage(w->state, i, 10);
        mr_risk_on_volatility(w->state, i, 400000, 100000000, w->now);
    }
    for (uint32_t s = 0; s < REF_STRATEGIES; s++)
        mr_risk_on_strategy(w->state, s, r->target[s] = pick3(w, 100000000, 1250000, 0));
    for (uint8_t v = 1; v < 4; v++) {
        mr_risk_on_reconciled(w->state, v, true, w->now);
        mr_risk_on_stream(w->state, v, true);
        r->reconciled[v] = w->now;
        r->stream[v] = true;
    }
    random_account(w);
    mr_kill_page_init(w->kill);
    r->mode = MR_RISK_RUN;
    mr_risk_set_mode(w->state, MR_RISK_RUN);
    mr_risk_arm(w->state, NULL);
    r->armed = true;
}

/* ---- orders ---- */

static void spoil(struct world *w, struct mr_order *o)
{
    switch (below(w, 16)) {
    case 0:
        o->price = extreme(w);
        break;
    case 1:
        o->size = extreme(w);
        break;
    case 2:
        o->stop_price = extreme(w);
        break;
    case 3:
        o->side = (uint8_t)below(w, 4);
        break;
    case 4:
        o->type = (uint8_t)below(w, 6);
        break;
    case 5:
        o->tif = (uint8_t)below(w, 6);
        break;
    case 6:
        o->flags = (uint8_t)below(w, 256);
        break;
    case 7:
        o->role = (uint8_t)below(w, 6);
        break;
    case 8:
        o->state = (uint8_t)below(w, MR_STATE_COUNT + 2);
        break;
    case 9:
        o->instrument = (uint32_t)below(w, 12);
        break;
    case 10:
        o->strategy = (uint16_t)below(w, 6);
        break;
    case 11:
        o->venue = (uint8_t)below(w, 20);
        break;
    case 12:
        o->id = rarely(w, 2) ? below(w, 3) : w->ids - below(w, 70000);
        break;
    case 13:
        o->expires_ns = rarely(w, 2) ? extreme(w) : w->now - 1 + (int64_t)below(w, 3);
        break;
    case 14:
        o->filled = extreme(w);
        break;
    default:
        o->parent = w->ids - below(w, 10);
    }
}

static struct mr_order random_order(struct world *w)
{
    uint32_t i = (uint32_t)below(w, 5);
    if (rarely(w, 30))
        i = (uint32_t)below(w, REF_INSTRUMENTS);
    const struct mr_instrument *it = i < REF_INSTRUMENTS - 1 ? &metadata[i] : &metadata[0];
    int64_t tick = it->tick ? it->tick : 1;
    struct mr_order o = {.id = ++w->ids,
                         .instrument = i,
                         .venue = it->venue,
                         .strategy = (uint16_t)below(w, REF_STRATEGIES),
                         .side = (uint8_t)below(w, 2),
                         .price = base_price[i] + tick * ((int64_t)below(w, 21) - 10),
                         .size = base_size[i] / 10 * (1 + (int64_t)below(w, 12)),
                         .role = (uint8_t)below(w, 4)};
    if (rarely(w, 6))
        o.price = base_price[i] / 200 * (190 + (int64_t)below(w, 21)) / tick * tick;
    if (rarely(w, 5))
        o.type = (uint8_t)below(w, 4);
    if (o.type != MR_ORDER_LIMIT) {
        o.stop_price = o.type == MR_ORDER_MARKET ? 0 : o.price;
        o.price = 0;
    }
    if (rarely(w, 4)) {
        o.flags = rarely(w, 4) ? MR_ORDER_REDUCE_ONLY | MR_ORDER_EMERGENCY : MR_ORDER_REDUCE_ONLY;
        if (rarely(w, 2) && w->ref.in[i].position) { /* one that truly reduces */
            o.side = w->ref.in[i].position > 0 ? MR_SIDE_SELL : MR_SIDE_BUY;
            mr_i128 held = w->ref.in[i].position > 0 ? w->ref.in[i].position : -w->ref.in[i].position;
            o.size = held < base_size[i] * 5 ? (int64_t)held : o.size;
        }
    }
    if (rarely(w, 12))
        o.size += rarely(w, 2) ? 1 : -1;
    if (rarely(w, 40))
        o.price += 1;
    if (rarely(w, 12) && w->ref.open_count) { /* a change of one that rests */
        struct mr_order p = w->ref.open[below(w, w->ref.open_count)].order;
        p.state = rarely(w, 2) ? MR_STATE_ACKED : MR_STATE_PARTIAL;
        p.size = p.size / 2 * (int64_t)(1 + below(w, 3)) / (it->lot ? it->lot : 1) * (it->lot ? it->lot : 1);
        if (p.type == MR_ORDER_LIMIT)
            p.price += tick * ((int64_t)below(w, 5) - 2);
        o = p;
    }
    if (rarely(w, 6))
        spoil(w, &o);
    return o;
}

static void compare(struct world *w, const struct mr_order *o, uint64_t seed, uint64_t number)
{
    uint64_t a = w->got.violated[0] ^ w->want.violated[0], b = w->got.violated[1] ^ w->want.violated[1];
    if (a || b || w->got.policies != w->want.policies || w->got.score != w->want.score ||
        w->got.grows != w->want.grows) {
        for (unsigned r = 0; r < MR_RISK_RULE_COUNT; r++)
            if ((r < 64 ? a >> r : b >> (r - 64)) & 1)
                print_error("%s: only %s\n", mr_risk_rules[r].name,
                            mr_risk_violates(&w->got, (enum mr_risk_rule)r) ? "the gate" : "the reference");
        print_error("policies %x %x, score %u %u, grows %d %d; type %u side %u flags %u state %u instrument %u size "
                    "%lld price %lld\n",
                    w->got.policies, w->want.policies, w->got.score, w->want.score, w->got.grows, w->want.grows,
                    o->type, o->side, o->flags, o->state, o->instrument, (long long)o->size, (long long)o->price);
        fail_msg("MILLRACE_RISK_SEED=%llu, order %llu", (unsigned long long)seed, (unsigned long long)number);
    }
    unsigned n = (unsigned)(__builtin_popcountll(w->got.violated[0]) + __builtin_popcountll(w->got.violated[1]));
    w->allowed += n == 0;
    for (unsigned r = 0; r < MR_RISK_RULE_COUNT && n; r++)
        if (mr_risk_violates(&w->got, (enum mr_risk_rule)r)) {
            w->seen[r]++;
            w->alone[r] += n == 1;
        }
}

static void carry_out(struct world *w, const struct mr_order *o)
{
    struct ref *r = &w->ref;
    if (o->state != MR_STATE_CREATED) {
        assert_int_equal(mr_risk_on_amend(w->state, o, &w->m, w->now), MR_OK);
        ref_amend(r, o, &w->m, w->now);
        return;
    }
    if (r->open_count >= 40)
        return;
    assert_int_equal(mr_risk_on_approved(w->state, o, &w->m, w->now), MR_OK);
    ref_approved(r, o, &w->m, w->now);
    if (rarely(w, 4))
        return;
    struct mr_order leaves = *o;
    if (rarely(w, 300))
        leaves.size++;
    int status = mr_risk_on_sent(w->state, &leaves, w->now);
    assert_int_equal(status, leaves.size == o->size ? MR_OK : MR_E_INVALID);
    r->sent += status == MR_OK;
    r->unapproved += status != MR_OK;
}

static void same_verdict_and_reasons(void **arg)
{
    (void)arg;
    const char *from = getenv("MILLRACE_RISK_SEED");
    uint64_t seed = from ? strtoull(from, NULL, 10) : 1, orders = getenv("MILLRACE_QUICK") ? 20000 : 1000000;
    struct mr_risk_config config = {
        .instruments = REF_INSTRUMENTS, .strategies = REF_STRATEGIES, .symbols = REF_SYMBOLS};
    struct world *w = aligned_alloc(64, (sizeof *w + 63) / 64 * 64);
    memset(w, 0, sizeof *w);
    w->random.state = seed;
    w->state = aligned_alloc(64, mr_risk_bytes(&config));
    w->kill = aligned_alloc(64, MR_KILL_PAGE_BYTES);
    for (uint64_t n = 0; n < orders; n++) {
        if (n % EPISODE == 0)
            fresh_world(w);
        if (rarely(w, 2))
            something(w);
        struct mr_order o = random_order(w);
        if (o.instrument < REF_INSTRUMENTS - 1 && !rarely(w, 8))
            random_book(w, o.instrument);
        if (rarely(w, 8))
            all_told(w);
        int64_t now = w->now + (rarely(w, 60) ? (int64_t)below(w, 3) - 1 - S : rarely(w, 100) ? 86400 * S : 0);
        if (rarely(w, 500))
            now = extreme(w) / 2;
        mr_risk_check(&o, w->state, &w->m, now, w->kill, &w->got);
        ref_check(&w->ref, &o, &w->m, now, mr_kill_read(w->kill, o.venue, o.strategy), &w->want);
        compare(w, &o, seed, n);
        if (mr_risk_allowed(&w->got) && now == w->now)
            carry_out(w, &o);
    }
    unsigned never = 0;
    for (unsigned r = 0; r < MR_RISK_RULE_COUNT; r++)
        if (!w->seen[r] && r != MR_RISK_FULL) {
            print_message("never: %s\n", mr_risk_rules[r].name);
            never++;
        }
    if (getenv("MILLRACE_RISK_SHOW"))
        for (unsigned r = 0; r < MR_RISK_RULE_COUNT; r++)
            print_message("%-18s %8llu, alone %8llu\n", mr_risk_rules[r].name, (unsigned long long)w->seen[r],
                          (unsigned long long)w->alone[r]);
    print_message("%llu orders, %llu allowed\n", (unsigned long long)orders, (unsigned long long)w->allowed);
    if (orders >= 1000000)
        assert_int_equal(never, 0);
    assert_true(w->allowed > orders / 50);
    free(w->state);
    free(w->kill);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_verdict_and_reasons)};
    return MR_TEST_MAIN(tests);
}
