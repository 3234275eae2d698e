/* Views of the market, beside a writer that is a data plane's shared memory. */
#include "controlplane/market/feed.h"
#include "tests/controlplane/consume/writer.h"
#include "tests/support/support.h"

#include <stdlib.h>
#include <time.h>

static struct writer w;
static struct mr_instruments *table;
static struct mr_market_feed *feed;
static struct mr_market_trade trades[64];
static uint32_t trade_count, views;
static int64_t now;

static void on_trade(void *arg, const struct mr_market_trade *t)
{
    (void)arg;
    trades[trade_count++ % 64] = *t;
}

static void on_view(void *arg, const struct mr_market_view *v)
{
    (void)arg;
    (void)v;
    views++;
}

static void open_feed(void)
{
    struct mr_err err;
    table = mr_instruments_init(aligned_alloc(64, (mr_instruments_bytes(16) + 63) / 64 * 64), 16);
    const struct mr_market_feed_config config = {.instruments = table, .trade = on_trade, .view = on_view};
    trade_count = views = 0;
    now = 1;
    assert_int_equal(mr_market_feed_open(&feed, &config, &err), MR_OK);
}

static void start(void)
{
    writer_folder(&w);
    writer_start(&w, 1024);
    open_feed();
    assert_int_equal(mr_market_feed_add(feed, w.path), MR_OK);
}

static void end(void)
{
    mr_market_feed_close(feed);
    free(table);
    writer_remove(&w);
}

static uint32_t poll(void)
{
    now += 200000000; /* a round, and a look for what is not there */
    return mr_market_feed_poll(feed, now);
}

static void image(uint32_t live, uint64_t seq)
{
    struct mr_plane_book b = {
        .instrument = 0, .live = (uint8_t)live, .seq = seq, .bid_count = 1, .ask_count = 2, .recv_ns = 5};
    b.bids[0] = (struct mr_level){100, 1};
    b.asks[0] = (struct mr_level){103, 2};
    b.asks[1] = (struct mr_level){104, 3};
    mr_image_write(w.book, &b, sizeof b);
}

static uint32_t want(const char *name)
{
    struct mr_err err;
    int64_t id = mr_market_feed_want(feed, name, &err);
    if (id < 0)
        print_error("%s\n", err.text);
    assert_true(id >= 0);
    return (uint32_t)id;
}

static void a_book_is_seen_with_its_levels_and_only_while_it_is_live(void **state)
{
    (void)state;
    start();
    uint32_t id = want("binance:spot:BTCUSDT");
    const struct mr_market_view *v = mr_market_feed_view(feed, id);
    image(1, 7);
    poll();
    assert_int_equal(v->flags, MR_MARKET_LIVE);
    assert_int_equal(v->seq, 7);
    assert_int_equal(v->bid_count, 1);
    assert_int_equal(v->asks[1].size, 3);
    assert_int_equal(mr_market_mid(v), 101);
    assert_int_equal(views, 1);
    poll();
    assert_int_equal(views, 1); /* nothing new is not told */
    image(0, 7);                /* no message says so: the image does */
    poll();
    assert_int_equal(v->flags, MR_MARKET_GAP);
    assert_int_equal(views, 2);
    end();
}

static void trades_come_in_order_and_those_of_others_do_not(void **state)
{
    (void)state;
    start();
    uint32_t id = want("binance:spot:ETHUSDT");
    poll();
    for (int i = 0; i < 3; i++) {
        writer_trade(&w, 1);
        writer_trade(&w, 0); /* BTCUSDT: not wanted */
        writer_trade(&w, 9); /* not in the table */
    }
    assert_int_equal(poll(), 9);
    assert_int_equal(trade_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(trades[i].instrument, id);
        assert_int_equal(trades[i].side, 1);
        assert_int_equal(trades[i].price, 6712345000000 + 3 * (int64_t)i);
    }
    assert_int_equal(mr_market_feed_view(feed, id)->last, 6712345000006);
    assert_int_equal(mr_instruments_get(table, id)->price_scale, 8);
    assert_int_equal(mr_instruments_get(table, id)->flags & MR_INSTRUMENT_NO_METADATA, 0);
    end();
}

static void an_instrument_wanted_later_is_found(void **state)
{
    (void)state;
    start();
    want("binance:spot:ETHUSDT");
    writer_trade(&w, 0);
    poll();
    writer_trade(&w, 0);
    poll();
    assert_int_equal(trade_count, 0);
    uint32_t id = want("binance:spot:BTCUSDT");
    assert_int_equal(want("binance:spot:BTCUSDT"), id); /* the same again is the same */
    writer_trade(&w, 0);
    poll();
    assert_int_equal(trade_count, 1);
    assert_int_equal(trades[0].instrument, id);
    end();
}

static void behind_a_restart_nothing_is_live_until_the_new_run_says_so(void **state)
{
    (void)state;
    start();
    uint32_t id = want("binance:spot:BTCUSDT");
    const struct mr_market_view *v = mr_market_feed_view(feed, id);
    image(1, 7);
    poll();
    assert_true(v->flags & MR_MARKET_LIVE);
    struct mr_market_feed_counts counts;
    writer_stop(&w);
    writer_start(&w, 1024);
    for (int i = 0; i < 1000; i++) { /* the reader looks for another file each tenth of a second */
        poll();
        mr_market_feed_counts(feed, &counts);
        if (counts.restarts)
            break;
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    assert_int_equal(counts.restarts, 1);
    assert_int_equal(v->flags, MR_MARKET_GAP);
    image(1, 1);
    poll();
    assert_int_equal(v->flags, MR_MARKET_LIVE);
    assert_int_equal(v->seq, 1);
    end();
}

static void a_reader_that_was_overtaken_counts_it_and_looks_at_the_image(void **state)
{
    (void)state;
    start();
    uint32_t id = want("binance:spot:BTCUSDT");
    poll();
    for (int i = 0; i < 3000; i++)
        writer_trade(&w, 0);
    image(1, 44);
    poll();
    struct mr_market_feed_counts counts;
    mr_market_feed_counts(feed, &counts);
    assert_int_equal(counts.lapped, 1);
    assert_int_equal(mr_market_feed_view(feed, id)->seq, 44);
    writer_trade(&w, 0);
    poll();
    assert_int_equal(mr_market_feed_view(feed, id)->last, 6712345000000 + 3000);
    end();
}

static void without_a_data_plane_nothing_is_live_and_why_is_said(void **state)
{
    (void)state;
    writer_folder(&w);
    open_feed();
    assert_int_equal(mr_market_feed_add(feed, w.path), MR_OK);
    uint32_t id = want("binance:spot:BTCUSDT");
    assert_int_equal(poll(), 0);
    assert_int_equal(mr_market_feed_view(feed, id)->flags, 0);
    assert_non_null(strstr(mr_market_feed_why(feed, 0), "workspace"));
    writer_start(&w, 1024);
    image(1, 3);
    poll();
    assert_string_equal(mr_market_feed_why(feed, 0), "");
    assert_int_equal(mr_market_feed_view(feed, id)->flags, MR_MARKET_LIVE);
    end();
}

static void names_that_are_none_are_refused_with_what_is_wanted(void **state)
{
    (void)state;
    static const char *const refused[] = {"",
                                          ":",
                                          "BTCUSDT",
                                          "binance:BTCUSDT",
                                          "binance:spot:",
                                          "binanse:spot:BTCUSDT",
                                          "binance:sport:BTCUSDT",
                                          ":spot:BTCUSDT"};
    struct mr_err err;
    open_feed();
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        err.text[0] = 0;
        assert_true(mr_market_feed_want(feed, refused[i], &err) < 0);
        assert_true(err.text[0]);
    }
    assert_null(mr_market_feed_view(feed, 0));
    for (uint32_t i = 0; i < MR_MARKET_PLANES_MAX; i++)
        assert_int_equal(mr_market_feed_add(feed, "/nowhere"), MR_OK);
    assert_int_equal(mr_market_feed_add(feed, "/nowhere"), MR_E_FULL);
    mr_market_feed_close(feed);
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_book_is_seen_with_its_levels_and_only_while_it_is_live),
        cmocka_unit_test(trades_come_in_order_and_those_of_others_do_not),
        cmocka_unit_test(an_instrument_wanted_later_is_found),
        cmocka_unit_test(behind_a_restart_nothing_is_live_until_the_new_run_says_so),
        cmocka_unit_test(a_reader_that_was_overtaken_counts_it_and_looks_at_the_image),
        cmocka_unit_test(without_a_data_plane_nothing_is_live_and_why_is_said),
        cmocka_unit_test(names_that_are_none_are_refused_with_what_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
