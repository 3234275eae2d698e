/* When the manager has something to do: never late, never early, in whatever order the times were given. */
#include <stdio.h>

#include "tests/controlplane/orders/rig.h"

enum { ORDERS = 150 };

static void patient(struct rig *r)
{
    r->cfg.sync_ns = 86400 * SECOND;
    r->cfg.keep_ns = 50000 * SECOND;
    r->cfg.ended_max = 2 * ORDERS;
}

static int64_t soonest(const int64_t *expires, unsigned n)
{
    int64_t least = INT64_MAX;
    for (unsigned i = 0; i < n; i++)
        least = expires[i] && expires[i] < least ? expires[i] : least;
    return least;
}

static void each_order_is_cancelled_at_its_own_end_and_nothing_is_due_before(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 4; seed++) {
        struct rig *r = rig_open(patient);
        struct mr_random random = {seed};
        int64_t expires[ORDERS];
        uint64_t ids[ORDERS];
        rig_ready(r);
        for (unsigned i = 0; i < ORDERS; i++) {
            struct mr_order o = rig_limit(MR_SIDE_BUY, 100, 2);
            /* rising, falling, in any order, several at once */
            int64_t in = seed == 1   ? 1 + i
                         : seed == 2 ? 2 * ORDERS - i
                         : seed == 3 ? 1 + (int64_t)mr_random_below(&random, 1000000)
                                     : 1 + (int64_t)mr_random_below(&random, 20);
            expires[i] = o.expires_ns = r->now + in * 1000;
            ids[i] = rig_acked(r, o);
            assert_true(mr_orders_due(r->om) == soonest(expires, i + 1));
            if (i % 7 == 3) { /* and some end before, from anywhere in the heap */
                unsigned gone = (unsigned)mr_random_below(&random, i);
                rig_say(r, MR_ANSWER_CANCELLED, ids[gone]);
                rig_step(r);
                expires[gone] = 0;
            }
        }
        int64_t first_end = r->now;
        for (int64_t due; (due = soonest(expires, ORDERS)) != INT64_MAX;) {
            assert_true(mr_orders_due(r->om) == due);
            uint32_t cancels = rig_requests(r, MR_REQUEST_CANCEL), ending = 0;
            r->now = due - 1;
            assert_int_equal(mr_orders_step(r->om, r->now), 0);
            r->now = due;
            rig_step(r);
            for (unsigned i = 0; i < ORDERS; i++)
                if (expires[i] == due) {
                    assert_true(mr_orders_cancelling(r->om, ids[i]));
                    rig_say(r, MR_ANSWER_CANCELLED, ids[i]);
                    expires[i] = 0;
                    ending++;
                } else if (expires[i]) {
                    assert_false(mr_orders_cancelling(r->om, ids[i]));
                }
            assert_int_equal(rig_requests(r, MR_REQUEST_CANCEL), cancels + ending);
            rig_step(r);
        }
        assert_int_equal(mr_orders_open(r->om), 0);
        /* then only the first to be forgotten, exactly when it has been kept long enough */
        assert_true(mr_orders_due(r->om) == first_end + r->cfg.keep_ns);
        uint64_t oldest = 0;
        for (unsigned i = 0; i < ORDERS && !oldest; i++)
            if (mr_orders_find(r->om, ids[i]) && mr_orders_find(r->om, ids[i])->updated_ns == first_end)
                oldest = ids[i];
        assert_true(oldest);
        r->now = first_end + r->cfg.keep_ns - 1;
        rig_step(r);
        assert_non_null(mr_orders_find(r->om, oldest));
        r->now++;
        rig_step(r);
        assert_null(mr_orders_find(r->om, oldest));
        assert_int_equal(mr_orders_counters(r->om)->ended_dropped, 0);
        rig_close(r);
    }
}

static void names_of_a_venue_lead_to_their_orders_until_these_are_forgotten(void **state)
{
    (void)state;
    struct rig *r = rig_open(patient);
    uint64_t ids[ORDERS];
    char name[16];
    rig_ready(r);
    for (unsigned i = 0; i < ORDERS; i++)
        ids[i] = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 2)); /* named "v<number>" */
    for (unsigned i = 0; i < ORDERS; i++) {
        snprintf(name, sizeof name, "v%u", (unsigned)ids[i]);
        assert_true(mr_orders_find_venue(r->om, RIG_VENUE, name)->id == ids[i]);
        assert_null(mr_orders_find_venue(r->om, RIG_VENUE + 1, name));
    }
    assert_null(mr_orders_find_venue(r->om, RIG_VENUE, ""));
    assert_null(mr_orders_find_venue(r->om, RIG_VENUE, "v"));
    rig_answer(r, MR_ANSWER_ACK, rig_last(r, MR_REQUEST_PLACE))->venue_id[0] = 'x'; /* a name is given once */
    rig_step(r);
    assert_null(mr_orders_find_venue(r->om, RIG_VENUE, "x"));
    for (unsigned i = 0; i < ORDERS; i += 2)
        rig_say(r, MR_ANSWER_CANCELLED, ids[i]);
    rig_step(r);
    r->now += r->cfg.keep_ns;
    rig_step(r);
    for (unsigned i = 0; i < ORDERS; i++) {
        snprintf(name, sizeof name, "v%u", (unsigned)ids[i]);
        assert_true((mr_orders_find_venue(r->om, RIG_VENUE, name) != NULL) == (i % 2 == 1));
    }
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_order_is_cancelled_at_its_own_end_and_nothing_is_due_before),
        cmocka_unit_test(names_of_a_venue_lead_to_their_orders_until_these_are_forgotten),
    };
    return MR_TEST_MAIN(tests);
}
