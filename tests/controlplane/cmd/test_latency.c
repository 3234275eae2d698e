/* millrace latency on a workspace made here. Saved files: compared, or refused. --hdr-log: decoded here byte by byte, and opened by HdrHistogram's own reader (npm: hdr-histogram-js).
 * Arguments: the program, and the folder with that reader's package.json. */
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/controlplane/cmd/saved.h"

static const char *reader;
static char line[1 << 16];

static int up(void **state)
{
    (void)state;
    made_open(&made); /* lag_ns: 1 ms, 2 ms, ... 100 ms */
    MR_RECORD(made.feed, lag_ns, 0);
    MR_RECORD(made.feed, lag_ns, 5);
    MR_RECORD(made.feed, lag_ns, -7); /* counted apart: in no log */
    for (int i = 0; i < 70000; i++)
        MR_RECORD(made.feed, lag_ns, 2049);
    MR_RECORD(made.feed, lag_ns, 3600000000123ll);
    return 0;
}
/* ---- decoded here ---- */

struct decoded {
    uint64_t count[33 << 10], total;
    uint32_t length;
};

static uint64_t big_endian(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    while (bytes--)
        value = value << 8 | *at++;
    return value;
}

static int64_t zigzag(const uint8_t **at, const uint8_t *end)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 9; i++) {
        assert_true(*at < end);
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(i < 8 ? byte & 0x7f : byte) << 7 * i;
        if (i < 8 && !(byte & 0x80))
            break;
    }
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static void decode(struct decoded *d, const char *base64)
{
    static uint8_t packed[1 << 16], plain[1 << 20];
    uLongf len = sizeof plain;
    assert_int_equal(strlen(base64) % 4, 0);
    int bytes = EVP_DecodeBlock(packed, (const uint8_t *)base64, (int)strlen(base64));
    assert_true(bytes > 8);
    assert_int_equal(big_endian(packed, 4), 0x1c849314);
    uint64_t inside = big_endian(packed + 4, 4);
    assert_true(inside <= (uint64_t)bytes - 8 && inside + 2 >= (uint64_t)bytes - 8); /* base64 fills up to three */
    assert_int_equal(uncompress(plain, &len, packed + 8, (uLong)inside), Z_OK);
    assert_int_equal(big_endian(plain, 4), 0x1c849313);
    assert_int_equal(big_endian(plain + 4, 4) + 40, len);
    assert_int_equal(big_endian(plain + 8, 4), 0);
    assert_int_equal(big_endian(plain + 12, 4), 3);
    assert_int_equal(big_endian(plain + 16, 8), 1);
    assert_int_equal(big_endian(plain + 24, 8), (1ull << 42) - 1);
    assert_int_equal(big_endian(plain + 32, 8), 0x3ff0000000000000); /* 1.0 */
    memset(d, 0, sizeof *d);
    for (const uint8_t *at = plain + 40, *end = plain + len; at < end;) {
        int64_t n = zigzag(&at, end);
        if (n < 0) {
            d->length += (uint32_t)-n;
            continue;
        }
        assert_true(d->length < MR_COUNT_OF(d->count));
        d->count[d->length++] = (uint64_t)n;
        d->total += (uint64_t)n;
    }
}

/* By HdrHistogram's own words: 2,048 values one by one, then 1,024 sub-buckets a power of two. */
static uint64_t counted(const struct decoded *d, uint64_t value)
{
    uint32_t power = 0;
    while (value >> power >= 2048)
        power++;
    return d->count[(power << 10) + (value >> power)];
}

/* The line of a tag, cut into its fields; fields[4] is the histogram. */
static void find_line(const char *tag, char *fields[5])
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "\nTag=%s,", tag);
    const char *at = strstr(out, wanted);
    assert_non_null(at);
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
    char *rest = line;
    for (int i = 0; i < 5; i++)
        assert_non_null(fields[i] = strsep(&rest, ","));
    assert_null(rest);
}

static void every_value_stands_in_the_log_once_in_its_bucket(void **state)
{
    (void)state;
    static struct decoded d;
    char *fields[5];
    assert_int_equal(latency("--hdr-log -"), 0);
    assert_non_null(strstr(out, "#[Histogram log format version 1.3]\n#[StartTime: "));
    assert_non_null(strstr(out, "#coordinated omission: not corrected"));
    assert_non_null(
        strstr(out, "\n\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"));
    find_line("feed.lag_ns{venue=binance;product=usdm}", fields);
    assert_string_equal(fields[1], "0.000");
    assert_string_equal(fields[3], "3600000.000123"); /* ms, exact */
    decode(&d, fields[4]);
    assert_int_equal(d.total, 100 + 2 + 70000 + 1);
    assert_int_equal(counted(&d, 0), 1);
    assert_int_equal(counted(&d, 5), 1);
    /* 128 sub-buckets: 2049 lies in 2048 .. 2063, whose upper end stands for it */
    assert_int_equal(counted(&d, 2063), 70000);
    assert_int_equal(counted(&d, 2049), 0);
    assert_int_equal(counted(&d, 3600000000123), 1); /* the maximum stands where it is */
}

static void intervals_are_lines_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(latency("--interval 0.05 --count 2 --hdr-log log --pace 1000000"), 0);
    assert_non_null(strstr(out, "coordinated omission: corrected, as if a value had been due each 1000000 ns"));
    /* nothing came meanwhile: a heading, and no lines */
    assert_int_equal(mr_test_shell(out, sizeof out, "cat '%s/log'", made.folder), 0);
    assert_non_null(strstr(out, "#coordinated omission: corrected"));
    assert_null(strstr(out, "Tag="));
}

static void slips_are_refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *args, *says;
        int code;
    } cases[] = {
        {"--hdr-log - --json", "stdout has the log, and nothing else", 2},
        {"--hdr-log - --histogram", "stdout has the log, and nothing else", 2},
        {"--hdr-log no/such/log", "no/such/log: cannot write: No such file", 3},
        {"--hdr-log /dev/full", "/dev/full: cannot write", 3},
        {"--hdr-log", "requires an argument", 2},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        int code = latency(cases[i].args);
        if (code != cases[i].code || !strstr(out, cases[i].says))
            fail_msg("%s: exit %d: %.300s", cases[i].args, code, out);
    }
}

/* ---- saved files ---- */

/* Writes what the file `from` has up to `bytes` of it into the file "cut". */
static void cut_file(const char *from, size_t bytes)
{
    char path[128];
    size_t len;
    uint8_t *data = mr_test_read(made.folder, from, &len);
    assert_non_null(data);
    assert_true(bytes <= len);
    snprintf(path, sizeof path, "%s/cut", made.folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    fclose(f);
    free(data);
}

static void a_saved_file_that_is_cut_anywhere_is_refused_by_name(void **state)
{
    (void)state;
    size_t len;
    assert_int_equal(latency("--save a"), 0);
    assert_int_equal(diff("a a"), 0);
    assert_non_null(strstr(out, "+0.0 %"));
    uint8_t *data = mr_test_read(made.folder, "a", &len);
    assert_non_null(data);
    free(data);
    for (size_t at = 0; at < len; at += 1 + len / 60) {
        cut_file("a", at);
        int code = diff("a cut");
        if (code != 2 || !strstr(out, "latency: cut"))
            fail_msg("cut at %zu of %zu: exit %d: %.300s", at, len, code, out);
    }
    cut_file("a", len - 1 - strlen("end 1")); /* whole histograms, and no end */
    assert_int_equal(diff("cut a"), 2);
    assert_non_null(strstr(out, "cut: is cut, its last line is missing"));
}

static void saved_files_that_are_not_ours_are_refused_by_name(void **state)
{
    (void)state;
#define HEAD "millrace-latency 3\ntaken 5 by build\n"
    static const struct {
        const char *says, *text, *why;
    } cases[] = {
        {"another version", "millrace-latency 4\nend 0\n", "of a version that this build does not read"},
        {"another file", "latency 3\nend 0\n", "not a file that --save made"},
        {"an empty file", "", "not a file that --save made"},
        {"something after the end", HEAD "end 0\nend 0\n", "not a histogram"},
        {"another number of histograms", HEAD "end 1\n", "not a histogram"},
        {"a histogram of no size", HEAD "a\tb\tc\td\n= 8 0 0 0 0 0\n.\nend 1\n", "not a histogram"},
        {"a bucket beyond the range", HEAD "a\tb\tc\td\n= 7 0 0 0 0 0\n4398046511104 1\n.\nend 1\n", "not a histogram"},
        {"a negative count", HEAD "a\tb\tc\td\n= 7 0 0 0 0 0\n1 -1\n.\nend 1\n", "not a histogram"},
        {"a sum beyond 64 bits", HEAD "a\tb\tc\td\n= 7 0 0 99999999999999999999 0 0\n.\nend 1\n", "not a histogram"},
        {"a least above the most", HEAD "a\tb\tc\td\n= 7 0 0 0 6 5\n.\nend 1\n", "not a histogram"},
        {"too few names", HEAD "a\tb\n= 7 0 0 0 0 0\n.\nend 1\n", "not a histogram"},
    };
    assert_int_equal(latency("--save a"), 0);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        write_file("bad", cases[i].text);
        int code = diff("a bad");
        if (code != 2 || !strstr(out, "bad") || !strstr(out, cases[i].why))
            fail_msg("%s: exit %d: %.300s", cases[i].says, code, out);
    }
}

static void what_only_one_of_two_files_has_is_told(void **state)
{
    (void)state;
    write_file("none", HEAD "end 0\n");
    assert_int_equal(latency("--save a"), 0);
    assert_int_equal(diff("none a"), 0);
    assert_non_null(strstr(out, "0 histograms are in both; 0 in none alone, "));
}

/* ---- HdrHistogram's own reader ---- */

/* Its package, as locked, in a folder beside the build's; false: there is none, and why is told. */
static bool have_reader(char modules[4200])
{
    snprintf(modules, 4200, "%s/hdr-reader",
             getenv("MILLRACE_TEST_BUILD") ? getenv("MILLRACE_TEST_BUILD") : made.folder);
    if (mr_test_shell(out, sizeof out, "command -v node && command -v npm") != 0) {
        mr_test_skip_line("HdrHistogram's own reader: node and npm are missing");
        return false;
    }
    if (mr_test_shell(
            out, sizeof out,
            "mkdir -p '%s' && cd '%s' && cp '%s'/package.json '%s'/package-lock.json . && "
            "{ cmp -s package-lock.json node_modules/.ours || { timeout 90 npm ci --no-audit --no-fund 2>&1 && "
            "cp package-lock.json node_modules/.ours; }; }",
            modules, modules, reader, reader) != 0) {
        mr_test_skip_line("HdrHistogram's own reader: npm cannot fetch hdr-histogram-js");
        return false;
    }
    return true;
}

/* Ours, from the CSV: count, p50, p90, p99, p99.9, max of the row. */
static void ours(int64_t want[6])
{
    char row[512];
    assert_int_equal(latency("--csv"), 0);
    const char *at = strstr(out, "feed,\"venue=binance,product=usdm\",lag_ns,ns,");
    assert_non_null(at);
    snprintf(row, sizeof row, "%.*s", (int)strcspn(at, "\n"), at);
    long long count, p50, p90, p99, p99_9, max;
    assert_int_equal(
        sscanf(row,
               "feed,\"venue=binance,product=usdm\",lag_ns,ns,%lld,%*d,%*d,%*f,%*d,%lld,%lld,%lld,%lld,%*d,%*d,%lld",
               &count, &p50, &p90, &p99, &p99_9, &max),
        6);
    const int64_t all[6] = {count, p50, p90, p99, p99_9, max};
    memcpy(want, all, sizeof all);
}

static void hdrhistograms_own_reader_opens_the_log_and_finds_the_same(void **state)
{
    (void)state;
    char modules[4200];
    int64_t want[6], got[6];
    if (!have_reader(
            modules)) /* a registry of packages is nobody's promise; the case before has decoded the log by itself */
        skip();
    ours(want);
    assert_int_equal(latency("--hdr-log log"), 0);
    assert_int_equal(
        mr_test_shell(out, sizeof out, "node '%s/read_log.js' '%s' '%s/log' 2>&1", reader, modules, made.folder), 0);
    const char *at = strstr(out, "feed.lag_ns{venue=binance;product=usdm}\t");
    if (!at)
        fail_msg("no such tag in: %.500s", out);
    char *end = strchr(out + (at - out), '\t');
    for (int i = 0; i < 6; i++)
        got[i] = strtoll(end, &end, 10);
    assert_int_equal(got[0], want[0]);
    for (int i = 1; i < 6; i++) { /* within one bucket of ours: a 128th */
        int64_t apart = got[i] > want[i] ? got[i] - want[i] : want[i] - got[i];
        if (apart * 128 > want[i])
            fail_msg("value %d: %lld in the log, %lld of ours", i, (long long)got[i], (long long)want[i]);
    }
    /* its interval, in ms since 1970, is the workspace's */
    struct mr_workspace_info info;
    mr_workspace_info(&made.ws, &info);
    assert_int_equal(strtoll(end, &end, 10), (int64_t)info.created_ns / 1000000);
}

int main(int argc, char **argv)
{
    static char whole[2][4096];
    if (argc != 3 || !realpath(argv[1], whole[0]) || !realpath(argv[2], whole[1]))
        return 1;
    program = whole[0];
    reader = whole[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_value_stands_in_the_log_once_in_its_bucket, up, down),
        cmocka_unit_test_setup_teardown(intervals_are_lines_of_their_own, up, down),
        cmocka_unit_test_setup_teardown(slips_are_refused_with_a_sentence, up, down),
        cmocka_unit_test_setup_teardown(a_saved_file_that_is_cut_anywhere_is_refused_by_name, up, down),
        cmocka_unit_test_setup_teardown(saved_files_that_are_not_ours_are_refused_by_name, up, down),
        cmocka_unit_test_setup_teardown(what_only_one_of_two_files_has_is_told, up, down),
        cmocka_unit_test_setup_teardown(hdrhistograms_own_reader_opens_the_log_and_finds_the_same, up, down),
    };
    return MR_TEST_MAIN(tests);
}
