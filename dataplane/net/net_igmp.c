/* Group membership (own mode): IGMPv3 (RFC 3376), speaking v2 or v1 for as long as an older querier was heard.
 *
 * Our groups never change between open and leave, so a pending answer is a moment, not a record: an answer to any query for a group, also one that
 * names sources, is that group's whole state, which is right for the querier and needs no memory. */
#include "dataplane/net/net_priv.h"

#define OLDER_NS (260 * SECOND_NS) /* an older querier was heard: robustness 2 x interval 125 s + 10 s */
#define UNSOLICITED_NS (SECOND_NS) /* a join is said again within this */
#define V1_RESPONSE_NS (10 * SECOND_NS)

enum {
    QUERY = 0x11,
    V1_REPORT = 0x12,
    V2_REPORT = 0x16,
    V2_LEAVE = 0x17,
    V3_REPORT = 0x22,
    IS_INCLUDE = 1,
    IS_EXCLUDE = 2,
    TO_INCLUDE = 3,
    TO_EXCLUDE = 4,
    ALLOW = 5,
    BLOCK = 6,
    OPTION_BYTES = 4
};
enum purpose { STATE, JOIN, LEAVE };

static uint64_t random_next(struct mr_net *net) /* splitmix64 */
{
    uint64_t z = net->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Later than now, at most `within` later. */
static int64_t random_moment(struct mr_net *net, int64_t now_ns, int64_t within_ns)
{
    return now_ns + 1 + (int64_t)(random_next(net) % (uint64_t)(within_ns < 1 ? 1 : within_ns));
}

static uint32_t version(const struct mr_net *net, int64_t now_ns)
{
    return now_ns < net->v1_until_ns ? 1 : now_ns < net->v2_until_ns ? 2 : 3;
}

/* ---- what we say ---- */

static bool say(struct mr_net *net, uint32_t to, const uint8_t *igmp, uint32_t len)
{
    const uint8_t *g = (const uint8_t *)&to;
    const uint8_t mac[6] = {1, 0, 0x5e, g[1] & 0x7f, g[2], g[3]};
    uint32_t header = IP_BYTES + OPTION_BYTES;
    uint8_t *ip = mr_net_frame(net, mac, KIND_IP, header + len);
    if (!ip)
        return false;
    static const uint8_t router_alert[OPTION_BYTES] = {0x94, 4, 0, 0};
    memcpy(ip + IP_BYTES, router_alert, OPTION_BYTES);
    memcpy(ip + header, igmp, len);
    put16(ip + header + 2, 0);
    uint16_t sum = (uint16_t)~mr_sum(ip + header, len);
    memcpy(ip + header + 2, &sum, 2);
    mr_net_ip_header(net, ip, header, header + len, PROTO_IGMP, 1, to);
    mr_net_send(net, header + len);
    MR_COUNT(net->metrics, igmp_reports, 1);
    return true;
}

/* One group's record: any sender (exclude nobody), or the senders the ports name (include these). */
static uint32_t put_record(const struct mr_net *net, uint8_t *out, const struct group *g, enum purpose purpose)
{
    static const uint8_t any[] = {IS_EXCLUDE, TO_EXCLUDE, TO_INCLUDE}, some[] = {IS_INCLUDE, ALLOW, BLOCK};
    uint32_t sources = 0;
    memcpy(out + 4, &g->ip, 4);
    for (uint32_t i = 0; i < net->config.port_count && !g->any_source; i++) {
        const struct mr_net_port *p = &net->config.ports[i];
        bool fresh = get_ip(p->group) == g->ip;
        for (uint32_t k = 0; k < sources; k++) /* the same sender on two ports */
            fresh &= memcmp(out + 8 + 4 * k, p->source, 4) != 0;
        if (fresh)
            memcpy(out + 8 + 4 * sources++, p->source, 4);
    }
    out[0] = g->any_source ? any[purpose] : some[purpose];
    out[1] = 0;
    put16(out + 2, sources);
    return 8 + 4 * sources;
}

/* The groups marked, in one report; old versions have one message a group. False: no room on the link, nothing forgotten. */
static bool report(struct mr_net *net, const bool *marked, enum purpose purpose, int64_t now_ns)
{
    uint8_t igmp[8 + MR_NET_PORTS_MAX * (8 + 4)] = {V3_REPORT};
    uint32_t len = 8, records = 0, speak = version(net, now_ns);
    bool said = true;
    for (uint32_t i = 0; i < net->group_count; i++) {
        if (!marked[i])
            continue;
        if (speak == 3) {
            len += put_record(net, igmp + len, &net->groups[i], purpose);
            records++;
        } else if (purpose != LEAVE || speak == 2) {
            uint8_t old[8] = {purpose == LEAVE ? V2_LEAVE : speak == 2 ? V2_REPORT : V1_REPORT};
            memcpy(old + 4, &net->groups[i].ip, 4);
            said &= say(net, purpose == LEAVE ? htonl(0xe0000002) : net->groups[i].ip, old, sizeof old);
        }
    }
    put16(igmp + 6, records);
    return records > 0 ? say(net, htonl(0xe0000016), igmp, len) : said;
}

static bool report_all(struct mr_net *net, enum purpose purpose, int64_t now_ns)
{
    bool all[MR_NET_PORTS_MAX];
    memset(all, true, sizeof all);
    return net->group_count == 0 || report(net, all, purpose, now_ns);
}

/* ---- what we hear ---- */

/* RFC 3376, 4.1.1: above 127 a number of four bits and an exponent of three; in tenths of a second. */
static int64_t response_ns(uint32_t code)
{
    uint32_t tenths = code < 128 ? code : ((code & 15u) | 16u) << (((code >> 4) & 7u) + 3);
    return tenths * (SECOND_NS / 10);
}

/* An older querier is obeyed for a while; a change of version forgets what is pending (RFC 3376, 7.2.1). */
static void heard_older(struct mr_net *net, int64_t *until_ns, int64_t now_ns)
{
    uint32_t before = version(net, now_ns);
    *until_ns = now_ns + OLDER_NS;
    if (version(net, now_ns) == before)
        return;
    net->answer_ns = INT64_MAX;
    for (uint32_t i = 0; i < net->group_count; i++)
        net->groups[i].answer_ns = INT64_MAX;
}

static bool wants_a_source(const struct mr_net *net, const struct group *g, const uint8_t *sources, uint32_t count)
{
    if (g->any_source || count == 0)
        return true;
    for (uint32_t i = 0; i < net->config.port_count; i++)
        for (uint32_t k = 0; k < count; k++)
            if (get_ip(net->config.ports[i].group) == g->ip &&
                memcmp(net->config.ports[i].source, sources + 4 * k, 4) == 0)
                return true;
    return false;
}

static void plan_answer(struct mr_net *net, const uint8_t *igmp, int64_t within_ns, uint32_t sources, int64_t now_ns)
{
    int64_t at = random_moment(net, now_ns, within_ns);
    if (net->answer_ns <= at) /* all will be told sooner */
        return;
    uint32_t asked = get_ip(igmp + 4);
    if (asked == 0)
        net->answer_ns = at;
    for (uint32_t i = 0; i < net->group_count && asked != 0; i++) {
        struct group *g = &net->groups[i];
        if (g->ip == asked && at < g->answer_ns && wants_a_source(net, g, igmp + 12, sources))
            g->answer_ns = at;
    }
}

uint64_t *mr_net_igmp(struct mr_net *net, const uint8_t *igmp, uint32_t len, int64_t now_ns)
{
    struct mr_net_metrics *m = net->metrics;
    if (net->shared || len < 8 || igmp[0] != QUERY || mr_sum(igmp, len) != 0xffff)
        return &m->igmp_other;
    uint32_t asked = get_ip(igmp + 4);
    if (asked != 0 && !is_group(asked))
        return &m->igmp_other;
    if (len == 8) {
        bool v1 = igmp[1] == 0;
        heard_older(net, v1 ? &net->v1_until_ns : &net->v2_until_ns, now_ns);
        plan_answer(net, igmp, v1 ? V1_RESPONSE_NS : igmp[1] * (SECOND_NS / 10), 0, now_ns);
        return &m->igmp_queries;
    }
    uint32_t sources = len < 12 ? 0 : get16(igmp + 10);
    if (len < 12 || 12 + 4 * sources > len || (asked == 0 && sources > 0))
        return &m->igmp_other;
    plan_answer(net, igmp, response_ns(igmp[1]), sources, now_ns);
    return &m->igmp_queries;
}

/* ---- time ---- */

void mr_net_igmp_init(struct mr_net *net)
{
    const uint8_t *mac = net->link->mac;
    net->random = net->config.seed;
    for (int i = 0; i < 6 && net->config.seed == 0; i++)
        net->random = net->random << 8 | mac[i];
    net->answer_ns = net->join_ns = INT64_MAX;
    net->v1_until_ns = net->v2_until_ns = NEVER_NS;
    for (uint32_t i = 0; i < net->config.port_count; i++) {
        const struct mr_net_port *p = &net->config.ports[i];
        uint32_t k = 0;
        if (!is_group(get_ip(p->group)) || get_ip(p->group) == htonl(0xe0000001)) /* all hosts: never reported */
            continue;
        while (k < net->group_count && net->groups[k].ip != get_ip(p->group))
            k++;
        if (k == net->group_count)
            net->groups[net->group_count++] = (struct group){.ip = get_ip(p->group), .answer_ns = INT64_MAX};
        net->groups[k].any_source |= get_ip(p->source) == 0;
    }
}

void mr_net_igmp_housekeep(struct mr_net *net, int64_t now_ns, bool came_up)
{
    if (came_up) {
        net->joins_left = 2; /* now, and once more in case that one is lost */
        net->join_ns = now_ns;
    }
    if (net->joins_left > 0 && now_ns >= net->join_ns && report_all(net, JOIN, now_ns)) {
        net->joins_left--;
        net->join_ns = random_moment(net, now_ns, UNSOLICITED_NS);
    }
    if (now_ns >= net->answer_ns) {
        if (!report_all(net, STATE, now_ns))
            return; /* no room on the link: at the next housekeeping */
        net->answer_ns = INT64_MAX;
        for (uint32_t i = 0; i < net->group_count; i++)
            net->groups[i].answer_ns = INT64_MAX;
    }
    bool due[MR_NET_PORTS_MAX] = {false}, some = false;
    for (uint32_t i = 0; i < net->group_count; i++)
        some |= due[i] = now_ns >= net->groups[i].answer_ns;
    if (!some || !report(net, due, STATE, now_ns))
        return;
    for (uint32_t i = 0; i < net->group_count; i++)
        if (due[i])
            net->groups[i].answer_ns = INT64_MAX;
}

/* Twice, in case one is lost: there is no later moment. */
void mr_net_igmp_leave(struct mr_net *net, int64_t now_ns)
{
    net->joins_left = 0;
    net->answer_ns = INT64_MAX;
    for (uint32_t i = 0; i < net->group_count; i++)
        net->groups[i].answer_ns = INT64_MAX;
    for (int times = 0; times < 2; times++)
        report_all(net, LEAVE, now_ns);
    net->group_count = 0;
}
