/* ./dev bench kill: from a command to a closed gate, and to the last cancel handed over (issue: p99 at most 1 ms, and 50 ms), with live orders, while
 * books move and somebody goes on ordering. By the admin socket, by the file KILL and by SIGUSR1 in turn.
 *
 * A thread spins on the clock beside it: what it did not see for more than 100 us is a stall of the machine, and an excess is matched when stalls
 * within it make up for what is beyond the goal. Matched ones are counted, and not judged. What is judged always, on any machine: no order is handed over
 * once the gate was seen closed, and all orders are gone. */
#include <argp.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/text/text.h"
#include "dataplane/tile/tile.h"
#include "perf/controlplane/kill/scene.h"

#define STALL_NS 100000
#define STALLS 4096u
#define GATE_NS 1000000
#define CANCEL_NS 50000000

enum way { SOCKET, FILE_KILL, SIGNAL, WAYS };
static const char *const way_names[WAYS] = {"socket", "file", "signal"};

struct options {
    uint32_t trials, orders;
    bool json, check;
};
struct trial {
    int64_t closed_ns, cancelled_ns; /* after the command */
    bool closed_matched, cancelled_matched;
};
struct bench {
    struct options o;
    struct scene *scene;
    cpu_set_t all;       /* processors */
    struct trial *trial; /* [WAYS][trials] */
    _Atomic bool halt, armed, ordering;
    _Atomic int64_t closed_ns; /* CLOCK_MONOTONIC */
    struct {
        int64_t from_ns, to_ns;
    } stall[STALLS];
    _Atomic uint32_t stalls;
    uint64_t placed_after, left_open, uncancelled; /* must stay 0 */
};

static void nap_ms(int ms) { nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000l}, NULL); }

/* ---- beside it ---- */

/* The last processor is the observer's alone, as a data plane that spins has its own; all else shares the others. */
static void processors(const cpu_set_t *all, bool observer)
{
    cpu_set_t mine;
    size_t last = 0;
    CPU_ZERO(&mine);
    for (size_t i = 0; i < CPU_SETSIZE; i++)
        last = CPU_ISSET(i, all) ? i : last;
    CPU_SET(last, &mine);
    if (!observer)
        CPU_XOR(&mine, &mine, all);
    if (CPU_COUNT(&mine))
        pthread_setaffinity_np(pthread_self(), sizeof mine, &mine);
}

static void *spin(void *arg)
{
    struct bench *b = arg;
    const struct mr_kill_page *page = scene_page(b->scene);
    processors(&b->all, true);
    mr_thread_prompt();
    while (!atomic_load(&b->halt)) {
        if (!atomic_load(&b->armed)) {
            nap_ms(1);
            continue;
        }
        for (int64_t last = mr_clock_mono(), now; atomic_load(&b->armed); last = now) {
            now = mr_clock_mono();
            uint32_t n = atomic_load_explicit(&b->stalls, memory_order_relaxed);
            if (now - last > STALL_NS && n < STALLS) {
                b->stall[n].from_ns = last;
                b->stall[n].to_ns = now;
                atomic_store(&b->stalls, n + 1);
            }
            if (!atomic_load_explicit(&b->closed_ns, memory_order_relaxed) &&
                mr_kill_read(page, 1, 0) == MR_KILL_SCOPE_ALL) {
                atomic_store(&b->closed_ns, mr_clock_mono()); /* it may have been away since `now` */
                scene_closed(b->scene);
            }
        }
    }
    return NULL;
}

/* Somebody who goes on ordering, whatever happens. */
static void *order(void *arg)
{
    struct bench *b = arg;
    char command[100];
    for (uint32_t n = 0; !atomic_load(&b->halt); n++) {
        if (!atomic_load(&b->ordering)) {
            nap_ms(1);
            continue;
        }
        snprintf(command, sizeof command, "order buy BTCUSDT 0.001 %u.5", 50000 + n % 1000);
        scene_say(b->scene, command, NULL, 0);
    }
    return NULL;
}

/* ---- one trial ---- */

static int64_t stalled_within(const struct bench *b, int64_t from_ns, int64_t to_ns)
{
    int64_t sum = 0;
    for (uint32_t i = 0, n = atomic_load(&b->stalls); i < n; i++) {
        int64_t from = b->stall[i].from_ns > from_ns ? b->stall[i].from_ns : from_ns,
                to = b->stall[i].to_ns < to_ns ? b->stall[i].to_ns : to_ns;
        sum += to > from ? to - from : 0;
    }
    return sum;
}

static bool matched(const struct bench *b, int64_t from_ns, int64_t took_ns, int64_t goal_ns)
{
    return took_ns > goal_ns && stalled_within(b, from_ns, from_ns + took_ns) >= took_ns - goal_ns;
}

static void command(struct bench *b, enum way way)
{
    int fd;
    switch (way) {
    case SOCKET:
        scene_say(b->scene, "kill on a trial", NULL, 0);
        break;
    case FILE_KILL:
        fd = open(scene_kill_file(b->scene), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0)
            close(fd);
        break;
    default:
        kill(getpid(), SIGUSR1);
    }
}

/* Until so many orders are open, or none; false: not within 10 s. */
static bool wait_for_open(struct bench *b, uint32_t least, uint32_t most)
{
    static struct mr_trade_show show;
    for (int i = 0; i < 2000; i++) {
        scene_show(b->scene, &show);
        if (show.open_orders >= least && show.open_orders <= most &&
            show.steer.state == (least ? MR_LIFE_TRADING : MR_LIFE_EMERGENCY_STOP))
            return true;
        nap_ms(5);
    }
    fprintf(stderr, "%u orders are open, the state is %s: %s\n", show.open_orders, mr_life_state_name(show.steer.state),
            show.why);
    return false;
}

static bool place_all(struct bench *b)
{
    char text[100], reply[300];
    for (uint32_t i = 0; i < b->o.orders; i++) {
        snprintf(text, sizeof text, "order buy BTCUSDT 0.001 %u", 59000 + i);
        if (!scene_say(b->scene, text, reply, sizeof reply)) {
            fprintf(stderr, "%s: %s", text, reply);
            return false;
        }
    }
    return wait_for_open(b, b->o.orders, b->o.orders);
}

/* Cleared, released, trading again. */
static bool back(struct bench *b)
{
    char reply[300] = "";
    bool good = scene_say(b->scene, "kill off a trial", reply, sizeof reply);
    for (int i = 0; good && i < 1000; i++) {
        if (scene_say(b->scene, "emergency-stop release a trial", reply, sizeof reply))
            return scene_say(b->scene, "resume a trial", reply, sizeof reply);
        nap_ms(10);
    }
    fprintf(stderr, "it does not come back: %s", reply);
    return false;
}

static bool try(struct bench *b, enum way way, struct trial *t)
{
    struct scene_seen seen;
    if (!place_all(b))
        return false;
    scene_watch(b->scene);
    atomic_store(&b->closed_ns, 0);
    atomic_store(&b->stalls, 0);
    atomic_store(&b->armed, true);
    atomic_store(&b->ordering, true);
    nap_ms(3);
    int64_t begin = mr_clock_mono();
    command(b, way);
    bool gone = wait_for_open(b, 0, 0);
    for (int i = 0; i < 1000 && !atomic_load(&b->closed_ns); i++) /* the observer may be away just then */
        nap_ms(1);
    atomic_store(&b->ordering, false);
    nap_ms(10);
    atomic_store(&b->armed, false);
    nap_ms(2); /* whoever was at it has ended */
    scene_seen(b->scene, &seen);
    b->left_open += !gone;
    b->placed_after += seen.placed_after;
    bool cancelled = seen.last_cancel_ns && (seen.all || seen.cancels >= b->o.orders),
         closed = atomic_load(&b->closed_ns);
    if (!cancelled || !closed)
        fprintf(stderr, "%s: gate %s, %s for all, %u for single orders\n", way_names[way], closed ? "closed" : "OPEN",
                seen.all ? "a cancel" : "no cancel", seen.cancels);
    b->uncancelled += !cancelled || !closed;
    t->closed_ns = atomic_load(&b->closed_ns) - begin;
    t->cancelled_ns = seen.last_cancel_ns - begin;
    t->closed_matched = matched(b, begin, t->closed_ns, GATE_NS);
    t->cancelled_matched = matched(b, begin, t->cancelled_ns, CANCEL_NS);
    return gone && back(b);
}

/* ---- what came of it ---- */

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

struct row {
    int64_t p50, p99, max;          /* of those that are judged */
    uint32_t judged, over, matched; /* over the goal, matched ones not among them */
};

static struct row row_of(const struct bench *b, int way, bool cancel)
{
    int64_t *values = malloc(b->o.trials * sizeof *values);
    struct row r = {0};
    MR_ASSERT(values);
    for (uint32_t i = 0; i < b->o.trials; i++) {
        const struct trial *t = &b->trial[(uint32_t)way * b->o.trials + i];
        int64_t took = cancel ? t->cancelled_ns : t->closed_ns;
        bool excused = cancel ? t->cancelled_matched : t->closed_matched;
        r.matched += excused;
        if (excused)
            continue;
        values[r.judged++] = took;
        r.over += took > (cancel ? CANCEL_NS : GATE_NS);
    }
    qsort(values, r.judged, sizeof *values, by_size);
    if (r.judged) {
        r.p50 = values[(r.judged + 1) / 2 - 1];
        r.p99 = values[(uint32_t)ceil(r.judged * 0.99) - 1];
        r.max = values[r.judged - 1];
    }
    free(values);
    return r;
}

static bool passes(const struct row *r, bool cancel)
{
    return r->judged && (cancel ? r->max <= CANCEL_NS : r->p99 <= GATE_NS);
}

static void row_json(struct mr_json_out *j, int way, bool cancel, const struct row *r)
{
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "way", way_names[way]);
    mr_json_out_string(j, "what", cancel ? "last_cancel" : "gate_closed");
    mr_json_out_i64(j, "goal_ns", cancel ? CANCEL_NS : GATE_NS);
    mr_json_out_i64(j, "p50_ns", r->p50);
    mr_json_out_i64(j, "p99_ns", r->p99);
    mr_json_out_i64(j, "max_ns", r->max);
    mr_json_out_u64(j, "judged", r->judged);
    mr_json_out_u64(j, "over", r->over);
    mr_json_out_u64(j, "matched", r->matched);
    mr_json_out_bool(j, "pass", passes(r, cancel));
    mr_json_out_end(j);
}

static bool report(const struct bench *b)
{
    static char out[1 << 14];
    struct mr_text text;
    struct mr_json_out j;
    FILE *table = b->o.json ? stderr : stdout;
    bool good = true;
    mr_text_init(&text, out, sizeof out);
    mr_json_out_init(&j, &text);
    mr_json_out_object(&j, NULL);
    mr_json_out_u64(&j, "trials", b->o.trials);
    mr_json_out_u64(&j, "orders", b->o.orders);
    mr_json_out_array(&j, "rows");
    fprintf(table, "%u trials a way, %u orders; us\n%-8s %-12s %10s %10s %10s %12s %6s %8s  %s\n", b->o.trials,
            b->o.orders, "by", "until", "p50", "p99", "max", "goal", "over", "matched", "");
    for (int way = 0; way < WAYS; way++)
        for (int cancel = 0; cancel < 2; cancel++) {
            const struct row r = row_of(b, way, cancel);
            good &= passes(&r, cancel);
            row_json(&j, way, cancel, &r);
            fprintf(table, "%-8s %-12s %10.1f %10.1f %10.1f %12s %6u %8u  %s\n", way_names[way],
                    cancel ? "last cancel" : "gate closed", (double)r.p50 / 1e3, (double)r.p99 / 1e3,
                    (double)r.max / 1e3, cancel ? "max<=50000" : "p99<=1000", r.over, r.matched,
                    passes(&r, cancel) ? "good" : "MISSED");
        }
    mr_json_out_end(&j);
    mr_json_out_u64(&j, "orders_after_the_gate", b->placed_after);
    mr_json_out_u64(&j, "trials_with_orders_left", b->left_open);
    mr_json_out_u64(&j, "trials_with_cancels_missing", b->uncancelled);
    mr_json_out_end(&j);
    fprintf(table,
            "orders handed over after the gate was seen closed: %llu; trials with orders left: %llu, with cancels "
            "missing: %llu\n",
            (unsigned long long)b->placed_after, (unsigned long long)b->left_open, (unsigned long long)b->uncancelled);
    if (b->o.json)
        printf("%s\n", out);
    return good;
}

static bool run(struct bench *b)
{
    pthread_t spinner, orderer;
    bool good = pthread_create(&spinner, NULL, spin, b) == 0 && pthread_create(&orderer, NULL, order, b) == 0;
    MR_ASSERT(good);
    mr_thread_prompt(); /* its own wait for a processor is nobody's delay; the market and who orders, made before it, have none of it */
    for (uint32_t i = 0; good && i < b->o.trials; i++)
        for (int way = 0; good && way < WAYS; way++)
            good = try(b, (enum way)way, &b->trial[(uint32_t)way * b->o.trials + i]);
    atomic_store(&b->halt, true);
    pthread_join(spinner, NULL);
    pthread_join(orderer, NULL);
    return good;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    char *end = arg;
    if (key == 'j' || key == 'c') {
        *(key == 'j' ? &o->json : &o->check) = true;
        return 0;
    }
    if (key != 't' && key != 'o')
        return ARGP_ERR_UNKNOWN;
    unsigned long n = strtoul(arg, &end, 10);
    if (end == arg || *end || n == 0 || n > (key == 't' ? 100000 : 900))
        argp_error(state, "%s: want a number from 1 to %d", arg, key == 't' ? 100000 : 900);
    *(key == 't' ? &o->trials : &o->orders) = (uint32_t)n;
    return 0;
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"trials", 't', "N", 0, "Of each way (334)", 0},
        {"orders", 'o', "N", 0, "Live when it is killed (200)", 0},
        {"json", 'j', NULL, 0, "One JSON object on stdout; the table goes to stderr", 0},
        {"check", 'c', NULL, 0, "Times are printed and not judged: what must hold on any machine alone", 0},
        {0},
    };
    static const struct argp argp = {options, parse, NULL, "How fast the kill switch is.", NULL, NULL, NULL};
    static struct bench b = {.o = {.trials = 334, .orders = 200}};
    struct mr_err err = {""};
    argp_parse(&argp, argc, argv, 0, NULL, &b.o);
    b.trial = calloc((size_t)WAYS * b.o.trials, sizeof *b.trial);
    MR_ASSERT(b.trial);
    sched_getaffinity(0, sizeof b.all, &b.all);
    processors(&b.all, false); /* threads begin where who makes them is */
    int status = scene_open(&b.scene, &err);
    bool ran = status == MR_OK && run(&b);
    if (status)
        fprintf(stderr, "%s\n", err.text);
    bool good = ran && report(&b);
    scene_close(b.scene);
    free(b.trial);
    if (!ran)
        return 3;
    return b.placed_after || b.left_open || b.uncancelled || (!good && !b.o.check);
}
