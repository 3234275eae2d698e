#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    static const struct {
        const char *path, *on;
    } knobs[] = {{"/sys/devices/system/cpu/intel_pstate/no_turbo", "0"},
                 {"/sys/devices/system/cpu/cpufreq/boost", "1"}};
    char text[64];
    for (size_t i = 0; i < MR_COUNT_OF(knobs); i++) {
        if (mr_host_read(t->host, text, sizeof text, "%s", knobs[i].path) < 0)
            continue;
        bool on = strcmp(text, knobs[i].on) == 0;
        mr_find(f, on ? MR_VERDICT_PASS : s->otherwise, "%s", on ? "on" : "off");
        mr_find_wanted(f, "on");
        mr_find_write(t, f, knobs[i].on, !on, "%s", knobs[i].path);
        return;
    }
}

const struct mr_setting mr_setting_turbo = {
    .id = "turbo",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "Cores stay at their base clock, a fifth to a half below what they can do.",
    .effect =
        "all paths faster by the ratio of the clocks; measure with millrace jitter whether its changes of clock show"};
