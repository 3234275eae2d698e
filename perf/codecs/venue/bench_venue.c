/* Bytes of one venue message to events, against simdjson doing the same work.
 *
 * Messages are generated from a seed in the wire's present shape. Three symbols (half BTC, a third ETH, the rest SOL)
 * and numbers whose lengths vary as recorded ones do: BTC and ETH sizes of one to three whole digits and three
 * decimals, SOL sizes of one to four digits, prices of one length a symbol, ids and times of a fixed length. */
#include "codecs/event/instrument.h"
#include "codecs/venue/venue.h"
#include "perf/codecs/venue/venue_sets.h"

#include <stdio.h>
#include <stdlib.h>

static struct mr_instruments *table;

/* One decoder a kernel: shapes keep the kernel they were made with. */
struct desk {
    bool open;
    struct mr_decoder dec;
    struct mr_shapes *shapes;
};
static struct desk desks[MR_KERNEL_COUNT];
static union mr_slot *out;

static void *lines(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 63) / 64 * 64);
    MR_ASSERT(mem);
    return mem;
}

static struct mr_decoder *decoder(void)
{
    enum mr_kernel kernel = mr_kernel_active();
    struct desk *d = &desks[kernel];
    if (!d->open) {
        d->shapes = mr_shapes_init(lines(mr_shapes_bytes(1024)), 1024, kernel);
        mr_decoder_init(&d->dec, mr_venue_by_name("binance"), 1, table, d->shapes, NULL);
        d->open = true;
    }
    return &d->dec;
}

uint32_t mr_bench_instrument(const char *symbol, uint32_t len)
{
    const struct mr_instrument *it =
        mr_instruments_find(table, MR_VENUE_binance, 1, (struct mr_span){(const uint8_t *)symbol, len});
    return it ? it->id : UINT32_MAX;
}

int64_t mr_bench_notional(int64_t price, int64_t size)
{
    int64_t notional = 0;
    mr_notional_micro(price, 8, size, 8, 1, 0, &notional);
    return notional;
}

/* ---- ours ---- */

static uint64_t small(void *arg)
{
    const struct mr_bench_frames *set = arg;
    struct mr_decoder *dec = decoder();
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct mr_frame frame = {.data = set->bytes + set->at[i], .len = set->len[i]};
        if (mr_decode(dec, &frame, out, MR_DECODE_SLOTS) < 1)
            return 0;
        struct mr_bench_event e = {
            .venue_ns = out->event.venue_ns, .seq = out->event.seq, .instrument = out->event.instrument};
        if (out->event.kind == MR_EVENT_TRADE) {
            e.price = out->event.price;
            e.size = out->event.size;
            e.aux = out->event.aux;
            e.sell = out->event.flags & MR_FLAG_SELL;
        } else {
            e.bid = out[1].level[0].price;
            e.bid_size = out[1].level[0].size;
            e.ask = out[1].level[1].price;
            e.ask_size = out[1].level[1].size;
        }
        sum += mr_bench_event_sum(&e);
    }
    return sum;
}

static uint64_t levels_sum(uint32_t n)
{
    uint64_t sum = n;
    for (uint32_t i = 0; i < n; i++)
        sum += mr_bench_level_sum(out[1].level[i].price, out[1].level[i].size, i);
    return sum;
}

static uint64_t depth(void *arg)
{
    const struct mr_bench_frames *set = arg;
    struct mr_decoder *dec = decoder();
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct mr_frame frame = {.data = set->bytes + set->at[i], .len = set->len[i]};
        if (mr_decode(dec, &frame, out, MR_DECODE_SLOTS) < 1)
            return 0;
        const struct mr_book_head *h = &out->book;
        sum += (uint64_t)h->venue_ns + h->instrument + h->first_seq * 3 + h->seq * 5 + h->prev_seq * 7;
        sum += levels_sum((uint32_t)h->bid_count + h->ask_count);
    }
    return sum;
}

static uint64_t snapshot(void *arg)
{
    const struct mr_bench_frames *set = arg;
    struct mr_decoder *dec = decoder();
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct mr_frame frame = {.data = set->bytes + set->at[i], .len = set->len[i]};
        if (mr_decode_rest(dec, mr_span_of("/fapi/v1/depth?symbol=BTCUSDT&limit=500"), &frame, NULL, out,
                           MR_DECODE_SLOTS) < 1)
            return 0;
        const struct mr_book_head *h = &out->book;
        sum += (uint64_t)h->venue_ns + h->seq * 5 + levels_sum((uint32_t)h->bid_count + h->ask_count);
    }
    return sum;
}

/* ---- messages ---- */

static uint32_t next(uint64_t *state, uint32_t bound)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)((*state >> 32) * bound >> 32);
}

static const char *const upper[] = {"BTCUSDT", "ETHUSDT", "SOLUSDT"}, *const lower[] = {"btcusdt", "ethusdt",
                                                                                        "solusdt"};

static uint32_t coin(uint64_t *r)
{
    uint32_t at = next(r, 12);
    return at < 6 ? 0 : at < 10 ? 1 : 2;
}

static int put_price(char *to, uint64_t *r, uint32_t c)
{
    return c == 0   ? sprintf(to, "%u.%u0", 80000 + next(r, 9000), next(r, 10))
           : c == 1 ? sprintf(to, "%u.%02u", 2000 + next(r, 900), next(r, 100))
                    : sprintf(to, "%u.%02u00", 150 + next(r, 90), next(r, 100));
}

/* small sizes are more frequent than large ones */
static int put_size(char *to, uint64_t *r, uint32_t c)
{
    static const uint32_t below[] = {1, 1, 1, 10, 10, 100, 500}, whole[] = {10, 10, 100, 100, 1000, 9000};
    return c < 2 ? sprintf(to, "%u.%03u", next(r, below[next(r, 7)]), 1 + next(r, 999))
                 : sprintf(to, "%u", 1 + next(r, whole[next(r, 6)]));
}

static int put_trade(char *to, uint64_t *r)
{
    char price[32], size[32];
    uint32_t c = coin(r), id = next(r, 99999999), first = next(r, 99999999);
    put_price(price, r, c);
    put_size(size, r, c);
    return sprintf(to,
                   "{\"stream\":\"%s@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":17913%08u,\"a\":34%08u,\"s\":\"%s\","
                   "\"p\":\"%s\","
                   "\"q\":\"%s\",\"nq\":\"%s\",\"f\":81%08u,\"l\":81%08u,\"T\":17913%08u,\"m\":%s,\"st\":1}}",
                   lower[c], next(r, 99999999), id, upper[c], price, size, size, first, first + next(r, 5),
                   next(r, 99999999), next(r, 2) ? "true" : "false");
}

static int put_ticker(char *to, uint64_t *r)
{
    char bid[32], bid_size[32], ask[32], ask_size[32];
    uint32_t c = coin(r);
    put_price(bid, r, c);
    put_price(ask, r, c);
    put_size(bid_size, r, c);
    put_size(ask_size, r, c);
    return sprintf(to,
                   "{\"stream\":\"%s@bookTicker\",\"data\":{\"e\":\"bookTicker\",\"u\":117303%08u,\"s\":\"%s\",\"ps\":"
                   "\"%s\",\"b\":\"%s\","
                   "\"B\":\"%s\",\"a\":\"%s\",\"A\":\"%s\",\"T\":17913%08u,\"E\":17913%08u,\"st\":1}}",
                   lower[c], next(r, 99999999), upper[c], upper[c], bid, bid_size, ask, ask_size, next(r, 99999999),
                   next(r, 99999999));
}

static int put_mixed(char *to, uint64_t *r) { return next(r, 2) ? put_trade(to, r) : put_ticker(to, r); }

static int put_levels(char *to, uint64_t *r, uint32_t n)
{
    int len = sprintf(to, "[");
    for (uint32_t i = 0; i < n; i++) {
        len += sprintf(to + len, "[\"");
        len += put_price(to + len, r, 0);
        len += sprintf(to + len, "\",\"");
        len += next(r, 3) ? put_size(to + len, r, 0) : sprintf(to + len, "0.000");
        len += sprintf(to + len, "\"]%s", i + 1 < n ? "," : "");
    }
    return len + sprintf(to + len, "]");
}

static int put_depth(char *to, uint64_t *r)
{
    int len =
        sprintf(to,
                "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":17867%08u,\"T\":17867%08u,"
                "\"s\":\"BTCUSDT\",\"ps\":\"BTCUSDT\",\"U\":112892%08u,\"u\":112892%08u,\"pu\":112892%08u,\"b\":",
                next(r, 99999999), next(r, 99999999), next(r, 99999999), next(r, 99999999), next(r, 99999999));
    len += put_levels(to + len, r, 10 + next(r, 20));
    len += sprintf(to + len, ",\"a\":");
    len += put_levels(to + len, r, 10 + next(r, 20));
    return len + sprintf(to + len, ",\"st\":1}}");
}

static int put_snapshot(char *to, uint64_t *r)
{
    int len = sprintf(to, "{\"lastUpdateId\":112892%08u,\"E\":17867%08u,\"T\":17867%08u,\"bids\":", next(r, 99999999),
                      next(r, 99999999), next(r, 99999999));
    len += put_levels(to + len, r, 500);
    len += sprintf(to + len, ",\"asks\":");
    len += put_levels(to + len, r, 500);
    return len + sprintf(to + len, "}");
}

static struct mr_bench_frames *make(int (*put)(char *, uint64_t *), uint32_t count, uint32_t most)
{
    struct mr_bench_frames *set = calloc(1, sizeof *set);
    uint64_t seed = 88172645463325252u;
    uint32_t at = 0;
    set->bytes = calloc(count, most + MR_BENCH_SLACK);
    set->at = calloc(count, sizeof *set->at);
    set->len = calloc(count, sizeof *set->len);
    set->count = count;
    for (uint32_t i = 0; i < count; i++) {
        set->at[i] = at;
        set->len[i] = (uint32_t)put((char *)set->bytes + at, &seed);
        MR_ASSERT(set->len[i] <= most);
        at += set->len[i] + MR_BENCH_SLACK;
    }
    return set;
}

static void print_hits(const struct mr_bench_frames *set, const char *name)
{
    struct mr_shapes_stats before, after;
    small((void *)(uintptr_t)set);
    mr_shapes_stats(decoder()->shapes, &before);
    small((void *)(uintptr_t)set);
    mr_shapes_stats(decoder()->shapes, &after);
    fprintf(stderr, "  %s: %.2f %% of messages by shape, %llu shapes\n", name,
            100.0 * (double)(after.hits - before.hits) / set->count, (unsigned long long)after.learnt);
}

void mr_bench_venue(struct mr_bench *b)
{
    static const struct {
        const char *name, *work;
        int (*put)(char *, uint64_t *);
        mr_bench_fn *ours;
        struct {
            const char *name;
            mr_bench_fn *fn;
        } references[3];
        uint32_t count, most;
        double goal, stretch;
    } sets[] = {
#define SMALL                                                                                                          \
    small, {{"simdjson On-Demand, raw tokens, our decimal", mr_reference_small_raw},                                   \
            {"simdjson On-Demand, get_string, our decimal", mr_reference_small_string},                                \
            {"simdjson On-Demand, get_double_in_string", mr_reference_small_double}}
        {"agg_trade", "an aggTrade message to an event", put_trade, SMALL, 4096, 400, 3, 4.5},
        {"book_ticker", "a bookTicker message to an event", put_ticker, SMALL, 4096, 400, 3, 4.5},
        {"small_mix", "half aggTrade, half bookTicker, to events", put_mixed, SMALL, 4096, 400, 3, 4.5},
        {"depth",
         "a depthUpdate of 20 to 58 levels to a book message",
         put_depth,
         depth,
         {{"simdjson On-Demand, raw tokens, our decimal", mr_reference_depth_raw},
          {"simdjson On-Demand, get_string, our decimal", mr_reference_depth_string}},
         1024,
         2400,
         2.5,
         4},
        {"snapshot",
         "a REST snapshot of 1,000 levels to a book message",
         put_snapshot,
         snapshot,
         {{"simdjson On-Demand, raw tokens, our decimal", mr_reference_snapshot_raw},
          {"simdjson On-Demand, get_string, our decimal", mr_reference_snapshot_string}},
         16,
         30000,
         2,
         3.5},
    };
    table = mr_instruments_init(lines(mr_instruments_bytes(16)), 16);
    out = lines(MR_DECODE_SLOTS * sizeof *out);
    for (uint32_t c = 0; c < 3; c++)
        mr_instruments_add_bare(table, MR_VENUE_binance, 1, mr_span_of(upper[c]));
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct mr_bench_frames *set = make(sets[i].put, sets[i].count, sets[i].most);
        struct mr_bench_pair pair = {.name = sets[i].name,
                                     .work = sets[i].work,
                                     .items = set->count,
                                     .ours = {sets[i].ours, set},
                                     .goal = sets[i].goal,
                                     .stretch = sets[i].stretch,
                                     .kernels = true};
        for (size_t r = 0; r < 3 && sets[i].references[r].fn; r++) {
            pair.references[r].name = sets[i].references[r].name;
            pair.references[r].fn = sets[i].references[r].fn;
            pair.references[r].arg = set;
        }
        mr_bench_pair(b, &pair);
        if (sets[i].ours == small && mr_bench_timing(b, sets[i].name))
            print_hits(set, sets[i].name);
        free(set->bytes);
        free(set->at);
        free(set->len);
        free(set);
    }
    for (size_t k = 0; k < MR_KERNEL_COUNT; k++) {
        free(desks[k].shapes);
        desks[k] = (struct desk){.open = false};
    }
    free(table);
    free(out);
}
