#ifndef MR_PLAYER_PRIV_H
#define MR_PLAYER_PRIV_H

#include "codecs/event/digest.h"
#include "dataplane/mem/arena.h"
#include "dataplane/player/player.h"
#include "dataplane/ring/ring.h"

struct mr_player {
    struct mr_player_config config;
    struct mr_arena arena;
    struct mr_instruments *instruments, *catalogue;
    struct mr_ring_writer writer;
    struct mr_ring_reader reader;
    bool draining;
    bool exact; /* what engines report broken is in the recording already */
    struct mr_feed *feeds[MR_PLAYER_FEEDS_MAX];
    struct mr_feed_metrics *feed_metrics[MR_PLAYER_FEEDS_MAX]; /* inside feed_blocks */
    void *feed_blocks[MR_PLAYER_FEEDS_MAX];
    uint32_t feed_keys[MR_PLAYER_FEEDS_MAX]; /* tile, venue, product */
    uint32_t feeds_used, feed_last;
    int64_t finding_ns
        [MR_PLAYER_FEEDS_MAX]; /* up to then connections find their places, which the recording says nothing of; 0: they have */
    struct mr_pipeline *pipeline;
    struct mr_pipeline_metric_blocks metrics;
    struct mr_digest *events_digest, *signals_digest;
    uint64_t pieces, cascades, no_feed;
    uint64_t events[MR_EVENT_KIND_COUNT], signals[MR_LEVEL_COUNT];
};

/* The feed of (tile, venue, product), made if it is not there: its groups go to emit(emit_arg). NULL: no such product, or no more feeds. */
struct mr_feed *mr_player_feed_for(struct mr_player *p, uint32_t tile, uint8_t venue, uint8_t product,
                                   mr_feed_emit_fn *emit, void *emit_arg);
struct mr_feed *mr_player_feed_new(struct mr_player *p, uint32_t key, mr_feed_emit_fn *emit, void *emit_arg);
/* A connection of a recording, with what its record says: the number of its route; what was lost with it ("books", "route", "copy"). */
void mr_player_opened(struct mr_feed *feed, uint16_t connection, struct mr_span route);
void mr_player_closed(struct mr_feed *feed, uint16_t connection, struct mr_span lost, int64_t recv_ns);
/* A note of a recording, "WORD N N TEXT": its `count` numbers, and the text in *rest. False: another word, or not so many numbers. */
bool mr_player_note(struct mr_span note, const char *word, uint64_t *numbers, uint32_t count, struct mr_span *rest);
/* What its feed tile did about its connections: dataplane/feed/feed_tile.h has the texts. `feed` is the one of the last mr_player_feed_for. */
void mr_player_merge(struct mr_player *p, struct mr_feed *feed, struct mr_span note, int64_t recv_ns);
/* Before each piece of that feed: where its recording begins in mid-run no note tells when a wait was over. */
MR_INLINE void mr_player_find_places(struct mr_player *p, struct mr_feed *feed, int64_t recv_ns)
{
    int64_t *until = &p->finding_ns[p->feed_last];
    if (mr_likely(*until == 0))
        return;
    if (mr_feed_due_ns(feed) <= recv_ns)
        mr_feed_due(feed, recv_ns);
    *until = recv_ns > *until ? 0 : *until;
}
void mr_player_take(struct mr_player *p, const union mr_slot *group);
void mr_player_on_signal(void *arg, const struct mr_signal *signal);
void mr_player_on_broken(void *arg, uint32_t instrument, enum mr_gap_cause cause, int64_t recv_ns);

#endif
