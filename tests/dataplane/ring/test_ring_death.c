/* G1: one side is killed after 1, 2, 3, ... instructions of what it does; the other side finds the old state or the new
 * one. */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/ring/image.h"
#include "tests/dataplane/ring/groups.h"
#include "tests/support/support.h"

#define SLOTS 16u
#define GROUP_MAX 8u
#define STEPS_MAX 20000

struct shared {
    uint32_t done; /* the child got through */
    _Alignas(128) uint8_t memory[8192];
};
static struct shared *shared;

/* What the child does between the two marks. */
struct story {
    const char *says;
    void (*prepare)(void);
    void (*act)(void);
    bool (*judge)(bool *moved);
};

static uint32_t group_len, first_at; /* of this run: slots of the group, slots published and released before it */
static struct mr_ring_writer writer;
static struct mr_ring_reader reader;

static size_t ring_bytes(void)
{
    size_t bytes = mr_ring_bytes(SLOTS, GROUP_MAX);
    assert_true(bytes <= sizeof shared->memory);
    return bytes;
}

static void mark(void)
{
#if defined(__x86_64__)
    __asm__ volatile("int3" ::: "memory");
#else
    raise(SIGTRAP);
#endif
}

static void publish(struct mr_ring_writer *w, uint64_t seq, uint32_t n)
{
    struct group *g = mr_ring_reserve(w, n);
    group_fill(g, seq, n);
    mr_ring_publish(w, n);
}

/* `first_at` single slots pass through, so that the group begins there; then one group that the reader has not seen. */
static void prepare_ring(void)
{
    mr_ring_init(shared->memory, SLOTS, GROUP_MAX, MR_RING_BACKPRESSURE);
    mr_ring_writer_open(&writer, shared->memory, ring_bytes());
    mr_ring_reader_open(&reader, shared->memory, ring_bytes());
    uint32_t ready;
    for (uint32_t i = 0; i < first_at; i++) {
        publish(&writer, 1000 + i, 1);
        mr_ring_peek(&reader, &ready);
        mr_ring_release(&reader, 1);
    }
    publish(&writer, 1, 2);
}

static void act_publish(void) { publish(&writer, 2, group_len); }

static bool next_is(struct mr_ring_reader *r, uint64_t seq, uint32_t n)
{
    uint32_t ready;
    const struct group *g = mr_ring_peek(r, &ready);
    if (!g || g->len != n || !mr_ring_has(r, n) || !group_whole(g, seq, n))
        return false;
    mr_ring_release(r, n);
    return true;
}

/* Group 1 is there; group 2 whole or not at all; and a restarted writer goes on behind it. */
static bool judge_publish(bool *moved)
{
    uint32_t ready;
    if (mr_ring_check(shared->memory, ring_bytes()) != MR_OK || !next_is(&reader, 1, 2))
        return false;
    *moved = mr_ring_peek(&reader, &ready) != NULL;
    if (*moved && !next_is(&reader, 2, group_len))
        return false;
    struct mr_ring_writer again;
    if (mr_ring_writer_open(&again, shared->memory, ring_bytes()) != MR_OK || !mr_ring_reader_epoch(&reader))
        return false;
    publish(&again, 3, group_len);
    return next_is(&reader, 3, group_len) && mr_ring_peek(&reader, &ready) == NULL && reader.status == MR_OK;
}

static void prepare_release(void)
{
    prepare_ring();
    publish(&writer, 2, group_len);
}

static void act_release(void) { next_is(&reader, 1, 2); }

/* A restarted reader sees group 1 (again) or group 2, each whole: at most a duplicate, never a hole. */
static bool judge_release(bool *moved)
{
    struct mr_ring_reader again;
    if (mr_ring_reader_open(&again, shared->memory, ring_bytes()) != MR_OK)
        return false;
    uint32_t ready;
    const struct group *g = mr_ring_peek(&again, &ready);
    *moved = g && g->seq == 2;
    if (!*moved && !next_is(&again, 1, 2))
        return false;
    return next_is(&again, 2, group_len) && mr_ring_peek(&again, &ready) == NULL;
}

/* A LAP ring full to the brim: the group overwrites old ones. */
static void prepare_lap(void)
{
    mr_ring_init(shared->memory, SLOTS, GROUP_MAX, MR_RING_LAP);
    mr_ring_writer_open(&writer, shared->memory, ring_bytes());
    struct group g;
    for (uint32_t i = 0; i < SLOTS + first_at; i++) {
        group_fill(&g, i, 1);
        mr_ring_put(&writer, &g, 1);
    }
}

static void act_put(void)
{
    struct group g[GROUP_MAX];
    group_fill(g, 9999, group_len);
    mr_ring_put(&writer, g, group_len);
}

/* A tap at any old place finds whole records or is told that it was lapped; also after the next writer has gone on. */
static bool taps_see_no_mix(void)
{
    struct group out[GROUP_MAX];
    struct mr_tap tap;
    if (mr_tap_open(&tap, shared->memory, ring_bytes(), false) != MR_OK)
        return false;
    uint64_t head = tap.next;
    for (uint64_t at = first_at; at < SLOTS + first_at; at++) {
        tap.next = at;
        int64_t got = mr_tap_read(&tap, group_length, out, GROUP_MAX);
        bool old = got == 1 && group_whole(out, at, 1);
        if (!old && !(got == MR_E_LAPPED && tap.next == head))
            return false;
    }
    return true;
}

static bool judge_put(bool *moved)
{
    struct mr_ring_stats stats;
    mr_ring_stats(shared->memory, &stats);
    *moved = stats.published != SLOTS + first_at;
    if (!taps_see_no_mix())
        return false;
    struct mr_ring_writer again;
    struct mr_tap tap;
    struct group g, out[GROUP_MAX];
    mr_tap_open(&tap, shared->memory, ring_bytes(), false);
    if (mr_ring_writer_open(&again, shared->memory, ring_bytes()) != MR_OK)
        return false;
    group_fill(&g, 5, 1); /* a shorter group than the one that died: what that had claimed stays claimed */
    mr_ring_put(&again, &g, 1);
    return taps_see_no_mix() && mr_tap_read(&tap, group_length, out, GROUP_MAX) == 1 && group_whole(out, 5, 1);
}

static void prepare_image(void)
{
    uint64_t payload[9];
    mr_image_init(shared->memory, sizeof payload);
    for (uint64_t v = 1; v <= first_at + 1; v++) {
        for (uint64_t k = 0; k < 9; k++)
            payload[k] = v * k;
        mr_image_write((struct mr_image *)shared->memory, payload, sizeof payload);
    }
}

static void act_image(void)
{
    uint64_t payload[9];
    for (uint64_t k = 0; k < 9; k++)
        payload[k] = (first_at + 2) * k;
    mr_image_write((struct mr_image *)shared->memory, payload, sizeof payload);
}

static bool judge_image(bool *moved)
{
    uint64_t payload[9], version;
    if (mr_image_read((struct mr_image *)shared->memory, payload, sizeof payload, &version) != MR_OK)
        return false;
    *moved = version == first_at + 2;
    for (uint64_t k = 0; k < 9; k++)
        if (payload[k] != version * k)
            return false;
    return version == first_at + 1 || version == first_at + 2;
}

static const struct story stories[] = {
    {"publish", prepare_ring, act_publish, judge_publish},
    {"release", prepare_release, act_release, judge_release},
    {"put", prepare_lap, act_put, judge_put},
    {"image", prepare_image, act_image, judge_image},
};

/* The child stops at the first mark, is stepped `steps` instructions, and killed. False if it got to its end before. */
static bool killed_after(const struct story *story, int steps)
{
    shared->done = 0;
    story->prepare();
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(77);
        mark();
        story->act();
        __atomic_store_n(&shared->done, 1, __ATOMIC_RELEASE);
        mark();
        _exit(0);
    }
    int status;
    MR_ASSERT(waitpid(child, &status, 0) == child);
    MR_ASSERT(WIFSTOPPED(status));
    bool through = false;
    for (int i = 0; i < steps && !through; i++) {
        MR_ASSERT(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0);
        MR_ASSERT(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
        through = __atomic_load_n(&shared->done, __ATOMIC_ACQUIRE);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return !through;
}

static void die_everywhere(const struct story *story)
{
    /* lengths of the group, and where it begins: in the middle, and so that it runs on into the overhang */
    static const struct {
        uint32_t len, at;
    } runs[] = {{1, 0}, {3, 0}, {8, 0}, {1, SLOTS - 3}, {3, SLOTS - 3}, {8, SLOTS - 4}};
    for (size_t i = 0; i < MR_COUNT_OF(runs); i += getenv("MILLRACE_QUICK") ? 5 : 1) {
        uint32_t before = 0, after = 0;
        group_len = runs[i].len;
        first_at = runs[i].at;
        for (int steps = 0; steps < STEPS_MAX; steps++) {
            bool died_inside = killed_after(story, steps), moved = false;
            if (!story->judge(&moved))
                fail_msg("%s: group of %u at %u, killed after %d instructions", story->says, group_len, first_at,
                         steps);
            moved ? after++ : before++;
            if (!died_inside) {
                assert_true(moved);
                break;
            }
            assert_true(steps < STEPS_MAX - 1);
        }
        assert_true(before > 5 && after >= 1);
        print_message("%s, %u slots at %u: %u kill points before, %u after\n", story->says, group_len, first_at, before,
                      after);
    }
}

static void a_publish_is_there_whole_or_not_at_all(void **state)
{
    (void)state;
    die_everywhere(&stories[0]);
}

static void a_release_leaves_at_most_a_duplicate(void **state)
{
    (void)state;
    die_everywhere(&stories[1]);
}

static void an_overwrite_never_leaves_a_mix(void **state)
{
    (void)state;
    die_everywhere(&stories[2]);
}

static void an_image_stays_readable(void **state)
{
    (void)state;
    die_everywhere(&stories[3]);
}

static bool ptrace_works(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 77);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void)
{
    const char *must = getenv("MILLRACE_REQUIRE_NET");
    if (!ptrace_works()) {
        mr_test_skip_line("ptrace is refused here: death at each instruction cannot be tried");
        return must && strcmp(must, "1") == 0 ? 1 : 77;
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MR_ASSERT(shared != MAP_FAILED);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publish_is_there_whole_or_not_at_all),
        cmocka_unit_test(a_release_leaves_at_most_a_duplicate),
        cmocka_unit_test(an_overwrite_never_leaves_a_mix),
        cmocka_unit_test(an_image_stays_readable),
    };
    return MR_TEST_MAIN(tests);
}
