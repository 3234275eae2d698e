/* Child processes of `millrace run`: started, watched, restarted with back-off; found again when they outlived an earlier run.
 *
 * A child that keeps a pid file holds a lock on it as long as it lives. If that lock is held when we come, the process is
 * adopted: watched and stopped like our own. The supervisor's death ends nobody. */
#ifndef MR_CMD_SUPERVISE_H
#define MR_CMD_SUPERVISE_H

#include <sys/types.h>

#include "dataplane/base/base.h"

#define MR_CHILD_ARGS 32

struct mr_child {
    const char *name;
    char *argv[MR_CHILD_ARGS]; /* after the program; ends with NULL */
    char pid_file[400];        /* "": none, cannot be adopted */
    char log_file[400];        /* "": our standard error */
    const char *space;         /* network namespace it lives in; NULL: ours */
    bool locks_for_it;         /* it knows nothing of pid files: the lock is taken before it begins, and kept */
    bool wants_output;         /* its standard output comes to us, by `output` */
    pid_t pid;                 /* 0: not running */
    int pidfd, output;
    bool adopted;
    int exit_status; /* as waitpid gave it; adopted ones: 0 */
    uint32_t restarts;
    int64_t started_ns, due_ns; /* CLOCK_MONOTONIC */
    uint64_t peak_rss_bytes;    /* while last looked at */
};

/* Whether its pid file says that an administrator ended it. */
bool mr_child_shut(const struct mr_child *child);
int mr_child_start(struct mr_child *child, struct mr_err *err);
/* True if the pid file's process lives: it is ours now. */
bool mr_child_adopt(struct mr_child *child);
/* Looks whether it still runs; true once when it has ended. */
bool mr_child_ended(struct mr_child *child);
/* Starts what has ended again, when its back-off (100 ms, doubled to 5 s; anew after 10 s of life) is over. */
int mr_child_keep(struct mr_child *child, struct mr_err *err);
/* SIGTERM; SIGKILL after `grace_s`. */
void mr_child_stop(struct mr_child *child, int grace_s);
void mr_child_measure(struct mr_child *child);

#endif
