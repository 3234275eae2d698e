#include <stdio.h>

#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    char queues[64][MR_HOST_NAME], path[MR_HOST_PATH];
    uint32_t there = 0, bad = 0;
    if (!t->plan.nic || !t->plan.feed_count)
        return;
    snprintf(path, sizeof path, "/sys/class/net/%s/queues", t->plan.nic->name);
    uint32_t n = mr_host_list(t->host, path, queues, MR_COUNT_OF(queues));
    for (uint32_t i = 0; i < n; i++) {
        bool differs;
        if (strncmp(queues[i], "rx-", 3) != 0)
            continue;
        snprintf(path, sizeof path, "/sys/class/net/%s/queues/%.31s/rps_cpus", t->plan.nic->name, queues[i]);
        if (mr_settings_mask_write(t, f, path, &differs) != MR_OK)
            continue;
        there++;
        bad += differs;
    }
    if (!there)
        return;
    mr_find(f, bad ? s->otherwise : MR_VERDICT_PASS, "%s: %u of %u queues", t->plan.nic->name, bad, there);
    mr_find_wanted(f, "none to the plan's cores");
}

const struct mr_setting mr_setting_rps = {
    .id = "rps",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "Received frames are handed to the tiles' cores for the kernel's part of the work.",
    .effect = "the kernel's network work stays on the housekeeping CPUs"};
