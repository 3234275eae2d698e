#include "tests/codecs/json/reference.h"

/* The section numbers are RFC 8259's. */
struct text {
    const uint8_t *data;
    uint32_t len, pos, depth;
    struct verdict verdict;
};

enum { THE_END = -1 };

static int look(const struct text *t) { return t->pos < t->len ? t->data[t->pos] : THE_END; }

static bool no(struct text *t)
{
    t->verdict = (struct verdict){look(t) == THE_END ? MR_E_TRUNCATED : MR_E_MALFORMED, t->pos};
    return false;
}

static bool between(struct text *t, int low, int high)
{
    if (look(t) < low || look(t) > high)
        return no(t);
    t->pos++;
    return true;
}

static bool letter(struct text *t, int c) { return between(t, c, c); }

static bool word(struct text *t, const char *w)
{
    for (; *w; w++)
        if (!letter(t, *w))
            return false;
    return true;
}

/* 2: ws */
static void ws(struct text *t)
{
    while (look(t) == 0x20 || look(t) == 0x09 || look(t) == 0x0a || look(t) == 0x0d)
        t->pos++;
}

/* 6: DIGIT, as many as there are, one at least */
static bool digits(struct text *t)
{
    if (!between(t, '0', '9'))
        return false;
    while (look(t) >= '0' && look(t) <= '9')
        t->pos++;
    return true;
}

/* 6: number = [ minus ] int [ frac ] [ exp ] */
static bool number(struct text *t)
{
    if (look(t) == '-')
        t->pos++;
    if (look(t) == '0')
        t->pos++;
    else if (!digits(t))
        return false;
    if (look(t) == '.') {
        t->pos++;
        if (!digits(t))
            return false;
    }
    if (look(t) == 'e' || look(t) == 'E') {
        t->pos++;
        if (look(t) == '+' || look(t) == '-')
            t->pos++;
        if (!digits(t))
            return false;
    }
    return true;
}

static bool hexdig(struct text *t)
{
    int c = look(t);
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f')) {
        t->pos++;
        return true;
    }
    return no(t);
}

static bool escape(struct text *t)
{
    t->pos++;
    int c = look(t);
    if (c == THE_END || !c || !strchr("\"\\/bfnrtu", c))
        return no(t);
    t->pos++;
    return c != 'u' || (hexdig(t) && hexdig(t) && hexdig(t) && hexdig(t));
}

/* RFC 3629, 4: UTF8-2, UTF8-3, UTF8-4, rule by rule */
static bool tail(struct text *t) { return between(t, 0x80, 0xbf); }

static bool utf8(struct text *t)
{
    int lead = look(t);
    if (lead < 0xc2 || lead > 0xf4)
        return no(t);
    t->pos++;
    if (lead <= 0xdf)
        return tail(t);
    if (lead == 0xe0)
        return between(t, 0xa0, 0xbf) && tail(t);
    if (lead == 0xed)
        return between(t, 0x80, 0x9f) && tail(t);
    if (lead <= 0xef)
        return tail(t) && tail(t);
    if (lead == 0xf0)
        return between(t, 0x90, 0xbf) && tail(t) && tail(t);
    if (lead == 0xf4)
        return between(t, 0x80, 0x8f) && tail(t) && tail(t);
    return tail(t) && tail(t) && tail(t);
}

/* 7: string = quotation-mark *char quotation-mark */
static bool string(struct text *t)
{
    if (!letter(t, '"'))
        return false;
    for (;;) {
        int c = look(t);
        if (c == '"') {
            t->pos++;
            return true;
        }
        if (c == '\\' ? !escape(t) : c < 0x80 ? !between(t, 0x20, 0x7f) : !utf8(t))
            return false;
    }
}

static bool value(struct text *t);

static bool member(struct text *t)
{
    ws(t);
    if (!string(t))
        return false;
    ws(t);
    return letter(t, ':') && value(t);
}

/* 4 and 5: '{' [ member *( ',' member ) ] '}' and '[' [ value *( ',' value ) ] ']' */
static bool container(struct text *t, bool (*item)(struct text *t), int closing)
{
    if (t->depth == MR_JSON_DEPTH) {
        t->verdict = (struct verdict){MR_E_DEPTH, t->pos};
        return false;
    }
    t->depth++;
    t->pos++;
    ws(t);
    if (look(t) != closing) {
        if (!item(t))
            return false;
        while (look(t) == ',') {
            t->pos++;
            if (!item(t))
                return false;
        }
    }
    t->depth--;
    return letter(t, closing);
}

/* 3: value, with the blanks around it */
static bool value(struct text *t)
{
    bool legal;
    ws(t);
    switch (look(t)) {
    case '{':
        legal = container(t, member, '}');
        break;
    case '[':
        legal = container(t, value, ']');
        break;
    case '"':
        legal = string(t);
        break;
    case 't':
        legal = word(t, "true");
        break;
    case 'f':
        legal = word(t, "false");
        break;
    case 'n':
        legal = word(t, "null");
        break;
    default:
        legal = look(t) == '-' || (look(t) >= '0' && look(t) <= '9') ? number(t) : no(t);
        break;
    }
    if (legal)
        ws(t);
    return legal;
}

/* 2: JSON-text = ws value ws, and nothing behind it */
struct verdict reference_check(const uint8_t *data, uint32_t len)
{
    struct text t = {.data = data, .len = len, .verdict = {MR_OK, 0}};
    if (value(&t) && look(&t) != THE_END)
        no(&t);
    return t.verdict;
}
