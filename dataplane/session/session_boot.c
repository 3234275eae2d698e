/* Memory and set-up. */
#include <stdio.h>

#include "dataplane/session/session_priv.h"

static uint32_t or_else(uint32_t value, uint32_t otherwise) { return value ? value : otherwise; }

static uint32_t keys_of(uint32_t streams)
{
    uint32_t keys = 16;
    while (keys < 2 * streams)
        keys *= 2;
    return keys;
}

static size_t lines(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES; }

/* Where each part lies, counted from the start; the last is the size of all. */
struct layout {
    size_t dials, wanted, subs, keys, grant, text, frame, assembly, plain, end;
    uint32_t plain_bytes;
};

static struct layout layout_of(const struct mr_session_config *config)
{
    struct layout l;
    uint32_t n = config->stream_count, message_max = or_else(config->message_max, 4u << 20);
    l.plain_bytes = message_max + MR_WS_HEAD_MAX + 2 * MR_SESSION_RECORD;
    l.dials = lines(sizeof(struct mr_session));
    l.wanted = l.dials + lines(or_else(config->dials_per_minute, 30) * sizeof(int64_t));
    l.subs = l.wanted + lines(n * sizeof(struct mr_stream));
    l.keys = l.subs + lines(n * sizeof(struct mr_sub));
    l.grant = l.keys + lines(keys_of(n) * sizeof(struct mr_sub_key));
    l.text = l.grant + (config->route->token ? lines(sizeof(struct mr_grant)) : 0);
    l.frame = l.text + MR_SESSION_TEXT_BYTES;
    l.assembly = l.frame + lines(MR_SESSION_TEXT_BYTES + MR_WS_HEAD_MAX);
    l.plain = l.assembly + lines(message_max);
    l.end = l.plain + lines(l.plain_bytes);
    return l;
}

size_t mr_session_bytes(const struct mr_session_config *config) { return layout_of(config).end; }

/* Streams of one name count once. */
static uint32_t distinct(const struct mr_session_config *config)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < config->stream_count; i++) {
        char name[256], other[256];
        bool first = true;
        mr_session_name(config, i, name, sizeof name);
        for (uint32_t k = 0; first && k < i; k++) {
            mr_session_name(config, k, other, sizeof other);
            first = strcmp(name, other) != 0;
        }
        n += first;
    }
    return n;
}

int mr_session_check(const struct mr_session_config *config, struct mr_err *err)
{
    const char *venue = config->venue->name, *product = config->venue->products[config->product].name;
    const struct mr_route *route = config->route;
    char name[256];
    for (uint32_t i = 0; i < config->stream_count; i++) {
        const struct mr_stream *stream = &config->streams[i];
        int status =
            stream->channel & route->channels ? mr_session_name(config, i, name, sizeof name) : MR_E_UNSUPPORTED;
        if (status < 0)
            return mr_err_set(err, MR_E_INVALID,
                              "%s:%s/%s has no stream of channel 0x%x for \"%.64s\": take it out of the feed", venue,
                              product, route->name, stream->channel, stream->symbol);
    }
    uint32_t n = distinct(config);
    if (n > route->streams_max)
        return mr_err_set(err, MR_E_INVALID,
                          "%s:%s/%s: %u subscriptions, and a connection may hold %u: take fewer symbols or channels",
                          venue, product, route->name, n, route->streams_max);
    return MR_OK;
}

static void defaults(struct mr_session_config *c)
{
    c->message_max = or_else(c->message_max, 4u << 20);
    c->connect_s = or_else(c->connect_s, 5);
    c->data_s = or_else(c->data_s, 30);
    c->hold_s = or_else(c->hold_s, 600);
    c->backoff_ms_first = or_else(c->backoff_ms_first, 100);
    c->backoff_ms_most = or_else(c->backoff_ms_most, 30000);
    c->dials_per_minute = or_else(c->dials_per_minute, 30);
}

struct mr_session *mr_session_init(void *mem, const struct mr_session_config *config,
                                   struct mr_session_metrics *metrics)
{
    const struct layout l = layout_of(config);
    uint8_t *base = mem;
    struct mr_session *s = mem;
    memset(mem, 0, l.text); /* the buffers behind need none */
    s->config = *config;
    defaults(&s->config);
    s->metrics = metrics;
    s->dialect = mr_dialect_of(config->venue);
    s->route = config->route;
    s->host = config->host && config->host[0] ? config->host : config->route->host;
    s->random = config->seed;
    MR_ASSERT(s->dialect && config->deliver && config->changed && (config->fixed.family || config->resolve));
    MR_ASSERT(s->route->ping != MR_PING_TEXT || s->dialect->ping);
    MR_ASSERT(!s->route->token || (s->dialect->token && config->token));
    s->dials = (int64_t *)(base + l.dials);
    s->wanted = (struct mr_stream *)(base + l.wanted);
    s->subs = (struct mr_sub *)(base + l.subs);
    s->keys = (struct mr_sub_key *)(base + l.keys);
    s->key_mask = keys_of(config->stream_count) - 1;
    s->grant = config->route->token ? (struct mr_grant *)(base + l.grant) : NULL;
    s->text = (char *)(base + l.text);
    s->frame = base + l.frame;
    s->plain = base + l.plain;
    s->plain_bytes = l.plain_bytes;
    s->mask_at = sizeof s->masks;
    mr_ws_init(&s->ws, MR_WS_CLIENT, base + l.assembly, s->config.message_max);
    MR_ASSERT(mr_tls_new(&s->tls, config->tls) == MR_OK);
    mr_session_streams_init(s);
    MR_GAUGE_SET(metrics, state, MR_SESSION_DOWN);
    snprintf(s->why, sizeof s->why, "not dialled yet");
    return s;
}

enum mr_session_state mr_session_state(const struct mr_session *s) { return s->state; }

void mr_session_view(const struct mr_session *s, struct mr_session_view *out)
{
    *out = (struct mr_session_view){
        .venue = s->config.venue->name,
        .product = s->config.venue->products[s->config.product].name,
        .route = s->route->name,
        .host = s->host,
        .connection = s->config.connection,
        .state = s->state,
        .since_ns = s->since_ns,
        .last_byte_ns = s->last_byte_ns,
        .next_dial_ns = s->state == MR_SESSION_DOWN ? s->next_dial_ns : 0,
        .streams = s->sub_count,
        .streams_live = s->live_count,
        .attempts = s->failures,
        .closing = s->relieved,
        .waits = s->waits,
    };
    for (uint32_t i = s->sub_count; i-- > 0;) {
        bool held = s->subs[i].state == MR_SUB_HELD;
        out->mute += s->subs[i].mute && !held;
        out->held += held;
        out->held_symbol = held ? s->wanted[i].symbol : out->held_symbol;
    }
    memcpy(out->why, s->why, sizeof out->why - 1); /* the whole of it went to `changed` */
    if (s->connected)
        memcpy(out->tls, s->tls_text, sizeof out->tls);
}
