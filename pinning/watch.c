#include "pinning/watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "dataplane/metrics/metrics.h"
#include "dataplane/tile/tile.h"
#include "pinning/host.h"
#include "pinning/interrupts.h"

#define LOOKS 3
#define TILES 16
#define TABLE_FIRST (64u << 10)
#define TABLE_MOST (8u << 20) /* 256 CPUs with 2,000 interrupts are 6 MB */

/* Of a tile's thread; below zero: not known. */
struct thread {
    int64_t preempted, slept, put_off_ns;
};
struct look {
    int64_t ns;  /* 0: none yet */
    char *table; /* /proc/interrupts; "": cannot be read whole */
    size_t room;
    struct thread thread[TILES];
};
struct mr_watch {
    struct mr_host host;
    const struct mr_tile_beat *beats;
    uint32_t pid, tile_count, hist_count, hist_room;
    struct mr_hist **hists;
    struct look look[LOOKS]; /* the latest first */
    bool no_memory;
};

/* ---- one look ---- */

static void read_table(struct mr_watch *w, struct look *look)
{
    for (;;) {
        int n = mr_host_raw(&w->host, "/proc/interrupts", look->table, look->room);
        if (n < 0)
            look->table[0] = 0;
        if (n < 0 || (size_t)n + 1 < look->room)
            return;
        look->table[0] = 0;
        char *more = look->room < TABLE_MOST ? realloc(look->table, look->room * 2) : NULL;
        if (!more)
            return;
        look->table = more;
        look->room *= 2;
    }
}

/* The number that follows `word`; -1: there is none. */
static int64_t number_after(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    char *end;
    if (!at)
        return -1;
    at += strlen(word);
    long long n = strtoll(at, &end, 10);
    return end == at || n < 0 ? -1 : n;
}

static struct thread read_thread(const struct mr_watch *w, uint32_t tid)
{
    char path[64], text[4096];
    struct thread t = {-1, -1, -1};
    if (tid == 0) /* it has not begun: all that it will have comes later */
        return (struct thread){0, 0, 0};
    snprintf(path, sizeof path, "/proc/%u/task/%u/status", w->pid, tid);
    if (mr_host_raw(&w->host, path, text, sizeof text) >= 0) {
        t.slept = number_after(text, "\nvoluntary_ctxt_switches:");
        t.preempted = number_after(text, "\nnonvoluntary_ctxt_switches:");
    }
    snprintf(path, sizeof path, "/proc/%u/task/%u/schedstat", w->pid, tid); /* ns on a core, ns ready, times */
    if (mr_host_raw(&w->host, path, text, sizeof text) >= 0)
        t.put_off_ns = number_after(text, " ");
    return t;
}

static void look_now(struct mr_watch *w, int64_t now_ns)
{
    struct look oldest = w->look[LOOKS - 1];
    memmove(&w->look[1], &w->look[0], (LOOKS - 1) * sizeof oldest);
    oldest.ns = now_ns;
    read_table(w, &oldest);
    for (uint32_t i = 0; i < w->tile_count; i++)
        oldest.thread[i] = read_thread(w, w->beats[i].tid);
    w->look[0] = oldest;
}

/* ---- what is written beside a record ---- */

/* The place of the thread that wrote it among the tiles; -1: none. */
static int tile_of(const struct mr_watch *w, const struct mr_trace *t)
{
    char name[sizeof w->beats->name];
    if (t->thread == MR_TRACE_THREAD_FEED)
        snprintf(name, sizeof name, "feed/%u", t->tile);
    else if (t->thread == MR_TRACE_THREAD_ENGINE)
        snprintf(name, sizeof name, "engine/0");
    else if (t->thread == MR_TRACE_THREAD_TRADE)
        snprintf(name, sizeof name, "trade");
    else
        return -1;
    for (uint32_t i = 0; i < w->tile_count; i++)
        if (strncmp(w->beats[i].name, name, sizeof name) == 0)
            return (int)i;
    return -1;
}

/* The latest look before the message's time began, so that all of it lies between; else the oldest of those before it ended. NULL: none. */
static const struct look *look_before(const struct mr_watch *w, const struct mr_trace *t)
{
    const struct look *found = NULL;
    for (uint32_t i = 1; i < LOOKS && w->look[i].ns; i++) {
        if (w->look[i].ns <= t->at_ns)
            found = &w->look[i];
        if (w->look[i].ns <= t->at_ns - t->value)
            break;
    }
    return found;
}

static int64_t rose(int64_t from, int64_t to) { return from < 0 || to < from ? -1 : to - from; }

static void count_interrupts(struct mr_trace_around *a, const struct look *from, const struct look *to, int core)
{
    struct mr_interrupt rows[MR_TRACE_ROWS];
    struct mr_interrupts list = {.rows = rows, .room = MR_TRACE_ROWS};
    a->interrupts = -1;
    if (core < 0 || !*from->table || !*to->table || mr_interrupts_between(&list, from->table, to->table, core) != MR_OK)
        return;
    a->interrupts = (int64_t)list.all;
    a->row_count = list.count;
    for (uint32_t i = 0; i < list.count; i++) {
        a->row[i].count = (int64_t)rows[i].count;
        snprintf(a->row[i].what, sizeof a->row[i].what, "%.*s", (int)sizeof a->row[i].what - 1,
                 rows[i].what[0] ? rows[i].what : rows[i].id);
    }
}

static void write_around(const struct mr_watch *w, struct mr_hist *h)
{
    struct mr_trace t;
    struct mr_trace_around a;
    if (mr_hist_trace(h, &t) != MR_OK || t.at_ns > w->look[0].ns || mr_hist_around(h, &t, &a) == MR_OK)
        return;
    const struct look *from = look_before(w, &t), *to = &w->look[0];
    if (!from)
        return;
    int tile = tile_of(w, &t);
    const struct thread none = {-1, -1, -1}, *was = tile < 0 ? &none : &from->thread[tile],
                        *is = tile < 0 ? &none : &to->thread[tile];
    a = (struct mr_trace_around){.value = t.value,
                                 .at_ns = t.at_ns,
                                 .from_ns = from->ns,
                                 .to_ns = to->ns,
                                 .preempted = rose(was->preempted, is->preempted),
                                 .slept = rose(was->slept, is->slept),
                                 .put_off_ns = rose(was->put_off_ns, is->put_off_ns)};
    count_interrupts(&a, from, to, t.core);
    mr_hist_around_put(h, &a);
}

void mr_watch_look(struct mr_watch *w, int64_t now_ns)
{
    look_now(w, now_ns);
    for (uint32_t i = 0; i < w->hist_count; i++)
        write_around(w, w->hists[i]);
}

void mr_watch_step(struct mr_watch *w, int64_t now_ns)
{
    if (now_ns - w->look[0].ns >= MR_WATCH_NS || now_ns < w->look[0].ns)
        mr_watch_look(w, now_ns);
}

/* ---- boot ---- */

static void find_hist(void *arg, const struct mr_metric_view *view)
{
    struct mr_watch *w = arg;
    if (!view->hist)
        return;
    if (w->hist_count == w->hist_room) {
        uint32_t room = w->hist_room ? w->hist_room * 2 : 64;
        struct mr_hist **more = realloc(w->hists, room * sizeof *more);
        w->no_memory |= !more;
        if (!more)
            return;
        w->hists = more;
        w->hist_room = room;
    }
    w->hists[w->hist_count++] = (struct mr_hist *)(uintptr_t)view->hist; /* of this process's own workspace */
}

static void find_all(struct mr_watch *w, const struct mr_workspace *ws)
{
    struct mr_region r;
    for (uint32_t i = 0; mr_workspace_region(ws, i, &r) == MR_OK; i++)
        if (r.kind == MR_REGION_METRICS)
            mr_metrics_each(r.mem, r.bytes, find_hist, w);
    if (mr_workspace_find(ws, "tiles", &r) != MR_OK || r.kind != MR_REGION_TILES)
        return;
    w->beats = r.mem;
    uint32_t most = (uint32_t)(r.bytes / sizeof *w->beats);
    while (w->tile_count < most && w->tile_count < TILES && w->beats[w->tile_count].name[0])
        w->tile_count++;
}

int mr_watch_open(struct mr_watch **out, const struct mr_workspace *ws, const char *root, uint32_t pid,
                  struct mr_err *err)
{
    struct mr_watch *w = calloc(1, sizeof *w);
    if (!w)
        return mr_err_set(err, MR_E_NOMEM, "watch: no memory");
    w->host.root = -1;
    w->pid = pid;
    for (uint32_t i = 0; i < LOOKS; i++) {
        w->look[i].table = calloc(1, TABLE_FIRST);
        w->look[i].room = TABLE_FIRST;
        w->no_memory |= !w->look[i].table;
    }
    find_all(w, ws);
    int status = w->no_memory ? mr_err_set(err, MR_E_NOMEM, "watch: no memory") : mr_host_open(&w->host, root, err);
    if (status) {
        mr_watch_close(w);
        return status;
    }
    *out = w;
    return MR_OK;
}

void mr_watch_close(struct mr_watch *w)
{
    if (!w)
        return;
    if (w->host.root >= 0)
        mr_host_close(&w->host);
    for (uint32_t i = 0; i < LOOKS; i++)
        free(w->look[i].table);
    free(w->hists);
    free(w);
}
