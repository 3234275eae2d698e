/* Shared by the files of this folder. */
#ifndef MR_KILL_KILL_PRIV_H
#define MR_KILL_KILL_PRIV_H

#include "controlplane/kill/kill.h"

/* The page's venues and strategies as they are, `without` that one. */
int mr_kill_scopes_save(struct mr_kill *kill, const struct mr_kill_command *without, struct mr_err *err);
/* Into the page; a file that makes no sense kills all. */
void mr_kill_scopes_load(struct mr_kill *kill);

#endif
