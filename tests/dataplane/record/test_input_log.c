/* What a tile logs reads back as it was: through the ring, the record tile and the folder. */
#include "dataplane/record/input_log.h"

#include "tests/dataplane/record/rig.h"

#define OPS_MAX 60000

struct op {
    uint8_t kind, cause, venue, product;
    uint32_t ring;
    uint64_t count;
    int64_t ns;
    char symbol[MR_INPUT_SYMBOL_MAX + 1];
};
static struct op wanted[OPS_MAX], got[OPS_MAX];

/* Runs of one ring that nothing stood between are one run. */
static uint32_t add(struct op *ops, uint32_t n, struct op op)
{
    if (n && op.kind == MR_INPUT_TAKE && ops[n - 1].kind == MR_INPUT_TAKE && ops[n - 1].ring == op.ring) {
        ops[n - 1].count += op.count;
        return n;
    }
    assert_true(n < OPS_MAX);
    ops[n] = op;
    return n + 1;
}

static struct op random_op(struct mr_random *random, int64_t *now)
{
    struct op op = {.kind =
                        (uint8_t)(mr_random_below(random, 100) < 90 ? MR_INPUT_TAKE : 1 + mr_random_below(random, 3))};
    *now += (int64_t)mr_random_below(random, 1u << mr_random_below(random, 31)) -
            (mr_random_below(random, 50) == 0 ? 5000 : 0);
    if (op.kind == MR_INPUT_TAKE) {
        op.ring = (uint32_t)mr_random_below(random, mr_random_below(random, 10) ? 2 : MR_INPUT_RINGS_MAX);
        op.count = 1 + mr_random_below(random, 1ull << mr_random_below(random, 40));
        return op;
    }
    op.ns = *now;
    if (op.kind == MR_INPUT_GENERATION)
        op.count = mr_random_next(random);
    if (op.kind == MR_INPUT_BREAK) {
        op.cause = (uint8_t)mr_random_below(random, 64);
        op.venue = (uint8_t)mr_random_next(random);
        op.product = (uint8_t)mr_random_next(random);
        uint64_t len = 1 + mr_random_below(random, MR_INPUT_SYMBOL_MAX);
        for (uint64_t i = 0; i < len; i++)
            op.symbol[i] = (char)('A' + mr_random_below(random, 26));
    }
    return op;
}

static void log_op(struct mr_input_log *log, const struct op *op)
{
    struct mr_instrument it = {.venue = op->venue, .product = op->product, .symbol_len = (uint8_t)strlen(op->symbol)};
    memcpy(it.symbol, op->symbol, it.symbol_len);
    switch (op->kind) {
    case MR_INPUT_TAKE:
        mr_input_log_take(log, op->ring, op->count);
        break;
    case MR_INPUT_TICK:
        mr_input_log_tick(log, op->ns);
        break;
    case MR_INPUT_BREAK:
        assert_true(mr_input_log_break(log, &it, op->cause, op->ns));
        break;
    default:
        assert_true(mr_input_log_generation(log, op->count, op->ns));
        break;
    }
}

static void read_record(const struct mr_capture_record *record, uint64_t number, uint32_t *n)
{
    struct mr_input_reader reader;
    struct mr_input in;
    assert_int_equal(mr_input_open(&reader, record->data, record->len), MR_OK);
    assert_int_equal(reader.number, number);
    while (mr_input_next(&reader, &in) == MR_OK) {
        struct op op = {.kind = in.kind,
                        .cause = in.cause,
                        .venue = in.venue,
                        .product = in.product,
                        .ring = in.ring,
                        .count = in.count,
                        .ns = in.ns};
        memcpy(op.symbol, in.symbol.data ? (const char *)in.symbol.data : "", in.symbol.len);
        *n = add(got, *n, op);
    }
    assert_int_equal(reader.status, MR_E_END);
}

static uint32_t read_all(const struct rig *r)
{
    struct mr_recording *row;
    struct mr_err err;
    struct mr_capture_record record;
    uint64_t number = 0;
    uint32_t n = 0;
    assert_int_equal(mr_recording_open(&row, r->folder, "engine-0", &err), MR_OK);
    while (mr_recording_next(row, &record) == MR_OK)
        if (record.kind == MR_CAPTURE_INPUT)
            read_record(&record, number++, &n);
    mr_recording_close(row);
    return n;
}

static void all_that_is_logged_reads_back_in_order(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct rig *r = rig_open(1u << 20);
        struct mr_err err;
        assert_int_equal(rig_boot(r, &err), MR_OK);
        struct mr_input_log log;
        struct mr_random random = {seed};
        int64_t now = RIG_START;
        uint32_t want = 0;
        mr_input_log_init(&log, &r->put[2], &r->control);
        for (int i = 0; i < OPS_MAX; i++) {
            struct op op = random_op(&random, &now);
            want = add(wanted, want, op);
            log_op(&log, &op);
            if (mr_random_below(&random, 100) == 0) {
                rig_step(r);
                mr_input_log_housekeep(&log, r->now_ns);
            }
        }
        mr_input_log_flush(&log, r->now_ns);
        assert_int_equal(log.lost, 0);
        rig_halt(r);
        uint32_t n = read_all(r);
        assert_int_equal(n, want);
        for (uint32_t i = 0; i < n; i++)
            assert_memory_equal(&got[i], &wanted[i], sizeof got[i]);
        rig_close(r);
    }
}

static void times_of_any_size_read_back(void **state)
{
    (void)state;
    static const int64_t times[] = {
        0, -1, 1, INT64_MAX, INT64_MIN, INT64_MAX - 1, 0, INT64_MIN + 1, 1700000000000000000};
    struct rig *r = rig_open(1u << 20);
    struct mr_err err;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    struct mr_input_log log;
    mr_input_log_init(&log, &r->put[2], NULL);
    for (size_t i = 0; i < MR_COUNT_OF(times); i++)
        mr_input_log_tick(&log, times[i]);
    mr_input_log_flush(&log, r->now_ns);
    rig_halt(r);
    assert_int_equal(read_all(r), MR_COUNT_OF(times));
    for (size_t i = 0; i < MR_COUNT_OF(times); i++)
        assert_int_equal(got[i].ns, times[i]);
    rig_close(r);
}

/* To the last slot. */
static void fill_ring(struct mr_ring_writer *ring)
{
    static const uint8_t bytes[60000];
    static const uint32_t lens[] = {60000, 1000, 1};
    for (size_t i = 0; i < MR_COUNT_OF(lens); i++) {
        const struct mr_capture_record filler = {
            .recv_ns = RIG_START, .kind = MR_CAPTURE_FRAME, .data = bytes, .len = lens[i]};
        while (mr_record_offer(ring, &filler))
            ;
    }
}

static void a_log_that_finds_no_room_is_kept_then_dropped_and_its_number_is_missing(void **state)
{
    (void)state;
    struct rig *r = rig_open(128u << 10);
    struct mr_err err;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    struct mr_input_log log;
    mr_input_log_init(&log, &r->put[2], &r->control);
    int64_t now = RIG_START;
    fill_ring(&r->put[2]);
    for (int i = 0; i < 500; i++) /* a stretch that fits the buffer */
        mr_input_log_tick(&log, now += 100 * RIG_MS);
    mr_input_log_flush(&log, now);
    assert_int_equal(log.lost + log.number, 0);
    rig_step(r);
    mr_input_log_flush(&log, now);
    assert_int_equal(log.number, 1);
    fill_ring(&r->put[2]);
    for (int i = 0; i < 5000; i++) /* and one that does not */
        mr_input_log_tick(&log, now += 100 * RIG_MS);
    assert_true(log.lost > 0);
    uint64_t lost = log.lost;
    rig_step(r);
    mr_input_log_flush(&log, now);
    assert_int_equal(log.number, 2 + lost);
    rig_halt(r);
    assert_int_equal(r->metrics.lost, lost);
    struct mr_recording *row;
    struct mr_capture_record record;
    uint64_t numbers[3];
    uint32_t n = 0;
    assert_int_equal(mr_recording_open(&row, r->folder, "engine-0", &err), MR_OK);
    while (mr_recording_next(row, &record) == MR_OK)
        if (record.kind == MR_CAPTURE_INPUT) {
            struct mr_input_reader reader;
            assert_int_equal(mr_input_open(&reader, record.data, record.len), MR_OK);
            assert_true(n < 3);
            numbers[n++] = reader.number;
        }
    assert_int_equal(n, 2);
    assert_int_equal(numbers[0], 0);
    assert_int_equal(numbers[1], 1 + lost);
    assert_int_equal(mr_recording_lost(row), lost);
    mr_recording_close(row);
    rig_close(r);
}

static void nothing_is_logged_while_nothing_is_recorded(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    struct mr_err err;
    r->control.wanted = 0;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    struct mr_input_log log;
    mr_input_log_init(&log, &r->put[2], &r->control);
    const struct mr_instrument it = {.venue = 1, .symbol_len = 1, .symbol = "X"};
    mr_input_log_take(&log, 1, 5);
    mr_input_log_tick(&log, RIG_START);
    assert_false(mr_input_log_break(&log, &it, 1, RIG_START));
    mr_input_log_flush(&log, RIG_START);
    struct mr_ring_stats stats;
    mr_ring_stats(r->links[2].ring, &stats);
    assert_int_equal(stats.published + stats.dropped, 0);
    rig_close(r);
}

static void what_no_log_writes_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *says, *bytes;
        uint32_t len;
        int open, next;
    } cases[] = {
        {"nothing", "", 0, MR_E_TRUNCATED, 0},
        {"a version of tomorrow", "\x02\x00\x00", 3, MR_E_VERSION, 0},
        {"cut in its head", "\x01\x80", 2, MR_E_TRUNCATED, 0},
        {"no ops", "\x01\x00\x00", 3, MR_OK, MR_E_END},
        {"a run of none", "\x01\x00\x00\x00\x00", 5, MR_OK, MR_E_MALFORMED},
        {"a run of one", "\x01\x00\x00\x00\x01", 5, MR_OK, MR_OK},
        {"a run without its number", "\x01\x00\x00\x04", 4, MR_OK, MR_E_TRUNCATED},
        {"ring 63", "\x01\x00\x00\xfc\x01", 5, MR_OK, MR_E_MALFORMED},
        {"a number longer than it must be", "\x01\x00\x00\x00\x81\x00", 6, MR_OK, MR_E_MALFORMED},
        {"a number beyond 64 bits", "\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 14, MR_OK,
         MR_E_MALFORMED},
        {"a number that never ends", "\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 15, MR_OK,
         MR_E_MALFORMED},
        {"the largest number", "\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 14, MR_OK, MR_OK},
        {"a tick with a value", "\x01\x00\x00\x05\x02", 5, MR_OK, MR_E_MALFORMED},
        {"a break of no symbol", "\x01\x00\x00\x02\x01\x01\x00\x00", 8, MR_OK, MR_E_MALFORMED},
        {"a break of a symbol too long", "\x01\x00\x00\x02\x01\x01\x61\x00", 8, MR_OK, MR_E_MALFORMED},
        {"a break cut in its symbol", "\x01\x00\x00\x02\x01\x01\x03XY", 9, MR_OK, MR_E_TRUNCATED},
        {"a break", "\x01\x00\x00\x02\x01\x01\x02XY\x02", 10, MR_OK, MR_OK},
        {"a generation with a value", "\x01\x00\x00\x07\x02\x02", 6, MR_OK, MR_E_MALFORMED},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_guard guard = mr_guard_open(cases[i].len);
        struct mr_input_reader reader;
        struct mr_input in;
        memcpy(guard.data, cases[i].bytes, cases[i].len);
        int open = mr_input_open(&reader, guard.data, cases[i].len),
            next = open == MR_OK ? mr_input_next(&reader, &in) : 0;
        if (open != cases[i].open || next != cases[i].next)
            print_error("%s: %s, %s\n", cases[i].says, mr_status_name(open), mr_status_name(next));
        assert_int_equal(open, cases[i].open);
        assert_int_equal(next, cases[i].next);
        if (next < 0)
            assert_int_equal(mr_input_next(&reader, &in), next); /* it sticks */
        mr_guard_close(&guard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_logged_reads_back_in_order),
        cmocka_unit_test(times_of_any_size_read_back),
        cmocka_unit_test(a_log_that_finds_no_room_is_kept_then_dropped_and_its_number_is_missing),
        cmocka_unit_test(nothing_is_logged_while_nothing_is_recorded),
        cmocka_unit_test(what_no_log_writes_is_refused),
    };
    return MR_TEST_MAIN(tests);
}
