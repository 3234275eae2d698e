/* The trace record of a histogram's maximum: kept for the maximum and only for it, never torn, gone with a reset, right in copies, sums and
 * intervals. */
#include "dataplane/metrics/metrics.h"
#include "tests/support/support.h"

#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROBE_METRICS(COUNTER, GAUGE, HIST)                                                                            \
    COUNTER(seen, "values", "puts what follows off a line's beginning") HIST(ns, "ns", "times")
MR_METRICS_DECLARE(probe, PROBE_METRICS);
MR_METRICS_DEFINE(probe, PROBE_METRICS);

static struct probe_metrics *fresh(void)
{
    struct probe_metrics *m = aligned_alloc(64, (sizeof *m + 63) / 64 * 64);
    assert_non_null(m);
    mr_metrics_init_values(m, &probe_metrics_desc);
    return m;
}
static struct mr_hist *hist_of(struct probe_metrics *m) { return (struct mr_hist *)&m->ns; }

static bool record(struct probe_metrics *m, int64_t value, int64_t at_ns)
{
    if (!MR_RECORD_MAX(m, ns, value))
        return false;
    struct mr_trace t = mr_trace_of(value, at_ns);
    t.seq = (uint64_t)at_ns;
    MR_TRACE(m, ns, &t);
    return true;
}

/* The time of the record that a histogram shows; 0: none. */
static int64_t shown(const struct mr_hist *h)
{
    struct mr_trace t;
    return mr_hist_trace(h, &t) == MR_OK ? t.at_ns : 0;
}

static void a_record_is_kept_for_the_maximum_and_only_for_it(void **state)
{
    (void)state;
    struct probe_metrics *m = fresh();
    static const struct {
        int64_t value;
        bool kept;
        int64_t shows;
    } cases[] = {{100, true, 1},
                 {99, false, 1},
                 {100, false, 1}, /* as high: the first one stays */
                 {-5, false, 1},
                 {5000, true, 5},
                 {(int64_t)1 << 42, true, 6}, /* beyond the range */
                 {((int64_t)1 << 42) - 1, false, 6},
                 {(int64_t)1 << 43, true, 8},
                 {(int64_t)1 << 43, false, 8}};
    assert_int_equal(shown(hist_of(m)), 0);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        if (record(m, cases[i].value, (int64_t)i + 1) != cases[i].kept || shown(hist_of(m)) != cases[i].shows)
            fail_msg("value %zu, %lld: the record is of %lld", i + 1, (long long)cases[i].value,
                     (long long)shown(hist_of(m)));
    }
    free(m);
}

static void a_record_knows_its_core(void **state)
{
    (void)state;
    struct probe_metrics *m = fresh();
    struct mr_trace t;
    cpu_set_t before, one;
    int core = sched_getcpu();
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)core, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_true(record(m, 7, 1));
    sched_setaffinity(0, sizeof before, &before);
    assert_int_equal(mr_hist_trace(hist_of(m), &t), MR_OK);
    assert_int_equal(t.core, core);
    assert_int_equal(t.instrument, MR_TRACE_NONE);
    assert_int_equal(t.decode_ns, -1);
    free(m);
}

/* In a process that the kernel kills for any system call but read, write and exit. */
static void a_record_is_kept_without_a_system_call(void **state)
{
    (void)state;
    struct probe_metrics *m = fresh();
    int status;
    if (MR_TEST_SANITIZED) { /* sanitizers make system calls of their own */
        free(m);
        skip();
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
            syscall(SYS_exit, 77);
        for (int64_t i = 1; i <= 1000; i++)
            record(m, i, i);
        syscall(SYS_exit, shown(hist_of(m)) == 1000 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    free(m);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        mr_test_skip_line("a record without a system call: this kernel has no seccomp");
        skip();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_maximum_without_a_record_has_none_and_not_an_older_ones(void **state)
{
    (void)state;
    struct probe_metrics *m = fresh();
    record(m, 10, 1);
    MR_RECORD(m, ns, 20); /* by one that keeps none, or one that was killed before it did */
    assert_int_equal(shown(hist_of(m)), 0);
    struct probe_metrics *copy = fresh();
    assert_int_equal(mr_hist_copy(hist_of(copy), hist_of(m)), MR_OK);
    assert_int_equal(shown(hist_of(copy)), 0);
    assert_int_equal(mr_hist_max(hist_of(copy)), 20);
    free(copy);
    free(m);
}

static void a_reset_takes_the_record_along(void **state)
{
    (void)state;
    struct probe_metrics *m = fresh();
    record(m, 10, 1);
    const struct mr_trace of = mr_trace_of(10, 1);
    struct mr_trace_around around = {.value = 10, .at_ns = 1, .interrupts = 3};
    mr_hist_around_put(hist_of(m), &around);
    assert_int_equal(mr_hist_around(hist_of(m), &of, &around), MR_OK);
    mr_metrics_reset(m, &probe_metrics_desc);
    assert_int_equal(shown(hist_of(m)), 0);
    assert_true(record(m, 3, 2)); /* lower than before it */
    assert_int_equal(shown(hist_of(m)), 2);
    const struct mr_trace now = mr_trace_of(3, 2);
    assert_int_equal(mr_hist_around(hist_of(m), &now, &around), MR_E_EMPTY); /* what is known is of the older one */
    free(m);
}

static void copies_sums_and_intervals_have_the_record_of_their_maximum(void **state)
{
    (void)state;
    struct probe_metrics *m = fresh(), *before = fresh(), *now = fresh();
    struct mr_trace_around around = {.value = 1000, .at_ns = 1, .interrupts = 3};
    record(m, 1000, 1);
    mr_hist_around_put(hist_of(m), &around);
    mr_hist_copy(hist_of(before), hist_of(m));
    assert_int_equal(shown(hist_of(before)), 1);
    const struct mr_trace of = mr_trace_of(1000, 1);
    around.interrupts = 0;
    assert_int_equal(mr_hist_around(hist_of(before), &of, &around), MR_OK);
    assert_int_equal(around.interrupts, 3);

    record(m, 900, 2); /* an interval that did not raise the maximum: lower, and in the same bucket as it */
    record(m, 1000, 3);
    mr_hist_copy(hist_of(now), hist_of(m));
    mr_hist_subtract(hist_of(now), hist_of(before));
    assert_int_equal(mr_hist_count(hist_of(now)), 2);
    assert_int_equal(shown(hist_of(now)), 0);

    record(m, 5001, 4); /* one that did: its maximum is exact too */
    mr_hist_copy(hist_of(now), hist_of(m));
    mr_hist_subtract(hist_of(now), hist_of(before));
    assert_int_equal(shown(hist_of(now)), 4);
    assert_int_equal(mr_hist_max(hist_of(now)), 5001);

    mr_hist_add(hist_of(before), hist_of(now)); /* a sum: of the higher one */
    assert_int_equal(shown(hist_of(before)), 4);
    mr_hist_copy(hist_of(now), hist_of(before));
    mr_hist_reset(hist_of(m));
    record(m, 4000, 5);
    mr_hist_add(hist_of(now), hist_of(m));
    assert_int_equal(shown(hist_of(now)), 4);
    free(m);
    free(before);
    free(now);
}

/* ---- a writer and a reader at once ---- */

#define ROUNDS (getenv("MILLRACE_QUICK") ? 100000 : 400000)

struct race {
    struct probe_metrics *m;
    bool done;
};

static void *write_on(void *arg)
{
    struct race *r = arg;
    for (int64_t i = 1, rounds = ROUNDS; i <= rounds; i++) {
        struct mr_trace t = mr_trace_of(i, i);
        t.recv_ns = t.venue_ns = t.decode_ns = i;
        memset(t.begins, (int)(i & 0x7f), sizeof t.begins);
        memset(t.spare, (int)(i & 0x7f), sizeof t.spare); /* the last bytes of it */
        if (MR_RECORD_MAX(r->m, ns, i))
            MR_TRACE(r->m, ns, &t);
    }
    __atomic_store_n(&r->done, true, __ATOMIC_RELEASE);
    return NULL;
}

static bool whole(const struct mr_trace *t)
{
    for (size_t i = 0; i < sizeof t->begins; i++)
        if (t->begins[i] != (char)(t->value & 0x7f))
            return false;
    return t->at_ns == t->value && t->recv_ns == t->value && t->venue_ns == t->value && t->decode_ns == t->value &&
           t->spare[sizeof t->spare - 1] == (t->value & 0x7f);
}

static void a_reader_beside_the_writer_never_sees_half_a_record(void **state)
{
    (void)state;
    struct race r = {.m = fresh()};
    struct probe_metrics *copy = fresh();
    struct mr_trace t;
    pthread_t writer;
    uint64_t seen = 0;
    assert_int_equal(pthread_create(&writer, NULL, write_on, &r), 0);
    while (!__atomic_load_n(&r.done, __ATOMIC_ACQUIRE)) {
        assert_int_equal(mr_hist_copy(hist_of(copy), hist_of(r.m)), MR_OK);
        if (mr_hist_trace(hist_of(copy), &t) != MR_OK)
            continue; /* it was just being written: none rather than another's */
        seen++;
        if (!whole(&t) || t.value != mr_hist_max(hist_of(copy)))
            fail_msg("a record of %lld in a histogram with a maximum of %lld, or torn", (long long)t.value,
                     (long long)mr_hist_max(hist_of(copy)));
    }
    pthread_join(writer, NULL);
    assert_int_equal(mr_hist_copy(hist_of(copy), hist_of(r.m)), MR_OK);
    assert_int_equal(mr_hist_trace(hist_of(copy), &t), MR_OK);
    assert_true(whole(&t));
    print_message("%llu whole records seen\n", (unsigned long long)seen);
    free(copy);
    free(r.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_kept_for_the_maximum_and_only_for_it),
        cmocka_unit_test(a_record_knows_its_core),
        cmocka_unit_test(a_record_is_kept_without_a_system_call),
        cmocka_unit_test(a_maximum_without_a_record_has_none_and_not_an_older_ones),
        cmocka_unit_test(a_reset_takes_the_record_along),
        cmocka_unit_test(copies_sums_and_intervals_have_the_record_of_their_maximum),
        cmocka_unit_test(a_reader_beside_the_writer_never_sees_half_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
