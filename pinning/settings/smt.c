#include <stdio.h>

#include "pinning/settings/settings.h"

/* Empty is as good as off: a sibling that is isolated runs nothing. */
static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    struct mr_cpus siblings = t->plan.isolated, busy;
    char list[96];
    int64_t online;
    if (!t->plan.feed_count)
        return;
    mr_cpus_minus(&siblings, &t->plan.hot);
    busy = siblings;
    mr_cpus_minus(&busy, &t->topology.isolated);
    MR_CPUS_EACH(cpu, &siblings)
    if (mr_host_number(t->host, &online, "/sys/devices/system/cpu/cpu%d/online", cpu) == MR_OK && online == 0)
        mr_cpus_remove(&busy, cpu);
    mr_find_wanted(f, "siblings isolated or off");
    if (!mr_cpus_count(&siblings))
        mr_find(f, MR_VERDICT_PASS, "no siblings");
    else if (!mr_cpus_count(&busy))
        mr_find(f, MR_VERDICT_PASS, "%s isolated or off", mr_settings_cpus(&siblings, list, sizeof list));
    else
        mr_find(f, s->otherwise, "%s in use by others", mr_settings_cpus(&busy, list, sizeof list));
    if (mr_cpus_count(&busy)) /* what makes it last: isolated from the boot on they stay empty */
        snprintf(f->words, sizeof f->words, "isolcpus=domain,managed_irq,%s",
                 mr_settings_cpus(&t->plan.isolated, list, sizeof list));
    MR_CPUS_EACH(cpu, &busy) mr_find_write(t, f, "0", true, "/sys/devices/system/cpu/cpu%d/online", cpu);
}

const struct mr_setting mr_setting_smt = {
    .id = "smt",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why =
        "The sibling of a tile's core runs other work: it takes half of the core's units and caches away when it does.",
    .effect = "a whole core for each tile"};
