/* Doing what can be done while the host runs, and undoing it exactly.
 *
 * The journal holds the old bytes of all that is written and lies on the disk before the first write, so that a crash at any moment leaves
 * what undoes it. A second apply adds to the journal of the first: the oldest bytes stay. Undoing goes backwards, passes over single
 * failures, keeps a journal of what is left to undo, and removes it when nothing is.
 *
 * A journal belongs to one host and one boot: what was written is gone after a restart, so apply begins a new one then, and revert refuses. */
#ifndef MR_PINNING_APPLY_H
#define MR_PINNING_APPLY_H

#include "pinning/tune.h"

struct mr_journal_entry {
    char *path, *old, *value; /* inside `text` */
};
struct mr_tune_journal {
    char machine[64], boot[64]; /* the host's own, or "unknown" */
    struct mr_journal_entry *entries;
    uint32_t count;
    char *text;
};

/* journal.c. The text of a journal, as mr_journal_write makes it: MR_OK, or MR_E_MALFORMED, MR_E_VERSION, MR_E_TRUNCATED with the line. */
int mr_journal_parse(struct mr_tune_journal *j, const char *data, size_t len, struct mr_err *err);
void mr_journal_free(struct mr_tune_journal *j);
/* Every byte of it on the disk, or nothing changed. */
int mr_journal_write(const struct mr_tune_journal *j, const char *file, struct mr_err *err);
/* MR_E_EMPTY: there is none. A file that others than its owner may write is refused. */
int mr_journal_read(struct mr_tune_journal *j, const char *file, struct mr_err *err);

struct mr_applied {
    uint32_t done, already, failed;
    bool fresh; /* a journal of an earlier boot was begun anew */
};
/* Each write as it is done, each failure with its reason. */
typedef void mr_applied_fn(void *arg, const char *path, const char *from, const char *to, const char *failure);

/* Those of `wanted` (one a finding; NULL: all) that differ. MR_OK also when single writes failed: `out` counts them. */
int mr_tune_apply(const struct mr_tune *tune, const bool *wanted, const char *file, mr_applied_fn *say, void *arg,
                  struct mr_applied *out, struct mr_err *err);
/* MR_E_EMPTY: there is no journal. MR_E_STALE: it is another host's or another boot's. */
int mr_tune_revert(struct mr_host *host, const char *file, mr_applied_fn *say, void *arg, struct mr_applied *out,
                   struct mr_err *err);

#endif
