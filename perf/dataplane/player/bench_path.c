/* The whole path of a message on one core: decode, join, ring, book, engines, signals; from bytes in memory to signal
 * records.
 *
 * Every pass is a new player (made untimed, its memory touched), which plays the stream from its first byte: instrument
 * lists and snapshots are in it, shapes are learnt anew. All engines have work: the stream's own BTCUSDT
 * is the reference of volatility, and trades have their velocity beside the liquidations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/player/player.h"
#include "dataplane/source/replay/replay.h"
#include "perf/bench.h"
#include "tests/exchange/market/market_source.h"

#define LIMIT_NS 1000 /* a million messages a second */
#define MINUTE 60000000000ll

struct stream {
    const char *reference;
    struct mr_piece *pieces; /* data and name lie in `bytes` */
    uint32_t count, room;
    uint8_t *bytes;
    size_t used, bytes_room;
    struct mr_player *player;
};

static size_t keep(struct stream *s, const void *data, size_t len)
{
    if (s->used + len > s->bytes_room) {
        s->bytes_room = 2 * (s->used + len);
        MR_ASSERT((s->bytes = realloc(s->bytes, s->bytes_room)));
    }
    if (len)
        memcpy(s->bytes + s->used, data, len);
    s->used += len;
    return s->used - len;
}

/* Until the last piece is there the buffer may move: pieces hold offsets meanwhile. */
static void take(struct stream *s, const struct mr_piece *piece)
{
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 65536;
        MR_ASSERT((s->pieces = realloc(s->pieces, s->room * sizeof *s->pieces)));
    }
    struct mr_piece *kept = &s->pieces[s->count++];
    *kept = *piece;
    kept->data = (uint8_t *)(uintptr_t)keep(s, piece->data, piece->len);
    kept->name.data = (const uint8_t *)(uintptr_t)keep(s, piece->name.data, piece->name.len);
}

static void settle(struct stream *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        s->pieces[i].data = s->bytes + (uintptr_t)s->pieces[i].data;
        s->pieces[i].name.data = s->bytes + (uintptr_t)s->pieces[i].name.data;
    }
}

static bool read_all(struct stream *s, const struct mr_source_ops *ops, const void *config)
{
    struct mr_source source = {0};
    struct mr_err err;
    void *mem = malloc(ops->bytes(config));
    struct mr_piece piece;
    MR_ASSERT(mem);
    if (ops->open(&source, mem, config, &err) != MR_OK) {
        fprintf(stderr, "path: %s\n", err.text);
        free(mem);
        return false;
    }
    while (ops->poll(&source, 0, &piece, 1) == 1) {
        take(s, &piece);
        ops->release(&source, &piece);
    }
    ops->close(&source);
    free(mem);
    settle(s);
    return s->count > 0;
}

static void forget(struct stream *s)
{
    if (s->player)
        mr_player_close(s->player);
    free(s->pieces);
    free(s->bytes);
}

static void new_player(void *arg)
{
    struct stream *s = arg;
    const struct mr_player_config config = {.reference = s->reference, .flow = true};
    struct mr_err err;
    if (s->player)
        mr_player_close(s->player);
    if (mr_player_open(&s->player, &config, &err) != MR_OK)
        mr_panic(__FILE__, __LINE__, err.text);
    for (uint32_t i = 0; i < s->count; i++) /* boot: a live plane has made its feeds before the first byte */
        MR_ASSERT(mr_player_expect(s->player, s->pieces[i].venue, s->pieces[i].product) == MR_OK);
}

static uint64_t play(void *arg)
{
    struct stream *s = arg;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < s->count; i++)
        sum += (uint64_t)mr_player_piece(s->player, &s->pieces[i]);
    struct mr_player_totals t;
    mr_player_totals(s->player, &t);
    MR_ASSERT(t.refused + t.dropped + t.gaps == 0 && t.books_live == t.books); /* the work was done */
    return mr_bench_mix(sum, t.messages);
}

static void measure(struct mr_bench *b, struct stream *s, const char *name, const char *work)
{
    mr_bench_pair(b, &(struct mr_bench_pair){.name = name,
                                             .work = work,
                                             .items = s->count,
                                             .kernels = true,
                                             .prepare = new_player,
                                             .ours = {play, s},
                                             .limit_ns = LIMIT_NS});
}

static void recorded(struct mr_bench *b, const char *name, const char *work, const char *file)
{
    const char *folder = getenv("MILLRACE_CAPTURES");
    char path[4096];
    struct stream s = {.reference = "binance:usdm:BTCUSDT"};
    struct mr_replay_input input = {.path = path};
    const struct mr_replay_config config = {.inputs = &input, .count = 1};
    const struct mr_venue *venue;
    if (!mr_bench_wants(b, name))
        return;
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "../shared/captures", file);
    if (access(path, R_OK) != 0) {
        fprintf(stderr, "path/%s: skipped, no recording %s (MILLRACE_CAPTURES names the folder)\n", name, path);
        return;
    }
    MR_ASSERT(mr_venue_parse("binance:usdm", &venue, &input.product, NULL) == MR_OK);
    input.venue = venue->id;
    if (read_all(&s, &mr_source_replay, &config))
        measure(b, &s, name, work);
    forget(&s);
}

static void generated(struct mr_bench *b, const char *name, const char *work, uint32_t venues, int64_t minutes)
{
    struct stream s = {.reference = "binance:usdm:BTCUSDT"};
    const struct mr_market_source_config config = {.market = {.seed = 1,
                                                              .start_ns = 1700000000000000000,
                                                              .duration_ns = minutes * MINUTE,
                                                              .warm_up_ns = MINUTE,
                                                              .venues = venues,
                                                              .books_per_s = 20,
                                                              .trades_per_s = 20}};
    if (mr_bench_wants(b, name) && read_all(&s, &mr_source_market, &config))
        measure(b, &s, name, work);
    forget(&s);
}

/* E-4: what 100 instruments of 100 underlyings need. */
static void memory(struct mr_bench *b)
{
    const struct mr_velocity_config config = {.instruments = 100, .underlyings = 100};
    size_t bytes = mr_velocity_bytes(&config);
    char work[96];
    snprintf(work, sizeof work, "velocity state of 100 instruments: %zu bytes (no time)", bytes);
    mr_bench_row(b, &(struct mr_bench_row){.name = "velocity_memory",
                                           .work = work,
                                           .reference = "a limit of 50,000,000 bytes",
                                           .ratio = 50e6 / (double)bytes,
                                           .goal = 1});
}

void mr_bench_path(struct mr_bench *b)
{
    recorded(b, "usdm_2024", "message of the recorded Binance usdm stream of 2024, to signals",
             "binance/usdm_btcusdt_20240808.jsonl.zst");
    recorded(b, "usdm_2023", "message of the recorded Binance usdm stream of 2023, to signals",
             "binance/usdm_btcusdt_20230404.jsonl");
    generated(b, "market_usdm", "message of the generated Binance usdm market, to signals", MR_MARKET_BINANCE_USDM, 8);
    generated(b, "market_all", "message of the generated market of five venues' products, to signals", 0, 3);
    memory(b);
}
