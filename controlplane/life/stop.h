/* The emergency stop (C-4): seven steps in order, each timed, over a table of functions.
 *
 *     1 signals   strategies are cut off          }  begun before mr_stop_trigger returns
 *     2 cancel    all orders, at all venues       }
 *     3 close     all positions, at market, reduce-only
 *     4 persist   journal and store are on disk
 *     5 notify    the webhook
 *     6 dump      state for the post-mortem
 *     7 wait      for an operator
 *
 * A step that fails or takes too long is named, and the next one begins all the same: a webhook that is down keeps nobody from the dump. What
 * cancels and closes goes on being asked until the operator has come, since fills that were under way may open a position late. A second
 * trigger is counted and kept, and starts nothing anew.
 *
 * Thread  its owner, the trade tile.   Memory  the caller's struct.   Times  the caller's, above 0; it runs on virtual time as it stands. */
#ifndef MR_LIFE_STOP_H
#define MR_LIFE_STOP_H

#include "dataplane/base/base.h"

enum mr_stop_cause {
    MR_STOP_DRAWDOWN,
    MR_STOP_LOSSES,
    MR_STOP_CREDENTIALS,
    MR_STOP_FEED,
    MR_STOP_INVARIANT,
    MR_STOP_KILL,
    MR_STOP_OPERATOR,
    MR_STOP_ASSERT,
    MR_STOP_RESTART, /* the process before ended in an emergency */
    MR_STOP_MODULE,  /* a critical module is stuck or does not come back */
    MR_STOP_JOURNAL, /* nothing can be kept any more */
    MR_STOP_CAUSE_COUNT
};
const char *mr_stop_cause_name(unsigned cause); /* "drawdown" */
#define MR_STOP_FEED_DOWN_NS 60000000000        /* a trading feed down for longer is a cause */

enum mr_stop_step {
    MR_STOP_SIGNALS,
    MR_STOP_CANCEL,
    MR_STOP_CLOSE,
    MR_STOP_PERSIST,
    MR_STOP_NOTIFY,
    MR_STOP_DUMP,
    MR_STOP_WAIT,
    MR_STOP_STEP_COUNT
};
const char *mr_stop_step_name(unsigned step); /* "signals" */

/* MR_OK: done; MR_E_AGAIN: under way, ask again; else it failed, with the sentence. Never blocks. `first`: at the first call of this stop. */
typedef int mr_stop_fn(void *self, bool first, int64_t now_ns, struct mr_err *err);
struct mr_stop_port {
    void *self;
    mr_stop_fn *step[MR_STOP_WAIT]; /* all six */
    void (*told)(void *self, enum mr_stop_step step, int status, const char *sentence,
                 int64_t now_ns); /* a step ended (WAIT: begins) */
};

struct mr_stop_record {
    int64_t begun_ns, ended_ns; /* 0: not yet */
    int status;                 /* MR_E_EMPTY: not begun; MR_E_AGAIN while it runs; MR_E_END: not in time */
    char sentence[160];
};
struct mr_stop {
    struct mr_stop_port port;
    int64_t within_ns[MR_STOP_WAIT]; /* how long the next step waits for this one */
    bool active;
    uint8_t cause, at;    /* the step that runs */
    uint32_t more;        /* causes beside, bit by enum mr_stop_cause */
    uint64_t stops, late; /* stops ever; triggers while one was under way */
    int64_t since_ns;
    char reason[160];
    struct mr_stop_record step[MR_STOP_STEP_COUNT];
};
/* With the usual times: 10 ms, 5 s, 30 s, 5 s, 10 s, 5 s. */
void mr_stop_init(struct mr_stop *stop, struct mr_stop_port port);
/* True: it began now, and the first two steps have. */
bool mr_stop_trigger(struct mr_stop *stop, enum mr_stop_cause cause, const char *reason, int64_t now_ns);
/* At each round of the owner; nothing to do when not active. */
void mr_stop_poll(struct mr_stop *stop, int64_t now_ns);
/* Whether it may be released: as mr_stop_release, and changes nothing. */
int mr_stop_over(const struct mr_stop *stop, bool force, struct mr_err *err);
/* The operator has come (who that may be is life's table). MR_E_EMPTY: no stop; MR_E_AGAIN: step 7 is not reached, or orders or positions
 * are still open: the sentence names them. `force`: all the same. */
int mr_stop_release(struct mr_stop *stop, bool force, int64_t now_ns, struct mr_err *err);
/* As lines: step, begun after so many us, took so many, what came of it. */
struct mr_text;
void mr_stop_text(const struct mr_stop *stop, struct mr_text *out);
struct mr_json_out;
void mr_stop_json(const struct mr_stop *stop, const char *key, struct mr_json_out *out);

#endif
