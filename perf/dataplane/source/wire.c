#include "perf/dataplane/source/wire.h"

#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include <bpf/libbpf.h>

static const uint8_t program[] = {
#include "perf/dataplane/source/wire_stamp.bpf.h"
};

static bool attach(const struct bpf_program *p, const char *device)
{
    struct bpf_tc_hook hook = {
        .sz = sizeof hook, .ifindex = (int)if_nametoindex(device), .attach_point = BPF_TC_EGRESS};
    struct bpf_tc_opts opts = {.sz = sizeof opts, .prog_fd = bpf_program__fd(p)};
    return bpf_tc_hook_create(&hook) == 0 && bpf_tc_attach(&hook, &opts) == 0;
}

struct wire_stamps *wire_open(const char *const *devices, unsigned count, char *why, unsigned why_bytes)
{
    libbpf_set_print(NULL);
    struct bpf_object *object = bpf_object__open_mem(program, sizeof program, NULL);
    if (!object || bpf_object__load(object)) {
        snprintf(why, why_bytes, "the program that stamps segments at the sender's device cannot be loaded");
        return NULL;
    }
    for (unsigned i = 0; i < count; i++)
        if (!attach(bpf_object__find_program_by_name(object, "mr_wire_stamp"), devices[i])) {
            snprintf(why, why_bytes, "the program that stamps segments cannot be attached to %s", devices[i]);
            return NULL;
        }
    const struct bpf_map *map = bpf_object__find_map_by_name(object, ".bss");
    void *stamps = map ? mmap(NULL, sizeof(struct wire_stamps), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0)
                       : MAP_FAILED;
    if (stamps != MAP_FAILED)
        return stamps;
    snprintf(why, why_bytes, "the stamps of the sender's device cannot be mapped");
    return NULL;
}
