/* The order manager as a whole: limits, holds, time, amendments, reconciling, restarts. */
#include <stdio.h>

#include "tests/controlplane/orders/rig.h"

static int submit(struct rig *r, struct mr_order wish)
{
    uint64_t id;
    return mr_orders_submit(r->om, &wish, r->now, &id);
}

static void wishes_that_make_no_order_are_refused_before_the_gate(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    for (int i = 0; i < 22; i++) {
        struct mr_order o = rig_limit(MR_SIDE_BUY, 100, 2);
        int want = MR_E_RANGE;
        /* clang-format off */
        switch (i) {
        case 0: o.side = 2; break;
        case 1: o.type = MR_ORDER_TYPE_COUNT; break;
        case 2: o.tif = MR_TIF_COUNT; break;
        case 3: o.role = MR_ROLE_COUNT; break;
        case 4: o.size = 0; break;
        case 5: o.size = -1; break;
        case 6: o.price = 0; break;
        case 7: o.price = -1; break;
        case 8: o.stop_price = 1; break;
        case 9: o.type = MR_ORDER_MARKET; break;
        case 10: o.type = MR_ORDER_STOP_MARKET; break;
        case 11: o.type = MR_ORDER_STOP_MARKET; o.price = 0; break;
        case 12: o.type = MR_ORDER_TAKE_PROFIT_MARKET; o.price = 0; o.stop_price = -5; break;
        case 13: o.expires_ns = -1; break;
        case 14: o.expires_ns = r->now; break;
        case 15: o.tif = MR_TIF_GTD; break;
        case 16: o.flags = MR_ORDER_POST_ONLY; o.tif = MR_TIF_IOC; break;
        case 17: o.flags = MR_ORDER_POST_ONLY; o.type = MR_ORDER_MARKET; o.price = 0; break;
        case 18: o.type = MR_ORDER_STOP_MARKET; o.price = 0; o.stop_price = 5; o.tif = MR_TIF_FOK; break;
        case 19: o.instrument = 2; want = MR_E_UNSUPPORTED; break;
        case 20: o.instrument = 3; want = MR_E_SYMBOL; break; /* its venue is not linked */
        default: o.instrument = 4; want = MR_E_SYMBOL; break;
        }
        /* clang-format on */
        assert_int_equal(submit(r, o), want);
    }
    assert_int_equal(r->decisions, 0);
    static const struct {
        uint8_t type, tif, flags;
        bool price, stop, expires;
    } good[] = {{MR_ORDER_LIMIT, MR_TIF_GTC, MR_ORDER_POST_ONLY, true, false, false},
                {MR_ORDER_LIMIT, MR_TIF_GTD, MR_ORDER_POST_ONLY, true, false, true},
                {MR_ORDER_LIMIT, MR_TIF_FOK, 0, true, false, false},
                {MR_ORDER_MARKET, MR_TIF_IOC, MR_ORDER_REDUCE_ONLY | MR_ORDER_EMERGENCY, false, false, false},
                {MR_ORDER_STOP_MARKET, MR_TIF_GTC, MR_ORDER_REDUCE_ONLY, false, true, false},
                {MR_ORDER_TAKE_PROFIT_MARKET, MR_TIF_GTD, MR_ORDER_MANUAL, false, true, true}};
    for (size_t i = 0; i < MR_COUNT_OF(good); i++) {
        struct mr_order o = rig_limit(MR_SIDE_BUY, 100, 2);
        o.type = good[i].type;
        o.tif = good[i].tif;
        o.flags = good[i].flags;
        o.price = good[i].price ? o.price : 0;
        o.stop_price = good[i].stop ? E8 : 0;
        o.expires_ns = good[i].expires ? r->now + 1 : 0;
        assert_int_equal(submit(r, o), MR_OK);
    }
    rig_close(r);
}

static void small(struct rig *r)
{
    r->cfg.open_max = 3;
    r->cfg.ended_max = 2;
    r->cfg.trades_max = 2;
}

static void bounds_refuse_or_drop_the_oldest_and_count(void **state)
{
    (void)state;
    struct rig *r = rig_begin(small);
    uint64_t ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    assert_int_equal(submit(r, rig_limit(MR_SIDE_BUY, 100, 2)), MR_E_FULL);
    for (int i = 0; i < 3; i++)
        rig_say(r, MR_ANSWER_CANCELLED, ids[i]);
    rig_step(r);
    assert_int_equal(mr_orders_open(r->om), 0);
    rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    assert_null(mr_orders_find(r->om, ids[0]));
    assert_non_null(mr_orders_find(r->om, ids[2]));
    assert_true(mr_orders_counters(r->om)->ended_dropped >= 1);
    /* news of one that is gone: its fill still moves the position, and is reported */
    rig_fill(r, ids[0], 100, 1, "t1");
    rig_step(r);
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_UNKNOWN_ORDER), 1);
    assert_int_equal(mr_positions_get(mr_orders_positions(r->om), 0)->size, E8);
    /* and if it says it rests, it is cancelled */
    rig_say(r, MR_ANSWER_ACK, ids[0]);
    rig_step(r);
    assert_int_equal(rig_last(r, MR_REQUEST_CANCEL)->order.id, ids[0]);
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_UNKNOWN_ORDER), 2);
    /* trade ids: two are remembered; what may be older is not applied */
    r->now += SECOND;
    rig_fill(r, 0, 100, 1, "t2");
    rig_fill(r, 0, 100, 1, "t3");
    rig_step(r);
    assert_int_equal(mr_orders_counters(r->om)->trades_dropped, 1);
    struct mr_answer *a = rig_fill(r, 0, 100, 1, "t1");
    a->fill.venue_ns = r->now - SECOND;
    rig_step(r);
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_OLD_FILL), 1);
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_FOREIGN_FILL), 2);
    assert_int_equal(mr_positions_get(mr_orders_positions(r->om), 0)->size, 3 * E8);
    rig_close(r);
}

static void fills_that_make_no_sense_are_reported_and_not_applied(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    for (int i = 0; i < 7; i++) {
        struct mr_answer *a = rig_fill(r, 0, 100, 1, "odd");
        /* clang-format off */
        switch (i) {
        case 0: a->fill.size = 0; break;
        case 1: a->fill.price = 0; break;
        case 2: a->fill.side = 2; break;
        case 3: a->fill.trade_id[0] = 0; break;
        case 4: memset(a->fill.trade_id, 'x', sizeof a->fill.trade_id); break;
        case 5: a->fill.instrument = 4; break;
        default: a->fill.price = a->fill.size = INT64_MAX; break;
        }
        /* clang-format on */
        rig_step(r);
        assert_int_equal(rig_odd(r, MR_DISCREPANCY_ODD_FILL), i + 1);
    }
    assert_int_equal(mr_orders_counters(r->om)->fills, 0);
    assert_int_equal(rig_events(r, MR_ORDERS_FILLED), 0);
    /* our id on another side: the position has it, the order does not */
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_fill(r, id, 100, 1, "side")->fill.side = MR_SIDE_SELL;
    rig_step(r);
    assert_int_equal(rig_order(r, id)->filled, 0);
    assert_int_equal(mr_positions_get(mr_orders_positions(r->om), 0)->size, -E8);
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_UNKNOWN_ORDER), 1);
    rig_close(r);
}

static void a_venue_name_is_enough_to_know_an_order(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    struct mr_answer *a = rig_fill(r, 0, 100, 1, "t1");
    strcpy(a->venue_id, "v1");
    rig_step(r);
    assert_int_equal(rig_order(r, id)->filled, E8);
    assert_ptr_equal(mr_orders_find_venue(r->om, RIG_VENUE, "v1"), rig_order(r, id));
    assert_null(mr_orders_find_venue(r->om, RIG_VENUE, "v2"));
    assert_null(mr_orders_find_venue(r->om, RIG_VENUE, ""));
    strcpy(rig_say(r, MR_ANSWER_CANCELLED, 0)->venue_id, "v1");
    rig_step(r);
    assert_string_equal(rig_state(r, id), "cancelled");
    rig_close(r);
}

static void an_order_lives_five_minutes_and_what_protects_for_ever(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    struct mr_order stop = {
        .type = MR_ORDER_STOP_MARKET, .stop_price = 90 * E8, .size = E8, .role = MR_ROLE_STOP, .side = MR_SIDE_SELL};
    struct mr_order gtd = rig_limit(MR_SIDE_BUY, 99, 1);
    gtd.tif = MR_TIF_GTD;
    gtd.expires_ns = r->now + 10 * SECOND;
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2)), guard = rig_acked(r, stop), until = rig_acked(r, gtd);
    rig_pass(r, 11 * SECOND - 1); /* the venue ends GTD itself, and has a second for it */
    assert_false(mr_orders_cancelling(r->om, until));
    rig_pass(r, 1);
    assert_true(mr_orders_cancelling(r->om, until));
    rig_say(r, MR_ANSWER_CANCELLED, until);
    r->now += 289 * SECOND - 1;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    r->now += 1;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "cancelling");
    assert_string_equal(rig_state(r, guard), "acked");
    rig_say(r, MR_ANSWER_CANCELLED, id);
    rig_step(r);
    rig_pass(r, 300 * SECOND - 1);
    assert_non_null(mr_orders_find(r->om, id));
    rig_pass(r, 1);
    assert_null(mr_orders_find(r->om, id)); /* cleaned up */
    rig_close(r);
}

static void narrow(struct rig *r)
{
    r->link.order_limit = (struct mr_bucket_limit){.quota = 6, .burst = 4, .window_ns = SECOND};
    r->link.cancel_reserve = 2;
}

static void orders_wait_for_the_bucket_and_cancels_have_their_reserve(void **state)
{
    (void)state;
    struct rig *r = rig_begin(narrow);
    uint64_t ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 2);
    assert_string_equal(rig_state(r, ids[2]), "approved");
    assert_int_equal(rig_last_event(r, MR_ORDERS_HELD)->e.hold, MR_HOLD_BUCKET);
    assert_int_equal(rig_last_event(r, MR_ORDERS_HELD)->e.until_ns, r->now + SECOND / 2);
    assert_int_equal(rig_events(r, MR_ORDERS_HELD), 1);
    mr_orders_cancel(r->om, ids[0], r->now);
    mr_orders_cancel(r->om, ids[1], r->now);
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 2);
    rig_pass(r, 6 * SECOND);
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 3);
    assert_int_equal(rig_events(r, MR_ORDERS_HELD), 1);
    rig_close(r);
}

static void a_venue_that_says_wait_gets_the_same_order_later(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_answer(r, MR_ANSWER_LIMITED, rig_last(r, MR_REQUEST_PLACE))->until_ns = r->now + 7 * SECOND;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "approved");
    assert_int_equal(rig_last_event(r, MR_ORDERS_HELD)->e.hold, MR_HOLD_RETRY);
    rig_pass(r, 7 * SECOND - 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 1);
    rig_pass(r, 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 2);
    assert_int_equal(rig_last(r, MR_REQUEST_PLACE)->order.id, id);
    assert_int_equal(mr_orders_counters(r->om)->replaced, 1);
    rig_close(r);
}

static void five_failures_hold_new_orders_and_lose_none(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    for (int i = 0; i < 5; i++) {
        rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 1));
        rig_answer(r, MR_ANSWER_REJECTED, rig_last(r, MR_REQUEST_PLACE))->reason =
            i % 2 ? MR_REJECT_CREDENTIALS : MR_REJECT_CLOCK;
        rig_step(r);
    }
    assert_int_equal(rig_last_event(r, MR_ORDERS_BREAKER)->e.hold, MR_BREAKER_OPEN);
    uint64_t a = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 1)), b = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 1));
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 5);
    assert_int_equal(rig_last_event(r, MR_ORDERS_HELD)->e.hold, MR_HOLD_BREAKER);
    /* positions and balance are asked for meanwhile; let them go without an answer being a failure */
    int64_t open = r->now;
    while (rig_requests(r, MR_REQUEST_PLACE) == 5 && r->now < open + 60 * SECOND) {
        r->now += SECOND / 100;
        rig_step(r);
    }
    assert_true(r->now >= open + 30 * SECOND);
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 6); /* one tries */
    rig_answer(r, MR_ANSWER_ACK, rig_last(r, MR_REQUEST_PLACE));
    rig_step(r);
    rig_pass(r, SECOND / 10);
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 7);
    assert_int_equal(rig_last_event(r, MR_ORDERS_BREAKER)->e.hold, MR_BREAKER_CLOSED);
    assert_true(rig_order(r, a)->sent_ns && rig_order(r, b)->sent_ns);
    rig_close(r);
}

static void a_full_driver_is_asked_again(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    r->full = true;
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 1));
    assert_int_equal(rig_last_event(r, MR_ORDERS_HELD)->e.hold, MR_HOLD_DRIVER);
    r->full = false;
    rig_pass(r, 1000000);
    assert_string_equal(rig_state(r, id), "sent");
    rig_close(r);
}

static void a_journal_that_takes_nothing_refuses_orders_and_cancels_pass(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2)), held;
    r->record_room = r->record_count;
    assert_int_equal(submit(r, rig_limit(MR_SIDE_BUY, 100, 2)), MR_E_FULL);
    assert_int_equal(mr_orders_open(r->om), 1);
    rig_fill(r, id, 100, 1, "t1"); /* heard, and waits */
    rig_step(r);
    assert_int_equal(rig_order(r, id)->filled, 0);
    assert_int_equal(mr_orders_cancel(r->om, id, r->now), MR_OK);
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 1);
    assert_int_equal(mr_orders_amend(r->om, id, 100 * E8, 3 * E8, r->now), MR_E_AGAIN);
    r->record_room += 100;
    rig_step(r);
    assert_int_equal(rig_order(r, id)->filled, E8);
    assert_true(mr_orders_counters(r->om)->journal_full >= 3);
    /* dead for good: what has not left never will */
    r->manual = true;
    r->durable = r->record_count;
    struct mr_order wish = rig_limit(MR_SIDE_BUY, 100, 2);
    assert_int_equal(mr_orders_submit(r->om, &wish, r->now, &held), MR_OK);
    r->failed = "no space left";
    assert_string_equal(mr_orders_stopped(r->om), "no space left");
    rig_step(r);
    assert_string_equal(rig_state(r, held), "denied");
    assert_int_equal(submit(r, rig_limit(MR_SIDE_BUY, 100, 2)), MR_E_STALE);
    rig_close(r);
}

static void amendments_are_approved_durable_and_answered(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 4));
    rig_fill(r, id, 100, 1, "t1");
    rig_step(r);
    static const struct {
        int64_t price, size;
        int want;
    } refused[] = {{0, 4, MR_E_RANGE}, {-1, 4, MR_E_RANGE}, {100, 1, MR_E_RANGE}, {100, 0, MR_E_RANGE}};
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++)
        assert_int_equal(mr_orders_amend(r->om, id, refused[i].price * E8, refused[i].size * E8, r->now),
                         refused[i].want);
    assert_int_equal(mr_orders_amend(r->om, 77, E8, E8, r->now), MR_E_EMPTY);
    r->deny = true;
    assert_int_equal(mr_orders_amend(r->om, id, 101 * E8, 4 * E8, r->now), MR_ORDERS_DENIED);
    r->deny = false;
    r->manual = true;
    r->durable = r->record_count;
    assert_int_equal(mr_orders_amend(r->om, id, 101 * E8, 5 * E8, r->now), MR_OK);
    assert_int_equal(mr_orders_amend(r->om, id, 102 * E8, 5 * E8, r->now), MR_E_AGAIN);
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_AMEND), 0);
    r->manual = false;
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_AMEND), 1);
    assert_int_equal(rig_order(r, id)->price, 100 * E8); /* until the venue says so */
    assert_int_equal(rig_last_event(r, MR_ORDERS_AMENDING)->e.want_size, 5 * E8);
    struct mr_answer *a = rig_answer(r, MR_ANSWER_AMENDED, rig_last(r, MR_REQUEST_AMEND));
    a->price = 101 * E8;
    a->size = 5 * E8;
    rig_step(r);
    assert_true(rig_order(r, id)->price == 101 * E8 && rig_order(r, id)->size == 5 * E8);
    assert_int_equal(rig_events(r, MR_ORDERS_AMENDED), 1);
    /* refused: it keeps what it had */
    assert_int_equal(mr_orders_amend(r->om, id, 103 * E8, 5 * E8, r->now), MR_OK);
    rig_step(r);
    rig_answer(r, MR_ANSWER_AMEND_REFUSED, rig_last(r, MR_REQUEST_AMEND))->reason = MR_REJECT_OTHER;
    rig_step(r);
    assert_int_equal(rig_order(r, id)->price, 101 * E8);
    assert_string_equal(rig_state(r, id), "partial");
    assert_int_equal(rig_last_event(r, MR_ORDERS_AMEND_ENDED)->e.reason, MR_REJECT_OTHER);
    /* not sent, three times */
    assert_int_equal(mr_orders_amend(r->om, id, 103 * E8, 5 * E8, r->now), MR_OK);
    for (int i = 0; i < 3; i++) {
        rig_pass(r, i * SECOND); /* 1 s, 2 s after */
        assert_int_equal(rig_requests(r, MR_REQUEST_AMEND), 3 + i);
        rig_answer(r, MR_ANSWER_NOT_SENT, rig_last(r, MR_REQUEST_AMEND));
        rig_step(r);
    }
    assert_int_equal(rig_events(r, MR_ORDERS_AMEND_ENDED), 2);
    /* unknown order: asked */
    rig_pass(r, 40 * SECOND);
    assert_int_equal(mr_orders_amend(r->om, id, 103 * E8, 5 * E8, r->now), MR_OK);
    rig_pass(r, SECOND / 2);
    rig_answer(r, MR_ANSWER_AMEND_REFUSED, rig_last(r, MR_REQUEST_AMEND))->reason = MR_REJECT_UNKNOWN_ORDER;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "unknown");
    a = rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_QUERY));
    a->state = MR_STATE_EXPIRED;
    a->filled = E8;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "expired");
    assert_int_equal(mr_orders_amend(r->om, id, 103 * E8, 5 * E8, r->now), MR_E_EMPTY);
    rig_answer(r, MR_ANSWER_AMENDED, rig_last(r, MR_REQUEST_AMEND));
    rig_answer(r, MR_ANSWER_AMEND_REFUSED, rig_last(r, MR_REQUEST_AMEND));
    rig_step(r);
    assert_true(mr_orders_counters(r->om)->late >= 2);
    rig_close(r);
}

static void an_amendment_whose_answer_is_lost_is_found_out(void **state)
{
    (void)state;
    /* what the query shows, at once and after the grace time, and what is believed then */
    static const struct {
        int64_t shown, believed;
        bool soon;
    } rows[] = {{105, 105, true}, {100, 100, false}, {103, 103, false}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 4));
        assert_int_equal(mr_orders_amend(r->om, id, 105 * E8, 6 * E8, r->now), MR_OK);
        rig_step(r);
        rig_answer(r, MR_ANSWER_LOST, rig_last(r, MR_REQUEST_AMEND));
        rig_step(r);
        assert_string_equal(rig_state(r, id), "unknown");
        int64_t begun = r->now;
        uint32_t asked = 0;
        while (!strcmp(rig_state(r, id), "unknown") && r->now < begun + 20 * SECOND) {
            if (rig_requests(r, MR_REQUEST_QUERY) > asked) {
                asked = rig_requests(r, MR_REQUEST_QUERY);
                struct mr_answer *a = rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_QUERY));
                a->state = MR_STATE_ACKED;
                a->price = rows[i].shown * E8;
                a->size = rows[i].soon ? 6 * E8 : 4 * E8;
            }
            rig_pass(r, SECOND / 4);
        }
        assert_int_equal(rows[i].soon, r->now < begun + SECOND);
        if (!rows[i].soon)
            assert_true(r->now >= begun + 5 * SECOND); /* it might still have arrived */
        assert_string_equal(rig_state(r, id), "acked");
        assert_int_equal(rig_order(r, id)->price, rows[i].believed * E8);
        rig_close(r);
    }
}

static void a_fill_beyond_the_size_proves_that_the_larger_amendment_arrived(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    assert_int_equal(mr_orders_amend(r->om, id, 100 * E8, 4 * E8, r->now), MR_OK);
    rig_step(r);
    rig_fill(r, id, 100, 2, "t1"); /* all of the old size: not yet its end */
    rig_step(r);
    assert_string_equal(rig_state(r, id), "partial");
    rig_fill(r, id, 100, 1, "t2");
    rig_step(r);
    assert_int_equal(rig_order(r, id)->size, 4 * E8);
    rig_fill(r, id, 100, 1, "t3");
    rig_step(r);
    assert_string_equal(rig_state(r, id), "filled");
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_OVERFILL), 0);
    /* and where it did not, the refusal ends it */
    id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    assert_int_equal(mr_orders_amend(r->om, id, 100 * E8, 4 * E8, r->now), MR_OK);
    rig_step(r);
    rig_fill(r, id, 100, 2, "t4");
    rig_answer(r, MR_ANSWER_AMEND_REFUSED, rig_last(r, MR_REQUEST_AMEND))->reason = MR_REJECT_OTHER;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "filled");
    rig_close(r);
}

static void cancel_all_takes_what_matches_and_tells_the_venue_first(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    struct mr_order other = rig_limit(MR_SIDE_BUY, 100, 2);
    other.strategy = 5;
    other.instrument = 1;
    other.price = other.size = 10000;
    for (int i = 0; i < 3; i++)
        rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_acked(r, other);
    assert_int_equal(mr_orders_cancel_all(r->om, (struct mr_orders_filter){-1, 5, -1}, r->now), 1);
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL_ALL), 0);
    assert_int_equal(mr_orders_cancel_all(r->om, (struct mr_orders_filter){-1, -1, 1}, r->now), 1);
    assert_int_equal(mr_orders_cancel_all(r->om, (struct mr_orders_filter){RIG_VENUE + 1, -1, -1}, r->now), 0);
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL_ALL), 0);
    assert_int_equal(mr_orders_cancel_all(r->om, (struct mr_orders_filter){RIG_VENUE, -1, -1}, r->now), 4);
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL_ALL), 1);
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 4);
    assert_int_equal(mr_orders_cancel(r->om, 12345, r->now), MR_E_EMPTY);
    rig_close(r);
}

static void a_cancel_is_tried_until_it_is_answered(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    assert_int_equal(mr_orders_cancel(r->om, id, r->now), MR_OK);
    rig_step(r);
    for (uint32_t i = 1; i < 5; i++) { /* 1, 2, 4, 4 s */
        assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), i);
        rig_answer(r, MR_ANSWER_NOT_SENT, rig_last(r, MR_REQUEST_CANCEL));
        rig_step(r);
        assert_string_equal(rig_state(r, id), "cancelling");
        int64_t wait = (i < 3 ? (1 << (i - 1)) : 4) * SECOND;
        r->now += wait - 1;
        rig_step(r);
        assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), i);
        r->now += 1;
        rig_step(r);
    }
    rig_pass(r, 2 * SECOND); /* silence */
    assert_string_equal(rig_state(r, id), "unknown");
    rig_close(r);
}

static void streams_down_are_polled_and_trading_waits(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_say(r, MR_ANSWER_STREAM_DOWN, 0);
    rig_step(r);
    assert_false(mr_orders_ready(r->om, RIG_VENUE));
    assert_int_equal(rig_last_event(r, MR_ORDERS_READY)->e.hold, 0);
    assert_int_equal(submit(r, rig_limit(MR_SIDE_BUY, 100, 2)), MR_E_STALE);
    struct mr_order out = {.type = MR_ORDER_MARKET,
                           .size = E8,
                           .flags = MR_ORDER_REDUCE_ONLY | MR_ORDER_EMERGENCY,
                           .role = MR_ROLE_EXIT,
                           .side = MR_SIDE_SELL};
    assert_int_equal(submit(r, out), MR_OK); /* an emergency's does not wait */
    rig_step(r);
    assert_int_equal(rig_last(r, MR_REQUEST_PLACE)->order.type, MR_ORDER_MARKET);
    rig_answer(r, MR_ANSWER_REJECTED, rig_last(r, MR_REQUEST_PLACE))->reason = MR_REJECT_REDUCE_ONLY;
    uint32_t queries = rig_requests(r, MR_REQUEST_QUERY), fills = rig_requests(r, MR_REQUEST_FILLS);
    rig_pass(r, 2 * SECOND);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), queries + 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), fills + 1);
    struct mr_answer *a = rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_QUERY));
    a->state = MR_STATE_PARTIAL;
    a->filled = E8; /* a fill that was missed: it is asked for, not made up */
    rig_answer(r, MR_ANSWER_END, rig_last(r, MR_REQUEST_FILLS));
    rig_step(r);
    assert_int_equal(rig_order(r, id)->filled, 0);
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), fills + 2);
    rig_fill(r, id, 100, 1, "missed")->request = rig_last(r, MR_REQUEST_FILLS)->number;
    rig_answer(r, MR_ANSWER_END, rig_last(r, MR_REQUEST_FILLS));
    rig_step(r);
    assert_int_equal(rig_order(r, id)->filled, E8);
    rig_close(r);
}

static void after_the_stream_is_back_every_order_is_accounted_for(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t listed = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2)), gone = rig_acked(r, rig_limit(MR_SIDE_BUY, 99, 2));
    r->now += SECOND;
    rig_say(r, MR_ANSWER_STREAM_DOWN, 0);
    rig_say(r, MR_ANSWER_STREAM_UP, 0);
    rig_step(r);
    assert_true(rig_last(r, MR_REQUEST_FILLS)->since_ns <= r->now - SECOND);
    rig_answer(r, MR_ANSWER_END, rig_last(r, MR_REQUEST_FILLS));
    rig_step(r);
    struct mr_answer *a = rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_OPEN));
    a->order = listed;
    a->state = MR_STATE_ACKED;
    rig_answer(r, MR_ANSWER_END, rig_last(r, MR_REQUEST_OPEN));
    rig_step(r);
    assert_string_equal(rig_state(r, listed), "acked");
    assert_string_equal(rig_state(r, gone), "unknown");
    assert_false(mr_orders_ready(r->om, RIG_VENUE));
    rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_QUERY))->state = MR_STATE_CANCELLED;
    rig_step(r);
    assert_string_equal(rig_state(r, gone), "cancelled");
    rig_answer(r, MR_ANSWER_END, rig_last(r, MR_REQUEST_POSITIONS));
    rig_step(r);
    rig_answer(r, MR_ANSWER_BALANCE, rig_last(r, MR_REQUEST_BALANCE))->amount = r->cfg.cash;
    rig_step(r);
    assert_true(mr_orders_ready(r->om, RIG_VENUE));
    rig_close(r);
}

/* Answers a position list with `size` (0: not in it), as often as it is asked within 30 s. */
static void sync_to(struct rig *r, mr_size size, mr_money equity)
{
    uint64_t positions = r->requests[r->request_count - 1].number, balances = positions;
    for (int64_t until = r->now + 30 * SECOND; r->now < until;) {
        r->now += SECOND / 10;
        rig_step(r);
        for (uint32_t i = 0; i < r->request_count; i++) {
            const struct mr_request *q = &r->requests[i];
            if (q->kind == MR_REQUEST_POSITIONS && q->number > positions) {
                positions = q->number;
                if (size)
                    rig_answer(r, MR_ANSWER_POSITION, q)->size = size;
                rig_answer(r, MR_ANSWER_END, q);
            }
            if (q->kind == MR_REQUEST_BALANCE && q->number > balances) {
                balances = q->number;
                rig_answer(r, MR_ANSWER_BALANCE, q)->amount = equity;
            }
        }
        rig_step(r);
    }
}

static void positions_and_balance_are_compared_every_ten_seconds(void **state)
{
    (void)state;
    static const struct {
        int64_t ours, theirs;
        unsigned odd;
    } rows[] = {{0, 0, 0},
                {2, 2, 0},
                {2, 0, MR_DISCREPANCY_LOCAL_ONLY},
                {0, 3, MR_DISCREPANCY_VENUE_ONLY},
                {2, 5, MR_DISCREPANCY_SIZE},
                {2, -2, MR_DISCREPANCY_SIZE}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_begin(NULL);
        if (rows[i].ours)
            rig_fill(r, 0, 100, rows[i].ours, "t");
        rig_step(r);
        rig_pass(r, SECOND);
        uint64_t before = mr_orders_counters(r->om)->syncs;
        mr_money equity = r->cfg.cash - (rows[i].ours ? MR_MONEY_ONE / 100 : 0);
        sync_to(r, rows[i].theirs * E8,
                i == 1 ? equity + r->cfg.cash / 1000 : equity); /* 10 basis points more is too much; see below */
        assert_true(mr_orders_counters(r->om)->syncs >= before + 3);
        for (unsigned d = MR_DISCREPANCY_LOCAL_ONLY; d <= MR_DISCREPANCY_SIZE; d++)
            assert_int_equal(rig_odd(r, d) > 0, d == rows[i].odd);
        assert_int_equal(rig_odd(r, MR_DISCREPANCY_BALANCE) > 0, i == 1);
        if (rows[i].odd) {
            assert_int_equal(rig_last_event(r, MR_ORDERS_DISCREPANCY)->e.theirs, rows[i].theirs * E8);
            assert_true(mr_orders_counters(r->om)->syncs_unsettled >= 1); /* twice in a row, not once */
        }
        assert_true(mr_orders_ready(r->om, RIG_VENUE)); /* what follows from it others decide */
        rig_close(r);
    }
}

static void funding_moves_cash_and_liquidation_is_told(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    struct mr_answer *a = rig_say(r, MR_ANSWER_FUNDING, 0);
    a->amount = -MR_MONEY_ONE;
    rig_say(r, MR_ANSWER_LIQUIDATED, 0);
    rig_say(r, MR_ANSWER_FUNDING, 0)->instrument = 99; /* of nothing we know */
    rig_step(r);
    assert_true(mr_positions_cash(mr_orders_positions(r->om)) == r->cfg.cash - MR_MONEY_ONE);
    assert_int_equal(rig_odd(r, MR_DISCREPANCY_LIQUIDATED), 1);
    assert_int_equal(rig_events(r, MR_ORDERS_POSITION), 2);
    assert_int_equal(mr_orders_counters(r->om)->stray, 1);
    rig_close(r);
}

static void mortal(struct rig *r) { r->cfg.dead_man_ns = 30 * SECOND; }

static void the_dead_mans_timer_is_refreshed_at_a_third(void **state)
{
    (void)state;
    struct rig *r = rig_begin(mortal);
    assert_int_equal(rig_requests(r, MR_REQUEST_DEAD_MAN), 1);
    assert_int_equal(rig_last(r, MR_REQUEST_DEAD_MAN)->within_ms, 30000);
    rig_pass(r, 10 * SECOND - 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_DEAD_MAN), 1);
    rig_pass(r, 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_DEAD_MAN), 2);
    rig_close(r);
}

static void an_order_that_does_not_rest_is_asked_about_when_its_end_stays_away(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    struct mr_order o = rig_limit(MR_SIDE_BUY, 100, 2);
    o.tif = MR_TIF_IOC;
    uint64_t id = rig_acked(r, o);
    rig_pass(r, SECOND - 1);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), 0);
    rig_pass(r, 1);
    rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_QUERY))->state = MR_STATE_CANCELLED;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "cancelled");
    rig_close(r);
}

static void queries_find_every_end(void **state)
{
    (void)state;
    static const struct {
        unsigned venue;
        int64_t filled;
        const char *ours;
    } rows[] = {{MR_STATE_SENT, 0, "acked"},        {MR_STATE_CANCELLING, 0, "acked"},
                {MR_STATE_REJECTED, 0, "rejected"}, {MR_STATE_EXPIRED, 0, "expired"},
                {MR_STATE_FILLED, 0, "cancelled"},  {MR_STATE_FILLED, 2, "unknown"},
                {MR_STATE_CANCELLED, 1, "unknown"}, {MR_STATE_UNKNOWN, 0, "unknown"}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
        rig_answer(r, MR_ANSWER_LOST, rig_last(r, MR_REQUEST_PLACE));
        rig_step(r);
        uint32_t lists = rig_requests(r, MR_REQUEST_FILLS);
        struct mr_answer *a = rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_QUERY));
        a->state = (uint8_t)rows[i].venue;
        a->filled = rows[i].filled * E8;
        rig_step(r);
        assert_string_equal(rig_state(r, id), rows[i].ours);
        assert_int_equal(rig_requests(r, MR_REQUEST_FILLS) - lists,
                         rows[i].filled > 0); /* missing fills are asked for */
        rig_close(r);
    }
}

static void a_query_that_gets_no_answer_is_asked_again_after_1_2_4_s(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_answer(r, MR_ANSWER_LOST, rig_last(r, MR_REQUEST_PLACE));
    rig_step(r);
    static const int64_t gaps[] = {1, 2, 4, 4};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), i + 1);
        rig_answer(r, i % 2 ? MR_ANSWER_LOST : MR_ANSWER_NOT_SENT, rig_last(r, MR_REQUEST_QUERY));
        rig_step(r);
        r->now += gaps[i] * SECOND - 1;
        rig_step(r);
        assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), i + 1);
        r->now += 1;
        rig_step(r);
    }
    rig_close(r);
}

static void answers_of_nothing_are_counted(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t before = mr_orders_counters(r->om)->stray;
    for (unsigned kind = 0; kind < MR_ANSWER_KIND_COUNT; kind++)
        if (kind != MR_ANSWER_FILL && kind != MR_ANSWER_FUNDING && kind != MR_ANSWER_LIQUIDATED &&
            kind != MR_ANSWER_STREAM_UP && kind != MR_ANSWER_STREAM_DOWN)
            rig_say(r, kind, 0)->request = 999999;
    rig_step(r);
    assert_int_equal(mr_orders_counters(r->om)->stray - before, MR_ANSWER_KIND_COUNT - 5);
    rig_close(r);
}

/* Something of everything; then each prefix of the journal is a state to come back to. */
static struct rig *eventful(void)
{
    struct rig *r = rig_begin(NULL);
    uint64_t ids[6];
    for (int i = 0; i < 6; i++)
        ids[i] = rig_acked(r, rig_limit(i % 2, 100 + i, 2 + i));
    rig_fill(r, ids[0], 100, 1, "a");
    rig_fill(r, ids[1], 101, 3, "b");
    rig_say(r, MR_ANSWER_FUNDING, 0)->amount = 5;
    rig_step(r);
    mr_orders_cancel(r->om, ids[2], r->now);
    mr_orders_amend(r->om, ids[3], 90 * E8, 9 * E8, r->now);
    rig_step(r);
    rig_answer(r, MR_ANSWER_AMENDED, rig_last(r, MR_REQUEST_AMEND));
    rig_say(r, MR_ANSWER_CANCELLED, ids[2]);
    rig_fill(r, ids[2], 102, 1, "late");
    rig_fill(r, 0, 100, 1, "foreign");
    rig_say(r, MR_ANSWER_EXPIRED, ids[4]);
    rig_step(r);
    r->deny = true;
    struct mr_order wish = rig_limit(MR_SIDE_BUY, 100, 2);
    uint64_t id;
    assert_int_equal(mr_orders_submit(r->om, &wish, r->now, &id), MR_ORDERS_DENIED);
    r->deny = false;
    mr_orders_cancel(r->om, ids[5], r->now);
    rig_step(r);
    return r;
}

static void a_restart_from_any_prefix_gives_one_state_and_the_whole_gives_this_one(void **state)
{
    (void)state;
    struct rig *r = eventful();
    uint64_t whole = mr_orders_digest(r->om);
    for (uint64_t n = 0; n <= r->record_count; n++) {
        struct rig *a = rig_restart(r, n), *b = rig_restart(r, n);
        assert_true(mr_orders_digest(a->om) == mr_orders_digest(b->om));
        if (n == r->record_count)
            assert_true(mr_orders_digest(a->om) == whole);
        assert_int_equal(mr_orders_restored(a->om, a->now), MR_OK);
        uint32_t cursor = 0;
        const struct mr_order *o;
        while ((o = mr_orders_next(a->om, &cursor))) /* nothing that might have left is taken for unsent */
            assert_true(o->state == MR_STATE_UNKNOWN || o->state == MR_STATE_ACKED || o->state == MR_STATE_PARTIAL);
        /* and what `restored` wrote is as good a journal as any */
        struct rig *c = rig_restart(a, a->record_count);
        assert_true(mr_orders_digest(c->om) == mr_orders_digest(a->om));
        assert_true(mr_orders_epoch_seen(a->om) <= 1);
        assert_int_equal(mr_orders_begin(a->om, 2, a->now), MR_OK);
        rig_step(a);
        assert_int_equal(mr_orders_next_id(a->om), (uint64_t)2 << 32 | 1);
        rig_close(a);
        rig_close(b);
        rig_close(c);
    }
    rig_close(r);
}

static void damaged_records_are_refused(void **state)
{
    (void)state;
    struct rig *r = eventful();
    for (int i = 0; i < 26; i++) {
        struct rig *t = rig_restart(r, r->record_count);
        struct mr_record_order o;
        struct mr_record_fill f = {.head = {.version = MR_RECORDS_VERSION, .what = MR_RECORD_FILL, .bytes = sizeof f},
                                   .fill = {.venue = RIG_VENUE, .price = E8, .size = E8, .trade_id = "new"}};
        struct mr_record_account c = {
            .head = {.version = MR_RECORDS_VERSION, .what = MR_RECORD_ACCOUNT, .bytes = sizeof c}};
        unsigned kind = MR_JOURNAL_ORDER;
        uint32_t bytes = sizeof o;
        int want = MR_E_CORRUPT;
        for (uint64_t k = 0; k < r->record_count; k++) /* the last one of an order that is open */
            if (r->records[k].kind == MR_JOURNAL_ORDER)
                memcpy(&o, r->records[k].payload, sizeof o);
        const void *payload = &o;
        /* clang-format off */
        switch (i) {
        case 0: o.head.version++; want = MR_E_VERSION; break;
        case 1: o.head.bytes++; break;
        case 2: o.head.what = MR_RECORD_FILL; break;
        case 3: o.head.what = 9; break;
        case 4: o.head.what = 0; break;
        case 5: bytes = 4; break;
        case 6: o.order.id = 0; break;
        case 7: o.order.instrument = 9; break;
        case 8: o.order.venue++; break;
        case 9: o.order.side = 2; break;
        case 10: o.order.state = MR_STATE_CREATED; break;
        case 11: o.order.state = MR_STATE_COUNT; break;
        case 12: o.order.filled = o.order.size + 1; break;
        case 13: o.order.size = 0; break;
        case 14: o.order.flags = 16; break;
        case 15: o.fills++; break; /* a fill that nobody wrote down */
        case 16: o.order.instrument = 1; break; /* it was another */
        case 17: o.order.type = MR_ORDER_TYPE_COUNT; break;
        case 18: memset(o.order.venue_id, 'x', sizeof o.order.venue_id); break;
        case 19: payload = &f; kind = MR_JOURNAL_FILL; bytes = sizeof f; f.fill.size = 0; break;
        case 20: payload = &f; kind = MR_JOURNAL_FILL; bytes = sizeof f; strcpy(f.fill.trade_id, "a"); break; /* twice */
        case 21: payload = &f; kind = MR_JOURNAL_FILL; bytes = sizeof f; f.fill.instrument = 9; break;
        case 22: payload = &f; kind = MR_JOURNAL_FILL; bytes = sizeof f; f.fill.side = 2; break;
        case 23: payload = &f; kind = MR_JOURNAL_FILL; bytes = sizeof f; f.fill.price = 0; break;
        case 24: payload = &c; kind = MR_JOURNAL_ACCOUNT; bytes = sizeof c; c.kind = MR_ACCOUNT_OPENING; break; /* twice */
        default: kind = MR_JOURNAL_SIGNAL; want = MR_OK; break; /* not ours */
        }
        /* clang-format on */
        if (i == 20)
            f.fill.order = 0;
        assert_int_equal(mr_orders_restore(t->om, kind, payload, bytes, 1), want);
        rig_close(t);
    }
    rig_close(r);
}

static void configurations_out_of_bounds_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 24; i++) {
        struct mr_orders_config c = mr_orders_defaults();
        /* clang-format off */
        switch (i) {
        case 0: c.open_max = 0; break;
        case 1: c.open_max = MR_ORDERS_MAX + 1; break;
        case 2: c.ended_max = 0; break;
        case 3: c.ended_max = (1u << 20) + 1; break;
        case 4: c.trades_max = 0; break;
        case 5: c.trades_max = (1u << 24) + 1; break;
        case 6: c.queue_max = 1; break;
        case 7: c.queue_max = (1u << 16) + 1; break;
        case 8: c.instruments_max = 0; break;
        case 9: c.instruments_max = (1u << 20) + 1; break;
        case 10: c.attempts = 0; break;
        case 11: c.attempts = 101; break;
        case 12: c.balance_bp = -1; break;
        case 13: c.keep_ns = 0; break;
        case 14: c.answer_ns = 0; break;
        case 15: c.grace_ns = 0; break;
        case 16: c.backoff_ns[0] = 0; break;
        case 17: c.backoff_ns[2] = 0; break;
        case 18: c.ttl_ns = 86400 * SECOND + 1; break;
        case 19: c.poll_ns = 0; break;
        case 20: c.sync_ns = 0; break;
        case 21: c.dead_man_ns = -1; break;
        case 22: c.dead_man_ns = 86400 * SECOND + 1; break;
        default: c.backoff_ns[1] = -1; break;
        }
        /* clang-format on */
        assert_int_equal(mr_orders_bytes(&c), 0);
        struct mr_orders *om;
        assert_int_equal(mr_orders_init(NULL, &c, NULL, &om), MR_E_RANGE);
    }
    struct rig *r = rig_begin(NULL);
    struct mr_orders_link l = r->link;
    assert_int_equal(mr_orders_add_link(r->om, &l, r->now), MR_E_INVALID);
    l.venue = 9;
    l.cancel_reserve = l.order_limit.burst;
    assert_int_equal(mr_orders_add_link(r->om, &l, r->now), MR_E_RANGE);
    l = mr_orders_link_defaults(9, r->link.driver);
    l.order_limit.quota = 0;
    assert_int_equal(mr_orders_add_link(r->om, &l, r->now), MR_E_RANGE);
    l = mr_orders_link_defaults(9, r->link.driver);
    l.query_limit.quota = 0;
    assert_int_equal(mr_orders_add_link(r->om, &l, r->now), MR_E_RANGE);
    l = mr_orders_link_defaults(9, r->link.driver);
    l.breaker.failures = 0;
    assert_int_equal(mr_orders_add_link(r->om, &l, r->now), MR_E_RANGE);
    for (uint8_t v = 10; v < 10 + MR_ORDERS_LINKS - 1; v++) {
        l = mr_orders_link_defaults(v, r->link.driver);
        assert_int_equal(mr_orders_add_link(r->om, &l, r->now), MR_OK);
    }
    l.venue = 99;
    assert_int_equal(mr_orders_add_link(r->om, &l, r->now), MR_E_FULL);
    assert_false(mr_orders_ready(r->om, 99));
    assert_string_equal(mr_discrepancy_name(MR_DISCREPANCY_LATE_FILL), "late_fill");
    assert_string_equal(mr_discrepancy_name(MR_DISCREPANCY_LIQUIDATED), "liquidated");
    assert_string_equal(mr_discrepancy_name(MR_DISCREPANCY_COUNT), "?");
    rig_close(r);
}

static void the_arrival_mid_is_the_markets_where_none_is_given(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    r->has_view = true;
    r->view =
        (struct mr_market_view){.bid_count = 1, .ask_count = 1, .bids = {{99 * E8, E8}}, .asks = {{101 * E8, E8}}};
    assert_int_equal(rig_order(r, rig_submit(r, rig_limit(MR_SIDE_BUY, 98, 1)))->arrival_mid, 100 * E8);
    struct mr_order o = rig_limit(MR_SIDE_BUY, 98, 1);
    o.arrival_mid = 55;
    assert_int_equal(rig_order(r, rig_submit(r, o))->arrival_mid, 55);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wishes_that_make_no_order_are_refused_before_the_gate),
        cmocka_unit_test(bounds_refuse_or_drop_the_oldest_and_count),
        cmocka_unit_test(fills_that_make_no_sense_are_reported_and_not_applied),
        cmocka_unit_test(a_venue_name_is_enough_to_know_an_order),
        cmocka_unit_test(an_order_lives_five_minutes_and_what_protects_for_ever),
        cmocka_unit_test(orders_wait_for_the_bucket_and_cancels_have_their_reserve),
        cmocka_unit_test(a_venue_that_says_wait_gets_the_same_order_later),
        cmocka_unit_test(five_failures_hold_new_orders_and_lose_none),
        cmocka_unit_test(a_full_driver_is_asked_again),
        cmocka_unit_test(a_journal_that_takes_nothing_refuses_orders_and_cancels_pass),
        cmocka_unit_test(amendments_are_approved_durable_and_answered),
        cmocka_unit_test(an_amendment_whose_answer_is_lost_is_found_out),
        cmocka_unit_test(a_fill_beyond_the_size_proves_that_the_larger_amendment_arrived),
        cmocka_unit_test(cancel_all_takes_what_matches_and_tells_the_venue_first),
        cmocka_unit_test(a_cancel_is_tried_until_it_is_answered),
        cmocka_unit_test(streams_down_are_polled_and_trading_waits),
        cmocka_unit_test(after_the_stream_is_back_every_order_is_accounted_for),
        cmocka_unit_test(positions_and_balance_are_compared_every_ten_seconds),
        cmocka_unit_test(funding_moves_cash_and_liquidation_is_told),
        cmocka_unit_test(the_dead_mans_timer_is_refreshed_at_a_third),
        cmocka_unit_test(an_order_that_does_not_rest_is_asked_about_when_its_end_stays_away),
        cmocka_unit_test(queries_find_every_end),
        cmocka_unit_test(a_query_that_gets_no_answer_is_asked_again_after_1_2_4_s),
        cmocka_unit_test(answers_of_nothing_are_counted),
        cmocka_unit_test(a_restart_from_any_prefix_gives_one_state_and_the_whole_gives_this_one),
        cmocka_unit_test(damaged_records_are_refused),
        cmocka_unit_test(configurations_out_of_bounds_are_refused),
        cmocka_unit_test(the_arrival_mid_is_the_markets_where_none_is_given),
    };
    return MR_TEST_MAIN(tests);
}
