#include "tests/dataplane/net/rig.h"

const uint8_t rig_ip[4] = {10, 77, 0, 2}, rig_gateway[4] = {10, 77, 0, 1}, rig_peer_ip[4] = {10, 77, 0, 9};
const uint8_t rig_peer_mac[6] = {2, 0, 0, 0, 0, 2}, rig_all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

struct mr_net_config rig_config(void)
{
    return (struct mr_net_config){.address = {10, 77, 0, 2}, .gateway = {10, 77, 0, 1}, .prefix = 24, .seed = 1};
}

void rig_open(struct rig *r, const struct mr_net_config *config)
{
    memset(r, 0, sizeof *r);
    r->wire = wire_open(64, 256);
    r->link = wire_link(r->wire);
    mr_metrics_init_values(&r->metrics, &mr_net_metrics_desc);
    struct mr_net_config with = *config;
    with.link = r->link;
    with.metrics = &r->metrics;
    struct mr_err err = {""};
    if (mr_net_check(&with, &err) != MR_OK)
        fail_msg("%s", err.text);
    r->mem = aligned_alloc(MR_LINE_BYTES, mr_net_bytes(&with));
    assert_non_null(r->mem);
    r->net = mr_net_init(r->mem, &with);
    r->now_ns = SECOND;
}

uint64_t rig_outcomes(const struct mr_net_metrics *m)
{
    return m->tcp + m->datagrams + m->arp_requests + m->arp_replies + m->arp_other + m->echoes + m->icmp_other +
           m->igmp_queries + m->igmp_other + m->not_ours + m->short_frames + m->ip_bad + m->ip_checksum + m->fragments +
           m->udp_bad + m->udp_checksum + m->udp_no_port;
}

const uint8_t *rig_sent(struct rig *r, uint32_t *len)
{
    const uint8_t *frame = wire_sent(r->wire, len);
    const char *wrong = frame ? frame_wrong(frame, *len, r->link->mac, rig_ip) : NULL;
    if (wrong)
        fail_msg("%s", wrong);
    return frame;
}

void rig_close(struct rig *r)
{
    uint32_t len;
    while (rig_sent(r, &len))
        ;
    assert_int_equal(rig_outcomes(&r->metrics), r->metrics.frames);
    wire_close(r->wire);
    free(r->mem);
}

enum mr_net_kind rig_take(struct rig *r, const uint8_t *frame, uint32_t len, const uint64_t *counter)
{
    struct mr_net_packet out;
    uint64_t before = counter ? *counter : 0;
    struct mr_packet *packet = wire_lend(r->wire, frame, len, r->now_ns, 0);
    assert_non_null(packet);
    enum mr_net_kind kind = mr_net_take(r->net, packet, r->now_ns, &out);
    if (kind != MR_NET_DONE)
        r->link->ops->release(r->link, out.packet);
    assert_int_equal(wire_lent(r->wire), 0);
    assert_int_equal(rig_outcomes(&r->metrics), r->metrics.frames);
    if (counter)
        assert_int_equal(*counter, before + 1);
    return kind;
}

void rig_pass(struct rig *r, int64_t until_ns)
{
    for (; r->now_ns < until_ns; r->now_ns += MS)
        mr_net_housekeep(r->net, r->now_ns);
}
