#include <stdio.h>

#include "pinning/settings/settings.h"

#define PAGES 512 /* 1 GiB: arenas of a data plane, and room for DPDK's buffers */

/* Those of the plan's node, where the host tells nodes apart. */
static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    char path[MR_HOST_PATH], value[16];
    int64_t pages;
    snprintf(path, sizeof path, "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/nr_hugepages",
             t->plan.node);
    if (!mr_host_has(t->host, path))
        snprintf(path, sizeof path, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
    if (mr_host_number(t->host, &pages, "%s", path) != MR_OK)
        return;
    mr_find(f, pages >= PAGES ? MR_VERDICT_PASS : s->otherwise, "%lld on node %d", (long long)pages, t->plan.node);
    mr_find_wanted(f, "at least %d", PAGES);
    snprintf(value, sizeof value, "%d", PAGES);
    if (pages <= PAGES)
        mr_find_write(t, f, value, pages < PAGES, "%s", path);
}

const struct mr_setting mr_setting_hugepages_2m = {
    .id = "hugepages_2m",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "Arenas get huge pages where the kernel has some at hand when millrace starts, else pages of 4 KiB: books "
           "and rings miss the TLB.",
    .effect = "huge pages at every start; fewer TLB misses in large books"};
