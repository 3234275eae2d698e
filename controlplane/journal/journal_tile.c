/* The journal thread. */
#include <time.h>

#include "controlplane/journal/journal.h"
#include "dataplane/tile/tile.h"

static size_t tile_bytes(const void *config)
{
    (void)config;
    return sizeof(struct mr_journal_thread);
}

static int tile_boot(void *state, const void *config, struct mr_arena *arena, struct mr_err *err)
{
    (void)arena, (void)err;
    memcpy(state, config, sizeof(struct mr_journal_thread));
    return MR_OK;
}

/* The trade tile makes no system call to wake anybody, so an empty ring is looked at again after a nap. */
static int tile_step(void *state, int64_t now_ns)
{
    const struct mr_journal_thread *t = state;
    int done = mr_journal_step(t->journal, now_ns);
    if (done <= 0 && t->idle_sleep_ns > 0) {
        const struct timespec nap = {t->idle_sleep_ns / 1000000000, t->idle_sleep_ns % 1000000000};
        nanosleep(&nap, NULL);
    }
    return done > 0 ? done : 0;
}

/* What was appended before the halt is written; the rest is mr_journal_close's. */
static void tile_halt(void *state)
{
    const struct mr_journal_thread *t = state;
    while (mr_journal_step(t->journal, mr_clock_mono()) > 0) {
    }
}

const struct mr_tile mr_tile_journal = {
    .name = "journal", .bytes = tile_bytes, .boot = tile_boot, .step = tile_step, .halt = tile_halt};
