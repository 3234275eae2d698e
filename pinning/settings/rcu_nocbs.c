#include "pinning/settings/settings.h"

/* A core without the tick (nohz_full) has its callbacks taken away by the kernel itself. */
static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    struct mr_cpus set = {0};
    char value[1024];
    if (mr_command_line_word(t->topology.command_line, "rcu_nocbs", value, sizeof value)) {
        if (!*value || strcmp(value, "all") == 0)
            set = t->topology.online;
        else if (mr_command_line_cpus(value, &set) != MR_OK)
            mr_host_trouble(t->host, "/proc/cmdline", "rcu_nocbs is no set of CPUs");
    }
    mr_cpus_or(&set, &t->topology.nohz_full);
    mr_settings_isolated(t, s, f, &set, "rcu_nocbs", "");
}

const struct mr_setting mr_setting_rcu_nocbs = {
    .id = "rcu_nocbs",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "RCU callbacks of the kernel run on the tiles' cores, in soft interrupts.",
    .effect = "callbacks run in threads on the housekeeping CPUs"};
