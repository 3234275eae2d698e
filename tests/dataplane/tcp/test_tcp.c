#include "tests/dataplane/tcp/world.h"

static struct peer_config peer_config(void)
{
    return (struct peer_config){.ip = {10, 77, 0, 9},
                                .port = 443,
                                .mss = 1460,
                                .window_scale = 7,
                                .sack = true,
                                .isn = 1000,
                                .flight_max = 60000,
                                .rto_ns = 200 * MS};
}

/* Everything of one transfer: a world, a lane, a peer. */
struct transfer {
    struct world w;
    struct lane *lane;
    struct peer *peer;
    struct world_way way;
};

static void transfer_open(struct transfer *t, const struct peer_config *peer, const struct lane_faults *faults)
{
    struct mr_tcp_config config = world_config();
    world_open(&t->w, &config, SECOND);
    t->lane = lane_open(1, faults);
    t->way = (struct world_way){t->lane, &t->w};
    t->peer = peer_open(peer, world_peer_out, &t->way);
    assert_int_equal(world_dial(&t->w, 0, 443), MR_OK);
}

static void transfer_close(struct transfer *t)
{
    peer_close(t->peer);
    lane_close(t->lane);
    world_close(&t->w);
}

static void a_megabyte_goes_each_way(void **state)
{
    (void)state;
    struct transfer t;
    struct peer_config peer = peer_config();
    peer.send_total = 1000000;
    transfer_open(&t, &peer, &(struct lane_faults){.delay_ns = 5 * MS});
    t.w.to_send = 1000000;
    assert_true(world_run(&t.w, t.peer, t.lane, 1000000, 100 * SECOND));
    assert_int_equal(t.w.received, 1000000);
    assert_int_equal(peer_received(t.peer), 1000000);
    assert_false(t.w.wrong || peer_wrong(t.peer));
    assert_int_equal(t.w.m.payload, 1000000);
    assert_int_equal(t.w.m.opened, 1);
    assert_int_equal(t.w.m.dropped + t.w.m.retransmits + t.w.m.not_sent + t.w.m.no_memory, 0);
    transfer_close(&t);
}

static void a_peer_that_ends_is_told_after_its_last_byte(void **state)
{
    (void)state;
    struct transfer t;
    struct peer_config peer = peer_config();
    peer.send_total = 5000;
    peer.finish = true;
    transfer_open(&t, &peer, &(struct lane_faults){.delay_ns = 5 * MS});
    assert_true(world_run(&t.w, t.peer, t.lane, 5001, 100 * SECOND));
    assert_true(t.w.ended);
    assert_int_equal(t.w.status, MR_E_END);
    assert_string_equal(t.w.reason, "closed by peer");
    assert_int_equal(t.w.received, 5000);
    t.w.ended = false; /* our FIN goes out and is acknowledged */
    world_run(&t.w, t.peer, t.lane, 1, t.w.now_ns + SECOND);
    assert_int_equal(peer_state(t.peer), PEER_CLOSED);
    assert_int_equal(t.w.m.closed, 1);
    assert_int_equal(t.w.tuples, 0);
    transfer_close(&t);
}

static void a_path_that_swallows_long_segments_is_found_out(void **state)
{
    (void)state;
    struct transfer t;
    struct peer_config peer = peer_config();
    peer.send_total = 20000;
    peer.mss = 1460;
    transfer_open(&t, &peer, &(struct lane_faults){.delay_ns = 5 * MS});
    assert_true(world_run(&t.w, t.peer, t.lane, 20000, 100 * SECOND));
    lane_frame_max(t.lane, 14 + 40 + 800); /* from now on */
    t.w.to_send = 50000;
    int64_t begun = t.w.now_ns;
    assert_true(world_run(&t.w, t.peer, t.lane, 20000, begun + 10 * SECOND));
    assert_false(t.w.ended || peer_wrong(t.peer));
    assert_int_equal(t.w.m.cut_short, 1);
    assert_true(lane_counts(t.lane, 0)->cut > 0);
    transfer_close(&t);
}

static void a_link_that_is_down_for_seconds_loses_nothing(void **state)
{
    (void)state;
    struct transfer t;
    struct peer_config peer = peer_config();
    peer.send_total = 200000;
    transfer_open(&t, &peer, &(struct lane_faults){.delay_ns = 5 * MS});
    t.w.to_send = 200000;
    assert_false(world_run(&t.w, t.peer, t.lane, 200000, t.w.now_ns + 40 * MS));
    lane_frame_max(t.lane, 1); /* nothing passes */
    assert_false(world_run(&t.w, t.peer, t.lane, 200000, t.w.now_ns + 5 * SECOND));
    lane_frame_max(t.lane, 0);
    assert_true(world_run(&t.w, t.peer, t.lane, 200000, t.w.now_ns + 30 * SECOND));
    assert_false(t.w.ended || t.w.wrong || peer_wrong(t.peer));
    transfer_close(&t);
}

int main(void)
{
    if (!world_built())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_megabyte_goes_each_way),
        cmocka_unit_test(a_peer_that_ends_is_told_after_its_last_byte),
        cmocka_unit_test(a_path_that_swallows_long_segments_is_found_out),
        cmocka_unit_test(a_link_that_is_down_for_seconds_loses_nothing),
    };
    return MR_TEST_MAIN(tests);
}
