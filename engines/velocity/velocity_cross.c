/* Venues of one underlying against each other: correlation of their 1 s counts, and who leads (E-5).
 *
 * Second s stands for (s - 1 s, s]. When one ends, its counts enter and those of 60 s before leave the sums of counts,
 * squares and products, so a second costs the same whatever the window holds. All of them are integers below 2^53. */
#include "engines/velocity/velocity_priv.h"
#include "engines/window/math.h"

/* Ring index of the second `age` back: 0 is the newest, 59 the oldest. */
static uint32_t back(const struct underlying *u, uint32_t age)
{
    uint32_t at = u->second + 2 * SECONDS - 1 - age;
    return at % SECONDS;
}

/* The oldest second leaves: its products with the seconds 0 .. 5 s later. Called while it is still in the ring. */
static void leave(struct underlying *u)
{
    for (uint32_t a = 0; a < u->parts; a++) {
        uint64_t left = u->part[a].count[back(u, SECONDS - 1)];
        if (left == 0)
            continue;
        u->part[a].sum -= left;
        u->part[a].square -= left * left;
        for (uint32_t b = 0; b < u->parts; b++)
            for (uint32_t lag = 0; lag < LAGS; lag++)
                u->product[a][b][lag] -= left * u->part[b].count[back(u, SECONDS - 1 - lag)];
    }
}

/* The newest second enters: its products with the seconds 0 .. 5 s earlier. Called when it is in the ring. */
static void enter(struct underlying *u)
{
    for (uint32_t b = 0; b < u->parts; b++) {
        uint64_t came = u->part[b].count[back(u, 0)];
        if (came == 0)
            continue;
        u->part[b].sum += came;
        u->part[b].square += came * came;
        for (uint32_t a = 0; a < u->parts; a++)
            for (uint32_t lag = 0; lag < LAGS; lag++)
                u->product[a][b][lag] += came * u->part[a].count[back(u, lag)];
    }
}

/* Sums of the newest and oldest 0 .. 5 seconds: what a lagged overlap leaves out. */
static void edges(const struct underlying *u, struct part *part)
{
    for (uint32_t lag = 1; lag < LAGS; lag++) {
        uint64_t newest = part->count[back(u, lag - 1)], oldest = part->count[back(u, SECONDS - lag)];
        part->newest_sum[lag] = part->newest_sum[lag - 1] + newest;
        part->newest_square[lag] = part->newest_square[lag - 1] + newest * newest;
        part->oldest_sum[lag] = part->oldest_sum[lag - 1] + oldest;
        part->oldest_square[lag] = part->oldest_square[lag - 1] + oldest * oldest;
    }
}

/* Pearson of count_a(k) and count_b(k + lag) over the 60 - lag seconds where both lie in the window. */
static double pearson(const struct underlying *u, uint32_t a, uint32_t b, uint32_t lag, bool *constant)
{
    const struct part *x = &u->part[a], *y = &u->part[b];
    int64_t n = SECONDS - lag;
    int64_t sx = (int64_t)(x->sum - x->newest_sum[lag]), sxx = (int64_t)(x->square - x->newest_square[lag]);
    int64_t sy = (int64_t)(y->sum - y->oldest_sum[lag]), syy = (int64_t)(y->square - y->oldest_square[lag]);
    int64_t vx = n * sxx - sx * sx, vy = n * syy - sy * sy;
    *constant = vx == 0 || vy == 0;
    if (*constant)
        return 0;
    return (double)(n * (int64_t)u->product[a][b][lag] - sx * sy) / mr_sqrt((double)vx * (double)vy);
}

/* Correlations are compared in whole billionths: rounding must not decide a tie. */
struct lead {
    int64_t billionths;
    int64_t micro;
    uint8_t venue;
    int8_t lag;
};

static int64_t billionths(double correlation) { return (int64_t)(correlation * 1e9 + (correlation < 0 ? -0.5 : 0.5)); }

static bool leads_more(const struct lead *a, const struct lead *b)
{
    if (a->billionths != b->billionths)
        return a->billionths > b->billionths;
    if (a->micro != b->micro)
        return a->micro > b->micro;
    if (a->venue != b->venue)
        return a->venue < b->venue;
    return a->lag < b->lag;
}

static int64_t minute_micro(struct mr_velocity *v, const struct part *part, int64_t grid_ns)
{
    struct mr_window *window = v->stream[part->stream].window;
    mr_window_advance(window, grid_ns);
    return mr_window_micro(window, v->own[OWN_MINUTE]);
}

/* The best lag of one pair, from 0 outward; `lead` becomes what it says if that is more than what was known. */
static void lead_of_pair(const struct underlying *u, const int64_t *micro, uint32_t a, uint32_t b, double together,
                         struct lead *lead)
{
    struct lead best = {.billionths = billionths(together)};
    bool constant;
    for (uint32_t lag = 1; lag < LAGS; lag++) {
        struct lead ab = {billionths(pearson(u, a, b, lag, &constant)), micro[a], u->part[a].venue, (int8_t)lag};
        struct lead ba = {billionths(pearson(u, b, a, lag, &constant)), micro[b], u->part[b].venue, (int8_t)lag};
        const struct lead *way = leads_more(&ab, &ba) ? &ab : &ba;
        if (way->billionths > best.billionths)
            best = *way;
    }
    if (best.lag != 0 && best.billionths > 0 && (lead->lag == 0 || leads_more(&best, lead)))
        *lead = best;
}

static void compare(struct mr_velocity *v, struct underlying *u, int64_t grid_ns)
{
    double sum = 0;
    int64_t micro[MR_VELOCITY_VENUES];
    struct lead lead = {0}, largest = {0};
    u->pairs = 0;
    u->venues = 0;
    u->constant = false;
    for (uint32_t a = 0; a < u->parts; a++) {
        if (u->part[a].sum == 0)
            continue;
        edges(u, &u->part[a]);
        micro[a] = minute_micro(v, &u->part[a], grid_ns);
        u->venues |= 1u << (u->part[a].venue & 31);
        struct lead one = {.micro = micro[a], .venue = u->part[a].venue};
        if (largest.venue == 0 || leads_more(&one, &largest))
            largest = one;
        for (uint32_t b = 0; b < a; b++) {
            if (u->part[b].sum == 0)
                continue;
            bool constant;
            double together = pearson(u, b, a, 0, &constant);
            sum += together;
            u->constant |= constant;
            u->pairs++;
            lead_of_pair(u, micro, b, a, together, &lead);
        }
    }
    u->correlation = u->pairs ? sum / u->pairs : 0;
    if (lead.lag == 0)
        lead = largest;
    u->leading_venue = lead.venue;
    u->leading_lag = lead.lag;
}

void velocity_cross_second(struct mr_velocity *v, struct underlying *u, int64_t grid_ns)
{
    leave(u);
    for (uint32_t i = 0; i < u->parts; i++) {
        u->part[i].count[u->second] = u->part[i].now;
        u->part[i].now = 0;
    }
    u->second = u->second + 1 < SECONDS ? u->second + 1 : 0;
    enter(u);
    compare(v, u, grid_ns);
}

uint32_t mr_velocity_pairs(const struct mr_velocity *v, uint32_t underlying, struct mr_velocity_pair *out, uint32_t n)
{
    uint32_t count = 0;
    if (underlying >= v->config.underlyings)
        return 0;
    const struct underlying *u = &v->underlying[underlying];
    for (uint32_t a = 0; a < u->parts; a++)
        for (uint32_t b = 0; b < a && count < n; b++) {
            if (u->part[a].sum == 0 || u->part[b].sum == 0)
                continue;
            struct mr_velocity_pair *pair = &out[count++];
            *pair = (struct mr_velocity_pair){.a = u->part[b].venue, .b = u->part[a].venue};
            pair->correlation = pearson(u, b, a, 0, &pair->constant);
        }
    return count;
}
