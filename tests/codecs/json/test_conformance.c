/* Verdicts on public conformance texts (A1, A2), by every kernel this CPU has. */
#include "tests/codecs/json/reference.h"
#include "tests/support/support.h"

#include <ctype.h>

#define CHOICES "tests/codecs/json/choices.tsv"

struct row {
    char file[256];
    char first[512]; /* second column */
    char second[512];
};

/* The next row of a table of tabs; lines that begin with # are comments. */
static bool next_row(FILE *table, struct row *row)
{
    char line[2048];
    while (fgets(line, sizeof line, table)) {
        line[strcspn(line, "\n")] = 0;
        if (*line == '#' || !*line)
            continue;
        row->second[0] = 0;
        return sscanf(line, "%255[^\t]\t%511[^\t]\t%511[^\t]", row->file, row->first, row->second) >= 2;
    }
    return false;
}

static FILE *open_table(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *table = fopen(path, "r");
    if (!table)
        fail_msg("cannot read %s", path);
    return table;
}

/* All kernels, by the loop and by single calls, must say the same as the reference; true if it is MR_OK. */
static bool agreed(const char *file, const uint8_t *data, uint32_t len)
{
    struct verdict want = reference_check(data, len);
    FOR_EACH_KERNEL(kernel)
    {
        struct verdict whole = check_by(kernel, data, len), steps = walk_by(kernel, data, len);
        if (!same_verdict(whole, want) || !same_verdict(steps, want))
            fail_msg("%s (%s): reference %s at %u, got %s at %u, by single calls %s at %u", file,
                     mr_kernel_name(kernel), mr_status_name(want.status), want.at, mr_status_name(whole.status),
                     whole.at, mr_status_name(steps.status), steps.at);
    }
    return want.status == MR_OK;
}

static const char *testdata_or_skip(void)
{
    const char *folder = mr_test_testdata();
    if (!folder) {
        mr_test_skip_line("no conformance data (MILLRACE_TESTDATA)");
        skip();
    }
    return folder;
}

/* Column two and three are two strict parsers of others. D is one's depth error: refused is right then. */
static void every_verdict_of_the_table_is_ours(void **state)
{
    (void)state;
    const char *folder = testdata_or_skip();
    FILE *table = open_table(folder, "json-verdicts.tsv");
    struct row row;
    unsigned files = 0;
    while (next_row(table, &row)) {
        size_t len;
        uint8_t *data = mr_test_read(folder, row.file, &len);
        if (!data)
            fail_msg("cannot read %s", row.file);
        bool accepted = agreed(row.file, data, (uint32_t)len);
        bool want = strcmp(row.first, "A") == 0 && strcmp(row.second, "A") == 0;
        if (accepted != want)
            fail_msg("%s: we say %c, the table %s %s", row.file, accepted ? 'A' : 'R', row.first, row.second);
        free(data);
        files++;
    }
    fclose(table);
    printf("A1: %u files\n", files);
    assert_int_equal(files, 643);
}

/* ---- what we read ---- */

struct notes {
    char text[512];
    uint32_t len;
};

static void note(struct notes *notes, const char *text)
{
    notes->len += (uint32_t)snprintf(notes->text + notes->len, sizeof notes->text - notes->len, "%s", text);
    assert_true(notes->len < sizeof notes->text);
}

/* A string's plain bytes; what is not printable ASCII as \xHH. */
static void note_string(struct notes *notes, const struct mr_json *j, struct mr_span raw)
{
    uint8_t plain[256];
    char hex[8];
    struct mr_span shown = raw;
    if (j->escaped) {
        int64_t n = mr_json_unescape(raw, plain, sizeof plain);
        assert_true(n >= 0);
        shown = (struct mr_span){plain, (uint32_t)n};
    }
    note(notes, "\"");
    for (uint32_t i = 0; i < shown.len; i++) {
        snprintf(hex, sizeof hex, isprint(shown.data[i]) ? "%c" : "\\x%02x", shown.data[i]);
        note(notes, hex);
    }
    note(notes, "\"");
}

/* A number's text and what it is as an integer, at scale 8, as mantissa and exponent: each its value or its status. */
static void note_number(struct notes *notes, const struct mr_json *at_value, struct mr_span raw)
{
    char text[128];
    struct mr_json j = *at_value;
    int64_t value;
    struct mr_decimal d;
    snprintf(text, sizeof text, "%.*s", (int)raw.len, (const char *)raw.data);
    note(notes, text);
    if (mr_json_i64(&j, &value))
        snprintf(text, sizeof text, " i64=%lld", (long long)value);
    else
        snprintf(text, sizeof text, " i64=%s", mr_status_name(j.status));
    note(notes, text);
    j = *at_value;
    if (mr_json_fixed(&j, 8, &value))
        snprintf(text, sizeof text, " fixed8=%lld", (long long)value);
    else
        snprintf(text, sizeof text, " fixed8=%s", mr_status_name(j.status));
    note(notes, text);
    j = *at_value;
    if (mr_json_decimal(&j, &d))
        snprintf(text, sizeof text, " decimal=%llde%d", (long long)d.mantissa, d.exponent);
    else
        snprintf(text, sizeof text, " decimal=%s", mr_status_name(j.status));
    note(notes, text);
}

static void note_value(struct notes *notes, struct mr_json *j)
{
    struct mr_span s;
    struct mr_json before = *j;
    switch (mr_json_peek(j)) {
    case MR_JSON_OBJECT:
        mr_json_object(j);
        note(notes, "{ ");
        while (mr_json_key(j, &s)) {
            note_string(notes, j, s);
            note(notes, ": ");
            note_value(notes, j);
            note(notes, " ");
        }
        note(notes, "}");
        break;
    case MR_JSON_ARRAY:
        mr_json_array(j);
        note(notes, "[ ");
        while (mr_json_next(j)) {
            note_value(notes, j);
            note(notes, " ");
        }
        note(notes, "]");
        break;
    case MR_JSON_STRING:
        if (mr_json_string(j, &s))
            note_string(notes, j, s);
        break;
    case MR_JSON_NUMBER:
        if (mr_json_number(j, &s))
            note_number(notes, &before, s);
        break;
    default:
        mr_json_skip(j);
        break;
    }
}

/* One row for each text where the RFC leaves the choice to us, or that is legal but slippery. */
static void our_choices_are_the_written_ones(void **state)
{
    (void)state;
    const char *folder = testdata_or_skip();
    FILE *table = open_table(".", CHOICES);
    struct row row;
    unsigned files = 0;
    while (next_row(table, &row)) {
        char path[600];
        size_t len;
        bool transform = strncmp(row.file, "i_", 2) != 0;
        snprintf(path, sizeof path, "jsontestsuite/%s/%s", transform ? "test_transform" : "test_parsing", row.file);
        uint8_t *data = mr_test_read(folder, path, &len);
        if (!data)
            fail_msg("cannot read %s", path);
        bool accepted = agreed(row.file, data, (uint32_t)len);
        if (accepted != (strcmp(row.first, "A") == 0))
            fail_msg("%s: we say %c, written is %s", row.file, accepted ? 'A' : 'R', row.first);
        if (accepted && transform) {
            FOR_EACH_KERNEL(kernel)
            {
                struct mr_json j;
                struct notes notes = {.len = 0};
                mr_json_open_kernel(&j, data, (uint32_t)len, kernel);
                note_value(&notes, &j);
                assert_int_equal(mr_json_close(&j), MR_OK);
                if (strcmp(notes.text, row.second))
                    fail_msg("%s (%s): we read\n%s\nwritten is\n%s", row.file, mr_kernel_name(kernel), notes.text,
                             row.second);
            }
        }
        free(data);
        files++;
    }
    fclose(table);
    printf("A2: %u files\n", files);
    assert_int_equal(files, 57);
}

/* The same kind of proof without the data: slippery texts of our own, and what is read from them. */
static void slippery_texts_are_read_as_written(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *text, *read; } cases[] = {
        {"{\"a\":1,\"a\":\"x\"}", "{ \"a\": 1 i64=1 fixed8=100000000 decimal=1e0 \"a\": \"x\" }"},
        {"[-0,1.50]", "[ -0 i64=0 fixed8=0 decimal=0e0 1.50 i64=MALFORMED fixed8=150000000 decimal=150e-2 ]"},
        {"[1e-9]", "[ 1e-9 i64=MALFORMED fixed8=INEXACT decimal=1e-9 ]"},
        {"[\"\\ud83d\\ude00\",\"\\ude00\",\"\\u0000\"]", "[ \"\\xf0\\x9f\\x98\\x80\" \"\\xef\\xbf\\xbd\" \"\\x00\" ]"},
        {"{\"\\u0061\":[],\"\":{}}", "{ \"a\": [ ] \"\": { } }"},
        {"[9223372036854775808]", "[ 9223372036854775808 i64=OVERFLOW fixed8=OVERFLOW decimal=OVERFLOW ]"},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        FOR_EACH_KERNEL(kernel)
        {
            struct mr_json j;
            struct notes notes = {.len = 0};
            mr_json_open_kernel(&j, (const uint8_t *)cases[i].text, (uint32_t)strlen(cases[i].text), kernel);
            note_value(&notes, &j);
            assert_int_equal(mr_json_close(&j), MR_OK);
            assert_string_equal(notes.text, cases[i].read);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_of_the_table_is_ours),
        cmocka_unit_test(our_choices_are_the_written_ones),
        cmocka_unit_test(slippery_texts_are_read_as_written),
    };
    return MR_TEST_MAIN(tests);
}
