/* The manager from its journal, record by record: what is taken in, what is refused, what it makes of it, and what the digest tells apart. */
#include <stdio.h>

#include "tests/controlplane/orders/rig.h"

/* ---- records by hand ---- */

static struct mr_record_account opening(void)
{
    return (struct mr_record_account){.head = {MR_RECORDS_VERSION, MR_RECORD_ACCOUNT, sizeof(struct mr_record_account)},
                                      .kind = MR_ACCOUNT_OPENING,
                                      .amount = 1000 * MR_MONEY_ONE};
}
static struct mr_record_account funding(uint32_t instrument)
{
    struct mr_record_account r = opening();
    r.kind = MR_ACCOUNT_FUNDING;
    r.instrument = instrument;
    r.amount = 5;
    return r;
}
static struct mr_record_order order(uint64_t id, unsigned state)
{
    struct mr_record_order r;
    memset(&r, 0, sizeof r);
    r.head = (struct mr_record_head){MR_RECORDS_VERSION, MR_RECORD_ORDER, sizeof r};
    r.input = MR_INPUT_COUNT;
    r.order = (struct mr_order){.id = (uint64_t)1 << 32 | id,
                                .venue = RIG_VENUE,
                                .state = (uint8_t)state,
                                .price = 100 * E8,
                                .size = 10 * E8,
                                .created_ns = 500 * SECOND,
                                .sent_ns = 500 * SECOND};
    return r;
}
static struct mr_record_fill fill(uint64_t id, const char *trade)
{
    struct mr_record_fill r;
    memset(&r, 0, sizeof r);
    r.head = (struct mr_record_head){MR_RECORDS_VERSION, MR_RECORD_FILL, sizeof r};
    r.fill = (struct mr_fill){
        .order = id ? (uint64_t)1 << 32 | id : 0, .venue = RIG_VENUE, .price = 100 * E8, .size = E8, .venue_ns = 1};
    snprintf(r.fill.trade_id, sizeof r.fill.trade_id, "%s", trade);
    return r;
}

static int take(struct rig *r, const void *payload, int64_t at_ns)
{
    static const unsigned kinds[] = {[MR_RECORD_ORDER] = MR_JOURNAL_ORDER,
                                     [MR_RECORD_FILL] = MR_JOURNAL_FILL,
                                     [MR_RECORD_ACCOUNT] = MR_JOURNAL_ACCOUNT};
    struct mr_record_head head;
    memcpy(&head, payload, sizeof head);
    return mr_orders_restore(r->om, kinds[head.what], payload, head.bytes, at_ns);
}
#define TAKE(r, record) assert_int_equal(take(r, &(record), 1), MR_OK)

static struct rig *none; /* whose configuration a fresh one has */
static struct rig *fresh(void (*change)(struct rig *))
{
    none = rig_open(change);
    struct rig *r = rig_restart(none, 0);
    rig_close(none);
    return r;
}

static void up(struct rig *r, uint32_t epoch)
{
    assert_int_equal(mr_orders_restored(r->om, r->now), MR_OK);
    assert_int_equal(mr_orders_begin(r->om, epoch, r->now), MR_OK);
    r->now += SECOND; /* the window of quotas */
    rig_say(r, MR_ANSWER_STREAM_UP, 0)->venue_ns = 0;
    rig_step(r);
}

/* ---- what is refused ---- */

static void few(struct rig *r)
{
    r->cfg.instruments_max = 3;
    r->cfg.open_max = 2;
    r->cfg.queue_max = 2;
}

static void more_than_was_configured_is_refused(void **state)
{
    (void)state;
    struct rig *r = fresh(few);
    struct mr_record_order o = order(1, MR_STATE_ACKED);
    TAKE(r, o);
    o.order.instrument = 3; /* the first beyond, and of a venue that there is */
    o.order.venue = RIG_VENUE + 1;
    o.order.id++;
    assert_int_equal(take(r, &o, 1), MR_E_CORRUPT);
    struct mr_record_fill f = fill(0, "beyond");
    f.fill.instrument = 3;
    assert_int_equal(take(r, &f, 1), MR_E_CORRUPT);
    o = order(2, MR_STATE_ACKED);
    TAKE(r, o);
    o = order(3, MR_STATE_ACKED); /* a third open one */
    assert_int_equal(take(r, &o, 1), MR_E_CORRUPT);
    f = fill(1, "a");
    TAKE(r, f);
    f = fill(1, "b");
    TAKE(r, f);
    f = fill(1, "c"); /* more fills that no order's record has followed than can wait */
    assert_int_equal(take(r, &f, 1), MR_E_CORRUPT);
    rig_close(r);
}

static void a_record_that_takes_something_back_is_refused(void **state)
{
    (void)state;
    static const char *const says[] = {"another instrument", "the other side", "fewer fills", "less filled",
                                       "alive again"};
    for (unsigned i = 0; i < MR_COUNT_OF(says); i++) {
        struct rig *r = fresh(NULL);
        struct mr_record_order o = order(1, i == 4 ? MR_STATE_CANCELLED : MR_STATE_PARTIAL);
        struct mr_record_fill f = fill(1, "a");
        TAKE(r, o);
        TAKE(r, f);
        o.fills = 1;
        o.order.filled = E8;
        TAKE(r, o);
        o.order.instrument = i == 0;
        o.order.side = i == 1 ? MR_SIDE_SELL : MR_SIDE_BUY;
        o.fills = i != 2;
        o.order.filled = i == 3 ? 0 : E8;
        o.order.state = MR_STATE_PARTIAL;
        if (take(r, &o, 1) != MR_E_CORRUPT)
            fail_msg("%s is taken", says[i]);
        rig_close(r);
    }
}

static void what_an_ended_order_still_wanted_is_over(void **state)
{
    (void)state;
    struct rig *r = fresh(NULL);
    struct mr_record_order o = order(1, MR_STATE_CANCELLED);
    o.flags = MR_RECORD_CANCEL_WANTED | MR_RECORD_AMENDING;
    TAKE(r, o);
    up(r, 2);
    assert_false(mr_orders_cancelling(r->om, o.order.id));
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL) + rig_requests(r, MR_REQUEST_AMEND), 0);
    assert_int_equal(rig_events(r, MR_ORDERS_AMEND_ENDED), 0);
    rig_close(r);
}

static void a_record_shorter_than_its_head_is_refused_whatever_lies_behind_it(void **state)
{
    (void)state;
    struct rig *r = fresh(NULL);
    uint8_t nothing[64] = {0};
    assert_int_equal(mr_orders_restore(r->om, MR_JOURNAL_ORDER, nothing, sizeof(struct mr_record_head) - 1, 1),
                     MR_E_CORRUPT);
    const struct mr_record_head head = {MR_RECORDS_VERSION, MR_RECORD_BRACKET, sizeof head};
    assert_int_equal(mr_orders_restore(r->om, MR_JOURNAL_ORDER, &head, sizeof head, 1), MR_OK); /* another's */
    rig_close(r);
}

/* ---- what is taken in ---- */

static void fills_wait_for_the_record_of_their_own_order(void **state)
{
    (void)state;
    struct rig *r = fresh(NULL);
    struct mr_record_order a = order(1, MR_STATE_ACKED), b = order(2, MR_STATE_ACKED);
    struct mr_record_fill fa = fill(1, "a"), fb = fill(2, "b"), fc = fill(1, "c");
    TAKE(r, a);
    TAKE(r, b);
    TAKE(r, fa);
    TAKE(r, fb);
    TAKE(r, fc);
    b.fills = 1;
    b.order.filled = E8;
    b.order.state = MR_STATE_PARTIAL;
    TAKE(r, b); /* its fill is the second that waits */
    b.fills = 2;
    b.order.filled = 2 * E8;
    assert_int_equal(take(r, &b, 1), MR_E_CORRUPT); /* of a fill that is not its own */
    assert_int_equal(mr_orders_restored(r->om, r->now), MR_OK);
    assert_true(rig_order(r, a.order.id)->filled == 2 * E8); /* durable, and acted on now */
    assert_true(rig_order(r, b.order.id)->filled == E8);
    assert_int_equal(rig_events(r, MR_ORDERS_FILLED), 2);
    assert_true(mr_positions_get(mr_orders_positions(r->om), 0)->size == 3 * E8);
    rig_close(r);
}

static void an_ended_order_stays_ended_however_often_it_is_written(void **state)
{
    (void)state;
    struct rig *r = fresh(NULL);
    struct mr_record_order o = order(1, MR_STATE_ACKED);
    TAKE(r, o);
    assert_int_equal(mr_orders_open(r->om), 1);
    o.order.state = MR_STATE_CANCELLED;
    TAKE(r, o);
    assert_int_equal(mr_orders_open(r->om), 0);
    struct mr_record_fill late = fill(1, "late");
    TAKE(r, late);
    o.fills = 1;
    o.order.filled = E8;
    TAKE(r, o);
    assert_int_equal(mr_orders_open(r->om), 0);
    struct mr_record_order other = order(2, MR_STATE_CANCELLED); /* its first record here is its last */
    TAKE(r, other);
    assert_int_equal(mr_orders_open(r->om), 0);
    assert_non_null(mr_orders_find(r->om, other.order.id));
    rig_close(r);
}

static void fills_that_are_no_orders_move_the_position_alone(void **state)
{
    (void)state;
    struct rig *r = fresh(NULL);
    struct mr_record_order o = order(1, MR_STATE_ACKED);
    TAKE(r, o);
    struct mr_record_fill f = fill(1, "our id, on another side");
    f.fill.side = MR_SIDE_SELL;
    f.fill.price = 1; /* the least there is */
    TAKE(r, f);
    f = fill(1, "our id, on another instrument");
    f.fill.instrument = 1;
    TAKE(r, f);
    f = fill(0, "more than can be counted: it was told then");
    f.fill.price = f.fill.size = INT64_MAX / 2;
    TAKE(r, f);
    assert_int_equal(mr_orders_restored(r->om, r->now), MR_OK);
    assert_true(rig_order(r, o.order.id)->filled == 0 && rig_events(r, MR_ORDERS_FILLED) == 0);
    assert_true(mr_orders_counters(r->om)->fills == 2);
    assert_true(mr_positions_get(mr_orders_positions(r->om), 0)->size == -E8);
    rig_close(r);
}

static void funding_counts_at_its_time_and_of_no_instrument_is_counted(void **state)
{
    (void)state;
    struct rig *r = fresh(NULL);
    const struct mr_position *p = mr_positions_get(mr_orders_positions(r->om), 0);
    struct mr_record_account known = funding(0), unknown = funding(99), other = opening();
    assert_int_equal(take(r, &known, 70 * SECOND), MR_OK);
    assert_true(p->updated_ns == 70 * SECOND && p->funding == 5);
    assert_int_equal(take(r, &known, 60 * SECOND), MR_OK); /* a clock set back between records: time does not */
    assert_true(p->updated_ns == 70 * SECOND && p->funding == 10);
    assert_true(mr_orders_counters(r->om)->stray == 0);
    assert_int_equal(take(r, &unknown, 80 * SECOND), MR_OK);
    assert_true(mr_orders_counters(r->om)->stray == 1);
    other.kind = MR_ACCOUNT_BALANCE; /* for the audit only */
    assert_int_equal(take(r, &other, 90 * SECOND), MR_OK);
    assert_true(p->funding == 10 && mr_orders_counters(r->om)->stray == 1);
    rig_close(r);
}

/* ---- what it makes of it ---- */

static void fills_are_asked_for_since_the_venue_was_last_heard_of(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        bool fill, order, older;
        int64_t since;
    } rows[] = {{"an order, and no fill: a day before it was made", false, true, false, 500 * SECOND - 86400 * SECOND},
                {"a fill", true, false, false, 400 * SECOND},
                {"a fill, and an older one behind it", true, false, true, 400 * SECOND},
                {"a fill, then an order: it is no older", true, true, false, 400 * SECOND}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = fresh(NULL);
        struct mr_record_fill f = fill(0, "a");
        struct mr_record_order o = order(1, MR_STATE_ACKED);
        f.fill.venue_ns = 400 * SECOND;
        if (rows[i].fill)
            TAKE(r, f);
        snprintf(f.fill.trade_id, sizeof f.fill.trade_id, "b");
        f.fill.venue_ns = 300 * SECOND;
        if (rows[i].older)
            TAKE(r, f);
        if (rows[i].order)
            TAKE(r, o);
        up(r, 2);
        if (rig_last(r, MR_REQUEST_FILLS)->since_ns != rows[i].since - SECOND)
            fail_msg("%s: %lld", rows[i].says, (long long)(rig_last(r, MR_REQUEST_FILLS)->since_ns / SECOND));
        rig_close(r);
    }
}

/* What the process before spent in the window that runs is not known. */
static void nothing_leaves_in_the_first_window_of_a_quota(void **state)
{
    (void)state;
    for (int opened = 0; opened < 2; opened++) {
        struct rig *r = fresh(NULL);
        struct mr_record_account o = opening();
        if (opened)
            TAKE(r, o);
        assert_int_equal(mr_orders_restored(r->om, r->now), MR_OK);
        assert_int_equal(mr_orders_begin(r->om, 2, r->now), MR_OK);
        struct mr_order now = rig_limit(MR_SIDE_BUY, 100, 1);
        now.flags = MR_ORDER_EMERGENCY | MR_ORDER_REDUCE_ONLY;
        rig_submit(r, now);
        rig_say(r, MR_ANSWER_STREAM_UP, 0);
        rig_step(r);
        rig_pass(r, SECOND - 1);
        assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), !opened); /* a first run waits for nothing */
        assert_int_equal(rig_requests(r, MR_REQUEST_FILLS) > 0, !opened);
        rig_pass(r, 1);
        assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), 1);
        assert_true(rig_requests(r, MR_REQUEST_FILLS) > 0);
        rig_close(r);
    }
}

static void what_may_have_left_is_unknown_and_what_rests_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        uint8_t state, flags;
        const char *then;
    } rows[] = {{"rests", MR_STATE_ACKED, 0, "acked"},
                {"filled in part", MR_STATE_PARTIAL, 0, "partial"},
                {"being amended", MR_STATE_ACKED, MR_RECORD_AMENDING, "unknown"},
                {"approved", MR_STATE_APPROVED, 0, "unknown"},
                {"sent", MR_STATE_SENT, 0, "unknown"},
                {"being cancelled", MR_STATE_CANCELLING, MR_RECORD_CANCEL_WANTED, "unknown"},
                {"unknown", MR_STATE_UNKNOWN, 0, "unknown"}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = fresh(NULL);
        struct mr_record_order o = order(1, rows[i].state);
        o.flags = rows[i].flags;
        TAKE(r, o);
        assert_int_equal(mr_orders_restored(r->om, r->now), MR_OK);
        if (strcmp(rig_state(r, o.order.id), rows[i].then) != 0)
            fail_msg("%s: %s", rows[i].says, rig_state(r, o.order.id));
        rig_close(r);
    }
}

static void an_order_that_rests_is_cancelled_at_its_end_after_a_restart_too(void **state)
{
    (void)state;
    struct rig *r = fresh(NULL);
    struct mr_record_order o = order(1, MR_STATE_ACKED);
    o.order.expires_ns = r->now + 20 * SECOND;
    o.order.tif = MR_TIF_GTC;
    TAKE(r, o);
    up(r, 2);
    r->now = o.order.expires_ns - 1;
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 0);
    r->now++;
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 1);
    rig_close(r);
    /* also where the venue's stream never comes up */
    r = fresh(NULL);
    TAKE(r, o);
    assert_int_equal(mr_orders_restored(r->om, r->now), MR_OK);
    assert_int_equal(mr_orders_begin(r->om, 2, r->now), MR_OK);
    assert_true(mr_orders_due(r->om) <= o.order.expires_ns);
    r->now = o.order.expires_ns;
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), 1);
    rig_close(r);
}

/* ---- the digest ---- */

struct change {
    const char *says;
    uint64_t id;
    uint8_t flags, fills, side;
    int64_t size, position, position_1;
    mr_money cash;
};

static uint64_t digest(const struct change *c)
{
    struct rig *r = fresh(NULL);
    struct mr_record_account open = opening();
    open.amount += c->cash;
    TAKE(r, open);
    struct mr_record_order o = order(1 + c->id, MR_STATE_ACKED);
    TAKE(r, o);
    struct mr_record_fill f = fill(1 + c->id, "a");
    if (c->fills) {
        TAKE(r, f);
        o.fills = c->fills; /* and nothing else of it */
    }
    o.flags = c->flags;
    o.order.size += c->size;
    TAKE(r, o);
    struct mr_record_fill p = fill(0, "p");
    p.fill.size += c->position + (c->fills ? -E8 : 0); /* the same position in all */
    if (p.fill.size)
        TAKE(r, p);
    struct mr_record_fill q = fill(0, "q");
    q.fill.instrument = 1;
    q.fill.size += c->position_1;
    TAKE(r, q);
    uint64_t sum = mr_orders_digest(r->om);
    rig_close(r);
    return sum;
}

static void digests_tell_apart_what_a_journal_must_give_back(void **state)
{
    (void)state;
    static const struct change all[] = {{.says = "as it is"},
                                        {.says = "another id", .id = 1},
                                        {.says = "a cancel is wanted", .flags = MR_RECORD_CANCEL_WANTED},
                                        {.says = "it is being amended", .flags = MR_RECORD_AMENDING},
                                        {.says = "both", .flags = MR_RECORD_CANCEL_WANTED | MR_RECORD_AMENDING},
                                        {.says = "a fill has been counted", .fills = 1},
                                        {.says = "another size", .size = 1},
                                        {.says = "another position of the first instrument", .position = 1},
                                        {.says = "another position of the second", .position_1 = 1},
                                        {.says = "other cash", .cash = 1}};
    uint64_t sums[MR_COUNT_OF(all)];
    for (size_t i = 0; i < MR_COUNT_OF(all); i++) {
        sums[i] = digest(&all[i]);
        assert_true(sums[i] == digest(&all[i]));
        for (size_t k = 0; k < i; k++)
            if (sums[i] == sums[k])
                fail_msg("the same digest: %s; %s", all[k].says, all[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_was_configured_is_refused),
        cmocka_unit_test(a_record_that_takes_something_back_is_refused),
        cmocka_unit_test(what_an_ended_order_still_wanted_is_over),
        cmocka_unit_test(a_record_shorter_than_its_head_is_refused_whatever_lies_behind_it),
        cmocka_unit_test(fills_wait_for_the_record_of_their_own_order),
        cmocka_unit_test(an_ended_order_stays_ended_however_often_it_is_written),
        cmocka_unit_test(fills_that_are_no_orders_move_the_position_alone),
        cmocka_unit_test(funding_counts_at_its_time_and_of_no_instrument_is_counted),
        cmocka_unit_test(fills_are_asked_for_since_the_venue_was_last_heard_of),
        cmocka_unit_test(nothing_leaves_in_the_first_window_of_a_quota),
        cmocka_unit_test(what_may_have_left_is_unknown_and_what_rests_is_not),
        cmocka_unit_test(an_order_that_rests_is_cancelled_at_its_end_after_a_restart_too),
        cmocka_unit_test(digests_tell_apart_what_a_journal_must_give_back),
    };
    return MR_TEST_MAIN(tests);
}
