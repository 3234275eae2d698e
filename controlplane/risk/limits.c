/* Values of limits: text to members and back, defaults, and the binding of names. */
#include "controlplane/risk/limits_priv.h"

#include <stdio.h>

#include "codecs/venue/venue.h"

/* clang-format off */
#define ROW(section, key, type, fallback, least, most, looser, kinds, base, member, help) \
    {section, #key, fallback, least, most, help, LIMIT_##type, LOOSER_##looser, kinds, offsetof(struct base, member)},
const struct mr_limit_row mr_limit_rows[] = {
#define MR_LIMIT(section, key, type, member, fallback, least, most, looser, help) \
    ROW(#section, key, type, fallback, least, most, looser, 0, mr_risk_limits, member, help)
#define MR_MARKET_LIMIT(...)
#define MR_POLICY_LIMIT(...)
#include "controlplane/risk/limits.def"
#undef MR_LIMIT
#undef MR_MARKET_LIMIT
#undef MR_POLICY_LIMIT
};
const struct mr_limit_row mr_market_rows[] = {
#define MR_LIMIT(...)
#define MR_MARKET_LIMIT(key, type, member, fallback, least, most, looser, help) \
    ROW("markets", key, type, fallback, least, most, looser, 0, mr_risk_market, member, help)
#define MR_POLICY_LIMIT(...)
#include "controlplane/risk/limits.def"
#undef MR_MARKET_LIMIT
#undef MR_POLICY_LIMIT
};
const struct mr_limit_row mr_policy_rows[] = {
#define MR_MARKET_LIMIT(...)
#define MR_POLICY_LIMIT(kinds, key, type, member, fallback, least, most, looser, help) \
    ROW("policies", key, type, fallback, least, most, looser, kinds, mr_risk_policy, member, help)
#include "controlplane/risk/limits.def"
#undef MR_LIMIT
#undef MR_MARKET_LIMIT
#undef MR_POLICY_LIMIT
};
/* clang-format on */
const uint32_t mr_limit_count = MR_COUNT_OF(mr_limit_rows), mr_market_count = MR_COUNT_OF(mr_market_rows),
               mr_policy_count = MR_COUNT_OF(mr_policy_rows);

/* ---- text to value ---- */

int mr_limit_decimal(const char *text, size_t len, int scale, mr_i128 *out)
{
    mr_money v;
    int status = len > 60 ? MR_E_MALFORMED : mr_money_parse((struct mr_span){(const uint8_t *)text, (uint32_t)len}, &v);
    if (status)
        return status;
    mr_i128 unit = mr_pow10[MR_MONEY_SCALE - scale];
    if (v % unit)
        return MR_E_INEXACT;
    *out = v / unit;
    return MR_OK;
}

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static bool days_of(const char *text, size_t len, mr_i128 *out)
{
    uint32_t days = 0;
    for (size_t at = 0; at < len; at += 4) {
        uint32_t d = 0;
        while (d < 7 && (len - at < 3 || memcmp(text + at, day_names[d], 3) != 0))
            d++;
        if (d == 7 || days >> d & 1 || (at + 3 < len && text[at + 3] != ' ') || at + 4 == len)
            return false;
        days |= 1u << d;
    }
    *out = days;
    return days != 0;
}

static bool minute_of(const char *text, size_t len, mr_i128 *out)
{
    if (len != 5 || text[2] != ':')
        return false;
    for (size_t i = 0; i < 5; i++)
        if (i != 2 && (text[i] < '0' || text[i] > '9'))
            return false;
    int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    if (minute > 59 || hour * 60 + minute > 24 * 60)
        return false;
    *out = hour * 60 + minute;
    return true;
}

static bool time_of(const char *text, size_t len, mr_i128 *out)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};
    size_t digits = 0;
    while (digits < len && text[digits] >= '0' && text[digits] <= '9')
        digits++;
    mr_i128 n;
    if (digits > 12 || mr_limit_decimal(text, digits, 0, &n) != MR_OK)
        return false;
    for (size_t i = 0; i < MR_COUNT_OF(units); i++)
        if (strlen(units[i].name) == len - digits && memcmp(text + digits, units[i].name, len - digits) == 0) {
            *out = n * units[i].ns;
            return true;
        }
    return false;
}

static bool bool_of(const char *text, size_t len, mr_i128 *out)
{
    *out = len == 4;
    return (len == 4 && memcmp(text, "true", 4) == 0) || (len == 5 && memcmp(text, "false", 5) == 0);
}

static const char *const kind_names[MR_POLICY_KIND_COUNT] = {"PositionLimit", "InventoryLimit", "KillSwitch",
                                                             "VarLimit", "GreeksLimit"};

const char *mr_policy_kind_name(unsigned kind) { return kind < MR_POLICY_KIND_COUNT ? kind_names[kind] : "?"; }

static bool kind_of(const char *text, size_t len, mr_i128 *out)
{
    for (uint32_t k = 0; k < MR_POLICY_KIND_COUNT; k++)
        if (strlen(kind_names[k]) == len && memcmp(kind_names[k], text, len) == 0) {
            *out = k;
            return true;
        }
    return false;
}

static bool is_name(uint8_t type, const char *text, size_t len)
{
    size_t room = type == LIMIT_NAME ? sizeof((struct mr_risk_policy *)0)->name : MR_RISK_NAME_BYTES;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                      c == '_' || c == '-';
        if (!letter && (type == LIMIT_NAME || c <= ' ' || c > '~' || c == '"' || c == '\\'))
            return false;
    }
    return len < room;
}

static const char *wanted(uint8_t type)
{
    switch (type) {
    case LIMIT_COUNT:
        return "a whole number";
    case LIMIT_PCT:
        return "percent, at most six decimals";
    case LIMIT_AMOUNT:
        return "a plain decimal number";
    case LIMIT_TIME:
        return "a duration with its unit: ms, s, m, h";
    case LIMIT_BOOL:
        return "true or false";
    case LIMIT_MINUTE:
        return "hh:mm up to 24:00";
    case LIMIT_NAME:
        return "letters, digits, '.', '_', '-', at most 47";
    case LIMIT_MARKET:
        return "venue:product:symbol";
    case LIMIT_KIND:
        return "PositionLimit, InventoryLimit, KillSwitch, VarLimit or GreeksLimit";
    default:
        return "days as in \"mon tue wed thu fri sat sun\"";
    }
}

static bool read_type(uint8_t type, const char *text, size_t len, mr_i128 *out)
{
    switch (type) {
    case LIMIT_COUNT:
        return mr_limit_decimal(text, len, 0, out) == MR_OK && !memchr(text, '.', len);
    case LIMIT_PCT: /* 5 (%) is 0.05: two places of the eight are the percent's */
        return mr_limit_decimal(text, len, 6, out) == MR_OK;
    case LIMIT_AMOUNT:
        return mr_limit_decimal(text, len, MR_MONEY_SCALE, out) == MR_OK;
    case LIMIT_TIME:
        return time_of(text, len, out);
    case LIMIT_BOOL:
        return bool_of(text, len, out);
    case LIMIT_MINUTE:
        return minute_of(text, len, out);
    case LIMIT_DAYS:
        return days_of(text, len, out);
    case LIMIT_KIND:
        return kind_of(text, len, out);
    default:
        *out = 0;
        return is_name(type, text, len);
    }
}

static void put(const struct mr_limit_row *row, void *place, mr_i128 v)
{
    uint32_t v32 = (uint32_t)v;
    int64_t v64 = (int64_t)v;
    bool b = v != 0;
    uint8_t v8 = (uint8_t)v;
    switch (row->type) {
    case LIMIT_KIND:
        memcpy(place, &v8, sizeof v8);
        break;
    case LIMIT_AMOUNT:
        memcpy(place, &v, sizeof v);
        break;
    case LIMIT_PCT:
    case LIMIT_TIME:
        memcpy(place, &v64, sizeof v64);
        break;
    case LIMIT_BOOL:
        memcpy(place, &b, sizeof b);
        break;
    default:
        memcpy(place, &v32, sizeof v32);
    }
}

mr_i128 mr_limit_get(const struct mr_limit_row *row, const void *place)
{
    mr_i128 v;
    int64_t v64;
    uint32_t v32;
    uint8_t v8;
    bool b;
    switch (row->type) {
    case LIMIT_KIND:
        memcpy(&v8, place, sizeof v8);
        return v8;
    case LIMIT_AMOUNT:
        memcpy(&v, place, sizeof v);
        return v;
    case LIMIT_PCT:
    case LIMIT_TIME:
        memcpy(&v64, place, sizeof v64);
        return v64;
    case LIMIT_BOOL:
        memcpy(&b, place, sizeof b);
        return b;
    default:
        memcpy(&v32, place, sizeof v32);
        return v32;
    }
}

static bool ranged(uint8_t type) { return type <= LIMIT_TIME; }
static bool textual(uint8_t type) { return type == LIMIT_NAME || type == LIMIT_MARKET; }

bool mr_limit_set(const struct mr_limit_row *row, void *place, const char *text, size_t len, char why[MR_LIMIT_WHY])
{
    mr_i128 v, least = 0, most = 0;
    bool good = len > 0 && read_type(row->type, text, len, &v);
    int n = len < 40 ? (int)len : 40;
    if (!good) {
        snprintf(why, MR_LIMIT_WHY, "\"%.*s\" is no value here; want %s", n, text, wanted(row->type));
        return false;
    }
    if (ranged(row->type)) {
        MR_ASSERT(read_type(row->type, row->least, strlen(row->least), &least));
        MR_ASSERT(read_type(row->type, row->most, strlen(row->most), &most));
        if (v < least || v > most) {
            snprintf(why, MR_LIMIT_WHY, "%.*s is out of range; want %s from %s to %s", n, text, wanted(row->type),
                     row->least, row->most);
            return false;
        }
    }
    if (textual(row->type)) {
        memcpy(place, text, len);
        ((char *)place)[len] = 0;
    } else {
        put(row, place, v);
    }
    return true;
}

/* ---- value to text ---- */

static void decimal_text(mr_i128 v, int scale, struct mr_text *out)
{
    char text[MR_MONEY_TEXT];
    mr_money_text(v * mr_pow10[MR_MONEY_SCALE - scale], text);
    mr_text_add(out, text);
}

static void time_text(int64_t ns, struct mr_text *out)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000}, {"ms", 1000000}};
    uint32_t i = 0;
    while (i < 3 && ns % units[i].ns)
        i++;
    mr_text_format(out, "%lld%s", (long long)(ns / units[i].ns), units[i].name);
}

void mr_limit_text(const struct mr_limit_row *row, const void *place, struct mr_text *out)
{
    if (textual(row->type)) {
        mr_text_format(out, "\"%s\"", (const char *)place);
        return;
    }
    mr_i128 v = mr_limit_get(row, place);
    bool first = true;
    switch (row->type) {
    case LIMIT_AMOUNT:
        decimal_text(v, MR_MONEY_SCALE, out);
        break;
    case LIMIT_PCT:
        decimal_text(v, 6, out);
        break;
    case LIMIT_TIME:
        time_text((int64_t)v, out);
        break;
    case LIMIT_BOOL:
        mr_text_add(out, v ? "true" : "false");
        break;
    case LIMIT_MINUTE:
        mr_text_format(out, "\"%02d:%02d\"", (int)v / 60, (int)v % 60);
        break;
    case LIMIT_DAYS:
        for (uint32_t d = 0; d < 7; d++)
            if (v >> d & 1) {
                mr_text_format(out, "%s%s", first ? "" : " ", day_names[d]);
                first = false;
            }
        break;
    case LIMIT_KIND:
        mr_text_add(out, mr_policy_kind_name((unsigned)v));
        break;
    default:
        mr_text_format(out, "%u", (unsigned)v);
    }
}

/* ---- defaults, names ---- */

static void set_defaults(const struct mr_limit_row *rows, uint32_t count, void *base)
{
    char why[MR_LIMIT_WHY];
    for (uint32_t i = 0; i < count; i++)
        MR_ASSERT(mr_limit_set(&rows[i], (char *)base + rows[i].at, rows[i].fallback, strlen(rows[i].fallback), why));
}

void mr_risk_limits_default(struct mr_risk_limits *limits)
{
    memset(limits, 0, sizeof *limits);
    set_defaults(mr_limit_rows, mr_limit_count, limits);
    memset(limits->market_of, MR_RISK_MARKET_NONE, sizeof limits->market_of);
}

struct mr_risk_market *mr_risk_limits_market(struct mr_risk_limits *limits, const char *name)
{
    if (limits->market_count == MR_RISK_MARKETS_MAX || !*name || strlen(name) >= MR_RISK_NAME_BYTES)
        return NULL;
    struct mr_risk_market *m = &limits->markets[limits->market_count++];
    memset(m, 0, sizeof *m);
    set_defaults(mr_market_rows, mr_market_count, m);
    snprintf(m->name, sizeof m->name, "%s", name);
    return m;
}

void mr_risk_market_name(const struct mr_instrument *it, char out[MR_RISK_NAME_BYTES])
{
    const struct mr_venue *venue = mr_venue_by_id(it->venue);
    out[0] = 0;
    for (uint32_t p = 0; venue && venue->products[p].name; p++)
        if (p == it->product)
            snprintf(out, MR_RISK_NAME_BYTES, "%s:%s:%.*s", venue->name, venue->products[p].name, (int)it->symbol_len,
                     it->symbol);
}

static uint8_t market_named(const struct mr_risk_limits *limits, const char *name)
{
    uint8_t all = MR_RISK_MARKET_NONE;
    for (uint32_t m = 0; m < limits->market_count; m++) {
        if (strcmp(limits->markets[m].name, name) == 0)
            return (uint8_t)m;
        if (strcmp(limits->markets[m].name, "*") == 0)
            all = (uint8_t)m;
    }
    return all;
}

uint32_t mr_risk_limits_bind(struct mr_risk_limits *limits, const struct mr_instruments *instruments)
{
    uint32_t n = mr_instruments_count(instruments), missing = 0;
    bool seen[MR_RISK_MARKETS_MAX] = {false};
    char name[MR_RISK_NAME_BYTES];
    memset(limits->market_of, MR_RISK_MARKET_NONE, sizeof limits->market_of);
    for (uint32_t p = 0; p < limits->policy_count; p++)
        limits->policies[p].instrument = limits->policies[p].market[0] ? UINT32_MAX - 1 : UINT32_MAX;
    for (uint32_t i = 0; i < n && i < MR_RISK_INSTRUMENTS_MAX; i++) {
        mr_risk_market_name(mr_instruments_get(instruments, i), name);
        uint8_t m = name[0] ? market_named(limits, name) : MR_RISK_MARKET_NONE;
        limits->market_of[i] = m;
        if (m != MR_RISK_MARKET_NONE)
            seen[m] = true;
        for (uint32_t p = 0; p < limits->policy_count; p++)
            if (limits->policies[p].market[0] && strcmp(limits->policies[p].market, name) == 0)
                limits->policies[p].instrument = i;
    }
    for (uint32_t m = 0; m < limits->market_count; m++)
        missing += !seen[m] && strcmp(limits->markets[m].name, "*") != 0;
    for (uint32_t p = 0; p < limits->policy_count; p++)
        missing += limits->policies[p].instrument == UINT32_MAX - 1;
    limits->bound = true;
    return missing;
}
