/* What a config means, and what this host lacks for it: told before anything is started, with the way out. */
#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_build_config.h>

#include "dataplane/source/dpdk/dpdk_priv.h"

/* ---- the device ---- */

/* "0000:01:00.0": hexadecimal numbers with just these between them. */
static bool is_pci(const char *text)
{
    static const char after[] = {':', ':', '.', 0};
    for (size_t i = 0; i < MR_COUNT_OF(after); i++) {
        size_t digits = strspn(text, "0123456789abcdefABCDEF");
        if (digits == 0 || digits > 8 || text[digits] != after[i])
            return false;
        text += digits + 1;
    }
    return true;
}

/* "iface=eth1" among a vdev's arguments */
static void argument(const char *args, const char *key, char *out, size_t room)
{
    size_t len = strlen(key);
    out[0] = 0;
    for (const char *at = strchr(args, ','); at; at = strchr(at, ',')) {
        at++;
        if (strncmp(at, key, len) != 0 || at[len] != '=')
            continue;
        snprintf(out, room, "%.*s", (int)strcspn(at + len + 1, ","), at + len + 1);
        return;
    }
}

static int vdev(struct mr_dpdk_device *device, const struct mr_dpdk_config *config, struct mr_err *err)
{
    const char *text = config->device;
    size_t name = strcspn(text, ","), driver = name;
    while (driver > 0 && isdigit((unsigned char)text[driver - 1]))
        driver--;
    if (strncmp(text, "net_", 4) != 0 || name >= sizeof device->name || driver <= 4)
        return mr_err_set(err, MR_E_INVALID,
                          "source dpdk: device \"%s\" is neither a PCI address (0000:01:00.0) nor a driver's name "
                          "(net_af_packet0,iface=eth1; net_pcap0,rx_pcap=FILE; net_ring0)",
                          text);
    snprintf(device->name, sizeof device->name, "%.*s", (int)name, text);
    snprintf(device->driver, sizeof device->driver, "%.*s", (int)(driver - 4), text + 4);
    snprintf(device->args, sizeof device->args, "%s", text);
    device->kind = MR_DPDK_VDEV;
    if (strcmp(device->driver, "af_xdp") == 0)
        return mr_err_set(err, MR_E_INVALID,
                          "source dpdk: AF_XDP is given by `interface` (and `queue`), not as a device");
    if (strcmp(device->driver, "pcap") == 0)
        device->kind = MR_DPDK_PCAP;
    if (strcmp(device->driver, "af_packet") == 0) {
        device->kind = MR_DPDK_AF_PACKET;
        argument(text, "iface", device->interface, sizeof device->interface);
        /* the driver's 512 frames are 5 ms of a busy feed: lost without a count when we are late */
        if (!strstr(text, "framecnt="))
            snprintf(device->args, sizeof device->args, "%s,blocksz=65536,framesz=2048,framecnt=%u", text,
                     config->rx_descriptors * 4);
    }
    return MR_OK;
}

int mr_dpdk_device(struct mr_dpdk_device *device, const struct mr_dpdk_config *config, struct mr_err *err)
{
    *device = (struct mr_dpdk_device){0};
    if (config->device[0] == 0 && config->interface[0] == 0)
        return mr_err_set(err, MR_E_INVALID,
                          "source dpdk: neither `device` nor `interface` is given: name the interface for AF_XDP, or a "
                          "PCI address or driver");
    if (config->device[0] && is_pci(config->device)) {
        device->kind = MR_DPDK_PCI;
        snprintf(device->name, sizeof device->name, "%.31s", config->device);
        snprintf(device->args, sizeof device->args, "%s", config->device);
        return MR_OK;
    }
    if (config->device[0])
        return vdev(device, config, err);
    device->kind = MR_DPDK_AF_XDP;
    snprintf(device->name, sizeof device->name, "net_af_xdp0");
    snprintf(device->driver, sizeof device->driver, "af_xdp");
    snprintf(device->interface, sizeof device->interface, "%s", config->interface);
    snprintf(device->args, sizeof device->args, "net_af_xdp0,iface=%s,start_queue=%u,queue_count=1", config->interface,
             config->queue);
    return MR_OK;
}

/* ---- what the host lacks ---- */

static bool capable(unsigned which)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &head, data))
        return false;
    return data[which / 32].effective >> (which % 32) & 1;
}

static int check_rights(const struct mr_dpdk_device *device, struct mr_err *err)
{
    bool xdp = device->kind == MR_DPDK_AF_XDP;
    if (device->interface[0] == 0)
        return MR_OK;
    if (capable(CAP_NET_RAW) && (!xdp || (capable(CAP_NET_ADMIN) && (capable(CAP_BPF) || capable(CAP_SYS_ADMIN)))))
        return MR_OK;
    return mr_err_set(err, MR_E_UNSUPPORTED, "source dpdk: no permission: %s needs %s (root)",
                      xdp ? "AF_XDP" : "AF_PACKET", xdp ? "CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF" : "CAP_NET_RAW");
}

static int check_interface(const struct mr_dpdk_device *device, struct mr_err *err)
{
    bool needed = device->kind == MR_DPDK_AF_XDP || device->kind == MR_DPDK_AF_PACKET;
    if (needed && device->interface[0] == 0)
        return mr_err_set(err, MR_E_INVALID, "source dpdk: device %s names no interface: add `,iface=NAME`",
                          device->name);
    if (needed && if_nametoindex(device->interface) == 0)
        return mr_err_set(err, MR_E_UNSUPPORTED, "source dpdk: no interface %s here: `ip link` lists them",
                          device->interface);
    return MR_OK;
}

static int check_pci(const struct mr_dpdk_device *device, struct mr_err *err)
{
    char path[128], driver[256];
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s", device->name);
    if (access(path, F_OK))
        return mr_err_set(err, MR_E_UNSUPPORTED, "source dpdk: no PCI device %s here: `lspci -D` lists them",
                          device->name);
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver", device->name);
    ssize_t n = readlink(path, driver, sizeof driver - 1);
    driver[n > 0 ? n : 0] = 0;
    const char *name = strrchr(driver, '/') ? strrchr(driver, '/') + 1 : "no driver";
    static const char *const fit[] = {"vfio-pci", "igb_uio", "uio_pci_generic", "mlx5_core", "mlx4_core"};
    for (size_t i = 0; i < MR_COUNT_OF(fit); i++)
        if (strcmp(name, fit[i]) == 0)
            return MR_OK;
    return mr_err_set(
        err, MR_E_UNSUPPORTED,
        "source dpdk: PCI device %s is bound to %s: `dpdk-devbind.py -b vfio-pci %s` (its interface leaves the "
        "kernel by that)",
        device->name, name, device->name);
}

static int check_driver(const struct mr_dpdk_device *device, struct mr_err *err)
{
    char path[256];
    snprintf(path, sizeof path, "%s/librte_net_%s.so", RTE_EAL_PMD_PATH, device->driver);
    if (device->driver[0] == 0 || access(path, F_OK) == 0)
        return MR_OK;
    return mr_err_set(
        err, MR_E_UNSUPPORTED,
        "source dpdk: no driver library %s: install librte-net-%s23 (Debian), or all with librte-meta-allpmds", path,
        device->driver);
}

static int check_file(const struct mr_dpdk_config *config, const struct mr_dpdk_device *device, struct mr_err *err)
{
    char path[160];
    argument(config->device, "rx_pcap", path, sizeof path);
    if (device->kind != MR_DPDK_PCAP || path[0] == 0 || access(path, R_OK) == 0)
        return MR_OK;
    return mr_err_set(err, MR_E_UNSUPPORTED, "source dpdk: cannot read rx_pcap=%s: %s", path, strerror(errno));
}

static int check_huge_pages(const struct mr_dpdk_config *config, struct mr_err *err)
{
    unsigned long pages = 0;
    char line[128];
    FILE *f = config->huge_pages ? fopen("/proc/meminfo", "r") : NULL;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "HugePages_Free:", 15) == 0)
            pages = strtoul(line + 15, NULL, 10);
    if (f)
        fclose(f);
    if (!config->huge_pages || pages)
        return MR_OK;
    return mr_err_set(
        err, MR_E_UNSUPPORTED,
        "source dpdk: `huge_pages` is set and no huge page is free: `sysctl vm.nr_hugepages=64`, or set it "
        "to false");
}

static int check_values(const struct mr_dpdk_config *c, const struct mr_dpdk_device *device, struct mr_err *err)
{
    if (c->mode == MR_DPDK_SHARED && device->kind != MR_DPDK_AF_XDP)
        return mr_err_set(err, MR_E_INVALID, "source dpdk: mode `shared` is AF_XDP's: give `interface`, not `device`");
    bool none = (c->address[0] | c->address[1] | c->address[2] | c->address[3]) == 0;
    if (c->mode == MR_DPDK_OWN && none && device->kind != MR_DPDK_PCAP)
        return mr_err_set(
            err, MR_E_INVALID,
            "source dpdk: mode `own` needs an `address` that no other host has (and `prefix`, `gateway`)");
    if (c->rx_descriptors < 64 || c->rx_descriptors > 32768 || c->rx_descriptors & (c->rx_descriptors - 1))
        return mr_err_set(err, MR_E_INVALID, "source dpdk: rx_descriptors is %u; give a power of two from 64 to 32768",
                          c->rx_descriptors);
    if (c->tx_descriptors < 64 || c->tx_descriptors > 32768 || c->tx_descriptors & (c->tx_descriptors - 1))
        return mr_err_set(err, MR_E_INVALID, "source dpdk: tx_descriptors is %u; give a power of two from 64 to 32768",
                          c->tx_descriptors);
    if (c->window_bytes < 4096 || c->window_bytes > 1u << 20)
        return mr_err_set(err, MR_E_INVALID, "source dpdk: window is %u; give 4 KiB to 1 MiB", c->window_bytes);
    if (c->port_first < 1024 || c->port_last < c->port_first)
        return mr_err_set(err, MR_E_INVALID, "source dpdk: local ports %u to %u: give a range from 1024 on",
                          c->port_first, c->port_last);
    if (c->prefix > 32 || c->port_count > MR_NET_PORTS_MAX || c->neighbour_count > MR_COUNT_OF(c->neighbours))
        return mr_err_set(err, MR_E_INVALID, "source dpdk: prefix at most 32, groups at most %d, neighbours at most %d",
                          MR_NET_PORTS_MAX, (int)MR_COUNT_OF(c->neighbours));
    return MR_OK;
}

static int check_address(const struct mr_dpdk_config *config, struct mr_err *err)
{
    uint8_t address[4], prefix;
    if (config->mode != MR_DPDK_SHARED || mr_host_address(config->interface, address, &prefix) == MR_OK)
        return MR_OK;
    return mr_err_set(err, MR_E_UNSUPPORTED,
                      "source dpdk: %s has no IPv4 address to share: `ip address add`, or mode `own` with an `address`",
                      config->interface);
}

int mr_dpdk_check(const struct mr_dpdk_config *config, struct mr_err *err)
{
    struct mr_dpdk_device device;
    int status = mr_dpdk_device(&device, config, err);
    if (!status)
        status = check_values(config, &device, err);
    if (!status)
        status = check_driver(&device, err);
    if (!status && device.kind == MR_DPDK_PCI)
        status = check_pci(&device, err);
    if (!status)
        status = check_interface(&device, err);
    if (!status)
        status = check_rights(&device, err);
    if (!status)
        status = check_address(config, err);
    if (!status)
        status = check_file(config, &device, err);
    return status ? status : check_huge_pages(config, err);
}
