/* The grammar of RFC 8259, compiled once a kernel (see json_priv.h).
 *
 * Two forms of it stand here: single steps for the cursor's calls, and `walk`, one loop that passes over
 * everything up to the end of a container. Neither recurses: the open brackets are one bit a level in
 * `nest`, so a depth bomb costs MR_JSON_DEPTH bytes of text and no stack. */
#include "codecs/json/json_scan.h"

#define KERNEL_TABLE_2(name) mr_json_kernel_##name
#define KERNEL_TABLE_1(name) KERNEL_TABLE_2(name)
#define KERNEL_TABLE KERNEL_TABLE_1(MR_KERNEL)

/* The byte at `pos` is not what must stand there. */
MR_INLINE bool unexpected(struct mr_json *j, uint32_t pos)
{
    return mr_json_error(j, pos < j->len ? MR_E_MALFORMED : MR_E_TRUNCATED, pos);
}

/* A call that does not fit the state: after an error nothing more to say, else the caller's mistake. */
MR_INLINE bool misuse(struct mr_json *j) { return mr_json_error(j, MR_E_INVALID, j->pos); }

/* Most texts have no blanks at all, so the first byte decides alone. */
MR_INLINE uint32_t blanks(const struct mr_json *j, uint32_t pos)
{
    if (mr_likely(pos < j->len && j->data[pos] > ' '))
        return pos;
    return scan_blanks(j, pos);
}

/* ---- strings ---- */

/* Instead of a position: the error is set. Texts are shorter than this, so no position is it. */
#define NOWHERE UINT32_MAX

/* The rest of a string from a byte that is no plain one: escapes and characters beyond ASCII, verified. */
static __attribute__((noinline)) uint32_t string_special(struct mr_json *j, uint32_t pos)
{
    for (;;) {
        uint32_t at = pos;
        int n;
        if (mr_unlikely(pos == j->len || j->data[pos] < ' ')) {
            unexpected(j, pos);
            return NOWHERE;
        }
        if (j->data[pos] == '"')
            return pos;
        if (j->data[pos] == '\\') {
            j->escaped = true;
            n = mr_json_escape(j->data, pos, j->len, &at);
        } else {
            n = mr_json_utf8(j->data, pos, j->len, &at);
        }
        if (mr_unlikely(n < 0)) {
            mr_json_error(j, n, at);
            return NOWHERE;
        }
        pos = scan_string(j, pos + (uint32_t)n);
    }
}

/* `pos` is behind the opening quote. The closing one, or NOWHERE. */
MR_INLINE uint32_t string_body(struct mr_json *j, uint32_t pos)
{
    pos = scan_string(j, pos);
    return mr_likely(pos < j->len && j->data[pos] == '"') ? pos : string_special(j, pos);
}

/* ---- numbers and words ---- */

/* One digit or more at `pos`; `*end` is behind them. */
MR_INLINE bool digits(struct mr_json *j, uint32_t pos, uint32_t *end)
{
    *end = scan_digits(j, pos);
    return *end > pos ? true : unexpected(j, pos);
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?  What may follow a number is the container's business. */
MR_INLINE bool number_body(struct mr_json *j, uint32_t pos, uint32_t *end)
{
    const uint8_t *data = j->data;
    uint32_t len = j->len;
    if (data[pos] == '-')
        pos++;
    if (pos < len && data[pos] == '0')
        pos++;
    else if (!digits(j, pos, &pos))
        return false;
    if (pos < len && data[pos] == '.' && !digits(j, pos + 1, &pos))
        return false;
    if (pos < len && (data[pos] | 0x20) == 'e') {
        pos++;
        if (pos < len && (data[pos] == '+' || data[pos] == '-'))
            pos++;
        if (!digits(j, pos, &pos))
            return false;
    }
    *end = pos;
    return true;
}

/* true, false or null, of which the first byte is known to stand at `pos`. */
MR_INLINE bool word_body(struct mr_json *j, uint32_t pos, uint32_t *end)
{
    const char *word = j->data[pos] == 't' ? "true" : j->data[pos] == 'f' ? "false" : "null";
    uint32_t n = j->data[pos] == 'f' ? 5 : 4;
    for (uint32_t i = 1; i < n; i++)
        if (mr_unlikely(pos + i >= j->len || j->data[pos + i] != (uint8_t)word[i]))
            return unexpected(j, pos + i);
    *end = pos + n;
    return true;
}

/* ---- brackets ---- */

/* A level deeper. `object` is its bit. */
MR_INLINE bool push(struct mr_json *j, uint32_t pos, bool object)
{
    uint32_t level = j->depth;
    if (mr_unlikely(level == MR_JSON_DEPTH))
        return mr_json_error(j, MR_E_DEPTH, pos);
    uint64_t bit = (uint64_t)1 << (level & 63), *word = &j->nest[level >> 6];
    *word = object ? *word | bit : *word & ~bit;
    j->depth = level + 1;
    j->after = object ? MR_JSON_EXPECT_KEY_NEXT : MR_JSON_EXPECT_ELEMENT_NEXT;
    return true;
}

/* The innermost container has closed: `after` is again what its parent wants. */
MR_INLINE void pop(struct mr_json *j)
{
    uint32_t level = --j->depth;
    if (level == 0)
        j->after = MR_JSON_EXPECT_END;
    else
        j->after =
            j->nest[(level - 1) >> 6] >> ((level - 1) & 63) & 1 ? MR_JSON_EXPECT_KEY_NEXT : MR_JSON_EXPECT_ELEMENT_NEXT;
}

/* A value has ended before `pos`. */
MR_INLINE bool ended(struct mr_json *j, uint32_t pos)
{
    j->pos = pos;
    j->expect = j->after;
    return true;
}

/* ---- passing over ---- */

/* A key with its colon; `*end` is behind that. */
MR_INLINE bool key_body(struct mr_json *j, uint32_t pos, uint32_t *quote, uint32_t *end)
{
    if (mr_unlikely(pos >= j->len || j->data[pos] != '"'))
        return unexpected(j, pos);
    *quote = string_body(j, pos + 1);
    if (mr_unlikely(*quote == NOWHERE))
        return false;
    pos = blanks(j, *quote + 1);
    if (mr_unlikely(pos >= j->len || j->data[pos] != ':'))
        return unexpected(j, pos);
    *end = pos + 1;
    return true;
}

/* Are these bytes the next ones behind a closing quote? (Then they are inside the text.) */
MR_INLINE bool follows(const struct mr_json *j, uint32_t quote, const char *bytes, uint32_t n)
{
    return j->len - quote > n && memcmp(j->data + quote + 1, bytes, n) == 0;
}

/* Is the container around the innermost one an array? */
MR_INLINE bool array_of_arrays(const struct mr_json *j)
{
    uint32_t level = j->depth - 2;
    return j->depth > 1 && j->after == MR_JSON_EXPECT_ELEMENT_NEXT && !(j->nest[level >> 6] >> (level & 63) & 1);
}

/* From the state the cursor is in to the end of the value that leaves `floor` levels open. */
static bool walk(struct mr_json *j, uint32_t floor)
{
    const uint8_t *data = j->data;
    const uint32_t len = j->len;
    uint32_t pos = j->pos, quote;
    switch (j->expect) {
    case MR_JSON_EXPECT_VALUE:
        goto value;
    case MR_JSON_EXPECT_KEY_FIRST:
        goto key_first;
    case MR_JSON_EXPECT_ELEMENT_FIRST:
        goto element_first;
    default:
        goto after;
    }

value:
    pos = blanks(j, pos);
value_here:
    if (mr_unlikely(pos >= len))
        return unexpected(j, pos);
    switch (data[pos]) {
    case '"':
        pos++;
        goto string;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        if (mr_unlikely(!number_body(j, pos, &pos)))
            return false;
        goto after;
    case '{':
        if (mr_unlikely(!push(j, pos, true)))
            return false;
        pos++;
        goto key_first;
    case '[':
        if (mr_unlikely(!push(j, pos, false)))
            return false;
        pos++;
        goto element_first;
    case 't':
    case 'f':
    case 'n':
        if (mr_unlikely(!word_body(j, pos, &pos)))
            return false;
        goto after;
    default:
        return unexpected(j, pos);
    }

string: /* behind the opening quote of a value */
    quote = string_body(j, pos);
    if (mr_unlikely(quote == NOWHERE))
        return false;
    pos = quote + 1;
    if (j->depth == floor)
        return ended(j, pos);
    /* short ways: most of a message is strings, and most of a book is pairs of them; closing such a pair and opening
     * the next leaves the brackets as they are */
    if (follows(j, quote, ",\"", 2)) {
        pos = quote + 3;
        if (j->after == MR_JSON_EXPECT_ELEMENT_NEXT)
            goto string;
        goto key;
    }
    if (follows(j, quote, "],[\"", 4) && j->depth - 1 > floor && array_of_arrays(j)) {
        pos = quote + 5;
        goto string;
    }
    goto after;

key_first:
    pos = blanks(j, pos);
    if (pos < len && data[pos] == '}')
        goto close;
key_here:
    if (mr_unlikely(pos >= len || data[pos] != '"'))
        return unexpected(j, pos);
    pos++;
key: /* behind the opening quote of a key */
    quote = string_body(j, pos);
    if (mr_unlikely(quote == NOWHERE))
        return false;
    if (follows(j, quote, ":\"", 2)) {
        pos = quote + 3;
        goto string;
    }
    pos = blanks(j, quote + 1);
    if (mr_unlikely(pos >= len || data[pos] != ':'))
        return unexpected(j, pos);
    pos++;
    goto value;

element_first:
    pos = blanks(j, pos);
    if (pos < len && data[pos] == ']')
        goto close;
    goto value_here;

close:
    pop(j);
    pos++;
after:
    if (j->depth == floor)
        return ended(j, pos);
    pos = blanks(j, pos);
    if (mr_unlikely(pos >= len))
        return unexpected(j, pos);
    bool object = j->after == MR_JSON_EXPECT_KEY_NEXT;
    if (data[pos] == (object ? '}' : ']'))
        goto close;
    if (mr_unlikely(data[pos] != ','))
        return unexpected(j, pos);
    pos++;
    if (!object)
        goto value;
    pos = blanks(j, pos);
    goto key_here;
}

/* ---- the calls ---- */

/* Where the value to be read begins; true if there is a byte to look at. */
MR_INLINE bool value_start(struct mr_json *j, uint32_t *pos)
{
    if (mr_unlikely(j->expect != MR_JSON_EXPECT_VALUE))
        return misuse(j);
    *pos = j->start = blanks(j, j->pos);
    return mr_likely(*pos < j->len) ? true : unexpected(j, *pos);
}

/* Not what was asked for: MR_E_TYPE if it is a legal value at all. */
static MR_COLD bool wrong_type(struct mr_json *j)
{
    uint32_t start = j->start;
    return walk(j, j->depth) ? mr_json_error(j, MR_E_TYPE, start) : false;
}

static bool call_object(struct mr_json *j)
{
    uint32_t pos;
    if (mr_unlikely(!value_start(j, &pos)))
        return false;
    if (mr_unlikely(j->data[pos] != '{'))
        return wrong_type(j);
    if (mr_unlikely(!push(j, pos, true)))
        return false;
    j->pos = pos + 1;
    j->expect = MR_JSON_EXPECT_KEY_FIRST;
    return true;
}

static bool call_array(struct mr_json *j)
{
    uint32_t pos;
    if (mr_unlikely(!value_start(j, &pos)))
        return false;
    if (mr_unlikely(j->data[pos] != '['))
        return wrong_type(j);
    if (mr_unlikely(!push(j, pos, false)))
        return false;
    j->pos = pos + 1;
    j->expect = MR_JSON_EXPECT_ELEMENT_FIRST;
    return true;
}

/* The closing bracket at `pos`, for key and next: false, but no error. */
static __attribute__((noinline)) bool closed(struct mr_json *j, uint32_t pos)
{
    pop(j);
    ended(j, pos + 1);
    return false;
}

/* Before a member or element: behind the comma, or at the bracket. `*pos` is then at a byte that is no blank. */
MR_INLINE bool separator(struct mr_json *j, bool first, uint8_t bracket, uint32_t *pos)
{
    *pos = blanks(j, j->pos);
    if (first)
        return true;
    if (mr_unlikely(*pos >= j->len))
        return unexpected(j, *pos);
    if (mr_likely(j->data[*pos] == ',')) {
        *pos = blanks(j, *pos + 1);
        if (mr_unlikely(*pos < j->len && j->data[*pos] == bracket)) /* a comma with nothing behind it */
            return unexpected(j, *pos);
        return true;
    }
    return j->data[*pos] == bracket ? true : unexpected(j, *pos);
}

static bool call_key(struct mr_json *j, struct mr_span *key)
{
    uint32_t pos, quote, end;
    bool first = j->expect == MR_JSON_EXPECT_KEY_FIRST;
    if (mr_unlikely(!first && j->expect != MR_JSON_EXPECT_KEY_NEXT))
        return misuse(j);
    if (mr_unlikely(!separator(j, first, '}', &pos)))
        return false;
    if (pos < j->len && j->data[pos] == '}')
        return closed(j, pos);
    j->escaped = false;
    if (mr_unlikely(!key_body(j, pos, &quote, &end)))
        return false;
    *key = (struct mr_span){j->data + pos + 1, quote - pos - 1};
    j->start = pos;
    j->pos = end;
    j->expect = MR_JSON_EXPECT_VALUE;
    return true;
}

static bool call_next(struct mr_json *j)
{
    uint32_t pos;
    bool first = j->expect == MR_JSON_EXPECT_ELEMENT_FIRST;
    if (mr_unlikely(!first && j->expect != MR_JSON_EXPECT_ELEMENT_NEXT))
        return misuse(j);
    if (mr_unlikely(!separator(j, first, ']', &pos)))
        return false;
    if (mr_unlikely(pos >= j->len))
        return unexpected(j, pos);
    if (j->data[pos] == ']')
        return closed(j, pos);
    j->start = j->pos = pos;
    j->expect = MR_JSON_EXPECT_VALUE;
    return true;
}

MR_INLINE bool string_at(struct mr_json *j, uint32_t pos, struct mr_span *text)
{
    j->escaped = false;
    uint32_t quote = string_body(j, pos + 1);
    if (mr_unlikely(quote == NOWHERE))
        return false;
    *text = (struct mr_span){j->data + pos + 1, quote - pos - 1};
    return ended(j, quote + 1);
}

MR_INLINE bool number_at(struct mr_json *j, uint32_t pos, struct mr_span *text)
{
    uint32_t end;
    j->escaped = false;
    if (mr_unlikely(!number_body(j, pos, &end)))
        return false;
    *text = (struct mr_span){j->data + pos, end - pos};
    return ended(j, end);
}

static bool call_string(struct mr_json *j, struct mr_span *text)
{
    uint32_t pos;
    if (mr_unlikely(!value_start(j, &pos)))
        return false;
    return mr_likely(j->data[pos] == '"') ? string_at(j, pos, text) : wrong_type(j);
}

static bool call_number(struct mr_json *j, struct mr_span *text)
{
    uint32_t pos;
    if (mr_unlikely(!value_start(j, &pos)))
        return false;
    return mr_likely(is_digit(j->data[pos]) || j->data[pos] == '-') ? number_at(j, pos, text) : wrong_type(j);
}

static bool call_text(struct mr_json *j, struct mr_span *text)
{
    uint32_t pos;
    if (mr_unlikely(!value_start(j, &pos)))
        return false;
    if (j->data[pos] == '"')
        return string_at(j, pos, text);
    return mr_likely(is_digit(j->data[pos]) || j->data[pos] == '-') ? number_at(j, pos, text) : wrong_type(j);
}

static bool call_boolean(struct mr_json *j, bool *value)
{
    uint32_t pos, end;
    if (mr_unlikely(!value_start(j, &pos)))
        return false;
    if (mr_unlikely(j->data[pos] != 't' && j->data[pos] != 'f'))
        return wrong_type(j);
    if (mr_unlikely(!word_body(j, pos, &end)))
        return false;
    *value = j->data[pos] == 't';
    return ended(j, end);
}

static bool call_null(struct mr_json *j)
{
    uint32_t pos, end;
    if (mr_unlikely(!value_start(j, &pos)) || j->data[pos] != 'n')
        return false;
    return word_body(j, pos, &end) ? ended(j, end) : false;
}

static bool call_skip(struct mr_json *j)
{
    uint32_t pos;
    return mr_likely(value_start(j, &pos)) ? walk(j, j->depth) : false;
}

static bool call_leave(struct mr_json *j)
{
    if (mr_unlikely(j->expect == MR_JSON_EXPECT_FAILED || j->depth == 0))
        return misuse(j);
    return walk(j, j->depth - 1);
}

static enum mr_json_type call_peek(struct mr_json *j)
{
    if (j->expect != MR_JSON_EXPECT_VALUE)
        return MR_JSON_NONE;
    uint32_t pos = blanks(j, j->pos);
    switch (pos < j->len ? j->data[pos] : 0) {
    case '{':
        return MR_JSON_OBJECT;
    case '[':
        return MR_JSON_ARRAY;
    case '"':
        return MR_JSON_STRING;
    case 't':
        return MR_JSON_TRUE;
    case 'f':
        return MR_JSON_FALSE;
    case 'n':
        return MR_JSON_NULL;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return MR_JSON_NUMBER;
    default:
        unexpected(j, pos);
        return MR_JSON_NONE;
    }
}

static int call_close(struct mr_json *j)
{
    if (mr_unlikely(j->expect == MR_JSON_EXPECT_FAILED))
        return j->status;
    if (j->expect != MR_JSON_EXPECT_END && !walk(j, 0))
        return j->status;
    j->pos = blanks(j, j->pos);
    if (mr_unlikely(j->pos < j->len))
        unexpected(j, j->pos);
    return j->status;
}

const struct mr_json_kernel KERNEL_TABLE = {
    .object = call_object,
    .key = call_key,
    .array = call_array,
    .next = call_next,
    .string = call_string,
    .number = call_number,
    .text = call_text,
    .boolean = call_boolean,
    .null = call_null,
    .skip = call_skip,
    .leave = call_leave,
    .peek = call_peek,
    .close = call_close,
};
