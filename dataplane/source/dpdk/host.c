/* What the kernel knows of an interface. */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "dataplane/source/dpdk/dpdk_priv.h"

int mr_host_interface(int control, const char *name, struct mr_host_interface *out)
{
    struct ifreq ask = {0};
    *out = (struct mr_host_interface){0};
    snprintf(ask.ifr_name, sizeof ask.ifr_name, "%s", name);
    if (ioctl(control, SIOCGIFINDEX, &ask))
        return MR_E_EMPTY;
    out->index = ask.ifr_ifindex;
    if (ioctl(control, SIOCGIFHWADDR, &ask))
        return MR_E_EMPTY;
    memcpy(out->mac, ask.ifr_hwaddr.sa_data, 6);
    if (ioctl(control, SIOCGIFMTU, &ask))
        return MR_E_EMPTY;
    out->mtu = (uint16_t)(ask.ifr_mtu > 0 && ask.ifr_mtu < UINT16_MAX ? ask.ifr_mtu : UINT16_MAX);
    if (ioctl(control, SIOCGIFFLAGS, &ask))
        return MR_E_EMPTY;
    out->up = (ask.ifr_flags & IFF_UP) && (ask.ifr_flags & IFF_RUNNING);
    return MR_OK;
}

int mr_host_address(const char *interface, uint8_t address[4], uint8_t *prefix)
{
    struct ifaddrs *all = NULL;
    int status = MR_E_EMPTY;
    if (getifaddrs(&all))
        return MR_E_IO;
    for (const struct ifaddrs *a = all; a && status; a = a->ifa_next) {
        if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET || strcmp(a->ifa_name, interface) != 0)
            continue;
        struct sockaddr_in at, mask;
        memcpy(&at, a->ifa_addr, sizeof at);
        memcpy(&mask, a->ifa_netmask, sizeof mask);
        memcpy(address, &at.sin_addr, 4);
        *prefix = (uint8_t)__builtin_popcount(mask.sin_addr.s_addr);
        status = MR_OK;
    }
    freeifaddrs(all);
    return status;
}
