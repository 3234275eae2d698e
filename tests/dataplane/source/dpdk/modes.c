#include "tests/dataplane/source/dpdk/modes.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

const char *const mode_names[MODES] = {"af_packet own", "af_xdp own", "af_xdp shared"};
uint8_t mode_gateway[4];
uint16_t mode_ports_first = 49152, mode_ports_last = 65535, mode_queue;
struct mr_netns netns;
struct mr_dpdk_metrics port_metrics;
struct mr_net_metrics net_metrics;
struct mr_tcp_metrics tcp_metrics;
static struct mr_dpdk_config config;
static const uint8_t groups[2][4] = {{239, 18, 0, 1}, {239, 18, 0, 2}};

struct mr_dpdk_config mode_config(enum mode mode)
{
    static const uint8_t ours[4] = {198, 18, 0, 3};
    struct mr_dpdk_config c;
    mr_dpdk_config_default(&c);
    c.memory_mib = 128; /* EAL starts once and serves every case */
    c.window_bytes = 64 << 10;
    c.port_first = mode_ports_first;
    c.port_last = mode_ports_last;
    c.queue = mode_queue;
    c.mode = mode == AF_XDP_SHARED ? MR_DPDK_SHARED : MR_DPDK_OWN;
    if (mode == AF_PACKET_OWN)
        snprintf(c.device, sizeof c.device, "net_af_packet0,iface=mr0");
    else
        snprintf(c.interface, sizeof c.interface, "mr0");
    if (c.mode == MR_DPDK_OWN) {
        memcpy(c.address, ours, 4);
        memcpy(c.gateway, mode_gateway, 4);
    }
    return c;
}

void open_mode(struct bed *b, enum mode mode, uint32_t connections, bool with_groups)
{
    config = mode_config(mode);
    mr_metrics_init_values(&port_metrics, &mr_dpdk_metrics_desc);
    mr_metrics_init_values(&net_metrics, &mr_net_metrics_desc);
    mr_metrics_init_values(&tcp_metrics, &mr_tcp_metrics_desc);
    config.metrics = &port_metrics;
    config.net_metrics = &net_metrics;
    config.tcp_metrics = &tcp_metrics;
    for (uint16_t line = 0; with_groups && line < 2; line++) {
        config.ports[line] = (struct mr_net_port){.port = (uint16_t)(7001 + line), .line = line};
        memcpy(config.ports[line].group, groups[line], 4);
        config.port_count = 2;
    }
    place.dpdk = &config;
    struct mr_stream_config c = small;
    c.connections_max = connections;
    c.send_bytes = 65536;
    open_bed(b, &mr_source_dpdk_ops, c);
}

void close_mode(struct bed *b)
{
    const struct mr_net_metrics *n = &net_metrics;
    assert_int_equal(port_metrics.received, n->frames + port_metrics.multi_segment);
    assert_int_equal(n->frames, n->tcp + n->datagrams + n->arp_requests + n->arp_replies + n->arp_other + n->echoes +
                                    n->icmp_other + n->igmp_queries + n->igmp_other + n->not_ours + n->short_frames +
                                    n->ip_bad + n->ip_checksum + n->fragments + n->udp_bad + n->udp_checksum +
                                    n->udp_no_port);
    close_bed(b);
    place.dpdk = NULL;
}

struct sockaddr_in group_address(int line)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(7001 + line))};
    memcpy(&to.sin_addr, groups[line], 4);
    return to;
}

int group_sender(void)
{
    mr_netns_theirs(&netns);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct in_addr from = {.s_addr = htonl(0xc6120001)};
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &from, sizeof from);
    mr_netns_ours(&netns);
    return fd;
}

struct row {
    enum mode mode;
    void (*run)(enum mode);
    char name[160];
};

static void run_row(void **state)
{
    const struct row *row = *state;
    row->run(row->mode);
}

int run_modes(const struct mode_promise *promises, size_t count, int argc, char **argv)
{
    if (!mr_netns_open(&netns, true))
        return mr_netns_missing(netns.why);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    place.netns = &netns;
    memcpy(place.ip, (const uint8_t[]){198, 18, 0, 1}, 4);
    fill_pattern();
    struct row *rows = calloc(count * MODES, sizeof *rows);
    struct CMUnitTest *tests = calloc(count * MODES, sizeof *tests);
    for (size_t i = 0; i < count * MODES; i++) {
        const struct mode_promise *p = &promises[i / MODES];
        rows[i].mode = (enum mode)(i % MODES);
        rows[i].run = p->run;
        snprintf(rows[i].name, sizeof rows[i].name, "%s: %s", mode_names[rows[i].mode], p->says);
        tests[i] = (struct CMUnitTest){rows[i].name, run_row, NULL, NULL, &rows[i]};
    }
    int status = _cmocka_run_group_tests("modes", tests, count * MODES, NULL, NULL) ? 1 : 0;
    free(rows);
    free(tests);
    mr_netns_close(&netns);
    return status;
}
