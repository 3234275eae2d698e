/* The fast path of books: depth and depth.full as they are sent today, and the REST snapshot.
 *
 *   {"symbol":"BTC_USDT","data":{"cts":1,"asks":[[5,1,1]],"bids":[],"end":2,"begin":1,"version":2},"channel":"push.depth","ts":1}
 *                                                                   end and begin of merged updates only
 *   {"success":true,"code":0,"data":{"asks":[[5,1,1]],"bids":[],"version":2,"timestamp":1}}
 *
 * The channel stands behind the data, so it is looked for from the end: a time has thirteen digits. */
#include "codecs/json/levels_top.h"
#include "codecs/venue/mexc/mexc_priv.h"
#include "codecs/venue/usual_stretch.h"

#define DEPTH "},\"channel\":\"push.depth\",\"ts\":" MR_STRETCH_TIME "}"
#define FULL "},\"channel\":\"push.depth.full\",\"ts\":" MR_STRETCH_TIME "}"

/* Does a message that is one of the two end as those of depth.full? */
static inline bool is_full(const struct scan *s)
{
    static const char wanted[] = ".full\",\"ts\":" MR_STRETCH_TIME "}";
    const ptrdiff_t back = sizeof wanted - 1;
    return s->end - s->p > back && same_text(s->end - back, wanted, 8);
}

static const struct usual_book changes = {MR_LEVELS_BARE, true, ",\"bids\":", false},
                               top = {MR_LEVELS_BARE, true, ",\"bids\":", true};

/* Both sides of depth.full. */
static inline uint32_t top_sides(struct scan *s, const struct mr_frame *frame, const struct mr_instrument *it,
                                 union mr_slot *slot)
{
    const struct mr_levels_top form = MR_LEVELS_TOP(",\"bids\":", it->price_scale, it->size_scale);
    uint32_t count[2];
    const int64_t end =
        mr_levels_top(frame->data, frame->len, (uint32_t)(s->p - frame->data), &form, mr_take_levels(slot), count);
    if (unusual(end < 0))
        return usual_sides(s, frame, it, &top, slot);
    s->p = frame->data + end;
    slot->book.bid_count = (uint16_t)count[1];
    slot->book.ask_count = (uint16_t)count[0];
    return 1 + (count[0] + count[1] + 3) / 4;
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

/* The first that is not empty. Nothing branches on which of four it is; that many can be read, whatever they are. */
static struct mr_level best_of(const struct mr_level *level, uint32_t n)
{
    uint32_t first = (uint32_t)(level[0].size != 0) | (uint32_t)(level[1].size != 0) << 1 |
                     (uint32_t)(level[2].size != 0) << 2 | (uint32_t)(level[3].size != 0) << 3;
    first &= n < 4 ? (1u << n) - 1 : 15;
    if (as_usual(first))
        return level[__builtin_ctz(first)];
    for (uint32_t i = 4; i < n; i++)
        if (level[i].size)
            return level[i];
    return (struct mr_level){0, 0};
}

/* The image, two slots behind its best bid and ask. */
static uint32_t whole_top(struct mr_decoder *dec, const struct mr_instrument *it, union mr_slot *out)
{
    const union mr_slot *image = out + 2;
    const struct mr_level *level = mr_event_levels(image);
    union mr_slot *bbo = mr_take_slot(dec, out, MR_EVENT_BBO, it);
    memset(&out[1], 0, sizeof out[1]);
    out[1].level[0] = best_of(level, image->book.bid_count);
    out[1].level[1] = best_of(level + image->book.bid_count, image->book.ask_count);
    bbo->book.venue_ns = image->book.venue_ns;
    bbo->book.seq = bbo->book.first_seq = image->book.seq;
    bbo->book.bid_count = bbo->book.ask_count = 1;
    ((struct mr_mexc_state *)dec->state)->last[it->id].top = true;
    return 2;
}

int mr_mexc_book_behind(struct scan at, struct mr_decoder *dec, const struct mr_frame *frame,
                        const struct mr_instrument *it, union mr_slot *out, uint32_t out_max)
{
    struct scan *s = &at;
    if (unusual(out_max < MR_GROUP_SLOTS + 2) || !STRETCH(s, ",\"data\":{\"cts\":" MR_STRETCH_TIME ",\"asks\":"))
        return MR_E_AGAIN;
    const int64_t time = stretch_ns(s, TIME_NOW + 8);
    const bool full = is_full(s);
    dec->kind = full ? MR_MEXC_DEPTH_FULL : MR_MEXC_DEPTH;
    union mr_slot *slot = mr_take_slot(dec, out + (full ? 2 : 0), MR_EVENT_BOOK, it);
    uint32_t slots = full ? top_sides(s, frame, it, slot) : usual_sides(s, frame, it, &changes, slot);
    versions(s, &slot->book);
    if (unusual(!s->ok) || !(full ? STRETCH(s, FULL) : STRETCH(s, DEPTH)) || !at_end(s)) {
        dec->kind = MR_MEXC_UNKNOWN;
        return MR_E_AGAIN;
    }
    mr_shape_refuse(&dec->recorder); /* the number of levels is rarely the same twice */
    slot->book.venue_ns = time;
    if (!full)
        return (int)slots;
    slot->book.flags |= MR_FLAG_SNAPSHOT;
    slot->book.book_flags = MR_BOOK_PARTIAL;
    return (int)(slots + whole_top(dec, it, out));
}

int mr_mexc_book_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct scan s;
    struct named of;
    if (!usual_open(&s, frame) || !THEN(&s, "{\"symbol\":\"") || !instrument(&s, dec, &of))
        return MR_E_AGAIN;
    return mr_mexc_book_behind(s, dec, frame, of.it, out, out_max);
}

int mr_mexc_snapshot_usual(struct mr_decoder *dec, struct mr_span symbol, const struct mr_frame *body,
                           union mr_slot *out, uint32_t out_max)
{
    struct scan s = {body->data, body->data + body->len, true};
    const struct mr_instrument *it = mr_take_symbol(dec, symbol);
    dec->name = (struct mr_span){NULL, 0};
    if (!it || out_max < MR_GROUP_SLOTS)
        return MR_E_AGAIN;
    EXPECT(&s, "{\"success\":true,\"code\":0,\"data\":{\"asks\":");
    if (!s.ok)
        return MR_E_AGAIN;
    dec->kind = MR_MEXC_REST_DEPTH;
    union mr_slot *slot = mr_take_slot(dec, out, MR_EVENT_BOOK, it);
    uint32_t slots = usual_sides(&s, body, it, &changes, slot);
    EXPECT(&s, ",\"version\":");
    slot->book.seq = slot->book.first_seq = s.ok ? number(&s) : 0;
    EXPECT(&s, ",\"timestamp\":");
    slot->book.venue_ns = s.ok ? number_ms(&s) : 0;
    EXPECT(&s, "}}");
    if (!s.ok || s.p != s.end) {
        dec->kind = MR_MEXC_UNKNOWN;
        return MR_E_AGAIN;
    }
    slot->book.flags |= MR_FLAG_SNAPSHOT;
    return (int)slots;
}
