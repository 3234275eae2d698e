#include "dataplane/mem/arena.h"
#include "tests/support/support.h"

static void cuts_are_zeroed_aligned_and_bounded(void **state)
{
    (void)state;
    struct mr_arena arena;
    struct mr_err err;
    assert_int_equal(mr_arena_open(&arena, 100000, false, &err), MR_OK);
    uint8_t *a = mr_arena_cut(&arena, 10, 1), *b = mr_arena_cut(&arena, 100, 128);
    assert_non_null(a);
    assert_int_equal((uintptr_t)b % 128, 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(b[i], 0);
    assert_true(b >= a + 10);
    assert_null(mr_arena_cut(&arena, arena.bytes, 1)); /* more than is left */
    assert_null(mr_arena_cut(&arena, SIZE_MAX, 64));   /* and no wrap-around */
    assert_non_null(mr_arena_cut(&arena, 64, 64));     /* a refusal changes nothing */
    mr_arena_close(&arena);
}

static void an_impossible_amount_is_refused_with_a_way_out(void **state)
{
    (void)state;
    struct mr_arena arena;
    struct mr_err err;
    assert_int_equal(mr_arena_open(&arena, (size_t)1 << 60, false, &err), MR_E_NOMEM);
    assert_non_null(strstr(err.text, "lower the rings"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_are_zeroed_aligned_and_bounded),
        cmocka_unit_test(an_impossible_amount_is_refused_with_a_way_out),
    };
    return MR_TEST_MAIN(tests);
}
