#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codecs/capture/capture.h"
#include "dataplane/source/replay/replay.h"
#include "tests/support/support.h"

static char folder[64];

static const char *put(const char *name, const void *data, size_t len)
{
    static char path[4][256];
    static int turn;
    char *out = path[turn++ & 3];
    snprintf(out, 256, "%s/%s", folder, name);
    FILE *f = fopen(out, "wb");
    fwrite(data, 1, len, f);
    fclose(f);
    return out;
}

static const char *put_text(const char *name, const char *text) { return put(name, text, strlen(text)); }

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-replay-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

/* "F100:{..} R150:url=body ..." of everything a replay lends at time `now` */
static int run(const struct mr_replay_config *config, int64_t now, char *out, size_t bytes, struct mr_err *err)
{
    struct mr_source source = {0};
    void *mem = malloc(mr_source_replay.bytes(config));
    int status = mr_source_replay.open(&source, mem, config, err);
    out[0] = 0;
    while (status >= 0) {
        struct mr_piece pieces[3];
        status = source.ops->poll(&source, now, pieces, 3);
        for (int i = 0; i < status; i++) {
            size_t n = strlen(out);
            snprintf(out + n, bytes - n, "%s%c%lld:%.*s%s%.*s", n ? " " : "",
                     pieces[i].kind == MR_PIECE_REST ? 'R' : 'F', (long long)pieces[i].recv_ns, (int)pieces[i].name.len,
                     pieces[i].name.len ? (const char *)pieces[i].name.data : "", pieces[i].name.len ? "=" : "",
                     (int)pieces[i].len, (const char *)pieces[i].data);
            source.ops->release(&source, &pieces[i]);
        }
        if (status == 0)
            break;
    }
    if (source.ops)
        source.ops->close(&source);
    free(mem);
    return status;
}

static void lines_bodies_and_files_merge_by_receive_time(void **state)
{
    (void)state;
    put_text("a.recv", "100\n200\n300\n");
    put_text(
        "a.rest.json",
        "[{\"url\":\"/depth\",\"recv_ns\":250,\"body\":{\"x\":[1,2]}},{\"url\":\"/info\",\"recv_ns\":50,\"body\":{}}]");
    put_text("b.recv", "150\n300\n");
    struct mr_replay_input inputs[2] = {{.path = put_text("a.jsonl", "{1}\n{2}\n{3}\n"), .venue = 1},
                                        {.path = put_text("b.jsonl", "{4}\n{5}"), .venue = 2}};
    struct mr_replay_config config = {.inputs = inputs, .count = 2};
    char out[512];
    struct mr_err err;
    assert_int_equal(run(&config, 0, out, sizeof out, &err), MR_E_END);
    assert_string_equal(out, "R50:/info={} F100:{1} F150:{4} F200:{2} R250:/depth={\"x\":[1,2]} F300:{3} F300:{5}");
    config.align = true;
    assert_int_equal(run(&config, 0, out, sizeof out, &err), MR_E_END);
    assert_string_equal(out, "R50:/info={} F100:{1} F100:{4} F200:{2} R250:/depth={\"x\":[1,2]} F250:{5} F300:{3}");
}

static void pacing_holds_pieces_until_their_time(void **state)
{
    (void)state;
    put_text("p.recv", "1000\n2000\n4000\n");
    struct mr_replay_input input = {.path = put_text("p.jsonl", "{1}\n{2}\n{3}\n"), .venue = 1};
    struct mr_replay_config config = {.inputs = &input, .count = 1, .pace = 2};
    struct mr_source source = {0};
    struct mr_piece piece;
    struct mr_err err;
    void *mem = malloc(mr_source_replay.bytes(&config));
    assert_int_equal(mr_source_replay.open(&source, mem, &config, &err), MR_OK);
    assert_int_equal(source.ops->poll(&source, 70000, &piece, 1), 1);
    assert_int_equal(source.ops->poll(&source, 70499, &piece, 1), 0);
    assert_int_equal(source.ops->poll(&source, 70500, &piece, 1), 1);
    assert_int_equal(piece.recv_ns, 2000);
    assert_int_equal(source.ops->poll(&source, 71499, &piece, 1), 0);
    assert_int_equal(source.ops->poll(&source, 71500, &piece, 1), 1);
    assert_int_equal(source.ops->poll(&source, 71500, &piece, 1), MR_E_END);
    source.ops->close(&source);
    free(mem);
}

static void without_receive_times_the_venues_serve_and_it_is_said(void **state)
{
    (void)state;
    struct mr_replay_input input = {.path = put_text("u.jsonl", "{1}\n"), .venue = 1};
    struct mr_replay_config config = {.inputs = &input, .count = 1};
    struct mr_source source = {0};
    struct mr_piece piece;
    struct mr_err err;
    void *mem = malloc(mr_source_replay.bytes(&config));
    assert_int_equal(mr_source_replay.open(&source, mem, &config, &err), MR_OK);
    assert_int_equal(mr_replay_untimed(&source), 1);
    assert_int_equal(source.ops->poll(&source, 0, &piece, 1), 1);
    assert_int_equal(piece.recv_ns, 0);
    assert_int_equal(piece.clock, MR_CLOCK_VENUE);
    source.ops->close(&source);
    free(mem);
}

struct memory {
    uint8_t data[4096];
    size_t len;
};

static int keep(void *arg, const uint8_t *data, size_t len)
{
    struct memory *m = arg;
    memcpy(m->data + m->len, data, len);
    m->len += len;
    return MR_OK;
}

static void segments_replay_and_a_tear_is_counted(void **state)
{
    (void)state;
    struct memory m = {0};
    struct mr_capture_writer *w = mr_capture_writer_init(malloc(mr_capture_writer_bytes()), 3, keep, &m);
    mr_capture_begin(w, "binance:usdm", 1, 1);
    for (int i = 1; i <= 4; i++) {
        struct mr_capture_record r = {.recv_ns = i * 10,
                                      .data = (const uint8_t *)"{}",
                                      .len = 2,
                                      .kind = i == 2 ? MR_CAPTURE_REST : MR_CAPTURE_FRAME,
                                      .venue = 1};
        if (i == 2)
            r.name = mr_span_of("/u");
        mr_capture_add(w, &r);
        if (i == 2)
            mr_capture_flush(w);
    }
    mr_capture_flush(w);
    free(w);
    char out[256];
    struct mr_err err;
    struct mr_replay_input input = {.path = put("whole.seg", m.data, m.len)};
    struct mr_replay_config config = {.inputs = &input, .count = 1};
    assert_int_equal(run(&config, 0, out, sizeof out, &err), MR_E_END);
    assert_string_equal(out, "F10:{} R20:/u={} F30:{} F40:{}");
    input.path = put("torn.seg", m.data, m.len - 1);
    assert_int_equal(run(&config, 0, out, sizeof out, &err), MR_E_END);
    assert_string_equal(out, "F10:{} R20:/u={}");
    struct mr_source source = {0};
    struct mr_piece piece;
    void *mem = malloc(mr_source_replay.bytes(&config));
    assert_int_equal(mr_source_replay.open(&source, mem, &config, &err), MR_OK);
    while (source.ops->poll(&source, 0, &piece, 1) > 0)
        ;
    assert_int_equal(mr_replay_torn(&source), 1);
    source.ops->close(&source);
    free(mem);
}

static void bad_inputs_are_refused_at_open_with_their_name(void **state)
{
    (void)state;
    put_text("short.recv", "1\n");
    put_text("words.recv", "1\ntwo\n");
    put_text("rest.rest.json", "[{\"url\":\"/x\"}]");
    put_text("cut.rest.json", "[{\"url\":");
    /* clang-format off */
    const struct { const char *path; uint8_t venue; int status; const char *says; } cases[] = {
        {"/no/such/file.jsonl", 1, MR_E_IO, "cannot read"},
        {folder, 1, MR_E_EMPTY, "no segments"},
        {"/dev/null", 1, MR_E_IO, "not a file"},
        {put_text("short.jsonl", "{}\n{}\n"), 1, MR_E_MALFORMED, "1 receive times for 2 messages"},
        {put_text("words.jsonl", "{}\n{}\n"), 1, MR_E_MALFORMED, "words.recv:2:"},
        {put_text("rest.jsonl", "{}\n"), 1, MR_E_MALFORMED, "rest.rest.json: byte"},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_replay_input input = {.path = cases[i].path, .venue = cases[i].venue};
        struct mr_replay_config config = {.inputs = &input, .count = 1};
        struct mr_err err = {{0}};
        char out[64];
        int status = run(&config, 0, out, sizeof out, &err);
        if (i < 5)
            assert_int_equal(status, cases[i].status);
        else
            assert_true(status < 0);
        assert_non_null(strstr(err.text, cases[i].says));
    }
    struct mr_replay_input more[] = {{.path = put_text("noone.jsonl", "{}\n")},
                                     {.path = put_text("x.bin", "garbage")},
                                     {.path = put_text("bad.jsonl.zst", "garbage"), .venue = 1},
                                     {.path = put_text("wrong.seg", "MRCAPSEG....")}};
    const char *says[] = {"--venue", "neither a segment nor JSON lines", "zstd", "end inside"};
    for (size_t i = 0; i < MR_COUNT_OF(more); i++) {
        struct mr_replay_config config = {.inputs = &more[i], .count = 1};
        struct mr_err err = {{0}};
        char out[64];
        assert_true(run(&config, 0, out, sizeof out, &err) < 0);
        assert_non_null(strstr(err.text, says[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_bodies_and_files_merge_by_receive_time, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(pacing_holds_pieces_until_their_time, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(without_receive_times_the_venues_serve_and_it_is_said, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(segments_replay_and_a_tear_is_counted, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(bad_inputs_are_refused_at_open_with_their_name, make_folder, remove_folder),
    };
    return MR_TEST_MAIN(tests);
}
