/* Limits from YAML and JSON: events against limits.def, one pass. JSON is read by the same parser: what it has is YAML too. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "controlplane/config/nearest.h"
#include "controlplane/risk/limits_priv.h"

#define ROWS_MAX 128

struct reader {
    yaml_parser_t parser;
    yaml_event_t ev;
    bool have, dead;
    const char *name;
    struct mr_risk_limits *limits;
    mr_risk_error_fn *each;
    void *arg;
    uint32_t errors;
    char path[200]; /* of the key being read: markets[2].short */
};

/* ---- errors ---- */

static void tell_at(struct reader *r, size_t line, size_t column, const char *format, ...) MR_PRINTF(4, 5);
static void tell_at(struct reader *r, size_t line, size_t column, const char *format, ...)
{
    char sentence[1024], what[512];
    va_list args;
    if (++r->errors > MR_RISK_ERRORS_MAX)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(sentence, sizeof sentence, "%s:%zu:%zu: %s%s%s", r->name, line, column, r->path, r->path[0] ? ": " : "",
             r->errors == MR_RISK_ERRORS_MAX ? "too many errors; the rest is not told" : what);
    r->each(r->arg, sentence);
}
#define tell(r, ...) tell_at(r, (r)->ev.start_mark.line + 1, (r)->ev.start_mark.column + 1, __VA_ARGS__)

static size_t down(struct reader *r, const char *format, ...) MR_PRINTF(2, 3);
static size_t down(struct reader *r, const char *format, ...)
{
    size_t was = strlen(r->path);
    va_list args;
    va_start(args, format);
    vsnprintf(r->path + was, sizeof r->path - was, format, args);
    va_end(args);
    return was;
}
static void up(struct reader *r, size_t was) { r->path[was] = 0; }

/* ---- events ---- */

static void refuse_decoration(struct reader *r)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (r->ev.type == YAML_SCALAR_EVENT) {
        anchor = r->ev.data.scalar.anchor;
        tag = r->ev.data.scalar.tag;
    } else if (r->ev.type == YAML_MAPPING_START_EVENT) {
        anchor = r->ev.data.mapping_start.anchor;
        tag = r->ev.data.mapping_start.tag;
    } else if (r->ev.type == YAML_SEQUENCE_START_EVENT) {
        anchor = r->ev.data.sequence_start.anchor;
        tag = r->ev.data.sequence_start.tag;
    }
    if (anchor || tag)
        tell(r, "anchors (&) and tags (!) have no place here; write the value where it is wanted");
}

static yaml_event_type_t next(struct reader *r)
{
    if (r->have)
        yaml_event_delete(&r->ev);
    r->have = false;
    if (r->dead || !yaml_parser_parse(&r->parser, &r->ev)) {
        if (!r->dead)
            tell_at(r, r->parser.problem_mark.line + 1, r->parser.problem_mark.column + 1, "neither YAML nor JSON: %s",
                    r->parser.problem ? r->parser.problem : "broken");
        r->dead = true;
        memset(&r->ev, 0, sizeof r->ev);
        return YAML_NO_EVENT;
    }
    r->have = true;
    refuse_decoration(r);
    return r->ev.type;
}

/* Past the node whose first event is the present one. */
static void skip(struct reader *r)
{
    for (int depth = 0; r->ev.type != YAML_NO_EVENT; next(r)) {
        depth += r->ev.type == YAML_MAPPING_START_EVENT || r->ev.type == YAML_SEQUENCE_START_EVENT;
        depth -= r->ev.type == YAML_MAPPING_END_EVENT || r->ev.type == YAML_SEQUENCE_END_EVENT;
        if (depth == 0)
            return;
    }
}

static bool want(struct reader *r, yaml_event_type_t type, const char *what)
{
    if (r->ev.type == type)
        return true;
    if (r->ev.type == YAML_ALIAS_EVENT)
        tell(r, "an alias (*) has no place here; write the value where it is wanted");
    else if (r->ev.type != YAML_NO_EVENT)
        tell(r, "want %s", what);
    skip(r);
    return false;
}

static bool more(struct reader *r, yaml_event_type_t end)
{
    yaml_event_type_t type = next(r);
    return type != end && type != YAML_NO_EVENT;
}

/* A key into `key`, control characters as '?'; false: none, told, its value passed over. */
static bool read_key(struct reader *r, char key[48])
{
    if (!want(r, YAML_SCALAR_EVENT, "a key")) {
        next(r);
        skip(r);
        return false;
    }
    size_t n = r->ev.data.scalar.length < 47 ? r->ev.data.scalar.length : 47;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = r->ev.data.scalar.value[i];
        key[i] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
    }
    key[n] = 0;
    return true;
}

/* ---- keys of one mapping ---- */

static void tell_unknown(struct reader *r, const struct mr_limit_row *rows, uint32_t count, const char *section,
                         const char *key)
{
    struct mr_nearest best = {0};
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(rows[i].section, section) == 0)
            mr_nearest_offer(&best, key, strlen(key), rows[i].key);
    if (best.name)
        tell(r, "no such key; did you mean %s?", best.name);
    else
        tell(r, "no such key");
}

/* Reads a mapping's keys into `base`; `line` remembers where each was. */
static void read_rows(struct reader *r, const struct mr_limit_row *rows, uint32_t count, const char *section,
                      void *base, uint32_t line[ROWS_MAX])
{
    char key[48], why[MR_LIMIT_WHY];
    while (more(r, YAML_MAPPING_END_EVENT)) {
        if (!read_key(r, key))
            continue;
        size_t was = down(r, ".%s", key);
        uint32_t i = 0, at = (uint32_t)r->ev.start_mark.line + 1;
        while (i < count && (strcmp(rows[i].section, section) != 0 || strcmp(rows[i].key, key) != 0))
            i++;
        bool twice = i < count && line[i];
        if (i == count)
            tell_unknown(r, rows, count, section, key);
        else if (twice)
            tell(r, "this key stands twice; first in line %u", line[i]);
        next(r);
        if (i == count || twice)
            skip(r);
        else {
            line[i] = at;
            if (want(r, YAML_SCALAR_EVENT, "a single value") &&
                !mr_limit_set(&rows[i], (char *)base + rows[i].at, (const char *)r->ev.data.scalar.value,
                              r->ev.data.scalar.length, why))
                tell(r, "%s", why);
        }
        up(r, was);
    }
}

/* ---- lists ---- */

static void read_market(struct reader *r)
{
    uint32_t line[ROWS_MAX] = {0}, at = (uint32_t)r->ev.start_mark.line + 1;
    struct mr_risk_limits *m = r->limits;
    struct mr_risk_market *row = mr_risk_limits_market(m, "?");
    if (!row) {
        tell(r, "more than %d markets", MR_RISK_MARKETS_MAX);
        skip(r);
        return;
    }
    row->name[0] = 0;
    row->line = at;
    read_rows(r, mr_market_rows, mr_market_count, "markets", row, line);
    if (!line[0])
        tell_at(r, at, 1, "which market? want market: venue:product:symbol, or \"*\"");
    for (uint32_t i = 0; row->name[0] && i + 1 < m->market_count; i++)
        if (strcmp(m->markets[i].name, row->name) == 0)
            tell_at(r, at, 1, "%s stands twice; first in line %u", row->name, m->markets[i].line);
}

static void complete(struct reader *r, struct mr_risk_policy *p, const uint32_t line[ROWS_MAX])
{
    for (uint32_t i = 0; i < mr_policy_count; i++) {
        const struct mr_limit_row *row = &mr_policy_rows[i];
        bool belongs = row->kinds >> p->kind & 1;
        if (line[i] && !belongs)
            tell_at(r, line[i], 1, "%s has no key %s", mr_policy_kind_name(p->kind), row->key);
        if (!line[i] && belongs && !row->fallback)
            tell_at(r, p->line, 1, "%s wants %s", mr_policy_kind_name(p->kind), row->key);
    }
}

static void read_policy(struct reader *r)
{
    uint32_t line[ROWS_MAX] = {0};
    struct mr_risk_limits *m = r->limits;
    if (m->policy_count == MR_RISK_POLICIES_MAX) {
        tell(r, "more than %d policies", MR_RISK_POLICIES_MAX);
        skip(r);
        return;
    }
    struct mr_risk_policy *p = &m->policies[m->policy_count];
    *p = (struct mr_risk_policy){.instrument = UINT32_MAX, .line = (uint32_t)r->ev.start_mark.line + 1};
    uint32_t errors = r->errors;
    read_rows(r, mr_policy_rows, mr_policy_count, "policies", p, line);
    m->policy_count++;
    if (!line[0])
        tell_at(r, p->line, 1,
                "which policy? want type: PositionLimit, InventoryLimit, KillSwitch, VarLimit or GreeksLimit");
    if (!line[0] || r->errors != errors)
        return;
    complete(r, p, line);
    if (!p->name[0])
        snprintf(p->name, sizeof p->name, "%s-%u", mr_policy_kind_name(p->kind), m->policy_count);
    for (uint32_t i = 0; i + 1 < m->policy_count; i++)
        if (strcmp(m->policies[i].name, p->name) == 0)
            tell_at(r, p->line, 1, "a policy named %s stands twice; first in line %u", p->name, m->policies[i].line);
}

static void read_list(struct reader *r, void (*one)(struct reader *))
{
    if (!want(r, YAML_SEQUENCE_START_EVENT, "a list"))
        return;
    for (uint32_t i = 0; more(r, YAML_SEQUENCE_END_EVENT); i++) {
        size_t was = down(r, "[%u]", i);
        if (want(r, YAML_MAPPING_START_EVENT, "a mapping of keys"))
            one(r);
        up(r, was);
    }
}

/* ---- the file ---- */

static bool known_section(const char *name)
{
    for (uint32_t i = 0; i < mr_limit_count; i++)
        if (strcmp(mr_limit_rows[i].section, name) == 0)
            return true;
    return strcmp(name, "markets") == 0 || strcmp(name, "policies") == 0;
}

static void tell_unknown_section(struct reader *r, const char *name)
{
    struct mr_nearest best = {0};
    for (uint32_t i = 0; i < mr_limit_count; i++)
        mr_nearest_offer(&best, name, strlen(name), mr_limit_rows[i].section);
    mr_nearest_offer(&best, name, strlen(name), "markets");
    mr_nearest_offer(&best, name, strlen(name), "policies");
    if (best.name)
        tell(r, "no such section; did you mean %s?", best.name);
    else
        tell(r, "no such section");
}

static void read_section(struct reader *r, const char *name, uint32_t line[ROWS_MAX])
{
    if (strcmp(name, "markets") == 0)
        read_list(r, read_market);
    else if (strcmp(name, "policies") == 0)
        read_list(r, read_policy);
    else if (want(r, YAML_MAPPING_START_EVENT, "a mapping of keys"))
        read_rows(r, mr_limit_rows, mr_limit_count, name, r->limits, line);
}

static void read_top(struct reader *r)
{
    uint32_t line[ROWS_MAX] = {0}, sections = 0;
    char name[48], seen[16][48];
    while (more(r, YAML_MAPPING_END_EVENT)) {
        if (!read_key(r, name))
            continue;
        size_t was = down(r, "%s", name);
        bool known = known_section(name), twice = false;
        for (uint32_t i = 0; i < sections; i++)
            twice |= strcmp(seen[i], name) == 0;
        if (!known)
            tell_unknown_section(r, name);
        else if (twice)
            tell(r, "this section stands twice");
        next(r);
        if (!known || twice) {
            skip(r);
        } else {
            memcpy(seen[sections++], name, sizeof name);
            read_section(r, name, line);
        }
        up(r, was);
    }
}

static void read_document(struct reader *r)
{
    next(r); /* STREAM-START */
    if (next(r) != YAML_DOCUMENT_START_EVENT)
        return; /* nothing in it: defaults, and no market */
    if (r->ev.data.document_start.version_directive ||
        r->ev.data.document_start.tag_directives.start != r->ev.data.document_start.tag_directives.end)
        tell(r, "a directive (%%) has no place here");
    next(r);
    if (want(r, YAML_MAPPING_START_EVENT, "a mapping of sections (order, rate, account, ...)"))
        read_top(r);
    next(r); /* DOCUMENT-END */
    if (next(r) == YAML_DOCUMENT_START_EVENT)
        tell(r, "a second document (---); limits are one");
}

static void check_whole(struct reader *r)
{
    const struct mr_risk_limits *m = r->limits;
    for (uint32_t i = 1; i < MR_RISK_TIERS - 1; i++)
        if (m->tiers.below_e8[i] < m->tiers.below_e8[i - 1])
            tell_at(r, 1, 1, "leverage.below_%u_pct is below the tier before it", i + 1);
    if (m->hours.from_minute == 24 * 60)
        tell_at(r, 1, 1, "hours.from: 24:00 is the next day's 00:00");
}

int mr_risk_limits_parse(struct mr_risk_limits *limits, const char *name, const char *text, size_t len,
                         mr_risk_error_fn *each, void *arg)
{
    struct reader r = {.name = name, .limits = limits, .each = each, .arg = arg};
    mr_risk_limits_default(limits);
    if (len > MR_RISK_LIMITS_BYTES_MAX) {
        tell_at(&r, 1, 1, "%zu bytes: limits have at most %u", len, MR_RISK_LIMITS_BYTES_MAX);
        return MR_E_INVALID;
    }
    if (!yaml_parser_initialize(&r.parser))
        return MR_E_NOMEM;
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    read_document(&r);
    if (r.have)
        yaml_event_delete(&r.ev);
    yaml_parser_delete(&r.parser);
    check_whole(&r);
    if (r.errors)
        mr_risk_limits_default(limits); /* all or nothing: and nothing may be traded */
    return r.errors ? MR_E_INVALID : MR_OK;
}

int mr_risk_limits_load(struct mr_risk_limits *limits, const char *path, mr_risk_error_fn *each, void *arg)
{
    char sentence[512];
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(MR_RISK_LIMITS_BYTES_MAX + 1) : NULL;
    size_t len = text ? fread(text, 1, MR_RISK_LIMITS_BYTES_MAX + 1, file) : 0;
    bool good = text && !ferror(file);
    int status = MR_E_IO;
    if (good) {
        status = mr_risk_limits_parse(limits, path, text, len, each, arg);
    } else {
        mr_risk_limits_default(limits);
        snprintf(sentence, sizeof sentence, "%s: cannot be read: %s", path, strerror(errno));
        each(arg, sentence);
    }
    free(text);
    if (file)
        fclose(file);
    return status;
}
