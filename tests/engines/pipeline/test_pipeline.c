/* The pipeline's own promises: order of engines, engine time, the grid, jumps, bounds. What the engines compute is tested with them. */
#include "tests/engines/pipeline/rig.h"

#define STORY_MAX 40000
static struct mr_event story[STORY_MAX];

/* ---- order ---- */

static void look_at_all_engines(struct pipe *p, const struct mr_signal *signal)
{
    struct mr_velocity_view v;
    if (signal->kind != MR_SIGNAL_CASCADE_START)
        return;
    assert_true(mr_velocity_underlying(mr_pipeline_velocity(p->pipeline), signal->underlying, &v));
    assert_int_equal(v.count_60s, 5); /* velocity had the event before signal did */
    assert_true(signal->count_60s == 5);
    assert_int_equal(signal->cascade_count, 5);
    assert_int_equal(signal->instrument, BTC_BYBIT);
    assert_int_equal(signal->engine_ns, T0 + 5 * SEC);
    assert_true(signal->btc_price == 6400000000000); /* volatility had the trade of the same time */
}

static void signal_sees_what_the_engines_before_it_made_of_the_same_event(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    p.on_signal = look_at_all_engines;
    for (int i = 1; i <= 4; i++)
        pipe_event(&p, &(struct mr_event[]){story_liquidation(T0 + i * SEC, BTC_USDM, 30000, false)}[0]);
    assert_int_equal(p.signals, 0);
    pipe_event(&p, &(struct mr_event[]){story_trade(T0 + 5 * SEC, BTC_SPOT, 6400000000000, false)}[0]);
    pipe_event(&p, &(struct mr_event[]){story_liquidation(T0 + 5 * SEC, BTC_BYBIT, 30000, false)}[0]);
    assert_int_equal(p.signals, 1);
    assert_int_equal(mr_bars_last(mr_pipeline_bars(p.pipeline), BTC_SPOT), 6400000000000);
    struct mr_velocity_view flow;
    assert_true(mr_velocity_instrument(mr_pipeline_flow(p.pipeline), BTC_SPOT, &flow));
    assert_int_equal(flow.count_60s, 1); /* trades are the flow's, liquidations are not */
    assert_false(mr_velocity_instrument(mr_pipeline_flow(p.pipeline), BTC_BYBIT, &flow));
    pipe_close(&p);
}

/* ---- time ---- */

static void engine_time_never_runs_backwards(void **state)
{
    (void)state;
    static const struct {
        int64_t at, time;
        uint64_t backwards;
    } steps[] = {
        {T0 + 5, T0 + 5, 0},         {T0 + 5, T0 + 5, 0},     {T0 + 4, T0 + 5, 1},
        {T0 - 900 * SEC, T0 + 5, 2}, {T0 + SEC, T0 + SEC, 2}, {0, T0 + SEC, 3},
    };
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    assert_true(mr_pipeline_time(p.pipeline) == INT64_MIN);
    mr_pipeline_advance(p.pipeline, T0 - 7); /* before the first event there is no engine time */
    assert_true(mr_pipeline_time(p.pipeline) == INT64_MIN);
    for (size_t i = 0; i < MR_COUNT_OF(steps); i++) {
        struct mr_event ev = story_trade(steps[i].at, BTC_SPOT, 6500000000000, false);
        pipe_event(&p, &ev);
        assert_true(mr_pipeline_time(p.pipeline) == steps[i].time);
        assert_int_equal(p.metrics.backwards, steps[i].backwards);
    }
    uint64_t ticks = p.metrics.ticks;
    mr_pipeline_advance(p.pipeline, T0); /* the past: nothing */
    assert_true(mr_pipeline_time(p.pipeline) == T0 + SEC && p.metrics.ticks == ticks);
    pipe_close(&p);
}

static void a_late_event_counts_at_engine_time(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    struct mr_event trade = story_trade(T0 + 30 * SEC, BTC_SPOT, 6500000000000, false),
                    late = story_liquidation(T0 + 5 * SEC, BTC_USDM, 1000, false);
    pipe_event(&p, &trade);
    pipe_event(&p, &late); /* 25 s late: counted in the windows of now, not of then */
    struct mr_velocity_view v;
    assert_true(mr_velocity_instrument(mr_pipeline_velocity(p.pipeline), BTC_USDM, &v));
    assert_true(v.last_event_ns == T0 + 30 * SEC && v.window[0].count == 1);
    assert_int_equal(p.metrics.backwards, 1);
    pipe_close(&p);
}

static void a_grid_point_is_ticked_after_its_last_event_and_once(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    struct mr_event ev = story_trade(T0, BTC_SPOT, 6500000000000, false);
    pipe_event(&p, &ev); /* exactly on the grid: its point is not over */
    assert_int_equal(p.metrics.ticks, 0);
    ev.recv_ns = T0 + 1;
    pipe_event(&p, &ev);
    assert_int_equal(p.metrics.ticks, 1);
    ev.recv_ns = T0 + 100 * MS;
    pipe_event(&p, &ev);
    assert_int_equal(p.metrics.ticks, 1);
    mr_pipeline_advance(p.pipeline, T0 + 100 * MS); /* told that it has come */
    assert_int_equal(p.metrics.ticks, 2);
    mr_pipeline_advance(p.pipeline, T0 + 100 * MS);
    mr_pipeline_advance(p.pipeline, T0 + 199 * MS);
    assert_int_equal(p.metrics.ticks, 2);
    mr_pipeline_advance(p.pipeline, T0 + 1000 * MS);
    assert_int_equal(p.metrics.ticks, 11);
    pipe_close(&p);
}

enum when { NEVER, EACH_POINT, ANY_TIME };

static void advance_until(struct pipe *p, enum when when, struct mr_random *r, int64_t *now, int64_t next)
{
    while (when == EACH_POINT && *now + MR_TICK_NS < next)
        mr_pipeline_advance(p->pipeline, *now += MR_TICK_NS);
    while (when == ANY_TIME && *now + 1 < next && mr_random_below(r, 4)) {
        *now += 1 + (int64_t)mr_random_below(r, (uint64_t)(next - *now - 1));
        mr_pipeline_advance(p->pipeline, *now);
    }
}

static uint64_t play(const struct mr_event *events, uint32_t n, enum when when, char text[MR_DIGEST_TEXT])
{
    struct pipe p;
    struct mr_random r = {77};
    pipe_open(&p);
    pipe_start(&p);
    int64_t now = T0;
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            advance_until(&p, when, &r, &now, events[i].recv_ns);
        now = when == EACH_POINT ? now : events[i].recv_ns;
        pipe_event(&p, &events[i]);
    }
    mr_pipeline_advance(p.pipeline, events[n - 1].recv_ns + 5 * 3600 * SEC);
    mr_digest_text(p.digest, 0, text);
    uint64_t signals = p.signals;
    pipe_close(&p);
    return signals;
}

static void signals_do_not_depend_on_when_time_was_advanced(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        uint32_t n = story_make(story, STORY_MAX, seed, 1000);
        char never[MR_DIGEST_TEXT], often[MR_DIGEST_TEXT], any[MR_DIGEST_TEXT];
        uint64_t signals = play(story, n, NEVER, never);
        assert_true(signals > 20); /* levels, cascades: the story has both */
        assert_int_equal(play(story, n, EACH_POINT, often), signals);
        assert_int_equal(play(story, n, ANY_TIME, any), signals);
        assert_string_equal(often, never);
        assert_string_equal(any, never);
    }
}

/* Five hours without a word in the middle of a cascade: ticked half an hour on both sides of it, with the same result as all of it. */
static void a_jump_leaves_out_only_what_is_empty(void **state)
{
    (void)state;
    uint32_t n = story_make(story, STORY_MAX, 5, 1000), middle = n / 2 + n / 4;
    for (uint32_t i = middle; i < n; i++)
        story[i].recv_ns += 5 * 3600 * SEC;
    struct pipe jump, step;
    pipe_open(&jump);
    pipe_open(&step);
    pipe_start(&jump);
    pipe_start(&step);
    for (uint32_t i = 0; i < n; i++) {
        for (int64_t at = story[middle - 1].recv_ns; i == middle && at < story[i].recv_ns; at += 1000 * SEC)
            mr_pipeline_advance(step.pipeline, at);
        pipe_event(&jump, &story[i]);
        pipe_event(&step, &story[i]);
    }
    assert_int_equal(jump.metrics.jumps, 1);
    assert_int_equal(step.metrics.jumps, 0);
    assert_true(step.metrics.ticks - jump.metrics.ticks >= 4 * 36000 - 2 &&
                step.metrics.ticks - jump.metrics.ticks <= 4 * 36000 + 2);
    char a[MR_DIGEST_TEXT], b[MR_DIGEST_TEXT];
    mr_digest_text(jump.digest, 0, a);
    mr_digest_text(step.digest, 0, b);
    assert_int_equal(jump.signals, step.signals);
    assert_string_equal(a, b);
    pipe_close(&jump);
    pipe_close(&step);
}

static void an_hours_silence_takes_every_level_down_and_ends_every_cascade(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    uint32_t n = story_make(story, STORY_MAX, 9, 505); /* ends inside a cascade */
    for (uint32_t i = 0; i < n; i++)
        pipe_event(&p, &story[i]);
    uint16_t eth = mr_instruments_get(p.instruments, ETH_USDM)->underlying,
             btc = mr_instruments_get(p.instruments, BTC_USDM)->underlying;
    assert_true(mr_signal_level_now(mr_pipeline_signals(p.pipeline), btc) >= MR_LEVEL_WATCH ||
                mr_signal_level_now(mr_pipeline_signals(p.pipeline), eth) >= MR_LEVEL_WATCH);
    assert_true(p.signal.active >= 1);
    mr_pipeline_advance(p.pipeline, story[n - 1].recv_ns + 3 * 3600 * SEC);
    assert_int_equal(mr_signal_level_now(mr_pipeline_signals(p.pipeline), btc), MR_LEVEL_NONE);
    assert_int_equal(mr_signal_level_now(mr_pipeline_signals(p.pipeline), eth), MR_LEVEL_NONE);
    assert_int_equal(p.signal.active, 0);
    struct mr_velocity_view v;
    mr_velocity_underlying(mr_pipeline_velocity(p.pipeline), btc, &v);
    assert_true(v.count_60s == 0 && v.events.acceleration == 0 && v.events.jerk == 0);
    pipe_close(&p);
}

/* ---- underlyings ---- */

static void only_of_eth(struct pipe *p, const struct mr_signal *signal)
{
    (void)p;
    if (signal->kind != MR_SIGNAL_REGIME)
        assert_string_equal(signal->underlying_name, "ETH");
}

static void one_underlyings_cascade_is_not_the_others(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    p.on_signal = only_of_eth;
    for (int64_t at = T0; at < T0 + 320 * SEC; at += SEC) /* warm: a price that moves, one liquidation of each */
        pipe_event(
            &p, &(struct mr_event[]){story_trade(at, BTC_SPOT, 6500000000000 + (at / SEC % 3) * 5000000000, false)}[0]);
    pipe_event(&p, &(struct mr_event[]){story_liquidation(T0 + 320 * SEC, BTC_USDM, 1000, false)}[0]);
    for (int i = 1; i <= 400; i++)
        pipe_event(&p,
                   &(struct mr_event[]){story_liquidation(T0 + 320 * SEC + i * 25 * MS, ETH_USDM, 50000, false)}[0]);
    mr_pipeline_advance(p.pipeline, T0 + 500 * SEC);
    assert_true(p.signals >= 4); /* up, cascade, down, its end */
    assert_int_equal(p.signal.cascades, 1);
    pipe_close(&p);
}

static void an_instrument_that_is_not_in_the_table_changes_nothing(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    p.config.instruments_max = 3; /* BTC_BYBIT is in the table, but beyond what this tile follows */
    pipe_start(&p);
    static const uint32_t unknown[] = {BTC_BYBIT, INSTRUMENTS, 1000, UINT32_MAX};
    for (size_t i = 0; i < MR_COUNT_OF(unknown); i++) {
        struct mr_event ev = story_liquidation(T0 + 5 * SEC, unknown[i], 1000000, false);
        pipe_event(&p, &ev);
        assert_int_equal(p.metrics.unknown, i + 1);
        assert_true(mr_pipeline_time(p.pipeline) == INT64_MIN);
        assert_null(mr_pipeline_book(p.pipeline, unknown[i]));
    }
    assert_int_equal(p.velocity.events + p.velocity.unknown, 0);
    assert_null(mr_pipeline_top(p.pipeline, 3));
    assert_null(mr_pipeline_marks(p.pipeline, UINT32_MAX));
    pipe_close(&p);
}

static void marks_are_kept_as_last_seen(void **state)
{
    (void)state;
    struct pipe p;
    pipe_open(&p);
    pipe_start(&p);
    static const struct {
        uint8_t kind;
        int64_t value;
    } events[] = {
        {MR_EVENT_MARK, 1}, {MR_EVENT_INDEX, 2}, {MR_EVENT_FUNDING, 3}, {MR_EVENT_OPEN_INTEREST, 4}, {MR_EVENT_MARK, 5},
    };
    for (size_t i = 0; i < MR_COUNT_OF(events); i++) {
        struct mr_event ev = {.recv_ns = T0,
                              .kind = events[i].kind,
                              .instrument = ETH_USDM,
                              .price = events[i].value,
                              .exponent = -2,
                              .aux = events[i].kind == MR_EVENT_FUNDING ? T0 + 99 : 0};
        pipe_event(&p, &ev);
    }
    const struct mr_pipeline_marks *m = mr_pipeline_marks(p.pipeline, ETH_USDM);
    assert_true(m->mark.mantissa == 5 && m->index.mantissa == 2 && m->funding.mantissa == 3 &&
                m->open_interest.mantissa == 4);
    assert_true(m->mark.exponent == -2 && m->next_funding_ns == T0 + 99);
    assert_true(mr_pipeline_marks(p.pipeline, BTC_USDM)->mark.mantissa == 0);
    pipe_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signal_sees_what_the_engines_before_it_made_of_the_same_event),
        cmocka_unit_test(engine_time_never_runs_backwards),
        cmocka_unit_test(a_late_event_counts_at_engine_time),
        cmocka_unit_test(a_grid_point_is_ticked_after_its_last_event_and_once),
        cmocka_unit_test(signals_do_not_depend_on_when_time_was_advanced),
        cmocka_unit_test(a_jump_leaves_out_only_what_is_empty),
        cmocka_unit_test(an_hours_silence_takes_every_level_down_and_ends_every_cascade),
        cmocka_unit_test(one_underlyings_cascade_is_not_the_others),
        cmocka_unit_test(an_instrument_that_is_not_in_the_table_changes_nothing),
        cmocka_unit_test(marks_are_kept_as_last_seen),
    };
    return MR_TEST_MAIN(tests);
}
