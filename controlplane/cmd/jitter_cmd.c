/* millrace jitter: what this host does to a thread that only reads the clock, core by core. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/hist_show.h"
#include "dataplane/clock/clock.h"
#include "pinning/host.h"
#include "pinning/interrupts.h"
#include "pinning/jitter.h"

#define TABLE_BYTES (8u << 20) /* of /proc/interrupts: 256 CPUs with 2,000 interrupts are 6 MB */
#define OUT_BYTES (4u << 20)
#define NAMES_MAX 12 /* interrupts shown of a core */

enum form { TABLE, JSON, HDR };
enum { KEY_CORES = 256, KEY_SECONDS, KEY_THRESHOLD, KEY_JSON, KEY_HDR };

struct options {
    struct mr_cpus cores;
    bool cores_given;
    double seconds;
    int64_t threshold_ns;
    enum form form;
    int status;
    struct mr_err err;
};

/* All of a run. */
struct run {
    struct mr_jitter_core *cores;
    uint32_t count;
    int64_t wall_offset_ns; /* wall minus monotonic, as it began */
    char *before, *after;   /* /proc/interrupts; "" where it cannot be read */
};

static const struct argp_option argp_options[] = {
    {"cores", KEY_CORES, "LIST", 0, "such as 2-5,8; else all that this process may use", 0},
    {"seconds", KEY_SECONDS, "N", 0, "how long (10)", 0},
    {"threshold", KEY_THRESHOLD, "NS", 0, "from how many ns on a gap is a stall (1000)", 0},
    {"json", KEY_JSON, NULL, 0, "a JSON object", 0},
    {"hdr", KEY_HDR, NULL, 0, "HdrHistogram's percentile text, of each core", 0},
    {0},
};

static void take_cores(struct options *o, const char *text)
{
    int status = mr_cpus_parse(&o->cores, text, strlen(text));
    if (status != MR_OK || mr_cpus_count(&o->cores) == 0)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--cores %s: want a list of cores, as 2-5,8", text);
    o->cores_given = true;
}

static void set_form(struct options *o, enum form form)
{
    if (o->form != TABLE && o->form != form)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--json and --hdr: choose one");
    o->form = form;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case KEY_CORES:
        take_cores(o, arg);
        break;
    case KEY_SECONDS:
        o->seconds = mr_cmd_number("seconds", arg, 0.05, 86400, &o->status, &o->err);
        break;
    case KEY_THRESHOLD:
        o->threshold_ns = (int64_t)mr_cmd_number("threshold", arg, 1, 1e9, &o->status, &o->err);
        break;
    case KEY_JSON:
        set_form(o, JSON);
        break;
    case KEY_HDR:
        set_form(o, HDR);
        break;
    case ARGP_KEY_ARG:
        o->status = mr_err_set(&o->err, MR_E_INVALID, "%s: no argument is wanted here", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

/* ---- doing ---- */

static void free_run(struct run *r)
{
    for (uint32_t i = 0; r->cores && i < r->count; i++)
        free(r->cores[i].jitter);
    free(r->cores);
    free(r->before);
    free(r->after);
}

/* Set by set, so that nothing is allocated while it runs. */
static int make_run(struct options *o, struct run *r)
{
    r->count = mr_cpus_count(&o->cores);
    r->cores = calloc(r->count, sizeof *r->cores);
    r->before = calloc(1, TABLE_BYTES);
    r->after = calloc(1, TABLE_BYTES);
    uint32_t n = 0;
    if (r->cores && r->count <= MR_JITTER_CORES)
        MR_CPUS_EACH(cpu, &o->cores)
        {
            r->cores[n].core = cpu;
            r->cores[n].jitter = malloc(sizeof(struct mr_jitter));
            if (!r->cores[n].jitter)
                break;
            mr_jitter_init(r->cores[n++].jitter, o->threshold_ns);
        }
    if (!r->cores || !r->before || !r->after || (r->count <= MR_JITTER_CORES && n < r->count))
        return mr_err_set(&o->err, MR_E_NOMEM, "no memory");
    return MR_OK;
}

static int do_run(struct options *o, struct run *r)
{
    struct mr_host host;
    struct timespec wall;
    int status = mr_host_open(&host, NULL, &o->err);
    if (status != MR_OK)
        return status;
    clock_gettime(CLOCK_REALTIME, &wall);
    r->wall_offset_ns = (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec - mr_clock_mono();
    mr_host_raw(&host, "/proc/interrupts", r->before, TABLE_BYTES);
    status = mr_jitter_run(r->cores, r->count, (int64_t)(o->seconds * 1e9), &o->err);
    mr_host_raw(&host, "/proc/interrupts", r->after, TABLE_BYTES);
    mr_host_close(&host);
    return status;
}

/* ---- showing ---- */

struct names {
    struct mr_interrupts list;
    struct mr_interrupt rows[NAMES_MAX];
    bool known;
};

static void find_names(struct names *n, const struct run *r, int core)
{
    n->list = (struct mr_interrupts){.rows = n->rows, .room = NAMES_MAX};
    n->known = mr_interrupts_between(&n->list, r->before, r->after, core) == MR_OK;
}

static double lasted_s(const struct mr_jitter *j) { return (double)(j->ended_ns - j->began_ns) / 1e9; }

static double stolen_share(const struct mr_jitter *j)
{
    int64_t ran_ns = j->ended_ns - j->began_ns;
    return ran_ns > 0 ? (double)mr_jitter_stolen_ns(j) / (double)ran_ns : 0;
}

static void table_gaps(const struct run *r)
{
    printf("%4s %12s %6s", "core", "gaps", "least");
    for (size_t i = 0; i < MR_POINTS; i++)
        printf(" %8s", mr_point_names[i]);
    printf(" %10s\n", "max");
    for (uint32_t i = 0; i < r->count; i++) {
        const struct mr_hist *h = &r->cores[i].jitter->gaps.head;
        printf("%4d %12llu %6lld", r->cores[i].core, (unsigned long long)mr_hist_count(h), (long long)mr_hist_min(h));
        for (size_t k = 0; k < MR_POINTS; k++)
            printf(" %8lld", (long long)mr_hist_percentile(h, mr_points[k]));
        printf(" %10lld\n", (long long)mr_hist_max(h));
    }
}

static void table_stalls(const struct mr_jitter_core *core, const struct run *r)
{
    const struct mr_jitter *j = core->jitter;
    char day[40];
    printf("\ncore %d: %llu stalls, %lld ns stolen (%.4f %%), taken for another thread %llu times\n", core->core,
           (unsigned long long)j->stalls, (long long)mr_jitter_stolen_ns(j), stolen_share(j) * 100,
           (unsigned long long)core->preempted);
    for (uint32_t i = 0; i < j->longest_count; i++) {
        struct mr_text text;
        mr_text_init(&text, day, sizeof day);
        mr_text_time(&text, j->longest[i].mono_ns + r->wall_offset_ns);
        printf("  %12lld ns  until %s  (monotonic %lld.%09lld s)\n", (long long)j->longest[i].gap_ns, day,
               (long long)j->longest[i].mono_ns / 1000000000, (long long)j->longest[i].mono_ns % 1000000000);
    }
}

static void table_names(const struct mr_jitter_core *core, const struct run *r)
{
    struct names n;
    find_names(&n, r, core->core);
    if (!n.known) {
        printf("  interrupts: not known, /proc/interrupts has no column of this core\n");
        return;
    }
    printf("  interrupts: %llu\n", (unsigned long long)n.list.all);
    for (uint32_t i = 0; i < n.list.count; i++)
        printf("  %12llu  %s %s\n", (unsigned long long)n.rows[i].count, n.rows[i].id, n.rows[i].what);
}

static void show_table(const struct options *o, const struct run *r)
{
    printf("%u core%s at once, %.1f s; gaps between two readings of the clock, ns; a stall is %lld ns and more\n",
           r->count, r->count == 1 ? "" : "s", lasted_s(r->cores[0].jitter), (long long)o->threshold_ns);
    table_gaps(r);
    for (uint32_t i = 0; i < r->count; i++) {
        table_stalls(&r->cores[i], r);
        table_names(&r->cores[i], r);
    }
}

static void json_stalls(struct mr_json_out *out, const struct mr_jitter *j, const struct run *r)
{
    mr_json_out_array(out, "longest");
    for (uint32_t i = 0; i < j->longest_count; i++) {
        mr_json_out_object(out, NULL);
        mr_json_out_i64(out, "gap_ns", j->longest[i].gap_ns);
        mr_json_out_i64(out, "wall_ns", j->longest[i].mono_ns + r->wall_offset_ns);
        mr_json_out_i64(out, "mono_ns", j->longest[i].mono_ns);
        mr_json_out_end(out);
    }
    mr_json_out_end(out);
}

static void json_names(struct mr_json_out *out, const struct run *r, int core)
{
    struct names n;
    find_names(&n, r, core);
    if (!n.known) {
        mr_json_out_null(out, "interrupts");
        return;
    }
    mr_json_out_u64(out, "interrupts", n.list.all);
    mr_json_out_array(out, "interrupted_by");
    for (uint32_t i = 0; i < n.list.count; i++) {
        mr_json_out_object(out, NULL);
        mr_json_out_string(out, "id", n.rows[i].id);
        mr_json_out_string(out, "what", n.rows[i].what);
        mr_json_out_u64(out, "count", n.rows[i].count);
        mr_json_out_end(out);
    }
    mr_json_out_end(out);
}

static void json_core(struct mr_json_out *out, const struct mr_jitter_core *core, const struct run *r)
{
    const struct mr_jitter *j = core->jitter;
    mr_json_out_object(out, NULL);
    mr_json_out_i64(out, "core", core->core);
    mr_json_out_double(out, "seconds", lasted_s(j));
    mr_json_out_object(out, "gap_ns");
    mr_hist_show_json(out, &j->gaps.head);
    mr_json_out_end(out);
    mr_json_out_u64(out, "stalls", j->stalls);
    mr_json_out_i64(out, "stolen_ns", mr_jitter_stolen_ns(j));
    mr_json_out_double(out, "stolen_share", stolen_share(j));
    mr_json_out_u64(out, "preempted", core->preempted);
    json_stalls(out, j, r);
    json_names(out, r, core->core);
    mr_json_out_end(out);
}

static int show_json(struct options *o, const struct run *r)
{
    struct mr_text text;
    struct mr_json_out out;
    char *mem = malloc(OUT_BYTES);
    if (!mem)
        return mr_err_set(&o->err, MR_E_NOMEM, "no memory");
    mr_text_init(&text, mem, OUT_BYTES);
    mr_json_out_init(&out, &text);
    mr_json_out_object(&out, NULL);
    mr_json_out_i64(&out, "threshold_ns", o->threshold_ns);
    mr_json_out_array(&out, "cores");
    for (uint32_t i = 0; i < r->count; i++)
        json_core(&out, &r->cores[i], r);
    mr_json_out_end(&out);
    mr_json_out_end(&out);
    puts(mem);
    free(mem);
    return MR_OK;
}

static int show(struct options *o, const struct run *r)
{
    char title[64];
    if (o->form == JSON)
        return show_json(o, r);
    if (o->form == TABLE)
        show_table(o, r);
    for (uint32_t i = 0; o->form == HDR && i < r->count; i++) {
        snprintf(title, sizeof title, "jitter{core=%d} gap_ns [ns]", r->cores[i].core);
        mr_hist_show_hdr(title, &r->cores[i].jitter->gaps.head);
    }
    return MR_OK;
}

int mr_cmd_jitter(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        "",
        "How this host disturbs its own cores: a pinned thread a core, all at once, reads the "
        "clock and nothing else. The gaps between two readings, the longest of them with their "
        "times, the time they took, and what interrupted each core meanwhile. It takes the cores "
        "wholly while it runs: not on a core where a data plane is at work.",
        NULL,
        NULL,
        NULL};
    struct options o = {.seconds = 10, .threshold_ns = 1000};
    struct run run = {0};
    char name[] = "millrace jitter";
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "jitter", &o.err);
    if (!o.cores_given)
        mr_jitter_allowed(&o.cores);
    int status = make_run(&o, &run);
    if (status == MR_OK)
        status = do_run(&o, &run);
    if (status == MR_OK)
        status = show(&o, &run);
    free_run(&run);
    return status == MR_OK ? MR_EXIT_GOOD : mr_cmd_fail(mr_cmd_exit_of(status), "jitter", &o.err);
}
