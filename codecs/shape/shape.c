#include "codecs/shape/shape_priv.h"

int mr_shapes_decode(struct mr_shapes *shapes, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max,
                     uint8_t *kind)
{
    return shapes->kernel->decode(shapes, frame, out, out_max, kind);
}

void mr_shapes_stats(const struct mr_shapes *shapes, struct mr_shapes_stats *out) { *out = shapes->stats; }

/* ---- recording ---- */

void mr_shape_record_begin(struct mr_shape_recorder *r, const struct mr_shapes *shapes, const struct mr_frame *frame,
                           const union mr_slot *out)
{
    r->data = frame->data;
    r->out = out;
    r->on = shapes && frame->len <= MR_SHAPE_TEXT_MAX && frame->len >= shapes->kernel->len_min;
    r->refused = false;
    r->count = 0;
    r->notional_count = 0;
}

void mr_shape_keep(struct mr_shape_recorder *r, enum mr_shape_op op, struct mr_span text, const void *target, int scale,
                   int64_t factor)
{
    uintptr_t at = (uintptr_t)target - (uintptr_t)r->out;
    bool stored = op == MR_SHAPE_FIXED || op == MR_SHAPE_INT;
    if (r->count == MR_SHAPE_NUMBERS || (stored && at > MR_SHAPE_SLOTS * sizeof(union mr_slot) - sizeof(int64_t))) {
        mr_shape_refuse(r);
        return;
    }
    r->numbers[r->count++] = (struct mr_shape_number){
        .offset = (uint16_t)(text.data - r->data),
        .len = (uint16_t)text.len,
        .target = stored ? (uint16_t)at : 0,
        .op = (uint8_t)op,
        .scale = (int8_t)scale,
        .factor = factor,
    };
}

void mr_shape_keep_notional(struct mr_shape_recorder *r, const union mr_slot *slot,
                            const struct mr_instrument *instrument)
{
    ptrdiff_t at = slot - r->out;
    if (at < 0 || at >= MR_SHAPE_SLOTS || r->notional_count == MR_SHAPE_SLOTS) {
        mr_shape_refuse(r);
        return;
    }
    r->notional[r->notional_count++] = (struct mr_shape_notional){
        .slot = (uint8_t)at,
        .price_scale = (uint8_t)instrument->price_scale,
        .size_scale = (uint8_t)instrument->size_scale,
        .inverse = (instrument->flags & MR_INSTRUMENT_INVERSE) != 0,
        .multiplier_scale = instrument->multiplier_scale,
        .multiplier = instrument->multiplier,
    };
}

void mr_shape_refuse(struct mr_shape_recorder *r)
{
    r->refused = true;
    r->on = false; /* and nothing more is recorded */
}
