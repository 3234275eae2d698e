/* What an order's life leaves behind: in events, in records, in counters; and when what is due for it is done. */
#include "tests/controlplane/orders/rig.h"

/* The last record of that order; fails where there is none. */
static struct mr_record_order record_of(const struct rig *r, uint64_t id)
{
    struct mr_record_order o;
    for (uint64_t i = r->record_count; i-- > 0;) {
        memcpy(&o, r->records[i].payload, sizeof o);
        if (r->records[i].kind == MR_JOURNAL_ORDER && o.order.id == id)
            return o;
    }
    fail_msg("no record");
    return o;
}

/* ---- events and records ---- */

static void a_discrepancy_shows_its_fill_and_the_position_before_it(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    rig_fill(r, 0, 100, 3, "t1");
    rig_step(r);
    rig_fill(r, 0, 120, 2, "t2")->fill.instrument = 1;
    rig_step(r);
    const struct rig_event *e = rig_last_event(r, MR_ORDERS_DISCREPANCY);
    assert_int_equal(e->e.discrepancy, MR_DISCREPANCY_FOREIGN_FILL);
    assert_string_equal(e->fill.trade_id, "t2");
    assert_int_equal(e->e.venue, RIG_VENUE);
    assert_int_equal(e->position.instrument, 1);
    assert_int_equal(e->position.size, 2 * E8);
    rig_fill(r, 0, 100, 1, "t3")->fill.instrument = 4; /* of no instrument: none has a position */
    rig_step(r);
    e = rig_last_event(r, MR_ORDERS_DISCREPANCY);
    assert_int_equal(e->e.discrepancy, MR_DISCREPANCY_ODD_FILL);
    assert_string_equal(e->fill.trade_id, "t3");
    assert_int_equal(e->position.size, 0);
    rig_close(r);
}

static void a_discrepancy_is_marked_in_the_record_of_its_change_and_in_no_later_one(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    assert_int_equal(record_of(r, id).flags & MR_RECORD_DISCREPANCY, 0);
    rig_fill(r, id, 100, 3, "t1"); /* one more than ordered */
    rig_step(r);
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_OVERFILL), 1);
    assert_true(record_of(r, id).flags & MR_RECORD_DISCREPANCY);
    /* one the journal has not taken is still to be marked */
    uint64_t other = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2)), third = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    r->record_room = r->record_count + 1; /* the fill, and not what it does */
    rig_fill(r, other, 100, 3, "t2");
    rig_step(r);
    r->record_room += 100;
    rig_step(r);
    assert_true(record_of(r, other).flags & MR_RECORD_DISCREPANCY);
    /* and what is written after it is not: an order that ended and is said to rest, and the cancel that follows */
    rig_say(r, MR_ANSWER_CANCELLED, third);
    rig_step(r);
    rig_fill(r, third, 100, 1, "t3");
    rig_step(r);
    assert_true(record_of(r, third).flags & MR_RECORD_DISCREPANCY);
    assert_int_equal(record_of(r, third).order.filled, E8); /* a late fill is written like any other */
    assert_int_equal(record_of(r, third).fills, 1);
    uint64_t fourth = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    r->manual = false;
    rig_answer(r, MR_ANSWER_NOT_SENT, rig_last(r, MR_REQUEST_PLACE));
    rig_step(r);
    assert_string_equal(rig_state(r, fourth), "approved");
    rig_say(r, MR_ANSWER_ACK, fourth); /* it should not be there */
    rig_step(r);
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_UNSENT_ALIVE), 1);
    assert_true(record_of(r, fourth).flags & MR_RECORD_DISCREPANCY);
    rig_say(r, MR_ANSWER_CANCELLED, fourth);
    rig_step(r);
    assert_int_equal(record_of(r, fourth).flags & MR_RECORD_DISCREPANCY, 0);
    rig_close(r);
}

static void each_record_that_the_journal_does_not_take_is_counted_once(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    assert_int_equal(rig_counts(r)->journal_full, 0);
    r->record_room = r->record_count;
    rig_say(r, MR_ANSWER_CANCELLED, id);
    mr_orders_step(r->om, r->now);
    assert_int_equal(rig_counts(r)->journal_full, 1);
    mr_orders_step(r->om, r->now); /* tried again */
    assert_int_equal(rig_counts(r)->journal_full, 2);
    r->record_room += 10;
    mr_orders_step(r->om, r->now);
    assert_int_equal(rig_counts(r)->journal_full, 2);
    rig_close(r);
}

static void an_amendment_ends_with_its_order_and_not_before(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 4));
    assert_int_equal(mr_orders_amend(r->om, id, 101 * E8, 4 * E8, r->now), MR_OK);
    rig_step(r);
    assert_int_equal(rig_last(r, MR_REQUEST_AMEND)->order.price, 101 * E8);
    assert_int_equal(mr_orders_cancel(r->om, id, r->now), MR_OK);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "cancelling");
    assert_int_equal(rig_events(r, MR_ORDERS_AMEND_ENDED), 0);
    rig_say(r, MR_ANSWER_CANCELLED, id);
    rig_step(r);
    assert_int_equal(rig_events(r, MR_ORDERS_AMEND_ENDED), 1);
    assert_int_equal(record_of(r, id).flags & MR_RECORD_AMENDING, 0);
    /* a stop's amendment is one of its trigger */
    id = rig_acked(
        r, (struct mr_order){.side = MR_SIDE_BUY, .type = MR_ORDER_STOP_MARKET, .stop_price = 90 * E8, .size = E8});
    assert_int_equal(mr_orders_amend(r->om, id, 91 * E8, E8, r->now), MR_OK);
    rig_step(r);
    assert_true(rig_last(r, MR_REQUEST_AMEND)->order.stop_price == 91 * E8 &&
                rig_last(r, MR_REQUEST_AMEND)->order.price == 0);
    rig_close(r);
}

static void only_what_had_not_left_is_counted_as_given_up(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t rests = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2)), waits;
    r->manual = true;
    r->durable = r->record_count;
    struct mr_order wish = rig_limit(MR_SIDE_BUY, 100, 2);
    assert_int_equal(mr_orders_submit(r->om, &wish, r->now, &waits), MR_OK);
    assert_int_equal(mr_orders_cancel(r->om, rests, r->now), MR_OK);
    assert_int_equal(rig_counts(r)->given_up, 0);
    assert_int_equal(mr_orders_cancel(r->om, waits, r->now), MR_OK);
    assert_int_equal(rig_counts(r)->given_up, 1);
    assert_string_equal(rig_state(r, waits), "denied");
    rig_close(r);
}

/* ---- waiting ---- */

static void waiting_is_told_once_for_each_time_an_order_has_to_wait(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    r->full = true;
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_pass(r, SECOND / 100); /* asked ten times */
    assert_int_equal(rig_counts(r)->held, 1);
    assert_int_equal(rig_events(r, MR_ORDERS_HELD), 1);
    r->full = false;
    rig_pass(r, SECOND / 100);
    assert_string_equal(rig_state(r, id), "sent");
    rig_reply(r, MR_ANSWER_NOT_SENT, MR_REQUEST_PLACE);
    rig_step(r);
    r->full = true;
    rig_pass(r, 2 * SECOND);
    assert_int_equal(rig_counts(r)->held, 2);
    r->full = false;
    rig_pass(r, SECOND / 100);
    rig_reply(r, MR_ANSWER_ACK, MR_REQUEST_PLACE);
    rig_step(r);
    /* its amendments wait in the same way, and leave once */
    for (uint32_t k = 1; k <= 2; k++) {
        r->full = true;
        assert_int_equal(mr_orders_amend(r->om, id, (100 + k) * E8, 2 * E8, r->now), MR_OK);
        rig_step(r);
        assert_int_equal(rig_counts(r)->held, 2 + k);
        assert_int_equal(rig_last_event(r, MR_ORDERS_HELD)->e.hold, MR_HOLD_DRIVER);
        assert_int_equal(rig_counts(r)->amends, k - 1);
        assert_int_equal(rig_requests(r, MR_REQUEST_AMEND), k - 1);
        r->full = false;
        rig_pass(r, SECOND / 100);
        assert_int_equal(rig_counts(r)->amends, k);
        assert_int_equal(rig_requests(r, MR_REQUEST_AMEND), k);
        struct mr_answer *a = rig_reply(r, MR_ANSWER_AMENDED, MR_REQUEST_AMEND);
        a->price = (100 + k) * E8;
        a->size = 2 * E8;
        rig_step(r);
        assert_int_equal(rig_order(r, id)->price, (100 + k) * E8);
    }
    rig_close(r);
}

static void a_cancel_of_an_unknown_order_leaves_while_its_query_waits(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_reply(r, MR_ANSWER_LOST, MR_REQUEST_PLACE);
    rig_step(r);
    rig_reply(r, MR_ANSWER_NOT_SENT, MR_REQUEST_QUERY)->until_ns = r->now + 100 * SECOND;
    rig_step(r);
    assert_int_equal(mr_orders_cancel(r->om, id, r->now), MR_OK);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "unknown");
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 1);
    rig_reply(r, MR_ANSWER_NOT_SENT, MR_REQUEST_CANCEL);
    rig_step(r);
    rig_pass(r, SECOND);
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 2);
    rig_close(r);
}

static void a_fill_begins_the_proof_that_an_order_is_gone_anew(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_reply(r, MR_ANSWER_LOST, MR_REQUEST_PLACE);
    rig_step(r);
    rig_reply(r, MR_ANSWER_NO_ORDER, MR_REQUEST_QUERY);
    rig_step(r);
    rig_reply(r, MR_ANSWER_END, MR_REQUEST_FILLS);
    rig_step(r);
    rig_pass(r, r->cfg.grace_ns);
    rig_fill(r, id, 100, 1, "t1");
    rig_step(r);
    rig_reply(r, MR_ANSWER_NO_ORDER, MR_REQUEST_QUERY);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "unknown");
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_NOT_FOUND), 0);
    rig_close(r);
}

static void questions_of_an_order_that_was_found_begin_with_the_first_wait(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_reply(r, MR_ANSWER_LOST, MR_REQUEST_PLACE);
    rig_step(r);
    for (int i = 0; i < 3; i++) { /* the waits grow */
        rig_reply(r, MR_ANSWER_NOT_SENT, MR_REQUEST_QUERY);
        rig_step(r);
        rig_pass(r, r->cfg.backoff_ns[i]);
    }
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), 4);
    struct mr_answer *a = rig_reply(r, MR_ANSWER_ORDER, MR_REQUEST_QUERY);
    a->state = MR_STATE_ACKED;
    a->price = 100 * E8;
    a->size = 2 * E8;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    rig_say(r, MR_ANSWER_STREAM_DOWN, 0); /* it is polled now */
    rig_step(r);
    rig_pass(r, r->cfg.poll_ns);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), 5);
    rig_reply(r, MR_ANSWER_NOT_SENT, MR_REQUEST_QUERY);
    rig_step(r);
    rig_pass(r, r->cfg.backoff_ns[0]);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), 6);
    rig_close(r);
}

static void patient(struct rig *r) { r->cfg.sync_ns = r->cfg.answer_ns = 80000 * SECOND; }

static void a_cancel_is_tried_at_the_longest_wait_however_often(void **state)
{
    (void)state;
    struct rig *r = rig_begin(patient);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    assert_int_equal(mr_orders_cancel(r->om, id, r->now), MR_OK);
    rig_step(r);
    for (uint32_t tries = 1; tries < 300; tries++) {
        assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), tries);
        rig_reply(r, MR_ANSWER_NOT_SENT, MR_REQUEST_CANCEL);
        rig_step(r);
        int64_t wait = r->cfg.backoff_ns[tries < 3 ? tries - 1 : 2];
        rig_pass(r, wait - 1);
        assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), tries);
        rig_pass(r, 1);
    }
    rig_close(r);
}

static void an_answer_that_was_heard_and_waits_for_the_disk_is_no_silence(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    r->manual = true;
    r->durable = r->record_count;
    rig_fill(r, 0, 100, 1, "t"); /* what follows waits behind it */
    rig_reply(r, MR_ANSWER_ACK, MR_REQUEST_PLACE);
    for (int i = 0; i < 50; i++) {
        r->now += r->cfg.answer_ns / 10;
        rig_step(r);
    }
    assert_string_equal(rig_state(r, id), "sent");
    assert_int_equal(rig_counts(r)->unknown, 0);
    r->manual = false;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    rig_close(r);
}

/* ---- the breaker's one try ---- */

static void quick(struct rig *r)
{
    r->link.breaker = (struct mr_breaker_limit){.failures = 2, .window_ns = 60 * SECOND, .open_ns = 30 * SECOND};
}

static struct rig *half_open(void)
{
    struct rig *r = rig_begin(quick);
    for (int k = 0; k < 2; k++) {
        rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
        rig_reply(r, MR_ANSWER_REJECTED, MR_REQUEST_PLACE)->reason = MR_REJECT_CREDENTIALS;
        rig_step(r);
    }
    assert_int_equal(rig_last_event(r, MR_ORDERS_BREAKER)->e.hold, MR_BREAKER_OPEN);
    r->now += 30 * SECOND;
    return r;
}

static struct mr_order emergency(void) /* it does not wait for reconciling */
{
    return (struct mr_order){
        .side = MR_SIDE_BUY, .type = MR_ORDER_MARKET, .size = E8, .flags = MR_ORDER_EMERGENCY | MR_ORDER_REDUCE_ONLY};
}

static void a_try_that_the_driver_did_not_take_is_still_to_be_made(void **state)
{
    (void)state;
    struct rig *r = half_open();
    r->full = true;
    rig_submit(r, emergency());
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 2);
    r->full = false;
    r->now += SECOND / 1000;
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 3);
    rig_close(r);
}

static void a_cancel_that_the_driver_did_not_take_makes_no_second_try(void **state)
{
    (void)state;
    struct rig *r = half_open();
    uint64_t first = rig_submit(r, emergency());
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 3);
    r->full = true;
    assert_int_equal(mr_orders_cancel(r->om, first, r->now), MR_OK);
    rig_step(r);
    r->full = false;
    rig_submit(r, emergency());
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 3);
    assert_int_equal(rig_last_event(r, MR_ORDERS_HELD)->e.hold, MR_HOLD_BREAKER);
    rig_close(r);
}

/* ---- a venue that is no more ---- */

static void an_order_of_a_venue_of_a_former_run_stays_unknown_and_disturbs_nobody(void **state)
{
    (void)state;
    struct rig *r = rig_open(NULL), *again = rig_restart(r, r->record_count);
    struct mr_record_order o = {.head = {.version = MR_RECORDS_VERSION, .what = MR_RECORD_ORDER, .bytes = sizeof o},
                                .input = MR_INPUT_COUNT};
    o.order = rig_limit(MR_SIDE_BUY, 100, 2);
    o.order.id = (uint64_t)1 << 32 | 1;
    o.order.instrument = 3; /* known, of a venue without a link */
    o.order.venue = RIG_VENUE + 1;
    o.order.state = MR_STATE_SENT;
    o.order.created_ns = o.order.updated_ns = again->now;
    assert_int_equal(mr_orders_restore(again->om, MR_JOURNAL_ORDER, &o, sizeof o, again->now), MR_OK);
    assert_int_equal(mr_orders_restored(again->om, again->now), MR_OK);
    assert_int_equal(mr_orders_begin(again->om, 2, again->now), MR_OK);
    again->now += 2 * SECOND; /* past the first window of the quotas */
    rig_ready(again);
    rig_pass(again, 10 * SECOND);
    assert_string_equal(rig_state(again, o.order.id), "unknown");
    assert_int_equal(rig_requests(again, MR_REQUEST_QUERY), 0);
    assert_true(mr_orders_due(again->om) > again->now); /* it does not keep the manager busy */
    rig_acked(again, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_close(again);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_discrepancy_shows_its_fill_and_the_position_before_it),
        cmocka_unit_test(a_discrepancy_is_marked_in_the_record_of_its_change_and_in_no_later_one),
        cmocka_unit_test(each_record_that_the_journal_does_not_take_is_counted_once),
        cmocka_unit_test(an_amendment_ends_with_its_order_and_not_before),
        cmocka_unit_test(only_what_had_not_left_is_counted_as_given_up),
        cmocka_unit_test(waiting_is_told_once_for_each_time_an_order_has_to_wait),
        cmocka_unit_test(a_cancel_of_an_unknown_order_leaves_while_its_query_waits),
        cmocka_unit_test(a_fill_begins_the_proof_that_an_order_is_gone_anew),
        cmocka_unit_test(questions_of_an_order_that_was_found_begin_with_the_first_wait),
        cmocka_unit_test(a_cancel_is_tried_at_the_longest_wait_however_often),
        cmocka_unit_test(an_answer_that_was_heard_and_waits_for_the_disk_is_no_silence),
        cmocka_unit_test(a_try_that_the_driver_did_not_take_is_still_to_be_made),
        cmocka_unit_test(a_cancel_that_the_driver_did_not_take_makes_no_second_try),
        cmocka_unit_test(an_order_of_a_venue_of_a_former_run_stays_unknown_and_disturbs_nobody),
    };
    return MR_TEST_MAIN(tests);
}
