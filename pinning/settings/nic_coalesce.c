#include "pinning/nic.h"
#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    int64_t usecs = 0;
    char adaptive[8] = "off";
    if (!t->plan.nic)
        return;
    int has = mr_host_number(t->host, &usecs, MR_NIC_PREFIX "%s/rx-usecs", t->plan.nic->name),
        moves = mr_host_read(t->host, adaptive, sizeof adaptive, MR_NIC_PREFIX "%s/adaptive-rx", t->plan.nic->name);
    if (has != MR_OK)
        return;
    bool on = moves > 0 && strcmp(adaptive, "on") == 0;
    mr_find(f, usecs || on ? s->otherwise : MR_VERDICT_PASS, "%s: %lld us, adaptive %s", t->plan.nic->name,
            (long long)usecs, on ? "on" : "off");
    mr_find_wanted(f, "0 us, adaptive off");
    if (moves > 0)
        mr_find_write(t, f, "off", on, MR_NIC_PREFIX "%s/adaptive-rx", t->plan.nic->name);
    mr_find_write(t, f, "0", usecs != 0, MR_NIC_PREFIX "%s/rx-usecs", t->plan.nic->name);
}

const struct mr_setting mr_setting_nic_coalesce = {
    .id = "nic_coalesce",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "The NIC holds frames back to save interrupts, up to the time that its driver thinks good.",
    .effect = "a frame is seen when it is there; more interrupts, on the housekeeping CPUs"};
