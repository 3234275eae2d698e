/* G4: random octets in header and slots, as if the other process were bad. Nothing is read or written outside the ring,
 * which ends at an unmapped page; every call returns; a handle that noticed stays stopped. */
#include "dataplane/ring/bytes.h"
#include "dataplane/ring/image.h"
#include "tests/dataplane/ring/groups.h"
#include "tests/support/support.h"

static uint64_t rounds(uint64_t full)
{
    const char *quick = getenv("MILLRACE_QUICK");
    return quick && *quick == '1' ? full / 20 : full;
}

static size_t guarded_bytes(size_t bytes) { return (bytes + 127) / 128 * 128; }

/* Values that hurt: near the indices, near the limits, or anything. */
static uint64_t nasty(struct mr_random *random, uint64_t near)
{
    switch (mr_random_below(random, 5)) {
    case 0:
        return mr_random_next(random);
    case 1:
        return near + mr_random_below(random, 9) - 4;
    case 2:
        return near + ((uint64_t)1 << mr_random_below(random, 64));
    case 3:
        return near - ((uint64_t)1 << mr_random_below(random, 64));
    default:
        return mr_random_below(random, 2) ? 0 : UINT64_MAX;
    }
}

static void scribble(uint8_t *mem, size_t bytes, struct mr_random *random, uint64_t near)
{
    uint64_t hits = 1 + mr_random_below(random, 4);
    for (uint64_t i = 0; i < hits; i++) {
        if (mr_random_below(random, 2)) { /* an octet anywhere */
            mem[mr_random_below(random, bytes)] = (uint8_t)mr_random_next(random);
            continue;
        }
        uint64_t value = nasty(random, near); /* a word of the header, often an index */
        size_t words = sizeof(struct mr_ring) / 8,
               word = mr_random_below(random, 4) ? mr_random_below(random, 4) * 16 : mr_random_below(random, words);
        memcpy(mem + word * 8, &value, 8);
    }
}

struct world {
    uint8_t *mem;
    size_t bytes;
    struct mr_ring_writer w;
    struct mr_ring_reader r;
    struct mr_tap tap;
    uint64_t sink;
};

static void use_all(struct world *v, struct mr_random *random)
{
    struct group out[8], in[8];
    uint32_t ready, n = 1 + (uint32_t)mr_random_below(random, v->w.group_max < 8 ? v->w.group_max : 8);
    for (uint32_t i = 0; i < n; i++)
        group_fill(&in[i], 2, 1);
    uint64_t writes = mr_random_below(random, 4), reads = mr_random_below(random, 4);
    for (uint64_t i = 0; i < writes * writes * writes; i++) { /* none, one, some, until it is full */
        struct group *slot = mr_ring_reserve(&v->w, n);
        if (slot) {
            group_fill(slot, 1, n);
            mr_ring_publish(&v->w, n);
        }
        mr_ring_publish_batch(&v->w, in, n);
    }
    for (uint64_t i = 0; i < reads; i++) {
        const struct group *g = mr_ring_peek(&v->r, &ready);
        assert_true(ready <= 64);
        if (!g)
            break;
        for (uint32_t k = 0; k < ready; k++)
            v->sink += g[k].word[5];
        uint32_t len = g->len; /* read once, checked, then believed */
        if (!mr_ring_has(&v->r, len))
            break;
        for (uint32_t k = 0; k < len; k++)
            v->sink += g[k].word[5];
        mr_ring_release(&v->r, len);
    }
    for (int i = 0; i < 3; i++) {
        int64_t got = mr_tap_read(&v->tap, group_length, out, 8);
        assert_true(got <= 8);
        v->sink += got > 0 ? out[got - 1].word[5] : 0;
    }
    struct mr_ring_stats stats;
    mr_ring_stats(v->mem, &stats);
    mr_ring_reader_epoch(&v->r);
    uint64_t first, count;
    mr_ring_drop(&v->w, 5);
    mr_ring_gap(&v->w, &first, &count);
}

static void scribbled_rings_do_no_harm(void **state)
{
    (void)state;
    size_t bytes = mr_ring_bytes(64, 8);
    struct mr_guard guard = mr_guard_open(guarded_bytes(bytes));
    struct world v = {.mem = guard.data, .bytes = bytes};
    struct mr_random random = {2026};
    uint64_t reader_stopped = 0, writer_stopped = 0, refused = 0, opened = 0;
    for (uint64_t i = 0; i < rounds(400000); i++) {
        mr_ring_init(v.mem, 64, 8, i % 2 ? MR_RING_BACKPRESSURE : MR_RING_GAP);
        struct mr_ring *ring = (void *)v.mem;
        ring->head = ring->tail =
            mr_random_below(&random, 3) ? mr_random_below(&random, 1000) : mr_random_next(&random);
        assert_int_equal(mr_ring_writer_open(&v.w, v.mem, bytes), MR_OK);
        assert_int_equal(mr_ring_reader_open(&v.r, v.mem, bytes), MR_OK);
        assert_int_equal(mr_tap_open(&v.tap, v.mem, bytes, true), MR_OK);
        use_all(&v, &random);
        scribble(v.mem, bytes, &random, v.w.head);
        use_all(&v, &random);
        scribble(v.mem, bytes, &random, v.w.head);
        use_all(&v, &random);
        reader_stopped += v.r.status == MR_E_CORRUPT;
        writer_stopped += v.w.status == MR_E_CORRUPT;
        uint32_t ready = 1;
        if (v.r.status != MR_OK)
            assert_true(mr_ring_peek(&v.r, &ready) == NULL && ready == 0);
        /* and a newcomer finds this */
        if (mr_ring_check(v.mem, bytes) != MR_OK)
            refused++;
        if (mr_ring_writer_open(&v.w, v.mem, bytes) == MR_OK && mr_ring_reader_open(&v.r, v.mem, bytes) == MR_OK &&
            mr_tap_open(&v.tap, v.mem, bytes, i & 1) == MR_OK) {
            use_all(&v, &random);
            opened++;
        }
    }
    print_message("readers stopped %llu, writers %llu, newcomers refused %llu, let in %llu\n",
                  (unsigned long long)reader_stopped, (unsigned long long)writer_stopped, (unsigned long long)refused,
                  (unsigned long long)opened);
    assert_true(reader_stopped > 0 && writer_stopped > 0 && refused > 0 && opened > 0);
    mr_guard_close(&guard);
}

static void scribbled_lap_rings_do_no_harm(void **state)
{
    (void)state;
    size_t bytes = mr_ring_bytes(64, 8);
    struct mr_guard guard = mr_guard_open(guarded_bytes(bytes));
    struct mr_random random = {42};
    struct group in[8], out[8];
    uint64_t corrupt = 0, good = 0, lapped = 0;
    for (uint64_t i = 0; i < rounds(400000); i++) {
        struct mr_ring_writer w;
        struct mr_tap tap;
        mr_ring_init(guard.data, 64, 8, MR_RING_LAP);
        assert_int_equal(mr_ring_writer_open(&w, guard.data, bytes), MR_OK);
        assert_int_equal(mr_tap_open(&tap, guard.data, bytes, true), MR_OK);
        for (uint64_t k = mr_random_below(&random, 30); k > 0; k--) {
            uint32_t n = 1 + (uint32_t)mr_random_below(&random, 8);
            group_fill(in, k, n);
            mr_ring_put(&w, in, n);
        }
        scribble(guard.data, bytes, &random, w.head);
        for (int k = 0; k < 6; k++) {
            int64_t got = mr_tap_read(&tap, group_length, out, 8);
            assert_true(got <= 8);
            good += got > 0;
            lapped += got == MR_E_LAPPED;
            corrupt += got == MR_E_CORRUPT;
        }
        if (mr_ring_writer_open(&w, guard.data, bytes) == MR_OK)
            mr_ring_put(&w, in, w.group_max < 8 ? w.group_max : 8);
        if (mr_tap_open(&tap, guard.data, bytes, true) == MR_OK)
            mr_tap_read(&tap, group_length, out, 8);
    }
    assert_true(corrupt > 0 && good > 0 && lapped > 0);
    mr_guard_close(&guard);
}

static void scribbled_byte_rings_do_no_harm(void **state)
{
    (void)state;
    size_t bytes = mr_bytes_ring_bytes(128 * 1024);
    struct mr_guard guard = mr_guard_open(guarded_bytes(bytes));
    struct mr_random random = {17};
    uint64_t stopped = 0, read = 0, sink = 0;
    for (uint64_t i = 0; i < rounds(100000); i++) {
        struct mr_ring_writer w;
        struct mr_ring_reader r;
        const uint8_t *data;
        if (i % 512 == 0)
            mr_bytes_ring_init(guard.data, 128 * 1024, MR_RING_BACKPRESSURE);
        struct mr_ring *ring = (void *)guard.data;
        ring->head = ring->tail = mr_random_below(&random, 100000);
        ring->version = 1;
        if (mr_ring_writer_open(&w, guard.data, bytes) != MR_OK ||
            mr_ring_reader_open(&r, guard.data, bytes) != MR_OK) {
            mr_bytes_ring_init(guard.data, 128 * 1024, MR_RING_BACKPRESSURE);
            continue;
        }
        uint32_t len = 1 + (uint32_t)mr_random_below(&random, 300);
        uint8_t *into = mr_bytes_reserve(&w, len);
        uint8_t *head = into - 16;
        memset(into, 1, len);
        mr_bytes_publish(&w, 1, 1, 1, len);
        uint32_t said = mr_random_below(&random, 2) ? (uint32_t)nasty(&random, len) : len;
        memcpy(head, &said, 4);
        if (mr_random_below(&random, 2))
            scribble(guard.data, sizeof(struct mr_ring), &random, w.head);
        const struct mr_bytes_head *record = mr_bytes_peek(&r, &data);
        if (record) {
            uint32_t checked = record->len;
            memset(head, 0xff, 4); /* changed after it was checked: the reader has its own copy */
            assert_int_equal(record->len, checked);
            for (uint32_t k = 0; k < checked; k++)
                sink += data[k];
            mr_bytes_release(&r);
            read++;
        }
        stopped += r.status == MR_E_CORRUPT;
    }
    assert_true(stopped > 0 && read > 0 && sink > 0);
    mr_guard_close(&guard);
}

static void scribbled_images_do_no_harm(void **state)
{
    (void)state;
    size_t bytes = mr_image_bytes(100);
    struct mr_guard guard = mr_guard_open(bytes);
    struct mr_random random = {23};
    uint8_t payload[100] = {0};
    uint64_t good = 0, bad = 0;
    for (uint64_t i = 0; i < rounds(100000); i++) {
        struct mr_image *image = mr_image_init(guard.data, 100);
        mr_image_write(image, payload, sizeof payload);
        for (uint64_t k = 1 + mr_random_below(&random, 3); k > 0; k--) {
            uint64_t value = nasty(&random, 1);
            memcpy(guard.data + mr_random_below(&random, 8) * 8, &value, 8);
        }
        mr_image_check(guard.data, bytes) == MR_OK ? good++ : bad++;
        int status = mr_image_read(image, payload, sizeof payload, NULL);
        assert_true(status == MR_OK || status == MR_E_LAYOUT || status == MR_E_EMPTY);
        mr_image_write(image, payload, sizeof payload);
    }
    assert_true(good > 0 && bad > 0);
    mr_guard_close(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scribbled_rings_do_no_harm),
        cmocka_unit_test(scribbled_lap_rings_do_no_harm),
        cmocka_unit_test(scribbled_byte_rings_do_no_harm),
        cmocka_unit_test(scribbled_images_do_no_harm),
    };
    return MR_TEST_MAIN(tests);
}
