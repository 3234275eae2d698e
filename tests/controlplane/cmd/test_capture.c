/* millrace capture from outside: what is cut, merged, exported and imported is the same, by digests and record by record. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include "codecs/capture/capture.h"
#include "codecs/event/event.h"
#include "codecs/venue/venue.h"
#include "tests/support/support.h"

static const char *program;
static char folder[64], out[1 << 20];

static int run(const char *args)
{
    return mr_test_shell(out, sizeof out, "cd '%s' && '%s' %s 2>&1", folder, program, args);
}

static void expect(const char *args, int code, const char *says)
{
    int got = run(args);
    if (got != code || (says && !strstr(out, says)))
        fail_msg("millrace %s: exit %d, want %d and \"%s\":\n%.2000s", args, got, code, says ? says : "", out);
}

static void put(const char *name, const void *bytes, size_t len)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static int open_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-capture-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int close_folder(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

/* ---- segments made here ---- */

#define FIRST 1700000000000000000ll

struct segment {
    uint8_t *data;
    size_t len;
};

static int grow(void *arg, const uint8_t *data, size_t len)
{
    struct segment *s = arg;
    s->data = realloc(s->data, s->len + len);
    memcpy(s->data + s->len, data, len);
    s->len += len;
    return MR_OK;
}

static void write_segment(const char *name, const struct mr_capture_record *records, size_t count, int zstd_level)
{
    struct segment s = {0};
    struct mr_capture_writer *w = mr_capture_writer_init(malloc(mr_capture_writer_bytes()), zstd_level, grow, &s);
    assert_int_equal(mr_capture_begin(w, "test", 0, FIRST), MR_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(mr_capture_add(w, &records[i]), MR_OK);
    assert_int_equal(mr_capture_flush(w), MR_OK);
    free(w);
    put(name, s.data, s.len);
    free(s.data);
}

/* XXH3 of all traffic of a segment, record by record in its order: every field and byte. */
static uint64_t records_of(const char *name, uint64_t *count)
{
    size_t len;
    uint8_t *data = mr_test_read(folder, name, &len);
    assert_non_null(data);
    struct mr_capture_reader *reader = mr_capture_reader_init(malloc(mr_capture_reader_bytes()));
    struct mr_capture_record r;
    XXH3_state_t *hash = XXH3_createState();
    XXH3_64bits_reset(hash);
    assert_int_equal(mr_capture_open(reader, data, len), MR_OK);
    *count = 0;
    int status;
    while ((status = mr_capture_next(reader, &r)) == MR_OK) {
        const uint64_t head[] = {(uint64_t)r.recv_ns, r.len,     r.connection, r.kind, r.clock, r.venue,
                                 r.product,           r.name.len};
        XXH3_64bits_update(hash, head, sizeof head);
        XXH3_64bits_update(hash, r.name.data, r.name.len);
        XXH3_64bits_update(hash, r.data, r.len);
        ++*count;
    }
    assert_int_equal(status, MR_E_END);
    uint64_t digest = XXH3_64bits_digest(hash);
    XXH3_freeState(hash);
    free(reader);
    free(data);
    return digest;
}

static void same_records(const char *a, const char *b)
{
    uint64_t n, m, x = records_of(a, &n), y = records_of(b, &m);
    if (n != m || x != y)
        fail_msg("%s: %llu records, %s: %llu; or they differ", a, (unsigned long long)n, b, (unsigned long long)m);
}

static void digests_of(const char *args, char digests[200])
{
    int code = run(args);
    if (code > 1)
        fail_msg("millrace %s:\n%.2000s", args, out);
    const char *at = strstr(out, "\"digests\":");
    assert_non_null(at);
    snprintf(digests, 200, "%.*s", (int)strcspn(at, "}"), at);
}

static uint64_t number(const char *key)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"%s\":", key);
    const char *at = strstr(out, wanted);
    return at ? strtoull(at + strlen(wanted), NULL, 10) : 0;
}

#define FRAME(ns, conn, prod, text)                                                                                    \
    {                                                                                                                  \
        .recv_ns = FIRST + (ns), .data = (const uint8_t *)(text), .len = sizeof(text) - 1, .connection = (conn),       \
        .kind = MR_CAPTURE_FRAME, .clock = MR_CLOCK_HARDWARE, .venue = MR_VENUE_binance, .product = (prod)             \
    }
#define OTHER(what, ns, conn, prod, url, text)                                                                         \
    {                                                                                                                  \
        .recv_ns = FIRST + (ns), .data = (const uint8_t *)(text), .len = sizeof(text) - 1, .connection = (conn),       \
        .kind = (what), .clock = MR_CLOCK_TSC, .venue = MR_VENUE_binance, .product = (prod), .name = {                 \
            (const uint8_t *)(url),                                                                                    \
            sizeof(url) - 1                                                                                            \
        }                                                                                                              \
    }
#define DEPTH(U, u, pu)                                                                                                \
    "{\"e\":\"depthUpdate\",\"E\":3,\"T\":3,\"s\":\"BTCUSDT\",\"U\":" U ",\"u\":" u ",\"pu\":" pu                      \
    ",\"b\":[[\"1\",\"2\"]],\"a\":[]}"
#define TRADE(id)                                                                                                      \
    "{\"e\":\"aggTrade\",\"E\":2,\"a\":" id                                                                            \
    ",\"s\":\"BTCUSDT\",\"p\":\"1.5\",\"q\":\"2\",\"f\":1,\"l\":1,\"T\":1,\"m\":true}"

/* What recordings have that is easily lost: bodies stamped before the frames they stand behind, equal times, connections that open and close,
 * frames of nothing and of many lines, bodies that are no JSON. */
static const struct mr_capture_record odd[] = {
    OTHER(MR_CAPTURE_OPENED, 0, 3, 1, "", ""),
    FRAME(100, 3, 1, DEPTH("1", "5", "0")),
    OTHER(MR_CAPTURE_REST, 90, 0, 1, "/fapi/v1/depth?symbol=BTCUSDT&limit=1000",
          "{\"lastUpdateId\":3,\"bids\":[[\"1\",\"1\"]],\"asks\":[[\"2\",\"1\"]]}"),
    FRAME(100, 4, 1, TRADE("7")),
    FRAME(100, 3, 1, DEPTH("6", "7", "5")),
    FRAME(130, 4, 1, ""),
    FRAME(140, 4, 1,
          "{\"e\":\"aggTrade\",\n\"E\":2,\"a\":8,\"s\":\"BTCUSDT\",\"p\":\"1.5\",\"q\":\"2\",\"f\":1,\"l\":1,\"T\":1,"
          "\n\"m\":true}"),
    FRAME(150, 4, 1, "not JSON at all"),
    OTHER(MR_CAPTURE_CLOSED, 160, 3, 1, "", "books"),
    OTHER(MR_CAPTURE_REST, 155, 0, 1, "/fapi/v1/depth?symbol=\"ODD\"", "<html>\"busy\"\n</html>"),
    OTHER(MR_CAPTURE_OPENED, 170, 5, 1, "", ""),
    FRAME(180, 5, 1, DEPTH("8", "9", "7")),
    OTHER(MR_CAPTURE_REST, 175, 0, 1, "/fapi/v1/depth?symbol=BTCUSDT&limit=1000",
          "{\"lastUpdateId\":8, \"bids\":[[\"1\",\"1\"]],\n\"asks\":[[\"2\",\"1\"]]}"),
    OTHER(MR_CAPTURE_CLOSED, 190, 4, 1, "", "route"),
    FRAME(200, 5, 1, DEPTH("10", "12", "9")),
};

/* ---- cut and merge ---- */

static void the_parts_of_a_cut_by_time_merge_to_the_whole_wherever_it_falls(void **state)
{
    (void)state;
    char args[256], whole[200], next[200];
    write_segment("odd.seg", odd, MR_COUNT_OF(odd), 0);
    const int64_t step = getenv("MILLRACE_QUICK") ? 35 : 5;
    for (int64_t ns = -5; ns <= 210; ns += step) { /* also between records that go back in time */
        snprintf(args, sizeof args, "capture cut --force --to %lld --out a.seg odd.seg", (long long)(FIRST + ns));
        expect(args, 0, NULL);
        snprintf(args, sizeof args, "capture cut --force --zstd 3 --from %lld --out b.seg odd.seg",
                 (long long)(FIRST + ns));
        expect(args, 0, NULL);
        expect("capture merge --force --out ab.seg a.seg b.seg", 0, NULL);
        same_records("odd.seg", "ab.seg");
        expect("capture merge --force --out ab.seg b.seg a.seg", 0,
               NULL); /* whatever their order, unless one is empty */
        same_records("odd.seg", "ab.seg");
    }
    expect("generate --seed 5 --minutes 1 --out g.seg", 0, NULL);
    digests_of("replay --json --digest g.seg", whole);
    expect("capture cut --to 2023-11-14T22:13:32.25Z --out g1.seg g.seg", 0, NULL);
    expect("capture cut --from 2023-11-14T22:13:32.25Z --to 1700000041000000000 --zstd 1 --out g2.seg g.seg", 0, NULL);
    expect("capture cut --from 1700000041000000000 --out g3.seg g.seg", 0, NULL);
    expect("capture merge --out all.seg g3.seg g1.seg g2.seg", 0, NULL);
    assert_null(strstr(out, "--renumber"));
    same_records("g.seg", "all.seg");
    digests_of("replay --json --digest all.seg", next);
    assert_string_equal(next, whole);
}

static void the_parts_of_a_cut_by_product_or_connection_merge_to_the_same_digests(void **state)
{
    (void)state;
    static const char *const products[] = {"binance:usdm", "binance:spot", "bybit", "okx:public", "hyperliquid"};
    char args[512] = "capture merge --out p.seg", cut[256], whole[200], next[200];
    expect("generate --seed 6 --minutes 1 --out g.seg", 0, NULL);
    digests_of("replay --json --digest g.seg", whole);
    for (size_t i = 0; i < MR_COUNT_OF(products); i++) {
        snprintf(cut, sizeof cut, "capture cut --only %s --out p%zu.seg g.seg", products[i], i);
        expect(cut, 0, NULL);
        snprintf(args + strlen(args), sizeof args - strlen(args), " p%zu.seg", i);
    }
    expect(args, 0, NULL);
    digests_of("replay --json --digest p.seg", next);
    assert_string_equal(next, whole);
    snprintf(args, sizeof args, "capture merge --out c.seg");
    for (int i = 0; i < 9; i++) {
        snprintf(cut, sizeof cut, "capture cut --connection %d --out c%d.seg g.seg", i, i);
        expect(cut, 0, NULL);
        snprintf(args + strlen(args), sizeof args - strlen(args), " c%d.seg", i);
    }
    expect(args, 0, NULL);
    digests_of("replay --json --digest c.seg", next);
    assert_string_equal(next, whole);
}

static void a_cut_by_instrument_has_its_events_and_no_other(void **state)
{
    (void)state;
    static const struct {
        const char *product, *symbols[2];
    } cases[] = {{"binance:usdm", {"BTCUSDT", "ETHUSDT"}},
                 {"bybit:linear", {"BTCUSDT", "ETHUSDT"}},
                 {"okx:public", {"BTC-USDT-SWAP", "ETH-USDT-SWAP"}},
                 {"hyperliquid:perp", {"BTC", "ETH"}}};
    static const char *const kinds[] = {"trade", "bbo", "book", "mark", "funding"};
    char args[256];
    expect("generate --seed 7 --minutes 1 --out g.seg", 0, NULL);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        uint64_t whole[MR_COUNT_OF(kinds)], sum[MR_COUNT_OF(kinds)] = {0};
        snprintf(args, sizeof args, "capture cut --force --only %s --out p.seg g.seg", cases[i].product);
        expect(args, 0, NULL);
        expect("replay --json p.seg", 0, "\"gaps\":0");
        for (size_t k = 0; k < MR_COUNT_OF(kinds); k++)
            whole[k] = number(kinds[k]);
        for (size_t s = 0; s < 2; s++) {
            snprintf(args, sizeof args, "capture cut --force --only %s:%s --out s.seg g.seg", cases[i].product,
                     cases[i].symbols[s]);
            expect(args, 0, NULL);
            expect("replay --json s.seg", 0, "\"gaps\":0"); /* its book is whole: the snapshot came along */
            assert_non_null(strstr(out, "\"books\":{\"total\":1,\"live\":1"));
            for (size_t k = 0; k < MR_COUNT_OF(kinds); k++)
                sum[k] += number(kinds[k]);
        }
        assert_true(whole[0] > 100 && whole[2] > 100);
        for (size_t k = 0; k < MR_COUNT_OF(kinds); k++)
            assert_int_equal(sum[k], whole[k]);
    }
}

static void connections_of_one_number_are_told_apart_if_asked(void **state)
{
    (void)state;
    static const struct mr_capture_record a[] = {FRAME(1, 7, 1, TRADE("1")), FRAME(3, 7, 1, TRADE("3")),
                                                 FRAME(5, 7, 1, TRADE("5"))},
                                          b[] = {FRAME(2, 7, 1, TRADE("1")), FRAME(4, 7, 1, TRADE("3")),
                                                 FRAME(6, 7, 1, TRADE("5"))};
    write_segment("a.seg", a, 3, 0);
    write_segment("b.seg", b, 3, 0);
    expect("capture merge --out m.seg a.seg b.seg", 0, "1 connections have one number in several inputs");
    expect("capture inspect --json m.seg", 0, "\"connection\":7,\"frames\":6");
    expect("capture merge --renumber --out r.seg a.seg b.seg", 0, NULL);
    assert_null(strstr(out, "several inputs"));
    expect("capture inspect --json r.seg", 0, "\"connection\":0,\"frames\":3");
    assert_non_null(strstr(out, "\"connection\":1,\"frames\":3"));
}

static void equal_times_keep_the_order_of_the_inputs(void **state)
{
    (void)state;
    static const struct mr_capture_record a[] = {FRAME(1, 1, 1, "{\"a\":1}"), FRAME(1, 1, 1, "{\"a\":2}")},
                                          b[] = {FRAME(1, 2, 1, "{\"b\":1}"), FRAME(2, 2, 1, "{\"b\":2}")},
                                          want[] = {FRAME(1, 1, 1, "{\"a\":1}"), FRAME(1, 1, 1, "{\"a\":2}"),
                                                    FRAME(1, 2, 1, "{\"b\":1}"), FRAME(2, 2, 1, "{\"b\":2}")};
    write_segment("a.seg", a, 2, 0);
    write_segment("b.seg", b, 2, 0);
    write_segment("want.seg", want, 4, 0);
    expect("capture merge --out m.seg a.seg b.seg", 0, NULL);
    same_records("want.seg", "m.seg");
}

/* ---- export and import ---- */

static void what_is_exported_is_imported_as_it_was_record_by_record(void **state)
{
    (void)state;
    char whole[200], next[200];
    struct mr_capture_record flat[MR_COUNT_OF(odd)];
    memcpy(flat, odd, sizeof odd);
    static char one_line[200]; /* in JSON a line feed is a blank, and a blank stands in its place */
    memcpy(one_line, odd[6].data, odd[6].len);
    for (char *c = one_line; (c = strchr(c, '\n'));)
        *c = ' ';
    flat[6].data = (const uint8_t *)one_line;
    write_segment("odd.seg", odd, MR_COUNT_OF(odd), 0);
    write_segment("flat.seg", flat, MR_COUNT_OF(flat), 0);
    expect("capture export --out x odd.seg", 0, "x: 8 messages, 7 bodies and events of binance:usdm");
    assert_non_null(strstr(out, "1 messages held line feeds"));
    expect("capture import --venue binance:usdm --out back.seg x.jsonl", 0, "back.seg: 15 records");
    same_records("flat.seg", "back.seg");
    expect("capture export --out y back.seg", 0, "y: 8 messages");
    expect("capture import --venue binance:usdm --out again.seg y.jsonl", 0, NULL);
    same_records("flat.seg", "again.seg");
    digests_of("replay --json --digest odd.seg", whole);
    digests_of("replay --json --digest --venue binance:usdm x.jsonl", next);
    assert_string_equal(next, whole);
}

static void a_recording_of_many_products_exports_to_one_set_of_files_or_to_one_each(void **state)
{
    (void)state;
    static const char *const products[] = {"binance:usdm", "binance:spot", "bybit:linear", "okx:public",
                                           "hyperliquid:perp"};
    char args[512] = "replay --json --digest", whole[200], next[200];
    expect("generate --seed 8 --minutes 1 --out g.seg", 0, NULL);
    digests_of("replay --json --digest g.seg", whole);
    expect("capture export --out t g.seg", 0, "of several products");
    digests_of("replay --json --digest t.jsonl", next); /* no --venue: it says whose each line is */
    assert_string_equal(next, whole);
    expect("capture import --out back.seg t.jsonl", 0, NULL);
    same_records("g.seg", "back.seg");
    expect("capture export --split --out t g.seg", 0, "t.okx-public: ");
    for (size_t i = 0; i < MR_COUNT_OF(products); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", products[i]);
        *strchr(name, ':') = '-';
        snprintf(args + strlen(args), sizeof args - strlen(args), " --venue %s t.%s.jsonl", products[i], name);
    }
    digests_of(args, next);
    assert_string_equal(next, whole);
    expect("capture export --only bybit:linear --out one g.seg", 0, "of bybit:linear");
    expect("capture info --venue bybit:linear one.jsonl", 0, "1 REST bodies");
}

/* Four products in one poll have one receive time: only their order in the file tells which came first. */
static void messages_of_one_receive_time_keep_their_order_through_text(void **state)
{
    (void)state;
    static struct mr_capture_record ties[400];
    static const char trade[] = TRADE("1"), list[] = "{\"lastUpdateId\":3,\"bids\":[],\"asks\":[]}",
                      url[] = "/depth?symbol=BTCUSDT";
    struct mr_random random = {12};
    for (size_t i = 0; i < MR_COUNT_OF(ties); i++) {
        bool rest = mr_random_below(&random, 10) == 0;
        const char *bytes = rest ? list : trade;
        ties[i] = (struct mr_capture_record){.recv_ns = FIRST + (int64_t)(i / 20) - (rest ? 3 : 0),
                                             .data = (const uint8_t *)bytes,
                                             .len = (uint32_t)strlen(bytes),
                                             .connection = (uint16_t)mr_random_below(&random, 5),
                                             .kind = rest ? MR_CAPTURE_REST : MR_CAPTURE_FRAME,
                                             .clock = (uint8_t)mr_random_below(&random, 3),
                                             .venue = MR_VENUE_binance,
                                             .product = (uint8_t)mr_random_below(&random, 2)};
        if (rest)
            ties[i].name = (struct mr_span){(const uint8_t *)url, sizeof url - 1};
    }
    write_segment("ties.seg", ties, MR_COUNT_OF(ties), 0);
    expect("capture export --out t ties.seg", 0, "of several products");
    expect("capture import --out back.seg t.jsonl", 0, NULL);
    same_records("ties.seg", "back.seg");
}

static void recordings_without_times_stay_without(void **state)
{
    (void)state;
    static const char lines[] = TRADE("1") "\n" TRADE("2") "\n";
    put("u.jsonl", lines, sizeof lines - 1);
    expect("capture import --venue binance:usdm --out u.seg u.jsonl", 0, "u.seg: 2 records");
    expect("capture export --out v u.seg", 0, "without receive times");
    char path[128];
    snprintf(path, sizeof path, "%s/v.recv", folder);
    assert_int_equal(access(path, F_OK), -1);
    size_t len;
    uint8_t *back = mr_test_read(folder, "v.jsonl", &len);
    assert_int_equal(len, sizeof lines - 1);
    assert_memory_equal(back, lines, len);
    free(back);
    static const struct mr_capture_record timed[] = {FRAME(1, 1, 1, TRADE("3"))};
    write_segment("t.seg", timed, 1, 0);
    expect("capture export --out w u.seg t.seg", 2, "1 messages have receive times and 2 have none");
}

/* ---- tears, losses ---- */

static void a_torn_compressed_segment_is_good_up_to_its_tear_at_every_byte(void **state)
{
    (void)state;
    static struct mr_capture_record records[2000];
    static uint8_t noise[2000][400];
    struct mr_random random = {3};
    for (size_t i = 0; i < MR_COUNT_OF(records); i++) {
        for (size_t k = 0; k < sizeof noise[0]; k++)
            noise[i][k] = (uint8_t)(mr_random_next(&random) & 15);
        records[i] = (struct mr_capture_record){.recv_ns = FIRST + (int64_t)i,
                                                .data = noise[i],
                                                .len = sizeof noise[0],
                                                .kind = MR_CAPTURE_FRAME,
                                                .venue = MR_VENUE_okx};
    }
    write_segment("z.seg", records, MR_COUNT_OF(records), 3);
    size_t len;
    uint8_t *data = mr_test_read(folder, "z.seg", &len);
    struct mr_capture_reader *reader = mr_capture_reader_init(malloc(mr_capture_reader_bytes()));
    size_t last = 0, steps = 0;
    for (size_t cut = 128; cut <= len; cut += cut + 97 < len ? 97 : 1) {
        struct mr_capture_record r;
        size_t n = 0;
        int status = mr_capture_open(reader, data, cut);
        while (status == MR_OK && (status = mr_capture_next(reader, &r)) == MR_OK) {
            assert_memory_equal(r.data, noise[n], sizeof noise[0]);
            n++;
        }
        assert_true(n >= last && (status == MR_E_TRUNCATED || status == MR_E_END));
        steps += n > last;
        last = n;
    }
    assert_int_equal(last, MR_COUNT_OF(records));
    assert_true(steps >= 3); /* blocks are frames of their own */
    free(reader);
    put("torn.seg", data, len - 100);
    free(data);
    expect("capture inspect torn.seg", 0, "all before it is good");
    assert_non_null(strstr(out, "1 torn or missing"));
    expect("capture cut --from 0 --out good.seg torn.seg", 0, "ended in a tear; all before it was taken");
    expect("capture inspect good.seg", 0, "0 torn or missing");
}

static void what_was_lost_while_recording_is_said_of_all_that_is_made_of_it(void **state)
{
    (void)state;
    static const char note[] = "lost 42 records: the ring to the record tile was full";
    const struct mr_capture_record records[] = {
        FRAME(1, 1, 1, TRADE("1")),
        {.recv_ns = FIRST + 2, .kind = MR_CAPTURE_NOTE, .data = (const uint8_t *)note, .len = sizeof note - 1},
        FRAME(3, 1, 1, TRADE("2"))};
    write_segment("holes.seg", records, 3, 0);
    expect("capture merge --out m.seg holes.seg", 0, "42 records or more are missing");
    expect("capture inspect m.seg", 0, "42 lost while recording");
    expect("capture cut --connection 1 --out c.seg m.seg", 0, "42 records or more are missing");
}

/* ---- quarantine ---- */

static void the_quarantine_shows_reasons_and_gives_the_bytes_back(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {'}', 0, 0xff, '\n', '\\', 'x'};
    static const char first
        [] = "{\"reason\":\"MALFORMED\",\"at\":0,\"kind\":\"?\",\"bytes\":6,\"seen\":1}",
   second[] =
        "{\"reason\":\"RANGE\",\"at\":5,\"field\":\"price or size\",\"kind\":\"aggTrade\",\"bytes\":900,\"seen\":17}";
    const struct mr_capture_record records[] = {{.recv_ns = FIRST,
                                                 .data = bytes,
                                                 .len = sizeof bytes,
                                                 .connection = 3,
                                                 .kind = MR_CAPTURE_REFUSED,
                                                 .venue = MR_VENUE_binance,
                                                 .product = 1,
                                                 .name = {(const uint8_t *)first, sizeof first - 1}},
                                                {.recv_ns = FIRST + 1,
                                                 .data = (const uint8_t *)"abcdefgh",
                                                 .len = 8,
                                                 .kind = MR_CAPTURE_REFUSED,
                                                 .venue = MR_VENUE_okx,
                                                 .name = {(const uint8_t *)second, sizeof second - 1}}};
    write_segment("quarantine-000000.seg", records, 2, 1);
    expect("capture quarantine .", 0, "binance:usdm  connection 3  MALFORMED at byte 0 of 6, kind ?");
    assert_non_null(strstr(out, "}\\x00\\xff\\x0a\\x5cx"));
    assert_non_null(strstr(out, "RANGE at byte 5 of 900, field price or size, kind aggTrade, number 17 of its reason"));
    assert_non_null(strstr(out, "2 frames, MALFORMED 1, RANGE 1"));
    expect("capture quarantine --json quarantine-000000.seg", 0, "\"reason\":\"RANGE\",\"at\":5");
    expect("capture quarantine --raw 0 . > raw", 0, NULL);
    size_t len;
    uint8_t *raw = mr_test_read(folder, "raw", &len);
    assert_int_equal(len, sizeof bytes);
    assert_memory_equal(raw, bytes, len);
    free(raw);
    expect("capture quarantine --raw 2 .", 2, "there are 2 frames, counted from 0");
    expect("capture quarantine missing.seg", 3, "missing.seg: cannot open");
    expect("replay quarantine-000000.seg --json", 0, "\"total\":0"); /* it is no traffic */
}

/* ---- refusals ---- */

static void slips_get_a_sentence_and_write_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *args;
        int code;
        const char *says;
    } cases[] = {
        {"cut --out x a.seg", 2, "cut: by what? give --from, --to, --connection or --only"},
        {"cut --from 5 --to 5 --out x a.seg", 2, "--from is not before --to"},
        {"cut --from 2023-11-14 --out x a.seg", 2, "--from 2023-11-14: want ns since 1970"},
        {"cut --from 2023-11-14T22:13 --out x a.seg", 2, "want a time in UTC, as 2026-01-31T12:00:00.5Z"},
        {"cut --from 2023-11-14T22:13:00 --out x a.seg", 2, "want a time in UTC"},
        {"cut --connection 65536 --out x a.seg", 2, "--connection 65536: want the number of one"},
        {"cut --connection -1 --out x a.seg", 2, "--connection -1"},
        {"cut --only moon --out x a.seg", 2, "--only moon: no such venue"},
        {"cut --only binance:moon --out x a.seg", 2, "moon"},
        {"cut --only binance:usdm: --out x a.seg", 2, "want VENUE, VENUE:PRODUCT or VENUE:PRODUCT:SYMBOL"},
        {"cut --to 5 --out a.seg a.seg", 2, "a.seg is an input and the output"},
        {"merge --force --out a.seg a.seg", 2, "a.seg is an input and the output"},
        {"merge --out x", 2, "want an action and files"},
        {"cut --to 5 --renumber --out x a.seg", 2, "--renumber is for merge"},
        {"export --out x --only bybit a.seg", 2, "nothing to export"},
        {"export --force --out b --venue binance:usdm b.jsonl", 2, "b.jsonl is an input and the output"},
        {"import --venue binance:usdm --out x bad.jsonl", 2, "bad.rest.json: element 1: `line` 0 comes after line 1"},
        {"import --venue binance:usdm --out x some.jsonl", 2, "some.rest.json: 1 of 2 elements have a `line`"},
        {"import --venue binance:usdm --out x stamp.jsonl", 2, "stamp.recv:1: not a receive time"},
        {"import --venue binance:usdm --out x event.jsonl", 2, "event.rest.json: byte"},
        {"import --out x b.jsonl", 2, "--venue VENUE:PRODUCT"},
        {"import --out x part.jsonl", 2, "part.recv: 1 of 2 lines name a product"},
        {"import --out x moon.jsonl", 2, "moon.recv:1: not a receive time"},
        {"import --out x whose.jsonl", 2, "whose.rest.json: element 0 does not say whose it is"},
        {"import --out x nobody.jsonl", 2, "nobody.rest.json: byte"},
        {"merge --split --out x a.seg", 2, "--split is for export"},
        {"quarantine --raw x a.seg", 2, "--raw x: want the number of a message"},
        {"inspect missing.seg", 3, "missing.seg: cannot open"},
    };
    static const struct mr_capture_record one[] = {FRAME(1, 1, 1, TRADE("1"))};
    static const char *const files[][2] = {
        {"b.jsonl", "{}\n"},
        {"bad.jsonl", "{}\n{}\n"},
        {"bad.rest.json", "[{\"url\":\"/a\",\"line\":1,\"body\":{}},{\"url\":\"/b\",\"line\":0,\"body\":{}}]"},
        {"some.jsonl", "{}\n"},
        {"some.rest.json", "[{\"url\":\"/a\",\"line\":1,\"body\":{}},{\"url\":\"/b\",\"body\":{}}]"},
        {"stamp.jsonl", "{}\n"},
        {"stamp.recv", "5 6 7\n"},
        {"part.jsonl", "{}\n{}\n"},
        {"part.recv", "5 6 1 binance:usdm\n6 6 1\n"},
        {"moon.jsonl", "{}\n"},
        {"moon.recv", "5 6 1 binance:moon\n"},
        {"whose.jsonl", "{}\n"},
        {"whose.recv", "5 6 1 binance:usdm\n"},
        {"whose.rest.json", "[{\"url\":\"/a\",\"line\":0,\"body\":{}}]"},
        {"nobody.jsonl", "{}\n"},
        {"nobody.recv", "5 6 1 binance:usdm\n"},
        {"nobody.rest.json", "[{\"url\":\"/a\",\"line\":0,\"product\":\"moon:spot\",\"body\":{}}]"},
        {"event.jsonl", "{}\n"},
        {"event.rest.json", "[{\"event\":\"moved\",\"line\":0}]"},
    };
    write_segment("a.seg", one, 1, 0);
    for (size_t i = 0; i < MR_COUNT_OF(files); i++)
        put(files[i][0], files[i][1], strlen(files[i][1]));
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char args[256], path[128];
        snprintf(args, sizeof args, "capture %s", cases[i].args);
        expect(args, cases[i].code, cases[i].says);
        snprintf(path, sizeof path, "%s/x.jsonl", folder);
        assert_int_equal(access(path, F_OK), -1);
        snprintf(path, sizeof path, "%s/x", folder);
        unlink(path); /* an import that is refused may have begun its file */
    }
    same_records("a.seg", "a.seg");
}

int main(int argc, char **argv)
{
    static char path[4096];
    if (argc != 2 || !realpath(argv[1], path))
        return 2;
    program = path;
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)
    const struct CMUnitTest tests[] = {
        TEST(the_parts_of_a_cut_by_time_merge_to_the_whole_wherever_it_falls),
        TEST(the_parts_of_a_cut_by_product_or_connection_merge_to_the_same_digests),
        TEST(a_cut_by_instrument_has_its_events_and_no_other),
        TEST(connections_of_one_number_are_told_apart_if_asked),
        TEST(equal_times_keep_the_order_of_the_inputs),
        TEST(what_is_exported_is_imported_as_it_was_record_by_record),
        TEST(a_recording_of_many_products_exports_to_one_set_of_files_or_to_one_each),
        TEST(messages_of_one_receive_time_keep_their_order_through_text),
        TEST(recordings_without_times_stay_without),
        TEST(a_torn_compressed_segment_is_good_up_to_its_tear_at_every_byte),
        TEST(what_was_lost_while_recording_is_said_of_all_that_is_made_of_it),
        TEST(the_quarantine_shows_reasons_and_gives_the_bytes_back),
        TEST(slips_get_a_sentence_and_write_nothing),
    };
    return MR_TEST_MAIN(tests);
}
