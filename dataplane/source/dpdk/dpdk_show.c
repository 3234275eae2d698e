/* What an operator may ask of an open port. */
#include <stdio.h>
#include <stdlib.h>

#include <rte_ethdev.h>

#include "dataplane/source/dpdk/dpdk_priv.h"

void mr_dpdk_describe(const struct mr_source *s, char *text, size_t bytes)
{
    const struct mr_dpdk_source *d = s->state;
    const struct mr_dpdk_port *p = &d->port;
    const uint8_t *m = p->link.mac, *a = d->address;
    snprintf(
        text, bytes,
        "%s%s%s: %s %u.%u.%u.%u/%u, hardware address %02x:%02x:%02x:%02x:%02x:%02x, MTU %u, %u buffers of %u bytes%s, "
        "TCP checksums by %s, receive time by %s, groups: %s",
        p->device.name, p->device.interface[0] ? " on " : "", p->device.interface, d->shared ? "shared" : "own", a[0],
        a[1], a[2], a[3], d->prefix, m[0], m[1], m[2], m[3], m[4], m[5], p->link.mtu, p->link.packets_max,
        MR_DPDK_FRAME_BYTES, d->huge_pages ? " on huge pages" : "", p->checks_tcp ? "the port" : "us",
        p->stamped ? "the kernel" : "the TSC", p->filtering);
}

void mr_dpdk_xstats(const struct mr_source *s, void (*each)(void *arg, const char *name, uint64_t value), void *arg)
{
    const struct mr_dpdk_source *d = s->state;
    int count = rte_eth_xstats_get(d->port.id, NULL, 0);
    if (count <= 0)
        return;
    struct rte_eth_xstat *values = calloc((size_t)count, sizeof *values);
    struct rte_eth_xstat_name *names = calloc((size_t)count, sizeof *names);
    bool got = values && names && rte_eth_xstats_get(d->port.id, values, (unsigned)count) == count &&
               rte_eth_xstats_get_names(d->port.id, names, (unsigned)count) == count;
    for (int i = 0; got && i < count; i++)
        if (values[i].value && values[i].id < (uint64_t)count)
            each(arg, names[values[i].id].name, values[i].value);
    free(values);
    free(names);
}
