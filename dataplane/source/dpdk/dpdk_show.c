/* What an operator may ask of an open port. */
#include <stdio.h>

#include <rte_ethdev.h>

#include "dataplane/source/dpdk/dpdk_priv.h"

static void describe(const struct mr_source *s, char *text, size_t bytes)
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

#define XSTATS_MAX 256 /* of a driver; more are left out */

static void xstats(const struct mr_source *s, struct mr_source_show *out)
{
    const struct mr_dpdk_source *d = s->state;
    struct rte_eth_xstat values[XSTATS_MAX];
    struct rte_eth_xstat_name names[XSTATS_MAX];
    int count = rte_eth_xstats_get(d->port.id, values, XSTATS_MAX);
    if (count > XSTATS_MAX || rte_eth_xstats_get_names(d->port.id, names, XSTATS_MAX) != count) {
        out->left_out = count > 0 ? (uint32_t)count : 0;
        return;
    }
    for (int i = 0; i < count; i++) {
        if (values[i].value == 0 || values[i].id >= (uint64_t)count)
            continue;
        if (out->count == MR_SOURCE_STATS_MAX) {
            out->left_out++;
            continue;
        }
        snprintf(out->stat[out->count].name, sizeof out->stat[0].name, "%.55s", names[values[i].id].name);
        out->stat[out->count++].value = values[i].value;
    }
}

void mr_dpdk_show(const struct mr_source *s, struct mr_source_show *out)
{
    describe(s, out->text, sizeof out->text);
    out->count = out->left_out = 0;
    xstats(s, out);
}
