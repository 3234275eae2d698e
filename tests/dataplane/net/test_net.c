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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tcp_segment_is_handed_on_without_padding),
        cmocka_unit_test(a_packet_goes_out_to_the_next_hop_once_it_is_known),
        cmocka_unit_test(datagrams_go_to_the_line_of_their_group_port_and_sender),
    };
    return MR_TEST_MAIN(tests);
}
