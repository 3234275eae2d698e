/* The fast path of books: depth and depth.full as they are sent today, and the REST snapshot.
 *
 *   {"symbol":"BTC_USDT","data":{"cts":1,"asks":[[5,1,1]],"bids":[],"end":2,"begin":1,"version":2},"channel":"push.depth","ts":1}
 *                                                                   end and begin of merged updates only
 *   {"success":true,"code":0,"data":{"asks":[[5,1,1]],"bids":[],"version":2,"timestamp":1}}
 *
 * The channel stands behind the data, so it is looked for from the end: a time has thirteen digits. */
#include "codecs/venue/usual.h"
#include "codecs/venue/mexc/mexc_priv.h"

#define TIME_DIGITS 13

/* Is `literal` what stands before the time that ends the message? */
static inline bool tail(const struct mr_frame *frame, const char *literal, size_t n)
{
    size_t back = n + TIME_DIGITS + 1;
    return frame->len > back && memcmp(frame->data + frame->len - back, literal, n) == 0;
}
#define TAIL(frame, literal) tail(frame, literal, sizeof(literal) - 1)

#define DEPTH "},\"channel\":\"push.depth\",\"ts\":"
#define FULL "},\"channel\":\"push.depth.full\",\"ts\":"

/* A time in ms that ends a message: number() would look too far. */
static inline uint64_t last_time(struct scan *s)
{
    uint64_t value = 0;
    if (s->end - s->p < TIME_DIGITS || s->p[0] == '0') {
        s->ok = false;
        return 0;
    }
    for (int i = 0; i < TIME_DIGITS; i++) {
        uint8_t digit = (uint8_t)(s->p[i] - '0');
        s->ok &= digit < 10;
        value = value * 10 + digit;
    }
    s->p += TIME_DIGITS;
    return value;
}

/* Asks come first and stand last: they wait in the upper half of the room. */
static inline void sides(struct scan *s, const struct mr_frame *frame, const struct mr_instrument *it,
                         union mr_slot *slot, uint32_t count[2])
{
    enum { HALF = MR_LEVELS_MAX / 2 };
    const struct mr_levels_scan how = {MR_LEVELS_BARE, it->price_scale, it->size_scale};
    struct mr_level *bids = mr_take_levels(slot), *asks = bids + HALF;
    EXPECT(s, "\"asks\":");
    count[1] = s->ok ? usual_side(s, frame, &how, asks, HALF) : 0;
    EXPECT(s, ",\"bids\":");
    count[0] = s->ok ? usual_side(s, frame, &how, bids, HALF) : 0;
    if (mr_unlikely(!s->ok))
        return;
    memmove(bids + count[0], asks, count[1] * sizeof *asks);
    int64_t signs = 0;
    for (uint32_t i = 0; i < count[0] + count[1]; i++)
        signs |= bids[i].price | bids[i].size;
    s->ok = signs >= 0;
}

/* Behind the levels: the head's numbers, to the brace that closes `data`. */
static inline void versions(struct scan *s, struct mr_book_head *head)
{
    bool merged = FOUND(s, ",\"end\":");
    uint64_t end = merged ? number(s) : 0, begin = 0;
    if (merged) {
        EXPECT(s, ",\"begin\":");
        begin = number(s);
    }
    EXPECT(s, ",\"version\":");
    head->seq = number(s);
    head->first_seq = merged ? begin : head->seq;
    s->ok = s->ok && (!merged || (end == head->seq && begin <= end));
}

static struct mr_level best_of(const struct mr_level *level, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (level[i].size)
            return level[i];
    return (struct mr_level){0, 0};
}

/* The image, two slots behind its best bid and ask. */
static uint32_t whole_top(struct mr_decoder *dec, const struct mr_instrument *it, union mr_slot *out,
                          const uint32_t count[2])
{
    const union mr_slot *image = out + 2;
    const struct mr_level *level = image[1].level;
    union mr_slot *bbo = mr_take_slot(dec, out, MR_EVENT_BBO, it);
    memset(&out[1], 0, sizeof out[1]);
    out[1].level[0] = best_of(level, count[0]);
    out[1].level[1] = best_of(level + count[0], count[1]);
    bbo->book.venue_ns = image->book.venue_ns;
    bbo->book.seq = bbo->book.first_seq = image->book.seq;
    bbo->book.bid_count = bbo->book.ask_count = 1;
    ((struct mr_mexc_last *)dec->state)[it->id].top = true;
    return 2;
}

int mr_mexc_book_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    bool full = TAIL(frame, FULL);
    if (!full && !TAIL(frame, DEPTH))
        return MR_E_AGAIN;
    struct scan s = {frame->data, frame->data + frame->len, true};
    EXPECT(&s, "{\"symbol\":\"");
    struct mr_span symbol = s.ok ? string(&s) : (struct mr_span){NULL, 0};
    EXPECT(&s, ",\"data\":{\"cts\":");
    uint64_t time = s.ok ? number(&s) : 0;
    EXPECT(&s, ",");
    const struct mr_instrument *it = s.ok ? mr_take_symbol(dec, symbol) : NULL;
    if (!it || time > INT64_MAX / MR_NS_PER_MS || out_max < MR_GROUP_SLOTS + 2) {
        dec->name = (struct mr_span){NULL, 0}; /* the general path says so */
        return MR_E_AGAIN;
    }
    dec->kind = full ? MR_MEXC_DEPTH_FULL : MR_MEXC_DEPTH;
    union mr_slot *slot = mr_take_slot(dec, out + (full ? 2 : 0), MR_EVENT_BOOK, it);
    uint32_t count[2] = {0, 0};
    sides(&s, frame, it, slot, count);
    versions(&s, &slot->book);
    s.ok = s.ok && (full ? FOUND(&s, FULL) : FOUND(&s, DEPTH));
    if (s.ok)
        (void)last_time(&s);
    EXPECT(&s, "}");
    if (!s.ok || s.p != s.end) {
        dec->kind = MR_MEXC_UNKNOWN;
        return MR_E_AGAIN;
    }
    mr_shape_refuse(&dec->recorder); /* the number of levels is rarely the same twice */
    slot->book.venue_ns = (int64_t)(time * MR_NS_PER_MS);
    uint32_t slots = mr_take_book(slot, count[0], count[1]);
    if (!full)
        return (int)slots;
    slot->book.flags |= MR_FLAG_SNAPSHOT;
    slot->book.book_flags = MR_BOOK_PARTIAL;
    return (int)(slots + whole_top(dec, it, out, count));
}

int mr_mexc_snapshot_usual(struct mr_decoder *dec, struct mr_span symbol, const struct mr_frame *body,
                           union mr_slot *out, uint32_t out_max)
{
    struct scan s = {body->data, body->data + body->len, true};
    const struct mr_instrument *it = mr_take_symbol(dec, symbol);
    dec->name = (struct mr_span){NULL, 0};
    if (!it || out_max < MR_GROUP_SLOTS)
        return MR_E_AGAIN;
    EXPECT(&s, "{\"success\":true,\"code\":0,\"data\":{");
    if (!s.ok)
        return MR_E_AGAIN;
    dec->kind = MR_MEXC_REST_DEPTH;
    union mr_slot *slot = mr_take_slot(dec, out, MR_EVENT_BOOK, it);
    uint32_t count[2] = {0, 0};
    sides(&s, body, it, slot, count);
    EXPECT(&s, ",\"version\":");
    slot->book.seq = slot->book.first_seq = s.ok ? number(&s) : 0;
    EXPECT(&s, ",\"timestamp\":");
    uint64_t time = s.ok ? last_time(&s) : 0;
    EXPECT(&s, "}}");
    if (!s.ok || s.p != s.end || time > INT64_MAX / MR_NS_PER_MS) {
        dec->kind = MR_MEXC_UNKNOWN;
        return MR_E_AGAIN;
    }
    slot->book.venue_ns = (int64_t)(time * MR_NS_PER_MS);
    slot->book.flags |= MR_FLAG_SNAPSHOT;
    return (int)mr_take_book(slot, count[0], count[1]);
}
