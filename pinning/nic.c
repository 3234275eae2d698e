#include "pinning/nic.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum nic_key { RX, RX_MAX, RX_USECS, ADAPTIVE_RX, LRO };
static const struct {
    const char *name;
    char option; /* of ethtool; 0: read only */
    bool on_off;
} keys[] = {
    [RX] = {"rx", 'G', false},
    [RX_MAX] = {"rx-max", 0, false},
    [RX_USECS] = {"rx-usecs", 'C', false},
    [ADAPTIVE_RX] = {"adaptive-rx", 'C', true},
    [LRO] = {"lro", 'K', true},
};

struct nic_path {
    char name[IFNAMSIZ];
    int key;
};

static bool parse(const char *path, struct nic_path *out)
{
    const char *name = path + strlen(MR_NIC_PREFIX), *slash = strchr(name, '/');
    if (strncmp(path, MR_NIC_PREFIX, strlen(MR_NIC_PREFIX)) != 0 || !slash || slash == name ||
        (size_t)(slash - name) >= sizeof out->name)
        return false;
    memset(out, 0, sizeof *out);
    memcpy(out->name, name, (size_t)(slash - name));
    for (size_t i = 0; i < MR_COUNT_OF(keys); i++)
        if (strcmp(slash + 1, keys[i].name) == 0) {
            out->key = (int)i;
            return true;
        }
    return false;
}

union nic_request {
    struct ethtool_ringparam ring;
    struct ethtool_coalesce coalesce;
    struct ethtool_value flags;
};

static int ask(const struct nic_path *p, union nic_request *request)
{
    struct ifreq ifr = {0};
    memcpy(ifr.ifr_name, p->name, sizeof p->name);
    ifr.ifr_data = (void *)request;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return MR_E_IO;
    int rc = ioctl(fd, SIOCETHTOOL, &ifr), why = errno;
    close(fd);
    errno = why;
    if (rc == 0)
        return MR_OK;
    return why == EOPNOTSUPP || why == ENODEV ? MR_E_EMPTY : MR_E_IO;
}

/* All that goes with the key, as the driver has it. */
static int get(const struct nic_path *p, union nic_request *r)
{
    memset(r, 0, sizeof *r);
    if (p->key == RX || p->key == RX_MAX)
        r->ring.cmd = ETHTOOL_GRINGPARAM;
    else if (p->key == LRO)
        r->flags.cmd = ETHTOOL_GFLAGS;
    else
        r->coalesce.cmd = ETHTOOL_GCOALESCE;
    return ask(p, r);
}

int mr_nic_read(const char *path, char *out, size_t bytes)
{
    struct nic_path p;
    union nic_request r;
    if (!parse(path, &p))
        return MR_E_EMPTY;
    int status = get(&p, &r);
    if (status)
        return status;
    uint32_t value = p.key == RX            ? r.ring.rx_pending
                     : p.key == RX_MAX      ? r.ring.rx_max_pending
                     : p.key == RX_USECS    ? r.coalesce.rx_coalesce_usecs
                     : p.key == ADAPTIVE_RX ? r.coalesce.use_adaptive_rx_coalesce
                                            : r.flags.data & ETH_FLAG_LRO;
    int n =
        keys[p.key].on_off ? snprintf(out, bytes, "%s\n", value ? "on" : "off") : snprintf(out, bytes, "%u\n", value);
    return n > 0 && (size_t)n < bytes ? n : MR_E_TOO_BIG;
}

int mr_nic_write(const char *path, const char *text)
{
    struct nic_path p;
    union nic_request r;
    errno = EINVAL;
    if (!parse(path, &p) || !keys[p.key].option)
        return MR_E_IO;
    bool on = strncmp(text, "on", 2) == 0;
    uint32_t value = (uint32_t)strtoul(text, NULL, 10);
    int status = get(&p, &r);
    if (status)
        return status;
    if (p.key == RX)
        r.ring.rx_pending = value, r.ring.cmd = ETHTOOL_SRINGPARAM;
    else if (p.key == LRO)
        r.flags.data = on ? r.flags.data | ETH_FLAG_LRO : r.flags.data & ~(uint32_t)ETH_FLAG_LRO,
        r.flags.cmd = ETHTOOL_SFLAGS;
    else if (p.key == RX_USECS)
        r.coalesce.rx_coalesce_usecs = value, r.coalesce.cmd = ETHTOOL_SCOALESCE;
    else
        r.coalesce.use_adaptive_rx_coalesce = on, r.coalesce.cmd = ETHTOOL_SCOALESCE;
    return ask(&p, &r);
}

bool mr_nic_command(const char *path, const char *value, char *out, size_t bytes)
{
    struct nic_path p;
    if (!parse(path, &p) || !keys[p.key].option)
        return false;
    snprintf(out, bytes, "ethtool -%c %s %s %s", keys[p.key].option, p.name, keys[p.key].name, value);
    return true;
}
