/* Bytes of one KuCoin futures message to events, against simdjson doing the same work.
 *
 * Generated from a seed in the wire's present shape: three contracts (half XBT, a third ETH, the rest SOL), lots of one to four digits, ids
 * and times of a fixed length. */
#include "codecs/event/instrument.h"
#include "codecs/venue/venue.h"
#include "perf/codecs/venue/kucoin_sets.h"

#include <stdio.h>
#include <stdlib.h>

static struct mr_instruments *table;
static union mr_slot *out;
static struct desk {
    bool open;
    struct mr_decoder dec;
    struct mr_shapes *shapes;
} desks[MR_KERNEL_COUNT];

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
        mr_decoder_init(&d->dec, mr_venue_by_name("kucoin"), 0, table, d->shapes, NULL);
        d->open = true;
    }
    return &d->dec;
}

uint32_t mr_bench_kucoin_instrument(const char *symbol, uint32_t len)
{
    const struct mr_instrument *it =
        mr_instruments_find(table, MR_VENUE_kucoin, 0, (struct mr_span){(const uint8_t *)symbol, len});
    return it ? it->id : UINT32_MAX;
}

/* All have the first one's multiplier, so that the reference need not look it up. */
int64_t mr_bench_kucoin_notional(int64_t price, int64_t size)
{
    int64_t notional = 0;
    mr_notional_micro(price, 8, size, MR_BENCH_LOT_SCALE, 1, 3, &notional);
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

static uint64_t side_sum(const struct mr_level *level, uint32_t n)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += mr_bench_level_sum(level[i].price, level[i].size, i);
    return sum;
}

static uint64_t book_sum(bool with_instrument)
{
    const struct mr_book_head *h = &out->book;
    uint64_t sum = (with_instrument ? h->instrument : 0) + h->seq * 5 + (uint64_t)h->venue_ns;
    return sum + side_sum(out[1].level, h->bid_count) + side_sum(out[1].level + h->bid_count, h->ask_count) * 3;
}

static uint64_t book(void *arg)
{
    const struct mr_bench_frames *set = arg;
    struct mr_decoder *dec = decoder();
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct mr_frame frame = {.data = set->bytes + set->at[i], .len = set->len[i]};
        if (mr_decode(dec, &frame, out, MR_DECODE_SLOTS) < 1)
            return 0;
        sum += book_sum(true);
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
        if (mr_decode_rest(dec, mr_span_of("/api/v1/level2/snapshot?symbol=XBTUSDTM"), &frame, NULL, out,
                           MR_DECODE_SLOTS) < 1)
            return 0;
        sum += book_sum(false);
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

static const char *const symbols[] = {"XBTUSDTM", "ETHUSDTM", "SOLUSDTM"};

static uint32_t coin(uint64_t *r)
{
    uint32_t at = next(r, 12);
    return at < 6 ? 0 : at < 10 ? 1 : 2;
}

static int put_price(char *to, uint64_t *r, uint32_t c)
{
    return c == 0   ? sprintf(to, "%u.%u", 80000 + next(r, 9000), next(r, 10))
           : c == 1 ? sprintf(to, "%u.%02u", 2000 + next(r, 900), next(r, 100))
                    : sprintf(to, "%u.%03u", 150 + next(r, 90), next(r, 1000));
}

static uint32_t size(uint64_t *r)
{
    static const uint32_t most[] = {10, 100, 100, 1000, 9000};
    return 1 + next(r, most[next(r, 5)]);
}

static int put_trade(char *to, uint64_t *r)
{
    char price[32];
    uint32_t c = coin(r), id = next(r, 99999999);
    put_price(price, r, c);
    return sprintf(
        to,
        "{\"topic\":\"/contractMarket/execution:%s\",\"type\":\"message\",\"subject\":\"match\",\"sn\":17941%08u,"
        "\"data\":{\"symbol\":\"%s\",\"sequence\":17941%08u,\"side\":\"%s\",\"size\":%u,\"price\":\"%s\","
        "\"takerOrderId\":\"2478222029%08u\",\"makerOrderId\":\"2478221671%08u\",\"tradeId\":\"17941%08u\","
        "\"ts\":17318%08u000000}}",
        symbols[c], id, symbols[c], id, next(r, 2) ? "buy" : "sell", size(r), price, next(r, 99999999),
        next(r, 99999999), id, next(r, 99999999));
}

static int put_ticker(char *to, uint64_t *r)
{
    char bid[32], ask[32];
    uint32_t c = coin(r), id = next(r, 99999999);
    put_price(bid, r, c);
    put_price(ask, r, c);
    return sprintf(
        to,
        "{\"topic\":\"/contractMarket/tickerV2:%s\",\"type\":\"message\",\"subject\":\"tickerV2\",\"sn\":17092%08u,"
        "\"data\":{\"symbol\":\"%s\",\"sequence\":17092%08u,\"bestBidSize\":%u,\"bestBidPrice\":\"%s\","
        "\"bestAskPrice\":\"%s\",\"bestAskSize\":%u,\"ts\":17316%08u000000}}",
        symbols[c], id, symbols[c], id, size(r), bid, ask, size(r), next(r, 99999999));
}

static int put_change(char *to, uint64_t *r)
{
    char price[32];
    uint32_t c = coin(r), id = next(r, 99999999);
    put_price(price, r, c);
    return sprintf(
        to,
        "{\"topic\":\"/contractMarket/level2:%s\",\"type\":\"message\",\"subject\":\"level2\",\"sn\":17094%08u,"
        "\"data\":{\"sequence\":17094%08u,\"change\":\"%s,%s,%u\",\"timestamp\":17318%08u}}",
        symbols[c], id, id, price, next(r, 2) ? "buy" : "sell", next(r, 3) ? size(r) : 0, next(r, 99999999));
}

static int put_side(char *to, uint64_t *r, uint32_t n, bool quoted)
{
    int len = sprintf(to, "[");
    for (uint32_t i = 0; i < n; i++) {
        char price[32];
        put_price(price, r, 0);
        len += sprintf(to + len, quoted ? "%s[\"%s\",%u]" : "%s[%s,%u]", i ? "," : "", price, size(r));
    }
    return len + sprintf(to + len, "]");
}

static int put_depth(char *to, uint64_t *r)
{
    uint32_t time = next(r, 99999999);
    int len =
        sprintf(to,
                "{\"topic\":\"/contractMarket/level2Depth50:XBTUSDTM\",\"type\":\"message\",\"subject\":\"level2\","
                "\"sn\":17316%08u,\"data\":{\"sequence\":17092%08u,\"asks\":",
                time, next(r, 99999999));
    len += put_side(to + len, r, 50, true);
    len += sprintf(to + len, ",\"bids\":");
    len += put_side(to + len, r, 50, true);
    return len + sprintf(to + len, ",\"timestamp\":17316%08u,\"ts\":17316%08u}}", time, time);
}

static int put_snapshot(char *to, uint64_t *r)
{
    int len = sprintf(to, "{\"code\":\"200000\",\"data\":{\"sequence\":17092%08u,\"symbol\":\"XBTUSDTM\",\"bids\":",
                      next(r, 99999999));
    len += put_side(to + len, r, 500, false);
    len += sprintf(to + len, ",\"asks\":");
    len += put_side(to + len, r, 500, false);
    return len + sprintf(to + len, ",\"ts\":17316%08u000000}}", next(r, 99999999));
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

static void stock(void)
{
    for (size_t i = 0; i < MR_COUNT_OF(symbols); i++) {
        struct mr_instrument it = {.venue = MR_VENUE_kucoin,
                                   .multiplier = 1,
                                   .multiplier_scale = 3,
                                   .flags = MR_INSTRUMENT_NO_METADATA,
                                   .symbol_len = (uint8_t)strlen(symbols[i])};
        memcpy(it.symbol, symbols[i], it.symbol_len);
        mr_instrument_scales(&it, mr_span_of("0.001"), mr_span_of("1"));
        MR_ASSERT(mr_instruments_add(table, &it) >= 0 && it.size_scale == MR_BENCH_LOT_SCALE);
    }
}

void mr_bench_kucoin(struct mr_bench *b)
{
#define RAW "simdjson On-Demand, raw tokens, our decimal"
#define TEXT "simdjson On-Demand, get_string, our decimal"
    static const struct {
        const char *name, *work;
        int (*put)(char *, uint64_t *);
        mr_bench_fn *ours, *raw, *string;
        uint32_t count, most;
        double goal;
    } sets[] = {
        {"execution", "an execution message to an event", put_trade, small, mr_reference_kucoin_trade_raw,
         mr_reference_kucoin_trade_string, 4096, 500, 3},
        {"tickerV2", "a tickerV2 message to an event", put_ticker, small, mr_reference_kucoin_ticker_raw,
         mr_reference_kucoin_ticker_string, 4096, 500, 3},
        {"level2", "a level2 message to a book message of one level", put_change, book, mr_reference_kucoin_change_raw,
         mr_reference_kucoin_change_string, 4096, 400, 2.5},
        {"depth50", "a level2Depth50 message of 100 levels to a book message", put_depth, book,
         mr_reference_kucoin_depth_raw, mr_reference_kucoin_depth_string, 512, 3000, 2},
        {"snapshot", "a REST snapshot of 1,000 levels to a book message", put_snapshot, snapshot,
         mr_reference_kucoin_snapshot, NULL, 16, 20000, 2},
    };
    table = mr_instruments_init(lines(mr_instruments_bytes(16)), 16);
    out = lines(MR_DECODE_SLOTS * sizeof *out);
    stock();
    for (size_t i = 0; i < MR_COUNT_OF(sets); i++) {
        struct mr_bench_frames *set = make(sets[i].put, sets[i].count, sets[i].most);
        mr_bench_pair(b, &(struct mr_bench_pair){.name = sets[i].name,
                                                 .work = sets[i].work,
                                                 .items = set->count,
                                                 .ours = {sets[i].ours, set},
                                                 .references = {{RAW, sets[i].raw, set},
                                                                {sets[i].string ? TEXT : NULL, sets[i].string, set}},
                                                 .goal = sets[i].goal,
                                                 .kernels = true});
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
