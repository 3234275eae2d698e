/* The fast path of book messages: the members in the order Binance sends them, no blanks, no escapes.
 *
 *
 *   {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","ps":"BTCUSDT","U":1,"u":2,
 *    "pu":0,"b":[["1.0","2"]],"a":[],"st":1}}          wrapper, T, ps, pu and st may be missing
 *
 *   {"lastUpdateId":1,"E":1,"T":1,"bids":[["1.0","2"]],"asks":[]}     a REST snapshot; E and T may be missing
 *
 * Every byte is compared or converted, so what passes is legal and means what it says. Anything else is MR_E_AGAIN and
 * goes to the general path, which alone decides what is wrong with it. */
#include "codecs/json/levels.h"
#include "codecs/venue/binance/binance_priv.h"
#include "codecs/venue/usual.h"

static bool stream_is_diff(struct mr_span stream)
{
    const uint8_t *at = memchr(stream.data, '@', stream.len), *end = stream.data + stream.len;
    return at && end - at >= 6 && memcmp(at, "@depth", 6) == 0 && (end - at == 6 || at[6] == '@');
}

struct head {
    struct mr_span symbol;
    int64_t time;
    uint64_t first, last, previous;
    bool wrapped;
};

static inline void read_head(struct scan *s, struct head *h)
{
    h->wrapped = FOUND(s, "{\"stream\":\"");
    if (h->wrapped) {
        struct mr_span stream = string(s);
        s->ok = s->ok && stream_is_diff(stream); /* partial books are for the general path */
        EXPECT(s, ",\"data\":");
    }
    EXPECT(s, "{\"e\":\"depthUpdate\",\"E\":");
    h->time = number_ms(s);
    if (FOUND(s, ",\"T\":"))
        h->time = number_ms(s);
    EXPECT(s, ",\"s\":\"");
    h->symbol = string(s);
    if (FOUND(s, ",\"ps\":\""))
        string(s);
    EXPECT(s, ",\"U\":");
    h->first = number(s);
    EXPECT(s, ",\"u\":");
    h->last = number(s);
    h->previous = FOUND(s, ",\"pu\":") ? number(s) : 0;
    EXPECT(s, ",\"b\":");
}

int binance_depth_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct scan s = {frame->data, frame->data + frame->len, true};
    struct head h;
    read_head(&s, &h);
    if (!s.ok || out_max < MR_GROUP_SLOTS)
        return MR_E_AGAIN;
    const struct mr_instrument *it = mr_take_symbol(dec, h.symbol);
    if (mr_unlikely(!it))
        return MR_E_AGAIN;
    static const struct usual_book book = {MR_LEVELS_PAIR, false, ",\"a\":"};
    union mr_slot *slot = mr_take_slot(dec, out, MR_EVENT_BOOK, it);
    uint32_t slots = usual_sides(&s, frame, it, &book, slot);
    FOUND(&s, ",\"st\":1");
    EXPECT(&s, "}");
    if (h.wrapped)
        EXPECT(&s, "}");
    if (!s.ok || s.p != s.end)
        return MR_E_AGAIN;

    dec->kind = KIND_DEPTH;
    mr_shape_refuse(&dec->recorder); /* the number of levels is never the same twice */
    slot->event.source = dec->kind;
    slot->book.venue_ns = h.time;
    slot->book.seq = h.last;
    slot->book.first_seq = h.first;
    slot->book.prev_seq = h.previous;
    return (int)slots;
}

int binance_snapshot_usual(struct mr_decoder *dec, struct mr_span symbol, const struct mr_frame *body,
                           union mr_slot *out, uint32_t out_max)
{
    struct scan s = {body->data, body->data + body->len, true};
    const struct mr_instrument *it = symbol.data ? mr_take_symbol(dec, symbol) : NULL;
    if (!it || out_max < MR_GROUP_SLOTS)
        return MR_E_AGAIN;
    EXPECT(&s, "{\"lastUpdateId\":");
    uint64_t seq = number(&s);
    int64_t time = FOUND(&s, ",\"E\":") ? number_ms(&s) : 0;
    time = FOUND(&s, ",\"T\":") ? number_ms(&s) : time;
    EXPECT(&s, ",\"bids\":");
    static const struct usual_book book = {MR_LEVELS_PAIR, false, ",\"asks\":"};
    union mr_slot *slot = mr_take_slot(dec, out, MR_EVENT_BOOK, it);
    uint32_t slots = usual_sides(&s, body, it, &book, slot);
    EXPECT(&s, "}");
    if (!s.ok || s.p != s.end)
        return MR_E_AGAIN;

    dec->kind = KIND_SNAPSHOT;
    slot->event.source = dec->kind;
    slot->book.flags |= MR_FLAG_SNAPSHOT;
    slot->book.venue_ns = time;
    slot->book.seq = slot->book.first_seq = seq;
    return (int)slots;
}
