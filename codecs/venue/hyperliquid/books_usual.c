/* The fast path of books: the members in the order Hyperliquid sends them.
 *
 *   {"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[{"px":"1.0","sz":"2","n":1}],[]]}}
 *                                                             "fast":true may stand behind the levels */
#include "codecs/venue/hyperliquid/hyperliquid_priv.h"
#include "codecs/venue/usual.h"

int mr_hyperliquid_books_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out,
                               uint32_t out_max)
{
    static const struct usual_book book = {MR_LEVELS_OBJECT, false, ",", false};
    struct scan s = {frame->data, frame->data + frame->len, true};
    if (!FOUND(&s, "{\"channel\":\"l2Book\",\"data\":{\"coin\":\"") || out_max < MR_GROUP_SLOTS)
        return MR_E_AGAIN;
    const struct mr_instrument *it = usual_symbol(&s, dec);
    if (!it)
        return MR_E_AGAIN;
    EXPECT(&s, ",\"time\":");
    int64_t venue_ns = number_ms(&s);
    EXPECT(&s, ",\"levels\":[");
    union mr_slot *slot = mr_take_slot(dec, out, MR_EVENT_BOOK, it);
    uint32_t slots = usual_sides(&s, frame, it, &book, slot);
    EXPECT(&s, "]");
    (void)FOUND(&s, ",\"fast\":true");
    EXPECT(&s, "}}");
    if (!s.ok || s.p != s.end)
        return MR_E_AGAIN;

    dec->kind = MR_HYPERLIQUID_L2BOOK;
    slot->event.source = dec->kind;
    slot->book.flags |= MR_FLAG_SNAPSHOT;
    slot->book.venue_ns = venue_ns;
    slot->book.seq = slot->book.first_seq = (uint64_t)venue_ns / MR_NS_PER_MS;
    return (int)slots;
}
