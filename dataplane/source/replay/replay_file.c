/* Reading recordings into memory: whole files, checked before the first piece is lent. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "codecs/json/json.h"
#include "dataplane/source/replay/replay_priv.h"

#define FILE_BYTES_MAX ((size_t)4 << 30)

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* A whole file, one NUL behind it. NULL with err set. */
static uint8_t *read_file(const char *path, size_t *len, struct mr_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        mr_err_set(err, MR_E_IO, "%s: cannot read: %s", path, fd < 0 ? strerror(errno) : "not a file");
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    size_t size = (size_t)st.st_size, got = 0;
    uint8_t *data = size > FILE_BYTES_MAX ? NULL : malloc(size + 1);
    while (data && got < size) {
        ssize_t n = read(fd, data + got, size - got);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    close(fd);
    if (!data || got != size) {
        mr_err_set(err, data ? MR_E_IO : MR_E_NOMEM, "%s: %s", path,
                   data ? "cannot be read to its end" : "too large to hold in memory; cut it first");
        free(data);
        return NULL;
    }
    data[size] = 0;
    *len = size;
    return data;
}

static uint8_t *unzstd(uint8_t *packed, const char *path, size_t *len, struct mr_err *err)
{
    size_t room = *len * 8 + 65536, used = 0, more = 1;
    uint8_t *plain = malloc(room);
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {packed, *len, 0};
    while (plain && stream && (in.pos < in.size || more)) {
        if (used + 1 >= room) {
            uint8_t *bigger = room < FILE_BYTES_MAX ? realloc(plain, room *= 2) : NULL;
            if (!bigger)
                break;
            plain = bigger;
        }
        ZSTD_outBuffer out = {plain, room - 1, used};
        size_t before = in.pos;
        more = ZSTD_decompressStream(stream, &out, &in);
        if (ZSTD_isError(more) || (out.pos == used && in.pos == before))
            break;
        used = out.pos;
    }
    bool good = plain && stream && in.pos == in.size && more == 0;
    ZSTD_freeDStream(stream);
    free(packed);
    if (!good) {
        free(plain);
        mr_err_set(err, MR_E_CORRUPT, "%s: not a whole zstd file", path);
        return NULL;
    }
    plain[used] = 0;
    *len = used;
    return plain;
}

static int by_time(const void *a, const void *b)
{
    const struct rest_body *x = a, *y = b;
    if (x->recv_ns != y->recv_ns)
        return x->recv_ns < y->recv_ns ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Plain bytes in the place of the quoted ones, which are never shorter: the text is ours. */
static bool read_plain(struct mr_json *j, struct mr_span *out)
{
    if (!mr_json_string(j, out) || !j->escaped)
        return j->status == MR_OK;
    int64_t n = mr_json_unescape(*out, (uint8_t *)(uintptr_t)out->data, out->len);
    out->len = n < 0 ? 0 : (uint32_t)n;
    return n >= 0 || mr_json_fail(j, (int)n);
}

static bool read_up_to(struct mr_json *j, uint64_t most, uint64_t *out)
{
    return mr_json_u64(j, out) && (*out <= most || mr_json_fail(j, MR_E_RANGE));
}

static bool read_event(struct mr_json *j, struct rest_body *body)
{
    struct mr_span name;
    if (!mr_json_string(j, &name))
        return false;
    body->kind = mr_span_eq(name, "opened") ? MR_PIECE_OPENED
                 : mr_span_eq(name, "note") ? MR_PIECE_NOTE
                                            : MR_PIECE_CLOSED;
    return body->kind != MR_PIECE_CLOSED || mr_span_eq(name, "closed") || mr_json_fail(j, MR_E_RANGE);
}

static bool read_product(struct mr_json *j, struct rest_body *body)
{
    struct mr_span name;
    return mr_json_string(j, &name) &&
           (mr_replay_product(name.data, name.len, &body->venue, &body->product) || mr_json_fail(j, MR_E_UNKNOWN));
}

static bool read_body(struct mr_json *j, struct rest_body *body)
{
    struct mr_span key;
    uint64_t value;
    bool url = false, text = false, event = false;
    *body = (struct rest_body){
        .line = NO_LINE, .connection = NO_CONNECTION, .clock = MR_CLOCK_KERNEL, .kind = MR_PIECE_REST};
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        if (mr_span_eq(key, "url"))
            url = read_plain(j, &body->url);
        else if (mr_span_eq(key, "recv_ns"))
            mr_json_i64(j, &body->recv_ns);
        else if (mr_span_eq(key, "body"))
            text = mr_json_raw(j, &body->body);
        else if (mr_span_eq(key, "text"))
            text = read_plain(j, &body->body);
        else if (mr_span_eq(key, "event"))
            event = read_event(j, body);
        else if (mr_span_eq(key, "product"))
            read_product(j, body);
        else if (mr_span_eq(key, "line") && read_up_to(j, NO_LINE - 1, &value))
            body->line = value;
        else if (mr_span_eq(key, "connection") && read_up_to(j, UINT16_MAX, &value))
            body->connection = (uint16_t)value;
        else if (mr_span_eq(key, "clock") && read_up_to(j, MR_CLOCK_VENUE, &value))
            body->clock = (uint8_t)value;
        else if (!mr_span_eq(key, "line") && !mr_span_eq(key, "connection") && !mr_span_eq(key, "clock"))
            mr_json_skip(j);
    }
    return (url && text) || (event && !url) || mr_json_fail(j, MR_E_MISSING);
}

/* Those that name their lines stand in their order; the others are put into the order of their times. */
static int place(struct input *in, const char *path, struct mr_err *err)
{
    uint32_t placed = 0;
    for (uint32_t i = 0; i < in->rest_count; i++) {
        placed += in->rest[i].line != NO_LINE;
        if (!in->rest[i].venue && !in->venue)
            return mr_err_set(err, MR_E_INVALID,
                              "%s: element %u does not say whose it is; put --venue VENUE:PRODUCT before the file",
                              path, i);
        if (i && placed == i + 1 && in->rest[i].line < in->rest[i - 1].line)
            return mr_err_set(err, MR_E_MALFORMED, "%s: element %u: `line` %llu comes after line %llu", path, i,
                              (unsigned long long)in->rest[i].line, (unsigned long long)in->rest[i - 1].line);
    }
    if (placed && placed != in->rest_count)
        return mr_err_set(err, MR_E_MALFORMED, "%s: %u of %u elements have a `line`; want all of them, or none", path,
                          placed, in->rest_count);
    in->placed = placed != 0;
    if (!placed && in->rest_count)
        qsort(in->rest, in->rest_count, sizeof *in->rest, by_time);
    return MR_OK;
}

static int load_rest(struct input *in, const char *path, struct mr_err *err)
{
    size_t len;
    in->rest_text = read_file(path, &len, err);
    if (!in->rest_text)
        return MR_E_IO;
    struct mr_json j;
    mr_json_open(&j, in->rest_text, (uint32_t)(len > UINT32_MAX ? 0 : len));
    uint32_t room = 0;
    if (mr_json_array(&j))
        while (mr_json_next(&j)) {
            if (in->rest_count == room) {
                room = room ? room * 2 : 16;
                struct rest_body *more = realloc(in->rest, room * sizeof *more);
                if (!more)
                    return mr_err_set(err, MR_E_NOMEM, "%s: no memory for its bodies", path);
                in->rest = more;
            }
            if (!read_body(&j, &in->rest[in->rest_count]))
                break;
            in->rest[in->rest_count].order = in->rest_count;
            in->rest_count++;
        }
    if (mr_json_close(&j) != MR_OK)
        return mr_err_set(err, j.status, "%s: byte %u: %s; want an array of {\"url\", \"recv_ns\", \"body\"}", path,
                          j.at, mr_status_text(j.status));
    return place(in, path, err);
}

static uint64_t lines(const uint8_t *data, size_t len)
{
    uint64_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += data[i] == '\n';
    return n + (len && data[len - 1] != '\n');
}

/* "NS", "NS CONNECTION", "NS CONNECTION CLOCK", "NS CONNECTION CLOCK VENUE:PRODUCT" */
static bool is_stamp(const uint8_t *at, const uint8_t *end, bool *own)
{
    static const uint64_t most[] = {INT64_MAX, UINT16_MAX, MR_CLOCK_VENUE};
    uint8_t venue, product;
    *own = false;
    for (size_t field = 0; field < MR_COUNT_OF(most); field++) {
        const uint8_t *begin = at;
        uint64_t value = 0;
        for (; at < end && *at >= '0' && *at <= '9' && at - begin < 19; at++)
            value = value * 10 + (uint64_t)(*at - '0');
        if (at == begin || value > most[field])
            return false;
        if (at == end)
            return true;
        if (*at++ != ' ')
            return false;
    }
    return *own = mr_replay_product(at, (size_t)(end - at), &venue, &product);
}

static int load_recv(struct input *in, const char *path, struct mr_err *err)
{
    size_t len;
    in->recv = read_file(path, &len, err);
    if (!in->recv)
        return MR_E_IO;
    uint64_t number = 1, owned = 0;
    bool own;
    for (const uint8_t *at = in->recv, *end = at + len; at < end; number++) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        if (!is_stamp(at, stop, &own))
            return mr_err_set(err, MR_E_MALFORMED,
                              "%s:%llu: not a receive time; want ns, perhaps a connection's number, a clock from 0 "
                              "to %d and VENUE:PRODUCT behind it, with one space between",
                              path, (unsigned long long)number, MR_CLOCK_VENUE);
        owned += own;
        at = stop + 1;
    }
    if (owned && owned != number - 1)
        return mr_err_set(err, MR_E_MALFORMED, "%s: %llu of %llu lines name a product; want all of them, or none", path,
                          (unsigned long long)owned, (unsigned long long)number - 1);
    in->own = owned != 0;
    if (lines(in->recv, len) != lines(in->data, in->len))
        return mr_err_set(err, MR_E_MALFORMED, "%s: %llu receive times for %llu messages; they must be equal", path,
                          (unsigned long long)lines(in->recv, len), (unsigned long long)lines(in->data, in->len));
    in->recv_at = (const char *)in->recv;
    return MR_OK;
}

/* "dir/X.jsonl.zst" -> "dir/X" + suffix, if such a file is there. */
static const char *beside(const char *path, const char *suffix, char *out, size_t bytes)
{
    size_t n = strlen(path);
    if (ends_with(path, ".zst"))
        n -= 4;
    if (n > 6 && strncmp(path + n - 6, ".jsonl", 6) == 0)
        n -= 6;
    snprintf(out, bytes, "%.*s%s", (int)n, path, suffix);
    return access(out, R_OK) == 0 ? out : NULL;
}

int mr_replay_load(struct input *in, const struct mr_replay_input *from, uint16_t connection, struct mr_err *err)
{
    *in = (struct input){.venue = from->venue, .product = from->product, .connection = connection};
    in->data = read_file(from->path, &in->len, err);
    if (!in->data)
        return MR_E_IO;
    if (ends_with(from->path, ".zst") && !(in->data = unzstd(in->data, from->path, &in->len, err)))
        return MR_E_CORRUPT;
    if (in->len >= 8 && memcmp(in->data, "MRCAPSEG", 8) == 0) {
        in->segment = mr_capture_reader_init(malloc(mr_capture_reader_bytes()));
        int status = mr_capture_open(in->segment, in->data, in->len);
        return status ? mr_err_set(err, status, "%s: %s", from->path, mr_status_text(status)) : MR_OK;
    }
    if (in->len && in->data[0] != '{' && in->data[0] != '[' && !ends_with(from->path, ".jsonl") &&
        !ends_with(from->path, ".jsonl.zst"))
        return mr_err_set(err, MR_E_MAGIC, "%s: neither a segment nor JSON lines", from->path);
    char path[4096], rest_path[4096];
    const char *recv = from->recv ? from->recv : beside(from->path, ".recv", path, sizeof path),
               *rest = from->rest ? from->rest : beside(from->path, ".rest.json", rest_path, sizeof rest_path);
    int status = recv ? load_recv(in, recv, err) : MR_OK;
    bool only_bodies = in->len == 0 && rest; /* which may say whose they are */
    if (!status && !in->venue && !in->own && !only_bodies)
        return mr_err_set(err, MR_E_INVALID,
                          "%s: JSON lines do not say whose they are; put --venue VENUE:PRODUCT before the file",
                          from->path);
    return !status && rest ? load_rest(in, rest, err) : status;
}

int mr_replay_load_recording(struct input *in, const char *folder, const char *name, struct mr_err *err)
{
    *in = (struct input){0};
    return mr_recording_open(&in->recording, folder, name, err);
}

bool mr_replay_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

void mr_replay_free(struct input *in)
{
    if (in->recording)
        mr_recording_close(in->recording);
    free(in->data);
    free(in->recv);
    free(in->rest_text);
    free(in->rest);
    free(in->segment);
    *in = (struct input){0};
}
