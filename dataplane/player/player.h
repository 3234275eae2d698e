/* A whole data plane on one thread: pieces of recordings (or of the market generator) through feeds, a ring and the
 * engines. `millrace replay`, `run`, `evaluate` and the path benches are this with different ears.
 *
 *     piece -> mr_feed (decode, join) -> ring of slots -> mr_pipeline (books, engines, signals)
 *
 * The ring between feed and engines is the one that the live tiles have; here one thread empties it after each piece,
 * so what engines see is the same, in the same order.
 *
 * Memory  one arena, planned and mapped at open (mr_player_bytes printed by --verbose).   Thread  one.
 * Digests (0-definitions): events, XXH3-128 in engine order; signals, likewise. Off costs nothing. */
#ifndef MR_PLAYER_PLAYER_H
#define MR_PLAYER_PLAYER_H

#include "dataplane/feed/feed.h"
#include "dataplane/source/source.h"
#include "engines/pipeline/pipeline.h"

#define MR_PLAYER_FEEDS_MAX 16

struct mr_player_config {
    const char *reference;    /* "binance:spot:BTCUSDT": whose trades are the volatility; NULL: that one */
    uint32_t instruments_max; /* followed at once                 [64] */
    uint32_t books_max;       /*                                  [32] */
    uint32_t book_depth;      /* levels a side                    [8,192] */
    uint32_t shapes;          /* a feed; UINT32_MAX: none         [1,024] */
    const char *recording;    /* folder of a live run: its instruments come first, and mr_player_exact plays it */
    bool listed_only;         /* messages of instruments that are not in the table are skipped, as a live plane does */
    const struct mr_velocity_config *velocity;     /* the engines' own configs; NULL: defaults */
    const struct mr_volatility_config *volatility; /* (its instrument is the reference) */
    const struct mr_signal_config *signal;
    const struct mr_liquidator *liquidators; /* of each feed whose venue has no channel of liquidations */
    uint32_t liquidator_count;
    bool
        merge; /* recordings of feeds with several connections: where they say so their copies are dropped, as live; costs memory a feed */
    bool digest;
    bool flow;                                                    /* trade-flow velocity beside the liquidations' */
    void (*on_signal)(void *arg, const struct mr_signal *signal); /* may be NULL */
    void (*on_event)(void *arg, const union mr_slot *group, const struct mr_instrument *instrument); /* may be NULL */
    mr_feed_reject_fn *on_reject;                                                                    /* may be NULL */
    void *arg;
};

struct mr_player;

int mr_player_open(struct mr_player **player, const struct mr_player_config *config, struct mr_err *err);
void mr_player_close(struct mr_player *player);

/* Makes a product's feed ahead of its first piece, which otherwise pays for that. MR_OK, MR_E_FULL, MR_E_UNKNOWN. */
int mr_player_expect(struct mr_player *player, uint8_t venue, uint8_t product);

/* One piece: its feed is made at its first piece (venue and product are in it). >= 0: groups that reached the engines;
 * below: the message was refused (and counted), or MR_E_FULL: more feeds than MR_PLAYER_FEEDS_MAX. */
int mr_player_piece(struct mr_player *player, const struct mr_piece *piece);
/* Up to `max` pieces of a source that are due. How many, 0 none due, MR_E_END. */
int mr_player_step(struct mr_player *player, struct mr_source *source, int64_t now_ns, uint32_t max);
/* Engine time moves on without an event: by the clock that paces a live view, or past the end of a recording. */
void mr_player_advance(struct mr_player *player, int64_t now_ns);

/* ---- exactly ---- */

/* Plays config.recording as the live run went (F-41): the feed tiles are decoded apart, each from its own row of segments, and the engines take
 * groups from their rings in the order of the engine tile's input log, with its ticks. The digests are then those of the live run, if this
 * player has that run's limits (instruments, books, depth) and engine configs. Once a player, before any piece. */
struct mr_player_exact {
    uint32_t tiles;         /* feed tiles */
    uint64_t groups, ticks; /* that the log says were taken, and that were played */
    uint64_t breaks;        /* books that were told to fetch anew */
    uint64_t lost;          /* records that could not be recorded live */
    uint32_t torn;          /* segments that end in a tear */
    bool mid_run;  /* connections were open already when recording began, so this is not all that the engines saw */
    char why[160]; /* "": the whole of it was played; else why it ends early. The digests are of what was played */
};
/* MR_OK; MR_E_MISSING: no engine log in the folder; MR_E_IO and the like: it cannot be read; MR_E_INVALID: not a player of a recording. */
int mr_player_exact(struct mr_player *player, struct mr_player_exact *out, struct mr_err *err);

/* ---- looking ---- */
struct mr_player_totals {
    uint64_t pieces, messages, refused, unknown, gaps, added;
    uint64_t events[MR_EVENT_KIND_COUNT];
    uint64_t signals[MR_LEVEL_COUNT];          /* LEVEL records that rose to this level */
    uint64_t cascades;                         /* structural cascades that started */
    uint64_t dropped;                          /* groups that were lost between feed and engines: 0, or a bug */
    uint32_t books, books_live, books_crossed; /* now; crossed: at the end of the last message */
    uint64_t crossed, locked, checksums, mismatches;
    size_t memory_bytes;
};
void mr_player_totals(const struct mr_player *player, struct mr_player_totals *out);
uint32_t mr_player_feeds(const struct mr_player *player);
const struct mr_feed *mr_player_feed(const struct mr_player *player, uint32_t i);
const struct mr_feed_metrics *mr_player_feed_metrics(const struct mr_player *player, uint32_t i);
struct mr_pipeline *mr_player_pipeline(struct mr_player *player);
const struct mr_pipeline_metric_blocks *mr_player_metrics(const struct mr_player *player);
const struct mr_instruments *mr_player_instruments(const struct mr_player *player);
/* 32 hex digits each; "" when digests are off. */
#define MR_PLAYER_DIGEST_TEXT 96
void mr_player_digests(const struct mr_player *player, char events[MR_PLAYER_DIGEST_TEXT],
                       char signals[MR_PLAYER_DIGEST_TEXT]);

#endif
