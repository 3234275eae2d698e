/* Slices while gate, venue, journal or clock do not play along. */
#include "tests/controlplane/orders/slices/scene.h"

static void what_cannot_be_opened_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    struct scene *s = scene();
    static const struct {
        const char *says;
        uint32_t instrument;
        mr_size size;
        enum mr_slices_word word;
        int want;
    } rows[] = {
        {"no such instrument", 9, 8 * E8, MR_SLICES_GO, MR_E_SYMBOL},
        {"inverse", 2, 8 * E8, MR_SLICES_GO, MR_E_UNSUPPORTED},
        {"no size", 0, 0, MR_SLICES_GO, MR_E_RANGE},
        {"not on the lot", 0, 8 * E8 + 1, MR_SLICES_GO, MR_E_RANGE},
        {"fewer lots than slices", 0, 3 * 100000, MR_SLICES_GO, MR_E_RANGE},
        {"trading rests", 0, 8 * E8, MR_SLICES_WAIT, MR_E_STALE},
        {"trading is stopped", 0, 8 * E8, MR_SLICES_STOP, MR_E_STALE},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct mr_slices_plan p = twap();
        uint64_t id = 77, records = s->r->record_count;
        p.parent.instrument = rows[i].instrument;
        p.parent.size = rows[i].size;
        s->word = rows[i].word;
        int status = mr_slices_open(s->ss, s->r->om, &p, s->r->now, &id);
        if (status != rows[i].want)
            fail_msg("%s: %d", rows[i].says, status);
        assert_true(id == 77 && s->r->record_count == records && mr_slices_open_count(s->ss) == 0);
    }
    s->word = MR_SLICES_GO;
    uint64_t id;
    const struct mr_slices_plan p = twap();
    for (int i = 0; i < SCENE_PARENTS; i++)
        begin(s, p);
    assert_int_equal(mr_slices_open(s->ss, s->r->om, &p, s->r->now, &id), MR_E_FULL);
    assert_int_equal(mr_slices_cancel(s->ss, 5, s->r->now), MR_E_EMPTY);
    assert_null(mr_slices_find(s->ss, 0));
    close_scene(s);
}

static void a_venue_without_a_link_fails_it_at_once(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_slices_plan p = twap();
    p.parent.instrument = 3;
    uint64_t id = begin(s, p);
    ended(s, id, MR_SLICES_FAILED, MR_SLICES_REFUSED, 0);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 0);
    close_scene(s);
}

static void a_denied_part_waits_longer_each_time_and_then_it_has_failed(void **state)
{
    (void)state;
    struct scene *s = scene();
    s->r->deny = true;
    uint64_t id = begin(s, iceberg());
    for (unsigned tries = 1; tries < SCENE_TRIES; tries++) { /* 1, 2, 4 s */
        assert_int_equal(mr_orders_counters(s->r->om)->denied, tries);
        assert_int_equal(s->told[MR_SLICES_WAITS], tries);
        pass(s, (SECOND << (tries - 1)) - 1);
        assert_int_equal(mr_orders_counters(s->r->om)->denied, tries);
        pass(s, 1);
    }
    ended(s, id, MR_SLICES_FAILED, MR_SLICES_TRIES, 0);
    assert_int_equal(mr_orders_counters(s->r->om)->denied, SCENE_TRIES);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 0);
    close_scene(s);
}

static void in_vain(struct scene *s, uint64_t id, unsigned kind)
{
    uint64_t out = child(s, id)->id;
    if (kind != MR_ANSWER_REJECTED) {
        rig_say(s->r, MR_ANSWER_ACK, out);
        step(s);
    }
    rig_say(s->r, kind, out)->reason = kind == MR_ANSWER_REJECTED ? MR_REJECT_OTHER : MR_REJECT_NONE;
    step(s);
}

static void a_part_that_ends_in_vain_counts_as_a_try_until_something_fills(void **state)
{
    (void)state;
    static const unsigned ends[] = {MR_ANSWER_REJECTED, MR_ANSWER_CANCELLED, MR_ANSWER_EXPIRED};
    for (size_t k = 0; k < MR_COUNT_OF(ends); k++) {
        struct scene *s = scene();
        s->deaf = true;
        uint64_t id = begin(s, iceberg());
        for (int round = 0; round < 2; round++) {
            for (int tries = 1; tries < SCENE_TRIES; tries++) {
                in_vain(s, id, ends[k]);
                assert_true(none_out(s, id));
                pass(s, SECOND << (tries - 1));
            }
            if (round)
                break;
            rig_say(s->r, MR_ANSWER_ACK, child(s, id)->id);
            step(s);
            fill(s, id, 1);
            rig_say(s->r, MR_ANSWER_CANCELLED, child(s, id)->id);
            step(s);
            assert_true(child(s, id)->filled == 0); /* the next one, at once */
        }
        in_vain(s, id, ends[k]);
        ended(s, id, MR_SLICES_FAILED, MR_SLICES_TRIES, 1);
        close_scene(s);
    }
}

static void nothing_leaves_beside_a_child_whose_outcome_is_unknown(void **state)
{
    (void)state;
    struct scene *s = scene();
    s->deaf = true;
    uint64_t id = begin(s, twap()), first = child(s, id)->id;
    pass(s, 8 * SECOND);
    assert_string_equal(rig_state(s->r, first), "unknown");
    pass(s, 4 * SECOND);
    assert_true(child(s, id)->id == first);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 1);
    rig_fill(s->r, first, 100, 1, "it was there");
    step(s);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 1);
    rig_say(s->r, MR_ANSWER_CANCELLED, first);
    step(s);
    assert_true(child(s, id)->id != first && child(s, id)->size == 3 * E8);
    assert_true(parent(s, id)->plan.parent.filled == E8);
    close_scene(s);
}

static void a_kill_switch_ends_it_and_a_pause_holds_it(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t id = begin(s, twap());
    fill(s, id, 2);
    s->word = MR_SLICES_WAIT;
    pass(s, 15 * SECOND);
    assert_true(none_out(s, id) && rig_requests(s->r, MR_REQUEST_PLACE) == 1);
    s->word = MR_SLICES_GO;
    pass(s, SECOND);
    assert_true(child(s, id)->size == 2 * E8);
    s->word = MR_SLICES_WAIT; /* what is out may stay */
    pass(s, SECOND);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 0);
    s->word = MR_SLICES_STOP; /* looked at without any news */
    step(s);
    ended(s, id, MR_SLICES_CANCELLED, MR_SLICES_STOPPED, 2);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 1);
    close_scene(s);
}

static void a_child_given_up_before_it_left_is_tried_again(void **state)
{
    (void)state;
    struct scene *s = scene();
    s->r->closed = true; /* the last look says no, where nobody asked the word */
    uint64_t id = begin(s, twap());
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 0);
    s->r->closed = false;
    pass(s, 8 * SECOND);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 1);
    assert_true(child(s, id)->size == 2 * E8);
    close_scene(s);
}

static void a_fill_after_an_orders_end_is_counted_told_and_never_doubled(void **state)
{
    (void)state;
    for (int generations = 1; generations <= 3; generations++) {
        struct scene *s = scene();
        struct mr_slices_plan p = iceberg();
        p.shown = 8 * E8;
        uint64_t id = begin(s, p), first = child(s, id)->id;
        for (int i = 0; i < generations; i++) {
            rig_say(s->r, MR_ANSWER_CANCELLED, child(s, id)->id);
            step(s);
            pass(s, 5 * SECOND);
        }
        assert_true(child(s, id)->id != first && child(s, id)->size == 8 * E8);
        rig_fill(s->r, first, 100, 3, "late");
        step(s);
        assert_int_equal(s->told[MR_SLICES_EXCEEDED], 1);
        assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 1);
        assert_true(parent(s, id)->plan.parent.filled == 3 * E8);
        pass(s, 10 * SECOND);
        assert_true(child(s, id)->size == 5 * E8);
        fill(s, id, 5);
        ended(s, id, MR_SLICES_DONE, MR_SLICES_NO_REASON, 8);
        assert_true(s->last.plan.parent.cost == 800 * MR_MONEY_ONE);
        close_scene(s);
    }
}

static void no_child_leaves_without_its_parents_word_in_the_journal(void **state)
{
    (void)state;
    for (unsigned room = 0; room <= 6; room++) {
        struct scene *s = scene();
        const struct mr_slices_plan p = iceberg();
        uint64_t id;
        s->r->record_room = s->r->record_count + room;
        int status = mr_slices_open(s->ss, s->r->om, &p, s->r->now, &id);
        assert_int_equal(status, room ? MR_OK : MR_E_FULL);
        wait_by_tenths(s, 30);
        if (room < 3) /* plan, the child's name, the child */
            assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 0);
        s->r->record_room += 10000;
        wait_by_tenths(s, 400);
        if (!room) {
            assert_int_equal(mr_slices_open_count(s->ss), 0);
        } else {
            assert_true(child(s, id)->size == 2 * E8);
            assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 1);
        }
        close_scene(s);
    }
}

static void a_cancel_that_the_journal_does_not_take_is_done_all_the_same(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t id = begin(s, iceberg());
    s->r->record_room = s->r->record_count;
    assert_int_equal(mr_slices_cancel(s->ss, id, s->r->now), MR_OK);
    step(s);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 1);
    s->r->record_room += 1000;
    wait_by_tenths(s, 50);
    ended(s, id, MR_SLICES_CANCELLED, MR_SLICES_ASKED, 0);
    const struct rig_record *last = NULL;
    for (uint64_t i = 0; i < s->r->record_count; i++) {
        struct mr_record_head head;
        memcpy(&head, s->r->records[i].payload, sizeof head);
        last = s->r->records[i].kind == MR_JOURNAL_ORDER && head.what == MR_RECORD_SLICES ? &s->r->records[i] : last;
    }
    assert_non_null(last);
    assert_memory_equal(last->payload, &s->last, sizeof s->last); /* and it is written in the end */
    close_scene(s);
}

static void a_number_that_went_to_another_order_is_no_child(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t id = begin(s, iceberg()), other = rig_acked(s->r, rig_limit(MR_SIDE_SELL, 200, 3));
    struct mr_record_slices r = *parent(s, id);
    r.child[0].id = other; /* named, not taken, and the process died before it could say so */
    assert_int_equal(mr_slices_restore(s->ss, &r, sizeof r), MR_OK);
    mr_slices_restored(s->ss, s->r->om);
    assert_true(none_out(s, id));
    assert_int_equal(mr_slices_cancel(s->ss, id, s->r->now), MR_OK);
    step(s);
    assert_string_equal(rig_state(s->r, other), "acked");
    close_scene(s);
}

static void time_that_steps_back_begins_nothing_anew(void **state)
{
    (void)state;
    struct scene *s = scene();
    int64_t started = s->r->now;
    uint64_t id = begin(s, twap());
    pass(s, 10 * SECOND);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 2);
    uint64_t out = child(s, id)->id;
    for (int i = 0; i < 10; i++)
        assert_int_equal(mr_slices_step(s->ss, s->r->om, started - i * SECOND), 0);
    assert_true(child(s, id)->id == out);
    struct mr_slices_plan p = twap();
    uint64_t other;
    assert_int_equal(mr_slices_open(s->ss, s->r->om, &p, started, &other), MR_OK);
    assert_true(parent(s, other)->started_ns == started + 10 * SECOND);
    close_scene(s);
}

static void records_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t id = begin(s, twap());
    struct mr_record_slices r = *parent(s, id);
    const struct mr_record_head other = {MR_RECORDS_VERSION, MR_RECORD_BRACKET, sizeof other};
    assert_int_equal(mr_slices_restore(s->ss, &r, sizeof r), MR_OK);
    assert_int_equal(mr_slices_restore(s->ss, &other, sizeof other), MR_OK); /* not ours */
    assert_int_equal(mr_slices_restore(s->ss, &r, 4), MR_E_CORRUPT);
    assert_int_equal(mr_slices_restore(s->ss, &r, sizeof r - 16), MR_E_CORRUPT);
    for (int i = 0; i < 14; i++) {
        struct mr_record_slices bad = r;
        /* clang-format off */
        switch (i) {
        case 0: bad.head.version++; break;
        case 1: bad.slot = SCENE_PARENTS; break;
        case 2: bad.plan.parent.id = 5; break;
        case 3: bad.state = MR_SLICES_STATE_COUNT; break;
        case 4: bad.outcome = MR_SLICES_STATE_COUNT; break;
        case 5: bad.why = MR_SLICES_WHY_COUNT; break;
        case 6: bad.caught = 2; break;
        case 7: bad.exceeded = 2; break;
        case 8: bad.plan.parent.filled = -1; break;
        case 9: bad.plan.parent.cost = -1; break;
        case 10: bad.started_ns = -1; break;
        case 11: bad.slice = 4; break;
        case 12: bad.plan.lot = 3; break;
        default: bad.state = MR_SLICES_ENDING; break; /* without an outcome */
        }
        /* clang-format on */
        if (mr_slices_restore(s->ss, &bad, sizeof bad) != (i ? MR_E_CORRUPT : MR_E_VERSION))
            fail_msg("row %d is taken", i);
    }
    assert_memory_equal(parent(s, id), &r, sizeof r);
    close_scene(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_opened_is_refused_and_leaves_nothing),
        cmocka_unit_test(a_venue_without_a_link_fails_it_at_once),
        cmocka_unit_test(a_denied_part_waits_longer_each_time_and_then_it_has_failed),
        cmocka_unit_test(a_part_that_ends_in_vain_counts_as_a_try_until_something_fills),
        cmocka_unit_test(nothing_leaves_beside_a_child_whose_outcome_is_unknown),
        cmocka_unit_test(a_kill_switch_ends_it_and_a_pause_holds_it),
        cmocka_unit_test(a_child_given_up_before_it_left_is_tried_again),
        cmocka_unit_test(a_fill_after_an_orders_end_is_counted_told_and_never_doubled),
        cmocka_unit_test(no_child_leaves_without_its_parents_word_in_the_journal),
        cmocka_unit_test(a_cancel_that_the_journal_does_not_take_is_done_all_the_same),
        cmocka_unit_test(a_number_that_went_to_another_order_is_no_child),
        cmocka_unit_test(time_that_steps_back_begins_nothing_anew),
        cmocka_unit_test(records_that_cannot_be_are_refused),
    };
    return MR_TEST_MAIN(tests);
}
