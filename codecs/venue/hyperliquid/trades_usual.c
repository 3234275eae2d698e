/* The fast path of trades and bbo: the members in the order Hyperliquid sends them.
 *
 *   {"channel":"trades","data":[{"coin":"BTC","side":"A","px":"1.0","sz":"2","time":1,"hash":"0x..","tid":1,
 *    "users":["0x..","0x.."]},..]}
 *   {"channel":"bbo","data":{"coin":"BTC","time":1,"bbo":[{"px":"1.0","sz":"2","n":1},null]}}
 *
 * A coin's first message, and one whose users are looked at, go the general way. Every byte is compared or converted; anything
 * else is MR_E_AGAIN. */
#include "codecs/venue/hyperliquid/hyperliquid_priv.h"
#include "codecs/venue/usual_small.h"

#define HASH 66 /* 0x and 64 digits */

/* Behind the coin. */
MR_INLINE bool trade(struct scan *s, struct mr_decoder *dec, const struct mr_instrument *it, struct mr_event *in)
{
    return THEN(s, ",\"side\":\"") && SIDE(s, "A\"", "B\"", &in->flags) && THEN(s, ",\"px\":\"") &&
           price(s, it->price_scale, &dec->like[1], &in->price) && THEN(s, ",\"sz\":\"") &&
           decimal(s, it->size_scale, &in->size) && THEN(s, ",\"time\":") && time_ns(s, &in->venue_ns) &&
           THEN(s, ",\"hash\":\"") && skip_text(s, HASH) && THEN(s, ",\"tid\":") &&
           integer(s, &dec->like[0], &in->seq) && THEN(s, ",\"users\":[\"") && skip_text(s, MR_HYPERLIQUID_ADDRESS) &&
           THEN(s, ",\"") && skip_text(s, MR_HYPERLIQUID_ADDRESS) && THEN(s, "]}");
}

static int trades(struct scan at, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    struct scan *s = &at;
    const struct mr_hyperliquid_state *state = dec->state;
    const uint8_t *begun = mr_hyperliquid_begun(dec);
    struct named of;
    uint32_t n = 0;
    if (state->liquidators)
        return MR_E_AGAIN;
    dec->kind = MR_HYPERLIQUID_TRADES;
    do {
        struct mr_event in = {.seq = 0};
        if (unusual(n == out_max || n == MR_TRADES_MAX) || !THEN(s, "{\"coin\":\"") || !instrument(s, dec, &of) ||
            !begun[of.it->id] || !trade(s, dec, of.it, &in) || !put_trade(&out[n++], dec, MR_EVENT_TRADE, of.it, &in))
            return MR_E_AGAIN;
    } while (FOUND(s, ","));
    return THEN(s, "]}") && at_end(s) ? (int)n : MR_E_AGAIN;
}

MR_INLINE bool level(struct scan *s, const struct mr_instrument *it, struct mr_level *out)
{
    *out = (struct mr_level){0, 0};
    if (FOUND(s, "{\"px\":\""))
        return decimal(s, it->price_scale, &out->price) && THEN(s, ",\"sz\":\"") &&
               decimal(s, it->size_scale, &out->size) && THEN(s, ",\"n\":") && skip_integer(s, NULL) && THEN(s, "}");
    return FOUND(s, "null"); /* nobody on this side */
}

static int best(struct scan at, struct mr_decoder *dec, union mr_slot *out)
{
    struct scan *s = &at;
    struct named of;
    struct mr_level top[2];
    uint64_t ms;
    if (!(instrument(s, dec, &of) && THEN(s, ",\"time\":") && thirteen(s, &ms) && ms <= INT64_MAX / MR_NS_PER_MS &&
          THEN(s, ",\"bbo\":[") && level(s, of.it, &top[0]) && THEN(s, ",") && level(s, of.it, &top[1]) &&
          THEN(s, "]}}") && at_end(s)))
        return MR_E_AGAIN;
    dec->kind = MR_HYPERLIQUID_BBO;
    return put_best(out, dec, of.it, (int64_t)(ms * MR_NS_PER_MS), ms, top);
}

int mr_hyperliquid_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct scan s;
    if (!usual_open(&s, frame) || unusual(out_max < 2) || !THEN(&s, "{\"channel\":\""))
        return MR_E_AGAIN;
    if (FOUND(&s, "bbo\",\"data\":{\"coin\":\""))
        return best(s, dec, out);
    return FOUND(&s, "trades\",\"data\":[") ? trades(s, dec, out, out_max)
                                            : mr_hyperliquid_books_usual(dec, frame, out, out_max);
}
