/* Shared between the files of this folder. No DPDK header here: only the files that need one include it. */
#ifndef MR_SOURCE_DPDK_PRIV_H
#define MR_SOURCE_DPDK_PRIV_H

#include "dataplane/clock/clock.h"
#include "dataplane/source/dpdk/dpdk.h"

struct rte_mbuf;
struct rte_mempool;

#define MR_DPDK_BURST 64          /* frames taken at once */
#define MR_DPDK_QUEUE 64          /* frames that wait for the flush, and spare buffers for sending */
#define MR_DPDK_FRAME_BYTES 2048u /* data room of a buffer: longer frames are dropped */

/* What the device's text means. */
enum mr_dpdk_kind { MR_DPDK_AF_XDP, MR_DPDK_AF_PACKET, MR_DPDK_PCAP, MR_DPDK_VDEV, MR_DPDK_PCI };
struct mr_dpdk_device {
    uint8_t kind;       /* enum mr_dpdk_kind */
    char name[32];      /* of the port: "net_af_packet0", "0000:01:00.0" */
    char driver[32];    /* "af_packet"; "" for PCI */
    char interface[16]; /* the kernel's, where the port stands on one; else "" */
    char args[512];     /* what rte_dev_probe takes */
};
int mr_dpdk_device(struct mr_dpdk_device *device, const struct mr_dpdk_config *config, struct mr_err *err);

/* ---- dpdk_eal.c ---- */

/* Starts EAL, the first time; later only sees whether what runs is enough. */
int mr_dpdk_eal_start(const struct mr_dpdk_config *config, const struct mr_dpdk_device *device, uint32_t pool_buffers,
                      struct mr_err *err);
int mr_dpdk_eal_take(struct mr_err *err); /* one port a process */
void mr_dpdk_eal_give(void);
void mr_dpdk_eal_thread(void);      /* this thread gets an id, so that buffers come from its own cache */
const char *mr_dpdk_eal_says(void); /* the first error EAL or a driver told since mr_dpdk_eal_listen */
void mr_dpdk_eal_listen(void);
uint32_t mr_dpdk_memory_mib(uint32_t pool_buffers); /* that a pool of so many needs, with all the rest */

/* ---- dpdk_redirect.c: the XDP program ---- */

struct mr_redirect_settings { /* as in redirect.bpf.c */
    uint32_t all;             /* every frame is ours; else those in `tuples` and `groups` */
    uint32_t stamp;           /* the kernel's receive time goes before the frame */
};
struct mr_redirect {
    int guard;   /* a name in the interface's network namespace that only one process can have; -1: none */
    int program; /* a file in memory that the driver loads from; -1: none */
    int attached, tuples, groups; /* descriptors of our own; -1: none */
    int ifindex;
    uint32_t program_id;
};
struct mr_redirect_stamp { /* lies before the frame */
    uint64_t magic, mono_ns;
};
#define MR_REDIRECT_MAGIC 0x6d696c6c72616365ull

void mr_redirect_init(struct mr_redirect *r);
/* Before the port is made: alone on the interface, nothing of a dead process left, the program as a file. */
int mr_redirect_prepare(struct mr_redirect *r, const char *interface, struct mr_err *err);
/* After the driver has loaded and attached it: finds its maps. */
int mr_redirect_find(struct mr_redirect *r, const struct mr_redirect_settings *settings, struct mr_err *err);
int mr_redirect_tuple(struct mr_redirect *r, bool add, const uint8_t local[4], uint16_t local_port,
                      const uint8_t peer[4], uint16_t peer_port);
int mr_redirect_group(struct mr_redirect *r, const uint8_t group[4], uint16_t port);
void mr_redirect_close(struct mr_redirect *r);

/* Waits a second at most for a queue that was just given back. 1: free, and the driver does zero copy; MR_OK: free; or a status. */
int mr_dpdk_queue_free(int ifindex, const char *interface, uint16_t queue, struct mr_err *err);

/* ---- dpdk_port.c, dpdk_port_boot.c: the link ---- */

struct mr_dpdk_port {
    struct mr_link link;
    uint16_t id;
    bool stamped;    /* frames of AF_XDP bring the kernel's receive time */
    bool checks_tcp; /* the port verifies TCP checksums */
    uint32_t stash_count, queue_count;
    struct rte_mempool *pool;
    struct mr_dpdk_metrics *metrics;
    struct mr_clock *clock;
    int64_t mono_to_wall_ns;               /* what to add to CLOCK_MONOTONIC */
    struct rte_mbuf *stash[MR_DPDK_QUEUE]; /* for sending: so that an empty pool still acknowledges */
    struct rte_mbuf *queue[MR_DPDK_QUEUE]; /* to send at the next flush */
    /* cold */
    bool taken; /* this port has the process */
    struct mr_dpdk_device device;
    struct mr_redirect redirect;
    int socket; /* the driver's AF_PACKET or AF_XDP socket, for the kernel's counts of drops; -1: none. Not ours to close */
    int control; /* a socket for questions about the interface; -1: none */
    int filter;  /* holds hardware filters of groups open; -1: none */
    uint64_t kernel_drops;
    int64_t next_look_ns, next_count_ns;
    uint64_t seen_missed, seen_errors, seen_no_buffer;
    char filtering[32]; /* how groups come through the port's filter */
    struct mr_dpdk_metrics own;
};
int mr_dpdk_port_open(struct mr_dpdk_port *port, const struct mr_dpdk_config *config, uint32_t connections,
                      struct mr_clock *clock, struct mr_err *err);
void mr_dpdk_port_close(struct mr_dpdk_port *port);
void mr_dpdk_port_housekeep(struct mr_dpdk_port *port, int64_t now_ns);
uint32_t mr_dpdk_pool_buffers(const struct mr_dpdk_config *config, uint32_t connections);
extern const struct mr_link_ops mr_dpdk_link_ops;

/* ---- dpdk_host.c: what the kernel knows ---- */

struct mr_host_interface {
    int index;
    uint8_t mac[6];
    uint16_t mtu;
    bool up; /* and its carrier is there */
};
int mr_host_interface(int control, const char *name, struct mr_host_interface *out); /* MR_E_EMPTY: none such */
int mr_host_address(const char *interface, uint8_t address[4], uint8_t *prefix);     /* MR_E_EMPTY: it has no IPv4 */

int mr_host_netlink(void); /* a descriptor for the three below, or -1 */
/* The next hop to `to`, and the interface that the way leaves by. MR_E_EMPTY: no route. */
int mr_host_route(int netlink, const uint8_t to[4], int *ifindex, uint8_t next[4]);
int mr_host_neighbour(int netlink, int ifindex, const uint8_t ip[4], uint8_t mac[6]); /* MR_E_AGAIN: not known now */
/* As if a packet went there: the kernel finds out, or verifies what it has, as time goes on. */
void mr_host_neighbour_use(int netlink, int ifindex, const uint8_t ip[4]);
/* Descriptors to keep open as long as the thing is wanted: membership of a group, a port that nobody else gets. Or a status. */
int mr_host_join(int ifindex, const struct mr_net_port *port);
int mr_host_hold_port(int type, const uint8_t address[4], uint16_t port);

/* ---- dpdk_shared.c: an address that is the host's ---- */

#define MR_SHARED_PEERS_MAX (MR_NET_NEIGHBOURS_MAX - 8)
#define MR_SHARED_PORTS_MAX 512 /* local ports in use: two a connection at most, while the last FIN is out */

struct mr_shared_peer {
    uint8_t ip[4], mac[6];
    bool used, known;
    int64_t ask_ns; /* when to ask the kernel next */
};
struct mr_shared_port {
    uint16_t port;
    int fd;
};
struct mr_shared {
    struct mr_net *net;
    struct mr_redirect *redirect;
    struct mr_dpdk_metrics *metrics;
    int netlink, ifindex;
    uint8_t address[4];
    uint32_t peer_next; /* which is looked at next */
    int64_t next_ns;
    struct mr_shared_peer peers[MR_SHARED_PEERS_MAX];
    struct mr_shared_port ports[MR_SHARED_PORTS_MAX]; /* port 0: free */
    int groups[MR_NET_PORTS_MAX];
    uint32_t group_count;
};
void mr_shared_init(struct mr_shared *sh);
int mr_shared_open(struct mr_shared *sh, const struct mr_dpdk_config *config, struct mr_dpdk_port *port,
                   struct mr_err *err);
/* The way to a peer, as the kernel goes it; `why` in words when there is none. */
int mr_shared_reach(struct mr_shared *sh, const uint8_t ip[4], const char **why);
void mr_shared_leave(struct mr_shared *sh, const uint8_t ip[4]); /* no connection goes there now */
int mr_shared_tuple(void *shared, bool add, uint16_t local_port, const uint8_t peer[4], uint16_t peer_port);
void mr_shared_housekeep(struct mr_shared *sh, int64_t now_ns);
void mr_shared_close(struct mr_shared *sh);

/* ---- the source ---- */

struct mr_dpdk_connection {
    uint8_t ip[4];
    bool used;       /* dialled, and neither its CLOSED piece nor our closing came since */
    const char *why; /* it could not even begin: a CLOSED piece is due */
};
struct mr_dpdk_source {
    struct mr_dpdk_port port;
    struct mr_net *net;
    struct mr_tcp *tcp;
    struct mr_stream_metrics *metrics;
    struct mr_clock *clock;
    int64_t next_tick_ns;
    uint32_t failed, lent;
    bool shared, here; /* here: this thread has its number */
    uint32_t connections_max;
    struct mr_dpdk_connection *connections;
    uint32_t waiting_next, waiting_count;
    struct mr_net_packet waiting[MR_DPDK_BURST]; /* datagrams of the last burst that had no piece yet */
    /* cold */
    uint8_t address[4], prefix;
    bool huge_pages;
    struct mr_shared host;
    struct mr_stream_metrics own;
    struct mr_net_metrics own_net;
    struct mr_tcp_metrics own_tcp;
};
size_t mr_dpdk_bytes(const void *config);
int mr_dpdk_open(struct mr_source *s, void *mem, const void *config, struct mr_err *err);
void mr_dpdk_close(struct mr_source *s);

/* dpdk_show.c */
void mr_dpdk_show(const struct mr_source *s, struct mr_source_show *out);

#endif
