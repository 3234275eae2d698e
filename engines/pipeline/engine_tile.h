/* The engine tile: takes event groups from the rings of the feed tiles, through the pipeline, out as signals, taps, images.
 *
 *     feed/N>engine/E rings --> pipeline --> signals ring (GAP), taps (LAP), images of books and engines
 *
 * Engine time moves with the events; when none come, the tile lets it follow the clock, MR_ENGINE_LAG_NS behind, so that windows decay.
 * What it consumed, in order, is told to `took` and `ticked`: the engine input log, from which a run replays exactly.
 *
 * A book found wrong here goes back to its feed tile by a ring of struct mr_engine_break.
 * Memory  mr_engine_tile.bytes(config); all rings and images are the caller's (a workspace).
 * Thread  its own, or one shared with the feed tile. */
#ifndef MR_PIPELINE_ENGINE_TILE_H
#define MR_PIPELINE_ENGINE_TILE_H

#include "codecs/event/digest.h"
#include "dataplane/ring/image.h"
#include "dataplane/ring/ring.h"
#include "dataplane/tile/tile.h"
#include "engines/pipeline/pipeline.h"

#define MR_ENGINE_LAG_NS 20000000ll /* the clock is followed this far behind: events under way are not overtaken */
#define MR_ENGINE_RINGS 8
#define MR_PLANE_BOOK_LEVELS 20
#define MR_SIGNAL_SLOTS (sizeof(struct mr_signal) / MR_SLOT_BYTES)

/* clang-format off */
#define MR_ENGINE_METRICS(COUNTER, GAUGE, HIST)                                                             \
    COUNTER(groups,     "groups",  "event groups taken from the rings")                                     \
    COUNTER(corrupt,    "rings",   "rings given up: what lay in them cannot be")                            \
    COUNTER(signals,    "signals", "given to the control plane")                                            \
    COUNTER(signals_lost, "signals", "that the control plane's ring could not take: it gets a gap")         \
    COUNTER(broken,     "books",   "found wrong here and told to the feed tile")                            \
    COUNTER(saves,      "times",   "engine state was sealed")                                               \
    COUNTER(restored,   "engines", "began with saved state")                                                \
    COUNTER(not_restored, "engines", "began anew: saved state was too old, of another version, or damaged") \
    HIST   (wait_ns,    "ns",      "ring wait: decoded to taken by the engine tile")                        \
    HIST   (apply_ns,   "ns",      "books and engines: one event group through all of them")                \
    HIST   (path_ns,    "ns",      "whole path: bytes received to engines done")                            \
    HIST   (signal_ns,  "ns",      "whole path to a signal: bytes received to signal given out")
MR_METRICS_DECLARE_FINE(mr_engine, MR_ENGINE_METRICS);
/* clang-format on */

/* Images, as they lie in the workspace. */
struct mr_plane_book {
    uint32_t instrument;
    uint8_t live, crossed;
    uint16_t bid_count, ask_count, spare;
    uint32_t depth_bids, depth_asks;
    uint64_t seq, gaps;
    int64_t venue_ns, recv_ns;
    struct mr_level bids[MR_PLANE_BOOK_LEVELS], asks[MR_PLANE_BOOK_LEVELS];
};
struct mr_plane_underlying {
    char base[16];
    uint8_t level, cascade;
    uint16_t spare;
    uint32_t instruments;
    double rate_10s, acceleration, jerk, score, usd_per_s;
    uint64_t liquidations;
    int64_t last_ns;
};
struct mr_plane_engines {
    int64_t engine_ns;
    uint32_t underlyings, spare;
    uint8_t regime, warm, spare2[6];
    double vol_1m, vol_5m, vol_15m, vol_1h, percentile, multiplier;
    uint64_t events[MR_EVENT_KIND_COUNT];
    uint64_t signals[8];
    uint64_t cascades;
    char events_digest[MR_DIGEST_TEXT], signals_digest[MR_DIGEST_TEXT];
    struct mr_plane_underlying row[16];
};

struct mr_engine_break {
    uint32_t instrument;
    uint8_t cause;
    uint8_t spare[59];
}; /* a slot */

struct mr_engine_memory {
    void *mem;
    size_t bytes;
};
struct mr_engine_tile_config {
    struct mr_pipeline_config pipeline; /* on_signal, on_broken, arg: the tile's own */
    struct mr_pipeline_metric_blocks blocks;
    struct mr_engine_metrics *metrics;
    struct mr_engine_memory rings[MR_ENGINE_RINGS];
    uint32_t ring_count;                                      /* to read, one a feed tile */
    struct mr_engine_memory breaks[MR_ENGINE_RINGS];          /* to write, likewise */
    struct mr_engine_memory signals, tap_events, tap_signals; /* to write; mem NULL: none */
    struct mr_image **books;
    uint32_t book_images; /* by instrument id; NULL where there is none */
    struct mr_image *state;
    uint8_t (*feed_tile_of)(void *arg, uint32_t instrument); /* whose breaks ring */
    void (*took)(void *arg, uint32_t ring, uint32_t groups); /* input log; may be NULL */
    void (*ticked)(void *arg, int64_t engine_ns);
    void (*kept)(void *arg, int64_t now_ns,
                 bool last); /* each housekeeping, and at the end: the log may be handed over */
    void *arg;
    const uint32_t *resets; /* raised by one: histograms begin anew; may be NULL */
    bool digest, replaying; /* replaying: breaks come from the recording, the clock is not followed */
    struct mr_span saved;   /* state to begin with: what mr_engine_saved gave; empty: none */
    int64_t restore_ns;     /* time of restoring */
};
extern const struct mr_tile mr_engine_tile;

struct mr_engine;
struct mr_pipeline *mr_engine_pipeline(struct mr_engine *e);
/* The run's digests: valid once the tile has halted. */
void mr_engine_digests(const struct mr_engine *e, uint64_t dropped, char events[MR_DIGEST_TEXT],
                       char signals[MR_DIGEST_TEXT]);
/* The input log's way in, for replay: exactly so many groups of that ring (fewer: they are not there yet); a tick. */
uint32_t mr_engine_take(struct mr_engine *e, uint32_t ring, uint32_t groups);
void mr_engine_tick(struct mr_engine *e, int64_t engine_ns);

/* State that survives a restart. Sealed on the tile's thread once a minute and at its end; another thread asks for the latest and
 * writes the file. `saves`: 0 none yet. The bytes stay whole for a minute. */
/* Seals both engines' state: bytes written, or MR_E_FULL, MR_E_EMPTY (no event yet). mr_engine_sealed_bytes is room enough. */
size_t mr_engine_sealed_bytes(const struct mr_pipeline_config *config);
int64_t mr_engine_seal(struct mr_pipeline *pipeline, uint8_t *out, size_t bytes);
/* Takes sealed state into fresh engines; how many of the two (volatility, signals) could use it. `now_ns`: the time of restoring. */
uint32_t mr_engine_restore(struct mr_pipeline *pipeline, struct mr_span saved, int64_t now_ns);
uint64_t mr_engine_saved(const struct mr_engine *e, const uint8_t **data, size_t *len);

#endif
