#include "tests/controlplane/risk/rig.h"

#include <stdio.h>

#include "codecs/venue/venue.h"

int64_t rig_number(const char *text)
{
    mr_money v;
    assert_int_equal(mr_money_parse(mr_span_of(text), &v), MR_OK);
    return (int64_t)(v / 10000000000);
}

mr_money rig_money(const char *text)
{
    mr_money v;
    assert_int_equal(mr_money_parse(mr_span_of(text), &v), MR_OK);
    return v;
}

static void add(struct rig *r, uint8_t venue, uint8_t product, uint8_t type, const char *symbol, const char *base)
{
    struct mr_instrument it = {.venue = venue,
                               .product = product,
                               .type = type,
                               .price_scale = 8,
                               .size_scale = 8,
                               .tick_decimals = 1,
                               .lot_decimals = 3,
                               .tick = 10000000,
                               .lot = 100000,
                               .multiplier = 1,
                               .symbol_len = (uint8_t)strlen(symbol)};
    snprintf(it.symbol, sizeof it.symbol, "%s", symbol);
    snprintf(it.base, sizeof it.base, "%s", base);
    snprintf(it.quote, sizeof it.quote, "USDT");
    assert_true(mr_instruments_add(r->instruments, &it) >= 0);
}

static uint8_t product(const char *venue, const char *name)
{
    const struct mr_venue *v = mr_venue_by_name(venue);
    for (uint8_t p = 0; v->products[p].name; p++)
        if (strcmp(v->products[p].name, name) == 0)
            return p;
    fail_msg("no product %s:%s", venue, name);
    return 0;
}

static void wide_limits(struct mr_risk_limits *m)
{
    mr_risk_limits_default(m);
    m->version = 7;
    m->order.value_max = rig_money("1000000000");
    m->rate.orders_max = m->rate.strategy_orders_max = m->rate.cancels_max = 900;
    m->rate.weight_max = m->rate.ratio_from = 1000000;
    m->rate.repeats_max = 1000000;
    m->account.position_share_e8 = m->account.symbol_share_e8 = (int64_t)1000000 * MR_RISK_ONE;
    m->account.positions_max = 100;
    m->account.leverage_max = 100;
    for (uint32_t s = 0; s < MR_SCOPE_COUNT; s++)
        m->scope[s] = (struct mr_risk_scope_limits){rig_money("1000000000"), rig_money("1000000000"),
                                                    rig_money("1000000000"), 1000};
    struct mr_risk_market *all = mr_risk_limits_market(m, "*");
    all->order_size_max = all->position_max = rig_money("1000000");
    all->order_value_max = rig_money("1000000000");
    all->short_allowed = true;
    all->leverage_max = 100;
}

void rig_market(struct rig *r, uint32_t instrument, const char *bid, const char *ask)
{
    struct mr_market_view *v = &r->views[instrument];
    *v = (struct mr_market_view){.instrument = instrument,
                                 .flags = MR_MARKET_LIVE,
                                 .bid_count = 2,
                                 .ask_count = 2,
                                 .book_ns = r->now,
                                 .last_ns = r->now};
    int64_t b = rig_number(bid), a = rig_number(ask), ten = rig_number("10");
    v->bids[0] = (struct mr_level){b, ten};
    v->bids[1] = (struct mr_level){b - rig_number("1"), ten};
    v->asks[0] = (struct mr_level){a, ten};
    v->asks[1] = (struct mr_level){a + rig_number("1"), ten};
    v->last = (b + a) / 2;
    mr_risk_on_market(r->state, v);
}

void rig_reset(struct rig *r)
{
    struct mr_risk_config config = {.instruments = RIG_INSTRUMENTS,
                                    .strategies = RIG_STRATEGIES,
                                    .symbols = RIG_SYMBOLS,
                                    .processes = 2,
                                    .build = 11,
                                    .config = 22};
    struct mr_risk_state *s = r->state = mr_risk_init(r->state, &config);
    assert_non_null(s);
    r->now = RIG_NOW;
    r->ids = (uint64_t)3 << 32;
    r->kill = mr_kill_page_init(r->kill);
    wide_limits(&r->limits);
    assert_int_equal(mr_risk_limits_bind(&r->limits, r->instruments), 0);
    mr_risk_on_time(s, r->now);
    for (uint32_t i = 0; i < RIG_INSTRUMENTS; i++) {
        assert_int_equal(mr_risk_on_instrument(s, i, mr_instruments_get(r->instruments, i)), MR_OK);
        mr_risk_on_leverage(s, i, 10);
        mr_risk_on_volatility(s, i, 400000, MR_RISK_ONE, r->now); /* 0.4 %: the first tier */
        rig_market(r, i, i == RIG_ETH ? "2999.9" : "59999.9", i == RIG_ETH ? "3000.1" : "60000.1");
    }
    for (uint32_t i = 0; i < RIG_STRATEGIES; i++)
        mr_risk_on_strategy(s, i, MR_RISK_ONE);
    for (uint32_t a = 0; a < RIG_SYMBOLS; a++)
        for (uint32_t b = a + 1; b < RIG_SYMBOLS; b++)
            mr_risk_on_correlation(s, a, b, 0, r->now);
    mr_risk_on_account(s, &(struct mr_risk_account){rig_money("100000"), rig_money("100000"), 0}, r->now);
    for (uint8_t v = 0; v < MR_RISK_VENUES; v++) {
        mr_risk_on_reconciled(s, v, true, r->now);
        mr_risk_on_stream(s, v, true);
    }
    mr_risk_on_process(s, 1, 11, 22);
    assert_int_equal(mr_risk_arm(s, NULL), MR_OK);
    mr_risk_set_mode(s, MR_RISK_RUN);
    r->order = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1");
}

struct rig *rig_open(void)
{
    struct mr_risk_config config = {
        .instruments = RIG_INSTRUMENTS, .strategies = RIG_STRATEGIES, .symbols = RIG_SYMBOLS};
    struct rig *r = aligned_alloc(64, (sizeof *r + 63) / 64 * 64);
    assert_non_null(r);
    memset(r, 0, sizeof *r);
    r->bytes = mr_risk_bytes(&config);
    r->state = aligned_alloc(64, r->bytes);
    r->kill = aligned_alloc(64, MR_KILL_PAGE_BYTES);
    r->instruments = mr_instruments_init(aligned_alloc(64, (mr_instruments_bytes(16) + 63) / 64 * 64), 16);
    uint8_t usdm = product("binance", "usdm"), spot = product("binance", "spot"), okx = product("okx", "public");
    add(r, MR_VENUE_binance, usdm, MR_TYPE_PERPETUAL, "BTCUSDT", "BTC");
    add(r, MR_VENUE_binance, usdm, MR_TYPE_PERPETUAL, "ETHUSDT", "ETH");
    add(r, MR_VENUE_binance, spot, MR_TYPE_SPOT, "BTCUSDT", "BTC");
    add(r, MR_VENUE_okx, okx, MR_TYPE_PERPETUAL, "BTC-USDT-SWAP", "BTC");
    rig_reset(r);
    return r;
}

void rig_close(struct rig *r)
{
    free(r->state);
    free(r->kill);
    free(r->instruments);
    free(r);
}

void rig_restart(struct rig *r)
{
    void *copy = aligned_alloc(64, r->bytes);
    assert_non_null(copy);
    memcpy(copy, r->state, r->bytes);
    memset(r->state, 0xa5, r->bytes);
    free(r->state);
    r->state = copy;
}

struct mr_order rig_order(struct rig *r, uint32_t instrument, enum mr_side side, const char *price, const char *size)
{
    return (struct mr_order){.id = ++r->ids,
                             .instrument = instrument,
                             .venue = mr_instruments_get(r->instruments, instrument)->venue,
                             .side = (uint8_t)side,
                             .type = MR_ORDER_LIMIT,
                             .price = rig_number(price),
                             .size = rig_number(size),
                             .created_ns = r->now};
}

void rig_check(struct rig *r)
{
    memset(&r->verdict, 0x5a, sizeof r->verdict);
    mr_risk_check(&r->order, r->state, &r->limits, r->now, r->kill, &r->verdict);
}

uint64_t rig_rest(struct rig *r, uint32_t instrument, enum mr_side side, const char *price, const char *size,
                  unsigned flags)
{
    struct mr_order o = rig_order(r, instrument, side, price, size);
    o.flags = (uint8_t)flags;
    assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now - 10 * (int64_t)RIG_S), MR_OK);
    assert_int_equal(mr_risk_on_sent(r->state, &o, r->now), MR_OK);
    mr_risk_on_ack(r->state, o.id);
    return o.id;
}

void rig_hold(struct rig *r, uint32_t instrument, const char *size)
{
    int64_t n = rig_number(size);
    mr_risk_on_position(r->state, instrument, MR_RISK_NONE, n);
    mr_risk_on_position(r->state, instrument, 0, n);
}

bool rig_expect(const struct rig *r, const char *says, const unsigned *rules)
{
    uint64_t want[2] = {0, 0};
    for (; *rules != MR_RISK_RULE_COUNT; rules++)
        want[*rules / 64] |= 1ull << *rules % 64;
    if (r->verdict.violated[0] == want[0] && r->verdict.violated[1] == want[1])
        return true;
    for (unsigned i = 0; i < MR_RISK_RULE_COUNT; i++) {
        bool is = mr_risk_violates(&r->verdict, (enum mr_risk_rule)i), should = want[i / 64] >> i % 64 & 1;
        if (is != should)
            print_error("%s: %s %s\n", says, mr_risk_rules[i].name,
                        is ? "is violated, and should not be" : "should be violated");
    }
    return false;
}
