#include "dataplane/metrics/hist_priv.h"

#define HIST_MAGIC 0x747369682d726dull /* "mr-hist" */
#define HIST_VERSION 3                 /* 3: with the record of the maximum behind the counts */
#define LAST_VALUE (((int64_t)1 << MR_HIST_RANGE_BITS) - 1)

static uint64_t load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }

static const uint64_t *counts_of(const struct mr_hist *h) { return (const uint64_t *)(h + 1); }

static bool known(unsigned sub_bits) { return sub_bits == MR_HIST_BITS || sub_bits == MR_HIST_BITS_FINE; }

/* Buckets of a histogram; none if the head is not one (a zeroed block reads as empty). */
static uint32_t buckets_of(const struct mr_hist *h)
{
    unsigned bits = __atomic_load_n(&h->sub_bits, __ATOMIC_RELAXED);
    return known(bits) ? MR_HIST_BUCKETS(bits) : 0;
}

static int64_t bucket_low(uint32_t idx, unsigned bits)
{
    if (idx < 2u << bits)
        return idx;
    unsigned shift = (idx >> bits) - 1;
    return (int64_t)((uint64_t)(idx - (shift << bits)) << shift);
}

static int64_t bucket_high(uint32_t idx, unsigned bits)
{
    unsigned shift = idx < 2u << bits ? 0 : (idx >> bits) - 1;
    return bucket_low(idx, bits) + ((int64_t)1 << shift) - 1;
}

static unsigned bits_of(uint32_t buckets)
{
    return buckets == MR_HIST_BUCKETS(MR_HIST_BITS_FINE) ? MR_HIST_BITS_FINE : MR_HIST_BITS;
}

static int64_t in_range(int64_t value) { return value < 0 ? 0 : value < LAST_VALUE ? value : LAST_VALUE; }

/* The buckets first .. end - 1 have all counts: the extremes bound them, and a writer stores a new extreme before it counts
 * it. Whatever a live histogram says, these are buckets of it. */
struct used {
    uint32_t first, end;
};
static struct used used_between(int64_t min, int64_t max, uint32_t buckets)
{
    if (buckets == 0)
        return (struct used){0, 0};
    max = in_range(max);
    min = in_range(min) < max ? in_range(min) : max;
    return (struct used){(uint32_t)mr_hist_bucket((uint64_t)min, bits_of(buckets)),
                         (uint32_t)mr_hist_bucket((uint64_t)max, bits_of(buckets)) + 1};
}

static struct used used_of(const struct mr_hist *h)
{
    return used_between(mr_hist_min(h), mr_hist_max(h), buckets_of(h));
}

size_t mr_hist_bytes(unsigned sub_bits)
{
    if (!known(sub_bits))
        return 0;
    return sizeof(struct mr_hist) + sizeof(uint64_t) * MR_HIST_BUCKETS(sub_bits) + sizeof(struct mr_trace_pair);
}

struct mr_hist *mr_hist_init(void *mem, unsigned sub_bits)
{
    MR_ASSERT(known(sub_bits) && (uintptr_t)mem % sizeof(uint64_t) == 0);
    struct mr_hist *h = mem;
    memset(h, 0, mr_hist_bytes(sub_bits));
    h->magic = HIST_MAGIC;
    h->version = HIST_VERSION;
    h->sub_bits = sub_bits;
    mr_hist_traces_init(h, sub_bits);
    return h;
}

void mr_hist_reset(struct mr_hist *h)
{
    uint64_t *counts = (uint64_t *)(h + 1);
    for (uint32_t i = 0; i < MR_HIST_BUCKETS(h->sub_bits); i++)
        __atomic_store_n(&counts[i], 0, __ATOMIC_RELAXED);
    __atomic_store_n(&h->negative, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&h->beyond, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&h->sum, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&h->width, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&h->min, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&h->max, 0, __ATOMIC_RELAXED);
    mr_hist_trace_clear(h);
}

int mr_hist_check(const void *mem, size_t bytes)
{
    const struct mr_hist *h = mem;
    if (bytes < sizeof *h)
        return MR_E_TRUNCATED;
    if (load(&h->magic) != HIST_MAGIC)
        return MR_E_MAGIC;
    if (__atomic_load_n(&h->version, __ATOMIC_RELAXED) != HIST_VERSION)
        return MR_E_VERSION;
    unsigned bits = __atomic_load_n(&h->sub_bits, __ATOMIC_RELAXED);
    if (!known(bits))
        return MR_E_LAYOUT;
    return bytes < mr_hist_bytes(bits) ? MR_E_TRUNCATED : MR_OK;
}

/* Nothing but negative values so far: the least is 0 in name only. */
static bool is_empty(const struct mr_hist *h) { return mr_hist_min(h) == 0 && load(counts_of(h)) == 0; }

static void new_extreme(struct mr_hist *h, int64_t value)
{
    int64_t min = is_empty(h) || value < h->min ? value : h->min, max = value > h->max ? value : h->max;
    __atomic_store_n(&h->width, (uint64_t)((max < LAST_VALUE ? max : LAST_VALUE) - min), __ATOMIC_RELAXED);
    __atomic_store_n(&h->max, max, __ATOMIC_RELAXED);
    __atomic_store_n(&h->min, min, __ATOMIC_RELAXED);
}

MR_COLD void mr_hist_record_negative(struct mr_hist *h) { mr_hist_bump(&h->negative, 1); }

MR_COLD bool mr_hist_record_rare(struct mr_hist *h, int64_t value, unsigned sub_bits)
{
    const int64_t before = h->max;
    const int64_t within = value < LAST_VALUE ? value : LAST_VALUE;
    new_extreme(h, within);
    mr_hist_record_known(h, sub_bits, (uint64_t)within);
    if (value == within)
        return value > before;
    mr_hist_bump(&h->beyond, 1);
    mr_hist_bump(&h->sum, 1); /* it counts as 2^42 */
    if (value > h->max)
        __atomic_store_n(&h->max, value, __ATOMIC_RELAXED);
    return value > before;
}

uint64_t mr_hist_count(const struct mr_hist *h)
{
    uint64_t n = 0;
    struct used used = used_of(h);
    for (uint32_t i = used.first; i < used.end; i++)
        n += load(&counts_of(h)[i]);
    return n;
}

uint64_t mr_hist_negative(const struct mr_hist *h) { return load(&h->negative); }

uint64_t mr_hist_beyond(const struct mr_hist *h) { return load(&h->beyond); }

uint64_t mr_hist_sum(const struct mr_hist *h) { return load(&h->sum); }

int64_t mr_hist_min(const struct mr_hist *h) { return __atomic_load_n(&h->min, __ATOMIC_RELAXED); }

int64_t mr_hist_max(const struct mr_hist *h) { return __atomic_load_n(&h->max, __ATOMIC_RELAXED); }

double mr_hist_mean(const struct mr_hist *h)
{
    uint64_t n = mr_hist_count(h);
    return n ? (double)load(&h->sum) / (double)n : 0;
}

/* ceil(p * n), not put up by the last bit of a product that is meant to be whole (0.07 * 100). */
static uint64_t rank_of(double p, uint64_t n)
{
    double exact = p * (double)n;
    if (!(exact > 1))
        return 1;
    if (exact >= (double)n)
        return n;
    uint64_t rank = (uint64_t)exact;
    return rank + (exact - (double)rank > exact * 1e-14);
}

uint64_t mr_hist_percentiles(const struct mr_hist *h, const double *p, uint32_t n, int64_t *out)
{
    struct used used = used_of(h);
    uint32_t at = used.first, last = used.first;
    uint64_t count = mr_hist_count(h), seen = 0;
    for (uint32_t k = 0; k < n; k++) {
        MR_DCHECK(k == 0 || p[k] >= p[k - 1]);
        for (const uint64_t rank = rank_of(p[k], count); at < used.end && seen < rank; at++) {
            uint64_t here = load(&counts_of(h)[at]);
            last = here ? at : last;
            seen += here;
        }
        out[k] = count ? bucket_high(last, bits_of(buckets_of(h))) : 0;
    }
    return count;
}

int64_t mr_hist_percentile(const struct mr_hist *h, double p)
{
    int64_t value;
    mr_hist_percentiles(h, &p, 1, &value);
    return value;
}

int mr_hist_copy(struct mr_hist *into, const struct mr_hist *from)
{
    uint32_t buckets = buckets_of(into);
    if (buckets == 0 || buckets_of(from) != buckets)
        return MR_E_LAYOUT;
    uint64_t *counts = mr_hist_counts(into);
    struct used was = used_of(into);
    memset(counts + was.first, 0, (was.end - was.first) * sizeof *counts);
    into->max = mr_hist_max(from);
    into->min = mr_hist_min(from);
    into->min = into->min < into->max ? into->min : into->max; /* read while they changed */
    into->width = 0;
    struct used used = used_of(into); /* by its own extremes, which do not move: counts of later ones are not copied */
    for (uint32_t i = used.first; i < used.end; i++)
        counts[i] = load(&counts_of(from)[i]);
    into->negative = load(&from->negative);
    into->beyond = load(&from->beyond);
    into->sum = load(&from->sum);
    mr_hist_traces_copy(into, from);
    return MR_OK;
}

int mr_hist_add(struct mr_hist *into, const struct mr_hist *from)
{
    uint32_t buckets = buckets_of(into);
    if (buckets == 0 || buckets_of(from) != buckets)
        return MR_E_LAYOUT;
    into->negative += load(&from->negative);
    if (is_empty(from))
        return MR_OK;
    const int64_t min = mr_hist_min(from), max = mr_hist_max(from);
    const struct used used = used_between(min, max, buckets);
    into->min = is_empty(into) || min < into->min ? min : into->min;
    uint64_t *counts = mr_hist_counts(into);
    for (uint32_t i = used.first; i < used.end; i++)
        counts[i] += load(&counts_of(from)[i]);
    into->beyond += load(&from->beyond);
    into->sum += load(&from->sum);
    if (max > into->max) {
        into->max = max;
        mr_hist_traces_copy(into, from);
    }
    return MR_OK;
}

static uint64_t less(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

/* An interval's own extremes are not known exactly: the edges of its outer buckets, within those of the whole. */
static void extremes_from_counts(struct mr_hist *h, uint32_t buckets)
{
    int64_t whole_max = h->max, whole_min = mr_hist_min(h), low = -1, high = 0;
    const struct used used = used_of(h);
    for (uint32_t i = used.first; i < used.end; i++) {
        if (counts_of(h)[i] == 0)
            continue;
        low = low < 0 ? bucket_low(i, bits_of(buckets)) : low;
        high = bucket_high(i, bits_of(buckets));
    }
    high = h->beyond || high > whole_max ? whole_max : high;
    h->max = low < 0 ? 0 : high;
    h->min = low < 0 ? 0 : low < whole_min ? whole_min : low;
    h->width = 0;
}

int mr_hist_subtract(struct mr_hist *from, const struct mr_hist *before)
{
    uint32_t buckets = buckets_of(from);
    if (buckets == 0 || buckets_of(before) != buckets)
        return MR_E_LAYOUT;
    uint64_t *counts = mr_hist_counts(from);
    const struct used used = used_of(from);
    for (uint32_t i = used.first; i < used.end; i++)
        counts[i] = less(counts[i], load(&counts_of(before)[i]));
    from->negative = less(from->negative, load(&before->negative));
    from->beyond = less(from->beyond, load(&before->beyond));
    from->sum = less(from->sum, load(&before->sum));
    extremes_from_counts(from, buckets);
    mr_hist_traces_since(from, before);
    return MR_OK;
}

int mr_hist_add_paced(struct mr_hist *into, const struct mr_hist *from, int64_t interval)
{
    if (interval < 1)
        return MR_E_INVALID;
    int status = mr_hist_add(into, from);
    if (status != MR_OK)
        return status;
    const unsigned bits = bits_of(buckets_of(into));
    const struct used used = used_of(into);
    for (uint32_t i = used.first; i < used.end; i++) {
        uint64_t count = load(&counts_of(from)[i]);
        int64_t value = bucket_high(i, bits);
        if (count == 0)
            continue;
        if (value / interval > 10000000)
            return MR_E_TOO_BIG;
        for (int64_t missed = value - interval; missed >= interval; missed -= interval) {
            mr_hist_bump(&mr_hist_counts(into)[mr_hist_bucket((uint64_t)missed, bits)], count);
            into->sum += (uint64_t)missed * count;
            into->min = missed < into->min ? missed : into->min;
        }
    }
    return MR_OK;
}

void mr_hist_each(const struct mr_hist *h, void (*each)(void *arg, int64_t low, int64_t high, uint64_t count),
                  void *arg)
{
    const uint32_t buckets = buckets_of(h);
    const struct used used = used_of(h);
    for (uint32_t i = used.first; i < used.end; i++) {
        uint64_t count = load(&counts_of(h)[i]);
        if (count)
            each(arg, bucket_low(i, bits_of(buckets)), bucket_high(i, bits_of(buckets)), count);
    }
}
