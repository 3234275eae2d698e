/* Commands that act: one struct mr_plane_command into the ring of each feed tile it is for, and no waiting. */
#ifndef MR_ADMIN_ACTS_H
#define MR_ADMIN_ACTS_H

#include "controlplane/admin/commands.h"

struct mr_act {
    enum mr_plane_command_kind kind;
    const char *const *args;
    uint32_t arg_count;
    uint64_t id;            /* out */
    uint32_t tiles, planes; /* out: that got it */
};
/* MR_OK; MR_E_INVALID: the arguments; MR_E_FULL: a tile does not take its commands; MR_E_IO, MR_E_EMPTY: there is nobody to tell. */
typedef int mr_act_fn(struct mr_commands *c, struct mr_act *act, struct mr_err *err);
mr_act_fn mr_act_feed, mr_act_plain;

void mr_sender_close(struct mr_sender *sender);

#endif
