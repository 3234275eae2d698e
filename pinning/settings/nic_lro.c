#include "pinning/nic.h"
#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    char text[8];
    if (!t->plan.nic || mr_host_read(t->host, text, sizeof text, MR_NIC_PREFIX "%s/lro", t->plan.nic->name) < 0)
        return;
    bool on = strcmp(text, "on") == 0;
    mr_find(f, on ? s->otherwise : MR_VERDICT_PASS, "%s: %s", t->plan.nic->name, on ? "on" : "off");
    mr_find_wanted(f, "off");
    mr_find_write(t, f, "off", on, MR_NIC_PREFIX "%s/lro", t->plan.nic->name);
}

const struct mr_setting mr_setting_nic_lro = {.id = "nic_lro",
                                              .check = check,
                                              .otherwise = MR_VERDICT_WARN,
                                              .why = "The NIC joins segments and holds the first back for the others.",
                                              .effect = "each frame by itself, at once"};
