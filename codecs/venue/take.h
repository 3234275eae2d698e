/* What every venue's general decoder does with the values it found: text to a field of the output, recorded for the
 * shape on the way (codecs/shape/shape.h).
 *
 * A decoder first walks the message and keeps the spans it wants, in whatever order they come; then it makes events of
 * them:
 *
 *     union mr_slot *slot = mr_take_slot(dec, &out[0], MR_EVENT_TRADE, it);
 *     int status = mr_take_trade(dec, slot, it, in.price, in.size);
 *     if (status == MR_OK) status = mr_take_ms(dec, "T", in.time, &slot->event.venue_ns);
 *     mr_take_ignore(dec, in.first_id);
 *
 * A span whose `data` is NULL was not in the message: MR_E_MISSING. On failure dec->error_at and dec->error_field say
 * where. Whatever a decoder branches on must not be recorded: its bytes then must be equal for the shape to match. */
#ifndef MR_VENUE_TAKE_H
#define MR_VENUE_TAKE_H

#include "codecs/number/number.h"
#include "codecs/venue/venue.h"

#define MR_NS_PER_MS 1000000

/* `at` inside the frame, or NULL where nothing can be pointed at. Returns `status`. */
MR_COLD int mr_take_fail(struct mr_decoder *dec, int status, const char *field, const uint8_t *at);

/* ---- single values ---- */

/* Text to integer at a scale. `out` inside the output slots. */
MR_INLINE int mr_take_fixed(struct mr_decoder *dec, const char *field, struct mr_span text, int scale, int64_t *out)
{
    int status = text.data ? mr_number_fixed(text.data, text.len, scale, out) : MR_E_MISSING;
    if (mr_unlikely(status < 0))
        return mr_take_fail(dec, status, field, text.data);
    mr_shape_record(&dec->recorder, MR_SHAPE_FIXED, text, out, scale, 1);
    return MR_OK;
}

/* Text to mantissa and exponent: MARK, INDEX, FUNDING, OPEN_INTEREST carry their own. */
MR_INLINE int mr_take_decimal(struct mr_decoder *dec, const char *field, struct mr_span text, int64_t *mantissa,
                              int8_t *exponent)
{
    struct mr_decimal value;
    int status = text.data ? mr_number_decimal(text.data, text.len, &value) : MR_E_MISSING;
    if (mr_unlikely(status < 0))
        return mr_take_fail(dec, status, field, text.data);
    *mantissa = value.mantissa;
    *exponent = value.exponent;
    if (value.exponent > 0 || value.exponent < -MR_SCALE_MAX)
        mr_shape_refuse(&dec->recorder);
    else
        mr_shape_record(&dec->recorder, MR_SHAPE_FIXED, text, mantissa, -value.exponent, 1);
    return MR_OK;
}

/* Ids and sequence numbers. */
MR_INLINE int mr_take_u64(struct mr_decoder *dec, const char *field, struct mr_span text, uint64_t *out)
{
    int status = text.data ? mr_number_u64(text.data, text.len, out) : MR_E_MISSING;
    if (mr_unlikely(status < 0))
        return mr_take_fail(dec, status, field, text.data);
    mr_shape_record(&dec->recorder, MR_SHAPE_INT, text, out, 0, 1);
    return MR_OK;
}

/* A venue's time in milliseconds to nanoseconds. */
MR_INLINE int mr_take_ms(struct mr_decoder *dec, const char *field, struct mr_span text, int64_t *out)
{
    int64_t ms = 0, ns = 0;
    int status = text.data ? mr_number_i64(text.data, text.len, &ms) : MR_E_MISSING;
    if (status == MR_OK && __builtin_mul_overflow(ms, (int64_t)MR_NS_PER_MS, &ns))
        status = MR_E_OVERFLOW;
    if (mr_unlikely(status < 0))
        return mr_take_fail(dec, status, field, text.data);
    *out = ns;
    mr_shape_record(&dec->recorder, MR_SHAPE_INT, text, out, 0, MR_NS_PER_MS);
    return MR_OK;
}

/* A number that is not used, if it is there: its digits may vary. What is no plain number stays pinned. */
MR_INLINE void mr_take_ignore(struct mr_decoder *dec, struct mr_span text)
{
    if (text.data)
        mr_shape_record(&dec->recorder, MR_SHAPE_IGNORE, text, NULL, 0, 1);
}

/* A string that is not used and never repeats (an id with letters). */
MR_INLINE void mr_take_ignore_text(struct mr_decoder *dec, struct mr_span text)
{
    if (text.data)
        mr_shape_record(&dec->recorder, MR_SHAPE_TEXT, text, NULL, 0, 1);
}

/* Passes over a member nobody asked for. A number, bare or quoted, may vary in later messages of the shape. */
bool mr_take_skip(struct mr_decoder *dec, struct mr_json *j);

/* ---- instruments and slots ---- */

/* The instrument of a raw symbol, or NULL with dec->name set: the decoder then returns MR_E_SYMBOL. */
MR_INLINE const struct mr_instrument *mr_take_symbol(struct mr_decoder *dec, struct mr_span symbol)
{
    const struct mr_instrument *it = dec->last;
    if (it && it->symbol_len == symbol.len && memcmp(it->symbol, symbol.data, symbol.len) == 0)
        return it;
    it = mr_instruments_find(dec->instruments, dec->venue->id, dec->product, symbol);
    if (mr_likely(it != NULL))
        dec->last = it;
    else
        dec->name = symbol;
    return it;
}

/* A slot that opens a group: zeroed; kind, source (dec->kind, so set that before), instrument, and CAUTION where the
 * instrument has no metadata. `it` NULL: instrument 0 and no caution (STATUS of a whole feed). Returns `slot`. */
MR_INLINE union mr_slot *mr_take_slot(struct mr_decoder *dec, union mr_slot *slot, enum mr_event_kind kind,
                                      const struct mr_instrument *it)
{
    memset(slot, 0, sizeof *slot);
    slot->event.kind = (uint8_t)kind;
    slot->event.source = dec->kind;
    if (it) {
        slot->event.instrument = it->id;
        slot->event.flags = it->flags & MR_INSTRUMENT_NO_METADATA ? MR_FLAG_CAUTION : 0;
    }
    return slot;
}

/* Price, size and notional of a TRADE or LIQUIDATION. Negative ones are MR_E_RANGE. */
MR_INLINE int mr_take_trade(struct mr_decoder *dec, union mr_slot *slot, const struct mr_instrument *it,
                            struct mr_span price, struct mr_span size)
{
    int status = mr_take_fixed(dec, "price", price, it->price_scale, &slot->event.price);
    if (mr_likely(status == MR_OK))
        status = mr_take_fixed(dec, "size", size, it->size_scale, &slot->event.size);
    if (mr_unlikely(status < 0))
        return status;
    if (mr_unlikely((slot->event.price | slot->event.size) < 0))
        return mr_take_fail(dec, MR_E_RANGE, "price or size", price.data);
    status = mr_instrument_notional(it, slot->event.price, slot->event.size, &slot->event.aux);
    if (mr_unlikely(status < 0))
        return mr_take_fail(dec, status, "notional", price.data);
    mr_shape_record_notional(&dec->recorder, slot, it);
    return MR_OK;
}

/* ---- book levels ---- */

/* Where the levels of a BOOK whose header is `slot` are written, and how many fit before `end` (both sides together).
 */
MR_INLINE struct mr_level *mr_take_levels(union mr_slot *slot) { return slot[1].level; }
MR_INLINE uint32_t mr_take_levels_max(const union mr_slot *slot, const union mr_slot *end)
{
    ptrdiff_t room = (end - slot - 1) * 4;
    return room < 0 ? 0 : room > MR_LEVELS_MAX ? MR_LEVELS_MAX : (uint32_t)room;
}

/* Closes a BOOK or BBO: counts into the header, zeros behind the last level. Slots of the whole group. */
uint32_t mr_take_book(union mr_slot *slot, uint32_t bids, uint32_t asks);

#endif
