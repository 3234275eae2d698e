#include "controlplane/journal/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int result(int r) { return r < 0 ? -errno : r; }

static int host_sync_folder(void *self, const char *folder)
{
    (void)self;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = result(fsync(fd));
    close(fd);
    return r;
}

/* One more level; its name is made durable in the folder above. */
static int make_one(char *path, char *slash)
{
    if (mkdir(path, 0750) != 0)
        return errno == EEXIST ? 0 : -errno;
    char kept = *slash;
    *slash = 0;
    int r = host_sync_folder(NULL, slash == path ? "/" : path);
    *slash = kept;
    return r;
}

static int host_make_folder(void *self, const char *folder)
{
    (void)self;
    char path[4096];
    struct stat st;
    if (stat(folder, &st) == 0)
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
    int n = snprintf(path, sizeof path, "%s%s", folder[0] == '/' ? "" : "./", folder);
    if (n >= (int)sizeof path)
        return -ENAMETOOLONG;
    char *last = path + (path[0] == '/' ? 0 : 1); /* the slash before the name that is looked at */
    for (char *p = last + 1;; p++) {
        if (*p != '/' && *p)
            continue;
        char kept = *p;
        *p = 0;
        int r = make_one(path, last);
        *p = kept;
        if (r || !kept)
            return r;
        last = p;
    }
}

static int host_list(void *self, const char *folder, mr_disk_name_fn *each, void *arg)
{
    (void)self;
    DIR *dir = opendir(folder);
    int r = 0;
    if (!dir)
        return -errno;
    for (const struct dirent *e; r >= 0 && (errno = 0, e = readdir(dir));)
        r = each(arg, e->d_name);
    if (r >= 0)
        r = -errno;
    closedir(dir);
    return r;
}

static int host_open(void *self, const char *path, int flags)
{
    (void)self;
    return result(open(path, flags | O_CLOEXEC, 0640));
}
static int host_lock(void *self, int handle)
{
    (void)self;
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return result(fcntl(handle, F_OFD_SETLK, &all)); /* of this opening: also against another in this process */
}
static bool host_locked(void *self, int handle)
{
    (void)self;
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(handle, F_OFD_GETLK, &all) == 0 && all.l_type != F_UNLCK;
}
static int64_t host_size(void *self, int handle)
{
    (void)self;
    struct stat st;
    return fstat(handle, &st) != 0 ? -errno : st.st_size;
}
static int64_t host_pread(void *self, int handle, void *out, uint64_t bytes, uint64_t at)
{
    (void)self;
    ssize_t n = pread(handle, out, bytes, (off_t)at);
    return n < 0 ? -errno : n;
}
static int64_t host_pwrite(void *self, int handle, const void *data, uint64_t bytes, uint64_t at)
{
    (void)self;
    ssize_t n = pwrite(handle, data, bytes, (off_t)at);
    return n < 0 ? -errno : n;
}
static int host_truncate(void *self, int handle, uint64_t bytes)
{
    (void)self;
    return result(ftruncate(handle, (off_t)bytes));
}
static int host_fdatasync(void *self, int handle)
{
    (void)self;
    return result(fdatasync(handle));
}
static int host_rename(void *self, const char *from, const char *to)
{
    (void)self;
    return result(rename(from, to));
}
static void host_close(void *self, int handle)
{
    (void)self;
    close(handle);
}

const struct mr_disk mr_disk_host = {
    .make_folder = host_make_folder,
    .list = host_list,
    .open = host_open,
    .lock = host_lock,
    .locked = host_locked,
    .size = host_size,
    .pread = host_pread,
    .pwrite = host_pwrite,
    .truncate = host_truncate,
    .fdatasync = host_fdatasync,
    .rename = host_rename,
    .sync_folder = host_sync_folder,
    .close = host_close,
};
