/* Modules under watch and the tasks they give: health, back-off, hangs, escalation, priorities. On virtual time. */
#include <stdio.h>

#include "controlplane/life/modules.h"
#include "tests/support/support.h"

#define S 1000000000ll
#define NOW (1000 * S)

static struct module {
    struct mr_pulse pulse;
    int answer;
    unsigned starts, agains;
    int64_t at[64];
} one, two;
static struct mr_modules modules;
static struct mr_err err;
static unsigned changes, escalations;
static char said[4096];

static int begin(void *self, bool again, int64_t now_ns, struct mr_err *e)
{
    struct module *m = self;
    m->at[m->starts++ % 64] = now_ns;
    m->agains += again;
    return m->answer ? mr_err_set(e, m->answer, "no such port") : MR_OK;
}
static void changed(void *self, const struct mr_module_record *r, int64_t now_ns)
{
    size_t len = strlen(said);
    (void)self;
    changes++;
    snprintf(said + len, sizeof said - len, "%lld %s %s (%s)\n", (long long)((now_ns - NOW) / S), r->is.name,
             mr_module_state_name(r->state), r->sentence);
}
static void escalated(void *self, const struct mr_module_record *r, int64_t now_ns)
{
    (void)self;
    (void)r;
    (void)now_ns;
    escalations++;
}
static int up(void **state)
{
    (void)state;
    memset(&one, 0, sizeof one);
    memset(&two, 0, sizeof two);
    changes = escalations = 0;
    said[0] = 0;
    mr_modules_init(&modules, (struct mr_modules_port){NULL, changed, escalated});
    return 0;
}
static int add(struct module *m, const char *name, enum mr_priority priority, bool restartable)
{
    return mr_modules_add(&modules, &(struct mr_module){name, priority, m, restartable ? begin : NULL, &m->pulse}, NOW,
                          &err);
}
static enum mr_module_state state_of(int i) { return modules.modules[i].state; }

static void who_beats_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(add(&one, "store", MR_PRIORITY_NORMAL, true), 0);
    for (int i = 0; i < 3600; i += 10) {
        mr_pulse_beat(&one.pulse, MR_HEALTH_GOOD, NOW + i * S);
        mr_pulse_begin(&one.pulse, "writing", NOW + i * S);
        mr_modules_poll(&modules, NOW + i * S);
        mr_pulse_end(&one.pulse);
    }
    assert_int_equal(changes, 0);
    assert_int_equal(one.starts, 1);
}

static void who_says_no_word_for_thirty_seconds_is_named(void **state)
{
    (void)state;
    add(&one, "store", MR_PRIORITY_NORMAL, true);
    add(&two, "gate", MR_PRIORITY_CRITICAL, false);
    for (int i = 1; i <= 40; i++) {
        mr_pulse_beat(&two.pulse, MR_HEALTH_GOOD, NOW + i * S);
        mr_modules_poll(&modules, NOW + i * S);
    }
    assert_string_equal(said, "31 store stuck (no sign of life for 31 s)\n");
    assert_int_equal(escalations, 0); /* it is not critical */
    mr_pulse_beat(&one.pulse, MR_HEALTH_GOOD, NOW + 41 * S);
    mr_modules_poll(&modules, NOW + 41 * S);
    assert_non_null(strstr(said, "41 store running (well again)\n"));
}

static void who_hangs_is_named_with_what_it_hangs_at_and_a_critical_one_escalated_once(void **state)
{
    (void)state;
    add(&one, "gate", MR_PRIORITY_CRITICAL, false);
    mr_pulse_begin(&one.pulse, "taking the lock of the store", NOW);
    for (int i = 1; i <= 60; i++)
        mr_modules_poll(&modules, NOW + i * S);
    assert_string_equal(said, "11 gate stuck (at \"taking the lock of the store\" for 11 s)\n");
    assert_int_equal(escalations, 1);
    assert_int_equal(modules.modules[0].stalls, 1);
    /* it comes back, is well for a minute, and hangs again: that is another trouble */
    mr_pulse_end(&one.pulse);
    for (int i = 61; i <= 130; i++) {
        mr_pulse_beat(&one.pulse, MR_HEALTH_GOOD, NOW + i * S);
        mr_modules_poll(&modules, NOW + i * S);
    }
    assert_int_equal(state_of(0), MR_MODULE_RUNNING);
    for (int i = 131; i <= 200; i++)
        mr_modules_poll(&modules, NOW + i * S);
    assert_int_equal(escalations, 2);
}

static void who_is_worse_than_it_was_is_told(void **state)
{
    (void)state;
    add(&one, "store", MR_PRIORITY_HIGH, true);
    mr_pulse_beat(&one.pulse, MR_HEALTH_DEGRADED, NOW + S);
    mr_modules_poll(&modules, NOW + S);
    assert_int_equal(state_of(0), MR_MODULE_DEGRADED);
    mr_pulse_beat(&one.pulse, MR_HEALTH_GOOD, NOW + 2 * S);
    mr_modules_poll(&modules, NOW + 2 * S);
    assert_int_equal(state_of(0), MR_MODULE_RUNNING);
    assert_int_equal(one.starts, 1); /* nothing was started anew */
}

static void who_fails_is_started_again_after_1_2_and_4_seconds_and_then_given_up(void **state)
{
    (void)state;
    add(&one, "http", MR_PRIORITY_CRITICAL, true);
    one.answer = MR_E_IO;
    mr_pulse_beat(&one.pulse, MR_HEALTH_FAILED, NOW);
    for (int64_t t = NOW; t < NOW + 200 * S; t += S / 10)
        mr_modules_poll(&modules, t);
    assert_int_equal(one.agains, 4);
    assert_int_equal(one.at[1] - NOW, 1 * S);
    assert_int_equal(one.at[2] - one.at[1], 2 * S);
    assert_int_equal(one.at[3] - one.at[2], 4 * S);
    assert_int_equal(one.at[4] - one.at[3], 8 * S);
    assert_int_equal(state_of(0), MR_MODULE_GIVEN_UP);
    assert_string_equal(modules.modules[0].sentence, "failed too often: no such port");
    assert_int_equal(escalations, 1);
    assert_int_equal(modules.modules[0].failures, 5);
}

static void who_comes_round_begins_anew(void **state)
{
    (void)state;
    add(&one, "http", MR_PRIORITY_NORMAL, true);
    mr_pulse_beat(&one.pulse, MR_HEALTH_FAILED, NOW);
    mr_modules_poll(&modules, NOW);
    assert_int_equal(state_of(0), MR_MODULE_BACKING_OFF);
    assert_string_equal(modules.modules[0].sentence, "again in 1 s: it says so itself");
    mr_modules_poll(&modules, NOW + S);
    assert_int_equal(state_of(0), MR_MODULE_RUNNING);
    for (int i = 2; i < 70; i++) {
        mr_pulse_beat(&one.pulse, MR_HEALTH_GOOD, NOW + i * S);
        mr_modules_poll(&modules, NOW + i * S);
    }
    assert_int_equal(modules.modules[0].attempts, 0);
    /* one failure an hour is never too often */
    for (int64_t hour = 1; hour < 20; hour++) {
        int64_t t = NOW + hour * 3600 * S;
        mr_pulse_beat(&one.pulse, MR_HEALTH_FAILED, t);
        mr_modules_poll(&modules, t);
        for (int i = 1; i < 70; i++) {
            mr_modules_poll(&modules, t + i * S);
            mr_pulse_beat(&one.pulse, MR_HEALTH_GOOD, t + i * S);
        }
        assert_int_equal(state_of(0), MR_MODULE_RUNNING);
    }
    assert_int_equal(escalations, 0);
}

static void back_off_is_a_minute_at_most(void **state)
{
    (void)state;
    add(&one, "http", MR_PRIORITY_NORMAL, true);
    modules.modules[0].attempts = 40;
    mr_pulse_beat(&one.pulse, MR_HEALTH_FAILED, NOW);
    mr_modules_poll(&modules, NOW);
    assert_int_equal(modules.modules[0].retry_ns, NOW + 60 * S);
}

static void who_cannot_be_started_anew_is_given_up_at_once(void **state)
{
    (void)state;
    add(&one, "trade", MR_PRIORITY_CRITICAL, false);
    mr_pulse_beat(&one.pulse, MR_HEALTH_FAILED, NOW);
    mr_modules_poll(&modules, NOW);
    assert_int_equal(state_of(0), MR_MODULE_GIVEN_UP);
    assert_int_equal(escalations, 1);
    mr_modules_poll(&modules, NOW + S);
    assert_int_equal(escalations, 1);
}

static void one_that_does_not_start_backs_off_but_a_critical_one_is_an_error(void **state)
{
    (void)state;
    one.answer = MR_E_IO;
    assert_int_equal(add(&one, "http", MR_PRIORITY_LOW, true), 0);
    assert_int_equal(state_of(0), MR_MODULE_BACKING_OFF);
    assert_int_equal(add(&one, "gate", MR_PRIORITY_CRITICAL, true), MR_E_IO);
    assert_string_equal(err.text, "gate: no such port");
    assert_int_equal(modules.count, 1);
    one.answer = MR_OK;
    for (int i = 1; i < MR_MODULES_MAX; i++)
        assert_int_equal(add(&one, "m", MR_PRIORITY_LOW, true), i);
    assert_int_equal(add(&one, "m", MR_PRIORITY_LOW, true), MR_E_FULL);
    assert_string_equal(mr_module_state_name(99), "?");
    assert_string_equal(mr_module_state_name(MR_MODULE_BACKING_OFF), "backing off");
}

/* ---- tasks ---- */

static struct mr_tasks tasks;
static char order[512];
static int answers[4];
static unsigned lates;

static int run_one(void *arg, int64_t now_ns)
{
    const char *name = arg;
    size_t len = strlen(order);
    (void)now_ns;
    snprintf(order + len, sizeof order - len, "%s", name);
    return answers[name[0] == 'c' ? 0 : name[0] == 'h' ? 1 : name[0] == 'n' ? 2 : 3];
}
static void late(void *self, const struct mr_task *task, int64_t took_ns)
{
    (void)self;
    assert_true(took_ns > task->within_ns);
    lates++;
}
static int fresh(void **state)
{
    (void)state;
    order[0] = 0;
    lates = 0;
    memset(answers, 0, sizeof answers);
    mr_tasks_init(&tasks, late, NULL);
    return 0;
}
static int post(enum mr_priority p)
{
    static const char *const names[] = {"c", "h", "n", "l"};
    return mr_tasks_post(&tasks, p, &(struct mr_task){names[p], run_one, (void *)(uintptr_t)names[p], 5 * S});
}

static void the_more_urgent_begin_first(void **state)
{
    (void)state;
    for (int p = MR_PRIORITY_COUNT - 1; p >= 0; p--)
        assert_int_equal(post((enum mr_priority)p), MR_OK);
    assert_int_equal(mr_tasks_poll(&tasks, NOW), 0);
    assert_string_equal(order, "chnl");
    assert_int_equal(tasks.done, 4);
}

static void at_most_ten_run_and_the_last_ones_are_for_the_urgent(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        answers[i] = MR_E_AGAIN;
    for (int i = 0; i < 20; i++)
        post(MR_PRIORITY_LOW);
    mr_tasks_poll(&tasks, NOW);
    assert_int_equal(tasks.running_count, 7);
    static const uint32_t most[] = {10, 9, 8, 7};
    for (int p = MR_PRIORITY_NORMAL; p >= 0; p--) {
        for (int i = 0; i < 20; i++)
            post((enum mr_priority)p);
        mr_tasks_poll(&tasks, NOW);
        assert_int_equal(tasks.running_count, most[p]);
    }
    assert_int_equal(mr_tasks_poll(&tasks, NOW), 80);
    for (int i = 0; i < 4; i++)
        answers[i] = MR_OK;
    for (int i = 0; i < 20 && mr_tasks_poll(&tasks, NOW); i++)
        assert_true(tasks.running_count <= 10);
    assert_int_equal(tasks.done, 80);
}

static void a_full_queue_takes_no_more_and_counts_it(void **state)
{
    (void)state;
    for (int i = 0; i < MR_TASKS_WAITING; i++)
        assert_int_equal(post(MR_PRIORITY_HIGH), MR_OK);
    assert_int_equal(post(MR_PRIORITY_HIGH), MR_E_FULL);
    assert_int_equal(post(MR_PRIORITY_CRITICAL), MR_OK); /* the others have room of their own */
    assert_int_equal(tasks.full, 1);
}

static void one_that_takes_too_long_is_named_once_and_one_that_fails_is_counted(void **state)
{
    (void)state;
    answers[2] = MR_E_AGAIN;
    answers[3] = MR_E_IO;
    post(MR_PRIORITY_NORMAL);
    post(MR_PRIORITY_LOW);
    for (int i = 0; i < 20; i++)
        assert_int_equal(mr_tasks_poll(&tasks, NOW + i * S), 1);
    assert_int_equal(lates, 1);
    assert_int_equal(tasks.late_count, 1);
    assert_int_equal(tasks.failed, 1);
    answers[2] = MR_OK;
    assert_int_equal(mr_tasks_poll(&tasks, NOW + 21 * S), 0);
}

int main(void)
{
#define M(f) cmocka_unit_test_setup(f, up)
#define T(f) cmocka_unit_test_setup(f, fresh)
    const struct CMUnitTest tests[] = {
        M(who_beats_is_left_alone),
        M(who_says_no_word_for_thirty_seconds_is_named),
        M(who_hangs_is_named_with_what_it_hangs_at_and_a_critical_one_escalated_once),
        M(who_is_worse_than_it_was_is_told),
        M(who_fails_is_started_again_after_1_2_and_4_seconds_and_then_given_up),
        M(who_comes_round_begins_anew),
        M(back_off_is_a_minute_at_most),
        M(who_cannot_be_started_anew_is_given_up_at_once),
        M(one_that_does_not_start_backs_off_but_a_critical_one_is_an_error),
        T(the_more_urgent_begin_first),
        T(at_most_ten_run_and_the_last_ones_are_for_the_urgent),
        T(a_full_queue_takes_no_more_and_counts_it),
        T(one_that_takes_too_long_is_named_once_and_one_that_fails_is_counted),
    };
    return MR_TEST_MAIN(tests);
}
