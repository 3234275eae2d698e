/* Books inside the pipeline: who gets one, what happens to a wrong one (F-10, F-11), and that it is told once. */
#include "codecs/venue/venue.h"
#include "tests/engines/book/groups.h"
#include "tests/engines/pipeline/rig.h"

static void book(struct pipe *p, uint32_t instrument, int flags, struct mr_level bid, struct mr_level ask)
{
    union mr_slot *group = test_group(instrument, flags, &bid, 1, &ask, 1);
    group->book.recv_ns = group->book.venue_ns = T0;
    mr_pipeline_apply(p->pipeline, group);
}

static void image(struct pipe *p, uint32_t instrument)
{
    book(p, instrument, MR_FLAG_SNAPSHOT, (struct mr_level){100, 1}, (struct mr_level){101, 1});
}

static bool live(const struct pipe *p, uint32_t instrument)
{
    const struct mr_book *b = mr_pipeline_book(p->pipeline, instrument);
    return b && mr_book_live(b);
}

static void instruments_beyond_the_last_book_are_counted_and_the_others_live(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    p.config.books_max = 2;
    pipe_start(&p);
    for (uint32_t id = 0; id < INSTRUMENTS; id++)
        image(&p, id);
    image(&p, 3);
    assert_int_equal(p.metrics.no_book, 3);
    assert_true(live(&p, 0) && live(&p, 1));
    assert_null(mr_pipeline_book(p.pipeline, 2));
    assert_null(mr_pipeline_book(p.pipeline, 3));
    assert_int_equal(p.broken, 0);
    pipe_close(&p);
}

static void a_wrong_book_follows_the_policy_and_is_told_once(void **state)
{
    (void)state;
    static const struct mr_level crossed = {105, 1}, locked = {101, 1}, negative = {100, -1};
    const struct { /* not static: clang takes no variable for a constant */
        const char *says;
        enum mr_book_policy policy;
        struct mr_level bid;
        bool live;
        uint64_t broken, dropped, stale; /* after it and one good update more */
    } cases[] = {
        {"crossed, flag", MR_BOOK_FLAG, crossed, true, 0, 0, 0},
        {"crossed, drop", MR_BOOK_DROP, crossed, true, 0, 1, 0},
        {"crossed, resync", MR_BOOK_RESYNC, crossed, false, 1, 0, 1},
        {"locked, flag", MR_BOOK_FLAG, locked, true, 0, 0, 0},
        {"locked, drop", MR_BOOK_DROP, locked, true, 0, 1, 0},
        {"locked, resync", MR_BOOK_RESYNC, locked, false, 1, 0, 1},
        {"negative, flag", MR_BOOK_FLAG, negative, false, 1, 0, 1},
        {"negative, drop", MR_BOOK_DROP, negative, true, 0, 1, 0},
        {"negative, resync", MR_BOOK_RESYNC, negative, false, 1, 0, 1},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct pipe p;
        pipe_open(&p);
        p.config.crossed = cases[i].policy;
        pipe_start(&p);
        image(&p, BTC_USDM);
        image(&p, ETH_USDM);
        book(&p, BTC_USDM, 0, cases[i].bid, (struct mr_level){110, 1});
        print_message("%s\n", cases[i].says);
        assert_int_equal(live(&p, BTC_USDM), cases[i].live);
        book(&p, BTC_USDM, 0, (struct mr_level){99, 3}, (struct mr_level){111, 1});
        assert_int_equal(p.broken, cases[i].broken);
        assert_int_equal(p.metrics.broken, cases[i].broken);
        assert_int_equal(p.metrics.dropped, cases[i].dropped);
        assert_int_equal(p.metrics.stale, cases[i].stale);
        if (cases[i].broken)
            assert_true(p.broken_instrument == BTC_USDM && p.broken_cause == MR_GAP_CROSSED);
        const struct mr_book_faults *faults = mr_book_faults(mr_pipeline_book(p.pipeline, BTC_USDM));
        assert_int_equal(faults->crossed + faults->locked + faults->negative >= 1, true);
        assert_true(live(&p, ETH_USDM)); /* and nobody else's book */
        faults = mr_book_faults(mr_pipeline_book(p.pipeline, ETH_USDM));
        assert_int_equal(faults->crossed + faults->locked + faults->negative, 0);
        image(&p, BTC_USDM); /* the snapshot that was asked for */
        assert_true(live(&p, BTC_USDM));
        book(&p, BTC_USDM, 0, cases[i].bid, (struct mr_level){110, 1});
        assert_int_equal(p.broken, 2 * cases[i].broken); /* again: told again */
        pipe_close(&p);
    }
}

static void a_checksum_that_does_not_hold_asks_for_a_snapshot_whatever_the_policy(void **state)
{
    (void)state;
    for (int policy = MR_BOOK_FLAG; policy <= MR_BOOK_RESYNC; policy++) {
        struct pipe p;
        pipe_open(&p);
        p.config.crossed = (enum mr_book_policy)policy;
        pipe_start(&p);
        image(&p, BTC_USDM);
        union mr_slot *group = test_group(BTC_USDM, 0, &(struct mr_level){99, 1}, 1, NULL, 0);
        group->book.recv_ns = T0;
        group->book.book_flags = MR_BOOK_HAS_CHECKSUM;
        group->book.checksum = 12345;
        mr_pipeline_apply(p.pipeline, group);
        assert_false(live(&p, BTC_USDM));
        assert_true(p.broken == 1 && p.broken_cause == MR_GAP_CHECKSUM);
        mr_pipeline_apply(p.pipeline, group);
        assert_true(p.broken == 1 && p.metrics.stale == 1);
        pipe_close(&p);
    }
}

static void a_gap_makes_its_book_stale_at_once_and_is_not_asked_for_twice(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    image(&p, BTC_USDM);
    image(&p, BTC_BYBIT);
    struct mr_event gap = {.recv_ns = T0,
                           .kind = MR_EVENT_GAP,
                           .instrument = BTC_USDM,
                           .price = 5,
                           .size = 7,
                           .aux = 3,
                           .seq = MR_GAP_SEQUENCE};
    pipe_event(&p, &gap);
    assert_false(live(&p, BTC_USDM));
    assert_true(live(&p, BTC_BYBIT));
    assert_int_equal(p.broken, 0); /* the feed said so itself and knows */
    assert_int_equal(p.book.gaps, 1);
    book(&p, BTC_USDM, 0, (struct mr_level){99, 1}, (struct mr_level){102, 1});
    assert_int_equal(p.metrics.stale, 1);
    image(&p, BTC_USDM);
    assert_true(live(&p, BTC_USDM));
    pipe_close(&p);
}

static void told(struct pipe *p, uint32_t instrument, int64_t status, int64_t channel)
{
    struct mr_event ev = {
        .recv_ns = T0, .kind = MR_EVENT_STATUS, .instrument = instrument, .price = status, .size = channel};
    pipe_event(p, &ev);
}

static void a_book_whose_channel_is_silent_is_not_live_until_it_speaks_again(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    image(&p, BTC_USDM);
    image(&p, BTC_BYBIT);
    told(&p, BTC_USDM, MR_STATUS_STALE, MR_TRADES); /* of another channel */
    told(&p, BTC_USDM, MR_STATUS_HALTED, 0);
    assert_true(live(&p, BTC_USDM));
    int64_t stale = p.book.stale;
    told(&p, BTC_USDM, MR_STATUS_STALE, MR_DEPTH);
    told(&p, BTC_USDM, MR_STATUS_DEAD, MR_DEPTH);
    assert_false(live(&p, BTC_USDM));
    assert_true(live(&p, BTC_BYBIT));
    assert_int_equal(p.book.stale, stale + 1);
    book(&p, BTC_USDM, 0, (struct mr_level){99, 1}, (struct mr_level){102, 1}); /* applies: nothing is missing */
    assert_int_equal(p.metrics.stale, 0);
    assert_false(live(&p, BTC_USDM));
    told(&p, BTC_USDM, MR_STATUS_LIVE, MR_DEPTH);
    assert_true(live(&p, BTC_USDM));
    assert_int_equal(p.book.stale, stale);
    uint64_t unknown = p.metrics.unknown;
    told(&p, UINT32_MAX, MR_STATUS_STALE, MR_LIQUIDATIONS); /* of a whole market: no instrument to look for */
    assert_int_equal(p.metrics.unknown, unknown);
    pipe_close(&p);
}

static void venue_time_that_runs_backwards_is_counted_for_its_instrument(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    image(&p, BTC_USDM);
    image(&p, ETH_USDM);
    union mr_slot *group = test_group(BTC_USDM, 0, &(struct mr_level){99, 1}, 1, NULL, 0);
    group->book.recv_ns = T0 + 5;
    group->book.venue_ns = T0 - 5;
    mr_pipeline_apply(p.pipeline, group);
    assert_int_equal(mr_book_faults(mr_pipeline_book(p.pipeline, BTC_USDM))->backwards, 1);
    assert_int_equal(mr_book_faults(mr_pipeline_book(p.pipeline, ETH_USDM))->backwards, 0);
    assert_true(live(&p, BTC_USDM));
    pipe_close(&p);
}

static void partial_images_and_best_prices_do_not_touch_the_book(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    image(&p, BTC_USDM);
    union mr_slot *group =
        test_group(BTC_USDM, MR_FLAG_SNAPSHOT, &(struct mr_level){50, 1}, 1, &(struct mr_level){60, 1}, 1);
    group->book.recv_ns = T0;
    group->book.book_flags = MR_BOOK_PARTIAL;
    mr_pipeline_apply(p.pipeline, group);
    group->book.book_flags = 0;
    group->book.kind = MR_EVENT_BBO;
    mr_pipeline_apply(p.pipeline, group);
    struct mr_level best;
    assert_true(mr_book_level(mr_pipeline_book(p.pipeline, BTC_USDM), false, 0, &best));
    assert_int_equal(best.price, 100);
    const struct mr_pipeline_top *top = mr_pipeline_top(p.pipeline, BTC_USDM);
    assert_true(top->bid.price == 50 && top->ask.price == 60);
    group = test_group(BTC_USDM, 0, NULL, 0, &(struct mr_level){61, 2}, 1); /* one side alone */
    group->book.recv_ns = T0;
    group->book.kind = MR_EVENT_BBO;
    mr_pipeline_apply(p.pipeline, group);
    assert_true(top->bid.size == 0 && top->ask.price == 61 && top->ask.size == 2);
    group = test_group(BTC_USDM, 0, NULL, 0, &(struct mr_level){62, 2}, 1); /* of a second source: not looked at */
    group->book.recv_ns = T0;
    group->book.kind = MR_EVENT_BBO;
    group->book.flags |= MR_FLAG_SECONDARY;
    mr_pipeline_apply(p.pipeline, group);
    assert_true(top->ask.price == 61);
    pipe_close(&p);
}

/* Binance's images are cut by a limit: what lies beyond is not known to be exact. Bybit keeps its window. */
static void images_by_rest_are_exact_only_as_far_as_they_go(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    static const struct {
        uint32_t instrument, exact;
    } cases[] = {{BTC_USDM, 1}, {BTC_SPOT, 1}, {BTC_BYBIT, 2}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        image(&p, cases[i].instrument);
        book(&p, cases[i].instrument, 0, (struct mr_level){90, 1}, (struct mr_level){120, 1});
        const struct mr_book *b = mr_pipeline_book(p.pipeline, cases[i].instrument);
        assert_int_equal(mr_book_count(b, false), 2);
        assert_int_equal(mr_book_exact_depth(b, false), cases[i].exact);
        assert_int_equal(mr_book_exact_depth(b, true), cases[i].exact);
    }
    pipe_close(&p);
}

static void a_new_generation_begins_the_book_anew(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    image(&p, BTC_USDM);
    struct mr_instrument other = *mr_instruments_get(p.instruments, BTC_USDM);
    other.price_scale = 9;
    assert_int_equal(mr_instruments_add(p.instruments, &other), BTC_USDM);
    book(&p, BTC_USDM, 0, (struct mr_level){990, 1}, (struct mr_level){1020, 1});
    assert_false(live(&p, BTC_USDM)); /* levels in the old scale are gone; an image is needed */
    assert_int_equal(mr_book_count(mr_pipeline_book(p.pipeline, BTC_USDM), false), 0);
    image(&p, BTC_USDM);
    assert_true(live(&p, BTC_USDM));
    pipe_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instruments_beyond_the_last_book_are_counted_and_the_others_live),
        cmocka_unit_test(a_book_whose_channel_is_silent_is_not_live_until_it_speaks_again),
        cmocka_unit_test(a_wrong_book_follows_the_policy_and_is_told_once),
        cmocka_unit_test(a_checksum_that_does_not_hold_asks_for_a_snapshot_whatever_the_policy),
        cmocka_unit_test(a_gap_makes_its_book_stale_at_once_and_is_not_asked_for_twice),
        cmocka_unit_test(venue_time_that_runs_backwards_is_counted_for_its_instrument),
        cmocka_unit_test(partial_images_and_best_prices_do_not_touch_the_book),
        cmocka_unit_test(images_by_rest_are_exact_only_as_far_as_they_go),
        cmocka_unit_test(a_new_generation_begins_the_book_anew),
    };
    return MR_TEST_MAIN(tests);
}
