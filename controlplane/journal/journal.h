/* The journal: every decision, order, fill, change of state, change of configuration and operator's command, append-only and
 * hash-chained (C-60).
 *
 * The trade tile appends into a ring and goes on; the journal thread writes, in groups, and fsyncs once a group: what `durable` has reached
 * is on disk before anybody may act on it (an order's bytes leave after its intent, a fill counts after it is durable). A record that
 * cannot be kept (disk full, EIO, ring full for long) is a named stop of trading: `failed` says why, for ever.
 *
 * File    DATA/INSTANCE/journal/NNNNNNNN.mrj: a head (magic, version, build, hash of the file before), then records: length, kind, time,
 *         sequence (dense, from 1, over all files), payload, hash chained over the one before, which closes the record.
 *         A torn tail is cut at the last good record and counted on opening; anything else that does not verify is refused by place.
 * Thread  append, durable, failed: one writer (the trade tile), wait-free, no system call. The rest of it: the journal thread.
 * Memory  one block at boot.   Times  given by the caller. */
#ifndef MR_JOURNAL_JOURNAL_H
#define MR_JOURNAL_JOURNAL_H

#include "dataplane/base/base.h"

#define MR_JOURNAL_PAYLOAD_MAX 4096

enum mr_journal_kind { /* numbers stand in files and never change; the payload of each is declared in records.h */
                       MR_JOURNAL_BEGIN = 1,    /* a run: epoch of order ids, build, hash of the configuration */
                       MR_JOURNAL_DECISION = 2, /* of the gate, with its inputs */
                       MR_JOURNAL_ORDER = 3,    /* an order as it is after a change */
                       MR_JOURNAL_FILL = 4,
                       MR_JOURNAL_STATE = 5,   /* life cycle, kill word, breakers */
                       MR_JOURNAL_CONFIG = 6,  /* limits or configuration: who, old, new */
                       MR_JOURNAL_COMMAND = 7, /* of an operator: who, what, what came of it */
                       MR_JOURNAL_ACCOUNT = 8, /* balance, funding, positions as the venue told, differences found */
                       MR_JOURNAL_SIGNAL = 9,  /* that led to an intent */
                       MR_JOURNAL_END = 10,    /* an orderly stop */
                       MR_JOURNAL_KIND_COUNT = 11
};

/* What the trade tile needs of a journal: the real one, or a simulated disk's. */
struct mr_journal_port {
    void *self;
    /* Sequence of the record (> 0); MR_E_FULL: not taken; MR_E_TOO_BIG. */
    int64_t (*append)(void *self, enum mr_journal_kind kind, int64_t now_ns, const void *payload, uint32_t bytes);
    uint64_t (*durable)(void *self);   /* all records up to this sequence are on disk */
    const char *(*failed)(void *self); /* NULL, or why nothing is durable any more */
};

const char *mr_journal_kind_name(unsigned kind); /* "decision"; "?" for others */

#endif
