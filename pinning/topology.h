/* What the host has: CPUs, cores, SMT siblings, packages, NUMA nodes, shared caches, isolation, what this process may use, NICs, interrupts.
 *
 * Read from /sys and /proc below the host's root. hwloc reads the same files; it is not used here because its choice of another root is an
 * environment variable of the whole process and wants far more of a tree than a description of a host needs. A test compares this reading with
 * hwloc's on the machine it runs on.
 *
 * What is absent has a sensible value (a host without /sys/devices/system/node has one node); what is malformed is named in host->trouble. */
#ifndef MR_PINNING_TOPOLOGY_H
#define MR_PINNING_TOPOLOGY_H

#include "pinning/host.h"

#define MR_TOPOLOGY_NODES_MAX 64
#define MR_TOPOLOGY_NICS_MAX 16
#define MR_TOPOLOGY_IRQS_MAX 4096

enum mr_arch { MR_ARCH_OTHER, MR_ARCH_X86, MR_ARCH_ARM };

struct mr_topology_cpu {
    int32_t package, node;
    int32_t lead;  /* the lowest CPU of its core: the same for all SMT siblings */
    int32_t cache; /* the lowest CPU that shares its last-level cache */
};
struct mr_topology_nic {
    char name[MR_HOST_NAME];
    int32_t node; /* -1: not known */
    bool up;
    char address[24]; /* "" where it has none */
};
struct mr_topology {
    enum mr_arch arch;
    bool virtual;               /* a guest: the CPU says so */
    char kernel[64], model[64]; /* "6.1.0-18-amd64", "AMD EPYC 9354"; may be empty */
    struct mr_cpus online;
    struct mr_cpus allowed; /* online, and open to this process: affinity and cpuset */
    struct mr_cpus isolated, nohz_full;
    uint32_t core_count, package_count, node_count;
    int32_t node_ids[MR_TOPOLOGY_NODES_MAX];
    struct mr_cpus node_cpus[MR_TOPOLOGY_NODES_MAX];
    struct mr_topology_cpu cpu[MR_CPUS_MAX];          /* good where `online` has it */
    struct mr_topology_nic nic[MR_TOPOLOGY_NICS_MAX]; /* of hardware: those with a device */
    uint32_t nic_count;
    uint32_t irq[MR_TOPOLOGY_IRQS_MAX];
    uint32_t irq_count;
    char command_line[4096]; /* of the kernel */
};

/* MR_E_IO: there is no list of online CPUs below this root, so it is no host's. */
int mr_topology_read(struct mr_topology *t, struct mr_host *host, struct mr_err *err);

/* All CPUs of the same core, itself too. */
void mr_topology_siblings(const struct mr_topology *t, int cpu, struct mr_cpus *out);
/* NULL: no such NIC of hardware. */
const struct mr_topology_nic *mr_topology_nic_of(const struct mr_topology *t, const char *name);

/* Value of "name=" on the kernel's command line, "" for the bare word; the last one counts. False: it is not there. */
bool mr_command_line_word(const char *line, const char *name, char *out, size_t bytes);
/* CPUs of a value such as isolcpus has: "domain,managed_irq,2-5". MR_OK or as mr_cpus_parse. */
int mr_command_line_cpus(const char *value, struct mr_cpus *out);

#endif
