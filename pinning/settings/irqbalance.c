#include <stdio.h>

#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    bool runs = mr_settings_runs(t, "irqbalance");
    mr_find(f, runs ? s->otherwise : MR_VERDICT_PASS, runs ? "runs" : "does not run");
    mr_find_wanted(f, "does not run");
    if (runs)
        snprintf(f->command, sizeof f->command, "systemctl disable --now irqbalance");
}

const struct mr_setting mr_setting_irqbalance = {
    .id = "irqbalance",
    .check = check,
    .otherwise = MR_VERDICT_FAIL,
    .why = "irqbalance moves interrupts to cores that look idle to it, those of spinning tiles too, every 10 s.",
    .effect = "interrupts stay where they were put"};
