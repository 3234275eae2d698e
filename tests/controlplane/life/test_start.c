/* The start-up's steps: their order, what stops it, what it says. On virtual time. */
#include <stdio.h>

#include "controlplane/life/start.h"
#include "dataplane/text/text.h"
#include "tests/support/support.h"

#define S 1000000000ll
#define NOW (100 * S)

static struct {
    int answer[MR_START_STEP_COUNT];
    unsigned calls[MR_START_STEP_COUNT], firsts[MR_START_STEP_COUNT], told;
    char order[512];
} world;
static struct mr_start start;
static struct mr_err err;

static int step(unsigned i, bool first, struct mr_err *e)
{
    size_t len = strlen(world.order);
    world.calls[i]++;
    world.firsts[i] += first;
    if (first)
        snprintf(world.order + len, sizeof world.order - len, "%s ", mr_start_step_name(i));
    return world.answer[i] ? mr_err_set(e, world.answer[i], "okx is not reachable") : MR_OK;
}
#define MR_START(name, within, when, what)                                                                             \
    static int step_##name(void *self, bool first, int64_t now_ns, struct mr_err *e)                                   \
    {                                                                                                                  \
        (void)self;                                                                                                    \
        (void)now_ns;                                                                                                  \
        return step(MR_START_##name, first, e);                                                                        \
    }
#include "controlplane/life/startup.def"
#undef MR_START
static void told(void *self, enum mr_start_step s, int status, const char *sentence, int64_t took_ns)
{
    (void)self;
    (void)sentence;
    assert_int_equal(s, world.told);
    assert_true(took_ns >= 0 && status != MR_E_AGAIN);
    world.told++;
}
static void with(bool live)
{
    memset(&world, 0, sizeof world);
    mr_start_init(&start,
                  (struct mr_start_port){NULL,
                                         {
#define MR_START(name, within, when, what) step_##name,
#include "controlplane/life/startup.def"
#undef MR_START
                                         },
                                         told},
                  live);
}

static void steps_are_done_in_the_order_of_the_requirement(void **state)
{
    (void)state;
    with(true);
    assert_int_equal(mr_start_poll(&start, NOW, &err), MR_OK);
    assert_string_equal(world.order, "config environment storage audit feeds history engines reconcile credentials ");
    assert_int_equal(world.told, MR_START_STEP_COUNT);
    assert_int_equal(mr_start_poll(&start, NOW + 1, &err), MR_OK); /* and not again */
    assert_int_equal(world.calls[0], 1);
}

static void credentials_are_looked_at_only_where_real_orders_may_be_sent(void **state)
{
    (void)state;
    with(false);
    assert_int_equal(mr_start_poll(&start, NOW, &err), MR_OK);
    assert_string_equal(world.order, "config environment storage audit feeds history engines reconcile ");
    assert_int_equal(start.step[MR_START_credentials].status, MR_E_UNSUPPORTED);
}

static void a_step_that_waits_holds_up_those_behind_it(void **state)
{
    (void)state;
    with(true);
    world.answer[MR_START_feeds] = MR_E_AGAIN;
    for (int i = 0; i < 10; i++)
        assert_int_equal(mr_start_poll(&start, NOW + i * S, &err), MR_E_AGAIN);
    assert_string_equal(world.order, "config environment storage audit feeds ");
    assert_int_equal(world.calls[MR_START_feeds], 10);
    assert_int_equal(world.firsts[MR_START_feeds], 1);
    world.answer[MR_START_feeds] = MR_OK;
    assert_int_equal(mr_start_poll(&start, NOW + 10 * S, &err), MR_OK);
    assert_int_equal(start.step[MR_START_feeds].ended_ns - start.step[MR_START_feeds].begun_ns, 10 * S);
}

static void each_step_that_fails_names_itself_and_stops_there(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MR_START_STEP_COUNT; i++) {
        char want[64];
        with(true);
        world.answer[i] = MR_E_IO;
        assert_int_equal(mr_start_poll(&start, NOW, &err), MR_E_IO);
        snprintf(want, sizeof want, "start-up step %u, %s (", i + 1, mr_start_step_name(i));
        assert_int_equal(strncmp(err.text, want, strlen(want)), 0);
        assert_non_null(strstr(err.text, "): okx is not reachable"));
        world.answer[i] = MR_OK; /* too late */
        assert_int_equal(mr_start_poll(&start, NOW + S, &err), MR_E_IO);
        assert_int_equal(world.calls[i], 1);
        for (unsigned k = i + 1; k < MR_START_STEP_COUNT; k++)
            assert_int_equal(world.calls[k], 0);
    }
}

static void each_step_that_takes_too_long_says_what_it_waited_for(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MR_START_STEP_COUNT; i++) {
        int64_t t = NOW;
        with(true);
        world.answer[i] = MR_E_AGAIN;
        while (mr_start_poll(&start, t, &err) == MR_E_AGAIN && t < NOW + 60000 * S)
            t += S;
        assert_int_equal(start.status, MR_E_END);
        assert_in_range(t - NOW, 5 * S, 57600 * S);
        assert_non_null(strstr(err.text, "not within "));
        assert_non_null(strstr(err.text, "okx is not reachable"));
    }
}

static void people_read_how_far_it_is(void **state)
{
    char out[2048];
    struct mr_text text;
    (void)state;
    with(false);
    world.answer[MR_START_audit] = MR_E_AGAIN;
    mr_start_poll(&start, NOW, &err);
    mr_text_init(&text, out, sizeof out);
    mr_start_text(&start, &text);
    assert_non_null(strstr(out, "1 config       done      took 0 ms\n"));
    assert_non_null(strstr(out, "4 audit        under way: okx is not reachable\n"));
    assert_non_null(strstr(out, "5 feeds        not begun\n"));
    world.answer[MR_START_audit] = MR_OK;
    world.answer[MR_START_reconcile] = MR_E_CORRUPT;
    mr_start_poll(&start, NOW + S, &err);
    mr_text_init(&text, out, sizeof out);
    mr_start_text(&start, &text);
    assert_non_null(strstr(out, "4 audit        done      took 1000 ms\n"));
    assert_non_null(strstr(out, "8 reconcile    failed    took 0 ms: okx is not reachable\n"));
    with(false);
    mr_start_poll(&start, NOW, &err);
    mr_text_init(&text, out, sizeof out);
    mr_start_text(&start, &text);
    assert_non_null(strstr(out, "9 credentials  left out : nothing real is traded\n"));
    assert_string_equal(mr_start_step_name(99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_done_in_the_order_of_the_requirement),
        cmocka_unit_test(credentials_are_looked_at_only_where_real_orders_may_be_sent),
        cmocka_unit_test(a_step_that_waits_holds_up_those_behind_it),
        cmocka_unit_test(each_step_that_fails_names_itself_and_stops_there),
        cmocka_unit_test(each_step_that_takes_too_long_says_what_it_waited_for),
        cmocka_unit_test(people_read_how_far_it_is),
    };
    return MR_TEST_MAIN(tests);
}
