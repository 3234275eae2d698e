/* Where rows wait while the database is away: a file of items, appended and synced, read from its beginning, emptied when all are applied. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "controlplane/store/store_priv.h"

#define MAGIC "MRSPILL1"
struct spill_head {
    char magic[8];
    uint64_t layout; /* store_layout */
    uint64_t spare[2];
};

uint32_t store_item_check(const struct store_item *item, const void *row)
{
    return (uint32_t)XXH3_64bits_withSeed(row, item->bytes, item->seq * MR_STORE_TABLE_COUNT + item->table);
}

static int read_all(const struct store_spill *p, void *out, uint64_t bytes, uint64_t at)
{
    for (uint64_t done = 0; done < bytes;) {
        int64_t n = p->disk->pread(p->disk->self, p->handle, (uint8_t *)out + done, bytes - done, at + done);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? (int)n : -ENODATA;
        done += (uint64_t)n;
    }
    return 0;
}

static int write_all(const struct store_spill *p, const void *data, uint64_t bytes, uint64_t at)
{
    for (uint64_t done = 0; done < bytes;) {
        int64_t n = p->disk->pwrite(p->disk->self, p->handle, (const uint8_t *)data + done, bytes - done, at + done);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        done += (uint64_t)n;
    }
    return p->disk->fdatasync(p->disk->self, p->handle);
}

/* Whole items that are what was written; 0 at the first that is not. */
static uint64_t item_at(const struct store_spill *p, uint64_t at, uint64_t size, uint8_t *out, struct store_item *item)
{
    if (at + sizeof *item > size || read_all(p, item, sizeof *item, at))
        return 0;
    uint64_t bytes = store_item_bytes(item->bytes);
    if (item->seq <= p->last_seq || item->table == 0 || item->table >= MR_STORE_TABLE_COUNT ||
        item->bytes != store_tables[item->table].bytes || at + bytes > size || read_all(p, out, bytes, at))
        return 0;
    return store_item_check(item, out + sizeof *item) == item->check ? bytes : 0;
}

static int look_through(struct store_spill *p, uint64_t size, struct mr_err *err)
{
    struct spill_head head;
    struct store_item item;
    uint8_t *row = malloc(store_item_bytes(MR_STORE_ROW_MAX));
    uint64_t bytes;
    int r = row ? read_all(p, &head, sizeof head, 0) : -ENOMEM;
    if (r) {
        free(row);
        return mr_err_set(err, MR_E_IO, "%s: %s", p->path, strerror(-r));
    }
    if (memcmp(head.magic, MAGIC, sizeof head.magic) != 0 || head.layout != store_layout()) {
        free(row);
        return mr_err_set(err, MR_E_LAYOUT,
                          "%s: rows of another build wait in it; let that build write them, or move the file away",
                          p->path);
    }
    for (p->bytes = sizeof head; (bytes = item_at(p, p->bytes, size, row, &item)) != 0; p->bytes += bytes)
        p->last_seq = item.seq;
    free(row);
    if (p->bytes == size)
        return MR_OK;
    r = p->disk->truncate(p->disk->self, p->handle, p->bytes); /* what is behind was never acknowledged */
    if (!r)
        r = p->disk->fdatasync(p->disk->self, p->handle);
    return r ? mr_err_set(err, MR_E_IO, "%s: its torn tail cannot be cut: %s", p->path, strerror(-r)) : MR_OK;
}

int store_spill_open(struct store_spill *p, const struct mr_disk *disk, const char *folder, struct mr_err *err)
{
    *p = (struct store_spill){.disk = disk};
    snprintf(p->path, sizeof p->path, "%s/spill.bin", folder);
    p->handle = disk->open(disk->self, p->path, O_RDWR | O_CREAT);
    if (p->handle < 0)
        return mr_err_set(err, MR_E_IO, "%s: %s", p->path, strerror(-p->handle));
    int64_t size = disk->size(disk->self, p->handle);
    int r = size < 0 ? (int)size : disk->sync_folder(disk->self, folder);
    int status = r ? mr_err_set(err, MR_E_IO, "%s: %s", p->path, strerror(-r)) : MR_OK;
    if (!status && (uint64_t)size > sizeof(struct spill_head))
        status = look_through(p, (uint64_t)size, err);
    p->read_at = sizeof(struct spill_head);
    if (status)
        store_spill_close(p);
    return status;
}

void store_spill_close(struct store_spill *p)
{
    if (p->handle >= 0)
        p->disk->close(p->disk->self, p->handle);
    p->handle = -1;
}

int store_spill_add(struct store_spill *p, const uint8_t *items, uint64_t bytes)
{
    struct spill_head head = {.layout = store_layout()};
    memcpy(head.magic, MAGIC, sizeof head.magic);
    if (p->bytes == 0) {
        int r = p->disk->truncate(p->disk->self, p->handle, 0);
        if (!r)
            r = write_all(p, &head, sizeof head, 0);
        if (r)
            return r;
        p->bytes = p->read_at = sizeof head;
    }
    int r = write_all(p, items, bytes, p->bytes);
    if (!r)
        p->bytes += bytes;
    return r;
}

int64_t store_spill_read(struct store_spill *p, uint8_t *out, uint64_t room)
{
    uint64_t left = p->bytes > p->read_at ? p->bytes - p->read_at : 0, bytes = left < room ? left : room, whole = 0;
    int r = bytes ? read_all(p, out, bytes, p->read_at) : 0;
    if (r)
        return r;
    while (whole + sizeof(struct store_item) <= bytes) {
        struct store_item item;
        memcpy(&item, out + whole, sizeof item);
        if (whole + store_item_bytes(item.bytes) > bytes)
            break;
        whole += store_item_bytes(item.bytes);
    }
    return (int64_t)whole;
}

int store_spill_clear(struct store_spill *p)
{
    int r = p->disk->truncate(p->disk->self, p->handle, 0);
    if (!r)
        r = p->disk->fdatasync(p->disk->self, p->handle);
    if (!r)
        p->bytes = 0;
    return r;
}
