/* What a book does, in small cases by hand. The long runs against the plain reference are in test_book_random.c. */
#include "dataplane/ring/image.h"
#include "engines/book/book_image.h"
#include "tests/engines/book/groups.h"
#include "tests/support/support.h"

#include <stdio.h>

static const struct mr_instrument instrument = {.id = 7, .price_scale = 2, .size_scale = 3};
static struct mr_book_metrics metrics;

static struct mr_book *fresh(uint32_t depth)
{
    static void *mem;
    free(mem);
    size_t bytes = (mr_book_bytes(depth) + 63) / 64 * 64;
    mem = aligned_alloc(64, bytes);
    memset(mem, 0xA5, bytes);
    memset(&metrics, 0, sizeof metrics);
    return mr_book_init(mem, depth, &instrument, &metrics);
}

#define BIDS(...) (struct mr_level[]){__VA_ARGS__}, MR_COUNT_OF(((struct mr_level[]){__VA_ARGS__}))
#define ASKS(...) BIDS(__VA_ARGS__)
#define NONE NULL, 0

static int image(struct mr_book *book, const struct mr_level *bids, size_t bid_count, const struct mr_level *asks,
                 size_t ask_count)
{
    return mr_book_apply(book, test_group(7, MR_FLAG_SNAPSHOT, bids, bid_count, asks, ask_count));
}

static int update(struct mr_book *book, const struct mr_level *bids, size_t bid_count, const struct mr_level *asks,
                  size_t ask_count)
{
    return mr_book_apply(book, test_group(7, 0, bids, bid_count, asks, ask_count));
}

static void expect_side(const struct mr_book *book, bool ask, const struct mr_level *want, size_t count)
{
    assert_int_equal(mr_book_count(book, ask), count);
    for (uint32_t i = 0; i < count; i++) {
        struct mr_level got;
        assert_true(mr_book_level(book, ask, i, &got));
        assert_int_equal(got.price, want[i].price);
        assert_int_equal(got.size, want[i].size);
    }
    struct mr_level beyond;
    assert_false(mr_book_level(book, ask, (uint32_t)count, &beyond));
}

static void changes_come_in_any_order(void **state)
{
    (void)state;
    struct mr_book *book = fresh(10);
    assert_int_equal(image(book, BIDS({100, 1}, {99, 2}, {97, 3}), ASKS({101, 4}, {103, 5})), MR_OK);
    /* worst first (as Binance sends bids), best first, unsorted, the same price twice: the later one counts */
    assert_int_equal(update(book, BIDS({96, 9}, {98, 8}, {99, 0}), ASKS({101, 0}, {102, 7})), MR_OK);
    expect_side(book, false, BIDS({100, 1}, {98, 8}, {97, 3}, {96, 9}));
    expect_side(book, true, ASKS({102, 7}, {103, 5}));
    assert_int_equal(update(book, BIDS({95, 1}, {100, 0}, {94, 2}, {98, 5}, {95, 6}, {94, 0}),
                            ASKS({104, 1}, {103, 0}, {105, 2}, {104, 3})),
                     MR_OK);
    expect_side(book, false, BIDS({98, 5}, {97, 3}, {96, 9}, {95, 6}));
    expect_side(book, true, ASKS({102, 7}, {104, 3}, {105, 2}));
    assert_int_equal(metrics.changes, 5 + 5 + 10);
    assert_int_equal(metrics.unknown, 0);
}

static void deleting_what_is_not_there_is_counted_and_normal(void **state)
{
    (void)state;
    struct mr_book *book = fresh(10);
    assert_int_equal(image(book, BIDS({100, 1}), ASKS({101, 4})), MR_OK);
    assert_int_equal(update(book, BIDS({102, 0}, {99, 0}, {1, 0}), ASKS({101, 0}, {101, 0})), MR_OK);
    assert_int_equal(metrics.unknown, 4);
    expect_side(book, false, BIDS({100, 1}));
    expect_side(book, true, NONE);
    assert_false(mr_book_crossed(book));
}

static void a_book_is_live_only_from_an_image_to_a_gap(void **state)
{
    (void)state;
    struct mr_book *book = fresh(10);
    assert_false(mr_book_live(book));
    assert_int_equal(metrics.stale, 1);
    assert_int_equal(update(book, BIDS({100, 1}), NONE), MR_E_STALE);
    assert_int_equal(mr_book_count(book, false), 0);
    assert_int_equal(image(book, BIDS({100, 1}), ASKS({101, 1})), MR_OK);
    assert_true(mr_book_live(book));
    assert_int_equal(metrics.stale, 0);
    union mr_slot gap = {.event = {.kind = MR_EVENT_GAP, .instrument = 7}};
    assert_int_equal(mr_book_apply(book, &gap), MR_E_GAP);
    assert_false(mr_book_live(book));
    assert_int_equal(metrics.stale, 1);
    assert_int_equal(mr_book_exact_depth(book, false), 0);
    assert_int_equal(update(book, BIDS({99, 1}), NONE), MR_E_STALE);
    expect_side(book, false, BIDS({100, 1})); /* can still be looked at */
    assert_int_equal(image(book, BIDS({50, 1}), NONE), MR_OK);
    expect_side(book, false, BIDS({50, 1})); /* an image replaces all */
    expect_side(book, true, NONE);
    assert_int_equal(metrics.gaps, 1);
    assert_int_equal(metrics.refused, 2);
    assert_int_equal(metrics.messages, 2);
}

static void negative_numbers_change_nothing_and_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        struct mr_level bid, ask;
        uint64_t count;
    } refused[] = {
        {"bid size", {99, -1}, {102, 1}, 1},
        {"bid price", {-99, 1}, {102, 1}, 1},
        {"ask size", {99, 1}, {102, -1}, 1},
        {"both", {99, INT64_MIN}, {INT64_MIN, 1}, 2},
    };
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        for (int policy = MR_BOOK_FLAG; policy <= MR_BOOK_RESYNC; policy++) {
            struct mr_book *book = fresh(10);
            mr_book_policy_set(book, (enum mr_book_policy)policy);
            assert_int_equal(image(book, BIDS({100, 1}), ASKS({101, 1})), MR_OK);
            assert_int_equal(mr_book_apply(book, test_group(7, 0, &refused[i].bid, 1, &refused[i].ask, 1)), MR_E_RANGE);
            expect_side(book, false, BIDS({100, 1}));
            expect_side(book, true, ASKS({101, 1}));
            assert_int_equal(metrics.negative, refused[i].count);
            assert_int_equal(mr_book_faults(book)->negative, refused[i].count);
            assert_int_equal(mr_book_live(book), policy == MR_BOOK_DROP);
        }
    }
}

static void crossed_and_locked_follow_the_policy(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        enum mr_book_policy policy;
        struct mr_level bid;
        int want;
        bool live, crossed, locked, kept;
    } cases[] = {
        {"crossed, flag", MR_BOOK_FLAG, {102, 1}, MR_OK, true, true, false, true},
        {"locked, flag", MR_BOOK_FLAG, {101, 1}, MR_OK, true, false, true, true},
        {"crossed, drop", MR_BOOK_DROP, {102, 1}, MR_E_INVALID, true, false, false, false},
        {"locked, drop", MR_BOOK_DROP, {101, 1}, MR_E_INVALID, true, false, false, false},
        {"crossed, resync", MR_BOOK_RESYNC, {102, 1}, MR_E_INVALID, false, true, false, true},
        {"locked, resync", MR_BOOK_RESYNC, {101, 1}, MR_E_INVALID, false, false, true, true},
        {"neither, drop", MR_BOOK_DROP, {100, 7}, MR_OK, true, false, false, true},
        {"neither, resync", MR_BOOK_RESYNC, {100, 7}, MR_OK, true, false, false, true},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_book *book = fresh(10);
        mr_book_policy_set(book, cases[i].policy);
        assert_int_equal(image(book, BIDS({100, 1}), ASKS({101, 1}, {103, 2})), MR_OK);
        if (mr_book_apply(book, test_group(7, 0, &cases[i].bid, 1, NULL, 0)) != cases[i].want)
            fail_msg("%s", cases[i].says);
        assert_int_equal(mr_book_live(book), cases[i].live);
        assert_int_equal(mr_book_crossed(book), cases[i].crossed);
        assert_int_equal(mr_book_locked(book), cases[i].locked);
        struct mr_level best;
        assert_true(mr_book_level(book, false, 0, &best));
        assert_int_equal(best.price, cases[i].kept ? cases[i].bid.price : 100);
        assert_int_equal(metrics.crossed, cases[i].bid.price == 102);
        assert_int_equal(metrics.locked, cases[i].bid.price == 101);
    }
}

static void crossing_is_judged_at_the_end_of_the_message(void **state)
{
    (void)state;
    for (int policy = MR_BOOK_FLAG; policy <= MR_BOOK_RESYNC; policy++) {
        struct mr_book *book = fresh(10);
        mr_book_policy_set(book, (enum mr_book_policy)policy);
        assert_int_equal(image(book, BIDS({100, 1}), ASKS({101, 1}, {102, 1}, {104, 2})), MR_OK);
        /* bids rise through the asks, which are deleted by the same message */
        assert_int_equal(update(book, BIDS({103, 1}), ASKS({101, 0}, {102, 0})), MR_OK);
        assert_int_equal(metrics.crossed + metrics.locked, 0);
        /* the last word on a price counts: 105 comes and goes, 104 goes and comes back */
        assert_int_equal(update(book, BIDS({105, 1}, {105, 0}), ASKS({104, 0}, {104, 9})), MR_OK);
        expect_side(book, false, BIDS({103, 1}, {100, 1}));
        expect_side(book, true, ASKS({104, 9}));
        /* an image is judged by itself */
        assert_int_equal(image(book, BIDS({200, 1}), ASKS({201, 1})), MR_OK);
        assert_int_equal(image(book, BIDS({200, 1}), ASKS({199, 1})), policy == MR_BOOK_FLAG ? MR_OK : MR_E_INVALID);
    }
}

static void a_full_side_lets_the_worst_go_and_knows_how_far_it_is_exact(void **state)
{
    (void)state;
    struct mr_book *book = fresh(3);
    assert_int_equal(
        image(book, BIDS({100, 1}, {99, 1}, {98, 1}), ASKS({101, 1}, {102, 1}, {103, 1}, {104, 1}, {105, 1})), MR_OK);
    assert_int_equal(mr_book_exact_depth(book, false), 3);
    assert_int_equal(mr_book_exact_depth(book, true), 3);
    assert_int_equal(metrics.let_go, 2);
    expect_side(book, true, ASKS({101, 1}, {102, 1}, {103, 1}));
    /* better levels vanish; what moves up to be third may not be the true third */
    assert_int_equal(update(book, NONE, ASKS({101, 0}, {102, 0})), MR_OK);
    assert_int_equal(mr_book_exact_depth(book, true), 1);
    assert_int_equal(update(book, NONE, ASKS({106, 6})), MR_OK);
    expect_side(book, true, ASKS({103, 1}, {106, 6}));
    assert_int_equal(mr_book_exact_depth(book, true), 1); /* 104 and 105 are missing before it */
    /* an insertion that pushes one out at the end of the message, not before */
    assert_int_equal(update(book, BIDS({101, 1}, {99, 0}), NONE), MR_OK);
    assert_int_equal(mr_book_exact_depth(book, false), 3);
    assert_int_equal(update(book, BIDS({99, 5}), NONE), MR_OK);
    expect_side(book, false, BIDS({101, 1}, {100, 1}, {99, 5}));
    assert_int_equal(mr_book_exact_depth(book, false), 3);
    assert_int_equal(update(book, BIDS({101, 0}), NONE), MR_OK);
    assert_int_equal(mr_book_exact_depth(book, false), 2);
    assert_int_equal(metrics.let_go, 3);
}

static void an_image_cut_by_a_limit_is_exact_down_to_its_end(void **state)
{
    (void)state;
    struct mr_book *book = fresh(10);
    mr_book_image_cut_set(book, true);
    assert_int_equal(image(book, BIDS({100, 1}, {99, 1}), ASKS({101, 1}, {105, 1})), MR_OK);
    assert_int_equal(update(book, BIDS({90, 1}), ASKS({104, 1}, {110, 1})), MR_OK);
    assert_int_equal(mr_book_exact_depth(book, false), 2); /* between 99 and 90 there may be more */
    assert_int_equal(mr_book_exact_depth(book, true), 3);
    assert_int_equal(update(book, BIDS({100, 0}, {99, 0}), NONE), MR_OK);
    assert_int_equal(mr_book_exact_depth(book, false), 0);
    assert_int_equal(image(book, BIDS({100, 1}), NONE), MR_OK);
    assert_int_equal(mr_book_exact_depth(book, true), 0);
    assert_int_equal(mr_book_count(book, true), 0);
}

static void zero_sizes_in_an_image_are_no_levels(void **state)
{
    (void)state;
    struct mr_book *book = fresh(10);
    assert_int_equal(image(book, BIDS({100, 0}, {99, 1}), ASKS({101, 1}, {102, 0})), MR_OK);
    expect_side(book, false, BIDS({99, 1}));
    expect_side(book, true, ASKS({101, 1}));
    assert_int_equal(metrics.zero, 2);
}

static void images_come_in_any_order(void **state)
{
    (void)state;
    static struct mr_level levels[3][40];
    for (int i = 0; i < 40; i++) {
        levels[0][i] = (struct mr_level){100 - i, i + 1};
        levels[1][i] = (struct mr_level){61 + i, 40 - i};
    }
    for (int i = 0; i < 40; i++)
        levels[2][i] = levels[0][(i * 7) % 40];
    for (int order = 0; order < 3; order++) {
        struct mr_book *book = fresh(10);
        assert_int_equal(image(book, levels[order], 40, NULL, 0), MR_OK);
        expect_side(book, false, levels[0], 10);
        assert_int_equal(mr_book_exact_depth(book, false), 10);
        assert_int_equal(metrics.let_go, 30);
        assert_int_equal(update(book, BIDS({100, 0}), NONE), MR_OK);
        assert_int_equal(mr_book_exact_depth(book, false), 9);
        expect_side(book, false, levels[0] + 1, 9);
    }
}

static void extreme_numbers_are_numbers(void **state)
{
    (void)state;
    struct mr_book *book = fresh(4);
    assert_int_equal(image(book, BIDS({0, 1}), ASKS({INT64_MAX, INT64_MAX}, {INT64_MAX - 1, 1})), MR_OK);
    expect_side(book, true, ASKS({INT64_MAX - 1, 1}, {INT64_MAX, INT64_MAX}));
    assert_int_equal(update(book, BIDS({INT64_MAX - 2, 3}, {0, 0}), ASKS({INT64_MAX, 0}, {INT64_MAX, 0})), MR_OK);
    expect_side(book, false, BIDS({INT64_MAX - 2, 3}));
    expect_side(book, true, ASKS({INT64_MAX - 1, 1}));
    assert_int_equal(metrics.unknown, 1);
}

static void venue_time_going_back_is_counted(void **state)
{
    (void)state;
    struct mr_book *book = fresh(4);
    static const int64_t times[] = {1000, 999, 0, 1000, 998, 998, 2000};
    for (size_t i = 0; i < MR_COUNT_OF(times); i++) {
        union mr_slot *group = test_group(7, i == 0 ? MR_FLAG_SNAPSHOT : 0, NULL, 0, NULL, 0);
        group->book.venue_ns = times[i];
        group->book.recv_ns = 77;
        group->book.seq = 40 + i;
        assert_int_equal(mr_book_apply(book, group), MR_OK);
        assert_int_equal(mr_book_seq(book), 40 + i);
    }
    assert_int_equal(metrics.backwards, 2);
    assert_int_equal(mr_book_faults(book)->backwards, 2);
    assert_int_equal(mr_book_venue_ns(book), 2000);
    assert_int_equal(mr_book_recv_ns(book), 77);
}

static void a_checksum_that_does_not_match_ends_the_book(void **state)
{
    (void)state;
    static const struct mr_instrument okx = {.id = 7, .price_scale = 1, .size_scale = 0};
    static struct mr_book_metrics counted;
    static union mr_slot mem[4096];
    assert_true(mr_book_bytes(30) <= sizeof mem);
    struct mr_book *book = mr_book_init(mem, 30, &okx, &counted);
    /* the venue's own worked example: 3366.1:7:3366.8:9:3368:8 */
    union mr_slot *group = test_group(7, MR_FLAG_SNAPSHOT, BIDS({33661, 7}), ASKS({33668, 9}, {33680, 8}));
    group->book.book_flags = MR_BOOK_HAS_CHECKSUM;
    group->book.checksum = (uint32_t)-1471518219;
    assert_int_equal(mr_book_apply(book, group), MR_OK);
    assert_int_equal(counted.checksums, 1);
    group = test_group(7, 0, BIDS({33661, 6}), NONE);
    group->book.book_flags = MR_BOOK_HAS_CHECKSUM; /* 0: retired by the venue, not verified */
    assert_int_equal(mr_book_apply(book, group), MR_OK);
    assert_int_equal(counted.checksums, 1);
    group = test_group(7, 0, BIDS({33661, 7}), NONE);
    group->book.book_flags = MR_BOOK_HAS_CHECKSUM;
    group->book.checksum = (uint32_t)-1471518219;
    assert_int_equal(mr_book_apply(book, group), MR_OK);
    group->book.checksum++;
    assert_int_equal(mr_book_apply(book, group), MR_E_CORRUPT);
    assert_false(mr_book_live(book));
    assert_int_equal(counted.checksums, 3);
    assert_int_equal(counted.mismatches, 1);
    assert_int_equal(mr_book_faults(book)->mismatches, 1);
    assert_int_equal(mr_book_apply(book, group), MR_E_STALE);
}

static void a_keep_alive_moves_the_number_only(void **state)
{
    (void)state;
    struct mr_book *book = fresh(4);
    assert_int_equal(image(book, BIDS({100, 1}), ASKS({101, 1})), MR_OK);
    union mr_slot *group = test_group(7, 0, NULL, 0, NULL, 0);
    group->book.book_flags = MR_BOOK_KEEPALIVE;
    group->book.seq = 99;
    assert_int_equal(mr_book_apply(book, group), MR_OK);
    expect_side(book, false, BIDS({100, 1}));
    assert_int_equal(mr_book_seq(book), 99);
}

static void the_image_is_the_top_for_readers(void **state)
{
    (void)state;
    struct mr_book *book = fresh(100);
    struct mr_level bids[40], asks[3] = {{1001, 7}, {1002, 8}, {1004, 9}};
    for (int i = 0; i < 40; i++)
        bids[i] = (struct mr_level){1000 - i, 1 + i};
    union mr_slot *group = test_group(7, MR_FLAG_SNAPSHOT, bids, 40, asks, 3);
    group->book.seq = 5;
    group->book.venue_ns = 6;
    group->book.recv_ns = 8;
    assert_int_equal(mr_book_apply(book, group), MR_OK);
    static union mr_slot shared[64];
    assert_true(mr_image_bytes(sizeof(struct mr_book_image)) <= sizeof shared);
    struct mr_image *shared_image = mr_image_init(shared, sizeof(struct mr_book_image));
    struct mr_book_image top, seen;
    memset(&top, 0xA5, sizeof top);
    mr_book_image_fill(book, &top);
    mr_image_write(shared_image, &top, sizeof top);
    uint64_t version;
    assert_int_equal(mr_image_read(shared_image, &seen, sizeof seen, &version), MR_OK);
    assert_memory_equal(&top, &seen, sizeof seen);
    assert_int_equal(seen.seq, 5);
    assert_int_equal(seen.venue_ns, 6);
    assert_int_equal(seen.recv_ns, 8);
    assert_int_equal(seen.instrument, 7);
    assert_true(seen.live && !seen.crossed && !seen.locked);
    assert_int_equal(seen.bid_count, 25);
    assert_int_equal(seen.ask_count, 3);
    assert_int_equal(seen.bid_levels, 40);
    assert_int_equal(seen.ask_levels, 3);
    assert_int_equal(seen.bid_exact, 40);
    assert_memory_equal(seen.bids, bids, sizeof seen.bids);
    assert_memory_equal(seen.asks, asks, sizeof asks);
    assert_int_equal(seen.asks[3].price, 0);
    union mr_slot gap = {.event = {.kind = MR_EVENT_GAP, .instrument = 7}};
    assert_int_equal(mr_book_apply(book, &gap), MR_E_GAP);
    mr_book_image_fill(book, &top);
    assert_false(top.live);
    assert_int_equal(top.faults.gaps, 1);
    assert_int_equal(top.bid_exact, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_come_in_any_order),
        cmocka_unit_test(deleting_what_is_not_there_is_counted_and_normal),
        cmocka_unit_test(a_book_is_live_only_from_an_image_to_a_gap),
        cmocka_unit_test(negative_numbers_change_nothing_and_are_counted),
        cmocka_unit_test(crossed_and_locked_follow_the_policy),
        cmocka_unit_test(crossing_is_judged_at_the_end_of_the_message),
        cmocka_unit_test(a_full_side_lets_the_worst_go_and_knows_how_far_it_is_exact),
        cmocka_unit_test(an_image_cut_by_a_limit_is_exact_down_to_its_end),
        cmocka_unit_test(zero_sizes_in_an_image_are_no_levels),
        cmocka_unit_test(images_come_in_any_order),
        cmocka_unit_test(extreme_numbers_are_numbers),
        cmocka_unit_test(venue_time_going_back_is_counted),
        cmocka_unit_test(a_checksum_that_does_not_match_ends_the_book),
        cmocka_unit_test(a_keep_alive_moves_the_number_only),
        cmocka_unit_test(the_image_is_the_top_for_readers),
    };
    return MR_TEST_MAIN(tests);
}
