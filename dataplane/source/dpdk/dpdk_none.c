/* A build without DPDK: the source cannot be opened, and says why. */
#include "dataplane/source/dpdk/dpdk.h"

static int refuse(struct mr_err *err)
{
    return mr_err_set(err, MR_E_UNSUPPORTED,
                      "source dpdk: not in this build: install dpdk-dev, libbpf-dev and clang, then `meson setup "
                      "--reconfigure -Ddpdk=enabled` (./dev does); or set `source: auto`");
}

int mr_dpdk_check(const struct mr_dpdk_config *config, struct mr_err *err)
{
    (void)config;
    return refuse(err);
}

static size_t none_bytes(const void *config)
{
    (void)config;
    return MR_LINE_BYTES;
}

static int none_open(struct mr_source *s, void *mem, const void *config, struct mr_err *err)
{
    (void)s, (void)mem, (void)config;
    return refuse(err);
}

const struct mr_source_ops mr_source_dpdk_ops = {.name = "dpdk", .bytes = none_bytes, .open = none_open};
