/* Entry prices, and what became of them. */
#include "controlplane/orders/entry.h"
#include "tests/support/support.h"

#define E8 100000000LL
static const struct mr_instrument btc = {.price_scale = 8, .size_scale = 8, .multiplier = 1};

/* The worked book: mid 60,000, levels 0.1 apart from 59,999.95 and 60,000.05; one on each. */
static struct mr_market_view book(uint32_t levels)
{
    struct mr_market_view v = {.flags = MR_MARKET_LIVE, .bid_count = levels, .ask_count = levels};
    for (uint32_t i = 0; i < levels; i++) {
        v.bids[i] = (struct mr_level){5999995 * E8 / 100 - (int64_t)i * E8 / 10, E8};
        v.asks[i] = (struct mr_level){6000005 * E8 / 100 + (int64_t)i * E8 / 10, E8};
    }
    return v;
}

static void the_ninth_level_of_its_own_side(void **state)
{
    (void)state;
    const struct mr_entry_limits l = mr_entry_defaults();
    struct mr_market_view v = book(20);
    mr_price price = 0;
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 9, E8, &price), MR_ENTRY_GOOD);
    assert_int_equal(price, 5999915 * E8 / 100);
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_SELL, 9, E8, &price), MR_ENTRY_GOOD);
    assert_int_equal(price, 6000085 * E8 / 100);
    v = book(10);
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 9, E8, &price), MR_ENTRY_GOOD);
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 1, E8, &price), MR_ENTRY_GOOD);
    assert_int_equal(price, v.bids[0].price);
    price = 77;
    v.ask_count = 9; /* ten on both sides are wanted */
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 9, E8, &price), MR_ENTRY_LEVELS);
    v = book(10);
    v.bid_count = 9;
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_SELL, 9, E8, &price), MR_ENTRY_LEVELS);
    assert_int_equal(price, 77);
}

static void books_that_cannot_be_trusted_give_no_price(void **state)
{
    (void)state;
    const struct mr_entry_limits l = mr_entry_defaults();
    static const uint32_t flags[] = {0, MR_MARKET_LIVE | MR_MARKET_CROSSED, MR_MARKET_LIVE | MR_MARKET_GAP,
                                     MR_MARKET_LIVE | MR_MARKET_HALTED};
    struct mr_market_view v = book(20);
    mr_price price = 77;
    for (size_t i = 0; i < MR_COUNT_OF(flags); i++) {
        v.flags = flags[i];
        assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 9, E8, &price), MR_ENTRY_NO_BOOK);
        assert_int_equal(mr_entry_taking(&l, &v, MR_SIDE_BUY, E8, &price), MR_ENTRY_NO_BOOK);
    }
    v = book(20);
    v.bid_count = 0;
    assert_int_equal(mr_entry_taking(&l, &v, MR_SIDE_BUY, E8, &price), MR_ENTRY_NO_BOOK);
    v = book(20);
    v.ask_count = 0;
    assert_int_equal(mr_entry_taking(&l, &v, MR_SIDE_SELL, E8, &price), MR_ENTRY_NO_BOOK);
    assert_int_equal(price, 77);
}

static void too_far_from_the_mid_is_abandoned_exactly_beyond_the_limit(void **state)
{
    (void)state;
    struct mr_entry_limits l = mr_entry_defaults();
    struct mr_market_view v = {.flags = MR_MARKET_LIVE, .bid_count = 10, .ask_count = 10};
    for (int i = 0; i < 10; i++) {
        v.bids[i] =
            (struct mr_level){(999 - i) * E8, 100 * E8}; /* mid 1,000; the ninth: 991, which is 9,000 e-6 away */
        v.asks[i] = (struct mr_level){(1001 + i) * E8, 100 * E8};
    }
    mr_price price;
    l.slippage_e6 = 9000;
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 9, E8, &price), MR_ENTRY_GOOD);
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_SELL, 9, E8, &price), MR_ENTRY_GOOD);
    l.slippage_e6 = 8999;
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 9, E8, &price), MR_ENTRY_FAR);
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_SELL, 9, E8, &price), MR_ENTRY_FAR);
}

static void thin_books_are_refused_on_either_side(void **state)
{
    (void)state;
    struct mr_entry_limits l = mr_entry_defaults(); /* twice the size within nine levels */
    struct mr_market_view v = book(20);
    mr_price price;
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 9, 45 * E8 / 10, &price), MR_ENTRY_GOOD);
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 9, 45 * E8 / 10 + 1, &price), MR_ENTRY_THIN);
    v.asks[3].size = 0;
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 9, 45 * E8 / 10, &price), MR_ENTRY_THIN);
    v = book(20);
    v.bids[3].size = 0;
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 9, 45 * E8 / 10, &price), MR_ENTRY_THIN);
    v = book(5); /* where there are fewer levels, these */
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 4, 25 * E8 / 10, &price), MR_ENTRY_GOOD);
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_BUY, 4, 25 * E8 / 10 + 1, &price), MR_ENTRY_THIN);
    v.bid_count = 8;
    for (int i = 5; i < 8; i++)
        v.bids[i] = v.bids[4];
    assert_int_equal(mr_entry_passive(&l, &v, MR_SIDE_SELL, 4, 26 * E8 / 10, &price), MR_ENTRY_THIN);
}

static void taking_asks_for_the_worst_level_it_needs(void **state)
{
    (void)state;
    struct mr_entry_limits l = mr_entry_defaults();
    struct mr_market_view v = {.flags = MR_MARKET_LIVE,
                               .bid_count = 1,
                               .ask_count = 3,
                               .bids = {{99 * E8, E8}},
                               .asks = {{100 * E8, E8}, {101 * E8, 2 * E8}, {102 * E8, 5 * E8}}};
    mr_price price = 0;
    l.slippage_e6 = 30000;
    assert_int_equal(mr_entry_taking(&l, &v, MR_SIDE_BUY, 25 * E8 / 10, &price), MR_ENTRY_GOOD);
    assert_int_equal(price, 101 * E8); /* the predecessor's 100.6503 fills 1 of 2.5 */
    assert_int_equal(mr_entry_taking(&l, &v, MR_SIDE_BUY, 3 * E8, &price), MR_ENTRY_GOOD);
    assert_int_equal(price, 101 * E8);
    assert_int_equal(mr_entry_taking(&l, &v, MR_SIDE_BUY, 3 * E8 + 1, &price), MR_ENTRY_GOOD);
    assert_int_equal(price, 102 * E8);
    assert_int_equal(mr_entry_taking(&l, &v, MR_SIDE_BUY, 8 * E8 + 1, &price), MR_ENTRY_THIN);
    l.slippage_e6 = 15075; /* 101 is 1.5 / 99.5 away: 15,075.4 e-6 */
    assert_int_equal(mr_entry_taking(&l, &v, MR_SIDE_BUY, 2 * E8, &price), MR_ENTRY_FAR);
    l.slippage_e6 = 15076;
    assert_int_equal(mr_entry_taking(&l, &v, MR_SIDE_BUY, 2 * E8, &price), MR_ENTRY_GOOD);
    assert_int_equal(mr_entry_taking(&l, &v, MR_SIDE_SELL, E8, &price), MR_ENTRY_GOOD);
    assert_int_equal(price, 99 * E8);
}

static void confidence_says_how_deep(void **state)
{
    (void)state;
    const struct mr_entry_limits l = mr_entry_defaults();
    static const struct {
        uint32_t confidence, level;
    } rows[] = {{0, 9}, {1249, 9}, {1250, 8}, {5000, 5}, {8750, 2}, {9499, 2}, {9500, 0}, {10000, 0}, {20000, 0}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++)
        assert_int_equal(mr_entry_level(&l, rows[i].confidence), rows[i].level);
    struct mr_entry_limits never = l;
    never.taker_e4 = 10001;
    assert_int_equal(mr_entry_level(&never, 10000), 1);
    assert_int_equal(mr_entry_level(&never, 60000), 1);
}

static void a_passive_entry_follows_its_level_patiently(void **state)
{
    (void)state;
    struct mr_entry_limits l = mr_entry_defaults();
    struct mr_market_view v = book(20);
    struct mr_order o = {
        .side = MR_SIDE_BUY, .price = v.bids[8].price, .size = 3 * E8, .filled = E8, .updated_ns = 1000};
    mr_price price = 77, tick = E8 / 10;
    assert_int_equal(mr_entry_reprice(&l, &v, &o, 9, tick, 5000000000, &price), MR_ENTRY_STAYS);
    o.price -= tick - 1;
    assert_int_equal(mr_entry_reprice(&l, &v, &o, 9, tick, 5000000000, &price), MR_ENTRY_STAYS);
    o.price -= 1;
    assert_int_equal(mr_entry_reprice(&l, &v, &o, 9, tick, 1000001000 - 1, &price), MR_ENTRY_STAYS);
    assert_int_equal(price, 77);
    assert_int_equal(mr_entry_reprice(&l, &v, &o, 9, tick, 1000001000, &price), MR_ENTRY_GOOD);
    assert_int_equal(price, v.bids[8].price);
    o.price = v.bids[8].price + tick;
    assert_int_equal(mr_entry_reprice(&l, &v, &o, 9, tick, 1000001000, &price), MR_ENTRY_GOOD);
    o.price = v.bids[8].price - 1;
    assert_int_equal(mr_entry_reprice(&l, &v, &o, 9, 0, 1000001000, &price), MR_ENTRY_GOOD); /* no tick: any step */
    v.ask_count = 3;
    assert_int_equal(mr_entry_reprice(&l, &v, &o, 9, tick, 1000001000, &price), MR_ENTRY_LEVELS);
}

static void quality_is_measured_against_the_mid_at_decision(void **state)
{
    (void)state;
    struct mr_order o = {.side = MR_SIDE_BUY,
                         .arrival_mid = 100 * E8,
                         .size = 4 * E8,
                         .filled = 2 * E8,
                         .cost = 201 * MR_MONEY_ONE,
                         .created_ns = 10,
                         .sent_ns = 12,
                         .acked_ns = 19,
                         .updated_ns = 50};
    struct mr_fill_quality q;
    assert_int_equal(mr_fill_quality(&o, &btc, &q), MR_OK);
    assert_int_equal(q.mean, 1005 * E8 / 10);
    assert_int_equal(q.slippage_e6, 5000);
    assert_true(q.shortfall == MR_MONEY_ONE);
    assert_int_equal(q.filled_e4, 5000);
    assert_true(q.ack_ns == 7 && q.end_ns == 40);
    o.side = MR_SIDE_SELL;
    assert_int_equal(mr_fill_quality(&o, &btc, &q), MR_OK);
    assert_int_equal(q.slippage_e6, -5000);
    assert_true(q.shortfall == -MR_MONEY_ONE);
    o.cost = 200 * MR_MONEY_ONE - 1; /* a hair worse is worse */
    assert_int_equal(mr_fill_quality(&o, &btc, &q), MR_OK);
    assert_int_equal(q.slippage_e6, 1);
    assert_int_equal(q.mean, 100 * E8);
    o.acked_ns = 0;
    o.created_ns = 0;
    assert_int_equal(mr_fill_quality(&o, &btc, &q), MR_OK);
    assert_true(q.ack_ns == 0 && q.end_ns == 0);
    o.filled = 0;
    assert_int_equal(mr_fill_quality(&o, &btc, &q), MR_E_EMPTY);
    o.filled = E8;
    o.arrival_mid = 0;
    assert_int_equal(mr_fill_quality(&o, &btc, &q), MR_E_EMPTY);
    o.arrival_mid = E8;
    const struct mr_instrument inverse = {.price_scale = 8, .size_scale = 8, .multiplier = 0};
    assert_int_equal(mr_fill_quality(&o, &inverse, &q), MR_E_INEXACT);
    const struct mr_instrument fine = {.price_scale = 12, .size_scale = 12, .multiplier = 1};
    o.filled = 1;
    o.arrival_mid = 1;
    assert_int_equal(mr_fill_quality(&o, &fine, &q), MR_E_INEXACT);
    assert_string_equal(mr_entry_verdict_name(MR_ENTRY_FAR), "far");
    assert_string_equal(mr_entry_verdict_name(MR_ENTRY_VERDICT_COUNT), "?");
}

static void quality_is_exact_to_the_smallest_unit_and_says_what_does_not_fit(void **state)
{
    (void)state;
    const struct mr_instrument unit = {.price_scale = 9, .size_scale = 9, .multiplier = 1}; /* one of one is 10^-18 */
    struct mr_fill_quality q;
    struct mr_order o = {.side = MR_SIDE_BUY, .arrival_mid = 999999, .size = 1, .filled = 1, .cost = 1000000};
    assert_int_equal(mr_fill_quality(&o, &unit, &q), MR_OK);
    assert_true(q.mean == 1000000 && q.shortfall == 1);
    assert_int_equal(q.slippage_e6, 2); /* 1.000001 of a millionth: any rest is one more */
    assert_true(q.filled_e4 == 10000 && q.ack_ns == 0 && q.end_ns == 0);
    o.cost = INT64_MAX; /* the largest price there is */
    assert_int_equal(mr_fill_quality(&o, &unit, &q), MR_OK);
    assert_true(q.mean == INT64_MAX);
    o.cost++;
    assert_int_equal(mr_fill_quality(&o, &unit, &q), MR_E_OVERFLOW);
    /* a shortfall of which a millionth cannot be told */
    o = (struct mr_order){.side = MR_SIDE_SELL, .arrival_mid = E8, .size = E8, .filled = E8, .cost = MR_MONEY_ONE};
    const struct mr_instrument whole = {.price_scale = 0, .size_scale = 0, .multiplier = 1};
    o.cost = 1;
    o.arrival_mid = 900000000000000;
    o.filled = o.size = 1;
    assert_int_equal(mr_fill_quality(&o, &whole, &q), MR_E_OVERFLOW);
    o.filled = o.size = 1000; /* worth more than there is money */
    assert_int_equal(mr_fill_quality(&o, &whole, &q), MR_E_OVERFLOW);
}

static void a_book_thinner_by_the_smallest_unit_is_too_thin(void **state)
{
    (void)state;
    struct mr_entry_limits limits = mr_entry_defaults();
    struct mr_market_view v = {.flags = MR_MARKET_LIVE, .bid_count = 10, .ask_count = 10};
    for (int i = 0; i < 10; i++) {
        v.bids[i] = (struct mr_level){100000 - i, i ? 0 : 200};
        v.asks[i] = (struct mr_level){100001 + i, i ? 0 : 200};
    }
    mr_price price;
    assert_int_equal(mr_entry_passive(&limits, &v, MR_SIDE_BUY, 1, 100, &price), MR_ENTRY_GOOD); /* twice its size */
    v.asks[0].size--;
    assert_int_equal(mr_entry_passive(&limits, &v, MR_SIDE_BUY, 1, 100, &price), MR_ENTRY_THIN);
    v.asks[0].size++;
    v.bids[0].size--;
    assert_int_equal(mr_entry_passive(&limits, &v, MR_SIDE_BUY, 1, 100, &price), MR_ENTRY_THIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ninth_level_of_its_own_side),
        cmocka_unit_test(books_that_cannot_be_trusted_give_no_price),
        cmocka_unit_test(too_far_from_the_mid_is_abandoned_exactly_beyond_the_limit),
        cmocka_unit_test(thin_books_are_refused_on_either_side),
        cmocka_unit_test(taking_asks_for_the_worst_level_it_needs),
        cmocka_unit_test(confidence_says_how_deep),
        cmocka_unit_test(a_passive_entry_follows_its_level_patiently),
        cmocka_unit_test(quality_is_measured_against_the_mid_at_decision),
        cmocka_unit_test(quality_is_exact_to_the_smallest_unit_and_says_what_does_not_fit),
        cmocka_unit_test(a_book_thinner_by_the_smallest_unit_is_too_thin),
    };
    return MR_TEST_MAIN(tests);
}
