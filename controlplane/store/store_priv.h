/* Shared between the store's files only. */
#ifndef MR_STORE_STORE_PRIV_H
#define MR_STORE_STORE_PRIV_H

#include <sqlite3.h>

#include "controlplane/store/store.h"
#include "dataplane/ring/bytes.h"

/* ---- columns ---- */
enum store_type { STORE_TEXT, STORE_NUMBER, STORE_TIME, STORE_BOOL };
struct store_column {
    const char *name;
    uint8_t type;
    uint16_t offset, bytes; /* of the field; bytes of a text */
};
struct store_table {
    const char *name, *key, *time, *symbol; /* key: the columns of the conflict target */
    bool keeps;                             /* a second row with the same key is dropped; else it replaces */
    uint16_t bytes, count;
    const struct store_column *columns;
};
extern const struct store_table store_tables[MR_STORE_TABLE_COUNT]; /* [0]: none */
uint64_t store_layout(void); /* of all rows: a spill file of another layout is not read */

#define STORE_NUMBER_TEXT 48
uint32_t store_number_text(const struct mr_store_number *n, char out[STORE_NUMBER_TEXT]);

/* ---- a row on its way: in the ring, in a batch, in the spill file ---- */
struct store_item {
    uint64_t seq;
    uint16_t table, bytes; /* of the row that follows, on 16 bytes */
    uint32_t check;        /* of seq, table, row: in the spill file */
};
static_assert(sizeof(struct store_item) == 16, "rows stay on 16 bytes");
MR_INLINE uint64_t store_item_bytes(uint32_t row) { return sizeof(struct store_item) + ((row + 15) & ~15u); }

/* ---- the database ---- */
struct store_db {
    sqlite3 *db;
    sqlite3_stmt *put[MR_STORE_TABLE_COUNT], *begin, *commit, *rollback, *mark;
    char why[256];
};
int store_db_open(struct store_db *d, const char *file, const char *vfs, struct mr_err *err);
void store_db_close(struct store_db *d);
/* All items in one transaction, with the number of the last. MR_OK (rejected rows counted), or MR_E_IO and `why`: none of them. Items up to `applied` are
 * there already. */
int store_db_apply(struct store_db *d, const uint8_t *items, uint64_t bytes, uint64_t *applied, uint64_t *stored,
                   uint64_t *rejected);
int store_db_applied(struct store_db *d, uint64_t *applied, struct mr_err *err);

int store_migrate(sqlite3 *db, uint32_t version, struct mr_err *err);

/* ---- the spill file ---- */
struct store_spill {
    const struct mr_disk *disk;
    char path[512];
    int handle;
    uint64_t bytes, read_at, last_seq; /* of good items; where the next to be applied begins; number of the last */
};
int store_spill_open(struct store_spill *p, const struct mr_disk *disk, const char *folder, struct mr_err *err);
int store_spill_add(struct store_spill *p, const uint8_t *items, uint64_t bytes); /* durable: 0, or minus an errno */
/* Up to `room` bytes of whole items into `out`; how many bytes, or minus an errno. */
int64_t store_spill_read(struct store_spill *p, uint8_t *out, uint64_t room);
int store_spill_clear(struct store_spill *p);
void store_spill_close(struct store_spill *p);
uint32_t store_item_check(const struct store_item *item, const void *row);

#define STORE_BATCH_BYTES (MR_STORE_BATCH_MAX * 512u)
struct mr_store {
    /* written by the putting thread */
    struct mr_ring_writer writer;
    uint64_t next_seq, put, refused;
    /* written by the stepping thread, read by any */
    uint64_t durable MR_ALIGNED;
    _Atomic bool away, spill_fails;
    /* the stepping thread's own */
    struct mr_ring_reader reader MR_ALIGNED;
    struct mr_store_limits limits;
    struct store_db db;
    struct store_spill spill;
    uint8_t *batch; /* STORE_BATCH_BYTES */
    uint64_t batch_bytes, batch_rows, batch_seq;
    uint64_t applied; /* number of the last row in the database */
    int64_t retry_at_ns;
    char trouble[512];
    uint64_t stored, spilled, rejected, batches, failures;
};

#endif
