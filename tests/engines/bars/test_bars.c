/* Bars against a reference that keeps every trade and looks through all of them for each closed bar. */
#include "engines/bars/bars.h"
#include "engines/window/grid.h"
#include "tests/engines/reference/bars.h"
#include "tests/support/support.h"

#define MS  1000000ll
#define SEC 1000000000ll
#define START 1790000000000000000ll
#define TRADES_MAX 40000
#define INSTRUMENTS 3

static struct bars_ref_trade facts[TRADES_MAX];
static uint32_t fact_count;

static struct closed {
    uint32_t instrument, timeframe;
    struct mr_bar bar;
} closed[200000];
static uint32_t closed_count;

static void remember(void *arg, uint32_t instrument, uint32_t timeframe, const struct mr_bar *bar)
{
    assert_ptr_equal(arg, &closed_count);
    assert_true(closed_count < MR_COUNT_OF(closed));
    closed[closed_count++] = (struct closed){instrument, timeframe, *bar};
}

static const struct mr_bars_config config = {.instruments = INSTRUMENTS,
                                             .timeframes_ms = {1000, 100, 60000, 300},
                                             .keep = 16,
                                             .closed = remember,
                                             .arg = &closed_count};

static struct mr_bars *fresh(const struct mr_bars_config *c)
{
    static void *mem;
    free(mem);
    mem = aligned_alloc(64, (mr_bars_bytes(c) + 63) / 64 * 64);
    memset(mem, 0xa5, mr_bars_bytes(c));
    fact_count = closed_count = 0;
    return mr_bars_init(mem, c);
}

static struct mr_instrument instrument(uint32_t id)
{
    return (struct mr_instrument){.id = id, .price_scale = 8, .size_scale = 8};
}

static void trade(struct mr_bars *bars, int64_t now, uint32_t id, int64_t price, int64_t size, bool sell)
{
    struct mr_instrument in = instrument(id);
    struct mr_event ev = {.recv_ns = now,
                          .kind = MR_EVENT_TRADE,
                          .instrument = id,
                          .price = price,
                          .size = size,
                          .aux = size * 3,
                          .flags = sell ? MR_FLAG_SELL : 0};
    facts[fact_count++] = (struct bars_ref_trade){now, price, size, size * 3, id, sell};
    mr_bars_apply(bars, &ev, &in);
}

static int64_t first_trade(uint32_t id)
{
    for (uint32_t i = 0; i < fact_count; i++)
        if (facts[i].instrument == id)
            return facts[i].time_ns;
    return INT64_MAX;
}

/* Every bar from the first trade to the last tick, each once, in order, each as defined. */
static void check_closed(int64_t until_ns)
{
    for (uint32_t id = 0; id < INSTRUMENTS; id++)
        for (uint32_t t = 0; t < 4; t++) {
            int64_t interval_ns = config.timeframes_ms[t] * MS;
            int64_t open_ns = mr_grid_floor(first_trade(id), interval_ns);
            bool partial = true;
            for (uint32_t i = 0; i < closed_count; i++) {
                if (closed[i].instrument != id || closed[i].timeframe != t)
                    continue;
                if (closed[i].bar.flags & MR_BAR_GAP)
                    open_ns = closed[i].bar.open_ns;
                assert_int_equal(closed[i].bar.open_ns, open_ns);
                assert_int_equal(!!(closed[i].bar.flags & MR_BAR_PARTIAL), partial);
                struct mr_bar want = bars_ref(facts, fact_count, id, open_ns, interval_ns);
                bars_ref_same(&closed[i].bar, &want);
                open_ns += interval_ns;
                partial = false;
            }
            assert_true(open_ns + interval_ns > until_ns && open_ns <= until_ns);
        }
    for (uint32_t i = 1; i < closed_count; i++) {
        const struct closed *a = &closed[i - 1], *b = &closed[i];
        int64_t ea = a->bar.open_ns + a->bar.interval_ns, eb = b->bar.open_ns + b->bar.interval_ns;
        if (a->timeframe == b->timeframe)
            assert_true(eb > ea || (eb == ea && b->instrument > a->instrument));
    }
}

static void bars_equal_the_definition(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct mr_bars *bars = fresh(&config);
        struct mr_random random = {seed};
        int64_t now = START + 37 * MS, price = 6000000000000;
        for (int i = 0; i < 600; i++) {
            uint64_t mood = mr_random_below(&random, 100);
            now += mood < 60   ? (int64_t)mr_random_below(&random, 30 * MS)
                   : mood < 90 ? (int64_t)mr_random_below(&random, 400 * MS)
                               : (int64_t)mr_random_below(&random, 1500 * MS);
            if (mood % 7 == 0)
                now = mr_grid_ceil(now, 100 * MS); /* exactly at the end of a bar */
            price += (int64_t)mr_random_below(&random, 2001) - 1000;
            trade(bars, now, (uint32_t)mr_random_below(&random, INSTRUMENTS), price,
                  (int64_t)mr_random_below(&random, 1000000), mood & 1);
            if (mood % 5 == 0)
                mr_bars_tick(bars, now = mr_grid_ceil(now, 100 * MS));
        }
        now += 2 * SEC;
        mr_bars_tick(bars, now);
        check_closed(now);
    }
}

static void the_kept_ones_are_the_newest_and_the_open_one_is_as_defined(void **state)
{
    (void)state;
    struct mr_bars *bars = fresh(&config);
    struct mr_random random = {4};
    int64_t now = START;
    for (int i = 0; i < 400; i++) {
        now += (int64_t)mr_random_below(&random, 300 * MS);
        trade(bars, now, 0, 100 + (int64_t)mr_random_below(&random, 50), 5, false);
    }
    struct mr_bar got, want;
    assert_true(mr_bars_open(bars, 0, 0, &got));
    want = bars_ref(facts, fact_count, 0, mr_grid_floor(now, SEC), SEC);
    bars_ref_same(&got, &want);
    for (uint32_t ago = 0; ago < 16; ago++) {
        assert_true(mr_bars_get(bars, 0, 0, ago, &got));
        want = bars_ref(facts, fact_count, 0, mr_grid_floor(now, SEC) - (ago + 1) * SEC, SEC);
        bars_ref_same(&got, &want);
    }
    assert_false(mr_bars_get(bars, 0, 0, 16, &got));
    assert_false(mr_bars_get(bars, 1, 0, 0, &got)); /* never traded */
    assert_false(mr_bars_open(bars, 1, 0, &got));
    assert_false(mr_bars_get(bars, 99, 0, 0, &got));
    assert_false(mr_bars_get(bars, 0, 99, 0, &got));
    assert_int_equal(mr_bars_last(bars, 0), facts[fact_count - 1].price);
    assert_int_equal(mr_bars_last(bars, 1), 0);
    assert_int_equal(mr_bars_last(bars, 99), 0);
}

/* An hour, then ten years without a trade: the kept bars are flat, the first of them says that some were left out. */
static void long_silence_costs_no_more_than_what_is_kept(void **state)
{
    (void)state;
    struct mr_bars *bars = fresh(&config);
    trade(bars, START, 0, 500, 1, false);
    for (int k = 0; k < 2; k++) {
        int64_t until = START + (k ? 10ll * 365 * 86400 : 3600) * SEC;
        uint32_t before = closed_count;
        mr_bars_tick(bars, until);
        assert_true(closed_count - before <= 4 * (16 + 2));
        struct mr_bar bar;
        for (uint32_t t = 0; t < 2; t++)
            for (uint32_t ago = 0; ago < 16; ago++) {
                assert_true(mr_bars_get(bars, 0, t, ago, &bar));
                assert_int_equal(bar.open_ns, until - (ago + 1) * config.timeframes_ms[t] * MS);
                assert_true((bar.flags & MR_BAR_EMPTY) && bar.open == 500 && bar.close == 500 && bar.volume == 0);
                assert_int_equal(!!(bar.flags & MR_BAR_GAP), ago == 15);
            }
    }
}

static void what_is_not_a_live_primary_trade_is_left_alone(void **state)
{
    (void)state;
    static const struct {
        uint8_t kind, flags;
        uint32_t id;
        int64_t price;
    } refused[] = {
        {MR_EVENT_LIQUIDATION, 0, 0, 5},
        {MR_EVENT_TRADE, MR_FLAG_SECONDARY, 0, 5},
        {MR_EVENT_TRADE, MR_FLAG_SNAPSHOT, 0, 5},
        {MR_EVENT_TRADE, 0, INSTRUMENTS, 5},
        {MR_EVENT_TRADE, 0, 0, 0},
        {MR_EVENT_TRADE, 0, 0, -1},
        {MR_EVENT_MARK, 0, 0, 5},
    };
    struct mr_bars *bars = fresh(&config);
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        struct mr_instrument in = instrument(refused[i].id);
        struct mr_event ev = {.recv_ns = START,
                              .kind = refused[i].kind,
                              .flags = refused[i].flags,
                              .instrument = in.id,
                              .price = refused[i].price,
                              .size = 1};
        mr_bars_apply(bars, &ev, &in);
        assert_int_equal(mr_bars_last(bars, 0), 0);
    }
    trade(bars, START, 0, 5, 1, false);
    assert_int_equal(mr_bars_last(bars, 0), 5);
}

static void volumes_beyond_the_integer_stay_at_its_end_and_say_so(void **state)
{
    (void)state;
    struct mr_bar bar;
    mr_bar_begin(&bar, 0, SEC, 7);
    assert_int_equal(bar.flags, MR_BAR_EMPTY);
    mr_bar_trade(&bar, 8, INT64_MAX - 1, INT64_MAX, false);
    assert_int_equal(bar.flags, 0);
    mr_bar_trade(&bar, 6, 5, 5, true);
    assert_int_equal(bar.volume, INT64_MAX);
    assert_int_equal(bar.notional_micro, INT64_MAX);
    assert_int_equal(bar.buy_volume, INT64_MAX - 1);
    assert_int_equal(bar.flags, MR_BAR_SATURATED);
    assert_true(bar.open == 8 && bar.high == 8 && bar.low == 6 && bar.close == 6 && bar.trades == 2);
}

static void a_new_scale_begins_the_open_bar_anew(void **state)
{
    (void)state;
    struct mr_bars *bars = fresh(&config);
    trade(bars, START, 0, 500, 1, false);
    struct mr_instrument in = instrument(0);
    in.price_scale = 9;
    struct mr_event ev = {.recv_ns = START + MS, .kind = MR_EVENT_TRADE, .price = 5010, .size = 3};
    mr_bars_apply(bars, &ev, &in);
    struct mr_bar bar;
    assert_true(mr_bars_open(bars, 0, 0, &bar));
    assert_int_equal(bar.flags, MR_BAR_RESCALED);
    assert_true(bar.open == 5010 && bar.volume == 3 && bar.trades == 1 && bar.price_scale == 9);
}

static void time_that_runs_backwards_counts_in_the_open_bar(void **state)
{
    (void)state;
    struct mr_bars *bars = fresh(&config);
    trade(bars, START + 5 * SEC, 0, 500, 1, false);
    trade(bars, START, 0, 600, 1, false);
    struct mr_bar bar;
    assert_true(mr_bars_open(bars, 0, 0, &bar));
    assert_true(bar.open_ns == START + 5 * SEC && bar.high == 600 && bar.trades == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_equal_the_definition),
        cmocka_unit_test(the_kept_ones_are_the_newest_and_the_open_one_is_as_defined),
        cmocka_unit_test(long_silence_costs_no_more_than_what_is_kept),
        cmocka_unit_test(what_is_not_a_live_primary_trade_is_left_alone),
        cmocka_unit_test(volumes_beyond_the_integer_stay_at_its_end_and_say_so),
        cmocka_unit_test(a_new_scale_begins_the_open_bar_anew),
        cmocka_unit_test(time_that_runs_backwards_counts_in_the_open_bar),
    };
    return MR_TEST_MAIN(tests);
}
