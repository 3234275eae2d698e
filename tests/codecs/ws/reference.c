#include "tests/codecs/ws/reference.h"

#include <string.h>

uint64_t ref_hash(const uint8_t *data, uint32_t len)
{
    uint64_t h = 14695981039346656037u;
    for (uint32_t i = 0; i < len; i++)
        h = (h ^ data[i]) * 1099511628211u;
    return h;
}

/* ---- UTF-8, by the table of RFC 3629 ---- */

static bool letter_begins(struct ref *r, uint8_t c)
{
    if (c < 0x80)
        return true;
    r->letter_left = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    r->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    r->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return c >= 0xc2 && c <= 0xf4;
}

/* False: not UTF-8 from here on. */
static bool letter(struct ref *r, uint8_t c)
{
    if (r->letter_left == 0)
        return letter_begins(r, c);
    bool fits = c >= r->low && c <= r->high;
    r->letter_left--;
    r->low = 0x80, r->high = 0xbf;
    return fits;
}

/* ---- frames ---- */

struct frame {
    bool fin, control;
    uint8_t opcode;
    uint64_t len;
    uint32_t head; /* its octets */
};

static bool fail(struct ref *r, uint16_t code)
{
    r->fails = code;
    return false;
}

/* False: not whole, or wrong. */
static bool read_head(struct ref *r, const uint8_t *p, uint32_t left, struct frame *f)
{
    if (left < 2)
        return false;
    *f = (struct frame){.fin = p[0] >= 0x80, .opcode = p[0] % 16, .control = p[0] % 16 >= 8, .len = p[1] % 128};
    bool known = f->opcode <= 2 || (f->opcode >= 8 && f->opcode <= 10);
    bool begins = f->opcode == 1 || f->opcode == 2, goes_on = f->opcode == 0;
    if (p[0] / 16 % 8 != 0 || !known || (begins && r->kind) || (goes_on && !r->kind) || r->masked != (p[1] >= 0x80))
        return fail(r, 1002);
    if (f->control && (!f->fin || f->len > 125))
        return fail(r, 1002);
    uint32_t more = f->len == 127 ? 8 : f->len == 126 ? 2 : 0;
    f->head = 2 + more + (r->masked ? 4 : 0);
    if (left < 2 + more)
        return false;
    for (uint32_t i = 0; i < more; i++)
        f->len = (i == 0 ? 0 : f->len * 256) + p[2 + i];
    if ((more == 2 && f->len < 126) || (more == 8 && (f->len < 65536 || p[2] >= 0x80)))
        return fail(r, 1002);
    if (!f->control && f->len > r->limit - r->joined)
        return fail(r, 1009);
    return left >= f->head;
}

static void tell(struct ref *r, uint8_t opcode, uint16_t code, const uint8_t *data, uint32_t len)
{
    r->event[r->count++] = (struct ref_event){ref_hash(data, len), len, code, opcode};
}

static bool take_close(struct ref *r, uint32_t len)
{
    const uint8_t *p = r->control;
    uint32_t code = len >= 2 ? (uint32_t)p[0] * 256 + p[1] : 1005;
    bool legal =
        len == 0 || (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
    if (!legal || len == 1)
        return fail(r, 1002);
    uint32_t letters = r->letter_left; /* of a message round it */
    r->letter_left = 0;
    for (uint32_t i = 2; i < len; i++)
        if (!letter(r, p[i]))
            return fail(r, 1007);
    if (r->letter_left)
        return fail(r, 1007);
    r->letter_left = letters;
    tell(r, 8, (uint16_t)code, p + 2, len ? len - 2 : 0);
    return r->closed = true;
}

/* The payload, or the part of it that is there. False: not whole, or wrong. */
static bool read_payload(struct ref *r, const uint8_t *p, uint32_t left, const struct frame *f)
{
    uint32_t here = left < f->len ? left : (uint32_t)f->len;
    uint8_t *to = f->control ? r->control : r->message + r->joined, kind = r->kind ? r->kind : f->opcode;
    for (uint32_t i = 0; i < here; i++) {
        to[i] = r->masked ? p[i] ^ p[(int)(i % 4) - 4] : p[i];
        if (!f->control && kind == 1 && !letter(r, to[i]))
            return fail(r, 1007);
    }
    if (here < f->len)
        return false;
    if (f->opcode == 8)
        return take_close(r, here);
    if (f->control) {
        tell(r, f->opcode, 0, to, here);
        return true;
    }
    if (f->fin && r->letter_left)
        return fail(r, 1007);
    r->joined += here;
    r->kind = f->fin ? 0 : kind;
    if (f->fin) {
        tell(r, kind, 0, r->message, r->joined);
        r->joined = 0;
    }
    return true;
}

void ref_read(struct ref *r, bool masked, uint32_t limit, const uint8_t *data, uint32_t len)
{
    struct frame f;
    MR_ASSERT(limit <= REF_LIMIT_MAX);
    r->count = r->joined = r->letter_left = r->fails = r->kind = 0;
    r->ended = r->closed = false;
    r->masked = masked;
    r->limit = limit;
    for (uint32_t at = 0; at < len && r->count < REF_EVENTS; at += f.head + (uint32_t)f.len) {
        r->ended = r->closed;
        if (r->ended || !read_head(r, data + at, len - at, &f) ||
            !read_payload(r, data + at + f.head, len - at - f.head, &f))
            return;
    }
}
