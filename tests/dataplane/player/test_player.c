/* The whole path on the generated market and on recordings: books equal the venue's own, counts equal the manifest's,
 * digests equal for every kernel, with shapes and without. */
#include <stdio.h>

#include "dataplane/base/kernel.h"
#include "dataplane/player/player.h"
#include "dataplane/source/replay/replay.h"
#include "tests/exchange/market/market_source.h"
#include "tests/support/support.h"

#define MINUTE 60000000000ll

static struct mr_player *open_player(struct mr_player_config config)
{
    struct mr_player *player;
    struct mr_err err;
    config.digest = true;
    int status = mr_player_open(&player, &config, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
    return player;
}

static struct mr_market_config market_of_minutes(uint64_t seed, int64_t minutes)
{
    return (struct mr_market_config){
        .seed = seed, .start_ns = 1700000000000000000, .duration_ns = minutes * MINUTE, .warm_up_ns = 6 * MINUTE};
}

/* ---- generated ---- */

static void compare_book(const struct mr_player *player, const struct mr_market *market, uint32_t i)
{
    uint8_t venue, product;
    const char *symbol;
    mr_market_instrument(market, i, &venue, &product, &symbol);
    const struct mr_instrument *instrument =
        mr_instruments_find(mr_player_instruments(player), venue, product, mr_span_of(symbol));
    const struct mr_book *book =
        instrument ? mr_pipeline_book(mr_player_pipeline((struct mr_player *)(uintptr_t)player), instrument->id) : NULL;
    if (!book || !mr_book_live(book))
        return; /* before its snapshot; that it becomes live is asserted at the end */
    uint32_t depth = venue == MR_VENUE_hyperliquid ? 20 : 200;
    for (int ask = 0; ask < 2; ask++) {
        struct mr_level want[200], got[200];
        uint32_t n = mr_market_book(market, i, ask, want, depth);
        assert_int_equal(mr_book_top(book, ask, got, depth), n);
        assert_memory_equal(got, want, n * sizeof *want);
    }
}

static void books_equal_the_markets_own_after_every_message(void **state)
{
    (void)state;
    const struct mr_market_source_config config = {.market = market_of_minutes(3, 1)};
    struct mr_player *player = open_player((struct mr_player_config){0});
    struct mr_source source = {0};
    struct mr_err err;
    void *mem = malloc(mr_source_market.bytes(&config));
    assert_int_equal(mr_source_market.open(&source, mem, &config, &err), MR_OK);
    struct mr_piece piece;
    while (source.ops->poll(&source, 0, &piece, 1) == 1) {
        assert_true(mr_player_piece(player, &piece) >= 0);
        compare_book(player, mr_market_of(&source), piece.connection);
    }
    struct mr_player_totals t;
    mr_player_totals(player, &t);
    assert_int_equal(t.books, 9);
    assert_int_equal(t.books_live, 9);
    assert_int_equal(t.gaps + t.refused + t.unknown + t.dropped + t.mismatches + t.crossed, 0);
    assert_true(t.checksums > 500);
    mr_player_close(player);
    free(mem);
}

static void play_market(const struct mr_market_source_config *config, struct mr_player *player)
{
    struct mr_source source = {0};
    struct mr_err err;
    void *mem = malloc(mr_source_market.bytes(config));
    assert_int_equal(mr_source_market.open(&source, mem, config, &err), MR_OK);
    while (mr_player_step(player, &source, 0, 4096) > 0)
        ;
    source.ops->close(&source);
    free(mem);
}

static int kernels_here(void)
{
    int count = 0;
    for (unsigned k = 0; k < MR_KERNEL_COUNT; k++)
        count += mr_kernel_available((enum mr_kernel)k);
    return count;
}

/* Signals only: digests of seed, minutes, events, signals. The file is the contract: a change to it is a change of
 * meaning. With small sizes each line goes through one kernel, in turn, with and without shapes. */
static void golden_digests_hold_for_every_kernel_with_and_without_shapes(void **state)
{
    (void)state;
    size_t len;
    char *golden = (char *)mr_test_read("tests/dataplane/player/golden", "digests.tsv", &len);
    assert_non_null(golden);
    bool small = getenv("MILLRACE_QUICK");
    int lines = 0;
    char *rest = golden;
    for (char *line; (line = strtok_r(rest, "\n", &rest));) {
        unsigned long long seed;
        long long minutes;
        char events[64], signals[64], got_events[MR_PLAYER_DIGEST_TEXT], got_signals[MR_PLAYER_DIGEST_TEXT];
        if (*line == '#' || sscanf(line, "%llu %lld %63s %63s", &seed, &minutes, events, signals) != 4)
            continue;
        lines++;
        const struct mr_market_source_config config = {.market = market_of_minutes(seed, minutes)};
        for (int k = 0, turn = 0; k < 2 * MR_KERNEL_COUNT; k++) {
            if (!mr_kernel_available((enum mr_kernel)(k / 2)) || (turn++ / 2 != lines % kernels_here() && small))
                continue;
            setenv("MILLRACE_KERNEL", mr_kernel_name((enum mr_kernel)(k / 2)), 1);
            assert_int_equal(mr_kernel_init(NULL), MR_OK);
            struct mr_player *player = open_player((struct mr_player_config){.shapes = k % 2 ? UINT32_MAX : 0});
            play_market(&config, player);
            mr_player_digests(player, got_events, got_signals);
            if (strcmp(got_events, events) || strcmp(got_signals, signals))
                print_error("seed %llu, kernel %s, %s shapes: %s %s\n", seed, mr_kernel_name((enum mr_kernel)(k / 2)),
                            k % 2 ? "no" : "with", got_events, got_signals);
            assert_string_equal(got_events, events);
            assert_string_equal(got_signals, signals);
            mr_player_close(player);
        }
    }
    unsetenv("MILLRACE_KERNEL");
    mr_kernel_init(NULL);
    free(golden);
    assert_true(lines >= 3);
}

/* ---- recorded ---- */

struct kind {
    const char *name;
    uint64_t count;
};
static const struct recording {
    const char *file, *product;
    uint32_t books;
    uint64_t checksums;
    struct kind kinds[8];
    /* clang-format off */
} recordings[] = {
    {"binance/usdm_btcusdt_20240808.jsonl.zst", "binance:usdm", 1, 0, {{"bookTicker", 66089}, {"trade", 21313}, {"depthUpdate", 6551}}},
    {"binance/usdm_btcusdt_20230404.jsonl", "binance:usdm", 1, 0, {{"bookTicker", 6765}, {"depthUpdate", 4322}, {"trade", 2197}, {"markPriceUpdate", 99}}},
    {"binance/spot_btcusdt_20240808.jsonl.zst", "binance:spot", 1, 0, {{"bookTicker", 28040}, {"trade", 9757}, {"depthUpdate", 3451}}},
    {"binance/usdm_4sym_20210722.jsonl", "binance:usdm", 4, 0, {{"depthUpdate", 764}, {"bookTicker", 613}, {"aggTrade", 91}, {"kline", 67}}},
    {"binance/spot_4sym_20211012.jsonl", "binance:spot", 4, 0, {{"depthUpdate", 177}, {"bookTicker", 84}, {"aggTrade", 2}, {"kline", 2}}},
    {"bybit/v5_linear_20260809.jsonl", "bybit:linear", 4, 0,
     {{"orderbook.200 delta", 1594}, {"orderbook.200 snapshot", 4}, {"tickers delta", 754}, {"tickers snapshot", 4}, {"publicTrade", 102}, {"kline.1", 71}, {"subscribe", 17}}},
    {"bybit/v5_spot_20260809.jsonl", "bybit:spot", 2, 0,
     {{"orderbook.200 delta", 548}, {"orderbook.200 snapshot", 2}, {"tickers snapshot", 81}, {"kline.1", 25}, {"publicTrade", 18}, {"subscribe", 7}}},
    {"okx/v5_public_20220513.jsonl", "okx:public", 3, 290, {{"books update", 287}, {"books snapshot", 3}, {"trades", 74}, {"tickers", 28}, {"subscribe", 18}}},
    {"hyperliquid/btc_20250126.jsonl", "hyperliquid:perp", 1, 0, {{"l2Book", 46}, {"trades", 9}}},
};
/* clang-format on */

static struct mr_player *play_recording(const char *folder, const struct recording *r, struct mr_player_config config)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, r->file);
    const struct mr_venue *venue;
    struct mr_replay_input input = {.path = path};
    struct mr_err err;
    assert_int_equal(mr_venue_parse(r->product, &venue, &input.product, &err), MR_OK);
    input.venue = venue->id;
    const struct mr_replay_config replay = {.inputs = &input, .count = 1};
    struct mr_player *player = open_player(config);
    struct mr_source source = {0};
    void *mem = malloc(mr_source_replay.bytes(&replay));
    int status = mr_source_replay.open(&source, mem, &replay, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
    while (mr_player_step(player, &source, 0, 4096) > 0)
        ;
    source.ops->close(&source);
    free(mem);
    return player;
}

static void check_counts(const struct mr_player *player, const struct recording *r)
{
    const struct mr_decoder *dec = mr_feed_decoder(mr_player_feed(player, 0));
    uint64_t kinds = 0, want = 0;
    for (uint32_t k = 0; k < MR_COUNT_OF(r->kinds) && r->kinds[k].name; k++) {
        uint32_t i = 1;
        while (i < MR_VENUE_KINDS_MAX - 1 && dec->venue->kinds[i].name &&
               strcmp(dec->venue->kinds[i].name, r->kinds[k].name))
            i++;
        if (dec->messages[i] != r->kinds[k].count)
            print_error("%s: %s\n", r->file, r->kinds[k].name);
        assert_int_equal(dec->messages[i], r->kinds[k].count);
        want += r->kinds[k].count;
    }
    for (uint32_t i = 0; i < MR_VENUE_KINDS_MAX; i++)
        kinds += dec->messages[i];
    assert_int_equal(kinds, want); /* and nothing else */
}

static void recordings_decode_whole_and_their_books_live(void **state)
{
    (void)state;
    const char *folder = mr_test_captures();
    if (!folder) {
        mr_test_skip_line("no recordings: set MILLRACE_CAPTURES");
        skip();
    }
    for (size_t i = 0; i < MR_COUNT_OF(recordings); i++) {
        const struct recording *r = &recordings[i];
        struct mr_player *player = play_recording(folder, r, (struct mr_player_config){0});
        struct mr_player_totals t;
        mr_player_totals(player, &t);
        check_counts(player, r);
        assert_int_equal(t.refused + t.unknown + t.gaps + t.dropped, 0);
        assert_int_equal(t.books, r->books);
        assert_int_equal(t.books_live, r->books);
        assert_int_equal(t.crossed, 0);
        assert_int_equal(t.checksums, r->checksums);
        assert_int_equal(t.mismatches, 0);
        mr_player_close(player);
    }
}

static void recordings_give_the_same_digests_on_every_run_kernel_and_path(void **state)
{
    (void)state;
    const char *folder = mr_test_captures();
    if (!folder) {
        mr_test_skip_line("no recordings: set MILLRACE_CAPTURES");
        skip();
    }
    for (size_t i = 0; i < MR_COUNT_OF(recordings); i++) {
        char first[2][MR_PLAYER_DIGEST_TEXT] = {"", ""}, next[2][MR_PLAYER_DIGEST_TEXT];
        for (unsigned k = 0; k < 2u * MR_KERNEL_COUNT; k++) {
            if (!mr_kernel_available((enum mr_kernel)(k / 2)))
                continue;
            setenv("MILLRACE_KERNEL", mr_kernel_name((enum mr_kernel)(k / 2)), 1);
            assert_int_equal(mr_kernel_init(NULL), MR_OK);
            struct mr_player *player =
                play_recording(folder, &recordings[i], (struct mr_player_config){.shapes = k % 2 ? UINT32_MAX : 0});
            mr_player_digests(player, next[0], next[1]);
            mr_player_close(player);
            if (!first[0][0])
                memcpy(first, next, sizeof first);
            assert_int_equal(strlen(next[0]), 32);
            assert_string_equal(next[0], first[0]);
            assert_string_equal(next[1], first[1]);
        }
    }
    unsetenv("MILLRACE_KERNEL");
    mr_kernel_init(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(books_equal_the_markets_own_after_every_message),
        cmocka_unit_test(golden_digests_hold_for_every_kernel_with_and_without_shapes),
        cmocka_unit_test(recordings_decode_whole_and_their_books_live),
        cmocka_unit_test(recordings_give_the_same_digests_on_every_run_kernel_and_path),
    };
    return MR_TEST_MAIN(tests);
}
