/* The fast path of deals: the members in the order MEXC sends them. Books are in usual.c.
 *
 *   {"symbol":"BTC_USDT","data":[{"p":1.0,"v":2,"T":1,"O":3,"M":1,"t":1,"i":"1","cts":"1"},..],"channel":"push.deal","ts":1}
 *
 * i and cts of a deal may be missing. Every byte is compared or converted; anything else is MR_E_AGAIN. */
#include "codecs/venue/mexc/mexc_priv.h"
#include "codecs/venue/usual_small.h"

/* Of which number the digits were: places in dec->like. */
enum { OPEN, SELF, ID };

MR_INLINE bool deal(struct scan *s, struct mr_decoder *dec, const struct mr_instrument *it, struct mr_event *in)
{
    return THEN(s, "{\"p\":") && decimal_to(s, it->price_scale, ',', &in->price) && THEN(s, ",\"v\":") &&
           decimal_to(s, it->size_scale, ',', &in->size) && THEN(s, ",\"T\":") && SIDE(s, "2,", "1,", &in->flags) &&
           THEN(s, "\"O\":") && skip_integer(s, &dec->like[OPEN]) && THEN(s, ",\"M\":") &&
           skip_integer(s, &dec->like[SELF]) && THEN(s, ",\"t\":") && time_ns(s, &in->venue_ns) &&
           (!THEN(s, ",\"i\":\"") || (integer(s, &dec->like[ID], &in->seq) && THEN(s, "\""))) &&
           (!THEN(s, ",\"cts\":\"") || (skip_time(s) && THEN(s, "\""))) && THEN(s, "}");
}

static int deals(struct scan at, struct mr_decoder *dec, const struct mr_instrument *it, union mr_slot *out,
                 uint32_t out_max)
{
    struct scan *s = &at;
    uint32_t n = 0;
    dec->kind = MR_MEXC_DEAL;
    do {
        struct mr_event in = {.seq = 0};
        if (unusual(n == out_max || n == MR_TRADES_MAX) || !deal(s, dec, it, &in) ||
            !put_trade(&out[n++], dec, MR_EVENT_TRADE, it, &in))
            return MR_E_AGAIN;
    } while (FOUND(s, ","));
    if (!(THEN(s, "],\"channel\":\"push.deal\",\"ts\":") && skip_time(s) && THEN(s, "}") && at_end(s)))
        return MR_E_AGAIN;
    for (uint32_t i = 0, j = n - 1; i < j; i++, j--) { /* an array stands newest first */
        union mr_slot slot = out[i];
        out[i] = out[j];
        out[j] = slot;
    }
    return (int)n;
}

int mr_mexc_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct scan s;
    struct named of;
    if (!usual_open(&s, frame) || !THEN(&s, "{\"symbol\":\"") || !instrument(&s, dec, &of))
        return MR_E_AGAIN;
    if (FOUND(&s, ",\"data\":["))
        return deals(s, dec, of.it, out, out_max);
    /* a book's data begins with "cts", or "asks" in the older form, which is left to the general path's own try */
    static const char to_name[] = ",\"data\":{\"c";
    if (as_usual((size_t)(s.end - s.p) > sizeof to_name) && s.p[sizeof to_name - 1] == 't')
        return mr_mexc_book_behind(s, dec, frame, of.it, out, out_max);
    const struct named copy = of; /* so that deals keep it in registers */
    return mr_mexc_ticker_behind(s, dec, &copy, out, out_max);
}
