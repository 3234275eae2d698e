#include "controlplane/life/modules.h"

void mr_tasks_init(struct mr_tasks *t, void (*late)(void *, const struct mr_task *, int64_t), void *self)
{
    *t = (struct mr_tasks){.late = late, .self = self};
}

int mr_tasks_post(struct mr_tasks *t, enum mr_priority priority, const struct mr_task *task)
{
    MR_ASSERT(priority < MR_PRIORITY_COUNT && task->run && task->name);
    if (t->tail[priority] - t->head[priority] == MR_TASKS_WAITING) {
        t->full++;
        return MR_E_FULL;
    }
    t->waiting[priority][t->tail[priority]++ % MR_TASKS_WAITING] = *task;
    return MR_OK;
}

/* Ten for the critical, nine for the next, so that what is slow and of no hurry never holds all of them. */
static void begin(struct mr_tasks *t, int64_t now_ns)
{
    for (uint32_t p = 0; p < MR_PRIORITY_COUNT; p++)
        while (t->head[p] != t->tail[p] && t->running_count < MR_TASKS_AT_ONCE - p) {
            uint32_t i = t->running_count++;
            t->running[i].task = t->waiting[p][t->head[p]++ % MR_TASKS_WAITING];
            t->running[i].begun_ns = now_ns;
            t->running[i].told = false;
        }
}

uint32_t mr_tasks_poll(struct mr_tasks *t, int64_t now_ns)
{
    begin(t, now_ns);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < t->running_count; i++) {
        const struct mr_task task = t->running[i].task;
        int status = task.run(task.arg, now_ns); /* may post, not poll */
        t->done += status == MR_OK;
        t->failed += status != MR_OK && status != MR_E_AGAIN;
        int64_t took_ns = now_ns - t->running[i].begun_ns;
        if (status == MR_E_AGAIN && task.within_ns && took_ns > task.within_ns && !t->running[i].told) {
            t->running[i].told = true;
            t->late_count++;
            if (t->late)
                t->late(t->self, &task, took_ns);
        }
        if (status == MR_E_AGAIN)
            t->running[kept++] = t->running[i];
    }
    t->running_count = kept;
    for (uint32_t p = 0; p < MR_PRIORITY_COUNT; p++)
        kept += t->tail[p] - t->head[p];
    return kept;
}
