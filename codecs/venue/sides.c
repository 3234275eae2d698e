/* The level arrays of a book message. Bids stand first in the output; whichever side the venue sends first. */
#include "codecs/venue/rows.h"

struct mr_book_head *mr_sides_open(struct mr_rows *rows, struct mr_sides *sides, enum mr_levels_form form)
{
    union mr_slot *slot = mr_rows_add(rows, MR_EVENT_BOOK, 1);
    if (mr_unlikely(!slot))
        return NULL;
    uint32_t room = (rows->max - rows->used) * 4;
    *sides = (struct mr_sides){.room = slot[1].level, .max = room < MR_LEVELS_MAX ? room : MR_LEVELS_MAX, .form = form};
    return &slot->book;
}

/* What the fast reader does not take, by the cursor: it decides what is legal. */
static bool level_array(struct mr_rows *rows, struct mr_json *j, struct mr_level *level, const char *name)
{
    const struct mr_instrument *it = rows->instrument;
    if (!mr_json_array(j))
        return false;
    if (!mr_json_next(j) || !mr_json_fixed(j, it->price_scale, &level->price) || !mr_json_next(j) ||
        !mr_json_fixed(j, it->size_scale, &level->size))
        return j->status == MR_OK ? mr_rows_fail_at(rows, MR_E_MISSING, name, (struct mr_span){j->data + j->pos, 0})
                                  : false;
    return mr_json_leave(j);
}

static bool level_object(struct mr_rows *rows, struct mr_json *j, struct mr_level *level, bool named, const char *name)
{
    const char *price = named ? "price" : "px", *size = named ? "size" : "sz";
    const struct mr_instrument *it = rows->instrument;
    struct mr_span key;
    unsigned got = 0, one;
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        one = mr_json_key_is(j, key, price) ? 1 : mr_json_key_is(j, key, size) ? 2 : 0;
        if (got & one)
            return mr_rows_fail(rows, MR_E_MALFORMED, name);
        got |= one;
        if (!(one == 1   ? mr_json_fixed(j, it->price_scale, &level->price)
              : one == 2 ? mr_json_fixed(j, it->size_scale, &level->size)
                         : mr_json_skip(j)))
            return false;
    }
    return j->status != MR_OK ? false : got == 3 ? true : mr_rows_fail(rows, MR_E_MISSING, name);
}

static MR_COLD bool by_cursor(struct mr_rows *rows, struct mr_json *j, const struct mr_sides *sides,
                              struct mr_level *out, uint32_t max, uint32_t *count, const char *name)
{
    *count = 0;
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j)) {
        if (*count == max)
            return mr_rows_fail(rows, MR_E_FULL, name);
        struct mr_level *level = out + *count;
        bool objects = sides->form == MR_LEVELS_OBJECT || sides->form == MR_LEVELS_NAMED;
        if (!(objects ? level_object(rows, j, level, sides->form == MR_LEVELS_NAMED, name)
                      : level_array(rows, j, level, name)))
            return false;
        ++*count;
    }
    return j->status == MR_OK;
}

static bool read_levels(struct mr_rows *rows, struct mr_json *j, const struct mr_sides *sides, struct mr_level *out,
                        uint32_t max, uint32_t *count, const char *name)
{
    const struct mr_levels_scan scan = {sides->form, rows->instrument->price_scale, rows->instrument->size_scale};
    int64_t end = j->pos >= j->len ? MR_E_AGAIN : mr_levels_decode(j->data, j->len, j->pos, &scan, out, max, count);
    if (mr_likely(end > 0)) {
        mr_json_passed(j, (uint32_t)end);
    } else if (end == MR_E_FULL) {
        return mr_rows_fail(rows, MR_E_FULL, name);
    } else if (!by_cursor(rows, j, sides, out, max, count, name)) {
        return false;
    }
    int64_t signs = 0;
    for (uint32_t i = 0; i < *count; i++)
        signs |= out[i].price | out[i].size;
    return mr_likely(signs >= 0) ? true : mr_rows_fail(rows, MR_E_RANGE, name);
}

bool mr_sides_take(struct mr_rows *rows, struct mr_json *j, struct mr_sides *s, bool asks, const char *name)
{
    if (mr_unlikely(asks ? s->have_asks : s->have_bids))
        return mr_rows_fail(rows, MR_E_MALFORMED, name);
    rows->dec->error_field = name; /* the cursor's errors are of this field; forgotten when all goes well */
    bool ok;
    if (asks) {
        ok = read_levels(rows, j, s, s->room + s->bids, s->max - s->bids, &s->asks, name);
        s->have_asks = true;
    } else {
        /* asks that came first wait at the end of the room while the bids are read */
        struct mr_level *waiting = s->room + (s->max - s->asks);
        memmove(waiting, s->room, s->asks * sizeof *s->room);
        ok = read_levels(rows, j, s, s->room, s->max - s->asks, &s->bids, name);
        if (ok)
            memmove(s->room + s->bids, waiting, s->asks * sizeof *s->room);
        s->have_bids = true;
    }
    if (ok)
        rows->dec->error_field = NULL;
    return ok;
}

bool mr_sides_end(struct mr_rows *rows, struct mr_sides *s, struct mr_book_head *head)
{
    if (mr_unlikely(!s->have_bids || !s->have_asks))
        return mr_rows_fail(rows, MR_E_MISSING, s->have_bids ? "asks" : "bids");
    uint32_t n = s->bids + s->asks, slots = (n + 3) / 4;
    head->bid_count = (uint16_t)s->bids;
    head->ask_count = (uint16_t)s->asks;
    memset(s->room + n, 0, (slots * 4 - n) * sizeof *s->room);
    rows->used += slots;
    return true;
}
