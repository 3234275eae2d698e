#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    char have[96], all[96];
    bool pass = mr_cpus_equal(&t->topology.allowed, &t->topology.online);
    mr_find(f,
            pass                 ? MR_VERDICT_PASS
            : t->plan.feed_count ? s->otherwise
                                 : MR_VERDICT_FAIL,
            "%s", mr_settings_cpus(&t->topology.allowed, have, sizeof have));
    mr_find_wanted(f, "%s", mr_settings_cpus(&t->topology.online, all, sizeof all));
}

const struct mr_setting mr_setting_cpuset = {.id = "cpuset",
                                             .check = check,
                                             .otherwise = MR_VERDICT_WARN,
                                             .why = "This process may use some of the host's CPUs only: a cpuset, a "
                                                    "container or taskset decides, and its neighbours may share them.",
                                             .effect = "whole cores that are nobody else's"};
