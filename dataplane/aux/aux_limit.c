/* A host's token bucket: a budget (dataplane/budget) of which a quarter may go at once and three quarters flow in over its window, so that
 * no window ever sees more than the limit, wherever the host's own window begins. */
#include <stdio.h>

#include "dataplane/aux/aux_priv.h"

void mr_aux_bucket_init(struct mr_aux_bucket *b, const char *host, uint32_t most, uint32_t window_s,
                        struct mr_budget *kept)
{
    *b = (struct mr_aux_bucket){.budget = kept ? kept : &b->own};
    b->budget->most = most;
    b->budget->window_s = window_s ? window_s : 60;
    b->budget->burst = most >= 4 ? most / 4 : 1;
    snprintf(b->host, sizeof b->host, "%s", host);
}

bool mr_aux_bucket_take(struct mr_aux_bucket *b, uint32_t weight, int64_t now_ns)
{
    return mr_budget_take(b->budget, weight, now_ns) == 0;
}

int64_t mr_aux_bucket_wait_ns(const struct mr_aux_bucket *b, int64_t now_ns, uint32_t weight)
{
    int64_t when_ns = mr_budget_when(b->budget, weight, now_ns);
    return when_ns ? when_ns - now_ns : 0;
}

void mr_aux_bucket_stop(struct mr_aux_bucket *b, int64_t until_ns, int64_t now_ns)
{
    mr_budget_owe(b->budget, until_ns, now_ns);
}
