/* Credentials: what is taken, what is refused and that the refusal quotes nothing; and where the bytes of a secret are, in all of this
 * process's memory and in all it writes: once, in the locked page. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/secrets/secrets.h"
#include "tests/support/support.h"

static char folder[64], path[128];
static struct mr_secrets secrets;
static struct mr_err err;

static int up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-secrets-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/credentials.yaml", folder);
    return 0;
}
static int down(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}
static void put(const char *text, size_t len, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}
#define GOOD "- venue: okx\n  key: k1\n  secret: s1\n  passphrase: p1\n- venue: bybit\n  key: k2\n  secret: s2\n"
static void put_good(mode_t mode) { put(GOOD, strlen(GOOD), mode); }

static bool is(const struct mr_secret *s, const char *text)
{
    return s->len == strlen(text) && (!s->len || memcmp(s->bytes, text, s->len) == 0);
}

/* ---- the reader ---- */

static const struct {
    const char *says, *text, *key, *secret, *passphrase;
} taken[] = {
    {"plain values", "- venue: okx\n  key: abc\n  secret: def\n", "abc", "def", ""},
    {"a passphrase", "- venue: okx\n  key: abc\n  secret: def\n  passphrase: ghi\n", "abc", "def", "ghi"},
    {"any order", "- secret: def\n  venue: okx\n  key: abc\n", "abc", "def", ""},
    {"under a name", "credentials:\n  - venue: okx\n    key: abc\n    secret: def\n", "abc", "def", ""},
    {"the name without indent", "credentials:   # mine\n- venue: okx\n  key: abc\n  secret: def\n", "abc", "def", ""},
    {"comments and empty lines", "# mine\n\n- venue: okx # there\n  key: abc #no\n\n   # x\n  secret: d#f\n#", "abc",
     "d#f", ""},
    {"double quotes", "- venue: \"okx\"\n  key: \"a: #c\"  # x\n  secret: \" d \"\n", "a: #c", " d ", ""},
    {"single quotes", "- venue: 'okx'\n  key: 'a\\c'\n  secret: '\"'\n", "a\\c", "\"", ""},
    {"no newline at the end", "- venue: okx\n  key: abc\n  secret: def", "abc", "def", ""},
    {"blanks at the end", "- venue: okx  \n  key: abc  \n  secret: d f  \n", "abc", "d f", ""},
    {"a wide dash", "-   venue: okx\n    key: abc\n    secret: def\n", "abc", "def", ""},
    {"base64 and hex", "- venue: okx\n  key: 0xAb+/9==\n  secret: a:b=-c\n", "0xAb+/9==", "a:b=-c", ""},
    {"UTF-8", "- venue: okx\n  key: \xc3\xa4\n  secret: s\n", "\xc3\xa4", "s", ""},
};
static void what_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(taken); i++) {
        size_t len = strlen(taken[i].text);
        struct mr_guard g = mr_guard_open(len);
        memcpy(g.data, taken[i].text, len);
        err.text[0] = 0;
        if (mr_secrets_parse(&secrets, "f", g.data, (uint32_t)len, &err) != MR_OK)
            fail_msg("%s: %s", taken[i].says, err.text);
        const struct mr_credential *c = mr_secrets_of(&secrets, "okx");
        assert_non_null(c);
        if (!is(&c->key, taken[i].key) || !is(&c->secret, taken[i].secret) || !is(&c->passphrase, taken[i].passphrase))
            fail_msg("%s", taken[i].says);
        assert_null(mr_secrets_of(&secrets, "bybit"));
        mr_guard_close(&g);
    }
}

#define Z "zEcReTvAlUe"
static const struct {
    const char *text, *place, *what;
} refused[] = {
    {"", "f: ", "no credentials"},
    {"# nothing\n", "f: ", "no credentials"},
    {"credentials:\n", "f: ", "no credentials"},
    {"credentials: []\n", "f:1:14: ", "next line"},
    {"venue: okx\n", "f:1:1: ", "want a list"},
    {Z ": " Z "\n", "f:1:1: ", "want a list"},
    {"---\n- venue: okx\n", "f:1:1: ", "documents"},
    {"-venue: okx\n", "f:1:2: ", "blank after the dash"},
    {"-\n  venue: okx\n", "f:1:2: ", "blank after the dash"},
    {"- venue: okx\n  key: " Z "\n", "f:2: credentials[0]: ", "no secret"},
    {"- venue: okx\n  secret: " Z "\n", "f:2: credentials[0]: ", "no key"},
    {"- key: " Z "\n  secret: " Z "\n", "f:2: credentials[0]: ", "no venue"},
    {"- venue: okx\n  key: a\n- venue: bybit\n", "f:3: credentials[0]: ", "no secret"},
    {"- venue: okx\n  key: a\n  secret: b\n- venue: okx\n  key: c\n  secret: d\n",
     "f:6: credentials[1]: ", "second entry"},
    {"- venue: okx\n  kye: " Z "\n", "f:2:3: ", "no such key"},
    {"- venue: okx\n  " Z ": x\n", "f:2:3: ", "no such key"},
    {"- venue: okx\n  key: " Z "\n  key: " Z "\n", "f:3:3: ", "given twice"},
    {"- venue: okx\n  key " Z "\n", "f:2:3: ", "want a key"},
    {"- venue: okx\n  key:" Z "\n", "f:2:3: ", "want a key"},
    {"- venue: okx\n  " Z "\n", "f:2:3: ", "want a key"},
    {"- venue: okx\n  key:\n", "f:2:7: ", "no value"},
    {"- venue: okx\n  key: # " Z "\n", "f:2:8: ", "no value"},
    {"- venue: okx\n  key: \"\"\n", "f:2:10: ", "empty value"},
    {"- venue: okx\n  key: \"" Z "\n", "f:2:", "not closed"},
    {"- venue: okx\n  key: '" Z "\n", "f:2:", "not closed"},
    {"- venue: okx\n  key: \"a\\n" Z "\"\n", "f:2:10: ", "escapes"},
    {"- venue: okx\n  key: \"a\" " Z "\n", "f:2:12: ", "more after"},
    {"- venue: okx\n  key: \"a\"" Z "\n", "f:2:11: ", "more after"},
    {"- venue: okx\n  key: &a " Z "\n", "f:2:8: ", "no anchor"},
    {"- venue: okx\n  key: *" Z "\n", "f:2:8: ", "no anchor"},
    {"- venue: okx\n  key: !!str " Z "\n", "f:2:8: ", "tag"},
    {"- venue: okx\n  key: |\n    " Z "\n", "f:2:8: ", "block"},
    {"- venue: okx\n  key: >\n    " Z "\n", "f:2:8: ", "block"},
    {"- venue: okx\n  key: [" Z "]\n", "f:2:8: ", "flow"},
    {"- venue: okx\n  key: {a: " Z "}\n", "f:2:8: ", "flow"},
    {"- venue: okx\n  key: a: " Z "\n", "f:2:9: ", "colon"},
    {"- venue: okx\n\tkey: " Z "\n", "f:2:1: ", "tab"},
    {"- venue: okx\r\n", "f:1:13: ", "no text"},
    {"- venue: okx\n  key: a\x01" Z "\n", "f:2:9: ", "no text"},
    {"- venue: okx\n   key: " Z "\n", "f:2:4: ", "not in line with the keys"},
    {"- venue: okx\n key: " Z "\n", "f:2:2: ", "not in line with the keys"},
    {"  - venue: okx\n    key: a\n    secret: b\n- venue: bybit\n", "f:4:1: ", "not in line with the entries"},
    {"- venue: OKX\n", "f:1:13: ", "small letters"},
    {"- venue: " Z "\n", "f:1:", "small letters"},
    {"- venue: a_venue_whose_name_is_too_long\n", "f:1:", "too long"},
    {"credentials:\ncredentials:\n- venue: okx\n", "f:2:1: ", "want a list"},
    {"- venue: okx\n  key: a\n  secret: b\ncredentials:\n", "f:4:1: ", "not in line"},
};
static void what_is_refused_and_no_sentence_quotes_a_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        size_t len = strlen(refused[i].text);
        struct mr_guard g = mr_guard_open(len);
        memcpy(g.data, refused[i].text, len);
        err.text[0] = 0;
        assert_int_equal(mr_secrets_parse(&secrets, "f", g.data, (uint32_t)len, &err), MR_E_MALFORMED);
        if (strncmp(err.text, refused[i].place, strlen(refused[i].place)) != 0 || !strstr(err.text, refused[i].what))
            fail_msg("%s\nis refused so: %s", refused[i].text, err.text);
        assert_null(strstr(err.text, Z));
        assert_null(strstr(err.text, "zEcR"));
        mr_guard_close(&g);
    }
    char many[2048] = "";
    for (int i = 0; i <= MR_CREDENTIALS_MAX; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "- venue: v%d\n  key: a\n  secret: b\n", i);
    assert_int_equal(mr_secrets_parse(&secrets, "f", (uint8_t *)many, (uint32_t)strlen(many), &err), MR_E_MALFORMED);
    assert_non_null(strstr(err.text, "too many entries"));
}

/* ---- the file ---- */

static void a_file_of_ours_with_mode_0600_is_taken(void **state)
{
    (void)state;
    put_good(0600);
    assert_int_equal(mr_secrets_open(&secrets, path, &err), MR_OK);
    assert_int_equal(secrets.count, 2);
    assert_true(is(&mr_secrets_of(&secrets, "okx")->passphrase, "p1"));
    assert_true(is(&mr_secrets_of(&secrets, "bybit")->secret, "s2"));
    assert_null(mr_secrets_of(&secrets, "binance"));
    mr_secrets_close(&secrets);
    assert_int_equal(secrets.count, 0);
    mr_secrets_close(&secrets);
}

static void any_other_mode_is_refused(void **state)
{
    static const mode_t modes[] = {0644, 0640, 0660, 0606, 0604, 0602,  0601,  0610,
                                   0620, 0400, 0700, 0666, 0777, 04600, 02600, 01600};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(modes); i++) {
        char want[16];
        put_good(modes[i]);
        snprintf(want, sizeof want, "mode %04o", (unsigned)modes[i]);
        int status = mr_secrets_open(&secrets, path, &err);
        assert_true(status == MR_E_INVALID || (geteuid() != 0 && status == MR_E_IO));
        if (status == MR_E_INVALID && !strstr(err.text, want))
            fail_msg("%s", err.text);
        assert_null(secrets.map);
    }
}

static void anothers_file_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        mr_test_skip_line("only root can give a file away");
        skip();
    }
    put_good(0600);
    assert_int_equal(chown(path, 12345, 12345), 0);
    assert_int_equal(mr_secrets_open(&secrets, path, &err), MR_E_INVALID);
    assert_non_null(strstr(err.text, "belongs to user 12345, this process is user 0"));
}

static void what_is_no_plain_file_is_refused(void **state)
{
    char other[160];
    (void)state;
    assert_int_equal(mr_secrets_open(&secrets, path, &err), MR_E_IO); /* not there */
    put_good(0600);
    snprintf(other, sizeof other, "%s/link", folder);
    assert_int_equal(symlink(path, other), 0);
    assert_int_equal(mr_secrets_open(&secrets, other, &err), MR_E_INVALID);
    assert_non_null(strstr(err.text, "symbolic link"));
    unlink(other);
    assert_int_equal(link(path, other), 0);
    assert_int_equal(mr_secrets_open(&secrets, path, &err), MR_E_INVALID);
    assert_non_null(strstr(err.text, "2 names"));
    unlink(other);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(mr_secrets_open(&secrets, other, &err), MR_E_INVALID); /* and does not wait for a writer */
    assert_non_null(strstr(err.text, "not a regular file"));
    assert_int_equal(mr_secrets_open(&secrets, folder, &err), MR_E_INVALID);
    assert_int_equal(mr_secrets_open(&secrets, "/dev/zero", &err), MR_E_INVALID);
}

static void a_file_that_is_too_big_is_refused(void **state)
{
    static char big[MR_CREDENTIALS_BYTES + 1];
    (void)state;
    memset(big, '#', sizeof big);
    memcpy(big, GOOD, strlen(GOOD));
    put(big, sizeof big, 0600);
    assert_int_equal(mr_secrets_open(&secrets, path, &err), MR_E_TOO_BIG);
    put(big, MR_CREDENTIALS_BYTES, 0600);
    assert_int_equal(mr_secrets_open(&secrets, path, &err), MR_OK); /* one page is taken to its last byte */
    mr_secrets_close(&secrets);
    put("- venue: okx\n  key: \"" Z "\n", 33, 0600);
    assert_int_equal(mr_secrets_open(&secrets, path, &err), MR_E_MALFORMED);
    assert_null(strstr(err.text, Z));
    assert_null(secrets.map);
}

/* ---- the page: what the kernel says of it ---- */

/* In a child: 0 true. */
static int in_child(int (*what)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka's own */
        _exit(what());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int writes_it(void)
{
    ((volatile uint8_t *)secrets.page)[0] = 1;
    return 0;
}
static int reads_before(void) { return ((volatile uint8_t *)secrets.page)[-1]; }
static int reads_behind(void) { return ((volatile uint8_t *)secrets.page)[MR_CREDENTIALS_BYTES]; }
static int reads_it(void)
{
    for (uint32_t i = 0; i < MR_CREDENTIALS_BYTES; i++)
        if (secrets.page[i])
            return 1;
    return 0;
}

static void flags_of(const void *at, char out[256])
{
    char line[512];
    bool here = false;
    FILE *f = fopen("/proc/self/smaps", "r");
    assert_non_null(f);
    out[0] = 0;
    while (fgets(line, sizeof line, f)) {
        unsigned long long from, to;
        if (sscanf(line, "%llx-%llx ", &from, &to) == 2)
            here = (uintptr_t)at >= from && (uintptr_t)at < to;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(out, 256, "%.250s", line);
    }
    fclose(f);
}

static void the_page_is_locked_guarded_not_dumped_and_empty_in_a_child(void **state)
{
    char flags[256];
    (void)state;
    put_good(0600);
    assert_int_equal(mr_secrets_open(&secrets, path, &err), MR_OK);
    flags_of(secrets.page, flags);
    assert_non_null(strstr(flags, " lo")); /* locked */
    assert_non_null(strstr(flags, " dd")); /* not in core dumps */
    assert_non_null(strstr(flags, " wf")); /* wiped on fork */
    assert_null(strstr(flags, " wr"));     /* read-only by now */
    assert_int_equal(in_child(reads_it), 0);
#if !MR_TEST_SANITIZED /* which reports these in its own way */
    assert_int_equal(in_child(writes_it), 1000 + SIGSEGV);
    assert_int_equal(in_child(reads_before), 1000 + SIGSEGV);
    assert_int_equal(in_child(reads_behind), 1000 + SIGSEGV);
#else
    assert_int_not_equal(in_child(writes_it), 0);
    assert_int_not_equal(in_child(reads_before), 0);
    assert_int_not_equal(in_child(reads_behind), 0);
#endif
    mr_secrets_close(&secrets);
}

static int without_locked_memory(void)
{
    const struct rlimit none = {0, 0};
    if (geteuid() == 0 && prctl(PR_CAPBSET_READ, 14, 0, 0, 0) != 1)
        return 0;
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
        return 1;
    if (geteuid() == 0) { /* root may lock all it likes: become somebody else, with a file of his own */
        if (chown(path, 12345, 12345) != 0 || chmod(folder, 0755) != 0 || setresuid(12345, 12345, 12345) != 0)
            return 2;
    }
    return mr_secrets_open(&secrets, path, &err) == MR_E_IO && strstr(err.text, "cannot be locked") && !secrets.map ? 0
                                                                                                                    : 3;
}
static void memory_that_cannot_be_locked_is_an_error(void **state)
{
    (void)state;
    put_good(0600);
    assert_int_equal(in_child(without_locked_memory), 0);
}

/* ---- the search ---- */

/* The needle is never in memory as it is: bytes are compared one by one against what a seed gives. */
#define NEEDLE_BYTES 40
static uint8_t needle(uint64_t seed, uint32_t i)
{
    struct mr_random r = {seed + i * 0x9e3779b97f4a7c15ull};
    return (uint8_t)("0123456789abcdefghijklmnopqrstuv"[mr_random_next(&r) & 31]);
}
static bool here(const uint8_t *at, uint64_t seed)
{
    for (uint32_t i = 0; i < NEEDLE_BYTES; i++)
        if (at[i] != needle(seed, i))
            return false;
    return true;
}
static uint32_t occurrences(const uint8_t *bytes, size_t len, uint64_t seed)
{
    const uint8_t first = needle(seed, 0), second = needle(seed, 1);
    uint32_t n = 0;
    for (size_t i = 0; i + NEEDLE_BYTES <= len; i++)
        n += bytes[i] == first && bytes[i + 1] == second && here(bytes + i, seed);
    return n;
}

/* In everything that is mapped and readable, but the window it is looked at through. */
static uint32_t in_memory(int mem, uint64_t seed, uint8_t *window, size_t window_bytes, uintptr_t *where)
{
    char line[512];
    uint32_t n = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps)
        return 1000;
    while (fgets(line, sizeof line, maps)) {
        unsigned long long from, to;
        char mode[8];
        if (sscanf(line, "%llx-%llx %4s", &from, &to, mode) != 3 || mode[0] != 'r' || strstr(line, "[v") ||
            to - from > (1ull << 32))
            continue;
        if (from <= (uintptr_t)window && (uintptr_t)window < to)
            continue;
        for (unsigned long long at = from; at < to; at += window_bytes - NEEDLE_BYTES) {
            size_t want = to - at < window_bytes ? (size_t)(to - at) : window_bytes;
            ssize_t got = pread(mem, window, want, (off_t)at);
            uint32_t found = got > 0 ? occurrences(window, (size_t)got, seed) : 0;
            if (found)
                *where = (uintptr_t)at;
            n += found;
            if (want < window_bytes)
                break;
        }
    }
    fclose(maps);
    explicit_bzero(window, window_bytes);
    return n;
}

static uint32_t in_file(const char *name, uint64_t seed)
{
    static uint8_t bytes[65536];
    int fd = open(name, O_RDONLY);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, bytes, sizeof bytes);
    close(fd);
    uint32_t found = n > 0 ? occurrences(bytes, (size_t)n, seed) : 0;
    explicit_bzero(bytes, sizeof bytes);
    return found;
}

/* The file is made by a child, so that its bytes were never in this process. */
static uint64_t seed;
static int make_file(void)
{
    char text[256], value[NEEDLE_BYTES + 1] = "";
    for (uint32_t i = 0; i < NEEDLE_BYTES; i++)
        value[i] = (char)needle(seed, i);
    int n = snprintf(text, sizeof text, "- venue: okx\n  key: k\n  secret: %s\n  passphrase: p\n", value);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    return write(fd, text, (size_t)n) == n && close(fd) == 0 ? 0 : 1;
}

/* All of it in a child too: it hardens itself, which is for good. Its standard error is its log. */
static int search(void)
{
    const size_t window_bytes = 1 << 20;
    char log[160];
    uintptr_t where = 0;
    int mem = open("/proc/self/mem", O_RDONLY); /* before it is hardened: afterwards it is root's */
    uint8_t *window = mmap(NULL, window_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FILE *maps_before = fopen("/proc/self/maps", "r"); /* stdio's buffers are made now */
    if (mem < 0 || window == MAP_FAILED || !maps_before)
        return 10;
    fclose(maps_before);
    snprintf(log, sizeof log, "%s/log", folder);
    if (!freopen(log, "w", stderr))
        return 11;
    if (mr_secrets_harden(&err) != MR_OK)
        return 12;
    struct rlimit core;
    getrlimit(RLIMIT_CORE, &core);
    if (core.rlim_cur != 0 || core.rlim_max != 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 13;
    if (in_memory(mem, seed, window, window_bytes, &where) != 0)
        return 14; /* the search itself has it */
    if (mr_secrets_open(&secrets, path, &err) != MR_OK)
        return 15;
    if (secrets.credentials[0].secret.len != NEEDLE_BYTES || !here(secrets.credentials[0].secret.bytes, seed))
        return 16;
    if (in_memory(mem, seed, window, window_bytes, &where) != 1)
        return 17;
    if (where != (uintptr_t)secrets.page)
        return 18;
    mr_secrets_close(&secrets);
    if (in_memory(mem, seed, window, window_bytes, &where) != 0)
        return 19;
    /* a file that is refused leaves nothing either */
    int fd = open(path, O_WRONLY | O_APPEND);
    if (write(fd, "  nonsense: x\n", 14) != 14 || close(fd) != 0 ||
        mr_secrets_open(&secrets, path, &err) != MR_E_MALFORMED)
        return 20;
    fprintf(stderr, "%s\n", err.text);
    fflush(stderr);
    if (in_memory(mem, seed, window, window_bytes, &where) != 0)
        return 21;
    if (occurrences((const uint8_t *)err.text, sizeof err.text, seed))
        return 22;
    static const char *const places[] = {"/proc/self/environ", "/proc/self/cmdline", "/proc/self/status",
                                         "/proc/self/maps", "/proc/self/comm"};
    for (size_t i = 0; i < MR_COUNT_OF(places); i++)
        if (in_file(places[i], seed))
            return 30 + (int)i;
    return in_file(log, seed) ? 40 : 0;
}
static void a_secret_is_in_memory_once_in_the_locked_page_and_nowhere_after(void **state)
{
    (void)state;
    seed = (uint64_t)getpid() * 7919 + 1;
    unlink(path);
    assert_int_equal(in_child(make_file), 0);
    assert_int_equal(in_file(path, seed), 1); /* the search does find it where it is */
    assert_int_equal(in_child(search), 0);
}

/* Nobody else reads the memory of a hardened process, root apart. */
static int core_attempt(void)
{
    if (chdir(folder) != 0 || mr_secrets_harden(&err) != MR_OK || mr_secrets_open(&secrets, path, &err) != MR_OK)
        return 50;
    signal(SIGABRT, SIG_DFL);
    abort();
}
static void a_process_that_dies_leaves_no_core(void **state)
{
    char name[128];
    int status;
    (void)state;
    seed = (uint64_t)getpid() * 7919 + 2;
    unlink(path);
    assert_int_equal(in_child(make_file), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(core_attempt());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_false(WCOREDUMP(status));
    snprintf(name, sizeof name, "%s/core", folder);
    assert_int_not_equal(access(name, F_OK), 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, up, down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken),
        cmocka_unit_test(what_is_refused_and_no_sentence_quotes_a_value),
        T(a_file_of_ours_with_mode_0600_is_taken),
        T(any_other_mode_is_refused),
        T(anothers_file_is_refused),
        T(what_is_no_plain_file_is_refused),
        T(a_file_that_is_too_big_is_refused),
        T(the_page_is_locked_guarded_not_dumped_and_empty_in_a_child),
        T(memory_that_cannot_be_locked_is_an_error),
        T(a_secret_is_in_memory_once_in_the_locked_page_and_nowhere_after),
        T(a_process_that_dies_leaves_no_core),
    };
    return MR_TEST_MAIN(tests);
}
