#include "controlplane/link/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/ring/ring.h"

#define LOOK_NS 200000000ll /* how often a workspace that is not there, or was replaced, is looked for */
#define BATCH 256u
#define SIGNAL_SLOTS (sizeof(struct mr_signal) / MR_RING_SLOT_BYTES)
#define ENGINES_MAX 8

struct link {
    char name[64], path[MR_WORKSPACE_PATH_BYTES], why[256];
    struct mr_workspace workspace;
    struct mr_ring_reader readers[ENGINES_MAX];
    uint64_t next_seq[ENGINES_MAX]; /* 0: not known */
    uint32_t engines;
    ino_t inode;
    bool attached;
    struct mr_workspace_info info; /* when it attached last */
    int64_t look_ns;
    struct mr_link_counts counts;
};
struct mr_links {
    struct link *link[MR_LINKS_MAX];
    uint32_t count;
    mr_link_signal_fn *signal;
    void *arg;
};

int mr_links_open(struct mr_links **out, mr_link_signal_fn *signal, void *arg, struct mr_err *err)
{
    struct mr_links *links = calloc(1, sizeof *links);
    if (!links)
        return mr_err_set(err, MR_E_NOMEM, "links: no memory");
    links->signal = signal;
    links->arg = arg;
    *out = links;
    return MR_OK;
}

int mr_links_add(struct mr_links *links, const char *name, const char *workspace)
{
    for (uint32_t i = 0; i < links->count; i++)
        if (strcmp(links->link[i]->name, name) == 0)
            return MR_E_INVALID;
    if (links->count == MR_LINKS_MAX)
        return MR_E_FULL;
    struct link *l = aligned_alloc(128, (sizeof *l + 127) / 128 * 128);
    if (!l)
        return MR_E_NOMEM;
    memset(l, 0, sizeof *l);
    snprintf(l->name, sizeof l->name, "%s", name);
    snprintf(l->path, sizeof l->path, "%s", workspace);
    snprintf(l->why, sizeof l->why, "not looked for yet");
    links->link[links->count++] = l;
    return MR_OK;
}

static void detach(struct link *l)
{
    if (l->attached)
        mr_workspace_close(&l->workspace);
    l->attached = false;
    l->engines = 0;
}

static int open_rings(struct link *l, struct mr_err *err)
{
    struct mr_region r;
    char name[MR_REGION_NAME_BYTES];
    for (l->engines = 0; l->engines < ENGINES_MAX; l->engines++) {
        snprintf(name, sizeof name, "signals/%u", l->engines);
        if (mr_workspace_find(&l->workspace, name, &r) != MR_OK)
            break;
        int status = r.kind == MR_REGION_RING && r.layout == sizeof(struct mr_signal)
                         ? mr_ring_reader_open(&l->readers[l->engines], r.mem, r.bytes)
                         : MR_E_LAYOUT;
        if (status)
            return mr_err_set(err, status, "%s: ring %s: %s", l->path, name, mr_status_text(status));
        l->next_seq[l->engines] = 0;
    }
    return l->engines ? MR_OK : mr_err_set(err, MR_E_MISSING, "%s: has no ring of signals", l->path);
}

static void attach(struct link *l)
{
    struct mr_err err;
    struct stat st;
    if (stat(l->path, &st) != 0 || mr_workspace_attach(&l->workspace, l->path, true, &err) != MR_OK) {
        snprintf(l->why, sizeof l->why, "%.250s", stat(l->path, &st) != 0 ? "no data plane runs" : err.text);
        return;
    }
    l->attached = true;
    if (open_rings(l, &err) != MR_OK) {
        snprintf(l->why, sizeof l->why, "%.250s", err.text);
        detach(l);
        return;
    }
    mr_workspace_info(&l->workspace, &l->info);
    l->inode = st.st_ino;
    l->why[0] = 0;
    l->counts.attaches++;
}

/* The data plane was started anew when another file has the name; what the old one still holds is taken first. */
static bool replaced(const struct link *l)
{
    struct stat st;
    return stat(l->path, &st) == 0 && st.st_ino != l->inode;
}

static void report(struct mr_links *links, struct link *l, uint32_t engine, const struct mr_signal *signal)
{
    uint64_t lost = 0;
    if (signal->kind == MR_SIGNAL_GAP) {
        lost = signal->cascade_count;
        l->next_seq[engine] = signal->seq + lost;
    } else {
        uint64_t expected = l->next_seq[engine];
        if (expected && signal->seq > expected) { /* dropped while we were away */
            struct mr_signal gap = {
                .engine_ns = signal->engine_ns, .seq = expected, .kind = MR_SIGNAL_GAP, .instrument = UINT32_MAX};
            gap.cascade_count = signal->seq - expected;
            l->counts.gaps++;
            l->counts.lost += gap.cascade_count;
            links->signal(links->arg, l->name, &gap, gap.cascade_count);
        }
        l->next_seq[engine] = signal->seq + 1;
    }
    l->counts.gaps += signal->kind == MR_SIGNAL_GAP;
    l->counts.lost += lost;
    l->counts.signals += signal->kind != MR_SIGNAL_GAP;
    l->counts.cascades += signal->kind == MR_SIGNAL_CASCADE_START;
    if (signal->kind == MR_SIGNAL_LEVEL && signal->level > signal->level_before && signal->level < MR_LEVEL_COUNT)
        l->counts.by_level[signal->level]++;
    links->signal(links->arg, l->name, signal, lost);
}

static uint32_t take(struct mr_links *links, struct link *l, uint32_t engine)
{
    struct mr_ring_reader *r = &l->readers[engine];
    uint32_t n = 0, ready;
    for (const void *slot; n < BATCH && (slot = mr_ring_peek(r, &ready)); n++) {
        struct mr_signal signal;
        if (!mr_ring_has(r, SIGNAL_SLOTS))
            break;
        memcpy(&signal, slot, sizeof signal);
        report(links, l, engine, &signal);
        mr_ring_release(r, SIGNAL_SLOTS); /* after it was acted on: a death in between repeats it, never loses it */
    }
    return n;
}

uint32_t mr_links_poll(struct mr_links *links, int64_t now_ns)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < links->count; i++) {
        struct link *l = links->link[i];
        uint32_t n = 0;
        for (uint32_t e = 0; e < l->engines; e++)
            n += take(links, l, e);
        total += n;
        if (now_ns < l->look_ns || n)
            continue;
        l->look_ns = now_ns + LOOK_NS;
        if (l->attached && replaced(l))
            detach(l);
        if (!l->attached)
            attach(l);
    }
    return total;
}

uint64_t mr_links_attaches(const struct mr_links *links)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < links->count; i++)
        n += links->link[i]->counts.attaches;
    return n;
}

uint32_t mr_links_count(const struct mr_links *links) { return links->count; }

void mr_links_view(const struct mr_links *links, uint32_t i, struct mr_link_view *out)
{
    const struct link *l = links->link[i];
    *out = (struct mr_link_view){.name = l->name,
                                 .path = l->path,
                                 .attached = l->attached,
                                 .epoch = l->info.epoch,
                                 .config = l->info.config,
                                 .counts = l->counts};
    memcpy(out->why, l->why, sizeof out->why);
    memcpy(out->build, l->info.build, sizeof out->build);
    memcpy(out->instance, l->info.instance, sizeof out->instance);
}

void mr_links_close(struct mr_links *links)
{
    for (uint32_t i = 0; i < links->count; i++) {
        detach(links->link[i]);
        free(links->link[i]);
    }
    free(links);
}

bool mr_links_alive(const struct mr_links *links, uint32_t i) { return mr_workspace_alive(&links->link[i]->info); }
