#include "codecs/venue/dial_priv.h"

#define MR_VENUE(id, folder, title) extern const struct mr_dialect mr_dialect_##folder;
#include "codecs/venue/venues_built.def"
#undef MR_VENUE

const struct mr_dialect *mr_dialect_of(const struct mr_venue *venue)
{
    switch (venue->id) {
#define MR_VENUE(id, folder, title)                                                                                    \
    case id:                                                                                                           \
        return &mr_dialect_##folder;
#include "codecs/venue/venues_built.def"
#undef MR_VENUE
    default:
        return NULL;
    }
}

/* ---- writing ---- */

bool mr_dial_symbol(const char *symbol)
{
    size_t len = 0;
    for (; symbol[len]; len++)
        if ((uint8_t)symbol[len] <= ' ' || symbol[len] == '"' || symbol[len] == '\\' || symbol[len] == 0x7f ||
            len == MR_SYMBOL_BYTES)
            return false;
    return len > 0;
}

bool mr_dial_parameter(const char *symbol) { return mr_dial_symbol(symbol) && !strpbrk(symbol, "&#?%+=/"); }

static void with_id(struct mr_text *out, const char *part, uint64_t id)
{
    const char *at = strstr(part, "%llu");
    if (!at) {
        mr_text_add(out, part);
        return;
    }
    mr_text_bytes(out, part, (size_t)(at - part));
    mr_text_format(out, "%llu", (unsigned long long)id);
    mr_text_add(out, at + 4);
}

/* Takes back what was written behind `len`. */
static void undo(struct mr_text *out, size_t len)
{
    out->len = len;
    out->out[len] = 0;
    out->cut = false;
}

int mr_dial_write(const struct mr_dial_list *list, uint8_t product, const struct mr_stream *streams, uint32_t count,
                  uint32_t *at, uint64_t id, struct mr_text *out)
{
    const size_t tail = strlen(list->tail) + 20; /* a 64-bit id has at most 20 digits */
    size_t begin = out->len;
    uint32_t n = 0;
    int status = MR_OK;
    with_id(out, list->head, id);
    for (; n < list->max && *at < count; n++, ++*at) {
        size_t before = out->len;
        if (n)
            mr_text_add(out, ",");
        status = list->entry(product, &streams[*at], out);
        if (status == MR_OK && (out->cut || out->len + tail >= out->bytes))
            status = MR_E_FULL;
        if (status != MR_OK) {
            undo(out, before);
            break;
        }
    }
    if (n == 0) { /* not even one: the caller learns why */
        undo(out, begin);
        return status;
    }
    with_id(out, list->tail, id);
    return MR_OK;
}

/* ---- reading ---- */

uint64_t mr_dial_id(struct mr_span text)
{
    uint64_t id = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        uint8_t digit = (uint8_t)(text.data[i] - '0');
        if (digit > 9 || id > (UINT64_MAX - digit) / 10)
            return 0;
        id = id * 10 + digit;
    }
    return id;
}

static void take(struct mr_json *j, struct mr_span *to)
{
    enum mr_json_type type = mr_json_peek(j);
    if (type == MR_JSON_STRING || type == MR_JSON_NUMBER)
        mr_json_text(j, to);
    else
        mr_json_skip(j);
}

void mr_dial_member(struct mr_json *j, struct mr_span key, const struct mr_dial_field *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (mr_json_key_is(j, key, fields[i].name)) {
            take(j, fields[i].to);
            return;
        }
    mr_json_skip(j);
}

void mr_dial_object(struct mr_json *j, const struct mr_dial_field *fields, uint32_t count)
{
    struct mr_span key;
    if (mr_json_peek(j) != MR_JSON_OBJECT) {
        mr_json_skip(j);
        return;
    }
    mr_json_object(j);
    while (mr_json_key(j, &key))
        mr_dial_member(j, key, fields, count);
}

bool mr_dial_is(struct mr_span raw, const char *word)
{
    uint8_t plain[64];
    size_t len = strlen(word);
    if (mr_span_is(raw, word, len))
        return true;
    if (!raw.len || raw.len > 6 * len || !memchr(raw.data, '\\', raw.len)) /* an escape has 6 bytes for one */
        return false;
    int64_t n = mr_json_unescape(raw, plain, sizeof plain);
    return n == (int64_t)len && memcmp(plain, word, len) == 0;
}

void mr_dial_text(struct mr_span raw, char *out, size_t bytes)
{
    enum { RAW_MAX = 2048 };
    uint8_t plain[RAW_MAX];
    int64_t len = 0;
    uint32_t take = raw.len < RAW_MAX ? raw.len : RAW_MAX;
    /* An escape that the cut goes through is left out: it is at most 12 bytes long. */
    for (uint32_t less = 0; less < 12 && less <= take; less++) {
        len = mr_json_unescape((struct mr_span){raw.data, take - less}, plain, sizeof plain);
        if (len >= 0)
            break;
    }
    size_t n = len < 0 ? 0 : (size_t)len < bytes ? (size_t)len : bytes - 1;
    while (n && n < (size_t)len && (plain[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++)
        out[i] = plain[i] < ' ' || plain[i] == 0x7f ? ' ' : (char)plain[i];
    out[n] = 0;
}
