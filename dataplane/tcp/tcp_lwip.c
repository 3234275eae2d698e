/* The one file that knows lwIP (its headers and netinet/ip.h do not go together). lwIP calls us for memory, with data and ends, and to send.
 *
 * What RFC 5961 asks for and lwIP 2.1.3 does itself: a RST ends a connection only if its number is exactly the next one expected; one
 * elsewhere in the window, and any SYN, is answered by a challenge ACK. What it does not do, judge() below does before lwIP sees a segment: segments that
 * acknowledge what was never sent, or nothing at all, are not taken; options count only where they are due (lwIP would take a
 * new MSS from any segment, even a forged one out of the window); challenges are bounded in number. */
#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/ip4.h"
#include "lwip/mem.h"
#include "lwip/memp.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include "dataplane/net/sum.h"
#include "dataplane/tcp/tcp_priv.h"

#define MSS_MIN 48              /* less only multiplies packets: Linux's least, too */
#define MSS_SHORT 536           /* goes through every IPv4 path */
#define SMALL_BYTES 256         /* an acknowledgement, a subscription */
#define LARGE_BYTES (1460 + 96) /* a whole segment with its pbuf and headers */
#define RTO_FIRST_TICKS (1000 / TCP_SLOW_INTERVAL)

static_assert(sizeof(struct pbuf_custom) <= sizeof(((struct mr_tcp_segment *)0)->pbuf), "a pbuf fits its place");
#ifndef MR_LWIP_SYSTEM
static_assert(MR_TCP_QUEUE_MAX == TCP_SND_QUEUELEN && MR_TCP_SEGMENT_BYTES == TCP_MSS, "as in lwipopts.h");
#endif
static_assert(MR_TCP_TICK_NS == TCP_TMR_INTERVAL * INT64_C(1000000), "as in lwipopts.h");

/* lwIP is one instance a process and its callbacks for memory and output bear no argument. */
static struct mr_tcp *stack;
static struct netif interface;

uint32_t mr_lwip_early_max(const struct mr_tcp_config *config)
{
    uint32_t most = config->window_bytes / MR_TCP_SEGMENT_BYTES + 1;
    uint32_t share = config->link->packets_max / (2 * config->connections_max); /* half the packets, for all */
    return config->link->packets_max && share < most ? (share < 4 ? 4 : share) : most;
}

/* ---- memory: fixed pools, and what else lwIP asks of its system ---- */

#ifdef MR_LWIP_SYSTEM /* Debian's binary: its own memory (malloc), first numbers and checksums */
size_t mr_lwip_pools(struct mr_tcp *tcp, const struct mr_tcp_config *config, uint8_t *mem)
{
    (void)tcp, (void)config, (void)mem;
    return 0;
}
#else
uint32_t mr_lwip_window;
uint16_t mr_lwip_out_of_order_max;

size_t mr_lwip_pools(struct mr_tcp *tcp, const struct mr_tcp_config *config, uint8_t *mem)
{
    uint32_t n = config->connections_max;
    const struct {
        size_t offset, block;
        uint32_t count;
    } pools[] = {
        {offsetof(struct mr_tcp, pcbs), sizeof(struct tcp_pcb), 2 * n},
        {offsetof(struct mr_tcp, segments), sizeof(struct tcp_seg),
         n * (TCP_SND_QUEUELEN + 4 + mr_lwip_early_max(config))},
        {offsetof(struct mr_tcp, small), SMALL_BYTES, n * TCP_SND_QUEUELEN + 64},
        {offsetof(struct mr_tcp, large), LARGE_BYTES, n * (config->send_bytes / TCP_MSS + 2)},
    };
    size_t bytes = 0;
    for (size_t i = 0; i < MR_COUNT_OF(pools); i++) {
        if (tcp)
            mr_tcp_pool_init((struct mr_tcp_pool *)((uint8_t *)tcp + pools[i].offset), mem + bytes, pools[i].block,
                             pools[i].count);
        bytes += mr_tcp_pool_bytes(pools[i].block, pools[i].count);
    }
    return bytes;
}

static void *take_counted(struct mr_tcp_pool *pool)
{
    void *block = mr_tcp_pool_take(pool);
    if (mr_unlikely(!block))
        MR_COUNT(stack->m, no_memory, 1);
    return block;
}

static struct mr_tcp_pool *pool_of(memp_t type)
{
    switch (type) {
    case MEMP_TCP_PCB:
        return &stack->pcbs;
    case MEMP_TCP_SEG:
        return &stack->segments;
    default: /* listening, referring and pooled pbufs: not used here */
        mr_panic(__FILE__, __LINE__, "a kind of memory that clients do not need");
    }
}

void memp_init(void) {}
void *memp_malloc(memp_t type) { return take_counted(pool_of(type)); }
void memp_free(memp_t type, void *block)
{
    if (block)
        mr_tcp_pool_give(pool_of(type), block);
}

void mem_init(void) {}
void *mem_trim(void *block, mem_size_t bytes)
{
    (void)bytes;
    return block;
}
void *mem_malloc(mem_size_t bytes)
{
    if (bytes <= SMALL_BYTES) {
        void *block = mr_tcp_pool_take(&stack->small);
        if (block)
            return block;
    }
    MR_ASSERT(bytes <= LARGE_BYTES);
    return take_counted(&stack->large);
}
void mem_free(void *block)
{
    mr_tcp_pool_give(mr_tcp_pool_owns(&stack->small, block) ? &stack->small : &stack->large, block);
}

uint32_t mr_lwip_random(void) { return (uint32_t)mr_tcp_random(stack); }
uint16_t mr_lwip_sum(const void *data, int len) { return mr_sum(data, (size_t)len); }

/* RFC 6528: a clock of four microseconds and a secret per four-tuple: a new connection of the same one begins beyond the old one. */
uint32_t mr_lwip_hook_isn(uint32_t local_ip, uint16_t local_port, uint32_t remote_ip, uint16_t remote_port)
{
    uint64_t a = (uint64_t)local_ip << 32 | remote_ip, b = (uint64_t)local_port << 16 | remote_port;
    return (uint32_t)((uint64_t)stack->now_ns / 4096 + mr_tcp_hash(stack, a, b));
}
#endif

/* ---- answers ---- */

/* What answers segments without data is bounded, so that nobody's noise, and no two ends that misunderstand each other, make a storm. */
static bool answers_left(void)
{
    if (stack->now_ns - stack->answers_ns >= INT64_C(1000000000)) {
        stack->answers_ns = stack->now_ns;
        stack->answers = MR_TCP_ANSWERS_MAX;
    }
    if (stack->answers == 0)
        MR_COUNT(stack->m, held_back, 1);
    return stack->answers > 0;
}

static bool answer_allowed(uint8_t flags, uint32_t payload)
{
    if (!stack->current || payload || flags & (TCP_SYN | TCP_FIN))
        return true;
    if (!stack->current_noise && !(flags & TCP_RST))
        return true;
    if (!answers_left())
        return false;
    stack->answers--;
    return true;
}

/* ---- segments in ---- */

static bool refuse(void)
{
    stack->current_refused = true;
    return false;
}

/* What of a segment is judged before lwIP sees it. */
struct claim {
    uint32_t ack;
    uint8_t flags;
    uint8_t *options;
    uint32_t options_len, payload;
};

/* The answer to our SYN, or what pretends to be one. */
static bool judge_answer(struct tcp_pcb *pcb, const struct claim *c)
{
    bool acknowledges = c->flags & TCP_ACK && c->ack == pcb->lastack + 1;
    if (c->flags & TCP_RST)
        return acknowledges || refuse();
    if (c->flags & TCP_ACK && !acknowledges && !answers_left())
        return refuse(); /* lwIP would answer by RST and another SYN */
    if (!(acknowledges && c->flags & TCP_SYN))
        memset(c->options, LWIP_TCP_OPT_NOP, c->options_len); /* lwIP would read them before it looks at the number */
    return true;
}

static bool judge(struct tcp_pcb *pcb, const struct claim *c)
{
    if (pcb->state == SYN_SENT)
        return judge_answer(pcb, c);
    if (c->flags & (TCP_RST | TCP_SYN))
        return true; /* judged by their numbers; their options are not read */
    if (!(c->flags & TCP_ACK))
        return refuse();
    if (TCP_SEQ_GT(c->ack, pcb->snd_nxt) || TCP_SEQ_LT(c->ack, pcb->lastack - pcb->snd_wnd_max)) {
        tcp_send_empty_ack(pcb); /* a challenge */
        return refuse();
    }
    memset(c->options, LWIP_TCP_OPT_NOP, c->options_len);
    if (pcb->state >= CLOSE_WAIT && (c->payload || c->flags & TCP_FIN))
        tcp_ack_now(pcb); /* a FIN that comes again; lwIP would say nothing */
    return true;
}

/* False: not to be taken. Segments of no connection are lwIP's to answer. */
static bool acceptable(const uint8_t *ip, uint8_t *t, uint32_t payload)
{
    const struct mr_tcp_peer *peer = mr_tcp_at(stack, (uint16_t)(t[2] << 8 | t[3]));
    if (!peer || !peer->pcb || peer->port != (t[0] << 8 | t[1]) || memcmp(peer->ip, ip + 12, 4) != 0)
        return true;
    stack->current_known = true;
    uint32_t ack;
    memcpy(&ack, t + 8, 4);
    const struct claim c = {.ack = lwip_ntohl(ack),
                            .flags = t[13] & TCP_FLAGS,
                            .options = t + TCP_HLEN,
                            .options_len = (t[12] >> 4) * 4u - TCP_HLEN,
                            .payload = payload};
    return judge(peer->pcb, &c);
}

static void on_free(struct pbuf *p) { mr_tcp_on_free(stack, (struct mr_tcp_segment *)(void *)p); }

void mr_lwip_input(struct mr_tcp_segment *s, uint8_t *ip, uint32_t len)
{
    struct pbuf_custom *p = (struct pbuf_custom *)s->pbuf;
    p->custom_free_function = on_free;
    pbuf_alloced_custom(PBUF_RAW, (uint16_t)len, PBUF_REF, p, ip, (uint16_t)len);
    if (acceptable(ip, ip + (ip[0] & 15) * 4, s->payload))
        ip4_input(&p->pbuf, &interface);
    else
        pbuf_free(&p->pbuf);
}

void mr_lwip_free(struct mr_tcp_segment *s) { pbuf_free((struct pbuf *)s->pbuf); }

/* ---- lwIP's callbacks ---- */

/* Data in order, in one pbuf or several that waited; NULL: the peer's FIN. */
static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)err;
    struct mr_tcp_peer *peer = arg;
    if (!p) {
        tcp_clear_flags(pcb, TF_ACK_DELAY | TF_ACK_NOW); /* our FIN, or mr_tcp_flush, acknowledges it */
        mr_tcp_touch(stack, peer);
        mr_tcp_on_end(stack, peer);
        return ERR_OK;
    }
    for (struct pbuf *next; p; p = next) {
        next = p->next;
        p->next = NULL;
        p->tot_len = p->len;
        mr_tcp_on_data(stack, peer, (struct mr_tcp_segment *)(void *)p, p->payload, p->len);
    }
    tcp_clear_flags(pcb, TF_ACK_DELAY | TF_ACK_NOW); /* once, at mr_tcp_flush */
    return ERR_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)err;
    if (pcb->mss < MSS_MIN) {
        pcb->mss = MSS_MIN;
        pcb->cwnd =
            4 * MSS_MIN; /* lwIP's first one is of the told MSS: less than a segment, it would never be filled */
    }
    /* lwIP cuts segments to half the largest window it has seen, and asserts that none is longer when that one grows from nothing: a peer
     * that opens its window slowly would stop us. Its persist timer cuts segments to a small window anyway. */
    if (pcb->snd_wnd_max < 2u * pcb->mss)
        pcb->snd_wnd_max = 2u * pcb->mss;
    pcb->rttest = 0; /* the SYN's time, repetitions and all, is no round trip */
    pcb->nrtx = 0;
    pcb->sv = pcb->rto = RTO_FIRST_TICKS;
    stack->current_noise = false; /* the handshake's last segment is owed */
    mr_tcp_on_open(stack, arg);
    return ERR_OK;
}

static void on_gone(void *arg, err_t err)
{
    mr_tcp_on_gone(stack, arg,
                   err == ERR_RST    ? MR_TCP_GONE_RESET
                   : err == ERR_CLSD ? MR_TCP_GONE_CLOSED
                                     : MR_TCP_GONE_TIMEOUT);
}

/* ---- segments out ---- */

static void count_sent(const struct tcp_hdr *header, uint32_t payload)
{
    struct mr_tcp_metrics *m = stack->m;
    uint8_t flags = TCPH_FLAGS(header);
    struct mr_tcp_peer *peer = mr_tcp_at(stack, lwip_ntohs(header->src));
    MR_COUNT(m, sent_segments, 1);
    if (flags & TCP_RST) {
        if (stack->current && !stack->current_known)
            MR_COUNT(m, resets, 1);
        return;
    }
    if (!peer)
        return;
    uint32_t edge = lwip_ntohl(header->seqno) + payload + ((flags & (TCP_SYN | TCP_FIN)) != 0);
    peer->acked = lwip_ntohl(header->ackno);
    if (payload == 0 && !(flags & (TCP_SYN | TCP_FIN))) {
        MR_COUNT(m, acks, 1);
    } else if (flags & TCP_SYN) {
        if (peer->sent_edge)
            MR_COUNT(m, syn_again, 1);
        peer->sent_edge = edge;
    } else if (TCP_SEQ_GT(edge, peer->sent_edge)) {
        peer->sent_edge = edge;
    } else {
        MR_COUNT(m, retransmits, 1);
    }
}

static err_t send_packet(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    (void)netif;
    struct tcp_hdr *header = (struct tcp_hdr *)((uint8_t *)p->payload + IP_HLEN);
    uint32_t payload = p->tot_len - IP_HLEN - (uint32_t)TCPH_HDRLEN_BYTES(header);
    if (!answer_allowed(TCPH_FLAGS(header), payload))
        return ERR_OK;
    uint8_t next_hop[4];
    memcpy(next_hop, &to->addr, 4);
    uint8_t *room = mr_net_reserve(stack->config.net, next_hop, p->tot_len, stack->now_ns);
    if (!room) {
        MR_COUNT(stack->m, not_sent, 1);
        stack->blocked = true;
        return ERR_BUF;
    }
    pbuf_copy_partial(p, room, p->tot_len, 0);
    memset(room + 4, 0, 8); /* number (none is needed: RFC 6864), fragment, ttl, protocol, checksum: filled below */
    room[6] = 0x40;         /* do not fragment */
    room[8] = TCP_TTL;
    room[9] = IP_PROTO_TCP;
    uint16_t sum = (uint16_t)~mr_sum(room, IP_HLEN);
    memcpy(room + 10, &sum, 2);
    mr_net_send(stack->config.net, p->tot_len);
    stack->sent = true;
    count_sent(header, payload);
    return ERR_OK;
}

/* ---- what the other files ask for ---- */

int mr_lwip_dial(struct mr_tcp *tcp, struct mr_tcp_peer *peer)
{
    struct tcp_pcb *pcb = tcp_new();
    if (!pcb)
        return MR_E_NOMEM;
    ip_addr_t to, from;
    u32_t address;
    memcpy(&address, peer->ip, 4);
    ip_addr_set_ip4_u32_val(to, address);
    memcpy(&address, tcp->config.address, 4);
    ip_addr_set_ip4_u32_val(from, address);
    tcp_arg(pcb, peer);
    tcp_recv(pcb, on_received);
    tcp_err(pcb, on_gone);
    tcp_nagle_disable(pcb);
    pcb->snd_buf = tcp->config.send_bytes;
    peer->pcb = pcb;
    if (tcp_bind(pcb, &from, peer->local_port) != ERR_OK || tcp_connect(pcb, &to, peer->port, on_connected) != ERR_OK) {
        mr_lwip_abort(peer, false);
        return MR_E_NOMEM;
    }
    pcb->rtime = -1; /* a SYN is repeated by mr_tcp_dial_again's schedule, not by lwIP's */
    return MR_OK;
}

void mr_lwip_dial_again(struct mr_tcp_peer *peer)
{
    struct tcp_pcb *pcb = peer->pcb;
    if (tcp_rexmit_rto_prepare(pcb) == ERR_OK || pcb->unsent)
        tcp_output(pcb);
    pcb->nrtx = 0;
    pcb->rtime = -1;
}

int64_t mr_lwip_write(struct mr_tcp_peer *peer, const uint8_t *data, uint32_t len)
{
    struct tcp_pcb *pcb = peer->pcb;
    uint32_t taken = 0;
    while (taken < len) {
        uint32_t n = len - taken < pcb->mss ? len - taken : pcb->mss;
        if (n > pcb->snd_buf)
            n = pcb->snd_buf;
        if (n == 0 || tcp_write(pcb, data + taken, (uint16_t)n,
                                TCP_WRITE_FLAG_COPY | (taken + n < len ? TCP_WRITE_FLAG_MORE : 0)) != ERR_OK)
            break;
        taken += n;
    }
    if (taken)
        tcp_output(pcb);
    return taken;
}

bool mr_lwip_used(struct mr_tcp_peer *peer, uint32_t len)
{
    struct tcp_pcb *pcb = peer->pcb;
    tcp_recved(pcb, (uint16_t)len);
    uint32_t edge = pcb->rcv_nxt + pcb->rcv_ann_wnd;
    return edge - pcb->rcv_ann_right_edge >= 4 * TCP_MSS ||
           (edge != pcb->rcv_ann_right_edge && TCP_SEQ_LT(pcb->rcv_ann_right_edge, pcb->rcv_nxt + 2 * TCP_MSS));
}

void mr_lwip_acknowledge(struct mr_tcp *tcp, struct mr_tcp_peer *peer)
{
    struct tcp_pcb *pcb = peer->pcb;
    bool closed = pcb->rcv_ann_wnd < TCP_MSS;
    if (closed && !peer->window_closed)
        MR_COUNT(tcp->m, zero_window, 1);
    peer->window_closed = closed;
    if (peer->acked == pcb->rcv_nxt && pcb->rcv_nxt + pcb->rcv_ann_wnd == pcb->rcv_ann_right_edge)
        return; /* something else has told it already */
    tcp_ack_now(pcb);
    tcp_output(pcb);
}

void mr_lwip_abort(struct mr_tcp_peer *peer, bool reset)
{
    struct tcp_pcb *pcb = peer->pcb;
    peer->pcb = NULL;
    tcp_err(pcb, NULL);
    tcp_abandon(pcb, reset);
}

void mr_lwip_finish(struct mr_tcp_peer *peer) { tcp_shutdown(peer->pcb, 0, 1); }

/* A path with a smaller MTU that swallows what is longer, and whose word about it never comes or is not believed: when a long segment was
 * sent four times in vain, what waits is cut, and all that follows is short. */
static void cut_short(struct tcp_pcb *pcb)
{
    tcp_rexmit_rto_prepare(pcb);
    struct tcp_seg *first = pcb->unsent, *seg = first;
    for (; seg; seg = seg->next) {
        pcb->unsent = seg; /* lwIP cuts the first one only */
        if (seg->len > MSS_SHORT && tcp_split_unsent_seg(pcb, MSS_SHORT) != ERR_OK)
            break;
    }
    pcb->unsent = first;
    if (seg)
        return; /* no memory for all: more of them at the next tick */
    pcb->mss = MSS_SHORT;
#if TCP_OVERSIZE
    pcb->unsent_oversize = 0; /* room left for a long one */
#endif
    MR_COUNT(stack->m, cut_short, 1);
    tcp_output(pcb);
}

static bool long_one_fails(const struct tcp_pcb *pcb)
{
    const struct tcp_seg *first = pcb->unacked ? pcb->unacked : pcb->unsent;
    return pcb->nrtx >= 3 && pcb->state >= ESTABLISHED && pcb->mss > MSS_SHORT && first && first->len > MSS_SHORT;
}

void mr_lwip_retry(void) { tcp_txnow(); }
void mr_lwip_tick(void)
{
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        if (mr_unlikely(long_one_fails(pcb)))
            cut_short(pcb);
    tcp_tmr();
}

/* ---- open and close ---- */

static err_t interface_init(struct netif *netif)
{
    netif->name[0] = 'm';
    netif->name[1] = 'r';
    netif->output = send_packet;
    netif->mtu = stack->config.link->mtu;
    NETIF_SET_CHECKSUM_CTRL(netif, NETIF_CHECKSUM_GEN_TCP);
    return ERR_OK;
}

int mr_lwip_open(struct mr_tcp *tcp, struct mr_err *err)
{
    stack = tcp;
#ifdef MR_LWIP_SYSTEM
    static bool begun; /* its timers are made once */
    if (!begun)
        lwip_init();
    begun = true;
#else
    mr_lwip_window = tcp->config.window_bytes;
    mr_lwip_out_of_order_max = (uint16_t)mr_lwip_early_max(&tcp->config);
    lwip_init();
#endif
    ip4_addr_t address, mask, gateway;
    memcpy(&address.addr, tcp->config.address, 4);
    mask.addr = UINT32_MAX;
    gateway.addr = 0;
    if (!netif_add(&interface, &address, &mask, &gateway, NULL, interface_init, ip4_input)) {
        stack = NULL;
        return mr_err_set(err, MR_E_IO, "tcp: lwIP takes no interface");
    }
    netif_set_default(&interface);
    netif_set_up(&interface);
    netif_set_link_up(&interface);
    return MR_OK;
}

void mr_lwip_close(struct mr_tcp *tcp)
{
    (void)tcp;
    netif_set_down(&interface);
    netif_remove(&interface);
    stack = NULL;
}
