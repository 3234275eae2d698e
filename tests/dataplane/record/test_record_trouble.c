/* Losses are counted where they were, a full disk stops by name, a kill leaves all up to the tear; starting and stopping while running. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/dataplane/record/records.h"

/* ---- losses ---- */

static void what_the_ring_cannot_take_is_counted_and_noted_where_it_was_lost(void **state)
{
    (void)state;
    struct rig *r = rig_open(256u << 10);
    struct mr_err err;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    struct mr_random random = {7};
    static bool taken[4000];
    uint64_t lost = 0;
    for (uint64_t i = 0; i < 4000; i++) {
        struct mr_capture_record out = record(0, i, i % 50 == 0 ? 150000 : 1000);
        taken[i] = mr_record_put(&r->put[0], &out);
        lost += !taken[i];
        if (mr_random_below(&random, 300) == 0)
            rig_step(r);
    }
    assert_true(lost > 100 && lost < 3900);
    rig_halt(r);
    assert_int_equal(r->metrics.lost, lost);
    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    uint64_t i = 0;
    while (mr_recording_next(in, &got) == MR_OK) {
        if (got.kind == MR_CAPTURE_NOTE) {
            for (uint64_t n = record_note_lost(&got); n; n--, i++)
                assert_false(taken[i]); /* as many as it says, from here on */
            continue;
        }
        struct mr_capture_record want = record(0, i, i % 50 == 0 ? 150000 : 1000);
        assert_true(taken[i] && same(&got, &want));
        i++;
    }
    assert_int_equal(i, 4000); /* also those after the last record are told of */
    assert_int_equal(mr_recording_lost(in), lost);
    mr_recording_close(in);
    rig_close(r);
}

static void a_record_beyond_the_format_or_the_ring_is_lost_alone(void **state)
{
    (void)state;
    struct rig *r = rig_open(256u << 10);
    struct mr_err err;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    struct mr_capture_record small = record(0, 0, 10), large = record(0, 1, 300000), endless = record(0, 2, 10);
    endless.len = MR_CAPTURE_RECORD_MAX + 1;
    assert_true(mr_record_put(&r->put[0], &small));
    assert_false(mr_record_put(&r->put[0], &large));
    assert_false(mr_record_put(&r->put[0], &endless));
    assert_true(mr_record_put(&r->put[0], &small));
    rig_halt(r);
    assert_int_equal(r->metrics.lost, 2);
    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    assert_int_equal(next(in, &got), MR_OK);
    assert_int_equal(next(in, &got), MR_OK);
    assert_int_equal(next(in, &got), MR_E_END);
    assert_int_equal(mr_recording_lost(in), 2);
    mr_recording_close(in);
    rig_close(r);
}

static void a_full_disk_stops_recording_by_name_and_a_new_start_goes_on(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    struct mr_err err;
    struct rlimit before, tiny;
    getrlimit(RLIMIT_FSIZE, &before);
    tiny = before;
    tiny.rlim_cur = 700000;
    r->config.zstd_level = 1;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    assert_true(mr_record_on(&r->control));
    assert_int_equal(r->metrics.on, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    uint64_t put = 0;
    for (; mr_record_on(&r->control) && put < 1000; put++) { /* noise: it does not compress */
        struct mr_capture_record out = record(0, put, 20000);
        assert_true(mr_record_put(&r->put[0], &out));
        rig_step(r);
    }
    setrlimit(RLIMIT_FSIZE, &before);
    assert_true(put > 20 && put < 100);
    assert_int_equal(r->control.wanted, 0);
    assert_int_equal(r->metrics.on, 0);
    assert_int_equal(r->metrics.failed, 1);
    assert_non_null(strstr(r->control.why, "feed-0-000000.seg"));
    assert_non_null(strstr(r->control.why, "File too large"));
    struct mr_capture_record late = record(0, put, 10);
    assert_true(mr_record_put(&r->put[0], &late)); /* who had not looked: taken from the ring, and counted */
    rig_step(r);

    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    uint64_t n = 0;
    for (; next(in, &got) == MR_OK; n++) {
        struct mr_capture_record want = record(0, n, 20000);
        assert_true(same(&got, &want));
    }
    assert_true(n >= 20 && n < put);
    assert_int_equal(r->metrics.lost, put + 1 - n); /* those of the block that was refused, and the late one */
    assert_int_equal(mr_recording_torn(in), 0);     /* cut back to its last whole block */
    mr_recording_close(in);

    mr_record_want(&r->control, true);
    rig_step(r);
    assert_true(mr_record_on(&r->control));
    assert_string_equal(r->control.why, "");
    struct mr_capture_record out = record(0, 0, 10);
    assert_true(mr_record_put(&r->put[0], &out));
    rig_halt(r);
    assert_int_equal(rig_files(r), 2 * RIG_LINKS);
    rig_close(r);
}

static void a_folder_that_cannot_be_is_refused_at_boot(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    char file[200], below[300];
    snprintf(file, sizeof file, "%s/file", r->folder);
    snprintf(below, sizeof below, "%s/deeper", file);
    close(open(file, O_CREAT | O_WRONLY, 0600));
    struct mr_err err;
    r->config.folder = below;
    assert_int_equal(rig_boot(r, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "deeper"));
    free(r->state);
    r->config.folder = file; /* a file is no folder: found when the first segment is opened */
    assert_int_equal(rig_boot(r, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "feed-0-000000.seg"));
    free(r->state);
    r->state = NULL;
    char made[300];
    snprintf(made, sizeof made, "%s/a", r->folder);
    r->config.folder = made;
    r->control.wanted = 1;
    assert_int_equal(rig_boot(r, &err), MR_OK); /* one that is not there is made */
    rig_halt(r);
    rig_remove(made);
    rig_close(r);
}

/* ---- while running ---- */

static void recording_starts_and_stops_by_one_word_and_keeps_all_in_between(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    struct mr_err err;
    r->control.wanted = 0;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    uint64_t i = 0, put = 0;
    static uint64_t kept[4000];
    for (; i < 4000; i++) {
        if (i % 500 == 250)
            mr_record_want(&r->control, i / 500 % 2 == 0);
        if (mr_record_on(&r->control)) { /* as a feed tile does */
            struct mr_capture_record out = record(0, i, 100);
            assert_true(mr_record_put(&r->put[0], &out));
            kept[put++] = i;
        }
        if (i == 240)
            assert_int_equal(rig_files(r), 0);
        rig_step(r);
    }
    assert_true(put > 1900 && put < 2100);
    assert_int_equal(r->control.starts, 4);
    rig_halt(r);
    assert_int_equal(r->metrics.lost, 0);
    assert_int_equal(rig_files(r), 4 * RIG_LINKS);
    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    for (uint64_t k = 0; k < put; k++) {
        struct mr_capture_record want = record(0, kept[k], 100);
        assert_int_equal(next(in, &got), MR_OK);
        assert_true(same(&got, &want));
    }
    assert_int_equal(next(in, &got), MR_E_END);
    assert_int_equal(mr_recording_lost(in),
                     4); /* each tells of the time before it: the run's first ones are not in it either */
    mr_recording_close(in);
    rig_close(r);
}

/* The same with real threads: the tile on its own, commands and puts from here. Whoever puts only while it is on loses nothing, wherever the
 * stop falls. */
static void starts_and_stops_from_another_thread_lose_nothing(void **state)
{
    (void)state;
    struct rig *r = rig_open(8u << 20);
    struct mr_err err;
    r->control.wanted = 0;
    r->config.segment_bytes = 1u << 20;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    struct mr_tile_slot slot = {.tile = &mr_record_tile, .state = r->state, .config = &r->config};
    const struct mr_tile_thread thread = {.tiles = &slot, .count = 1, .core = -1, .wait = MR_WAIT_PARK};
    struct mr_tiles *tiles;
    assert_int_equal(mr_tiles_start(&tiles, &thread, 1, &err), MR_OK);
    uint64_t put = 0;
    uint32_t starts = getenv("MILLRACE_QUICK") ? 5 : 20;
    for (uint32_t k = 0; k < starts; k++) {
        mr_record_want(&r->control, true);
        for (uint64_t from = put, idle = 0; put < from + 2000;) {
            struct mr_capture_record out = record(0, put, 200);
            if (!mr_record_on(&r->control)) {
                assert_true(idle++ < 60000);
                usleep(1000);
            } else if (mr_record_offer(&r->put[0], &out)) {
                put++;
                if (put == from + 1500)
                    mr_record_want(&r->control, false); /* on until the tile has seen it */
            }
            if (put > from + 1500 && !mr_record_on(&r->control))
                break;
        }
        mr_record_want(&r->control, false);
        for (uint64_t idle = 0; mr_record_on(&r->control) || __atomic_load_n(&r->control.ended, __ATOMIC_ACQUIRE) <= k;
             idle++) {
            assert_true(idle < 60000);
            usleep(1000);
        }
    }
    mr_tiles_stop(tiles); /* halts it, too */
    free(r->state);
    r->state = NULL;
    assert_int_equal(r->control.starts, starts);
    assert_int_equal(r->metrics.lost, 0);
    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    for (uint64_t i = 0; i < put; i++) {
        struct mr_capture_record want = record(0, i, 200);
        assert_int_equal(next(in, &got), MR_OK);
        assert_true(same(&got, &want));
    }
    assert_int_equal(next(in, &got), MR_E_END);
    assert_int_equal(mr_recording_torn(in), 0);
    mr_recording_close(in);
    rig_close(r);
}

static void a_segment_is_readable_while_it_is_written(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    struct mr_err err;
    r->config.flush_ms = 5;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    for (uint64_t i = 0; i < 200; i++) {
        struct mr_capture_record out = record(0, i, 500), got;
        assert_true(mr_record_put(&r->put[0], &out));
        rig_step(r);
        struct mr_recording *in = open_row(r, 0);
        uint64_t n = 0;
        while (next(in, &got) == MR_OK) {
            struct mr_capture_record want = record(0, n++, 500);
            assert_true(same(&got, &want));
        }
        assert_true(n <= i + 1 && n + 6 >= i + 1); /* all but the last 5 ms */
        mr_recording_close(in);
    }
    rig_close(r);
}

static void write_until_killed(struct rig *r, uint64_t *rounds)
{
    struct mr_err err;
    r->config.segment_bytes = 1u << 20;
    r->config.flush_ms = 1;
    if (rig_boot(r, &err) != MR_OK)
        _exit(3);
    for (uint64_t i = 0;; i++) {
        for (uint32_t row = 0; row < RIG_LINKS; row++) {
            struct mr_capture_record out = record(row, i, size_of(200 + i));
            mr_record_put(&r->put[row], &out);
        }
        rig_step(r);
        __atomic_store_n(rounds, i + 1, __ATOMIC_RELEASE);
    }
}

static void after_a_kill_all_is_there_up_to_the_tear(void **state)
{
    (void)state;
    struct mr_random random = {11};
    int kills = getenv("MILLRACE_QUICK") ? 8 : 40;
    uint64_t *rounds = mmap(NULL, sizeof *rounds, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(rounds != MAP_FAILED);
    for (int k = 0; k < kills; k++) {
        uint64_t from = 1 + mr_random_below(&random, 800);
        *rounds = 0;
        struct rig *r = rig_open(1u << 20);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_until_killed(r, rounds);
        for (int ms = 0; __atomic_load_n(rounds, __ATOMIC_ACQUIRE) < from; ms++) {
            assert_true(ms < 60000);
            usleep(1000);
        }
        usleep((useconds_t)mr_random_below(&random, 3000));
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        for (uint32_t row = 0; row < RIG_LINKS; row++) {
            struct mr_recording *in = open_row(r, row);
            struct mr_capture_record got;
            uint64_t n = 0;
            for (; next(in, &got) == MR_OK; n++) {
                struct mr_capture_record want = record(row, n, size_of(200 + n));
                assert_true(same(&got, &want));
            }
            assert_true(mr_recording_torn(in) <= 1);
            assert_true(n + 2 >= from); /* flushed each round: all but the last */
            mr_recording_close(in);
        }
        rig_close(r);
    }
    munmap(rounds, sizeof *rounds);
}

static void what_put_cannot_have_written_stops_its_ring_only(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        struct record_part part;
        uint32_t len;
        bool more;
    } cases[] = {
        {"shorter than its head", {.total = 0}, 15, false},
        {"fewer bytes than it says", {.total = 100}, 16 + 99, false},
        {"more bytes than it says", {.total = 100}, 16 + 101, false},
        {"a part from the middle of nowhere", {.total = 100, .at = 50}, 16 + 50, false},
        {"more to come, but none is due", {.total = 100}, 16 + 100, true},
        {"a name longer than all of it", {.total = 10, .name_len = 11}, 16 + 10, false},
        {"larger than any record", {.total = MR_CAPTURE_RECORD_MAX + 1}, 16 + 1000, true},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct rig *r = rig_open(1u << 20);
        struct mr_err err;
        assert_int_equal(rig_boot(r, &err), MR_OK);
        uint8_t *at = mr_bytes_reserve(&r->put[0], cases[i].len);
        memset(at, 0, cases[i].len);
        memcpy(at, &cases[i].part, cases[i].len < 16 ? cases[i].len : 16);
        mr_bytes_publish(&r->put[0], (uint16_t)(MR_CAPTURE_FRAME | (cases[i].more ? MR_RECORD_MORE : 0)), 0, RIG_START,
                         cases[i].len);
        struct mr_capture_record good = record(1, 0, 10), got;
        assert_true(mr_record_put(&r->put[1], &good));
        rig_step(r);
        rig_halt(r);
        struct mr_recording *in = open_row(r, 0);
        if (next(in, &got) != MR_E_END)
            fail_msg("%s", cases[i].says);
        mr_recording_close(in);
        in = open_row(r, 1);
        assert_int_equal(next(in, &got), MR_OK);
        mr_recording_close(in);
        rig_close(r);
    }
}

int main(void)
{
    fill_pattern();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_ring_cannot_take_is_counted_and_noted_where_it_was_lost),
        cmocka_unit_test(a_record_beyond_the_format_or_the_ring_is_lost_alone),
        cmocka_unit_test(a_full_disk_stops_recording_by_name_and_a_new_start_goes_on),
        cmocka_unit_test(a_folder_that_cannot_be_is_refused_at_boot),
        cmocka_unit_test(recording_starts_and_stops_by_one_word_and_keeps_all_in_between),
        cmocka_unit_test(starts_and_stops_from_another_thread_lose_nothing),
        cmocka_unit_test(a_segment_is_readable_while_it_is_written),
        cmocka_unit_test(after_a_kill_all_is_there_up_to_the_tear),
        cmocka_unit_test(what_put_cannot_have_written_stops_its_ring_only),
    };
    return MR_TEST_MAIN(tests);
}
