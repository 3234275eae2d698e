/* Volatility against a reference that keeps every trade and works each second out from its definition. */
#include <math.h>

#include "tests/engines/reference/volatility.h"
#include "tests/support/support.h"

#define SEC    1000000000ll
#define START  1790000040000000000ll /* a whole minute */
#define STALE_S 60

/* --- the world ------------------------------------------------------------------------------------------------- */

static const struct mr_volatility_config config = {.instrument = 7, .stale_s = STALE_S};
static const struct mr_instrument btc = {.id = 7, .venue = 1, .price_scale = 8, .size_scale = 8};

static struct mr_volatility *fresh(void)
{
    static void *mem;
    free(mem);
    mem = aligned_alloc(64, (mr_volatility_bytes(&config) + 63) / 64 * 64);
    memset(mem, 0xa5, mr_volatility_bytes(&config));
    volatility_ref_open(START, STALE_S);
    return mr_volatility_init(mem, &config);
}

static void trade(struct mr_volatility *v, int64_t now, int64_t price)
{
    struct mr_event ev = {.recv_ns = now, .kind = MR_EVENT_TRADE, .instrument = 7, .price = price, .size = 1};
    mr_volatility_apply(v, &ev, &btc);
}

static void near(double got, double want, double slack, const char *what, int i)
{
    if (!(fabs(got - want) <= 1e-12 * fabs(want) + slack))
        fail_msg("%s at second %d: %.17g, by definition %.17g", what, i, got, want);
}

/* A price that walks, in moods: dead, calm, wild, silent. `each` is called after each second. */
struct walk {
    struct mr_random random;
    int64_t price;
    double step;
    int silent;
};

static void walk_second(struct walk *w, struct mr_volatility *v, int i, bool tick)
{
    static const double steps[] = {0, 0.0001, 0.0003, 0.0006, 0.0012, 0.0020, 0.0040};
    if (i % 400 == 0)
        w->step = steps[mr_random_below(&w->random, MR_COUNT_OF(steps))];
    if (mr_random_below(&w->random, 2500) == 0)
        w->silent = (int)mr_random_below(&w->random, 400);
    int n = w->silent > 0 ? 0 : (int)mr_random_below(&w->random, 4);
    w->silent -= w->silent > 0;
    int64_t at = START + (i - 1) * SEC; /* trades in (i - 1, i], sometimes exactly at its end */
    for (int k = 0; k < n; k++) {
        at += k == n - 1 && mr_random_below(&w->random, 10) == 0
                  ? START + i * SEC - at
                  : 1 + (int64_t)mr_random_below(&w->random, SEC / 4 - 1);
        w->price += (int64_t)((double)w->price * w->step * ((double)mr_random_below(&w->random, 2001) - 1000) / 800);
        trade(v, at, w->price);
        volatility_ref_trade(at, w->price);
    }
    if (tick)
        mr_volatility_tick(v, START + i * SEC);
    volatility_ref_second(i);
}

static void walks_equal_the_definition(void **state)
{
    (void)state;
    int seconds = getenv("MILLRACE_QUICK") ? 3 * 3600 : 28 * 3600;
    bool seen[MR_REGIME_COUNT] = {0};
    struct mr_volatility *v = fresh();
    struct walk w = {{2026}, 6712345000000, 0.0003, 0};
    for (int i = 1; i <= seconds; i++) {
        walk_second(&w, v, i, i % 3 || i % 60 < 30); /* some ticks never come */
        if (i % 97 == 0 || i % 3600 < 3 || (i > 290 && i < 310)) {
            mr_volatility_tick(v, START + i * SEC);
            volatility_check(v, i);
        }
        seen[volatility_ref.regime] = true;
    }
    for (int r = 0; r < MR_REGIME_COUNT; r++)
        assert_true(seen[r]);
}

/* Golden: bits of all outputs on a seeded walk. */
static void outputs_have_the_same_bits_everywhere(void **state)
{
    (void)state;
    struct mr_volatility *v = fresh();
    struct walk w = {{11}, 6712345000000, 0.0003, 0};
    uint64_t digest = 0xcbf29ce484222325ull;
    for (int i = 1; i <= 9000; i++) {
        walk_second(&w, v, i, true);
        struct mr_volatility_view view;
        mr_volatility_query(v, &view);
        uint64_t words[sizeof(view) / 8];
        memcpy(words, &view, sizeof(words));
        for (size_t k = 0; k < MR_COUNT_OF(words); k++)
            digest = (digest ^ words[k]) * 0x100000001b3ull;
    }
    if (digest != 0x862e1a60466360e1ull)
        fail_msg("digest 0x%016llx", (unsigned long long)digest);
}

/* sigma of 1 s returns x sqrt(300): a price that goes up and down by 0.03 % each second is 0.52 % in 5 minutes. */
static void scale_is_of_the_window_not_of_the_year(void **state)
{
    (void)state;
    struct mr_volatility *v = fresh();
    for (int i = 1; i <= 400; i++)
        trade(v, START + i * SEC, i % 2 ? 100000000000 : 100030000000);
    mr_volatility_tick(v, START + 400 * SEC);
    struct mr_volatility_view view;
    mr_volatility_query(v, &view);
    double r = log(1.0003) * 100;
    near(view.vol[MR_VOLATILITY_5M], r * sqrt(300), 1e-12, "5 min", 400);
    near(view.vol[MR_VOLATILITY_1M], r * sqrt(60), 1e-12, "1 min", 400);
    near(view.annualised[MR_VOLATILITY_5M], r * sqrt(365.0 * 86400), 1e-9, "a year", 400);
    assert_int_equal(view.regime, MR_REGIME_LOW);
}

/* The same path with 1 and with 20 trades a second is the same volatility: sampling is by time, not by tick. */
static void more_ticks_change_nothing(void **state)
{
    (void)state;
    struct mr_volatility_view view[2];
    for (int busy = 0; busy < 2; busy++) {
        struct mr_volatility *v = fresh();
        struct mr_random random = {5};
        int64_t price = 6000000000000;
        for (int i = 1; i <= 4000; i++) {
            price += (int64_t)mr_random_below(&random, 20000000001) - 10000000000;
            for (int k = 1; k < (busy ? 20 : 1); k++)
                trade(v, START + (i - 1) * SEC + k * SEC / 20, price + k * 1000);
            trade(v, START + i * SEC - 1, price);
        }
        mr_volatility_tick(v, START + 4000 * SEC);
        mr_volatility_query(v, &view[busy]);
    }
    assert_memory_equal(view[0].vol, view[1].vol, sizeof(view[0].vol));
    assert_int_equal(view[0].samples, view[1].samples);
    assert_true(view[0].vol[MR_VOLATILITY_1H] > 0 && view[0].regime != MR_REGIME_DORMANT);
}

/* 24 h are 1,440 samples, not 288 ticks; the percentile is a share, so the rules above 90 and 95 can fire. */
static void history_is_a_day_of_minutes_and_its_percentile_a_share(void **state)
{
    (void)state;
    struct mr_volatility *v = fresh();
    struct mr_volatility_view view;
    int hours = 26, i = 1;
    for (; i <= hours * 3600; i++)
        trade(v, START + i * SEC - 1, i % 2 ? 100000000000 : 100020000000 + i % 7 * 100000);
    mr_volatility_tick(v, START + (i - 1) * SEC);
    mr_volatility_query(v, &view);
    assert_int_equal(view.samples, 1440);
    for (; i <= hours * 3600 + 120; i++)
        trade(v, START + i * SEC - 1, i % 2 ? 100000000000 : 101000000000);
    mr_volatility_tick(v, START + (i - 1) * SEC);
    mr_volatility_query(v, &view);
    assert_true(view.percentile == 100.0);
    assert_true(view.z > 3);
    assert_true(view.multiplier == 10.0);
}

static void a_constant_history_gives_no_nan(void **state)
{
    (void)state;
    struct mr_volatility *v = fresh();
    struct mr_volatility_view view;
    for (int i = 1; i <= 6 * 3600; i++)
        trade(v, START + i * SEC - 1, 6712345000000);
    mr_volatility_tick(v, START + 6 * 3600 * SEC);
    mr_volatility_query(v, &view);
    assert_true(view.samples >= 60);
    assert_true(view.z == 0 && view.acceleration == 0 && view.dispersion == 0 && view.multiplier == 1.5);
    assert_true(view.percentile == 100.0); /* all are <= the present 0: above the 95th */
    assert_int_equal(view.regime, MR_REGIME_DORMANT);
}

static void a_regime_is_left_downward_late_and_upward_at_once(void **state)
{
    (void)state;
    struct mr_volatility *v = fresh();
    struct mr_volatility_view view;
    int i = 1;
    for (; i <= 310; i++) /* 5.2 %: EXTREME */
        trade(v, START + i * SEC - 1, i % 2 ? 100000000000 : 100300500000);
    mr_volatility_tick(v, START + (i - 1) * SEC);
    mr_volatility_query(v, &view);
    assert_int_equal(view.regime, MR_REGIME_EXTREME);
    assert_int_equal(view.regime_changes, 1);
    for (; i <= 370; i++) { /* 30 calm seconds: 5.2 x sqrt(0.9) = 4.93, below 5, not below 4.5 */
        trade(v, START + i * SEC - 1, 100000000000);
        mr_volatility_tick(v, START + i * SEC);
        mr_volatility_query(v, &view);
        assert_int_equal(view.regime, view.vol[MR_VOLATILITY_5M] >= 4.5 ? MR_REGIME_EXTREME : MR_REGIME_HIGH);
    }
    for (; view.regime == MR_REGIME_EXTREME; i++) {
        trade(v, START + i * SEC - 1, 100000000000);
        mr_volatility_tick(v, START + i * SEC);
        mr_volatility_query(v, &view);
    }
    assert_int_equal(view.regime_before, MR_REGIME_EXTREME);
    assert_int_equal(view.regime, MR_REGIME_HIGH);
    assert_true(view.vol[MR_VOLATILITY_5M] < 4.5);
    trade(v, START + i * SEC - 1, 106000000000); /* a jump of 6 % within the 30 s: up at once */
    assert_int_equal(mr_volatility_tick(v, START + i * SEC), 1);
    mr_volatility_query(v, &view);
    assert_int_equal(view.regime, MR_REGIME_EXTREME);
    assert_int_equal(view.regime_ns, START + i * SEC);
}

/* A regime entered less than 30 s ago is not left downward however calm it is: the windows restart to make it so. */
static void a_regime_lasts_thirty_seconds_at_least(void **state)
{
    (void)state;
    struct mr_volatility *v = fresh();
    struct mr_volatility_view view;
    int i = 1, entered = 0, left = 0;
    for (; i <= 900; i++) { /* one jump of 3.1 % in a flat market: HIGH for as long as it is in the window, then 0 */
        trade(v, START + i * SEC - 1, i < 305 ? 100000000000 : i < 590 ? 103200000000 : 103300000000);
        mr_volatility_tick(v, START + i * SEC);
        mr_volatility_query(v, &view);
        if (!entered && view.regime == MR_REGIME_HIGH)
            entered = i;
        if (entered && !left && view.regime < MR_REGIME_HIGH)
            left = i;
    }
    assert_int_equal(entered, 305);
    assert_int_equal(left, 605); /* the jump has left the 300 s; the dwell is long over */
    v = fresh();
    /* a jump that enters the window 10 s before a bigger one leaves: EXTREME -> HIGH -> wait */
    for (i = 1; i <= 2000; i++) {
        int64_t price = i < 400 ? 100000000000 : i < 680 ? 106000000000 : 109400000000;
        trade(v, START + i * SEC - 1, price);
        mr_volatility_tick(v, START + i * SEC);
        mr_volatility_query(v, &view);
        if (i == 699)
            assert_int_equal(view.regime, MR_REGIME_EXTREME);
        if (i == 700)
            assert_int_equal(view.regime, MR_REGIME_HIGH); /* the 6 % left; 3.2 % remain until 980 */
        if (i == 979)
            assert_int_equal(view.regime, MR_REGIME_HIGH);
        if (i == 980)
            assert_int_equal(view.regime, MR_REGIME_DORMANT);
    }
}

static void silence_is_stale_and_freezes_the_regime(void **state)
{
    (void)state;
    struct mr_volatility *v = fresh();
    struct mr_volatility_view before, view;
    int i = 1;
    for (; i <= 4000; i++)
        trade(v, START + i * SEC - 1, i % 2 ? 100000000000 : 100100000000);
    mr_volatility_tick(v, START + 4000 * SEC);
    mr_volatility_query(v, &before);
    mr_volatility_tick(v, START + 4060 * SEC - SEC);
    mr_volatility_query(v, &view);
    assert_false(view.flags & MR_VOLATILITY_STALE);
    mr_volatility_tick(v, START + 4400 * SEC);
    mr_volatility_query(v, &view);
    assert_true(view.flags & MR_VOLATILITY_STALE);
    assert_true(view.vol[MR_VOLATILITY_5M] == 0);
    assert_true(view.regime >= MR_REGIME_LOW);
    assert_int_equal(view.samples, before.samples + 1); /* one minute ended before it was stale */
    trade(v, START + 4400 * SEC + 1, 100200000000);
    mr_volatility_tick(v, START + 4401 * SEC);
    mr_volatility_query(v, &view);
    assert_false(view.flags & MR_VOLATILITY_STALE);
    assert_true(view.flags & MR_VOLATILITY_GAP);
    for (i = 4402; i <= 4701; i++)
        trade(v, START + i * SEC, 100200000000);
    mr_volatility_tick(v, START + 4701 * SEC);
    mr_volatility_query(v, &view);
    assert_false(view.flags & MR_VOLATILITY_GAP);
}

/* Catching up at once equals second by second; ten years of it must come to an end. */
static void long_silence_is_skipped_without_a_difference(void **state)
{
    (void)state;
    size_t bytes = mr_volatility_bytes(&config);
    struct mr_volatility *a = mr_volatility_init(aligned_alloc(64, (bytes + 63) / 64 * 64), &config);
    struct mr_volatility *b = mr_volatility_init(aligned_alloc(64, (bytes + 63) / 64 * 64), &config);
    struct mr_random random = {1};
    for (int i = 1; i <= 7000; i++) {
        int64_t price = 6000000000000 + (int64_t)mr_random_below(&random, 10000000000);
        trade(a, START + i * SEC, price);
        trade(b, START + i * SEC, price);
    }
    struct mr_volatility_view va, vb;
    static const int64_t after[] = {3600, 3800, 7200, 30000, 86400 + 7000, 100000};
    int64_t t = 7000;
    for (size_t k = 0; k < MR_COUNT_OF(after); k++) {
        for (; t < after[k] + 7000; t++)
            mr_volatility_tick(a, START + t * SEC);
        mr_volatility_tick(a, START + t * SEC);
        mr_volatility_tick(b, START + t * SEC);
        mr_volatility_query(a, &va);
        mr_volatility_query(b, &vb);
        assert_memory_equal(&va, &vb, sizeof(va));
    }
    for (int i = 1; i <= 4000; i++) {
        int64_t price = 6000000000000 + (int64_t)mr_random_below(&random, 10000000000);
        trade(a, START + (t + i) * SEC, price);
        trade(b, START + (t + i) * SEC, price);
        mr_volatility_query(a, &va);
        mr_volatility_query(b, &vb);
        assert_memory_equal(&va, &vb, sizeof(va));
    }
    mr_volatility_tick(b, START + 10ll * 365 * 86400 * SEC);
    mr_volatility_query(b, &vb);
    assert_int_equal(vb.samples, 0);
    free(a);
    free(b);
}

static void only_the_reference_counts(void **state)
{
    (void)state;
    struct mr_volatility *v = fresh();
    struct mr_volatility_view view;
    struct mr_event ev = {.recv_ns = START, .kind = MR_EVENT_TRADE, .instrument = 7, .price = 100, .size = 1};
    static const struct {
        uint8_t kind, flags;
        uint32_t instrument;
        int64_t price;
    } refused[] = {
        {MR_EVENT_LIQUIDATION, 0, 7, 100},
        {MR_EVENT_TRADE, MR_FLAG_SECONDARY, 7, 100},
        {MR_EVENT_TRADE, MR_FLAG_SNAPSHOT, 7, 100},
        {MR_EVENT_TRADE, 0, 8, 100},
        {MR_EVENT_TRADE, 0, 7, 0},
        {MR_EVENT_TRADE, 0, 7, -5},
        {MR_EVENT_REFERENCE, 0, 7, 100},
    };
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        ev.kind = refused[i].kind;
        ev.flags = refused[i].flags;
        ev.instrument = refused[i].instrument;
        ev.price = refused[i].price;
        mr_volatility_apply(v, &ev, &btc);
        mr_volatility_query(v, &view);
        assert_int_equal(view.price, 0);
    }
    ev = (struct mr_event){.recv_ns = START, .kind = MR_EVENT_TRADE, .instrument = 7, .price = 100, .size = 1};
    mr_volatility_apply(v, &ev, &btc);
    mr_volatility_query(v, &view);
    assert_int_equal(view.price, 100);
}

/* A tile without the reference instrument gets its price as an event, and the same volatility. */
static void reference_events_give_the_same_on_other_tiles(void **state)
{
    (void)state;
    struct mr_volatility *v = fresh();
    const struct mr_volatility_config other = {.instrument = MR_VOLATILITY_FROM_REFERENCE, .stale_s = STALE_S};
    void *mem = aligned_alloc(64, (mr_volatility_bytes(&other) + 63) / 64 * 64);
    struct mr_volatility *w = mr_volatility_init(mem, &other);
    struct mr_random random = {8};
    for (int i = 1; i <= 2000; i++) {
        int64_t price = 6000000000000 + (int64_t)mr_random_below(&random, 20000000000);
        trade(v, START + i * SEC - 5, price);
        struct mr_event ev = {.recv_ns = START + i * SEC - 5, .kind = MR_EVENT_REFERENCE, .price = price};
        mr_volatility_apply(w, &ev, NULL);
    }
    struct mr_volatility_view a, b;
    mr_volatility_query(v, &a);
    mr_volatility_query(w, &b);
    assert_memory_equal(&a, &b, sizeof(a));
    free(mem);
}

static void a_new_scale_keeps_the_price_it_stands_for(void **state)
{
    (void)state;
    struct mr_volatility *v = fresh();
    struct mr_volatility_view view;
    struct mr_instrument ten = btc;
    ten.price_scale = 10;
    for (int i = 1; i <= 400; i++)
        trade(v, START + i * SEC, i % 2 ? 100000000000 : 100030000000);
    struct mr_event ev = {.kind = MR_EVENT_TRADE, .instrument = 7, .size = 1};
    for (int i = 401; i <= 800; i++) {
        ev.recv_ns = START + i * SEC;
        ev.price = i % 2 ? 10000000000000 : 10003000000000;
        mr_volatility_apply(v, &ev, &ten);
        mr_volatility_tick(v, ev.recv_ns);
        mr_volatility_query(v, &view);
        near(view.vol[MR_VOLATILITY_1M], log(1.0003) * 100 * sqrt(60), 1e-12, "across the change", i);
    }
    assert_int_equal(view.price_scale, 10);
}

static void a_return_beyond_the_bound_is_said(void **state)
{
    (void)state;
    struct mr_volatility *v = fresh();
    struct mr_volatility_view view;
    for (int i = 1; i <= 400; i++)
        trade(v, START + i * SEC, i < 350 ? 100000000000 : 300000000000);
    mr_volatility_query(v, &view);
    assert_true(view.flags & MR_VOLATILITY_CLAMPED);
    assert_true(view.vol[MR_VOLATILITY_5M] > 49 && view.vol[MR_VOLATILITY_5M] < 51);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_equal_the_definition),
        cmocka_unit_test(outputs_have_the_same_bits_everywhere),
        cmocka_unit_test(scale_is_of_the_window_not_of_the_year),
        cmocka_unit_test(more_ticks_change_nothing),
        cmocka_unit_test(history_is_a_day_of_minutes_and_its_percentile_a_share),
        cmocka_unit_test(a_constant_history_gives_no_nan),
        cmocka_unit_test(a_regime_is_left_downward_late_and_upward_at_once),
        cmocka_unit_test(a_regime_lasts_thirty_seconds_at_least),
        cmocka_unit_test(silence_is_stale_and_freezes_the_regime),
        cmocka_unit_test(long_silence_is_skipped_without_a_difference),
        cmocka_unit_test(only_the_reference_counts),
        cmocka_unit_test(reference_events_give_the_same_on_other_tiles),
        cmocka_unit_test(a_new_scale_keeps_the_price_it_stands_for),
        cmocka_unit_test(a_return_beyond_the_bound_is_said),
    };
    return MR_TEST_MAIN(tests);
}
