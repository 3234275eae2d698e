/* A workspace as a file: made under a temporary name, renamed when whole, attached with its table copied. */
#include "dataplane/ring/workspace_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void temporary(const struct mr_workspace *ws, char *out, size_t bytes)
{
    snprintf(out, bytes, "%s.%d.tmp", ws->path, (int)getpid());
}

static int refused(struct mr_err *err, const char *path, const char *what)
{
    const char *way = errno != EACCES             ? ""
                      : strcmp(what, "open") == 0 ? "; readers must be in the file's group"
                                                  : "; its folder must be one you may write";
    return mr_err_set(err, MR_E_IO, "%s: cannot %s: %s%s", path, what, strerror(errno), way);
}

/* Head and table become private copies at the same place: what is checked now cannot be changed by another process. */
static int freeze(struct mr_workspace *ws, size_t table_bytes, struct mr_err *err)
{
    int flags = MAP_PRIVATE | MAP_FIXED;
    volatile uint8_t *table = mmap(ws->map, table_bytes, PROT_READ | PROT_WRITE, flags, ws->fd, 0);
    if (table == MAP_FAILED)
        return refused(err, ws->path, "map");
    for (size_t i = 0; i < table_bytes; i += WORKSPACE_ALIGN)
        table[i] = table[i]; /* the write is what makes the page our own */
    mprotect(ws->map, table_bytes, PROT_READ);
    return MR_OK;
}

static int remember_path(struct mr_workspace *ws, const char *path, struct mr_err *err)
{
    *ws = (struct mr_workspace){.fd = -1};
    if (strlen(path) >= sizeof ws->path || *path == 0)
        return mr_err_set(err, MR_E_INVALID, "%s: a workspace path has 1 to %zu bytes", path, sizeof ws->path - 1);
    memcpy(ws->path, path, strlen(path) + 1);
    return MR_OK;
}

/* The epoch of the file that is there now, whichever version wrote it; 0 if there is none. */
static uint64_t present_epoch(const char *path)
{
    struct workspace_head head;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, &head, sizeof head);
    close(fd);
    return got == (ssize_t)sizeof head && head.magic == WORKSPACE_MAGIC ? head.epoch : 0;
}

/* All pages are taken now: a full tmpfs is an error here, not a SIGBUS later. */
static int open_new(struct mr_workspace *ws, const char *name, size_t bytes, struct mr_err *err)
{
    ws->fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (ws->fd < 0)
        return refused(err, name, "create");
    ws->uncommitted = true;
    if (fchmod(ws->fd, 0640) != 0) /* whatever the umask */
        return refused(err, name, "set the mode of");
    int no = posix_fallocate(ws->fd, 0, (off_t)bytes);
    if (no != 0) {
        errno = no;
        return refused(err, name, "give full size to");
    }
    ws->map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ws->fd, 0);
    if (ws->map == MAP_FAILED) {
        ws->map = NULL;
        return refused(err, name, "map");
    }
    ws->bytes = bytes;
    ws->writable = true;
    return MR_OK;
}

int mr_workspace_create(struct mr_workspace *ws, const char *path, const char *instance,
                        const struct mr_region_plan *regions, uint32_t count, struct mr_err *err)
{
    int status = remember_path(ws, path, err);
    if (status != MR_OK)
        return status;
    size_t bytes = mr_workspace_bytes(regions, count, err);
    if (bytes == 0)
        return MR_E_INVALID;
    char name[MR_WORKSPACE_PATH_BYTES + 24];
    temporary(ws, name, sizeof name);
    status = open_new(ws, name, bytes, err);
    if (status != MR_OK) {
        mr_workspace_close(ws);
        return status;
    }
    mr_workspace_format(ws->map, instance, present_epoch(path) + 1, regions, count);
    ws->region_count = count;
    return MR_OK;
}

int mr_workspace_commit(struct mr_workspace *ws, struct mr_err *err)
{
    MR_ASSERT(ws->uncommitted);
    char name[MR_WORKSPACE_PATH_BYTES + 24], old[MR_WORKSPACE_PATH_BYTES + 8];
    temporary(ws, name, sizeof name);
    snprintf(old, sizeof old, "%s.old", ws->path);
    int status = freeze(ws, workspace_table_bytes(ws->region_count), err);
    if (status != MR_OK)
        return status;
    /* a second name for the old file first, so that at no moment is there none at `path` */
    if (access(ws->path, F_OK) == 0 && ((unlink(old) != 0 && errno != ENOENT) || link(ws->path, old) != 0))
        return refused(err, old, "keep the last epoch's file as");
    if (rename(name, ws->path) != 0)
        return refused(err, ws->path, "rename the new file to");
    ws->uncommitted = false;
    return MR_OK;
}

static int map_existing(struct mr_workspace *ws, struct mr_err *err)
{
    struct stat st;
    int access_mode = ws->writable ? O_RDWR : O_RDONLY;
    ws->fd = open(ws->path, access_mode | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (ws->fd < 0)
        return refused(err, ws->path, "open");
    if (fstat(ws->fd, &st) != 0)
        return refused(err, ws->path, "look at");
    if (!S_ISREG(st.st_mode))
        return mr_err_set(err, MR_E_IO, "%s: not a plain file", ws->path);
    struct workspace_head head = {0};
    ssize_t got = pread(ws->fd, &head, sizeof head, 0);
    if (got < 0)
        return refused(err, ws->path, "read");
    int status =
        workspace_check_head(&head, got < (ssize_t)sizeof head ? (size_t)got : (size_t)st.st_size, ws->path, err);
    if (status != MR_OK)
        return status;
    int protection = ws->writable ? PROT_READ | PROT_WRITE : PROT_READ;
    ws->bytes = (size_t)st.st_size;
    ws->map = mmap(NULL, ws->bytes, protection, MAP_SHARED, ws->fd, 0);
    if (ws->map == MAP_FAILED) {
        ws->map = NULL;
        return refused(err, ws->path, "map");
    }
    return freeze(ws, workspace_table_bytes(head.region_count), err);
}

int mr_workspace_attach(struct mr_workspace *ws, const char *path, bool writable, struct mr_err *err)
{
    int status = remember_path(ws, path, err);
    if (status != MR_OK)
        return status;
    ws->writable = writable;
    status = map_existing(ws, err);
    if (status == MR_OK)
        status = workspace_check(ws->map, ws->bytes, path, err);
    if (status != MR_OK) {
        mr_workspace_close(ws);
        return status;
    }
    ws->region_count = ((const struct workspace_head *)ws->map)->region_count;
    return MR_OK;
}

void mr_workspace_close(struct mr_workspace *ws)
{
    if (ws->uncommitted) {
        char name[MR_WORKSPACE_PATH_BYTES + 24];
        temporary(ws, name, sizeof name);
        unlink(name);
    }
    if (ws->map && ws->fd >= 0)
        munmap(ws->map, ws->bytes);
    if (ws->fd >= 0)
        close(ws->fd);
    *ws = (struct mr_workspace){.fd = -1};
}
