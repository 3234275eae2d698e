/* G2: either side, or both, go away and come back at any moment; and memory that is not what it should be is
 * refused. */
#include "dataplane/ring/bytes.h"
#include "dataplane/ring/image.h"
#include "tests/dataplane/ring/groups.h"
#include "tests/support/support.h"

enum who { WRITER = 1, READER = 2, BOTH = 3 };

/* What is going on in the ring (32 slots, groups of up to 4) when one goes away. */
/* clang-format off */
static const struct moment { const char *says; uint32_t through, waiting; bool half_written, half_read; } moments[] = {
    {"nothing was ever published", 0, 0, false, false},
    {"all was read", 5, 0, false, false},
    {"one waits", 5, 1, false, false},
    {"many wait", 5, 8, false, false},
    {"the ring is full", 5, 32, false, false},
    {"just before the end of the area", 31, 0, false, false},
    {"in the middle of writing", 5, 3, true, false},
    {"in the middle of writing the first", 0, 0, true, false},
    {"in the middle of reading", 5, 3, false, true},
    {"both in the middle", 29, 3, true, true},
};
/* clang-format on */

struct scene {
    void *mem;
    size_t bytes;
    struct mr_ring_writer w;
    struct mr_ring_reader r;
    uint64_t sent, got;
};

static bool send(struct scene *s, uint32_t n)
{
    void *slot = mr_ring_reserve(&s->w, n);
    if (!slot)
        return false;
    group_fill(slot, s->sent++, n);
    mr_ring_publish(&s->w, n);
    return true;
}

static bool receive(struct scene *s)
{
    uint32_t ready;
    const struct group *g = mr_ring_peek(&s->r, &ready);
    if (!g)
        return false;
    assert_true(mr_ring_has(&s->r, g->len) && group_whole(g, s->got, g->len));
    s->got++;
    mr_ring_release(&s->r, g->len);
    return true;
}

static void come_back(struct scene *s, enum who who, const struct moment *m)
{
    uint32_t ready;
    if (m->half_written && mr_ring_reserve(&s->w, 4))
        group_fill(mr_ring_reserve(&s->w, 4), 666, 4); /* never published */
    if (m->half_read)
        assert_non_null(mr_ring_peek(&s->r, &ready)); /* never released */
    if (who & WRITER) {
        memset(&s->w, 0xee, sizeof s->w);
        assert_int_equal(mr_ring_writer_open(&s->w, s->mem, s->bytes), MR_OK);
    }
    if (who & READER) {
        memset(&s->r, 0xee, sizeof s->r);
        assert_int_equal(mr_ring_reader_open(&s->r, s->mem, s->bytes), MR_OK);
    }
}

static void run(enum who who, const struct moment *m, uint32_t times)
{
    struct scene s = {.bytes = mr_ring_bytes(32, 4)};
    s.mem = aligned_alloc(128, s.bytes);
    mr_ring_init(s.mem, 32, 4, MR_RING_BACKPRESSURE);
    mr_ring_writer_open(&s.w, s.mem, s.bytes);
    mr_ring_reader_open(&s.r, s.mem, s.bytes);
    for (uint32_t i = 0; i < m->through; i++)
        assert_true(send(&s, 1) && receive(&s));
    for (uint32_t i = 0; i < m->waiting; i++)
        assert_true(send(&s, 1));
    for (uint32_t i = 0; i < times; i++)
        come_back(&s, who, m);
    /* a reader that stayed hears of the new writer, once, when it has read what the old one left */
    bool told = mr_ring_reader_epoch(&s.r);
    assert_int_equal(told, who == WRITER && m->waiting == 0);
    while (receive(&s))
        ;
    told |= mr_ring_reader_epoch(&s.r);
    assert_int_equal(told, who == WRITER);
    assert_false(mr_ring_reader_epoch(&s.r));
    assert_int_equal(s.got, s.sent); /* no hole, and nothing unpublished */
    for (uint32_t i = 0; i < 200; i++)
        assert_true(send(&s, 1 + i % 4) && receive(&s));
    struct mr_ring_stats stats;
    mr_ring_stats(s.mem, &stats);
    assert_int_equal(stats.epoch_writer, who & WRITER ? 1 + times : 1);
    assert_int_equal(stats.epoch_reader, who & READER ? 1 + times : 1);
    free(s.mem);
}

static void a_writer_that_comes_back_goes_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(moments); i++)
        run(WRITER, &moments[i], 1);
}

static void a_reader_that_comes_back_is_at_its_mark(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(moments); i++)
        run(READER, &moments[i], 1);
}

static void both_may_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(moments); i++)
        run(BOTH, &moments[i], 1);
}

static void again_and_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(moments); i++)
        for (enum who who = WRITER; who <= BOTH; who++)
            run(who, &moments[i], 5);
}

static void memory_of_another_kind_is_refused(void **state)
{
    (void)state;
    /* a 64-bit word of the header, what it becomes, the refusal (layout: ring_inline.h) */
    /* clang-format off */
    static const struct { const char *says; uint32_t word; uint64_t value; int want; } cases[] = {
        {"nothing", 0, 0, MR_E_MAGIC},
        {"another file", 0, 0x46464952, MR_E_MAGIC},
        {"a later version", 1, 0x4000000002, MR_E_VERSION},
        {"slots of 128 bytes", 1, 0x8000000001, MR_E_LAYOUT},
        {"no slots", 2, 0x400000000, MR_E_LAYOUT},
        {"a number of slots that is no power of two", 2, 0x400000021, MR_E_LAYOUT},
        {"more slots than the memory holds", 2, 0x400000040, MR_E_TRUNCATED},
        {"more slots than there can be", 2, 0x480000000, MR_E_LAYOUT},
        {"no groups", 2, 32, MR_E_LAYOUT},
        {"groups longer than the ring", 2, 0x2100000020, MR_E_LAYOUT},
        {"groups longer than the overhang", 2, 0x2000000020, MR_E_TRUNCATED},
        {"no such policy", 3, 7, MR_E_LAYOUT},
        {"a reader ahead of the writer", 32, 11, MR_E_CORRUPT},
        {"a writer further ahead than the ring is long", 16, 43, MR_E_CORRUPT},
        {"a writer behind", 16, 9, MR_E_CORRUPT},
        {"indices half the world apart", 16, UINT64_MAX / 2, MR_E_CORRUPT},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        size_t bytes = mr_ring_bytes(32, 4);
        uint64_t *mem = aligned_alloc(128, bytes);
        mr_ring_init(mem, 32, 4, MR_RING_BACKPRESSURE);
        mem[16] = mem[32] = 10;
        assert_int_equal(mr_ring_check(mem, bytes), MR_OK);
        mem[cases[i].word] = cases[i].value;
        struct mr_ring_writer w;
        struct mr_ring_reader r;
        if (mr_ring_check(mem, bytes) != cases[i].want)
            print_message("%s: %s\n", cases[i].says, mr_status_name(mr_ring_check(mem, bytes)));
        assert_int_equal(mr_ring_check(mem, bytes), cases[i].want);
        assert_int_equal(mr_ring_writer_open(&w, mem, bytes), cases[i].want);
        assert_int_equal(mr_ring_reader_open(&r, mem, bytes), cases[i].want);
        free(mem);
    }
}

static void memory_too_short_or_askew_is_refused(void **state)
{
    (void)state;
    size_t bytes = mr_ring_bytes(32, 4);
    uint8_t *mem = aligned_alloc(128, bytes + 128);
    mr_ring_init(mem, 32, 4, MR_RING_LAP);
    struct mr_tap tap;
    for (size_t len = 0; len < bytes; len += 61) {
        assert_int_equal(mr_ring_check(mem, len), MR_E_TRUNCATED);
        assert_int_equal(mr_tap_open(&tap, mem, len, true), MR_E_TRUNCATED);
    }
    assert_int_equal(mr_ring_check(mem + 64, bytes), MR_E_INVALID);
    struct mr_ring_writer w;
    ((uint64_t *)(void *)mem)[48] = 100; /* a claim no writer of this ring can have made */
    assert_int_equal(mr_ring_writer_open(&w, mem, bytes), MR_E_CORRUPT);
    free(mem);
}

static void images_of_another_kind_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t word;
        uint32_t value;
        int want;
    } cases[] = {
        {0, 1, MR_E_MAGIC},         {2, 2, MR_E_VERSION},      {3, 0, MR_E_LAYOUT},
        {3, 1u << 21, MR_E_LAYOUT}, {3, 4096, MR_E_TRUNCATED},
    };
    size_t bytes = mr_image_bytes(100);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        uint32_t *mem = aligned_alloc(64, bytes);
        struct mr_image *image = mr_image_init(mem, 100);
        uint8_t out[100] = {0};
        assert_int_equal(mr_image_check(mem, bytes), MR_OK);
        assert_int_equal(mr_image_check(mem, bytes - 1), MR_E_TRUNCATED);
        assert_int_equal(mr_image_read(image, out, 100, NULL), MR_E_EMPTY);
        assert_int_equal(mr_image_read(image, out, 99, NULL), MR_E_LAYOUT);
        mem[cases[i].word] = cases[i].value;
        assert_int_equal(mr_image_check(mem, bytes), cases[i].want);
        free(mem);
    }
    assert_int_equal(mr_image_bytes(0), 0);
    assert_int_equal(mr_image_bytes(MR_IMAGE_PAYLOAD_MAX + 1), 0);
}

static void an_image_of_any_size_reads_back(void **state)
{
    (void)state;
    for (uint32_t size = 1; size < 300; size += size < 70 ? 1 : 37) {
        struct mr_guard guard = mr_guard_open(mr_image_bytes(size));
        struct mr_image *image = mr_image_init(guard.data, size);
        uint8_t in[300], out[300];
        uint64_t version;
        for (uint32_t round = 1; round < 6; round++) {
            memset(in, (int)(round * 3), sizeof in);
            memset(out, 0xcc, sizeof out);
            mr_image_write(image, in, size);
            assert_int_equal(mr_image_read(image, out, size, &version), MR_OK);
            assert_int_equal(version, round);
            assert_memory_equal(in, out, size);
            assert_int_equal(out[size], 0xcc);
        }
        mr_guard_close(&guard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_that_comes_back_goes_on),
        cmocka_unit_test(a_reader_that_comes_back_is_at_its_mark),
        cmocka_unit_test(both_may_come_back),
        cmocka_unit_test(again_and_again),
        cmocka_unit_test(memory_of_another_kind_is_refused),
        cmocka_unit_test(memory_too_short_or_askew_is_refused),
        cmocka_unit_test(images_of_another_kind_are_refused),
        cmocka_unit_test(an_image_of_any_size_reads_back),
    };
    return MR_TEST_MAIN(tests);
}
