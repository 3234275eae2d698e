/* What there is of the DPDK source in every build. */
#include "dataplane/source/dpdk/dpdk.h"

MR_METRICS_DEFINE(mr_dpdk, MR_DPDK_METRICS);

void mr_dpdk_config_default(struct mr_dpdk_config *config)
{
    *config = (struct mr_dpdk_config){.memory_mib = 64,
                                      .rx_descriptors = 2048,
                                      .tx_descriptors = 512,
                                      .window_bytes = 1u << 20,
                                      .prefix = 24,
                                      .port_first = 49152,
                                      .port_last = 65535};
}
