/* A data plane against the simulated exchange, both in this process, over TLS on the loopback: each fault on each product ends with all
 * live again, every book equal to the exchange's own, what was lost counted where it was lost, and nobody else's sequence touched. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/dataplane/plane/rig.h"
#include "tests/support/support.h"

static const struct rig_feed feeds[] = {
    {.product = "binance:usdm", .symbols = {"BTCUSDT", "ETHUSDT"}},
    {.product = "binance:spot", .symbols = {"BTCUSDT"}},
    {.product = "bybit:linear", .symbols = {"BTCUSDT", "ETHUSDT"}},
    {.product = "okx:public", .symbols = {"BTC-USDT-SWAP", "ETH-USDT-SWAP"}},
    {.product = "hyperliquid:perp", .symbols = {"BTC", "ETH"}},
    {.product = "mexc:futures", .symbols = {"BTC_USDT", "ETH_USDT"}},
    {.product = "kucoin:futures", .symbols = {"XBTUSDTM", "ETHUSDTM"}},
    {.product = "kucoin:spot", .symbols = {"BTC-USDT"}},
};
#define FEEDS MR_COUNT_OF(feeds)

static uint32_t part,
    parts = 4; /* of the rows, each part a process: back-off and limits of dials make them wait, not work */
static struct rig rig;

/* Each feed's other book lives, also where the venue ends the whole connection at a symbol that it does not know (Hyperliquid). */
static bool others_live(void)
{
    for (uint32_t i = 0; i < FEEDS; i++) {
        struct mr_plane_book b;
        if (feeds[i].symbols[1] && (!rig_book(&rig, rig.first[i] + 1, &b) || !b.live))
            return false;
    }
    return true;
}

static int open_scene(void **state)
{
    (void)state;
    return rig_open(&rig, feeds, FEEDS) || rig_start(&rig);
}

static int close_scene(void **state)
{
    (void)state;
    return rig_close(&rig);
}

/* ---- the matrix ---- */

/* What must have been counted, on each product or (ONE) in all. */
enum {
    CLOSES = 1 << 0,    /* the connection ended */
    KEEPS = 1 << 1,     /* it did not */
    GAPS = 1 << 2,      /* books broke, and said so (not where each message is the whole book) */
    WHOLE = 1 << 3,     /* nothing was lost: no gap */
    MALFORMED = 1 << 4, /* so many frames refused */
    OLD = 1 << 5,       /* what came twice or too late was dropped */
    TOO_BIG = 1 << 6,
    PLANNED = 1 << 7,
    TLS = 1 << 8,
    UPGRADE = 1 << 9,
    BY_REST = 1 << 10, /* snapshots were asked for in vain (where they come by REST) */
    STALE = 1 << 11,   /* snapshots were too old, and did not join */
    SPOILT = 1 << 12,  /* where the venue has checksums that say anything: a gap */
    REFUSED = 1 << 13, /* a subscription was refused (where the venue says so) */
};
static const struct row {
    const char *id, *says;
    enum mr_fault_kind first, fault; /* first: another one before it, to make it felt; MR_FAULT_KINDS: none */
    double seconds;
    uint32_t count;
    bool one_symbol;
    uint32_t channel;
    uint32_t want;
} rows[] = {
#define NONE MR_FAULT_KINDS
    {"V-65", "who dials is not let in: its token is wrong", MR_FAULT_DISCONNECT, MR_FAULT_TOKEN, 1.5, 0, false, 0,
     CLOSES | GAPS | UPGRADE},
    {"V-54", "half-open: not a word for a while", NONE, MR_FAULT_SILENCE, 1, 0, false, 0, KEEPS | GAPS},
    {"V-66", "too many requests", MR_FAULT_DISCONNECT, MR_FAULT_LIMIT, 1.5, 0, false, 0, CLOSES | GAPS | UPGRADE},
    {"V-55", "one channel is mute", NONE, MR_FAULT_SILENCE, 1, 0, true, MR_DEPTH, KEEPS | GAPS},
    {"V-64", "another certificate", NONE, MR_FAULT_CERTIFICATE, 1.5, 0, false, 0, CLOSES | GAPS | TLS},
    {"V-56", "dropped updates", NONE, MR_FAULT_GAP, 0, 3, false, 0, KEEPS | GAPS},
    {"V-71", "one bad symbol", MR_FAULT_DISCONNECT, MR_FAULT_UNKNOWN, 2, 0, true, 0, CLOSES | GAPS | REFUSED},
    {"V-57", "duplicates", NONE, MR_FAULT_DUPLICATE, 0, 3, false, 0, KEEPS | WHOLE | OLD},
    {"V-70", "the venue restarts, its numbers begin anew", NONE, MR_FAULT_RESTART, 0.5, 0, false, 0, CLOSES | GAPS},
    {"V-58", "updates change places", NONE, MR_FAULT_REORDER, 0, 2, false, 0, KEEPS},
    {"V-50", "cut without a word", NONE, MR_FAULT_DISCONNECT, 0, 0, false, 0, CLOSES | GAPS},
    {"V-59", "a stale snapshot", MR_FAULT_GAP, MR_FAULT_STALE, 2.5, 1, false, 0, KEEPS | GAPS | STALE},
    {"V-51", "a close frame", NONE, MR_FAULT_CLOSE, 0, 0, false, 0, CLOSES | GAPS},
    {"V-60", "a wrong checksum", NONE, MR_FAULT_CHECKSUM, 0, 1, false, 0, KEEPS | SPOILT},
    {"V-52", "RST within a record", NONE, MR_FAULT_RESET, 0, 0, false, 0, CLOSES | GAPS},
    {"V-61", "malformed frames", NONE, MR_FAULT_GARBAGE, 0, 3, false, 0, KEEPS | WHOLE | MALFORMED},
    {"V-53", "half a frame, then the end", NONE, MR_FAULT_HALF_FRAME, 0, 0, false, 0, CLOSES | GAPS},
    {"V-63", "a slow drip", NONE, MR_FAULT_DRIP, 0.7, 0, false, 0, KEEPS | WHOLE},
    {"V-62", "an oversized frame", NONE, MR_FAULT_OVERSIZE, 0, 0, false, 0, CLOSES | GAPS | TOO_BIG},
    {"V-68", "snapshots by REST fail", MR_FAULT_GAP, MR_FAULT_UNAVAILABLE, 0.5, 1, false, 0, KEEPS | GAPS | BY_REST},
    {"V-67", "a planned close, with the venue's notice", NONE, MR_FAULT_PLANNED, 0, 0, false, 0,
     CLOSES | GAPS | PLANNED},
    {"V-69", "snapshots by REST do not come", MR_FAULT_GAP, MR_FAULT_TIMEOUT, 0.5, 1, false, 0, KEEPS | GAPS | BY_REST},
};

struct counts {
    uint64_t gaps, malformed, old, refetched, closes, too_big, planned, tls_failed, upgrade_failed, token_failed,
        rejected;
};

static struct counts look(uint32_t feed)
{
    return (struct counts){
        .gaps = rig_count(&rig, feed, "feed", "gaps"),
        .malformed = rig_count(&rig, feed, "feed", "malformed") + rig_count(&rig, feed, "feed", "truncated"),
        .old = rig_count(&rig, feed, "feed", "old"),
        .refetched = rig_count(&rig, feed, "feed", "refetched"),
        .closes = rig_count(&rig, feed, "session", "closes"),
        .too_big = rig_count(&rig, feed, "session", "too_big"),
        .planned = rig_count(&rig, feed, "session", "planned"),
        .tls_failed = rig_count(&rig, feed, "session", "tls_failed"),
        .upgrade_failed = rig_count(&rig, feed, "session", "upgrade_failed"),
        .token_failed = rig_count(&rig, feed, "session", "token_failed"),
        .rejected = rig_count(&rig, feed, "session", "rejected"),
    };
}

static uint8_t rule_of(uint32_t feed)
{
    const struct mr_venue *venue;
    uint8_t product;
    assert_int_equal(mr_venue_parse(feeds[feed].product, &venue, &product, NULL), MR_OK);
    return venue->products[product].sequencing;
}

static void begin(const struct row *row, enum mr_fault_kind kind, uint32_t feed)
{
    struct mr_exchange_fault fault = {
        .kind = (uint8_t)kind, .count = row->count, .seconds = row->seconds, .channel = row->channel};
    if (row->one_symbol && kind == row->fault)
        snprintf(fault.symbol, sizeof fault.symbol, "%s", feeds[feed].symbols[0]);
    rig_fault(&rig, feed, fault);
}

/* One line of the matrix on one venue: what was counted. */
static bool counted(const struct row *row, uint32_t feed, const struct counts *was, bool tell)
{
    const struct counts is = look(feed);
    const uint8_t rule = rule_of(feed);
    const bool image_rule = rule == MR_SEQ_IMAGE;              /* each message is the whole book: nothing to miss */
    const bool no_token = is.token_failed > was->token_failed; /* KuCoin: it did not come as far as the dial */
    const struct {
        uint32_t bit;
        bool good, none; /* none: the venue has no such thing (conformance/venue.md says why) */
        const char *what;
    } checks[] = {
        {CLOSES, is.closes > was->closes, false, "the connection did not end"},
        {KEEPS, is.closes == was->closes, false, "the connection ended"},
        {GAPS, is.gaps > was->gaps, image_rule && !(row->want & CLOSES), "no gap was counted"},
        {WHOLE, is.gaps == was->gaps, false, "a gap"},
        {MALFORMED, is.malformed >= was->malformed + row->count, false, "malformed frames were not counted"},
        {OLD, is.old > was->old, image_rule, "duplicates were not counted"},
        {TOO_BIG, is.too_big > was->too_big, false, "too_big"},
        {PLANNED, is.planned > was->planned, false, "planned"},
        {TLS, is.tls_failed > was->tls_failed || no_token, false, "tls_failed"},
        {UPGRADE, is.upgrade_failed > was->upgrade_failed || no_token, false, "upgrade_failed"},
        {STALE, is.refetched > was->refetched || is.gaps > was->gaps + 1, image_rule, "a stale snapshot joined"},
        {SPOILT, is.gaps > was->gaps, strncmp(feeds[feed].product, "okx:", 4) != 0, "a wrong checksum was believed"},
    };
    bool good = true;
    for (size_t i = 0; i < MR_COUNT_OF(checks); i++)
        if ((row->want & checks[i].bit) && !checks[i].none && !checks[i].good) {
            if (tell)
                print_error("%s %s on %s: %s\n", row->id, row->says, feeds[feed].product, checks[i].what);
            good = false;
        }
    return good;
}

static bool all_counted(const struct row *row, const struct counts was[FEEDS], bool tell)
{
    bool good = true;
    for (uint32_t i = 0; i < FEEDS; i++)
        good &= counted(row, i, &was[i], tell);
    return good;
}

/* Limits of dials and back-off may keep a session from dialling for some seconds: until it has felt the fault. */
static void last_longer(const struct row *row, const struct counts was[FEEDS])
{
    for (uint32_t i = 0; i < FEEDS; i++)
        if (!counted(row, i, &was[i], false))
            begin(row, row->fault, i);
}

/* The others live meanwhile; then the venue has it again. */
static void while_one_is_refused(const struct row *row)
{
    bool lives = false;
    for (int i = 0; i < 400 && !lives; i++, rig_rest(50)) {
        lives = others_live();
        for (uint32_t k = 0; k < FEEDS && i % 20 == 0; k++)
            begin(row, row->fault, k);
    }
    if (!lives)
        rig_tell(&rig);
    assert_true(lives);
    rig_rest((int)(row->seconds * 1000) + 50);
    for (uint32_t i = 0; i < FEEDS; i++)
        begin(row, MR_FAULT_DISCONNECT, i);
}

static uint32_t failed;

/* On all venues at once, each with its own counters. */
static void try_row(const struct row *row)
{
    struct counts was[FEEDS];
    struct mr_exchange_stats before, after;
    mr_exchange_stats(rig.exchange, &before);
    for (uint32_t i = 0; i < FEEDS; i++)
        was[i] = look(i);
    for (uint32_t i = 0; i < FEEDS; i++) {
        begin(row, row->fault, i);
        if (row->first != NONE)
            begin(row, row->first, i);
    }
    rig_rest((int)(row->seconds * 1000) + 50);
    for (int i = 0; i < 240 && !all_counted(row, was, false); i++) {
        if (row->want & (UPGRADE | TLS) && i % 20 == 0)
            last_longer(row, was);
        rig_rest(50);
    }
    if (row->fault == MR_FAULT_UNKNOWN)
        while_one_is_refused(row);
    bool live = rig_becomes_live(&rig), equal = live && rig_books_equal(&rig), good = all_counted(row, was, true);
    if (!equal)
        print_error("%s %s: %s\n", row->id, row->says, live ? "books differ" : "not live again");
    mr_exchange_stats(rig.exchange, &after);
    if (row->want & BY_REST)
        assert_true(after.turned_away > before.turned_away);
    if (row->want & STALE)
        assert_true(after.aged > before.aged);
    if (!equal || !good)
        failed++;
    for (uint32_t i = 0; i < FEEDS; i++)
        printf("%s %-18s %s\n", row->id, feeds[i].product, row->says);
}

static void the_rows_are_the_cases_of_the_page(void **state)
{
    (void)state;
    static const struct {
        uint32_t number;
        bool tls;
        const char *what;
    } cases[] = {
#define TLS(function) true
#define MEMORY(function) false
#define V(number, where, function, what) {number, where(function), what},
#include "tests/conformance/venue.def"
#undef V
    };
    uint32_t wanted = 0;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char id[8];
        size_t k = 0;
        if (!cases[i].tls)
            continue;
        wanted++;
        snprintf(id, sizeof id, "V-%02u", cases[i].number % 100);
        while (k < MR_COUNT_OF(rows) && strcmp(rows[k].id, id) != 0)
            k++;
        if (k == MR_COUNT_OF(rows))
            fail_msg("%s is not run: %s", id, cases[i].what);
    }
    assert_int_equal(wanted, MR_COUNT_OF(rows));
}

static void every_fault_on_every_product_ends_live_with_the_exchanges_books(void **state)
{
    (void)state;
    const char *only = getenv("MILLRACE_VENUE_CASE");
    const bool quick = getenv("MILLRACE_QUICK") != NULL;
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++)
        if (only ? strcmp(only, rows[i].id) == 0 : i % parts == part && (!quick || i / parts % 2 == 0))
            try_row(&rows[i]);
    assert_int_equal(failed, 0);
}

static void a_gap_of_one_instrument_leaves_the_others_of_its_connection_alone(void **state)
{
    (void)state;
    struct mr_plane_book was[RIG_BOOKS], is;
    for (uint32_t id = 0; id < rig.books; id++)
        assert_true(rig_book(&rig, id, &was[id]));
    rig_fault(&rig, 0, (struct mr_exchange_fault){.kind = MR_FAULT_GAP, .symbol = "BTCUSDT", .count = 2});
    rig_rest(1000);
    assert_true(rig_becomes_live(&rig));
    assert_true(rig_books_equal(&rig));
    for (uint32_t id = 0; id < rig.books; id++) {
        assert_true(rig_book(&rig, id, &is));
        if (id == 0)
            assert_true(is.gaps > was[id].gaps);
        else
            assert_int_equal(is.gaps, was[id].gaps);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        part = (uint32_t)atoi(argv[1]);
        parts = (uint32_t)atoi(argv[2]);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rows_are_the_cases_of_the_page),
        cmocka_unit_test(a_gap_of_one_instrument_leaves_the_others_of_its_connection_alone),
        cmocka_unit_test(every_fault_on_every_product_ends_live_with_the_exchanges_books),
    };
    return cmocka_run_group_tests(tests, open_scene, close_scene) ? 1 : 0;
}
