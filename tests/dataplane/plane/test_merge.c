/* Two connections to a product, over TLS against the simulated exchange: one cut at any moment loses nothing. And one connection that
 * is to end soon: another takes over before, and nothing is lost either. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/plane/plane.h"
#include "dataplane/ring/workspace.h"
#include "tests/exchange/server/server.h"
#include "tests/support/support.h"

static const struct {
    const char *product, *symbols[2];
    uint32_t connections, life_s;
} feeds[] = {
    {"binance:usdm", {"BTCUSDT", "ETHUSDT"}, 2, 0},
    {"bybit:linear", {"BTCUSDT", "ETHUSDT"}, 2, 0},
    {"okx:public", {"BTC-USDT-SWAP", "ETH-USDT-SWAP"}, 2, 0},
    {"binance:spot", {"BTCUSDT", NULL}, 1, 12},
};
#define FEEDS MR_COUNT_OF(feeds)
#define BOOKS 7
#define CONNECTIONS 9 /* binance:usdm has two routes; the spare of binance:spot is not shown */

static struct mr_exchange *exchange;
static struct mr_plane *plane;
static char folder[64];

static void rest(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000l};
    nanosleep(&t, NULL);
}

/* ---- looking, through the workspace as any tool would ---- */

struct wanted {
    const char *name;
    uint64_t sum;
};

static void add_up(void *arg, const struct mr_metric_view *v)
{
    struct wanted *w = arg;
    if (strcmp(v->name, w->name) == 0)
        w->sum += (uint64_t)v->value;
}

static uint64_t count_of(size_t feed, const char *block, const char *name)
{
    struct wanted w = {name, 0};
    struct mr_region r;
    char prefix[64];
    snprintf(prefix, sizeof prefix, "metrics/%s/%s", block, feeds[feed].product);
    for (uint32_t i = 0; mr_workspace_region(mr_plane_workspace(plane), i, &r) == MR_OK; i++)
        if (r.kind == MR_REGION_METRICS && strncmp(r.name, prefix, strlen(prefix)) == 0)
            mr_metrics_each(r.mem, r.bytes, add_up, &w);
    return w.sum;
}

static bool image(const char *name, void *out, uint32_t bytes)
{
    struct mr_region r;
    return mr_workspace_find(mr_plane_workspace(plane), name, &r) == MR_OK &&
           mr_image_read(r.mem, out, bytes, NULL) == MR_OK;
}

static bool book_of(uint32_t id, struct mr_plane_book *out)
{
    char name[32];
    snprintf(name, sizeof name, "book/%u", id);
    return image(name, out, sizeof *out);
}

static bool live_now(void)
{
    static struct mr_plane_connections c;
    if (!image("connections/0", &c, sizeof c) || c.count < CONNECTIONS)
        return false;
    for (uint32_t i = 0; i < c.count; i++)
        if (c.row[i].state != MR_SESSION_LIVE)
            return false;
    for (uint32_t id = 0; id < BOOKS; id++) {
        struct mr_plane_book b;
        if (!book_of(id, &b) || !b.live)
            return false;
    }
    return true;
}

static void tell_why_not_live(void)
{
    static struct mr_plane_connections c;
    image("connections/0", &c, sizeof c);
    for (uint32_t i = 0; i < c.count; i++)
        print_error("%s/%s: state %u, %u of %u streams, %s\n", c.row[i].product, c.row[i].route, c.row[i].state,
                    c.row[i].streams_live, c.row[i].streams, c.row[i].why);
    for (uint32_t id = 0; id < BOOKS; id++) {
        struct mr_plane_book b = {0};
        book_of(id, &b);
        print_error("book %u: live %u, seq %llu, gaps %llu\n", id, b.live, (unsigned long long)b.seq,
                    (unsigned long long)b.gaps);
    }
}

static bool becomes_live(void)
{
    for (int i = 0; i < 600; i++, rest(50))
        if (live_now())
            return true;
    tell_why_not_live();
    return false;
}

/* ---- books against the exchange's own ---- */

static mr_i128 at_scale(int64_t value, int scale)
{
    mr_i128 v = value;
    for (; scale < 18; scale++)
        v *= 10;
    return v;
}

static bool same_side(const struct mr_level *ours, uint32_t count, const struct mr_truth *truth, int side,
                      const struct mr_instrument *it)
{
    uint32_t most = truth->count[side] < MR_PLANE_BOOK_LEVELS ? truth->count[side] : MR_PLANE_BOOK_LEVELS;
    if (count != most)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_level *t = &truth->level[side][i];
        if (at_scale(ours[i].price, it->price_scale) != at_scale(t->price, truth->price_scale) ||
            at_scale(ours[i].size, it->size_scale) != at_scale(t->size, truth->size_scale))
            return false;
    }
    return true;
}

static bool same_book(uint32_t id)
{
    static struct mr_truth truth;
    struct mr_region r;
    struct mr_instrument it;
    struct mr_plane_book ours;
    struct mr_err err;
    char product[40];
    mr_workspace_find(mr_plane_workspace(plane), "instruments", &r);
    if (mr_instruments_read(r.mem, id, &it) != MR_OK || !book_of(id, &ours) || !ours.live)
        return false;
    const struct mr_venue *venue = mr_venue_by_id(it.venue);
    snprintf(product, sizeof product, "%s:%s", venue->name, venue->products[it.product].name);
    if (mr_exchange_book(exchange, product, it.symbol, MR_PLANE_BOOK_LEVELS, &truth, &err) != MR_OK)
        return false;
    return same_side(ours.bids, ours.bid_count, &truth, 0, &it) && same_side(ours.asks, ours.ask_count, &truth, 1, &it);
}

/* The market stands still, what is under way arrives, then all books are compared; a swapped message may still be held back: then it goes on a
 * little and stands still again. */
static bool books_equal(void)
{
    for (int round = 0; round < 20; round++) {
        bool same = false;
        mr_exchange_pause(exchange, true);
        for (int i = 0; i < 15 && !same; i++, rest(50)) {
            same = true;
            for (uint32_t id = 0; id < BOOKS; id++)
                same &= same_book(id);
        }
        mr_exchange_pause(exchange, false);
        if (same)
            return true;
        rest(300);
    }
    for (uint32_t id = 0; id < BOOKS; id++)
        print_error("book %u: %s\n", id, same_book(id) ? "equal" : "not equal");
    return false;
}

/* ---- the scene ---- */

static int open_scene(void **state)
{
    (void)state;
    struct mr_err err = {""};
    static struct mr_plane_config c;
    snprintf(folder, sizeof folder, "/tmp/millrace-merge-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    const struct mr_exchange_config exchange_config = {
        .certs = folder, .tape = {.pace = 1, .market = {.seed = 11, .warm_up_ns = 3000000000}}};
    if (mr_exchange_open(&exchange, &exchange_config, &err) != MR_OK || mr_exchange_start(exchange, &err) != MR_OK) {
        print_error("%s\n", err.text);
        return 1;
    }
    mr_plane_config_default(&c);
    c.merged = true;
    c.blocking = true;
    c.instruments_max = 64;
    c.books_max = 16;
    c.dials_per_minute = 600;
    snprintf(c.workspace, sizeof c.workspace, "%s/workspace", folder);
    snprintf(c.ca_file, sizeof c.ca_file, "%s", mr_exchange_ca(exchange));
    for (size_t i = 0; i < FEEDS; i++) {
        struct mr_plane_feed *f = &c.feeds[c.feed_count++];
        snprintf(f->product, sizeof f->product, "%s", feeds[i].product);
        for (size_t k = 0; k < 2 && feeds[i].symbols[k]; k++)
            snprintf(f->symbols[f->symbol_count++].name, sizeof f->symbols[0].name, "%s", feeds[i].symbols[k]);
        f->connections = feeds[i].connections;
        f->life_s = feeds[i].life_s;
        f->fixed = (struct mr_address){.ip = {127, 0, 0, 1}, .family = 4, .port = mr_exchange_port(exchange)};
    }
    if (mr_plane_open(&plane, &c, NULL, &err) != MR_OK || mr_plane_start(plane, &err) != MR_OK) {
        print_error("%s\n", err.text);
        return 1;
    }
    return becomes_live() ? 0 : 1;
}

static int close_scene(void **state)
{
    (void)state;
    char command[128];
    mr_plane_stop(plane);
    mr_plane_close(plane);
    mr_exchange_stop(exchange);
    mr_exchange_close(exchange);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static uint64_t of_tile(const char *name)
{
    struct wanted w = {name, 0};
    struct mr_region r;
    assert_int_equal(mr_workspace_find(mr_plane_workspace(plane), "metrics/feed-tile/0", &r), MR_OK);
    mr_metrics_each(r.mem, r.bytes, add_up, &w);
    return w.sum;
}

static void one_of_two_connections_cut_at_any_moment_loses_nothing(void **state)
{
    (void)state;
    struct mr_err err;
    int rounds = getenv("MILLRACE_QUICK") ? 3 : 10;
    for (size_t feed = 0; feed < FEEDS; feed++) {
        if (feeds[feed].connections < 2)
            continue;
        struct mr_exchange_fault fault = {.kind = MR_FAULT_DISCONNECT, .connections = 1};
        snprintf(fault.product, sizeof fault.product, "%s", feeds[feed].product);
        uint64_t gaps = count_of(feed, "feed", "gaps"), closes = count_of(feed, "session", "closes");
        for (int round = 0; round < rounds; round++) {
            assert_int_equal(mr_exchange_fault(exchange, &fault, &err), MR_OK);
            rest(400 + 37 * round);
            assert_true(becomes_live());
        }
        assert_true(books_equal());
        assert_int_equal(count_of(feed, "feed", "gaps"), gaps);
        assert_true(count_of(feed, "session", "closes") >= closes + (uint64_t)rounds);
        uint64_t won = count_of(feed, "lane", "won"), passed = count_of(feed, "merge", "passed");
        assert_true(won <= passed + 200 && passed <= won + 200); /* read one after the other, while it runs */
        assert_true(count_of(feed, "lane", "copies") > won / 3);
    }
}

static void another_connection_takes_over_before_a_planned_end(void **state)
{
    (void)state;
    size_t spot = FEEDS - 1;
    uint64_t gaps = count_of(spot, "feed", "gaps");
    for (int i = 0; i < 400 && of_tile("relieved") == 0; i++)
        rest(50);
    assert_true(of_tile("relieved") >= 1);
    assert_int_equal(of_tile("unrelieved"), 0);
    assert_true(becomes_live());
    assert_true(books_equal());
    assert_int_equal(count_of(spot, "feed", "gaps"), gaps);
    assert_true(count_of(spot, "session", "closes") >= 1);
    assert_true(count_of(spot, "lane", "copies") > 0);
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
