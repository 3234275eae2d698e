/* Tiles: the threads of both processes, and the one loop that runs them.
 *
 * A tile owns its state. The loop calls step until told to halt, housekeep about each millisecond, and waits between
 * idle rounds by the strategy chosen for the core. Several tiles may share a thread: they are stepped in turn.
 * Time is an argument, so a test can run every tile on one thread, in an order drawn from a seed.
 *
 *   SPIN   pause instructions only: for isolated cores
 *   YIELD  about 200 pauses, then sched_yield: for cores shared with others
 *   PARK   as YIELD, then sleep on the tile's doorbell (futex) after about 1 ms idle; mr_tile_wake rings it
 *
 * A plan with more spinning threads than cores is refused by mr_tiles_start with the reason.
 * Memory  the tile's state is mr_tile.bytes(config) long and cut from the process arena before boot. */
#ifndef MR_TILE_TILE_H
#define MR_TILE_TILE_H

#include "dataplane/base/base.h"
#include "dataplane/clock/clock.h"
#include "dataplane/mem/arena.h"

enum mr_wait { MR_WAIT_AUTO, MR_WAIT_SPIN, MR_WAIT_YIELD, MR_WAIT_PARK };

struct mr_tile {
    const char *name;
    /* memory it will need, known before boot     */
    size_t (*bytes)(const void *config);
    /* cold: may open, allocate, fail */
    int (*boot)(void *state, const void *config, struct mr_arena *, struct mr_err *err);
    /* hot: one bounded round; work done, 0 idle  */
    int (*step)(void *state, int64_t now_ns);
    /* each ~1 ms: timers, commands, metrics; may be NULL */
    void (*housekeep)(void *state, int64_t now_ns);
    void (*halt)(void *state); /* may be NULL */
};

/* Heartbeat of one tile, in the workspace; written by its thread only. */
struct mr_tile_beat {
    char name[24];
    uint64_t beat, steps, busy_steps, work;
    int64_t last_ns;
    uint32_t state, tid;
    int32_t core;
    uint32_t wait;
} MR_ALIGNED;
enum mr_tile_state { MR_TILE_BOOT, MR_TILE_RUN, MR_TILE_HALTED, MR_TILE_FAILED };

struct mr_tile_slot {
    const struct mr_tile *tile;
    void *state;
    const void *config;
    struct mr_tile_beat *beat;
};
struct mr_tile_thread {
    struct mr_tile_slot *tiles;
    uint32_t count;
    int core; /* -1: not pinned */
    enum mr_wait wait;
    bool prompt;       /* mr_thread_prompt */
    uint32_t priority; /* of SCHED_FIFO; 0: the ordinary policy */
};

struct mr_tiles; /* a running set */
/* Pins after creation (a spinning child must not inherit its parent's core). */
int mr_tiles_start(struct mr_tiles **set, const struct mr_tile_thread *threads, uint32_t count, struct mr_err *err);
void mr_tiles_stop(struct mr_tiles *set); /* asks, joins, halts in reverse order */
void mr_tile_wake(struct mr_tiles *set, uint32_t thread);
/* One round of every tile on this thread, in the given order: tests and simulation. Work done. */
int mr_tiles_round(struct mr_tile_slot *tiles, uint32_t count, int64_t now_ns);
/* This thread wakes up often and works for microseconds on a core that it shares: the scheduler is asked for short slices, so that it has not to wait until
 * the slice of another that happens to run has ended. No more processor time, no other policy, no privilege. Threads that it makes afterwards have it
 * too. False: the kernel knows no slices (before Linux 6.12), and nothing is different. */
bool mr_thread_prompt(void);
enum mr_wait mr_wait_choose(int core); /* SPIN if isolated, else YIELD; PARK when cores are fewer than threads */

#endif
