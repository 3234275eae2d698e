#include <stdio.h>

#include "controlplane/admin/do.h"

static int steer(struct mr_do *d, enum mr_steer_verb verb, struct mr_err *err)
{
    struct mr_steer_act act = {.verb = (uint8_t)verb,
                               .actor = d->peer->level == MR_ADMIN_ADMINISTER ? MR_ACTOR_ADMIN : MR_ACTOR_OPERATOR,
                               .uid = d->peer->uid};
    struct mr_err said = {""};
    if (!d->hands->steer)
        return mr_err_set(err, MR_E_UNSUPPORTED, "this process does not trade");
    snprintf(act.who, sizeof act.who, "%s", d->who);
    mr_do_rest(d, 0, act.reason, sizeof act.reason);
    int status = d->hands->steer(d->hands->self, &act, d->peer->ask, &said);
    if (status != MR_OK)
        return mr_err_set(err, status == MR_E_INVALID ? MR_E_STALE : status, "%s",
                          said.text); /* not the operator's grammar */
    mr_do_say(d, "%s", *said.text ? said.text : mr_steer_verb_name(verb));
    return MR_OK;
}

int mr_do_pause(struct mr_do *d, struct mr_err *err) { return steer(d, MR_STEER_PAUSE, err); }
int mr_do_resume(struct mr_do *d, struct mr_err *err) { return steer(d, MR_STEER_RESUME, err); }
int mr_do_disarm(struct mr_do *d, struct mr_err *err) { return steer(d, MR_STEER_DISARM, err); }
int mr_do_emergency_stop(struct mr_do *d, struct mr_err *err) { return steer(d, MR_STEER_EMERGENCY_STOP, err); }
int mr_do_release(struct mr_do *d, struct mr_err *err) { return steer(d, MR_STEER_RELEASE, err); }
int mr_do_release_forced(struct mr_do *d, struct mr_err *err) { return steer(d, MR_STEER_RELEASE_FORCED, err); }

int mr_do_state(struct mr_do *d, struct mr_err *err)
{
    struct mr_steer_state s;
    if (!d->hands->look)
        return mr_err_set(err, MR_E_UNSUPPORTED, "this process does not trade");
    d->hands->look(d->hands->self, &s);
    if (d->json) {
        mr_json_out_string(d->json, "state", mr_life_state_name(s.state));
        mr_json_out_i64(d->json, "since_ns", s.since_ns);
        mr_json_out_string(d->json, "by", s.last.number ? mr_life_actor_name(s.last.actor) : "");
        mr_json_out_string(d->json, "reason", s.last.reason);
        mr_json_out_u64(d->json, "events", s.events);
        mr_json_out_u64(d->json, "refusals", s.refusals);
        mr_stop_json(&s.stop, "emergency_stop", d->json);
        return MR_OK;
    }
    mr_text_format(d->out, "%s since ", mr_life_state_name(s.state));
    mr_text_time(d->out, s.since_ns);
    if (s.last.number)
        mr_text_format(d->out, ", by %s: %s", mr_life_actor_name(s.last.actor), s.last.reason);
    mr_text_format(d->out, "\n%llu changes, %llu refused\n", (unsigned long long)(s.events - s.refusals),
                   (unsigned long long)s.refusals);
    mr_stop_text(&s.stop, d->out);
    return MR_OK;
}
