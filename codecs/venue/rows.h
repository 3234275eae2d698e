/* Rows: what decoders of JSON venues do over and over, in one place.
 *
 *     groups   mr_rows_add reserves the slots of one event and fills its head; mr_rows_end gives their count
 *     fields   mr_fields_read gathers an object's scalar members by name, in any order; then each is taken as
 *              a price, a size, a time, which also tells the shape recorder where it went
 *     sides    the level arrays of a book, in either order, gathered bids first
 *
 * Errors stick in `rows->status` as they do in the cursor; the first one wins, and dec->error_field names its field. A
 * decoder may therefore read on and look once.
 *
 * Bounds  never more slots than the caller's array, never bytes outside the frame.   Memory  the caller's stack. */
#ifndef MR_VENUE_ROWS_H
#define MR_VENUE_ROWS_H

#include "codecs/json/levels.h"
#include "codecs/number/number.h"
#include "codecs/venue/venue.h"

struct mr_rows {
    struct mr_decoder *dec;
    const struct mr_frame *frame;
    union mr_slot *out;
    uint32_t used, max;
    int status;
    const struct mr_instrument *instrument;
    bool kinds_differ;  /* groups keep the source they were made with: a frame may hold messages of several kinds */
    uint8_t plain[256]; /* texts that had escapes, without them */
    uint32_t plain_used;
};

void mr_rows_open(struct mr_rows *rows, struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out,
                  uint32_t out_max);

/* Slots of one more group, header zeroed and filled for rows->instrument; NULL (MR_E_FULL) when there is no room.
 * Raw slots are the caller's to fill. */
union mr_slot *mr_rows_add(struct mr_rows *rows, enum mr_event_kind kind, uint32_t slots);
/* The same for an event of one slot. */
struct mr_event *mr_rows_event(struct mr_rows *rows, enum mr_event_kind kind, int64_t venue_ns);

/* Fails the message: the first failure stays. Always false. */
bool mr_rows_fail(struct mr_rows *rows, int status, const char *field);
bool mr_rows_fail_at(struct mr_rows *rows, int status, const char *field, struct mr_span where);

/* Slots written; or the first failure, of the rows or of the cursor. mr_decode puts in the frame's stamps, FIRST and
 * LAST. */
int mr_rows_end(struct mr_rows *rows, struct mr_json *j);

/* Sets rows->instrument; false with MR_E_SYMBOL when it is not in the table. */
bool mr_rows_symbol(struct mr_rows *rows, struct mr_span symbol);

/* Ends a cursor of its own over bytes that were passed over (mr_json_raw): its failure becomes the message's. */
bool mr_rows_late_end(struct mr_rows *rows, struct mr_json *j);

/* ---- fields ---- */
struct mr_field {
    struct mr_span text; /* string without its quotes, number, true, false; objects and arrays whole */
    uint8_t type;        /* enum mr_json_type; MR_JSON_NONE: not there */
};
struct mr_field_name {
    const char *text;
    uint32_t len;
};
#define MR_FIELD(name)                                                                                                 \
    {                                                                                                                  \
        name, sizeof(name) - 1                                                                                         \
    }

/* Reads one object whole. fields[i] is the member names[i]; a member that comes twice is MR_E_MALFORMED. Names are
 * tried in the order given, so the order usual on the wire costs one comparison a member. */
bool mr_fields_read(struct mr_rows *rows, struct mr_json *j, const struct mr_field_name *names, uint32_t count,
                    struct mr_field *fields);
/* For loops of their own over an object's keys: one member into `field`. */
bool mr_field_take(struct mr_rows *rows, struct mr_json *j, struct mr_field *field, const char *name);
/* A member nobody wants: verified, and told to the shape recorder when it is a plain number. */
bool mr_rows_skip(struct mr_rows *rows, struct mr_json *j);
/* The same for one that was taken and is not needed after all. */
void mr_rows_ignore(struct mr_rows *rows, const struct mr_field *field);

/* Present and with a value: venues send "" and null for "does not apply". */
MR_INLINE bool mr_field_has(const struct mr_field *f)
{
    return f->type != MR_JSON_NONE && f->type != MR_JSON_NULL && f->text.len > 0;
}
MR_INLINE bool mr_field_is(const struct mr_field *f, const char *literal)
{
    return mr_span_is(f->text, literal, strlen(literal));
}

/* Each takes a required member: MR_E_MISSING when it is not there, MR_E_TYPE when it is no number. Not negative unless
 * said. */
bool mr_field_price(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *to);
bool mr_field_size(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *to);
bool mr_field_ms(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *to_ns);
bool mr_field_u64(struct mr_rows *rows, const struct mr_field *f, const char *name, uint64_t *to);
/* may be negative; never recorded */
bool mr_field_i64(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *to);
bool mr_field_bool(struct mr_rows *rows, const struct mr_field *f, const char *name, bool *to);
bool mr_field_text(struct mr_rows *rows, const struct mr_field *f, const char *name); /* a string, not empty */
/* Mantissa and exponent of an event that carries its own scale; may be negative. */
bool mr_field_value(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *mantissa,
                    int8_t *exponent);
/* An amount of money in micro units; what is smaller than a micro is cut off (it is a measure, not a price). 0 if
 * absent. */
bool mr_field_micro(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *to);
/* "Buy" or "Sell" in the venue's words: sets MR_FLAG_SELL for the second; MR_E_RANGE for a third. */
bool mr_field_side(struct mr_rows *rows, const struct mr_field *f, const char *name, const char *buy, const char *sell,
                   uint8_t *flags);

/* aux of a trade or liquidation whose price and size are set. */
bool mr_rows_notional(struct mr_rows *rows, struct mr_event *ev);

/* ---- sides ---- */
struct mr_sides {
    struct mr_level *room; /* straight behind the head */
    uint32_t max, bids, asks;
    bool have_bids, have_asks;
    enum mr_levels_form form;
};
/* Reserves the head and all room there is; `mr_sides_end` gives back what was not used. */
struct mr_book_head *mr_sides_open(struct mr_rows *rows, struct mr_sides *sides, enum mr_levels_form form);
bool mr_sides_take(struct mr_rows *rows, struct mr_json *j, struct mr_sides *sides, bool asks, const char *name);
/* Both sides came: counts go into the head, the tail is zeroed. */
bool mr_sides_end(struct mr_rows *rows, struct mr_sides *sides, struct mr_book_head *head);

/* A BBO group of rows->instrument. A size of 0 says the side is empty. */
struct mr_book_head *mr_rows_bbo(struct mr_rows *rows, int64_t venue_ns, uint64_t seq, struct mr_level **levels);

/* ---- REST lists ---- */

/* Adds or replaces one instrument, its scales from the texts of tick and lot. Where they or the multiplier (`known`
 * false) do not say enough it is added with NO_METADATA. `table` NULL: verified and dropped. */
bool mr_rows_instrument(struct mr_rows *rows, struct mr_instruments *table, struct mr_instrument *it,
                        struct mr_span symbol, struct mr_span tick, struct mr_span lot, bool known);
/* The same; where the lot has eight decimals, sizes get so many more: books hold orders that are finer than the lot. */
bool mr_rows_instrument_spare(struct mr_rows *rows, struct mr_instruments *table, struct mr_instrument *it,
                              struct mr_span symbol, struct mr_span tick, struct mr_span lot, bool known, int decimals);

/* The value of `name` in "..?a=1&name=value"; empty if it is not there. */
struct mr_span mr_url_parameter(struct mr_span url, const char *name);

/* Into a fixed field, the rest zeroed; nothing if it does not fit with a NUL. */
void mr_span_copy(char *out, size_t out_bytes, struct mr_span text);

/* A text's part before and after the first `c`; all of it and nothing where there is none. */
struct mr_span mr_span_before(struct mr_span s, uint8_t c);
struct mr_span mr_span_after(struct mr_span s, uint8_t c);

#endif
