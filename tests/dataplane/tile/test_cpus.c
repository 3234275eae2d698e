#include "dataplane/tile/cpus.h"
#include "tests/support/support.h"

static void lists_are_read_and_written_as_the_kernel_does(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *text, *list, *mask; uint32_t count; } cases[] = {
        {"", "", "0", 0}, {"\n", "", "0", 0}, {"0", "0", "1", 1}, {"0-3\n", "0-3", "f", 4}, {"0-3,8", "0-3,8", "10f", 5},
        {"8,0-3", "0-3,8", "10f", 5}, {"3,3,2-3", "2-3", "c", 2}, {"31-32", "31-32", "1,80000000", 2},
        {"63-64", "63-64", "1,80000000,00000000", 2}, {"0-63", "0-63", "ffffffff,ffffffff", 64}, {"0-9:2/4", "0-1,4-5,8-9", "333", 6},
        {"4095", "4095", NULL, 1}, {"5-5", "5", "20", 1},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_cpus set, back;
        char out[2048];
        struct mr_text text;
        assert_int_equal(mr_cpus_parse(&set, cases[i].text, strlen(cases[i].text)), MR_OK);
        assert_int_equal(mr_cpus_count(&set), cases[i].count);
        mr_text_init(&text, out, sizeof out);
        mr_cpus_text(&set, &text);
        assert_string_equal(out, cases[i].list);
        mr_text_init(&text, out, sizeof out);
        mr_cpus_mask(&set, &text);
        if (cases[i].mask)
            assert_string_equal(out, cases[i].mask);
        assert_int_equal(mr_cpus_parse_mask(&back, out, text.len), MR_OK);
        assert_true(mr_cpus_equal(&set, &back));
    }
}

static void what_is_no_set_is_refused_and_leaves_none(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *says, *text; bool mask; int want; } refused[] = {
        {"a word", "all", false, MR_E_MALFORMED},             {"a range backwards", "3-1", false, MR_E_MALFORMED},
        {"a comma at the end", "1,", false, MR_E_MALFORMED},  {"two commas", "1,,2", false, MR_E_MALFORMED},
        {"a comma first", ",1", false, MR_E_MALFORMED},       {"an open range", "1-", false, MR_E_MALFORMED},
        {"a negative number", "-1", false, MR_E_MALFORMED},   {"a space inside", "1 2", false, MR_E_MALFORMED},
        {"4096", "4096", false, MR_E_RANGE},                  {"a range beyond", "0-4096", false, MR_E_RANGE},
        {"twenty digits", "99999999999999999999", false, MR_E_RANGE}, {"no group", "0-9:2", false, MR_E_MALFORMED},
        {"a group of none", "0-9:1/0", false, MR_E_MALFORMED}, {"more than the group", "0-9:3/2", false, MR_E_MALFORMED},
        {"an empty mask", "", true, MR_E_MALFORMED},          {"a mask of words", "xyz", true, MR_E_MALFORMED},
        {"nine digits", "123456789", true, MR_E_MALFORMED},   {"a comma first", ",f", true, MR_E_MALFORMED},
        {"a comma last", "f,", true, MR_E_MALFORMED},         {"two commas", "f,,f", true, MR_E_MALFORMED},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        struct mr_cpus set;
        int got = refused[i].mask ? mr_cpus_parse_mask(&set, refused[i].text, strlen(refused[i].text))
                                  : mr_cpus_parse(&set, refused[i].text, strlen(refused[i].text));
        if (got != refused[i].want)
            print_error("%s: %s\n", refused[i].says, mr_status_name(got));
        assert_int_equal(got, refused[i].want);
        assert_int_equal(mr_cpus_count(&set), 0);
    }
}

static void a_mask_may_be_longer_than_there_are_cpus_if_zero(void **state)
{
    (void)state;
    char text[9 * 130 + 1] = "";
    struct mr_cpus set;
    for (int i = 0; i < 130; i++)
        strcat(text, i ? ",00000000" : "00000000");
    text[strlen(text) - 1] = '5';
    assert_int_equal(mr_cpus_parse_mask(&set, text, strlen(text)), MR_OK);
    assert_int_equal(mr_cpus_count(&set), 2);
    text[0] = '1';
    assert_int_equal(mr_cpus_parse_mask(&set, text, strlen(text)), MR_E_RANGE);
}

static void sets_are_joined_and_told_apart(void **state)
{
    (void)state;
    struct mr_cpus a, b, c;
    mr_cpus_parse(&a, "0-70", 4);
    mr_cpus_parse(&b, "64-80", 5);
    c = a;
    mr_cpus_and(&c, &b);
    assert_int_equal(mr_cpus_next(&c, 0), 64);
    assert_int_equal(mr_cpus_count(&c), 7);
    assert_true(mr_cpus_within(&c, &a));
    assert_false(mr_cpus_within(&b, &a));
    c = a;
    mr_cpus_minus(&c, &b);
    assert_int_equal(mr_cpus_count(&c), 64);
    mr_cpus_or(&c, &b);
    assert_int_equal(mr_cpus_count(&c), 81);
    assert_int_equal(mr_cpus_next(&c, 81), -1);
    mr_cpus_add(&c, -1);
    mr_cpus_add(&c, MR_CPUS_MAX);
    mr_cpus_remove(&c, 80);
    mr_cpus_remove(&c, MR_CPUS_MAX);
    assert_int_equal(mr_cpus_count(&c), 80);
    assert_false(mr_cpus_has(&c, MR_CPUS_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read_and_written_as_the_kernel_does),
        cmocka_unit_test(what_is_no_set_is_refused_and_leaves_none),
        cmocka_unit_test(a_mask_may_be_longer_than_there_are_cpus_if_zero),
        cmocka_unit_test(sets_are_joined_and_told_apart),
    };
    return MR_TEST_MAIN(tests);
}
