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
#define THEN_NEXT(s, spaced, literal) ((spaced) ? THEN(s, ", " literal) : THEN(s, "," literal))
#define FOUND_NEXT(s, spaced, literal) ((spaced) ? FOUND(s, ", " literal) : FOUND(s, "," literal))
/* A stretch that begins behind a comma, and has one more member behind another. */
#define NEXT_STRETCH(s, spaced, one, other) ((spaced) ? STRETCH(s, ", " one ", " other) : STRETCH(s, "," one "," other))

static inline bool room(struct scan *s)
{
    s->ok &= s->end - s->p >= LOOKS_AT;
    return s->ok;
}

/* 0.064" : at scale 8, where the digits behind the point are the value, with zeros in the place of those that are not there. `like`: how
 * many the one before had, as of integer(). */
MR_INLINE bool token_price(struct scan *s, uint8_t *like, uint64_t *out)
{
    const uint8_t *p = s->p;
    if (unusual(s->end - p < LOOKS_AT))
        return false;
    uint64_t w = load8(p + 2) ^ EACH(0x30u), other = (((w & EACH(0x7fu)) + EACH(0x76u)) | w) & EACH(0x80u);
    uint64_t behind = other & (0 - other); /* the first that is no digit, or none of the eight */
    uint32_t n = other ? (uint32_t)__builtin_ctzll(other) / 8 : 8;
    if (unusual(n == 0 || p[0] != '0' || p[1] != '.' || p[2 + n] != '"'))
        return false;
    *out = eight(w & ((behind >> 7) - 1));
    if (as_usual(n == *like)) {
        s->p += 3 + *like;
        __asm__("" : "+r"(s->p)); /* not by `n`, though they are equal: that one comes late */
        return true;
    }
    s->p += 3 + n;
    *like = (uint8_t)n;
    return true;
}

/* 1786728438403" : thirteen digits, from 2001 to 2262, where nanoseconds end. */
static inline uint64_t time_ms(struct scan *s)
{
    if (mr_unlikely(!room(s)))
        return 0;
    uint64_t a = load8(s->p), b = load8(s->p + 8);
    bool good = digit_run(&a) == 8 && digit_run(&b) == 5 && s->p[13] == '"' && s->p[0] != '0';
    uint64_t ms = good ? eight(a) * 100000 + eight(b << 24) : 0;
    s->ok &= good && ms <= INT64_MAX / MR_NS_PER_MS;
    s->p += 14;
    return ms;
}

/* The best price after a change; "0" and "1" say that nobody is there. */
MR_INLINE bool touch(struct scan *s, char none, uint8_t *like, uint64_t *out)
{
    if (as_usual(s->end - s->p >= 2 && s->p[1] != '"'))
        return token_price(s, like, out);
    if (s->end - s->p < 2 || (s->p[0] != '0' && s->p[0] != (uint8_t)none))
        return false;
    s->p += 2;
    *out = 0;
    return true;
}

/* A token whose instrument was not guessed, or that is no plain text. */
static MR_COLD const struct mr_instrument *token_closely(struct scan *s, struct mr_decoder *dec, uint32_t *guess)
{
    const struct mr_span id = string(s);
    const struct mr_instrument *it =
        s->ok ? mr_instruments_find(dec->instruments, dec->venue->id, dec->product, id) : NULL;
    if (guess)
        *guess = it ? it->id : 0;
    return it;
}

/* The instrument of the token at s->p, of usual scales: guessed by its last digits, then compared whole. NULL: another, or none. */
MR_INLINE const struct mr_instrument *token(struct scan *s, struct mr_decoder *dec)
{
    const struct mr_instrument *it = NULL;
#if USUAL_VECTOR
    struct mr_polymarket_state *state = dec->state;
    const uint8_t *p = s->p;
    if (unusual(s->end - p < 80))
        return NULL;
    const struct scan last = {p + 64, s->end, true}; /* they have 76 to 78 digits */
    const uint32_t len = 64 + (uint32_t)__builtin_ctz(equal(look(&last), '"') | 1u << 16);
    uint32_t *guess = &state->guess[load8(p + len - 8) * 0x9e3779b97f4a7c15u >> (64 - MR_POLYMARKET_GUESS_BITS)];
    it = mr_instruments_get(dec->instruments, *guess);
    if (as_usual(it && it->symbol_len == len && len < 80)) {
        __m128i differs = _mm_setzero_si128();
        for (uint32_t i = 0; i < 5; i++) {
            const uint32_t at = i < 4 ? 16 * i : len - 16;
            differs |= _mm_loadu_si128((const __m128i *)(const void *)(p + at)) ^
                       _mm_loadu_si128((const __m128i *)(const void *)(it->symbol + at));
        }
        if (unusual(!_mm_testz_si128(differs, differs) || it->venue != dec->venue->id || it->product != dec->product))
            it = NULL;
    } else {
        it = NULL;
    }
    if (as_usual(it))
        s->p += len + 1;
    else
        it = token_closely(s, dec, guess);
#else
    it = token_closely(s, dec, NULL);
#endif
    return as_usual(it && it->price_scale == SCALE && it->size_scale == SCALE) ? it : NULL;
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

/* A token that is nobody's here, and may be passed over: moves behind it. */
static MR_COLD bool stranger(struct scan *s, const struct mr_decoder *dec)
{
    const struct mr_span id = string(s);
    return s->ok && dec->skip_unknown && id.len && id.len <= MR_SYMBOL_BYTES &&
           !mr_instruments_find(dec->instruments, dec->venue->id, dec->product, id);
}

/* The state behind a change, to what opens the best bid: as long each time, or what it is. */
MR_INLINE bool hash_of(struct scan *s, bool spaced, struct mr_span *hash)
{
    const uint8_t *at = s->p + sizeof ",\"hash\":\"" - 1 + spaced;
    if (as_usual(NEXT_STRETCH(s, spaced, "\"hash\":\"" HASH_TEXT "\"", "\"best_bid\":\""))) {
        *hash = (struct mr_span){at, sizeof HASH_TEXT - 1};
        return true;
    }
    if (!FOUND_NEXT(s, spaced, "\"hash\":\""))
        return false;
    *hash = string(s);
    return s->ok && FOUND_NEXT(s, spaced, "\"best_bid\":\"");
}

/* Of which price the digits were: places in dec->like, behind that of trades_usual.c. */
enum { PRICE = 1, BID, ASK };

/* What a change says of its token, from behind it to the closing brace. */
struct change {
    struct mr_level level;
    struct mr_span hash;
    uint64_t price, bid, ask;
    uint32_t sell;
};
MR_INLINE bool members(struct scan *s, bool spaced, struct mr_decoder *dec, struct change *c)
{
    return THEN_NEXT(s, spaced, "\"price\":\"") && token_price(s, &dec->like[PRICE], &c->price) &&
           THEN_NEXT(s, spaced, "\"size\":\"") && decimal(s, SCALE, &c->level.size) &&
           THEN_NEXT(s, spaced, "\"side\":\"") && EITHER(s, "SELL\"", "BUY\"", &c->sell) &&
           hash_of(s, spaced, &c->hash) && touch(s, '0', &dec->like[BID], &c->bid) &&
           THEN_NEXT(s, spaced, "\"best_ask\":\"") && touch(s, '1', &dec->like[ASK], &c->ask) && THEN(s, "}");
}

/* One entry, without its time. A stranger's is read as well, and left. */
MR_INLINE bool change(struct scan *s, bool spaced, struct mr_decoder *dec, union mr_slot *slot, uint32_t *used,
                      uint32_t *strangers)
{
    struct change c;
    if (!THEN(s, "{\"asset_id\":\""))
        return false;
    struct scan from = *s;
    const struct mr_instrument *it = token(s, dec);
    if (unusual(!it)) {
        if (!stranger(&from, dec))
            return false;
        *s = from;
        ++*strangers;
        return members(s, spaced, dec, &c);
    }
    if (!members(s, spaced, dec, &c))
        return false;
    *used += 2;
    c.level.price = (int64_t)c.price;
    slot->book = (struct mr_book_head){
        .first_seq = c.bid,
        .prev_seq = c.ask,
        .bid_count = (uint16_t)!c.sell,
        .ask_count = (uint16_t)c.sell,
        .instrument = it->id,
        .kind = MR_EVENT_BOOK,
        .flags = caution(it),
        .source = MR_POLYMARKET_PRICE_CHANGE,
        .book_flags = MR_BOOK_TOUCH,
    };
    stamp(&slot->book, 0, c.hash);
    slot[1] = (union mr_slot){.level = {c.level}};
    return true;
}

#define CHANGED "\"event_type\":\"price_change\"}"
MR_INLINE int changes(struct scan at, bool spaced, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    struct scan *s = &at;
    uint32_t n = 0, strangers = 0;
    dec->kind = MR_POLYMARKET_PRICE_CHANGE;
    do {
        if (unusual(n + 2 > out_max) || !change(s, spaced, dec, &out[n], &n, &strangers))
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

static int changes_on_the_wire(struct scan s, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    return changes(s, true, dec, out, out_max);
}
static int changes_as_documented(struct scan s, struct mr_decoder *dec, union mr_slot *out, uint32_t out_max)
{
    return changes(s, false, dec, out, out_max);
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
    const struct mr_instrument *it = s->ok ? token(s, dec) : NULL;
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
    if (FOUND_NEXT(s, spaced, "\"tick_size\":\"")) {
        uint64_t tick;
        uint8_t like = 0;
        if (!token_price(s, &like, &tick) || tick != (uint64_t)it->tick || !tick) /* news: the general path */
            return MR_E_AGAIN;
    }
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
        n = changes_on_the_wire(s, dec, out, out_max);
    else if (STRETCH(&s, "{\"market\":\"" MARKET_TEXT "\",\"price_changes\":["))
        n = changes_as_documented(s, dec, out, out_max);
    if (n == MR_E_AGAIN)
        n = books(&(struct scan){frame->data, frame->data + frame->len, true}, dec, frame, out, out_max);
    if (n < 0)
        dec->kind = MR_POLYMARKET_UNKNOWN;
    return n;
}
