#include <stdio.h>

#include "pinning/cgroup.h"
#include "pinning/settings/settings.h"

/* Version 2: "200000 100000" or "max 100000"; version 1: the quota alone, -1 for none. */
static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    char path[MR_HOST_PATH], text[64];
    long long quota, period = 100000;
    if (mr_cgroup_read(t->host, "cpu", "cpu.max", "cpu.cfs_quota_us", path, text, sizeof text) < 0)
        return;
    mr_find_wanted(f, "no quota");
    if (strncmp(text, "max", 3) == 0 || strcmp(text, "-1") == 0) {
        mr_find(f, MR_VERDICT_PASS, "no quota");
    } else if (sscanf(text, "%lld %lld", &quota, &period) >= 1 && quota > 0 && period > 0) {
        mr_find(f, s->otherwise, "%lld us of each %lld us", quota, period);
        snprintf(f->unit, sizeof f->unit, "CPUQuota=");
    } else {
        mr_host_trouble(t->host, path, "not a quota");
    }
}

const struct mr_setting mr_setting_cpu_quota = {.id = "cpu_quota",
                                                .check = check,
                                                .otherwise = MR_VERDICT_FAIL,
                                                .why = "When the group's share of a period is used up, all its threads "
                                                       "stop until the next: a spinning tile uses a CPU in full.",
                                                .effect = "no stops of tens of milliseconds"};
