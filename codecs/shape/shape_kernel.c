/* The fast path, compiled once a SIMD width (codecs/shape/meson.build): 8 bytes (plain C), 16, 32 and 64.
 *
 * Everything is in terms of a `vec` of SHAPE_WIDTH bytes and five operations on it; what follows them is the same code
 * for all. */
#include "codecs/shape/shape_priv.h"

#if SHAPE_WIDTH > 8
#include <immintrin.h>
#endif

#define NAME2(a, b) a##_##b
#define NAME1(a, b) NAME2(a, b)
#define NAME(a) NAME1(a, SHAPE_KERNEL)

#if SHAPE_WIDTH == 64
typedef __m512i vec;
#define LEN_MIN 16

static inline vec load(const uint8_t *p) { return _mm512_loadu_si512(p); }
/* the last chunk: zeros behind the message's end, which is never read */
static inline vec load_tail(const uint8_t *data, uint32_t len, uint32_t at)
{
    return _mm512_maskz_loadu_epi8(_cvtu64_mask64(UINT64_MAX >> (64 - (len - at))), data + at);
}
static inline uint64_t digits(vec v)
{
    return _cvtmask64_u64(_mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8('0')), _mm512_set1_epi8(10)));
}
static inline uint64_t letters(vec v, uint64_t digit_mask)
{
    const __m512i turn = _mm512_set_epi64(49, 42, 35, 28, 21, 14, 7, 0); /* so that equal words do not cancel */
    __m512i w = _mm512_rolv_epi64(_mm512_maskz_mov_epi8(_cvtu64_mask64(~digit_mask), v), turn);
    __m256i h = _mm256_xor_si256(_mm512_castsi512_si256(w), _mm512_extracti64x4_epi64(w, 1));
    __m128i q = _mm_xor_si128(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));
    return (uint64_t)_mm_cvtsi128_si64(q) ^ (uint64_t)_mm_extract_epi64(q, 1);
}
static inline vec no_fault(void) { return _mm512_setzero_si512(); }
static inline vec add_faults(vec faults, vec v, const uint8_t *low)
{
    vec over = _mm512_subs_epu8(_mm512_sub_epi8(v, load(low)), load(low + SHAPE_WIDTH));
    return _mm512_or_si512(faults, over);
}
static inline bool any_fault(vec faults) { return _mm512_test_epi64_mask(faults, faults) != 0; }

#elif SHAPE_WIDTH == 32
typedef __m256i vec;
#define LEN_MIN 32

static inline vec load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline uint64_t digits(vec v)
{
    __m256i d = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(d, _mm256_set1_epi8(9)), d));
}
static inline uint64_t letters(vec v, uint64_t digit_mask)
{
    (void)digit_mask;
    __m256i d = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
    __m256i w = _mm256_andnot_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(d, _mm256_set1_epi8(9)), d), v);
    __m256i turned = _mm256_or_si256(_mm256_sllv_epi64(w, _mm256_set_epi64x(21, 14, 7, 0)),
                                     _mm256_srlv_epi64(w, _mm256_set_epi64x(43, 50, 57, 64)));
    __m128i q = _mm_xor_si128(_mm256_castsi256_si128(turned), _mm256_extracti128_si256(turned, 1));
    return (uint64_t)_mm_cvtsi128_si64(q) ^ (uint64_t)_mm_extract_epi64(q, 1);
}
static inline vec no_fault(void) { return _mm256_setzero_si256(); }
static inline vec add_faults(vec faults, vec v, const uint8_t *low)
{
    vec over = _mm256_subs_epu8(_mm256_sub_epi8(v, load(low)), load(low + SHAPE_WIDTH));
    return _mm256_or_si256(faults, over);
}
static inline bool any_fault(vec faults) { return !_mm256_testz_si256(faults, faults); }

#elif SHAPE_WIDTH == 16
typedef __m128i vec;
#define LEN_MIN 16

static inline vec load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }
static inline uint64_t digits(vec v)
{
    __m128i d = _mm_sub_epi8(v, _mm_set1_epi8('0'));
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8(9)), d));
}
static inline uint64_t letters(vec v, uint64_t digit_mask)
{
    (void)digit_mask;
    __m128i d = _mm_sub_epi8(v, _mm_set1_epi8('0'));
    __m128i w = _mm_andnot_si128(_mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8(9)), d), v);
    uint64_t high = (uint64_t)_mm_extract_epi64(w, 1);
    return (uint64_t)_mm_cvtsi128_si64(w) ^ (high << 7 | high >> 57);
}
static inline vec no_fault(void) { return _mm_setzero_si128(); }
static inline vec add_faults(vec faults, vec v, const uint8_t *low)
{
    return _mm_or_si128(faults, _mm_subs_epu8(_mm_sub_epi8(v, load(low)), load(low + SHAPE_WIDTH)));
}
static inline bool any_fault(vec faults) { return !_mm_testz_si128(faults, faults); }

#else
typedef uint64_t vec;
#define LEN_MIN 16
#define HIGH 0x8080808080808080u
#define LOW7 0x7f7f7f7f7f7f7f7fu
#define EACH(b) (0x0101010101010101u * (b))

static inline vec load(const uint8_t *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}
/* 0x80 in each byte that is a digit */
static inline uint64_t digits(vec v)
{
    uint64_t d = v ^ EACH(0x30u); /* '0'..'9' become 0..9, everything else at least 10 */
    return ~(((d & LOW7) + EACH(0x7f - 9u)) | d) & HIGH;
}
static inline uint64_t letters(vec v, uint64_t digit_mask) { return v & ~((digit_mask >> 7) * 0xff); }
static inline vec no_fault(void) { return 0; }
static inline vec add_faults(vec faults, vec v, const uint8_t *low)
{
    uint64_t lo = load(low), above = load(low + SHAPE_WIDTH);
    uint64_t d = ((v | HIGH) - (lo & LOW7)) ^ ((v ^ ~lo) & HIGH); /* v - low, byte by byte */
    uint64_t over = (((d & LOW7) + (LOW7 - (above & LOW7))) | d) & HIGH;
    return faults | (over & ~(above & HIGH)); /* above is 0, 8, 9 or 0xff: anything */
}
static inline bool any_fault(vec faults) { return faults != 0; }
#endif

#if SHAPE_WIDTH < 64
/* The last chunk overlaps the one before; messages shorter than a chunk are not learnt. */
static inline vec load_tail(const uint8_t *data, uint32_t len, uint32_t at)
{
    (void)at;
    return load(data + len - SHAPE_WIDTH);
}
#endif

/* ---- the key ---- */

static inline uint64_t key_of(const uint8_t *data, uint32_t len, bool loose)
{
    static const uint64_t odd[16] = {
        0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xd6e8feb86659fd93,
        0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3,
        0x1d8e4e27c47d124f, 0xeb44accab455d165, 0x2d358dccaa6c78a5, 0x8bb84b93962eacc9,
        0x4b33a62ed433d4a3, 0x4d5a2da51de1aa47, 0xaaaaaaaaaaaaaaab, 0xc2b2ae3d27d4eb4f,
    };
    uint64_t key = len * odd[15];
    for (uint32_t at = 0, c = 0; at < len; at += SHAPE_WIDTH, c++) {
        vec v = mr_likely(at + SHAPE_WIDTH <= len) ? load(data + at) : load_tail(data, len, at);
        uint64_t d = digits(v);
        if (at < 64 && (SHAPE_WIDTH == 64 || at + SHAPE_WIDTH <= len))
            key += (letters(v, d) ^ c) * odd[8 + c % 8];
        if (!loose)
            key += d * odd[c % 16];
#if SHAPE_WIDTH < 64
        key = key << 9 | key >> 55;
#endif
    }
    key ^= key >> 29;
    key *= odd[0];
    return (key ^ (loose ? odd[1] : 0)) | 1;
}

static uint64_t NAME(key)(const uint8_t *data, uint32_t len, bool loose) { return key_of(data, len, loose); }

/* ---- does it match? ---- */

static MR_COLD bool texts_legal(const struct shape *shape, const uint8_t *data)
{
    for (uint32_t t = 0; t < shape->texts; t++) {
        const uint8_t *p = data + shape->text[t].at;
        uint8_t faults = 0;
        for (uint32_t i = 0; i < shape->text[t].len; i++)
            faults |= (uint8_t)((p[i] < 0x20) | (p[i] > 0x7e) | (p[i] == '"') | (p[i] == '\\'));
        if (faults)
            return false;
    }
    return true;
}

static inline bool matches(const struct shape *shape, const uint8_t *data, uint32_t len)
{
    if (shape->len != len)
        return false;
    vec faults = no_fault();
    const uint8_t *check = shape->check;
    for (uint32_t at = 0; at < len; at += SHAPE_WIDTH, check += 2 * SHAPE_WIDTH) {
        vec v = mr_likely(at + SHAPE_WIDTH <= len) ? load(data + at) : load_tail(data, len, at);
        faults = add_faults(faults, v, check);
    }
    return !any_fault(faults) && (mr_likely(shape->texts == 0) || texts_legal(shape, data));
}

/* ---- numbers ---- */

#if SHAPE_WIDTH == 8
static inline void patch(const struct shape_group *g, const uint8_t *data, uint8_t *out)
{
    for (int lane = 0; lane < 4; lane++) {
        uint64_t v = 0;
        for (int i = 0; i < SHAPE_WINDOW; i++) {
            uint8_t from = g->shuffle[lane][i];
            if (from < SHAPE_WINDOW)
                v = v * 10 + (data[g->window[lane] + from] - (uint64_t)'0');
        }
        uint64_t value = (uint64_t)g->base[lane] + (uint64_t)g->factor[lane] * v;
        memcpy(out + g->target[lane], &value, sizeof value);
    }
}
#else
static inline __m128i window(const struct shape_group *g, int lane, const uint8_t *data)
{
    return _mm_loadu_si128((const __m128i *)(data + g->window[lane]));
}

static inline void store(const struct shape_group *g, int lane, uint8_t *out, int64_t value)
{
    memcpy(out + g->target[lane], &value, sizeof value);
}
#endif

#if SHAPE_WIDTH == 64
/* Sixteen digits a lane: pairs, fours, eights, then both halves. */
static inline void patch(const struct shape_group *g, const uint8_t *data, uint8_t *out)
{
    __m512i v = _mm512_castsi128_si512(window(g, 0, data));
    v = _mm512_inserti32x4(v, window(g, 1, data), 1);
    v = _mm512_inserti32x4(v, window(g, 2, data), 2);
    v = _mm512_inserti32x4(v, window(g, 3, data), 3);
    v = _mm512_shuffle_epi8(_mm512_sub_epi8(v, _mm512_set1_epi8('0')), _mm512_load_si512(g->shuffle));
    v = _mm512_maddubs_epi16(v, _mm512_set1_epi16(0x010a));  /* 10, 1 */
    v = _mm512_madd_epi16(v, _mm512_set1_epi32(0x00010064)); /* 100, 1 */
    v = _mm512_packus_epi32(v, v);                           /* the lane's four values twice */
    v = _mm512_madd_epi16(v, _mm512_set1_epi32(0x00012710)); /* 10,000, 1: {high 8 digits, low 8} twice */
    const __m512i lanes = _mm512_set_epi64(7, 7, 7, 7, 6, 4, 2, 0);
    __m256i pairs = _mm512_castsi512_si256(_mm512_permutexvar_epi64(lanes, v));
    __m256i whole =
        _mm256_add_epi64(_mm256_mul_epu32(pairs, _mm256_set1_epi64x(100000000)), _mm256_srli_epi64(pairs, 32));
    whole = _mm256_add_epi64(_mm256_mullo_epi64(whole, _mm256_load_si256((const __m256i *)g->factor)),
                             _mm256_load_si256((const __m256i *)g->base));
    __m128i low = _mm256_castsi256_si128(whole), high = _mm256_extracti128_si256(whole, 1);
    store(g, 0, out, _mm_cvtsi128_si64(low));
    store(g, 1, out, _mm_extract_epi64(low, 1));
    store(g, 2, out, _mm_cvtsi128_si64(high));
    store(g, 3, out, _mm_extract_epi64(high, 1));
}

#elif SHAPE_WIDTH == 32
static inline void patch_two(const struct shape_group *g, int lane, const uint8_t *data, uint8_t *out)
{
    __m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(window(g, lane, data)), window(g, lane + 1, data), 1);
    v = _mm256_shuffle_epi8(_mm256_sub_epi8(v, _mm256_set1_epi8('0')),
                            _mm256_load_si256((const __m256i *)g->shuffle[lane]));
    v = _mm256_maddubs_epi16(v, _mm256_set1_epi16(0x010a));
    v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00010064));
    v = _mm256_packus_epi32(v, v);
    v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00012710));
    __m256i whole = _mm256_add_epi64(_mm256_mul_epu32(v, _mm256_set1_epi64x(100000000)), _mm256_srli_epi64(v, 32));
    uint64_t first = (uint64_t)_mm_cvtsi128_si64(_mm256_castsi256_si128(whole));
    uint64_t second = (uint64_t)_mm_cvtsi128_si64(_mm256_extracti128_si256(whole, 1));
    store(g, lane, out, (int64_t)(first * (uint64_t)g->factor[lane] + (uint64_t)g->base[lane]));
    store(g, lane + 1, out, (int64_t)(second * (uint64_t)g->factor[lane + 1] + (uint64_t)g->base[lane + 1]));
}

static inline void patch(const struct shape_group *g, const uint8_t *data, uint8_t *out)
{
    patch_two(g, 0, data, out);
    patch_two(g, 2, data, out);
}

#elif SHAPE_WIDTH == 16
static inline void patch(const struct shape_group *g, const uint8_t *data, uint8_t *out)
{
    for (int lane = 0; lane < 4; lane++) {
        __m128i v = _mm_sub_epi8(window(g, lane, data), _mm_set1_epi8('0'));
        v = _mm_shuffle_epi8(v, _mm_load_si128((const __m128i *)g->shuffle[lane]));
        v = _mm_madd_epi16(_mm_maddubs_epi16(v, _mm_set1_epi16(0x010a)), _mm_set1_epi32(0x00010064));
        v = _mm_madd_epi16(_mm_packus_epi32(v, v), _mm_set1_epi32(0x00012710));
        uint64_t both = (uint64_t)_mm_cvtsi128_si64(v);
        uint64_t whole = (both & UINT32_MAX) * 100000000 + (both >> 32);
        store(g, lane, out, (int64_t)(whole * (uint64_t)g->factor[lane] + (uint64_t)g->base[lane]));
    }
}
#endif

/* ---- notional ---- */

/* floor(product / 10^k) is floor((product >> k) / 5^k); below 2^(64+k) that is one 64-bit division. */
static inline bool notional(const struct shape_notional *n, union mr_slot *slot)
{
    static const uint64_t pow5[MR_SCALE_MAX + 1] = {
        1,          5,           25,           125,          625,           3125,      15625,
        78125,      390625,      1953125,      9765625,      48828125,      244140625, 1220703125,
        6103515625, 30517578125, 152587890625, 762939453125, 3814697265625,
    };
    struct mr_event *ev = &slot->event;
    if (mr_likely(n->short_way && ev->price >= 0 && ev->size >= 0)) {
        mr_u128 product = (mr_u128)(uint64_t)ev->price * (uint64_t)ev->size >> n->drop;
        uint64_t quotient = (uint64_t)product / pow5[n->drop];
        if (mr_likely(product >> 64 == 0 && quotient <= INT64_MAX)) {
            ev->aux = (int64_t)quotient;
            return true;
        }
    }
    if (n->inverse)
        return mr_notional_micro(1, 0, ev->size, n->size_scale, n->multiplier, n->multiplier_scale, &ev->aux) == MR_OK;
    return mr_notional_micro(ev->price, n->price_scale, ev->size, n->size_scale, n->multiplier, n->multiplier_scale,
                             &ev->aux) == MR_OK;
}

/* ---- the whole ---- */

static inline int emit(const struct shape *shape, const struct mr_frame *frame, union mr_slot *out)
{
    for (uint32_t i = 0; i < shape->slots; i++)
        out[i] = shape->slot[i];
    for (uint32_t g = 0; g < shape->groups; g++)
        patch(&shape->group[g], frame->data, out->bytes);
    for (uint32_t i = 0; i < shape->heads; i++) {
        struct mr_event *ev = &out[shape->head[i]].event;
        ev->recv_ns = frame->recv_ns;
        ev->connection = frame->connection;
        ev->flags |= (uint8_t)(frame->clock << MR_FLAG_CLOCK_SHIFT);
    }
    for (uint32_t i = 0; i < shape->notionals; i++)
        if (mr_unlikely(!notional(&shape->notional[i], &out[shape->notional[i].slot])))
            return MR_E_AGAIN; /* too large to say: the general path gives it its name */
    return shape->slots;
}

static int NAME(apply)(const struct shape *shape, const struct mr_frame *frame, union mr_slot *out)
{
    return matches(shape, frame->data, frame->len) ? emit(shape, frame, out) : MR_E_AGAIN;
}

static inline const struct shape *look(const struct mr_shapes *s, const struct mr_frame *frame, bool loose)
{
    uint64_t key = key_of(frame->data, frame->len, loose);
    uint32_t at = (uint32_t)(key >> 32) & s->set_mask;
    const struct shape_set *set = &s->sets[at];
    for (uint32_t way = 0; way < SHAPE_WAYS; way++)
        if (set->tag[way] == key && matches(&s->shapes[at * SHAPE_WAYS + way], frame->data, frame->len))
            return &s->shapes[at * SHAPE_WAYS + way];
    return NULL;
}

static MR_HOT int NAME(decode)(struct mr_shapes *s, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max,
                               uint8_t *kind)
{
    if (mr_unlikely(frame->len > MR_SHAPE_TEXT_MAX || frame->len < LEN_MIN))
        return MR_E_AGAIN;
    const struct shape *shape = look(s, frame, false);
    if (mr_unlikely(!shape && s->texts))
        shape = look(s, frame, true);
    if (mr_unlikely(!shape || shape->slots > out_max)) {
        s->stats.misses++;
        return MR_E_AGAIN;
    }
    int n = emit(shape, frame, out);
    if (mr_unlikely(n < 0))
        return n;
    s->stats.hits++;
    s->credit += s->credit < UINT16_MAX;
    *kind = shape->kind;
    return n;
}

extern const struct shape_kernel NAME(mr_shape_kernel);
const struct shape_kernel NAME(mr_shape_kernel) = {.width = SHAPE_WIDTH,
                                                   .len_min = LEN_MIN,
                                                   .masked = SHAPE_WIDTH == 64,
                                                   .key = NAME(key),
                                                   .decode = NAME(decode),
                                                   .apply = NAME(apply)};
