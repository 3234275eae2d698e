/* The table of orders: what is in it is found by either name, what has left it is not, whoever shared a chain with it; and how many ended ones it
 * keeps. */
#include <stdio.h>

#include "tests/controlplane/orders/rig.h"

enum { OPEN = 60, ENDED = 4, STORY = 600 };

static void narrow(struct rig *r)
{
    r->cfg.open_max = OPEN;
    r->cfg.ended_max = ENDED;
    r->cfg.keep_ns = 80000 * SECOND;
    r->cfg.sync_ns = 80000 * SECOND;
}

static void names_that_were_never_given_lead_nowhere(void **state)
{
    (void)state;
    struct rig *r = rig_open(narrow);
    char name[16];
    for (uint64_t i = 1; i < 5000; i++) {
        snprintf(name, sizeof name, "%u", (unsigned)i);
        assert_null(mr_orders_find(r->om, i));
        assert_null(mr_orders_find_venue(r->om, RIG_VENUE, name));
    }
    rig_close(r);
}

struct entry {
    uint64_t id;
    char name[4];
};

static void assert_is(const struct rig *r, const struct entry *e, bool there)
{
    assert_true((mr_orders_find(r->om, e->id) != NULL) == there);
    const struct mr_order *o = mr_orders_find_venue(r->om, RIG_VENUE, e->name);
    assert_true(there ? o && o->id == e->id : o == NULL);
}

static void acked_as(struct rig *r, struct entry *e, unsigned number)
{
    /* the first names have one character, the rest two */
    e->name[0] = (char)('0' + number % 70);
    e->name[1] = number < 70 ? 0 : (char)('0' + number / 70);
    e->id = rig_submit(r, rig_limit(MR_SIDE_BUY, 100, 2));
    struct mr_answer *a = rig_answer(r, MR_ANSWER_ACK, rig_last(r, MR_REQUEST_PLACE));
    snprintf(a->venue_id, sizeof a->venue_id, "%s", e->name);
    rig_step(r);
}

/* Long-lived orders beside short-lived ones, so that ids far apart meet in one chain. */
static void an_order_is_forgotten_alone_and_the_newest_ended_ones_are_kept(void **state)
{
    (void)state;
    struct rig *r = rig_open(narrow);
    static struct entry open[OPEN], ended[ENDED], gone[STORY];
    uint32_t n_open = 0, n_ended = 0, n_gone = 0;
    struct mr_random random = {5};
    rig_ready(r);
    for (unsigned number = 0; number < STORY; number++) {
        if (n_open == OPEN || (n_open && mr_random_below(&random, 2))) {
            uint32_t k = (uint32_t)mr_random_below(&random, n_open);
            rig_say(r, MR_ANSWER_CANCELLED, open[k].id);
            rig_step(r);
            ended[n_ended++] = open[k];
            open[k] = open[--n_open];
        }
        if (n_ended == ENDED) { /* room for it is made by the next wish */
            gone[n_gone++] = ended[0];
            memmove(ended, ended + 1, --n_ended * sizeof *ended);
        }
        acked_as(r, &open[n_open++], number);
        for (uint32_t i = 0; i < n_open; i++)
            assert_is(r, &open[i], true);
        for (uint32_t i = 0; i < n_ended; i++)
            assert_is(r, &ended[i], true);
        for (uint32_t i = n_gone > 20 ? n_gone - 20 : 0; i < n_gone; i++)
            assert_is(r, &gone[i], false);
        assert_int_equal(mr_orders_open(r->om), n_open);
        assert_int_equal(mr_orders_counters(r->om)->ended_dropped, n_gone);
    }
    assert_true(n_gone > STORY / 4);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_were_never_given_lead_nowhere),
        cmocka_unit_test(an_order_is_forgotten_alone_and_the_newest_ended_ones_are_kept),
    };
    return MR_TEST_MAIN(tests);
}
