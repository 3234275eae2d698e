/* How a parent is cut: sizes, times, what is shown. Pure functions of the plan, so that a restart finds the same. */
#include "controlplane/orders/slices/slices.h"

#define VARY_E4_MAX 9000

const char *mr_slices_kind_name(unsigned kind)
{
    static const char *const names[] = {"twap", "vwap", "iceberg"};
    static_assert(MR_COUNT_OF(names) == MR_SLICES_KIND_COUNT, "a name a kind");
    return kind < MR_COUNT_OF(names) ? names[kind] : "?";
}

const char *mr_slices_state_name(unsigned state)
{
    static const char *const names[] = {"working", "ending", "done", "cancelled", "failed"};
    static_assert(MR_COUNT_OF(names) == MR_SLICES_STATE_COUNT, "a name a state");
    return state < MR_COUNT_OF(names) ? names[state] : "?";
}

const char *mr_slices_why_text(unsigned why)
{
    static const char *const texts[] = {"",
                                        "as asked",
                                        "trading was stopped",
                                        "its time is over",
                                        "what is left is less than a lot",
                                        "its orders were denied or refused",
                                        "such orders cannot be taken"};
    static_assert(MR_COUNT_OF(texts) == MR_SLICES_WHY_COUNT, "a text a reason");
    return why < MR_COUNT_OF(texts) ? texts[why] : "?";
}

static bool parent_ok(const struct mr_order *o)
{
    return o->side <= MR_SIDE_SELL && o->type == MR_ORDER_LIMIT && o->tif == MR_TIF_GTC && o->price > 0 &&
           o->stop_price == 0 && o->size > 0 && (o->role == MR_ROLE_ENTRY || o->role == MR_ROLE_EXIT) &&
           !(o->flags & ~(MR_ORDER_FLAGS_ALL & ~MR_ORDER_EMERGENCY)) && o->parent == 0 && o->arrival_mid >= 0;
}

static bool timed_ok(const struct mr_slices_plan *p)
{
    uint64_t weights = 0, beyond = 0;
    if (p->shown || p->parent.expires_ns || !p->slices || p->slices > MR_SLICES_MAX || p->passive > 1 ||
        p->catch_up > 1 || p->duration_ns < p->slices * MR_SLICES_INTERVAL_NS || p->duration_ns > MR_SLICES_DURATION_NS)
        return false;
    for (uint32_t i = 0; i < MR_SLICES_MAX; i++)
        *(i < p->slices ? &weights : &beyond) += p->weight[i];
    if (beyond)
        return false;
    return p->kind == MR_SLICES_VWAP ? weights > 0 : weights == 0 && p->parent.size / p->lot >= p->slices;
}

static bool iceberg_ok(const struct mr_slices_plan *p, int64_t now_ns)
{
    for (uint32_t i = 0; i < MR_SLICES_MAX; i++)
        if (p->weight[i])
            return false;
    return p->shown > 0 && p->shown % p->lot == 0 && p->shown <= p->parent.size && !p->slices && !p->duration_ns &&
           !p->passive && !p->catch_up && (!p->parent.expires_ns || p->parent.expires_ns > now_ns);
}

int mr_slices_check(const struct mr_slices_plan *p, int64_t now_ns)
{
    if (p->kind >= MR_SLICES_KIND_COUNT || p->lot <= 0 || p->vary_e4 > VARY_E4_MAX || !parent_ok(&p->parent) ||
        p->parent.size % p->lot)
        return MR_E_RANGE;
    return (p->kind == MR_SLICES_ICEBERG ? iceberg_ok(p, now_ns) : timed_ok(p)) ? MR_OK : MR_E_RANGE;
}

static void by_weight(const struct mr_slices_plan *p, mr_size sizes[MR_SLICES_MAX])
{
    mr_u128 rest[MR_SLICES_MAX] = {0}, all = 0;
    mr_size lots = p->parent.size / p->lot, left = lots;
    for (uint32_t i = 0; i < p->slices; i++)
        all += p->weight[i];
    for (uint32_t i = 0; i < p->slices; i++) {
        mr_u128 share = (mr_u128)lots * p->weight[i];
        sizes[i] = (mr_size)(share / all);
        rest[i] = share % all;
        left -= sizes[i];
    }
    while (left-- > 0) { /* fewer than there are rests: each is less than one lot, and together they are these */
        uint32_t most = 0;
        for (uint32_t i = 1; i < p->slices; i++)
            most = rest[i] > rest[most] ? i : most;
        MR_ASSERT(rest[most] > 0);
        sizes[most]++;
        rest[most] = 0;
    }
    for (uint32_t i = 0; i < p->slices; i++)
        sizes[i] *= p->lot;
}

void mr_slices_sizes(const struct mr_slices_plan *p, mr_size sizes[MR_SLICES_MAX])
{
    memset(sizes, 0, MR_SLICES_MAX * sizeof sizes[0]);
    if (p->kind == MR_SLICES_VWAP) {
        by_weight(p, sizes);
        return;
    }
    mr_size each = p->parent.size / p->lot / p->slices * p->lot;
    for (uint32_t i = 0; i < p->slices; i++)
        sizes[i] = each;
    sizes[p->slices - 1] += p->parent.size - each * p->slices;
}

int64_t mr_slices_begins(const struct mr_slices_plan *p, int64_t started_ns, uint32_t i)
{
    return started_ns + (int64_t)((mr_i128)p->duration_ns * i / p->slices);
}

/* splitmix64 of seed and number, brought below the bound by its upper half. */
static uint64_t drawn(uint64_t seed, uint32_t k, uint64_t bound)
{
    uint64_t x = seed + (k + 1ull) * 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return (uint64_t)((mr_u128)(x ^ x >> 31) * bound >> 64);
}

int64_t mr_slices_leaves(const struct mr_slices_plan *p, int64_t started_ns, uint32_t i)
{
    int64_t begin = mr_slices_begins(p, started_ns, i);
    int64_t interval = mr_slices_begins(p, started_ns, i + 1) - begin;
    return begin + (int64_t)drawn(p->seed, i, (uint64_t)((mr_i128)interval * p->vary_e4 / 10000) + 1);
}

mr_size mr_slices_shown(const struct mr_slices_plan *p, uint32_t k)
{
    mr_size lots = p->shown / p->lot, by = (mr_size)((mr_i128)lots * p->vary_e4 / 10000);
    lots += (mr_size)drawn(p->seed, k, 2 * (uint64_t)by + 1) - by;
    mr_i128 shown = (mr_i128)lots * p->lot; /* vary_e4 is below one: at least one lot */
    return shown < p->parent.size ? (mr_size)shown : p->parent.size;
}
