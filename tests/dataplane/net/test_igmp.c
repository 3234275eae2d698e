#include "tests/dataplane/net/rig.h"

/* 239.1.2.3 from anybody on two ports; 239.1.2.4 from two senders */
static const uint8_t any[4] = {239, 1, 2, 3}, some[4] = {239, 1, 2, 4};
static const uint8_t all_hosts[4] = {224, 0, 0, 1}, all_routers[4] = {224, 0, 0, 2}, v3_routers[4] = {224, 0, 0, 22};

static struct mr_net_config with_groups(uint64_t seed)
{
    struct mr_net_config c = rig_config();
    c.seed = seed;
    c.ports[0] = (struct mr_net_port){.group = {239, 1, 2, 3}, .port = 5000, .line = 1};
    c.ports[1] = (struct mr_net_port){.group = {239, 1, 2, 4}, .source = {10, 77, 0, 9}, .port = 5000, .line = 2};
    c.ports[2] = (struct mr_net_port){.group = {239, 1, 2, 4}, .source = {10, 77, 0, 10}, .port = 5000, .line = 3};
    c.ports[3] = (struct mr_net_port){.group = {239, 1, 2, 4}, .source = {10, 77, 0, 9}, .port = 5001, .line = 4};
    c.ports[4] = (struct mr_net_port){.group = {239, 1, 2, 3}, .port = 5001, .line = 5};
    c.ports[5] = (struct mr_net_port){.group = {10, 77, 0, 2}, .port = 5001, .line = 6};
    c.ports[6] = (struct mr_net_port){.group = {224, 0, 0, 1}, .port = 5001, .line = 7}; /* all hosts: never reported */
    c.port_count = 7;
    return c;
}

/* The IGMP message of the next frame sent; ARP is passed over. NULL: none. */
static const uint8_t *igmp_sent(struct rig *r, const uint8_t **to)
{
    uint32_t len;
    for (const uint8_t *frame; (frame = rig_sent(r, &len));)
        if (frame_get16(frame + 12) == 0x0800) {
            if (to)
                *to = frame + 30;
            return frame + 38;
        }
    return NULL;
}

/* A v3 report of both groups, by the kinds of their records. */
static void both_told(const uint8_t *igmp, uint8_t of_any, uint8_t of_some)
{
    assert_non_null(igmp);
    assert_int_equal(igmp[0], 0x22);
    assert_int_equal(frame_get16(igmp + 6), 2);
    assert_int_equal(igmp[8], of_any);
    assert_int_equal(frame_get16(igmp + 10), 0);
    assert_memory_equal(igmp + 12, any, 4);
    assert_int_equal(igmp[16], of_some);
    assert_int_equal(frame_get16(igmp + 18), 2); /* each sender once, though it is on two ports */
    assert_memory_equal(igmp + 20, some, 4);
    assert_memory_equal(igmp + 24, "\x0a\x4d\x00\x09\x0a\x4d\x00\x0a", 8);
}

static void query(struct rig *r, const uint8_t *group, uint8_t code, uint32_t bytes, uint32_t sources,
                  const uint64_t *counter)
{
    uint8_t igmp[64] = {0x11, code}, frame[FRAME_ROOM];
    if (group)
        memcpy(igmp + 4, group, 4);
    if (bytes >= 12)
        frame_put16(igmp + 10, sources);
    for (uint32_t i = 0; i < sources && 16 + 4 * i <= bytes; i++)
        memcpy(igmp + 12 + 4 * i, "\x0a\x4d\x00\x0a", 4);
    frame_put16(igmp + 2, frame_sum(igmp, bytes));
    static const uint8_t router_alert[4] = {0x94, 4, 0, 0};
    struct frame_ip ip = {.from = {10, 77, 0, 1}, .proto = 2, .ttl = 1, .options = router_alert, .option_bytes = 4};
    memcpy(ip.to, group ? group : all_hosts, 4);
    rig_take(r, frame, frame_ipv4(frame, &ip, igmp, bytes), counter);
}

/* Joined, both joins seen, at 10 s. */
static void open_joined(struct rig *r, uint64_t seed)
{
    struct mr_net_config c = with_groups(seed);
    rig_open(r, &c);
    rig_pass(r, 10 * SECOND);
    while (igmp_sent(r, NULL))
        ;
    assert_int_equal(r->metrics.igmp_reports, 2);
}

/* Milliseconds until something of IGMP is sent; its message. */
static int64_t wait_answer(struct rig *r, int64_t ms_max, const uint8_t **igmp, const uint8_t **to)
{
    for (int64_t ms = 0; ms <= ms_max; ms++, r->now_ns += MS) {
        mr_net_housekeep(r->net, r->now_ns);
        *igmp = igmp_sent(r, to);
        if (*igmp)
            return ms;
    }
    return -1;
}

static void groups_are_joined_at_once_again_within_a_second_and_left_at_the_end(void **state)
{
    (void)state;
    struct rig r;
    struct mr_net_config c = with_groups(1);
    const uint8_t *to = NULL, *igmp;
    rig_open(&r, &c);
    mr_net_housekeep(r.net, r.now_ns);
    both_told(igmp_sent(&r, &to), 4, 5); /* changes to "all but nobody"; allows these */
    assert_memory_equal(to, v3_routers, 4);
    assert_in_range(wait_answer(&r, 1001, &igmp, &to), 1, 1001);
    both_told(igmp, 4, 5);
    assert_int_equal(wait_answer(&r, 20000, &igmp, &to), -1);
    mr_net_leave(r.net, r.now_ns);
    both_told(igmp_sent(&r, &to), 3, 6); /* changes to "only nobody"; blocks these */
    both_told(igmp_sent(&r, &to), 3, 6);
    assert_null(igmp_sent(&r, NULL));
    assert_int_equal(wire_flushes(r.wire), 1);
    query(&r, NULL, 10, 12, 0, &r.metrics.igmp_queries);
    assert_int_equal(wait_answer(&r, 5000, &igmp, &to), -1);
    rig_close(&r);
}

static void a_general_query_is_answered_once_within_its_time(void **state)
{
    (void)state;
    static const struct {
        uint8_t code;
        int64_t ms_max;
    } codes[] = {{1, 100}, {10, 1000}, {100, 10000}, {127, 12700}, {0x80, 12800}, {0x8f, 24800}, {0x90, 25600}};
    for (size_t i = 0; i < MR_COUNT_OF(codes); i++) {
        int64_t least = INT64_MAX, most = 0;
        for (uint64_t seed = 1; seed <= 12; seed++) {
            struct rig r;
            const uint8_t *igmp, *to;
            open_joined(&r, seed);
            query(&r, NULL, codes[i].code, 12, 0, &r.metrics.igmp_queries);
            int64_t ms = wait_answer(&r, codes[i].ms_max + 1, &igmp, &to);
            assert_in_range(ms, 0, codes[i].ms_max + 1);
            both_told(igmp, 2, 1);
            assert_memory_equal(to, v3_routers, 4);
            least = ms < least ? ms : least;
            most = ms > most ? ms : most;
            rig_close(&r);
        }
        print_message("  code 0x%02x: after %ld to %ld ms\n", codes[i].code, least, most);
        assert_true(least < codes[i].ms_max / 2 && most > codes[i].ms_max / 2); /* spread over the time */
    }
}

static void many_queries_make_one_answer(void **state)
{
    (void)state;
    struct rig r;
    const uint8_t *igmp, *to;
    open_joined(&r, 5);
    for (int i = 0; i < 500; i++) {
        query(&r, NULL, 100, 12, 0, &r.metrics.igmp_queries);
        query(&r, any, 100, 12, 0, &r.metrics.igmp_queries);
    }
    assert_true(wait_answer(&r, 10000, &igmp, &to) >= 0);
    both_told(igmp, 2, 1);
    assert_int_equal(wait_answer(&r, 30000, &igmp, &to), -1);
    rig_close(&r);
}

static void a_groups_query_is_answered_by_that_group(void **state)
{
    (void)state;
    struct rig r;
    const uint8_t *igmp, *to;
    open_joined(&r, 5);
    query(&r, any, 10, 12, 0, &r.metrics.igmp_queries);
    assert_true(wait_answer(&r, 1001, &igmp, &to) >= 0);
    assert_int_equal(frame_get16(igmp + 6), 1);
    assert_int_equal(igmp[8], 2);
    assert_memory_equal(igmp + 12, any, 4);
    query(&r, some, 10, 16, 1, &r.metrics.igmp_queries); /* about one sender that we want */
    assert_true(wait_answer(&r, 1001, &igmp, &to) >= 0);
    assert_int_equal(igmp[8], 1);
    assert_memory_equal(igmp + 12, some, 4);
    static const uint8_t stranger[4] = {239, 9, 9, 9};
    query(&r, stranger, 10, 12, 0, &r.metrics.igmp_queries);
    assert_int_equal(wait_answer(&r, 3000, &igmp, &to), -1);
    rig_close(&r);
}

static void a_query_about_senders_that_nobody_wants_is_not_answered(void **state)
{
    (void)state;
    struct rig r;
    struct mr_net_config c = with_groups(3);
    const uint8_t *igmp, *to;
    c.ports[2].source[3] = 11; /* the senders of 239.1.2.4 are .9 and .11; asked is .10 */
    rig_open(&r, &c);
    rig_pass(&r, 10 * SECOND);
    while (igmp_sent(&r, NULL))
        ;
    query(&r, some, 10, 16, 1, &r.metrics.igmp_queries);
    assert_int_equal(wait_answer(&r, 3000, &igmp, &to), -1);
    rig_close(&r);
}

static void what_is_no_sound_query_is_counted_and_not_answered(void **state)
{
    (void)state;
    struct rig r;
    const uint8_t *igmp, *to;
    open_joined(&r, 5);
    static const uint8_t host[4] = {10, 77, 0, 9};
    uint8_t frame[FRAME_ROOM], report[8] = {0x16, 0, 0, 0, 239, 1, 2, 3};
    struct frame_ip ip = {.from = {10, 77, 0, 9}, .to = {239, 1, 2, 3}, .proto = 2, .ttl = 1};
    query(&r, NULL, 10, 4, 0, &r.metrics.igmp_other);
    query(&r, NULL, 10, 9, 0, &r.metrics.igmp_other);
    query(&r, NULL, 10, 11, 0, &r.metrics.igmp_other);
    query(&r, NULL, 10, 12, 1, &r.metrics.igmp_other); /* senders that are not there */
    query(&r, NULL, 10, 16, 1, &r.metrics.igmp_other); /* senders of no group */
    query(&r, some, 10, 16, 2, &r.metrics.igmp_other); /* more than there are */
    query(&r, some, 10, 16, 65535, &r.metrics.igmp_other);
    uint8_t wrong[12] = {0x11, 10, 1, 2};
    rig_take(&r, frame, frame_ipv4(frame, &ip, wrong, sizeof wrong), &r.metrics.igmp_other); /* checksum */
    uint8_t of_host[12] = {0x11, 10};
    memcpy(of_host + 4, host, 4);
    frame_put16(of_host + 2, frame_sum(of_host, sizeof of_host));
    rig_take(&r, frame, frame_ipv4(frame, &ip, of_host, sizeof of_host), &r.metrics.igmp_other);
    frame_put16(report + 2, frame_sum(report, sizeof report));
    rig_take(&r, frame, frame_ipv4(frame, &ip, report, sizeof report), &r.metrics.igmp_other); /* another member's */
    assert_int_equal(wait_answer(&r, 5000, &igmp, &to), -1);
    rig_close(&r);
}

static void an_older_querier_is_spoken_to_in_its_version_until_it_is_long_silent(void **state)
{
    (void)state;
    struct rig r;
    const uint8_t *igmp, *to;
    open_joined(&r, 9);
    int64_t heard = r.now_ns;
    query(&r, NULL, 10, 8, 0, &r.metrics.igmp_queries); /* v2 */
    assert_true(wait_answer(&r, 1001, &igmp, &to) >= 0);
    assert_int_equal(igmp[0], 0x16);
    assert_memory_equal(to, any, 4);
    igmp = igmp_sent(&r, &to);
    assert_non_null(igmp);
    assert_int_equal(igmp[0], 0x16);
    assert_memory_equal(to, some, 4);
    assert_null(igmp_sent(&r, &to));
    query(&r, some, 10, 8, 0, &r.metrics.igmp_queries); /* one group, still v2 */
    assert_true(wait_answer(&r, 1001, &igmp, &to) >= 0);
    assert_memory_equal(to, some, 4);
    query(&r, NULL, 10, 12, 0, &r.metrics.igmp_queries); /* a v3 query in between does not change it */
    assert_true(wait_answer(&r, 1001, &igmp, &to) >= 0);
    assert_int_equal(igmp[0], 0x16);
    assert_non_null(igmp_sent(&r, &to));
    r.now_ns = heard + 261 * SECOND;
    query(&r, NULL, 10, 12, 0, &r.metrics.igmp_queries);
    assert_true(wait_answer(&r, 1001, &igmp, &to) >= 0);
    both_told(igmp, 2, 1);
    query(&r, NULL, 0, 8, 0, &r.metrics.igmp_queries); /* v1: ten seconds */
    assert_true(wait_answer(&r, 10001, &igmp, &to) >= 0);
    assert_int_equal(igmp[0], 0x12);
    assert_non_null(igmp_sent(&r, &to));
    mr_net_leave(r.net, r.now_ns);
    assert_null(igmp_sent(&r, &to)); /* v1 knows no leaving */
    rig_close(&r);
}

static void with_an_older_querier_groups_are_left_by_name(void **state)
{
    (void)state;
    struct rig r;
    const uint8_t *to;
    open_joined(&r, 9);
    query(&r, NULL, 10, 8, 0, &r.metrics.igmp_queries);
    mr_net_leave(r.net, r.now_ns);
    for (int i = 0; i < 4; i++) { /* two groups, twice */
        const uint8_t *igmp = igmp_sent(&r, &to);
        assert_non_null(igmp);
        assert_int_equal(igmp[0], 0x17);
        assert_memory_equal(to, all_routers, 4);
        assert_memory_equal(igmp + 4, i % 2 ? some : any, 4);
    }
    assert_null(igmp_sent(&r, &to));
    rig_close(&r);
}

static void a_change_of_version_forgets_what_was_planned(void **state)
{
    (void)state;
    struct rig r;
    const uint8_t *igmp, *to;
    open_joined(&r, 9);
    query(&r, any, 1, 12, 0, &r.metrics.igmp_queries);   /* v3, would be answered within 100 ms */
    query(&r, some, 255, 8, 0, &r.metrics.igmp_queries); /* v2, within 25.5 s */
    assert_true(wait_answer(&r, 25501, &igmp, &to) >= 0);
    assert_memory_equal(to, some, 4);
    assert_int_equal(wait_answer(&r, 30000, &igmp, &to), -1);
    rig_close(&r);
}

static void a_link_that_comes_back_is_joined_again(void **state)
{
    (void)state;
    struct rig r;
    const uint8_t *igmp, *to;
    open_joined(&r, 2);
    r.link->up = false;
    assert_int_equal(wait_answer(&r, 2000, &igmp, &to), -1);
    r.link->up = true;
    assert_int_equal(wait_answer(&r, 0, &igmp, &to), 0);
    both_told(igmp, 4, 5);
    rig_close(&r);
}

static void no_room_on_the_link_only_delays(void **state)
{
    (void)state;
    struct rig r;
    const uint8_t *igmp, *to;
    open_joined(&r, 2);
    query(&r, NULL, 1, 12, 0, &r.metrics.igmp_queries);
    wire_refuse(r.wire, 50);
    int64_t ms = wait_answer(&r, 200, &igmp, &to);
    assert_in_range(ms, 50, 160);
    both_told(igmp, 2, 1);
    assert_int_equal(r.metrics.no_room, 50);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_joined_at_once_again_within_a_second_and_left_at_the_end),
        cmocka_unit_test(a_general_query_is_answered_once_within_its_time),
        cmocka_unit_test(many_queries_make_one_answer),
        cmocka_unit_test(a_groups_query_is_answered_by_that_group),
        cmocka_unit_test(a_query_about_senders_that_nobody_wants_is_not_answered),
        cmocka_unit_test(what_is_no_sound_query_is_counted_and_not_answered),
        cmocka_unit_test(an_older_querier_is_spoken_to_in_its_version_until_it_is_long_silent),
        cmocka_unit_test(with_an_older_querier_groups_are_left_by_name),
        cmocka_unit_test(a_change_of_version_forgets_what_was_planned),
        cmocka_unit_test(a_link_that_comes_back_is_joined_again),
        cmocka_unit_test(no_room_on_the_link_only_delays),
    };
    return MR_TEST_MAIN(tests);
}
