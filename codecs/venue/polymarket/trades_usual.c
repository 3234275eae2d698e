/* The fast path of trades and best bids and asks: the members in the order Polymarket sends them, with a blank behind each comma
 * (as on the wire) or without (as in its documents).
 *
 *   {"market":"0x..","asset_id":"..","price":"0.585","size":"2.46","fee_rate_bps":"0","side":"SELL","timestamp":"1",
 *    "event_type":"last_trade_price","transaction_hash":"0x.."}                   the last may be missing
 *   {"market":"0x..","asset_id":"..","best_bid":"0.585","best_ask":"0.587","spread":"0.002","timestamp":"1",
 *    "event_type":"best_bid_ask"}
 *
 * Every byte is compared or converted; anything else is MR_E_AGAIN. */
#include "codecs/venue/polymarket/polymarket_priv.h"
#include "codecs/venue/usual_stretch.h"

#define MARKET 66 /* 0x and 64 digits; so has the hash of a transaction */
#define MARKET_TEXT "******************************************************************"
static_assert(sizeof MARKET_TEXT - 1 == MARKET, "as a pattern");
#define PLACE                                                                                                          \
    (sizeof "{\"market\":\"" MARKET_TEXT "\", \"" - 1) /* of the second member's first letter, as on the wire */
#define BEST "\"event_type\":\"best_bid_ask\"}"
#define TRADE "\"event_type\":\"last_trade_price\""

/* A member's name behind its comma. `blank` is a constant wherever this is inlined. */
#define NAME(s, blank, text) ((blank) ? FOUND(s, ", \"" text) : FOUND(s, ",\"" text))
#define NEXT(s, blank, text) as_usual(NAME(s, blank, text))

/* 0.585" : a price of an outcome. At scale 8 the digits behind the point are the value, zeros in the place of those that are not there. */
MR_INLINE bool part(struct scan *s, int scale, int64_t *out)
{
    const uint8_t *p = s->p;
    if (unusual(scale != 8 || s->end - p < 16))
        return decimal(s, scale, out);
    uint64_t w = load8(p + 2) ^ EACH(0x30u), other = (((w & EACH(0x7fu)) + EACH(0x76u)) | w) & EACH(0x80u);
    uint64_t behind = other & (0 - other); /* the first that is no digit */
    uint32_t n = other ? (uint32_t)__builtin_ctzll(other) / 8 : 0;
    if (unusual(n == 0 || p[0] != '0' || p[1] != '.' || p[2 + n] != '"'))
        return decimal(s, scale, out);
    *out = (int64_t)eight(w & ((behind >> 7) - 1));
    s->p += 3 + n;
    return true;
}

/* What stands between a trade's size and its side: the fee is nothing as a rule. */
MR_INLINE bool fee(struct scan *s, bool blank)
{
    if (as_usual(blank ? STRETCH(s, ", \"fee_rate_bps\":\"0\", \"side\":\"")
                       : STRETCH(s, ",\"fee_rate_bps\":\"0\",\"side\":\"")))
        return true;
    return NEXT(s, blank, "fee_rate_bps\":\"") && skip_string(s) && NEXT(s, blank, "side\":\"");
}

MR_INLINE int trade(struct scan *s, struct mr_decoder *dec, const struct mr_instrument *it, bool blank,
                    union mr_slot *out)
{
    struct mr_event in = {.seq = 0};
    if (!(part(s, it->price_scale, &in.price) && NEXT(s, blank, "size\":\"") && decimal(s, it->size_scale, &in.size) &&
          fee(s, blank) && SIDE(s, "SELL\"", "BUY\"", &in.flags) &&
          (blank ? STRETCH(s, ", \"timestamp\":\"" MR_STRETCH_TIME "\", " TRADE)
                 : STRETCH(s, ",\"timestamp\":\"" MR_STRETCH_TIME "\"," TRADE))))
        return MR_E_AGAIN;
    in.venue_ns = stretch_ns(s, (uint32_t)(sizeof TRADE - 1) + TIME_NOW + (blank ? 3 : 2));
    if (NEXT(s, blank, "transaction_hash\":\"") && !skip_text(s, MARKET))
        return MR_E_AGAIN;
    if (!(THEN(s, "}") && at_end(s)))
        return MR_E_AGAIN;
    dec->kind = MR_POLYMARKET_LAST_TRADE;
    return put_trade(out, dec, MR_EVENT_TRADE, it, &in) ? 1 : MR_E_AGAIN;
}

/* "0" says that nobody is there; of an ask, "1" too. */
MR_INLINE bool level(struct scan *s, const struct mr_instrument *it, bool ask, struct mr_level *out)
{
    *out = (struct mr_level){0, 0};
    if (FOUND(s, "0\"") || (ask && FOUND(s, "1\"")))
        return true;
    out->size = it->lot ? it->lot : mr_pow10[it->size_scale];
    return part(s, it->price_scale, &out->price);
}

MR_INLINE int best(struct scan *s, struct mr_decoder *dec, const struct mr_instrument *it, bool blank,
                   union mr_slot *out)
{
    struct mr_level top[2];
    if (!(level(s, it, false, &top[0]) && NEXT(s, blank, "best_ask\":\"") && level(s, it, true, &top[1]) &&
          NEXT(s, blank, "spread\":\"") && skip_string(s) &&
          (blank ? STRETCH(s, ", \"timestamp\":\"" MR_STRETCH_TIME "\", " BEST)
                 : STRETCH(s, ",\"timestamp\":\"" MR_STRETCH_TIME "\"," BEST)) &&
          at_end(s)))
        return MR_E_AGAIN;
    const uint64_t ms = stretch_ms(s, (uint32_t)(sizeof BEST - 1) + TIME_NOW + (blank ? 3 : 2));
    dec->kind = MR_POLYMARKET_BEST;
    int slots = put_best(out, dec, it, (int64_t)(ms * MR_NS_PER_MS), ms, top);
    out->book.book_flags = MR_BOOK_NO_SIZES;
    return slots;
}

/* From the token on. */
MR_INLINE int event(struct scan *s, struct mr_decoder *dec, bool blank, union mr_slot *out)
{
    const struct mr_instrument *it = long_instrument(s, dec);
    if (unusual(!it))
        return MR_E_AGAIN;
    if (NAME(s, blank, "best_bid\":\""))
        return best(s, dec, it, blank, out);
    return NEXT(s, blank, "price\":\"") ? trade(s, dec, it, blank, out) : MR_E_AGAIN;
}

static int on_the_wire(struct scan at, struct mr_decoder *dec, union mr_slot *out)
{
    return event(&at, dec, true, out);
}
static int as_documented(struct scan at, struct mr_decoder *dec, union mr_slot *out)
{
    struct scan *s = &at;
    return event(s, dec, false, out);
}

int mr_polymarket_usual_small(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out,
                              uint32_t out_max)
{
    struct scan s;
    int n = MR_E_AGAIN;
    if (frame->len > PLACE && frame->data[PLACE] == 'p') /* a change */
        return mr_polymarket_usual(dec, frame, out, out_max);
    if (usual_open(&s, frame) && as_usual(out_max >= 2)) {
        if (STRETCH(&s, "{\"market\":\"" MARKET_TEXT "\", \"asset_id\":\""))
            n = on_the_wire(s, dec, out);
        else if (STRETCH(&s, "{\"market\":\"" MARKET_TEXT "\",\"asset_id\":\""))
            n = as_documented(s, dec, out);
    }
    return n == MR_E_AGAIN ? mr_polymarket_usual(dec, frame, out, out_max) : n;
}
