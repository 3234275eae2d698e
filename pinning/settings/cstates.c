#include <stdio.h>

#include "pinning/settings/settings.h"

#define LATENCY_US_MOST 2

struct states {
    uint32_t deep, cores; /* cores that have a deep state in use; that have any */
    int64_t latency_us;
    char name[32];
};

static void look(struct mr_tune *t, struct mr_finding *f, int cpu, struct states *out)
{
    char names[16][MR_HOST_NAME], folder[MR_HOST_PATH];
    snprintf(folder, sizeof folder, "/sys/devices/system/cpu/cpu%d/cpuidle", cpu);
    uint32_t n = mr_host_list(t->host, folder, names, MR_COUNT_OF(names));
    bool deep = false;
    for (uint32_t i = 0; i < n; i++) {
        int64_t latency, disabled;
        if (mr_host_number(t->host, &latency, "%s/%s/latency", folder, names[i]) != MR_OK ||
            mr_host_number(t->host, &disabled, "%s/%s/disable", folder, names[i]) != MR_OK ||
            latency <= LATENCY_US_MOST)
            continue;
        mr_find_write(t, f, "1", disabled == 0, "%s/%s/disable", folder, names[i]);
        deep |= disabled == 0;
        if (disabled == 0 && latency > out->latency_us) {
            out->latency_us = latency;
            if (mr_host_read(t->host, out->name, sizeof out->name, "%s/%s/name", folder, names[i]) < 0)
                memcpy(out->name, names[i], sizeof out->name);
        }
    }
    out->deep += deep;
    out->cores += n > 0;
}

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    struct states states = {0};
    MR_CPUS_EACH(cpu, &t->plan.isolated) look(t, f, cpu, &states);
    if (!states.cores)
        return;
    mr_find_wanted(f, "none slower than %d us", LATENCY_US_MOST);
    if (states.deep)
        mr_find(f, s->otherwise, "%.20s (%lld us) on %u of %u", states.name, (long long)states.latency_us, states.deep,
                states.cores);
    else
        mr_find(f, MR_VERDICT_PASS, "none on %u", states.cores);
}

const struct mr_setting mr_setting_cstates = {.id = "cstates",
                                              .check = check,
                                              .otherwise = MR_VERDICT_FAIL,
                                              .why = "A core that sleeps deeply is slow to wake; a parked "
                                                     "tile and the control plane pay it at each message.",
                                              .effect = "no wake-up from a state that takes more than 2 us"};
