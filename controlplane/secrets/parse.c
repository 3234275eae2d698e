/* A small part of YAML, in place. Sentences say where and what, and never which bytes. */
#include "controlplane/secrets/secrets.h"

enum field { VENUE, KEY, SECRET, PASSPHRASE, FIELD_COUNT };
static const char *const fields[] = {"venue", "key", "secret", "passphrase"};

struct reader {
    struct mr_secrets *out;
    struct mr_err *err;
    const char *name;
    uint8_t *text;            /* all of it */
    uint32_t len, begin, end; /* of this line */
    uint32_t line, at;        /* from 1; column from 0 */
    int32_t dash, member;     /* columns of the list's dashes and of an entry's keys; -1 not known yet */
    bool wrapped, listed;     /* `credentials:` was there; an entry was */
    uint32_t seen;            /* fields of this entry, as bits */
};

static int bad(struct reader *r, const char *what)
{
    return mr_err_set(r->err, MR_E_MALFORMED, "%s:%u:%u: %s", r->name, r->line, r->at + 1, what);
}

static uint8_t peek(const struct reader *r) { return r->begin + r->at < r->end ? r->text[r->begin + r->at] : 0; }

static void blanks(struct reader *r)
{
    while (peek(r) == ' ')
        r->at++;
}

/* Nothing more on this line but a comment. */
static bool at_end(struct reader *r)
{
    bool spaced = r->at == 0 || r->text[r->begin + r->at - 1] == ' ';
    blanks(r);
    spaced |= r->at > 0 && r->text[r->begin + r->at - 1] == ' ';
    return r->begin + r->at >= r->end || (peek(r) == '#' && spaced);
}

/* One entry is whole before the next begins. */
static int entry_end(struct reader *r)
{
    if (r->out->count == 0)
        return MR_OK;
    for (unsigned f = VENUE; f <= SECRET; f++)
        if (!(r->seen >> f & 1))
            return mr_err_set(r->err, MR_E_MALFORMED, "%s:%u: credentials[%u]: no %s", r->name, r->line,
                              r->out->count - 1, fields[f]);
    const struct mr_credential *mine = &r->out->credentials[r->out->count - 1];
    for (uint32_t i = 0; i + 1 < r->out->count; i++)
        if (strcmp(r->out->credentials[i].venue, mine->venue) == 0)
            return mr_err_set(r->err, MR_E_MALFORMED, "%s:%u: credentials[%u]: a second entry of the same venue",
                              r->name, r->line, r->out->count - 1);
    return MR_OK;
}

static int quoted(struct reader *r, uint8_t quote, struct mr_secret *out)
{
    uint32_t from = ++r->at;
    while (r->begin + r->at < r->end && peek(r) != quote) {
        if (quote == '"' && peek(r) == '\\')
            return bad(r, "escapes are not taken; use single quotes");
        r->at++;
    }
    if (r->begin + r->at >= r->end)
        return bad(r, "a quote that is not closed on this line");
    *out = (struct mr_secret){r->text + r->begin + from, r->at - from};
    r->at++;
    if (!at_end(r))
        return bad(r, "more after the closing quote");
    return MR_OK;
}

static int plain(struct reader *r, struct mr_secret *out)
{
    static const char never[] = "&*!|>{}[],%@`?";
    if (memchr(never, peek(r), sizeof never - 1))
        return bad(
            r,
            "only a plain or a quoted value is taken (no anchor, alias, tag, block or flow); quote it if it begins so");
    uint32_t from = r->at, to = from;
    for (; r->begin + r->at < r->end; r->at++) {
        uint8_t c = peek(r), before = r->at > from ? r->text[r->begin + r->at - 1] : 0;
        if (c == '#' && before == ' ')
            break;
        if (c == ':' && (r->begin + r->at + 1 == r->end || r->text[r->begin + r->at + 1] == ' '))
            return bad(r, "a colon and a blank inside a plain value; quote it");
        if (c != ' ')
            to = r->at + 1;
    }
    *out = (struct mr_secret){r->text + r->begin + from, to - from};
    return MR_OK;
}

static int value(struct reader *r, struct mr_secret *out)
{
    if (at_end(r))
        return bad(r, "no value");
    uint8_t c = peek(r);
    int status = c == '"' || c == '\'' ? quoted(r, c, out) : plain(r, out);
    if (status == MR_OK && out->len == 0)
        return bad(r, "an empty value");
    return status;
}

static int name_venue(struct reader *r, struct mr_credential *c, struct mr_secret venue)
{
    if (venue.len >= sizeof c->venue)
        return bad(r, "too long for a venue's name");
    for (uint32_t i = 0; i < venue.len; i++) {
        uint8_t b = venue.bytes[i];
        if (!((b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '_'))
            return bad(r, "not a venue's name: small letters, digits and _ only");
        c->venue[i] = (char)b;
    }
    return MR_OK;
}

/* `key: value` at the reader's place. */
static int pair(struct reader *r)
{
    uint32_t from = r->at, f = 0;
    struct mr_credential *c = &r->out->credentials[r->out->count - 1];
    struct mr_secret v = {NULL, 0};
    while (r->begin + r->at < r->end && peek(r) != ':')
        r->at++;
    if (peek(r) != ':' || (r->begin + r->at + 1 < r->end && r->text[r->begin + r->at + 1] != ' ')) {
        r->at = from;
        return bad(r, "want a key, a colon and a blank");
    }
    uint32_t len = r->at - from;
    while (f < FIELD_COUNT && !(strlen(fields[f]) == len && memcmp(fields[f], r->text + r->begin + from, len) == 0))
        f++;
    if (f == FIELD_COUNT) {
        r->at = from;
        return bad(r, "no such key; known: venue, key, secret, passphrase");
    }
    if (r->seen >> f & 1) {
        r->at = from;
        return bad(r, "given twice");
    }
    r->seen |= 1u << f;
    r->at++;
    int status = value(r, &v);
    if (status != MR_OK)
        return status;
    if (f == VENUE)
        return name_venue(r, c, v);
    *(f == KEY ? &c->key : f == SECRET ? &c->secret : &c->passphrase) = v;
    return MR_OK;
}

static int entry(struct reader *r)
{
    if (r->dash >= 0 && (uint32_t)r->dash != r->at)
        return bad(r, "not in line with the entries above");
    r->dash = (int32_t)r->at;
    int status = entry_end(r);
    if (status != MR_OK)
        return status;
    if (r->out->count == MR_CREDENTIALS_MAX)
        return bad(r, "too many entries");
    memset(&r->out->credentials[r->out->count++], 0, sizeof(struct mr_credential));
    r->seen = 0;
    r->listed = true;
    r->at++;
    if (peek(r) != ' ')
        return bad(r, "want a blank after the dash");
    blanks(r);
    r->member = (int32_t)r->at;
    return pair(r);
}

static int one_line(struct reader *r)
{
    static const char wrap[] = "credentials:";
    for (uint32_t i = r->begin; i < r->end; i++)
        if ((r->text[i] < 0x20) || r->text[i] == 0x7f) {
            r->at = i - r->begin;
            return bad(r, r->text[i] == '\t' ? "a tab; indent with blanks" : "a byte that is no text");
        }
    if (at_end(r))
        return MR_OK;
    if (peek(r) == '-' && r->begin + r->at + 1 < r->end && r->text[r->begin + r->at + 1] == '-')
        return bad(r, "documents are not taken: one list, nothing before it");
    if (peek(r) == '-')
        return entry(r);
    if (r->at == 0 && !r->wrapped && !r->listed && r->end - r->begin >= sizeof wrap - 1 &&
        memcmp(r->text + r->begin, wrap, sizeof wrap - 1) == 0) {
        r->wrapped = true;
        r->at = sizeof wrap - 1;
        return at_end(r) ? MR_OK : bad(r, "the list begins on the next line");
    }
    if (!r->listed || (uint32_t)r->member != r->at)
        return bad(r, r->listed ? "not in line with the keys above" : "want a list: each entry begins with \"- \"");
    return pair(r);
}

int mr_secrets_parse(struct mr_secrets *secrets, const char *name, uint8_t *text, uint32_t len, struct mr_err *err)
{
    struct reader r = {.out = secrets, .err = err, .name = name, .text = text, .len = len, .dash = -1, .member = -1};
    secrets->count = 0;
    for (uint32_t begin = 0; begin < len; begin = r.end + 1) {
        uint8_t *end = memchr(text + begin, '\n', len - begin);
        r.begin = begin;
        r.end = end ? (uint32_t)(end - text) : len;
        r.at = 0;
        r.line++;
        int status = one_line(&r);
        if (status != MR_OK)
            return status;
    }
    int status = entry_end(&r);
    if (status == MR_OK && !secrets->count)
        return mr_err_set(err, MR_E_MALFORMED, "%s: no credentials in it", name);
    return status;
}
