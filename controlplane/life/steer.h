/* What a person does to the life cycle: one table of verbs, for the admin socket, HTTP and scripts alike. */
#ifndef MR_LIFE_STEER_H
#define MR_LIFE_STEER_H

#include "controlplane/life/life.h"
#include "controlplane/life/stop.h"

enum mr_steer_verb {
    MR_STEER_PAUSE,          /* TRADING -> PAUSED */
    MR_STEER_RESUME,         /* READY, PAUSED -> TRADING */
    MR_STEER_DISARM,         /* PAUSED -> READY */
    MR_STEER_EMERGENCY_STOP, /* from anywhere, and the seven steps */
    MR_STEER_RELEASE,        /* EMERGENCY_STOP -> READY, when its steps are over */
    MR_STEER_RELEASE_FORCED, /* even with steps that are not */
    MR_STEER_VERB_COUNT
};
const char *mr_steer_verb_name(unsigned verb); /* "emergency-stop" */
struct mr_steer_act {
    uint8_t verb, actor; /* enum mr_life_actor: OPERATOR or ADMIN */
    uint32_t uid;
    char who[32], reason[160];
};
/* What is seen of it, in one piece. */
struct mr_steer_state {
    uint8_t state;
    int64_t since_ns;
    uint64_t events, refusals;
    struct mr_life_event last;
    struct mr_stop stop;
};
/* On the thread that owns both. MR_OK, or the sentence of who refused; then nothing has changed. */
int mr_steer(struct mr_life *life, struct mr_stop *stop, const struct mr_steer_act *act, int64_t now_ns,
             struct mr_err *err);
void mr_steer_look(const struct mr_life *life, const struct mr_stop *stop, struct mr_steer_state *out);

#endif
