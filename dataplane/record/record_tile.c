/* Rings to segment files. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "dataplane/log/log.h"
#include "dataplane/record/record_priv.h"
#include "dataplane/record/table.h"

#define TAKES_MAX 256        /* records a step and ring */
#define SETTLE_NS 10000000ll /* after `on` fell: a put that had seen it up has ended long before */
#define TABLE_BYTES (8u << 20)
#define ROWS_MAX 64
#define KEEP_NS 10000000000ll /* between two looks at what is kept */
#define PATIENCE_MAX_NS 300000000000ll
#define REFUSED_RETRY_NS 60000000000ll

/* ---- refusals ---- */

static bool is_room(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

/* The policy, once it is known that there is no room. */
static enum record_state after_full(const struct record *r)
{
    return r->config.full == MR_RECORD_FULL_STOP ? OFF : WAITING;
}

static void tell_why(struct record *r, bool waits, const char *reason)
{
    struct mr_record_control *c = r->control;
    snprintf(c->why, sizeof c->why, "recording %s: %s", waits ? "waits for room" : "stopped", reason);
    if (waits)
        SAY(r, MR_LOG_WARN, "%s", c->why);
    else
        SAY(r, MR_LOG_ERROR, "%s", c->why);
}

/* What a write that was refused held is lost; `after` says what becomes of the recording. */
static MR_COLD int failed(struct record *r, struct record_file *f)
{
    char reason[128];
    bool full = is_room(f->error);
    r->after = full ? after_full(r) : OFF;
    r->stopped = r->after == OFF;
    snprintf(reason, sizeof reason, "%.60s/%s-%06u.seg: cannot %s: %s", f->folder, f->name, f->current, f->what,
             strerror(f->error));
    MR_COUNT(r->config.metrics, failed, 1);
    MR_COUNT(r->config.metrics, full, full);
    MR_COUNT(r->config.metrics, lost, f->front_bytes ? f->pending : 0); /* tables and configs are in the next one */
    f->pending = 0;
    tell_why(r, r->after == WAITING, reason);
    return MR_E_IO;
}

/* ---- files ---- */

static int add(struct record *r, struct row *row, const struct mr_capture_record *record)
{
    MR_COUNT(r->config.metrics, records, 1);
    MR_COUNT(r->config.metrics, bytes, record->len + record->name.len);
    return record_file_add(&row->file, record) == MR_OK ? MR_OK : failed(r, &row->file);
}

static int add_text(struct record *r, struct row *row, enum mr_capture_kind kind, int64_t now_ns, const char *text,
                    size_t len)
{
    const struct mr_capture_record record = {
        .recv_ns = now_ns, .kind = (uint8_t)kind, .data = (const uint8_t *)text, .len = (uint32_t)len};
    return add(r, row, &record);
}

/* A recording that goes on after a pause says so: who replays it knows that there is a hole. */
static int note_pause(struct record *r, struct row *row, int64_t now_ns)
{
    char text[160], from[40];
    struct mr_text t, time;
    mr_text_init(&time, from, sizeof from);
    mr_text_time(&time, r->off_ns);
    mr_text_init(&t, text, sizeof text);
    mr_text_format(&t, LOST_TEXT "1 stretch: nothing was recorded from %s on, for %.3f s", from,
                   (double)(now_ns - r->off_ns) / 1e9);
    return add_text(r, row, MR_CAPTURE_NOTE, now_ns, text, t.len);
}

/* What every segment begins with. */
static int add_front(struct record *r, struct row *row, int64_t now_ns)
{
    bool resumes = r->off_ns && (r->state == OFF || r->state == WAITING);
    int status = resumes ? note_pause(r, row, now_ns) : MR_OK;
    if (status == MR_OK && r->config.instruments) {
        struct mr_text text;
        mr_text_init(&text, r->table, TABLE_BYTES);
        mr_record_table_write(r->config.instruments, &text);
        status = text.cut ? add_text(r, row, MR_CAPTURE_NOTE, now_ns, "no table: too many instruments", 30)
                          : add_text(r, row, MR_CAPTURE_INSTRUMENTS, now_ns, text.out, text.len);
    }
    if (status == MR_OK && r->config.yaml)
        status = add_text(r, row, MR_CAPTURE_CONFIG, now_ns, r->config.yaml, strlen(r->config.yaml));
    if (status)
        return status;
    if (record_file_flush(&row->file) != MR_OK)
        return failed(r, &row->file);
    row->file.front_bytes = row->file.file_bytes;
    return MR_OK;
}

static int open_segment(struct record *r, struct row *row)
{
    if (record_file_open(&row->file) != MR_OK)
        return failed(r, &row->file);
    row->file.begun_ns = r->now_ns;
    MR_COUNT(r->config.metrics, segments, 1);
    return add_front(r, row, record_wall_ns());
}

/* Old segments go; those that are open stay. */
static void keep(struct record *r, int64_t want_free)
{
    char names[ROWS_MAX][RECORD_FILE_BYTES];
    const char *open[ROWS_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->config.link_count && n < MR_COUNT_OF(open); i++) {
        record_file_current(&r->rows[i].file, names[n]);
        open[n] = names[n];
        n++;
    }
    const struct mr_disk_keep k = {.bytes = r->config.keep_bytes,
                                   .age_ns = r->config.keep_ns,
                                   .now_ns = record_wall_ns(),
                                   .want_free = want_free,
                                   .open = open,
                                   .open_count = n,
                                   .free_bytes = r->config.free_bytes};
    if (!k.bytes && !k.age_ns && !k.want_free)
        return;
    int removed = mr_disk_keep(r->config.folder, &k);
    if (removed > 0)
        MR_COUNT(r->config.metrics, removed, removed);
}

static int rotate(struct record *r, struct row *row)
{
    if (record_file_close(&row->file, false) != MR_OK)
        return failed(r, &row->file);
    int status = open_segment(r, row);
    if (status == MR_OK)
        keep(r, 0);
    return status;
}

/* ---- the quarantine: its trouble is nobody else's ---- */

static MR_COLD void refused_failed(struct record *r)
{
    struct record_file *f = &r->refused;
    SAY(r, MR_LOG_WARN, "quarantine: %s: cannot %s: %s; the next attempt is in a minute", f->folder,
        f->what ? f->what : "make the folder", strerror(f->error));
    MR_COUNT(r->config.metrics, refused_lost, f->pending);
    f->pending = 0;
    record_file_drop(f);
    r->refused_retry_ns = r->now_ns + REFUSED_RETRY_NS;
}

static bool refused_open(struct record *r)
{
    struct record_file *f = &r->refused;
    if (!f->writer || r->now_ns < r->refused_retry_ns)
        return false;
    if (f->fd < 0 && record_make_folder(f->folder) != MR_OK) {
        f->error = errno;
        f->what = NULL;
        refused_failed(r);
    } else if (f->fd < 0 && record_file_open(f) != MR_OK) {
        refused_failed(r);
    }
    return f->fd >= 0;
}

static void add_refused(struct record *r, const struct mr_capture_record *record)
{
    struct record_file *f = &r->refused;
    if (!refused_open(r)) {
        MR_COUNT(r->config.metrics, refused_lost, 1);
        return;
    }
    MR_COUNT(r->config.metrics, refused, 1);
    int status = record_file_add(f, record);
    if (status == MR_OK && f->file_bytes >= r->config.quarantine_bytes) {
        status = record_file_close(f, false);
        if (status == MR_OK)
            status = record_file_open(f);
        char name[RECORD_FILE_BYTES];
        const char *open = name;
        record_file_current(f, name);
        const struct mr_disk_keep k = {
            .bytes = r->config.quarantine_keep, .row = "quarantine", .open = &open, .open_count = 1};
        mr_disk_keep(f->folder, &k);
    }
    if (status)
        refused_failed(r);
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
    if (status == MR_OK && row->file.file_bytes >= r->config.segment_bytes)
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
            if (record.kind == MR_CAPTURE_REFUSED)
                add_refused(r, &record);
            else if (r->state == OFF || r->state == WAITING)
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

static void ended(struct record *r)
{
    r->off_ns = record_wall_ns();
    __atomic_store_n(&r->control->ended, r->control->starts, __ATOMIC_RELEASE);
}

static void settle(struct record *r, enum record_state state)
{
    r->state = state;
    if (state == OFF && r->stopped)
        mr_record_want(r->control, false);
    if (state == WAITING) {
        r->retry_ns = r->now_ns + r->patience_ns;
        r->patience_ns = r->patience_ns * 2 < PATIENCE_MAX_NS ? r->patience_ns * 2 : PATIENCE_MAX_NS;
    }
}

/* By itself: what was written stays, the rest is let go. */
static MR_COLD void give_up(struct record *r)
{
    set_on(r, false);
    for (uint32_t i = 0; i < r->config.link_count; i++) {
        MR_COUNT(r->config.metrics, lost, r->rows[i].file.pending);
        r->rows[i].file.pending = 0;
        record_file_drop(&r->rows[i].file);
    }
    settle(r, r->after);
    ended(r);
}

void record_start(struct record *r)
{
    r->control->why[0] = 0;
    r->stopped = r->warned = false;
    r->per_s = 0;
    record_tell_budget(r);
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
    r->rate_bytes = record_stored(r);
    r->rate_ns = r->begin_ns = r->now_ns;
    r->flush_ns = 0;
    __atomic_store_n(&r->control->starts, r->control->starts + 1, __ATOMIC_RELEASE);
    set_on(r, true);
    keep(r, 0);
}

/* Losses that no later record could tell of are written down, then the files are whole. */
static int finish_row(struct record *r, struct row *row)
{
    char text[96];
    int status = MR_OK;
    count_lost(r, row);
    if (row->dropped_seen > row->noted) {
        int n = snprintf(text, sizeof text, LOST_TEXT "%llu records: the ring to the record tile was full",
                         (unsigned long long)(row->dropped_seen - row->noted));
        status = add_text(r, row, MR_CAPTURE_NOTE, record_wall_ns(), text, (size_t)n);
    }
    if (status)
        return status;
    return record_file_close(&row->file, true) == MR_OK ? MR_OK : failed(r, &row->file);
}

static void finish(struct record *r)
{
    enum record_state after = r->after;
    int status = MR_OK;
    for (uint32_t i = 0; i < r->config.link_count && status == MR_OK; i++)
        status = finish_row(r, &r->rows[i]);
    if (status) {
        give_up(r);
        return;
    }
    settle(r, after);
    ended(r);
    SAY(r, MR_LOG_INFO, "recording to %s ended", r->config.folder);
}

static void begin_end(struct record *r, enum record_state after)
{
    set_on(r, false);
    r->state = STOPPING;
    r->after = after;
    r->settled_ns = r->now_ns + SETTLE_NS;
}

/* ---- room ---- */

static int64_t wanted_free(const struct record *r) { return (int64_t)(r->config.least_free + r->config.segment_bytes); }

/* While recording: too little is free. The oldest go, or all ends in order while there is still room to write. */
static void check_room(struct record *r)
{
    int64_t least = (int64_t)r->config.least_free, left = r->config.free_bytes(r->config.folder);
    char reason[128];
    if (left < 0 || left >= least)
        return;
    if (r->config.full == MR_RECORD_FULL_OLDEST) {
        keep(r, wanted_free(r));
        left = r->config.free_bytes(r->config.folder);
        if (left >= least)
            return;
    }
    MR_COUNT(r->config.metrics, full, 1);
    snprintf(reason, sizeof reason, "%.60s: %lld MiB are free, record.least_free is %lld", r->config.folder,
             (long long)(left >> 20), (long long)(least >> 20));
    enum record_state after = after_full(r);
    r->stopped = after == OFF;
    tell_why(r, after == WAITING, reason); /* before it is off: who sees that finds why */
    begin_end(r, after);
}

/* While waiting: a new start when there is room for a segment, or nobody can say. */
static void try_again(struct record *r)
{
    if (r->now_ns < r->retry_ns)
        return;
    r->retry_ns = r->now_ns + r->config.retry_ms * 1000000ll;
    if (r->config.full == MR_RECORD_FULL_OLDEST)
        keep(r, wanted_free(r));
    int64_t left = r->config.free_bytes(r->config.folder);
    if (left >= 0 && left < wanted_free(r))
        return;
    record_start(r);
    if (r->state == ON)
        SAY(r, MR_LOG_INFO, "recording to %s goes on", r->config.folder);
}

/* ---- the tile ---- */

static int record_step(void *state, int64_t now_ns)
{
    struct record *r = state;
    int work = 0;
    r->now_ns = now_ns;
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

/* A multiple of the time has passed since it was begun. One that holds nothing yet is as good as new. */
static bool is_old(const struct record *r, struct record_file *f)
{
    int64_t every = r->config.segment_ns;
    bool empty = f->file_bytes <= f->front_bytes;
    if (f->begun_ns == 0 || (empty && every && r->now_ns / every != f->begun_ns / every))
        f->begun_ns = r->now_ns; /* 0: begun at boot, when no time was given */
    return every && r->now_ns / every != f->begun_ns / every;
}

static void flush(struct record *r)
{
    if (r->now_ns < r->flush_ns)
        return;
    r->flush_ns = r->now_ns + r->config.flush_ms * 1000000ll;
    if (r->refused.writer && r->refused.fd >= 0 && record_file_flush(&r->refused) != MR_OK)
        refused_failed(r);
    for (uint32_t i = 0; i < r->config.link_count && (r->state == ON || r->state == STOPPING); i++) {
        struct row *row = &r->rows[i];
        int status = record_file_flush(&row->file) == MR_OK ? MR_OK : failed(r, &row->file);
        if (status == MR_OK && is_old(r, &row->file))
            status = rotate(r, row);
        if (status)
            give_up(r);
    }
    if (r->state == ON)
        check_room(r);
    if (r->state == ON && r->now_ns - r->begin_ns > RECORD_RATE_NS)
        r->patience_ns = r->config.retry_ms * 1000000ll;
    record_publish(r);
    if (r->now_ns >= r->keep_due_ns) {
        r->keep_due_ns = r->now_ns + KEEP_NS;
        keep(r, 0);
    }
}

static void record_housekeep(void *state, int64_t now_ns)
{
    struct record *r = state;
    bool wanted = __atomic_load_n(&r->control->wanted, __ATOMIC_ACQUIRE);
    r->now_ns = now_ns;
    for (uint32_t i = 0; i < r->config.link_count; i++)
        count_lost(r, &r->rows[i]);
    if (wanted && r->state == OFF)
        record_start(r);
    if (!wanted && r->state == ON)
        begin_end(r, OFF);
    if (!wanted && r->state == WAITING)
        r->state = OFF;
    if (r->state == WAITING)
        try_again(r);
    flush(r);
}

static void record_halt(void *state)
{
    struct record *r = state;
    set_on(r, false);
    r->after = OFF;
    for (uint32_t i = 0; i < r->config.link_count; i++)
        if (take(r, &r->rows[i], INT32_MAX) < 0)
            give_up(r);
    if (r->state == ON || r->state == STOPPING) {
        r->after = OFF;
        finish(r);
    }
    if (r->refused.writer && r->refused.fd >= 0 && record_file_close(&r->refused, false) != MR_OK)
        refused_failed(r);
    record_publish(r);
    record_release(r);
}

const struct mr_tile mr_record_tile = {
    .name = "record",
    .bytes = record_bytes,
    .boot = record_boot,
    .step = record_step,
    .housekeep = record_housekeep,
    .halt = record_halt,
};
