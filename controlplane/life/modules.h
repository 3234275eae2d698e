/* Modules of the control plane under watch (C-3): who reports no health, hangs or fails is named; who fails is started again with back-off; a
 * critical one that stays down is escalated (an emergency stop, for its owner).
 *
 * A module's own thread writes its pulse, nothing else; the watch reads pulses and decides. So a module that hangs on a lock, or spins, is seen
 * by somebody who does neither.
 *
 *     RUNNING -- says failed --> BACKING_OFF (1, 2, 4 .. 60 s) -- start --> RUNNING         STUCK: no beat for 30 s, or one thing for too long
 *         \-- 5 times in 10 min --> GIVEN_UP                                                 (its thread cannot be ended from here: it is named)
 *
 * Tasks    what modules have done for them, a bit at a time: four queues by priority, at most 10 at once, of which the last ones are kept free for
 *          the more urgent; one that takes too long is named, and goes on.
 * Thread   one, apart from pulses.   Memory  the caller's structs.   Times  the caller's. */
#ifndef MR_LIFE_MODULES_H
#define MR_LIFE_MODULES_H

#include <stdatomic.h>

#include "controlplane/bus/bus.h"

#define MR_MODULES_MAX 32
#define MR_MODULE_SILENT_NS 30000000000 /* no beat for so long: stuck */
#define MR_MODULE_BUSY_NS 10000000000   /* at one thing for so long: stuck */
#define MR_MODULE_GOOD_NS 60000000000   /* up for so long: back-off begins anew */
#define MR_MODULE_FAILURES 5            /* in */
#define MR_MODULE_FAILURES_WITHIN_NS 600000000000

enum mr_module_health { MR_HEALTH_GOOD, MR_HEALTH_DEGRADED, MR_HEALTH_FAILED };
/* Written by the module's thread. */
struct mr_pulse {
    MR_ALIGNED _Atomic int64_t beat_ns;
    _Atomic uint32_t health;
    _Atomic int64_t busy_ns;     /* since when it is at `doing`; 0: at nothing that could hang */
    _Atomic(const char *) doing; /* a literal */
};
void mr_pulse_beat(struct mr_pulse *pulse, enum mr_module_health health, int64_t now_ns); /* each few seconds */
void mr_pulse_begin(struct mr_pulse *pulse, const char *doing, int64_t now_ns);           /* `doing` outlives it */
void mr_pulse_end(struct mr_pulse *pulse);

enum mr_module_state {
    MR_MODULE_RUNNING,
    MR_MODULE_DEGRADED,
    MR_MODULE_STUCK,
    MR_MODULE_BACKING_OFF,
    MR_MODULE_GIVEN_UP,
    MR_MODULE_STATE_COUNT
};
const char *mr_module_state_name(unsigned state); /* "backing off" */

struct mr_module {
    const char *name;
    enum mr_priority priority;
    void *self;
    int (*start)(void *self, bool again, int64_t now_ns,
                 struct mr_err *err); /* MR_OK: runs, and beats; NULL: nothing to start anew */
    struct mr_pulse *pulse;
};
struct mr_module_record {
    struct mr_module is;
    uint8_t state;
    int64_t since_ns, retry_ns, failures_ns[MR_MODULE_FAILURES];
    uint32_t attempts; /* since it was good last */
    uint64_t restarts, failures, stalls;
    bool escalated;
    char sentence[160];
};
struct mr_modules_port {
    void *self;
    void (*changed)(void *self, const struct mr_module_record *module,
                    int64_t now_ns); /* its state; for bus, log and journal */
    void (*escalate)(void *self, const struct mr_module_record *module,
                     int64_t now_ns); /* once a trouble, of critical ones */
};
struct mr_modules {
    struct mr_modules_port port;
    uint32_t count;
    struct mr_module_record modules[MR_MODULES_MAX];
};
void mr_modules_init(struct mr_modules *modules, struct mr_modules_port port);
/* Started at once, in the order of adding; its number, MR_E_FULL, or what its start said (then it backs off, or if critical is not added). */
int mr_modules_add(struct mr_modules *modules, const struct mr_module *module, int64_t now_ns, struct mr_err *err);
void mr_modules_poll(struct mr_modules *modules, int64_t now_ns);

/* ---- tasks ---- */

#define MR_TASKS_AT_ONCE 10
#define MR_TASKS_WAITING 64 /* of each priority */
/* MR_OK: done; MR_E_AGAIN: more to do, call again; else failed. A bounded bit of work a call. */
typedef int mr_task_fn(void *arg, int64_t now_ns);
struct mr_task {
    const char *name; /* outlives it */
    mr_task_fn *run;
    void *arg;
    int64_t within_ns; /* 0: as long as it likes */
};
struct mr_tasks {
    void (*late)(void *self, const struct mr_task *task, int64_t took_ns); /* once a task; may be NULL */
    void *self;
    struct mr_task waiting[MR_PRIORITY_COUNT][MR_TASKS_WAITING];
    uint32_t head[MR_PRIORITY_COUNT], tail[MR_PRIORITY_COUNT], running_count;
    struct {
        struct mr_task task;
        int64_t begun_ns;
        bool told;
    } running[MR_TASKS_AT_ONCE];
    uint64_t done, failed, full, late_count;
};
void mr_tasks_init(struct mr_tasks *tasks, void (*late)(void *, const struct mr_task *, int64_t), void *self);
int mr_tasks_post(struct mr_tasks *tasks, enum mr_priority priority,
                  const struct mr_task *task); /* MR_OK; MR_E_FULL: counted, not taken */
/* Begins what may begin, and runs each that runs once. How many are left, waiting ones too. */
uint32_t mr_tasks_poll(struct mr_tasks *tasks, int64_t now_ns);

#endif
