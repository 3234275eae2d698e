#include "tests/codecs/venue/shapeshift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const mr_shift_says[MR_SHIFT_COUNT] = {
#define SHIFT(name, says) says,
    MR_SHIFTS(SHIFT)
#undef SHIFT
};

/* ---- where the fields are ---- */

struct scan {
    const char *text;
    uint32_t len, count;
    struct mr_place *places;
};

static uint32_t skip_blanks(const struct scan *s, uint32_t at)
{
    while (at < s->len && strchr(" \t\r\n", s->text[at]))
        at++;
    return at;
}

static uint32_t string_end(const struct scan *s, uint32_t at)
{
    for (at++; at < s->len && s->text[at] != '"'; at++)
        at += s->text[at] == '\\';
    return at + 1;
}

static uint32_t value_end(struct scan *s, uint32_t at);

/* An object or a list that begins at `at`; behind its end. */
static uint32_t members(struct scan *s, uint32_t at)
{
    bool object = s->text[at] == '{';
    uint32_t begin = at, elements = 0, first = s->count;
    for (at = skip_blanks(s, at + 1); at < s->len && s->text[at] != '}' && s->text[at] != ']';) {
        struct mr_place p = {.object = begin, .key = at, .key_end = at};
        if (object) {
            p.key_end = string_end(s, at);
            at = skip_blanks(s, skip_blanks(s, p.key_end) + 1);
        }
        bool kept = (object || elements++ < MR_ELEMENTS_MAX) && s->count < MR_PLACES_MAX;
        uint32_t mine = s->count, inside;
        s->count += kept;
        inside = s->count;
        p.value = at;
        p.value_end = value_end(s, at);
        if (kept)
            s->places[mine] = p;
        else
            s->count = inside; /* nothing of what is in it either */
        at = skip_blanks(s, p.value_end);
        if (at < s->len && s->text[at] == ',')
            at = skip_blanks(s, at + 1);
    }
    for (uint32_t i = first; i < s->count; i++)
        if (s->places[i].object == begin)
            s->places[i].object_end = at + 1;
    return at + 1;
}

static uint32_t value_end(struct scan *s, uint32_t at)
{
    if (s->text[at] == '"')
        return string_end(s, at);
    if (s->text[at] == '{' || s->text[at] == '[')
        return members(s, at);
    while (at < s->len && !strchr(",]} \t\r\n", s->text[at]))
        at++;
    return at;
}

uint32_t mr_places(const char *text, uint32_t len, struct mr_place places[MR_PLACES_MAX])
{
    struct scan s = {.text = text, .len = len, .places = places};
    uint32_t at = skip_blanks(&s, 0);
    if (at < len && (text[at] == '{' || text[at] == '['))
        members(&s, at);
    return s.count;
}

/* ---- what is done to them ---- */

struct out {
    char *data;
    uint32_t len;
};

static void add(struct out *o, const char *data, uint32_t len)
{
    MR_ASSERT(o->len + len < MR_SHIFT_ROOM);
    memcpy(o->data + o->len, data, len);
    o->len += len;
}
static void word(struct out *o, const char *text) { add(o, text, (uint32_t)strlen(text)); }
static void many(struct out *o, char c, uint32_t n)
{
    MR_ASSERT(o->len + n < MR_SHIFT_ROOM);
    memset(o->data + o->len, c, n);
    o->len += n;
}

/* The value replaced by `text`. */
static void instead(struct out *o, const char *text, uint32_t len, const struct mr_place *p, const char *value)
{
    add(o, text, p->value);
    word(o, value);
    add(o, text + p->value_end, len - p->value_end);
}

static bool is_number(const char *text, uint32_t len)
{
    char copy[64], *end;
    if (len == 0 || len >= sizeof copy || !strchr("-0123456789", text[0]))
        return false;
    memcpy(copy, text, len);
    copy[len] = 0;
    (void)strtod(copy, &end);
    return *end == 0 && !strpbrk(copy, "xXnN") && !(copy[0] == '0' && len > 1 && copy[1] != '.');
}

/* Another value of the same type, as long: for the field that comes twice. False: there is none. */
static bool other_value(struct out *o, const char *value, uint32_t len)
{
    uint32_t from = o->len;
    bool changed = false;
    add(o, value, len);
    for (uint32_t i = from; i < o->len && !changed; i++)
        if (o->data[i] >= '1' && o->data[i] <= '8') {
            o->data[i]++;
            changed = true;
        }
    return changed;
}

/* The field out of the text, with one of the commas round it. */
static void without(struct out *o, const char *text, uint32_t len, const struct mr_place *p)
{
    uint32_t from = p->key, to = p->value_end;
    while (strchr(" \t", text[to]))
        to++;
    if (text[to] == ',') {
        to++;
    } else {
        while (from > 0 && strchr(" \t", text[from - 1]))
            from--;
        from -= text[from - 1] == ',';
    }
    add(o, text, from);
    add(o, text + to, len - to);
}

static bool twice(struct out *o, const char *text, uint32_t len, const struct mr_place *p, bool other)
{
    add(o, text, p->value_end);
    word(o, ",");
    add(o, text + p->key, p->value - p->key);
    bool done = true;
    if (other)
        done = other_value(o, text + p->value, p->value_end - p->value);
    else
        add(o, text + p->value, p->value_end - p->value);
    add(o, text + p->value_end, len - p->value_end);
    return done;
}

static bool to_the_end(struct out *o, const char *text, uint32_t len, const struct mr_place *p)
{
    uint32_t end = p->object_end - 1, after = p->value_end;
    while (strchr(" \t", text[after]))
        after++;
    if (text[after] != ',') /* it is the last */
        return false;
    add(o, text, p->key);
    add(o, text + after + 1, end - after - 1);
    word(o, ",");
    add(o, text + p->key, p->value_end - p->key);
    add(o, text + end, len - end);
    return true;
}

static void stranger(struct out *o, const char *text, uint32_t len, const struct mr_place *p, enum mr_shift shift)
{
    add(o, text, p->key);
    word(o, "\"zzUnknown\":");
    if (shift == MR_SHIFT_STRANGER)
        word(o, "{\"a\":[1,\"x\",null,{}],\"zz\":-0.5e-3},");
    uint32_t depth = shift == MR_SHIFT_DEEP ? 900 : shift == MR_SHIFT_TOO_DEEP ? 1100 : 0;
    if (depth) {
        many(o, '[', depth);
        many(o, ']', depth);
        word(o, ",");
    }
    if (shift == MR_SHIFT_LONG) {
        word(o, "\"");
        many(o, 'x', 1 << 20);
        word(o, "\",");
    }
    add(o, text + p->key, len - p->key);
}

/* The first character behind the quote at `quote` as \u00XX. */
static bool escaped(struct out *o, const char *text, uint32_t len, uint32_t quote)
{
    char code[8];
    uint8_t c = (uint8_t)text[quote + 1];
    if (text[quote] != '"' || c == '"' || c == '\\' || c >= 0x80)
        return false;
    snprintf(code, sizeof code, "\\u%04x", c);
    add(o, text, quote + 1);
    word(o, code);
    add(o, text + quote + 2, len - quote - 2);
    return true;
}

static void blanks(struct out *o, const char *text, uint32_t len, const struct mr_place *p)
{
    add(o, text, p->key);
    word(o, " \t");
    add(o, text + p->key, p->key_end - p->key);
    if (p->key_end > p->key)
        word(o, "\r\n: ");
    add(o, text + p->value, p->value_end - p->value);
    word(o, "\n ");
    add(o, text + p->value_end, len - p->value_end);
}

static bool quoted(struct out *o, const char *text, uint32_t len, const struct mr_place *p)
{
    char value[80];
    uint32_t n = p->value_end - p->value;
    if (!is_number(text + p->value, n))
        return false;
    snprintf(value, sizeof value, "\"%.*s\"", (int)n, text + p->value);
    instead(o, text, len, p, value);
    return true;
}

static bool bare(struct out *o, const char *text, uint32_t len, const struct mr_place *p)
{
    char value[80];
    uint32_t n = p->value_end - p->value;
    if (n < 3 || text[p->value] != '"' || !is_number(text + p->value + 1, n - 2))
        return false;
    snprintf(value, sizeof value, "%.*s", (int)(n - 2), text + p->value + 1);
    instead(o, text, len, p, value);
    return true;
}

/* Of the value. */
static bool change(struct out *o, const char *text, uint32_t len, const struct mr_place *p, enum mr_shift shift)
{
    char first = text[p->value];
    switch (shift) {
    case MR_SHIFT_OBJECT:
        instead(o, text, len, p, "{}");
        return first != '{';
    case MR_SHIFT_LIST:
        instead(o, text, len, p, "[]");
        return first != '[';
    case MR_SHIFT_TRUTH:
        instead(o, text, len, p, "true");
        return first != 't' && first != 'f';
    case MR_SHIFT_NOTHING:
        instead(o, text, len, p, "null");
        return first != 'n';
    case MR_SHIFT_QUOTED:
        return quoted(o, text, len, p);
    case MR_SHIFT_BARE:
        return bare(o, text, len, p);
    case MR_SHIFT_ESCAPED_TEXT:
        return escaped(o, text, len, p->value);
    default:
        blanks(o, text, len, p);
        return true;
    }
}

uint32_t mr_shift(const char *text, uint32_t len, const struct mr_place *place, enum mr_shift shift, char *out)
{
    struct out o = {out, 0};
    bool element = place->key == place->key_end, done = true;
    switch (shift) {
    case MR_SHIFT_TWICE:
    case MR_SHIFT_TWICE_OTHER:
        done = !element && twice(&o, text, len, place, shift == MR_SHIFT_TWICE_OTHER);
        break;
    case MR_SHIFT_LAST:
        done = !element && to_the_end(&o, text, len, place);
        break;
    case MR_SHIFT_MISSING:
        if (element) /* a list may always be shorter */
            return 0;
        without(&o, text, len, place);
        break;
    case MR_SHIFT_STRANGER:
    case MR_SHIFT_DEEP:
    case MR_SHIFT_TOO_DEEP:
    case MR_SHIFT_LONG:
        if (element)
            return 0;
        stranger(&o, text, len, place, shift);
        break;
    case MR_SHIFT_ESCAPED_NAME:
        done = !element && escaped(&o, text, len, place->key);
        break;
    default:
        done = change(&o, text, len, place, shift);
        break;
    }
    return done ? o.len : 0;
}
