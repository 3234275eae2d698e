/* A build without libbpf and clang's BPF back end. */
#include "perf/dataplane/source/wire.h"

#include <stdio.h>

struct wire_stamps *wire_open(const char *const *devices, unsigned count, char *why, unsigned why_bytes)
{
    (void)devices;
    (void)count;
    snprintf(why, why_bytes, "this build has no BPF programs (libbpf, clang)");
    return NULL;
}
