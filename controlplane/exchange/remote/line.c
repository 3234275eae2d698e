/* One connection of the driver: dial, TLS, plaintext both ways, and again after a while. */
#include <stdio.h>

#include "controlplane/exchange/remote/remote_priv.h"

#define STEP_NS (5 * SECOND) /* each step to OPEN */
#define FIRST_NS 100000000ll
#define MOST_NS (5 * SECOND)
#define LONG_NS (10 * SECOND) /* open so long: the next failure is the first again */

/* 0 .. bound - 1: splitmix64. */
static int64_t chance(struct mr_remote *r, int64_t bound)
{
    uint64_t z = r->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (int64_t)((z ^ z >> 31) % (uint64_t)bound);
}

static void enter(struct line *l, enum line_state state)
{
    l->state = (uint8_t)state;
    l->since_ns = l->byte_ns = l->r->now;
}

void line_end(struct line *l, const char *why)
{
    struct mr_remote *r = l->r;
    if (l->state == LINE_DOWN)
        return;
    snprintf(r->why, sizeof r->why, "%s: %s", l->number == STREAM ? "stream" : "requests", why);
    r->n.ended++;
    remote_ended(l);
    if (l->connected)
        r->source.ops->close_connection(&r->source, l->number);
    mr_tls_close(l->tls);
    if (l->state == LINE_OPEN && r->now - l->since_ns >= LONG_NS)
        l->failures = 0;
    int64_t wait = FIRST_NS << (l->failures < 6 ? l->failures : 6);
    wait = wait < MOST_NS ? wait : MOST_NS;
    l->failures++;
    l->connected = l->busy = false;
    l->in_len = 0;
    enter(l, LINE_DOWN);
    l->next_ns = r->now + wait / 2 + chance(r, wait / 2 + 1);
}

static void dial(struct line *l)
{
    struct mr_remote *r = l->r;
    int64_t allowed = mr_budget_take(&r->dials, 1, r->now);
    if (allowed) {
        l->next_ns = allowed;
        return;
    }
    const struct mr_dial d = {.peer = r->addresses[l->address++ % r->address_count]};
    r->n.dials++;
    l->connected = true;
    enter(l, LINE_DIAL);
    int status = r->source.ops->connect(&r->source, l->number, &d, r->now);
    if (status < 0) {
        l->connected = false;
        line_end(l, mr_status_text(status));
    }
}

/* What TLS has queued, as much as the kernel takes. A refusal is told by the source's CLOSED piece. */
void line_flush(struct line *l)
{
    const uint8_t *data;
    uint32_t len;
    while (l->connected && (len = mr_tls_output(l->tls, &data)) > 0) {
        int64_t n = l->r->source.ops->send(&l->r->source, l->number, data, len);
        if (n <= 0)
            return;
        l->part = true;
        mr_tls_sent(l->tls, (uint32_t)n);
    }
    remote_written(l);
}

bool line_write(struct line *l, const void *data, uint32_t len)
{
    l->part = false;
    if (mr_tls_write(l->tls, data, len) < 0)
        return false;
    line_flush(l);
    return true;
}

static void handshake(struct line *l, struct mr_tls_cursor *in)
{
    int status = mr_tls_handshake(l->tls, in);
    line_flush(l);
    if (status == MR_OK)
        remote_opened(l);
    else if (status != MR_E_AGAIN)
        line_end(l, mr_tls_error(l->tls));
}

static void received(struct line *l, const struct mr_piece *piece)
{
    struct mr_tls_cursor in = {piece->data, piece->len};
    l->byte_ns = l->r->now;
    if (l->state == LINE_TLS)
        handshake(l, &in);
    while (l->state >= LINE_UPGRADE) {
        if (l->in_len == l->in_bytes) {
            line_end(l, "an answer that is too long");
            return;
        }
        int64_t n = mr_tls_read(l->tls, &in, l->in + l->in_len, l->in_bytes - l->in_len);
        if (n == 0)
            break;
        if (n < 0) {
            line_end(l, n == MR_E_END ? "closed by the exchange" : mr_tls_error(l->tls));
            return;
        }
        l->in_len += (uint32_t)n;
        remote_bytes(l);
    }
    if (l->state >= LINE_UPGRADE)
        line_flush(l); /* reading may make TLS answer */
}

static void opened(struct line *l)
{
    struct mr_tls_cursor nothing = {NULL, 0};
    struct mr_err err;
    enter(l, LINE_TLS);
    if (mr_tls_open(l->tls, l->r->host, &err) < 0)
        line_end(l, err.text);
    else
        handshake(l, &nothing);
}

void line_piece(struct line *l, const struct mr_piece *piece)
{
    if (!l->connected) /* what was brought with the end */
        return;
    if (piece->kind == MR_PIECE_STREAM) {
        received(l, piece);
    } else if (piece->kind == MR_PIECE_OPENED) {
        opened(l);
    } else if (piece->kind == MR_PIECE_CLOSED) {
        char why[128];
        snprintf(why, sizeof why, "%.*s", (int)(piece->name.len < 100 ? piece->name.len : 100),
                 (const char *)piece->name.data);
        l->connected = false; /* the source has closed it already */
        line_end(l, why);
    }
}

void line_tick(struct line *l)
{
    if (l->state == LINE_DOWN) {
        if (l->r->now >= l->next_ns)
            dial(l);
    } else if (l->state != LINE_OPEN && l->r->now - l->since_ns >= STEP_NS) {
        line_end(l, "no answer while it was being opened");
    } else if (l->state >= LINE_TLS) {
        line_flush(l);
    }
}
