/* The gate to the last unit: what is measured beside what it is compared with, values that are the largest there are, books of the least. */
#include "tests/controlplane/risk/rig.h"

#define TOO_LARGE (((int64_t)1 << 62) - 1) /* the largest price and size */

static bool violates(struct rig *r, enum mr_risk_rule rule)
{
    rig_check(r);
    return mr_risk_violates(&r->verdict, rule);
}

/* ---- what refusals say they measured ---- */

static void told(struct rig *r) { mr_risk_on_market(r->state, &r->views[RIG_BTC]); }

static void no_shorts(struct rig *r)
{
    r->limits.markets[0].short_allowed = false;
    r->order.side = MR_SIDE_SELL;
}
static void no_price(struct rig *r)
{
    r->order.type = MR_ORDER_MARKET;
    r->order.price = 0;
    r->views[RIG_BTC].ask_count = 0;
    told(r);
}
static void kill_policy(struct rig *r)
{
    r->limits.policies[0] = (struct mr_risk_policy){.kind = MR_POLICY_KILL, .enabled = true};
    r->limits.policy_count = 1;
}
static void no_orders(struct rig *r) { r->limits.rate.strategy_orders_max = 0; }
static void crossed(struct rig *r)
{
    r->views[RIG_BTC].bids[0].price = rig_number("60000.2");
    told(r);
}
static void traded_long_ago_at_the_least_price(struct rig *r)
{
    r->views[RIG_BTC].last = 1;
    r->views[RIG_BTC].last_ns = r->now - 3600 * (int64_t)RIG_S;
    told(r);
}
static void too_large(struct rig *r) { r->order.price = r->order.size = TOO_LARGE; }
static void twins(struct rig *r)
{
    for (uint32_t i = 0; i <= MR_RISK_RECENT; i++) {
        struct mr_order o = rig_order(r, RIG_ETH, MR_SIDE_BUY, "3000", "1");
        o.role = MR_ROLE_EXIT;
        assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now - 1), MR_OK);
        mr_risk_on_end(r->state, o.id, MR_STATE_CANCELLED);
    }
}
static void no_such_instrument(struct rig *r) { r->order.instrument = RIG_INSTRUMENTS; }
static void other_currency(struct rig *r)
{
    struct mr_instrument it = *mr_instruments_get(r->instruments, RIG_BTC);
    it.flags &= (uint8_t)~MR_INSTRUMENT_QUOTE_USD;
    assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &it), MR_OK);
}
static void no_limits(struct rig *r) { r->limits.version = 0; }
static void unbound_limits(struct rig *r) { r->limits.bound = false; }
static void no_time(struct rig *r) { r->now = 0; }
static void killed_all(struct rig *r) { mr_kill_raise(r->kill, MR_KILL_BY_CODE); }
static void small_position_share(struct rig *r) { r->limits.account.position_share_e8 = 1000000; }
static void small_symbol_share(struct rig *r)
{
    r->limits.account.symbol_share_e8 = 1000000;
    rig_hold(r, RIG_OKX, "0.1");
}
static void unpriced_share(struct rig *r)
{
    no_price(r);
    r->limits.account.position_share_e8 = 1000000;
}
static void no_positions(struct rig *r) { r->limits.account.positions_max = 0; }
static void spot_without_a_target(struct rig *r)
{
    r->order = rig_order(r, RIG_SPOT, MR_SIDE_BUY, "60000", "0.1");
    mr_risk_on_strategy(r->state, 0, 0);
}
static void a_share_beyond_all_money(struct rig *r)
{
    mr_risk_on_realised(r->state, rig_money("-1"));
    r->limits.account.daily_loss_e8 = INT64_MAX;
    r->state->day_start = MR_MONEY_MAX;
}
static void metadata_moved(struct rig *r)
{
    struct mr_instrument it = *mr_instruments_get(r->instruments, RIG_BTC);
    it.price_scale--;
    assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &it), MR_OK);
}
static void least_to_reduce(struct rig *r)
{
    mr_risk_on_position(r->state, RIG_BTC, MR_RISK_NONE, 1);
    r->order.side = MR_SIDE_SELL;
    r->order.flags = MR_ORDER_REDUCE_ONLY;
}

static void what_is_measured_stands_beside_what_it_is_compared_with(void **state)
{
    (void)state;
    const mr_money share = 1000 * MR_MONEY_ONE, worth = 6000 * MR_MONEY_ONE;
    const int64_t fee = 60000, buffer = 50000;
    const struct {
        const char *says;
        void (*set)(struct rig *r);
        enum mr_risk_rule rule;
        mr_i128 value, limit;
    } rows[] = {
        {"a short where none may be", no_shorts, MR_RISK_SHORT, -MR_MONEY_ONE / 10, 0},
        {"an order that has no price", no_price, MR_RISK_UNPRICED, 1, 0},
        {"a policy that kills", kill_policy, MR_RISK_POLICY_KILL, 0, 0},
        {"the first order of none", no_orders, MR_RISK_RATE_STRATEGY, 1, 0},
        {"a crossed book's best prices", crossed, MR_RISK_CROSSED, 600002 * MR_MONEY_ONE / 10,
         600001 * MR_MONEY_ONE / 10},
        {"the age of a trade at the least price", traded_long_ago_at_the_least_price, MR_RISK_LAST_STALE,
         3600 * (int64_t)RIG_S, 60 * (int64_t)RIG_S},
        {"a product that is no number", too_large, MR_RISK_OVERFLOW, 0, 0},
        {"more twins than are remembered", twins, MR_RISK_DUPLICATE, 0, 500 * (int64_t)RIG_MS},
        {"an instrument that is none has no venue", no_such_instrument, MR_RISK_VENUE, 1, 0},
        {"another currency", other_currency, MR_RISK_CURRENCY, 0, 0},
        {"limits that were never set", no_limits, MR_RISK_LIMITS, 0, 1},
        {"limits that were never bound", unbound_limits, MR_RISK_LIMITS, 7, 1},
        {"no time is no hour", no_time, MR_RISK_HOURS, 0, 0},
        {"the kill switch", killed_all, MR_RISK_KILL_ALL, 0, 0},
        {"the share of a position", small_position_share, MR_RISK_POSITION_SHARE, worth, share},
        {"the share of a symbol", small_symbol_share, MR_RISK_SYMBOL_SHARE, 2 * worth, share},
        {"the share of what has no price", unpriced_share, MR_RISK_POSITION_SHARE, MR_MONEY_MAX, share},
        {"one position of none", no_positions, MR_RISK_POSITIONS, 1, 0},
        {"spot has no leverage", spot_without_a_target, MR_RISK_BREAK_EVEN, 2 * fee + buffer, 0},
        {"a share that does not fit is none", a_share_beyond_all_money, MR_RISK_DAILY_LOSS,
         MR_MONEY_MAX - 100000 * MR_MONEY_ONE, 0},
        {"a book of another scale is none", metadata_moved, MR_RISK_STALE, INT64_MAX, 2 * (int64_t)RIG_S},
        {"the least there is to reduce", least_to_reduce, MR_RISK_REDUCE_ONLY, MR_MONEY_ONE / 10,
         MR_MONEY_ONE / 100000000},
    };
    struct rig *r = rig_open();
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        rig_reset(r);
        rows[i].set(r);
        if (!violates(r, rows[i].rule))
            fail_msg("%s: passes", rows[i].says);
        const struct mr_risk_measure *m = &r->verdict.measured[rows[i].rule];
        char value[MR_MONEY_TEXT], limit[MR_MONEY_TEXT];
        mr_money_text(m->value, value);
        mr_money_text(m->limit, limit);
        if (m->value != rows[i].value || m->limit != rows[i].limit)
            fail_msg("%s: %s of %s", rows[i].says, value, limit);
    }
    rig_reset(r);
    no_such_instrument(r);
    rig_check(r);
    assert_true(r->verdict.value == 0 && r->verdict.score == 0); /* it has none */
    rig_close(r);
}

static void scopes_of_the_kill_switch_name_what_they_stop(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    atomic_fetch_or(&r->kill->venues[r->order.venue / 64], 1ull << r->order.venue % 64);
    assert_true(violates(r, MR_RISK_KILL_VENUE));
    assert_true(r->verdict.measured[MR_RISK_KILL_VENUE].value == r->order.venue &&
                r->verdict.measured[MR_RISK_KILL_VENUE].limit == 0);
    rig_reset(r);
    r->order.strategy = 1;
    atomic_fetch_or(&r->kill->strategies[0], 1ull << 1);
    assert_true(violates(r, MR_RISK_KILL_STRATEGY));
    assert_true(r->verdict.measured[MR_RISK_KILL_STRATEGY].value == 1 &&
                r->verdict.measured[MR_RISK_KILL_STRATEGY].limit == 0);
    rig_close(r);
}

/* ---- the largest and the least ---- */

static void sizes_beyond_all_amounts_are_the_largest_amount(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        struct rig *r = rig_open();
        struct mr_instrument it = *mr_instruments_get(r->instruments, RIG_BTC);
        it.size_scale = 0;
        assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &it), MR_OK);
        rig_market(r, RIG_BTC, "59999.9", "60000.1");
        for (int i = 0; i < 40; i++) {
            struct mr_order o = rig_order(r, RIG_BTC, (enum mr_side)side, "60000", "0.1");
            o.size = TOO_LARGE;
            assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now), MR_OK);
            /* what cannot be valued counts for the most there is */
            assert_true(mr_risk_find_open(r->state, o.id)->notional == MR_MONEY_MAX);
        }
        assert_true(r->state->firm.long_value == 0 && r->state->firm.short_value == 0);
        r->limits.markets[0].short_allowed = false;
        r->order = rig_order(r, RIG_BTC, (enum mr_side)side, "60000", "0.1");
        assert_true(violates(r, MR_RISK_POSITION));
        assert_true(r->verdict.measured[MR_RISK_POSITION].value == MR_MONEY_MAX);
        if (side == MR_SIDE_SELL)
            assert_true(r->verdict.measured[MR_RISK_SHORT].value == -MR_MONEY_MAX);
        rig_close(r);
    }
}

static void the_largest_value_is_one_and_a_unit_more_is_none(void **state)
{
    (void)state;
    const struct mr_instrument it = {.flags = MR_INSTRUMENT_INVERSE, .multiplier = 1};
    const mr_i128 most = 1000000000000000;
    mr_money v = 7;
    assert_true(mr_risk_value(&it, 0, most, &v) && v == MR_MONEY_MAX);
    assert_true(mr_risk_value(&it, 0, -most, &v) && v == -MR_MONEY_MAX);
    v = 7;
    assert_false(mr_risk_value(&it, 0, most + 1, &v));
    assert_false(mr_risk_value(&it, 0, -most - 1, &v));
    assert_true(v == 7);
    /* a stop whose collar reaches the first number that is no price any more */
    struct rig *r = rig_open();
    r->order = rig_order(r, RIG_BTC, MR_SIDE_BUY, "0", "0.1");
    r->order.type = MR_ORDER_STOP_MARKET;
    r->order.stop_price = (int64_t)1 << 61;
    r->limits.order.collar_mid_e8 = MR_RISK_ONE;
    rig_check(r);
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_UNPRICED) && !mr_risk_violates(&r->verdict, MR_RISK_OVERFLOW));
    assert_false(mr_risk_violates(&r->verdict, MR_RISK_LIQUIDATION)); /* of what has no price nothing more is said */
    /* and a price of one part with a value that is no number */
    struct mr_instrument huge = *mr_instruments_get(r->instruments, RIG_BTC);
    huge.multiplier = INT64_MAX;
    assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &huge), MR_OK);
    r->order = rig_order(r, RIG_BTC, MR_SIDE_SELL, "0", "0.1");
    r->order.type = MR_ORDER_STOP_MARKET;
    r->order.stop_price = 1;
    r->order.size = TOO_LARGE;
    assert_true(violates(r, MR_RISK_OVERFLOW));
    huge.price_scale = huge.size_scale = huge.multiplier_scale = MR_SCALE_MAX; /* the finest there are */
    assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &huge), MR_OK);
    rig_close(r);
}

static void books_of_the_least_and_of_no_price(void **state)
{
    (void)state;
    static const struct {
        mr_price bid, ask;
        bool has_mid;
        mr_price reference; /* 0: as before */
    } rows[] = {{1, 1, true, 1},
                {1, 3, true, 2},
                {1, 0, false, 0},
                {0, 1, false, 0},
                {-1, 1, false, 0},
                {TOO_LARGE, TOO_LARGE, true, TOO_LARGE},
                {TOO_LARGE, TOO_LARGE + 1, true, 0},
                {TOO_LARGE + 1, TOO_LARGE, true, 0}};
    struct rig *r = rig_open();
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        rig_reset(r);
        mr_price before = mr_risk_instrument(r->state, RIG_BTC)->reference;
        r->views[RIG_BTC].bids[0].price = rows[i].bid;
        r->views[RIG_BTC].asks[0].price = rows[i].ask;
        told(r);
        if (violates(r, MR_RISK_NO_REFERENCE) == rows[i].has_mid ||
            mr_risk_instrument(r->state, RIG_BTC)->reference != (rows[i].reference ? rows[i].reference : before))
            fail_msg("row %zu: reference %lld", i, (long long)mr_risk_instrument(r->state, RIG_BTC)->reference);
    }
    /* a position is worth something also at the least price */
    rig_reset(r);
    rig_hold(r, RIG_BTC, "1");
    r->views[RIG_BTC].bids[0].price = r->views[RIG_BTC].asks[0].price = 1;
    told(r);
    assert_true(r->state->firm.gross == MR_MONEY_ONE / 100000000 && r->state->firm.unpriced == 0);
    rig_close(r);
}

static void depth_is_what_rests_within_the_collar_to_the_last_unit(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    for (unsigned side = 0; side < 2; side++) {
        rig_reset(r);
        r->limits.order.depth_share_e8 = r->limits.order.collar_mid_e8 = MR_RISK_ONE;
        struct mr_market_view *v = &r->views[RIG_BTC];
        struct mr_level *far = side == MR_SIDE_BUY ? v->asks : v->bids;
        int64_t step = side == MR_SIDE_BUY ? 1 : -1;
        far[0].size = 1000;
        far[1] = (struct mr_level){far[0].price + step, 1};
        far[2] = (struct mr_level){far[0].price + 2 * step, 0};
        far[3] = (struct mr_level){0, 500}; /* no price: not there, however wide the collar */
        far[4] = (struct mr_level){1, 7};
        *(side == MR_SIDE_BUY ? &v->ask_count : &v->bid_count) = 5;
        *(side == MR_SIDE_BUY ? &v->bid_count : &v->ask_count) = 1; /* what rests on the other side is of no use */
        told(r);
        r->order = rig_order(r, RIG_BTC, (enum mr_side)side, "0", "1");
        r->order.type = MR_ORDER_MARKET;
        r->order.size = 1008;
        assert_false(violates(r, MR_RISK_DEPTH));
        r->order.size = 1009;
        assert_true(violates(r, MR_RISK_DEPTH));
        assert_true(r->verdict.measured[MR_RISK_DEPTH].limit == (mr_i128)1008 * 10000000000);
    }
    rig_close(r);
}

static void values_are_compared_to_the_last_unit(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    r->limits.scope[MR_SCOPE_FIRM].notional_max = 6000 * MR_MONEY_ONE;
    assert_false(violates(r, MR_RISK_NOTIONAL_FIRM));
    r->limits.scope[MR_SCOPE_FIRM].notional_max--;
    assert_true(violates(r, MR_RISK_NOTIONAL_FIRM));
    rig_reset(r); /* what is free is the order's margin exactly; without a row there is no fee */
    r->limits.market_count = 0;
    mr_risk_on_account(r->state, &(struct mr_risk_account){rig_money("100000"), rig_money("600"), 0}, r->now);
    assert_false(violates(r, MR_RISK_BALANCE));
    mr_risk_on_account(r->state, &(struct mr_risk_account){rig_money("100000"), rig_money("600") - 1, 0}, r->now);
    assert_true(violates(r, MR_RISK_BALANCE));
    rig_reset(r); /* a day that began with nothing has lost all; with the least there is, nothing */
    r->state->day_start = 0;
    assert_true(violates(r, MR_RISK_DAILY_LOSS));
    r->state->day_start = 1;
    assert_false(violates(r, MR_RISK_DAILY_LOSS));
    mr_risk_on_account(r->state, &(struct mr_risk_account){1, 0, 0}, r->now); /* the least equity is one */
    assert_false(violates(r, MR_RISK_ACCOUNT));
    mr_risk_on_account(r->state, &(struct mr_risk_account){0, 0, 0}, r->now);
    assert_true(violates(r, MR_RISK_ACCOUNT));
    rig_reset(r);
    mr_risk_on_volatility(r->state, RIG_BTC, 1, 1, r->now);
    assert_false(violates(r, MR_RISK_VOLATILITY));
    /* a limit of nothing has no parts to be used; one that is used up counts ten */
    rig_reset(r);
    rig_hold(r, RIG_BTC, "0.1");
    r->limits.account.positions_max = 0;
    rig_check(r);
    uint32_t score = r->verdict.score;
    r->limits.account.positions_max = 1;
    rig_check(r);
    assert_int_equal(r->verdict.score, score + 10000);
    rig_close(r);
}

/* ---- who else holds what ---- */

static void only_what_moves_with_the_order_is_correlated(void **state)
{
    (void)state;
    static const struct {
        const char *says, *held;
        int correlation_pct;
        enum mr_side side;
        bool denied;
    } rows[] = {
        {"a long, and it rises together", "1", 90, MR_SIDE_BUY, true},
        {"sold against a long", "1", 90, MR_SIDE_SELL, false},
        {"a long, and it falls", "1", -90, MR_SIDE_BUY, false},
        {"sold against a falling long", "1", -90, MR_SIDE_SELL, true},
        {"a short, bought against", "-1", 90, MR_SIDE_BUY, false},
        {"a short, and it falls together", "-1", 90, MR_SIDE_SELL, true},
        {"a short, and it rises", "-1", -90, MR_SIDE_BUY, true},
        {"a short, sold the other way", "-1", -90, MR_SIDE_SELL, false},
    };
    struct rig *r = rig_open();
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++)
        for (int priced = 0; priced < 2; priced++) {
            rig_reset(r);
            r->limits.account.correlation_e8 = 80000000;
            mr_risk_on_correlation(r->state, mr_risk_instrument(r->state, RIG_BTC)->symbol,
                                   mr_risk_instrument(r->state, RIG_ETH)->symbol, rows[i].correlation_pct * 1000000,
                                   r->now);
            const struct mr_risk_scope *eth = &r->state->symbols[mr_risk_instrument(r->state, RIG_ETH)->symbol];
            if (priced) {
                rig_hold(r, RIG_ETH, rows[i].held);
            } else { /* nobody knows what it is worth: it may be on either side */
                rig_market(r, RIG_ETH, "59999.9", "60000.1");
                mr_risk_on_position(r->state, RIG_ETH, MR_RISK_NONE,
                                    rows[i].held[0] == '-' ? INT64_MIN + 1 : INT64_MAX);
            }
            assert_int_equal(eth->unpriced, !priced);
            assert_int_equal(violates(r, MR_RISK_UNPRICED), !priced);
            assert_true(priced || (r->verdict.measured[MR_RISK_UNPRICED].value == 1 &&
                                   r->verdict.measured[MR_RISK_UNPRICED].limit == 0));
            r->order.side = (uint8_t)rows[i].side;
            if (violates(r, MR_RISK_CORRELATION) != (rows[i].denied || !priced))
                fail_msg("%s: %s", rows[i].says, rows[i].denied ? "passes" : "is denied");
        }
    /* what can only become flat is on no side: a short that is bought back, a long that is sold */
    for (unsigned side = 0; side < 2; side++) {
        rig_reset(r);
        r->limits.account.correlation_e8 = 80000000;
        mr_risk_on_correlation(r->state, mr_risk_instrument(r->state, RIG_BTC)->symbol,
                               mr_risk_instrument(r->state, RIG_ETH)->symbol, 90000000, r->now);
        rig_hold(r, RIG_ETH, side == MR_SIDE_BUY ? "-1" : "1");
        rig_rest(r, RIG_ETH, (enum mr_side)side, "3000", "1", 0);
        r->order.side = (uint8_t)side;
        assert_false(violates(r, MR_RISK_CORRELATION));
    }
    /* what is not open any more correlates with nothing, known or not */
    rig_reset(r);
    r->limits.account.correlation_e8 = 80000000;
    mr_risk_on_correlation(r->state, mr_risk_instrument(r->state, RIG_BTC)->symbol,
                           mr_risk_instrument(r->state, RIG_ETH)->symbol, 0, 0);
    rig_hold(r, RIG_ETH, "1");
    assert_true(violates(r, MR_RISK_CORRELATION));
    rig_hold(r, RIG_ETH, "0");
    assert_false(violates(r, MR_RISK_CORRELATION));
    rig_close(r);
}

static void a_market_that_moves_moves_every_share_of_it(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    mr_risk_on_position(r->state, RIG_BTC, MR_RISK_NONE, rig_number("1")); /* of no strategy */
    rig_market(r, RIG_BTC, "49999.9", "50000.1");
    assert_true(r->state->firm.gross == rig_money("50000"));
    rig_reset(r);
    mr_risk_on_position(r->state, RIG_BTC, 0, rig_number("1")); /* two that are flat together */
    mr_risk_on_position(r->state, RIG_BTC, 1, -rig_number("1"));
    rig_market(r, RIG_BTC, "49999.9", "50000.1");
    assert_true(r->state->firm.gross == 0);
    assert_true(mr_risk_strategy(r->state, 0)->scope.gross == rig_money("50000") &&
                mr_risk_strategy(r->state, 1)->scope.gross == rig_money("50000"));
    /* a fill of an order that is forgotten is its strategy's all the same */
    const struct mr_order old = {.strategy = 2};
    const struct mr_fill fill = {.instrument = RIG_BTC, .side = MR_SIDE_BUY, .size = rig_number("0.1")};
    mr_risk_on_fill(r->state, &fill, &old);
    assert_true(mr_risk_strategy(r->state, 2)->scope.gross == rig_money("5000"));
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_measured_stands_beside_what_it_is_compared_with),
        cmocka_unit_test(scopes_of_the_kill_switch_name_what_they_stop),
        cmocka_unit_test(sizes_beyond_all_amounts_are_the_largest_amount),
        cmocka_unit_test(the_largest_value_is_one_and_a_unit_more_is_none),
        cmocka_unit_test(books_of_the_least_and_of_no_price),
        cmocka_unit_test(depth_is_what_rests_within_the_collar_to_the_last_unit),
        cmocka_unit_test(values_are_compared_to_the_last_unit),
        cmocka_unit_test(only_what_moves_with_the_order_is_correlated),
        cmocka_unit_test(a_market_that_moves_moves_every_share_of_it),
    };
    return MR_TEST_MAIN(tests);
}
