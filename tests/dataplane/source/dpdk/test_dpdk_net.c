/* The DPDK source when the network misbehaves, over a veth pair in namespaces of its own: each trouble is a state with a counter, and passes.
 * Needs root. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/dataplane/source/dpdk/modes.h"

/* Polls for so long; pieces are checked to be the pattern and counted. */
struct flow {
    uint64_t got;
    bool closed;
};
static void poll_for(struct bed *b, int64_t ns, struct flow *flow, uint64_t until_got)
{
    struct mr_piece pieces[16];
    for (int64_t until = mr_clock_mono() + ns; mr_clock_mono() < until && flow->got < until_got;) {
        int n = b->source.ops->poll(&b->source, 0, pieces, 16);
        for (int i = 0; i < n; i++) {
            if (pieces[i].kind == MR_PIECE_STREAM) {
                assert_true(is_pattern(pieces[i].data, pieces[i].len, flow->got));
                flow->got += pieces[i].len;
            }
            flow->closed |= pieces[i].kind == MR_PIECE_CLOSED;
            b->source.ops->release(&b->source, &pieces[i]);
        }
        if (n == 0)
            usleep(50); /* the core is others' too */
    }
}

/* A peer that sends the pattern, as fast as it is taken. */
struct sender {
    int fd;
    uint64_t total;
};
static void *send_pattern(void *arg)
{
    const struct sender *s = arg;
    for (uint64_t at = 0; at < s->total;) {
        uint32_t from = (uint32_t)(at % PATTERN), len = PATTERN - from < 20000 ? PATTERN - from : 20000;
        if (len > s->total - at)
            len = (uint32_t)(s->total - at);
        ssize_t n = send(s->fd, pattern + from, len, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        at += (uint64_t)n;
    }
    return NULL;
}

/* ---- connections ---- */

static void *echo(void *arg)
{
    int fd = *(int *)arg;
    static _Thread_local uint8_t bytes[65536];
    for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0;)
        for (ssize_t at = 0, sent; at < n; at += sent)
            if ((sent = send(fd, bytes + at, (size_t)(n - at), MSG_NOSIGNAL)) < 0)
                return NULL;
    return NULL;
}

#define TEN 10
static void ten_connections_carry_eight_megabytes_each_way_byte_for_byte(enum mode mode)
{
    struct bed b;
    open_mode(&b, mode, TEN, false);
    const uint64_t each = (8u << 20) / TEN;
    int peers[TEN];
    pthread_t threads[TEN];
    uint64_t sent[TEN] = {0}, got[TEN] = {0}, all = 0;
    for (uint16_t i = 0; i < TEN; i++) {
        peers[i] = open_connection(&b, i);
        assert_int_equal(pthread_create(&threads[i], NULL, echo, &peers[i]), 0);
    }
    struct mr_piece pieces[16];
    for (int64_t until = mr_clock_mono() + SECONDS(60); all < each * TEN && mr_clock_mono() < until;) {
        for (uint16_t i = 0; i < TEN; i++) {
            uint32_t from = (uint32_t)((sent[i] + i) % PATTERN);
            uint64_t len = PATTERN - from < each - sent[i] ? PATTERN - from : each - sent[i];
            int64_t n = len ? b.source.ops->send(&b.source, i, pattern + from, (uint32_t)len) : 0;
            assert_true(n >= 0);
            sent[i] += (uint64_t)n;
        }
        int n = b.source.ops->poll(&b.source, 0, pieces, 16);
        for (int i = 0; i < n; i++) {
            uint16_t c = pieces[i].connection;
            assert_int_equal(pieces[i].kind, MR_PIECE_STREAM);
            assert_true(is_pattern(pieces[i].data, pieces[i].len, got[c] + c));
            got[c] += pieces[i].len;
            all += pieces[i].len;
            release(&b, &pieces[i]);
        }
        if (n == 0)
            sched_yield();
    }
    assert_int_equal(all, each * TEN);
    for (uint16_t i = 0; i < TEN; i++) {
        b.source.ops->close_connection(&b.source, i);
        pthread_join(threads[i], NULL);
        close(peers[i]);
    }
    close_mode(&b);
}

static void a_syn_that_is_lost_is_sent_again(enum mode mode)
{
    struct bed b;
    open_mode(&b, mode, 2, false);
    close(open_connection(&b, 0)); /* the way is known */
    expect_closed(&b, 0, MR_E_END, "closed by peer");
    mr_netns_theirs(&netns);
    assert_int_equal(mr_netns_run("ip address del 198.18.0.1/24 dev mr1"), 0); /* nobody answers, not even with RST */
    mr_netns_ours(&netns);
    assert_int_equal(b.source.ops->connect(&b.source, 1, &b.dial, 0), MR_OK);
    struct flow flow = {0};
    poll_for(&b, SECONDS(1), &flow, UINT64_MAX);
    assert_false(flow.closed); /* deadlines are the caller's */
    assert_true(tcp_metrics.syn_again >= 1);
    mr_netns_theirs(&netns);
    assert_int_equal(mr_netns_run("ip address add 198.18.0.1/24 dev mr1"), 0);
    mr_netns_ours(&netns);
    struct mr_piece piece;
    assert_true(next(&b, &piece));
    assert_int_equal(piece.kind, MR_PIECE_OPENED);
    close(accept_one(&b));
    close_mode(&b);
}

/* The peer forgets the connection and cannot say so: only our next bytes find out. */
static void a_half_open_connection_ends_when_something_is_sent(enum mode mode)
{
    struct bed b;
    open_mode(&b, mode, 2, false);
    struct flow flow = {0};
    int peer = open_connection(&b, 0);
    poll_for(&b, SECONDS(1) / 10, &flow, UINT64_MAX); /* all is said */
    mr_netns_theirs(&netns);
    assert_int_equal(mr_netns_run("ip address del 198.18.0.1/24 dev mr1"), 0);
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(peer); /* its RST has no way out */
    assert_int_equal(mr_netns_run("ip address add 198.18.0.1/24 dev mr1"), 0);
    mr_netns_ours(&netns);
    poll_for(&b, SECONDS(1) / 10, &flow, UINT64_MAX);
    assert_false(flow.closed);
    assert_int_equal(b.source.ops->send(&b.source, 0, (const uint8_t *)"ping", 4), 4);
    expect_closed(&b, 0, MR_E_IO, "reset by peer");
    assert_int_equal(tcp_metrics.reset_by_peer, 1);
    close_mode(&b);
}

/* ---- link and neighbours ---- */

static void a_link_that_goes_down_in_mid_stream_stalls_it_and_no_more(enum mode mode)
{
    struct bed b;
    struct flow flow = {0};
    pthread_t thread;
    open_mode(&b, mode, 1, false);
    struct sender s = {.fd = open_connection(&b, 0), .total = 6u << 20};
    assert_int_equal(pthread_create(&thread, NULL, send_pattern, &s), 0);
    poll_for(&b, SECONDS(20), &flow, s.total / 3);
    mr_netns_theirs(&netns);
    assert_int_equal(mr_netns_run("ip link set mr1 down"), 0);
    mr_netns_ours(&netns);
    for (int i = 0; i < 50 && port_metrics.link_up; i++)
        poll_for(&b, SECONDS(1) / 10, &flow, UINT64_MAX);
    assert_int_equal(port_metrics.link_up, 0);
    poll_for(&b, SECONDS(1) / 5, &flow, UINT64_MAX);
    mr_netns_theirs(&netns);
    assert_int_equal(mr_netns_run("ip link set mr1 up"), 0);
    mr_netns_ours(&netns);
    poll_for(&b, SECONDS(30), &flow, s.total);
    pthread_join(thread, NULL);
    assert_int_equal(flow.got, s.total);
    assert_false(flow.closed);
    assert_int_equal(port_metrics.link_up, 1);
    assert_int_equal(port_metrics.link_changes, 2);
    close(s.fd);
    close_mode(&b);
}

static void a_gateway_with_a_new_hardware_address_is_followed(enum mode mode)
{
    struct bed b;
    struct flow flow = {0};
    open_mode(&b, mode, 1, false);
    int peer = open_connection(&b, 0);
    mr_netns_theirs(&netns);
    (void)mr_netns_run("echo 1 > /proc/sys/net/ipv4/conf/mr1/arp_notify"); /* as a gateway does that takes over */
    assert_int_equal(mr_netns_run("ip link set mr1 address 02:00:00:00:12:99"), 0);
    mr_netns_ours(&netns);
    char bytes[8];
    for (int64_t until = mr_clock_mono() + SECONDS(15); mr_clock_mono() < until;) {
        poll_for(&b, SECONDS(1) / 10, &flow, UINT64_MAX);
        if (port_metrics.gateway_changes + net_metrics.neighbour_changed)
            break;
    }
    assert_int_equal(mode == AF_XDP_SHARED ? port_metrics.gateway_changes : net_metrics.neighbour_changed, 1);
    assert_int_equal(b.source.ops->send(&b.source, 0, (const uint8_t *)"here", 4), 4);
    assert_int_equal(hear(&b, peer, bytes, 4), 4);
    mr_netns_theirs(&netns);
    assert_int_equal(mr_netns_run("ip link set mr1 address 02:00:00:00:12:01"), 0);
    mr_netns_ours(&netns);
    poll_for(&b, SECONDS(1) / 4, &flow, UINT64_MAX);
    close(peer);
    close_mode(&b);
}

/* ---- consumers that do not give back ---- */

static void a_consumer_that_keeps_pieces_closes_the_window_and_loses_nothing(enum mode mode)
{
    struct bed b;
    struct flow flow = {0};
    pthread_t thread;
    enum { KEPT = 200 };
    struct mr_piece kept[KEPT];
    open_mode(&b, mode, 1, false);
    struct sender s = {.fd = open_connection(&b, 0), .total = 2u << 20};
    assert_int_equal(pthread_create(&thread, NULL, send_pattern, &s), 0);
    uint32_t n = 0;
    for (int64_t until = mr_clock_mono() + SECONDS(10); tcp_metrics.zero_window == 0 && mr_clock_mono() < until;) {
        assert_true(n < KEPT);
        n += (uint32_t)b.source.ops->poll(&b.source, 0, kept + n, KEPT - n < 16 ? KEPT - n : 16);
    }
    assert_true(tcp_metrics.zero_window >= 1);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(is_pattern(kept[i].data, kept[i].len, flow.got));
        flow.got += kept[i].len;
    }
    for (uint32_t i = n; i > 0; i--)
        b.source.ops->release(&b.source, &kept[i - 1]);
    poll_for(&b, SECONDS(20), &flow, s.total);
    assert_int_equal(flow.got, s.total);
    pthread_join(thread, NULL);
    close(s.fd);
    close_mode(&b);
}

static void send_number(int fd, int line, uint64_t number, uint32_t len)
{
    uint8_t bytes[1024] = {0};
    struct sockaddr_in to = group_address(line);
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
    assert_int_equal(sendto(fd, bytes, len, 0, (struct sockaddr *)&to, sizeof to), len);
}

static void an_empty_pool_is_counted_and_recovers(enum mode mode)
{
    struct bed b;
    open_mode(&b, mode, 2, true);
    int fd = group_sender(), peer = open_connection(&b, 0);
    uint32_t size = (uint32_t)port_metrics.pool_size, n = 0, sent = 0;
    struct mr_piece *kept = calloc(size, sizeof *kept);
    while (sent < 4 * size) { /* all are kept: sooner or later none is left */
        for (int i = 0; i < 64; i++, sent++)
            send_number(fd, 0, sent, 100);
        for (int turns = 0; turns < 8 && n < size; turns++)
            n += (uint32_t)b.source.ops->poll(&b.source, 0, kept + n, size - n);
    }
    for (int64_t until = mr_clock_mono() + SECONDS(1) + SECONDS(1) / 2; mr_clock_mono() < until && n < size;) {
        n += (uint32_t)b.source.ops->poll(&b.source, 0, kept + n, size - n);
        usleep(50);
    }
    assert_true(n < size);
    for (uint32_t i = 0; i < n; i++)
        b.source.ops->release(&b.source, &kept[i]);
    struct flow flow = {0}; /* what the rings still hold comes now; the rest was dropped where it is counted */
    uint64_t before = b.metrics.pieces;
    poll_for(&b, SECONDS(1) + SECONDS(1) / 2, &flow, UINT64_MAX);
    print_message("[          ] %s: %u sent, %lu kept, %lu after, %lu missed, pool %u\n", mode_names[mode], sent,
                  (unsigned long)before, (unsigned long)(b.metrics.pieces - before),
                  (unsigned long)port_metrics.port_missed, size);
    assert_int_equal(net_metrics.datagrams, b.metrics.pieces);
    uint64_t known =
        b.metrics.pieces + port_metrics.port_missed; /* some other frames (ARP, TCP) may be among the missed */
    assert_true(known >= sent && known <= sent + 100);
    assert_true(port_metrics.port_missed > 0 && b.metrics.pieces > before);
    char bytes[8];
    assert_int_equal(b.source.ops->send(&b.source, 0, (const uint8_t *)"well", 4), 4);
    assert_int_equal(hear(&b, peer, bytes, 4), 4);
    free(kept);
    close(peer);
    close(fd);
    close_mode(&b);
}

/* clang-format off */
static const struct mode_promise rows[] = {
#define SAYS(f) {#f, f}
    SAYS(ten_connections_carry_eight_megabytes_each_way_byte_for_byte),
    SAYS(a_syn_that_is_lost_is_sent_again),
    SAYS(a_half_open_connection_ends_when_something_is_sent),
    SAYS(a_link_that_goes_down_in_mid_stream_stalls_it_and_no_more),
    SAYS(a_gateway_with_a_new_hardware_address_is_followed),
    SAYS(a_consumer_that_keeps_pieces_closes_the_window_and_loses_nothing),
    SAYS(an_empty_pool_is_counted_and_recovers),
};
/* clang-format on */

int main(int argc, char **argv) { return run_modes(rows, MR_COUNT_OF(rows), argc, argv); }
