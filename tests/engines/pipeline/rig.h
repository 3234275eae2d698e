/* A pipeline in its memory, four instruments of two underlyings, what it reported, and a seeded story of events. */
#ifndef MR_TESTS_PIPELINE_RIG_H
#define MR_TESTS_PIPELINE_RIG_H

#include "codecs/event/digest.h"
#include "codecs/venue/venue.h"
#include "engines/pipeline/pipeline.h"
#include "tests/support/support.h"

#define MS 1000000ll
#define SEC 1000000000ll
#define T0 1700000000000000000ll /* a grid point */

/* ids in the order pipe_open adds them */
enum { BTC_USDM, ETH_USDM, BTC_SPOT, BTC_BYBIT, INSTRUMENTS };

struct pipe {
    struct mr_pipeline *pipeline;
    struct mr_pipeline_config config;
    struct mr_instruments *instruments;
    struct mr_pipeline_metrics metrics;
    struct mr_book_metrics book;
    struct mr_velocity_metrics velocity, flow;
    struct mr_signal_metrics signal;
    void *mem, *digest_mem;
    struct mr_digest *digest;
    uint64_t signals, broken;
    uint32_t broken_instrument;
    enum mr_gap_cause broken_cause;
    struct mr_signal last;
    void (*on_signal)(struct pipe *p, const struct mr_signal *signal); /* may be NULL */
};

static inline void pipe_on_signal(void *arg, const struct mr_signal *signal)
{
    struct pipe *p = arg;
    uint8_t canonical[MR_SIGNAL_CANONICAL_BYTES];
    const struct mr_instrument *by =
        signal->instrument == UINT32_MAX ? NULL : mr_instruments_get(p->instruments, signal->instrument);
    mr_digest_update_bytes(p->digest, canonical, mr_signal_canonical(signal, by, canonical));
    p->signals++;
    p->last = *signal;
    if (p->on_signal)
        p->on_signal(p, signal);
}

static inline void pipe_on_broken(void *arg, uint32_t instrument, enum mr_gap_cause cause, int64_t recv_ns)
{
    struct pipe *p = arg;
    (void)recv_ns;
    p->broken++;
    p->broken_instrument = instrument;
    p->broken_cause = cause;
}

static inline void *pipe_room(size_t bytes)
{
    void *mem = aligned_alloc(MR_LINE_BYTES, (bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES);
    MR_ASSERT(mem);
    memset(mem, 0xa5, bytes); /* init relies on nothing */
    return mem;
}

static inline void pipe_add(struct pipe *p, uint8_t venue, uint8_t product, const char *symbol, const char *base)
{
    struct mr_instrument in = {.venue = venue,
                               .product = product,
                               .type = MR_TYPE_PERPETUAL,
                               .price_scale = 8,
                               .size_scale = 8,
                               .tick = 1000000,
                               .lot = 100000,
                               .multiplier = 1,
                               .symbol_len = (uint8_t)strlen(symbol)};
    memcpy(in.symbol, symbol, in.symbol_len);
    strcpy(in.base, base);
    strcpy(in.quote, "USDT");
    MR_ASSERT(mr_instruments_add(p->instruments, &in) >= 0);
}

/* The table and the defaults; change p->config before pipe_start. */
static inline void pipe_open(struct pipe *p)
{
    *p = (struct pipe){.digest_mem = pipe_room(mr_digest_bytes())};
    p->digest = mr_digest_init(p->digest_mem);
    p->instruments = mr_instruments_init(pipe_room(mr_instruments_bytes(16)), 16);
    pipe_add(p, MR_VENUE_binance, 1, "BTCUSDT", "BTC");
    pipe_add(p, MR_VENUE_binance, 1, "ETHUSDT", "ETH");
    pipe_add(p, MR_VENUE_binance, 0, "BTCUSDT", "BTC");
    pipe_add(p, MR_VENUE_bybit, 0, "BTCUSDT", "BTC");
    mr_pipeline_config_default(&p->config, p->instruments, 8);
    p->config.books_max = 4;
    p->config.book_depth = 64;
    p->config.trade_flow = true;
    p->config.volatility.instrument = BTC_SPOT;
    p->config.on_signal = pipe_on_signal;
    p->config.on_broken = pipe_on_broken;
    p->config.arg = p;
}

static inline void pipe_start(struct pipe *p)
{
    const struct mr_pipeline_metric_blocks blocks = {&p->metrics, &p->book, &p->velocity, &p->flow, &p->signal};
    p->mem = pipe_room(mr_pipeline_bytes(&p->config));
    p->pipeline = mr_pipeline_init(p->mem, &p->config, &blocks);
}

static inline void pipe_close(struct pipe *p)
{
    free(p->mem);
    free(p->instruments);
    free(p->digest_mem);
}

static inline void pipe_event(struct pipe *p, const struct mr_event *ev)
{
    union mr_slot group = {.event = *ev};
    mr_pipeline_apply(p->pipeline, &group);
}

static inline struct mr_event story_liquidation(int64_t at, uint32_t instrument, int64_t usd, bool is_short)
{
    return (struct mr_event){.recv_ns = at,
                             .venue_ns = at,
                             .kind = MR_EVENT_LIQUIDATION,
                             .instrument = instrument,
                             .price = 6500000000000,
                             .size = usd,
                             .aux = usd * 1000000,
                             .flags = (uint8_t)(MR_FLAG_FIRST | MR_FLAG_LAST | (is_short ? MR_FLAG_SELL : 0))};
}

static inline struct mr_event story_trade(int64_t at, uint32_t instrument, int64_t price, bool sell)
{
    return (struct mr_event){.recv_ns = at,
                             .venue_ns = at,
                             .kind = MR_EVENT_TRADE,
                             .instrument = instrument,
                             .price = price,
                             .size = 1000000,
                             .aux = 650000000,
                             .flags = (uint8_t)(MR_FLAG_FIRST | MR_FLAG_LAST | (sell ? MR_FLAG_SELL : 0))};
}

/* `seconds` of a market from one seed: trades, marks, open interest, funding; liquidations now and then, and a cascade of half a
 * minute every four minutes in one of the underlyings. In time order, some at one time, some exactly on the grid. */
static inline uint32_t story_make(struct mr_event *out, uint32_t max, uint64_t seed, int64_t seconds)
{
    struct mr_random r = {seed};
    int64_t price = 6500000000000;
    uint32_t n = 0;
    for (int64_t at = T0 + 1; at < T0 + seconds * SEC && n < max;) {
        int64_t s = (at - T0) / SEC;
        bool cascade = s >= 400 && s % 240 < 30;
        bool eth = s / 240 % 2;
        uint64_t what = mr_random_below(&r, 100);
        if (what < (cascade ? 80u : 2u)) {
            uint32_t id = eth ? ETH_USDM : mr_random_below(&r, 2) ? BTC_USDM : BTC_BYBIT;
            out[n++] =
                story_liquidation(at, id, 1000 + (int64_t)mr_random_below(&r, 200000), mr_random_below(&r, 4) == 0);
        } else if (what < 92) {
            price += (int64_t)mr_random_below(&r, 6000000001) - 3000000000;
            out[n++] = story_trade(at, (uint32_t)mr_random_below(&r, INSTRUMENTS), price, mr_random_below(&r, 2));
        } else {
            static const uint8_t kinds[] = {MR_EVENT_MARK, MR_EVENT_FUNDING, MR_EVENT_OPEN_INTEREST};
            uint8_t kind = kinds[what % 3];
            out[n++] =
                (struct mr_event){.recv_ns = at,
                                  .kind = kind,
                                  .instrument = (uint32_t)mr_random_below(&r, 2),
                                  .flags = MR_FLAG_FIRST | MR_FLAG_LAST,
                                  .exponent = -8,
                                  .price = kind == MR_EVENT_FUNDING ? 10000 + (int64_t)mr_random_below(&r, 90000)
                                                                    : price + (int64_t)mr_random_below(&r, 1000000),
                                  .size = kind == MR_EVENT_OPEN_INTEREST ? MR_OI_BASE : 0,
                                  .aux = 0};
        }
        if (mr_random_below(&r, 5))
            at += 1 + (int64_t)mr_random_below(&r, cascade ? 60 * MS : 250 * MS);
        if (mr_random_below(&r, 30) == 0)
            at += MR_TICK_NS - at % MR_TICK_NS; /* T0 is on the grid */
    }
    return n;
}

#endif
