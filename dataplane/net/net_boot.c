#include "dataplane/net/net_priv.h"

MR_METRICS_DEFINE(mr_net, MR_NET_METRICS);

size_t mr_net_bytes(const struct mr_net_config *config)
{
    (void)config;
    return (sizeof(struct mr_net) + MR_LINE_BYTES - 1) & ~(size_t)(MR_LINE_BYTES - 1);
}

static int check_port(const struct mr_net_config *config, uint32_t i, struct mr_err *err)
{
    const struct mr_net_port *p = &config->ports[i];
    uint32_t group = get_ip(p->group), source = get_ip(p->source);
    if (!is_group(group) && group != get_ip(config->address))
        return mr_err_set(err, MR_E_INVALID,
                          "ports[%u].group: neither a multicast group (224.0.0.0/4) nor our own address", i);
    if (p->port == 0)
        return mr_err_set(err, MR_E_INVALID, "ports[%u].port: 0 is no port", i);
    if (source != 0 && (is_group(source) || source == get_ip(config->address)))
        return mr_err_set(err, MR_E_INVALID, "ports[%u].source: a group or our own address sends nothing to us", i);
    for (uint32_t k = 0; k < i; k++) {
        const struct mr_net_port *o = &config->ports[k];
        bool overlap = source == 0 || get_ip(o->source) == 0 || source == get_ip(o->source);
        if (o->port == p->port && get_ip(o->group) == group && overlap)
            return mr_err_set(err, MR_E_INVALID, "ports[%u]: takes the same datagrams as ports[%u]", i, k);
    }
    return MR_OK;
}

int mr_net_check(const struct mr_net_config *config, struct mr_err *err)
{
    uint8_t first = config->address[0];
    if (first == 0 || first == 127 || first >= 224)
        return mr_err_set(err, MR_E_INVALID, "address: %u.%u.%u.%u is not a host's", first, config->address[1],
                          config->address[2], config->address[3]);
    if (config->prefix < 1 || config->prefix > 32)
        return mr_err_set(err, MR_E_INVALID, "prefix: %u is not within 1..32", config->prefix);
    if (get_ip(config->gateway) == get_ip(config->address) || is_group(get_ip(config->gateway)))
        return mr_err_set(err, MR_E_INVALID, "gateway: must be another host, or 0.0.0.0 where there is none");
    if (!config->link || config->link->mtu < 576 || (config->link->mac[0] & 1))
        return mr_err_set(err, MR_E_INVALID, "link: needs an MTU of 576 or more and a hardware address of one host");
    if (config->port_count > MR_NET_PORTS_MAX)
        return mr_err_set(err, MR_E_INVALID, "ports: %u, at most %d", config->port_count, MR_NET_PORTS_MAX);
    int status = MR_OK;
    for (uint32_t i = 0; i < config->port_count && status == MR_OK; i++)
        status = check_port(config, i, err);
    return status;
}

struct mr_net *mr_net_init(void *mem, const struct mr_net_config *config)
{
    MR_ASSERT(mr_net_check(config, NULL) == MR_OK);
    struct mr_net *net = mem;
    *net =
        (struct mr_net){.config = *config, .link = config->link, .shared = config->shared, .metrics = config->metrics};
    if (!net->metrics) {
        mr_metrics_init_values(&net->own_metrics, &mr_net_metrics_desc);
        net->metrics = &net->own_metrics;
    }
    net->address = get_ip(config->address);
    net->gateway = get_ip(config->gateway);
    net->mask = htonl((uint32_t)(UINT64_C(0xffffffff) << (32 - config->prefix)));
    for (uint32_t i = 0; i < config->port_count; i++) {
        uint32_t at = port_hash(get_ip(config->ports[i].group), config->ports[i].port);
        while (net->port_slot[at] != 0)
            at = (at + 1) % MR_COUNT_OF(net->port_slot);
        net->port_slot[at] = (uint8_t)(i + 1);
    }
    mr_net_igmp_init(net);
    return net;
}

bool mr_net_may_answer(struct mr_net *net, int64_t now_ns)
{
    if (now_ns / 1000000 != net->answers_ms) {
        net->answers_ms = now_ns / 1000000;
        net->answers = 0;
    }
    return net->answers++ < ANSWERS_MAX;
}

void mr_net_housekeep(struct mr_net *net, int64_t now_ns)
{
    bool came_up = net->link->up && !net->was_up;
    net->was_up = net->link->up;
    if (net->shared || !net->link->up)
        return;
    mr_net_arp_housekeep(net, now_ns, came_up);
    mr_net_igmp_housekeep(net, now_ns, came_up);
}

void mr_net_leave(struct mr_net *net, int64_t now_ns)
{
    if (!net->shared && net->link->up)
        mr_net_igmp_leave(net, now_ns);
    net->link->ops->flush(net->link);
}
