/* millrace exchange from outside: the line a parent waits for, the end by signal and by time, refusals. */
#include <stdio.h>
#include <sys/wait.h>

#include "tests/support/support.h"

static const char *program;
static char folder[64], out[65536];

/* A shell script with $M the program, in `folder`; both streams in `out`. */
static int run(const char *script)
{
    return mr_test_shell(out, sizeof out, "cd '%s' && M='%s' && { %s ; } 2>&1", folder, program, script);
}

/* Until it has said where it is. Each script has a file of its own: it is the background that empties it, and until then it would hold what the
 * script before has left there. */
#define HEARD(file)                                                                                                    \
    "n=0; until grep -q 'listening on 127.0.0.1:[0-9]*,' " file                                                        \
    " 2>/dev/null || [ $n -ge 500 ]; do n=$((n+1)); sleep 0.02; done; "
static const struct {
    const char *says, *script;
    int code;
    const char *holds;
} cases[] = {
    {"it says where it is, and ends in its time", "$M exchange --port 0 --certs c --seconds 1", 0,
     "listening on 127.0.0.1:"},
    {"the authority's file is named, and there",
     "$M exchange --port 0 --certs c --seconds 1 | grep -q 'CA file c/ca.pem' && test -s c/ca.pem", 0, NULL},
    {"its counts as JSON", "$M exchange --port 0 --certs c --seconds 1 --json", 0, "\"delivered_by_venue\":{}"},
    {"SIGTERM ends it, and it still counts",
     "$M exchange --port 0 --certs c --json > term & p=$!; " HEARD("term") "kill $p; wait $p; e=$?; cat term; exit $e",
     0, "\"messages\":"},
    {"a port in use",
     "$M exchange --port 0 --certs c --seconds 3 > taken & " HEARD(
         "taken") "P=$(sed 's/.*127.0.0.1:\\([0-9]*\\),.*/\\1/;q' taken); $M exchange --port $P --certs c; e=$?; wait; "
                  "exit $e",
     3, "choose another with --port"},
    {"a fault at the start", "$M exchange --port 0 --certs c --seconds 1 --fault garbage,after=0.1,every=0.1 --json", 0,
     "\"garbage\":"},
    {"no such fault", "$M exchange --port 0 --certs c --fault gapp", 2, "known: disconnect"},
    {"no address", "$M exchange --port 0 --certs c --address here", 2, "--address here"},
    {"no port", "$M exchange --port 70000 --certs c", 2, "--port 70000"},
    {"no pace", "$M exchange --port 0 --certs c --pace fast", 2, "fast"},
    {"a folder that cannot be made", "$M exchange --port 0 --certs /proc/nowhere/at/all", 3, "--certs"},
    {"no names", "$M exchange --port 0 --certs d --names ,", 2, "--names"},
    {"no recording", "$M exchange --port 0 --certs c --venue binance:usdm nothing.jsonl", 3, "nothing.jsonl"},
};

static void the_verb_keeps_its_promises(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        int code = run(cases[i].script);
        if (code != cases[i].code || (cases[i].holds && !strstr(out, cases[i].holds)))
            print_error("%s: exit %d:\n%.2000s\n", cases[i].says, code, out);
        assert_int_equal(code, cases[i].code);
        assert_true(!cases[i].holds || strstr(out, cases[i].holds));
    }
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-exchange-cmd-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_verb_keeps_its_promises)};
    if (argc < 2)
        return 77;
    program = realpath(argv[1], NULL);
    if (!program)
        return 77;
    return cmocka_run_group_tests(tests, make_folder, remove_folder) ? 1 : 0;
}
