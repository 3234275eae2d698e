/* Exactly at each bound: the largest number that is taken beside the first that is not, the smallest unit there is, time that stands still
 * or steps back. What lies further off is in the tests of each part. */
#include "controlplane/orders/entry.h"
#include "tests/controlplane/orders/rig.h"

#define DAY (86400 * SECOND)

static void each_number_of_the_configuration_is_taken_up_to_its_bound(void **state)
{
    (void)state;
#define FIELD(field, least, most)                                                                                      \
    {                                                                                                                  \
#field, offsetof(struct mr_orders_config, field), sizeof((struct mr_orders_config *)0)->field, least, most     \
    }
    static const struct {
        const char *name;
        size_t at, bytes;
        int64_t least, most;
    } rows[] = {FIELD(open_max, 1, MR_ORDERS_MAX),
                FIELD(ended_max, 1, 1 << 20),
                FIELD(trades_max, 1, 1 << 24),
                FIELD(queue_max, 2, 1 << 16),
                FIELD(instruments_max, 1, 1 << 20),
                FIELD(attempts, 1, 100),
                FIELD(balance_bp, 0, INT32_MAX),
                FIELD(keep_ns, 1, DAY),
                FIELD(answer_ns, 1, DAY),
                FIELD(grace_ns, 1, DAY),
                FIELD(backoff_ns[0], 1, DAY),
                FIELD(backoff_ns[1], 1, DAY),
                FIELD(backoff_ns[2], 1, DAY),
                FIELD(ttl_ns, 1, DAY),
                FIELD(poll_ns, 1, DAY),
                FIELD(sync_ns, 1, DAY),
                FIELD(dead_man_ns, 0, DAY)};
#undef FIELD
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++)
        for (int k = 0; k < 4; k++) {
            struct mr_orders_config c = mr_orders_defaults();
            int64_t value = k == 0 ? rows[i].least - 1 : k == 1 ? rows[i].least : rows[i].most + (k == 3);
            if (k == 3 && rows[i].most == INT32_MAX)
                continue; /* there is no larger one */
            memcpy((char *)&c + rows[i].at, &value, rows[i].bytes);
            if ((mr_orders_bytes(&c) != 0) != (k == 1 || k == 2))
                fail_msg("%s: %lld", rows[i].name, (long long)value);
        }
}

static void few(struct rig *r) { r->cfg.instruments_max = 1; }

static void wishes_of_the_smallest_unit_are_taken_and_of_the_first_kind_beyond_are_not(void **state)
{
    (void)state;
    struct rig *r = rig_begin(NULL);
    uint64_t id;
    static const struct {
        struct mr_order o;
        int want;
    } rows[] = {{{.type = MR_ORDER_LIMIT, .price = 1, .size = 1}, MR_OK},
                {{.type = MR_ORDER_STOP_MARKET, .stop_price = 1, .size = 1}, MR_OK},
                {{.type = MR_ORDER_MARKET, .size = 1}, MR_OK},
                {{.type = MR_ORDER_TYPE_COUNT, .size = 1}, MR_E_RANGE},
                {{.type = MR_ORDER_LIMIT, .price = 1, .size = 1, .tif = MR_TIF_COUNT}, MR_E_RANGE},
                {{.type = MR_ORDER_LIMIT, .price = 1, .size = 1, .role = MR_ROLE_COUNT}, MR_E_RANGE},
                {{.type = MR_ORDER_LIMIT, .price = 1, .size = 1, .instrument = 4}, MR_E_SYMBOL}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++)
        assert_int_equal(mr_orders_submit(r->om, &rows[i].o, r->now, &id), rows[i].want);
    rig_close(r);
    r = rig_open(few); /* instrument 1 is known, and beyond what the configuration holds */
    rig_ready(r);
    struct mr_order o = rig_limit(MR_SIDE_BUY, 1, 1);
    o.instrument = 1;
    assert_int_equal(mr_orders_submit(r->om, &o, r->now, &id), MR_E_SYMBOL);
    rig_close(r);
}

static void a_clock_that_steps_back_is_held_at_the_latest(void **state)
{
    (void)state;
    for (int back = 0; back < 2; back++) {
        int64_t step = back ? -5 * SECOND : 5;
        struct rig *r = rig_begin(NULL);
        uint64_t id = 0, other = 0;
        assert_true(r->records[0].at_ns == r->now); /* the opening cash, at the begin */
        int64_t now = r->now, latest = back ? now : now + step;
        struct mr_order o = rig_limit(MR_SIDE_BUY, 100, 2);
        assert_int_equal(mr_orders_submit(r->om, &o, now + step, &id), MR_OK);
        assert_true(rig_order(r, id)->created_ns == latest);
        r->now = latest;
        other = rig_acked(r, o);
        uint64_t third = rig_acked(r, o);
        latest += back ? 0 : step;
        assert_int_equal(mr_orders_amend(r->om, other, 101 * E8, 2 * E8, r->now + step), MR_OK);
        assert_true(rig_last_event(r, MR_ORDERS_AMENDING)->e.now_ns == latest);
        latest += back ? 0 : step;
        assert_int_equal(mr_orders_cancel(r->om, third, r->now + 2 * step), MR_OK);
        assert_true(rig_order(r, third)->updated_ns == latest);
        latest += back ? 0 : step;
        assert_true(mr_orders_cancel_all(r->om, (struct mr_orders_filter){-1, -1, -1}, r->now + 3 * step) > 0);
        assert_true(rig_order(r, other)->updated_ns == latest);
        rig_close(r);
    }
}

static void waiting_for_a_token_ends_in_the_very_nanosecond(void **state)
{
    (void)state;
    struct mr_bucket b;
    const struct mr_bucket_limit dry = {2, 2, 1}, slow = {3, 2, 1};
    assert_int_equal(mr_bucket_init(&b, &dry, 5), MR_OK);
    assert_int_equal(mr_bucket_when(&b, 1, 5), 5); /* just enough */
    assert_true(mr_bucket_take(&b, 0, 5));
    assert_int_equal(mr_bucket_when(&b, 1, 5), INT64_MAX); /* one part is missing, and none will come */
    assert_int_equal(mr_bucket_init(&b, &slow, 5), MR_OK);
    assert_int_equal(mr_bucket_when(&b, 1, 3), 3); /* enough, also for a clock that stepped back */
    assert_true(mr_bucket_take(&b, 0, 5));
    assert_int_equal(mr_bucket_when(&b, 1, 5), 6);
    assert_true(mr_bucket_take(&b, 1, 6));
}

static const struct mr_instrument btc = {.price_scale = 8, .size_scale = 8, .multiplier = 1};

static void fill(struct mr_positions *ps, int side, mr_price price, mr_size size, int64_t at)
{
    const struct mr_fill f = {.side = (uint8_t)side, .price = price, .size = size, .recv_ns = at};
    assert_int_equal(mr_positions_fill(ps, &btc, &f), MR_OK);
}

/* Parts of 10^-8, one at a time: nothing is lost at the smallest unit, in either direction. */
static void the_smallest_units_open_close_and_turn_a_position(void **state)
{
    (void)state;
    enum { N = 2 };
    const mr_money unit = 100; /* 10^-16: what a price and a size of one part each are worth */
    for (int flip = 0; flip < 2; flip++) {
        int sell = flip ? MR_SIDE_BUY : MR_SIDE_SELL, buy = !sell, sign = flip ? -1 : 1;
        size_t bytes = mr_positions_bytes(N);
        char *mem = malloc(bytes + 4096);
        memset(mem + bytes, 0x5a, 4096);
        struct mr_positions *ps = mr_positions_init(mem, N, 0);
        const struct mr_position *p = mr_positions_get(ps, 0);
        fill(ps, sell, 2, 3, 1);
        assert_true(p->size == -3 * sign && p->basis == -6 * unit * sign && p->opened_ns == 1 && p->mark == 2);
        fill(ps, buy, 1, 1, 2); /* closes one part of three */
        assert_true(p->size == -2 * sign && p->basis == -4 * unit * sign && p->realised == unit * sign && p->mark == 2);
        fill(ps, buy, 1, 3, 3); /* through zero: two close, one opens */
        assert_true(p->size == sign && p->basis == unit * sign && p->realised == 3 * unit * sign && p->opened_ns == 3);
        fill(ps, buy, 1, 1, 4); /* more of the same */
        assert_true(p->size == 2 * sign && p->basis == 2 * unit * sign && p->opened_ns == 3);
        fill(ps, sell, 1, 2, 5); /* flat: nothing was opened */
        assert_true(p->size == 0 && p->basis == 0 && p->opened_ns == 3);
        fill(ps, buy, 1, 1, 6);
        assert_true(p->size == sign && p->opened_ns == 6);
        mr_positions_mark(ps, 0, 1);
        assert_true(p->mark == 1);
        mr_positions_mark(ps, 0, 0);
        assert_true(p->mark == 1);
        mr_positions_mark(ps, N, 7); /* none of ours */
        uint32_t cursor = 0;
        assert_ptr_equal(mr_positions_next(ps, &cursor), p);
        assert_null(mr_positions_next(ps, &cursor));
        for (size_t i = 0; i < 4096; i++) /* nothing beyond its memory was touched */
            assert_int_equal(mem[bytes + i], 0x5a);
        free(mem);
    }
}

static void without_a_tick_an_entry_moves_by_one_part(void **state)
{
    (void)state;
    struct mr_entry_limits limits = mr_entry_defaults();
    struct mr_market_view v = {.flags = MR_MARKET_LIVE, .bid_count = 10, .ask_count = 10};
    for (int i = 0; i < 10; i++) {
        v.bids[i] = (struct mr_level){100000 - i, 1000};
        v.asks[i] = (struct mr_level){100001 + i, 1000};
    }
    limits.reprice_ns = 5;
    struct mr_order o = {.side = MR_SIDE_BUY, .size = 10, .price = 99992, .updated_ns = 10};
    mr_price price = 77;
    assert_int_equal(mr_entry_reprice(&limits, &v, &o, 9, 0, 15, &price),
                     MR_ENTRY_STAYS); /* it is where it should be */
    assert_int_equal(price, 77);
    o.price = 99991;
    assert_int_equal(mr_entry_reprice(&limits, &v, &o, 9, 0, 14, &price), MR_ENTRY_STAYS); /* too early */
    assert_int_equal(mr_entry_reprice(&limits, &v, &o, 9, 0, 15, &price), MR_ENTRY_GOOD);
    assert_int_equal(price, 99992);
    o.price = 99993;
    assert_int_equal(mr_entry_reprice(&limits, &v, &o, 9, 2, 15, &price), MR_ENTRY_STAYS); /* less than a tick */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_of_the_configuration_is_taken_up_to_its_bound),
        cmocka_unit_test(wishes_of_the_smallest_unit_are_taken_and_of_the_first_kind_beyond_are_not),
        cmocka_unit_test(a_clock_that_steps_back_is_held_at_the_latest),
        cmocka_unit_test(waiting_for_a_token_ends_in_the_very_nanosecond),
        cmocka_unit_test(the_smallest_units_open_close_and_turn_a_position),
        cmocka_unit_test(without_a_tick_an_entry_moves_by_one_part),
    };
    return MR_TEST_MAIN(tests);
}
