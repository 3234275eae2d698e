#include "dataplane/plane/plane_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dataplane/log/log.h"
#include "dataplane/mem/near.h"
#include "dataplane/plane/plane_priv.h"

/* To the log, where there is one. */
#define SAY(p, level, ...)                                                                                             \
    do {                                                                                                               \
        if ((p)->log)                                                                                                  \
            MR_LOG((p)->log, (level), __VA_ARGS__);                                                                    \
    } while (0)

MR_METRICS_DEFINE(mr_plane_memory, MR_PLANE_MEMORY_METRICS);

void mr_plane_memory_begin(struct mr_plane *p)
{
    if (p->config.node >= 0 && !mr_memory_prefer(p->config.node))
        SAY(p, MR_LOG_WARN, "memory: cannot be asked for on node %d (%s)", p->config.node, strerror(errno));
}

void mr_plane_memory_mapped(struct mr_plane *p)
{
    if (p->config.node >= 0)
        mr_memory_prefer(-1); /* a kernel that refused the first has nothing to undo */
}

/* One of the two blocks: its pages are there, and locked if they are to be. */
static bool hold(struct mr_plane *p, struct mr_plane_memory_metrics *m, void *mem, size_t bytes)
{
    bool wanted = p->config.lock != MR_PLANE_LOCK_NO, locked = wanted && mr_memory_lock(mem, bytes);
    mr_memory_fault(mem, bytes);
    MR_GAUGE_SET(m, planned, m->planned + (int64_t)bytes);
    MR_GAUGE_SET(m, locked, m->locked + (locked ? (int64_t)bytes : 0));
    MR_GAUGE_SET(m, unlocked, m->unlocked + (wanted && !locked ? (int64_t)bytes : 0));
    if (p->config.node >= 0)
        MR_GAUGE_SET(m, far, m->far + (int64_t)mr_memory_far(mem, bytes, p->config.node));
    return locked || !wanted;
}

int mr_plane_memory_end(struct mr_plane *p, struct mr_err *err)
{
    struct mr_plane_memory_metrics *m = mr_plane_metrics(p, "memory");
    bool arena = hold(p, m, p->arena.base, p->arena.bytes),
         workspace = hold(p, m, p->workspace.map, p->workspace.bytes);
    MR_GAUGE_SET(m, huge, p->arena.huge ? p->arena.bytes : 0);
    if (m->far && p->config.placement == MR_PLANE_STRICT)
        return mr_err_set(
            err, MR_E_NOMEM,
            "memory: %lld KiB of %lld are not on node %d, where the tiles are: it has no more to give; free "
            "some there, or plane.placement: anywhere starts all the same",
            (long long)m->far >> 10, (long long)m->planned >> 10, p->config.node);
    if (m->far)
        SAY(p, MR_LOG_WARN, "memory: %lld KiB are not on node %d, where the tiles are, as plane.placement has it",
            (long long)m->far >> 10, p->config.node);
    if (arena && workspace)
        return MR_OK;
    if (p->config.lock == MR_PLANE_LOCK_MUST)
        return mr_err_set(err, MR_E_NOMEM,
                          "plane.lock: %lld MiB cannot be locked: raise the locked-memory limit (ulimit -l, "
                          "LimitMEMLOCK=infinity), or plane.lock: try",
                          (long long)m->unlocked >> 20);
    SAY(p, MR_LOG_INFO,
        "memory: %lld MiB are not locked, the system may take them away: raise the locked-memory limit (ulimit -l, "
        "LimitMEMLOCK=infinity)",
        (long long)m->unlocked >> 20);
    return MR_OK;
}

/* The request holds as long as the file is open. */
void mr_plane_awake(struct mr_plane *p)
{
    struct mr_plane_memory_metrics *m = mr_plane_metrics(p, "memory");
    const int32_t latency_us = 0;
    if (!p->config.awake)
        return;
    p->awake = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
    if (p->awake >= 0 && write(p->awake, &latency_us, sizeof latency_us) == sizeof latency_us) {
        MR_GAUGE_SET(m, awake, 1);
        return;
    }
    SAY(p, MR_LOG_WARN, "plane.awake: /dev/cpu_dma_latency: %s; cores may sleep deeply when a tile waits",
        strerror(errno));
    mr_plane_asleep(p);
}

void mr_plane_asleep(struct mr_plane *p)
{
    if (p->awake >= 0)
        close(p->awake);
    p->awake = -1;
}
