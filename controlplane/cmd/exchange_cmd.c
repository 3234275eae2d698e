/* millrace exchange: the simulated exchange, until it is stopped. One line says where it is, so that a parent can wait for it. */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/inputs.h"
#include "tests/exchange/server/server.h"

#define FAULTS_MAX 32

struct options {
    struct mr_exchange_config config;
    struct mr_inputs inputs;
    struct mr_exchange_fault faults[FAULTS_MAX];
    struct mr_err err;
    int status;
    double seconds;
    bool json;
};

enum {
    KEY_ADDRESS = 1000,
    KEY_CERTS,
    KEY_NAMES,
    KEY_SEED,
    KEY_PACE,
    KEY_SECONDS,
    KEY_JSON,
    KEY_FAULT,
    KEY_VENUE,
    KEY_RECV,
    KEY_REST,
    KEY_CONNECTIONS,
    KEY_QUEUE,
    KEY_WARM_UP,
    KEY_BOOKS,
    KEY_TRADES,
    KEY_QUIET,
    KEY_LIFE,
    KEY_REST_LIMIT,
    KEY_BEGAN,
    KEY_ACCOUNT,
    KEY_CASH,
    KEY_LATENCY,
};

static const struct argp_option argp_options[] = {
    {"port", 'p', "N", 0, "Port (8443); 0: the system chooses", 0},
    {"address", KEY_ADDRESS, "IP", 0, "Address to listen at (127.0.0.1)", 0},
    {"certs", KEY_CERTS, "DIR", 0,
     "Folder of the certificates, made if they are not there (./exchange-certs); clients trust DIR/ca.pem", 0},
    {"names", KEY_NAMES, "LIST", 0, "Names in the certificate (localhost, loopback addresses, every venue's hosts)", 0},
    {"pace", KEY_PACE, "N|max", 0, "Real time times N (1), or as fast as clients read", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of the generated market (1)", 0},
    {"warm-up", KEY_WARM_UP, "SECONDS", 0, "Quiet time of the generated market before its first cascade (30)", 0},
    {"began", KEY_BEGAN, "NS", 0,
     "When the generated market began, ns since 1970: what came since is in its books (now)", 0},
    {"books", KEY_BOOKS, "N", 0, "Book messages a second and instrument (10)", 0},
    {"trades", KEY_TRADES, "N", 0, "Trades a second and instrument (5)", 0},
    {"quiet", KEY_QUIET, NULL, 0, "No bursts, no cascades", 0},
    {"venue", KEY_VENUE, "VENUE:PRODUCT", 0, "Of the recordings that follow", 1},
    {"recv", KEY_RECV, "FILE", 0, "Receive times of the next recording", 1},
    {"rest", KEY_REST, "FILE", 0, "REST bodies of the next recording", 1},
    {"fault", KEY_FAULT, "KIND[,KEY=VALUE...]", 0,
     "One of those in tests/exchange/README.md (disconnect, silence, gap, restart, ...); with product=, symbol=, "
     "channel=, "
     "count=, seconds=, after=, every=",
     2},
    {"connections", KEY_CONNECTIONS, "N", 0, "Most connections at a time (256)", 2},
    {"queue", KEY_QUEUE, "KIB", 0, "Output that a connection may leave unread before it is cut (4096)", 2},
    {"rest-per-minute", KEY_REST_LIMIT, "N", 0, "REST requests that a venue takes in a minute; beyond: 429 (no limit)",
     2},
    {"life", KEY_LIFE, "SECONDS", 0, "Close WebSocket connections after so long, with the venue's notice", 2},
    {"account", KEY_ACCOUNT, "FILE", 0,
     "An account of the paper exchange behind signed REST and a private stream: FILE has its key, as "
     "`trade.credentials` does (venue: paper)",
     3},
    {"cash", KEY_CASH, "N", 0, "That the account begins with (10000)", 3},
    {"latency", KEY_LATENCY, "US", 0,
     "Of the account's requests and answers, each way, and up to half of it more by chance (2000)", 3},
    {"seconds", KEY_SECONDS, "N", 0, "Stop after so long", 2},
    {"json", KEY_JSON, NULL, 0, "Counts as one JSON object at the end", 2},
    {0},
};

static int64_t number(struct options *o, const char *name, const char *text, int64_t least, int64_t most)
{
    char *end;
    long long value = strtoll(text, &end, 10);
    if (!*text || *end || value < least || value > most)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--%s %s: want %lld to %lld", name, text, (long long)least,
                               (long long)most);
    return value;
}

static int add_fault(struct options *o, const char *text)
{
    if (o->config.fault_count == FAULTS_MAX)
        return mr_err_set(&o->err, MR_E_FULL, "--fault: %d at most", FAULTS_MAX);
    return mr_exchange_fault_parse(text, &o->faults[o->config.fault_count++], &o->err);
}

static error_t parse_market(int key, char *arg, struct options *o)
{
    struct mr_market_config *m = &o->config.tape.market;
    switch (key) {
    case KEY_SEED:
        m->seed = (uint64_t)number(o, "seed", arg, 0, INT64_MAX);
        break;
    case KEY_BEGAN:
        o->config.tape.began_ns = number(o, "began", arg, 0, INT64_MAX);
        break;
    case KEY_WARM_UP:
        m->warm_up_ns = number(o, "warm-up", arg, 1, 86400) * 1000000000;
        break;
    case KEY_BOOKS:
        m->books_per_s = (uint32_t)number(o, "books", arg, 1, 100000);
        break;
    case KEY_TRADES:
        m->trades_per_s = (uint32_t)number(o, "trades", arg, 1, 100000);
        break;
    case KEY_QUIET:
        m->quiet = true;
        break;
    case KEY_VENUE:
        o->status = mr_inputs_venue(&o->inputs, arg, &o->err);
        break;
    case KEY_RECV:
        o->inputs.recv = arg;
        break;
    case KEY_REST:
        o->inputs.rest = arg;
        break;
    case ARGP_KEY_ARG:
        o->status = mr_inputs_file(&o->inputs, arg, &o->err);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    struct mr_exchange_config *c = &o->config;
    switch (key) {
    case 'p':
        c->port = (uint16_t)number(o, "port", arg, 0, 65535);
        break;
    case KEY_ADDRESS:
        c->address = arg;
        break;
    case KEY_CERTS:
        c->certs = arg;
        break;
    case KEY_NAMES:
        c->names = arg;
        break;
    case KEY_PACE:
        o->status = mr_pace_parse(arg, &c->tape.pace, &o->err);
        break;
    case KEY_FAULT:
        o->status = add_fault(o, arg);
        break;
    case KEY_CONNECTIONS:
        c->connections_max = (uint32_t)number(o, "connections", arg, 1, 65536);
        break;
    case KEY_QUEUE:
        c->queue_bytes = (uint32_t)number(o, "queue", arg, 256, 1 << 20) << 10;
        break;
    case KEY_REST_LIMIT:
        c->rest_per_minute = (uint32_t)number(o, "rest-per-minute", arg, 1, 1000000);
        break;
    case KEY_LIFE:
        c->life_s = (double)number(o, "life", arg, 1, 1000000000);
        break;
    case KEY_SECONDS:
        o->seconds = (double)number(o, "seconds", arg, 1, 1000000000);
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_ACCOUNT:
        c->account = arg;
        break;
    case KEY_CASH:
        c->cash = (uint32_t)number(o, "cash", arg, 1, 1000000000);
        break;
    case KEY_LATENCY:
        c->latency_ns = number(o, "latency", arg, 0, 10000000) * 1000;
        break;
    default:
        return parse_market(key, arg, o);
    }
    return o->status ? EINVAL : 0;
}

static struct mr_exchange *stoppable;

static void stop(int signal_number)
{
    (void)signal_number;
    // NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): a flag and a write(), where no thread is to be joined
    mr_exchange_stop(stoppable);
}

static void finish(const struct options *o)
{
    static char out[16384];
    struct mr_text t;
    struct mr_exchange_stats stats;
    mr_exchange_stats(stoppable, &stats);
    mr_text_init(&t, out, sizeof out);
    mr_exchange_stats_json(&stats, &t);
    if (o->json)
        printf("%s\n", out);
    else
        printf("%llu connections, %llu requests, %llu messages delivered, %llu slow clients cut\n",
               (unsigned long long)stats.accepted, (unsigned long long)stats.requests,
               (unsigned long long)stats.delivered, (unsigned long long)stats.slow_cut);
}

int mr_cmd_exchange(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        "[RECORDING...]",
        "Serves Binance, Bybit, OKX, Hyperliquid, KuCoin, MEXC and Polymarket market data on one port of the loopback, "
        "over TLS: "
        "WebSockets and "
        "REST, at the "
        "venues' own paths, told apart by the Host header. Plays the generated market, or recordings.",
        NULL,
        NULL,
        NULL};
    static struct options o = {.config = {.port = 8443,
                                          .certs = "exchange-certs",
                                          .latency_ns = 2000000,
                                          .tape = {.pace = 1, .market = {.seed = 1, .warm_up_ns = 30000000000}}}};
    char name[] = "millrace exchange";
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "exchange", &o.err);
    o.config.faults = o.faults;
    o.config.tape.inputs = o.inputs.list;
    o.config.tape.count = o.inputs.count;
    int status = mr_exchange_open(&stoppable, &o.config, &o.err);
    if (status)
        return mr_cmd_fail(mr_cmd_exit_of(status), "exchange", &o.err);
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    signal(SIGPIPE, SIG_IGN);
    printf("listening on %s:%u, CA file %s\n", o.config.address ? o.config.address : "127.0.0.1",
           mr_exchange_port(stoppable), mr_exchange_ca(stoppable));
    fflush(stdout);
    status = mr_exchange_run(stoppable, o.seconds, &o.err);
    finish(&o);
    mr_exchange_close(stoppable);
    return status ? mr_cmd_fail(mr_cmd_exit_of(status), "exchange", &o.err) : MR_EXIT_GOOD;
}
