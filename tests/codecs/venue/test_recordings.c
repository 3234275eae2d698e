/* Every line of every recording of the venues is understood, or counted as unknown by its name; none is malformed, none is lost.
 * Files are found in the folder, so a recording that is added is tested too. */
#include <dirent.h>
#include <stdio.h>

#include "tests/codecs/venue/rig.h"

/* Which product a file's messages are of: the first row whose folder and word fit its path. */
static const struct {
    const char *folder, *word, *product;
} owners[] = {
    {"binance", "usdm", "binance:usdm"},
    {"binance", "spot", "binance:spot"},
    {"bybit", "spot", "bybit:spot"},
    {"bybit", "", "bybit:linear"},
    {"okx", "", "okx:public"},
    {"hyperliquid", "", "hyperliquid:perp"},
    {"kucoin", "spot", "kucoin:spot"},
    {"kucoin", "", "kucoin:futures"},
    {"mexc", "", "mexc:futures"},
    {"polymarket", "clob", "polymarket:clob"},
    {"polymarket", "rtds", "polymarket:rtds"},
};
static const char *const folders[] = {"binance", "bybit", "okx", "hyperliquid", "kucoin", "mexc", "polymarket"};

struct tally {
    struct rig plain, fast;
    const char *file;
    uint64_t lines, understood, unknown;
};

static void line(void *arg, const uint8_t *data, size_t len)
{
    struct tally *t = arg;
    struct mr_frame frame = rig_frame(data, len);
    int n = rig_decode_frame(&t->plain, &frame);
    t->lines++;
    if (n >= 0) {
        t->understood++;
        assert_int_not_equal(t->plain.dec.kind, 0);
    } else if (n == MR_E_UNKNOWN && t->plain.dec.name.len > 0) {
        t->unknown++;
        print_message("%s: unknown: %.*s\n", t->file, (int)t->plain.dec.name.len, (const char *)t->plain.dec.name.data);
    } else {
        fail_msg("%s line %llu: %s in %s: %.*s", t->file, (unsigned long long)t->lines, mr_status_name(n),
                 t->plain.dec.error_field ? t->plain.dec.error_field : "?", (int)(len < 300 ? len : 300),
                 (const char *)data);
    }
    assert_int_equal(rig_decode_frame(&t->fast, &frame), n);
    if (n > 0)
        assert_memory_equal(t->fast.out, t->plain.out, (size_t)n * sizeof *t->plain.out);
}

static void body(void *arg, struct mr_span url, struct mr_span text)
{
    struct tally *t = arg;
    char where[512];
    snprintf(where, sizeof where, "%.*s", (int)url.len, (const char *)url.data);
    int n = rig_rest(&t->plain, where, text.data, text.len);
    if (n < 0 && n != MR_E_UNKNOWN)
        fail_msg("%s: body of %s: %s in %s", t->file, where, mr_status_name(n),
                 t->plain.dec.error_field ? t->plain.dec.error_field : "?");
    t->understood += n >= 0;
    t->unknown += n < 0;
}

/* Instruments first, where the recording has their list: prices with more decimals than eight need it. */
static void metadata(void *arg, struct mr_span url, struct mr_span text)
{
    struct tally *t = arg;
    char where[512];
    snprintf(where, sizeof where, "%.*s", (int)url.len, (const char *)url.data);
    rig_rest(&t->plain, where, text.data, text.len);
    rig_rest(&t->fast, where, text.data, text.len);
}

static uint64_t counted(const struct rig *rig)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < MR_VENUE_KINDS_MAX; i++)
        sum += rig->dec.messages[i];
    return sum;
}

static const char *owner(const char *folder, const char *name)
{
    for (size_t i = 0; i < MR_COUNT_OF(owners); i++)
        if (strcmp(owners[i].folder, folder) == 0 && strstr(name, owners[i].word))
            return owners[i].product;
    fail_msg("whose messages are in %s/%s? Add a row", folder, name);
    return NULL;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

/* Lines in the file, of `folder`. */
static uint64_t check(const char *folder, const char *name)
{
    struct tally t = {.lines = 0};
    char file[512];
    snprintf(file, sizeof file, "%s/%s", folder, name);
    t.file = file;
    rig_open(&t.plain, owner(folder, name), 0, MR_KERNEL_SCALAR);
    rig_open(&t.fast, owner(folder, name), 256, mr_kernel_active());
    if (ends_with(name, ".rest.json")) {
        assert_true(rig_bodies(file, body, &t) > 0);
        assert_true(t.understood > 0 || strcmp(folder, "mexc") == 0); /* whose URLs were kept without their symbol */
    } else {
        char bodies[512];
        snprintf(bodies, sizeof bodies, "%.*s.rest.json", (int)strcspn(file, "."), file);
        rig_bodies(bodies, metadata, &t);
        assert_true(rig_lines(file, line, &t) > 0);
        assert_int_equal(t.understood + t.unknown, t.lines);
        assert_int_equal(counted(&t.plain), t.understood);
        assert_int_equal(counted(&t.fast), t.understood);
        assert_true(t.understood > 0);
    }
    rig_close(&t.plain);
    rig_close(&t.fast);
    return t.lines;
}

static void every_line_is_understood_or_unknown_by_name(void **state)
{
    const char *root = mr_test_captures();
    uint64_t lines = 0, files = 0;
    (void)state;
    if (!root) {
        mr_test_skip_line("no recordings");
        skip();
    }
    for (size_t i = 0; i < MR_COUNT_OF(folders); i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", root, folders[i]);
        DIR *folder = opendir(path);
        assert_non_null(folder);
        for (struct dirent *entry; (entry = readdir(folder));)
            if (ends_with(entry->d_name, ".jsonl") || ends_with(entry->d_name, ".jsonl.zst") ||
                ends_with(entry->d_name, ".rest.json")) {
                lines += check(folders[i], entry->d_name);
                files++;
            }
        closedir(folder);
    }
    print_message("%llu lines of %llu files\n", (unsigned long long)lines, (unsigned long long)files);
    assert_true(files > 0 && lines > 0);
}

/* The same on messages written here, so that it is shown without recordings: what is counted as unknown has a name. */
static void unknown_kinds_have_names(void **state)
{
    static const struct {
        const char *product, *message, *name;
    } unknown[] = {
        {"binance:usdm", "{\"e\":\"newThing\",\"E\":1,\"s\":\"BTCUSDT\"}", "newThing"},
        {"binance:spot", "{\"stream\":\"x@y\",\"data\":{\"e\":\"newThing\"}}", "newThing"},
        {"bybit:linear", "{\"topic\":\"newThing.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1,\"data\":{}}", "newThing"},
        {"bybit:spot", "{\"op\":\"newThing\"}", "newThing"},
        {"okx:public", "{\"arg\":{\"channel\":\"new-thing\",\"instId\":\"X\"},\"data\":[]}", "new-thing"},
        {"okx:public", "{\"event\":\"new-thing\"}", "new-thing"},
        {"hyperliquid:perp", "{\"channel\":\"newThing\",\"data\":{}}", "newThing"},
        {"mexc:futures", "{\"symbol\":\"X\",\"data\":{},\"channel\":\"newThing\"}", "newThing"},
        {"polymarket:clob", "{\"market\":\"0x1\",\"event_type\":\"newThing\"}", "newThing"},
        {"polymarket:rtds", "{\"topic\":\"newThing\",\"type\":\"update\",\"payload\":{}}", "newThing"},
        {"polymarket:rtds", "{\"topic\":\"crypto_prices\",\"type\":\"newThing\",\"payload\":{}}", "newThing"},
        {"kucoin:futures", "{\"topic\":\"/new/thing:XBTUSDTM\",\"type\":\"message\",\"data\":{}}", "/new/thing"},
        {"kucoin:futures", "{\"T\":\"newThing.FUTURES\",\"d\":{}}", "newThing.FUTURES"},
        {"kucoin:spot", "{\"type\":\"newThing\"}", "newThing"},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(unknown); i++) {
        struct rig rig;
        rig_open(&rig, unknown[i].product, 0, MR_KERNEL_SCALAR);
        assert_int_equal(rig_decode(&rig, unknown[i].message), MR_E_UNKNOWN);
        struct mr_span name = rig.dec.name; /* raw: with its quotes where the decoder keeps them */
        if (!memmem(name.data, name.len, unknown[i].name, strlen(unknown[i].name)))
            fail_msg("%s: \"%.*s\"", unknown[i].message, (int)name.len, (const char *)name.data);
        assert_int_equal(counted(&rig), 0);
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_understood_or_unknown_by_name),
        cmocka_unit_test(unknown_kinds_have_names),
    };
    return MR_TEST_MAIN(tests);
}
