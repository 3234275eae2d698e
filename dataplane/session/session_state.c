/* States, and what time brings: deadlines, back-off, silence, planned ends. */
#include <stdio.h>

#include "dataplane/session/session_priv.h"

#define LIVE_A_WHILE_NS (10 * MR_NS_PER_S) /* then the next failure is the first again */
#define LINGER_NS MR_NS_PER_S              /* for the peer's close frame */
#define NOTICE_NS (30 * MR_NS_PER_S)       /* for another connection to take over after a notice of the venue's */

const char *mr_session_state_name(enum mr_session_state state)
{
    static const char *const names[MR_SESSION_STATES] = {"down", "resolve", "dial",   "tls",   "upgrade", "subscribe",
                                                         "live", "stale",   "paused", "token", "welcome"};
    return (unsigned)state < MR_SESSION_STATES ? names[state] : "?";
}

/* splitmix64 */
uint64_t mr_session_random(struct mr_session *s, uint64_t bound)
{
    uint64_t z = s->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (uint64_t)((mr_u128)z * bound >> 64);
}

void mr_session_enter(struct mr_session *s, enum mr_session_state state, const char *why)
{
    enum mr_session_state was = s->state;
    if (why && why != s->why)
        snprintf(s->why, sizeof s->why, "%s", why);
    if (was == state)
        return;
    s->state = (uint8_t)state;
    s->since_ns = s->now_ns;
    s->deadline_ns = s->now_ns + (int64_t)s->config.connect_s * MR_NS_PER_S;
    MR_GAUGE_SET(s->metrics, state, state);
    if (state == MR_SESSION_LIVE && was == MR_SESSION_SUBSCRIBE) {
        MR_COUNT(s->metrics, lives, 1);
        MR_RECORD(s->metrics, live_ns, s->now_ns - s->dialled_ns);
    }
    s->config.changed(s->config.arg, s, was, state, s->why);
}

/* ---- ends ---- */

static void count(struct mr_session *s, enum mr_session_end end)
{
    switch (end) {
    case MR_END_PLAIN:
        break;
    case MR_END_REFUSED:
        MR_COUNT(s->metrics, refused, 1);
        break;
    case MR_END_TLS:
        MR_COUNT(s->metrics, tls_failed, 1);
        break;
    case MR_END_UPGRADE:
        MR_COUNT(s->metrics, upgrade_failed, 1);
        break;
    case MR_END_TOKEN:
        MR_COUNT(s->metrics, token_failed, 1);
        break;
    case MR_END_PROTOCOL:
        MR_COUNT(s->metrics, protocol, 1);
        break;
    case MR_END_TOO_BIG:
        MR_COUNT(s->metrics, too_big, 1);
        break;
    case MR_END_SILENT:
        MR_COUNT(s->metrics, silent, 1);
        break;
    case MR_END_PLANNED:
        MR_COUNT(s->metrics, planned, 1);
        break;
    }
}

/* The first retry within backoff_ms_first, then twice as long each time; half of it is jitter. Another address of the same
 * name is tried at once. */
static void schedule(struct mr_session *s, bool was_live_long)
{
    if (was_live_long)
        s->failures = 0;
    if (s->address_next < s->address_count) {
        s->next_dial_ns = s->now_ns;
        return;
    }
    uint64_t delay = s->config.backoff_ms_first, most = s->config.backoff_ms_most;
    for (uint32_t i = 0; i < s->failures && delay < most; i++)
        delay *= 2;
    delay = (delay < most ? delay : most) * (uint64_t)MR_NS_PER_MS;
    s->next_dial_ns = s->now_ns + (int64_t)(delay / 2 + mr_session_random(s, delay / 2 + 1));
    s->failures++;
}

static void drop(struct mr_session *s)
{
    if (s->connected)
        s->config.source->ops->close_connection(s->config.source, s->config.connection);
    if (s->tls)
        mr_tls_close(s->tls); /* keys go with the connection */
    s->connected = false;
    s->linger = MR_LINGER_NONE;
    s->begin = s->end = 0;
    if (s->placed)
        mr_stock_give(&s->config.budgets->connections, 1);
    if (s->subscribed)
        mr_stock_give(&s->config.budgets->subscriptions, s->subscribed);
    s->placed = false;
    s->subscribed = 0;
}

/* What belonged to the connection is over; the state says what comes next. */
static void over(struct mr_session *s, const char *why)
{
    bool was_open = s->state >= MR_SESSION_SUBSCRIBE && s->state <= MR_SESSION_STALE;
    bool was_live = s->state == MR_SESSION_LIVE || s->state == MR_SESSION_STALE;
    if (was_open) /* the next dial asks for the name again: it may have moved */
        s->address_count = s->address_next = 0;
    schedule(s, was_live && s->now_ns - s->since_ns >= LIVE_A_WHILE_NS);
    s->live_count = 0;
    s->planned_ns = 0;
    s->noticed = s->relieved = false;
    MR_GAUGE_SET(s->metrics, streams_live, 0);
    MR_COUNT(s->metrics, closes, 1);
    mr_session_enter(s, s->paused ? MR_SESSION_PAUSED : MR_SESSION_DOWN, why);
}

void mr_session_end(struct mr_session *s, enum mr_session_end end, const char *why)
{
    bool counted = s->linger != MR_LINGER_NONE; /* it was, when we closed */
    drop(s);
    if (counted || s->state == MR_SESSION_DOWN || s->state == MR_SESSION_PAUSED)
        return;
    count(s, end);
    over(s, why);
}

/* Ends it from our side: with the close handshake if there is somebody to shake hands with. */
static void part(struct mr_session *s, enum mr_session_end end, uint16_t code, const char *why)
{
    if (!mr_session_open(s)) {
        mr_session_end(s, end, why);
        return;
    }
    mr_session_send_close(s, code, why);
    if (s->connected) {
        s->linger = MR_LINGER_CLOSE;
        s->linger_until_ns = s->now_ns + LINGER_NS;
    }
    if (s->state == MR_SESSION_DOWN || s->state == MR_SESSION_PAUSED)
        return; /* it broke while we said goodbye */
    count(s, end);
    over(s, why);
}

/* ---- dialling ---- */

/* When the budget of the last minute lets us dial. */
static int64_t budget_ns(const struct mr_session *s)
{
    int64_t oldest = s->dials[s->dial_at];
    return oldest ? oldest + 60 * MR_NS_PER_S : INT64_MIN;
}

void mr_session_dial(struct mr_session *s)
{
    struct mr_dial dial = {.from = s->config.from, .interface = s->config.interface};
    dial.peer = s->config.fixed.family ? s->config.fixed : s->addresses[s->address_next++];
    s->dials[s->dial_at] = s->now_ns;
    s->dial_at = (s->dial_at + 1) % s->config.dials_per_minute;
    s->dialled_ns = s->last_byte_ns = s->now_ns;
    mr_session_send_reset(s);
    MR_COUNT(s->metrics, dials, 1);
    s->connected = true;
    mr_session_enter(s, MR_SESSION_DIAL, "dialling");
    int status = s->config.source->ops->connect(s->config.source, s->config.connection, &dial, s->now_ns);
    if (status < 0) {
        s->connected = false;
        mr_session_end(s, MR_END_REFUSED, mr_status_text(status));
    }
}

void mr_session_waits(struct mr_session *s, enum mr_budget_kind kind)
{
    if (mr_likely(s->waits == kind))
        return;
    s->waits = (uint8_t)kind;
    MR_COUNT(s->metrics, held_back, kind == MR_BUDGET_DIALS);
    MR_COUNT(s->metrics, no_place, kind == MR_BUDGET_CONNECTIONS);
    MR_COUNT(s->metrics, sends_held, kind == MR_BUDGET_SENDS);
    MR_COUNT(s->metrics, subs_held, kind == MR_BUDGET_SUBSCRIPTIONS);
    MR_GAUGE_SET(s->metrics, waits, kind);
}

/* A place among the venue's connections, and one of its attempts: the token, the name and the dial that follow are one. */
static bool may_dial(struct mr_session *s)
{
    struct mr_budgets *b = s->config.budgets;
    if (!b || s->placed)
        return true;
    if (mr_stock_take(&b->connections, 1) == 0) {
        s->next_dial_ns = s->now_ns + MR_NS_PER_S;
        mr_session_waits(s, MR_BUDGET_CONNECTIONS);
        return false;
    }
    int64_t allowed = mr_budget_take(&b->dials, 1, s->now_ns);
    if (allowed) {
        mr_stock_give(&b->connections, 1); /* another venue's budget of attempts may have room */
        s->next_dial_ns = allowed;
        mr_session_waits(s, MR_BUDGET_DIALS);
        return false;
    }
    s->placed = true;
    mr_session_waits(s, MR_BUDGET_NONE);
    return true;
}

static void begin(struct mr_session *s)
{
    int64_t allowed = budget_ns(s);
    if (s->now_ns < allowed) {
        s->next_dial_ns = allowed;
        return;
    }
    if (!may_dial(s))
        return;
    if (s->route->token && !s->has_token) {
        s->token_id++;
        MR_COUNT(s->metrics, tokens, 1);
        mr_session_enter(s, MR_SESSION_TOKEN, "asking for a token");
        s->config.token(s->config.arg, s);
        return;
    }
    if (s->config.fixed.family || s->address_next < s->address_count) {
        mr_session_dial(s);
        return;
    }
    s->address_count = s->address_next = 0;
    mr_session_enter(s, MR_SESSION_RESOLVE, "asking for the address");
    s->config.resolve(s->config.arg, s, s->host);
}

/* Connections that bring the same begin at different addresses: these are different machines, often on different paths. */
static void spread(struct mr_session *s)
{
    struct mr_address turned[MR_SESSION_ADDRESSES];
    for (uint32_t i = 0; i < s->address_count; i++)
        turned[i] = s->addresses[(i + s->config.spread) % s->address_count];
    memcpy(s->addresses, turned, s->address_count * sizeof *turned);
}

void mr_session_resolved(struct mr_session *s, const struct mr_address *addresses, uint32_t count_given,
                         const char *why_none, int64_t now_ns)
{
    s->now_ns = now_ns;
    if (s->state != MR_SESSION_RESOLVE) /* too late, or paused meanwhile */
        return;
    if (count_given == 0) {
        mr_session_end(s, MR_END_REFUSED, why_none ? why_none : "the name has no address");
        return;
    }
    s->address_count = count_given < MR_SESSION_ADDRESSES ? count_given : MR_SESSION_ADDRESSES;
    memcpy(s->addresses, addresses, s->address_count * sizeof *addresses);
    for (uint32_t i = 0; i < s->address_count; i++)
        if (!s->addresses[i].port)
            s->addresses[i].port = s->route->port;
    spread(s);
    s->address_next = 0;
    mr_session_dial(s);
}

/* The venue's own words become the route: where, by which path, how often to ping. */
static void use_grant(struct mr_session *s)
{
    const struct mr_grant *grant = s->grant;
    if (!(s->config.host && s->config.host[0])) {
        snprintf(s->granted_host, sizeof s->granted_host, "%s", grant->host);
        s->host = s->granted_host;
    }
    s->granted = *s->config.route;
    s->granted.port = s->config.port ? s->config.port : grant->port;
    s->granted.path = grant->path;
    s->granted.ping_s = grant->ping_s ? grant->ping_s : s->granted.ping_s;
    if (grant->pong_s && grant->pong_s < s->granted.pong_s) /* who wants to know sooner than the venue promises, may */
        s->granted.pong_s = grant->pong_s;
    s->route = &s->granted;
    s->has_token = true;
}

void mr_session_token(struct mr_session *s, struct mr_span body, const char *why_none, int64_t now_ns)
{
    s->now_ns = now_ns;
    if (s->state != MR_SESSION_TOKEN) /* too late, or paused meanwhile */
        return;
    char before[sizeof s->grant->host];
    uint64_t id = (uint64_t)s->config.connection << 32 | s->token_id;
    snprintf(before, sizeof before, "%s", s->grant->host);
    if (why_none || s->dialect->token(s->config.product, body, id, s->grant) != MR_OK) {
        mr_session_end(s, MR_END_TOKEN, why_none ? why_none : s->grant->why);
        return;
    }
    if (strcmp(before, s->grant->host) != 0)
        s->address_count = s->address_next = 0; /* those were of another host */
    use_grant(s);
    begin(s);
}

/* ---- time ---- */

static const char *too_slow(enum mr_session_state state, enum mr_session_end *end)
{
    switch (state) {
    case MR_SESSION_TOKEN:
        *end = MR_END_TOKEN;
        return "no token in time";
    case MR_SESSION_WELCOME:
        *end = MR_END_UPGRADE;
        return "the venue did not say welcome in time";
    case MR_SESSION_RESOLVE:
        *end = MR_END_REFUSED;
        return "the name was not resolved in time";
    case MR_SESSION_DIAL:
        *end = MR_END_REFUSED;
        return "no connection in time";
    case MR_SESSION_TLS:
        *end = MR_END_TLS;
        return "the TLS handshake was not done in time";
    default:
        *end = MR_END_UPGRADE;
        return "the upgrade was not answered in time";
    }
}

/* No byte for a while: ask early, so that a route that is merely quiet never counts as stale. */
static void watch(struct mr_session *s)
{
    int64_t silence = (int64_t)s->route->silence_s * MR_NS_PER_S, pong = (int64_t)s->route->pong_s * MR_NS_PER_S;
    int64_t quiet = s->now_ns - s->last_byte_ns;
    if (s->now_ns - s->ping_ns >= (int64_t)s->route->ping_s * MR_NS_PER_S && s->route->ping_s)
        s->ping_due = true;
    if (!silence)
        return;
    if (quiet >= silence / 2 && s->ping_ns <= s->last_byte_ns)
        s->ping_due = true;
    if (quiet >= silence && s->state == MR_SESSION_LIVE) {
        s->ping_due = true;
        mr_session_enter(s, MR_SESSION_STALE, "no byte for the route's silence time");
    } else if (quiet >= silence + pong) {
        mr_session_end(s, MR_END_SILENT, "no byte came, and no answer to a ping");
    }
}

static void tend(struct mr_session *s)
{
    if (s->planned_ns && s->now_ns >= s->planned_ns) {
        char why[sizeof s->why];
        snprintf(why, sizeof why, "%s", s->noticed ? s->why : "planned: before the venue's time limit of a connection");
        if (!s->relieved && s->config.planned && s->config.planned(s->config.arg, s, why)) {
            s->relieved = true; /* and has half of what is left */
            s->planned_ns = s->now_ns + (s->noticed ? NOTICE_NS : s->life_margin_ns / 2);
        } else {
            part(s, MR_END_PLANNED, 1000, why);
            return;
        }
    }
    watch(s);
    if (mr_session_open(s) && s->now_ns >= s->next_check_ns) {
        s->next_check_ns = s->now_ns + MR_NS_PER_S / 4;
        mr_session_streams_check(s);
    }
    if (mr_session_open(s))
        mr_session_pump(s);
}

void mr_session_housekeep(struct mr_session *s, int64_t now_ns)
{
    enum mr_session_end end;
    s->now_ns = now_ns;
    if (mr_unlikely(s->linger != MR_LINGER_NONE)) {
        if (now_ns >= s->linger_until_ns)
            drop(s);
        else if (s->connected)
            mr_session_flush(s);
        return;
    }
    if (mr_unlikely(s->unsendable_ns && s->connected && now_ns - s->unsendable_ns >= LINGER_NS)) {
        mr_session_end(s,
                       s->state == MR_SESSION_TLS       ? MR_END_TLS
                       : s->state == MR_SESSION_UPGRADE ? MR_END_UPGRADE
                                                        : MR_END_PLAIN,
                       "the connection does not take our bytes");
        return;
    }
    switch ((enum mr_session_state)s->state) {
    case MR_SESSION_DOWN:
        if (now_ns >= s->next_dial_ns && mr_session_any(s))
            begin(s);
        break;
    case MR_SESSION_TOKEN:
    case MR_SESSION_RESOLVE:
    case MR_SESSION_DIAL:
    case MR_SESSION_TLS:
    case MR_SESSION_UPGRADE:
    case MR_SESSION_WELCOME:
        if (now_ns >= s->deadline_ns) {
            const char *why = too_slow(s->state, &end);
            mr_session_end(s, end, why);
        } else if (s->connected && s->state != MR_SESSION_DIAL) {
            mr_session_flush(s);
        }
        break;
    case MR_SESSION_SUBSCRIBE:
    case MR_SESSION_LIVE:
    case MR_SESSION_STALE:
        tend(s);
        break;
    case MR_SESSION_PAUSED:
    case MR_SESSION_STATES:
        break;
    }
}

void mr_session_pause(struct mr_session *s, bool paused, int64_t now_ns)
{
    s->now_ns = now_ns;
    if (s->paused == paused)
        return;
    s->paused = paused;
    if (!paused) {
        s->failures = 0;
        s->next_dial_ns = now_ns;
        mr_session_enter(s, MR_SESSION_DOWN, "resumed");
    } else if (s->state == MR_SESSION_DOWN) {
        mr_session_enter(s, MR_SESSION_PAUSED, "paused");
    } else {
        part(s, MR_END_PLAIN, 1000, "paused");
    }
}

void mr_session_reconnect(struct mr_session *s, const char *why, int64_t now_ns)
{
    s->now_ns = now_ns;
    if (s->state == MR_SESSION_DOWN)
        s->next_dial_ns = now_ns; /* not before the budget allows it */
    else if (s->state != MR_SESSION_PAUSED)
        part(s, MR_END_PLAIN, 1000, why);
}

void mr_session_close(struct mr_session *s, int64_t now_ns)
{
    s->now_ns = now_ns;
    s->paused = true;
    if (mr_session_open(s))
        mr_session_send_close(s, 1001, "going away");
    mr_session_end(s, MR_END_PLAIN, "closed");
    if (s->tls)
        mr_tls_free(s->tls);
    s->tls = NULL;
}
