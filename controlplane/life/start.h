/* The start-up (C-2): steps in order (startup.def) over a table of functions; after the last one the owner goes to READY.
 *
 * Thread  its owner.   Memory  the caller's struct.   Times  the caller's, above 0. */
#ifndef MR_LIFE_START_H
#define MR_LIFE_START_H

#include "dataplane/base/base.h"

enum mr_start_step {
#define MR_START(name, within_s, when, what) MR_START_##name,
#include "controlplane/life/startup.def"
#undef MR_START
    MR_START_STEP_COUNT
};
const char *mr_start_step_name(unsigned step); /* "storage" */

/* MR_OK: done; MR_E_AGAIN: not yet, ask again; else it failed. The sentence either way says what is waited for, or what is wrong and the way out. */
typedef int mr_start_fn(void *self, bool first, int64_t now_ns, struct mr_err *err);
struct mr_start_port {
    void *self;
    mr_start_fn *step[MR_START_STEP_COUNT]; /* all of them */
    void (*told)(void *self, enum mr_start_step step, int status, const char *sentence,
                 int64_t took_ns); /* a step ended; may be NULL */
};
struct mr_start_record {
    int64_t begun_ns, ended_ns; /* 0: not yet */
    int status;                 /* MR_E_EMPTY: not begun; MR_E_AGAIN; MR_OK; MR_E_UNSUPPORTED: left out; else failed */
    char sentence[160];
};
struct mr_start {
    struct mr_start_port port;
    bool live;
    uint8_t at;
    int status; /* MR_E_AGAIN, MR_OK: all done, else what stopped it */
    struct mr_start_record step[MR_START_STEP_COUNT];
};
void mr_start_init(struct mr_start *start, struct mr_start_port port, bool live);
/* On as far as it goes now. MR_E_AGAIN; MR_OK: all steps are done; else the step and why, for ever. */
int mr_start_poll(struct mr_start *start, int64_t now_ns, struct mr_err *err);
struct mr_text;
void mr_start_text(const struct mr_start *start, struct mr_text *out);

#endif
