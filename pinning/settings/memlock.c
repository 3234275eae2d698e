#include <stdio.h>
#include <stdlib.h>

#include "pinning/settings/settings.h"

#define BYTES (1ll << 30)
#define CAP_IPC_LOCK 14

/* A process with that capability has no limit. */
static bool exempt(struct mr_tune *t)
{
    char text[4 * MR_HOST_TEXT];
    if (mr_host_raw(t->host, "/proc/self/status", text, sizeof text) < 0)
        return false;
    const char *at = strstr(text, "CapEff:");
    return at && (strtoull(at + strlen("CapEff:"), NULL, 16) >> CAP_IPC_LOCK & 1);
}

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    int64_t limit;
    if (mr_settings_limit(t, "Max locked memory", &limit) != MR_OK)
        return;
    mr_find_wanted(f, "unlimited, or at least 1 GiB");
    if (limit == INT64_MAX)
        mr_find(f, MR_VERDICT_PASS, "unlimited");
    else if (limit >= BYTES)
        mr_find(f, MR_VERDICT_PASS, "%lld KiB", (long long)limit >> 10);
    else if (exempt(t))
        mr_find(f, MR_VERDICT_PASS, "%lld KiB, not for this user", (long long)limit >> 10);
    else
        mr_find(f, s->otherwise, "%lld KiB", (long long)limit >> 10);
    snprintf(f->unit, sizeof f->unit, "LimitMEMLOCK=infinity");
    if (f->verdict == s->otherwise)
        snprintf(f->command, sizeof f->command, "ulimit -l unlimited");
}

const struct mr_setting mr_setting_memlock = {
    .id = "memlock",
    .check = check,
    .otherwise = MR_VERDICT_FAIL,
    .why = "Arenas and key pages cannot be locked: the kernel may take them away and give them back by a page fault.",
    .effect = "locked memory; plane.lock works"};
