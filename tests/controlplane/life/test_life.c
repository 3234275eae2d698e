/* The states and who may change them; the emergency stop's steps, on virtual time. */
#include <stdio.h>

#include "controlplane/life/life.h"
#include "controlplane/life/stop.h"
#include "dataplane/text/text.h"
#include "tests/support/support.h"

#define MS 1000000ll
#define NOW (1000 * MS)

static struct mr_life life;
static struct mr_err err;
static struct {
    struct mr_life_event last;
    unsigned count;
    int may;
} told;

static int may(void *self, enum mr_life_state from, enum mr_life_state to, struct mr_err *e)
{
    (void)self;
    (void)from;
    (void)to;
    return told.may ? mr_err_set(e, told.may, "the kill switch is on") : MR_OK;
}
static void audit(void *self, const struct mr_life_event *event)
{
    (void)self;
    told.last = *event;
    told.count++;
}
static int fresh(void **state)
{
    (void)state;
    memset(&told, 0, sizeof told);
    mr_life_init(&life, (struct mr_life_port){NULL, may, audit}, NOW);
    return 0;
}
static int go(enum mr_life_state to, enum mr_life_actor actor)
{
    return mr_life_go(&life, to, actor, 1000, "because", NOW + 5, &err);
}

#define I MR_LIFE_INITIALIZING
#define R MR_LIFE_READY
#define T MR_LIFE_TRADING
#define P MR_LIFE_PAUSED
#define E MR_LIFE_EMERGENCY_STOP
#define S MR_LIFE_SHUTDOWN
#define SYS MR_ACTOR_SYSTEM
#define CON MR_ACTOR_CONFIG
#define OPE MR_ACTOR_OPERATOR
#define ADM MR_ACTOR_ADMIN

/* All 36 pairs, written down a second time. */
static const uint8_t want[6][6] = {
    [I] = {[R] = SYS, [E] = SYS | OPE | ADM, [S] = SYS | ADM},
    [R] = {[T] = CON | OPE | ADM, [E] = SYS | OPE | ADM, [S] = SYS | ADM},
    [T] = {[P] = SYS | OPE | ADM, [E] = SYS | OPE | ADM},
    [P] = {[R] = OPE | ADM, [T] = OPE | ADM, [E] = SYS | OPE | ADM, [S] = SYS | ADM},
    [E] = {[R] = ADM, [S] = ADM},
};

static void each_pair_is_allowed_to_whom_the_table_says_and_to_nobody_else(void **state)
{
    static const uint8_t actors[] = {SYS, CON, OPE, ADM};
    for (uint8_t from = 0; from < 6; from++)
        for (uint8_t to = 0; to < 6; to++)
            for (size_t a = 0; a < MR_COUNT_OF(actors); a++) {
                fresh(state);
                life.state = from;
                int status = go(to, actors[a]);
                bool good = from == to || (want[from][to] & actors[a]);
                if ((status == MR_OK) != good)
                    fail_msg("%s to %s by the %s: %d", mr_life_state_name(from), mr_life_state_name(to),
                             mr_life_actor_name(actors[a]), status);
                assert_int_equal(life.state, good ? to : from);
                assert_int_equal(told.count, from != to); /* a refusal is audited too */
                assert_int_equal(mr_life_who(from, to), want[from][to]);
                assert_int_equal(mr_life_trading(&life), life.state == T);
            }
}

static void a_transition_is_one_event_with_who_when_and_why(void **state)
{
    (void)state;
    assert_int_equal(go(R, SYS), MR_OK);
    assert_int_equal(go(T, OPE), MR_OK);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.last.number, 2);
    assert_int_equal(told.last.from, R);
    assert_int_equal(told.last.to, T);
    assert_int_equal(told.last.uid, 1000);
    assert_int_equal(told.last.actor, OPE);
    assert_true(told.last.allowed);
    assert_string_equal(told.last.reason, "because");
    assert_int_equal(life.since_ns, NOW + 5);
    assert_int_equal(life.entered[T], 1);
    assert_int_equal(go(T, OPE), MR_OK); /* it is there: nothing to tell */
    assert_int_equal(told.count, 2);
}

static void a_refusal_says_why_and_is_told(void **state)
{
    (void)state;
    assert_int_equal(go(T, OPE), MR_E_INVALID);
    assert_string_equal(err.text, "no way from initializing to trading");
    assert_int_equal(go(R, OPE), MR_E_INVALID);
    assert_string_equal(err.text, "from initializing to ready: not by the operator");
    assert_int_equal(go(R, SYS), MR_OK);
    told.may = MR_E_STALE;
    assert_int_equal(go(T, ADM), MR_E_STALE);
    assert_string_equal(err.text, "the kill switch is on");
    assert_false(told.last.allowed);
    assert_string_equal(told.last.reason, "because (the kill switch is on)");
    assert_int_equal(life.state, R);
    assert_int_equal(life.refusals, 3);
    assert_int_equal(mr_life_go(&life, T, ADM, 0, NULL, NOW, NULL), MR_E_STALE); /* nobody wants the sentence */
}

static void a_life_without_a_port_goes_by_the_table(void **state)
{
    (void)state;
    mr_life_init(&life, (struct mr_life_port){0}, NOW);
    assert_int_equal(go(R, SYS), MR_OK);
    assert_int_equal(go(P, SYS), MR_E_INVALID);
}

static void processes_agree_on_build_and_configuration_before_arming(void **state)
{
    struct mr_life_party parties[3] = {
        {"control plane", "b1", 5}, {"data plane a", "b1", 5}, {"data plane b", "b1", 5}};
    (void)state;
    assert_int_equal(mr_life_agree(parties, 3, &err), MR_OK);
    assert_int_equal(mr_life_agree(parties, 1, &err), MR_OK);
    assert_int_equal(mr_life_agree(parties, 0, &err), MR_E_EMPTY);
    parties[2].config = 6;
    assert_int_equal(mr_life_agree(parties, 3, &err), MR_E_CORRUPT);
    assert_non_null(strstr(err.text, "data plane b with 0000000000000006"));
    parties[1].build = "b2";
    assert_int_equal(mr_life_agree(parties, 3, &err), MR_E_VERSION);
    assert_non_null(strstr(err.text, "data plane a is build b2"));
}

static void names_are_there_and_end(void **state)
{
    (void)state;
    assert_string_equal(mr_life_state_name(MR_LIFE_EMERGENCY_STOP), "emergency_stop");
    assert_string_equal(mr_life_state_name(99), "?");
    assert_string_equal(mr_life_actor_name(ADM), "administrator");
    assert_string_equal(mr_life_actor_name(CON), "config");
    assert_string_equal(mr_life_actor_name(3), "?");
    assert_string_equal(mr_stop_cause_name(MR_STOP_JOURNAL), "journal");
    assert_string_equal(mr_stop_cause_name(99), "?");
    assert_string_equal(mr_stop_step_name(MR_STOP_WAIT), "wait");
    assert_string_equal(mr_stop_step_name(99), "?");
}

/* ---- the stop ---- */

static struct world {
    int answer[MR_STOP_WAIT]; /* what each step says */
    unsigned calls[MR_STOP_WAIT], firsts[MR_STOP_WAIT];
    char order[512];
} world;
static struct mr_stop stop;

static int step(unsigned i, bool first, struct mr_err *e)
{
    size_t len = strlen(world.order);
    world.calls[i]++;
    world.firsts[i] += first;
    if (first)
        snprintf(world.order + len, sizeof world.order - len, "%s ", mr_stop_step_name(i));
    if (world.answer[i] != MR_OK)
        mr_err_set(e, world.answer[i], "3 left of %s", mr_stop_step_name(i));
    return world.answer[i];
}
#define STEP(name, i)                                                                                                  \
    static int name(void *self, bool first, int64_t now_ns, struct mr_err *e)                                          \
    {                                                                                                                  \
        (void)self;                                                                                                    \
        (void)now_ns;                                                                                                  \
        return step(i, first, e);                                                                                      \
    }
STEP(signals, 0)
STEP(cancel, 1)
STEP(close_all, 2)
STEP(persist, 3)
STEP(notify, 4)
STEP(dump, 5)

static char said[1024];
static void on_told(void *self, enum mr_stop_step s, int status, const char *sentence, int64_t now_ns)
{
    size_t len = strlen(said);
    (void)self;
    (void)now_ns;
    snprintf(said + len, sizeof said - len, "%s=%s:%s;", mr_stop_step_name(s), mr_status_name(status), sentence);
}
static int calm(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    said[0] = 0;
    mr_stop_init(&stop, (struct mr_stop_port){NULL, {signals, cancel, close_all, persist, notify, dump}, on_told});
    return 0;
}

static void nothing_happens_without_a_trigger(void **state)
{
    (void)state;
    mr_stop_poll(&stop, NOW);
    assert_string_equal(world.order, "");
    assert_int_equal(mr_stop_release(&stop, false, NOW, &err), MR_E_EMPTY);
}

static void the_first_two_steps_begin_in_the_trigger_itself(void **state)
{
    (void)state;
    for (unsigned cause = 0; cause < MR_STOP_CAUSE_COUNT; cause++) {
        calm(state);
        world.answer[MR_STOP_SIGNALS] = cause % 2 ? MR_E_AGAIN : MR_OK; /* and the second waits for nobody */
        assert_true(mr_stop_trigger(&stop, cause, "r", NOW));
        assert_string_equal(world.order, "signals cancel ");
        assert_int_equal(stop.step[MR_STOP_SIGNALS].begun_ns, NOW);
        assert_int_equal(stop.step[MR_STOP_CANCEL].begun_ns, NOW);
    }
}

static void the_seven_steps_come_in_order_and_end_in_waiting(void **state)
{
    (void)state;
    mr_stop_trigger(&stop, MR_STOP_DRAWDOWN, "drawdown 16 %", NOW);
    mr_stop_poll(&stop, NOW + 1);
    assert_string_equal(world.order, "signals cancel close persist notify dump ");
    assert_int_equal(stop.at, MR_STOP_WAIT);
    assert_non_null(strstr(said, "dump=OK:;wait=AGAIN:waits for an operator;"));
    for (int i = 0; i < 5; i++)
        mr_stop_poll(&stop, NOW + 2 + i);
    assert_int_equal(world.calls[MR_STOP_PERSIST], 1);
    assert_int_equal(world.calls[MR_STOP_CANCEL], 6); /* asked as long as it waits */
    assert_int_equal(world.firsts[MR_STOP_CANCEL], 1);
    assert_int_equal(mr_stop_release(&stop, false, NOW + 9, &err), MR_OK);
    assert_false(stop.active);
    mr_stop_poll(&stop, NOW + 10);
    assert_int_equal(world.calls[MR_STOP_CANCEL], 6);
}

static void a_step_under_way_is_asked_again_until_it_is_done(void **state)
{
    (void)state;
    world.answer[MR_STOP_CANCEL] = MR_E_AGAIN;
    mr_stop_trigger(&stop, MR_STOP_OPERATOR, "", NOW);
    for (int i = 1; i < 10; i++)
        mr_stop_poll(&stop, NOW + i * MS);
    assert_string_equal(world.order, "signals cancel ");
    assert_int_equal(mr_stop_release(&stop, false, NOW, &err), MR_E_AGAIN);
    assert_non_null(strstr(err.text, "step 2, cancel, is not done: 3 left of cancel"));
    world.answer[MR_STOP_CANCEL] = MR_OK;
    world.answer[MR_STOP_NOTIFY] = MR_E_AGAIN;
    mr_stop_poll(&stop, NOW + 10 * MS);
    assert_string_equal(world.order, "signals cancel close persist notify ");
    assert_int_equal(mr_stop_release(&stop, false, NOW, &err), MR_E_AGAIN);
    assert_string_equal(err.text, "step 5, notify, is under way");
    assert_int_equal(stop.step[MR_STOP_CANCEL].ended_ns - stop.step[MR_STOP_CANCEL].begun_ns, 10 * MS);
}

static void a_step_that_hangs_is_named_and_the_next_begins(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MR_STOP_WAIT; i++)
        world.answer[i] = MR_E_AGAIN;
    mr_stop_trigger(&stop, MR_STOP_FEED, "", NOW);
    int64_t t = NOW;
    while (stop.at < MR_STOP_WAIT && t < NOW + 100000 * MS)
        mr_stop_poll(&stop, t += MS);
    assert_int_equal(stop.at, MR_STOP_WAIT);
    assert_in_range(t - NOW, 50000 * MS, 56000 * MS); /* the sum of the times they are given */
    assert_string_equal(world.order, "signals cancel close persist notify dump ");
    for (unsigned i = 0; i < MR_STOP_WAIT; i++)
        assert_int_equal(stop.step[i].status, MR_E_END);
    assert_string_equal(stop.step[MR_STOP_NOTIFY].sentence, "not within 10000 ms: 3 left of notify");
    assert_int_equal(mr_stop_release(&stop, false, t, &err), MR_E_AGAIN);
    assert_non_null(strstr(err.text, "step 2, cancel"));
    world.answer[MR_STOP_CANCEL] = MR_OK; /* late, but done */
    mr_stop_poll(&stop, t + 1);
    assert_int_equal(stop.step[MR_STOP_CANCEL].status, MR_OK);
    assert_int_equal(mr_stop_release(&stop, false, t, &err), MR_E_AGAIN);
    assert_non_null(strstr(err.text, "step 3, close"));
    assert_int_equal(mr_stop_release(&stop, true, t, &err), MR_OK);
    assert_non_null(strstr(said, "wait=OK:released by force"));
}

static void a_step_that_fails_is_told_once_and_hinders_no_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MR_STOP_WAIT; i++)
        world.answer[i] = MR_E_IO;
    mr_stop_trigger(&stop, MR_STOP_JOURNAL, "", NOW);
    for (int i = 1; i < 5; i++)
        mr_stop_poll(&stop, NOW + i);
    assert_string_equal(world.order, "signals cancel close persist notify dump ");
    assert_string_equal(said, "signals=IO:3 left of signals;cancel=IO:3 left of cancel;close=IO:3 left of close;"
                              "persist=IO:3 left of persist;notify=IO:3 left of notify;dump=IO:3 left of dump;"
                              "wait=AGAIN:waits for an operator;");
}

static void a_fill_that_comes_late_is_closed_too(void **state)
{
    (void)state;
    mr_stop_trigger(&stop, MR_STOP_KILL, "", NOW);
    mr_stop_poll(&stop, NOW + 1);
    assert_int_equal(stop.at, MR_STOP_WAIT);
    world.answer[MR_STOP_CLOSE] = MR_E_AGAIN; /* a position again */
    mr_stop_poll(&stop, NOW + 2);
    assert_int_equal(mr_stop_release(&stop, false, NOW + 2, &err), MR_E_AGAIN);
    world.answer[MR_STOP_CLOSE] = MR_OK;
    mr_stop_poll(&stop, NOW + 3);
    assert_int_equal(mr_stop_release(&stop, false, NOW + 3, &err), MR_OK);
}

static void a_second_trigger_starts_nothing_anew_and_is_kept(void **state)
{
    (void)state;
    world.answer[MR_STOP_CLOSE] = MR_E_AGAIN;
    mr_stop_trigger(&stop, MR_STOP_LOSSES, "five", NOW);
    mr_stop_poll(&stop, NOW + 1);
    assert_false(mr_stop_trigger(&stop, MR_STOP_KILL, "x", NOW + 2));
    assert_false(mr_stop_trigger(&stop, MR_STOP_FEED, "x", NOW + 3));
    assert_int_equal(stop.cause, MR_STOP_LOSSES);
    assert_string_equal(stop.reason, "five");
    assert_int_equal(stop.more, 1u << MR_STOP_KILL | 1u << MR_STOP_FEED);
    assert_int_equal(stop.late, 2);
    assert_int_equal(world.firsts[MR_STOP_CANCEL], 1);
    world.answer[MR_STOP_CLOSE] = MR_OK;
    mr_stop_poll(&stop, NOW + 4);
    assert_int_equal(mr_stop_release(&stop, false, NOW + 5, &err), MR_OK);
    assert_true(mr_stop_trigger(&stop, MR_STOP_OPERATOR, "", NOW + 6)); /* another stop begins from the first step */
    assert_int_equal(world.firsts[MR_STOP_CANCEL], 2);
    assert_int_equal(stop.stops, 2);
}

static void people_read_its_steps(void **state)
{
    char out[2048];
    struct mr_text text;
    struct mr_json_out j;
    (void)state;
    mr_text_init(&text, out, sizeof out);
    mr_stop_text(&stop, &text);
    assert_string_equal(out, "no emergency stop\n");
    world.answer[MR_STOP_CLOSE] = MR_E_AGAIN;
    world.answer[MR_STOP_SIGNALS] = MR_E_IO;
    mr_stop_trigger(&stop, MR_STOP_INVARIANT, "3 positions", NOW);
    mr_stop_poll(&stop, NOW + 2 * MS);
    mr_text_init(&text, out, sizeof out);
    mr_stop_text(&stop, &text);
    assert_string_equal(out, "emergency stop 1, under way: invariant: 3 positions\n"
                             "1 signals  failed    after 0 us, took 0 us: 3 left of signals\n"
                             "2 cancel   done      after 0 us, took 0 us\n"
                             "3 close    under way after 2000 us: 3 left of close\n"
                             "4 persist  not begun\n"
                             "5 notify   not begun\n"
                             "6 dump     not begun\n"
                             "7 wait     not begun\n");
    mr_text_init(&text, out, sizeof out);
    mr_json_out_init(&j, &text);
    mr_stop_json(&stop, NULL, &j);
    assert_non_null(strstr(out, "\"cause\":\"invariant\""));
    assert_non_null(strstr(out, "{\"step\":\"close\",\"outcome\":\"under way\""));
    assert_false(text.cut);
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup(test, fresh)
#define CALM(test) cmocka_unit_test_setup(test, calm)
    const struct CMUnitTest tests[] = {
        FRESH(each_pair_is_allowed_to_whom_the_table_says_and_to_nobody_else),
        FRESH(a_transition_is_one_event_with_who_when_and_why),
        FRESH(a_refusal_says_why_and_is_told),
        FRESH(a_life_without_a_port_goes_by_the_table),
        FRESH(processes_agree_on_build_and_configuration_before_arming),
        FRESH(names_are_there_and_end),
        CALM(nothing_happens_without_a_trigger),
        CALM(the_first_two_steps_begin_in_the_trigger_itself),
        CALM(the_seven_steps_come_in_order_and_end_in_waiting),
        CALM(a_step_under_way_is_asked_again_until_it_is_done),
        CALM(a_step_that_hangs_is_named_and_the_next_begins),
        CALM(a_step_that_fails_is_told_once_and_hinders_no_other),
        CALM(a_fill_that_comes_late_is_closed_too),
        CALM(a_second_trigger_starts_nothing_anew_and_is_kept),
        CALM(people_read_its_steps),
    };
    return MR_TEST_MAIN(tests);
}
