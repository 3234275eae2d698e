/* Frames from the port to pieces: dataplane/net and dataplane/tcp on one link, in the caller's thread, burst by burst.
 *
 * What is received goes to the caller before anything is sent for it: acknowledgements leave at the poll that finds the caller has had all of the
 * burst, or at once when a burst brought nothing for the caller. */
#include "dataplane/source/dpdk/dpdk_priv.h"

#define TICK_NS 1000000

static inline struct mr_dpdk_source *of(const struct mr_source *s) { return s->state; }

static inline void flush(struct mr_dpdk_source *d, int64_t now_ns)
{
    mr_tcp_flush(d->tcp, now_ns);
    d->port.link.ops->flush(&d->port.link);
}

/* ---- what could not even begin, and what ended ---- */

static void forget(struct mr_dpdk_source *d, struct mr_dpdk_connection *c)
{
    d->failed -= c->why != NULL;
    c->why = NULL;
    if (!c->used)
        return;
    c->used = false;
    bool last = true;
    for (uint32_t i = 0; i < d->connections_max; i++)
        last &= !d->connections[i].used || memcmp(d->connections[i].ip, c->ip, 4) != 0;
    if (d->shared && last)
        mr_shared_leave(&d->host, c->ip);
}

static MR_COLD uint32_t report_failed(struct mr_dpdk_source *d, struct mr_piece *pieces, uint32_t max, int64_t now_ns)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->connections_max && n < max && d->failed; i++) {
        struct mr_dpdk_connection *c = &d->connections[i];
        if (!c->why)
            continue;
        pieces[n++] = (struct mr_piece){.kind = MR_PIECE_CLOSED,
                                        .connection = (uint16_t)i,
                                        .clock = MR_CLOCK_TSC,
                                        .recv_ns = now_ns,
                                        .status = MR_E_IO,
                                        .name = mr_span_of(c->why)};
        forget(d, c);
        MR_COUNT(d->metrics, closed, 1);
    }
    return n;
}

static MR_COLD void seen(struct mr_dpdk_source *d, const struct mr_piece *piece)
{
    if (piece->kind == MR_PIECE_OPENED)
        MR_COUNT(d->metrics, opened, 1);
    if (piece->kind == MR_PIECE_CLOSED) {
        MR_COUNT(d->metrics, closed, 1);
        forget(d, &d->connections[piece->connection]);
    }
}

/* ---- receiving ---- */

static uint32_t streams(struct mr_dpdk_source *d, struct mr_piece *pieces, uint32_t max)
{
    int n = mr_tcp_poll(d->tcp, pieces, max);
    for (int i = 0; i < n; i++) {
        if (mr_unlikely(pieces[i].kind != MR_PIECE_STREAM)) {
            seen(d, &pieces[i]);
            continue;
        }
        MR_COUNT(d->metrics, pieces, 1);
        MR_COUNT(d->metrics, bytes, pieces[i].len);
        d->lent++;
    }
    return (uint32_t)n;
}

static inline void datagram(struct mr_dpdk_source *d, const struct mr_net_packet *in, struct mr_piece *piece)
{
    *piece = (struct mr_piece){.data = in->ip,
                               .len = in->len,
                               .connection = in->line,
                               .kind = MR_PIECE_DATAGRAM,
                               .clock = in->packet->clock,
                               .recv_ns = in->packet->recv_ns,
                               .lend = (uintptr_t)in->packet};
    MR_COUNT(d->metrics, pieces, 1);
    MR_COUNT(d->metrics, bytes, in->len);
    d->lent++;
}

static uint32_t datagrams(struct mr_dpdk_source *d, struct mr_piece *pieces, uint32_t max)
{
    uint32_t n = 0;
    while (n < max && d->waiting_next < d->waiting_count)
        datagram(d, &d->waiting[d->waiting_next++], &pieces[n++]);
    return n;
}

/* A whole burst, whatever the caller has room for: what it cannot take now waits, and one acknowledgement serves them all. */
static bool receive(struct mr_dpdk_source *d, int64_t now_ns)
{
    struct mr_link *link = &d->port.link;
    struct mr_packet *packets[MR_DPDK_BURST];
    int got = link->ops->receive(link, now_ns, packets, MR_DPDK_BURST);
    d->waiting_next = d->waiting_count = 0;
    for (int i = 0; i < got; i++) {
        struct mr_net_packet *in = &d->waiting[d->waiting_count];
        enum mr_net_kind kind = mr_net_take(d->net, packets[i], now_ns, in);
        if (kind == MR_NET_TCP)
            mr_tcp_take(d->tcp, in, now_ns);
        else if (kind == MR_NET_DATAGRAM)
            d->waiting_count++;
    }
    return got > 0;
}

static void tick(struct mr_dpdk_source *d, int64_t now_ns)
{
    d->next_tick_ns = now_ns + TICK_NS;
    mr_dpdk_port_housekeep(&d->port, now_ns);
    if (d->shared)
        mr_shared_housekeep(&d->host, now_ns);
    mr_net_housekeep(d->net, now_ns);
    mr_tcp_housekeep(d->tcp, now_ns);
    d->port.link.ops->flush(&d->port.link);
    MR_GAUGE_SET(d->metrics, lent, d->lent);
}

/* First all that the last burst left; only then is it answered, and the next one taken. */
static int dpdk_poll(struct mr_source *s, int64_t now_ns, struct mr_piece *pieces, uint32_t max)
{
    struct mr_dpdk_source *d = of(s);
    uint32_t n = 0;
    if (mr_unlikely(!d->here)) {
        mr_dpdk_eal_thread();
        d->here = true;
    }
    MR_COUNT(d->metrics, polls, 1);
    now_ns = mr_clock_now(d->clock); /* timers of TCP and ARP go by it, whatever the caller paces by */
    if (mr_unlikely(now_ns >= d->next_tick_ns))
        tick(d, now_ns);
    if (mr_unlikely(d->failed))
        n = report_failed(d, pieces, max, now_ns);
    n += datagrams(d, pieces + n, max - n);
    n += streams(d, pieces + n, max - n);
    if (n)
        return (int)n;
    flush(d, now_ns);
    if (max) {
        bool any = receive(d, now_ns);
        n = datagrams(d, pieces, max);
        n += streams(d, pieces + n, max - n);
        if (n == 0 && any)
            flush(d, now_ns);
    }
    if (n == 0)
        MR_COUNT(d->metrics, empty, 1);
    return (int)n;
}

static void dpdk_release(struct mr_source *s, const struct mr_piece *piece)
{
    struct mr_dpdk_source *d = of(s);
    if (piece->lend == 0)
        return; /* OPENED, CLOSED */
    MR_ASSERT(d->lent > 0);
    d->lent--;
    if (piece->kind == MR_PIECE_DATAGRAM)
        d->port.link.ops->release(&d->port.link, (struct mr_packet *)(uintptr_t)piece->lend);
    else
        mr_tcp_release(d->tcp, piece);
}

/* ---- connections ---- */

static const char *cannot_begin(struct mr_dpdk_source *d, const struct mr_dial *dial)
{
    const char *why = NULL;
    if (dial->peer.family != 4)
        return dial->peer.family == 6 ? "the user-space stack speaks IPv4 only"
                                      : "the address is neither IPv4 nor IPv6";
    if (dial->interface)
        return "`interface` is not for source dpdk: its port is given by dpdk.device or dpdk.interface";
    if (d->shared && mr_shared_reach(&d->host, dial->peer.ip, &why))
        return why;
    return NULL;
}

static int dpdk_connect(struct mr_source *s, uint16_t number, const struct mr_dial *dial, int64_t now_ns)
{
    struct mr_dpdk_source *d = of(s);
    if (number >= d->connections_max || d->connections[number].used || d->connections[number].why)
        return MR_E_INVALID;
    struct mr_dpdk_connection *c = &d->connections[number];
    now_ns = mr_clock_now(d->clock);
    MR_COUNT(d->metrics, dials, 1);
    c->why = cannot_begin(d, dial);
    if (c->why) {
        d->failed++;
        return MR_OK;
    }
    int status = mr_tcp_connect(d->tcp, number, dial, now_ns);
    if (status == MR_OK) {
        c->used = true;
        memcpy(c->ip, dial->peer.ip, 4);
    }
    return status;
}

static int64_t dpdk_send(struct mr_source *s, uint16_t number, const uint8_t *data, uint32_t len)
{
    struct mr_dpdk_source *d = of(s);
    MR_ASSERT(number < d->connections_max);
    if (!d->connections[number].used)
        return MR_E_IO;
    MR_COUNT(d->metrics, sends, 1);
    int64_t taken = mr_tcp_send(d->tcp, number, data, len);
    if (taken < 0)
        return MR_E_IO;
    MR_COUNT(d->metrics, sent_bytes, taken);
    if ((uint64_t)taken < len)
        MR_COUNT(d->metrics, short_sends, 1);
    return taken;
}

static void dpdk_close_connection(struct mr_source *s, uint16_t number)
{
    struct mr_dpdk_source *d = of(s);
    if (number >= d->connections_max)
        return;
    struct mr_dpdk_connection *c = &d->connections[number];
    if (c->used) {
        mr_tcp_drop(d->tcp, number);
        flush(d, mr_clock_now(d->clock)); /* at once: nobody may poll any more */
    }
    forget(d, c);
}

static void dpdk_housekeep(struct mr_source *s, int64_t now_ns)
{
    (void)now_ns;
    struct mr_dpdk_source *d = of(s);
    int64_t now = mr_clock_now(d->clock);
    if (d->here && now >= d->next_tick_ns)
        tick(d, now);
    MR_GAUGE_SET(d->metrics, lent, d->lent);
}

const struct mr_source_ops mr_source_dpdk_ops = {
    .name = "dpdk",
    .bytes = mr_dpdk_bytes,
    .open = mr_dpdk_open,
    .poll = dpdk_poll,
    .release = dpdk_release,
    .connect = dpdk_connect,
    .send = dpdk_send,
    .close_connection = dpdk_close_connection,
    .wait = NULL, /* it only spins */
    .housekeep = dpdk_housekeep,
    .show = mr_dpdk_show,
    .close = mr_dpdk_close,
};
