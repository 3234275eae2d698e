/* Generated streams: after every message the book equals the plain reference in all that a reader can see. */
#include "engines/book/book_image.h"
#include "tests/engines/book/book_ref.h"
#include "tests/engines/book/groups.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

static const struct mr_instrument instrument = {.id = 7, .price_scale = 2, .size_scale = 3};
static struct ref_book ref;

struct shape {
    const char *says;
    uint32_t depth, image_levels, changes_max, reach; /* reach: how far from the touch changes fall, in ticks */
    int policy;
    bool cut, checksums;
};
static const struct shape shapes[] = {
    {"small and full", 5, 12, 6, 20, MR_BOOK_FLAG, false, false},
    {"a Bybit-like window", 200, 200, 40, 300, MR_BOOK_FLAG, false, false},
    {"a Binance-like book", 1000, 1000, 60, 3000, MR_BOOK_FLAG, true, false},
    {"far more than it holds", 300, 1500, 120, 4000, MR_BOOK_FLAG, true, false},
    {"long messages", 700, 900, 250, 2000, MR_BOOK_FLAG, false, false},
    {"with checksums", 60, 80, 10, 100, MR_BOOK_FLAG, false, true},
    {"crossings dropped", 50, 60, 8, 40, MR_BOOK_DROP, false, false},
    {"crossings resynced", 50, 60, 8, 40, MR_BOOK_RESYNC, false, false},
    {"thin, often empty", 8, 2, 5, 3, MR_BOOK_FLAG, false, false},
};

/* Distance from the touch: most changes are near, a few are far out. */
static int64_t distance(struct mr_random *random, uint32_t reach)
{
    int64_t d = 0;
    while (d < reach && mr_random_below(random, 8))
        d += (int64_t)mr_random_below(random, 3);
    return mr_random_below(random, 10) ? d : (int64_t)mr_random_below(random, reach + 1);
}

static int by_price(const void *a, const void *b)
{
    mr_price x = ((const struct mr_level *)a)->price, y = ((const struct mr_level *)b)->price;
    return (x > y) - (x < y);
}

static uint32_t fill(struct mr_random *random, const struct shape *shape, bool ask, bool image, int64_t mid,
                     struct mr_level *out)
{
    uint32_t n = (uint32_t)mr_random_below(random, (image ? shape->image_levels : shape->changes_max) + 1);
    for (uint32_t i = 0; i < n; i++) {
        int64_t d =
            image ? (int64_t)mr_random_below(random, 2 * shape->image_levels + 2) : distance(random, shape->reach);
        d -= mr_random_below(random, 200) == 0 ? 4 : 0; /* now and then through the touch */
        mr_price price = ask ? mid + 1 + d : mid - d;
        if (image && i > 0 && mr_random_below(random, 400))
            price = out[i - 1].price + (ask ? 1 : -1) * (int64_t)(1 + mr_random_below(random, 3));
        mr_size size =
            (mr_size)mr_random_below(random, image ? 900 : 2) ? (mr_size)(1 + mr_random_below(random, 5000)) : 0;
        out[i] = (struct mr_level){price < 0 ? 0 : price, size};
    }
    uint64_t order = mr_random_below(random, 8); /* mostly sorted, either way; sometimes as it falls */
    if (order > 0 && !image)
        qsort(out, n, sizeof *out, by_price);
    if (order > 4 && !image)
        for (uint32_t i = 0; i < n / 2; i++) {
            struct mr_level swap = out[i];
            out[i] = out[n - 1 - i];
            out[n - 1 - i] = swap;
        }
    return n;
}

static union mr_slot *message(struct mr_random *random, const struct shape *shape, int64_t mid, int64_t now)
{
    static struct mr_level bids[2048], asks[2048];
    bool image = mr_random_below(random, ref.live ? 300 : 3) == 0;
    uint32_t bid_count = fill(random, shape, false, image, mid, bids),
             ask_count = fill(random, shape, true, image, mid, asks);
    union mr_slot *group = test_group(7, image ? MR_FLAG_SNAPSHOT : 0, bids, bid_count, asks, ask_count);
    group->book.venue_ns = now - (int64_t)(mr_random_below(random, 50) == 0) * 10;
    if (mr_random_below(random, 700) == 0 && bid_count > 0)
        (group[1].level + 0)[mr_random_below(random, bid_count)].size = -1;
    if (mr_random_below(random, 1000) == 0)
        group->event = (struct mr_event){.kind = MR_EVENT_GAP, .instrument = 7};
    return group;
}

/* What the venue would send: the reference's own book after the message, with a wrong one now and then. */
static void sign(struct mr_random *random, union mr_slot *group)
{
    static struct ref_book after;
    after = ref;
    if (group->event.kind != MR_EVENT_BOOK || ref_apply(&after, group, 2, 3) == MR_E_STALE)
        return;
    group->book.book_flags = MR_BOOK_HAS_CHECKSUM;
    group->book.checksum = ref_checksum(&after, 2, 3);
    group->book.checksum ^= mr_random_below(random, 100) == 0;
}

static void run(const struct shape *shape, uint64_t seed, int messages)
{
    struct mr_random random = {seed};
    struct mr_book_metrics metrics = {0};
    size_t bytes = (mr_book_bytes(shape->depth) + 63) / 64 * 64;
    void *mem = aligned_alloc(64, bytes);
    struct mr_book *book = mr_book_init(mem, shape->depth, &instrument, &metrics);
    ref_init(&ref, shape->depth);
    ref.policy = shape->policy;
    ref.cut = shape->cut;
    mr_book_policy_set(book, (enum mr_book_policy)shape->policy);
    mr_book_image_cut_set(book, shape->cut);
    int64_t mid = 100000, now = 1;
    int applied = 0;
    for (int i = 0; i < messages; i++) {
        mid += (int64_t)mr_random_below(&random, 7) - 3;
        union mr_slot *group = message(&random, shape, mid, ++now);
        if (shape->checksums)
            sign(&random, group);
        int want = ref_apply(&ref, group, instrument.price_scale, instrument.size_scale),
            got = mr_book_apply(book, group);
        const char *differs = want == got ? ref_differs(&ref, book) : "status";
        if (differs)
            fail_msg("%s, seed %llu, message %d: %s (status %d, reference %d)", shape->says, (unsigned long long)seed,
                     i, differs, got, want);
        applied += got == MR_OK;
    }
    assert_int_equal(metrics.messages, ref.messages);
    assert_int_equal(metrics.changes, ref.changes);
    if (shape->image_levels <=
        shape->depth + 256) { /* in an unsorted image beyond that some are let go before its end */
        assert_int_equal(metrics.unknown, ref.side[0].unknown + ref.side[1].unknown);
        assert_int_equal(metrics.let_go, ref.side[0].let_go + ref.side[1].let_go);
    }
    assert_int_equal(metrics.zero, ref.zero);
    assert_int_equal(metrics.refused, ref.refused);
    assert_int_equal(metrics.checksums, ref.checksums);
    assert_int_equal(metrics.gaps, ref.faults.gaps);
    assert_int_equal(metrics.crossed, ref.faults.crossed);
    assert_int_equal(metrics.locked, ref.faults.locked);
    assert_int_equal(metrics.negative, ref.faults.negative);
    assert_int_equal(metrics.backwards, ref.faults.backwards);
    assert_int_equal(metrics.mismatches, ref.faults.mismatches);
    assert_int_equal(metrics.stale, !ref.live);
    assert_true(applied > messages / 4); /* the stream was not refused as a whole */
    free(mem);
}

static void the_book_equals_the_reference_after_every_message(void **state)
{
    (void)state;
    bool quick = getenv("MILLRACE_QUICK") != NULL;
    for (size_t i = 0; i < MR_COUNT_OF(shapes); i++)
        for (uint64_t seed = 1; seed <= (quick ? 1 : 4); seed++)
            run(&shapes[i], seed, quick ? 1500 : 5000);
}

/* Messages longer than one merge takes in, up to the most a group holds, into a book that is smaller: what it claims to
 * be exact is the truth, and it claims a depth worth having. */
static void giant_messages_leave_what_is_claimed_exact(void **state)
{
    (void)state;
    struct mr_random random = {5};
    struct mr_book_metrics metrics = {0};
    static struct mr_level bids[MR_LEVELS_MAX / 2], asks[MR_LEVELS_MAX / 2];
    size_t bytes = (mr_book_bytes(1000) + 63) / 64 * 64;
    void *mem = aligned_alloc(64, bytes);
    struct mr_book *book = mr_book_init(mem, 1000, &instrument, &metrics);
    ref_init(&ref, REF_LEVELS - MR_LEVELS_MAX);
    for (int i = 0; i < (getenv("MILLRACE_QUICK") ? 20 : 120); i++) {
        uint32_t n[2];
        for (int ask = 0; ask < 2; ask++) {
            struct mr_level *levels = ask ? asks : bids;
            n[ask] = (uint32_t)mr_random_below(&random, MR_LEVELS_MAX / 2 + 1);
            uint64_t order = mr_random_below(&random, 3);
            for (uint32_t k = 0; k < n[ask]; k++) {
                int64_t d = order == 0   ? (int64_t)k
                            : order == 1 ? (int64_t)(n[ask] - k)
                                         : (int64_t)mr_random_below(&random, 6000);
                levels[k] = (struct mr_level){ask ? 20001 + d : 20000 - d, (mr_size)mr_random_below(&random, 4)};
            }
        }
        union mr_slot *group = test_group(7, i % 10 == 0 ? MR_FLAG_SNAPSHOT : 0, bids, n[0], asks, n[1]);
        assert_int_equal(ref_apply(&ref, group, 2, 3), mr_book_apply(book, group));
        for (int ask = 0; ask < 2; ask++) {
            uint32_t exact = mr_book_exact_depth(book, ask), all = ref.side[ask].count;
            assert_true(exact <= all && mr_book_count(book, ask) <= 1000);
            if (i % 10 == 0)
                assert_int_equal(exact, all < 1000 ? all : 1000);
            for (uint32_t k = 0; k < exact; k++) {
                struct mr_level level;
                assert_true(mr_book_level(book, ask, k, &level));
                assert_memory_equal(&level, &ref.side[ask].level[k], sizeof level);
            }
        }
    }
    free(mem);
}

/* A market that trends for long carries its levels from one end of the block to the other and back. */
static void a_trend_carries_the_levels_through_the_block(void **state)
{
    (void)state;
    for (int way = -1; way <= 1; way += 2) {
        struct mr_book_metrics metrics = {0};
        size_t bytes = (mr_book_bytes(20) + 63) / 64 * 64;
        void *mem = aligned_alloc(64, bytes);
        struct mr_book *book = mr_book_init(mem, 20, &instrument, &metrics);
        ref_init(&ref, 20);
        struct mr_level bids[16], asks[16];
        for (int64_t step = 0; step < 20000; step++) {
            int64_t mid = 1000000 + way * step;
            for (int i = 0; i < 16; i++) {
                bids[i] = (struct mr_level){mid - i, 5};
                asks[i] = (struct mr_level){mid + 1 + i, 6};
            }
            /* the level the touch moved over goes, the new one comes; behind it the far end goes with it */
            struct mr_level bid_change[2] = {{mid, 5}, {mid - 16, 0}}, ask_change[2] = {{mid, 0}, {mid + 16, 6}};
            if (way < 0) {
                bid_change[0] = (struct mr_level){mid + 1, 0};
                bid_change[1] = (struct mr_level){mid - 15, 5};
                ask_change[0] = (struct mr_level){mid + 1, 6};
                ask_change[1] = (struct mr_level){mid + 17, 0};
            }
            union mr_slot *group = step == 0 ? test_group(7, MR_FLAG_SNAPSHOT, bids, 16, asks, 16)
                                             : test_group(7, 0, bid_change, 2, ask_change, 2);
            assert_int_equal(mr_book_apply(book, group), MR_OK);
            assert_int_equal(ref_apply(&ref, group, 2, 3), MR_OK);
            assert_null(ref_differs(&ref, book));
        }
        free(mem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_book_equals_the_reference_after_every_message),
        cmocka_unit_test(giant_messages_leave_what_is_claimed_exact),
        cmocka_unit_test(a_trend_carries_the_levels_through_the_block),
    };
    return MR_TEST_MAIN(tests);
}
