/* What every source of stream connections promises: one table of cases, run over each by test_stream.c (kernel sockets, on 127.0.0.1) and
 * dpdk/test_dpdk_stream.c (user-space TCP, over a veth pair). */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/source/dpdk/dpdk.h"
#include "tests/dataplane/source/promises.h"

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
    struct mr_piece piece = {.clock = MR_CLOCK_TSC};
    bool kernels = ops == &mr_source_socket_ops; /* whose time it begins to tell a moment after it was asked to */
    for (int i = 0; kernels && i < 1000 && piece.clock != MR_CLOCK_KERNEL; i++, usleep(1000)) {
        assert_int_equal(send(peer, "warm", 4, 0), 4);
        assert_true(next(&b, &piece));
        b.source.ops->release(&b.source, &piece);
    }
    const int64_t slack_ns = kernels ? 1000000 : 0; /* between the kernel's clock and ours */
    int64_t before = mr_clock_now(&b.clock) - slack_ns;
    assert_int_equal(send(peer, "hello", 5, 0), 5);
    assert_true(next(&b, &piece));
    assert_int_equal(piece.kind, MR_PIECE_STREAM);
    assert_int_equal(piece.len, 5);
    assert_memory_equal(piece.data, "hello", 5);
    assert_true(piece.clock == MR_CLOCK_KERNEL || (!kernels && piece.clock == MR_CLOCK_TSC));
    assert_true(piece.recv_ns >= before && piece.recv_ns <= mr_clock_now(&b.clock) + slack_ns);
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

static void a_dial_that_cannot_begin_says_why(const struct mr_source_ops *ops)
{
    static const struct {
        struct mr_dial dial;
        const char *reason;
    } dials[] = {
        {{.peer = {.ip = {255, 255, 255, 255}, .family = 4, .port = 1}}, "network unreachable"},
        {{.peer = {.family = 0}}, "the address is neither IPv4 nor IPv6"},
        {{.peer = {.ip = {127, 0, 0, 1}, .family = 4, .port = 1}, .from = {.ip = {203, 0, 113, 77}, .family = 4}},
         "cannot bind to source address 203.0.113.77: not an address of this host"},
        {{.peer = {.ip = {127, 0, 0, 1}, .family = 4, .port = 1}, .from = {.family = 5}},
         "the source address is neither IPv4 nor IPv6"},
        {{.peer = {.ip = {127, 0, 0, 1}, .family = 4, .port = 1}, .interface = "mr-none0"},
         "cannot bind to `interface` mr-none0: no such interface"},
        {{.peer = {.ip = {127, 0, 0, 1}, .family = 4, .port = 1}, .interface = "a-name-longer-than-any-interface"},
         "cannot bind to `interface` a-name-longer-than-a: no such interface"},
    };
    struct bed b;
    open_bed(&b, ops, small);
    for (size_t i = 0; i < MR_COUNT_OF(dials); i++) {
        assert_int_equal(ops->connect(&b.source, (uint16_t)i, &dials[i].dial, 0), MR_OK);
        expect_closed(&b, (uint16_t)i, MR_E_IO, dials[i].reason);
    }
    close(open_connection(&b, 0));
    close_bed(&b);
}

static void a_number_in_use_or_out_of_range_is_refused(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops, small);
    int peer = open_connection(&b, 7);
    assert_int_equal(ops->connect(&b.source, 7, &b.dial, 0), MR_E_INVALID);
    assert_int_equal(ops->connect(&b.source, 8, &b.dial, 0), MR_E_INVALID);
    assert_int_equal(ops->send(&b.source, 6, (const uint8_t *)"x", 1), MR_E_IO);
    ops->close_connection(&b.source, 6); /* nothing there: harmless */
    ops->close_connection(&b.source, 9);
    close(peer);
    expect_closed(&b, 7, MR_E_END, "closed by peer");
    close_bed(&b);
}

static void a_dial_goes_out_from_the_address_and_interface_asked_for(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops, small);
    b.dial.from = (struct mr_address){.ip = {127, 0, 0, 2}, .family = 4};
    b.dial.interface = "lo";
    int peer = open_connection(&b, 1);
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    assert_int_equal(getpeername(peer, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(ntohl(at.sin_addr.s_addr), 0x7f000002);
    close(peer);
    close_bed(&b);
}

/* ---- streams ---- */

static void *echo(void *arg)
{
    int fd = *(int *)arg;
    static _Thread_local uint8_t bytes[65536];
    for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0;)
        for (ssize_t at = 0, sent; at < n; at += sent)
            if ((sent = send(fd, bytes + at, (size_t)(n - at), MSG_NOSIGNAL)) < 0)
                return NULL;
    shutdown(fd, SHUT_WR);
    return NULL;
}

/* Sends one portion of at most `most` bytes of the pattern; how much was taken. */
static uint64_t offer(struct bed *b, uint16_t number, uint64_t at, uint64_t end, uint32_t most)
{
    uint32_t from = (uint32_t)(at % PATTERN);
    uint64_t len = PATTERN - from < end - at ? PATTERN - from : end - at;
    int64_t taken = b->source.ops->send(&b->source, number, pattern + from, len < most ? (uint32_t)len : most);
    assert_true(taken >= 0);
    return (uint64_t)taken;
}

static void an_echo_of_100_mb_in_random_portions_comes_back_whole(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(
        &b, ops,
        (struct mr_stream_config){.connections_max = 2, .buffer_bytes = 16384, .buffers = 32, .send_bytes = 65536});
    int peer = open_connection(&b, 1);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, echo, &peer), 0);
    const uint64_t total = getenv("MILLRACE_QUICK") || !ops->wait ? 8u << 20 : 100u << 20;
    struct mr_random random = {1};
    struct mr_piece pieces[16];
    uint64_t sent = 0, got = 0;
    for (int64_t until = mr_clock_mono() + SECONDS(60); got < total && mr_clock_mono() < until;) {
        if (sent < total)
            sent += offer(&b, 1, sent, total, 1 + (uint32_t)mr_random_below(&random, 50000));
        int n = ops->poll(&b.source, 0, pieces, 1 + (uint32_t)mr_random_below(&random, 16));
        assert_true(n >= 0);
        for (int i = 0; i < n; i++) {
            assert_int_equal(pieces[i].kind, MR_PIECE_STREAM);
            assert_true(is_pattern(pieces[i].data, pieces[i].len, got));
            got += pieces[i].len;
            release(&b, &pieces[i]);
        }
    }
    assert_int_equal(got, total);
    assert_int_equal(b.metrics.bytes, total);
    assert_int_equal(b.metrics.sent_bytes, total);
    assert_true(b.metrics.pieces >= total / 16384 && b.metrics.polls >= b.metrics.empty);
    ops->close_connection(&b.source, 1);
    pthread_join(thread, NULL);
    close(peer);
    close_bed(&b);
}

static void a_peer_that_does_not_read_makes_sends_short_and_loses_nothing(const struct mr_source_ops *ops)
{
    struct bed b;
    struct mr_stream_config config = small;
    config.send_bytes =
        256 << 10; /* more than loopback's segment of 64 KiB, else each waits for a delayed acknowledgement */
    open_bed(&b, ops, config);
    int peer = open_connection(&b, 0);
    struct mr_piece piece;
    uint64_t sent = 0, got = 0;
    const uint64_t total = 16u << 20;
    int still = 0;
    while (still < 100) { /* until nothing is taken any more */
        uint64_t taken = offer(&b, 0, sent, total, 100000);
        still = taken ? 0 : still + 1;
        sent += taken;
        assert_int_equal(ops->poll(&b.source, 0, &piece, 1), 0);
    }
    assert_true(sent < total);
    assert_true(b.metrics.short_sends >= 100);
    static uint8_t bytes[65536];
    for (int64_t until = mr_clock_mono() + SECONDS(30); got < total && mr_clock_mono() < until;) {
        if (sent < total)
            sent += offer(&b, 0, sent, total, 100000);
        assert_int_equal(ops->poll(&b.source, 0, &piece, 1), 0);
        ssize_t n = recv(peer, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n <= 0)
            continue;
        assert_true(is_pattern(bytes, (uint32_t)n, got));
        got += (uint64_t)n;
    }
    assert_int_equal(got, total);
    assert_int_equal(b.metrics.sent_bytes, total);
    close(peer);
    close_bed(&b);
}

static void a_message_sent_just_before_closing_still_arrives(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops, small);
    int peer = open_connection(&b, 0);
    assert_int_equal(ops->send(&b.source, 0, (const uint8_t *)"good", 4), 4);
    ops->close_connection(&b.source, 0);
    char bytes[16];
    assert_int_equal(hear(&b, peer, bytes, 4), 4);
    assert_memory_equal(bytes, "good", 4);
    ssize_t n = hear(&b, peer, bytes, sizeof bytes);
    assert_true(n == 0 || (!ops->wait && n < 0 && errno == ECONNRESET)); /* user-space TCP leaves by RST */
    close(peer);
    close_bed(&b);
}

/* ---- ends ---- */

static void reset(int peer)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(peer);
}

static void a_reset_is_told_from_an_orderly_end(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops, small);
    reset(open_connection(&b, 2));
    expect_closed(&b, 2, MR_E_IO, "reset by peer");
    int peer = open_connection(&b, 2);
    close(peer);
    expect_closed(&b, 2, MR_E_END, "closed by peer");
    assert_int_equal(b.metrics.dials, 2);
    assert_int_equal(b.metrics.opened, 2);
    assert_int_equal(b.metrics.closed, 2);
    close_bed(&b);
}

static void a_reset_that_a_send_found_first_is_still_a_reset(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops, small);
    reset(open_connection(&b, 2));
    usleep(20000);
    for (int i = 0; i < 3; i++)
        (void)ops->send(&b.source, 2, (const uint8_t *)"x", 1);
    expect_closed(&b, 2, MR_E_IO, "reset by peer");
    assert_int_equal(ops->send(&b.source, 2, (const uint8_t *)"x", 1), MR_E_IO);
    close_bed(&b);
}

static void pieces_lent_outlive_their_connection(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops, small);
    int peer = open_connection(&b, 0);
    struct mr_piece kept, piece;
    assert_int_equal(send(peer, "keep this", 9, 0), 9);
    assert_true(next(&b, &kept));
    assert_int_equal(send(peer, "never seen", 10, 0), 10);
    ops->close_connection(&b.source, 0);
    close(peer);
    for (int turn = 0; turn < 100; turn++) { /* the same number, and every other buffer, many times over */
        peer = open_connection(&b, 0);
        assert_int_equal(send(peer, "other", 5, 0), 5);
        assert_true(next(&b, &piece));
        assert_int_equal(piece.kind, MR_PIECE_STREAM);
        assert_int_equal(piece.len, 5);
        assert_memory_equal(piece.data, "other", 5);
        assert_ptr_not_equal(piece.data, kept.data);
        release(&b, &piece);
        ops->close_connection(&b.source, 0);
        close(peer);
    }
    assert_int_equal(kept.len, 9);
    assert_memory_equal(kept.data, "keep this", 9);
    release(&b, &kept);
    assert_int_equal(ops->poll(&b.source, 0, &piece, 1), 0);
    ops->housekeep(&b.source, 0);
    assert_int_equal(b.metrics.lent, 0);
    close_bed(&b);
}

static void a_dial_given_up_brings_no_piece(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops, small);
    struct mr_piece piece;
    for (int turn = 0; turn < 50; turn++) {
        assert_int_equal(ops->connect(&b.source, 5, &b.dial, 0), MR_OK);
        if (turn % 2 && ops->wait)
            ops->wait(&b.source, 1000000); /* the answer is there, but was not asked for */
        ops->close_connection(&b.source, 5);
        assert_int_equal(ops->poll(&b.source, 0, &piece, 1), 0);
        if (ops->wait) /* else the dial was in this process only: it never left */
            close(accept_one(&b));
    }
    close(open_connection(&b, 5));
    expect_closed(&b, 5, MR_E_END, "closed by peer");
    close_bed(&b);
}

/* ---- bounds ---- */

static void take(struct bed *b, struct mr_piece *piece, uint64_t *got)
{
    assert_true(next(b, piece));
    assert_int_equal(piece->kind, MR_PIECE_STREAM);
    assert_true(is_pattern(piece->data, piece->len, got[piece->connection]));
    got[piece->connection] += piece->len;
}

static void with_every_buffer_lent_reading_stops_and_goes_on_when_one_is_back(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops,
             (struct mr_stream_config){.connections_max = 3, .buffer_bytes = 1024, .buffers = 4, .send_bytes = 16384});
    int peers[3];
    for (uint16_t i = 0; i < 3; i++)
        peers[i] = open_connection(&b, i);
    for (uint32_t at = 0; at < 100000; at += 10000)
        for (int i = 0; i < 3; i++)
            assert_int_equal(send(peers[i], pattern + at, 10000, 0), 10000);
    struct mr_piece lent[4], piece;
    uint64_t got[3] = {0};
    for (int i = 0; i < 4; i++)
        take(&b, &lent[i], got);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(ops->poll(&b.source, 0, &piece, 1), 0);
        ops->wait(&b.source, 100000);
    }
    assert_true(b.metrics.exhausted > 0);
    for (int turn = 0; got[0] + got[1] + got[2] < 300000; turn = (turn + 1) % 4) { /* three or four lent at any time */
        release(&b, &lent[turn]);
        take(&b, &lent[turn], got);
    }
    for (int i = 0; i < 4; i++)
        release(&b, &lent[i]);
    for (uint16_t i = 0; i < 3; i++) {
        ops->close_connection(&b.source, i);
        close(peers[i]);
    }
    close_bed(&b);
}

#define MANY 200u
static void two_hundred_connections_are_kept_apart(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(
        &b, ops,
        (struct mr_stream_config){.connections_max = MANY, .buffer_bytes = 2048, .buffers = 64, .send_bytes = 4096});
    int peers[MANY];
    uint64_t got[MANY] = {0}, told[MANY] = {0};
    for (uint16_t i = 0; i < MANY; i++)
        peers[i] = open_connection(&b, i);
    struct mr_random random = {7};
    struct mr_piece pieces[32];
    for (int round = 0; round < 3000; round++) {
        uint32_t i = (uint32_t)mr_random_below(&random, MANY), len = 1 + (uint32_t)mr_random_below(&random, 3000);
        assert_int_equal(send(peers[i], pattern + told[i] + i, len, 0), len); /* each its own place of the pattern */
        told[i] += len;
        int n = ops->poll(&b.source, 0, pieces, MR_COUNT_OF(pieces));
        for (int k = 0; k < n; k++) {
            uint16_t c = pieces[k].connection;
            assert_true(is_pattern(pieces[k].data, pieces[k].len, got[c] + c));
            got[c] += pieces[k].len;
            release(&b, &pieces[k]);
        }
    }
    struct mr_piece piece;
    for (uint32_t i = 0; i < MANY; i++)
        shutdown(peers[i], SHUT_WR);
    for (uint32_t ends = 0; ends < MANY;) {
        assert_true(next(&b, &piece));
        if (piece.kind == MR_PIECE_CLOSED) {
            ends++;
            assert_int_equal(got[piece.connection], told[piece.connection]);
        } else {
            assert_true(is_pattern(piece.data, piece.len, got[piece.connection] + piece.connection));
            got[piece.connection] += piece.len;
        }
        release(&b, &piece);
    }
    for (uint32_t i = 0; i < MANY; i++)
        close(peers[i]);
    close_bed(&b);
}

static void *send_later(void *arg)
{
    usleep(50000);
    assert_int_equal(send(*(int *)arg, "now", 3, 0), 3);
    return NULL;
}

static void wait_ends_with_data_or_with_its_time(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops, small);
    int peer = open_connection(&b, 0);
    struct mr_piece piece;
    for (int turn = 0; turn < 3; turn++) { /* what the dial left behind may end the first */
        assert_int_equal(ops->poll(&b.source, 0, &piece, 1), 0);
        int64_t began = mr_clock_mono();
        ops->wait(&b.source, 20000000);
        if (mr_clock_mono() - began >= 20000000)
            break;
        assert_true(turn < 2);
    }
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_later, &peer), 0);
    int64_t began = mr_clock_mono();
    ops->wait(&b.source, SECONDS(20));
    assert_true(mr_clock_mono() - began < SECONDS(10));
    pthread_join(thread, NULL);
    assert_int_equal(ops->poll(&b.source, 0, &piece, 1), 1);
    assert_memory_equal(piece.data, "now", 3);
    began = mr_clock_mono();
    assert_int_equal(send(peer, "2", 1, 0), 1);
    ops->wait(&b.source, SECONDS(20)); /* it is there already */
    assert_true(mr_clock_mono() - began < SECONDS(10));
    release(&b, &piece);
    close(peer);
    close_bed(&b);
}

/* Boot may be another thread's than the tile's. */
static void *use_elsewhere(void *arg)
{
    struct bed *b = arg;
    int peer = open_connection(b, 0);
    assert_int_equal(send(peer, "there", 5, 0), 5);
    struct mr_piece piece;
    assert_true(next(b, &piece));
    assert_memory_equal(piece.data, "there", 5);
    release(b, &piece);
    close(peer);
    expect_closed(b, 0, MR_E_END, "closed by peer");
    b->left_open = open_connection(b, 1);
    return NULL;
}

static void a_source_opened_by_one_thread_serves_another(const struct mr_source_ops *ops)
{
    struct bed b;
    open_bed(&b, ops, small);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, use_elsewhere, &b), 0);
    pthread_join(thread, NULL);
    close_bed(&b);
    char byte; /* the end of the source is the end of its connections: in order by the kernel, else by RST */
    ssize_t n = recv(b.left_open, &byte, 1, 0);
    assert_true(n == 0 || (!ops->wait && n < 0 && errno == ECONNRESET));
    close(b.left_open);
}

static void a_config_out_of_bounds_is_named(const struct mr_source_ops *ops)
{
    struct mr_clock clock;
    mr_clock_open_virtual(&clock, 0);
    static const struct {
        struct mr_stream_config config;
        const char *says;
    } refused[] = {
        {{.connections_max = 0, .buffer_bytes = 4096, .buffers = 8, .send_bytes = 16384},
         "source: connections_max is 0; give 1 to 65535"},
        {{.connections_max = 8, .buffer_bytes = 4096, .buffers = 0, .send_bytes = 16384},
         "source: buffers is 0; give 1 to 32768"},
        {{.connections_max = 8, .buffer_bytes = 4096, .buffers = 40000, .send_bytes = 16384},
         "source: buffers is 40000; give 1 to 32768"},
        {{.connections_max = 8, .buffer_bytes = 100, .buffers = 8, .send_bytes = 16384},
         "source: buffer_bytes is 100; give a multiple of 64 up to 1 MiB"},
        {{.connections_max = 8, .buffer_bytes = 4096, .buffers = 8, .send_bytes = 10},
         "source: send_bytes is 10; give 1 KiB to 64 MiB"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        struct mr_stream_config c = refused[i].config;
        c.clock = &clock;
        struct mr_source source = {0};
        struct mr_err err;
        assert_int_equal(ops->open(&source, NULL, &c, &err), MR_E_INVALID);
        assert_string_equal(err.text, refused[i].says);
    }
}

/* clang-format off */
const struct promise promises[] = {
    {"a_refused_dial_says_so", a_refused_dial_says_so, false},
    {"a_dial_that_cannot_begin_says_why", a_dial_that_cannot_begin_says_why, true},
    {"a_number_in_use_or_out_of_range_is_refused", a_number_in_use_or_out_of_range_is_refused, false},
    {"a_dial_goes_out_from_the_address_and_interface_asked_for", a_dial_goes_out_from_the_address_and_interface_asked_for, true},
    {"bytes_arrive_with_their_time_and_the_end_after_them", bytes_arrive_with_their_time_and_the_end_after_them, false},
    {"an_echo_of_100_mb_in_random_portions_comes_back_whole", an_echo_of_100_mb_in_random_portions_comes_back_whole, false},
    {"a_peer_that_does_not_read_makes_sends_short_and_loses_nothing", a_peer_that_does_not_read_makes_sends_short_and_loses_nothing, false},
    {"a_message_sent_just_before_closing_still_arrives", a_message_sent_just_before_closing_still_arrives, false},
    {"a_reset_is_told_from_an_orderly_end", a_reset_is_told_from_an_orderly_end, false},
    {"a_reset_that_a_send_found_first_is_still_a_reset", a_reset_that_a_send_found_first_is_still_a_reset, false},
    {"pieces_lent_outlive_their_connection", pieces_lent_outlive_their_connection, false},
    {"a_dial_given_up_brings_no_piece", a_dial_given_up_brings_no_piece, false},
    {"with_every_buffer_lent_reading_stops_and_goes_on_when_one_is_back", with_every_buffer_lent_reading_stops_and_goes_on_when_one_is_back, true},
    {"two_hundred_connections_are_kept_apart", two_hundred_connections_are_kept_apart, false},
    {"wait_ends_with_data_or_with_its_time", wait_ends_with_data_or_with_its_time, true},
    {"a_source_opened_by_one_thread_serves_another", a_source_opened_by_one_thread_serves_another, false},
    {"a_config_out_of_bounds_is_named", a_config_out_of_bounds_is_named, false},
};
/* clang-format on */
const size_t promise_count = MR_COUNT_OF(promises);
