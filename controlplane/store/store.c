#include "controlplane/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/store/store_priv.h"

const struct mr_store_limits mr_store_limits_default = {
    .ring_bytes = 8u << 20, .batch_rows = 1000, .retry_ns = 1000000000, .spill_bytes = 1u << 30};

/* ---- the putting thread ---- */

static int64_t put(struct mr_store *s, enum mr_store_table table, const void *row)
{
    uint32_t bytes = store_tables[table].bytes;
    uint8_t *room = mr_bytes_reserve(&s->writer, (uint32_t)sizeof(struct store_item) + bytes);
    if (mr_unlikely(!room)) {
        __atomic_store_n(&s->refused, s->refused + 1, __ATOMIC_RELAXED);
        return MR_E_FULL;
    }
    struct store_item item = {.seq = s->next_seq, .table = (uint16_t)table, .bytes = (uint16_t)bytes};
    memcpy(room, &item, sizeof item);
    memcpy(room + sizeof item, row, bytes);
    mr_bytes_publish(&s->writer, (uint16_t)table, 0, 0, (uint32_t)sizeof item + bytes);
    __atomic_store_n(&s->put, s->put + 1, __ATOMIC_RELAXED);
    return (int64_t)s->next_seq++;
}

int64_t mr_store_put_order(struct mr_store *s, const struct mr_store_order *row) { return put(s, MR_STORE_ORDER, row); }
int64_t mr_store_put_position(struct mr_store *s, const struct mr_store_position *row)
{
    return put(s, MR_STORE_POSITION, row);
}
int64_t mr_store_put_signal(struct mr_store *s, const struct mr_store_signal *row)
{
    return put(s, MR_STORE_SIGNAL, row);
}
int64_t mr_store_put_risk(struct mr_store *s, const struct mr_store_risk *row) { return put(s, MR_STORE_RISK, row); }
int64_t mr_store_put_fill(struct mr_store *s, const struct mr_store_fill *row) { return put(s, MR_STORE_FILL, row); }

uint64_t mr_store_durable(const struct mr_store *s) { return __atomic_load_n(&s->durable, __ATOMIC_ACQUIRE); }

void mr_store_stats(const struct mr_store *s, struct mr_store_stats *out)
{
#define READ(field) __atomic_load_n(&s->field, __ATOMIC_RELAXED)
    *out = (struct mr_store_stats){.put = READ(put),
                                   .refused = READ(refused),
                                   .stored = READ(stored),
                                   .spilled = READ(spilled),
                                   .rejected = READ(rejected),
                                   .batches = READ(batches),
                                   .failures = READ(failures),
                                   .spill_bytes = READ(spill.bytes)};
#undef READ
}

/* ---- the io thread ---- */

/* The batch is filled once and kept until database or spill file has it. */
static void gather(struct mr_store *s)
{
    const struct mr_bytes_head *head;
    const uint8_t *data;
    while (s->batch_rows < s->limits.batch_rows &&
           s->batch_bytes + store_item_bytes(MR_STORE_ROW_MAX) <= STORE_BATCH_BYTES &&
           (head = mr_bytes_peek(&s->reader, &data)) != NULL) {
        struct store_item item;
        memcpy(&item, data, sizeof item);
        MR_ASSERT(head->len == sizeof item + item.bytes && item.seq == s->batch_seq + 1);
        item.check = store_item_check(&item, data + sizeof item);
        uint8_t *at = s->batch + s->batch_bytes;
        memcpy(at, &item, sizeof item);
        memcpy(at + sizeof item, data + sizeof item, item.bytes);
        memset(at + sizeof item + item.bytes, 0, store_item_bytes(item.bytes) - sizeof item - item.bytes);
        s->batch_bytes += store_item_bytes(item.bytes);
        s->batch_rows++;
        s->batch_seq = item.seq;
        mr_bytes_release(&s->reader);
    }
    MR_ASSERT(s->reader.status == MR_OK);
}

static void batch_done(struct mr_store *s)
{
    __atomic_store_n(&s->durable, s->batch_seq, __ATOMIC_RELEASE);
    s->batch_bytes = s->batch_rows = 0;
    s->spill_fails = false;
}

static MR_COLD int database_fails(struct mr_store *s, int64_t now_ns)
{
    s->failures++;
    s->away = true;
    s->retry_at_ns = now_ns + s->limits.retry_ns;
    snprintf(s->trouble, sizeof s->trouble, "database: %s", s->db.why);
    return MR_E_IO;
}

static int to_database(struct mr_store *s, const uint8_t *items, uint64_t bytes, int64_t now_ns)
{
    if (store_db_apply(&s->db, items, bytes, &s->applied, &s->stored, &s->rejected) != MR_OK)
        return database_fails(s, now_ns);
    s->batches++;
    s->away = false;
    return MR_OK;
}

/* The batch in hand behind what waits there already. */
static int to_spill(struct mr_store *s)
{
    int r = s->spill.bytes + s->batch_bytes > s->limits.spill_bytes
                ? -EFBIG
                : store_spill_add(&s->spill, s->batch, s->batch_bytes);
    s->spill_fails = r != 0;
    if (r) {
        snprintf(s->trouble, sizeof s->trouble, "%.200s: %s, and the database: %.150s", s->spill.path, strerror(-r),
                 s->db.why);
        return 0;
    }
    int rows = (int)s->batch_rows;
    s->spilled += s->batch_rows;
    s->spill.last_seq = s->batch_seq;
    batch_done(s);
    return rows;
}

static MR_COLD int spill_fails(struct mr_store *s, int error, int64_t now_ns)
{
    snprintf(s->db.why, sizeof s->db.why, "%.200s: %s", s->spill.path, strerror(-error));
    return database_fails(s, now_ns);
}

/* One batch from the spill file; emptied when all of it is in the database. If that fails its rows are read once more, and are known to be
 * applied. */
static int from_spill(struct mr_store *s, uint8_t *room, int64_t now_ns)
{
    int64_t bytes = store_spill_read(&s->spill, room, STORE_BATCH_BYTES);
    if (bytes < 0)
        return spill_fails(s, (int)bytes, now_ns);
    if (bytes > 0 && to_database(s, room, (uint64_t)bytes, now_ns) != MR_OK)
        return MR_E_IO;
    s->spill.read_at += (uint64_t)bytes;
    int r = s->spill.read_at >= s->spill.bytes ? store_spill_clear(&s->spill) : 0;
    return r ? spill_fails(s, r, now_ns) : MR_OK;
}

static bool due(const struct mr_store *s, int64_t now_ns)
{
    return now_ns >= s->retry_at_ns ||
           now_ns < s->retry_at_ns - s->limits.retry_ns; /* a clock set back waits no longer */
}

int mr_store_step(struct mr_store *s, int64_t now_ns)
{
    int moved = 0;
    gather(s);
    if (s->spill.bytes == 0 && s->batch_rows && (!s->away || due(s, now_ns))) {
        int rows = (int)s->batch_rows;
        if (to_database(s, s->batch, s->batch_bytes, now_ns) == MR_OK) {
            batch_done(s);
            return rows;
        }
    }
    if (s->batch_rows)
        moved = to_spill(s);
    if (s->spill.bytes && (!s->away || due(s, now_ns)) && from_spill(s, s->batch + STORE_BATCH_BYTES, now_ns) == MR_OK)
        moved++;
    return moved;
}

int mr_store_flush(struct mr_store *s, int64_t now_ns)
{
    s->retry_at_ns = now_ns;
    while (mr_store_step(s, now_ns) > 0) {
    }
    return s->batch_rows || s->spill.bytes || mr_store_durable(s) + 1 != __atomic_load_n(&s->next_seq, __ATOMIC_RELAXED)
               ? MR_E_IO
               : MR_OK;
}

bool mr_store_well(const struct mr_store *s) { return !s->away && !s->spill_fails; }
const char *mr_store_trouble(const struct mr_store *s) { return mr_store_well(s) ? NULL : s->trouble; }

/* ---- opening ---- */

static int check_limits(const char *folder, const struct mr_store_limits *l, struct mr_err *err)
{
    if (mr_bytes_ring_bytes(l->ring_bytes) == 0 || (l->ring_bytes & (l->ring_bytes - 1)))
        return mr_err_set(err, MR_E_INVALID, "store: a ring of %u bytes: want a power of two, at least 128 KiB",
                          l->ring_bytes);
    if (l->batch_rows == 0 || l->batch_rows > MR_STORE_BATCH_MAX)
        return mr_err_set(err, MR_E_INVALID, "store: batches of %u rows: want 1 to %u", l->batch_rows,
                          MR_STORE_BATCH_MAX);
    if (strlen(folder) > 400)
        return mr_err_set(err, MR_E_TOO_BIG, "the path of the store is longer than 400 bytes");
    return MR_OK;
}

static int open_files(struct mr_store *s, const char *folder, struct mr_err *err)
{
    const struct mr_disk *disk = s->limits.disk;
    char file[512];
    int r = disk->make_folder(disk->self, folder);
    if (r)
        return mr_err_set(err, MR_E_IO, "%s: cannot be made: %s", folder, strerror(-r));
    snprintf(file, sizeof file, "%s/store.db", folder);
    int status = store_db_open(&s->db, file, s->limits.vfs, err);
    if (!status)
        status = store_db_applied(&s->db, &s->applied, err);
    if (!status)
        status = store_spill_open(&s->spill, disk, folder, err); /* and the names of both files are durable */
    s->batch_seq = s->applied > s->spill.last_seq ? s->applied : s->spill.last_seq;
    s->durable = s->batch_seq;
    s->next_seq = s->batch_seq + 1;
    return status;
}

static size_t up(size_t bytes) { return (bytes + 127) & ~(size_t)127; }

int mr_store_open(struct mr_store **out, const char *folder, const struct mr_store_limits *limits, struct mr_err *err)
{
    *out = NULL;
    int status = check_limits(folder, limits, err);
    if (status)
        return status;
    size_t own = up(sizeof(struct mr_store)), ring = up(mr_bytes_ring_bytes(limits->ring_bytes)),
           all = own + ring + 2 * STORE_BATCH_BYTES;
    struct mr_store *s = aligned_alloc(128, up(all));
    if (!s)
        return mr_err_set(err, MR_E_NOMEM, "no memory for the store: %zu bytes", all);
    memset(s, 0, own);
    uint8_t *mem = (uint8_t *)s + own;
    s->limits = *limits;
    s->limits.disk = limits->disk ? limits->disk : &mr_disk_host;
    s->spill.handle = -1;
    s->batch = mem + ring;
    status = mr_bytes_ring_init(mem, limits->ring_bytes, MR_RING_BACKPRESSURE);
    MR_ASSERT(status == MR_OK && mr_ring_writer_open(&s->writer, mem, ring) == MR_OK &&
              mr_ring_reader_open(&s->reader, mem, ring) == MR_OK);
    status = open_files(s, folder, err);
    if (!status) {
        *out = s;
        return MR_OK;
    }
    store_spill_close(&s->spill);
    store_db_close(&s->db);
    free(s);
    return status;
}

void mr_store_close(struct mr_store *s, int64_t now_ns)
{
    mr_store_flush(s, now_ns);
    store_spill_close(&s->spill);
    store_db_close(&s->db);
    free(s);
}
