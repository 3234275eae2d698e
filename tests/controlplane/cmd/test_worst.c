/* millrace latency --worst: the record of a maximum, found in a workspace made here, kept in files, refused where it is not ours. Files of
 * other builds, and in another order than they were made.
 * Argument: the program. */
#include <stdio.h>

#include "codecs/event/trace.h"
#include "codecs/json/json.h"
#include "controlplane/admin/worst.h"
#include "tests/controlplane/cmd/saved.h"

#define AT 1795344085977064163ll
#define VALUE 3600000000123ll
#define RECORD "! 3600000000123 1795344085977064163 1 0 0 -1 -1 -1 1 4294967295 1 7 3 1 0 1 0 0 -1 -1 -1 -1 0 0 0 0\n"

static int up(void **state)
{
    (void)state;
    made_open(&made); /* lag_ns: 1 ms, 2 ms, ... 100 ms, without records */
    const union mr_slot trade = {.event = {.recv_ns = AT,
                                           .venue_ns = AT - VALUE,
                                           .seq = 4711,
                                           .instrument = 0,
                                           .kind = MR_EVENT_TRADE,
                                           .source = 2,
                                           .flags = MR_CLOCK_KERNEL << MR_FLAG_CLOCK_SHIFT,
                                           .connection = 1}};
    struct mr_trace t = mr_event_trace(&trade, false, VALUE, AT);
    t.thread = MR_TRACE_THREAD_FEED;
    t.tile = 0;
    t.waiting = 7;
    assert_true(MR_RECORD_MAX(made.feed, lag_ns, VALUE));
    MR_TRACE(made.feed, lag_ns, &t);
    const struct mr_trace_around around = {.value = VALUE,
                                           .at_ns = AT,
                                           .from_ns = AT - 400000000,
                                           .to_ns = AT + 600000000,
                                           .interrupts = 321,
                                           .preempted = 5,
                                           .slept = 6,
                                           .put_off_ns = 7000000,
                                           .row_count = 1,
                                           .row = {{300, "Local timer \x1b[31minterrupts"}}};
    mr_hist_around_put((struct mr_hist *)&made.feed->lag_ns, &around);
    return 0;
}
static void says(const char *const *words)
{
    for (; *words; words++)
        if (!strstr(out, *words))
            fail_msg("\"%s\" is not in: %.1500s", *words, out);
}

static void the_maximum_names_its_message(void **state)
{
    (void)state;
    static const char *const text[] = {
        "3600s (3600000000123 ns) at 2026-11-22T10:41:25.977064163Z on core ",
        ", thread feed/0\n",
        "    trade (",
        ") of binance:usdm BTCUSDT, sequence 4711, 1 slots; connection 1 of feed/0 (binance:usdm public)\n",
        "received 2026-11-22T10:41:25.977064163Z (kernel), venue's time 2026-11-22T09:41:25.977064040Z; 7 slots behind",
        "in the 1.00s around it: 321 interrupts on core ",
        " (300 Local timer ?[31minterrupts)",
        "its thread was put off its core 5 times, was ready and not running for 7.00ms, gave it up by itself 6 times\n",
        NULL};
    static const char *const json[] = {
        "\"worst\":{\"value\":3600000000123,\"at_ns\":1795344085977064163,\"core\":",
        "\"thread\":\"feed/0\",\"kind\":\"trade (",
        "\"instrument\":\"binance:usdm BTCUSDT\",\"connection\":1,\"connection_of\":\"binance:usdm public\"",
        "\"interrupts\":321,\"preempted\":5,\"slept\":6,\"put_off_ns\":7000000,\"by\":[{\"what\":\"Local timer ", NULL};
    assert_int_equal(latency("--worst"), 0);
    says(text);
    assert_int_equal(latency("--json"), 0);
    says(json);
    assert_int_equal(mr_test_shell(out, sizeof out,
                                   "cd '%s' && '%s' ctl --workspace workspace --json show latency 2>&1", made.folder,
                                   program),
                     0);
    says(json);
    assert_int_equal(latency(""), 0);
    assert_null(strstr(out, "thread feed/0")); /* only where it is asked for */
    assert_int_equal(latency("--worst --csv"), 2);
    assert_non_null(strstr(out, "--worst goes with the table"));
}

static void what_was_not_looked_at_yet_is_said_to_be_unknown(void **state)
{
    (void)state;
    const struct mr_trace t = mr_trace_of(VALUE + 1, AT);
    struct mr_trace copy = t;
    assert_true(MR_RECORD_MAX(made.feed, lag_ns, VALUE + 1));
    MR_TRACE(made.feed, lag_ns, &copy); /* what is known around is of the one before */
    assert_int_equal(latency("--worst"), 0);
    assert_non_null(strstr(out, "around it: not known"));
    assert_null(strstr(out, "321 interrupts"));
    MR_RECORD(made.feed, lag_ns, VALUE + 2);
    assert_int_equal(latency("--worst"), 0);
    assert_non_null(strstr(out, "no record of its maximum"));
    assert_int_equal(latency("--json"), 0);
    assert_null(strstr(out, "\"worst\""));
}

static void an_interval_that_did_not_raise_the_maximum_has_no_record(void **state)
{
    (void)state;
    assert_int_equal(latency("--interval 0.05 --count 1 --json"), 0);
    assert_non_null(strstr(out, "\"count\":0"));
    assert_null(strstr(out, "\"worst\""));
}

static void a_saved_file_has_the_record(void **state)
{
    (void)state;
    static const char *const words[] = {"3600s (3600000000123 ns)",
                                        "321 interrupts",
                                        "of binance:usdm BTCUSDT, sequence 4711",
                                        "a: taken 20",
                                        ", build ",
                                        NULL};
    assert_int_equal(latency("--save a"), 0);
    MR_RECORD(made.feed, lag_ns, VALUE + 5);
    assert_int_equal(latency("--save b"), 0);
    assert_int_equal(diff("a b --worst"), 0);
    says(words);
    assert_non_null(strstr(out, "no record of its maximum")); /* of b's */
}

/* ---- a workspace that somebody scribbled over ---- */

static bool printable(const char *text)
{
    for (; *text; text++)
        if (*text != '\n' && (*text < 0x20 || *text > 0x7e))
            return false;
    return true;
}

/* Random words in a record: shown as text without a control character, as legal JSON, and a file that was saved of it opens. */
static void scribbled_records_are_shown_without_harm(void **state)
{
    (void)state;
    struct mr_random random = {11};
    int64_t value = VALUE;
    uint32_t shown = 0, rounds = getenv("MILLRACE_QUICK") ? 2000 : 20000;
    struct mr_hist *copy = aligned_alloc(64, mr_hist_bytes(MR_HIST_BITS));
    assert_non_null(copy);
    mr_hist_init(copy, MR_HIST_BITS);
    for (uint32_t i = 0; i < rounds; i++) {
        static char text[8192];
        union {
            uint64_t word[24];
            struct mr_trace trace;
        } t;
        union {
            uint64_t word[32];
            struct mr_trace_around around;
        } a;
        struct mr_look look = {.ws = made.ws, .open = true};
        struct mr_worst w;
        struct mr_text out_text;
        struct mr_json_out j;
        for (size_t k = 0; k < MR_COUNT_OF(t.word); k++)
            t.word[k] = mr_random_next(&random) >> mr_random_below(&random, 64);
        for (size_t k = 0; k < MR_COUNT_OF(a.word); k++)
            a.word[k] = mr_random_next(&random) >> mr_random_below(&random, 64);
        t.trace.value = a.around.value = ++value;
        a.around.at_ns = t.trace.at_ns;
        assert_true(MR_RECORD_MAX(made.feed, lag_ns, value));
        MR_TRACE(made.feed, lag_ns, &t.trace);
        mr_hist_around_put((struct mr_hist *)&made.feed->lag_ns, &a.around);
        assert_int_equal(mr_hist_copy(copy, (const struct mr_hist *)&made.feed->lag_ns), MR_OK);
        if (!mr_worst_of(&look, copy, &w))
            continue;
        shown++;
        mr_text_init(&out_text, text, sizeof text);
        mr_worst_text(&out_text, &w);
        assert_true(printable(text) && !out_text.cut);
        mr_text_init(&out_text, text, sizeof text);
        mr_json_out_init(&j, &out_text);
        mr_json_out_object(&j, NULL);
        mr_worst_json(&j, &w);
        mr_json_out_end(&j);
        uint32_t at;
        assert_true(printable(text) && !out_text.cut);
        assert_int_equal(mr_json_check((const uint8_t *)text, (uint32_t)out_text.len, &at), MR_OK);
        if (shown % (rounds / 20) == 1) {
            assert_int_equal(latency("--save a"), 0);
            assert_int_equal(diff("a a --worst"), 0);
        }
    }
    free(copy);
    assert_true(shown > rounds / 4);
}

/* ---- files of other builds, in any order ---- */

static void a_file_of_a_build_that_kept_no_records_opens(void **state)
{
    (void)state;
    write_file("old",
               "millrace-latency 2\nfeed\tvenue=binance,product=usdm\tlag_ns\tns\n= 7 0 0 90 90 9223372036854775717\n"
               "90 1\n.\nend 1\n");
    assert_int_equal(latency("--save new"), 0);
    assert_int_equal(diff("old new --worst"), 0);
    assert_non_null(strstr(out, "old: taken at a time that it does not say\n"));
    assert_non_null(strstr(out, "no record of its maximum"));
    assert_non_null(strstr(out, "321 interrupts"));
    assert_null(strstr(out, "is older than"));
    assert_int_equal(diff("new old"), 0);
    assert_non_null(strstr(out, "-100.0 %"));
}

static void files_of_two_builds_are_compared_and_each_names_its_own(void **state)
{
    (void)state;
#define HIST "feed\t\tlag_ns\tns\n= 7 0 0 %d %d %d\n%d 1\n.\nend 1\n"
    char text[512];
    snprintf(text, sizeof text, "millrace-latency 3\ntaken 1000000000000000000 by aaaa\n" HIST, 100, 100, 100, 100);
    write_file("a", text);
    snprintf(text, sizeof text, "millrace-latency 3\ntaken 1000000001000000000 by bbbb\n" HIST, 50, 50, 50, 50);
    write_file("b", text);
    assert_int_equal(diff("a b"), 0);
    assert_non_null(strstr(out, "a: taken 2001-09-09T01:46:40.000000000Z, build aaaa\n"));
    assert_non_null(strstr(out, "b: taken 2001-09-09T01:46:41.000000000Z, build bbbb\n"));
    assert_non_null(strstr(out, "-50.0 %"));
    assert_null(strstr(out, "older"));
    assert_int_equal(diff("b a"), 0); /* the wrong way round: compared as asked, and said */
    assert_non_null(strstr(out, "a is older than b: changes are from the newer one to the older one"));
    assert_non_null(strstr(out, "+100.0 %"));
    assert_int_equal(diff("b a --json"), 0);
    assert_non_null(strstr(out, "\"a\": 50, \"b\": 100"));
}

/* ---- files that are cut, or made by somebody else ---- */

static void a_file_with_a_record_that_is_cut_anywhere_is_refused_by_name(void **state)
{
    (void)state;
    size_t len;
    char path[128];
    assert_int_equal(latency("--save a"), 0);
    uint8_t *data = mr_test_read(made.folder, "a", &len);
    assert_non_null(data);
    const char *record = strstr((const char *)data, "\n! ");
    assert_non_null(record);
    size_t from = (size_t)(record - (const char *)data), to = from + 600 < len ? from + 600 : len;
    snprintf(path, sizeof path, "%s/cut", made.folder);
    for (size_t at = from; at < to; at += 7) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(data, 1, at, f), at);
        fclose(f);
        if (diff("a cut") != 2 || !strstr(out, "latency: cut"))
            fail_msg("cut at %zu of %zu: %.300s", at, len, out);
    }
    free(data);
}

static void records_that_are_not_ours_are_refused_by_name(void **state)
{
    (void)state;
#define HEAD "millrace-latency 3\ntaken 5 by build\n"
#define ROW "feed\t\tlag_ns\tns\n= 7 0 1 3600000000123 3600000000123 3600000000123\n"
#define OLD_ROW "feed\t\tlag_ns\tns\n= 7 0 1 3600000000123 3600000000123 9223368436854775684\n"
#define TEXTS "trade\t\t\t\t\t\t\n"
#define END "3600000000000 1\n.\nend 1\n"
    static const struct {
        const char *says, *text;
        bool good;
    } cases[] = {
        {"as we write it", HEAD ROW RECORD TEXTS END, true},
        {"no record", HEAD ROW END, true},
        {"an older file", "millrace-latency 2\n" OLD_ROW END, true},
        {"a record in an older file", "millrace-latency 2\n" OLD_ROW RECORD TEXTS END, false},
        {"an older file whose least value is above the most",
         "millrace-latency 2\nfeed\t\tlag_ns\tns\n= 7 0 1 5 5 5\n" END, false},
        {"an older file's numbers in this one's order", "millrace-latency 2\n" ROW END, false},
        {"no line of who took it", "millrace-latency 3\n" ROW RECORD TEXTS END, false},
        {"taken before 1970", "millrace-latency 3\ntaken -5 by build\n" ROW END, false},
        {"a record of another value", HEAD "feed\t\tlag_ns\tns\n= 7 0 1 5 5 5\n" RECORD TEXTS END, false},
        {"two records", HEAD ROW RECORD TEXTS RECORD TEXTS END, false},
        {"a record behind the buckets", HEAD ROW "3600000000000 1\n" RECORD TEXTS ".\nend 1\n", false},
        {"numbers missing", HEAD ROW "! 3600000000123 5\n" TEXTS END, false},
        {"words for numbers", HEAD ROW "! x\n" TEXTS END, false},
        {"no texts", HEAD ROW RECORD END, false},
        {"too few texts", HEAD ROW RECORD "trade\n" END, false},
        {"too many texts", HEAD ROW RECORD "trade\t\t\t\t\t\t\tmore\n" END, false},
        {"a text that is too long",
         HEAD ROW RECORD "0123456789012345678901234567890123456789012345678901234567890123456789\t\t\t\t\t\t\n" END,
         false},
        {"a text that a terminal would obey", HEAD ROW RECORD "tr\x1b[31made\t\t\t\t\t\t\n" END, false},
        {"more rows of interrupts than there is room for",
         HEAD ROW "! 3600000000123 5 1 0 0 -1 -1 -1 1 1 1 7 3 1 0 1 0 0 -1 -1 -1 -1 4 0 0 0\n" TEXTS END, false},
        {"a connection below zero",
         HEAD ROW "! 3600000000123 5 1 0 0 -1 -1 -1 -1 1 1 7 3 1 0 1 0 0 -1 -1 -1 -1 0 0 0 0\n" TEXTS END, false},
        {"a number beyond 64 bits",
         HEAD ROW
         "! 3600000000123 5 99999999999999999999 0 0 -1 -1 -1 1 1 1 7 3 1 0 1 0 0 -1 -1 -1 -1 0 0 0 0\n" TEXTS END,
         false},
    };
    write_file("good", cases[0].text);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        write_file("bad", cases[i].text);
        int code = diff("good bad");
        if (code != (cases[i].good ? 0 : 2) || (!cases[i].good && !strstr(out, "latency: bad:")))
            fail_msg("%s: exit %d: %.300s", cases[i].says, code, out);
    }
}

int main(int argc, char **argv)
{
    static char whole[4096];
    if (argc != 2 || !realpath(argv[1], whole))
        return 1;
    program = whole;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_maximum_names_its_message, up, down),
        cmocka_unit_test_setup_teardown(what_was_not_looked_at_yet_is_said_to_be_unknown, up, down),
        cmocka_unit_test_setup_teardown(an_interval_that_did_not_raise_the_maximum_has_no_record, up, down),
        cmocka_unit_test_setup_teardown(a_saved_file_has_the_record, up, down),
        cmocka_unit_test_setup_teardown(scribbled_records_are_shown_without_harm, up, down),
        cmocka_unit_test_setup_teardown(a_file_of_a_build_that_kept_no_records_opens, up, down),
        cmocka_unit_test_setup_teardown(files_of_two_builds_are_compared_and_each_names_its_own, up, down),
        cmocka_unit_test_setup_teardown(a_file_with_a_record_that_is_cut_anywhere_is_refused_by_name, up, down),
        cmocka_unit_test_setup_teardown(records_that_are_not_ours_are_refused_by_name, up, down),
    };
    return MR_TEST_MAIN(tests);
}
