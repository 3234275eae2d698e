/* A slice of the worlds (E1), the crash sweep (E3), the failures (E4), and the planted bugs (E5). `build/tests/sim` replays any of them. */
#include <stdio.h>
#include <time.h>

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

/* Collects over worlds until the bug's own invariant has spoken. */
static bool caught(unsigned planted)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
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
    for (unsigned i = 1; i < INVARIANT_COUNT; i++)
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
        cmocka_unit_test(each_planted_bug_is_caught_by_its_invariant),
    };
    return MR_TEST_MAIN(tests);
}
