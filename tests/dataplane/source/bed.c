#include "tests/dataplane/source/bed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

struct place place = {.ip = {127, 0, 0, 1}};

static int make_socket(void)
{
    if (place.netns)
        mr_netns_theirs(place.netns);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (place.netns)
        mr_netns_ours(place.netns);
    return fd;
}

int listen_here(struct mr_dial *dial)
{
    int fd = make_socket();
    struct sockaddr_in at = {.sin_family = AF_INET};
    memcpy(&at.sin_addr, place.ip, 4);
    socklen_t len = sizeof at;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(fd, 256), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *dial = (struct mr_dial){.peer = {.family = 4, .port = ntohs(at.sin_port)}};
    memcpy(dial->peer.ip, place.ip, 4);
    return fd;
}

void open_bed(struct bed *b, const struct mr_source_ops *ops, struct mr_stream_config c)
{
    struct mr_err err;
    *b = (struct bed){0};
    mr_clock_open(&b->clock);
    mr_metrics_init_values(&b->metrics, &mr_stream_metrics_desc);
    c.clock = &b->clock;
    c.metrics = &b->metrics;
    c.dpdk = place.dpdk;
    size_t bytes = ops->bytes(&c);
    b->mem = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);
    int status = ops->open(&b->source, b->mem, &c, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
    b->listener = listen_here(&b->dial);
}

void close_bed(struct bed *b)
{
    b->source.ops->close(&b->source);
    free(b->mem);
    close(b->listener);
}

bool next(struct bed *b, struct mr_piece *piece)
{
    struct mr_source *s = &b->source;
    for (int64_t until = mr_clock_mono() + SECONDS(10); mr_clock_mono() < until;) {
        int n = s->ops->poll(s, mr_clock_now(&b->clock), piece, 1);
        assert_true(n >= 0);
        if (n)
            return true;
        if (s->ops->wait)
            s->ops->wait(s, 10000000);
        else
            sched_yield(); /* the peer may be a thread on this core */
    }
    return false;
}

int accept_one(const struct bed *b)
{
    struct pollfd fd = {.fd = b->listener, .events = POLLIN};
    struct mr_source *s = (struct mr_source *)(uintptr_t)&b->source;
    struct mr_piece none;
    for (int64_t until = mr_clock_mono() + SECONDS(10); poll(&fd, 1, 1) == 0 && mr_clock_mono() < until;)
        (void)s->ops->poll(s, 0, &none, 0); /* what it has to send leaves; nothing is taken */
    assert_int_equal(poll(&fd, 1, 0), 1);
    int peer = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(peer >= 0);
    return peer;
}

ssize_t hear(struct bed *b, int peer, void *bytes, size_t len)
{
    struct mr_piece piece;
    for (int64_t until = mr_clock_mono() + SECONDS(10); mr_clock_mono() < until;) {
        ssize_t n = recv(peer, bytes, len, MSG_DONTWAIT);
        if (n >= 0 || errno != EAGAIN)
            return n;
        assert_int_equal(b->source.ops->poll(&b->source, 0, &piece, 1), 0);
    }
    return -1;
}

int open_connection(struct bed *b, uint16_t number)
{
    struct mr_piece piece;
    assert_int_equal(b->source.ops->connect(&b->source, number, &b->dial, 0), MR_OK);
    assert_true(next(b, &piece));
    assert_int_equal(piece.kind, MR_PIECE_OPENED);
    assert_int_equal(piece.connection, number);
    return accept_one(b);
}

void expect_closed(struct bed *b, uint16_t number, int status, const char *reason)
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

const struct mr_stream_config small = {.connections_max = 8, .buffer_bytes = 4096, .buffers = 8, .send_bytes = 16384};

void release(struct bed *b, const struct mr_piece *piece) { b->source.ops->release(&b->source, piece); }

uint8_t pattern[PATTERN];

void fill_pattern(void)
{
    struct mr_random random = {42};
    for (uint32_t i = 0; i < PATTERN; i++)
        pattern[i] = (uint8_t)mr_random_next(&random);
}

bool is_pattern(const uint8_t *data, uint32_t len, uint64_t at)
{
    while (len) {
        uint32_t from = (uint32_t)(at % PATTERN), n = PATTERN - from < len ? PATTERN - from : len;
        if (memcmp(data, pattern + from, n) != 0)
            return false;
        data += n;
        len -= n;
        at += n;
    }
    return true;
}
