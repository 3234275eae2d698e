#include "dataplane/clock/health.h"

#define MEDIAN_OF 5           /* floors that a new one is held against */
#define OFFSET_OF 6           /* a minute */
#define DRIFT_LEAST 12        /* floors: two minutes */
#define BACK_NS 1000000000ll  /* messages of several connections may come a little out of order */
#define TIME_MAX (1ll << 62)  /* beyond it, or below 0, a receive time is none */
#define FLOOR_MAX (1ll << 56) /* two years: sums of a few floors always fit */

static void begin(struct mr_clock_health *h, int64_t recv_ns)
{
    h->low[0] = h->low[1] = h->low[2] = INT64_MAX;
    h->begin_ns = recv_ns;
    h->count = 0;
}

void mr_clock_health_init(struct mr_clock_health *h)
{
    memset(h, 0, sizeof *h);
    begin(h, INT64_MIN); /* the first message closes an empty window */
}

/* The floor that was taken `back` windows ago. */
static uint32_t idx(const struct mr_clock_health *h, uint32_t back)
{
    return (h->next + MR_CLOCK_FLOORS - 1 - back) % MR_CLOCK_FLOORS;
}

static void push(struct mr_clock_health *h, int64_t floor_ns, int64_t at_ns)
{
    h->floor_ns[h->next] = floor_ns;
    h->at_ns[h->next] = at_ns;
    h->next = (h->next + 1) % MR_CLOCK_FLOORS;
    h->floors += h->floors < MR_CLOCK_FLOORS;
}

static int64_t median(int64_t *values, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = i; k > 0 && values[k] < values[k - 1]; k--) {
            int64_t v = values[k];
            values[k] = values[k - 1];
            values[k - 1] = v;
        }
    return values[n / 2];
}

static int64_t distance(int64_t a, int64_t b) { return a < b ? b - a : a - b; }

/* How far `floor_ns` is from the floors before it, if that is beyond what they do among themselves; else 0. */
static int64_t leap(const struct mr_clock_health *h, int64_t floor_ns)
{
    int64_t values[MEDIAN_OF], apart[MEDIAN_OF];
    uint32_t n = h->floors < MEDIAN_OF ? h->floors : MEDIAN_OF;
    if (n < 3)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        values[i] = h->floor_ns[idx(h, i)];
    int64_t middle = median(values, n);
    for (uint32_t i = 0; i < n; i++)
        apart[i] = distance(values[i], middle);
    int64_t usual = median(apart, n), diff = floor_ns - middle;
    return distance(diff, 0) > MR_CLOCK_JUMP_NS + 8 * usual ? diff : 0;
}

static void take(struct mr_clock_health *h, int64_t floor_ns, int64_t at_ns)
{
    int64_t diff = leap(h, floor_ns);
    if (diff == 0) {
        h->outliers += h->suspected;
        h->suspected = false;
        push(h, floor_ns, at_ns);
    } else if (h->suspected && distance(floor_ns, h->suspect_ns) <= MR_CLOCK_JUMP_NS) {
        h->jumps++;
        h->jump_ns = diff;
        h->since_jump = 0;
        h->floors = 0;
        h->suspected = false;
        push(h, floor_ns, at_ns);
    } else {
        h->outliers += h->suspected;
        h->suspected = true;
        h->suspect_ns = floor_ns;
    }
}

static void measure(struct mr_clock_health *h)
{
    uint32_t n = h->floors < OFFSET_OF ? h->floors : OFFSET_OF;
    if (n == 0)
        return;
    h->offset_ns = h->floor_ns[idx(h, 0)];
    for (uint32_t i = 1; i < n; i++)
        if (h->floor_ns[idx(h, i)] < h->offset_ns)
            h->offset_ns = h->floor_ns[idx(h, i)];
    h->drift_ppm = 0;
    if (h->floors < DRIFT_LEAST)
        return;
    /* from the newest floor on, so that the numbers are small */
    double sx = 0, sy = 0, sxx = 0, sxy = 0, count = h->floors;
    int64_t at_ns = h->at_ns[idx(h, 0)], floor_ns = h->floor_ns[idx(h, 0)];
    for (uint32_t i = 0; i < h->floors; i++) {
        double x = (double)(int64_t)((uint64_t)h->at_ns[idx(h, i)] - (uint64_t)at_ns) / 1e9,
               y = (double)(h->floor_ns[idx(h, i)] - floor_ns) / 1e9;
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
    }
    double spread = count * sxx - sx * sx;
    h->drift_ppm = spread > 0 ? (count * sxy - sx * sy) / spread * 1e6 : 0;
}

/* Our own clock went back: the past is counted from its new time. */
static void went_back(struct mr_clock_health *h, int64_t by_ns)
{
    for (uint32_t i = 0; i < MR_CLOCK_FLOORS; i++)
        h->at_ns[i] = (int64_t)((uint64_t)h->at_ns[i] - (uint64_t)by_ns);
}

static int64_t bounded(int64_t floor_ns)
{
    return floor_ns < -FLOOR_MAX ? -FLOOR_MAX : floor_ns > FLOOR_MAX ? FLOOR_MAX : floor_ns;
}

MR_COLD bool mr_clock_health_close(struct mr_clock_health *h, int64_t recv_ns)
{
    if (recv_ns < 0 || recv_ns > TIME_MAX)
        return false;
    if (h->begin_ns == INT64_MIN) { /* of this message on, what it said among it */
        h->begin_ns = recv_ns;
        return false;
    }
    if (recv_ns < h->begin_ns) {
        int64_t by_ns = h->begin_ns - recv_ns;
        if (by_ns < BACK_NS)
            return false;
        went_back(h, by_ns);
        begin(h, recv_ns); /* lags by two clocks: worth nothing together */
        return false;
    }
    if (h->count < MR_CLOCK_LEAST)
        return false;
    h->windows++;
    h->since_jump += h->since_jump < UINT32_MAX;
    take(h, bounded(h->low[2]), recv_ns);
    measure(h);
    begin(h, recv_ns);
    return true;
}

enum mr_clock_state mr_clock_health_state(const struct mr_clock_health *h)
{
    if (h->floors == 0)
        return MR_CLOCK_IS_UNKNOWN;
    if (h->jumps && h->since_jump < OFFSET_OF)
        return MR_CLOCK_IS_JUMPED;
    if (h->drift_ppm > MR_CLOCK_DRIFT_PPM || h->drift_ppm < -MR_CLOCK_DRIFT_PPM)
        return MR_CLOCK_IS_DRIFTS;
    if (h->offset_ns < 0)
        return MR_CLOCK_IS_BEHIND;
    return h->offset_ns > MR_CLOCK_LATE_NS ? MR_CLOCK_IS_LATE : MR_CLOCK_IS_GOOD;
}

const char *mr_clock_state_name(unsigned state)
{
    static const char *const names[] = {
#define MR_X(name, value, text, help) [value] = (text),
        MR_CLOCK_STATES(MR_X)
#undef MR_X
    };
    return state < MR_COUNT_OF(names) ? names[state] : "?";
}
