/* Bybit v5's wire shapes of 2026: the linear product. */
#include "tests/exchange/market/market_priv.h"

#define MS(ns) ((long long)((ns) / 1000000))

static void level(struct mr_text *t, const struct stream *s, int64_t price, int64_t size, bool first)
{
    mr_text_add(t, first ? "[\"" : ",[\"");
    mr_market_price(t, s, price);
    mr_text_add(t, "\",\"");
    if (size)
        mr_market_size(t, s, size);
    else
        mr_text_add(t, "0");
    mr_text_add(t, "\"]");
}

static void changes(struct mr_text *t, const struct stream *s, bool ask)
{
    bool first = true;
    for (uint32_t i = 0; i < s->changes_count; i++)
        if (s->changes[i].ask == ask) {
            level(t, s, s->changes[i].price_idx * s->step, s->changes[i].size, first);
            first = false;
        }
}

static void side(struct mr_text *t, const struct stream *s, bool ask)
{
    struct mr_level levels[LADDER];
    uint32_t n = mr_market_side(s, ask, levels, LADDER);
    for (uint32_t i = 0; i < n; i++)
        level(t, s, levels[i].price, levels[i].size, i == 0);
}

static void book(struct mr_text *t, struct stream *s, int64_t now_ns, bool image)
{
    s->seq = s->prev_seq + 1; /* u rises by one */
    mr_text_format(t, "{\"topic\":\"orderbook.200.%s\",\"type\":\"%s\",\"ts\":%lld,\"data\":{\"s\":\"%s\",\"b\":[",
                   s->symbol, image ? "snapshot" : "delta", MS(now_ns), s->symbol);
    (image ? side : changes)(t, s, false);
    mr_text_add(t, "],\"a\":[");
    (image ? side : changes)(t, s, true);
    mr_text_format(t, "],\"u\":%llu,\"seq\":%llu},\"cts\":%lld}", (unsigned long long)s->seq,
                   (unsigned long long)s->seq * 7, MS(now_ns) - 2);
}

static void image(struct mr_text *t, struct stream *s, int64_t now_ns) { book(t, s, now_ns, true); }

static void update(struct mr_text *t, struct stream *s, int64_t now_ns) { book(t, s, now_ns, false); }

static void trade(struct mr_text *t, struct stream *s, int64_t now_ns, int64_t price, int64_t size, bool sell)
{
    mr_text_format(t,
                   "{\"topic\":\"publicTrade.%s\",\"type\":\"snapshot\",\"ts\":%lld,\"data\":[{\"T\":%lld,\"s\":\"%s\","
                   "\"S\":\"%s\",\"v\":\"",
                   s->symbol, MS(now_ns), MS(now_ns) - 2, s->symbol, sell ? "Sell" : "Buy");
    mr_market_size(t, s, size);
    mr_text_add(t, "\",\"p\":\"");
    mr_market_price(t, s, price);
    mr_text_format(t,
                   "\",\"L\":\"%s\",\"i\":\"%08llx-77a2-5ebe-851b-%012llx\",\"BT\":false,\"RPI\":false,\"seq\":%llu}]}",
                   sell ? "MinusTick" : "PlusTick", (unsigned long long)(s->trade_id * 2654435761u & 0xffffffffu),
                   (unsigned long long)(s->trade_id & 0xffffffffffffu), (unsigned long long)s->seq * 7);
}

/* Every liquidation of the last half second, oldest first. */
static void liquidation(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    mr_text_format(t, "{\"topic\":\"allLiquidation.%s\",\"type\":\"snapshot\",\"ts\":%lld,\"data\":[", s->symbol,
                   MS(now_ns));
    for (uint32_t i = 0; i < s->pending_count; i++) {
        const struct pending *p = &s->pending[i];
        mr_text_format(t, "%s{\"T\":%lld,\"s\":\"%s\",\"S\":\"%s\",\"v\":\"", i ? "," : "", MS(p->time_ns), s->symbol,
                       p->short_side ? "Sell" : "Buy");
        mr_market_size(t, s, p->size);
        mr_text_add(t, "\",\"p\":\"");
        mr_market_price(t, s, p->price);
        mr_text_add(t, "\"}");
    }
    mr_text_add(t, "]}");
}

/* A ticker delta: mark, index, funding and open interest in one. */
static void marks(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    mr_text_format(t, "{\"topic\":\"tickers.%s\",\"type\":\"delta\",\"data\":{\"symbol\":\"%s\",\"markPrice\":\"",
                   s->symbol, s->symbol);
    mr_market_price(t, s, s->mark);
    mr_text_add(t, "\",\"indexPrice\":\"");
    mr_market_price(t, s, s->index);
    mr_text_format(t, "\",\"fundingRate\":\"0.%08lld\",\"nextFundingTime\":\"%lld\"},\"cs\":%llu,\"ts\":%lld}",
                   (long long)s->funding_e8, MS(now_ns / 28800000000000ll * 28800000000000ll + 28800000000000ll),
                   (unsigned long long)s->seq * 7, MS(now_ns));
}

/* The image of all that tickers tell: deltas after it name what changed. */
static void ticker(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    mr_text_format(t,
                   "{\"topic\":\"tickers.%s\",\"type\":\"snapshot\",\"data\":{\"symbol\":\"%s\",\"tickDirection\":"
                   "\"PlusTick\",\"lastPrice\":\"",
                   s->symbol, s->symbol);
    mr_market_price(t, s, s->high[0] * s->step);
    mr_text_add(t, "\",\"markPrice\":\"");
    mr_market_price(t, s, s->mark);
    mr_text_add(t, "\",\"indexPrice\":\"");
    mr_market_price(t, s, s->index);
    mr_text_add(t, "\",\"openInterest\":\"");
    mr_market_size(t, s, 2 * s->interest); /* both sides */
    mr_text_add(t, "\",\"singleOpenInterest\":\"");
    mr_market_size(t, s, s->interest);
    mr_text_format(t,
                   "\",\"fundingIntervalHour\":\"8\",\"nextFundingTime\":\"%lld\",\"fundingRate\":\"0.%08lld\"},\"cs\":"
                   "%llu,\"ts\":%lld}",
                   MS(now_ns / 28800000000000ll * 28800000000000ll + 28800000000000ll),
                   (long long)(s->funding_e8 ? s->funding_e8 : 1000), (unsigned long long)s->seq * 7, MS(now_ns));
}

static void interest(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url)
{
    (void)url; /* it comes in the stream */
    mr_text_format(t, "{\"topic\":\"tickers.%s\",\"type\":\"delta\",\"data\":{\"symbol\":\"%s\",\"openInterest\":\"",
                   s->symbol, s->symbol);
    mr_market_size(t, s, 2 * s->interest); /* both sides */
    mr_text_add(t, "\",\"singleOpenInterest\":\"");
    mr_market_size(t, s, s->interest);
    mr_text_format(t, "\"},\"cs\":%llu,\"ts\":%lld}", (unsigned long long)s->seq * 7, MS(now_ns));
}

/* orderbook.1: always an image, numbered as the book. */
static void top(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    struct mr_level best;
    mr_text_format(t, "{\"topic\":\"orderbook.1.%s\",\"type\":\"snapshot\",\"ts\":%lld,\"data\":{\"s\":\"%s\",\"b\":[",
                   s->symbol, MS(now_ns), s->symbol);
    if (mr_market_side(s, false, &best, 1))
        level(t, s, best.price, best.size, true);
    mr_text_add(t, "],\"a\":[");
    if (mr_market_side(s, true, &best, 1))
        level(t, s, best.price, best.size, true);
    mr_text_format(t, "],\"u\":%llu,\"seq\":%llu},\"cts\":%lld}", (unsigned long long)s->seq,
                   (unsigned long long)s->seq * 7, MS(now_ns) - 2);
}

static void candle(struct mr_text *t, const struct stream *s, const struct candle *c, bool closed, int64_t now_ns)
{
    mr_text_format(t, "{\"topic\":\"kline.1.%s\",\"data\":[{\"start\":%lld,\"end\":%lld,\"interval\":\"1\"", s->symbol,
                   MS(c->open_ns), MS(c->open_ns) + 59999);
    const struct {
        const char *name;
        int64_t price;
    } prices[] = {{"open", c->open}, {"close", c->close}, {"high", c->high}, {"low", c->low}};
    for (size_t i = 0; i < MR_COUNT_OF(prices); i++) {
        mr_text_format(t, ",\"%s\":\"", prices[i].name);
        mr_market_price(t, s, prices[i].price);
        mr_text_add(t, "\"");
    }
    mr_text_add(t, ",\"volume\":\"");
    mr_market_size(t, s, c->volume);
    mr_text_add(t, "\",\"turnover\":\"");
    mr_text_decimal(t, c->turnover, s->price_decimals + s->size_decimals);
    mr_text_format(t, "\",\"confirm\":%s,\"timestamp\":%lld}],\"ts\":%lld,\"type\":\"snapshot\"}",
                   closed ? "true" : "false", MS(now_ns), MS(now_ns));
}

static void decimals(struct mr_text *t, int places)
{
    char text[MR_DECIMAL_TEXT];
    mr_decimal_text(1, places, text);
    mr_text_add(t, text);
}

static void instruments(struct mr_text *t, const struct stream *streams, uint32_t n, struct mr_text *url)
{
    mr_text_add(url, "https://api.bybit.com/v5/market/instruments-info?category=linear&limit=1000");
    mr_text_add(t, "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"linear\",\"list\":[");
    for (uint32_t i = 0; i < n; i++) {
        mr_text_format(t,
                       "%s{\"symbol\":\"%s\",\"contractType\":\"LinearPerpetual\",\"status\":\"Trading\",\"baseCoin\":"
                       "\"%.3s\",\"quoteCoin\":\"USDT\",\"settleCoin\":\"USDT\",\"priceFilter\":{\"tickSize\":\"",
                       i ? "," : "", streams[i].symbol, streams[i].symbol);
        decimals(t, streams[i].price_decimals);
        mr_text_add(t, "\"},\"lotSizeFilter\":{\"qtyStep\":\"");
        decimals(t, streams[i].size_decimals);
        mr_text_add(t, "\"},\"fundingInterval\":480}");
    }
    mr_text_add(t, "],\"nextPageCursor\":\"\"},\"retExtInfo\":{},\"time\":0}");
}

const struct writer mr_market_bybit_linear = {
    .venue = "bybit",
    .product = "linear",
    .instruments = instruments,
    .image = image,
    .update = update,
    .trade = trade,
    .liquidation = liquidation,
    .marks = marks,
    .interest = interest,
    .ticker = ticker,
    .top = top,
    .candle = candle,
    .liquidation_every_ns = 500000000,
    .liquidations_a_time = PENDING_MAX,
};
