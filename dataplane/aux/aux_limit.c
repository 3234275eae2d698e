/* A host's token bucket. A quarter of the limit may go at once and three quarters flow in over a minute, so that no 60
 * s ever see more than the limit, wherever the host's own window begins. */
#include <stdio.h>

#include "dataplane/aux/aux_priv.h"

#define MINUTE_NS (60 * SECOND_NS)
#define TOKEN MINUTE_NS   /* so that one ns adds `rate` units: exact integers */
#define RATE_MAX 1000000u /* a minute: keeps the products below 2^63 */

static int64_t burst(const struct mr_aux_bucket *b) { return b->per_minute >= 4 ? b->per_minute / 4 : 1; }

static int64_t rate(const struct mr_aux_bucket *b)
{
    int64_t rest = (int64_t)b->per_minute - burst(b);
    return rest > 0 ? rest : 1;
}

void mr_aux_bucket_init(struct mr_aux_bucket *b, const char *host, uint32_t per_minute)
{
    *b = (struct mr_aux_bucket){
        .per_minute = per_minute > RATE_MAX ? RATE_MAX : per_minute, .filled_ns = INT64_MIN, .stop_ns = INT64_MIN};
    snprintf(b->host, sizeof b->host, "%s", host);
    b->tokens = burst(b) * TOKEN;
}

static void fill(struct mr_aux_bucket *b, int64_t now_ns)
{
    int64_t full = burst(b) * TOKEN;
    if (b->filled_ns != INT64_MIN && now_ns > b->filled_ns) {
        int64_t passed = now_ns - b->filled_ns;
        b->tokens = passed >= MINUTE_NS || passed * rate(b) >= full - b->tokens ? full : b->tokens + passed * rate(b);
    }
    if (b->filled_ns == INT64_MIN || now_ns > b->filled_ns)
        b->filled_ns = now_ns;
}

bool mr_aux_bucket_take(struct mr_aux_bucket *b, int64_t now_ns)
{
    fill(b, now_ns);
    if (now_ns < b->stop_ns)
        return false;
    if (b->per_minute && b->tokens < TOKEN)
        return false;
    if (b->per_minute)
        b->tokens -= TOKEN;
    return true;
}

int64_t mr_aux_bucket_wait_ns(struct mr_aux_bucket *b, int64_t now_ns, uint32_t ahead)
{
    fill(b, now_ns);
    int64_t stop = now_ns < b->stop_ns ? b->stop_ns - now_ns : 0, missing = ((int64_t)ahead + 1) * TOKEN - b->tokens;
    int64_t flow = b->per_minute && missing > 0 ? missing / rate(b) : 0;
    return stop > flow ? stop : flow;
}

void mr_aux_bucket_stop(struct mr_aux_bucket *b, int64_t until_ns)
{
    if (until_ns > b->stop_ns)
        b->stop_ns = until_ns;
}
