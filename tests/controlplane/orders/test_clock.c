/* The wall clock is set, forward and back: a venue's quota runs by time that passes. */
#include "tests/controlplane/orders/rig.h"

#define QUOTA 30
#define BURST 10
#define WINDOW (3 * SECOND)
#define HOUR (3600 * SECOND)

static void narrow(struct rig *r)
{
    r->link.order_limit = (struct mr_bucket_limit){.quota = QUOTA, .burst = BURST, .window_ns = WINDOW};
    r->link.cancel_reserve = 0;
}

/* Wishes are made until no more leave; how many have left. */
static uint32_t placed_at_once(struct rig *r)
{
    uint32_t before = rig_requests(r, MR_REQUEST_PLACE), last;
    do {
        last = rig_requests(r, MR_REQUEST_PLACE);
        rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 1));
    } while (rig_requests(r, MR_REQUEST_PLACE) > last);
    return last - before;
}

static struct rig *spent(int64_t *mono)
{
    struct rig *r = rig_open(narrow);
    *mono = 77 * SECOND; /* since the machine's start: no relation to the wall clock */
    mr_orders_on_clock(r->om, r->now, *mono);
    rig_ready(r);
    assert_int_equal(placed_at_once(r), BURST);
    return r;
}

static void both_go_on(struct rig *r, int64_t *mono, int64_t ns)
{
    r->now += ns;
    *mono += ns;
    mr_orders_on_clock(r->om, r->now, *mono);
    rig_step(r);
}

static void a_clock_set_forward_brings_no_tokens(void **state)
{
    (void)state;
    int64_t mono;
    struct rig *r = spent(&mono);
    uint32_t before = rig_requests(r, MR_REQUEST_PLACE);
    r->now += HOUR;
    mr_orders_on_clock(r->om, r->now, mono);
    rig_step(r);
    rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 1));
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), before);
    assert_true(mr_orders_due(r->om) <= r->now + WINDOW / (QUOTA - BURST)); /* and the next is due in the new time */
    both_go_on(r, &mono, WINDOW / (QUOTA - BURST));
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), before + 1); /* one for the time that did pass */
    rig_close(r);
}

static void a_clock_set_back_keeps_none_from_coming(void **state)
{
    (void)state;
    int64_t mono;
    struct rig *r = spent(&mono);
    int64_t held_until = r->now;
    uint32_t before = rig_requests(r, MR_REQUEST_PLACE);
    for (int i = 0; i < 3;
         i++) { /* its time stands still until the wall clock has caught up: that of quotas does not */
        mono += WINDOW / 3;
        mr_orders_on_clock(r->om, held_until - HOUR, mono);
        mr_orders_step(r->om, held_until - HOUR);
    }
    r->now = held_until;
    rig_step(r);
    assert_true(placed_at_once(r) + rig_requests(r, MR_REQUEST_PLACE) - before >= BURST);
    rig_close(r);
}

static void who_never_tells_the_clock_is_believed(void **state)
{
    (void)state;
    struct rig *r = rig_open(narrow);
    rig_ready(r);
    assert_int_equal(placed_at_once(r), BURST);
    uint32_t before = rig_requests(r, MR_REQUEST_PLACE);
    r->now += WINDOW / (QUOTA - BURST);
    rig_step(r);
    assert_int_equal(rig_requests(r, MR_REQUEST_PLACE), before + 1);
    rig_close(r);
}

/* "Retry after" is a time of the wall clock; waited for is how long that is. */
static void a_venue_that_says_until_when_is_waited_for(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        int64_t until, waits; /* from now; INT64_MAX: for ever */
    } rows[] = {{"until a second from now", SECOND, SECOND},
                {"until now", 0, 0},
                {"until a second ago", -SECOND, 0},
                {"for ever", INT64_MAX, INT64_MAX}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct rig *r = rig_open(NULL);
        int64_t mono = 77 * SECOND;
        mr_orders_on_clock(r->om, r->now, mono);
        mono += HOUR; /* the wall clock was set back by an hour: the time of quotas is ahead of it */
        mr_orders_on_clock(r->om, r->now, mono);
        rig_ready(r);
        rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 1));
        rig_answer(r, MR_ANSWER_LIMITED, rig_last(r, MR_REQUEST_PLACE))->until_ns =
            rows[i].until == INT64_MAX ? INT64_MAX : r->now + rows[i].until;
        rig_step(r);
        uint32_t before = rig_requests(r, MR_REQUEST_PLACE);
        if (rows[i].waits == INT64_MAX) {
            both_go_on(r, &mono, HOUR);
        } else if (rows[i].waits) {
            both_go_on(r, &mono, rows[i].waits - 1);
        }
        rig_submit(r, rig_limit(MR_SIDE_SELL, 200, 1));
        if (rows[i].waits && rig_requests(r, MR_REQUEST_PLACE) != before)
            fail_msg("%s: an order left before", rows[i].says);
        both_go_on(r, &mono, 1);
        if ((rig_requests(r, MR_REQUEST_PLACE) > before) != (rows[i].waits != INT64_MAX))
            fail_msg("%s: and then", rows[i].says);
        rig_close(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_set_forward_brings_no_tokens),
        cmocka_unit_test(a_clock_set_back_keeps_none_from_coming),
        cmocka_unit_test(who_never_tells_the_clock_is_believed),
        cmocka_unit_test(a_venue_that_says_until_when_is_waited_for),
    };
    return MR_TEST_MAIN(tests);
}
