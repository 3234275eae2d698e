/* ./dev bench admin: do 1,000 requests a second to the admin socket move the data plane's p99? One system runs all the time (millrace run: exchange,
 * data plane, control plane over loopback TLS); periods with requests and without alternate, in an order drawn for each pair, so that whatever else
 * the machine does meets both alike. The whole path's histogram is read before and after each period.
 *
 * The data plane has the last core for itself, as on any host where latency counts, and all else the others; --shared leaves all on all cores, where
 * requests take processor time from it.
 *
 * The ratio is the geometric mean of the pairs' ratios of p99, its interval the 2.5th to 97.5th percentile of 10,000 draws of pairs with replacement.
 * Good: the interval includes 1, or the ratio is at most 1.1. --check judges only that every request was answered and that messages came. */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/cmd/reach.h"
#include "dataplane/clock/clock.h"
#include "dataplane/metrics/metrics.h"
#include "dataplane/ring/workspace.h"
#include "tests/support/support.h"

#define PAIRS_MAX 200
#define DRAWS 10000
#define WAIT_S 60 /* for the system to be there, and all of it live */
#define RATIO_MOST 1.1
#define CONNECTIONS 4

struct options {
    const char *program;
    uint32_t pairs, rate;
    double period_s;
    bool check, shared;
};
struct period {
    int64_t p99_ns;
    uint64_t messages, requests, refused;
};
struct bench {
    struct options o;
    char folder[64], socket[128], workspace[128];
    pid_t pid;
    struct mr_workspace ws;
    struct mr_asker askers[CONNECTIONS];
    struct mr_hist *before, *now, *all[2]; /* without requests, with */
    struct period quiet[PAIRS_MAX], busy[PAIRS_MAX];
    struct mr_random random;
    int core; /* the data plane's own; -1: none */
};

static void until(int64_t mono_ns)
{
    const struct timespec at = {mono_ns / 1000000000, mono_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

/* ---- cores ---- */

/* Takes the last core away from this process and from whom it starts. */
static void leave_last_core(struct bench *b)
{
    cpu_set_t all;
    b->core = -1;
    if (b->o.shared || sched_getaffinity(0, sizeof all, &all) || CPU_COUNT(&all) < 2)
        return;
    for (size_t i = 0; i < CPU_SETSIZE; i++)
        b->core = CPU_ISSET(i, &all) ? (int)i : b->core;
    CPU_CLR((size_t)b->core, &all);
    if (sched_setaffinity(0, sizeof all, &all))
        b->core = -1;
}

/* Gives it to all threads of the data plane. */
static int give_last_core(struct bench *b, struct mr_err *err)
{
    struct mr_workspace_info info;
    char path[64];
    cpu_set_t own;
    mr_workspace_info(&b->ws, &info);
    snprintf(path, sizeof path, "/proc/%u/task", info.pid);
    DIR *tasks = b->core < 0 ? NULL : opendir(path);
    if (!tasks)
        return b->core < 0 ? MR_OK : mr_err_set(err, MR_E_IO, "%s: %s", path, strerror(errno));
    CPU_ZERO(&own);
    CPU_SET((size_t)b->core, &own);
    int status = MR_OK;
    for (const struct dirent *d; (d = readdir(tasks));)
        if (d->d_name[0] != '.' && sched_setaffinity((pid_t)strtol(d->d_name, NULL, 10), sizeof own, &own))
            status = mr_err_set(err, MR_E_IO, "%s/%s: cannot be put on core %d", path, d->d_name, b->core);
    closedir(tasks);
    return status;
}

/* ---- the system ---- */

static void start(struct bench *b)
{
    char path[96];
    snprintf(b->folder, sizeof b->folder, "/tmp/millrace-admin-XXXXXX");
    MR_ASSERT(mkdtemp(b->folder));
    setenv("MILLRACE_RUN", b->folder, 1);
    setenv("MILLRACE_DATA", b->folder, 1);
    snprintf(b->socket, sizeof b->socket, "%s/demo/admin.sock", b->folder);
    snprintf(b->workspace, sizeof b->workspace, "%s/demo/workspace", b->folder);
    snprintf(path, sizeof path, "%s/log", b->folder);
    b->pid = fork();
    if (b->pid == 0) {
        int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        execl(b->o.program, "millrace", "run", "--no-view", (char *)NULL);
        _exit(127);
    }
}

static void stop(struct bench *b)
{
    int status;
    for (int i = 0; i < CONNECTIONS; i++)
        mr_asker_close(&b->askers[i]);
    mr_workspace_close(&b->ws);
    kill(b->pid, SIGINT);
    waitpid(b->pid, &status, 0);
    mr_test_remove(b->folder);
}

static void copy_path(void *arg, const struct mr_metric_view *view)
{
    if (view->type == MR_METRIC_HIST && strcmp(view->name, "path_ns") == 0)
        mr_hist_copy(arg, view->hist);
}

static int read_path(struct bench *b, struct mr_hist *into)
{
    struct mr_region r;
    mr_hist_reset(into);
    int status = mr_workspace_find(&b->ws, "metrics/engine/0", &r);
    return status == MR_OK ? mr_metrics_each(r.mem, r.bytes, copy_path, into) : status;
}

/* All connections live, by the admin socket's own words: "connections 12/12 live". */
static bool all_live(struct bench *b, struct mr_err *err)
{
    unsigned live, all;
    if (mr_asker_ask(&b->askers[0], "show status", err) < 0)
        return false;
    const char *at = strstr(b->askers[0].reply, "connections ");
    return at && sscanf(at, "connections %u/%u live", &live, &all) == 2 && all > 0 && live == all;
}

static int attach(struct bench *b, struct mr_err *err)
{
    int64_t end = mr_clock_mono() + WAIT_S * 1000000000ll;
    bool reads = false;
    int asks = 0;
    do {
        until(mr_clock_mono() + 200000000);
        while (asks < CONNECTIONS && mr_asker_socket(&b->askers[asks], b->socket, err) == MR_OK)
            asks++;
        reads = reads || mr_workspace_attach(&b->ws, b->workspace, false, err) == MR_OK;
        if (asks == CONNECTIONS && reads && all_live(b, err))
            return MR_OK;
    } while (mr_clock_mono() < end && waitpid(b->pid, NULL, WNOHANG) == 0);
    return mr_err_set(err, MR_E_IO, "%s run: not live within %d s", b->o.program, WAIT_S);
}

/* ---- periods ---- */

/* One connection: every CONNECTIONS-th request, one after the other, each due at its moment: a slow answer delays no later moment. */
struct asking {
    struct bench *bench;
    pthread_t thread;
    uint64_t first, requests, refused;
    int64_t from_ns, to_ns;
    int status;
    struct mr_err err;
};

static void *ask(void *arg)
{
    static const char *const lines[] = {"show status", "show tiles", "show feeds", "show latency"};
    struct asking *a = arg;
    struct mr_asker *asker = &a->bench->askers[a->first];
    for (uint64_t n = a->first;; n += CONNECTIONS) {
        int64_t due_ns = a->from_ns + (int64_t)(n * 1000000000 / a->bench->o.rate);
        if (due_ns >= a->to_ns || mr_clock_mono() >= a->to_ns)
            return NULL;
        until(due_ns);
        int kind = mr_asker_ask(asker, lines[(n + n / CONNECTIONS) % MR_COUNT_OF(lines)], &a->err);
        if (kind < 0) {
            a->status = kind;
            return NULL;
        }
        a->requests++;
        a->refused += kind != MR_REPLY_GOOD;
    }
}

static int ask_all(struct bench *b, struct period *p, int64_t from_ns, int64_t to_ns, struct mr_err *err)
{
    struct asking askings[CONNECTIONS];
    int status = MR_OK;
    for (uint64_t i = 0; i < CONNECTIONS; i++) {
        askings[i] = (struct asking){.bench = b, .first = i, .from_ns = from_ns, .to_ns = to_ns};
        MR_ASSERT(pthread_create(&askings[i].thread, NULL, ask, &askings[i]) == 0);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        pthread_join(askings[i].thread, NULL);
        p->requests += askings[i].requests;
        p->refused += askings[i].refused;
        if (askings[i].status < 0) {
            status = askings[i].status;
            *err = askings[i].err;
        }
    }
    return status;
}

static int run_period(struct bench *b, bool busy, struct period *p, struct mr_err *err)
{
    int64_t from_ns = mr_clock_mono(), to_ns = from_ns + (int64_t)(b->o.period_s * 1e9);
    int status = read_path(b, b->before);
    if (status == MR_OK && busy)
        status = ask_all(b, p, from_ns, to_ns, err);
    until(to_ns);
    if (status == MR_OK)
        status = read_path(b, b->now);
    if (status != MR_OK)
        return *err->text ? status : mr_err_set(err, status, "%s: %s", b->workspace, mr_status_text(status));
    mr_hist_subtract(b->now, b->before);
    p->messages = mr_hist_count(b->now);
    p->p99_ns = mr_hist_percentile(b->now, 0.99);
    mr_hist_add(b->all[busy], b->now);
    return p->messages ? MR_OK : mr_err_set(err, MR_E_EMPTY, "no message came in a period");
}

static int run_pairs(struct bench *b, struct mr_err *err)
{
    int status = MR_OK;
    for (uint32_t i = 0; status == MR_OK && i < b->o.pairs; i++) {
        bool busy_first = mr_random_below(&b->random, 2);
        status = run_period(b, busy_first, busy_first ? &b->busy[i] : &b->quiet[i], err);
        if (status == MR_OK)
            status = run_period(b, !busy_first, busy_first ? &b->quiet[i] : &b->busy[i], err);
    }
    return status;
}

/* ---- the figures ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct ratio {
    double value, low, high;
};

static struct ratio ratio_of(struct bench *b)
{
    static double draws[DRAWS];
    double each[PAIRS_MAX], sum = 0;
    for (uint32_t i = 0; i < b->o.pairs; i++) {
        each[i] = log((double)b->busy[i].p99_ns / (double)b->quiet[i].p99_ns);
        sum += each[i];
    }
    for (uint32_t d = 0; d < DRAWS; d++) {
        double drawn = 0;
        for (uint32_t i = 0; i < b->o.pairs; i++)
            drawn += each[mr_random_below(&b->random, b->o.pairs)];
        draws[d] = exp(drawn / b->o.pairs);
    }
    qsort(draws, DRAWS, sizeof *draws, ascending);
    return (struct ratio){exp(sum / b->o.pairs), draws[DRAWS / 40], draws[DRAWS - 1 - DRAWS / 40]};
}

static bool report(struct bench *b)
{
    uint64_t requests = 0, refused = 0;
    for (uint32_t i = 0; i < b->o.pairs; i++) {
        requests += b->busy[i].requests;
        refused += b->busy[i].refused;
    }
    struct ratio r = ratio_of(b);
    double rate = (double)requests / (b->o.pairs * b->o.period_s);
    bool good = r.value <= RATIO_MOST || (r.low <= 1 && r.high >= 1);
    printf("%u pairs of periods of %.1f s; %.0f requests a second, %llu refused\n", b->o.pairs, b->o.period_s, rate,
           (unsigned long long)refused);
    if (b->core < 0)
        printf("all on all cores\n");
    else
        printf("the data plane on core %d, all else on the others\n", b->core);
    for (int busy = 0; busy < 2; busy++)
        printf("%-17s whole path p50 %8lld ns, p99 %8lld ns, of %llu messages\n", busy ? "with requests" : "without",
               (long long)mr_hist_percentile(b->all[busy], 0.5), (long long)mr_hist_percentile(b->all[busy], 0.99),
               (unsigned long long)mr_hist_count(b->all[busy]));
    printf("p99 with / without: %.3f [%.3f, %.3f]: %s\n", r.value, r.low, r.high,
           b->o.check ? "not judged"
           : good     ? "does not move"
                      : "MOVES");
    if (rate < 0.95 * b->o.rate)
        printf("%u requests a second were wanted: answers came too slowly for %d connections on this machine\n",
               b->o.rate, CONNECTIONS);
    if (refused || requests == 0)
        printf("requests were refused, or none was made\n");
    return refused == 0 && requests > 0 && (good || b->o.check);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    char *end = arg;
    double n = key == 'p' || key == 'r' || key == 's' ? strtod(arg, &end) : 0;
    switch (key) {
    case 'p':
    case 'r':
    case 's':
        if (end == arg || *end || !(n >= (key == 's' ? 0.1 : 1) && n <= (key == 'r' ? 100000 : PAIRS_MAX)))
            argp_error(state, "%s: no number, or out of range", arg);
        o->pairs = key == 'p' ? (uint32_t)n : o->pairs;
        o->rate = key == 'r' ? (uint32_t)n : o->rate;
        o->period_s = key == 's' ? n : o->period_s;
        return 0;
    case 'c':
        o->check = true;
        return 0;
    case 'a':
        o->shared = true;
        return 0;
    case ARGP_KEY_ARG:
        o->program = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->program)
            argp_error(state, "want the program");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"pairs", 'p', "N", 0, "Periods with requests, and as many without (20)", 0},
        {"period", 's', "S", 0, "Seconds of each (2)", 0},
        {"rate", 'r', "N", 0, "Requests a second (1000)", 0},
        {"shared", 'a', NULL, 0, "No core is left to the data plane alone", 0},
        {"check", 'c', NULL, 0, "The ratio is printed and not judged", 0},
        {0},
    };
    static const struct argp argp = {options, parse, "MILLRACE", "What admin requests do to the data plane's p99.",
                                     NULL,    NULL,  NULL};
    static struct bench b = {.o = {.pairs = 20, .rate = 1000, .period_s = 2}, .random = {1}};
    struct mr_err err = {""};
    for (int i = 0; i < CONNECTIONS; i++)
        b.askers[i].fd = -1;
    argp_parse(&argp, argc, argv, 0, NULL, &b.o);
    struct mr_hist **hists[] = {&b.before, &b.now, &b.all[0], &b.all[1]};
    for (size_t i = 0; i < MR_COUNT_OF(hists); i++) {
        void *mem = aligned_alloc(64, mr_hist_bytes(MR_HIST_BITS_FINE));
        MR_ASSERT(mem);
        *hists[i] = mr_hist_init(mem, MR_HIST_BITS_FINE);
    }
    leave_last_core(&b);
    start(&b);
    int status = attach(&b, &err);
    if (status == MR_OK)
        status = give_last_core(&b, &err);
    if (status == MR_OK)
        status = run_pairs(&b, &err);
    bool good = status == MR_OK && report(&b);
    stop(&b);
    for (size_t i = 0; i < MR_COUNT_OF(hists); i++)
        free(*hists[i]);
    if (status != MR_OK)
        fprintf(stderr, "%s\n", err.text);
    return status != MR_OK ? 3 : !good;
}
