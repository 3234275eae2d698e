/* millrace latency: the histograms of a running (or dead) instance, from its workspace file and nothing else. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/hdr_log.h"
#include "controlplane/cmd/hist_show.h"
#include "controlplane/cmd/reach.h"
#include "controlplane/cmd/shot.h"
#include "dataplane/ring/workspace.h"
#include "dataplane/text/text.h"
#include "dataplane/tile/tile.h"

enum form { TABLE, JSON, CSV, HDR };
enum {
    KEY_JSON = 256,
    KEY_CSV,
    KEY_HDR,
    KEY_HDR_LOG,
    KEY_HISTOGRAM,
    KEY_WORST,
    KEY_INTERVAL,
    KEY_COUNT,
    KEY_SAVE,
    KEY_DIFF,
    KEY_PACE
};

struct options {
    const char *workspace, *instance, *config, *save, *diff_a, *diff_b, *log_path;
    FILE *log; /* NULL: none; stdout: nothing else is there */
    int64_t log_start_ns;
    enum form form;
    bool histogram, worst, diff;
    double interval_s;
    uint64_t count, pace_ns;
    int status;
    struct mr_err err;
};

/* clang-format off */
static const struct argp_option argp_options[] = {
    {"instance", 'i', "NAME", 0, "the instance, by name (the configuration's)", 0},
    {"config", 'c', "FILE", 0, "the configuration that names it", 0},
    {"workspace", 'w', "FILE", 0, "the instance, by its workspace file", 0},
    {"json", KEY_JSON, NULL, 0, "a JSON list", 0},
    {"csv", KEY_CSV, NULL, 0, "one line a histogram, with a heading", 0},
    {"hdr", KEY_HDR, NULL, 0, "HdrHistogram's percentile text", 0},
    {"hdr-log", KEY_HDR_LOG, "FILE", 0, "also write FILE, an HdrHistogram log (with --interval a line an interval); -: to stdout, and nothing else", 0},
    {"histogram", KEY_HISTOGRAM, NULL, 0, "also draw each histogram, a line a power of two", 0},
    {"worst", KEY_WORST, NULL, 0, "also which message the maximum was: its kind, connection, core, stages, and what interrupted that core (always in --json)", 0},
    {"interval", KEY_INTERVAL, "S", 0, "what came in every S seconds, instead of all since the start", 0},
    {"count", KEY_COUNT, "N", 0, "with --interval: end after N of them", 0},
    {"pace", KEY_PACE, "NS", 0, "values were due each NS nanoseconds: count what a stall held up (coordinated omission)", 0},
    {"save", KEY_SAVE, "FILE", 0, "keep all histograms in FILE", 0},
    {"diff", KEY_DIFF, NULL, 0, "compare two saved files, A and B", 0},
    {0},
};
/* clang-format on */

static void set_form(struct options *o, enum form form)
{
    if (o->form != TABLE && o->form != form)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--json, --csv and --hdr: choose one");
    o->form = form;
}

static void take_argument(struct options *o, const char *arg)
{
    if (!o->diff || o->diff_b)
        o->status = mr_err_set(&o->err, MR_E_INVALID,
                               "%s: no argument is wanted here (the workspace is --workspace FILE)", arg);
    else if (o->diff_a)
        o->diff_b = arg;
    else
        o->diff_a = arg;
}

static void check_together(struct options *o)
{
    if (o->diff && !o->diff_b)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--diff wants two files that --save made: --diff A B");
    else if (o->diff && (o->workspace || o->save || o->log_path || o->interval_s > 0 || o->form == HDR))
        o->status =
            mr_err_set(&o->err, MR_E_INVALID, "--diff compares two saved files; it goes with --json or --csv only");
    else if (o->log_path && strcmp(o->log_path, "-") == 0 && (o->form != TABLE || o->histogram))
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--hdr-log -: stdout has the log, and nothing else");
    else if (o->worst && o->form != TABLE)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--worst goes with the table; --json has it always");
    else if (o->count && o->interval_s <= 0)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--count goes with --interval");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'w':
        o->workspace = arg;
        break;
    case 'i':
        o->instance = arg;
        break;
    case 'c':
        o->config = arg;
        break;
    case KEY_JSON:
        set_form(o, JSON);
        break;
    case KEY_CSV:
        set_form(o, CSV);
        break;
    case KEY_HDR:
        set_form(o, HDR);
        break;
    case KEY_HDR_LOG:
        o->log_path = arg;
        break;
    case KEY_HISTOGRAM:
        o->histogram = true;
        break;
    case KEY_WORST:
        o->worst = true;
        break;
    case KEY_INTERVAL:
        o->interval_s = mr_cmd_number("interval", arg, 0.01, 86400, &o->status, &o->err);
        break;
    case KEY_COUNT:
        o->count = (uint64_t)mr_cmd_number("count", arg, 1, 1e9, &o->status, &o->err);
        break;
    case KEY_PACE:
        o->pace_ns = (uint64_t)mr_cmd_number("pace", arg, 1, 1e12, &o->status, &o->err);
        break;
    case KEY_SAVE:
        o->save = arg;
        break;
    case KEY_DIFF:
        o->diff = true;
        break;
    case ARGP_KEY_ARG:
        take_argument(o, arg);
        break;
    case ARGP_KEY_END:
        check_together(o);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

/* ---- showing ---- */

/* Whether a stall hides what it held up. Venues push their messages: nobody knows when one was due. */
static void say_omission(const struct options *o, char *out, size_t bytes)
{
    if (o->pace_ns)
        snprintf(out, bytes, "coordinated omission: corrected, as if a value had been due each %llu ns",
                 (unsigned long long)o->pace_ns);
    else
        snprintf(out, bytes,
                 "coordinated omission: not corrected; venues push messages, and no pace of theirs is known");
}

static void show_worst(const struct mr_worst *worst)
{
    char out[2048];
    struct mr_text text;
    mr_text_init(&text, out, sizeof out);
    if (worst->trace.at_ns)
        mr_worst_text(&text, worst);
    else
        mr_text_add(&text, "    no record of its maximum\n");
    fputs(out, stdout);
}

static void show_table(const struct options *o, const struct mr_shot_row *row, bool heading)
{
    char label[512];
    if (heading) {
        printf("%-48s %12s", "histogram (values in its unit)", "count");
        for (size_t i = 0; i < MR_POINTS; i++)
            printf(" %10s", mr_point_names[i]);
        printf(" %12s\n", "max");
    }
    snprintf(label, sizeof label, "%s{%s} %s [%s]", row->family, row->labels, row->name, row->unit);
    printf("%-48s %12llu", label, (unsigned long long)mr_hist_count(row->hist));
    for (size_t i = 0; i < MR_POINTS; i++)
        printf(" %10lld", (long long)mr_hist_percentile(row->hist, mr_points[i]));
    printf(" %12lld", (long long)mr_hist_max(row->hist));
    if (mr_hist_negative(row->hist))
        printf("  and %llu negative", (unsigned long long)mr_hist_negative(row->hist));
    putchar('\n');
    if (o->worst && mr_hist_count(row->hist))
        show_worst(&row->worst);
    if (o->histogram)
        mr_hist_show_drawing(row->hist);
}

static void show_csv(const struct mr_shot_row *row, bool heading)
{
    if (heading) {
        printf("family,labels,name,unit,count,negative,beyond,mean,min");
        for (size_t i = 0; i < MR_POINTS; i++)
            printf(",%s", mr_point_keys[i]);
        printf(",max\n");
    }
    printf("%s,\"%s\",%s,%s,%llu,%llu,%llu,%.3f,%lld", row->family, row->labels, row->name, row->unit,
           (unsigned long long)mr_hist_count(row->hist), (unsigned long long)mr_hist_negative(row->hist),
           (unsigned long long)mr_hist_beyond(row->hist), mr_hist_mean(row->hist), (long long)mr_hist_min(row->hist));
    for (size_t i = 0; i < MR_POINTS; i++)
        printf(",%lld", (long long)mr_hist_percentile(row->hist, mr_points[i]));
    printf(",%lld\n", (long long)mr_hist_max(row->hist));
}

static void show_json(const struct options *o, const struct mr_shot_row *row, bool first)
{
    char out[4096];
    struct mr_text text;
    struct mr_json_out j;
    mr_text_init(&text, out, sizeof out);
    mr_json_out_init(&j, &text);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "family", row->family);
    mr_json_out_string(&j, "labels", row->labels);
    mr_json_out_string(&j, "name", row->name);
    mr_json_out_string(&j, "unit", row->unit);
    mr_hist_show_json(&j, row->hist);
    mr_json_out_bool(&j, "omission_corrected", o->pace_ns != 0);
    if (row->worst.trace.at_ns)
        mr_worst_json(&j, &row->worst);
    mr_json_out_end(&j);
    printf("%s%s", first ? "" : ",\n ", out);
}

static void show_hdr(const struct options *o, const struct mr_shot_row *row)
{
    char title[640], omission[160];
    say_omission(o, omission, sizeof omission);
    snprintf(title, sizeof title, "%s{%s} %s [%s]; %s", row->family, row->labels, row->name, row->unit, omission);
    mr_hist_show_hdr(title, row->hist);
}

static void show(const struct options *o, const struct mr_shot *shot)
{
    if (o->log == stdout)
        return;
    if (o->form == JSON)
        printf("[");
    for (uint32_t i = 0; i < shot->count; i++) {
        const struct mr_shot_row *row = &shot->rows[i];
        switch (o->form) {
        case TABLE:
            show_table(o, row, i == 0);
            break;
        case JSON:
            show_json(o, row, i == 0);
            break;
        case CSV:
            show_csv(row, i == 0);
            break;
        case HDR:
            show_hdr(o, row);
            break;
        }
    }
    if (o->form == JSON)
        printf("]\n");
    if (o->form == TABLE) {
        char omission[160];
        say_omission(o, omission, sizeof omission);
        printf("%s\n", shot->count ? omission : "no histograms in this workspace");
    }
    fflush(stdout);
}

static double change(int64_t a, int64_t b) { return a ? ((double)b - (double)a) / (double)a * 100 : 0; }

/* Whose figures they are: differences between two builds are what is looked for, and B may be the older one. */
static void show_taken(const char *name, const struct mr_shot *shot)
{
    char out[128];
    struct mr_text text;
    mr_text_init(&text, out, sizeof out);
    if (shot->taken_ns)
        mr_text_time(&text, shot->taken_ns);
    else
        mr_text_add(&text, "at a time that it does not say");
    printf("%s: taken %s%s%s\n", name, out, shot->build[0] ? ", build " : "", shot->build);
}

static void show_diff(const struct options *o, const struct mr_shot *a, const struct mr_shot *b)
{
    if (o->form == TABLE) {
        show_taken(o->diff_a, a);
        show_taken(o->diff_b, b);
    }
    if (a->taken_ns && b->taken_ns && b->taken_ns < a->taken_ns)
        fprintf(stderr, "millrace latency: %s is older than %s: changes are from the newer one to the older one\n",
                o->diff_b, o->diff_a);
    printf(o->form == JSON ? "[" : o->form == CSV ? "family,labels,name,point,a,b,change_percent\n" : "");
    bool first = true;
    uint32_t both = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        const struct mr_shot_row *now = &b->rows[i], *was = mr_shot_find(a, now);
        if (!was)
            continue;
        both++;
        if (o->form == TABLE)
            printf("%s{%s} %s [%s]\n", now->family, now->labels, now->name, now->unit);
        for (size_t k = 0; k <= MR_POINTS; k++) {
            bool last = k == MR_POINTS;
            long long x = last ? mr_hist_max(was->hist) : mr_hist_percentile(was->hist, mr_points[k]);
            long long y = last ? mr_hist_max(now->hist) : mr_hist_percentile(now->hist, mr_points[k]);
            const char *point = last ? "max" : mr_point_keys[k];
            if (o->form == TABLE)
                printf("  %-8s %14lld %14lld %+8.1f %%\n", last ? "max" : mr_point_names[k], x, y, change(x, y));
            else if (o->form == CSV)
                printf("%s,\"%s\",%s,%s,%lld,%lld,%.2f\n", now->family, now->labels, now->name, point, x, y,
                       change(x, y));
            else /* names are those of our own tables: no character of theirs needs an escape */
                printf("%s{\"family\": \"%s\", \"labels\": \"%s\", \"name\": \"%s\", \"point\": \"%s\", \"a\": %lld, "
                       "\"b\": %lld}",
                       first ? "" : ",\n ", now->family, now->labels, now->name, point, x, y);
            first = false;
        }
        if (o->worst) {
            show_worst(&was->worst);
            show_worst(&now->worst);
        }
    }
    printf(o->form == JSON ? "]\n" : "");
    if (both < a->count || both < b->count) /* not a finding: feeds come and go between two runs */
        fprintf(stderr, "millrace latency: %u histograms are in both; %u in %s alone, %u in %s alone\n", both,
                a->count - both, o->diff_a, b->count - both, o->diff_b);
}

/* ---- doing ---- */

static int run_diff(struct options *o)
{
    struct mr_shot a = {0}, b = {0};
    int status = mr_shot_load(&a, o->diff_a, &o->err);
    if (status == MR_OK)
        status = mr_shot_load(&b, o->diff_b, &o->err);
    if (status == MR_OK)
        show_diff(o, &a, &b);
    mr_shot_free(&a);
    mr_shot_free(&b);
    return status;
}

static int64_t wall_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* When the instance was last alive: its newest heartbeat, else when it was made. */
static int64_t last_alive_ns(const struct mr_workspace *ws, int64_t made_ns)
{
    struct mr_region r;
    int64_t last = made_ns;
    if (mr_workspace_find(ws, "tiles", &r) != MR_OK || r.kind != MR_REGION_TILES)
        return last;
    const struct mr_tile_beat *beats = r.mem;
    for (size_t i = 0; i < r.bytes / sizeof *beats; i++) {
        int64_t ns = __atomic_load_n(&beats[i].last_ns, __ATOMIC_RELAXED);
        last = ns > last ? ns : last;
    }
    return last;
}

static int open_log(struct options *o, int64_t start_ns)
{
    char omission[160];
    if (!o->log_path)
        return MR_OK;
    o->log = strcmp(o->log_path, "-") == 0 ? stdout : fopen(o->log_path, "we");
    if (!o->log)
        return mr_err_set(&o->err, MR_E_IO, "%s: cannot write: %s", o->log_path, strerror(errno));
    o->log_start_ns = start_ns;
    say_omission(o, omission, sizeof omission);
    mr_hdr_log_begin(o->log, start_ns, omission);
    return MR_OK;
}

static int close_log(struct options *o, int status)
{
    if (o->log && o->log != stdout && fclose(o->log) && status == MR_OK)
        status = mr_err_set(&o->err, MR_E_IO, "%s: cannot write: %s", o->log_path, strerror(errno));
    return status;
}

/* A line for each histogram that has values. */
static int write_log(struct options *o, const struct mr_shot *shot, int64_t from_ns, int64_t to_ns)
{
    char tag[512];
    for (uint32_t i = 0; o->log && i < shot->count; i++) {
        const struct mr_shot_row *row = &shot->rows[i];
        snprintf(tag, sizeof tag, "%s.%s{%s}", row->family, row->name, row->labels);
        if (mr_hist_count(row->hist) == 0)
            continue;
        int status = mr_hdr_log_add(o->log, tag, row->hist, from_ns - o->log_start_ns, to_ns - from_ns);
        if (status != MR_OK)
            return mr_err_set(&o->err, status, "%s: cannot write: %s", o->log_path,
                              status == MR_E_IO ? strerror(errno) : mr_status_text(status));
    }
    return MR_OK;
}

/* What was taken, as it is wanted: corrected, shown, logged. */
static int give(struct options *o, struct mr_shot *shot, int64_t from_ns, int64_t to_ns)
{
    int status = o->pace_ns ? mr_shot_pace(shot, (int64_t)o->pace_ns, &o->err) : MR_OK;
    if (status != MR_OK)
        return status;
    show(o, shot);
    return write_log(o, shot, from_ns, to_ns);
}

static int run_once(struct options *o, const struct mr_workspace *ws)
{
    struct mr_shot shot = {0};
    struct mr_workspace_info info;
    mr_workspace_info(ws, &info);
    int64_t made_ns = (int64_t)info.created_ns;
    int status = open_log(o, made_ns);
    if (status == MR_OK)
        status = mr_shot_take(&shot, ws, &o->err);
    if (status == MR_OK && o->save)
        status = mr_shot_save(&shot, o->save, &o->err);
    if (status == MR_OK)
        status = give(o, &shot, made_ns, last_alive_ns(ws, made_ns));
    mr_shot_free(&shot);
    return close_log(o, status);
}

static int run_intervals(struct options *o, const struct mr_workspace *ws)
{
    struct mr_shot before = {0};
    int64_t from_ns = wall_ns();
    int status = open_log(o, from_ns);
    if (status == MR_OK)
        status = mr_shot_take(&before, ws, &o->err);
    for (uint64_t i = 0; status == MR_OK && (o->count == 0 || i < o->count); i++) {
        struct mr_shot now = {0}, interval = {0};
        usleep((useconds_t)(o->interval_s * 1e6));
        int64_t to_ns = wall_ns();
        status = mr_shot_take(&now, ws, &o->err);
        if (status == MR_OK)
            status = mr_shot_take(&interval, ws, &o->err);
        if (status == MR_OK) {
            mr_shot_between(&interval, &now, &before);
            status = give(o, &interval, from_ns, to_ns);
        }
        mr_shot_free(&interval);
        mr_shot_free(&before);
        before = now;
        from_ns = to_ns;
    }
    mr_shot_free(&before);
    return close_log(o, status);
}

int mr_cmd_latency(int argc, char **argv)
{
    static const struct argp argp = {argp_options,
                                     parse,
                                     "[--diff A B]",
                                     "Latency percentiles of a running instance, or of what is left of one; with "
                                     "--worst which message was the slowest.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct options o = {.status = MR_OK};
    char name[] = "millrace latency", socket[256], path[256];
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "latency", &o.err);
    if (o.diff)
        return run_diff(&o) == MR_OK ? MR_EXIT_GOOD : mr_cmd_fail(MR_EXIT_USAGE, "latency", &o.err);
    const struct mr_reach reach = {.config = o.config, .instance = o.instance, .workspace = o.workspace};
    int found = mr_reach_paths(&reach, socket, path, &o.err);
    if (found)
        return mr_cmd_fail(mr_cmd_exit_of(found), "latency", &o.err);
    struct mr_workspace ws;
    if (mr_workspace_attach(&ws, path, false, &o.err) != MR_OK)
        return mr_cmd_fail(MR_EXIT_UNREACHABLE, "latency", &o.err);
    int status = o.interval_s > 0 ? run_intervals(&o, &ws) : run_once(&o, &ws);
    mr_workspace_close(&ws);
    return status == MR_OK ? MR_EXIT_GOOD : mr_cmd_fail(MR_EXIT_ENVIRONMENT, "latency", &o.err);
}
