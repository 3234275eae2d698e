#include "tests/codecs/json/top_plain.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

#define BEHIND ",\"version\":37712345678},\"channel\":\"push.depth.full\",\"ts\":1789498322169}"

static bool quick(void) { return getenv("MILLRACE_QUICK") != NULL; }

#define FOR_EACH_TOP_KERNEL(k)                                                                                         \
    for (enum mr_kernel k = MR_KERNEL_SCALAR; k < MR_KERNEL_COUNT; k++)                                                \
        if (mr_kernel_available(k) && mr_levels_top_kernel(k))

/* By every kernel that there is, at an unmapped page: what they say, which is the same. */
static enum top_said said(const char *text, uint32_t len, int8_t price_scale, int8_t size_scale)
{
    const struct mr_levels_top form = MR_LEVELS_TOP(TOP_BETWEEN, price_scale, size_scale);
    struct mr_guard g = mr_guard_open(len);
    enum top_said first = TOP_AGAIN;
    bool any = false;
    memcpy(g.data, text, len);
    FOR_EACH_TOP_KERNEL(k)
    {
        enum top_said is = top_by(k, g.data, len, 0, &form);
        if (is == TOP_WRONG)
            print_error("%s: %.*s\n", mr_kernel_name(k), (int)len, text);
        assert_int_not_equal(is, TOP_WRONG);
        assert_true(!any || is == first);
        first = is;
        any = true;
    }
    mr_guard_close(&g);
    return first;
}

static bool none_here(void)
{
    FOR_EACH_TOP_KERNEL(k) return false;
    mr_test_skip_line("no kernel of this processor reads both sides at once");
    return true;
}

static uint32_t put_side(char *to, uint32_t levels, const char *const *level, uint32_t kinds)
{
    uint32_t n = (uint32_t)sprintf(to, "[");
    for (uint32_t i = 0; i < levels; i++)
        n += (uint32_t)sprintf(to + n, "%s%s", i ? "," : "", level[i % kinds]);
    return n + (uint32_t)sprintf(to + n, "]");
}

static void both_sides_of_a_top_are_taken_however_many_levels_they_have(void **state)
{
    (void)state;
    static const char *const levels[] = {"[81234.5,12,3]", "[81234,0,0]", "[1.00000001,99999,12]", "[7,1,1]"};
    for (uint32_t first = 0; first <= 12; first++) {
        for (uint32_t second = 0; second <= 12; second++) {
            char text[1024];
            uint32_t n = put_side(text, first, levels, 4);
            n += (uint32_t)sprintf(text + n, TOP_BETWEEN);
            n += put_side(text + n, second, levels, 4);
            bool fits = first && second && first + second <= 10;
            assert_int_equal(said(text, n, 8, 8), fits ? TOP_TAKEN : TOP_AGAIN);
            n += (uint32_t)sprintf(text + n, BEHIND);
            assert_int_equal(said(text, n, 8, 8), fits ? TOP_TAKEN : TOP_AGAIN);
        }
    }
}

/* Text of five and five levels, one of which is another. */
static uint32_t put_with(char *to, uint32_t at, const char *odd)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < 10; i++)
        n += (uint32_t)sprintf(to + n, "%s%s",
                               i == 0   ? "["
                               : i == 5 ? "]" TOP_BETWEEN "["
                                        : ",",
                               i == at ? odd : "[81234.5,12,3]");
    return n + (uint32_t)sprintf(to + n, "]" BEHIND);
}

static void numbers_are_taken_wherever_they_stand(void **state)
{
    (void)state;
    static const char *const good[] = {
        "[0,0,0]",
        "[0.0,1,1]",
        "[0.00000001,1,1]",
        "[9999999999,1,1]",
        "[99999999.99999999,1,1]",
        "[1,9999999999,1]",
        "[1,1,123456789012345678]",
        "[10.10,10,10]",
    };
    for (size_t i = 0; i < MR_COUNT_OF(good); i++)
        for (uint32_t at = 0; at < 10; at++) {
            char text[1024];
            uint32_t n = put_with(text, at, good[i]);
            if (said(text, n, 8, 8) != TOP_TAKEN)
                print_error("%s at %u\n", good[i], at);
            assert_int_equal(said(text, n, 8, 8), TOP_TAKEN);
        }
}

static void what_is_not_as_usual_is_left_to_others(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *says, *level; } odd[] = {
        {"a zero in front of a price", "[01.5,1,1]"}, {"in front of a size", "[1.5,01,1]"}, {"in front of a count", "[1.5,1,01]"}, {"two zeros", "[00,1,1]"},
        {"no price", "[,1,1]"}, {"no size", "[1,,1]"}, {"no count", "[1,1,]"}, {"nothing", "[,,]"}, {"no count at all", "[1,1]"}, {"a fourth", "[1,1,1,1]"},
        {"a point in front", "[.5,1,1]"}, {"a point behind", "[5.,1,1]"}, {"two points", "[1.5.2,1,1]"}, {"points side by side", "[1..2,1,1]"}, {"a point alone", "[.,1,1]"},
        {"a size with a point", "[1,1.5,1]"}, {"a count with a point", "[1,1,1.5]"}, {"a size that is a point", "[1,.,1]"}, {"a count that is a point", "[1,1,.]"},
        {"a negative price", "[-1,1,1]"}, {"a negative size", "[1,-1,1]"}, {"an exponent", "[9.75E+4,1,1]"}, {"an exponent of a size", "[1,1e5,1]"},
        {"more decimals than the scale", "[0.000000001,1,1]"}, {"zeros behind the scale", "[1.000000000,1,1]"}, {"a price that may not fit", "[10000000000,1,1]"},
        {"a size that may not fit", "[1,10000000000,1]"}, {"more digits than a lane has", "[1234567890.1234567,1,1]"}, {"a quoted price", "[\"1\",1,1]"}, {"a blank", "[1, 1,1]"},
        {"another list", "[[1,1,1]]"}, {"an empty level", "[]"}, {"a null", "null"}, {"a brace", "{1,1,1}"}, {"a comma too many", "[1,1,1],"},
        {"letters", "[a,b,c]"}, {"a colon", "[1:1,1]"}, {"a slash, the byte in front of digits", "[1/,1,1]"}, {"a byte behind digits", "[1:,1,1]"},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(odd); i++)
        for (uint32_t at = 0; at < 10; at++) {
            char text[1024];
            uint32_t n = put_with(text, at, odd[i].level);
            if (said(text, n, 8, 8) != TOP_AGAIN)
                print_error("%s at %u\n", odd[i].says, at);
            assert_int_equal(said(text, n, 8, 8), TOP_AGAIN);
        }
}

static void other_texts_around_the_lists_are_left_to_others(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[",
        "[[",
        "[]",
        "{}",
        "[[1,1,1]]",
        "[[1,1,1]],\"bids\":",
        "[[1,1,1]],\"bids\":[",
        "[[1,1,1]],\"bids\":[]",
        "[[1,1,1]],\"bids\":[[1,1,1]",
        "[[1,1,1]],\"bids\":[[1,1,1],",
        "[[1,1,1]],\"bids\":[[1,1,1],]",
        "[[1,1,1]],\"asks\":[[1,1,1]]",
        "[[1,1,1]],\"bids\" :[[1,1,1]]",
        "[[1,1,1]]5,\"bids\":[[1,1,1]]",
        "[[1,1,1]],\"bids\":5[[1,1,1]]",
        "[[1,1,1]],\"bids\":[5[1,1,1]]",
        "[5[1,1,1]],\"bids\":[[1,1,1]]",
        "[[1,1,1]5],\"bids\":[[1,1,1]]",
        "[[1,1,1]5,[1,1,1]],\"bids\":[[1,1,1]]",
        "[[1,1,1],5[1,1,1]],\"bids\":[[1,1,1]]",
        "[[1,1,1]],\"bids\":[[1,1,1]5]",
        "[[1,1,1],],\"bids\":[[1,1,1]]",
        "[[1,1,1]],\"bi5ds\":[[1,1,1]]",
        "[[1,1,1]],\"bids\":[[1,1,1]}",
        "[[1,1,1]]],\"bids\":[[1,1,1]]",
        "5[[1,1,1]],\"bids\":[[1,1,1]]",
    };
    for (size_t i = 0; i < MR_COUNT_OF(texts); i++) {
        char text[1024];
        uint32_t n = (uint32_t)sprintf(text, "%s", texts[i]);
        if (said(text, n, 8, 8) != TOP_AGAIN)
            print_error("%s\n", text);
        assert_int_equal(said(text, n, 8, 8), TOP_AGAIN);
        n += (uint32_t)sprintf(text + n, BEHIND);
        assert_int_equal(said(text, n, 8, 8), TOP_AGAIN);
    }
}

static uint32_t put_digits(char *to, uint32_t n, struct mr_random *r)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] = (char)('0' + mr_random_below(r, 10));
    if (to[0] == '0' && n > 1)
        to[0] = '7';
    return n;
}

/* `usual`: no number is longer than what is taken at scales of 8. */
static uint32_t put_random(char *to, struct mr_random *r, bool usual)
{
    uint32_t n = 0, first = 1 + (uint32_t)mr_random_below(r, 6),
             levels = first + 1 + (uint32_t)mr_random_below(r, usual ? 4 : 6);
    const uint32_t longest = usual ? 5 : 12;
    for (uint32_t i = 0; i < levels; i++) {
        n += (uint32_t)sprintf(to + n, "%s[", i == 0 ? "[" : i == first ? "]" TOP_BETWEEN "[" : ",");
        n += put_digits(to + n, 1 + (uint32_t)mr_random_below(r, longest), r);
        uint32_t part = (uint32_t)mr_random_below(r, longest);
        if (part) {
            to[n++] = '.';
            for (uint32_t k = 0; k < part; k++)
                to[n++] = (char)('0' + mr_random_below(r, 10));
        }
        to[n++] = ',';
        n += put_digits(to + n, 1 + (uint32_t)mr_random_below(r, longest), r);
        to[n++] = ',';
        n += put_digits(to + n, 1 + (uint32_t)mr_random_below(r, 3), r);
        to[n++] = ']';
    }
    return n + (uint32_t)sprintf(to + n, "]%s", mr_random_below(r, 4) ? BEHIND : "");
}

static void random_tops_are_read_as_the_reference_does(void **state)
{
    (void)state;
    struct mr_random r = {20261122};
    char text[4096];
    for (int i = 0; i < (quick() ? 5000 : 50000); i++) {
        uint32_t len = put_random(text, &r, true);
        assert_int_equal(said(text, len, 8, 8), len > 256 + sizeof BEHIND ? TOP_AGAIN : TOP_TAKEN);
        len = put_random(text, &r, false);
        (void)said(text, len, (int8_t)mr_random_below(&r, MR_SCALE_MAX + 1),
                   (int8_t)mr_random_below(&r, MR_SCALE_MAX + 1));
    }
}

/* Any byte changed, lost, or the last one. */
static void damage_anywhere_is_never_read_otherwise_than_the_reference_does(void **state)
{
    (void)state;
    static const char bytes[] = "\"[],.:-+eE0019 x\x00\x80\xff";
    struct mr_random r = {78};
    char text[4096], copy[4096];
    uint32_t taken = 0;
    for (int i = 0; i < (quick() ? 10 : 60); i++) {
        uint32_t len = put_random(text, &r, true);
        for (uint32_t at = 0; at < len; at++) {
            memcpy(copy, text, len);
            for (size_t c = 0; c < sizeof bytes - 1; c++) {
                copy[at] = bytes[c];
                taken += said(copy, len, 8, 8) == TOP_TAKEN;
            }
            (void)said(text, at, 8, 8);
            memmove(copy + at, text + at + 1, len - at - 1);
            taken += said(copy, len - 1, 8, 8) == TOP_TAKEN;
        }
    }
    assert_true(taken > 1000); /* a digit for another */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_of_a_top_are_taken_however_many_levels_they_have),
        cmocka_unit_test(numbers_are_taken_wherever_they_stand),
        cmocka_unit_test(what_is_not_as_usual_is_left_to_others),
        cmocka_unit_test(other_texts_around_the_lists_are_left_to_others),
        cmocka_unit_test(random_tops_are_read_as_the_reference_does),
        cmocka_unit_test(damage_anywhere_is_never_read_otherwise_than_the_reference_does),
    };
    return none_here() ? 77 : MR_TEST_MAIN(tests);
}
