#include "tests/support/support.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

static const char *folder(const char *variable, const char *beside)
{
    const char *from = getenv(variable);
    struct stat st;
    if (from && *from)
        return stat(from, &st) == 0 ? from : NULL;
    return stat(beside, &st) == 0 ? beside : NULL;
}

static const char *required(const char *found, const char *what)
{
    const char *must = getenv("MILLRACE_REQUIRE_CAPTURES");
    if (!found && must && strcmp(must, "1") == 0) {
        fprintf(stderr, "%s not found, and MILLRACE_REQUIRE_CAPTURES=1\n", what);
        exit(1);
    }
    return found;
}

const char *mr_test_captures(void) { return required(folder("MILLRACE_CAPTURES", "../shared/captures"), "recordings"); }

const char *mr_test_testdata(void)
{
    return required(folder("MILLRACE_TESTDATA", "../shared/testdata"), "conformance data");
}

void mr_test_skip_line(const char *why) { printf("skipped: %s\n", why); }

static uint8_t *unpack(uint8_t *packed, size_t packed_len, size_t *len)
{
    size_t room = packed_len * 8 + 4096, used = 0;
    uint8_t *plain = malloc(room);
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {packed, packed_len, 0};
    while (in.pos < in.size) {
        if (used + 1 >= room)
            plain = realloc(plain, room *= 2);
        ZSTD_outBuffer out = {plain, room - 1, used};
        if (ZSTD_isError(ZSTD_decompressStream(stream, &out, &in)))
            break;
        used = out.pos;
    }
    ZSTD_freeDStream(stream);
    free(packed);
    plain[used] = 0;
    *len = used;
    return plain;
}

uint8_t *mr_test_read(const char *in, const char *name, size_t *len)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", in, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    struct stat st;
    fstat(fileno(f), &st);
    uint8_t *data = malloc((size_t)st.st_size + 1);
    *len = fread(data, 1, (size_t)st.st_size, f);
    data[*len] = 0;
    fclose(f);
    size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".zst") == 0 ? unpack(data, *len, len) : data;
}

void mr_test_golden(const char *folder, const char *name, const char *text)
{
    size_t len;
    if (getenv("MILLRACE_UPDATE")) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", folder, name);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
    }
    char *golden = (char *)mr_test_read(folder, name, &len);
    assert_non_null(golden);
    if (strcmp(golden, text) != 0)
        print_error("%s/%s is another (MILLRACE_UPDATE=1 rewrites it):\n%s\n", folder, name, text);
    assert_string_equal(golden, text);
    free(golden);
}

struct mr_guard mr_guard_open(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (len + page - 1) / page * page;
    struct mr_guard g = {.map_bytes = body + 2 * page};
    g.map = mmap(NULL, g.map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MR_ASSERT(g.map != MAP_FAILED);
    uint8_t *start = (uint8_t *)g.map + page;
    MR_ASSERT(body == 0 || mprotect(start, body, PROT_READ | PROT_WRITE) == 0);
    g.data = start + body - len;
    return g;
}

void mr_guard_close(struct mr_guard *g)
{
    munmap(g->map, g->map_bytes);
    g->map = NULL;
}

uint64_t mr_random_next(struct mr_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t mr_random_below(struct mr_random *r, uint64_t bound)
{
    return (uint64_t)(((mr_u128)mr_random_next(r) * bound) >> 64);
}

static int gone(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(path);
}

int mr_test_remove(const char *folder) { return nftw(folder, gone, 16, FTW_DEPTH | FTW_PHYS) ? -1 : 0; }

static int put_file(const char *folder, const char *name, const uint8_t *data, size_t len)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wbx");
    if (!f)
        return -1;
    const bool whole = fwrite(data, 1, len, f) == len;
    return fclose(f) == 0 && whole ? 0 : -1;
}

int mr_test_copy(const char *from, const char *to)
{
    DIR *d = opendir(from);
    int status = d && mkdir(to, 0700) == 0 ? 0 : -1;
    for (const struct dirent *e; status == 0 && (e = readdir(d));) {
        size_t len;
        uint8_t *data = e->d_type == DT_DIR ? NULL : mr_test_read(from, e->d_name, &len);
        if (e->d_type != DT_DIR)
            status = data ? put_file(to, e->d_name, data, len) : -1;
        free(data);
    }
    if (d)
        closedir(d);
    return status;
}

int mr_test_shell(char *out, size_t bytes, const char *format, ...)
{
    char command[4096], rest[4096];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_in_range(n, 1, sizeof command - 1);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    out[fread(out, 1, bytes - 1, f)] = 0;
    while (fread(rest, 1, sizeof rest, f) > 0) /* it would die of a closed pipe */
        continue;
    int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void mr_test_rest(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000l};
    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        continue;
}
