#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    mr_settings_isolated(t, s, f, &t->topology.nohz_full, "nohz_full", "");
}

const struct mr_setting mr_setting_nohz_full = {
    .id = "nohz_full",
    .check = check,
    .otherwise = MR_VERDICT_FAIL,
    .why = "The scheduler's tick interrupts each core 100 to 1,000 times a second.",
    .effect = "one tick a second instead of hundreds on a core with a single task"};
