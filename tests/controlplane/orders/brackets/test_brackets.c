/* Brackets: what is open is guarded, and by no more than is open. */
#include "tests/controlplane/orders/brackets/scene.h"

static void nothing_is_placed_before_the_entry_has_filled_and_then_both(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t e = open_with(s, plan());
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 1);
    rig_fill(s->r, e, 100, 1, "t1");
    step(s);
    const struct mr_order *stop = order(s, bracket(s, e)->stop_order), *target = order(s, bracket(s, e)->target_order);
    assert_true(stop->type == MR_ORDER_STOP_MARKET && stop->stop_price == 90 * E8 && stop->size == E8 &&
                stop->side == MR_SIDE_SELL);
    assert_true(target->type == MR_ORDER_TAKE_PROFIT_MARKET && target->stop_price == 120 * E8 && target->size == E8);
    assert_true(stop->flags == MR_ORDER_REDUCE_ONLY && target->flags == MR_ORDER_REDUCE_ONLY);
    assert_true(stop->parent == e && stop->role == MR_ROLE_STOP && target->role == MR_ROLE_TARGET);
    assert_true(stop->expires_ns == 0 && target->expires_ns == 0); /* what protects does not expire */
    assert_int_equal(s->heard[MR_BRACKET_OPENED], 1);
    assert_int_equal(s->heard[MR_BRACKET_BARE], 1);
    ack(s, stop->id);
    assert_int_equal(s->heard[MR_BRACKET_GUARDED], 1);
    close_scene(s);
}

static void sizes_follow_what_fills(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t e = open_with(s, plan());
    rig_fill(s->r, e, 100, 1, "t1");
    step(s);
    ack(s, bracket(s, e)->stop_order);
    ack(s, bracket(s, e)->target_order);
    rig_fill(s->r, e, 100, 3, "t2");
    step(s);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_AMEND), 2);
    for (uint32_t i = 0; i < s->r->request_count; i++)
        if (s->r->requests[i].kind == MR_REQUEST_AMEND) {
            assert_int_equal(s->r->requests[i].order.size, 4 * E8);
            rig_answer(s->r, MR_ANSWER_AMENDED, &s->r->requests[i]);
        }
    step(s);
    assert_int_equal(order(s, bracket(s, e)->stop_order)->size, 4 * E8);
    assert_int_equal(order(s, bracket(s, e)->target_order)->size, 4 * E8);
    /* a part of the target fills: the stop shrinks by it */
    rig_fill(s->r, bracket(s, e)->target_order, 120, 1, "t3");
    step(s);
    pass(s, SECOND / 4);
    assert_int_equal(rig_last(s->r, MR_REQUEST_AMEND)->order.id, bracket(s, e)->stop_order);
    assert_int_equal(rig_last(s->r, MR_REQUEST_AMEND)->order.size, 3 * E8);
    close_scene(s);
}

static void one_ends_and_the_other_is_cancelled(void **state)
{
    (void)state;
    for (int by_stop = 0; by_stop < 2; by_stop++) {
        struct scene *s = scene();
        uint64_t e = guarded(s, plan());
        uint64_t stop = bracket(s, e)->stop_order, target = bracket(s, e)->target_order;
        rig_fill(s->r, by_stop ? stop : target, by_stop ? 90 : 120, 4, "out");
        step(s);
        assert_int_equal(rig_last(s->r, MR_REQUEST_CANCEL)->order.id, by_stop ? target : stop);
        assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 1);
        rig_say(s->r, MR_ANSWER_CANCELLED, by_stop ? target : stop);
        step(s);
        assert_int_equal(s->heard[MR_BRACKET_ENDED], 1);
        assert_null(mr_brackets_find(s->bs, e));
        assert_int_equal(mr_brackets_open_count(s->bs), 0);
        assert_int_equal(mr_positions_get(mr_orders_positions(s->r->om), 0)->size, 0);
        close_scene(s);
    }
}

static void an_entry_that_ends_unfilled_leaves_nothing(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t e = open_with(s, plan());
    rig_say(s->r, MR_ANSWER_EXPIRED, e);
    step(s);
    assert_int_equal(s->heard[MR_BRACKET_ENDED], 1);
    assert_int_equal(mr_brackets_open_count(s->bs), 0);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 1);
    close_scene(s);
}

static void an_exit_stops_the_rest_of_the_entry(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t e = open_with(s, plan());
    rig_fill(s->r, e, 100, 2, "t1");
    step(s);
    ack(s, bracket(s, e)->stop_order);
    rig_fill(s->r, bracket(s, e)->stop_order, 90, 2, "t2");
    step(s);
    bool entry_cancelled = false;
    for (uint32_t i = 0; i < s->r->request_count; i++)
        entry_cancelled =
            entry_cancelled || (s->r->requests[i].kind == MR_REQUEST_CANCEL && s->r->requests[i].order.id == e);
    assert_true(entry_cancelled);
    close_scene(s);
}

static void a_stop_trails_by_the_level_form_and_never_back(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_bracket_plan p = plan();
    p.trails = 1;
    p.leverage = 50;
    p.tick = E8 / 1000;
    p.staircase = (struct mr_risk_staircase){.activation_e8 = 6000000, .step_e8 = 150000, .distance_e8 = 50000};
    uint64_t e = guarded(s, p);
    static const struct {
        int64_t mark, stop; /* in thousandths; the worked values of the level form */
    } rows[] = {{100100, 90000}, {100124, 100122}, {100140, 100137}, {100130, 100137}, {100240, 100239}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        uint64_t amends = rig_requests(s->r, MR_REQUEST_AMEND);
        bool moves = i && rows[i].stop != rows[i - 1].stop;
        mr_brackets_mark(s->bs, 0, rows[i].mark * E8 / 1000);
        step(s);
        assert_int_equal(bracket(s, e)->stop, rows[i].stop * E8 / 1000);
        assert_int_equal(rig_requests(s->r, MR_REQUEST_AMEND), amends + moves);
        if (moves)
            rig_answer(s->r, MR_ANSWER_AMENDED, rig_last(s->r, MR_REQUEST_AMEND));
        step(s);
        assert_int_equal(order(s, bracket(s, e)->stop_order)->stop_price, rows[i].stop * E8 / 1000);
    }
    assert_int_equal(s->heard[MR_BRACKET_MOVED], 3);
    assert_int_equal(s->heard[MR_BRACKET_BARE], 1); /* before the first was acknowledged, and never since */
    close_scene(s);
}

static void break_even_arms_at_the_fee_adjusted_roi(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_bracket_plan p = plan();
    p.tick = 0;
    p.break_even_e8 = 1200000; /* 0.06 % twice at 10x */
    uint64_t e = guarded(s, p);
    mr_brackets_mark(s->bs, 0, 10011 * E8 / 100); /* ROI 1.1 % */
    step(s);
    assert_int_equal(bracket(s, e)->stop, 90 * E8);
    mr_brackets_mark(s->bs, 0, 10012 * E8 / 100); /* armed, but there the stop would close at once */
    step(s);
    assert_int_equal(bracket(s, e)->stop, 90 * E8);
    mr_brackets_mark(s->bs, 0, 10013 * E8 / 100);
    step(s);
    assert_int_equal(bracket(s, e)->stop, 10012 * E8 / 100);
    close_scene(s);
}

static void a_short_is_guarded_above_and_its_stop_comes_down(void **state)
{
    (void)state;
    for (int tick = 0; tick < 2; tick++) {
        struct scene *s = scene();
        struct mr_bracket_plan p = plan();
        p.entry.side = MR_SIDE_SELL;
        p.stop = 110 * E8;
        p.target = 80 * E8;
        p.tick = tick * E8 / 10;
        p.break_even_e8 = 1200000;
        uint64_t e = guarded(s, p);
        const struct mr_order *stop = order(s, bracket(s, e)->stop_order);
        assert_true(stop->side == MR_SIDE_BUY && stop->stop_price == 110 * E8 && stop->size == 4 * E8);
        mr_brackets_mark(s->bs, 0, 101 * E8); /* a loss moves nothing */
        step(s);
        assert_int_equal(rig_requests(s->r, MR_REQUEST_AMEND), 0);
        mr_brackets_mark(s->bs, 0, 99 * E8);
        step(s);
        struct mr_request *r = rig_last(s->r, MR_REQUEST_AMEND);
        assert_true(r->order.id == stop->id);
        assert_true(r->order.stop_price == (tick ? 999 * E8 / 10 : 9988 * E8 / 100)); /* away from the market */
        struct mr_answer *a = rig_answer(s->r, MR_ANSWER_AMENDED, r);
        a->price = r->order.stop_price;
        a->size = r->order.size;
        step(s);
        mr_brackets_mark(s->bs, 0, 98 * E8); /* break-even is where nothing is lost, and no further */
        step(s);
        mr_brackets_mark(s->bs, 0, 105 * E8); /* and never back */
        step(s);
        assert_int_equal(rig_requests(s->r, MR_REQUEST_AMEND), 1);
        close_scene(s);
    }
}

static void where_amending_is_refused_the_new_stop_rests_before_the_old_one_goes(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_bracket_plan p = plan();
    p.tick = 0;
    p.target = 0;
    p.break_even_e8 = 1200000;
    uint64_t e = guarded(s, p), old = bracket(s, e)->stop_order;
    mr_brackets_mark(s->bs, 0, 101 * E8);
    step(s);
    rig_answer(s->r, MR_ANSWER_AMEND_REFUSED, rig_last(s->r, MR_REQUEST_AMEND))->reason = MR_REJECT_OTHER;
    step(s);
    uint64_t new = bracket(s, e)->stop_order;
    assert_true(new != old &&bracket(s, e)->old_stop == old);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 0);
    assert_string_equal(rig_state(s->r, old), "acked");
    assert_int_equal(order(s, new)->stop_price, 10012 * E8 / 100);
    ack(s, new);
    assert_int_equal(rig_last(s->r, MR_REQUEST_CANCEL)->order.id, old);
    rig_say(s->r, MR_ANSWER_CANCELLED, old);
    step(s);
    assert_int_equal(bracket(s, e)->old_stop, 0);
    assert_int_equal(s->heard[MR_BRACKET_BARE], 1);
    close_scene(s);
}

static void a_replacement_that_is_rejected_leaves_the_old_stop(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_bracket_plan p = plan();
    p.tick = 0;
    p.target = 0;
    p.break_even_e8 = 1200000;
    uint64_t e = guarded(s, p), old = bracket(s, e)->stop_order;
    mr_brackets_mark(s->bs, 0, 101 * E8);
    step(s);
    rig_answer(s->r, MR_ANSWER_AMEND_REFUSED, rig_last(s->r, MR_REQUEST_AMEND))->reason = MR_REJECT_OTHER;
    step(s);
    rig_say(s->r, MR_ANSWER_REJECTED, bracket(s, e)->stop_order)->reason = MR_REJECT_OTHER;
    step(s);
    assert_string_equal(rig_state(s->r, old), "acked");
    assert_true(bracket(s, e)->stop_order == old || bracket(s, e)->old_stop == old);
    assert_int_equal(s->heard[MR_BRACKET_BARE], 1);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 0);
    close_scene(s);
}

static void a_stop_that_cannot_be_placed_ends_in_a_market_exit(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t e = open_with(s, plan());
    rig_fill(s->r, e, 100, 4, "t1");
    step(s);
    ack(s, bracket(s, e)->target_order);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(s->heard[MR_BRACKET_GIVEN_UP], 0);
        assert_true(bracket(s, e)->stop_order != 0);
        rig_say(s->r, MR_ANSWER_REJECTED, bracket(s, e)->stop_order)->reason = MR_REJECT_OTHER;
        step(s);
        assert_int_equal(bracket(s, e)->stop_order, 0);
        pass(s, (SECOND << i) - 2); /* 1, 2, 4 s */
        assert_int_equal(bracket(s, e)->stop_order + bracket(s, e)->exit_order, 0);
        pass(s, 2);
    }
    assert_int_equal(s->heard[MR_BRACKET_GIVEN_UP], 1);
    const struct mr_order *out = order(s, bracket(s, e)->exit_order);
    assert_true(out->type == MR_ORDER_MARKET && out->size == 4 * E8 && out->flags == MR_ORDER_REDUCE_ONLY &&
                out->role == MR_ROLE_EXIT);
    uint64_t target = bracket(s, e)->target_order;
    rig_fill(s->r, out->id, 95, 4, "t2");
    step(s);
    assert_int_equal(rig_last(s->r, MR_REQUEST_CANCEL)->order.id, target);
    rig_say(s->r, MR_ANSWER_CANCELLED, target);
    step(s);
    assert_int_equal(mr_brackets_open_count(s->bs), 0);
    close_scene(s);
}

static void what_was_liquidated_needs_no_guard(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t e = guarded(s, plan());
    struct mr_answer *a = rig_fill(s->r, 0, 80, 4, "liquidation");
    a->fill.side = MR_SIDE_SELL;
    rig_say(s->r, MR_ANSWER_CANCELLED, bracket(s, e)->stop_order);
    step(s);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 3); /* entry, stop, target: no new stop */
    assert_int_equal(rig_last(s->r, MR_REQUEST_CANCEL)->order.id, bracket(s, e)->target_order);
    close_scene(s);
}

static void plans_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct scene *s = scene();
    for (int i = 0; i < 10; i++) {
        struct mr_bracket_plan p = plan();
        uint64_t id;
        /* clang-format off */
        switch (i) {
        case 0: p.stop = -1; break;
        case 1: p.target = -1; break;
        case 2: p.leverage = 0; break;
        case 3: p.stop = p.target; break;
        case 4: p.entry.side = MR_SIDE_SELL; break;
        case 5: p.trails = 1; break;
        case 6: p.trails = 1, p.staircase.step_e8 = 1, p.stop = 0; break;
        case 7: p.stop += 1; break;
        case 8: p.entry.role = MR_ROLE_EXIT; break;
        default: p.entry.side = 2; break;
        }
        /* clang-format on */
        assert_int_equal(mr_brackets_open(s->bs, s->r->om, &p, s->r->now, &id), MR_E_RANGE);
    }
    struct mr_bracket_plan p = plan();
    uint64_t id, records = s->r->record_count;
    s->r->deny = true;
    assert_int_equal(mr_brackets_open(s->bs, s->r->om, &p, s->r->now, &id), MR_ORDERS_DENIED);
    assert_int_equal(mr_brackets_open_count(s->bs), 0);
    assert_int_equal(s->r->record_count, records + 3); /* plan, denied, plan over */
    s->r->deny = false;
    for (int i = 0; i < 4; i++)
        open_with(s, p);
    assert_int_equal(mr_brackets_open(s->bs, s->r->om, &p, s->r->now, &id), MR_E_FULL);
    close_scene(s);
}

static void brackets_come_back_from_every_prefix_of_the_journal(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t e = guarded(s, plan()), stop = bracket(s, e)->stop_order, target = bracket(s, e)->target_order;
    for (uint64_t n = 0; n <= s->r->record_count; n++) {
        struct scene *t = calloc(1, sizeof *t);
        attach(t, rig_restart(s->r, n));
        for (uint64_t i = 0; i < n; i++)
            if (s->r->records[i].kind == MR_JOURNAL_ORDER)
                assert_int_equal(mr_brackets_restore(t->bs, s->r->records[i].payload, s->r->records[i].bytes), MR_OK);
        assert_int_equal(mr_orders_restored(t->r->om, t->r->now), MR_OK);
        mr_brackets_restored(t->bs, t->r->om);
        const struct mr_record_bracket *b = mr_brackets_find(t->bs, e);
        if (mr_orders_find(t->r->om, e))
            assert_non_null(b); /* no entry without its plan */
        if (mr_orders_find(t->r->om, stop))
            assert_int_equal(b->stop_order, stop);
        if (mr_orders_find(t->r->om, target))
            assert_int_equal(b->target_order, target);
        if (n == s->r->record_count)
            assert_memory_equal(b, bracket(s, e), sizeof *b);
        close_scene(t);
    }
    uint8_t bytes[sizeof(struct mr_record_bracket)];
    struct mr_record_bracket r = *bracket(s, e);
    static const int wants[] = {MR_E_CORRUPT, MR_E_VERSION, MR_E_CORRUPT, MR_E_CORRUPT, MR_E_CORRUPT, MR_E_CORRUPT};
    for (int i = 0; i < 6; i++) {
        struct mr_record_bracket bad = r;
        bad.head.version = (uint16_t)(bad.head.version + (i == 1));
        bad.slot = i == 2 ? 4 : bad.slot;
        bad.entry = i == 3 ? 0 : bad.entry;
        bad.over = i == 4 ? 2 : bad.over;
        bad.plan.leverage = i == 5 ? 0 : bad.plan.leverage;
        memcpy(bytes, &bad, sizeof bad);
        assert_int_equal(mr_brackets_restore(s->bs, bytes, i ? sizeof bad : sizeof bad - 16), wants[i]);
    }
    assert_int_equal(mr_brackets_restore(s->bs, bytes, 4), MR_E_CORRUPT);
    close_scene(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_placed_before_the_entry_has_filled_and_then_both),
        cmocka_unit_test(sizes_follow_what_fills),
        cmocka_unit_test(one_ends_and_the_other_is_cancelled),
        cmocka_unit_test(an_entry_that_ends_unfilled_leaves_nothing),
        cmocka_unit_test(an_exit_stops_the_rest_of_the_entry),
        cmocka_unit_test(a_stop_trails_by_the_level_form_and_never_back),
        cmocka_unit_test(break_even_arms_at_the_fee_adjusted_roi),
        cmocka_unit_test(a_short_is_guarded_above_and_its_stop_comes_down),
        cmocka_unit_test(where_amending_is_refused_the_new_stop_rests_before_the_old_one_goes),
        cmocka_unit_test(a_replacement_that_is_rejected_leaves_the_old_stop),
        cmocka_unit_test(a_stop_that_cannot_be_placed_ends_in_a_market_exit),
        cmocka_unit_test(what_was_liquidated_needs_no_guard),
        cmocka_unit_test(plans_that_cannot_be_are_refused),
        cmocka_unit_test(brackets_come_back_from_every_prefix_of_the_journal),
    };
    return MR_TEST_MAIN(tests);
}
