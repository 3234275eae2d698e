#include "dataplane/tile/tile.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dataplane/tile/cpus.h"

#define HOUSEKEEP_NS 1000000ll
#define PAUSES 200
#define PARK_AFTER_NS 1000000ll
#define PARK_NS 20000000ll /* the longest sleep: housekeeping goes on */

struct worker {
    struct mr_tile_thread plan;
    pthread_t thread;
    uint32_t doorbell; /* futex word: 1 rung */
    bool started;
    struct mr_tiles *set;
} MR_ALIGNED;

struct mr_tiles {
    uint32_t halt; /* written by the controller only */
    uint32_t count;
    struct worker workers[] MR_ALIGNED;
};

static void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static long futex(uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, op, value, timeout, NULL, 0);
}

static void beat(struct mr_tile_slot *slot, int work, int64_t now_ns)
{
    struct mr_tile_beat *b = slot->beat;
    if (!b)
        return;
    __atomic_store_n(&b->steps, b->steps + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&b->busy_steps, b->busy_steps + (work > 0), __ATOMIC_RELAXED);
    __atomic_store_n(&b->work, b->work + (uint64_t)(work > 0 ? work : 0), __ATOMIC_RELAXED);
    __atomic_store_n(&b->last_ns, now_ns, __ATOMIC_RELAXED);
}

int mr_tiles_round(struct mr_tile_slot *tiles, uint32_t count, int64_t now_ns)
{
    int total = 0;
    for (uint32_t i = 0; i < count; i++) {
        int work = tiles[i].tile->step(tiles[i].state, now_ns);
        MR_ASSERT(work >= 0);
        beat(&tiles[i], work, now_ns);
        total += work;
    }
    return total;
}

static void housekeep(struct mr_tile_slot *tiles, uint32_t count, int64_t now_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tiles[i].tile->housekeep)
            tiles[i].tile->housekeep(tiles[i].state, now_ns);
        if (tiles[i].beat)
            __atomic_store_n(&tiles[i].beat->beat, tiles[i].beat->beat + 1, __ATOMIC_RELEASE);
    }
}

/* The doorbell is taken before the last look for work: a ring in between is seen, so no wake-up is lost. */
static void park(struct worker *w)
{
    if (__atomic_exchange_n(&w->doorbell, 0, __ATOMIC_ACQ_REL))
        return;
    const struct timespec limit = {.tv_nsec = PARK_NS};
    futex(&w->doorbell, FUTEX_WAIT_PRIVATE, 0, &limit);
    __atomic_store_n(&w->doorbell, 0, __ATOMIC_RELEASE);
}

static void idle(struct worker *w, int64_t idle_ns, uint32_t rounds)
{
    pause_cpu();
    if (w->plan.wait == MR_WAIT_SPIN || rounds % PAUSES)
        return;
    if (w->plan.wait == MR_WAIT_PARK && idle_ns > PARK_AFTER_NS)
        park(w);
    else
        sched_yield();
}

static void mark(struct worker *w, enum mr_tile_state state)
{
    for (uint32_t i = 0; i < w->plan.count; i++) {
        struct mr_tile_beat *b = w->plan.tiles[i].beat;
        if (!b)
            continue;
        b->tid = (uint32_t)syscall(SYS_gettid);
        b->core = w->plan.core;
        b->wait = w->plan.wait;
        __atomic_store_n(&b->state, state, __ATOMIC_RELEASE);
    }
}

static void *run(void *arg)
{
    struct worker *w = arg;
    struct mr_clock clock;
    mr_clock_open(&clock);
    if (w->plan.prompt)
        mr_thread_prompt();
    mark(w, MR_TILE_RUN);
    int64_t now = mr_clock_now(&clock), due = now, busy = now;
    uint32_t rounds = 0;
    while (!__atomic_load_n(&w->set->halt, __ATOMIC_ACQUIRE)) {
        now = mr_clock_now(&clock);
        if (now >= due) {
            mr_clock_housekeep(&clock);
            housekeep(w->plan.tiles, w->plan.count, now);
            due = now + HOUSEKEEP_NS;
        }
        if (mr_tiles_round(w->plan.tiles, w->plan.count, now) > 0) {
            busy = now;
            rounds = 0;
        } else {
            idle(w, now - busy, ++rounds);
        }
    }
    for (uint32_t i = w->plan.count; i-- > 0;)
        if (w->plan.tiles[i].tile->halt)
            w->plan.tiles[i].tile->halt(w->plan.tiles[i].state);
    mark(w, MR_TILE_HALTED);
    return NULL;
}

/* The cores that the kernel's command line took from the scheduler. None where the file cannot be read. */
static void isolated_cores(struct mr_cpus *out)
{
    char text[1024];
    FILE *f = fopen("/sys/devices/system/cpu/isolated", "re");
    size_t n = f ? fread(text, 1, sizeof text, f) : 0;
    if (f)
        fclose(f);
    mr_cpus_parse(out, text, n);
}

enum mr_wait mr_wait_choose(int core)
{
    struct mr_cpus isolated;
    isolated_cores(&isolated);
    if (mr_cpus_has(&isolated, core))
        return MR_WAIT_SPIN;
    return sysconf(_SC_NPROCESSORS_ONLN) > 1 ? MR_WAIT_YIELD : MR_WAIT_PARK;
}

/* Found before anything starts (measured: two spinners on one core cost a whole scheduler tick a hand-over). */
static int check(const struct mr_tile_thread *threads, uint32_t count, struct mr_err *err)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    struct mr_cpus isolated; /* in no process's affinity from the start, and made to be chosen */
    isolated_cores(&isolated);
    MR_CPUS_EACH(cpu, &isolated)
    {
        if (cpu < CPU_SETSIZE)
            CPU_SET((size_t)cpu, &allowed);
    }
    int cores = CPU_COUNT(&allowed), spinners = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_tile_thread *t = &threads[i];
        spinners += t->wait == MR_WAIT_SPIN;
        if (t->count == 0)
            return mr_err_set(err, MR_E_INVALID, "threads[%u]: no tiles; give it one or remove it", i);
        if (t->core >= CPU_SETSIZE || (t->core >= 0 && !CPU_ISSET((size_t)t->core, &allowed)))
            return mr_err_set(err, MR_E_INVALID,
                              "threads[%u] (%s): core %d is not one this process may use; choose another or core: none",
                              i, t->tiles[0].tile->name, t->core);
        for (uint32_t k = 0; k < i && t->core >= 0; k++)
            if (threads[k].core == t->core && (t->wait == MR_WAIT_SPIN || threads[k].wait == MR_WAIT_SPIN))
                return mr_err_set(
                    err, MR_E_INVALID,
                    "threads[%u] (%s) and threads[%u] (%s) share core %d and one of them spins; use wait: yield", k,
                    threads[k].tiles[0].tile->name, i, t->tiles[0].tile->name, t->core);
    }
    if (spinners > cores)
        return mr_err_set(err, MR_E_INVALID,
                          "%d spinning threads on %d cores would wait a scheduler tick at each hand-over; merge tiles "
                          "into one thread or use wait: yield",
                          spinners, cores);
    return MR_OK;
}

static int start_one(struct worker *w, struct mr_err *err)
{
    int rc = pthread_create(&w->thread, NULL, run, w);
    if (rc)
        return mr_err_set(err, MR_E_IO, "thread %s: %s", w->plan.tiles[0].tile->name, strerror(rc));
    w->started = true;
    char name[16];
    snprintf(name, sizeof name, "mr:%.12s", w->plan.tiles[0].tile->name);
    pthread_setname_np(w->thread, name);
    if (w->plan.core >= 0) { /* after creation, so that no child inherits it */
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)w->plan.core, &set);
        rc = pthread_setaffinity_np(w->thread, sizeof set, &set);
        if (rc)
            return mr_err_set(err, MR_E_IO, "thread %s: cannot pin to core %d: %s", w->plan.tiles[0].tile->name,
                              w->plan.core, strerror(rc));
    }
    const struct sched_param urgent = {.sched_priority = (int)w->plan.priority};
    rc = w->plan.priority ? pthread_setschedparam(w->thread, SCHED_FIFO, &urgent) : 0;
    if (rc)
        return mr_err_set(err, MR_E_IO,
                          "thread %s: priority %u of SCHED_FIFO: %s; it takes CAP_SYS_NICE, or LimitRTPRIO of the unit",
                          w->plan.tiles[0].tile->name, w->plan.priority, strerror(rc));
    return MR_OK;
}

int mr_tiles_start(struct mr_tiles **out, const struct mr_tile_thread *threads, uint32_t count, struct mr_err *err)
{
    int status = check(threads, count, err);
    if (status)
        return status;
    size_t bytes = (sizeof(struct mr_tiles) + count * sizeof(struct worker) + 63) / 64 * 64;
    struct mr_tiles *set = aligned_alloc(64, bytes);
    if (!set)
        return mr_err_set(err, MR_E_NOMEM, "threads: no memory for %u of them", count);
    memset(set, 0, bytes);
    set->count = count;
    for (uint32_t i = 0; i < count && !status; i++) {
        set->workers[i].plan = threads[i];
        if (threads[i].wait == MR_WAIT_AUTO)
            set->workers[i].plan.wait = mr_wait_choose(threads[i].core);
        set->workers[i].set = set;
        status = start_one(&set->workers[i], err);
    }
    if (status) {
        mr_tiles_stop(set);
        return status;
    }
    *out = set;
    return MR_OK;
}

void mr_tile_wake(struct mr_tiles *set, uint32_t thread)
{
    MR_ASSERT(thread < set->count);
    struct worker *w = &set->workers[thread];
    __atomic_store_n(&w->doorbell, 1, __ATOMIC_RELEASE);
    futex(&w->doorbell, FUTEX_WAKE_PRIVATE, 1, NULL);
}

void mr_tiles_stop(struct mr_tiles *set)
{
    __atomic_store_n(&set->halt, 1, __ATOMIC_RELEASE);
    for (uint32_t i = set->count; i-- > 0;) {
        if (!set->workers[i].started)
            continue;
        mr_tile_wake(set, i);
        pthread_join(set->workers[i].thread, NULL);
    }
    free(set);
}
