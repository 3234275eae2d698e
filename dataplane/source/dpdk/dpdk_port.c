/* The link over a DPDK port: the path of every frame. A frame's descriptor lies in its buffer's private area, so that nothing is looked
 * up on the way in or out. */
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "dataplane/source/dpdk/dpdk_priv.h"

static inline struct mr_dpdk_port *port_of(struct mr_link *link) { return link->state; }

static inline struct rte_mbuf *buffer_of(struct mr_packet *packet) { return (struct rte_mbuf *)(void *)packet - 1; }

static inline uint8_t flags_of(uint64_t offload)
{
    uint64_t ip = offload & RTE_MBUF_F_RX_IP_CKSUM_MASK, l4 = offload & RTE_MBUF_F_RX_L4_CKSUM_MASK;
    return (uint8_t)((ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD ? MR_PACKET_IP_GOOD : 0) |
                     (ip == RTE_MBUF_F_RX_IP_CKSUM_BAD ? MR_PACKET_IP_BAD : 0) |
                     (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD ? MR_PACKET_L4_GOOD : 0) |
                     (l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD ? MR_PACKET_L4_BAD : 0));
}

/* The kernel's receive time, which the XDP program has put before the frame: wall clock, never later than now. */
static inline void kernel_time(const struct mr_dpdk_port *port, struct mr_packet *packet)
{
    struct mr_redirect_stamp stamp;
    memcpy(&stamp, packet->data - sizeof stamp, sizeof stamp);
    if (mr_unlikely(stamp.magic != MR_REDIRECT_MAGIC))
        return; /* this driver has no room before its frames: the time of the burst stays */
    memset(packet->data - sizeof stamp, 0, sizeof stamp.magic); /* a buffer's next frame may come without */
    int64_t at = (int64_t)stamp.mono_ns + port->mono_to_wall_ns;
    if (mr_likely(at < packet->recv_ns))
        packet->recv_ns = at;
    packet->clock = MR_CLOCK_KERNEL;
}

static MR_COLD void drop_long(struct mr_dpdk_port *port, struct rte_mbuf *buffer)
{
    MR_COUNT(port->metrics, multi_segment, 1);
    rte_pktmbuf_free(buffer);
}

static int receive(struct mr_link *link, int64_t now_ns, struct mr_packet **packets, uint32_t max)
{
    (void)now_ns;
    struct mr_dpdk_port *port = port_of(link);
    struct rte_mbuf *frames[MR_DPDK_BURST];
    uint16_t got = rte_eth_rx_burst(port->id, 0, frames, (uint16_t)(max < MR_DPDK_BURST ? max : MR_DPDK_BURST));
    if (got == 0)
        return 0;
    int64_t recv_ns = mr_clock_now(port->clock); /* once: all of them were there by now */
    int n = 0;
    for (uint32_t i = 0; i < got; i++)
        rte_prefetch0(rte_pktmbuf_mtod(frames[i], void *));
    for (uint32_t i = 0; i < got; i++) {
        struct rte_mbuf *buffer = frames[i];
        if (mr_unlikely(buffer->nb_segs > 1)) {
            drop_long(port, buffer);
            continue;
        }
        struct mr_packet *packet = rte_mbuf_to_priv(buffer);
        packet->data = rte_pktmbuf_mtod(buffer, uint8_t *);
        packet->len = buffer->data_len;
        packet->flags = flags_of(buffer->ol_flags);
        packet->clock = MR_CLOCK_TSC;
        packet->recv_ns = recv_ns;
        if (port->stamped)
            kernel_time(port, packet);
        packets[n++] = packet;
    }
    MR_COUNT(port->metrics, bursts, 1);
    MR_COUNT(port->metrics, received, got);
    return n;
}

static void release(struct mr_link *link, struct mr_packet *packet)
{
    (void)link;
    rte_pktmbuf_free_seg(buffer_of(packet));
}

static bool refill(struct mr_dpdk_port *port)
{
    while (port->stash_count < MR_DPDK_QUEUE) {
        struct rte_mbuf *buffer = rte_pktmbuf_alloc(port->pool);
        if (!buffer)
            break;
        port->stash[port->stash_count++] = buffer;
    }
    return port->stash_count > 0;
}

static uint8_t *reserve(struct mr_link *link, uint32_t bytes)
{
    struct mr_dpdk_port *port = port_of(link);
    MR_DCHECK(bytes <= MR_DPDK_FRAME_BYTES);
    if (mr_unlikely(bytes > MR_DPDK_FRAME_BYTES || (port->stash_count == 0 && !refill(port)))) {
        MR_COUNT(port->metrics, pool_empty, 1);
        return NULL;
    }
    return rte_pktmbuf_mtod(port->stash[port->stash_count - 1], uint8_t *);
}

static void flush(struct mr_link *link)
{
    struct mr_dpdk_port *port = port_of(link);
    uint32_t count = port->queue_count;
    if (count == 0)
        return;
    uint16_t taken = rte_eth_tx_burst(port->id, 0, port->queue, (uint16_t)count);
    MR_COUNT(port->metrics, sent, taken);
    if (mr_unlikely(taken < count)) { /* TCP sends again; what waits behind a full queue would only be older */
        MR_COUNT(port->metrics, send_dropped, count - taken);
        rte_pktmbuf_free_bulk(port->queue + taken, count - taken);
    }
    port->queue_count = 0;
    if (port->stash_count < MR_DPDK_QUEUE / 2)
        refill(port);
}

static void queue_one(struct mr_link *link, uint32_t bytes)
{
    struct mr_dpdk_port *port = port_of(link);
    MR_DCHECK(port->stash_count > 0 && bytes <= MR_DPDK_FRAME_BYTES);
    struct rte_mbuf *buffer = port->stash[--port->stash_count];
    buffer->data_len = (uint16_t)bytes;
    buffer->pkt_len = bytes;
    port->queue[port->queue_count++] = buffer;
    if (port->queue_count == MR_DPDK_QUEUE)
        flush(link);
}

const struct mr_link_ops mr_dpdk_link_ops = {
    .name = "dpdk", .receive = receive, .release = release, .reserve = reserve, .send = queue_one, .flush = flush};
