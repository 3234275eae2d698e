/* Shared by sequence.c (rules and states) and hold.c (the buffer) only. */
#ifndef MR_SEQUENCE_PRIV_H
#define MR_SEQUENCE_PRIV_H

#include "codecs/sequence/sequence.h"

/* Copies a group to the buffer's end; the oldest go when there is no room. */
void mr_join_hold_push(struct mr_join *join, const union mr_slot *group);
/* The oldest, NULL if none. */
const union mr_slot *mr_join_hold_oldest(const struct mr_join *join);
/* The one after `group`, NULL at the end. */
const union mr_slot *mr_join_hold_after(const struct mr_join *join, const union mr_slot *group);
/* Takes the oldest out. */
void mr_join_hold_pop(struct mr_join *join);

#endif
