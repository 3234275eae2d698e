/* What stops trading by itself: each condition below and at its limit, at the very tick or fill that makes it so. */
#include <stdlib.h>

#include "tests/controlplane/trade/rig.h"
#include "tests/support/support.h"

static struct rig *r;

static int begin(void **state)
{
    *state = r = rig_new();
    return 0;
}
static const struct mr_stop *stop(void) { return mr_trade_stopping(r->trade); }
static bool trading(void) { return mr_trade_life(r->trade)->state == MR_LIFE_TRADING; }

static void limit(void (*set)(struct mr_risk_limits *limits))
{
    set(&r->limits);
    r->limits.version++;
    mr_trade_limits(r->trade, &r->limits, r->now);
}

/* By hand, without stop or target: nothing but the watch ends it. */
static void buy(mr_size size)
{
    struct mr_err err = {""};
    uint64_t id;
    struct mr_order o = rig_order(MR_TIF_IOC, 6001000, size);
    if (mr_trade_place(r->trade, &o, r->now, &id, &err) != MR_OK)
        print_error("%s\n", err.text);
    rig_run(r, 200);
    assert_int_equal(rig_held(r, RIG_BTC), size);
}

static void is_stopped(enum mr_stop_cause cause)
{
    assert_true(stop()->active);
    assert_string_equal(mr_stop_cause_name(stop()->cause), mr_stop_cause_name(cause));
    rig_run(r, 2000);
    assert_int_equal(rig_held(r, RIG_BTC), 0);
    assert_int_equal(mr_trade_life(r->trade)->state, MR_LIFE_EMERGENCY_STOP);
    assert_int_equal(stop()->stops, 1);
}

static void wide(struct mr_risk_limits *l)
{
    l->account.daily_loss_e8 = l->account.drawdown_e8 = MR_RISK_ONE;
    l->account.position_share_e8 = l->account.symbol_share_e8 = MR_RISK_ONE;
}
static void day_1(struct mr_risk_limits *l)
{
    wide(l);
    l->account.daily_loss_e8 = 1000000;
}
static void down_1(struct mr_risk_limits *l)
{
    wide(l);
    l->account.drawdown_e8 = 1000000;
}

/* 0.1 BTC of an account of 10,000: 1 % is lost when BTC has lost about 1,000. */
static void a_loss_stops_at_the_tick_that_makes_it(void **state, void (*set)(struct mr_risk_limits *))
{
    (void)state;
    limit(set);
    buy(100);
    rig_price(r, RIG_BTC, 5910000);
    rig_run(r, 100);
    assert_true(trading());
    assert_false(stop()->active);
    rig_price(r, RIG_BTC, 5890000);
    rig_run(r, 5); /* not at the next second: at this step */
    is_stopped(MR_STOP_DRAWDOWN);
}
static void the_loss_of_a_day_stops_at_the_tick_that_makes_it(void **state)
{
    a_loss_stops_at_the_tick_that_makes_it(state, day_1);
}
static void a_drawdown_stops_at_the_tick_that_makes_it(void **state)
{
    a_loss_stops_at_the_tick_that_makes_it(state, down_1);
}

static void one_loss(struct mr_risk_limits *l)
{
    wide(l);
    l->account.losses_max = 2;
}

static void as_many_losses_in_a_row_as_are_allowed_stop(void **state)
{
    struct mr_err err;
    (void)state;
    limit(one_loss);
    for (int i = 0; i < 2; i++) {
        assert_false(stop()->active);
        assert_true(trading());
        rig_price(r, RIG_BTC, 6000000);
        rig_run(r, 1000);
        buy(100);
        rig_price(r, RIG_BTC, 5999000);
        rig_run(r, 1000);
        assert_int_equal(mr_trade_close(r->trade, RIG_BTC, r->now, &err), MR_OK);
        rig_run(r, 1000);
        assert_int_equal(rig_held(r, RIG_BTC), 0);
    }
    is_stopped(MR_STOP_LOSSES);
}

static void a_book_that_is_not_live_for_a_minute_stops(void **state)
{
    (void)state;
    limit(wide);
    rig_run(r, 1000);
    r->view[RIG_ETH].flags = 0;
    rig_run(r, 58000);
    assert_true(trading());
    rig_run(r, 4000);
    is_stopped(MR_STOP_FEED);
}

static void a_kill_switch_that_is_on_stops_in_every_state(void **state)
{
    static const enum mr_life_state to[] = {MR_LIFE_READY, MR_LIFE_PAUSED};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(to); i++) {
        struct mr_err err;
        if (i) {
            rig_close(r);
            rig_open(r);
        }
        assert_int_equal(mr_trade_go(r->trade, MR_LIFE_PAUSED, MR_ACTOR_ADMIN, 0, "test", r->now, &err), MR_OK);
        mr_trade_go(r->trade, to[i], MR_ACTOR_ADMIN, 0, "test", r->now, &err);
        assert_int_equal(mr_trade_life(r->trade)->state, to[i]);
        mr_kill_raise(r->kill, MR_KILL_BY_FILE);
        rig_run(r, 5);
        is_stopped(MR_STOP_KILL);
    }
}

static void what_lasts_after_a_release_does_not_stop_anew(void **state)
{
    struct mr_err err = {""};
    (void)state;
    limit(down_1);
    buy(100);
    rig_price(r, RIG_BTC, 5890000);
    rig_run(r, 5);
    is_stopped(MR_STOP_DRAWDOWN);
    struct mr_steer_act act = {.verb = MR_STEER_RELEASE, .actor = MR_ACTOR_ADMIN, .who = "test"};
    rig_run(r, 30000);
    if (mr_trade_steer(r->trade, &act, r->now, &err) != MR_OK)
        fail_msg("%s", err.text);
    rig_run(r, 5000);
    assert_false(stop()->active);
    assert_int_equal(mr_trade_life(r->trade)->state, MR_LIFE_READY);
    assert_int_equal(stop()->stops, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_loss_of_a_day_stops_at_the_tick_that_makes_it, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_drawdown_stops_at_the_tick_that_makes_it, begin, rig_end),
        cmocka_unit_test_setup_teardown(as_many_losses_in_a_row_as_are_allowed_stop, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_book_that_is_not_live_for_a_minute_stops, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_kill_switch_that_is_on_stops_in_every_state, begin, rig_end),
        cmocka_unit_test_setup_teardown(what_lasts_after_a_release_does_not_stop_anew, begin, rig_end),
    };
    return MR_TEST_MAIN(tests);
}
