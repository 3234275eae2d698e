/* The side of shapes that is not on the fast path: memory, and building a shape from what a decoder recorded. */
#include "codecs/shape/shape_priv.h"

static size_t align_up(size_t n) { return (n + MR_LINE_BYTES - 1) & ~(size_t)(MR_LINE_BYTES - 1); }

size_t mr_shapes_bytes(uint32_t count)
{
    return align_up(sizeof(struct mr_shapes)) + count / SHAPE_WAYS * sizeof(struct shape_set) +
           count * sizeof(struct shape);
}

struct mr_shapes *mr_shapes_init(void *mem, uint32_t count, enum mr_kernel kernel)
{
    MR_ASSERT(count >= SHAPE_WAYS && (count & (count - 1)) == 0);
    MR_ASSERT((uintptr_t)mem % MR_LINE_BYTES == 0);
    MR_ASSERT(mr_kernel_available(kernel) && mr_shape_kernels[kernel]);
    struct mr_shapes *s = mem;
    memset(s, 0, sizeof *s);
    s->kernel = mr_shape_kernels[kernel];
    s->sets = (struct shape_set *)((uint8_t *)mem + align_up(sizeof *s));
    s->shapes = (struct shape *)(s->sets + count / SHAPE_WAYS);
    s->set_mask = count / SHAPE_WAYS - 1;
    memset(s->shapes, 0, count * sizeof(struct shape)); /* pages are touched now, not on the first message */
    mr_shapes_clear(s);
    return s;
}

#define CREDIT_START 4096
#define CREDIT_LEARN 16

void mr_shapes_clear(struct mr_shapes *s)
{
    memset(s->sets, 0, (s->set_mask + 1) * sizeof(struct shape_set));
    s->texts = 0;
    s->credit = CREDIT_START;
}

/* ---- one number's text ---- */

struct digits {
    uint16_t first, count; /* whole-number digits, in the frame */
    uint16_t fraction, fraction_count;
    bool negative;
};

static uint16_t run_of_digits(const uint8_t *data, uint32_t at, uint32_t end)
{
    uint32_t i = at;
    while (i < end && data[i] >= '0' && data[i] <= '9')
        i++;
    return (uint16_t)(i - at);
}

/* A plain number: no exponent, no leading zero. Everything else is for the general path. */
static bool split(const uint8_t *data, const struct mr_shape_number *n, struct digits *out)
{
    uint32_t at = n->offset, end = at + n->len;
    memset(out, 0, sizeof *out);
    if (at < end && data[at] == '-') {
        out->negative = true;
        at++;
    }
    out->first = (uint16_t)at;
    out->count = run_of_digits(data, at, end);
    at += out->count;
    if (out->count == 0 || (out->count > 1 && data[out->first] == '0'))
        return false;
    if (at < end && data[at] == '.') {
        out->fraction = (uint16_t)(at + 1);
        out->fraction_count = run_of_digits(data, at + 1, end);
        at += 1u + out->fraction_count;
        if (out->fraction_count == 0)
            return false;
    }
    return at == end;
}

/* ---- what may vary ---- */

/* For each byte of the message, the lowest legal one and how far above it is legal: 0 is "equal". */
struct limits {
    uint8_t low[MR_SHAPE_TEXT_MAX], above[MR_SHAPE_TEXT_MAX];
};

static void pin(struct limits *lim, const uint8_t *data, uint32_t at)
{
    lim->low[at] = data[at];
    lim->above[at] = 0;
}

static void set_free(struct limits *lim, const struct digits *d)
{
    for (uint32_t i = 0; i < d->count; i++) {
        bool leads = i == 0 && d->count > 1; /* 10 may become 90, never 00 */
        lim->low[d->first + i] = leads ? '1' : '0';
        lim->above[d->first + i] = leads ? 8 : 9;
    }
    for (uint32_t i = 0; i < d->fraction_count; i++) {
        lim->low[d->fraction + i] = '0';
        lim->above[d->fraction + i] = 9;
    }
}

/* ---- one number's arithmetic ---- */

static uint32_t digit_at(const struct digits *d, uint32_t i)
{
    return i < d->count ? d->first + i : d->fraction + i - d->count;
}

/* Does base + factor * (rest more digits, all nines) stay in an int64? */
static bool fits(uint64_t prefix, uint32_t rest, int64_t factor)
{
    mr_u128 most = (mr_u128)prefix * (uint64_t)mr_pow10[rest] + (uint64_t)mr_pow10[rest] - 1;
    return most <= INT64_MAX && most * (uint64_t)factor <= INT64_MAX;
}

/* Fills one lane. Leading digits are pinned until what is left fits a window of 16 bytes and cannot overflow. */
static bool make_lane(struct shape_group *g, uint32_t lane, const struct mr_shape_number *n, const struct digits *d,
                      const uint8_t *data, uint32_t len, struct limits *lim)
{
    uint32_t kept = n->op == MR_SHAPE_INT ? 0 : d->fraction_count;
    int64_t factor = n->factor;
    if (n->op == MR_SHAPE_INT && d->fraction_count)
        return false;
    for (; n->op == MR_SHAPE_FIXED && kept > (uint32_t)n->scale; kept--) {
        if (data[d->fraction + kept - 1] != '0')
            return false;
        pin(lim, data, d->fraction + kept - 1); /* beyond the scale: only a zero is exact */
    }
    if (n->op == MR_SHAPE_FIXED)
        factor = mr_pow10[(uint32_t)n->scale - kept];
    uint32_t digits = d->count + kept, pinned = 0;
    uint64_t prefix = 0;
    uint32_t end = digit_at(d, digits - 1) + 1;
    while (pinned < digits && (digits - pinned > SHAPE_WINDOW || end - digit_at(d, pinned) > SHAPE_WINDOW ||
                               !fits(prefix, digits - pinned, factor))) {
        uint32_t at = digit_at(d, pinned++);
        pin(lim, data, at);
        if (prefix > (UINT64_MAX - 9) / 10)
            return false;
        prefix = prefix * 10 + (data[at] - '0');
    }
    if (!fits(prefix, digits - pinned, factor))
        return false;

    uint32_t window = end > SHAPE_WINDOW ? end - SHAPE_WINDOW : 0;
    MR_DCHECK(window + SHAPE_WINDOW <= len);
    (void)len;
    memset(g->shuffle[lane], 0x80, SHAPE_WINDOW);
    for (uint32_t i = pinned; i < digits; i++)
        g->shuffle[lane][SHAPE_WINDOW - (digits - i)] = (uint8_t)(digit_at(d, i) - window);
    int64_t sign = d->negative ? -1 : 1;
    g->window[lane] = (uint16_t)window;
    g->target[lane] = n->target;
    g->factor[lane] = sign * factor;
    g->base[lane] = sign * factor * (int64_t)(prefix * (uint64_t)mr_pow10[digits - pinned]);
    return true;
}

static void repeat_lane(struct shape_group *g, uint32_t from, uint32_t to)
{
    memcpy(g->shuffle[to], g->shuffle[from], SHAPE_WINDOW);
    g->window[to] = g->window[from];
    g->target[to] = g->target[from];
    g->factor[to] = g->factor[from];
    g->base[to] = g->base[from];
}

/* ---- the whole shape ---- */

static bool free_all(const struct mr_shape_recorder *r, struct shape *shape, struct limits *lim)
{
    for (uint32_t i = 0; i < r->count; i++) {
        const struct mr_shape_number *n = &r->numbers[i];
        struct digits d;
        if (n->op == MR_SHAPE_TEXT) {
            if (shape->texts == SHAPE_TEXTS)
                return false;
            shape->text[shape->texts].at = n->offset;
            shape->text[shape->texts++].len = n->len;
            memset(lim->low + n->offset, 0, n->len);
            memset(lim->above + n->offset, 0xff, n->len);
        } else if (split(r->data, n, &d)) {
            set_free(lim, &d);
        } else if (n->op != MR_SHAPE_IGNORE) {
            return false;
        }
    }
    return true;
}

static bool make_numbers(const struct mr_shape_recorder *r, struct shape *shape, struct limits *lim)
{
    uint32_t lanes = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct mr_shape_number *n = &r->numbers[i];
        struct digits d;
        if (n->op == MR_SHAPE_IGNORE || n->op == MR_SHAPE_TEXT)
            continue;
        if (!split(r->data, n, &d) || !make_lane(&shape->group[lanes / 4], lanes % 4, n, &d, r->data, shape->len, lim))
            return false;
        lanes++;
    }
    shape->groups = (uint8_t)((lanes + 3) / 4);
    for (; lanes % 4; lanes++)
        repeat_lane(&shape->group[lanes / 4], 0, lanes % 4);
    return true;
}

static void make_notionals(const struct mr_shape_recorder *r, struct shape *shape)
{
    shape->notionals = r->notional_count;
    for (uint32_t i = 0; i < r->notional_count; i++) {
        const struct mr_shape_notional *n = &r->notional[i];
        int drop = n->price_scale + n->size_scale + n->multiplier_scale - 6;
        shape->notional[i] = (struct shape_notional){
            .inverse = n->inverse,
            .short_way = !n->inverse && n->multiplier == 1 && drop >= 0 && drop <= MR_SCALE_MAX,
            .slot = n->slot,
            .drop = (uint8_t)(drop < 0 ? 0 : drop),
            .price_scale = n->price_scale,
            .size_scale = n->size_scale,
            .multiplier_scale = n->multiplier_scale,
            .multiplier = n->multiplier,
        };
    }
}

static void make_checks(const struct shape_kernel *kernel, struct shape *shape, const struct limits *lim)
{
    uint32_t width = kernel->width;
    shape->chunks = (uint8_t)((shape->len + width - 1) / width);
    for (uint32_t c = 0; c < shape->chunks; c++) {
        uint32_t at = c * width, n = width;
        if (at + width > shape->len && kernel->masked)
            n = shape->len - at;
        else if (at + width > shape->len)
            at = shape->len - width; /* the last one overlaps the one before */
        uint8_t *low = shape->check + 2 * c * width;
        memset(low, 0, 2 * (size_t)width);
        memcpy(low, lim->low + at, n);
        memcpy(low + width, lim->above + at, n);
    }
}

static bool make_shape(const struct shape_kernel *kernel, const struct mr_shape_recorder *r,
                       const struct mr_frame *frame, uint32_t slots, uint8_t kind, struct shape *shape)
{
    struct limits lim;
    memset(shape, 0, sizeof *shape);
    shape->len = (uint16_t)frame->len;
    shape->kind = kind;
    shape->slots = (uint8_t)slots;
    memcpy(lim.low, frame->data, frame->len);
    memset(lim.above, 0, frame->len);
    if (!free_all(r, shape, &lim) || !make_numbers(r, shape, &lim))
        return false;
    make_notionals(r, shape);
    make_checks(kernel, shape, &lim);
    memcpy(shape->slot, r->out, slots * sizeof(union mr_slot));
    for (uint32_t at = 0; at < slots; at += mr_event_slots(&shape->slot[at])) {
        shape->head[shape->heads++] = (uint8_t)at;
        shape->slot[at].event.flags &= (uint8_t)~MR_FLAG_CLOCK;
    }
    return true;
}

/* A shape that does not give back the very slots it was learnt from is no shape. */
static bool gives_back(const struct shape_kernel *kernel, const struct shape *shape, const struct mr_frame *frame,
                       const union mr_slot *want)
{
    union mr_slot got[MR_SHAPE_SLOTS];
    int n = kernel->apply(shape, frame, got);
    return n == shape->slots && memcmp(got, want, (size_t)n * sizeof *got) == 0;
}

static struct shape *place(struct mr_shapes *s, uint64_t key)
{
    uint32_t set = (uint32_t)(key >> 32) & s->set_mask, way = 0;
    while (way < SHAPE_WAYS && s->sets[set].tag[way])
        way++;
    if (way == SHAPE_WAYS) {
        way = s->sets[set].next++ % SHAPE_WAYS;
        s->stats.replaced++;
        s->texts -= s->shapes[set * SHAPE_WAYS + way].texts ? 1 : 0;
    }
    s->sets[set].tag[way] = key;
    return &s->shapes[set * SHAPE_WAYS + way];
}

void mr_shapes_learn(struct mr_shapes *s, struct mr_shape_recorder *r, const struct mr_frame *frame, uint32_t slots,
                     uint8_t kind)
{
    struct shape shape;
    /* Learning costs about as much as decoding. Where it is never rewarded by hits, only each 16th chance is taken. */
    if (!r->on || r->refused || slots > MR_SHAPE_SLOTS || (s->credit < CREDIT_LEARN && ++s->credit < CREDIT_LEARN))
        return;
    s->credit -= CREDIT_LEARN;
    if (!make_shape(s->kernel, r, frame, slots, kind, &shape) || !gives_back(s->kernel, &shape, frame, r->out)) {
        s->stats.refused++;
        return;
    }
    struct shape *where = place(s, s->kernel->key(frame->data, frame->len, shape.texts > 0));
    memcpy(where, &shape, sizeof shape);
    s->texts += shape.texts ? 1 : 0;
    s->stats.learnt++;
}
