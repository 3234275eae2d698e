/* Two connections to a product of each venue, over TLS against the simulated exchange: one of them cut, late or without some messages, at any
 * moment, loses nothing. And one connection that is to end soon: another takes over before, and nothing is lost either. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/dataplane/plane/rig.h"
#include "tests/support/support.h"

#define BTC_UP "71321045679252212594626385532706912750332728571942532289631379312455583992563"
#define BTC_DOWN "105267568073659068217311993901927962476298440625043565106676088842803600775810"

static const struct rig_feed feeds[] = {
    {.product = "binance:usdm", .symbols = {"BTCUSDT", "ETHUSDT"}, .connections = 2},
    {.product = "bybit:linear", .symbols = {"BTCUSDT", "ETHUSDT"}, .connections = 2},
    {.product = "okx:public", .symbols = {"BTC-USDT-SWAP", "ETH-USDT-SWAP"}, .connections = 2},
    {.product = "kucoin:futures", .symbols = {"XBTUSDTM", "ETHUSDTM"}, .connections = 2},
    {.product = "kucoin:spot", .symbols = {"BTC-USDT"}, .connections = 2},
    {.product = "mexc:futures", .symbols = {"BTC_USDT", "ETH_USDT"}, .connections = 2},
    {.product = "hyperliquid:perp", .symbols = {"BTC", "ETH"}, .connections = 2},
    {.product = "polymarket:clob", .symbols = {BTC_UP, BTC_DOWN}, .connections = 2},
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

/* What befalls one of the two connections, while the other goes on. */
static const struct {
    const char *what;
    struct mr_exchange_fault fault;
} troubles[] = {
    {"cut", {.kind = MR_FAULT_DISCONNECT, .connections = 1}},
    {"late: a few octets at a time", {.kind = MR_FAULT_DRIP, .connections = 1, .seconds = 0.12}},
    {"reset", {.kind = MR_FAULT_RESET, .connections = 1}},
    {"updates lost", {.kind = MR_FAULT_GAP, .connections = 1, .count = 3}},
};

/* Books by state (Polymarket) have no numbers: of two connections nobody can tell which lacks a message, and TCP loses none but by a cut. */
static bool can_be_told(uint32_t feed, enum mr_fault_kind kind)
{
    return kind != MR_FAULT_GAP || strncmp(feeds[feed].product, "polymarket:", 11) != 0;
}

static bool merges(uint32_t feed) { return feeds[feed].connections == 2; }

static void trouble_one(struct mr_random *random, uint32_t feed)
{
    const struct mr_exchange_fault *fault = &troubles[mr_random_below(random, MR_COUNT_OF(troubles))].fault;
    if (can_be_told(feed, fault->kind))
        rig_fault(&rig, feed, *fault);
}

/* Each product's two connections, by a seed: one of them late, cut or without some messages at any moment. */
static void what_befalls_one_of_two_connections_loses_nothing(void **state)
{
    (void)state;
    const char *given = getenv("MILLRACE_SEED");
    struct mr_random random = {given ? strtoull(given, NULL, 10) : 1};
    const int rounds = getenv("MILLRACE_QUICK") ? 4 : 12;
    uint64_t gaps[FEEDS], closes[FEEDS], healed = 0;
    struct mr_exchange_stats before, after;
    mr_exchange_stats(rig.exchange, &before);
    for (uint32_t feed = 0; feed < FEEDS; feed++) {
        gaps[feed] = rig_count(&rig, feed, "feed", "gaps");
        closes[feed] = rig_count(&rig, feed, "session", "closes");
    }
    for (int round = 0; round < rounds; round++) {
        for (uint32_t feed = 0; feed < FEEDS; feed++)
            if (merges(feed))
                round ? trouble_one(&random, feed) : rig_fault(&rig, feed, troubles[0].fault);
        mr_test_rest(500 + (int)mr_random_below(&random, 400));
        assert_true(rig_becomes_live(&rig)); /* both, before one of them is hit again */
    }
    assert_true(rig_books_equal(&rig));
    for (uint32_t feed = 0; feed < FEEDS; feed++) {
        if (!merges(feed))
            continue;
        uint64_t won = rig_count(&rig, feed, "lane", "won"), passed = rig_count(&rig, feed, "merge", "passed");
        if (rig_count(&rig, feed, "feed", "gaps") != gaps[feed])
            fail_msg("%s: a gap (MILLRACE_SEED=%s)", feeds[feed].product, given ? given : "1");
        assert_true(rig_count(&rig, feed, "session", "closes") > closes[feed]);
        if (won > passed + 400 || passed > won + 400) /* read one after the other, while it runs */
            fail_msg("%s: won %llu, passed %llu", feeds[feed].product, (unsigned long long)won,
                     (unsigned long long)passed);
        assert_true(rig_count(&rig, feed, "lane", "copies") > won / 3);
        healed += rig_count(&rig, feed, "merge", "healed");
    }
    mr_exchange_stats(rig.exchange, &after);
    assert_true(after.skipped > before.skipped && healed > 0); /* what one lacked, the other brought */
}

static void another_connection_takes_over_before_a_planned_end(void **state)
{
    (void)state;
    uint32_t spot = FEEDS - 1;
    uint64_t gaps = rig_count(&rig, spot, "feed", "gaps");
    for (int i = 0; i < 400 && rig_tile_count(&rig, "relieved") == 0; i++)
        mr_test_rest(50);
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
        cmocka_unit_test(what_befalls_one_of_two_connections_loses_nothing),
        cmocka_unit_test(another_connection_takes_over_before_a_planned_end),
    };
    return cmocka_run_group_tests(tests, open_scene, close_scene) ? 1 : 0;
}
