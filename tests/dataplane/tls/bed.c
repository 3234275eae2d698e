#include "tests/dataplane/tls/bed.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/support.h"

#define DEADLINE_MS 10000

struct tls_bed tls_bed;

int tls_bed_open(void **state)
{
    (void)state;
    static const uint8_t loopback[4] = {127, 0, 0, 1}, theirs[4] = {198, 18, 0, 1};
    memcpy(tls_bed.ip, tls_bed.net ? theirs : loopback, 4);
    pki_open(&tls_bed.pki);
    tls_bed.report = mmap(NULL, sizeof *tls_bed.report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tls_bed.net)
        mr_netns_theirs(tls_bed.net);
    tls_bed.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (tls_bed.net)
        mr_netns_ours(tls_bed.net);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    memcpy(&at.sin_addr, tls_bed.ip, 4);
    if (tls_bed.report == MAP_FAILED || bind(tls_bed.listener, (struct sockaddr *)&at, len) != 0 ||
        listen(tls_bed.listener, 16) != 0 || getsockname(tls_bed.listener, (struct sockaddr *)&at, &len) != 0)
        return -1;
    tls_bed.port = ntohs(at.sin_port);
    return 0;
}

int tls_bed_close(void **state)
{
    (void)state;
    close(tls_bed.listener);
    munmap(tls_bed.report, sizeof *tls_bed.report);
    pki_close(&tls_bed.pki);
    return 0;
}

/* ---- one case ---- */

static const char *crl_of(enum case_crl crl)
{
    const char *const files[] = {NULL, tls_bed.pki.crl_fresh, tls_bed.pki.crl_stale, tls_bed.pki.crl_partial};
    return files[crl];
}

static const char *wanted(const struct tls_case *c, uint32_t turn)
{
    return turn && c->then_want ? c->then_want : c->want;
}

/* Outcomes that come before a server is verified. */
static bool unverified(const char *word)
{
    bool is = strcmp(word, "timeout") == 0;
    for (enum mr_tls_reason r = MR_TLS_NAME; r <= MR_TLS_NOT_TLS; r++)
        is = is || strcmp(word, mr_tls_reason_word(r)) == 0;
    return is;
}

/* All that such a server may have in encrypted records is alerts. */
static bool only_alerts(const uint8_t *raw, uint32_t len)
{
    for (uint32_t at = 0; at + 5 <= len;) {
        uint32_t body = (uint32_t)raw[at + 3] << 8 | raw[at + 4];
        if (raw[at] == 23 && body > 2 + 1 + SEAL_TAG)
            return false;
        at += 5 + body;
    }
    return true;
}

/* The request reached nobody but a server that was verified; what such a server heard is the request and nothing else. */
static bool kept_silent(const struct outcome *o)
{
    bool good = !memmem(o->report->raw, o->report->raw_len, "GET /", 5);
    for (uint32_t i = 0; i < o->turns; i++) {
        bool none = unverified(wanted(o->c, i)) || !o->results[i].established;
        good = good && o->report->heard[i] <= (none ? 0 : sizeof MR_PROBE_REQUEST - 1);
        if (unverified(wanted(o->c, i)))
            good = good && !o->results[i].established &&
                   (i + 1 < o->turns || only_alerts(o->report->raw, o->report->raw_len));
    }
    return good;
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

void tls_bed_dial(const struct tls_case *c, struct mr_probe *probe, struct mr_tls_context *context, uint32_t turn,
                  struct mr_probe_result *out)
{
    const char *host = turn && c->then_host ? c->then_host : c->host ? c->host : PKI_HOST;
    struct mr_probe_dial to = {.host = host,
                               .address = {.family = 4, .port = tls_bed.port},
                               .deadline_ms = c->deadline_ms ? c->deadline_ms : DEADLINE_MS};
    memcpy(to.address.ip, tls_bed.ip, 4);
    mr_probe_run(probe, context, &to, out);
}

struct mr_tls_context *tls_bed_context(const struct tls_case *c, enum mr_tls_read_layer read_layer)
{
    struct mr_tls_context *context;
    struct mr_err err;
    const struct mr_tls_config config = {.ca_file = tls_bed.pki.ca,
                                         .crl_file = crl_of(c->crl),
                                         .connections_max = 2,
                                         .output_bytes = 65536,
                                         .read_layer = read_layer};
    assert_int_equal(mr_tls_context_open(&context, &config, &err), MR_OK);
    return context;
}

pid_t tls_bed_serve(const struct tls_case *c)
{
    memset(tls_bed.report, 0, sizeof *tls_bed.report);
    fflush(NULL);
    pid_t server = fork();
    assert_true(server >= 0);
    if (server == 0)
        server_run(c, &tls_bed.pki, tls_bed.listener, tls_bed.report);
    return server;
}

int tls_bed_end(pid_t server)
{
    int status = 0;
    assert_int_equal(waitpid(server, &status, 0), server);
    return status;
}

bool tls_bed_case(const struct tls_case *c, struct mr_probe *probe, const struct tls_way *way)
{
    struct mr_probe_result results[TURNS_MAX];
    struct outcome o = {.c = c, .results = results, .report = tls_bed.report, .turns = c->turns ? c->turns : 1};
    struct mr_tls_context *context = tls_bed_context(c, way->read_layer);
    pid_t server = tls_bed_serve(c);
    for (uint32_t i = 0; i < o.turns; i++)
        tls_bed_dial(c, probe, context, i, &results[i]);
    int status = tls_bed_end(server);
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
