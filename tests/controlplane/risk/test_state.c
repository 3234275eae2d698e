/* What single controls do not show: that the gate writes nothing but its verdict, whom rules bind, what orders count for through their lives,
 * scores and texts as worked by hand, and that what is no number is denied by name. */
#include <stdio.h>

#include "tests/controlplane/risk/rig.h"

#define RULES(...) ((const unsigned[]){__VA_ARGS__ __VA_OPT__(, ) MR_RISK_RULE_COUNT})

static void expect(struct rig *r, const char *says, const unsigned *rules)
{
    rig_check(r);
    assert_true(rig_expect(r, says, rules));
}

static const char *words(const struct rig *r)
{
    static char text[4096];
    struct mr_text t;
    mr_text_init(&t, text, sizeof text);
    mr_risk_text(&r->verdict, &r->limits, &t);
    return text;
}

static void the_gate_writes_nothing_but_its_verdict(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    static struct mr_risk_limits limits;
    void *copy = malloc(r->bytes);
    rig_hold(r, RIG_ETH, "1");
    memcpy(copy, r->state, r->bytes);
    limits = r->limits;
    struct mr_order order = r->order;
    static struct mr_risk_verdict first;
    rig_check(r);
    first = r->verdict;
    rig_check(r);
    assert_memory_equal(copy, r->state, r->bytes);
    assert_memory_equal(&limits, &r->limits, sizeof limits);
    assert_memory_equal(&order, &r->order, sizeof order);
    assert_true(first.score == r->verdict.score && first.value == r->verdict.value && first.value == rig_money("6000"));
    free(copy);
    rig_close(r);
}

static void what_is_no_number_is_denied_by_name(void **state)
{
    (void)state;
    static const int64_t none[] = {0, -1, INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, (int64_t)1 << 62};
    struct rig *r = rig_open();
    for (size_t i = 0; i < MR_COUNT_OF(none); i++)
        for (unsigned side = 0; side < 2; side++) {
            r->order = rig_order(r, RIG_BTC, (enum mr_side)side, "60000", "0.1");
            r->order.size = none[i];
            expect(r, "size", RULES(MR_RISK_SIZE));
            r->order = rig_order(r, RIG_BTC, (enum mr_side)side, "60000", "0.1");
            r->order.price = none[i];
            expect(r, "price", RULES(MR_RISK_PRICE));
            r->order = rig_order(r, RIG_BTC, (enum mr_side)side, "0", "0.1");
            r->order.type = MR_ORDER_STOP_MARKET;
            r->order.stop_price = none[i];
            expect(r, "trigger", RULES(MR_RISK_STOP_PRICE));
            r->order = rig_order(r, RIG_BTC, (enum mr_side)side, "60000", "0.1");
            if (none[i])
                r->order.filled = none[i];
            expect(r, "filled", none[i] ? RULES(MR_RISK_SIZE) : RULES());
        }
    /* the largest there are, each: too large as a product, and too large for every limit that could be measured */
    r->order = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1");
    r->order.price = r->order.size = ((int64_t)1 << 62) - 1;
    rig_check(r);
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_OVERFLOW) && mr_risk_violates(&r->verdict, MR_RISK_COLLAR_MID));
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_ORDER_SIZE) && mr_risk_violates(&r->verdict, MR_RISK_UNPRICED));
    rig_close(r);
}

static void prices_are_where_the_type_has_them(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    r->order.type = MR_ORDER_MARKET;
    expect(r, "a market order with a price", RULES(MR_RISK_PRICE));
    r->order.type = MR_ORDER_LIMIT;
    r->order.stop_price = 1;
    expect(r, "a limit order with a trigger", RULES(MR_RISK_STOP_PRICE));
    r->order.type = MR_ORDER_TAKE_PROFIT_MARKET;
    expect(r, "a target with a price", RULES(MR_RISK_PRICE));
    r->order.type = MR_ORDER_TYPE_COUNT;
    r->order.price = r->order.stop_price = 0;
    expect(r, "a type nobody knows", RULES(MR_RISK_ORDER));
    rig_close(r);
}

static void words_of_an_order_that_nobody_knows(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    const struct mr_order good = r->order;
    r->order.side = 2;
    expect(r, "side", RULES(MR_RISK_ORDER));
    r->order = good;
    r->order.role = MR_ROLE_COUNT;
    expect(r, "role", RULES(MR_RISK_ORDER));
    r->order = good;
    r->order.state = MR_STATE_SENT;
    expect(r, "state", RULES(MR_RISK_ORDER));
    r->order = good;
    r->order.strategy = RIG_STRATEGIES;
    expect(r, "strategy", RULES(MR_RISK_STRATEGY));
    r->order = good;
    r->order.venue = 2;
    expect(r, "another venue", RULES(MR_RISK_VENUE));
    r->order.venue = MR_RISK_VENUES;
    expect(r, "a venue beyond the table", RULES(MR_RISK_VENUE));
    r->order = good;
    r->order.instrument = RIG_INSTRUMENTS;
    expect(r, "instrument", RULES(MR_RISK_INSTRUMENT, MR_RISK_VENUE, MR_RISK_NOT_ALLOWED));
    r->order.instrument = UINT32_MAX;
    expect(r, "instrument", RULES(MR_RISK_INSTRUMENT, MR_RISK_VENUE, MR_RISK_NOT_ALLOWED));
    rig_close(r);
}

static void an_instrument_of_which_something_is_missing(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    const struct mr_instrument good = *mr_instruments_get(r->instruments, RIG_BTC);
    struct mr_instrument cases[] = {good, good, good, good, good};
    cases[0].flags |= MR_INSTRUMENT_NO_METADATA;
    cases[1].type = MR_TYPE_UNKNOWN;
    cases[2].tick = 0;
    cases[3].lot = 0;
    cases[4].multiplier = 0;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &cases[i]), MR_OK);
        expect(r, "metadata", RULES(MR_RISK_INSTRUMENT, MR_RISK_VENUE));
    }
    struct mr_instrument range[] = {good, good, good, good, good, good};
    range[0].price_scale = 19;
    range[1].size_scale = -1;
    range[2].multiplier_scale = 19;
    range[3].venue = MR_RISK_VENUES;
    range[4].underlying = RIG_SYMBOLS;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &range[i]), MR_E_RANGE);
    assert_int_equal(mr_risk_on_instrument(r->state, RIG_INSTRUMENTS, &good), MR_E_RANGE);
    assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &good), MR_OK);
    expect(r, "as it was", RULES());
    rig_hold(r, RIG_BTC, "1");
    range[5].size_scale = 7;
    assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &range[5]),
                     MR_E_INVALID); /* not while something is held */
    rig_close(r);
}

/* ---- whom rules bind ---- */

static void orders_that_reduce_pass_over_limits(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        struct rig *r = rig_open();
        rig_hold(r, RIG_BTC, side == MR_SIDE_SELL ? "5" : "-5");
        rig_hold(r, RIG_ETH, "1");
        rig_hold(r, RIG_OKX, "1");
        r->limits.markets[0].position_max = r->limits.markets[0].order_size_max = r->limits.order.value_max = 0;
        r->limits.account.positions_max = r->limits.account.leverage_max = 0;
        r->limits.account.position_share_e8 = r->limits.account.symbol_share_e8 = r->limits.account.margin_use_e8 = 0;
        memset(r->limits.scope, 0, sizeof r->limits.scope);
        mr_risk_on_realised(r->state, rig_money("-50000"));
        r->limits.policies[r->limits.policy_count++] =
            (struct mr_risk_policy){.kind = MR_POLICY_POSITION, .instrument = UINT32_MAX};
        r->limits.policies[r->limits.policy_count++] = (struct mr_risk_policy){.kind = MR_POLICY_INVENTORY};
        r->limits.policies[r->limits.policy_count++] = (struct mr_risk_policy){.kind = MR_POLICY_VAR};
        for (unsigned flags = 0; flags <= MR_ORDER_REDUCE_ONLY; flags += MR_ORDER_REDUCE_ONLY)
            for (unsigned mode = MR_RISK_REDUCE; mode <= MR_RISK_RUN; mode++) {
                mr_risk_set_mode(r->state, (enum mr_risk_mode)mode);
                r->order = rig_order(r, RIG_BTC, (enum mr_side)side, "60000", "5");
                r->order.flags = (uint8_t)flags;
                expect(r, "reduces, over every limit", RULES());
                assert_false(r->verdict.grows);
            }
        mr_risk_set_mode(r->state, MR_RISK_RUN);
        r->order = rig_order(r, RIG_BTC, (enum mr_side)side, "60000", "5.001"); /* through zero: no reduction */
        rig_check(r);
        assert_true(r->verdict.grows && mr_risk_violates(&r->verdict, MR_RISK_ORDER_SIZE));
        rig_close(r);
    }
}

static void an_emergency_needs_no_book_and_no_calm(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    rig_hold(r, RIG_BTC, "0.1");
    r->views[RIG_BTC] = (struct mr_market_view){.instrument = RIG_BTC, .flags = MR_MARKET_GAP | MR_MARKET_HALTED};
    mr_risk_on_market(r->state, &r->views[RIG_BTC]);
    r->order = rig_order(r, RIG_BTC, MR_SIDE_SELL, "0", "0.1");
    r->order.type = MR_ORDER_MARKET;
    r->order.flags = MR_ORDER_REDUCE_ONLY;
    expect(r, "an exit needs a book",
           RULES(MR_RISK_NO_REFERENCE, MR_RISK_STALE, MR_RISK_NOT_LIVE, MR_RISK_GAP, MR_RISK_INSTRUMENT_HALTED));
    r->order.type = MR_ORDER_STOP_MARKET;
    r->order.stop_price = rig_number("59000");
    expect(r, "a stop does not", RULES(MR_RISK_INSTRUMENT_HALTED));
    r->order.type = MR_ORDER_MARKET;
    r->order.stop_price = 0;
    r->order.flags |= MR_ORDER_EMERGENCY;
    mr_risk_set_mode(r->state, MR_RISK_HALT);
    expect(r, "an emergency does not, halted", RULES());
    mr_kill_raise(r->kill, MR_KILL_BY_CODE);
    expect(r, "killed", RULES(MR_RISK_KILL_ALL));
    mr_risk_set_closing(r->state, true);
    expect(r, "killed, and closing", RULES());
    r->order.size++;
    rig_check(r);
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_KILL_ALL) && mr_risk_violates(&r->verdict, MR_RISK_REDUCE_ONLY));
    r->order.size--;
    mr_risk_kill_order(r->state, r->order.id);
    expect(r, "killed by itself, and closing", RULES());
    r->order.flags = MR_ORDER_REDUCE_ONLY;
    rig_check(r);
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_KILL_ALL) && mr_risk_violates(&r->verdict, MR_RISK_KILL_ORDER));
    rig_close(r);
}

static void no_kill_page_is_a_kill(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    mr_risk_check(&r->order, r->state, &r->limits, r->now, NULL, &r->verdict);
    assert_true(rig_expect(r, "no page", RULES(MR_RISK_KILL_ALL)));
    mr_risk_set_closing(r->state, true);
    rig_hold(r, RIG_BTC, "-0.1");
    r->order.flags = MR_ORDER_REDUCE_ONLY | MR_ORDER_EMERGENCY;
    mr_risk_check(&r->order, r->state, &r->limits, r->now, NULL, &r->verdict);
    assert_true(rig_expect(r, "no page, closing", RULES(MR_RISK_KILL_ALL)));
    rig_close(r);
}

static void time_that_is_none(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    const int64_t now = r->now;
    r->now = now - RIG_S;
    r->views[0].book_ns = r->now;
    rig_check(r);
    assert_false(mr_risk_violates(&r->verdict, MR_RISK_CLOCK)); /* a second back is a correction */
    static const int64_t none[] = {0, -1, INT64_MIN};
    for (size_t i = 0; i < MR_COUNT_OF(none) + 1; i++) {
        r->now = i < MR_COUNT_OF(none) ? none[i] : now - RIG_S - 1;
        rig_check(r);
        assert_true(mr_risk_violates(&r->verdict, MR_RISK_CLOCK) && mr_risk_violates(&r->verdict, MR_RISK_STALE));
        assert_true(mr_risk_violates(&r->verdict, MR_RISK_RATE) && mr_risk_violates(&r->verdict, MR_RISK_HOURS));
    }
    r->now = now + 15 * 3600 * (int64_t)RIG_S; /* midnight */
    rig_check(r);
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_DAY));
    r->now -= 1;
    rig_check(r);
    assert_false(mr_risk_violates(&r->verdict, MR_RISK_DAY));
    rig_close(r);
}

/* ---- lives of orders ---- */

static void an_order_counts_from_approval_to_its_proven_end(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    struct mr_order o = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.3");
    const struct mr_risk_cell *cell = &mr_risk_instrument(r->state, RIG_BTC)->cell,
                              *own = mr_risk_cell(r->state, RIG_BTC, 0);
    assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now), MR_OK);
    assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now), MR_E_INVALID);
    assert_true(r->state->firm.orders == 1 && r->state->firm.notional == rig_money("18000") &&
                r->state->orders_margin == rig_money("1800"));
    assert_true(mr_risk_worst_long(cell) == o.size && mr_risk_worst_short(cell) == 0 && r->state->positions == 1);
    assert_int_equal(mr_risk_on_sent(r->state, &o, r->now), MR_OK);
    mr_risk_on_unknown(r->state, o.id);
    assert_true(mr_risk_find_open(r->state, o.id)->unknown && r->state->firm.gross == rig_money("18000"));
    struct mr_fill fill = {
        .order = o.id, .instrument = RIG_BTC, .side = MR_SIDE_BUY, .price = o.price, .size = rig_number("0.1")};
    mr_risk_on_fill(r->state, &fill, &o);
    assert_true(!mr_risk_find_open(r->state, o.id)->unknown && r->state->firm.notional == rig_money("12000"));
    assert_true(cell->position == fill.size && own->position == fill.size && mr_risk_worst_long(cell) == o.size);
    mr_risk_on_end(r->state, o.id, MR_STATE_CANCELLED);
    mr_risk_on_end(r->state, o.id, MR_STATE_CANCELLED); /* again: nothing */
    assert_true(r->state->firm.orders == 0 && r->state->firm.notional == 0 && r->state->orders_margin == 0);
    assert_true(r->state->firm.gross == rig_money("6000") &&
                mr_risk_strategy(r->state, 0)->scope.gross == rig_money("6000"));
    mr_risk_on_fill(r->state, &fill, &o); /* late, after the end: it is a position all the same */
    assert_true(r->state->firm.gross == rig_money("12000") && own->position == 2 * fill.size);
    fill.order = 0; /* none of ours: a liquidation */
    fill.side = MR_SIDE_SELL;
    mr_risk_on_fill(r->state, &fill, NULL);
    assert_true(r->state->firm.gross == rig_money("6000") && own->position == 2 * fill.size);
    rig_close(r);
}

static void nonsense_changes_nothing(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    void *copy = malloc(r->bytes);
    memcpy(copy, r->state, r->bytes);
    struct mr_risk_state *s = r->state;
    struct mr_fill fill = {.instrument = 99, .size = 1};
    mr_risk_on_fill(s, &fill, NULL);
    fill.instrument = RIG_BTC;
    fill.size = 0;
    mr_risk_on_fill(s, &fill, NULL);
    struct mr_order bad[] = {r->order, r->order, r->order, r->order, r->order, r->order, r->order};
    bad[0].id = 0;
    bad[1].instrument = RIG_INSTRUMENTS;
    bad[2].strategy = RIG_STRATEGIES;
    bad[3].side = 2;
    bad[4].size = 0;
    bad[5].filled = -1;
    bad[6].filled = bad[6].size + 1;
    for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
        assert_int_equal(mr_risk_on_approved(s, &bad[i], &r->limits, r->now), MR_E_INVALID);
        assert_int_equal(mr_risk_on_open(s, &bad[i], &r->limits), MR_E_INVALID);
        assert_int_equal(mr_risk_on_amend(s, &bad[i], &r->limits, r->now), MR_E_INVALID);
        mr_risk_on_amended(s, &bad[i], &r->limits);
    }
    mr_risk_on_not_sent(s, 5);
    mr_risk_on_unknown(s, 5);
    mr_risk_on_end(s, 5, MR_STATE_REJECTED);
    mr_risk_on_position(s, 99, 0, 1);
    mr_risk_on_market(s, &(struct mr_market_view){.instrument = 99});
    mr_risk_on_leverage(s, 99, 1);
    mr_risk_on_volatility(s, 99, 1, 1, 1);
    mr_risk_on_strategy(s, 99, 1);
    mr_risk_on_correlation(s, 99, 0, 1, 1);
    mr_risk_on_correlation(s, 0, 99, 1, 1);
    mr_risk_on_reconciled(s, 99, false, 1);
    mr_risk_on_stream(s, 99, false);
    mr_risk_on_weight(s, 99, 1, r->now);
    mr_risk_on_process(s, 99, 1, 1);
    mr_risk_enable_strategy(s, 99);
    mr_risk_on_time(s, r->now - 1);
    assert_memory_equal(copy, s, r->bytes);
    struct mr_risk_config none[] = {{0, 1, 1, 0, 0, 0},
                                    {1, 0, 1, 0, 0, 0},
                                    {1, 1, 0, 0, 0, 0},
                                    {MR_RISK_INSTRUMENTS_MAX + 1, 1, 1, 0, 0, 0},
                                    {1, MR_RISK_STRATEGIES_MAX + 1, 1, 0, 0, 0},
                                    {1, 1, MR_RISK_SYMBOLS_MAX + 1, 0, 0, 0},
                                    {1, 1, 1, 1u << MR_RISK_PROCESSES, 0, 0}};
    for (size_t i = 0; i < MR_COUNT_OF(none); i++) {
        assert_int_equal(mr_risk_bytes(&none[i]), 0);
        assert_null(mr_risk_init(copy, &none[i]));
    }
    free(copy);
    rig_close(r);
}

static void as_many_orders_as_can_be_followed(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    uint64_t ids[MR_ORDERS_MAX];
    r->limits.rate.orders_max = r->limits.rate.strategy_orders_max = 1000;
    for (uint32_t i = 0; i < MR_ORDERS_MAX; i++)
        ids[i] = rig_rest(r, i % 2 ? RIG_BTC : RIG_OKX, MR_SIDE_BUY, "60000", "0.001", 0);
    struct mr_order o = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.001");
    r->limits.scope[0].orders_max = r->limits.scope[1].orders_max = r->limits.scope[2].orders_max =
        r->limits.scope[3].orders_max = UINT32_MAX;
    r->order = o;
    r->limits.rate.orders_max = r->limits.rate.strategy_orders_max = UINT32_MAX;
    r->now += 20 * (int64_t)RIG_S; /* out of all windows */
    r->limits.market.book_ns = r->limits.account.account_ns = 60 * (int64_t)RIG_S;
    expect(r, "full", RULES(MR_RISK_FULL));
    assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now), MR_E_FULL);
    o.flags = 0;
    r->order.id = ids[7];
    r->order.state = MR_STATE_ACKED;
    expect(r, "a change is no other order", RULES());
    struct mr_random random = {3};
    for (uint32_t left = MR_ORDERS_MAX; left; left--) { /* in any order; each is found until it ends */
        uint32_t k = (uint32_t)mr_random_below(&random, left);
        assert_non_null(mr_risk_find_open(r->state, ids[k]));
        mr_risk_on_end(r->state, ids[k], MR_STATE_CANCELLED);
        assert_null(mr_risk_find_open(r->state, ids[k]));
        ids[k] = ids[left - 1];
    }
    assert_true(r->state->firm.orders == 0 && r->state->firm.notional == 0 && r->state->firm.gross == 0 &&
                r->state->positions == 0);
    assert_true(mr_risk_instrument(r->state, RIG_BTC)->own_bid == 0);
    assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now), MR_OK);
    rig_close(r);
}

static void reduce_only_orders_count_as_far_as_zero(void **state)
{
    (void)state;
    struct mr_risk_cell c = {.position = 10};
    c.open_reduce[MR_SIDE_SELL] = 25; /* a stop, a target, and one that takes the stop's place */
    assert_true(mr_risk_worst_long(&c) == 10 && mr_risk_worst_short(&c) == 0);
    c.open[MR_SIDE_SELL] = 4;
    assert_true(mr_risk_worst_short(&c) == -4);
    c.open_reduce[MR_SIDE_SELL] = 3;
    assert_true(mr_risk_worst_short(&c) == 3);
    c = (struct mr_risk_cell){.position = -10};
    c.open_reduce[MR_SIDE_BUY] = 25;
    c.open_reduce[MR_SIDE_SELL] = 25; /* nothing to be reduced that way */
    assert_true(mr_risk_worst_short(&c) == -10 && mr_risk_worst_long(&c) == 0);
    c.open[MR_SIDE_BUY] = 4;
    assert_true(mr_risk_worst_long(&c) == 4);
}

static void a_restart_from_facts_is_the_same_state(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    rig_hold(r, RIG_BTC, "0.5");
    rig_rest(r, RIG_BTC, MR_SIDE_BUY, "59500", "0.2", 0);
    rig_rest(r, RIG_ETH, MR_SIDE_SELL, "3010", "2", 0);
    mr_risk_on_realised(r->state, rig_money("-100"));
    struct mr_risk_history history = {
        r->state->day, r->state->day_start, rig_money("120000"), r->state->realised_day, 1, 2, 10, 4};
    struct mr_order open[2];
    for (unsigned i = 0; i < 2; i++) {
        const struct mr_risk_open *o = mr_risk_find_open(r->state, r->ids - 1 + i);
        open[i] = (struct mr_order){
            .id = o->id, .instrument = o->instrument, .side = o->side, .price = o->price, .size = o->left};
    }
    struct mr_risk_scope firm = r->state->firm;
    uint64_t used = r->ids;
    rig_reset(r);
    mr_risk_on_history(r->state, &history);
    rig_hold(r, RIG_BTC, "0.5");
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(mr_risk_on_open(r->state, &open[i], &r->limits), MR_OK);
    assert_memory_equal(&firm, &r->state->firm, sizeof firm);
    assert_true(mr_risk_id_used(r->state, used) && !mr_risk_id_used(r->state, used + 1));
    assert_true(r->state->peak == rig_money("120000") && r->state->losses == 1 && r->state->rejects == 2);
    assert_int_equal(mr_risk_on_sent(r->state, &open[0], r->now), MR_E_INVALID); /* it had left before */
    rig_close(r);
}

static void the_day_begins_anew_at_midnight(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    mr_risk_on_account(r->state, &(struct mr_risk_account){rig_money("96000"), rig_money("96000"), 0}, r->now);
    mr_risk_on_realised(r->state, rig_money("-4000"));
    mr_risk_on_cancel(r->state, 1, 1, r->now);
    int64_t midnight = r->now + 15 * 3600 * (int64_t)RIG_S;
    mr_risk_on_time(r->state, midnight - 1);
    assert_true(r->state->day_start == rig_money("100000") && r->state->realised_day == rig_money("-4000") &&
                r->state->day_orders == 1);
    mr_risk_on_time(r->state, midnight);
    assert_true(r->state->day_start == rig_money("96000") && r->state->realised_day == 0 && r->state->day_orders == 0);
    assert_true(r->state->losses == 1 && r->state->peak == rig_money("100000")); /* rows and peaks know no day */
    rig_close(r);
}

static void arming_is_for_those_who_agree(void **state)
{
    (void)state;
    struct mr_risk_config config = {
        .instruments = 1, .strategies = 1, .symbols = 1, .processes = 6, .build = 1, .config = 2};
    struct mr_risk_state *s = mr_risk_init(aligned_alloc(64, mr_risk_bytes(&config)), &config);
    struct mr_err err;
    assert_int_equal(mr_risk_arm(s, &err), MR_E_INVALID);
    assert_non_null(strstr(err.text, "processes 0x6 have not said"));
    mr_risk_on_process(s, 1, 1, 2);
    mr_risk_on_process(s, 2, 1, 3);
    assert_int_equal(mr_risk_arm(s, &err), MR_E_INVALID);
    assert_non_null(strstr(err.text, "processes 0x4 run another"));
    assert_false(s->armed);
    mr_risk_on_process(s, 2, 1, 2);
    assert_int_equal(mr_risk_arm(s, &err), MR_OK);
    assert_true(s->armed);
    mr_risk_disarm(s);
    assert_false(s->armed);
    free(s);
}

static void an_account_out_of_all_bounds(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    const struct mr_risk_account good = r->state->account;
    for (unsigned i = 0; i < 8; i++) {
        struct mr_risk_state *s = r->state;
        s->account = good;
        s->peak = s->day_start = good.equity;
        mr_money *const at[] = {
            &s->account.equity, &s->account.margin_used, &s->account.available, &s->account.available,
            &s->peak,           &s->day_start,           &s->day_start,         &s->account.equity};
        *at[i] = i == 3 || i == 6 ? -MR_MONEY_MAX - 1 : MR_MONEY_MAX + 1;
        rig_check(r);
        assert_true(mr_risk_violates(&r->verdict, MR_RISK_ACCOUNT));
        *at[i] = i == 3 || i == 6 ? -MR_MONEY_MAX : MR_MONEY_MAX;
        rig_check(r);
        assert_false(mr_risk_violates(&r->verdict, MR_RISK_ACCOUNT));
    }
    r->state->account = good;
    r->state->day_start = r->state->peak = good.equity;
    mr_risk_on_realised(r->state, -MR_MONEY_MAX);
    mr_risk_on_realised(r->state, -MR_MONEY_MAX); /* a sum that does not fit is the largest loss */
    expect(r, "lost", RULES(MR_RISK_DAILY_LOSS));
    r->limits.account.daily_loss_e8 = INT64_MAX; /* a share that does not fit is none */
    expect(r, "lost", RULES(MR_RISK_DAILY_LOSS));
    rig_close(r);
}

static void ids_of_epochs(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    struct mr_order o = r->order;
    static const uint64_t ids[] = {((uint64_t)5 << 32) + 70000, ((uint64_t)5 << 32) + 69000,
                                   ((uint64_t)5 << 32) + 1,     ((uint64_t)4 << 32) + 69500,
                                   ((uint64_t)5 << 32) + 70009, ((uint64_t)6 << 32) + 70001,
                                   ((uint64_t)6 << 32) + 270000};
    for (size_t i = 0; i < MR_COUNT_OF(ids); i++) {
        o.id = ids[i];
        assert_int_equal(mr_risk_on_open(r->state, &o, &r->limits), MR_OK); /* what is open is open, however old */
        assert_true(mr_risk_id_used(r->state, ids[i]));
        if (i == 4)
            assert_true(mr_risk_id_used(r->state, ids[1]) && !mr_risk_id_used(r->state, ids[4] - 1) &&
                        !mr_risk_id_used(r->state, ids[4] - MR_RISK_IDS + 1));
    }
    assert_true(!mr_risk_id_used(r->state, ids[6] - 1) && mr_risk_id_used(r->state, ids[6] - MR_RISK_IDS));
    rig_close(r);
}

static void an_order_leaves_as_it_was_approved_or_not(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    struct mr_order good = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1");
    assert_int_equal(mr_risk_on_approved(r->state, &good, &r->limits, r->now), MR_OK);
    for (unsigned i = 0; i < 8; i++) {
        struct mr_order o = good;
        o.id += i == 0;
        o.instrument += i == 1;
        o.side = i == 2 ? MR_SIDE_SELL : o.side;
        o.type = i == 3 ? MR_ORDER_STOP_MARKET : o.type;
        o.flags = i == 4 ? MR_ORDER_MANUAL : o.flags;
        o.price += i == 5;
        o.stop_price += i == 6;
        o.size += i == 7;
        assert_int_equal(mr_risk_on_sent(r->state, &o, r->now), MR_E_INVALID);
        if (i == 1 || i == 2) {
            assert_int_equal(mr_risk_on_amend(r->state, &o, &r->limits, r->now), MR_E_INVALID);
            mr_risk_on_amended(r->state, &o, &r->limits);
        }
    }
    assert_true(r->state->unapproved == 8 && r->state->sent == 0);
    assert_int_equal(mr_risk_on_sent(r->state, &good, r->now), MR_OK);
    mr_risk_on_not_sent(r->state, good.id);
    mr_risk_on_not_sent(r->state, good.id);
    assert_true(r->state->sent == 0);
    mr_risk_on_ack(r->state, 5);
    mr_risk_forgive(r->state);
    assert_true(r->state->unapproved == 0);
    good.size = 0;
    assert_int_equal(mr_risk_on_amend(r->state, &good, &r->limits, r->now), MR_E_INVALID);
    mr_risk_on_amended(r->state, &good, &r->limits);
    assert_true(mr_risk_find_open(r->state, good.id)->left == rig_number("0.1"));
    rig_close(r);
}

static void metadata_that_moves_forgets_the_market(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    for (unsigned i = 0; i < 4; i++) {
        rig_reset(r);
        struct mr_instrument it = *mr_instruments_get(r->instruments, RIG_BTC);
        it.price_scale = (int8_t)(it.price_scale - (i == 0));
        it.size_scale = (int8_t)(it.size_scale - (i == 1));
        it.venue = (uint8_t)(it.venue + (i == 2));
        it.underlying = (uint16_t)(it.underlying + (i == 3));
        uint64_t id = rig_rest(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1", 0);
        assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &it), MR_E_INVALID);
        mr_risk_on_end(r->state, id, MR_STATE_CANCELLED);
        assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &it), MR_OK);
        r->order.venue = it.venue;
        rig_check(r);
        assert_true(mr_risk_violates(&r->verdict, MR_RISK_NO_REFERENCE) &&
                    mr_risk_violates(&r->verdict, MR_RISK_STALE));
    }
    rig_close(r);
}

static void more_twins_than_are_remembered(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    for (uint32_t i = 0; i < MR_RISK_RECENT + 1; i++) {
        struct mr_order o = rig_order(r, RIG_ETH, MR_SIDE_BUY, "3000", "1");
        o.role = MR_ROLE_EXIT;
        assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now - 1), MR_OK);
        mr_risk_on_end(r->state, o.id, MR_STATE_CANCELLED);
        rig_check(r);
        assert_true(mr_risk_violates(&r->verdict, MR_RISK_DUPLICATE) == (i == MR_RISK_RECENT));
    }
    rig_close(r);
}

static void a_throttle_stays_until_a_person_ends_it(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    r->limits.rate.repeats_max = 2;
    for (int i = 0; i < 2; i++)
        mr_risk_on_end(r->state, rig_rest(r, RIG_ETH, MR_SIDE_BUY, "3000", "1", 0), MR_STATE_CANCELLED);
    r->limits.order.duplicate_ns = 1;
    expect(r, "throttled", RULES(MR_RISK_REPEATED));
    r->limits.rate.repeats_max = 100; /* a wider limit does not end it */
    expect(r, "throttled", RULES(MR_RISK_REPEATED));
    mr_risk_enable_strategy(r->state, 0);
    expect(r, "enabled", RULES());
    rig_close(r);
}

static void windows_forget_to_the_careful_side(void **state)
{
    (void)state;
    static struct mr_risk_window w;
    assert_true(mr_risk_window_sum(&w, 100, 10) == 0);
    struct rig *r = rig_open();
    for (uint32_t i = 0; i < MR_RISK_WINDOW; i++)
        mr_risk_on_cancel(r->state, 99, 1, r->now + i);
    int64_t last = r->now + MR_RISK_WINDOW - 1;
    assert_true(mr_risk_window_sum(&r->state->cancels, last, MR_RISK_WINDOW) == MR_RISK_WINDOW);
    assert_true(mr_risk_window_sum(&r->state->cancels, last, 1) == 1);
    assert_true(mr_risk_window_sum(&r->state->cancels, last + 1, 1) == 0);
    mr_risk_on_cancel(r->state, 99, 1, ++last);
    assert_true(mr_risk_window_sum(&r->state->cancels, last, MR_RISK_WINDOW) ==
                UINT64_MAX); /* more than are remembered */
    assert_true(mr_risk_window_sum(&r->state->cancels, last, 10) == 10);
    mr_risk_on_cancel(r->state, 99, 1, 5); /* a clock that went back */
    assert_true(mr_risk_window_sum(&r->state->cancels, last, 1) == 2);
    rig_check(r);
    r->limits.rate.cancels_ns = RIG_S;
    r->now = last;
    rig_check(r);
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_CANCEL_RATE));
    rig_close(r);
}

static void values_of_contracts(void **state)
{
    (void)state;
    struct mr_instrument it = {.price_scale = 8, .size_scale = 8, .multiplier = 1};
    mr_money v = 7;
    assert_true(mr_risk_value(&it, 6000000000000, 10000000, &v) && v == rig_money("6000"));
    assert_true(mr_risk_value(&it, 6000000000000, -10000000, &v) && v == rig_money("-6000"));
    it.multiplier = 5;
    it.multiplier_scale = 3;
    assert_true(mr_risk_value(&it, 3, 1, &v) && v == 2); /* 1.5 of the last digit: away from zero */
    assert_true(mr_risk_value(&it, 3, -1, &v) && v == -2);
    assert_true(mr_risk_value(&it, 200, 1, &v) && v == 100);
    it.multiplier_scale = it.price_scale = it.size_scale = 18;
    it.multiplier = 1;
    assert_true(mr_risk_value(&it, 1, 1, &v) && v == 1);
    assert_true(mr_risk_value(&it, 1, 0, &v) && v == 0);
    it = (struct mr_instrument){.flags = MR_INSTRUMENT_INVERSE, .price_scale = 8, .multiplier = 100};
    assert_true(mr_risk_value(&it, 0, 7, &v) && v == rig_money("700"));
    v = 7;
    assert_false(mr_risk_value(&it, 0, (mr_i128)1 << 120, &v));
    it.flags = 0;
    assert_false(mr_risk_value(&it, INT64_MAX, (mr_i128)1 << 64, &v));
    assert_false(mr_risk_value(&it, INT64_MAX, INT64_MAX, &v));
    assert_true(v == 7);
}

/* ---- scores and texts ---- */

static void scores_as_worked_by_hand(void **state)
{
    (void)state;
    /* capital, peak, day's start, margin, open elsewhere (ETH), open in the symbol (OKX), size of the order at 60,000 -> score, in thousandths */
    static const struct {
        const char *equity, *peak, *start, *margin, *elsewhere, *symbol, *size;
        uint32_t score;
        enum mr_risk_rule rule;
    } cases[] = {
        {"10000", "10000", "10000", "2000", "0.166", "0", "0.01", 13833, MR_RISK_RULE_COUNT},
        {"10000", "10000", "10000", "0", "0", "0", "0.016", 12800, MR_RISK_RULE_COUNT},
        {"9600", "9600", "9600", "0", "0", "0", "0.016", 13333, MR_RISK_RULE_COUNT}, /* 960 of 960 */
        {"9599", "9599", "9599", "0", "0", "0", "0.016", 28334, MR_RISK_POSITION_SHARE},
        {"10000", "10000", "10000", "0", "0", "0.041", "0.01", 39333, MR_RISK_SYMBOL_SHARE},
        {"9499", "9999", "9999", "0", "0.166", "0", "0.01", 55089, MR_RISK_DAILY_LOSS},
        {"8500", "10000", "8500", "0", "0", "0", "0.01", 59412, MR_RISK_DRAWDOWN},
        {"8500.01", "10000", "8500", "0", "0", "0", "0.01", 19412, MR_RISK_RULE_COUNT},
    };
    struct rig *r = rig_open();
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        rig_reset(r);
        r->limits.account = (__typeof__(r->limits.account)){.position_share_e8 = 10000000,
                                                            .symbol_share_e8 = 30000000,
                                                            .daily_loss_e8 = 5000000,
                                                            .drawdown_e8 = 15000000,
                                                            .margin_use_e8 = 80000000,
                                                            .correlation_e8 = MR_RISK_ONE,
                                                            .positions_max = 3,
                                                            .losses_max = 9,
                                                            .rejects_max = 9,
                                                            .leverage_max = 100,
                                                            .score_max = 100,
                                                            .account_ns = RIG_S,
                                                            .reconcile_ns = RIG_S};
        rig_hold(r, RIG_ETH, cases[i].elsewhere);
        rig_hold(r, RIG_OKX, cases[i].symbol);
        mr_risk_on_account(r->state,
                           &(struct mr_risk_account){rig_money(cases[i].equity), rig_money(cases[i].equity),
                                                     rig_money(cases[i].margin)},
                           r->now);
        r->state->peak = rig_money(cases[i].peak);
        r->state->day_start = rig_money(cases[i].start);
        r->order = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", cases[i].size);
        expect(r, cases[i].size, cases[i].rule == MR_RISK_RULE_COUNT ? RULES() : RULES(cases[i].rule));
        if (r->verdict.score != cases[i].score)
            fail_msg("case %zu: score %u, want %u", i, r->verdict.score, cases[i].score);
    }
    /* all six failing: their weights add up to 200, of which a score shows 100 */
    r->limits.account.positions_max = 0;
    r->limits.account.position_share_e8 = r->limits.account.symbol_share_e8 = r->limits.account.daily_loss_e8 =
        r->limits.account.drawdown_e8 = 0;
    r->limits.account.margin_use_e8 = 0;
    mr_risk_on_account(r->state, &(struct mr_risk_account){rig_money("8000"), rig_money("8000"), 0}, r->now);
    rig_check(r);
    assert_int_equal(r->verdict.score, MR_RISK_SCORE_MAX);
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_MARGIN_USE) && mr_risk_violates(&r->verdict, MR_RISK_POSITIONS));
    rig_close(r);
}

static void refusals_are_plain_sentences(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    r->limits.markets[0].order_size_max = rig_money("0.05");
    r->limits.rate.orders_max = 0;
    rig_check(r);
    assert_string_equal(
        words(r),
        "the order is larger than one order may be (0.1; limit 0.05); too many orders in the window (1; limit 0)");
    rig_reset(r);
    mr_risk_on_strategy(r->state, 0, 20000);
    mr_risk_on_leverage(r->state, RIG_BTC, 0);
    mr_risk_disarm(r->state);
    rig_check(r);
    assert_string_equal(
        words(r), "trading is not armed; the leverage is unknown, or over what the volatility allows (0x; limit 50x); "
                  "the break-even ROI, fees included, is over the target (0.05 %; limit 0.02 %)");
    rig_reset(r);
    mr_risk_on_reconciled(r->state, 1, true, r->now - 31 * (int64_t)RIG_S);
    r->limits.hours.from_minute = 600;
    mr_risk_on_volatility(r->state, RIG_BTC, 0, 0, 0);
    rig_check(r);
    assert_string_equal(words(r),
                        "positions and orders were not reconciled with the venue lately, or differ (31 s; limit 30 s); "
                        "outside the trading hours (09:00; limit 10:00); the volatility that bounds the leverage is "
                        "unknown or too old (unknown; limit 300 s)");
    rig_reset(r);
    rig_hold(r, RIG_ETH, "1");
    rig_hold(r, RIG_OKX, "1");
    r->limits.account.positions_max = 4;
    r->limits.account.score_max = 4;
    rig_check(r);
    assert_string_equal(words(r), "the risk score is over its limit (5; limit 4)");
    rig_close(r);
}

static void policies_in_their_own_words(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    struct mr_risk_policy *p = r->limits.policies;
    p[0] = (struct mr_risk_policy){
        .kind = MR_POLICY_POSITION, .instrument = RIG_BTC, .market = "M", .max = rig_money("1000")};
    p[1] = (struct mr_risk_policy){.kind = MR_POLICY_INVENTORY, .max = rig_money("10000")};
    p[2] = (struct mr_risk_policy){.kind = MR_POLICY_KILL, .enabled = true};
    p[3] = (struct mr_risk_policy){.kind = MR_POLICY_POSITION, .instrument = UINT32_MAX, .max = rig_money("1099.995")};
    p[4] = (struct mr_risk_policy){.kind = MR_POLICY_VAR, .max = rig_money("100")};
    p[5] = (struct mr_risk_policy){.kind = MR_POLICY_GREEKS, .delta = rig_money("5")};
    r->limits.policy_count = 6;
    mr_risk_on_greeks(r->state, rig_money("-7.5"), 0, 0, r->now);
    r->limits.account.margin_use_e8 = r->limits.account.position_share_e8 = (int64_t)1 << 40;
    rig_hold(r, RIG_BTC, "1000");
    mr_risk_on_account(r->state, &(struct mr_risk_account){rig_money("100000000"), rig_money("100000000"), 0}, r->now);
    r->state->day_start = rig_money("100000000");
    r->order = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "100");
    rig_check(r);
    assert_string_equal(
        words(r),
        "PositionLimit (market: M): new position 1100.00 exceeds max 1000.00; "
        "InventoryLimit: inventory 66000000.00 USD exceeds max 10000.00 USD; KillSwitch: enabled in policy; "
        "PositionLimit: new position 1100.00 exceeds max 1100.00; "
        "VarLimit: value at risk unknown USD exceeds max 100.00 USD; GreeksLimit: exposure 7.50 exceeds max 5.00");
    assert_int_equal(r->verdict.policies, 63);
    mr_kill_raise(r->kill, MR_KILL_BY_SOCKET);
    rig_check(r);
    assert_string_equal(words(r), "the kill switch is on; KillSwitch (active)");
    rig_close(r);
}

static void every_rule_has_a_sentence(void **state)
{
    (void)state;
    static struct mr_risk_verdict v;
    char text[400];
    struct mr_text t;
    memset(&v, 0, sizeof v);
    v.violated[0] = v.violated[1] = UINT64_MAX;
    for (unsigned i = 0; i < MR_RISK_RULE_COUNT; i++) {
        v.measured[i] = (struct mr_risk_measure){INT64_MAX, i % 2 ? INT64_MIN : -5};
        mr_text_init(&t, text, sizeof text);
        mr_risk_rule_text(&v, (enum mr_risk_rule)i, &t);
        assert_true(t.len > 5 && !t.cut);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(mr_risk_rules[i].name, mr_risk_rules[k].name);
    }
    v.measured[MR_RISK_ORDER_SIZE] = (struct mr_risk_measure){MR_MONEY_MAX, -MR_MONEY_MAX};
    mr_text_init(&t, text, sizeof text);
    mr_risk_rule_text(&v, MR_RISK_ORDER_SIZE, &t);
    assert_string_equal(text, "the order is larger than one order may be (unknown; limit unknown)");
    mr_text_init(&t, text, 20);
    mr_risk_rule_text(&v, MR_RISK_ORDER_SIZE, &t);
    assert_true(t.cut && strlen(text) < 20);
}

static void market_orders_are_worth_the_far_side_and_the_collar(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    r->order = rig_order(r, RIG_BTC, MR_SIDE_BUY, "0", "0.1");
    r->order.type = MR_ORDER_MARKET;
    expect(r, "buy", RULES());
    assert_true(r->verdict.value == rig_money("6060.0101")); /* 60,000.10 and 1 % */
    r->order.side = MR_SIDE_SELL;
    expect(r, "sell", RULES());
    assert_true(r->verdict.value == rig_money("5999.99"));
    r->order = rig_order(r, RIG_BTC, MR_SIDE_BUY, "0", "0.1");
    r->order.type = MR_ORDER_STOP_MARKET;
    r->order.stop_price = rig_number("61000");
    expect(r, "stop", RULES());
    assert_true(r->verdict.value == rig_money("6161"));
    r->order.side = MR_SIDE_SELL;
    expect(r, "stop", RULES());
    assert_true(r->verdict.value == rig_money("6100"));
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gate_writes_nothing_but_its_verdict),
        cmocka_unit_test(what_is_no_number_is_denied_by_name),
        cmocka_unit_test(prices_are_where_the_type_has_them),
        cmocka_unit_test(words_of_an_order_that_nobody_knows),
        cmocka_unit_test(an_instrument_of_which_something_is_missing),
        cmocka_unit_test(orders_that_reduce_pass_over_limits),
        cmocka_unit_test(an_emergency_needs_no_book_and_no_calm),
        cmocka_unit_test(no_kill_page_is_a_kill),
        cmocka_unit_test(time_that_is_none),
        cmocka_unit_test(an_order_counts_from_approval_to_its_proven_end),
        cmocka_unit_test(nonsense_changes_nothing),
        cmocka_unit_test(as_many_orders_as_can_be_followed),
        cmocka_unit_test(reduce_only_orders_count_as_far_as_zero),
        cmocka_unit_test(a_restart_from_facts_is_the_same_state),
        cmocka_unit_test(the_day_begins_anew_at_midnight),
        cmocka_unit_test(arming_is_for_those_who_agree),
        cmocka_unit_test(an_account_out_of_all_bounds),
        cmocka_unit_test(ids_of_epochs),
        cmocka_unit_test(an_order_leaves_as_it_was_approved_or_not),
        cmocka_unit_test(metadata_that_moves_forgets_the_market),
        cmocka_unit_test(more_twins_than_are_remembered),
        cmocka_unit_test(a_throttle_stays_until_a_person_ends_it),
        cmocka_unit_test(windows_forget_to_the_careful_side),
        cmocka_unit_test(values_of_contracts),
        cmocka_unit_test(scores_as_worked_by_hand),
        cmocka_unit_test(refusals_are_plain_sentences),
        cmocka_unit_test(policies_in_their_own_words),
        cmocka_unit_test(every_rule_has_a_sentence),
        cmocka_unit_test(market_orders_are_worth_the_far_side_and_the_collar),
    };
    return MR_TEST_MAIN(tests);
}
