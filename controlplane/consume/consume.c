/* The public functions: attaching, the stream, its restarts. */
#include "controlplane/consume/consume_priv.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/clock/clock.h"

#define SKIPPED_MAX 65536 /* groups that are not wanted, passed over in one call */

int consume_fail(struct millrace_error *error, int code, const char *format, ...)
{
    if (!error)
        return code;
    va_list args;
    va_start(args, format);
    error->code = code;
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start is two lines above
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return code;
}

int consume_code(int status)
{
    switch (status) {
    case MR_OK:
        return MILLRACE_OK;
    case MR_E_MAGIC:
    case MR_E_TRUNCATED:
        return MILLRACE_E_FORMAT;
    case MR_E_VERSION:
    case MR_E_LAYOUT:
        return MILLRACE_E_VERSION;
    case MR_E_NOMEM:
        return MILLRACE_E_MEMORY;
    case MR_E_INVALID:
        return MILLRACE_E_ARGUMENT;
    case MR_E_MISSING:
    case MR_E_SYMBOL:
    case MR_E_RANGE:
        return MILLRACE_E_UNKNOWN;
    case MR_E_EMPTY:
        return MILLRACE_E_EMPTY;
    case MR_E_AGAIN:
        return MILLRACE_E_BUSY;
    case MR_E_IO:
        return MILLRACE_E_SYSTEM;
    default:
        return MILLRACE_E_CORRUPT;
    }
}

const char *millrace_code_name(int code)
{
    static const char *const names[] = {"OK",     "ABSENT",   "PERMISSION", "FORMAT", "VERSION", "CORRUPT",
                                        "MEMORY", "ARGUMENT", "UNKNOWN",    "EMPTY",  "BUSY",    "SYSTEM"};
    return code <= 0 && code > -(int)MR_COUNT_OF(names) ? names[-code] : "?";
}

/* ---- attaching ---- */

static bool is_instance(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > 31 || name[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
            return false;
    return true;
}

/* $MILLRACE_RUN, else /run/millrace, else $XDG_RUNTIME_DIR/millrace. */
static int path_of(const char *instance, char *out, size_t bytes)
{
    const char *run = getenv("MILLRACE_RUN"), *session = getenv("XDG_RUNTIME_DIR");
    if (run && *run)
        return snprintf(out, bytes, "%s/%s/workspace", run, instance);
    if (access("/run/millrace", X_OK) == 0 || !session || !*session)
        return snprintf(out, bytes, "/run/millrace/%s/workspace", instance);
    return snprintf(out, bytes, "%s/millrace/%s/workspace", session, instance);
}

int millrace_open(struct millrace **out, const char *instance, unsigned take, unsigned flags,
                  struct millrace_error *error)
{
    char path[MR_WORKSPACE_PATH_BYTES];
    *out = NULL;
    instance = instance ? instance : "default";
    if (!is_instance(instance))
        return consume_fail(error, MILLRACE_E_ARGUMENT,
                            "\"%.40s\": an instance's name has 1 to 31 letters, digits, '.', '_', '-'", instance);
    int n = path_of(instance, path, sizeof path);
    if (n < 0 || n >= (int)sizeof path)
        return consume_fail(error, MILLRACE_E_ARGUMENT, "the run directory's path is longer than %zu bytes",
                            sizeof path - 1);
    return millrace_open_file(out, path, take, flags, error);
}

int millrace_open_file(struct millrace **out, const char *path, unsigned take, unsigned flags,
                       struct millrace_error *error)
{
    *out = NULL;
    if (!path || !*path || strlen(path) >= MR_WORKSPACE_PATH_BYTES || take & ~(unsigned)MILLRACE_ALL ||
        flags & ~(unsigned)MILLRACE_FROM_OLDEST)
        return consume_fail(error, MILLRACE_E_ARGUMENT, "millrace_open_file: a path of 1 to %d bytes, known bits",
                            MR_WORKSPACE_PATH_BYTES - 1);
    struct millrace *m = aligned_alloc(MR_LINE_BYTES, (sizeof *m + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES);
    if (!m)
        return consume_fail(error, MILLRACE_E_MEMORY, "%s: no memory to attach", path);
    memset(m, 0, sizeof *m);
    memcpy(m->path, path, strlen(path) + 1);
    m->take = take;
    m->looked_ns = mr_clock_mono();
    int code = consume_run_open(&m->run, path, take, flags & MILLRACE_FROM_OLDEST, error);
    if (code != MILLRACE_OK) {
        free(m);
        return code;
    }
    *out = m;
    return MILLRACE_OK;
}

void millrace_close(struct millrace *m)
{
    if (!m)
        return;
    consume_run_close(&m->run);
    free(m);
}

int millrace_info(struct millrace *m, struct millrace_info *out, size_t bytes)
{
    const struct mr_workspace_info *info = &m->run.info;
    uint32_t count = m->run.table ? mr_instruments_count(m->run.table) : 0;
    struct millrace_info ours = {
        .epoch = info->epoch,
        .created_ns = (int64_t)info->created_ns,
        .pid = info->pid,
        .alive = mr_workspace_alive(info),
        .engines = m->run.engines,
        .instruments = count < m->run.capacity ? count : m->run.capacity,
        .lost_slots = m->lost,
        .restarts = m->restarts,
    };
    consume_text(ours.instance, sizeof ours.instance, info->instance, sizeof info->instance);
    consume_text(ours.build, sizeof ours.build, info->build, sizeof info->build);
    memcpy(ours.path, m->path, strlen(m->path));
    consume_give(out, bytes, &ours, sizeof ours);
    return MILLRACE_OK;
}

/* ---- the stream ---- */

static int lapped(struct millrace *m, struct consume_tap *tap)
{
    m->record = (struct millrace_record){.kind = MILLRACE_LAPPED,
                                         .engine = tap->engine,
                                         .place = tap->ring.next,
                                         .lost_slots = tap->ring.lost - tap->told};
    m->lost += m->record.lost_slots;
    tap->told = tap->ring.lost;
    return 1;
}

static int corrupt(const struct millrace *m, const struct consume_tap *tap, struct millrace_error *error)
{
    return consume_fail(error, MILLRACE_E_CORRUPT, "%s: tap/%s/%u at %llu: not a record; restart the instance", m->path,
                        tap->signals ? "signals" : "events", tap->engine, (unsigned long long)tap->ring.next);
}

static uint32_t slots_of_event(const void *slot)
{
    union mr_slot head;
    memcpy(&head, slot, sizeof head);
    return mr_event_slots(&head);
}

static uint32_t slots_of_signal(const void *slot)
{
    (void)slot;
    return sizeof(struct mr_signal) / MR_SLOT_BYTES;
}

static void next_turn(struct millrace *m)
{
    m->turn = m->turn + 1 < m->run.tap_count ? m->turn + 1 : 0;
    m->turn_used = 0;
}

/* The next wanted record of any tap: 1, 0 when all are empty, or a code. */
static int from_taps(struct millrace *m, struct millrace_error *error)
{
    uint32_t empty = 0;
    for (uint32_t i = 0; i < SKIPPED_MAX && empty < m->run.tap_count; i++) {
        struct consume_tap *tap = &m->run.taps[m->turn];
        int64_t n = mr_tap_read(&tap->ring, tap->signals ? slots_of_signal : slots_of_event, m->slots, MR_GROUP_SLOTS);
        if (n == MR_E_LAPPED)
            return lapped(m, tap);
        if (n < 0)
            return corrupt(m, tap, error);
        if (n == 0) {
            empty++;
            next_turn(m);
            continue;
        }
        empty = 0;
        bool wanted = consume_record(m, tap, (uint32_t)n);
        if (++m->turn_used == CONSUME_TURN)
            next_turn(m);
        if (wanted)
            return 1;
    }
    return 0;
}

static int restarted(struct millrace *m, struct millrace_error *error)
{
    struct consume_run fresh;
    int code = consume_run_open(&fresh, m->path, m->take, true, error);
    if (code != MILLRACE_OK)
        return code;
    consume_run_close(&m->run);
    m->run = fresh;
    m->replaced = false;
    m->turn = m->turn_used = 0;
    m->restarts++;
    m->record = (struct millrace_record){.kind = MILLRACE_RESTARTED, .epoch = fresh.info.epoch};
    return 1;
}

int millrace_next(struct millrace *m, const struct millrace_record **out, struct millrace_error *error)
{
    *out = &m->record;
    int n = from_taps(m, error);
    if (mr_likely(n > 0))
        return n;
    int64_t now_ns = mr_clock_mono();
    if (now_ns - m->looked_ns < CONSUME_LOOK_NS)
        return n;
    m->looked_ns = now_ns;
    if (!m->replaced && !consume_replaced(m))
        return n;
    m->replaced = true;
    /* the old writer is gone by now: what it wrote last is there, and comes first. What cannot be read is left. */
    if (n == 0 && (n = from_taps(m, error)) > 0) {
        m->looked_ns = 0;
        return n;
    }
    return restarted(m, error);
}

static bool something_new(const struct millrace *m)
{
    for (uint32_t i = 0; i < m->run.tap_count; i++) {
        const struct mr_tap *tap = &m->run.taps[i].ring;
        if (__atomic_load_n(&tap->ring->head, __ATOMIC_ACQUIRE) != tap->next)
            return true;
    }
    return false;
}

int millrace_wait(struct millrace *m, uint32_t timeout_ms)
{
    int64_t end_ns = mr_clock_mono() + (int64_t)timeout_ms * 1000000;
    for (;;) {
        int64_t now_ns = mr_clock_mono();
        if (something_new(m))
            return 1;
        if (now_ns - m->looked_ns >= CONSUME_LOOK_NS) {
            if (m->replaced || consume_replaced(m))
                return 1;
            m->looked_ns = now_ns;
        }
        if (now_ns >= end_ns)
            return 0;
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
}

/* ---- numbers and texts ---- */

void consume_give(void *out, size_t bytes, const void *ours, size_t size)
{
    memset(out, 0, bytes);
    memcpy(out, ours, bytes < size ? bytes : size);
}

void consume_text(char *out, size_t bytes, const char *from, size_t from_bytes)
{
    size_t n = strnlen(from, from_bytes < bytes - 1 ? from_bytes : bytes - 1);
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)from[i] < 0x20 || from[i] == 0x7f ? '?' : from[i];
    memset(out + n, 0, bytes - n);
}

const char *millrace_text(int64_t value, int32_t scale, char out[MILLRACE_TEXT])
{
    char digits[24];
    scale = scale < -30 ? -30 : scale > 30 ? 30 : scale;
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    while (scale > 0 && size % 10 == 0) { /* zeros behind the last digit */
        size /= 10;
        scale--;
        if (size == 0)
            scale = 0;
    }
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)size);
    const char *sign = value < 0 ? "-" : "";
    if (scale <= 0) /* whole: with its zeros */
        snprintf(out, MILLRACE_TEXT, "%s%s%.*s", sign, digits, size ? -scale : 0, "000000000000000000000000000000");
    else if (n > scale)
        snprintf(out, MILLRACE_TEXT, "%s%.*s.%s", sign, n - scale, digits, digits + n - scale);
    else
        snprintf(out, MILLRACE_TEXT, "%s0.%.*s%s", sign, scale - n, "000000000000000000000000000000", digits);
    return out;
}

double millrace_double(int64_t value, int32_t scale)
{
    static const double ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int32_t size = scale < 0 ? -scale : scale;
    double power = size < (int32_t)MR_COUNT_OF(ten) ? ten[size] : pow(10, size);
    return scale < 0 ? (double)value * power : (double)value / power;
}
