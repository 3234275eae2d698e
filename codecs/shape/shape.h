/* Shapes: the fast path of every venue's small messages, learnt from what the general path decoded.
 *
 * Market data repeats itself: two bookTickers of one symbol differ only in digits. When the general decoder
 * has understood a small message it leaves behind a *shape*: the message's bytes, which of its digits may vary
 * (those it read as numbers), and where each number went. The next message with the same digit pattern
 * is then decoded without looking at its grammar at all:
 *
 *   1. one pass finds which bytes are digits, and a hash of the bytes that are not
 *   2. the shape with that hash is compared: same length, same digit mask, every pinned byte equal, no leading zero
 *      where the shape has none. Equal in all that, the message is the old one with other digits, so it is legal JSON
 *      of the same meaning: nothing is assumed, everything is verified
 *   3. the output slots of the shape are copied and its numbers patched in, four at a time
 *
 * A digit is *pinned* (must be equal) unless the recorder was told that it belongs to a number it read or may ignore.
 * Anything the general decoder branched on must therefore simply not be recorded. Being wrong costs time, never
 * correctness: no match means the general path (tests compare both on every recorded and mutated message).
 *
 * Memory  mr_shapes_bytes(count); one set a decoder. Replacement: 4-way sets, oldest out.
 * Bounds  messages up to MR_SHAPE_TEXT_MAX; up to MR_SHAPE_NUMBERS numbers, MR_SHAPE_SLOTS slots; others are not
 *         learnt.
 * Cost    perf/codecs/shape */
#ifndef MR_SHAPE_SHAPE_H
#define MR_SHAPE_SHAPE_H

#include "codecs/event/event.h"
#include "codecs/event/instrument.h"
#include "dataplane/base/kernel.h"

#define MR_SHAPE_TEXT_MAX 512
#define MR_SHAPE_NUMBERS  32
#define MR_SHAPE_SLOTS    8

struct mr_shapes;

size_t mr_shapes_bytes(uint32_t count); /* count: a power of two, at least 4 */
struct mr_shapes *mr_shapes_init(void *mem, uint32_t count, enum mr_kernel kernel);
/* Forgets everything (instrument generation changed, reconnect). */
void mr_shapes_clear(struct mr_shapes *shapes);

struct mr_shapes_stats {
    uint64_t hits, misses, learnt, replaced, refused;
};
void mr_shapes_stats(const struct mr_shapes *shapes, struct mr_shapes_stats *out);

/* Fast path. Slots written (recv_ns, connection and clock flags of `frame` put in), or MR_E_AGAIN. `*kind` as
 * learnt. */
struct mr_frame;
int mr_shapes_decode(struct mr_shapes *shapes, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max,
                     uint8_t *kind);

/* ---- recording, by the general decoders ---- */
enum mr_shape_op {
    MR_SHAPE_FIXED,  /* text -> integer at `scale`, into an int64 field of the output          */
    MR_SHAPE_INT,    /* digits -> integer times `factor` (1, or 1,000,000 for ms to ns), same   */
    MR_SHAPE_IGNORE, /* a number that is not used: its digits may vary                         */
    MR_SHAPE_TEXT,   /* a string that is not used (a UUID): its characters may vary, not its length */
};
/* Every recording call is a no-op when r->on is false. */
struct mr_shape_recorder {
    bool on;
    bool refused;       /* something that cannot be a shape was met */
    uint8_t count;
    uint8_t notional_count;
    const uint8_t *data;
    const union mr_slot *out;
    struct mr_shape_number {
        uint16_t offset, len;
        uint16_t target;
        uint8_t op;
        int8_t scale;
        int64_t factor;
    } numbers[MR_SHAPE_NUMBERS];
    struct mr_shape_notional {
        uint8_t slot;
        uint8_t price_scale, size_scale;
        bool inverse;
        int8_t multiplier_scale;
        int64_t multiplier;
    } notional[MR_SHAPE_SLOTS];
};
/* Also with `shapes` NULL: nothing is recorded then. */
void mr_shape_record_begin(struct mr_shape_recorder *r, const struct mr_shapes *shapes, const struct mr_frame *frame,
                           const union mr_slot *out);
void mr_shape_keep(struct mr_shape_recorder *r, enum mr_shape_op op, struct mr_span text, const void *target, int scale,
                   int64_t factor);
void mr_shape_keep_notional(struct mr_shape_recorder *r, const union mr_slot *slot,
                            const struct mr_instrument *instrument);
/* The number whose text is `text` (inside the frame) went to the int64 at `target` (inside out; NULL for IGNORE and
 * TEXT). A text that is no plain number, or a target beyond MR_SHAPE_SLOTS, refuses the shape, or is pinned if
 * ignored. */
MR_INLINE void mr_shape_record(struct mr_shape_recorder *r, enum mr_shape_op op, struct mr_span text,
                               const void *target, int scale, int64_t factor)
{
    if (r->on)
        mr_shape_keep(r, op, text, target, scale, factor);
}
/* aux of `slot` is the notional of its price and size (mr_instrument_notional): recompute it. */
MR_INLINE void mr_shape_record_notional(struct mr_shape_recorder *r, const union mr_slot *slot,
                                        const struct mr_instrument *instrument)
{
    if (r->on)
        mr_shape_keep_notional(r, slot, instrument);
}
void mr_shape_refuse(struct mr_shape_recorder *r); /* this message has state or branches on digits: never learn it */
/* Keeps the shape of a message that decoded to `slots` slots (0: understood, nothing to report). */
void mr_shapes_learn(struct mr_shapes *shapes, struct mr_shape_recorder *r, const struct mr_frame *frame,
                     uint32_t slots, uint8_t kind);

#endif
