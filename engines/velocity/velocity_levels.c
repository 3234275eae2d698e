/* Where liquidations happened: by price level, and by minute (E-6). */
#include "engines/velocity/velocity_priv.h"
#include "engines/window/grid.h"

#define LEVEL_SCALE 8
#define PPM 1000000

static int64_t fixed_step(const struct mr_velocity *v, const char *base)
{
    for (uint32_t i = 0; i < MR_VELOCITY_STEPS_MAX && v->config.steps[i].step > 0; i++)
        if (strncmp(v->config.steps[i].base, base, MR_ASSET_BYTES) == 0)
            return v->config.steps[i].step;
    return 0;
}

/* The relative step rounded down to 1, 2 or 5 x 10^k, so that levels have edges people use and depend on the price
 * alone. */
static int64_t relative_step(const struct mr_velocity *v, int64_t price)
{
    int64_t raw = (int64_t)((mr_i128)price * v->config.level_ppm / PPM), ten = 1;
    while (ten <= raw / 10)
        ten *= 10;
    return raw >= 5 * ten ? 5 * ten : raw >= 2 * ten ? 2 * ten : ten;
}

int64_t mr_velocity_step(const struct mr_velocity *v, const char *base, int64_t price)
{
    int64_t step = fixed_step(v, base);
    return step ? step : relative_step(v, price);
}

/* Prices of all venues at one scale. False where that cannot be, or the price is not positive. */
static bool common_price(int64_t price, int scale, int64_t *out)
{
    if (price <= 0)
        return false;
    if (scale >= LEVEL_SCALE) {
        *out = price / mr_pow10[scale - LEVEL_SCALE];
        return *out > 0;
    }
    return !__builtin_mul_overflow(price, mr_pow10[LEVEL_SCALE - scale], out);
}

static int level_order(const struct mr_velocity_level *level, int64_t price, int64_t step)
{
    if (level->price != price)
        return level->price < price ? -1 : 1;
    return level->step < step ? -1 : level->step > step;
}

/* Makes room by letting the level go that nothing has touched for longest. */
static MR_COLD void evict(struct mr_velocity *v, struct underlying *u)
{
    uint32_t oldest = 0;
    for (uint32_t i = 1; i < u->level_count; i++)
        if (u->level[i].last_ns < u->level[oldest].last_ns)
            oldest = i;
    u->level_count--;
    memmove(&u->level[oldest], &u->level[oldest + 1], (u->level_count - oldest) * sizeof(*u->level));
    MR_COUNT(v->metrics, evicted, 1);
}

static uint32_t position(const struct underlying *u, int64_t price, int64_t step)
{
    uint32_t low = 0, high = u->level_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (level_order(&u->level[middle], price, step) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct mr_velocity_level *level_at(struct mr_velocity *v, struct underlying *u, int64_t price, int64_t step)
{
    uint32_t at = position(u, price, step);
    if (at < u->level_count && level_order(&u->level[at], price, step) == 0)
        return &u->level[at];
    if (u->level_count == v->config.levels) {
        evict(v, u);
        at = position(u, price, step);
    }
    memmove(&u->level[at + 1], &u->level[at], (u->level_count - at) * sizeof(*u->level));
    u->level_count++;
    u->level[at] = (struct mr_velocity_level){.price = price, .step = step};
    return &u->level[at];
}

void velocity_level_add(struct mr_velocity *v, struct underlying *u, const struct mr_event *ev,
                        const struct mr_instrument *instrument, int64_t now_ns, int64_t micro, bool is_short)
{
    int64_t price;
    if (mr_unlikely(!common_price(ev->price, instrument->price_scale, &price))) {
        MR_COUNT(v->metrics, unpriced, 1);
        return;
    }
    if (mr_unlikely(!u->step_known)) {
        u->fixed_step = fixed_step(v, instrument->base);
        u->step_known = true;
    }
    int64_t step = u->fixed_step ? u->fixed_step : relative_step(v, price);
    struct mr_velocity_level *level = level_at(v, u, price - price % step, step);
    if (is_short) {
        level->short_micro += micro;
        level->short_count++;
    } else {
        level->long_micro += micro;
        level->long_count++;
    }
    level->last_ns = now_ns;
}

static struct mr_velocity_bucket *bucket_slot(struct underlying *u, int64_t start_ns)
{
    uint64_t minute = (uint64_t)(start_ns / MR_VELOCITY_BUCKET_NS);
    return &u->bucket[minute % MR_VELOCITY_BUCKETS];
}

void velocity_bucket_add(struct underlying *u, uint8_t venue, int64_t now_ns, int64_t micro, bool is_short)
{
    int64_t start_ns = mr_grid_floor(now_ns, MR_VELOCITY_BUCKET_NS);
    struct mr_velocity_bucket *bucket = bucket_slot(u, start_ns);
    if (bucket->start_ns != start_ns)
        *bucket = (struct mr_velocity_bucket){.start_ns = start_ns};
    bucket->count++;
    bucket->micro += micro;
    bucket->long_count += !is_short;
    bucket->short_count += is_short;
    bucket->venue_count[venue < MR_VENUES_MAX ? venue : 0]++;
}

uint32_t mr_velocity_levels(const struct mr_velocity *v, uint32_t underlying, struct mr_velocity_level *out, uint32_t n)
{
    if (underlying >= v->config.underlyings)
        return 0;
    const struct underlying *u = &v->underlying[underlying];
    uint32_t count = u->level_count < n ? u->level_count : n;
    memcpy(out, u->level, count * sizeof(*out));
    return count;
}

uint32_t mr_velocity_buckets(const struct mr_velocity *v, uint32_t underlying, struct mr_velocity_bucket *out,
                             uint32_t n)
{
    if (underlying >= v->config.underlyings || v->now_ns == INT64_MIN)
        return 0;
    int64_t start_ns = mr_grid_floor(v->now_ns, MR_VELOCITY_BUCKET_NS);
    n = n < MR_VELOCITY_BUCKETS ? n : MR_VELOCITY_BUCKETS;
    for (uint32_t i = 0; i < n; i++, start_ns -= MR_VELOCITY_BUCKET_NS) {
        const struct mr_velocity_bucket *bucket = bucket_slot(&v->underlying[underlying], start_ns);
        out[i] = bucket->start_ns == start_ns ? *bucket : (struct mr_velocity_bucket){.start_ns = start_ns};
    }
    return n;
}
