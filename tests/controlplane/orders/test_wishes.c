/* What is asked of the manager: which orders a cancel of many takes, what an amendment is judged by, what waits for the journal; and which
 * answers to what it asks change nothing. */
#include "tests/controlplane/orders/rig.h"

static void stream(struct rig *r, bool up)
{
    rig_say(r, up ? MR_ANSWER_STREAM_UP : MR_ANSWER_STREAM_DOWN, 0);
    rig_step(r);
}

/* ---- many at once ---- */

static void the_first_strategy_and_instrument_are_names_like_any_other(void **state)
{
    (void)state;
    static const struct {
        struct mr_orders_filter which;
        unsigned takes; /* a bit each of the orders: strategy 0 and 2 of instrument 0, of instrument 1 */
        bool whole;     /* the venue is told in one request, too */
    } rows[] = {
        {{-1, -1, -1}, 15, true},
        {{RIG_VENUE, -1, -1}, 15, true},
        {{0, -1, -1}, 0, false},
        {{-1, 0, -1}, 5, false},
        {{-1, 2, -1}, 10, false},
        {{-1, 1, -1}, 0, false},
        {{-1, -1, 0}, 3, false},
        {{-1, -1, 1}, 12, false},
        {{-1, 0, 0}, 1, false},
        {{RIG_VENUE, 2, 1}, 8, false},
        {{RIG_VENUE + 1, -1, -1}, 0, false},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_begin(NULL);
        uint64_t ids[4];
        for (unsigned k = 0; k < 4; k++) {
            struct mr_order o = rig_limit(MR_SIDE_BUY, 100, 2);
            o.strategy = k & 1 ? 2 : 0;
            o.instrument = k / 2;
            ids[k] = rig_acked(r, o);
        }
        uint32_t count = mr_orders_cancel_all(r->om, rows[i].which, r->now);
        unsigned took = 0;
        for (unsigned k = 0; k < 4; k++)
            took |= (unsigned)mr_orders_cancelling(r->om, ids[k]) << k;
        if (took != rows[i].takes || count != (unsigned)__builtin_popcount(took) ||
            rig_requests(r, MR_REQUEST_CANCEL_ALL) != rows[i].whole)
            fail_msg("row %zu: takes %x, %u requests for all", i, took, rig_requests(r, MR_REQUEST_CANCEL_ALL));
        rig_close(r);
    }
}

static void what_the_journal_does_not_take_is_written_one_after_another(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    uint64_t had = r->record_room = r->record_count;
    assert_int_equal(mr_orders_cancel_all(r->om, (struct mr_orders_filter){-1, -1, -1}, r->now), 3);
    assert_int_equal(rig_counts(r)->journal_full, 3);
    mr_orders_step(r->om, r->now); /* the first is tried, and the others behind it are not */
    assert_int_equal(rig_counts(r)->journal_full, 4);
    r->record_room += 2;
    mr_orders_step(r->om, r->now);
    assert_int_equal(r->record_count, had + 2);
    assert_int_equal(rig_counts(r)->journal_full, 5);
    r->record_room += 10;
    mr_orders_step(r->om, r->now);
    assert_int_equal(r->record_count, had + 3);
    for (int i = 0; i < 3; i++)
        assert_true(mr_orders_cancelling(r->om, ids[i]));
    rig_close(r);
}

/* ---- amendments ---- */

static void an_amendment_is_judged_as_it_would_be(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t limit = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    struct mr_order o = {.side = MR_SIDE_BUY, .type = MR_ORDER_STOP_MARKET, .stop_price = 90 * E8, .size = E8};
    uint64_t stop = rig_acked(r, o);
    assert_int_equal(mr_orders_amend(r->om, limit, 1, 3 * E8, r->now), MR_OK); /* the lowest price there is */
    assert_true(r->judged.id == limit && r->judged.price == 1 && r->judged.stop_price == 0 && r->judged.size == 3 * E8);
    assert_int_equal(mr_orders_amend(r->om, stop, 91 * E8, 2 * E8, r->now), MR_OK);
    assert_true(r->judged.id == stop && r->judged.price == 0 && r->judged.stop_price == 91 * E8);
    rig_close(r);
}

static void nothing_is_amended_at_a_venue_that_is_not_reconciled(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    stream(r, false);
    uint64_t decisions = r->decisions;
    assert_int_equal(mr_orders_amend(r->om, id, 101 * E8, 2 * E8, r->now), MR_E_STALE);
    assert_int_equal(r->decisions, decisions); /* the gate is not asked */
    assert_int_equal(rig_order(r, id)->price, 100 * E8);
    rig_close(r);
}

static void an_amendment_to_what_is_filled_meanwhile_ends_the_order(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 4));
    assert_int_equal(mr_orders_amend(r->om, id, 100 * E8, 2 * E8, r->now), MR_OK);
    rig_step(r);
    rig_fill(r, id, 100, 2, "t1");
    rig_reply(r, MR_ANSWER_AMENDED, MR_REQUEST_AMEND)->size = 2 * E8;
    rig_step(r);
    assert_int_equal(rig_order(r, id)->size, 2 * E8);
    assert_string_equal(rig_state(r, id), "filled");
    rig_close(r);
}

static void what_is_not_there_or_has_no_price_is_neither_cancelled_nor_amended(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    struct mr_order market = {.side = MR_SIDE_BUY, .type = MR_ORDER_MARKET, .size = 2 * E8};
    uint64_t id = rig_acked(r, market), nobody = id + 1;
    assert_int_equal(mr_orders_cancel(r->om, nobody, r->now), MR_E_EMPTY);
    assert_int_equal(mr_orders_amend(r->om, nobody, E8, E8, r->now), MR_E_EMPTY);
    assert_false(mr_orders_cancelling(r->om, nobody));
    assert_int_equal(mr_orders_amend(r->om, id, 100 * E8, 2 * E8, r->now), MR_E_RANGE);
    rig_say(r, MR_ANSWER_CANCELLED, id);
    rig_step(r);
    assert_int_equal(mr_orders_cancel(r->om, id, r->now), MR_E_EMPTY);
    assert_int_equal(mr_orders_amend(r->om, id, 100 * E8, 2 * E8, r->now), MR_E_EMPTY);
    rig_close(r);
}

static void an_order_given_up_before_it_was_durable_never_leaves(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    r->manual = true;
    r->durable = r->record_count;
    struct mr_order wish = rig_limit(MR_SIDE_BUY, 100, 2);
    uint64_t id;
    assert_int_equal(mr_orders_submit(r->om, &wish, r->now, &id), MR_OK);
    assert_int_equal(mr_orders_cancel(r->om, id, r->now), MR_OK);
    r->manual = false;
    rig_pass(r, SECOND);
    assert_string_equal(rig_state(r, id), "denied");
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 0);
    rig_close(r);
}

static void what_does_not_rest_is_asked_about_when_its_end_stays_away(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    static const struct mr_order rows[] = {
        {.type = MR_ORDER_LIMIT, .price = 100 * E8, .size = E8, .tif = MR_TIF_IOC},
        {.type = MR_ORDER_LIMIT, .price = 100 * E8, .size = E8, .tif = MR_TIF_FOK},
        {.type = MR_ORDER_MARKET, .size = E8},
    };
    for (uint32_t i = 0; i < MR_COUNT_OF(rows); i++) {
        uint64_t id = rig_acked(r, rows[i]);
        rig_pass(r, r->cfg.answer_ns - 1);
        assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), i);
        rig_pass(r, 1);
        assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), i + 1);
        rig_say(r, MR_ANSWER_CANCELLED, id);
        rig_step(r);
    }
    rig_close(r);
}

/* ---- what is heard ---- */

static void news_of_requests_that_nobody_made_changes_nothing(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {MR_ANSWER_SENT, MR_ANSWER_NOT_SENT, MR_ANSWER_LIMITED, MR_ANSWER_LOST};
    struct rig *r = rig_begin(NULL);
    uint64_t rests = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2)), sent = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    uint64_t records = r->record_count;
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++)
        for (int k = 0; k < 2; k++) {
            rig_say(r, kinds[i], k ? rests : sent);
            rig_step(r);
            assert_string_equal(rig_state(r, rests), "acked");
            assert_string_equal(rig_state(r, sent), "sent");
        }
    assert_int_equal(r->record_count, records);
    rig_close(r);
}

static void a_fill_that_names_our_order_on_something_else_is_the_positions_alone(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
        struct mr_answer *a = rig_fill(r, id, 100, 1, "t");
        a->fill.instrument = k == 0;
        a->fill.side = k ? MR_SIDE_SELL : MR_SIDE_BUY;
        rig_step(r);
        assert_int_equal(rig_order(r, id)->filled, 0);
        assert_int_equal(mr_positions_get(mr_orders_positions(r->om), k == 0)->size, k ? -E8 : E8);
        assert_int_equal(rig_odd(r, MR_DISCREPANCY_UNKNOWN_ORDER), 1);
        a = rig_fill(r, id, 100, 1, "");
        memset(a->fill.trade_id, 'x', sizeof a->fill.trade_id); /* a name without an end is none */
        rig_step(r);
        assert_int_equal(rig_odd(r, MR_DISCREPANCY_ODD_FILL), 1);
        rig_close(r);
    }
}

static void few(struct rig *r) { r->cfg.instruments_max = 1; }

static void a_fill_of_an_instrument_beyond_the_table_is_reported_and_not_written(void **state)
{
    (void)state;
    struct rig *r = rig_open(few);
    rig_ready(r);
    uint64_t records = r->record_count;
    rig_fill(r, 0, 100, 1, "t")->fill.instrument = 1; /* which exists, and has no position here */
    rig_step(r);
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_ODD_FILL), 1);
    assert_int_equal(r->record_count, records);
    rig_close(r);
}

static void an_amendment_refused_because_the_order_is_gone_makes_it_unknown(void **state)
{
    (void)state;
    static const struct {
        uint8_t reason;
        const char *then;
    } rows[] = {{MR_REJECT_UNKNOWN_ORDER, "unknown"}, {MR_REJECT_FILLED, "unknown"}, {MR_REJECT_OTHER, "acked"}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
        assert_int_equal(mr_orders_amend(r->om, id, 101 * E8, 2 * E8, r->now), MR_OK);
        rig_step(r);
        rig_reply(r, MR_ANSWER_AMEND_REFUSED, MR_REQUEST_AMEND)->reason = rows[i].reason;
        rig_step(r);
        assert_string_equal(rig_state(r, id), rows[i].then);
        rig_reply(r, MR_ANSWER_AMEND_REFUSED, MR_REQUEST_AMEND)->reason = rows[i].reason; /* again: it is over */
        rig_step(r);
        assert_int_equal(rig_counts(r)->late, 1);
        assert_int_equal(rig_events(r, MR_ORDERS_AMEND_ENDED), 1);
        rig_close(r);
    }
}

static void an_order_with_a_fill_is_not_placed_again(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_pass(r, r->cfg.answer_ns);
    assert_string_equal(rig_state(r, id), "unknown");
    rig_fill(r, id, 100, 1, "t1");
    rig_step(r);
    uint64_t late = rig_counts(r)->late;
    rig_reply(r, MR_ANSWER_NOT_SENT, MR_REQUEST_PLACE); /* it was */
    rig_step(r);
    rig_pass(r, 5 * SECOND);
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 1);
    assert_int_equal(rig_counts(r)->late, late + 1);
    assert_string_equal(rig_state(r, id), "unknown");
    rig_close(r);
}

static void by_ack(struct rig *r, uint64_t id) { rig_say(r, MR_ANSWER_ACK, id); }
static void by_query(struct rig *r, uint64_t id)
{
    (void)id;
    struct mr_answer *a = rig_reply(r, MR_ANSWER_ORDER, MR_REQUEST_QUERY);
    a->state = MR_STATE_PARTIAL;
    a->filled = E8;
}
static void by_fill(struct rig *r, uint64_t id) { rig_fill(r, id, 100, 1, "t1"); }

/* Silence proves nothing while a placement may be under way in the driver; any sign of it proves that it left. */
static void an_order_that_was_seen_and_is_not_there_any_more_is_gone(void **state)
{
    (void)state;
    static void (*const seen[])(struct rig *, uint64_t) = {by_ack, by_query, by_fill};
    for (size_t i = 0; i <= MR_COUNT_OF(seen); i++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
        rig_pass(r, r->cfg.answer_ns); /* not a word, also not that it was sent */
        assert_string_equal(rig_state(r, id), "unknown");
        if (i < MR_COUNT_OF(seen))
            seen[i](r, id);
        rig_step(r);
        if (i == 0) { /* it rests: until it is asked about, and the venue knows nothing of it */
            assert_string_equal(rig_state(r, id), "acked");
            stream(r, false);
        }
        uint32_t asked[2] = {0};
        for (int k = 0; k < 400; k++) {
            for (unsigned q = 0; q < 2; q++) {
                unsigned kind = q ? MR_REQUEST_FILLS : MR_REQUEST_QUERY;
                if (rig_requests(r, kind) != asked[q]) {
                    asked[q] = rig_requests(r, kind);
                    rig_reply(r, q ? MR_ANSWER_END : MR_ANSWER_NO_ORDER, kind);
                }
            }
            rig_step(r);
            rig_pass(r, SECOND / 20);
        }
        assert_string_equal(rig_state(r, id), i < MR_COUNT_OF(seen) ? "cancelled" : "unknown");
        rig_close(r);
    }
}

static void an_older_question_that_leaves_late_moves_no_time_out(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_reply(r, MR_ANSWER_LOST, MR_REQUEST_PLACE);
    rig_step(r);
    struct mr_request first = *rig_last(r, MR_REQUEST_QUERY);
    rig_pass(r, r->cfg.answer_ns + r->cfg.backoff_ns[0]);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), 2);
    rig_pass(r, r->cfg.answer_ns / 2);
    rig_answer(r, MR_ANSWER_SENT, &first);
    rig_step(r);
    rig_pass(r, r->cfg.answer_ns / 2 + r->cfg.backoff_ns[1] - 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), 2);
    rig_pass(r, 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), 3);
    rig_close(r);
}

/* ---- lists ---- */

static void fills_are_asked_for_by_the_venues_clock(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    int64_t ahead = 100 * SECOND, seen = r->now + ahead;
    uint64_t first = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_say(r, MR_ANSWER_TRIGGERED, first)->venue_ns = seen;
    rig_step(r);
    rig_say(r, MR_ANSWER_CANCELLED, first)->venue_ns = seen;
    rig_step(r);
    r->now += 10 * SECOND;
    rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2)); /* made when the venue's clock was last known to be at `seen` */
    rig_say(r, MR_ANSWER_TRIGGERED, first)->venue_ns = seen + 50 * SECOND;
    rig_step(r);
    stream(r, true);
    assert_true(rig_last(r, MR_REQUEST_FILLS)->since_ns == seen - SECOND);
    rig_reply(r, MR_ANSWER_END, MR_REQUEST_FILLS);
    rig_step(r);
    assert_int_equal(rig_last(r, MR_REQUEST_OPEN)->since_ns, 0); /* which has no such thing */
    rig_close(r);
}

static void a_list_that_is_out_is_waited_for_and_one_that_waits_is_asked_for_at_once(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    stream(r, true);
    uint32_t asked = rig_requests(r, MR_REQUEST_FILLS);
    uint64_t stray = rig_counts(r)->stray;
    rig_pass(r, SECOND / 10);
    stream(r, true); /* anew, while that is out */
    rig_pass(r, SECOND / 10);
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), asked);
    rig_reply(r, MR_ANSWER_SENT, MR_REQUEST_FILLS)->instrument = 4; /* of no instrument, as lists are */
    rig_step(r);
    rig_reply(r, MR_ANSWER_END, MR_REQUEST_FILLS);
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), asked + 1);
    rig_reply(r, MR_ANSWER_NOT_SENT, MR_REQUEST_FILLS)->until_ns = r->now + 20 * SECOND;
    rig_step(r);
    rig_pass(r, SECOND / 10);
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), asked + 1);
    stream(r, true); /* which does not wait for the twenty seconds */
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), asked + 2);
    assert_int_equal(rig_counts(r)->stray, stray);
    rig_close(r);
}

static void an_unknown_order_in_the_list_of_open_ones_rests(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_reply(r, MR_ANSWER_LOST, MR_REQUEST_PLACE);
    rig_step(r);
    stream(r, true);
    rig_reply(r, MR_ANSWER_END, MR_REQUEST_FILLS);
    rig_step(r);
    struct mr_answer *a = rig_reply(r, MR_ANSWER_ORDER, MR_REQUEST_OPEN);
    a->order = id + 1; /* one that is not ours any more: cancelled, and no trouble for the list */
    a->state = MR_STATE_ACKED;
    rig_step(r);
    assert_int_equal(rig_last(r, MR_REQUEST_CANCEL)->order.id, id + 1);
    a = rig_reply(r, MR_ANSWER_ORDER, MR_REQUEST_OPEN);
    a->order = id;
    a->state = MR_STATE_ACKED;
    a->price = 100 * E8;
    a->size = 2 * E8;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    rig_close(r);
}

static void a_step_says_whether_it_did_something(void **state)
{
    (void)state;
    struct rig *r = rig_open(NULL);
    assert_int_equal(mr_orders_step(r->om, r->now), 0);
    rig_say(r, MR_ANSWER_STREAM_UP, 0);
    assert_int_equal(mr_orders_step(r->om, r->now), 2); /* heard it, and asks for fills */
    assert_int_equal(mr_orders_step(r->om, r->now), 0);
    r->now += r->cfg.answer_ns;
    assert_int_equal(mr_orders_step(r->om, r->now), 1); /* gives that up */
    assert_int_equal(mr_orders_step(r->om, r->now), 0);
    r->full = true;
    r->now += r->cfg.backoff_ns[0];
    assert_int_equal(mr_orders_step(r->om, r->now), 0); /* would ask again, and cannot */
    r->full = false;
    r->now += SECOND / 1000;
    assert_int_equal(mr_orders_step(r->om, r->now), 1);
    /* overdue, and not given up: an answer that was heard waits for the disk */
    r->manual = true;
    r->durable = r->record_count;
    rig_fill(r, 0, 100, 1, "t");
    assert_true(mr_orders_step(r->om, r->now) > 0);
    r->now += r->cfg.answer_ns;
    assert_int_equal(mr_orders_step(r->om, r->now), 0);
    rig_close(r);
}

static void with_a_dead_man(struct rig *r)
{
    r->cfg.dead_man_ns = 30 * SECOND;
    r->cfg.sync_ns = 80000 * SECOND;
}

static void a_refreshed_dead_mans_timer_is_something_done(void **state)
{
    (void)state;
    struct rig *r = rig_open(with_a_dead_man);
    rig_ready(r);
    uint32_t timers = rig_requests(r, MR_REQUEST_DEAD_MAN);
    r->now += 10 * SECOND - 1;
    assert_int_equal(mr_orders_step(r->om, r->now), 0);
    r->now++;
    assert_int_equal(mr_orders_step(r->om, r->now), 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_DEAD_MAN), timers + 1);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_strategy_and_instrument_are_names_like_any_other),
        cmocka_unit_test(what_the_journal_does_not_take_is_written_one_after_another),
        cmocka_unit_test(an_amendment_is_judged_as_it_would_be),
        cmocka_unit_test(nothing_is_amended_at_a_venue_that_is_not_reconciled),
        cmocka_unit_test(an_amendment_to_what_is_filled_meanwhile_ends_the_order),
        cmocka_unit_test(what_is_not_there_or_has_no_price_is_neither_cancelled_nor_amended),
        cmocka_unit_test(an_order_given_up_before_it_was_durable_never_leaves),
        cmocka_unit_test(what_does_not_rest_is_asked_about_when_its_end_stays_away),
        cmocka_unit_test(news_of_requests_that_nobody_made_changes_nothing),
        cmocka_unit_test(a_fill_that_names_our_order_on_something_else_is_the_positions_alone),
        cmocka_unit_test(a_fill_of_an_instrument_beyond_the_table_is_reported_and_not_written),
        cmocka_unit_test(an_amendment_refused_because_the_order_is_gone_makes_it_unknown),
        cmocka_unit_test(an_order_with_a_fill_is_not_placed_again),
        cmocka_unit_test(an_order_that_was_seen_and_is_not_there_any_more_is_gone),
        cmocka_unit_test(an_older_question_that_leaves_late_moves_no_time_out),
        cmocka_unit_test(fills_are_asked_for_by_the_venues_clock),
        cmocka_unit_test(a_list_that_is_out_is_waited_for_and_one_that_waits_is_asked_for_at_once),
        cmocka_unit_test(an_unknown_order_in_the_list_of_open_ones_rests),
        cmocka_unit_test(a_step_says_whether_it_did_something),
        cmocka_unit_test(a_refreshed_dead_mans_timer_is_something_done),
    };
    return MR_TEST_MAIN(tests);
}
