#include "dataplane/ring/bytes.h"
#include "tests/dataplane/ring/groups.h"
#include "tests/support/support.h"

struct pair {
    void *mem;
    size_t bytes;
    struct mr_ring_writer w;
    struct mr_ring_reader r;
};

static struct pair *pair_open(uint32_t slots, uint32_t group_max, enum mr_ring_policy policy)
{
    struct pair *p = aligned_alloc(128, (sizeof *p + 127) / 128 * 128);
    p->bytes = mr_ring_bytes(slots, group_max);
    p->mem = aligned_alloc(128, p->bytes);
    assert_int_equal(mr_ring_init(p->mem, slots, group_max, policy), MR_OK);
    assert_int_equal(mr_ring_writer_open(&p->w, p->mem, p->bytes), MR_OK);
    if (policy != MR_RING_LAP)
        assert_int_equal(mr_ring_reader_open(&p->r, p->mem, p->bytes), MR_OK);
    return p;
}

static void pair_close(struct pair *p)
{
    free(p->mem);
    free(p);
}

static void groups_of_any_length_arrive_whole_and_in_order(void **state)
{
    (void)state;
    static const struct {
        uint32_t slots, group_max;
    } shapes[] = {{2, 1}, {2, 2}, {8, 8}, {8, 3}, {64, 17}, {64, 64}, {1024, 100}};
    struct mr_random random = {3};
    for (size_t s = 0; s < MR_COUNT_OF(shapes); s++) {
        struct pair *p = pair_open(shapes[s].slots, shapes[s].group_max, MR_RING_BACKPRESSURE);
        uint64_t sent = 0, got = 0, full = 0, empty = 0;
        while (got < 20000) {
            uint32_t n = 1 + (uint32_t)mr_random_below(&random, shapes[s].group_max), ready;
            void *slot = mr_ring_reserve(&p->w, n);
            if (slot) {
                group_fill(slot, sent++, n);
                mr_ring_publish(&p->w, n);
            } else {
                full++;
            }
            for (uint64_t reads = mr_random_below(&random, 3); reads > 0; reads--) {
                const struct group *g = mr_ring_peek(&p->r, &ready);
                if (!g) {
                    empty++;
                    break;
                }
                assert_true(ready >= 1 && mr_ring_has(&p->r, g->len));
                assert_true(group_whole(g, got++, g->len));
                mr_ring_release(&p->r, g->len);
            }
        }
        assert_true(full > 0 && empty > 0);
        assert_int_equal(p->r.status, MR_OK);
        assert_int_equal(mr_ring_check(p->mem, p->bytes), MR_OK);
        pair_close(p);
    }
}

static void a_full_ring_says_so_and_loses_nothing(void **state)
{
    (void)state;
    struct pair *p = pair_open(8, 4, MR_RING_BACKPRESSURE);
    for (uint64_t i = 0; i < 8; i++) {
        group_fill(mr_ring_reserve(&p->w, 1), i, 1);
        mr_ring_publish(&p->w, 1);
    }
    assert_null(mr_ring_reserve(&p->w, 1));
    uint32_t ready;
    assert_non_null(mr_ring_peek(&p->r, &ready));
    assert_int_equal(ready, 8);
    mr_ring_release(&p->r, 3);
    assert_null(mr_ring_reserve(&p->w, 4));
    assert_non_null(mr_ring_reserve(&p->w, 3));
    struct mr_ring_stats stats;
    mr_ring_stats(p->mem, &stats);
    assert_int_equal(stats.published, 8);
    assert_int_equal(stats.released, 3);
    assert_int_equal(stats.used, 5);
    assert_int_equal(stats.slots, 8);
    assert_int_equal(stats.dropped, 0);
    assert_int_equal(stats.epoch_writer, 1);
    assert_int_equal(stats.epoch_reader, 1);
    pair_close(p);
}

static void an_unpublished_group_is_not_seen(void **state)
{
    (void)state;
    struct pair *p = pair_open(8, 8, MR_RING_BACKPRESSURE);
    uint32_t ready = 7;
    group_fill(mr_ring_reserve(&p->w, 5), 0, 5);
    assert_null(mr_ring_peek(&p->r, &ready));
    assert_int_equal(ready, 0);
    assert_int_equal(p->r.status, MR_OK);
    mr_ring_publish(&p->w, 5);
    assert_non_null(mr_ring_peek(&p->r, &ready));
    assert_int_equal(ready, 5);
    pair_close(p);
}

static void batches_go_in_as_far_as_there_is_room(void **state)
{
    (void)state;
    struct pair *p = pair_open(16, 1, MR_RING_BACKPRESSURE);
    struct group in[24];
    uint64_t sent = 0, got = 0;
    struct mr_random random = {5};
    while (got < 5000) {
        uint32_t want = (uint32_t)mr_random_below(&random, 25), ready;
        for (uint32_t i = 0; i < want; i++)
            group_fill(&in[i], sent + i, 1);
        uint64_t room = 16 - (sent - got);
        uint32_t put = mr_ring_publish_batch(&p->w, in, want);
        assert_int_equal(put, want < room ? want : room);
        sent += put;
        const struct group *g = mr_ring_peek(&p->r, &ready);
        uint32_t take = (uint32_t)mr_random_below(&random, ready + 1u);
        for (uint32_t i = 0; g && i < take; i++)
            assert_true(group_whole(&g[i], got + i, 1));
        if (g)
            mr_ring_release(&p->r, take);
        got += g ? take : 0;
    }
    pair_close(p);
}

static void a_drop_is_counted_and_told_once_when_there_is_room(void **state)
{
    (void)state;
    struct pair *p = pair_open(4, 1, MR_RING_GAP);
    uint64_t first = 0, count = 0;
    assert_false(mr_ring_gap(&p->w, &first, &count));
    for (uint64_t seq = 100; seq < 111; seq++) {
        if (mr_ring_reserve(&p->w, 1))
            mr_ring_publish(&p->w, 1);
        else
            mr_ring_drop(&p->w, seq);
    }
    assert_false(mr_ring_gap(&p->w, &first, &count)); /* no room for the marker yet */
    uint32_t ready;
    assert_non_null(mr_ring_peek(&p->r, &ready));
    mr_ring_release(&p->r, 1);
    assert_true(mr_ring_gap(&p->w, &first, &count));
    assert_int_equal(first, 104);
    assert_int_equal(count, 7);
    assert_false(mr_ring_gap(&p->w, &first, &count));
    struct mr_ring_stats stats;
    mr_ring_stats(p->mem, &stats);
    assert_int_equal(stats.dropped, 7);
    pair_close(p);
}

static void a_tap_reads_what_is_there_and_counts_what_is_not(void **state)
{
    (void)state;
    struct pair *p = pair_open(16, 5, MR_RING_LAP);
    struct mr_tap tap;
    struct group in[5], out[5];
    assert_int_equal(mr_tap_open(&tap, p->mem, p->bytes, false), MR_OK);
    struct mr_random random = {9};
    uint64_t seq = 0, seen = 0, lapped = 0, sent_slots = 0, seen_slots = 0;
    for (int i = 0; i < 20000; i++) {
        uint32_t n = 1 + (uint32_t)mr_random_below(&random, 5);
        group_fill(in, seq++, n);
        mr_ring_put(&p->w, in, n);
        sent_slots += n;
        for (uint64_t reads = mr_random_below(&random, mr_random_below(&random, 10) ? 3 : 1); reads > 0; reads--) {
            int64_t got = mr_tap_read(&tap, group_length, out, 5);
            if (got == 0)
                break;
            if (got == MR_E_LAPPED) {
                lapped++;
                continue;
            }
            assert_true(got > 0 && got == out->len);
            assert_true(group_whole(out, out->seq, out->len) && out->seq >= seen);
            seen = out->seq + 1;
            seen_slots += (uint64_t)got;
        }
    }
    assert_true(lapped > 0 && seen_slots > 0);
    while (mr_tap_read(&tap, group_length, out, 5) != 0)
        if (tap.next != p->w.head)
            seen_slots += out->len;
    assert_true(seen_slots + tap.lost <= sent_slots && seen_slots + tap.lost + 10 >= sent_slots);
    pair_close(p);
}

static void a_tap_may_begin_with_old_records(void **state)
{
    (void)state;
    struct pair *p = pair_open(64, 3, MR_RING_LAP);
    struct group in[3], out[3];
    uint64_t oldest_seen = 0;
    for (uint64_t seq = 0; seq < 500; seq++) {
        uint32_t len = 1 + (uint32_t)seq % 3;
        group_fill(in, seq, len);
        mr_ring_put(&p->w, in, len);
        struct mr_tap tap;
        assert_int_equal(mr_tap_open(&tap, p->mem, p->bytes, true), MR_OK);
        assert_true(p->w.head - tap.next <= 64);
        if (p->w.head > 128)
            assert_true(p->w.head - tap.next >= 64 - 2 * 8 - 3); /* it really is old */
        uint64_t want = 0;
        for (int64_t got; (got = mr_tap_read(&tap, group_length, out, 3)) != 0; want = out->seq + 1) {
            assert_true(got > 0 && group_whole(out, out->seq, out->len)); /* every place it starts at begins a group */
            if (want)
                assert_int_equal(out->seq, want);
            else
                oldest_seen = out->seq;
        }
        assert_int_equal(want, seq + 1);
        assert_int_equal(tap.lost, 0);
    }
    assert_true(oldest_seen > 400);
    pair_close(p);
}

static void a_tap_refuses_what_does_not_fit(void **state)
{
    (void)state;
    struct pair *p = pair_open(16, 4, MR_RING_LAP);
    struct group in[4], out[4];
    struct mr_tap tap;
    mr_tap_open(&tap, p->mem, p->bytes, false);
    group_fill(in, 0, 3);
    mr_ring_put(&p->w, in, 3);
    assert_int_equal(mr_tap_read(&tap, group_length, out, 2), MR_E_TOO_BIG);
    assert_int_equal(mr_tap_read(&tap, group_length, out, 0), MR_E_TOO_BIG);
    assert_int_equal(mr_tap_read(&tap, group_length, out, 3), 3);
    static const uint32_t lengths[] = {0, 2, 5, UINT32_MAX};
    group_fill(in, 1, 1);
    for (size_t i = 0; i < MR_COUNT_OF(lengths); i++) {
        in[0].len = lengths[i];
        mr_ring_put(&p->w, in, 1);
        tap.next = p->w.head - 1;
        assert_int_equal(mr_tap_read(&tap, group_length, out, 4), MR_E_CORRUPT);
    }
    tap.next = p->w.head + 1;
    assert_int_equal(mr_tap_read(&tap, group_length, out, 4), MR_E_CORRUPT);
    pair_close(p);
}

static void a_watcher_sees_what_the_reader_has_not_released(void **state)
{
    (void)state;
    struct pair *p = pair_open(8, 2, MR_RING_BACKPRESSURE);
    struct mr_tap watch;
    struct group out[2];
    uint32_t ready;
    for (uint64_t i = 0; i < 3; i++) {
        group_fill(mr_ring_reserve(&p->w, 2), i, 2);
        mr_ring_publish(&p->w, 2);
    }
    assert_int_equal(mr_tap_open(&watch, p->mem, p->bytes, true), MR_OK);
    assert_int_equal(mr_tap_read(&watch, group_length, out, 2), 2);
    assert_true(group_whole(out, 0, 2));
    assert_non_null(mr_ring_peek(&p->r, &ready));
    mr_ring_release(&p->r, 4);
    assert_int_equal(mr_tap_read(&watch, group_length, out, 2), MR_E_LAPPED);
    assert_int_equal(watch.lost, 4);
    pair_close(p);
}

static void other_shapes_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t slots, group_max;
    } bad[] = {{0, 1}, {1, 1}, {3, 1}, {100, 1}, {64, 0}, {64, 65}, {1u << 27, 1}};
    _Alignas(128) uint8_t mem[4096];
    for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
        assert_int_equal(mr_ring_bytes(bad[i].slots, bad[i].group_max), 0);
        assert_int_equal(mr_ring_init(mem, bad[i].slots, bad[i].group_max, MR_RING_GAP), MR_E_INVALID);
    }
    assert_int_equal(mr_ring_init(mem + 64, 4, 1, MR_RING_GAP), MR_E_INVALID);
    assert_int_equal(mr_ring_init(mem, 4, 1, (enum mr_ring_policy)3), MR_E_INVALID);
    assert_int_equal(mr_ring_init(mem, 4, 1, MR_RING_LAP), MR_OK);
    struct mr_ring_reader r;
    assert_int_equal(mr_ring_reader_open(&r, mem, sizeof mem), MR_E_INVALID); /* LAP rings have taps */
}

static void byte_records_come_out_as_they_went_in(void **state)
{
    (void)state;
    static const uint32_t lens[] = {1, 47, 48, 49, 112, 113, 1000, 65535, 65536};
    size_t bytes = mr_bytes_ring_bytes(128 * 1024);
    void *mem = aligned_alloc(128, bytes);
    assert_int_equal(mr_bytes_ring_init(mem, 128 * 1024, MR_RING_BACKPRESSURE), MR_OK);
    struct mr_ring_writer w;
    struct mr_ring_reader r;
    assert_int_equal(mr_ring_writer_open(&w, mem, bytes), MR_OK);
    assert_int_equal(mr_ring_reader_open(&r, mem, bytes), MR_OK);
    const uint8_t *data;
    assert_null(mr_bytes_peek(&r, &data));
    for (uint32_t i = 0; i < 500; i++) {
        uint32_t len = lens[i % MR_COUNT_OF(lens)], room = len + i % 7 < 65536 ? len + i % 7 : 65536;
        uint8_t *into = mr_bytes_reserve(&w, room); /* more room than used in the end */
        assert_non_null(into);
        assert_int_equal((uintptr_t)into % 16, 0);
        memset(into, (int)i & 0xff, len);
        assert_null(mr_bytes_peek(&r, &data));
        mr_bytes_publish(&w, (uint16_t)i, 7, -(int64_t)i, len);
        const struct mr_bytes_head *head = mr_bytes_peek(&r, &data);
        assert_non_null(head);
        assert_true(head->len == len && head->kind == (uint16_t)i && head->tag == 7 && head->time_ns == -(int64_t)i);
        for (uint32_t k = 0; k < len; k++)
            assert_int_equal(data[k], i & 0xff);
        mr_bytes_release(&r);
    }
    assert_null(mr_bytes_reserve(&w, 65537));
    assert_null(mr_bytes_reserve(&w, 0));
    assert_null(mr_bytes_reserve(&w, UINT32_MAX));
    assert_non_null(mr_bytes_reserve(&w, 65536));
    mr_bytes_publish(&w, 1, 1, 1, 65536);
    assert_null(mr_bytes_reserve(&w, 65536)); /* two do not fit */
    assert_int_equal(w.status, MR_OK);
    free(mem);
}

static void a_byte_record_of_impossible_length_stops_the_reader(void **state)
{
    (void)state;
    static const uint32_t lens[] = {0, 65537, 49, UINT32_MAX, UINT32_MAX - 15};
    for (size_t i = 0; i < MR_COUNT_OF(lens); i++) {
        size_t bytes = mr_bytes_ring_bytes(128 * 1024);
        void *mem = aligned_alloc(128, bytes);
        mr_bytes_ring_init(mem, 128 * 1024, MR_RING_BACKPRESSURE);
        struct mr_ring_writer w;
        struct mr_ring_reader r;
        mr_ring_writer_open(&w, mem, bytes);
        mr_ring_reader_open(&r, mem, bytes);
        uint8_t *into = mr_bytes_reserve(&w, 8);
        mr_bytes_publish(&w, 1, 1, 1, 8);
        memcpy(into - 16, &lens[i], 4); /* as if the other process were bad */
        const uint8_t *data;
        assert_null(mr_bytes_peek(&r, &data));
        assert_int_equal(r.status, MR_E_CORRUPT);
        memcpy(into - 16, &(uint32_t){8}, 4);
        assert_null(mr_bytes_peek(&r, &data)); /* for good */
        free(mem);
    }
    static const uint32_t areas[] = {0, 64 * 1024, 128 * 1024 + 64, 192 * 1024};
    for (size_t i = 0; i < MR_COUNT_OF(areas); i++)
        assert_int_equal(mr_bytes_ring_init(NULL, areas[i], MR_RING_GAP), MR_E_INVALID);
}

static void byte_records_can_be_tapped(void **state)
{
    (void)state;
    size_t bytes = mr_bytes_ring_bytes(128 * 1024);
    void *mem = aligned_alloc(128, bytes);
    assert_int_equal(mr_bytes_ring_init(mem, 128 * 1024, MR_RING_LAP), MR_OK);
    struct mr_ring_writer w;
    struct mr_tap tap;
    assert_int_equal(mr_ring_writer_open(&w, mem, bytes), MR_OK);
    assert_int_equal(mr_tap_open(&tap, mem, bytes, false), MR_OK);
    static uint8_t out[66000];
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t len = 1 + i * 61;
        memset(mr_bytes_reserve(&w, len), (int)i & 0xff, len);
        mr_bytes_publish(&w, 3, 4, 5, len);
        int64_t n = mr_tap_read(&tap, mr_bytes_slots, out, sizeof out / 64);
        assert_int_equal(n, (len + 16 + 63) / 64);
        assert_int_equal(out[16 + len - 1], i & 0xff);
    }
    free(mem);
}

/* Publishes so many slots, takes all that one look shows, and says how long the next look would wait. */
static uint32_t breath_after(struct pair *p, uint32_t slots)
{
    uint32_t ready;
    for (uint32_t i = 0; i < slots; i++) {
        assert_non_null(mr_ring_reserve(&p->w, 1));
        mr_ring_publish(&p->w, 1);
    }
    const void *slot = mr_ring_peek(&p->r, &ready);
    assert_int_equal(ready, slots);
    assert_true((slot != NULL) == (slots > 0));
    if (slots)
        mr_ring_release(&p->r, slots);
    return p->r.breath;
}

static void a_reader_waits_longer_in_a_run_and_not_when_messages_come_one_by_one(void **state)
{
    (void)state;
    const uint32_t least = MR_RING_BREATH_LEAST, most = MR_RING_BREATH_MOST;
    struct pair *p = pair_open(256, 1, MR_RING_BACKPRESSURE);
    for (int again = 0; again < 2; again++) {
        for (int i = 0; i < 20; i++)
            assert_int_equal(breath_after(p, 1), least);
        for (uint32_t want = least; want < most;)
            assert_int_equal(breath_after(p, MR_RING_RUN), want *= 2);
        assert_int_equal(breath_after(p, MR_RING_RUN), most); /* and no longer */
        assert_int_equal(breath_after(p, again ? 0 : MR_RING_RUN - 1), least);
        assert_int_equal(breath_after(p, MR_RING_RUN_MANY), least); /* a long run needs no longer wait */
        assert_int_equal(breath_after(p, 0), least);
    }
    pair_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_of_any_length_arrive_whole_and_in_order),
        cmocka_unit_test(a_full_ring_says_so_and_loses_nothing),
        cmocka_unit_test(a_reader_waits_longer_in_a_run_and_not_when_messages_come_one_by_one),
        cmocka_unit_test(an_unpublished_group_is_not_seen),
        cmocka_unit_test(batches_go_in_as_far_as_there_is_room),
        cmocka_unit_test(a_drop_is_counted_and_told_once_when_there_is_room),
        cmocka_unit_test(a_tap_reads_what_is_there_and_counts_what_is_not),
        cmocka_unit_test(a_tap_may_begin_with_old_records),
        cmocka_unit_test(a_tap_refuses_what_does_not_fit),
        cmocka_unit_test(a_watcher_sees_what_the_reader_has_not_released),
        cmocka_unit_test(other_shapes_are_refused),
        cmocka_unit_test(byte_records_come_out_as_they_went_in),
        cmocka_unit_test(a_byte_record_of_impossible_length_stops_the_reader),
        cmocka_unit_test(byte_records_can_be_tapped),
    };
    return MR_TEST_MAIN(tests);
}
