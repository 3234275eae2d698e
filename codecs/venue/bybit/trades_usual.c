/* The fast path of trades, liquidations and orderbook.1: the members in the order Bybit sends them.
 *
 *   linear {"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[{"T":1,"s":"BTCUSDT","S":"Sell","v":"2","p":"1.0",
 *           "L":"MinusTick","i":"a9188a0a-82bc-50de-be60-03eedbe3cdd7","BT":false,"RPI":false,"seq":1},..]}
 *          {"topic":"allLiquidation.BTCUSDT","type":"snapshot","ts":1,"data":[{"T":1,"s":"BTCUSDT","S":"Buy","v":"2","p":"1"},..]}
 *          {"topic":"orderbook.1.BTCUSDT","type":"delta","ts":1,"data":{"s":"BTCUSDT","b":[["1.0","2"]],"a":[],"u":1,"seq":1},
 *           "cts":1}
 *   spot   the same with ts in front of type, and trades as
 *          {"i":"2280000001739247417","T":1,"p":"1.0","v":"2","S":"Sell","seq":1,"s":"ETHUSDT","BT":false,"RPI":false}
 *
 * RPI (2025), seq (2025-08) and cts may be missing. Every byte is compared or converted; anything else is MR_E_AGAIN. */
#include "codecs/venue/bybit/bybit_priv.h"
#include "codecs/venue/usual_stretch.h"

#define UUID 36

/* Of which number the digits were: places in dec->like. */
enum { SEQ, UPDATE, PRICE };

struct head {
    struct named of;
    int64_t ts;
    bool delta;
};

MR_INLINE bool type(struct scan *s, bool *delta)
{
    *delta = FOUND(s, ",\"type\":\"delta\"");
    return *delta || FOUND(s, ",\"type\":\"snapshot\"");
}
MR_INLINE bool ts(struct scan *s, int64_t *out) { return THEN(s, ",\"ts\":") && time_ns(s, out); }

/* SYMBOL","type":"delta","ts":1,"data": */
MR_INLINE bool head(struct scan *s, struct mr_decoder *dec, struct head *h)
{
    if (!instrument(s, dec, &h->of))
        return false;
    bool in_order = type(s, &h->delta) ? ts(s, &h->ts) : ts(s, &h->ts) && type(s, &h->delta);
    return in_order && THEN(s, ",\"data\":");
}

/* ---- trades and liquidations ---- */

/* {"T":1,"s":"BTCUSDT","S":"Sell","v":"2","p":"1.0" */
MR_INLINE bool linear_row(struct scan *s, struct mr_decoder *dec, const struct named *of, struct mr_event *in)
{
    return THEN(s, "{\"T\":") && time_ns(s, &in->venue_ns) && THEN(s, ",\"s\":\"") && same_symbol(s, of) &&
           THEN(s, ",\"S\":\"") && SIDE(s, "Sell\"", "Buy\"", &in->flags) && THEN(s, ",\"v\":\"") &&
           decimal(s, of->it->size_scale, &in->size) && THEN(s, ",\"p\":\"") &&
           price(s, of->it->price_scale, &dec->like[PRICE], &in->price);
}

/* Which way the price went, which is not used: PlusTick, MinusTick, or one of them behind Zero. */
MR_INLINE bool tick(struct scan *s)
{
    uint32_t plus;
    if (!THEN(s, ",\"L\":\""))
        return false;
    skip_if(s, WORD_OF("Zero"), 4);
    return EITHER(s, "Plus", "Minus", &plus) && THEN(s, "Tick\"");
}

/* No block trade, which is no price of the market; RPI says nothing to us. */
MR_INLINE bool no_block(struct scan *s)
{
    uint32_t rpi;
    if (!THEN(s, ",\"BT\":false"))
        return true; /* missing; what else stands here does not pass */
    return !THEN(s, ",\"RPI\":") || EITHER(s, "true", "false", &rpi);
}

MR_INLINE bool seq(struct scan *s, struct mr_decoder *dec, struct mr_event *in)
{
    return !THEN(s, ",\"seq\":") || integer(s, &dec->like[SEQ], &in->seq);
}

MR_INLINE bool linear_trade(struct scan *s, struct mr_decoder *dec, const struct named *of, struct mr_event *in)
{
    return linear_row(s, dec, of, in) && tick(s) && THEN(s, ",\"i\":\"") && skip_text(s, UUID) && no_block(s) &&
           seq(s, dec, in);
}

/* The same of today, with RPI and seq: {"T":1,"s":"BTCUSDT","S":"Sell","v":"2","p":"1.0","L":"MinusTick","i":"..","BT":false,"RPI":false,"seq":1 */
MR_INLINE bool linear_trade_now(struct scan *s, struct mr_decoder *dec, const struct named *of, struct mr_event *in)
{
    /* clang-format off */
#define SELL MR_CHOICE(",\"S\":\"Sell\",\"v\":\"")
#define BUY  MR_CHOICE(",\"S\":\"Buy\",\"v\":\"")
#define TICK(way) MR_CHOICE(",\"L\":\"" way "Tick\",\"i\":\"")
#define RPI(is) MR_CHOICE(",\"RPI\":" is ",\"seq\":")
    static const struct usual_choice sides = {6, {SELL, SELL, BUY, SELL, SELL, SELL, SELL, SELL}}, /* told apart by S, B */
        ticks = {10, {TICK("ZeroPlus"), TICK("Plus"), TICK("Plus"), TICK("Minus"), TICK("Plus"), TICK("ZeroMinus"), TICK("Plus"), TICK("Plus")}}, /* P, s, T, M */
        retail = {7, {RPI("true"), RPI("true"), RPI("true"), RPI("true"), RPI("true"), RPI("true"), RPI("false"), RPI("true")}}; /* t, f */
    /* clang-format on */
    uint32_t way, tick, rpi;
    if (!STRETCH(s, "{\"T\":" MR_STRETCH_TIME ",\"s\":\""))
        return false;
    in->venue_ns = stretch_ns(s, TIME_NOW + 6);
    if (!same_symbol(s, of) || !choice(s, &sides, &way))
        return false;
    in->flags = (uint8_t)((way == ('S' & 7)) * MR_FLAG_SELL);
    return decimal(s, of->it->size_scale, &in->size) && THEN(s, ",\"p\":\"") &&
           price(s, of->it->price_scale, &dec->like[PRICE], &in->price) && choice(s, &ticks, &tick) &&
           STRETCH(s, "************************************\",\"BT\":false") && choice(s, &retail, &rpi) &&
           integer(s, &dec->like[SEQ], &in->seq);
}

MR_INLINE bool spot_trade(struct scan *s, struct mr_decoder *dec, const struct named *of, struct mr_event *in)
{
    return THEN(s, "{\"i\":\"") && skip_string(s) && THEN(s, ",\"T\":") && time_ns(s, &in->venue_ns) &&
           THEN(s, ",\"p\":\"") && price(s, of->it->price_scale, &dec->like[PRICE], &in->price) &&
           THEN(s, ",\"v\":\"") && decimal(s, of->it->size_scale, &in->size) && THEN(s, ",\"S\":\"") &&
           SIDE(s, "Sell\"", "Buy\"", &in->flags) && seq(s, dec, in) && THEN(s, ",\"s\":\"") && same_symbol(s, of) &&
           no_block(s);
}

typedef bool opening_fn(struct scan *s, struct mr_decoder *dec, struct head *h);
typedef bool row_fn(struct scan *s, struct mr_decoder *dec, const struct named *of, struct mr_event *in);

MR_INLINE bool opening(struct scan *s, struct mr_decoder *dec, struct head *h)
{
    return head(s, dec, h) && !h->delta && THEN(s, "[");
}
MR_INLINE bool opening_now(struct scan *s, struct mr_decoder *dec, struct head *h)
{
    return instrument(s, dec, &h->of) && STRETCH(s, ",\"type\":\"snapshot\",\"ts\":" MR_STRETCH_TIME ",\"data\":[");
}

/* The list of rows, from the symbol in the topic on. */
MR_INLINE int rows(struct scan *s, struct mr_decoder *dec, enum mr_event_kind kind, opening_fn *open, row_fn *row,
                   union mr_slot *out, uint32_t out_max)
{
    struct head h;
    uint32_t n = 0;
    if (!open(s, dec, &h))
        return MR_E_AGAIN;
    dec->kind = kind == MR_EVENT_TRADE ? MR_BYBIT_TRADES : MR_BYBIT_LIQUIDATIONS;
    do {
        struct mr_event in = {.seq = 0};
        if (unusual(n == out_max || n == MR_TRADES_MAX) || !row(s, dec, &h.of, &in) || !THEN(s, "}"))
            return MR_E_AGAIN;
        if (kind == MR_EVENT_LIQUIDATION && !(h.of.it->flags & MR_INSTRUMENT_QUOTE_USD))
            in.flags |= MR_FLAG_CAUTION; /* the notional is in another currency than USD */
        if (!put_trade(&out[n++], dec, kind, h.of.it, &in))
            return MR_E_AGAIN;
    } while (FOUND(s, ","));
    return THEN(s, "]}") && at_end(s) ? (int)n : MR_E_AGAIN;
}

static int linear_trades_now(struct scan at, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    return rows(&at, dec, MR_EVENT_TRADE, opening_now, linear_trade_now, out, out_max);
}
static int linear_trades(struct scan at, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    return rows(&at, dec, MR_EVENT_TRADE, opening, linear_trade, out, out_max);
}
static int spot_trades(struct scan at, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    return rows(&at, dec, MR_EVENT_TRADE, opening, spot_trade, out, out_max);
}
static int liquidations(struct scan at, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    return rows(&at, dec, MR_EVENT_LIQUIDATION, opening, linear_row, out, out_max);
}

/* ---- best bid and ask ---- */

/* What a side's best is after [["1.0","2"]], or [] where nothing changed: as decode.c has it, of one level. */
MR_INLINE bool side_after(struct scan *s, const struct mr_instrument *it, struct mr_level *best)
{
    struct mr_level now;
    if (FOUND(s, "[]"))
        return true;
    if (!(THEN(s, "[[\"") && decimal(s, it->price_scale, &now.price) && THEN(s, ",\"") &&
          decimal(s, it->size_scale, &now.size) && THEN(s, "]]")))
        return false;
    if (now.size)
        *best = now;
    else if (now.price == best->price)
        *best = (struct mr_level){0, 0};
    return true;
}

/* u 1 restarts the book, and is the only one of a delta that is an image: for the general path. */
static int best(struct scan at, struct mr_decoder *dec, union mr_slot *out)
{
    struct scan *s = &at;
    struct head h;
    uint64_t u;
    if (!head(s, dec, &h) || !THEN(s, "{\"s\":\"") || !same_symbol(s, &h.of))
        return MR_E_AGAIN;
    struct mr_bybit_ticker *state = (struct mr_bybit_ticker *)dec->state + h.of.it->id;
    struct mr_level top[2] = {{0, 0}, {0, 0}};
    if (h.delta) {
        top[0] = state->top_bid;
        top[1] = state->top_ask;
    }
    if (!(THEN(s, ",\"b\":") && side_after(s, h.of.it, &top[0]) && THEN(s, ",\"a\":") &&
          side_after(s, h.of.it, &top[1]) && THEN(s, ",\"u\":") && integer(s, &dec->like[UPDATE], &u) && u != 1 &&
          (!THEN(s, ",\"seq\":") || skip_integer(s, &dec->like[SEQ])) && THEN(s, "}") &&
          (!THEN(s, ",\"cts\":") || time_ns(s, &h.ts)) && THEN(s, "}") && at_end(s)))
        return MR_E_AGAIN;
    state->top_bid = top[0];
    state->top_ask = top[1];
    state->known |= MR_BYBIT_KNOWN_TOP;
    dec->kind = MR_BYBIT_BOOK_1 + h.delta;
    return put_best(out, dec, h.of.it, h.ts, u, top);
}

int mr_bybit_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct scan s;
    if (!usual_open(&s, frame) || unusual(out_max < 2))
        return MR_E_AGAIN;
    if (STRETCH(&s, "{\"topic\":\"publicTrade.")) {
        if (dec->product == MR_BYBIT_SPOT)
            return spot_trades(s, dec, out, out_max);
        int n = linear_trades_now(s, dec, out, out_max);
        return as_usual(n > 0) ? n : linear_trades(s, dec, out, out_max);
    }
    if (STRETCH(&s, "{\"topic\":\"orderbook.1."))
        return best(s, dec, out);
    return STRETCH(&s, "{\"topic\":\"allLiquidation.") ? liquidations(s, dec, out, out_max)
                                                       : mr_bybit_books_usual(dec, frame, out, out_max);
}
