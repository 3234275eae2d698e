#include <stdio.h>

#include "pinning/settings/settings.h"

/* Share of stolen time since the boot, in tenths of a percent; below 0: not told. */
static int stolen(struct mr_tune *t)
{
    char text[MR_HOST_TEXT];
    unsigned long long v[8];
    if (mr_host_raw(t->host, "/proc/stat", text, sizeof text) < 0 ||
        sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6],
               &v[7]) != 8)
        return -1;
    unsigned long long all = 0;
    for (size_t i = 0; i < MR_COUNT_OF(v); i++)
        all += v[i];
    return all ? (int)(v[7] * 1000 / all) : 0;
}

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    mr_find_wanted(f, "bare metal");
    if (!t->topology.virtual) {
        mr_find(f, MR_VERDICT_PASS, "bare metal");
        return;
    }
    int share = stolen(t);
    if (share < 0)
        mr_find(f, s->otherwise, "a guest");
    else
        mr_find(f, s->otherwise, "a guest; %d.%d %% stolen", share / 10, share % 10);
}

const struct mr_setting mr_setting_hypervisor = {.id = "hypervisor",
                                                 .check = check,
                                                 .otherwise = MR_VERDICT_WARN,
                                                 .why = "The host of this guest takes CPUs away without a trace but "
                                                        "stolen time, and its timers and interrupts cost exits.",
                                                 .effect = "what is measured here says little about bare metal"};
