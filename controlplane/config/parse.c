/* YAML events against keys.def. One pass, no tree: each value is checked where it is read, and an error in one leaves the rest to be
 * checked too. What YAML has beyond mappings, lists and scalars (anchors, aliases, tags, directives, several documents) is
 * refused by name: nobody should have to know it to read a config. */
#include <stdarg.h>
#include <yaml.h>

#include "controlplane/config/config_priv.h"
#include "controlplane/config/nearest.h"

struct reader {
    yaml_parser_t parser;
    yaml_event_t ev;
    bool have; /* ev is to be deleted */
    bool dead; /* no more events: libyaml gave up */
    const char *name, *text;
    size_t len;
    struct mr_config *config;
    mr_config_error_fn *each;
    void *arg;
    uint32_t errors, path_len;
    char path[160]; /* of the key being read: feeds[2].venue */
};

/* ---- errors ---- */

static void tell(struct reader *r, size_t line, size_t column, const char *path, const char *format, ...)
    MR_PRINTF(5, 6);
static void tell(struct reader *r, size_t line, size_t column, const char *path, const char *format, ...)
{
    char sentence[1024], what[640];
    va_list args;
    if (r->errors++ >= MR_CONFIG_ERRORS_MAX) {
        if (r->errors == MR_CONFIG_ERRORS_MAX + 1) {
            snprintf(sentence, sizeof sentence, "%s: more than %d errors; the rest is not told", r->name,
                     MR_CONFIG_ERRORS_MAX);
            r->each(r->arg, sentence);
        }
        return;
    }
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    char place[64] = "";
    if (line && column)
        snprintf(place, sizeof place, ":%zu:%zu", line, column);
    else if (line)
        snprintf(place, sizeof place, ":%zu", line);
    snprintf(sentence, sizeof sentence, "%s%s: %s%s%s", r->name, place, path, *path ? ": " : "", what);
    r->each(r->arg, sentence);
}

#define AT(r) (r)->ev.start_mark.line + 1, (r)->ev.start_mark.column + 1

/* The byte at a mark: libyaml counts characters. */
static char byte_at(const struct reader *r, yaml_mark_t mark)
{
    size_t i = 0;
    for (size_t line = 0; line < mark.line && i < r->len; i++)
        line += r->text[i] == '\n';
    for (size_t column = 0; i < r->len; i++) {
        if (((uint8_t)r->text[i] & 0xc0) == 0x80)
            continue;
        if (column++ == mark.column)
            return r->text[i];
    }
    return 0;
}

static void tell_syntax(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    yaml_mark_t mark = p->error == YAML_READER_ERROR ? p->mark : p->problem_mark;
    char context[128] = "";
    if (p->context && p->context_mark.line != mark.line)
        snprintf(context, sizeof context, " %s that began at line %zu", p->context, p->context_mark.line + 1);
    else if (p->context)
        snprintf(context, sizeof context, " %s", p->context);
    const char *problem = p->error == YAML_MEMORY_ERROR ? "no memory" : p->problem ? p->problem : "broken";
    tell(r, mark.line + 1, mark.column + 1, "", "not YAML: %s%s%s", problem, context,
         byte_at(r, mark) == '\t' ? "; indent with blanks, not tabs" : "");
}

/* ---- events ---- */

static yaml_event_type_t next(struct reader *r)
{
    if (r->have)
        yaml_event_delete(&r->ev);
    r->have = false;
    memset(&r->ev, 0, sizeof r->ev);
    if (r->dead)
        return YAML_NO_EVENT;
    if (!yaml_parser_parse(&r->parser, &r->ev)) {
        tell_syntax(r);
        r->dead = true;
        memset(&r->ev, 0, sizeof r->ev);
        return YAML_NO_EVENT;
    }
    r->have = true;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (r->ev.type) {
    case YAML_SCALAR_EVENT:
        anchor = r->ev.data.scalar.anchor;
        tag = r->ev.data.scalar.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = r->ev.data.mapping_start.anchor;
        tag = r->ev.data.mapping_start.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = r->ev.data.sequence_start.anchor;
        tag = r->ev.data.sequence_start.tag;
        break;
    default:
        break;
    }
    if (anchor)
        tell(r, AT(r), r->path, "an anchor (&%.40s) has no place in a config; write the value where it is wanted",
             (const char *)anchor);
    if (tag)
        tell(r, AT(r), r->path, "a tag (%.40s) has no place in a config; the key says the type", (const char *)tag);
    return r->ev.type;
}

/* Past the node whose first event is the present one. */
static void skip(struct reader *r)
{
    for (uint32_t depth = 0;;) {
        switch (r->ev.type) {
        case YAML_MAPPING_START_EVENT:
        case YAML_SEQUENCE_START_EVENT:
            depth++;
            break;
        case YAML_MAPPING_END_EVENT:
        case YAML_SEQUENCE_END_EVENT:
            depth--;
            break;
        case YAML_NO_EVENT:
            return;
        default:
            break;
        }
        if (depth == 0)
            return;
        next(r);
    }
}

static const char *kind(const struct reader *r)
{
    switch (r->ev.type) {
    case YAML_MAPPING_START_EVENT:
        return "a mapping";
    case YAML_SEQUENCE_START_EVENT:
        return "a list";
    default:
        return "a single value";
    }
}

/* True if the event is of this type; else the error is told and the node passed over. */
static bool want(struct reader *r, yaml_event_type_t type, const char *what)
{
    if (r->ev.type == type)
        return true;
    if (r->ev.type == YAML_ALIAS_EVENT)
        tell(r, AT(r), r->path, "an alias (*%.40s) has no place in a config; write the value where it is wanted",
             (const char *)r->ev.data.alias.anchor);
    else if (r->ev.type != YAML_NO_EVENT)
        tell(r, AT(r), r->path, "%s where %s is wanted", kind(r), what);
    skip(r);
    return false;
}

static bool is_empty(const struct reader *r)
{
    return r->ev.type == YAML_SCALAR_EVENT && r->ev.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           r->ev.data.scalar.length == 0;
}

/* ---- the path of the key being read ---- */

static uint32_t down(struct reader *r, const char *format, ...) MR_PRINTF(2, 3);
static uint32_t down(struct reader *r, const char *format, ...)
{
    uint32_t was = r->path_len;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(r->path + was, sizeof r->path - was, format, args);
    va_end(args);
    r->path_len = (uint32_t)strlen(r->path);
    MR_ASSERT(n >= 0);
    return was;
}

static void up(struct reader *r, uint32_t was)
{
    r->path_len = was;
    r->path[was] = 0;
}

/* ---- values ---- */

static bool read_scalar(struct reader *r, const struct mr_key *key, void *place)
{
    struct mr_why why;
    mr_value_want(key, &why);
    if (!want(r, YAML_SCALAR_EVENT, why.text))
        return false;
    bool plain = r->ev.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool good = mr_value_set(key, place, (const char *)r->ev.data.scalar.value, r->ev.data.scalar.length, plain, &why);
    if (!good)
        tell(r, AT(r), r->path, "%s", why.text);
    return good;
}

static void read_list(struct reader *r, const struct mr_key *key, void *base)
{
    struct mr_why why;
    char *place = (char *)base + key->at;
    bool flags = key->type == KEY_FLAGS;
    uint32_t most = flags ? 32 : key->most_elements, count = 0;
    size_t line = r->ev.start_mark.line + 1, column = r->ev.start_mark.column + 1;
    mr_value_want(key, &why);
    if (!want(r, YAML_SEQUENCE_START_EVENT, "a list ([a, b])"))
        return;
    if (flags)
        memset(place, 0, key->bytes);
    uint32_t read = 0, errors = r->errors;
    for (; next(r) != YAML_SEQUENCE_END_EVENT && r->ev.type != YAML_NO_EVENT; read++) {
        uint32_t was = down(r, "[%u]", read);
        if (read == most)
            tell(r, AT(r), r->path, "more than %u elements", most);
        if (read >= most)
            skip(r);
        else
            count += read_scalar(r, key, place + (flags ? 0 : count * key->bytes));
        up(r, was);
    }
    if (read < key->fewest)
        tell(r, line, column, r->path, "%u elements where %s%u are wanted, each %s", read,
             key->fewest == key->most_elements ? "" : "at least ", key->fewest, why.text);
    if (r->errors != errors)
        count = 0; /* half a list is none: nothing more is to be said about it */
    if (key->count_at)
        memcpy((char *)base + key->count_at, &count, sizeof count);
}

static void read_value(struct reader *r, const struct mr_key *key, void *base)
{
    if (key->list)
        read_list(r, key, base);
    else
        read_scalar(r, key, (char *)base + key->at);
}

/* ---- mappings ---- */

static void tell_unknown(struct reader *r, unsigned section, const char *name, size_t len)
{
    struct mr_nearest best = {0};
    char elsewhere[80] = "";
    for (unsigned i = 0; i < MR_KEY_COUNT; i++)
        if (mr_keys[i].section == section)
            mr_nearest_offer(&best, name, len, mr_keys[i].name);
        else if (strlen(mr_keys[i].name) == len && memcmp(mr_keys[i].name, name, len) == 0)
            snprintf(elsewhere, sizeof elsewhere, "; it belongs %s%s",
                     mr_keys[i].section == SECTION_top ? "at the top" : "under ", mr_key_sections[mr_keys[i].section]);
    for (unsigned i = 1; section == SECTION_top && i < SECTION_COUNT; i++)
        mr_nearest_offer(&best, name, len, mr_key_sections[i]);
    if (!*elsewhere && best.name)
        snprintf(elsewhere, sizeof elsewhere, "; did you mean %s?", best.name);
    tell(r, AT(r), r->path, "no such key%s", *elsewhere ? elsewhere : "; millrace config keys lists all");
}

/* Reads a key. False: it is none (told; its value is passed over). */
static bool read_key(struct reader *r, char name[64], size_t *line)
{
    if (!want(r, YAML_SCALAR_EVENT, "a key")) {
        next(r);
        skip(r);
        return false;
    }
    size_t len = r->ev.data.scalar.length;
    *line = r->ev.start_mark.line + 1;
    len = len < 63 ? len : 63; /* longer than any there is */
    for (size_t i = 0; i < len; i++) {
        uint8_t c = r->ev.data.scalar.value[i];
        name[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    name[len] = 0;
    return true;
}

static void tell_twice(struct reader *r, uint32_t first)
{
    tell(r, AT(r), r->path, "this key stands twice; first in line %u", first);
}

/* The keys of one section; `lines` remembers where each was, by its number in keys.def. */
static void read_section(struct reader *r, unsigned section, void *base, uint32_t *lines)
{
    char name[64];
    size_t line;
    while (next(r) != YAML_MAPPING_END_EVENT && r->ev.type != YAML_NO_EVENT) {
        if (!read_key(r, name, &line))
            continue;
        uint32_t was = down(r, ".%s", name);
        unsigned i = 0;
        while (i < MR_KEY_COUNT && !(mr_keys[i].section == section && strcmp(mr_keys[i].name, name) == 0))
            i++;
        if (i == MR_KEY_COUNT)
            tell_unknown(r, section, name, strlen(name));
        bool twice = i < MR_KEY_COUNT && lines[i] && lines[i] != MR_FROM_ENVIRONMENT;
        if (twice)
            tell_twice(r, lines[i]);
        next(r);
        if (i == MR_KEY_COUNT || twice) {
            skip(r);
        } else {
            lines[i] = (uint32_t)line;
            read_value(r, &mr_keys[i], base);
        }
        up(r, was);
    }
}

static void read_feeds(struct reader *r)
{
    struct mr_plane_config *plane = &r->config->plane;
    if (is_empty(r) || !want(r, YAML_SEQUENCE_START_EVENT, "a list of feeds (- product: binance:usdm)"))
        return;
    for (uint32_t i = 0; next(r) != YAML_SEQUENCE_END_EVENT && r->ev.type != YAML_NO_EVENT; i++) {
        uint32_t was = down(r, "[%u]", i);
        if (i == MR_PLANE_FEEDS_MAX)
            tell(r, AT(r), r->path, "more than %d feeds; give one feed more symbols, or run a second instance",
                 MR_PLANE_FEEDS_MAX);
        if (i >= MR_PLANE_FEEDS_MAX) {
            skip(r);
        } else {
            uint32_t *lines = r->config->feed_line[i];
            lines[MR_KEY_FEED_BEGIN] = (uint32_t)r->ev.start_mark.line + 1;
            mr_feed_default(&plane->feeds[i]);
            plane->feed_count = i + 1;
            if (want(r, YAML_MAPPING_START_EVENT, "a mapping (product: binance:usdm, symbols: [BTCUSDT])"))
                read_section(r, SECTION_feeds, &plane->feeds[i], lines);
            else /* it is said that this is no feed; not what it lacks besides */
                lines[MR_KEY_feeds_product] = lines[MR_KEY_feeds_symbols] = lines[MR_KEY_FEED_BEGIN];
        }
        up(r, was);
    }
}

static void read_named_section(struct reader *r, unsigned section)
{
    if (section == SECTION_feeds)
        read_feeds(r);
    else if (!is_empty(r) && want(r, YAML_MAPPING_START_EVENT, "a mapping of keys"))
        read_section(r, section, r->config, r->config->line);
}

static void read_top(struct reader *r)
{
    char name[64];
    size_t line;
    uint32_t sections[SECTION_COUNT] = {0};
    while (next(r) != YAML_MAPPING_END_EVENT && r->ev.type != YAML_NO_EVENT) {
        if (!read_key(r, name, &line))
            continue;
        uint32_t was = down(r, "%s", name);
        unsigned i = 0, section = SECTION_top + 1;
        while (i < MR_KEY_COUNT && !(mr_keys[i].section == SECTION_top && strcmp(mr_keys[i].name, name) == 0))
            i++;
        while (section < SECTION_COUNT && strcmp(mr_key_sections[section], name) != 0)
            section++;
        uint32_t unknown = 0;
        uint32_t *first = i < MR_KEY_COUNT          ? &r->config->line[i]
                          : section < SECTION_COUNT ? &sections[section]
                                                    : &unknown;
        bool twice = *first && *first != MR_FROM_ENVIRONMENT;
        if (first == &unknown)
            tell_unknown(r, SECTION_top, name, strlen(name));
        else if (twice)
            tell_twice(r, *first);
        else
            *first = (uint32_t)line;
        next(r);
        if (first == &unknown || twice)
            skip(r);
        else if (i < MR_KEY_COUNT)
            read_value(r, &mr_keys[i], r->config);
        else
            read_named_section(r, section);
        up(r, was);
    }
}

static void read_document(struct reader *r)
{
    next(r); /* STREAM-START */
    if (next(r) != YAML_DOCUMENT_START_EVENT)
        return; /* nothing in it: defaults */
    if (r->ev.data.document_start.version_directive ||
        r->ev.data.document_start.tag_directives.start != r->ev.data.document_start.tag_directives.end)
        tell(r, AT(r), "", "a directive (%%YAML, %%TAG) has no place in a config");
    next(r);
    if (!is_empty(r) && want(r, YAML_MAPPING_START_EVENT, "a mapping (instance: default)"))
        read_top(r);
    next(r); /* DOCUMENT-END */
    if (next(r) == YAML_DOCUMENT_START_EVENT)
        tell(r, AT(r), "", "a second document (---); a config is one");
}

/* ---- before and after ---- */

/* The first byte that is not UTF-8, or len. */
static size_t not_utf8(const uint8_t *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = s[i] < 0x80 ? 1 : s[i] < 0xc2 ? 0 : s[i] < 0xe0 ? 2 : s[i] < 0xf0 ? 3 : s[i] < 0xf5 ? 4 : 0;
        if (n == 0 || n > len - i)
            return i;
        uint8_t low = s[i] == 0xe0   ? 0xa0
                      : s[i] == 0xf0 ? 0x90
                                     : 0x80,
                high = s[i] == 0xed   ? 0x9f
                       : s[i] == 0xf4 ? 0x8f
                                      : 0xbf;
        for (size_t k = 1; k < n; k++)
            if (s[i + k] < (k == 1 ? low : 0x80) || s[i + k] > (k == 1 ? high : 0xbf))
                return i;
        i += n;
    }
    return len;
}

static bool is_text(struct reader *r)
{
    if (r->len > MR_CONFIG_BYTES_MAX) {
        tell(r, 0, 0, "", "%zu bytes: a config has at most %u", r->len, MR_CONFIG_BYTES_MAX);
        return false;
    }
    size_t bad = not_utf8((const uint8_t *)r->text, r->len);
    if (bad == r->len)
        return true;
    size_t line = 1, begin = 0;
    for (size_t i = 0; i < bad; i++)
        if (r->text[i] == '\n') {
            line++;
            begin = i + 1;
        }
    tell(r, line, bad - begin + 1, "", "byte 0x%02x: not UTF-8", (uint8_t)r->text[bad]);
    return false;
}

static void complain(void *arg, uint32_t line, const char *path, const char *sentence)
{
    tell(arg, line == MR_FROM_ENVIRONMENT ? 0 : line, 0, path, "%s", sentence);
}

int mr_config_parse(struct mr_config *config, const char *name, const char *text, size_t len, mr_config_error_fn *each,
                    void *arg)
{
    struct reader r = {.name = name, .text = text, .len = len, .config = config, .each = each, .arg = arg};
    mr_config_bare(config);
    snprintf(config->file, sizeof config->file, "%s", name);
    if (is_text(&r)) {
        if (!yaml_parser_initialize(&r.parser))
            return MR_E_NOMEM;
        yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
        read_document(&r);
        if (r.have)
            yaml_event_delete(&r.ev);
        yaml_parser_delete(&r.parser);
    }
    mr_config_resolve(config);
    mr_config_check(config, complain, &r);
    return r.errors ? MR_E_INVALID : MR_OK;
}
