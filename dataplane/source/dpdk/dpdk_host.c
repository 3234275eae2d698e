/* What the kernel knows, and what it keeps for us in shared mode. All cold but for one question a millisecond. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "dataplane/source/dpdk/dpdk_priv.h"

int mr_host_interface(int control, const char *name, struct mr_host_interface *out)
{
    struct ifreq ask = {0};
    *out = (struct mr_host_interface){0};
    snprintf(ask.ifr_name, sizeof ask.ifr_name, "%s", name);
    if (ioctl(control, SIOCGIFINDEX, &ask))
        return MR_E_EMPTY;
    out->index = ask.ifr_ifindex;
    if (ioctl(control, SIOCGIFHWADDR, &ask))
        return MR_E_EMPTY;
    memcpy(out->mac, ask.ifr_hwaddr.sa_data, 6);
    if (ioctl(control, SIOCGIFMTU, &ask))
        return MR_E_EMPTY;
    out->mtu = (uint16_t)(ask.ifr_mtu > 0 && ask.ifr_mtu < UINT16_MAX ? ask.ifr_mtu : UINT16_MAX);
    if (ioctl(control, SIOCGIFFLAGS, &ask))
        return MR_E_EMPTY;
    struct ethtool_value link = {.cmd = ETHTOOL_GLINK}; /* IFF_RUNNING follows the carrier up to a second late */
    bool up = ask.ifr_flags & IFF_UP, running = ask.ifr_flags & IFF_RUNNING;
    ask.ifr_data = (void *)&link;
    out->up = up && (ioctl(control, SIOCETHTOOL, &ask) == 0 ? link.data != 0 : running);
    return MR_OK;
}

int mr_host_address(const char *interface, uint8_t address[4], uint8_t *prefix)
{
    struct ifaddrs *all = NULL;
    int status = MR_E_EMPTY;
    if (getifaddrs(&all))
        return MR_E_IO;
    for (const struct ifaddrs *a = all; a && status; a = a->ifa_next) {
        if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET || strcmp(a->ifa_name, interface) != 0)
            continue;
        struct sockaddr_in at, mask;
        memcpy(&at, a->ifa_addr, sizeof at);
        memcpy(&mask, a->ifa_netmask, sizeof mask);
        memcpy(address, &at.sin_addr, 4);
        *prefix = (uint8_t)__builtin_popcount(mask.sin_addr.s_addr);
        status = MR_OK;
    }
    freeifaddrs(all);
    return status;
}

/* ---- routes and neighbours, by rtnetlink ---- */

struct question {
    struct nlmsghdr head;
    union {
        struct rtmsg route;
        struct ndmsg neighbour;
    } what;
    uint8_t attributes[64];
};

int mr_host_netlink(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct timeval patience = {.tv_usec =
                                   100000}; /* the kernel answers within the call; this is for our own mistakes */
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static void begin(struct question *q, uint16_t type, uint16_t flags, size_t body)
{
    static _Thread_local uint32_t sequence;
    *q = (struct question){.head = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(body),
                                    .nlmsg_type = type,
                                    .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
                                    .nlmsg_seq = ++sequence}};
}

static void add_ip(struct question *q, uint16_t type, const uint8_t ip[4])
{
    struct rtattr *a = (struct rtattr *)(void *)((uint8_t *)q + NLMSG_ALIGN(q->head.nlmsg_len));
    *a = (struct rtattr){.rta_len = (unsigned short)RTA_LENGTH(4), .rta_type = type};
    memcpy(RTA_DATA(a), ip, 4);
    q->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->head.nlmsg_len) + RTA_LENGTH(4));
}

/* The answer to this question, skipping errors of earlier ones; NULL: none, or an error. */
static struct nlmsghdr *ask(int fd, const struct question *q, void *room, size_t bytes)
{
    if (send(fd, q, q->head.nlmsg_len, 0) < 0)
        return NULL;
    for (int turns = 0; turns < 16; turns++) {
        ssize_t n = recv(fd, room, bytes, 0);
        if (n <= 0)
            return NULL;
        struct nlmsghdr *head = room;
        if (!NLMSG_OK(head, (size_t)n) || head->nlmsg_seq != q->head.nlmsg_seq)
            continue;
        return head->nlmsg_type == NLMSG_ERROR ? NULL : head;
    }
    return NULL;
}

int mr_host_route(int netlink, const uint8_t to[4], int *ifindex, uint8_t next[4])
{
    struct question q;
    union {
        struct nlmsghdr head;
        uint8_t bytes[4096];
    } room;
    begin(&q, RTM_GETROUTE, 0, sizeof q.what.route);
    q.what.route = (struct rtmsg){.rtm_family = AF_INET, .rtm_dst_len = 32};
    add_ip(&q, RTA_DST, to);
    const struct nlmsghdr *head = ask(netlink, &q, &room, sizeof room);
    if (!head || head->nlmsg_type != RTM_NEWROUTE)
        return MR_E_EMPTY;
    const struct rtmsg *route = NLMSG_DATA(head);
    if (route->rtm_type != RTN_UNICAST)
        return MR_E_EMPTY;
    size_t left = RTM_PAYLOAD(head);
    memcpy(next, to, 4);
    *ifindex = 0;
    for (const struct rtattr *a = RTM_RTA(route); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == RTA_OIF)
            memcpy(ifindex, RTA_DATA(a), sizeof *ifindex);
        if (a->rta_type == RTA_GATEWAY)
            memcpy(next, RTA_DATA(a), 4);
    }
    return MR_OK;
}

int mr_host_neighbour(int netlink, int ifindex, const uint8_t ip[4], uint8_t mac[6])
{
    struct question q;
    union {
        struct nlmsghdr head;
        uint8_t bytes[4096];
    } room;
    begin(&q, RTM_GETNEIGH, 0, sizeof q.what.neighbour);
    q.what.neighbour = (struct ndmsg){.ndm_family = AF_INET, .ndm_ifindex = ifindex};
    add_ip(&q, NDA_DST, ip);
    const struct nlmsghdr *head = ask(netlink, &q, &room, sizeof room);
    if (!head || head->nlmsg_type != RTM_NEWNEIGH)
        return MR_E_AGAIN;
    const struct ndmsg *n = NLMSG_DATA(head);
    if (!(n->ndm_state & (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)))
        return MR_E_AGAIN;
    size_t left = NLMSG_PAYLOAD(head, sizeof *n);
    const struct rtattr *a = (const struct rtattr *)(const void *)((const uint8_t *)n + NLMSG_ALIGN(sizeof *n));
    for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == NDA_LLADDR && RTA_PAYLOAD(a) == 6) {
            memcpy(mac, RTA_DATA(a), 6);
            return MR_OK;
        }
    return MR_E_AGAIN;
}

void mr_host_neighbour_use(int netlink, int ifindex, const uint8_t ip[4])
{
    struct question q;
    begin(&q, RTM_NEWNEIGH, NLM_F_CREATE, sizeof q.what.neighbour);
    q.what.neighbour = (struct ndmsg){.ndm_family = AF_INET, .ndm_ifindex = ifindex, .ndm_flags = NTF_USE};
    add_ip(&q, NDA_DST, ip);
    (void)!send(netlink, &q, q.head.nlmsg_len, 0);
}

/* ---- what the kernel keeps for us ---- */

int mr_host_join(int ifindex, const struct mr_net_port *port)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), status;
    struct ip_mreq_source one = {{0}, {0}, {0}};
    struct ip_mreqn any = {.imr_ifindex = ifindex};
    if (fd < 0)
        return MR_E_IO;
    memcpy(&any.imr_multiaddr, port->group, 4);
    if (port->source[0] | port->source[1] | port->source[2] | port->source[3]) {
        /* this one is told an address of the interface, not its index */
        struct ifreq ask = {0};
        if_indextoname((unsigned)ifindex, ask.ifr_name);
        if (ioctl(fd, SIOCGIFADDR, &ask) == 0) {
            struct sockaddr_in at;
            memcpy(&at, &ask.ifr_addr, sizeof at);
            one.imr_interface = at.sin_addr;
        }
        memcpy(&one.imr_multiaddr, port->group, 4);
        memcpy(&one.imr_sourceaddr, port->source, 4);
        status = setsockopt(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &one, sizeof one);
    } else {
        status = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &any, sizeof any);
    }
    if (status == 0)
        return fd;
    close(fd);
    return MR_E_IO;
}

int mr_host_hold_port(int type, const uint8_t address[4], uint16_t port)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(&at.sin_addr, address, 4);
    if (fd < 0)
        return MR_E_IO;
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return MR_E_FULL;
}
