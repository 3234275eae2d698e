/* Books of venues without numbers: states with a name and best prices (Polymarket). */
#include "engines/book/book.h"
#include "tests/support/support.h"

static const struct mr_instrument instrument = {.id = 7, .price_scale = 2, .size_scale = 0};
static struct mr_book_metrics metrics;

static struct mr_book *fresh(void)
{
    static void *mem;
    free(mem);
    size_t bytes = (mr_book_bytes(50) + 63) / 64 * 64;
    mem = aligned_alloc(64, bytes);
    memset(mem, 0xA5, bytes);
    memset(&metrics, 0, sizeof metrics);
    return mr_book_init(mem, 50, &instrument, &metrics);
}

static union mr_slot *group(uint64_t time, uint32_t state)
{
    static union mr_slot g[3];
    memset(g, 0, sizeof g);
    g[0].book = (struct mr_book_head){.recv_ns = (int64_t)time * 1000000,
                                      .venue_ns = (int64_t)time * 1000000,
                                      .seq = time,
                                      .first_seq = time,
                                      .checksum = state,
                                      .instrument = 7,
                                      .kind = MR_EVENT_BOOK,
                                      .flags = MR_FLAG_FIRST | MR_FLAG_LAST,
                                      .book_flags = MR_BOOK_STATE};
    return g;
}

/* 40 x 1, 39 x 2 | 42 x 3, 43 x 4, and a change at one price on the way */
static int image(struct mr_book *book, uint64_t time, uint32_t state, mr_size at_43)
{
    union mr_slot *g = group(time, state);
    g->book.flags |= MR_FLAG_SNAPSHOT;
    g->book.bid_count = g->book.ask_count = 2;
    struct mr_level *level = g[1].level;
    level[0] = (struct mr_level){39, 2}; /* worst first, as the venue sends them */
    level[1] = (struct mr_level){40, 1};
    level[2] = (struct mr_level){43, at_43};
    level[3] = (struct mr_level){42, 3};
    return mr_book_apply(book, g);
}

static int change(struct mr_book *book, uint64_t time, uint32_t state, bool ask, mr_price price, mr_size size,
                  mr_price best_bid, mr_price best_ask)
{
    union mr_slot *g = group(time, state);
    g->book.book_flags |= MR_BOOK_TOUCH;
    g->book.first_seq = (uint64_t)best_bid;
    g->book.prev_seq = (uint64_t)best_ask;
    *(ask ? &g->book.ask_count : &g->book.bid_count) = 1;
    g[1].level[0] = (struct mr_level){price, size};
    return mr_book_apply(book, g);
}

static void a_state_whose_best_prices_agree_is_settled(void **state)
{
    (void)state;
    struct mr_book *book = fresh();
    assert_int_equal(image(book, 10, 1, 4), MR_OK);
    assert_int_equal(change(book, 11, 2, false, 41, 5, 41, 42), MR_OK);
    assert_false(mr_book_unsettled(book));
    assert_int_equal(change(book, 12, 3, true, 42, 0, 41, 43), MR_OK);
    assert_int_equal(change(book, 12, 4, true, 43, 0, 41, 0), MR_OK); /* nobody asks */
    assert_true(mr_book_live(book));
    assert_int_equal(metrics.touches, 3);
    assert_int_equal(metrics.astray, 0);
}

/* Both messages carry the best prices of after the second; in between the book may even be crossed. */
static void messages_of_one_state_are_judged_together(void **state)
{
    (void)state;
    struct mr_book *book = fresh();
    assert_int_equal(image(book, 10, 1, 4), MR_OK);
    assert_int_equal(change(book, 11, 2, false, 42, 9, 42, 43), MR_OK);
    assert_true(mr_book_unsettled(book));
    assert_int_equal(change(book, 11, 2, true, 42, 0, 42, 43), MR_OK);
    assert_false(mr_book_unsettled(book));
    assert_true(mr_book_live(book));
    assert_int_equal(metrics.crossed + metrics.locked, 0);
    assert_int_equal(metrics.touches, 1);
}

static void a_lost_message_is_found_by_the_next_state(void **state)
{
    (void)state;
    struct mr_book *book = fresh();
    assert_int_equal(image(book, 10, 1, 4), MR_OK);
    /* lost: 41 bid. The next change says what the best is */
    assert_int_equal(change(book, 12, 3, true, 43, 1, 41, 42), MR_OK);
    assert_true(mr_book_live(book)); /* more of this state may come */
    assert_int_equal(change(book, 13, 4, true, 43, 2, 41, 42), MR_E_CORRUPT);
    assert_false(mr_book_live(book));
    assert_int_equal(metrics.astray, 1);
    assert_int_equal(mr_book_faults(book)->mismatches, 1);
    assert_int_equal(change(book, 14, 5, true, 43, 3, 41, 42), MR_E_STALE);
    assert_int_equal(image(book, 15, 6, 4), MR_OK);
    assert_true(mr_book_live(book));
    assert_int_equal(change(book, 16, 7, true, 43, 3, 40, 42), MR_OK);
    assert_int_equal(metrics.astray, 1);
}

static void a_state_of_the_same_time_is_another_one(void **state)
{
    (void)state;
    struct mr_book *book = fresh();
    assert_int_equal(image(book, 10, 1, 4), MR_OK);
    assert_int_equal(change(book, 12, 3, true, 43, 1, 41, 42), MR_OK);
    assert_int_equal(change(book, 12, 4, true, 43, 2, 41, 42), MR_E_CORRUPT);
}

static void what_never_settles_is_found_by_time(void **state)
{
    (void)state;
    struct mr_book *book = fresh();
    assert_int_equal(image(book, 10, 1, 4), MR_OK);
    assert_false(mr_book_overdue(book, INT64_MAX / 2));
    assert_int_equal(change(book, 12, 3, true, 43, 1, 41, 42), MR_OK);
    assert_false(mr_book_overdue(book, 12000000 + MR_BOOK_SETTLE_NS - 1));
    assert_true(mr_book_live(book));
    assert_true(mr_book_overdue(book, 12000000 + MR_BOOK_SETTLE_NS));
    assert_false(mr_book_live(book));
    assert_false(mr_book_overdue(book, 12000000 + 2 * MR_BOOK_SETTLE_NS));
    assert_int_equal(metrics.astray, 1);
}

static void an_image_of_the_same_state_is_compared_level_by_level(void **state)
{
    (void)state;
    struct mr_book *book = fresh();
    assert_int_equal(image(book, 10, 1, 4), MR_OK);
    assert_int_equal(change(book, 11, 2, true, 43, 9, 40, 42), MR_OK);
    assert_int_equal(image(book, 11, 2, 9), MR_OK);
    assert_int_equal(metrics.repeats, 1);
    assert_int_equal(image(book, 11, 2, 8), MR_OK); /* below the best prices: only this could show it */
    assert_int_equal(metrics.differing, 1);
    assert_int_equal(mr_book_faults(book)->mismatches, 1);
    assert_true(mr_book_live(book)); /* it is the image now */
    struct mr_level level;
    assert_true(mr_book_level(book, true, 1, &level));
    assert_int_equal(level.size, 8);
    /* more levels than the image */
    assert_int_equal(change(book, 12, 3, false, 38, 1, 40, 42), MR_OK);
    assert_int_equal(image(book, 12, 3, 8), MR_OK);
    assert_int_equal(metrics.differing, 2);
    /* of another state: nothing to compare */
    assert_int_equal(image(book, 13, 4, 7), MR_OK);
    assert_int_equal(metrics.repeats + metrics.differing, 3);
}

/* The image behind a trade: what is behind the best prices no trade has changed. */
static void what_was_lost_and_the_next_image_heals_is_counted(void **state)
{
    (void)state;
    struct mr_book *book = fresh();
    assert_int_equal(image(book, 10, 1, 4), MR_OK);
    assert_int_equal(image(book, 11, 2, 4), MR_OK);
    assert_int_equal(metrics.healed, 0);
    assert_int_equal(image(book, 12, 3, 9), MR_OK); /* lost: 9 at 43 */
    assert_int_equal(metrics.healed, 1);
    assert_int_equal(mr_book_faults(book)->mismatches, 1);
    assert_true(mr_book_live(book));
    /* a trade took all bids at 40 and what is left of it asks there */
    union mr_slot *g = group(13, 4);
    g->book.flags |= MR_FLAG_SNAPSHOT;
    g->book.bid_count = 1;
    g->book.ask_count = 3;
    g[1].level[0] = (struct mr_level){39, 1};
    g[1].level[1] = (struct mr_level){43, 9};
    g[1].level[2] = (struct mr_level){42, 3};
    g[1].level[3] = (struct mr_level){40, 5};
    assert_int_equal(mr_book_apply(book, g), MR_OK);
    assert_int_equal(metrics.healed, 1);
    /* a level that is not in the image, far from the best: its end was lost */
    assert_int_equal(change(book, 14, 5, true, 44, 2, 39, 40), MR_OK);
    assert_int_equal(image(book, 15, 6, 9), MR_OK);
    assert_int_equal(metrics.healed, 2);
    assert_int_equal(metrics.astray + metrics.differing + metrics.repeats, 0);
}

static void an_image_ends_what_was_not_settled(void **state)
{
    (void)state;
    struct mr_book *book = fresh();
    assert_int_equal(image(book, 10, 1, 4), MR_OK);
    assert_int_equal(change(book, 12, 3, true, 43, 1, 41, 42), MR_OK);
    assert_int_equal(image(book, 13, 4, 4), MR_OK);
    assert_true(mr_book_live(book));
    assert_int_equal(metrics.astray, 1); /* it had been wrong */
    assert_int_equal(change(book, 14, 5, true, 43, 1, 40, 42), MR_OK);
    assert_int_equal(metrics.astray, 1);
}

static void a_gap_forgets_what_was_not_settled(void **state)
{
    (void)state;
    struct mr_book *book = fresh();
    union mr_slot gap = {.event = {.kind = MR_EVENT_GAP, .instrument = 7}};
    assert_int_equal(image(book, 10, 1, 4), MR_OK);
    assert_int_equal(change(book, 12, 3, true, 43, 1, 41, 42), MR_OK);
    assert_int_equal(mr_book_apply(book, &gap), MR_E_GAP);
    assert_false(mr_book_unsettled(book));
    assert_int_equal(image(book, 13, 4, 4), MR_OK);
    assert_int_equal(metrics.astray, 0);
}

static void other_scales_are_another_book(void **state)
{
    (void)state;
    struct mr_book *book = fresh();
    struct mr_instrument other = instrument;
    other.tick = 5;
    assert_true(mr_book_fits(book, &other));
    other.price_scale = 3;
    assert_false(mr_book_fits(book, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_whose_best_prices_agree_is_settled),
        cmocka_unit_test(messages_of_one_state_are_judged_together),
        cmocka_unit_test(a_lost_message_is_found_by_the_next_state),
        cmocka_unit_test(a_state_of_the_same_time_is_another_one),
        cmocka_unit_test(what_never_settles_is_found_by_time),
        cmocka_unit_test(an_image_of_the_same_state_is_compared_level_by_level),
        cmocka_unit_test(what_was_lost_and_the_next_image_heals_is_counted),
        cmocka_unit_test(an_image_ends_what_was_not_settled),
        cmocka_unit_test(a_gap_forgets_what_was_not_settled),
        cmocka_unit_test(other_scales_are_another_book),
    };
    return MR_TEST_MAIN(tests);
}
