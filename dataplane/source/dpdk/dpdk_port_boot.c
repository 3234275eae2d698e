/* A port's cold half: its pool, its queues, how groups come through its filter, its counts, its end. */
#include <dirent.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include "dataplane/source/dpdk/dpdk_priv.h"

#define CACHE 256
/* Of a packet's descriptor. So long that a frame of AF_XDP begins 16 bytes into a line, and the kernel's stamp before it is in the same one: a
 * line that another core wrote costs what a hundred instructions do. */
#define ROOM 208u
static_assert(sizeof(struct mr_packet) <= ROOM, "the descriptor must fit the private area");

/* Enough for every window to stand full of whole segments, for what the rings hold (the AF_XDP driver keeps 2,048 in its fill ring
 * whatever is asked for), and for caches and spares. */
uint32_t mr_dpdk_pool_buffers(const struct mr_dpdk_config *config, uint32_t connections)
{
    uint32_t rings = config->rx_descriptors + config->tx_descriptors;
    uint64_t windows = (uint64_t)connections * ((config->window_bytes + 1459) / 1460);
    return (uint32_t)(windows + (rings > 4096 ? rings : 4096) + 2 * 2 * CACHE + 2 * MR_DPDK_QUEUE);
}

/* As rte_pktmbuf_pool_create, but buffers lie side by side, also over the ends of pages: no device reads their physical addresses unless it is a
 * PCI one. Otherwise pages of 4 KiB would hold one buffer each, and the AF_XDP driver, which reckons the pool's length from the buffers' own,
 * would give the kernel only the first part of it: frames are then lost as soon as the rest comes to use. */
static struct rte_mempool *create_pool(const char *name, uint32_t buffers, bool pci)
{
    struct rte_pktmbuf_pool_private shape = {.mbuf_data_room_size = RTE_PKTMBUF_HEADROOM + MR_DPDK_FRAME_BYTES,
                                             .mbuf_priv_size = ROOM};
    uint32_t bytes = (uint32_t)sizeof(struct rte_mbuf) + ROOM + RTE_PKTMBUF_HEADROOM + MR_DPDK_FRAME_BYTES;
    struct rte_mempool *pool = rte_mempool_create_empty(name, buffers, bytes, CACHE, sizeof shape, SOCKET_ID_ANY,
                                                        pci ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG);
    if (!pool)
        return NULL;
    rte_pktmbuf_pool_init(pool, &shape);
    int status = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
    if (status == 0)
        status = rte_mempool_populate_default(pool);
    if (status < 0) {
        rte_errno = -status;
        rte_mempool_free(pool);
        return NULL;
    }
    rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
    return pool;
}

static int make_pool(struct mr_dpdk_port *port, uint32_t buffers, struct mr_err *err)
{
    char name[RTE_MEMPOOL_NAMESIZE];
    snprintf(name, sizeof name, "mr_%.16s", port->device.name);
    port->pool = create_pool(name, buffers, port->device.kind == MR_DPDK_PCI);
    if (!port->pool)
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "source dpdk: no memory for %u packet buffers (%u MiB): %s: raise `memory_mib` or the host's "
                          "huge pages, or lower `window`",
                          buffers, mr_dpdk_memory_mib(buffers), rte_strerror(rte_errno));
    if (port->device.kind == MR_DPDK_AF_XDP && port->pool->nb_mem_chunks != 1) /* the driver takes it for one piece */
        return mr_err_set(
            err, MR_E_UNSUPPORTED,
            "source dpdk: the packet pool lies in %u pieces, and AF_XDP needs one: free huge pages, or set "
            "`huge_pages: false`",
            port->pool->nb_mem_chunks);
    port->link.packets_max = port->pool->size;
    MR_GAUGE_SET(port->metrics, pool_size, port->pool->size);
    return MR_OK;
}

static int find_port(struct mr_dpdk_port *port, struct mr_err *err)
{
    mr_dpdk_eal_listen();
    if (rte_eth_dev_get_port_by_name(port->device.name, &port->id) == 0)
        return MR_OK; /* a PCI device, which EAL found when it started */
    int status = rte_dev_probe(port->device.args);
    if (status == 0 && rte_eth_dev_get_port_by_name(port->device.name, &port->id) == 0)
        return MR_OK;
    port->id = RTE_MAX_ETHPORTS;
    return mr_err_set(err, MR_E_UNSUPPORTED, "source dpdk: device %s: %s", port->device.name, mr_dpdk_eal_says());
}

static int failed(const struct mr_dpdk_port *port, const char *what, int status, struct mr_err *err)
{
    return mr_err_set(err, MR_E_UNSUPPORTED, "source dpdk: device %s: %s: %s: %s", port->device.name, what,
                      rte_strerror(-status), mr_dpdk_eal_says());
}

static int configure(struct mr_dpdk_port *port, const struct mr_dpdk_config *config, struct mr_err *err)
{
    struct rte_eth_dev_info info;
    struct rte_eth_conf conf = {0};
    int status = rte_eth_dev_info_get(port->id, &info);
    if (status)
        return failed(port, "cannot be asked", status, err);
    conf.rxmode.offloads = info.rx_offload_capa & (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM |
                                                   RTE_ETH_RX_OFFLOAD_TCP_CKSUM);
    port->checks_tcp = conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
    uint16_t rx = (uint16_t)config->rx_descriptors, tx = (uint16_t)config->tx_descriptors;
    status = rte_eth_dev_configure(port->id, 1, 1, &conf);
    if (!status)
        status = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);
    if (status)
        return failed(port, "cannot be configured", status, err);
    status = rte_eth_rx_queue_setup(port->id, 0, rx, (unsigned)SOCKET_ID_ANY, NULL, port->pool);
    if (status)
        return failed(port, "its receive queue cannot be made (in use by another socket?)", status, err);
    status = rte_eth_tx_queue_setup(port->id, 0, tx, (unsigned)SOCKET_ID_ANY, NULL);
    if (status)
        return failed(port, "its send queue cannot be made", status, err);
    status = rte_eth_dev_start(port->id);
    if (status)
        return failed(port, "cannot be started", status, err);
    struct rte_ether_addr mac = {{0}};
    if (rte_eth_macaddr_get(port->id, &mac) == 0)
        memcpy(port->link.mac, mac.addr_bytes, 6);
    return MR_OK;
}

/* ---- groups through the filter of the port ---- */

static uint32_t group_macs(const struct mr_dpdk_config *config, struct rte_ether_addr *macs)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < config->port_count; i++) {
        const uint8_t *g = config->ports[i].group;
        if (g[0] >> 4 == 14) /* 224/4 */
            macs[n++] = (struct rte_ether_addr){{0x01, 0x00, 0x5e, g[1] & 0x7f, g[2], g[3]}};
    }
    return n;
}

/* The kernel's driver lets the groups in as long as this socket lives; no membership is told to anybody by it. */
static bool filter_by_kernel(struct mr_dpdk_port *port, const struct rte_ether_addr *macs, uint32_t count)
{
    struct mr_host_interface host;
    if (mr_host_interface(port->control, port->device.interface, &host))
        return false;
    port->filter = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct packet_mreq ask = {.mr_ifindex = host.index, .mr_type = PACKET_MR_MULTICAST, .mr_alen = 6};
        memcpy(ask.mr_address, macs[i].addr_bytes, 6);
        if (port->filter < 0 || setsockopt(port->filter, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &ask, sizeof ask))
            return false;
    }
    return true;
}

static void let_groups_in(struct mr_dpdk_port *port, const struct mr_dpdk_config *config)
{
    struct rte_ether_addr macs[MR_NET_PORTS_MAX];
    uint32_t count = group_macs(config, macs);
    const char *how;
    if (count == 0)
        how = "none";
    else if (config->mode == MR_DPDK_SHARED)
        how = "the kernel's membership";
    else if (port->device.kind == MR_DPDK_PCAP)
        how = "no filter";
    else if (rte_eth_dev_set_mc_addr_list(port->id, macs, count) == 0)
        how = "the port's list";
    else if (port->device.interface[0] && filter_by_kernel(port, macs, count))
        how = "the kernel's list";
    else if (rte_eth_allmulticast_enable(port->id) == 0)
        how = "all multicast";
    else if (rte_eth_promiscuous_enable(port->id) == 0)
        how = "promiscuous";
    else
        how = "nothing lets them in";
    snprintf(port->filtering, sizeof port->filtering, "%s", how);
}

/* ---- what the kernel counts beside the driver ---- */

/* The driver's own socket, by its family: the driver does not tell it. */
static int driver_socket(int family)
{
    DIR *dir = opendir("/proc/self/fd");
    int found = -1;
    if (!dir)
        return -1;
    for (const struct dirent *e; found < 0 && (e = readdir(dir));) {
        int fd = (int)strtol(e->d_name, NULL, 10), domain = 0;
        socklen_t len = sizeof domain;
        struct sockaddr_ll at = {0};
        socklen_t at_len = sizeof at;
        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) || domain != family)
            continue;
        /* of AF_PACKET there are others, that do not receive */
        if (family != AF_PACKET || (getsockname(fd, (struct sockaddr *)&at, &at_len) == 0 && at.sll_protocol))
            found = fd;
    }
    closedir(dir);
    return found;
}

static uint64_t kernel_missed(struct mr_dpdk_port *port)
{
    if (port->device.kind == MR_DPDK_AF_PACKET) {
        struct tpacket_stats stats; /* since it was last asked */
        socklen_t len = sizeof stats;
        if (getsockopt(port->socket, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
            port->kernel_drops += stats.tp_drops;
    } else {
        struct xdp_statistics stats;
        socklen_t len = sizeof stats;
        if (getsockopt(port->socket, SOL_XDP, XDP_STATISTICS, &stats, &len) == 0)
            port->kernel_drops = stats.rx_dropped + stats.rx_ring_full;
    }
    return port->kernel_drops;
}

static void count(struct mr_dpdk_port *port)
{
    struct rte_eth_stats stats = {0};
    if (rte_eth_stats_get(port->id, &stats) == 0) {
        uint64_t missed = port->socket >= 0 ? kernel_missed(port) : stats.imissed;
        MR_COUNT(port->metrics, port_missed, missed - port->seen_missed);
        MR_COUNT(port->metrics, port_errors, stats.ierrors - port->seen_errors);
        MR_COUNT(port->metrics, port_no_buffer, stats.rx_nombuf - port->seen_no_buffer);
        port->seen_missed = missed;
        port->seen_errors = stats.ierrors;
        port->seen_no_buffer = stats.rx_nombuf;
    }
    uint32_t spare = rte_mempool_avail_count(port->pool) + port->stash_count;
    MR_GAUGE_SET(port->metrics, pool_free, spare);
}

static void look_at_link(struct mr_dpdk_port *port, bool first)
{
    bool up = true;
    if (port->device.interface[0]) {
        struct mr_host_interface host;
        up = mr_host_interface(port->control, port->device.interface, &host) == MR_OK && host.up;
    } else if (port->device.kind == MR_DPDK_PCI) {
        struct rte_eth_link link = {0};
        up = rte_eth_link_get_nowait(port->id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
    }
    if (!first && up != port->link.up)
        MR_COUNT(port->metrics, link_changes, 1);
    port->link.up = up;
    MR_GAUGE_SET(port->metrics, link_up, up);
}

void mr_dpdk_port_housekeep(struct mr_dpdk_port *port, int64_t now_ns)
{
    if (now_ns >= port->next_look_ns) {
        port->next_look_ns = now_ns + 50000000;
        look_at_link(port, false);
        port->mono_to_wall_ns = mr_clock_now(port->clock) - mr_clock_mono();
    }
    if (now_ns >= port->next_count_ns) {
        port->next_count_ns = now_ns + 1000000000;
        count(port);
    }
}

/* ---- open and close ---- */

/* Without busy polling of the kernel a look at the ring is a load and no system call. A driver that
 * does zero copy may ask for a wake-up, though, and DPDK's driver then sleeps up to a second for it: there busy polling stays on. */
static int prepare_xdp(struct mr_dpdk_port *port, const struct mr_dpdk_config *config, struct mr_err *err)
{
    int status = mr_redirect_prepare(&port->redirect, port->device.interface, err);
    if (!status)
        status = mr_dpdk_queue_free(port->redirect.ifindex, port->device.interface, config->queue, err);
    if (status < 0)
        return status;
    size_t n = strlen(port->device.args);
    snprintf(port->device.args + n, sizeof port->device.args - n, "%s,xdp_prog=/proc/self/fd/%d",
             status ? "" : ",busy_budget=0", port->redirect.program);
    return MR_OK;
}

static int make(struct mr_dpdk_port *port, const struct mr_dpdk_config *config, uint32_t connections,
                struct mr_err *err)
{
    uint32_t buffers = mr_dpdk_pool_buffers(config, connections);
    int status = mr_dpdk_device(&port->device, config, err);
    if (!status)
        status = mr_dpdk_eal_start(config, &port->device, buffers, err);
    if (status)
        return status;
    port->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (port->control < 0)
        return mr_err_set(err, MR_E_IO, "source dpdk: socket: %s", strerror(errno));
    if (port->device.kind == MR_DPDK_AF_XDP)
        status = prepare_xdp(port, config, err);
    if (!status)
        status = find_port(port, err);
    if (!status)
        status = make_pool(port, buffers, err);
    if (!status)
        status = configure(port, config, err);
    if (!status && port->device.kind == MR_DPDK_AF_XDP) {
        struct mr_redirect_settings settings = {.all = config->mode == MR_DPDK_OWN, .stamp = 1};
        status = mr_redirect_find(&port->redirect, &settings, err);
        port->stamped = true;
    }
    return status;
}

static void set_mtu(struct mr_dpdk_port *port)
{
    struct mr_host_interface host;
    port->link.mtu = 1500;
    if (port->device.interface[0] && mr_host_interface(port->control, port->device.interface, &host) == MR_OK &&
        host.mtu < port->link.mtu)
        port->link.mtu = host.mtu;
}

int mr_dpdk_port_open(struct mr_dpdk_port *port, const struct mr_dpdk_config *config, uint32_t connections,
                      struct mr_clock *clock, struct mr_err *err)
{
    *port = (struct mr_dpdk_port){.clock = clock, .id = RTE_MAX_ETHPORTS, .socket = -1, .control = -1, .filter = -1};
    port->link.ops = &mr_dpdk_link_ops;
    port->link.state = port;
    port->metrics = config->metrics ? config->metrics : &port->own;
    mr_redirect_init(&port->redirect);
    int status = mr_dpdk_eal_take(err);
    if (status)
        return status;
    port->taken = true;
    status = make(port, config, connections, err);
    if (status) {
        mr_dpdk_port_close(port);
        return status;
    }
    set_mtu(port);
    let_groups_in(port, config);
    if (port->device.kind == MR_DPDK_AF_PACKET || port->device.kind == MR_DPDK_AF_XDP)
        port->socket = driver_socket(port->device.kind == MR_DPDK_AF_PACKET ? AF_PACKET : AF_XDP);
    port->mono_to_wall_ns = mr_clock_now(clock) - mr_clock_mono();
    look_at_link(port, true);
    count(port);
    return MR_OK;
}

void mr_dpdk_port_close(struct mr_dpdk_port *port)
{
    if (!port->taken)
        return;
    bool exists = port->id != RTE_MAX_ETHPORTS;
    if (exists && port->pool) {
        mr_dpdk_link_ops.flush(&port->link);
        rte_pktmbuf_free_bulk(port->stash, port->stash_count);
        if (port->link.mtu) /* it was open: what was dropped since the last look */
            count(port);
    }
    if (exists) {
        struct rte_device *device = NULL;
        struct rte_eth_dev_info info;
        if (rte_eth_dev_info_get(port->id, &info) == 0)
            device = info.device;
        if (rte_eth_promiscuous_get(port->id) == 1)
            (void)rte_eth_promiscuous_disable(port->id); /* an interface of the kernel's would stay so */
        (void)rte_eth_dev_stop(port->id);
        (void)rte_eth_dev_close(port->id);
        if (device)
            (void)rte_dev_remove(device);
    }
    /* The AF_XDP driver leaves its socket open, and with it the queue bound and the pool pinned; there is one port a process. */
    for (int fd; port->device.kind == MR_DPDK_AF_XDP && (fd = driver_socket(AF_XDP)) >= 0;)
        close(fd);
    rte_mempool_free(port->pool);
    mr_redirect_close(&port->redirect);
    if (port->control >= 0)
        close(port->control);
    if (port->filter >= 0)
        close(port->filter);
    port->id = RTE_MAX_ETHPORTS;
    port->pool = NULL;
    port->control = port->filter = port->socket = -1;
    port->taken = false;
    mr_dpdk_eal_give();
}
