#include <stdio.h>

#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    mr_settings_mask(t, s, f, "/proc/irq/default_smp_affinity");
    if (f->verdict != MR_VERDICT_NONE) /* also when it is so now: the command line made it so */
        snprintf(f->words, sizeof f->words, "irqaffinity=%s", f->wanted);
}

const struct mr_setting mr_setting_irq_default = {
    .id = "irq_default",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "Interrupts of devices that come later start out on the tiles' cores.",
    .effect = "new interrupts on the housekeeping CPUs"};
