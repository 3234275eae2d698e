/* An operator's TWAP and iceberg through the trade tile: the same gate, the paper exchange, a stop, a pause, a restart. */
#include <stdlib.h>

#include "tests/controlplane/trade/rig.h"
#include "tests/support/support.h"

static struct rig *r;

static int begin(void **state)
{
    *state = r = rig_new();
    return 0;
}

/* 0.016 BTC. */
static struct mr_slices_plan wish(unsigned kind, mr_price limit)
{
    struct mr_slices_plan p = {.parent = {.instrument = RIG_BTC,
                                          .side = MR_SIDE_BUY,
                                          .type = MR_ORDER_LIMIT,
                                          .tif = MR_TIF_GTC,
                                          .price = limit,
                                          .size = 16},
                               .kind = (uint8_t)kind};
    if (kind == MR_SLICES_ICEBERG) {
        p.shown = 4;
    } else {
        p.slices = 4;
        p.duration_ns = 4 * RIG_S;
    }
    return p;
}

static uint64_t slice(struct mr_slices_plan p)
{
    struct mr_err err = {""};
    uint64_t id = 0;
    if (mr_trade_slice(r->trade, &p, r->now, &id, &err) != MR_OK)
        fail_msg("%s", err.text);
    return id;
}

static uint32_t open_parents(void) { return mr_slices_open_count(mr_trade_slices(r->trade)); }

static void a_twap_is_filled_in_its_time_and_says_how_well(void **state)
{
    (void)state;
    slice(wish(MR_SLICES_TWAP, 6010000)); /* above the ask: each part takes */
    assert_non_null(strstr(r->last[MR_TOLD_HELD], "is working"));
    rig_run(r, 900);
    assert_int_equal(rig_held(r, RIG_BTC), 4);
    rig_run(r, 1000);
    assert_int_equal(rig_held(r, RIG_BTC), 8);
    rig_run(r, 2000);
    assert_int_equal(rig_held(r, RIG_BTC), 16);
    assert_int_equal(open_parents(), 0);
    assert_non_null(strstr(r->last[MR_TOLD_HELD], "is done; 100.00 % filled, slippage "));
    rig_sound(r);
}

static void what_cannot_be_is_refused_in_words(void **state)
{
    (void)state;
    struct mr_err err = {""};
    uint64_t id;
    struct mr_slices_plan p = wish(MR_SLICES_TWAP, 6010000);
    p.slices = 5;
    assert_int_equal(mr_trade_slice(r->trade, &p, r->now, &id, &err), MR_E_RANGE);
    assert_non_null(strstr(err.text, "a second or more for each"));
    p = wish(MR_SLICES_ICEBERG, 6010000);
    p.parent.instrument = 5;
    assert_int_equal(mr_trade_slice(r->trade, &p, r->now, &id, &err), MR_E_SYMBOL);
    assert_int_equal(mr_trade_go(r->trade, MR_LIFE_PAUSED, MR_ACTOR_ADMIN, 0, "lunch", r->now, &err), MR_OK);
    p = wish(MR_SLICES_ICEBERG, 6010000);
    assert_int_equal(mr_trade_slice(r->trade, &p, r->now, &id, &err), MR_E_STALE);
    assert_non_null(strstr(err.text, "paused"));
    assert_int_equal(mr_trade_cancel(r->trade, MR_SLICES_ID | 7, r->now, &err), MR_E_EMPTY);
    assert_int_equal(open_parents(), 0);
}

static void an_iceberg_rests_part_by_part_and_goes_with_its_parent(void **state)
{
    (void)state;
    struct mr_err err = {""};
    uint64_t id = slice(wish(MR_SLICES_ICEBERG, 5990000));
    rig_run(r, 2000);
    assert_int_equal(mr_paper_open(r->paper), 1);
    const struct mr_record_slices *p = mr_slices_find(mr_trade_slices(r->trade), id);
    const struct mr_order *o = mr_orders_find(mr_trade_orders(r->trade), p->child[0].id);
    assert_true(o->size == 4 && o->price == 5990000 && o->parent == id && o->strategy == MR_TRADE_MANUAL);
    assert_true(o->flags == MR_ORDER_MANUAL);
    assert_int_equal(mr_trade_cancel(r->trade, id, r->now, &err), MR_OK);
    rig_run(r, 1000);
    assert_int_equal(mr_paper_open(r->paper) + open_parents(), 0);
    assert_non_null(strstr(r->last[MR_TOLD_HELD], "is cancelled: as asked; nothing is filled"));
    rig_sound(r);
}

static void nothing_follows_when_all_is_cancelled(void **state)
{
    (void)state;
    slice(wish(MR_SLICES_ICEBERG, 5990000));
    rig_run(r, 500);
    assert_int_equal(mr_trade_cancel_all(r->trade, r->now), 1);
    rig_run(r, 5000);
    assert_int_equal(mr_paper_open(r->paper) + open_parents(), 0);
    rig_sound(r);
}

static void a_position_that_is_closed_is_not_opened_again(void **state)
{
    (void)state;
    struct mr_err err = {""};
    slice(wish(MR_SLICES_TWAP, 6010000));
    rig_run(r, 900);
    assert_int_equal(rig_held(r, RIG_BTC), 4);
    assert_int_equal(mr_trade_close(r->trade, RIG_BTC, r->now, &err), MR_OK);
    rig_run(r, 5000);
    assert_int_equal(rig_held(r, RIG_BTC), 0);
    assert_int_equal(open_parents(), 0);
    rig_sound(r);
}

static void a_stop_ends_it(void **state)
{
    (void)state;
    slice(wish(MR_SLICES_ICEBERG, 5990000));
    rig_run(r, 500);
    mr_kill_raise(r->kill, MR_KILL_BY_SOCKET);
    rig_run(r, 3000);
    assert_int_equal(mr_trade_life(r->trade)->state, MR_LIFE_EMERGENCY_STOP);
    assert_int_equal(mr_paper_open(r->paper) + open_parents(), 0);
    rig_sound(r);
}

static void a_pause_holds_what_has_not_left_and_what_is_out_stays(void **state)
{
    (void)state;
    struct mr_err err = {""};
    uint64_t id = slice(wish(MR_SLICES_ICEBERG, 5990000));
    rig_run(r, 500);
    assert_int_equal(mr_trade_go(r->trade, MR_LIFE_PAUSED, MR_ACTOR_ADMIN, 0, "lunch", r->now, &err), MR_OK);
    rig_run(r, 500);
    assert_int_equal(mr_paper_open(r->paper), 1);
    uint64_t child = mr_slices_find(mr_trade_slices(r->trade), id)->child[0].id;
    assert_int_equal(mr_trade_cancel(r->trade, child, r->now, &err), MR_OK);
    rig_run(r, 10000);
    assert_int_equal(mr_paper_open(r->paper), 0);
    assert_int_equal(open_parents(), 1);
    assert_int_equal(mr_trade_go(r->trade, MR_LIFE_TRADING, MR_ACTOR_ADMIN, 0, "back", r->now, &err), MR_OK);
    rig_run(r, 2000);
    assert_int_equal(mr_paper_open(r->paper), 1);
    rig_sound(r);
}

static void a_restart_finds_the_child_and_goes_on(void **state)
{
    (void)state;
    uint64_t id = slice(wish(MR_SLICES_ICEBERG, 5990000));
    rig_run(r, 500);
    uint64_t child = mr_slices_find(mr_trade_slices(r->trade), id)->child[0].id;
    rig_restart(r);
    assert_true(mr_slices_find(mr_trade_slices(r->trade), id)->child[0].id == child);
    rig_run(r, 20000);
    rig_trade_on(r);
    rig_price(r, RIG_BTC, 5980000); /* below its price: part by part is filled */
    rig_run(r, 5000);
    assert_int_equal(rig_held(r, RIG_BTC), 16);
    assert_int_equal(open_parents(), 0);
    rig_sound(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_twap_is_filled_in_its_time_and_says_how_well, begin, rig_end),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_refused_in_words, begin, rig_end),
        cmocka_unit_test_setup_teardown(an_iceberg_rests_part_by_part_and_goes_with_its_parent, begin, rig_end),
        cmocka_unit_test_setup_teardown(nothing_follows_when_all_is_cancelled, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_position_that_is_closed_is_not_opened_again, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_stop_ends_it, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_pause_holds_what_has_not_left_and_what_is_out_stays, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_restart_finds_the_child_and_goes_on, begin, rig_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
