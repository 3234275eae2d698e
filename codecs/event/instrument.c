#include <stdio.h>

#include "codecs/event/instrument.h"

/* Memory: the head, then three arrays found by offset: instruments, underlying names, and two hash tables of
 * 64-bit cells {id + 1, upper half of the hash}. Nothing moves once written; a cell is published after what it names.
 */
struct mr_instruments {
    uint32_t capacity, cell_mask;
    uint64_t items_at, names_at, cells_at, name_cells_at; /* byte offsets from this head */
    /* written by the one writer */
    uint32_t count MR_ALIGNED;
    uint32_t underlying_count;
    uint32_t changes;
};

#define CELL_ID(cell) ((uint32_t)(cell))
#define CAPACITY_MAX (UINT16_MAX - 1u) /* underlyings are numbered in 16 bits */

static uint32_t cells_for(uint32_t capacity)
{
    uint32_t n = 8;
    while (n < capacity * 2)
        n *= 2;
    return n;
}

static uint64_t names_offset(uint32_t capacity)
{
    return sizeof(struct mr_instruments) + (uint64_t)capacity * sizeof(struct mr_instrument) +
           2 * sizeof(uint64_t) * cells_for(capacity);
}

static struct mr_instrument *item(const struct mr_instruments *t, uint32_t id)
{
    return (struct mr_instrument *)((uintptr_t)t + sizeof *t) + id; /* not by items_at: others may have written that */
}

static char *name_of(const struct mr_instruments *t, uint32_t underlying)
{
    return (char *)((uintptr_t)t + t->names_at) + (size_t)underlying * MR_ASSET_BYTES;
}

size_t mr_instruments_bytes(uint32_t capacity)
{
    return sizeof(struct mr_instruments) + (size_t)capacity * (sizeof(struct mr_instrument) + MR_ASSET_BYTES) +
           2 * sizeof(uint64_t) * cells_for(capacity) + MR_LINE_BYTES;
}

struct mr_instruments *mr_instruments_init(void *mem, uint32_t capacity)
{
    MR_ASSERT(capacity > 0 && capacity <= CAPACITY_MAX);
    MR_ASSERT((uintptr_t)mem % MR_LINE_BYTES == 0);
    memset(mem, 0, mr_instruments_bytes(capacity));
    struct mr_instruments *t = mem;
    uint32_t cells = cells_for(capacity);
    t->capacity = capacity;
    t->cell_mask = cells - 1;
    t->items_at = sizeof *t;
    t->cells_at = t->items_at + (uint64_t)capacity * sizeof(struct mr_instrument);
    t->name_cells_at = t->cells_at + sizeof(uint64_t) * cells;
    t->names_at = t->name_cells_at + sizeof(uint64_t) * cells;
    return t;
}

int mr_instruments_attach(const void *mem, size_t bytes, uint32_t *capacity)
{
    const struct mr_instruments *t = mem;
    if (bytes < sizeof *t || (uintptr_t)mem % MR_LINE_BYTES != 0)
        return MR_E_CORRUPT;
    uint32_t most = __atomic_load_n(&t->capacity, __ATOMIC_RELAXED);
    if (most == 0 || most > CAPACITY_MAX || mr_instruments_bytes(most) > bytes)
        return MR_E_CORRUPT;
    uint64_t cells = sizeof(uint64_t) * cells_for(most);
    bool same = t->cell_mask == cells_for(most) - 1 && t->items_at == sizeof *t && t->names_at == names_offset(most) &&
                t->name_cells_at == t->names_at - cells && t->cells_at == t->names_at - 2 * cells &&
                mr_instruments_count(t) <= most && mr_instruments_underlyings(t) <= most;
    if (!same)
        return MR_E_CORRUPT;
    *capacity = most;
    return MR_OK;
}

int mr_instruments_check(const void *mem, size_t bytes) { return mr_instruments_attach(mem, bytes, &(uint32_t){0}); }

/* ---- hashing: eight bytes at a time, the last eight overlapping; short texts in one padded word ---- */

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

static inline uint64_t short_word(struct mr_span s)
{
    uint64_t w = 0;
    if (s.len >= 4) {
        uint32_t a, b;
        memcpy(&a, s.data, 4);
        memcpy(&b, s.data + s.len - 4, 4);
        w = a | (uint64_t)b << 32;
    } else if (s.len) {
        w = s.data[0] | (uint64_t)s.data[s.len / 2] << 8 | (uint64_t)s.data[s.len - 1] << 16;
    }
    return w;
}

static inline uint64_t mix(uint64_t h, uint64_t w)
{
    mr_u128 product = (mr_u128)(h ^ w) * 0x9e3779b97f4a7c15u;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_of(uint64_t seed, struct mr_span s)
{
    uint64_t h = seed << 32 | s.len;
    if (s.len < 8)
        return mix(mix(h + 0x2545f4914f6cdd1du, short_word(s)), 0x5851f42d4c957f2du);
    h += 0x2545f4914f6cdd1du;
    for (uint32_t i = 0; i + 8 < s.len; i += 8)
        h = mix(h, load8(s.data + i));
    return mix(mix(h, load8(s.data + s.len - 8)), 0x5851f42d4c957f2du);
}

static inline const uint64_t *cell_at(const struct mr_instruments *t, uint64_t table_at, uint64_t i)
{
    return (const uint64_t *)((uintptr_t)t + table_at) + (i & t->cell_mask);
}

static void put_cell(struct mr_instruments *t, uint64_t table_at, uint64_t hash, uint32_t id)
{
    uint64_t i = hash;
    while (*cell_at(t, table_at, i))
        i++;
    uint64_t cell = (hash & ~(uint64_t)UINT32_MAX) | (id + 1);
    __atomic_store_n((uint64_t *)(uintptr_t)cell_at(t, table_at, i), cell, __ATOMIC_RELEASE);
}

/* ---- underlyings ---- */

static bool upper_or_digit(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/* "1000PEPE", "1MBABYDOGE", "kPEPE", "SHIB1000" are a thousand (or a million) of the plain coin; "1INCH" is not. */
static struct mr_span plain_asset(struct mr_span s)
{
    static const struct {
        const char *text;
        uint32_t len;
    } many[] = {{"1000000", 7}, {"10000", 5}, {"1000", 4}, {"1M", 2}};
    for (size_t i = 0; i < MR_COUNT_OF(many); i++)
        if (s.len >= many[i].len + 2 && memcmp(s.data, many[i].text, many[i].len) == 0 && s.data[many[i].len] >= 'A')
            return (struct mr_span){s.data + many[i].len, s.len - many[i].len};
    if (s.len >= 3 && s.data[0] == 'k' && upper_or_digit((char)s.data[1]) && upper_or_digit((char)s.data[2]))
        return (struct mr_span){s.data + 1, s.len - 1};
    if (s.len >= 6 && memcmp(s.data + s.len - 4, "1000", 4) == 0 && s.data[s.len - 5] >= 'A')
        return (struct mr_span){s.data, s.len - 4};
    return mr_span_eq(s, "XBT") ? mr_span_of("BTC") : s;
}

/* One name for one thing, whatever a venue writes: XBT is BTC; a thousand or a million of a coin has its number in front ("kPEPE", "SHIB1000",
 * "1MBABYDOGE" are 1000PEPE, 1000SHIB, 1000000BABYDOGE). What does not fit keeps the venue's. */
static void common_name(char base[MR_ASSET_BYTES])
{
    struct mr_span was = mr_span_of(base), coin = plain_asset(was);
    char name[MR_ASSET_BYTES * 2];
    bool before = coin.data > was.data && coin.len < was.len, behind = coin.data == was.data && coin.len < was.len;
    const char *times = behind || base[0] == 'k'                             ? "1000"
                        : mr_span_is((struct mr_span){was.data, 2}, "1M", 2) ? "1000000"
                                                                             : NULL;
    int len;
    if (before && !times) /* 1000PEPE: as it should be */
        return;
    len = snprintf(name, sizeof name, "%s%.*s", before || behind ? times : "", (int)coin.len, (const char *)coin.data);
    if (len < MR_ASSET_BYTES) {
        memset(base, 0, MR_ASSET_BYTES);
        memcpy(base, name, (size_t)len);
    }
}

static uint16_t underlying_of(struct mr_instruments *t, const char *base)
{
    struct mr_span name = plain_asset(mr_span_of(base));
    uint64_t hash = hash_of(0, name), cell;
    for (uint64_t i = hash; (cell = *cell_at(t, t->name_cells_at, i)) != 0; i++) {
        const char *known = name_of(t, CELL_ID(cell) - 1);
        if (strlen(known) == name.len && memcmp(known, name.data, name.len) == 0)
            return (uint16_t)(CELL_ID(cell) - 1);
    }
    uint32_t id = t->underlying_count;
    memcpy(name_of(t, id), name.data, name.len); /* shorter than MR_ASSET_BYTES, as base is; the rest is zero */
    put_cell(t, t->name_cells_at, hash, id);
    __atomic_store_n(&t->underlying_count, id + 1, __ATOMIC_RELEASE);
    return (uint16_t)id;
}

uint32_t mr_instruments_underlyings(const struct mr_instruments *t)
{
    return __atomic_load_n(&t->underlying_count, __ATOMIC_ACQUIRE);
}

void mr_instruments_underlying_copy(const struct mr_instruments *t, uint32_t capacity, uint16_t underlying,
                                    char out[MR_ASSET_BYTES])
{
    memset(out, 0, MR_ASSET_BYTES);
    if (underlying >= capacity || underlying >= mr_instruments_underlyings(t))
        return;
    memcpy(out, (const char *)t + names_offset(capacity) + (size_t)underlying * MR_ASSET_BYTES, MR_ASSET_BYTES - 1);
}

const char *mr_instruments_underlying_name(const struct mr_instruments *t, uint16_t underlying)
{
    return underlying < mr_instruments_underlyings(t) ? name_of(t, underlying) : NULL;
}

/* ---- reading ---- */

const struct mr_instrument *mr_instruments_find(const struct mr_instruments *t, uint8_t venue, uint8_t product,
                                                struct mr_span symbol)
{
    uint64_t hash = hash_of((uint64_t)venue << 8 | product, symbol), i = hash, cell;
    while ((cell = __atomic_load_n(cell_at(t, t->cells_at, i++), __ATOMIC_ACQUIRE)) != 0) {
        if ((cell ^ hash) >> 32)
            continue;
        const struct mr_instrument *it = item(t, CELL_ID(cell) - 1);
        if (it->venue == venue && it->product == product && it->symbol_len == symbol.len &&
            memcmp(it->symbol, symbol.data, symbol.len) == 0)
            return it;
    }
    return NULL;
}

uint32_t mr_instruments_capacity(const struct mr_instruments *table) { return table->capacity; }

uint32_t mr_instruments_count(const struct mr_instruments *t) { return __atomic_load_n(&t->count, __ATOMIC_ACQUIRE); }

uint32_t mr_instruments_changes(const struct mr_instruments *t)
{
    return __atomic_load_n(&t->changes, __ATOMIC_ACQUIRE);
}

const struct mr_instrument *mr_instruments_get(const struct mr_instruments *t, uint32_t id)
{
    return id < mr_instruments_count(t) ? item(t, id) : NULL;
}

int mr_instruments_read(const struct mr_instruments *t, uint32_t id, struct mr_instrument *out)
{
    const struct mr_instrument *it = mr_instruments_get(t, id);
    if (!it)
        return MR_E_SYMBOL;
    for (int tries = 0; tries < 1000; tries++) {
        uint32_t before = __atomic_load_n(&it->version, __ATOMIC_ACQUIRE);
        memcpy(out, it, sizeof *out);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (before % 2 == 0 && before == __atomic_load_n(&it->version, __ATOMIC_RELAXED))
            return MR_OK;
    }
    return MR_E_AGAIN;
}

/* ---- writing ---- */

static bool dollar(const char *quote)
{
    static const char *const dollars[] = {"USD", "USDT", "USDC", "FDUSD", "BUSD", "DAI", "TUSD"};
    for (size_t i = 0; i < MR_COUNT_OF(dollars); i++)
        if (strcmp(quote, dollars[i]) == 0)
            return true;
    return false;
}

static bool measures_differ(const struct mr_instrument *a, const struct mr_instrument *b)
{
    return a->price_scale != b->price_scale || a->size_scale != b->size_scale || a->tick != b->tick ||
           a->lot != b->lot || a->multiplier != b->multiplier || a->multiplier_scale != b->multiplier_scale;
}

static int64_t replace(struct mr_instruments *t, struct mr_instrument *old, struct mr_instrument now)
{
    if (now.flags & MR_INSTRUMENT_NO_METADATA) /* knows less than the table does */
        return old->id;
    now.id = old->id;
    now.generation = old->generation + (measures_differ(old, &now) ? 1 : 0);
    now.underlying = underlying_of(t, now.base);
    now.version = old->version;
    if (memcmp(old, &now, sizeof now) == 0)
        return old->id;
    /* readers in other processes retry while the version is odd or has moved (mr_instruments_read) */
    __atomic_store_n(&old->version, old->version + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    now.version = old->version;
    memcpy(old, &now, sizeof now);
    __atomic_store_n(&old->version, now.version + 1, __ATOMIC_RELEASE);
    __atomic_store_n(&t->changes, t->changes + 1, __ATOMIC_RELEASE);
    return old->id;
}

static bool scale_legal(int scale) { return scale >= 0 && scale <= MR_SCALE_MAX; }

int64_t mr_instruments_add(struct mr_instruments *t, const struct mr_instrument *what)
{
    if (what->symbol_len == 0 || what->symbol_len > MR_SYMBOL_BYTES)
        return MR_E_TOO_BIG;
    if (!scale_legal(what->price_scale) || !scale_legal(what->size_scale) || !scale_legal(what->multiplier_scale))
        return MR_E_RANGE;
    struct mr_instrument now = *what;
    now.base[MR_ASSET_BYTES - 1] = now.quote[MR_ASSET_BYTES - 1] = 0;
    common_name(now.base);
    memset(now.symbol + now.symbol_len, 0, (size_t)(MR_SYMBOL_BYTES - now.symbol_len));
    now.multiplier = now.multiplier ? now.multiplier : 1;
    now.flags = (uint8_t)((now.flags & ~MR_INSTRUMENT_QUOTE_USD) | (dollar(now.quote) ? MR_INSTRUMENT_QUOTE_USD : 0));

    struct mr_span symbol = {(const uint8_t *)now.symbol, now.symbol_len};
    const struct mr_instrument *old = mr_instruments_find(t, now.venue, now.product, symbol);
    if (old)
        return replace(t, (struct mr_instrument *)(uintptr_t)old, now);
    if (t->count == t->capacity)
        return MR_E_FULL;
    uint32_t id = t->count;
    now.id = id;
    now.generation = 0;
    now.version = 0;
    now.underlying = underlying_of(t, now.base);
    memcpy(item(t, id), &now, sizeof now);
    __atomic_store_n(&t->count, id + 1, __ATOMIC_RELEASE);
    put_cell(t, t->cells_at, hash_of((uint64_t)now.venue << 8 | now.product, symbol), id);
    return id;
}
