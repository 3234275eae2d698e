/* A changed configuration into a running process: what is taken, what wants a restart, all or nothing, and the history. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codecs/json/json.h"
#include "controlplane/config/config_priv.h"
#include "controlplane/config/reload.h"
#include "tests/support/support.h"

#define NOW 1763800000000000000ll

static struct mr_config running, before;
static struct mr_config_report report;
static char folder[64], file[128], history[128], shown[262144];
static struct mr_config_live live;
static const struct mr_config_who ann = {1000, 42, "ann"};

static struct part {
    unsigned checked, applied;
    bool refuses;
    uint32_t half_before, half_after;
} parts[2];
static int check(void *self, const struct mr_config *was, const struct mr_config *is, struct mr_err *err)
{
    struct part *p = self;
    (void)was;
    p->checked++;
    return p->refuses ? mr_err_set(err, MR_E_RANGE, "half_s of %u is too much for me", is->control.half_s) : MR_OK;
}
static void apply(void *self, const struct mr_config *was, const struct mr_config *is)
{
    struct part *p = self;
    p->applied++;
    p->half_before = was->control.half_s;
    p->half_after = is->control.half_s;
}
static const struct mr_config_part table[] = {
    {"first", &parts[0], check, apply}, {"second", &parts[1], check, apply}, {"none", NULL, NULL, NULL}};

static void put(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}
static char told[8192];
static void tell(void *arg, const char *sentence)
{
    size_t len = strlen(told);
    (void)arg;
    snprintf(told + len, sizeof told - len, "%s\n", sentence);
}

#define FEED "feeds:\n  - product: binance:usdm\n    symbols: [BTCUSDT]\n"
static void start_with(const char *text)
{
    put(file, text);
    assert_int_equal(mr_config_load(&running, file, tell, NULL), MR_OK);
    memset(parts, 0, sizeof parts);
    told[0] = 0;
    live = (struct mr_config_live){&running, file, NULL, history, table, MR_COUNT_OF(table), tell, NULL};
}
static int up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-reload-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/millrace.yaml", folder);
    snprintf(history, sizeof history, "%s/history.jsonl", folder);
    start_with("control:\n  half_s: 10\n" FEED);
    return 0;
}
static int down(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}
static int reload(const char *text)
{
    put(file, text);
    memcpy(&before, &running, sizeof before);
    return mr_config_reload(&live, &ann, NOW, &report);
}
static const char *text_of_report(void)
{
    struct mr_text out;
    mr_text_init(&out, shown, sizeof shown);
    mr_config_report_text(&report, &out);
    assert_false(out.cut);
    return shown;
}

static void the_same_file_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(reload("# a comment more\ncontrol:\n  half_s: 10\n" FEED), MR_OK);
    assert_int_equal(report.live + report.restart + report.count, 0);
    assert_memory_equal(&before, &running, sizeof running);
    assert_int_equal(parts[0].checked + parts[0].applied, 0);
    assert_non_null(strstr(text_of_report(), "unchanged; 0 live, 0 want a restart"));
}

static void a_live_key_is_taken_and_who_needs_it_is_told(void **state)
{
    (void)state;
    assert_int_equal(reload("control:\n  half_s: 12\n  operate_uids: [5, 6]\n" FEED), MR_OK);
    assert_int_equal(running.control.half_s, 12);
    assert_int_equal(running.control.operate_count, 2);
    assert_int_equal(running.control.operate_uids[1], 6);
    assert_int_equal(running.line[MR_KEY_control_half_s], 2);
    assert_int_equal(report.live, 2);
    assert_int_equal(report.restart, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(parts[i].applied, 1);
        assert_int_equal(parts[i].half_before, 10);
        assert_int_equal(parts[i].half_after, 12);
    }
    assert_non_null(strstr(text_of_report(), "now       control.half_s: 10 -> 12\n"));
    assert_non_null(strstr(shown, "now       control.operate_uids: [] -> [5, 6]\n"));
    assert_int_equal(reload("control:\n  half_s: 12\n" FEED), MR_OK); /* and back */
    assert_int_equal(running.control.operate_count, 0);
}

static void what_wants_a_restart_is_named_and_stays_as_it_runs(void **state)
{
    (void)state;
    assert_int_equal(reload("plane:\n  book_depth: 100\ncontrol:\n  half_s: 11\n  line_max: 8KiB\n" FEED), MR_OK);
    assert_int_equal(running.control.half_s, 11);
    assert_int_equal(running.control.line_max, 4096);
    assert_int_equal(running.plane.book_depth, before.plane.book_depth);
    assert_int_equal(report.live, 1);
    assert_int_equal(report.restart, 2);
    assert_non_null(strstr(text_of_report(), "restart   plane.book_depth: 8192 -> 100\n"));
    assert_non_null(strstr(shown, "restart   control.line_max: 4KiB -> 8KiB\n"));
    /* it is named again as long as it is so, and gone when the file is as it runs */
    assert_int_equal(reload("plane:\n  book_depth: 100\ncontrol:\n  half_s: 11\n" FEED), MR_OK);
    assert_int_equal(report.live, 0);
    assert_int_equal(report.restart, 1);
    assert_non_null(strstr(text_of_report(), "wants a restart; 0 live, 1 want"));
    assert_int_equal(parts[0].applied, 1);
}

static void feeds_are_compared_by_product_not_by_place(void **state)
{
    (void)state;
    start_with("feeds:\n  - product: binance:usdm\n    symbols: [BTCUSDT]\n  - product: bybit:linear\n    symbols: "
               "[BTCUSDT]\n");
    assert_int_equal(reload("feeds:\n  - product: okx:public\n    symbols: [BTC-USDT-SWAP]\n  - product: "
                            "binance:usdm\n    symbols: [BTCUSDT, ETHUSDT]\n"),
                     MR_OK);
    assert_int_equal(report.restart, 3);
    text_of_report();
    assert_non_null(strstr(shown, "restart   feeds[binance:usdm].symbols: [BTCUSDT] -> [BTCUSDT, ETHUSDT]\n"));
    assert_non_null(strstr(shown, "restart   feeds[bybit:linear]: bybit:linear -> nothing\n"));
    assert_non_null(strstr(shown, "restart   feeds[okx:public]: nothing -> okx:public\n"));
}

static const struct {
    const char *says, *text, *piece;
} bad[] = {
    {"an unknown key", "control:\n  half_s: 12\n  helf_s: 1\n" FEED, ":3:3: "},
    {"out of range", "control:\n  half_s: 12\n  clients_max: 0\n" FEED, ":3:16: control.clients_max"},
    {"not YAML", "control: [\n", "millrace.yaml:"},
    {"a wrong type behind a good live change", "control:\n  half_s: 12\nplane:\n  feed_tiles: 5.9\n" FEED,
     ":4:15: plane.feed_tiles"},
    {"what no single key can say", "control:\n  half_s: 12\nplane:\n  reference: nobody:spot:X\n" FEED,
     "plane.reference"},
    {"a key twice", "control:\n  half_s: 12\n  half_s: 13\n" FEED, ":3:3: "},
};
static void one_error_and_nothing_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
        told[0] = 0;
        assert_int_equal(reload(bad[i].text), MR_E_INVALID);
        if (!strstr(told, bad[i].piece) || !strstr(report.err.text, bad[i].piece))
            fail_msg("%s: %s", bad[i].says, told);
        assert_memory_equal(&before, &running, sizeof running);
        assert_int_equal(parts[0].checked + parts[0].applied, 0);
        assert_true(report.errors > 0);
        assert_non_null(strstr(text_of_report(), ": refused; 0 live"));
    }
    unlink(file);
    assert_int_equal(mr_config_reload(&live, &ann, NOW, &report), MR_E_IO);
    assert_non_null(strstr(report.err.text, "no such file"));
    live.file = "";
    assert_int_equal(mr_config_reload(&live, &ann, NOW, &report), MR_E_EMPTY);
    assert_non_null(strstr(report.err.text, "started with defaults"));
    assert_memory_equal(&before, &running, sizeof running);
}

static void one_no_and_nothing_changes(void **state)
{
    (void)state;
    parts[1].refuses = true;
    assert_int_equal(reload("control:\n  half_s: 3000\n" FEED), MR_E_RANGE);
    assert_string_equal(report.err.text, "second: half_s of 3000 is too much for me");
    assert_int_equal(parts[0].checked, 1);
    assert_int_equal(parts[0].applied + parts[1].applied, 0);
    assert_memory_equal(&before, &running, sizeof running);
    assert_non_null(strstr(text_of_report(), "not taken control.half_s: 10 -> 3000\n"));
    live.each = NULL; /* nobody wants each error */
    assert_int_equal(reload("nonsense: 1\n"), MR_E_INVALID);
}

static void another_instance_by_the_command_line_stays_so(void **state)
{
    struct mr_err err;
    (void)state;
    assert_int_equal(mr_config_instance(&running, "second", &err), MR_OK);
    live.instance = "second";
    assert_int_equal(reload("control:\n  half_s: 12\n" FEED), MR_OK);
    assert_int_equal(report.restart, 0);
    assert_string_equal(running.plane.instance, "second");
}

/* Whatever key it is: reloading takes it if the table says live, and leaves it if not. */
static void each_key_does_what_its_row_says(void **state)
{
    static const struct {
        const char *key, *text;
    } changed[] = {
        {"control.operate_uids", "control:\n  operate_uids: [7]\n"},
        {"control.administer_uids", "control:\n  administer_uids: [7, 8, 9]\n"},
        {"control.others", "control:\n  others: refuse\n"},
        {"control.clients_max", "control:\n  clients_max: 5\n"},
        {"control.output_max", "control:\n  output_max: 1MiB\n"},
        {"control.half_s", "control:\n  half_s: 5\n"},
        {"control.line_max", "control:\n  line_max: 512B\n"},
        {"signal.probability", "signal:\n  probability: [0.1, 0.2, 0.3, 0.4]\n"},
        {"record.segment", "record:\n  segment: 1MiB\n"},
        {"plane.source", "plane:\n  source: socket\n"},
        {"freshness.trades", "freshness:\n  trades: 7s\n"},
        {"instance", "instance: other\n"},
    };
    (void)state;
    unsigned lives = 0;
    for (size_t i = 0; i < MR_COUNT_OF(changed); i++) {
        char text[256];
        bool is_live = false;
        start_with(FEED);
        snprintf(text, sizeof text, "%s" FEED, changed[i].text);
        assert_int_equal(reload(text), MR_OK);
        assert_true(report.count > 0);
        for (unsigned k = 0; k < MR_KEY_COUNT; k++) {
            char name[96];
            snprintf(name, sizeof name, "%s%s%s", mr_key_sections[mr_keys[k].section], mr_keys[k].section ? "." : "",
                     mr_keys[k].name);
            if (strcmp(name, changed[i].key) == 0)
                is_live = mr_keys[k].live;
        }
        lives += is_live;
        assert_int_equal(report.live, is_live);
        struct mr_config_change left[8];
        uint32_t still = mr_config_diff(&before, &running, left, 8);
        assert_int_equal(still, is_live);
        if (is_live)
            assert_string_equal(left[0].key, changed[i].key);
    }
    assert_int_equal(lives, 6);
}

static void more_changes_than_are_told_are_counted(void **state)
{
    struct mr_config other;
    struct mr_config_change few[2];
    (void)state;
    assert_int_equal(mr_config_load(&other, "", tell, NULL), MR_OK);
    other.control.half_s = 1;
    other.control.clients_max = 1;
    other.plane.book_depth = 20;
    memcpy(&before, &other, sizeof before);
    mr_config_default(&before);
    assert_int_equal(mr_config_diff(&before, &other, few, 2), 3);
    assert_string_equal(few[0].key, "plane.book_depth");
    memset(&report, 0, sizeof report);
    report.live = 5;
    assert_non_null(strstr(text_of_report(), "and 5 more\n"));
    report.errors = 3;
    assert_non_null(strstr(text_of_report(), "and 2 more errors"));
}

/* ---- history ---- */

static const char *history_text(uint32_t most, bool json)
{
    struct mr_text out;
    struct mr_json_out j;
    struct mr_err err = {""};
    mr_text_init(&out, shown, sizeof shown);
    mr_json_out_init(&j, &out);
    if (json)
        mr_json_out_object(&j, NULL);
    int status = mr_config_history_show(history, most, &out, json ? &j : NULL, &err);
    if (json)
        mr_json_out_end(&j);
    return status == MR_OK ? shown : mr_status_name(status);
}

static void each_reload_is_a_line_with_who_when_and_what(void **state)
{
    struct stat st;
    size_t len;
    (void)state;
    assert_string_equal(history_text(10, false), "");
    reload("control:\n  half_s: 12\n" FEED);
    reload("nonsense: 1\n");
    reload("plane:\n  book_depth: 100\n" FEED);
    assert_int_equal(stat(history, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    char *text = (char *)mr_test_read(folder, "history.jsonl", &len);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"uid\":1000,\"name\":\"ann\",\"pid\":42,\"outcome\":\"applied\""));
    assert_non_null(strstr(text, "{\"key\":\"control.half_s\",\"before\":\"10\",\"after\":\"12\",\"when\":\"live\"}"));
    assert_non_null(strstr(text, "\"outcome\":\"refused\""));
    char *line = text;
    for (int i = 0; i < 3; i++) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        uint32_t at;
        assert_int_equal(mr_json_check((const uint8_t *)line, (uint32_t)(end - line), &at), MR_OK);
        line = end + 1;
    }
    assert_int_equal(*line, 0);
    free(text);
    assert_non_null(strstr(history_text(10, false),
                           "2025-11-22T08:26:40.000000000Z user 1000 ann: applied; 1 live, 0 want a restart; sha256 "));
    assert_non_null(strstr(shown, "refused"));
    history_text(1, false);
    assert_null(strstr(shown, "refused"));
    assert_non_null(strstr(shown, "1 want a restart"));
    uint32_t at;
    history_text(2, true);
    assert_int_equal(mr_json_check((const uint8_t *)shown, (uint32_t)strlen(shown), &at), MR_OK);
    assert_null(strstr(shown, "\"applied\"},{\"time\":"));
    assert_non_null(strstr(shown, "\"refused\""));
}

static void the_hash_is_of_the_file_as_it_was_read(void **state)
{
    char hash[65];
    (void)state;
    mr_config_hash("abc", 3, hash);
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    reload(FEED);
    mr_config_hash(FEED, strlen(FEED), hash);
    assert_string_equal(report.sha256, hash);
}

static void a_line_that_a_crash_cut_spoils_nothing_but_itself(void **state)
{
    (void)state;
    reload("control:\n  half_s: 12\n" FEED);
    FILE *f = fopen(history, "a");
    assert_non_null(f);
    fputs("{\"time\":\"2025-11-2", f);
    fclose(f);
    assert_non_null(strstr(history_text(9, false), "applied"));
    reload("control:\n  half_s: 13\n" FEED);
    history_text(9, false);
    const char *first = strstr(shown, "applied");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "applied"));
}

static void a_history_that_cannot_be_kept_is_told(void **state)
{
    (void)state;
    live.history = "/proc/self/none";
    assert_int_equal(reload("control:\n  half_s: 12\n" FEED), MR_E_IO);
    assert_int_equal(report.status, MR_OK);
    assert_int_equal(running.control.half_s, 12); /* it is in force */
    assert_non_null(strstr(text_of_report(), "the history cannot be written"));
    assert_int_equal(reload("nonsense: 1\n"), MR_E_INVALID); /* the error is the file's, not the history's */
    live.history = NULL;
    assert_int_equal(reload("control:\n  half_s: 13\n" FEED), MR_OK);
    assert_int_equal(mkdir(history, 0700), 0);
    assert_string_equal(history_text(9, false), "IO");
    live.history = history;
    assert_int_equal(reload("control:\n  half_s: 14\n" FEED), MR_E_IO);
}

static void a_long_history_is_looked_at_from_its_end(void **state)
{
    (void)state;
    FILE *f = fopen(history, "w");
    assert_non_null(f);
    for (int i = 0; i < 30000; i++) /* more than is looked at */
        fprintf(f,
                "{\"time\":\"t%d\",\"uid\":1,\"name\":\"n\",\"outcome\":\"applied\",\"sha256\":\"%064d\",\"live\":1,"
                "\"restart\":0,\"x\":[1]}\n",
                i, i);
    fputs("{\"time\":5}\n", f); /* and one that is no entry */
    fclose(f);
    history_text(3, false);
    assert_null(strstr(shown, "t29997 "));
    assert_non_null(strstr(shown, "t29998 user 1 n: applied"));
    assert_non_null(strstr(shown, "t29999 "));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, up, down)
    const struct CMUnitTest tests[] = {
        T(the_same_file_changes_nothing),
        T(a_live_key_is_taken_and_who_needs_it_is_told),
        T(what_wants_a_restart_is_named_and_stays_as_it_runs),
        T(feeds_are_compared_by_product_not_by_place),
        T(one_error_and_nothing_changes),
        T(one_no_and_nothing_changes),
        T(another_instance_by_the_command_line_stays_so),
        T(each_key_does_what_its_row_says),
        T(more_changes_than_are_told_are_counted),
        T(each_reload_is_a_line_with_who_when_and_what),
        T(the_hash_is_of_the_file_as_it_was_read),
        T(a_line_that_a_crash_cut_spoils_nothing_but_itself),
        T(a_history_that_cannot_be_kept_is_told),
        T(a_long_history_is_looked_at_from_its_end),
    };
    return MR_TEST_MAIN(tests);
}
