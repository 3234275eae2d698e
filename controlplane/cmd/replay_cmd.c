#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/exact.h"
#include "controlplane/cmd/inputs.h"
#include "dataplane/clock/clock.h"

struct options {
    struct mr_inputs inputs;
    const char *folder; /* of a live run */
    struct mr_player_config player;
    struct mr_unknowns unknowns;
    struct mr_err err;
    int status;
    double pace;
    bool json, verbose;
    uint64_t shown;
};

enum {
    KEY_REST = 1000,
    KEY_RECV,
    KEY_PACE,
    KEY_DIGEST,
    KEY_JSON,
    KEY_REFERENCE,
    KEY_INSTRUMENTS,
    KEY_BOOKS,
    KEY_NO_SHAPES
};

/* clang-format off */
static const struct argp_option argp_options[] = {
    {"venue", 'v', "VENUE:PRODUCT", 0, "Whose messages the next files hold, as binance:usdm", 0},
    {"recv", KEY_RECV, "FILE", 0, "Receive times of the next file (else FILE.recv beside it)", 0},
    {"rest", KEY_REST, "FILE", 0, "REST bodies of the next file (else FILE.rest.json beside it)", 0},
    {"pace", KEY_PACE, "N|max", 0, "As recorded times N, or as fast as possible (default max)", 0},
    {"digest", KEY_DIGEST, NULL, 0, "Digests of events and signals", 0},
    {"json", KEY_JSON, NULL, 0, "One JSON object on stdout", 0},
    {"reference", KEY_REFERENCE, "VENUE:PRODUCT:SYMBOL", 0, "Whose trades are the volatility (binance:spot:BTCUSDT)", 0},
    {"instruments", KEY_INSTRUMENTS, "N", 0, "Instruments followed at once (64)", 0},
    {"books", KEY_BOOKS, "N", 0, "Books kept (32)", 0},
    {"no-shapes", KEY_NO_SHAPES, NULL, 0, "Decode by the general path only", 0},
    {"verbose", 'V', NULL, 0, "Show the first refused messages, with reason and place", 0},
    {0},
};
/* clang-format on */

static error_t count_option(struct options *o, const char *name, const char *text, uint32_t max, uint32_t *out)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || n == 0 || n > max) {
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--%s %s: want 1 to %u", name, text, max);
        return EINVAL;
    }
    *out = (uint32_t)n;
    return 0;
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
    case KEY_PACE:
        o->status = mr_pace_parse(arg, &o->pace, &o->err);
        break;
    case KEY_DIGEST:
        o->player.digest = true;
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_REFERENCE:
        o->player.reference = arg;
        break;
    case KEY_INSTRUMENTS:
        return count_option(o, "instruments", arg, 4096, &o->player.instruments_max);
    case KEY_BOOKS:
        return count_option(o, "books", arg, 4096, &o->player.books_max);
    case KEY_NO_SHAPES:
        o->player.shapes = UINT32_MAX;
        break;
    case 'V':
        o->verbose = true;
        break;
    case ARGP_KEY_ARG:
        if (!o->folder && o->inputs.count == 0 && mr_exact_is(arg)) {
            o->folder = arg;
            break;
        }
        if (o->folder)
            return o->status =
                       mr_err_set(&o->err, MR_E_INVALID, "%s: the folder of a live run is replayed alone", o->folder),
                   EINVAL;
        o->status = mr_inputs_file(&o->inputs, arg, &o->err);
        break;
    case ARGP_KEY_NO_ARGS:
        o->status = mr_err_set(&o->err, MR_E_INVALID, "no files; millrace replay --venue VENUE:PRODUCT FILE...");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

static void on_reject(void *arg, int status, const struct mr_frame *frame, const struct mr_decoder *dec)
{
    struct options *o = arg;
    if (status == MR_E_UNKNOWN)
        mr_unknowns_add(&o->unknowns, dec->name);
    if (!o->verbose || o->shown++ >= 20)
        return;
    fprintf(stderr, "refused: %s (%s) at byte %u%s%s: %.*s\n", mr_status_name(status), mr_status_text(status),
            dec->error_at, dec->error_field ? ", field " : "", dec->error_field ? dec->error_field : "",
            (int)(frame->len < 200 ? frame->len : 200), (const char *)frame->data);
}

static int64_t cpu_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Until the end of the recordings; ns of this thread, or -1 when paced. */
static int64_t play(struct options *o, struct mr_player *player, struct mr_source *source)
{
    int64_t start = cpu_ns();
    for (;;) {
        int n = mr_player_step(player, source, mr_clock_mono(), 4096);
        if (n < 0)
            break;
        if (n == 0)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return o->pace > 0 ? -1 : cpu_ns() - start;
}

static int report(struct options *o, struct mr_player *player, bool untimed, uint32_t torn, int64_t ns)
{
    struct mr_player_totals totals;
    mr_player_totals(player, &totals);
    const struct mr_report r = {.player = player,
                                .unknowns = &o->unknowns,
                                .untimed = untimed,
                                .torn = torn,
                                .ns_per_message =
                                    ns < 0 || !totals.messages ? -1 : (double)ns / (double)totals.messages};
    size_t room = 1 << 20;
    char *out = malloc(room);
    if (!out)
        return MR_EXIT_ENVIRONMENT;
    struct mr_text text;
    mr_text_init(&text, out, room);
    (o->json ? mr_report_json : mr_report_text)(&r, &text);
    fputs(out, stdout);
    if (o->json)
        putchar('\n');
    free(out);
    return totals.refused || totals.mismatches || totals.dropped || r.torn ? MR_EXIT_FINDINGS : MR_EXIT_GOOD;
}

/* The folder of a live run: as it went, tile by tile. */
static int replay_exactly(struct options *o)
{
    struct mr_player *player;
    struct mr_player_exact exact;
    int status = mr_exact_configure(o->folder, &o->player, &o->err);
    if (status == MR_OK)
        status = mr_player_open(&player, &o->player, &o->err);
    if (status)
        return mr_cmd_fail(mr_cmd_exit_of(status), "replay", &o->err);
    int64_t start = cpu_ns();
    status = mr_player_exact(player, &exact, &o->err);
    int code = MR_EXIT_GOOD;
    if (status)
        code = mr_cmd_fail(mr_cmd_exit_of(status), "replay", &o->err);
    else
        code = report(o, player, false, exact.torn, cpu_ns() - start);
    if (!status && exact.mid_run)
        fprintf(stderr,
                "millrace replay: %s was begun in mid-run, or paused: the engines had seen more than it holds. What it "
                "holds: millrace replay %s/feed-*.seg\n",
                o->folder, o->folder);
    if (!status && *exact.why)
        fprintf(stderr, "millrace replay: %s ends early: %s\n", o->folder, exact.why);
    if (!status && exact.lost)
        fprintf(stderr,
                "millrace replay: %s: %llu records could not be recorded; the digests are not those of the run\n",
                o->folder, (unsigned long long)exact.lost);
    mr_player_close(player);
    return !status && (*exact.why || exact.lost || exact.mid_run) ? MR_EXIT_FINDINGS : code;
}

int mr_cmd_replay(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        "FILE...\nFOLDER",
        "Plays recordings, or exactly what a live run recorded in FOLDER, through decoders, books and engines.",
        NULL,
        NULL,
        NULL};
    static struct options o;
    char name[] = "millrace replay";
    argv[0] = name;
    o.player.on_reject = on_reject;
    o.player.merge = true;
    o.player.arg = &o;
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "replay", &o.err);
    if (o.folder)
        return replay_exactly(&o);
    const struct mr_replay_config config = {.inputs = o.inputs.list, .count = o.inputs.count, .pace = o.pace};
    struct mr_source source = {0};
    struct mr_player *player;
    void *mem = malloc(mr_source_replay.bytes(&config));
    int status = mr_source_replay.open(&source, mem, &config, &o.err);
    if (status == MR_OK)
        status = mr_player_open(&player, &o.player, &o.err);
    if (status) {
        source.ops->close(&source); /* set by open in any case; what it had opened is closed twice without harm */
        free(mem);
        return mr_cmd_fail(mr_cmd_exit_of(status), "replay", &o.err);
    }
    int64_t ns = play(&o, player, &source);
    int code = report(&o, player, mr_replay_untimed(&source), mr_replay_torn(&source), ns);
    mr_player_close(player);
    source.ops->close(&source);
    free(mem);
    return code;
}
