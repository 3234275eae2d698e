/* Every recorded Binance message is understood, and the kinds are as many as the recordings' manifest says. */
#include "tests/codecs/venue/rig.h"

#include <stdio.h>

struct kind_count {
    const char *kind;
    uint64_t count;
};
static const struct recording {
    const char *file, *product;
    long messages;
    struct kind_count kinds[5];
} recordings[] = {
    {"binance/usdm_btcusdt_20240808.jsonl.zst",
     "binance:usdm",
     93953,
     {{"bookTicker", 66089}, {"trade", 21313}, {"depthUpdate", 6551}}},
    {"binance/usdm_btcusdt_20230404.jsonl",
     "binance:usdm",
     13383,
     {{"bookTicker", 6765}, {"depthUpdate", 4322}, {"trade", 2197}, {"markPriceUpdate", 99}}},
    {"binance/spot_btcusdt_20240808.jsonl.zst",
     "binance:spot",
     41248,
     {{"bookTicker", 28040}, {"trade", 9757}, {"depthUpdate", 3451}}},
    {"binance/usdm_4sym_20210722.jsonl",
     "binance:usdm",
     1535,
     {{"depthUpdate", 764}, {"bookTicker", 613}, {"aggTrade", 91}, {"kline", 67}}},
    {"binance/spot_4sym_20211012.jsonl",
     "binance:spot",
     265,
     {{"depthUpdate", 177}, {"bookTicker", 84}, {"aggTrade", 2}, {"kline", 2}}},
    {"binance/usdm_samples_2026.jsonl",
     "binance:usdm",
     8,
     {{"bookTicker", 3}, {"aggTrade", 1}, {"markPriceUpdate", 1}, {"trade", 1}, {"depthUpdate", 1}}},
    {"binance/usdm_forceorder_samples_202610.jsonl", "binance:usdm", 4, {{"forceOrder", 3}, {"bookTicker", 1}}},
};

struct run {
    struct rig rig;   /* with shapes */
    struct rig plain; /* general path only */
    union mr_slot *want;
    const char *file;
    uint64_t slots, refused;
};

/* One message by both paths: the same slots, bit for bit. */
static void both_ways(void *arg, const uint8_t *line, size_t len)
{
    struct run *run = arg;
    struct mr_frame frame = rig_frame(line, len);
    int want = rig_decode_frame(&run->plain, &frame);
    int got = rig_decode_frame(&run->rig, &frame);
    if (want < 0) {
        run->refused++;
        fprintf(stderr, "%s: %s at %u: %.*s\n", run->file, mr_status_name(want), run->plain.dec.error_at,
                (int)(len < 300 ? len : 300), (const char *)line);
        return;
    }
    run->slots += (uint64_t)want;
    assert_int_equal(got, want);
    assert_int_equal(run->rig.dec.kind, run->plain.dec.kind);
    assert_memory_equal(run->rig.out, run->plain.out, (size_t)got * sizeof *run->rig.out);
    if (run->plain.out->event.kind != MR_EVENT_BOOK)
        return;
    /* a blank in front sends a book message the general way */
    uint8_t *blank = malloc(len + 1);
    blank[0] = ' ';
    memcpy(blank + 1, line, len);
    frame = rig_frame(blank, len + 1);
    assert_int_equal(rig_decode_frame(&run->rig, &frame), want);
    assert_memory_equal(run->rig.out, run->plain.out, (size_t)want * sizeof *run->rig.out);
    run->rig.dec.messages[run->rig.dec.kind]--; /* the same message again */
    free(blank);
}

static void every_recorded_message_is_understood_by_both_paths(void **state)
{
    (void)state;
    bool quick = getenv("MILLRACE_QUICK") != NULL;
    for (size_t i = 0; i < MR_COUNT_OF(recordings); i++) {
        const struct recording *r = &recordings[i];
        for (enum mr_kernel k = quick ? mr_kernel_active() : 0; k < MR_KERNEL_COUNT; k++) {
            struct run run = {.file = r->file};
            if (!mr_kernel_available(k))
                continue;
            rig_open(&run.rig, r->product, 1024, k);
            rig_open(&run.plain, r->product, 0, k);
            long lines = rig_lines(r->file, both_ways, &run);
            if (lines < 0) {
                assert_null(mr_test_captures()); /* a file that is not there is no reason */
                mr_test_skip_line("no recordings");
                rig_close(&run.rig);
                rig_close(&run.plain);
                skip();
            }
            assert_int_equal(lines, r->messages);
            assert_int_equal(run.refused, 0);
            for (size_t c = 0; c < MR_COUNT_OF(r->kinds) && r->kinds[c].kind; c++) {
                assert_int_equal(rig_count(&run.rig, r->kinds[c].kind), r->kinds[c].count);
                assert_int_equal(rig_count(&run.plain, r->kinds[c].kind), r->kinds[c].count);
            }
            struct mr_shapes_stats s;
            mr_shapes_stats(run.rig.shapes, &s);
            printf("%s %s: %ld messages, %llu slots, shapes %llu hits, %llu misses, %llu learnt, %llu replaced, %llu "
                   "refused\n",
                   r->file, mr_kernel_name(k), lines, (unsigned long long)run.slots, (unsigned long long)s.hits,
                   (unsigned long long)s.misses, (unsigned long long)s.learnt, (unsigned long long)s.replaced,
                   (unsigned long long)s.refused);
            rig_close(&run.rig);
            rig_close(&run.plain);
            if (quick)
                break;
        }
    }
}

struct bodies {
    struct rig rig;
    uint32_t books, lists;
};

static void one_body(void *arg, struct mr_span url, struct mr_span body)
{
    struct bodies *b = arg;
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)url.len, (const char *)url.data);
    int n = rig_rest(&b->rig, text, body.data, body.len);
    if (n < 0)
        fail_msg("%s: %s %s", text, mr_status_name(n), b->rig.dec.error_field);
    if (strstr(text, "exchangeInfo")) {
        assert_true(mr_instruments_count(b->rig.table) > 50);
        b->lists++;
        return;
    }
    const struct mr_book_head *head = &b->rig.out->book;
    assert_int_equal(head->kind, MR_EVENT_BOOK);
    assert_true(head->flags & MR_FLAG_SNAPSHOT);
    assert_true(head->bid_count >= 100 && head->ask_count >= 100);
    assert_true(head->seq > 0);
    const struct mr_level *level = b->rig.out[1].level;
    for (uint32_t i = 1; i < head->bid_count; i++)
        assert_true(level[i].price < level[i - 1].price);
    for (uint32_t i = 1; i < head->ask_count; i++)
        assert_true(level[head->bid_count + i].price > level[head->bid_count + i - 1].price);
    assert_true(level[0].price < level[head->bid_count].price);
    b->books++;
}

static void recorded_rest_bodies_become_books_and_instruments(void **state)
{
    (void)state;
    static const struct {
        const char *file, *product;
        uint32_t books, lists;
    } files[] = {
        {"binance/spot_4sym_20211012.rest.json", "binance:spot", 4, 1},
        {"binance/spot_btcusdt_20240808.rest.json", "binance:spot", 1, 0},
        {"binance/usdm_4sym_20210722.rest.json", "binance:usdm", 4, 1},
        {"binance/usdm_btcusdt_20230404.rest.json", "binance:usdm", 1, 0},
        {"binance/usdm_btcusdt_20240808.rest.json", "binance:usdm", 1, 0},
    };
    for (size_t i = 0; i < MR_COUNT_OF(files); i++) {
        struct bodies b = {.books = 0};
        rig_open(&b.rig, files[i].product, 0, MR_KERNEL_SCALAR);
        long n = rig_bodies(files[i].file, one_body, &b);
        if (n < 0) {
            assert_null(mr_test_captures());
            mr_test_skip_line("no recordings");
            rig_close(&b.rig);
            skip();
        }
        assert_int_equal(b.books, files[i].books);
        assert_int_equal(b.lists, files[i].lists);
        rig_close(&b.rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_message_is_understood_by_both_paths),
        cmocka_unit_test(recorded_rest_bodies_become_books_and_instruments),
    };
    return MR_TEST_MAIN(tests);
}
