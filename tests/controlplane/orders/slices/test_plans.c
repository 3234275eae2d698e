/* How a parent is cut: sizes that sum exactly, times within their intervals, and what cannot be. */
#include "controlplane/orders/slices/slices.h"
#include "tests/support/support.h"

#define SECOND 1000000000LL

static struct mr_slices_plan timed(unsigned kind, mr_size size, mr_size lot, uint32_t slices)
{
    return (struct mr_slices_plan){.parent = {.type = MR_ORDER_LIMIT, .price = 100, .size = size},
                                   .kind = (uint8_t)kind,
                                   .lot = lot,
                                   .slices = slices,
                                   .duration_ns = slices * 10 * SECOND};
}

static struct mr_slices_plan iceberg(mr_size size, mr_size lot, mr_size shown)
{
    return (struct mr_slices_plan){.parent = {.type = MR_ORDER_LIMIT, .price = 100, .size = size},
                                   .kind = MR_SLICES_ICEBERG,
                                   .lot = lot,
                                   .shown = shown};
}

static void a_twap_is_cut_into_equal_lots_and_the_rest_is_in_the_last(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        mr_size size, lot;
        uint32_t slices;
        mr_size each, last;
    } rows[] = {
        {"even", 800, 1, 4, 200, 200},
        {"a rest", 803, 1, 4, 200, 203},
        {"lots of 10", 830, 10, 4, 200, 230},
        {"one slice", 70, 10, 1, 70, 70},
        {"a lot each", 40, 10, 4, 10, 10},
        {"nearly two lots each", 70, 10, 4, 10, 40},
        {"large", INT64_MAX / 7 * 7, 7, 64, 0, 0},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct mr_slices_plan p = timed(MR_SLICES_TWAP, rows[i].size, rows[i].lot, rows[i].slices);
        mr_size sizes[MR_SLICES_MAX], sum = 0;
        if (mr_slices_check(&p, 0) != MR_OK)
            fail_msg("%s", rows[i].says);
        mr_slices_sizes(&p, sizes);
        for (uint32_t k = 0; k < MR_SLICES_MAX; k++) {
            assert_true(sizes[k] % rows[i].lot == 0 && (sizes[k] > 0) == (k < rows[i].slices));
            sum += sizes[k];
        }
        assert_true(sum == rows[i].size);
        if (rows[i].each && (sizes[0] != rows[i].each || sizes[rows[i].slices - 1] != rows[i].last))
            fail_msg("%s: %lld ... %lld", rows[i].says, (long long)sizes[0], (long long)sizes[rows[i].slices - 1]);
    }
}

static void a_vwap_is_cut_by_largest_remainder(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        mr_size size, lot;
        uint32_t weight[4];
        mr_size want[4];
    } rows[] = {
        {"by the weights", 100, 1, {10, 20, 30, 40}, {10, 20, 30, 40}},
        {"equal rests: the earlier first", 10, 1, {1, 1, 1, 1}, {3, 3, 2, 2}},
        {"largest rests first", 10, 1, {1, 2, 3, 1}, {2, 3, 4, 1}}, /* 1.43 2.86 4.29 1.43 */
        {"an interval without volume", 9, 1, {1, 0, 1, 1}, {3, 0, 3, 3}},
        {"fewer lots than intervals", 2, 1, {1, 5, 4, 1}, {0, 1, 1, 0}},
        {"lots", 100, 10, {1, 1, 1, 0}, {40, 30, 30, 0}},
        {"all in one", 77, 7, {0, 0, 4000000000u, 0}, {0, 0, 77, 0}},
        {"large", 9000000000000000000, 1, {4294967295u, 1, 4294967295u, 1}, {0, 0, 0, 0}},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct mr_slices_plan p = timed(MR_SLICES_VWAP, rows[i].size, rows[i].lot, 4);
        mr_size sizes[MR_SLICES_MAX], sum = 0;
        memcpy(p.weight, rows[i].weight, sizeof rows[i].weight);
        if (mr_slices_check(&p, 0) != MR_OK)
            fail_msg("%s", rows[i].says);
        mr_slices_sizes(&p, sizes);
        for (uint32_t k = 0; k < 4; k++) {
            sum += sizes[k];
            if (i + 1 < MR_COUNT_OF(rows) && sizes[k] != rows[i].want[k])
                fail_msg("%s: slice %u is %lld", rows[i].says, k, (long long)sizes[k]);
        }
        assert_true(sum == rows[i].size);
    }
}

/* Whatever the weights: exact, on the lot, and no slice is a lot or more from its share. */
static void any_profile_sums_exactly_and_nearly_as_it_says(void **state)
{
    (void)state;
    struct mr_random rnd = {7};
    for (int n = 0; n < 3000; n++) {
        uint32_t slices = 1 + (uint32_t)mr_random_below(&rnd, MR_SLICES_MAX);
        mr_size lot = 1 + (mr_size)mr_random_below(&rnd, 1000),
                size = lot * (1 + (mr_size)mr_random_below(&rnd, n % 2 ? 100 : 1000000000));
        struct mr_slices_plan p = timed(MR_SLICES_VWAP, size, lot, slices);
        mr_size sizes[MR_SLICES_MAX], sum = 0;
        uint64_t all = 0;
        for (uint32_t i = 0; i < slices; i++)
            all += p.weight[i] = (uint32_t)mr_random_below(&rnd, mr_random_below(&rnd, 3) ? 5 : 4000000000u);
        if (!all)
            continue;
        assert_int_equal(mr_slices_check(&p, 0), MR_OK);
        mr_slices_sizes(&p, sizes);
        for (uint32_t i = 0; i < slices; i++) {
            mr_i128 off = (mr_i128)sizes[i] * (mr_i128)all - (mr_i128)size * p.weight[i];
            assert_true(sizes[i] >= 0 && sizes[i] % lot == 0);
            assert_true(off < (mr_i128)lot * (mr_i128)all && off > -(mr_i128)lot * (mr_i128)all);
            assert_true(p.weight[i] || !sizes[i]);
            sum += sizes[i];
        }
        assert_true(sum == size);
    }
}

static void slices_begin_evenly_and_leave_within_their_interval_by_the_seed(void **state)
{
    (void)state;
    struct mr_slices_plan p = timed(MR_SLICES_TWAP, 700, 1, 7);
    int64_t started = 1000 * SECOND, late = 0, other_seed = 0;
    p.duration_ns = 100 * SECOND;
    assert_true(mr_slices_begins(&p, started, 0) == started);
    assert_true(mr_slices_begins(&p, started, 7) == started + 100 * SECOND);
    for (uint32_t vary = 0; vary <= 9000; vary += 3000)
        for (uint64_t seed = 0; seed < 50; seed++) {
            p.vary_e4 = vary;
            for (uint32_t i = 0; i < 7; i++) {
                p.seed = seed;
                int64_t begins = mr_slices_begins(&p, started, i), over = mr_slices_begins(&p, started, i + 1);
                int64_t leaves = mr_slices_leaves(&p, started, i);
                assert_true(over - begins >= 14285714285 && over - begins <= 14285714286);
                assert_true(leaves >= begins && leaves <= begins + (over - begins) * vary / 10000);
                assert_true(leaves == mr_slices_leaves(&p, started, i)); /* and so after a restart */
                late += leaves > begins;
                p.seed = seed + 1;
                other_seed += leaves != mr_slices_leaves(&p, started, i);
            }
        }
    assert_int_equal(late, 3 * 50 * 7); /* all but those of vary 0 */
    assert_int_equal(other_seed, 3 * 50 * 7);
}

static void what_is_shown_differs_by_the_seed_within_its_share(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        mr_size size, lot, shown;
        uint32_t vary_e4;
        mr_size least, most;
    } rows[] = {
        {"not at all", 1000, 1, 100, 0, 100, 100},    {"by a fifth", 1000, 1, 100, 2000, 80, 120},
        {"on the lot", 1000, 10, 100, 2500, 80, 120}, {"never nothing", 1000, 10, 10, 9000, 10, 10},
        {"nearly all", 1000, 1, 10, 9000, 1, 19},     {"never more than there is", 100, 1, 100, 2000, 80, 100},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct mr_slices_plan p = iceberg(rows[i].size, rows[i].lot, rows[i].shown);
        mr_size least = INT64_MAX, most = 0;
        p.vary_e4 = rows[i].vary_e4;
        p.seed = 11;
        assert_int_equal(mr_slices_check(&p, 0), MR_OK);
        for (uint32_t k = 0; k < 2000; k++) {
            mr_size shown = mr_slices_shown(&p, k);
            assert_true(shown % rows[i].lot == 0);
            least = shown < least ? shown : least;
            most = shown > most ? shown : most;
        }
        if (least != rows[i].least || most != rows[i].most)
            fail_msg("%s: %lld to %lld", rows[i].says, (long long)least, (long long)most);
    }
}

static void plans_that_cannot_be_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 38; i++) {
        struct mr_slices_plan t = timed(MR_SLICES_TWAP, 800, 10, 4), v = timed(MR_SLICES_VWAP, 800, 10, 4),
                              c = iceberg(800, 10, 100);
        struct mr_slices_plan *p = i < 25 ? &t : i < 29 ? &v : &c;
        v.weight[0] = 1;
        assert_int_equal(mr_slices_check(p, 5), MR_OK);
        /* clang-format off */
        switch (i) {
        case 0: t.parent.size = 0; break;
        case 1: t.parent.size = -800; break;
        case 2: t.parent.size = 805; break; /* not on the lot */
        case 3: t.parent.price = 0; break;
        case 4: t.parent.price = -1; break;
        case 5: t.parent.type = MR_ORDER_MARKET; break; /* without a limit */
        case 6: t.parent.stop_price = 90; break;
        case 7: t.parent.side = 2; break;
        case 8: t.parent.tif = MR_TIF_IOC; break;
        case 9: t.parent.role = MR_ROLE_STOP; break;
        case 10: t.parent.flags = 16; break;
        case 11: t.parent.flags = MR_ORDER_EMERGENCY | MR_ORDER_REDUCE_ONLY; break;
        case 12: t.parent.parent = 3; break;
        case 13: t.parent.arrival_mid = -1; break;
        case 14: t.kind = MR_SLICES_KIND_COUNT; break;
        case 15: t.lot = 0; break;
        case 16: t.slices = 0; break;
        case 17: t.slices = MR_SLICES_MAX + 1, t.duration_ns = 1000 * SECOND, t.parent.size = 8000; break;
        case 18: t.slices = 40, t.parent.size = 390; break; /* more slices than lots */
        case 19: t.duration_ns = 4 * SECOND - 1; break;
        case 20: t.duration_ns = MR_SLICES_DURATION_NS + 1; break;
        case 21: t.shown = 10; break;
        case 22: t.parent.expires_ns = 100 * SECOND; break; /* its duration says it */
        case 23: t.weight[0] = 1; break;
        case 24: t.vary_e4 = 9001; break;
        case 25: v.weight[0] = 0; break;
        case 26: v.weight[4] = 1; break; /* beyond the last */
        case 27: v.passive = 2; break;
        case 28: v.catch_up = 2; break;
        case 29: c.shown = 0; break;
        case 30: c.shown = -10; break;
        case 31: c.shown = 15; break;
        case 32: c.shown = 810; break;
        case 33: c.slices = 1; break;
        case 34: c.duration_ns = SECOND; break;
        case 35: c.passive = 1; break;
        case 36: c.weight[63] = 1; break;
        default: c.parent.expires_ns = 5; break; /* it is over */
        }
        /* clang-format on */
        if (mr_slices_check(p, 5) != MR_E_RANGE)
            fail_msg("row %d is taken", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_twap_is_cut_into_equal_lots_and_the_rest_is_in_the_last),
        cmocka_unit_test(a_vwap_is_cut_by_largest_remainder),
        cmocka_unit_test(any_profile_sums_exactly_and_nearly_as_it_says),
        cmocka_unit_test(slices_begin_evenly_and_leave_within_their_interval_by_the_seed),
        cmocka_unit_test(what_is_shown_differs_by_the_seed_within_its_share),
        cmocka_unit_test(plans_that_cannot_be_are_refused),
    };
    return MR_TEST_MAIN(tests);
}
