/* The digest says the same of the same events, whatever may differ between two honest runs, and something else of
 * others. */
#include <stdio.h>
#include <xxhash.h>

#include "codecs/event/digest.h"
#include "codecs/venue/venue.h"
#include "tests/support/support.h"

static struct mr_digest *fresh(void) { return mr_digest_init(aligned_alloc(64, mr_digest_bytes())); }

static struct mr_instrument instrument(int price_scale, int size_scale)
{
    return (struct mr_instrument){.venue = MR_VENUE_bybit,
                                  .product = 0,
                                  .price_scale = (int8_t)price_scale,
                                  .size_scale = (int8_t)size_scale,
                                  .symbol_len = 7,
                                  .symbol = "BTCUSDT"};
}

static void one(const union mr_slot *group, const struct mr_instrument *it, char *text)
{
    struct mr_digest *d = fresh();
    mr_digest_update(d, group, it);
    mr_digest_text(d, 0, text);
    free(d);
}

static union mr_slot trade(int64_t price, int64_t size)
{
    return (union mr_slot){.event = {.recv_ns = 5,
                                     .venue_ns = 1781416584831000000,
                                     .seq = 42,
                                     .price = price,
                                     .size = size,
                                     .aux = 20110049700,
                                     .instrument = 3,
                                     .kind = MR_EVENT_TRADE,
                                     .flags = MR_FLAG_SELL,
                                     .source = 17,
                                     .connection = 1}};
}

/* ---- by an independent, plain construction of the canonical bytes ---- */

struct bytes {
    uint8_t at[4096];
    size_t len;
};

static void put(struct bytes *b, const void *data, size_t len)
{
    memcpy(b->at + b->len, data, len);
    b->len += len;
}

static void put_text(struct bytes *b, const char *text)
{
    uint8_t n = (uint8_t)strlen(text);
    put(b, &n, 1);
    put(b, text, n);
}

static void put_number(struct bytes *b, int64_t value, int exponent)
{
    while (value && value % 10 == 0) {
        value /= 10;
        exponent++;
    }
    int16_t e = (int16_t)(value ? exponent : 0);
    put(b, &value, 8);
    put(b, &e, 2);
}

static void a_trade_is_its_canonical_bytes(void **state)
{
    (void)state;
    struct mr_instrument it = instrument(8, 8);
    union mr_slot t = trade(6431100000000, 3127000000);
    const struct mr_venue *venue = mr_venue_by_id(MR_VENUE_bybit);
    struct bytes b = {.len = 0};
    put(&b, &t.event.kind, 1);
    put(&b, &t.event.flags, 1);
    put(&b, &t.event.venue_ns, 8);
    put(&b, &t.event.seq, 8);
    put_text(&b, "bybit");
    put_text(&b, "linear");
    put_text(&b, "BTCUSDT");
    put_text(&b, venue->kinds[17].name);
    put_number(&b, 6431100000000, -8);
    put_number(&b, 3127000000, -8);
    put_number(&b, 20110049700, -6);
    XXH128_canonical_t c;
    XXH128_canonicalFromHash(&c, XXH3_128bits(b.at, b.len));
    char want[40], got[MR_DIGEST_TEXT];
    for (int i = 0; i < 16; i++)
        snprintf(want + 2 * i, 3, "%02x", c.digest[i]);
    one(&t, &it, got);
    assert_string_equal(got, want);
}

static void numbers_lose_their_zeros_as_decimals_do(void **state)
{
    (void)state;
    static const int64_t values[] = {0,
                                     1,
                                     10,
                                     -10,
                                     100000000,
                                     123400,
                                     -900000000000000000,
                                     INT64_MAX,
                                     INT64_MIN,
                                     1000000000000000000,
                                     7000000000000000};
    struct mr_instrument it = instrument(8, 8);
    for (size_t i = 0; i < MR_COUNT_OF(values); i++) {
        union mr_slot t = trade(values[i], 1);
        struct mr_decimal normal = mr_decimal_normal((struct mr_decimal){values[i], -8});
        char a[MR_DIGEST_TEXT], b[MR_DIGEST_TEXT];
        one(&t, &it, a);
        struct mr_instrument plain = instrument(-normal.exponent, 8); /* the same value, written without zeros */
        t.event.price = normal.mantissa;
        one(&t, &plain, b);
        assert_string_equal(a, b);
    }
}

static void what_is_ours_changes_nothing(void **state)
{
    (void)state;
    struct mr_instrument it = instrument(8, 8), other_scales = instrument(2, 3);
    char want[MR_DIGEST_TEXT], got[MR_DIGEST_TEXT];
    union mr_slot t = trade(6431100000000, 3127000000);
    one(&t, &it, want);
    t.event.recv_ns = 999;
    t.event.decode_delta_ns = 77;
    t.event.connection = 9;
    t.event.instrument = 1234;
    t.event.flags |= MR_CLOCK_VENUE << MR_FLAG_CLOCK_SHIFT;
    one(&t, &it, got);
    assert_string_equal(got, want);
    t.event.price = 6431100; /* the same at scales 2 and 3 */
    t.event.size = 31270;
    one(&t, &other_scales, got);
    assert_string_equal(got, want);
}

static void what_is_the_venues_changes_it(void **state)
{
    (void)state;
    struct mr_instrument it = instrument(8, 8), named = it;
    char want[MR_DIGEST_TEXT], got[MR_DIGEST_TEXT];
    union mr_slot t = trade(6431100000000, 3127000000), changed[8];
    one(&t, &it, want);
    for (size_t i = 0; i < MR_COUNT_OF(changed); i++)
        changed[i] = t;
    changed[0].event.price++;
    changed[1].event.size++;
    changed[2].event.aux++;
    changed[3].event.seq++;
    changed[4].event.venue_ns++;
    changed[5].event.flags ^= MR_FLAG_SELL;
    changed[6].event.source++;
    changed[7].event.kind = MR_EVENT_LIQUIDATION;
    for (size_t i = 0; i < MR_COUNT_OF(changed); i++) {
        one(&changed[i], &it, got);
        assert_string_not_equal(got, want);
    }
    named.symbol[0] = 'X';
    one(&t, &named, got);
    assert_string_not_equal(got, want);
    named = it;
    named.product = 1;
    one(&t, &named, got);
    assert_string_not_equal(got, want);
}

/* A book larger than what is gathered before hashing; each level counts. */
static void books_count_every_level(void **state)
{
    (void)state;
    enum { LEVELS = 1000 };
    union mr_slot *g = aligned_alloc(64, (1 + LEVELS / 4) * sizeof *g);
    struct mr_instrument it = instrument(8, 8);
    char want[MR_DIGEST_TEXT], got[MR_DIGEST_TEXT];
    memset(g, 0, (1 + LEVELS / 4) * sizeof *g);
    g->book =
        (struct mr_book_head){.seq = 7, .first_seq = 6, .bid_count = 600, .ask_count = 400, .kind = MR_EVENT_BOOK};
    struct mr_level *level = g[1].level;
    for (int i = 0; i < LEVELS; i++)
        level[i] = (struct mr_level){1000 + i, 5 + i};
    one(g, &it, want);
    for (int i = 0; i < LEVELS; i += 37) {
        level[i].size ^= 1;
        one(g, &it, got);
        assert_string_not_equal(got, want);
        level[i].size ^= 1;
    }
    g->book.bid_count--; /* the same levels, one on the other side */
    g->book.ask_count++;
    one(g, &it, got);
    assert_string_not_equal(got, want);
    free(g);
}

static void every_kind_is_taken_in(void **state)
{
    (void)state;
    struct mr_instrument it = instrument(8, 8);
    char seen[MR_EVENT_KIND_COUNT][MR_DIGEST_TEXT];
    for (uint8_t kind = 0; kind < MR_EVENT_KIND_COUNT; kind++) {
        union mr_slot MR_ALIGNED g[2];
        char changed[MR_DIGEST_TEXT];
        memset(g, 0, sizeof g);
        g->event.kind = kind;
        if (kind == MR_EVENT_BOOK || kind == MR_EVENT_BBO)
            g->book.bid_count = g->book.ask_count = 1;
        one(g, kind == MR_EVENT_TICK ? NULL : &it, seen[kind]);
        for (uint8_t k = 0; k < kind; k++)
            assert_string_not_equal(seen[kind], seen[k]);
        if (kind == MR_EVENT_CANDLE)
            g[1].candle.high = 1;
        else if (kind == MR_EVENT_BOOK || kind == MR_EVENT_BBO)
            g[1].level[1].price = 1;
        else
            g->event.aux = 1;
        one(g, kind == MR_EVENT_TICK ? NULL : &it, changed);
        assert_string_not_equal(changed, seen[kind]);
    }
}

static void order_counts_and_reading_changes_nothing(void **state)
{
    (void)state;
    struct mr_instrument it = instrument(8, 8);
    union mr_slot a = trade(1, 1), b = trade(2, 2);
    struct mr_digest *ab = fresh(), *ba = fresh(), *read = fresh();
    char text[3][MR_DIGEST_TEXT];
    mr_digest_update(ab, &a, &it);
    mr_digest_update(ab, &b, &it);
    mr_digest_update(ba, &b, &it);
    mr_digest_update(ba, &a, &it);
    mr_digest_update(read, &a, &it);
    assert_int_equal(mr_digest_text(read, 0, text[2]), 32);
    mr_digest_update(read, &b, &it);
    mr_digest_text(ab, 0, text[0]);
    mr_digest_text(ba, 0, text[1]);
    mr_digest_text(read, 0, text[2]);
    assert_string_not_equal(text[0], text[1]);
    assert_string_equal(text[0], text[2]);
    assert_int_equal(mr_digest_count(ab), 2);
    free(ab);
    free(ba);
    free(read);
}

static void groups_combine_in_their_order(void **state)
{
    (void)state;
    struct mr_digest *one_group = fresh(), *other = fresh(), *total = fresh(), *swapped = fresh(), *whole = fresh(),
                     *split = fresh();
    char text[2][MR_DIGEST_TEXT];
    mr_digest_update_bytes(one_group, "abc", 3);
    mr_digest_update_bytes(other, "de", 2);
    mr_digest_combine(total, one_group);
    mr_digest_combine(total, other);
    mr_digest_combine(swapped, other);
    mr_digest_combine(swapped, one_group);
    mr_digest_text(total, 0, text[0]);
    mr_digest_text(swapped, 0, text[1]);
    assert_string_not_equal(text[0], text[1]);
    assert_int_equal(mr_digest_count(total), 2);
    mr_digest_update_bytes(whole, "abcd", 4);
    mr_digest_update_bytes(split, "ab", 2);
    mr_digest_update_bytes(split, "cd", 2);
    mr_digest_text(whole, 0, text[0]);
    mr_digest_text(split, 0, text[1]);
    assert_string_not_equal(text[0], text[1]);
    struct mr_digest *all[] = {one_group, other, total, swapped, whole, split};
    for (size_t i = 0; i < MR_COUNT_OF(all); i++)
        free(all[i]);
}

static void a_run_that_dropped_says_so(void **state)
{
    (void)state;
    struct mr_digest *d = fresh();
    char text[MR_DIGEST_TEXT];
    assert_int_equal(mr_digest_text(d, 18446744073709551615u, text),
                     strlen("digest not comparable: 18446744073709551615 dropped"));
    assert_string_equal(text, "digest not comparable: 18446744073709551615 dropped");
    mr_digest_text(d, 0, text);
    assert_string_equal(text, "99aa06d3014798d86001c324468d497f"); /* XXH3-128 of nothing, as published */
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trade_is_its_canonical_bytes),
        cmocka_unit_test(numbers_lose_their_zeros_as_decimals_do),
        cmocka_unit_test(what_is_ours_changes_nothing),
        cmocka_unit_test(what_is_the_venues_changes_it),
        cmocka_unit_test(books_count_every_level),
        cmocka_unit_test(every_kind_is_taken_in),
        cmocka_unit_test(order_counts_and_reading_changes_nothing),
        cmocka_unit_test(groups_combine_in_their_order),
        cmocka_unit_test(a_run_that_dropped_says_so),
    };
    return MR_TEST_MAIN(tests);
}
