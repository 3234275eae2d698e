/* The TLS client cases C-88 to C-91 (tests/conformance/tls.md): what this host, its environment and its files can do to trust, and
 * what is left of secrets. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/dataplane/tls/bed.h"
#include "tests/support/support.h"

/* ---- the program, as somebody else would start it ---- */

static const char *program; /* build/tests/tls_probe */

static void run_program(const char *host, const char *name, const char *value, char word[64])
{
    char port[8];
    int pipes[2];
    snprintf(port, sizeof port, "%u", tls_bed.port);
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(nothing, STDERR_FILENO);
        close(pipes[0]);
        setenv(name, value, 1);
        execl(program, program, "--connect", "127.0.0.1", "--deadline-ms", "4000", host, port, tls_bed.pki.ca,
              (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    size_t len = 0;
    for (ssize_t n; (n = read(pipes[0], word + len, 63 - len)) > 0;)
        len += (size_t)n;
    close(pipes[0]);
    word[len] = 0;
    word[strcspn(word, "\n")] = 0;
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), strcmp(word, "ok") != 0);
}

/* ---- C-88 ---- */

static const char hostile_settings[] =
    "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = weak\n[weak]\n"
    "MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n"
    "Options = UnsafeLegacyRenegotiation,UnsafeLegacyServerConnect,IgnoreUnexpectedEOF\n";

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void serve_fin_only(struct server *s)
{
    if (server_shake(s) && server_listen(s))
        server_tell(s, ANSWER, sizeof ANSWER - 1);
    shutdown(s->fd, SHUT_WR);
    server_wait(s);
}

static void the_hosts_settings_of_openssl_weaken_nothing(void **state)
{
    (void)state;
    static const struct tls_case cases[] = {
        {88, "what is good stays good", "ok", .chain = {GOOD, INTER}},
        {88, "unknown root", "untrusted", .chain = {STRANGER, STRANGER_INTER}},
        {88, "wrong host", "name", .chain = {OTHER_NAME, INTER}},
        {88, "RSA 1024", "weak", .chain = {RSA_1024, INTER}},
        {88, "SHA-1 signature", "weak", .chain = {SHA1_SIGNED, INTER}},
        {88, "TLS 1.1", "version", .version = TLS1_1_VERSION},
        {88, "FIN without close_notify", "truncated", .serve = serve_fin_only},
    };
    char path[128];
    snprintf(path, sizeof path, "%s/openssl.cnf", tls_bed.pki.folder);
    write_file(path, hostile_settings);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char word[64];
        pid_t server = tls_bed_serve(&cases[i]);
        run_program(PKI_HOST, "OPENSSL_CONF", path, word);
        assert_int_equal(tls_bed_end(server), 0);
        if (strcmp(word, cases[i].want) != 0)
            fail_msg("C-88 %s: wanted %s, got %s", cases[i].says, cases[i].want, word);
    }
    unlink(path);
}

/* Whoever adds such a key must first take this test away. */
static void no_key_of_the_configuration_switches_verification_off(void **state)
{
    (void)state;
    static const char *const words[] = {"verif", "insecure", "skip", "trust_all", "no_check", "allow_", "peer"};
    size_t len;
    char *keys = (char *)mr_test_read("controlplane/config", "keys.def", &len);
    assert_non_null(keys);
    uint32_t tls_keys = 0, seen = 0;
    for (char *rest = keys, *line; (line = strsep(&rest, "\n"));) {
        char section[32], name[32];
        if (sscanf(line, "MR_%*[A-Z] (%31[a-z], %31[a-z_],", section, name) != 2 &&
            sscanf(line, "MR_%*[A-Z](%31[a-z], %31[a-z_],", section, name) != 2)
            continue;
        seen++;
        tls_keys += strcmp(section, "tls") == 0;
        for (size_t i = 0; i < MR_COUNT_OF(words); i++)
            if (strstr(name, words[i]))
                fail_msg("keys.def: %s.%s sounds as if it could weaken TLS", section, name);
    }
    assert_true(seen > 40);
    assert_int_equal(tls_keys, 2); /* read_layer, crl_file: neither can */
    free(keys);
}

/* ---- C-89 ---- */

static void no_key_is_logged_whatever_the_environment_says(void **state)
{
    (void)state;
    static const struct tls_case cases[] = {{89, "TLS 1.3", "ok", .version = TLS1_3_VERSION},
                                            {89, "TLS 1.2", "ok", .version = TLS1_2_VERSION}};
    char path[128], word[64];
    snprintf(path, sizeof path, "%s/keys.log", tls_bed.pki.folder);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        pid_t server = tls_bed_serve(&cases[i]);
        run_program(PKI_HOST, "SSLKEYLOGFILE", path, word);
        assert_int_equal(tls_bed_end(server), 0);
        assert_string_equal(word, cases[i].want);
        assert_int_not_equal(access(path, F_OK), 0);
    }
}

/* ---- C-90 ---- */

static void copy(const char *from, const char *to, mode_t mode)
{
    size_t len;
    char folder[128];
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(from, '/') - from), from);
    char *text = (char *)mr_test_read(folder, strrchr(from, '/') + 1, &len);
    assert_non_null(text);
    write_file(to, text);
    free(text);
    assert_int_equal(chmod(to, mode), 0);
}

static void files_that_others_may_write_are_no_ground_for_trust(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        mode_t file, folder;
        gid_t group; /* 0: as it is */
        bool crl, good;
    } cases[] = {
        {"mine alone", 0600, 0700, 0, false, true},
        {"readable by all", 0644, 0755, 0, false, true},
        {"a list, readable by all", 0644, 0755, 0, true, true},
        {"of a group of my own", 0664, 0755, 0, false, true},
        {"writable by all", 0666, 0755, 0, false, false},
        {"a list, writable by all", 0646, 0755, 0, true, false},
        {"in a folder where all may write", 0600, 0777, 0, false, false},
        {"in a folder where all may write and none may replace", 0600, 01777, 0, false, true},
        {"of another group, which may write", 0664, 0755, 4711, false, false},
        {"of another group, which may read", 0644, 0755, 4711, false, true},
        {"in a folder of another group, which may write", 0644, 0775, 4711, false, false},
    };
    char folder[128], file[160], want[512];
    snprintf(folder, sizeof folder, "%s/files", tls_bed.pki.folder);
    snprintf(file, sizeof file, "%s/trust.pem", folder);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        assert_int_equal(mkdir(folder, 0700), 0);
        copy(cases[i].crl ? tls_bed.pki.crl_fresh : tls_bed.pki.ca, file, cases[i].file);
        bool grouped = !cases[i].group ||
                       (chown(file, (uid_t)-1, cases[i].group) == 0 && chown(folder, (uid_t)-1, cases[i].group) == 0);
        assert_int_equal(chmod(folder, cases[i].folder), 0);
        struct mr_tls_context *context = NULL;
        struct mr_err err = {""};
        const struct mr_tls_config config = {.ca_file = cases[i].crl ? tls_bed.pki.ca : file,
                                             .crl_file = cases[i].crl ? file : NULL,
                                             .connections_max = 1,
                                             .output_bytes = 65536};
        int status = mr_tls_context_open(&context, &config, &err);
        mr_tls_context_close(context);
        unlink(file);
        rmdir(folder);
        if (!grouped) {
            print_message("not root: \"%s\" left out\n", cases[i].what);
            continue;
        }
        if (status != (cases[i].good ? MR_OK : MR_E_INVALID))
            fail_msg("C-90 %s: status %d: %s", cases[i].what, status, err.text);
        snprintf(want, sizeof want,
                 "%s: %s can be written by others, so it says nothing about whom to trust: chmod go-w it",
                 cases[i].crl ? "tls.crl_file" : "plane.ca_file",
                 (cases[i].folder & 022) && cases[i].folder != 01777 ? folder : file);
        assert_string_equal(err.text, cases[i].good ? "" : want);
    }
}

static void lists_that_cannot_be_used_are_refused_at_the_start(void **state)
{
    (void)state;
    char empty[128], want[256];
    snprintf(empty, sizeof empty, "%s/empty.pem", tls_bed.pki.folder);
    write_file(empty, "no list\n");
    chmod(empty, 0600);
    const char *const files[] = {"/none/crl.pem", empty, tls_bed.pki.ca};
    for (size_t i = 0; i < MR_COUNT_OF(files); i++) {
        struct mr_tls_context *context;
        struct mr_err err;
        const struct mr_tls_config config = {
            .ca_file = tls_bed.pki.ca, .crl_file = files[i], .connections_max = 1, .output_bytes = 65536};
        assert_int_equal(mr_tls_context_open(&context, &config, &err), MR_E_IO);
        assert_null(context);
        snprintf(want, sizeof want,
                 i == 0 ? "tls.crl_file: %s cannot be read: check the path and its permissions"
                        : "tls.crl_file: %s holds no revocation list in PEM form",
                 files[i]);
        assert_string_equal(err.text, want);
    }
    unlink(empty);
}

/* ---- C-91 ---- */

/* They keep what was freed, and map what cannot be read. */
static void leave_out_under_sanitizers(void)
{
    if (MR_TEST_SANITIZED) {
        mr_test_skip_line("C-91: a sanitizer keeps what was freed");
        skip();
    }
}

/* How often the secret stands in this process's memory. It is known here only with each octet changed, so that neither it nor a
 * copy is found where this search keeps it. */
static uint32_t found(const uint8_t *masked, uint32_t len, char *where, size_t room)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    char line[512];
    uint32_t count = 0;
    uint64_t first;
    memcpy(&first, masked, 8);
    while (fgets(line, sizeof line, maps)) {
        char *rest;
        uintptr_t begin = strtoul(line, &rest, 16), end = strtoul(rest + (*rest == '-'), &rest, 16);
        if (strncmp(rest, " rw-p", 5) != 0)
            continue;
        for (const uint8_t *at = (const uint8_t *)begin; at + len <= (const uint8_t *)end; at++) {
            uint64_t here;
            memcpy(&here, at, 8);
            if (mr_likely((here ^ 0x5a5a5a5a5a5a5a5aull) != first))
                continue;
            uint32_t same = 8;
            while (same < len && (at[same] ^ 0x5a) == masked[same])
                same++;
            if (same == len) {
                count++;
                snprintf(where, room, "%.200s", line);
            }
        }
    }
    fclose(maps);
    return count;
}

static void no_secret_is_left_behind(void **state)
{
    (void)state;
    leave_out_under_sanitizers();
    static const struct tls_case cases[] = {
        {91, "TLS 1.3", "ok", .version = TLS1_3_VERSION},
        {91, "TLS 1.2", "ok", .version = TLS1_2_VERSION},
        {91, "TLS 1.3, refused", "untrusted", .chain = {STRANGER}, .version = TLS1_3_VERSION}};
    static const enum mr_tls_read_layer layers[] = {MR_TLS_READ_AUTO, MR_TLS_READ_OPENSSL};
    struct mr_probe probe;
    struct mr_err err;
    uint32_t left = 0;
    assert_int_equal(mr_probe_open(&probe, "socket", &err), MR_OK);
    for (size_t i = 0; i < MR_COUNT_OF(cases) * MR_COUNT_OF(layers); i++) {
        const struct tls_case *c = &cases[i / 2];
        struct mr_probe_result result;
        char where[256] = "";
        struct mr_tls_context *context = tls_bed_context(c, layers[i % 2]);
        pid_t server = tls_bed_serve(c);
        tls_bed_dial(c, &probe, context, 0, &result);
        assert_int_equal(tls_bed_end(server), 0);
        assert_string_equal(result.word, c->want);
        mr_tls_context_close(context); /* a session that may be resumed is kept until then */
        const struct report *r = tls_bed.report;
        assert_true(r->secret_count >= 1);
        for (uint32_t k = 0; k < r->secret_count; k++) {
            uint32_t times = found(r->secrets[k], r->secret_len, where, sizeof where);
            if (times)
                print_error("C-91 %s, reader %zu: secret %u of %u, %u times, last in %s", c->says, i % 2, k,
                            r->secret_count, times, where);
            left += times;
        }
    }
    mr_probe_close(&probe);
    assert_int_equal(left, 0);
}

/* The search itself finds what is there. */
static void a_secret_that_is_left_would_be_found(void **state)
{
    (void)state;
    leave_out_under_sanitizers();
    uint8_t masked[32];
    char where[256];
    uint8_t *secret = malloc(sizeof masked);
    for (uint32_t i = 0; i < sizeof masked; i++) {
        masked[i] = (uint8_t)(i * 37 + 11);
        secret[i] = masked[i] ^ 0x5a;
    }
    assert_int_equal(found(masked, sizeof masked, where, sizeof where), 1);
    explicit_bzero(secret, sizeof masked);
    assert_int_equal(found(masked, sizeof masked, where, sizeof where), 0);
    free(secret);
}

/* The program is the first argument. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hosts_settings_of_openssl_weaken_nothing),
        cmocka_unit_test(no_key_of_the_configuration_switches_verification_off),
        cmocka_unit_test(no_key_is_logged_whatever_the_environment_says),
        cmocka_unit_test(files_that_others_may_write_are_no_ground_for_trust),
        cmocka_unit_test(lists_that_cannot_be_used_are_refused_at_the_start),
        cmocka_unit_test(a_secret_that_is_left_would_be_found),
        cmocka_unit_test(no_secret_is_left_behind),
    };
    if (argc != 2)
        return 2;
    program = argv[1];
    return cmocka_run_group_tests(tests, tls_bed_open, tls_bed_close) ? 1 : 0;
}
