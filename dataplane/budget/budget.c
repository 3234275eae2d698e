#include "dataplane/budget/budget.h"

#define NS_PER_S 1000000000ll

/* How many may go at once, and after how long there is one more. */
static int64_t burst_of(const struct mr_budget *b)
{
    uint32_t burst = b->burst && b->burst < b->most ? b->burst : b->most / 2;
    return burst ? burst : 1;
}

static int64_t each_of(const struct mr_budget *b)
{
    int64_t window_ns = (int64_t)b->window_s * NS_PER_S, refill = (int64_t)b->most - burst_of(b);
    return refill > 0 ? (window_ns + refill - 1) / refill : window_ns;
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

int64_t mr_budget_when(const struct mr_budget *b, uint32_t n, int64_t now_ns)
{
    int64_t at_ns = __atomic_load_n(&b->owes_ns, __ATOMIC_RELAXED);
    if (b->most) {
        int64_t full_ns = later(__atomic_load_n(&b->full_ns, __ATOMIC_RELAXED), now_ns);
        at_ns = later(at_ns, full_ns + ((int64_t)n - burst_of(b)) * each_of(b));
    }
    return at_ns > now_ns ? at_ns : 0;
}

int64_t mr_budget_take(struct mr_budget *b, uint32_t n, int64_t now_ns)
{
    int64_t owes_ns = __atomic_load_n(&b->owes_ns, __ATOMIC_RELAXED);
    if (owes_ns > now_ns)
        return owes_ns;
    if (b->most == 0)
        return 0;
    int64_t burst = burst_of(b), each_ns = each_of(b), full_ns;
    int64_t want = n < burst ? n : burst, seen = __atomic_load_n(&b->full_ns, __ATOMIC_RELAXED);
    do {
        full_ns = later(seen, now_ns);
        int64_t allowed_ns = full_ns + (want - burst) * each_ns;
        if (allowed_ns > now_ns)
            return allowed_ns;
    } while (!__atomic_compare_exchange_n(&b->full_ns, &seen, full_ns + want * each_ns, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return 0;
}

void mr_budget_give(struct mr_budget *b, uint32_t n)
{
    if (b->most)
        __atomic_fetch_sub(&b->full_ns, (n < burst_of(b) ? n : burst_of(b)) * each_of(b), __ATOMIC_RELAXED);
}

static void raise_to(int64_t *word, int64_t value)
{
    int64_t seen = __atomic_load_n(word, __ATOMIC_RELAXED);
    while (seen < value && !__atomic_compare_exchange_n(word, &seen, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

void mr_budget_owe(struct mr_budget *b, int64_t until_ns, int64_t now_ns)
{
    int64_t from_ns = until_ns > now_ns ? until_ns : b->most ? now_ns + each_of(b) : now_ns;
    raise_to(&b->owes_ns, from_ns);
    if (b->most)
        raise_to(&b->full_ns, from_ns + (burst_of(b) - 1) * each_of(b));
}

static int64_t sooner(int64_t a, int64_t b) { return a < b ? a : b; }

void mr_budget_carry(struct mr_budget *b, const struct mr_budget *left, int64_t now_ns)
{
    const int64_t owes_ns = sooner(__atomic_load_n(&left->owes_ns, __ATOMIC_RELAXED), now_ns + 86400 * NS_PER_S);
    const int64_t full_ns = sooner(__atomic_load_n(&left->full_ns, __ATOMIC_RELAXED),
                                   later(owes_ns, now_ns) + (int64_t)b->window_s * NS_PER_S);
    raise_to(&b->owes_ns, owes_ns);
    raise_to(&b->full_ns, full_ns);
}

uint32_t mr_stock_take(struct mr_stock *s, uint32_t n)
{
    uint32_t used = __atomic_load_n(&s->used, __ATOMIC_RELAXED), got;
    do {
        uint32_t room = used < s->most ? s->most - used : 0;
        got = !s->most || n < room ? n : room;
    } while (!__atomic_compare_exchange_n(&s->used, &used, used + got, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return got;
}

void mr_stock_give(struct mr_stock *s, uint32_t n)
{
    uint32_t used = __atomic_fetch_sub(&s->used, n, __ATOMIC_RELAXED);
    MR_ASSERT(used >= n); /* what is given back was taken */
}

uint32_t mr_budget_share(uint32_t most, uint32_t share)
{
    uint64_t part = (uint64_t)most * share / 100;
    return most && part == 0 ? 1 : (uint32_t)part;
}

void mr_budgets_init(struct mr_budgets *b, const struct mr_venue_limits *limits, uint32_t share)
{
    *b = (struct mr_budgets){
        .dials = {.most = mr_budget_share(limits->dials, share), .window_s = limits->dials_s},
        .sends = {.most = mr_budget_share(limits->sends, share), .window_s = limits->sends_s},
        .connections = {.most = mr_budget_share(limits->connections, share)},
        .subscriptions = {.most = mr_budget_share(limits->subscriptions, share)},
    };
}

const char *mr_budget_kind_name(uint8_t kind)
{
    static const char *const names[MR_BUDGET_KINDS] = {"nothing", "connection attempts", "connections", "messages",
                                                       "subscriptions"};
    return kind < MR_BUDGET_KINDS ? names[kind] : "?";
}
