/* The loops over bytes that have a vector form. MR_KERNEL_WIDTH is the vector's bytes, 0 for plain C.
 *
 * Bounds  nothing outside [data, data + len) is read. */
#ifndef MR_JSON_JSON_SCAN_H
#define MR_JSON_JSON_SCAN_H

#include "codecs/json/json_priv.h"

MR_INLINE bool is_blank(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

MR_INLINE bool is_digit(uint8_t c) { return (uint8_t)(c - '0') < 10; }

/* What a string may hold as it stands: ASCII but quote, backslash and control characters. */
MR_INLINE bool is_plain(uint8_t c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

/* First byte at or behind `pos` that a string cannot hold as it stands (quote, backslash, control, beyond
 * ASCII), or len. */
MR_INLINE uint32_t scan_string(const uint8_t *data, uint32_t pos, uint32_t len)
{
    while (pos < len && is_plain(data[pos]))
        pos++;
    return pos;
}

/* First byte at or behind `pos` that is no blank, or len. */
MR_INLINE uint32_t scan_blanks(const uint8_t *data, uint32_t pos, uint32_t len)
{
    while (pos < len && is_blank(data[pos]))
        pos++;
    return pos;
}

/* First byte at or behind `pos` that is no digit, or len. */
MR_INLINE uint32_t scan_digits(const uint8_t *data, uint32_t pos, uint32_t len)
{
    while (pos < len && is_digit(data[pos]))
        pos++;
    return pos;
}

#endif
