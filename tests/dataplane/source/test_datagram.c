#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/net/net.h"
#include "tests/dataplane/source/bed.h"

/* Groups on loopback: nothing leaves the host, and no privilege is needed. */
static const uint8_t here[4] = {127, 0, 0, 1};

struct sender {
    int fd;
    struct sockaddr_in to;
};

static struct sender sender_open(const uint8_t from[4], const uint8_t to[4], uint16_t port)
{
    struct sender s = {.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
                       .to = {.sin_family = AF_INET, .sin_port = htons(port)}};
    struct sockaddr_in local = {.sin_family = AF_INET};
    struct ip_mreqn lo = {.imr_ifindex = (int)if_nametoindex("lo")};
    assert_true(s.fd >= 0);
    memcpy(&local.sin_addr, from, 4);
    memcpy(&s.to.sin_addr, to, 4);
    assert_int_equal(bind(s.fd, (const struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(setsockopt(s.fd, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof lo), 0);
    return s;
}

static void say(const struct sender *s, const void *data, size_t len)
{
    assert_int_equal(sendto(s->fd, data, len, 0, (const struct sockaddr *)&s->to, sizeof s->to), len);
}

/* A port that is free now. */
static uint16_t free_port(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static struct mr_stream_config with(const struct mr_net_port *ports, uint32_t count)
{
    struct mr_stream_config c = small;
    c.ports = ports;
    c.port_count = count;
    c.interface = "lo";
    return c;
}

static void nothing_comes(struct bed *b)
{
    struct mr_piece piece;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(b->source.ops->poll(&b->source, 0, &piece, 1), 0);
        usleep(1000);
    }
}

static void a_datagram_comes_with_its_line_and_the_kernels_time(void **state)
{
    (void)state;
    struct mr_net_port port = {.group = {127, 0, 0, 1}, .port = free_port(), .line = 5};
    struct bed b;
    open_bed(&b, &mr_source_socket_ops, with(&port, 1));
    struct sender s = sender_open(here, here, port.port);
    struct mr_piece piece = {.clock = MR_CLOCK_TSC};
    for (int i = 0; i < 1000 && piece.clock != MR_CLOCK_KERNEL;
         i++) { /* the kernel begins to stamp a moment after it was asked to */
        say(&s, "warm", 4);
        assert_true(next(&b, &piece));
        release(&b, &piece);
        usleep(1000);
    }
    uint64_t warm = b.metrics.datagrams, unstamped = b.metrics.unstamped;
    int64_t before = mr_clock_now(&b.clock) - 1000000;
    say(&s, "first", 5);
    say(&s, "", 0);
    assert_true(next(&b, &piece));
    assert_int_equal(piece.kind, MR_PIECE_DATAGRAM);
    assert_int_equal(piece.connection, 5);
    assert_int_equal(piece.len, 5);
    assert_memory_equal(piece.data, "first", 5);
    assert_int_equal(piece.clock, MR_CLOCK_KERNEL);
    assert_in_range(piece.recv_ns, before, mr_clock_now(&b.clock) + 1000000);
    release(&b, &piece);
    assert_true(next(&b, &piece));
    assert_int_equal(piece.len, 0);
    release(&b, &piece);
    assert_int_equal(b.metrics.datagrams, warm + 2);
    assert_int_equal(b.metrics.unstamped, unstamped);
    close(s.fd);
    close_bed(&b);
}

static void groups_and_senders_are_kept_apart(void **state)
{
    (void)state;
    static const uint8_t group_a[4] = {239, 77, 1, 1}, group_b[4] = {239, 77, 1, 2}, other[4] = {239, 77, 1, 3};
    static const uint8_t second[4] = {127, 0, 0, 2}, third[4] = {127, 0, 0, 3};
    uint16_t number = free_port();
    const struct mr_net_port ports[] = {
        {.group = {239, 77, 1, 1}, .port = number, .line = 1},
        {.group = {239, 77, 1, 2}, .source = {127, 0, 0, 1}, .port = number, .line = 2},
        {.group = {239, 77, 1, 2}, .source = {127, 0, 0, 2}, .port = number, .line = 3},
    };
    static const struct {
        const char *says;
        const uint8_t *from, *to;
        uint16_t line;
    } cases[] = {
        {"a group from anybody", here, group_a, 1},
        {"a group from anybody else", third, group_a, 1},
        {"a group by its first sender", here, group_b, 2},
        {"a group by its second sender", second, group_b, 3},
        {"a group by a third sender", third, group_b, 0},
        {"a group that was not joined", here, other, 0},
        {"the host itself", here, here, 0},
    };
    struct bed b;
    open_bed(&b, &mr_source_socket_ops, with(ports, 3));
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        print_message("  %s\n", cases[i].says);
        struct sender s = sender_open(cases[i].from, cases[i].to, number);
        say(&s, cases[i].says, strlen(cases[i].says));
        struct mr_piece piece;
        if (cases[i].line) {
            assert_true(next(&b, &piece));
            assert_int_equal(piece.connection, cases[i].line);
            assert_memory_equal(piece.data, cases[i].says, piece.len);
            release(&b, &piece);
        }
        nothing_comes(&b);
        close(s.fd);
    }
    close_bed(&b);
}

static void a_wrong_sender_and_a_datagram_too_long_are_counted(void **state)
{
    (void)state;
    static const uint8_t second[4] = {127, 0, 0, 2};
    struct mr_net_port port = {.group = {127, 0, 0, 1}, .source = {127, 0, 0, 2}, .port = free_port(), .line = 1};
    struct bed b;
    uint8_t data[4097] = {7};
    open_bed(&b, &mr_source_socket_ops, with(&port, 1));
    struct sender wrong = sender_open(here, here, port.port), right = sender_open(second, here, port.port);
    say(&wrong, data, 10);
    nothing_comes(&b);
    assert_int_equal(b.metrics.datagrams_refused, 1);
    say(&right, data, 4097); /* a buffer has 4,096 */
    nothing_comes(&b);
    assert_int_equal(b.metrics.datagrams_refused, 2);
    say(&wrong, data, 10);
    say(&right, data, 4096);
    struct mr_piece piece;
    assert_true(next(&b, &piece));
    assert_int_equal(piece.len, 4096);
    release(&b, &piece);
    assert_int_equal(b.metrics.datagrams_refused, 3);
    close(wrong.fd);
    close(right.fd);
    close_bed(&b);
}

static void what_is_sent_is_received_or_counted_as_lost(void **state)
{
    (void)state;
    enum { SENT = 20000 };
    struct mr_net_port port = {.group = {127, 0, 0, 1}, .port = free_port(), .line = 1};
    struct mr_stream_config c = with(&port, 1);
    struct bed b;
    c.datagram_buffer_bytes = 65536; /* soon full */
    open_bed(&b, &mr_source_socket_ops, c);
    struct sender s = sender_open(here, here, port.port);
    uint64_t got = 0, last = 0;
    struct mr_piece pieces[16];
    for (uint64_t i = 1; i <= SENT; i++) {
        uint64_t numbers[40] = {i};
        say(&s, numbers, sizeof numbers);
        if (i % 200 && i != SENT)
            continue;
        for (int n; (n = b.source.ops->poll(&b.source, 0, pieces, 16)) > 0;)
            for (int k = 0; k < n; k++, got++) {
                uint64_t number;
                memcpy(&number, pieces[k].data, 8);
                assert_true(number > last);
                last = number;
                b.source.ops->release(&b.source, &pieces[k]);
            }
    }
    b.source.ops->housekeep(&b.source, mr_clock_now(&b.clock));
    assert_true(b.metrics.datagrams_lost > 0);
    assert_int_equal(got, b.metrics.datagrams);
    assert_int_equal(got + b.metrics.datagrams_lost, SENT);
    print_message("  %lu received, %lu lost in the kernel\n", got, b.metrics.datagrams_lost);
    close(s.fd);
    close_bed(&b);
}

static void with_every_buffer_lent_datagrams_wait(void **state)
{
    (void)state;
    struct mr_net_port port = {.group = {127, 0, 0, 1}, .port = free_port(), .line = 1};
    struct bed b;
    open_bed(&b, &mr_source_socket_ops, with(&port, 1)); /* 8 buffers */
    struct sender s = sender_open(here, here, port.port);
    struct mr_piece pieces[32], piece;
    for (uint8_t i = 0; i < 10; i++)
        say(&s, &i, 1);
    int n = 0;
    for (int turns = 0; turns < 1000 && n < 8; turns++)
        n += b.source.ops->poll(&b.source, 0, pieces + n, 32 - (uint32_t)n);
    assert_int_equal(n, 8);
    assert_int_equal(b.source.ops->poll(&b.source, 0, pieces + n, 1), 0);
    assert_true(b.metrics.exhausted > 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pieces[i].data[0], i);
        b.source.ops->release(&b.source, &pieces[i]);
    }
    for (uint8_t i = 8; i < 10; i++) {
        assert_true(next(&b, &piece));
        assert_int_equal(piece.data[0], i);
        release(&b, &piece);
    }
    close(s.fd);
    close_bed(&b);
}

static void streams_and_datagrams_share_a_source(void **state)
{
    (void)state;
    struct mr_net_port port = {.group = {239, 77, 2, 1}, .port = free_port(), .line = 3};
    struct bed b;
    open_bed(&b, &mr_source_socket_ops, with(&port, 1));
    struct sender s = sender_open(here, port.group, port.port);
    say(&s, "datagram", 8); /* there before the dial: the dial's epoll round must pass it over */
    assert_int_equal(b.source.ops->connect(&b.source, 2, &b.dial, 0), MR_OK);
    int peer = accept_one(&b);
    assert_int_equal(send(peer, "stream", 6, 0), 6);
    bool opened = false, stream = false, datagram = false;
    struct mr_piece piece;
    while (!opened || !stream || !datagram) {
        assert_true(next(&b, &piece));
        opened |= piece.kind == MR_PIECE_OPENED && piece.connection == 2;
        stream |= piece.kind == MR_PIECE_STREAM && piece.connection == 2 && piece.len == 6;
        datagram |= piece.kind == MR_PIECE_DATAGRAM && piece.connection == 3 && piece.len == 8;
        release(&b, &piece);
    }
    close(peer);
    close(s.fd);
    close_bed(&b);
}

static void what_cannot_work_is_refused_in_a_sentence(void **state)
{
    (void)state;
    uint16_t taken = free_port();
    const struct {
        const char *says;
        struct mr_net_port ports[2];
        uint32_t count;
        const char *interface;
        int status;
    } cases[] = {
        {"an interface that is not there", {{{239, 77, 3, 1}, {0}, taken, 0}}, 1, "nosuch0", MR_E_INVALID},
        {"an address that is not the host's", {{{192, 0, 2, 1}, {0}, taken, 0}}, 1, NULL, MR_E_IO},
        {"no address", {{{0}, {0}, taken, 0}}, 1, NULL, MR_E_INVALID},
        {"no port", {{{127, 0, 0, 1}, {0}, 0, 0}}, 1, NULL, MR_E_INVALID},
        {"too many", {{{127, 0, 0, 1}, {0}, taken, 0}}, 33, NULL, MR_E_INVALID},
        {"one port for two senders",
         {{{127, 0, 0, 1}, {127, 0, 0, 2}, taken, 0}, {{127, 0, 0, 1}, {127, 0, 0, 3}, taken, 0}},
         2,
         NULL,
         MR_E_INVALID},
    };
    struct mr_clock clock;
    mr_clock_open(&clock);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        print_message("  %s: ", cases[i].says);
        struct mr_stream_config c = with(cases[i].ports, cases[i].count);
        c.interface = cases[i].interface;
        c.clock = &clock;
        void *mem = aligned_alloc(4096, (mr_source_socket_ops.bytes(&c) + 4095) & ~(size_t)4095);
        struct mr_source source;
        struct mr_err err = {""};
        assert_int_equal(mr_source_socket_ops.open(&source, mem, &c, &err), cases[i].status);
        print_message("%s\n", err.text);
        assert_true(err.text[0]);
        free(mem);
    }
    struct mr_net_port port = {.group = {127, 0, 0, 1}, .port = taken};
    struct mr_stream_config c = with(&port, 1);
    c.clock = &clock;
    void *mem = aligned_alloc(4096, (mr_source_uring_ops.bytes(&c) + 4095) & ~(size_t)4095);
    struct mr_source source;
    struct mr_err err = {""};
    assert_int_equal(mr_source_uring_ops.open(&source, mem, &c, &err), MR_E_UNSUPPORTED); /* `auto` takes socket */
    free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_comes_with_its_line_and_the_kernels_time),
        cmocka_unit_test(groups_and_senders_are_kept_apart),
        cmocka_unit_test(a_wrong_sender_and_a_datagram_too_long_are_counted),
        cmocka_unit_test(what_is_sent_is_received_or_counted_as_lost),
        cmocka_unit_test(with_every_buffer_lent_datagrams_wait),
        cmocka_unit_test(streams_and_datagrams_share_a_source),
        cmocka_unit_test(what_cannot_work_is_refused_in_a_sentence),
    };
    return MR_TEST_MAIN(tests);
}
