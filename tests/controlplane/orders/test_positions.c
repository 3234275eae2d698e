/* Positions, cash, margins: worked values, and sums that hold whatever comes. */
#include "controlplane/orders/positions.h"
#include "tests/support/support.h"

static const struct mr_instrument btc = {.price_scale = 8, .size_scale = 8, .multiplier = 1};
#define E8 100000000LL

static mr_money of(const char *text)
{
    mr_money m = 0;
    assert_int_equal(mr_money_parse(mr_span_of(text), &m), MR_OK);
    return m;
}

static void assert_money(mr_money got, const char *want)
{
    char text[MR_MONEY_TEXT];
    mr_money_text(got, text);
    assert_string_equal(text, want);
}

static struct mr_positions *make(uint32_t n, const char *cash)
{
    return mr_positions_init(malloc(mr_positions_bytes(n)), n, of(cash));
}

static int trade(struct mr_positions *ps, const struct mr_instrument *it, int side, mr_price price, mr_size size,
                 const char *fee)
{
    struct mr_fill f = {.side = (uint8_t)side, .price = price, .size = size, .fee = of(fee), .recv_ns = 5};
    return mr_positions_fill(ps, it, &f);
}

static void worked_values_of_reduction_and_reversal(void **state)
{
    (void)state;
    static const struct {
        struct {
            int side;
            int64_t price, size;
        } trades[4];
        int64_t size, mark;
        const char *realised, *unrealised, *basis;
        int64_t entry;
    } rows[] = {
        {{{MR_SIDE_BUY, 100, 10}, {MR_SIDE_SELL, 120, 5}}, 5, 120, "100", "100", "500", 100},
        {{{MR_SIDE_BUY, 100, 10}, {MR_SIDE_SELL, 120, 15}}, -5, 120, "200", "0", "-600", 120},
        {{{MR_SIDE_SELL, 100, 10}, {MR_SIDE_BUY, 120, 15}}, 5, 120, "-200", "0", "600", 120},
        {{{MR_SIDE_BUY, 100, 10}, {MR_SIDE_BUY, 110, 10}, {MR_SIDE_SELL, 120, 20}}, 0, 120, "300", "0", "0", 0},
        {{{MR_SIDE_BUY, 100, 2}, {MR_SIDE_SELL, 100, 5}}, -3, 90, "0", "30", "-300", 100},
        {{{MR_SIDE_SELL, 50, 4}, {MR_SIDE_SELL, 60, 4}, {MR_SIDE_BUY, 40, 4}}, -4, 40, "60", "60", "-220", 55},
        {{{MR_SIDE_BUY, 100, 1}, {MR_SIDE_SELL, 90, 1}, {MR_SIDE_BUY, 80, 1}}, 1, 100, "-10", "20", "80", 80},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct mr_positions *ps = make(1, "1000");
        for (int t = 0; t < 4 && rows[i].trades[t].size; t++)
            assert_int_equal(
                trade(ps, &btc, rows[i].trades[t].side, rows[i].trades[t].price * E8, rows[i].trades[t].size * E8, "0"),
                MR_OK);
        mr_positions_mark(ps, 0, rows[i].mark * E8);
        const struct mr_position *p = mr_positions_get(ps, 0);
        struct mr_position_worth w;
        assert_int_equal(mr_position_worth(p, &btc, &w), MR_OK);
        assert_int_equal(p->size, rows[i].size * E8);
        assert_money(p->realised, rows[i].realised);
        assert_money(w.unrealised, rows[i].unrealised);
        assert_money(p->basis, rows[i].basis);
        assert_int_equal(w.entry, rows[i].entry * E8);
        assert_money(mr_positions_cash(ps) - of("1000"), rows[i].realised);
        free(ps);
    }
}

static void fees_and_funding_go_to_cash(void **state)
{
    (void)state;
    struct mr_positions *ps = make(2, "10000");
    assert_int_equal(trade(ps, &btc, MR_SIDE_BUY, 100 * E8, 10 * E8, "0.6"), MR_OK);
    assert_int_equal(trade(ps, &btc, MR_SIDE_SELL, 101 * E8, 10 * E8, "-0.1"), MR_OK); /* a rebate */
    assert_int_equal(mr_positions_funding(ps, 0, of("-0.25"), 9), MR_OK);
    assert_money(mr_positions_cash(ps), "10009.25");
    assert_money(mr_positions_realised(ps), "10");
    assert_money(mr_positions_fees(ps), "0.5");
    assert_money(mr_positions_funded(ps), "-0.25");
    assert_money(mr_positions_get(ps, 0)->fees, "0.5");
    assert_money(mr_positions_get(ps, 0)->funding, "-0.25");
    assert_int_equal(mr_positions_get(ps, 0)->updated_ns, 9);
    assert_int_equal(mr_positions_get(ps, 0)->fills, 2);
    free(ps);
}

static void basis_and_realised_lose_nothing_whatever_comes(void **state)
{
    (void)state;
    struct mr_random r = {3};
    for (int round = 0; round < 200; round++) {
        struct mr_positions *ps = make(1, "0");
        mr_money net = 0; /* paid for all buys less all sells */
        mr_size size = 0;
        for (int i = 0; i < 200; i++) {
            int side = (int)mr_random_below(&r, 2);
            mr_price price = 1 + (mr_price)mr_random_below(&r, 1000000000);
            mr_size qty = 1 + (mr_size)mr_random_below(&r, 1000);
            if (size && mr_random_below(&r, 8) == 0) { /* exactly flat */
                side = size > 0 ? MR_SIDE_SELL : MR_SIDE_BUY;
                qty = size > 0 ? size : -size;
            }
            assert_int_equal(trade(ps, &btc, side, price, qty, "0"), MR_OK);
            size += side == MR_SIDE_BUY ? qty : -qty;
            mr_money worth;
            assert_int_equal(mr_money_notional(&btc, price, qty, &worth), MR_OK);
            net += side == MR_SIDE_BUY ? worth : -worth;
            const struct mr_position *p = mr_positions_get(ps, 0);
            assert_int_equal(p->size, size);
            assert_true(p->basis - p->realised == net);
            if (!size)
                assert_true(p->basis == 0 && p->realised == -net);
            else
                assert_true((p->basis >= 0) == (size > 0) || p->basis == 0);
        }
        assert_true(mr_positions_cash(ps) == mr_positions_realised(ps));
        free(ps);
    }
}

static void liquidation_prices_are_the_true_ones(void **state)
{
    (void)state;
    static const struct {
        int side;
        uint32_t leverage;
        int32_t maintenance_e8;
        int64_t want_e8;
    } rows[] = {{MR_SIDE_BUY, 10, 500000, 9050000000},   {MR_SIDE_BUY, 50, 500000, 9850000000},
                {MR_SIDE_BUY, 100, 500000, 9950000000},  {MR_SIDE_SELL, 10, 500000, 10950000000},
                {MR_SIDE_SELL, 50, 500000, 10150000000}, {MR_SIDE_BUY, 1, 0, 0},
                {MR_SIDE_SELL, 1, 0, 20000000000},       {MR_SIDE_BUY, 3, 0, 6666666667},
                {MR_SIDE_SELL, 3, 0, 13333333333},       {MR_SIDE_BUY, 1, 500000, 50000000}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct mr_positions *ps = make(1, "0");
        struct mr_position_worth w;
        assert_int_equal(trade(ps, &btc, rows[i].side, 100 * E8, 3 * E8, "0"), MR_OK);
        assert_int_equal(mr_positions_margin(ps, 0, rows[i].leverage, rows[i].maintenance_e8), MR_OK);
        assert_int_equal(mr_position_worth(mr_positions_get(ps, 0), &btc, &w), MR_OK);
        assert_int_equal(w.liquidation, rows[i].want_e8);
        free(ps);
    }
}

static const struct mr_instrument *one(void *self, uint32_t id)
{
    return id < 3 ? (const struct mr_instrument *)self : NULL;
}

static void margins_and_their_ratio(void **state)
{
    (void)state;
    struct mr_positions *ps = make(4, "1000");
    struct mr_account_worth w;
    assert_int_equal(mr_positions_worth(ps, one, (void *)&btc, &w), MR_OK);
    assert_true(w.ratio_e4 == INT64_MAX && w.open == 0);
    assert_money(w.equity, "1000");
    assert_int_equal(mr_positions_margin(ps, 0, 10, 500000), MR_OK);
    assert_int_equal(trade(ps, &btc, MR_SIDE_BUY, 100 * E8, 50 * E8, "3"), MR_OK);
    mr_positions_mark(ps, 0, 90 * E8);
    mr_positions_mark(ps, 0, 0); /* no mark is no mark */
    mr_positions_mark(ps, 4, 5);
    assert_int_equal(mr_positions_worth(ps, one, (void *)&btc, &w), MR_OK);
    assert_money(w.cash, "997");
    assert_money(w.unrealised, "-500");
    assert_money(w.equity, "497");
    assert_money(w.notional, "4500");
    assert_money(w.margin, "500");
    assert_money(w.maintenance, "22.5");
    assert_int_equal(w.ratio_e4, 220888); /* 22.08888... */
    assert_int_equal(w.open, 1);
    mr_positions_mark(ps, 0, 80 * E8);
    assert_int_equal(mr_positions_worth(ps, one, (void *)&btc, &w), MR_OK);
    assert_int_equal(w.ratio_e4, -1500); /* equity -3, maintenance 20 */
    struct mr_fill f = {.instrument = 3, .price = 1, .size = 1, .recv_ns = 1};
    assert_int_equal(mr_positions_fill(ps, &btc, &f), MR_OK);
    assert_int_equal(mr_positions_worth(ps, one, (void *)&btc, &w), MR_E_SYMBOL);
    free(ps);
}

static void what_does_not_fit_changes_nothing(void **state)
{
    (void)state;
    const struct mr_instrument inverse = {
        .price_scale = 8, .size_scale = 8, .multiplier = 100, .flags = MR_INSTRUMENT_INVERSE};
    const struct mr_instrument fine = {.price_scale = 8, .size_scale = 8, .multiplier = 1, .multiplier_scale = 3};
    const struct mr_instrument whole = {.price_scale = 0, .size_scale = 0, .multiplier = 1};
    struct mr_positions *ps = make(1, "5");
    struct mr_position before = *mr_positions_get(ps, 0);
    assert_int_equal(trade(ps, &inverse, MR_SIDE_BUY, 1, 1, "0"), MR_E_UNSUPPORTED);
    assert_int_equal(trade(ps, &fine, MR_SIDE_BUY, 1, 1, "0"), MR_E_INEXACT);
    assert_int_equal(trade(ps, &whole, MR_SIDE_BUY, INT64_MAX, INT64_MAX, "0"), MR_E_OVERFLOW);
    struct mr_fill f = {.instrument = 1, .price = 1, .size = 1};
    assert_int_equal(mr_positions_fill(ps, &btc, &f), MR_E_SYMBOL);
    assert_int_equal(mr_positions_funding(ps, 1, 1, 1), MR_E_SYMBOL);
    assert_int_equal(mr_positions_funding(ps, 0, MR_MONEY_MAX, 1), MR_E_OVERFLOW); /* with the cash it is too much */
    static const struct {
        uint32_t leverage;
        int32_t rate;
        int want;
    } margins[] = {
        {0, 0, MR_E_RANGE}, {1001, 0, MR_E_RANGE}, {1, -1, MR_E_RANGE}, {1, 100000001, MR_E_RANGE}, {1, 0, MR_OK}};
    for (size_t i = 0; i < MR_COUNT_OF(margins); i++)
        assert_int_equal(mr_positions_margin(ps, 0, margins[i].leverage, margins[i].rate), margins[i].want);
    assert_int_equal(mr_positions_margin(ps, 1, 1, 0), MR_E_SYMBOL);
    assert_memory_equal(&before, mr_positions_get(ps, 0), sizeof before);
    assert_money(mr_positions_cash(ps), "5");
    assert_int_equal(mr_positions_margin(ps, 0, 1000, 100000000), MR_OK);
    /* a size that would wrap */
    assert_int_equal(trade(ps, &(struct mr_instrument){.price_scale = 18, .size_scale = 18, .multiplier = 1},
                           MR_SIDE_BUY, 1, 1, "0"),
                     MR_E_INEXACT);
    const struct mr_instrument tiny = {.price_scale = 0, .size_scale = 18, .multiplier = 1};
    assert_int_equal(trade(ps, &tiny, MR_SIDE_BUY, 1, INT64_MAX, "0"), MR_OK);
    assert_int_equal(trade(ps, &tiny, MR_SIDE_BUY, 1, 1, "0"), MR_E_OVERFLOW);
    assert_null(mr_positions_get(ps, 1));
    free(ps);
}

static void entries_are_rounded_to_the_nearest_and_liquidations_toward_the_market(void **state)
{
    (void)state;
    const struct mr_instrument unit = {.price_scale = 9, .size_scale = 9, .multiplier = 1}; /* one of one is 10^-18 */
    static const struct {
        const char *says;
        int side;
        struct {
            int64_t price, size;
        } trades[2];
        uint32_t leverage;
        int32_t maintenance_e8;
        int64_t entry, liquidation;
    } rows[] = {
        {"a third above", MR_SIDE_BUY, {{100, 2}, {101, 1}}, 2, 0, 100, 51}, /* 100.33, 50.33 */
        {"a third below", MR_SIDE_BUY, {{100, 1}, {101, 2}}, 2, 0, 101, 51}, /* 100.67, 50.33 */
        {"long, a third above", MR_SIDE_BUY, {{100, 1}, {101, 2}}, 1, 0, 101, 0},
        {"short, two thirds above", MR_SIDE_SELL, {{100, 2}, {101, 1}}, 1, 0, 100, 200}, /* 200.67 */
        {"short, a third above", MR_SIDE_SELL, {{100, 1}, {101, 2}}, 1, 0, 101, 201},    /* 201.33 */
        {"long, one of the smallest unit", MR_SIDE_BUY, {{1000, 1}}, 10, 0, 1000, 900},
        {"long, worth one of the smallest unit", MR_SIDE_BUY, {{1, 1}}, 1, 1, 1, 1},
        {"short, at the largest price",
         MR_SIDE_SELL,
         {{((int64_t)1 << 62) - 1, 1}, {(int64_t)1 << 62, 1}},
         1,
         0,
         (int64_t)1 << 62,
         INT64_MAX},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct mr_positions *ps = make(1, "0");
        struct mr_position_worth w;
        for (int t = 0; t < 2 && rows[i].trades[t].size; t++)
            assert_int_equal(trade(ps, &unit, rows[i].side, rows[i].trades[t].price, rows[i].trades[t].size, "0"),
                             MR_OK);
        assert_int_equal(mr_positions_margin(ps, 0, rows[i].leverage, rows[i].maintenance_e8), MR_OK);
        assert_int_equal(mr_position_worth(mr_positions_get(ps, 0), &unit, &w), MR_OK);
        if (w.entry != rows[i].entry || w.liquidation != rows[i].liquidation)
            fail_msg("%s: entry %lld, liquidation %lld", rows[i].says, (long long)w.entry, (long long)w.liquidation);
        free(ps);
    }
}

static void a_worth_that_cannot_be_told_is_refused_and_flat_is_worth_nothing(void **state)
{
    (void)state;
    const struct mr_instrument unit = {.price_scale = 9, .size_scale = 9, .multiplier = 1},
                               fine = {.price_scale = 12, .size_scale = 12, .multiplier = 1}, whole = {.multiplier = 1},
                               none = {.price_scale = 8, .size_scale = 8};
    const struct mr_position_worth nothing = {0};
    struct mr_position_worth w;
    struct mr_positions *ps = make(1, "0");
    memset(&w, 0x5a, sizeof w);
    assert_int_equal(mr_position_worth(mr_positions_get(ps, 0), &unit, &w), MR_OK);
    assert_true(w.notional == 0 && w.unrealised == 0 && w.margin == 0 && w.maintenance == 0 && w.entry == 0 &&
                w.liquidation == 0);
    w = nothing;
    /* a short whose liquidation is no price */
    assert_int_equal(trade(ps, &unit, MR_SIDE_SELL, (int64_t)1 << 62, 1, "0"), MR_OK);
    assert_int_equal(mr_position_worth(mr_positions_get(ps, 0), &unit, &w), MR_E_OVERFLOW);
    free(ps);
    /* one tick of it is finer than money */
    ps = make(1, "0");
    assert_int_equal(trade(ps, &fine, MR_SIDE_BUY, 1000000, 1, "0"), MR_OK);
    assert_int_equal(mr_position_worth(mr_positions_get(ps, 0), &fine, &w), MR_E_INEXACT);
    free(ps);
    /* a contract of nothing */
    ps = make(1, "0");
    assert_int_equal(trade(ps, &none, MR_SIDE_BUY, E8, E8, "0"), MR_OK);
    assert_int_equal(mr_position_worth(mr_positions_get(ps, 0), &none, &w), MR_E_RANGE);
    free(ps);
    /* a liquidation beyond all money on the way */
    ps = make(1, "0");
    assert_int_equal(trade(ps, &whole, MR_SIDE_BUY, 900000000, 1000000, "0"), MR_OK);
    assert_int_equal(mr_positions_margin(ps, 0, 1000, 100000000), MR_OK);
    assert_int_equal(mr_position_worth(mr_positions_get(ps, 0), &whole, &w), MR_E_OVERFLOW);
    free(ps);
    assert_memory_equal(&w, &nothing, sizeof w); /* nothing is told of what was refused */
}

static void a_copy_is_of_all_and_of_as_many_instruments_or_none(void **state)
{
    (void)state;
    struct mr_positions *from = make(2, "100"), *to = make(2, "7"), *other = make(3, "7");
    assert_int_equal(trade(from, &btc, MR_SIDE_BUY, 100 * E8, E8, "1"), MR_OK);
    assert_true(mr_positions_copy(to, from));
    assert_memory_equal(to, from, mr_positions_bytes(2));
    assert_false(mr_positions_copy(other, from));
    assert_money(mr_positions_cash(other), "7");
    assert_true(mr_positions_get(other, 0)->size == 0);
    free(from);
    free(to);
    free(other);
}

static void opening_times_follow_sides(void **state)
{
    (void)state;
    struct mr_positions *ps = make(1, "0");
    static const struct {
        int side;
        mr_size size;
        int64_t opened;
    } rows[] = {{MR_SIDE_BUY, 2, 1},  {MR_SIDE_BUY, 2, 1},  {MR_SIDE_SELL, 3, 1},
                {MR_SIDE_SELL, 1, 1}, {MR_SIDE_SELL, 1, 5}, {MR_SIDE_BUY, 3, 6}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct mr_fill f = {
            .side = (uint8_t)rows[i].side, .price = 1, .size = rows[i].size, .recv_ns = (int64_t)i + 1, .venue = 3};
        assert_int_equal(mr_positions_fill(ps, &btc, &f), MR_OK);
        assert_int_equal(mr_positions_get(ps, 0)->opened_ns, rows[i].opened);
    }
    assert_int_equal(mr_positions_get(ps, 0)->venue, 3);
    free(ps);
}

static void sides_compared(void **state)
{
    (void)state;
    assert_int_equal(mr_position_compare(0, 0), MR_SYNC_MATCHED);
    assert_int_equal(mr_position_compare(-3, -3), MR_SYNC_MATCHED);
    assert_int_equal(mr_position_compare(2, 0), MR_SYNC_LOCAL_ONLY);
    assert_int_equal(mr_position_compare(0, -2), MR_SYNC_VENUE_ONLY);
    assert_int_equal(mr_position_compare(2, 5), MR_SYNC_SIZE);
    assert_int_equal(mr_position_compare(2, -2), MR_SYNC_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_values_of_reduction_and_reversal),
        cmocka_unit_test(fees_and_funding_go_to_cash),
        cmocka_unit_test(basis_and_realised_lose_nothing_whatever_comes),
        cmocka_unit_test(liquidation_prices_are_the_true_ones),
        cmocka_unit_test(margins_and_their_ratio),
        cmocka_unit_test(what_does_not_fit_changes_nothing),
        cmocka_unit_test(entries_are_rounded_to_the_nearest_and_liquidations_toward_the_market),
        cmocka_unit_test(a_worth_that_cannot_be_told_is_refused_and_flat_is_worth_nothing),
        cmocka_unit_test(a_copy_is_of_all_and_of_as_many_instruments_or_none),
        cmocka_unit_test(opening_times_follow_sides),
        cmocka_unit_test(sides_compared),
    };
    return MR_TEST_MAIN(tests);
}
