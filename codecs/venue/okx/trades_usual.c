/* The fast path of trades and bbo-tbt: the members in the order OKX sends them.
 *
 *   {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"1","px":"1.0","sz":"2",
 *    "side":"buy","ts":"1","count":"1","source":"0","seqId":1},..]}            what follows ts: since 2023
 *   {"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["1.1","2","0","1"]],"bids":[["1.0","2","0","1"]],
 *    "ts":"1","seqId":1}]}
 *
 * Every byte is compared or converted; anything else is MR_E_AGAIN. */
#include "codecs/venue/okx/okx_priv.h"
#include "codecs/venue/usual_small.h"

/* A whole number in quotes, from behind the opening one. */
MR_INLINE bool quoted(struct scan *s, uint8_t *like, uint64_t *out) { return integer(s, like, out) && THEN(s, "\""); }
MR_INLINE bool skip_quoted(struct scan *s, uint8_t *like) { return skip_integer(s, like) && THEN(s, "\""); }

/* Of which number the digits were: places in dec->like. */
enum { TRADE_ID, COUNT, SOURCE, SEQ, ORDERS, PRICE };

MR_INLINE bool head(struct scan *s, struct mr_decoder *dec, struct named *of)
{
    return THEN(s, ",\"instId\":\"") && instrument(s, dec, of) && THEN(s, "},\"data\":[");
}

MR_INLINE bool trade(struct scan *s, struct mr_decoder *dec, const struct named *of, struct mr_event *in)
{
    return THEN(s, "{\"instId\":\"") && same_symbol(s, of) && THEN(s, ",\"tradeId\":\"") &&
           quoted(s, &dec->like[TRADE_ID], &in->seq) && THEN(s, ",\"px\":\"") &&
           price(s, of->it->price_scale, &dec->like[PRICE], &in->price) && THEN(s, ",\"sz\":\"") &&
           decimal(s, of->it->size_scale, &in->size) && THEN(s, ",\"side\":\"") &&
           SIDE(s, "sell\"", "buy\"", &in->flags) && THEN(s, ",\"ts\":\"") && time_ns(s, &in->venue_ns) &&
           THEN(s, "\"") && (!THEN(s, ",\"count\":\"") || skip_quoted(s, &dec->like[COUNT])) &&
           (!THEN(s, ",\"source\":\"") || skip_quoted(s, &dec->like[SOURCE])) &&
           (!THEN(s, ",\"seqId\":") || skip_integer(s, &dec->like[SEQ])) && THEN(s, "}");
}

static int trades(struct scan at, struct mr_decoder *dec, bool all, union mr_slot *out, uint32_t out_max)
{
    struct scan *s = &at;
    struct named of;
    uint32_t n = 0;
    if (!head(s, dec, &of))
        return MR_E_AGAIN;
    dec->kind = all ? MR_OKX_KIND_TRADES_ALL : MR_OKX_KIND_TRADES;
    do {
        struct mr_event in = {.seq = 0};
        if (unusual(n == out_max || n == MR_TRADES_MAX) || !trade(s, dec, &of, &in))
            return MR_E_AGAIN;
        in.flags |= all ? MR_FLAG_SECONDARY : 0;
        if (!put_trade(&out[n++], dec, MR_EVENT_TRADE, of.it, &in))
            return MR_E_AGAIN;
    } while (FOUND(s, ","));
    return THEN(s, "]}") && at_end(s) ? (int)n : MR_E_AGAIN;
}

/* [["1.1","2","0","1"]]: an empty side is for the general path. */
MR_INLINE bool level(struct scan *s, struct mr_decoder *dec, const struct mr_instrument *it, struct mr_level *out)
{
    return THEN(s, ":[[\"") && price(s, it->price_scale, &dec->like[PRICE], &out->price) && THEN(s, ",\"") &&
           decimal(s, it->size_scale, &out->size) && THEN(s, ",\"") && skip_quoted(s, &dec->like[SOURCE]) &&
           THEN(s, ",\"") && skip_quoted(s, &dec->like[ORDERS]) && THEN(s, "]]");
}

static int best(struct scan at, struct mr_decoder *dec, union mr_slot *out)
{
    struct scan *s = &at;
    struct named of;
    struct mr_level top[2];
    int64_t venue_ns;
    uint64_t seq = 0;
    if (!(head(s, dec, &of) && THEN(s, "{\"asks\"") && level(s, dec, of.it, &top[1]) && THEN(s, ",\"bids\"") &&
          level(s, dec, of.it, &top[0]) && THEN(s, ",\"ts\":\"") && time_ns(s, &venue_ns) && THEN(s, "\"") &&
          (!THEN(s, ",\"seqId\":") || integer(s, &dec->like[SEQ], &seq)) && THEN(s, "}]}") && at_end(s)))
        return MR_E_AGAIN;
    dec->kind = MR_OKX_KIND_BBO;
    return put_best(out, dec, of.it, venue_ns, seq, top);
}

int mr_okx_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct scan s;
    if (!usual_open(&s, frame) || unusual(out_max < 2) || !THEN(&s, "{\"arg\":{\"channel\":\""))
        return MR_E_AGAIN;
    if (FOUND(&s, "bbo-tbt\""))
        return best(s, dec, out);
    if (FOUND(&s, "trades\""))
        return trades(s, dec, false, out, out_max);
    return FOUND(&s, "trades-all\"") ? trades(s, dec, true, out, out_max)
                                     : mr_okx_books_usual(dec, frame, out, out_max);
}
