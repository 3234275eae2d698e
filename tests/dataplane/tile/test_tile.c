#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/tile/tile.h"
#include "tests/support/support.h"

struct toy {
    uint64_t steps, housekept, halted, work_left, order;
};

static uint64_t halts;

static int toy_step(void *state, int64_t now_ns)
{
    struct toy *t = state;
    (void)now_ns;
    t->steps++;
    uint64_t left = __atomic_load_n(&t->work_left, __ATOMIC_ACQUIRE);
    if (!left)
        return 0;
    __atomic_store_n(&t->work_left, left - 1, __ATOMIC_RELEASE);
    return 1;
}

static void toy_housekeep(void *state, int64_t now_ns)
{
    (void)now_ns;
    ((struct toy *)state)->housekept++;
}

static void toy_halt(void *state)
{
    struct toy *t = state;
    t->halted++;
    t->order = ++halts;
}

static const struct mr_tile toy_tile = {.name = "toy", .step = toy_step, .housekeep = toy_housekeep, .halt = toy_halt};

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void tiles_of_a_thread_are_stepped_in_turn_and_halted_in_reverse(void **state)
{
    (void)state;
    static const enum mr_wait waits[] = {MR_WAIT_YIELD, MR_WAIT_PARK, MR_WAIT_AUTO};
    for (size_t w = 0; w < MR_COUNT_OF(waits); w++) {
        struct toy a = {.work_left = 5}, b = {.work_left = 7};
        struct mr_tile_beat beats[2];
        memset(beats, 0, sizeof beats);
        struct mr_tile_slot slots[] = {{&toy_tile, &a, NULL, &beats[0]}, {&toy_tile, &b, NULL, &beats[1]}};
        struct mr_tile_thread thread = {.tiles = slots, .count = 2, .core = -1, .wait = waits[w]};
        struct mr_tiles *set;
        struct mr_err err;
        halts = 0;
        assert_int_equal(mr_tiles_start(&set, &thread, 1, &err), MR_OK);
        for (int i = 0; i < 1000 && __atomic_load_n(&b.work_left, __ATOMIC_ACQUIRE); i++)
            sleep_ms(10);
        mr_tiles_stop(set);
        assert_int_equal(a.work_left + b.work_left, 0);
        assert_int_equal(a.steps, b.steps);
        assert_true(a.housekept > 0);
        assert_int_equal(b.order, 1);
        assert_int_equal(a.order, 2);
        assert_int_equal(beats[0].work, 5);
        assert_int_equal(beats[0].state, MR_TILE_HALTED);
        assert_true(beats[0].beat > 0);
    }
}

static void a_parked_tile_wakes_by_its_doorbell(void **state)
{
    (void)state;
    struct toy a = {0};
    struct mr_tile_slot slot = {&toy_tile, &a, NULL, NULL};
    struct mr_tile_thread thread = {.tiles = &slot, .count = 1, .core = -1, .wait = MR_WAIT_PARK};
    struct mr_tiles *set;
    struct mr_err err;
    assert_int_equal(mr_tiles_start(&set, &thread, 1, &err), MR_OK);
    for (int round = 0; round < 20; round++) {
        sleep_ms(5); /* long enough to be asleep */
        __atomic_store_n(&a.work_left, 1, __ATOMIC_RELEASE);
        mr_tile_wake(set, 0);
        for (int i = 0; i < 1000 && __atomic_load_n(&a.work_left, __ATOMIC_ACQUIRE); i++)
            sleep_ms(1);
        assert_int_equal(__atomic_load_n(&a.work_left, __ATOMIC_ACQUIRE), 0);
    }
    mr_tiles_stop(set);
}

static void plans_that_would_hurt_are_refused_with_the_reason(void **state)
{
    (void)state;
    struct toy a = {0};
    struct mr_tile_slot slot = {&toy_tile, &a, NULL, NULL};
    struct mr_tile_thread many[65];
    for (size_t i = 0; i < MR_COUNT_OF(many); i++)
        many[i] = (struct mr_tile_thread){.tiles = &slot, .count = 1, .core = -1, .wait = MR_WAIT_SPIN};
    struct mr_tiles *set = NULL;
    struct mr_err err;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores < 64) {
        assert_int_equal(mr_tiles_start(&set, many, (uint32_t)cores + 1, &err), MR_E_INVALID);
        assert_non_null(strstr(err.text, "spinning threads"));
    }
    many[0].core = many[1].core = 0;
    assert_int_equal(mr_tiles_start(&set, many, 2, &err), MR_E_INVALID);
    assert_non_null(strstr(err.text, "share core 0"));
    many[0].core = CPU_SETSIZE - 1;
    assert_int_equal(mr_tiles_start(&set, many, 1, &err), MR_E_INVALID);
    assert_non_null(strstr(err.text, "core 1023"));
    many[0].count = 0;
    assert_int_equal(mr_tiles_start(&set, many, 1, &err), MR_E_INVALID);
    assert_null(set);
}

static void a_prompt_thread_keeps_its_policy_and_asking_twice_is_as_once(void **state)
{
    (void)state;
    bool slices = mr_thread_prompt(); /* a matter of the kernel */
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    assert_int_equal(mr_thread_prompt(), slices);
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
}

static void a_test_can_run_every_tile_on_one_thread(void **state)
{
    (void)state;
    struct toy a = {.work_left = 2}, b = {.work_left = 1};
    struct mr_tile_slot slots[] = {{&toy_tile, &a, NULL, NULL}, {&toy_tile, &b, NULL, NULL}};
    assert_int_equal(mr_tiles_round(slots, 2, 1), 2);
    assert_int_equal(mr_tiles_round(slots, 2, 2), 1);
    assert_int_equal(mr_tiles_round(slots, 2, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_of_a_thread_are_stepped_in_turn_and_halted_in_reverse),
        cmocka_unit_test(a_parked_tile_wakes_by_its_doorbell),
        cmocka_unit_test(plans_that_would_hurt_are_refused_with_the_reason),
        cmocka_unit_test(a_prompt_thread_keeps_its_policy_and_asking_twice_is_as_once),
        cmocka_unit_test(a_test_can_run_every_tile_on_one_thread),
    };
    return MR_TEST_MAIN(tests);
}
