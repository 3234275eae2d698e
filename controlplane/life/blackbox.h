/* What is left for the post-mortem (C-4): DATA/INSTANCE/postmortem-TIME.json, and what a broken assertion leaves before the process dies.
 *
 * A panic kills first: the word, then KILL in the data folder by bare system calls, then the file. So the next start comes up killed, in
 * EMERGENCY_STOP, even if writing the rest breaks something too.
 *
 * Memory  a buffer from boot, so that a panic allocates nothing.   Thread  write: one. The panic's: whichever broke. */
#ifndef MR_LIFE_BLACKBOX_H
#define MR_LIFE_BLACKBOX_H

#include "controlplane/kill/kill.h"

struct mr_json_out;
/* The state as fields of the object that is open; reads only, takes no lock. */
typedef void mr_blackbox_fn(void *self, struct mr_json_out *out);
#define MR_BLACKBOX_BYTES (1u << 20)

struct mr_blackbox {
    const struct mr_kill_folder *folder;
    struct mr_kill_page *page;
    mr_blackbox_fn *state; /* may be NULL */
    void *self;
    const char *build;
    int64_t (*wall_ns)(void); /* NULL: the clock's */
    char *buffer;             /* MR_BLACKBOX_BYTES, by the caller */
};
/* Durable when it returns MR_OK; `name` is the file's, in the folder. A state that does not fit is left out, and that is said in the file. */
int mr_blackbox_write(const struct mr_blackbox *box, const char *why, char name[64], struct mr_err *err);
/* From now on a panic of this process does all of the above; NULL: no more. `box` outlives it. */
void mr_blackbox_on_panic(const struct mr_blackbox *box);

#endif
