/* The fast path of books: the members in the order Bybit sends them.
 *
 *   {"topic":"orderbook.200.BTCUSDT","type":"delta","ts":1,"data":{"s":"BTCUSDT","b":[["1.0","2"]],"a":[],"u":1,"seq":1},
 *    "cts":1}                                  spot: ts in front of type; cts may be missing
 *
 * orderbook.1 is a best bid and ask, and not read here. */
#include "codecs/venue/bybit/bybit_priv.h"
#include "codecs/venue/usual_stretch.h"

/* Of which number the digits were: places in dec->like, behind those of trades_usual.c. */
enum { BOOK_UPDATE = 3, BOOK_SEQ };

/* The kind of its snapshots, MR_BYBIT_UNKNOWN for another topic. */
MR_INLINE uint8_t kind_of(struct scan *s)
{
    if (!FOUND(s, "{\"topic\":\"orderbook."))
        return MR_BYBIT_UNKNOWN;
    return FOUND(s, "200.")    ? MR_BYBIT_BOOK_200
           : FOUND(s, "50.")   ? MR_BYBIT_BOOK_50
           : FOUND(s, "1000.") ? MR_BYBIT_BOOK_1000
           : FOUND(s, "500.")  ? MR_BYBIT_BOOK_500
                               : MR_BYBIT_UNKNOWN;
}

#define TS ",\"ts\":" MR_STRETCH_TIME
#define DATA ",\"data\":{\"s\":\""

/* The type and the time in either order, to the symbol's opening quote. */
MR_INLINE bool type_and_time(struct scan *s, bool *delta, int64_t *ns)
{
    if (as_usual(STRETCH(s, ",\"type\":\"delta\"" TS DATA)))
        *delta = true;
    else if (STRETCH(s, TS ",\"type\":\"delta\"" DATA)) {
        *delta = true;
        *ns = stretch_ns(s, (uint32_t)sizeof ",\"type\":\"delta\"" DATA - 1 + TIME_NOW);
        return true;
    } else if (STRETCH(s, ",\"type\":\"snapshot\"" TS DATA))
        *delta = false;
    else if (STRETCH(s, TS ",\"type\":\"snapshot\"" DATA)) {
        *delta = false;
        *ns = stretch_ns(s, (uint32_t)sizeof ",\"type\":\"snapshot\"" DATA - 1 + TIME_NOW);
        return true;
    } else
        return false;
    *ns = stretch_ns(s, (uint32_t)sizeof DATA - 1 + TIME_NOW);
    return true;
}

int mr_bybit_books_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    static const struct usual_book book = {MR_LEVELS_PAIR, false, ",\"a\":", false};
    struct scan s = {frame->data, frame->data + frame->len, true};
    struct named of;
    bool delta;
    int64_t venue_ns;
    uint64_t u;
    uint8_t kind = kind_of(&s);
    if (kind == MR_BYBIT_UNKNOWN || out_max < MR_GROUP_SLOTS || !instrument(&s, dec, &of) ||
        !type_and_time(&s, &delta, &venue_ns) || !same_symbol(&s, &of) || !THEN(&s, ",\"b\":"))
        return MR_E_AGAIN;
    dec->kind = kind + delta;
    union mr_slot *slot = mr_take_slot(dec, out, MR_EVENT_BOOK, of.it);
    uint32_t slots = usual_sides(&s, frame, of.it, &book, slot);
    if (unusual(!s.ok) || !(THEN(&s, ",\"u\":") && integer(&s, &dec->like[BOOK_UPDATE], &u) &&
                            (!THEN(&s, ",\"seq\":") || skip_integer(&s, &dec->like[BOOK_SEQ])) && THEN(&s, "}") &&
                            (!THEN(&s, ",\"cts\":") || time_ns(&s, &venue_ns)) && /* of the matching engine */
                            THEN(&s, "}") && at_end(&s)))
        return MR_E_AGAIN;
    slot->book.venue_ns = venue_ns;
    slot->book.seq = slot->book.first_seq = u;
    slot->book.flags |= !delta || u == 1 ? MR_FLAG_SNAPSHOT : 0;
    slot->book.book_flags = u == 1 ? MR_BOOK_RESET : 0;
    return (int)slots;
}
