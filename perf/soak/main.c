/* The whole live path for minutes, with a fault every second: does anything grow, leak, stay broken, or go missing unseen? README.md. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "codecs/json/json.h"
#include "perf/soak/judge.h"
#include "perf/soak/scene.h"

struct options {
    uint32_t seconds, rate;
    uint64_t seed;
    bool json;
};

enum { KEY_SECONDS = 's', KEY_RATE = 'r', KEY_SEED = 256, KEY_JSON };
static const struct argp_option argp_options[] = {
    {"seconds", KEY_SECONDS, "N", 0, "So long, with a fault every second (600)", 0},
    {"rate", KEY_RATE, "N", 0, "Messages a second of all venues together (100000)", 0},
    {"seed", KEY_SEED, "N", 0, "Of the market and of the order of the faults (1)", 0},
    {"json", KEY_JSON, NULL, 0, "One JSON object on stdout; the table goes to stderr", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    char *end;
    double number = arg ? strtod(arg, &end) : 0;
    if (arg && key != ARGP_KEY_ARG && (end == arg || *end || !(number >= 1 && number <= 1e6)))
        argp_error(state, "%s: want a number from 1 to 1000000", arg);
    switch (key) {
    case KEY_SECONDS:
        o->seconds = (uint32_t)number;
        break;
    case KEY_RATE:
        o->rate = (uint32_t)number;
        break;
    case KEY_SEED:
        o->seed = (uint64_t)number;
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no argument is wanted here", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* ---- one line a second ---- */

static const char *const stage_names[] = {
#define MR_X(id, name, family, metric, what) name,
    MR_SOAK_STAGES(MR_X)
#undef MR_X
};
static const struct {
    const char *name;
    size_t at;
    bool drop;
} counts[] = {
#define MR_X(field, family, metric, drop) {#field, offsetof(struct mr_soak_counts, field), drop},
    MR_SOAK_COUNTS(MR_X)
#undef MR_X
};

static uint64_t count_at(const struct mr_soak_counts *c, size_t i)
{
    uint64_t value;
    memcpy(&value, (const char *)c + counts[i].at, sizeof value);
    return value;
}

static void print_head(FILE *out)
{
    fprintf(out, "%5s %8s %8s %8s %4s %6s", "s", "msg/s", "groups/s", "RSS kB", "fds", "books");
    for (int i = 0; i < MR_SOAK_STAGE_COUNT; i++)
        fprintf(out, " %*s", 21, stage_names[i]);
    fprintf(out, "  fault; dropped\n%44s", "");
    for (int i = 0; i < MR_SOAK_STAGE_COUNT; i++)
        fprintf(out, " %21s", "p50/p99/p99.9 us");
    fprintf(out, "\n");
}

static void print_sample(FILE *out, uint32_t i, const struct mr_soak_sample *s, const struct mr_soak_sample *before,
                         const struct mr_exchange_fault *fault)
{
    double spent = s->at_s - before->at_s;
    fprintf(out, "%5u %8.0f %8.0f %8llu %4u %3u/%-2u", i,
            (double)(s->counts.session_frames - before->counts.session_frames) / spent,
            (double)(s->counts.taken - before->counts.taken) / spent, (unsigned long long)s->rss_kb, s->descriptors,
            s->books_live, s->books);
    for (int k = 0; k < MR_SOAK_STAGE_COUNT; k++) {
        char text[64];
        snprintf(text, sizeof text, "%.1f/%.0f/%.0f", (double)s->stages[k].p50_ns / 1e3,
                 (double)s->stages[k].p99_ns / 1e3, (double)s->stages[k].p999_ns / 1e3);
        fprintf(out, " %21s", text);
    }
    if (fault)
        fprintf(out, "  %s %s;", mr_fault_name(fault->kind), fault->product);
    for (size_t k = 0; k < MR_COUNT_OF(counts); k++)
        if (counts[k].drop && count_at(&s->counts, k) > count_at(&before->counts, k))
            fprintf(out, " %s %llu", counts[k].name,
                    (unsigned long long)(count_at(&s->counts, k) - count_at(&before->counts, k)));
    fprintf(out, "\n");
    fflush(out);
}

/* ---- the run ---- */

struct soak {
    struct options options;
    struct mr_soak_scene scene;
    struct mr_soak_run run;
    struct mr_soak_sample *samples; /* [0] at the start, then one a second */
    char other[64], why[256];
    uint32_t faults;
    double exchange_cpu, plane_cpu, others_cpu; /* of one processor */
    double rate;
};

static double own_cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* What all programs together had so far. */
static double machine_cpu_s(void)
{
    unsigned long long user = 0, nice = 0, kernel = 0, idle, wait, irq = 0, soft = 0;
    FILE *f = fopen("/proc/stat", "r");
    int n =
        f ? fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &kernel, &idle, &wait, &irq, &soft) : 0;
    if (f)
        fclose(f);
    return n == 7 ? (double)(user + nice + kernel + irq + soft) / (double)sysconf(_SC_CLK_TCK) : 0;
}

/* False: it was ended from outside. */
static bool soak(struct soak *s, FILE *out)
{
    struct mr_soak_sample *samples = s->samples;
    mr_soak_look(s->scene.look, &samples[0]);
    const double begun = samples[0].at_s, cpu = own_cpu_s(), machine = machine_cpu_s();
    bool on = true;
    print_head(out);
    for (uint32_t i = 1; i <= s->options.seconds && on; i++) {
        const struct mr_exchange_fault *fault = mr_soak_scene_fault(&s->scene);
        s->faults += fault != NULL;
        on = mr_soak_scene_wait(&s->scene, begun + i - mr_soak_now_s());
        if (!on)
            break;
        mr_soak_look(s->scene.look, &samples[i]);
        print_sample(out, i, &samples[i], &samples[i - 1], fault);
        s->run.count = i;
    }
    const struct mr_soak_sample *last = &samples[s->run.count];
    double spent = last->at_s - begun;
    if (spent > 0) {
        s->exchange_cpu = (own_cpu_s() - cpu) / spent;
        s->plane_cpu = (last->cpu_s - samples[0].cpu_s) / spent;
        s->others_cpu = (machine_cpu_s() - machine) / spent - s->exchange_cpu - s->plane_cpu;
        s->rate = (double)(last->counts.session_frames - samples[0].counts.session_frames) / spent;
    }
    return on;
}

/* After the last fault all is live again; then the market stands still, and both sides are counted. */
static void settle(struct soak *s)
{
    struct mr_soak_run *r = &s->run;
    uint64_t rss;
    double cpu;
    mr_soak_scene_wait(&s->scene, 0.7); /* the last fault shows */
    r->not_live = mr_soak_scene_live(&s->scene, 30, s->why, sizeof s->why) ? "" : s->why;
    r->books_equal = mr_soak_scene_equal(&s->scene, s->other, sizeof s->other);
    r->other_book = s->other;
    mr_soak_look_counts(s->scene.look, &r->plane);
    for (int i = 0; i < 40; i++) { /* until nothing is under way: acks, groups in the ring */
        struct mr_soak_counts before = r->plane;
        mr_exchange_stats(s->scene.exchange, &r->exchange);
        if (!mr_soak_scene_wait(&s->scene, 0.05))
            break;
        mr_soak_look_counts(s->scene.look, &r->plane);
        if (before.session_frames == r->plane.session_frames && before.taken == r->plane.taken)
            break;
    }
    mr_soak_process(s->scene.plane, &rss, &r->descriptors_end, &cpu);
}

/* ---- the end ---- */

static const char *const findings[] = {"good", "not judged", "BAD"};

static const char *bound_by(const struct soak *s)
{
    double all = (double)sysconf(_SC_NPROCESSORS_ONLN), idle = all - s->exchange_cpu - s->plane_cpu - s->others_cpu;
    if (s->rate >= 0.95 * s->options.rate)
        return "as asked";
    if ((double)s->run.exchange.stood_ms < 1000 * MR_SOAK_STOOD * s->options.seconds)
        return "as asked, less what faults kept back: it is not sent again";
    if (s->exchange_cpu > 0.9)
        return "less than asked: the simulated exchange's thread had no more time to make, encrypt and send them in";
    if (s->plane_cpu > 0.9)
        return "less than asked: the data plane's thread had no more time";
    if (idle < 0.1 * all && s->others_cpu > 0.2 * all)
        return "less than asked: other programs had the processors";
    if (idle < 0.1 * all)
        return "less than asked: the exchange and the data plane fill this machine";
    return "less than asked: neither side was quick enough to use the processors' idle time";
}

static void print_end(FILE *out, const struct soak *s, const struct mr_slope *p999,
                      const struct mr_soak_verdict verdicts[MR_SOAK_VERDICTS])
{
    fprintf(out, "\n%u s, %u faults, %.0f messages a second of %u: %s\n", s->run.count, s->faults, s->rate,
            s->options.rate, bound_by(s));
    fprintf(out,
            "processors: exchange %.0f %%, data plane %.0f %%, other programs %.0f %% of one; there are %ld\nfaults:",
            100 * s->exchange_cpu, 100 * s->plane_cpu, 100 * s->others_cpu, sysconf(_SC_NPROCESSORS_ONLN));
    for (unsigned i = 0; i < MR_FAULT_KINDS; i++)
        fprintf(out, " %s %llu", mr_fault_name((enum mr_fault_kind)i), (unsigned long long)s->run.exchange.faults[i]);
    fprintf(out, "\nkept back by them: %llu left out, %llu muted; doubled %llu, swapped %llu\nseen and counted:",
            (unsigned long long)s->run.exchange.skipped, (unsigned long long)s->run.exchange.muted,
            (unsigned long long)s->run.exchange.doubled, (unsigned long long)s->run.exchange.swapped);
    for (size_t i = 0; i < MR_COUNT_OF(counts); i++)
        if (counts[i].drop && count_at(&s->run.plane, i))
            fprintf(out, " %s %llu", counts[i].name, (unsigned long long)count_at(&s->run.plane, i));
    fprintf(out, ", connections ended %llu\n", (unsigned long long)s->run.plane.closes);
    for (int i = 0; i < MR_SOAK_STAGE_COUNT && s->run.asked_s >= MR_SOAK_SLOPES_S; i++)
        fprintf(out, "p99.9 of %-6s %9.1f us, slope %+.2f %% a minute [%+.2f, %+.2f]\n", stage_names[i],
                p999[i].level / 1e3, 100 * p999[i].value / p999[i].level, 100 * p999[i].low / p999[i].level,
                100 * p999[i].high / p999[i].level);
    for (int i = 0; i < MR_SOAK_VERDICTS; i++)
        fprintf(out, "%-11s %-10s %s\n", verdicts[i].what, findings[verdicts[i].finding], verdicts[i].text);
}

static void slope_json(struct mr_json_out *j, const char *name, const struct mr_slope *s, double unit)
{
    mr_json_out_object(j, name);
    mr_json_out_double(j, "level", s->level);
    mr_json_out_double(j, "a_minute", s->value * unit);
    mr_json_out_double(j, "low", s->low * unit);
    mr_json_out_double(j, "high", s->high * unit);
    mr_json_out_end(j);
}

static void print_json(const struct soak *s, const struct mr_slope *rss, const struct mr_slope *p999,
                       const struct mr_soak_verdict verdicts[MR_SOAK_VERDICTS])
{
    static char text[16384];
    struct mr_text t;
    struct mr_json_out j;
    mr_text_init(&t, text, sizeof text);
    mr_json_out_init(&j, &t);
    mr_json_out_object(&j, NULL);
    mr_json_out_u64(&j, "seconds", s->run.count);
    mr_json_out_u64(&j, "faults", s->faults);
    mr_json_out_u64(&j, "rate_asked", s->options.rate);
    mr_json_out_double(&j, "rate", s->rate);
    mr_json_out_string(&j, "rate_why", bound_by(s));
    mr_json_out_double(&j, "exchange_cpu", s->exchange_cpu);
    mr_json_out_double(&j, "data_plane_cpu", s->plane_cpu);
    mr_json_out_double(&j, "others_cpu", s->others_cpu);
    mr_json_out_u64(&j, "stood_ms", s->run.exchange.stood_ms);
    slope_json(&j, "rss_kb", rss, 1);
    mr_json_out_object(&j, "p999_percent");
    for (int i = 0; i < MR_SOAK_STAGE_COUNT; i++)
        slope_json(&j, stage_names[i], &p999[i], p999[i].level > 0 ? 100 / p999[i].level : 0);
    mr_json_out_end(&j);
    mr_json_out_object(&j, "counted");
    for (size_t i = 0; i < MR_COUNT_OF(counts); i++)
        mr_json_out_u64(&j, counts[i].name, count_at(&s->run.plane, i));
    mr_json_out_end(&j);
    mr_json_out_u64(&j, "sent", s->run.exchange.frames);
    mr_json_out_u64(&j, "unsent", s->run.exchange.unsent);
    mr_json_out_object(&j, "verdicts");
    for (int i = 0; i < MR_SOAK_VERDICTS; i++)
        mr_json_out_string(&j, verdicts[i].what, findings[verdicts[i].finding]);
    mr_json_out_end(&j);
    mr_json_out_end(&j);
    puts(text);
}

static int finish(struct soak *s, FILE *out)
{
    struct mr_slope rss, p999[MR_SOAK_STAGE_COUNT];
    struct mr_soak_verdict verdicts[MR_SOAK_VERDICTS];
    bool bad = false;
    s->run.samples = s->samples + 1;
    s->run.asked_s = s->options.seconds;
    s->run.books = s->scene.books;
    s->run.products = s->scene.config.feed_count;
    s->run.descriptors_begin = s->samples[0].descriptors;
    s->run.warm_up = s->run.count / 10;
    mr_soak_judge(&s->run, &rss, p999, verdicts);
    for (int i = 0; i < MR_SOAK_VERDICTS; i++)
        bad |= verdicts[i].finding == MR_SOAK_BAD;
    print_end(out, s, p999, verdicts);
    if (s->options.json)
        print_json(s, &rss, p999, verdicts);
    return bad;
}

static void block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {argp_options,
                                     parse,
                                     NULL,
                                     "Simulated exchange and data plane for minutes, over TLS on the loopback, with a "
                                     "fault every second: exit status 1 if memory or latency "
                                     "grows, descriptors leak, a book stays wrong, or anything is lost uncounted.",
                                     NULL,
                                     NULL,
                                     NULL};
    static struct soak s = {.options = {.seconds = 600, .rate = 100000, .seed = 1}};
    struct mr_err err = {""};
    argp_parse(&argp, argc, argv, 0, NULL, &s.options);
    FILE *out = s.options.json ? stderr : stdout;
    block_signals();
    s.samples = calloc(s.options.seconds + 1, sizeof *s.samples);
    MR_ASSERT(s.samples);
    int exit_code = 3;
    if (mr_soak_scene_open(&s.scene, s.options.seed, s.options.rate, &err) != MR_OK) {
        fprintf(stderr, "soak: %s\n", err.text);
    } else if (!soak(&s, out)) {
        fprintf(stderr, "soak: ended before its time: by a signal, or the data plane ended\n");
        exit_code = 1;
    } else {
        settle(&s);
        exit_code = finish(&s, out);
    }
    mr_soak_scene_close(&s.scene);
    free(s.samples);
    return exit_code;
}
