/* What is put comes back from the folder: whole, in order, counted where it is not, also after a kill. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "codecs/venue/venue.h"
#include "dataplane/record/record_priv.h"
#include "dataplane/record/table.h"
#include "dataplane/source/replay/replay.h"
#include "tests/dataplane/record/rig.h"

/* ---- records that know what they are ---- */

#define DATA_MAX (6u << 20)
static uint8_t pattern[DATA_MAX + 256];

static void fill_pattern(void)
{
    struct mr_random random = {42};
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)mr_random_next(&random);
}

/* Record number `i` of a row: all its fields follow from i. */
static struct mr_capture_record record(uint32_t row, uint64_t i, uint32_t len)
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

static bool same(const struct mr_capture_record *a, const struct mr_capture_record *b)
{
    return a->recv_ns == b->recv_ns && a->len == b->len && memcmp(a->data, b->data, a->len) == 0 &&
           a->connection == b->connection && a->kind == b->kind && a->clock == b->clock && a->venue == b->venue &&
           a->product == b->product && mr_span_is(a->name, (const char *)b->name.data, b->name.len);
}

static bool is_front(const struct mr_capture_record *r)
{
    return r->kind == MR_CAPTURE_INSTRUMENTS || r->kind == MR_CAPTURE_CONFIG || r->kind == MR_CAPTURE_NOTE;
}

static struct mr_recording *open_row(const struct rig *r, uint32_t row)
{
    struct mr_recording *in;
    struct mr_err err;
    assert_int_equal(mr_recording_open(&in, r->folder, r->links[row].name, &err), MR_OK);
    return in;
}

/* Reads the next record that is not of the front. */
static int next(struct mr_recording *in, struct mr_capture_record *out)
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

static uint32_t size_of(uint64_t i)
{
    return i < 6 * MR_COUNT_OF(sizes) ? sizes[i / 6] : (uint32_t)(i * 2654435761u % 3000);
}

/* ---- whole and in order ---- */

static void all_that_is_put_comes_back_over_many_segments(void **state)
{
    (void)state;
    for (int level = 1; level <= 3; level += 2) {
        struct rig *r = rig_open(8u << 20);
        struct mr_err err;
        r->config.segment_bytes = 2u << 20;
        r->config.zstd_level = level;
        assert_int_equal(rig_boot(r, &err), MR_OK);
        const uint64_t count = 2000;
        uint64_t bytes = 0;
        for (uint64_t i = 0; i < count; i++)
            for (uint32_t row = 0; row < RIG_LINKS; row++) {
                struct mr_capture_record out = record(row, i, size_of(i));
                if (!mr_record_offer(&r->put[row], &out)) {
                    rig_step(r);
                    assert_true(mr_record_put(&r->put[row], &out));
                }
                bytes += out.len + out.name.len;
            }
        rig_halt(r);
        assert_int_equal(r->metrics.records, count * RIG_LINKS);
        assert_int_equal(r->metrics.bytes, bytes);
        assert_int_equal(r->metrics.lost, 0);
        assert_int_equal(r->metrics.segments, rig_files(r));
        assert_true(rig_files(r) > 3 * RIG_LINKS);
        for (uint32_t row = 0; row < RIG_LINKS; row++) {
            struct mr_recording *in = open_row(r, row);
            struct mr_capture_record got;
            for (uint64_t i = 0; i < count; i++) {
                struct mr_capture_record want = record(row, i, size_of(i));
                assert_int_equal(next(in, &got), MR_OK);
                assert_true(same(&got, &want));
            }
            assert_int_equal(next(in, &got), MR_E_END);
            assert_int_equal(mr_recording_torn(in), 0);
            assert_int_equal(mr_recording_lost(in), 0);
            mr_recording_close(in);
        }
        rig_close(r);
    }
}

static struct mr_instruments *table(void)
{
    struct mr_instruments *t = mr_instruments_init(rig_alloc(mr_instruments_bytes(16)), 16);
    mr_instruments_add_bare(t, MR_VENUE_binance, 1, mr_span_of("ETHUSDT"));
    struct mr_instrument it = {.venue = MR_VENUE_okx,
                               .product = 0,
                               .type = MR_TYPE_PERPETUAL,
                               .multiplier = 1,
                               .multiplier_scale = 2,
                               .symbol_len = 13};
    memcpy(it.symbol, "BTC-USDT-SWAP", 13);
    strcpy(it.base, "BTC");
    strcpy(it.quote, "USDT");
    assert_int_equal(mr_instrument_scales(&it, mr_span_of("0.1"), mr_span_of("0.01")), MR_OK);
    assert_int_equal(mr_instruments_add(t, &it), 1);
    mr_instruments_add_bare(t, MR_VENUE_bybit, 0, mr_span_of("odd\"\\symbol"));
    return t;
}

static void every_segment_begins_with_the_table_and_the_config(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    struct mr_instruments *instruments = table();
    struct mr_err err;
    r->config.instruments = instruments;
    r->config.yaml = "instance: test\n";
    r->config.segment_bytes = 300000;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    for (uint64_t i = 0; i < 300; i++) {
        struct mr_capture_record out = record(0, i, 10000);
        assert_true(mr_record_put(&r->put[0], &out));
        rig_step(r);
    }
    rig_halt(r);
    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    uint32_t segments = 0, at = UINT32_MAX;
    uint64_t i = 0;
    while (mr_recording_next(in, &got) == MR_OK) {
        if (mr_recording_segment(in) != at) {
            at = mr_recording_segment(in);
            assert_int_equal(at, segments++);
            assert_int_equal(got.kind, MR_CAPTURE_INSTRUMENTS);
            struct mr_instruments *read = mr_instruments_init(rig_alloc(mr_instruments_bytes(16)), 16);
            assert_int_equal(mr_record_table_read((struct mr_span){got.data, got.len}, read), 3);
            free(read);
            assert_int_equal(mr_recording_next(in, &got), MR_OK);
            assert_int_equal(got.kind, MR_CAPTURE_CONFIG);
            assert_true(mr_span_is((struct mr_span){got.data, got.len}, "instance: test\n", 15));
        } else {
            i++;
        }
    }
    assert_int_equal(i, 300);
    assert_true(segments > 3);
    mr_recording_close(in);
    free(instruments);
    rig_close(r);
}

static void the_table_reads_back_as_it_was_and_refuses_what_is_none(void **state)
{
    (void)state;
    struct mr_instruments *t = table(), *back = mr_instruments_init(rig_alloc(mr_instruments_bytes(16)), 16);
    char text[4096];
    struct mr_text out;
    mr_text_init(&out, text, sizeof text);
    mr_record_table_write(t, &out);
    assert_false(out.cut);
    assert_int_equal(mr_record_table_read((struct mr_span){(const uint8_t *)text, (uint32_t)out.len}, back), 3);
    for (uint32_t id = 0; id < 3; id++) {
        struct mr_instrument a, b;
        assert_int_equal(mr_instruments_read(t, id, &a), MR_OK);
        assert_int_equal(mr_instruments_read(back, id, &b), MR_OK);
        assert_memory_equal(&a, &b, sizeof a);
    }
    static const struct {
        const char *says, *text;
        int64_t want;
    } cases[] = {
        {"nothing", "", MR_E_TRUNCATED},
        {"an empty table", "[]", 0},
        {"no array", "{}", MR_E_TYPE},
        {"cut short", "[{\"venue\":\"binance\"", MR_E_TRUNCATED},
        {"a venue nobody knows", "[{\"venue\":\"nowhere\",\"product\":\"spot\",\"symbol\":\"X\"}]", MR_E_UNKNOWN},
        {"a product nobody knows", "[{\"venue\":\"binance\",\"product\":\"moon\",\"symbol\":\"X\"}]", MR_E_UNKNOWN},
        {"no symbol", "[{\"venue\":\"binance\",\"product\":\"spot\"}]", MR_E_TOO_BIG},
        {"a scale out of range", "[{\"venue\":\"binance\",\"product\":\"spot\",\"symbol\":\"X\",\"price_scale\":19}]",
         MR_E_RANGE},
        {"a type of tomorrow", "[{\"venue\":\"binance\",\"product\":\"spot\",\"symbol\":\"X\",\"type\":99}]",
         MR_E_RANGE},
        {"a number as text", "[{\"venue\":\"binance\",\"product\":\"spot\",\"symbol\":\"X\",\"tick\":\"a\"}]",
         MR_E_MALFORMED},
        {"a field of tomorrow", "[{\"venue\":\"binance\",\"product\":\"spot\",\"symbol\":\"X\",\"moon\":{\"a\":[1]}}]",
         1},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        int64_t got = mr_record_table_read(mr_span_of(cases[i].text), back);
        if (got != cases[i].want)
            print_error("%s: %lld\n", cases[i].says, (long long)got);
        assert_int_equal(got, cases[i].want);
    }
    mr_text_init(&out, text, 200);
    mr_record_table_write(t, &out);
    assert_true(out.cut);
    free(t);
    free(back);
}

static void segments_that_are_there_are_never_overwritten(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    struct mr_err err;
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(rig_boot(r, &err), MR_OK);
        struct mr_capture_record out = record(1, i, 50);
        assert_true(mr_record_put(&r->put[1], &out));
        rig_halt(r);
        r->control.wanted = 1;
    }
    assert_int_equal(rig_files(r), 3 * RIG_LINKS);
    struct mr_recording *in = open_row(r, 1);
    struct mr_capture_record got;
    for (uint64_t i = 0; i < 3; i++) {
        struct mr_capture_record want = record(1, i, 50);
        assert_int_equal(next(in, &got), MR_OK);
        assert_true(same(&got, &want));
        assert_int_equal(mr_recording_segment(in), i);
    }
    mr_recording_close(in);
    rig_close(r);
}

/* ---- replay ---- */

static void replay_lends_the_same_pieces_merged_by_receive_time(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    struct mr_err err;
    r->config.segment_bytes = 200000;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    const uint64_t count = 1000;
    for (uint64_t i = 0; i < count; i++) {
        for (uint32_t row = 0; row < 2; row++) {
            struct mr_capture_record out = record(row, i, size_of(200 + i));
            assert_true(mr_record_put(&r->put[row], &out));
        }
        const struct mr_capture_record log = {
            .recv_ns = RIG_START, .kind = MR_CAPTURE_INPUT, .data = pattern, .len = 10};
        assert_true(mr_record_put(&r->put[2], &log));
        rig_step(r);
    }
    rig_halt(r);
    const struct mr_replay_input input = {.path = r->folder};
    const struct mr_replay_config config = {.inputs = &input, .count = 1};
    struct mr_source source = {0};
    void *mem = malloc(mr_source_replay.bytes(&config));
    assert_int_equal(mr_source_replay.open(&source, mem, &config, &err), MR_OK);
    static const uint8_t kinds[] = {[MR_CAPTURE_FRAME] = MR_PIECE_FRAME,
                                    [MR_CAPTURE_REST] = MR_PIECE_REST,
                                    [MR_CAPTURE_OPENED] = MR_PIECE_OPENED,
                                    [MR_CAPTURE_CLOSED] = MR_PIECE_CLOSED};
    struct mr_piece piece;
    for (uint64_t i = 0; i < 2 * count; i++) { /* records of the two rows are 1 ns apart: they alternate */
        struct mr_capture_record want = record(i % 2, i / 2, size_of(200 + i / 2));
        assert_int_equal(source.ops->poll(&source, 0, &piece, 1), 1);
        assert_int_equal(piece.kind, kinds[want.kind]);
        assert_true(piece.recv_ns == want.recv_ns && piece.connection == want.connection && piece.venue == want.venue &&
                    piece.product == want.product && piece.clock == want.clock);
        assert_true(piece.len == want.len && memcmp(piece.data, want.data, want.len) == 0);
        assert_true(mr_span_is(piece.name, (const char *)want.name.data, want.name.len));
        source.ops->release(&source, &piece);
    }
    assert_int_equal(source.ops->poll(&source, 0, &piece, 1), MR_E_END);
    assert_int_equal(mr_replay_torn(&source), 0);
    source.ops->close(&source);
    free(mem);
    rig_close(r);
}

static void a_row_replays_in_the_order_it_was_written_whatever_its_times(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    struct mr_err err;
    r->config.segment_bytes = 1; /* a segment for every block */
    r->config.flush_ms = 1;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    static const int64_t times[] = {100, 90, 200, 50, 300}; /* bodies are stamped before the frames they come behind */
    for (size_t i = 0; i < MR_COUNT_OF(times); i++) {
        const struct mr_capture_record out = {
            .recv_ns = RIG_START + times[i], .kind = MR_CAPTURE_FRAME, .data = pattern, .len = 10, .venue = 1};
        assert_true(mr_record_put(&r->put[0], &out));
        rig_step(r);
        rig_step(r);
    }
    rig_halt(r);
    assert_true(r->metrics.segments > RIG_LINKS + 3);
    const struct mr_replay_input input = {.path = r->folder};
    const struct mr_replay_config config = {.inputs = &input, .count = 1};
    struct mr_source source = {0};
    void *mem = malloc(mr_source_replay.bytes(&config));
    assert_int_equal(mr_source_replay.open(&source, mem, &config, &err), MR_OK);
    struct mr_piece piece;
    for (size_t i = 0; i < MR_COUNT_OF(times); i++) {
        assert_int_equal(source.ops->poll(&source, 0, &piece, 1), 1);
        assert_int_equal(piece.recv_ns, RIG_START + times[i]);
    }
    source.ops->close(&source);
    free(mem);
    rig_close(r);
}

static void a_folder_without_segments_is_refused_by_name(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    const struct mr_replay_input input = {.path = r->folder};
    const struct mr_replay_config config = {.inputs = &input, .count = 1};
    struct mr_source source = {0};
    struct mr_err err;
    void *mem = malloc(mr_source_replay.bytes(&config));
    assert_int_equal(mr_source_replay.open(&source, mem, &config, &err), MR_E_EMPTY);
    assert_non_null(strstr(err.text, r->folder));
    free(mem);
    struct mr_recording *in;
    assert_int_equal(mr_recording_open(&in, r->folder, "feed-0", &err), MR_E_EMPTY);
    assert_int_equal(mr_recording_open(&in, "/nowhere", "feed-0", &err), MR_E_IO);
    rig_close(r);
}

/* ---- losses ---- */

static void what_the_ring_cannot_take_is_counted_and_noted_where_it_was_lost(void **state)
{
    (void)state;
    struct rig *r = rig_open(256u << 10);
    struct mr_err err;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    struct mr_random random = {7};
    static bool taken[4000];
    uint64_t lost = 0;
    for (uint64_t i = 0; i < 4000; i++) {
        struct mr_capture_record out = record(0, i, i % 50 == 0 ? 150000 : 1000);
        taken[i] = mr_record_put(&r->put[0], &out);
        lost += !taken[i];
        if (mr_random_below(&random, 300) == 0)
            rig_step(r);
    }
    assert_true(lost > 100 && lost < 3900);
    rig_halt(r);
    assert_int_equal(r->metrics.lost, lost);
    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    uint64_t i = 0;
    while (mr_recording_next(in, &got) == MR_OK) {
        if (got.kind == MR_CAPTURE_NOTE) {
            for (uint64_t n = record_note_lost(&got); n; n--, i++)
                assert_false(taken[i]); /* as many as it says, from here on */
            continue;
        }
        struct mr_capture_record want = record(0, i, i % 50 == 0 ? 150000 : 1000);
        assert_true(taken[i] && same(&got, &want));
        i++;
    }
    assert_int_equal(i, 4000); /* also those after the last record are told of */
    assert_int_equal(mr_recording_lost(in), lost);
    mr_recording_close(in);
    rig_close(r);
}

static void a_record_beyond_the_format_or_the_ring_is_lost_alone(void **state)
{
    (void)state;
    struct rig *r = rig_open(256u << 10);
    struct mr_err err;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    struct mr_capture_record small = record(0, 0, 10), large = record(0, 1, 300000), endless = record(0, 2, 10);
    endless.len = MR_CAPTURE_RECORD_MAX + 1;
    assert_true(mr_record_put(&r->put[0], &small));
    assert_false(mr_record_put(&r->put[0], &large));
    assert_false(mr_record_put(&r->put[0], &endless));
    assert_true(mr_record_put(&r->put[0], &small));
    rig_halt(r);
    assert_int_equal(r->metrics.lost, 2);
    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    assert_int_equal(next(in, &got), MR_OK);
    assert_int_equal(next(in, &got), MR_OK);
    assert_int_equal(next(in, &got), MR_E_END);
    assert_int_equal(mr_recording_lost(in), 2);
    mr_recording_close(in);
    rig_close(r);
}

static void a_full_disk_stops_recording_by_name_and_a_new_start_goes_on(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    struct mr_err err;
    struct rlimit before, tiny;
    getrlimit(RLIMIT_FSIZE, &before);
    tiny = before;
    tiny.rlim_cur = 700000;
    r->config.zstd_level = 1;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    assert_true(mr_record_on(&r->control));
    assert_int_equal(r->metrics.on, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    uint64_t put = 0;
    for (; mr_record_on(&r->control) && put < 1000; put++) { /* noise: it does not compress */
        struct mr_capture_record out = record(0, put, 20000);
        assert_true(mr_record_put(&r->put[0], &out));
        rig_step(r);
    }
    setrlimit(RLIMIT_FSIZE, &before);
    assert_true(put > 20 && put < 100);
    assert_int_equal(r->control.wanted, 0);
    assert_int_equal(r->metrics.on, 0);
    assert_int_equal(r->metrics.failed, 1);
    assert_non_null(strstr(r->control.why, "feed-0-000000.seg"));
    assert_non_null(strstr(r->control.why, "File too large"));
    struct mr_capture_record late = record(0, put, 10);
    assert_true(mr_record_put(&r->put[0], &late)); /* who had not looked: taken from the ring, and counted */
    rig_step(r);
    assert_int_equal(r->metrics.lost, 1);

    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    uint64_t n = 0;
    for (; next(in, &got) == MR_OK; n++) {
        struct mr_capture_record want = record(0, n, 20000);
        assert_true(same(&got, &want));
    }
    assert_true(n >= 20 && n < put);
    assert_int_equal(mr_recording_torn(in), 0); /* cut back to its last whole block */
    mr_recording_close(in);

    mr_record_want(&r->control, true);
    rig_step(r);
    assert_true(mr_record_on(&r->control));
    assert_string_equal(r->control.why, "");
    struct mr_capture_record out = record(0, 0, 10);
    assert_true(mr_record_put(&r->put[0], &out));
    rig_halt(r);
    assert_int_equal(rig_files(r), 2 * RIG_LINKS);
    rig_close(r);
}

static void a_folder_that_cannot_be_is_refused_at_boot(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    char file[200], below[300];
    snprintf(file, sizeof file, "%s/file", r->folder);
    snprintf(below, sizeof below, "%s/deeper", file);
    close(open(file, O_CREAT | O_WRONLY, 0600));
    struct mr_err err;
    r->config.folder = below;
    assert_int_equal(rig_boot(r, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "deeper"));
    free(r->state);
    r->config.folder = file; /* a file is no folder: found when the first segment is opened */
    assert_int_equal(rig_boot(r, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "feed-0-000000.seg"));
    free(r->state);
    r->state = NULL;
    char made[300];
    snprintf(made, sizeof made, "%s/a", r->folder);
    r->config.folder = made;
    r->control.wanted = 1;
    assert_int_equal(rig_boot(r, &err), MR_OK); /* one that is not there is made */
    rig_halt(r);
    rig_remove(made);
    rig_close(r);
}

/* ---- while running ---- */

static void recording_starts_and_stops_by_one_word_and_keeps_all_in_between(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    struct mr_err err;
    r->control.wanted = 0;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    uint64_t i = 0, put = 0;
    static uint64_t kept[4000];
    for (; i < 4000; i++) {
        if (i % 500 == 250)
            mr_record_want(&r->control, i / 500 % 2 == 0);
        if (mr_record_on(&r->control)) { /* as a feed tile does */
            struct mr_capture_record out = record(0, i, 100);
            assert_true(mr_record_put(&r->put[0], &out));
            kept[put++] = i;
        }
        if (i == 240)
            assert_int_equal(rig_files(r), 0);
        rig_step(r);
    }
    assert_true(put > 1900 && put < 2100);
    assert_int_equal(r->control.starts, 4);
    rig_halt(r);
    assert_int_equal(r->metrics.lost, 0);
    assert_int_equal(rig_files(r), 4 * RIG_LINKS);
    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    for (uint64_t k = 0; k < put; k++) {
        struct mr_capture_record want = record(0, kept[k], 100);
        assert_int_equal(next(in, &got), MR_OK);
        assert_true(same(&got, &want));
    }
    assert_int_equal(next(in, &got), MR_E_END);
    mr_recording_close(in);
    rig_close(r);
}

static void a_segment_is_readable_while_it_is_written(void **state)
{
    (void)state;
    struct rig *r = rig_open(1u << 20);
    struct mr_err err;
    r->config.flush_ms = 5;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    for (uint64_t i = 0; i < 200; i++) {
        struct mr_capture_record out = record(0, i, 500), got;
        assert_true(mr_record_put(&r->put[0], &out));
        rig_step(r);
        struct mr_recording *in = open_row(r, 0);
        uint64_t n = 0;
        while (next(in, &got) == MR_OK) {
            struct mr_capture_record want = record(0, n++, 500);
            assert_true(same(&got, &want));
        }
        assert_true(n <= i + 1 && n + 6 >= i + 1); /* all but the last 5 ms */
        mr_recording_close(in);
    }
    rig_close(r);
}

static void write_until_killed(struct rig *r, uint64_t *rounds)
{
    struct mr_err err;
    r->config.segment_bytes = 1u << 20;
    r->config.flush_ms = 1;
    if (rig_boot(r, &err) != MR_OK)
        _exit(3);
    for (uint64_t i = 0;; i++) {
        for (uint32_t row = 0; row < RIG_LINKS; row++) {
            struct mr_capture_record out = record(row, i, size_of(200 + i));
            mr_record_put(&r->put[row], &out);
        }
        rig_step(r);
        __atomic_store_n(rounds, i + 1, __ATOMIC_RELEASE);
    }
}

static void after_a_kill_all_is_there_up_to_the_tear(void **state)
{
    (void)state;
    struct mr_random random = {11};
    int kills = getenv("MILLRACE_QUICK") ? 8 : 40;
    uint64_t *rounds = mmap(NULL, sizeof *rounds, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(rounds != MAP_FAILED);
    for (int k = 0; k < kills; k++) {
        uint64_t from = 1 + mr_random_below(&random, 800);
        *rounds = 0;
        struct rig *r = rig_open(1u << 20);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_until_killed(r, rounds);
        for (int ms = 0; __atomic_load_n(rounds, __ATOMIC_ACQUIRE) < from; ms++) {
            assert_true(ms < 60000);
            usleep(1000);
        }
        usleep((useconds_t)mr_random_below(&random, 3000));
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        for (uint32_t row = 0; row < RIG_LINKS; row++) {
            struct mr_recording *in = open_row(r, row);
            struct mr_capture_record got;
            uint64_t n = 0;
            for (; next(in, &got) == MR_OK; n++) {
                struct mr_capture_record want = record(row, n, size_of(200 + n));
                assert_true(same(&got, &want));
            }
            assert_true(mr_recording_torn(in) <= 1);
            assert_true(n + 2 >= from); /* flushed each round: all but the last */
            mr_recording_close(in);
        }
        rig_close(r);
    }
    munmap(rounds, sizeof *rounds);
}

static void what_put_cannot_have_written_stops_its_ring_only(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        struct record_part part;
        uint32_t len;
        bool more;
    } cases[] = {
        {"shorter than its head", {.total = 0}, 15, false},
        {"fewer bytes than it says", {.total = 100}, 16 + 99, false},
        {"more bytes than it says", {.total = 100}, 16 + 101, false},
        {"a part from the middle of nowhere", {.total = 100, .at = 50}, 16 + 50, false},
        {"more to come, but none is due", {.total = 100}, 16 + 100, true},
        {"a name longer than all of it", {.total = 10, .name_len = 11}, 16 + 10, false},
        {"larger than any record", {.total = MR_CAPTURE_RECORD_MAX + 1}, 16 + 1000, true},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct rig *r = rig_open(1u << 20);
        struct mr_err err;
        assert_int_equal(rig_boot(r, &err), MR_OK);
        uint8_t *at = mr_bytes_reserve(&r->put[0], cases[i].len);
        memset(at, 0, cases[i].len);
        memcpy(at, &cases[i].part, cases[i].len < 16 ? cases[i].len : 16);
        mr_bytes_publish(&r->put[0], (uint16_t)(MR_CAPTURE_FRAME | (cases[i].more ? MR_RECORD_MORE : 0)), 0, RIG_START,
                         cases[i].len);
        struct mr_capture_record good = record(1, 0, 10), got;
        assert_true(mr_record_put(&r->put[1], &good));
        rig_step(r);
        rig_halt(r);
        struct mr_recording *in = open_row(r, 0);
        if (next(in, &got) != MR_E_END)
            fail_msg("%s", cases[i].says);
        mr_recording_close(in);
        in = open_row(r, 1);
        assert_int_equal(next(in, &got), MR_OK);
        mr_recording_close(in);
        rig_close(r);
    }
}

int main(void)
{
    fill_pattern();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_put_comes_back_over_many_segments),
        cmocka_unit_test(every_segment_begins_with_the_table_and_the_config),
        cmocka_unit_test(the_table_reads_back_as_it_was_and_refuses_what_is_none),
        cmocka_unit_test(segments_that_are_there_are_never_overwritten),
        cmocka_unit_test(replay_lends_the_same_pieces_merged_by_receive_time),
        cmocka_unit_test(a_row_replays_in_the_order_it_was_written_whatever_its_times),
        cmocka_unit_test(a_folder_without_segments_is_refused_by_name),
        cmocka_unit_test(what_the_ring_cannot_take_is_counted_and_noted_where_it_was_lost),
        cmocka_unit_test(a_record_beyond_the_format_or_the_ring_is_lost_alone),
        cmocka_unit_test(a_full_disk_stops_recording_by_name_and_a_new_start_goes_on),
        cmocka_unit_test(a_folder_that_cannot_be_is_refused_at_boot),
        cmocka_unit_test(recording_starts_and_stops_by_one_word_and_keeps_all_in_between),
        cmocka_unit_test(a_segment_is_readable_while_it_is_written),
        cmocka_unit_test(after_a_kill_all_is_there_up_to_the_tear),
        cmocka_unit_test(what_put_cannot_have_written_stops_its_ring_only),
    };
    return MR_TEST_MAIN(tests);
}
