#include "perf/soak/sample.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *family, *metric;
} stages[] = {
#define MR_X(id, name, family, metric, what) {family, metric},
    MR_SOAK_STAGES(MR_X)
#undef MR_X
};
static const struct {
    const char *family, *metric;
    size_t at;
} counts[] = {
#define MR_X(field, family, metric, drop) {family, metric, offsetof(struct mr_soak_counts, field)},
    MR_SOAK_COUNTS(MR_X)
#undef MR_X
};

struct mr_soak_look {
    struct mr_workspace workspace;
    pid_t pid;
    uint32_t books;
    struct mr_plane_connections connections;
    /* The whole run's, that of the last look, and the difference. NULL: not seen yet. */
    struct mr_hist *now[MR_SOAK_STAGE_COUNT], *before[MR_SOAK_STAGE_COUNT], *since[MR_SOAK_STAGE_COUNT];
    bool seen[MR_SOAK_STAGE_COUNT]; /* in this look: the next of the name is added */
};

double mr_soak_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the process ---- */

static bool status_of(pid_t pid, const char *file, char *text, size_t room)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    size_t n = fread(text, 1, room - 1, f);
    fclose(f);
    text[n] = 0;
    return n > 0;
}

static uint32_t descriptors_of(pid_t pid)
{
    char path[64];
    uint32_t n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *d = opendir(path);
    while (d) {
        const struct dirent *e = readdir(d);
        if (!e)
            break;
        n += e->d_name[0] != '.';
    }
    if (d)
        closedir(d);
    return n;
}

bool mr_soak_process(pid_t pid, uint64_t *rss_kb, uint32_t *descriptors, double *cpu_s)
{
    char text[1024];
    unsigned long long pages, user, kernel;
    if (!status_of(pid, "statm", text, sizeof text) || sscanf(text, "%*s %llu", &pages) != 1)
        return false;
    *rss_kb = pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
    *descriptors = descriptors_of(pid);
    const char *behind_name = status_of(pid, "stat", text, sizeof text) ? strrchr(text, ')') : NULL;
    if (!behind_name ||
        sscanf(behind_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &kernel) != 2)
        return false;
    *cpu_s = (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
    return true;
}

/* ---- the workspace ---- */

int mr_soak_look_open(struct mr_soak_look **out, pid_t pid, const char *workspace, uint32_t books, struct mr_err *err)
{
    struct mr_soak_look *l = calloc(1, sizeof *l);
    MR_ASSERT(l);
    int status = mr_workspace_attach(&l->workspace, workspace, false, err);
    if (status) {
        free(l);
        return status;
    }
    l->pid = pid;
    l->books = books;
    *out = l;
    return MR_OK;
}

void mr_soak_look_close(struct mr_soak_look *l)
{
    for (int i = 0; i < MR_SOAK_STAGE_COUNT; i++) {
        free(l->now[i]);
        free(l->before[i]);
        free(l->since[i]);
    }
    mr_workspace_close(&l->workspace);
    free(l);
}

static struct mr_hist *empty(uint32_t bits)
{
    void *mem = malloc(mr_hist_bytes(bits));
    MR_ASSERT(mem);
    return mr_hist_init(mem, bits);
}

static void add_stage(struct mr_soak_look *l, int stage, const struct mr_metric_view *v)
{
    if (!l->now[stage]) {
        l->now[stage] = empty(v->hist_bits);
        l->before[stage] = empty(v->hist_bits);
        l->since[stage] = empty(v->hist_bits);
    }
    int status = l->seen[stage] ? mr_hist_add(l->now[stage], v->hist) : mr_hist_copy(l->now[stage], v->hist);
    MR_ASSERT(status == MR_OK);
    l->seen[stage] = true;
}

struct adding {
    struct mr_soak_look *look;
    struct mr_soak_counts *counts;
    bool histograms;
};

static void add_up(void *arg, const struct mr_metric_view *v)
{
    const struct adding *a = arg;
    for (size_t i = 0; i < MR_COUNT_OF(counts) && v->type == MR_METRIC_COUNTER; i++)
        if (strcmp(v->family, counts[i].family) == 0 && strcmp(v->name, counts[i].metric) == 0)
            *(uint64_t *)((char *)a->counts + counts[i].at) += (uint64_t)v->value;
    for (int i = 0; i < MR_SOAK_STAGE_COUNT && v->hist && a->histograms; i++)
        if (strcmp(v->family, stages[i].family) == 0 && strcmp(v->name, stages[i].metric) == 0)
            add_stage(a->look, i, v);
}

static void read_all(struct mr_soak_look *l, struct mr_soak_counts *out, bool histograms)
{
    struct adding a = {l, out, histograms};
    struct mr_region r;
    *out = (struct mr_soak_counts){0};
    memset(l->seen, 0, sizeof l->seen);
    for (uint32_t i = 0; mr_workspace_region(&l->workspace, i, &r) == MR_OK; i++)
        if (r.kind == MR_REGION_METRICS)
            mr_metrics_each(r.mem, r.bytes, add_up, &a);
}

void mr_soak_look_counts(struct mr_soak_look *l, struct mr_soak_counts *out) { read_all(l, out, false); }

static bool image(struct mr_soak_look *l, const char *name, void *out, uint32_t bytes)
{
    struct mr_region r;
    return mr_workspace_find(&l->workspace, name, &r) == MR_OK && mr_image_check(r.mem, r.bytes) == MR_OK &&
           mr_image_read(r.mem, out, bytes, NULL) == MR_OK;
}

bool mr_soak_look_book(struct mr_soak_look *l, uint32_t id, struct mr_plane_book *out)
{
    char name[32];
    snprintf(name, sizeof name, "book/%u", id);
    return image(l, name, out, sizeof *out);
}

bool mr_soak_look_instrument(struct mr_soak_look *l, uint32_t id, struct mr_instrument *out)
{
    struct mr_region r;
    return mr_workspace_find(&l->workspace, "instruments", &r) == MR_OK && mr_instruments_read(r.mem, id, out) == MR_OK;
}

bool mr_soak_look_live(struct mr_soak_look *l, char *why, size_t room)
{
    if (!image(l, "connections/0", &l->connections, sizeof l->connections) || !l->connections.count) {
        snprintf(why, room, "no connections yet");
        return false;
    }
    for (uint32_t i = 0; i < l->connections.count && i < MR_FEED_TILE_SESSIONS; i++) {
        const struct mr_plane_connection *c = &l->connections.row[i];
        if (c->state != MR_SESSION_LIVE && c->streams) {
            snprintf(why, room, "%s/%s: state %u, %u of %u streams: %s", c->product, c->route, c->state,
                     c->streams_live, c->streams, c->why);
            return false;
        }
    }
    for (uint32_t id = 0; id < l->books; id++) {
        struct mr_plane_book b;
        if (!mr_soak_look_book(l, id, &b) || !b.live) {
            snprintf(why, room, "the book of instrument %u is not live", id);
            return false;
        }
    }
    return true;
}

void mr_soak_look(struct mr_soak_look *l, struct mr_soak_sample *out)
{
    *out = (struct mr_soak_sample){.at_s = mr_soak_now_s(), .books = l->books};
    mr_soak_process(l->pid, &out->rss_kb, &out->descriptors, &out->cpu_s);
    read_all(l, &out->counts, true);
    for (int i = 0; i < MR_SOAK_STAGE_COUNT; i++) {
        if (!l->now[i])
            continue;
        struct mr_soak_stage_times *t = &out->stages[i];
        mr_hist_copy(l->since[i], l->now[i]);
        mr_hist_subtract(l->since[i], l->before[i]);
        mr_hist_copy(l->before[i], l->now[i]);
        *t =
            (struct mr_soak_stage_times){mr_hist_count(l->since[i]), mr_hist_percentile(l->since[i], 0.5),
                                         mr_hist_percentile(l->since[i], 0.99), mr_hist_percentile(l->since[i], 0.999)};
    }
    for (uint32_t id = 0; id < l->books; id++) {
        struct mr_plane_book b;
        out->books_live += mr_soak_look_book(l, id, &b) && b.live;
    }
}
