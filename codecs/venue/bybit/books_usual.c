/* The fast path of books: the members in the order Bybit sends them.
 *
 *   {"topic":"orderbook.200.BTCUSDT","type":"delta","ts":1,"data":{"s":"BTCUSDT","b":[["1.0","2"]],"a":[],"u":1,"seq":1},
 *    "cts":1}                                  spot: ts in front of type; cts may be missing
 *
 * orderbook.1 is a best bid and ask, and not read here. */
#include "codecs/venue/bybit/bybit_priv.h"
#include "codecs/venue/usual.h"

/* The kind of its snapshots, MR_BYBIT_UNKNOWN for another topic. */
static inline uint8_t kind_of(struct scan *s)
{
    if (!FOUND(s, "{\"topic\":\"orderbook."))
        return MR_BYBIT_UNKNOWN;
    return FOUND(s, "200.")    ? MR_BYBIT_BOOK_200
           : FOUND(s, "50.")   ? MR_BYBIT_BOOK_50
           : FOUND(s, "1000.") ? MR_BYBIT_BOOK_1000
           : FOUND(s, "500.")  ? MR_BYBIT_BOOK_500
                               : MR_BYBIT_UNKNOWN;
}

static inline bool is_delta(struct scan *s)
{
    EXPECT(s, ",\"type\":\"");
    bool delta = FOUND(s, "delta\"");
    s->ok = s->ok && (delta || FOUND(s, "snapshot\""));
    return delta;
}

static inline int64_t sent_at(struct scan *s)
{
    EXPECT(s, ",\"ts\":");
    return number_ms(s);
}

/* The symbol that the topic named, again. */
static inline void same_symbol(struct scan *s, const struct mr_instrument *it)
{
    EXPECT(s, "{\"s\":\"");
    if (mr_likely(s->ok))
        expect(s, it->symbol, it->symbol_len);
    EXPECT(s, "\",\"b\":");
}

int mr_bybit_books_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    static const struct usual_book book = {MR_LEVELS_PAIR, false, ",\"a\":"};
    struct scan s = {frame->data, frame->data + frame->len, true};
    uint8_t kind = kind_of(&s);
    const struct mr_instrument *it =
        kind != MR_BYBIT_UNKNOWN && out_max >= MR_GROUP_SLOTS ? usual_symbol(&s, dec) : NULL;
    if (!it)
        return MR_E_AGAIN;
    bool time_first = FOUND(&s, ",\"ts\":"), delta;
    int64_t venue_ns = time_first ? number_ms(&s) : 0;
    delta = is_delta(&s);
    if (!time_first)
        venue_ns = sent_at(&s);
    EXPECT(&s, ",\"data\":");
    same_symbol(&s, it);
    union mr_slot *slot = mr_take_slot(dec, out, MR_EVENT_BOOK, it);
    uint32_t slots = usual_sides(&s, frame, it, &book, slot);
    EXPECT(&s, ",\"u\":");
    uint64_t u = number(&s);
    if (FOUND(&s, ",\"seq\":"))
        (void)number(&s);
    EXPECT(&s, "}");
    if (FOUND(&s, ",\"cts\":")) /* of the matching engine */
        venue_ns = number_ms(&s);
    EXPECT(&s, "}");
    if (!s.ok || s.p != s.end)
        return MR_E_AGAIN;

    dec->kind = kind + delta;
    slot->event.source = dec->kind;
    slot->book.venue_ns = venue_ns;
    slot->book.seq = slot->book.first_seq = u;
    slot->book.flags |= !delta || u == 1 ? MR_FLAG_SNAPSHOT : 0;
    slot->book.book_flags = u == 1 ? MR_BOOK_RESET : 0;
    return (int)slots;
}
