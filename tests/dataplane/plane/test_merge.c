/* Two connections to a product of each venue, over TLS against the simulated exchange: one of them cut, late or without some messages, at any
 * moment: what the engines take is what the exchange said, event by event. And one connection that is to end soon: another takes over before, and nothing is lost either. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dataplane/ring/workspace.h"
#include "tests/dataplane/plane/heard.h"
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
static struct heard *heard;

static int open_scene(void **state)
{
    (void)state;
    if (rig_open(&rig, feeds, FEEDS))
        return 1;
    for (uint32_t feed = 0; feed < FEEDS; feed++)
        rig.config.feeds[feed].merge_wait_ns = 2000000000; /* what is late on a busy machine is not lost */
    heard = heard_open(&rig);
    if (rig_start(&rig))
        return 1;
    heard_begin(heard);
    return 0;
}

static int close_scene(void **state)
{
    (void)state;
    heard_close(heard);
    return rig_close(&rig);
}

/* What one of the two connections loses, while the other goes on. */
static const struct mr_exchange_fault losses[] = {
    {.kind = MR_FAULT_DISCONNECT},
    {.kind = MR_FAULT_RESET},
    {.kind = MR_FAULT_HALF_FRAME},
    {.kind = MR_FAULT_GAP, .count = 3},
};

/* Books by state (Polymarket) have no numbers: of two connections nobody can tell which lacks a message, and TCP loses none but by a cut. */
static bool can_be_told(uint32_t feed, enum mr_fault_kind kind)
{
    return kind != MR_FAULT_GAP || strncmp(feeds[feed].product, "polymarket:", 11) != 0;
}

static bool merges(uint32_t feed) { return feeds[feed].connections == 2; }

static void loss(struct mr_random *random, uint32_t feed, bool cut)
{
    struct mr_exchange_fault fault = losses[cut ? 0 : mr_random_below(random, MR_COUNT_OF(losses))];
    fault.connections = 1;
    fault.spared = (uint32_t)mr_random_below(random, 2);
    if (can_be_told(feed, fault.kind))
        rig_fault(&rig, feed, fault);
}

/* Each connection is late by itself, now and then and by up to 80 ms. */
static void delays(struct mr_random *random, int ms)
{
    for (; ms > 0; ms -= 50) {
        for (uint32_t feed = 0; feed < FEEDS; feed++) {
            const double seconds = 0.001 * (double)(1 + mr_random_below(random, 80));
            const uint32_t which = (uint32_t)mr_random_below(random, 8); /* of those of all routes; else none */
            if (merges(feed))
                rig_fault(&rig, feed,
                          (struct mr_exchange_fault){
                              .kind = MR_FAULT_STALL, .connections = 1, .spared = which, .seconds = seconds});
        }
        heard_rest(heard, 50);
    }
}

static bool as_the_exchange_said_it(void)
{
    mr_exchange_pause(rig.exchange, true);
    bool equal = heard_all(heard);
    mr_exchange_pause(rig.exchange, false);
    return equal;
}

/* Until each connection knows its place in each stream: before that, what the other is not told nobody can bring in its place. */
static void let_them_find_their_places(void)
{
    uint64_t waiting = 1;
    for (int i = 0; waiting && i < 120; i++) {
        heard_rest(heard, 50);
        waiting = 0;
        for (uint32_t feed = 0; feed < FEEDS; feed++)
            waiting += merges(feed) ? rig_count(&rig, feed, "merge", "waiting") : 0;
    }
    assert_int_equal(waiting, 0);
}

/* Each product's two connections, by a seed: late at any moment, one of them cut or without some messages. */
static void each_event_is_the_exchanges_once_and_in_order_whatever_befalls_one_of_two_connections(void **state)
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
        delays(&random, 200);
        for (uint32_t feed = 0; feed < FEEDS; feed++)
            if (merges(feed))
                loss(&random, feed, round == 0);
        delays(&random, 300 + (int)mr_random_below(&random, 300));
        assert_true(rig_becomes_live(&rig)); /* both, and nothing is on its way, before one of them is hit again */
        heard_rest(heard, 150);
        let_them_find_their_places();
    }
    if (!as_the_exchange_said_it())
        fail_msg("MILLRACE_SEED=%s", given ? given : "1");
    assert_true(rig_books_equal(&rig));
    for (uint32_t feed = 0; feed < FEEDS; feed++) {
        if (rig_count(&rig, feed, "feed", "gaps") != gaps[feed] || heard_gaps(heard, feed))
            fail_msg("%s: a gap (MILLRACE_SEED=%s)", feeds[feed].product, given ? given : "1");
        assert_true(heard_said(heard, feed) > 50);
        if (!merges(feed))
            continue;
        assert_true(rig_count(&rig, feed, "session", "closes") > closes[feed]);
        assert_true(rig_count(&rig, feed, "lane", "copies") > rig_count(&rig, feed, "lane", "won") / 3);
        healed += rig_count(&rig, feed, "merge", "healed");
    }
    mr_exchange_stats(rig.exchange, &after);
    assert_true(after.skipped > before.skipped && healed > 0); /* what one lacked, the other brought */
}

/* Binance's trades are numbered one by one: whichever line is not told some of them, the other brings them in their place. */
static void numbered_trades_that_one_line_lacks_the_other_brings_in_their_place(void **state)
{
    (void)state;
    const uint32_t feed = 0;
    struct mr_exchange_stats before, after;
    const uint64_t missed = rig_count(&rig, feed, "lane", "missed");
    for (uint32_t spared = 0; spared < 2; spared++) {
        let_them_find_their_places();
        const uint64_t gave_up = rig_count(&rig, feed, "merge", "gave_up");
        mr_exchange_stats(rig.exchange, &before);
        rig_fault(&rig, feed,
                  (struct mr_exchange_fault){
                      .kind = MR_FAULT_GAP, .channel = MR_TRADES, .count = 3, .connections = 1, .spared = spared});
        heard_rest(heard, 1200);
        mr_exchange_stats(rig.exchange, &after);
        assert_int_equal(after.skipped, before.skipped + 3);
        assert_true(as_the_exchange_said_it());
        assert_int_equal(rig_count(&rig, feed, "merge", "gave_up"), gave_up);
    }
    assert_true(rig_count(&rig, feed, "lane", "missed") >= missed + 6); /* a message is a trade, at least */
}

/* ---- shares and lead times ---- */

/* Of a route's two connections, as any tool reads them. */
struct lane {
    uint64_t won, copies;
    struct mr_hist_normal lead;
};

static void read_lane(void *arg, const struct mr_metric_view *v)
{
    struct lane *lane = arg;
    if (strcmp(v->name, "won") == 0)
        lane->won = (uint64_t)v->value;
    else if (strcmp(v->name, "copies") == 0)
        lane->copies = (uint64_t)v->value;
    else if (strcmp(v->name, "lead_ns") == 0)
        assert_int_equal(mr_hist_copy(mr_hist_init(&lane->lead, v->hist_bits), v->hist), MR_OK);
}

static void read_lanes(uint32_t feed, struct lane out[2])
{
    char prefix[64];
    uint32_t count = 0;
    struct mr_region r;
    snprintf(prefix, sizeof prefix, "metrics/lane/%s/", feeds[feed].product);
    for (uint32_t i = 0; mr_workspace_region(mr_plane_workspace(rig.plane), i, &r) == MR_OK; i++)
        if (strncmp(r.name, prefix, strlen(prefix)) == 0) {
            assert_true(count < 2);
            assert_int_equal(mr_metrics_each(r.mem, r.bytes, read_lane, &out[count++]), MR_OK);
        }
    assert_int_equal(count, 2);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* The younger connection of a product is held back, and only that: the other brings first whatever is said meanwhile, and leads by at least as long as the
 * exchange kept the copies after the last event had been taken. */
static void hold_the_younger_back(uint32_t feed)
{
    const int64_t held_ns = 1500000000;
    struct lane before[2], during[2], after[2];
    rig_fault(&rig, feed, (struct mr_exchange_fault){.kind = MR_FAULT_DISCONNECT, .connections = 1});
    heard_rest(heard, 300);
    assert_true(rig_becomes_live(&rig));
    heard_rest(heard, 500);
    mr_exchange_pause(rig.exchange, true);
    assert_true(heard_all(heard));
    read_lanes(feed, before);
    uint64_t said = heard_said(heard, feed);
    const int64_t from_ns = now_ns();
    rig_fault(&rig, feed,
              (struct mr_exchange_fault){
                  .kind = MR_FAULT_STALL, .connections = 1, .spared = 1, .seconds = 1e-9 * (double)held_ns});
    mr_exchange_pause(rig.exchange, false);
    heard_rest(heard, 400);
    mr_exchange_pause(rig.exchange, true);
    assert_true(heard_all(heard));
    const int64_t taken_ns = now_ns();
    read_lanes(feed, during);
    said = heard_said(heard, feed) - said;
    assert_true(said > 5);
    const int first = during[0].won != before[0].won ? 0 : 1, second = 1 - first;
    assert_int_equal(during[first].won - before[first].won, said);
    assert_int_equal(during[second].won, before[second].won);
    memcpy(after, during, sizeof after);
    for (int i = 0; i < 200 && after[second].copies - before[second].copies < said; i++) {
        heard_rest(heard, 50);
        read_lanes(feed, after);
    }
    assert_int_equal(after[second].copies - before[second].copies, said);
    assert_int_equal(after[first].copies, before[first].copies);
    struct mr_hist *lead = (struct mr_hist *)&after[first].lead;
    assert_int_equal(mr_hist_subtract(lead, (const struct mr_hist *)&before[first].lead), MR_OK);
    assert_int_equal(mr_hist_count(lead), said);
    /* a bucket's edges are 0.8 % apart */
    assert_true((double)mr_hist_min(lead) >= 0.99 * (double)(from_ns + held_ns - taken_ns));
    assert_true((double)mr_hist_max(lead) <= 1.01 * (double)(now_ns() - from_ns));
    mr_exchange_pause(rig.exchange, false);
}

static void shares_and_lead_times_are_those_of_what_the_exchange_holds_back(void **state)
{
    (void)state;
    for (uint32_t feed = 0; feed < FEEDS; feed++)
        if (strcmp(feeds[feed].product, "kucoin:futures") == 0) /* one route, and all it says has a number or a time */
            hold_the_younger_back(feed);
}

static void another_connection_takes_over_before_a_planned_end(void **state)
{
    (void)state;
    uint32_t spot = FEEDS - 1;
    uint64_t gaps = rig_count(&rig, spot, "feed", "gaps");
    for (int i = 0; i < 400 && rig_tile_count(&rig, "relieved") == 0; i++)
        heard_rest(heard, 50);
    assert_true(rig_tile_count(&rig, "relieved") >= 1);
    assert_int_equal(rig_tile_count(&rig, "unrelieved"), 0);
    assert_true(rig_becomes_live(&rig));
    assert_true(as_the_exchange_said_it());
    assert_true(rig_books_equal(&rig));
    assert_int_equal(rig_count(&rig, spot, "feed", "gaps"), gaps);
    assert_true(rig_count(&rig, spot, "session", "closes") >= 1);
    assert_true(rig_count(&rig, spot, "lane", "copies") > 0);
}

/* What neither line brings is a gap, told and counted; then the book is whole again. The last of the tests: what was lost is never heard. */
static void what_both_connections_lack_is_a_gap_and_then_the_book_is_whole_again(void **state)
{
    (void)state;
    static const uint32_t numbered[] = {0, 1, 2, 3}; /* books whose messages are numbered */
    uint64_t gaps[FEEDS], told[FEEDS];
    let_them_find_their_places();
    for (size_t i = 0; i < MR_COUNT_OF(numbered); i++) {
        const uint32_t feed = numbered[i];
        gaps[feed] = rig_count(&rig, feed, "feed", "gaps");
        told[feed] = heard_gaps(heard, feed);
        rig_fault(&rig, feed, (struct mr_exchange_fault){.kind = MR_FAULT_GAP, .count = 3});
    }
    for (size_t i = 0; i < MR_COUNT_OF(numbered); i++) {
        const uint32_t feed = numbered[i];
        for (int n = 0; n < 100 && heard_gaps(heard, feed) == told[feed]; n++)
            heard_rest(heard, 50);
        if (heard_gaps(heard, feed) == told[feed] || rig_count(&rig, feed, "feed", "gaps") == gaps[feed])
            fail_msg("%s: no gap", feeds[feed].product);
    }
    assert_true(rig_becomes_live(&rig));
    assert_true(rig_books_equal(&rig));
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
        cmocka_unit_test(each_event_is_the_exchanges_once_and_in_order_whatever_befalls_one_of_two_connections),
        cmocka_unit_test(numbered_trades_that_one_line_lacks_the_other_brings_in_their_place),
        cmocka_unit_test(shares_and_lead_times_are_those_of_what_the_exchange_holds_back),
        cmocka_unit_test(another_connection_takes_over_before_a_planned_end),
        cmocka_unit_test(what_both_connections_lack_is_a_gap_and_then_the_book_is_whole_again),
    };
    return cmocka_run_group_tests(tests, open_scene, close_scene) ? 1 : 0;
}
