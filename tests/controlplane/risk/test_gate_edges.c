/* Exactly one beyond: the first index that is none of ours, the first thing that has no room; and what a refusal says it measured where there is
 * nothing to measure. */
#include "tests/controlplane/risk/rig.h"

static void the_first_index_beyond_each_table_changes_nothing(void **state)
{
    (void)state;
    enum { GUARD = 4096 };
    struct rig *r = rig_open();
    size_t room = (r->bytes + GUARD + 63) / 64 * 64;
    char *mem = aligned_alloc(64, room), *copy = malloc(room);
    assert_non_null(mem);
    assert_non_null(copy);
    memset(mem, 0x5a, room);
    memcpy(mem, r->state, r->bytes);
    struct mr_risk_state *s = (struct mr_risk_state *)mem;
    /* what lies behind the instruments looks like a known one, and what lies behind the strategies like a throttled one */
    memset(mem + s->strategies_at, 1, r->bytes - s->strategies_at);
    memcpy(copy, mem, room);
    const struct mr_fill fill = {.instrument = RIG_INSTRUMENTS, .size = 1};
    mr_risk_on_fill(s, &fill, NULL);
    mr_risk_on_position(s, RIG_INSTRUMENTS, MR_RISK_NONE, 1);
    mr_risk_on_leverage(s, RIG_INSTRUMENTS, 77);
    mr_risk_on_volatility(s, RIG_INSTRUMENTS, 77, 77, 77);
    mr_risk_on_market(s, &(struct mr_market_view){.instrument = RIG_INSTRUMENTS, .flags = 1, .last = 77});
    assert_int_equal(mr_risk_on_instrument(s, RIG_INSTRUMENTS, mr_instruments_get(r->instruments, 0)), MR_E_RANGE);
    struct mr_instrument far = *mr_instruments_get(r->instruments, 0);
    far.underlying = RIG_SYMBOLS;
    assert_int_equal(mr_risk_on_instrument(s, 0, &far), MR_E_RANGE);
    far.underlying = 0;
    far.venue = MR_RISK_VENUES;
    assert_int_equal(mr_risk_on_instrument(s, 0, &far), MR_E_RANGE);
    mr_risk_on_strategy(s, RIG_STRATEGIES, 77);
    mr_risk_enable_strategy(s, RIG_STRATEGIES);
    mr_risk_on_correlation(s, RIG_SYMBOLS, 0, 77, 77);
    mr_risk_on_correlation(s, 0, RIG_SYMBOLS, 77, 77);
    mr_risk_on_reconciled(s, MR_RISK_VENUES, false, 77);
    mr_risk_on_stream(s, MR_RISK_VENUES, true);
    mr_risk_on_weight(s, MR_RISK_VENUES, 77, r->now);
    mr_risk_on_process(s, MR_RISK_PROCESSES, 11, 22);
    mr_risk_on_time(s, r->now); /* not later */
    struct mr_order beyond = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1");
    beyond.instrument = RIG_INSTRUMENTS;
    assert_int_equal(mr_risk_on_approved(s, &beyond, &r->limits, r->now), MR_E_INVALID);
    assert_int_equal(mr_risk_on_open(s, &beyond, &r->limits), MR_E_INVALID);
    assert_memory_equal(copy, mem, room);
    memcpy(mem, r->state, r->bytes);
    /* a fill of a strategy that is none of ours moves the instrument and nobody's share */
    const struct mr_order foreign = {.strategy = RIG_STRATEGIES};
    const struct mr_fill own = {.instrument = RIG_BTC, .size = 100000};
    mr_risk_on_fill(s, &own, &foreign);
    assert_true(mr_risk_instrument(s, RIG_BTC)->cell.position == 100000);
    assert_int_equal(mr_risk_instrument(s, RIG_BTC)->strategies, 0);
    mr_risk_on_position(s, RIG_BTC, RIG_STRATEGIES, 5);
    assert_int_equal(mr_risk_instrument(s, RIG_BTC)->strategies, 0);
    free(mem);
    free(copy);
    rig_close(r);
}

static void the_largest_configuration_is_taken(void **state)
{
    (void)state;
    const struct mr_risk_config most[] = {{MR_RISK_INSTRUMENTS_MAX, 1, 1, 0, 0, 0},
                                          {1, MR_RISK_STRATEGIES_MAX, 1, 0, 0, 0},
                                          {1, 1, MR_RISK_SYMBOLS_MAX, (1u << MR_RISK_PROCESSES) - 1, 0, 0}};
    for (size_t i = 0; i < MR_COUNT_OF(most); i++)
        assert_true(mr_risk_bytes(&most[i]) > sizeof(struct mr_risk_state));
}

static void price_missing(struct rig *r) { r->order.price = 0; }
static void price_of_market(struct rig *r)
{
    r->order.type = MR_ORDER_MARKET;
    r->order.price = 5;
}
static void stop_of_limit(struct rig *r) { r->order.stop_price = 7; }
static void stop_missing(struct rig *r)
{
    r->order.type = MR_ORDER_STOP_MARKET;
    r->order.price = 0;
}
static void size_missing(struct rig *r) { r->order.size = 0; }
static void emergency_alone(struct rig *r) { r->order.flags = MR_ORDER_EMERGENCY; }
static void nothing_to_reduce(struct rig *r) { r->order.flags = MR_ORDER_REDUCE_ONLY; }
static void disarmed(struct rig *r) { mr_risk_disarm(r->state); }
static void halted(struct rig *r) { mr_risk_set_mode(r->state, MR_RISK_HALT); }
static void reducing(struct rig *r) { mr_risk_set_mode(r->state, MR_RISK_REDUCE); }
static void no_stream(struct rig *r) { mr_risk_on_stream(r->state, r->order.venue, false); }
static void flags_of_market(struct rig *r, uint32_t flags)
{
    r->views[RIG_BTC].flags = flags;
    mr_risk_on_market(r->state, &r->views[RIG_BTC]);
}
static void market_halted(struct rig *r) { flags_of_market(r, MR_MARKET_LIVE | MR_MARKET_HALTED); }
static void market_not_live(struct rig *r) { flags_of_market(r, 0); }
static void market_gap(struct rig *r) { flags_of_market(r, MR_MARKET_LIVE | MR_MARKET_GAP); }
static void market_empty(struct rig *r)
{
    r->views[RIG_BTC].bid_count = r->views[RIG_BTC].ask_count = 0;
    flags_of_market(r, MR_MARKET_LIVE | MR_MARKET_CROSSED);
}
static void never_traded(struct rig *r)
{
    r->views[RIG_BTC].last = 0;
    flags_of_market(r, MR_MARKET_LIVE);
}
static void killed(struct rig *r) { mr_risk_kill_order(r->state, r->order.id); }

/* The id comes from the order, and is not known before. */
#define ORDERS_ID (-77)

static void what_was_measured_is_said_also_where_there_was_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        void (*set)(struct rig *r);
        enum mr_risk_rule rule;
        int64_t value, limit;
    } rows[] = {
        {"a limit order without a price", price_missing, MR_RISK_PRICE, 0, ((int64_t)1 << 62) - 1},
        {"a market order with one", price_of_market, MR_RISK_PRICE, 5, 0},
        {"a limit order with a trigger", stop_of_limit, MR_RISK_STOP_PRICE, 7, 0},
        {"a stop without one", stop_missing, MR_RISK_STOP_PRICE, 0, ((int64_t)1 << 62) - 1},
        {"no size", size_missing, MR_RISK_SIZE, 0, ((int64_t)1 << 62) - 1},
        {"an emergency that does not reduce", emergency_alone, MR_RISK_FLAG_USE, MR_ORDER_EMERGENCY, 0},
        {"disarmed", disarmed, MR_RISK_DISARMED, 0, 0},
        {"halted", halted, MR_RISK_HALTED, 0, 0},
        {"reducing", reducing, MR_RISK_REDUCING, 0, 0},
        {"no stream", no_stream, MR_RISK_STREAM, 0, 0},
        {"an instrument that is halted", market_halted, MR_RISK_INSTRUMENT_HALTED, 0, 0},
        {"a market that is not live", market_not_live, MR_RISK_NOT_LIVE, 0, 0},
        {"a market with a gap", market_gap, MR_RISK_GAP, 0, 0},
        {"an empty book", market_empty, MR_RISK_NO_REFERENCE, 0, 0},
        {"an empty book that is said to be crossed", market_empty, MR_RISK_CROSSED, 0, 0},
        {"never traded", never_traded, MR_RISK_LAST_STALE, INT64_MAX, -1},
        {"killed", killed, MR_RISK_KILL_ORDER, ORDERS_ID, 0},
    };
    struct rig *r = rig_open();
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        rig_reset(r);
        rows[i].set(r);
        rig_check(r);
        if (!mr_risk_violates(&r->verdict, rows[i].rule))
            fail_msg("%s: passes", rows[i].says);
        const struct mr_risk_measure *m = &r->verdict.measured[rows[i].rule];
        mr_i128 value = rows[i].value == ORDERS_ID ? (mr_i128)r->order.id : rows[i].value;
        mr_i128 limit = rows[i].limit < 0 ? r->limits.market.last_ns : rows[i].limit;
        if (m->value != value || m->limit != limit)
            fail_msg("%s: %lld of %lld", rows[i].says, (long long)m->value, (long long)m->limit);
    }
    /* what there is to be reduced: nothing, and a part of it */
    rig_reset(r);
    nothing_to_reduce(r);
    r->order.side = MR_SIDE_SELL;
    rig_check(r);
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_REDUCE_ONLY) &&
                r->verdict.measured[MR_RISK_REDUCE_ONLY].limit == 0);
    rig_hold(r, RIG_BTC, "0.05");
    rig_check(r);
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_REDUCE_ONLY) &&
                r->verdict.measured[MR_RISK_REDUCE_ONLY].limit == rig_money("0.05") &&
                r->verdict.measured[MR_RISK_REDUCE_ONLY].value == rig_money("0.1"));
    rig_close(r);
}

static const struct mr_risk_var *var_of(const struct mr_risk_state *s, uint32_t days)
{
    for (uint32_t i = 0; i < MR_RISK_VALUES; i++)
        if (s->vars[i].horizon_days == days && s->vars[i].at)
            return &s->vars[i];
    return NULL;
}

static void the_oldest_value_at_risk_makes_room_for_a_new_one(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    struct mr_risk_state *s = r->state;
    for (uint32_t d = 1; d <= MR_RISK_VALUES; d++) /* the third is the oldest */
        mr_risk_on_var(
            s, &(struct mr_risk_var){.value = d, .confidence_e8 = 99, .at = d == 3 ? 10 : 100 + d, .horizon_days = d});
    for (uint32_t d = 1; d <= MR_RISK_VALUES; d++)
        assert_true(var_of(s, d) && var_of(s, d)->value == d);
    mr_risk_on_var(s, &(struct mr_risk_var){.value = 55, .confidence_e8 = 99, .at = 200, .horizon_days = 5}); /* anew */
    assert_true(var_of(s, 5)->value == 55 && var_of(s, 3));
    mr_risk_on_var(s, &(struct mr_risk_var){.value = 9, .confidence_e8 = 99, .at = 300, .horizon_days = 9});
    assert_null(var_of(s, 3));
    assert_true(var_of(s, 9) && var_of(s, 1) && var_of(s, 8));
    mr_risk_on_var(s, &(struct mr_risk_var){.value = 7, .confidence_e8 = 95, .at = 300, .horizon_days = 9});
    assert_null(var_of(s, 1)); /* another confidence is another value */
    rig_close(r);
}

static void more_killed_orders_than_can_be_remembered_let_nothing_pass(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    for (uint64_t i = 1; i <= MR_RISK_KILLED; i++) {
        mr_risk_kill_order(r->state, i);
        mr_risk_kill_order(r->state, i); /* once is enough */
        assert_int_equal(r->state->killed_count, i);
    }
    rig_check(r);
    assert_true(mr_risk_allowed(&r->verdict));
    r->order.parent = MR_RISK_KILLED;
    rig_check(r);
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_KILL_ORDER));
    r->order.parent = 0;
    struct mr_risk_state before = *r->state;
    mr_risk_kill_order(r->state, 1000);
    assert_int_equal(r->state->killed_count, MR_RISK_KILLED + 1);
    assert_memory_equal(before.killed, r->state->killed, sizeof before.killed);
    assert_int_equal(before.newest_id, r->state->newest_id);
    rig_check(r);
    assert_true(mr_risk_violates(&r->verdict, MR_RISK_KILL_ORDER));
    rig_close(r);
}

static void what_is_unknown_of_an_open_order_is_marked_until_it_is_heard_of(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    uint64_t id = rig_rest(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1", 0);
    const struct mr_risk_open *o = mr_risk_find_open(r->state, id);
    assert_true(o->sent && o->used && !o->unknown);
    mr_risk_on_unknown(r->state, id);
    assert_true(o->unknown);
    mr_risk_on_ack(r->state, id);
    assert_false(o->unknown);
    mr_risk_on_unknown(r->state, id);
    const struct mr_fill fill = {.instrument = RIG_BTC, .order = id, .size = 1};
    mr_risk_on_fill(r->state, &fill, NULL);
    assert_false(o->unknown);
    struct mr_order found = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1");
    assert_int_equal(mr_risk_on_open(r->state, &found, &r->limits), MR_OK);
    assert_true(mr_risk_find_open(r->state, found.id)->sent);
    assert_int_equal(mr_risk_on_open(r->state, &found, &r->limits), MR_E_INVALID); /* it is there */
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_index_beyond_each_table_changes_nothing),
        cmocka_unit_test(the_largest_configuration_is_taken),
        cmocka_unit_test(what_was_measured_is_said_also_where_there_was_nothing),
        cmocka_unit_test(the_oldest_value_at_risk_makes_room_for_a_new_one),
        cmocka_unit_test(more_killed_orders_than_can_be_remembered_let_nothing_pass),
        cmocka_unit_test(what_is_unknown_of_an_open_order_is_marked_until_it_is_heard_of),
    };
    return MR_TEST_MAIN(tests);
}
