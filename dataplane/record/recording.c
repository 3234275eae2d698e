#include "dataplane/record/recording.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/record/record_priv.h"

struct mr_recording {
    char folder[512], name[MR_RECORDING_NAME_BYTES];
    uint32_t *numbers, count, next; /* segments, ascending; the next to open */
    uint8_t *data;
    struct mr_capture_reader *reader;
    bool open;
    uint32_t torn;
    uint64_t lost;
};

/* ---- the folder ---- */

static bool parse(const char *file, size_t *name_len, uint32_t *number)
{
    return record_name_parse(file, name_len, number) && *name_len < MR_RECORDING_NAME_BYTES;
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool known(const struct mr_recording_names *names, const char *name)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (strcmp(names->name[i], name) == 0)
            return true;
    return false;
}

int mr_recording_list(const char *folder, struct mr_recording_names *out, struct mr_err *err)
{
    DIR *dir = opendir(folder);
    *out = (struct mr_recording_names){0};
    if (!dir)
        return mr_err_set(err, MR_E_IO, "%s: %s", folder, strerror(errno));
    int status = MR_OK;
    for (const struct dirent *e; (e = readdir(dir)) && !status;) {
        size_t len;
        uint32_t number;
        char name[MR_RECORDING_NAME_BYTES];
        if (!parse(e->d_name, &len, &number))
            continue;
        memcpy(name, e->d_name, len);
        name[len] = 0;
        if (known(out, name))
            continue;
        if (out->count == MR_RECORDING_NAMES_MAX)
            status = mr_err_set(err, MR_E_FULL, "%s: more than %d rows of segments", folder, MR_RECORDING_NAMES_MAX);
        else
            memcpy(out->name[out->count++], name, len + 1);
    }
    closedir(dir);
    if (!status && out->count == 0)
        status = mr_err_set(err, MR_E_EMPTY, "%s: no segments (NAME-NNNNNN.seg) in this folder", folder);
    if (out->count)
        qsort(out->name, out->count, sizeof out->name[0], by_name);
    return status;
}

static int find_numbers(struct mr_recording *r, struct mr_err *err)
{
    DIR *dir = opendir(r->folder);
    if (!dir)
        return mr_err_set(err, MR_E_IO, "%s: %s", r->folder, strerror(errno));
    uint32_t room = 0;
    int status = MR_OK;
    for (const struct dirent *e; (e = readdir(dir)) && !status;) {
        size_t len;
        uint32_t number;
        if (!parse(e->d_name, &len, &number) || len != strlen(r->name) || memcmp(e->d_name, r->name, len) != 0)
            continue;
        if (r->count == room) {
            room = room ? room * 2 : 16;
            uint32_t *more = realloc(r->numbers, room * sizeof *more);
            if (!more) {
                status = mr_err_set(err, MR_E_NOMEM, "%s: no memory for its list of segments", r->folder);
                break;
            }
            r->numbers = more;
        }
        r->numbers[r->count++] = number;
    }
    closedir(dir);
    if (!status && r->count == 0)
        status = mr_err_set(err, MR_E_EMPTY, "%s: no segment of %s", r->folder, r->name);
    if (r->count)
        qsort(r->numbers, r->count, sizeof *r->numbers, by_number);
    return status;
}

/* ---- segments ---- */

static uint8_t *read_file(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    uint8_t *data = fd >= 0 && fstat(fd, &st) == 0 ? malloc((size_t)st.st_size + 1) : NULL;
    *len = 0;
    while (data && *len < (size_t)st.st_size) {
        ssize_t n = read(fd, data + *len, (size_t)st.st_size - *len);
        if (n <= 0)
            break; /* what is there is read; the rest is a tear */
        *len += (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    return data;
}

/* The next segment that can be read; false: no more. */
static bool open_next(struct mr_recording *r)
{
    while (r->next < r->count) {
        char path[640];
        size_t len;
        uint32_t i = r->next++;
        r->torn += i && r->numbers[i] != r->numbers[i - 1] + 1;
        snprintf(path, sizeof path, "%s/%s-%06u.seg", r->folder, r->name, r->numbers[i]);
        free(r->data);
        r->data = read_file(path, &len);
        if (r->data && mr_capture_open(r->reader, r->data, len) == MR_OK)
            return r->open = true;
        r->torn++;
    }
    return false;
}

int mr_recording_open(struct mr_recording **out, const char *folder, const char *name, struct mr_err *err)
{
    struct mr_recording *r = calloc(1, sizeof *r);
    void *mem = malloc(mr_capture_reader_bytes());
    if (!r || !mem || strlen(folder) >= sizeof r->folder || strlen(name) >= sizeof r->name) {
        free(r);
        free(mem);
        return mr_err_set(err, MR_E_INVALID, "%s: no memory to read it, or a path too long", folder);
    }
    memcpy(r->folder, folder, strlen(folder) + 1);
    memcpy(r->name, name, strlen(name) + 1);
    r->reader = mr_capture_reader_init(mem);
    int status = find_numbers(r, err);
    if (status) {
        mr_recording_close(r);
        return status;
    }
    *out = r;
    return MR_OK;
}

int mr_recording_next(struct mr_recording *r, struct mr_capture_record *record)
{
    while (r->open || open_next(r)) {
        int status = mr_capture_next(r->reader, record);
        if (status == MR_OK) {
            r->lost += record_note_lost(record);
            return MR_OK;
        }
        r->torn += status != MR_E_END;
        r->open = false;
    }
    return MR_E_END;
}

uint64_t mr_recording_note_lost(const struct mr_capture_record *record) { return record_note_lost(record); }

uint32_t mr_recording_torn(const struct mr_recording *r) { return r->torn; }

uint64_t mr_recording_lost(const struct mr_recording *r) { return r->lost; }

uint32_t mr_recording_segment(const struct mr_recording *r)
{
    return r->next ? r->numbers[r->next - 1] : r->count ? r->numbers[0] : 0;
}

void mr_recording_close(struct mr_recording *r)
{
    free(r->numbers);
    free(r->data);
    free(r->reader);
    free(r);
}
