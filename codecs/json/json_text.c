/* Characters inside strings: UTF-8, escapes, and both undone. The rare side of every string. */
#include "codecs/json/json_priv.h"

/* A bad or missing byte of a sequence. */
static int broken(uint32_t pos, uint32_t len, uint32_t *at)
{
    *at = pos < len ? pos : len;
    return pos < len ? MR_E_MALFORMED : MR_E_TRUNCATED;
}

int mr_json_utf8(const uint8_t *data, uint32_t pos, uint32_t len, uint32_t *at)
{
    uint8_t lead = data[pos], low = 0x80, high = 0xbf;
    int n;
    /* the table of RFC 3629, section 4: only the second byte's range depends on the first */
    if (lead >= 0xc2 && lead <= 0xdf) {
        n = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        n = 3;
        low = lead == 0xe0 ? 0xa0 : 0x80;
        high = lead == 0xed ? 0x9f : 0xbf;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        n = 4;
        low = lead == 0xf0 ? 0x90 : 0x80;
        high = lead == 0xf4 ? 0x8f : 0xbf;
    } else {
        return broken(pos, len, at);
    }
    for (int i = 1; i < n; i++) {
        if (++pos >= len || data[pos] < low || data[pos] > high)
            return broken(pos, len, at);
        low = 0x80;
        high = 0xbf;
    }
    return n;
}

/* Value of a hexadecimal digit, or -1. */
static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mr_json_escape(const uint8_t *data, uint32_t pos, uint32_t len, uint32_t *at)
{
    if (++pos >= len)
        return broken(pos, len, at);
    switch (data[pos]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return 2;
    case 'u':
        break;
    default:
        return broken(pos, len, at);
    }
    for (int i = 0; i < 4; i++)
        if (++pos >= len || hex(data[pos]) < 0)
            return broken(pos, len, at);
    return 6;
}

/* ---- undone ---- */

static uint32_t four_hex(const uint8_t *digits)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 4 | (uint32_t)hex(digits[i]);
    return value;
}

/* A code point as UTF-8; up to 4 bytes. */
static uint32_t put(uint32_t point, uint8_t *out)
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (uint8_t)(0xc0 | point >> 6);
        out[1] = (uint8_t)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (uint8_t)(0xe0 | point >> 12);
        out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | point >> 18);
    out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (point & 0x3f));
    return 4;
}

/* What the \u escape at raw[*pos] stands for, with its second half where it has one; *pos is put behind it. */
static uint32_t unicode_escape(struct mr_span raw, uint32_t *pos)
{
    uint32_t at, unit = four_hex(raw.data + *pos + 2);
    *pos += 6;
    if (unit < 0xd800 || unit > 0xdfff)
        return unit;
    if (unit < 0xdc00 && *pos < raw.len && raw.data[*pos] == '\\' &&
        mr_json_escape(raw.data, *pos, raw.len, &at) == 6) {
        uint32_t low = four_hex(raw.data + *pos + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *pos += 6;
            return 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
        }
    }
    return 0xfffd; /* half a pair is no character */
}

/* The next character of a raw string: its plain bytes (1..4) in `out`, how many is returned. */
static int next_plain(struct mr_span raw, uint32_t *pos, uint8_t *out)
{
    uint32_t at;
    if (raw.data[*pos] != '\\') {
        out[0] = raw.data[(*pos)++];
        return 1;
    }
    int n = mr_json_escape(raw.data, *pos, raw.len, &at);
    if (n < 0)
        return MR_E_MALFORMED;
    if (n == 6)
        return (int)put(unicode_escape(raw, pos), out);
    uint8_t c = raw.data[*pos + 1];
    *pos += 2;
    switch (c) {
    case 'b':
        c = '\b';
        break;
    case 'f':
        c = '\f';
        break;
    case 'n':
        c = '\n';
        break;
    case 'r':
        c = '\r';
        break;
    case 't':
        c = '\t';
        break;
    default:
        break; /* quote, backslash and slash stand for themselves */
    }
    out[0] = c;
    return 1;
}

int64_t mr_json_unescape(struct mr_span raw, uint8_t *out, uint32_t out_bytes)
{
    uint32_t used = 0;
    for (uint32_t pos = 0; pos < raw.len;) {
        uint8_t plain[4];
        int n = next_plain(raw, &pos, plain);
        if (n < 0)
            return n;
        if ((uint32_t)n > out_bytes - used)
            return MR_E_FULL;
        memcpy(out + used, plain, (size_t)n);
        used += (uint32_t)n;
    }
    return used;
}

static MR_COLD bool escaped_key_is(struct mr_span key, const char *name, size_t len)
{
    size_t used = 0;
    for (uint32_t pos = 0; pos < key.len;) {
        uint8_t plain[4];
        int n = next_plain(key, &pos, plain);
        if (n < 0 || (size_t)n > len - used || memcmp(name + used, plain, (size_t)n))
            return false;
        used += (size_t)n;
    }
    return used == len;
}

bool mr_json_key_is(const struct mr_json *j, struct mr_span key, const char *name)
{
    size_t len = strlen(name);
    return mr_likely(!j->escaped) ? mr_span_is(key, name, len) : escaped_key_is(key, name, len);
}
