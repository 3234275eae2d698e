#include "tests/dataplane/tcp/peer.h"

#include <stdlib.h>

#define FLIGHTS_MAX 1024
#define ROOM (1u << 16) /* of reassembly, and the window */

/* A segment under way. */
struct flight {
    uint32_t seq, len; /* len: octets of sequence, a FIN's too */
    int64_t sent_ns, wait_ns;
    bool sacked, again;
};
struct peer {
    struct peer_config c;
    void (*out)(void *arg, const uint8_t *frame, uint32_t len);
    void *arg;
    enum peer_state state;
    uint8_t client_ip[4];
    uint16_t client_port;
    uint32_t mss, scale_out, scale_in; /* of windows we tell, and are told */
    uint32_t irs, rcv_nxt;             /* the client's first number; what comes next */
    uint32_t una, nxt, window;
    uint64_t received, sent;
    struct flight flights[FLIGHTS_MAX]; /* in order of seq, a ring */
    uint32_t first, count;
    uint8_t have[ROOM]; /* octets that came early, by seq */
    uint32_t fin_seq;
    int64_t now_ns;
    bool fin_known, heard_end, fin_sent, wrong;
};

struct peer *peer_open(const struct peer_config *config, void (*out)(void *arg, const uint8_t *frame, uint32_t len),
                       void *arg)
{
    struct peer *p = calloc(1, sizeof *p);
    MR_ASSERT(p);
    p->c = *config;
    p->out = out;
    p->arg = arg;
    return p;
}

void peer_close(struct peer *p) { free(p); }

void peer_listen(struct peer *p, uint32_t isn)
{
    struct peer fresh = {.c = p->c, .out = p->out, .arg = p->arg};
    fresh.c.isn = isn;
    *p = fresh;
}

static bool after(uint32_t a, uint32_t b) { return (int32_t)(a - b) > 0; }

static void emit(struct peer *p, uint16_t flags, uint32_t seq, uint64_t offset, uint32_t len)
{
    uint8_t data[FRAME_ROOM], frame[FRAME_ROOM];
    struct seg s = {.from = p->c.port,
                    .to = p->client_port,
                    .seq = seq,
                    .ack = p->rcv_nxt,
                    .flags = flags,
                    .data = data,
                    .len = len};
    s.window = (uint16_t)((ROOM - 1) >> (flags & SEG_SYN ? 0 : p->scale_out));
    memcpy(s.from_ip, p->c.ip, 4);
    memcpy(s.to_ip, p->client_ip, 4);
    for (uint32_t i = 0; i < len; i++)
        data[i] = seg_octet(1, offset + i);
    if (flags & SEG_SYN) {
        uint8_t *o = s.options;
        *o++ = 2, *o++ = 4, *o++ = (uint8_t)(p->c.mss >> 8), *o++ = (uint8_t)p->c.mss;
        if (p->c.window_scale != 255)
            *o++ = 1, *o++ = 3, *o++ = 3, *o++ = p->c.window_scale;
        if (p->c.sack)
            *o++ = 1, *o++ = 1, *o++ = 4, *o++ = 2;
        s.option_bytes = (uint32_t)(o - s.options);
    }
    p->out(p->arg, frame, seg_write(frame, &s));
}

static void acknowledge(struct peer *p) { emit(p, SEG_ACK, p->nxt, 0, 0); }

static struct flight *flight_at(struct peer *p, uint32_t i) { return &p->flights[(p->first + i) % FLIGHTS_MAX]; }

static void launch(struct peer *p, struct flight *f)
{
    uint64_t offset = (uint32_t)(f->seq - p->c.isn - 1); /* streams here are shorter than 4 GB */
    bool fin = p->fin_sent && offset + f->len > p->c.send_total;
    emit(p, (uint16_t)(SEG_ACK | SEG_PSH | (fin ? SEG_FIN : 0)), f->seq, offset, f->len - fin);
    f->sent_ns = p->now_ns;
}

static void send_more(struct peer *p)
{
    uint32_t room = p->window < p->c.flight_max ? p->window : p->c.flight_max;
    while (p->state == PEER_OPEN && p->count < FLIGHTS_MAX && !p->fin_sent) {
        uint64_t left = p->c.send_total - p->sent;
        uint32_t under_way = p->nxt - p->una;
        uint32_t n = left < p->mss ? (uint32_t)left : p->mss;
        bool fin = p->c.finish && left == n;
        if ((n == 0 && !fin) || under_way + n > room)
            return;
        p->fin_sent = fin;
        struct flight *f = flight_at(p, p->count++);
        *f = (struct flight){.seq = p->nxt, .len = n + fin, .wait_ns = p->c.rto_ns};
        p->nxt += f->len;
        p->sent += n;
        launch(p, f);
    }
}

static void take_acknowledgement(struct peer *p, const struct seg *s)
{
    p->window = (uint32_t)s->window << p->scale_in;
    if (after(s->ack, p->una) && !after(s->ack, p->nxt))
        p->una = s->ack;
    while (p->count > 0 && !after(flight_at(p, 0)->seq + flight_at(p, 0)->len, p->una)) {
        p->first = (p->first + 1) % FLIGHTS_MAX;
        p->count--;
    }
    uint32_t highest = 0; /* flights beyond the first that were told to have come */
    for (uint32_t bytes = 8; bytes <= 32; bytes += 8) {
        const uint8_t *o = seg_option(s, 5, bytes);
        for (uint32_t b = 0; o && b < bytes; b += 8)
            for (uint32_t i = 0; i < p->count; i++) {
                struct flight *f = flight_at(p, i);
                if (!after(seg_get32(o + b), f->seq) && !after(f->seq + f->len, seg_get32(o + b + 4)))
                    f->sacked = true;
            }
    }
    for (uint32_t i = 0; i < p->count; i++)
        if (flight_at(p, i)->sacked)
            highest = i;
    for (uint32_t i = 0; i + 2 < highest; i++) {
        struct flight *f = flight_at(p, i);
        if (!f->sacked && !f->again) {
            f->again = true;
            launch(p, f);
        }
    }
}

/* Octets of the client: those in order are judged at once, early ones are marked. They are judged, too, as they come. */
static void take_data(struct peer *p, const struct seg *s)
{
    for (uint32_t i = 0; i < s->len; i++) {
        uint32_t seq = s->seq + i;
        if ((uint32_t)(seq - p->rcv_nxt) >= ROOM - 1)
            continue; /* an old one, or beyond the window */
        p->wrong |= s->data[i] != seg_octet(0, (uint32_t)(seq - p->irs - 1));
        p->have[seq % ROOM] = 1;
    }
    if (s->flags & SEG_FIN) {
        p->fin_known = true;
        p->fin_seq = s->seq + s->len;
    }
    while (p->have[p->rcv_nxt % ROOM]) {
        p->have[p->rcv_nxt % ROOM] = 0;
        p->rcv_nxt++;
        p->received++;
    }
    if (p->fin_known && !p->heard_end && p->rcv_nxt == p->fin_seq) {
        p->heard_end = true;
        p->rcv_nxt++;
    }
    acknowledge(p);
}

static void take_syn(struct peer *p, const struct seg *s)
{
    memcpy(p->client_ip, s->from_ip, 4);
    p->client_port = s->from;
    p->irs = s->seq;
    p->rcv_nxt = s->seq + 1;
    const uint8_t *mss = seg_option(s, 2, 2), *scale = seg_option(s, 3, 1);
    p->mss = mss && frame_get16(mss) < p->c.mss ? frame_get16(mss) : p->c.mss;
    bool scaled = scale && p->c.window_scale != 255;
    p->scale_in = scaled ? *scale : 0;
    p->scale_out = scaled ? p->c.window_scale : 0;
    p->window = s->window;
    p->una = p->c.isn;
    p->nxt = p->c.isn + 1;
    p->count = 0;
    p->flights[p->first = 0] = (struct flight){.seq = p->c.isn, .len = 1, .sent_ns = p->now_ns, .wait_ns = p->c.rto_ns};
    p->state = PEER_SYN;
    emit(p, SEG_SYN | SEG_ACK, p->c.isn, 0, 0);
}

void peer_take(struct peer *p, const uint8_t *frame, uint32_t len, int64_t now_ns)
{
    struct seg s;
    p->now_ns = now_ns;
    if (seg_read(frame, len, &s) || s.to != p->c.port || memcmp(s.to_ip, p->c.ip, 4) != 0)
        return; /* corrupt, or somebody else's */
    if (s.flags & SEG_RST) {
        if (p->state != PEER_LISTENS && s.from == p->client_port)
            p->state = PEER_RESET;
        return;
    }
    if (s.flags & SEG_SYN) {
        if (p->state == PEER_LISTENS || (p->state == PEER_SYN && s.seq == p->irs))
            take_syn(p, &s);
        else if (p->state == PEER_OPEN)
            acknowledge(p);
        return;
    }
    if (p->state == PEER_LISTENS || p->state == PEER_CLOSED || s.from != p->client_port)
        return;
    if (p->state == PEER_SYN) {
        if (!(s.flags & SEG_ACK) || s.ack != p->c.isn + 1)
            return;
        p->state = PEER_OPEN;
        p->una = p->nxt;
    }
    if (s.flags & SEG_ACK)
        take_acknowledgement(p, &s);
    if (s.len || s.flags & SEG_FIN)
        take_data(p, &s);
    send_more(p);
    if (p->heard_end && p->fin_sent && p->count == 0)
        p->state = PEER_CLOSED;
}

static int64_t due(const struct flight *f) { return f->sent_ns + f->wait_ns; }

void peer_step(struct peer *p, int64_t now_ns)
{
    p->now_ns = now_ns;
    if (p->state == PEER_SYN && now_ns >= due(&p->flights[p->first])) {
        p->flights[p->first].sent_ns = now_ns;
        emit(p, SEG_SYN | SEG_ACK, p->c.isn, 0, 0);
    }
    for (uint32_t i = 0; p->state == PEER_OPEN && i < p->count; i++) {
        struct flight *f = flight_at(p, i);
        if (f->sacked || now_ns < due(f))
            continue;
        if (f->wait_ns < 16 * p->c.rto_ns)
            f->wait_ns *= 2;
        for (uint32_t j = 1; i == 0 && j < p->count; j++)
            flight_at(p, j)->sacked = false; /* a receiver may forget what it told by SACK (RFC 2018, 8) */
        f->again = false;
        launch(p, f);
    }
    send_more(p);
}

int64_t peer_next_ns(const struct peer *p)
{
    int64_t next = INT64_MAX;
    if (p->state == PEER_SYN)
        return due(&p->flights[p->first]);
    for (uint32_t i = 0; p->state == PEER_OPEN && i < p->count; i++) {
        const struct flight *f = &p->flights[(p->first + i) % FLIGHTS_MAX];
        if (!f->sacked && due(f) < next)
            next = due(f);
    }
    return next;
}

enum peer_state peer_state(const struct peer *p) { return p->state; }
uint64_t peer_received(const struct peer *p) { return p->received; }
uint64_t peer_acked(const struct peer *p)
{
    uint32_t n = p->una - p->c.isn - 1;
    return p->state == PEER_SYN || p->state == PEER_LISTENS ? 0 : n > p->c.send_total ? p->c.send_total : n;
}
bool peer_wrong(const struct peer *p) { return p->wrong; }
bool peer_heard_end(const struct peer *p) { return p->heard_end; }
