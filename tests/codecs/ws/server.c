#include "tests/codecs/ws/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "codecs/http/http.h"

/* Bounds, in ms: far above what a healthy client needs on a busy machine. */
enum { QUIET = 25, FAIL_WAIT = 2000, PATIENCE = 15000, DRAIN = 5000 };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int ws_server_open(struct ws_server *s, const struct ws_cases *cases, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    *s = (struct ws_server){.cases = cases, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (s->fd < 0)
        return -1;
    setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(s->fd, (struct sockaddr *)&at, len) < 0 || listen(s->fd, 16) < 0 ||
        getsockname(s->fd, (struct sockaddr *)&at, &len) < 0) {
        close(s->fd);
        return -1;
    }
    s->port = ntohs(at.sin_port);
    s->results = calloc(cases->count, sizeof *s->results);
    MR_ASSERT(s->results != NULL);
    return 0;
}

void ws_server_close(struct ws_server *s)
{
    close(s->fd);
    free(s->results);
}

/* ---- one connection ---- */

struct run {
    int fd;
    const struct ws_case *c;
    struct ws_script script;
    struct ws_judge judge;
    uint32_t sent, stop; /* octets; the next stop */
    int64_t since_ms;    /* the last octet either way, or the stop under way */
    bool gone, over;     /* the client has hung up; the server gave up waiting */
};

static bool wait_for(int fd, short what, int ms)
{
    struct pollfd p = {.fd = fd, .events = what};
    return poll(&p, 1, ms) > 0 && p.revents;
}

static void take(struct run *r)
{
    static uint8_t bytes[1 << 16];
    ssize_t n = recv(r->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0) {
        ws_judge_take(&r->judge, bytes, (size_t)n);
        r->since_ms = now_ms();
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        r->gone = true;
    }
}

/* How far may be sent now: up to the next stop that still holds, or the next cut. `wait_ms`: how long to listen meanwhile. */
static uint32_t allowed(struct run *r, int *wait_ms)
{
    const struct ws_script *s = &r->script;
    uint32_t to = s->len;
    *wait_ms = 0;
    if (r->stop < s->stop_count && s->stops[r->stop].at <= r->sent) {
        const struct ws_stop *stop = &s->stops[r->stop];
        int64_t waited = now_ms() - r->since_ms;
        bool failed = r->judge.closed || r->gone;
        bool holds = (stop->kind == WS_STOP_ANSWERS && r->judge.answers < stop->answers) ||
                     (stop->kind == WS_STOP_QUIET && waited < QUIET) ||
                     (stop->kind == WS_STOP_FAILED && !failed && waited < FAIL_WAIT);
        if (holds) {
            *wait_ms = stop->kind == WS_STOP_QUIET ? QUIET : 100;
            return r->sent;
        }
        r->judge.early |= stop->kind == WS_STOP_QUIET && failed;
        r->judge.slow |= stop->kind == WS_STOP_FAILED && !failed;
        r->stop++;
        r->since_ms = now_ms();
        return allowed(r, wait_ms);
    }
    if (r->stop < s->stop_count)
        to = s->stops[r->stop].at;
    uint32_t chop = r->c->chop;
    if (chop && chop != WS_FRAMES && to - r->sent > chop)
        to = r->sent + chop;
    return to;
}

static void give(struct run *r, uint32_t to)
{
    ssize_t n = send(r->fd, r->script.bytes + r->sent, to - r->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
        r->sent += (uint32_t)n;
        r->since_ms = now_ms();
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        r->sent = r->script.len; /* nobody there to send to; what it said last may still lie unread */
        r->stop = r->script.stop_count;
    }
}

/* The script, and the answers while it lasts. */
static void play(struct run *r)
{
    r->since_ms = now_ms();
    while (!r->gone && !r->judge.closed && !r->judge.wrong[0]) {
        int wait_ms;
        uint32_t to = allowed(r, &wait_ms);
        if (to == r->sent && r->sent == r->script.len && r->stop == r->script.stop_count)
            return;
        bool write = to > r->sent;
        struct pollfd p = {.fd = r->fd, .events = (short)(POLLIN | (write ? POLLOUT : 0))};
        poll(&p, 1, write ? 100 : wait_ms);
        if (p.revents & (POLLIN | POLLHUP | POLLERR))
            take(r);
        if (write && p.revents & POLLOUT)
            give(r, to);
        if (now_ms() - r->since_ms > PATIENCE) {
            r->over = true;
            return;
        }
    }
}

static void listen_until(struct run *r, bool (*enough)(const struct run *r), int64_t ms)
{
    int64_t until = now_ms() + ms;
    while (!r->gone && !enough(r) && now_ms() < until)
        if (wait_for(r->fd, POLLIN, 100))
            take(r);
}

static bool answered(const struct run *r)
{
    return r->judge.closed || r->judge.wrong[0] || r->judge.answers == r->script.answer_count;
}
static bool closed(const struct run *r) { return r->judge.closed || r->judge.wrong[0]; }
static bool never(const struct run *r)
{
    (void)r;
    return false;
}

static enum ws_verdict run_script(int fd, const struct ws_case *c, char *why, size_t bytes)
{
    struct run r = {.fd = fd, .c = c};
    ws_script_make(&r.script, c);
    ws_judge_init(&r.judge, c, &r.script);
    play(&r);
    if (c->end == WS_WE_CLOSE) {
        listen_until(&r, answered, PATIENCE);
        static const uint8_t close_1000[] = {0x88, 2, 0x03, 0xe8};
        bool early = r.judge.closed; /* before it was asked */
        (void)!send(fd, close_1000, sizeof close_1000, MSG_NOSIGNAL);
        r.judge.early |= early;
    }
    listen_until(&r, closed, PATIENCE);
    shutdown(fd, SHUT_WR);
    listen_until(&r, never, DRAIN); /* to the end: nothing may come behind the close frame */
    enum ws_verdict verdict = ws_judge_end(&r.judge, why, bytes);
    if (!r.gone && verdict != WS_FAILED) {
        verdict = WS_FAILED;
        snprintf(why, bytes, "the client does not end the connection");
    }
    ws_judge_free(&r.judge);
    ws_script_free(&r.script);
    return verdict;
}

/* ---- requests ---- */

/* Reads the upgrade and answers it. False: it is none, and `why` says so. */
static bool upgrade(int fd, const char *extension, struct mr_http_head *head, uint8_t *bytes, size_t room,
                    struct mr_err *err)
{
    size_t len = 0;
    int64_t n = 0;
    while (n == 0) {
        if (len == room || !wait_for(fd, POLLIN, PATIENCE))
            return false;
        ssize_t got = recv(fd, bytes + len, room - len, 0);
        if (got <= 0)
            return false;
        len += (size_t)got;
        n = mr_http_request(bytes, (uint32_t)len, head);
    }
    char accept[MR_WS_ACCEPT_TEXT], text[512];
    struct mr_text t;
    if (n < 0 || (size_t)n != len) /* a client says nothing before it has read the 101 */
        return mr_err_set(err, MR_E_MALFORMED, "not one HTTP request") == MR_OK;
    if (mr_ws_asked(head, accept, err) < 0)
        return false;
    if (mr_http_count(head, "sec-websocket-extensions"))
        return mr_err_set(err, MR_E_TYPE, "it offers an extension") == MR_OK;
    mr_text_init(&t, text, sizeof text);
    mr_ws_answer(&t, accept);
    if (extension) {
        t.len -= 2; /* the blank line */
        mr_text_format(&t, "Sec-WebSocket-Extensions: %s\r\n\r\n", extension);
    }
    return send(fd, text, t.len, MSG_NOSIGNAL) == (ssize_t)t.len;
}

static uint32_t number_in(struct mr_span target, const char *name)
{
    char text[256], *at;
    snprintf(text, sizeof text, "%.*s", (int)target.len, (const char *)target.data);
    at = strstr(text, name);
    return at ? (uint32_t)strtoul(at + strlen(name), NULL, 10) : 0;
}

static bool begins(struct mr_span target, const char *with)
{
    return target.len >= strlen(with) && memcmp(target.data, with, strlen(with)) == 0;
}

static void keep_agent(struct ws_server *s, struct mr_span target)
{
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)target.len, (const char *)target.data);
    char *at = strstr(text, "agent=");
    if (at)
        snprintf(s->agent, sizeof s->agent, "%.*s", (int)strcspn(at + 6, "&"), at + 6);
}

/* The number, which comes before the answer to its request is known: peeked from the request line. */
static uint32_t peek_case(int fd)
{
    char line[256] = "";
    for (int i = 0; i < PATIENCE / 10 && !strchr(line, '\n'); i++) {
        if (!wait_for(fd, POLLIN, PATIENCE))
            return 0;
        ssize_t n = recv(fd, line, sizeof line - 1, MSG_PEEK);
        if (n <= 0)
            return 0;
        line[n] = 0;
        if (!strchr(line, '\n'))
            usleep(10000);
    }
    const char *at = strncmp(line, "GET /runCase?", 13) == 0 ? strstr(line, "case=") : NULL;
    return at ? (uint32_t)strtoul(at + 5, NULL, 10) : 0;
}

static void serve_one(struct ws_server *s, int fd)
{
    uint8_t bytes[4096];
    struct mr_http_head head;
    struct mr_err err = {"no upgrade"};
    uint32_t number = peek_case(fd);
    const struct ws_case *c = number >= 1 && number <= s->cases->count ? &s->cases->row[number - 1] : NULL;
    struct ws_result *result = c ? &s->results[number - 1] : NULL, other;
    if (result)
        *result = (struct ws_result){.run = true, .verdict = WS_FAILED};
    if (!upgrade(fd, c ? c->extension : NULL, &head, bytes, sizeof bytes, &err)) {
        if (result)
            snprintf(result->why, sizeof result->why, "%.150s", err.text);
        return;
    }
    keep_agent(s, head.target);
    if (result && number_in(head.target, "case=") == number) {
        result->verdict = run_script(fd, c, result->why, sizeof result->why);
        return;
    }
    char count[32] = "";
    if (begins(head.target, "/getCaseCount"))
        snprintf(count, sizeof count, "81:%u", s->cases->count);
    s->reported |= begins(head.target, "/updateReports");
    const struct ws_case service = {.send = count, .want = "", .end = WS_WE_CLOSE, .code = 1000};
    run_script(fd, &service, other.why, sizeof other.why);
}

void ws_server_serve(struct ws_server *s, int idle_ms)
{
    while (!s->reported && wait_for(s->fd, POLLIN, idle_ms)) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        serve_one(s, fd);
        close(fd);
    }
}
