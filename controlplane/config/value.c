/* Typed values: text into fields, fields into text. Nothing here knows of YAML. */
#include <arpa/inet.h>
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "controlplane/config/config_priv.h"
#include "controlplane/config/nearest.h"

static bool refuse(struct mr_why *why, const char *format, ...) MR_PRINTF(2, 3);
static bool refuse(struct mr_why *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return false;
}

/* Values as they are told: cut, control characters as '?'. */
struct shown {
    char text[48];
};
static struct shown shown(const char *text, size_t len)
{
    struct shown s = {0};
    size_t n = len < 40 ? len : 40;
    for (size_t i = 0; i < n; i++)
        s.text[i] = (uint8_t)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
    while (n > 0 && n < len && ((uint8_t)text[n] & 0xc0) == 0x80) /* not in the middle of a character */
        n--;
    snprintf(s.text + n, sizeof s.text - n, n < len ? "..." : "");
    return s;
}

/* ---- what is wanted, in words ---- */

static void choices(const struct mr_key *key, char *out, size_t bytes)
{
    size_t n = 0;
    for (const char *c = key->unit; *c && n + 3 < bytes; c++) {
        out[n++] = *c == '|' ? ',' : *c;
        if (*c == '|')
            out[n++] = ' ';
    }
    out[n] = 0;
}

static const char *simple_want(uint8_t type)
{
    switch (type) {
    case KEY_BOOL:
        return "true or false";
    case KEY_PATH:
        return "a path";
    case KEY_NAME:
        return "a name of letters, digits, '.', '_' and '-'";
    case KEY_HOST:
        return "a host name or address";
    case KEY_URL:
        return "http:// or https://, a host and perhaps a port: https://127.0.0.1:8443";
    case KEY_ADDRESS:
        return "an IP address: 192.0.2.1, 2001:db8::1; with a port 192.0.2.1:443, [2001:db8::1]:443";
    case KEY_IPV4:
        return "an IPv4 address: 192.0.2.1";
    case KEY_NEIGHBOUR:
        return "an IPv4 address and its hardware address: 192.0.2.1=02:00:00:00:00:01";
    case KEY_LINE:
        return "ADDRESS:PORT, or ADDRESS:PORT@SENDER: 239.1.1.1:5000@192.0.2.1";
    case KEY_PRODUCT:
        return "VENUE:PRODUCT";
    case KEY_STREAM:
        return "VENUE:PRODUCT:SYMBOL";
    default:
        return "a symbol as the venue writes it";
    }
}

static void size_text(struct mr_text *t, uint64_t value);
static void time_text(struct mr_text *t, int64_t ns);

void mr_value_want(const struct mr_key *key, struct mr_why *why)
{
    char list[200], from[32], to[32];
    struct mr_text a, b;
    mr_text_init(&a, from, sizeof from);
    mr_text_init(&b, to, sizeof to);
    bool unit = key->unit[0] != 0;
    switch (key->type) {
    case KEY_INT:
    case KEY_MICRO:
        snprintf(why->text, sizeof why->text, "an integer from %.0f to %.0f%s%s%s", key->least, key->most,
                 unit ? " (" : "", key->unit, unit ? ")" : "");
        break;
    case KEY_POWER:
        snprintf(why->text, sizeof why->text, "a power of two from %.0f to %.0f (%s)", key->least, key->most,
                 key->unit);
        break;
    case KEY_REAL:
        snprintf(why->text, sizeof why->text, "a number from %g to %g%s%s%s", key->least, key->most, unit ? " (" : "",
                 key->unit, unit ? ")" : "");
        break;
    case KEY_CHOICE:
    case KEY_FLAGS:
        choices(key, list, sizeof list);
        snprintf(why->text, sizeof why->text, "one of %s", list);
        break;
    case KEY_SIZE:
        size_text(&a, (uint64_t)key->least);
        size_text(&b, (uint64_t)key->most);
        snprintf(why->text, sizeof why->text, "a size from %s to %s, with its unit: B, KiB, MiB, GiB", from, to);
        break;
    case KEY_TIME:
        time_text(&a, (int64_t)key->least);
        time_text(&b, (int64_t)key->most);
        snprintf(why->text, sizeof why->text, "a duration from %s to %s, with its unit: ms, s, m, h", from, to);
        break;
    default:
        snprintf(why->text, sizeof why->text, "%s", simple_want(key->type));
    }
}

/* "5.9": not a whole number; want an integer from 1 to 8 */
static bool unwanted(const struct mr_key *key, const char *text, size_t len, const char *reason, struct mr_why *why)
{
    struct mr_why want;
    mr_value_want(key, &want);
    return refuse(why, "\"%s\": %s; want %s", shown(text, len).text, reason, want.text);
}

/* ---- numbers ---- */

/* Digits at the start of text; `used` of them. The reason it is no whole number, or NULL. */
static const char *digits(const char *text, size_t len, uint64_t *value, size_t *used)
{
    size_t n = 0;
    *value = 0;
    while (n < len && isdigit((unsigned char)text[n])) {
        if (n >= 19)
            return "out of range";
        *value = *value * 10 + (uint64_t)(text[n++] - '0');
    }
    *used = n;
    if (n == 0)
        return len && (text[0] == '-' || text[0] == '+') ? (text[0] == '-' ? "negative" : "no sign is wanted")
                                                         : "not a number";
    if (n > 1 && text[0] == '0')
        return "leading zeros, which some read as octal";
    return NULL;
}

static bool whole(const struct mr_key *key, const char *text, size_t len, uint64_t *value, struct mr_why *why)
{
    size_t used;
    const char *reason = digits(text, len, value, &used);
    if (!reason && used < len) {
        if (text[used] == '.')
            reason = "not a whole number";
        else if (text[used] == '_' || text[used] == ',' || text[used] == '\'')
            reason = "digits only, no separators";
        else if (isalpha((unsigned char)text[used]) && text[0] == '0')
            reason = "decimal digits only";
        else if (isalpha((unsigned char)text[used]))
            reason = "a plain number, without a unit or exponent";
        else
            reason = "not a number";
    }
    if (!reason && ((double)*value < key->least || (double)*value > key->most))
        reason = "out of range";
    if (!reason && key->type == KEY_POWER && (*value & (*value - 1)))
        reason = "not a power of two";
    return !reason || unwanted(key, text, len, reason, why);
}

static void store(const struct mr_key *key, void *place, uint64_t value)
{
    uint8_t v8 = (uint8_t)value;
    uint16_t v16 = (uint16_t)value;
    uint32_t v32 = (uint32_t)value;
    const void *from = key->bytes == 1   ? (const void *)&v8
                       : key->bytes == 2 ? (const void *)&v16
                       : key->bytes == 4 ? (const void *)&v32
                                         : (const void *)&value;
    MR_ASSERT(key->bytes == 1 || key->bytes == 2 || key->bytes == 4 || key->bytes == 8);
    memcpy(place, from, key->bytes);
}

static uint64_t fetch(const struct mr_key *key, const void *place)
{
    uint64_t value = 0;
    MR_ASSERT(key->bytes <= 8);
    memcpy(&value, place, key->bytes); /* little endian, the only one we build for */
    return value;
}

static bool set_real(const struct mr_key *key, void *place, const char *text, size_t len, struct mr_why *why)
{
    char copy[48], *end;
    size_t n = 0;
    bool digit = false;
    for (size_t i = 0; i < len; i++) { /* strtod would also take hexadecimal, "inf", "nan", blanks */
        char c = text[i], before = i ? text[i - 1] : 'e';
        digit |= isdigit((unsigned char)c) != 0;
        n += isdigit((unsigned char)c) || (c == '.' && digit) || ((c == 'e' || c == 'E') && digit) ||
             ((c == '-' || c == '+') && (before == 'e' || before == 'E') && (i || c == '-'));
    }
    if (n != len || !digit || len >= sizeof copy)
        return unwanted(key, text, len, "not a number", why);
    if (len > 1 && text[0] == '0' && isdigit((unsigned char)text[1]))
        return unwanted(key, text, len, "leading zeros", why);
    memcpy(copy, text, len);
    copy[len] = 0;
    double value = strtod(copy, &end);
    if (*end)
        return unwanted(key, text, len, "not a number", why);
    if (!(value >= key->least && value <= key->most))
        return unwanted(key, text, len, "out of range", why);
    value += 0.0; /* no negative zero */
    memcpy(place, &value, sizeof value);
    return true;
}

struct suffix {
    const char *name;
    uint64_t factor;
};
static const struct suffix sizes[] = {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {0}};
static const struct suffix times[] = {
    {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}, {0}};

static bool set_suffixed(const struct mr_key *key, void *place, const char *text, size_t len,
                         const struct suffix *suffixes, struct mr_why *why)
{
    uint64_t value;
    size_t used;
    const char *reason = digits(text, len, &value, &used);
    if (!reason && used == len)
        reason = "the unit is missing";
    else if (!reason && text[used] == '.')
        reason = "not a whole number";
    if (reason)
        return unwanted(key, text, len, reason, why);
    const struct suffix *s = suffixes;
    while (s->name && (strlen(s->name) != len - used || memcmp(s->name, text + used, len - used) != 0))
        s++;
    if (!s->name)
        return unwanted(key, text, len, "not a unit known here", why);
    mr_u128 whole_value = (mr_u128)value * s->factor;
    if (whole_value > (mr_u128)key->most || (double)whole_value < key->least)
        return unwanted(key, text, len, "out of range", why);
    store(key, place, (uint64_t)whole_value);
    return true;
}

/* In the largest unit that leaves a whole number. */
static void suffixed_text(struct mr_text *t, uint64_t value, const struct suffix *suffixes)
{
    const struct suffix *best = suffixes;
    for (const struct suffix *s = suffixes; s->name; s++)
        if (value && value % s->factor == 0)
            best = s;
    mr_text_format(t, "%llu%s", (unsigned long long)(value / best->factor), best->name);
}

static void size_text(struct mr_text *t, uint64_t value) { suffixed_text(t, value, sizes); }

static void time_text(struct mr_text *t, int64_t ns) { suffixed_text(t, (uint64_t)ns, times); }

/* ---- words ---- */

/* Place of `text` in "a|b|c", or -1. */
static int choice(const char *list, const char *text, size_t len)
{
    for (int i = 0;; i++) {
        size_t n = strcspn(list, "|");
        if (n == len && memcmp(list, text, len) == 0)
            return i;
        if (!list[n])
            return -1;
        list += n + 1;
    }
}

static const char *choice_name(const char *list, unsigned idx, size_t *len)
{
    while (idx-- && strchr(list, '|'))
        list = strchr(list, '|') + 1;
    *len = strcspn(list, "|");
    return list;
}

static bool no_choice(const struct mr_key *key, const char *text, size_t len, struct mr_why *why)
{
    char list[200], reason[64] = "no such word", *at = list;
    struct mr_nearest best = {0};
    snprintf(list, sizeof list, "%s", key->unit);
    for (char *name; (name = strsep(&at, "|"));)
        mr_nearest_offer(&best, text, len, name);
    if (best.name)
        snprintf(reason, sizeof reason, "no such word; did you mean %s?", best.name);
    return unwanted(key, text, len, reason, why);
}

static bool set_choice(const struct mr_key *key, void *place, const char *text, size_t len, struct mr_why *why)
{
    int idx = choice(key->unit, text, len);
    if (idx < 0)
        return no_choice(key, text, len, why);
    if (key->type == KEY_FLAGS) {
        if (fetch(key, place) & 1ull << idx)
            return refuse(why, "\"%s\" stands there twice", shown(text, len).text);
        store(key, place, fetch(key, place) | 1ull << idx);
    } else {
        store(key, place, (uint64_t)idx);
    }
    return true;
}

/* ---- texts ---- */

static bool all_of(const char *text, size_t len, const char *also)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == 0 || (!isalnum((unsigned char)text[i]) && !strchr(also, text[i])) || (uint8_t)text[i] > 126)
            return false;
    return true;
}

static bool port_ok(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);
    return isdigit((unsigned char)*text) && *text != '0' && !*end && port > 0 && port < 65536;
}

static bool url_ok(const char *text)
{
    const char *host = strncmp(text, "https://", 8) == 0  ? text + 8
                       : strncmp(text, "http://", 7) == 0 ? text + 7
                                                          : NULL;
    if (!host || !*host || !all_of(host, strlen(host), ".-:[]"))
        return false;
    const char *end = *host == '[' ? strchr(host, ']') : host + strcspn(host, ":[]");
    if (!end || end == host)
        return false;
    end += *end == ']';
    return !*end || (*end == ':' && port_ok(end + 1));
}

/* 192.0.2.1  192.0.2.1:443  2001:db8::1  [2001:db8::1]:443 */
static bool parse_address(const char *text, struct mr_address *out)
{
    char host[64];
    *out = (struct mr_address){0};
    if (inet_pton(AF_INET6, text, out->ip) == 1) {
        out->family = 6;
        return true;
    }
    bool bracket = *text == '[';
    const char *end = bracket ? strchr(text, ']') : text + strcspn(text, ":");
    if (!end || end - text >= (int)sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(end - text) - bracket, text + bracket);
    end += bracket;
    if (*end && (*end != ':' || !port_ok(end + 1)))
        return false;
    out->port = *end ? (uint16_t)strtol(end + 1, NULL, 10) : 0;
    out->family = bracket ? 6 : 4;
    return inet_pton(bracket ? AF_INET6 : AF_INET, host, out->ip) == 1;
}

static void address_text(const struct mr_address *a, char *out, size_t bytes)
{
    char ip[INET6_ADDRSTRLEN] = "";
    out[0] = 0;
    if (!a->family)
        return;
    inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->ip, ip, sizeof ip);
    if (!a->port)
        snprintf(out, bytes, "%s", ip);
    else
        snprintf(out, bytes, a->family == 6 ? "[%s]:%u" : "%s:%u", ip, a->port);
}

/* 192.0.2.1=02:00:00:00:00:01 */
static bool parse_neighbour(const char *text, struct mr_dpdk_neighbour *out)
{
    char ip[16], more;
    unsigned mac[6];
    if (strspn(text, "0123456789abcdefABCDEF.:=") != strlen(text))
        return false;
    // NOLINTNEXTLINE(cert-err34-c): two digits cannot be out of range
    if (sscanf(text, "%15[0-9.]=%2x:%2x:%2x:%2x:%2x:%2x%c", ip, &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5],
               &more) != 7)
        return false;
    for (int i = 0; i < 6; i++)
        out->mac[i] = (uint8_t)mac[i];
    return inet_pton(AF_INET, ip, out->ip) == 1;
}

/* 239.1.1.1:5000  239.1.1.1:5000@192.0.2.1 */
static bool parse_line(const char *text, struct mr_plane_line *out)
{
    char copy[48], *at, *colon;
    *out = (struct mr_plane_line){0};
    snprintf(copy, sizeof copy, "%s", text);
    if ((at = strchr(copy, '@'))) {
        *at = 0;
        if (inet_pton(AF_INET, at + 1, out->sender) != 1)
            return false;
    }
    if (!(colon = strchr(copy, ':')) || !port_ok(colon + 1))
        return false;
    *colon = 0;
    out->port = (uint16_t)strtol(colon + 1, NULL, 10);
    return inet_pton(AF_INET, copy, out->address) == 1;
}

/* What is text in the file and numbers in its field; no text: all zero. */
static bool is_address(uint8_t type)
{
    return type == KEY_ADDRESS || type == KEY_IPV4 || type == KEY_NEIGHBOUR || type == KEY_LINE;
}

static bool parse_any_address(const struct mr_key *key, const char *text, void *place)
{
    union {
        struct mr_address address;
        uint8_t ip[4];
        struct mr_dpdk_neighbour neighbour;
        struct mr_plane_line line;
    } value = {0};
    bool good = true;
    if (*text && key->type == KEY_ADDRESS)
        good = parse_address(text, &value.address);
    else if (*text && key->type == KEY_IPV4)
        good = inet_pton(AF_INET, text, value.ip) == 1;
    else if (*text && key->type == KEY_NEIGHBOUR)
        good = parse_neighbour(text, &value.neighbour);
    else if (*text)
        good = parse_line(text, &value.line);
    if (good && place)
        memcpy(place, &value, key->bytes);
    return good;
}

static void any_address_text(const struct mr_key *key, const void *place, char *out, size_t bytes)
{
    static const uint8_t none[4];
    char ip[INET_ADDRSTRLEN] = "", sender[INET_ADDRSTRLEN] = "";
    const struct mr_dpdk_neighbour *n = place;
    const struct mr_plane_line *line = place;
    inet_ntop(AF_INET, place, ip, sizeof ip); /* where all but KEY_ADDRESS begin */
    out[0] = 0;
    if (key->type == KEY_ADDRESS) {
        address_text(place, out, bytes);
    } else if (memcmp(place, none, sizeof none) == 0) {
        return;
    } else if (key->type == KEY_IPV4) {
        snprintf(out, bytes, "%s", ip);
    } else if (key->type == KEY_NEIGHBOUR) {
        snprintf(out, bytes, "%s=%02x:%02x:%02x:%02x:%02x:%02x", ip, n->mac[0], n->mac[1], n->mac[2], n->mac[3],
                 n->mac[4], n->mac[5]);
    } else {
        if (memcmp(line->sender, none, sizeof none) != 0)
            inet_ntop(AF_INET, line->sender, sender, sizeof sender);
        snprintf(out, bytes, "%s:%u%s%s", ip, line->port, *sender ? "@" : "", sender);
    }
}

/* venue:product[:symbol] */
static bool known_product(char *text, bool symbol, struct mr_why *why)
{
    const struct mr_venue *venue;
    struct mr_err err;
    uint8_t product;
    char *first = strchr(text, ':'), *second = symbol && first ? strchr(first + 1, ':') : NULL;
    if (symbol && (!second || !second[1]))
        return refuse(why, "\"%s\": want VENUE:PRODUCT:SYMBOL, as binance:spot:BTCUSDT", text);
    if (!first)
        return refuse(why, "\"%s\": want VENUE:PRODUCT, as binance:usdm", text);
    if (second)
        *second = 0;
    int status = mr_venue_parse(text, &venue, &product, &err);
    if (second)
        *second = ':';
    return status == MR_OK || refuse(why, "%s", err.text);
}

static bool text_ok(const struct mr_key *key, char *copy, size_t len, struct mr_why *why)
{
    switch (key->type) {
    case KEY_NAME:
        return (all_of(copy, len, "._-") && copy[0] != '.') || unwanted(key, copy, len, "not a name", why);
    case KEY_HOST:
        return all_of(copy, len, "._-:") || unwanted(key, copy, len, "not a host", why);
    case KEY_SYMBOL:
        return all_of(copy, len, "._-:/@") || unwanted(key, copy, len, "not a symbol", why);
    case KEY_URL:
        return url_ok(copy) || unwanted(key, copy, len, "not such a URL", why);
    case KEY_ADDRESS:
    case KEY_IPV4:
    case KEY_NEIGHBOUR:
    case KEY_LINE:
        return parse_any_address(key, copy, NULL) || unwanted(key, copy, len, "not an address", why);
    case KEY_PRODUCT:
        return known_product(copy, false, why);
    case KEY_STREAM:
        return known_product(copy, true, why);
    default:
        return true;
    }
}

static bool set_text(const struct mr_key *key, void *place, const char *text, size_t len, struct mr_why *why)
{
    char copy[256];
    size_t most = is_address(key->type) ? 60 : (size_t)key->most;
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
            return refuse(why, "\"%s\": a control character (byte %zu)", shown(text, len).text, i);
    if (len > most || (double)len < key->least)
        return refuse(why, "\"%s\": %zu bytes long; want %.0f to %zu", shown(text, len).text, len, key->least, most);
    memcpy(copy, text, len);
    copy[len] = 0;
    if (len && !text_ok(key, copy, len, why))
        return false;
    if (is_address(key->type))
        return parse_any_address(key, copy, place);
    MR_ASSERT(len < key->bytes);
    memset(place, 0, key->bytes);
    memcpy(place, copy, len);
    return true;
}

/* ---- all of them ---- */

static bool is_text(uint8_t type) { return type >= KEY_PATH; }

bool mr_value_set(const struct mr_key *key, void *place, const char *text, size_t len, bool plain, struct mr_why *why)
{
    if (plain && (len == 0 || (len == 1 && *text == '~') || (len == 4 && memcmp(text, "null", 4) == 0)))
        return unwanted(key, text, len, "no value (leave the key out for its default)", why);
    if (!plain && !is_text(key->type) && key->type != KEY_CHOICE && key->type != KEY_FLAGS)
        return unwanted(key, text, len, "a text in quotes", why);
    uint64_t value;
    switch (key->type) {
    case KEY_INT:
    case KEY_POWER:
    case KEY_MICRO:
        if (!whole(key, text, len, &value, why))
            return false;
        store(key, place, key->type == KEY_MICRO ? value * 1000000 : value);
        return true;
    case KEY_REAL:
        return set_real(key, place, text, len, why);
    case KEY_BOOL:
        if (!(len == 4 && memcmp(text, "true", 4) == 0) && !(len == 5 && memcmp(text, "false", 5) == 0))
            return unwanted(key, text, len, "neither true nor false", why);
        store(key, place, len == 4);
        return true;
    case KEY_CHOICE:
    case KEY_FLAGS:
        return set_choice(key, place, text, len, why);
    case KEY_SIZE:
        return set_suffixed(key, place, text, len, sizes, why);
    case KEY_TIME:
        return set_suffixed(key, place, text, len, times, why);
    default:
        return set_text(key, place, text, len, why);
    }
}

static void real_text(struct mr_text *t, double value)
{
    char out[40];
    if (value == floor(value) && fabs(value) < 1e15) {
        mr_text_format(t, "%.0f", value);
        return;
    }
    for (int digits_kept = 6; digits_kept <= 17; digits_kept++) {
        snprintf(out, sizeof out, "%.*g", digits_kept, value);
        if (strtod(out, NULL) == value)
            break;
    }
    mr_text_add(t, out);
}

/* Bytes of the character at s, and whether YAML lets it stand as it is. */
static size_t character(const uint8_t *s, uint32_t *code)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    *code = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        *code = *code << 6 | (s[i] & 0x3f);
    return n;
}

static void text_yaml(struct mr_text *t, const char *text)
{
    size_t len = strlen(text);
    bool bare = len && all_of(text, len, "._-:/@") && (isalnum((unsigned char)text[0]) || text[0] == '/') &&
                text[len - 1] != ':' && strcmp(text, "null") != 0;
    if (bare) {
        mr_text_add(t, text);
        return;
    }
    mr_text_add(t, "\"");
    for (const uint8_t *s = (const uint8_t *)text; *s;) {
        uint32_t code;
        size_t n = character(s, &code);
        if (code == '"' || code == '\\')
            mr_text_format(t, "\\%c", (int)code);
        else if (code < 0x7f || (code > 0xa0 && code < 0xd800 && code != 0x2028 && code != 0x2029))
            mr_text_bytes(t, s, n);
        else
            mr_text_format(t, "\\U%08x", code);
        s += n;
    }
    mr_text_add(t, "\"");
}

void mr_value_yaml(const struct mr_key *key, const void *place, struct mr_text *out)
{
    char address[80];
    double real;
    size_t n;
    switch (key->type) {
    case KEY_INT:
    case KEY_POWER:
        mr_text_format(out, "%llu", (unsigned long long)fetch(key, place));
        break;
    case KEY_MICRO:
        mr_text_format(out, "%llu", (unsigned long long)(fetch(key, place) / 1000000));
        break;
    case KEY_REAL:
        memcpy(&real, place, sizeof real);
        real_text(out, real);
        break;
    case KEY_BOOL:
        mr_text_add(out, fetch(key, place) ? "true" : "false");
        break;
    case KEY_CHOICE: {
        const char *name = choice_name(key->unit, (unsigned)fetch(key, place), &n);
        mr_text_bytes(out, name, n);
        break;
    }
    case KEY_FLAGS: {
        uint64_t bits = fetch(key, place);
        bool any = false;
        for (unsigned i = 0; i < 8; i++)
            if (bits >> i & 1) {
                const char *name = choice_name(key->unit, i, &n);
                mr_text_format(out, "%s%.*s", any ? ", " : "", (int)n, name);
                any = true;
            }
        break;
    }
    case KEY_SIZE:
        size_text(out, fetch(key, place));
        break;
    case KEY_TIME:
        time_text(out, (int64_t)fetch(key, place));
        break;
    case KEY_ADDRESS:
    case KEY_IPV4:
    case KEY_NEIGHBOUR:
    case KEY_LINE:
        any_address_text(key, place, address, sizeof address);
        text_yaml(out, address);
        break;
    default:
        text_yaml(out, place);
    }
}

void mr_value_json(const struct mr_key *key, const char *name, const void *place, struct mr_json_out *out)
{
    char text[512];
    struct mr_text t;
    double real;
    switch (key->type) {
    case KEY_INT:
    case KEY_POWER:
        mr_json_out_u64(out, name, fetch(key, place));
        return;
    case KEY_MICRO:
        mr_json_out_u64(out, name, fetch(key, place) / 1000000);
        return;
    case KEY_SIZE:
        mr_json_out_u64(out, name, fetch(key, place));
        return;
    case KEY_BOOL:
        mr_json_out_bool(out, name, fetch(key, place) != 0);
        return;
    case KEY_REAL:
        memcpy(&real, place, sizeof real);
        mr_json_out_double(out, name, real);
        return;
    default:
        break;
    }
    mr_text_init(&t, text, sizeof text);
    if (is_address(key->type))
        any_address_text(key, place, text, sizeof text);
    else if (is_text(key->type))
        mr_text_add(&t, place);
    else
        mr_value_yaml(key, place, &t);
    mr_json_out_string(out, name, text);
}

uint32_t mr_value_count(const struct mr_key *key, const void *base)
{
    uint32_t count = key->most_elements;
    if (key->count_at)
        memcpy(&count, (const char *)base + key->count_at, sizeof count);
    return count;
}

void mr_value_default(const struct mr_key *key, void *base)
{
    struct mr_why why;
    char *place = (char *)base + key->at;
    const char *text = key->fallback;
    uint32_t count = 0;
    if (!key->list) {
        if (*text || is_text(key->type)) {
            bool good = mr_value_set(key, place, text, strlen(text), *text != 0, &why) || key->section == SECTION_feeds;
            MR_ASSERT(good); /* a default that its own key refuses is our mistake */
        }
        return;
    }
    for (; *text; count++) {
        size_t n = strcspn(text, ",");
        bool good = mr_value_set(key, place + count * key->bytes, text, n, true, &why);
        MR_ASSERT(good);
        text += n + (text[n] ? strspn(text + n, ", ") : 0);
    }
    if (key->count_at)
        memcpy((char *)base + key->count_at, &count, sizeof count);
}
