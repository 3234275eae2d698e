/* When each of the sender's segments leaves it: at the door of its device (tc egress), where a tap on the wire would see it. What the sender's
 * own stack took before that is no part of receiving.
 *
 * Compiled with clang -target bpf; the result is part of millrace-bench. */
#include <linux/bpf.h>

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "perf/dataplane/source/wire_stamp.h"

struct wire_stamps wire; /* in .bss, which the bench has mapped */

SEC("tc")
int mr_wire_stamp(struct __sk_buff *skb)
{
    struct iphdr ip;
    struct tcphdr tcp;
    __u64 now = bpf_ktime_get_ns();
    if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof ip) || ip.protocol != IPPROTO_TCP)
        return TC_ACT_UNSPEC;
    __u32 head = ip.ihl * 4;
    if (bpf_skb_load_bytes(skb, ETH_HLEN + head, &tcp, sizeof tcp))
        return TC_ACT_UNSPEC;
    __u32 i = wire.count, bytes = bpf_ntohs(ip.tot_len) - head - tcp.doff * 4;
    if (i < WIRE_STAMPS_MAX && (__s32)bytes > 0) {
        wire.stamps[i].mono_ns = now;
        wire.stamps[i].seq = bpf_ntohl(tcp.seq);
        wire.stamps[i].bytes = bytes;
        wire.count = i + 1;
    }
    return TC_ACT_UNSPEC;
}

char mr_license[] SEC("license") = "Dual MIT/GPL";
