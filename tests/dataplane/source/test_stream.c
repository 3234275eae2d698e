/* What every source of stream connections promises, shown on 127.0.0.1 for each of them: the same table of cases. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/clock/clock.h"
#include "dataplane/source/source.h"
#include "tests/support/support.h"

#define SECONDS(n) ((n)*1000000000ll)

static const struct mr_source_ops *const sources[] = {&mr_source_socket_ops, &mr_source_uring_ops};

struct bed { /* one source under test, and where its peers live */
    struct mr_source source;
    struct mr_clock clock;
    struct mr_stream_metrics metrics;
    void *mem;
    int listener;
    struct mr_dial dial;
};

static int listen_here(struct mr_dial *dial)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(fd, 256), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *dial = (struct mr_dial){.peer = {.ip = {127, 0, 0, 1}, .family = 4, .port = ntohs(at.sin_port)}};
    return fd;
}

static void open_bed(struct bed *b, const struct mr_source_ops *ops, struct mr_stream_config c)
{
    struct mr_err err;
    *b = (struct bed){0};
    mr_clock_open(&b->clock);
    mr_metrics_init_values(&b->metrics, &mr_stream_metrics_desc);
    c.clock = &b->clock;
    c.metrics = &b->metrics;
    size_t bytes = ops->bytes(&c);
    b->mem = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);
    int status = ops->open(&b->source, b->mem, &c, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
    b->listener = listen_here(&b->dial);
}

static void close_bed(struct bed *b)
{
    b->source.ops->close(&b->source);
    free(b->mem);
    close(b->listener);
}

/* The next piece, waiting up to ten seconds; false: none came. */
static bool next(struct bed *b, struct mr_piece *piece)
{
    struct mr_source *s = &b->source;
    for (int64_t until = mr_clock_mono() + SECONDS(10); mr_clock_mono() < until;) {
        int n = s->ops->poll(s, mr_clock_now(&b->clock), piece, 1);
        assert_true(n >= 0);
        if (n)
            return true;
        s->ops->wait(s, 10000000);
    }
    return false;
}

static int accept_one(const struct bed *b)
{
    struct pollfd fd = {.fd = b->listener, .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 10000), 1);
    int peer = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(peer >= 0);
    return peer;
}

static int open_connection(struct bed *b, uint16_t number)
{
    struct mr_piece piece;
    assert_int_equal(b->source.ops->connect(&b->source, number, &b->dial, 0), MR_OK);
    assert_true(next(b, &piece));
    assert_int_equal(piece.kind, MR_PIECE_OPENED);
    assert_int_equal(piece.connection, number);
    return accept_one(b);
}

static void expect_closed(struct bed *b, uint16_t number, int status, const char *reason)
{
    struct mr_piece piece;
    assert_true(next(b, &piece));
    assert_int_equal(piece.kind, MR_PIECE_CLOSED);
    assert_int_equal(piece.connection, number);
    assert_int_equal(piece.status, status);
    if (!mr_span_is(piece.name, reason, strlen(reason)))
        print_error("%s: \"%.*s\", not \"%s\"\n", b->source.ops->name, (int)piece.name.len,
                    (const char *)piece.name.data, reason);
    assert_true(mr_span_is(piece.name, reason, strlen(reason)));
    b->source.ops->release(&b->source, &piece);
}

static const struct mr_stream_config small = {
    .connections_max = 8, .buffer_bytes = 4096, .buffers = 8, .send_bytes = 16384};

static void a_refused_dial_says_so(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops, small);
    close(b.listener);
    assert_int_equal(b.source.ops->connect(&b.source, 3, &b.dial, 0), MR_OK);
    expect_closed(&b, 3, MR_E_IO, "connection refused");
    b.listener = listen_here(&b.dial);
    close(open_connection(&b, 3)); /* and its number is free again */
    close_bed(&b);
}

static void bytes_arrive_with_their_time_and_the_end_after_them(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops, small);
    int peer = open_connection(&b, 0);
    int64_t before = mr_clock_now(&b.clock);
    assert_int_equal(send(peer, "hello", 5, 0), 5);
    struct mr_piece piece;
    assert_true(next(&b, &piece));
    assert_int_equal(piece.kind, MR_PIECE_STREAM);
    assert_int_equal(piece.len, 5);
    assert_memory_equal(piece.data, "hello", 5);
    assert_int_equal(piece.clock, MR_CLOCK_TSC);
    assert_true(piece.recv_ns >= before && piece.recv_ns <= mr_clock_now(&b.clock));
    b.source.ops->release(&b.source, &piece);
    assert_int_equal(send(peer, "bye", 3, 0), 3);
    shutdown(peer, SHUT_WR);
    assert_true(next(&b, &piece));
    assert_int_equal(piece.len, 3);
    b.source.ops->release(&b.source, &piece);
    expect_closed(&b, 0, MR_E_END, "closed by peer");
    close(peer);
    close_bed(&b);
}

static const struct promise {
    const char *says;
    void (*run)(const struct mr_source_ops *);
} promises[] = {
#define ROW(f)                                                                                                         \
    {                                                                                                                  \
#f, f                                                                                                          \
    }
    ROW(a_refused_dial_says_so),
    ROW(bytes_arrive_with_their_time_and_the_end_after_them),
};

struct pair {
    const struct mr_source_ops *ops;
    const struct promise *promise;
    char name[128];
};

static void run_pair(void **state)
{
    const struct pair *pair = *state;
    pair->promise->run(pair->ops);
}

int main(void)
{
    static struct pair pairs[MR_COUNT_OF(sources) * MR_COUNT_OF(promises)];
    static struct CMUnitTest tests[MR_COUNT_OF(pairs)];
    for (size_t i = 0; i < MR_COUNT_OF(pairs); i++) {
        pairs[i].ops = sources[i / MR_COUNT_OF(promises)];
        pairs[i].promise = &promises[i % MR_COUNT_OF(promises)];
        snprintf(pairs[i].name, sizeof pairs[i].name, "%s: %s", pairs[i].ops->name, pairs[i].promise->says);
        tests[i] = (struct CMUnitTest){pairs[i].name, run_pair, NULL, NULL, &pairs[i]};
    }
    return MR_TEST_MAIN(tests);
}
