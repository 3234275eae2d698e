/* State across a restart. */
#include "engines/volatility/volatility.h"
#include "tests/support/support.h"

#define SEC   1000000000ll
#define START 1790000040000000000ll

static const struct mr_volatility_config config = {.instrument = 7};
static const struct mr_instrument btc = {.id = 7, .venue = 1, .price_scale = 8};

static struct mr_volatility *fresh(const struct mr_volatility_config *c)
{
    void *mem = aligned_alloc(64, (mr_volatility_bytes(c) + 63) / 64 * 64);
    memset(mem, 0xa5, mr_volatility_bytes(c));
    return mr_volatility_init(mem, c);
}

static void seconds(struct mr_volatility *v, int from, int until)
{
    struct mr_random random = {(uint64_t)from};
    for (int i = from; i < until; i++) {
        struct mr_event ev = {.recv_ns = START + i * SEC + 5,
                              .kind = MR_EVENT_TRADE,
                              .instrument = 7,
                              .size = 1,
                              .price = 6000000000000 + (int64_t)mr_random_below(&random, 20000000000)};
        mr_volatility_apply(v, &ev, &btc);
    }
    mr_volatility_tick(v, START + until * SEC);
}

static struct mr_volatility_view view(const struct mr_volatility *v)
{
    struct mr_volatility_view out;
    mr_volatility_query(v, &out);
    out.flags &= ~(uint32_t)MR_VOLATILITY_RESTORED;
    return out;
}

static void *saved(const struct mr_volatility *v)
{
    void *state = malloc(mr_volatility_state_bytes());
    mr_volatility_save(v, state);
    return state;
}

static void a_restored_engine_goes_on_as_if_nothing_had_been(void **state)
{
    (void)state;
    static const int stop[] = {1, 30, 299, 301, 4000, 9000};
    for (size_t k = 0; k < MR_COUNT_OF(stop); k++) {
        struct mr_volatility *a = fresh(&config), *b = fresh(&config);
        seconds(a, 0, stop[k]);
        void *bytes = saved(a);
        assert_int_equal(mr_volatility_restore(b, bytes, mr_volatility_state_bytes(), START + stop[k] * SEC), MR_OK);
        for (int i = stop[k]; i < stop[k] + 4000; i += 100) {
            struct mr_volatility_view va = view(a), vb = view(b);
            assert_memory_equal(&va, &vb, sizeof(va));
            seconds(a, i, i + 100);
            seconds(b, i, i + 100);
        }
        free(bytes);
        free(a);
        free(b);
    }
}

static void old_state_gives_its_samples_only(void **state)
{
    (void)state;
    struct mr_volatility *a = fresh(&config), *b = fresh(&config);
    seconds(a, 0, 9000);
    void *bytes = saved(a);
    assert_int_equal(mr_volatility_restore(b, bytes, mr_volatility_state_bytes(), START + 9000 * SEC + 301 * SEC),
                     MR_OK);
    struct mr_volatility_view va = view(a), vb = view(b);
    assert_int_equal(vb.samples, va.samples);
    assert_true(vb.flags & MR_VOLATILITY_WARMING);
    assert_true(vb.price == 0 && vb.vol[0] == 0);
    seconds(b, 9400, 9800);
    vb = view(b);
    assert_false(vb.flags & MR_VOLATILITY_WARMING);
    assert_true(vb.percentile > 0);
    struct mr_volatility *c = fresh(&config);
    assert_int_equal(mr_volatility_restore(c, bytes, mr_volatility_state_bytes(), START + (9000 + 86400) * SEC), MR_OK);
    assert_int_equal(view(c).samples, 0); /* a day old: none left */
    free(bytes);
    free(a);
    free(b);
    free(c);
}

static void foreign_or_broken_state_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    const struct mr_volatility_config other_lambda = {.instrument = 7, .ewma_lambda = 0.9},
                                      other_stale = {.instrument = 7, .stale_s = 5};
    struct mr_volatility *a = fresh(&config);
    seconds(a, 0, 5000);
    size_t bytes = mr_volatility_state_bytes();
    uint8_t *good = saved(a), *bad = malloc(bytes + 1);
    int64_t now = START + 5000 * SEC;
    struct mr_volatility *b = fresh(&config), *c = fresh(&other_lambda), *d = fresh(&other_stale);
    struct mr_volatility_view before = view(b);
    assert_int_equal(mr_volatility_restore(b, good, bytes - 1, now), MR_E_LAYOUT);
    assert_int_equal(mr_volatility_restore(b, good, 0, now), MR_E_LAYOUT);
    assert_int_equal(mr_volatility_restore(b, good, bytes, now - SEC), MR_E_RANGE);
    assert_int_equal(mr_volatility_restore(c, good, bytes, now), MR_E_LAYOUT);
    assert_int_equal(mr_volatility_restore(d, good, bytes, now), MR_E_LAYOUT);
    memset(bad, 0xff, bytes);
    assert_true(mr_volatility_restore(b, bad, bytes, now) < 0);
    struct mr_volatility_view after = view(b);
    assert_memory_equal(&before, &after, sizeof(before));
    free(good);
    free(bad);
    free(a);
    free(b);
    free(c);
    free(d);
}

/* Whatever single byte is wrong: refused, or an engine that works and gives finite numbers. */
static void no_wrong_byte_breaks_the_engine(void **state)
{
    (void)state;
    struct mr_volatility *a = fresh(&config), *b = fresh(&config);
    seconds(a, 0, 5000);
    size_t bytes = mr_volatility_state_bytes();
    uint8_t *bad = saved(a);
    size_t step = getenv("MILLRACE_QUICK") ? 997 : 41;
    for (size_t i = 0; i < bytes; i += i < 1200 ? 1 : step) {
        bad[i] ^= 0xff;
        if (mr_volatility_restore(b, bad, bytes, START + 5000 * SEC) == MR_OK) {
            seconds(b, 5001, 5005);
            struct mr_volatility_view v = view(b);
            for (int w = 0; w < MR_VOLATILITY_WINDOWS; w++)
                assert_true(v.vol[w] >= 0 && v.vol[w] < 1e6 && v.parkinson[w] >= 0);
            assert_true(v.multiplier >= 1 && v.multiplier <= 10 && v.regime < MR_REGIME_COUNT && v.samples <= 1440);
        }
        bad[i] ^= 0xff;
    }
    free(bad);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restored_engine_goes_on_as_if_nothing_had_been),
        cmocka_unit_test(old_state_gives_its_samples_only),
        cmocka_unit_test(foreign_or_broken_state_is_refused_and_changes_nothing),
        cmocka_unit_test(no_wrong_byte_breaks_the_engine),
    };
    return MR_TEST_MAIN(tests);
}
