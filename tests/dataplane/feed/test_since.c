/* The note that says what was open when a recording began: out and back, what it follows, and what is no such note. */
#include "dataplane/feed/since.h"
#include "tests/support/support.h"

static struct mr_span span(const char *text) { return (struct mr_span){(const uint8_t *)text, (uint32_t)strlen(text)}; }

static void a_note_reads_back_as_it_was_written(void **state)
{
    (void)state;
    struct mr_since s = {.merging = true, .wait_ns = INT64_MAX, .count = MR_MERGE_LANES_MAX}, back;
    char text[MR_SINCE_TEXT];
    for (uint32_t i = 0; i < s.count; i++)
        s.lane[i] = (struct mr_merge_open){.connection = (uint16_t)(UINT16_MAX - i), .route = (uint8_t)(i % 8)};
    mr_since_text(&s, text); /* the longest there is */
    assert_true(mr_since_read(&back, span(text)));
    assert_true(mr_since_same(&s, &back) && back.wait_ns == s.wait_ns);
    for (uint32_t i = 0; i < s.count; i++)
        assert_true(back.lane[i].connection == s.lane[i].connection && back.lane[i].route == s.lane[i].route);
    s = (struct mr_since){.count = 1, .lane = {{.connection = 12, .route = 3}}};
    mr_since_text(&s, text);
    assert_string_equal(text, "since merge 0 0 opened 12:3");
    assert_true(mr_since_read(&back, span(text)));
    assert_true(mr_since_same(&s, &back));
    assert_true(mr_since_read(&back, span("since merge 1 5 opened")));
    assert_true(back.merging && back.count == 0 && !mr_since_same(&s, &back));
}

static void what_is_no_such_note_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "since",
                                        "since merge 1 5",
                                        "merge 1 5",
                                        "merge 1 5 opened 1:0",
                                        "since merge 2 5 opened",
                                        "since merge 1 9223372036854775808 opened",
                                        "since merge 1 opened 1:0",
                                        "since merge 1 5 opened 1",
                                        "since merge 1 5 opened 65536:0",
                                        "since merge 1 5 opened 1:8",
                                        "since merge 1 5 opened 1:0 x:1",
                                        "since merge 1 5 opened 1:0,2:0"};
    struct mr_since s;
    for (size_t i = 0; i < MR_COUNT_OF(texts); i++)
        if (mr_since_read(&s, span(texts[i])))
            fail_msg("%s: taken", texts[i]);
}

static void records_change_what_is_open(void **state)
{
    (void)state;
    struct mr_since s = {0}, want;
    mr_since_follow(&s, MR_CAPTURE_NOTE, 0, span("merge 1 200"));
    mr_since_follow(&s, MR_CAPTURE_OPENED, 4, span("0"));
    mr_since_follow(&s, MR_CAPTURE_OPENED, 5, span("1"));
    mr_since_follow(&s, MR_CAPTURE_OPENED, 4, span("0")); /* told twice */
    mr_since_follow(&s, MR_CAPTURE_OPENED, 6, span("?")); /* of an older recording */
    mr_since_follow(&s, MR_CAPTURE_CLOSED, 4, span("copy"));
    mr_since_follow(&s, MR_CAPTURE_CLOSED, 9, span("copy")); /* never opened */
    mr_since_follow(&s, MR_CAPTURE_NOTE, 0, span("due"));
    mr_since_follow(&s, MR_CAPTURE_FRAME, 7, span("merge 0 0"));
    assert_true(mr_since_read(&want, span("since merge 1 200 opened 5:1 6:0")));
    assert_true(mr_since_same(&s, &want) && s.wait_ns == 200 && s.lane[0].route == 1 && s.lane[1].route == 0);
    mr_since_follow(&s, MR_CAPTURE_NOTE, 0, span("merge 0 0"));
    assert_false(mr_since_same(&s, &want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_reads_back_as_it_was_written),
        cmocka_unit_test(what_is_no_such_note_is_refused),
        cmocka_unit_test(records_change_what_is_open),
    };
    return MR_TEST_MAIN(tests);
}
