/* What is put comes back from the folder, whole and in order; and replays. */
#include "codecs/venue/venue.h"
#include "dataplane/record/table.h"
#include "dataplane/source/replay/replay.h"
#include "tests/dataplane/record/records.h"

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
    };
    return MR_TEST_MAIN(tests);
}
