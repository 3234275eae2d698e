/* The fast path of book messages: the members in the order Binance sends them, no blanks, no escapes.
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
#include "codecs/venue/usual_stretch.h"

#define STREAM "{\"stream\":\""

/* Is the wrapper's stream btcusdt@depth or btcusdt@depth@100ms? Partial books and others are for the general path. */
MR_INLINE bool of_changes(const struct mr_frame *frame)
{
    struct scan name = {frame->data + sizeof STREAM - 1, frame->data + frame->len, true};
#if USUAL_VECTOR
    uint32_t before = (uint32_t)__builtin_ctz(equal(look(&name), '@') | 1u << 16);
    name.p += before;
    if (unusual(before == 16))
#endif
        while (name.p < name.end && *name.p != '@' && *name.p != '"')
            name.p++;
    return THEN(&name, "@depth") && name.p < name.end && (*name.p == '"' || *name.p == '@');
}

struct head {
    struct named of;
    int64_t time;
    uint64_t first, last, previous;
};

/* Of which number the digits were: places in dec->like, behind those of trades_usual.c. */
enum { DEPTH_FIRST = 5, DEPTH_LAST, DEPTH_PREVIOUS };

#define EVENT "\"e\":\"depthUpdate\",\"E\":" MR_STRETCH_TIME ",\""
#define SYMBOL "s\":\""
#define OF_FUTURES EVENT "T\":" MR_STRETCH_TIME ",\"" SYMBOL

/* From the event's brace to the bids. */
MR_INLINE bool head(struct scan *s, struct mr_decoder *dec, struct head *h)
{
    if (as_usual(STRETCH(s, "{" OF_FUTURES)))
        h->time = stretch_ns(s, (uint32_t)sizeof ",\"" SYMBOL - 1 + TIME_NOW);
    else if (STRETCH(s, "{" EVENT SYMBOL))
        h->time = stretch_ns(s, (uint32_t)sizeof ",\"" SYMBOL - 1 + TIME_NOW);
    else
        return false;
    if (!instrument(s, dec, &h->of) || (THEN(s, ",\"ps\":\"") && !same_symbol(s, &h->of)))
        return false;
    h->previous = 0;
    return THEN(s, ",\"U\":") && integer(s, &dec->like[DEPTH_FIRST], &h->first) && THEN(s, ",\"u\":") &&
           integer(s, &dec->like[DEPTH_LAST], &h->last) &&
           (!THEN(s, ",\"pu\":") || integer(s, &dec->like[DEPTH_PREVIOUS], &h->previous)) && THEN(s, ",\"b\":");
}

int binance_depth_usual(struct mr_decoder *dec, const struct mr_frame *frame, uint32_t event, union mr_slot *out,
                        uint32_t out_max)
{
    static const struct usual_book book = {MR_LEVELS_PAIR, false, ",\"a\":", false};
    const bool wrapped = event != 0;
    struct scan s = {frame->data + event, frame->data + frame->len, true};
    struct head h;
    if ((wrapped && !of_changes(frame)) || !head(&s, dec, &h) || unusual(out_max < MR_GROUP_SLOTS))
        return MR_E_AGAIN;
    dec->kind = KIND_DEPTH;
    union mr_slot *slot = mr_take_slot(dec, out, MR_EVENT_BOOK, h.of.it);
    uint32_t slots = usual_sides(&s, frame, h.of.it, &book, slot);
    (void)THEN(&s, ",\"st\":1");
    if (!THEN(&s, "}") || (wrapped && !THEN(&s, "}")) || !at_end(&s) || !s.ok)
        return MR_E_AGAIN;
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
    static const struct usual_book book = {MR_LEVELS_PAIR, false, ",\"asks\":", false};
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
