#include "tests/dataplane/net/rig.h"

static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 3}, group_mac[6] = {1, 0, 0x5e, 1, 2, 3};

static const struct frame_ip from_peer = {.from = {10, 77, 0, 9}, .to = {10, 77, 0, 2}, .proto = 6};

/* 239.1.2.3:5000 on line 7 from anybody; 239.1.2.4:5000 on 8 from 10.77.0.9, on 9 from 10.77.0.10; our own :6000 on 10 */
static struct mr_net_config with_ports(void)
{
    struct mr_net_config c = rig_config();
    c.ports[0] = (struct mr_net_port){.group = {239, 1, 2, 3}, .port = 5000, .line = 7};
    c.ports[1] = (struct mr_net_port){.group = {239, 1, 2, 4}, .source = {10, 77, 0, 9}, .port = 5000, .line = 8};
    c.ports[2] = (struct mr_net_port){.group = {239, 1, 2, 4}, .source = {10, 77, 0, 10}, .port = 5000, .line = 9};
    c.ports[3] = (struct mr_net_port){.group = {10, 77, 0, 2}, .port = 6000, .line = 10};
    c.port_count = 4;
    return c;
}

static void a_tcp_segment_is_handed_on_without_padding(void **state)
{
    (void)state;
    struct rig r;
    struct mr_net_config c = rig_config();
    rig_open(&r, &c);
    uint8_t frame[FRAME_ROOM], segment[20] = {0x1f, 0x90, 0xc0, 0x00};
    uint32_t len = frame_ipv4(frame, &from_peer, segment, sizeof segment);
    assert_int_equal(len, 60);
    struct mr_net_packet out;
    struct mr_packet *p = wire_lend(r.wire, frame, len, 5, 0);
    assert_int_equal(mr_net_take(r.net, p, 5, &out), MR_NET_TCP);
    assert_ptr_equal(out.packet, p);
    assert_ptr_equal(out.ip, p->data + 14);
    assert_int_equal(out.len, 40);
    assert_memory_equal(out.sender, rig_peer_ip, 4);
    assert_int_equal(wire_lent(r.wire), 1);
    r.link->ops->release(r.link, p);
    assert_int_equal(r.metrics.tcp, 1);
    rig_close(&r);
}

static void a_packet_goes_out_to_the_next_hop_once_it_is_known(void **state)
{
    (void)state;
    struct rig r;
    struct mr_net_config c = rig_config();
    rig_open(&r, &c);
    static const uint8_t far[4] = {93, 184, 216, 34};
    assert_null(mr_net_reserve(r.net, far, 40, r.now_ns));
    assert_int_equal(mr_net_reach(r.net, far, r.now_ns), MR_E_AGAIN);
    assert_int_equal(r.metrics.no_neighbour, 1);
    uint32_t len;
    const uint8_t *ask = rig_sent(&r, &len);
    assert_non_null(ask);
    assert_memory_equal(ask + 14 + 24, rig_gateway, 4);
    assert_null(rig_sent(&r, &len)); /* reach asked no second time within the second */
    uint8_t frame[FRAME_ROOM];
    len = frame_arp(frame, r.link->mac, 2, other_mac, rig_gateway, r.link->mac, rig_ip);
    rig_take(&r, frame, len, &r.metrics.arp_replies);
    assert_int_equal(mr_net_reach(r.net, far, r.now_ns), MR_OK);
    uint8_t *ip = mr_net_reserve(r.net, far, 40, r.now_ns);
    assert_non_null(ip);
    memset(ip, 0xee, 40);
    mr_net_send(r.net, 40);
    const uint8_t *sent = wire_sent(r.wire, &len);
    assert_int_equal(len, 60);
    assert_memory_equal(sent, other_mac, 6);
    assert_memory_equal(sent + 6, r.link->mac, 6);
    assert_int_equal(frame_get16(sent + 12), 0x0800);
    assert_int_equal(sent[53], 0xee);
    for (int i = 54; i < 60; i++)
        assert_int_equal(sent[i], 0);
    assert_int_equal(r.metrics.sent, 2);
    assert_int_equal(r.metrics.neighbours, 1);
    rig_close(&r);
}

static void datagrams_go_to_the_line_of_their_group_port_and_sender(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        uint8_t from[4], to[4];
        uint16_t port, line;
    } cases[] = {
        {"a group from anybody", {10, 77, 0, 9}, {239, 1, 2, 3}, 5000, 7},
        {"a group from another network", {192, 0, 2, 1}, {239, 1, 2, 3}, 5000, 7},
        {"a group by its first sender", {10, 77, 0, 9}, {239, 1, 2, 4}, 5000, 8},
        {"a group by its second sender", {10, 77, 0, 10}, {239, 1, 2, 4}, 5000, 9},
        {"our own address", {10, 77, 0, 9}, {10, 77, 0, 2}, 6000, 10},
        {"a group of several senders from a third", {10, 77, 0, 11}, {239, 1, 2, 4}, 5000, 0},
        {"the group, another port", {10, 77, 0, 9}, {239, 1, 2, 3}, 5001, 0},
        {"a group that nobody wants, whose hardware address is the same", {10, 77, 0, 9}, {239, 129, 2, 3}, 5000, 0},
        {"our own address, a group's port", {10, 77, 0, 9}, {10, 77, 0, 2}, 5000, 0},
        {"the group, our own port", {10, 77, 0, 9}, {239, 1, 2, 3}, 6000, 0},
    };
    struct rig r;
    struct mr_net_config c = with_ports();
    rig_open(&r, &c);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        print_message("  %s\n", cases[i].says);
        struct frame_ip ip = {.to_mac = cases[i].to[0] == 239 ? group_mac : NULL};
        memcpy(ip.from, cases[i].from, 4);
        memcpy(ip.to, cases[i].to, 4);
        uint8_t frame[FRAME_ROOM];
        uint32_t len = frame_udp(frame, &ip, 4321, cases[i].port, "hello", 5);
        struct mr_net_packet out;
        struct mr_packet *p = wire_lend(r.wire, frame, len, 5, 0);
        enum mr_net_kind kind = mr_net_take(r.net, p, 5, &out);
        assert_int_equal(kind, cases[i].line ? MR_NET_DATAGRAM : MR_NET_DONE);
        if (kind != MR_NET_DATAGRAM)
            continue;
        assert_int_equal(out.line, cases[i].line);
        assert_int_equal(out.port, 4321);
        assert_int_equal(out.len, 5);
        assert_memory_equal(out.ip, "hello", 5);
        assert_memory_equal(out.sender, cases[i].from, 4);
        r.link->ops->release(r.link, p);
    }
    assert_int_equal(r.metrics.udp_no_port, 5);
    rig_close(&r);
}

/* ---- one datagram of 100 bytes for 239.1.2.3:5000, changed ---- */

#define AT(counter) offsetof(struct mr_net_metrics, counter)
struct change {
    uint16_t at;
    uint8_t to;
};
static const struct {
    const char *says;
    uint32_t len; /* the frame is cut here; 0: whole, 142 bytes */
    struct change changes[4];
    bool resum; /* the IPv4 checksum is made right again */
    uint8_t flags;
    size_t counter;
} changed[] = {
    /* clang-format off */
    {"untouched",                                   0,   {{0, 1}},                         false, 0, AT(datagrams)},
    {"no UDP checksum",                             0,   {{40, 0}, {41, 0}},               false, 0, AT(datagrams)},
    {"never to be fragmented",                      0,   {{20, 0x40}},                     true,  0, AT(datagrams)},
    {"another service class",                       0,   {{15, 0xb8}},                     true,  0, AT(datagrams)},
    {"the port says that the sums are good",        0,   {{24, 9}, {41, 9}},               false, MR_PACKET_IP_GOOD | MR_PACKET_L4_GOOD, AT(datagrams)},
    {"UDP shorter than the packet, no checksum",    0,   {{39, 50}, {40, 0}, {41, 0}},     false, 0, AT(datagrams)},
    {"an empty datagram, no checksum",              0,   {{39, 8}, {40, 0}, {41, 0}},      false, 0, AT(datagrams)},

    {"the Ethernet header cut",                     13,  {{0, 1}},                         false, 0, AT(short_frames)},
    {"nothing",                                     1,   {{0, 1}},                         false, 0, AT(short_frames)},
    {"no byte after the Ethernet header",           14,  {{0, 1}},                         false, 0, AT(short_frames)},
    {"the IPv4 header cut",                         33,  {{0, 1}},                         false, 0, AT(short_frames)},
    {"the payload cut",                             141, {{0, 1}},                         false, 0, AT(short_frames)},
    {"for another hardware address",                0,   {{0, 2}, {5, 9}},                 false, 0, AT(not_ours)},
    {"a tag of 802.1Q",                             0,   {{12, 0x81}},                     false, 0, AT(not_ours)},
    {"IPv6 by its kind",                            0,   {{12, 0x86}, {13, 0xdd}},         false, 0, AT(not_ours)},
    {"version 6 under the kind of IPv4",            0,   {{14, 0x65}},                     true,  0, AT(ip_bad)},
    {"version 0",                                   0,   {{14, 0x05}},                     true,  0, AT(ip_bad)},
    {"a header of 16 bytes",                        0,   {{14, 0x44}},                     false, 0, AT(ip_bad)},
    {"a header of no bytes",                        0,   {{14, 0x40}},                     false, 0, AT(ip_bad)},
    {"the packet shorter than its header",          0,   {{16, 0}, {17, 19}},              true,  0, AT(ip_bad)},
    {"a length of 0",                               0,   {{16, 0}, {17, 0}},               true,  0, AT(ip_bad)},
    {"longer than the frame",                       0,   {{16, 0}, {17, 129}},             true,  0, AT(short_frames)},
    {"65,535 bytes long",                           0,   {{16, 0xff}, {17, 0xff}},         true,  0, AT(short_frames)},
    {"a bit of the header wrong",                   0,   {{22, 65}},                       false, 0, AT(ip_checksum)},
    {"the port says that the header's sum is bad",  0,   {{0, 1}},                         false, MR_PACKET_IP_BAD, AT(ip_checksum)},
    {"from a group",                                0,   {{26, 239}},                      true,  0, AT(ip_bad)},
    {"from everyone",                               0,   {{26, 255}},                      true,  0, AT(ip_bad)},
    {"from loopback",                               0,   {{26, 127}},                      true,  0, AT(ip_bad)},
    {"from nobody",                                 0,   {{26, 0}},                        true,  0, AT(ip_bad)},
    {"from ourselves",                              0,   {{29, 2}},                        true,  0, AT(ip_bad)},
    {"for another host",                            0,   {{30, 10}, {31, 77}, {32, 0}, {33, 3}}, true, 0, AT(not_ours)},
    {"for everyone",                                0,   {{30, 255}, {31, 255}, {32, 255}, {33, 255}}, true, 0, AT(not_ours)},
    {"our address in a frame for a group",          0,   {{30, 10}, {31, 77}, {32, 0}, {33, 2}}, true, 0, AT(not_ours)},
    {"the first fragment",                          0,   {{20, 0x20}},                     true,  0, AT(fragments)},
    {"a middle fragment",                           0,   {{20, 0x20}, {21, 5}},            true,  0, AT(fragments)},
    {"the last fragment",                           0,   {{21, 5}},                        true,  0, AT(fragments)},
    {"a fragment far out",                          0,   {{20, 0x1f}, {21, 0xff}},         true,  0, AT(fragments)},
    {"TCP to a group",                              0,   {{23, 6}},                        true,  0, AT(not_ours)},
    {"a protocol that nobody speaks",               0,   {{23, 99}},                       true,  0, AT(not_ours)},
    {"ICMP to a group",                             0,   {{23, 1}},                        true,  0, AT(icmp_other)},
    {"IGMP that is none",                           0,   {{23, 2}},                        true,  0, AT(igmp_other)},
    {"UDP of 7 bytes",                              0,   {{39, 7}},                        false, 0, AT(udp_bad)},
    {"UDP of no bytes",                             0,   {{38, 0}, {39, 0}},               false, 0, AT(udp_bad)},
    {"UDP longer than the packet",                  0,   {{39, 109}},                      false, 0, AT(udp_bad)},
    {"no room for a UDP header",                    0,   {{16, 0}, {17, 27}},              true,  0, AT(udp_bad)},
    {"a bit of the payload wrong",                  0,   {{100, 1}},                       false, 0, AT(udp_checksum)},
    {"the last byte wrong",                         0,   {{141, 1}},                       false, 0, AT(udp_checksum)},
    {"the sender's address wrong",                  0,   {{29, 10}},                       true,  0, AT(udp_checksum)},
    {"the port says that UDP's sum is bad",         0,   {{0, 1}},                         false, MR_PACKET_L4_BAD, AT(udp_checksum)},
    {"another port",                                0,   {{37, 0x89}},                     false, 0, AT(udp_no_port)},
    {"another group",                               0,   {{33, 9}},                        true,  0, AT(udp_no_port)},
    /* clang-format on */
};

static void every_frame_ends_in_one_counter_with_its_reason(void **state)
{
    (void)state;
    struct rig r;
    struct mr_net_config c = with_ports();
    rig_open(&r, &c);
    uint8_t payload[100] = {0};
    for (size_t i = 0; i < MR_COUNT_OF(changed); i++) {
        print_message("  %s\n", changed[i].says);
        uint8_t frame[FRAME_ROOM];
        struct frame_ip ip = {.to_mac = group_mac, .from = {10, 77, 0, 9}, .to = {239, 1, 2, 3}};
        uint32_t len = frame_udp(frame, &ip, 4321, 5000, payload, sizeof payload);
        assert_int_equal(len, 142);
        for (size_t k = 0; k < MR_COUNT_OF(changed[i].changes) && (k == 0 || changed[i].changes[k].at); k++)
            frame[changed[i].changes[k].at] = changed[i].changes[k].to;
        if (changed[i].resum)
            frame_resum(frame);
        struct mr_net_packet out;
        const uint64_t *counter = (const uint64_t *)((const uint8_t *)&r.metrics + changed[i].counter);
        uint64_t before = *counter;
        struct mr_packet *p = wire_lend(r.wire, frame, changed[i].len ? changed[i].len : len, 1, changed[i].flags);
        enum mr_net_kind kind = mr_net_take(r.net, p, 1, &out);
        assert_int_equal(*counter, before + 1);
        assert_int_equal(kind, changed[i].counter == AT(datagrams) ? MR_NET_DATAGRAM : MR_NET_DONE);
        if (kind != MR_NET_DONE)
            r.link->ops->release(r.link, p);
        assert_int_equal(wire_lent(r.wire), 0);
        assert_int_equal(rig_outcomes(&r.metrics), i + 1);
    }
    rig_close(&r);
}

static void a_group_in_a_frame_for_us_alone_is_taken(void **state)
{
    (void)state;
    struct rig r;
    struct mr_net_config c = with_ports();
    rig_open(&r, &c);
    uint8_t frame[FRAME_ROOM];
    struct frame_ip ip = {.from = {10, 77, 0, 9}, .to = {239, 1, 2, 3}};
    assert_int_equal(rig_take(&r, frame, frame_udp(frame, &ip, 1, 5000, "x", 1), &r.metrics.datagrams),
                     MR_NET_DATAGRAM);
    rig_close(&r);
}

static void options_are_accepted_where_their_lengths_add_up(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        uint8_t options[8];
        uint32_t bytes;
        bool sound;
    } cases[] = {
        {"router alert", {0x94, 4, 0, 0}, 4, true},
        {"nothing but padding", {1, 1, 1, 1}, 4, true},
        {"an end, and rubbish behind it", {0, 9, 9, 9}, 4, true},
        {"padding, then an option", {1, 1, 0x94, 4, 0, 0, 0, 0}, 8, true},
        {"the smallest option", {1, 1, 0x88, 2}, 4, true},
        {"an option that fills all", {0x07, 8, 4, 0, 0, 0, 0, 0}, 8, true},
        {"a length of 0", {0x94, 0, 0, 0}, 4, false},
        {"a length of 1", {0x94, 1, 0, 0}, 4, false},
        {"longer than the header", {0x94, 5, 0, 0}, 4, false},
        {"no room for the length", {1, 1, 1, 0x94}, 4, false},
        {"the second one too long", {0x94, 4, 0, 0, 0x94, 255, 0, 0}, 8, false},
    };
    struct rig r;
    struct mr_net_config c = with_ports();
    rig_open(&r, &c);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        print_message("  %s\n", cases[i].says);
        struct frame_ip ip = {
            .from = {10, 77, 0, 9}, .to = {239, 1, 2, 3}, .options = cases[i].options, .option_bytes = cases[i].bytes};
        uint8_t frame[FRAME_ROOM];
        uint32_t len = frame_udp(frame, &ip, 1, 5000, "some payload", 12);
        rig_take(&r, frame, len, cases[i].sound ? &r.metrics.datagrams : &r.metrics.ip_bad);
    }
    rig_close(&r);
}

static void payloads_of_every_length_have_their_checksum_verified(void **state)
{
    (void)state;
    struct rig r;
    struct mr_net_config c = with_ports();
    rig_open(&r, &c);
    struct mr_random random = {.state = 3};
    uint8_t frame[FRAME_ROOM], payload[1472];
    for (uint32_t len = 0; len <= sizeof payload; len += len < 80 ? 1 : 29) {
        for (uint32_t i = 0; i < len; i++)
            payload[i] = mr_random_below(&random, 3) ? 0xff : (uint8_t)mr_random_next(&random); /* carries */
        struct frame_ip ip = {.from = {10, 77, 0, 9}, .to = {239, 1, 2, 3}};
        uint32_t whole = frame_udp(frame, &ip, 1, 5000, payload, len);
        rig_take(&r, frame, whole, &r.metrics.datagrams);
        if (len == 0)
            continue;
        uint32_t at = 42 + (uint32_t)mr_random_below(&random, len);
        uint8_t was = frame[at];
        frame[at] ^= (uint8_t)(1u << mr_random_below(&random, 8));
        rig_take(&r, frame, whole, &r.metrics.udp_checksum);
        frame[at] = was;
    }
    rig_close(&r);
}

static uint32_t echo(uint8_t *frame, const uint8_t *from_mac, uint32_t bytes)
{
    uint8_t icmp[1600] = {8, 0, 0, 0, 0x12, 0x34, 0, 1};
    for (uint32_t i = 8; i < 8 + bytes; i++)
        icmp[i] = (uint8_t)i;
    frame_put16(icmp + 2, frame_sum(icmp, 8 + bytes));
    struct frame_ip ip = {.from_mac = from_mac, .from = {192, 0, 2, 7}, .to = {10, 77, 0, 2}, .proto = 1};
    return frame_ipv4(frame, &ip, icmp, 8 + bytes);
}

static void an_echo_request_is_answered_to_where_it_came_from(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {0, 1, 8, 56, 57, 1471, 1472};
    struct rig r;
    struct mr_net_config c = rig_config();
    rig_open(&r, &c);
    uint8_t frame[FRAME_ROOM];
    for (size_t i = 0; i < MR_COUNT_OF(lengths); i++) {
        uint32_t bytes = lengths[i], sent;
        uint32_t len = echo(frame, other_mac, bytes);
        rig_take(&r, frame, len, &r.metrics.echoes);
        const uint8_t *answer = rig_sent(&r, &sent);
        assert_non_null(answer);
        assert_memory_equal(answer, other_mac, 6);
        assert_memory_equal(answer + 30, frame + 26, 4);
        assert_int_equal(frame_get16(answer + 16), 28 + bytes);
        assert_int_equal(answer[34], 0);
        assert_memory_equal(answer + 38, frame + 38, 4 + bytes);
    }
    rig_close(&r);
}

static void echoes_that_are_not_sound_or_too_many_are_not_answered(void **state)
{
    (void)state;
    struct rig r;
    struct mr_net_config c = rig_config();
    rig_open(&r, &c);
    uint8_t frame[FRAME_ROOM];
    uint32_t len = echo(frame, NULL, 20), sent;
    frame[45] ^= 1;
    rig_take(&r, frame, len, &r.metrics.icmp_other); /* checksum */
    len = echo(frame, NULL, 1472 + 4);
    rig_take(&r, frame, len, &r.metrics.icmp_other); /* the answer would not fit a packet */
    len = echo(frame, rig_all, 20);
    rig_take(&r, frame, len, &r.metrics.icmp_other); /* answers go to one */
    struct frame_ip ip = {.from = {192, 0, 2, 7}, .to = {10, 77, 0, 2}, .proto = 1};
    uint8_t unreachable[36] = {3, 4}, cut[7] = {8};
    frame_put16(unreachable + 2, frame_sum(unreachable, sizeof unreachable));
    rig_take(&r, frame, frame_ipv4(frame, &ip, unreachable, sizeof unreachable), &r.metrics.icmp_other);
    rig_take(&r, frame, frame_ipv4(frame, &ip, cut, sizeof cut), &r.metrics.icmp_other);
    assert_null(rig_sent(&r, &sent));
    wire_refuse(r.wire, 1);
    rig_take(&r, frame, echo(frame, NULL, 20), &r.metrics.icmp_other); /* no room: not answered, and said so */
    assert_int_equal(r.metrics.no_room, 1);
    r.now_ns += SECOND;
    for (int i = 0; i < 200; i++)
        rig_take(&r, frame, echo(frame, NULL, 20), NULL);
    assert_int_equal(r.metrics.echoes, 64);
    r.now_ns += MS;
    rig_take(&r, frame, echo(frame, NULL, 20), &r.metrics.echoes);
    rig_close(&r);
}

static void in_shared_mode_nothing_is_answered_or_asked(void **state)
{
    (void)state;
    struct rig r;
    struct mr_net_config c = with_ports();
    c.shared = true;
    rig_open(&r, &c);
    uint8_t frame[FRAME_ROOM];
    uint32_t len;
    rig_take(&r, frame, echo(frame, NULL, 20), &r.metrics.icmp_other);
    rig_take(&r, frame, frame_arp(frame, rig_all, 1, rig_peer_mac, rig_peer_ip, NULL, rig_ip), &r.metrics.arp_other);
    static const uint8_t query[8] = {0x11, 10, 0xee, 0xf5};
    struct frame_ip ip = {.from = {10, 77, 0, 9}, .to = {224, 0, 0, 1}, .proto = 2};
    rig_take(&r, frame, frame_ipv4(frame, &ip, query, sizeof query), &r.metrics.igmp_other);
    assert_int_equal(mr_net_reach(r.net, rig_peer_ip, r.now_ns), MR_E_AGAIN);
    assert_null(mr_net_reserve(r.net, rig_peer_ip, 40, r.now_ns));
    rig_pass(&r, 30 * SECOND);
    mr_net_leave(r.net, r.now_ns);
    assert_null(rig_sent(&r, &len));
    assert_int_equal(mr_net_neighbour(r.net, rig_peer_ip, rig_peer_mac), MR_OK);
    assert_non_null(mr_net_reserve(r.net, rig_peer_ip, 40, r.now_ns));
    struct frame_ip tcp = {.from = {10, 77, 0, 9}, .to = {10, 77, 0, 2}, .proto = 6};
    rig_take(&r, frame, frame_ipv4(frame, &tcp, query, sizeof query), &r.metrics.tcp);
    rig_close(&r);
}

static void what_cannot_work_is_refused(void **state)
{
    (void)state;
    struct mr_link link = {.mtu = 1500, .mac = {2, 0, 0, 0, 0, 1}};
    static const struct mr_net_port good = {.group = {239, 1, 2, 3}, .port = 5000};
    static const struct {
        const char *says;
        uint8_t address[4], gateway[4], prefix;
        uint16_t mtu;
        uint32_t port_count;
        struct mr_net_port second;
        bool good;
    } cases[] = {
        /* clang-format off */
        {"the usual",                 {10, 0, 0, 2},    {10, 0, 0, 1},  24, 1500, 1, {{0}, {0}, 0, 0}, true},
        {"no gateway",                {10, 0, 0, 2},    {0},            24, 1500, 0, {{0}, {0}, 0, 0}, true},
        {"a cloud's own network",     {10, 0, 0, 2},    {169, 254, 1, 1}, 32, 1500, 0, {{0}, {0}, 0, 0}, true},
        {"two ports of a group",    {10, 0, 0, 2},    {10, 0, 0, 1},  24, 1500, 2, {{239, 1, 2, 3}, {0}, 5001, 0}, true},
        {"our own port",              {10, 0, 0, 2},    {10, 0, 0, 1},  24, 1500, 2, {{10, 0, 0, 2}, {0}, 5000, 0}, true},
        {"an address of nobody",      {0},              {0},            24, 1500, 0, {{0}, {0}, 0, 0}, false},
        {"loopback",                  {127, 0, 0, 1},   {0},            8,  1500, 0, {{0}, {0}, 0, 0}, false},
        {"a group's address",         {239, 0, 0, 1},   {0},            8,  1500, 0, {{0}, {0}, 0, 0}, false},
        {"prefix 0",                  {10, 0, 0, 2},    {10, 0, 0, 1},  0,  1500, 0, {{0}, {0}, 0, 0}, false},
        {"prefix 33",                 {10, 0, 0, 2},    {10, 0, 0, 1},  33, 1500, 0, {{0}, {0}, 0, 0}, false},
        {"we as our gateway",         {10, 0, 0, 2},    {10, 0, 0, 2},  24, 1500, 0, {{0}, {0}, 0, 0}, false},
        {"a group as gateway",        {10, 0, 0, 2},    {239, 0, 0, 2}, 24, 1500, 0, {{0}, {0}, 0, 0}, false},
        {"a tiny MTU",                {10, 0, 0, 2},    {10, 0, 0, 1},  24, 575,  0, {{0}, {0}, 0, 0}, false},
        {"too many ports",            {10, 0, 0, 2},    {10, 0, 0, 1},  24, 1500, 33, {{0}, {0}, 0, 0}, false},
        {"another host's address",    {10, 0, 0, 2},    {10, 0, 0, 1},  24, 1500, 2, {{10, 0, 0, 3}, {0}, 5000, 0}, false},
        {"port 0",                    {10, 0, 0, 2},    {10, 0, 0, 1},  24, 1500, 2, {{239, 1, 2, 3}, {0}, 0, 0}, false},
        {"the same port twice",       {10, 0, 0, 2},    {10, 0, 0, 1},  24, 1500, 2, {{239, 1, 2, 3}, {0}, 5000, 0}, false},
        {"one sender of a port for all", {10, 0, 0, 2}, {10, 0, 0, 1},  24, 1500, 2, {{239, 1, 2, 3}, {10, 0, 0, 9}, 5000, 0}, false},
        {"from a group",              {10, 0, 0, 2},    {10, 0, 0, 1},  24, 1500, 2, {{239, 1, 2, 4}, {239, 0, 0, 9}, 5000, 0}, false},
        {"from ourselves",            {10, 0, 0, 2},    {10, 0, 0, 1},  24, 1500, 2, {{239, 1, 2, 4}, {10, 0, 0, 2}, 5000, 0}, false},
        /* clang-format on */
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        print_message("  %s\n", cases[i].says);
        struct mr_net_config c = {.link = &link, .prefix = cases[i].prefix, .port_count = cases[i].port_count};
        memcpy(c.address, cases[i].address, 4);
        memcpy(c.gateway, cases[i].gateway, 4);
        link.mtu = cases[i].mtu;
        c.ports[0] = good;
        c.ports[1] = cases[i].second;
        struct mr_err err = {""};
        assert_int_equal(mr_net_check(&c, &err), cases[i].good ? MR_OK : MR_E_INVALID);
        assert_int_equal(err.text[0] != 0, !cases[i].good);
    }
    assert_int_equal(mr_net_check(&(struct mr_net_config){.address = {10, 0, 0, 2}, .prefix = 24}, NULL), MR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tcp_segment_is_handed_on_without_padding),
        cmocka_unit_test(a_packet_goes_out_to_the_next_hop_once_it_is_known),
        cmocka_unit_test(datagrams_go_to_the_line_of_their_group_port_and_sender),
        cmocka_unit_test(every_frame_ends_in_one_counter_with_its_reason),
        cmocka_unit_test(a_group_in_a_frame_for_us_alone_is_taken),
        cmocka_unit_test(options_are_accepted_where_their_lengths_add_up),
        cmocka_unit_test(payloads_of_every_length_have_their_checksum_verified),
        cmocka_unit_test(an_echo_request_is_answered_to_where_it_came_from),
        cmocka_unit_test(echoes_that_are_not_sound_or_too_many_are_not_answered),
        cmocka_unit_test(in_shared_mode_nothing_is_answered_or_asked),
        cmocka_unit_test(what_cannot_work_is_refused),
    };
    return MR_TEST_MAIN(tests);
}
