#include "controlplane/orders/bucket.h"

#define QUOTA_MAX 1000000
#define WINDOW_MAX 1000000000000

int mr_bucket_init(struct mr_bucket *b, const struct mr_bucket_limit *limit, int64_t now_ns)
{
    if (limit->quota > QUOTA_MAX || !limit->burst || limit->burst > limit->quota || limit->window_ns < 1 ||
        limit->window_ns > WINDOW_MAX)
        return MR_E_RANGE;
    *b = (struct mr_bucket){
        .limit = *limit, .level = limit->burst * limit->window_ns, .at_ns = now_ns, .blocked_ns = INT64_MIN};
    return MR_OK;
}

static int64_t rate(const struct mr_bucket *b) { return (int64_t)b->limit.quota - b->limit.burst; }

/* What it holds at `now_ns`, which is not before at_ns. */
static int64_t level_at(const struct mr_bucket *b, int64_t now_ns)
{
    int64_t full = b->limit.burst * b->limit.window_ns;
    mr_i128 level = b->level + ((mr_i128)now_ns - b->at_ns) * rate(b);
    return level < full ? (int64_t)level : full;
}

bool mr_bucket_take(struct mr_bucket *b, uint32_t keep, int64_t now_ns)
{
    if (now_ns > b->at_ns) {
        b->level = level_at(b, now_ns);
        b->at_ns = now_ns;
    }
    if (now_ns < b->blocked_ns || b->level < (1 + (int64_t)keep) * b->limit.window_ns)
        return false;
    b->level -= b->limit.window_ns;
    return true;
}

int64_t mr_bucket_when(const struct mr_bucket *b, uint32_t keep, int64_t now_ns)
{
    int64_t need = (1 + (int64_t)keep) * b->limit.window_ns - b->level, when = now_ns;
    if (keep >= b->limit.burst || (need > 0 && !rate(b)))
        return INT64_MAX;
    if (need > 0) {
        int64_t full_at = b->at_ns + (need + rate(b) - 1) / rate(b);
        when = full_at > when ? full_at : when;
    }
    return b->blocked_ns > when ? b->blocked_ns : when;
}

void mr_bucket_block(struct mr_bucket *b, int64_t until_ns)
{
    if (until_ns > b->blocked_ns)
        b->blocked_ns = until_ns;
}
