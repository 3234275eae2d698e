#include "dataplane/session/budget.h"

int64_t mr_budget_take(struct mr_budget *b, int64_t now_ns)
{
    if (b->most == 0)
        return 0;
    int64_t bucket = b->most / 2 ? b->most / 2 : 1, refill = b->most - bucket ? b->most - bucket : 1;
    int64_t window_ns = (int64_t)b->window_s * 1000000000;
    int64_t each_ns = b->most == 1 ? window_ns : window_ns / refill; /* until one more is there */
    int64_t seen = __atomic_load_n(&b->full_ns, __ATOMIC_RELAXED), full_ns;
    do {
        full_ns = seen > now_ns ? seen : now_ns;
        int64_t allowed_ns = full_ns - (bucket - 1) * each_ns;
        if (allowed_ns > now_ns)
            return allowed_ns;
    } while (
        !__atomic_compare_exchange_n(&b->full_ns, &seen, full_ns + each_ns, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return 0;
}
