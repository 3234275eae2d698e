#include "pinning/cgroup.h"

#include <stdio.h>

/* Lines are "ID:controller,controller:/path"; the one tree of version 2 has none named. */
static bool group_of(const char *groups, const char *controller, char *out, size_t bytes)
{
    size_t want = strlen(controller);
    for (const char *line = groups; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
        if (!path || path > line + strcspn(line, "\n"))
            continue;
        bool same = want == 0 && path == names + 1;
        for (const char *at = names + 1; want && at < path; at += strcspn(at, ",:") + 1)
            same |= strcspn(at, ",:") == want && memcmp(at, controller, want) == 0;
        if (!same)
            continue;
        int len = (int)strcspn(path + 1, "\n");
        snprintf(out, bytes, "%.*s", len == 1 ? 0 : len, path + 1); /* the root's "/" ends nothing */
        return true;
    }
    return false;
}

int mr_cgroup_read(struct mr_host *host, const char *controller, const char *v2, const char *v1,
                   char path[MR_HOST_PATH], char *out, size_t bytes)
{
    char groups[MR_HOST_TEXT], group[160];
    if (mr_host_read(host, groups, sizeof groups, "/proc/self/cgroup") < 0)
        return MR_E_EMPTY;
    if (group_of(groups, "", group, sizeof group)) {
        snprintf(path, MR_HOST_PATH, "/sys/fs/cgroup%s/%s", group, v2);
        int n = mr_host_read(host, out, bytes, "%s", path);
        if (n != MR_E_EMPTY)
            return n;
    }
    if (!group_of(groups, controller, group, sizeof group))
        return MR_E_EMPTY;
    snprintf(path, MR_HOST_PATH, "/sys/fs/cgroup/%s%s/%s", controller, group, v1);
    return mr_host_read(host, out, bytes, "%s", path);
}
