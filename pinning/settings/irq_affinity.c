#include <stdio.h>

#include "pinning/settings/settings.h"

/* One interrupt's list without the plan's cores. True: it has some of them now. */
static bool look(struct mr_tune *t, struct mr_finding *f, uint32_t irq)
{
    struct mr_cpus set, left;
    char text[MR_HOST_TEXT];
    if (mr_host_cpus(t->host, &set, "/proc/irq/%u/smp_affinity_list", irq) != MR_OK)
        return false;
    left = set;
    mr_cpus_minus(&left, &t->plan.isolated);
    if (mr_cpus_equal(&left, &set))
        return false;
    if (!mr_cpus_count(&left))
        left = t->plan.housekeeping;
    struct mr_text out;
    mr_text_init(&out, text, sizeof text);
    mr_cpus_text(&left, &out);
    mr_find_write(t, f, text, true, "/proc/irq/%u/smp_affinity_list", irq);
    return true;
}

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    char list[96];
    uint32_t bad = 0;
    if (!t->topology.irq_count || !t->plan.feed_count)
        return;
    for (uint32_t i = 0; i < t->topology.irq_count; i++)
        bad += look(t, f, t->topology.irq[i]);
    mr_find(f, bad ? s->otherwise : MR_VERDICT_PASS, "%u of %u interrupts", bad, t->topology.irq_count);
    mr_find_wanted(f, "none on the plan's cores");
    if (bad)
        snprintf(f->words, sizeof f->words, "irqaffinity=%s",
                 mr_settings_cpus(&t->plan.housekeeping, list, sizeof list));
}

const struct mr_setting mr_setting_irq_affinity = {
    .id = "irq_affinity",
    .check = check,
    .otherwise = MR_VERDICT_FAIL,
    .why = "Interrupts of devices run on the tiles' cores, and soft interrupts behind them.",
    .effect = "device interrupts on the housekeeping CPUs only"};
