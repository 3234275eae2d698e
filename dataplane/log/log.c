#include "dataplane/log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/log/redact.h"
#include "dataplane/ring/bytes.h"
#include "dataplane/text/text.h"

#define WRITERS_MAX  64 /* threads that ever speak */
#define RING_BYTES   (256u << 10)
#define LINE_BYTES   1024
#define POLL_NS      5000000
#define WINDOW_NS    1000000000ll

/* One thread's ring. `lost` is written by that thread only. */
struct writer {
    struct mr_ring_writer out;
    struct mr_ring_reader in; /* the sink's */
    uint64_t lost;
    uint64_t lost_said;       /* the sink's */
    void *memory;
    uint32_t ready;
} MR_ALIGNED;

struct mr_log {
    struct writer writers[WRITERS_MAX];
    uint32_t writers_used;
    uint32_t halt, level;
    uint64_t no_writer; /* records of threads beyond the last slot */
    uint64_t id;        /* tells a thread's cached slot from one of an earlier log */
    pthread_t sink;
    int fd;
    bool json;
};

static uint64_t log_ids;
static _Thread_local struct {
    uint64_t id;
    struct writer *writer;
} mine;

static int64_t wall(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- speaking ---- */

static MR_COLD struct writer *claim(struct mr_log *log)
{
    uint32_t slot = __atomic_fetch_add(&log->writers_used, 1, __ATOMIC_RELAXED);
    mine.id = log->id;
    mine.writer = NULL;
    if (slot >= WRITERS_MAX) {
        __atomic_store_n(&log->writers_used, WRITERS_MAX, __ATOMIC_RELAXED);
        return NULL;
    }
    struct writer *w = &log->writers[slot];
    if (mr_ring_writer_open(&w->out, w->memory, mr_bytes_ring_bytes(RING_BYTES)) != MR_OK)
        return NULL;
    __atomic_store_n(&w->ready, 1, __ATOMIC_RELEASE);
    return mine.writer = w;
}

static const char *const names[] = {"debug", "info", "warn", "error"};

/* Each place may speak MR_LOG_BURST times a second; what was held back is said when it may again. */
static bool allowed(struct mr_log_site *site, int64_t now)
{
    if (now - site->window_ns >= WINDOW_NS || now < site->window_ns) {
        site->window_ns = now;
        site->in_window = 0;
    }
    if (site->in_window++ < MR_LOG_BURST)
        return true;
    site->held_back++;
    return false;
}

void mr_log_write(struct mr_log *log, struct mr_log_site *site, enum mr_log_level level, const char *format, ...)
{
    int64_t now = wall();
    if (level < __atomic_load_n(&log->level, __ATOMIC_RELAXED) || !allowed(site, now))
        return;
    struct writer *w = mine.id == log->id ? mine.writer : claim(log);
    if (!w) {
        __atomic_fetch_add(&log->no_writer, 1, __ATOMIC_RELAXED);
        return;
    }
    char *line = (char *)mr_bytes_reserve(&w->out, LINE_BYTES);
    if (!line) {
        __atomic_store_n(&w->lost, w->lost + 1, __ATOMIC_RELAXED);
        return;
    }
    struct mr_text text;
    mr_text_init(&text, line, LINE_BYTES);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, LINE_BYTES, format, args);
    va_end(args);
    text.len = n < 0 ? 0 : (size_t)n < LINE_BYTES ? (size_t)n : LINE_BYTES - 1;
    if (site->held_back)
        mr_text_format(&text, " (%u more like this held back)", site->held_back);
    site->held_back = 0;
    mr_bytes_publish(&w->out, (uint16_t)level, 0, now, (uint32_t)text.len);
}

void mr_log_level_set(struct mr_log *log, enum mr_log_level level)
{
    __atomic_store_n(&log->level, level, __ATOMIC_RELAXED);
}

uint64_t mr_log_lost(const struct mr_log *log)
{
    uint64_t lost = __atomic_load_n(&log->no_writer, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < WRITERS_MAX; i++)
        lost += __atomic_load_n(&log->writers[i].lost, __ATOMIC_RELAXED);
    return lost;
}

/* ---- the sink ---- */

static void write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* nobody is left to tell */
        data += n;
        len -= (size_t)n;
    }
}

static void put_line(struct mr_log *log, int level, int64_t time_ns, const char *data, size_t len)
{
    char plain[LINE_BYTES + 64], line[LINE_BYTES * 7];
    size_t plain_len = mr_redact(plain, sizeof plain, data, len);
    struct mr_text text;
    mr_text_init(&text, line, sizeof line - 1);
    if (log->json) {
        struct mr_json_out j;
        char stamp[40];
        struct mr_text time;
        mr_text_init(&time, stamp, sizeof stamp);
        mr_text_time(&time, time_ns);
        mr_json_out_init(&j, &text);
        mr_json_out_object(&j, NULL);
        mr_json_out_string(&j, "time", stamp);
        mr_json_out_string(&j, "level", names[level & 3]);
        mr_json_out_span(&j, "text", (struct mr_span){(const uint8_t *)plain, (uint32_t)plain_len});
        mr_json_out_end(&j);
    } else {
        mr_text_time(&text, time_ns);
        mr_text_format(&text, " %-5s ", names[level & 3]);
        mr_text_bytes(&text, plain, plain_len);
    }
    line[text.len++] = '\n';
    write_all(log->fd, line, text.len);
}

static uint32_t drain(struct mr_log *log)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < WRITERS_MAX; i++) {
        struct writer *w = &log->writers[i];
        if (!__atomic_load_n(&w->ready, __ATOMIC_ACQUIRE))
            continue;
        const uint8_t *data;
        for (const struct mr_bytes_head *head; (head = mr_bytes_peek(&w->in, &data)); n++) {
            put_line(log, head->kind, head->time_ns, (const char *)data, head->len);
            mr_bytes_release(&w->in);
        }
        uint64_t lost = __atomic_load_n(&w->lost, __ATOMIC_RELAXED);
        if (lost != w->lost_said) {
            char said[80];
            int len = snprintf(said, sizeof said, "log: %llu records lost, its ring was full",
                               (unsigned long long)(lost - w->lost_said));
            put_line(log, MR_LOG_WARN, wall(), said, (size_t)len);
            w->lost_said = lost;
        }
    }
    return n;
}

static void *sink(void *arg)
{
    struct mr_log *log = arg;
    for (;;) {
        bool last = __atomic_load_n(&log->halt, __ATOMIC_ACQUIRE);
        if (!drain(log) && !last)
            nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
        if (last)
            return NULL;
    }
}

static void release(struct mr_log *log)
{
    for (uint32_t i = 0; i < WRITERS_MAX; i++)
        free(log->writers[i].memory);
    if (log->fd > 2)
        close(log->fd);
    free(log);
}

int mr_log_open(struct mr_log **out, const char *path, bool json, enum mr_log_level level, struct mr_err *err)
{
    struct mr_log *log = aligned_alloc(128, (sizeof *log + 127) / 128 * 128);
    if (!log)
        return mr_err_set(err, MR_E_NOMEM, "log: no memory");
    memset(log, 0, sizeof *log);
    log->json = json;
    log->level = level;
    log->id = __atomic_add_fetch(&log_ids, 1, __ATOMIC_RELAXED);
    log->fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640) : 2;
    int status = MR_OK;
    if (log->fd < 0)
        status = mr_err_set(err, MR_E_IO, "log: %s: %s; give a path that can be written, or none for stderr", path,
                            strerror(errno));
    size_t bytes = (mr_bytes_ring_bytes(RING_BYTES) + 127) / 128 * 128;
    for (uint32_t i = 0; i < WRITERS_MAX && !status; i++) {
        struct writer *w = &log->writers[i];
        w->memory = aligned_alloc(128, bytes);
        if (!w->memory || mr_bytes_ring_init(w->memory, RING_BYTES, MR_RING_BACKPRESSURE) != MR_OK ||
            mr_ring_reader_open(&w->in, w->memory, bytes) != MR_OK)
            status = mr_err_set(err, MR_E_NOMEM, "log: no memory for its rings");
    }
    if (!status && pthread_create(&log->sink, NULL, sink, log))
        status = mr_err_set(err, MR_E_IO, "log: cannot start its thread");
    if (status) {
        release(log);
        return status;
    }
    *out = log;
    return MR_OK;
}

void mr_log_close(struct mr_log *log)
{
    __atomic_store_n(&log->halt, 1, __ATOMIC_RELEASE);
    pthread_join(log->sink, NULL);
    release(log);
}
