/* The TLS client cases C-01 to C-87 (tests/conformance/tls.md) on the product's own client stack, over loopback: each against a
 * server process that behaves as the case says; the outcome is one word, and no octet of the request reaches a server that was
 * not verified. C-88 to C-91: test_trust.c. */
#include "tests/dataplane/tls/bed.h"
#include "tests/support/support.h"

static void run_cases(const struct tls_way *way, const struct tls_case *cases, uint32_t count)
{
    struct mr_probe probe;
    struct mr_err err;
    if (mr_probe_open(&probe, way->source, &err) < 0) {
        mr_test_skip_line(err.text);
        skip();
    }
    uint32_t failed = 0;
    const char *only = getenv("MILLRACE_TLS_CASE");
    for (uint32_t i = 0; i < count; i++)
        if (!only || (uint32_t)atoi(only) == cases[i].number)
            failed += !tls_bed_case(&cases[i], &probe, way);
    mr_probe_close(&probe);
    assert_int_equal(failed, 0);
}

/* AUTO: our own record reader, where the machine has what it needs. */
static const struct tls_way ways[] = {{"sockets", "socket", MR_TLS_READ_AUTO},
                                      {"io_uring", "uring", MR_TLS_READ_AUTO},
                                      {"sockets, SSL_read", "socket", MR_TLS_READ_OPENSSL}};

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
    }
#define TESTS_OF(name)                                                                                                 \
    cmocka_unit_test(name##_over_sockets), cmocka_unit_test(name##_over_io_uring),                                     \
        cmocka_unit_test(name##_read_by_openssl)
GROUP(certificates, cases_certificates)
GROUP(protocol, cases_protocol)
GROUP(records, cases_records)
GROUP(life, cases_life)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TESTS_OF(certificates),
        TESTS_OF(protocol),
        TESTS_OF(records),
        TESTS_OF(life),
    };
    return cmocka_run_group_tests(tests, tls_bed_open, tls_bed_close) ? 1 : 0;
}
