/* A desk beside a data plane's shared memory, in the test's own time: one scene a program. */
#ifndef MR_TESTS_TRADE_DESK_SCENE_H
#define MR_TESTS_TRADE_DESK_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "controlplane/trade/desk_priv.h"
#include "tests/controlplane/consume/writer.h"
#include "tests/support/support.h"

static struct writer w;
static struct mr_desk *desk;
static struct mr_kill_page *kill_page;
static struct mr_trading_config trading;
static struct mr_journal_config journal;
static struct mr_desk_config config;
static char run_folder[128], limits[160];
static const char *name = "test", *path;
static int64_t now;
static uint64_t seq;
static mr_price mid = 6000000000000;
#define CONFIG 42 /* hash of what all run with */

MR_INLINE void write_limits(const char *text)
{
    FILE *f = fopen(limits, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

MR_INLINE void image(void)
{
    struct mr_plane_book b = {.instrument = 0,
                              .live = 1,
                              .seq = ++seq,
                              .recv_ns = now,
                              .bid_count = MR_PLANE_BOOK_LEVELS,
                              .ask_count = MR_PLANE_BOOK_LEVELS};
    for (int i = 0; i < MR_PLANE_BOOK_LEVELS; i++) {
        b.bids[i] = (struct mr_level){mid - (i + 1) * 10000000, 500000000};
        b.asks[i] = (struct mr_level){mid + (i + 1) * 10000000, 500000000};
    }
    mr_image_write(w.book, &b, sizeof b);
}

MR_INLINE void print_trade(void)
{
    union mr_slot slot = {.event = {.recv_ns = now,
                                    .venue_ns = now,
                                    .seq = ++seq,
                                    .price = mid,
                                    .size = 1000000,
                                    .kind = MR_EVENT_TRADE,
                                    .flags = MR_FLAG_FIRST | MR_FLAG_LAST}};
    mr_ring_put(&w.events, &slot, 1);
}

MR_INLINE int open_desk(struct mr_err *err) { return mr_desk_open(&desk, &config, err); }

MR_INLINE void start_plane(uint64_t with)
{
    w.config = with;
    writer_start(&w, 1024);
    struct mr_instrument it = *mr_instruments_get(w.table, 0);
    it.tick = 1000000;
    it.lot = 1000;
    assert_int_equal(mr_instruments_add(w.table, &it), 0);
}

MR_INLINE void set_up(void)
{
    struct timespec t;
    mid = 6000000000000;
    writer_folder(&w);
    start_plane(CONFIG);
    clock_gettime(CLOCK_REALTIME, &t);
    now = t.tv_sec * 1000000000ll;
    path = w.path;
    snprintf(run_folder, sizeof run_folder, "%s/run", w.folder);
    assert_int_equal(mkdir(run_folder, 0700), 0);
    snprintf(limits, sizeof limits, "%s/limits.yaml", run_folder);
    write_limits("account:\n  position_share_pct: 100\nmarkets:\n  - market: \"*\"\n    order_size_max: 10\n    "
                 "position_max: 10\n");
    kill_page = mr_kill_page_init(aligned_alloc(64, MR_KILL_PAGE_BYTES));
    trading = (struct mr_trading_config){.enabled = true,
                                         .at_start = true,
                                         .instrument_count = 1,
                                         .strategy_count = 1,
                                         .leverage = 10,
                                         .atr_bar_s = 1,
                                         .entry_level = 9,
                                         .cash = 10000,
                                         .latency_ns = 1000000,
                                         .risk_pct = 1,
                                         .volatility_pct = 2,
                                         .target_pct = 4,
                                         .slippage_pct = 0.5,
                                         .taker_confidence = 0.5,
                                         .maker_fee_pct = 0.02,
                                         .taker_fee_pct = 0.06,
                                         .maintenance_pct = 0.5};
    strcpy(trading.instruments[0], "binance:spot:BTCUSDT");
    strcpy(trading.strategies[0], "follower");
    snprintf(trading.limits, sizeof trading.limits, "%s", limits);
    journal = (struct mr_journal_config){.file_bytes = 1 << 20, .ring_bytes = 1 << 17, .group_bytes = 1 << 16};
    snprintf(journal.folder, sizeof journal.folder, "%s/journal", run_folder);
    config = (struct mr_desk_config){.trading = &trading,
                                     .journal = &journal,
                                     .instance = "test",
                                     .run_folder = run_folder,
                                     .build = "test",
                                     .config_hash = CONFIG,
                                     .kill = kill_page,
                                     .names = &name,
                                     .workspaces = &path,
                                     .plane_count = 1,
                                     .cores = {-1, -1}};
}

MR_INLINE void tear_down(void)
{
    mr_desk_close(desk);
    desk = NULL;
    free(kill_page);
    assert_int_equal(mr_test_remove(run_folder), 0);
    writer_remove(&w);
}

/* `seconds` in rounds of 10 ms, a new book each. */
MR_INLINE void pass(int seconds)
{
    for (int i = 0; i < seconds * 100; i++) {
        now += 10000000;
        if (i % 10 == 0)
            image();
        if (i % 50 == 0)
            print_trade();
        mr_desk_round(desk, now);
    }
}

/* Asked, and answered in the desk's rounds. */
MR_INLINE int act(const struct mr_desk_act *what, struct mr_err *said)
{
    struct mr_ask ask = {0};
    int status = mr_desk_act(desk, what, &ask, said);
    while (mr_ask_open(&ask)) {
        pass(1);
        status = mr_desk_act(desk, what, &ask, said);
    }
    return status;
}

MR_INLINE int steer(uint8_t verb, struct mr_err *said)
{
    const struct mr_steer_act what = {.verb = verb, .actor = MR_ACTOR_ADMIN, .who = "test"};
    struct mr_ask ask = {0};
    int status = mr_desk_steer(desk, &what, &ask, said);
    while (mr_ask_open(&ask)) {
        pass(1);
        status = mr_desk_steer(desk, &what, &ask, said);
    }
    return status;
}

MR_INLINE struct mr_trade_show *show(void)
{
    static struct mr_trade_show s;
    mr_desk_look(desk, &s);
    return &s;
}

MR_INLINE int must_open(void)
{
    struct mr_err err = {""};
    int status = open_desk(&err);
    if (status)
        print_error("%s\n", err.text);
    return status;
}

#endif
