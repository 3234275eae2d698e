#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    char text[4 * MR_HOST_TEXT];
    if (t->topology.arch != MR_ARCH_X86 || mr_host_raw(t->host, "/proc/cpuinfo", text, sizeof text) < 0)
        return;
    bool constant = strstr(text, " constant_tsc") != NULL, nonstop = strstr(text, " nonstop_tsc") != NULL;
    mr_find(f, constant && nonstop ? MR_VERDICT_PASS : s->otherwise, "%s, %s", constant ? "constant" : "not constant",
            nonstop ? "nonstop" : "stops when idle");
    mr_find_wanted(f, "constant, nonstop");
}

const struct mr_setting mr_setting_tsc = {
    .id = "tsc",
    .check = check,
    .otherwise = MR_VERDICT_FAIL,
    .why = "The CPU's counter changes its rate with the clock or stops when idle: times taken by it are wrong.",
    .effect = "none: another CPU is needed, or millrace takes the kernel's clock"};
