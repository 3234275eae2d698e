#include "tests/dataplane/source/dpdk/modes.h"

#include <stdio.h>

const char *const mode_names[MODES] = {"af_packet own", "af_xdp own", "af_xdp shared"};

struct mr_dpdk_config mode_config(enum mode mode)
{
    static const uint8_t ours[4] = {198, 18, 0, 3};
    struct mr_dpdk_config c;
    mr_dpdk_config_default(&c);
    c.memory_mib = 128; /* EAL starts once and serves every case */
    c.window_bytes = 64 << 10;
    c.mode = mode == AF_XDP_SHARED ? MR_DPDK_SHARED : MR_DPDK_OWN;
    if (mode == AF_PACKET_OWN)
        snprintf(c.device, sizeof c.device, "net_af_packet0,iface=mr0");
    else
        snprintf(c.interface, sizeof c.interface, "mr0");
    if (c.mode == MR_DPDK_OWN)
        memcpy(c.address, ours, 4);
    return c;
}
