#include <stdio.h>

#include "pinning/settings/settings.h"

/* Switched off it also lets a real-time thread gone wrong hold its CPU for good: for the operator to weigh. */
static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    int64_t runtime, period = 1000000;
    if (mr_host_number(t->host, &runtime, "/proc/sys/kernel/sched_rt_runtime_us") != MR_OK)
        return;
    mr_host_number(t->host, &period, "/proc/sys/kernel/sched_rt_period_us");
    mr_find_wanted(f, "-1 for tiles of SCHED_FIFO");
    if (runtime < 0 || runtime >= period) {
        mr_find(f, MR_VERDICT_PASS, "off");
        return;
    }
    mr_find(f, s->otherwise, "%lld of each %lld us", (long long)runtime, (long long)period);
    snprintf(f->command, sizeof f->command, "sysctl -w kernel.sched_rt_runtime_us=-1");
    f->optional = true;
}

const struct mr_setting mr_setting_rt_throttling = {
    .id = "rt_throttling",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "A thread of a real-time policy that spins is stopped for the rest of each period. Tiles are of the "
           "ordinary policy unless "
           "plane.priority is set.",
    .effect = "no stop of 50 ms a second where plane.priority is set; nothing otherwise"};
