#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "dataplane/record/record_priv.h"
#include "dataplane/text/text.h"

#define HEAD_BYTES 128 /* of a segment; codecs/capture/README.md */
#define CREATED_AT 16
#define MEASURED_MAX 64        /* the latest segments tell the rate */
#define SHORT_NS 10000000000ll /* a segment written in less tells nothing */
#define ROWS_MAX 64

int64_t mr_disk_free(const char *folder)
{
    char path[RECORD_PATH_BYTES];
    struct statvfs st;
    snprintf(path, sizeof path, "%s", folder);
    while (statvfs(path, &st) != 0) { /* not made yet: what is above it */
        char *slash = strrchr(path, '/');
        if (errno != ENOENT || !slash || !*folder)
            return -1;
        if (slash == path && !slash[1])
            return -1;
        slash[slash == path] = 0;
    }
    uint64_t free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    return free_bytes > INT64_MAX ? INT64_MAX : (int64_t)free_bytes;
}

/* ---- what is there ---- */

struct segment {
    char file[RECORD_FILE_BYTES];
    uint32_t name_len;
    uint64_t bytes;
    int64_t written_ns;
};
struct list {
    struct segment *segment;
    uint32_t count, room;
};

/* What a record tile writes; cuts and merges that lie in the same folder are somebody's work. */
static bool is_row(const char *file, size_t len, const char *row)
{
    if (row)
        return strlen(row) == len && memcmp(file, row, len) == 0;
    size_t front = strncmp(file, "feed-", 5) == 0 ? 5 : strncmp(file, "engine-", 7) == 0 ? 7 : 0;
    if (!front || front == len)
        return false;
    while (front < len && file[front] >= '0' && file[front] <= '9')
        front++;
    return front == len;
}

static int by_age(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;
    if (x->written_ns != y->written_ns)
        return x->written_ns < y->written_ns ? -1 : 1;
    return strcmp(x->file, y->file);
}

static int read_list(const char *folder, const char *row, struct list *l)
{
    DIR *dir = opendir(folder);
    *l = (struct list){0};
    if (!dir)
        return errno == ENOENT ? MR_OK : MR_E_IO;
    for (const struct dirent *e; (e = readdir(dir));) {
        struct stat st;
        size_t len;
        uint32_t number;
        if (!record_name_parse(e->d_name, &len, &number) || !is_row(e->d_name, len, row) ||
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            continue;
        if (l->count == l->room) {
            uint32_t room = l->room ? l->room * 2 : 64;
            struct segment *more = realloc(l->segment, room * sizeof *more);
            if (!more)
                break; /* those that are known serve */
            l->segment = more;
            l->room = room;
        }
        struct segment *s = &l->segment[l->count++];
        *s = (struct segment){.name_len = (uint32_t)len,
                              .bytes = (uint64_t)st.st_size,
                              .written_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec};
        memcpy(s->file, e->d_name, strlen(e->d_name) + 1);
    }
    closedir(dir);
    if (l->count)
        qsort(l->segment, l->count, sizeof *l->segment, by_age);
    return MR_OK;
}

/* How long a segment was written: from the time in its head to its last change. 0: not known. */
static int64_t took_ns(const char *folder, const struct segment *s)
{
    char path[RECORD_PATH_BYTES + RECORD_FILE_BYTES];
    uint8_t head[HEAD_BYTES];
    int64_t created_ns;
    snprintf(path, sizeof path, "%s/%s", folder, s->file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, head, sizeof head);
    close(fd);
    if (n != sizeof head || memcmp(head, "MRCAPSEG", 8) != 0)
        return 0;
    memcpy(&created_ns, head + CREATED_AT, sizeof created_ns);
    return created_ns > 0 && s->written_ns > created_ns ? s->written_ns - created_ns : 0;
}

static uint64_t rate_of(const char *folder, const struct list *l)
{
    struct {
        const struct segment *first;
        double bytes, seconds;
    } rows[ROWS_MAX];
    uint32_t count = 0;
    for (uint32_t i = l->count > MEASURED_MAX ? l->count - MEASURED_MAX : 0; i < l->count; i++) {
        const struct segment *s = &l->segment[i];
        int64_t ns = took_ns(folder, s);
        uint32_t k = 0;
        while (k < count &&
               (rows[k].first->name_len != s->name_len || memcmp(rows[k].first->file, s->file, s->name_len) != 0))
            k++;
        if (ns < SHORT_NS || k == ROWS_MAX)
            continue;
        if (k == count) {
            rows[k].first = s;
            rows[k].bytes = rows[k].seconds = 0;
            count++;
        }
        rows[k].bytes += (double)s->bytes;
        rows[k].seconds += (double)ns / 1e9;
    }
    double all = 0;
    for (uint32_t k = 0; k < count; k++)
        all += rows[k].bytes / rows[k].seconds;
    return (uint64_t)all;
}

int mr_disk_segments(const char *folder, struct mr_disk_segments *out)
{
    struct list l;
    *out = (struct mr_disk_segments){0};
    int status = read_list(folder, NULL, &l);
    if (status)
        return status;
    for (uint32_t i = 0; i < l.count; i++)
        out->bytes += l.segment[i].bytes;
    out->files = l.count;
    out->per_s = rate_of(folder, &l);
    if (l.count) {
        out->oldest_ns = l.segment[0].written_ns;
        out->newest_ns = l.segment[l.count - 1].written_ns;
    }
    free(l.segment);
    return MR_OK;
}

/* ---- removing ---- */

static bool is_open(const struct mr_disk_keep *k, const char *file)
{
    for (uint32_t i = 0; i < k->open_count; i++)
        if (strcmp(k->open[i], file) == 0)
            return true;
    return false;
}

int mr_disk_keep(const char *folder, const struct mr_disk_keep *k)
{
    struct list l;
    int removed = 0, status = read_list(folder, k->row, &l);
    if (status)
        return status;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < l.count; i++)
        bytes += l.segment[i].bytes;
    for (uint32_t i = 0; i < l.count; i++) {
        const struct segment *s = &l.segment[i];
        char path[RECORD_PATH_BYTES + RECORD_FILE_BYTES];
        bool old = k->age_ns && k->now_ns - s->written_ns > k->age_ns, many = k->bytes && bytes > k->bytes,
             room =
                 !old && !many && k->want_free && (k->free_bytes ? k->free_bytes : mr_disk_free)(folder) < k->want_free;
        if (!old && !many && !room)
            break; /* those behind it are younger */
        snprintf(path, sizeof path, "%s/%s", folder, s->file);
        if (is_open(k, s->file) || unlink(path) != 0)
            continue;
        bytes -= s->bytes;
        removed++;
    }
    free(l.segment);
    return removed;
}

/* ---- how long it lasts ---- */

static void add_bytes(struct mr_text *t, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    uint32_t u = 0;
    for (; bytes >= 1000 && u + 1 < MR_COUNT_OF(units); u++)
        bytes /= 1000;
    mr_text_format(t, u ? "%.1f %s" : "%.0f %s", bytes, units[u]);
}

static void add_time(struct mr_text *t, int64_t ns)
{
    double s = (double)ns / 1e9;
    if (s < 120)
        mr_text_format(t, "%.0f s", s);
    else if (s < 7200)
        mr_text_format(t, "%.0f min", s / 60);
    else if (s < 172800)
        mr_text_format(t, "%.1f h", s / 3600);
    else
        mr_text_format(t, "%.1f days", s / 86400);
}

/* What may be written on, the segments that are there left alone. */
static double room_of(const struct mr_disk_budget *b)
{
    double room = (double)b->free_bytes - (double)b->least_free;
    return room > 0 ? room : 0;
}

int64_t mr_disk_lasts(const struct mr_disk_budget *b)
{
    if (b->free_bytes < 0 || b->per_s <= 0)
        return -1;
    /* what is kept never grows beyond its bound: enough free room for that, and there is no end */
    if (b->oldest || (b->keep_bytes && room_of(b) + (double)b->used_bytes >= (double)b->keep_bytes))
        return INT64_MAX;
    double ns = room_of(b) / b->per_s * 1e9;
    return ns < 9e18 ? (int64_t)ns : INT64_MAX;
}

bool mr_disk_budget(const struct mr_disk_budget *b, char *out, size_t bytes)
{
    struct mr_text t;
    mr_text_init(&t, out, bytes);
    int64_t lasts_ns = mr_disk_lasts(b);
    if (b->free_bytes < 0) {
        mr_text_add(&t, "free space unknown");
    } else {
        add_bytes(&t, (double)b->free_bytes);
        mr_text_add(&t, " free");
    }
    if (b->per_s <= 0) {
        mr_text_add(&t, "; no rate known yet (record.rate gives one; else it is measured)");
        return true;
    }
    mr_text_add(&t, "; ");
    add_bytes(&t, b->per_s);
    mr_text_format(&t, "/s (%s)", b->source ? b->source : "?");
    if (lasts_ns < 0)
        return true;
    if (lasts_ns == INT64_MAX) {
        double kept = b->keep_bytes ? (double)b->keep_bytes : room_of(b) + (double)b->used_bytes;
        int64_t ns = kept / b->per_s < 9e9 ? (int64_t)(kept / b->per_s * 1e9) : INT64_MAX;
        mr_text_add(&t, ": no end, the last ");
        add_time(&t, ns);
        mr_text_add(&t, " are kept");
        if (!b->want_ns || ns >= b->want_ns)
            return true;
    } else {
        mr_text_add(&t, ": room for ");
        add_time(&t, lasts_ns);
        if (!b->want_ns || lasts_ns >= b->want_ns)
            return true;
    }
    mr_text_add(&t, "; record.budget wants ");
    add_time(&t, b->want_ns);
    return false;
}
