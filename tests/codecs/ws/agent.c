#include "tests/codecs/ws/agent.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codecs/http/http.h"
#include "codecs/ws/ws.h"
#include "dataplane/clock/clock.h"
#include "dataplane/source/source.h"

enum { PIECES = 16, MESSAGE_MAX = 16 << 20, ROOM = MESSAGE_MAX + 2 * MR_WS_HEAD_MAX + (1 << 18) };
#define S_NS 1000000000ll
#define DEADLINE_NS (60 * S_NS) /* of one case */
#define LINGER_NS (2 * S_NS)    /* for the server's end of the connection, once we have said ours */

struct agent {
    struct mr_clock clock;
    struct mr_source source;
    void *mem;
    struct mr_address address;
    char host[128];
    uint16_t port;

    /* the connection */
    struct mr_ws ws;
    uint8_t *assembly, *in;
    uint32_t begin, end; /* received, not read yet */
    uint8_t *out;
    size_t out_at, out_len, out_room; /* [out_at, out_len) the source has not taken yet */
    char key[MR_WS_KEY_TEXT];
    bool upgraded, echo, gone;
    int64_t leave_ns; /* our close frame is written: when we go without the server's; 0 */
    char heard[64];   /* the first text */
    struct mr_err *err;
    int status;
};

/* ---- out ---- */

static uint8_t *room_for(struct agent *a, size_t len)
{
    if (a->out_len + len > a->out_room) {
        a->out_room = (a->out_len + len) * 2;
        a->out = realloc(a->out, a->out_room);
        MR_ASSERT(a->out != NULL);
    }
    return a->out + a->out_len;
}

static void flush(struct agent *a)
{
    while (!a->gone && a->out_at < a->out_len) {
        size_t left = a->out_len - a->out_at;
        int64_t n = a->source.ops->send(&a->source, 0, a->out + a->out_at, left < 1 << 20 ? (uint32_t)left : 1 << 20);
        if (n <= 0)
            return; /* no room now, or broken: then a piece says so */
        a->out_at += (size_t)n;
    }
    a->out_at = a->out_len = 0;
}

static const uint8_t *mask(uint8_t bytes[4])
{
    MR_ASSERT(RAND_bytes(bytes, 4) == 1);
    return bytes;
}

static void say(struct agent *a, uint8_t opcode, const void *data, uint32_t len)
{
    uint8_t key[4];
    int64_t n =
        mr_ws_write(room_for(a, len + MR_WS_HEAD_MAX), len + MR_WS_HEAD_MAX, opcode, true, mask(key), data, len);
    MR_ASSERT(n > 0);
    a->out_len += (size_t)n;
}

static void say_close(struct agent *a, uint16_t code, const char *reason)
{
    uint8_t key[4];
    int64_t n = mr_ws_write_close(room_for(a, 256), 256, mask(key), code, reason);
    MR_ASSERT(n > 0);
    a->out_len += (size_t)n;
    a->leave_ns = mr_clock_mono() + LINGER_NS;
}

/* ---- in ---- */

static void frame_came(struct agent *a, const struct mr_ws_frame *frame)
{
    switch (frame->opcode) {
    case MR_WS_TEXT:
    case MR_WS_BINARY:
        if (a->echo)
            say(a, frame->opcode, frame->data, frame->len);
        else
            snprintf(a->heard, sizeof a->heard, "%.*s", (int)(frame->len < 60 ? frame->len : 60),
                     (const char *)frame->data);
        break;
    case MR_WS_PING:
        say(a, MR_WS_PONG, frame->data, frame->len);
        break;
    case MR_WS_CLOSE:
        say_close(a, frame->close_code == MR_WS_CODE_NONE ? 0 : frame->close_code, NULL);
        break;
    default:
        break; /* an answer to a ping we never sent; a fragment, kept by the reader */
    }
}

static void read_frames(struct agent *a)
{
    struct mr_ws_frame frame;
    while (a->begin < a->end && !a->leave_ns) {
        int64_t n = mr_ws_read(&a->ws, a->in + a->begin, a->end - a->begin, &frame);
        if (n == 0)
            return;
        if (n < 0) {
            say_close(a, a->ws.close_code, a->ws.reason);
            return;
        }
        a->begin += (uint32_t)n;
        frame_came(a, &frame);
    }
}

static void read_answer(struct agent *a)
{
    struct mr_err err = {""};
    int64_t n = mr_ws_response(a->in + a->begin, a->end - a->begin, a->key, &err);
    if (n < 0) { /* not taken: nothing is said, the connection ends */
        a->gone = true;
        a->source.ops->close_connection(&a->source, 0);
        if (!a->echo)
            a->status = mr_err_set(a->err, (int)n, "the server does not upgrade: %s", err.text);
    } else if (n > 0) {
        a->begin += (uint32_t)n;
        a->upgraded = true;
    }
}

static void bytes_came(struct agent *a, const uint8_t *data, uint32_t len)
{
    if (a->leave_ns || a->gone)
        return;
    if (ROOM - a->end < len) {
        memmove(a->in, a->in + a->begin, a->end - a->begin);
        a->end -= a->begin;
        a->begin = 0;
    }
    MR_ASSERT(ROOM - a->end >= len); /* a frame of MESSAGE_MAX is whole before that */
    memcpy(a->in + a->end, data, len);
    a->end += len;
    if (!a->upgraded)
        read_answer(a);
    if (a->upgraded)
        read_frames(a);
    if (a->begin == a->end)
        a->begin = a->end = 0;
}

static void opened(struct agent *a, const char *path)
{
    uint8_t random[16];
    struct mr_text text;
    MR_ASSERT(RAND_bytes(random, sizeof random) == 1);
    mr_ws_key(random, a->key);
    mr_text_init(&text, (char *)room_for(a, 1024), 1024);
    if (mr_ws_request(&text, a->host, a->port, path, a->key) < 0) {
        a->gone = true;
        a->status = mr_err_set(a->err, MR_E_INVALID, "%s: a host or name that cannot stand in a request", path);
    }
    a->out_len += text.len;
}

static void take(struct agent *a, const struct mr_piece *piece, const char *path)
{
    if (piece->kind == MR_PIECE_OPENED) {
        opened(a, path);
    } else if (piece->kind == MR_PIECE_STREAM) {
        bytes_came(a, piece->data, piece->len);
    } else if (piece->kind == MR_PIECE_CLOSED) {
        if (!a->upgraded && !a->gone && !a->echo)
            a->status =
                mr_err_set(a->err, MR_E_IO, "no answer: %.*s", (int)piece->name.len, (const char *)piece->name.data);
        a->gone = true;
    }
}

/* One connection, from the dial to its end. */
static int visit(struct agent *a, const char *path, bool echo)
{
    const struct mr_source_ops *ops = a->source.ops;
    const struct mr_dial dial = {.peer = a->address};
    int64_t until = mr_clock_mono() + DEADLINE_NS;
    a->begin = a->end = 0;
    a->out_at = a->out_len = 0;
    a->upgraded = a->gone = false;
    a->leave_ns = 0;
    a->heard[0] = 0;
    a->status = MR_OK;
    a->echo = echo;
    mr_ws_reset(&a->ws);
    int status = ops->connect(&a->source, 0, &dial, mr_clock_now(&a->clock));
    if (status < 0)
        return mr_err_set(a->err, status, "%s:%u: no connection begins", a->host, a->port);
    while (!a->gone) {
        struct mr_piece pieces[PIECES];
        int n = ops->poll(&a->source, mr_clock_now(&a->clock), pieces, PIECES);
        for (int i = 0; i < n; i++) {
            take(a, &pieces[i], path);
            ops->release(&a->source, &pieces[i]);
        }
        flush(a);
        int64_t now = mr_clock_mono();
        if (now >= until || (a->leave_ns && now >= a->leave_ns))
            break;
        if (n == 0 && !a->gone)
            ops->wait(&a->source, a->out_at < a->out_len ? 200000 : 20000000);
    }
    ops->close_connection(&a->source, 0);
    return a->status;
}

/* ---- set-up ---- */

static int parse_url(struct agent *a, const char *url)
{
    char port[8] = "80";
    struct addrinfo want = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    if (sscanf(url, "ws://%127[^:/]:%7[0-9]", a->host, port) < 1)
        return mr_err_set(a->err, MR_E_INVALID, "%s: not ws://host:port", url);
    if (getaddrinfo(a->host, port, &want, &found) != 0 || !found)
        return mr_err_set(a->err, MR_E_INVALID, "%s: no such host", a->host);
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)found->ai_addr;
    a->port = ntohs(in->sin_port);
    a->address = (struct mr_address){.family = 4, .port = a->port};
    memcpy(a->address.ip, &in->sin_addr, 4);
    freeaddrinfo(found);
    return MR_OK;
}

static int open_source(struct agent *a)
{
    const struct mr_stream_config config = {
        .connections_max = 1, .buffer_bytes = 16384, .buffers = 64, .send_bytes = 1 << 20, .clock = &a->clock};
    mr_clock_open(&a->clock);
    size_t bytes = (mr_source_socket_ops.bytes(&config) + 4095) & ~(size_t)4095;
    a->mem = aligned_alloc(4096, bytes);
    MR_ASSERT(a->mem != NULL);
    memset(a->mem, 0, bytes);
    return mr_source_socket_ops.open(&a->source, a->mem, &config, a->err);
}

static int run_all(struct agent *a, const char *name)
{
    char path[256];
    int status = visit(a, "/getCaseCount", false), count = (int)strtol(a->heard, NULL, 10);
    for (int i = 1; status == MR_OK && i <= count; i++) {
        snprintf(path, sizeof path, "/runCase?case=%d&agent=%s", i, name);
        status = visit(a, path, true);
    }
    snprintf(path, sizeof path, "/updateReports?agent=%s", name);
    if (status == MR_OK)
        status = visit(a, path, false);
    return status < 0 ? status : count;
}

int ws_agent_run(const char *url, const char *name, struct mr_err *err)
{
    static const char fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    struct agent a = {.err = err};
    if (!*name || strlen(name) > 60 || strspn(name, fit) != strlen(name))
        return mr_err_set(err, MR_E_INVALID, "%s: a name is of letters, digits, '.', '-' and '_'", name);
    int status = parse_url(&a, url);
    if (status == MR_OK)
        status = open_source(&a);
    if (status < 0) {
        free(a.mem);
        return status;
    }
    a.assembly = malloc(MESSAGE_MAX);
    a.in = malloc(ROOM);
    MR_ASSERT(a.assembly && a.in);
    mr_ws_init(&a.ws, MR_WS_CLIENT, a.assembly, MESSAGE_MAX);
    status = run_all(&a, name);
    a.source.ops->close(&a.source);
    free(a.mem);
    free(a.assembly);
    free(a.in);
    free(a.out);
    return status;
}
