/* The state's orders, ids and times to the last unit: changes that are under way, lives that end, ids that meet in one place, events of one
 * moment. */
#include "tests/controlplane/risk/rig.h"

static bool violates(struct rig *r, enum mr_risk_rule rule)
{
    rig_check(r);
    return mr_risk_violates(&r->verdict, rule);
}

/* ---- changes ---- */

static struct mr_order as_it_is(const struct rig *r, uint64_t id)
{
    const struct mr_risk_open *o = mr_risk_find_open(r->state, id);
    return (struct mr_order){.id = id,
                             .instrument = o->instrument,
                             .strategy = o->strategy,
                             .venue = o->venue,
                             .side = o->side,
                             .type = o->type,
                             .flags = o->flags,
                             .state = MR_STATE_ACKED,
                             .price = o->price,
                             .size = o->left};
}

static void a_change_counts_at_the_dearer_price_until_it_is_answered(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    uint64_t id = rig_rest(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1", 0);
    struct mr_order o = as_it_is(r, id);
    o.price = rig_number("59000");
    assert_int_equal(mr_risk_on_amend(r->state, &o, &r->limits, r->now), MR_OK);
    assert_true(r->state->firm.notional == rig_money("6000"));
    mr_risk_on_amended(r->state, &o, &r->limits);
    assert_true(r->state->firm.notional == rig_money("5900"));
    o.price = rig_number("61000");
    assert_int_equal(mr_risk_on_amend(r->state, &o, &r->limits, r->now), MR_OK);
    assert_true(r->state->firm.notional == rig_money("6100"));
    o.price = rig_number("59000"); /* refused: as it was */
    mr_risk_on_amended(r->state, &o, &r->limits);
    assert_true(r->state->firm.notional == rig_money("5900"));
    o.filled = o.size; /* nothing is left of it */
    mr_risk_on_amended(r->state, &o, &r->limits);
    assert_true(mr_risk_find_open(r->state, id)->left == 0 && r->state->firm.notional == 0);
    rig_close(r);
}

static void a_change_of_what_is_not_its_own_counts_as_a_whole_order(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    r->limits.markets[0].position_max = rig_money("0.15");
    uint64_t id = rig_rest(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1", 0);
    r->order = as_it_is(r, id);
    assert_false(violates(r, MR_RISK_ID) || violates(r, MR_RISK_POSITION));
    r->order.strategy = 1;
    assert_true(violates(r, MR_RISK_ID) && violates(r, MR_RISK_POSITION));
    r->order = as_it_is(r, id);
    r->order.filled = r->order.size; /* nothing would be left to change */
    assert_true(violates(r, MR_RISK_SIZE));
    r->order.filled--;
    assert_false(violates(r, MR_RISK_SIZE));
    rig_close(r);
}

static void a_change_that_makes_smaller_passes_a_policy_that_is_broken(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    uint64_t id = rig_rest(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1", 0);
    r->limits.policies[0] =
        (struct mr_risk_policy){.kind = MR_POLICY_POSITION, .instrument = UINT32_MAX, .max = rig_money("0.05")};
    r->limits.policy_count = 1;
    r->order = as_it_is(r, id);
    r->order.size -= rig_number("0.02");
    assert_false(violates(r, MR_RISK_POLICY_POSITION));
    r->order.size = rig_number("0.101");
    assert_true(violates(r, MR_RISK_POLICY_POSITION));
    rig_close(r);
}

/* ---- the life of an order ---- */

static void what_is_open_is_taken_however_little_is_left_or_known_of_it(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    struct mr_order o = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1");
    o.filled = o.size;
    assert_int_equal(mr_risk_on_open(r->state, &o, &r->limits), MR_OK);
    mr_risk_on_not_sent(r->state, o.id); /* it was never counted as sent by us */
    assert_true(r->state->sent == 0);
    o = rig_order(r, RIG_ETH, MR_SIDE_BUY, "0", "1");
    o.type = MR_ORDER_MARKET;
    r->views[RIG_ETH].ask_count = 0; /* no price for it: the last mid that was known */
    mr_risk_on_market(r->state, &r->views[RIG_ETH]);
    assert_int_equal(mr_risk_on_open(r->state, &o, &r->limits), MR_OK);
    assert_true(r->state->firm.notional == rig_money("3000"));
    rig_reset(r);
    rig_hold(r, RIG_BTC, "1");
    rig_rest(r, RIG_BTC, MR_SIDE_SELL, "60000", "1", MR_ORDER_REDUCE_ONLY);
    assert_true(r->state->orders_margin == 0); /* what reduces needs none */
    /* a fill ends a row of refusals, and so does a person */
    for (int ended = 0; ended < 2; ended++)
        mr_risk_on_end(r->state, rig_rest(r, RIG_ETH, MR_SIDE_BUY, "3000", "1", 0), MR_STATE_REJECTED);
    mr_risk_on_end(r->state, rig_rest(r, RIG_ETH, MR_SIDE_BUY, "3000", "1", 0), MR_STATE_CANCELLED);
    uint64_t id = rig_rest(r, RIG_ETH, MR_SIDE_BUY, "3000", "1", 0);
    r->state->rejects = 2;
    const struct mr_fill fill = {.instrument = RIG_ETH, .order = id, .side = MR_SIDE_BUY, .size = 1};
    mr_risk_on_fill(r->state, &fill, NULL);
    assert_int_equal(r->state->rejects, 0);
    r->state->rejects = r->state->losses = 5;
    mr_risk_forgive(r->state);
    assert_true(r->state->rejects == 0 && r->state->losses == 0);
    rig_close(r);
}

static void exits_however_often_throttle_nobody(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    r->limits.rate.repeats_max = 2;
    for (unsigned i = 0; i < 6; i++) {
        struct mr_order o = rig_order(r, RIG_ETH, MR_SIDE_BUY, "3000", "1");
        o.role = i % 2 ? MR_ROLE_EXIT : MR_ROLE_ENTRY;
        o.flags = i % 2 ? 0 : MR_ORDER_REDUCE_ONLY;
        assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now), MR_OK);
        assert_false(mr_risk_strategy(r->state, 0)->throttled);
    }
    for (unsigned i = 0; i < 2; i++)
        rig_rest(r, RIG_ETH, MR_SIDE_BUY, "3000", "1", 0);
    assert_true(mr_risk_strategy(r->state, 0)->throttled);
    mr_risk_enable_strategy(r->state, 0);
    rig_rest(r, RIG_ETH, MR_SIDE_BUY, "3000", "1", 0); /* the first of a new row */
    assert_false(mr_risk_strategy(r->state, 0)->throttled);
    rig_rest(r, RIG_ETH, MR_SIDE_BUY, "3000", "1", 0);
    assert_true(mr_risk_strategy(r->state, 0)->throttled);
    rig_close(r);
}

static void ids_far_apart_meet_and_each_is_found_until_it_ends(void **state)
{
    (void)state;
    enum { MANY = MR_ORDERS_MAX };
    struct rig *r = rig_open();
    static uint64_t ids[MANY];
    struct mr_random random = {17};
    for (uint32_t i = 0; i < MANY; i++) {
        struct mr_order o = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.001");
        ids[i] = o.id = ((uint64_t)5 << 32) + 1 + mr_random_below(&random, 4000) * MANY + i; /* each another one */
        assert_int_equal(mr_risk_on_open(r->state, &o, &r->limits), MR_OK);
    }
    for (uint32_t left = MANY; left; left--) {
        uint32_t k = (uint32_t)mr_random_below(&random, left);
        mr_risk_on_end(r->state, ids[k], MR_STATE_CANCELLED);
        assert_null(mr_risk_find_open(r->state, ids[k]));
        ids[k] = ids[left - 1];
        for (uint32_t i = left > 60 ? left - 60 : 0; i + 1 < left; i++)
            assert_true(mr_risk_find_open(r->state, ids[i])->id == ids[i]);
    }
    rig_close(r);
}

static void ids_that_were_never_used_stay_free_as_the_newest_goes_on(void **state)
{
    (void)state;
    static const uint64_t steps[] = {1, MR_RISK_IDS - 1, 100, 3 * MR_RISK_IDS + 7, MR_RISK_IDS, MR_RISK_IDS + 1, 64, 1};
    struct rig *r = rig_open();
    const uint64_t first = ((uint64_t)7 << 32) + 5;
    uint64_t id = first;
    for (size_t i = 0; i < MR_COUNT_OF(steps); i++) {
        struct mr_order o = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.001");
        o.id = id += steps[i];
        assert_false(mr_risk_id_used(r->state, id));
        assert_int_equal(mr_risk_on_open(r->state, &o, &r->limits), MR_OK);
        for (uint64_t back = 0; back < MR_RISK_IDS; back++) {
            uint64_t at = id - back, known = id;
            bool used = false;
            for (size_t k = i + 1; k-- > 0; known -= steps[k])
                used |= at == known;
            if (mr_risk_id_used(r->state, at) != used && at > first - 5)
                fail_msg("step %zu: %llu back", i, (unsigned long long)back);
        }
        assert_true(mr_risk_id_used(r->state, id - MR_RISK_IDS)); /* too long ago to know */
    }
    rig_close(r);
}

/* ---- time ---- */

static void a_clock_that_begins_at_one(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    const struct mr_risk_config config = r->state->config;
    r->state = mr_risk_init(r->state, &config);
    for (uint32_t i = 0; i < RIG_INSTRUMENTS; i++)
        assert_int_equal(mr_risk_on_instrument(r->state, i, mr_instruments_get(r->instruments, i)), MR_OK);
    r->now = 0;
    assert_true(violates(r, MR_RISK_CLOCK));
    r->now = 1;
    assert_false(violates(r, MR_RISK_CLOCK));
    mr_risk_on_reconciled(r->state, r->order.venue, false, 1);
    r->now = 5;
    assert_true(violates(r, MR_RISK_RECONCILE));
    assert_true(r->verdict.measured[MR_RISK_RECONCILE].value == 4);
    mr_risk_on_reconciled(r->state, r->order.venue, false, 0); /* never */
    assert_true(violates(r, MR_RISK_RECONCILE));
    assert_true(r->verdict.measured[MR_RISK_RECONCILE].value == INT64_MAX);
    rig_close(r);
}

static void hours_from_a_minute_to_the_same_are_a_day(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    r->limits.hours.from_minute = r->limits.hours.to_minute = 600;
    for (int hour = 0; hour < 15; hour++, r->now += 3600 * (int64_t)RIG_S)
        assert_false(violates(r, MR_RISK_HOURS));
    rig_close(r);
}

static void requests_of_one_moment_are_as_young_as_the_youngest(void **state)
{
    (void)state;
    const int64_t begin = RIG_NOW, ms = RIG_MS; /* whole tenths of a second */
    for (int back = 0; back < 2; back++) {
        struct rig *r = rig_open();
        const struct mr_risk_window *w = &r->state->venues[1].weight;
        mr_risk_on_weight(r->state, 1, 3, begin + (back ? 50 * ms : 0));
        mr_risk_on_weight(r->state, 1, 4, begin + (back ? 0 : 50 * ms)); /* the clock may step back */
        mr_risk_on_weight(r->state, 1, 5, begin + 100 * ms);             /* of another moment */
        assert_int_equal(mr_risk_window_sum(w, begin + 100 * ms, 60 * ms), 12);
        assert_int_equal(mr_risk_window_sum(w, begin + 100 * ms, 50 * ms), 5);
        assert_int_equal(mr_risk_window_sum(w, begin + 100 * ms, ms), 5);
        rig_close(r);
    }
    struct rig *r = rig_open();
    static const int64_t at[] = {100, 200, 50, 210}; /* 50 counts as if it had been 200 */
    for (size_t i = 0; i < MR_COUNT_OF(at); i++)
        mr_risk_on_cancel(r->state, 99, 1, begin + at[i]);
    assert_int_equal(mr_risk_window_sum(&r->state->cancels, begin + 210, 20), 3);
    assert_int_equal(mr_risk_window_sum(&r->state->cancels, begin + 210, 10), 1);
    rig_close(r);
}

static void an_empty_state_is_empty_to_its_end(void **state)
{
    (void)state;
    const struct mr_risk_config config = {.instruments = 1, .strategies = 1, .symbols = 1};
    size_t bytes = mr_risk_bytes(&config);
    char *mem = aligned_alloc(64, bytes);
    memset(mem, 0x5a, bytes);
    struct mr_risk_state *s = mr_risk_init(mem, &config);
    for (size_t i = s->strategies_at; i < bytes; i++)
        assert_int_equal(mem[i], 0);
    assert_true(mr_risk_instrument(s, 0)->first == MR_RISK_NONE && s->open[MR_ORDERS_MAX - 1].next == MR_RISK_NONE);
    free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_counts_at_the_dearer_price_until_it_is_answered),
        cmocka_unit_test(a_change_of_what_is_not_its_own_counts_as_a_whole_order),
        cmocka_unit_test(a_change_that_makes_smaller_passes_a_policy_that_is_broken),
        cmocka_unit_test(what_is_open_is_taken_however_little_is_left_or_known_of_it),
        cmocka_unit_test(exits_however_often_throttle_nobody),
        cmocka_unit_test(ids_far_apart_meet_and_each_is_found_until_it_ends),
        cmocka_unit_test(ids_that_were_never_used_stay_free_as_the_newest_goes_on),
        cmocka_unit_test(a_clock_that_begins_at_one),
        cmocka_unit_test(hours_from_a_minute_to_the_same_are_a_day),
        cmocka_unit_test(requests_of_one_moment_are_as_young_as_the_youngest),
        cmocka_unit_test(an_empty_state_is_empty_to_its_end),
    };
    return MR_TEST_MAIN(tests);
}
