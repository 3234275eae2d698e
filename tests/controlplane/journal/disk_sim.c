#include "tests/controlplane/journal/disk_sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define INODES_MAX 64
#define HANDLES_MAX 16
#define CHANGES_MAX 64
#define PATH_BYTES 160

struct bytes {
    uint8_t *data;
    uint64_t len, room;
};
struct inode {
    struct bytes now, disk;
    bool used, locked;
};
struct name {
    char path[PATH_BYTES];
    int inode; /* -1: none */
};
struct names {
    struct name list[INODES_MAX];
    uint32_t count;
};
struct change {
    char from[PATH_BYTES], to[PATH_BYTES]; /* from "": made; to "": removed */
    int inode;
};
struct sim_disk {
    struct mr_disk table;
    struct inode inodes[INODES_MAX];
    struct names now, disk;
    struct change changes[CHANGES_MAX]; /* of names, since they were synced */
    uint32_t change_count;
    struct {
        int inode;
        bool used, holds;
    } handles[HANDLES_MAX];
    uint64_t ops, by_kind[SIM_OPS], die_at, fail_at, fail_more, room;
    int fail_error;
    bool fail_half;
    sim_watch_fn *watch;
    void *watch_arg;
    uint8_t kinds[SIM_REMEMBERED];
    bool locks[SIM_REMEMBERED];
};

const char *sim_op_name(enum sim_op op)
{
    static const char *const names[SIM_OPS] = {"make_folder", "list",     "open",      "lock",   "size",       "pread",
                                               "pwrite",      "truncate", "fdatasync", "rename", "sync_folder"};
    return names[op];
}

/* ---- bytes ---- */

static void grow(struct bytes *b, uint64_t len)
{
    if (len > b->room) {
        uint64_t room = b->room ? b->room : 4096;
        while (room < len)
            room *= 2;
        b->data = realloc(b->data, room);
        assert_non_null(b->data);
        b->room = room;
    }
    if (len > b->len)
        memset(b->data + b->len, 0, len - b->len);
    b->len = len;
}

static void copy(struct bytes *to, const struct bytes *from)
{
    grow(to, from->len);
    if (from->len)
        memcpy(to->data, from->data, from->len);
}

static uint8_t at(const struct bytes *b, uint64_t i) { return i < b->len ? b->data[i] : 0; }

/* ---- names ---- */

static struct name *find(struct names *n, const char *path)
{
    for (uint32_t i = 0; i < n->count; i++)
        if (strcmp(n->list[i].path, path) == 0)
            return &n->list[i];
    return NULL;
}

static void point(struct names *n, const char *path, int inode)
{
    struct name *name = find(n, path);
    if (!name) {
        assert_true(n->count < INODES_MAX && strlen(path) < PATH_BYTES);
        name = &n->list[n->count++];
        snprintf(name->path, sizeof name->path, "%s", path);
    }
    name->inode = inode;
}

static void apply(struct names *n, const struct change *c)
{
    if (*c->from)
        point(n, c->from, -1);
    if (*c->to)
        point(n, c->to, c->inode);
}

static void changed(struct sim_disk *d, const char *from, const char *to, int inode)
{
    assert_true(d->change_count < CHANGES_MAX);
    struct change *c = &d->changes[d->change_count++];
    *c = (struct change){.inode = inode};
    snprintf(c->from, sizeof c->from, "%s", from);
    snprintf(c->to, sizeof c->to, "%s", to);
    apply(&d->now, c);
}

static int make_inode(struct sim_disk *d)
{
    for (int i = 0; i < INODES_MAX; i++) {
        bool named = false;
        for (uint32_t k = 0; k < d->now.count; k++)
            named |= d->now.list[k].inode == i;
        for (uint32_t k = 0; k < d->disk.count; k++)
            named |= d->disk.list[k].inode == i;
        for (uint32_t k = 0; k < HANDLES_MAX; k++)
            named |= d->handles[k].used && d->handles[k].inode == i;
        if (named)
            continue;
        d->inodes[i].now.len = d->inodes[i].disk.len = 0;
        d->inodes[i].locked = false;
        return i;
    }
    fail_msg("the simulated disk has too many files");
    return -1;
}

/* ---- what is asked ---- */

/* 0: go on; 1: half of it; else minus an errno. */
static int begin(struct sim_disk *d, enum sim_op op, int handle)
{
    if (d->watch &&
        (op == SIM_PWRITE || op == SIM_TRUNCATE || op == SIM_SYNC || op == SIM_RENAME || op == SIM_SYNC_FOLDER))
        d->watch(d->watch_arg, op);
    uint64_t number = d->ops++;
    if (number < SIM_REMEMBERED) {
        d->kinds[number] = (uint8_t)op;
        d->locks[number] = handle >= 0 && d->handles[handle].holds;
    }
    d->by_kind[op]++;
    if (number >= d->die_at)
        return -EIO;
    if (number < d->fail_at || number - d->fail_at > d->fail_more)
        return 0;
    return d->fail_half && number == d->fail_at && (op == SIM_PREAD || op == SIM_PWRITE) ? 1 : -d->fail_error;
}

static struct inode *inode_of(struct sim_disk *d, int handle)
{
    assert_true(handle >= 0 && handle < HANDLES_MAX && d->handles[handle].used);
    return &d->inodes[d->handles[handle].inode];
}

static int sim_make_folder(void *self, const char *folder)
{
    (void)folder;
    return begin(self, SIM_FOLDER, -1);
}

static int sim_list(void *self, const char *folder, mr_disk_name_fn *each, void *arg)
{
    struct sim_disk *d = self;
    size_t len = strlen(folder);
    int r = begin(d, SIM_LIST, -1);
    for (uint32_t i = 0; i < d->now.count && r >= 0; i++) {
        const struct name *n = &d->now.list[i];
        if (n->inode < 0)
            continue;
        if (strcmp(n->path, folder) == 0)
            return -ENOTDIR;
        if (strncmp(n->path, folder, len) == 0 && n->path[len] == '/')
            r = each(arg, n->path + len + 1);
    }
    return r;
}

static int sim_open(void *self, const char *path, int flags)
{
    struct sim_disk *d = self;
    int r = begin(d, SIM_OPEN, -1), handle = 0;
    const struct name *n = find(&d->now, path);
    int inode = n ? n->inode : -1;
    if (r < 0)
        return r;
    if (inode < 0 && !(flags & O_CREAT))
        return -ENOENT;
    if (inode < 0) {
        inode = make_inode(d);
        changed(d, "", path, inode);
    }
    if (flags & O_TRUNC)
        d->inodes[inode].now.len = 0;
    while (handle < HANDLES_MAX && d->handles[handle].used)
        handle++;
    assert_true(handle < HANDLES_MAX); /* else somebody forgets to close */
    d->handles[handle].used = true;
    d->handles[handle].holds = false;
    d->handles[handle].inode = inode;
    return handle;
}

static int sim_lock(void *self, int handle)
{
    struct sim_disk *d = self;
    int r = begin(d, SIM_LOCK, handle);
    if (r < 0)
        return r;
    struct inode *inode = inode_of(d, handle);
    if (inode->locked)
        return -EAGAIN;
    inode->locked = d->handles[handle].holds = true;
    return 0;
}

static bool sim_locked(void *self, int handle) { return inode_of(self, handle)->locked; }

static int64_t sim_size(void *self, int handle)
{
    int r = begin(self, SIM_SIZE, handle);
    return r < 0 ? r : (int64_t)inode_of(self, handle)->now.len;
}

static int64_t sim_pread(void *self, int handle, void *out, uint64_t bytes, uint64_t offset)
{
    int r = begin(self, SIM_PREAD, handle);
    const struct bytes *b = &inode_of(self, handle)->now;
    uint64_t left = offset < b->len ? b->len - offset : 0, n = bytes < left ? bytes : left;
    if (r < 0)
        return r;
    if (r > 0)
        n = (n + 1) / 2;
    if (n)
        memcpy(out, b->data + offset, n);
    return (int64_t)n;
}

static uint64_t taken(const struct sim_disk *d)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < d->now.count; i++)
        if (d->now.list[i].inode >= 0)
            all += d->inodes[d->now.list[i].inode].now.len;
    return all;
}

static int64_t sim_pwrite(void *self, int handle, const void *data, uint64_t bytes, uint64_t offset)
{
    struct sim_disk *d = self;
    int r = begin(d, SIM_PWRITE, handle);
    struct bytes *b = &inode_of(d, handle)->now;
    if (r < 0)
        return r;
    uint64_t n = r > 0 ? bytes / 2 : bytes, used = taken(d);
    if (offset + n > b->len && used + (offset + n - b->len) > d->room) {
        uint64_t room = d->room > used ? d->room - used : 0;
        n = b->len + room > offset ? b->len + room - offset : 0;
        if (n == 0)
            return -ENOSPC;
    }
    if (offset + n > b->len)
        grow(b, offset + n);
    if (n)
        memcpy(b->data + offset, data, n);
    return (int64_t)n;
}

static int sim_truncate(void *self, int handle, uint64_t bytes)
{
    int r = begin(self, SIM_TRUNCATE, handle);
    if (r >= 0)
        grow(&inode_of(self, handle)->now, bytes);
    return r < 0 ? r : 0;
}

static int sim_fdatasync(void *self, int handle)
{
    int r = begin(self, SIM_SYNC, handle);
    struct inode *inode = inode_of(self, handle);
    if (r >= 0)
        copy(&inode->disk, &inode->now);
    return r < 0 ? r : 0;
}

static int sim_rename(void *self, const char *from, const char *to)
{
    struct sim_disk *d = self;
    int r = begin(d, SIM_RENAME, -1);
    const struct name *n = find(&d->now, from);
    if (r < 0)
        return r;
    if (!n || n->inode < 0)
        return -ENOENT;
    changed(d, from, to, n->inode);
    return 0;
}

static int sim_sync_folder(void *self, const char *folder)
{
    struct sim_disk *d = self;
    (void)folder;
    int r = begin(d, SIM_SYNC_FOLDER, -1);
    for (uint32_t i = 0; i < d->change_count && r >= 0; i++)
        apply(&d->disk, &d->changes[i]);
    if (r >= 0)
        d->change_count = 0;
    return r < 0 ? r : 0;
}

static void sim_close(void *self, int handle)
{
    struct sim_disk *d = self;
    struct inode *inode = inode_of(d, handle);
    if (d->handles[handle].holds)
        inode->locked = false;
    d->handles[handle].used = d->handles[handle].holds = false;
}

struct sim_disk *sim_disk_new(void)
{
    struct sim_disk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    d->table = (struct mr_disk){.self = d,
                                .make_folder = sim_make_folder,
                                .list = sim_list,
                                .open = sim_open,
                                .lock = sim_lock,
                                .locked = sim_locked,
                                .size = sim_size,
                                .pread = sim_pread,
                                .pwrite = sim_pwrite,
                                .truncate = sim_truncate,
                                .fdatasync = sim_fdatasync,
                                .rename = sim_rename,
                                .sync_folder = sim_sync_folder,
                                .close = sim_close};
    d->die_at = d->fail_at = d->room = UINT64_MAX;
    return d;
}

void sim_disk_free(struct sim_disk *d)
{
    for (int i = 0; i < INODES_MAX; i++) {
        free(d->inodes[i].now.data);
        free(d->inodes[i].disk.data);
    }
    free(d);
}

const struct mr_disk *sim_disk_table(struct sim_disk *d) { return &d->table; }
uint64_t sim_disk_ops(const struct sim_disk *d) { return d->ops; }
uint64_t sim_disk_ops_of(const struct sim_disk *d, enum sim_op op) { return d->by_kind[op]; }
enum sim_op sim_disk_nth(const struct sim_disk *d, uint64_t n)
{
    assert_true(n < d->ops && n < SIM_REMEMBERED);
    return d->kinds[n];
}
bool sim_disk_nth_locks(const struct sim_disk *d, uint64_t n) { return n < SIM_REMEMBERED && d->locks[n]; }
void sim_disk_die_at(struct sim_disk *d, uint64_t number) { d->die_at = number; }
bool sim_disk_dead(const struct sim_disk *d) { return d->ops > d->die_at; }
void sim_disk_room(struct sim_disk *d, uint64_t bytes) { d->room = bytes; }

void sim_disk_fail_at(struct sim_disk *d, uint64_t number, uint64_t more, int error, bool half)
{
    d->fail_at = number;
    d->fail_more = more;
    d->fail_error = error;
    d->fail_half = half;
}

/* ---- crashes ---- */

static void settle(struct inode *inode, struct mr_random *random)
{
    uint64_t low = inode->now.len < inode->disk.len ? inode->now.len : inode->disk.len,
             high = inode->now.len < inode->disk.len ? inode->disk.len : inode->now.len, len = inode->disk.len;
    if (low != high && mr_random_below(random, 3) != 0)
        len = mr_random_below(random, 2) ? inode->now.len : low + mr_random_below(random, high - low + 1);
    for (uint64_t sector = 0; sector < high; sector += SIM_SECTOR) {
        uint64_t choice = mr_random_below(random, 5), kept = 0; /* bytes of it that are new */
        if (choice < 2)
            kept = SIM_SECTOR;
        else if (choice == 2)
            kept = mr_random_below(random, SIM_SECTOR);
        for (uint64_t i = sector; i < sector + kept && i < inode->now.len; i++) { /* what was cut off is not written */
            if (i >= inode->disk.len)
                grow(&inode->disk, i + 1);
            inode->disk.data[i] = at(&inode->now, i);
        }
    }
    grow(&inode->disk, len);
}

static void restart(struct sim_disk *d)
{
    for (int i = 0; i < INODES_MAX; i++) {
        copy(&d->inodes[i].now, &d->inodes[i].disk);
        d->inodes[i].locked = false;
    }
    memset(d->handles, 0, sizeof d->handles);
    d->now = d->disk;
    d->change_count = 0;
    d->die_at = d->fail_at = UINT64_MAX;
}

void sim_disk_crash(struct sim_disk *d, struct mr_random *random)
{
    uint64_t kept = mr_random_below(random, d->change_count + 1u);
    for (uint32_t i = 0; i < kept; i++)
        apply(&d->disk, &d->changes[i]);
    for (int i = 0; i < INODES_MAX; i++)
        settle(&d->inodes[i], random);
    restart(d);
}

void sim_disk_kill(struct sim_disk *d)
{
    for (uint32_t i = 0; i < d->change_count; i++)
        apply(&d->disk, &d->changes[i]);
    for (int i = 0; i < INODES_MAX; i++)
        copy(&d->inodes[i].disk, &d->inodes[i].now);
    restart(d);
}

/* ---- files from outside ---- */

const uint8_t *sim_disk_read(const struct sim_disk *d, const char *path, uint64_t *bytes)
{
    for (uint32_t i = 0; i < d->now.count; i++) {
        const struct name *n = &d->now.list[i];
        if (n->inode < 0 || strcmp(n->path, path) != 0)
            continue;
        *bytes = d->inodes[n->inode].now.len;
        return d->inodes[n->inode].now.data;
    }
    return NULL;
}

void sim_disk_put(struct sim_disk *d, const char *path, const void *data, uint64_t bytes)
{
    const struct name *n = find(&d->now, path);
    int inode = n && n->inode >= 0 ? n->inode : make_inode(d);
    point(&d->now, path, inode);
    point(&d->disk, path, inode);
    grow(&d->inodes[inode].now, 0);
    grow(&d->inodes[inode].now, bytes);
    if (bytes)
        memcpy(d->inodes[inode].now.data, data, bytes);
    copy(&d->inodes[inode].disk, &d->inodes[inode].now);
}

void sim_disk_remove(struct sim_disk *d, const char *path)
{
    point(&d->now, path, -1);
    point(&d->disk, path, -1);
}

int sim_disk_unlink(struct sim_disk *d, const char *path)
{
    int r = begin(d, SIM_RENAME, -1);
    const struct name *n = find(&d->now, path);
    if (r < 0)
        return r;
    if (!n || n->inode < 0)
        return -ENOENT;
    changed(d, path, "", -1);
    return 0;
}

struct sim_disk *sim_disk_clone(const struct sim_disk *d)
{
    struct sim_disk *c = sim_disk_new();
    for (int i = 0; i < INODES_MAX; i++) {
        copy(&c->inodes[i].now, &d->inodes[i].now);
        copy(&c->inodes[i].disk, &d->inodes[i].disk);
    }
    c->now = d->now;
    c->disk = d->disk;
    memcpy(c->changes, d->changes, sizeof c->changes);
    c->change_count = d->change_count;
    return c;
}

void sim_disk_watch(struct sim_disk *d, sim_watch_fn *watch, void *arg)
{
    d->watch = watch;
    d->watch_arg = arg;
}
