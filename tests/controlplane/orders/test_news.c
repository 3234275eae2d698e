/* What is heard of an order at odd moments: late, of older questions, of what was not sent or is not there, and what proves that it is gone. */
#include "tests/controlplane/orders/rig.h"

static uint64_t lost(struct rig *r)
{
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_reply(r, MR_ANSWER_LOST, MR_REQUEST_PLACE);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "unknown");
    return id;
}

static struct mr_answer *found(struct rig *r, unsigned state)
{
    struct mr_answer *a = rig_reply(r, MR_ANSWER_ORDER, MR_REQUEST_QUERY);
    a->state = (uint8_t)state;
    return a;
}

/* ---- "no such order" ---- */

/* Says so whenever it is asked, for a while, and that the list of fills has none. */
static void says_none(struct rig *r, int64_t ns)
{
    for (int64_t until = r->now + ns; r->now < until; r->now += SECOND / 20) {
        uint32_t seen = r->request_count;
        rig_step(r);
        for (uint32_t i = seen ? seen - 1 : 0; i < r->request_count; i++)
            if (r->requests[i].kind == MR_REQUEST_QUERY)
                rig_answer(r, MR_ANSWER_NO_ORDER, &r->requests[i]);
            else if (r->requests[i].kind == MR_REQUEST_FILLS)
                rig_answer(r, MR_ANSWER_END, &r->requests[i]);
        rig_step(r);
    }
}

static void it_left(struct rig *r, uint64_t id)
{
    (void)id;
    rig_reply(r, MR_ANSWER_SENT, MR_REQUEST_PLACE);
}
static void it_is_lost(struct rig *r, uint64_t id)
{
    (void)id;
    rig_reply(r, MR_ANSWER_LOST, MR_REQUEST_PLACE);
}
static void its_id_is_taken(struct rig *r, uint64_t id)
{
    (void)id;
    rig_reply(r, MR_ANSWER_REJECTED, MR_REQUEST_PLACE)->reason = MR_REJECT_DUPLICATE_ID;
}
static void it_ended_with_more(struct rig *r, uint64_t id) { rig_say(r, MR_ANSWER_CANCELLED, id)->filled = E8; }
static void nothing(struct rig *r, uint64_t id) { (void)r, (void)id; }

static void an_order_is_gone_only_when_it_has_left_and_is_not_there(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        void (*heard)(struct rig *r, uint64_t id);
        bool gone;
    } rows[] = {{"the driver says it left", it_left, true},
                {"the driver says it left, and no answer came", it_is_lost, true},
                {"its id is taken", its_id_is_taken, true},
                {"it ended with fills that have not come", it_ended_with_more, true},
                {"nobody says that it has left the driver", nothing, false}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
        rows[i].heard(r, id);
        rig_step(r);
        rig_pass(r, 2 * r->cfg.answer_ns);
        says_none(r, 30 * SECOND);
        if ((strcmp(rig_state(r, id), "cancelled") == 0) != rows[i].gone ||
            rig_odd(r, MR_DISCREPANCY_NOT_FOUND) != rows[i].gone)
            fail_msg("%s: %s", rows[i].says, rig_state(r, id));
        rig_close(r);
    }
}

static void no_such_order_must_stay_true_for_the_grace_time_with_a_list_of_fills_between(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = lost(r);
        r->now += SECOND;
        uint32_t fills = rig_requests(r, MR_REQUEST_FILLS);
        rig_reply(r, MR_ANSWER_NO_ORDER, MR_REQUEST_QUERY);
        rig_step(r);
        int64_t first = r->now;
        assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), fills + 1);
        if (!late)
            rig_reply(r, MR_ANSWER_END, MR_REQUEST_FILLS);
        rig_step(r);
        uint32_t queries = rig_requests(r, MR_REQUEST_QUERY);
        r->now = first + r->cfg.grace_ns - 1; /* it is not asked again before */
        rig_step(r);
        assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), queries);
        r->now++;
        rig_step(r);
        assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), queries + 1);
        rig_reply(r, MR_ANSWER_NO_ORDER, MR_REQUEST_QUERY);
        rig_step(r);
        assert_string_equal(rig_state(r, id), late ? "unknown" : "cancelled");
        rig_close(r);
    }
}

static void a_sign_of_life_begins_the_proof_anew(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = lost(r);
        rig_reply(r, MR_ANSWER_NO_ORDER, MR_REQUEST_QUERY);
        rig_step(r);
        rig_reply(r, MR_ANSWER_END, MR_REQUEST_FILLS);
        rig_step(r);
        rig_pass(r, r->cfg.grace_ns);
        if (kind == 0) /* it is there, with a fill that has not come */
            found(r, MR_STATE_PARTIAL)->filled = E8;
        else
            rig_say(r, MR_ANSWER_CANCELLED, id)->filled = E8;
        rig_step(r);
        rig_reply(r, MR_ANSWER_END, MR_REQUEST_FILLS);
        rig_step(r);
        rig_pass(r, SECOND);
        rig_reply(r, MR_ANSWER_NO_ORDER, MR_REQUEST_QUERY);
        rig_step(r);
        assert_string_equal(rig_state(r, id), "unknown"); /* the first time since */
        rig_close(r);
    }
}

static void no_such_order_of_one_that_rests_makes_it_unknown_and_of_one_that_ended_nothing(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    struct mr_order now = rig_limit(MR_SIDE_BUY, 100, 2);
    now.tif = MR_TIF_IOC; /* does not rest: it is asked about */
    uint64_t id = rig_acked(r, now);
    rig_pass(r, r->cfg.answer_ns);
    struct mr_request q = *rig_last(r, MR_REQUEST_QUERY);
    rig_answer(r, MR_ANSWER_NO_ORDER, &q);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "unknown");
    rig_say(r, MR_ANSWER_CANCELLED, id);
    rig_step(r);
    uint64_t late = rig_counts(r)->late, stray = rig_counts(r)->stray;
    rig_reply(r, MR_ANSWER_NO_ORDER, MR_REQUEST_QUERY);
    rig_step(r);
    assert_true(rig_counts(r)->late == late + 1 && rig_counts(r)->stray == stray);
    assert_string_equal(rig_state(r, id), "cancelled");
    rig_close(r);
}

/* ---- ends ---- */

static void an_end_with_fills_that_have_not_come_waits_for_them(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    uint32_t fills = rig_requests(r, MR_REQUEST_FILLS);
    rig_say(r, MR_ANSWER_CANCELLED, id)->filled = E8;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "unknown");
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), fills + 1);
    uint64_t unknown = rig_counts(r)->unknown, late = rig_counts(r)->late;
    rig_say(r, MR_ANSWER_CANCELLED, id)->filled = E8; /* said twice */
    rig_step(r);
    assert_true(rig_counts(r)->unknown == unknown && rig_counts(r)->late == late);
    rig_fill(r, id, 100, 1, "t1");
    rig_step(r);
    rig_pass(r, SECOND);
    struct mr_answer *a = found(r, MR_STATE_CANCELLED);
    a->filled = E8;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "cancelled");
    uint32_t queries = rig_requests(r, MR_REQUEST_QUERY);
    fills = rig_requests(r, MR_REQUEST_FILLS);
    rig_say(r, MR_ANSWER_CANCELLED, id)->filled = 2 * E8; /* of what has ended: nothing is asked any more */
    rig_step(r);
    assert_true(rig_requests(r, MR_REQUEST_FILLS) == fills && rig_counts(r)->late == late + 1);
    rig_pass(r, 5 * SECOND);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), queries);
    rig_close(r);
}

/* An order that had ended here rests there: it is cancelled until that is said, and no longer. */
static void an_order_that_rests_after_its_end_is_cancelled_once_it_is_answered(void **state)
{
    (void)state;
    for (int refused = 0; refused < 2; refused++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
        rig_say(r, MR_ANSWER_CANCELLED, id);
        rig_step(r);
        rig_say(r, MR_ANSWER_ACK, id);
        rig_step(r);
        assert_int_equal(rig_odd(r, MR_DISCREPANCY_ENDED_ALIVE), 1);
        assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 1);
        rig_say(r, MR_ANSWER_ACK, id); /* said again: it is being cancelled already */
        rig_step(r);
        assert_true(rig_odd(r, MR_DISCREPANCY_ENDED_ALIVE) == 1 && rig_requests(r, MR_REQUEST_CANCEL) == 1);
        rig_reply(r, refused ? MR_ANSWER_CANCEL_REFUSED : MR_ANSWER_CANCELLED, MR_REQUEST_CANCEL);
        rig_step(r);
        assert_false(mr_orders_cancelling(r->om, id));
        rig_pass(r, 20 * SECOND);
        assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 1);
        rig_close(r);
    }
}

/* ---- what was not carried out, and what was said of it ---- */

static void not_sent_of_an_order_that_is_there_is_wrong(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_reply(r, MR_ANSWER_NOT_SENT, MR_REQUEST_PLACE);
    rig_step(r);
    assert_true(rig_counts(r)->late == 1);
    assert_string_equal(rig_state(r, id), "acked");
    rig_pass(r, 5 * SECOND);
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 1);
    rig_close(r);
}

static void answers_to_older_questions_of_an_order_are_counted(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {MR_ANSWER_NOT_SENT, MR_ANSWER_LOST};
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
        mr_orders_cancel(r->om, id, r->now);
        rig_step(r);
        struct mr_request old = *rig_last(r, MR_REQUEST_CANCEL);
        rig_answer(r, MR_ANSWER_NOT_SENT, &old);
        rig_step(r);
        rig_pass(r, r->cfg.backoff_ns[0]);
        assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 2);
        assert_true(rig_counts(r)->stray == 0);
        rig_answer(r, kinds[i], &old);
        rig_step(r);
        assert_true(rig_counts(r)->stray == 1);
        assert_string_equal(rig_state(r, id), "cancelling");
        rig_answer(r, MR_ANSWER_REJECTED, &old)->reason = MR_REJECT_OTHER; /* and a no that says nothing of the order */
        rig_step(r);
        assert_true(rig_counts(r)->stray == 2);
        assert_string_equal(rig_state(r, id), "cancelling");
        rig_close(r);
    }
}

static void the_time_out_of_each_request_runs_from_when_it_left(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {MR_REQUEST_PLACE, MR_REQUEST_CANCEL, MR_REQUEST_AMEND, MR_REQUEST_QUERY};
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++)
        for (int old = 0; old < 2; old++) {
            struct rig *r = rig_begin(NULL);
            uint64_t id = kinds[i] == MR_REQUEST_PLACE   ? rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2))
                          : kinds[i] == MR_REQUEST_QUERY ? lost(r)
                                                         : rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
            if (kinds[i] == MR_REQUEST_CANCEL)
                assert_int_equal(mr_orders_cancel(r->om, id, r->now), MR_OK);
            if (kinds[i] == MR_REQUEST_AMEND)
                assert_int_equal(mr_orders_amend(r->om, id, 99 * E8, 2 * E8, r->now), MR_OK);
            rig_step(r);
            uint64_t timed_out = rig_counts(r)->unknown;
            uint32_t queries = rig_requests(r, MR_REQUEST_QUERY);
            struct mr_request q = *rig_last(r, kinds[i]);
            rig_pass(r, r->cfg.answer_ns / 2);
            struct mr_answer *a = rig_answer(r, MR_ANSWER_SENT, &q);
            a->request -=
                old && kinds[i] != MR_REQUEST_PLACE ? 1 : 0; /* of another request: says nothing of this one */
            rig_step(r);
            bool counts = !(old && kinds[i] != MR_REQUEST_PLACE);
            rig_pass(r, r->cfg.answer_ns - 1);
            bool over = rig_counts(r)->unknown > timed_out ||
                        (kinds[i] == MR_REQUEST_QUERY && rig_last(r, MR_REQUEST_QUERY)->number != q.number) ||
                        (kinds[i] == MR_REQUEST_QUERY && mr_orders_due(r->om) > r->now + 1 && queries);
            if (kinds[i] != MR_REQUEST_QUERY && over == counts)
                fail_msg("%s: %s", mr_request_name(kinds[i]), over ? "too early" : "never");
            rig_pass(r, 1);
            if (kinds[i] != MR_REQUEST_QUERY && rig_counts(r)->unknown == timed_out)
                fail_msg("%s: its silence is no time-out", mr_request_name(kinds[i]));
            rig_close(r);
        }
}

static void a_taken_id_makes_unknown_what_is_out_or_being_cancelled(void **state)
{
    (void)state;
    for (int cancelling = 0; cancelling < 4; cancelling++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
        struct mr_request place = *rig_last(r, MR_REQUEST_PLACE);
        if (cancelling & 1)
            assert_int_equal(mr_orders_cancel(r->om, id, r->now), MR_OK);
        rig_step(r);
        if (cancelling & 2)
            rig_answer(r, MR_ANSWER_LOST, &place);
        else
            rig_answer(r, MR_ANSWER_REJECTED, &place)->reason = MR_REJECT_DUPLICATE_ID;
        rig_step(r);
        assert_string_equal(rig_state(r, id), "unknown");
        rig_close(r);
    }
    struct rig *r = rig_begin(NULL); /* and what is acknowledged is there, whatever is said of the request */
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_reply(r, MR_ANSWER_REJECTED, MR_REQUEST_PLACE)->reason = MR_REJECT_DUPLICATE_ID;
    rig_reply(r, MR_ANSWER_LOST, MR_REQUEST_PLACE);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    rig_close(r);
}

static void quick(struct rig *r)
{
    r->link.breaker = (struct mr_breaker_limit){.failures = 2, .window_ns = 60 * SECOND, .open_ns = 30 * SECOND};
}

/* After its time the breaker lets one order try: a plain no is an answer, and closes it; an ill venue's no does not. */
static void a_plain_no_closes_the_breaker_that_tries(void **state)
{
    (void)state;
    static const struct {
        uint8_t reason;
        bool closes;
    } rows[] = {{MR_REJECT_MARGIN, true},
                {MR_REJECT_OVERLOAD, false},
                {MR_REJECT_CREDENTIALS, false},
                {MR_REJECT_CLOCK, false}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_begin(quick);
        for (int k = 0; k < 2; k++) {
            rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
            rig_reply(r, MR_ANSWER_REJECTED, MR_REQUEST_PLACE)->reason = MR_REJECT_CREDENTIALS;
            rig_step(r);
        }
        assert_int_equal(rig_last_event(r, MR_ORDERS_BREAKER)->e.hold, MR_BREAKER_OPEN);
        r->now += 30 * SECOND;
        rig_say(r, MR_ANSWER_STREAM_UP, 0); /* says nothing of requests */
        rig_step(r);
        rig_reply(r, MR_ANSWER_SENT, MR_REQUEST_FILLS); /* nor does this */
        rig_step(r);
        rig_submit(r, (struct mr_order){.side = MR_SIDE_BUY,
                                        .type = MR_ORDER_MARKET,
                                        .size = E8,
                                        .flags = MR_ORDER_EMERGENCY | MR_ORDER_REDUCE_ONLY});
        assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 3);
        rig_reply(r, MR_ANSWER_REJECTED, MR_REQUEST_PLACE)->reason = rows[i].reason;
        rig_step(r);
        if ((rig_last_event(r, MR_ORDERS_BREAKER)->e.hold == MR_BREAKER_CLOSED) != rows[i].closes)
            fail_msg("%s: %u", mr_reject_name(rows[i].reason), rig_last_event(r, MR_ORDERS_BREAKER)->e.hold);
        rig_close(r);
    }
}

/* ---- what a query finds ---- */

static void a_query_that_finds_it_as_it_is_changes_and_writes_nothing(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    struct mr_order wish = rig_limit(MR_SIDE_BUY, 100, 2);
    wish.tif = MR_TIF_IOC;
    uint64_t id = rig_acked(r, wish);
    rig_pass(r, r->cfg.answer_ns);
    uint32_t amended = rig_events(r, MR_ORDERS_AMENDED) + rig_events(r, MR_ORDERS_AMEND_ENDED);
    struct mr_answer *a = found(r, MR_STATE_ACKED);
    a->price = 100 * E8;
    a->size = 2 * E8;
    rig_step(r);
    uint64_t records = r->record_count;
    rig_pass(r, r->cfg.answer_ns);
    a = found(r, MR_STATE_ACKED); /* and one that does not tell price and size */
    a->price = a->size = 0;
    rig_step(r);
    assert_true(rig_order(r, id)->price == 100 * E8 && rig_order(r, id)->size == 2 * E8);
    assert_int_equal(rig_events(r, MR_ORDERS_AMENDED) + rig_events(r, MR_ORDERS_AMEND_ENDED), amended);
    assert_true(r->record_count <= records + 1); /* that it rests, no change of its price */
    rig_pass(r, r->cfg.answer_ns);
    a = found(r, MR_STATE_ACKED); /* a changed one is taken over, down to the least price and size there are */
    a->price = 1;
    a->size = 1;
    rig_step(r);
    assert_true(rig_order(r, id)->price == 1 && rig_order(r, id)->size == 1);
    assert_int_equal(rig_events(r, MR_ORDERS_AMENDED), 1);
    rig_close(r);
}

static void a_venue_that_does_not_know_yet_is_asked_again(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = lost(r);
    uint32_t queries = rig_requests(r, MR_REQUEST_QUERY);
    rig_pass(r, r->cfg.answer_ns / 2);
    found(r, MR_STATE_UNKNOWN);
    rig_step(r);
    rig_pass(r, r->cfg.backoff_ns[0] - 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), queries);
    rig_pass(r, 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), queries + 1);
    assert_string_equal(rig_state(r, id), "unknown");
    rig_close(r);
}

static void an_answer_older_than_a_fill_is_not_believed(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = lost(r);
    rig_fill(r, id, 100, 1, "t1");
    rig_step(r);
    uint32_t fills = rig_requests(r, MR_REQUEST_FILLS);
    struct mr_answer *a = found(r, MR_STATE_CANCELLED);
    a->filled = 0;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "unknown");
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), fills); /* nothing is missing here */
    rig_pass(r, SECOND);
    a = found(r, MR_STATE_CANCELLED);
    a->filled = E8;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "cancelled");
    rig_close(r);
}

static void patient(struct rig *r) { r->cfg.answer_ns = 3600 * SECOND; }

/* A query says what was before an amendment that left a moment ago: believed only when the grace time is over. */
static void an_amendment_under_way_is_not_undone_by_an_older_answer(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++) {
        struct rig *r = rig_begin(patient);
        uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
        assert_int_equal(mr_orders_amend(r->om, id, 99 * E8, 2 * E8, r->now), MR_OK);
        rig_step(r);
        rig_reply(r, MR_ANSWER_LOST, MR_REQUEST_AMEND);
        rig_step(r);
        r->now += r->cfg.grace_ns - 1 + over;
        struct mr_answer *a = found(r, MR_STATE_ACKED);
        a->price = 100 * E8;
        a->size = 2 * E8;
        rig_step(r);
        assert_string_equal(rig_state(r, id), over ? "acked" : "unknown");
        assert_int_equal(rig_events(r, MR_ORDERS_AMEND_ENDED), over);
        assert_true(rig_order(r, id)->price == 100 * E8);
        rig_close(r);
    }
}

/* ---- of no order of ours ---- */

static void what_may_rest_and_is_nobodys_is_cancelled(void **state)
{
    (void)state;
    static const struct {
        uint8_t kind, state;
        bool cancels;
    } rows[] = {{MR_ANSWER_ACK, 0, true},
                {MR_ANSWER_ORDER, MR_STATE_ACKED, true},
                {MR_ANSWER_ORDER, MR_STATE_CANCELLED, false},
                {MR_ANSWER_CANCELLED, MR_STATE_ACKED, false},
                {MR_ANSWER_AMENDED, MR_STATE_ACKED, false}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++)
        for (int full = 0; full < 2; full++) {
            struct rig *r = rig_begin(NULL);
            r->full = full;
            rig_say(r, rows[i].kind, 4711)->state = rows[i].state;
            rig_step(r);
            assert_true(rig_counts(r)->stray == 1 && rig_counts(r)->cancels == (rows[i].cancels && !full));
            assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), rows[i].cancels && !full);
            assert_int_equal(rig_odd(r, MR_DISCREPANCY_UNKNOWN_ORDER), rows[i].cancels);
            rig_close(r);
        }
}

static void an_order_told_without_a_question_or_to_another_one_is_counted(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = lost(r);
    rig_say(r, MR_ANSWER_ORDER, id)->state = MR_STATE_CANCELLED;
    rig_say(r, MR_ANSWER_NO_ORDER, id);
    rig_say(r, MR_ANSWER_BALANCE, id);
    rig_step(r);
    assert_true(rig_counts(r)->stray == 3);
    assert_string_equal(rig_state(r, id), "unknown");
    rig_reply(r, MR_ANSWER_ORDER, MR_REQUEST_PLACE)->state =
        MR_STATE_ACKED; /* some venues answer a placement with the order */
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    assert_true(rig_counts(r)->stray == 3);
    rig_close(r);
}

static void funding_of_no_instrument_is_counted_and_of_one_is_told_with_its_position(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    rig_fill(r, 0, 100, 3, "t");
    rig_step(r);
    uint64_t stray = rig_counts(r)->stray;
    rig_say(r, MR_ANSWER_FUNDING, 0)->amount = MR_MONEY_ONE;
    rig_step(r);
    assert_true(rig_counts(r)->stray == stray);
    assert_true(rig_last_event(r, MR_ORDERS_POSITION)->position.size == 3 * E8);
    struct mr_answer *a = rig_say(r, MR_ANSWER_FUNDING, 0);
    a->instrument = 999;
    a->amount = MR_MONEY_ONE;
    rig_step(r);
    assert_true(rig_counts(r)->stray == stray + 1);
    rig_close(r);
}

static void narrow(struct rig *r) { r->cfg.instruments_max = 3; }

static void the_least_price_is_one_and_the_first_instrument_beyond_is_none(void **state)
{
    (void)state;
    struct rig *r = rig_begin(narrow);
    rig_fill(r, 0, 100, 1, "t1")->fill.price = 1;
    rig_step(r);
    assert_true(rig_counts(r)->fills == 1);
    rig_fill(r, 0, 100, 1, "t2")->fill.instrument = 3;
    rig_step(r);
    assert_true(rig_counts(r)->fills == 1 && rig_odd(r, MR_DISCREPANCY_ODD_FILL) == 1);
    rig_close(r);
}

/* Only fills, funding and liquidations wait for the disk; and nothing is heard while the journal is behind. */
static void answers_without_a_record_do_not_wait_for_the_disk(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    r->manual = true;
    r->durable = 0;
    rig_reply(r, MR_ANSWER_ACK, MR_REQUEST_PLACE);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    r->manual = false;
    uint64_t room = r->record_room;
    r->record_room = r->record_count;
    rig_say(r, MR_ANSWER_CANCELLED, id); /* its record is not taken */
    rig_step(r);
    assert_string_equal(rig_state(r, id), "cancelled");
    rig_say(r, MR_ANSWER_STREAM_DOWN, 0);
    assert_int_equal(mr_orders_step(r->om, r->now), 0);
    assert_true(r->answer_count - r->answer_head == 1); /* stays with the driver */
    r->record_room = room;
    rig_step(r);
    assert_true(r->answer_count == r->answer_head && !mr_orders_ready(r->om, RIG_VENUE));
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_gone_only_when_it_has_left_and_is_not_there),
        cmocka_unit_test(no_such_order_must_stay_true_for_the_grace_time_with_a_list_of_fills_between),
        cmocka_unit_test(a_sign_of_life_begins_the_proof_anew),
        cmocka_unit_test(no_such_order_of_one_that_rests_makes_it_unknown_and_of_one_that_ended_nothing),
        cmocka_unit_test(an_end_with_fills_that_have_not_come_waits_for_them),
        cmocka_unit_test(an_order_that_rests_after_its_end_is_cancelled_once_it_is_answered),
        cmocka_unit_test(not_sent_of_an_order_that_is_there_is_wrong),
        cmocka_unit_test(answers_to_older_questions_of_an_order_are_counted),
        cmocka_unit_test(the_time_out_of_each_request_runs_from_when_it_left),
        cmocka_unit_test(a_taken_id_makes_unknown_what_is_out_or_being_cancelled),
        cmocka_unit_test(a_plain_no_closes_the_breaker_that_tries),
        cmocka_unit_test(a_query_that_finds_it_as_it_is_changes_and_writes_nothing),
        cmocka_unit_test(a_venue_that_does_not_know_yet_is_asked_again),
        cmocka_unit_test(an_answer_older_than_a_fill_is_not_believed),
        cmocka_unit_test(an_amendment_under_way_is_not_undone_by_an_older_answer),
        cmocka_unit_test(what_may_rest_and_is_nobodys_is_cancelled),
        cmocka_unit_test(an_order_told_without_a_question_or_to_another_one_is_counted),
        cmocka_unit_test(funding_of_no_instrument_is_counted_and_of_one_is_told_with_its_position),
        cmocka_unit_test(the_least_price_is_one_and_the_first_instrument_beyond_is_none),
        cmocka_unit_test(answers_without_a_record_do_not_wait_for_the_disk),
    };
    return MR_TEST_MAIN(tests);
}
