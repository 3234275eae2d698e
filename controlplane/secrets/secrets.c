#include "controlplane/secrets/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert(MR_CREDENTIALS_BYTES == 4096, "the smallest page there is");

int mr_secrets_harden(struct mr_err *err)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return mr_err_set(err, MR_E_IO, "core dumps cannot be switched off: %s", strerror(errno));
    return MR_OK;
}

static size_t page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* Guard, page, guard. */
static int map(struct mr_secrets *secrets, struct mr_err *err)
{
    const size_t page = page_bytes();
    void *mem = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED)
        return mr_err_set(err, MR_E_NOMEM, "no page for credentials: %s", strerror(errno));
    secrets->map = mem;
    secrets->page = (uint8_t *)mem + page;
    if (mprotect(secrets->page, page, PROT_READ | PROT_WRITE) || madvise(secrets->page, page, MADV_DONTDUMP) ||
        madvise(secrets->page, page, MADV_WIPEONFORK))
        return mr_err_set(err, MR_E_IO, "the page of credentials cannot be protected: %s", strerror(errno));
    if (mlock2(secrets->page, page, 0)) /* not mlock, which a sanitizer makes a no-op */
        return mr_err_set(err, MR_E_IO,
                          "the page of credentials cannot be locked: %s; raise the locked-memory limit (ulimit -l)",
                          strerror(errno));
    return MR_OK;
}

/* As it must be kept, or the sentence with the way out. Of the open file, so that nobody swaps it meanwhile. */
static int kept_well(int fd, const char *path, struct stat *st, struct mr_err *err)
{
    if (fstat(fd, st) != 0)
        return mr_err_set(err, MR_E_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st->st_mode))
        return mr_err_set(err, MR_E_INVALID, "%s: not a regular file", path);
    if (st->st_uid != geteuid())
        return mr_err_set(err, MR_E_INVALID, "%s: belongs to user %u, this process is user %u; chown it", path,
                          (unsigned)st->st_uid, (unsigned)geteuid());
    if ((st->st_mode & 07777) != 0600)
        return mr_err_set(err, MR_E_INVALID,
                          "%s: mode %04o, want 0600; chmod 600 it, and change the keys if others could read it", path,
                          (unsigned)st->st_mode & 07777);
    if (st->st_nlink != 1)
        return mr_err_set(err, MR_E_INVALID, "%s: has %u names; remove the others", path, (unsigned)st->st_nlink);
    if (st->st_size > MR_CREDENTIALS_BYTES)
        return mr_err_set(err, MR_E_TOO_BIG, "%s: %lld bytes, at most %d are taken", path, (long long)st->st_size,
                          MR_CREDENTIALS_BYTES);
    return MR_OK;
}

static int read_into(struct mr_secrets *secrets, int fd, const char *path, uint32_t *len, struct mr_err *err)
{
    *len = 0;
    ssize_t n;
    while (*len < MR_CREDENTIALS_BYTES && (n = read(fd, secrets->page + *len, MR_CREDENTIALS_BYTES - *len)) != 0) {
        if (n < 0)
            return mr_err_set(err, MR_E_IO, "%s: %s", path, strerror(errno));
        *len += (uint32_t)n;
    }
    /* the kernel's copy is the file's own; it is no longer needed here */
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    return MR_OK;
}

int mr_secrets_open(struct mr_secrets *secrets, const char *path, struct mr_err *err)
{
    struct stat st;
    uint32_t len = 0;
    memset(secrets, 0, sizeof *secrets);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return mr_err_set(err, errno == ELOOP ? MR_E_INVALID : MR_E_IO, "%s: %s", path,
                          errno == ELOOP ? "a symbolic link; name the file itself" : strerror(errno));
    int status = kept_well(fd, path, &st, err);
    if (status == MR_OK)
        status = map(secrets, err);
    if (status == MR_OK)
        status = read_into(secrets, fd, path, &len, err);
    close(fd);
    if (status == MR_OK)
        status = mr_secrets_parse(secrets, path, secrets->page, len, err);
    if (status == MR_OK && mprotect(secrets->page, page_bytes(), PROT_READ) != 0)
        status = mr_err_set(err, MR_E_IO, "the page of credentials cannot be protected: %s", strerror(errno));
    if (status != MR_OK)
        mr_secrets_close(secrets);
    return status;
}

const struct mr_credential *mr_secrets_of(const struct mr_secrets *secrets, const char *venue)
{
    for (uint32_t i = 0; i < secrets->count; i++)
        if (strcmp(secrets->credentials[i].venue, venue) == 0)
            return &secrets->credentials[i];
    return NULL;
}

void mr_secrets_close(struct mr_secrets *secrets)
{
    const size_t page = page_bytes();
    if (secrets->map) {
        if (mprotect(secrets->page, page, PROT_READ | PROT_WRITE) == 0)
            explicit_bzero(secrets->page, page);
        munlock(secrets->page, page);
        munmap(secrets->map, 3 * page);
    }
    explicit_bzero(secrets, sizeof *secrets);
}
