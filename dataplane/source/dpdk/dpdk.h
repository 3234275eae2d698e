/* The dpdk source: market data without a kernel socket in its path. One DPDK port, dataplane/net and dataplane/tcp on it.
 *
 * Devices are named by the config, as EAL writes them: a PCI address, or a vdev ("net_af_packet0,iface=eth1", "net_pcap0,rx_pcap=FILE",
 * "net_ring0"); for AF_XDP the config gives the interface and the queue, and the vdev is made from them.
 *
 * Modes of the address (dataplane/net/net.h): `own` gives the port an address of its own; `shared` (AF_XDP only) takes from the host's
 * interface exactly the four-tuples of our connections and the groups we joined (a redirecting XDP program, a BPF map), and leaves all else to
 * the kernel.
 *
 * One port, one queue, one tile a process. EAL starts once a process and stays; the port starts at open and stops at close, so that a
 * source can be opened again. */
#ifndef MR_SOURCE_DPDK_H
#define MR_SOURCE_DPDK_H

#include "dataplane/net/net.h"
#include "dataplane/source/source.h"
#include "dataplane/tcp/tcp.h"

enum mr_dpdk_mode { MR_DPDK_OWN, MR_DPDK_SHARED };

struct mr_dpdk_neighbour {
    uint8_t ip[4], mac[6];
};
struct mr_dpdk_config {
    char device[160];               /* PCI address or vdev; "": AF_XDP on `interface` */
    char interface[16];             /* AF_XDP: the host's interface */
    uint16_t queue;                 /* AF_XDP: its queue */
    uint8_t mode;                   /* enum mr_dpdk_mode */
    bool huge_pages;                /* --in-memory; else --no-huge */
    uint32_t memory_mib;            /* EAL's memory without huge pages: 64 */
    uint8_t address[4], gateway[4]; /* shared: all zero, taken from the interface and the host's routes */
    uint8_t prefix;
    struct mr_dpdk_neighbour neighbours[8]; /* static */
    uint32_t neighbour_count;
    struct mr_net_port ports[MR_NET_PORTS_MAX];
    uint32_t port_count;
    uint32_t rx_descriptors, tx_descriptors; /* 2048, 512 */
    uint32_t window_bytes;                   /* 1 MiB */
    uint16_t port_first, port_last;
    struct mr_dpdk_metrics *metrics; /* NULL: unseen */
    struct mr_net_metrics *net_metrics;
    struct mr_tcp_metrics *tcp_metrics;
};
void mr_dpdk_config_default(struct mr_dpdk_config *config);

/* clang-format off */
#define MR_DPDK_METRICS(COUNTER, GAUGE, HIST)                                                          \
    COUNTER(bursts,        "bursts",  "that brought frames")                                          \
    COUNTER(received,      "frames",  "taken from the port")                                          \
    COUNTER(sent,          "frames",  "given to the port")                                            \
    COUNTER(send_dropped,  "frames",  "that the port's queue did not take")                           \
    COUNTER(pool_empty,    "frames",  "that could not be made: no buffer")                            \
    COUNTER(port_missed,   "frames",  "dropped by the port: nobody took them in time (imissed)")      \
    COUNTER(port_errors,   "frames",  "received in error (ierrors)")                                  \
    COUNTER(port_no_buffer, "times",  "the port had frames and the pool no buffer for more (rx_nombuf)") \
    COUNTER(link_changes,  "times",   "the link went down or came up")                                \
    COUNTER(multi_segment, "frames",  "dropped: longer than one buffer")                              \
    COUNTER(gateway_changes, "times", "the next hop's hardware address changed")                      \
    GAUGE  (link_up,       "links",   "1: up")                                                        \
    GAUGE  (pool_free,     "buffers", "not in use")                                                   \
    GAUGE  (pool_size,     "buffers", "in all")                                                       \
    GAUGE  (tuples,        "connections", "in the redirecting program's map")
/* clang-format on */
MR_METRICS_DECLARE(mr_dpdk, MR_DPDK_METRICS);

/* Its config is struct mr_stream_config with `dpdk` set. open fails with MR_E_UNSUPPORTED, and says why and the way out, where the host
 * lacks what it needs (privileges, driver library, interface, XDP, huge pages): `auto` then takes uring. */
extern const struct mr_source_ops mr_source_dpdk_ops;

/* "no permission: needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF (root)": what this host lacks for the config, without starting anything. */
int mr_dpdk_check(const struct mr_dpdk_config *config, struct mr_err *err);

#endif
