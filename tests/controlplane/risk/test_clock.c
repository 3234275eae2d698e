/* The wall clock is set, an hour forward and an hour back: the gate's windows go by time that passes. What a caller holds of the wall clock's time
 * (the trade tile never goes back with it) is `now`; what has passed is told beside it. */
#include "tests/controlplane/risk/rig.h"

#define WINDOW ((int64_t)10 * RIG_S)
#define HOUR ((int64_t)3600 * RIG_S)
#define EVENTS 3

static const unsigned windows[] = {MR_RISK_RATE, MR_RISK_RATE_STRATEGY, MR_RISK_CANCEL_RATE, MR_RISK_WEIGHT,
                                   MR_RISK_DUPLICATE};

static void narrow(struct rig *r)
{
    struct mr_risk_limits *m = &r->limits;
    m->rate.orders_ns = m->rate.cancels_ns = m->rate.weight_ns = m->rate.repeats_ns = m->order.duplicate_ns = WINDOW;
    m->rate.orders_max = m->rate.strategy_orders_max = EVENTS;
    m->rate.cancels_max = EVENTS - 1;
    m->rate.weight_max = EVENTS * m->rate.order_weight + EVENTS;
    m->rate.repeats_max = EVENTS + 1;
}

static void entry(struct rig *r)
{
    struct mr_order o = rig_order(r, RIG_BTC, MR_SIDE_BUY, "60000", "0.1");
    o.role = MR_ROLE_ENTRY;
    assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now), MR_OK);
}

/* All windows are full: orders, cancels, weight, the same order again; one more in the same direction is a repetition. */
static struct rig *full(void)
{
    struct rig *r = rig_open();
    narrow(r);
    for (int i = 0; i < EVENTS; i++) {
        entry(r);
        mr_risk_on_cancel(r->state, r->order.venue, 1, r->now);
    }
    return r;
}

static void expect(struct rig *r, bool shut)
{
    r->order.id = ++r->ids;
    mr_risk_on_time(r->state, r->now);
    rig_check(r);
    for (size_t i = 0; i < MR_COUNT_OF(windows); i++)
        if (mr_risk_violates(&r->verdict, windows[i]) != shut)
            fail_msg("%s is %s", mr_risk_rules[windows[i]].name, shut ? "open" : "shut");
    assert_false(mr_risk_violates(&r->verdict, MR_RISK_CLOCK));
}

static bool next_is_a_repetition(struct rig *r)
{
    entry(r);
    return mr_risk_strategy(r->state, r->order.strategy)->throttled;
}

static void a_clock_set_forward_opens_no_window(void **state)
{
    (void)state;
    const int64_t steps[] = {0, WINDOW - 1};
    for (size_t i = 0; i < MR_COUNT_OF(steps); i++) {
        struct rig *r = full();
        mr_risk_on_clock(r->state, r->now);
        r->now += HOUR;
        mr_risk_on_clock(r->state, RIG_NOW + steps[i]);
        expect(r, true);
        assert_true(next_is_a_repetition(r));
        rig_close(r);
    }
    struct rig *r = full();
    r->now += HOUR;
    mr_risk_on_clock(r->state, RIG_NOW + WINDOW); /* and they do open, when their time has passed */
    expect(r, false);
    assert_false(next_is_a_repetition(r));
    rig_close(r);
}

static void a_clock_set_back_keeps_no_window_shut(void **state)
{
    (void)state;
    struct rig *r = full();
    mr_risk_on_clock(r->state,
                     RIG_NOW + WINDOW - 1); /* the time given stands still, until the wall clock has caught up */
    expect(r, true);
    mr_risk_on_clock(r->state, RIG_NOW + WINDOW);
    expect(r, false);
    assert_false(next_is_a_repetition(r));
    rig_close(r);
}

/* Events while the wall clock's time stands still are as old as they are. */
static void events_of_one_time_given_are_told_apart(void **state)
{
    (void)state;
    struct rig *r = full();
    mr_risk_on_clock(r->state, RIG_NOW + WINDOW);
    entry(r);
    assert_true(mr_risk_window_sum(&r->state->orders, RIG_NOW + WINDOW, WINDOW) == 1);
    mr_risk_on_clock(r->state, RIG_NOW + 2 * WINDOW - 1);
    assert_true(mr_risk_window_sum(&r->state->orders, RIG_NOW + 2 * WINDOW - 1, WINDOW) == 1);
    rig_close(r);
}

static void time_that_passes_does_not_go_back(void **state)
{
    (void)state;
    struct rig *r = full();
    mr_risk_on_clock(r->state, RIG_NOW + WINDOW);
    mr_risk_on_clock(r->state, RIG_NOW);
    expect(r, false);
    rig_close(r);
}

static void who_never_tells_the_clock_is_believed(void **state)
{
    (void)state;
    struct rig *r = full();
    expect(r, true);
    r->now += WINDOW;
    expect(r, false);
    rig_close(r);
}

/* Its bytes brought back: windows are as full as they were. */
static void a_restart_with_the_state_keeps_the_windows(void **state)
{
    (void)state;
    struct rig *r = full();
    mr_risk_on_clock(r->state, RIG_NOW + 1);
    rig_restart(r);
    mr_risk_on_clock(r->state, RIG_NOW + WINDOW - 1);
    expect(r, true);
    mr_risk_on_clock(r->state, RIG_NOW + WINDOW);
    expect(r, false);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_set_forward_opens_no_window),
        cmocka_unit_test(a_clock_set_back_keeps_no_window_shut),
        cmocka_unit_test(events_of_one_time_given_are_told_apart),
        cmocka_unit_test(time_that_passes_does_not_go_back),
        cmocka_unit_test(who_never_tells_the_clock_is_believed),
        cmocka_unit_test(a_restart_with_the_state_keeps_the_windows),
    };
    return MR_TEST_MAIN(tests);
}
