#include "dataplane/metrics/hist.h"
#include "tests/support/support.h"

#include <math.h>

static struct mr_hist *fresh(unsigned bits)
{
    void *mem = aligned_alloc(64, (mr_hist_bytes(bits) + 63) / 64 * 64);
    assert_non_null(mem);
    return mr_hist_init(mem, bits);
}

struct edges {
    int64_t low, high;
    uint64_t count;
    uint32_t calls;
};

static void keep(void *arg, int64_t low, int64_t high, uint64_t count)
{
    struct edges *e = arg;
    *e = (struct edges){low, high, count, e->calls + 1};
}

/* The bucket of every power of two, one beside it on both sides, and random values: it holds the value and is narrow.
 */
static void a_bucket_holds_its_value_and_is_narrow(void **state)
{
    (void)state;
    struct mr_random random = {1};
    for (unsigned fine = 0; fine < 2; fine++) {
        unsigned bits = fine ? MR_HIST_BITS_FINE : MR_HIST_BITS;
        for (int i = 0; i < 600; i++) {
            int64_t value = i < 126 ? ((int64_t)1 << i / 3) + i % 3 - 1
                                    : (int64_t)(mr_random_next(&random) >> (22 + mr_random_below(&random, 42)));
            struct mr_hist *h = fresh(bits);
            struct edges got = {0};
            mr_hist_record(h, value);
            mr_hist_each(h, keep, &got);
            assert_int_equal(got.calls, 1);
            assert_int_equal(got.count, 1);
            assert_true(got.low <= value && value <= got.high);
            assert_true(got.high - got.low <= value >> bits);
            assert_int_equal(mr_hist_percentile(h, 0.5), got.high);
            assert_int_equal(mr_hist_min(h), value);
            assert_int_equal(mr_hist_max(h), value);
            free(h);
        }
    }
}

static void buckets_follow_each_other_without_gap_or_overlap(void **state)
{
    (void)state;
    for (unsigned fine = 0; fine < 2; fine++) {
        unsigned bits = fine ? MR_HIST_BITS_FINE : MR_HIST_BITS;
        uint32_t want = 0;
        for (uint64_t value = 0; value < (uint64_t)1 << MR_HIST_RANGE_BITS; want++) {
            assert_int_equal(mr_hist_bucket(value, bits), want);
            unsigned shift = value < 2u << bits ? 0 : 63u - (unsigned)__builtin_clzll(value) - bits;
            assert_int_equal(mr_hist_bucket(value + ((uint64_t)1 << shift) - 1, bits), want);
            value += (uint64_t)1 << shift;
        }
        assert_int_equal(want, MR_HIST_BUCKETS(bits));
    }
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void percentiles_agree_with_sorted_values(void **state)
{
    (void)state;
    enum { N = 20011 };
    static int64_t values[N];
    static const double ps[] = {1e-9, 0.001, 0.07, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
    struct mr_random random = {7};
    for (unsigned fine = 0; fine < 2; fine++) {
        unsigned bits = fine ? MR_HIST_BITS_FINE : MR_HIST_BITS;
        struct mr_hist *h = fresh(bits);
        uint64_t sum = 0;
        for (int i = 0; i < N; i++) {
            values[i] = (int64_t)(mr_random_next(&random) >> (22 + mr_random_below(&random, 42)));
            sum += (uint64_t)values[i];
            mr_hist_record(h, values[i]);
        }
        qsort(values, N, sizeof values[0], by_value);
        for (size_t i = 0; i < MR_COUNT_OF(ps); i++) {
            int64_t exact = values[(int)ceil(ps[i] * N) - 1], got = mr_hist_percentile(h, ps[i]);
            assert_true(got >= exact && got - exact <= exact >> bits);
        }
        assert_int_equal(mr_hist_count(h), N);
        assert_int_equal(mr_hist_sum(h), sum);
        assert_int_equal(mr_hist_min(h), values[0]);
        assert_int_equal(mr_hist_max(h), values[N - 1]);
        assert_true(fabs(mr_hist_mean(h) - (double)sum / N) < 1e-3);
        free(h);
    }
}

/* Histograms that are used again: what one walk says is what each percentile says, and nothing stays of what was there. */
static void a_copy_into_a_used_histogram_is_as_into_a_fresh_one(void **state)
{
    (void)state;
    static const double points[] = {0.1, 0.1, 0.5, 0.9, 0.99, 1};
    struct mr_random random = {3};
    for (unsigned fine = 0; fine < 2; fine++) {
        unsigned bits = fine ? MR_HIST_BITS_FINE : MR_HIST_BITS;
        struct mr_hist *used = fresh(bits);
        for (int i = 0; i < 200; i++) {
            struct mr_hist *h = fresh(bits), *copy = fresh(bits);
            int64_t at[MR_COUNT_OF(points)];
            unsigned shift = 22 + (unsigned)mr_random_below(&random, 42);
            for (uint64_t n = mr_random_below(&random, 50); n > 0; n--)
                mr_hist_record(h, (int64_t)(mr_random_next(&random) >> shift) + 1000);
            assert_int_equal(mr_hist_copy(used, h), MR_OK);
            assert_int_equal(mr_hist_copy(copy, h), MR_OK);
            assert_memory_equal(mr_hist_counts(used), mr_hist_counts(h), MR_HIST_BUCKETS(bits) * sizeof(uint64_t));
            assert_memory_equal(mr_hist_counts(copy), mr_hist_counts(h), MR_HIST_BUCKETS(bits) * sizeof(uint64_t));
            assert_int_equal(mr_hist_percentiles(used, points, MR_COUNT_OF(points), at), mr_hist_count(h));
            for (size_t k = 0; k < MR_COUNT_OF(points); k++)
                assert_int_equal(at[k], mr_hist_percentile(h, points[k]));
            free(h), free(copy);
        }
        free(used);
    }
}

static void the_rank_is_the_whole_number_meant(void **state)
{
    (void)state;
    static const struct {
        double p;
        int n;
        int64_t want;
    } cases[] = {
        {0.07, 100, 7}, {0.5, 100, 50},     {0.5, 101, 51},  {0.99, 100, 99}, {0.991, 100, 100}, {0.29, 100, 29},
        {1, 100, 100},  {0.000001, 100, 1}, {0.57, 100, 57}, {2, 100, 100},   {-1, 100, 1},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_hist *h = fresh(MR_HIST_BITS);
        for (int v = 1; v <= cases[i].n; v++)
            mr_hist_record(h, v);
        assert_int_equal(mr_hist_percentile(h, cases[i].p), cases[i].want);
        free(h);
    }
}

static void negative_and_far_values_are_counted_apart(void **state)
{
    (void)state;
    struct mr_hist *h = fresh(MR_HIST_BITS);
    assert_int_equal(mr_hist_percentile(h, 0.5), 0);
    assert_int_equal(mr_hist_min(h), 0);
    assert_int_equal(mr_hist_max(h), 0);
    assert_true(mr_hist_mean(h) == 0.0);
    mr_hist_record(h, -1);
    mr_hist_record(h, INT64_MIN);
    assert_int_equal(mr_hist_count(h), 0);
    assert_int_equal(mr_hist_negative(h), 2);
    mr_hist_record(h, ((int64_t)1 << 42) - 1);
    assert_int_equal(mr_hist_beyond(h), 0);
    mr_hist_record(h, (int64_t)1 << 42);
    mr_hist_record(h, INT64_MAX);
    assert_int_equal(mr_hist_beyond(h), 2);
    assert_int_equal(mr_hist_count(h), 3);
    assert_int_equal(mr_hist_max(h), INT64_MAX);
    assert_int_equal(mr_hist_min(h), ((int64_t)1 << 42) - 1);
    assert_int_equal(mr_hist_percentile(h, 1), ((int64_t)1 << 42) - 1);
    assert_int_equal(mr_hist_sum(h), 3 * ((uint64_t)1 << 42) - 1);
    free(h);
}

/* Extremes are those of the values, in whatever order these come, and whatever the histogram was before: recorded into,
 * a copy, a sum, a difference, begun anew. */
static void extremes_are_exact_in_any_order(void **state)
{
    (void)state;
    const int64_t far = ((int64_t)1 << 42) - 1;
    const int64_t values[] = {0, 1, 5, 127, 128, 5000, far - 1, far, far + 1, INT64_MAX, -1};
    enum { N = MR_COUNT_OF(values) };
    for (int before = 0; before < 5; before++)
        for (int i = 0; i < N * N * N; i++) {
            int64_t three[] = {values[i % N], values[i / N % N], values[i / N / N]}, min = INT64_MAX, max = -1;
            struct mr_hist *h = fresh(MR_HIST_BITS), *other = fresh(MR_HIST_BITS);
            mr_hist_record(other, 3000);
            if (before == 1)
                assert_int_equal(mr_hist_copy(h, other), MR_OK);
            if (before == 2)
                assert_int_equal(mr_hist_add(h, other), MR_OK);
            if (before >= 3)
                mr_hist_record(h, 3000);
            if (before == 3)
                mr_hist_reset(h);
            if (before == 4)
                assert_int_equal(mr_hist_subtract(h, other), MR_OK);
            if (before == 1 || before == 2)
                min = max = 3000;
            for (int k = 0; k < 3; k++) {
                mr_hist_record(h, three[k]);
                min =
                    three[k] >= 0 && (three[k] < far ? three[k] : far) < min ? (three[k] < far ? three[k] : far) : min;
                max = three[k] > max ? three[k] : max;
            }
            assert_int_equal(mr_hist_min(h), max < 0 ? 0 : min);
            assert_int_equal(mr_hist_max(h), max < 0 ? 0 : max);
            free(h), free(other);
        }
}

static void an_interval_is_the_difference_of_two_copies(void **state)
{
    (void)state;
    struct mr_hist *h = fresh(MR_HIST_BITS), *before = fresh(MR_HIST_BITS), *now = fresh(MR_HIST_BITS);
    mr_hist_record(h, 10);
    mr_hist_record(h, 5000);
    mr_hist_record(h, -3);
    assert_int_equal(mr_hist_copy(before, h), MR_OK);
    mr_hist_record(h, 1000);
    mr_hist_record(h, 1000);
    mr_hist_record(h, -3);
    assert_int_equal(mr_hist_copy(now, h), MR_OK);
    assert_int_equal(mr_hist_subtract(now, before), MR_OK);
    assert_int_equal(mr_hist_count(now), 2);
    assert_int_equal(mr_hist_negative(now), 1);
    assert_int_equal(mr_hist_sum(now), 2000);
    assert_true(mr_hist_min(now) <= 1000 && mr_hist_min(now) >= 1000 - 8);
    assert_true(mr_hist_max(now) >= 1000 && mr_hist_max(now) <= 1000 + 8);
    assert_int_equal(mr_hist_add(now, before), MR_OK);
    assert_int_equal(mr_hist_count(now), mr_hist_count(h));
    assert_int_equal(mr_hist_sum(now), mr_hist_sum(h));
    assert_int_equal(mr_hist_min(now), 10);
    assert_int_equal(mr_hist_max(now), 5000);
    assert_int_equal(mr_hist_subtract(before, h), MR_OK); /* the wrong way round: nothing below zero */
    assert_int_equal(mr_hist_count(before), 0);
    assert_int_equal(mr_hist_max(before), 0);
    free(h), free(before), free(now);
}

static void a_stall_stands_for_the_requests_it_held_up(void **state)
{
    (void)state;
    struct mr_hist *h = fresh(MR_HIST_BITS), *paced = fresh(MR_HIST_BITS);
    mr_hist_record(h, 5);
    mr_hist_record(h, 100);
    assert_int_equal(mr_hist_add_paced(paced, h, 10), MR_OK);
    assert_int_equal(mr_hist_count(paced), 2 + 9); /* 90, 80, ... 10 */
    assert_int_equal(mr_hist_percentile(paced, 0.5), 50);
    assert_int_equal(mr_hist_add_paced(paced, h, 0), MR_E_INVALID);
    mr_hist_record(h, (int64_t)1 << 40);
    assert_int_equal(mr_hist_add_paced(paced, h, 1), MR_E_TOO_BIG);
    free(h), free(paced);
}

static void other_sizes_and_foreign_memory_are_refused(void **state)
{
    (void)state;
    struct mr_hist *h = fresh(MR_HIST_BITS), *fine = fresh(MR_HIST_BITS_FINE);
    assert_int_equal(mr_hist_copy(h, fine), MR_E_LAYOUT);
    assert_int_equal(mr_hist_add(h, fine), MR_E_LAYOUT);
    assert_int_equal(mr_hist_subtract(fine, h), MR_E_LAYOUT);
    assert_int_equal(mr_hist_add_paced(fine, h, 5), MR_E_LAYOUT);
    assert_int_equal(mr_hist_bytes(8), 0);
    assert_int_equal(mr_hist_check(h, mr_hist_bytes(MR_HIST_BITS)), MR_OK);
    assert_int_equal(mr_hist_check(h, mr_hist_bytes(MR_HIST_BITS) - 1), MR_E_TRUNCATED);
    assert_int_equal(mr_hist_check(h, 3), MR_E_TRUNCATED);
    h->sub_bits = 11;
    assert_int_equal(mr_hist_check(h, mr_hist_bytes(MR_HIST_BITS)), MR_E_LAYOUT);
    assert_int_equal(mr_hist_copy(fine, h), MR_E_LAYOUT);
    assert_int_equal(mr_hist_count(h), 0); /* nothing is walked */
    h->version = 9;
    assert_int_equal(mr_hist_check(h, mr_hist_bytes(MR_HIST_BITS)), MR_E_VERSION);
    h->magic ^= 1;
    assert_int_equal(mr_hist_check(h, mr_hist_bytes(MR_HIST_BITS)), MR_E_MAGIC);
    free(h), free(fine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_holds_its_value_and_is_narrow),
        cmocka_unit_test(buckets_follow_each_other_without_gap_or_overlap),
        cmocka_unit_test(percentiles_agree_with_sorted_values),
        cmocka_unit_test(a_copy_into_a_used_histogram_is_as_into_a_fresh_one),
        cmocka_unit_test(the_rank_is_the_whole_number_meant),
        cmocka_unit_test(negative_and_far_values_are_counted_apart),
        cmocka_unit_test(extremes_are_exact_in_any_order),
        cmocka_unit_test(an_interval_is_the_difference_of_two_copies),
        cmocka_unit_test(a_stall_stands_for_the_requests_it_held_up),
        cmocka_unit_test(other_sizes_and_foreign_memory_are_refused),
    };
    return MR_TEST_MAIN(tests);
}
