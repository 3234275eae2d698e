/* Rings to segment files. */
#include "dataplane/record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/log/log.h"
#include "dataplane/record/record_priv.h"
#include "dataplane/record/table.h"

#define TAKES_MAX 256        /* records a step and ring */
#define SETTLE_NS 10000000ll /* after `on` fell: a put that had seen it up has ended long before */
#define NUMBERS_MAX 1000000u
#define TABLE_BYTES (8u << 20)

MR_METRICS_DEFINE(mr_record, MR_RECORD_METRICS);

enum state { OFF, ON, STOPPING };

/* One ring and the row of segments it goes to. */
struct row {
    struct mr_ring_reader reader;
    const void *ring;
    const char *name;
    struct mr_capture_writer *writer; /* allocated */
    uint8_t *whole;                   /* where parts are joined: allocated, MR_CAPTURE_RECORD_MAX and a name */
    struct record_part join;          /* what is joined there; at: how much of it is */
    int fd;                           /* -1: closed */
    uint32_t number;                  /* of the next segment */
    uint64_t file_bytes, good_bytes;  /* written; up to the end of the last whole block */
    uint64_t dropped_seen, noted;     /* of the ring: counted as lost; written down in notes of this recording */
};
struct record {
    struct mr_record_config config;
    struct mr_record_control own, *control;
    enum state state;
    int64_t settled_ns, flush_ns;
    char *table; /* room for the instrument table: allocated */
    struct row *rows;
};

static int64_t wall_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- files ---- */

static int sink(void *arg, const uint8_t *data, size_t len)
{
    struct row *row = arg;
    while (len) {
        ssize_t n = write(row->fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return MR_E_IO;
        data += n;
        len -= (size_t)n;
        row->file_bytes += (uint64_t)n;
    }
    return MR_OK;
}

static void close_file(struct row *row)
{
    if (row->fd >= 0)
        close(row->fd);
    row->fd = -1;
}

static MR_COLD int failed(struct record *r, struct row *row, const char *what)
{
    int why = errno;
    struct mr_record_control *c = r->control;
    snprintf(c->why, sizeof c->why, "recording stopped: %s/%s-%06u.seg: cannot %s: %s", r->config.folder, row->name,
             row->number - 1, what, strerror(why));
    MR_COUNT(r->config.metrics, failed, 1);
    if (r->config.log)
        MR_LOG(r->config.log, MR_LOG_ERROR, "%s", c->why);
    return MR_E_IO;
}

/* Both the writer's flush and its add may have ended a block. */
static int wrote(struct record *r, struct row *row, int status)
{
    if (status == MR_OK) {
        row->good_bytes = row->file_bytes;
        return MR_OK;
    }
    failed(r, row, "write");
    if (row->file_bytes > row->good_bytes && ftruncate(row->fd, (off_t)row->good_bytes) != 0)
        return MR_E_IO; /* the tear stays; readers know it */
    return MR_E_IO;
}

static int add(struct record *r, struct row *row, const struct mr_capture_record *record)
{
    MR_COUNT(r->config.metrics, records, 1);
    MR_COUNT(r->config.metrics, bytes, record->len + record->name.len);
    return wrote(r, row, mr_capture_add(row->writer, record));
}

static int add_text(struct record *r, struct row *row, enum mr_capture_kind kind, int64_t now_ns, const char *text,
                    size_t len)
{
    const struct mr_capture_record record = {
        .recv_ns = now_ns, .kind = (uint8_t)kind, .data = (const uint8_t *)text, .len = (uint32_t)len};
    return add(r, row, &record);
}

/* What every segment begins with. */
static int add_front(struct record *r, struct row *row, int64_t now_ns)
{
    int status = MR_OK;
    if (r->config.instruments) {
        struct mr_text text;
        mr_text_init(&text, r->table, TABLE_BYTES);
        mr_record_table_write(r->config.instruments, &text);
        status = text.cut ? add_text(r, row, MR_CAPTURE_NOTE, now_ns, "no table: too many instruments", 30)
                          : add_text(r, row, MR_CAPTURE_INSTRUMENTS, now_ns, text.out, text.len);
    }
    if (status == MR_OK && r->config.yaml)
        status = add_text(r, row, MR_CAPTURE_CONFIG, now_ns, r->config.yaml, strlen(r->config.yaml));
    return status ? status : wrote(r, row, mr_capture_flush(row->writer));
}

static int open_segment(struct record *r, struct row *row)
{
    char path[512];
    do {
        snprintf(path, sizeof path, "%s/%s-%06u.seg", r->config.folder, row->name, row->number++);
        row->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    } while (row->fd < 0 && errno == EEXIST && row->number < NUMBERS_MAX);
    if (row->fd < 0)
        return failed(r, row, "open");
    MR_COUNT(r->config.metrics, segments, 1);
    int64_t now_ns = wall_ns();
    row->file_bytes = row->good_bytes = 0;
    mr_capture_writer_init(row->writer, r->config.zstd_level, sink, row);
    int status = wrote(r, row, mr_capture_begin(row->writer, row->name, row->number - 1, now_ns));
    return status ? status : add_front(r, row, now_ns);
}

static int rotate(struct record *r, struct row *row)
{
    int status = wrote(r, row, mr_capture_flush(row->writer));
    close_file(row);
    return status ? status : open_segment(r, row);
}

/* ---- what comes ---- */

static void count_lost(struct record *r, struct row *row)
{
    struct mr_ring_stats stats;
    mr_ring_stats(row->ring, &stats);
    MR_COUNT(r->config.metrics, lost, stats.dropped - row->dropped_seen);
    row->dropped_seen = stats.dropped;
}

/* Joins the parts of one ring record after another. True: `out` is a whole record. */
static bool join(struct row *row, const struct mr_bytes_head *head, const uint8_t *data, struct mr_capture_record *out)
{
    struct record_part part;
    uint32_t n = head->len - (uint32_t)sizeof part;
    memcpy(&part, data, sizeof part);
    data += sizeof part;
    bool more = head->kind & MR_RECORD_MORE;
    *out = (struct mr_capture_record){.recv_ns = head->time_ns,
                                      .connection = head->tag,
                                      .kind = (uint8_t)(head->kind & ~MR_RECORD_MORE),
                                      .clock = part.clock,
                                      .venue = part.venue,
                                      .product = part.product,
                                      .name = {data, part.name_len}};
    if (part.at || more) {
        memcpy(row->whole + part.at, data, n);
        row->join = part;
        row->join.at += n;
        if (more)
            return false;
        data = row->whole;
    }
    row->join.total = 0;
    out->name.data = data;
    out->data = data + part.name_len;
    out->len = part.total - part.name_len;
    return true;
}

/* What mr_record_put cannot have written is not believed. */
static bool legal(const struct row *row, const struct mr_bytes_head *head, const uint8_t *data)
{
    struct record_part part;
    if (head->len < sizeof part)
        return false;
    memcpy(&part, data, sizeof part);
    uint32_t n = head->len - (uint32_t)sizeof part;
    bool more = head->kind & MR_RECORD_MORE,
         follows = part.at == 0 ? row->join.total == 0 : part.at == row->join.at && part.total == row->join.total;
    return part.name_len <= NAME_MAX_BYTES && part.name_len <= part.total &&
           part.total - part.name_len <= MR_CAPTURE_RECORD_MAX && follows && part.at <= part.total &&
           n <= part.total - part.at && more == (n < part.total - part.at);
}

static int write_record(struct record *r, struct row *row, const struct mr_capture_record *record)
{
    row->noted += record_note_lost(record);
    int status = add(r, row, record);
    if (status == MR_OK && row->file_bytes >= r->config.segment_bytes)
        status = rotate(r, row);
    return status;
}

/* At most `max` ring records; what came when nothing is recorded counts as lost. How many, or a status: stop. */
static int take(struct record *r, struct row *row, int max)
{
    int n = 0;
    const uint8_t *data;
    for (const struct mr_bytes_head *head; n < max && (head = mr_bytes_peek(&row->reader, &data)); n++) {
        struct mr_capture_record record;
        int status = MR_OK;
        if (!legal(row, head, data)) {
            mr_ring_reader_stop(&row->reader);
            break;
        }
        if (join(row, head, data, &record)) {
            if (r->state == OFF)
                MR_COUNT(r->config.metrics, lost, 1);
            else
                status = write_record(r, row, &record);
        }
        mr_bytes_release(&row->reader);
        if (status)
            return status;
    }
    return n;
}

/* ---- starting and stopping ---- */

static void set_on(struct record *r, bool on)
{
    __atomic_store_n(&r->control->on, on, __ATOMIC_RELEASE);
    MR_GAUGE_SET(r->config.metrics, on, on);
}

static void ended(struct record *r) { __atomic_store_n(&r->control->ended, r->control->starts, __ATOMIC_RELEASE); }

/* By itself: what was written stays, the rest is let go. */
static MR_COLD void give_up(struct record *r)
{
    mr_record_want(r->control, false);
    set_on(r, false);
    r->state = OFF;
    for (uint32_t i = 0; i < r->config.link_count; i++)
        close_file(&r->rows[i]);
    ended(r);
}

static void start(struct record *r)
{
    r->control->why[0] = 0;
    for (uint32_t i = 0; i < r->config.link_count; i++) {
        struct row *row = &r->rows[i];
        take(r, row, INT32_MAX); /* what came too late for the last recording */
        count_lost(r, row);
        row->noted = row->dropped_seen;
        if (open_segment(r, row) != MR_OK) {
            give_up(r);
            return;
        }
    }
    r->state = ON;
    __atomic_store_n(&r->control->starts, r->control->starts + 1, __ATOMIC_RELEASE);
    set_on(r, true);
    if (r->config.log)
        MR_LOG(r->config.log, MR_LOG_INFO, "recording to %s", r->config.folder);
}

/* The rings are empty: losses that no later record could tell of are written down, then the files are whole. */
static int finish_row(struct record *r, struct row *row)
{
    char text[96];
    int status = MR_OK;
    count_lost(r, row);
    if (row->dropped_seen > row->noted) {
        int n = snprintf(text, sizeof text, LOST_TEXT "%llu records: the ring to the record tile was full",
                         (unsigned long long)(row->dropped_seen - row->noted));
        status = add_text(r, row, MR_CAPTURE_NOTE, wall_ns(), text, (size_t)n);
    }
    if (status == MR_OK)
        status = wrote(r, row, mr_capture_flush(row->writer));
    if (status == MR_OK && fdatasync(row->fd) != 0 && errno != EINVAL)
        status = failed(r, row, "sync");
    close_file(row);
    return status;
}

static void finish(struct record *r)
{
    int status = MR_OK;
    for (uint32_t i = 0; i < r->config.link_count && status == MR_OK; i++)
        status = finish_row(r, &r->rows[i]);
    if (status)
        give_up(r);
    r->state = OFF;
    ended(r);
    if (!status && r->config.log)
        MR_LOG(r->config.log, MR_LOG_INFO, "recording to %s ended", r->config.folder);
}

/* ---- the tile ---- */

static void release(struct record *r)
{
    for (uint32_t i = 0; i < r->config.link_count; i++) {
        close_file(&r->rows[i]);
        free(r->rows[i].writer);
        free(r->rows[i].whole);
    }
    free(r->table);
}

static size_t record_bytes(const void *config)
{
    const struct mr_record_config *c = config;
    return sizeof(struct record) + 128 + c->link_count * sizeof(struct row);
}

static int open_row(struct row *row, const struct mr_record_link *link, struct mr_err *err)
{
    int status = mr_ring_reader_open(&row->reader, link->ring, link->ring_bytes);
    if (status)
        return mr_err_set(err, status, "record: the ring of %s: %s", link->name, mr_status_text(status));
    struct mr_ring_stats stats;
    mr_ring_stats(link->ring, &stats);
    row->ring = link->ring;
    row->name = link->name;
    row->dropped_seen = stats.dropped;
    row->writer = malloc(mr_capture_writer_bytes());
    row->whole = malloc(MR_CAPTURE_RECORD_MAX + NAME_MAX_BYTES);
    if (!row->writer || !row->whole)
        return mr_err_set(err, MR_E_NOMEM, "record: no memory for the segments of %s", link->name);
    return MR_OK;
}

/* The folder and those above it. */
static int make_folder(const char *folder, struct mr_err *err)
{
    char path[512];
    int n = snprintf(path, sizeof path, "%s", folder);
    if (n <= 0 || (size_t)n >= sizeof path - 32)
        return mr_err_set(err, MR_E_INVALID, "record: the folder's path is empty or too long");
    for (char *c = path + 1;; c++)
        if (*c == '/' || *c == 0) {
            char was = *c;
            *c = 0;
            if (mkdir(path, 0750) != 0 && errno != EEXIST)
                return mr_err_set(err, MR_E_IO,
                                  "record: %s: cannot make the folder: %s; choose another with record.folder", path,
                                  strerror(errno));
            if (!(*c = was))
                return MR_OK;
        }
}

static int record_boot(void *state, const void *config, struct mr_arena *arena, struct mr_err *err)
{
    struct record *r = state;
    (void)arena;
    memset(r, 0, record_bytes(config));
    r->config = *(const struct mr_record_config *)config;
    r->config.zstd_level = r->config.zstd_level ? r->config.zstd_level : 1;
    r->config.segment_bytes = r->config.segment_bytes ? r->config.segment_bytes : 256u << 20;
    r->config.flush_ms = r->config.flush_ms ? r->config.flush_ms : 1000;
    r->own.wanted = 1;
    r->control = r->config.control ? r->config.control : &r->own;
    r->rows = (void *)(((uintptr_t)(r + 1) + 127) / 128 * 128);
    for (uint32_t i = 0; i < r->config.link_count; i++)
        r->rows[i].fd = -1;
    signal(SIGXFSZ, SIG_IGN); /* a size limit is an error of write(), not our death */
    int status = make_folder(r->config.folder, err);
    for (uint32_t i = 0; i < r->config.link_count && !status; i++)
        status = open_row(&r->rows[i], &r->config.links[i], err);
    r->table = malloc(TABLE_BYTES);
    if (!status && !r->table)
        status = mr_err_set(err, MR_E_NOMEM, "record: no memory for the instrument table");
    if (!status && r->control->wanted) {
        start(r);
        if (r->state != ON)
            status = mr_err_set(err, MR_E_IO, "%s; choose another folder with record.folder, or do not record",
                                r->control->why);
    }
    if (status)
        release(r);
    return status;
}

static int record_step(void *state, int64_t now_ns)
{
    struct record *r = state;
    int work = 0;
    for (uint32_t i = 0; i < r->config.link_count; i++) {
        int n = take(r, &r->rows[i], TAKES_MAX);
        if (n < 0) {
            give_up(r);
            return work;
        }
        work += n;
    }
    if (r->state == STOPPING && work == 0 && now_ns >= r->settled_ns)
        finish(r);
    return work;
}

static void flush(struct record *r, int64_t now_ns)
{
    if (r->state == OFF || now_ns < r->flush_ns)
        return;
    r->flush_ns = now_ns + r->config.flush_ms * 1000000ll;
    for (uint32_t i = 0; i < r->config.link_count; i++)
        if (wrote(r, &r->rows[i], mr_capture_flush(r->rows[i].writer)) != MR_OK) {
            give_up(r);
            return;
        }
}

static void record_housekeep(void *state, int64_t now_ns)
{
    struct record *r = state;
    bool wanted = __atomic_load_n(&r->control->wanted, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < r->config.link_count; i++)
        count_lost(r, &r->rows[i]);
    if (wanted && r->state == OFF)
        start(r);
    if (!wanted && r->state == ON) {
        set_on(r, false);
        r->state = STOPPING;
        r->settled_ns = now_ns + SETTLE_NS;
    }
    flush(r, now_ns);
}

static void record_halt(void *state)
{
    struct record *r = state;
    set_on(r, false);
    for (uint32_t i = 0; i < r->config.link_count && r->state != OFF; i++)
        if (take(r, &r->rows[i], INT32_MAX) < 0)
            give_up(r);
    if (r->state != OFF)
        finish(r);
    release(r);
}

const struct mr_tile mr_record_tile = {
    .name = "record",
    .bytes = record_bytes,
    .boot = record_boot,
    .step = record_step,
    .housekeep = record_housekeep,
    .halt = record_halt,
};
