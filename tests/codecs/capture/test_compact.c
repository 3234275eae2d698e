#include "codecs/capture/compact.h"
#include "tests/support/support.h"

static const struct mr_instrument btc = {.symbol = "BTCUSDT", .symbol_len = 7, .price_scale = 8, .size_scale = 8};

static struct mr_event liquidation(int64_t price, int64_t size, int64_t micro_usd, uint8_t flags)
{
    return (struct mr_event){.kind = MR_EVENT_LIQUIDATION,
                             .venue_ns = 1791565602120000000,
                             .price = price,
                             .size = size,
                             .aux = micro_usd,
                             .flags = flags};
}

static void fields_stand_at_their_bytes(void **state)
{
    (void)state;
    struct mr_event ev = liquidation(8265190000000, 19000000, 15703861000, MR_FLAG_SELL);
    uint8_t out[MR_COMPACT_BYTES];
    assert_int_equal(mr_compact_encode(&ev, &btc, out), 0);
    struct mr_compact c;
    assert_int_equal(mr_compact_decode(out, sizeof out, &c), MR_OK);
    assert_int_equal(c.time_s, 1791565602);
    assert_int_equal(c.symbol_hash, mr_fnv1a32("BTCUSDT", 7));
    assert_int_equal(c.side, 2);
    assert_int_equal(c.price_x100, 8265190);
    assert_int_equal(c.size_x1e6, 190000);
    assert_int_equal(c.notional_kusd, 15);
    assert_int_equal(mr_fnv1a32("a", 1), 0xe40c292c); /* the authors' test vector */
}

static void every_field_saturates_and_says_so(void **state)
{
    (void)state;
    uint8_t out[MR_COMPACT_BYTES];
    struct mr_compact c;
    struct mr_event ev = liquidation(INT64_MAX, INT64_MAX, INT64_MAX, 0);
    ev.venue_ns = INT64_MAX;
    assert_int_equal(mr_compact_encode(&ev, &btc, out), 4);
    assert_int_equal(mr_compact_decode(out, sizeof out, &c), MR_OK);
    assert_int_equal(c.price_x100, UINT32_MAX);
    assert_int_equal(c.size_x1e6, UINT32_MAX);
    assert_int_equal(c.notional_kusd, 255);
    assert_int_equal(c.time_s, UINT32_MAX);
    assert_int_equal(c.side, 1);
}

static void what_is_no_liquidation_or_no_record_is_refused(void **state)
{
    (void)state;
    uint8_t out[MR_COMPACT_BYTES] = {0};
    struct mr_compact c;
    struct mr_event ev = liquidation(1, 1, 1, 0);
    ev.kind = MR_EVENT_TRADE;
    assert_int_equal(mr_compact_encode(&ev, &btc, out), MR_E_INVALID);
    assert_int_equal(mr_compact_decode(out, sizeof out, &c), MR_E_RANGE);
    assert_int_equal(mr_compact_decode(out, sizeof out - 1, &c), MR_E_TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_stand_at_their_bytes),
        cmocka_unit_test(every_field_saturates_and_says_so),
        cmocka_unit_test(what_is_no_liquidation_or_no_record_is_refused),
    };
    return MR_TEST_MAIN(tests);
}
