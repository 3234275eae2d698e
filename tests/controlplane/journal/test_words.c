/* What `millrace journal` says of a journal that trading wrote: a cascade followed and left, on paper. It is given the program's path. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/journal/journal.h"
#include "controlplane/trade/records.h"
#include "tests/controlplane/trade/rig.h"
#include "tests/support/support.h"

static const char *program;
static char folder[64], out[1 << 20];
static struct rig *r;
static struct mr_trade_account account; /* as the run had it in the end */
static mr_size held;

static void run(const char *arguments)
{
    if (mr_test_shell(out, sizeof out, "'%s' journal %s %s 2>&1", program, arguments, folder) != 0)
        fail_msg("journal %s:\n%s", arguments, out);
}

static void said(const char *arguments, const char *words)
{
    run(arguments);
    if (!strstr(out, words))
        fail_msg("journal %s: no \"%s\" in:\n%.6000s", arguments, words, out);
}

static void keep(const struct mr_journal_port *port, unsigned kind, int64_t at, const void *payload, uint32_t bytes)
{
    assert_true(port->append(port->self, kind, at, payload, bytes) > 0);
}

static void to_disk(void)
{
    struct mr_err err;
    struct mr_journal *journal;
    struct mr_record_limits l = {
        .head = {MR_RECORDS_VERSION, MR_RECORD_LIMITS, sizeof l}, .version = 2, .before = 1, .said = "a: 1 -> 2\nb"};
    struct mr_record_begin old = {.head = {MR_RECORDS_VERSION, MR_RECORD_BEGIN, MR_RECORD_BEGIN_UNNAMED}, .epoch = 7};
    struct mr_record_limits later = {.head = {MR_RECORDS_VERSION + 1, MR_RECORD_LIMITS, sizeof later}};
    struct mr_record_limits strange = {.head = {MR_RECORDS_VERSION, 99, sizeof strange}};
    snprintf(folder, sizeof folder, "/tmp/millrace-words-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(MR_OK, mr_journal_open(&journal, folder, &mr_journal_limits_default, r->now, &err));
    const struct mr_journal_port port = mr_journal_port(journal);
    for (uint64_t i = 0; i < r->appended; i++) {
        keep(&port, r->record[i].kind, r->record[i].at, rig_payload(r, i), r->record[i].bytes);
        while (mr_journal_step(journal, r->now) > 0)
            continue;
    }
    keep(&port, MR_JOURNAL_CONFIG, r->now, &l, sizeof l);
    keep(&port, MR_JOURNAL_BEGIN, r->now, &old, MR_RECORD_BEGIN_UNNAMED);
    keep(&port, MR_JOURNAL_CONFIG, r->now, &later, sizeof later);
    keep(&port, MR_JOURNAL_CONFIG, r->now, &strange, sizeof strange);
    keep(&port, MR_JOURNAL_CONFIG, r->now, &l, 100);
    keep(&port, MR_JOURNAL_CONFIG, r->now, &l, 3);
    mr_journal_close(journal, r->now);
}

static int build(void **state)
{
    struct mr_err err;
    uint64_t id;
    struct mr_order o = {.instrument = RIG_BTC,
                         .venue = 1,
                         .side = MR_SIDE_BUY,
                         .type = MR_ORDER_LIMIT,
                         .tif = MR_TIF_GTC,
                         .price = 5000010,
                         .size = 2000000};
    const struct mr_slices_plan iceberg = {.parent = {.instrument = RIG_ETH,
                                                      .side = MR_SIDE_BUY,
                                                      .type = MR_ORDER_LIMIT,
                                                      .tif = MR_TIF_GTC,
                                                      .price = 299000,
                                                      .size = 40},
                                           .kind = MR_SLICES_ICEBERG,
                                           .seed = 3,
                                           .shown = 10};
    (void)state;
    r = malloc(sizeof *r);
    rig_open(r);
    rig_price(r, RIG_BTC, 5982000);
    rig_run(r, 1000);
    rig_signal(r, "BTC", MR_LEVEL_CRITICAL);
    rig_run(r, 500);
    assert_true(rig_held(r, RIG_BTC) < 0);
    assert_true(mr_trade_place(r->trade, &o, r->now, &id, &err) != MR_OK); /* too large */
    assert_true(mr_trade_go(r->trade, MR_LIFE_INITIALIZING, MR_ACTOR_OPERATOR, 1000, "no way", r->now, &err) != MR_OK);
    assert_int_equal(mr_trade_slice(r->trade, &iceberg, r->now, &id, &err), MR_OK);
    rig_run(r, 100);
    mr_trade_account(r->trade, &account);
    held = rig_held(r, RIG_BTC);
    to_disk();
    return 0;
}

static int tidy(void **state)
{
    (void)state;
    rig_close(r);
    free(r);
    return mr_test_remove(folder);
}

static void every_record_of_trading_is_said_in_words(void **state)
{
    static const struct {
        const char *arguments, *words;
    } cases[] = {
        {"show --kind begin",
         "run 1 begins, build 0000000000000000, configuration 0000000000000000; strategies follower"},
        {"show --kind begin",
         "instrument 0 is binance:spot:BTCUSDT: tick 0.1, lot 0.001, multiplier 1, scales 2 and 3"},
        {"show --kind begin", "instrument 1 is binance:spot:ETHUSDT"},
        {"show --kind begin", "run 7 begins"},
        {"show --kind decision", " allowed, score "},
        {"show --kind decision", "denied: "},
        {"show --kind decision", "the order is larger than one order may be"},
        {"show --kind decision", ", equity 10000, bid 59819.9 ask 59820.1, position 0, limits 1; mr"},
        {"show --kind decision", "entry limit buy binance:spot:BTCUSDT, price 50000.1 size 2000 filled 0"},
        {"show --kind signal", "follower: open sell binance:spot:BTCUSDT, confidence 0."},
        {"show --kind signal", "of BTC: "},
        {"show --kind state", "initializing -> ready done, by system: started"},
        {"show --kind state", "trading -> initializing REFUSED, by operator (user 1000): no way"},
        {"show --kind account", "day 2026-09-21: began with 10000, peak 10000, realised "},
        {"show --kind config", "limits 2 in force after 1: a: 1 -> 2;b\n"},
        {"show --kind config", "of another version, 504 bytes: 0200"},
        {"show --kind config", "of no record this build knows, 504 bytes: 0100"},
        {"show --kind config", "of another length than its record has, 100 bytes: 0100"},
        {"show --kind config", "too short for a record, 3 bytes: 0100"},
        {"show --kind order", "bracket of mr"},
        {"show --kind order", ", stop 599"},
        {"show --kind order", "sell binance:spot:BTCUSDT size "},
        {"show --kind order", "iceberg mr"},
        {"show --kind order",
         " is working: buy binance:spot:ETHUSDT size 0.04 limit 2990, filled 0, shown 0.01, out mr"},
        {"show --kind fill", ": sell binance:spot:BTCUSDT, price 59819.9 size "},
        {"show --json --kind begin", "\"instrument\":0,\"market\":\"binance:spot:BTCUSDT\",\"metadata\":true"},
        {"show --json --kind begin", "\"strategies\":[\"follower\"]"},
        {"show --json --kind decision",
         "\"rule\":\"ORDER_SIZE\",\"sentence\":\"the order is larger than one order may be\""},
        {"show --json --kind decision", "\"bid\":5981990,\"bid_decimal\":\"59819.9\""},
        {"show --json --kind signal",
         "\"strategy_name\":\"follower\",\"strategy\":0,\"intent\":\"open\",\"side\":\"sell\""},
        {"show --json --kind state", "\"to\":\"initializing\",\"allowed\":false,\"by\":\"operator\",\"uid\":1000"},
        {"show --json --kind account", "\"what\":\"day\",\"day\":\"2026-09-21\",\"day_start\":\"10000\""},
        {"show --json --kind config", "\"limits\":2,\"before\":1,\"said\":\"a: 1 -> 2\\u000ab\""},
        {"show --json --kind config", "\"unknown\":\"too short for a record\",\"bytes\":3"},
        {"show --json --kind order", "\"what\":\"bracket\",\"entry\":\"mr"},
        {"show --json --kind order", "\"what\":\"slices\",\"parent\":\"mr"},
        {"show --json --kind order", "\"kind\":\"iceberg\",\"state\":\"working\",\"child\":\"mr"},
        {"show --json --kind fill", "\"market\":\"binance:spot:BTCUSDT\",\"side\":\"sell\""},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        said(cases[i].arguments, cases[i].words);
}

/* The whole way: what the run's own order manager has in the end, a manager made from the journal has, and plain sums of its records too. */
static void replay_rebuilds_the_order_manager_and_finds_the_same(void **state)
{
    char words[160], cash[MR_MONEY_TEXT], realised[MR_MONEY_TEXT];
    (void)state;
    const struct mr_positions *ps = mr_orders_positions(mr_trade_orders(r->trade));
    mr_money_text(mr_positions_cash(ps), cash);
    mr_money_text(mr_positions_get(ps, RIG_BTC)->realised, realised);
    snprintf(words, sizeof words, "rebuilt from it, has the same; cash %s, realised %s, funding 0", cash, realised);
    said("replay", words);
    snprintf(words, sizeof words, "\"rebuilt\":{\"same\":true,\"cash\":\"%s\",\"realised\":\"%s\"", cash, realised);
    said("replay --json", words);
}

static void a_record_that_cannot_follow_is_found_by_its_number(void **state)
{
    struct mr_err err;
    struct mr_journal *journal;
    uint64_t fill = 0;
    (void)state;
    for (uint64_t i = 0; i < r->appended; i++)
        fill = r->record[i].kind == MR_JOURNAL_FILL ? i : fill;
    assert_int_equal(MR_OK, mr_journal_open(&journal, folder, &mr_journal_limits_default, r->now, &err));
    const struct mr_journal_port port = mr_journal_port(journal); /* a trade that is written twice */
    int64_t seq = port.append(port.self, MR_JOURNAL_FILL, r->now, rig_payload(r, fill), r->record[fill].bytes);
    mr_journal_close(journal, r->now);
    assert_true(seq > 0);
    int code =
        mr_test_shell(out, sizeof out,
                      "'%s' journal replay %s 2>&1 | grep -q 'record %lld (fill) cannot follow what came before it' && "
                      "! '%s' journal replay %s >/dev/null 2>&1 && '%s' journal verify %s >/dev/null",
                      program, folder, (long long)seq, program, folder, program, folder);
    assert_int_equal(code, 0);
}

static void names_are_known_wherever_the_showing_begins(void **state)
{
    char last[64];
    (void)state;
    snprintf(last, sizeof last, "show --kind fill --after %llu", 4ull);
    said(last, "binance:spot:BTCUSDT");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_of_trading_is_said_in_words),
        cmocka_unit_test(names_are_known_wherever_the_showing_begins),
        cmocka_unit_test(replay_rebuilds_the_order_manager_and_finds_the_same),
        cmocka_unit_test(a_record_that_cannot_follow_is_found_by_its_number),
    };
    if (argc < 2)
        return 1;
    program = argv[1];
    return cmocka_run_group_tests(tests, build, tidy) ? 1 : 0;
}
