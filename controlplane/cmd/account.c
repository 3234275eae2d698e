#include "controlplane/cmd/account.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 100 /* accounts made in one second */
#define KEY_BYTES 16
#define SECRET_BYTES 32

static int make_folder(struct mr_own_account *a, const char *run_folder, int64_t now_ns, struct mr_err *err)
{
    for (int i = 0; i < TRIES; i++) {
        snprintf(a->folder, sizeof a->folder, "%.280s/account-%lld", run_folder, (long long)(now_ns / 1000000000) + i);
        if (mkdir(a->folder, 0700) == 0)
            return MR_OK;
        if (errno != EEXIST)
            return mr_err_set(err, MR_E_IO, "%s: cannot be made: %s", a->folder, strerror(errno));
    }
    return mr_err_set(err, MR_E_FULL, "%s: so are the %d before it; remove some", a->folder, TRIES);
}

/* `bytes` of chance as hexadecimal digits and a line's end. */
static bool random_line(char *out, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[SECRET_BYTES];
    bool good = bytes <= sizeof random && getrandom(random, bytes, 0) == (ssize_t)bytes;
    for (size_t i = 0; good && i < bytes; i++) {
        out[2 * i] = digits[random[i] >> 4];
        out[2 * i + 1] = digits[random[i] & 15];
    }
    out[2 * bytes] = '\n';
    explicit_bzero(random, sizeof random);
    return good;
}

static bool write_all(int fd, const char *text, size_t len) { return write(fd, text, len) == (ssize_t)len; }

static int write_credentials(const struct mr_own_account *a, struct mr_err *err)
{
    static const char head[] = "# Written by millrace run.\n- venue: paper\n  key: ", middle[] = "  secret: ";
    char line[2 * SECRET_BYTES + 1];
    int fd = open(a->credentials, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && fchmod(fd, 0600) == 0 && write_all(fd, head, sizeof head - 1) &&
                random_line(line, KEY_BYTES) && write_all(fd, line, 2 * KEY_BYTES + 1) &&
                write_all(fd, middle, sizeof middle - 1) && random_line(line, SECRET_BYTES) &&
                write_all(fd, line, sizeof line);
    int why = errno;
    explicit_bzero(line, sizeof line);
    if (fd >= 0)
        close(fd);
    return good ? MR_OK : mr_err_set(err, MR_E_IO, "%s: cannot be written: %s", a->credentials, strerror(why));
}

int mr_own_account_make(struct mr_own_account *a, const char *run_folder, int64_t now_ns, struct mr_err *err)
{
    int status = make_folder(a, run_folder, now_ns, err);
    snprintf(a->credentials, sizeof a->credentials, "%s/credentials", a->folder);
    return status ? status : write_credentials(a, err);
}
