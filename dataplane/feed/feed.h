/* A feed: one product's messages on their way from frame to contiguous event groups.
 *
 *     frame or REST body -> decode -> (merge of several connections) -> join (books, one an instrument) -> emit
 *
 * Used by the feed tile with a ring behind `emit`, by replay and by benches with the engines behind it: the same code.
 * What comes out is what 0-definitions promises to engines: whole groups, book streams contiguous or with a GAP first,
 * SNAPSHOT images, everything counted. A gap costs its instrument only.
 *
 * Memory  mr_feed_bytes(config), planned at boot.   Thread  its tile.
 * Errors  mr_feed_frame returns the decoder's status for a message that was refused; it is counted by reason
 *         already, and `reject` (if set) has seen its bytes. Only emit's failure is the caller's to handle. */
#ifndef MR_FEED_FEED_H
#define MR_FEED_FEED_H

#include "codecs/sequence/sequence.h"
#include "codecs/venue/venue.h"
#include "dataplane/clock/health.h"
#include "dataplane/merge/merge.h"
#include "dataplane/metrics/metrics.h"

#define MR_FEED_METRICS(COUNTER, GAUGE, HIST)                                                                          \
    COUNTER(messages, "messages", "frames decoded, of any kind")                                                       \
    COUNTER(bodies, "messages", "REST bodies decoded")                                                                 \
    COUNTER(groups, "groups", "event groups passed on")                                                                \
    COUNTER(malformed, "messages", "refused: not legal JSON, a required field missing or of the wrong type, too deep") \
    COUNTER(truncated, "messages", "refused: the bytes end inside a value")                                            \
    COUNTER(inexact, "messages", "refused: digits beyond the instrument's scale")                                      \
    COUNTER(overflow, "messages", "refused: a number that does not fit")                                               \
    COUNTER(range, "messages", "refused: a value outside its legal range")                                             \
    COUNTER(quarantined, "messages", "refused, and kept in the quarantine with their bytes")                           \
    COUNTER(not_quarantined, "messages",                                                                               \
            "refused, not kept: more of one reason than quarantine.per_minute, or no room")                            \
    COUNTER(unknown, "messages", "legal JSON of a kind this build does not know")                                      \
    COUNTER(no_symbol, "messages", "skipped: an instrument that is not in the table")                                  \
    COUNTER(added, "instruments", "instruments added because a message named them")                                    \
    COUNTER(gaps, "gaps", "holes in a book stream; each one starts a resync of its instrument")                        \
    COUNTER(old, "groups", "book messages dropped as old or duplicate")                                                \
    COUNTER(held, "groups", "book messages held for a snapshot")                                                       \
    COUNTER(refetched, "bodies", "snapshots too old to join; another is wanted")                                       \
    COUNTER(no_join, "groups", "book messages dropped: no room to join another instrument")                            \
    COUNTER(refused, "groups", "groups that emit could not take")                                                      \
    COUNTER(channel_stales, "times", "a channel of an instrument was found silent beyond its rhythm, or mute")         \
    COUNTER(channel_deaths, "times", "one was silent far beyond its bound, or its connection ended")                   \
    COUNTER(channel_returns, "times", "one came to life: at first, or again")                                          \
    COUNTER(channels_renewed, "times", "one was subscribed anew because it was silent")                                \
    COUNTER(silent_redials, "times", "a connection was dialled anew because nothing on it spoke any more")             \
    COUNTER(negative_lag, "messages", "receive time before venue time: clocks disagree")                               \
    COUNTER(clock_jumps, "jumps", "the difference between the venue's clock and ours changed at once")                 \
    GAUGE(clock_state, "",                                                                                             \
          "1 good, 2 ours is behind, 3 late, 4 they drift, 5 jumped within the last minute, 0 unknown")                \
    GAUGE(clock_offset_ns, "ns", "the least lag of the last minute: difference of the clocks, and the shortest way")   \
    GAUGE(clock_drift_ppb, "ppb", "how much faster our clock runs than the venue's, over the last five minutes")       \
    GAUGE(clock_jump_ns, "ns", "size of the last jump")                                                                \
    GAUGE(channels_live, "channels", "that keep their rhythm; all channels of all instruments wanted")                 \
    GAUGE(channels_stale, "channels", "silent beyond it")                                                              \
    GAUGE(channels_dead, "channels", "silent far beyond their bound, or without a connection")                         \
    GAUGE(wanting, "books", "instruments that wait for a snapshot now")                                                \
    HIST(lag_ns, "ns", "receive time minus venue time")
MR_METRICS_DECLARE(mr_feed, MR_FEED_METRICS);

/* Takes one whole group; false: it could not (counted as refused, and the book stream gets a gap). */
typedef bool mr_feed_emit_fn(void *arg, const union mr_slot *group, uint32_t slots);
/* Sees a frame that was refused, with the decoder that says why. */
typedef void mr_feed_reject_fn(void *arg, int status, const struct mr_frame *frame, const struct mr_decoder *dec);

struct mr_feed_config {
    const struct mr_venue *venue;
    uint8_t product;
    struct mr_instruments *instruments; /* what this data plane follows; its ids stand in events */
    uint32_t *table_lock;               /* feeds of other threads add to the table too; NULL: this one alone does */
    struct mr_instruments *catalogue;   /* what the venues' instrument lists say of everything; may be NULL */
    uint32_t instruments_max;           /* for the decoder's partial values and the joins */
    uint32_t hold_slots;                /* slots an instrument may hold while it waits for a snapshot */
    uint32_t joins_max;                 /* instruments with a book */
    uint8_t tile;                       /* number of the feed tile, for trace records */
    uint32_t lanes_max;                 /* connections that may be merged; 0: never more than one brings the same */
    struct mr_merge_metrics *merge;     /* NULL: counted for nobody */
    uint32_t shapes;                    /* a power of two; 0: always the general path */
    bool add_unknown; /* instruments that messages name are added (with the catalogue's metadata if it has it);
                                 else their messages are counted and skipped */
    const struct mr_liquidator *liquidators; /* outlive the feed; NULL where there are none */
    uint32_t liquidator_count;
    mr_feed_emit_fn *emit;
    void *emit_arg;
    mr_feed_reject_fn *reject; /* may be NULL */
    void *reject_arg;
};

struct mr_feed;

size_t mr_feed_bytes(const struct mr_feed_config *config);
struct mr_feed *mr_feed_init(void *mem, const struct mr_feed_config *config, struct mr_feed_metrics *metrics);

/* One frame. >= 0: groups passed on; below zero: refused, for the reason returned. */
int mr_feed_frame(struct mr_feed *feed, const struct mr_frame *frame);
/* One REST body: a snapshot joins its book; instrument lists fill the catalogue, and
 * what is followed takes its metadata from there (0). */
int mr_feed_rest(struct mr_feed *feed, struct mr_span url, const struct mr_frame *body);
/* ---- several connections (lanes_max above 0) ----
 * Merging costs nothing while it is off: then each product's stream comes by one connection, as far as the feed knows. Partial values
 * (Bybit's tickers) are each connection's own while it is on. */
/* From now on, or no more: several connections of a route bring the same; what one does not bring is waited for at most `wait_ns`. */
void mr_feed_merge(struct mr_feed *feed, bool on, int64_t wait_ns);
bool mr_feed_merging(const struct mr_feed *feed);
/* A connection to the product's `route` (its number) brings frames from now on. `metrics` may be NULL. */
void mr_feed_opened(struct mr_feed *feed, uint16_t connection, uint8_t route, struct mr_lane_metrics *metrics);
/* Those that are open, the longest open first. How many. */
uint32_t mr_feed_connections(const struct mr_feed *feed, struct mr_merge_open out[MR_MERGE_LANES_MAX]);
/* It brings none any more, and another of its route does: nothing breaks. */
void mr_feed_left(struct mr_feed *feed, uint16_t connection);
/* When mr_feed_due has something to do; INT64_MAX: never. */
int64_t mr_feed_due_ns(const struct mr_feed *feed);
void mr_feed_due(struct mr_feed *feed, int64_t now_ns);

/* The connection was lost: partial values are forgotten, every book breaks. */
void mr_feed_disconnect(struct mr_feed *feed, int64_t recv_ns);
/* The connection was lost, but no book was on it: only partial values are forgotten. */
void mr_feed_forget(struct mr_feed *feed);
/* Numbered messages are missing, of which instruments nobody knows: a GAP event of no instrument. Books whose venue numbers nothing break;
 * the others notice by their own numbers. */
void mr_feed_hole(struct mr_feed *feed, uint64_t first, uint64_t last, int64_t recv_ns);
/* What is known of an instrument's channel (UINT32_MAX: of the whole market), in band. */
bool mr_feed_status(struct mr_feed *feed, uint32_t instrument, enum mr_status_event status, uint32_t channel,
                    int64_t recv_ns);
/* Slots that the last frame decoded to, whatever became of them; 0 if it held no event. */
uint32_t mr_feed_last(const struct mr_feed *feed, const union mr_slot **out);
/* Breaks one instrument's book (checksum failure, operator): GAP goes out, a snapshot is wanted. */
void mr_feed_break(struct mr_feed *feed, uint32_t instrument, enum mr_gap_cause cause, int64_t recv_ns);
/* Instruments that want a snapshot: calls back each; how many. */
uint32_t mr_feed_wanting(const struct mr_feed *feed, void (*each)(void *arg, uint32_t instrument), void *arg);

/* The venue's lists have this instrument of the feed's product, and do not call it halted; true also where they cannot tell. */
bool mr_feed_listed(const struct mr_feed *feed, const char *symbol);

const struct mr_clock_health *mr_feed_clock(const struct mr_feed *feed);
const struct mr_decoder *mr_feed_decoder(const struct mr_feed *feed);
const struct mr_join *mr_feed_join(const struct mr_feed *feed, uint32_t instrument); /* NULL if it has none */

#endif
