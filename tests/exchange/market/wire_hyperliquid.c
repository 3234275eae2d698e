/* Hyperliquid's wire shapes: whole books of 20 levels, no sequence numbers, no liquidation channel. */
#include "tests/exchange/market/market_priv.h"

#define MS(ns) ((long long)((ns) / 1000000))

static void level(struct mr_text *t, const struct stream *s, const struct mr_level *l, bool first)
{
    mr_text_add(t, first ? "{\"px\":\"" : ",{\"px\":\"");
    mr_market_price(t, s, l->price);
    mr_text_add(t, "\",\"sz\":\"");
    mr_market_size(t, s, l->size);
    mr_text_format(t, "\",\"n\":%lld}", (long long)(1 + l->size % 9));
}

static void side(struct mr_text *t, const struct stream *s, bool ask)
{
    struct mr_level levels[20];
    uint32_t n = mr_market_side(s, ask, levels, 20);
    mr_text_add(t, "[");
    for (uint32_t i = 0; i < n; i++)
        level(t, s, &levels[i], i == 0);
    mr_text_add(t, "]");
}

static void image(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    mr_text_format(t, "{\"channel\":\"l2Book\",\"data\":{\"coin\":\"%s\",\"time\":%lld,\"levels\":[", s->symbol,
                   MS(now_ns));
    side(t, s, false);
    mr_text_add(t, ",");
    side(t, s, true);
    mr_text_add(t, "]}}");
}

static void best(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    struct mr_level bid, ask;
    mr_market_side(s, false, &bid, 1);
    mr_market_side(s, true, &ask, 1);
    mr_text_format(t, "{\"channel\":\"bbo\",\"data\":{\"coin\":\"%s\",\"time\":%lld,\"bbo\":[", s->symbol, MS(now_ns));
    level(t, s, &bid, true);
    level(t, s, &ask, false);
    mr_text_add(t, "]}}");
}

/* Every 50th trade of the full market is one of the house's: a position it takes over from who was liquidated. */
static void users(struct mr_text *t, const struct stream *s, const struct trade *trade)
{
    if (s->full && trade->id % 50 == 0 && trade->sell) {
        mr_text_format(t, "\"%s\",\"0x%040llx\"", MR_MARKET_HOUSE, (unsigned long long)trade->id * 13);
        return;
    }
    mr_text_format(t, "\"0x%040llx\",\"0x%040llx\"", (unsigned long long)trade->id * 7,
                   (unsigned long long)trade->id * 13);
}

static void fill(struct mr_text *t, const struct stream *s, const struct trade *trade)
{
    mr_text_format(t, "{\"coin\":\"%s\",\"side\":\"%s\",\"px\":\"", s->symbol, trade->sell ? "A" : "B");
    mr_market_price(t, s, trade->price);
    mr_text_add(t, "\",\"sz\":\"");
    mr_market_size(t, s, trade->size);
    mr_text_format(t, "\",\"time\":%lld,\"hash\":\"0x%064llx\",\"tid\":%llu,\"users\":[", MS(trade->time_ns),
                   (unsigned long long)trade->id * 2654435761u, (unsigned long long)trade->id + 100000000000000ull);
    users(t, s, trade);
    mr_text_add(t, "]}");
}

static void trade(struct mr_text *t, struct stream *s, int64_t now_ns, int64_t price, int64_t size, bool sell)
{
    mr_text_add(t, "{\"channel\":\"trades\",\"data\":[");
    fill(t, s, &(struct trade){now_ns, price, size, s->trade_id, sell});
    mr_text_add(t, "]}");
}

/* The trades of before, oldest first, in one message. */
static void backfill(struct mr_text *t, struct stream *s)
{
    uint32_t n = s->recent_count < RECENT ? s->recent_count : RECENT;
    mr_text_add(t, "{\"channel\":\"trades\",\"data\":[");
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            mr_text_add(t, ",");
        fill(t, s, &s->recent[(s->recent_count - n + i) % RECENT]);
    }
    mr_text_add(t, "]}");
}

static void candle(struct mr_text *t, const struct stream *s, const struct candle *c, bool closed, int64_t now_ns)
{
    const struct {
        const char *name;
        int64_t price;
    } prices[] = {{"o", c->open}, {"c", c->close}, {"h", c->high}, {"l", c->low}};
    (void)closed; /* a candle has ended when the next begins */
    (void)now_ns;
    mr_text_format(t, "{\"channel\":\"candle\",\"data\":{\"t\":%lld,\"T\":%lld,\"s\":\"%s\",\"i\":\"1m\"",
                   MS(c->open_ns), MS(c->open_ns) + 59999, s->symbol);
    for (size_t i = 0; i < MR_COUNT_OF(prices); i++) {
        mr_text_format(t, ",\"%s\":\"", prices[i].name);
        mr_market_price(t, s, prices[i].price);
        mr_text_add(t, "\"");
    }
    mr_text_add(t, ",\"v\":\"");
    mr_market_size(t, s, c->volume);
    mr_text_format(t, "\",\"n\":%u}}", c->trades);
}

static void marks(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    (void)now_ns;
    mr_text_format(t,
                   "{\"channel\":\"activeAssetCtx\",\"data\":{\"coin\":\"%s\",\"ctx\":{\"funding\":\"0.%010lld\","
                   "\"openInterest\":\"",
                   s->symbol, (long long)s->funding_e8 * 12);
    mr_market_size(t, s, s->interest);
    mr_text_add(t, "\",\"prevDayPx\":\"");
    mr_market_price(t, s, s->index);
    mr_text_add(t, "\",\"dayNtlVlm\":\"4161029539.6949653625\",\"premium\":\"-0.0006413454\",\"oraclePx\":\"");
    mr_market_price(t, s, s->index);
    mr_text_add(t, "\",\"markPx\":\"");
    mr_market_price(t, s, s->mark);
    mr_text_add(t, "\",\"midPx\":null,\"impactPxs\":null,\"dayBaseVlm\":\"49116.08533\"}}}");
}

static void instruments(struct mr_text *t, const struct stream *streams, uint32_t n, struct mr_text *url)
{
    mr_text_add(url, "https://api.hyperliquid.xyz/info");
    mr_text_add(t, "{\"universe\":[");
    for (uint32_t i = 0; i < n; i++)
        mr_text_format(t, "%s{\"szDecimals\":%d,\"name\":\"%s\",\"maxLeverage\":40,\"marginTableId\":56}", i ? "," : "",
                       streams[i].size_decimals, streams[i].symbol);
    mr_text_add(t, "],\"marginTables\":[],\"collateralToken\":0}");
}

const struct writer mr_market_hyperliquid = {
    .venue = "hyperliquid",
    .product = "perp",
    .instruments = instruments,
    .asked_only = true,
    .image = image,
    .best = best,
    .trade = trade,
    .marks = marks,
    .candle = candle,
    .backfill = backfill,
};
