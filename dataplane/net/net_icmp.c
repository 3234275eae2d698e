/* ICMP: an echo request for our address is answered (own mode), to the hardware address it came from. */
#include "dataplane/net/net_priv.h"

enum { ECHO_REPLY = 0, ECHO_REQUEST = 8 };

uint64_t *mr_net_icmp(struct mr_net *net, const struct mr_packet *packet, uint8_t *ip, uint32_t header, uint32_t total,
                      int64_t now_ns)
{
    struct mr_net_metrics *m = net->metrics;
    const uint8_t *icmp = ip + header;
    uint32_t len = total - header;
    bool asked = len >= ICMP_BYTES && icmp[0] == ECHO_REQUEST && icmp[1] == 0 && mr_sum(icmp, len) == 0xffff;
    const uint8_t *mac = packet->data + 6;
    if (net->shared || !asked || (mac[0] & 1) || IP_BYTES + len > net->link->mtu || !mr_net_may_answer(net, now_ns))
        return &m->icmp_other;
    uint8_t *answer = mr_net_frame(net, mac, KIND_IP, IP_BYTES + len);
    if (!answer)
        return &m->icmp_other;
    uint8_t *reply = answer + IP_BYTES;
    mr_net_ip_header(net, answer, IP_BYTES, IP_BYTES + len, PROTO_ICMP, 64, get_ip(ip + 12));
    memcpy(reply, icmp, len);
    reply[0] = ECHO_REPLY;
    reply[2] = reply[3] = 0;
    uint16_t sum = (uint16_t)~mr_sum(reply, len);
    memcpy(reply + 2, &sum, 2);
    mr_net_send(net, IP_BYTES + len);
    return &m->echoes;
}
