/* What a tap and an operator see of trouble in the running system: one instrument's gap, and a stream that falls silent on a
 * connection that stays. The program is the first argument. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "codecs/json/json.h"
#include "tests/controlplane/live/scene.h"

static pid_t supervisor;

static void end(pid_t pid)
{
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int open_demo(void **state)
{
    static const char *const args[] = {"run", "--no-view", NULL};
    if (scene_open(state) != 0)
        return 1;
    supervisor = scene_start(args, NULL);
    return scene_live("demo", 30) ? 0 : 1;
}

static int close_demo(void **state)
{
    end(supervisor);
    return scene_close(state);
}

/* ---- a tap's lines ---- */

struct line {
    char kind[24], instrument[64], status[16], channel[16];
    long long seq, prev_seq, first_seq, place, slots;
    bool snapshot, partial;
};

static bool read_line(FILE *f, struct line *out)
{
    static char text[1 << 16];
    struct mr_json j;
    struct mr_span key, value;
    if (!fgets(text, sizeof text, f))
        return false;
    memset(out, 0, sizeof *out);
    mr_json_open(&j, (const uint8_t *)text, (uint32_t)strcspn(text, "\n"));
    assert_true(mr_json_object(&j));
    while (mr_json_key(&j, &key)) {
        char copy[64];
        assert_true(mr_json_raw(&j, &value));
        bool quoted = value.data[0] == '"';
        snprintf(copy, sizeof copy, "%.*s", (int)value.len - 2 * quoted, (const char *)value.data + quoted);
        if (mr_span_eq(key, "kind"))
            snprintf(out->kind, sizeof out->kind, "%.23s", copy);
        else if (mr_span_eq(key, "instrument"))
            snprintf(out->instrument, sizeof out->instrument, "%s", copy);
        else if (mr_span_eq(key, "status"))
            snprintf(out->status, sizeof out->status, "%.15s", copy);
        else if (mr_span_eq(key, "channel"))
            snprintf(out->channel, sizeof out->channel, "%.15s", copy);
        else if (mr_span_eq(key, "seq"))
            out->seq = atoll(copy);
        else if (mr_span_eq(key, "prev_seq"))
            out->prev_seq = atoll(copy);
        else if (mr_span_eq(key, "first_seq"))
            out->first_seq = atoll(copy);
        else if (mr_span_eq(key, "place"))
            out->place = atoll(copy);
        else if (mr_span_eq(key, "slots"))
            out->slots = atoll(copy);
        else if (mr_span_eq(key, "snapshot"))
            out->snapshot = strcmp(copy, "true") == 0;
        else if (mr_span_eq(key, "partial"))
            out->partial = strcmp(copy, "true") == 0;
    }
    assert_int_equal(mr_json_close(&j), MR_OK);
    return true;
}

static FILE *tap_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", scene.folder, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    return f;
}

/* How a product's updates follow each other, as its venue's page says; what follows otherwise is a gap. */
static bool follows(const struct line *is, long long last)
{
    if (strncmp(is->instrument, "binance:usdm:", 13) == 0 || strncmp(is->instrument, "okx:", 4) == 0)
        return is->prev_seq == last;
    if (strncmp(is->instrument, "binance:spot:", 13) == 0 || strncmp(is->instrument, "bybit:", 6) == 0 ||
        strncmp(is->instrument, "mexc:", 5) == 0 || strncmp(is->instrument, "kucoin:", 7) == 0)
        return is->first_seq == last + 1;
    if (strncmp(is->instrument, "polymarket:", 11) == 0)
        return is->seq >= last; /* several messages may have one time */
    return is->seq > last;      /* hyperliquid: each message is the whole book */
}

static void one_instruments_gap_leaves_every_other_sequence_untouched(void **state)
{
    (void)state;
    static const char *const args[] = {"tap", "-i", "demo", "--json", "--seconds", "5", NULL};
    struct {
        char instrument[64];
        long long last;
        uint32_t gaps, snapshots, updates;
    } seen[32] = {0};
    pid_t tap = scene_start(args, "tap.json");
    mr_test_rest(1500);
    scene_exchange("/exchange/fault",
                   "{\"fault\":\"gap\",\"product\":\"binance:usdm\",\"symbol\":\"BTCUSDT\",\"count\":2}");
    int status;
    assert_int_equal(waitpid(tap, &status, 0), tap);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    FILE *f = tap_file("tap.json");
    struct line l;
    long long place = -1;
    size_t count = 0;
    while (read_line(f, &l)) {
        if (strcmp(l.kind, "signal") == 0) /* on a ring of their own */
            continue;
        if (place >= 0)
            assert_int_equal(l.place, place); /* the tap itself lost nothing */
        place = l.place + l.slots;
        bool book = strcmp(l.kind, "book") == 0, gap = strcmp(l.kind, "gap") == 0;
        if ((!book && !gap) || l.partial) /* the best levels alone are no part of what follows each other */
            continue;
        size_t i = 0;
        while (i < count && strcmp(seen[i].instrument, l.instrument) != 0)
            i++;
        if (i == count) {
            assert_true(count++ < MR_COUNT_OF(seen));
            snprintf(seen[i].instrument, sizeof seen[i].instrument, "%s", l.instrument);
            seen[i].last = -1;
        }
        seen[i].gaps += gap;
        if (gap) {
            seen[i].last = -1;
            continue;
        }
        bool image = strncmp(l.instrument, "hyperliquid:", 12) == 0 || /* with each trade: */
                     strncmp(l.instrument, "polymarket:", 11) == 0;
        seen[i].snapshots += l.snapshot && !image;
        if (seen[i].last >= 0 && !l.snapshot && !follows(&l, seen[i].last))
            print_error("%s: %lld does not follow %lld\n", l.instrument, l.seq, seen[i].last);
        if (seen[i].last >= 0 && !l.snapshot)
            assert_true(follows(&l, seen[i].last));
        seen[i].last =
            l.snapshot && (strncmp(l.instrument, "binance:", 8) == 0 || strncmp(l.instrument, "mexc:", 5) == 0 ||
                           strncmp(l.instrument, "kucoin:futures:", 15) == 0)
                ? -1
                : l.seq; /* joined by its own rule */
        seen[i].updates++;
    }
    fclose(f);
    assert_int_equal(count, SCENE_BOOKS);
    for (size_t i = 0; i < count; i++) {
        bool hurt = strcmp(seen[i].instrument, "binance:usdm:BTCUSDT") == 0;
        if (seen[i].gaps != (hurt ? 1 : 0))
            fail_msg("%s: %u gaps", seen[i].instrument, (unsigned)seen[i].gaps);
        assert_int_equal(seen[i].snapshots, hurt ? 1 : 0);
        assert_true(seen[i].updates > 3);
    }
    assert_true(scene_live("demo", 30));
    assert_true(scene_books_equal("demo"));
}

/* ---- a stream that falls silent ---- */

/* The demo's config with an instance name of its own and little patience. It trades nothing: the journal it names is the demo's. */
static void write_config(void)
{
    char path[128], text[8192], *at;
    snprintf(path, sizeof path, "%s/demo/demo.yaml", scene.folder);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    snprintf(path, sizeof path, "%s/mute.yaml", scene.folder);
    f = fopen(path, "w");
    assert_non_null(f);
    at = strstr(text, "plane:\n");
    assert_non_null(at);
    const char *journal = strstr(at, "\njournal:\n"), *feeds = strstr(at, "\nfeeds:\n");
    assert_true(journal && feeds > journal);
    at += strlen("plane:\n");
    fprintf(f, "instance: mute\n\nplane:\n  data_s: 1\n%.*s%s", (int)(journal - at), at, feeds);
    fclose(f);
}

static void a_stream_that_falls_silent_is_reported_in_band_and_by_show_feeds(void **state)
{
    (void)state;
    static const char *const plane[] = {"dataplane", "--config", "mute.yaml", NULL};
    static const char *const control[] = {"controlplane", "--config", "mute.yaml", NULL};
    static const char *const tap[] = {"tap", "-i", "mute", "--json", "--events", NULL};
    write_config();
    pid_t planes[2] = {scene_start(plane, NULL), 0};
    mr_test_rest(1000);
    planes[1] = scene_start(control, NULL);
    assert_true(scene_live("mute", 30));
    pid_t watch = scene_start(tap, "mute.json");
    assert_int_equal(SCENE_SHELL("ctl --instance mute --json show feeds"), 0);
    const char *feed = strstr(scene.out, "\"okx:public\"");
    assert_non_null(feed);
    long before = scene_number(feed, "mute");
    scene_exchange("/exchange/fault",
                   "{\"fault\":\"silence\",\"product\":\"okx:public\",\"symbol\":\"BTC-USDT-SWAP\",\"seconds\":12}");
    bool reported = false;
    for (int i = 0; i < 60 && !reported; i++, mr_test_rest(200)) {
        assert_int_equal(SCENE_SHELL("ctl --instance mute --json show feeds"), 0);
        feed = strstr(scene.out, "\"okx:public\"");
        reported = feed && scene_number(feed, "mute") > before;
    }
    assert_true(reported);
    bool again = false; /* and when it speaks again, that too is told */
    for (int i = 0; i < 150 && !again; i++, mr_test_rest(200)) {
        assert_int_equal(SCENE_SHELL("ctl --instance mute --json show feeds"), 0);
        feed = strstr(scene.out, "\"okx:public\"");
        again = feed && scene_number(feed, "mute") <= before;
    }
    assert_true(again);
    end(watch);
    struct line l;
    uint32_t stale = 0, live = 0, others = 0;
    FILE *f = tap_file("mute.json");
    while (read_line(f, &l)) {
        if (strcmp(l.kind, "status") != 0 ||
            strcmp(l.channel, "depth") != 0) /* a quiet market's liquidations may rest */
            continue;
        bool hurt = strcmp(l.instrument, "okx:public:BTC-USDT-SWAP") == 0;
        stale += hurt && strcmp(l.status, "stale") == 0;
        live += hurt && strcmp(l.status, "live") == 0;
        others += !hurt;
    }
    fclose(f);
    assert_int_equal(stale, 1);
    assert_int_equal(live, 1);
    assert_int_equal(others, 0);
    end(planes[1]);
    end(planes[0]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_instruments_gap_leaves_every_other_sequence_untouched),
        cmocka_unit_test(a_stream_that_falls_silent_is_reported_in_band_and_by_show_feeds),
    };
    int code = scene_begin(argc, argv);
    if (code)
        return code;
    return cmocka_run_group_tests(tests, open_demo, close_demo) ? 1 : 0;
}
