#include "pinning/plan.h"

#include <stdio.h>

/* One CPU of each core that may be given: allowed, not the core of CPU 0, the core's lowest. */
static void candidates(const struct mr_topology *t, struct mr_cpus *out)
{
    memset(out, 0, sizeof *out);
    MR_CPUS_EACH(cpu, &t->allowed)
    if (t->cpu[cpu].lead == cpu && cpu != 0)
        mr_cpus_add(out, cpu);
}

static void on_node(const struct mr_topology *t, int node, struct mr_cpus *set)
{
    for (uint32_t i = 0; i < t->node_count; i++)
        if (t->node_ids[i] == node)
            mr_cpus_and(set, &t->node_cpus[i]);
}

/* Where somebody isolated cores already, those are meant. */
static void prefer_isolated(const struct mr_topology *t, uint32_t wanted, struct mr_cpus *set)
{
    struct mr_cpus isolated = *set;
    mr_cpus_and(&isolated, &t->isolated);
    uint32_t n = mr_cpus_count(&isolated);
    if (n && n >= wanted)
        *set = isolated;
}

/* `count` of the free cores: of one last-level cache if one has so many, else the lowest. */
static void choose(const struct mr_topology *t, const struct mr_cpus *free, uint32_t count, int *out)
{
    int cache = -1;
    MR_CPUS_EACH(cpu, free)
    {
        uint32_t near = 0;
        MR_CPUS_EACH(other, free) near += t->cpu[other].cache == t->cpu[cpu].cache;
        if (near >= count) {
            cache = t->cpu[cpu].cache;
            break;
        }
    }
    uint32_t n = 0;
    MR_CPUS_EACH(cpu, free)
    if (n < count && (cache < 0 || t->cpu[cpu].cache == cache))
        out[n++] = cpu;
}

static void give(struct mr_core_plan *plan, const int *cores, uint32_t count)
{
    plan->engine = plan->trade = -1;
    plan->feed_count = count > 3 ? count - 2 : count > 0;
    for (uint32_t i = 0; i < plan->feed_count; i++)
        plan->feed[i] = cores[i];
    if (count >= 2)
        plan->engine = cores[plan->feed_count];
    if (count >= 3)
        plan->trade = cores[plan->feed_count + 1];
}

static int choose_nic(struct mr_core_plan *plan, const struct mr_topology *t, const char *nic, struct mr_err *err)
{
    if (nic) {
        plan->nic = mr_topology_nic_of(t, nic);
        return plan->nic ? MR_OK : mr_err_set(err, MR_E_INVALID, "--nic %s: no NIC of hardware has that name", nic);
    }
    for (uint32_t i = 0; i < t->nic_count; i++)
        if (!plan->nic || (t->nic[i].up && !plan->nic->up))
            plan->nic = &t->nic[i];
    return MR_OK;
}

/* The NIC's node; where that is not known the first that has a core to give. */
static int node_of(const struct mr_core_plan *plan, const struct mr_topology *t, const struct mr_cpus *free)
{
    int first = mr_cpus_next(free, 0);
    if (plan->nic && plan->nic->node >= 0)
        return plan->nic->node;
    return first < 0 ? t->node_ids[0] : t->cpu[first].node;
}

/* Given by a configuration: each has to be there, and may be far from the NIC or share a core, which the start judges (place.h). */
static int take(struct mr_core_plan *plan, const struct mr_topology *t, const struct mr_plan_wish *wish,
                struct mr_err *err)
{
    memcpy(plan->feed, wish->feed, sizeof plan->feed);
    plan->feed_count = wish->feed_count;
    plan->engine = wish->engine;
    plan->trade = wish->trade;
    for (uint32_t i = 0; i < wish->feed_count; i++)
        mr_cpus_add(&plan->hot, wish->feed[i]);
    if (wish->engine >= 0)
        mr_cpus_add(&plan->hot, wish->engine);
    if (wish->trade >= 0)
        mr_cpus_add(&plan->hot, wish->trade);
    MR_CPUS_EACH(cpu, &plan->hot)
    {
        if (!mr_cpus_has(&t->online, cpu))
            return mr_err_set(err, MR_E_INVALID, "%s: core %d is not on this host or not online", wish->of, cpu);
    }
    plan->node = plan->nic && plan->nic->node >= 0 ? plan->nic->node : t->cpu[mr_cpus_next(&plan->hot, 0)].node;
    MR_CPUS_EACH(cpu, &plan->hot)
    {
        if (t->cpu[cpu].node != plan->node)
            snprintf(plan->note, sizeof plan->note, "core %d is on node %d; node %d is that of %s", cpu,
                     t->cpu[cpu].node, plan->node, plan->nic ? plan->nic->name : "the first");
    }
    return MR_OK;
}

static int propose(struct mr_core_plan *plan, const struct mr_topology *t, uint32_t cores, struct mr_err *err)
{
    int chosen[MR_PLAN_CORES_MAX] = {0};
    struct mr_cpus free, near;
    candidates(t, &free);
    plan->node = node_of(plan, t, &free);
    near = free;
    on_node(t, plan->node, &near);
    prefer_isolated(t, cores, &near);
    uint32_t there = mr_cpus_count(&free), local = mr_cpus_count(&near);
    if (cores > MR_PLAN_CORES_MAX || cores > there)
        return mr_err_set(err, MR_E_INVALID,
                          "--cores %u: %u can be given here (whole cores, allowed, without that of CPU 0; at most %d)",
                          cores, there < MR_PLAN_CORES_MAX ? there : MR_PLAN_CORES_MAX, MR_PLAN_CORES_MAX);
    uint32_t count = cores ? cores : there < 3 ? there : 3;
    if (!cores && local && local < count)
        count = local; /* nobody asked for so many: all on the right node is better */
    if (count > local)
        snprintf(plan->note, sizeof plan->note,
                 "node %d, that of %s, has %u cores to give: some tiles are on another node", plan->node,
                 plan->nic ? plan->nic->name : "the first", local);
    if (!count)
        snprintf(plan->note, sizeof plan->note,
                 "no core beside that of CPU 0 may be used: nothing is pinned, tiles share what there is");
    choose(t, count > local ? &free : &near, count, chosen);
    give(plan, chosen, count);
    for (uint32_t i = 0; i < count; i++)
        mr_cpus_add(&plan->hot, chosen[i]);
    return MR_OK;
}

int mr_core_plan_make(struct mr_core_plan *plan, const struct mr_topology *t, const struct mr_plan_wish *wish,
                      struct mr_err *err)
{
    *plan = (struct mr_core_plan){.engine = -1, .trade = -1, .of = wish->of};
    int status = choose_nic(plan, t, wish->nic, err);
    if (!status)
        status = wish->of ? take(plan, t, wish, err) : propose(plan, t, wish->cores, err);
    if (status)
        return status;
    MR_CPUS_EACH(cpu, &plan->hot)
    {
        struct mr_cpus siblings;
        mr_topology_siblings(t, cpu, &siblings);
        mr_cpus_or(&plan->isolated, &siblings);
    }
    plan->housekeeping = t->online;
    mr_cpus_minus(&plan->housekeeping, &plan->isolated);
    return MR_OK;
}
