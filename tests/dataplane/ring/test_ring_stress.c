/* G3, G9: full speed between two processes, every record checked; between two threads, for ThreadSanitizer; and the
 * protocol of the two indices by exhaustive interleaving. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/ring/image.h"
#include "tests/dataplane/ring/groups.h"
#include "tests/support/support.h"

#define BATCH 32u

static uint64_t records(uint64_t full)
{
    const char *quick = getenv("MILLRACE_QUICK");
    return quick && *quick == '1' ? full / 50 : full;
}

static void *shared_memory(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MR_ASSERT(mem != MAP_FAILED);
    return mem;
}

/* A cheap record that can be told whole from torn: number, and words made from it. */
static void stamp(uint64_t *slot, uint64_t i)
{
    for (uint64_t k = 0; k < 8; k++)
        slot[k] = i * (2 * k + 1) + k;
}

static bool stamped(const uint64_t *slot, uint64_t i)
{
    uint64_t wrong = 0;
    for (uint64_t k = 0; k < 8; k++)
        wrong |= slot[k] ^ (i * (2 * k + 1) + k);
    return wrong == 0;
}

static void write_singles(void *mem, size_t bytes, uint64_t count)
{
    struct mr_ring_writer w;
    MR_ASSERT(mr_ring_writer_open(&w, mem, bytes) == MR_OK);
    for (uint64_t i = 0; i < count;) {
        uint64_t *slot = mr_ring_reserve(&w, BATCH);
        if (!slot) {
            sched_yield();
            continue;
        }
        for (uint32_t k = 0; k < BATCH; k++)
            stamp(slot + k * 8u, i++);
        mr_ring_publish(&w, BATCH);
    }
}

/* Returns the records seen before the first wrong one. */
static uint64_t read_singles(void *mem, size_t bytes, uint64_t count)
{
    struct mr_ring_reader r;
    MR_ASSERT(mr_ring_reader_open(&r, mem, bytes) == MR_OK);
    uint64_t i = 0;
    while (i < count) {
        uint32_t ready;
        const uint64_t *slot = mr_ring_peek(&r, &ready);
        if (!slot) {
            sched_yield();
            continue;
        }
        for (uint32_t k = 0; k < ready; k++, i++)
            if (!stamped(slot + k * 8u, i))
                return i;
        mr_ring_release(&r, ready);
    }
    return r.status == MR_OK ? i : 0;
}

static void a_hundred_million_records_cross_between_processes(void **state)
{
    (void)state;
    uint64_t count = records(100000000) / BATCH * BATCH;
    size_t bytes = mr_ring_bytes(4096, BATCH);
    void *mem = shared_memory(bytes);
    mr_ring_init(mem, 4096, BATCH, MR_RING_BACKPRESSURE);
    pid_t child = fork();
    if (child == 0) {
        write_singles(mem, bytes, count);
        _exit(0);
    }
    assert_int_equal(read_singles(mem, bytes, count), count);
    waitpid(child, NULL, 0);
    munmap(mem, bytes);
}

/* Groups of 1 .. 16 slots, lengths from the number, so that the reader knows what must come. */
static uint32_t length_at(uint64_t i) { return 1 + (uint32_t)((i * 0x9e3779b97f4a7c15u) >> 60); }

static void *write_groups(void *mem)
{
    struct mr_ring_writer w;
    uint64_t count = records(3000000);
    MR_ASSERT(mr_ring_writer_open(&w, mem, mr_ring_bytes(256, 16)) == MR_OK);
    for (uint64_t i = 0; i < count;) {
        struct group *g = mr_ring_reserve(&w, length_at(i));
        if (!g) {
            sched_yield();
            continue;
        }
        group_fill(g, i, length_at(i));
        mr_ring_publish(&w, length_at(i));
        i++;
    }
    return NULL;
}

static uint64_t read_groups(void *mem)
{
    struct mr_ring_reader r;
    uint64_t count = records(3000000), i = 0;
    MR_ASSERT(mr_ring_reader_open(&r, mem, mr_ring_bytes(256, 16)) == MR_OK);
    while (i < count) {
        uint32_t ready;
        const struct group *g = mr_ring_peek(&r, &ready);
        if (!g) {
            sched_yield();
            continue;
        }
        uint32_t n = g->len;
        if (!mr_ring_has(&r, n) || n != length_at(i) || !group_whole(g, i, n))
            return i;
        mr_ring_release(&r, n);
        i++;
    }
    return i;
}

static void groups_of_varying_length_cross_between_processes(void **state)
{
    (void)state;
    void *mem = shared_memory(mr_ring_bytes(256, 16));
    mr_ring_init(mem, 256, 16, MR_RING_BACKPRESSURE);
    pid_t child = fork();
    if (child == 0) {
        write_groups(mem);
        _exit(0);
    }
    assert_int_equal(read_groups(mem), records(3000000));
    waitpid(child, NULL, 0);
    munmap(mem, mr_ring_bytes(256, 16));
}

static void groups_of_varying_length_cross_between_threads(void **state)
{
    (void)state;
    void *mem = shared_memory(mr_ring_bytes(256, 16));
    mr_ring_init(mem, 256, 16, MR_RING_BACKPRESSURE);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_groups, mem), 0);
    uint64_t got = read_groups(mem);
    pthread_join(thread, NULL);
    assert_int_equal(got, records(3000000));
    munmap(mem, mr_ring_bytes(256, 16));
}

static void *overwrite_groups(void *mem)
{
    struct mr_ring_writer w;
    struct group g[16];
    uint64_t count = records(3000000);
    MR_ASSERT(mr_ring_writer_open(&w, mem, mr_ring_bytes(256, 16)) == MR_OK);
    for (uint64_t i = 0; i < count; i++) {
        group_fill(g, i, length_at(i));
        mr_ring_put(&w, g, length_at(i));
        if (i % 4096 == 0)
            sched_yield();
    }
    return NULL;
}

/* All that was put was either read whole and in order, or counted as lost, slot for slot. */
static void tap_to_the_end(void *mem)
{
    struct mr_tap tap;
    struct group out[16];
    uint64_t count = records(3000000), total = 0, seen = 0, last = 0, read = 0;
    for (uint64_t i = 0; i < count; i++)
        total += length_at(i);
    assert_int_equal(mr_tap_open(&tap, mem, mr_ring_bytes(256, 16), false), MR_OK);
    uint64_t began = tap.next;
    while (tap.next < total) {
        int64_t got = mr_tap_read(&tap, group_length, out, 16);
        if (got == 0)
            sched_yield();
        if (got == 0 || got == MR_E_LAPPED)
            continue;
        assert_true(got > 0 && (uint64_t)got == length_at(out->seq) && group_whole(out, out->seq, (uint32_t)got));
        assert_true(read == 0 || out->seq > last);
        last = out->seq;
        seen += (uint64_t)got;
        read++;
    }
    assert_int_equal(began + seen + tap.lost, total);
}

static void a_lapped_tap_counts_every_slot_between_processes(void **state)
{
    (void)state;
    void *mem = shared_memory(mr_ring_bytes(256, 16));
    mr_ring_init(mem, 256, 16, MR_RING_LAP);
    pid_t child = fork();
    if (child == 0) {
        overwrite_groups(mem);
        _exit(0);
    }
    tap_to_the_end(mem);
    waitpid(child, NULL, 0);
    munmap(mem, mr_ring_bytes(256, 16));
}

static void a_lapped_tap_counts_every_slot_between_threads(void **state)
{
    (void)state;
    void *mem = shared_memory(mr_ring_bytes(256, 16));
    mr_ring_init(mem, 256, 16, MR_RING_LAP);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, overwrite_groups, mem), 0);
    tap_to_the_end(mem);
    pthread_join(thread, NULL);
    munmap(mem, mr_ring_bytes(256, 16));
}

#define IMAGE_WORDS 37

static void *write_images(void *image)
{
    uint64_t payload[IMAGE_WORDS], count = records(5000000);
    for (uint64_t v = 1; v <= count; v++) {
        for (uint64_t k = 0; k < IMAGE_WORDS; k++)
            payload[k] = v * (k + 1);
        mr_image_write(image, payload, sizeof payload);
        if (v % 1024 == 0)
            sched_yield();
    }
    return NULL;
}

static void an_image_is_never_torn(void **state)
{
    (void)state;
    void *mem = shared_memory(4096);
    struct mr_image *image = mr_image_init(mem, IMAGE_WORDS * 8);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_images, image), 0);
    uint64_t payload[IMAGE_WORDS], version = 0, last = 0, count = records(5000000), busy = 0;
    while (version < count) {
        int status = mr_image_read(image, payload, sizeof payload, &version);
        if (status == MR_OK) {
            assert_true(version >= last);
            for (uint64_t k = 0; k < IMAGE_WORDS; k++)
                assert_int_equal(payload[k], version * (k + 1));
            last = version;
        } else {
            assert_true(status == MR_E_AGAIN || status == MR_E_EMPTY);
            busy++;
            sched_yield();
        }
    }
    pthread_join(thread, NULL);
    munmap(mem, 4096);
}

/* ---- the protocol, by exhaustive interleaving ----
 * The steps of each side that touch shared memory, one at a time, with stale copies of the other's index as cached; in
 * every reachable state of a ring of 2 or 4 slots the reader must read what was written last to a slot before its
 * publication, and the writer must not touch a slot that is published and not released. */

#define MODEL_RECORDS 7
struct model {
    uint8_t head, tail, w_head, w_tail_seen, r_tail, r_head_seen, w_at, r_at, slot[4];
};
enum { LOOK, FILL, PUBLISH };
enum { PEEK, USE, RELEASE };

static uint32_t model_states, model_slots;
static uint8_t model_seen[1 << 22];

static uint32_t model_key(const struct model *m)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < sizeof *m; i++)
        hash = (hash ^ ((const uint8_t *)m)[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 29);
}

static struct model *model_table;
static bool model_new(const struct model *m)
{
    for (uint32_t at = model_key(m) % (1 << 22);; at = (at + 1) % (1 << 22)) {
        if (!model_seen[at]) {
            model_seen[at] = 1;
            model_table[at] = *m;
            model_states++;
            return true;
        }
        if (memcmp(&model_table[at], m, sizeof *m) == 0)
            return false;
    }
}

static bool writer_step(struct model *m)
{
    switch (m->w_at) {
    case LOOK:
        if (m->w_head == MODEL_RECORDS)
            return false;
        if (m->w_head + 1 - m->w_tail_seen > (int)model_slots)
            m->w_tail_seen = m->tail;
        if (m->w_head + 1 - m->w_tail_seen <= (int)model_slots)
            m->w_at = FILL;
        return true;
    case FILL:
        assert_true(m->w_head - m->tail < (int)model_slots); /* nothing unreleased lies there */
        m->slot[m->w_head % model_slots] = (uint8_t)(m->w_head + 1);
        m->w_at = PUBLISH;
        return true;
    default:
        m->head = ++m->w_head;
        m->w_at = LOOK;
        return true;
    }
}

static bool reader_step(struct model *m)
{
    switch (m->r_at) {
    case PEEK:
        if (m->r_tail == MODEL_RECORDS)
            return false;
        if (m->r_head_seen == m->r_tail)
            m->r_head_seen = m->head;
        if (m->r_head_seen != m->r_tail)
            m->r_at = USE;
        return true;
    case USE:
        assert_int_equal(m->slot[m->r_tail % model_slots], m->r_tail + 1);
        m->r_at = RELEASE;
        return true;
    default:
        m->tail = ++m->r_tail;
        m->r_at = PEEK;
        return true;
    }
}

/* Either side may also die at any step and come back with what is in shared memory. */
static void explore(struct model m)
{
    if (!model_new(&m))
        return;
    struct model next = m;
    if (writer_step(&next))
        explore(next);
    next = m;
    if (reader_step(&next))
        explore(next);
    next = m;
    next.w_head = m.head, next.w_tail_seen = m.tail, next.w_at = LOOK;
    explore(next);
    next = m;
    next.r_tail = next.r_head_seen = m.tail, next.r_at = PEEK;
    explore(next);
}

static void every_interleaving_of_a_small_ring_is_sound(void **state)
{
    (void)state;
    model_table = malloc(sizeof *model_table << 22);
    assert_non_null(model_table);
    for (model_slots = 1; model_slots <= 4; model_slots *= 2) {
        memset(model_seen, 0, sizeof model_seen);
        model_states = 0;
        explore((struct model){0});
        print_message("%u slots: %u states\n", model_slots, model_states);
        assert_true(model_states > 50);
    }
    free(model_table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_of_varying_length_cross_between_threads),
        cmocka_unit_test(a_lapped_tap_counts_every_slot_between_threads),
        cmocka_unit_test(an_image_is_never_torn),
        cmocka_unit_test(groups_of_varying_length_cross_between_processes),
        cmocka_unit_test(a_lapped_tap_counts_every_slot_between_processes),
        cmocka_unit_test(a_hundred_million_records_cross_between_processes),
        cmocka_unit_test(every_interleaving_of_a_small_ring_is_sound),
    };
    return MR_TEST_MAIN(tests);
}
