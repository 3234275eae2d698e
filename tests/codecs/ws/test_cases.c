/* The conformance suite of the WebSocket client (tests/conformance/ws.md): ws_agent, the program, against our case server, every case;
 * and each case's octets cut at every place. Every judgement must be OK, or INFORMATIONAL where RFC 6455 leaves it open. */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/codecs/ws/list.h"
#include "tests/codecs/ws/server.h"
#include "tests/support/support.h"

extern char **environ;
static const char *agent_path;
static struct ws_cases cases;

static pid_t start_agent(uint16_t port, const char *name)
{
    char url[64];
    pid_t pid = 0;
    snprintf(url, sizeof url, "ws://127.0.0.1:%u", port);
    char *argv[] = {(char *)(uintptr_t)agent_path, url, (char *)(uintptr_t)name, NULL};
    assert_int_equal(posix_spawn(&pid, agent_path, NULL, NULL, argv, environ), 0);
    return pid;
}

static void every_case_is_answered_as_it_must_be(void **state)
{
    (void)state;
    struct ws_server server;
    uint32_t of[4] = {0}, bad = 0;
    int status = 0;
    assert_int_equal(ws_server_open(&server, &cases, 0), 0);
    pid_t pid = start_agent(server.port, "millrace");
    ws_server_serve(&server, 30000);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    for (uint32_t i = 0; i < cases.count; i++) {
        const struct ws_result *r = &server.results[i];
        of[r->verdict] += r->run;
        bool good = r->run && (r->verdict == WS_OK || (r->verdict == WS_INFORMATIONAL && cases.row[i].end == WS_FREE));
        if (!good && ++bad <= 20)
            print_error("%s, %s: %s %s\n", cases.row[i].id, cases.row[i].says,
                        r->run ? ws_verdict_name(r->verdict) : "not run", r->why);
    }
    printf("# %u cases: %u OK, %u informational\n", cases.count, of[WS_OK], of[WS_INFORMATIONAL]);
    assert_true(server.reported);
    assert_string_equal(server.agent, "millrace");
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(bad, 0);
    ws_server_close(&server);
}

/* ---- the judge itself ---- */

/* What a client says, in hex; most mask by zeros. */
/* clang-format off */
static const struct { const char *says, *id, *octets; enum ws_verdict want; const char *why; } clients[] = {
    {"an echo and a close",             "1.1.1", "8180000000008882 00000000 03e8", WS_OK, ""},
    {"another mask",                    "1.1.1", "8180010203048882 01020304 02ea", WS_OK, ""},
    {"no mask",                         "1.1.1", "81008882 00000000 03e8", WS_FAILED, "without a mask"},
    {"no echo",                         "1.1.1", "8882 00000000 03e8", WS_FAILED, "0 of 1"},
    {"a binary for a text",             "1.1.1", "8280000000008882 00000000 03e8", WS_FAILED, "another kind"},
    {"another payload",                 "1.1.1", "8181000000006188 82 00000000 03e8", WS_FAILED, "another payload"},
    {"two echoes",                      "1.1.1", "8180000000008180000000008882 00000000 03e8", WS_FAILED, "nobody asked"},
    {"no close",                        "1.1.1", "818000000000", WS_FAILED, "not answered"},
    {"another code",                    "1.1.1", "8180000000008882 00000000 03e9", WS_NON_STRICT, "1001, not 1000"},
    {"no code",                         "1.1.1", "8180000000008880 00000000", WS_NON_STRICT, "0, not 1000"},
    {"a code nobody may send",          "1.1.1", "8180000000008882 00000000 03ee", WS_FAILED, "may not be sent"},
    {"half a code",                     "1.1.1", "8180000000008881 00000000 03", WS_FAILED, "half a code"},
    {"a frame behind the close",        "1.1.1", "8180000000008882 00000000 03e8 8a8000000000", WS_FAILED, "behind the close"},
    {"half a frame",                    "1.1.1", "8180000000008882 000000", WS_FAILED, "half a frame"},
    {"a reserved bit",                  "1.1.1", "c18000000000", WS_FAILED, "reserved"},
    {"opcode 3",                        "1.1.1", "838000000000", WS_FAILED, "opcode"},
    {"a fragment",                      "1.1.1", "018000000000", WS_FAILED, "fragments"},
    {"a length in two octets",          "1.1.1", "81fe000000000000", WS_FAILED, "more octets"},
    {"a ping of 126",                   "1.1.1", "89fe007e00000000", WS_FAILED, "125"},
    {"a pong for an unasked pong",      "2.8",   "8a87000000007561736b6564 8882 00000000 03e8", WS_FAILED, "nobody asked"},
    {"a pong behind the text",          "5.6",   "818600000000 6f6e6574776f 8a83000000006e6f77", WS_FAILED, "out of order"},
    {"1002 for a reserved bit",         "3.1",   "8882 00000000 03ea", WS_OK, ""},
    {"1007 for a reserved bit",         "3.1",   "8882 00000000 03ef", WS_FAILED, "1007, not 1002"},
    {"silence, and gone",               "3.1",   "", WS_NON_STRICT, "no close frame"},
    {"an echo of what is wrong",        "3.1",   "818500000000 68656c6c6f", WS_FAILED, "nobody asked"},
    {"no echo before the mistake",      "3.2",   "8882 00000000 03ea", WS_NON_STRICT, "before the mistake"},
    {"a close answered",                "7.7.11", "8882 00000000 0f9f", WS_OK, ""},
    {"a close of no code answered",     "7.3.1", "8880 00000000", WS_OK, ""},
    {"a ping after close answered",     "7.1.3", "8882 00000000 03e8 8a84000000006c617465", WS_FAILED, "behind the close"},
    {"anything for 65535",              "7.13.2", "8882 00000000 03ea", WS_INFORMATIONAL, "1002"},
    {"an extension refused",            "12.1.1", "", WS_OK, ""},
    {"an extension refused by 1010",    "12.1.1", "8882 00000000 03f2", WS_OK, ""},
    {"an extension taken, then refused", "12.1.1", "8882 00000000 03ea", WS_NON_STRICT, "took the 101"},
    {"a packed message taken",          "12.1.1/RSV1", "818000000000", WS_FAILED, "nobody asked"},
};
/* clang-format on */

static uint32_t unhex(const char *text, uint8_t *out)
{
    uint32_t n = 0;
    for (int high = -1; *text; text++) {
        if (*text == ' ')
            continue;
        int digit = *text <= '9' ? *text - '0' : *text - 'a' + 10;
        if (high >= 0)
            out[n++] = (uint8_t)(high * 16 + digit);
        high = high >= 0 ? -1 : digit;
    }
    return n;
}

static void the_judge_sees_what_a_client_does_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(clients); i++) {
        const struct ws_case *c = ws_cases_find(&cases, clients[i].id);
        assert_non_null(c);
        struct ws_script script;
        ws_script_make(&script, c);
        uint8_t octets[128];
        uint32_t len = unhex(clients[i].octets, octets);
        for (uint32_t cut = 0; cut <= len; cut++) {
            struct ws_judge judge;
            char why[160];
            ws_judge_init(&judge, c, &script);
            ws_judge_take(&judge, octets, cut);
            ws_judge_take(&judge, octets + cut, len - cut);
            enum ws_verdict got = ws_judge_end(&judge, why, sizeof why);
            if (got != clients[i].want || !strstr(why, clients[i].why))
                fail_msg("%s: %s, %s", clients[i].says, ws_verdict_name(got), why);
            ws_judge_free(&judge);
        }
        ws_script_free(&script);
    }
}

/* ---- the list ---- */

/* Each line of a list of the conformance data but its head, cut at tabs; how many there were. */
static uint32_t each_line(const char *name, void (*line)(char *field[6]))
{
    const char *folder = mr_test_testdata();
    size_t bytes = 0;
    char path[64], *save = NULL;
    snprintf(path, sizeof path, "autobahn-cases/%s", name);
    char *list = folder ? (char *)mr_test_read(folder, path, &bytes) : NULL;
    if (!list) {
        assert_null(folder); /* a file that is not there is no reason */
        mr_test_skip_line("no ../shared/testdata/autobahn-cases");
        skip();
    }
    uint32_t lines = 0;
    for (char *text = strtok_r(list, "\n", &save); text; text = strtok_r(NULL, "\n", &save)) {
        char *field[6] = {0}, *rest = text;
        for (int i = 0; i < 6 && rest; i++)
            field[i] = strsep(&rest, "\t");
        if (text[0] == '#')
            continue;
        line(field);
        lines++;
    }
    free(list);
    return lines;
}

static void is_there(char *field[6])
{
    char packed[32];
    if (!ws_cases_find(&cases, field[0]))
        fail_msg("%s (%s) is not run", field[0], field[1]);
    snprintf(packed, sizeof packed, "%s/RSV1", field[0]);
    if (strncmp(field[1], "WebSocket Compression", 21) == 0 && !ws_cases_find(&cases, packed))
        fail_msg("%s is not run", packed);
}

static void all_517_cases_of_the_list_are_run(void **state)
{
    (void)state;
    assert_int_equal(each_line("case-ids.tsv", is_there), 517);
    assert_int_equal(cases.count, 517 + 216 + 8); /* two a case of the extension; our own B3 */
}

static void is_that_text(char *field[6])
{
    const struct ws_case *c = ws_cases_find(&cases, field[0]);
    assert_non_null(c);
    assert_string_equal(c->send + 4, field[2]); /* behind "81:#" */
    assert_int_equal(c->end, field[1][0] == '1' ? WS_WE_CLOSE : WS_THEY_FAIL);
}

static void the_132_texts_made_by_rule_are_those_of_the_list(void **state)
{
    (void)state;
    assert_int_equal(each_line("utf8-payloads.tsv", is_that_text), 132);
}

static void is_that_offer(char *field[6])
{
    char id[32];
    snprintf(id, sizeof id, "%s/RSV1", field[0]);
    const struct ws_case *c = ws_cases_find(&cases, id), *answer = ws_cases_find(&cases, field[0]);
    assert_true(c && answer);
    assert_true(field[1] && field[3] && field[5]);
    unsigned long bytes = strtoul(field[1], NULL, 10), part = strtoul(field[3], NULL, 10);
    uint8_t head[3] = {0}; /* of the block: 00, and its length */
    char hex[7];
    snprintf(hex, sizeof hex, "%.6s", c->send + 4);
    assert_int_equal(unhex(hex, head), 3);
    unsigned low = head[1], high = head[2];
    assert_int_equal(low | high << 8, bytes < 65535 ? bytes : 65535);
    assert_int_equal(c->send[0], part ? '4' : 'c');
    if (part)
        assert_int_equal(strlen(c->send + 4), 2 * part);
    assert_int_equal(strstr(answer->extension, "no_context") != NULL, field[5][0] == '1');
    char bits[32];
    snprintf(bits, sizeof bits, "window_bits=%.*s", (int)strcspn(field[5] + 2, ";"), field[5] + 2);
    assert_int_equal(strstr(answer->extension, bits) != NULL, field[5][2] != '0');
}

static void the_216_packed_messages_are_those_of_the_list(void **state)
{
    (void)state;
    assert_int_equal(each_line("deflate-matrix.tsv", is_that_offer), 216);
}

static void the_page_for_readers_is_the_table_that_is_run(void **state)
{
    (void)state;
    char *want = NULL;
    size_t want_len = 0, len = 0;
    FILE *f = getenv("MILLRACE_WS_LIST") ? fopen("tests/conformance/ws.md", "we") : NULL;
    if (f) {
        ws_list_write(f);
        fclose(f);
    }
    f = open_memstream(&want, &want_len);
    assert_non_null(f);
    ws_list_write(f);
    fclose(f);
    char *got = (char *)mr_test_read("tests/conformance", "ws.md", &len);
    assert_non_null(got);
    if (strcmp(got, want) != 0)
        fail_msg("tests/conformance/ws.md is not current: run this test with MILLRACE_WS_LIST=1");
    free(want);
    free(got);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: test_cases WS_AGENT\n");
        return 2;
    }
    agent_path = argv[1];
    ws_cases_make(&cases, getenv("MILLRACE_QUICK") ? 16 : 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_judge_sees_what_a_client_does_wrong),
        cmocka_unit_test(all_517_cases_of_the_list_are_run),
        cmocka_unit_test(the_132_texts_made_by_rule_are_those_of_the_list),
        cmocka_unit_test(the_216_packed_messages_are_those_of_the_list),
        cmocka_unit_test(the_page_for_readers_is_the_table_that_is_run),
        cmocka_unit_test(every_case_is_answered_as_it_must_be),
    };
    int result = MR_TEST_MAIN(tests);
    ws_cases_free(&cases);
    return result;
}
