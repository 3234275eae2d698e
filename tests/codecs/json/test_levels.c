#include "codecs/json/levels.h"
#include "tests/codecs/json/levels_plain.h"
#include "tests/support/support.h"

#include <stdio.h>

#define LEVELS LEVELS_ROOM

static struct levels_room room;
static struct mr_level out[LEVELS + 1];

static int64_t run(enum mr_kernel k, const char *text, const struct mr_levels_scan *scan, uint32_t max, uint32_t *count)
{
    uint32_t len = (uint32_t)strlen(text);
    struct mr_guard g = mr_guard_open(len);
    memcpy(g.data, text, len);
    int64_t end = mr_levels_kernel(k)(g.data, len, 0, scan, out, max, count);
    mr_guard_close(&g);
    return end;
}

static const struct mr_levels_scan pair = {MR_LEVELS_PAIR, 8, 8}, quad = {MR_LEVELS_QUAD, 8, 8},
                                   object = {MR_LEVELS_OBJECT, 8, 8}, named = {MR_LEVELS_NAMED, 8, 8},
                                   mixed = {MR_LEVELS_MIXED, 8, 8}, bare = {MR_LEVELS_BARE, 8, 8},
                                   duo = {MR_LEVELS_DUO, 8, 8}, spaced = {MR_LEVELS_SPACED, 8, 8};
#define FORMS MR_LEVELS_FORMS

static void levels_of_each_form_are_read(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *text; const struct mr_levels_scan *scan; uint32_t count; struct mr_level first, last; } cases[] = {
        {"[]", &pair, 0, {0, 0}, {0, 0}}, {"[]", &quad, 0, {0, 0}, {0, 0}}, {"[]", &object, 0, {0, 0}, {0, 0}},
        {"[[\"30238.8\",\"2\"]]", &pair, 1, {3023880000000, 200000000}, {3023880000000, 200000000}},
        {"[[\"30238.80\",\"2.123\"],[\"30249.5\",\"50\"]]", &pair, 2, {3023880000000, 212300000}, {3024950000000, 5000000000}},
        {"[[\"1\",\"0\"],[\"2\",\"0.0\"],[\"0.00000001\",\"0.10\"],[\"92233720368.54775807\",\"1\"],[\"7\",\"99999999.99999999\"]]", &pair, 5,
         {100000000, 0}, {700000000, 9999999999999999}},
        {"[[\"120.67\",\"90.475897\",\"0\",\"6\"],[\"120.66\",\"0\",\"0\",\"0\"]]", &quad, 2, {12067000000, 9047589700}, {12066000000, 0}},
        {"[{\"px\":\"105000.0\",\"sz\":\"1.25\",\"n\":7},{\"px\":\"3\",\"sz\":\"4\",\"n\":10}]", &object, 2, {10500000000000, 125000000}, {300000000, 400000000}},
        {"[{\"price\":\"0.001\",\"size\":\"5199.99\"},{\"price\":\"0.01\",\"size\":\"126680\"}]", &named, 2, {100000, 519999000000}, {1000000, 12668000000000}},
        {"[]", &mixed, 0, {0, 0}, {0, 0}}, {"[]", &duo, 0, {0, 0}, {0, 0}},
        {"[[68311.4,8,2],[68311,0,0]]", &bare, 2, {6831140000000, 800000000}, {6831100000000, 0}},
        {"[[\"2749.69\",44],[\"2749.7\",0]]", &mixed, 2, {274969000000, 4400000000}, {274970000000, 0}},
        {"[[66968,51],[66964.8,2.0],[1E1,3]]", &duo, 3, {6696800000000, 5100000000}, {1000000000, 300000000}},
        {"[]", &bare, 0, {0, 0}, {0, 0}}, {"[]", &named, 0, {0, 0}, {0, 0}}, {"[]", &spaced, 0, {0, 0}, {0, 0}},
        {"[{\"price\":\"0.001\", \"size\":\"5199.99\"}, {\"price\":\"0.01\", \"size\":\"126680\"}]", &spaced, 2, {100000, 519999000000}, {1000000, 12668000000000}},
        {"[[\"-0\",\"1e2\"]]", &pair, 1, {0, 10000000000}, {0, 10000000000}},
        {"[[\"1.000000000000\",\"2\"]]", &pair, 1, {100000000, 200000000}, {100000000, 200000000}},
    };
    /* clang-format on */
    for (int k = 0; k < MR_KERNEL_COUNT; k++) {
        for (size_t i = 0; mr_kernel_available((enum mr_kernel)k) && i < MR_COUNT_OF(cases); i++) {
            uint32_t count = 99;
            assert_int_equal(run((enum mr_kernel)k, cases[i].text, cases[i].scan, LEVELS, &count),
                             strlen(cases[i].text));
            assert_int_equal(count, cases[i].count);
            if (count) {
                assert_memory_equal(&out[0], &cases[i].first, sizeof out[0]);
                assert_memory_equal(&out[count - 1], &cases[i].last, sizeof out[0]);
            }
        }
    }
}

static void what_is_not_as_usual_is_left_to_the_cursor(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *says, *text; const struct mr_levels_scan *scan; } refused[] = {
        {"a bare price where texts are usual", "[[1,2]]", &mixed}, {"a text where numbers are usual", "[[1,\"2\"]]", &duo},
        {"a text as a size", "[[\"1\",\"2\"]]", &mixed}, {"three numbers", "[[1,2,3]]", &duo}, {"no number", "[[1,]]", &duo},
        {"a leading zero", "[[01,2]]", &duo}, {"a blank", "[[\"1\", 2]]", &mixed}, {"cut in a bare number", "[[1,2", &duo},
        {"no count", "[[1,2]]", &bare}, {"a count that is none", "[[1,2,1.5]]", &bare}, {"a fourth", "[[1,2,3,4]]", &bare},
        {"a count with a zero in front", "[[1,2,03]]", &bare}, {"a negative count", "[[1,2,-3]]", &bare}, {"a quoted count", "[[1,2,\"3\"]]", &bare},
        {"a quoted price", "[[\"1\",2,3]]", &bare}, {"quoted on one side", "[[\"1,2,3]]", &bare}, {"nothing in it", "[[]]", &bare},
        {"no closing quote", "[[\"1,2]]", &mixed}, {"no opening quote", "[[1\",2]]", &mixed}, {"a third", "[[\"1\",2,3]]", &mixed},
        {"members swapped", "[[2,\"1\"]]", &mixed}, {"the price alone", "[[\"1\"]]", &mixed}, {"the price alone", "[[1]]", &duo},
        {"a blank behind the comma", "[[1, 2]]", &duo}, {"a blank between levels", "[[1,2], [1,2]]", &duo}, {"a quote too many", "[[1,2\"]]", &duo},
        {"no price", "[{\"size\":\"1\"}]", &named}, {"no size", "[{\"price\":\"1\"}]", &named}, {"swapped", "[{\"size\":\"1\",\"price\":\"2\"}]", &named},
        {"one more", "[{\"price\":\"1\",\"size\":\"2\",\"n\":1}]", &named}, {"bare", "[{\"price\":1,\"size\":2}]", &named}, {"twice", "[{\"price\":\"1\",\"price\":\"2\"}]", &named},
        {"quoted on one side", "[{\"price\":\"1,\"size\":\"2\"}]", &named}, {"blanks where none are", "[{\"price\":\"1\", \"size\":\"2\"}]", &named},
        {"none where blanks are", "[{\"price\":\"1\",\"size\":\"2\"}]", &spaced}, {"none between levels", "[{\"price\":\"1\", \"size\":\"2\"},{\"price\":\"1\", \"size\":\"2\"}]", &spaced},
        {"two blanks", "[{\"price\":\"1\",  \"size\":\"2\"}]", &spaced}, {"a blank behind a colon", "[{\"price\": \"1\", \"size\":\"2\"}]", &spaced},
        {"bare numbers", "[{\"px\":1,\"sz\":2,\"n\":1}]", &object}, {"a quoted n", "[{\"px\":\"1\",\"sz\":\"2\",\"n\":\"1\"}]", &object}, {"one more", "[{\"px\":\"1\",\"sz\":\"2\",\"n\":1,\"m\":1}]", &object},
        {"n with a point", "[{\"px\":\"1\",\"sz\":\"2\",\"n\":1.0}]", &object}, {"quoted on one side", "[{\"px\":\"1,\"sz\":\"2\",\"n\":1}]", &object}, {"another key", "[{\"pz\":\"1\",\"sz\":\"2\",\"n\":1}]", &object},
        {"a negative among digits", "[[\"1\",\"2\",\"-1\",\"3\"]]", &quad}, {"bare digits", "[[\"1\",\"2\",0,3]]", &quad}, {"five", "[[\"1\",\"2\",\"0\",\"3\",\"4\"]]", &quad},
        {"nothing", "", &pair}, {"not an array", "{}", &pair}, {"never closed", "[", &pair}, {"cut in a level", "[[\"1\",\"2\"", &pair},
        {"cut behind a level", "[[\"1\",\"2\"]", &pair}, {"cut behind a comma", "[[\"1\",\"2\"],", &pair}, {"comma before the end", "[[\"1\",\"2\"],]", &pair},
        {"blank", "[ [\"1\",\"2\"]]", &pair}, {"blank in a level", "[[\"1\", \"2\"]]", &pair}, {"numbers, not strings", "[[1,2]]", &pair},
        {"one string", "[[\"1\"]]", &pair}, {"three strings", "[[\"1\",\"2\",\"3\"]]", &pair}, {"four as pair", "[[\"1\",\"2\",\"0\",\"3\"]]", &pair},
        {"pair as four", "[[\"1\",\"2\"]]", &quad}, {"empty price", "[[\"\",\"2\"]]", &pair}, {"empty size", "[[\"1\",\"\"]]", &pair},
        {"leading zero", "[[\"01\",\"2\"]]", &pair}, {"bare point", "[[\".5\",\"2\"]]", &pair}, {"point at the end", "[[\"5.\",\"2\"]]", &pair},
        {"two points", "[[\"1.2.3\",\"2\"]]", &pair}, {"a letter", "[[\"1x\",\"2\"]]", &pair}, {"an escape", "[[\"1\\u0030\",\"2\"]]", &pair},
        {"too many decimals", "[[\"0.000000001\",\"2\"]]", &pair}, {"too large", "[[\"92233720368.54775808\",\"2\"]]", &pair},
        {"a letter among digits", "[[\"1\",\"2\",\"x\",\"3\"]]", &quad}, {"a point among digits", "[[\"1\",\"2\",\"0\",\"3.5\"]]", &quad},
        {"an empty string among digits", "[[\"1\",\"2\",\"\",\"3\"]]", &quad}, {"keys in another order", "[{\"sz\":\"1\",\"px\":\"2\",\"n\":1}]", &object},
        {"a leading zero in n", "[{\"px\":\"1\",\"sz\":\"2\",\"n\":01}]", &object}, {"no n", "[{\"px\":\"1\",\"sz\":\"2\"}]", &object},
        {"brackets inside a string", "[[\"1]]\",\"2\"]]", &pair}, {"wrong bracket", "[[\"1\",\"2\"},[\"1\",\"2\"]]", &pair},
        {"colon for comma", "[[\"1\":\"2\"],[\"1\",\"2\"]]", &pair}, {"two commas", "[[\"1\",\"2\"],,[\"1\",\"2\"]]", &pair},
        {"double quote", "[[\"1\"\",\"2\"],[\"1\",\"2\"]]", &pair}, {"plus sign", "[[\"+1\",\"2\"]]", &pair},
    };
    /* clang-format on */
    for (int k = 0; k < MR_KERNEL_COUNT; k++) {
        for (size_t i = 0; mr_kernel_available((enum mr_kernel)k) && i < MR_COUNT_OF(refused); i++) {
            uint32_t count;
            int64_t end = run((enum mr_kernel)k, refused[i].text, refused[i].scan, LEVELS, &count);
            if (end != MR_E_AGAIN)
                print_error("%s (%s): %lld\n", refused[i].says, mr_kernel_name((enum mr_kernel)k), (long long)end);
            assert_int_equal(end, MR_E_AGAIN);
        }
    }
}

/* A number stands as price and as size of the first, a middle and the last level of arrays short and long. */
static uint32_t put_with(char *to, const struct mr_levels_scan *scan, uint32_t levels, uint32_t odd_level,
                         bool odd_size, const char *odd)
{
    static const char *const parts[FORMS][3] = {
        [MR_LEVELS_PAIR] = {"[\"", "\",\"", "\"]"},
        [MR_LEVELS_QUAD] = {"[\"", "\",\"", "\",\"0\",\"11\"]"},
        [MR_LEVELS_OBJECT] = {"{\"px\":\"", "\",\"sz\":\"", "\",\"n\":3}"},
        [MR_LEVELS_NAMED] = {"{\"price\":\"", "\",\"size\":\"", "\"}"},
        [MR_LEVELS_BARE] = {"[", ",", ",1]"},
        [MR_LEVELS_MIXED] = {"[\"", "\",", "]"},
        [MR_LEVELS_DUO] = {"[", ",", "]"},
        [MR_LEVELS_SPACED] = {"{\"price\":\"", "\", \"size\":\"", "\"}"},
    };
    const char *const *p = parts[scan->form];
    uint32_t n = (uint32_t)sprintf(to, "[");
    for (uint32_t i = 0; i < levels; i++)
        n += (uint32_t)sprintf(to + n, "%s%s%s%s%s%s", i ? scan->form == MR_LEVELS_SPACED ? ", " : "," : "", p[0],
                               i == odd_level && !odd_size ? odd : "101.5", p[1],
                               i == odd_level && odd_size ? odd : "7.25", p[2]);
    return n + (uint32_t)sprintf(to + n, "]");
}

/* `want` NULL: refused by every kernel; else what it is worth. */
static void everywhere(const char *odd, const int64_t *want)
{
    static const uint32_t lengths[] = {1, 2, 3, 4, 5, 9, 150};
    static char text[16384];
    for (int place = 0; place < 6 * FORMS * (int)MR_COUNT_OF(lengths); place++) {
        struct mr_levels_scan scan = {(enum mr_levels_form)(place % FORMS), 8, 8};
        uint32_t levels = lengths[place / FORMS / 6], where = (uint32_t)(place / FORMS % 3), count = 0;
        bool odd_size = place / FORMS / 3 % 2;
        uint32_t at = where == 0 ? 0 : where == 1 ? levels / 2 : levels - 1;
        uint32_t len = put_with(text, &scan, levels, at, odd_size, odd);
        for (int k = 0; k < MR_KERNEL_COUNT; k++) {
            if (!mr_kernel_available((enum mr_kernel)k))
                continue;
            int64_t end = run((enum mr_kernel)k, text, &scan, LEVELS, &count);
            if (end != (want ? (int64_t)len : MR_E_AGAIN))
                print_error("%s in form %d, level %u of %u (%s): %lld\n", odd, (int)scan.form, at, levels,
                            mr_kernel_name((enum mr_kernel)k), (long long)end);
            assert_int_equal(end, want ? (int64_t)len : MR_E_AGAIN);
            for (uint32_t i = 0; want && i < levels; i++) {
                assert_int_equal(out[i].price, i == at && !odd_size ? *want : 10150000000);
                assert_int_equal(out[i].size, i == at && odd_size ? *want : 725000000);
            }
        }
    }
}

static void what_is_no_number_or_does_not_fit_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "",
        "01",
        "00",
        "00.5",
        "-01",
        "1.",
        ".5",
        ".",
        "-",
        "1..5",
        "1.2.3",
        "1e",
        "e5",
        "1e+",
        " 1",
        "1 ",
        "+1",
        "0x10",
        "1/2",
        "1:2",
        "null",
        "NaN",
        "Infinity",
        "1\"2",
        "1\\n",

        "[1",
        "1}",
        "{1",
        "1_0",
        "1\x80",
        "\xc2\xb2",
        "--1",
        "-1",
        "-0.5",
        "12a4",
        "\\u0031",
        "0.000000001",
        "1.123456789",
        "92233720368.54775808",
        "92233720369",
        "1234567890123456789",
        "12345678901234567890",
        "1e12",
        "0.1234567890123456789",
    };
    for (size_t i = 0; i < MR_COUNT_OF(odd); i++)
        everywhere(odd[i], NULL);
}

static void every_spelling_of_a_number_is_worth_the_same_to_all_wherever_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t worth;
    } good[] = {
        {"0", 0},
        {"0.0", 0},
        {"5", 500000000},
        {"0.00000001", 1},
        {"92233720368.54775807", INT64_MAX},
        {"-0", 0},
        {"1e5", 10000000000000},
        {"1E-2", 1000000},
        {"1.5e1", 1500000000},
        {"9999999999", 999999999900000000},
        {"99999999.99999999", 9999999999999999},
        {"1234567.12345678", 123456712345678},
        {"12345678.1234567", 1234567812345670},
        {"0.5000000000000000", 50000000},
        {"1.000000000000000000000", 100000000},
        {"10000000000", 1000000000000000000},
    };
    for (size_t i = 0; i < MR_COUNT_OF(good); i++)
        everywhere(good[i].text, &good[i].worth);
}

/* Mapped memory ends with the text: what is cut is refused without a look behind it. */
static void an_array_cut_anywhere_is_refused(void **state)
{
    (void)state;
    static char text[16384];
    for (int f = 0; f < FORMS; f++) {
        const struct mr_levels_scan scan = {(enum mr_levels_form)f, 8, 8};
        for (uint32_t levels = 1; levels < 12; levels++) {
            uint32_t len = put_with(text, &scan, levels, levels, false, ""), count;
            for (int k = 0; k < MR_KERNEL_COUNT; k++) {
                if (!mr_kernel_available((enum mr_kernel)k))
                    continue;
                struct mr_guard g = mr_guard_open(len);
                for (uint32_t n = 0; n <= len; n++) {
                    memcpy(g.data + len - n, text, n);
                    int64_t end =
                        mr_levels_kernel((enum mr_kernel)k)(g.data + len - n, n, 0, &scan, out, LEVELS, &count);
                    assert_int_equal(end, n < len ? MR_E_AGAIN : (int64_t)len);
                }
                mr_guard_close(&g);
            }
        }
    }
}

static void more_levels_than_room_is_full_and_writes_no_further(void **state)
{
    (void)state;
    char text[4096] = "[";
    for (uint32_t n = 1; n <= 40; n++) {
        sprintf(text + strlen(text), "%s[\"%u.5\",\"%u\"]", n > 1 ? "," : "", n, n);
        char closed[4096];
        sprintf(closed, "%s]", text);
        for (int k = 0; k < MR_KERNEL_COUNT; k++) {
            for (uint32_t max = 0; mr_kernel_available((enum mr_kernel)k) && max <= n + 1; max++) {
                uint32_t count = 0;
                out[max] = (struct mr_level){-7, -7};
                int64_t end = run((enum mr_kernel)k, closed, &pair, max, &count);
                assert_int_equal(end, max < n ? MR_E_FULL : (int64_t)strlen(closed));
                assert_int_equal(out[max].price, -7);
                if (max >= n)
                    assert_int_equal(out[n - 1].price, n * 100000000ll + 50000000);
            }
        }
    }
}

/* What a top of five is: whole numbers and none, sizes without a point, with one, and too long for the reader of few levels; each in every
 * place, with the rest of a message behind it and without. */
/* Two arrays as messages have them: text in front, between and behind. */
static uint32_t put_book(char *to, const struct mr_levels_scan *scan, uint32_t first, uint32_t second, uint32_t head,
                         const char *tail)
{
    uint32_t n = (uint32_t)sprintf(to, "%.*s", (int)head, "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"b\":");
    n += put_with(to + n, scan, first, first / 2, first % 2, "84210.25");
    n += (uint32_t)sprintf(to + n, ",\"a\":");
    n += put_with(to + n, scan, second, second - 1, second % 3, "0.00000001");
    return n + (uint32_t)sprintf(to + n, "%s", tail);
}

static const enum mr_levels_form book_forms[] = {MR_LEVELS_PAIR, MR_LEVELS_QUAD, MR_LEVELS_BARE};
static const struct mr_levels_book in_order = {",\"a\":", 5, 0}, turned = {",\"a\":", 5, 1};

static uint32_t kernels_for_books(void)
{
    uint32_t n = 0;
    for (int k = 0; k < MR_KERNEL_COUNT; k++)
        n += mr_kernel_available((enum mr_kernel)k) && mr_levels_book_kernel((enum mr_kernel)k);
    return n;
}

static void both_sides_are_read_as_one_after_the_other(void **state)
{
    (void)state;
    static char text[16384];
    static const char *const tails[] = {"", "}", ",\"st\":1}}",
                                        ",\"u\":18521288,\"seq\":7961638724},\"cts\":1672304484976}"};
    for (uint32_t place = 0; place < 3 * 24 * 24; place++) {
        const struct mr_levels_scan scan = {book_forms[place % 3], 8, 8};
        const uint32_t first = place / 3 % 24, second = place / 72, head = first % 2 ? 42 : 0;
        uint32_t len = put_book(text, &scan, first, second, head, tails[place % 4]), taken = 0;
        struct mr_guard g = mr_guard_open(len);
        memcpy(g.data, text, len);
        assert_null(book_agree(g.data, len, head, &scan, &in_order, LEVELS, &room, &taken));
        assert_null(book_agree(g.data, len, head, &scan, &turned, first + second, &room, &taken));
        mr_guard_close(&g);
        bool small = scan.form == MR_LEVELS_BARE && len - head <= 320; /* those are not worth it */
        assert_int_equal(taken, small ? 0 : 2 * kernels_for_books());
    }
}

static void a_changed_byte_of_a_book_is_read_as_one_side_after_the_other_reads_it(void **state)
{
    (void)state;
    static char text[16384];
    for (uint32_t f = 0; f < MR_COUNT_OF(book_forms); f++) {
        const struct mr_levels_scan scan = {book_forms[f], 8, 8};
        uint32_t len = put_book(text, &scan, 13, 9, 42, ",\"st\":1}}"), taken = 0;
        struct mr_guard g = mr_guard_open(len);
        memcpy(g.data, text, len);
        for (uint32_t at = 42; at < len; at++) {
            for (const char *c = "\"\\,:[]{}-.e09 x"; *c; c++) {
                g.data[at] = (uint8_t)*c;
                assert_null(book_agree(g.data, len, 42, &scan, &in_order, LEVELS, &room, &taken));
            }
            g.data[at] = (uint8_t)text[at];
        }
        for (uint32_t n = 42; n <= len; n++) { /* cut anywhere */
            memmove(g.data + len - n, text, n);
            assert_null(book_agree(g.data + len - n, n, 42, &scan, &turned, LEVELS, &room, &taken));
        }
        mr_guard_close(&g);
    }
}

static void a_book_with_more_levels_than_room_is_left(void **state)
{
    (void)state;
    static char text[16384];
    for (uint32_t max = 0; max < 22; max++) {
        uint32_t len = put_book(text, &pair, 13, 9, 42, ""), taken = 0;
        room.got[max] = (struct mr_level){-7, -7};
        assert_null(book_agree((const uint8_t *)text, len, 42, &pair, &in_order, max, &room, &taken));
        assert_int_equal(taken, 0);
        assert_int_equal(room.got[max].price, -7);
    }
}

static void few_levels_are_read_whatever_stands_among_them(void **state)
{
    (void)state;
    static const struct {
        const char *level;
        struct mr_level want;
    } kinds[] = {
        {"[81234.5,12,3]", {8123450000000, 1200000000}},
        {"[81234,0,0]", {8123400000000, 0}},
        {"[0.00000001,9999999999,100]", {1, 999999999900000000}},
        {"[1234567.12345678,1,1]", {123456712345678, 100000000}},
        {"[12345678.12345678,1,1]", {1234567812345678, 100000000}},
        {"[10000000000,1,1]", {1000000000000000000, 100000000}},
        {"[7.5,2.25,1]", {750000000, 225000000}},
        {"[9.75E+4,10,1]", {9750000000000, 1000000000}},
        {"[25329.000000000000000000000000000000,10,1]", {2532900000000, 1000000000}},
        {"[5,1,12345678901234567890]", {500000000, 100000000}},
    };
    static const char *const behind[] = {"", ",\"version\":1},\"channel\":\"push.depth.full\",\"ts\":1789498322169}"};
    for (uint32_t c = 0; c < MR_COUNT_OF(kinds) * 5 * 2; c++) {
        uint32_t odd = c % MR_COUNT_OF(kinds), at = c / MR_COUNT_OF(kinds) % 5, n = 0, count = 0;
        char text[512];
        for (uint32_t i = 0; i < 5; i++)
            n += (uint32_t)sprintf(text + n, "%c%s", i ? ',' : '[', kinds[i == at ? odd : 0].level);
        n += (uint32_t)sprintf(text + n, "]");
        strcpy(text + n, behind[c / 5 / MR_COUNT_OF(kinds)]);
        for (int k = 0; k < MR_KERNEL_COUNT; k++) {
            if (!mr_kernel_available((enum mr_kernel)k))
                continue;
            assert_int_equal(run((enum mr_kernel)k, text, &bare, LEVELS, &count), n);
            assert_int_equal(count, 5);
            for (uint32_t i = 0; i < 5; i++)
                assert_memory_equal(&out[i], &kinds[i == at ? odd : 0].want, sizeof out[i]);
            assert_int_equal(run((enum mr_kernel)k, text, &bare, 4, &count), MR_E_FULL);
        }
    }
}

static void all_agree(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan, uint32_t max)
{
    const char *who = levels_agree(data, len, pos, scan, max, &room);
    if (who)
        print_error("%s differs in %.*s\n", who, (int)(len < 300 ? len : 300), data);
    assert_null(who);
}

static uint32_t put_digits(char *to, uint32_t count, struct mr_random *r)
{
    for (uint32_t i = 0; i < count; i++)
        to[i] = (char)('0' + mr_random_below(r, 10));
    return count;
}

/* Mostly what venues send; sometimes the edges: zero, nothing behind the point, many digits. */
static uint32_t put_number(char *to, int scale, struct mr_random *r)
{
    uint32_t odd = (uint32_t)mr_random_below(r, 200), n = 0;
    if (odd == 0)
        return (uint32_t)sprintf(to, "0");
    if (odd == 1)
        return (uint32_t)sprintf(to, "92233720368.54775807");
    if (odd == 2)
        return (uint32_t)sprintf(to, "0.%0*d", scale ? scale : 1, 0);
    uint32_t whole = 1 + (uint32_t)mr_random_below(r, odd < 6 ? 13 : 6);
    if (mr_random_below(r, 4) == 0)
        n = (uint32_t)sprintf(to, "0");
    else {
        n = put_digits(to, whole, r);
        if (to[0] == '0')
            to[0] = '7';
    }
    uint32_t part = (uint32_t)mr_random_below(r, (uint64_t)(scale < 8 ? scale : 8) + 1);
    if (odd >= 3 && odd < 5)
        part = (uint32_t)mr_random_below(r, (uint64_t)scale + 1);
    if (part) {
        to[n++] = '.';
        n += put_digits(to + n, part, r);
        if (odd == 5)
            n += (uint32_t)sprintf(to + n, "000");
    }
    return n;
}

static uint32_t put_levels(char *to, uint32_t levels, const struct mr_levels_scan *scan, struct mr_random *r)
{
    static const char *const opens[FORMS] = {"[\"", "[\"", "{\"px\":\"", "{\"price\":\"",
                                             "[",   "[\"", "[",          "{\"price\":\""};
    static const char *const between[FORMS] = {"\",\"", "\",\"", "\",\"sz\":\"",   "\",\"size\":\"", ",",
                                               "\",",   ",",     "\", \"size\":\""};
    uint32_t n = 0;
    to[n++] = '[';
    for (uint32_t i = 0; i < levels; i++) {
        n += (uint32_t)sprintf(to + n, "%s%s", i ? scan->form == MR_LEVELS_SPACED ? ", " : "," : "", opens[scan->form]);
        n += put_number(to + n, scan->price_scale, r);
        n += (uint32_t)sprintf(to + n, "%s", between[scan->form]);
        n += put_number(to + n, scan->size_scale, r);
        if (scan->form == MR_LEVELS_MIXED || scan->form == MR_LEVELS_DUO)
            to[n++] = ']';
        if (scan->form == MR_LEVELS_BARE)
            n += (uint32_t)sprintf(to + n, ",%u]", (unsigned)mr_random_below(r, 50));
        if (scan->form == MR_LEVELS_PAIR)
            n += (uint32_t)sprintf(to + n, "\"]");
        if (scan->form == MR_LEVELS_QUAD)
            n += (uint32_t)sprintf(to + n, "\",\"0\",\"%u\"]", (unsigned)mr_random_below(r, 1000));
        if (scan->form == MR_LEVELS_NAMED || scan->form == MR_LEVELS_SPACED)
            n += (uint32_t)sprintf(to + n, "\"}");
        if (scan->form == MR_LEVELS_OBJECT)
            n += (uint32_t)sprintf(to + n, "\",\"n\":%u}", (unsigned)mr_random_below(r, 50));
    }
    to[n++] = ']';
    return n;
}

static bool quick(void) { return getenv("MILLRACE_QUICK") != NULL; }

static void random_arrays_are_read_alike_by_all(void **state)
{
    (void)state;
    static char text[LEVELS * 120];
    struct mr_random r = {20261121};
    for (int i = 0; i < (quick() ? 2000 : 20000); i++) {
        struct mr_levels_scan scan = {(enum mr_levels_form)mr_random_below(&r, FORMS), 8, 8};
        if (mr_random_below(&r, 3) == 0) {
            scan.price_scale = (int8_t)mr_random_below(&r, MR_SCALE_MAX + 1);
            scan.size_scale = (int8_t)mr_random_below(&r, MR_SCALE_MAX + 1);
        }
        uint32_t levels = (uint32_t)mr_random_below(&r, i % 50 == 0 ? LEVELS : i % 2 ? 12 : 80);
        uint32_t before = (uint32_t)mr_random_below(&r, 80),
                 behind = (uint32_t)mr_random_below(&r, 2) * (uint32_t)mr_random_below(&r, 400);
        uint32_t len = put_levels(text, levels, &scan, &r);
        struct mr_guard g = mr_guard_open(before + len + behind);
        memset(g.data, '"', before);
        memcpy(g.data + before, text, len);
        memset(g.data + before + len, i % 3 ? '"' : ']', behind);
        uint32_t max = mr_random_below(&r, 20) ? LEVELS : (uint32_t)mr_random_below(&r, levels + 2);
        all_agree(g.data, before + len + behind, before, &scan, max);
        mr_guard_close(&g);
    }
}

static void one_changed_byte_anywhere_is_judged_alike_by_all(void **state)
{
    (void)state;
    static const char bytes[] = "\"\"\"[],,.{}:-+eE0019 \\px\x00\x80\xff";
    static char text[16384];
    struct mr_random r = {77};
    for (int i = 0; i < (quick() ? 30 : 150); i++) {
        struct mr_levels_scan scan = {(enum mr_levels_form)(i % FORMS), (int8_t)(i % 4 ? 8 : mr_random_below(&r, 19)),
                                      8};
        uint32_t len = put_levels(text, 1 + (uint32_t)mr_random_below(&r, i % 10 ? 12 : 120), &scan, &r);
        if (i / FORMS % 2) /* the rest of a message, or nothing at all */
            len +=
                (uint32_t)sprintf(text + len, ",\"version\":1},\"channel\":\"push.depth.full\",\"ts\":1789498322169}");
        struct mr_guard g = mr_guard_open(len);
        memcpy(g.data, text, len);
        for (uint32_t at = 0; at < len; at++) {
            for (size_t c = 0; c < sizeof bytes - 1; c++) {
                g.data[at] = (uint8_t)bytes[c];
                all_agree(g.data, len, 0, &scan, LEVELS);
            }
            g.data[at] = (uint8_t)text[at];
            for (int cut = 1; cut <= 3 && at + (uint32_t)cut <= len; cut++) { /* bytes lost: what follows moves up */
                memmove(g.data + cut, g.data, at);
                all_agree(g.data + cut, len - (uint32_t)cut, 0, &scan, LEVELS);
                memcpy(g.data, text, len);
            }
        }
        mr_guard_close(&g);
    }
}

/* The right bytes in no order, of every length, up to an unmapped page: nobody looks behind it, and all say the same. */
static void bytes_of_levels_in_any_order_are_judged_alike_by_all(void **state)
{
    (void)state;
    static const char bytes[] = "1111200..,,,\"\"[[]]]{}} pxszn:";
    static const char *const opens[] = {"[[\"", "[[", "[{\"px\":\"", "[{\"price\":\"", "["};
    static const char *const ends[] = {"", "]]", "\"]]", "}]", "\"}]", "]}"};
    struct mr_random r = {4242};
    char text[256];
    struct mr_guard g = mr_guard_open(sizeof text);
    for (int i = 0; i < (quick() ? 60000 : 1000000); i++) {
        struct mr_levels_scan scan = {(enum mr_levels_form)mr_random_below(&r, FORMS), 8, 8};
        uint32_t len = (uint32_t)sprintf(text, "%s", opens[mr_random_below(&r, MR_COUNT_OF(opens))]);
        for (uint32_t n = (uint32_t)mr_random_below(&r, i % 8 ? 40 : 150); n; n--)
            text[len++] = bytes[mr_random_below(&r, i % 3 ? 13 : sizeof bytes - 1)];
        len += (uint32_t)sprintf(text + len, "%s", ends[mr_random_below(&r, MR_COUNT_OF(ends))]);
        if (i % 2) /* room for the readers of few levels, which look at more than a level at once */
            len += (uint32_t)sprintf(text + len, "%050d", 0);
        memcpy(g.data + (uint32_t)sizeof text - len, text, len);
        all_agree(g.data + (uint32_t)sizeof text - len, len, 0, &scan, LEVELS);
    }
    mr_guard_close(&g);
}

static void every_prefix_ends_at_an_unmapped_page(void **state)
{
    (void)state;
    static char text[16384];
    struct mr_random r = {5};
    for (int i = 0; i < 12; i++) {
        struct mr_levels_scan scan = {(enum mr_levels_form)(i % FORMS), 8, 8};
        uint32_t len = put_levels(text, 60, &scan, &r);
        struct mr_guard g = mr_guard_open(len);
        for (uint32_t n = 0; n <= len; n++) {
            memcpy(g.data + len - n, text, n);
            all_agree(g.data + len - n, n, 0, &scan, LEVELS);
        }
        mr_guard_close(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_of_each_form_are_read),
        cmocka_unit_test(what_is_not_as_usual_is_left_to_the_cursor),
        cmocka_unit_test(what_is_no_number_or_does_not_fit_is_refused_wherever_it_stands),
        cmocka_unit_test(every_spelling_of_a_number_is_worth_the_same_to_all_wherever_it_stands),
        cmocka_unit_test(an_array_cut_anywhere_is_refused),
        cmocka_unit_test(more_levels_than_room_is_full_and_writes_no_further),
        cmocka_unit_test(both_sides_are_read_as_one_after_the_other),
        cmocka_unit_test(a_changed_byte_of_a_book_is_read_as_one_side_after_the_other_reads_it),
        cmocka_unit_test(a_book_with_more_levels_than_room_is_left),
        cmocka_unit_test(few_levels_are_read_whatever_stands_among_them),
        cmocka_unit_test(random_arrays_are_read_alike_by_all),
        cmocka_unit_test(one_changed_byte_anywhere_is_judged_alike_by_all),
        cmocka_unit_test(bytes_of_levels_in_any_order_are_judged_alike_by_all),
        cmocka_unit_test(every_prefix_ends_at_an_unmapped_page),
    };
    return MR_TEST_MAIN(tests);
}
