/* How ctl and top find an instance: by name, by config, by its socket or workspace file. */
#ifndef MR_CMD_REACH_H
#define MR_CMD_REACH_H

#include "controlplane/admin/commands.h"

struct mr_reach {
    const char *config, *instance, *socket, *workspace;
};

/* Paths of the socket and the workspace. MR_OK, or the status of a config that cannot be used (told on stderr). */
int mr_reach_paths(const struct mr_reach *reach, char socket[256], char workspace[256], struct mr_err *err);

/* A way to ask: the admin socket, or the workspace alone (then shows only). */
struct mr_asker {
    int fd;                       /* -1: local */
    struct mr_commands *commands; /* local */
    char *reply;                  /* the last one, without the "." line; NUL at the end */
    size_t len;
};
int mr_asker_socket(struct mr_asker *a, const char *path, struct mr_err *err); /* MR_E_IO: nobody there */
void mr_asker_workspace(struct mr_asker *a, const char *path);
/* Asks one line (no newline in it), waits up to 10 s. The kind of reply, or MR_E_IO (`err`). */
int mr_asker_ask(struct mr_asker *a, const char *line, struct mr_err *err);
void mr_asker_close(struct mr_asker *a);

#endif
