/* Appending, and the journal thread's round. */
#include "controlplane/journal/journal.h"

#include <errno.h>
#include <stdio.h>

#include "controlplane/journal/journal_priv.h"

/* ---- the trade tile ---- */

/* What travels through the ring: the sequence, then the payload. */
static int64_t append(void *self, enum mr_journal_kind kind, int64_t now_ns, const void *payload, uint32_t bytes)
{
    struct mr_journal *j = self;
    uint64_t seq = j->next_seq;
    int status = MR_OK;
    uint8_t *room = NULL;
    MR_ASSERT(kind > 0 && kind < MR_JOURNAL_KIND_COUNT);
    if (mr_unlikely(bytes > MR_JOURNAL_PAYLOAD_MAX))
        status = MR_E_TOO_BIG;
    else if (mr_unlikely(__atomic_load_n(&j->failed, __ATOMIC_ACQUIRE) != NULL))
        status = MR_E_IO;
    else if (mr_unlikely(!(room = mr_bytes_reserve(&j->writer, (uint32_t)sizeof seq + bytes))))
        status = MR_E_FULL;
    if (mr_unlikely(status)) {
        __atomic_store_n(&j->refused, j->refused + 1, __ATOMIC_RELAXED);
        return status;
    }
    memcpy(room, &seq, sizeof seq);
    memcpy(room + sizeof seq, payload, bytes);
    mr_bytes_publish(&j->writer, (uint16_t)kind, 0, now_ns, (uint32_t)sizeof seq + bytes);
    j->next_seq++;
    __atomic_store_n(&j->appended, j->appended + 1, __ATOMIC_RELAXED);
    return (int64_t)seq;
}

static uint64_t durable(void *self)
{
    const struct mr_journal *j = self;
    return __atomic_load_n(&j->durable, __ATOMIC_ACQUIRE);
}

static const char *failed(void *self)
{
    const struct mr_journal *j = self;
    return __atomic_load_n(&j->failed, __ATOMIC_ACQUIRE);
}

struct mr_journal_port mr_journal_port(struct mr_journal *j)
{
    return (struct mr_journal_port){.self = j, .append = append, .durable = durable, .failed = failed};
}

void mr_journal_stats(const struct mr_journal *j, struct mr_journal_stats *out)
{
#define READ(field) __atomic_load_n(&j->field, __ATOMIC_RELAXED)
    *out = (struct mr_journal_stats){
        .appended = READ(appended),
        .refused = READ(refused),
        .written = READ(written),
        .durable = READ(durable),
        .bytes = READ(bytes),
        .groups = READ(groups),
        .syncs = READ(syncs),
        .files = READ(files),
        .interrupted = READ(interrupted),
    };
#undef READ
}

const struct mr_journal_found *mr_journal_found(const struct mr_journal *j) { return &j->found; }

/* ---- the journal thread ---- */

MR_INLINE void count(uint64_t *place, uint64_t more) { __atomic_store_n(place, *place + more, __ATOMIC_RELAXED); }

/* For good: the trade tile sees the reason at its next look, and nothing is durable any more. */
static MR_COLD int fail(struct mr_journal *j, const char *what, int error)
{
    snprintf(j->reason, sizeof j->reason, "journal %.120s/%08u.mrj: %s: %s", j->folder, j->number, what,
             strerror(-error));
    __atomic_store_n(&j->failed, j->reason, __ATOMIC_RELEASE);
    return MR_E_IO;
}

static int sync_written(struct mr_journal *j, int64_t now_ns)
{
    int r = journal_sync(j->disk, j->handle, &j->interrupted);
    if (r)
        return fail(j, "fsync failed, and what was written is in doubt", r);
    j->synced_ns = now_ns;
    count(&j->syncs, 1);
    __atomic_store_n(&j->durable, j->written, __ATOMIC_RELEASE);
    return MR_OK;
}

/* What the ring holds, as records, as many as fit the group. */
static uint32_t gather(struct mr_journal *j, uint64_t *bytes)
{
    const struct mr_bytes_head *from;
    const uint8_t *data;
    uint32_t taken = 0;
    while (*bytes + JOURNAL_RECORD_MAX <= j->limits.group_bytes && (from = mr_bytes_peek(&j->reader, &data)) != NULL) {
        struct journal_record_head head = {.mark = JOURNAL_MARK,
                                           .bytes = from->len - (uint32_t)sizeof head.seq,
                                           .durable = j->durable,
                                           .time_ns = from->time_ns,
                                           .kind = from->kind};
        memcpy(&head.seq, data, sizeof head.seq);
        MR_ASSERT(head.seq == j->written + taken + 1); /* dense: nothing was lost on the way here */
        *bytes += journal_encode(&j->hasher, j->chain, j->group + *bytes, &head, data + sizeof head.seq);
        mr_bytes_release(&j->reader);
        taken++;
    }
    MR_ASSERT(j->reader.status == MR_OK); /* our own ring, in our own memory */
    return taken;
}

static int write_group(struct mr_journal *j, uint32_t taken, uint64_t bytes)
{
    int r = journal_pwrite(j->disk, j->handle, j->group, bytes, j->size, &j->interrupted);
    if (r)
        return fail(j, "cannot be written", r);
    j->size += bytes;
    count(&j->written, taken);
    count(&j->bytes, bytes);
    count(&j->groups, 1);
    return MR_OK;
}

/* All of the old file is on disk before there is a new one: only the newest can ever be torn. */
static int rotate(struct mr_journal *j, int64_t now_ns)
{
    const char *what = "cannot be followed by another: its number is the last";
    if (j->written > j->durable && sync_written(j, now_ns) != MR_OK)
        return MR_E_IO;
    if (j->number == JOURNAL_FILES_MAX)
        return fail(j, what, -EFBIG);
    int handle = journal_file_make(j, j->number + 1, now_ns, &what);
    if (handle < 0)
        return fail(j, what, handle);
    j->disk->close(j->disk->self, j->handle);
    j->handle = handle;
    j->number++;
    j->size = sizeof(struct journal_head);
    count(&j->files, 1);
    return MR_OK;
}

static bool sync_is_due(const struct mr_journal *j, int64_t now_ns)
{
    return j->written > j->durable && (j->limits.fsync == MR_JOURNAL_FSYNC_GROUP || now_ns < j->synced_ns ||
                                       now_ns - j->synced_ns >= j->limits.interval_ns);
}

int mr_journal_step(struct mr_journal *j, int64_t now_ns)
{
    uint64_t bytes = 0;
    int status = j->failed ? MR_E_IO : MR_OK;
    if (!status && j->size >= j->limits.file_bytes && j->size > sizeof(struct journal_head))
        status = rotate(j, now_ns);
    if (status)
        return status;
    uint32_t taken = gather(j, &bytes);
    if (taken)
        status = write_group(j, taken, bytes);
    if (!status && sync_is_due(j, now_ns))
        status = sync_written(j, now_ns);
    return status ? status : (int)taken;
}
