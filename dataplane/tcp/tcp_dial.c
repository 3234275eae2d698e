#include "dataplane/tcp/tcp_priv.h"

#define NS_PER_MS INT64_C(1000000)
#define TUPLE_TRIES 16

/* ---- numbers that nobody can foresee ---- */

#define ROTATE(x, n) ((x) << (n) | (x) >> (64 - (n)))
#define SIP_ROUND()                                                                                                    \
    do {                                                                                                               \
        v0 += v1, v1 = ROTATE(v1, 13) ^ v0, v0 = ROTATE(v0, 32);                                                       \
        v2 += v3, v3 = ROTATE(v3, 16) ^ v2;                                                                            \
        v0 += v3, v3 = ROTATE(v3, 21) ^ v0;                                                                            \
        v2 += v1, v1 = ROTATE(v1, 17) ^ v2, v2 = ROTATE(v2, 32);                                                       \
    } while (0)

uint64_t mr_tcp_hash(const struct mr_tcp *tcp, uint64_t a, uint64_t b)
{
    uint64_t v0 = tcp->key[0] ^ 0x736f6d6570736575, v1 = tcp->key[1] ^ 0x646f72616e646f6d;
    uint64_t v2 = tcp->key[0] ^ 0x6c7967656e657261, v3 = tcp->key[1] ^ 0x7465646279746573;
    const uint64_t words[3] = {a, b, UINT64_C(16) << 56};
    for (int i = 0; i < 3; i++) {
        v3 ^= words[i];
        SIP_ROUND();
        SIP_ROUND();
        v0 ^= words[i];
    }
    v2 ^= 0xff;
    SIP_ROUND();
    SIP_ROUND();
    SIP_ROUND();
    SIP_ROUND();
    return v0 ^ v1 ^ v2 ^ v3;
}

uint64_t mr_tcp_random(struct mr_tcp *tcp) { return mr_tcp_hash(tcp, UINT64_MAX, ++tcp->drawn); }

/* ---- places ---- */

struct mr_tcp_peer *mr_tcp_of(struct mr_tcp *tcp, uint16_t connection)
{
    if (connection >= tcp->config.connections_max || tcp->numbers[connection] == MR_TCP_NOBODY)
        return NULL;
    return &tcp->peers[tcp->numbers[connection]];
}

struct mr_tcp_peer *mr_tcp_at(struct mr_tcp *tcp, uint16_t local_port)
{
    if (local_port < tcp->config.port_first || local_port > tcp->config.port_last)
        return NULL;
    uint16_t place = tcp->ports[local_port - tcp->config.port_first];
    return place == MR_TCP_NOBODY ? NULL : &tcp->peers[place];
}

static void enter(struct mr_tcp *tcp, struct mr_tcp_peer *peer, enum mr_tcp_state state)
{
    tcp->reaching += (state == MR_TCP_REACHING) - (uint32_t)(peer->state == MR_TCP_REACHING);
    tcp->dialling += (state == MR_TCP_DIALLING) - (uint32_t)(peer->state == MR_TCP_DIALLING);
    tcp->ended += (state == MR_TCP_ENDED) - (uint32_t)(peer->state == MR_TCP_ENDED);
    bool was = peer->state >= MR_TCP_REACHING && peer->state <= MR_TCP_OPEN;
    bool is = state >= MR_TCP_REACHING && state <= MR_TCP_OPEN;
    if (was != is)
        MR_GAUGE_SET(tcp->m, connections, tcp->m->connections + (is ? 1 : -1));
    peer->state = (uint8_t)state;
}

/* Its last segment is gone: port and four-tuple are free. */
static void free_place(struct mr_tcp *tcp, struct mr_tcp_peer *peer)
{
    if (peer->local_port)
        tcp->ports[peer->local_port - tcp->config.port_first] = MR_TCP_NOBODY;
    if (peer->tuple)
        tcp->config.tuple(tcp->config.arg, false, peer->local_port, peer->ip, peer->port);
    if (peer->opened_due)
        tcp->opened_due--;
    enter(tcp, peer, MR_TCP_FREE);
    *peer = (struct mr_tcp_peer){.serial = peer->serial + 1, .number = MR_TCP_NOBODY, .touched = peer->touched};
}

void mr_tcp_forsake(struct mr_tcp *tcp, struct mr_tcp_peer *leaving)
{
    mr_lwip_abort(leaving, false);
    free_place(tcp, leaving);
}

/* There are twice as many places as numbers; those that only wait for the acknowledgement of a FIN make room. */
static struct mr_tcp_peer *take_place(struct mr_tcp *tcp)
{
    struct mr_tcp_peer *leaving = NULL;
    for (uint32_t i = 0; i < tcp->peer_count; i++) {
        if (tcp->peers[i].state == MR_TCP_FREE)
            return &tcp->peers[i];
        if (tcp->peers[i].state == MR_TCP_LEAVING)
            leaving = &tcp->peers[i];
    }
    MR_ASSERT(leaving); /* numbers are fewer than places */
    mr_tcp_forsake(tcp, leaving);
    return leaving;
}

/* A port that no connection has, drawn at random: the first free one after a random one. 0: none. */
static uint16_t take_port(struct mr_tcp *tcp, struct mr_tcp_peer *peer)
{
    uint32_t count = (uint32_t)tcp->config.port_last - tcp->config.port_first + 1;
    uint32_t at = (uint32_t)(mr_tcp_random(tcp) % count);
    for (uint32_t i = 0; i < count; i++, at = at + 1 < count ? at + 1 : 0) {
        if (tcp->ports[at] == MR_TCP_NOBODY) {
            tcp->ports[at] = (uint16_t)(peer - tcp->peers);
            return (uint16_t)(tcp->config.port_first + at);
        }
    }
    return 0;
}

/* ---- begin ---- */

void mr_tcp_end(struct mr_tcp *tcp, struct mr_tcp_peer *peer, int status, const char *reason)
{
    peer->status = status;
    peer->reason = reason;
    enter(tcp, peer, MR_TCP_ENDED);
}

/* An unanswered SYN: after a quarter, a half, one and two seconds, then every four. */
static int64_t syn_wait_ns(uint8_t count)
{
    uint32_t doublings = count < 5 ? count - 1u : 4;
    return (250 * NS_PER_MS) << doublings;
}

/* A local port, and the redirecting program told. A port may be another program's of this host: then another one. NULL, or why not. */
static const char *take_tuple(struct mr_tcp *tcp, struct mr_tcp_peer *peer)
{
    for (int tries = 0; tries < TUPLE_TRIES; tries++) {
        peer->local_port = take_port(tcp, peer);
        if (!peer->local_port)
            return "no local port is free";
        if (!tcp->config.tuple)
            return NULL;
        int status = tcp->config.tuple(tcp->config.arg, true, peer->local_port, peer->ip, peer->port);
        peer->tuple = status >= 0;
        if (peer->tuple)
            return NULL;
        tcp->ports[peer->local_port - tcp->config.port_first] = MR_TCP_NOBODY;
        peer->local_port = 0;
        if (status != MR_E_AGAIN)
            return "the redirecting program takes no more connections";
    }
    return "no local port is free: other programs of this host have them";
}

static void dial(struct mr_tcp *tcp, struct mr_tcp_peer *peer)
{
    const char *why = take_tuple(tcp, peer);
    if (why) {
        mr_tcp_end(tcp, peer, MR_E_IO, why);
        return;
    }
    if (mr_lwip_dial(tcp, peer) < 0) {
        mr_tcp_end(tcp, peer, MR_E_IO, "no memory for a connection");
        return;
    }
    peer->syn_count = 1;
    peer->syn_next_ns = tcp->now_ns + syn_wait_ns(1);
    enter(tcp, peer, MR_TCP_DIALLING);
}

static void reach(struct mr_tcp *tcp, struct mr_tcp_peer *peer)
{
    int status = mr_net_reach(tcp->config.net, peer->ip, tcp->now_ns);
    if (status == MR_OK)
        dial(tcp, peer);
    else if (status != MR_E_AGAIN)
        mr_tcp_end(tcp, peer, MR_E_IO, "no route to host");
}

int mr_tcp_connect(struct mr_tcp *tcp, uint16_t connection, const struct mr_dial *to, int64_t now_ns)
{
    if (connection >= tcp->config.connections_max || tcp->numbers[connection] != MR_TCP_NOBODY)
        return MR_E_INVALID;
    tcp->now_ns = now_ns;
    MR_COUNT(tcp->m, dials, 1);
    struct mr_tcp_peer *peer = take_place(tcp);
    peer->number = connection;
    peer->port = to->peer.port;
    memcpy(peer->ip, to->peer.ip, 4);
    tcp->numbers[connection] = (uint16_t)(peer - tcp->peers);
    enter(tcp, peer, MR_TCP_REACHING);
    if (to->peer.family != 4)
        mr_tcp_end(tcp, peer, MR_E_IO, "the user-space stack speaks IPv4 only");
    else if (to->from.family && memcmp(to->from.ip, tcp->config.address, 4) != 0)
        mr_tcp_end(tcp, peer, MR_E_IO, "the address to dial from is not this link's");
    else
        reach(tcp, peer);
    return MR_OK;
}

void mr_tcp_reach(struct mr_tcp *tcp)
{
    for (uint32_t i = 0; i < tcp->peer_count; i++)
        if (tcp->peers[i].state == MR_TCP_REACHING)
            reach(tcp, &tcp->peers[i]);
}

void mr_tcp_dial_again(struct mr_tcp *tcp)
{
    for (uint32_t i = 0; i < tcp->peer_count; i++) {
        struct mr_tcp_peer *peer = &tcp->peers[i];
        if (peer->state != MR_TCP_DIALLING || tcp->now_ns < peer->syn_next_ns)
            continue;
        if (peer->syn_count < UINT8_MAX)
            peer->syn_count++;
        peer->syn_next_ns = tcp->now_ns + syn_wait_ns(peer->syn_count);
        mr_lwip_dial_again(peer);
    }
}

/* ---- what lwIP tells ---- */

void mr_tcp_on_open(struct mr_tcp *tcp, struct mr_tcp_peer *peer)
{
    MR_COUNT(tcp->m, opened, 1);
    enter(tcp, peer, MR_TCP_OPEN);
    peer->opened_due = true;
    tcp->opened_due++;
}

void mr_tcp_on_end(struct mr_tcp *tcp, struct mr_tcp_peer *peer)
{
    if (peer->state != MR_TCP_OPEN)
        return;
    MR_COUNT(tcp->m, closed, 1);
    mr_tcp_end(tcp, peer, MR_E_END, "closed by peer");
}

void mr_tcp_on_gone(struct mr_tcp *tcp, struct mr_tcp_peer *peer, enum mr_tcp_gone how)
{
    peer->pcb = NULL;
    switch ((enum mr_tcp_state)peer->state) {
    case MR_TCP_LEAVING:
        free_place(tcp, peer);
        return;
    case MR_TCP_DIALLING:
    case MR_TCP_OPEN:
        if (how == MR_TCP_GONE_RESET && peer->state == MR_TCP_DIALLING) {
            MR_COUNT(tcp->m, refused, 1);
            mr_tcp_end(tcp, peer, MR_E_IO, "connection refused");
        } else if (how == MR_TCP_GONE_RESET) {
            MR_COUNT(tcp->m, reset_by_peer, 1);
            mr_tcp_end(tcp, peer, MR_E_IO, "reset by peer");
        } else {
            MR_COUNT(tcp->m, timed_out, 1);
            mr_tcp_end(tcp, peer, MR_E_IO, "connection timed out");
        }
        return;
    default: /* had ended already, with its own reason */
        return;
    }
}

/* ---- end ---- */

void mr_tcp_leave(struct mr_tcp *tcp, struct mr_tcp_peer *peer)
{
    tcp->numbers[peer->number] = MR_TCP_NOBODY;
    if (!peer->pcb) {
        free_place(tcp, peer);
        return;
    }
    peer->number = MR_TCP_NOBODY;
    enter(tcp, peer, MR_TCP_LEAVING);
    mr_lwip_finish(peer);
}

void mr_tcp_drop(struct mr_tcp *tcp, uint16_t connection)
{
    struct mr_tcp_peer *peer = mr_tcp_of(tcp, connection);
    if (!peer)
        return;
    mr_tcp_forget_queue(tcp, peer);
    if (peer->state == MR_TCP_ENDED) {
        if (peer->opened_due)
            tcp->opened_due--;
        peer->opened_due = false;
        mr_tcp_leave(tcp, peer);
        return;
    }
    if (peer->pcb)
        mr_lwip_abort(peer, peer->state == MR_TCP_OPEN);
    tcp->numbers[connection] = MR_TCP_NOBODY;
    free_place(tcp, peer);
}
