/* The scheduler: what happens next, and when. */
#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdio.h>

#include "tests/sim/judge.h"

const struct fault_row sim_faults[FAULT_COUNT] = {
#define FAULT(name, class, rate, what) {#name, #class, rate, what},
#define NO_FAULT(name, class, why)
#include "tests/sim/faults.def"
#undef FAULT
#undef NO_FAULT
};
const char *const sim_fail_names[SIM_FAIL_COUNT] = {"write", "sync", "send", "open", "memory"};
const char *const sim_invariants[INVARIANT_COUNT] = {
    "",
#define INVARIANT(number, name, what) [number] = #name,
#include "tests/sim/invariants.def"
#undef INVARIANT
};

uint64_t sim_below(struct world *w, uint64_t bound) { return mr_random_below(&w->random, bound); }
int64_t sim_between(struct world *w, int64_t least, int64_t most)
{
    return least + (int64_t)sim_below(w, (uint64_t)(most - least + 1));
}

bool sim_fault(struct world *w, enum fault f)
{
    if (w->calm || !w->rate[f] || sim_below(w, 1000000) >= w->rate[f])
        return false;
    w->hits[f]++;
    w->hash = (w->hash ^ f) * 0x100000001b3u;
    return true;
}

void sim_event(struct world *w, const char *format, ...)
{
    char *line = w->log[w->logged++ % MR_COUNT_OF(w->log)];
    va_list args;
    int n = snprintf(line, 40, "%7llu %11.3f ms  ", (unsigned long long)w->step,
                     (double)(w->truth % (86400 * SIM_S)) / 1e6);
    va_start(args, format);
    vsnprintf(line + n, sizeof w->log[0] - (size_t)n, format, args);
    va_end(args);
    w->events++;
    for (const char *c = line; *c; c++)
        w->hash = (w->hash ^ (uint8_t)*c) * 0x100000001b3u;
    if (w->config.trace)
        printf("%s\n", line);
}

bool sim_step_ok(struct world *w)
{
    if (w->dying)
        return false;
    w->steps_counted++;
    bool dies = w->config.die_at_step && w->steps_counted == w->config.die_at_step;
    if (!dies && w->alive && sim_fault(w, FAULT_KILL)) {
        dies = true;
        w->power = false;
    }
    if (!dies && w->alive && sim_fault(w, FAULT_TORN_WRITE))
        dies = w->power = true;
    w->dying = dies;
    return !dies;
}

/* ---- the kill switch's files ---- */

static int kill_read(void *self, enum mr_kill_file file, char *out, uint32_t bytes)
{
    struct world *w = self;
    uint32_t n = w->kill_len[file] < bytes ? w->kill_len[file] : bytes;
    memcpy(out, w->kill_file[file], n);
    return w->kill_len[file] ? (int)n : MR_E_EMPTY;
}
static int kill_write(void *self, enum mr_kill_file file, const char *text, uint32_t len, struct mr_err *err)
{
    struct world *w = self;
    (void)err;
    w->kill_len[file] = len < sizeof w->kill_file[file] ? len : sizeof w->kill_file[file];
    memcpy(w->kill_file[file], text, w->kill_len[file]);
    return MR_OK;
}
static int kill_erase(void *self, enum mr_kill_file file, struct mr_err *err)
{
    struct world *w = self;
    (void)err;
    w->kill_len[file] = 0;
    return MR_OK;
}

/* ---- a world ---- */

static void *memory(size_t bytes)
{
    void *m = aligned_alloc(64, (bytes + 63) / 64 * 64);
    MR_ASSERT(m);
    memset(m, 0, bytes);
    return m;
}

/* Swarm: each seed has about half of the faults, each as rare or as frequent as it is drawn. */
static void draw_faults(struct world *w)
{
    for (int f = 0; f < FAULT_COUNT; f++) {
        bool has = sim_below(w, 2), often = sim_below(w, 4) == 0;
        uint32_t base = sim_faults[f].per_mille * 1000;
        if (f == FAULT_KILL || f == FAULT_TORN_WRITE || f == FAULT_WRITE_ERROR || f == FAULT_FSYNC_ERROR ||
            f == FAULT_DISK_FULL)
            base /= 4; /* each operation is an occasion */
        w->rate[f] = !w->config.faults || !has ? 0 : often ? base * 3 : base;
    }
}

struct world *world_new(const struct world_config *config)
{
    struct world *w = calloc(1, sizeof *w);
    MR_ASSERT(w);
    w->config = *config;
    struct mr_random mix = {config->seed}; /* worlds of seeds side by side would be one world, a few draws apart */
    w->random.state = mr_random_next(&mix) * 0xd1342543de82ef95ull;
    w->hash = 0xcbf29ce484222325u;
    draw_faults(w);
    w->truth = 1790000000 * SIM_S;
    if (sim_fault(w, FAULT_MIDNIGHT))
        w->truth = w->truth / (86400 * SIM_S) * (86400 * SIM_S) + 86400 * SIM_S - sim_between(w, SIM_S, 59 * SIM_S);
    w->venue_now = w->truth;
    w->instruments = mr_instruments_init(memory(mr_instruments_bytes(8)), 8);
    w->kill = mr_kill_page_init(memory(MR_KILL_PAGE_BYTES));
    w->blind = mr_kill_page_init(memory(MR_KILL_PAGE_BYTES));
    w->kill_switch.disk = (struct mr_kill_disk){w, kill_read, kill_write, kill_erase};
    w->judge = judge_new();
    market_init(w);
    process_init(w);
    struct mr_paper_config paper = mr_paper_defaults(w->instruments);
    paper.instruments_max = 8;
    paper.cash = w->trade_config.orders.cash;
    paper.seed = config->seed;
    w->paper_mem = memory(mr_paper_bytes(&paper));
    w->paper = mr_paper_init(w->paper_mem, &paper);
    judge_limits(w, w->limits);
    return w;
}

void world_free(struct world *w)
{
    process_free(w);
    free(w->judge);
    free(w->paper_mem);
    free(w->kill);
    free(w->blind);
    free(w->instruments);
    free(w);
}

static bool over(const struct world *w) { return w->judge->broken && !w->config.collect; }

/* ---- time ---- */

/* The process's clock (dataplane/clock): set forward, it follows at once; set back, it loses one part in a hundred. */
static void clock_runs(struct world *w, int64_t dt)
{
    if (w->clock_target > w->clock_offset)
        w->clock_offset = w->clock_target;
    else if (w->clock_target < w->clock_offset)
        w->clock_offset -= dt / 100;
}

static void round_of(struct world *w, int64_t dt)
{
    w->step++;
    w->truth += dt;
    clock_runs(w, dt);
    lane_pump(w);
    market_move(w, dt);
    people_each_step(w);
    process_step(w);
    lane_pump(w);
    judge_step(w);
}

static void pass(struct world *w, int64_t time, int64_t step)
{
    for (int64_t left = time; left > 0 && !over(w); left -= step)
        round_of(w, left < step ? left : step);
}

static void host_faults(struct world *w)
{
    if (sim_fault(w, FAULT_PAUSE)) {
        w->paused_until = w->truth + sim_between(w, SIM_S, 60 * SIM_S);
        sim_event(w, "paused for %lld ms", (long long)((w->paused_until - w->truth) / SIM_MS));
    }
    if (sim_fault(w, FAULT_CLOCK_FORWARD))
        w->clock_target +=
            sim_below(w, 2) ? sim_between(w, 100 * SIM_MS, 10 * SIM_S) : sim_between(w, SIM_S, 3600 * SIM_S);
    if (sim_fault(w, FAULT_CLOCK_BACK))
        w->clock_target -= sim_between(w, 100 * SIM_MS, 30 * SIM_S);
    if (sim_fault(w, FAULT_SLOW_DISK))
        w->slow_disk_until = w->truth + sim_between(w, 10 * SIM_MS, 2 * SIM_S);
    if (sim_fault(w, FAULT_RING_FULL))
        w->ring_full_until = w->truth + sim_between(w, SIM_MS, 500 * SIM_MS);
}

static void act(struct world *w)
{
    uint64_t kind = sim_below(w, 100);
    if (w->config.faults) {
        host_faults(w);
        market_fault(w);
    }
    people_act(w);
    if (kind < 70)
        pass(w, sim_between(w, 1, 20) * SIM_MS, 7 * SIM_MS);
    else if (kind < 95)
        pass(w, sim_between(w, 20, 400) * SIM_MS, 50 * SIM_MS);
    else
        pass(w, sim_between(w, 400, 4000) * SIM_MS, 250 * SIM_MS);
    if (w->paused_until > w->truth)
        pass(w, w->paused_until - w->truth, SIM_S);
}

/* ---- the end ---- */

/* Something on the lane that is neither of this moment nor of the next: a program at work always has something there. */
static bool lane_lags(const struct world *w)
{
    const struct lane *l = &w->lane;
    for (uint32_t i = 0; i < l->out_count; i++)
        if (l->out[i].at < w->truth - SIM_S || l->out[i].at > w->truth + SIM_S)
            return true;
    for (uint32_t i = 0; i < l->in_count; i++)
        if (l->in[i].at < w->truth - SIM_S || l->in[i].at > w->truth + SIM_S)
            return true;
    return false;
}

/* Why it is not all known yet, or NULL. */
static const char *unsettled(const struct world *w)
{
    if (!w->alive)
        return "the process does not run";
    const struct mr_orders *om = mr_trade_orders(w->trade);
    uint32_t cursor = 0;
    if (!mr_orders_ready(om, SIM_VENUE))
        return "the venue is not reconciled";
    for (const struct mr_order *o; (o = mr_orders_next(om, &cursor)) != NULL;)
        if (o->state != MR_STATE_ACKED && o->state != MR_STATE_PARTIAL)
            return mr_order_state_name(o->state);
    if (w->port.durable(w->port.self) != w->judge->appended)
        return "the journal is behind";
    for (uint32_t m = 0; m < w->markets; m++)
        if (mr_positions_get(mr_orders_positions(om), w->market[m].id)->size !=
            mr_positions_get(mr_paper_positions(w->paper), w->market[m].id)->size)
            return "positions differ";
    return lane_lags(w) ? "an answer is on its way for more than a second" : NULL;
}

static void settle(struct world *w)
{
    w->calm = true;
    lane_calm(w);
    market_calm(w);
    people_calm(w);
    w->paused_until = w->slow_disk_until = w->ring_full_until = 0;
    sim_event(w, "faults stop");
    const char *why = NULL;
    int64_t end = w->truth + 180 * SIM_S;
    for (int quiet = 0; w->truth < end && !over(w) && quiet < 20;) {
        round_of(w, 100 * SIM_MS);
        why = unsettled(w);
        quiet = why ? 0 : quiet + 1;
    }
    if (why && !over(w))
        judge_broken(w, INVARIANT_LIVENESS, "three minutes after the last fault: %s", why);
}

bool world_run(struct world *w)
{
    if (!process_start(w))
        w->start_at = w->truth + SIM_S;
    pass(w, 17 * SIM_S, 250 * SIM_MS); /* volatility is known after 14 s */
    for (uint32_t i = 0; i < w->config.actions && !over(w); i++)
        act(w);
    if (!over(w))
        settle(w);
    if (!over(w))
        judge_end(w);
    return !w->judge->broken;
}

void world_report(const struct world *w)
{
    const struct judge *j = w->judge;
    if (!j->broken)
        return;
    printf("seed %llu, step %llu: invariant %d %s is violated: %s\n", (unsigned long long)w->config.seed,
           (unsigned long long)j->first_step, (int)j->first, sim_invariants[j->first], j->text);
    uint64_t n = w->logged < MR_COUNT_OF(w->log) ? w->logged : MR_COUNT_OF(w->log);
    for (uint64_t i = w->logged - n; i < w->logged; i++)
        printf("  %s\n", w->log[i % MR_COUNT_OF(w->log)]);
    printf("replay: build/tests/sim --seed %llu --actions %u%s\n", (unsigned long long)w->config.seed,
           w->config.actions, w->config.faults ? "" : " --fair");
}
