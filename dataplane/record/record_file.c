/* One row of segments: opening, writing, what is left behind when the system refuses. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "dataplane/record/record_priv.h"

#define NUMBERS_MAX 1000000u
#define SUFFIX_BYTES 11 /* -NNNNNN.seg */

bool record_name_parse(const char *file, size_t *name_len, uint32_t *number)
{
    size_t n = strlen(file);
    if (n <= SUFFIX_BYTES || n >= RECORD_FILE_BYTES || file[n - SUFFIX_BYTES] != '-' ||
        strcmp(file + n - 4, ".seg") != 0)
        return false;
    *number = 0;
    for (size_t i = n - SUFFIX_BYTES + 1; i < n - 4; i++) {
        if (file[i] < '0' || file[i] > '9')
            return false;
        *number = *number * 10 + (uint32_t)(file[i] - '0');
    }
    *name_len = n - SUFFIX_BYTES;
    return true;
}

int record_file_init(struct record_file *f, const char *folder, const char *name, const struct mr_record_config *c)
{
    *f = (struct record_file){.folder = folder,
                              .name = name,
                              .write = c->write ? c->write : write,
                              .zstd_level = c->zstd_level < 0 ? 0 : c->zstd_level,
                              .writer = malloc(mr_capture_writer_bytes()),
                              .fd = -1};
    return f->writer ? MR_OK : MR_E_NOMEM;
}

void record_file_drop(struct record_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

void record_file_release(struct record_file *f)
{
    if (!f->writer)
        return;
    record_file_drop(f);
    free(f->writer);
    f->writer = NULL;
}

void record_file_current(const struct record_file *f, char out[RECORD_FILE_BYTES])
{
    out[0] = 0;
    if (f->writer && f->fd >= 0)
        snprintf(out, RECORD_FILE_BYTES, "%s-%06u.seg", f->name, f->current);
}

static int sink(void *arg, const uint8_t *data, size_t len)
{
    struct record_file *f = arg;
    while (len) {
        ssize_t n = f->write(f->fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO; /* no such answer is due: rather stop than turn in circles */
        if (n <= 0)
            return MR_E_IO;
        data += n;
        len -= (size_t)n;
        f->file_bytes += (uint64_t)n;
        f->stored_bytes += (uint64_t)n;
    }
    return MR_OK;
}

static int refused(struct record_file *f, const char *what)
{
    f->error = errno;
    f->what = what;
    return MR_E_IO;
}

/* Both the writer's flush and its add may have ended a block. */
static int wrote(struct record_file *f, int status)
{
    if (status == MR_OK) {
        f->good_bytes = f->file_bytes;
        f->pending = mr_capture_pending(f->writer);
        return MR_OK;
    }
    refused(f, "write");
    if (f->file_bytes > f->good_bytes && ftruncate(f->fd, (off_t)f->good_bytes) != 0)
        return MR_E_IO; /* the tear stays; readers know it */
    return MR_E_IO;
}

int record_file_open(struct record_file *f)
{
    char path[RECORD_PATH_BYTES];
    do {
        snprintf(path, sizeof path, "%s/%s-%06u.seg", f->folder, f->name, f->number++);
        f->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    } while (f->fd < 0 && errno == EEXIST && f->number < NUMBERS_MAX);
    f->current = f->number - 1;
    if (f->fd < 0) {
        f->number = f->current; /* so that no number is missing */
        return refused(f, "open");
    }
    f->file_bytes = f->good_bytes = f->front_bytes = 0;
    f->pending = 0;
    f->begun_ns = 0;
    mr_capture_writer_init(f->writer, f->zstd_level, sink, f);
    int status = wrote(f, mr_capture_begin(f->writer, f->name, f->current, record_wall_ns()));
    if (status) { /* a file without a head is no segment */
        record_file_drop(f);
        unlink(path);
        f->number = f->current;
    }
    return status;
}

int record_file_add(struct record_file *f, const struct mr_capture_record *record)
{
    f->pending++;
    return wrote(f, mr_capture_add(f->writer, record));
}

int record_file_flush(struct record_file *f) { return wrote(f, mr_capture_flush(f->writer)); }

int record_file_close(struct record_file *f, bool sync)
{
    int status = record_file_flush(f);
    if (status == MR_OK && sync && fdatasync(f->fd) != 0 && errno != EINVAL)
        status = refused(f, "sync");
    int fd = f->fd;
    f->fd = -1;
    if (close(fd) != 0 && status == MR_OK)
        status = refused(f, "close"); /* network file systems tell a full quota here */
    return status;
}
