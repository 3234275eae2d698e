#include <time.h>

#include "dataplane/clock/clock.h"
#include "tests/support/support.h"

static void wall_time_follows_the_kernel_and_never_steps_back(void **state)
{
    (void)state;
    struct mr_clock c;
    assert_int_equal(mr_clock_open(&c), MR_OK);
    int64_t last = 0;
    for (int i = 0; i < 200000; i++) {
        int64_t now = mr_clock_now(&c);
        assert_true(now >= last);
        last = now;
        if (i % 1000 == 0) {
            c.next_calibration_tsc = 0; /* as if a second had passed */
            mr_clock_housekeep(&c);
        }
    }
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    int64_t kernel = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec, off = mr_clock_now(&c) - kernel;
    assert_true(off > -50000000 && off < 50000000); /* ten times what a busy machine shows: liveness, not accuracy */
}

static void virtual_time_moves_only_when_told_and_only_forward(void **state)
{
    (void)state;
    struct mr_clock c;
    mr_clock_open_virtual(&c, 1000);
    assert_int_equal(mr_clock_now(&c), 1000);
    mr_clock_set(&c, 5000);
    assert_int_equal(mr_clock_now(&c), 5000);
    mr_clock_set(&c, 2000);
    mr_clock_housekeep(&c);
    assert_int_equal(mr_clock_now(&c), 5000);
}

static void without_a_tsc_the_kernel_is_asked(void **state)
{
    (void)state;
    struct mr_clock c;
    mr_clock_open(&c);
    c.tsc_ok = false;
    int64_t a = mr_clock_now(&c), b = mr_clock_now(&c);
    assert_true(b >= a && a > 1600000000000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_time_follows_the_kernel_and_never_steps_back),
        cmocka_unit_test(virtual_time_moves_only_when_told_and_only_forward),
        cmocka_unit_test(without_a_tsc_the_kernel_is_asked),
    };
    return MR_TEST_MAIN(tests);
}
