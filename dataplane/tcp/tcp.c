#include "dataplane/net/sum.h"
#include "dataplane/tcp/tcp_priv.h"

MR_METRICS_DEFINE(mr_tcp, MR_TCP_METRICS);

#define HEADER_BYTES 20

/* ---- segments in ---- */

/* Lengths of the options that have only one. lwIP would stop at a wrong one, having read past the last. */
static bool options_sound(const uint8_t *o, uint32_t len)
{
    static const uint8_t fixed[] = {[2] = 4, [3] = 3, [4] = 2, [8] = 10};
    for (uint32_t i = 0; i < len && o[i] != 0;) {
        if (o[i] == 1) {
            i++;
            continue;
        }
        if (len - i < 2 || o[i + 1] < 2 || o[i + 1] > len - i)
            return false;
        if (o[i] < sizeof fixed && fixed[o[i]] && fixed[o[i]] != o[i + 1])
            return false;
        i += o[i + 1];
    }
    return true;
}

static bool checksum_good(const struct mr_tcp *tcp, const struct mr_packet *packet, const uint8_t *ip,
                          const uint8_t *segment, uint32_t len)
{
    if (tcp->config.checksum_by_port && packet->flags & (MR_PACKET_L4_GOOD | MR_PACKET_L4_BAD))
        return packet->flags & MR_PACKET_L4_GOOD;
    uint8_t pseudo[4] = {0, 6, (uint8_t)(len >> 8), (uint8_t)len};
    return mr_sum_fold(mr_sum_add(mr_sum_add(mr_sum_add(0, pseudo, 4), ip + 12, 8), segment, len)) == 0xffff;
}

static inline void release(struct mr_tcp *tcp, struct mr_packet *packet)
{
    tcp->config.link->ops->release(tcp->config.link, packet);
}

void mr_tcp_take(struct mr_tcp *tcp, const struct mr_net_packet *in, int64_t now_ns)
{
    struct mr_packet *packet = in->packet;
    uint8_t *ip = in->ip;
    tcp->now_ns = now_ns;
    MR_COUNT(tcp->m, segments, 1);
    uint32_t ip_len = in->len >= HEADER_BYTES ? (ip[0] & 15) * 4u : 0;
    uint8_t *t = ip + ip_len;
    uint32_t len = in->len - ip_len;
    uint32_t header = ip_len >= HEADER_BYTES && in->len >= ip_len + HEADER_BYTES ? (t[12] >> 4) * 4u : 0;
    if (mr_unlikely(header < HEADER_BYTES || header > len || in->len > UINT16_MAX)) {
        MR_COUNT(tcp->m, malformed, 1);
        release(tcp, packet);
        return;
    }
    if (mr_unlikely(!checksum_good(tcp, packet, ip, t, len))) {
        MR_COUNT(tcp->m, checksum, 1);
        release(tcp, packet);
        return;
    }
    if (mr_unlikely(header > HEADER_BYTES && !options_sound(t + HEADER_BYTES, header - HEADER_BYTES))) {
        MR_COUNT(tcp->m, malformed, 1);
        release(tcp, packet);
        return;
    }
    if (mr_unlikely(len > header && tcp->early + tcp->waiting >= tcp->held_max)) {
        MR_COUNT(tcp->m, no_memory, 1);
        MR_COUNT(tcp->m, dropped, 1);
        release(tcp, packet);
        return;
    }
    struct mr_tcp_segment *s = (struct mr_tcp_segment *)packet->room;
    s->packet = packet;
    s->peer = NULL;
    s->payload = (uint16_t)(len - header);
    s->where = MR_TCP_TAKEN;
    tcp->current = s;
    tcp->current_gone = tcp->current_known = tcp->current_refused = false;
    tcp->current_noise = s->payload == 0 && !(t[13] & 1); /* neither data nor FIN: what answers it is bounded */
    mr_lwip_input(s, ip, in->len);
    if (!tcp->current_gone && s->where == MR_TCP_TAKEN) {
        s->where = MR_TCP_EARLY;
        tcp->early++;
        MR_COUNT(tcp->m, out_of_order, 1);
    }
    tcp->current = NULL;
}

/* Each segment is counted here or in mr_tcp_take as what became of it, once. */
void mr_tcp_on_free(struct mr_tcp *tcp, struct mr_tcp_segment *s)
{
    bool used = s->where == MR_TCP_LENT;
    if (s == tcp->current) {
        tcp->current_gone = true;
        used |= s->payload == 0 && tcp->current_known && !tcp->current_refused;
    } else if (s->where == MR_TCP_EARLY) {
        used |= s->payload == 0;
        tcp->early--;
    }
    if (s->where >= MR_TCP_QUEUED) {
        tcp->waiting--;
        MR_GAUGE_SET(tcp->m, lent, tcp->waiting);
    }
    if (!used)
        MR_COUNT(tcp->m, dropped, 1);
    else if (s->payload == 0)
        MR_COUNT(tcp->m, control, 1);
    release(tcp, s->packet);
}

/* ---- in order ---- */

static void append(struct mr_tcp_list *list, struct mr_tcp_segment *s)
{
    s->next = NULL;
    s->prev = list->tail;
    if (list->tail)
        list->tail->next = s;
    else
        list->head = s;
    list->tail = s;
}

static void unlink_from(struct mr_tcp_list *list, struct mr_tcp_segment *s)
{
    if (s->prev)
        s->prev->next = s->next;
    else
        list->head = s->next;
    if (s->next)
        s->next->prev = s->prev;
    else
        list->tail = s->prev;
}

void mr_tcp_on_data(struct mr_tcp *tcp, struct mr_tcp_peer *peer, struct mr_tcp_segment *s, uint8_t *data, uint32_t len)
{
    if (s->where == MR_TCP_EARLY)
        tcp->early--;
    s->where = MR_TCP_QUEUED;
    s->peer = peer;
    s->serial = peer->serial;
    s->data = data;
    s->len = len;
    append(&tcp->queue, s);
    tcp->waiting++;
    MR_GAUGE_SET(tcp->m, lent, tcp->waiting);
    peer->queued++;
    mr_tcp_touch(tcp, peer);
}

void mr_tcp_forget_queue(struct mr_tcp *tcp, const struct mr_tcp_peer *peer)
{
    struct mr_tcp_segment *next;
    for (struct mr_tcp_segment *s = tcp->queue.head; s; s = next) {
        next = s->next;
        if (peer && s->peer != peer)
            continue;
        unlink_from(&tcp->queue, s);
        s->peer->queued--;
        mr_lwip_free(s);
    }
}

static struct mr_piece event(const struct mr_tcp *tcp, const struct mr_tcp_peer *peer, enum mr_piece_kind kind)
{
    return (struct mr_piece){.kind = (uint8_t)kind,
                             .connection = peer->number,
                             .clock = MR_CLOCK_TSC,
                             .recv_ns = tcp->now_ns,
                             .status = peer->status};
}

static MR_COLD uint32_t report_opened(struct mr_tcp *tcp, struct mr_piece *pieces, uint32_t max)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < tcp->peer_count && n < max && tcp->opened_due; i++) {
        struct mr_tcp_peer *peer = &tcp->peers[i];
        if (!peer->opened_due)
            continue;
        peer->opened_due = false;
        tcp->opened_due--;
        pieces[n++] = event(tcp, peer, MR_PIECE_OPENED);
        pieces[n - 1].status = MR_OK;
    }
    return n;
}

/* A connection's end is told once its data is. */
static MR_COLD uint32_t report_ended(struct mr_tcp *tcp, struct mr_piece *pieces, uint32_t max)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < tcp->peer_count && n < max; i++) {
        struct mr_tcp_peer *peer = &tcp->peers[i];
        if (peer->state != MR_TCP_ENDED || peer->queued || peer->opened_due)
            continue;
        pieces[n] = event(tcp, peer, MR_PIECE_CLOSED);
        pieces[n++].name = mr_span_of(peer->reason);
        mr_tcp_leave(tcp, peer);
    }
    return n;
}

int mr_tcp_poll(struct mr_tcp *tcp, struct mr_piece *pieces, uint32_t max)
{
    uint32_t n = 0;
    if (mr_unlikely(tcp->opened_due))
        n = report_opened(tcp, pieces, max);
    for (struct mr_tcp_segment *s; n < max && (s = tcp->queue.head) != NULL; n++) {
        unlink_from(&tcp->queue, s);
        append(&tcp->lent, s);
        s->where = MR_TCP_LENT;
        s->peer->queued--;
        MR_COUNT(tcp->m, delivered, 1);
        MR_COUNT(tcp->m, payload, s->len);
        pieces[n] = (struct mr_piece){.data = s->data,
                                      .len = s->len,
                                      .connection = s->peer->number,
                                      .kind = MR_PIECE_STREAM,
                                      .clock = s->packet->clock,
                                      .recv_ns = s->packet->recv_ns,
                                      .lend = (uintptr_t)s};
    }
    if (mr_unlikely(tcp->ended) && n < max)
        n += report_ended(tcp, pieces + n, max - n);
    return (int)n;
}

void mr_tcp_release(struct mr_tcp *tcp, const struct mr_piece *piece)
{
    if (piece->kind != MR_PIECE_STREAM)
        return;
    struct mr_tcp_segment *s = (struct mr_tcp_segment *)(uintptr_t)piece->lend;
    MR_DCHECK(s->where == MR_TCP_LENT);
    unlink_from(&tcp->lent, s);
    struct mr_tcp_peer *peer = s->peer;
    if (peer->serial == s->serial && peer->pcb && mr_lwip_used(peer, s->len))
        mr_tcp_touch(tcp, peer);
    mr_lwip_free(s);
}

/* ---- out ---- */

void mr_tcp_touch(struct mr_tcp *tcp, struct mr_tcp_peer *peer)
{
    if (peer->touched)
        return;
    peer->touched = true;
    tcp->touched[tcp->touched_count++] = (uint16_t)(peer - tcp->peers);
}

int64_t mr_tcp_send(struct mr_tcp *tcp, uint16_t connection, const uint8_t *data, uint32_t len)
{
    struct mr_tcp_peer *peer = mr_tcp_of(tcp, connection);
    if (!peer || peer->state < MR_TCP_OPEN)
        return MR_E_INVALID;
    if (peer->state != MR_TCP_OPEN)
        return MR_E_IO; /* its CLOSED piece says why */
    return mr_lwip_write(peer, data, len);
}

void mr_tcp_flush(struct mr_tcp *tcp, int64_t now_ns)
{
    tcp->now_ns = now_ns;
    if (mr_unlikely(tcp->reaching))
        mr_tcp_reach(tcp);
    for (uint32_t i = 0; i < tcp->touched_count; i++) {
        struct mr_tcp_peer *peer = &tcp->peers[tcp->touched[i]];
        peer->touched = false;
        if (peer->pcb && peer->state >= MR_TCP_OPEN)
            mr_lwip_acknowledge(tcp, peer);
    }
    tcp->touched_count = 0;
    if (mr_unlikely(tcp->blocked)) {
        tcp->blocked = false;
        mr_lwip_retry();
    }
    if (tcp->sent) {
        tcp->sent = false;
        tcp->config.link->ops->flush(tcp->config.link);
    }
}

void mr_tcp_housekeep(struct mr_tcp *tcp, int64_t now_ns)
{
    tcp->now_ns = now_ns;
    if (now_ns >= tcp->tick_ns) {
        /* a tile that was kept away for long does not make up for it: timers stretch, nothing is sent in a burst */
        tcp->tick_ns =
            now_ns - tcp->tick_ns > 4 * MR_TCP_TICK_NS ? now_ns + MR_TCP_TICK_NS : tcp->tick_ns + MR_TCP_TICK_NS;
        mr_lwip_tick();
    }
    if (tcp->dialling)
        mr_tcp_dial_again(tcp);
    mr_tcp_flush(tcp, now_ns);
}
