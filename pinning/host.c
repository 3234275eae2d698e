#include "pinning/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "pinning/nic.h"

/* Paths stay below the root whatever links are on the way. */
static int open_below(const struct mr_host *host, const char *path, int flags)
{
    if (host->resolves) {
        struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
        return (int)syscall(SYS_openat2, host->root, path, &how, sizeof how);
    }
    return open(path, flags | O_CLOEXEC); /* live: mr_host_open refuses other roots without openat2 */
}

int mr_host_open(struct mr_host *host, const char *root, struct mr_err *err)
{
    *host = (struct mr_host){.live = !root || strcmp(root, "/") == 0};
    host->root = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (host->root < 0)
        return mr_err_set(err, MR_E_IO, "%s: %s; want a folder that holds a host's proc and sys", root,
                          strerror(errno));
    host->resolves = true;
    int fd = open_below(host, "/", O_RDONLY | O_DIRECTORY);
    host->resolves = fd >= 0;
    if (fd >= 0)
        close(fd);
    if (!host->resolves && !host->live) {
        mr_host_close(host);
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "--root %s: this kernel has no openat2 (Linux 5.6), which keeps links below it", root);
    }
    return MR_OK;
}

void mr_host_close(struct mr_host *host) { close(host->root); }

void mr_host_trouble(struct mr_host *host, const char *path, const char *what)
{
    char line[sizeof host->trouble[0]];
    snprintf(line, sizeof line, "%.90s: %.60s", path, what);
    for (uint32_t i = 0; i < host->trouble_count; i++)
        if (strcmp(host->trouble[i], line) == 0)
            return;
    if (host->trouble_count == MR_HOST_TROUBLES_MAX)
        host->trouble_more++;
    else
        memcpy(host->trouble[host->trouble_count++], line, sizeof line);
}

/* ---- reading ---- */

/* Bytes, or MR_E_EMPTY, MR_E_IO with errno. A knob that its driver does not have says so by odd errors, but never by EACCES. */
static int slurp(const struct mr_host *host, const char *path, char *out, size_t bytes)
{
    if (host->live && strncmp(path, MR_NIC_PREFIX, strlen(MR_NIC_PREFIX)) == 0)
        return mr_nic_read(path, out, bytes);
    int fd = open_below(host, path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? MR_E_EMPTY : MR_E_IO;
    size_t len = 0;
    ssize_t n = 0;
    while (len < bytes - 1 && (n = read(fd, out + len, bytes - 1 - len)) > 0)
        len += (size_t)n;
    int why = errno;
    close(fd);
    errno = why;
    out[len] = 0;
    if (n < 0)
        return why == EOPNOTSUPP || why == ENODEV || why == EINVAL || why == ENXIO ? MR_E_EMPTY : MR_E_IO;
    return (int)len;
}

int mr_host_raw(const struct mr_host *host, const char *path, char *out, size_t bytes)
{
    out[0] = 0;
    return slurp(host, path, out, bytes);
}

static int read_named(struct mr_host *host, char *out, size_t bytes, const char *path)
{
    int n = mr_host_raw(host, path, out, bytes);
    if (n == MR_E_IO)
        mr_host_trouble(host, path, strerror(errno));
    if (n < 0)
        return n;
    if ((size_t)n == bytes - 1) { /* perhaps cut: half a list would be another list */
        mr_host_trouble(host, path, "longer than such a setting is");
        return MR_E_TOO_BIG;
    }
    while (n > 0 && strchr(" \t\r\n", out[n - 1]))
        out[--n] = 0;
    if (strlen(out) != (size_t)n) {
        mr_host_trouble(host, path, "holds a zero byte");
        return MR_E_MALFORMED;
    }
    return n;
}

#define FORMATTED_PATH(path, format)                                                                                   \
    char path[MR_HOST_PATH];                                                                                           \
    do {                                                                                                               \
        va_list args;                                                                                                  \
        va_start(args, format);                                                                                        \
        vsnprintf(path, sizeof path, format, args);                                                                    \
        va_end(args);                                                                                                  \
    } while (0)

int mr_host_read(struct mr_host *host, char *out, size_t bytes, const char *format, ...)
{
    FORMATTED_PATH(path, format);
    return read_named(host, out, bytes, path);
}

int mr_host_number(struct mr_host *host, int64_t *out, const char *format, ...)
{
    FORMATTED_PATH(path, format);
    char text[64], *end;
    int n = read_named(host, text, sizeof text, path);
    if (n < 0)
        return n;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno) {
        mr_host_trouble(host, path, "not a number");
        return MR_E_MALFORMED;
    }
    *out = value;
    return MR_OK;
}

static int read_cpus(struct mr_host *host, struct mr_cpus *out, const char *path,
                     int (*parse)(struct mr_cpus *, const char *, size_t))
{
    char text[MR_HOST_TEXT];
    memset(out, 0, sizeof *out);
    int n = read_named(host, text, sizeof text, path);
    if (n < 0)
        return n;
    int status = parse(out, text, (size_t)n);
    if (status == MR_E_RANGE)
        mr_host_trouble(host, path, "a CPU of 4096 or more");
    else if (status)
        mr_host_trouble(host, path, "not a set of CPUs");
    return status;
}

int mr_host_cpus(struct mr_host *host, struct mr_cpus *out, const char *format, ...)
{
    FORMATTED_PATH(path, format);
    return read_cpus(host, out, path, mr_cpus_parse);
}

int mr_host_mask(struct mr_host *host, struct mr_cpus *out, const char *format, ...)
{
    FORMATTED_PATH(path, format);
    return read_cpus(host, out, path, mr_cpus_parse_mask);
}

bool mr_host_has(const struct mr_host *host, const char *path)
{
    int fd = open_below(host, path, O_PATH);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* eth2 before eth10, 9 before 10. */
static int by_name(const void *a, const void *b) { return strverscmp(a, b); }

uint32_t mr_host_list(const struct mr_host *host, const char *path, char (*names)[MR_HOST_NAME], uint32_t most)
{
    int fd = open_below(host, path, O_RDONLY | O_DIRECTORY);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    uint32_t n = 0;
    for (const struct dirent *e; n < most && (e = readdir(dir));)
        if (e->d_name[0] != '.' && strlen(e->d_name) < MR_HOST_NAME)
            memcpy(names[n++], e->d_name, strlen(e->d_name) + 1);
    closedir(dir);
    qsort(names, n, sizeof *names, by_name);
    return n;
}

/* ---- writing ---- */

int mr_host_write(const struct mr_host *host, const char *path, const char *text, struct mr_err *err)
{
    if (host->live && strncmp(path, MR_NIC_PREFIX, strlen(MR_NIC_PREFIX)) == 0)
        return mr_nic_write(path, text) == MR_OK ? MR_OK : mr_err_set(err, MR_E_IO, "%s: %s", path, strerror(errno));
    int fd = open_below(host, path, O_WRONLY | O_TRUNC | O_NONBLOCK);
    if (fd < 0)
        return mr_err_set(err, MR_E_IO, "%s: %s", path, strerror(errno));
    size_t len = strlen(text);
    ssize_t n = write(fd, text, len); /* one call: a kernel's file takes a value by one write */
    int why = errno;
    if (close(fd) && n == (ssize_t)len)
        n = -1, why = errno;
    if (n == (ssize_t)len)
        return MR_OK;
    return mr_err_set(err, MR_E_IO, "%s: %s", path, n < 0 ? strerror(why) : "only a part was taken");
}

void mr_host_choice(const char *text, char *out, size_t bytes)
{
    const char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;
    if (close)
        snprintf(out, bytes, "%.*s", (int)(close - open - 1), open + 1);
    else
        snprintf(out, bytes, "%s", text);
}

/* A file of procfs or sysfs: it takes values, not bytes. */
static bool of_kernel(const struct mr_host *host, const char *path)
{
    struct statfs fs;
    int fd = open_below(host, path, O_PATH);
    bool is = fd >= 0 && fstatfs(fd, &fs) == 0 && (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
    if (fd >= 0)
        close(fd);
    return is;
}

int mr_host_restore(const struct mr_host *host, const char *path, const char *old, struct mr_err *err)
{
    char value[MR_HOST_TEXT], now[MR_HOST_TEXT];
    if (of_kernel(host, path))
        mr_host_choice(old, value, sizeof value);
    else
        snprintf(value, sizeof value, "%s", old);
    int status = mr_host_write(host, path, value, err);
    if (status)
        return status;
    if (mr_host_raw(host, path, now, sizeof now) < 0 || strcmp(now, old) != 0)
        return mr_err_set(err, MR_E_IO, "%s: was written, but does not read as before", path);
    return MR_OK;
}
