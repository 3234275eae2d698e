#include <math.h>

#include "dataplane/text/text.h"
#include "tests/support/support.h"

static void what_does_not_fit_is_cut_and_said(void **state)
{
    (void)state;
    char out[8];
    struct mr_text t;
    mr_text_init(&t, out, sizeof out);
    mr_text_add(&t, "1234567");
    assert_false(t.cut);
    mr_text_format(&t, "%d", 8);
    assert_true(t.cut);
    assert_string_equal(out, "1234567");
}

static void json_is_legal_whatever_goes_in(void **state)
{
    (void)state;
    char out[512];
    struct mr_text t;
    struct mr_json_out j;
    mr_text_init(&t, out, sizeof out);
    mr_json_out_init(&j, &t);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "a\"b", "x\\\n\xff\xc3\xa4");
    mr_json_out_double(&j, "nan", NAN);
    mr_json_out_double(&j, "tenth", 0.1);
    mr_json_out_array(&j, "list");
    mr_json_out_i64(&j, NULL, INT64_MIN);
    mr_json_out_object(&j, NULL);
    mr_json_out_end(&j);
    mr_json_out_bool(&j, NULL, true);
    mr_json_out_end(&j);
    mr_json_out_decimal(&j, "px", 6712345000000, 8);
    mr_json_out_null(&j, "none");
    mr_json_out_end(&j);
    assert_string_equal(out, "{\"a\\\"b\":\"x\\\\\\u000a\xef\xbf\xbd\xc3\xa4\",\"nan\":null,\"tenth\":0.1,"
                             "\"list\":[-9223372036854775808,{},true],\"px\":\"67123.45\",\"none\":null}");
}

static void times_are_utc_with_nine_digits(void **state)
{
    (void)state;
    char out[64];
    struct mr_text t;
    mr_text_init(&t, out, sizeof out);
    mr_text_time(&t, 1723161254206652067);
    assert_string_equal(out, "2024-08-08T23:54:14.206652067Z");
    mr_text_init(&t, out, sizeof out);
    mr_text_time(&t, -1);
    assert_string_equal(out, "1969-12-31T23:59:59.999999999Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_cut_and_said),
        cmocka_unit_test(json_is_legal_whatever_goes_in),
        cmocka_unit_test(times_are_utc_with_nine_digits),
    };
    return MR_TEST_MAIN(tests);
}
