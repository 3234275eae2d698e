/* Datagrams of a capture file as pieces, without root: the whole source over DPDK's pcap driver. Every record of the file is accounted for. */
#include <stdio.h>
#include <unistd.h>

#include "dataplane/clock/clock.h"
#include "dataplane/source/dpdk/dpdk.h"
#include "tests/dataplane/source/dpdk/frames.h"

#define RECORDS 30000u
static const uint8_t them[4] = {198, 18, 0, 1}, other[4] = {198, 18, 0, 9},
                     groups[2][4] = {{239, 1, 2, 3}, {239, 1, 2, 4}};
static char path[64];
static uint64_t wanted[2]; /* datagrams of each line */

struct bench { /* a source and all it counts */
    struct mr_source source;
    struct mr_clock clock;
    struct mr_dpdk_config dpdk;
    struct mr_dpdk_metrics port;
    struct mr_net_metrics net;
    struct mr_tcp_metrics tcp;
    struct mr_stream_metrics stream;
    struct mr_stream_config config;
    void *mem;
};

static struct mr_dpdk_config file_config(void)
{
    struct mr_dpdk_config c;
    mr_dpdk_config_default(&c);
    snprintf(c.device, sizeof c.device, "net_pcap0,rx_pcap=%s", path);
    c.window_bytes = 65536;
    for (uint16_t i = 0; i < 2; i++) {
        c.ports[i] = (struct mr_net_port){.port = (uint16_t)(6000 + i), .line = (uint16_t)(7 + i)};
        memcpy(c.ports[i].group, groups[i], 4);
    }
    memcpy(c.ports[1].source, them, 4);
    c.port_count = 2;
    return c;
}

static void open_bench(struct bench *b)
{
    struct mr_err err = {""};
    *b = (struct bench){.dpdk = file_config()};
    mr_clock_open(&b->clock);
    mr_metrics_init_values(&b->port, &mr_dpdk_metrics_desc);
    mr_metrics_init_values(&b->net, &mr_net_metrics_desc);
    mr_metrics_init_values(&b->tcp, &mr_tcp_metrics_desc);
    mr_metrics_init_values(&b->stream, &mr_stream_metrics_desc);
    b->dpdk.metrics = &b->port;
    b->dpdk.net_metrics = &b->net;
    b->dpdk.tcp_metrics = &b->tcp;
    b->config = (struct mr_stream_config){.connections_max = 1,
                                          .buffer_bytes = 4096,
                                          .buffers = 8,
                                          .send_bytes = 4096,
                                          .clock = &b->clock,
                                          .metrics = &b->stream,
                                          .dpdk = &b->dpdk};
    size_t bytes = mr_source_dpdk_ops.bytes(&b->config);
    b->mem = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    int status = mr_source_dpdk_ops.open(&b->source, b->mem, &b->config, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
}

static void close_bench(struct bench *b)
{
    b->source.ops->close(&b->source);
    free(b->mem);
}

/* One record in ten is one that must not come; each kind of them has its counter. */
static int write_file(void **state)
{
    (void)state;
    static uint8_t frame[4096];
    struct capture c;
    snprintf(path, sizeof path, "/tmp/millrace-dpdk-file-%d.pcap", (int)getpid());
    if (!capture_open(&c, path))
        return -1;
    for (uint32_t i = 0; i < RECORDS; i++) {
        uint8_t data[3000] = {0};
        uint32_t line = i & 1, len = 8 + i % 1000;
        memcpy(data, &wanted[line], 8);
        bool good = i % 10 != 0;
        uint32_t kind = i / 10 % 5;
        uint16_t port = (uint16_t)(6000 + line + (!good && kind == 0 ? 100 : 0));
        len = !good && kind == 4 ? 3000 : len;
        uint32_t bytes = make_datagram(frame, !good && kind == 3 ? other : them, groups[line], port, data, len);
        if (!good && kind == 1)
            frame[44] ^= 1; /* a bit of the payload: the UDP checksum tells */
        if (!good && kind == 2)
            frame[22] ^= 1; /* a bit of the header: the IP checksum tells */
        capture_add(&c, frame, bytes);
        /* another sender is refused on line 1 only, where one is asked for */
        wanted[line] += good || (kind == 3 && line == 0);
    }
    capture_close(&c);
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void every_record_is_a_piece_or_a_counted_drop(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        struct bench b;
        struct mr_piece pieces[16];
        uint64_t got[2] = {0};
        open_bench(&b);
        for (uint32_t quiet = 0, round = 0; quiet < 1000; round++) {
            int n = b.source.ops->poll(&b.source, 0, pieces, 1 + round % 16);
            assert_true(n >= 0 && n <= (int)(1 + round % 16));
            quiet = n ? 0 : quiet + 1;
            for (int i = 0; i < n; i++) {
                assert_int_equal(pieces[i].kind, MR_PIECE_DATAGRAM);
                uint32_t line = pieces[i].connection - 7u;
                assert_true(line < 2 && pieces[i].len >= 8);
                assert_memory_equal(pieces[i].data, &got[line], 8); /* each, in order */
                got[line]++;
                b.source.ops->release(&b.source, &pieces[i]);
            }
        }
        assert_int_equal(got[0], wanted[0]);
        assert_int_equal(got[1], wanted[1]);
        assert_int_equal(b.stream.pieces, got[0] + got[1]);
        assert_int_equal(b.port.received, RECORDS);
        assert_int_equal(b.port.multi_segment, RECORDS / 50);
        assert_int_equal(b.net.frames, RECORDS - b.port.multi_segment);
        assert_int_equal(b.net.udp_checksum, RECORDS / 50);
        assert_int_equal(b.net.ip_checksum, RECORDS / 50);
        assert_int_equal(b.net.datagrams + b.net.udp_checksum + b.net.ip_checksum + b.net.udp_no_port, b.net.frames);
        assert_int_equal(b.net.datagrams, got[0] + got[1]);
        b.source.ops->housekeep(&b.source, 0);
        assert_int_equal(b.stream.lent, 0);
        close_bench(&b);
    }
}

static void an_open_source_says_what_it_stands_on_and_what_its_driver_counts(void **state)
{
    (void)state;
    struct bench b;
    struct mr_piece piece;
    struct mr_source_show show = {0};
    open_bench(&b);
    while (b.source.ops->poll(&b.source, 0, &piece, 1) == 0)
        ;
    b.source.ops->release(&b.source, &piece);
    b.source.ops->show(&b.source, &show);
    assert_non_null(strstr(show.text, "net_pcap0: own 192.0.2.1/24, "));
    assert_non_null(
        strstr(show.text, " buffers of 2048 bytes, TCP checksums by us, receive time by the TSC, groups: no filter"));
    uint64_t packets = 0;
    for (uint32_t i = 0; i < show.count; i++)
        if (strcmp(show.stat[i].name, "rx_good_packets") == 0)
            packets = show.stat[i].value;
    assert_int_equal(packets, b.port.received);
    close_bench(&b);
}

static void datagrams_may_be_kept_and_given_back_in_any_order(void **state)
{
    (void)state;
    struct bench b;
    struct mr_piece kept[64];
    open_bench(&b);
    assert_true(b.source.lend_max <= MR_COUNT_OF(kept));
    uint32_t n = 0;
    while (n < b.source.lend_max)
        n += (uint32_t)b.source.ops->poll(&b.source, 0, kept + n, b.source.lend_max - n);
    uint64_t next[2] = {0};
    for (uint32_t i = 0; i < n; i++) {
        assert_memory_equal(kept[i].data, &next[kept[i].connection - 7], 8);
        next[kept[i].connection - 7]++;
    }
    for (uint32_t i = 0; i < n; i++)
        b.source.ops->release(&b.source, &kept[i * 7 % n]); /* 7 divides no power of two */
    b.source.ops->housekeep(&b.source, 0);
    assert_int_equal(b.stream.lent, 0);
    close_bench(&b);
}

static void without_a_dpdk_section_it_does_not_open(void **state)
{
    (void)state;
    struct mr_clock clock;
    struct mr_err err;
    struct mr_source source;
    mr_clock_open_virtual(&clock, 0);
    struct mr_stream_config c = {
        .connections_max = 1, .buffer_bytes = 4096, .buffers = 8, .send_bytes = 4096, .clock = &clock};
    uint8_t mem[64];
    assert_true(mr_source_dpdk_ops.bytes(&c) <= sizeof mem);
    assert_int_equal(mr_source_dpdk_ops.open(&source, mem, &c, &err), MR_E_INVALID);
    assert_string_equal(err.text, "source dpdk: there is no `dpdk` section");
    struct mr_dpdk_config dpdk = file_config();
    c.dpdk = &dpdk;
    c.connections_max = 300;
    assert_int_equal(mr_source_dpdk_ops.open(&source, mem, &c, &err), MR_E_INVALID);
    assert_string_equal(err.text, "source dpdk: 300 connections; the user-space stack has at most 256");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_dpdk_section_it_does_not_open),
        cmocka_unit_test_setup_teardown(every_record_is_a_piece_or_a_counted_drop, write_file, NULL),
        cmocka_unit_test(an_open_source_says_what_it_stands_on_and_what_its_driver_counts),
        cmocka_unit_test_setup_teardown(datagrams_may_be_kept_and_given_back_in_any_order, NULL, remove_file),
    };
    return MR_TEST_MAIN(tests);
}
