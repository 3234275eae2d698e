#include "controlplane/life/stop.h"

#include <stdio.h>

#include "dataplane/text/text.h"

const char *mr_stop_cause_name(unsigned cause)
{
    static const char *const names[] = {"drawdown", "losses", "credentials", "feed",   "invariant", "kill",
                                        "operator", "assert", "restart",     "module", "journal"};
    static_assert(MR_COUNT_OF(names) == MR_STOP_CAUSE_COUNT, "every cause has a name");
    return cause < MR_COUNT_OF(names) ? names[cause] : "?";
}

const char *mr_stop_step_name(unsigned step)
{
    static const char *const names[] = {"signals", "cancel", "close", "persist", "notify", "dump", "wait"};
    static_assert(MR_COUNT_OF(names) == MR_STOP_STEP_COUNT, "every step has a name");
    return step < MR_COUNT_OF(names) ? names[step] : "?";
}

void mr_stop_init(struct mr_stop *stop, struct mr_stop_port port)
{
    static const int64_t usual_ms[MR_STOP_WAIT] = {10, 5000, 30000, 5000, 10000, 5000};
    *stop = (struct mr_stop){.port = port};
    for (unsigned i = 0; i < MR_STOP_WAIT; i++) {
        MR_ASSERT(port.step[i]);
        stop->within_ns[i] = usual_ms[i] * 1000000;
    }
}

static void ended(struct mr_stop *stop, enum mr_stop_step step, int status, const char *sentence, int64_t now_ns)
{
    struct mr_stop_record *r = &stop->step[step];
    r->status = status;
    r->ended_ns = now_ns;
    snprintf(r->sentence, sizeof r->sentence, "%s", sentence);
    if (stop->port.told)
        stop->port.told(stop->port.self, step, status, r->sentence, now_ns);
}

/* Asks a step once more, or for the first time. */
static int ask(struct mr_stop *stop, enum mr_stop_step step, int64_t now_ns)
{
    struct mr_stop_record *r = &stop->step[step];
    struct mr_err err = {""};
    bool first = !r->begun_ns;
    if (first)
        r->begun_ns = now_ns;
    int status = stop->port.step[step](stop->port.self, first, now_ns, &err);
    MR_ASSERT(status <= 0);
    if (status == MR_E_AGAIN) {
        if (r->status == MR_OK && r->ended_ns) /* open again: a fill came late */
            r->status = MR_E_AGAIN;
        if (!r->ended_ns) {
            r->status = MR_E_AGAIN;
            snprintf(r->sentence, sizeof r->sentence, "%s", err.text);
        }
    } else if (status != r->status || !r->ended_ns) {
        ended(stop, step, status, err.text, now_ns);
    }
    return status;
}

static void wait_for_operator(struct mr_stop *stop, int64_t now_ns)
{
    stop->at = MR_STOP_WAIT;
    stop->step[MR_STOP_WAIT] = (struct mr_stop_record){.begun_ns = now_ns, .status = MR_E_AGAIN};
    if (stop->port.told)
        stop->port.told(stop->port.self, MR_STOP_WAIT, MR_E_AGAIN, "waits for an operator", now_ns);
}

/* On as far as steps end at once. */
static void advance(struct mr_stop *stop, int64_t now_ns)
{
    while (stop->at < MR_STOP_WAIT) {
        struct mr_stop_record *r = &stop->step[stop->at];
        int status = ask(stop, stop->at, now_ns);
        if (status == MR_E_AGAIN) {
            if (now_ns - r->begun_ns < stop->within_ns[stop->at])
                return;
            char sentence[160];
            snprintf(sentence, sizeof sentence, "not within %lld ms: %.100s",
                     (long long)(stop->within_ns[stop->at] / 1000000), r->sentence);
            ended(stop, stop->at, MR_E_END, sentence, now_ns);
        }
        stop->at++;
    }
    if (!stop->step[MR_STOP_WAIT].begun_ns)
        wait_for_operator(stop, now_ns);
}

bool mr_stop_trigger(struct mr_stop *stop, enum mr_stop_cause cause, const char *reason, int64_t now_ns)
{
    MR_ASSERT((unsigned)cause < MR_STOP_CAUSE_COUNT && now_ns > 0);
    if (stop->active) {
        stop->more |= 1u << cause;
        stop->late++;
        return false;
    }
    memset(stop->step, 0, sizeof stop->step);
    for (unsigned i = 0; i < MR_STOP_STEP_COUNT; i++)
        stop->step[i].status = MR_E_EMPTY;
    stop->active = true;
    stop->cause = (uint8_t)cause;
    stop->at = MR_STOP_SIGNALS;
    stop->more = 0;
    stop->since_ns = now_ns;
    stop->stops++;
    snprintf(stop->reason, sizeof stop->reason, "%s", reason ? reason : "");
    /* both in this very call, whatever becomes of the first */
    ask(stop, MR_STOP_SIGNALS, now_ns);
    ask(stop, MR_STOP_CANCEL, now_ns);
    return true;
}

void mr_stop_poll(struct mr_stop *stop, int64_t now_ns)
{
    if (!stop->active)
        return;
    for (enum mr_stop_step step = MR_STOP_CANCEL; step <= MR_STOP_CLOSE; step++)
        if (step < stop->at)
            ask(stop, step, now_ns);
    /* steps that ended in the trigger itself are not asked again */
    while (stop->at < MR_STOP_WAIT && stop->step[stop->at].ended_ns)
        stop->at++;
    advance(stop, now_ns);
}

int mr_stop_over(const struct mr_stop *stop, bool force, struct mr_err *err)
{
    if (!stop->active)
        return mr_err_set(err, MR_E_EMPTY, "no emergency stop is under way");
    for (enum mr_stop_step step = MR_STOP_CANCEL; step <= MR_STOP_CLOSE && !force; step++)
        if (stop->step[step].status != MR_OK)
            return mr_err_set(err, MR_E_AGAIN, "step %u, %s, is not done: %s", step + 1, mr_stop_step_name(step),
                              stop->step[step].sentence);
    if (stop->at != MR_STOP_WAIT && !force)
        return mr_err_set(err, MR_E_AGAIN, "step %u, %s, is under way", stop->at + 1, mr_stop_step_name(stop->at));
    return MR_OK;
}

int mr_stop_release(struct mr_stop *stop, bool force, int64_t now_ns, struct mr_err *err)
{
    int status = mr_stop_over(stop, force, err);
    if (status != MR_OK)
        return status;
    stop->active = false;
    ended(stop, MR_STOP_WAIT, MR_OK, force ? "released by force" : "released", now_ns);
    return MR_OK;
}

/* ---- for people ---- */

static const char *outcome(const struct mr_stop_record *r)
{
    return !r->begun_ns ? "not begun" : r->status == MR_OK ? "done" : r->status == MR_E_AGAIN ? "under way" : "failed";
}

void mr_stop_text(const struct mr_stop *stop, struct mr_text *out)
{
    if (!stop->stops) {
        mr_text_add(out, "no emergency stop\n");
        return;
    }
    mr_text_format(out, "emergency stop %llu, %s: %s: %s\n", (unsigned long long)stop->stops,
                   stop->active ? "under way" : "over", mr_stop_cause_name(stop->cause), stop->reason);
    for (unsigned i = 0; i < MR_STOP_STEP_COUNT; i++) {
        const struct mr_stop_record *r = &stop->step[i];
        mr_text_format(out, "%u %-8s %-9s", i + 1, mr_stop_step_name(i), outcome(r));
        if (r->begun_ns)
            mr_text_format(out, " after %lld us", (long long)((r->begun_ns - stop->since_ns) / 1000));
        if (r->ended_ns)
            mr_text_format(out, ", took %lld us", (long long)((r->ended_ns - r->begun_ns) / 1000));
        mr_text_format(out, "%s%s\n", *r->sentence ? ": " : "", r->sentence);
    }
}

void mr_stop_json(const struct mr_stop *stop, const char *key, struct mr_json_out *j)
{
    mr_json_out_object(j, key);
    mr_json_out_bool(j, "active", stop->active);
    mr_json_out_u64(j, "stops", stop->stops);
    mr_json_out_u64(j, "late_triggers", stop->late);
    if (stop->stops) {
        mr_json_out_string(j, "cause", mr_stop_cause_name(stop->cause));
        mr_json_out_string(j, "reason", stop->reason);
        mr_json_out_i64(j, "since_ns", stop->since_ns);
        mr_json_out_array(j, "steps");
        for (unsigned i = 0; i < MR_STOP_STEP_COUNT; i++) {
            const struct mr_stop_record *r = &stop->step[i];
            mr_json_out_object(j, NULL);
            mr_json_out_string(j, "step", mr_stop_step_name(i));
            mr_json_out_string(j, "outcome", outcome(r));
            mr_json_out_i64(j, "begun_ns", r->begun_ns);
            mr_json_out_i64(j, "ended_ns", r->ended_ns);
            mr_json_out_string(j, "sentence", r->sentence);
            mr_json_out_end(j);
        }
        mr_json_out_end(j);
    }
    mr_json_out_end(j);
}
