/* Which core runs what: a proposal for this host, and the check of what a configuration says.
 *
 * Cores for tiles are whole cores: of each only the lowest CPU is used, its SMT siblings stay empty. They are on the node of the NIC, share a last-level
 * cache where they can, are isolated already where some are, and are not the core of CPU 0, which the kernel keeps for itself. */
#ifndef MR_PINNING_PLAN_H
#define MR_PINNING_PLAN_H

#include "pinning/topology.h"

#define MR_PLAN_FEEDS_MAX 7
#define MR_PLAN_CORES_MAX (MR_PLAN_FEEDS_MAX + 2)

struct mr_core_plan {
    int feed[MR_PLAN_FEEDS_MAX];
    uint32_t feed_count;               /* 0: nothing is pinned, there is no core to give */
    int engine;                        /* -1: on the feed tile's core (merged) */
    int trade;                         /* the control plane's trade tile; -1: it floats on the housekeeping CPUs */
    struct mr_cpus hot;                /* those above */
    struct mr_cpus isolated;           /* and their SMT siblings */
    struct mr_cpus housekeeping;       /* all other CPUs that are online */
    int node;                          /* of the hot cores */
    const struct mr_topology_nic *nic; /* NULL: no NIC of hardware */
    const char *of;                    /* as wished */
    char note[160];                    /* "" or what the host could not give */
};

/* What is asked for; zeros are a proposal. */
struct mr_plan_wish {
    uint32_t
        cores; /* 1 feed and engine merged; 2 feed, engine; 3 and more: feeds, engine, trade. 0: 3, or as many as there are */
    const char *nic; /* NULL: the first that is up */
    const char *of;  /* NULL; else a configuration's name, and no proposal is wanted: these cores are given */
    int feed[MR_PLAN_FEEDS_MAX], engine, trade; /* of `of`, as in the plan */
    uint32_t feed_count;
};
/* MR_E_INVALID: more cores than the host can give, one that it does not have, or no such NIC. */
int mr_core_plan_make(struct mr_core_plan *plan, const struct mr_topology *t, const struct mr_plan_wish *wish,
                      struct mr_err *err);

#endif
