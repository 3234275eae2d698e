/* Brackets while the journal takes nothing, while the gate says no, and long after their entries: what is held stays guarded. */
#include "tests/controlplane/orders/brackets/scene.h"

static void wait_by_tenths(struct scene *s, int tenths)
{
    while (tenths-- > 0) {
        s->r->now += SECOND / 10;
        step(s);
    }
}

/* All that has been placed is acknowledged, for so long. */
static void all_is_taken(struct scene *s, int tenths)
{
    for (; tenths > 0; tenths--) {
        uint32_t cursor = 0;
        const struct mr_order *o;
        while ((o = mr_orders_next(s->r->om, &cursor)))
            if (o->state == MR_STATE_SENT)
                rig_say(s->r, MR_ANSWER_ACK, o->id);
        wait_by_tenths(s, 1);
    }
}

static const struct mr_order *only_one(struct scene *s, unsigned role)
{
    const struct mr_order *o, *found = NULL;
    uint32_t cursor = 0;
    while ((o = mr_orders_next(s->r->om, &cursor))) {
        if (o->role != role)
            continue;
        assert_null(found);
        found = o;
    }
    assert_non_null(found);
    return found;
}

static void no_entry_leaves_without_its_plan_in_the_journal(void **state)
{
    (void)state;
    struct scene *s = scene();
    const struct mr_bracket_plan p = plan();
    uint64_t id;
    s->r->record_room = s->r->record_count;
    assert_int_equal(mr_brackets_open(s->bs, s->r->om, &p, s->r->now, &id), MR_E_FULL);
    assert_int_equal(mr_brackets_open_count(s->bs), 0);
    s->r->record_room++; /* the plan, and not the order */
    assert_int_equal(mr_brackets_open(s->bs, s->r->om, &p, s->r->now, &id), MR_E_FULL);
    assert_int_equal(mr_brackets_open_count(s->bs), 1); /* that it came to nothing is still to be written */
    wait_by_tenths(s, 5);
    assert_int_equal(mr_brackets_open_count(s->bs), 1);
    s->r->record_room += 100;
    wait_by_tenths(s, 50);
    assert_int_equal(mr_brackets_open_count(s->bs), 0);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 0);
    open_with(s, p);
    assert_int_equal(mr_brackets_open_count(s->bs), 1);
    close_scene(s);
}

static void wherever_the_journal_stops_the_guard_stands_once_it_goes_on(void **state)
{
    (void)state;
    for (unsigned room = 0; room <= 14; room++) {
        struct scene *s = scene();
        uint64_t e = open_with(s, plan());
        if (room < 14)
            s->r->record_room = s->r->record_count + room;
        s->r->deny = room == 14; /* or the gate says no, for as long */
        rig_fill(s->r, e, 100, 4, "t1");
        wait_by_tenths(s, 5);
        s->r->record_room += 10000;
        s->r->deny = false;
        all_is_taken(s, 60);
        const struct mr_order *stop = only_one(s, MR_ROLE_STOP), *target = only_one(s, MR_ROLE_TARGET);
        assert_true(stop->size == 4 * E8 && stop->stop_price == 90 * E8 && stop->state == MR_STATE_ACKED);
        assert_true(target->size == 4 * E8 && target->stop_price == 120 * E8 && target->state == MR_STATE_ACKED);
        assert_true(stop->id == bracket(s, e)->stop_order && target->id == bracket(s, e)->target_order);
        assert_int_equal(s->heard[MR_BRACKET_GIVEN_UP], 0);
        close_scene(s);
    }
}

static void a_stop_that_may_not_move_stays_until_its_replacement_may_come(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_bracket_plan p = plan();
    p.tick = 0;
    p.target = 0;
    p.break_even_e8 = 1200000;
    uint64_t e = guarded(s, p), old = bracket(s, e)->stop_order;
    s->r->deny = true; /* neither changed nor placed anew */
    mr_brackets_mark(s->bs, 0, 101 * E8);
    wait_by_tenths(s, 20);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_AMEND) + rig_requests(s->r, MR_REQUEST_CANCEL), 0);
    assert_true(only_one(s, MR_ROLE_STOP)->id == old && bracket(s, e)->stop_order == old);
    assert_in_range(mr_orders_counters(s->r->om)->denied, 1, 3); /* and not at every look */
    assert_int_equal(s->heard[MR_BRACKET_BARE], 1);              /* before it had one */
    s->r->deny = false;
    all_is_taken(s, 100);
    uint64_t new = bracket(s, e)->stop_order;
    assert_true(new != old &&order(s, new)->stop_price == 10012 * E8 / 100);
    assert_int_equal(rig_last(s->r, MR_REQUEST_CANCEL)->order.id, old);
    close_scene(s);
}

static void a_way_out_that_is_denied_is_tried_until_it_is_there(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t e = open_with(s, plan());
    s->r->deny = true;
    rig_fill(s->r, e, 100, 4, "t1");
    wait_by_tenths(s, 3000); /* the waits have grown as long as they get */
    assert_int_equal(s->heard[MR_BRACKET_GIVEN_UP], 0);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 1);
    s->r->deny = false;
    wait_by_tenths(s, 700);
    assert_int_equal(s->heard[MR_BRACKET_GIVEN_UP], 1);
    const struct mr_order *out = rig_order(s->r, bracket(s, e)->exit_order);
    assert_true(out->type == MR_ORDER_MARKET && out->size == 4 * E8 && out->role == MR_ROLE_EXIT);
    close_scene(s);
}

static void patient(struct rig *r) { r->cfg.sync_ns = 80000 * SECOND; }

/* The order manager forgets an order five minutes after its end. */
static void what_is_held_longer_than_its_entry_is_remembered_stays_guarded(void **state)
{
    (void)state;
    for (int restarts = 0; restarts < 2; restarts++) {
        struct scene *s = scene_with(patient);
        struct mr_bracket_plan p = plan();
        p.tick = 0;
        p.break_even_e8 = 1200000;
        uint64_t e = guarded(s, p), stop = bracket(s, e)->stop_order;
        wait_by_tenths(s, (int)(s->r->cfg.keep_ns / (SECOND / 10)) + 10);
        assert_null(mr_orders_find(s->r->om, e));
        if (restarts) { /* from the bracket's records, beside orders that know nothing of its entry any more */
            struct mr_record_bracket r = *bracket(s, e);
            assert_int_equal(mr_brackets_restore(s->bs, &r, sizeof r), MR_OK);
            mr_brackets_restored(s->bs, s->r->om);
        }
        mr_brackets_mark(s->bs, 0, 101 * E8); /* it is looked at, and what it earns is still known */
        step(s);
        assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 0);
        assert_true(rig_last(s->r, MR_REQUEST_AMEND)->order.id == stop);
        assert_true(rig_last(s->r, MR_REQUEST_AMEND)->order.stop_price == 10012 * E8 / 100);
        rig_fill(s->r, 0, 100, 1, "nobody's"); /* a fill of another order on its instrument */
        step(s);
        assert_string_equal(rig_state(s->r, stop), "acked");
        assert_string_equal(rig_state(s->r, bracket(s, e)->target_order), "acked");
        assert_false(mr_orders_cancelling(s->r->om, stop));
        close_scene(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_entry_leaves_without_its_plan_in_the_journal),
        cmocka_unit_test(wherever_the_journal_stops_the_guard_stands_once_it_goes_on),
        cmocka_unit_test(a_stop_that_may_not_move_stays_until_its_replacement_may_come),
        cmocka_unit_test(a_way_out_that_is_denied_is_tried_until_it_is_there),
        cmocka_unit_test(what_is_held_longer_than_its_entry_is_remembered_stays_guarded),
    };
    return MR_TEST_MAIN(tests);
}
