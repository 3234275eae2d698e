/* The journal: every decision, order, fill, change of state, change of configuration and operator's command, append-only and
 * hash-chained (C-60).
 *
 * The trade tile appends into a ring and goes on; the journal thread writes, in groups, and fsyncs once a group: what `durable` has reached
 * is on disk before anybody may act on it (an order's bytes leave after its intent, a fill counts after it is durable). A record that
 * cannot be kept (disk full, EIO, ring full for long) is a named stop of trading: `failed` says why, for ever.
 *
 * File    DATA/INSTANCE/journal/NNNNNNNN.mrj: a head (magic, version, build, hash of the file before), then records: length, kind, time,
 *         sequence (dense, from 1, over all files), payload, hash chained over the one before, which closes the record (README.md).
 *         A torn tail is cut at the last good record and counted on opening; anything else that does not verify is refused by place.
 *         No file is ever removed from here.
 * Thread  append, durable, failed: one writer (the trade tile), wait-free, no system call. mr_journal_step: the journal thread.
 *         mr_journal_stats: any. mr_journal_each and the showing: any, also while another process writes.
 * Memory  one block at boot.   Times  given by the caller. */
#ifndef MR_JOURNAL_JOURNAL_H
#define MR_JOURNAL_JOURNAL_H

#include "controlplane/journal/disk.h"
#include "dataplane/base/base.h"

#define MR_JOURNAL_PAYLOAD_MAX 4096
#define MR_JOURNAL_PATH_MAX 512

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
    /* Sequence of the record (> 0); MR_E_FULL: not taken; MR_E_TOO_BIG; MR_E_IO: the journal has failed. */
    int64_t (*append)(void *self, enum mr_journal_kind kind, int64_t now_ns, const void *payload, uint32_t bytes);
    uint64_t (*durable)(void *self);   /* all records up to this sequence are on disk */
    const char *(*failed)(void *self); /* NULL, or why nothing is durable any more */
};

const char *mr_journal_kind_name(unsigned kind); /* "decision"; "?" for others */
unsigned mr_journal_kind_of(const char *name);   /* 0: no such kind */

/* ---- the writer ---- */

/* When groups are made durable. Both are honest: `durable` never runs ahead of the disk; INTERVAL saves fsyncs and waits longer. */
enum mr_journal_fsync { MR_JOURNAL_FSYNC_GROUP, MR_JOURNAL_FSYNC_INTERVAL };

struct mr_journal_limits {
    uint64_t file_bytes;  /* a new file from this size on [64 MiB] */
    uint32_t ring_bytes;  /* between trade tile and journal thread: a power of two, at least 128 KiB [4 MiB] */
    uint32_t group_bytes; /* written at once, at most; 8 KiB at least [256 KiB] */
    enum mr_journal_fsync fsync;
    int64_t interval_ns;        /* INTERVAL: at most one fsync in so long */
    const struct mr_disk *disk; /* NULL: the host's */
    const char *build;          /* of this program, into file heads; NULL: "" */
};
extern const struct mr_journal_limits mr_journal_limits_default;

/* What was there when the journal was opened. */
struct mr_journal_found {
    uint32_t file;      /* number of the newest */
    uint64_t last_seq;  /* 0: a new journal */
    uint64_t cut_bytes; /* of a torn tail */
    char told[256];     /* one sentence, when something was cut; else "" */
};

struct mr_journal;
/* Opens the journal of a folder for writing (makes it if there is none): verifies the newest file, cuts its torn tail, makes what is left
 * durable, and locks the folder against a second writer. MR_OK, or a status and `err`: the file, record and byte that do not verify and the
 * way out. `*out` is NULL then. */
int mr_journal_open(struct mr_journal **out, const char *folder, const struct mr_journal_limits *limits, int64_t now_ns,
                    struct mr_err *err);
/* After the journal thread has ended: writes what is left in the ring, if it can, and gives the folder free. */
void mr_journal_close(struct mr_journal *j, int64_t now_ns);
const struct mr_journal_found *mr_journal_found(const struct mr_journal *j);
struct mr_journal_port mr_journal_port(struct mr_journal *j);

/* One bounded round of the journal thread: at most one group written, at most one fsync. Records written; 0 idle; MR_E_IO: failed. */
int mr_journal_step(struct mr_journal *j, int64_t now_ns);

struct mr_journal_stats {
    uint64_t appended, refused; /* by the trade tile: taken, and not taken (full, too big, failed) */
    uint64_t written, durable;  /* sequences */
    uint64_t bytes, groups, syncs, files;
    uint64_t interrupted; /* writes or syncs that were interrupted or short, and went on */
};
void mr_journal_stats(const struct mr_journal *j, struct mr_journal_stats *out);

/* The journal thread (dataplane/tile): its config is a struct mr_journal_thread. */
struct mr_journal_thread {
    struct mr_journal *journal;
    int64_t idle_sleep_ns; /* between looks at an empty ring; 0: the plan's wait strategy alone */
};
extern const struct mr_tile mr_tile_journal;

/* ---- reading ---- */

struct mr_journal_record {
    uint64_t seq;
    uint64_t durable; /* what was durable when it was written */
    int64_t time_ns;
    uint64_t offset; /* in its file */
    uint32_t file, bytes;
    unsigned kind;
    const uint8_t *payload; /* 8-byte aligned, good until the function returns */
};
/* Not 0: stop here, mr_journal_each returns it. */
typedef int mr_journal_each_fn(void *arg, const struct mr_journal_record *record);

struct mr_journal_report {
    uint64_t files, records, bytes, first_seq, last_seq;
    int64_t first_ns, last_ns;
    uint64_t kinds[MR_JOURNAL_KIND_COUNT]; /* [0]: those this build does not know */
    uint64_t torn_bytes, torn_offset;      /* at the end of the newest file: being written, or cut by the next start */
    uint8_t hash[16];                      /* of the last record: the whole journal in 16 bytes */
};
/* All records from sequence `from` on, in order, every byte verified (of files that end before `from` the heads only).
 * `path`: the journal's folder, or one file of it. `disk` NULL: the host's; `each` and `report` may be NULL.
 * MR_OK; what `each` returned; else a status and `err`, which names file, record and byte. */
int mr_journal_each(const struct mr_disk *disk, const char *path, uint64_t from, mr_journal_each_fn *each, void *arg,
                    struct mr_journal_report *report, struct mr_err *err);
/* Whether somebody has it open for writing. */
bool mr_journal_locked(const struct mr_disk *disk, const char *folder);

#endif
