/* Disks that fail and machines that stop: what was told durable is there afterwards, whatever happened at whichever step.
 *
 * MILLRACE_JOURNAL_SUBSETS=N   so many random outcomes of each crash instead of 6 (2 under MILLRACE_QUICK) */
#include <errno.h>
#include <stdio.h>

#include "tests/controlplane/journal/story.h"

static uint32_t subsets(void)
{
    const char *given = getenv("MILLRACE_JOURNAL_SUBSETS");
    return given ? (uint32_t)atoi(given) : getenv("MILLRACE_QUICK") ? 2 : 6;
}

/* The story: a new journal, some files, an orderly end; taken up again, more files. Ends where the disk lets it. */
static void tell(struct story *s)
{
    struct mr_err err;
    for (int run = 0; run < 2; run++) {
        if (story_start(s, &err) != MR_OK)
            return;
        story_write(s, 40);
        story_stop(s);
    }
}

static uint64_t ops_of_story(void)
{
    struct story s;
    story_open(&s, 2000);
    tell(&s);
    uint64_t ops = sim_disk_ops(s.sim);
    assert_int_equal(80, s.durable);
    story_close(&s);
    return ops;
}

static void check_after(struct story *s, uint64_t at, const char *what)
{
    struct mr_err err;
    if (story_start(s, &err) != MR_OK)
        fail_msg("%s at operation %lu: %s", what, (unsigned long)at, err.text);
    story_check(s);
}

static void a_crash_at_each_disk_operation_with_any_sectors_lost_loses_nothing_durable(void **state)
{
    (void)state;
    uint64_t ops = ops_of_story(), cuts = 0, beyond = 0;
    for (uint64_t at = 0; at < ops; at++)
        for (uint32_t i = 0; i < subsets(); i++) {
            struct story s;
            struct mr_random random = {at * 1000003 + i};
            story_open(&s, 2000);
            sim_disk_die_at(s.sim, at);
            tell(&s);
            sim_disk_crash(s.sim, &random);
            uint64_t told = s.durable;
            check_after(&s, at, "crash");
            cuts += mr_journal_found(s.journal)->cut_bytes > 0;
            beyond += mr_journal_found(s.journal)->last_seq > told;
            story_write(&s, 10); /* and it goes on */
            story_stop(&s);
            check_after(&s, at, "crash, then ten more");
            story_close(&s);
        }
    print_message("%lu operations, %lu torn tails cut, %lu times more was there than was told\n", (unsigned long)ops,
                  (unsigned long)cuts, (unsigned long)beyond);
    assert_true(ops > 100 && cuts > 10 && beyond > 5);
}

static void a_process_killed_at_each_disk_operation_loses_nothing_durable(void **state)
{
    (void)state;
    uint64_t ops = ops_of_story();
    for (uint64_t at = 0; at < ops; at++) {
        struct story s;
        story_open(&s, 2000);
        sim_disk_die_at(s.sim, at);
        tell(&s);
        sim_disk_kill(s.sim);
        check_after(&s, at, "kill");
        assert_int_equal(0, mr_journal_found(s.journal)->cut_bytes); /* whole groups: nothing was torn */
        story_close(&s);
    }
}

static void crashes_during_recovery_after_recovery_lose_nothing_durable(void **state)
{
    (void)state;
    uint32_t chains = 40 * subsets();
    for (uint32_t chain = 0; chain < chains; chain++) {
        struct story s;
        struct mr_random random = {chain * 7 + 1};
        story_open(&s, 3000 + mr_random_below(&random, 3000));
        for (int crash = 0; crash < 12; crash++) {
            struct mr_err err;
            sim_disk_die_at(s.sim, sim_disk_ops(s.sim) + mr_random_below(&random, 40));
            if (story_start(&s, &err) == MR_OK)
                story_write(&s, (uint32_t)mr_random_below(&random, 30));
            story_stop(&s);
            sim_disk_crash(s.sim, &random);
        }
        check_after(&s, chain, "chain of crashes");
        story_close(&s);
    }
}

/* ---- G6: operations that fail ---- */

static const struct fault {
    const char *says;
    int error;
    uint64_t more; /* operations that fail after it */
    bool half;
    bool survives; /* the journal goes on */
} faults[] = {
    {"EIO once", EIO, 0, false, false},
    {"EIO for good", EIO, UINT64_MAX, false, false},
    {"ENOSPC once", ENOSPC, 0, false, false},
    {"EDQUOT for good", EDQUOT, UINT64_MAX, false, false},
    {"EROFS for good", EROFS, UINT64_MAX, false, false},
    {"interrupted once", EINTR, 0, false, true},
    {"interrupted five times", EINTR, 4, false, true},
    {"half of it", EIO, 0, true, true},
    {"half of it, then ENOSPC for good", ENOSPC, UINT64_MAX, true, false},
    {"half of it, then interrupted twice", EINTR, 2, true, true},
    {"interrupted for ever", EINTR, UINT64_MAX, false, false},
};

/* Every kind of operation of the story, with each fault, at its first, second ... time. What must come of it: */
enum outcome { STOPS, GOES_ON };
static enum outcome outcome_of(const struct fault *f, enum sim_op op)
{
    bool repeats = op == SIM_PWRITE || op == SIM_PREAD || op == SIM_SYNC; /* only these are interrupted */
    if (f->half && op != SIM_PWRITE && op != SIM_PREAD)
        return f->error == EINTR && op == SIM_SYNC ? GOES_ON : STOPS;
    return f->survives && (repeats || f->half) ? GOES_ON : STOPS;
}

/* The failure is for good: nothing is taken, nothing becomes durable, whatever the disk says later. */
static void check_latched(struct story *s, const struct fault *f)
{
    const char *reason = s->port.failed(s->port.self);
    uint64_t durable = s->port.durable(s->port.self);
    struct mr_journal_stats stats;
    sim_disk_fail_at(s->sim, UINT64_MAX, 0, 0, false);
    assert_int_equal(MR_E_IO, s->port.append(s->port.self, MR_JOURNAL_FILL, 1, "x", 1));
    assert_int_equal(MR_E_IO, mr_journal_step(s->journal, s->now_ns));
    assert_int_equal(durable, s->port.durable(s->port.self));
    assert_ptr_equal(reason, s->port.failed(s->port.self));
    assert_non_null(strstr(reason, strerror(f->error)));
    assert_non_null(strstr(reason, STORY_FOLDER));
    mr_journal_stats(s->journal, &stats);
    assert_int_equal(1, stats.refused);
}

static enum outcome with_fault(struct story *s, const struct fault *f)
{
    struct mr_err err = {""};
    for (int run = 0; run < 2; run++) {
        if (story_start(s, &err) != MR_OK) {
            assert_null(s->journal);
            assert_non_null(strstr(err.text, strerror(f->error)));
            return STOPS;
        }
        story_write(s, 40);
        bool failed = s->port.failed(s->port.self) != NULL;
        if (failed)
            check_latched(s, f);
        story_stop(s);
        if (failed)
            return STOPS;
    }
    return GOES_ON;
}

static void each_operation_that_fails_stops_the_journal_with_its_reason_or_is_done_again(void **state)
{
    (void)state;
    uint64_t ops = ops_of_story();
    uint32_t cases[SIM_OPS][2] = {0}, step = getenv("MILLRACE_QUICK") ? 2 : 1;
    for (size_t i = 0; i < MR_COUNT_OF(faults); i++)
        for (uint64_t at = i % step; at < ops; at += step) {
            const struct fault *f = &faults[i];
            struct story s;
            struct mr_random random = {at * 31 + i};
            story_open(&s, 2000); /* which operation is it? */
            tell(&s);
            enum sim_op op = sim_disk_nth(s.sim, at);
            bool lock_file = sim_disk_nth_locks(s.sim, at);
            story_close(&s);

            story_open(&s, 2000);
            sim_disk_fail_at(s.sim, at, f->more, f->error, f->half);
            enum outcome is = with_fault(&s, f), want = outcome_of(f, op);
            if (is != want && !lock_file)
                fail_msg("%s at operation %lu, %s: it %s", f->says, (unsigned long)at, sim_op_name(op),
                         is == STOPS ? "stops" : "goes on");
            if (is == GOES_ON)
                assert_int_equal(80, s.durable);
            cases[op][is]++;
            sim_disk_crash(s.sim, &random);
            check_after(&s, at, f->says);
            story_close(&s);
        }
    for (int op = 0; op < SIM_OPS; op++)
        print_message("%-12s %u stopped, %u went on\n", sim_op_name((enum sim_op)op), cases[op][STOPS],
                      cases[op][GOES_ON]);
}

static void a_disk_that_fills_up_stops_the_journal_and_all_that_was_durable_is_there(void **state)
{
    (void)state;
    for (uint64_t room = 0; room < 9000; room += 37) {
        struct story s;
        struct mr_err err;
        struct mr_random random = {room};
        story_open(&s, 2000);
        sim_disk_room(s.sim, room);
        if (story_start(&s, &err) == MR_OK) {
            story_write(&s, 200);
            assert_non_null(strstr(s.port.failed(s.port.self), "No space"));
            story_stop(&s);
        }
        sim_disk_room(s.sim, UINT64_MAX);
        if (room % 2)
            sim_disk_crash(s.sim, &random);
        else
            sim_disk_kill(s.sim);
        check_after(&s, room, "disk full");
        story_close(&s);
    }
}

static void with_an_interval_between_syncs_a_crash_loses_nothing_durable_either(void **state)
{
    (void)state;
    uint64_t ops = ops_of_story();
    for (uint64_t at = 0; at < ops; at++)
        for (uint32_t i = 0; i < subsets(); i++) {
            struct story s;
            struct mr_random random = {at * 1000003 + i};
            story_open(&s, 2000);
            s.limits.fsync = MR_JOURNAL_FSYNC_INTERVAL;
            s.limits.interval_ns = 5000; /* a step is 1000 */
            sim_disk_die_at(s.sim, at);
            tell(&s);
            sim_disk_crash(s.sim, &random);
            check_after(&s, at, "crash");
            story_write(&s, 30);
            sim_disk_crash(s.sim, &random); /* and once more, the process forgotten */
            struct mr_journal *dead = s.journal;
            check_after(&s, at, "crash, then thirty more");
            dead->handle = dead->lock = -1;
            mr_journal_close(dead, 0);
            story_close(&s);
        }
}

static void a_disk_that_cannot_be_read_is_told_from_damage(void **state)
{
    (void)state;
    struct story s;
    struct mr_err err;
    story_open(&s, 2000);
    tell(&s);
    for (uint64_t from = 0; from <= 60; from += 60) {
        uint64_t begun = sim_disk_ops(s.sim);
        assert_int_equal(MR_OK, mr_journal_each(s.limits.disk, STORY_FOLDER, from, NULL, NULL, NULL, &err));
        for (uint64_t left = sim_disk_ops(s.sim) - begun; left-- > 0;) {
            sim_disk_fail_at(s.sim, sim_disk_ops(s.sim) + left, UINT64_MAX, EIO, false);
            assert_int_equal(MR_E_IO, mr_journal_each(s.limits.disk, STORY_FOLDER, from, NULL, NULL, NULL, &err));
            assert_non_null(strstr(err.text, strerror(EIO)));
            sim_disk_fail_at(s.sim, UINT64_MAX, 0, 0, false);
        }
    }
    story_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_at_each_disk_operation_with_any_sectors_lost_loses_nothing_durable),
        cmocka_unit_test(a_process_killed_at_each_disk_operation_loses_nothing_durable),
        cmocka_unit_test(crashes_during_recovery_after_recovery_lose_nothing_durable),
        cmocka_unit_test(with_an_interval_between_syncs_a_crash_loses_nothing_durable_either),
        cmocka_unit_test(a_disk_that_cannot_be_read_is_told_from_damage),
        cmocka_unit_test(a_disk_that_fills_up_stops_the_journal_and_all_that_was_durable_is_there),
        cmocka_unit_test(each_operation_that_fails_stops_the_journal_with_its_reason_or_is_done_again),
    };
    return MR_TEST_MAIN(tests);
}
