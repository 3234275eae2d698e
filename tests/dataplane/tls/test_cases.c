/* The TLS client cases C-01 to C-87 (tests/conformance/tls.md) on the product's own client stack, over loopback and over DPDK: each against a
 * server process that behaves as the case says; the outcome is one word, and no octet of the request reaches a server that was
 * not verified. C-88 to C-91: test_trust.c. */
#include <stdio.h>

#include "tests/dataplane/tls/bed.h"
#include "tests/support/support.h"

static void run_cases(const struct tls_way *way, const struct tls_case *cases, uint32_t count)
{
    struct mr_probe probe;
    struct mr_err err;
    if (mr_probe_open(&probe, way->source, &err) < 0) {
        mr_test_skip_line(err.text);
        assert_false(tls_bed.net && getenv("MILLRACE_REQUIRE_NET"));
        skip();
    }
    uint32_t failed = 0;
    const char *only = getenv("MILLRACE_TLS_CASE");
    for (uint32_t i = 0; i < count; i++)
        if (!only || strtoul(only, NULL, 10) == cases[i].number)
            failed += !tls_bed_case(&cases[i], &probe, way);
    mr_probe_close(&probe);
    assert_int_equal(failed, 0);
}

/* AUTO: our own record reader, where the machine has what it needs. */
static const struct tls_way ways[] = {{"sockets", "socket", MR_TLS_READ_AUTO},
                                      {"io_uring", "uring", MR_TLS_READ_AUTO},
                                      {"sockets, SSL_read", "socket", MR_TLS_READ_OPENSSL},
                                      {"DPDK", "dpdk:mr0", MR_TLS_READ_AUTO}};

#define GROUP(name, table)                                                                                             \
    static void name##_over_sockets(void **state)                                                                      \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        run_cases(&ways[0], table, table##_count);                                                                     \
    }                                                                                                                  \
    static void name##_over_io_uring(void **state)                                                                     \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        run_cases(&ways[1], table, table##_count);                                                                     \
    }                                                                                                                  \
    static void name##_read_by_openssl(void **state)                                                                   \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        run_cases(&ways[2], table, table##_count);                                                                     \
    }                                                                                                                  \
    static void name##_over_dpdk(void **state)                                                                         \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        run_cases(&ways[3], table, table##_count);                                                                     \
    }
#define TESTS_OF(name)                                                                                                 \
    cmocka_unit_test(name##_over_sockets), cmocka_unit_test(name##_over_io_uring),                                     \
        cmocka_unit_test(name##_read_by_openssl)
GROUP(certificates, cases_certificates)
GROUP(protocol, cases_protocol)
GROUP(records, cases_records)
GROUP(life, cases_life)

/* ---- the list for readers ---- */

#define LIST "tests/conformance/tls.md"

/* Those of test_trust.c, which are more than a dial. */
static const struct tls_case elsewhere[] = {
    {88, "the host's openssl.cnf wants weak keys, old versions, truncation: refused as before", "as without",
     .serve = NULL},
    {88, "no key of the configuration switches verification off", "no such key", .serve = NULL},
    {89, "SSLKEYLOGFILE is set: no file is written", "no file", .serve = NULL},
    {90, "CA file or list writable by others, or its folder", "config", .serve = NULL},
    {91, "no secret of a connection is left in memory when it is over", "none found", .serve = NULL},
};

static const struct {
    uint8_t first;
    const char *title;
} groups[] = {{1, "Chain and time"}, {18, "Name"}, {34, "Usage"}, {42, "Protocol"},
              {57, "Records"},       {69, "Life"}, {86, "Local"}};

static void list_rows(FILE *f, const struct tls_case *cases, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (size_t g = 0; g < MR_COUNT_OF(groups); g++)
            if (groups[g].first == cases[i].number && (i == 0 || cases[i - 1].number != cases[i].number))
                fprintf(f, "\n## %s\n| case | the server, or what is asked | outcome |\n|---|---|---|\n",
                        groups[g].title);
        fprintf(f, "| C-%02u | %s | `%s`", cases[i].number, cases[i].says, cases[i].want);
        if (cases[i].then_want)
            fprintf(f, ", then `%s`", cases[i].then_want);
        fprintf(f, " |\n");
    }
}

static void write_list(FILE *f)
{
    fprintf(f,
            "# TLS client cases\n\n"
            "What the client does with servers that are right, wrong, slow or hostile: the product's own stack (a "
            "source under\n"
            "`dataplane/tls`), each case against a server process on loopback, over plain sockets, io_uring and DPDK, "
            "with our own record\n"
            "reader and with `SSL_read`. A number may have several rows; it passes when all do. In every row the "
            "server counts the\n"
            "octets of the request: one that was not verified has seen none.\n\n"
            "Made from the tables in `tests/dataplane/tls/cases_*.c`, which the test `dataplane/tls/test_cases` "
            "runs and compares with\n"
            "this page (`MILLRACE_TLS_LIST=1` writes it anew). `build/tests/tls_probe HOST PORT CAFILE` prints the "
            "same words for any\n"
            "server.\n\n## Outcomes\n| word | means |\n|---|---|\n"
            "| `ok` | verified, and ended with close_notify |\n"
            "| `open` | verified, and still open at the deadline |\n"
            "| `timeout` | no finished handshake at the deadline |\n"
            "| `refused`, `reset`, `network` | TCP: nobody listens, the peer reset it, anything else |\n"
            "| `config` | our side cannot begin: a file or a name |\n");
    for (enum mr_tls_reason r = MR_TLS_ENDED; r <= MR_TLS_PROTOCOL; r++)
        fprintf(f, "| `%s` | %s |\n", mr_tls_reason_word(r), mr_tls_reason_text(r));
    list_rows(f, cases_certificates, cases_certificates_count);
    list_rows(f, cases_protocol, cases_protocol_count);
    list_rows(f, cases_records, cases_records_count);
    list_rows(f, cases_life, cases_life_count);
    list_rows(f, elsewhere, MR_COUNT_OF(elsewhere));
}

static void the_list_for_readers_is_the_one_that_is_run(void **state)
{
    (void)state;
    char *want = NULL;
    size_t want_len = 0, len = 0;
    FILE *f = getenv("MILLRACE_TLS_LIST") ? fopen(LIST, "we") : NULL;
    if (f) {
        write_list(f);
        fclose(f);
    }
    f = open_memstream(&want, &want_len);
    assert_non_null(f);
    write_list(f);
    fclose(f);
    char *got = (char *)mr_test_read("tests/conformance", "tls.md", &len);
    assert_non_null(got);
    if (strcmp(got, want) != 0)
        fail_msg("%s is not current: run this test with MILLRACE_TLS_LIST=1", LIST);
    free(want);
    free(got);
}

static void all_91_cases_have_a_row(void **state)
{
    (void)state;
    bool there[92] = {false};
    const struct {
        const struct tls_case *cases;
        uint32_t count;
    } tables[] = {{cases_certificates, cases_certificates_count},
                  {cases_protocol, cases_protocol_count},
                  {cases_records, cases_records_count},
                  {cases_life, cases_life_count},
                  {elsewhere, MR_COUNT_OF(elsewhere)}};
    for (size_t t = 0; t < MR_COUNT_OF(tables); t++)
        for (uint32_t i = 0; i < tables[t].count; i++) {
            assert_in_range(tables[t].cases[i].number, 1, 91);
            there[tables[t].cases[i].number] = true;
        }
    for (uint32_t i = 1; i <= 91; i++)
        if (!there[i])
            fail_msg("no row for C-%02u", i);
}

/* With the argument dpdk: over a veth between two network namespaces, by our own TCP stack. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_91_cases_have_a_row),
        cmocka_unit_test(the_list_for_readers_is_the_one_that_is_run),
        TESTS_OF(certificates),
        TESTS_OF(protocol),
        TESTS_OF(records),
        TESTS_OF(life),
    };
    const struct CMUnitTest bypass[] = {
        cmocka_unit_test(certificates_over_dpdk),
        cmocka_unit_test(protocol_over_dpdk),
        cmocka_unit_test(records_over_dpdk),
        cmocka_unit_test(life_over_dpdk),
    };
    static struct mr_netns net;
    if (argc == 1)
        return cmocka_run_group_tests(tests, tls_bed_open, tls_bed_close) ? 1 : 0;
    if (argc != 2 || strcmp(argv[1], "dpdk") != 0)
        return 2;
    if (!mr_netns_open(&net, true))
        return mr_netns_missing(net.why);
    tls_bed.net = &net;
    return cmocka_run_group_tests(bypass, tls_bed_open, tls_bed_close) ? 1 : 0;
}
