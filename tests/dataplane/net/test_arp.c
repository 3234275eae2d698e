#include "tests/dataplane/net/rig.h"

static const uint8_t far[4] = {93, 184, 216, 34}, mac_a[6] = {2, 0, 0, 0, 0, 0xa}, mac_b[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t nobody[4] = {0};

static void open_up(struct rig *r)
{
    struct mr_net_config c = rig_config();
    rig_open(r, &c);
    mr_net_housekeep(r->net, r->now_ns); /* the announcement */
    uint32_t len;
    const uint8_t *frame = rig_sent(r, &len);
    assert_non_null(frame);
    assert_memory_equal(frame + 28, rig_ip, 4);
    assert_memory_equal(frame + 38, rig_ip, 4);
    assert_null(rig_sent(r, &len));
}

static void tell(struct rig *r, uint32_t what, const uint8_t *mac, const uint8_t *ip, const uint8_t *target,
                 const uint64_t *counter)
{
    uint8_t frame[FRAME_ROOM];
    uint32_t len =
        frame_arp(frame, what == 1 ? rig_all : r->link->mac, what, mac, ip, what == 2 ? r->link->mac : NULL, target);
    rig_take(r, frame, len, counter);
}

/* Where the next packet to `to` would go; NULL: nowhere. */
static const uint8_t *way(struct rig *r, const uint8_t *to)
{
    uint8_t *ip = mr_net_reserve(r->net, to, 100, r->now_ns);
    return ip ? ip - 14 : NULL;
}

/* ARP requests sent for `ip` since the last call; all else sent is wrong. */
static uint32_t asked_for(struct rig *r, const uint8_t *ip)
{
    uint32_t n = 0, len;
    for (const uint8_t *frame; (frame = rig_sent(r, &len)); n++) {
        assert_int_equal(frame_get16(frame + 12), 0x0806);
        assert_int_equal(frame_get16(frame + 20), 1);
        assert_memory_equal(frame + 38, ip, 4);
    }
    return n;
}

static void a_request_for_our_address_is_answered_to_the_asker(void **state)
{
    (void)state;
    struct rig r;
    open_up(&r);
    uint32_t len;
    tell(&r, 1, mac_a, rig_peer_ip, rig_ip, &r.metrics.arp_requests);
    const uint8_t *frame = rig_sent(&r, &len);
    assert_non_null(frame);
    assert_memory_equal(frame, mac_a, 6);
    assert_int_equal(frame_get16(frame + 20), 2);
    assert_memory_equal(frame + 32, mac_a, 6);
    assert_memory_equal(frame + 38, rig_peer_ip, 4);
    tell(&r, 1, mac_a, nobody, rig_ip, &r.metrics.arp_requests); /* somebody who has no address yet and wants ours */
    assert_non_null(rig_sent(&r, &len));
    assert_int_equal(r.metrics.neighbours, 0); /* who asks is not learnt */
    rig_close(&r);
}

static void what_is_not_for_us_or_not_sound_is_not_answered(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        uint16_t at;
        uint8_t to;
    } cases[] = {
        {"for another host", 41, 3},
        {"another kind of hardware", 15, 6},
        {"another protocol", 17, 6},
        {"hardware addresses of eight bytes", 18, 8},
        {"protocol addresses of sixteen bytes", 19, 16},
        {"neither request nor reply", 21, 9},
        {"from a group's hardware address", 22, 3},
        {"from us", 31, 2},
    };
    struct rig r;
    open_up(&r);
    uint8_t frame[FRAME_ROOM];
    uint32_t len = 0, sent;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        print_message("  %s\n", cases[i].says);
        len = frame_arp(frame, rig_all, 1, mac_a, rig_peer_ip, NULL, rig_ip);
        frame[cases[i].at] = cases[i].to;
        rig_take(&r, frame, len, &r.metrics.arp_other);
    }
    static const uint8_t no_mac[6];
    len = frame_arp(frame, rig_all, 1, no_mac, rig_peer_ip, NULL, rig_ip);
    rig_take(&r, frame, len, &r.metrics.arp_other);
    for (len = 14; len < 42; len++)
        rig_take(&r, frame, len, &r.metrics.short_frames);
    assert_null(rig_sent(&r, &sent));
    assert_int_equal(r.metrics.address_claimed, 1); /* "from us" by another hardware address */
    rig_close(&r);
}

static void who_is_used_is_asked_for_once_a_second_and_forgotten_when_not(void **state)
{
    (void)state;
    struct rig r;
    open_up(&r);
    for (int i = 0; i < 100; i++)
        assert_int_equal(mr_net_reach(r.net, rig_peer_ip, r.now_ns), MR_E_AGAIN);
    assert_int_equal(asked_for(&r, rig_peer_ip), 1);
    rig_pass(&r, r.now_ns + 10 * SECOND);
    assert_int_equal(asked_for(&r, rig_peer_ip), 9);
    assert_int_equal(r.metrics.arp_asked, 10);
    rig_pass(&r, r.now_ns + 60 * SECOND); /* nobody has wanted it since: no more asking */
    asked_for(&r, rig_peer_ip);
    tell(&r, 2, mac_a, rig_peer_ip, rig_ip, &r.metrics.arp_other);
    rig_pass(&r, r.now_ns + 10 * SECOND);
    assert_int_equal(asked_for(&r, rig_peer_ip), 0);
    rig_close(&r);
}

static void a_known_neighbour_is_asked_again_while_used_and_dropped_when_silent(void **state)
{
    (void)state;
    struct rig r;
    open_up(&r);
    assert_null(way(&r, far));
    assert_int_equal(asked_for(&r, rig_gateway), 1);
    tell(&r, 2, mac_a, rig_gateway, rig_ip, &r.metrics.arp_replies);
    assert_memory_equal(way(&r, far), mac_a, 6);
    int64_t heard = r.now_ns;
    for (; r.now_ns < heard + 30 * SECOND; rig_pass(&r, r.now_ns + SECOND))
        assert_non_null(way(&r, far));
    assert_in_range(asked_for(&r, rig_gateway), 0, 1); /* quiet until it is half a minute old */
    tell(&r, 2, mac_a, rig_gateway, rig_ip, &r.metrics.arp_replies);
    heard = r.now_ns;
    for (; r.now_ns < heard + 59 * SECOND; rig_pass(&r, r.now_ns + SECOND))
        assert_non_null(way(&r, far));
    assert_in_range(asked_for(&r, rig_gateway), 28, 30);
    rig_pass(&r, heard + 61 * SECOND);
    assert_null(way(&r, far)); /* gone */
    assert_int_equal(mr_net_reach(r.net, far, r.now_ns), MR_E_AGAIN);
    assert_int_equal(r.metrics.neighbours, 0);
    tell(&r, 2, mac_b, rig_gateway, rig_ip, &r.metrics.arp_replies); /* and back, another box */
    assert_memory_equal(way(&r, far), mac_b, 6);
    rig_close(&r);
}

static void a_neighbour_in_use_may_change_its_address_and_it_is_counted(void **state)
{
    (void)state;
    struct rig r;
    open_up(&r);
    mr_net_reach(r.net, rig_gateway, r.now_ns);
    tell(&r, 2, mac_a, rig_gateway, rig_ip, &r.metrics.arp_replies);
    tell(&r, 1, mac_b, rig_gateway, rig_gateway, &r.metrics.arp_replies); /* announced by a request */
    assert_memory_equal(way(&r, far), mac_b, 6);
    tell(&r, 2, mac_a, rig_gateway, rig_gateway, &r.metrics.arp_replies); /* and by a reply */
    assert_memory_equal(way(&r, far), mac_a, 6);
    tell(&r, 1, mac_b, rig_gateway, rig_ip, &r.metrics.arp_requests); /* and by asking for us */
    assert_memory_equal(way(&r, far), mac_b, 6);
    assert_int_equal(r.metrics.neighbour_changed, 3);
    tell(&r, 2, mac_b, rig_gateway, rig_ip, &r.metrics.arp_replies); /* the same again is no change */
    assert_int_equal(r.metrics.neighbour_changed, 3);
    tell(&r, 1, mac_a, rig_gateway, rig_peer_ip, &r.metrics.arp_other); /* not for us: not looked at */
    assert_memory_equal(way(&r, far), mac_b, 6);
    rig_close(&r);
}

static void a_given_neighbour_is_never_asked_for_aged_or_changed(void **state)
{
    (void)state;
    struct rig r;
    open_up(&r);
    assert_int_equal(mr_net_neighbour(r.net, rig_gateway, mac_a), MR_OK);
    assert_memory_equal(way(&r, far), mac_a, 6);
    tell(&r, 2, mac_b, rig_gateway, rig_ip, &r.metrics.arp_other);
    tell(&r, 1, mac_b, rig_gateway, rig_gateway, &r.metrics.arp_other);
    assert_int_equal(r.metrics.neighbour_refused, 2);
    tell(&r, 2, mac_a, rig_gateway, rig_ip, &r.metrics.arp_other); /* says the same: nothing refused */
    assert_int_equal(r.metrics.neighbour_refused, 2);
    rig_pass(&r, r.now_ns + 200 * SECOND);
    assert_memory_equal(way(&r, far), mac_a, 6);
    assert_int_equal(asked_for(&r, rig_gateway), 0);
    assert_int_equal(mr_net_neighbour(r.net, rig_gateway, mac_b), MR_OK); /* told anew by who gave it */
    assert_memory_equal(way(&r, far), mac_b, 6);
    assert_int_equal(r.metrics.neighbour_changed, 1);
    static const uint8_t forget[6];
    assert_int_equal(mr_net_neighbour(r.net, rig_gateway, forget), MR_OK);
    assert_int_equal(mr_net_neighbour(r.net, rig_gateway, forget), MR_OK);
    assert_null(way(&r, far));
    assert_int_equal(asked_for(&r, rig_gateway), 1);
    rig_close(&r);
}

static void a_flood_of_arp_takes_no_room_and_gets_few_answers(void **state)
{
    (void)state;
    struct rig r;
    open_up(&r);
    mr_net_reach(r.net, rig_gateway, r.now_ns);
    tell(&r, 2, mac_a, rig_gateway, rig_ip, &r.metrics.arp_replies);
    assert_int_equal(asked_for(&r, rig_gateway), 1);
    for (uint32_t i = 0; i < 5000; i++) {
        uint8_t ip[4] = {10, 77, (uint8_t)(i >> 8), (uint8_t)i}, mac[6] = {2, 9, 9, 9, (uint8_t)(i >> 8), (uint8_t)i};
        if (memcmp(ip, rig_gateway, 4) == 0 || memcmp(ip, rig_ip, 4) == 0)
            continue;
        tell(&r, 2, mac, ip, rig_ip, &r.metrics.arp_other);
        tell(&r, 1, mac, ip, ip, &r.metrics.arp_other);
        tell(&r, 1, mac, ip, rig_ip, NULL);
    }
    assert_int_equal(r.metrics.neighbours, 1);
    assert_int_equal(r.metrics.arp_requests, 64); /* the budget of one millisecond */
    assert_memory_equal(way(&r, far), mac_a, 6);
    rig_close(&r);
}

static void the_table_is_bounded_and_the_least_used_makes_room(void **state)
{
    (void)state;
    struct rig r;
    open_up(&r);
    uint8_t ip[4] = {10, 77, 0, 0};
    for (uint8_t i = 0; i < 70; i++) {
        ip[3] = (uint8_t)(100 + i);
        r.now_ns += MS;
        assert_int_equal(mr_net_reach(r.net, ip, r.now_ns), MR_E_AGAIN);
        tell(&r, 2, mac_a, ip, rig_ip, &r.metrics.arp_replies);
        assert_int_equal(mr_net_reach(r.net, ip, r.now_ns), MR_OK);
    }
    assert_int_equal(r.metrics.neighbours, MR_NET_NEIGHBOURS_MAX);
    ip[3] = 169;
    assert_int_equal(mr_net_reach(r.net, ip, r.now_ns), MR_OK);
    ip[3] = 100;
    assert_int_equal(mr_net_reach(r.net, ip, r.now_ns), MR_E_AGAIN); /* the oldest went */
    for (uint8_t i = 0; i < MR_NET_NEIGHBOURS_MAX; i++) {
        ip[3] = (uint8_t)(10 + i);
        assert_int_equal(mr_net_neighbour(r.net, ip, mac_b), MR_OK);
    }
    ip[3] = 90;
    assert_int_equal(mr_net_neighbour(r.net, ip, mac_b), MR_E_FULL);
    assert_int_equal(mr_net_reach(r.net, ip, r.now_ns), MR_E_FULL);
    ip[3] = 10;
    assert_int_equal(mr_net_reach(r.net, ip, r.now_ns), MR_OK);
    rig_close(&r);
}

static void there_is_no_way_to_what_is_not_a_host(void **state)
{
    (void)state;
    static const uint8_t none[][4] = {{0, 0, 0, 0},   {10, 77, 0, 2},       {10, 77, 0, 255}, {127, 0, 0, 1},
                                      {224, 0, 0, 1}, {255, 255, 255, 255}, {239, 1, 2, 3},   {240, 0, 0, 1}};
    struct rig r;
    open_up(&r);
    for (size_t i = 0; i < MR_COUNT_OF(none); i++) {
        assert_int_equal(mr_net_reach(r.net, none[i], r.now_ns), MR_E_INVALID);
        assert_null(mr_net_reserve(r.net, none[i], 100, r.now_ns));
        assert_int_equal(mr_net_neighbour(r.net, none[i], mac_a), MR_E_INVALID);
    }
    static const uint8_t group_mac[6] = {1, 0, 0x5e, 0, 0, 1};
    assert_int_equal(mr_net_neighbour(r.net, rig_peer_ip, group_mac), MR_E_INVALID);
    assert_int_equal(r.metrics.no_neighbour, MR_COUNT_OF(none));
    assert_int_equal(asked_for(&r, far), 0);
    rig_close(&r);
}

static void without_a_gateway_all_are_neighbours(void **state)
{
    (void)state;
    struct rig r;
    struct mr_net_config c = rig_config();
    memset(c.gateway, 0, 4);
    rig_open(&r, &c);
    assert_int_equal(mr_net_reach(r.net, far, r.now_ns), MR_E_AGAIN);
    assert_int_equal(asked_for(&r, far), 1);
    rig_close(&r);
}

static void a_link_that_comes_back_is_told_again_and_neighbours_are_asked_anew(void **state)
{
    (void)state;
    struct rig r;
    open_up(&r);
    mr_net_reach(r.net, rig_gateway, r.now_ns);
    tell(&r, 2, mac_a, rig_gateway, rig_ip, &r.metrics.arp_replies);
    assert_int_equal(asked_for(&r, rig_gateway), 1);
    r.link->up = false;
    rig_pass(&r, r.now_ns + 5 * SECOND);
    assert_int_equal(asked_for(&r, rig_gateway), 0);
    r.link->up = true;
    mr_net_housekeep(r.net, r.now_ns);
    uint32_t len;
    const uint8_t *frame = rig_sent(&r, &len);
    assert_non_null(frame);
    assert_memory_equal(frame + 38, rig_ip, 4);
    assert_int_equal(asked_for(&r, rig_gateway), 1);
    assert_non_null(way(&r, far)); /* the old address serves until then */
    rig_close(&r);
}

static void no_room_on_the_link_is_counted_and_asking_goes_on(void **state)
{
    (void)state;
    struct rig r;
    open_up(&r);
    wire_refuse(r.wire, 3);
    mr_net_reach(r.net, rig_gateway, r.now_ns);
    rig_pass(&r, r.now_ns + 5 * MS);
    assert_int_equal(r.metrics.no_room, 3);
    assert_int_equal(asked_for(&r, rig_gateway), 1);
    assert_int_equal(r.metrics.arp_asked, 1);
    tell(&r, 2, mac_a, rig_gateway, rig_ip, &r.metrics.arp_replies);
    wire_refuse(r.wire, 1);
    assert_null(way(&r, far));
    assert_int_equal(r.metrics.no_room, 4);
    assert_int_equal(r.metrics.no_neighbour, 0);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_for_our_address_is_answered_to_the_asker),
        cmocka_unit_test(what_is_not_for_us_or_not_sound_is_not_answered),
        cmocka_unit_test(who_is_used_is_asked_for_once_a_second_and_forgotten_when_not),
        cmocka_unit_test(a_known_neighbour_is_asked_again_while_used_and_dropped_when_silent),
        cmocka_unit_test(a_neighbour_in_use_may_change_its_address_and_it_is_counted),
        cmocka_unit_test(a_given_neighbour_is_never_asked_for_aged_or_changed),
        cmocka_unit_test(a_flood_of_arp_takes_no_room_and_gets_few_answers),
        cmocka_unit_test(the_table_is_bounded_and_the_least_used_makes_room),
        cmocka_unit_test(there_is_no_way_to_what_is_not_a_host),
        cmocka_unit_test(without_a_gateway_all_are_neighbours),
        cmocka_unit_test(a_link_that_comes_back_is_told_again_and_neighbours_are_asked_anew),
        cmocka_unit_test(no_room_on_the_link_is_counted_and_asking_goes_on),
    };
    return MR_TEST_MAIN(tests);
}
