/* The driver: who sends what on which connection, and what time makes of it. */
#include <openssl/rand.h>

#include "controlplane/exchange/remote/remote_priv.h"

#define WAIT_NS (SECOND / 2) /* for a free connection */
#define PING_NS (5 * SECOND)
#define SILENCE_NS (15 * SECOND)

static struct asked about(const struct mr_request *q)
{
    return (struct asked){q->number, q->order.id, q->order.instrument, q->kind};
}

static void not_sent(struct mr_remote *r, const struct mr_request *q)
{
    const struct asked asked = about(q);
    r->n.not_sent++;
    remote_say(r, MR_ANSWER_NOT_SENT, &asked);
}

/* ---- what lines bring ---- */

static void upgrade(struct line *l)
{
    struct mr_remote *r = l->r;
    char out[1024];
    uint8_t random[16];
    struct mr_text t;
    MR_ASSERT(RAND_bytes(random, sizeof random) == 1);
    mr_ws_key(random, r->ws_key);
    mr_text_init(&t, out, sizeof out);
    bool good = mr_ws_request(&t, r->host, r->port, MR_WIRE_STREAM, r->ws_key) == MR_OK;
    t.len -= good ? 2 : 0; /* the signature comes before the blank line */
    good = good && remote_sign(r, "GET", MR_WIRE_STREAM, (struct mr_span){NULL, 0}, &t);
    mr_text_add(&t, "\r\n");
    l->state = LINE_UPGRADE;
    if (!good || t.cut || !line_write(l, out, (uint32_t)t.len))
        line_end(l, "the upgrade cannot be asked for");
}

void remote_opened(struct line *l)
{
    if (l->number == STREAM) {
        upgrade(l);
        return;
    }
    l->state = LINE_OPEN;
    l->since_ns = l->r->now;
    l->r->n.opened++;
}

void remote_written(struct line *l)
{
    struct mr_remote *r = l->r;
    if (!l->busy || l->left)
        return;
    l->left = true;
    r->n.sent++;
    if (r->config.written)
        r->config.written(r->config.arg, l->asked.number);
    remote_say(r, MR_ANSWER_SENT, &l->asked);
}

void remote_ended(struct line *l)
{
    struct mr_remote *r = l->r;
    if (l->number == STREAM && r->stream_up) {
        r->stream_up = false;
        remote_say(r, MR_ANSWER_STREAM_DOWN, NULL);
    }
    if (!l->busy)
        return;
    if (!l->left && !l->part) { /* not a byte of it */
        r->n.not_sent++;
        remote_say(r, MR_ANSWER_NOT_SENT, &l->asked);
        return;
    }
    if (!l->left)
        remote_say(r, MR_ANSWER_SENT, &l->asked); /* or some of it, which is the same to us */
    r->n.lost++;
    remote_say(r, MR_ANSWER_LOST, &l->asked);
}

static void drop(struct line *l, uint32_t n)
{
    memmove(l->in, l->in + n, l->in_len - n);
    l->in_len -= n;
}

static bool send_frame(struct line *l, uint8_t opcode, const void *payload, uint32_t len)
{
    uint8_t frame[MR_WS_HEAD_MAX + MR_WS_CONTROL_MAX], mask[4];
    MR_ASSERT(RAND_bytes(mask, sizeof mask) == 1);
    int64_t n = mr_ws_write(frame, sizeof frame, opcode, true, mask, payload, len);
    return n > 0 && line_write(l, frame, (uint32_t)n);
}

static void frames(struct line *l)
{
    struct mr_remote *r = l->r;
    uint32_t at = 0;
    int64_t n = 0;
    struct mr_ws_frame frame;
    while (l->state == LINE_OPEN && at < l->in_len &&
           (n = mr_ws_read(&r->ws, l->in + at, l->in_len - at, &frame)) > 0) {
        at += (uint32_t)n;
        if (frame.opcode == MR_WS_TEXT && !remote_read(l, (struct mr_span){frame.data, frame.len}))
            line_end(l, "a message that is none of the account's");
        else if (frame.opcode == MR_WS_PING)
            send_frame(l, MR_WS_PONG, frame.data, frame.len);
        else if (frame.opcode == MR_WS_CLOSE)
            line_end(l, "closed by the exchange");
    }
    if (n < 0)
        line_end(l, r->ws.reason);
    else if (l->state == LINE_OPEN)
        drop(l, at);
}

static void upgraded(struct line *l)
{
    struct mr_remote *r = l->r;
    struct mr_err err;
    int64_t n = mr_ws_response(l->in, l->in_len, r->ws_key, &err);
    if (n < 0 && remote_unwelcome(l) != MR_E_AGAIN)
        line_end(l, err.text);
    if (n <= 0)
        return;
    drop(l, (uint32_t)n);
    mr_ws_reset(&r->ws);
    l->state = LINE_OPEN;
    l->since_ns = l->ping_ns = r->now;
    r->n.opened++;
    r->n.streams++;
    r->stream_up = true;
    remote_say(r, MR_ANSWER_STREAM_UP, NULL);
}

static void response(struct line *l)
{
    struct mr_http_head head;
    int64_t n = mr_http_response(l->in, l->in_len, &head), length = n > 0 ? mr_http_length(&head) : 0;
    if (!l->busy || n < 0 || (n > 0 && length < 0)) {
        line_end(l, l->busy ? "not an HTTP answer" : "an answer to nothing");
        return;
    }
    if (n == 0 || l->in_len < n + length)
        return; /* one that is longer than the buffer ends the connection */
    bool last = mr_http_has_token(&head, "connection", "close");
    remote_response(l, &head, (struct mr_span){l->in + n, (uint32_t)length});
    if (l->state != LINE_OPEN)
        return;
    drop(l, (uint32_t)(n + length));
    if (last || l->in_len)
        line_end(l, last ? "closed after its answer" : "more than an answer");
}

void remote_bytes(struct line *l)
{
    if (l->state == LINE_UPGRADE)
        upgraded(l);
    else if (l->number != STREAM)
        response(l);
    if (l->number == STREAM && l->state == LINE_OPEN)
        frames(l);
}

/* ---- rounds ---- */

/* The one that has been idle longest, so that none is closed for want of use. */
static struct line *free_line(struct mr_remote *r, bool *any)
{
    struct line *best = NULL;
    *any = false;
    for (uint32_t i = 0; i < MR_REMOTE_LINES; i++) {
        struct line *l = &r->line[i];
        *any |= l->state == LINE_OPEN;
        if (l->state == LINE_OPEN && !l->busy && (!best || l->asked_ns < best->asked_ns))
            best = l;
    }
    return best;
}

static void hand_over(struct mr_remote *r, struct line *l, const struct mr_request *q)
{
    if (remote_ask(l, q) != MR_OK)
        not_sent(r, q);
}

/* Those that waited, in their order. */
static void work_queue(struct mr_remote *r)
{
    while (r->queue_count) {
        const struct waiting *w = &r->queue[r->queue_first];
        bool any;
        struct line *l = free_line(r, &any);
        if (l)
            hand_over(r, l, &w->request);
        else if (!any || r->now - w->since_ns >= WAIT_NS)
            not_sent(r, &w->request);
        else
            return;
        r->queue_first = (r->queue_first + 1) % MR_REMOTE_QUEUE;
        r->queue_count--;
    }
}

static void tick(struct mr_remote *r, struct line *l)
{
    bool any;
    if (l->busy && r->now - l->asked_ns >= r->config.answer_ns)
        line_end(l, "no answer in time");
    else if (l->number == STREAM && l->state == LINE_OPEN && r->now - l->byte_ns >= SILENCE_NS)
        line_end(l, "silent");
    if (l->number == STREAM && l->state == LINE_DOWN && (free_line(r, &any), !any))
        return; /* what is asked when it is up could not be sent */
    line_tick(l);
    if (l->number == STREAM && l->state == LINE_OPEN && r->now - l->ping_ns >= PING_NS) {
        l->ping_ns = r->now;
        send_frame(l, MR_WS_PING, NULL, 0);
    }
}

/* Room for a whole list, and for what requests under way may say: else bytes stay with the kernel. */
static bool room(const struct mr_remote *r) { return r->heard_tail - r->heard_head < HEARD / 4; }

static void round_once(struct mr_remote *r)
{
    struct mr_piece pieces[ROUND_PIECES];
    int n = room(r) ? r->source.ops->poll(&r->source, r->now, pieces, ROUND_PIECES) : 0;
    for (int i = 0; i < n; i++) {
        line_piece(&r->line[pieces[i].connection], &pieces[i]);
        r->source.ops->release(&r->source, &pieces[i]);
    }
    for (uint32_t i = 0; i < LINES; i++)
        tick(r, &r->line[i]);
    work_queue(r);
}

static void begin(struct mr_remote *r, int64_t now_ns)
{
    r->now = mr_clock_mono();
    r->wall = now_ns;
}

static int carry(void *self, const struct mr_request *request, int64_t now_ns)
{
    struct mr_remote *r = self;
    bool any;
    begin(r, now_ns);
    if (r->queue_count == MR_REMOTE_QUEUE || r->heard_tail - r->heard_head >= HEARD - RESERVED)
        return MR_E_FULL;
    struct line *l = free_line(r, &any);
    if (!any)
        not_sent(r, request);
    else if (l && !r->queue_count)
        hand_over(r, l, request);
    else
        r->queue[(r->queue_first + r->queue_count++) % MR_REMOTE_QUEUE] = (struct waiting){*request, r->now};
    return MR_OK;
}

static int take(void *self, struct mr_answer *out, int64_t now_ns)
{
    struct mr_remote *r = self;
    if (r->heard_head == r->heard_tail) {
        begin(r, now_ns);
        round_once(r);
    }
    if (r->heard_head == r->heard_tail)
        return 0;
    *out = r->heard[r->heard_head++ & (HEARD - 1)];
    return 1;
}

struct mr_exchange_driver mr_remote_driver(struct mr_remote *r) { return (struct mr_exchange_driver){r, carry, take}; }
void mr_remote_counts(const struct mr_remote *r, struct mr_remote_counts *out) { *out = r->n; }
const char *mr_remote_why(const struct mr_remote *r) { return r->why; }
