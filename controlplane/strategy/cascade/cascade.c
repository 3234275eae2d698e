/* Follower and fader of liquidation cascades.
 *
 * Both watch an underlying's signal level. A cascade moves the price: liquidated longs sell into bids, liquidated shorts buy. Its direction is
 * the sign of the mid's move over the last `lookback` seconds.
 * follower  when the level rises to `level` or above and the move is at least `move_bp`: trades with the move, on each instrument of the
 *           underlying; closes when the level has fallen below.
 * fader     when the level has fallen below `level` after having been there, and the move since it rose is at least `move_bp`: trades
 *           against it, for the return of a part of the move.
 * Stops and targets are in percent of the margin, as in controlplane/risk/formulas.h; both give up by time. */
#include <math.h>

#include "controlplane/strategy/strategy.h"
#include "dataplane/text/text.h"

#define SAMPLES 128 /* a mid a second */

enum { LEVEL, MOVE_BP, LOOKBACK_S, STOP_ROI, TARGET_ROI, HOLD_S, PAUSE_S, PARAMS };

/* clang-format off */
static const struct mr_strategy_param params[] = {
    [LEVEL]      = {"level",      MR_LEVEL_ALERT, MR_LEVEL_WATCH, MR_LEVEL_EXTREME, "1 WATCH .. 4 EXTREME", "a signal counts from this level on"},
    [MOVE_BP]    = {"move_bp",    5,    0, 10000, "basis points", "least move of the mid"},
    [LOOKBACK_S] = {"lookback_s", 10,   1, SAMPLES - 1, "s",       "over which the move is taken"},
    [STOP_ROI]   = {"stop_roi",   2,    0, 1000, "% of margin",    "loss at which it ends; 0: no stop"},
    [TARGET_ROI] = {"target_roi", 4,    0, 1000, "% of margin",    "gain at which it ends; 0: no target"},
    [HOLD_S]     = {"hold_s",     60,   1, 86400, "s",             "closed at the latest after so long"},
    [PAUSE_S]    = {"pause_s",    30,   0, 86400, "s",             "between two entries in one instrument"},
    [PARAMS]     = {0},
};
/* clang-format on */

struct sample {
    int64_t ns;
    mr_price mid;
};
struct one { /* an instrument */
    uint32_t id;
    uint16_t underlying;
    uint8_t level;      /* of its underlying, as last told */
    bool above;         /* it is, or was until just now, at `level` or above */
    mr_price begun_mid; /* when it rose there */
    int64_t entered_ns;
    struct sample sample[SAMPLES];
    uint32_t sampled; /* so many so far */
};
struct cascade {
    double param[PARAMS];
    uint32_t count;
    const struct mr_instruments *table;
    struct one one[MR_STRATEGY_INSTRUMENTS_MAX];
};

static void init(void *state, const struct mr_strategy_config *config)
{
    struct cascade *c = state;
    memset(c, 0, sizeof *c);
    memcpy(c->param, config->param, sizeof c->param);
    c->table = config->table;
    c->count = config->instrument_count;
    for (uint32_t i = 0; i < c->count; i++)
        c->one[i].id = config->instruments[i];
}

/* The mid `lookback` ago, or the oldest known if that is younger; 0 none. */
static mr_price mid_before(const struct one *o, int64_t now_ns, int64_t lookback_ns)
{
    mr_price found = 0;
    for (uint32_t k = 1; k <= SAMPLES && k <= o->sampled; k++) {
        const struct sample *s = &o->sample[(o->sampled - k) % SAMPLES];
        found = s->mid;
        if (s->ns <= now_ns - lookback_ns)
            break;
    }
    return found;
}

/* Basis points from `from` to `to`, signed. */
static double move_bp(mr_price from, mr_price to)
{
    return from > 0 ? ((double)to - (double)from) / (double)from * 1e4 : 0;
}

static uint32_t ppm(double percent) { return (uint32_t)lround(percent * 1e4); }

/* Stands between signal and order: copies and whole numbers, no formats. */
static void say(struct mr_intent *intent, const char *why, double bp, const struct mr_signal *signal)
{
    struct mr_text text;
    mr_text_init(&text, intent->reason, sizeof intent->reason);
    mr_text_add(&text, why);
    mr_text_add(&text, ": ");
    mr_text_add(&text, signal->underlying_name[0] ? signal->underlying_name : "?");
    mr_text_add(&text, " at ");
    mr_text_decimal(&text, lround(bp * 10), 1);
    mr_text_add(&text, " bp, level ");
    mr_text_add(&text, mr_level_name(signal->level));
    mr_text_add(&text, ", p ");
    mr_text_decimal(&text, lround(signal->probability * 100), 2);
}

static void enter(struct cascade *c, struct one *o, const struct mr_strategy_host *host, bool buy, double bp,
                  const struct mr_signal *signal, const char *why, int64_t now_ns)
{
    struct mr_intent intent = {.instrument = o->id,
                               .kind = MR_INTENT_OPEN,
                               .side = buy ? MR_SIDE_BUY : MR_SIDE_SELL,
                               .confidence_ppm = (uint32_t)lround(fmin(1, fmax(0, signal->confidence)) * 1e6),
                               .stop_roi_ppm = ppm(c->param[STOP_ROI]),
                               .target_roi_ppm = ppm(c->param[TARGET_ROI]),
                               .hold_ns = (int64_t)(c->param[HOLD_S] * 1e9)};
    if (host->position(host->self, o->id) != 0 || host->busy(host->self, o->id) ||
        (o->entered_ns && now_ns - o->entered_ns < (int64_t)(c->param[PAUSE_S] * 1e9)))
        return;
    say(&intent, why, bp, signal);
    if (host->submit(host->self, &intent) == MR_OK)
        o->entered_ns = now_ns;
}

static void leave(struct one *o, const struct mr_strategy_host *host, const char *why)
{
    mr_size held = host->position(host->self, o->id);
    struct mr_intent intent = {.instrument = o->id,
                               .kind = MR_INTENT_CLOSE,
                               .side = held > 0 ? MR_SIDE_SELL : MR_SIDE_BUY,
                               .confidence_ppm = 1000000};
    if (held == 0)
        return;
    struct mr_text text;
    mr_text_init(&text, intent.reason, sizeof intent.reason);
    mr_text_add(&text, why);
    host->submit(host->self, &intent);
}

/* Is it an instrument of this signal's underlying, with a book to be believed? */
static bool concerns(const struct cascade *c, struct one *o, const struct mr_signal *signal)
{
    const struct mr_instrument *it = mr_instruments_get(c->table, o->id);
    const char *name = it ? mr_instruments_underlying_name(c->table, it->underlying) : NULL;
    return name && strncmp(name, signal->underlying_name, sizeof signal->underlying_name) == 0;
}

static mr_price mid_now(const struct one *o, const struct mr_strategy_host *host)
{
    const struct mr_market_view *v = host->view(host->self, o->id);
    return v && v->flags == MR_MARKET_LIVE ? mr_market_mid(v) : 0;
}

typedef void on_level_fn(struct cascade *c, struct one *o, const struct mr_strategy_host *host,
                         const struct mr_signal *signal, bool rose, mr_price mid, int64_t now_ns);

/* `rose` is true while the level is at ours or above, false once when it falls below. */
static void on_level(struct cascade *c, const struct mr_strategy_host *host, const struct mr_signal *signal,
                     int64_t now_ns, on_level_fn *act)
{
    if (signal->kind != MR_SIGNAL_LEVEL || (signal->flags & MR_SIGNAL_WARMING))
        return;
    for (uint32_t i = 0; i < c->count; i++) {
        struct one *o = &c->one[i];
        if (!concerns(c, o, signal))
            continue;
        bool above = signal->level >= (unsigned)c->param[LEVEL], was = o->above;
        mr_price mid = mid_now(o, host);
        o->level = signal->level;
        o->above = above;
        if (above && !was)
            o->begun_mid = mid_before(o, now_ns, (int64_t)(c->param[LOOKBACK_S] * 1e9));
        if (above || was)
            act(c, o, host, signal, above, mid, now_ns);
    }
}

static void follow(struct cascade *c, struct one *o, const struct mr_strategy_host *host,
                   const struct mr_signal *signal, bool rose, mr_price mid, int64_t now_ns)
{
    double bp = move_bp(mid_before(o, now_ns, (int64_t)(c->param[LOOKBACK_S] * 1e9)), mid);
    if (!rose)
        leave(o, host, "follower: the level has fallen");
    else if (mid > 0 && fabs(bp) >= c->param[MOVE_BP] && bp != 0)
        enter(c, o, host, bp > 0, bp, signal, "follower", now_ns);
}

static void fade(struct cascade *c, struct one *o, const struct mr_strategy_host *host, const struct mr_signal *signal,
                 bool rose, mr_price mid, int64_t now_ns)
{
    double bp = move_bp(o->begun_mid, mid);
    if (rose)
        leave(o, host, "fader: another cascade");
    else if (mid > 0 && fabs(bp) >= c->param[MOVE_BP] && bp != 0)
        enter(c, o, host, bp < 0, bp, signal, "fader", now_ns);
}

static void follower_on_signal(void *state, const struct mr_strategy_host *host, const struct mr_signal *signal,
                               int64_t now_ns)
{
    on_level(state, host, signal, now_ns, follow);
}

static void fader_on_signal(void *state, const struct mr_strategy_host *host, const struct mr_signal *signal,
                            int64_t now_ns)
{
    on_level(state, host, signal, now_ns, fade);
}

static void on_timer(void *state, const struct mr_strategy_host *host, int64_t now_ns)
{
    struct cascade *c = state;
    for (uint32_t i = 0; i < c->count; i++) {
        struct one *o = &c->one[i];
        mr_price mid = mid_now(o, host);
        if (mid > 0)
            o->sample[o->sampled++ % SAMPLES] = (struct sample){now_ns, mid};
    }
}

const struct mr_strategy mr_strategy_follower = {
    .name = "follower",
    .help = "trades with a liquidation cascade while its level is high",
    .params = params,
    .bytes = sizeof(struct cascade),
    .init = init,
    .on_signal = follower_on_signal,
    .on_timer = on_timer,
};
const struct mr_strategy mr_strategy_fader = {
    .name = "fader",
    .help = "trades against the move of a liquidation cascade when it is over",
    .params = params,
    .bytes = sizeof(struct cascade),
    .init = init,
    .on_signal = fader_on_signal,
    .on_timer = on_timer,
};
