/* The source's cold half: memory, opening in order, closing in the other. */
#include "dataplane/source/dpdk/dpdk_priv.h"
#include "dataplane/source/stream/stream.h"

#define SEND_MAX 65536u /* what the user-space stack keeps of a connection's output at most */

/* Sizes are asked for before there is a port. */
static struct mr_link no_port = {.ops = &mr_dpdk_link_ops, .mtu = 1500};

static size_t rounded(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) & ~(size_t)(MR_LINE_BYTES - 1); }

static struct mr_net_config net_config(const struct mr_dpdk_config *c, struct mr_dpdk_source *d)
{
    struct mr_net_config net = {.link = d ? &d->port.link : &no_port,
                                .prefix = c->prefix,
                                .shared = c->mode == MR_DPDK_SHARED,
                                .port_count = c->port_count};
    memcpy(net.address, c->address, 4);
    if (!net.shared) /* else each peer is a neighbour: dpdk_shared.c */
        memcpy(net.gateway, c->gateway, 4);
    for (uint32_t i = 0; i < c->port_count && i < MR_NET_PORTS_MAX; i++)
        net.ports[i] = c->ports[i];
    if (d)
        net.metrics = c->net_metrics ? c->net_metrics : &d->own_net;
    return net;
}

static struct mr_tcp_config tcp_config(const struct mr_stream_config *sc, struct mr_dpdk_source *d)
{
    const struct mr_dpdk_config *c = sc->dpdk;
    struct mr_tcp_config tcp = {.link = d ? &d->port.link : &no_port,
                                .connections_max = sc->connections_max,
                                .window_bytes = c->window_bytes,
                                .send_bytes = sc->send_bytes < SEND_MAX ? sc->send_bytes : SEND_MAX,
                                .port_first = c->port_first,
                                .port_last = c->port_last};
    memcpy(tcp.address, c->address, 4);
    if (!d)
        return tcp;
    tcp.net = d->net;
    tcp.checksum_by_port = d->port.checks_tcp;
    tcp.metrics = c->tcp_metrics ? c->tcp_metrics : &d->own_tcp;
    if (d->shared) {
        tcp.tuple = mr_shared_tuple;
        tcp.arg = &d->host;
    }
    return tcp;
}

size_t mr_dpdk_bytes(const void *config)
{
    const struct mr_stream_config *c = config;
    if (!c->dpdk)
        return MR_LINE_BYTES; /* open refuses */
    struct mr_net_config net = net_config(c->dpdk, NULL);
    struct mr_tcp_config tcp = tcp_config(c, NULL);
    return rounded(sizeof(struct mr_dpdk_source)) + rounded(c->connections_max * sizeof(struct mr_dpdk_connection)) +
           rounded(mr_net_bytes(&net)) + mr_tcp_bytes(&tcp);
}

/* Shared: the interface's address. A capture file needs none, but the layers do. */
static int complete(struct mr_dpdk_config *c, struct mr_err *err)
{
    if (c->mode == MR_DPDK_SHARED && mr_host_address(c->interface, c->address, &c->prefix))
        return mr_err_set(err, MR_E_UNSUPPORTED, "source dpdk: %s has no IPv4 address to share", c->interface);
    static const uint8_t nobody[4] = {192, 0, 2, 1}; /* for documentation: RFC 5737 */
    if ((c->address[0] | c->address[1] | c->address[2] | c->address[3]) == 0)
        memcpy(c->address, nobody, 4);
    return MR_OK;
}

static int open_layers(struct mr_dpdk_source *d, uint8_t *at, const struct mr_stream_config *sc, struct mr_err *err)
{
    const struct mr_dpdk_config *c = sc->dpdk;
    struct mr_net_config net = net_config(c, d);
    int status = mr_net_check(&net, err);
    if (status)
        return status;
    d->net = mr_net_init(at, &net);
    for (uint32_t i = 0; i < c->neighbour_count && !status; i++)
        status = mr_net_neighbour(d->net, c->neighbours[i].ip, c->neighbours[i].mac);
    if (status)
        return mr_err_set(err, MR_E_INVALID, "source dpdk: `neighbours`: %s", mr_status_text(status));
    if (d->shared) {
        d->host.net = d->net;
        memcpy(d->host.address, c->address, 4);
        status = mr_shared_open(&d->host, c, &d->port, err);
        if (status)
            return status;
    }
    struct mr_tcp_config tcp = tcp_config(sc, d);
    return mr_tcp_open(&d->tcp, at + rounded(mr_net_bytes(&net)), &tcp, mr_clock_now(sc->clock), err);
}

int mr_dpdk_open(struct mr_source *s, void *mem, const void *config, struct mr_err *err)
{
    struct mr_stream_config sc = *(const struct mr_stream_config *)config;
    int status = mr_stream_check(&sc, err);
    if (status)
        return status;
    if (!sc.dpdk)
        return mr_err_set(err, MR_E_INVALID, "source dpdk: there is no `dpdk` section");
    struct mr_dpdk_config c = *sc.dpdk;
    sc.dpdk = &c;
    if (sc.connections_max > 256)
        return mr_err_set(err, MR_E_INVALID, "source dpdk: %u connections; the user-space stack has at most 256",
                          sc.connections_max);
    status = mr_dpdk_check(&c, err);
    if (!status)
        status = complete(&c, err);
    if (status)
        return status;
    uint8_t *at = mem;
    struct mr_dpdk_source *d = mem;
    *d = (struct mr_dpdk_source){.clock = sc.clock,
                                 .connections_max = sc.connections_max,
                                 .shared = c.mode == MR_DPDK_SHARED,
                                 .prefix = c.prefix,
                                 .huge_pages = c.huge_pages,
                                 .metrics = sc.metrics};
    memcpy(d->address, c.address, 4);
    if (!d->metrics)
        d->metrics = &d->own;
    mr_shared_init(&d->host);
    at += rounded(sizeof *d);
    d->connections = (struct mr_dpdk_connection *)(void *)at;
    memset(d->connections, 0, sc.connections_max * sizeof *d->connections);
    at += rounded(sc.connections_max * sizeof *d->connections);
    *s = (struct mr_source){.ops = &mr_source_dpdk_ops, .state = d, .lend_max = 64};
    status = mr_dpdk_port_open(&d->port, &c, sc.connections_max, sc.clock, err);
    if (!status)
        status = open_layers(d, at, &sc, err);
    if (status) {
        mr_shared_close(&d->host);
        mr_dpdk_port_close(&d->port);
    }
    return status;
}

void mr_dpdk_close(struct mr_source *s)
{
    struct mr_dpdk_source *d = s->state;
    struct mr_link *link = &d->port.link;
    while (d->waiting_next < d->waiting_count)
        link->ops->release(link, d->waiting[d->waiting_next++].packet);
    mr_net_leave(d->net, mr_clock_now(d->clock));
    mr_tcp_close(d->tcp);
    link->ops->flush(link);
    mr_shared_close(&d->host);
    mr_dpdk_port_close(&d->port);
}
