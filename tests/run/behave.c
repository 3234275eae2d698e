/* A test program that does what its argument says: what tests/run/check.sh shows to the counting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *behaviour;

static bool is(const char *name) { return strcmp(behaviour, name) == 0; }

static void a_case_that_passes(void **state) { (void)state; }

static void a_case_that_behaves(void **state)
{
    (void)state;
    if (is("skip") || is("skip-capture")) {
        printf("skipped: %s\n", is("skip") ? "this machine has no moon" : "no recordings");
        skip();
    }
    if (is("fail"))
        fail_msg("as asked");
    if (is("crash"))
        abort();
    if (is("hang"))
        pause();
    if (is("leave"))
        exit(0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_case_that_passes),
        cmocka_unit_test(a_case_that_behaves),
    };
    behaviour = argc > 1 ? argv[1] : "";
    if (is("77") || is("plain") || is("plain-fail"))
        return is("77") ? 77 : is("plain-fail");
    int failures = cmocka_run_group_tests(cases, NULL, NULL);
    return failures ? 1 : is("late");
}
