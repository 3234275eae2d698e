/* millrace tap: what a running instance's engines see and say, as it happens. Uses the public library only. */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/tap_show.h"
#include "dataplane/clock/clock.h"

enum { KEY_EVENTS = 256, KEY_SIGNALS, KEY_BOOKS, KEY_COUNT, KEY_SECONDS, KEY_JSON, KEY_OLDEST };

struct options {
    const char *instance, *workspace, *symbol;
    unsigned take, flags;
    uint64_t count; /* 0: no end */
    double seconds; /* 0: no end */
    bool json;
    int status;
    struct mr_err err;
};

/* clang-format off */
static const struct argp_option argp_options[] = {
    {"instance", 'i', "NAME", 0, "the instance, by its name in the run directory (default: default)", 0},
    {"workspace", 'w', "FILE", 0, "the instance's workspace file instead, also of one that has ended", 0},
    {"events", KEY_EVENTS, NULL, 0, "trades, liquidations, marks, gaps, ...: all events but books", 0},
    {"books", KEY_BOOKS, NULL, 0, "book messages", 0},
    {"signals", KEY_SIGNALS, NULL, 0, "signals (none of the three: all of them)", 0},
    {"symbol", 's', "S", 0, "only this: BTCUSDT, binance:usdm:BTCUSDT, or an underlying: BTC", 0},
    {"oldest", KEY_OLDEST, NULL, 0, "begin with the oldest records still there", 0},
    {"count", KEY_COUNT, "N", 0, "end after N records", 0},
    {"seconds", KEY_SECONDS, "S", 0, "end after S seconds", 0},
    {"json", KEY_JSON, NULL, 0, "a JSON object a line", 0},
    {0},
};
/* clang-format on */

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'i':
        o->instance = arg;
        break;
    case 'w':
        o->workspace = arg;
        break;
    case 's':
        o->symbol = arg;
        break;
    case KEY_EVENTS:
        o->take |= MILLRACE_EVENTS;
        break;
    case KEY_BOOKS:
        o->take |= MILLRACE_BOOKS;
        break;
    case KEY_SIGNALS:
        o->take |= MILLRACE_SIGNALS;
        break;
    case KEY_OLDEST:
        o->flags |= MILLRACE_FROM_OLDEST;
        break;
    case KEY_COUNT:
        o->count = (uint64_t)mr_cmd_number("count", arg, 1, 1e15, &o->status, &o->err);
        break;
    case KEY_SECONDS:
        o->seconds = mr_cmd_number("seconds", arg, 0.001, 1e9, &o->status, &o->err);
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case ARGP_KEY_ARG:
        o->status = mr_err_set(&o->err, MR_E_INVALID, "%s: no argument is wanted here (--symbol %s?)", arg, arg);
        break;
    case ARGP_KEY_END:
        if (o->instance && o->workspace)
            o->status = mr_err_set(&o->err, MR_E_INVALID, "--instance and --workspace: choose one");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

static volatile sig_atomic_t stopped; /* by Ctrl-C: the sums are still told */

static void stop(int number_of_signal)
{
    (void)number_of_signal;
    stopped = 1;
}

static bool wanted(const struct options *o, const struct millrace_record *r)
{
    if (!o->symbol || r->kind == MILLRACE_LAPPED || r->kind == MILLRACE_RESTARTED)
        return true;
    if (r->signal && strcmp(r->signal->underlying, o->symbol) == 0)
        return true;
    const struct millrace_instrument *it = r->instrument;
    char full[sizeof it->venue + sizeof it->product + sizeof it->symbol];
    if (!it)
        return false;
    snprintf(full, sizeof full, "%s:%s:%s", it->venue, it->product, it->symbol);
    return strcmp(it->symbol, o->symbol) == 0 || strcmp(full, o->symbol) == 0 || strcmp(it->underlying, o->symbol) == 0;
}

/* Until the end that was asked for, Ctrl-C, or an error. */
static int follow(const struct options *o, struct millrace *m, struct millrace_error *error)
{
    int64_t end_ns = mr_clock_mono() + (int64_t)(o->seconds * 1e9);
    uint64_t shown = 0;
    int n = 0;
    while (!stopped && (o->count == 0 || shown < o->count) && (o->seconds <= 0 || mr_clock_mono() < end_ns)) {
        const struct millrace_record *r;
        n = millrace_next(m, &r, error);
        if (n < 0)
            break;
        if (n == 0) {
            fflush(stdout);
            millrace_wait(m, 20);
        } else if (wanted(o, r)) {
            mr_tap_show(stdout, r, o->json);
            shown++;
        }
        if (ferror(stdout))
            break;
    }
    struct millrace_info info;
    millrace_info(m, &info, sizeof info);
    fflush(stdout);
    fprintf(stderr, "millrace tap: %llu records; %llu slots lost; %llu restarts\n", (unsigned long long)shown,
            (unsigned long long)info.lost_slots, (unsigned long long)info.restarts);
    return n < 0 ? n : MILLRACE_OK;
}

static int fail(struct options *o, const struct millrace_error *error, bool attached)
{
    mr_err_set(&o->err, MR_E_IO, "%s", error->text);
    int code = error->code == MILLRACE_E_ARGUMENT ? MR_EXIT_USAGE
               : attached                         ? MR_EXIT_ENVIRONMENT
                                                  : MR_EXIT_UNREACHABLE;
    return mr_cmd_fail(code, "tap", &o->err);
}

int mr_cmd_tap(int argc, char **argv)
{
    static const struct argp argp = {argp_options,
                                     parse,
                                     NULL,
                                     "What a running instance's engines see and say, as it happens: a line a record. "
                                     "Never in the instance's way: what a slow reader loses is counted and shown.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct options o = {.status = MR_OK};
    struct millrace *m;
    struct millrace_error error;
    char name[] = "millrace tap";
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "tap", &o.err);
    unsigned take = o.take ? o.take : MILLRACE_ALL;
    int code = o.workspace ? millrace_open_file(&m, o.workspace, take, o.flags, &error)
                           : millrace_open(&m, o.instance, take, o.flags, &error);
    if (code != MILLRACE_OK)
        return fail(&o, &error, false);
    struct sigaction act = {.sa_handler = stop};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    code = follow(&o, m, &error);
    millrace_close(m);
    return code == MILLRACE_OK ? MR_EXIT_GOOD : fail(&o, &error, true);
}
