#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    const struct mr_topology_nic *nic = t->plan.nic;
    if (!nic || t->topology.node_count < 2 || !t->plan.feed_count)
        return;
    bool near = true;
    MR_CPUS_EACH(cpu, &t->plan.hot) near &= t->topology.cpu[cpu].node == nic->node;
    if (nic->node < 0)
        mr_find(f, MR_VERDICT_WARN, "%s: node not known", nic->name);
    else
        mr_find(f, near ? MR_VERDICT_PASS : s->otherwise, "%s on node %d%s", nic->name, nic->node,
                near ? "" : ", cores elsewhere");
    mr_find_wanted(f, "NIC and cores on one node");
}

const struct mr_setting mr_setting_nic_node = {.id = "nic_node",
                                               .check = check,
                                               .otherwise = MR_VERDICT_FAIL,
                                               .why = "The tiles' cores are on another node than the NIC: each frame "
                                                      "crosses the link between sockets.",
                                               .effect = "frames in the near cache"};
