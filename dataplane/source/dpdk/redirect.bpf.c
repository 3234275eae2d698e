/* The XDP program: which frames of an interface are ours. Loaded by DPDK's AF_XDP driver, filled by dpdk_redirect.c.
 *
 * Frames of our connections (exact four-tuples) and groups go to the AF_XDP socket of their queue; all else goes on to the kernel, also when
 * no socket is there any more: a process that died leaves a program that does nothing. Fragments are the kernel's too, but for the
 * first one of a datagram for a group, which millrace counts.
 *
 * Compiled with clang -target bpf; the result is part of the millrace program. */
#include <linux/bpf.h>

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct tuple {
    __be32 local, peer;
    __be16 local_port, peer_port;
};
struct group {
    __be32 group;
    __be16 port;
    __u16 zero;
};
struct settings {
    __u32 all, stamp;
};
struct stamp {
    __u64 magic, mono_ns;
};

struct {
    __uint(type, BPF_MAP_TYPE_XSKMAP);
    __uint(max_entries, 256);
    __type(key, __u32);
    __type(value, __u32);
} xsks_map SEC(".maps"); /* the driver knows it by this name */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, struct tuple);
    __type(value, __u8);
} mr_tuples SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 64);
    __type(key, struct group);
    __type(value, __u8);
} mr_groups SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct settings);
} mr_settings SEC(".maps");

static __always_inline int is_ours(void *data, const void *end)
{
    struct ethhdr *eth = data;
    struct iphdr *ip = (void *)(eth + 1);
    if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl < 5)
        return 0;
    __u16 fragment = bpf_ntohs(ip->frag_off);
    if (fragment & 0x1fff)
        return 0;
    void *l4 = (void *)ip + ip->ihl * 4;
    if (ip->protocol == IPPROTO_TCP && !(fragment & 0x2000)) {
        struct tcphdr *tcp = l4;
        if ((void *)(tcp + 1) > end)
            return 0;
        struct tuple key = {ip->daddr, ip->saddr, tcp->dest, tcp->source};
        return bpf_map_lookup_elem(&mr_tuples, &key) != 0;
    }
    if (ip->protocol == IPPROTO_UDP) {
        struct udphdr *udp = l4;
        if ((void *)(udp + 1) > end)
            return 0;
        struct group key = {ip->daddr, udp->dest, 0};
        return bpf_map_lookup_elem(&mr_groups, &key) != 0;
    }
    return 0;
}

SEC("xdp")
int mr_redirect(struct xdp_md *ctx)
{
    __u32 zero = 0;
    const struct settings *settings = bpf_map_lookup_elem(&mr_settings, &zero);
    if (!settings)
        return XDP_PASS;
    if (!settings->all && !is_ours((void *)(long)ctx->data, (void *)(long)ctx->data_end))
        return XDP_PASS;
    if (settings->stamp && bpf_xdp_adjust_meta(ctx, -(int)sizeof(struct stamp)) == 0) {
        struct stamp *stamp = (void *)(long)ctx->data_meta;
        if ((void *)(stamp + 1) <= (void *)(long)ctx->data) {
            stamp->magic = 0x6d696c6c72616365ull;
            stamp->mono_ns = bpf_ktime_get_ns();
        }
    }
    return (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
}

char mr_license[] SEC("license") = "Dual MIT/GPL";
