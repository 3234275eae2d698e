/* What each answer does beside the state: the counters, the breaker, the bucket, the times of an order, who a fill is of. */
#include "tests/controlplane/orders/rig.h"

static void what_becomes_unknown_and_is_found_out_is_counted_once(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    assert_true(rig_counts(r)->unknown == 0 && rig_counts(r)->resolved == 0 && rig_counts(r)->placed == 1 &&
                rig_counts(r)->replaced == 0);
    rig_answer(r, MR_ANSWER_LOST, rig_last(r, MR_REQUEST_PLACE));
    rig_step(r);
    assert_true(rig_counts(r)->unknown == 1 && rig_counts(r)->resolved == 0);
    rig_answer(r, MR_ANSWER_LOST, rig_last(r, MR_REQUEST_PLACE)); /* said twice */
    rig_step(r);
    assert_true(rig_counts(r)->unknown == 1);
    struct mr_answer *a = rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_QUERY));
    a->state = MR_STATE_ACKED;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    assert_true(rig_counts(r)->unknown == 1 && rig_counts(r)->resolved == 1 && rig_counts(r)->late == 0 &&
                rig_counts(r)->refused == 0);
    rig_say(r, MR_ANSWER_CANCELLED, id);
    rig_step(r);
    rig_say(r, MR_ANSWER_EXPIRED, id); /* of what has ended */
    rig_step(r);
    assert_true(rig_counts(r)->late == 1 && rig_counts(r)->refused == 0 && rig_counts(r)->unknown == 1 &&
                rig_counts(r)->resolved == 1);
    rig_close(r);
}

static void an_order_knows_when_it_was_first_acknowledged(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    int64_t first = r->now;
    assert_true(rig_order(r, id)->acked_ns == first && rig_order(r, id)->sent_ns == first);
    r->now += 5;
    rig_answer(r, MR_ANSWER_ACK, rig_last(r, MR_REQUEST_PLACE));
    rig_step(r);
    assert_true(rig_order(r, id)->acked_ns == first && rig_order(r, id)->updated_ns == first + 5);
    rig_close(r);
}

/* Two connections: the stream may tell of acknowledgement and end before the request's own answer is there. */
static void an_answer_slower_than_the_stream_is_old_news_and_any_other_acknowledgement_is_not(void **state)
{
    (void)state;
    for (int acked = 0; acked < 2; acked++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
        if (acked)
            rig_say(r, MR_ANSWER_ACK, id);
        rig_say(r, MR_ANSWER_EXPIRED, id);
        rig_step(r);
        rig_answer(r, MR_ANSWER_ACK, rig_last(r, MR_REQUEST_PLACE));
        rig_step(r);
        assert_string_equal(rig_state(r, id), "expired");
        assert_int_equal(rig_odd(r, MR_DISCREPANCY_ENDED_ALIVE), !acked); /* nobody had said that it ever rested */
        assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), !acked);
        if (acked) {
            assert_int_equal(rig_counts(r)->late, 1);
            rig_say(r, MR_ANSWER_ACK, id); /* unasked: it rests */
            rig_step(r);
            assert_int_equal(rig_odd(r, MR_DISCREPANCY_ENDED_ALIVE), 1);
            assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 1);
        }
        rig_close(r);
    }
}

static void a_fill_is_of_the_order_that_the_answer_names(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    struct mr_answer *a = rig_fill(r, id, 100, 1, "t1");
    a->fill.order = 0; /* named outside the fill only */
    rig_step(r);
    assert_true(rig_order(r, id)->filled == E8);
    assert_true(rig_last_event(r, MR_ORDERS_FILLED)->order.id == id);
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_FOREIGN_FILL), 0);
    a = rig_fill(r, id, 100, 1, "t2"); /* and inside only */
    a->order = 0;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "filled");
    rig_close(r);
}

static void a_cancel_that_was_not_carried_out_is_sent_again(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        unsigned kind, reason;
        int64_t until;
        const char *then;
    } rows[] = {{"not sent", MR_ANSWER_NOT_SENT, 0, 0, "cancelling"},
                {"overloaded", MR_ANSWER_REJECTED, MR_REJECT_OVERLOAD, 0, "cancelling"},
                {"limited", MR_ANSWER_LIMITED, 0, 3 * SECOND, "cancelling"},
                {"lost", MR_ANSWER_LOST, 0, 0, "unknown"}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
        assert_int_equal(mr_orders_cancel(r->om, id, r->now), MR_OK);
        rig_step(r);
        assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 1);
        struct mr_answer *a = rig_answer(r, rows[i].kind, rig_last(r, MR_REQUEST_CANCEL));
        a->reason = (uint8_t)rows[i].reason;
        a->until_ns = rows[i].until ? r->now + rows[i].until : 0;
        rig_step(r);
        if (strcmp(rig_state(r, id), rows[i].then) != 0)
            fail_msg("%s: %s", rows[i].says, rig_state(r, id));
        int64_t wait = rows[i].until ? rows[i].until : r->cfg.backoff_ns[0];
        rig_pass(r, wait - 1);
        if (rig_requests(r, MR_REQUEST_CANCEL) != 1)
            fail_msg("%s: too early", rows[i].says);
        rig_pass(r, 1);
        if (rig_requests(r, MR_REQUEST_CANCEL) != 2 || rig_counts(r)->cancels != 2)
            fail_msg("%s: not again", rows[i].says);
        assert_int_equal(rig_counts(r)->stray, 0);
        rig_close(r);
    }
}

static void brittle(struct rig *r)
{
    r->link.breaker = (struct mr_breaker_limit){.failures = 2, .window_ns = 60 * SECOND, .open_ns = 30 * SECOND};
}

/* Two failures open the breaker here: then a third order waits. */
static void what_tells_of_an_ill_venue_opens_the_breaker_and_a_plain_no_does_not(void **state)
{
    (void)state;
    static const struct {
        unsigned kind, reason;
        bool opens;
    } rows[] = {{MR_ANSWER_LOST, 0, true},
                {MR_ANSWER_NOT_SENT, 0, true},
                {MR_ANSWER_REJECTED, MR_REJECT_OVERLOAD, true},
                {MR_ANSWER_REJECTED, MR_REJECT_CREDENTIALS, true},
                {MR_ANSWER_REJECTED, MR_REJECT_CLOCK, true},
                {MR_ANSWER_REJECTED, MR_REJECT_MARGIN, false},
                {MR_ANSWER_ACK, 0, false}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_open(brittle);
        rig_ready(r);
        for (int k = 0; k < 2; k++) {
            rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
            rig_answer(r, rows[i].kind, rig_last(r, MR_REQUEST_PLACE))->reason = (uint8_t)rows[i].reason;
            rig_step(r);
        }
        uint64_t third = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
        if ((strcmp(rig_state(r, third), "approved") == 0) != rows[i].opens)
            fail_msg("%s, %s: %s", mr_answer_name(rows[i].kind), mr_reject_name(rows[i].reason), rig_state(r, third));
        assert_int_equal(rig_events(r, MR_ORDERS_BREAKER), rows[i].opens);
        rig_close(r);
    }
}

static void a_trigger_is_told_and_changes_nothing(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_say(r, MR_ANSWER_TRIGGERED, id);
    rig_step(r);
    assert_int_equal(rig_events(r, MR_ORDERS_TRIGGERED), 1);
    assert_true(rig_last_event(r, MR_ORDERS_TRIGGERED)->order.id == id);
    assert_string_equal(rig_state(r, id), "acked");
    assert_int_equal(rig_counts(r)->stray, 0);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_becomes_unknown_and_is_found_out_is_counted_once),
        cmocka_unit_test(an_order_knows_when_it_was_first_acknowledged),
        cmocka_unit_test(an_answer_slower_than_the_stream_is_old_news_and_any_other_acknowledgement_is_not),
        cmocka_unit_test(a_fill_is_of_the_order_that_the_answer_names),
        cmocka_unit_test(a_cancel_that_was_not_carried_out_is_sent_again),
        cmocka_unit_test(what_tells_of_an_ill_venue_opens_the_breaker_and_a_plain_no_does_not),
        cmocka_unit_test(a_trigger_is_told_and_changes_nothing),
    };
    return MR_TEST_MAIN(tests);
}
