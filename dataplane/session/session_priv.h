/* Shared between the files of this folder. */
#ifndef MR_SESSION_PRIV_H
#define MR_SESSION_PRIV_H

#include "codecs/http/http.h"
#include "codecs/ws/ws.h"
#include "dataplane/session/session.h"

#define MR_SESSION_ADDRESSES 8      /* of one name, tried in turn */
#define MR_SESSION_TEXT_BYTES 16384 /* the longest client message */
#define MR_SESSION_SENDS_MAX 64     /* the most client messages a second that can be kept count of */
#define MR_SESSION_RECORD 16384     /* plaintext of one TLS record */
#define MR_NS_PER_S 1000000000ll
#define MR_NS_PER_MS 1000000ll

/* HELD: not asked for, by the venue's list or because it is to blame for connections that ended. */
enum mr_sub_state { MR_SUB_WANTED, MR_SUB_ASKED, MR_SUB_ACKED, MR_SUB_REFUSED, MR_SUB_HELD };
/* Unanswered when a connection ended: once means nothing yet; then it is asked for after all others, with some of its like, or alone. */
enum mr_suspect { MR_SUSPECT_NOT, MR_SUSPECT_ONCE, MR_SUSPECT_GROUP, MR_SUSPECT_ALONE };

/* One subscription at the venue: one or more wanted streams that have the same name there. */
struct mr_sub {
    uint64_t name_hash;
    uint64_t request;      /* id of the message that asked for it */
    int64_t asked_ns;      /* 0 before it was asked for on this connection */
    int64_t data_ns;       /* last data; 0 none on this connection */
    int64_t held_until_ns; /* HELD */
    uint32_t channels;
    uint8_t state;    /* enum mr_sub_state */
    bool unsubscribe; /* first */
    bool alone;       /* in a message of its own: its request was refused as a whole */
    bool again;       /* was subscribed a second time on this connection, for want of data */
    bool mute;
    bool quiet; /* may rightly say nothing */
    /* these outlive a connection */
    uint8_t suspect;         /* enum mr_suspect */
    uint8_t strikes, proven; /* ends in a row for which it alone can be to blame; of which while others were answered */
    uint8_t holds;           /* how often it was held: each time twice as long */
};

/* Where wanted (channel, symbol) is found: open addressing. */
struct mr_sub_key {
    const char *symbol;
    uint32_t channel, sub; /* sub: index + 1; 0 empty */
};

enum mr_linger { MR_LINGER_NONE, MR_LINGER_CLOSE }; /* our close frame went out, the peer's has not come */

struct mr_session {
    struct mr_session_config config;
    struct mr_session_metrics *metrics;
    const struct mr_dialect *dialect;
    const struct mr_route *route; /* the config's; or `granted`, as the last token says */
    const char *host;
    struct mr_route granted;
    char granted_host[128];
    struct mr_grant *grant; /* routes with tokens: the last one */
    uint64_t token_id;
    bool has_token;  /* not used up yet */
    uint64_t random; /* of jitter: from the config's seed, so that a run can be repeated */

    uint8_t state, linger;
    bool connected;                 /* the source has our connection, dialled or open */
    int64_t unsendable_ns;          /* since when it does not take our bytes; 0 */
    bool paused, noticed, relieved; /* relieved: whoever was asked sees to the planned end */
    int64_t now_ns;                 /* of the call under way */
    int64_t since_ns, deadline_ns, dialled_ns, last_byte_ns, next_dial_ns, planned_ns, linger_until_ns;
    int64_t life_margin_ns; /* before the venue's limit: the planned end lies at least so long before it */
    char why[256];

    /* dialling */
    struct mr_address addresses[MR_SESSION_ADDRESSES];
    uint32_t address_count, address_next, failures;
    int64_t *dials; /* times of the last dials_per_minute */
    uint32_t dial_at;

    /* the connection */
    struct mr_tls *tls;
    struct mr_ws ws;
    char key[MR_WS_KEY_TEXT], tls_text[64];
    uint8_t *plain; /* received, not read yet: [begin, end) */
    uint32_t plain_bytes, begin, end;

    /* what we send */
    uint8_t *frame;
    char *text;
    uint8_t masks[256];
    uint32_t mask_at;
    int64_t sent[MR_SESSION_SENDS_MAX];
    uint32_t sent_at;
    uint64_t id;
    uint8_t pong[MR_WS_CONTROL_MAX];
    uint32_t pong_len;
    bool pong_due, ping_due, ping_open;
    char answer[160]; /* to a ping that is a text of the venue's */
    bool answer_due;
    int64_t ping_ns; /* when the last one went out */
    uint32_t hour_requests;

    /* of the venue's budgets */
    uint8_t waits;       /* enum mr_budget_kind */
    bool placed;         /* counted among its connections */
    uint32_t subscribed; /* counted among its subscriptions */
    int64_t hour_ns;

    /* subscriptions */
    struct mr_stream *wanted; /* one a subscription, in the order of subs */
    struct mr_sub *subs;
    uint32_t sub_count, live_count, held_count;
    struct mr_sub_key *keys;
    uint32_t key_mask;
    int64_t next_check_ns;
};

/* ---- session_state.c ---- */
void mr_session_enter(struct mr_session *s, enum mr_session_state state, const char *why);
enum mr_session_end {
    MR_END_PLAIN,
    MR_END_REFUSED,
    MR_END_TLS,
    MR_END_UPGRADE,
    MR_END_TOKEN,
    MR_END_PROTOCOL,
    MR_END_TOO_BIG,
    MR_END_SILENT,
    MR_END_PLANNED
};
/* The connection is over; back-off decides when the next dial is. */
void mr_session_end(struct mr_session *s, enum mr_session_end end, const char *why);
void mr_session_dial(struct mr_session *s);
/* It waits for this, or (NONE) goes on. */
void mr_session_waits(struct mr_session *s, enum mr_budget_kind kind);
/* Numbers below `bound`, from the seed. */
uint64_t mr_session_random(struct mr_session *s, uint64_t bound);
/* Frames may be read and written: the upgrade was answered. */
MR_INLINE bool mr_session_open(const struct mr_session *s)
{
    return s->connected && (s->state == MR_SESSION_SUBSCRIBE || s->state == MR_SESSION_LIVE ||
                            s->state == MR_SESSION_STALE || s->state == MR_SESSION_WELCOME);
}

/* ---- session_send.c ---- */
void mr_session_flush(struct mr_session *s);
bool mr_session_write(struct mr_session *s, const void *data, uint32_t len); /* plaintext; false: no room now */
void mr_session_pump(struct mr_session *s);                                  /* whatever is due and may go out */
void mr_session_send_close(struct mr_session *s, uint16_t code, const char *reason);
void mr_session_send_reset(struct mr_session *s);
bool mr_session_send_text(struct mr_session *s, uint32_t len); /* of s->text; false: no room now */

/* ---- session_streams.c ---- */
int mr_session_name(const struct mr_session_config *config, uint32_t stream, char *name,
                    size_t bytes); /* as the dialect's */
void mr_session_streams_init(struct mr_session *s);
void mr_session_streams_begin(struct mr_session *s);
void mr_session_streams_check(struct mr_session *s); /* first data, silence of single streams */
bool mr_session_ask(struct mr_session *s);           /* writes one request; false: none is due */
void mr_session_control(struct mr_session *s, const struct mr_control *said);
void mr_session_settle(struct mr_session *s); /* SUBSCRIBE to LIVE, if it is so far */
struct mr_sub *mr_session_find(struct mr_session *s, uint32_t channel, const char *symbol);

/* ---- session_blame.c ---- */
/* The venue has ended the connection: what was asked for and not answered is suspect. Why it ended: `why`, or what follows from it, in `text`. */
const char *mr_session_blame(struct mr_session *s, const char *why, char *text, size_t bytes);
/* It was answered, or time has passed: it ends no connection. */
void mr_session_acquit(struct mr_session *s, struct mr_sub *sub);
/* Suspects [return, *end) may be asked for now, in one message; sub_count: none. */
uint32_t mr_session_probe(const struct mr_session *s, uint32_t *end);
void mr_session_blame_check(struct mr_session *s); /* time: acquittals, and held ones that get another chance */
bool mr_session_any(const struct mr_session *s);   /* there is something to ask for */

#endif
