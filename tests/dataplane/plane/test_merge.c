/* Two connections to a product, over TLS against the simulated exchange: one cut at any moment loses nothing. And one connection that
 * is to end soon: another takes over before, and nothing is lost either. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/dataplane/plane/rig.h"
#include "tests/support/support.h"

static const struct rig_feed feeds[] = {
    {.product = "binance:usdm", .symbols = {"BTCUSDT", "ETHUSDT"}, .connections = 2},
    {.product = "bybit:linear", .symbols = {"BTCUSDT", "ETHUSDT"}, .connections = 2},
    {.product = "okx:public", .symbols = {"BTC-USDT-SWAP", "ETH-USDT-SWAP"}, .connections = 2},
    {.product = "binance:spot", .symbols = {"BTCUSDT"}, .life_s = 12}, /* with a spare, which is not shown */
};
#define FEEDS MR_COUNT_OF(feeds)

static struct rig rig;

static int open_scene(void **state)
{
    (void)state;
    return rig_open(&rig, feeds, FEEDS) || rig_start(&rig);
}

static int close_scene(void **state)
{
    (void)state;
    return rig_close(&rig);
}

static void one_of_two_connections_cut_at_any_moment_loses_nothing(void **state)
{
    (void)state;
    int rounds = getenv("MILLRACE_QUICK") ? 3 : 10;
    for (uint32_t feed = 0; feed < FEEDS; feed++) {
        if (feeds[feed].connections < 2)
            continue;
        uint64_t gaps = rig_count(&rig, feed, "feed", "gaps"), closes = rig_count(&rig, feed, "session", "closes");
        for (int round = 0; round < rounds; round++) {
            rig_fault(&rig, feed, (struct mr_exchange_fault){.kind = MR_FAULT_DISCONNECT, .connections = 1});
            rig_rest(400 + 37 * round);
            assert_true(rig_becomes_live(&rig));
        }
        assert_true(rig_books_equal(&rig));
        assert_int_equal(rig_count(&rig, feed, "feed", "gaps"), gaps);
        assert_true(rig_count(&rig, feed, "session", "closes") >= closes + (uint64_t)rounds);
        uint64_t won = rig_count(&rig, feed, "lane", "won"), passed = rig_count(&rig, feed, "merge", "passed");
        assert_true(won <= passed + 200 && passed <= won + 200); /* read one after the other, while it runs */
        assert_true(rig_count(&rig, feed, "lane", "copies") > won / 3);
    }
}

static void another_connection_takes_over_before_a_planned_end(void **state)
{
    (void)state;
    uint32_t spot = FEEDS - 1;
    uint64_t gaps = rig_count(&rig, spot, "feed", "gaps");
    for (int i = 0; i < 400 && rig_tile_count(&rig, "relieved") == 0; i++)
        rig_rest(50);
    assert_true(rig_tile_count(&rig, "relieved") >= 1);
    assert_int_equal(rig_tile_count(&rig, "unrelieved"), 0);
    assert_true(rig_becomes_live(&rig));
    assert_true(rig_books_equal(&rig));
    assert_int_equal(rig_count(&rig, spot, "feed", "gaps"), gaps);
    assert_true(rig_count(&rig, spot, "session", "closes") >= 1);
    assert_true(rig_count(&rig, spot, "lane", "copies") > 0);
}

static void more_connections_than_the_venue_allows_from_one_address_are_refused(void **state)
{
    (void)state;
    struct mr_err err = {""};
    static struct mr_plane_config c;
    mr_plane_config_default(&c);
    snprintf(c.workspace, sizeof c.workspace, "unused");
    struct mr_plane_feed *f = &c.feeds[c.feed_count++];
    snprintf(f->product, sizeof f->product, "hyperliquid:perp");
    snprintf(f->symbols[f->symbol_count++].name, sizeof f->symbols[0].name, "BTC");
    f->connections = 10;
    assert_int_equal(mr_plane_check(&c, &err), MR_OK);
    f->connections = 12;
    assert_int_equal(mr_plane_check(&c, &err), MR_E_RANGE);
    assert_non_null(strstr(err.text, "12 connections to Hyperliquid from one address, which allows 10"));
    f->from[0] = (struct mr_address){.ip = {192, 0, 2, 1}, .family = 4};
    f->from[1] = (struct mr_address){.ip = {192, 0, 2, 2}, .family = 4};
    f->from_count = 2; /* six each */
    assert_int_equal(mr_plane_check(&c, &err), MR_OK);
    f->connections = MR_PLANE_CONNECTIONS_MAX + 1;
    assert_int_equal(mr_plane_check(&c, &err), MR_E_RANGE);
    f->connections = 1;
    f->merge_wait_ns = -1;
    assert_int_equal(mr_plane_check(&c, &err), MR_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_connections_than_the_venue_allows_from_one_address_are_refused),
        cmocka_unit_test(one_of_two_connections_cut_at_any_moment_loses_nothing),
        cmocka_unit_test(another_connection_takes_over_before_a_planned_end),
    };
    return cmocka_run_group_tests(tests, open_scene, close_scene) ? 1 : 0;
}
