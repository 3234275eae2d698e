#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    mr_settings_isolated(t, s, f, &t->topology.isolated, "isolcpus", "domain,managed_irq,");
}

const struct mr_setting mr_setting_isolcpus = {
    .id = "isolcpus",
    .check = check,
    .otherwise = MR_VERDICT_FAIL,
    .why = "The scheduler puts other tasks onto the tiles' cores; each one costs a tile a time slice.",
    .effect = "no foreign task on a tile's core"};
