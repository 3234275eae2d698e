#include "dataplane/text/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dataplane/base/decimal.h"

void mr_text_init(struct mr_text *t, char *out, size_t bytes)
{
    MR_ASSERT(bytes > 0);
    *t = (struct mr_text){.out = out, .bytes = bytes};
    out[0] = 0;
}

void mr_text_bytes(struct mr_text *t, const void *data, size_t len)
{
    size_t room = t->bytes - 1 - t->len;
    if (len > room) {
        t->cut = true;
        len = room;
    }
    if (len)
        memcpy(t->out + t->len, data, len);
    t->len += len;
    t->out[t->len] = 0;
}

void mr_text_add(struct mr_text *t, const char *text) { mr_text_bytes(t, text, strlen(text)); }

void mr_text_format(struct mr_text *t, const char *format, ...)
{
    size_t room = t->bytes - t->len;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->out + t->len, room, format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n >= room) {
        t->cut = true;
        t->len = t->bytes - 1;
    } else {
        t->len += (size_t)n;
    }
}

void mr_text_i64(struct mr_text *t, int64_t value) { mr_text_decimal(t, value, 0); }

void mr_text_decimal(struct mr_text *t, int64_t value, int scale)
{
    char digits[MR_DECIMAL_TEXT];
    mr_text_bytes(t, digits, mr_decimal_text(value, scale, digits));
}

void mr_text_time(struct mr_text *t, int64_t wall_ns)
{
    int64_t seconds = wall_ns / 1000000000, part = wall_ns % 1000000000;
    if (part < 0) {
        part += 1000000000;
        seconds--;
    }
    time_t clock = (time_t)seconds;
    struct tm tm;
    char day[40];
    if (!gmtime_r(&clock, &tm) || !strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm))
        return;
    mr_text_format(t, "%s.%09lldZ", day, (long long)part);
}

void mr_json_out_init(struct mr_json_out *j, struct mr_text *text) { *j = (struct mr_json_out){.text = text}; }

/* Bytes of the well-formed UTF-8 character at s, or 0 (Unicode, table 3-7). */
static size_t utf8_length(const uint8_t *s, size_t left)
{
    if (s[0] < 0x80)
        return 1;
    size_t want = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || left < want)
        return 0;
    uint8_t low = s[0] == 0xe0   ? 0xa0
                  : s[0] == 0xf0 ? 0x90
                                 : 0x80,
            high = s[0] == 0xed   ? 0x9f
                   : s[0] == 0xf4 ? 0x8f
                                  : 0xbf;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < want; i++)
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    return want;
}

static void escaped(struct mr_text *t, const uint8_t *data, size_t len)
{
    mr_text_bytes(t, "\"", 1);
    for (size_t i = 0; i < len;) {
        size_t n = utf8_length(data + i, len - i);
        if (!n) {
            mr_text_add(t, "\xef\xbf\xbd");
            i++;
        } else if (data[i] == '"' || data[i] == '\\') {
            mr_text_format(t, "\\%c", data[i]);
            i++;
        } else if (data[i] < 0x20) {
            mr_text_format(t, "\\u%04x", data[i]);
            i++;
        } else {
            mr_text_bytes(t, data + i, n);
            i += n;
        }
    }
    mr_text_bytes(t, "\"", 1);
}

static void begin(struct mr_json_out *j, const char *key)
{
    MR_ASSERT(j->depth < 63);
    if (j->more >> j->depth & 1)
        mr_text_bytes(j->text, ",", 1);
    j->more |= 1ull << j->depth;
    if (key) {
        escaped(j->text, (const uint8_t *)key, strlen(key));
        mr_text_bytes(j->text, ":", 1);
    }
}

static void open_container(struct mr_json_out *j, const char *key, bool array)
{
    begin(j, key);
    mr_text_add(j->text, array ? "[" : "{");
    j->depth++;
    j->more &= ~(1ull << j->depth);
    j->arrays = array ? j->arrays | 1ull << j->depth : j->arrays & ~(1ull << j->depth);
}

void mr_json_out_object(struct mr_json_out *j, const char *key) { open_container(j, key, false); }

void mr_json_out_array(struct mr_json_out *j, const char *key) { open_container(j, key, true); }

void mr_json_out_end(struct mr_json_out *j)
{
    MR_ASSERT(j->depth > 0);
    mr_text_add(j->text, j->arrays >> j->depth & 1 ? "]" : "}");
    j->depth--;
}

void mr_json_out_string(struct mr_json_out *j, const char *key, const char *value)
{
    mr_json_out_span(j, key, mr_span_of(value));
}

void mr_json_out_span(struct mr_json_out *j, const char *key, struct mr_span value)
{
    begin(j, key);
    escaped(j->text, value.data, value.len);
}

void mr_json_out_i64(struct mr_json_out *j, const char *key, int64_t value)
{
    begin(j, key);
    mr_text_i64(j->text, value);
}

void mr_json_out_u64(struct mr_json_out *j, const char *key, uint64_t value)
{
    begin(j, key);
    mr_text_format(j->text, "%llu", (unsigned long long)value);
}

void mr_json_out_double(struct mr_json_out *j, const char *key, double value)
{
    begin(j, key);
    if (!isfinite(value)) {
        mr_text_add(j->text, "null");
        return;
    }
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    mr_text_add(j->text, digits);
}

void mr_json_out_decimal(struct mr_json_out *j, const char *key, int64_t value, int scale)
{
    char digits[MR_DECIMAL_TEXT];
    mr_decimal_text(value, scale, digits);
    mr_json_out_string(j, key, digits);
}

void mr_json_out_bool(struct mr_json_out *j, const char *key, bool value)
{
    begin(j, key);
    mr_text_add(j->text, value ? "true" : "false");
}

void mr_json_out_null(struct mr_json_out *j, const char *key)
{
    begin(j, key);
    mr_text_add(j->text, "null");
}
