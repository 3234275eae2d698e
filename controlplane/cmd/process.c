#include "controlplane/cmd/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

static void tell(void *arg, const char *sentence)
{
    const struct mr_process *p = arg;
    fprintf(stderr, "millrace %s: %s\n", p->verb, sentence);
}

int mr_process_configure(struct mr_process *p, const char *path, const char *instance, struct mr_config *config,
                         struct mr_err *err)
{
    char found[256];
    mr_config_find(path, found);
    mr_config_default(config);
    p->pid_file = -1;
    if (*found) {
        int status = mr_config_load(config, found, tell, p);
        if (status)
            return mr_err_set(err, status, "%s: not usable", found);
    }
    int status = instance ? mr_config_instance(config, instance, err) : MR_OK; /* its files too */
    if (status)
        return status;
    return mr_config_run_folder(config, p->folder, err);
}

int mr_process_lock(struct mr_process *p, struct mr_err *err)
{
    char path[400], text[32];
    snprintf(path, sizeof path, "%s/%s.pid", p->folder, p->verb);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return mr_err_set(err, MR_E_IO, "%s: cannot write: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return mr_err_set(err, MR_E_IO, "%s: a %s of this instance runs already; stop it, or choose another --instance",
                          path, p->verb);
    }
    int len = snprintf(text, sizeof text, "%d\n", getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
        close(fd);
        return mr_err_set(err, MR_E_IO, "%s: cannot write: %s", path, strerror(errno));
    }
    p->pid_file = fd;
    return MR_OK;
}

void mr_process_unlock(struct mr_process *p, bool shutdown)
{
    static const char text[] = MR_PROCESS_SHUTDOWN;
    if (p->pid_file >= 0 && shutdown &&
        (ftruncate(p->pid_file, 0) != 0 || pwrite(p->pid_file, text, sizeof text - 1, 0) < 0))
        fprintf(stderr, "millrace %s: its pid file cannot be written; a supervisor may start it again\n", p->verb);
    if (p->pid_file >= 0)
        close(p->pid_file);
    p->pid_file = -1;
}

static volatile int stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

const volatile int *mr_process_signals(void)
{
    struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    return &stopped;
}

int mr_process_workspace(const struct mr_process *p, const struct mr_config *config, char *out, size_t bytes,
                         struct mr_err *err)
{
    bool given = *config->plane.workspace;
    size_t len =
        (size_t)snprintf(out, bytes, "%s%s", given ? config->plane.workspace : p->folder, given ? "" : "/workspace");
    return len < bytes ? MR_OK : mr_err_set(err, MR_E_TOO_BIG, "%s: the path is too long for a workspace", p->folder);
}
