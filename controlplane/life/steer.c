#include "controlplane/life/steer.h"

#include <stdio.h>

const char *mr_steer_verb_name(unsigned verb)
{
    static const char *const names[] = {"pause", "resume", "disarm", "emergency-stop", "release", "release, forced"};
    static_assert(MR_COUNT_OF(names) == MR_STEER_VERB_COUNT, "every verb has a name");
    return verb < MR_COUNT_OF(names) ? names[verb] : "?";
}

static int go(struct mr_life *life, const struct mr_steer_act *act, enum mr_life_state to, int64_t now_ns,
              struct mr_err *err)
{
    char reason[200];
    snprintf(reason, sizeof reason, "%s: %s", act->who, act->reason);
    return mr_life_go(life, to, act->actor, act->uid, reason, now_ns, err);
}

static int emergency(struct mr_life *life, struct mr_stop *stop, const struct mr_steer_act *act, int64_t now_ns,
                     struct mr_err *err)
{
    int status = go(life, act, MR_LIFE_EMERGENCY_STOP, now_ns, err);
    if (status == MR_OK)
        mr_stop_trigger(stop, MR_STOP_OPERATOR, act->reason, now_ns);
    return status;
}

/* Asked first, so that a refusal by either leaves both as they are. */
static int release(struct mr_life *life, struct mr_stop *stop, const struct mr_steer_act *act, int64_t now_ns,
                   struct mr_err *err)
{
    bool force = act->verb == MR_STEER_RELEASE_FORCED;
    if (life->state != MR_LIFE_EMERGENCY_STOP)
        return mr_err_set(err, MR_E_EMPTY, "there is no emergency stop; the state is %s",
                          mr_life_state_name(life->state));
    int status = stop->active ? mr_stop_over(stop, force, err) : MR_OK;
    if (status == MR_OK)
        status = go(life, act, MR_LIFE_READY, now_ns, err);
    if (status == MR_OK && stop->active)
        status = mr_stop_release(stop, force, now_ns, err);
    return status;
}

int mr_steer(struct mr_life *life, struct mr_stop *stop, const struct mr_steer_act *act, int64_t now_ns,
             struct mr_err *err)
{
    switch (act->verb) {
    case MR_STEER_PAUSE:
        return go(life, act, MR_LIFE_PAUSED, now_ns, err);
    case MR_STEER_RESUME:
        return go(life, act, MR_LIFE_TRADING, now_ns, err);
    case MR_STEER_DISARM:
        if (life->state == MR_LIFE_EMERGENCY_STOP)
            return mr_err_set(err, MR_E_INVALID, "an emergency stop is left by `emergency-stop release`");
        return go(life, act, MR_LIFE_READY, now_ns, err);
    case MR_STEER_EMERGENCY_STOP:
        return emergency(life, stop, act, now_ns, err);
    case MR_STEER_RELEASE:
    case MR_STEER_RELEASE_FORCED:
        return release(life, stop, act, now_ns, err);
    default:
        return mr_err_set(err, MR_E_INVALID, "no such verb");
    }
}

void mr_steer_look(const struct mr_life *life, const struct mr_stop *stop, struct mr_steer_state *out)
{
    *out = (struct mr_steer_state){life->state, life->since_ns, life->events, life->refusals, life->last, *stop};
}
