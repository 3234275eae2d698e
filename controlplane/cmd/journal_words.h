/* What a journal's payloads say, in words and as JSON: a row for each kind and shape of record (journal_words.c). A payload that no row knows
 * is shown by its length and bytes, with a word why. */
#ifndef MR_CMD_JOURNAL_WORDS_H
#define MR_CMD_JOURNAL_WORDS_H

#include "controlplane/journal/journal.h"
#include "controlplane/trade/records.h"
#include "dataplane/text/text.h"

/* What numbers mean in this journal: learnt from its own records as they are read, so that it needs nothing beside it. */
#define MR_JOURNAL_NAMES_MAX 256 /* instruments; further ones stay numbers */
struct mr_journal_names {
    uint32_t count;
    char strategy[MR_RECORD_STRATEGIES][24];
    struct mr_record_instrument instrument[MR_JOURNAL_NAMES_MAX];
};
void mr_journal_names_learn(struct mr_journal_names *n, const struct mr_journal_record *r);
const struct mr_record_instrument *mr_journal_names_find(const struct mr_journal_names *n, uint32_t id); /* NULL */

/* The order a record is about; 0: of none, or not known. */
uint64_t mr_journal_words_order(const struct mr_journal_record *r);
void mr_journal_words_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t);
void mr_journal_words_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j);

/* The state the records lead to: each order as its last record has it, each position as the sum of its fills. Needs nothing but the
 * journal, and shares nothing with the order manager, whose state after a restart it can be held against. */
struct mr_journal_state; /* opaque */
struct mr_journal_state *mr_journal_state_new(void);
void mr_journal_state_free(struct mr_journal_state *s);
int mr_journal_state_each(void *state, const struct mr_journal_record *r); /* a mr_journal_each_fn */
/* The same as the order manager that was rebuilt from the journal has it: MR_OK; MR_E_CORRUPT and `err`, which says what differs. */
struct mr_orders;
int mr_journal_state_same(const struct mr_journal_state *s, const struct mr_orders *rebuilt, struct mr_err *err);
/* With what the manager makes of it; NULL: `why` there is none. */
void mr_journal_state_text(const struct mr_journal_state *s, const struct mr_orders *rebuilt, const char *why);
void mr_journal_state_json(const struct mr_journal_state *s, const struct mr_orders *rebuilt, const char *why);

#endif
