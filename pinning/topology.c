#include "pinning/topology.h"

#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "pinning/cgroup.h"

#define CPU_FOLDER "/sys/devices/system/cpu"

/* ---- the kernel's command line ---- */

bool mr_command_line_word(const char *line, const char *name, char *out, size_t bytes)
{
    size_t len = strlen(name);
    bool found = false;
    for (const char *at = line; *at;) {
        at += strspn(at, " \t\n");
        size_t word = strcspn(at, " \t\n");
        if (word >= len && memcmp(at, name, len) == 0 && (word == len || at[len] == '=')) {
            size_t skip = word == len ? len : len + 1;
            snprintf(out, bytes, "%.*s", (int)(word - skip), at + skip);
            found = true;
        }
        at += word;
    }
    return found;
}

int mr_command_line_cpus(const char *value, struct mr_cpus *out)
{
    for (size_t word; isalpha((unsigned char)*value); value += word + (value[word] == ','))
        word = strcspn(value, ",");
    return mr_cpus_parse(out, value, strlen(value));
}

/* ---- CPUs ---- */

static void read_cpu(struct mr_topology *t, struct mr_host *host, int cpu)
{
    struct mr_topology_cpu *c = &t->cpu[cpu];
    struct mr_cpus set;
    int64_t package;
    *c = (struct mr_topology_cpu){.lead = cpu, .cache = cpu};
    if (mr_host_number(host, &package, CPU_FOLDER "/cpu%d/topology/physical_package_id", cpu) == MR_OK &&
        package >= 0 && package < MR_CPUS_MAX)
        c->package = (int32_t)package; /* -1 on some Arm hosts: not known */
    if (mr_host_cpus(host, &set, CPU_FOLDER "/cpu%d/topology/thread_siblings_list", cpu) == MR_OK &&
        mr_cpus_has(&set, cpu))
        c->lead = mr_cpus_next(&set, 0);
    for (int level = 3; level >= 2; level--)
        if (mr_host_cpus(host, &set, CPU_FOLDER "/cpu%d/cache/index%d/shared_cpu_list", cpu, level) == MR_OK &&
            mr_cpus_has(&set, cpu)) {
            c->cache = mr_cpus_next(&set, 0);
            return;
        }
}

static void read_cpus(struct mr_topology *t, struct mr_host *host)
{
    struct mr_cpus packages = {0}, leads = {0};
    MR_CPUS_EACH(cpu, &t->online)
    {
        read_cpu(t, host, cpu);
        mr_cpus_add(&packages, t->cpu[cpu].package);
        mr_cpus_add(&leads, t->cpu[cpu].lead);
    }
    t->package_count = mr_cpus_count(&packages);
    t->core_count = mr_cpus_count(&leads);
}

void mr_topology_siblings(const struct mr_topology *t, int cpu, struct mr_cpus *out)
{
    memset(out, 0, sizeof *out);
    MR_CPUS_EACH(other, &t->online)
    if (t->cpu[other].lead == t->cpu[cpu].lead)
        mr_cpus_add(out, other);
}

static void read_nodes(struct mr_topology *t, struct mr_host *host)
{
    struct mr_cpus nodes;
    if (mr_host_cpus(host, &nodes, "/sys/devices/system/node/online") != MR_OK || !mr_cpus_count(&nodes))
        mr_cpus_add(&nodes, 0);
    MR_CPUS_EACH(node, &nodes)
    {
        if (t->node_count == MR_TOPOLOGY_NODES_MAX) {
            mr_host_trouble(host, "/sys/devices/system/node/online", "more than 64 nodes; the others are left out");
            break;
        }
        struct mr_cpus *set = &t->node_cpus[t->node_count];
        if (mr_host_cpus(host, set, "/sys/devices/system/node/node%d/cpulist", node) != MR_OK && node == 0)
            *set = t->online;
        mr_cpus_and(set, &t->online);
        t->node_ids[t->node_count++] = node;
        MR_CPUS_EACH(cpu, set) t->cpu[cpu].node = node;
    }
}

/* An isolated CPU is in no process's affinity from the start, and may be chosen all the same, unless the cpuset lacks it. */
static void add_isolated(struct mr_topology *t, struct mr_host *host)
{
    char path[MR_HOST_PATH], text[MR_HOST_TEXT];
    struct mr_cpus set = t->isolated, group;
    int n = mr_cgroup_read(host, "cpuset", "cpuset.cpus.effective", "cpuset.effective_cpus", path, text, sizeof text);
    if (n >= 0 && mr_cpus_parse(&group, text, (size_t)n) == MR_OK)
        mr_cpus_and(&set, &group);
    else if (n >= 0)
        mr_host_trouble(host, path, "not a set of CPUs");
    mr_cpus_and(&set, &t->online);
    mr_cpus_or(&t->allowed, &set);
}

/* "Cpus_allowed_list:\t0-3" of /proc/self/status: affinity and cpuset in one. */
static void read_allowed(struct mr_topology *t, struct mr_host *host)
{
    static const char name[] = "Cpus_allowed_list:";
    char text[MR_HOST_TEXT * 4];
    t->allowed = t->online;
    if (mr_host_read(host, text, sizeof text, "/proc/self/status") < 0)
        return;
    const char *at = strstr(text, name);
    struct mr_cpus set;
    if (!at)
        return;
    at += sizeof name - 1;
    at += strspn(at, " \t");
    if (mr_cpus_parse(&set, at, strcspn(at, "\n")) == MR_OK)
        mr_cpus_and(&t->allowed, &set);
    else
        mr_host_trouble(host, "/proc/self/status", "Cpus_allowed_list is no set of CPUs");
    add_isolated(t, host);
}

/* ---- NICs and interrupts ---- */

static void read_nics(struct mr_topology *t, struct mr_host *host)
{
    static const char *const nodes[] = {"numa_node", "../numa_node"}; /* a virtio NIC: its PCI function knows */
    char names[64][MR_HOST_NAME], path[MR_HOST_PATH], state[32];
    uint32_t n = mr_host_list(host, "/sys/class/net", names, MR_COUNT_OF(names));
    for (uint32_t i = 0; i < n && t->nic_count < MR_TOPOLOGY_NICS_MAX; i++) {
        snprintf(path, sizeof path, "/sys/class/net/%.31s/device", names[i]);
        if (!mr_host_has(host, path))
            continue;
        struct mr_topology_nic *nic = &t->nic[t->nic_count++];
        *nic = (struct mr_topology_nic){.node = -1};
        memcpy(nic->name, names[i], sizeof nic->name);
        int64_t node;
        for (size_t k = 0; k < MR_COUNT_OF(nodes) && nic->node < 0; k++)
            if (mr_host_number(host, &node, "/sys/class/net/%s/device/%s", names[i], nodes[k]) == MR_OK && node >= 0 &&
                node < MR_CPUS_MAX)
                nic->node = (int32_t)node;
        if (mr_host_read(host, nic->address, sizeof nic->address, "/sys/class/net/%s/address", names[i]) < 0)
            nic->address[0] = 0;
        nic->up = mr_host_read(host, state, sizeof state, "/sys/class/net/%s/operstate", names[i]) > 0 &&
                  strcmp(state, "up") == 0;
    }
}

const struct mr_topology_nic *mr_topology_nic_of(const struct mr_topology *t, const char *name)
{
    for (uint32_t i = 0; i < t->nic_count; i++)
        if (strcmp(t->nic[i].name, name) == 0)
            return &t->nic[i];
    return NULL;
}

static void read_irqs(struct mr_topology *t, struct mr_host *host)
{
    static char names[MR_TOPOLOGY_IRQS_MAX][MR_HOST_NAME];
    uint32_t n = mr_host_list(host, "/proc/irq", names, MR_TOPOLOGY_IRQS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        char *end;
        unsigned long irq = strtoul(names[i], &end, 10);
        if (end != names[i] && !*end && irq < 1u << 20)
            t->irq[t->irq_count++] = (uint32_t)irq;
    }
}

/* ---- what machine it is ---- */

static void line_of(const char *text, const char *name, char *out, size_t bytes)
{
    const char *at = strstr(text, name);
    at = at ? strchr(at, ':') : NULL;
    if (!at)
        return;
    at++;
    at += strspn(at, " \t");
    snprintf(out, bytes, "%.*s", (int)strcspn(at, "\n"), at);
}

/* The first CPU's lines are enough; on a large host the file is long. */
static void read_machine(struct mr_topology *t, struct mr_host *host)
{
    char text[4 * MR_HOST_TEXT], flags[MR_HOST_TEXT] = " ";
    if (mr_host_raw(host, "/proc/cpuinfo", text, sizeof text) > 0) {
        t->arch = strstr(text, "vendor_id")         ? MR_ARCH_X86
                  : strstr(text, "CPU implementer") ? MR_ARCH_ARM
                                                    : MR_ARCH_OTHER;
        line_of(text, "model name", t->model, sizeof t->model);
        line_of(text, "flags", flags + 1, sizeof flags - 1);
        t->virtual = strstr(flags, " hypervisor") != NULL;
    }
    if (mr_host_read(host, text, sizeof text, "/sys/hypervisor/type") > 0)
        t->virtual = true;
    if (mr_host_read(host, text, sizeof text, "/proc/sys/kernel/osrelease") > 0)
        snprintf(t->kernel, sizeof t->kernel, "%.60s", text);
    if (mr_host_read(host, t->command_line, sizeof t->command_line, "/proc/cmdline") < 0)
        t->command_line[0] = 0;
}

int mr_topology_read(struct mr_topology *t, struct mr_host *host, struct mr_err *err)
{
    memset(t, 0, sizeof *t);
    if (mr_host_cpus(host, &t->online, CPU_FOLDER "/online") != MR_OK || !mr_cpus_count(&t->online))
        return mr_err_set(err, MR_E_IO, CPU_FOLDER "/online: no list of CPUs there; is this the root of a host?");
    read_machine(t, host);
    read_cpus(t, host);
    read_nodes(t, host);
    mr_host_cpus(host, &t->isolated, CPU_FOLDER "/isolated");
    read_allowed(t, host);
    char text[64]; /* "(null)" where the kernel could and was not asked to */
    if (mr_host_read(host, text, sizeof text, CPU_FOLDER "/nohz_full") > 0 && text[0] != '(')
        mr_host_cpus(host, &t->nohz_full, CPU_FOLDER "/nohz_full");
    read_nics(t, host);
    read_irqs(t, host);
    return MR_OK;
}
