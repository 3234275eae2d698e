/* Whether an interface's queue is free for AF_XDP. The kernel takes a queue back some 20 ms after its socket was closed, by a worker; until
 * then, and as long as another program has it, it is busy. Asked here, because DPDK's driver does not clean up after a failed bind. */
#include <errno.h>
#include <linux/if_xdp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/source/dpdk/dpdk_priv.h"

#define PROBE_BYTES 8192u
#define PATIENCE_MS 1000

/* A bind that asks for zero copy: the kernel looks whether the queue is busy first. Without zero copy it then fails and leaves
 * nothing behind; with it, it succeeds and is taken back. 0 or an errno. */
static int probe(int ifindex, uint16_t queue)
{
    int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), size = 8, error = 0;
    void *area = mmap(NULL, PROBE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct xdp_umem_reg reg = {.addr = (uintptr_t)area, .len = PROBE_BYTES, .chunk_size = 4096};
    struct sockaddr_xdp at = {
        .sxdp_family = AF_XDP, .sxdp_flags = XDP_ZEROCOPY, .sxdp_ifindex = (uint32_t)ifindex, .sxdp_queue_id = queue};
    static const int rings[] = {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING};
    if (fd < 0 || area == MAP_FAILED || setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof reg))
        error = errno;
    for (size_t i = 0; !error && i < MR_COUNT_OF(rings); i++)
        if (setsockopt(fd, SOL_XDP, rings[i], &size, sizeof size))
            error = errno;
    if (!error && bind(fd, (struct sockaddr *)&at, sizeof at))
        error = errno;
    if (fd >= 0)
        close(fd);
    if (area != MAP_FAILED)
        munmap(area, PROBE_BYTES);
    return error;
}

static void sleep_ms(long ms)
{
    struct timespec t = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&t, NULL);
}

int mr_dpdk_queue_free(int ifindex, const char *interface, uint16_t queue, struct mr_err *err)
{
    int error = EBUSY;
    for (int waited = 0; error == EBUSY && waited < PATIENCE_MS; waited += 10) {
        error = probe(ifindex, queue);
        if (error == EBUSY)
            sleep_ms(10);
    }
    if (error == 0) {
        sleep_ms(100); /* it was ours for a moment */
        return 1;
    }
    if (error == EBUSY)
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "source dpdk: queue %u of %s is in use by another program's AF_XDP socket: stop it, or give "
                          "another `queue`",
                          queue, interface);
    if (error == EINVAL)
        return mr_err_set(err, MR_E_UNSUPPORTED, "source dpdk: %s has no queue %u: `ethtool -l %s` shows how many",
                          interface, queue, interface);
    if (error == EPERM || error == EAFNOSUPPORT)
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "source dpdk: AF_XDP on %s: %s: needs a kernel with CONFIG_XDP_SOCKETS, and CAP_NET_RAW",
                          interface, strerror(error));
    return MR_OK;
}
