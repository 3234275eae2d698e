/* The arithmetic of C-23 against worked values, exactly; and what it refuses. Prices at 10^-8. */
#include "controlplane/risk/formulas.h"
#include "tests/support/support.h"

#define ONE ((int64_t)MR_RISK_ONE)
#define PCT (ONE / 100)
#define LARGE ((int64_t)1 << 62)

static int64_t at8(const char *text)
{
    mr_money v;
    assert_int_equal(mr_money_parse(mr_span_of(text), &v), MR_OK);
    assert_true(v % 10000000000 == 0);
    return (int64_t)(v / 10000000000);
}

static void break_even_roi(void **state)
{
    (void)state;
    /* 0.0006 a side. 0.05 % and the predecessor's 0.1 % of buffer; 16x is where a target of 2 % goes out of reach */
    assert_true(mr_risk_break_even_e8(60000, 50, PCT / 20) == at8("0.0605"));
    assert_true(mr_risk_break_even_e8(60000, 50, PCT / 10) == at8("0.061"));
    assert_true(mr_risk_break_even_e8(60000, 15, PCT / 10) == at8("0.019"));
    assert_true(mr_risk_break_even_e8(60000, 16, PCT / 10) == at8("0.0202"));
    assert_true(mr_risk_break_even_e8(60000, 10, 0) == at8("0.012"));
    assert_true(mr_risk_break_even_e8(INT64_MAX, UINT32_MAX, 0) == INT64_MAX &&
                mr_risk_break_even_e8(INT64_MIN, UINT32_MAX, 0) == INT64_MIN);
}

static void adjusted_risk(void **state)
{
    (void)state;
    int64_t out = 7;
    assert_int_equal(mr_risk_adjusted_e8(ONE / 2, 50, &out), MR_OK);
    assert_true(out == ONE);
    assert_int_equal(mr_risk_adjusted_e8(1, 3, &out), MR_OK);
    assert_true(out == 33);
    out = 7;
    assert_int_equal(mr_risk_adjusted_e8(-1, 50, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_adjusted_e8(1, 0, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_adjusted_e8(1, 1001, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_adjusted_e8(INT64_MAX, 1, &out), MR_E_INVALID);
    assert_true(out == 7);
}

static void stops_and_targets(void **state)
{
    (void)state;
    static const struct {
        const char *entry, *roi, *stop_long, *stop_short, *target_long, *target_short;
        uint32_t leverage;
    } cases[] = {
        {"100", "0.005", "99.99", "100.01", "100.01", "99.99", 50},
        {"100", "0.02", "99.96", "100.04", "100.04", "99.96", 50},
        {"60000", "0.02", "59880", "60120", "60120", "59880", 10},
        {"0.00000003", "0.5", "0.00000002", "0.00000004", "0.00000005", "0.00000001",
         1}, /* 1.5 of the last digit: stops nearer, targets further */
    };
    mr_price out;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        int64_t entry = at8(cases[i].entry), roi = at8(cases[i].roi);
        assert_int_equal(mr_risk_stop_price(entry, MR_SIDE_BUY, roi, cases[i].leverage, &out), MR_OK);
        assert_true(out == at8(cases[i].stop_long));
        assert_int_equal(mr_risk_stop_price(entry, MR_SIDE_SELL, roi, cases[i].leverage, &out), MR_OK);
        assert_true(out == at8(cases[i].stop_short));
        assert_int_equal(mr_risk_target_price(entry, MR_SIDE_BUY, roi, cases[i].leverage, &out), MR_OK);
        assert_true(out == at8(cases[i].target_long));
        assert_int_equal(mr_risk_target_price(entry, MR_SIDE_SELL, roi, cases[i].leverage, &out), MR_OK);
        assert_true(out == at8(cases[i].target_short));
    }
    assert_int_equal(mr_risk_stop_with_slip(at8("99.99"), MR_SIDE_BUY, 20000, &out), MR_OK); /* 0.02 % */
    assert_true(out == at8("99.970002"));
    assert_int_equal(mr_risk_stop_with_slip(at8("100.01"), MR_SIDE_SELL, 20000, &out), MR_OK);
    assert_true(out == at8("100.030002"));
    assert_int_equal(mr_risk_stop_with_slip(at8("0.00000003"), MR_SIDE_BUY, ONE / 2, &out), MR_OK);
    assert_true(out == 1); /* away from the entry */
}

static void what_is_no_price_is_refused(void **state)
{
    (void)state;
    static const struct {
        int64_t entry, roi;
        uint32_t leverage;
        int want_stop, want_target;
    } cases[] = {
        {0, 1, 1, MR_E_INVALID, MR_E_INVALID},
        {-1, 1, 1, MR_E_INVALID, MR_E_INVALID},
        {LARGE, 1, 1, MR_E_INVALID, MR_E_INVALID},
        {INT64_MAX, 1, 1, MR_E_INVALID, MR_E_INVALID},
        {INT64_MIN, 1, 1, MR_E_INVALID, MR_E_INVALID},
        {100, -1, 1, MR_E_INVALID, MR_E_INVALID},
        {100, INT64_MAX, 1, MR_E_INVALID, MR_E_INVALID},
        {100, 1000 * ONE + 1, 1, MR_E_INVALID, MR_E_INVALID},
        {100, 1, 0, MR_E_INVALID, MR_E_INVALID},
        {100, 1, 1001, MR_E_INVALID, MR_E_INVALID},
        {100, ONE, 1, MR_E_INVALID, MR_OK}, /* a stop at nothing is none */
        {LARGE - 1, 2 * ONE, 1, MR_E_INVALID, MR_E_OVERFLOW},
        {LARGE - 1, 0, 1, MR_OK, MR_OK},
        {100, 1000 * ONE, 1000, MR_E_INVALID, MR_OK},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        mr_price out = 77;
        assert_int_equal(mr_risk_stop_price(cases[i].entry, MR_SIDE_BUY, cases[i].roi, cases[i].leverage, &out),
                         cases[i].want_stop);
        assert_true(out == 77 || cases[i].want_stop == MR_OK);
        out = 77;
        assert_int_equal(mr_risk_target_price(cases[i].entry, MR_SIDE_BUY, cases[i].roi, cases[i].leverage, &out),
                         cases[i].want_target);
        assert_true(out == 77 || cases[i].want_target == MR_OK);
    }
    mr_price out = 77;
    assert_int_equal(mr_risk_stop_with_slip(100, MR_SIDE_BUY, -1, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_stop_with_slip(LARGE - 1, MR_SIDE_SELL, ONE, &out), MR_E_OVERFLOW);
    assert_true(out == 77);
}

static void roi_of_a_position(void **state)
{
    (void)state;
    int64_t roi = 7;
    assert_int_equal(mr_risk_roi_e8(at8("100"), at8("100.14"), MR_SIDE_BUY, 50, &roi), MR_OK);
    assert_true(roi == at8("0.07"));
    assert_int_equal(mr_risk_roi_e8(at8("100"), at8("100.14"), MR_SIDE_SELL, 50, &roi), MR_OK);
    assert_true(roi == -at8("0.07"));
    assert_int_equal(mr_risk_roi_e8(3, 2, MR_SIDE_BUY, 1, &roi), MR_OK);
    assert_true(roi == -33333334); /* down, also below zero */
    roi = 7;
    assert_int_equal(mr_risk_roi_e8(0, 1, MR_SIDE_BUY, 1, &roi), MR_E_INVALID);
    assert_int_equal(mr_risk_roi_e8(1, 0, MR_SIDE_BUY, 1, &roi), MR_E_INVALID);
    assert_int_equal(mr_risk_roi_e8(1, 1, MR_SIDE_BUY, 0, &roi), MR_E_INVALID);
    assert_int_equal(mr_risk_roi_e8(1, LARGE - 1, MR_SIDE_BUY, 1000, &roi), MR_E_OVERFLOW);
    assert_int_equal(mr_risk_roi_e8(1, LARGE - 1, MR_SIDE_SELL, 1000, &roi), MR_E_OVERFLOW);
    assert_true(roi == 7);
}

static void staircase_in_the_level_form(void **state)
{
    (void)state;
    const struct mr_risk_staircase how = {
        .activation_e8 = 605 * PCT / 100, .step_e8 = 15 * PCT / 100, .distance_e8 = 5 * PCT / 100};
    static const struct {
        const char *roi, *want_long, *want_short;
    } cases[] = {{"0.062", "100.122", "99.878"}, {"0.07", "100.137", "99.863"}, {"0.12", "100.239", "99.761"}};
    mr_price up = 0, down = 0;
    assert_int_equal(mr_risk_staircase(&how, at8("100"), MR_SIDE_BUY, 50, how.activation_e8 - 1, &up), 0);
    assert_true(up == 0);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        assert_int_equal(mr_risk_staircase(&how, at8("100"), MR_SIDE_BUY, 50, at8(cases[i].roi), &up), 1);
        assert_true(up == at8(cases[i].want_long));
        assert_int_equal(mr_risk_staircase(&how, at8("100"), MR_SIDE_SELL, 50, at8(cases[i].roi), &down), 1);
        assert_true(down == at8(cases[i].want_short));
    }
    /* never back, and not again for the same level */
    assert_int_equal(mr_risk_staircase(&how, at8("100"), MR_SIDE_BUY, 50, at8("0.12"), &up), 0);
    assert_int_equal(mr_risk_staircase(&how, at8("100"), MR_SIDE_BUY, 50, at8("0.07"), &up), 0);
    assert_int_equal(mr_risk_staircase(&how, at8("100"), MR_SIDE_SELL, 50, at8("0.07"), &down), 0);
    assert_true(up == at8("100.239") && down == at8("99.761"));
    /* the stop stays below the price, at any leverage: the step of the price would overtake it above 3x */
    for (uint32_t leverage = 1; leverage <= 100; leverage++) {
        mr_price stop = 0, price;
        assert_int_equal(mr_risk_target_price(at8("100"), MR_SIDE_BUY, 7 * PCT, leverage, &price), MR_OK);
        assert_int_equal(mr_risk_staircase(&how, at8("100"), MR_SIDE_BUY, leverage, 7 * PCT, &stop), 1);
        assert_true(stop < price);
    }
}

static void a_step_of_a_tenth_is_a_tenth(void **state)
{
    (void)state;
    /* floor(0.3 / 0.1) is 3; in binary doubles it is 2 */
    const struct mr_risk_staircase how = {.activation_e8 = 0, .step_e8 = 10 * PCT, .distance_e8 = 0};
    mr_price stop = 0;
    assert_int_equal(mr_risk_staircase(&how, at8("100"), MR_SIDE_BUY, 1, 30 * PCT, &stop), 1);
    assert_true(stop == at8("130"));
    assert_int_equal(mr_risk_staircase(&how, at8("100"), MR_SIDE_BUY, 1, 40 * PCT - 1, &stop), 0);
    assert_int_equal(mr_risk_staircase(&how, at8("100"), MR_SIDE_BUY, 1, 40 * PCT, &stop), 1);
    assert_true(stop == at8("140"));
}

static void staircases_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    const struct mr_risk_staircase cases[] = {{0, 0, 0}, {0, -1, 0}, {0, 1, -1}, {-1, 1, 0}};
    const struct mr_risk_staircase good = {0, 1, 0};
    mr_price stop = 5;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        assert_int_equal(mr_risk_staircase(&cases[i], at8("100"), MR_SIDE_BUY, 1, 1, &stop), MR_E_INVALID);
    assert_int_equal(mr_risk_staircase(&good, at8("100"), MR_SIDE_BUY, 1, INT64_MAX, &stop), MR_E_INVALID);
    assert_int_equal(mr_risk_staircase(&good, 0, MR_SIDE_BUY, 1, 1, &stop), MR_E_INVALID);
    assert_true(stop == 5);
    stop = -1;
    assert_int_equal(mr_risk_staircase(&good, at8("100"), MR_SIDE_BUY, 1, 1, &stop), MR_E_INVALID);
}

static void break_even_arms_at_the_fees(void **state)
{
    (void)state;
    mr_price stop = at8("99.99");
    int64_t roi = at8("0.0605");
    assert_int_equal(mr_risk_break_even_stop(at8("100"), MR_SIDE_BUY, 50, roi - 1, roi, &stop), 0);
    assert_int_equal(mr_risk_break_even_stop(at8("100"), MR_SIDE_BUY, 50, roi, roi, &stop), 1);
    assert_true(stop == at8("100.121")); /* the fees are paid; entry + 0 would lose them */
    assert_int_equal(mr_risk_break_even_stop(at8("100"), MR_SIDE_BUY, 50, roi, roi, &stop), 0);
    stop = at8("100.01");
    assert_int_equal(mr_risk_break_even_stop(at8("100"), MR_SIDE_SELL, 50, roi, roi, &stop), 1);
    assert_true(stop == at8("99.879"));
    /* 10x: 1.2 % ROI of fees and two slips of 0.02 %: 100.16, not the 101.24 of ROI taken for price */
    stop = 0;
    assert_int_equal(mr_risk_break_even_stop(at8("100"), MR_SIDE_BUY, 10, PCT * 2, at8("0.016"), &stop), 1);
    assert_true(stop == at8("100.16"));
    assert_int_equal(mr_risk_break_even_stop(at8("100"), MR_SIDE_BUY, 50, 0, -1, &stop), MR_E_INVALID);
    stop = -1;
    assert_int_equal(mr_risk_break_even_stop(at8("100"), MR_SIDE_BUY, 50, 1, 1, &stop), MR_E_INVALID);
    stop = 0;
    assert_int_equal(mr_risk_break_even_stop(0, MR_SIDE_BUY, 50, 1, 1, &stop), MR_E_INVALID);
}

static void leverage_by_volatility(void **state)
{
    (void)state;
    static const struct {
        const char *atr, *multiplier;
        uint32_t want;
    } cases[] = {
        {"0.014", "0.8", 12},
        {"0.00499999", "1", 50},
        {"0.005", "1", 25},
        {"0.00999999", "1", 25},
        {"0.01", "1", 15},
        {"0.01999999", "1", 15},
        {"0.02", "1", 10},
        {"0.02999999", "1", 10},
        {"0.03", "1", 5},
        {"0.04999999", "1", 5},
        {"0.05", "1", 3},
        {"9", "1", 3},
        {"0.001", "2", 100},
        {"0.001", "2.01", 100},
        {"0.001", "1.98", 99},
        {"0.05", "0.1", 1},
        {"0.05", "0", 1},
        {"0.05", "0.49999999", 1},
        {"0.05", "0.5", 2},
        {"0.014", "0.83333333", 12},
        {"0.014", "0.83333334", 13},
    };
    static struct mr_risk_limits m;
    mr_risk_limits_default(&m);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        assert_int_equal(mr_risk_leverage_tier(&m, at8(cases[i].atr), at8(cases[i].multiplier)), cases[i].want);
}

static void liquidation_lies_before_bankruptcy(void **state)
{
    (void)state;
    static const struct {
        uint32_t leverage;
        const char *want_long, *want_short;
    } cases[] = {{10, "90.5", "109.5"}, {50, "98.5", "101.5"}, {100, "99.5", "100.5"}, {1, "0.5", "199.5"}};
    mr_price out = 7;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        assert_int_equal(mr_risk_liquidation_price(at8("100"), MR_SIDE_BUY, cases[i].leverage, PCT / 2, &out), MR_OK);
        assert_true(out == at8(cases[i].want_long));
        assert_int_equal(mr_risk_liquidation_price(at8("100"), MR_SIDE_SELL, cases[i].leverage, PCT / 2, &out), MR_OK);
        assert_true(out == at8(cases[i].want_short));
    }
    assert_int_equal(mr_risk_liquidation_price(at8("0.00000100"), MR_SIDE_BUY, 3, 0, &out), MR_OK);
    assert_true(out == 67); /* towards the entry */
    assert_int_equal(mr_risk_liquidation_price(at8("0.00000100"), MR_SIDE_SELL, 3, 0, &out), MR_OK);
    assert_true(out == 133);
    out = 7;
    assert_int_equal(mr_risk_liquidation_price(0, MR_SIDE_BUY, 3, 0, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_liquidation_price(100, MR_SIDE_BUY, 0, 0, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_liquidation_price(100, MR_SIDE_BUY, 3, -1, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_liquidation_price(100, MR_SIDE_BUY, 3, ONE + 1, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_liquidation_price(100, MR_SIDE_BUY, 1, 0, &out), MR_E_INVALID); /* at nothing */
    assert_true(out == 7);
}

static void distance_to_liquidation(void **state)
{
    (void)state;
    mr_i128 mid2 = 2 * (mr_i128)at8("100");
    for (unsigned side = 0; side < 2; side++) {
        assert_true(mr_risk_liquidation_far(at8("100"), mid2, (uint8_t)side, 10, PCT / 2, 9500000));
        assert_false(mr_risk_liquidation_far(at8("100"), mid2, (uint8_t)side, 10, PCT / 2, 9500001));
        assert_true(mr_risk_liquidation_distance_e8(at8("100"), mid2, (uint8_t)side, 10, PCT / 2) == 9500000);
        assert_false(mr_risk_liquidation_far(at8("100"), mid2, (uint8_t)side, 0, PCT / 2, 0));
        assert_false(mr_risk_liquidation_far(at8("100"), mid2, (uint8_t)side, 1001, PCT / 2, 0));
        assert_false(mr_risk_liquidation_far(at8("100"), mid2, (uint8_t)side, 10, -1, 0));
        assert_false(mr_risk_liquidation_far(at8("100"), mid2, (uint8_t)side, 10, ONE + 1, 0));
        assert_true(mr_risk_liquidation_distance_e8(at8("100"), mid2, (uint8_t)side, 0, 0) == INT64_MIN);
        assert_true(mr_risk_liquidation_distance_e8(at8("100"), 0, (uint8_t)side, 10, 0) == INT64_MIN);
        assert_true(mr_risk_liquidation_distance_e8(at8("100"), mid2, (uint8_t)side, 10, -1) == INT64_MIN);
        assert_true(mr_risk_liquidation_distance_e8(at8("100"), mid2, (uint8_t)side, 10, ONE + 1) == INT64_MIN);
    }
    /* entered dearer than the mid, a long is nearer to it */
    assert_true(mr_risk_liquidation_distance_e8(at8("101"), mid2, MR_SIDE_BUY, 10, PCT / 2) == 8595000);
    assert_true(mr_risk_liquidation_distance_e8(LARGE - 1, 2, MR_SIDE_BUY, 10, 0) == -INT64_MAX);
    assert_true(mr_risk_liquidation_distance_e8(LARGE - 1, 2, MR_SIDE_SELL, 10, 0) == INT64_MAX);
}

/* ---- sizing ---- */

static const struct mr_instrument btc = {
    .price_scale = 8, .size_scale = 8, .tick = 10000000, .lot = 100000, .multiplier = 1};

static void size_is_the_least_of_its_bounds(void **state)
{
    (void)state;
    /* 10,000; 1 % at risk; confidence 1; at most 10 %; 2 % / volatility; half the depth; no fee */
    const struct mr_risk_sizing base = {.equity = 10000 * MR_MONEY_ONE,
                                        .risk_e8 = PCT,
                                        .confidence_e8 = ONE,
                                        .share_max_e8 = ONE,
                                        .volatility_target_e8 = 1000 * ONE,
                                        .depth_share_e8 = ONE,
                                        .taker_fee_e8 = 0};
    struct mr_risk_sizing how;
    mr_size out;
    how = base; /* 100 at risk, 600 a coin: 0.16666 -> 0.166 */
    assert_int_equal(mr_risk_size(&how, &btc, at8("60000"), at8("59400"), PCT, at8("100"), &out), MR_OK);
    assert_true(out == at8("0.166"));
    assert_int_equal(mr_risk_size(&how, &btc, at8("60000"), at8("60600"), PCT, at8("100"), &out), MR_OK);
    assert_true(out == at8("0.166")); /* a short's */
    how.confidence_e8 = ONE / 2;
    assert_int_equal(mr_risk_size(&how, &btc, at8("60000"), at8("59400"), PCT, at8("100"), &out), MR_OK);
    assert_true(out == at8("0.083"));
    how = base;
    how.taker_fee_e8 = 60000; /* 600 and 36 + 35.64 of fees a coin: 0.14889 */
    assert_int_equal(mr_risk_size(&how, &btc, at8("60000"), at8("59400"), PCT, at8("100"), &out), MR_OK);
    assert_true(out == at8("0.148"));
    how = base;
    how.share_max_e8 = 10 * PCT; /* 1,000 / 60,000 */
    assert_int_equal(mr_risk_size(&how, &btc, at8("60000"), at8("59400"), PCT, at8("100"), &out), MR_OK);
    assert_true(out == at8("0.016"));
    how.share_max_e8 = ONE;
    how.volatility_target_e8 = 2 * PCT; /* 2 % / 20 %: 10 % of the equity */
    assert_int_equal(mr_risk_size(&how, &btc, at8("60000"), at8("59400"), 20 * PCT, at8("100"), &out), MR_OK);
    assert_true(out == at8("0.016"));
    how = base;
    how.depth_share_e8 = ONE / 2;
    assert_int_equal(mr_risk_size(&how, &btc, at8("60000"), at8("59400"), PCT, at8("0.101"), &out), MR_OK);
    assert_true(out == at8("0.05"));
    assert_int_equal(mr_risk_size(&how, &btc, at8("60000"), at8("59400"), PCT, 0, &out), MR_OK);
    assert_true(out == 0);
}

static void sizes_of_nonsense_are_refused(void **state)
{
    (void)state;
    const struct mr_risk_sizing good = {.equity = 10000 * MR_MONEY_ONE,
                                        .risk_e8 = PCT,
                                        .confidence_e8 = ONE,
                                        .share_max_e8 = ONE,
                                        .volatility_target_e8 = ONE,
                                        .depth_share_e8 = ONE};
    struct mr_instrument inverse = btc, lotless = btc, huge = btc;
    inverse.flags = MR_INSTRUMENT_INVERSE;
    lotless.lot = 0;
    huge.lot = LARGE - 1;
    huge.size_scale = 0;
    mr_size out = 7;
    int64_t entry = at8("60000"), stop = at8("59400");
    static const size_t fields[] = {
        offsetof(struct mr_risk_sizing, risk_e8), offsetof(struct mr_risk_sizing, confidence_e8),
        offsetof(struct mr_risk_sizing, share_max_e8), offsetof(struct mr_risk_sizing, depth_share_e8),
        offsetof(struct mr_risk_sizing, taker_fee_e8)};
    for (size_t i = 0; i < MR_COUNT_OF(fields); i++)
        for (int over = 0; over < 2; over++) {
            struct mr_risk_sizing how = good;
            int64_t v = over ? ONE + 1 : -1;
            memcpy((char *)&how + fields[i], &v, sizeof v);
            assert_int_equal(mr_risk_size(&how, &btc, entry, stop, PCT, 1, &out), MR_E_INVALID);
        }
    struct mr_risk_sizing how = good;
    how.equity = 0;
    assert_int_equal(mr_risk_size(&how, &btc, entry, stop, PCT, 1, &out), MR_E_INVALID);
    how.equity = MR_MONEY_MAX + 1;
    assert_int_equal(mr_risk_size(&how, &btc, entry, stop, PCT, 1, &out), MR_E_INVALID);
    how = good;
    how.volatility_target_e8 = -1;
    assert_int_equal(mr_risk_size(&how, &btc, entry, stop, PCT, 1, &out), MR_E_INVALID);
    how.volatility_target_e8 = INT64_MAX;
    assert_int_equal(mr_risk_size(&how, &btc, entry, stop, PCT, 1, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_size(&good, &inverse, entry, stop, PCT, 1, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_size(&good, &lotless, entry, stop, PCT, 1, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_size(&good, &huge, entry, stop, PCT, 1, &out), MR_E_OVERFLOW);
    assert_int_equal(mr_risk_size(&good, &btc, entry, entry, PCT, 1, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_size(&good, &btc, 0, stop, PCT, 1, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_size(&good, &btc, entry, -1, PCT, 1, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_size(&good, &btc, entry, stop, 0, 1, &out), MR_E_INVALID);
    assert_int_equal(mr_risk_size(&good, &btc, entry, stop, PCT, -1, &out), MR_E_INVALID);
    assert_true(out == 7);
}

static void lots_of_a_margin(void **state)
{
    (void)state;
    const struct mr_instrument contract = {
        .price_scale = 8, .size_scale = 0, .lot = 1, .multiplier = 1, .multiplier_scale = 3};
    mr_size out = 7;
    assert_int_equal(mr_risk_size_of_margin(10000 * MR_MONEY_ONE, PCT, 50, &contract, at8("60000"), &out), MR_OK);
    assert_true(out == 83);
    struct mr_instrument tens = contract;
    tens.lot = 10;
    assert_int_equal(mr_risk_size_of_margin(10000 * MR_MONEY_ONE, PCT, 50, &tens, at8("60000"), &out), MR_OK);
    assert_true(out == 80);
    out = 7;
    assert_int_equal(mr_risk_size_of_margin(0, PCT, 50, &contract, at8("60000"), &out), MR_E_INVALID);
    assert_int_equal(mr_risk_size_of_margin(1, 0, 50, &contract, at8("60000"), &out), MR_E_INVALID);
    assert_int_equal(mr_risk_size_of_margin(1, ONE + 1, 50, &contract, at8("60000"), &out), MR_E_INVALID);
    assert_int_equal(mr_risk_size_of_margin(1, PCT, 0, &contract, at8("60000"), &out), MR_E_INVALID);
    assert_int_equal(mr_risk_size_of_margin(1, PCT, 50, &contract, 0, &out), MR_E_INVALID);
    tens.lot = 0;
    assert_int_equal(mr_risk_size_of_margin(1, PCT, 50, &tens, at8("60000"), &out), MR_E_INVALID);
    tens.lot = 1;
    tens.multiplier = 0;
    assert_int_equal(mr_risk_size_of_margin(1, PCT, 50, &tens, at8("60000"), &out), MR_E_INVALID);
    assert_true(out == 7);
}

static void trades_that_are_worth_their_fees(void **state)
{
    (void)state;
    const int64_t least = 3 * PCT / 10;
    /* 60,000 to 60,252: 0.42 % less 0.120252 % is 0.299748 % */
    assert_false(mr_risk_worth_fees(at8("60000"), at8("60252"), MR_SIDE_BUY, 60000, least));
    assert_true(mr_risk_worth_fees(at8("60000"), at8("60253"), MR_SIDE_BUY, 60000, least));
    assert_true(mr_risk_worth_fees(at8("60000"), at8("59748"), MR_SIDE_SELL, 60000,
                                   least)); /* a short pays less on the way out */
    assert_false(mr_risk_worth_fees(at8("60000"), at8("60252"), MR_SIDE_SELL, 60000, least));
    assert_true(mr_risk_worth_fees(at8("100"), at8("101"), MR_SIDE_BUY, 0, PCT));
    assert_false(mr_risk_worth_fees(at8("100"), at8("101"), MR_SIDE_BUY, 0, PCT + 1));
    assert_false(mr_risk_worth_fees(0, 1, MR_SIDE_BUY, 0, 0));
    assert_false(mr_risk_worth_fees(1, 0, MR_SIDE_SELL, 0, 0));
    assert_false(mr_risk_worth_fees(1, 2, MR_SIDE_BUY, -1, 0));
    assert_false(mr_risk_worth_fees(1, 2, MR_SIDE_BUY, ONE + 1, 0));
    assert_false(mr_risk_worth_fees(1, 2, MR_SIDE_BUY, 0, INT64_MIN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(break_even_roi),
        cmocka_unit_test(adjusted_risk),
        cmocka_unit_test(stops_and_targets),
        cmocka_unit_test(what_is_no_price_is_refused),
        cmocka_unit_test(roi_of_a_position),
        cmocka_unit_test(staircase_in_the_level_form),
        cmocka_unit_test(a_step_of_a_tenth_is_a_tenth),
        cmocka_unit_test(staircases_that_make_no_sense_are_refused),
        cmocka_unit_test(break_even_arms_at_the_fees),
        cmocka_unit_test(leverage_by_volatility),
        cmocka_unit_test(liquidation_lies_before_bankruptcy),
        cmocka_unit_test(distance_to_liquidation),
        cmocka_unit_test(size_is_the_least_of_its_bounds),
        cmocka_unit_test(sizes_of_nonsense_are_refused),
        cmocka_unit_test(lots_of_a_margin),
        cmocka_unit_test(trades_that_are_worth_their_fees),
    };
    return MR_TEST_MAIN(tests);
}
