/* Cold: what the record tile needs before it runs, and gives back after. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/record/record_priv.h"

#define TABLE_BYTES (8u << 20)

MR_METRICS_DEFINE(mr_record, MR_RECORD_METRICS);

int64_t record_wall_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

const char *mr_record_state_name(unsigned state)
{
    static const char *const names[] = {"off", "recording", "ending", "waiting for room", "stopped"};
    return state < MR_COUNT_OF(names) ? names[state] : "?";
}

size_t record_bytes(const void *config)
{
    const struct mr_record_config *c = config;
    return sizeof(struct record) + 128 + c->link_count * sizeof(struct row);
}

void record_release(struct record *r)
{
    for (uint32_t i = 0; i < r->config.link_count; i++) {
        record_file_release(&r->rows[i].file);
        free(r->rows[i].whole);
    }
    record_file_release(&r->refused);
    free(r->table);
}

static int open_row(struct record *r, struct row *row, const struct mr_record_link *link, struct mr_err *err)
{
    int status = mr_ring_reader_open(&row->reader, link->ring, link->ring_bytes);
    if (status)
        return mr_err_set(err, status, "record: the ring of %s: %s", link->name, mr_status_text(status));
    struct mr_ring_stats stats;
    mr_ring_stats(link->ring, &stats);
    row->ring = link->ring;
    row->dropped_seen = stats.dropped;
    row->whole = malloc(MR_CAPTURE_RECORD_MAX + NAME_MAX_BYTES);
    if (record_file_init(&row->file, r->config.folder, link->name, &r->config) != MR_OK || !row->whole)
        return mr_err_set(err, MR_E_NOMEM, "record: no memory for the segments of %s", link->name);
    return MR_OK;
}

/* The folder and those above it. */
static int make_folder(const char *folder, struct mr_err *err)
{
    char path[RECORD_PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s", folder);
    if (n <= 0 || (size_t)n >= sizeof path - 128)
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

static void defaults(struct mr_record_config *c)
{
    c->zstd_level = c->zstd_level ? c->zstd_level : 1;
    c->segment_bytes = c->segment_bytes ? c->segment_bytes : 256u << 20;
    c->flush_ms = c->flush_ms ? c->flush_ms : 1000;
    c->retry_ms = c->retry_ms ? c->retry_ms : 5000;
    c->quarantine_bytes = c->quarantine_bytes ? c->quarantine_bytes : 8u << 20;
    c->quarantine_keep = c->quarantine_keep ? c->quarantine_keep : 64u << 20;
    c->free_bytes = c->free_bytes ? c->free_bytes : mr_disk_free;
}

static int open_rows(struct record *r, struct mr_err *err)
{
    int status = make_folder(r->config.folder, err);
    for (uint32_t i = 0; i < r->config.link_count && !status; i++)
        status = open_row(r, &r->rows[i], &r->config.links[i], err);
    r->table = malloc(TABLE_BYTES);
    if (!status && !r->table)
        status = mr_err_set(err, MR_E_NOMEM, "record: no memory for the instrument table");
    if (!status && r->config.quarantine && *r->config.quarantine &&
        record_file_init(&r->refused, r->config.quarantine, "quarantine", &r->config) != MR_OK)
        status = mr_err_set(err, MR_E_NOMEM, "record: no memory for the quarantine");
    return status;
}

int record_boot(void *state, const void *config, struct mr_arena *arena, struct mr_err *err)
{
    struct record *r = state;
    (void)arena;
    memset(r, 0, record_bytes(config));
    r->config = *(const struct mr_record_config *)config;
    defaults(&r->config);
    r->patience_ns = r->config.retry_ms * 1000000ll;
    r->own.wanted = 1;
    r->control = r->config.control ? r->config.control : &r->own;
    r->off_ns = r->control->wanted ? 0 : record_wall_ns(); /* what the run did before a later start is not in it */
    r->rows = (void *)(((uintptr_t)(r + 1) + 127) / 128 * 128);
    signal(SIGXFSZ, SIG_IGN); /* a size limit is an error of write(), not our death */
    int status = open_rows(r, err);
    if (!status && r->control->wanted) {
        record_start(r);
        if (r->state == OFF)
            status = mr_err_set(err, MR_E_IO, "%s; choose another folder with record.folder, or do not record",
                                r->control->why);
    }
    if (status)
        record_release(r);
    return status;
}

int record_make_folder(const char *folder) { return make_folder(folder, NULL); }
