#include "controlplane/orders/breaker.h"

int mr_breaker_init(struct mr_breaker *b, const struct mr_breaker_limit *limit)
{
    if (!limit->failures || limit->failures > MR_BREAKER_FAILURES_MAX || limit->window_ns < 1 || limit->open_ns < 1)
        return MR_E_RANGE;
    *b = (struct mr_breaker){.limit = *limit};
    return MR_OK;
}

static void open_it(struct mr_breaker *b, int64_t now_ns)
{
    b->state = MR_BREAKER_OPEN;
    b->until_ns = now_ns + b->limit.open_ns;
    b->count = b->next = 0;
    b->opened++;
}

/* Time alone leads from open to half-open. */
static void look(struct mr_breaker *b, int64_t now_ns)
{
    if (b->state == MR_BREAKER_OPEN && now_ns >= b->until_ns) {
        b->state = MR_BREAKER_HALF_OPEN;
        b->tried = false;
    }
}

bool mr_breaker_allows(struct mr_breaker *b, int64_t now_ns)
{
    look(b, now_ns);
    if (b->state == MR_BREAKER_CLOSED)
        return true;
    if (b->state == MR_BREAKER_OPEN || b->tried)
        return false;
    b->tried = true;
    return true;
}

void mr_breaker_success(struct mr_breaker *b, int64_t now_ns)
{
    look(b, now_ns);
    if (b->state == MR_BREAKER_HALF_OPEN)
        b->state = MR_BREAKER_CLOSED;
}

void mr_breaker_failure(struct mr_breaker *b, int64_t now_ns)
{
    look(b, now_ns);
    if (b->state == MR_BREAKER_OPEN)
        return;
    if (b->state == MR_BREAKER_HALF_OPEN) {
        open_it(b, now_ns);
        return;
    }
    b->failed_ns[b->next] = now_ns;
    b->next = (b->next + 1) % b->limit.failures;
    if (b->count < b->limit.failures)
        b->count++;
    /* `next` is the oldest once all are in use */
    if (b->count == b->limit.failures && now_ns - b->failed_ns[b->next] <= b->limit.window_ns)
        open_it(b, now_ns);
}

const char *mr_breaker_state_name(unsigned state)
{
    static const char *const names[] = {"closed", "open", "half_open"};
    return state < MR_COUNT_OF(names) ? names[state] : "?";
}
