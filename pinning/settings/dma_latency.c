#include "pinning/settings/settings.h"

/* The file gives four bytes, the bound in force in microseconds; the data plane writes its own and keeps it open. */
static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    char bytes[8];
    int32_t bound;
    if (!mr_host_has(t->host, "/sys/devices/system/cpu/cpu0/cpuidle"))
        return;
    int n = mr_host_raw(t->host, "/dev/cpu_dma_latency", bytes, sizeof bytes);
    mr_find_wanted(f, "can be held");
    if (n < 0) {
        mr_find(f, s->otherwise, "it is not there, or not for this user");
        return;
    }
    memcpy(&bound, bytes, sizeof bound);
    if (n == sizeof bound && bound >= 0 && bound < 2000000000)
        mr_find(f, MR_VERDICT_PASS, "held at %d us by somebody", bound);
    else
        mr_find(f, MR_VERDICT_PASS, "can be held");
}

const struct mr_setting mr_setting_dma_latency = {
    .id = "dma_latency",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "Nothing can ask the kernel for quick wake-ups on behalf of a process.",
    .effect =
        "with plane.awake the data plane holds it at 0 while it runs: no idle state that wakes slowly, on any core"};
