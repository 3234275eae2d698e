/* The fast path of trades and best bids and asks: the members in the order Binance sends them, in a wrapper
 * ({"stream":"btcusdt@trade","data":{..}}) or bare.
 *
 *   futures {"e":"aggTrade","E":1,"a":1,"s":"BTCUSDT","p":"1.0","q":"2","nq":"2","f":1,"l":1,"T":1,"m":true,"st":1}
 *           {"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":"1.0","q":"2","X":"MARKET","m":true,"st":1}
 *           {"e":"bookTicker","u":1,"s":"BTCUSDT","ps":"BTCUSDT","b":"1.0","B":"2","a":"1.1","A":"2","T":1,"E":1,"st":1}
 *   spot    {"e":"aggTrade","E":1,"s":"BTCUSDT","a":1,"p":"1.0","q":"2","f":1,"l":1,"T":1,"m":true,"M":true}
 *           {"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"1.0","q":"2","T":1,"m":true,"M":true}
 *           {"u":1,"s":"BTCUSDT","b":"1.0","B":"2","a":"1.1","A":"2"}
 *
 * nq (since 2025), ps and st (2026) may be missing. Every byte is compared or converted; anything else is MR_E_AGAIN. */
#include "codecs/venue/binance/binance_priv.h"
#include "codecs/venue/usual_small.h"

/* What stands behind the last member. */
MR_INLINE bool closed(struct scan *s, bool wrapped) { return THEN(s, "}") && (!wrapped || THEN(s, "}")) && at_end(s); }

/* "m" and what stands behind it, to the message's end. */
MR_INLINE int end_trade(struct scan *s, struct mr_decoder *dec, const struct mr_instrument *it, struct mr_event *in,
                        bool wrapped, union mr_slot *out)
{
    if (!THEN(s, ",\"m\":") || !SIDE(s, "true", "false", &in->flags))
        return MR_E_AGAIN;
    if (!THEN(s, ",\"st\":1"))
        (void)THEN(s, ",\"M\":true");
    if (!closed(s, wrapped))
        return MR_E_AGAIN;
    bool primary = (dec->kind == KIND_TRADE) == (dec->product == BINANCE_SPOT);
    in->flags |= primary ? 0 : MR_FLAG_SECONDARY;
    return put_trade(out, dec, MR_EVENT_TRADE, it, in) ? 1 : MR_E_AGAIN;
}

/* Of which number the digits were: places in dec->like. */
enum { ID, FIRST, LAST, UPDATE, PRICE };

MR_INLINE bool symbol(struct scan *s, struct mr_decoder *dec, struct named *of)
{
    return THEN(s, ",\"s\":\"") && instrument(s, dec, of);
}

MR_INLINE bool price_and_size(struct scan *s, struct mr_decoder *dec, const struct mr_instrument *it,
                              struct mr_event *in)
{
    return THEN(s, ",\"p\":\"") && price(s, it->price_scale, &dec->like[PRICE], &in->price) && THEN(s, ",\"q\":\"") &&
           decimal(s, it->size_scale, &in->size);
}

static int agg_trade(struct scan at, struct mr_decoder *dec, bool wrapped, union mr_slot *out)
{
    struct scan *s = &at;
    struct named of;
    struct mr_event in = {.seq = 0};
    int64_t unused;
    if (!THEN(s, ",\"E\":") || !skip_time(s))
        return MR_E_AGAIN;
    bool futures = FOUND(s, ",\"a\":");
    if ((futures && !integer(s, &dec->like[ID], &in.seq)) || !symbol(s, dec, &of))
        return MR_E_AGAIN;
    if (!futures && !(FOUND(s, ",\"a\":") && integer(s, &dec->like[ID], &in.seq)))
        return MR_E_AGAIN;
    if (!price_and_size(s, dec, of.it, &in) || (FOUND(s, ",\"nq\":\"") && !decimal(s, of.it->size_scale, &unused)))
        return MR_E_AGAIN;
    if (!(THEN(s, ",\"f\":") && skip_integer(s, &dec->like[FIRST]) && THEN(s, ",\"l\":") &&
          skip_integer(s, &dec->like[LAST]) && THEN(s, ",\"T\":") && time_ns(s, &in.venue_ns)))
        return MR_E_AGAIN;
    dec->kind = KIND_AGG_TRADE;
    return end_trade(s, dec, of.it, &in, wrapped, out);
}

static int trade(struct scan at, struct mr_decoder *dec, bool wrapped, union mr_slot *out)
{
    struct scan *s = &at;
    struct named of;
    struct mr_event in = {.seq = 0};
    if (!THEN(s, ",\"E\":") || !skip_time(s))
        return MR_E_AGAIN;
    bool futures = FOUND(s, ",\"T\":");
    if ((futures && !time_ns(s, &in.venue_ns)) || !symbol(s, dec, &of))
        return MR_E_AGAIN;
    if (!(THEN(s, ",\"t\":") && integer(s, &dec->like[ID], &in.seq) && price_and_size(s, dec, of.it, &in)))
        return MR_E_AGAIN;
    /* other X are no prices of the market: the general path marks them */
    if (futures ? !THEN(s, ",\"X\":\"MARKET\"") : !(THEN(s, ",\"T\":") && time_ns(s, &in.venue_ns)))
        return MR_E_AGAIN;
    dec->kind = KIND_TRADE;
    return end_trade(s, dec, of.it, &in, wrapped, out);
}

/* From behind "u": */
MR_INLINE int book_ticker(struct scan *s, struct mr_decoder *dec, bool futures, bool wrapped, union mr_slot *out)
{
    struct named of;
    struct mr_level best[2];
    int64_t venue_ns = 0;
    uint64_t seq;
    if (!integer(s, &dec->like[UPDATE], &seq) || !symbol(s, dec, &of))
        return MR_E_AGAIN;
    if (futures && THEN(s, ",\"ps\":\"") && !same_symbol(s, &of))
        return MR_E_AGAIN;
    if (!(THEN(s, ",\"b\":\"") && price(s, of.it->price_scale, &dec->like[PRICE], &best[0].price) &&
          THEN(s, ",\"B\":\"") && decimal(s, of.it->size_scale, &best[0].size) && THEN(s, ",\"a\":\"") &&
          price(s, of.it->price_scale, &dec->like[PRICE], &best[1].price) && THEN(s, ",\"A\":\"") &&
          decimal(s, of.it->size_scale, &best[1].size)))
        return MR_E_AGAIN;
    if (futures) {
        if (!(THEN(s, ",\"T\":") && time_ns(s, &venue_ns) && THEN(s, ",\"E\":") && skip_time(s)))
            return MR_E_AGAIN;
        (void)THEN(s, ",\"st\":1");
    }
    if (!closed(s, wrapped))
        return MR_E_AGAIN;
    dec->kind = KIND_BOOK_TICKER;
    return put_best(out, dec, of.it, venue_ns, seq, best);
}

int binance_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct scan s;
    if (!usual_open(&s, frame) || unusual(out_max < 2))
        return MR_E_AGAIN;
    bool wrapped = FOUND(&s, "{\"stream\":\"");
    if (wrapped && !(skip_string(&s) && THEN(&s, ",\"data\":")))
        return MR_E_AGAIN;
    const uint32_t event = (uint32_t)(s.p - frame->data);
    if (FOUND(&s, "{\"e\":\"bookTicker\",\"u\":"))
        return book_ticker(&s, dec, true, wrapped, out);
    if (FOUND(&s, "{\"e\":\"aggTrade\""))
        return agg_trade(s, dec, wrapped, out);
    if (FOUND(&s, "{\"e\":\"trade\""))
        return trade(s, dec, wrapped, out);
    if (FOUND(&s, "{\"e\":\"depthUpdate\""))
        return binance_depth_usual(dec, frame, event, out, out_max);
    return FOUND(&s, "{\"u\":") ? book_ticker(&s, dec, false, wrapped, out) : MR_E_AGAIN;
}
