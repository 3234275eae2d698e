/* The fast path of books: the members in the order OKX sends them.
 *
 *   {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["1.1","2","0","1"]],"bids":[],
 *    "ts":"1","checksum":0,"seqId":2,"prevSeqId":1}]}
 *
 * One row a message. What stands behind ts came over the years: the checksum before 2023 alone, and may be missing. */
#include "codecs/venue/okx/okx_priv.h"
#include "codecs/venue/usual.h"

/* The kind of its snapshots, MR_OKX_KIND_UNKNOWN for another channel. */
static inline uint8_t kind_of(struct scan *s)
{
    if (!FOUND(s, "{\"arg\":{\"channel\":\"books"))
        return MR_OKX_KIND_UNKNOWN;
    return FOUND(s, "\"")            ? MR_OKX_KIND_BOOKS
           : FOUND(s, "-l2-tbt\"")   ? MR_OKX_KIND_L2
           : FOUND(s, "50-l2-tbt\"") ? MR_OKX_KIND_L2_50
                                     : MR_OKX_KIND_UNKNOWN;
}

static inline bool is_update(struct scan *s)
{
    EXPECT(s, "},\"action\":\"");
    bool update = FOUND(s, "update\"");
    s->ok = s->ok && (update || FOUND(s, "snapshot\""));
    return update;
}

static inline int64_t signed_number(struct scan *s)
{
    bool negative = FOUND(s, "-");
    int64_t value = (int64_t)number(s); /* of 16 digits */
    return negative ? -value : value;
}

int mr_okx_books_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    static const struct usual_book book = {MR_LEVELS_QUAD, true, ",\"bids\":"};
    struct scan s = {frame->data, frame->data + frame->len, true};
    struct mr_okx_sequence seq = {.prev = -1};
    uint8_t kind = kind_of(&s);
    if (kind == MR_OKX_KIND_UNKNOWN || out_max < MR_GROUP_SLOTS)
        return MR_E_AGAIN;
    EXPECT(&s, ",\"instId\":\"");
    const struct mr_instrument *it = usual_symbol(&s, dec);
    if (!it)
        return MR_E_AGAIN;
    bool update = is_update(&s);
    EXPECT(&s, ",\"data\":[{\"asks\":");
    union mr_slot *slot = mr_take_slot(dec, out, MR_EVENT_BOOK, it);
    uint32_t slots = usual_sides(&s, frame, it, &book, slot);
    EXPECT(&s, ",\"ts\":\"");
    slot->book.venue_ns = number_ms(&s);
    EXPECT(&s, "\"");
    if (FOUND(&s, ",\"checksum\":"))
        seq.checksum = signed_number(&s);
    if (FOUND(&s, ",\"seqId\":"))
        seq.seq = number(&s);
    if (FOUND(&s, ",\"prevSeqId\":"))
        seq.prev = signed_number(&s);
    EXPECT(&s, "}]}");
    if (!s.ok || s.p != s.end || !mr_okx_sequence_good(&seq))
        return MR_E_AGAIN;

    dec->kind = kind + update;
    slot->event.source = dec->kind;
    slot->book.flags |= update ? 0 : MR_FLAG_SNAPSHOT;
    mr_okx_sequence(&seq, &slot->book);
    return (int)slots;
}
