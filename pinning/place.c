#include "pinning/place.h"

#include <stdio.h>

struct judge {
    const struct mr_place *place;
    const struct mr_topology *t;
    struct mr_text *said;
    struct mr_err *err;
    int status;
};

void mr_place_add(struct mr_place *p, const char *key, const char *role, int core, bool near)
{
    MR_ASSERT(p->count < MR_PLACE_MAX);
    p->tile[p->count].key = key;
    p->tile[p->count].role = role;
    p->tile[p->count].core = core;
    p->tile[p->count++].near = near;
}

/* What may be overruled: said, or the first such refusal. */
static void object(struct judge *j, const char *sentence)
{
    if (j->place->anywhere)
        mr_text_format(j->said, "%s\n", sentence);
    else if (j->status == MR_OK)
        j->status = mr_err_set(j->err, MR_E_INVALID,
                               "%s; millrace tune plan proposes others; plane.placement: anywhere starts all the same",
                               sentence);
}

static void refuse(struct judge *j, const char *sentence)
{
    if (j->status == MR_OK)
        j->status = mr_err_set(j->err, MR_E_INVALID, "%s", sentence);
}

static void look_at_core(struct judge *j, uint32_t i)
{
    char have[128], text[400];
    struct mr_text list;
    int core = j->place->tile[i].core;
    bool there = mr_cpus_has(&j->t->online, core);
    if (there && mr_cpus_has(&j->t->allowed, core))
        return;
    mr_text_init(&list, have, sizeof have);
    mr_cpus_text(there ? &j->t->allowed : &j->t->online, &list);
    snprintf(text, sizeof text, "%s: core %d (%s) is %s: %s", j->place->tile[i].key, core, j->place->tile[i].role,
             there ? "not one this process may use (affinity, cpuset)" : "not on this host or not online", have);
    refuse(j, text);
}

static void look_at_pair(struct judge *j, uint32_t a, uint32_t b)
{
    char text[400];
    int first = j->place->tile[a].core, second = j->place->tile[b].core;
    if (!mr_cpus_has(&j->t->online, first) || !mr_cpus_has(&j->t->online, second))
        return;
    const struct mr_topology_cpu *x = &j->t->cpu[first], *y = &j->t->cpu[second];
    const char *key = j->place->tile[b].key, *one = j->place->tile[a].role, *other = j->place->tile[b].role;
    if (first == second) {
        snprintf(text, sizeof text, "%s: %s and %s share core %d", key, one, other, first);
        object(j, text);
    } else if (x->lead == y->lead) {
        snprintf(text, sizeof text, "%s: %s and %s are on CPUs %d and %d, SMT siblings of one core", key, one, other,
                 first, second);
        object(j, text);
    } else if (j->place->tile[a].near && j->place->tile[b].near && x->node != y->node) {
        snprintf(text, sizeof text, "%s: %s on core %d is on node %d, %s on core %d on node %d", key, one, first,
                 x->node, other, second, y->node);
        object(j, text);
    }
}

/* An interface's node, or a PCI function's; -1: not known. */
static int node_of_nic(const struct mr_topology *t, struct mr_host *host, const char *nic)
{
    int64_t node;
    if (!nic || !*nic)
        return -1;
    const struct mr_topology_nic *is = mr_topology_nic_of(t, nic);
    if (is)
        return is->node;
    if (strchr(nic, '/') || mr_host_number(host, &node, "/sys/bus/pci/devices/%s/numa_node", nic) != MR_OK ||
        node < 0 || node >= MR_CPUS_MAX)
        return -1;
    return (int)node;
}

static void look_at_nic(struct judge *j, struct mr_host *host)
{
    char text[400];
    int node = node_of_nic(j->t, host, j->place->nic);
    for (uint32_t i = 0; node >= 0 && i < j->place->count; i++) {
        int core = j->place->tile[i].core;
        if (!j->place->tile[i].near || j->place->tile[i].foreign || !mr_cpus_has(&j->t->online, core) ||
            j->t->cpu[core].node == node)
            continue;
        snprintf(text, sizeof text, "%s: %s on core %d is on node %d, %.60s on node %d", j->place->tile[i].key,
                 j->place->tile[i].role, core, j->t->cpu[core].node, j->place->nic, node);
        object(j, text);
    }
}

int mr_place_check(const struct mr_place *p, const struct mr_topology *t, struct mr_host *host, struct mr_text *said,
                   struct mr_err *err)
{
    struct judge j = {.place = p, .t = t, .said = said, .err = err};
    for (uint32_t i = 0; i < p->count; i++)
        if (p->tile[i].core >= 0 && !p->tile[i].foreign)
            look_at_core(&j, i);
    for (uint32_t b = 0; b < p->count; b++)
        for (uint32_t a = 0; a < b; a++)
            if (p->tile[a].core >= 0 && p->tile[b].core >= 0 && !(p->tile[a].foreign && p->tile[b].foreign))
                look_at_pair(&j, a, b);
    look_at_nic(&j, host);
    return j.status;
}

int mr_place_node(const struct mr_place *p, const struct mr_topology *t)
{
    int node = -1;
    for (uint32_t i = 0; i < p->count; i++) {
        int core = p->tile[i].core;
        if (!p->tile[i].near || !mr_cpus_has(&t->online, core))
            continue;
        if (node >= 0 && t->cpu[core].node != node)
            return -1;
        node = t->cpu[core].node;
    }
    return node;
}
