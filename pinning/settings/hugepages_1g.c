#include "pinning/settings/settings.h"

/* Nobody needs them; having these alone is the mistake. */
static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    int64_t large, small = 0;
    if (mr_host_number(t->host, &large, "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages") != MR_OK)
        return;
    mr_host_number(t->host, &small, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
    mr_find(f, large > 0 && small <= 0 ? s->otherwise : MR_VERDICT_PASS, "%lld", (long long)large);
    mr_find_wanted(f, "none, or beside 2 MiB");
}

const struct mr_setting mr_setting_hugepages_1g = {
    .id = "hugepages_1g",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "Memory is set aside in pages of 1 GiB, which only DPDK takes; arenas want pages of 2 MiB and find none.",
    .effect = "arenas in huge pages"};
