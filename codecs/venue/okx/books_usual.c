/* The fast path of books: the members in the order OKX sends them.
 *
 *   {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["1.1","2","0","1"]],"bids":[],
 *    "ts":"1","checksum":0,"seqId":2,"prevSeqId":1}]}
 *
 * One row a message. What stands behind ts came over the years: the checksum before 2023 alone, and may be missing. */
#include "codecs/venue/okx/okx_priv.h"
#include "codecs/venue/usual_stretch.h"

/* Of which number the digits were: places in dec->like, behind those of trades_usual.c. */
enum { BOOK_SEQ = 6, BOOK_PREVIOUS };

/* The kind of its snapshots, MR_OKX_KIND_UNKNOWN for another channel. */
MR_INLINE uint8_t kind_of(struct scan *s)
{
    if (!FOUND(s, "{\"arg\":{\"channel\":\"books"))
        return MR_OKX_KIND_UNKNOWN;
    return FOUND(s, "\"")            ? MR_OKX_KIND_BOOKS
           : FOUND(s, "-l2-tbt\"")   ? MR_OKX_KIND_L2
           : FOUND(s, "50-l2-tbt\"") ? MR_OKX_KIND_L2_50
                                     : MR_OKX_KIND_UNKNOWN;
}

/* From the channel's quote to the asks. */
MR_INLINE bool head(struct scan *s, struct mr_decoder *dec, struct named *of, bool *update)
{
    if (!THEN(s, ",\"instId\":\"") || !instrument(s, dec, of))
        return false;
    *update = STRETCH(s, "},\"action\":\"update\",\"data\":[{\"asks\":");
    return *update || STRETCH(s, "},\"action\":\"snapshot\",\"data\":[{\"asks\":");
}

MR_INLINE bool signed_integer(struct scan *s, uint8_t *like, int64_t *out)
{
    bool negative = FOUND(s, "-");
    uint64_t value;
    if (!integer(s, like, &value) || unusual(value > INT64_MAX))
        return false;
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* What stands behind the bids. */
MR_INLINE bool tail(struct scan *s, struct mr_decoder *dec, int64_t *ns, struct mr_okx_sequence *seq)
{
    return THEN(s, ",\"ts\":\"") && time_ns(s, ns) && THEN(s, "\"") &&
           (!THEN(s, ",\"checksum\":") || signed_integer(s, NULL, &seq->checksum)) &&
           (!THEN(s, ",\"seqId\":") || integer(s, &dec->like[BOOK_SEQ], &seq->seq)) &&
           (!THEN(s, ",\"prevSeqId\":") || signed_integer(s, &dec->like[BOOK_PREVIOUS], &seq->prev)) &&
           THEN(s, "}]}") && at_end(s);
}

int mr_okx_books_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    static const struct usual_book book = {MR_LEVELS_QUAD, true, ",\"bids\":", false};
    struct scan s = {frame->data, frame->data + frame->len, true};
    struct mr_okx_sequence seq = {.prev = -1};
    struct named of;
    bool update;
    uint8_t kind = kind_of(&s);
    if (kind == MR_OKX_KIND_UNKNOWN || out_max < MR_GROUP_SLOTS || !head(&s, dec, &of, &update))
        return MR_E_AGAIN;
    dec->kind = kind + update;
    union mr_slot *slot = mr_take_slot(dec, out, MR_EVENT_BOOK, of.it);
    uint32_t slots = usual_sides(&s, frame, of.it, &book, slot);
    if (unusual(!s.ok) || !tail(&s, dec, &slot->book.venue_ns, &seq) || unusual(!mr_okx_sequence_good(&seq)))
        return MR_E_AGAIN;
    slot->book.flags |= update ? 0 : MR_FLAG_SNAPSHOT;
    mr_okx_sequence(&seq, &slot->book);
    return (int)slots;
}
