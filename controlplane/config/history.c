/* Reports of reloads: for people, and a line each in the history. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codecs/json/json.h"
#include "controlplane/config/config_priv.h"
#include "controlplane/config/reload_priv.h"

#define ENTRY_BYTES 262144 /* changes as JSON, escaped at worst six times as long */
#define TAIL_BYTES 4194304 /* of the file, looked at */

static const char *outcome(const struct mr_config_report *r)
{
    return r->status != MR_OK ? "refused" : r->live ? "applied" : r->restart ? "wants a restart" : "unchanged";
}

static void changes_json(const struct mr_config_report *r, struct mr_json_out *j)
{
    mr_json_out_array(j, "changes");
    for (uint32_t i = 0; i < r->count; i++) {
        mr_json_out_object(j, NULL);
        mr_json_out_string(j, "key", r->changes[i].key);
        mr_json_out_string(j, "before", r->changes[i].before);
        mr_json_out_string(j, "after", r->changes[i].after);
        mr_json_out_string(j, "when", r->changes[i].live ? "live" : "restart");
        mr_json_out_end(j);
    }
    mr_json_out_end(j);
}

void mr_config_report_json(const struct mr_config_report *r, struct mr_json_out *j)
{
    mr_json_out_string(j, "outcome", outcome(r));
    mr_json_out_string(j, "file", r->file);
    mr_json_out_string(j, "sha256", r->sha256);
    mr_json_out_u64(j, "errors", r->errors);
    mr_json_out_u64(j, "live", r->live);
    mr_json_out_u64(j, "restart", r->restart);
    if (*r->err.text)
        mr_json_out_string(j, "error", r->err.text);
    changes_json(r, j);
}

void mr_config_report_text(const struct mr_config_report *r, struct mr_text *out)
{
    mr_text_format(out, "%s: %s; %u live, %u want a restart\n", r->file, outcome(r), r->live, r->restart);
    for (uint32_t i = 0; i < r->count; i++) {
        const struct mr_config_change *c = &r->changes[i];
        const char *when = !c->live ? "restart" : r->status == MR_OK ? "now" : "not taken";
        mr_text_format(out, "%-9s %s: %s -> %s\n", when, c->key, *c->before ? c->before : "nothing",
                       *c->after ? c->after : "nothing");
    }
    if (r->live + r->restart > r->count)
        mr_text_format(out, "and %u more\n", r->live + r->restart - r->count);
    if (*r->err.text)
        mr_text_format(out, "%s\n", r->err.text);
    if (r->errors > 1)
        mr_text_format(out, "and %u more errors; `millrace config check` tells all\n", r->errors - 1);
}

/* ---- the history ---- */

/* A line that a crash has cut is ended first, so that it spoils nothing but itself. */
static bool append(int fd, const char *line, size_t len)
{
    struct stat st;
    char last = '\n';
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    if (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1)
        return false;
    if (last != '\n' && write(fd, "\n", 1) != 1)
        return false;
    return write(fd, line, len) == (ssize_t)len && fsync(fd) == 0;
}

int mr_config_history_add(const char *file, const struct mr_config_who *who, int64_t now_ns,
                          struct mr_config_report *report)
{
    char *line = malloc(ENTRY_BYTES), stamp[40];
    struct mr_text text, time;
    struct mr_json_out j;
    MR_ASSERT(line);
    mr_text_init(&time, stamp, sizeof stamp);
    mr_text_time(&time, now_ns);
    mr_text_init(&text, line, ENTRY_BYTES);
    mr_json_out_init(&j, &text);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "time", stamp);
    mr_json_out_u64(&j, "uid", who->uid);
    mr_json_out_string(&j, "name", who->name);
    mr_json_out_i64(&j, "pid", who->pid);
    mr_config_report_json(report, &j);
    mr_json_out_end(&j);
    mr_text_add(&text, "\n");
    int fd = open(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    bool good = !text.cut && fd >= 0 && append(fd, line, text.len);
    int error = errno;
    if (fd >= 0)
        close(fd);
    free(line);
    if (good)
        return MR_OK;
    return report->status != MR_OK
               ? MR_E_IO
               : mr_err_set(&report->err, MR_E_IO, "%s: the history cannot be written: %s", file, strerror(error));
}

struct entry {
    struct mr_span time, name, outcome, sha256;
    int64_t uid;
    uint64_t live, restart;
};

static bool read_entry(const char *line, size_t len, struct entry *e)
{
    struct mr_json j;
    struct mr_span key;
    memset(e, 0, sizeof *e);
    mr_json_open(&j, (const uint8_t *)line, (uint32_t)len);
    if (!mr_json_object(&j))
        return false;
    while (mr_json_key(&j, &key)) {
        struct mr_span *text = mr_span_eq(key, "time")      ? &e->time
                               : mr_span_eq(key, "name")    ? &e->name
                               : mr_span_eq(key, "outcome") ? &e->outcome
                               : mr_span_eq(key, "sha256")  ? &e->sha256
                                                            : NULL;
        uint64_t *number = mr_span_eq(key, "live") ? &e->live : mr_span_eq(key, "restart") ? &e->restart : NULL;
        bool good = text                     ? mr_json_string(&j, text)
                    : number                 ? mr_json_u64(&j, number)
                    : mr_span_eq(key, "uid") ? mr_json_i64(&j, &e->uid)
                                             : (mr_json_skip(&j), true);
        if (!good)
            return false;
    }
    return mr_json_close(&j) == MR_OK;
}

static void show_entry(const char *line, size_t len, struct mr_text *out, struct mr_json_out *json)
{
    struct entry e;
    if (!read_entry(line, len, &e))
        return;
    if (!json) {
        mr_text_format(out, "%.*s user %lld %.*s: %.*s; %llu live, %llu want a restart; sha256 %.12s\n",
                       (int)e.time.len, (const char *)e.time.data, (long long)e.uid, (int)e.name.len,
                       (const char *)e.name.data, (int)e.outcome.len, (const char *)e.outcome.data,
                       (unsigned long long)e.live, (unsigned long long)e.restart,
                       e.sha256.len ? (const char *)e.sha256.data : "-");
        return;
    }
    mr_json_out_object(json, NULL);
    mr_json_out_span(json, "time", e.time);
    mr_json_out_i64(json, "uid", e.uid);
    mr_json_out_span(json, "name", e.name);
    mr_json_out_span(json, "outcome", e.outcome);
    mr_json_out_span(json, "sha256", e.sha256);
    mr_json_out_u64(json, "live", e.live);
    mr_json_out_u64(json, "restart", e.restart);
    mr_json_out_end(json);
}

/* The end of the file, from the beginning of a line; NUL behind. */
static char *tail_of(const char *file, size_t *len, struct mr_err *err)
{
    struct stat st;
    *len = 0;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return calloc(1, 1);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        mr_err_set(err, MR_E_IO, "%s: %s", file, fd < 0 ? strerror(errno) : "not a regular file");
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    off_t from = st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0;
    char *text = calloc(1, (size_t)(st.st_size - from) + 1);
    MR_ASSERT(text);
    ssize_t n = pread(fd, text, (size_t)(st.st_size - from), from);
    close(fd);
    *len = n > 0 ? (size_t)n : 0;
    if (from) {
        char *end = memchr(text, '\n', *len);
        size_t skip = end ? (size_t)(end + 1 - text) : *len;
        memmove(text, text + skip, *len - skip + 1);
        *len -= skip;
    }
    return text;
}

int mr_config_history_show(const char *file, uint32_t most, struct mr_text *out, struct mr_json_out *json,
                           struct mr_err *err)
{
    size_t len;
    char *text = tail_of(file, &len, err);
    if (!text)
        return MR_E_IO;
    uint32_t lines = 0;
    const char *from = text + len;
    while (from > text) { /* back over as many lines as are wanted */
        if (from[-1] == '\n' && from != text + len && ++lines == most)
            break;
        from--;
    }
    if (json)
        mr_json_out_array(json, "history");
    for (const char *end; (end = memchr(from, '\n', (size_t)(text + len - from))); from = end + 1)
        show_entry(from, (size_t)(end - from), out, json);
    if (json)
        mr_json_out_end(json);
    free(text);
    return MR_OK;
}
