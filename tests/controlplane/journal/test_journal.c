/* What a journal keeps, what it refuses, how it goes on. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/tile/tile.h"
#include "tests/controlplane/journal/story.h"

static void must(int status, const struct mr_err *err)
{
    if (status)
        fail_msg("%s", err->text);
}

/* ---- writing and reading ---- */

static void what_is_appended_is_read_again_in_order_over_many_files(void **state)
{
    (void)state;
    struct story s;
    struct mr_err err;
    struct mr_journal_stats stats;
    story_open(&s, 6000);
    for (int run = 0; run < 4; run++) {
        must(story_start(&s, &err), &err);
        story_check(&s);
        story_write(&s, 100);
        assert_int_equal((run + 1) * 100, s.durable);
        mr_journal_stats(s.journal, &stats);
        assert_int_equal(100, stats.appended);
        assert_int_equal(0, stats.refused);
        assert_int_equal(s.durable, stats.written);
        assert_true(stats.files > 1 && stats.groups == 34 && stats.syncs >= stats.groups && stats.bytes > 100 * 56);
        story_stop(&s);
    }
    must(story_start(&s, &err), &err);
    story_check(&s);
    story_close(&s);
}

static int count_one(void *arg, const struct mr_journal_record *r)
{
    uint64_t *c = arg;
    c[0]++;
    c[1] = c[1] ? c[1] : r->seq;
    return r->seq == c[2] ? 77 : 0;
}

static void reading_begins_and_stops_where_it_is_asked_to(void **state)
{
    (void)state;
    struct story s;
    struct mr_err err;
    struct mr_journal_report report;
    story_open(&s, 3000);
    must(story_start(&s, &err), &err);
    story_write(&s, 200);
    for (uint64_t from = 0; from <= 201; from++) {
        uint64_t seen[3] = {0};
        must(mr_journal_each(s.limits.disk, STORY_FOLDER, from, count_one, seen, &report, &err), &err);
        assert_int_equal(from ? 201 - from : 200, seen[0]);
        assert_int_equal(from == 201 ? 0 : from ? from : 1, seen[1]);
        assert_int_equal(seen[0], report.records);
        assert_int_equal(seen[1], report.first_seq);
    }
    uint64_t seen[3] = {0, 0, 150};
    assert_int_equal(77, mr_journal_each(s.limits.disk, STORY_FOLDER, 120, count_one, seen, NULL, &err));
    assert_int_equal(31, seen[0]);
    must(mr_journal_each(s.limits.disk, STORY_FOLDER "/00000002.mrj", 0, NULL, NULL, &report, &err), &err);
    assert_true(report.files == 1 && report.first_seq > 1 && report.last_seq < 200);
    must(mr_journal_each(s.limits.disk, STORY_FOLDER, 0, NULL, NULL, &report, &err), &err);
    assert_int_equal(20, report.kinds[MR_JOURNAL_FILL]);
    assert_true(report.first_ns < report.last_ns && report.files > 5);
    story_close(&s);
}

static void the_newest_record_s_hash_stands_for_all_before_it(void **state)
{
    (void)state;
    struct mr_err err;
    struct mr_journal_report one, two;
    for (uint32_t other = 0; other < 2; other++) {
        struct story s;
        story_open(&s, 3000);
        s.seed = other * 1000; /* another history from the first record on */
        must(story_start(&s, &err), &err);
        story_write(&s, 40);
        must(mr_journal_each(s.limits.disk, STORY_FOLDER, 0, NULL, NULL, other ? &two : &one, &err), &err);
        story_close(&s);
    }
    assert_memory_not_equal(one.hash, two.hash, sizeof one.hash);
}

static void a_file_whose_writer_is_at_work_reads_up_to_its_last_whole_record(void **state)
{
    (void)state;
    struct story s;
    struct mr_err err;
    struct mr_journal_report report;
    uint64_t bytes;
    story_open(&s, 1 << 20);
    must(story_start(&s, &err), &err);
    story_write(&s, 20);
    const uint8_t *file = sim_disk_read(s.sim, STORY_FOLDER "/00000001.mrj", &bytes);
    uint8_t *copy = malloc(bytes);
    memcpy(copy, file, bytes);
    sim_disk_put(s.sim, STORY_FOLDER "/00000001.mrj", copy, bytes - 3);
    must(mr_journal_each(s.limits.disk, STORY_FOLDER, 0, NULL, NULL, &report, &err), &err);
    assert_int_equal(19, report.last_seq);
    assert_true(report.torn_bytes > 0 && report.torn_offset + report.torn_bytes == bytes - 3);
    assert_true(mr_journal_locked(s.limits.disk, STORY_FOLDER));
    free(copy);
    story_close(&s);
}

/* ---- the trade tile's side ---- */

static void a_full_ring_refuses_and_takes_again_when_there_is_room(void **state)
{
    (void)state;
    struct story s;
    struct mr_err err;
    struct mr_journal_stats stats;
    uint8_t payload[MR_JOURNAL_PAYLOAD_MAX + 1] = {0};
    story_open(&s, 1 << 20);
    must(story_start(&s, &err), &err);
    int64_t seq, last = 0;
    while ((seq = s.port.append(s.port.self, MR_JOURNAL_ORDER, 5, payload, MR_JOURNAL_PAYLOAD_MAX)) > 0)
        assert_int_equal(++last, seq);
    assert_int_equal(MR_E_FULL, seq);
    assert_true(last > 20);
    assert_int_equal(0, s.port.durable(s.port.self));
    assert_int_equal(1, mr_journal_step(s.journal, 10)); /* a group of 8 KiB holds one such record */
    assert_int_equal(1, s.port.durable(s.port.self));
    assert_int_equal(last + 1, s.port.append(s.port.self, MR_JOURNAL_ORDER, 5, payload, MR_JOURNAL_PAYLOAD_MAX));
    assert_int_equal(MR_E_TOO_BIG, s.port.append(s.port.self, MR_JOURNAL_ORDER, 5, payload, sizeof payload));
    mr_journal_stats(s.journal, &stats);
    assert_int_equal(2, stats.refused);
    while (mr_journal_step(s.journal, 10) > 0) {
    }
    assert_int_equal(last + 1, s.port.durable(s.port.self));
    assert_int_equal(0, mr_journal_step(s.journal, 10));
    assert_null(s.port.failed(s.port.self));
    story_close(&s);
}

static void with_an_interval_records_wait_for_it_and_then_are_durable_at_once(void **state)
{
    (void)state;
    struct story s;
    struct mr_err err;
    struct mr_journal_stats stats;
    story_open(&s, 1 << 20);
    s.limits.fsync = MR_JOURNAL_FSYNC_INTERVAL;
    s.limits.interval_ns = 1000000;
    must(story_start(&s, &err), &err);
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(i, s.port.append(s.port.self, MR_JOURNAL_FILL, 5, "x", 1));
        assert_int_equal(1, mr_journal_step(s.journal, s.now_ns + i));
        assert_int_equal(0, s.port.durable(s.port.self));
    }
    assert_int_equal(0, mr_journal_step(s.journal, s.now_ns + 999999));
    assert_int_equal(0, s.port.durable(s.port.self));
    assert_int_equal(0, mr_journal_step(s.journal, s.now_ns + 1000000));
    assert_int_equal(5, s.port.durable(s.port.self));
    mr_journal_stats(s.journal, &stats);
    assert_int_equal(1, stats.syncs);
    s.port.append(s.port.self, MR_JOURNAL_FILL, 5, "x", 1);
    mr_journal_step(s.journal, 0); /* a clock set back does not keep records waiting */
    assert_int_equal(6, s.port.durable(s.port.self));
    s.port.append(s.port.self, MR_JOURNAL_FILL, 5, "x", 1);
    story_stop(&s); /* an orderly end does not wait either */
    must(story_start(&s, &err), &err);
    assert_int_equal(7, mr_journal_found(s.journal)->last_seq);
    story_close(&s);
}

/* ---- opening ---- */

static void opening_what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct mr_journal *j;
    struct mr_err err;
    char path[MR_JOURNAL_PATH_MAX + 1];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    struct mr_journal_limits l = mr_journal_limits_default;
    struct story s;
    story_open(&s, 1000);
    l.disk = s.limits.disk;
    assert_int_equal(MR_E_TOO_BIG, mr_journal_open(&j, path, &l, 0, &err));
    assert_int_equal(MR_E_TOO_BIG, mr_journal_each(l.disk, path, 0, NULL, NULL, NULL, &err));
    l.ring_bytes = 100000;
    assert_int_equal(MR_E_INVALID, mr_journal_open(&j, STORY_FOLDER, &l, 0, &err));
    l.ring_bytes = 200000;
    assert_int_equal(MR_E_INVALID, mr_journal_open(&j, STORY_FOLDER, &l, 0, &err));
    l.ring_bytes = 1 << 17;
    l.group_bytes = 4096;
    assert_int_equal(MR_E_INVALID, mr_journal_open(&j, STORY_FOLDER, &l, 0, &err));
    assert_null(j);
    assert_int_equal(0, sim_disk_ops(s.sim)); /* nothing was touched */
    assert_int_equal(MR_E_EMPTY, mr_journal_each(l.disk, STORY_FOLDER, 0, NULL, NULL, NULL, &err));
    assert_int_equal(MR_E_IO, mr_journal_each(NULL, "/nowhere/at/all", 0, NULL, NULL, NULL, &err));
    assert_false(mr_journal_locked(NULL, "/nowhere/at/all"));
    story_close(&s);
}

static void a_second_writer_is_refused_by_name(void **state)
{
    (void)state;
    char folder[] = "/tmp/millrace-journal-XXXXXX", path[256], who[32];
    struct mr_journal *first, *second;
    struct mr_err err;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a/b/journal", folder);
    must(mr_journal_open(&first, path, &mr_journal_limits_default, 1, &err), &err);
    assert_true(mr_journal_locked(NULL, path));
    assert_int_equal(MR_E_FULL, mr_journal_open(&second, path, &mr_journal_limits_default, 1, &err));
    assert_null(second);
    snprintf(who, sizeof who, "process, %ld ", (long)getpid());
    assert_non_null(strstr(err.text, who));
    pid_t pid = fork();
    if (pid == 0)
        _exit(mr_journal_open(&second, path, &mr_journal_limits_default, 1, &err) == MR_E_FULL ? 0 : 1);
    int left;
    assert_int_equal(pid, waitpid(pid, &left, 0));
    assert_int_equal(0, left);
    mr_journal_close(first, 2);
    assert_false(mr_journal_locked(NULL, path));
    must(mr_journal_open(&second, path, &mr_journal_limits_default, 1, &err), &err);
    mr_journal_close(second, 2);
    assert_int_equal(mr_test_remove(folder), 0);
}

static void copy_file(struct story *s, const char *from, const char *to)
{
    uint64_t bytes;
    const uint8_t *data = sim_disk_read(s->sim, from, &bytes);
    assert_non_null(data);
    uint8_t *copy = malloc(bytes);
    memcpy(copy, data, bytes);
    sim_disk_put(s->sim, to, copy, bytes);
    free(copy);
}

static void files_that_are_missing_or_in_another_s_place_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *says, *from, *to; /* from NULL: removed */
        int open, read;
        const char *word;
    } cases[] = {
        {"a file in the middle is missing", NULL, "/00000003.mrj", MR_E_GAP, MR_E_GAP, "missing"},
        {"the file before the newest is another", "/00000002.mrj", "/00000005.mrj", MR_E_CORRUPT, MR_E_CORRUPT, "file"},
        {"the newest has an older one's name", "/00000003.mrj", "/00000006.mrj", MR_E_CORRUPT, MR_E_CORRUPT,
         "head says"},
        {"the newest is a copy under a further number", "/00000006.mrj", "/00000007.mrj", MR_E_CORRUPT, MR_E_CORRUPT,
         "head says"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct story s;
        struct mr_err err;
        char from[64], to[64];
        story_open(&s, 1000);
        must(story_start(&s, &err), &err);
        while (mr_journal_found(s.journal)->file == 1 && s.journal->number < 6)
            story_write(&s, 3);
        story_stop(&s);
        snprintf(from, sizeof from, STORY_FOLDER "%s", cases[i].from ? cases[i].from : "");
        snprintf(to, sizeof to, STORY_FOLDER "%s", cases[i].to);
        if (cases[i].from)
            copy_file(&s, from, to);
        else
            sim_disk_remove(s.sim, to);
        if (story_start(&s, &err) != cases[i].open || !strstr(err.text, cases[i].word))
            fail_msg("%s: %s", cases[i].says, err.text);
        if (mr_journal_each(s.limits.disk, STORY_FOLDER, 0, NULL, NULL, NULL, &err) != cases[i].read)
            fail_msg("%s: read: %s", cases[i].says, err.text);
        story_close(&s);
    }
}

static void old_files_may_be_moved_away_from_the_front(void **state)
{
    (void)state;
    struct story s;
    struct mr_err err;
    struct mr_journal_report report;
    story_open(&s, 1000);
    must(story_start(&s, &err), &err);
    while (s.journal->number < 6)
        story_write(&s, 3);
    story_stop(&s);
    sim_disk_remove(s.sim, STORY_FOLDER "/00000001.mrj");
    sim_disk_remove(s.sim, STORY_FOLDER "/00000002.mrj");
    must(story_start(&s, &err), &err);
    must(mr_journal_each(s.limits.disk, STORY_FOLDER, 0, NULL, NULL, &report, &err), &err);
    assert_int_equal(4, report.files);
    assert_true(report.first_seq > 1 && report.last_seq == s.appended);
    story_close(&s);
}

static void a_foreign_file_in_the_folder_is_left_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"/notes.txt", "/0000001.mrj", "/00000001.mrjx", "/00000000.mrj",
                                        "/00000002.mrj.new"};
    struct story s;
    struct mr_err err;
    story_open(&s, 1000);
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        char path[64];
        snprintf(path, sizeof path, STORY_FOLDER "%s", names[i]);
        sim_disk_put(s.sim, path, "mine", 4);
    }
    must(story_start(&s, &err), &err);
    story_write(&s, 10);
    story_stop(&s);
    must(story_start(&s, &err), &err);
    story_check(&s);
    story_close(&s);
}

static void what_a_later_version_wrote_is_refused_and_an_unknown_kind_is_not(void **state)
{
    (void)state;
    struct journal_hasher h;
    struct story s;
    struct mr_err err;
    struct mr_journal_report report;
    struct {
        struct journal_head head;
        uint8_t record[64];
    } file = {.head = {.magic = JOURNAL_MAGIC, .version = 1, .head_bytes = 128, .number = 1, .first_seq = 1}};
    journal_hasher_open(&h);
    journal_hash(&h, NULL, &file.head, 112, file.head.hash);
    uint8_t chain[JOURNAL_HASH];
    memcpy(chain, file.head.hash, sizeof chain);
    struct journal_record_head record = {.mark = JOURNAL_MARK, .bytes = 3, .seq = 1, .kind = 99};
    assert_int_equal(64, journal_encode(&h, chain, file.record, &record, "abc"));
    story_open(&s, 1000);
    sim_disk_put(s.sim, STORY_FOLDER "/00000001.mrj", &file, sizeof file);
    must(mr_journal_each(s.limits.disk, STORY_FOLDER, 0, NULL, NULL, &report, &err), &err);
    assert_int_equal(1, report.kinds[0]);

    static const struct {
        uint64_t seq, durable;
    } forged[] = {{2, 0}, {1, 1}, {1, 7}, {0, 0}}; /* good hashes, and still no record that may stand here */
    for (size_t i = 0; i < MR_COUNT_OF(forged); i++) {
        memcpy(chain, file.head.hash, sizeof chain);
        record.seq = forged[i].seq;
        record.durable = forged[i].durable;
        journal_encode(&h, chain, file.record, &record, "abc");
        sim_disk_put(s.sim, STORY_FOLDER "/00000001.mrj", &file, sizeof file);
        must(mr_journal_each(s.limits.disk, STORY_FOLDER, 0, NULL, NULL, &report, &err), &err);
        assert_int_equal(0, report.records);
        assert_int_equal(64, report.torn_bytes);
    }
    file.head.version = 2;
    journal_hash(&h, NULL, &file.head, 112, file.head.hash);
    sim_disk_put(s.sim, STORY_FOLDER "/00000001.mrj", &file, sizeof file);
    assert_int_equal(MR_E_VERSION, story_start(&s, &err));
    assert_int_equal(MR_E_VERSION, mr_journal_each(s.limits.disk, STORY_FOLDER, 0, NULL, NULL, NULL, &err));
    file.head.version = 1;
    file.head.head_bytes = 256;
    journal_hash(&h, NULL, &file.head, 112, file.head.hash);
    sim_disk_put(s.sim, STORY_FOLDER "/00000001.mrj", &file, sizeof file);
    assert_int_equal(MR_E_VERSION, story_start(&s, &err));
    journal_hasher_close(&h);
    story_close(&s);
}

static void kinds_have_names(void **state)
{
    (void)state;
    for (unsigned kind = 1; kind < MR_JOURNAL_KIND_COUNT; kind++)
        assert_int_equal(kind, mr_journal_kind_of(mr_journal_kind_name(kind)));
    assert_string_equal("?", mr_journal_kind_name(0));
    assert_string_equal("?", mr_journal_kind_name(MR_JOURNAL_KIND_COUNT));
    assert_int_equal(0, mr_journal_kind_of("orders"));
}

static void the_last_number_of_a_file_is_the_end(void **state)
{
    (void)state;
    struct story s;
    struct mr_err err;
    story_open(&s, 500);
    must(story_start(&s, &err), &err);
    story_write(&s, 12);
    s.journal->number = JOURNAL_FILES_MAX;
    s.journal->size = 500;
    s.port.append(s.port.self, MR_JOURNAL_FILL, 1, "x", 1);
    assert_int_equal(MR_E_IO, mr_journal_step(s.journal, 1));
    assert_non_null(strstr(s.port.failed(s.port.self), "its number is the last"));
    story_close(&s);
}

static int stop_listing(void *arg, const char *name)
{
    (void)arg, (void)name;
    return -ECANCELED;
}

static void the_host_s_disk_answers_with_its_errors(void **state)
{
    (void)state;
    const struct mr_disk *d = &mr_disk_host;
    char folder[] = "/tmp/millrace-disk-XXXXXX", path[5000], back[300], byte;
    assert_non_null(mkdtemp(folder));
    assert_non_null(getcwd(back, sizeof back));
    assert_int_equal(0, chdir(folder));
    assert_int_equal(0, d->make_folder(NULL, "a/b//c")); /* below where we are */
    assert_int_equal(0, d->make_folder(NULL, "a/b/c"));
    assert_int_equal(0, chdir(back));
    snprintf(path, sizeof path, "%s/a/b/c/file", folder);
    int handle = d->open(NULL, path, O_RDWR | O_CREAT);
    assert_true(handle >= 0);
    assert_int_equal(-ENOTDIR, d->make_folder(NULL, path));
    snprintf(path, sizeof path, "%s/a/b/c/file/d", folder);
    assert_int_equal(-ENOTDIR, d->make_folder(NULL, path));
    snprintf(path, sizeof path, "%s/a", folder);
    assert_int_equal(-ECANCELED, d->list(NULL, path, stop_listing, NULL));
    assert_int_equal(-ENOENT, d->list(NULL, "/nowhere", stop_listing, NULL));
    assert_int_equal(-ENOENT, d->sync_folder(NULL, "/nowhere"));
    assert_int_equal(-ENOENT, d->rename(NULL, "/nowhere/a", "/nowhere/b"));
    assert_int_equal(0, d->pread(NULL, handle, &byte, 1, 5));
    assert_int_equal(1, d->pwrite(NULL, handle, "x", 1, 5));
    assert_int_equal(6, d->size(NULL, handle));
    assert_int_equal(0, d->truncate(NULL, handle, 2));
    assert_int_equal(0, d->fdatasync(NULL, handle));
    d->close(NULL, handle);
    assert_int_equal(-EBADF, d->size(NULL, handle));
    assert_int_equal(-EBADF, d->pread(NULL, handle, &byte, 1, 0));
    assert_int_equal(-EBADF, d->pwrite(NULL, handle, &byte, 1, 0));
    assert_int_equal(-EBADF, d->truncate(NULL, handle, 0));
    assert_int_equal(-EBADF, d->fdatasync(NULL, handle));
    assert_int_equal(-EBADF, d->lock(NULL, handle));
    assert_false(d->locked(NULL, handle));
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_int_equal(-ENAMETOOLONG, d->make_folder(NULL, path));
    assert_int_equal(mr_test_remove(folder), 0);
}

/* ---- the thread ---- */

static void the_journal_thread_makes_durable_what_another_thread_appends(void **state)
{
    (void)state;
    char folder[] = "/tmp/millrace-journal-XXXXXX";
    struct mr_journal *j;
    struct mr_err err;
    struct mr_tiles *set;
    struct mr_tile_beat beat = {0};
    assert_non_null(mkdtemp(folder));
    must(mr_journal_open(&j, folder, &mr_journal_limits_default, 1, &err), &err);
    struct mr_journal_thread config = {.journal = j, .idle_sleep_ns = 20000};
    struct mr_journal_thread own;
    struct mr_tile_slot slot = {.tile = &mr_tile_journal, .state = &own, .config = &config, .beat = &beat};
    struct mr_tile_thread thread = {.tiles = &slot, .count = 1, .core = -1, .wait = MR_WAIT_YIELD};
    assert_int_equal(sizeof own, mr_tile_journal.bytes(&config));
    must(mr_tile_journal.boot(&own, &config, NULL, &err), &err);
    must(mr_tiles_start(&set, &thread, 1, &err), &err);
    struct mr_journal_port port = mr_journal_port(j);
    for (int i = 1; i <= 2000; i++) {
        int64_t seq;
        while ((seq = port.append(port.self, MR_JOURNAL_ORDER, i, &i, sizeof i)) == MR_E_FULL)
            usleep(100);
        assert_int_equal(i, seq);
        if (i % 500 == 0) {
            for (int wait = 0; port.durable(port.self) < (uint64_t)i && wait < 100000; wait++)
                usleep(100);
            assert_true(port.durable(port.self) >= (uint64_t)i);
        }
    }
    port.append(port.self, MR_JOURNAL_END, 1, "", 0);
    mr_tiles_stop(set);
    assert_int_equal(2001, port.durable(port.self)); /* a halt leaves nothing behind */
    mr_journal_close(j, 3);
    assert_int_equal(mr_test_remove(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_read_again_in_order_over_many_files),
        cmocka_unit_test(reading_begins_and_stops_where_it_is_asked_to),
        cmocka_unit_test(the_newest_record_s_hash_stands_for_all_before_it),
        cmocka_unit_test(a_file_whose_writer_is_at_work_reads_up_to_its_last_whole_record),
        cmocka_unit_test(a_full_ring_refuses_and_takes_again_when_there_is_room),
        cmocka_unit_test(with_an_interval_records_wait_for_it_and_then_are_durable_at_once),
        cmocka_unit_test(opening_what_cannot_be_is_refused),
        cmocka_unit_test(a_second_writer_is_refused_by_name),
        cmocka_unit_test(files_that_are_missing_or_in_another_s_place_are_refused),
        cmocka_unit_test(old_files_may_be_moved_away_from_the_front),
        cmocka_unit_test(a_foreign_file_in_the_folder_is_left_alone),
        cmocka_unit_test(what_a_later_version_wrote_is_refused_and_an_unknown_kind_is_not),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(the_last_number_of_a_file_is_the_end),
        cmocka_unit_test(the_host_s_disk_answers_with_its_errors),
        cmocka_unit_test(the_journal_thread_makes_durable_what_another_thread_appends),
    };
    return MR_TEST_MAIN(tests);
}
