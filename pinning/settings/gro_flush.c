#include "pinning/settings/settings.h"

/* These two help together with busy polling only. */
static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    int64_t flush_ns, defer, polls = 0;
    const struct mr_topology_nic *nic = t->plan.nic;
    if (!nic || mr_host_number(t->host, &flush_ns, "/sys/class/net/%s/gro_flush_timeout", nic->name) != MR_OK ||
        mr_host_number(t->host, &defer, "/sys/class/net/%s/napi_defer_hard_irqs", nic->name) != MR_OK)
        return;
    mr_host_number(t->host, &polls, "/proc/sys/net/core/busy_read");
    bool waits = polls == 0 && flush_ns != 0 && defer != 0;
    mr_find(f, waits ? s->otherwise : MR_VERDICT_PASS, "%s: %lld ns, %lld put off", nic->name, (long long)flush_ns,
            (long long)defer);
    mr_find_wanted(f, "0, or busy polling");
    if (waits)
        mr_find_write(t, f, "0", true, "/sys/class/net/%s/napi_defer_hard_irqs", nic->name);
}

const struct mr_setting mr_setting_gro_flush = {.id = "gro_flush",
                                                .check = check,
                                                .otherwise = MR_VERDICT_WARN,
                                                .why = "Interrupts are put off for a process that polls, and no socket "
                                                       "is told to poll: frames wait until the time is over.",
                                                .effect = "no wait of up to the flush time at each frame"};
