/* The engines at the end of the whole path against the plain slow references of tests/engines/reference, which are fed from the events
 * alone: bars, velocity of liquidations and of trades, volatility, and every number in every signal record; on the generated
 * market and on recordings. Counts and integers are equal, floats to 1e-12. */
#include <math.h>
#include <stdio.h>

#include "dataplane/player/player.h"
#include "dataplane/source/replay/replay.h"
#include "engines/window/grid.h"
#include "tests/engines/reference/bars.h"
#include "tests/engines/reference/score.h"
#include "tests/engines/reference/velocity_check.h"
#include "tests/engines/reference/volatility.h"
#include "tests/exchange/market/market_source.h"
#include "tests/support/support.h"

#define SEC 1000000000ll
#define STEP 100000000ll
#define MINUTE 60000000000ll
#define FACTS_MAX 200000

static const struct mr_velocity_config velocity_config = {.windows_ms = {100, 500, 2000, 10000, 60000},
                                                          .slope_ms = 10000};
static const int64_t intervals_ns[] = {SEC, MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE};

struct watch {
    struct mr_player *player;
    struct mr_pipeline *pipeline;
    struct reference liquidations, flow;
    struct bars_ref_trade *trades;
    uint32_t trade_count;
    uint32_t reference; /* instrument of volatility */
    uint64_t events, every;
    int64_t pending_ns, pending_price; /* a trade of the reference that the engines are about to see; 0 none */
    int seconds;                       /* given to the volatility reference; -1: no trade yet */
    uint64_t streams_checked, bars_checked, volatility_checked, warm_checked, signals_checked, loud_checked;
};

/* ---- volatility ---- */

static void seconds_until(struct watch *w, int64_t last_ns)
{
    while (w->seconds >= 0 && volatility_ref.start_ns + (w->seconds + 1) * SEC <= last_ns)
        volatility_ref_second(++w->seconds);
}

static void take_pending(struct watch *w)
{
    if (!w->pending_price)
        return;
    if (w->seconds < 0) {
        volatility_ref_open(mr_grid_floor(w->pending_ns - 1, MINUTE), 60);
        w->seconds = 0;
    }
    seconds_until(w, w->pending_ns - 1);
    volatility_ref_trade(w->pending_ns, w->pending_price);
    w->pending_price = 0;
}

static void check_volatility(struct watch *w)
{
    struct mr_volatility_view got;
    struct mr_volatility *v = mr_pipeline_volatility(w->pipeline);
    mr_volatility_query(v, &got);
    if (w->seconds < 0 || got.engine_ns <= volatility_ref.start_ns || got.price == 0)
        return;
    seconds_until(w, got.engine_ns);
    volatility_check(v, w->seconds);
    w->volatility_checked++;
    w->warm_checked += !(got.flags & MR_VOLATILITY_WARMING);
}

/* ---- velocity ---- */

static void check_velocity(struct watch *w, struct mr_velocity *v, struct reference *r)
{
    const struct mr_instruments *table = mr_player_instruments(w->player);
    struct mr_velocity_view got;
    for (uint32_t id = 0; id < mr_instruments_count(table); id++) {
        const struct mr_instrument *in = mr_instruments_get(table, id);
        if (!mr_velocity_instrument(v, id, &got))
            continue;
        velocity_check_stream(r, (struct which){id, UINT32_MAX, 0}, &got, &velocity_config);
        assert_true(mr_velocity_venue(v, in->underlying, in->venue, &got));
        velocity_check_stream(r, (struct which){UINT32_MAX, in->underlying, in->venue}, &got, &velocity_config);
        w->streams_checked += 2;
    }
    for (uint32_t u = 0; u < mr_instruments_underlyings(table); u++) {
        if (!mr_velocity_underlying(v, u, &got))
            continue;
        velocity_check_stream(r, (struct which){UINT32_MAX, u, 0}, &got, &velocity_config);
        velocity_check_cross(r, u, &got);
        w->streams_checked++;
    }
}

/* ---- bars ---- */

static void check_bars(struct watch *w)
{
    const struct mr_bars *bars = mr_pipeline_bars(w->pipeline);
    for (uint32_t id = 0; id < mr_instruments_count(mr_player_instruments(w->player)); id++)
        for (uint32_t t = 0; t < MR_COUNT_OF(intervals_ns); t++) {
            struct mr_bar got, want;
            if (mr_bars_open(bars, id, t, &got)) {
                assert_int_equal(got.interval_ns, intervals_ns[t]);
                want = bars_ref(w->trades, w->trade_count, id, got.open_ns, intervals_ns[t]);
                assert_true(mr_pipeline_time(w->pipeline) - got.open_ns <= intervals_ns[t]);
                bars_ref_same(&got, &want);
                w->bars_checked++;
            }
            for (uint32_t ago = 0; mr_bars_get(bars, id, t, ago, &got); ago++, w->bars_checked++) {
                want = bars_ref(w->trades, w->trade_count, id, got.open_ns, intervals_ns[t]);
                bars_ref_same(&got, &want);
            }
        }
}

/* ---- signals ---- */

static void near(double got, long double want, long double slack, const char *what)
{
    if (!(fabsl((long double)got - want) <= 1e-12L * fabsl(want) + slack))
        fail_msg("signal's %s: %.17g, by definition %.17Lg", what, got, want);
}

/* All that the other engines give, from the references. */
static void input_by_definition(struct watch *w, const struct mr_signal *s, int64_t grid_ns, struct mr_signal_input *in)
{
    struct reference *r = &w->liquidations;
    struct reference_cross cross = reference_correlate(r, s->underlying, grid_ns);
    mr_signal_input_default(in, s->underlying, s->underlying_name, s->engine_ns);
    reference_choose(r, (struct which){UINT32_MAX, s->underlying, 0});
    for (int i = 0; i < MR_SIGNAL_WINDOWS; i++) {
        uint32_t ms = velocity_config.windows_ms[i];
        in->velocity_per_s[i] = (double)reference_events(r, s->engine_ns, ms * 1000000ll) * 1000 / ms;
        in->notional_usd_per_s[i] = (double)((long double)reference_micro(r, s->engine_ns, ms * 1000000ll) / 1000 / ms);
    }
    struct reference_slope slope = reference_slopes(r, grid_ns, 10 * SEC, false);
    in->acceleration = (double)slope.acceleration;
    in->jerk = (double)slope.jerk;
    in->count_60s = reference_events(r, s->engine_ns, MINUTE);
    in->mean_event_usd =
        in->count_60s
            ? (double)((long double)reference_micro(r, s->engine_ns, MINUTE) / 1e6L / (long double)in->count_60s)
            : 0;
    in->clustering = reference_clustering(r, grid_ns);
    in->correlation = cross.correlation;
    in->leading_venue = cross.leader;
    in->oi_change_1m = s->oi_change_1m; /* of the signal engine itself: tests/engines/signal */
    in->funding = s->funding;
    seconds_until(w, mr_grid_floor(grid_ns, SEC));
    if (w->seconds < 0)
        return;
    struct volatility_ref_view volatility;
    volatility_ref_look(w->seconds, &volatility);
    in->multiplier = volatility.multiplier;
    in->vol_5m = volatility.vol[1];
    in->regime = (uint8_t)volatility_ref.regime;
    if (!volatility.warm)
        return;
    const struct mr_regime_adjust *adjust = mr_regime_adjust(in->regime);
    in->velocity_scale = adjust->velocity;
    in->notional_scale = adjust->volume;
    in->correlation_shift = adjust->correlation;
    in->flags |= adjust->weighted ? MR_SIGNAL_IN_WEIGHTS : 0u;
    memcpy(in->window_weight, adjust->weight, sizeof in->window_weight);
}

static void check_raw(const struct mr_signal *s, const struct mr_signal_input *in)
{
    for (int i = 0; i < MR_SIGNAL_WINDOWS; i++) {
        near(s->velocity_per_s[i], in->velocity_per_s[i], 0, "rate");
        near(s->notional_usd_per_s[i], in->notional_usd_per_s[i], 0, "USD/s");
    }
    near(s->acceleration, in->acceleration, 1e-12L, "acceleration");
    near(s->jerk, in->jerk, 1e-12L, "jerk");
    near(s->mean_event_usd, in->mean_event_usd, 0, "mean event");
    near(s->clustering, in->clustering, 0, "clustering");
    near(s->correlation, in->correlation, 1e-12L, "correlation");
    near(s->vol_5m, in->vol_5m, 1e-13L, "volatility");
    near(s->multiplier, in->multiplier, 1e-10L, "multiplier");
    assert_true(s->count_60s == (double)in->count_60s);
    assert_int_equal(s->leading_venue, in->leading_venue);
    assert_int_equal(s->regime, in->regime);
}

static bool near_a_threshold(long double p)
{
    static const double at[] = {0.3, 0.5, 0.7, 0.9};
    for (int i = 0; i < 4; i++)
        if (fabsl(p - (long double)at[i]) < 1e-10L)
            return true;
    return false;
}

static void check_scores(const struct mr_signal *s, const struct mr_signal_input *in)
{
    struct score_ref want = score_ref(in);
    for (int i = 0; i < 6; i++) {
        near(s->component[i], want.component[i], 1e-11L, "component");
        near(s->component100[i], want.component100[i], 1e-9L, "component of 100");
    }
    near(s->probability_base, want.base, 1e-11L, "base probability");
    near(s->probability, want.p, 1e-11L, "probability");
    near(s->score100, want.total, 1e-9L, "second score");
    if (!near_a_threshold(want.p) && !near_a_threshold(want.base))
        assert_int_equal(s->level_raw, s->flags & MR_SIGNAL_WARMING ? MR_LEVEL_NONE : want.level);
}

static void on_signal(void *arg, const struct mr_signal *s)
{
    struct watch *w = arg;
    if (s->kind == MR_SIGNAL_REGIME) {
        seconds_until(w, mr_grid_floor(s->engine_ns, SEC));
        assert_int_equal(s->regime, volatility_ref.regime);
        assert_int_equal(s->regime_before, volatility_ref.regime_before);
        return;
    }
    /* of an event: the grid point before it; its own is not over */
    int64_t grid_ns = s->instrument == UINT32_MAX ? s->engine_ns : mr_grid_ceil(s->engine_ns, STEP) - STEP;
    struct mr_signal_input in;
    input_by_definition(w, s, grid_ns, &in);
    check_raw(s, &in);
    check_scores(s, &in);
    if (s->kind == MR_SIGNAL_CASCADE_START) {
        assert_true(in.count_60s >= 5 && reference_micro(&w->liquidations, s->engine_ns, MINUTE) >= 100000000000);
        assert_int_equal(s->cascade_count, in.count_60s);
        assert_int_equal(s->cascade_micro_usd, reference_micro(&w->liquidations, s->engine_ns, MINUTE));
    }
    w->signals_checked++;
    w->loud_checked += s->level_raw >= MR_LEVEL_ALERT;
}

/* ---- the events, before the engines see them ---- */

static void check_all(struct watch *w)
{
    check_velocity(w, mr_pipeline_velocity(w->pipeline), &w->liquidations);
    check_velocity(w, mr_pipeline_flow(w->pipeline), &w->flow);
    check_volatility(w);
}

static int64_t counted(int64_t micro)
{
    return micro < 0 ? 0 : micro > MR_WINDOW_MICRO_MAX ? MR_WINDOW_MICRO_MAX : micro;
}

static void remember(struct watch *w, const struct mr_event *ev, const struct mr_instrument *in, int64_t now)
{
    struct fact f = {now, counted(ev->aux), in->id, in->underlying, in->venue, ev->flags & MR_FLAG_SELL};
    if (ev->flags & (MR_FLAG_SECONDARY | MR_FLAG_SNAPSHOT))
        return;
    if (ev->kind == MR_EVENT_LIQUIDATION)
        reference_add(&w->liquidations, &f);
    if (ev->kind != MR_EVENT_TRADE)
        return;
    f.micro = in->flags & MR_INSTRUMENT_QUOTE_USD ? f.micro : 0;
    reference_add(&w->flow, &f);
    assert_true(ev->price > 0 && w->trade_count < FACTS_MAX);
    w->trades[w->trade_count++] =
        (struct bars_ref_trade){now, ev->price, ev->size, ev->aux, in->id, ev->flags & MR_FLAG_SELL};
    if (in->id == w->reference) {
        w->pending_ns = now;
        w->pending_price = ev->price;
    }
}

static void on_event(void *arg, const union mr_slot *group, const struct mr_instrument *in)
{
    struct watch *w = arg;
    int64_t engine_ns = mr_pipeline_time(w->pipeline), recv_ns = group->event.recv_ns;
    take_pending(w);
    if (w->events++ % w->every == 0)
        check_all(w);
    if (w->events % (16 * w->every) == 0)
        check_bars(w);
    if (in)
        remember(w, &group->event, in, recv_ns > engine_ns ? recv_ns : engine_ns);
}

static void play(struct watch *w, const struct mr_source_ops *ops, const void *config, const char *reference,
                 uint64_t every)
{
    struct mr_source source = {0};
    struct mr_err err;
    void *mem = malloc(ops->bytes(config));
    *w = (struct watch){.every = every, .seconds = -1};
    reference_open(&w->liquidations, FACTS_MAX);
    reference_open(&w->flow, FACTS_MAX);
    w->trades = malloc(FACTS_MAX * sizeof *w->trades);
    const struct mr_player_config player = {
        .reference = reference, .flow = true, .on_event = on_event, .on_signal = on_signal, .arg = w};
    assert_int_equal(mr_player_open(&w->player, &player, &err), MR_OK);
    w->pipeline = mr_player_pipeline(w->player); /* its reference is the table's first instrument: id 0 */
    if (ops->open(&source, mem, config, &err) != MR_OK)
        fail_msg("%s", err.text);
    while (mr_player_step(w->player, &source, 0, 4096) > 0)
        ;
    take_pending(w);
    check_all(w);
    check_bars(w);
    int64_t end_ns = mr_pipeline_time(w->pipeline);
    static const int64_t after[] = {1, 37 * 1000000, STEP, 7 * SEC, 31 * SEC, 62 * SEC, 130 * SEC};
    for (size_t i = 0; i < MR_COUNT_OF(after); i++) { /* what is left decays by the same definitions */
        mr_player_advance(w->player, end_ns + after[i]);
        check_all(w);
    }
    ops->close(&source);
    free(mem);
    mr_player_close(w->player);
    reference_close(&w->liquidations);
    reference_close(&w->flow);
    free(w->trades);
}

static void engines_equal_their_references_on_the_generated_market(void **state)
{
    (void)state;
    static struct watch w;
    uint64_t signals = 0, loud = 0;
    for (uint64_t seed = 1; seed <= (getenv("MILLRACE_QUICK") ? 1 : 3); seed++) {
        const struct mr_market_source_config config = {.market = {.seed = seed,
                                                                  .start_ns = 1700000000123456789,
                                                                  .duration_ns = 20 * MINUTE,
                                                                  .warm_up_ns = 6 * MINUTE,
                                                                  .books_per_s = 1,
                                                                  .trades_per_s = 4}};
        play(&w, &mr_source_market, &config, "binance:spot:BTCUSDT", 499);
        print_message("seed %d: %u liquidations, %u trades; checked: %d streams, %d bars, volatility %d times (%d "
                      "warm), %d signals (%d at ALERT and above)\n",
                      (int)seed, w.liquidations.count, w.flow.count, (int)w.streams_checked, (int)w.bars_checked,
                      (int)w.volatility_checked, (int)w.warm_checked, (int)w.signals_checked, (int)w.loud_checked);
        assert_true(w.liquidations.count > 500 && w.flow.count > 10000 && w.streams_checked > 3000 &&
                    w.bars_checked > 1000);
        assert_true(w.warm_checked > 50);
        signals += w.signals_checked;
        loud += w.loud_checked;
    }
    assert_true(signals > 20 && loud > 5); /* the first market alone has these; calmer ones add to them */
}

static void engines_equal_their_references_on_recordings(void **state)
{
    (void)state;
    static const struct {
        const char *file, *product, *reference;
        uint32_t trades, liquidations;
    } recordings[] = {
        {"binance/spot_btcusdt_20240808.jsonl.zst", "binance:spot", "binance:spot:BTCUSDT", 9757, 0},
        {"binance/usdm_4sym_20210722.jsonl", "binance:usdm", "binance:usdm:BTCUSDT", 91, 0},
        {"bybit/v5_linear_20260809.jsonl", "bybit:linear", "bybit:linear:BTCUSDT", 102, 0},
        {"okx/v5_public_20220513.jsonl", "okx:public", "okx:public:BTC-USDT-SWAP", 74, 0},
        {"hyperliquid/btc_20250126.jsonl", "hyperliquid:perp", "hyperliquid:perp:BTC", 9, 0},
        {"binance/usdm_forceorder_samples_202610.jsonl", "binance:usdm", "binance:usdm:BTCUSDT", 0, 3},
        {"bybit/v5_allliquidation_samples_202610.jsonl", "bybit:linear", "bybit:linear:BTCUSDT", 0, 3},
        {"okx/v5_liquidation_samples_202610.jsonl", "okx:public", "okx:public:BTC-USDT-SWAP", 0, 2},
    };
    const char *folder = mr_test_captures();
    static struct watch w;
    if (!folder) {
        mr_test_skip_line("no recordings: set MILLRACE_CAPTURES");
        skip();
    }
    for (size_t i = 0; i < MR_COUNT_OF(recordings); i++) {
        char path[4096];
        const struct mr_venue *venue;
        struct mr_replay_input input = {.path = path};
        struct mr_err err;
        snprintf(path, sizeof path, "%s/%s", folder, recordings[i].file);
        assert_int_equal(mr_venue_parse(recordings[i].product, &venue, &input.product, &err), MR_OK);
        input.venue = venue->id;
        const struct mr_replay_config config = {.inputs = &input, .count = 1};
        play(&w, &mr_source_replay, &config, recordings[i].reference,
             recordings[i].trades > 1000 ? 397
             : recordings[i].trades      ? 17
                                         : 1);
        print_message(
            "%s: %u liquidations, %u trades; checked: %d streams, %d bars, volatility %d times (%d warm), %d signals\n",
            recordings[i].file, w.liquidations.count, w.flow.count, (int)w.streams_checked, (int)w.bars_checked,
            (int)w.volatility_checked, (int)w.warm_checked, (int)w.signals_checked);
        assert_true(w.flow.count >= recordings[i].trades && w.liquidations.count >= recordings[i].liquidations);
        assert_true(w.streams_checked > 0 && (recordings[i].trades == 0 || w.bars_checked > 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engines_equal_their_references_on_the_generated_market),
        cmocka_unit_test(engines_equal_their_references_on_recordings),
    };
    return MR_TEST_MAIN(tests);
}
