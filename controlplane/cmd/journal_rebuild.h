/* The order manager, rebuilt from a journal as a start of the control plane rebuilds it: by its own code, from the same records. */
#ifndef MR_CMD_JOURNAL_REBUILD_H
#define MR_CMD_JOURNAL_REBUILD_H

#include "controlplane/cmd/journal_words.h"
#include "controlplane/orders/orders.h"

struct mr_journal_rebuild; /* opaque; dies with a message where there is no memory: it is for a tool */
struct mr_journal_rebuild *mr_journal_rebuild_new(void);
void mr_journal_rebuild_free(struct mr_journal_rebuild *b);
/* A record, in order. Below 0: one that cannot follow those before it, and `err` says which. */
int mr_journal_rebuild_take(struct mr_journal_rebuild *b, const struct mr_journal_record *r, struct mr_err *err);
/* What came of it; NULL where it cannot be rebuilt, and `*why`: the journal's beginning is not there, or names no instruments. */
const struct mr_orders *mr_journal_rebuild_orders(const struct mr_journal_rebuild *b, const char **why);

#endif
