/* An emergency stop's errands on the io thread, as tasks; and the watch over the desk's two threads (C-3). */
#include <stdio.h>

#include "controlplane/trade/desk_priv.h"

/* ---- on the trade tile ---- */

static int ask(struct errand *e, const char *reason, bool first, struct mr_err *err)
{
    int status = atomic_load_explicit(&e->status, memory_order_acquire);
    if (first && status != MR_E_AGAIN) { /* what is under way for a stop before is waited for, and does for this one */
        snprintf(e->reason, sizeof e->reason, "%s", reason);
        atomic_store_explicit(&e->status, status = MR_E_AGAIN, memory_order_release);
    }
    return status == MR_E_AGAIN ? mr_err_set(err, status, "under way") : mr_err_set(err, status, "%s", e->said);
}

int desk_notify(void *self, const struct mr_stop *stop, bool first, int64_t now_ns, struct mr_err *err)
{
    struct mr_desk *d = self;
    char reason[200];
    (void)now_ns;
    snprintf(reason, sizeof reason, "emergency stop, %s: %s", mr_stop_cause_name(stop->cause), stop->reason);
    return ask(&d->errand[MR_DESK_NOTIFY], reason, first, err);
}

int desk_dump(void *self, const struct mr_trade *t, bool first, int64_t now_ns, struct mr_err *err)
{
    struct mr_desk *d = self;
    const struct mr_stop *stop = mr_trade_stopping(t);
    char reason[200];
    (void)now_ns;
    snprintf(reason, sizeof reason, "emergency stop, %s: %s", mr_stop_cause_name(stop->cause), stop->reason);
    return ask(&d->errand[MR_DESK_DUMP], reason, first, err);
}

/* ---- on the io thread ---- */

static int run_errand(void *arg, int64_t now_ns)
{
    struct errand *e = arg;
    struct mr_desk *d = e->desk;
    struct mr_err err = {""};
    mr_desk_errand_fn *fn = d->config.errand[e->which];
    int status = fn ? fn(d->config.arg, e->reason, e->first, now_ns, &err) : MR_OK;
    e->first = false;
    if (status == MR_E_AGAIN)
        return status;
    snprintf(e->said, sizeof e->said, "%.159s", err.text);
    e->posted = false;
    atomic_store_explicit(&e->status, status, memory_order_release);
    return status;
}

static void post(struct mr_desk *d)
{
    static const struct mr_task what[MR_DESK_ERRANDS] = {
        [MR_DESK_NOTIFY] = {.name = "the webhook", .run = run_errand, .within_ns = 10000000000},
        [MR_DESK_DUMP] = {.name = "the post-mortem", .run = run_errand, .within_ns = 5000000000}};
    for (unsigned i = 0; i < MR_DESK_ERRANDS; i++) {
        struct errand *e = &d->errand[i];
        struct mr_task task = what[i];
        if (e->posted || atomic_load_explicit(&e->status, memory_order_acquire) != MR_E_AGAIN)
            continue;
        task.arg = e;
        e->first = true;
        e->posted = mr_tasks_post(&d->tasks, MR_PRIORITY_HIGH, &task) == MR_OK;
    }
}

static void late(void *self, const struct mr_task *task, int64_t took_ns)
{
    struct mr_desk *d = self;
    char said[MR_TOLD_TEXT];
    snprintf(said, sizeof said, "%s takes long: %lld s so far", task->name, (long long)(took_ns / 1000000000));
    desk_health(d, said, false, d->show.now_ns);
}

static void changed(void *self, const struct mr_module_record *m, int64_t now_ns)
{
    char said[MR_TOLD_TEXT];
    snprintf(said, sizeof said, "%s is %s: %s", m->is.name, mr_module_state_name(m->state), m->sentence);
    desk_health(self, said, m->state == MR_MODULE_RUNNING, now_ns);
}

static void escalate(void *self, const struct mr_module_record *m, int64_t now_ns)
{
    struct mr_desk *d = self;
    char said[MR_TOLD_TEXT];
    (void)now_ns;
    snprintf(said, sizeof said, "%s is stuck: %s", m->is.name, m->sentence);
    if (d->config.escalate)
        d->config.escalate(d->config.arg, said);
}

void desk_life_open(struct mr_desk *d, int64_t now_ns)
{
    static const char *const names[WATCHED] = {"the trade tile", "the journal thread"};
    mr_tasks_init(&d->tasks, late, d);
    mr_modules_init(&d->modules, (struct mr_modules_port){d, changed, escalate});
    for (unsigned i = 0; i < WATCHED; i++) {
        const struct mr_module m = {
            .name = names[i], .priority = MR_PRIORITY_CRITICAL, .self = d, .pulse = &d->pulse[i]};
        MR_ASSERT(mr_modules_add(&d->modules, &m, now_ns, NULL) >= 0);
    }
    for (unsigned i = 0; i < MR_DESK_ERRANDS; i++) {
        d->errand[i].desk = d;
        d->errand[i].which = (uint8_t)i;
        atomic_store(&d->errand[i].status, MR_E_EMPTY);
    }
}

/* A thread that goes round beats, whatever it finds to do; where a test turns both, the trade tile's rounds are the journal's. */
static void beat(struct mr_desk *d, int64_t now_ns)
{
    const uint64_t rounds = __atomic_load_n(&d->metrics->steps, __ATOMIC_RELAXED);
    const uint64_t beats[WATCHED] = {rounds,
                                     d->tiles ? __atomic_load_n(&d->slots[1].beat->steps, __ATOMIC_RELAXED) : rounds};
    for (unsigned i = 0; i < WATCHED; i++)
        if (beats[i] != d->beats[i]) {
            d->beats[i] = beats[i];
            mr_pulse_beat(&d->pulse[i], MR_HEALTH_GOOD, now_ns);
        }
}

void desk_life_poll(struct mr_desk *d, int64_t now_ns)
{
    beat(d, now_ns);
    mr_modules_poll(&d->modules, now_ns);
    post(d);
    mr_tasks_poll(&d->tasks, now_ns);
}
