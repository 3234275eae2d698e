/* MEXC futures' wire shapes of 2026: numbers bare, sizes in contracts, symbol first and channel behind the data.
 *
 * Of its two kinds of updates BTC has the merged one (begin .. end) and ETH single versions, so that both are on the tape. */
#include "tests/exchange/market/market_priv.h"

#define MS(ns) ((long long)((ns) / 1000000))
#define TOP 5 /* levels of depth.full */

static void level(struct mr_text *t, const struct stream *s, int64_t price, int64_t size, bool first)
{
    mr_text_add(t, first ? "[" : ",[");
    mr_market_price(t, s, price);
    mr_text_format(t, ",%lld,%d]", (long long)size, size ? 1 + (int)(size % 4) : 0);
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

static void side(struct mr_text *t, const struct stream *s, bool ask, uint32_t most)
{
    struct mr_level levels[LADDER];
    uint32_t n = mr_market_side(s, ask, levels, most);
    for (uint32_t i = 0; i < n; i++)
        level(t, s, levels[i].price, levels[i].size, i == 0);
}

static void open_message(struct mr_text *t, const struct stream *s)
{
    mr_text_format(t, "{\"symbol\":\"%s\",\"data\":", s->symbol);
}

static void close_message(struct mr_text *t, const char *channel, int64_t now_ns)
{
    mr_text_format(t, ",\"channel\":\"push.%s\",\"ts\":%lld}", channel, MS(now_ns));
}

static void update(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    bool merged = s->underlying == 0;
    if (!merged)
        s->seq = s->prev_seq + 1;
    open_message(t, s);
    mr_text_format(t, "{\"cts\":%lld,\"asks\":[", MS(now_ns) - 2);
    changes(t, s, true);
    mr_text_add(t, "],\"bids\":[");
    changes(t, s, false);
    mr_text_add(t, "],");
    if (merged)
        mr_text_format(t, "\"end\":%llu,\"begin\":%llu,", (unsigned long long)s->seq, (unsigned long long)s->first_seq);
    mr_text_format(t, "\"version\":%llu}", (unsigned long long)s->seq);
    close_message(t, "depth", now_ns);
}

static void snapshot(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url)
{
    mr_text_format(url, "https://api.mexc.com/api/v1/contract/depth/%s?limit=1000", s->symbol);
    mr_text_add(t, "{\"success\":true,\"code\":0,\"data\":{\"asks\":[");
    side(t, s, true, LADDER);
    mr_text_add(t, "],\"bids\":[");
    side(t, s, false, LADDER);
    mr_text_format(t, "],\"version\":%llu,\"timestamp\":%lld}}", (unsigned long long)s->seq, MS(now_ns));
}

static void top(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    open_message(t, s);
    mr_text_format(t, "{\"cts\":%lld,\"asks\":[", MS(now_ns) - 2);
    side(t, s, true, TOP);
    mr_text_add(t, "],\"bids\":[");
    side(t, s, false, TOP);
    mr_text_format(t, "],\"version\":%llu}", (unsigned long long)s->seq);
    close_message(t, "depth.full", now_ns);
}

static void trade(struct mr_text *t, struct stream *s, int64_t now_ns, int64_t price, int64_t size, bool sell)
{
    open_message(t, s);
    mr_text_add(t, "[{\"p\":");
    mr_market_price(t, s, price);
    mr_text_format(t, ",\"v\":%lld,\"T\":%d,\"O\":3,\"M\":2,\"t\":%lld,\"i\":\"%llu\",\"cts\":\"%lld\"}]",
                   (long long)size, sell ? 2 : 1, MS(now_ns) - 2, (unsigned long long)s->trade_id, MS(now_ns) - 2);
    close_message(t, "deal", now_ns);
}

static void rate(struct mr_text *t, const struct stream *s)
{
    mr_text_format(t, "0.%08lld", (long long)(s->funding_e8 ? s->funding_e8 : 1000));
}

static void marks(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    open_message(t, s);
    mr_text_format(t, "{\"symbol\":\"%s\",\"price\":", s->symbol);
    mr_market_price(t, s, s->mark);
    mr_text_add(t, "}");
    close_message(t, "fair.price", now_ns);
}

static void funding(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    open_message(t, s);
    mr_text_format(t, "{\"symbol\":\"%s\",\"rate\":", s->symbol);
    rate(t, s);
    mr_text_format(t, ",\"nextSettleTime\":%lld}", MS(now_ns / 28800000000000ll * 28800000000000ll + 28800000000000ll));
    close_message(t, "funding.rate", now_ns);
}

/* The ticker: open interest is only there. */
static void interest(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url)
{
    const struct {
        const char *name;
        int64_t price;
    } prices[] = {{"lastPrice", s->high[0] * s->step},
                  {"bid1", s->high[0] * s->step},
                  {"ask1", s->low[1] * s->step},
                  {"fairPrice", s->mark},
                  {"indexPrice", s->index}};
    (void)url; /* it comes in the stream */
    open_message(t, s);
    mr_text_format(t, "{\"contractId\":%u,\"symbol\":\"%s\"", 10u + s->underlying, s->symbol);
    for (size_t i = 0; i < MR_COUNT_OF(prices); i++)
        if (prices[i].price > 0) { /* no book yet, no price yet */
            mr_text_format(t, ",\"%s\":", prices[i].name);
            mr_market_price(t, s, prices[i].price);
        }
    mr_text_format(t, ",\"holdVol\":%lld,\"fundingRate\":", (long long)s->interest);
    rate(t, s);
    mr_text_format(t, ",\"amount24\":%llu.6330812345678901,\"timestamp\":%lld}", (unsigned long long)s->trade_id,
                   MS(now_ns));
    close_message(t, "ticker", now_ns);
}

static void candle(struct mr_text *t, const struct stream *s, const struct candle *c, bool closed, int64_t now_ns)
{
    const struct {
        const char *name;
        int64_t price;
    } prices[] = {{"o", c->open}, {"c", c->close}, {"h", c->high}, {"l", c->low}};
    (void)closed; /* nothing says so */
    open_message(t, s);
    mr_text_format(t, "{\"symbol\":\"%s\",\"interval\":\"Min1\",\"t\":%lld", s->symbol, MS(c->open_ns) / 1000);
    for (size_t i = 0; i < MR_COUNT_OF(prices); i++) {
        mr_text_format(t, ",\"%s\":", prices[i].name);
        mr_market_price(t, s, prices[i].price);
    }
    mr_text_add(t, ",\"a\":");
    mr_text_decimal(t, c->turnover, s->price_decimals + s->size_decimals);
    mr_text_format(t, ",\"q\":%lld}", (long long)c->volume);
    close_message(t, "kline", now_ns);
}

static void instruments(struct mr_text *t, const struct stream *streams, uint32_t n, struct mr_text *url)
{
    mr_text_add(url, "https://api.mexc.com/api/v1/contract/detail");
    mr_text_add(t, "{\"success\":true,\"code\":0,\"data\":[");
    for (uint32_t i = 0; i < n; i++) {
        const struct stream *s = &streams[i];
        mr_text_format(t,
                       "%s{\"symbol\":\"%s\",\"baseCoin\":\"%.3s\",\"quoteCoin\":\"USDT\",\"settleCoin\":\"USDT\","
                       "\"contractSize\":",
                       i ? "," : "", s->symbol, s->symbol);
        mr_text_decimal(t, s->contract_micro, 6);
        mr_text_format(t, ",\"priceScale\":%d,\"volScale\":0,\"priceUnit\":", s->price_decimals);
        mr_text_decimal(t, 1, s->price_decimals);
        mr_text_add(t, ",\"volUnit\":1,\"minVol\":1,\"maxVol\":1000000,\"state\":0,\"apiAllowed\":false}");
    }
    mr_text_add(t, "]}");
}

const struct writer mr_market_mexc = {
    .venue = "mexc",
    .product = "futures",
    .instruments = instruments,
    .snapshot = snapshot,
    .update = update,
    .trade = trade,
    .marks = marks,
    .interest = interest,
    .top = top,
    .candle = candle,
    .funding = funding,
};
