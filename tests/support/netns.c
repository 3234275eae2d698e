#include "tests/support/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int mr_netns_run(const char *format, ...)
{
    char command[512], quiet[640];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    snprintf(quiet, sizeof quiet, "PATH=$PATH:/usr/sbin:/sbin; { %s; } >/dev/null 2>&1", command);
    return system(quiet);
}

/* A new namespace, which this thread is in; its descriptor or -1. */
static int enter_new(struct mr_netns *n)
{
    if (unshare(CLONE_NEWNET)) {
        snprintf(n->why, sizeof n->why, "no network namespace: %s (needs root)", strerror(errno));
        return -1;
    }
    if (mr_netns_run("ip link set lo up")) {
        snprintf(n->why, sizeof n->why, "`ip` does not work here: install iproute2");
        return -1;
    }
    return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

static void go(int fd)
{
    if (setns(fd, CLONE_NEWNET)) {
        perror("setns");
        abort();
    }
}

void mr_netns_ours(const struct mr_netns *n) { go(n->ours); }
void mr_netns_theirs(const struct mr_netns *n) { go(n->theirs); }

bool mr_netns_open(struct mr_netns *n, bool address)
{
    *n = (struct mr_netns){.ours = -1, .theirs = -1};
    n->theirs = enter_new(n);
    if (n->theirs < 0)
        return false;
    n->ours = enter_new(n);
    if (n->ours < 0)
        return false;
    bool made =
        mr_netns_run("ip link add mr0 address 02:00:00:00:12:02 type veth peer name mr1 address 02:00:00:00:12:01 "
                     "netns /proc/%d/fd/%d",
                     (int)getpid(), n->theirs) == 0;
    if (!made || mr_netns_run("ip link set mr0 up") ||
        (address && mr_netns_run("ip address add 198.18.0.2/24 dev mr0"))) {
        snprintf(n->why, sizeof n->why, "no veth pair can be made here");
        return false;
    }
    mr_netns_theirs(n);
    bool ok = mr_netns_run("ip address add 198.18.0.1/24 dev mr1") == 0 && mr_netns_run("ip link set mr1 up") == 0 &&
              mr_netns_run("ethtool -K mr1 tx off tso off gso off") == 0;
    mr_netns_ours(n);
    if (!ok)
        snprintf(n->why, sizeof n->why, "the offloads of a veth cannot be switched off: install ethtool");
    return ok;
}

void mr_netns_close(struct mr_netns *n)
{
    if (n->ours >= 0)
        close(n->ours);
    if (n->theirs >= 0)
        close(n->theirs);
    n->ours = n->theirs = -1;
}

int mr_netns_missing(const char *why)
{
    const char *require = getenv("MILLRACE_REQUIRE_NET");
    bool needed = require && strcmp(require, "1") == 0;
    printf("%s: no network to test on: %s\n", needed ? "MILLRACE_REQUIRE_NET=1" : "skipped", why);
    return needed ? 1 : 77;
}
