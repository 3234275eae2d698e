/* The fast path of books, their changes and trades: the members in the order
 * the venue sends them, no blanks, no escapes.
 *
 *   {"market":"0x..","price_changes":[{"asset_id":"..","price":"0.06","size":"374.34","side":"BUY","hash":"..",
 *    "best_bid":"0.07","best_ask":"0.08"},..],"timestamp":"1786728438403","event_type":"price_change"}
 *
 *   {"market":"0x..","asset_id":"..","timestamp":"..","hash":"..","bids":[{"price":"0.001","size":"2200.8"},..],
 *    "asks":[..],"tick_size":"0.001","last_trade_price":"0.004","event_type":"book"}
 * alone, or several in an array
 *
 * Every byte is compared or converted, so what passes is legal and means what
 * it says. Anything else is MR_E_AGAIN and goes to the general path, which
 * alone decides what is wrong with it. */
#include "codecs/venue/polymarket/polymarket_priv.h"

#include "codecs/venue/take.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define SCALE 8     /* of tokens' prices and sizes; others go the general way */
#define LOOKS_AT 24 /* bytes that reading one number may look at */

struct scan {
    const uint8_t *p, *end;
    bool ok;
};

static inline bool found(struct scan *s, const char *text, size_t len)
{
    bool is = (size_t)(s->end - s->p) >= len && memcmp(s->p, text, len) == 0;
    s->p += is ? len : 0;
    return is;
}
#define FOUND(s, literal) found((s), literal, sizeof(literal) - 1)

/* It must be next: moves on in any case, so that what follows need not wait for
 * the comparison. */
static inline void expect(struct scan *s, const char *text, size_t len)
{
    if (mr_unlikely((size_t)(s->end - s->p) < len)) {
        s->ok = false;
        return;
    }
    s->ok &= memcmp(s->p, text, len) == 0;
    s->p += len;
}
#define EXPECT(s, literal) expect((s), literal, sizeof(literal) - 1)

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

#define EACH(b) (0x0101010101010101u * (b))

/* The bytes that end a string of plain ASCII (or are none), one bit each: of
 * 16, or the topmost bit of each of 8. The lowest is exact. */
#if defined(__SSE2__)
#define STRIDE 16
#define STOP_BITS 1
static inline uint64_t stops(const uint8_t *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    stop = _mm_or_si128(stop, _mm_cmplt_epi8(v, _mm_set1_epi8(0x20))); /* bytes above 0x7f are below zero */
    return (uint32_t)_mm_movemask_epi8(stop);
}
#else
#define STRIDE 8
#define STOP_BITS 8
static inline uint64_t stops(const uint8_t *p)
{
    uint64_t w = load8(p), quote = w ^ EACH('"'), slash = w ^ EACH('\\');
    uint64_t stop = ((quote - EACH(1u)) & ~quote) | ((slash - EACH(1u)) & ~slash) | (w - EACH(0x20u)) | w;
    return stop & EACH(0x80u);
}
#endif

/* From behind a string's opening quote to behind the closing one. */
static inline struct mr_span string(struct scan *s)
{
    const uint8_t *from = s->p;
    uint64_t stop = 0;
    for (; s->end - s->p >= STRIDE; s->p += STRIDE)
        if ((stop = stops(s->p)) != 0)
            break;
    s->p += stop ? (uint32_t)__builtin_ctzll(stop) / STOP_BITS : 0;
    while (!stop && s->p < s->end && *s->p >= 0x20 && *s->p < 0x7f && *s->p != '"' && *s->p != '\\')
        s->p++; /* the last few bytes of a frame */
    s->ok &= s->p < s->end && *s->p == '"';
    const struct mr_span text = {from, (uint32_t)(s->p - from)};
    s->p += s->p < s->end;
    return text;
}

/* How many of the eight bytes, from the first, are digits; their values in `w`
 * (0..9 each). */
static inline uint32_t digit_run(uint64_t *w)
{
    *w ^= EACH(0x30u);
    uint64_t other = (((*w & EACH(0x7fu)) + EACH(0x76u)) | *w) & EACH(0x80u);
    return other ? (uint32_t)__builtin_ctzll(other) / 8 : 8;
}

/* The first n of eight digit values, 1 <= n <= 8, as a number. */
static inline uint64_t number(uint64_t w, uint32_t n)
{
    w <<= 64 - 8 * n;
    w = (w * 10 + (w >> 8)) & 0x00ff00ff00ff00ffu;
    w = (w * 100 + (w >> 16)) & 0x0000ffff0000ffffu;
    return (w * 10000 + (w >> 32)) & 0xffffffffu;
}

static inline bool room(struct scan *s)
{
    s->ok &= s->end - s->p >= LOOKS_AT;
    return s->ok;
}

/* 0.064" : at scale 8. */
static inline int64_t price(struct scan *s)
{
    if (mr_unlikely(!room(s)))
        return 0;
    uint64_t w = load8(s->p + 2);
    uint32_t n = digit_run(&w);
    s->ok &= s->p[0] == '0' && s->p[1] == '.' && n > 0 && s->p[2 + n] == '"';
    s->p += 3 + n;
    return n ? (int64_t)(number(w, n) * (uint64_t)mr_pow10[SCALE - n]) : 0;
}

/* 374.34" : at scale 8. The end and the point are found before anything is
 * converted, so that the next text need not wait. */
#if defined(__SSE2__)
static inline int64_t size(struct scan *s)
{
    if (mr_unlikely(!room(s)))
        return 0;
    const uint8_t *p = s->p;
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p), digit = _mm_sub_epi8(v, _mm_set1_epi8('0'));
    uint32_t quotes = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
    uint32_t points = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('.')));
    uint32_t digits = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit));
    uint32_t len = (uint32_t)__builtin_ctz(quotes | 1u << 16), before = (1u << len) - 1;
    points &= before;
    uint32_t whole = points ? (uint32_t)__builtin_ctz(points) : len, part = points ? len - whole - 1 : 0;
    s->ok &= len < 16 && ((digits | points) & before) == before && (points & (points - 1)) == 0 && whole - 1 < 8 &&
             part <= 8 && (!points || part) && (p[0] != '0' || whole == 1);
    s->p += len + 1;
    if (mr_unlikely(!s->ok))
        return 0;
    uint64_t value = number(load8(p) ^ EACH(0x30u), whole) * (uint64_t)mr_pow10[SCALE];
    if (part)
        value += number(load8(p + whole + 1) ^ EACH(0x30u), part) * (uint64_t)mr_pow10[SCALE - part];
    return (int64_t)value;
}
#else
static inline int64_t size(struct scan *s)
{
    if (mr_unlikely(!room(s)))
        return 0;
    uint64_t w = load8(s->p), value;
    uint32_t n = digit_run(&w);
    s->ok &= n > 0 && (s->p[0] != '0' || n == 1);
    if (mr_unlikely(!n))
        return 0;
    value = number(w, n) * (uint64_t)mr_pow10[SCALE];
    s->p += n;
    if (*s->p == '.') {
        w = load8(s->p + 1);
        n = digit_run(&w);
        s->ok &= n > 0;
        s->p += 1 + n;
        value += n ? number(w, n) * (uint64_t)mr_pow10[SCALE - n] : 0;
    }
    s->ok &= *s->p++ == '"';
    return (int64_t)value;
}
#endif

/* 1786728438403" : thirteen digits, as from 2001 to 2286. */
static inline uint64_t time_ms(struct scan *s)
{
    if (mr_unlikely(!room(s)))
        return 0;
    uint64_t a = load8(s->p), b = load8(s->p + 8);
    bool good = digit_run(&a) == 8 && digit_run(&b) == 5 && s->p[13] == '"' && s->p[0] != '0';
    s->ok &= good;
    s->p += 14;
    return good ? number(a, 8) * 100000 + number(b, 5) : 0;
}

/* The best price after a change; "0" and "1" say that nobody is there. */
static inline uint64_t touch(struct scan *s, char none)
{
    if (mr_likely(s->ok && s->end - s->p >= 2 && s->p[1] != '"'))
        return (uint64_t)price(s);
    s->ok &= s->end - s->p >= 2 && (s->p[0] == '0' || s->p[0] == (uint8_t)none);
    s->p += s->ok ? 2 : 0;
    return 0;
}

/* At least 16 bytes, and as many behind both as they have. */
static inline bool same(const uint8_t *a, const char *b, uint32_t len)
{
#if defined(__SSE2__)
    int differ = 0;
    for (uint32_t i = 0;; i += 16) {
        uint32_t at = i + 16 < len ? i : len - 16;
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(a + at));
        __m128i y = _mm_loadu_si128((const __m128i *)(const void *)(b + at));
        differ |= _mm_movemask_epi8(_mm_cmpeq_epi8(x, y)) ^ 0xffff;
        if (i + 16 >= len)
            return differ == 0;
    }
#else
    return memcmp(a, b, len) == 0;
#endif
}

/* The instrument of a token: guessed by its last digits, then compared whole.
 */
static inline const struct mr_instrument *token(struct mr_decoder *dec, struct mr_span id)
{
    struct mr_polymarket_state *state = dec->state;
    if (mr_unlikely(id.len < 16))
        return NULL;
    uint32_t *guess =
        &state->guess[load8(id.data + id.len - 8) * 0x9e3779b97f4a7c15u >> (64 - MR_POLYMARKET_GUESS_BITS)];
    const struct mr_instrument *it = mr_instruments_get(dec->instruments, *guess);
    if (mr_unlikely(!it || id.len != it->symbol_len || !same(id.data, it->symbol, id.len) ||
                    it->venue != dec->venue->id || it->product != dec->product)) {
        it = mr_instruments_find(dec->instruments, dec->venue->id, dec->product, id);
        *guess = it ? it->id : 0;
    }
    return it && it->price_scale == SCALE && it->size_scale == SCALE ? it : NULL;
}

/* As mr_polymarket_state, of plain ASCII. */
static inline uint32_t state_of(struct mr_span hash)
{
    if (mr_unlikely(hash.len < 8 || hash.data[1] == 'x'))
        return mr_polymarket_state(hash);
    uint64_t w = load8(hash.data), letters = (w + EACH(0x7fu - '9')) >> 7 & EACH(1u);
    w = __builtin_bswap64((w + 9 * letters) & EACH(15u));
    w = (w | w >> 4) & 0x00ff00ff00ff00ffu;
    w = (w | w >> 8) & 0x0000ffff0000ffffu;
    return (uint32_t)(w | w >> 16);
}

static inline void stamp(struct mr_book_head *head, uint64_t ms, struct mr_span hash)
{
    head->venue_ns = (int64_t)(ms * MR_NS_PER_MS);
    head->seq = ms;
    head->book_flags |= hash.len ? MR_BOOK_STATE : 0;
    head->checksum = state_of(hash);
}

/* ---- changes ---- */

/* Is this token nobody's here, and may it be passed over? */
static MR_COLD bool stranger(const struct mr_decoder *dec, struct mr_span id)
{
    return dec->skip_unknown && id.len && id.len <= MR_SYMBOL_BYTES &&
           !mr_instruments_find(dec->instruments, dec->venue->id, dec->product, id);
}

/* One entry, without its time. A stranger's is read as well, and left. */
static inline bool change(struct scan *s, struct mr_decoder *dec, union mr_slot *slot, uint32_t *used,
                          uint32_t *strangers)
{
    union mr_slot aside[2];
    EXPECT(s, "{\"asset_id\":\"");
    if (mr_unlikely(!s->ok))
        return false;
    struct mr_span id = string(s);
    const struct mr_instrument *it = s->ok ? token(dec, id) : NULL;
    if (mr_unlikely(!it)) {
        if (!s->ok || !stranger(dec, id))
            return false;
        slot = aside;
        ++*strangers;
    }
    *used += it ? 2 : 0;
    mr_take_slot(dec, slot, MR_EVENT_BOOK, it);
    memset(&slot[1], 0, sizeof slot[1]);
    EXPECT(s, ",\"price\":\"");
    slot[1].level[0].price = price(s);
    EXPECT(s, ",\"size\":\"");
    slot[1].level[0].size = size(s);
    EXPECT(s, ",\"side\":\"");
    bool ask = FOUND(s, "SELL\"");
    s->ok &= ask || FOUND(s, "BUY\"");
    EXPECT(s, ",\"hash\":\"");
    if (mr_unlikely(!s->ok))
        return false;
    struct mr_span hash = string(s);
    EXPECT(s, ",\"best_bid\":\"");
    uint64_t bid = touch(s, '0');
    EXPECT(s, ",\"best_ask\":\"");
    uint64_t best_ask = touch(s, '1');
    EXPECT(s, "}");
    stamp(&slot->book, 0, hash);
    slot->book.book_flags |= MR_BOOK_TOUCH;
    slot->book.first_seq = bid;
    slot->book.prev_seq = best_ask;
    slot->book.bid_count = !ask;
    slot->book.ask_count = ask;
    return s->ok;
}

static int changes(struct scan *s, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    uint32_t n = 0, strangers = 0;
    dec->kind = MR_POLYMARKET_PRICE_CHANGE;
    do {
        if (mr_unlikely(n + 2 > out_max || !change(s, dec, &out[n], &n, &strangers)))
            return MR_E_AGAIN;
    } while (FOUND(s, ","));
    EXPECT(s, "],\"timestamp\":\"");
    uint64_t ms = time_ms(s);
    EXPECT(s, ",\"event_type\":\"price_change\"}");
    if (mr_unlikely(!s->ok || s->p != s->end || !n))
        return MR_E_AGAIN;
    dec->passed_over += strangers;
    for (uint32_t i = 0; i < n; i += 2) {
        out[i].book.venue_ns = (int64_t)(ms * MR_NS_PER_MS);
        out[i].book.seq = ms;
    }
    return (int)n;
}

/* ---- books ---- */

/* The levels from behind the opening bracket to behind the closing one; false
 * beyond `max`, or s->ok false. */
static inline bool levels(struct scan *s, struct mr_level *out, uint32_t max, uint32_t *count)
{
    uint32_t n = 0;
    *count = 0;
    if (FOUND(s, "]"))
        return s->ok;
    do {
        if (mr_unlikely(n == max))
            return false;
        EXPECT(s, "{\"price\":\"");
        out[n].price = price(s);
        EXPECT(s, ",\"size\":\"");
        out[n].size = size(s);
        EXPECT(s, "}");
        n++;
    } while (mr_likely(s->ok) && FOUND(s, ","));
    EXPECT(s, "]");
    *count = n;
    return s->ok;
}

/* One book's slots, or MR_E_AGAIN. */
static int book(struct scan *s, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    EXPECT(s, "{\"market\":\"");
    if (!s->ok || out_max < 2)
        return MR_E_AGAIN;
    string(s);
    EXPECT(s, ",\"asset_id\":\"");
    const struct mr_instrument *it = s->ok ? token(dec, string(s)) : NULL;
    if (mr_unlikely(!it || !s->ok))
        return MR_E_AGAIN;
    EXPECT(s, ",\"timestamp\":\"");
    uint64_t ms = time_ms(s);
    EXPECT(s, ",\"hash\":\"");
    if (!s->ok)
        return MR_E_AGAIN;
    struct mr_span hash = string(s);
    mr_take_slot(dec, out, MR_EVENT_BOOK, it);
    uint32_t max = mr_take_levels_max(out, out + out_max), bids, asks;
    struct mr_level *level = mr_take_levels(out);
    EXPECT(s, ",\"bids\":[");
    if (!levels(s, level, max, &bids) || !FOUND(s, ",\"asks\":[") || !levels(s, level + bids, max - bids, &asks))
        return MR_E_AGAIN;
    if (FOUND(s, ",\"tick_size\":\"") && (price(s) != it->tick || !it->tick)) /* news: the general path tells it */
        return MR_E_AGAIN;
    if (FOUND(s, ",\"last_trade_price\":\""))
        string(s);
    EXPECT(s, ",\"event_type\":\"book\"}");
    if (!s->ok)
        return MR_E_AGAIN;
    stamp(&out->book, ms, hash);
    out->book.first_seq = ms;
    out->book.flags |= MR_FLAG_SNAPSHOT;
    return (int)mr_take_book(out, bids, asks);
}

static int books(struct scan *s, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    bool array = FOUND(s, "[");
    uint32_t used = 0, earlier = 0;
    dec->kind = MR_POLYMARKET_BOOK;
    for (;; earlier++) {
        int n = book(s, dec, out + used, out_max - used);
        if (n < 0)
            return n;
        used += (uint32_t)n;
        if (!array || !FOUND(s, ","))
            break;
    }
    if ((array && !FOUND(s, "]")) || s->p != s->end)
        return MR_E_AGAIN;
    dec->messages[MR_POLYMARKET_BOOK] += earlier; /* mr_decode counts the last one */
    return (int)used;
}

/* ---- trades ---- */

/* From behind the market. */
static int trade(struct scan *s, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    struct mr_span id = string(s);
    const struct mr_instrument *it = s->ok ? token(dec, id) : NULL;
    if (mr_unlikely(!it || !out_max || !FOUND(s, ",\"price\":\"")))
        return MR_E_AGAIN;
    dec->kind = MR_POLYMARKET_LAST_TRADE;
    mr_take_slot(dec, out, MR_EVENT_TRADE, it);
    out->event.price = price(s);
    EXPECT(s, ",\"size\":\"");
    out->event.size = size(s);
    EXPECT(s, ",\"fee_rate_bps\":\"");
    if (!s->ok)
        return MR_E_AGAIN;
    string(s);
    EXPECT(s, ",\"side\":\"");
    bool sell = FOUND(s, "SELL\"");
    s->ok &= sell || FOUND(s, "BUY\"");
    EXPECT(s, ",\"timestamp\":\"");
    out->event.venue_ns = (int64_t)(time_ms(s) * MR_NS_PER_MS);
    EXPECT(s, ",\"event_type\":\"last_trade_price\",\"transaction_hash\":\"");
    if (!s->ok)
        return MR_E_AGAIN;
    string(s);
    EXPECT(s, "}");
    if (!s->ok || s->p != s->end ||
        mr_instrument_notional(it, out->event.price, out->event.size, &out->event.aux) != MR_OK)
        return MR_E_AGAIN;
    out->event.flags |= sell ? MR_FLAG_SELL : 0;
    return 1;
}

int mr_polymarket_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct scan s = {frame->data, frame->data + frame->len, true};
    int n = MR_E_AGAIN;
    if (FOUND(&s, "{\"market\":\"")) {
        string(&s);
        if (s.ok && FOUND(&s, ",\"price_changes\":["))
            n = changes(&s, dec, out, out_max);
        else if (s.ok && FOUND(&s, ",\"asset_id\":\""))
            n = trade(&s, dec, out, out_max);
    }
    if (n == MR_E_AGAIN)
        n = books(&(struct scan){frame->data, frame->data + frame->len, true}, dec, out, out_max);
    if (n < 0)
        dec->kind = MR_POLYMARKET_UNKNOWN;
    else
        mr_shape_refuse(&dec->recorder); /* the number of levels is never the same for long */
    return n;
}
