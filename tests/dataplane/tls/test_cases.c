/* The 91 TLS client cases (tests/conformance/tls.md) on the product's own client stack, over loopback: each against a server process
 * that behaves as the case says; the outcome is one word, and no octet of the request reaches a server that was not verified. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/dataplane/tls/server.h"
#include "tests/support/support.h"

#define DEADLINE_MS 4000

static struct {
    struct pki pki;
    struct report *report;
    int listener;
    uint16_t port;
} world;

static int open_world(void **state)
{
    (void)state;
    pki_open(&world.pki);
    world.report = mmap(NULL, sizeof *world.report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    world.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    if (world.report == MAP_FAILED || bind(world.listener, (struct sockaddr *)&at, len) != 0 ||
        listen(world.listener, 16) != 0 || getsockname(world.listener, (struct sockaddr *)&at, &len) != 0)
        return -1;
    world.port = ntohs(at.sin_port);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    close(world.listener);
    munmap(world.report, sizeof *world.report);
    pki_close(&world.pki);
    return 0;
}

/* ---- one case ---- */

struct way { /* by which the client receives */
    const char *name, *source;
    enum mr_tls_read_layer read_layer;
};

static const char *crl_of(enum case_crl crl)
{
    const char *const files[] = {NULL, world.pki.crl_fresh, world.pki.crl_stale, world.pki.crl_partial};
    return files[crl];
}

static const char *wanted(const struct tls_case *c, uint32_t turn)
{
    return turn && c->then_want ? c->then_want : c->want;
}

/* The request reached nobody but a server that was verified; what such a server heard is the request and nothing else. */
static bool kept_silent(const struct outcome *o)
{
    for (uint32_t i = 0; i < o->turns; i++)
        if (o->report->heard[i] != (o->results[i].established ? o->report->heard[i] : 0) ||
            o->report->heard[i] > sizeof MR_PROBE_REQUEST - 1)
            return false;
    return !memmem(o->report->raw, o->report->raw_len, "GET /", 5);
}

static bool passed(const struct outcome *o, const char *way)
{
    bool good = true;
    for (uint32_t i = 0; i < o->turns; i++) {
        const struct mr_probe_result *r = &o->results[i];
        const char *want = wanted(o->c, i);
        if (strcmp(r->word, want) != 0) {
            print_error("C-%02u %s (%s, turn %u): wanted %s, got %s: %s\n", o->c->number, o->c->says, way, i, want,
                        r->word, r->sentence);
            good = false;
        }
        if (strcmp(want, "ok") == 0 && r->received == 0) {
            print_error("C-%02u %s (%s, turn %u): nothing was received\n", o->c->number, o->c->says, way, i);
            good = false;
        }
    }
    if (!kept_silent(o)) {
        print_error("C-%02u %s (%s): the request reached a server that was not verified\n", o->c->number, o->c->says,
                    way);
        good = false;
    }
    return good;
}

static void dial(const struct tls_case *c, struct mr_probe *probe, struct mr_tls_context *context, uint32_t turn,
                 struct mr_probe_result *out)
{
    const char *host = turn && c->then_host ? c->then_host : c->host ? c->host : PKI_HOST;
    const struct mr_probe_dial to = {.host = host,
                                     .address = {.ip = {127, 0, 0, 1}, .family = 4, .port = world.port},
                                     .deadline_ms = c->deadline_ms ? c->deadline_ms : DEADLINE_MS};
    mr_probe_run(probe, context, &to, out);
}

static bool run_case(const struct tls_case *c, struct mr_probe *probe, const struct way *way)
{
    struct mr_probe_result results[TURNS_MAX];
    struct outcome o = {.c = c, .results = results, .report = world.report, .turns = c->turns ? c->turns : 1};
    struct mr_tls_context *context;
    struct mr_err err;
    const struct mr_tls_config config = {.ca_file = world.pki.ca,
                                         .crl_file = crl_of(c->crl),
                                         .connections_max = 2,
                                         .output_bytes = 65536,
                                         .read_layer = way->read_layer};
    assert_int_equal(mr_tls_context_open(&context, &config, &err), MR_OK);
    memset(world.report, 0, sizeof *world.report);
    fflush(NULL);
    pid_t server = fork();
    assert_true(server >= 0);
    if (server == 0)
        server_run(c, &world.pki, world.listener, world.report);
    for (uint32_t i = 0; i < o.turns; i++)
        dial(c, probe, context, i, &results[i]);
    int status = 0;
    assert_int_equal(waitpid(server, &status, 0), server);
    mr_tls_context_close(context);
    bool good = passed(&o, way->name);
    if (status != 0) {
        print_error("C-%02u %s (%s): the server ended with %x\n", c->number, c->says, way->name, status);
        good = false;
    }
    if (good && c->check && !c->check(&o)) {
        print_error("C-%02u %s (%s): the outcome is right, and what else must be so is not\n", c->number, c->says,
                    way->name);
        good = false;
    }
    return good;
}

static void run_cases(const struct way *way, const struct tls_case *cases, uint32_t count)
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
            failed += !run_case(&cases[i], &probe, way);
    mr_probe_close(&probe);
    assert_int_equal(failed, 0);
}

/* AUTO: our own record reader, where the machine has what it needs. */
static const struct way ways[] = {{"sockets", "socket", MR_TLS_READ_AUTO},
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
    return cmocka_run_group_tests(tests, open_world, close_world) ? 1 : 0;
}
