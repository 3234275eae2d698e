/* What goes out: frames in order, as fast as the venue allows and the peer takes them. */
#include <openssl/rand.h>

#include "dataplane/session/session_priv.h"

/* A venue's second is not ours: what we send evenly may arrive closer together. */
#define WINDOW_NS (MR_NS_PER_S + MR_NS_PER_S / 10)

/* Offers what TLS has queued to the source. What the peer does not take stays queued, in order. Where the source refuses, what the peer
 * said last (an alert, a close frame) may still lie unread: the end is left to the source's CLOSED piece, for a while. */
void mr_session_flush(struct mr_session *s)
{
    const uint8_t *data;
    uint32_t len;
    while (s->connected && !s->unsendable_ns && (len = mr_tls_output(s->tls, &data)) > 0) {
        int64_t n = s->config.source->ops->send(s->config.source, s->config.connection, data, len);
        if (n == 0 || n == MR_E_AGAIN || n == MR_E_FULL)
            return;
        if (n < 0)
            s->unsendable_ns = s->now_ns;
        else
            mr_tls_sent(s->tls, (uint32_t)n);
    }
}

bool mr_session_write(struct mr_session *s, const void *data, uint32_t len)
{
    if (mr_tls_write(s->tls, data, len) < 0)
        return false;
    mr_session_flush(s);
    return true;
}

void mr_session_send_reset(struct mr_session *s)
{
    uint8_t random[16];
    MR_ASSERT(RAND_bytes(random, sizeof random) == 1);
    mr_ws_key(random, s->key);
    memset(s->sent, 0, sizeof s->sent);
    s->sent_at = 0;
    s->pong_due = s->ping_due = s->ping_open = s->answer_due = false;
    s->unsendable_ns = 0;
    s->hour_requests = 0;
    s->id = 0;
    s->hour_ns = s->now_ns;
}

/* Masks come from OpenSSL's generator, which the kernel seeds: nobody behind us can know the next one (RFC 6455 10.3). */
static const uint8_t *mask(struct mr_session *s)
{
    if (s->mask_at == sizeof s->masks) {
        MR_ASSERT(RAND_bytes(s->masks, sizeof s->masks) == 1);
        s->mask_at = 0;
    }
    s->mask_at += 4;
    return s->masks + s->mask_at - 4;
}

/* In any window of a second (and a bit) at most sends_per_s messages: the one that long ago must be old enough. */
static bool allowed(const struct mr_session *s)
{
    uint32_t most = s->route->sends_per_s < MR_SESSION_SENDS_MAX ? s->route->sends_per_s : MR_SESSION_SENDS_MAX;
    if (!most)
        return true;
    int64_t then = s->sent[(s->sent_at + MR_SESSION_SENDS_MAX - most) % MR_SESSION_SENDS_MAX];
    return !then || s->now_ns - then >= WINDOW_NS;
}

static bool send_frame(struct mr_session *s, uint8_t opcode, const void *payload, uint32_t len)
{
    int64_t n = mr_ws_write(s->frame, MR_SESSION_TEXT_BYTES + MR_WS_HEAD_MAX, opcode, true, mask(s), payload, len);
    struct mr_budget *sends = s->config.budgets ? &s->config.budgets->sends : NULL;
    MR_ASSERT(n > 0);
    if (sends && mr_budget_take(sends, 1, s->now_ns)) {
        mr_session_waits(s, MR_BUDGET_SENDS);
        return false;
    }
    if (!mr_session_write(s, s->frame, (uint32_t)n)) {
        if (sends)
            mr_budget_give(sends, 1);
        return false;
    }
    if (mr_unlikely(s->waits == MR_BUDGET_SENDS))
        mr_session_waits(s, MR_BUDGET_NONE);
    s->sent[s->sent_at] = s->now_ns;
    s->sent_at = (s->sent_at + 1) % MR_SESSION_SENDS_MAX;
    return true;
}

/* No limit holds it up: it is the last thing we say. */
void mr_session_send_close(struct mr_session *s, uint16_t code, const char *reason)
{
    if (!s->connected || s->linger != MR_LINGER_NONE)
        return;
    int64_t n = mr_ws_write_close(s->frame, MR_SESSION_TEXT_BYTES, mask(s), code, reason);
    if (n > 0)
        (void)mr_session_write(s, s->frame, (uint32_t)n);
}

static bool send_ping(struct mr_session *s)
{
    struct mr_text text;
    bool ok;
    mr_text_init(&text, s->text, MR_SESSION_TEXT_BYTES);
    s->id++;
    if (s->route->ping == MR_PING_TEXT) {
        s->dialect->ping(s->config.product, s->id, &text);
        ok = send_frame(s, MR_WS_TEXT, s->text, (uint32_t)text.len);
    } else {
        mr_text_format(&text, "%llu", (unsigned long long)s->id);
        ok = send_frame(s, MR_WS_PING, s->text, (uint32_t)text.len);
    }
    if (!ok)
        return false;
    s->ping_due = false;
    s->ping_open = true;
    s->ping_ns = s->now_ns;
    MR_COUNT(s->metrics, pings, 1);
    return true;
}

/* The most urgent message that is due. False: none, or no room for it. */
static bool send_one(struct mr_session *s)
{
    if (s->pong_due) {
        s->pong_due = !send_frame(s, MR_WS_PONG, s->pong, s->pong_len);
        MR_COUNT(s->metrics, pongs, !s->pong_due);
        return !s->pong_due;
    }
    if (s->answer_due) {
        s->answer_due = !send_frame(s, MR_WS_TEXT, s->answer, (uint32_t)strlen(s->answer));
        MR_COUNT(s->metrics, pongs, !s->answer_due);
        return !s->answer_due;
    }
    if (s->ping_due && s->route->ping != MR_PING_NONE)
        return send_ping(s);
    return mr_session_ask(s);
}

void mr_session_pump(struct mr_session *s)
{
    while (mr_session_open(s) && allowed(s) && send_one(s))
        ;
    if (mr_session_open(s))
        mr_session_flush(s);
}

bool mr_session_send_text(struct mr_session *s, uint32_t len) { return send_frame(s, MR_WS_TEXT, s->text, len); }
