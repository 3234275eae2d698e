/* One order at a time, and everything that may become of it. */
#include "tests/controlplane/orders/rig.h"

static void an_order_leaves_only_when_its_intent_is_durable(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id;
    struct mr_order wish = rig_limit(MR_SIDE_BUY, 100, 2);
    r->manual = true;
    r->durable = r->record_count;
    assert_int_equal(mr_orders_submit(r->om, &wish, r->now, &id), MR_OK);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "approved");
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 0);
    r->durable = r->record_count;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "sent");
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 1);
    const struct mr_order *o = &rig_last(r, MR_REQUEST_PLACE)->order;
    assert_true(o->id == id && o->price == 100 * E8 && o->size == 2 * E8 && o->decision && o->limits == 4);
    assert_true(o->expires_ns == r->now + 300 * SECOND);
    rig_close(r);
}

static void a_fill_counts_only_when_it_is_durable(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    r->manual = true;
    r->durable = r->record_count;
    rig_fill(r, id, 100, 1, "t1");
    rig_say(r, MR_ANSWER_CANCELLED, id)->filled = E8; /* waits behind the fill */
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    assert_int_equal(mr_positions_get(mr_orders_positions(r->om), 0)->size, 0);
    assert_int_equal(rig_events(r, MR_ORDERS_FILLED), 0);
    rig_pass(r, 20 * SECOND); /* silence is no time-out while something heard waits */
    assert_string_equal(rig_state(r, id), "acked");
    r->durable = r->record_count;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "cancelled");
    assert_int_equal(mr_positions_get(mr_orders_positions(r->om), 0)->size, E8);
    assert_int_equal(rig_order(r, id)->filled, E8);
    assert_true(rig_order(r, id)->cost == rig_money("100"));
    assert_true(rig_order(r, id)->fees == rig_money("0.01"));
    assert_int_equal(rig_events(r, MR_ORDERS_DISCREPANCY), 0);
    rig_close(r);
}

static void the_gate_denies_and_nothing_leaves(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    struct mr_order wish = rig_limit(MR_SIDE_BUY, 100, 2);
    uint64_t id = 0;
    r->deny = true;
    assert_int_equal(mr_orders_submit(r->om, &wish, r->now, &id), MR_ORDERS_DENIED);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "denied");
    assert_int_equal(rig_last_event(r, MR_ORDERS_CHANGED)->e.reason, 9);
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 0);
    assert_int_equal(mr_orders_open(r->om), 0);
    assert_int_equal(mr_orders_counters(r->om)->denied, 1);
    rig_close(r);
}

static void the_kill_word_stops_what_was_approved_and_has_not_left(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t a = rig_acked(r, rig_limit(MR_SIDE_BUY, 99, 2)), id;
    struct mr_order wish = rig_limit(MR_SIDE_BUY, 100, 2);
    r->manual = true;
    r->durable = r->record_count;
    assert_int_equal(mr_orders_submit(r->om, &wish, r->now, &id), MR_OK);
    assert_int_equal(mr_orders_amend(r->om, a, 98 * E8, 2 * E8, r->now), MR_OK);
    rig_step(r);
    r->closed = true;
    r->durable = r->record_count;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "denied");
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_AMEND), 0);
    assert_int_equal(rig_events(r, MR_ORDERS_AMEND_ENDED), 1);
    assert_int_equal(mr_orders_cancel(r->om, a, r->now), MR_OK); /* cancels pass */
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 1);
    rig_close(r);
}

/* A story: news in a row, and where it leads. Fills are of size 1 of 2, or of all. */
static void stories_end_as_told(void **state)
{
    (void)state;
    /* a ack, f fill of one (next trade id), F the same trade again, c cancel wanted here, C cancelled, R cancel refused (filled), r reject,
     * e expired, l placing lost, n not sent, t time passes beyond the time-out, q query answers "rests", Q query answers "cancelled",
     * N query answers "no order", T trade through all that is left */
    /* clang-format off */
    static const struct {
        const char *says, *news, *ends;
        int64_t filled;
        uint32_t places;
        unsigned odd, also;
    } rows[] = {
        {"the plain way", "aff", "filled", 2, 1, 0, 0},
        {"fill before ack", "fa", "partial", 1, 1, 0, 0},
        {"all filled before ack: the late ack is ignored", "ffa", "filled", 2, 1, 0, 0},
        {"the same trade twice counts once", "afF", "partial", 1, 1, 0, 0},
        {"the same trade thrice, then the rest", "afFFf", "filled", 2, 1, 0, 0},
        {"a cancel", "acC", "cancelled", 0, 1, 0, 0},
        {"a cancel after a part", "afcC", "cancelled", 1, 1, 0, 0},
        {"fill while cancelling", "acfC", "cancelled", 1, 1, 0, 0},
        {"fill after the cancel's confirmation", "acCf", "cancelled", 1, 1, MR_DISCREPANCY_LATE_FILL, 0},
        {"filled while cancelling, the cancel refused", "acffR", "filled", 2, 1, 0, 0},
        {"cancel refused as filled, then the fills", "acRff", "filled", 2, 1, 0, 0},
        {"cancel refused, and the query says it rests: cancelled again", "acRtqC", "cancelled", 0, 1, 0, 0},
        {"rejected", "r", "rejected", 0, 1, 0, 0},
        {"rejected after the acknowledgement", "ar", "rejected", 0, 1, 0, 0},
        {"a rejection of what had a part", "fr", "cancelled", 1, 1, 0, 0},
        {"expired", "ae", "expired", 0, 1, 0, 0},
        {"silence: unknown", "t", "unknown", 0, 1, 0, 0},
        {"late ack after the time-out", "ta", "acked", 0, 1, 0, 0},
        {"unknown, and filled meanwhile", "tff", "filled", 2, 1, 0, 0},
        {"unknown, a part filled, the query says it rests", "tfq", "partial", 1, 1, 0, 0},
        {"unknown, the query says it rests", "tq", "acked", 0, 1, 0, 0},
        {"unknown, the query says it is cancelled", "tQ", "cancelled", 0, 1, 0, 0},
        {"lost, the query says it rests", "lq", "acked", 0, 1, 0, 0},
        {"one no-order proves nothing", "tN", "unknown", 0, 1, 0, 0},
        {"no order, then an ack after all", "tNa", "acked", 0, 1, 0, 0},
        {"no order, and again long after, with the fills looked at: dead", "tNE7N", "cancelled", 0, 1, MR_DISCREPANCY_NOT_FOUND, 0},
        {"the same without the fills looked at", "tN7N", "unknown", 0, 1, 0, 0},
        {"dead, and then it speaks: it is cancelled", "tNE7Na", "cancelled", 0, 1, MR_DISCREPANCY_ENDED_ALIVE, MR_DISCREPANCY_NOT_FOUND},
        {"not sent: again with the same id", "n9", "sent", 0, 2, 0, 0},
        {"not sent three times: given up", "n9n9n", "denied", 0, 3, 0, 0},
        {"not sent, and cancelled before the next try", "nc9", "denied", 0, 1, 0, 0},
        {"cancelled while sent: never left", "cn", "denied", 0, 1, 0, 0},
        {"not sent, and then acknowledged", "na", "acked", 0, 1, MR_DISCREPANCY_UNSENT_ALIVE, 0},
        {"not sent, and then filled: not placed again", "nf9", "partial", 1, 1, MR_DISCREPANCY_UNSENT_ALIVE, 0},
        {"not sent, said of what rests", "an", "acked", 0, 1, 0, 0},
        {"more filled than ordered", "afT", "filled", 2, 1, MR_DISCREPANCY_OVERFILL, 0},
        {"cancelled twice", "acCC", "cancelled", 0, 1, 0, 0},
        {"cancel wanted while unknown, found resting", "tcqC", "cancelled", 0, 1, 0, 0},
        {"overloaded: certain not to be done", "o9", "sent", 0, 2, 0, 0},
        {"duplicate id: asked, not placed", "dq", "acked", 0, 1, 0, 0},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
        char trade[8] = "t0";
        for (const char *n = rows[i].news; *n; n++) {
            struct mr_request *place = rig_last(r, MR_REQUEST_PLACE);
            switch (*n) {
            /* clang-format off */
            case 'a': rig_answer(r, MR_ANSWER_ACK, place); break;
            case 'f': trade[1]++; rig_fill(r, id, 100, 1, trade); break;
            case 'F': rig_fill(r, id, 100, 1, trade); break;
            case 'T': rig_fill(r, id, 100, 3, "big"); break;
            case 'c': assert_int_equal(mr_orders_cancel(r->om, id, r->now), MR_OK); break;
            case 'C': rig_say(r, MR_ANSWER_CANCELLED, id); break;
            case 'R': rig_answer(r, MR_ANSWER_CANCEL_REFUSED, rig_last(r, MR_REQUEST_CANCEL))->reason = MR_REJECT_FILLED; break;
            case 'r': rig_answer(r, MR_ANSWER_REJECTED, place)->reason = MR_REJECT_MARGIN; break;
            case 'o': rig_answer(r, MR_ANSWER_REJECTED, place)->reason = MR_REJECT_OVERLOAD; break;
            case 'd': rig_answer(r, MR_ANSWER_REJECTED, place)->reason = MR_REJECT_DUPLICATE_ID; break;
            case 'e': rig_say(r, MR_ANSWER_EXPIRED, id); break;
            case 'l': rig_answer(r, MR_ANSWER_LOST, place); break;
            case 'n': rig_answer(r, MR_ANSWER_NOT_SENT, place); break;
            case 't': /* not so long that the first query is overdue */
                rig_answer(r, MR_ANSWER_SENT, place);
                rig_step(r);
                rig_pass(r, SECOND);
                break;
            case '7': rig_pass(r, 7 * SECOND); break;
            case '9': rig_pass(r, 9 * SECOND / 2 - (rows[i].places < 3) * SECOND * 7 / 2); break;
            case 'E': rig_answer(r, MR_ANSWER_END, rig_last(r, MR_REQUEST_FILLS)); break;
            case 'q':
                if (!rig_requests(r, MR_REQUEST_QUERY) || strchr(rows[i].news, 'R'))
                    rig_pass(r, SECOND / 2);
                struct mr_answer *a = rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_QUERY));
                a->state = MR_STATE_ACKED;
                a->filled = rig_order(r, id)->filled;
                break;
            case 'Q': rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_QUERY))->state = MR_STATE_CANCELLED; break;
            case 'N': rig_answer(r, MR_ANSWER_NO_ORDER, rig_last(r, MR_REQUEST_QUERY)); break;
            default: fail();
                /* clang-format on */
            }
            rig_step(r);
        }
        if (strcmp(rig_state(r, id), rows[i].ends) != 0)
            fail_msg("%s (%s): %s", rows[i].says, rows[i].news, rig_state(r, id));
        if (rig_order(r, id)->filled != rows[i].filled * E8 || rig_requests(r, MR_REQUEST_PLACE) != rows[i].places)
            fail_msg("%s (%s): filled %lld, placed %u", rows[i].says, rows[i].news,
                     (long long)(rig_order(r, id)->filled / E8), rig_requests(r, MR_REQUEST_PLACE));
        for (unsigned d = 1; d < MR_DISCREPANCY_COUNT; d++)
            if (rig_odd(r, d) != (d == rows[i].odd || d == rows[i].also))
                fail_msg("%s (%s): %u times %s", rows[i].says, rows[i].news, rig_odd(r, d), mr_discrepancy_name(d));
        for (uint32_t p = 0; p < r->request_count; p++) /* always the same id */
            if (r->requests[p].kind == MR_REQUEST_PLACE)
                assert_true(r->requests[p].order.id == id);
        rig_close(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_leaves_only_when_its_intent_is_durable),
        cmocka_unit_test(a_fill_counts_only_when_it_is_durable),
        cmocka_unit_test(the_gate_denies_and_nothing_leaves),
        cmocka_unit_test(the_kill_word_stops_what_was_approved_and_has_not_left),
        cmocka_unit_test(stories_end_as_told),
    };
    return MR_TEST_MAIN(tests);
}
