/* A venue's stream, its lists, and the comparison of what is theirs with what is ours: what is asked when, and from when on. Another venue stands
 * beside it (instrument 3), and nothing of it is touched. */
#include "tests/controlplane/orders/rig.h"

/* ---- the other venue: it takes everything, and says nothing unless it is told to ---- */

static struct {
    struct mr_request last;
    uint32_t requests, of_kind[MR_REQUEST_KIND_COUNT];
    struct mr_answer says;
    bool speaks;
} other;

static int other_send(void *self, const struct mr_request *request, int64_t now_ns)
{
    (void)self, (void)now_ns;
    other.last = *request;
    other.requests++;
    other.of_kind[request->kind]++;
    return MR_OK;
}
static int other_poll(void *self, struct mr_answer *out, int64_t now_ns)
{
    (void)self, (void)now_ns;
    if (!other.speaks)
        return 0;
    *out = other.says;
    other.speaks = false;
    return 1;
}

static void other_says(struct rig *r, unsigned kind, uint64_t order)
{
    other.says = (struct mr_answer){.kind = (uint8_t)kind, .order = order, .venue_ns = r->now};
    other.speaks = true;
    rig_step(r);
}

static struct rig *two_venues(void)
{
    struct rig *r = rig_open(NULL);
    memset(&other, 0, sizeof other);
    struct mr_orders_link link =
        mr_orders_link_defaults(RIG_VENUE + 1, (struct mr_exchange_driver){NULL, other_send, other_poll});
    link.order_limit = link.query_limit = r->link.order_limit;
    assert_int_equal(mr_orders_add_link(r->om, &link, r->now), MR_OK);
    return r;
}

static uint64_t order_there(struct rig *r)
{
    struct mr_order o = rig_limit(MR_SIDE_BUY, 100, 2);
    o.instrument = 3;
    o.venue = RIG_VENUE + 1;
    o.flags = MR_ORDER_EMERGENCY | MR_ORDER_REDUCE_ONLY; /* which does not wait for a venue to be reconciled */
    return rig_submit(r, o);
}

/* ---- helpers ---- */

static void end(struct rig *r, unsigned kind)
{
    rig_answer(r, MR_ANSWER_END, rig_last(r, kind));
    rig_step(r);
}

static void stream(struct rig *r, bool up)
{
    rig_say(r, up ? MR_ANSWER_STREAM_UP : MR_ANSWER_STREAM_DOWN, 0);
    rig_step(r);
}

static void balance(struct rig *r, mr_money amount)
{
    rig_answer(r, MR_ANSWER_BALANCE, rig_last(r, MR_REQUEST_BALANCE))->amount = amount;
    rig_step(r);
}

/* ---- from when on fills are asked for ---- */

static void fills_are_asked_for_from_the_newest_known_moment_of_the_venue(void **state)
{
    (void)state;
    struct rig *r = rig_open(NULL);
    rig_say(r, MR_ANSWER_STREAM_UP, 0)->venue_ns = 0; /* nothing is known: from now on, and a second */
    rig_step(r);
    assert_true(rig_last(r, MR_REQUEST_FILLS)->since_ns == r->now - SECOND);
    rig_close(r);
    r = rig_open(NULL);
    rig_say(r, MR_ANSWER_STREAM_UP, 0)->venue_ns = r->now - 40 * SECOND; /* its clock, which is another one */
    rig_step(r);
    assert_true(rig_last(r, MR_REQUEST_FILLS)->since_ns == r->now - 41 * SECOND);
    end(r, MR_REQUEST_FILLS);
    struct mr_answer *a = rig_fill(r, 0, 100, 1, "t1"); /* its newest fill, which an older one does not take back */
    a->venue_ns = a->fill.venue_ns = r->now - 20 * SECOND;
    a = rig_fill(r, 0, 100, 1, "t2");
    a->venue_ns = a->fill.venue_ns = r->now - 30 * SECOND;
    rig_step(r);
    stream(r, false);
    stream(r, true);
    assert_true(rig_last(r, MR_REQUEST_FILLS)->since_ns == r->now - 21 * SECOND);
    rig_close(r);
}

static void the_newest_moment_of_a_venue_never_goes_back(void **state)
{
    (void)state;
    struct rig *r = rig_open(NULL);
    rig_say(r, MR_ANSWER_STREAM_DOWN, 0)->venue_ns = r->now - 10 * SECOND;
    rig_say(r, MR_ANSWER_STREAM_UP, 0)->venue_ns = r->now - 50 * SECOND;
    rig_step(r);
    assert_true(rig_last(r, MR_REQUEST_FILLS)->since_ns == r->now - 11 * SECOND);
    rig_close(r);
}

static void fills_are_asked_for_since_the_oldest_open_order_of_that_venue(void **state)
{
    (void)state;
    struct rig *r = two_venues();
    rig_ready(r);
    order_there(r); /* older, and of the other one */
    r->now += 5 * SECOND;
    int64_t first = r->now;
    rig_answer(r, MR_ANSWER_SENT, rig_last(r, MR_REQUEST_BALANCE)); /* so late it is there, too */
    rig_step(r);
    rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    for (int i = 0; i < 2; i++) {
        r->now += 3 * SECOND;
        rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    }
    struct mr_answer *a = rig_fill(r, 0, 100, 1, "t1"); /* newer than all of them */
    a->fill.instrument = 1;
    rig_step(r);
    stream(r, false);
    stream(r, true);
    assert_true(rig_last(r, MR_REQUEST_FILLS)->since_ns == first - SECOND);
    rig_close(r);
}

/* Two orders ended with fills that nobody has heard of, while the list cannot be asked for: one list is asked for, for both. */
static void one_list_of_fills_reaches_back_to_the_older_wish(void **state)
{
    (void)state;
    for (int newer_first = 0; newer_first < 2; newer_first++) {
        struct rig *r = rig_begin(NULL);
        uint64_t ids[2];
        int64_t oldest = r->now;
        for (int i = 0; i < 2; i++, r->now += 10 * SECOND) {
            ids[i] = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
            r->now += SECOND;
            rig_say(r, MR_ANSWER_TRIGGERED, ids[i]); /* the venue's time goes on */
            rig_step(r);
        }
        uint32_t before = rig_requests(r, MR_REQUEST_FILLS);
        r->full = true;
        for (int i = 0; i < 2; i++) {
            rig_say(r, MR_ANSWER_CANCELLED, ids[i ^ newer_first])->filled = E8;
            rig_step(r);
        }
        r->full = false;
        rig_pass(r, SECOND);
        assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), before + 1);
        assert_true(rig_last(r, MR_REQUEST_FILLS)->since_ns == oldest - SECOND);
        rig_close(r);
    }
}

/* What was not answered is still wanted, also when something newer is wanted meanwhile. */
static void a_list_of_fills_that_failed_is_asked_for_again_from_where_it_began(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        unsigned kind;
        bool newer, older; /* wanted while it was out */
    } rows[] = {{"lost", MR_ANSWER_LOST, false, false},
                {"lost, and newer ones are wanted", MR_ANSWER_LOST, true, false},
                {"limited", MR_ANSWER_LIMITED, true, false},
                {"silence", MR_ANSWER_KIND_COUNT, true, false},
                {"silence, nothing else", MR_ANSWER_KIND_COUNT, false, false}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_open(NULL);
        rig_ready(r);
        r->now += 10 * SECOND;
        stream(r, false);
        stream(r, true); /* the list is out, from the newest moment before */
        struct mr_request first = *rig_last(r, MR_REQUEST_FILLS);
        if (rows[i].newer) {
            r->now += SECOND / 10;
            rig_fill(r, 0, 100, 1, "t1");
            rig_step(r);
            stream(r, true);
        }
        if (rows[i].kind != MR_ANSWER_KIND_COUNT) {
            rig_answer(r, rows[i].kind, &first);
            rig_step(r);
        }
        uint32_t before = rig_requests(r, MR_REQUEST_FILLS);
        for (int ms = 0; ms < 400 && rig_requests(r, MR_REQUEST_FILLS) == before; ms++)
            rig_pass(r, SECOND / 100);
        if (rig_requests(r, MR_REQUEST_FILLS) != before + 1 ||
            rig_last(r, MR_REQUEST_FILLS)->since_ns != first.since_ns)
            fail_msg("%s: since %lld, not %lld", rows[i].says, (long long)rig_last(r, MR_REQUEST_FILLS)->since_ns,
                     (long long)first.since_ns);
        rig_close(r);
    }
}

/* ---- reconciling ---- */

static void questions_from_before_the_stream_came_back_are_asked_anew(void **state)
{
    (void)state;
    struct rig *r = two_venues();
    rig_ready(r);
    other_says(r, MR_ANSWER_STREAM_UP, 0);
    uint64_t there = order_there(r);
    other_says(r, MR_ANSWER_LOST, 0);
    other.says.request = other.last.number;
    uint64_t id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    rig_answer(r, MR_ANSWER_LOST, rig_last(r, MR_REQUEST_PLACE));
    rig_step(r);
    assert_string_equal(rig_state(r, id), "unknown");
    uint32_t asked = rig_requests(r, MR_REQUEST_QUERY), asked_there = other.of_kind[MR_REQUEST_QUERY];
    assert_int_equal(asked, 1);
    stream(r, false);
    stream(r, true);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), asked + 1);
    assert_int_equal(other.of_kind[MR_REQUEST_QUERY], asked_there);
    assert_true(rig_order(r, there)->venue == RIG_VENUE + 1);
    /* and the answer to the old one does not count */
    uint64_t stray = rig_counts(r)->stray;
    for (uint32_t i = r->request_count; i-- > 0;)
        if (r->requests[i].kind == MR_REQUEST_QUERY && r->requests[i].number != rig_last(r, MR_REQUEST_QUERY)->number) {
            rig_answer(r, MR_ANSWER_ORDER, &r->requests[i])->state = MR_STATE_CANCELLED;
            break;
        }
    rig_step(r);
    assert_string_equal(rig_state(r, id), "unknown");
    assert_true(rig_counts(r)->stray == stray + 1);
    rig_close(r);
}

static void an_order_sent_as_the_list_was_asked_for_need_not_be_in_it(void **state)
{
    (void)state;
    for (int before = 0; before < 2; before++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = 0;
        if (before)
            id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
        r->now += before;
        stream(r, false);
        stream(r, true);
        end(r, MR_REQUEST_FILLS); /* and now the list of open orders is asked for */
        if (!before) {
            struct mr_order o = rig_limit(MR_SIDE_BUY, 100, 2);
            o.flags = MR_ORDER_EMERGENCY | MR_ORDER_REDUCE_ONLY;
            id = rig_acked(r, o);
        }
        end(r, MR_REQUEST_OPEN);
        assert_string_equal(rig_state(r, id), before ? "unknown" : "acked");
        rig_close(r);
    }
}

static void an_order_of_a_clock_set_back_since_is_asked_about_too(void **state)
{
    (void)state;
    struct rig *first = rig_begin(NULL);
    rig_acked(first, rig_limit(MR_SIDE_BUY, 100, 2));
    uint64_t id = rig_last(first, MR_REQUEST_PLACE)->order.id;
    first->now -= 100 * SECOND;
    struct rig *r = rig_restart(first, first->record_count);
    assert_int_equal(mr_orders_restored(r->om, r->now), MR_OK);
    assert_int_equal(mr_orders_begin(r->om, 2, r->now), MR_OK);
    r->now += SECOND; /* the window of the quota that the process before may have spent */
    stream(r, true);
    end(r, MR_REQUEST_FILLS);
    end(r, MR_REQUEST_OPEN);
    assert_string_equal(rig_state(r, id), "unknown");
    rig_close(first);
    rig_close(r);
}

static void positions_are_not_compared_while_an_order_is_unknown(void **state)
{
    (void)state;
    struct rig *r = two_venues();
    rig_ready(r);
    uint64_t there = order_there(r); /* of the other venue, and unknown for good: nobody here waits for it */
    rig_pass(r, 2 * SECOND);
    assert_string_equal(rig_state(r, there), "unknown");
    rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    for (int sent = 1; sent >= 0; sent--) { /* first it is SENT only, then UNKNOWN */
        uint32_t before = rig_requests(r, MR_REQUEST_POSITIONS);
        stream(r, false);
        stream(r, true);
        end(r, MR_REQUEST_FILLS);
        end(r, MR_REQUEST_OPEN);
        assert_int_equal(rig_requests(r, MR_REQUEST_POSITIONS), before);
        if (sent) {
            rig_answer(r, MR_ANSWER_LOST, rig_last(r, MR_REQUEST_PLACE));
            rig_step(r);
            assert_int_equal(rig_requests(r, MR_REQUEST_POSITIONS), before);
        }
    }
    uint32_t before = rig_requests(r, MR_REQUEST_POSITIONS);
    rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_QUERY))->state = MR_STATE_CANCELLED;
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_POSITIONS), before + 1);
    rig_close(r);
}

static void a_stage_that_is_no_news_is_not_told(void **state)
{
    (void)state;
    struct rig *r = rig_open(NULL);
    stream(r, false);
    stream(r, true);
    end(r, MR_REQUEST_FILLS);
    assert_int_equal(rig_events(r, MR_ORDERS_READY), 0);
    rig_close(r);
    r = rig_begin(NULL);
    assert_int_equal(rig_events(r, MR_ORDERS_READY), 1);
    stream(r, false);
    stream(r, false);
    assert_int_equal(rig_events(r, MR_ORDERS_READY), 2);
    rig_close(r);
}

/* ---- positions and balance ---- */

/* The next list of positions says so; time goes on until it is asked for. */
static void sync(struct rig *r, mr_size theirs)
{
    uint64_t last = rig_last(r, MR_REQUEST_POSITIONS)->number;
    while (rig_last(r, MR_REQUEST_POSITIONS)->number == last)
        rig_pass(r, SECOND);
    if (theirs)
        rig_answer(r, MR_ANSWER_POSITION, rig_last(r, MR_REQUEST_POSITIONS))->size = theirs;
    end(r, MR_REQUEST_POSITIONS);
}

static uint32_t size_differs(const struct rig *r) { return rig_odd(r, MR_DISCREPANCY_VENUE_ONLY); }

static void a_difference_counts_when_it_is_there_twice_in_a_row(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    int64_t at = r->now;
    sync(r, E8);
    assert_true(size_differs(r) == 0 && rig_counts(r)->syncs_unsettled == 1);
    uint64_t last = rig_last(r, MR_REQUEST_POSITIONS)->number;
    rig_pass(r, SECOND - 1);
    assert_true(rig_last(r, MR_REQUEST_POSITIONS)->number == last);
    rig_pass(r, 1); /* it is looked at again after a second, not after ten */
    assert_true(rig_last(r, MR_REQUEST_POSITIONS)->number != last && r->now > at);
    end(r, MR_REQUEST_POSITIONS); /* and it is gone */
    balance(r, r->cfg.cash);
    assert_int_equal(rig_last_event(r, MR_ORDERS_SYNCED)->e.hold, 1);
    sync(r, E8); /* there again: the first time in a row */
    assert_true(size_differs(r) == 0 && rig_counts(r)->syncs_unsettled == 2);
    sync(r, E8);
    assert_true(size_differs(r) == 1 && rig_counts(r)->syncs_unsettled == 2 && rig_counts(r)->discrepancies == 1);
    balance(r, r->cfg.cash);
    assert_int_equal(rig_last_event(r, MR_ORDERS_SYNCED)->e.hold, 0);
    sync(r, E8);
    assert_true(size_differs(r) == 2 && rig_counts(r)->syncs_unsettled == 2);
    assert_true(mr_orders_ready(r->om, RIG_VENUE));
    rig_close(r);
}

/* A position moved between the question and its answer: then they are not of one moment. */
static void a_fill_while_the_list_is_out_begins_the_count_anew(void **state)
{
    (void)state;
    for (int moved = 0; moved < 3; moved++) { /* before the question; with it; at its end */
        struct rig *r = rig_begin(NULL);
        sync(r, 5 * E8);
        uint64_t last = rig_last(r, MR_REQUEST_POSITIONS)->number;
        if (moved == 0)
            rig_fill(r, 0, 100, 1, "t");
        rig_step(r);
        while (rig_last(r, MR_REQUEST_POSITIONS)->number == last) {
            r->now += SECOND / 10;
            rig_step(r);
        }
        r->now += moved == 2 ? 5 : 0;
        if (moved)
            rig_fill(r, 0, 100, 1, "t")->fill.recv_ns = r->now;
        rig_step(r);
        rig_answer(r, MR_ANSWER_POSITION, rig_last(r, MR_REQUEST_POSITIONS))->size = 5 * E8;
        end(r, MR_REQUEST_POSITIONS);
        assert_int_equal(rig_odd(r, MR_DISCREPANCY_SIZE), moved == 0);
        sync(r, 5 * E8); /* the one with the fill counts as the first */
        assert_int_equal(rig_odd(r, MR_DISCREPANCY_SIZE), moved == 0 ? 2 : 1);
        rig_close(r);
    }
}

static void another_venues_position_is_not_missed_here(void **state)
{
    (void)state;
    struct rig *r = two_venues();
    rig_ready(r);
    other.says = (struct mr_answer){.kind = MR_ANSWER_FILL, .venue_ns = r->now};
    other.says.fill = (struct mr_fill){.instrument = 3, .price = 100 * E8, .size = E8, .venue_ns = 1, .trade_id = "o"};
    other.speaks = true;
    rig_step(r);
    assert_int_equal(mr_positions_get(mr_orders_positions(r->om), 3)->size, E8);
    for (int i = 0; i < 3; i++) {
        sync(r, 0);
        if (rig_requests(r, MR_REQUEST_BALANCE))
            balance(r, 0); /* of one venue of two: it is not all of ours, and not compared */
    }
    assert_true(rig_odd(r, MR_DISCREPANCY_LOCAL_ONLY) == 0 && rig_counts(r)->syncs_unsettled == 0);
    assert_int_equal(rig_last_event(r, MR_ORDERS_SYNCED)->e.hold, 1);
    rig_close(r);
}

/* Until it is reconciled the fills are asked for again as long as positions differ: something was missed. */
static void a_difference_while_reconciling_asks_for_fills_again_and_trading_waits(void **state)
{
    (void)state;
    struct rig *r = rig_open(NULL);
    stream(r, true);
    end(r, MR_REQUEST_FILLS);
    end(r, MR_REQUEST_OPEN);
    uint32_t fills = rig_requests(r, MR_REQUEST_FILLS);
    for (int i = 0; i < 3; i++) {
        rig_answer(r, MR_ANSWER_POSITION, rig_last(r, MR_REQUEST_POSITIONS))->size = E8;
        end(r, MR_REQUEST_POSITIONS);
        assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), fills + (i ? 1 : 0));
        if (i) {
            end(r, MR_REQUEST_FILLS);
            fills++;
        }
        assert_int_equal(rig_requests(r, MR_REQUEST_BALANCE), 0);
        rig_pass(r, SECOND);
        assert_int_equal(rig_requests(r, MR_REQUEST_POSITIONS), i + 2);
    }
    end(r, MR_REQUEST_POSITIONS);
    balance(r, r->cfg.cash);
    assert_true(mr_orders_ready(r->om, RIG_VENUE));
    fills = rig_requests(r, MR_REQUEST_FILLS);
    sync(r, E8); /* once it is reconciled, others decide */
    sync(r, E8);
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), fills);
    rig_close(r);
}

static void small_cash(struct rig *r) { r->cfg.cash = 1000 * MR_MONEY_ONE; }
static void debt(struct rig *r) { r->cfg.cash = -1000 * MR_MONEY_ONE; }

static void the_balance_may_be_apart_by_ten_basis_points_and_no_more(void **state)
{
    (void)state;
    static const struct {
        void (*cash)(struct rig *);
        mr_money apart;
        bool odd;
    } rows[] = {{small_cash, MR_MONEY_ONE, false},  {small_cash, MR_MONEY_ONE + 1, true},
                {small_cash, -MR_MONEY_ONE, false}, {small_cash, -MR_MONEY_ONE - 1, true},
                {debt, MR_MONEY_ONE, false},        {debt, MR_MONEY_ONE + 1, true},
                {debt, -MR_MONEY_ONE - 1, true},    {small_cash, 0, false}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_open(rows[i].cash);
        rig_ready(r);
        uint32_t synced = rig_events(r, MR_ORDERS_SYNCED);
        sync(r, 0);
        balance(r, r->cfg.cash + rows[i].apart);
        assert_int_equal(rig_odd(r, MR_DISCREPANCY_BALANCE), rows[i].odd);
        assert_int_equal(rig_events(r, MR_ORDERS_SYNCED), synced + 1);
        assert_int_equal(rig_last_event(r, MR_ORDERS_SYNCED)->e.hold, !rows[i].odd);
        assert_true(rig_counts(r)->discrepancies == rows[i].odd);
        rig_close(r);
    }
}

/* ---- answers to lists ---- */

static void an_answer_to_an_older_list_is_counted_and_its_orders_are_news_all_the_same(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    struct mr_request old = *rig_last(r, MR_REQUEST_OPEN);
    stream(r, false);
    stream(r, true);
    uint32_t opens = rig_requests(r, MR_REQUEST_OPEN);
    uint64_t stray = rig_counts(r)->stray;
    rig_answer(r, MR_ANSWER_END, rig_last(r, MR_REQUEST_POSITIONS)); /* of a list that is not out */
    rig_step(r);
    assert_true(rig_counts(r)->stray == stray + 1);
    rig_answer(r, MR_ANSWER_END, &old);
    rig_step(r);
    assert_true(rig_counts(r)->stray == stray + 2 && rig_requests(r, MR_REQUEST_OPEN) == opens);
    struct mr_answer *a = rig_answer(r, MR_ANSWER_ORDER, &old);
    a->order = id;
    a->state = MR_STATE_CANCELLED;
    rig_step(r);
    assert_string_equal(rig_state(r, id), "cancelled");
    assert_true(rig_counts(r)->stray == stray + 3);
    rig_close(r);
}

/* Each answer says that the list still comes: the time-out runs from the last one. */
static void a_list_is_overdue_when_nothing_of_it_has_come_for_the_answer_time(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {MR_ANSWER_SENT, MR_ANSWER_POSITION, MR_ANSWER_ORDER};
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++) {
        struct rig *r = rig_begin(NULL);
        uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
        r->now += 1000;
        stream(r, false);
        stream(r, true);
        end(r, MR_REQUEST_FILLS);
        unsigned list = MR_REQUEST_OPEN;
        if (kinds[i] == MR_ANSWER_POSITION) {
            struct mr_answer *a = rig_answer(r, MR_ANSWER_ORDER, rig_last(r, MR_REQUEST_OPEN));
            a->order = id;
            a->state = MR_STATE_ACKED;
            end(r, MR_REQUEST_OPEN);
            list = MR_REQUEST_POSITIONS;
        }
        uint32_t before = rig_requests(r, list);
        rig_pass(r, r->cfg.answer_ns - 1);
        struct mr_answer *a = rig_answer(r, kinds[i], rig_last(r, list));
        a->order = id;
        a->state = MR_STATE_ACKED;
        rig_step(r);
        rig_pass(r, r->cfg.answer_ns - 1 + r->cfg.backoff_ns[0]);
        assert_int_equal(rig_requests(r, list), before);
        rig_pass(r, 1);
        assert_int_equal(rig_requests(r, list), before + 1);
        rig_close(r);
    }
}

static void a_list_with_unheard_answers_is_not_overdue(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    stream(r, false);
    stream(r, true);
    uint32_t before = rig_requests(r, MR_REQUEST_FILLS);
    r->manual = true;
    r->durable = r->record_count;
    rig_fill(r, 0, 100, 1, "t"); /* is heard, and waits for the disk; the end of the list waits behind it */
    rig_answer(r, MR_ANSWER_END, rig_last(r, MR_REQUEST_FILLS));
    for (int i = 0; i < 50; i++) {
        r->now += r->cfg.answer_ns / 10;
        rig_step(r);
    }
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), before);
    r->manual = false;
    rig_step(r);
    assert_true(rig_requests(r, MR_REQUEST_FILLS) == before && rig_requests(r, MR_REQUEST_OPEN) == 2);
    rig_close(r);
}

static void a_refused_list_is_asked_for_again_when_the_venue_says(void **state)
{
    (void)state;
    static const struct {
        int64_t until, waits;
    } rows[] = {{0, SECOND}, {SECOND / 2, SECOND}, {SECOND, SECOND}, {7 * SECOND, 7 * SECOND}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_begin(NULL);
        int64_t backoff = r->cfg.backoff_ns[0];
        stream(r, false);
        stream(r, true);
        end(r, MR_REQUEST_FILLS);
        uint32_t before = rig_requests(r, MR_REQUEST_OPEN);
        struct mr_answer *a = rig_answer(r, MR_ANSWER_REJECTED, rig_last(r, MR_REQUEST_OPEN));
        a->reason = MR_REJECT_OTHER;
        a->until_ns = rows[i].until ? r->now + rows[i].until : 0;
        rig_step(r);
        int64_t waits = rows[i].waits > backoff ? rows[i].waits : backoff;
        rig_pass(r, waits - 1);
        assert_int_equal(rig_requests(r, MR_REQUEST_OPEN), before);
        rig_pass(r, 1);
        assert_int_equal(rig_requests(r, MR_REQUEST_OPEN), before + 1);
        rig_close(r);
    }
}

static void a_position_of_no_instrument_is_counted(void **state)
{
    (void)state;
    struct rig *r = rig_open(NULL);
    stream(r, true);
    end(r, MR_REQUEST_FILLS);
    end(r, MR_REQUEST_OPEN);
    uint64_t stray = rig_counts(r)->stray;
    rig_answer(r, MR_ANSWER_POSITION, rig_last(r, MR_REQUEST_POSITIONS))->instrument = r->cfg.instruments_max - 1;
    rig_step(r);
    assert_true(rig_counts(r)->stray == stray);
    rig_answer(r, MR_ANSWER_POSITION, rig_last(r, MR_REQUEST_POSITIONS))->instrument = r->cfg.instruments_max;
    rig_step(r);
    assert_true(rig_counts(r)->stray == stray + 1);
    rig_close(r);
}

/* ---- times ---- */

static void mortal(struct rig *r) { r->cfg.dead_man_ns = 30 * SECOND; }

/* Whoever sleeps until it is due misses nothing, and who wakes when it is due has something to do. */
static void it_is_due_exactly_when_a_step_does_something(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 12; seed++) {
        struct rig *r = rig_open(seed & 1 ? mortal : NULL);
        struct mr_random random = {seed};
        uint64_t ids[3] = {0};
        rig_ready(r);
        for (int i = 0; i < 120; i++) {
            int64_t due = mr_orders_due(r->om), next = r->now + (int64_t)mr_random_below(&random, 4 * SECOND);
            assert_true(due > r->now);
            if (due - 1 < next) { /* a nanosecond before: nothing; then: something, or the end of an attempt */
                uint32_t requests = r->request_count;
                r->now = due - 1;
                assert_int_equal(mr_orders_step(r->om, r->now), 0);
                assert_int_equal(r->request_count, requests);
                r->now = due;
                mr_orders_step(r->om, r->now);
                assert_true(mr_orders_due(r->om) != due || r->request_count > requests);
            } else {
                uint32_t requests = r->request_count;
                r->now = next;
                assert_int_equal(mr_orders_step(r->om, r->now), 0);
                assert_int_equal(r->request_count, requests);
            }
            uint64_t *id = &ids[mr_random_below(&random, 3)];
            switch (mr_random_below(&random, 8)) {
            case 0:
                stream(r, false);
                break;
            case 1:
                stream(r, true);
                break;
            case 2:
                if (mr_orders_ready(r->om, RIG_VENUE))
                    *id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
                break;
            case 3:
                if (*id)
                    rig_say(r, MR_ANSWER_CANCELLED, *id);
                break;
            case 4:
            case 5: { /* the last question of all is answered */
                const struct mr_request *q = &r->requests[r->request_count - 1];
                if (q->kind >= MR_REQUEST_OPEN && q->kind <= MR_REQUEST_FILLS)
                    rig_answer(r, q->kind == MR_REQUEST_BALANCE ? MR_ANSWER_BALANCE : MR_ANSWER_END, q)->amount =
                        r->cfg.cash;
                else
                    rig_answer(r, MR_ANSWER_LOST, q);
                break;
            }
            default:
                break;
            }
            rig_step(r);
            assert_int_equal(mr_orders_step(r->om, r->now), 0); /* all that was to do is done */
        }
        rig_close(r);
    }
}

static void a_sync_and_a_poll_are_made_at_their_moment(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint32_t positions = rig_requests(r, MR_REQUEST_POSITIONS);
    r->now += r->cfg.sync_ns - 1;
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_POSITIONS), positions);
    r->now++;
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_POSITIONS), positions + 1);
    end(r, MR_REQUEST_POSITIONS);
    balance(r, r->cfg.cash);
    rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2));
    stream(r, false);
    uint32_t fills = rig_requests(r, MR_REQUEST_FILLS);
    r->now += r->cfg.poll_ns - 1;
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), fills);
    r->now++;
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_FILLS), fills + 1);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_are_asked_for_from_the_newest_known_moment_of_the_venue),
        cmocka_unit_test(the_newest_moment_of_a_venue_never_goes_back),
        cmocka_unit_test(fills_are_asked_for_since_the_oldest_open_order_of_that_venue),
        cmocka_unit_test(one_list_of_fills_reaches_back_to_the_older_wish),
        cmocka_unit_test(a_list_of_fills_that_failed_is_asked_for_again_from_where_it_began),
        cmocka_unit_test(questions_from_before_the_stream_came_back_are_asked_anew),
        cmocka_unit_test(an_order_sent_as_the_list_was_asked_for_need_not_be_in_it),
        cmocka_unit_test(an_order_of_a_clock_set_back_since_is_asked_about_too),
        cmocka_unit_test(positions_are_not_compared_while_an_order_is_unknown),
        cmocka_unit_test(a_stage_that_is_no_news_is_not_told),
        cmocka_unit_test(a_difference_counts_when_it_is_there_twice_in_a_row),
        cmocka_unit_test(a_fill_while_the_list_is_out_begins_the_count_anew),
        cmocka_unit_test(another_venues_position_is_not_missed_here),
        cmocka_unit_test(a_difference_while_reconciling_asks_for_fills_again_and_trading_waits),
        cmocka_unit_test(the_balance_may_be_apart_by_ten_basis_points_and_no_more),
        cmocka_unit_test(an_answer_to_an_older_list_is_counted_and_its_orders_are_news_all_the_same),
        cmocka_unit_test(a_list_is_overdue_when_nothing_of_it_has_come_for_the_answer_time),
        cmocka_unit_test(a_list_with_unheard_answers_is_not_overdue),
        cmocka_unit_test(a_refused_list_is_asked_for_again_when_the_venue_says),
        cmocka_unit_test(a_position_of_no_instrument_is_counted),
        cmocka_unit_test(it_is_due_exactly_when_a_step_does_something),
        cmocka_unit_test(a_sync_and_a_poll_are_made_at_their_moment),
    };
    return MR_TEST_MAIN(tests);
}
