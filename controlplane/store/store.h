/* The store: orders, fills, positions, signals and risk events in a database, for questions and screens. Not what we trade by: that is the
 * journal (controlplane/journal), from which everything here could be made again.
 *
 *   io thread ── put ──> ring ── step, beside it: a commit waits for the disk ──> one transaction a batch ──> SQLite (WAL)
 *                                          └─ the database is away: spill file, in order, and back from there when it answers again
 *
 * Policy  put never waits. A row in the ring is lost only with the process; once `durable` has reached it, it is in the database or in the
 *         spill file, and both survive a crash of the machine. A locked, full or failing database fills the spill file and no one waits. A
 *         full ring (nobody steps, or database and spill file both fail) refuses the row: MR_E_FULL, counted.
 * Rows    an order, a position, a signal, a risk event replaces the row with the same key; a fill's key is its id, venue and market. A row is applied once, also
 *         when the machine stops between the database's commit and the clearing of the spill file.
 * Thread  put: one thread. durable, well: any. All else: one at a time.   Memory  one block at boot; SQLite has its own.   Times  given by the caller.
 * Cost    perf/controlplane/store/bench_store.c. */
#ifndef MR_STORE_STORE_H
#define MR_STORE_STORE_H

#include "controlplane/journal/disk.h"
#include "controlplane/store/rows.h"

struct mr_store_limits {
    uint32_t ring_bytes;        /* a power of two, at least 128 KiB [8 MiB] */
    uint32_t batch_rows;        /* a transaction, at most [1000]; at most MR_STORE_BATCH_MAX */
    int64_t retry_ns;           /* how often a database that is away is asked again [1 s] */
    uint64_t spill_bytes;       /* the spill file at most; beyond it rows stay in the ring [1 GiB] */
    const struct mr_disk *disk; /* of the spill file; NULL: the host's */
    const char *vfs;            /* of SQLite; NULL: its own */
};
#define MR_STORE_BATCH_MAX 4000
extern const struct mr_store_limits mr_store_limits_default;

struct mr_store;
/* FOLDER/store.db and FOLDER/spill.bin; makes what is not there and brings the schema to this build's version (MR_E_VERSION: it is of a later
 * one). A spill file that was left is applied by the steps that follow. MR_OK or a status and `err`; `*out` is NULL then. */
int mr_store_open(struct mr_store **out, const char *folder, const struct mr_store_limits *limits, struct mr_err *err);
/* Steps until the ring is empty or nothing takes rows any more; then gives all back. */
void mr_store_close(struct mr_store *s, int64_t now_ns);

/* The row's number, from 1 over all runs; MR_E_FULL: not taken. */
int64_t mr_store_put_order(struct mr_store *s, const struct mr_store_order *row);
int64_t mr_store_put_position(struct mr_store *s, const struct mr_store_position *row);
int64_t mr_store_put_signal(struct mr_store *s, const struct mr_store_signal *row);
int64_t mr_store_put_risk(struct mr_store *s, const struct mr_store_risk *row);
int64_t mr_store_put_fill(struct mr_store *s, const struct mr_store_fill *row);
uint64_t mr_store_durable(const struct mr_store *s); /* any thread: all rows up to this number survive a crash */

/* One bounded round: at most one batch. Rows that moved; 0 idle. */
int mr_store_step(struct mr_store *s, int64_t now_ns);
bool mr_store_well(const struct mr_store *s); /* any thread: nothing is in its way */
/* All rows put so far into the database: MR_OK, MR_E_IO (some are in the spill file or the ring; mr_store_trouble). */
int mr_store_flush(struct mr_store *s, int64_t now_ns);
const char *
mr_store_trouble(const struct mr_store *s); /* NULL, or why the database (or the spill file too) takes nothing now */

struct mr_store_stats {
    uint64_t put, refused;    /* by the putting thread: taken, not taken */
    uint64_t stored, spilled; /* rows committed; rows that went through the spill file */
    uint64_t rejected;        /* the database would not have this row for what is in it */
    uint64_t batches, failures;
    uint64_t spill_bytes; /* now */
};
void mr_store_stats(const struct mr_store *s, struct mr_store_stats *out);

/* What is in the database: newest first. */
struct mr_store_cell {
    const char *name;
    const char *text; /* NULL: null */
};
typedef bool mr_store_each_fn(void *arg, const struct mr_store_cell *cells, uint32_t count); /* false: enough */
struct mr_store_query {
    enum mr_store_table table;
    int64_t from_ns, to_ns; /* of its time: created_at, updated_at (positions), timestamp; [from, to), both 0: all */
    const char *symbol;     /* NULL: any */
    uint32_t limit;         /* 0: 1000 */
};
/* Rows told, or MR_E_IO and `err`. */
int64_t mr_store_query(struct mr_store *s, const struct mr_store_query *query, mr_store_each_fn *each, void *arg,
                       struct mr_err *err);

/* ---- schema ---- */
#define MR_STORE_VERSION 3
/* Brings the database file to a version, up or down, each step in a transaction of its own. */
int mr_store_migrate(const char *file, const char *vfs, uint32_t version, struct mr_err *err);
int mr_store_version(const char *file, const char *vfs, struct mr_err *err); /* 0: none yet; below 0 a status */

#endif
