/* The cursor by hand-written cases, by every kernel this CPU has. */
#include "codecs/json/json.h"
#include "tests/codecs/json/kernels.h"
#include "tests/support/support.h"

#include <stdio.h>

static uint32_t length(const char *text) { return (uint32_t)strlen(text); }

static void open_text(struct mr_json *j, const char *text, enum mr_kernel kernel)
{
    mr_json_open_kernel(j, (const uint8_t *)text, length(text), kernel);
}

static void assert_span(struct mr_span got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.data, want, got.len);
}

/* The verdict by the cursor's one loop, and again by walking with single calls: both must say the same. */
static void assert_verdict(const char *says, const char *text, uint32_t len, int status, uint32_t at)
{
    FOR_EACH_KERNEL(kernel)
    {
        struct verdict whole = check_by(kernel, (const uint8_t *)text, len);
        struct verdict steps = walk_by(kernel, (const uint8_t *)text, len);
        if (whole.status != status || whole.at != at || steps.status != status || steps.at != at)
            fail_msg("%s (%s): want %s at %u, got %s at %u, by single calls %s at %u", says, mr_kernel_name(kernel),
                     mr_status_name(status), at, mr_status_name(whole.status), whole.at, mr_status_name(steps.status),
                     steps.at);
    }
}

static void legal_texts_are_accepted(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const cases[] = {
        "0", "-0", "1", "-1", "10", "0.5", "-0.5e-7", "1E+2", "1e5", "123456789012345678901234567890", "1e99999", "0e0", "0E-0",
        "true", "false", "null", "\"\"", "\"a\"", "[]", "{}", " \t\r\n[ ] \n", "{ }", "[1]", "[1,2]", "[ 1 , 2 ]", "[[],{}]",
        "{\"a\":1}", "{\"a\":1,\"b\":[true,false,null]}", "{ \"a\" : 1 , \"b\" : { } }", "{\"a\":1,\"a\":2}", "{\"\":0}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\\uFFFF\\uabCD\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\\udc00\\ud800\"",
        "\"\x7f\"", "\"\xc2\x80\xdf\xbf\"", "\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
        "\"a string of more than sixty-four bytes, so that every kernel needs more than one vector for it ....\"",
        "\"and one with an escape far behind its start, beyond the first sixty-four bytes of it: here \\n it is\"",
        "\"and one with a letter beyond ASCII far behind its start, beyond the first 64 bytes: here \xc3\xa9 it is\"",
        "[                                                                                            1         ]",
        "[[\"x\",\"y\"],[\"z\"],[\"\"]]", "{\"b\":[[\"x\"],[\"y\",[\"z\"]]],\"a\":\"c\",\"d\":{\"e\":\"f\"}}",
        "1234567890123456789012345678901234567890123456789012345678901234567890.1234567890123456789012345678901234567890",
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        assert_verdict(cases[i], cases[i], length(cases[i]), MR_OK, 0);
}

#define M MR_E_MALFORMED
#define T MR_E_TRUNCATED
/* clang-format off */
static const struct { const char *says, *text; int status; uint32_t at; } refused[] = {
    {"nothing",                          "",                      T, 0},
    {"blanks only",                      " \n ",                  T, 3},
    {"byte order mark",                  "\xef\xbb\xbf{}",        M, 0},
    {"no-break space is no blank",       "\xc2\xa0" "1",          M, 0},
    {"form feed is no blank",            "[1,\f2]",               M, 3},
    {"two values",                       "1 2",                   M, 2},
    {"two objects",                      "{}{}",                  M, 2},
    {"comma behind the value",           "[],",                   M, 2},
    {"closing bracket alone",            "]",                     M, 0},
    {"comma alone",                      ",",                     M, 0},
    {"array left open",                  "[",                     T, 1},
    {"array left open behind a value",   "[1",                    T, 2},
    {"array left open behind a comma",   "[1,",                   T, 3},
    {"array ends with a comma",          "[1,]",                  M, 3},
    {"array begins with a comma",        "[,1]",                  M, 1},
    {"array with two commas",            "[1,,2]",                M, 3},
    {"array without a comma",            "[1 2]",                 M, 3},
    {"array closed as an object",        "[1}",                   M, 2},
    {"empty array closed as an object",  "[}",                    M, 1},
    {"array with a colon",               "[\"a\":1]",             M, 4},
    {"object left open",                 "{",                     T, 1},
    {"object left open behind a key",    "{\"a\"",                T, 4},
    {"object left open behind a colon",  "{\"a\":",               T, 5},
    {"object left open behind a value",  "{\"a\":1",              T, 6},
    {"object left open behind a comma",  "{\"a\":1,",             T, 7},
    {"object ends with a comma",         "{\"a\":1,}",            M, 7},
    {"object begins with a comma",       "{,\"a\":1}",            M, 1},
    {"object without a colon",           "{\"a\" 1}",             M, 5},
    {"object with two colons",           "{\"a\"::1}",            M, 5},
    {"object without a value",           "{\"a\":}",              M, 5},
    {"object without a comma",           "{\"a\":1 \"b\":2}",     M, 7},
    {"object closed as an array",        "{\"a\":1]",             M, 6},
    {"empty object closed as an array",  "{]",                    M, 1},
    {"number as a key",                  "{1:1}",                 M, 1},
    {"bare key",                         "{a:1}",                 M, 1},
    {"key in single quotes",             "{'a':1}",               M, 1},
    {"control character in a key",       "{\"a\n\":1}",           M, 3},
    {"bad escape in a key",              "{\"\\q\":1}",           M, 3},
    {"array behind an array in an object", "{\"k\":[\"x\"],[\"y\"]}", M, 11},
    {"array behind an array at the top", "[\"x\"],[\"y\"]",        M, 5},
    {"pair closed as an object",         "[[\"x\"],[\"y\"}]",      M, 11},
    {"string left open",                 "\"abc",                 T, 4},
    {"string ends in a backslash",       "\"abc\\",               T, 5},
    {"string in single quotes",          "'a'",                   M, 0},
    {"line feed in a string",            "\"a\nb\"",              M, 2},
    {"tab in a string",                  "\"\t\"",                M, 1},
    {"unit separator in a string",       "\"ab\x1f\"",            M, 3},
    {"unknown escape",                   "\"\\x41\"",             M, 2},
    {"escaped single quote",             "\"\\'\"",               M, 2},
    {"escaped line feed",                "\"\\\n\"",              M, 2},
    {"capital U escape",                 "\"\\U0041\"",           M, 2},
    {"short unicode escape",             "\"\\u004\"",            M, 6},
    {"unicode escape with a letter g",   "\"\\u0g41\"",           M, 4},
    {"unicode escape cut",               "\"\\u00",               T, 5},
    {"continuation byte alone",          "\"\x80\"",              M, 1},
    {"last continuation byte alone",     "\"a\xbf\"",             M, 2},
    {"two bytes for a slash",            "\"\xc0\xaf\"",          M, 1},
    {"two bytes, overlong",              "\"\xc1\xbf\"",          M, 1},
    {"two bytes, cut by the quote",      "\"\xc2\"",              M, 2},
    {"two bytes, cut by the end",        "\"\xc2",                T, 2},
    {"three bytes, overlong",            "\"\xe0\x9f\xbf\"",      M, 2},
    {"three bytes, first surrogate",     "\"\xed\xa0\x80\"",      M, 2},
    {"three bytes, last surrogate",      "\"\xed\xbf\xbf\"",      M, 2},
    {"three bytes, cut by the quote",    "\"\xe2\x82\"",          M, 3},
    {"three bytes, cut by the end",      "\"\xe2\x82",            T, 3},
    {"four bytes, overlong",             "\"\xf0\x8f\xbf\xbf\"",  M, 2},
    {"four bytes, above U+10FFFF",       "\"\xf4\x90\x80\x80\"",  M, 2},
    {"four bytes, third is a letter",    "\"\xf0\x90" "a\x80\"",  M, 3},
    {"four bytes, cut by the end",       "\"\xf0\x90\x80",        T, 4},
    {"lead byte F5",                     "\"\xf5\x80\x80\x80\"",  M, 1},
    {"lead byte FF",                     "\"\xff\"",              M, 1},
    {"beyond ASCII outside a string",    "\xc3\xa9",              M, 0},
    {"minus alone",                      "-",                     T, 1},
    {"minus and a letter",               "[-a]",                  M, 2},
    {"two minuses",                      "--1",                   M, 1},
    {"plus sign",                        "+1",                    M, 0},
    {"leading zero",                     "01",                    M, 1},
    {"leading zero behind minus",        "-01",                   M, 2},
    {"leading zero in an array",         "[00]",                  M, 2},
    {"no digit before the point",        ".5",                    M, 0},
    {"no digit behind the point",        "[1.]",                  M, 3},
    {"number cut at the point",          "1.",                    T, 2},
    {"two points",                       "1..2",                  M, 2},
    {"two fractions",                    "1.2.3",                 M, 3},
    {"exponent without digits",          "[1e]",                  M, 3},
    {"exponent cut",                     "1e",                    T, 2},
    {"exponent sign cut",                "1e+",                   T, 3},
    {"exponent with two signs",          "1e+-1",                 M, 3},
    {"exponent with a point",            "1e1.5",                 M, 3},
    {"hexadecimal",                      "0x10",                  M, 1},
    {"digits with a comma in them",      "1,000",                 M, 1},
    {"a letter behind a number",         "[1a]",                  M, 2},
    {"Infinity",                         "Infinity",              M, 0},
    {"minus Infinity",                   "-Infinity",             M, 1},
    {"NaN",                              "NaN",                   M, 0},
    {"nan",                              "nan",                   M, 1},
    {"word in capitals",                 "True",                  M, 0},
    {"word with one capital",            "tRue",                  M, 1},
    {"word cut",                         "tru",                   T, 3},
    {"word cut by a bracket",            "[nul]",                 M, 4},
    {"word with a tail",                 "falsey",                M, 5},
    {"two words",                        "[truefalse]",           M, 5},
    {"line comment",                     "// x\n1",               M, 0},
    {"block comment",                    "[1/**/]",               M, 2},
    {"beyond the first vector: control", "\"0123456789012345678901234567890123456789012345678901234567890123456789\x01\"", M, 71},
    {"beyond the first vector: UTF-8",   "\"0123456789012345678901234567890123456789012345678901234567890123456789\xc3(\"", M, 72},
    {"beyond the first vector: cut",     "\"0123456789012345678901234567890123456789012345678901234567890123456789", T, 71},
    {"many blanks, then nothing",        "[                                                                     ", T, 70},
    {"many blanks, then a letter",       "[                                                                     x", M, 70},
};
/* clang-format on */

static void broken_texts_are_refused_at_the_first_wrong_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++)
        assert_verdict(refused[i].says, refused[i].text, length(refused[i].text), refused[i].status, refused[i].at);
}

static void a_zero_byte_is_a_byte_like_others(void **state)
{
    (void)state;
    assert_verdict("in a string", "\"a\0b\"", 5, M, 2);
    assert_verdict("behind the value", "1\0", 2, M, 1);
    assert_verdict("as a blank",
                   "[1,\0"
                   "2]",
                   6, M, 3);
    assert_verdict("first", "\0", 1, M, 0);
}

static void nesting_ends_at_the_limit(void **state)
{
    (void)state;
    enum { BOMB = 1000000 };
    char *text = malloc(BOMB);
    for (uint32_t depth = MR_JSON_DEPTH - 1; depth <= MR_JSON_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_verdict("arrays", text, 2 * depth, depth <= MR_JSON_DEPTH ? MR_OK : MR_E_DEPTH,
                       depth <= MR_JSON_DEPTH ? 0 : MR_JSON_DEPTH);
        assert_verdict("arrays left open", text, depth, depth <= MR_JSON_DEPTH ? T : MR_E_DEPTH,
                       depth <= MR_JSON_DEPTH ? depth : MR_JSON_DEPTH);
    }
    memset(text, '[', BOMB);
    assert_verdict("bomb of arrays", text, BOMB, MR_E_DEPTH, MR_JSON_DEPTH);
    for (uint32_t i = 0; i + 6 <= BOMB; i += 6)
        memcpy(text + i, "[{\"a\":", 6);
    assert_verdict("bomb of arrays and objects", text, BOMB - 4, MR_E_DEPTH, MR_JSON_DEPTH / 2 * 6);
    free(text);
}

/* Deep nesting where each bracket must close the right kind: the bits of all levels are kept. */
static void closing_brackets_match_their_kind_at_any_depth(void **state)
{
    (void)state;
    char text[8 * MR_JSON_DEPTH];
    for (uint32_t depth = 1; depth <= MR_JSON_DEPTH; depth = depth * 2 + 1) {
        struct mr_random random = {depth};
        bool object[MR_JSON_DEPTH];
        uint32_t len = 0;
        for (uint32_t i = 0; i < depth; i++) {
            object[i] = mr_random_below(&random, 2);
            len += (uint32_t)sprintf(text + len, "%s", object[i] ? i + 1 < depth ? "{\"k\":" : "{" : "[");
        }
        uint32_t open = len;
        for (uint32_t i = depth; i-- > 0;)
            text[len++] = object[i] ? '}' : ']';
        assert_verdict("closed as opened", text, len, MR_OK, 0);
        for (uint32_t i = open; i < len; i += 1 + (uint32_t)mr_random_below(&random, 97)) {
            char kept = text[i];
            text[i] = kept == ']' ? '}' : ']';
            assert_verdict("one closed as the other", text, len, M, i);
            text[i] = kept;
        }
    }
}

/* ---- the cursor's calls ---- */

static void members_and_elements_are_given_in_order(void **state)
{
    (void)state;
    FOR_EACH_KERNEL(kernel)
    {
        struct mr_json j;
        struct mr_span s;
        bool flag = false;
        open_text(&j, " { \"e\" : \"trade\", \"p\":[ 1.5, \"2\" ,null] , \"m\":true,\"x\":{}, \"m\":false } ", kernel);
        assert_int_equal(mr_json_peek(&j), MR_JSON_OBJECT);
        assert_true(mr_json_object(&j));
        assert_int_equal(mr_json_peek(&j), MR_JSON_NONE); /* a key is due */
        assert_true(mr_json_key(&j, &s));
        assert_span(s, "e");
        assert_int_equal(mr_json_peek(&j), MR_JSON_STRING);
        assert_true(mr_json_string(&j, &s));
        assert_span(s, "trade");
        assert_false(j.escaped);
        assert_true(mr_json_key(&j, &s));
        assert_span(s, "p");
        assert_true(mr_json_array(&j));
        assert_true(mr_json_next(&j));
        assert_int_equal(mr_json_peek(&j), MR_JSON_NUMBER);
        assert_true(mr_json_number(&j, &s));
        assert_span(s, "1.5");
        assert_true(mr_json_next(&j));
        assert_true(mr_json_text(&j, &s));
        assert_span(s, "2");
        assert_true(mr_json_next(&j));
        assert_int_equal(mr_json_peek(&j), MR_JSON_NULL);
        assert_true(mr_json_null(&j));
        assert_int_equal(mr_json_peek(&j), MR_JSON_NONE);
        assert_false(mr_json_next(&j));
        assert_true(mr_json_key(&j, &s));
        assert_span(s, "m");
        assert_false(mr_json_null(&j)); /* no error: it is something else */
        assert_int_equal(mr_json_peek(&j), MR_JSON_TRUE);
        assert_true(mr_json_bool(&j, &flag));
        assert_true(flag);
        assert_true(mr_json_key(&j, &s));
        assert_span(s, "x");
        assert_true(mr_json_object(&j));
        assert_false(mr_json_key(&j, &s));
        assert_true(mr_json_key(&j, &s)); /* a name given twice is delivered twice */
        assert_span(s, "m");
        assert_int_equal(mr_json_peek(&j), MR_JSON_FALSE);
        assert_true(mr_json_bool(&j, &flag));
        assert_false(flag);
        assert_false(mr_json_key(&j, &s));
        assert_int_equal(j.status, MR_OK);
        assert_int_equal(mr_json_close(&j), MR_OK);
        assert_int_equal(mr_json_close(&j), MR_OK);
    }
}

static void raw_gives_the_bytes_of_any_value(void **state)
{
    (void)state;
    static const char *const values[] = {
        "1",
        "-2.5e7",
        "\"a\\\"b\"",
        "true",
        "false",
        "null",
        "[]",
        "{}",
        "[1, [2], {\"a\" : \"]\"}]",
        "{\"b\":[{}], \"c\":\"}\"}",
    };
    FOR_EACH_KERNEL(kernel)
    {
        for (size_t i = 0; i < MR_COUNT_OF(values); i++) {
            char text[128];
            struct mr_json j;
            struct mr_span s;
            snprintf(text, sizeof text, "{\"k\": %s , \"l\" :1}", values[i]);
            open_text(&j, text, kernel);
            assert_true(mr_json_object(&j));
            assert_true(mr_json_key(&j, &s));
            assert_true(mr_json_raw(&j, &s));
            assert_span(s, values[i]);
            assert_true(mr_json_key(&j, &s));
            assert_span(s, "l");
            assert_true(mr_json_skip(&j));
            assert_false(mr_json_key(&j, &s));
            assert_int_equal(mr_json_close(&j), MR_OK);
        }
    }
}

/* The loop that passes over values must stop where the value ends, also when one like it follows at once. */
static void skipping_stops_behind_the_value(void **state)
{
    (void)state;
    FOR_EACH_KERNEL(kernel)
    {
        struct mr_json j;
        struct mr_span s;
        open_text(&j, "[[\"a\"],[\"b\",\"c\"],\"d\",\"e\",{\"f\":\"g\"},\"h\"]", kernel);
        static const char *const want[] = {"[\"a\"]", "[\"b\",\"c\"]", "\"d\"", "\"e\"", "{\"f\":\"g\"}", "\"h\""};
        assert_true(mr_json_array(&j));
        for (size_t i = 0; i < MR_COUNT_OF(want); i++) {
            assert_true(mr_json_next(&j) && mr_json_raw(&j, &s));
            assert_span(s, want[i]);
        }
        assert_false(mr_json_next(&j));
        assert_int_equal(mr_json_close(&j), MR_OK);
        open_text(&j, "{\"a\":\"b\",\"c\":\"d\"}", kernel);
        assert_true(mr_json_object(&j) && mr_json_key(&j, &s) && mr_json_raw(&j, &s));
        assert_span(s, "\"b\"");
        assert_true(mr_json_key(&j, &s));
        assert_span(s, "c");
    }
}

/* As after mr_levels_decode: the cursor goes on behind the value, also in another block of 64 bytes. */
static void a_value_read_by_others_is_passed(void **state)
{
    (void)state;
    char text[256];
    static const char value[] =
        "[[\"60120.00\",\"1.250\"],[\"60119.90\",\"0\"],[\"60119.80\",\"0.004\"],[\"60119.70\",\"3\"]]";
    snprintf(text, sizeof text, "{\"b\":%s,\"a\":[%s,7]}", value, value);
    FOR_EACH_KERNEL(kernel)
    {
        struct mr_json j;
        struct mr_span s;
        open_text(&j, text, kernel);
        assert_true(mr_json_object(&j) && mr_json_key(&j, &s));
        mr_json_passed(&j, j.pos + (uint32_t)strlen(value));
        assert_true(mr_json_key(&j, &s));
        assert_span(s, "a");
        assert_true(mr_json_array(&j) && mr_json_next(&j));
        mr_json_passed(&j, j.pos + (uint32_t)strlen(value));
        assert_true(mr_json_next(&j) && mr_json_number(&j, &s));
        assert_span(s, "7");
        assert_false(mr_json_next(&j));
        assert_int_equal(mr_json_close(&j), MR_OK);
    }
}

/* From every state a container can be left in; what was not looked at is still verified. */
static void leave_passes_over_the_rest_of_the_container(void **state)
{
    (void)state;
    FOR_EACH_KERNEL(kernel)
    {
        struct mr_json j;
        struct mr_span s;
        for (int calls = 0; calls < 5; calls++) {
            open_text(&j, "[{\"a\":1,\"b\":[2]},7]", kernel);
            assert_true(mr_json_array(&j) && mr_json_next(&j) && mr_json_object(&j));
            if (calls > 0)
                assert_true(mr_json_key(&j, &s));
            if (calls > 1)
                assert_true(mr_json_skip(&j));
            if (calls > 2)
                assert_true(mr_json_key(&j, &s));
            if (calls > 3) {
                assert_true(mr_json_array(&j));
                assert_true(mr_json_leave(&j));
            }
            assert_true(mr_json_leave(&j));
            assert_true(mr_json_next(&j));
            assert_true(mr_json_number(&j, &s));
            assert_span(s, "7");
            assert_true(mr_json_leave(&j));
            assert_false(mr_json_leave(&j)); /* nothing is open any more */
            assert_int_equal(j.status, MR_E_INVALID);
        }
        open_text(&j, "[[1,2,03],7]", kernel);
        assert_true(mr_json_array(&j) && mr_json_next(&j) && mr_json_array(&j) && mr_json_next(&j));
        assert_false(mr_json_leave(&j));
        assert_int_equal(j.status, MR_E_MALFORMED);
        assert_int_equal(j.at, 7);
    }
}

static void the_first_error_sticks(void **state)
{
    (void)state;
    FOR_EACH_KERNEL(kernel)
    {
        struct mr_json j;
        struct mr_span s = {NULL, 0};
        bool flag;
        int64_t value;
        open_text(&j, "{\"a\":01,\"b\":}", kernel);
        assert_true(mr_json_object(&j) && mr_json_key(&j, &s) && mr_json_number(&j, &s));
        assert_false(mr_json_key(&j, &s));
        uint32_t pos = j.pos;
        assert_false(mr_json_key(&j, &s) || mr_json_object(&j) || mr_json_array(&j) || mr_json_next(&j));
        assert_false(mr_json_string(&j, &s) || mr_json_number(&j, &s) || mr_json_text(&j, &s) || mr_json_raw(&j, &s));
        assert_false(mr_json_bool(&j, &flag) || mr_json_null(&j) || mr_json_skip(&j) || mr_json_leave(&j));
        assert_false(mr_json_fixed(&j, 8, &value) || mr_json_i64(&j, &value) || mr_json_fail(&j, MR_E_RANGE));
        assert_int_equal(mr_json_peek(&j), MR_JSON_NONE);
        assert_int_equal(j.pos, pos);
        assert_int_equal(j.status, MR_E_MALFORMED);
        assert_int_equal(j.at, 6);
        assert_int_equal(mr_json_close(&j), MR_E_MALFORMED);
    }
}

enum call { OBJECT, ARRAY, STRING, NUMBER, TEXT, BOOL };

static bool call(struct mr_json *j, enum call what)
{
    struct mr_span s;
    bool flag;
    switch (what) {
    case OBJECT:
        return mr_json_object(j);
    case ARRAY:
        return mr_json_array(j);
    case STRING:
        return mr_json_string(j, &s);
    case NUMBER:
        return mr_json_number(j, &s);
    case TEXT:
        return mr_json_text(j, &s);
    default:
        return mr_json_bool(j, &flag);
    }
}

static void another_type_is_a_type_error_where_the_value_begins(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { enum call ask; const char *text; int status; uint32_t at; } cases[] = {
        {OBJECT, "[ 1]",      MR_E_TYPE, 2}, {OBJECT, "[[]]",  MR_E_TYPE, 1}, {ARRAY,  "[{}]",  MR_E_TYPE, 1},
        {ARRAY,  "[null]",    MR_E_TYPE, 1}, {STRING, "[1]",   MR_E_TYPE, 1}, {NUMBER, "[\"1\"]", MR_E_TYPE, 1},
        {TEXT,   "[true]",    MR_E_TYPE, 1}, {TEXT,   "[[1]]", MR_E_TYPE, 1}, {BOOL,   "[null]", MR_E_TYPE, 1},
        {BOOL,   "[\"true\"]", MR_E_TYPE, 1}, {STRING, "[null]", MR_E_TYPE, 1},
        /* what is no value at all is not called by the name of one */
        {OBJECT, "[nul]",     M, 4}, {STRING, "[1.]", M, 3}, {NUMBER, "[\"\x01\"]", M, 2}, {TEXT, "[]]", MR_E_INVALID, 2},
        {BOOL,   "[{\"a\"}]", M, 5}, {ARRAY,  "[\"a", T, 3}, {TEXT, "[?]", M, 1},
    };
    /* clang-format on */
    FOR_EACH_KERNEL(kernel)
    {
        for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
            struct mr_json j;
            open_text(&j, cases[i].text, kernel);
            assert_true(mr_json_array(&j));
            mr_json_next(&j);
            assert_false(call(&j, cases[i].ask));
            if (j.status != cases[i].status || j.at != cases[i].at)
                fail_msg("%s: %s at %u", cases[i].text, mr_status_name(j.status), j.at);
        }
    }
}

static void calls_in_a_wrong_order_are_refused(void **state)
{
    (void)state;
    FOR_EACH_KERNEL(kernel)
    {
        struct mr_json j;
        struct mr_span s;
        open_text(&j, "{\"a\":1}", kernel);
        assert_false(mr_json_key(&j, &s)); /* before the object is entered */
        assert_int_equal(j.status, MR_E_INVALID);
        open_text(&j, "{\"a\":1}", kernel);
        assert_true(mr_json_object(&j));
        assert_false(mr_json_skip(&j)); /* a key is due */
        assert_int_equal(j.status, MR_E_INVALID);
        assert_int_equal(j.at, 1);
        open_text(&j, "{\"a\":1}", kernel);
        assert_true(mr_json_object(&j) && mr_json_key(&j, &s));
        assert_false(mr_json_key(&j, &s)); /* the value is due */
        assert_int_equal(j.status, MR_E_INVALID);
        open_text(&j, "[1,2]", kernel);
        assert_true(mr_json_array(&j));
        assert_false(mr_json_text(&j, &s)); /* mr_json_next first */
        assert_int_equal(j.status, MR_E_INVALID);
        open_text(&j, "[1,2]", kernel);
        assert_true(mr_json_array(&j));
        assert_false(mr_json_key(&j, &s)); /* an array has no keys */
        assert_int_equal(j.status, MR_E_INVALID);
        open_text(&j, "1", kernel);
        assert_true(mr_json_skip(&j));
        assert_false(mr_json_skip(&j)); /* the end */
        assert_int_equal(mr_json_close(&j), MR_E_INVALID);
    }
}

static void fail_marks_the_last_key_or_value(void **state)
{
    (void)state;
    FOR_EACH_KERNEL(kernel)
    {
        struct mr_json j;
        struct mr_span s;
        open_text(&j, "{\"a\": 17,\"b\":2}", kernel);
        assert_true(mr_json_object(&j) && mr_json_key(&j, &s) && mr_json_text(&j, &s));
        assert_false(mr_json_fail(&j, MR_E_RANGE));
        assert_int_equal(j.at, 6);
        assert_int_equal(mr_json_close(&j), MR_E_RANGE);
        open_text(&j, "{\"a\": 17,\"b\":2}", kernel);
        assert_true(mr_json_object(&j) && mr_json_key(&j, &s) && mr_json_text(&j, &s) && mr_json_key(&j, &s));
        assert_false(mr_json_fail(&j, MR_E_MISSING));
        assert_int_equal(j.at, 9);
    }
}

static void close_verifies_what_was_not_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        uint32_t at;
    } cases[] = {
        {"[[{\"a\":[1,2", T, 11},
        {"[[{\"a\":[1,2]}]]", MR_OK, 0},
        {"[[{\"a\":[1,2]}]]]", M, 15},
        {"[[{\"a\":[1,2]]]]", M, 12},
        {"[[{\"a\":[1,2]}]] x", M, 16},
        {"[[{\"a\":[1,2]}]]  ", MR_OK, 0},
        {"[[{\"a\":[1,\"\xff\"]}]]", M, 11},
    };
    FOR_EACH_KERNEL(kernel)
    {
        for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
            struct mr_json j;
            struct mr_span s;
            open_text(&j, cases[i].text, kernel);
            assert_true(mr_json_array(&j) && mr_json_next(&j) && mr_json_array(&j) && mr_json_next(&j));
            assert_true(mr_json_object(&j) && mr_json_key(&j, &s) && mr_json_array(&j) && mr_json_next(&j));
            assert_int_equal(mr_json_close(&j), cases[i].status);
            assert_int_equal(j.at, cases[i].at);
        }
    }
}

/* ---- numbers, escapes ---- */

static void values_become_numbers(void **state)
{
    (void)state;
    FOR_EACH_KERNEL(kernel)
    {
        struct mr_json j;
        int64_t fixed = 0, i = 0;
        uint64_t u = 0;
        struct mr_decimal d = {0, 0};
        open_text(&j, "[\"67123.45\",0.5,\"1\\u0030\",18446744073709551615,\"-9223372036854775808\",\"0.0010\",1e2]",
                  kernel);
        assert_true(mr_json_array(&j) && mr_json_next(&j) && mr_json_fixed(&j, 8, &fixed));
        assert_int_equal(fixed, 6712345000000);
        assert_true(mr_json_next(&j) && mr_json_fixed(&j, 3, &fixed));
        assert_int_equal(fixed, 500);
        assert_true(mr_json_next(&j) && mr_json_fixed(&j, 0, &fixed)); /* "1\u0030" is "10" */
        assert_int_equal(fixed, 10);
        assert_true(mr_json_next(&j) && mr_json_u64(&j, &u));
        assert_true(u == UINT64_MAX);
        assert_true(mr_json_next(&j) && mr_json_i64(&j, &i));
        assert_true(i == INT64_MIN);
        assert_true(mr_json_next(&j) && mr_json_decimal(&j, &d));
        assert_int_equal(d.mantissa, 10);
        assert_int_equal(d.exponent, -4);
        assert_true(mr_json_next(&j) && mr_json_fixed(&j, 8, &fixed));
        assert_int_equal(fixed, 10000000000);
        assert_false(mr_json_next(&j));
        assert_int_equal(mr_json_close(&j), MR_OK);
    }
}

static void what_is_no_such_number_is_refused_where_it_begins(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { char ask; const char *text; int status; } cases[] = {
        {'f', "\"\"", M}, {'f', "\"abc\"", M}, {'f', "\"1..2\"", M}, {'f', "\" 1\"", M}, {'f', "\"01\"", M}, {'f', "\"+1\"", M},
        {'f', "0.123456789", MR_E_INEXACT}, {'f', "\"92233720369\"", MR_E_OVERFLOW}, {'f', "null", MR_E_TYPE}, {'f', "[1]", MR_E_TYPE},
        {'u', "-1", M}, {'u', "1.5", M}, {'u', "18446744073709551616", MR_E_OVERFLOW}, {'u', "true", MR_E_TYPE}, {'u', "\"\\u0041\"", M},
        {'i', "1e3", M}, {'i', "9223372036854775808", MR_E_OVERFLOW}, {'i', "{}", MR_E_TYPE},
        {'d', "\"x\"", M}, {'d', "1e999", MR_E_OVERFLOW}, {'d', "false", MR_E_TYPE},
    };
    /* clang-format on */
    FOR_EACH_KERNEL(kernel)
    {
        for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
            char text[64];
            struct mr_json j;
            int64_t value;
            uint64_t u;
            struct mr_decimal d;
            snprintf(text, sizeof text, "[ %s]", cases[i].text);
            open_text(&j, text, kernel);
            assert_true(mr_json_array(&j) && mr_json_next(&j));
            bool done = cases[i].ask == 'f'   ? mr_json_fixed(&j, 8, &value)
                        : cases[i].ask == 'u' ? mr_json_u64(&j, &u)
                        : cases[i].ask == 'i' ? mr_json_i64(&j, &value)
                                              : mr_json_decimal(&j, &d);
            if (done || j.status != cases[i].status || j.at != 2)
                fail_msg("%c of %s: %s at %u", cases[i].ask, text, mr_status_name(j.status), j.at);
        }
    }
}

static void a_number_in_escapes_longer_than_any_number_overflows(void **state)
{
    (void)state;
    char text[2048] = "\"\\u0031";
    memset(text + 7, '0', 300);
    strcpy(text + 307, "\"");
    struct mr_json j;
    int64_t value;
    open_text(&j, text, MR_KERNEL_SCALAR);
    assert_false(mr_json_fixed(&j, 0, &value));
    assert_int_equal(j.status, MR_E_OVERFLOW);
}

static void escapes_are_undone(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *raw, *plain; uint32_t len; } cases[] = {
        {"", "", 0}, {"abc", "abc", 3}, {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8}, {"\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac", 6},
        {"A\\u0000B", "A\0B", 3}, {"\\ud83d\\ude00", "\xf0\x9f\x98\x80", 4}, {"\\uD834\\uDD1E", "\xf0\x9d\x84\x9e", 4}, {"\\udbff\\udfff", "\xf4\x8f\xbf\xbf", 4},
        {"\\ud800", "\xef\xbf\xbd", 3}, {"\\udc00", "\xef\xbf\xbd", 3}, {"\\ud800\\ud800", "\xef\xbf\xbd\xef\xbf\xbd", 6}, {"\\ud800x", "\xef\xbf\xbdx", 4},
        {"\\ud800\\n", "\xef\xbf\xbd\n", 4}, {"\\ud800\\u0041", "\xef\xbf\xbd" "A", 4}, {"\\ud800\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80", 7},
        {"\\uffff", "\xef\xbf\xbf", 3}, {"\\u07ff\\u0800", "\xdf\xbf\xe0\xa0\x80", 5}, {"\xc3\xa9\\n", "\xc3\xa9\n", 3}, {"\\u007f", "\x7f", 1},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        uint8_t out[64];
        struct mr_span raw = mr_span_of(cases[i].raw);
        assert_int_equal(mr_json_unescape(raw, out, sizeof out), cases[i].len);
        assert_memory_equal(out, cases[i].plain, cases[i].len);
        assert_int_equal(mr_json_unescape(raw, out, cases[i].len), cases[i].len); /* room to the byte */
        for (uint32_t room = 0; room < cases[i].len; room++)
            assert_int_equal(mr_json_unescape(raw, out, room), MR_E_FULL);
        assert_true(cases[i].len <= raw.len);
    }
    static const char *const bad[] = {"\\", "\\x", "\\u", "\\u123", "a\\u12g4", "\\ud800\\"};
    for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
        uint8_t out[64];
        assert_int_equal(mr_json_unescape(mr_span_of(bad[i]), out, sizeof out), MR_E_MALFORMED);
    }
}

static void keys_are_known_by_name_with_escapes_or_without(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *raw, *name; bool same; } cases[] = {
        {"e", "e", true}, {"e", "E", false}, {"e", "ev", false}, {"ev", "e", false}, {"\\u0065", "e", true}, {"\\u0065", "\\u0065", false},
        {"\\u0065v\\u0065nt", "event", true}, {"\\u0065v", "event", false}, {"event\\u0065", "event", false}, {"a\\/b", "a/b", true},
        {"", "", true}, {"\\u00e9", "\xc3\xa9", true}, {"\\ud83d\\ude00", "\xf0\x9f\x98\x80", true}, {"\\t", "\t", true}, {"\\t", "t", false},
    };
    /* clang-format on */
    FOR_EACH_KERNEL(kernel)
    {
        for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
            char text[64];
            struct mr_json j;
            struct mr_span key = {NULL, 0};
            snprintf(text, sizeof text, "{\"%s\":1}", cases[i].raw);
            open_text(&j, text, kernel);
            assert_true(mr_json_object(&j) && mr_json_key(&j, &key));
            assert_int_equal(j.escaped, strchr(cases[i].raw, '\\') != NULL);
            assert_int_equal(mr_json_key_is(&j, key, cases[i].name), cases[i].same);
        }
    }
}

static void escaped_tells_of_the_last_string_only(void **state)
{
    (void)state;
    FOR_EACH_KERNEL(kernel)
    {
        struct mr_json j;
        struct mr_span s;
        open_text(&j, "[\"a\\n\",\"b\",\"\\\\\",7,\"\xc3\xa9\"]", kernel);
        static const bool want[] = {true, false, true, false, false};
        assert_true(mr_json_array(&j));
        for (size_t i = 0; i < MR_COUNT_OF(want); i++) {
            assert_true(mr_json_next(&j) && mr_json_text(&j, &s));
            assert_int_equal(j.escaped, want[i]);
        }
        assert_false(mr_json_next(&j));
    }
}

static void check_runs_the_active_kernel(void **state)
{
    (void)state;
    uint32_t at = 7;
    assert_int_equal(mr_json_check((const uint8_t *)"[1,2]", 5, &at), MR_OK);
    assert_int_equal(at, 0);
    assert_int_equal(mr_json_check((const uint8_t *)"[1,2", 4, &at), T);
    assert_int_equal(at, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legal_texts_are_accepted),
        cmocka_unit_test(broken_texts_are_refused_at_the_first_wrong_byte),
        cmocka_unit_test(a_zero_byte_is_a_byte_like_others),
        cmocka_unit_test(nesting_ends_at_the_limit),
        cmocka_unit_test(closing_brackets_match_their_kind_at_any_depth),
        cmocka_unit_test(members_and_elements_are_given_in_order),
        cmocka_unit_test(raw_gives_the_bytes_of_any_value),
        cmocka_unit_test(skipping_stops_behind_the_value),
        cmocka_unit_test(a_value_read_by_others_is_passed),
        cmocka_unit_test(leave_passes_over_the_rest_of_the_container),
        cmocka_unit_test(the_first_error_sticks),
        cmocka_unit_test(another_type_is_a_type_error_where_the_value_begins),
        cmocka_unit_test(calls_in_a_wrong_order_are_refused),
        cmocka_unit_test(fail_marks_the_last_key_or_value),
        cmocka_unit_test(close_verifies_what_was_not_read),
        cmocka_unit_test(values_become_numbers),
        cmocka_unit_test(what_is_no_such_number_is_refused_where_it_begins),
        cmocka_unit_test(a_number_in_escapes_longer_than_any_number_overflows),
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(keys_are_known_by_name_with_escapes_or_without),
        cmocka_unit_test(escaped_tells_of_the_last_string_only),
        cmocka_unit_test(check_runs_the_active_kernel),
    };
    return MR_TEST_MAIN(tests);
}
