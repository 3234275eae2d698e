/* What both processes do before they begin: find the configuration, make the run folder, be the only one of their instance. */
#ifndef MR_CMD_PROCESS_H
#define MR_CMD_PROCESS_H

#include "controlplane/config/config.h"

struct mr_process {
    const char *verb;
    char folder[256];
    int pid_file;
};

/* `path` NULL: as 0-definitions says; `instance` NULL: the configuration's. Config errors go to stderr, each. */
int mr_process_configure(struct mr_process *process, const char *path, const char *instance, struct mr_config *config,
                         struct mr_err *err);
/* FOLDER/VERB.pid, locked as long as the process lives, whatever way it ends. MR_E_IO: one runs already, or no permission. */
int mr_process_lock(struct mr_process *process, struct mr_err *err);
/* `shutdown`: an administrator ended it, which its pid file then says: a supervisor does not start it again. */
void mr_process_unlock(struct mr_process *process, bool shutdown);
#define MR_PROCESS_SHUTDOWN "shutdown\n"
/* SIGINT and SIGTERM set what this returns; SIGPIPE is ignored. */
const volatile int *mr_process_signals(void);
/* The instance's workspace file. */
int mr_process_workspace(const struct mr_process *process, const struct mr_config *config, char *out, size_t bytes,
                         struct mr_err *err);

#endif
