#include <stdio.h>

#include "pinning/settings/settings.h"

#define FILES 4096

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    int64_t limit;
    if (mr_settings_limit(t, "Max open files", &limit) != MR_OK)
        return;
    bool pass = limit >= FILES;
    if (limit == INT64_MAX)
        mr_find(f, MR_VERDICT_PASS, "unlimited");
    else
        mr_find(f, pass ? MR_VERDICT_PASS : s->otherwise, "%lld", (long long)limit);
    mr_find_wanted(f, "at least %d", FILES);
    snprintf(f->unit, sizeof f->unit, "LimitNOFILE=65536");
    if (!pass)
        snprintf(f->command, sizeof f->command, "ulimit -n 65536");
}

const struct mr_setting mr_setting_nofile = {
    .id = "nofile",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "Sockets, files and shared memory count against a small limit; the admin socket alone may hold 1,024.",
    .effect = "room for connections, taps and segments"};
