#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/mem/near.h"
#include "tests/support/support.h"

#define BYTES (1u << 20)

static uint8_t *map(int flags)
{
    uint8_t *mem = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    assert_true(mem != MAP_FAILED);
    return mem;
}

static size_t resident(void *mem)
{
    static unsigned char there[BYTES / 4096];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n = 0;
    assert_int_equal(mincore(mem, BYTES, there), 0);
    for (size_t i = 0; i < BYTES / page; i++)
        n += there[i] & 1;
    return n * page;
}

static void pages_are_there_before_they_are_wanted(void **state)
{
    (void)state;
    static const int kinds[] = {MAP_PRIVATE, MAP_SHARED};
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++) {
        uint8_t *mem = map(kinds[i]);
        mem[5] = 7;
        mr_memory_fault(mem, BYTES);
        assert_int_equal(resident(mem), BYTES);
        assert_int_equal(mem[5], 7); /* and hold what they held */
        struct rusage before, after;
        getrusage(RUSAGE_THREAD, &before);
        for (size_t at = 0; at < BYTES; at += 4096)
            ((volatile uint8_t *)mem)[at] = 1;
        getrusage(RUSAGE_THREAD, &after);
        if (!MR_TEST_SANITIZED)                                  /* which has shadows that are not there */
            assert_true(after.ru_minflt - before.ru_minflt < 8); /* 256 pages without a fault of their own */
        munmap(mem, BYTES);
    }
}

#if !MR_TEST_SANITIZED
/* In a process of its own: limits and privileges are not given back. */
static int locked_under(rlim_t limit, bool root)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit most = {limit, limit};
        uint8_t *mem = map(MAP_PRIVATE);
        if (setrlimit(RLIMIT_MEMLOCK, &most) || (root && setuid(65534)))
            _exit(2);
        _exit(mr_memory_lock(mem, BYTES) ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}
#endif

static void locking_is_refused_by_the_limit_and_nothing_else(void **state)
{
    (void)state;
#if MR_TEST_SANITIZED
    mr_test_skip_line("a sanitizer makes mlock do nothing");
    skip();
#else
    assert_int_equal(locked_under(0, geteuid() == 0), 0);
    assert_int_equal(locked_under(2 * BYTES, geteuid() == 0), 1);
#endif
}

static void memory_of_this_node_is_not_far_and_of_another_is(void **state)
{
    (void)state;
    uint8_t *mem = map(MAP_PRIVATE);
    if (!mr_memory_prefer(0)) {
        mr_test_skip_line("no memory policies here");
        skip();
    }
    mr_memory_fault(mem, BYTES);
    assert_true(mr_memory_prefer(-1));
    assert_int_equal(mr_memory_far(mem, BYTES, 0), 0);
    assert_int_equal(mr_memory_far(mem, BYTES, 1), BYTES);
    munmap(mem, BYTES);
    mem = map(MAP_PRIVATE);
    assert_int_equal(mr_memory_far(mem, BYTES, 1), 0); /* not there yet */
    munmap(mem, BYTES);
    assert_false(mr_memory_prefer(1024));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_there_before_they_are_wanted),
        cmocka_unit_test(locking_is_refused_by_the_limit_and_nothing_else),
        cmocka_unit_test(memory_of_this_node_is_not_far_and_of_another_is),
    };
    return MR_TEST_MAIN(tests);
}
