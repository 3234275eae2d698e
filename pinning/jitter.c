#include "pinning/jitter.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include "dataplane/clock/clock.h"

void mr_jitter_init(struct mr_jitter *j, int64_t threshold_ns)
{
    memset(j, 0, sizeof *j);
    mr_hist_init(&j->gaps, MR_HIST_BITS_FINE);
    j->threshold_ns = threshold_ns;
}

static MR_COLD void stall(struct mr_jitter *j, int64_t now_ns, int64_t gap_ns)
{
    uint32_t i = j->longest_count;
    j->stalls++;
    j->stalled_ns += gap_ns;
    if (i == MR_JITTER_STALLS && j->longest[i - 1].gap_ns >= gap_ns)
        return;
    i = i == MR_JITTER_STALLS ? i - 1 : i;
    for (; i > 0 && j->longest[i - 1].gap_ns < gap_ns; i--)
        j->longest[i] = j->longest[i - 1];
    j->longest[i] = (struct mr_jitter_stall){now_ns, gap_ns};
    j->longest_count += j->longest_count < MR_JITTER_STALLS;
}

void mr_jitter_spin(struct mr_jitter *j, mr_jitter_clock_fn *now, void *arg, int64_t for_ns)
{
    int64_t last = now(arg), end = last + for_ns;
    j->began_ns = last;
    while (last < end) {
        int64_t at = now(arg), gap = at - last;
        MR_RECORD(j, gaps, gap);
        if (mr_unlikely(gap >= j->threshold_ns))
            stall(j, at, gap);
        last = at;
    }
    j->ended_ns = last;
}

int64_t mr_jitter_stolen_ns(const struct mr_jitter *j)
{
    return j->stalled_ns - (int64_t)j->stalls * mr_hist_min(&j->gaps.head);
}

/* ---- threads ---- */

struct run {
    pthread_mutex_t gate; /* held until all threads are made */
    int64_t for_ns;
};
struct worker {
    struct run *run;
    struct mr_jitter_core *core;
    pthread_t thread;
};

static int64_t mono(void *arg)
{
    (void)arg;
    return mr_clock_mono();
}

static int64_t preemptions(void)
{
    struct rusage used;
    return getrusage(RUSAGE_THREAD, &used) ? 0 : used.ru_nivcsw;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct mr_cpus set = {0};
    mr_cpus_add(&set, w->core->core);
    w->core->status = pthread_setaffinity_np(pthread_self(), sizeof set, (const cpu_set_t *)&set) ? MR_E_IO : MR_OK;
    pthread_mutex_lock(&w->run->gate);
    int64_t for_ns = w->run->for_ns;
    pthread_mutex_unlock(&w->run->gate);
    if (w->core->status == MR_OK) {
        int64_t before = preemptions();
        mr_jitter_spin(w->core->jitter, mono, NULL, for_ns);
        w->core->preempted = (uint64_t)(preemptions() - before);
    }
    return NULL;
}

void mr_jitter_allowed(struct mr_cpus *out)
{
    static_assert(sizeof(*out) % sizeof(unsigned long) == 0, "the kernel's sets are of such words");
    memset(out, 0, sizeof *out);
    sched_getaffinity(0, sizeof *out, (cpu_set_t *)out);
}

static int refuse(const struct mr_cpus *allowed, int core, struct mr_err *err)
{
    char list[256];
    struct mr_text text;
    mr_text_init(&text, list, sizeof list);
    mr_cpus_text(allowed, &text);
    return mr_err_set(err, MR_E_INVALID, "core %d: this process may not run there (it may on %s)", core, list);
}

static int check(const struct mr_jitter_core *cores, uint32_t count, struct mr_err *err)
{
    struct mr_cpus allowed;
    mr_jitter_allowed(&allowed);
    if (count == 0 || count > MR_JITTER_CORES)
        return mr_err_set(err, MR_E_INVALID, "%u cores: want 1 to %d", count, MR_JITTER_CORES);
    for (uint32_t i = 0; i < count; i++)
        if (!mr_cpus_has(&allowed, cores[i].core))
            return refuse(&allowed, cores[i].core, err);
    return MR_OK;
}

static int outcome(const struct mr_jitter_core *cores, uint32_t count, uint32_t made, struct mr_err *err)
{
    if (made < count)
        return mr_err_set(err, MR_E_NOMEM, "core %d: no thread could be made for it", cores[made].core);
    for (uint32_t i = 0; i < count; i++)
        if (cores[i].status != MR_OK)
            return mr_err_set(err, cores[i].status, "core %d: a thread could not be pinned there", cores[i].core);
    return MR_OK;
}

int mr_jitter_run(struct mr_jitter_core *cores, uint32_t count, int64_t for_ns, struct mr_err *err)
{
    struct worker workers[MR_JITTER_CORES];
    struct run run = {.gate = PTHREAD_MUTEX_INITIALIZER, .for_ns = for_ns};
    uint32_t made = 0;
    int status = check(cores, count, err);
    if (status != MR_OK)
        return status;
    pthread_mutex_lock(&run.gate);
    for (; made < count; made++) {
        workers[made] = (struct worker){.run = &run, .core = &cores[made]};
        if (pthread_create(&workers[made].thread, NULL, work, &workers[made]))
            break;
    }
    run.for_ns = made < count ? 0 : for_ns;
    pthread_mutex_unlock(&run.gate);
    for (uint32_t i = 0; i < made; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_mutex_destroy(&run.gate);
    return outcome(cores, count, made, err);
}
