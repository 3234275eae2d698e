/* config/limits.yaml is what the code says: every default, and it can be read. */
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/risk/limits.h"
#include "dataplane/text/text.h"
#include "tests/support/support.h"

static void fail_with(void *arg, const char *sentence)
{
    (void)arg;
    fail_msg("%s", sentence);
}

static void the_example_has_every_default(void **state)
{
    (void)state;
    static struct mr_risk_limits file, plain;
    static char a[1 << 16], b[1 << 16];
    struct mr_text ta, tb;
    assert_int_equal(mr_risk_limits_load(&file, "config/limits.yaml", fail_with, NULL), MR_OK);
    mr_risk_limits_default(&plain);
    assert_int_equal(file.market_count, 1);
    assert_true(file.markets[0].short_allowed);
    file.market_count = 0;
    mr_text_init(&ta, a, sizeof a);
    mr_text_init(&tb, b, sizeof b);
    mr_risk_limits_show(&file, &ta);
    mr_risk_limits_show(&plain, &tb);
    assert_string_equal(a, b);
}

static void the_example_names_every_key(void **state)
{
    (void)state;
    static char text[1 << 16];
    FILE *f = fopen("config/limits.yaml", "re");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    static const char *const keys[] = {
#define MR_LIMIT(section, key, ...) "  " #key ": ",
#define MR_MARKET_LIMIT(key, ...) " " #key ": ",
#define MR_POLICY_LIMIT(...)
#include "controlplane/risk/limits.def"
#undef MR_POLICY_LIMIT
#undef MR_LIMIT
#undef MR_MARKET_LIMIT
    };
    for (size_t i = 0; i < MR_COUNT_OF(keys); i++)
        if (!strstr(text, keys[i]))
            fail_msg("config/limits.yaml does not have \"%s\"", keys[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_has_every_default),
        cmocka_unit_test(the_example_names_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
