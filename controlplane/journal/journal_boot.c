/* Opening: what is there is verified, its torn tail cut, and all of it made durable before anything is built on it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "controlplane/journal/journal_priv.h"

#define GROUP_MIN 8192u
static_assert(JOURNAL_RECORD_MAX <= GROUP_MIN, "a group holds at least one record");

const struct mr_journal_limits mr_journal_limits_default = {
    .file_bytes = 64u << 20,
    .ring_bytes = 4u << 20,
    .group_bytes = 256u << 10,
    .fsync = MR_JOURNAL_FSYNC_GROUP,
    .interval_ns = 10000000,
};

struct path {
    char text[MR_JOURNAL_PATH_MAX + 2 * JOURNAL_NAME];
};
static struct path path_of(const struct mr_journal *j, uint32_t number, const char *suffix)
{
    struct path p;
    char name[JOURNAL_NAME];
    journal_file_name(name, number);
    snprintf(p.text, sizeof p.text, "%s/%s%s", j->folder, name, suffix);
    return p;
}

/* Under another name until its head is on disk: a file with the right name always has a whole head. */
int journal_file_make(struct mr_journal *j, uint32_t number, int64_t now_ns, const char **what)
{
    const struct mr_disk *disk = j->disk;
    struct path path = path_of(j, number, ""), made = path_of(j, number, ".new");
    struct journal_head head = {.magic = JOURNAL_MAGIC,
                                .version = JOURNAL_VERSION,
                                .head_bytes = sizeof head,
                                .number = number,
                                .first_seq = j->written + 1,
                                .created_ns = now_ns};
    memcpy(head.previous, j->chain, JOURNAL_HASH);
    memcpy(head.build, j->build, sizeof head.build);
    journal_hash(&j->hasher, NULL, &head, offsetof(struct journal_head, hash), head.hash);
    *what = "the next file cannot be made";
    int handle = disk->open(disk->self, made.text, O_RDWR | O_CREAT | O_TRUNC);
    if (handle < 0)
        return handle;
    int r = journal_pwrite(disk, handle, &head, sizeof head, 0, &j->interrupted);
    if (!r)
        r = journal_sync(disk, handle, &j->interrupted);
    if (!r)
        r = disk->rename(disk->self, made.text, path.text);
    if (!r)
        r = disk->sync_folder(disk->self, j->folder);
    if (r) {
        disk->close(disk->self, handle);
        return r;
    }
    memcpy(j->chain, head.hash, JOURNAL_HASH);
    return handle;
}

static int lock(struct mr_journal *j, struct mr_err *err)
{
    char path[MR_JOURNAL_PATH_MAX + JOURNAL_NAME], who[24] = "";
    snprintf(path, sizeof path, "%s/lock", j->folder);
    j->lock = j->disk->open(j->disk->self, path, O_RDWR | O_CREAT);
    if (j->lock < 0)
        return mr_err_set(err, MR_E_IO, "%s: cannot be opened: %s", path, strerror(-j->lock));
    int r = j->disk->lock(j->disk->self, j->lock);
    if (r == -EAGAIN || r == -EACCES) {
        int64_t n = j->disk->pread(j->disk->self, j->lock, who, sizeof who - 1, 0);
        who[n > 0 ? n : 0] = 0;
        return mr_err_set(err, MR_E_FULL,
                          "%s: another process%s%s writes this journal; stop it, or give this one another folder",
                          j->folder, *who ? ", " : "", who);
    }
    if (r)
        return mr_err_set(err, MR_E_IO, "%s: cannot be locked: %s", path, strerror(-r));
    int n = snprintf(who, sizeof who, "%ld",
                     (long)getpid()); /* for the sentence above; whether it is kept does not matter */
    r = j->disk->truncate(j->disk->self, j->lock, 0);
    if (!r)
        journal_pwrite(j->disk, j->lock, who, (uint64_t)n, 0, &j->interrupted);
    return MR_OK;
}

static int refuse_io(const struct journal_cursor *c, const char *what, int r, struct mr_err *err)
{
    return mr_err_set(err, MR_E_IO, "%s: %s: %s", c->path, what, strerror(-r));
}

static int cut(struct mr_journal *j, struct journal_cursor *c, struct mr_err *err)
{
    int r = c->disk->truncate(c->disk->self, c->handle, c->offset);
    if (r)
        return refuse_io(c, "its torn tail cannot be cut", r, err);
    j->found.cut_bytes = c->size - c->offset;
    snprintf(j->found.told, sizeof j->found.told,
             "journal %08u.mrj: %llu bytes behind record %llu were never durable and are cut (%s)", j->number,
             (unsigned long long)j->found.cut_bytes, (unsigned long long)(c->seq - 1), c->why);
    c->size = c->offset;
    return MR_OK;
}

/* Writes what nobody vouches for once more, as it was read. Where an fsync had failed, its pages may be in memory only and count as
 * clean: without this the fsync below would answer for bytes that never reached the disk. */
static int make_durable(struct mr_journal *j, struct journal_cursor *c, struct mr_err *err)
{
    int r = 0;
    for (uint64_t at = c->safe_offset; at < c->size && !r;) {
        uint64_t left = c->size - at, bytes = left < JOURNAL_WINDOW ? left : JOURNAL_WINDOW;
        c->window_have = 0;
        r = journal_pread(c->disk, c->handle, c->window, bytes, at);
        if (!r)
            r = journal_pwrite(c->disk, c->handle, c->window, bytes, at, &j->interrupted);
        at += bytes;
    }
    if (!r)
        r = journal_sync(c->disk, c->handle, &j->interrupted);
    if (!r)
        r = c->disk->sync_folder(c->disk->self, j->folder);
    return r ? refuse_io(c, "cannot be made durable", r, err) : MR_OK;
}

static int go_through(struct mr_journal *j, struct journal_cursor *c, struct mr_err *err)
{
    struct mr_journal_record record;
    int status;
    while ((status = journal_cursor_next(c, &record, err)) == MR_OK) {
    }
    if (status == MR_E_IO)
        return status;
    if (status != MR_E_END) {
        status = journal_cursor_torn(c, err);
        if (!status)
            status = cut(j, c, err);
        if (status)
            return status;
    }
    return make_durable(j, c, err);
}

static int take_over(struct mr_journal *j, const struct journal_files *files, struct mr_err *err)
{
    struct journal_cursor c;
    j->number = files->last;
    int status = journal_cursor_open(&c, j->disk, path_of(j, j->number, "").text, O_RDWR, err);
    if (status)
        return status;
    if (c.head.number != j->number)
        status = mr_err_set(err, MR_E_CORRUPT, "%s: byte 0: its head says it is file %08llu; give it its name back",
                            c.path, (unsigned long long)c.head.number);
    if (!status && files->count > 1)
        status = journal_link_check(j->disk, j->folder, &c.head, NULL, err);
    if (!status)
        status = go_through(j, &c, err);
    if (!status) {
        j->written = c.seq - 1;
        j->size = c.size;
        memcpy(j->chain, c.chain, JOURNAL_HASH);
        j->handle = c.handle;
        c.handle = -1; /* stays open; the rest is given back */
        journal_hasher_close(&c.hasher);
        free(c.window);
    }
    journal_cursor_close(&c);
    return status;
}

static int begin(struct mr_journal *j, int64_t now_ns, struct mr_err *err)
{
    const char *what;
    j->number = 1;
    j->handle = journal_file_make(j, 1, now_ns, &what);
    if (j->handle < 0)
        return mr_err_set(err, MR_E_IO, "%s: %s: %s", j->folder, what, strerror(-j->handle));
    j->size = sizeof(struct journal_head);
    return MR_OK;
}

static int open_files(struct mr_journal *j, int64_t now_ns, struct mr_err *err)
{
    struct journal_files files;
    int r = j->disk->make_folder(j->disk->self, j->folder);
    if (r)
        return mr_err_set(err, MR_E_IO, "%s: cannot be made: %s", j->folder, strerror(-r));
    int status = lock(j, err);
    if (!status)
        status = journal_files(j->disk, j->folder, &files, err);
    if (status)
        return status;
    status = files.count ? take_over(j, &files, err) : begin(j, now_ns, err);
    if (status)
        return status;
    j->found.file = j->number;
    j->found.last_seq = j->durable = j->written;
    j->next_seq = j->written + 1;
    j->synced_ns = now_ns;
    return MR_OK;
}

static int check_limits(const char *folder, const struct mr_journal_limits *l, struct mr_err *err)
{
    if (mr_bytes_ring_bytes(l->ring_bytes) == 0 || (l->ring_bytes & (l->ring_bytes - 1)))
        return mr_err_set(err, MR_E_INVALID, "journal: a ring of %u bytes: want a power of two, at least 128 KiB",
                          l->ring_bytes);
    if (l->group_bytes < GROUP_MIN)
        return mr_err_set(err, MR_E_INVALID, "journal: a group of %u bytes: want at least %u", l->group_bytes,
                          GROUP_MIN);
    if (strlen(folder) >= MR_JOURNAL_PATH_MAX - JOURNAL_NAME)
        return mr_err_set(err, MR_E_TOO_BIG, "the path of the journal is longer than %d bytes",
                          MR_JOURNAL_PATH_MAX - JOURNAL_NAME - 1);
    return MR_OK;
}

static size_t up(size_t bytes) { return (bytes + 127) & ~(size_t)127; }

int mr_journal_open(struct mr_journal **out, const char *folder, const struct mr_journal_limits *limits, int64_t now_ns,
                    struct mr_err *err)
{
    *out = NULL;
    int status = check_limits(folder, limits, err);
    if (status)
        return status;
    size_t own = up(sizeof(struct mr_journal)), ring = up(mr_bytes_ring_bytes(limits->ring_bytes)),
           all = own + ring + up(limits->group_bytes);
    struct mr_journal *j = aligned_alloc(128, all);
    if (!j)
        return mr_err_set(err, MR_E_NOMEM, "no memory for the journal: %zu bytes", all);
    memset(j, 0, all);
    uint8_t *mem = (uint8_t *)j;
    j->limits = *limits;
    j->disk = limits->disk ? limits->disk : &mr_disk_host;
    j->handle = j->lock = -1;
    j->group = mem + own + ring;
    snprintf(j->folder, sizeof j->folder, "%s", folder);
    snprintf(j->build, sizeof j->build, "%s", limits->build ? limits->build : "");
    journal_hasher_open(&j->hasher);
    status = mr_bytes_ring_init(mem + own, limits->ring_bytes, MR_RING_BACKPRESSURE);
    MR_ASSERT(status == MR_OK && mr_ring_writer_open(&j->writer, mem + own, ring) == MR_OK &&
              mr_ring_reader_open(&j->reader, mem + own, ring) == MR_OK);
    status = open_files(j, now_ns, err);
    if (status)
        mr_journal_close(j, now_ns);
    else
        *out = j;
    return status;
}

void mr_journal_close(struct mr_journal *j, int64_t now_ns)
{
    if (j->handle >= 0) {
        j->limits.fsync = MR_JOURNAL_FSYNC_GROUP;
        while (mr_journal_step(j, now_ns) > 0) {
        }
        j->disk->close(j->disk->self, j->handle);
    }
    if (j->lock >= 0)
        j->disk->close(j->disk->self, j->lock);
    journal_hasher_close(&j->hasher);
    free(j);
}
