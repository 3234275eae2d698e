/* Slices: parts leave in their time and no sooner, and what is out and filled is never more than was wanted. */
#include "tests/controlplane/orders/slices/scene.h"

static void a_twap_leaves_part_by_part_and_is_done_when_all_is_filled(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t id = begin(s, twap());
    assert_int_equal(s->told[MR_SLICES_STARTED], 1);
    for (uint32_t i = 0; i < 4; i++) {
        const struct mr_order *o = child(s, id);
        assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), i + 1);
        assert_true(o->parent == id && o->size == 2 * E8 && o->price == 100 * E8 && o->type == MR_ORDER_LIMIT);
        assert_true(o->side == MR_SIDE_BUY && o->strategy == 2 && o->tif == MR_TIF_GTC);
        fill(s, id, 2);
        if (i == 3)
            break;
        assert_true(none_out(s, id) && parent(s, id)->plan.parent.filled == (2 * i + 2) * E8);
        pass(s, 10 * SECOND - 1);
        assert_true(none_out(s, id));
        pass(s, 1);
    }
    ended(s, id, MR_SLICES_DONE, MR_SLICES_NO_REASON, 8);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 0);
    assert_true(s->has_quality && s->quality.mean == 100 * E8 && s->quality.filled_e4 == 10000);
    assert_int_equal(s->quality.slippage_e6, 10102); /* 100 against 99, rounded up */
    assert_int_equal(mr_positions_get(mr_orders_positions(s->r->om), 0)->size, 8 * E8);
    close_scene(s);
}

static void what_an_interval_leaves_is_cancelled_for_certain_and_then_carried_over(void **state)
{
    (void)state;
    for (int race = 0; race < 2; race++) {
        struct scene *s = scene();
        uint64_t id = begin(s, twap());
        fill(s, id, 1);
        uint64_t first = child(s, id)->id;
        s->deaf = true;
        pass(s, 10 * SECOND);
        assert_int_equal(rig_last(s->r, MR_REQUEST_CANCEL)->order.id, first);
        assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 1);
        assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 1); /* nothing beside one that may still fill */
        assert_true(child(s, id)->id == first);
        if (race)
            fill(s, id, 1);
        else
            rig_say(s->r, MR_ANSWER_CANCELLED, first);
        step(s);
        assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 2);
        assert_true(child(s, id)->size == (race ? 2 : 3) * E8);
        close_scene(s);
    }
}

static void a_vwap_leaves_by_its_weights(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_slices_plan p = twap();
    p.kind = MR_SLICES_VWAP;
    p.weight[0] = 1;
    p.weight[2] = 3;
    uint64_t id = begin(s, p);
    assert_true(child(s, id)->size == 2 * E8);
    fill(s, id, 2);
    pass(s, 10 * SECOND);
    assert_true(none_out(s, id)); /* an interval without volume */
    pass(s, 10 * SECOND);
    assert_true(child(s, id)->size == 6 * E8);
    fill(s, id, 4);
    pass(s, 10 * SECOND);
    assert_true(child(s, id)->size == 2 * E8 && rig_requests(s->r, MR_REQUEST_PLACE) == 3); /* carried over */
    fill(s, id, 2);
    ended(s, id, MR_SLICES_DONE, MR_SLICES_NO_REASON, 8);
    close_scene(s);
}

static void at_the_end_one_order_takes_the_rest_when_asked(void **state)
{
    (void)state;
    for (int catch_up = 0; catch_up < 2; catch_up++) {
        struct scene *s = scene();
        struct mr_slices_plan p = twap();
        p.parent.flags = MR_ORDER_POST_ONLY;
        p.catch_up = (uint8_t)catch_up;
        uint64_t id = begin(s, p);
        for (int i = 1; i <= 3; i++) {
            pass(s, 10 * SECOND);
            assert_true(child(s, id)->size == (2 * i + 2) * E8 && child(s, id)->flags == MR_ORDER_POST_ONLY);
        }
        pass(s, 10 * SECOND);
        if (catch_up) {
            const struct mr_order *o = child(s, id);
            assert_true(o->tif == MR_TIF_IOC && o->price == 100 * E8 && o->size == 8 * E8 && o->flags == 0);
            fill(s, id, 5);
            rig_say(s->r, MR_ANSWER_CANCELLED, child(s, id)->id);
            step(s);
        }
        assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 4 + catch_up);
        ended(s, id, MR_SLICES_CANCELLED, MR_SLICES_TIME, catch_up ? 5 : 0);
        assert_true(s->has_quality == catch_up);
        close_scene(s);
    }
}

static void a_catch_up_is_not_made_long_after_the_end(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_slices_plan p = twap();
    p.catch_up = 1;
    uint64_t id = begin(s, p);
    fill(s, id, 2);
    s->r->now += 50 * SECOND; /* nobody was there */
    step(s);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), 1);
    ended(s, id, MR_SLICES_CANCELLED, MR_SLICES_TIME, 2);
    close_scene(s);
}

static void passive_parts_stand_at_the_best_of_their_side_but_never_beyond_the_limit(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        uint8_t side;
        int64_t bid, ask, limit, want;
    } rows[] = {
        {"at the bid", MR_SIDE_BUY, 98, 99, 100, 98},
        {"at the limit", MR_SIDE_BUY, 101, 102, 100, 100},
        {"at the ask", MR_SIDE_SELL, 101, 102, 100, 102},
        {"at its limit", MR_SIDE_SELL, 97, 98, 100, 100},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct scene *s = scene();
        struct mr_slices_plan p = twap();
        p.passive = 1;
        p.parent.side = rows[i].side;
        p.parent.price = rows[i].limit * E8;
        uint64_t id = begin(s, p);
        assert_true(none_out(s, id)); /* no market */
        s->r->has_view = true;
        s->r->view = (struct mr_market_view){.flags = MR_MARKET_LIVE | MR_MARKET_GAP, .bid_count = 1, .ask_count = 1};
        s->r->view.bids[0].price = rows[i].bid * E8;
        s->r->view.asks[0].price = rows[i].ask * E8;
        pass(s, 2 * SECOND);
        assert_true(none_out(s, id)); /* one that is not to be believed */
        assert_int_equal(s->told[MR_SLICES_WAITS], 0);
        s->r->view.flags = MR_MARKET_LIVE;
        pass(s, SECOND);
        if (child(s, id)->price != rows[i].want * E8)
            fail_msg("%s: %lld", rows[i].says, (long long)child(s, id)->price);
        close_scene(s);
    }
}

static void the_mid_at_the_beginning_is_what_it_is_measured_by(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_slices_plan p = twap();
    p.parent.arrival_mid = 0;
    s->r->has_view = true;
    s->r->view = (struct mr_market_view){.flags = MR_MARKET_LIVE, .bid_count = 1, .ask_count = 1};
    s->r->view.bids[0].price = 100 * E8;
    s->r->view.asks[0].price = 102 * E8;
    uint64_t id = begin(s, p);
    s->r->view.asks[0].price = 110 * E8; /* later is later */
    fill(s, id, 2);
    assert_int_equal(mr_slices_cancel(s->ss, id, s->r->now), MR_OK);
    step(s);
    ended(s, id, MR_SLICES_CANCELLED, MR_SLICES_ASKED, 2);
    assert_true(s->last.plan.parent.arrival_mid == 101 * E8);
    assert_true(s->quality.filled_e4 == 2500 && s->quality.slippage_e6 < 0);
    close_scene(s);
}

static void an_iceberg_shows_its_next_part_when_the_one_before_is_filled(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t id = begin(s, iceberg());
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t shown = child(s, id)->id;
        assert_int_equal(rig_requests(s->r, MR_REQUEST_PLACE), i + 1);
        assert_true(child(s, id)->size == 2 * E8 && child(s, id)->price == 100 * E8);
        fill(s, id, 1);
        pass(s, 100 * SECOND);
        assert_true(child(s, id)->id == shown);
        fill(s, id, 1);
    }
    ended(s, id, MR_SLICES_DONE, MR_SLICES_NO_REASON, 8);
    assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 0);
    close_scene(s);
}

static void parts_of_an_iceberg_differ_by_its_seed_and_sum_exactly(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_slices_plan p = iceberg();
    mr_size seen[64], sum = 0;
    uint32_t parts = 0, different = 0;
    p.parent.size = 100 * E8;
    p.shown = 10 * E8;
    p.vary_e4 = 3000;
    p.seed = 5;
    p.lot = rig_instruments[0].lot;
    uint64_t id = begin(s, p);
    while (mr_slices_open_count(s->ss)) {
        assert_true(parts < MR_COUNT_OF(seen));
        mr_size size = seen[parts] = child(s, id)->size;
        assert_true(size == mr_slices_shown(&p, parts) || sum + size == p.parent.size);
        assert_true(size <= 13 * E8 && (size >= 7 * E8 || sum + size == p.parent.size) && size % 100000 == 0);
        different += parts && seen[parts - 1] != size;
        parts++;
        sum += size;
        struct mr_answer *a = rig_fill(s->r, child(s, id)->id, 100, 1, "");
        a->fill.size = size;
        snprintf(a->fill.trade_id, sizeof a->fill.trade_id, "part %u", parts);
        step(s);
    }
    assert_true(sum == p.parent.size && different > 5);
    ended(s, id, MR_SLICES_DONE, MR_SLICES_NO_REASON, 100);
    close_scene(s);
}

static void an_iceberg_ends_with_its_time(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_slices_plan p = iceberg();
    p.parent.expires_ns = s->r->now + 60 * SECOND;
    uint64_t id = begin(s, p);
    fill(s, id, 2);
    assert_true(child(s, id)->expires_ns == p.parent.expires_ns);
    pass(s, 61 * SECOND);
    ended(s, id, MR_SLICES_CANCELLED, MR_SLICES_TIME, 2);
    close_scene(s);
}

static void a_parent_that_is_cancelled_takes_its_child_along(void **state)
{
    (void)state;
    for (int race = 0; race < 2; race++) {
        struct scene *s = scene();
        struct mr_slices_plan p = iceberg();
        p.shown = 8 * E8;
        uint64_t id = begin(s, p);
        fill(s, id, 3);
        s->deaf = true;
        assert_int_equal(mr_slices_cancel(s->ss, id, s->r->now), MR_OK);
        assert_int_equal(mr_slices_cancel(s->ss, id, s->r->now), MR_OK); /* it is under way */
        step(s);
        assert_int_equal(rig_requests(s->r, MR_REQUEST_CANCEL), 1);
        assert_int_equal(mr_slices_open_count(s->ss), 1); /* until it is certain */
        if (race)
            fill(s, id, 5);
        else
            rig_say(s->r, MR_ANSWER_CANCELLED, child(s, id)->id);
        step(s);
        if (race)
            ended(s, id, MR_SLICES_DONE, MR_SLICES_NO_REASON, 8);
        else
            ended(s, id, MR_SLICES_CANCELLED, MR_SLICES_ASKED, 3);
        assert_int_equal(mr_slices_cancel(s->ss, id, s->r->now), MR_E_EMPTY);
        close_scene(s);
    }
}

static void all_or_those_of_an_instrument_are_cancelled(void **state)
{
    (void)state;
    struct scene *s = scene();
    struct mr_slices_plan other = iceberg();
    other.parent.instrument = 1;
    begin(s, twap());
    begin(s, iceberg());
    uint64_t id = begin(s, other);
    assert_int_equal(mr_slices_cancel_all(s->ss, 0, s->r->now), 2);
    step(s);
    assert_int_equal(mr_slices_open_count(s->ss), 1);
    assert_true(parent(s, id)->state == MR_SLICES_WORKING);
    assert_int_equal(mr_slices_cancel_all(s->ss, -1, s->r->now), 1);
    step(s);
    assert_int_equal(mr_slices_open_count(s->ss) + mr_orders_open(s->r->om), 0);
    assert_int_equal(mr_slices_cancel_all(s->ss, -1, s->r->now), 0);
    close_scene(s);
}

static void slices_come_back_from_every_prefix_of_the_journal(void **state)
{
    (void)state;
    struct scene *s = scene();
    uint64_t first = begin(s, twap()), second = begin(s, iceberg());
    fill(s, first, 1);
    fill(s, second, 2);
    pass(s, 12 * SECOND);
    fill(s, first, 2);
    fill(s, second, 1);
    for (uint64_t n = 0; n <= s->r->record_count; n++) {
        struct scene *t = scene_again(s, n);
        uint32_t cursor = 0;
        for (const struct mr_order *o; (o = mr_orders_next(t->r->om, &cursor)) != NULL;)
            assert_true(parent(t, o->parent)->child[0].id == o->id); /* no child without its parent */
        assert_true(mr_slices_sound(t->ss, t->r->om));
        if (n == s->r->record_count) {
            assert_memory_equal(parent(t, first), parent(s, first), sizeof(struct mr_record_slices));
            assert_memory_equal(parent(t, second), parent(s, second), sizeof(struct mr_record_slices));
            assert_int_equal(mr_orders_begin(t->r->om, 2, t->r->now), MR_OK);
            uint64_t id;
            const struct mr_slices_plan p = twap();
            assert_int_equal(mr_slices_open(t->ss, t->r->om, &p, t->r->now, &id), MR_OK);
            assert_true(id != first && id != second); /* ids do not repeat */
        }
        close_scene(t);
    }
    close_scene(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_twap_leaves_part_by_part_and_is_done_when_all_is_filled),
        cmocka_unit_test(what_an_interval_leaves_is_cancelled_for_certain_and_then_carried_over),
        cmocka_unit_test(a_vwap_leaves_by_its_weights),
        cmocka_unit_test(at_the_end_one_order_takes_the_rest_when_asked),
        cmocka_unit_test(a_catch_up_is_not_made_long_after_the_end),
        cmocka_unit_test(passive_parts_stand_at_the_best_of_their_side_but_never_beyond_the_limit),
        cmocka_unit_test(the_mid_at_the_beginning_is_what_it_is_measured_by),
        cmocka_unit_test(an_iceberg_shows_its_next_part_when_the_one_before_is_filled),
        cmocka_unit_test(parts_of_an_iceberg_differ_by_its_seed_and_sum_exactly),
        cmocka_unit_test(an_iceberg_ends_with_its_time),
        cmocka_unit_test(a_parent_that_is_cancelled_takes_its_child_along),
        cmocka_unit_test(all_or_those_of_an_instrument_are_cancelled),
        cmocka_unit_test(slices_come_back_from_every_prefix_of_the_journal),
    };
    return MR_TEST_MAIN(tests);
}
