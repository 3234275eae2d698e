#include "tests/controlplane/store/vfs_sim.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>

#define REGIONS_MAX 64

struct vfs_sim {
    sqlite3_vfs vfs;
    char name[16];
    struct sim_disk *disk;
    const struct mr_disk *ops;
    struct mr_random random;
    void *regions[REGIONS_MAX]; /* the index of the write-ahead log: memory, gone with the machine */
    bool busy;
};
struct file {
    sqlite3_file base;
    struct vfs_sim *v;
    int handle;
    bool new_name; /* the folder is synced with its first sync */
    char folder[160];
};

static struct file *file_of(sqlite3_file *f) { return (struct file *)f; }

static int sim_close(sqlite3_file *f)
{
    struct file *s = file_of(f);
    s->v->ops->close(s->v->ops->self, s->handle);
    return SQLITE_OK;
}

static int sim_read(sqlite3_file *f, void *out, int bytes, sqlite3_int64 at)
{
    struct file *s = file_of(f);
    int64_t n = s->v->ops->pread(s->v->ops->self, s->handle, out, (uint64_t)bytes, (uint64_t)at);
    if (n < 0)
        return SQLITE_IOERR_READ;
    memset((uint8_t *)out + n, 0, (size_t)(bytes - n));
    return n < bytes ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int sim_write(sqlite3_file *f, const void *data, int bytes, sqlite3_int64 at)
{
    struct file *s = file_of(f);
    int64_t n = s->v->ops->pwrite(s->v->ops->self, s->handle, data, (uint64_t)bytes, (uint64_t)at);
    return n == bytes ? SQLITE_OK : n >= 0 || n == -ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int sim_truncate(sqlite3_file *f, sqlite3_int64 bytes)
{
    struct file *s = file_of(f);
    return s->v->ops->truncate(s->v->ops->self, s->handle, (uint64_t)bytes) ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int sim_sync(sqlite3_file *f, int flags)
{
    struct file *s = file_of(f);
    (void)flags;
    if (s->v->ops->fdatasync(s->v->ops->self, s->handle))
        return SQLITE_IOERR_FSYNC;
    if (s->new_name && s->v->ops->sync_folder(s->v->ops->self, s->folder))
        return SQLITE_IOERR_DIR_FSYNC;
    s->new_name = false;
    return SQLITE_OK;
}

static int sim_size(sqlite3_file *f, sqlite3_int64 *size)
{
    struct file *s = file_of(f);
    int64_t n = s->v->ops->size(s->v->ops->self, s->handle);
    *size = n;
    return n < 0 ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

static int sim_lock(sqlite3_file *f, int level)
{
    (void)level;
    return file_of(f)->v->busy ? SQLITE_BUSY : SQLITE_OK;
}
static int sim_unlock(sqlite3_file *f, int level)
{
    (void)f, (void)level;
    return SQLITE_OK;
}
static int sim_reserved(sqlite3_file *f, int *out)
{
    (void)f;
    *out = 0;
    return SQLITE_OK;
}
static int sim_control(sqlite3_file *f, int op, void *arg)
{
    (void)f, (void)op, (void)arg;
    return SQLITE_NOTFOUND;
}
static int sim_sector(sqlite3_file *f)
{
    (void)f;
    return SIM_SECTOR;
}
static int sim_device(sqlite3_file *f)
{
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int sim_shm_map(sqlite3_file *f, int page, int bytes, int extend, void volatile **out)
{
    struct vfs_sim *v = file_of(f)->v;
    *out = NULL;
    if (page >= REGIONS_MAX)
        return SQLITE_IOERR_SHMMAP;
    if (!v->regions[page] && extend)
        v->regions[page] = calloc(1, (size_t)bytes);
    *out = v->regions[page];
    return SQLITE_OK;
}
static int sim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    (void)offset, (void)n;
    return file_of(f)->v->busy && (flags & SQLITE_SHM_LOCK) ? SQLITE_BUSY : SQLITE_OK;
}
static void sim_shm_barrier(sqlite3_file *f) { (void)f; }

static void forget_regions(struct vfs_sim *v)
{
    for (int i = 0; i < REGIONS_MAX; i++) {
        free(v->regions[i]);
        v->regions[i] = NULL;
    }
}

static int sim_shm_unmap(sqlite3_file *f, int remove)
{
    if (remove)
        forget_regions(file_of(f)->v);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = sim_close,
    .xRead = sim_read,
    .xWrite = sim_write,
    .xTruncate = sim_truncate,
    .xSync = sim_sync,
    .xFileSize = sim_size,
    .xLock = sim_lock,
    .xUnlock = sim_unlock,
    .xCheckReservedLock = sim_reserved,
    .xFileControl = sim_control,
    .xSectorSize = sim_sector,
    .xDeviceCharacteristics = sim_device,
    .xShmMap = sim_shm_map,
    .xShmLock = sim_shm_lock,
    .xShmBarrier = sim_shm_barrier,
    .xShmUnmap = sim_shm_unmap,
};

static bool exists(const struct vfs_sim *v, const char *path)
{
    uint64_t bytes;
    return sim_disk_read(v->disk, path, &bytes) != NULL;
}

static void folder_of(const char *path, char out[160])
{
    snprintf(out, 160, "%s", path);
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = 0;
}

static int sim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    struct vfs_sim *v = vfs->pAppData;
    struct file *s = file_of(f);
    s->base.pMethods = NULL;
    if (!name)
        return SQLITE_CANTOPEN; /* temporary files are in memory */
    bool there = exists(v, name);
    s->v = v;
    s->handle = v->ops->open(v->ops->self, name, O_RDWR | (flags & SQLITE_OPEN_CREATE ? O_CREAT : 0));
    if (s->handle < 0)
        return SQLITE_CANTOPEN;
    s->new_name = !there && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL));
    folder_of(name, s->folder);
    s->base.pMethods = &methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int sim_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    struct vfs_sim *v = vfs->pAppData;
    char folder[160];
    int r = sim_disk_unlink(v->disk, name);
    if (r)
        return r == -ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
    folder_of(name, folder);
    return sync && v->ops->sync_folder(v->ops->self, folder) ? SQLITE_IOERR_DIR_FSYNC : SQLITE_OK;
}

static int sim_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)flags;
    *out = exists(vfs->pAppData, name);
    return SQLITE_OK;
}
static int sim_full(sqlite3_vfs *vfs, const char *name, int bytes, char *out)
{
    (void)vfs;
    snprintf(out, (size_t)bytes, "%s", name);
    return SQLITE_OK;
}
static int sim_random(sqlite3_vfs *vfs, int bytes, char *out)
{
    struct vfs_sim *v = vfs->pAppData;
    for (int i = 0; i < bytes; i++)
        out[i] = (char)mr_random_next(&v->random);
    return bytes;
}
static int sim_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}
static int sim_time(sqlite3_vfs *vfs, double *days)
{
    (void)vfs;
    *days = 2461041.5;
    return SQLITE_OK;
}

struct vfs_sim *vfs_sim_open(const char *name)
{
    struct vfs_sim *v = calloc(1, sizeof *v);
    assert_non_null(v);
    snprintf(v->name, sizeof v->name, "%s", name);
    v->random.state = 77;
    v->vfs = (sqlite3_vfs){.iVersion = 1,
                           .szOsFile = sizeof(struct file),
                           .mxPathname = 150,
                           .zName = v->name,
                           .pAppData = v,
                           .xOpen = sim_open,
                           .xDelete = sim_delete,
                           .xAccess = sim_access,
                           .xFullPathname = sim_full,
                           .xRandomness = sim_random,
                           .xSleep = sim_sleep,
                           .xCurrentTime = sim_time};
    assert_int_equal(SQLITE_OK, sqlite3_vfs_register(&v->vfs, 0));
    return v;
}

void vfs_sim_close(struct vfs_sim *v)
{
    sqlite3_vfs_unregister(&v->vfs);
    forget_regions(v);
    free(v);
}

void vfs_sim_disk(struct vfs_sim *v, struct sim_disk *disk)
{
    forget_regions(v);
    v->disk = disk;
    v->ops = sim_disk_table(disk);
}

void vfs_sim_busy(struct vfs_sim *v, bool busy) { v->busy = busy; }
