/* A process that writes at full speed is killed at a random moment, again and again: nothing it knew to be durable is lost.
 *
 * MILLRACE_JOURNAL_KILLS=N   instead of 20 (8 under MILLRACE_QUICK) */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/journal/journal.h"
#include "dataplane/tile/tile.h"
#include "tests/support/support.h"

#define KILLS_MAX 1000

struct shared { /* written by the victim, read by the parent when it is dead */
    uint64_t durable, begun;
};
struct run {
    uint64_t first, durable; /* what run k appended from here on, and knew to be durable */
};
struct payload {
    uint64_t seq;
    uint32_t run, len;
    uint8_t more[200];
};

static struct payload payload_of(uint64_t seq, uint32_t run)
{
    struct payload p = {.seq = seq, .run = run, .len = (uint32_t)(16 + seq * 37 % 200)};
    for (uint32_t i = 16; i < p.len; i++)
        p.more[i - 16] = (uint8_t)(seq * 31 + i * run);
    return p;
}

/* Never returns: the parent ends it. */
static _Noreturn void victim(const char *folder, uint32_t run, struct shared *shared)
{
    struct mr_journal_limits limits = mr_journal_limits_default;
    struct mr_journal *j;
    struct mr_err err;
    struct mr_tiles *set;
    limits.file_bytes = 1 << 20;
    limits.ring_bytes = 256 << 10;
    if (mr_journal_open(&j, folder, &limits, 1, &err) != MR_OK) {
        fprintf(stderr, "%s\n", err.text);
        _exit(1);
    }
    struct mr_journal_thread config = {.journal = j, .idle_sleep_ns = 10000}, own;
    struct mr_tile_slot slot = {.tile = &mr_tile_journal, .state = &own, .config = &config};
    struct mr_tile_thread thread = {.tiles = &slot, .count = 1, .core = -1, .wait = MR_WAIT_YIELD};
    mr_tile_journal.boot(&own, &config, NULL, &err);
    if (mr_tiles_start(&set, &thread, 1, &err) != MR_OK)
        _exit(1);
    struct mr_journal_port port = mr_journal_port(j);
    uint64_t seq = mr_journal_found(j)->last_seq;
    __atomic_store_n(&shared->begun, 1, __ATOMIC_RELEASE);
    for (;;) {
        struct payload p = payload_of(seq + 1, run);
        int64_t got = port.append(port.self, MR_JOURNAL_ORDER, (int64_t)seq, &p, p.len);
        if (got > 0 && (uint64_t)got != ++seq)
            _exit(1);
        if (got == MR_E_FULL)
            usleep(20);
        else if (got < 0)
            _exit(1);
        __atomic_store_n(&shared->durable, port.durable(port.self), __ATOMIC_RELEASE);
    }
}

struct check {
    const struct run *runs;
    uint32_t count;
    uint64_t next;
};

static int check_record(void *arg, const struct mr_journal_record *r)
{
    struct check *c = arg;
    struct payload is, want;
    assert_int_equal(c->next++, r->seq);
    assert_true(r->bytes >= 16 && r->bytes <= sizeof is);
    memcpy(&is, r->payload, r->bytes);
    want = payload_of(r->seq, is.run);
    assert_true(r->bytes == want.len && memcmp(&is, &want, r->bytes) == 0);
    assert_true(is.run < c->count);
    for (uint32_t k = 0; k < c->count; k++) /* what run k knew to be durable is run k's to this day */
        if (r->seq >= c->runs[k].first && r->seq <= c->runs[k].durable)
            assert_int_equal(k, is.run);
    return 0;
}

static void killed_while_writing_nothing_durable_is_lost(void **state)
{
    (void)state;
    char folder[] = "/tmp/millrace-journal-XXXXXX";
    struct run runs[KILLS_MAX];
    struct mr_random random = {(uint64_t)getpid()};
    const char *given = getenv("MILLRACE_JOURNAL_KILLS");
    uint32_t kills = given ? (uint32_t)atoi(given) : getenv("MILLRACE_QUICK") ? 8 : 20, torn = 0;
    assert_true(kills > 0 && kills <= KILLS_MAX && mkdtemp(folder) != NULL);
    struct shared *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    uint64_t last = 0, told = 0;
    for (uint32_t k = 0; k < kills; k++) {
        struct mr_journal_report report;
        struct mr_journal *j;
        struct mr_err err;
        *shared = (struct shared){0};
        pid_t pid = fork();
        if (pid == 0)
            victim(folder, k, shared);
        for (int wait = 0; wait < 20000 && !__atomic_load_n(&shared->begun, __ATOMIC_ACQUIRE); wait++)
            usleep(500);
        usleep(1000 + (useconds_t)mr_random_below(&random, 30000));
        kill(pid, SIGKILL);
        int left;
        assert_int_equal(pid, waitpid(pid, &left, 0));
        assert_true(WIFSIGNALED(left) && WTERMSIG(left) == SIGKILL); /* it did not end by itself */
        runs[k] = (struct run){last + 1, shared->durable};
        told += shared->durable > last ? shared->durable - last : 0;
        assert_false(mr_journal_locked(NULL, folder)); /* the lock died with it */
        int status = mr_journal_open(&j, folder, &mr_journal_limits_default, 1, &err);
        if (status)
            fail_msg("kill %u: %s", k, err.text);
        last = mr_journal_found(j)->last_seq;
        torn += mr_journal_found(j)->cut_bytes > 0;
        assert_true(last >= runs[k].durable);
        mr_journal_close(j, 2);
        if (k + 1 == kills || k % 8 == 7) {
            struct check c = {runs, k + 1, 1};
            status = mr_journal_each(NULL, folder, 0, check_record, &c, &report, &err);
            if (status)
                fail_msg("kill %u: %s", k, err.text);
            assert_int_equal(last, report.records);
            assert_int_equal(0, report.torn_bytes);
        }
    }
    print_message("%u kills: %lu records told durable, none lost; %lu written, %u torn tails cut\n", kills,
                  (unsigned long)told, (unsigned long)last, torn);
    assert_true(told > kills);
    munmap(shared, 4096);
    assert_int_equal(mr_test_remove(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(killed_while_writing_nothing_durable_is_lost)};
    return MR_TEST_MAIN(tests);
}
