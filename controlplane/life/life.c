#include "controlplane/life/life.h"

#include <stdio.h>

#define SYSTEM MR_ACTOR_SYSTEM
#define CONFIG MR_ACTOR_CONFIG
#define OPERATOR MR_ACTOR_OPERATOR
#define ADMIN MR_ACTOR_ADMIN
static const uint8_t table[MR_LIFE_STATE_COUNT][MR_LIFE_STATE_COUNT] = {
#define MR_TRANSITION(FROM, TO, WHO, WHY) [MR_LIFE_##FROM][MR_LIFE_##TO] = (WHO),
#include "controlplane/life/transitions.def"
#undef MR_TRANSITION
};

const char *mr_life_state_name(unsigned state)
{
    static const char *const names[] = {"initializing", "ready", "trading", "paused", "emergency_stop", "shutdown"};
    return state < MR_COUNT_OF(names) ? names[state] : "?";
}

const char *mr_life_actor_name(unsigned actor)
{
    switch (actor) {
    case MR_ACTOR_SYSTEM:
        return "system";
    case MR_ACTOR_CONFIG:
        return "config";
    case MR_ACTOR_OPERATOR:
        return "operator";
    case MR_ACTOR_ADMIN:
        return "administrator";
    default:
        return "?";
    }
}

void mr_life_init(struct mr_life *life, struct mr_life_port port, int64_t now_ns)
{
    *life = (struct mr_life){.port = port, .since_ns = now_ns};
    life->entered[MR_LIFE_INITIALIZING] = 1;
}

unsigned mr_life_who(enum mr_life_state from, enum mr_life_state to) { return table[from][to]; }

static int allowed(struct mr_life *life, enum mr_life_state to, enum mr_life_actor actor, struct mr_err *err)
{
    const char *from = mr_life_state_name(life->state), *want = mr_life_state_name(to);
    if (!table[life->state][to])
        return mr_err_set(err, MR_E_INVALID, "no way from %s to %s", from, want);
    if (!(table[life->state][to] & actor))
        return mr_err_set(err, MR_E_INVALID, "from %s to %s: not by the %s", from, want, mr_life_actor_name(actor));
    return life->port.may ? life->port.may(life->port.self, life->state, to, err) : MR_OK;
}

int mr_life_go(struct mr_life *life, enum mr_life_state to, enum mr_life_actor actor, uint32_t uid, const char *reason,
               int64_t now_ns, struct mr_err *err)
{
    struct mr_err why = {""};
    MR_ASSERT((unsigned)to < MR_LIFE_STATE_COUNT);
    if (to == life->state)
        return MR_OK;
    int status = allowed(life, to, actor, &why);
    struct mr_life_event event = {++life->events, now_ns,          uid, life->state, (uint8_t)to,
                                  (uint8_t)actor, status == MR_OK, ""};
    if (status == MR_OK)
        snprintf(event.reason, sizeof event.reason, "%s", reason ? reason : "");
    else
        snprintf(event.reason, sizeof event.reason, "%.60s (%.90s)", reason ? reason : "", why.text);
    if (status == MR_OK) {
        life->state = (uint8_t)to;
        life->since_ns = now_ns;
        life->entered[to]++;
        life->last = event;
    } else {
        life->refusals++;
        mr_err_set(err, status, "%s", why.text);
    }
    if (life->port.audit)
        life->port.audit(life->port.self, &event);
    return status;
}

int mr_life_agree(const struct mr_life_party *parties, uint32_t count, struct mr_err *err)
{
    for (uint32_t i = 1; i < count; i++) {
        const struct mr_life_party *a = &parties[0], *b = &parties[i];
        if (strcmp(a->build, b->build) != 0)
            return mr_err_set(err, MR_E_VERSION, "%s is build %s, %s is build %s: restart the older one", a->name,
                              a->build, b->name, b->build);
        if (a->config != b->config)
            return mr_err_set(err, MR_E_CORRUPT,
                              "%s runs with configuration %016llx, %s with %016llx: restart them with the same file",
                              a->name, (unsigned long long)a->config, b->name, (unsigned long long)b->config);
    }
    return count ? MR_OK : mr_err_set(err, MR_E_EMPTY, "nobody to agree with");
}
