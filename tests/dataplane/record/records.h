/* Records that know what they are: all fields of number `i` of a row follow from i. */
#ifndef MR_TESTS_RECORD_RECORDS_H
#define MR_TESTS_RECORD_RECORDS_H

#include "dataplane/record/record_priv.h"
#include "tests/dataplane/record/rig.h"

#define DATA_MAX (6u << 20)
static uint8_t pattern[DATA_MAX + 256];

static inline void fill_pattern(void)
{
    struct mr_random random = {42};
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)mr_random_next(&random);
}

/* Record number `i` of a row: all its fields follow from i. */
static inline struct mr_capture_record record(uint32_t row, uint64_t i, uint32_t len)
{
    static const uint8_t kinds[] = {MR_CAPTURE_FRAME, MR_CAPTURE_FRAME,  MR_CAPTURE_FRAME,
                                    MR_CAPTURE_REST,  MR_CAPTURE_OPENED, MR_CAPTURE_CLOSED};
    static const char *const names[] = {"", "", "", "https://rest.test/depth?symbol=BTCUSDT", "", "connection reset"};
    size_t k = i % MR_COUNT_OF(kinds);
    return (struct mr_capture_record){.recv_ns = RIG_START + (int64_t)i * 1000 + row,
                                      .data = pattern + i * 20011 % (DATA_MAX - 5000000),
                                      .len = len,
                                      .connection = (uint16_t)(row * 100 + i % 7),
                                      .kind = kinds[k],
                                      .clock = (uint8_t)(i % 3),
                                      .venue = (uint8_t)(1 + i % 6),
                                      .product = (uint8_t)(i % 2),
                                      .name = mr_span_of(names[k])};
}

static inline bool same(const struct mr_capture_record *a, const struct mr_capture_record *b)
{
    return a->recv_ns == b->recv_ns && a->len == b->len && memcmp(a->data, b->data, a->len) == 0 &&
           a->connection == b->connection && a->kind == b->kind && a->clock == b->clock && a->venue == b->venue &&
           a->product == b->product && mr_span_is(a->name, (const char *)b->name.data, b->name.len);
}

static inline bool is_front(const struct mr_capture_record *r)
{
    return r->kind == MR_CAPTURE_INSTRUMENTS || r->kind == MR_CAPTURE_CONFIG || r->kind == MR_CAPTURE_NOTE;
}

static inline struct mr_recording *open_row(const struct rig *r, uint32_t row)
{
    struct mr_recording *in;
    struct mr_err err;
    assert_int_equal(mr_recording_open(&in, r->folder, r->links[row].name, &err), MR_OK);
    return in;
}

/* Reads the next record that is not of the front. */
static inline int next(struct mr_recording *in, struct mr_capture_record *out)
{
    int status;
    do
        status = mr_recording_next(in, out);
    while (status == MR_OK && is_front(out));
    return status;
}

static const uint32_t sizes[] = {0,
                                 1,
                                 100,
                                 1500,
                                 1499,
                                 1,
                                 40000,
                                 PART_MAX - 100,
                                 PART_MAX - 38,
                                 PART_MAX - 37,
                                 PART_MAX - 1,
                                 PART_MAX,
                                 PART_MAX + 1,
                                 2 * PART_MAX,
                                 2 * PART_MAX + 1,
                                 300000,
                                 5000000};

static inline uint32_t size_of(uint64_t i)
{
    return i < 6 * MR_COUNT_OF(sizes) ? sizes[i / 6] : (uint32_t)(i * 2654435761u % 3000);
}

#endif
