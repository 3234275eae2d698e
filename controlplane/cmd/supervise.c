#include "controlplane/cmd/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/process.h"
#include "controlplane/cmd/veth.h"
#include "dataplane/clock/clock.h"

#define FIRST_NS 100000000ll
#define MOST_NS 5000000000ll
#define GOOD_NS 10000000000ll

static int open_pidfd(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

/* The descriptor stays open over exec, and with it the lock, until the process ends. */
static void hold_pid_file(const char *path)
{
    char text[32];
    int fd = open(path, O_RDWR | O_CREAT, 0640), len = snprintf(text, sizeof text, "%d\n", getpid());
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 || ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
        fprintf(stderr, "millrace run: %s: cannot be written; a later run will not find this process\n", path);
}

static _Noreturn void become(const struct mr_child *c, int output)
{
    char *argv[MR_CHILD_ARGS + 1] = {(char *)(uintptr_t) "millrace"};
    for (size_t i = 0; i + 1 < MR_CHILD_ARGS && c->argv[i]; i++)
        argv[i + 1] = c->argv[i];
    int log = *c->log_file ? open(c->log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640) : -1;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(output >= 0 ? output : log >= 0 ? log : null, STDOUT_FILENO);
    if (log >= 0)
        dup2(log, STDERR_FILENO);
    if (c->locks_for_it)
        hold_pid_file(c->pid_file);
    if (c->space && !mr_veth_enter(c->space)) {
        fprintf(stderr, "millrace run: %s: cannot enter the network namespace %s: %s\n", c->name, c->space,
                strerror(errno));
        _exit(MR_EXIT_ENVIRONMENT);
    }
    setsid(); /* the terminal's interrupt is for the supervisor, which then stops its children in order */
    execv("/proc/self/exe", argv);
    _exit(127);
}

int mr_child_start(struct mr_child *c, struct mr_err *err)
{
    int pipes[2] = {-1, -1};
    if (c->output > 0)
        close(c->output);
    c->output = -1;
    if (c->wants_output && pipe2(pipes, O_CLOEXEC) != 0)
        return mr_err_set(err, MR_E_IO, "%s: no pipe: %s", c->name, strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        become(c, pipes[1]);
    if (pipes[1] >= 0)
        close(pipes[1]);
    if (pid < 0)
        return mr_err_set(err, MR_E_IO, "%s: cannot be started: %s", c->name, strerror(errno));
    c->output = pipes[0];
    c->pid = pid;
    c->pidfd = open_pidfd(pid);
    c->adopted = false;
    c->started_ns = mr_clock_mono();
    return MR_OK;
}

bool mr_child_adopt(struct mr_child *c)
{
    char text[32] = "";
    int fd = *c->pid_file ? open(c->pid_file, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    bool lives = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    close(fd);
    pid_t pid = n > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
    if (!lives || pid <= 1)
        return false;
    c->pidfd = open_pidfd(pid);
    if (c->pidfd < 0)
        return false;
    c->pid = pid;
    c->adopted = true;
    c->output = -1;
    c->started_ns = mr_clock_mono();
    return true;
}

bool mr_child_ended(struct mr_child *c)
{
    if (c->pid == 0)
        return false;
    c->exit_status = 0;
    if (c->adopted) {
        struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
        if (poll(&p, 1, 0) == 0)
            return false;
    } else if (waitpid(c->pid, &c->exit_status, WNOHANG) == 0) {
        return false;
    }
    if (c->pidfd >= 0)
        close(c->pidfd);
    c->pid = 0;
    int64_t now = mr_clock_mono();
    if (now - c->started_ns > GOOD_NS)
        c->restarts = 0;
    int64_t wait = FIRST_NS << (c->restarts < 6 ? c->restarts : 6);
    c->due_ns = now + (wait < MOST_NS ? wait : MOST_NS);
    return true;
}

bool mr_child_shut(const struct mr_child *c)
{
    char text[32] = "";
    int fd = *c->pid_file ? open(c->pid_file, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : 0;
    if (fd >= 0)
        close(fd);
    return n > 0 && strcmp(text, MR_PROCESS_SHUTDOWN) == 0;
}

int mr_child_keep(struct mr_child *c, struct mr_err *err)
{
    if (c->pid != 0 || mr_clock_mono() < c->due_ns)
        return MR_OK;
    c->restarts++;
    return mr_child_start(c, err);
}

void mr_child_measure(struct mr_child *c)
{
    char path[64], line[256];
    if (c->pid == 0)
        return;
    snprintf(path, sizeof path, "/proc/%d/status", (int)c->pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        uint64_t kib = strncmp(line, "VmHWM:", 6) == 0 ? strtoull(line + 6, NULL, 10) : 0;
        if (kib * 1024 > c->peak_rss_bytes)
            c->peak_rss_bytes = kib * 1024;
    }
    if (f)
        fclose(f);
}

void mr_child_stop(struct mr_child *c, int grace_s)
{
    if (c->pid == 0)
        return;
    mr_child_measure(c);
    syscall(SYS_pidfd_send_signal, c->pidfd, SIGTERM, NULL, 0);
    for (int i = 0; i < grace_s * 50 && c->pid; i++) {
        usleep(20000);
        mr_child_ended(c);
    }
    if (c->pid) {
        syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
        for (int i = 0; i < 100 && c->pid && !mr_child_ended(c); i++)
            usleep(20000);
    }
}
