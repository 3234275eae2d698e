/* The control plane's life (C-1): six states, a table of what may follow what and by whom (transitions.def), nothing else.
 *
 * It starts disarmed: READY is reached by the start-up alone (start.h), TRADING by a person or by the configuration. EMERGENCY_STOP (stop.h) is
 * left by an administrator alone. Each transition, and each that was refused, is one event to the port's audit; guards that are more than the
 * table (kill switch off, builds agree, start-up over) are the port's `may`.
 *
 * Thread  its owner, the trade tile.   Memory  the caller's struct.   Times  the caller's. */
#ifndef MR_LIFE_LIFE_H
#define MR_LIFE_LIFE_H

#include "dataplane/base/base.h"

enum mr_life_state {
    MR_LIFE_INITIALIZING,
    MR_LIFE_READY,
    MR_LIFE_TRADING,
    MR_LIFE_PAUSED,
    MR_LIFE_EMERGENCY_STOP,
    MR_LIFE_SHUTDOWN,
    MR_LIFE_STATE_COUNT
};
enum mr_life_actor {
    MR_ACTOR_SYSTEM = 1 << 0,   /* this program, by its rules */
    MR_ACTOR_CONFIG = 1 << 1,   /* the configuration says so */
    MR_ACTOR_OPERATOR = 1 << 2, /* a person of level operate */
    MR_ACTOR_ADMIN = 1 << 3,    /* a person of level administer */
};
const char *mr_life_state_name(unsigned state); /* "emergency_stop"; "?" beyond the last */
const char *mr_life_actor_name(unsigned actor); /* "system" */

struct mr_life_event {
    uint64_t number; /* from 1 */
    int64_t now_ns;
    uint32_t uid; /* UINT32_MAX: nobody's */
    uint8_t from, to, actor;
    bool allowed;
    char reason[160]; /* why it was wanted; then, in brackets, why it was refused */
};
struct mr_life_port {
    void *self;
    /* More than the table knows: MR_OK, or a status and the sentence. NULL: no more. */
    int (*may)(void *self, enum mr_life_state from, enum mr_life_state to, struct mr_err *err);
    void (*audit)(void *self, const struct mr_life_event *event);
};
struct mr_life {
    struct mr_life_port port;
    uint8_t state;
    int64_t since_ns;
    uint64_t events, refusals, entered[MR_LIFE_STATE_COUNT];
    struct mr_life_event last; /* that was allowed */
};
void mr_life_init(struct mr_life *life, struct mr_life_port port, int64_t now_ns);

/* MR_OK: it is there now, or was already (then nothing is told); MR_E_INVALID: not in the table, or not by this actor; else what `may` said. */
int mr_life_go(struct mr_life *life, enum mr_life_state to, enum mr_life_actor actor, uint32_t uid, const char *reason,
               int64_t now_ns, struct mr_err *err);
/* Whether the table has it, whoever asks; who may (bits), 0: nobody. */
unsigned mr_life_who(enum mr_life_state from, enum mr_life_state to);
/* Strategies may act: TRADING and nothing else. Exits and stops of what is open go on in PAUSED. */
MR_INLINE bool mr_life_trading(const struct mr_life *life) { return life->state == MR_LIFE_TRADING; }

/* All processes of an instance are of one build and one configuration before anything is armed (5-trust F 38-40). */
struct mr_life_party {
    const char *name, *build; /* "data plane main", "1f3c9ad" */
    uint64_t config;          /* hash of what it runs with */
};
int mr_life_agree(const struct mr_life_party *parties, uint32_t count, struct mr_err *err);

#endif
