/* The fast path of books and their changes: the members in the order the venue sends them, no escapes.
 *
 *   {"market":"0x..","price_changes":[{"asset_id":"..","price":"0.06","size":"374.34","side":"BUY","hash":"..",
 *    "best_bid":"0.07","best_ask":"0.08"},..],"timestamp":"1786728438403","event_type":"price_change"}
 *
 *   {"market":"0x..","asset_id":"..","timestamp":"..","hash":"..","bids":[{"price":"0.001","size":"2200.8"},..],
 *    "asks":[..],"tick_size":"0.001","last_trade_price":"0.004","event_type":"book"}
 * alone, or several in an array; hash and timestamp may stand behind the asks
 *
 * A blank stands behind each comma, or behind none: the first one tells. Every byte is compared or converted, so what
 * passes is legal and means what it says. Anything else is MR_E_AGAIN and goes to the general path, which alone decides
 * what is wrong with it. */
#include "codecs/venue/polymarket/polymarket_priv.h"

#include "codecs/venue/usual_stretch.h"

#define SCALE 8     /* of tokens' prices and sizes; others go the general way */
#define LOOKS_AT 24 /* bytes that reading one number may look at */
#define HASH_TEXT "****************************************" /* of a change: of 20 bytes */
#define MARKET_TEXT "******************************************************************"

/* The next member's name and what opens its value. */
#define NEXT(s, spaced, literal) ((spaced) ? EXPECT(s, ", " literal) : EXPECT(s, "," literal))
#define FOUND_NEXT(s, spaced, literal) ((spaced) ? FOUND(s, ", " literal) : FOUND(s, "," literal))
/* A stretch that begins behind a comma, and has one more member behind another. */
#define NEXT_STRETCH(s, spaced, one, other) ((spaced) ? STRETCH(s, ", " one ", " other) : STRETCH(s, "," one "," other))

/* The first n of eight digit values, 1 <= n <= 8, as a number. */
static inline uint64_t first_of(uint64_t w, uint32_t n) { return eight(w << (64 - 8 * n)); }

static inline bool room(struct scan *s)
{
    s->ok &= s->end - s->p >= LOOKS_AT;
    return s->ok;
}

/* 0.064" : at scale 8. */
static inline int64_t token_price(struct scan *s)
{
    if (mr_unlikely(!room(s)))
        return 0;
    uint64_t w = load8(s->p + 2);
    uint32_t n = digit_run(&w);
    s->ok &= s->p[0] == '0' && s->p[1] == '.' && n > 0 && s->p[2 + n] == '"';
    s->p += 3 + n;
    return n ? (int64_t)(first_of(w, n) * (uint64_t)mr_pow10[SCALE - n]) : 0;
}

/* 374.34" : at scale 8. The end and the point are found before anything is
 * converted, so that the next text need not wait. */
#if defined(__SSE2__)
static inline int64_t token_size(struct scan *s)
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
    uint64_t value = first_of(load8(p) ^ EACH(0x30u), whole) * (uint64_t)mr_pow10[SCALE];
    if (part)
        value += first_of(load8(p + whole + 1) ^ EACH(0x30u), part) * (uint64_t)mr_pow10[SCALE - part];
    return (int64_t)value;
}
#else
static inline int64_t token_size(struct scan *s)
{
    if (mr_unlikely(!room(s)))
        return 0;
    uint64_t w = load8(s->p), value;
    uint32_t n = digit_run(&w);
    s->ok &= n > 0 && (s->p[0] != '0' || n == 1);
    if (mr_unlikely(!n))
        return 0;
    value = first_of(w, n) * (uint64_t)mr_pow10[SCALE];
    s->p += n;
    if (*s->p == '.') {
        w = load8(s->p + 1);
        n = digit_run(&w);
        s->ok &= n > 0;
        s->p += 1 + n;
        value += n ? first_of(w, n) * (uint64_t)mr_pow10[SCALE - n] : 0;
    }
    s->ok &= *s->p++ == '"';
    return (int64_t)value;
}
#endif

/* 1786728438403" : thirteen digits, from 2001 to 2262, where nanoseconds end. */
static inline uint64_t time_ms(struct scan *s)
{
    if (mr_unlikely(!room(s)))
        return 0;
    uint64_t a = load8(s->p), b = load8(s->p + 8);
    bool good = digit_run(&a) == 8 && digit_run(&b) == 5 && s->p[13] == '"' && s->p[0] != '0';
    uint64_t ms = good ? first_of(a, 8) * 100000 + first_of(b, 5) : 0;
    s->ok &= good && ms <= INT64_MAX / MR_NS_PER_MS;
    s->p += 14;
    return ms;
}

/* The best price after a change; "0" and "1" say that nobody is there. */
static inline uint64_t touch(struct scan *s, char none)
{
    if (mr_likely(s->ok && s->end - s->p >= 2 && s->p[1] != '"'))
        return (uint64_t)token_price(s);
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

/* The state behind a change, to what opens the best bid: as long each time, or what it is. */
static inline struct mr_span hash_of(struct scan *s, bool spaced)
{
    const uint8_t *at = s->p + sizeof ",\"hash\":\"" - 1 + spaced;
    if (as_usual(NEXT_STRETCH(s, spaced, "\"hash\":\"" HASH_TEXT "\"", "\"best_bid\":\"")))
        return (struct mr_span){at, sizeof HASH_TEXT - 1};
    NEXT(s, spaced, "\"hash\":\"");
    if (!s->ok)
        return (struct mr_span){NULL, 0};
    struct mr_span hash = string(s);
    NEXT(s, spaced, "\"best_bid\":\"");
    return hash;
}

/* One entry, without its time. A stranger's is read as well, and left. */
static inline bool change(struct scan *s, bool spaced, struct mr_decoder *dec, union mr_slot *slot, uint32_t *used,
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
    NEXT(s, spaced, "\"price\":\"");
    slot[1].level[0].price = token_price(s);
    NEXT(s, spaced, "\"size\":\"");
    slot[1].level[0].size = token_size(s);
    NEXT(s, spaced, "\"side\":\"");
    uint32_t ask = 0;
    s->ok &= EITHER(s, "SELL\"", "BUY\"", &ask);
    if (mr_unlikely(!s->ok))
        return false;
    struct mr_span hash = hash_of(s, spaced);
    uint64_t bid = touch(s, '0');
    NEXT(s, spaced, "\"best_ask\":\"");
    uint64_t best_ask = touch(s, '1');
    EXPECT(s, "}");
    stamp(&slot->book, 0, hash);
    slot->book.book_flags |= MR_BOOK_TOUCH;
    slot->book.first_seq = bid;
    slot->book.prev_seq = best_ask;
    slot->book.bid_count = (uint16_t)!ask;
    slot->book.ask_count = (uint16_t)ask;
    return s->ok;
}

#define CHANGED "\"event_type\":\"price_change\"}"
static int changes(struct scan *s, bool spaced, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    uint32_t n = 0, strangers = 0;
    dec->kind = MR_POLYMARKET_PRICE_CHANGE;
    do {
        if (mr_unlikely(n + 2 > out_max || !change(s, spaced, dec, &out[n], &n, &strangers)))
            return MR_E_AGAIN;
    } while (FOUND_NEXT(s, spaced, ""));
    if (unusual(!(spaced ? STRETCH(s, "], \"timestamp\":\"" MR_STRETCH_TIME "\", " CHANGED)
                         : STRETCH(s, "],\"timestamp\":\"" MR_STRETCH_TIME "\"," CHANGED)) ||
                !at_end(s) || !n))
        return MR_E_AGAIN;
    const uint64_t ms = stretch_ms(s, (uint32_t)(sizeof CHANGED - 1) + TIME_NOW + (spaced ? 3 : 2));
    dec->passed_over += strangers;
    for (uint32_t i = 0; i < n; i += 2) {
        out[i].book.venue_ns = (int64_t)(ms * MR_NS_PER_MS);
        out[i].book.seq = ms;
    }
    return (int)n;
}

/* ---- books ---- */

/* Both sides, with what names them, to the last bracket. */
static inline void sides(struct scan *s, bool spaced, const struct mr_frame *frame, union mr_slot *out, uint32_t max,
                         uint32_t count[2])
{
    const struct mr_levels_scan how = {spaced ? MR_LEVELS_SPACED : MR_LEVELS_NAMED, SCALE, SCALE};
    struct mr_level *level = mr_take_levels(out);
    NEXT(s, spaced, "\"bids\":");
    count[0] = usual_side(s, frame, &how, level, max);
    NEXT(s, spaced, "\"asks\":");
    count[1] = usual_side(s, frame, &how, level + count[0], max - count[0]);
}

/* One book's slots, or MR_E_AGAIN. */
static int book(struct scan *s, struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out,
                uint32_t out_max)
{
    EXPECT(s, "{\"market\":\"");
    if (!s->ok || out_max < 2)
        return MR_E_AGAIN;
    string(s);
    const bool spaced = s->end - s->p >= 2 && s->p[1] == ' ';
    NEXT(s, spaced, "\"asset_id\":\"");
    const struct mr_instrument *it = s->ok ? token(dec, string(s)) : NULL;
    if (mr_unlikely(!it || !s->ok))
        return MR_E_AGAIN;
    mr_take_slot(dec, out, MR_EVENT_BOOK, it);
    uint32_t max = mr_take_levels_max(out, out + out_max), count[2] = {0, 0};
    uint64_t ms = 0;
    struct mr_span hash;
    bool stamped = FOUND_NEXT(s, spaced, "\"timestamp\":\"");
    if (stamped)
        ms = time_ms(s);
    else
        sides(s, spaced, frame, out, max, count);
    NEXT(s, spaced, "\"hash\":\"");
    if (!s->ok)
        return MR_E_AGAIN;
    hash = string(s);
    if (stamped) {
        sides(s, spaced, frame, out, max, count);
    } else {
        NEXT(s, spaced, "\"timestamp\":\"");
        ms = time_ms(s);
    }
    if (!s->ok)
        return MR_E_AGAIN;
    if (FOUND_NEXT(s, spaced, "\"tick_size\":\"") &&
        (token_price(s) != it->tick || !it->tick)) /* news: the general path */
        return MR_E_AGAIN;
    if (FOUND_NEXT(s, spaced, "\"last_trade_price\":\""))
        string(s);
    NEXT(s, spaced, "\"event_type\":\"book\"}");
    if (!s->ok)
        return MR_E_AGAIN;
    stamp(&out->book, ms, hash);
    out->book.first_seq = ms;
    out->book.flags |= MR_FLAG_SNAPSHOT;
    return (int)mr_take_book(out, count[0], count[1]);
}

/* One book, or an array of them with commas (and blanks) between. */
static int books(struct scan *s, struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out,
                 uint32_t out_max)
{
    bool array = FOUND(s, "[");
    uint32_t used = 0, earlier = 0;
    dec->kind = MR_POLYMARKET_BOOK;
    for (;; earlier++) {
        int n = book(s, dec, frame, out + used, out_max - used);
        if (n < 0)
            return n;
        used += (uint32_t)n;
        if (!array || !FOUND(s, ","))
            break;
        (void)FOUND(s, " ");
    }
    if ((array && !FOUND(s, "]")) || s->p != s->end)
        return MR_E_AGAIN;
    dec->messages[MR_POLYMARKET_BOOK] += earlier; /* mr_decode counts the last one */
    return (int)used;
}

int mr_polymarket_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct scan s = {frame->data, frame->data + frame->len, true};
    int n = MR_E_AGAIN;
    if (dec->product != MR_POLYMARKET_CLOB)
        return n;
    if (STRETCH(&s, "{\"market\":\"" MARKET_TEXT "\", \"price_changes\":["))
        n = changes(&s, true, dec, out, out_max);
    else if (STRETCH(&s, "{\"market\":\"" MARKET_TEXT "\",\"price_changes\":["))
        n = changes(&s, false, dec, out, out_max);
    if (n == MR_E_AGAIN)
        n = books(&(struct scan){frame->data, frame->data + frame->len, true}, dec, frame, out, out_max);
    if (n < 0)
        dec->kind = MR_POLYMARKET_UNKNOWN;
    return n;
}
