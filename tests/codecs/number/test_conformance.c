/* Trust suites A3 (doubles bit for bit), A4 (number classes), A5 (exact decimals), and for numbers A6 (nothing read
 * behind the text) and A7 (all kernels agree), on the conformance data. test_number.c proves the same on its own
 * data. */
#include "codecs/number/number.h"
#include "tests/codecs/number/plain.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>

#define EDGE 65536 /* the longest line has 11,538 bytes */
static struct mr_guard guard; /* texts are moved to its end */

static const uint8_t *at_the_edge(const uint8_t *text, uint32_t len)
{
    return memcpy(guard.data + EDGE - len, text, len);
}

/* Every kernel gives this text, placed at the edge of the mapped page, what the plain reference gives. */
static void kernels_agree(const uint8_t *from, uint32_t len, int scale)
{
    const uint8_t *text = at_the_edge(from, len);
    int64_t want = 0;
    int status = plain_fixed(text, len, scale, &want);
    for (int k = 0; k < MR_KERNEL_COUNT; k++) {
        if (!mr_kernel_available((enum mr_kernel)k))
            continue;
        int64_t got = 0;
        int found = mr_number_fixed_kernel((enum mr_kernel)k)(text, len, scale, &got);
        if (found != status || (status == MR_OK && got != want))
            print_error("%s: %.*s at scale %d\n", mr_kernel_name((enum mr_kernel)k), (int)len, text, scale);
        assert_int_equal(found, status);
        assert_int_equal(got, status == MR_OK ? want : 0);
    }
}

static void agree_on_all_scales_and_prefixes(const uint8_t *text, uint32_t len)
{
    static const int scales[] = {0, 2, 8, 12, 18};
    for (size_t s = 0; s < MR_COUNT_OF(scales); s++)
        kernels_agree(text, len, scales[s]);
    for (uint32_t n = 0; n < len && n < 1024; n++)
        kernels_agree(text, n, 8);
}

/* Calls `each` on every line of a file; false where there is no such file. */
typedef void line_fn(const uint8_t *line, uint32_t len, const char *file);
static bool each_line(const char *folder, const char *file, line_fn *each)
{
    char path[256];
    size_t size, start = 0;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    const char *testdata = mr_test_testdata();
    uint8_t *data = testdata ? mr_test_read(testdata, path, &size) : NULL;
    if (!data)
        return false;
    for (size_t i = 0; i <= size; i++) { /* a file may end without a line feed */
        if (i < size ? data[i] != '\n' : start == size)
            continue;
        each(data + start, (uint32_t)(i - start), file);
        start = i + 1;
    }
    free(data);
    return true;
}

static uint32_t accepted, refused;

static void one_double(const uint8_t *line, uint32_t len, const char *file)
{
    (void)file;
    char hex[17] = "";
    assert_true(len > 31);
    memcpy(hex, line + 14, 16);
    const uint8_t *from = line + 31;
    len -= 31;
    struct plain_number plain;
    bool legal = plain_scan(from, len, &plain);
    const uint8_t *text = at_the_edge(from, len);
    double value = 0;
    int status = mr_number_double(text, len, &value);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (!legal)
        assert_int_equal(status, MR_E_MALFORMED);
    else {
        assert_int_equal(status, isinf(value) ? MR_E_OVERFLOW : MR_OK);
        assert_int_equal(bits, strtoull(hex, NULL, 16));
    }
    agree_on_all_scales_and_prefixes(from, len);
    accepted += legal;
    refused += !legal;
}

static void skip_without_data(void)
{
    mr_test_skip_line("conformance data of numbers: no ../shared/testdata, MILLRACE_TESTDATA not set");
    skip();
}

static void a3_doubles_are_right_to_the_bit(void **state)
{
    (void)state;
    static const char *const files[] = {"freetype-2-7.txt", "lemire-fast-float.txt", "more-test-cases.txt",
                                        "tencent-rapidjson.txt"};
    accepted = refused = 0;
    for (size_t i = 0; i < MR_COUNT_OF(files); i++)
        if (!each_line("parse-number", files[i], one_double))
            skip_without_data();
    assert_int_equal(accepted, 10428);
    assert_int_equal(refused, 60);
}

static void one_class(const uint8_t *from, uint32_t len, const char *file)
{
    if (len == 0 || *from == '#')
        return;
    bool bad = strstr(file, "fail") || strstr(file, "ext") || !strncmp(file, "hex", 3) || !strncmp(file, "literal", 7);
    bool infinite = strstr(file, "inf") != NULL, big = strstr(file, "big") || infinite;
    static char copy[EDGE];
    assert_true(len < sizeof copy);
    memcpy(copy, from, len);
    copy[len] = 0;
    const uint8_t *text = at_the_edge(from, len);
    double value = 0, library = strtod(copy, NULL);
    int status = mr_number_double(text, len, &value);
    uint64_t u;
    int64_t s;
    int u_status = mr_number_u64(text, len, &u), s_status = mr_number_i64(text, len, &s);
    if (bad) {
        assert_int_equal(status, MR_E_MALFORMED);
        assert_int_equal(u_status, MR_E_MALFORMED);
        assert_int_equal(s_status, MR_E_MALFORMED);
        refused++;
    } else {
        assert_int_equal(status, isinf(library) ? MR_E_OVERFLOW : MR_OK); /* some real_ files have such, too */
        assert_true(!infinite || isinf(library));
        assert_memory_equal(&value, &library, sizeof value);
        if (!strncmp(file, "int", 3) && big)
            assert_int_equal(*text == '-' ? s_status : u_status, MR_E_OVERFLOW);
        else if (!strncmp(file, "int", 3))
            assert_int_equal(*text == '-' ? s_status : u_status, MR_OK);
        accepted++;
    }
    agree_on_all_scales_and_prefixes(from, len);
}

static void a4_number_classes_are_told_apart(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const files[] = {
        "hex(ext)(big).txt", "hex(ext).txt", "hex(fail).txt", "int(big).txt", "int(ext).txt", "int(fail).txt", "int(inf).txt", "int.txt",
        "literal(ext).txt", "literal(fail).txt", "literal.txt", "real(ext).txt", "real(fail).txt", "real(inf)(ext).txt", "real(inf).txt",
        "real_1.txt", "real_2.txt", "real_3.txt", "real_4.txt", "real_5.txt", "real_6.txt", "real_7.txt",
    };
    /* clang-format on */
    accepted = refused = 0;
    for (size_t i = 0; i < MR_COUNT_OF(files); i++)
        if (!each_line("yyjson-num", files[i], one_class))
            skip_without_data();
    printf("%u accepted, %u refused\n", accepted, refused);
    assert_int_equal(accepted + refused, 30289);
}

static int wanted_status(const char *verdict)
{
    return !strcmp(verdict, "-")          ? MR_E_MALFORMED
           : !strcmp(verdict, "inexact")  ? MR_E_INEXACT
           : !strcmp(verdict, "overflow") ? MR_E_OVERFLOW
                                          : MR_OK;
}

static void one_exact(const uint8_t *line, uint32_t len, const char *file)
{
    (void)file;
    static const int scales[] = {8, 12, 18};
    char copy[512], *field[6], *p = copy;
    assert_true(len < sizeof copy);
    memcpy(copy, line, len);
    copy[len] = 0;
    for (int i = 0; i < 6; i++)
        field[i] = strsep(&p, "\t");
    assert_non_null(field[5]);
    if (field[0][0] == '#')
        return;
    uint32_t text_len = (uint32_t)strlen(field[0]);
    for (size_t s = 0; s < MR_COUNT_OF(scales); s++) {
        int status = wanted_status(field[3 + s]);
        const uint8_t *text = at_the_edge((const uint8_t *)field[0], text_len);
        for (int k = 0; k < MR_KERNEL_COUNT; k++) {
            if (!mr_kernel_available((enum mr_kernel)k))
                continue;
            int64_t got = 0;
            assert_int_equal(mr_number_fixed_kernel((enum mr_kernel)k)(text, text_len, scales[s], &got), status);
            assert_int_equal(got, status == MR_OK ? strtoll(field[3 + s], NULL, 10) : 0);
        }
    }
    agree_on_all_scales_and_prefixes((const uint8_t *)field[0], text_len);
    accepted += !strcmp(field[1], "ok");
    refused += !strcmp(field[1], "bad");
}

static void a5_decimals_are_exact_or_refused(void **state)
{
    (void)state;
    accepted = refused = 0;
    if (!each_line("decimal-exact", "decimal-exact.tsv", one_exact))
        skip_without_data();
    assert_int_equal(accepted, 3168);
    assert_int_equal(refused, 31);
}

int main(void)
{
    guard = mr_guard_open(EDGE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a3_doubles_are_right_to_the_bit),
        cmocka_unit_test(a4_number_classes_are_told_apart),
        cmocka_unit_test(a5_decimals_are_exact_or_refused),
    };
    return MR_TEST_MAIN(tests);
}
