/* Reading: one file record by record, then all files of a folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/journal/journal_priv.h"

#define SCAN_STEP 8                              /* records begin at multiples of it */
#define LOOK (JOURNAL_HASH + JOURNAL_RECORD_MAX) /* a record, and the link before it */

int journal_cursor_refuse(const struct journal_cursor *c, int status, struct mr_err *err)
{
    return mr_err_set(err, status,
                      "%s: record %llu at byte %llu: %s; put a good copy of this file in its place, or move the whole "
                      "folder away and reconcile with the venues by hand",
                      c->path, (unsigned long long)c->seq, (unsigned long long)c->offset, c->why);
}

static int refuse_head(const char *path, int status, const char *why, struct mr_err *err)
{
    return mr_err_set(err, status,
                      "%s: byte 0: %s; put a good copy of this file in its place, or move the whole folder away "
                      "and reconcile with the venues by hand",
                      path, why);
}

static int read_head(struct journal_cursor *c, struct mr_err *err)
{
    const char *why = "the file ends in the middle of its head";
    int64_t size = c->disk->size(c->disk->self, c->handle);
    if (size < 0)
        return mr_err_set(err, MR_E_IO, "%s: %s", c->path, strerror((int)-size));
    if ((uint64_t)size < sizeof c->head)
        return refuse_head(c->path, MR_E_TRUNCATED, why, err);
    int r = journal_pread(c->disk, c->handle, &c->head, sizeof c->head, 0);
    if (r)
        return mr_err_set(err, MR_E_IO, "%s: cannot be read: %s", c->path, strerror(-r));
    int status = journal_head_check(&c->hasher, &c->head, &why);
    if (status)
        return refuse_head(c->path, status, why, err);
    c->size = (uint64_t)size;
    c->offset = c->safe_offset = c->mark_offset = sizeof c->head;
    c->seq = c->head.first_seq;
    c->mark_seq = c->seq - 1;
    memcpy(c->chain, c->head.hash, JOURNAL_HASH);
    return MR_OK;
}

int journal_cursor_open(struct journal_cursor *c, const struct mr_disk *disk, const char *path, int flags,
                        struct mr_err *err)
{
    *c = (struct journal_cursor){.disk = disk, .handle = -1};
    snprintf(c->path, sizeof c->path, "%s", path);
    c->handle = disk->open(disk->self, path, flags);
    if (c->handle < 0)
        return mr_err_set(err, MR_E_IO, "%s: cannot be opened: %s", path, strerror(-c->handle));
    journal_hasher_open(&c->hasher);
    c->window = malloc(JOURNAL_WINDOW);
    int status = c->window ? read_head(c, err) : mr_err_set(err, MR_E_NOMEM, "no memory to read %s", path);
    if (status)
        journal_cursor_close(c);
    return status;
}

void journal_cursor_close(struct journal_cursor *c)
{
    if (c->handle < 0)
        return;
    c->disk->close(c->disk->self, c->handle);
    journal_hasher_close(&c->hasher);
    free(c->window);
    c->window = NULL;
    c->handle = -1;
}

/* The bytes of the file from `at` on, as many as fit the window, at least a record's if there are so many. */
static int look(struct journal_cursor *c, uint64_t at, const uint8_t **bytes, uint64_t *have, struct mr_err *err)
{
    uint64_t left = c->size - at, want = left < LOOK ? left : LOOK;
    if (at < c->window_at || at + want > c->window_at + c->window_have) {
        uint64_t fill = left < JOURNAL_WINDOW ? left : JOURNAL_WINDOW;
        c->window_have = 0;
        int r = journal_pread(c->disk, c->handle, c->window, fill, at);
        if (r)
            return mr_err_set(err, MR_E_IO, "%s: byte %llu cannot be read: %s", c->path, (unsigned long long)at,
                              strerror(-r));
        c->window_at = at;
        c->window_have = fill;
    }
    *bytes = c->window + (at - c->window_at);
    *have = c->window_at + c->window_have - at;
    return MR_OK;
}

/* What later records say of earlier ones: groups end where the claim moves. */
static void vouch(struct journal_cursor *c, uint64_t durable)
{
    if (durable <= c->attested)
        return;
    c->attested = durable;
    if (c->mark_seq > durable)
        return;
    c->safe_offset = c->mark_offset;
    c->mark_seq = c->seq - 1;
    c->mark_offset = c->offset;
    if (c->mark_seq <= durable)
        c->safe_offset = c->mark_offset;
}

int journal_cursor_next(struct journal_cursor *c, struct mr_journal_record *out, struct mr_err *err)
{
    const uint8_t *at = NULL;
    uint64_t have = 0;
    uint32_t bytes = 0;
    struct journal_record_head head;
    if (c->offset == c->size)
        return MR_E_END;
    int status = look(c, c->offset, &at, &have, err);
    if (!status)
        status = journal_check(&c->hasher, c->chain, at, have, &bytes, &c->why);
    if (status)
        return status;
    memcpy(&head, at, sizeof head);
    if (head.seq != c->seq || head.durable >= head.seq) {
        c->why = "its hash is good and its sequence is not the next";
        return MR_E_CORRUPT;
    }
    vouch(c, head.durable);
    *out = (struct mr_journal_record){.seq = head.seq,
                                      .durable = head.durable,
                                      .time_ns = head.time_ns,
                                      .offset = c->offset,
                                      .file = (uint32_t)c->head.number,
                                      .bytes = head.bytes,
                                      .kind = head.kind,
                                      .payload = at + sizeof head};
    memcpy(c->chain, at + bytes - JOURNAL_HASH, JOURNAL_HASH);
    c->offset += bytes;
    c->seq++;
    return MR_OK;
}

/* A record that verifies by itself, with the 16 bytes that stand before it, and says that the bad one was on disk. */
static bool accuses(const struct journal_cursor *c, const uint8_t *before, const uint8_t *at, uint64_t have)
{
    struct journal_record_head head;
    uint32_t bytes;
    const char *why;
    if (have < sizeof head)
        return false;
    memcpy(&head, at, sizeof head);
    return head.mark == JOURNAL_MARK && head.durable >= c->seq && head.durable < head.seq &&
           journal_check(&c->hasher, before, at, have, &bytes, &why) == MR_OK;
}

int journal_cursor_torn(struct journal_cursor *c, struct mr_err *err)
{
    for (uint64_t offset = c->offset; offset + SCAN_STEP < c->size; offset += SCAN_STEP) {
        const uint8_t *before = NULL;
        uint64_t have = 0;
        int status = look(c, offset - JOURNAL_HASH, &before, &have, err);
        if (status)
            return status;
        if (accuses(c, before, before + JOURNAL_HASH, have > JOURNAL_HASH ? have - JOURNAL_HASH : 0))
            return journal_cursor_refuse(c, MR_E_CORRUPT, err);
    }
    return MR_OK;
}

int journal_link_check(const struct mr_disk *disk, const char *folder, const struct journal_head *head,
                       const uint8_t *chain, struct mr_err *err)
{
    char name[JOURNAL_NAME], path[MR_JOURNAL_PATH_MAX + JOURNAL_NAME];
    uint8_t last[JOURNAL_HASH];
    journal_file_name(name, (uint32_t)head->number - 1);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!chain) {
        int handle = disk->open(disk->self, path, O_RDONLY);
        if (handle < 0)
            return mr_err_set(err, MR_E_IO, "%s: cannot be opened: %s", path, strerror(-handle));
        int64_t size = disk->size(disk->self, handle);
        int r = size < 0 ? (int)size : size < JOURNAL_HASH ? -ENODATA : 0;
        if (!r)
            r = journal_pread(disk, handle, last, sizeof last, (uint64_t)size - JOURNAL_HASH);
        disk->close(disk->self, handle);
        if (r)
            return mr_err_set(err, r == -ENODATA ? MR_E_TRUNCATED : MR_E_IO, "%s: its last record cannot be read: %s",
                              path, r == -ENODATA ? "the file is cut" : strerror(-r));
        chain = last;
    }
    if (memcmp(chain, head->previous, JOURNAL_HASH) != 0)
        return mr_err_set(
            err, MR_E_CORRUPT,
            "%s: its last record is not the one that %08llu.mrj goes on from; put the right copies of both "
            "files in place",
            path, (unsigned long long)head->number);
    return MR_OK;
}

/* ---- all files ---- */

struct walk {
    const struct mr_disk *disk;
    const char *folder;
    uint64_t from;
    mr_journal_each_fn *each;
    void *arg;
    struct mr_journal_report *report;
    struct mr_err *err;
    uint8_t chain[JOURNAL_HASH];
    bool chained;      /* `chain` is the last link of the file before */
    uint64_t next_seq; /* what the next file must begin with; 0: not known */
    int stopped;       /* what `each` returned */
};

static void report_record(struct mr_journal_report *r, const struct mr_journal_record *record, uint64_t bytes)
{
    if (r->records++ == 0) {
        r->first_seq = record->seq;
        r->first_ns = record->time_ns;
    }
    r->last_seq = record->seq;
    r->last_ns = record->time_ns;
    r->bytes += bytes;
    r->kinds[record->kind < MR_JOURNAL_KIND_COUNT ? record->kind : 0]++;
}

static int bad_record(struct walk *w, struct journal_cursor *c, int status, bool newest)
{
    if (status == MR_E_IO)
        return status;
    if (!newest)
        return journal_cursor_refuse(c, status, w->err);
    status = journal_cursor_torn(c, w->err);
    if (status)
        return status;
    w->report->torn_offset = c->offset;
    w->report->torn_bytes = c->size - c->offset;
    return MR_OK;
}

static int walk_records(struct walk *w, struct journal_cursor *c, bool newest)
{
    for (;;) {
        struct mr_journal_record record;
        int status = journal_cursor_next(c, &record, w->err);
        if (status == MR_E_END)
            return MR_OK;
        if (status)
            return bad_record(w, c, status, newest);
        if (record.seq < w->from)
            continue;
        report_record(w->report, &record, c->offset - record.offset);
        w->stopped = w->each ? w->each(w->arg, &record) : 0;
        if (w->stopped)
            return MR_OK;
    }
}

/* The next file's head begins where this one must end. */
static int first_of(struct walk *w, uint32_t number, uint64_t *first)
{
    struct journal_cursor c;
    char path[MR_JOURNAL_PATH_MAX + JOURNAL_NAME], name[JOURNAL_NAME];
    journal_file_name(name, number);
    snprintf(path, sizeof path, "%s/%s", w->folder, name);
    int status = journal_cursor_open(&c, w->disk, path, O_RDONLY, w->err);
    if (status)
        return status;
    *first = c.head.first_seq;
    journal_cursor_close(&c);
    return MR_OK;
}

static int wrong_place(const struct journal_cursor *c, uint64_t want, const char *what, uint64_t is, struct mr_err *err)
{
    return mr_err_set(err, MR_E_CORRUPT,
                      "%s: byte 0: its head says %s %llu, and %llu is wanted here; put the right file in its place",
                      c->path, what, (unsigned long long)is, (unsigned long long)want);
}

static int walk_file(struct walk *w, const char *path, uint32_t number, bool newest)
{
    struct journal_cursor c;
    int status = journal_cursor_open(&c, w->disk, path, O_RDONLY, w->err);
    if (status)
        return status;
    if (number && c.head.number != number)
        status = wrong_place(&c, number, "file", c.head.number, w->err);
    else if (w->next_seq && c.head.first_seq != w->next_seq)
        status = wrong_place(&c, w->next_seq, "record", c.head.first_seq, w->err);
    else if (w->chained)
        status = journal_link_check(w->disk, w->folder, &c.head, w->chain, w->err);
    if (!status)
        status = walk_records(w, &c, newest);
    if (!status) {
        w->report->files++;
        w->chained = true;
        w->next_seq = c.seq;
        memcpy(w->chain, c.chain, JOURNAL_HASH);
        memcpy(w->report->hash, c.chain, JOURNAL_HASH);
    }
    journal_cursor_close(&c);
    return status;
}

/* Whether the file ends before `from`: the next one's head says so. */
static int skip_file(struct walk *w, uint32_t number, bool *skipped)
{
    uint64_t first;
    int status = first_of(w, number + 1, &first);
    *skipped = !status && first <= w->from;
    return status;
}

static int walk_folder(struct walk *w)
{
    struct journal_files files;
    int status = journal_files(w->disk, w->folder, &files, w->err);
    if (!status && !files.count)
        return mr_err_set(w->err, MR_E_EMPTY, "%s: no journal file (NNNNNNNN.mrj) is there", w->folder);
    for (uint32_t number = files.first; !status && !w->stopped && number <= files.last; number++) {
        char path[MR_JOURNAL_PATH_MAX + JOURNAL_NAME], name[JOURNAL_NAME];
        bool skipped = false;
        if (number < files.last && w->from && !w->chained)
            status = skip_file(w, number, &skipped);
        if (status || skipped)
            continue;
        journal_file_name(name, number);
        snprintf(path, sizeof path, "%s/%s", w->folder, name);
        status = walk_file(w, path, number, number == files.last);
    }
    return status;
}

static int take_any(void *arg, const char *name)
{
    (void)arg, (void)name;
    return 0;
}

int mr_journal_each(const struct mr_disk *disk, const char *path, uint64_t from, mr_journal_each_fn *each, void *arg,
                    struct mr_journal_report *report, struct mr_err *err)
{
    struct mr_journal_report own;
    struct walk w = {.disk = disk ? disk : &mr_disk_host,
                     .folder = path,
                     .from = from,
                     .each = each,
                     .arg = arg,
                     .report = report ? report : &own,
                     .err = err};
    *w.report = (struct mr_journal_report){0};
    if (strlen(path) >= MR_JOURNAL_PATH_MAX - JOURNAL_NAME)
        return mr_err_set(err, MR_E_TOO_BIG, "the path of the journal is longer than %d bytes",
                          MR_JOURNAL_PATH_MAX - JOURNAL_NAME - 1);
    int r = w.disk->list(w.disk->self, path, take_any, NULL);
    int status = r == -ENOTDIR ? walk_file(&w, path, 0, true) : walk_folder(&w);
    return status ? status : w.stopped;
}

bool mr_journal_locked(const struct mr_disk *disk, const char *folder)
{
    char path[MR_JOURNAL_PATH_MAX + JOURNAL_NAME];
    if (!disk)
        disk = &mr_disk_host;
    snprintf(path, sizeof path, "%s/lock", folder);
    int handle = disk->open(disk->self, path, O_RDONLY);
    if (handle < 0)
        return false;
    bool locked = disk->locked(disk->self, handle);
    disk->close(disk->self, handle);
    return locked;
}
