/* A slice of the worlds (E1), the crash sweep (E3), the failures (E4), and the planted bugs (E5). `build/tests/sim` replays any of them. */
#include <stdio.h>

#include "tests/sim/judge.h"
#include "tests/support/support.h"

static uint64_t number_of(const char *name, uint64_t full, uint64_t quick)
{
    const char *v = getenv(name);
    return v ? strtoull(v, NULL, 10) : getenv("MILLRACE_QUICK") ? quick : full;
}

static uint64_t run(const struct world_config *c, uint64_t *hash)
{
    struct world *w = world_new(c);
    uint64_t broken = 0;
    if (!world_run(w)) {
        broken = w->judge->broken;
        if (!c->collect)
            world_report(w);
    }
    if (hash)
        *hash = w->hash;
    world_free(w);
    return broken;
}

static void the_same_seed_gives_the_same_trace(void **state)
{
    (void)state;
    uint64_t once, twice, other;
    struct world_config c = {.seed = 4711, .actions = 300, .faults = true};
    run(&c, &once);
    run(&c, &twice);
    c.seed++;
    run(&c, &other);
    assert_true(once == twice);
    assert_true(once != other);
}

static void fair_worlds_are_sound(void **state)
{
    (void)state;
    uint64_t broken = 0;
    for (uint64_t seed = 1; seed <= number_of("MILLRACE_SIM_FAIR", 20, 5); seed++)
        broken |= run(&(struct world_config){.seed = seed, .actions = 1000}, NULL);
    assert_int_equal(broken, 0);
}

/* E1: a slice, which ./dev test moves with the day; MILLRACE_SIM_FROM=1 MILLRACE_SIM_SEEDS=2000 is the whole. */
static void worlds_with_faults_are_sound(void **state)
{
    (void)state;
    uint64_t from = number_of("MILLRACE_SIM_FROM", 1, 1), count = number_of("MILLRACE_SIM_SEEDS", 200, 40), failed = 0;
    printf("seeds %llu to %llu\n", (unsigned long long)from, (unsigned long long)(from + count - 1));
    for (uint64_t seed = from; seed < from + count; seed++)
        failed += run(&(struct world_config){.seed = seed, .actions = 1000, .faults = true}, NULL) != 0;
    assert_int_equal(failed, 0);
}

/* The fixed story of E3 and E4: about 200 orders, nothing else goes wrong. Steps of disk and network that it has. */
#define STORY_SEED 1
#define STORY_ACTIONS 500
static uint64_t steps_of_story(uint64_t of_kind[SIM_FAIL_COUNT], uint64_t die_at)
{
    /* a failure that never comes, so that they are counted */
    struct world_config c = {
        .seed = STORY_SEED, .actions = STORY_ACTIONS, .fail_at_step = UINT64_MAX, .die_at_step = die_at};
    uint64_t steps = 0;
    for (int kind = 0; kind < SIM_FAIL_COUNT; kind++) {
        c.fail_kind = kind;
        struct world *w = world_new(&c);
        assert_true(world_run(w));
        of_kind[kind] = w->of_kind[kind];
        steps = w->steps_counted;
        world_free(w);
    }
    return steps;
}

/* E3: dead at each step, and back. A slice takes every nth; MILLRACE_SIM_CRASHES=1 takes each. */
static void a_death_at_any_step_is_recovered_from(void **state)
{
    (void)state;
    uint64_t of_kind[SIM_FAIL_COUNT], steps = steps_of_story(of_kind, 0), failed = 0, tried = 0;
    for (uint64_t k = 1; k <= steps; k += number_of("MILLRACE_SIM_CRASHES", 23, 101), tried++)
        failed +=
            run(&(struct world_config){.seed = STORY_SEED, .actions = STORY_ACTIONS, .die_at_step = k}, NULL) != 0;
    printf("%llu of %llu steps\n", (unsigned long long)tried, (unsigned long long)steps);
    assert_true(steps > 500);
    assert_int_equal(failed, 0);
}

/* E4: the nth write, fsync, send, open, allocation fails. The last two are few, and each is tried; so that a restart is among them, the
 * process dies at half of its steps. */
static void a_failure_of_any_operation_is_survived(void **state)
{
    (void)state;
    uint64_t of_kind[SIM_FAIL_COUNT], failed = 0, half = steps_of_story(of_kind, 0) / 2;
    for (int kind = 0; kind < SIM_FAIL_COUNT; kind++) {
        uint64_t each = kind < SIM_FAIL_OPEN ? number_of("MILLRACE_SIM_CRASHES", 23, 101) : 1, tried = 0;
        uint64_t die_at = kind < SIM_FAIL_OPEN ? 0 : half;
        if (die_at)
            steps_of_story(of_kind, die_at);
        for (uint64_t n = 1; n <= of_kind[kind]; n += each, tried++)
            failed += run(&(struct world_config){.seed = STORY_SEED,
                                                 .actions = STORY_ACTIONS,
                                                 .die_at_step = die_at,
                                                 .fail_at_step = n,
                                                 .fail_kind = kind},
                          NULL) != 0;
        printf("%s: %llu of %llu\n", sim_fail_names[kind], (unsigned long long)tried,
               (unsigned long long)of_kind[kind]);
        assert_true(tried > 0);
    }
    assert_int_equal(failed, 0);
}

/* Collects over worlds until the bug's own invariant has spoken. */
static bool caught(unsigned planted)
{
    for (uint64_t seed = 1; seed <= 400; seed++) {
        const struct world_config c = {
            .seed = seed, .actions = 300, .faults = true, .planted = planted, .collect = true};
        if (run(&c, NULL) >> planted & 1)
            return true;
    }
    return false;
}

static void each_planted_bug_is_caught_by_its_invariant(void **state)
{
    (void)state;
    unsigned missed = 0;
    for (unsigned i = 1; i < number_of("MILLRACE_SIM_PLANTED", INVARIANT_COUNT, INVARIANT_COUNT); i++)
        if (!caught(i)) {
            printf("the bug planted for invariant %u %s is not caught\n", i, sim_invariants[i]);
            missed++;
        }
    assert_int_equal(missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_trace),
        cmocka_unit_test(fair_worlds_are_sound),
        cmocka_unit_test(worlds_with_faults_are_sound),
        cmocka_unit_test(a_death_at_any_step_is_recovered_from),
        cmocka_unit_test(a_failure_of_any_operation_is_survived),
        cmocka_unit_test(each_planted_bug_is_caught_by_its_invariant),
    };
    return MR_TEST_MAIN(tests);
}
