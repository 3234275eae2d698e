#include <stdio.h>

#include "pinning/settings/settings.h"

/* Four numbers: what reaches the console, the default, the least, the boot's default. */
static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    static const char path[] = "/proc/sys/kernel/printk";
    char text[64], want[64];
    int level, rest[3];
    if (mr_host_read(t->host, text, sizeof text, path) < 0)
        return;
    if (sscanf(text, "%d %d %d %d", &level, &rest[0], &rest[1], &rest[2]) != 4) {
        mr_host_trouble(t->host, path, "not four levels");
        return;
    }
    mr_find(f, level > 4 ? s->otherwise : MR_VERDICT_PASS, "level %d", level);
    mr_find_wanted(f, "level 4 at most");
    snprintf(want, sizeof want, "4 %d %d %d", rest[0], rest[1], rest[2]);
    if (level >= 4)
        mr_find_write(t, f, want, level > 4, path);
}

const struct mr_setting mr_setting_printk = {
    .id = "printk",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why =
        "Each message of the kernel is written to the console by whoever caused it, for milliseconds on a serial line.",
    .effect = "messages go to the log alone; errors still reach the console"};
