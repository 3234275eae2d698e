/* millrace evaluate: what the default rules' alarms are worth (E-26), on the generator, on labelled recordings, or
 * against moves of the price. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/inputs.h"
#include "controlplane/cmd/labels.h"
#include "engines/signal/evaluate.h"
#include "tests/exchange/market/market_source.h"

#define TRACKS_MAX 32

/* One underlying's story, collected while the recording plays. */
struct track {
    char name[24];
    struct mr_eval_change *changes;
    struct mr_eval_price *prices;
    struct mr_eval_span *positives, *quiets;
    uint32_t change_count, change_room, price_count, price_room, positive_count, quiet_count;
    uint32_t price_instrument;
};

struct options {
    struct mr_inputs inputs;
    struct mr_eval_config eval;
    struct mr_market_config market;
    struct mr_err err;
    struct track tracks[TRACKS_MAX];
    struct mr_player *player;
    const char *labels, *underlying, *reference;
    int64_t first_ns, last_ns, ignore_ns;
    uint32_t track_count;
    int status;
    bool json, moves, horizons_given, cascade_rule;
};

enum {
    KEY_RECV = 1000,
    KEY_REST,
    KEY_LABELS,
    KEY_GENERATE,
    KEY_SEED,
    KEY_MOVE,
    KEY_SIGMAS,
    KEY_HORIZON,
    KEY_LEVEL,
    KEY_JSON,
    KEY_IGNORE,
    KEY_RULE,
    KEY_REFERENCE
};

/* clang-format off */
static const struct argp_option argp_options[] = {
    {"generate", KEY_GENERATE, "MINUTES", 0, "Play the seeded market so long, with its own labels", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of the market and of the random alarms (1)", 0},
    {"venue", 'v', "VENUE:PRODUCT", 0, "Whose messages the next files hold", 0},
    {"recv", KEY_RECV, "FILE", 0, "Receive times of the next file", 0},
    {"rest", KEY_REST, "FILE", 0, "REST bodies of the next file", 0},
    {"labels", KEY_LABELS, "FILE", 0, "Labelled stretches of the recordings (JSON)", 0},
    {"move", KEY_MOVE, "PERCENT", 0, "Truth is a move of the price of so much, either way", 0},
    {"sigmas", KEY_SIGMAS, "N", 0, "Truth is a move of so many times the volatility at the time", 0},
    {"horizon", KEY_HORIZON, "SECONDS", 0, "Within so long (several allowed; 30, 60, 300)", 0},
    {"level", KEY_LEVEL, "LEVEL", 0, "What counts as an alarm: watch, alert (default), critical, extreme", 0},
    {"rule", KEY_RULE, "level|cascade", 0, "Whose alarms: the signal's levels (default) or the structural rule's cascades", 0},
    {"reference", KEY_REFERENCE, "VENUE:PRODUCT:SYMBOL", 0, "Whose trades are the volatility (binance:spot:BTCUSDT)", 0},
    {"ignore", KEY_IGNORE, "SECONDS", 0, "Leave out the beginning, while windows fill (420)", 0},
    {"json", KEY_JSON, NULL, 0, "One JSON object on stdout", 0},
    {0},
};
/* clang-format on */

static double number(struct options *o, const char *name, const char *text, double low, double high)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= low && value <= high))
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--%s %s: want %g to %g", name, text, low, high);
    return value;
}

static void add_horizon(struct options *o, const char *text)
{
    double s = number(o, "horizon", text, 0.1, 86400);
    if (!o->horizons_given)
        o->eval.horizon_count = 0;
    o->horizons_given = true;
    if (o->status == MR_OK && o->eval.horizon_count == MR_EVAL_HORIZONS_MAX)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--horizon: at most %d of them", MR_EVAL_HORIZONS_MAX);
    if (o->status == MR_OK)
        o->eval.horizon_ns[o->eval.horizon_count++] = (int64_t)(s * 1e9);
}

static void set_level(struct options *o, const char *text)
{
    for (uint8_t l = MR_LEVEL_WATCH; l < MR_LEVEL_COUNT; l++)
        if (strcmp(text, mr_level_name(l)) == 0) {
            o->eval.level_min = l;
            return;
        }
    o->status = mr_err_set(&o->err, MR_E_INVALID, "--level %s: want watch, alert, critical or extreme", text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'v':
        o->status = mr_inputs_venue(&o->inputs, arg, &o->err);
        break;
    case KEY_RECV:
        o->inputs.recv = arg;
        break;
    case KEY_REST:
        o->inputs.rest = arg;
        break;
    case KEY_LABELS:
        o->labels = arg;
        break;
    case KEY_GENERATE:
        o->market.duration_ns = (int64_t)(number(o, "generate", arg, 10, 10080) * 60e9);
        break;
    case KEY_SEED:
        o->market.seed = o->eval.seed = strtoull(arg, NULL, 10);
        break;
    case KEY_MOVE:
    case KEY_SIGMAS:
        o->moves = true;
        o->eval.unit = key == KEY_MOVE ? MR_EVAL_PERCENT : MR_EVAL_VOLATILITY;
        o->eval.threshold = number(o, key == KEY_MOVE ? "move" : "sigmas", arg, 0.001, 100);
        break;
    case KEY_HORIZON:
        add_horizon(o, arg);
        break;
    case KEY_LEVEL:
        set_level(o, arg);
        break;
    case KEY_RULE:
        o->cascade_rule = strcmp(arg, "cascade") == 0;
        if (!o->cascade_rule && strcmp(arg, "level") != 0)
            o->status = mr_err_set(&o->err, MR_E_INVALID, "--rule %s: want level or cascade", arg);
        break;
    case KEY_REFERENCE:
        o->reference = arg;
        break;
    case KEY_IGNORE:
        o->ignore_ns = (int64_t)(number(o, "ignore", arg, 0, 86400) * 1e9);
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case ARGP_KEY_ARG:
        o->status = mr_inputs_file(&o->inputs, arg, &o->err);
        break;
    case ARGP_KEY_END:
        if (!o->market.duration_ns && !o->inputs.count)
            o->status = mr_err_set(&o->err, MR_E_INVALID,
                                   "what to play? --generate MINUTES, or files with --labels, --move or --sigmas");
        else if (!o->market.duration_ns && !o->labels && !o->moves)
            o->status = mr_err_set(&o->err, MR_E_INVALID,
                                   "what is true of these files? --labels FILE, --move PERCENT or --sigmas N");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

/* ---- collecting ---- */

static void *grow(void *list, uint32_t count, uint32_t *room, size_t each)
{
    if (count < *room)
        return list;
    *room = *room ? *room * 2 : 256;
    void *more = realloc(list, *room * each);
    MR_ASSERT(more);
    return more;
}

static struct track *track_for(struct options *o, const char *name)
{
    for (uint32_t i = 0; i < o->track_count; i++)
        if (strcmp(o->tracks[i].name, name) == 0)
            return &o->tracks[i];
    if (o->track_count == TRACKS_MAX || !*name)
        return NULL;
    struct track *t = &o->tracks[o->track_count++];
    strncpy(t->name, name, sizeof t->name - 1);
    t->price_instrument = UINT32_MAX;
    return t;
}

static void on_signal(void *arg, const struct mr_signal *signal)
{
    struct options *o = arg;
    struct mr_eval_change change;
    bool ours = o->cascade_rule ? mr_eval_change_of_cascade(signal, &change) : mr_eval_change_of(signal, &change);
    struct track *t = ours ? track_for(o, signal->underlying_name) : NULL;
    if (!t)
        return;
    t->changes = grow(t->changes, t->change_count, &t->change_room, sizeof *t->changes);
    t->changes[t->change_count++] = change;
}

/* The price of an underlying: the first of its instruments that trades. */
static void on_event(void *arg, const union mr_slot *group, const struct mr_instrument *instrument)
{
    struct options *o = arg;
    if (!o->first_ns)
        o->first_ns = group->event.recv_ns;
    if (group->event.recv_ns > o->last_ns)
        o->last_ns = group->event.recv_ns;
    if (group->event.kind != MR_EVENT_TRADE || !instrument || group->event.flags & MR_FLAG_SNAPSHOT)
        return;
    struct track *t =
        track_for(o, mr_instruments_underlying_name(mr_player_instruments(o->player), instrument->underlying));
    if (!t || (t->price_instrument != UINT32_MAX && t->price_instrument != instrument->id))
        return;
    t->price_instrument = instrument->id;
    struct mr_volatility_view v;
    mr_volatility_query(mr_pipeline_volatility(mr_player_pipeline(o->player)), &v);
    if (t->price_count && t->prices[t->price_count - 1].at_ns >= group->event.recv_ns)
        return;
    t->prices = grow(t->prices, t->price_count, &t->price_room, sizeof *t->prices);
    t->prices[t->price_count++] =
        (struct mr_eval_price){group->event.recv_ns, mr_decimal_double(group->event.price, instrument->price_scale),
                               v.flags & MR_VOLATILITY_WARMING ? 0 : v.vol[MR_VOLATILITY_5M]};
}

static int play(struct options *o, struct mr_stretches *stretches)
{
    const struct mr_market_source_config market = {.market = o->market};
    const struct mr_replay_config recordings = {.inputs = o->inputs.list, .count = o->inputs.count};
    const struct mr_source_ops *ops = o->market.duration_ns ? &mr_source_market : &mr_source_replay;
    const void *config = o->market.duration_ns ? (const void *)&market : (const void *)&recordings;
    struct mr_source source = {0};
    void *mem = malloc(ops->bytes(config));
    int status = ops->open(&source, mem, config, &o->err);
    if (status) {
        free(mem);
        return status;
    }
    while (mr_player_step(o->player, &source, 0, 4096) > 0)
        ;
    if (o->labels)
        status = mr_labels_read(o->labels, stretches, &o->err);
    else if (o->market.duration_ns)
        mr_labels_of(mr_market_of(&source), stretches);
    ops->close(&source);
    free(mem);
    return status;
}

/* ---- labels to spans ---- */

static void clip(struct mr_eval_span *span, int64_t from, int64_t to)
{
    span->from_ns = span->from_ns < from ? from : span->from_ns;
    span->to_ns = span->to_ns > to ? to : span->to_ns;
}

/* Of one underlying: its cascades are the positives, all quiet stretches the quiet ones; bursts are neither, so an
 * alarm in one counts against the rule only if no cascade follows: they are quiet too, since nothing happens in
 * them. */
static void spans(struct track *t, const struct mr_stretches *s, int64_t from, int64_t to)
{
    t->positives = calloc(s->count + 1, sizeof *t->positives);
    t->quiets = calloc(s->count + 1, sizeof *t->quiets);
    MR_ASSERT(t->positives && t->quiets);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct mr_stretch *x = &s->list[i];
        struct mr_eval_span span = {x->start_ns, x->end_ns};
        clip(&span, from, to);
        if (span.from_ns >= span.to_ns)
            continue;
        bool mine = x->stretch == MR_MARKET_CASCADE && strcmp(x->underlying, t->name) == 0;
        if (mine)
            t->positives[t->positive_count++] = span;
        else
            t->quiets[t->quiet_count++] = span;
    }
}

static int evaluate(struct options *o, const struct mr_stretches *stretches, struct mr_evaluation *out)
{
    struct mr_eval_track tracks[TRACKS_MAX];
    uint32_t n = 0;
    int64_t from = o->first_ns + o->ignore_ns, to = o->last_ns + 1;
    if (from >= to)
        return mr_err_set(&o->err, MR_E_INVALID, "nothing is left after the first %lld s; play more, or give --ignore",
                          (long long)(o->ignore_ns / 1000000000));
    for (uint32_t i = 0; i < o->track_count; i++) {
        struct track *t = &o->tracks[i];
        spans(t, stretches, from, to);
        uint32_t skip = 0;
        while (skip < t->price_count && t->prices[skip].at_ns < from)
            skip++;
        uint32_t early = 0;
        while (early < t->change_count && t->changes[early].at_ns < from)
            early++;
        tracks[n++] = (struct mr_eval_track){.name = t->name,
                                             .from_ns = from,
                                             .to_ns = to,
                                             .changes = t->changes + early,
                                             .change_count = t->change_count - early,
                                             .prices = t->prices + skip,
                                             .price_count = t->price_count - skip,
                                             .positives = t->positives,
                                             .positive_count = t->positive_count,
                                             .quiets = t->quiets,
                                             .quiet_count = t->quiet_count};
    }
    return mr_evaluate(&o->eval, tracks, n, out, &o->err);
}

static void show(const struct options *o, const struct mr_evaluation *evaluation)
{
    static char out[65536];
    struct mr_text text;
    mr_text_init(&text, out, sizeof out);
    if (o->json) {
        struct mr_json_out j;
        mr_json_out_init(&j, &text);
        mr_evaluate_json(&j, NULL, evaluation);
        mr_text_add(&text, "\n");
    } else {
        mr_evaluate_text(&text, evaluation);
    }
    fputs(out, stdout);
}

int mr_cmd_evaluate(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options, parse,
        "[FILE...]",  "Precision, recall, false positives and lead time of the cascade signals, beside random alarms.",
        NULL,         NULL,
        NULL};
    static struct options o = {.market = {.seed = 1, .start_ns = 1700000000000000000}, .ignore_ns = 420000000000};
    char name[] = "millrace evaluate";
    argv[0] = name;
    mr_eval_config_default(&o.eval);
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "evaluate", &o.err);
    o.eval.labels = o.moves ? MR_EVAL_MOVES : MR_EVAL_WINDOWS;
    const struct mr_player_config config = {
        .reference = o.reference, .on_signal = on_signal, .on_event = on_event, .merge = true, .arg = &o};
    struct mr_stretches stretches = {0};
    struct mr_evaluation evaluation;
    int status = mr_player_open(&o.player, &config, &o.err);
    if (status == MR_OK) {
        status = play(&o, &stretches);
        if (status == MR_OK)
            status = evaluate(&o, &stretches, &evaluation);
        if (status == MR_OK)
            show(&o, &evaluation);
        mr_player_close(o.player);
    }
    free(stretches.list);
    for (uint32_t i = 0; i < o.track_count; i++) {
        free(o.tracks[i].changes);
        free(o.tracks[i].prices);
        free(o.tracks[i].positives);
        free(o.tracks[i].quiets);
    }
    return status ? mr_cmd_fail(mr_cmd_exit_of(status), "evaluate", &o.err) : MR_EXIT_GOOD;
}
