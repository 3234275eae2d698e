#include <stdio.h>

#include "pinning/settings/settings.h"

/* The first line is a heading. */
static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    char text[MR_HOST_TEXT];
    uint32_t lines = 0;
    if (mr_host_read(t->host, text, sizeof text, "/proc/swaps") < 0)
        return;
    for (const char *at = strchr(text, '\n'); at; at = strchr(at + 1, '\n'))
        lines += at[1] != 0 && at[1] != '\n';
    mr_find(f, lines ? s->otherwise : MR_VERDICT_PASS, "%u in use", lines);
    mr_find_wanted(f, "none");
    if (lines)
        snprintf(f->command, sizeof f->command, "swapoff -a");
}

const struct mr_setting mr_setting_swap = {
    .id = "swap",
    .check = check,
    .otherwise = MR_VERDICT_FAIL,
    .why = "Memory that is not locked may be on a disk when it is wanted: a page fault of milliseconds.",
    .effect = "no page fault waits for a disk; take the swap out of the fstab file as well"};
