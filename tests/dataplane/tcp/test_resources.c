/* What the stack holds is bounded and comes back: connections, packets, out-of-order data, numbers; and what cannot begin says why. */
#include "dataplane/tcp/tcp_priv.h"
#include "tests/dataplane/tcp/world.h"

static void pass(struct world *w, int64_t ms)
{
    uint32_t len;
    for (; ms > 0; ms -= 10, w->now_ns += 10 * MS) {
        world_round(w);
        while (world_sent(w, &len))
            ;
    }
}

static void assert_empty(const struct world *w)
{
    assert_int_equal(w->tcp->pcbs.used + w->tcp->segments.used + w->tcp->small.used + w->tcp->large.used, 0);
    assert_int_equal(w->tcp->early + w->tcp->waiting, 0);
    assert_int_equal(wire_lent(w->wire), 0);
    assert_int_equal(w->tuples, 0);
}

static void ten_thousand_connections_leave_nothing(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    world_open(&w, &config, SECOND);
    uint32_t cycles = getenv("MILLRACE_QUICK") ? 1000 : 10000, pcbs = 0;
    for (uint32_t i = 0; i < cycles; i++) {
        struct world_segment s = world_connect(&w, 0, i * 7919);
        assert_true(w.opened);
        w.to_send = 100; /* unacknowledged in some cycles, data out of order in others */
        s.len = 1000;
        world_put(&w, &s);
        s.seq += 3000;
        world_put(&w, &s);
        world_round(&w);
        assert_int_equal(w.received, 1000);
        s.seq -= 2000;
        s.len = 0;
        s.ack += i % 2 ? 100 : 0;
        switch (i % 3) {
        case 0: /* we leave */
            mr_tcp_drop(w.tcp, 0);
            break;
        case 1: /* the peer is gone */
            s.flags = SEG_RST;
            world_put(&w, &s);
            break;
        default: /* it ends, and acknowledges our end */
            s.flags = SEG_ACK | SEG_FIN;
            s.ack += i % 2 ? 0 : 100;
            world_put(&w, &s);
            world_round(&w);
            assert_true(w.ended);
            s.flags = SEG_ACK;
            s.seq++;
            s.ack++;
            world_put(&w, &s);
        }
        pass(&w, 10);
        assert_empty(&w);
        pcbs = w.tcp->pcbs.used_max > pcbs ? w.tcp->pcbs.used_max : pcbs;
        w.to_send = 0;
    }
    assert_int_equal(w.m.opened, cycles);
    assert_int_equal(pcbs, 1);
    world_close(&w);
}

static void out_of_order_data_is_bounded(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    world_open(&w, &config, SECOND);
    struct world_segment s = world_connect(&w, 0, 1);
    uint32_t most = 0, len, bound = 2048 / (2 * config.connections_max); /* half the packets, for all */
    for (uint32_t i = 1; i < 65536; i += 2) {                            /* 64 kB of one-octet holes */
        struct world_segment octet = s;
        octet.seq += i;
        octet.offset = i;
        octet.len = 1;
        world_put(&w, &octet);
        world_round(&w);
        most = w.tcp->early > most ? w.tcp->early : most;
        while (world_sent(&w, &len))
            ;
    }
    assert_int_equal(most, bound);
    assert_int_equal(w.received, 0);
    for (uint32_t at = 0; at < 65536; at += 1024) { /* the connection is as good as before */
        struct world_segment block = s;
        block.seq += at;
        block.offset = at;
        block.len = 1024;
        world_put(&w, &block);
        world_round(&w);
        while (world_sent(&w, &len))
            ;
    }
    assert_int_equal(w.received, 65536);
    assert_false(w.wrong);
    assert_int_equal(w.tcp->early, 0);
    world_close(&w);
}

static void early_data_that_nobody_completes_is_given_up(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    world_open(&w, &config, SECOND);
    struct world_segment s = world_connect(&w, 0, 1);
    s.seq += 1460;
    s.len = 1460;
    for (uint32_t i = 0; i < 50; i++, s.seq += 1460)
        world_put(&w, &s);
    world_round(&w);
    assert_int_equal(w.tcp->early, 50);
    pass(&w, 60000);
    assert_int_equal(w.tcp->early, 0);
    assert_int_equal(w.m.dropped, 50);
    assert_true(w.opened && !w.ended);
    world_close(&w);
}

static void an_application_that_holds_all_stops_its_peer_and_nobody_else(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    world_open_small(&w, &config, SECOND, 64, 512);
    struct world_segment greedy = world_connect(&w, 0, 1), other = world_connect(&w, 1, 1);
    w.hold = true;
    greedy.len = other.len = 1000;
    for (uint32_t i = 0; i < 100; i++, greedy.seq += 1000, greedy.offset += 1000) {
        world_put(&w, &greedy);
        world_round(&w);
    }
    assert_int_equal(w.held_count, 56); /* an eighth of the packets stays free */
    assert_int_equal(w.m.no_memory, 44);
    assert_int_equal(w.m.dropped, 44);
    world_put(
        &w, &other); /* its data finds no room either, but it is told so by what it does not get: it will send again */
    world_round(&w);
    uint64_t control = w.m.control;
    other.len = 0;
    world_put(&w, &other);
    world_round(&w);
    assert_int_equal(w.m.control, control + 1);
    w.hold = false;
    world_release(&w);
    greedy.seq -= 44000;
    greedy.offset -= 44000;
    for (uint32_t i = 0; i < 44; i++, greedy.seq += 1000, greedy.offset += 1000) {
        world_put(&w, &greedy);
        world_round(&w);
    }
    assert_int_equal(w.received, 100000);
    assert_false(w.wrong);
    world_close(&w);
}

static void outputs_of_all_connections_fit_their_pools(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    world_open(&w, &config, SECOND);
    uint8_t data[100] = {0};
    for (uint16_t c = 0; c < config.connections_max; c++) {
        world_connect(&w, c, 1000u * c);
        uint32_t sent = 0;
        while (mr_tcp_send(w.tcp, c, data, sizeof data) > 0) {
            sent++;
            if (sent % 64 == 0)
                pass(&w, 10);
        }
        assert_in_range(sent, MR_TCP_QUEUE_MAX - 8,
                        MR_TCP_QUEUE_MAX); /* a buffer each; one that straddles segments takes two */
    }
    assert_int_equal(w.m.no_memory, 0);
    pass(&w, 2000);
    world_close(&w);
}

static void what_an_old_connection_lent_does_not_touch_the_new_one(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    config.window_bytes = 65535;
    world_open(&w, &config, SECOND);
    struct world_segment s = world_connect(&w, 0, 1);
    w.hold = true;
    s.len = 1460;
    for (uint32_t i = 0; i < 10; i++, s.seq += 1460, s.offset += 1460)
        world_put(&w, &s);
    world_round(&w);
    assert_int_equal(w.held_count, 10);
    struct mr_piece old[10];
    memcpy(old, w.held, sizeof old);
    w.held_count = 0;
    mr_tcp_drop(w.tcp, 0);
    pass(&w, 10);
    s = world_connect(&w, 0, 777777);
    s.len = 1460;
    world_put(&w, &s);
    world_round(&w);
    assert_int_equal(world_get(&w).window, (65535 - 1460) >> 5); /* held: not open any more */
    for (uint32_t i = 0; i < 10; i++) {
        for (uint32_t j = 0; j < old[i].len; j++)
            assert_int_equal(old[i].data[j], 0xee); /* as the application left it */
        mr_tcp_release(w.tcp, &old[i]);
    }
    s.seq += 1460;
    s.offset += 1460;
    world_put(&w, &s);
    world_round(&w);
    assert_int_equal(world_get(&w).window, (65535 - 2920) >> 5); /* not opened by what was not its own */
    world_release(&w);
    world_close(&w);
}

static void closing_takes_back_what_is_still_lent(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    world_open(&w, &config, SECOND);
    struct world_segment s = world_connect(&w, 0, 1);
    w.hold = true;
    s.len = 100;
    for (uint32_t i = 0; i < 20; i++, s.seq += 100, s.offset += 100)
        world_put(&w, &s);
    world_round(&w);
    s.seq += 1000; /* some early, some in order that nobody polled */
    world_put(&w, &s);
    world_round(&w);
    assert_int_equal(wire_lent(w.wire), 21);
    world_close(&w); /* fails where a packet is lent or not counted */
}

static void a_port_is_drawn_from_the_range_and_never_twice_at_once(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    config.port_first = 60000;
    config.port_last = 60003;
    world_open(&w, &config, SECOND);
    uint32_t seen = 0;
    for (uint16_t c = 0; c < 4; c++) {
        uint16_t port = world_connect(&w, c, 1).to;
        assert_in_range(port, 60000, 60003);
        assert_false(seen & 1u << (port - 60000));
        seen |= 1u << (port - 60000);
    }
    world_close(&w);
}

static void a_dial_that_finds_no_port_is_refused(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    config.port_first = config.port_last = 60000;
    world_open(&w, &config, SECOND);
    world_connect(&w, 1, 1);
    assert_int_equal(world_dial(&w, 0, 443), MR_OK);
    world_round(&w);
    assert_true(w.ended);
    assert_string_equal(w.reason, "no local port is free");
    world_close(&w);
}

static void ports_and_first_numbers_cannot_be_foreseen(void **state)
{
    (void)state;
    uint16_t ports[8];
    uint32_t numbers[8], same_ports = 0, same_numbers = 0;
    for (uint32_t i = 0; i < 8; i++) {
        struct world w;
        struct mr_tcp_config config = world_config();
        config.seed = i < 4 ? 0 : 99; /* drawn from the system; or repeated, for tests */
        world_open(&w, &config, SECOND);
        assert_int_equal(world_dial(&w, 0, 443), MR_OK);
        struct seg syn = world_get(&w);
        ports[i] = syn.from;
        numbers[i] = syn.seq;
        world_close(&w);
        for (uint32_t j = 0; j < i && i < 4; j++) {
            same_ports += ports[i] == ports[j];
            same_numbers += numbers[i] == numbers[j];
        }
    }
    assert_true(same_ports <= 1 && same_numbers == 0);
    for (uint32_t i = 5; i < 8; i++) {
        assert_int_equal(ports[i], ports[4]);
        assert_int_equal(numbers[i], numbers[4]);
    }
}

static void a_dial_that_cannot_begin_says_why(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    static const struct {
        const char *reason;
        struct mr_dial dial;
    } refused[] = {
        {"the user-space stack speaks IPv4 only", {.peer = {.family = 6, .port = 443}}},
        {"the address to dial from is not this link's",
         {.peer = {.ip = {10, 77, 0, 9}, .family = 4, .port = 443}, .from = {.ip = {10, 77, 0, 3}, .family = 4}}},
        {"no route to host", {.peer = {.ip = {255, 255, 255, 255}, .family = 4, .port = 443}}},
        {"no route to host", {.peer = {.ip = {224, 0, 0, 1}, .family = 4, .port = 443}}},
        {"the redirecting program takes no more connections",
         {.peer = {.ip = {10, 77, 0, 9}, .family = 4, .port = 443}}},
    };
    world_open(&w, &config, SECOND);
    w.tuples_full = true;
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        w.opened = w.ended = false;
        assert_int_equal(mr_tcp_connect(w.tcp, 0, &refused[i].dial, w.now_ns), MR_OK);
        assert_int_equal(mr_tcp_connect(w.tcp, 0, &refused[i].dial, w.now_ns), MR_E_INVALID); /* in use */
        assert_int_equal(mr_tcp_send(w.tcp, 0, (const uint8_t *)"x", 1), MR_E_IO);
        world_round(&w);
        assert_true(w.ended);
        assert_int_equal(w.status, MR_E_IO);
        assert_string_equal(w.reason, refused[i].reason);
        assert_int_equal(mr_tcp_send(w.tcp, 0, (const uint8_t *)"x", 1), MR_E_INVALID);
    }
    assert_int_equal(mr_tcp_connect(w.tcp, 4, &refused[0].dial, w.now_ns), MR_E_INVALID);
    mr_tcp_drop(w.tcp, 0); /* harmless where there is none */
    mr_tcp_drop(w.tcp, 9);
    world_close(&w);
}

static void a_neighbour_is_asked_for_and_its_answer_sends_the_syn(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    world_open(&w, &config, SECOND);
    const uint8_t unknown[4] = {10, 77, 0, 55}, mac[6] = {2, 0, 0, 0, 0, 0x55};
    struct mr_dial dial = {.peer = {.ip = {10, 77, 0, 55}, .family = 4, .port = 443}};
    assert_int_equal(mr_tcp_connect(w.tcp, 0, &dial, w.now_ns), MR_OK);
    uint32_t len;
    world_round(&w);
    assert_null(world_sent(&w, &len));
    assert_int_equal(w.net_metrics.arp_asked, 1);
    w.now_ns += 3 * MS;
    uint8_t frame[FRAME_ROOM];
    static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1};
    world_give(&w, frame, frame_arp(frame, our_mac, 2, mac, unknown, our_mac, world_ip), 0);
    world_round(&w);
    assert_int_equal(world_get(&w).flags, SEG_SYN);
    mr_tcp_drop(w.tcp, 0);
    assert_int_equal(
        mr_tcp_connect(w.tcp, 0, &(struct mr_dial){.peer = {.ip = {10, 77, 0, 56}, .family = 4, .port = 1}}, w.now_ns),
        MR_OK);
    mr_tcp_drop(w.tcp, 0); /* while the neighbour is being asked for */
    pass(&w, 1000);
    world_close(&w);
}

static void the_ports_word_on_checksums_is_taken_where_the_config_says_so(void **state)
{
    (void)state;
    static const struct {
        bool by_port;
        uint8_t flags;
        bool damaged, taken;
    } rows[] = {
        {false, 0, false, true},
        {false, 0, true, false},
        {false, MR_PACKET_L4_GOOD, true, false}, /* not asked to believe it */
        {true, MR_PACKET_L4_GOOD, true, true},
        {true, MR_PACKET_L4_BAD, false, false},
        {true, 0, true, false}, /* the port does not know: we look */
        {true, 0, false, true},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct world w;
        struct mr_tcp_config config = world_config();
        config.checksum_by_port = rows[i].by_port;
        world_open(&w, &config, SECOND);
        struct world_segment s = world_connect(&w, 0, 1);
        uint8_t data[100], frame[FRAME_ROOM];
        struct seg seg = {
            .from = 443, .to = s.to, .seq = s.seq, .ack = s.ack, .flags = SEG_ACK, .data = data, .len = 100};
        memcpy(seg.from_ip, world_peer_ip, 4);
        memcpy(seg.to_ip, world_ip, 4);
        for (uint32_t j = 0; j < 100; j++)
            data[j] = seg_octet(1, j);
        uint32_t len = seg_write(frame, &seg);
        frame[51] ^= (uint8_t)rows[i].damaged; /* of the checksum */
        world_give(&w, frame, len, rows[i].flags);
        world_round(&w);
        assert_int_equal(w.received, rows[i].taken ? 100 : 0);
        assert_int_equal(w.m.checksum, rows[i].taken ? 0 : 1);
        world_close(&w);
    }
}

static void segments_fit_the_links_mtu(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    world_open(&w, &config, SECOND);
    mr_tcp_close(w.tcp);
    w.link->mtu = 1000;
    config.net = w.net;
    config.link = w.link;
    config.metrics = &w.m;
    assert_int_equal(mr_tcp_open(&w.tcp, w.tcp_mem, &config, w.now_ns, NULL), MR_OK);
    assert_int_equal(world_dial(&w, 0, 443), MR_OK);
    struct seg syn = world_get(&w);
    const uint8_t *mss = seg_option(&syn, 2, 2);
    assert_non_null(mss);
    assert_int_equal(frame_get16(mss), 960);
    struct world_segment s = {
        .to = syn.from, .flags = SEG_SYN | SEG_ACK, .seq = 1, .ack = syn.seq + 1, .window = 65535};
    world_put(&w, &s);
    w.to_send = 2000;
    world_round(&w);
    world_get(&w);
    assert_int_equal(world_get(&w).len, 960);
    world_close(&w);
}

static void a_config_outside_its_limits_is_refused_in_words(void **state)
{
    (void)state;
    struct wire *wire = wire_open(4, 4);
    struct mr_tcp_config good = world_config();
    good.link = wire_link(wire);
    static const struct {
        const char *says, *what;
    } rows[] = {{"connections: 0", "c"},
                {"connections: 257", "C"},
                {"window: 2000", "w"},
                {"window: 1048577", "W"},
                {"output of a connection: 100", "s"},
                {"output of a connection: 65537", "S"},
                {"local ports from 0", "p"},
                {"local ports from 50001 to 50000", "P"},
                {"MTU is 500", "m"}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct mr_tcp_config config = good;
        struct mr_err err = {""};
        struct mr_tcp *tcp;
        config.link->mtu = 1500;
        switch (rows[i].what[0]) {
        case 'c':
            config.connections_max = 0;
            break;
        case 'C':
            config.connections_max = 257;
            break;
        case 'w':
            config.window_bytes = 2000;
            break;
        case 'W':
            config.window_bytes = (1 << 20) + 1;
            break;
        case 's':
            config.send_bytes = 100;
            break;
        case 'S':
            config.send_bytes = 65537;
            break;
        case 'p':
            config.port_first = 0;
            break;
        case 'P':
            config.port_first = 50001, config.port_last = 50000;
            break;
        default:
            config.link->mtu = 500;
        }
        assert_int_equal(mr_tcp_open(&tcp, NULL, &config, 0, &err), MR_E_INVALID);
        if (!strstr(err.text, rows[i].says))
            fail_msg("\"%s\" is not in \"%s\"", rows[i].says, err.text);
        assert_int_equal(mr_tcp_bytes(&config), 0);
    }
    wire_close(wire);
}

static void a_process_has_one_stack(void **state)
{
    (void)state;
    struct world w;
    struct mr_tcp_config config = world_config();
    struct mr_err err = {""};
    struct mr_tcp *second;
    world_open(&w, &config, SECOND);
    config.link = w.link;
    assert_int_equal(mr_tcp_open(&second, w.tcp_mem, &config, 0, &err), MR_E_FULL);
    assert_non_null(strstr(err.text, "second process"));
    world_close(&w);
}

int main(void)
{
    if (!world_built())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_connections_leave_nothing),
        cmocka_unit_test(out_of_order_data_is_bounded),
        cmocka_unit_test(early_data_that_nobody_completes_is_given_up),
        cmocka_unit_test(an_application_that_holds_all_stops_its_peer_and_nobody_else),
        cmocka_unit_test(outputs_of_all_connections_fit_their_pools),
        cmocka_unit_test(what_an_old_connection_lent_does_not_touch_the_new_one),
        cmocka_unit_test(closing_takes_back_what_is_still_lent),
        cmocka_unit_test(a_port_is_drawn_from_the_range_and_never_twice_at_once),
        cmocka_unit_test(a_dial_that_finds_no_port_is_refused),
        cmocka_unit_test(ports_and_first_numbers_cannot_be_foreseen),
        cmocka_unit_test(a_dial_that_cannot_begin_says_why),
        cmocka_unit_test(a_neighbour_is_asked_for_and_its_answer_sends_the_syn),
        cmocka_unit_test(the_ports_word_on_checksums_is_taken_where_the_config_says_so),
        cmocka_unit_test(segments_fit_the_links_mtu),
        cmocka_unit_test(a_config_outside_its_limits_is_refused_in_words),
        cmocka_unit_test(a_process_has_one_stack),
    };
    return MR_TEST_MAIN(tests);
}
