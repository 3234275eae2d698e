#include "controlplane/cmd/veth.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 20

void mr_veth_name(struct mr_veth *v, const char *instance, const char *folder)
{
    uint32_t h = 2166136261u;
    for (const char *at = folder; *at; at++)
        h = (h ^ (uint8_t)*at) * 16777619u;
    unsigned net = (h >> 8) % (1u << 15); /* 198.18.0.0/15 has 2^15 networks of four addresses */
    unsigned third = net >> 6, fourth = net % 64 * 4;
    snprintf(v->space, sizeof v->space, "millrace-%.26s-%08x", instance, h);
    snprintf(v->host, sizeof v->host, "mr%08xa", h);
    snprintf(v->peer, sizeof v->peer, "mr%08xb", h);
    snprintf(v->address, sizeof v->address, "198.%u.%u.%u", 18 + third / 256, third % 256, fourth + 1);
    snprintf(v->far, sizeof v->far, "198.%u.%u.%u", 18 + third / 256, third % 256, fourth + 2);
}

/* Runs one program to its end, no shell between; its first words of complaint into `said`. */
static int run(char *said, size_t bytes, const char *line)
{
    char copy[256], *words[WORDS + 1];
    int ends[2], status = 0, n = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *rest = copy, *word; n < WORDS && (word = strtok_r(rest, " ", &rest));)
        words[n++] = word;
    words[n] = NULL;
    MR_ASSERT(n > 0);
    said[0] = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        execvp(words[0], words);
        _exit(127);
    }
    close(ends[1]);
    ssize_t len = read(ends[0], said, bytes - 1);
    said[len > 0 ? len : 0] = 0;
    said[strcspn(said, "\n")] = 0;
    close(ends[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int step(struct mr_err *err, const char *format, ...) MR_PRINTF(2, 3);
static int step(struct mr_err *err, const char *format, ...)
{
    char line[256], said[200];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    int code = run(said, sizeof said, line);
    if (code == 127)
        return mr_err_set(err, MR_E_UNSUPPORTED, "--source dpdk: %.*s is not installed: packages iproute2 and ethtool",
                          (int)strcspn(line, " "), line);
    return code == 0 ? MR_OK : mr_err_set(err, MR_E_IO, "--source dpdk: `%s`: %s", line, *said ? said : "failed");
}

int mr_veth_make(const struct mr_veth *v, struct mr_err *err)
{
    if (geteuid() != 0)
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "--source dpdk: needs root here: it makes a network namespace and a veth pair for the "
                          "exchange, and AF_XDP wants CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF; as an ordinary user "
                          "take --source uring");
    mr_veth_remove(v); /* of a run that was killed */
    int status = step(err, "ip netns add %s", v->space);
    if (status)
        return status;
    status = step(err, "ip link add %s type veth peer name %s netns %s", v->host, v->peer, v->space);
    status = status ? status : step(err, "ip addr add %s/30 dev %s", v->address, v->host);
    status = status ? status : step(err, "ip -n %s addr add %s/30 dev %s", v->space, v->far, v->peer);
    status = status ? status : step(err, "ip -n %s link set lo up", v->space);
    status = status ? status : step(err, "ip -n %s link set %s up", v->space, v->peer);
    status = status ? status : step(err, "ip link set %s up", v->host);
    /* a frame leaves as it is to arrive: nothing between the two ends would cut it or fill in its checksum */
    status =
        status ? status : step(err, "ip netns exec %s ethtool -K %s tx off tso off gso off gro off", v->space, v->peer);
    status = status ? status : step(err, "ethtool -K %s tx off tso off gso off gro off", v->host);
    if (status)
        mr_veth_remove(v);
    return status;
}

void mr_veth_remove(const struct mr_veth *v)
{
    char line[128], said[200];
    snprintf(line, sizeof line, "ip link delete %s", v->host);
    run(said, sizeof said, line); /* usually there is none */
    snprintf(line, sizeof line, "ip netns delete %s", v->space);
    run(said, sizeof said, line);
}

bool mr_veth_enter(const char *space)
{
    char path[96];
    snprintf(path, sizeof path, "/run/netns/%s", space);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool in = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
    if (fd >= 0)
        close(fd);
    return in;
}
