/* The page's file, the data folder, the signal. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controlplane/kill/kill_priv.h"

#define MAGIC 0x316c6c696b72696dull /* "mirkill1" */
static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2, "readable between processes");

/* Another arrangement of the page is another number. */
static uint64_t layout(void)
{
    return (uint64_t)offsetof(struct mr_kill_page, word) | (uint64_t)offsetof(struct mr_kill_page, venues) << 12 |
           (uint64_t)offsetof(struct mr_kill_page, strategies) << 24 | (uint64_t)sizeof(struct mr_kill_page) << 36;
}

struct mr_kill_page *mr_kill_page_init(void *mem)
{
    struct mr_kill_page *page = mem;
    MR_ASSERT((uintptr_t)mem % MR_LINE_BYTES == 0);
    memset(mem, 0, MR_KILL_PAGE_BYTES);
    page->layout = layout();
    page->bytes = MR_KILL_PAGE_BYTES;
    page->magic = MAGIC;
    return page;
}

static int verify(const struct mr_kill_page *page, const char *path, struct mr_err *err)
{
    if (page->magic != MAGIC)
        return mr_err_set(err, MR_E_MAGIC, "%s: not a kill switch's page", path);
    if (page->layout != layout() || page->bytes != MR_KILL_PAGE_BYTES)
        return mr_err_set(err, MR_E_LAYOUT, "%s: %s", path, mr_status_text(MR_E_LAYOUT));
    return MR_OK;
}

static int refused(const char *path, const char *what, struct mr_err *err)
{
    return mr_err_set(err, MR_E_IO, "%s: %s", path, what);
}

/* The file is plain, and nobody else's. */
static int trusted(int fd, const char *path, struct mr_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return refused(path, "not a regular file; remove it", err);
    if (st.st_uid != geteuid() && geteuid() != 0)
        return refused(path, "belongs to another user; remove it", err);
    return MR_OK;
}

static int map(struct mr_kill_page **page, int fd, const char *path, bool write, struct mr_err *err)
{
    void *mem = mmap(NULL, MR_KILL_PAGE_BYTES, PROT_READ | (write ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
    if (mem == MAP_FAILED)
        return refused(path, strerror(errno), err);
    *page = mem;
    return MR_OK;
}

int mr_kill_page_attach(struct mr_kill_page **page, const char *path, bool write, struct mr_err *err)
{
    struct stat st;
    int fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return refused(path, strerror(errno), err);
    int status = trusted(fd, path, err);
    if (status == MR_OK && (fstat(fd, &st) != 0 || st.st_size != MR_KILL_PAGE_BYTES))
        status = mr_err_set(err, MR_E_LAYOUT, "%s: %s", path, mr_status_text(MR_E_LAYOUT));
    if (status == MR_OK)
        status = map(page, fd, path, write, err);
    close(fd);
    if (status != MR_OK)
        return status;
    status = verify(*page, path, err);
    if (status != MR_OK)
        mr_kill_page_close(*page);
    return status;
}

/* Whole and with its mode before it has its name. */
static int make(struct mr_kill_page **page, const char *path, bool closed, struct mr_err *err)
{
    char made[300];
    if ((size_t)snprintf(made, sizeof made, "%s.new", path) >= sizeof made)
        return refused(path, "the path is too long", err);
    unlink(made);
    int fd = open(made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return refused(made, strerror(errno), err);
    int status =
        ftruncate(fd, MR_KILL_PAGE_BYTES) ? refused(made, strerror(errno), err) : map(page, fd, made, true, err);
    close(fd);
    if (status != MR_OK)
        return status;
    mr_kill_page_init(*page);
    if (closed)
        mr_kill_raise(*page, MR_KILL_DAMAGED);
    if (rename(made, path) == 0)
        return MR_OK;
    mr_kill_page_close(*page);
    return refused(path, strerror(errno), err);
}

int mr_kill_page_open(struct mr_kill_page **page, const char *path, struct mr_err *err)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? make(page, path, false, err) : refused(path, strerror(errno), err);
    if (!S_ISREG(st.st_mode))
        return refused(path, "not a regular file; remove it", err);
    if (st.st_mode & 077)
        chmod(path, 0600);
    int status = mr_kill_page_attach(page, path, true, err);
    return status == MR_E_LAYOUT || status == MR_E_MAGIC ? make(page, path, true, err) : status;
}

void mr_kill_page_close(struct mr_kill_page *page) { munmap(page, MR_KILL_PAGE_BYTES); }

/* ---- the data folder ---- */

static const char *const names[] = {[MR_KILL_FILE] = "KILL", [MR_KILL_FILE_SCOPES] = "KILL.scopes"};

static int folder_read(void *self, enum mr_kill_file file, char *out, uint32_t bytes)
{
    const struct mr_kill_folder *folder = self;
    struct stat st;
    if (fstatat(folder->fd, names[file], &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? MR_E_EMPTY : MR_E_IO;
    int fd = openat(folder->fd, names[file], O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? MR_E_EMPTY : MR_E_IO;
    ssize_t n = read(fd, out, bytes);
    close(fd);
    return n < 0 ? MR_E_IO : (int)n;
}

static int said(const struct mr_kill_folder *folder, const char *name, const char *what, struct mr_err *err)
{
    return mr_err_set(err, MR_E_IO, "%s/%s: %s: %s", folder->path, name, what, strerror(errno));
}

static int folder_write(void *self, enum mr_kill_file file, const char *text, uint32_t len, struct mr_err *err)
{
    const struct mr_kill_folder *folder = self;
    char made[32];
    snprintf(made, sizeof made, ".%s.new", names[file]);
    int fd = openat(folder->fd, made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return said(folder, made, "cannot be written", err);
    bool good = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    int status = good ? MR_OK : said(folder, made, "cannot be written", err);
    close(fd);
    if (good && (renameat(folder->fd, made, folder->fd, names[file]) != 0 || fsync(folder->fd) != 0))
        status = said(folder, names[file], "cannot be written", err);
    return status;
}

static int folder_erase(void *self, enum mr_kill_file file, struct mr_err *err)
{
    const struct mr_kill_folder *folder = self;
    if ((unlinkat(folder->fd, names[file], 0) != 0 && errno != ENOENT) || fsync(folder->fd) != 0)
        return said(folder, names[file], "cannot be removed; still killed", err);
    return MR_OK;
}

int mr_kill_folder_open(struct mr_kill_folder *folder, const char *path, struct mr_err *err)
{
    if ((size_t)snprintf(folder->path, sizeof folder->path, "%s", path) >= sizeof folder->path)
        return mr_err_set(err, MR_E_TOO_BIG, "%s: the path of the data folder is too long", path);
    for (char *slash = folder->path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(folder->path, 0755);
        *slash = '/';
    }
    mkdir(folder->path, 0750);
    folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0 || faccessat(folder->fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        int status = mr_err_set(err, MR_E_IO, "%s: cannot be made or written: %s", path, strerror(errno));
        if (folder->fd >= 0)
            close(folder->fd);
        return status;
    }
    return MR_OK;
}

void mr_kill_folder_close(struct mr_kill_folder *folder) { close(folder->fd); }

struct mr_kill_disk mr_kill_folder_disk(struct mr_kill_folder *folder)
{
    return (struct mr_kill_disk){folder, folder_read, folder_write, folder_erase};
}

bool mr_kill_folder_mark(const struct mr_kill_folder *folder, const char *text, size_t len)
{
    int fd = openat(folder->fd, names[MR_KILL_FILE],
                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return false;
    bool good = write(fd, text, len) >= 0; /* that it is there is what counts */
    good = fsync(fd) == 0 && good;
    close(fd);
    return fsync(folder->fd) == 0 && good;
}

/* ---- the signal: the handler has no argument, so the page stands here ---- */

static struct mr_kill_page *_Atomic signalled;

static void on_signal(int number, siginfo_t *info, void *context)
{
    struct mr_kill_page *page = atomic_load(&signalled);
    (void)number;
    (void)context;
    if (!page)
        return;
    atomic_store(&page->signal_uid, (uint32_t)info->si_uid);
    atomic_store(&page->signal_pid, (uint32_t)info->si_pid);
    mr_kill_raise(page, MR_KILL_BY_SIGNAL);
}

int mr_kill_signal(int number, struct mr_kill_page *page, struct mr_err *err)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    atomic_store(&signalled, page);
    if (sigaction(number, &action, NULL) != 0)
        return mr_err_set(err, MR_E_INVALID, "signal %d cannot be the kill switch's: %s", number, strerror(errno));
    return MR_OK;
}
