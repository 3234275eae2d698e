/* Neighbours: whom we asked for, whom the config or the kernel told. ARP never adds an entry, it only fills and changes those that our own
 * sending made, so that a flood of it can take no room. */
#include "dataplane/net/net_priv.h"

#define REFRESH_NS (30 * SECOND_NS) /* in use and not heard of for so long: asked again, once a second */
#define EXPIRE_NS (60 * SECOND_NS)  /* and for so long: no longer known. Not used for so long: forgotten */

enum { ARP_REQUEST = 1, ARP_REPLY = 2 };
static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t nobody[6];

static void count_known(struct mr_net *net)
{
    int64_t known = 0;
    for (uint32_t i = 0; i < net->neighbour_count; i++)
        known += net->neighbours[i].state != ASKING;
    MR_GAUGE_SET(net->metrics, neighbours, known);
}

static struct neighbour *find(struct mr_net *net, uint32_t ip)
{
    uint32_t at = net->neighbour_last;
    if (mr_likely(at < net->neighbour_count && net->neighbours[at].ip == ip))
        return &net->neighbours[at];
    for (at = 0; at < net->neighbour_count; at++)
        if (net->neighbours[at].ip == ip) {
            net->neighbour_last = at;
            return &net->neighbours[at];
        }
    return NULL;
}

static void forget(struct mr_net *net, struct neighbour *n)
{
    *n = net->neighbours[--net->neighbour_count];
    count_known(net);
}

/* The one used longest ago that was not given; NULL: all were. */
static struct neighbour *least_used(struct mr_net *net)
{
    struct neighbour *least = NULL;
    for (struct neighbour *n = net->neighbours; n < net->neighbours + net->neighbour_count; n++)
        if (n->state != STATIC && (!least || n->used_ns < least->used_ns))
            least = n;
    return least;
}

static struct neighbour *add(struct mr_net *net, uint32_t ip)
{
    struct neighbour *n =
        net->neighbour_count < MR_NET_NEIGHBOURS_MAX ? &net->neighbours[net->neighbour_count++] : least_used(net);
    if (n)
        *n = (struct neighbour){
            .ip = ip, .state = ASKING, .used_ns = NEVER_NS, .heard_ns = NEVER_NS, .asked_ns = NEVER_NS};
    return n;
}

/* ---- what we say ---- */

static bool say(struct mr_net *net, uint32_t what, const uint8_t to_mac[6], const uint8_t target_mac[6],
                uint32_t target)
{
    uint8_t *arp = mr_net_frame(net, to_mac, KIND_ARP, ARP_BYTES);
    if (!arp)
        return false;
    static const uint8_t ethernet_ipv4[6] = {0, 1, 8, 0, 6, 4};
    memcpy(arp, ethernet_ipv4, 6);
    put16(arp + 6, what);
    memcpy(arp + 8, net->link->mac, 6);
    memcpy(arp + 14, &net->address, 4);
    memcpy(arp + 18, target_mac, 6);
    memcpy(arp + 24, &target, 4);
    mr_net_send(net, ARP_BYTES);
    return true;
}

static void ask(struct mr_net *net, struct neighbour *n, int64_t now_ns)
{
    if (net->shared || !net->link->up || now_ns - n->asked_ns < SECOND_NS)
        return;
    if (!say(net, ARP_REQUEST, everyone, nobody, n->ip))
        return; /* no room: at the next housekeeping or use */
    n->asked_ns = now_ns;
    MR_COUNT(net->metrics, arp_asked, 1);
}

/* ---- what we hear ---- */

/* What a sound ARP frame says of its sender, if we use that one. */
static bool hear(struct mr_net *net, const uint8_t *arp, int64_t now_ns)
{
    const uint8_t *mac = arp + 8;
    struct neighbour *n = find(net, get_ip(arp + 14));
    if (!n)
        return false;
    if (n->state == STATIC) {
        if (memcmp(n->mac, mac, 6) != 0)
            MR_COUNT(net->metrics, neighbour_refused, 1);
        return false;
    }
    if (n->state == KNOWN && memcmp(n->mac, mac, 6) != 0)
        MR_COUNT(net->metrics, neighbour_changed, 1);
    memcpy(n->mac, mac, 6);
    n->heard_ns = now_ns;
    if (n->state != KNOWN) {
        n->state = KNOWN;
        count_known(net);
    }
    return true;
}

uint64_t *mr_net_arp(struct mr_net *net, const struct mr_packet *packet, int64_t now_ns)
{
    struct mr_net_metrics *m = net->metrics;
    const uint8_t *arp = packet->data + ETH_BYTES;
    if (packet->len < ETH_BYTES + ARP_BYTES)
        return &m->short_frames;
    bool sound = get16(arp) == 1 && get16(arp + 2) == KIND_IP && arp[4] == 6 && arp[5] == 4;
    const uint8_t *mac = arp + 8;
    if (net->shared || !sound || (mac[0] & 1) || memcmp(mac, nobody, 6) == 0)
        return &m->arp_other;
    uint32_t what = get16(arp + 6), sender = get_ip(arp + 14), target = get_ip(arp + 24);
    if (sender == net->address) {
        if (memcmp(mac, net->link->mac, 6) != 0)
            MR_COUNT(m, address_claimed, 1);
        return &m->arp_other;
    }
    if (what == ARP_REQUEST && target == net->address) {
        hear(net, arp, now_ns);
        bool said = mr_net_may_answer(net, now_ns) && say(net, ARP_REPLY, mac, mac, sender);
        return said ? &m->arp_requests : &m->arp_other;
    }
    bool announced = sender == target && (what == ARP_REQUEST || what == ARP_REPLY);
    if ((what == ARP_REPLY && target == net->address) || announced)
        return hear(net, arp, now_ns) ? &m->arp_replies : &m->arp_other;
    return &m->arp_other;
}

/* ---- who is next ---- */

/* Whether packets may be sent there at all: not to groups, broadcast, nobody, this host. */
static bool host_address(const struct mr_net *net, uint32_t ip)
{
    uint32_t first = ntohl(ip) >> 24;
    bool near = ((ip ^ net->address) & net->mask) == 0;
    bool broadcast = near && ntohl(net->mask) < 0xfffffffe && (ip | net->mask) == UINT32_MAX;
    return first != 0 && first != 127 && first < 224 && ip != net->address && !broadcast;
}

const uint8_t *mr_net_next_hop(struct mr_net *net, uint32_t to, int64_t now_ns, int *status)
{
    bool near = net->gateway == 0 || ((to ^ net->address) & net->mask) == 0;
    *status = MR_E_INVALID;
    if (mr_unlikely(!host_address(net, to)))
        return NULL;
    struct neighbour *n = find(net, near ? to : net->gateway);
    if (mr_unlikely(!n)) {
        *status = MR_E_FULL;
        n = add(net, near ? to : net->gateway);
        if (!n)
            return NULL;
    }
    n->used_ns = now_ns;
    *status = MR_OK;
    if (mr_likely(n->state != ASKING))
        return n->mac;
    *status = MR_E_AGAIN;
    ask(net, n, now_ns);
    return NULL;
}

int mr_net_reach(struct mr_net *net, const uint8_t to[4], int64_t now_ns)
{
    int status;
    mr_net_next_hop(net, get_ip(to), now_ns, &status);
    return status;
}

int mr_net_neighbour(struct mr_net *net, const uint8_t ip[4], const uint8_t mac[6])
{
    struct neighbour *n = find(net, get_ip(ip));
    if (memcmp(mac, nobody, 6) == 0) {
        if (n)
            forget(net, n);
        return MR_OK;
    }
    if ((mac[0] & 1) || !host_address(net, get_ip(ip)))
        return MR_E_INVALID;
    if (!n)
        n = add(net, get_ip(ip));
    if (!n)
        return MR_E_FULL;
    if (n->state != ASKING && memcmp(n->mac, mac, 6) != 0)
        MR_COUNT(net->metrics, neighbour_changed, 1);
    memcpy(n->mac, mac, 6);
    n->state = STATIC;
    count_known(net);
    return MR_OK;
}

void mr_net_arp_housekeep(struct mr_net *net, int64_t now_ns, bool came_up)
{
    if (came_up)
        say(net, ARP_REQUEST, everyone, nobody, net->address); /* switches and neighbours learn where we are */
    for (uint32_t i = net->neighbour_count; i-- > 0;) {
        struct neighbour *n = &net->neighbours[i];
        if (n->state == STATIC)
            continue;
        if (now_ns - n->used_ns >= EXPIRE_NS) {
            forget(net, n);
            continue;
        }
        if (n->state == KNOWN && now_ns - n->heard_ns >= EXPIRE_NS) {
            n->state = ASKING;
            count_known(net);
        }
        if (n->state == ASKING || came_up || now_ns - n->heard_ns >= REFRESH_NS)
            ask(net, n, now_ns);
    }
}
