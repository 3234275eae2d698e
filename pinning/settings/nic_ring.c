#include <stdio.h>

#include "pinning/nic.h"
#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    int64_t frames, most;
    char value[24];
    if (!t->plan.nic || mr_host_number(t->host, &frames, MR_NIC_PREFIX "%s/rx", t->plan.nic->name) != MR_OK ||
        mr_host_number(t->host, &most, MR_NIC_PREFIX "%s/rx-max", t->plan.nic->name) != MR_OK)
        return;
    int64_t want = most < 4096 ? most : 4096;
    mr_find(f, frames >= want ? MR_VERDICT_PASS : s->otherwise, "%s: %lld of %lld", t->plan.nic->name,
            (long long)frames, (long long)most);
    mr_find_wanted(f, "at least %lld", (long long)want);
    snprintf(value, sizeof value, "%lld", (long long)want);
    if (frames <= want)
        mr_find_write(t, f, value, frames < want, MR_NIC_PREFIX "%s/rx", t->plan.nic->name);
}

const struct mr_setting mr_setting_nic_ring = {
    .id = "nic_ring",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "The NIC drops frames when its receive ring is full: a stall of milliseconds is enough.",
    .effect = "bursts survive a stall; the memory is small"};
