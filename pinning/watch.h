/* What else happened on the core of a latency maximum: interrupts there, and how often its thread was put off it.
 *
 * A tile cannot ask the kernel while it works. So another thread looks about once a second at /proc/interrupts and at the tiles' threads
 * (/proc/PID/task/TID), keeps the last three looks, and when a histogram has a new record (dataplane/metrics/trace.h) writes the
 * difference of the two looks around it into the histogram, where it stays. It tells what that second had, not what the stall had.
 *
 * Thread  one that is not a tile's, of the process whose workspace it is.
 * Memory  the tables' text: three times what /proc/interrupts has, 8 MiB each at most; grown as it is read.
 * Errors  what cannot be read is not known, and shown as such; nothing fails after open. */
#ifndef MR_PINNING_WATCH_H
#define MR_PINNING_WATCH_H

#include "dataplane/ring/workspace.h"

#define MR_WATCH_NS 1000000000ll

struct mr_watch;
/* `root`: of the host's tree, NULL: "/" (pinning/host.h). `pid`: whose threads they are. MR_E_NOMEM, MR_E_IO. */
int mr_watch_open(struct mr_watch **watch, const struct mr_workspace *ws, const char *root, uint32_t pid,
                  struct mr_err *err);
/* Looks if MR_WATCH_NS have passed since it did. `now_ns` is wall time. */
void mr_watch_step(struct mr_watch *watch, int64_t now_ns);
void mr_watch_look(struct mr_watch *watch, int64_t now_ns); /* now: at the end */
void mr_watch_close(struct mr_watch *watch);                /* NULL: nothing */

#endif
