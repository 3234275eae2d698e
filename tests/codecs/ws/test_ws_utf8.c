/* The text check: every kernel beside a check written from the table of RFC 3629, at every place and every cut. */
#include "codecs/ws/ws_priv.h"
#include "tests/support/support.h"

#include <stdio.h>

/* Well-formed so far, and at a character's end? One character after the other, as the table has it. */
static uint32_t reference(const uint8_t *p, uint32_t len)
{
    uint32_t i = 0;
    while (i < len) {
        uint8_t c = p[i];
        uint32_t n = c < 0x80                ? 1
                     : c >= 0xc2 && c < 0xe0 ? 2
                     : c >= 0xe0 && c < 0xf0 ? 3
                     : c >= 0xf0 && c < 0xf5 ? 4
                                             : 0;
        if (n == 0)
            return MR_WS_UTF8_BAD;
        uint32_t value = n == 1 ? c : c & (0x7fu >> n);
        for (uint32_t k = 1; k < n; k++) {
            if (i + k == len) { /* may still become one, if a tail of 80 or of bf leads to a legal character */
                uint32_t low = value << 6 * (n - k), high = (value + 1) << 6 * (n - k);
                uint32_t least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
                bool only_surrogates = low >= 0xd800 && high <= 0xe000;
                return high > least && low <= 0x10ffff && !only_surrogates ? 1 : MR_WS_UTF8_BAD;
            }
            if ((p[i + k] & 0xc0) != 0x80)
                return MR_WS_UTF8_BAD;
            value = value << 6 | (p[i + k] & 0x3f);
        }
        if ((n == 3 && value < 0x800) || (n == 4 && value < 0x10000) || value > 0x10ffff ||
            (value >= 0xd800 && value < 0xe000))
            return MR_WS_UTF8_BAD;
        i += n;
    }
    return 0;
}

static uint32_t kind(uint32_t state) { return state == 0 || state == MR_WS_UTF8_BAD ? state : 1; }

/* All kernels this machine has, on [data, len) whole and cut at `cut`. */
static void check(const uint8_t *data, uint32_t len, uint32_t cut)
{
    uint32_t want = reference(data, len);
    for (int k = 0; k < MR_KERNEL_COUNT; k++) {
        if (!mr_ws_utf8_kernels[k] || !mr_kernel_available((enum mr_kernel)k))
            continue;
        uint32_t got = mr_ws_utf8_kernels[k](data, len, 0);
        uint32_t part = mr_ws_utf8_kernels[k](data + cut, len - cut, mr_ws_utf8_kernels[k](data, cut, 0));
        if (kind(got) != want || part != got)
            print_error("%s, %u bytes, cut at %u\n", mr_kernel_name((enum mr_kernel)k), len, cut);
        assert_int_equal(kind(got), want);
        assert_int_equal(part, got);
    }
}

static void every_short_sequence_is_judged_as_the_table_says(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < 1u << 16; v++) {
        uint8_t two[2] = {(uint8_t)(v >> 8), (uint8_t)v};
        check(two, 2, 1);
    }
    static const uint8_t seconds[] = {0, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    for (uint32_t a = 0xc0; a < 256; a++)
        for (size_t b = 0; b < sizeof seconds; b++)
            for (size_t c = 0; c < sizeof seconds; c++)
                for (size_t d = 0; d < sizeof seconds; d++) {
                    uint8_t four[4] = {(uint8_t)a, seconds[b], seconds[c], seconds[d]};
                    check(four, 3, 2);
                    check(four, 4, 3);
                }
}

/* A sequence of the table at every place of a buffer that ends at an unmapped page, in ASCII and in other characters. */
static void a_wrong_byte_is_found_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const put[] = {
        "\x80",         "\xc0\xaf",         "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff",
        "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc3\xa9", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf"};
    static const char *const around[] = {"a", "\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98\x80"};
    for (uint32_t len = 1; len < 220; len += len < 70 ? 1 : 13) {
        struct mr_guard g = mr_guard_open(len);
        for (size_t w = 0; w < MR_COUNT_OF(around); w++)
            for (size_t i = 0; i < MR_COUNT_OF(put); i++) {
                uint32_t n = (uint32_t)strlen(put[i]), each = (uint32_t)strlen(around[w]);
                for (uint32_t at = 0; at + n <= len; at += each) {
                    memset(g.data, 'z', len);
                    for (uint32_t k = 0; k + each <= len; k += each)
                        memcpy(g.data + k, around[w], each);
                    memcpy(g.data + at, put[i], n);
                    check(g.data, len, at + n / 2);
                }
            }
        mr_guard_close(&g);
    }
}

static void drawn_texts_are_judged_alike_by_all(void **state)
{
    (void)state;
    uint32_t rounds = getenv("MILLRACE_QUICK") ? 5000 : 50000, legal = 0;
    for (uint32_t seed = 1; seed <= rounds; seed++) {
        struct mr_random r = {seed};
        uint8_t text[600];
        uint32_t len = 0, want = (uint32_t)mr_random_below(&r, 590), kinds = (uint32_t)mr_random_below(&r, 4);
        while (len < want) {
            static const char *const some[] = {"a", "\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98\x80"};
            const char *one = some[mr_random_below(&r, kinds + 1)];
            memcpy(text + len, one, strlen(one));
            len += (uint32_t)strlen(one);
        }
        if (len > 0 && seed % 3 == 0)
            text[mr_random_below(&r, len)] ^= (uint8_t)(1u << mr_random_below(&r, 8));
        check(text, len, (uint32_t)mr_random_below(&r, len + 1));
        legal += reference(text, len) == 0;
    }
    assert_true(legal > rounds / 2 && legal < rounds);
}

/* The payloads of the Autobahn cases 6.5 to 6.23: "case  valid  hex" a line. */
static void the_conformance_payloads_are_judged_as_listed(void **state)
{
    (void)state;
    const char *folder = mr_test_testdata();
    size_t bytes = 0;
    char *list = folder ? (char *)mr_test_read(folder, "autobahn-cases/utf8-payloads.tsv", &bytes) : NULL;
    if (!list) {
        assert_null(folder); /* a file that is not there is no reason */
        mr_test_skip_line("no autobahn-cases/utf8-payloads.tsv");
        skip();
    }
    uint32_t cases = 0;
    char *save = NULL;
    for (char *line = strtok_r(list, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        int valid, at = 0;
        if (line[0] == '#' || sscanf(line, "%*s %d %n", &valid, &at) != 1)
            continue;
        uint8_t payload[512];
        uint32_t len = 0;
        for (const char *hex = line + at; hex[0] && hex[1] && len < sizeof payload; hex += 2) {
            unsigned value;
            assert_int_equal(sscanf(hex, "%2x", &value), 1);
            payload[len++] = (uint8_t)value;
        }
        for (uint32_t cut = 0; cut <= len; cut++)
            check(payload, len, cut);
        assert_int_equal(mr_ws_utf8(payload, len, 0) == 0, valid);
        cases++;
    }
    assert_int_equal(cases, 132);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_sequence_is_judged_as_the_table_says),
        cmocka_unit_test(a_wrong_byte_is_found_wherever_it_stands),
        cmocka_unit_test(drawn_texts_are_judged_alike_by_all),
        cmocka_unit_test(the_conformance_payloads_are_judged_as_listed),
    };
    return MR_TEST_MAIN(tests);
}
