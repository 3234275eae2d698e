/* millrace journal, from outside. It is given the program's path. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/journal/journal.h"
#include "controlplane/orders/records.h"
#include "tests/support/support.h"

static const char *program;
static char folder[64], out[1 << 18];

static int run(const char *arguments)
{
    return mr_test_shell(out, sizeof out, "'%s' journal %s 2>&1", program, arguments);
}

static void expect(int code, const char *arguments, const char *word)
{
    int is = run(arguments);
    if (is != code || !strstr(out, word))
        fail_msg("journal %s: exit %d, want %d and \"%s\":\n%s", arguments, is, code, word, out);
}

static uint32_t lines(void)
{
    uint32_t n = 0;
    for (const char *p = out; *p; p++)
        n += *p == '\n';
    return n;
}

static struct mr_journal *journal;
static struct mr_journal_port port;

static void put_order(uint64_t id, uint8_t order_state, mr_size filled, int64_t at_ns)
{
    struct mr_record_order r = {.head = {MR_RECORDS_VERSION, MR_RECORD_ORDER, sizeof r}, .fills = filled > 0};
    r.order = (struct mr_order){.id = id,
                                .instrument = 3,
                                .venue = 1,
                                .side = MR_SIDE_BUY,
                                .state = order_state,
                                .price = 6000000000000,
                                .size = 100,
                                .filled = filled,
                                .decision = 17,
                                .stop_price = 5};
    snprintf(r.order.venue_id, sizeof r.order.venue_id, "V\"%lu", (unsigned long)id);
    assert_true(port.append(port.self, MR_JOURNAL_ORDER, at_ns, &r, sizeof r) > 0);
}

static void put_fill(uint64_t id, uint8_t side, mr_size size, int64_t at_ns)
{
    struct mr_record_fill r = {.head = {MR_RECORDS_VERSION, MR_RECORD_FILL, sizeof r}};
    r.fill = (struct mr_fill){.order = id,
                              .instrument = 3,
                              .venue = 1,
                              .side = side,
                              .size = size,
                              .price = 7,
                              .fee = MR_MONEY_ONE / 4,
                              .liquidity = MR_LIQUIDITY_TAKER};
    memset(r.fill.trade_id, 'T', sizeof r.fill.trade_id); /* no NUL: the showing is bounded */
    assert_true(port.append(port.self, MR_JOURNAL_FILL, at_ns, &r, sizeof r) > 0);
}

#define DAY 1767225600000000000 /* 2026-01-01 */

static int build(void **state)
{
    (void)state;
    struct mr_err err;
    struct mr_journal_limits limits = mr_journal_limits_default;
    limits.file_bytes = 4000;
    snprintf(folder, sizeof folder, "/tmp/millrace-journal-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(MR_OK, mr_journal_open(&journal, folder, &limits, DAY, &err));
    port = mr_journal_port(journal);
    port.append(port.self, MR_JOURNAL_BEGIN, DAY, "begin", 5);
    uint64_t one = 1ull << 32 | 1, two = one + 1, three = one + 2;
    put_order(one, MR_STATE_SENT, 0, DAY + 1000);
    put_order(two, MR_STATE_SENT, 0, DAY + 2000);
    put_order(three, MR_STATE_DENIED, 0, DAY + 3000);
    put_fill(one, MR_SIDE_BUY, 100, DAY + 4000);
    put_order(one, MR_STATE_FILLED, 100, DAY + 5000);
    put_fill(0, MR_SIDE_SELL, 130, DAY + 6000);
    put_order(two, MR_STATE_ACKED, 0, DAY + 7000);
    struct mr_record_account a = {.head = {MR_RECORDS_VERSION, MR_RECORD_ACCOUNT, sizeof a},
                                  .kind = MR_ACCOUNT_BALANCE,
                                  .venue = 99,
                                  .amount = MR_MONEY_ONE};
    port.append(port.self, MR_JOURNAL_ACCOUNT, DAY + 8000, &a, sizeof a);
    uint8_t long_one[MR_JOURNAL_PAYLOAD_MAX];
    memset(long_one, 0xab, sizeof long_one);
    port.append(port.self, MR_JOURNAL_DECISION, DAY + 9000, long_one, sizeof long_one);
    port.append(port.self, MR_JOURNAL_END, DAY + 10000, "", 0);
    mr_journal_close(journal, DAY);
    return 0;
}

static int tidy(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

static const char *with(const char *format)
{
    static char text[512];
    snprintf(text, sizeof text, format, folder, folder);
    return text;
}

static void a_good_journal_verifies_with_its_counts(void **state)
{
    (void)state;
    expect(0, with("verify %s"), "11 records (1 to 11)");
    assert_non_null(strstr(out, "begin 1 decision 1 order 5 fill 2 account 1 end 1"));
    assert_non_null(strstr(out, "\nOK\n"));
    expect(0, with("verify --json %s"), "\"good\":true");
    assert_non_null(strstr(out, "\"last_seq\":11"));
    expect(0, with("verify %s/00000001.mrj"), "OK");
}

static void records_are_shown_in_words_and_chosen_by_kind_order_and_time(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        uint32_t lines;
        const char *word;
    } cases[] = {
        {"show %s", 11, "2026-01-01T00:00:00.000001000Z order    mr"},
        {"show --kind fill %s", 2, "buy instrument 3 at binance, price 7 size 100, fee 0.25, trade TTTT"},
        {"show --kind fill --kind end %s", 3, "0 bytes\n"},
        {"show --order 4294967297 %s", 3, "filled: entry limit"},
        {"show --kind account %s", 1, "balance at ?, instrument 0"},
        {"show --from 2026-01-01T00:00:00.000007Z %s", 4, "acked"},
        {"show --to 2026-01-01T00:00:00.000001Z %s", 1, "5 bytes: 626567696e"},
        {"show --after 9 %s", 2, "4096 bytes: abab"},
        {"show --after 99 %s", 0, ""},
        {"show --json --kind order %s", 5, "\"venue_id\":\"V\\\"4294967297\""},
        {"show --json --kind fill %s", 2, "\"liquidity\":\"taker\""},
        {"show --json --kind account %s", 1, "\"amount\":\"1\""},
        {"show --json --kind begin %s", 1, "\"hex\":\"626567696e\""},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        expect(0, with(cases[i].arguments), cases[i].word);
        if (lines() != cases[i].lines)
            fail_msg("%s: %u lines, want %u:\n%s", cases[i].arguments, lines(), cases[i].lines, out);
    }
}

static void replay_tells_orders_and_positions(void **state)
{
    (void)state;
    expect(0, with("replay %s"), "orders 3, open 1: acked 1 filled 1 denied 1");
    assert_non_null(strstr(out, "size -30 of 2 fills, fees 0.5"));
    expect(0, with("replay --json %s"), "\"orders\":3,\"fills\":2,\"states\":{\"acked\":1,\"filled\":1,\"denied\":1}");
    assert_non_null(strstr(out, "\"size\":\"-30\""));
    /* this journal does not name its instruments: sums only, and it says so */
    assert_non_null(
        strstr(out, "\"rebuilt\":{\"same\":false,\"why\":\"nothing says what instrument 3 of record 2 is\"}"));
    expect(0, with("replay %s"), "not rebuilt by the order manager: nothing says what instrument 3 of record 2 is");
}

/* Four bytes behind the last file of the journal, as a write that did not end leaves them. */
static void tear_newest(const char *journal_folder)
{
    char path[100] = "", next[100];
    for (int i = 1;; i++) {
        snprintf(next, sizeof next, "%s/%08d.mrj", journal_folder, i);
        if (access(next, F_OK) != 0)
            break;
        memcpy(path, next, sizeof path);
    }
    FILE *f = fopen(path, "ab");
    assert_non_null(f);
    fputs("torn", f);
    fclose(f);
}

static void damage_is_found_by_place_and_a_torn_tail_told(void **state)
{
    (void)state;
    char bad[80], path[100];
    snprintf(bad, sizeof bad, "%s.bad", folder);
    assert_int_equal(mr_test_copy(folder, bad), 0);
    snprintf(path, sizeof path, "%s/00000001.mrj", bad);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, 300, SEEK_SET);
    fputc('!', f);
    fclose(f);
    expect(1, with("verify %s.bad"), "00000001.mrj: record 2 at byte ");
    expect(1, with("verify --json %s.bad"), "\"good\":false");
    expect(1, with("show %s.bad"), "00000001.mrj: record 2 at byte ");
    expect(1, with("replay %s.bad"), "its hash does not match");
    assert_int_equal(mr_test_remove(bad), 0);
    assert_int_equal(mr_test_copy(folder, bad), 0);
    tear_newest(bad);
    expect(1, with("verify %s.bad"), "ends in 4 bytes");
    expect(1, with("verify --json %s.bad"), "\"torn_bytes\":4");
    expect(0, with("show %s.bad"), "begin");
    assert_int_equal(mr_test_remove(bad), 0);
}

static void what_cannot_be_asked_is_refused_with_the_way_out(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *arguments, *word;
    } cases[] = {
        {2, "", "want verify, show or replay"},
        {2, "burn %s", "want verify, show or replay"},
        {2, "show --kind orders %s", "want begin, decision, order"},
        {2, "show --order mr! %s", "want an order's id"},
        {2, "show --order 0 %s", "want an order's id"},
        {2, "show --after x %s", "want the sequence"},
        {2, "show --from yesterday %s", "want ns since 1970"},
        {2, "show --from 2026-01-01T00:00:00 %s", "want a time in UTC"},
        {2, "show --from 5 --to 5 %s", "nothing is between"},
        {2, "verify %s %s", "at most one"},
        {3, "verify /nowhere/at/all", "/nowhere/at/all"},
        {2, "verify /usr", "no journal file"},
        {1, "verify /etc/hostname", "byte 0"},
        {3, "verify --instance none-such", "none-such/journal"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        expect(cases[i].code, with(cases[i].arguments), cases[i].word);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_journal_verifies_with_its_counts),
        cmocka_unit_test(records_are_shown_in_words_and_chosen_by_kind_order_and_time),
        cmocka_unit_test(replay_tells_orders_and_positions),
        cmocka_unit_test(damage_is_found_by_place_and_a_torn_tail_told),
        cmocka_unit_test(what_cannot_be_asked_is_refused_with_the_way_out),
    };
    if (argc < 2)
        return 1;
    program = argv[1];
    setenv("MILLRACE_DATA", "/nowhere", 1);
    return cmocka_run_group_tests(tests, build, tidy) ? 1 : 0;
}
