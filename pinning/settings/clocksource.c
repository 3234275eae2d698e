#include <stdio.h>

#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    static const char folder[] = "/sys/devices/system/clocksource/clocksource0";
    static const char *const best[] = {[MR_ARCH_OTHER] = "", [MR_ARCH_X86] = "tsc", [MR_ARCH_ARM] = "arch_sys_counter"};
    const char *want = best[t->topology.arch];
    char now[64], there[256];
    if (!*want || mr_host_read(t->host, now, sizeof now, "%s/current_clocksource", folder) < 0)
        return;
    bool pass = strcmp(now, want) == 0;
    mr_find(f, pass ? MR_VERDICT_PASS : s->otherwise, "%.40s", now);
    mr_find_wanted(f, "%s", want);
    if (pass)
        return;
    bool offered =
        mr_host_read(t->host, there, sizeof there, "%s/available_clocksource", folder) > 0 && strstr(there, want);
    if (offered)
        mr_find_write(t, f, want, true, "%s/current_clocksource", folder);
    if (t->topology.arch == MR_ARCH_X86)
        snprintf(f->words, sizeof f->words, offered ? "clocksource=tsc" : "clocksource=tsc tsc=reliable");
}

const struct mr_setting mr_setting_clocksource = {
    .id = "clocksource",
    .check = check,
    .otherwise = MR_VERDICT_FAIL,
    .why = "Reading the time leaves the CPU: a system call and a slow device instead of one instruction.",
    .effect = "every time stamp costs nanoseconds"};
