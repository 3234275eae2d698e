/* Rotation, what is kept, disks that are full in every way, and how long the room lasts. The disk's answers are given by the test. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "dataplane/log/log.h"
#include "dataplane/record/disk.h"
#include "tests/dataplane/record/records.h"

/* ---- a disk of our own ---- */

static struct {
    int error;          /* of every write from now on; 0: none */
    int64_t room;       /* bytes that may still be written; below 0: endless. Beyond it: ENOSPC, after what fits */
    size_t most;        /* bytes taken by one write; 0: all */
    uint32_t interrupt; /* every so manieth write is interrupted */
    uint32_t writes;
    int64_t free_bytes; /* what statvfs says; below 0: the room */
} disk;

static ssize_t disk_write(int fd, const void *data, size_t bytes)
{
    if (disk.interrupt && ++disk.writes % disk.interrupt == 0) {
        errno = EINTR;
        return -1;
    }
    if (disk.error || disk.room == 0) {
        errno = disk.error ? disk.error : ENOSPC;
        return -1;
    }
    size_t n = disk.most && disk.most < bytes ? disk.most : bytes;
    if (disk.room > 0 && n > (size_t)disk.room)
        n = (size_t)disk.room;
    ssize_t wrote = write(fd, data, n);
    if (disk.room > 0 && wrote > 0)
        disk.room -= wrote;
    return wrote;
}

static int64_t disk_free(const char *folder)
{
    (void)folder;
    return disk.free_bytes >= 0 ? disk.free_bytes : disk.room >= 0 ? disk.room : INT64_MAX;
}

static struct rig *rig_on_disk(void)
{
    struct rig *r = rig_open(1u << 20);
    memset(&disk, 0, sizeof disk);
    disk.room = disk.free_bytes = -1;
    r->config.write = disk_write;
    r->config.free_bytes = disk_free;
    r->config.flush_ms = 1;
    r->config.retry_ms = 20;
    r->config.segment_bytes = 300000;
    return r;
}

static void boot(struct rig *r)
{
    struct mr_err err;
    if (rig_boot(r, &err) != MR_OK)
        fail_msg("%s", err.text);
}

static uint64_t folder_bytes(const char *folder)
{
    uint64_t bytes = 0;
    DIR *dir = opendir(folder);
    for (const struct dirent *e; (e = readdir(dir));) {
        struct stat st;
        char path[400];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.' && stat(path, &st) == 0)
            bytes += (uint64_t)st.st_size;
    }
    closedir(dir);
    return bytes;
}

/* One record of noise into row 0, if it is on, as a feed tile does; whether it was put. */
static bool put_one(struct rig *r, uint64_t i, uint32_t len)
{
    struct mr_capture_record out = record(0, i, len);
    bool on = mr_record_on(&r->control);
    if (on)
        assert_true(mr_record_put(&r->put[0], &out));
    rig_step(r);
    return on;
}

/* How many records row 0 has, each as it was put: their numbers ascend. */
static uint64_t read_back(const struct rig *r, uint32_t len, uint32_t *torn, uint64_t *lost)
{
    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    uint64_t n = 0;
    int64_t last = -1;
    while (next(in, &got) == MR_OK) {
        int64_t i = (got.recv_ns - RIG_START) / 1000;
        struct mr_capture_record want = record(0, (uint64_t)i, len);
        assert_true(i > last && same(&got, &want));
        last = i;
        n++;
    }
    *torn = mr_recording_torn(in);
    *lost = mr_recording_lost(in);
    mr_recording_close(in);
    return n;
}

/* ---- rotation ---- */

static void segments_begin_anew_at_multiples_of_the_time_if_they_hold_anything(void **state)
{
    (void)state;
    struct rig *r = rig_on_disk();
    r->config.segment_bytes = 1u << 30;
    r->config.segment_ns = 1000 * RIG_MS;
    r->now_ns = RIG_START + 500 * RIG_MS;
    boot(r);
    for (uint64_t i = 0; i < 10000; i++) { /* ten seconds from half a second on: something in all but two */
        struct mr_capture_record out = record(0, i, 100);
        int64_t second = (r->now_ns + RIG_MS - RIG_START) / (1000 * RIG_MS); /* when it is taken */
        if (second != 4 && second != 5)
            assert_true(mr_record_put(&r->put[0], &out));
        rig_step(r);
    }
    rig_halt(r);
    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    uint32_t segments = 0, last = UINT32_MAX;
    while (next(in, &got) == MR_OK) {
        segments += mr_recording_segment(in) != last;
        last = mr_recording_segment(in);
    }
    mr_recording_close(in);
    assert_int_equal(segments, 9);                                 /* seconds 0 to 3 and 6 to 10 */
    assert_int_equal(r->metrics.segments, 9 + 2 + (last + 1 - 9)); /* rows without records have one each */
    rig_close(r);
}

static void a_row_of_segments_sorts_by_name(void **state)
{
    (void)state;
    struct rig *r = rig_on_disk();
    boot(r);
    for (uint64_t i = 0; i < 600; i++)
        put_one(r, i, 10000);
    rig_halt(r);
    struct dirent **files;
    int n = scandir(r->folder, &files, NULL, alphasort);
    int64_t last = -1;
    for (int i = 0; i < n; i++) {
        struct mr_capture_record got;
        char path[400];
        snprintf(path, sizeof path, "%s/%s", r->folder, files[i]->d_name);
        size_t len;
        uint8_t *data =
            strncmp(files[i]->d_name, "feed-0-", 7) == 0 ? mr_test_read(r->folder, files[i]->d_name, &len) : NULL;
        if (data) {
            struct mr_capture_reader *in = mr_capture_reader_init(malloc(mr_capture_reader_bytes()));
            assert_int_equal(mr_capture_open(in, data, len), MR_OK);
            while (mr_capture_next(in, &got) == MR_OK) {
                assert_true(got.recv_ns > last);
                last = got.recv_ns;
            }
            free(in);
            free(data);
        }
        free(files[i]);
    }
    free(files);
    assert_int_equal(last, RIG_START + 599 * 1000);
    rig_close(r);
}

/* ---- what is kept ---- */

static void the_oldest_go_beyond_what_is_kept_and_the_newest_stay(void **state)
{
    (void)state;
    struct rig *r = rig_on_disk();
    r->config.keep_bytes = 2000000;
    boot(r);
    char foreign[100];
    snprintf(foreign, sizeof foreign, "%s/my-cut-000000.seg", r->folder);
    close(open(foreign, O_CREAT | O_WRONLY, 0600));
    for (uint64_t i = 0; i < 1000; i++) { /* 10 MB of noise */
        put_one(r, i, 10000);
        assert_true(folder_bytes(r->folder) < r->config.keep_bytes + 2 * r->config.segment_bytes);
    }
    rig_halt(r);
    uint32_t torn;
    uint64_t lost, n = read_back(r, 10000, &torn, &lost);
    assert_in_range(n, 130, 240);
    assert_int_equal(torn, 0);
    assert_int_equal(lost, 0);
    assert_true(r->metrics.removed > 20);
    assert_int_equal(access(foreign, F_OK), 0); /* what no record tile wrote is not its to remove */
    rig_close(r);
}

static void what_was_last_written_too_long_ago_goes(void **state)
{
    (void)state;
    struct rig *r = rig_on_disk();
    r->config.keep_ns = 3600000000000;
    char path[100];
    for (int i = 0; i < 6; i++) { /* of earlier runs: two hours old, and a minute */
        snprintf(path, sizeof path, "%s/feed-0-00000%d.seg", r->folder, i);
        close(open(path, O_CREAT | O_WRONLY, 0600));
        struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
        clock_gettime(CLOCK_REALTIME, &times[1]);
        times[1].tv_sec -= i < 4 ? 7200 : 60;
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    boot(r);
    rig_halt(r);
    assert_int_equal(r->metrics.removed, 4);
    assert_int_equal(rig_files(r), 2 + RIG_LINKS);
    rig_close(r);
}

/* ---- full ---- */

static void interrupted_and_short_writes_lose_nothing(void **state)
{
    (void)state;
    struct rig *r = rig_on_disk();
    disk.most = 777;
    disk.interrupt = 5;
    boot(r);
    for (uint64_t i = 0; i < 300; i++)
        assert_true(put_one(r, i, 5000));
    rig_halt(r);
    uint32_t torn;
    uint64_t lost;
    assert_int_equal(read_back(r, 5000, &torn, &lost), 300);
    assert_int_equal(torn, 0);
    assert_int_equal(r->metrics.lost, 0);
    rig_close(r);
}

static const struct {
    const char *says;
    int error;
    enum mr_record_full policy;
    bool waits;
} refusals[] = {
    {"no space, stop", ENOSPC, MR_RECORD_FULL_STOP, false},
    {"no space, wait", ENOSPC, MR_RECORD_FULL_WAIT, true},
    {"quota, stop", EDQUOT, MR_RECORD_FULL_STOP, false},
    {"quota, wait", EDQUOT, MR_RECORD_FULL_WAIT, true},
    {"file size, wait", EFBIG, MR_RECORD_FULL_WAIT, true},
    {"quota, oldest", EDQUOT, MR_RECORD_FULL_OLDEST, true},
    {"the disk is broken, stop", EIO, MR_RECORD_FULL_STOP, false},
    {"the disk is broken, wait: nothing to wait for", EIO, MR_RECORD_FULL_WAIT, false},
    {"read-only by now, wait", EROFS, MR_RECORD_FULL_WAIT, false},
};

static void every_refusal_ends_by_its_policy_and_every_record_is_read_or_counted(void **state)
{
    (void)state;
    for (size_t k = 0; k < MR_COUNT_OF(refusals); k++) {
        struct rig *r = rig_on_disk();
        uint64_t put = 0, on = 0;
        r->config.full = refusals[k].policy;
        r->config.flush_ms = 7; /* so that some records are in no block yet when it happens */
        boot(r);
        for (uint64_t i = 0; i < 3000; i++) {
            disk.error = i >= 1000 && i < 2000 ? refusals[k].error : 0;
            put += put_one(r, i, 1000);
            if (i == 1500) {
                assert_false(mr_record_on(&r->control));
                assert_int_equal(r->metrics.state, refusals[k].waits ? MR_RECORD_WAITING : MR_RECORD_STOPPED);
                assert_int_equal(r->control.wanted, refusals[k].waits);
                assert_non_null(strstr(r->control.why, refusals[k].waits ? "waits for room" : "stopped"));
                assert_non_null(strstr(r->control.why, strerror(refusals[k].error)));
            }
            on += i > 2900 && mr_record_on(&r->control);
        }
        if (on != (refusals[k].waits ? 99 : 0))
            fail_msg("%s: on %llu times", refusals[k].says, (unsigned long long)on);
        rig_halt(r);
        uint32_t torn;
        uint64_t lost, n = read_back(r, 1000, &torn, &lost);
        assert_int_equal(n + r->metrics.lost, put);
        assert_true(r->metrics.lost >= 1 && r->metrics.lost < 20); /* a block's worth, no more */
        assert_int_equal(torn, 0);
        assert_int_equal(lost, refusals[k].waits); /* one note: nothing was recorded from .. on */
        assert_true(n > (refusals[k].waits ? 1500 : 950));
        rig_close(r);
    }
}

static void nothing_is_written_below_the_room_that_must_stay_free(void **state)
{
    (void)state;
    for (int policy = MR_RECORD_FULL_STOP; policy <= MR_RECORD_FULL_WAIT; policy++) {
        struct rig *r = rig_on_disk();
        r->config.full = (enum mr_record_full)policy;
        r->config.least_free = 1000000;
        disk.room = 2000000;
        boot(r);
        uint64_t put = 0, i = 0;
        for (; i < 400; i++)
            put += put_one(r, i, 10000);
        assert_in_range(put, 95, 103);
        assert_in_range(disk.room, 950000, 1000000); /* it ended in order: no write was refused */
        assert_int_equal(r->metrics.failed, 0);
        assert_int_equal(r->metrics.full, 1);
        assert_non_null(strstr(r->control.why, "record.least_free"));
        disk.room = 1200000; /* more than the least, but not for a segment more */
        for (; i < 800; i++)
            put += put_one(r, i, 10000);
        assert_in_range(put, 95, 103);
        disk.room = 50000000;
        for (; i < 1200; i++)
            put += put_one(r, i, 10000);
        rig_halt(r);
        uint32_t torn;
        uint64_t lost;
        assert_int_equal(read_back(r, 10000, &torn, &lost), put);
        assert_int_equal(r->metrics.lost, 0);
        if (policy == MR_RECORD_FULL_STOP)
            assert_in_range(put, 95, 103);
        else
            assert_true(put > 400);
        rig_close(r);
    }
}

/* The free room of a disk of 3 MB on which only this folder is. */
static char whole_disk[64];
static int64_t free_of_three_mb(const char *folder)
{
    (void)folder;
    return 3000000 - (int64_t)folder_bytes(whole_disk);
}

static void the_oldest_make_room_for_ever(void **state)
{
    (void)state;
    struct rig *r = rig_on_disk();
    strcpy(whole_disk, r->folder);
    r->config.free_bytes = free_of_three_mb;
    r->config.full = MR_RECORD_FULL_OLDEST;
    r->config.least_free = 500000;
    boot(r);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_true(put_one(r, i, 10000)); /* never off */
        assert_true(folder_bytes(r->folder) < 2600000);
    }
    rig_halt(r);
    uint32_t torn;
    uint64_t lost, n = read_back(r, 10000, &torn, &lost);
    assert_true(n > 150 && r->metrics.removed > 20);
    assert_int_equal(lost + r->metrics.lost, 0);
    rig_close(r);
}

static void a_disk_that_is_full_at_boot_is_waited_for_or_refused(void **state)
{
    (void)state;
    struct rig *r = rig_on_disk();
    struct mr_err err;
    disk.error = ENOSPC;
    assert_int_equal(rig_boot(r, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "No space left"));
    assert_int_equal(rig_files(r), 0); /* no file without a head */
    free(r->state);
    r->state = NULL;
    r->control.wanted = 1;
    r->config.full = MR_RECORD_FULL_WAIT;
    boot(r);
    assert_false(mr_record_on(&r->control));
    for (int i = 0; i < 100; i++)
        rig_step(r);
    disk.error = 0;
    for (int i = 0; i < 2000 && !mr_record_on(&r->control); i++)
        rig_step(r);
    assert_true(mr_record_on(&r->control));
    rig_halt(r);
    rig_close(r);
}

static void who_waits_can_be_told_to_stop(void **state)
{
    (void)state;
    struct rig *r = rig_on_disk();
    r->config.full = MR_RECORD_FULL_WAIT;
    boot(r);
    disk.error = ENOSPC;
    for (uint64_t i = 0; i < 50; i++)
        put_one(r, i, 10000);
    assert_int_equal(r->metrics.state, MR_RECORD_WAITING);
    mr_record_want(&r->control, false);
    disk.error = 0;
    for (int i = 0; i < 1000; i++)
        rig_step(r);
    assert_int_equal(r->metrics.state, MR_RECORD_OFF);
    assert_int_equal(r->control.starts, 1);
    rig_close(r);
}

/* ---- a file system that is really full ---- */

static void on_a_full_file_system_recording_waits_and_goes_on(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        mr_test_skip_line("a small file system: only root can mount one");
        skip();
    }
    struct rig *r = rig_open(1u << 20);
    if (mount("millrace-test", r->folder, "tmpfs", 0, "size=3m") != 0) {
        mr_test_skip_line("a small file system: mount is not allowed here");
        rig_close(r);
        skip();
    }
    r->config.full = MR_RECORD_FULL_WAIT;
    r->config.flush_ms = 1;
    r->config.retry_ms = 20;
    r->config.segment_bytes = 500000;
    boot(r);
    uint64_t i = 0, put = 0;
    for (; i < 1000; i++)
        put += put_one(r, i, 10000);
    assert_int_equal(r->metrics.state, MR_RECORD_WAITING);
    assert_non_null(strstr(r->control.why, "No space left"));
    uint32_t torn;
    uint64_t lost, n = read_back(r, 10000, &torn, &lost); /* what is there can be read while it waits */
    assert_true(n > 200 && torn == 0);
    char path[128];
    for (int k = 0; k < 4; k++) { /* the operator takes some away */
        snprintf(path, sizeof path, "%s/feed-0-00000%d.seg", r->folder, k);
        assert_int_equal(unlink(path), 0);
    }
    uint64_t before = put;
    for (; i < 2000 && put < before + 50; i++)
        put += put_one(r, i, 10000);
    assert_int_equal(put, before + 50);
    rig_halt(r);
    n = read_back(r, 10000, &torn, &lost);
    assert_true(n > 50);
    assert_int_equal(umount2(r->folder, MNT_DETACH), 0);
    rig_close(r);
}

/* ---- budget ---- */

static void the_rate_is_measured_of_what_is_there(void **state)
{
    (void)state;
    struct rig *r = rig_on_disk();
    struct mr_disk_segments s;
    assert_int_equal(mr_disk_segments("/no/such/folder", &s), MR_OK);
    assert_int_equal(s.files + s.per_s, 0);
    r->config.segment_bytes = 100000;
    r->config.zstd_level = MR_RECORD_PLAIN;
    boot(r);
    for (uint64_t i = 0; i < 200; i++)
        put_one(r, i, 10000);
    rig_halt(r);
    assert_int_equal(mr_disk_segments(r->folder, &s), MR_OK);
    assert_int_equal(s.files, rig_files(r));
    assert_int_equal(s.bytes, folder_bytes(r->folder));
    assert_int_equal(s.per_s, 0); /* written in an instant: that tells nothing */
    DIR *dir = opendir(r->folder);
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    clock_gettime(CLOCK_REALTIME, &times[1]);
    times[1].tv_sec += 20; /* as if each had taken twenty seconds */
    for (const struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.')
            assert_int_equal(utimensat(dirfd(dir), e->d_name, times, 0), 0);
    closedir(dir);
    assert_int_equal(mr_disk_segments(r->folder, &s), MR_OK);
    assert_in_range(s.per_s, 4000, 6000); /* 100 kB in 20 s, and two rows of next to nothing */
    rig_close(r);
}

/* The log's text, once it is closed. */
static void the_budget_is_told_before_the_recording_starts_and_warned_of(void **state)
{
    (void)state;
    static const struct {
        uint64_t per_s;
        const char *says;
    } cases[] = {{0, "5.0 MB free; no rate known yet"}, {1000000, "Z warn  recording to"}, {10, "room for 5.8 days"}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct rig *r = rig_on_disk();
        struct mr_err err;
        char path[100];
        size_t len;
        snprintf(path, sizeof path, "%s/log", r->folder);
        assert_int_equal(mr_log_open(&r->config.log, path, false, MR_LOG_INFO, &err), MR_OK);
        disk.free_bytes = 5000000;
        r->config.per_s = cases[i].per_s;
        r->config.budget_ns = 86400000000000;
        boot(r);
        rig_halt(r);
        mr_log_close(r->config.log);
        char *text = (char *)mr_test_read(r->folder, "log", &len);
        const char *told = strstr(text, cases[i].says), *ended = strstr(text, "ended");
        if (!told || !ended || told > ended)
            fail_msg("no \"%s\" before the end in:\n%s", cases[i].says, text);
        free(text);
        rig_close(r);
    }
}

int main(void)
{
    fill_pattern();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_begin_anew_at_multiples_of_the_time_if_they_hold_anything),
        cmocka_unit_test(a_row_of_segments_sorts_by_name),
        cmocka_unit_test(the_oldest_go_beyond_what_is_kept_and_the_newest_stay),
        cmocka_unit_test(what_was_last_written_too_long_ago_goes),
        cmocka_unit_test(interrupted_and_short_writes_lose_nothing),
        cmocka_unit_test(every_refusal_ends_by_its_policy_and_every_record_is_read_or_counted),
        cmocka_unit_test(nothing_is_written_below_the_room_that_must_stay_free),
        cmocka_unit_test(the_oldest_make_room_for_ever),
        cmocka_unit_test(a_disk_that_is_full_at_boot_is_waited_for_or_refused),
        cmocka_unit_test(who_waits_can_be_told_to_stop),
        cmocka_unit_test(on_a_full_file_system_recording_waits_and_goes_on),
        cmocka_unit_test(the_rate_is_measured_of_what_is_there),
        cmocka_unit_test(the_budget_is_told_before_the_recording_starts_and_warned_of),
    };
    return MR_TEST_MAIN(tests);
}
