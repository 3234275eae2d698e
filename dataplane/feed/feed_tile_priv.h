#ifndef MR_FEED_TILE_PRIV_H
#define MR_FEED_TILE_PRIV_H

#include "codecs/capture/capture.h"
#include "dataplane/feed/feed_tile.h"
#include "dataplane/record/input_log.h"
#include "dataplane/record/quarantine.h"

#define MR_SHOW_NS 1000000000ll        /* what a source tells of itself */
#define MR_HOLD_APART_NS 60000000000ll /* sessions of a route try a quarantined stream again so long apart */
#define MR_SWEEP_NS 20000000ll         /* sessions' subscriptions, snapshots wanted, connections image */

struct mr_feed_route {
    struct mr_feed_tile_state *tile;
    struct mr_feed_product *product;
    struct mr_route route; /* the venue's row, its port perhaps another */
    struct mr_session *session;
    struct mr_session_metrics *metrics;
    struct mr_stream *streams;
    uint32_t stream_count;
    struct mr_lane_metrics *lane;
    uint16_t *seen; /* by instrument: channels seen since the last sweep */
    uint16_t connection;
    uint8_t row, member;          /* of the venue's routes; the how many-th session to it */
    bool open;                    /* upgraded: messages may come */
    bool parked;                  /* a spare that is not wanted now */
    struct mr_feed_route *relief; /* is to take over from this one; NULL */
    int64_t relief_ns;            /* since when it is live; 0 */
};

struct mr_feed_product {
    struct mr_feed_tile_state *tile;
    const struct mr_feed_tile_product *config;
    const struct mr_dialect *dialect;
    const struct mr_product_dial *dial;
    struct mr_feed *feed;
    struct mr_feed_route *routes;
    uint32_t route_count;
    bool listed; /* its instrument list has come, or it goes on without */
    bool list_missing;
    uint32_t unlisted; /* streams wanted that its list does not hold */
    uint32_t list_attempts;
    int64_t list_due_ns, list_limit_ns;
    int64_t interest_due_ns;
    uint32_t interest_next; /* instrument asked for next */
    int64_t *ask_due_ns;    /* by instrument: a snapshot is asked for no sooner */
    uint8_t *ask_attempts;
    uint32_t members;           /* sessions to each route */
    bool merging, noted;        /* noted: the recording knows of its connections and how they are merged */
    struct mr_arbiter *arbiter; /* NULL: sessions */
    struct mr_quarantine quarantine;
    struct mr_fresh *fresh;
    uint16_t *fresh_of; /* by instrument and channel: index + 1 in `fresh`; 0 not known yet, UINT16_MAX none */
    bool begun;         /* a datagram feed's: snapshots have been asked for */
};

struct mr_feed_tile_state {
    struct mr_feed_tile_config config;
    struct mr_feed_tile_metrics *metrics;
    struct mr_clock clock;
    struct mr_feed_tile_port {
        struct mr_source source;
        void *mem;
        bool open, failed;
    } ports[MR_FEED_TILE_SOURCES];
    bool halting;
    int64_t show_due_ns;
    struct mr_source_show show;
    struct mr_tls_context *tls;
    struct mr_feed_product products[MR_FEED_TILE_FEEDS];
    struct mr_feed_route *by_connection[MR_FEED_TILE_SESSIONS];
    uint32_t connections;
    struct mr_ring_writer ring, requests, record;
    struct mr_ring_reader breaks, commands, answers;
    struct mr_input_log inputs; /* breaks, between the frames of the recording */
    struct mr_aux_inbox inbox;
    int64_t held_since_ns, sweep_due_ns;
    int64_t piece_ns, polled_ns; /* when the piece under way was taken; the last poll */
    int64_t channels_due_ns;
    struct mr_plane_channels channels;
    uint64_t request_id;
    struct mr_plane_connections image;
};

size_t mr_feed_tile_bytes(const void *config);
int mr_feed_tile_boot(void *state, const void *config, struct mr_arena *process, struct mr_err *err);

/* feed_tile.c */
void mr_feed_tile_halt(void *state);
bool mr_feed_tile_emit(void *arg, const union mr_slot *group, uint32_t slots);
int mr_feed_tile_deliver(void *arg, struct mr_session *session, const struct mr_frame *frame);
void mr_feed_tile_changed(void *arg, struct mr_session *session, enum mr_session_state was, enum mr_session_state is,
                          const char *why);
void mr_feed_tile_mute(void *arg, struct mr_session *session, const struct mr_stream *stream, bool mute);
void mr_feed_tile_blamed(void *arg, struct mr_session *session, const struct mr_stream *stream, int64_t until_ns);
void mr_feed_tile_kept_out(struct mr_feed_product *p, const char *symbol, const char *why);
void mr_feed_tile_record(struct mr_feed_tile_state *t, struct mr_feed_product *p,
                         const struct mr_capture_record *record);
void mr_feed_tile_reject(void *arg, int status, const struct mr_frame *frame, const struct mr_decoder *dec);
void mr_feed_tile_break(struct mr_feed_tile_state *t, uint32_t instrument, enum mr_gap_cause cause, int64_t now_ns);
struct mr_feed_product *mr_feed_tile_product_of(struct mr_feed_tile_state *t, uint32_t instrument);

/* feed_over.c: several sessions of a route, and one taking over from another */
bool mr_feed_tile_planned(void *arg, struct mr_session *session, const char *why);
void mr_feed_tile_merge(struct mr_feed_product *p, bool on, int64_t now_ns);
void mr_feed_tile_note_since(struct mr_feed_tile_state *t, struct mr_feed_product *p);
bool mr_feed_tile_has_peer(const struct mr_feed_route *route); /* another session of the route is open */
void mr_feed_tile_merge_due(struct mr_feed_tile_state *t, int64_t now_ns);
void mr_feed_tile_over(struct mr_feed_tile_state *t, int64_t now_ns);

/* feed_fresh.c: freshness of channels */
size_t mr_feed_tile_fresh_bytes(const struct mr_feed_tile_config *c, uint32_t i);
void mr_feed_tile_fresh_boot(struct mr_feed_product *p, struct mr_arena *arena);
void mr_feed_tile_fresh_saw(struct mr_feed_product *p); /* the frame decoded last */
void mr_feed_tile_fresh_mute(struct mr_feed_product *p, const struct mr_stream *stream);
void mr_feed_tile_fresh_line(struct mr_feed_product *p, uint8_t row, int64_t now_ns);
void mr_feed_tile_fresh_slept(struct mr_feed_tile_state *t, int64_t now_ns);
void mr_feed_tile_fresh_tick(struct mr_feed_tile_state *t, int64_t now_ns);

/* feed_lines.c: datagram feeds */
int mr_feed_tile_lines_boot(struct mr_feed_product *p, struct mr_arena *arena, struct mr_err *err);
size_t mr_feed_tile_lines_bytes(const struct mr_feed_tile_product *c);
void mr_feed_tile_datagram(struct mr_feed_tile_state *t, const struct mr_piece *piece);
void mr_feed_tile_lines_housekeep(struct mr_feed_tile_state *t, int64_t now_ns);

/* feed_rest.c: what goes to the aux tile and comes back */
void mr_feed_tile_resolve(void *arg, struct mr_session *session, const char *host);
void mr_feed_tile_token(void *arg, struct mr_session *session);
void mr_feed_tile_opened(struct mr_feed_product *p,
                         int64_t now_ns); /* a connection: its subscriptions may bring snapshots */
void mr_feed_tile_ask(struct mr_feed_tile_state *t, int64_t now_ns); /* lists, snapshots, open interest that are due */
uint32_t mr_feed_tile_answers(struct mr_feed_tile_state *t, int64_t now_ns);

#endif
