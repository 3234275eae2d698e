#include "codecs/http/http.h"

/* A place in the head. After a status other than MR_OK nothing moves any more; MR_E_TRUNCATED: needs more bytes. */
struct cursor {
    const uint8_t *data;
    uint32_t len, at;
    int status;
};

enum { TCHAR = 1, TARGET = 2, VALUE = 4 };

/* Of each byte: may it stand in a token (RFC 9110 5.6.2), in a target, in a field's value or reason? */
static unsigned class_of(uint8_t c)
{
    unsigned is = (c >= 0x20 && c != 0x7f) || c == '\t' ? VALUE : 0;
    if (c > 0x20 && c < 0x7f) {
        is |= TARGET;
        if (!strchr("\"(),/:;<=>?@[\\]{}", c))
            is |= TCHAR;
    }
    return is;
}

/* The byte at the cursor, or -1: there is none (yet), or it lies beyond the limit. */
static int peek(struct cursor *c)
{
    if (c->status != MR_OK)
        return -1;
    if (c->at < c->len && c->at < MR_HTTP_HEAD_MAX)
        return c->data[c->at];
    c->status = c->at < MR_HTTP_HEAD_MAX ? MR_E_TRUNCATED : MR_E_TOO_BIG;
    return -1;
}

static bool refuse(struct cursor *c, int status)
{
    if (c->status == MR_OK)
        c->status = status;
    return false;
}

static bool literal(struct cursor *c, const char *text)
{
    for (; *text; text++, c->at++) {
        int byte = peek(c);
        if (byte < 0 || byte != (uint8_t)*text)
            return refuse(c, MR_E_MALFORMED);
    }
    return true;
}

static struct mr_span run(struct cursor *c, unsigned class)
{
    uint32_t from = c->at;
    for (int byte; (byte = peek(c)) >= 0 && class_of((uint8_t)byte) & class;)
        c->at++;
    return (struct mr_span){c->data + from, c->at - from};
}

static bool word(struct cursor *c, unsigned class, struct mr_span *out)
{
    *out = run(c, class);
    return out->len > 0 || refuse(c, MR_E_MALFORMED);
}

static struct mr_span trimmed(struct mr_span s)
{
    while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
        s.data++, s.len--;
    while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Fields up to the blank line. A line that begins with a blank (folding) has no name, so it is refused. */
static int64_t fields(struct cursor *c, struct mr_http_head *out)
{
    for (int byte; (byte = peek(c)) >= 0 && byte != '\r';) {
        struct mr_http_field field;
        if (!word(c, TCHAR, &field.name) || !literal(c, ":"))
            break;
        field.value = trimmed(run(c, VALUE));
        if (!literal(c, "\r\n"))
            break;
        if (out->fields == MR_HTTP_FIELDS_MAX) {
            refuse(c, MR_E_TOO_BIG);
            break;
        }
        out->field[out->fields++] = field;
    }
    literal(c, "\r\n");
    if (c->status == MR_OK)
        return c->at;
    return c->status == MR_E_TRUNCATED ? 0 : c->status;
}

/* "HTTP/1.0" or "HTTP/1.1" */
static bool version(struct cursor *c, uint8_t *minor)
{
    if (!literal(c, "HTTP/1."))
        return false;
    int byte = peek(c);
    if (byte != '0' && byte != '1')
        return refuse(c, MR_E_MALFORMED);
    *minor = (uint8_t)(byte - '0');
    c->at++;
    return true;
}

int64_t mr_http_request(const uint8_t *data, uint32_t len, struct mr_http_head *out)
{
    struct cursor c = {.data = data, .len = len};
    *out = (struct mr_http_head){0};
    (void)(word(&c, TCHAR, &out->method) && literal(&c, " ") && word(&c, TARGET, &out->target) && literal(&c, " ") &&
           version(&c, &out->minor) && literal(&c, "\r\n"));
    return fields(&c, out);
}

/* Three digits, 100 to 599. */
static bool status_code(struct cursor *c, int *status)
{
    for (int i = 0; i < 3; i++, c->at++) {
        int byte = peek(c);
        if (byte < (i ? '0' : '1') || byte > (i ? '9' : '5'))
            return refuse(c, MR_E_MALFORMED);
        *status = *status * 10 + (byte - '0');
    }
    return true;
}

int64_t mr_http_response(const uint8_t *data, uint32_t len, struct mr_http_head *out)
{
    struct cursor c = {.data = data, .len = len};
    *out = (struct mr_http_head){0};
    if (version(&c, &out->minor) && literal(&c, " ") && status_code(&c, &out->status) && literal(&c, " ")) {
        out->reason = run(&c, VALUE);
        literal(&c, "\r\n");
    }
    return fields(&c, out);
}

static bool same(struct mr_span s, const char *text)
{
    for (uint32_t i = 0; i < s.len; i++, text++) {
        uint8_t a = s.data[i], b = (uint8_t)*text; /* a NUL in `text` equals no byte of a head */
        a = a >= 'A' && a <= 'Z' ? (uint8_t)(a | 0x20) : a;
        b = b >= 'A' && b <= 'Z' ? (uint8_t)(b | 0x20) : b;
        if (a != b)
            return false;
    }
    return *text == 0;
}

struct mr_span mr_http_find(const struct mr_http_head *head, const char *name)
{
    for (uint32_t i = 0; i < head->fields; i++)
        if (same(head->field[i].name, name))
            return head->field[i].value;
    return (struct mr_span){NULL, 0};
}

uint32_t mr_http_count(const struct mr_http_head *head, const char *name)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < head->fields; i++)
        count += same(head->field[i].name, name);
    return count;
}

static bool list_has(struct mr_span list, const char *token)
{
    for (;;) {
        const uint8_t *comma = list.len ? memchr(list.data, ',', list.len) : NULL;
        uint32_t len = comma ? (uint32_t)(comma - list.data) : list.len;
        if (same(trimmed((struct mr_span){list.data, len}), token))
            return true;
        if (!comma)
            return false;
        list.data += len + 1;
        list.len -= len + 1;
    }
}

bool mr_http_has_token(const struct mr_http_head *head, const char *name, const char *token)
{
    for (uint32_t i = 0; i < head->fields; i++)
        if (same(head->field[i].name, name) && list_has(head->field[i].value, token))
            return true;
    return false;
}

int64_t mr_http_length(const struct mr_http_head *head)
{
    uint32_t count = mr_http_count(head, "content-length");
    if (count == 0)
        return -1;
    struct mr_span text = mr_http_find(head, "content-length");
    if (count > 1 || text.len == 0)
        return MR_E_MALFORMED;
    int64_t value = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return MR_E_MALFORMED;
        if (value < (int64_t)1 << 53) /* stays above it from then on */
            value = value * 10 + (text.data[i] - '0');
    }
    return value <= (int64_t)1 << 53 ? value : MR_E_TOO_BIG;
}
