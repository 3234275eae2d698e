/* millrace run: the whole system under one supervisor. Without a configuration also a simulated exchange, so that there is something to
 * receive: all venues over TLS on the loopback, from the seeded market generator. */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/demo.h"
#include "controlplane/cmd/summary.h"
#include "controlplane/cmd/supervise.h"
#include "controlplane/cmd/veth.h"
#include "controlplane/cmd/warm.h"
#include "controlplane/config/config.h"
#include "controlplane/trade/show.h"
#include "dataplane/clock/clock.h"

enum {
    KEY_CONFIG = 'c',
    KEY_INSTANCE = 'i',
    KEY_LIVE = 256,
    KEY_SECONDS,
    KEY_JSON,
    KEY_RECORD,
    KEY_NO_VIEW,
    KEY_SEED,
    KEY_SOURCE,
    KEY_TILES,
    KEY_PORT,
    KEY_FAULT,
    KEY_TRADE
};

struct options {
    const char *config, *instance, *live, *record, *source, *fault, *trade;
    double seconds;
    uint64_t seed;
    uint32_t tiles, port;
    bool json, no_view;
};

static const struct argp_option argp_options[] = {
    {"config", KEY_CONFIG, "FILE", 0, "Run this configuration, without the simulated exchange", 0},
    {"live", KEY_LIVE, "VENUES", 0,
     "The venues' public streams instead of the simulated exchange: "
     "binance,bybit,okx,hyperliquid,kucoin,mexc,polymarket",
     0},
    {"instance", KEY_INSTANCE, "NAME", 0, "Another name than the configuration's (demo, live)", 0},
    {"seconds", KEY_SECONDS, "S", 0, "Stop after so long", 0},
    {"json", KEY_JSON, NULL, 0, "No view; a summary as one JSON object at the end", 0},
    {"no-view", KEY_NO_VIEW, NULL, 0, "No view; a summary at the end", 0},
    {"record", KEY_RECORD, "FOLDER", 0, "Record what is received into FOLDER", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of the generated market (1)", 1},
    {"fault", KEY_FAULT, "FAULT", 0, "A fault of the simulated exchange (millrace exchange --help)", 1},
    {"port", KEY_PORT, "N", 0, "Port of the simulated exchange (the system chooses)", 1},
    {"source", KEY_SOURCE, "NAME", 0,
     "auto, dpdk, uring or socket (auto); dpdk: the exchange in a network namespace, over a veth (root)", 1},
    {"trade", KEY_TRADE, "WHERE", 0,
     "paper: at the paper exchange in the control plane's process (the default); remote: over the network, at an "
     "account "
     "of the simulated exchange",
     1},
    {"feed-tiles", KEY_TILES, "N", 0, "Feed tiles, 1 or 2 (1)", 1},
    {0},
};

static bool remote(const struct options *o) { return o->trade && strcmp(o->trade, "remote") == 0; }

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    char *end = arg;
    switch (key) {
    case KEY_CONFIG:
        o->config = arg;
        break;
    case KEY_INSTANCE:
        o->instance = arg;
        break;
    case KEY_LIVE:
        o->live = arg;
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_NO_VIEW:
        o->no_view = true;
        break;
    case KEY_RECORD:
        o->record = arg;
        break;
    case KEY_SOURCE:
        o->source = arg;
        break;
    case KEY_FAULT:
        o->fault = arg;
        break;
    case KEY_TRADE:
        if (strcmp(arg, "paper") != 0 && strcmp(arg, "remote") != 0)
            argp_error(state, "--trade %s: want paper or remote", arg);
        o->trade = arg;
        break;
    case KEY_SECONDS:
        o->seconds = strtod(arg, &end);
        if (end == arg || *end || !(o->seconds > 0 && o->seconds <= 1e9))
            argp_error(state, "--seconds %s: want a number of seconds", arg);
        break;
    case KEY_SEED:
    case KEY_TILES:
    case KEY_PORT: {
        uint64_t n = strtoull(arg, &end, 10), most = key == KEY_TILES ? 2 : key == KEY_PORT ? 65535 : UINT64_MAX;
        if (end == arg || *end || *arg == '-' || n > most || (key == KEY_TILES && n == 0))
            argp_error(state, "%s: want a number up to %llu", arg, (unsigned long long)most);
        *(key == KEY_SEED ? &o->seed : &(uint64_t){0}) = n;
        if (key == KEY_TILES)
            o->tiles = (uint32_t)n;
        if (key == KEY_PORT)
            o->port = (uint32_t)n;
        break;
    }
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no argument is wanted here (millrace play and replay take recordings)", arg);
        break;
    case ARGP_KEY_END:
        if (o->config && o->live)
            argp_error(state, "--config and --live: choose one");
        if (o->trade && (o->config || o->live))
            argp_error(state, "--trade: only with the simulated exchange, not with --config or --live");
        if (remote(o) && o->source && strcmp(o->source, "dpdk") == 0)
            argp_error(state, "--trade remote: the account is reached through the kernel, which has no way to the "
                              "exchange of --source dpdk; choose another source");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

/* From the start to the market's first stretch that is not quiet: velocity is warm after 64 s, and only then are levels given. A short run
 * is to see a cascade all the same. */
static int64_t quiet_s(const struct options *o) { return o->seconds > 0 && o->seconds < 100 ? 5 : 70; }

enum { EXCHANGE, DATAPLANE, CONTROLPLANE, CHILDREN };

struct run {
    struct options o;
    struct mr_config config;
    struct mr_child child[CHILDREN];
    bool wanted[CHILDREN];
    char folder[256], config_file[400], certs[400], port[16], seed[24], workspace[256], began[24], warm_up[24];
    struct mr_veth veth; /* space "": the exchange is on the loopback */
    struct mr_own_account account;
    int64_t began_ns; /* of the generated market; 0: there is none */
    bool first[CHILDREN];
};

static void tell(void *arg, const char *sentence)
{
    (void)arg;
    fprintf(stderr, "millrace run: %s\n", sentence);
}

static int64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* ---- the exchange says where it listens ---- */

static int wait_for_exchange(struct mr_child *c, char port[16], char ca[256], struct mr_err *err)
{
    char line[600];
    FILE *f = fdopen(dup(c->output), "r");
    bool good = f && fgets(line, sizeof line, f) &&
                sscanf(line, "listening on %*[^:]:%15[0-9], CA file %255[^\n]", port, ca) == 2;
    if (f)
        fclose(f);
    return good ? MR_OK
                : mr_err_set(err, MR_E_IO, "exchange: did not start; it said why above (or in %s)",
                             *c->log_file ? c->log_file : "its log");
}

static void set_args(struct mr_child *c, size_t n, const char *const *args)
{
    MR_ASSERT(n < MR_CHILD_ARGS);
    for (size_t i = 0; i < n; i++)
        c->argv[i] = (char *)(uintptr_t)args[i];
    c->argv[n] = NULL;
}

/* With the account's key, when it is started again, too. */
static void add_account(struct run *r)
{
    char **argv = r->child[EXCHANGE].argv;
    size_t n = 0;
    while (argv[n])
        n++;
    MR_ASSERT(n + 2 < MR_CHILD_ARGS);
    argv[n] = (char *)(uintptr_t) "--account";
    argv[n + 1] = r->account.credentials;
    argv[n + 2] = NULL;
}

/* It outlived an earlier run; the configuration written then says where it is. */
static int adopt_exchange(struct run *r, struct mr_err *err)
{
    static struct mr_config was;
    fprintf(stderr, "millrace run: exchange (pid %d) was running already: adopted\n", (int)r->child[EXCHANGE].pid);
    if (mr_config_load(&was, r->config_file, tell, NULL) || was.plane.feed_count == 0)
        return mr_err_set(err, MR_E_INVALID, "%s: does not say where the exchange is; stop it (pid %d) and run again",
                          r->config_file, (int)r->child[EXCHANGE].pid);
    if (r->o.trade && remote(&r->o) != (was.trade.exchange == MR_EXCHANGE_REMOTE))
        return mr_err_set(err, MR_E_INVALID,
                          "--trade %s: the exchange that runs already was not started so; stop it "
                          "(pid %d) and run again",
                          r->o.trade, (int)r->child[EXCHANGE].pid);
    if (was.trade.exchange == MR_EXCHANGE_REMOTE) {
        snprintf(r->account.credentials, sizeof r->account.credentials, "%s", was.trade.credentials);
        add_account(r);
    }
    snprintf(r->port, sizeof r->port, "%u", was.plane.feeds[0].fixed.port);
    return MR_OK;
}

/* The market began a while ago, and the engines begin with what they would know of it, so that its first cascade finds them warm. */
static void warm_engines(const struct run *r)
{
    struct mr_err err;
    if (!r->began_ns || r->child[EXCHANGE].adopted)
        return;
    if (mr_warm(&r->config.plane, r->o.seed, r->began_ns, MR_WARM_NS + quiet_s(&r->o) * 1000000000, wall_ns(), &err))
        fprintf(stderr, "millrace run: %s\n", err.text); /* it goes on: engines begin cold */
}

static int start_exchange(struct run *r, struct mr_err *err)
{
    struct mr_child *c = &r->child[EXCHANGE];
    char ca[256];
    snprintf(r->certs, sizeof r->certs, "%s/certs", r->folder);
    snprintf(r->seed, sizeof r->seed, "%llu", (unsigned long long)r->o.seed);
    snprintf(r->port, sizeof r->port, "%u", r->o.port);
    snprintf(r->began, sizeof r->began, "%lld", (long long)r->began_ns);
    snprintf(r->warm_up, sizeof r->warm_up, "%lld", (long long)(MR_WARM_NS / 1000000000 + quiet_s(&r->o)));
    const char *args[16] = {"exchange", "--certs",   r->certs,   "--seed",  r->seed, "--port",
                            r->port,    "--warm-up", r->warm_up, "--began", r->began};
    size_t n = 11;
    bool bypass = r->o.source && strcmp(r->o.source, "dpdk") == 0;
    if (bypass) {
        mr_veth_name(&r->veth, r->config.plane.instance, r->folder);
        c->space = r->veth.space;
        args[n++] = "--address";
        args[n++] = r->veth.far;
    }
    if (r->o.fault) {
        args[n++] = "--fault";
        args[n++] = r->o.fault;
    }
    set_args(c, n, args);
    c->wants_output = c->locks_for_it = true;
    snprintf(c->pid_file, sizeof c->pid_file, "%s/exchange.pid", r->folder);
    r->wanted[EXCHANGE] = true;
    if (mr_child_adopt(c))
        return adopt_exchange(r, err);
    int status = bypass ? mr_veth_make(&r->veth, err) : MR_OK;
    if (!status && remote(&r->o))
        status = mr_own_account_make(&r->account, r->folder, wall_ns(), err);
    if (!status && remote(&r->o))
        add_account(r);
    if (!status)
        status = mr_child_start(c, err);
    if (!status)
        status =
            wait_for_exchange(c, r->port, ca, err); /* a restart takes the same port: r->port is what argv points at */
    if (!status)
        status = mr_demo_config(r->config_file,
                                &(struct mr_demo){.instance = r->config.plane.instance,
                                                  .ca = ca,
                                                  .source = r->o.source,
                                                  .address = bypass ? r->veth.far : "127.0.0.1",
                                                  .interface = bypass ? r->veth.host : NULL,
                                                  .port = (uint16_t)strtoul(r->port, NULL, 10),
                                                  .feed_tiles = r->o.tiles,
                                                  .account = remote(&r->o) ? &r->account : NULL},
                                err);
    return status;
}

static int prepare(struct run *r, struct mr_err *err)
{
    struct mr_config *c = &r->config;
    mr_config_default(c);
    if (r->o.config) {
        snprintf(r->config_file, sizeof r->config_file, "%s", r->o.config);
        if (mr_config_load(c, r->config_file, tell, NULL))
            return mr_err_set(err, MR_E_INVALID, "%s: not usable", r->config_file);
    }
    const char *name = r->o.instance ? r->o.instance : r->o.live ? "live" : r->o.config ? NULL : "demo";
    int status = name ? mr_config_instance(c, name, err) : MR_OK;
    if (!status)
        status = mr_config_run_folder(c, r->folder, err);
    if (status || r->o.config)
        return status;
    snprintf(r->config_file, sizeof r->config_file, "%s/%s.yaml", r->folder, r->o.live ? "live" : "demo");
    status = r->o.live ? mr_live_config(r->config_file, c->plane.instance, r->o.live, r->o.source, r->o.tiles, err)
                       : (r->began_ns = wall_ns() - MR_WARM_NS, start_exchange(r, err));
    if (!status && mr_config_load(c, r->config_file, tell, NULL))
        status = mr_err_set(err, MR_E_INVALID, "%s: not usable", r->config_file);
    if (!status)
        warm_engines(r);
    return status;
}

static void plan_children(struct run *r)
{
    const char *instance = r->config.plane.instance;
    const char *data[12] = {"dataplane", "--config", r->config_file, "--instance", instance, "--digest"};
    const char *control[] = {"controlplane", "--config", r->config_file, "--instance", instance};
    size_t n = 6;
    if (r->o.record) {
        data[n++] = "--record";
        data[n++] = r->o.record;
    }
    set_args(&r->child[DATAPLANE], n, data);
    set_args(&r->child[CONTROLPLANE], MR_COUNT_OF(control), control);
    r->wanted[DATAPLANE] = r->wanted[CONTROLPLANE] = true;
}

static bool viewing(const struct run *r) { return !r->o.json && !r->o.no_view && isatty(STDOUT_FILENO); }

static int start_all(struct run *r, struct mr_err *err)
{
    static const char *const names[CHILDREN] = {"exchange", "dataplane", "controlplane"};
    for (int i = 0; i < CHILDREN; i++) {
        r->child[i].name = names[i];
        r->child[i].output = r->child[i].pidfd = -1;
    }
    int status = prepare(r, err);
    if (status)
        return status;
    snprintf(r->workspace, sizeof r->workspace, "%s", *r->config.plane.workspace ? r->config.plane.workspace : "");
    if (!*r->workspace)
        snprintf(r->workspace, sizeof r->workspace, "%.240s/workspace", r->folder);
    plan_children(r);
    for (int i = 0; i < CHILDREN && !status; i++) {
        struct mr_child *c = &r->child[i];
        snprintf(c->pid_file, sizeof c->pid_file, "%s/%s.pid", r->folder, c->name);
        if (viewing(r))
            snprintf(c->log_file, sizeof c->log_file, "%s/%s.log", r->folder, c->name);
        if (!r->wanted[i] || c->pid)
            continue;
        if (mr_child_adopt(c))
            fprintf(stderr, "millrace run: %s (pid %d) was running already: adopted\n", c->name, (int)c->pid);
        else
            status = mr_child_start(c, err);
    }
    return status;
}

/* A child that ends with a usage or environment error on its first start will not do better on its second. */
static int watch(struct run *r, struct mr_err *err)
{
    for (int i = 0; i < CHILDREN; i++) {
        struct mr_child *c = &r->child[i];
        if (!r->wanted[i])
            continue;
        mr_child_measure(c);
        if (mr_child_ended(c)) {
            int code = WIFEXITED(c->exit_status) ? WEXITSTATUS(c->exit_status) : 0;
            if (mr_child_shut(c)) {
                stopped = 1; /* an administrator said shutdown */
                return MR_OK;
            }
            if (!c->adopted && c->restarts == 0 && (code == MR_EXIT_USAGE || code == MR_EXIT_ENVIRONMENT))
                return mr_err_set(err, MR_E_IO, "%s ended with code %d; it said why above", c->name, code);
            fprintf(stderr, "millrace run: %s ended (%s %d); it is started again\n", c->name,
                    WIFSIGNALED(c->exit_status) ? "signal" : "code",
                    WIFSIGNALED(c->exit_status) ? WTERMSIG(c->exit_status) : code);
        }
        int status = mr_child_keep(c, err);
        if (status)
            return status;
    }
    return MR_OK;
}

/* What the control plane left in its own workspace. */
static bool read_trading(const struct run *r, struct mr_trade_show *out)
{
    struct mr_workspace ws;
    struct mr_err err;
    char path[300];
    snprintf(path, sizeof path, "%.255s/control", r->folder);
    if (mr_workspace_attach(&ws, path, false, &err) != MR_OK)
        return false;
    bool read = mr_trade_show_read(&ws, out) == MR_OK;
    mr_workspace_close(&ws);
    return read;
}

static void finish(struct run *r, bool ran)
{
    static char out[1 << 18];
    static struct mr_trade_show trade;
    static const int order[] = {CONTROLPLANE, DATAPLANE, EXCHANGE};
    struct mr_workspace ws;
    struct mr_text text;
    struct mr_err err;
    uint64_t rss = 0;
    for (size_t i = 0; i < MR_COUNT_OF(order); i++) {
        mr_child_stop(&r->child[order[i]], 10);
        rss += r->child[order[i]].peak_rss_bytes;
    }
    if (*r->veth.space)
        mr_veth_remove(&r->veth);
    if (!ran) /* what lies there may be of an earlier run */
        return;
    if (mr_workspace_attach(&ws, r->workspace, false, &err) != MR_OK) {
        fprintf(stderr, "millrace run: %s\n", err.text);
        return;
    }
    bool traded = r->config.trade.enabled && read_trading(r, &trade);
    mr_text_init(&text, out, sizeof out);
    if (r->o.json)
        mr_summary_json(&ws, traded ? &trade : NULL, rss, &text);
    else
        mr_summary_text(&ws, traded ? &trade : NULL, rss, &text);
    fputs(out, stdout);
    mr_workspace_close(&ws);
}

/* The view is the same `millrace top` that an operator would start. */
static pid_t start_view(struct run *r)
{
    pid_t pid = viewing(r) ? fork() : 0;
    if (pid == 0 && viewing(r)) {
        execl("/proc/self/exe", "millrace", "top", "--workspace", r->workspace, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int go(struct run *r, struct mr_err *err)
{
    int status = start_all(r, err);
    int64_t end = r->o.seconds > 0 ? mr_clock_mono() + (int64_t)(r->o.seconds * 1e9) : INT64_MAX;
    pid_t view = 0;
    bool viewed = false;
    while (!status && !stopped && mr_clock_mono() < end) {
        if (!viewed && viewing(r) && access(r->workspace, R_OK) == 0) {
            view = start_view(r);
            viewed = true;
        }
        if (view > 0 && waitpid(view, NULL, WNOHANG) == view) {
            view = 0;
            break; /* the operator left the view */
        }
        status = watch(r, err);
        usleep(100000);
    }
    if (view > 0) {
        kill(view, SIGTERM);
        waitpid(view, NULL, 0);
    }
    finish(r, status == MR_OK);
    return status;
}

int mr_cmd_run(int argc, char **argv)
{
    static const struct argp argp = {argp_options,
                                     parse,
                                     NULL,
                                     "Starts and supervises data plane and control plane; without --config or --live "
                                     "also a simulated exchange to receive from.",
                                     NULL,
                                     NULL,
                                     NULL};
    static struct run r = {.o = {.seed = 1, .tiles = 1}};
    struct mr_err err = {""};
    char name[] = "millrace run";
    argv[0] = name;
    argp_parse(&argp, argc, argv, 0, NULL, &r.o);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
    int status = go(&r, &err);
    return status == MR_OK ? MR_EXIT_GOOD : mr_cmd_fail(mr_cmd_exit_of(status), "run", &err);
}
