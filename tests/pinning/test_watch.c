/* What is written beside the record of a latency maximum: from a host's tree and a workspace that are made here, at times that the test says. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/metrics/metrics.h"
#include "dataplane/tile/tile.h"
#include "pinning/watch.h"
#include "tests/support/support.h"

#define PROBE_METRICS(COUNTER, GAUGE, HIST)                                                                            \
    COUNTER(seen, "values", "values seen") HIST(ns, "ns", "times") HIST(other_ns, "ns", "other times")
MR_METRICS_DECLARE(probe, PROBE_METRICS);
MR_METRICS_DEFINE(probe, PROBE_METRICS);

#define PID 4242
#define S 1000000000ll

struct scene {
    char root[64], path[96];
    struct mr_workspace ws;
    struct probe_metrics *m;
    struct mr_watch *watch;
};

static void put(const struct scene *s, const char *path, const char *text)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s%s", s->root, path);
    FILE *f = fopen(whole, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void folder(const struct scene *s, const char *path)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s%s", s->root, path);
    assert_int_equal(mkdir(whole, 0755), 0);
}

/* Two CPUs: the timer and a card's queue on each; more of it than the table's first room, if wanted. */
static void put_interrupts(const struct scene *s, int timer0, int timer1, int card1, uint32_t filler)
{
    char line[128], *text = calloc(1, 4096 + filler * 64u);
    assert_non_null(text);
    size_t n = (size_t)sprintf(text, "           CPU0       CPU1\n");
    for (uint32_t i = 0; i < filler; i++)
        n += (size_t)sprintf(text + n, " %3u:  1  1  PCI-MSI %u-edge  never-rises-%u\n", 1000 + i, i, i);
    snprintf(line, sizeof line, " 24:  7  %d  PCI-MSI 524288-edge  eth0-rx-0\n LOC:  %d  %d  Local timer interrupts\n",
             card1, timer0, timer1);
    strcat(text, line);
    put(s, "/proc/interrupts", text);
    free(text);
}

static void put_thread(const struct scene *s, const char *tid, int slept, int preempted, long long put_off_ns)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/4242/task/%s/status", tid);
    snprintf(text, sizeof text, "Name:\tmr:engine\nvoluntary_ctxt_switches:\t%d\nnonvoluntary_ctxt_switches:\t%d\n",
             slept, preempted);
    put(s, path, text);
    snprintf(path, sizeof path, "/proc/4242/task/%s/schedstat", tid);
    snprintf(text, sizeof text, "123456789 %lld 77\n", put_off_ns);
    put(s, path, text);
}

static int up(void **state)
{
    static struct scene s;
    struct mr_err err;
    const struct mr_region_plan plan[] = {
        {"tiles", MR_REGION_TILES, 1, 3 * sizeof(struct mr_tile_beat)},
        {"metrics/probe", MR_REGION_METRICS, 1, mr_metrics_bytes(&probe_metrics_desc)},
    };
    memset(&s, 0, sizeof s);
    snprintf(s.root, sizeof s.root, "/tmp/millrace-test-XXXXXX");
    assert_non_null(mkdtemp(s.root));
    snprintf(s.path, sizeof s.path, "%s/workspace", s.root);
    folder(&s, "/proc");
    folder(&s, "/proc/4242");
    folder(&s, "/proc/4242/task");
    folder(&s, "/proc/4242/task/11");
    folder(&s, "/proc/4242/task/12");
    assert_int_equal(mr_workspace_create(&s.ws, s.path, "probe", plan, MR_COUNT_OF(plan), &err), MR_OK);
    struct mr_region r;
    assert_int_equal(mr_workspace_find(&s.ws, "tiles", &r), MR_OK);
    struct mr_tile_beat *beats = r.mem;
    beats[0] = (struct mr_tile_beat){.name = "feed/0", .tid = 11};
    beats[1] = (struct mr_tile_beat){.name = "engine/0", .tid = 12};
    assert_int_equal(mr_workspace_find(&s.ws, "metrics/probe", &r), MR_OK);
    s.m = mr_metrics_init(r.mem, &probe_metrics_desc, "");
    assert_int_equal(mr_workspace_commit(&s.ws, &err), MR_OK);
    assert_int_equal(mr_watch_open(&s.watch, &s.ws, s.root, PID, &err), MR_OK);
    *state = &s;
    return 0;
}
static int down(void **state)
{
    struct scene *s = *state;
    mr_watch_close(s->watch);
    mr_workspace_close(&s->ws);
    return mr_test_remove(s->root);
}

/* A record of `value` at `at_ns`; its core is the one that this test runs on. */
static struct mr_trace trace(struct scene *s, int64_t value, int64_t at_ns, uint8_t thread)
{
    struct mr_trace t = mr_trace_of(value, at_ns);
    t.thread = thread;
    t.tile = 0;
    assert_true(MR_RECORD_MAX(s->m, ns, value));
    MR_TRACE(s->m, ns, &t);
    assert_int_equal(mr_hist_trace((struct mr_hist *)&s->m->ns, &t), MR_OK);
    return t;
}

static bool around(struct scene *s, const struct mr_trace *t, struct mr_trace_around *a)
{
    return mr_hist_around((struct mr_hist *)&s->m->ns, t, a) == MR_OK;
}

static void a_record_gets_what_the_second_around_it_had(void **state)
{
    struct scene *s = *state;
    struct mr_trace_around a;
    put_interrupts(s, 1000, 2000, 5, 0);
    put_thread(s, "12", 10, 20, 3000000);
    mr_watch_step(s->watch, 100 * S);
    const struct mr_trace t = trace(s, 5000000, 100 * S + S / 2, MR_TRACE_THREAD_ENGINE);
    put_interrupts(s, 1250, 2300, 9, 0);
    put_thread(s, "12", 11, 27, 10000000);
    mr_watch_step(s->watch, 100 * S + S / 2 + 1); /* not due */
    assert_false(around(s, &t, &a));
    mr_watch_step(s->watch, 101 * S);
    assert_true(around(s, &t, &a));
    assert_int_equal(a.from_ns, 100 * S);
    assert_int_equal(a.to_ns, 101 * S);
    assert_int_equal(a.preempted, 7);
    assert_int_equal(a.slept, 1);
    assert_int_equal(a.put_off_ns, 7000000);
    if (t.core == 0) {
        assert_int_equal(a.interrupts, 250);
        assert_int_equal(a.row_count, 1);
    } else if (t.core == 1) {
        assert_int_equal(a.interrupts, 304);
        assert_int_equal(a.row_count, 2);
        assert_string_equal(a.row[1].what, "PCI-MSI 524288-edge eth0-rx-0");
        assert_int_equal(a.row[1].count, 4);
    } else { /* this host has more of them than the table made here */
        assert_int_equal(a.interrupts, -1);
        assert_int_equal(a.row_count, 0);
        return;
    }
    assert_string_equal(a.row[0].what, "Local timer interrupts");
}

static void it_stays_as_it_is_when_the_watch_looks_on(void **state)
{
    struct scene *s = *state;
    struct mr_trace_around a;
    put_interrupts(s, 0, 0, 0, 0);
    mr_watch_step(s->watch, 100 * S);
    const struct mr_trace t = trace(s, 5, 100 * S + 1, MR_TRACE_THREAD_ENGINE);
    for (int i = 1; i < 8; i++) {
        put_interrupts(s, i * 10, i * 10, 0, 0);
        mr_watch_step(s->watch, (100 + i) * S);
        assert_true(around(s, &t, &a));
        assert_int_equal(a.to_ns, 101 * S);
    }
    const struct mr_trace higher = trace(s, 6, 107 * S + 50, MR_TRACE_THREAD_ENGINE);
    assert_false(around(s, &higher, &a));
    mr_watch_look(s->watch, 107 * S + 90); /* the end comes before the next look is due */
    assert_true(around(s, &higher, &a));
    assert_int_equal(a.from_ns, 107 * S);
    assert_int_equal(a.to_ns, 107 * S + 90);
}

static void a_stall_longer_than_a_second_is_looked_at_from_before_it_began(void **state)
{
    struct scene *s = *state;
    struct mr_trace_around a;
    for (int i = 0; i < 2; i++) {
        put_interrupts(s, i * 100, i * 100, 0, 0);
        mr_watch_step(s->watch, (100 + i) * S);
    }
    const struct mr_trace t = trace(s, S + S / 2, 101 * S + S * 3 / 4, MR_TRACE_THREAD_ENGINE);
    mr_watch_step(s->watch, 102 * S);
    assert_true(around(s, &t, &a));
    assert_int_equal(a.from_ns, 100 * S);
    assert_int_equal(a.to_ns, 102 * S);
    const struct mr_trace longer = trace(s, 50 * S, 102 * S + 1, MR_TRACE_THREAD_ENGINE);
    mr_watch_step(s->watch, 103 * S);
    assert_true(around(s, &longer, &a)); /* as far back as there are looks */
    assert_int_equal(a.from_ns, 101 * S);
}

static void what_lies_outside_the_looks_is_not_known(void **state)
{
    struct scene *s = *state;
    struct mr_trace_around a;
    put_interrupts(s, 1, 1, 1, 0);
    const struct mr_trace early = trace(s, 5, 99 * S, MR_TRACE_THREAD_ENGINE);
    mr_watch_step(s->watch, 100 * S);
    mr_watch_step(s->watch, 101 * S);
    mr_watch_step(s->watch, 102 * S);
    assert_false(around(s, &early, &a));
    const struct mr_trace later =
        trace(s, 6, 105 * S, MR_TRACE_THREAD_ENGINE); /* of a clock ahead: its second is to come */
    mr_watch_step(s->watch, 103 * S);
    assert_false(around(s, &later, &a));
    mr_watch_step(s->watch, 105 * S + 1);
    assert_true(around(s, &later, &a));
}

static void what_cannot_be_read_is_not_known_and_the_rest_is(void **state)
{
    struct scene *s = *state;
    struct mr_trace_around a;
    put_thread(s, "11", 10, 20, 3000000); /* no table of interrupts at all, and a thread of which only this is known */
    mr_watch_step(s->watch, 100 * S);
    const struct mr_trace t = trace(s, 5, 100 * S + 1, MR_TRACE_THREAD_FEED);
    put_thread(s, "11", 12, 20, 3000000);
    mr_watch_step(s->watch, 101 * S);
    assert_true(around(s, &t, &a));
    assert_int_equal(a.interrupts, -1);
    assert_int_equal(a.row_count, 0);
    assert_int_equal(a.slept, 2);
    assert_int_equal(a.preempted, 0);
    const struct mr_trace of_engine = trace(s, 6, 101 * S + 1, MR_TRACE_THREAD_ENGINE); /* task/12 has no files */
    put_interrupts(s, 1, 1, 1, 0);
    mr_watch_step(s->watch, 102 * S);
    assert_true(around(s, &of_engine, &a));
    assert_int_equal(a.slept, -1);
    assert_int_equal(a.preempted, -1);
    assert_int_equal(a.put_off_ns, -1);
    const struct mr_trace nobodys = trace(s, 7, 102 * S + 1, MR_TRACE_THREAD_UNKNOWN);
    put(s, "/proc/interrupts", "no table\n");
    mr_watch_step(s->watch, 103 * S);
    assert_true(around(s, &nobodys, &a));
    assert_int_equal(a.interrupts, -1);
    assert_int_equal(a.slept, -1);
}

static void a_table_longer_than_the_first_room_is_read_whole(void **state)
{
    struct scene *s = *state;
    struct mr_trace_around a;
    put_interrupts(s, 1000, 1000, 0, 6000); /* some 300 KB */
    mr_watch_step(s->watch, 100 * S);
    const struct mr_trace t = trace(s, 5, 100 * S + 1, MR_TRACE_THREAD_ENGINE);
    put_interrupts(s, 1004, 1004, 0, 6000);
    mr_watch_step(s->watch, 101 * S);
    assert_true(around(s, &t, &a));
    if (t.core < 2)
        assert_int_equal(a.interrupts, 4);
}

static void a_thread_that_had_not_begun_had_nothing_before(void **state)
{
    struct scene *s = *state;
    struct mr_trace_around a;
    struct mr_region r;
    assert_int_equal(mr_workspace_find(&s->ws, "tiles", &r), MR_OK);
    struct mr_tile_beat *engine = (struct mr_tile_beat *)r.mem + 1;
    engine->tid = 0;
    mr_watch_step(s->watch, 100 * S);
    engine->tid = 12;
    put_thread(s, "12", 3, 4, 5000);
    const struct mr_trace t = trace(s, 5, 100 * S + 50, MR_TRACE_THREAD_ENGINE);
    mr_watch_step(s->watch, 101 * S);
    assert_true(around(s, &t, &a));
    assert_int_equal(a.slept, 3);
    assert_int_equal(a.preempted, 4);
    assert_int_equal(a.put_off_ns, 5000);
}

static void histograms_without_a_record_stay_as_they_are(void **state)
{
    struct scene *s = *state;
    struct mr_trace t;
    MR_RECORD(s->m, other_ns, 50);
    put_interrupts(s, 1, 1, 1, 0);
    mr_watch_step(s->watch, 100 * S);
    mr_watch_step(s->watch, 101 * S);
    assert_int_equal(mr_hist_trace((struct mr_hist *)&s->m->other_ns, &t), MR_E_EMPTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_gets_what_the_second_around_it_had, up, down),
        cmocka_unit_test_setup_teardown(it_stays_as_it_is_when_the_watch_looks_on, up, down),
        cmocka_unit_test_setup_teardown(a_stall_longer_than_a_second_is_looked_at_from_before_it_began, up, down),
        cmocka_unit_test_setup_teardown(what_lies_outside_the_looks_is_not_known, up, down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_not_known_and_the_rest_is, up, down),
        cmocka_unit_test_setup_teardown(a_table_longer_than_the_first_room_is_read_whole, up, down),
        cmocka_unit_test_setup_teardown(a_thread_that_had_not_begun_had_nothing_before, up, down),
        cmocka_unit_test_setup_teardown(histograms_without_a_record_stay_as_they_are, up, down),
    };
    return MR_TEST_MAIN(tests);
}
