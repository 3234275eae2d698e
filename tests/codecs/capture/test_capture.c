#include "codecs/capture/capture.h"
#include "tests/support/support.h"

struct memory {
    uint8_t *data;
    size_t len, room;
    size_t fail_at;
};

static int keep(void *arg, const uint8_t *data, size_t len)
{
    struct memory *m = arg;
    if (m->fail_at && m->len + len > m->fail_at)
        return MR_E_IO;
    if (m->len + len > m->room)
        m->data = realloc(m->data, m->room = (m->len + len) * 2);
    memcpy(m->data + m->len, data, len);
    m->len += len;
    return MR_OK;
}

static struct mr_capture_record sample(struct mr_random *r, uint8_t *bytes, uint32_t max)
{
    struct mr_capture_record rec = {.recv_ns = (int64_t)(mr_random_next(r) >> 2),
                                    .len = (uint32_t)mr_random_below(r, max),
                                    .data = bytes,
                                    .connection = (uint16_t)mr_random_next(r),
                                    .kind = MR_CAPTURE_FRAME,
                                    .clock = 2,
                                    .venue = 3,
                                    .product = 1};
    for (uint32_t i = 0; i < rec.len; i++)
        bytes[i] = (uint8_t)("{\"a\":0123456789}"[mr_random_below(r, 16)]);
    if (mr_random_below(r, 10) == 0) {
        rec.kind = MR_CAPTURE_REST;
        rec.name = mr_span_of("/api/v3/depth?symbol=BTCUSDT");
    }
    return rec;
}

static void same(const struct mr_capture_record *a, const struct mr_capture_record *b)
{
    assert_int_equal(a->recv_ns, b->recv_ns);
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->connection, b->connection);
    assert_int_equal(a->clock, b->clock);
    assert_int_equal(a->venue, b->venue);
    assert_int_equal(a->product, b->product);
    assert_int_equal(a->name.len, b->name.len);
    if (a->name.len)
        assert_memory_equal(a->name.data, b->name.data, a->name.len);
}

#define RECORDS 2000
static struct memory record_some(int level, uint64_t seed)
{
    struct memory m = {0};
    struct mr_capture_writer *w = mr_capture_writer_init(malloc(mr_capture_writer_bytes()), level, keep, &m);
    static uint8_t bytes[4096];
    struct mr_random r = {seed};
    assert_int_equal(mr_capture_begin(w, "binance:usdm", 7, 123), MR_OK);
    for (int i = 0; i < RECORDS; i++) {
        struct mr_capture_record rec = sample(&r, bytes, sizeof bytes);
        assert_int_equal(mr_capture_add(w, &rec), MR_OK);
    }
    assert_int_equal(mr_capture_flush(w), MR_OK);
    free(w);
    return m;
}

/* Reads until the end or an error, checking each record against the generator; how many were good. */
static int good_records(const struct memory *m, size_t len, uint64_t seed, int *status)
{
    static uint8_t bytes[4096];
    struct mr_random r = {seed};
    struct mr_capture_reader *reader = mr_capture_reader_init(malloc(mr_capture_reader_bytes()));
    struct mr_capture_record got;
    int n = 0;
    *status = mr_capture_open(reader, m->data, len);
    while (*status == MR_OK && (*status = mr_capture_next(reader, &got)) == MR_OK) {
        struct mr_capture_record want = sample(&r, bytes, sizeof bytes);
        same(&want, &got);
        n++;
    }
    free(reader);
    return n;
}

static void what_was_recorded_is_read_back_bit_for_bit(void **state)
{
    (void)state;
    for (int level = 0; level <= 3; level += 3) {
        struct memory m = record_some(level, 42);
        int status;
        assert_int_equal(good_records(&m, m.len, 42, &status), RECORDS);
        assert_int_equal(status, MR_E_END);
        free(m.data);
    }
}

static void a_torn_file_is_readable_up_to_the_tear(void **state)
{
    (void)state;
    struct memory m = record_some(0, 5);
    int last = 0;
    for (size_t len = 0; len < m.len; len += len < 200 ? 1 : 4093) {
        int status, n = good_records(&m, len, 5, &status);
        bool whole = status == MR_E_END; /* cut exactly between blocks */
        assert_true(whole || status == MR_E_TRUNCATED || (len < 8 && status == MR_E_MAGIC));
        assert_true(n >= last && n <= RECORDS);
        last = n;
    }
    assert_true(last > RECORDS / 2);
    free(m.data);
}

static void a_flipped_bit_is_found_and_all_before_it_is_good(void **state)
{
    (void)state;
    struct memory m = record_some(3, 9);
    struct mr_random r = {1};
    for (int i = 0; i < 200; i++) {
        size_t at = (size_t)mr_random_below(&r, m.len);
        m.data[at] ^= (uint8_t)(1u << mr_random_below(&r, 8));
        int status;
        good_records(&m, m.len, 9, &status);
        assert_true(status == MR_E_CORRUPT || status == MR_E_MAGIC || status == MR_E_VERSION ||
                    status == MR_E_TRUNCATED);
        free(m.data);
        m = record_some(3, 9);
    }
    free(m.data);
}

static void files_of_another_kind_and_version_are_refused_by_name(void **state)
{
    (void)state;
    struct memory m = record_some(0, 1);
    int status;
    m.data[8] = 99;
    good_records(&m, m.len, 1, &status);
    assert_int_equal(status, MR_E_VERSION);
    m.data[0] = 'x';
    good_records(&m, m.len, 1, &status);
    assert_int_equal(status, MR_E_MAGIC);
    good_records(&m, 0, 1, &status);
    assert_int_equal(status, MR_E_MAGIC);
    free(m.data);
}

static void a_sink_that_fails_stops_the_writer_and_too_big_is_refused(void **state)
{
    (void)state;
    struct memory m = {.fail_at = 1000};
    struct mr_capture_writer *w = mr_capture_writer_init(malloc(mr_capture_writer_bytes()), 0, keep, &m);
    assert_int_equal(mr_capture_begin(w, "x", 1, 1), MR_OK);
    uint8_t bytes[2000] = {0};
    struct mr_capture_record rec = {.data = bytes, .len = sizeof bytes, .kind = MR_CAPTURE_FRAME};
    assert_int_equal(mr_capture_add(w, &rec), MR_OK);
    assert_int_equal(mr_capture_flush(w), MR_E_IO);
    assert_int_equal(mr_capture_add(w, &rec), MR_E_IO);
    mr_capture_writer_init(w, 0, keep, &m);
    rec.len = MR_CAPTURE_RECORD_MAX + 1;
    assert_int_equal(mr_capture_add(w, &rec), MR_E_TOO_BIG);
    free(w);
    free(m.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_recorded_is_read_back_bit_for_bit),
        cmocka_unit_test(a_torn_file_is_readable_up_to_the_tear),
        cmocka_unit_test(a_flipped_bit_is_found_and_all_before_it_is_good),
        cmocka_unit_test(files_of_another_kind_and_version_are_refused_by_name),
        cmocka_unit_test(a_sink_that_fails_stops_the_writer_and_too_big_is_refused),
    };
    return MR_TEST_MAIN(tests);
}
