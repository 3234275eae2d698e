/* The fast path of the futures' trades, best bids and asks and single changes: the members in the order KuCoin sends them.
 *
 *   {"topic":"/contractMarket/execution:XBTUSDTM","type":"message","subject":"match","sn":1,"data":{"symbol":"XBTUSDTM",
 *    "sequence":1,"side":"buy","size":1,"price":"1.0","takerOrderId":"1","makerOrderId":"1","tradeId":"1","ts":1}}
 *   {"topic":"/contractMarket/tickerV2:XBTUSDTM","type":"message","subject":"tickerV2","sn":1,"data":{"symbol":"XBTUSDTM",
 *    "sequence":1,"bestBidSize":1,"bestBidPrice":"1.0","bestAskPrice":"1.1","bestAskSize":1,"ts":1}}
 *   {"topic":"/contractMarket/level2:XBTUSDTM","type":"message","subject":"level2","sn":1,"data":{"sequence":1,
 *    "change":"1.0,sell,2","timestamp":1}}
 *
 * ts is in ns, timestamp in ms. Every byte is compared or converted; anything else is MR_E_AGAIN. */
#include "codecs/venue/kucoin/kucoin_priv.h"
#include "codecs/venue/usual_small.h"

/* Of which number the digits were: places in dec->like. */
enum { SN, SEQUENCE, PRICE };

/* SYMBOL","type":"message","subject":".." */
MR_INLINE bool envelope(struct scan *s, struct mr_decoder *dec, const char *subject, size_t len, struct named *of)
{
    return instrument(s, dec, of) && FOUND(s, ",\"type\":\"message\",\"subject\":\"") && found(s, subject, len) &&
           THEN(s, ",\"sn\":") && skip_integer(s, &dec->like[SN]) && THEN(s, ",\"data\":{");
}
#define ENVELOPE(s, dec, subject, of) envelope(s, dec, subject "\"", sizeof(subject), of)

/* "symbol":"SYMBOL","sequence":1 */
MR_INLINE bool symbol_and_sequence(struct scan *s, struct mr_decoder *dec, const struct named *of, uint64_t *sequence)
{
    return THEN(s, "\"symbol\":\"") && same_symbol(s, of) && THEN(s, ",\"sequence\":") &&
           integer(s, &dec->like[SEQUENCE], sequence);
}

static int trade(struct scan at, struct mr_decoder *dec, union mr_slot *out)
{
    struct scan *s = &at;
    struct mr_event in = {.seq = 0};
    struct named of;
    if (!(ENVELOPE(s, dec, "match", &of) && symbol_and_sequence(s, dec, &of, &in.seq) && THEN(s, ",\"side\":\"") &&
          SIDE(s, "sell\"", "buy\"", &in.flags) && THEN(s, ",\"size\":") &&
          decimal_to(s, of.it->size_scale, ',', &in.size) && THEN(s, ",\"price\":\"") &&
          price(s, of.it->price_scale, &dec->like[PRICE], &in.price) && THEN(s, ",\"takerOrderId\":\"") &&
          skip_string(s) && THEN(s, ",\"makerOrderId\":\"") && skip_string(s) && THEN(s, ",\"tradeId\":\"") &&
          skip_string(s) && THEN(s, ",\"ts\":") && nineteen(s, &in.venue_ns) && THEN(s, "}}") && at_end(s)))
        return MR_E_AGAIN;
    dec->kind = MR_KUCOIN_EXECUTION;
    return put_trade(out, dec, MR_EVENT_TRADE, of.it, &in) ? 1 : MR_E_AGAIN;
}

static int best(struct scan at, struct mr_decoder *dec, union mr_slot *out)
{
    struct scan *s = &at;
    struct mr_level top[2];
    uint64_t sequence;
    int64_t venue_ns;
    struct named of;
    if (!(ENVELOPE(s, dec, "tickerV2", &of) && symbol_and_sequence(s, dec, &of, &sequence) &&
          THEN(s, ",\"bestBidSize\":") && decimal_to(s, of.it->size_scale, ',', &top[0].size) &&
          THEN(s, ",\"bestBidPrice\":\"") && price(s, of.it->price_scale, &dec->like[PRICE], &top[0].price) &&
          THEN(s, ",\"bestAskPrice\":\"") && price(s, of.it->price_scale, &dec->like[PRICE], &top[1].price) &&
          THEN(s, ",\"bestAskSize\":") && decimal_to(s, of.it->size_scale, ',', &top[1].size) && THEN(s, ",\"ts\":") &&
          nineteen(s, &venue_ns) && THEN(s, "}}") && at_end(s)))
        return MR_E_AGAIN;
    dec->kind = MR_KUCOIN_TICKER_V2;
    return put_best(out, dec, of.it, venue_ns, sequence, top);
}

static int change(struct scan at, struct mr_decoder *dec, union mr_slot *out)
{
    struct scan *s = &at;
    struct mr_level level;
    uint64_t sequence;
    int64_t venue_ns;
    uint32_t ask;
    struct named of;
    if (!(ENVELOPE(s, dec, "level2", &of) && THEN(s, "\"sequence\":") && integer(s, &dec->like[SEQUENCE], &sequence) &&
          THEN(s, ",\"change\":\"") && decimal_to(s, of.it->price_scale, ',', &level.price) &&
          EITHER(s, ",sell,", ",buy,", &ask) && decimal(s, of.it->size_scale, &level.size) &&
          THEN(s, ",\"timestamp\":") && time_ns(s, &venue_ns) && THEN(s, "}}") && at_end(s)))
        return MR_E_AGAIN;
    if (unusual((level.price | level.size) == 0)) /* nothing changed */
        return MR_E_AGAIN;
    dec->kind = MR_KUCOIN_LEVEL2;
    (void)put_best(out, dec, of.it, venue_ns, sequence, (const struct mr_level[2]){level, {0, 0}});
    out->book.kind = MR_EVENT_BOOK;
    out->book.bid_count = (uint16_t)(1 - ask);
    out->book.ask_count = (uint16_t)ask;
    return 2;
}

int mr_kucoin_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct scan s;
    if (!usual_open(&s, frame) || unusual(out_max < 2) || dec->product != MR_KUCOIN_FUTURES ||
        !THEN(&s, "{\"topic\":\"/contractMarket/"))
        return MR_E_AGAIN;
    if (FOUND(&s, "level2:"))
        return change(s, dec, out);
    if (FOUND(&s, "tickerV2:"))
        return best(s, dec, out);
    return FOUND(&s, "execution:") ? trade(s, dec, out) : MR_E_AGAIN;
}
