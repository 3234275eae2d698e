#ifndef MR_ENGINE_TILE_PRIV_H
#define MR_ENGINE_TILE_PRIV_H

#include "engines/pipeline/engine_tile.h"

#define MR_ENGINE_SHOW_NS 50000000ll /* images are renewed so often, at most */
#define MR_ENGINE_UNDERLYINGS 256

struct mr_engine {
    struct mr_engine_tile_config config;
    struct mr_engine_metrics *metrics;
    struct mr_pipeline *pipeline;
    struct mr_ring_reader rings[MR_ENGINE_RINGS];
    struct mr_ring_writer breaks[MR_ENGINE_RINGS];
    struct mr_ring_writer signals, tap_events, tap_signals;
    bool has_signals, has_tap_events, has_tap_signals, idle;
    bool given_up[MR_ENGINE_RINGS];
    struct mr_digest *events_digest, *signals_digest;
    struct mr_clock clock;
    int64_t show_due_ns, save_due_ns;
    uint32_t *dirty, dirty_count; /* instruments whose image is old */
    bool *dirty_flag;
    uint8_t level[MR_ENGINE_UNDERLYINGS];
    bool cascade[MR_ENGINE_UNDERLYINGS];
    double score[MR_ENGINE_UNDERLYINGS];
    struct mr_plane_engines state;
    uint8_t *saved[2]; /* sealed states, written in turn: the other one stays whole for whoever writes it to a file */
    size_t saved_bytes, saved_len[2];
    uint32_t resets; /* of the histograms, done */
    uint64_t saves;  /* saved[(saves - 1) % 2] is the latest */
};

void mr_engine_on_signal(void *arg, const struct mr_signal *signal);
void mr_engine_on_broken(void *arg, uint32_t instrument, enum mr_gap_cause cause, int64_t recv_ns);
size_t mr_engine_bytes(const void *config);
int mr_engine_boot(void *state, const void *config, struct mr_arena *process, struct mr_err *err);
int mr_engine_step(void *state, int64_t now_ns);
void mr_engine_housekeep(void *state, int64_t now_ns);
void mr_engine_halt(void *state);
void mr_engine_save(struct mr_engine *e);

#endif
