#include "controlplane/life/modules.h"

#include <stdio.h>

#define SECOND 1000000000ll
#define BACK_OFF_MAX_S 60

/* ---- pulses ---- */

void mr_pulse_beat(struct mr_pulse *pulse, enum mr_module_health health, int64_t now_ns)
{
    atomic_store_explicit(&pulse->health, (uint32_t)health, memory_order_relaxed);
    atomic_store_explicit(&pulse->beat_ns, now_ns, memory_order_release);
}

void mr_pulse_begin(struct mr_pulse *pulse, const char *doing, int64_t now_ns)
{
    atomic_store_explicit(&pulse->doing, doing, memory_order_relaxed);
    atomic_store_explicit(&pulse->busy_ns, now_ns, memory_order_release);
}

void mr_pulse_end(struct mr_pulse *pulse) { atomic_store_explicit(&pulse->busy_ns, 0, memory_order_release); }

/* ---- states ---- */

const char *mr_module_state_name(unsigned state)
{
    static const char *const names[] = {"running", "degraded", "stuck", "backing off", "given up"};
    static_assert(MR_COUNT_OF(names) == MR_MODULE_STATE_COUNT, "every state has a name");
    return state < MR_COUNT_OF(names) ? names[state] : "?";
}

static void turn(struct mr_modules *m, struct mr_module_record *r, enum mr_module_state state, const char *sentence,
                 int64_t now_ns)
{
    if (r->state == state)
        return;
    r->state = (uint8_t)state;
    r->since_ns = now_ns;
    snprintf(r->sentence, sizeof r->sentence, "%s", sentence);
    if (m->port.changed)
        m->port.changed(m->port.self, r, now_ns);
}

static void escalate(struct mr_modules *m, struct mr_module_record *r, int64_t now_ns)
{
    if (r->is.priority != MR_PRIORITY_CRITICAL || r->escalated)
        return;
    r->escalated = true;
    if (m->port.escalate)
        m->port.escalate(m->port.self, r, now_ns);
}

/* Down: again after a while, or never again. */
static void failed(struct mr_modules *m, struct mr_module_record *r, const char *why, int64_t now_ns)
{
    char sentence[160];
    r->failures_ns[r->failures++ % MR_MODULE_FAILURES] = now_ns;
    int64_t oldest_ns = r->failures_ns[r->failures % MR_MODULE_FAILURES]; /* of the last five */
    bool often = r->failures >= MR_MODULE_FAILURES && now_ns - oldest_ns < MR_MODULE_FAILURES_WITHIN_NS;
    if (!r->is.start || often) {
        snprintf(sentence, sizeof sentence, "%s: %.120s",
                 often ? "failed too often" : "failed, and cannot be started anew", why);
        turn(m, r, MR_MODULE_GIVEN_UP, sentence, now_ns);
        escalate(m, r, now_ns);
        return;
    }
    int64_t wait_s = BACK_OFF_MAX_S;
    if (r->attempts < 6)
        wait_s = (int64_t)1 << r->attempts;
    r->attempts++;
    r->retry_ns = now_ns + wait_s * SECOND;
    snprintf(sentence, sizeof sentence, "again in %lld s: %.120s", (long long)wait_s, why);
    turn(m, r, MR_MODULE_BACKING_OFF, sentence, now_ns);
    snprintf(r->sentence, sizeof r->sentence, "%s", sentence); /* it may have backed off before */
}

static void restart(struct mr_modules *m, struct mr_module_record *r, int64_t now_ns)
{
    struct mr_err why = {""};
    r->restarts++;
    atomic_store(&r->is.pulse->health, MR_HEALTH_GOOD);
    atomic_store(&r->is.pulse->beat_ns, now_ns); /* it has its time for a first beat */
    atomic_store(&r->is.pulse->busy_ns, 0);
    if (r->is.start(r->is.self, true, now_ns, &why) == MR_OK)
        turn(m, r, MR_MODULE_RUNNING, "started anew", now_ns);
    else
        failed(m, r, why.text, now_ns);
}

/* What its pulse says; the sentence where it is stuck. */
static bool stuck(const struct mr_pulse *pulse, int64_t now_ns, char sentence[160])
{
    int64_t beat_ns = atomic_load_explicit(&pulse->beat_ns, memory_order_acquire);
    int64_t busy_ns = atomic_load_explicit(&pulse->busy_ns, memory_order_acquire);
    const char *doing = atomic_load_explicit(&pulse->doing, memory_order_relaxed);
    if (busy_ns && now_ns - busy_ns > MR_MODULE_BUSY_NS) {
        snprintf(sentence, 160, "at \"%.80s\" for %lld s", doing ? doing : "?",
                 (long long)((now_ns - busy_ns) / SECOND));
        return true;
    }
    if (now_ns - beat_ns > MR_MODULE_SILENT_NS) {
        snprintf(sentence, 160, "no sign of life for %lld s", (long long)((now_ns - beat_ns) / SECOND));
        return true;
    }
    return false;
}

static void look(struct mr_modules *m, struct mr_module_record *r, int64_t now_ns)
{
    char sentence[160];
    uint32_t health = atomic_load_explicit(&r->is.pulse->health, memory_order_acquire);
    if (health == MR_HEALTH_FAILED) {
        failed(m, r, "it says so itself", now_ns);
    } else if (stuck(r->is.pulse, now_ns, sentence)) {
        r->stalls += r->state != MR_MODULE_STUCK;
        turn(m, r, MR_MODULE_STUCK, sentence, now_ns);
        escalate(m, r, now_ns);
    } else {
        bool good = health == MR_HEALTH_GOOD;
        turn(m, r, good ? MR_MODULE_RUNNING : MR_MODULE_DEGRADED, good ? "well again" : "it says so itself", now_ns);
        if (good && now_ns - r->since_ns >= MR_MODULE_GOOD_NS) {
            r->attempts = 0;
            r->escalated = false;
        }
    }
}

void mr_modules_init(struct mr_modules *m, struct mr_modules_port port) { *m = (struct mr_modules){.port = port}; }

int mr_modules_add(struct mr_modules *m, const struct mr_module *module, int64_t now_ns, struct mr_err *err)
{
    MR_ASSERT(module->name && module->pulse && module->priority < MR_PRIORITY_COUNT);
    if (m->count == MR_MODULES_MAX)
        return mr_err_set(err, MR_E_FULL, "%s: %d modules are there already", module->name, MR_MODULES_MAX);
    struct mr_err why = {""};
    struct mr_module_record *r = &m->modules[m->count];
    *r = (struct mr_module_record){.is = *module, .since_ns = now_ns};
    mr_pulse_beat(module->pulse, MR_HEALTH_GOOD, now_ns);
    mr_pulse_end(module->pulse);
    int status = module->start ? module->start(module->self, false, now_ns, &why) : MR_OK;
    if (status != MR_OK && module->priority == MR_PRIORITY_CRITICAL)
        return mr_err_set(err, status, "%s: %.400s", module->name, why.text);
    m->count++;
    if (status != MR_OK)
        failed(m, r, why.text, now_ns);
    return (int)m->count - 1;
}

void mr_modules_poll(struct mr_modules *m, int64_t now_ns)
{
    for (uint32_t i = 0; i < m->count; i++) {
        struct mr_module_record *r = &m->modules[i];
        if (r->state == MR_MODULE_BACKING_OFF) {
            if (now_ns >= r->retry_ns)
                restart(m, r, now_ns);
        } else if (r->state != MR_MODULE_GIVEN_UP) {
            look(m, r, now_ns);
        }
    }
}
