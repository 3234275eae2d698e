/* A session: one WebSocket connection to one route of one product, from dial to live data, and back again when it
 * breaks.
 *
 *     DOWN -> (TOKEN) -> RESOLVE -> DIAL -> TLS -> UPGRADE -> (WELCOME) -> SUBSCRIBE -> LIVE <-> STALE
 *       ^____________________________________ back-off with jitter __________________________________|
 *
 * TOKEN is of routes that want one for each dial: the answer also says where to dial. It is used up when the upgrade is sent; a refused or
 * missing answer ends the attempt, and the next one asks anew. WELCOME is of venues that must speak first.
 *
 * SUBSCRIBE ends when each wanted stream has been acked (where the venue acks) and first data has come on some; a
 * stream without data after `data_s` is re-subscribed once, then reported mute (an ack proves nothing: Binance acks an
 * unknown route and stays silent). LIVE turns STALE when no byte came for the route's silence time; then it pings, then
 * reconnects. First retry within 100 ms, then doubled with jitter up to 30 s, bounded by a budget of connection
 * attempts per minute.
 *
 * Time is an argument; randomness comes from a seed; the source, TLS and the resolver are handed in: a test drives a
 * session on a virtual clock against a scripted peer.
 *
 * Memory  mr_session_bytes(config): plaintext buffer and assembly of message_max each.   Thread  the feed tile.
 * Errors  every failure is a transition with a reason text, a counter, and one log line. */
#ifndef MR_SESSION_SESSION_H
#define MR_SESSION_SESSION_H

#include "codecs/venue/dial.h"
#include "dataplane/budget/budget.h"
#include "dataplane/metrics/metrics.h"
#include "dataplane/source/source.h"
#include "dataplane/tls/tls.h"

enum mr_session_state {
    MR_SESSION_DOWN,
    MR_SESSION_RESOLVE,
    MR_SESSION_DIAL,
    MR_SESSION_TLS,
    MR_SESSION_UPGRADE,
    MR_SESSION_SUBSCRIBE,
    MR_SESSION_LIVE,
    MR_SESSION_STALE,
    MR_SESSION_PAUSED,
    MR_SESSION_TOKEN,
    MR_SESSION_WELCOME,
    MR_SESSION_STATES
};
const char *mr_session_state_name(enum mr_session_state state);

#define MR_SESSION_METRICS(COUNTER, GAUGE, HIST)                                                                       \
    COUNTER(dials, "dials", "connections tried")                                                                       \
    COUNTER(held_back, "times", "a dial waited: the venue allows no more attempts from our address now")               \
    COUNTER(no_place, "times", "a dial waited: as many connections are open as the venue allows from our address")     \
    COUNTER(sends_held, "times", "messages waited: the venue takes no more from our address now")                      \
    COUNTER(subs_held, "times", "subscriptions waited: the venue allows no more from our address")                     \
    COUNTER(turned_away, "times", "ended: the venue said 429 or 418; nobody dials it from our address for a while")    \
    COUNTER(lives, "times", "times it went live")                                                                      \
    COUNTER(closes, "times", "connections that ended, for any reason")                                                 \
    COUNTER(refused, "times", "ended: no connection (refused, unreachable, timed out)")                                \
    COUNTER(tls_failed, "times", "ended: handshake or certificate")                                                    \
    COUNTER(upgrade_failed, "times", "ended: the upgrade was not answered with 101")                                   \
    COUNTER(tokens, "requests", "tokens asked for: one a dial, where the venue wants one")                             \
    COUNTER(token_failed, "times", "ended: no token (refused, no answer, or one that says nothing)")                   \
    COUNTER(protocol, "times", "ended: WebSocket or TLS rules broken by the peer")                                     \
    COUNTER(too_big, "times", "ended: a message larger than message_max")                                              \
    COUNTER(silent, "times", "ended: no byte for the route's silence time, and no pong")                               \
    COUNTER(truncated, "times", "ended: TCP was closed without TLS's close_notify; what came last may be missing")     \
    COUNTER(planned, "times", "ended: closed by the venue with notice")                                                \
    COUNTER(rejected, "streams", "subscriptions that the venue refused")                                               \
    COUNTER(blamed, "streams", "quarantined: the venue ended the connection whenever it was asked for them")           \
    COUNTER(unlisted, "streams", "not asked for: the venue's list of instruments does not hold their symbol")          \
    COUNTER(mute, "streams", "subscribed and acked, but no data came")                                                 \
    COUNTER(bytes, "bytes", "received, on the wire")                                                                   \
    COUNTER(frames, "frames", "WebSocket messages delivered")                                                          \
    COUNTER(pings, "pings", "sent")                                                                                    \
    COUNTER(pongs, "pongs", "answered to the venue's pings")                                                           \
    GAUGE(state, "state",                                                                                              \
          "0 down, 1 resolve, 2 dial, 3 tls, 4 upgrade, 5 subscribe, 6 live, 7 stale, 8 paused, "                      \
          "9 token, 10 welcome")                                                                                       \
    GAUGE(waits, "", "for what the venue allows: 1 attempts, 2 a connection, 3 messages, 4 subscriptions; 0 nothing")  \
    GAUGE(streams, "streams", "wanted")                                                                                \
    GAUGE(streams_live, "streams", "with data seen since the connection opened")                                       \
    GAUGE(streams_held, "streams", "blamed or unlisted, and not asked for now")                                        \
    HIST(live_ns, "ns", "from the dial to live")                                                                       \
    HIST(frame_ns, "ns", "from bytes received to frame delivered")                                                     \
    HIST(pong_ns, "ns", "from our ping to the answer")
MR_METRICS_DECLARE(mr_session, MR_SESSION_METRICS);

struct mr_session;
struct mr_session_config {
    const struct mr_venue *venue;
    uint8_t product;
    const struct mr_route *route; /* the venue's row, or a copy with other values */
    uint16_t connection;          /* its number: in the source, in events, in recordings */
    uint8_t tile;                 /* number of the feed tile, for trace records */
    const char *host;             /* for SNI, Host and verification; may differ from the dialled address */
    struct mr_address fixed;      /* family 0: resolve; else dial this (F-25) */
    struct mr_address from;
    const char *interface;
    const struct mr_stream *streams; /* what to subscribe to; outlives the session */
    uint32_t stream_count;
    struct mr_source *source;
    struct mr_tls_context *tls;
    uint32_t message_max;       /* 4 MiB */
    uint32_t connect_s, data_s; /* deadline of each step to SUBSCRIBE [5]; of first data on a stream [30] */
    uint32_t hold_s; /* until a blamed stream is asked for again, twice as long each time, a day at most [600] */
    uint32_t backoff_ms_first, backoff_ms_most, dials_per_minute; /* [100, 30,000, 30] */
    struct mr_budgets *budgets; /* shared with other sessions to the venue from the same address; NULL */
    uint64_t seed;
    uint32_t spread; /* of several connections the how many-th: begins at another of the name's addresses */
    void (*resolve)(void *arg, struct mr_session *s, const char *host); /* answer: mr_session_resolved, later */
    /* MR_URL_TOKEN is to be fetched; answer: mr_session_token, later. NULL: the route wants none. */
    void (*token)(void *arg, struct mr_session *s);
    uint16_t port; /* dialled whatever a token says; 0: as it says */
    /* A whole message. Its bytes are good until the call returns. Above 0: how many slots or groups of market data it
     * held; else (nothing, or a status) the session asks the dialect what it says. May call mr_session_saw,
     * _resubscribe, _reconnect, _pause. */
    int (*deliver)(void *arg, struct mr_session *s, const struct mr_frame *frame);
    /* Each transition, once: state, and why. OPENED and CLOSED for the recording follow from it. */
    void (*changed)(void *arg, struct mr_session *s, enum mr_session_state was, enum mr_session_state is,
                    const char *why);
    /* The connection is to end, before the venue's time limit or because it gave notice: true, and whoever was asked sees to another connection and
     * pauses this one when that has taken over; at the latest some time later it ends by itself. Asked once. May be NULL. */
    bool (*planned)(void *arg, struct mr_session *s, const char *why);
    /* A stream stays silent although it was subscribed twice, or speaks again. May be NULL. */
    void (*mute)(void *arg, struct mr_session *s, const struct mr_stream *stream, bool mute);
    /* A stream was blamed for the end of connections and is held until then; 0: it was asked for again, and answered. May be NULL. */
    void (*blamed)(void *arg, struct mr_session *s, const struct mr_stream *stream, int64_t until_ns);
    void *arg;
};

/* For the plan, before anything is opened: every stream has a name at the venue, is of a channel that the route serves, and
 * together they are not more than a connection may hold. MR_OK, or MR_E_INVALID and the sentence. */
int mr_session_check(const struct mr_session_config *config, struct mr_err *err);
size_t mr_session_bytes(const struct mr_session_config *config);
struct mr_session *mr_session_init(void *mem, const struct mr_session_config *config,
                                   struct mr_session_metrics *metrics);
/* What the source brought for this connection; the caller releases the piece afterwards. */
void mr_session_piece(struct mr_session *s, const struct mr_piece *piece, int64_t now_ns);
void mr_session_resolved(struct mr_session *s, const struct mr_address *addresses, uint32_t count, const char *why_none,
                         int64_t now_ns);
/* The body that answered the token request; `why_none` where there is none. */
void mr_session_token(struct mr_session *s, struct mr_span body, const char *why_none, int64_t now_ns);
/* Timers: deadlines, pings, back-off, silence, sends that did not fit. About each millisecond. */
void mr_session_housekeep(struct mr_session *s, int64_t now_ns);
/* A message of this stream was decoded: verifies the subscription. `symbol` of the instrument. */
void mr_session_saw(struct mr_session *s, uint32_t channel, const char *symbol, int64_t now_ns);
/* Re-subscribes one stream (its snapshot is in the stream): unsubscribe, subscribe. MR_E_UNSUPPORTED where the venue
 * has no such thing: reconnect instead. */
int mr_session_resubscribe(struct mr_session *s, uint32_t channel, const char *symbol, int64_t now_ns);
/* Subscribes one stream anew because it has fallen silent, whatever brings its snapshot. MR_OK (also when not connected: the next connection
 * asks for it), MR_E_FULL: not within the venue's limits now; MR_E_INVALID: not wanted here, or the venue refused it; MR_E_UNSUPPORTED. */
int mr_session_renew(struct mr_session *s, uint32_t channel, const char *symbol, int64_t now_ns);
/* Another connection found this stream to blame, and it is not asked for until then; 0: it was answered there. */
void mr_session_hold(struct mr_session *s, uint32_t channel, const char *symbol, int64_t until_ns, int64_t now_ns);
/* The venue's list of instruments has this symbol, or no such: then it is not asked for. True: something changed; not where it is answered already. */
bool mr_session_list(struct mr_session *s, uint32_t channel, const char *symbol, bool listed, int64_t now_ns);
/* All blamed streams get another chance now. */
void mr_session_forgive(struct mr_session *s, int64_t now_ns);
void mr_session_pause(struct mr_session *s, bool paused, int64_t now_ns);
void mr_session_reconnect(struct mr_session *s, const char *why, int64_t now_ns);
/* The end: the connection is closed at once and what OpenSSL allocated is freed. The session's memory is the caller's again. */
void mr_session_close(struct mr_session *s, int64_t now_ns);

enum mr_session_state mr_session_state(const struct mr_session *s);
struct mr_session_view {
    const char *venue, *product, *route, *host;
    uint16_t connection;
    uint8_t state;
    int64_t since_ns, last_byte_ns, next_dial_ns;
    uint32_t streams, streams_live, mute, held, attempts;
    uint8_t waits;           /* enum mr_budget_kind */
    const char *held_symbol; /* of one that is held; NULL: none */
    bool closing;            /* to end as planned, once another connection has taken over */
    char why[96];
    char tls[64];
};
void mr_session_view(const struct mr_session *s, struct mr_session_view *out);

#endif
