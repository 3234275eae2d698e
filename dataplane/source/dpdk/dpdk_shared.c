/* Shared mode: the address is the host's. The kernel keeps ARP, IGMP, routes and everything that is not ours; this file asks it for the way
 * to each peer, tells the redirecting program each four-tuple, and keeps the kernel from giving away what we use: each local port is
 * held by a bound kernel socket that never connects. Should the program go, or we, the kernel answers our peers with RST.
 *
 * dataplane/net has no gateway in this mode: each peer is its neighbour, with the hardware address of the kernel's next hop to it. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/source/dpdk/dpdk_priv.h"

#define UNKNOWN_NS 10000000 /* asked again so soon while the kernel itself is finding out */
#define KNOWN_NS 1000000000 /* and so often when it knows */

void mr_shared_init(struct mr_shared *sh)
{
    *sh = (struct mr_shared){.netlink = -1};
    for (uint32_t i = 0; i < MR_SHARED_PORTS_MAX; i++)
        sh->ports[i].fd = -1;
    for (uint32_t i = 0; i < MR_NET_PORTS_MAX; i++)
        sh->groups[i] = -1;
}

/* Membership is the kernel's: it tells the routers, programs the port's filter, and answers queries, as long as this socket is open. */
static int take_groups(struct mr_shared *sh, const struct mr_dpdk_config *config, struct mr_err *err)
{
    for (uint32_t i = 0; i < config->port_count; i++) {
        const struct mr_net_port *p = &config->ports[i];
        bool group = p->group[0] >> 4 == 14;
        int fd = group ? mr_host_join(sh->ifindex, p) : mr_host_hold_port(SOCK_DGRAM, p->group, p->port);
        if (fd < 0)
            return mr_err_set(err, MR_E_UNSUPPORTED, "source dpdk: %u.%u.%u.%u port %u: the kernel does not %s: %s",
                              p->group[0], p->group[1], p->group[2], p->group[3], p->port,
                              group ? "join the group" : "give the port", strerror(errno));
        sh->groups[sh->group_count++] = fd;
        if (mr_redirect_group(sh->redirect, p->group, p->port))
            return mr_err_set(err, MR_E_IO, "source dpdk: the redirecting program takes no more groups");
    }
    return MR_OK;
}

int mr_shared_open(struct mr_shared *sh, const struct mr_dpdk_config *config, struct mr_dpdk_port *port,
                   struct mr_err *err)
{
    struct mr_host_interface host;
    sh->redirect = &port->redirect;
    sh->metrics = port->metrics;
    sh->netlink = mr_host_netlink();
    if (sh->netlink < 0 || mr_host_interface(port->control, config->interface, &host))
        return mr_err_set(err, MR_E_IO, "source dpdk: the kernel cannot be asked about %s: %s", config->interface,
                          strerror(errno));
    sh->ifindex = host.index;
    return take_groups(sh, config, err);
}

/* ---- peers ---- */

static struct mr_shared_peer *find(struct mr_shared *sh, const uint8_t ip[4])
{
    for (uint32_t i = 0; i < MR_SHARED_PEERS_MAX; i++)
        if (sh->peers[i].used && memcmp(sh->peers[i].ip, ip, 4) == 0)
            return &sh->peers[i];
    return NULL;
}

static void ask(struct mr_shared *sh, struct mr_shared_peer *peer, int64_t now_ns)
{
    uint8_t next[4], mac[6];
    int ifindex;
    peer->ask_ns = now_ns + (peer->known ? KNOWN_NS : UNKNOWN_NS);
    if (mr_host_route(sh->netlink, peer->ip, &ifindex, next) || ifindex != sh->ifindex)
        return; /* as it was: routes that go and come back in a second close nothing */
    int status = mr_host_neighbour(sh->netlink, ifindex, next, mac);
    mr_host_neighbour_use(sh->netlink, ifindex, next); /* the kernel sees no traffic of ours: this keeps it looking */
    if (status || (peer->known && memcmp(mac, peer->mac, 6) == 0))
        return;
    if (peer->known)
        MR_COUNT(sh->metrics, gateway_changes, 1);
    memcpy(peer->mac, mac, 6);
    if (mr_net_neighbour(sh->net, peer->ip, mac) == MR_OK) {
        peer->known = true;
        peer->ask_ns = now_ns + KNOWN_NS;
    }
}

int mr_shared_reach(struct mr_shared *sh, const uint8_t ip[4], const char **why)
{
    uint8_t next[4];
    int ifindex;
    if (mr_host_route(sh->netlink, ip, &ifindex, next)) {
        *why = "network unreachable";
        return MR_E_IO;
    }
    if (ifindex != sh->ifindex) {
        *why = "the host's route there leaves by another interface";
        return MR_E_IO;
    }
    struct mr_shared_peer *peer = find(sh, ip);
    for (uint32_t i = 0; !peer && i < MR_SHARED_PEERS_MAX; i++)
        if (!sh->peers[i].used)
            peer = &sh->peers[i];
    if (!peer) {
        *why = "too many different peers for shared mode";
        return MR_E_FULL;
    }
    if (!peer->used) {
        *peer = (struct mr_shared_peer){.used = true};
        memcpy(peer->ip, ip, 4);
        ask(sh, peer, 0);
    }
    return MR_OK;
}

void mr_shared_leave(struct mr_shared *sh, const uint8_t ip[4])
{
    static const uint8_t nobody[6];
    struct mr_shared_peer *peer = find(sh, ip);
    if (!peer)
        return;
    peer->used = false;
    (void)mr_net_neighbour(sh->net, ip, nobody);
}

/* One peer a call: a question to the kernel takes microseconds, and frames wait. */
void mr_shared_housekeep(struct mr_shared *sh, int64_t now_ns)
{
    for (uint32_t i = 0; i < MR_SHARED_PEERS_MAX; i++) {
        if (++sh->peer_next >= MR_SHARED_PEERS_MAX)
            sh->peer_next = 0;
        struct mr_shared_peer *peer = &sh->peers[sh->peer_next];
        if (peer->used && now_ns >= peer->ask_ns) {
            ask(sh, peer, now_ns);
            return;
        }
    }
}

/* ---- four-tuples and ports ---- */

static struct mr_shared_port *find_port(struct mr_shared *sh, uint16_t number)
{
    for (uint32_t i = 0; i < MR_SHARED_PORTS_MAX; i++)
        if (sh->ports[i].port == number)
            return &sh->ports[i];
    return NULL;
}

int mr_shared_tuple(void *shared, bool add, uint16_t local_port, const uint8_t peer[4], uint16_t peer_port)
{
    struct mr_shared *sh = shared;
    struct mr_shared_port *port = find_port(sh, add ? 0 : local_port);
    int status = MR_OK;
    if (add) {
        int fd = port ? mr_host_hold_port(SOCK_STREAM, sh->address, local_port) : MR_E_FULL;
        if (fd < 0)
            return port ? MR_E_AGAIN : MR_E_FULL; /* a program of this host has it: another port may do */
        status = mr_redirect_tuple(sh->redirect, true, sh->address, local_port, peer, peer_port);
        if (status) {
            close(fd);
            return status;
        }
        *port = (struct mr_shared_port){local_port, fd};
    } else {
        status = mr_redirect_tuple(sh->redirect, false, sh->address, local_port, peer, peer_port);
        if (port) {
            close(port->fd);
            *port = (struct mr_shared_port){0, -1};
        }
    }
    MR_GAUGE_SET(sh->metrics, tuples, sh->metrics->tuples + (status ? 0 : add ? 1 : -1));
    return status;
}

void mr_shared_close(struct mr_shared *sh)
{
    for (uint32_t i = 0; i < MR_SHARED_PORTS_MAX; i++)
        if (sh->ports[i].fd >= 0)
            close(sh->ports[i].fd);
    for (uint32_t i = 0; i < sh->group_count; i++)
        close(sh->groups[i]);
    if (sh->netlink >= 0)
        close(sh->netlink);
    mr_shared_init(sh);
}
