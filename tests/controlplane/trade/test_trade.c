/* From a signal to a position and out again; what stops it; what a restart leaves. */
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/trade/records.h"
#include "tests/controlplane/trade/rig.h"
#include "tests/support/support.h"

static struct rig *r;

static int begin(void **state)
{
    *state = r = rig_new();
    return 0;
}

/* A fall of BTC by 30 basis points, then its level. */
static void cascade(void)
{
    rig_price(r, RIG_BTC, 5982000);
    rig_run(r, 1000);
    rig_signal(r, "BTC", MR_LEVEL_CRITICAL);
}

static void a_cascade_is_followed_and_left(void **state)
{
    (void)state;
    struct mr_trade_account a;
    cascade();
    rig_run(r, 100);
    assert_true(rig_held(r, RIG_BTC) < 0);
    mr_trade_account(r->trade, &a);
    assert_int_equal(a.approved, 3); /* entry, stop, target */
    assert_int_equal(a.open_orders, 2);
    assert_int_equal(a.open_positions, 1);
    rig_sound(r);
    rig_price(r, RIG_BTC, 5970000);
    rig_run(r, 500);
    rig_signal(r, "BTC", MR_LEVEL_NONE);
    rig_run(r, 500);
    assert_int_equal(rig_held(r, RIG_BTC), 0);
    mr_trade_account(r->trade, &a);
    assert_int_equal(a.open_positions, 0);
    assert_int_equal(a.open_orders, 0);
    assert_true(a.realised > 0);
    rig_sound(r);
}

static void a_position_ends_when_its_time_is_over(void **state)
{
    (void)state;
    cascade();
    rig_run(r, 59000);
    assert_true(rig_held(r, RIG_BTC) < 0);
    rig_run(r, 3000);
    assert_int_equal(rig_held(r, RIG_BTC), 0);
    rig_sound(r);
}

static void a_stop_ends_a_loss_and_the_target_goes_with_it(void **state)
{
    (void)state;
    struct mr_trade_account a;
    cascade();
    rig_run(r, 100);
    assert_true(rig_held(r, RIG_BTC) < 0);
    rig_price(r, RIG_BTC, 5998000); /* 0.27 % against us, where the stop is at 0.2 % of the price */
    rig_run(r, 500);
    assert_int_equal(rig_held(r, RIG_BTC), 0);
    assert_int_equal(mr_paper_open(r->paper), 0);
    mr_trade_account(r->trade, &a);
    assert_true(a.realised < 0);
    assert_int_equal(mr_trade_risk(r->trade)->losses, 1);
    rig_sound(r);
}

static void nothing_is_opened_unless_trading(void **state)
{
    (void)state;
    struct mr_err err;
    struct mr_trade_account a;
    assert_int_equal(mr_trade_go(r->trade, MR_LIFE_PAUSED, MR_ACTOR_OPERATOR, 0, "lunch", r->now, &err), MR_OK);
    cascade();
    rig_run(r, 1000);
    assert_int_equal(rig_held(r, RIG_BTC), 0);
    mr_trade_account(r->trade, &a);
    assert_int_equal(a.dropped, 1);
    assert_string_equal(r->last[MR_TOLD_INTENT], "follower: dropped: not trading");
}

static void nothing_leaves_before_it_is_durable_and_no_fill_counts_before(void **state)
{
    (void)state;
    struct mr_paper_counts n;
    r->hold_disk = true;
    cascade();
    rig_run(r, 1000);
    mr_paper_counts(r->paper, &n);
    assert_int_equal(n.placed, 0);
    r->durable = r->appended;
    rig_run(r, 100);
    mr_paper_counts(r->paper, &n);
    assert_int_equal(n.placed, 1);
    assert_true(rig_held(r, RIG_BTC) < 0);
    struct mr_trade_account a;
    mr_trade_account(r->trade, &a);
    assert_int_equal(a.fills, 0); /* heard, not on disk */
    r->hold_disk = false;
    r->durable = r->appended;
    rig_run(r, 100);
    mr_trade_account(r->trade, &a);
    assert_true(a.fills > 0);
    rig_sound(r);
}

static void the_kill_switch_closes_the_gate_and_stops_everything(void **state)
{
    (void)state;
    cascade();
    rig_run(r, 100);
    assert_true(rig_held(r, RIG_BTC) < 0);
    mr_kill_raise(r->kill, MR_KILL_BY_SOCKET);
    rig_run(r, 20);
    assert_int_equal(mr_trade_life(r->trade)->state, MR_LIFE_EMERGENCY_STOP);
    rig_run(r, 3000);
    assert_int_equal(rig_held(r, RIG_BTC), 0);
    assert_int_equal(r->notified, 1);
    assert_int_equal(r->dumped, 1);
    struct mr_err err;
    assert_int_equal(mr_trade_release(r->trade, false, r->now, &err), MR_OK);
    assert_true(mr_trade_go(r->trade, MR_LIFE_READY, MR_ACTOR_ADMIN, 0, "looked", r->now, &err) !=
                MR_OK); /* it is on still */
    rig_sound(r);
}

static void a_journal_that_fails_stops_trading_and_says_why(void **state)
{
    (void)state;
    r->failed = "fdatasync: Input/output error";
    rig_run(r, 20);
    assert_int_equal(mr_trade_life(r->trade)->state, MR_LIFE_EMERGENCY_STOP);
    assert_non_null(strstr(mr_trade_stopping(r->trade)->reason, "Input/output error"));
    cascade();
    rig_run(r, 1000);
    assert_int_equal(rig_held(r, RIG_BTC), 0);
}

static void a_restart_knows_what_is_held_and_takes_it_out_when_trading_goes_on(void **state)
{
    (void)state;
    struct mr_trade_account a;
    cascade();
    rig_run(r, 100);
    mr_size held = rig_held(r, RIG_BTC);
    assert_true(held < 0);
    rig_restart(r);
    mr_trade_account(r->trade, &a);
    assert_int_equal(a.open_positions, 1);
    assert_int_equal(mr_positions_get(mr_orders_positions(mr_trade_orders(r->trade)), RIG_BTC)->size, held);
    rig_sound(r);
    rig_run(r, 20000);                            /* reconciled, warm */
    assert_int_equal(rig_held(r, RIG_BTC), held); /* not armed: nothing is done */
    rig_trade_on(r);
    rig_run(r, 2000);
    assert_int_equal(rig_held(r, RIG_BTC), 0);
    rig_sound(r);
}

static void a_fill_that_nobody_heard_is_found_after_a_restart(void **state)
{
    (void)state;
    r->hold_disk = true;
    cascade();
    rig_run(r, 10);
    r->durable = r->appended; /* the intent */
    rig_run(r, 100);
    mr_size held = rig_held(r, RIG_BTC);
    assert_true(held < 0);
    r->hold_disk = false;
    rig_restart(r); /* what was not durable is gone: the fill among it */
    rig_run(r, 20000);
    assert_int_equal(mr_positions_get(mr_orders_positions(mr_trade_orders(r->trade)), RIG_BTC)->size, held);
    rig_sound(r);
}

static void an_operator_may_trade_what_no_strategy_does(void **state)
{
    (void)state;
    struct mr_err err = {""};
    uint64_t id;
    struct mr_order o = rig_order(MR_TIF_GTC, 5990000, 10);
    r->config.strategy_count = 0;
    r->config.leverage = 5;
    rig_restart(r);
    rig_run(r, 30000);
    rig_trade_on(r);
    assert_int_equal(mr_trade_place(r->trade, &o, r->now, &id, &err), MR_OK);
    r->config.leverage = 0; /* nobody said any: nothing is opened */
    rig_restart(r);
    rig_run(r, 30000);
    rig_trade_on(r);
    assert_int_not_equal(mr_trade_place(r->trade, &o, r->now, &id, &err), MR_OK);
    assert_non_null(strstr(err.text, "leverage"));
}

static void orders_of_an_operator_pass_the_same_gate(void **state)
{
    (void)state;
    struct mr_err err = {""};
    uint64_t id;
    struct mr_order o = rig_order(MR_TIF_GTC, 5990000, 10);
    if (mr_trade_place(r->trade, &o, r->now, &id, &err) != MR_OK)
        print_error("%s\n", err.text);
    rig_run(r, 100);
    assert_int_equal(mr_paper_open(r->paper), 1);
    o.size = 2000000;
    assert_true(mr_trade_place(r->trade, &o, r->now, &id, &err) != MR_OK);
    assert_non_null(strstr(err.text, "the order is larger than one order may be"));
    o.instrument = 5;
    assert_true(mr_trade_place(r->trade, &o, r->now, &id, &err) != MR_OK);
    assert_int_equal(mr_trade_cancel_all(r->trade, r->now), 1);
    rig_run(r, 100);
    assert_int_equal(mr_paper_open(r->paper), 0);
    assert_int_equal(mr_trade_cancel(r->trade, 4711, r->now, &err), MR_E_EMPTY);
    rig_sound(r);
}

static struct mr_order resting(mr_size size)
{
    return (struct mr_order){.instrument = RIG_BTC,
                             .venue = 1,
                             .side = MR_SIDE_BUY,
                             .type = MR_ORDER_LIMIT,
                             .tif = MR_TIF_GTC,
                             .price = 5990000,
                             .size = size};
}

static void an_order_that_waits_while_the_limits_change_does_not_leave(void **state)
{
    (void)state;
    struct mr_err err = {""};
    uint64_t id;
    const struct mr_order o = resting(10);
    r->hold_disk = true;
    assert_int_equal(mr_trade_place(r->trade, &o, r->now, &id, &err), MR_OK);
    rig_run(r, 50);
    r->limits.version++;
    r->limits.markets[0].position_max = MR_MONEY_ONE / 1000;
    mr_trade_limits(r->trade, &r->limits, r->now);
    r->hold_disk = false;
    r->durable = r->appended;
    rig_run(r, 100);
    assert_int_equal(mr_paper_open(r->paper), 0);
    assert_int_equal(mr_orders_find(mr_trade_orders(r->trade), id)->state, MR_STATE_DENIED);
    rig_sound(r);
}

static uint32_t denials(void)
{
    uint32_t n = 0;
    for (uint64_t i = 0; i < r->appended; i++) {
        struct mr_record_decision d;
        if (r->record[i].kind != MR_JOURNAL_DECISION)
            continue;
        memcpy(&d, (const char *)r->record[i].payload + 8, sizeof d);
        n += !d.allowed;
    }
    return n;
}

static void a_denial_is_recorded_also_when_the_journal_took_nothing_then(void **state)
{
    (void)state;
    struct mr_err err = {""};
    uint64_t id;
    const struct mr_order o = resting(2000000);
    r->full = true;
    struct mr_instrument it = *mr_instruments_get(r->instruments, RIG_BTC);
    it.tick = 20; /* what its number means has to be written first, too */
    assert_int_equal(mr_instruments_add(r->instruments, &it), RIG_BTC);
    mr_trade_metadata(r->trade, RIG_BTC);
    assert_true(mr_trade_place(r->trade, &o, r->now, &id, &err) != MR_OK);
    rig_run(r, 50);
    assert_int_equal(denials(), 0);
    r->full = false;
    uint64_t before = r->appended;
    rig_run(r, 50);
    assert_int_equal(denials(), 1);
    uint64_t name = 0, decision = 0; /* where they stand, from 1 on */
    for (uint64_t i = before; i < r->appended; i++) {
        const struct mr_record_head *head = rig_payload(r, i);
        if (r->record[i].kind == MR_JOURNAL_BEGIN && head->what == MR_RECORD_INSTRUMENT)
            name = i + 1;
        if (r->record[i].kind == MR_JOURNAL_DECISION && head->what == MR_RECORD_DECISION)
            decision = i + 1;
    }
    assert_true(name && decision > name);
    rig_sound(r);
}

/* The first record that says what an instrument's number means. */
static struct mr_record_instrument named(uint32_t id)
{
    struct mr_record_instrument out = {.id = UINT32_MAX};
    for (uint64_t i = 0; i < r->appended; i++) {
        const struct mr_record_head *head = rig_payload(r, i);
        if (r->record[i].kind != MR_JOURNAL_BEGIN || head->what != MR_RECORD_INSTRUMENT)
            continue;
        memcpy(&out, rig_payload(r, i), sizeof out);
        if (out.id == id)
            return out;
    }
    fail_msg("the journal does not name instrument %u", id);
    return out;
}

static void a_number_that_names_another_instrument_than_the_journal_says_is_refused(void **state)
{
    (void)state;
    struct mr_record_instrument it = named(RIG_ETH);
    struct mr_trade *t;
    struct mr_err err;
    const struct mr_trade_ports ports = {.journal = {0}};
    void *mem = aligned_alloc(64, (mr_trade_bytes(&r->config) + 63) / 64 * 64);
    assert_int_equal(mr_trade_init(mem, &r->config, &ports, &t, &err), MR_OK);
    assert_string_equal(it.name, "binance:spot:ETHUSDT");
    assert_int_equal(mr_trade_restore(t, MR_JOURNAL_BEGIN, &it, sizeof it, r->now), MR_OK);
    it.id = RIG_BTC;
    assert_int_equal(mr_trade_restore(t, MR_JOURNAL_BEGIN, &it, sizeof it, r->now), MR_E_SYMBOL);
    it = named(RIG_BTC);
    it.size_scale++; /* what was 1.000 is 0.1000 now */
    assert_int_equal(mr_trade_restore(t, MR_JOURNAL_BEGIN, &it, sizeof it, r->now), MR_E_RANGE);
    it.flags |= MR_INSTRUMENT_NO_METADATA; /* a guess, by which nothing was ordered */
    assert_int_equal(mr_trade_restore(t, MR_JOURNAL_BEGIN, &it, sizeof it, r->now), MR_OK);
    it.id = 7; /* not traded any more: a record about it would be refused */
    assert_int_equal(mr_trade_restore(t, MR_JOURNAL_BEGIN, &it, sizeof it, r->now), MR_OK);
    it.head.version++;
    assert_int_equal(mr_trade_restore(t, MR_JOURNAL_BEGIN, &it, sizeof it, r->now), MR_E_VERSION);
    it.head.version--;
    it.head.bytes = 100;
    assert_int_equal(mr_trade_restore(t, MR_JOURNAL_BEGIN, &it, 100, r->now), MR_E_CORRUPT);
    free(mem);
}

static void a_run_is_restored_from_a_record_that_does_not_name_its_strategies(void **state)
{
    (void)state;
    struct mr_trade *t;
    struct mr_err err;
    const struct mr_trade_ports ports = {.journal = {0}};
    struct mr_record_begin b = {.head = {MR_RECORDS_VERSION, MR_RECORD_BEGIN, sizeof b}, .epoch = 6};
    void *mem = aligned_alloc(64, (mr_trade_bytes(&r->config) + 63) / 64 * 64);
    assert_int_equal(mr_trade_init(mem, &r->config, &ports, &t, &err), MR_OK);
    assert_int_equal(mr_trade_restore(t, MR_JOURNAL_BEGIN, &b, sizeof b, r->now), MR_OK);
    assert_int_equal(mr_trade_epoch_seen(t), 6);
    b.head.bytes = MR_RECORD_BEGIN_UNNAMED;
    b.epoch = 7;
    assert_int_equal(mr_trade_restore(t, MR_JOURNAL_BEGIN, &b, MR_RECORD_BEGIN_UNNAMED, r->now), MR_OK);
    assert_int_equal(mr_trade_epoch_seen(t), 7);
    b.head.bytes = 40;
    assert_int_equal(mr_trade_restore(t, MR_JOURNAL_BEGIN, &b, 40, r->now), MR_E_CORRUPT);
    free(mem);
}

static void changed_metadata_is_in_the_journal_before_the_next_decision(void **state)
{
    (void)state;
    struct mr_instrument it = *mr_instruments_get(r->instruments, RIG_BTC);
    uint64_t before = r->appended;
    mr_trade_metadata(r->trade, RIG_BTC);
    assert_int_equal(r->appended, before); /* nothing has changed */
    it.tick = 20;
    assert_int_equal(mr_instruments_add(r->instruments, &it), RIG_BTC);
    mr_trade_metadata(r->trade, RIG_BTC);
    assert_int_equal(r->appended, before + 1);
    const struct mr_record_instrument *last = rig_payload(r, before);
    assert_int_equal(last->head.what, MR_RECORD_INSTRUMENT);
    assert_int_equal(last->tick, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cascade_is_followed_and_left, begin, rig_end),
        cmocka_unit_test_setup_teardown(an_operator_may_trade_what_no_strategy_does, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_position_ends_when_its_time_is_over, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_stop_ends_a_loss_and_the_target_goes_with_it, begin, rig_end),
        cmocka_unit_test_setup_teardown(nothing_is_opened_unless_trading, begin, rig_end),
        cmocka_unit_test_setup_teardown(nothing_leaves_before_it_is_durable_and_no_fill_counts_before, begin, rig_end),
        cmocka_unit_test_setup_teardown(the_kill_switch_closes_the_gate_and_stops_everything, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_journal_that_fails_stops_trading_and_says_why, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_restart_knows_what_is_held_and_takes_it_out_when_trading_goes_on, begin,
                                        rig_end),
        cmocka_unit_test_setup_teardown(a_fill_that_nobody_heard_is_found_after_a_restart, begin, rig_end),
        cmocka_unit_test_setup_teardown(an_order_that_waits_while_the_limits_change_does_not_leave, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_denial_is_recorded_also_when_the_journal_took_nothing_then, begin, rig_end),
        cmocka_unit_test_setup_teardown(a_number_that_names_another_instrument_than_the_journal_says_is_refused, begin,
                                        rig_end),
        cmocka_unit_test_setup_teardown(a_run_is_restored_from_a_record_that_does_not_name_its_strategies, begin,
                                        rig_end),
        cmocka_unit_test_setup_teardown(changed_metadata_is_in_the_journal_before_the_next_decision, begin, rig_end),
        cmocka_unit_test_setup_teardown(orders_of_an_operator_pass_the_same_gate, begin, rig_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
