/* Freshness in a running data plane: one channel of one instrument of the simulated exchange falls silent while all others flow. It is found
 * by its own rhythm, long before its bound; named for operators and told in band, once; its book is not live meanwhile; everything else
 * stays LIVE; and it comes back. Both in this process, over TLS on the loopback. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/plane/plane.h"
#include "dataplane/ring/workspace.h"
#include "tests/exchange/server/server.h"
#include "tests/support/support.h"

#define PRODUCT "okx:public"
#define SYMBOL "BTC-USDT-SWAP"
#define BOUND_NS 60000000000ll

static struct mr_exchange *exchange;
static struct mr_plane *plane;
static char folder[64];
static struct mr_tap tap;
static struct mr_plane_channels channels;

static bool image(const char *name, void *out, uint32_t bytes)
{
    struct mr_region r;
    return mr_workspace_find(mr_plane_workspace(plane), name, &r) == MR_OK &&
           mr_image_read(r.mem, out, bytes, NULL) == MR_OK;
}

static const struct mr_plane_channel *channel_of(const char *symbol, uint32_t channel)
{
    assert_true(image("channels/0", &channels, sizeof channels));
    for (uint32_t i = 0; i < channels.count; i++)
        if (1u << channels.row[i].kind == channel && strcmp(channels.row[i].symbol, symbol) == 0)
            return &channels.row[i];
    return NULL;
}

static uint32_t not_live(void)
{
    uint32_t n = 0;
    if (!image("channels/0", &channels, sizeof channels) || channels.count == 0)
        return UINT32_MAX;
    for (uint32_t i = 0; i < channels.count; i++)
        n += channels.row[i].state != MR_STATUS_LIVE;
    return n;
}

/* Instruments are numbered as they come: by name. */
static bool book_live(const char *symbol)
{
    for (uint32_t id = 0; id < 16; id++) {
        struct mr_region table;
        struct mr_instrument it;
        char name[32];
        struct mr_plane_book b;
        snprintf(name, sizeof name, "book/%u", id);
        if (mr_workspace_find(mr_plane_workspace(plane), "instruments", &table) == MR_OK &&
            mr_instruments_read(table.mem, id, &it) == MR_OK && strcmp(it.symbol, symbol) == 0)
            return image(name, &b, sizeof b) && b.live;
    }
    return false;
}

static void show_all(void)
{
    for (uint32_t i = 0; i < channels.count; i++)
        print_error("%s %s: state %u, learnt %lld ms, limit %lld ms\n", channels.row[i].symbol,
                    mr_fresh_kind_name(channels.row[i].kind), channels.row[i].state,
                    (long long)channels.row[i].p999_ns / 1000000, (long long)channels.row[i].limit_ns / 1000000);
}

/* ---- the scene ---- */

static int open_scene(void **state)
{
    (void)state;
    struct mr_err err = {""};
    static struct mr_plane_config c;
    struct mr_region r;
    snprintf(folder, sizeof folder, "/tmp/millrace-fresh-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    /* many messages a second, so that a thousand gaps are soon learnt */
    const struct mr_exchange_config exchange_config = {
        .certs = folder,
        .tape = {
            .pace = 1,
            .market = {.seed = 11, .warm_up_ns = 3000000000, .books_per_s = 250, .trades_per_s = 250, .quiet = true}}};
    if (mr_exchange_open(&exchange, &exchange_config, &err) != MR_OK || mr_exchange_start(exchange, &err) != MR_OK) {
        print_error("%s\n", err.text);
        return 1;
    }
    mr_plane_config_default(&c);
    c.merged = c.blocking = true;
    c.instruments_max = 16;
    c.dials_per_minute = 600;
    snprintf(c.workspace, sizeof c.workspace, "%s/workspace", folder);
    snprintf(c.ca_file, sizeof c.ca_file, "%s", mr_exchange_ca(exchange));
    struct mr_plane_feed *f = &c.feeds[c.feed_count++];
    snprintf(f->product, sizeof f->product, PRODUCT);
    snprintf(f->symbols[f->symbol_count++].name, sizeof f->symbols[0].name, SYMBOL);
    snprintf(f->symbols[f->symbol_count++].name, sizeof f->symbols[0].name, "ETH-USDT-SWAP");
    f->channels = MR_TRADES | MR_DEPTH | MR_LIQUIDATIONS;
    f->fixed = (struct mr_address){.ip = {127, 0, 0, 1}, .family = 4, .port = mr_exchange_port(exchange)};
    if (mr_plane_open(&plane, &c, NULL, &err) != MR_OK || mr_plane_start(plane, &err) != MR_OK) {
        print_error("%s\n", err.text);
        return 1;
    }
    return mr_workspace_find(mr_plane_workspace(plane), "tap/events/0", &r) == MR_OK &&
                   mr_tap_open(&tap, r.mem, r.bytes, false) == MR_OK
               ? 0
               : 1;
}

static int close_scene(void **state)
{
    (void)state;
    mr_plane_stop(plane);
    mr_plane_close(plane);
    mr_exchange_stop(exchange);
    mr_exchange_close(exchange);
    return mr_test_remove(folder);
}

/* ---- what was told in band: by channel and status; of SYMBOL's book, and of all else ---- */

struct told {
    uint32_t book[3], others[3];
    int64_t last; /* of the book: each transition is told once */
};

static uint32_t slots_of(const void *first) { return mr_event_slots(first); }

static void listen(struct told *told)
{
    static union mr_slot group[MR_GROUP_SLOTS];
    struct mr_region table;
    struct mr_instrument it;
    int64_t n;
    assert_int_equal(mr_workspace_find(mr_plane_workspace(plane), "instruments", &table), MR_OK);
    while ((n = mr_tap_read(&tap, slots_of, group, MR_GROUP_SLOTS)) > 0) {
        const struct mr_event *ev = &group->event;
        if (ev->kind != MR_EVENT_STATUS || ev->price > MR_STATUS_DEAD)
            continue;
        bool book = ev->size == MR_DEPTH && mr_instruments_read(table.mem, ev->instrument, &it) == MR_OK &&
                    strcmp(it.symbol, SYMBOL) == 0;
        (book ? told->book : told->others)[ev->price]++;
        if (book) {
            assert_true(told->last != ev->price);
            told->last = ev->price;
        }
    }
    assert_int_equal(n, 0); /* nothing was overtaken */
}

/* Within `ms`, listening all the while. */
static bool becomes(bool (*is)(void), int ms, struct told *told)
{
    for (int i = 0; i < ms / 50; i++, mr_test_rest(50)) {
        listen(told);
        if (is())
            return true;
    }
    show_all();
    return false;
}

static bool all_live(void) { return not_live() == 0 && book_live(SYMBOL) && book_live("ETH-USDT-SWAP"); }

static bool learnt(void)
{
    const struct mr_plane_channel *c = channel_of(SYMBOL, MR_DEPTH);
    return c && c->p999_ns && not_live() == 0;
}

static bool stale(void)
{
    const struct mr_plane_channel *c = channel_of(SYMBOL, MR_DEPTH);
    return c && c->state == MR_STATUS_STALE && !book_live(SYMBOL);
}

static void one_mute_channel_is_found_by_its_own_rhythm_and_the_others_stay_live(void **state)
{
    (void)state;
    struct told told = {.last = MR_STATUS_DEAD}, before;
    struct mr_err err;
    assert_true(becomes(all_live, 30000, &told));
    assert_true(becomes(learnt, 60000, &told));
    assert_int_equal(told.book[MR_STATUS_LIVE], 1);
    assert_int_equal(told.others[MR_STATUS_LIVE],
                     4); /* trades of both, the other book, liquidations: quiet, and live by their siblings */
    assert_true(channel_of(SYMBOL, MR_DEPTH)->limit_ns < BOUND_NS);
    before = told;
    const struct mr_exchange_fault fault = {
        .kind = MR_FAULT_SILENCE, .product = PRODUCT, .symbol = SYMBOL, .channel = MR_DEPTH, .seconds = 6};
    assert_int_equal(mr_exchange_fault(exchange, &fault, &err), MR_OK);
    assert_true(becomes(stale, 6000, &told)); /* a tenth of its bound */
    if (not_live() != 1)
        show_all();
    assert_int_equal(not_live(), 1);
    assert_true(channel_of(SYMBOL, MR_DEPTH)->stales >= 1);
    assert_true(book_live("ETH-USDT-SWAP"));
    assert_true(becomes(all_live, 30000, &told));
    listen(&told);
    /* once; twice where being subscribed anew brought an image, and nothing after it */
    uint32_t stales = told.book[MR_STATUS_STALE] - before.book[MR_STATUS_STALE];
    assert_in_range(stales, 1, 2);
    assert_int_equal(told.book[MR_STATUS_LIVE] - before.book[MR_STATUS_LIVE], stales);
    assert_int_equal(told.book[MR_STATUS_DEAD], 0);
    for (int s = MR_STATUS_LIVE; s <= MR_STATUS_DEAD; s++)
        assert_int_equal(told.others[s] - before.others[s], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_mute_channel_is_found_by_its_own_rhythm_and_the_others_stay_live),
    };
    return cmocka_run_group_tests(tests, open_scene, close_scene) ? 1 : 0;
}
