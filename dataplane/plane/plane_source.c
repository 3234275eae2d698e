/* Where each feed's bytes come from: what was asked for, or what this host can do, and why, said once. */
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/log/log.h"
#include "dataplane/plane/plane_priv.h"

static const struct mr_source_ops *const ops_of[] = {
    [MR_PLANE_AUTO] = NULL,
    [MR_PLANE_DPDK] = &mr_source_dpdk_ops,
    [MR_PLANE_URING] = &mr_source_uring_ops,
    [MR_PLANE_SOCKET] = &mr_source_socket_ops,
};
static_assert(MR_COUNT_OF(ops_of) == MR_PLANE_SOURCES, "a row a source");

/* Connections that any tile may have: what a source plans its memory for. */
static uint32_t connections_of(const struct mr_plane_config *c)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->feed_count; i++) {
        const struct mr_venue *venue;
        uint8_t product;
        mr_venue_parse(c->feeds[i].product, &venue, &product, NULL);
        const struct mr_product_dial *dial = &mr_dialect_of(venue)->products[product];
        for (const struct mr_route *r = dial->routes; r->name && !c->feeds[i].line_count; r++)
            n += mr_feed_tile_members(dial, c->feeds[i].connections);
    }
    return n == 0 ? 1 : n < MR_FEED_TILE_SESSIONS ? n : MR_FEED_TILE_SESSIONS;
}

struct mr_stream_config mr_plane_stream_config(const struct mr_plane *p, uint8_t source)
{
    return (struct mr_stream_config){.buffer_bytes = 16384,
                                     .buffers = 256,
                                     .send_bytes = 65536,
                                     .connections_max = connections_of(&p->config),
                                     .dpdk = source == MR_PLANE_DPDK ? &p->dpdk : NULL};
}

static int probe(const struct mr_plane *p, uint8_t kind, struct mr_err *err)
{
    struct mr_clock clock;
    struct mr_source source;
    const struct mr_source_ops *ops = ops_of[kind];
    struct mr_stream_config config = mr_plane_stream_config(p, kind);
    mr_clock_open(&clock);
    config.clock = &clock;
    void *mem = aligned_alloc(128, (ops->bytes(&config) + 127) / 128 * 128);
    if (!mem)
        return mr_err_set(err, MR_E_NOMEM, "source %s: no memory", ops->name);
    int status = ops->open(&source, mem, &config, err);
    if (status == MR_OK)
        source.ops->close(&source);
    free(mem);
    return status;
}

static bool configured(const struct mr_plane *p, uint8_t kind)
{
    return kind != MR_PLANE_DPDK || *p->config.dpdk.device || *p->config.dpdk.interface;
}

/* Tries each of them once a plane; what it found is kept. */
static int try(struct mr_plane *p, uint8_t kind, struct mr_err *err)
{
    if (!configured(p, kind))
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "source dpdk: the config names no port: give dpdk.interface or dpdk.device");
    if (!p->tried[kind].done) {
        p->tried[kind].done = true;
        p->tried[kind].status = kind == MR_PLANE_SOCKET ? MR_OK : probe(p, kind, &p->tried[kind].err);
    }
    *err = p->tried[kind].err;
    return p->tried[kind].status;
}

/* dpdk, uring, socket: the first that works. Why another did not is said once, whichever feeds wanted it. */
static int first_that_works(struct mr_plane *p, bool dpdk_too, bool lines, struct mr_err *err)
{
    int status = MR_E_UNSUPPORTED;
    for (uint8_t kind = MR_PLANE_DPDK; kind <= MR_PLANE_SOCKET; kind++) {
        if ((kind == MR_PLANE_DPDK && (!dpdk_too || !configured(p, kind))) || (kind == MR_PLANE_URING && lines))
            continue;
        status = try(p, kind, err);
        if (status == MR_OK)
            return kind;
        if (p->log && !p->tried[kind].said)
            MR_LOG(p->log, MR_LOG_WARN, "source %s is not used: %s", ops_of[kind]->name, err->text);
        p->tried[kind].said = true;
    }
    return status;
}

/* The datagrams that each source is to take: the lines of its feeds, numbered in the order of the config. */
static int plan_lines(struct mr_plane *p, struct mr_err *err)
{
    uint16_t number = 0;
    for (uint32_t i = 0; i < p->config.feed_count; i++) {
        const struct mr_plane_feed *f = &p->config.feeds[i];
        bool socket = p->source_of[i] == MR_PLANE_SOCKET;
        struct mr_net_port *ports = socket ? p->ports[f->tile] : p->dpdk.ports;
        uint32_t *count = socket ? &p->port_count[f->tile] : &p->dpdk.port_count;
        p->first_line[i] = number;
        if (*count + f->line_count > MR_NET_PORTS_MAX)
            return mr_err_set(err, MR_E_FULL, "feeds[%u] (%s): more than %d lines on one tile", i, f->product,
                              MR_NET_PORTS_MAX);
        for (uint32_t k = 0; k < f->line_count; k++) {
            struct mr_net_port *port = &ports[(*count)++];
            *port = (struct mr_net_port){.port = f->lines[k].port, .line = number++};
            memcpy(port->group, f->lines[k].address, 4);
            memcpy(port->source, f->lines[k].sender, 4);
        }
    }
    return MR_OK;
}

static int named(struct mr_err *err, int status, uint32_t feed, const char *product)
{
    const struct mr_err why = *err;
    return mr_err_set(err, status, "feeds[%u] (%s): %s", feed, product, why.text);
}

int mr_plane_choose_sources(struct mr_plane *p, struct mr_err *err)
{
    const struct mr_plane_config *c = &p->config;
    int dpdk_tile = -1;
    int status = MR_OK;
    p->dpdk = c->dpdk;
    p->dpdk.port_count = 0;
    for (uint32_t i = 0; i < c->feed_count; i++) {
        const struct mr_plane_feed *f = &c->feeds[i];
        uint8_t wanted = f->source == MR_PLANE_AS_PLANE ? c->source : f->source;
        bool other_tile = dpdk_tile >= 0 && dpdk_tile != (int)f->tile; /* one user-space stack a process */
        bool lines = f->line_count > 0;
        if (lines && wanted == MR_PLANE_URING)
            return mr_err_set(err, MR_E_UNSUPPORTED,
                              "feeds[%u] (%s): lines of datagrams are received by source dpdk or socket, not uring", i,
                              f->product);
        int kind = wanted == MR_PLANE_AUTO ? first_that_works(p, !other_tile, lines, err)
                                           : (status = try(p, wanted, err), wanted);
        if (kind < 0)
            status = kind;
        if (status)
            return named(err, status, i, f->product);
        if (kind == MR_PLANE_DPDK && other_tile)
            return mr_err_set(
                err, MR_E_UNSUPPORTED,
                "feeds[%u] (%s): tile %u, but source dpdk is tile %d's: one user-space stack a process; put these "
                "feeds on one tile, or into a second instance",
                i, f->product, f->tile, dpdk_tile);
        if (kind == MR_PLANE_DPDK)
            dpdk_tile = (int)f->tile;
        p->source_of[i] = (uint8_t)kind;
    }
    return plan_lines(p, err);
}

const struct mr_source_ops *mr_plane_ops(uint8_t source) { return ops_of[source]; }

const char *mr_plane_source_name(const struct mr_plane *p) { return ops_of[p->source_of[0]]->name; }
