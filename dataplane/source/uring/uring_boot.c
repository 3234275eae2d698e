#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "dataplane/source/uring/uring_priv.h"

#define PAGE_BYTES 4096u
#define SUBMIT_SLOTS 256u

static size_t round_page(size_t bytes) { return (bytes + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1); }

static uint32_t power_of_two(uint32_t least)
{
    uint32_t n = 1;
    while (n < least)
        n *= 2;
    return n;
}

static size_t buffer_ring_bytes(const struct mr_stream_config *c)
{
    return round_page(power_of_two(c->buffers) * sizeof(struct io_uring_buf));
}

static size_t state_bytes(const struct mr_stream_config *c)
{
    return round_page(sizeof(struct uring)) + round_page(c->connections_max * sizeof(struct connection));
}

/* One page more: the ring of buffers must lie on a page, and `mem` need not. */
size_t mr_uring_bytes(const void *config)
{
    const struct mr_stream_config *c = config;
    return PAGE_BYTES + round_page(mr_stream_pool_bytes(c)) + buffer_ring_bytes(c) + state_bytes(c) +
           (size_t)c->connections_max * c->send_bytes;
}

/* Whose decision it was that io_uring cannot be used, and the way out. */
static MR_COLD int refused(int error, struct mr_err *err)
{
    char value[8] = "0";
    FILE *f = fopen("/proc/sys/kernel/io_uring_disabled", "r");
    if (f && !fgets(value, sizeof value, f))
        value[0] = '0';
    if (f)
        fclose(f);
    if (error == ENOSYS)
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "source uring: this kernel, or a seccomp filter, has no io_uring: set `source: socket`");
    if (error == EPERM && value[0] != '0')
        return mr_err_set(
            err, MR_E_UNSUPPORTED,
            "source uring: forbidden by sysctl kernel.io_uring_disabled=%c: set it to 0, or set `source: socket`",
            value[0]);
    if (error == EPERM || error == EACCES)
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "source uring: io_uring is forbidden to this process (a container's seccomp filter?): set "
                          "`source: socket`");
    if (error == EINVAL)
        return mr_err_set(
            err, MR_E_UNSUPPORTED,
            "source uring: this kernel's io_uring is older than 6.1 and lacks what is needed: set `source: socket`");
    if (error == ENOMEM)
        return mr_err_set(
            err, MR_E_NOMEM,
            "source uring: the kernel gives no memory for the ring: raise `ulimit -l`, or set `source: socket`");
    if (error == EMFILE || error == ENFILE)
        return mr_err_set(err, MR_E_IO, "source uring: too many open files: raise `ulimit -n`");
    return mr_err_set(err, MR_E_UNSUPPORTED, "source uring: io_uring cannot be set up (%s): set `source: socket`",
                      strerror(error));
}

static int make_ring(struct uring *u, const struct mr_stream_config *c, struct mr_err *err)
{
    /* every buffer may be in a completion at once, and each connection may have a connect or send, an end and a cancel beside */
    struct io_uring_params p = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                         IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE |
                                         IORING_SETUP_SUBMIT_ALL,
                                .cq_entries = power_of_two(c->buffers + 4 * c->connections_max + SUBMIT_SLOTS)};
    int status = io_uring_queue_init_params(SUBMIT_SLOTS, &u->ring, &p);
    if (status)
        return refused(-status, err);
    struct io_uring_buf_reg reg = {
        .ring_addr = (uintptr_t)u->buffers, .ring_entries = power_of_two(c->buffers), .bgid = BUFFER_GROUP};
    status = io_uring_register_buf_ring(&u->ring, &reg, 0);
    if (status == 0)
        return MR_OK;
    io_uring_queue_exit(&u->ring);
    return refused(-status, err);
}

int mr_uring_open(struct mr_source *s, void *mem, const void *config, struct mr_err *err)
{
    const struct mr_stream_config *c = config;
    int status = mr_stream_check(c, err);
    if (status)
        return status;
    if (c->port_count > 0)
        return mr_err_set(err, MR_E_UNSUPPORTED, "source uring: takes no datagrams: set `source: socket` (or dpdk)");
    uint8_t *at = (uint8_t *)mem + (round_page((uintptr_t)mem) - (uintptr_t)mem);
    uint8_t *pool = at, *buffers = pool + round_page(mr_stream_pool_bytes(c));
    struct uring *u = (struct uring *)(void *)(buffers + buffer_ring_bytes(c));
    uint8_t *connections = (uint8_t *)u + round_page(sizeof *u), *out = (uint8_t *)u + state_bytes(c);
    *u = (struct uring){.clock = c->clock, .connections_max = c->connections_max, .send_bytes = c->send_bytes};
    u->metrics = c->metrics ? c->metrics : &u->own;
    u->connections = (struct connection *)(void *)connections;
    u->buffers = (struct io_uring_buf_ring *)(void *)buffers;
    u->buffers_mask = io_uring_buf_ring_mask(power_of_two(c->buffers));
    mr_stream_pool_init(&u->pool, pool, c);
    for (uint32_t i = 0; i < c->connections_max; i++)
        u->connections[i] = (struct connection){.fd = -1, .out = out + (size_t)i * c->send_bytes};
    memset(buffers, 0, buffer_ring_bytes(c));
    status = make_ring(u, c, err);
    if (status)
        return status;
    for (uint32_t i = 0; i < c->buffers; i++)
        give_to_kernel(u, i);
    *s = (struct mr_source){.ops = &mr_source_uring_ops, .state = u, .lend_max = c->buffers > 1 ? c->buffers / 2 : 1};
    return MR_OK;
}

/* Maybe by another thread than the one that used the ring, so nothing is asked of it any more: the sockets end here, and what
 * was under way on them with the ring. */
void mr_uring_close(struct mr_source *s)
{
    struct uring *u = s->state;
    for (uint32_t i = 0; i < u->connections_max; i++)
        if (u->connections[i].fd >= 0) {
            (void)shutdown(u->connections[i].fd, SHUT_RDWR);
            close(u->connections[i].fd);
            u->connections[i] = (struct connection){.fd = -1};
        }
    (void)io_uring_unregister_buf_ring(&u->ring, BUFFER_GROUP);
    io_uring_queue_exit(&u->ring);
}
