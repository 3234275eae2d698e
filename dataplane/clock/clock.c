#include "dataplane/clock/clock.h"

#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define SHIFT 32
#define CALIBRATION_NS 10000000ll /* boot: two readings this far apart */
#define RECALIBRATE_NS 1000000000ll

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t mr_clock_mono(void) { return read_clock(CLOCK_MONOTONIC); }

static bool invariant_tsc(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8);
#else
    return false;
#endif
}

struct reading {
    uint64_t tsc;
    int64_t wall;
};

/* A wall reading and the TSC that belongs to it: the tightest of a few tries, since an interrupt may fall between. */
static struct reading read_pair(void)
{
    struct reading best = {0};
    uint64_t width = 0;
    for (int i = 0; i < 5; i++) {
        uint64_t before = mr_tsc();
        int64_t now = read_clock(CLOCK_REALTIME);
        uint64_t after = mr_tsc();
        if (i && after - before >= width)
            continue;
        width = after - before;
        best = (struct reading){before + width / 2, now};
    }
    return best;
}

static uint64_t rate(uint64_t tsc, int64_t ns) { return (uint64_t)(((mr_u128)(uint64_t)ns << SHIFT) / tsc); }

int mr_clock_open(struct mr_clock *c)
{
    *c = (struct mr_clock){0};
    c->tsc_ok = invariant_tsc();
    if (!c->tsc_ok)
        return MR_OK; /* mr_clock_now asks the kernel */
    int64_t start = mr_clock_mono();
    struct reading first = read_pair();
    while (mr_clock_mono() - start < CALIBRATION_NS)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    struct reading then = read_pair();
    if (then.tsc <= first.tsc || then.wall <= first.wall) {
        c->tsc_ok = false; /* the wall clock was set back under us: ask the kernel instead */
        return MR_OK;
    }
    c->tsc_base = c->first_tsc = first.tsc;
    c->wall_base_ns = c->first_wall_ns = first.wall;
    c->tick_ns = c->mult = rate(then.tsc - first.tsc, then.wall - first.wall);
    c->next_calibration_tsc = then.tsc + (uint64_t)((double)RECALIBRATE_NS * mr_clock_tsc_per_ns(c));
    return MR_OK;
}

void mr_clock_open_virtual(struct mr_clock *c, int64_t start_ns)
{
    *c = (struct mr_clock){.virtual_time = true, .virtual_ns = start_ns, .last_ns = start_ns};
}

void mr_clock_set(struct mr_clock *c, int64_t ns)
{
    MR_ASSERT(c->virtual_time);
    if (ns > c->virtual_ns)
        c->virtual_ns = ns;
}

double mr_clock_tsc_per_ns(const struct mr_clock *c) { return c->mult ? (double)(1ull << SHIFT) / (double)c->mult : 0; }

static int64_t tsc_wall(const struct mr_clock *c, uint64_t tsc)
{
    if (tsc < c->tsc_base)
        return c->wall_base_ns;
    return c->wall_base_ns + (int64_t)(((mr_u128)(tsc - c->tsc_base) * c->mult) >> SHIFT);
}

int64_t mr_clock_now(struct mr_clock *c)
{
    int64_t now = c->virtual_time ? c->virtual_ns : c->tsc_ok ? tsc_wall(c, mr_tsc()) : read_clock(CLOCK_REALTIME);
    if (now > c->last_ns)
        c->last_ns = now;
    return c->last_ns;
}

/* Slews: the rate over the longest base, bent so that this clock meets the kernel's a second from now; time never
 * steps. A difference beyond a tenth of a second is a clock that was set: taken over at once when forward, slewed
 * at one part in a hundred when back, and the base starts anew. */
void mr_clock_housekeep(struct mr_clock *c)
{
    if (c->virtual_time || !c->tsc_ok || mr_tsc() < c->next_calibration_tsc)
        return;
    struct reading r = read_pair();
    int64_t ours = tsc_wall(c, r.tsc), error = r.wall - ours, bend = RECALIBRATE_NS / 100;
    bool set = error > RECALIBRATE_NS / 10 || error < -RECALIBRATE_NS / 10;
    if (!set && r.wall > c->first_wall_ns)
        c->tick_ns = rate(r.tsc - c->first_tsc, r.wall - c->first_wall_ns);
    if (set) {
        c->first_tsc = r.tsc;
        c->first_wall_ns = r.wall;
    }
    c->tsc_base = r.tsc;
    c->wall_base_ns = set && error > 0 ? r.wall : ours;
    int64_t left = set && error > 0 ? 0 : error < -bend ? -bend : error > bend ? bend : error;
    c->mult = (uint64_t)((mr_u128)c->tick_ns * (uint64_t)(RECALIBRATE_NS + left) / RECALIBRATE_NS);
    c->next_calibration_tsc = r.tsc + (uint64_t)(((mr_u128)RECALIBRATE_NS << SHIFT) / c->tick_ns);
}
