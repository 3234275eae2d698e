/* The XDP program's life, and its maps. DPDK's AF_XDP driver loads it from a path and attaches it; the maps are then found among the
 * descriptors of this process, by the program's own list of them: that needs no privilege beyond those for loading.
 *
 * The driver's objects stay loaded in libbpf (it never closes them); their descriptors are closed here, at close. */
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "dataplane/source/dpdk/dpdk_priv.h"

static const uint8_t object[] = {
#include "dataplane/source/dpdk/redirect.bpf.h"
};

#define PROGRAM_NAME "mr_redirect"
#define MAPS_MAX 8

void mr_redirect_init(struct mr_redirect *r)
{
    *r = (struct mr_redirect){.guard = -1, .program = -1, .attached = -1, .tuples = -1, .groups = -1};
}

/* A name that lives as long as we do, in the network namespace of the interface: bound, it is ours. */
static int take_guard(const char *interface, struct mr_err *err)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int len = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "millrace/xdp/%s", interface);
    if (fd >= 0 &&
        bind(fd, (struct sockaddr *)&name, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) == 0)
        return fd;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (error == EADDRINUSE)
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "source dpdk: %s is in use by another millrace process: one a process and interface",
                          interface);
    return mr_err_set(err, MR_E_IO, "source dpdk: guard of %s: %s", interface, strerror(error));
}

/* A program that is there already: ours, from a process that died (nobody else holds the guard), goes; another's stays. */
static int clear_old(int ifindex, const char *interface, struct mr_err *err)
{
    uint32_t id = 0;
    if (bpf_xdp_query_id(ifindex, 0, &id) || id == 0)
        return MR_OK;
    int fd = bpf_prog_get_fd_by_id(id);
    struct bpf_prog_info info = {0};
    uint32_t len = sizeof info;
    bool known = fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0;
    if (fd >= 0)
        close(fd);
    if (known && strcmp(info.name, PROGRAM_NAME) == 0 && bpf_xdp_detach(ifindex, 0, NULL) == 0)
        return MR_OK;
    return mr_err_set(
        err, MR_E_UNSUPPORTED,
        "source dpdk: %s has an XDP program already (%s, id %u): remove it with `ip link set dev %s xdp off`",
        interface, known ? info.name : "name not to be seen", id, interface);
}

int mr_redirect_prepare(struct mr_redirect *r, const char *interface, struct mr_err *err)
{
    libbpf_set_print(NULL);
    r->ifindex = (int)if_nametoindex(interface);
    int guard = take_guard(interface, err);
    if (guard < 0)
        return guard;
    r->guard = guard;
    int status = clear_old(r->ifindex, interface, err);
    if (status)
        return status;
    r->program = memfd_create("millrace-redirect", MFD_CLOEXEC);
    if (r->program < 0 || write(r->program, object, sizeof object) != (ssize_t)sizeof object)
        return mr_err_set(err, MR_E_IO, "source dpdk: a file in memory for the XDP program: %s", strerror(errno));
    return MR_OK;
}

/* Calls `each` with every descriptor of this process that is a BPF object of that kind, until it says yes. */
static bool each_bpf(const char *kind, bool (*each)(void *arg, int fd), void *arg)
{
    DIR *dir = opendir("/proc/self/fd");
    bool found = false;
    if (!dir)
        return false;
    for (const struct dirent *e; !found && (e = readdir(dir));) {
        char path[280], target[64];
        snprintf(path, sizeof path, "/proc/self/fd/%s", e->d_name);
        ssize_t n = readlink(path, target, sizeof target - 1);
        if (n <= 0)
            continue;
        target[n] = 0;
        if (strcmp(target, kind) == 0)
            found = each(arg, (int)strtol(e->d_name, NULL, 10));
    }
    closedir(dir);
    return found;
}

struct search {
    struct mr_redirect *r;
    uint32_t id; /* of the program */
    uint32_t maps[MAPS_MAX], map_count;
    uint32_t types; /* the program's BTF */
    int settings;
};

static bool is_program(void *arg, int fd)
{
    struct search *s = arg;
    struct bpf_prog_info info = {0};
    uint32_t len = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.id != s->id)
        return false;
    info = (struct bpf_prog_info){.nr_map_ids = MAPS_MAX, .map_ids = (uint64_t)(uintptr_t)s->maps};
    len = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &len))
        return false;
    s->map_count = info.nr_map_ids < MAPS_MAX ? info.nr_map_ids : MAPS_MAX;
    s->types = info.btf_id;
    s->r->attached = fd;
    return true;
}

static bool is_map(void *arg, int fd)
{
    struct search *s = arg;
    struct bpf_map_info info = {0};
    uint32_t len = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &len))
        return false;
    for (uint32_t i = 0; i < s->map_count; i++)
        if (s->maps[i] == info.id) {
            if (strcmp(info.name, "mr_tuples") == 0)
                s->r->tuples = fd;
            else if (strcmp(info.name, "mr_groups") == 0)
                s->r->groups = fd;
            else if (strcmp(info.name, "mr_settings") == 0)
                s->settings = fd;
        }
    return false; /* all of them */
}

int mr_redirect_find(struct mr_redirect *r, const struct mr_redirect_settings *settings, struct mr_err *err)
{
    struct search s = {.r = r, .settings = -1};
    uint32_t zero = 0;
    if (bpf_xdp_query_id(r->ifindex, 0, &s.id) || s.id == 0 || !each_bpf("anon_inode:bpf-prog", is_program, &s))
        return mr_err_set(err, MR_E_IO,
                          "source dpdk: the XDP program is not on the interface after the driver attached it");
    r->program_id = s.id;
    (void)each_bpf("anon_inode:bpf-map", is_map, &s);
    if (r->tuples < 0 || r->groups < 0 || s.settings < 0)
        return mr_err_set(err, MR_E_IO, "source dpdk: the XDP program's maps are not among our descriptors");
    if (bpf_map_update_elem(s.settings, &zero, settings, BPF_ANY))
        return mr_err_set(err, MR_E_IO, "source dpdk: the XDP program's settings: %s", strerror(errno));
    return MR_OK;
}

struct tuple { /* as in redirect.bpf.c, all in network order */
    uint8_t local[4], peer[4], local_port[2], peer_port[2];
};
struct group {
    uint8_t group[4], port[2], zero[2];
};

static void put_port(uint8_t out[2], uint16_t port)
{
    out[0] = (uint8_t)(port >> 8);
    out[1] = (uint8_t)port;
}

int mr_redirect_tuple(struct mr_redirect *r, bool add, const uint8_t local[4], uint16_t local_port,
                      const uint8_t peer[4], uint16_t peer_port)
{
    struct tuple key;
    uint8_t one = 1;
    memcpy(key.local, local, 4);
    memcpy(key.peer, peer, 4);
    put_port(key.local_port, local_port);
    put_port(key.peer_port, peer_port);
    if (!add)
        return bpf_map_delete_elem(r->tuples, &key) ? MR_E_EMPTY : MR_OK;
    return bpf_map_update_elem(r->tuples, &key, &one, BPF_ANY) ? MR_E_FULL : MR_OK;
}

int mr_redirect_group(struct mr_redirect *r, const uint8_t group[4], uint16_t port)
{
    struct group key = {.zero = {0}};
    uint8_t one = 1;
    memcpy(key.group, group, 4);
    put_port(key.port, port);
    return bpf_map_update_elem(r->groups, &key, &one, BPF_ANY) ? MR_E_FULL : MR_OK;
}

struct leftover {
    uint32_t maps[MAPS_MAX], map_count;
    int fds[MAPS_MAX], fd_count;
};

static bool is_leftover(void *arg, int fd)
{
    struct leftover *l = arg;
    struct bpf_map_info info = {0};
    uint32_t len = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
        for (uint32_t i = 0; i < l->map_count; i++)
            if (l->maps[i] == info.id && l->fd_count < MAPS_MAX)
                l->fds[l->fd_count++] = fd;
    return false;
}

static bool is_types(void *arg, int fd)
{
    const uint32_t *id = arg;
    struct bpf_btf_info info = {0};
    uint32_t len = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.id != *id)
        return false;
    close(fd);
    return true;
}

/* The descriptors that libbpf's object, which nobody closes, holds: the driver is gone by now. */
static void close_objects(struct mr_redirect *r)
{
    struct search s = {.r = r, .id = r->program_id};
    if (!each_bpf("anon_inode:bpf-prog", is_program, &s))
        return;
    struct leftover l = {.map_count = s.map_count};
    memcpy(l.maps, s.maps, sizeof l.maps);
    (void)each_bpf("anon_inode:bpf-map", is_leftover, &l);
    for (int i = 0; i < l.fd_count; i++)
        close(l.fds[i]);
    (void)each_bpf("anon_inode:btf", is_types, &s.types);
    close(r->attached);
}

void mr_redirect_close(struct mr_redirect *r)
{
    uint32_t id = 0;
    if (r->program_id && bpf_xdp_query_id(r->ifindex, 0, &id) == 0 && id == r->program_id)
        (void)bpf_xdp_detach(r->ifindex, 0, NULL); /* the driver does, and may fail */
    if (r->program_id)
        close_objects(r);
    if (r->program >= 0)
        close(r->program);
    if (r->guard >= 0)
        close(r->guard);
    mr_redirect_init(r);
}
