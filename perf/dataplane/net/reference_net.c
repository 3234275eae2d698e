/* What DPDK offers for the checks alone: rte_ipv4_cksum over the header, rte_ipv4_udptcp_cksum_verify over the datagram. No counters, no ports, no ARP. */
#define ALLOW_EXPERIMENTAL_API /* rte_ipv4_udptcp_cksum_verify, in DPDK 22.11 */
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "perf/dataplane/net/frames.h"

static const struct rte_ipv4_hdr *good_header(const struct frames *f, uint32_t i)
{
    const struct rte_ether_hdr *ether = (const void *)f->data[i];
    const struct rte_ipv4_hdr *ip = (const void *)(ether + 1);
    if (f->len[i] < sizeof *ether + sizeof *ip || ether->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
        return NULL;
    if (rte_ipv4_hdr_len(ip) < sizeof *ip || f->len[i] < sizeof *ether + rte_be_to_cpu_16(ip->total_length))
        return NULL;
    return rte_raw_cksum(ip, rte_ipv4_hdr_len(ip)) == 0xffff ? ip : NULL;
}

uint64_t mr_reference_dpdk_udp(void *frames)
{
    const struct frames *f = frames;
    uint64_t good = 0;
    for (uint32_t i = 0; i < FRAMES; i++) {
        const struct rte_ipv4_hdr *ip = good_header(f, i);
        if (!ip || ip->next_proto_id != IPPROTO_UDP)
            continue;
        const struct rte_udp_hdr *udp = (const void *)((const char *)ip + rte_ipv4_hdr_len(ip));
        good += rte_ipv4_udptcp_cksum_verify(ip, udp) == 0;
    }
    return good;
}

uint64_t mr_reference_dpdk_tcp(void *frames)
{
    const struct frames *f = frames;
    uint64_t good = 0;
    for (uint32_t i = 0; i < FRAMES; i++) {
        const struct rte_ipv4_hdr *ip = good_header(f, i);
        good += ip && ip->next_proto_id == IPPROTO_TCP;
    }
    return good;
}
