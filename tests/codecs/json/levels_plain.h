/* The slow reference of levels.h: reads the array by the grammar, a byte at a time, with 128-bit sums, nothing shared
 * with the code under test. */
#ifndef MR_TESTS_LEVELS_PLAIN_H
#define MR_TESTS_LEVELS_PLAIN_H

#include "codecs/json/levels.h"

/* A number by RFC 8259 (no exponent handling beyond refusing): true and the value at the scale; false if it is not a
 * plain decimal, needs more decimals than the scale, or does not fit. `exponent` says that it is one written with an
 * exponent. */
static inline bool plain_decimal(const uint8_t *text, uint32_t len, int scale, int64_t *out, bool *exponent)
{
    uint32_t i = 0;
    bool negative = false, digits = false;
    mr_i128 value = 0;
    const mr_i128 bound = (mr_i128)1 << 100;
    int decimals = 0;
    *exponent = memchr(text, 'e', len) || memchr(text, 'E', len);
    if (i < len && text[i] == '-') {
        negative = true;
        i++;
    }
    uint32_t first = i;
    for (; i < len && text[i] >= '0' && text[i] <= '9'; i++, digits = true)
        value = value < bound ? value * 10 + (text[i] - '0') : bound;
    if (!digits || (text[first] == '0' && i - first > 1))
        return false;
    if (i < len && text[i] == '.') {
        uint32_t point = i++;
        for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
            if (decimals < scale) {
                value = value < bound ? value * 10 + (text[i] - '0') : bound;
                decimals++;
            } else if (text[i] != '0') {
                return false;
            }
        }
        if (i == point + 1)
            return false;
    }
    for (; decimals < scale; decimals++)
        value = value < bound ? value * 10 : bound;
    value = negative ? -value : value;
    if (i != len || value > INT64_MAX || value < INT64_MIN)
        return false;
    *out = (int64_t)value;
    return true;
}

struct plain {
    const uint8_t *data;
    uint32_t len, pos;
    bool exponent; /* a number with an exponent was met: readers may take it or not */
};

static inline bool plain_take(struct plain *p, const char *literal)
{
    for (; *literal; literal++, p->pos++)
        if (p->pos >= p->len || p->data[p->pos] != (uint8_t)*literal)
            return false;
    return true;
}

static inline bool plain_string(struct plain *p, int scale, int64_t *out)
{
    uint32_t start = p->pos;
    while (p->pos < p->len && p->data[p->pos] != '"')
        p->pos++;
    bool exponent, good = plain_decimal(p->data + start, p->pos - start, scale, out, &exponent);
    p->exponent |= exponent;
    return good && p->pos < p->len;
}

static inline bool plain_bare(struct plain *p, int scale, int64_t *out)
{
    uint32_t start = p->pos;
    while (p->pos < p->len && p->data[p->pos] != ',' && p->data[p->pos] != ']')
        p->pos++;
    bool exponent, good = plain_decimal(p->data + start, p->pos - start, scale, out, &exponent);
    p->exponent |= exponent;
    return good && p->pos < p->len;
}

static inline bool plain_digits(struct plain *p, bool integer)
{
    uint32_t start = p->pos;
    while (p->pos < p->len && p->data[p->pos] >= '0' && p->data[p->pos] <= '9')
        p->pos++;
    return p->pos > start && (!integer || p->pos == start + 1 || p->data[start] != '0');
}

/* As mr_levels_decode, but -1 for every refusal. */
static inline int64_t plain_levels(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan,
                                   struct mr_level *out, uint32_t out_max, uint32_t *count, bool *exponent)
{
    static const char *const shape[MR_LEVELS_FORMS][5] = {{"[\"", "\",\"", "\"]", NULL, NULL},
                                                          {"[\"", "\",\"", "\",\"", "\",\"", "\"]"},
                                                          {"{\"px\":\"", "\",\"sz\":\"", "\",\"n\":", "}", NULL},
                                                          {"{\"price\":\"", "\",\"size\":\"", "\"}", NULL, NULL},
                                                          {"[", ",", ",", "]", NULL},
                                                          {"[\"", "\",", "]", NULL, NULL},
                                                          {"[", ",", "]", NULL, NULL},
                                                          {"{\"price\":\"", "\", \"size\":\"", "\"}", NULL, NULL}};
    bool bare_price = scan->form == MR_LEVELS_BARE || scan->form == MR_LEVELS_DUO,
         bare_size = bare_price || scan->form == MR_LEVELS_MIXED;
    struct plain p = {data, len, pos, false};
    const char *const *s = shape[scan->form];
    *count = 0;
    *exponent = false;
    if (!plain_take(&p, "["))
        return -1;
    if (p.pos < len && data[p.pos] == ']')
        return p.pos + 1;
    for (;;) {
        struct mr_level level;
        bool good = plain_take(&p, s[0]) &&
                    (bare_price ? plain_bare : plain_string)(&p, scan->price_scale, &level.price) &&
                    plain_take(&p, s[1]) &&
                    (bare_size ? plain_bare : plain_string)(&p, scan->size_scale, &level.size) && plain_take(&p, s[2]);
        if (scan->form == MR_LEVELS_QUAD)
            good = good && plain_digits(&p, false) && plain_take(&p, s[3]) && plain_digits(&p, false) &&
                   plain_take(&p, s[4]);
        if (scan->form == MR_LEVELS_OBJECT || scan->form == MR_LEVELS_BARE)
            good = good && plain_digits(&p, true) && plain_take(&p, s[3]);
        *exponent = p.exponent;
        if (!good || level.price < 0 || level.size < 0 || *count == out_max)
            return -1;
        out[(*count)++] = level;
        if (p.pos < len && data[p.pos] == ']')
            return p.pos + 1;
        if (!plain_take(&p, scan->form == MR_LEVELS_SPACED ? ", " : ","))
            return -1;
    }
}

/* One text read by the plain reference and by every kernel this CPU has. NULL if all agree, else who does not. Numbers
 * with exponents are not the plain reference's business: there the kernels must agree among themselves. */
#define LEVELS_ROOM 1500
struct levels_room {
    struct mr_level plain[LEVELS_ROOM], scalar[LEVELS_ROOM], got[LEVELS_ROOM];
};

static inline const char *levels_agree(const uint8_t *data, uint32_t len, uint32_t pos,
                                       const struct mr_levels_scan *scan, uint32_t max, struct levels_room *room)
{
    uint32_t want_count = 0, scalar_count = 0, count = 0;
    bool exponent;
    int64_t want = plain_levels(data, len, pos, scan, room->plain, max, &want_count, &exponent);
    int64_t scalar = mr_levels_kernel(MR_KERNEL_SCALAR)(data, len, pos, scan, room->scalar, max, &scalar_count);
    if (!exponent && (want < 0 ? scalar >= 0
                               : scalar != want || scalar_count != want_count ||
                                     memcmp(room->scalar, room->plain, want_count * sizeof(struct mr_level)) != 0))
        return "scalar";
    for (int k = 0; k < MR_KERNEL_COUNT; k++) {
        if (!mr_kernel_available((enum mr_kernel)k))
            continue;
        int64_t end = mr_levels_kernel((enum mr_kernel)k)(data, len, pos, scan, room->got, max, &count);
        if (end != scalar || (end >= 0 && (count != scalar_count ||
                                           memcmp(room->got, room->scalar, count * sizeof(struct mr_level)) != 0)))
            return mr_kernel_name((enum mr_kernel)k);
    }
    return NULL;
}

/* Both sides by every kernel's mr_levels_book_decode: as the scalar kernel reads them one after the other, or left to be read so. NULL if all
 * agree, else who does not; `*taken` counts kernels that read them. */
static inline const char *book_agree(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan,
                                     const struct mr_levels_book *book, uint32_t max, struct levels_room *room,
                                     uint32_t *taken)
{
    mr_levels_fn *scalar = mr_levels_kernel(MR_KERNEL_SCALAR);
    uint32_t want[2] = {0, 0}, count[2] = {0, 0};
    int64_t behind = -1, end = scalar(data, len, pos, scan, room->plain, LEVELS_ROOM, &want[0]);
    if (end >= 0 && len - (uint32_t)end >= book->between_len &&
        memcmp(data + end, book->between, book->between_len) == 0)
        behind = scalar(data, len, (uint32_t)end + book->between_len, scan, room->scalar, LEVELS_ROOM, &want[1]);
    for (int k = 0; k < MR_KERNEL_COUNT; k++) {
        mr_levels_book_fn *fn =
            mr_kernel_available((enum mr_kernel)k) ? mr_levels_book_kernel((enum mr_kernel)k) : NULL;
        int64_t got = fn ? fn(data, len, pos, scan, book, room->got, max, count) : MR_E_AGAIN;
        if (got == MR_E_AGAIN)
            continue;
        const uint32_t front = book->second_in_front ? want[1] : 0, rear = book->second_in_front ? 0 : want[0];
        if (got != behind || count[0] != want[0] || count[1] != want[1] || want[0] + want[1] > max ||
            memcmp(room->got + front, room->plain, want[0] * sizeof(struct mr_level)) != 0 ||
            memcmp(room->got + rear, room->scalar, want[1] * sizeof(struct mr_level)) != 0)
            return mr_kernel_name((enum mr_kernel)k);
        ++*taken;
    }
    return NULL;
}

#endif
