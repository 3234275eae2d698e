#include <errno.h>
#include <sys/random.h>

#include "dataplane/tcp/tcp_priv.h"

#define WINDOW_MAX (1u << 20) /* what the scale of lwipopts.h can tell */

/* lwIP keeps its state in globals: one stack a process. */
static bool opened;

const char *mr_tcp_flavour(void)
{
#ifdef MR_LWIP_SYSTEM
    return "system";
#else
    return "source";
#endif
}

struct layout {
    size_t peers, numbers, ports, touched, pools, bytes;
};

static size_t place(size_t *end, size_t bytes)
{
    size_t at = *end;
    *end = (at + bytes + MR_LINE_BYTES - 1) & ~(size_t)(MR_LINE_BYTES - 1);
    return at;
}

static struct layout layout_of(const struct mr_tcp_config *config)
{
    struct layout l;
    size_t end = 0, peers = 2 * (size_t)config->connections_max;
    place(&end, sizeof(struct mr_tcp));
    l.peers = place(&end, peers * sizeof(struct mr_tcp_peer));
    l.numbers = place(&end, config->connections_max * sizeof(uint16_t));
    l.ports = place(&end, ((size_t)config->port_last - config->port_first + 1) * sizeof(uint16_t));
    l.touched = place(&end, peers * sizeof(uint16_t));
    l.pools = place(&end, mr_lwip_pools(NULL, config, NULL));
    l.bytes = end;
    return l;
}

static int check(const struct mr_tcp_config *config, struct mr_err *err)
{
    if (config->connections_max < 1 || config->connections_max > 256)
        return mr_err_set(err, MR_E_INVALID, "tcp: connections: %u; 1 to 256 are possible", config->connections_max);
    if (config->window_bytes < 2 * MR_TCP_SEGMENT_BYTES || config->window_bytes > WINDOW_MAX)
        return mr_err_set(err, MR_E_INVALID, "tcp: window: %u bytes; from %u to %u are possible", config->window_bytes,
                          2 * MR_TCP_SEGMENT_BYTES, WINDOW_MAX);
    if (config->send_bytes < MR_TCP_SEGMENT_BYTES || config->send_bytes > 65536)
        return mr_err_set(err, MR_E_INVALID, "tcp: output of a connection: %u bytes; from %u to 65536 are possible",
                          config->send_bytes, MR_TCP_SEGMENT_BYTES);
    if (config->port_first == 0 || config->port_last < config->port_first)
        return mr_err_set(err, MR_E_INVALID, "tcp: local ports from %u to %u: none", config->port_first,
                          config->port_last);
    if (config->link->mtu < 576)
        return mr_err_set(err, MR_E_INVALID, "tcp: the link's MTU is %u; at least 576 is needed", config->link->mtu);
    return MR_OK;
}

size_t mr_tcp_bytes(const struct mr_tcp_config *config)
{
    return check(config, NULL) == MR_OK ? layout_of(config).bytes : 0;
}

static int draw_key(struct mr_tcp *tcp, uint64_t seed, struct mr_err *err)
{
    if (seed) {
        tcp->key[0] = seed;
        tcp->key[1] = ~seed;
    } else if (getrandom(tcp->key, sizeof tcp->key, 0) != (ssize_t)sizeof tcp->key) {
        return mr_err_set(err, MR_E_IO, "tcp: getrandom: %s", strerror(errno));
    }
    return MR_OK;
}

int mr_tcp_open(struct mr_tcp **out, void *mem, const struct mr_tcp_config *config, int64_t now_ns, struct mr_err *err)
{
    int status = check(config, err);
    if (status < 0)
        return status;
    if (opened)
        return mr_err_set(err, MR_E_FULL,
                          "tcp: this process has a user-space stack already; a second one needs a second process");
    struct layout l = layout_of(config);
    uint8_t *base = mem;
    struct mr_tcp *tcp = mem;
    *tcp = (struct mr_tcp){.config = *config,
                           .now_ns = now_ns,
                           .tick_ns = now_ns + MR_TCP_TICK_NS,
                           .peers = (struct mr_tcp_peer *)(base + l.peers),
                           .numbers = (uint16_t *)(base + l.numbers),
                           .ports = (uint16_t *)(base + l.ports),
                           .touched = (uint16_t *)(base + l.touched),
                           .peer_count = 2 * config->connections_max,
                           .answers_ns = now_ns,
                           .answers = MR_TCP_ANSWERS_MAX};
    tcp->m = config->metrics ? config->metrics : &tcp->own;
    /* an eighth of the link's packets is never kept, so that acknowledgements and ARP still come in */
    uint32_t packets = config->link->packets_max;
    tcp->held_max = packets ? packets - packets / 8 : UINT32_MAX;
    for (uint32_t i = 0; i < tcp->peer_count; i++)
        tcp->peers[i] = (struct mr_tcp_peer){.number = MR_TCP_NOBODY};
    memset(tcp->numbers, 0xff, config->connections_max * sizeof(uint16_t));
    memset(tcp->ports, 0xff, ((size_t)config->port_last - config->port_first + 1) * sizeof(uint16_t));
    mr_lwip_pools(tcp, config, base + l.pools);
    status = draw_key(tcp, config->seed, err);
    if (status < 0)
        return status;
    status = mr_lwip_open(tcp, err);
    if (status < 0)
        return status;
    opened = true;
    *out = tcp;
    return MR_OK;
}

void mr_tcp_close(struct mr_tcp *tcp)
{
    mr_tcp_forget_queue(tcp, NULL);
    for (uint32_t i = 0; i < tcp->config.connections_max; i++)
        mr_tcp_drop(tcp, (uint16_t)i);
    for (uint32_t i = 0; i < tcp->peer_count; i++)
        if (tcp->peers[i].state == MR_TCP_LEAVING)
            mr_tcp_forsake(tcp, &tcp->peers[i]);
    while (tcp->lent.head) {
        struct mr_piece piece = {.kind = MR_PIECE_STREAM, .lend = (uintptr_t)tcp->lent.head};
        mr_tcp_release(tcp, &piece);
    }
    MR_ASSERT(tcp->early == 0 && tcp->waiting == 0);
    MR_ASSERT(tcp->pcbs.used == 0 && tcp->segments.used == 0 && tcp->small.used == 0 && tcp->large.used == 0);
    mr_lwip_close(tcp);
    if (tcp->sent)
        tcp->config.link->ops->flush(tcp->config.link);
    opened = false;
}
