/* A data plane against the simulated exchange, both in this process, over TLS on the loopback: each fault on each product ends with all
 * live again, every book equal to the exchange's own, what was lost counted where it was lost, and nobody else's sequence touched. */
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/clock/clock.h"
#include "tests/dataplane/plane/rig.h"
#include "tests/support/support.h"

#define SILENCE_S 3 /* then a connection is stale, and as long again without an answer ends it (V-54) */

/* The simulated Polymarket's tokens: two pairs (tests/exchange/market/outcome.h). */
#define BTC_UP "71321045679252212594626385532706912750332728571942532289631379312455583992563"
#define BTC_DOWN "105267568073659068217311993901927962476298440625043565106676088842803600775810"
#define ETH_UP "48331043336612883890938759509493159234755048973500640148014422747788308965732"
#define ETH_DOWN "114304586861386186441621124384163963092522056897081085884483958561365015034812"

static const struct rig_feed feeds[] = {
    {"binance:usdm", {"BTCUSDT", "ETHUSDT"}, 1, 0, SILENCE_S},
    {"binance:spot", {"BTCUSDT"}, 1, 0, SILENCE_S},
    {"bybit:linear", {"BTCUSDT", "ETHUSDT"}, 1, 0, SILENCE_S},
    {"okx:public", {"BTC-USDT-SWAP", "ETH-USDT-SWAP"}, 1, 0, SILENCE_S},
    {"hyperliquid:perp", {"BTC", "ETH"}, 1, 0, SILENCE_S},
    {"mexc:futures", {"BTC_USDT", "ETH_USDT"}, 1, 0, SILENCE_S},
    {"kucoin:futures", {"XBTUSDTM", "ETHUSDTM"}, 1, 0, SILENCE_S},
    {"kucoin:spot", {"BTC-USDT"}, 1, 0, SILENCE_S},
    {"polymarket:clob", {BTC_UP, BTC_DOWN, ETH_UP, ETH_DOWN}, 1, 0, SILENCE_S},
    {"polymarket:rtds",
     {"btcusdt", "ethusdt", "btc/usd", "eth/usd"},
     1,
     0,
     SILENCE_S}, /* no books: behind those that have */
};
#define FEEDS MR_COUNT_OF(feeds)

static uint32_t part,
    parts =
        4; /* of the rows, each part a process: they wait more than they work; every fourth row, so that all take as long */
static struct rig rig;

static uint8_t rule_of(uint32_t feed)
{
    const struct mr_venue *venue;
    uint8_t product;
    assert_int_equal(mr_venue_parse(feeds[feed].product, &venue, &product, NULL), MR_OK);
    return venue->products[product].sequencing;
}

static bool has_books(uint32_t feed) { return rule_of(feed) != MR_SEQ_NONE; }

/* Each feed's other book lives, also where the venue ends the whole connection at a symbol that it does not know (Hyperliquid). */
static bool others_live(void)
{
    for (uint32_t i = 0; i < FEEDS; i++) {
        struct mr_plane_book b;
        if (has_books(i) && feeds[i].symbols[1] && (!rig_book(&rig, rig.first[i] + 1, &b) || !b.live))
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

/* What must have been counted, on each product. */
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
    BY_REST = 1 << 10, /* snapshots were asked for in vain */
    STALE = 1 << 11,   /* snapshots were too old, and did not join */
    SPOILT = 1 << 12,  /* one checksum was wrong, one book broke by it, and one gap was told */
    REFUSED = 1 << 13, /* a subscription was refused (where the venue says so: V-39) */
    SILENT = 1 << 14,  /* it was ended because nothing came, not even an answer to a ping */
};
static const struct row {
    uint32_t number;
    const char *says, *reason;       /* what the session gave as its reason, in part; NULL: not looked at */
    enum mr_fault_kind first, fault; /* first: another one before it, to make it felt; MR_FAULT_KINDS: none */
    double seconds;
    uint32_t count;
    bool one_symbol;
    uint32_t channel;
    uint32_t want;
} rows[] = {
#define NONE MR_FAULT_KINDS
    {65, "who dials is not let in: its token is wrong", NULL, MR_FAULT_DISCONNECT, MR_FAULT_TOKEN, 1.5, 0, false, 0,
     CLOSES | GAPS | UPGRADE},
    {54, "half-open: not a word for a while", "no byte came, and no answer to a ping", NONE, MR_FAULT_SILENCE,
     2 * SILENCE_S + 0.2, 0, false, 0, CLOSES | GAPS | SILENT},
    {66, "too many requests", NULL, MR_FAULT_DISCONNECT, MR_FAULT_LIMIT, 1.5, 0, false, 0, CLOSES | GAPS | UPGRADE},
    {55, "one channel is mute", NULL, NONE, MR_FAULT_SILENCE, 1, 0, true, MR_DEPTH, KEEPS | GAPS},
    {64, "another certificate", "certificate", NONE, MR_FAULT_CERTIFICATE, 1.5, 0, false, 0, CLOSES | GAPS | TLS},
    {60, "a wrong checksum", NULL, NONE, MR_FAULT_CHECKSUM, 0, 1, false, 0, KEEPS | SPOILT},
    {71, "one bad symbol", NULL, MR_FAULT_DISCONNECT, MR_FAULT_UNKNOWN, 2, 0, true, 0, CLOSES | GAPS | REFUSED},
    {59, "a stale snapshot", NULL, MR_FAULT_GAP, MR_FAULT_STALE, 2.5, 1, false, 0, KEEPS | GAPS | STALE},
    {70, "the venue restarts, its numbers begin anew", NULL, NONE, MR_FAULT_RESTART, 0.5, 0, false, 0, CLOSES | GAPS},
    {63, "a slow drip", NULL, NONE, MR_FAULT_DRIP, 0.7, 0, false, 0, KEEPS | WHOLE},
    {50, "cut without a word", NULL, NONE, MR_FAULT_DISCONNECT, 0, 0, false, 0, CLOSES | GAPS},
    {68, "snapshots by REST fail", NULL, MR_FAULT_GAP, MR_FAULT_UNAVAILABLE, 0.5, 1, false, 0, KEEPS | GAPS | BY_REST},
    {58, "updates change places", NULL, NONE, MR_FAULT_REORDER, 0, 2, false, 0, KEEPS},
    {69, "snapshots by REST do not come", NULL, MR_FAULT_GAP, MR_FAULT_TIMEOUT, 0.5, 1, false, 0,
     KEEPS | GAPS | BY_REST},
    {52, "RST within a record", NULL, NONE, MR_FAULT_RESET, 0, 0, false, 0, CLOSES | GAPS},
    {56, "dropped updates", NULL, NONE, MR_FAULT_GAP, 0, 3, false, 0, KEEPS | GAPS},
    {53, "half a frame, then the end", NULL, NONE, MR_FAULT_HALF_FRAME, 0, 0, false, 0, CLOSES | GAPS},
    {61, "malformed frames", NULL, NONE, MR_FAULT_GARBAGE, 0, 3, false, 0, KEEPS | WHOLE | MALFORMED},
    {51, "a close frame", NULL, NONE, MR_FAULT_CLOSE, 0, 0, false, 0, CLOSES | GAPS},
    {62, "an oversized frame", NULL, NONE, MR_FAULT_OVERSIZE, 0, 0, false, 0, CLOSES | GAPS | TOO_BIG},
    {67, "a planned close, with the venue's notice", NULL, NONE, MR_FAULT_PLANNED, 0, 0, false, 0,
     CLOSES | GAPS | PLANNED},
    {57, "duplicates", NULL, NONE, MR_FAULT_DUPLICATE, 0, 3, false, 0, KEEPS | WHOLE | OLD},
};

/* What a product has nothing of, and why: conformance/venue.md. */
static const char *why_not(uint32_t feed, uint32_t number)
{
    static const struct {
        const char *venue;
        uint32_t number;
        const char *why;
    } none[] = {
#define N(venue, number, why) {venue, number, why},
#include "tests/conformance/venue_none.def"
#undef N
    };
    for (size_t i = 0; i < MR_COUNT_OF(none); i++)
        if (none[i].number == number && strncmp(feeds[feed].product, none[i].venue, strlen(none[i].venue)) == 0)
            return none[i].why;
    return NULL;
}

struct counts {
    uint64_t gaps, malformed, old, refetched, closes, too_big, planned, tls_failed, upgrade_failed, token_failed,
        rejected, silent;
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
        .silent = rig_count(&rig, feed, "session", "silent"),
    };
}

/* Losses of who has no numbers (Polymarket), of all its books. */
static uint64_t healed(void)
{
    return rig_engine_count(&rig, "book", "differing") + rig_engine_count(&rig, "book", "healed");
}

/* A row at work on all products at once, each with its own counters. */
struct trial {
    const struct row *row;
    bool runs[FEEDS], heard[FEEDS]; /* the reason */
    struct counts was[FEEDS];
    uint32_t running;
    uint64_t mismatches, healed;
    struct mr_exchange_stats before;
};

static void begin(const struct row *row, enum mr_fault_kind kind, uint32_t feed)
{
    struct mr_exchange_fault fault = {
        .kind = (uint8_t)kind, .count = row->count, .seconds = row->seconds, .channel = row->channel};
    if (kind == MR_FAULT_GAP &&
        rule_of(feed) == MR_SEQ_STATE) /* both pairs, and not the one that the next image heals */
        fault.count *= 4;
    if (row->one_symbol && kind == row->fault)
        snprintf(fault.symbol, sizeof fault.symbol, "%s", feeds[feed].symbols[0]);
    rig_fault(&rig, feed, fault);
}

/* Together with what makes it felt. */
static void begin_both(const struct row *row, uint32_t feed)
{
    begin(row, row->fault, feed);
    if (row->first != NONE)
        begin(row, row->first, feed);
}

/* One line of the matrix on one venue: what was counted. */
static bool counted(const struct trial *t, uint32_t feed, bool tell)
{
    const struct row *row = t->row;
    const struct counts is = look(feed), *was = &t->was[feed];
    const bool image_rule = rule_of(feed) == MR_SEQ_IMAGE;     /* each message is the whole book: nothing to miss */
    const bool no_token = is.token_failed > was->token_failed; /* KuCoin: it did not come as far as the dial */
    const bool was_healed =
        rule_of(feed) == MR_SEQ_STATE && /* by an image of the state that the book should have had */
        healed() > t->healed;
    const struct {
        uint32_t bit;
        bool good, none; /* none: the venue has no such thing (conformance/venue.md says why) */
        const char *what;
    } checks[] = {
        {CLOSES, is.closes > was->closes, false, "the connection did not end"},
        {KEEPS, is.closes == was->closes, false, "the connection ended"},
        {GAPS, is.gaps > was->gaps || was_healed, !has_books(feed) || (image_rule && !(row->want & CLOSES)),
         "no gap was counted"},
        {WHOLE, is.gaps == was->gaps, false, "a gap"},
        {MALFORMED, is.malformed >= was->malformed + row->count, false, "malformed frames were not counted"},
        {OLD, is.old > was->old, image_rule, "duplicates were not counted"},
        {TOO_BIG, is.too_big > was->too_big, false, "too_big"},
        {PLANNED, is.planned > was->planned, false, "planned"},
        {TLS, is.tls_failed > was->tls_failed || no_token, false, "tls_failed"},
        {UPGRADE, is.upgrade_failed > was->upgrade_failed || no_token, false, "upgrade_failed"},
        {STALE, is.refetched > was->refetched || is.gaps > was->gaps + 1, image_rule, "a stale snapshot joined"},
        {SPOILT, is.gaps == was->gaps + 1, false, "a wrong checksum is one gap"},
        {SPOILT, rig_engine_count(&rig, "book", "mismatches") == t->mismatches + 1, false, "mismatches"},
        {REFUSED, is.rejected > was->rejected, why_not(feed, 39) != NULL, "nothing was refused"},
        {SILENT, is.silent > was->silent, false, "silence did not end it"},
        {UINT32_MAX, t->heard[feed], !row->reason, "another reason than"},
    };
    bool good = true;
    for (size_t i = 0; i < MR_COUNT_OF(checks); i++)
        if ((row->want & checks[i].bit) && !checks[i].none && !checks[i].good) {
            if (tell)
                print_error("V-%02u %s on %s: %s %s\n", row->number, row->says, feeds[feed].product, checks[i].what,
                            checks[i].bit == UINT32_MAX ? row->reason : "");
            good = false;
        }
    return good;
}

static bool all_counted(struct trial *t, bool tell)
{
    bool good = true;
    for (uint32_t i = 0; i < FEEDS; i++) {
        if (t->runs[i] && t->row->reason)
            t->heard[i] |= rig_says(&rig, i, t->row->reason);
        good &= !t->runs[i] || counted(t, i, tell);
    }
    return good;
}

/* Anew, where it was not felt yet. Limits of dials and back-off may keep a session from dialling for some seconds. And who has no numbers
 * (Polymarket) notices a loss by the best prices, or by an image of the state that the book should have: not each lost message shows in
 * those, and the image behind the next trade may heal it before; there a second passes between two losses. */
static void once_more(const struct trial *t, bool lose)
{
    const uint32_t want = t->row->want;
    for (uint32_t i = 0; i < FEEDS; i++) {
        if (!t->runs[i] || counted(t, i, false))
            continue;
        if (want & (UPGRADE | TLS))
            begin(t->row, t->row->fault, i);
        else if (lose && want & KEEPS && want & GAPS && rule_of(i) == MR_SEQ_STATE)
            begin_both(t->row, i);
    }
}

/* The others live meanwhile; then the venue has it again. */
static void while_one_is_refused(const struct row *row)
{
    bool lives = false;
    for (int i = 0; i < 800 && !lives; i++, mr_test_rest(50)) {
        lives = others_live();
        for (uint32_t k = 0; k < FEEDS && i % 20 == 0; k++)
            begin(row, row->fault, k);
    }
    if (!lives)
        rig_tell(&rig);
    assert_true(lives);
    mr_test_rest((int)(row->seconds * 1000) + 50);
    for (uint32_t i = 0; i < FEEDS; i++)
        begin(row, MR_FAULT_DISCONNECT, i);
}

static void start(struct trial *t, const struct row *row)
{
    *t = (struct trial){.row = row, .mismatches = rig_engine_count(&rig, "book", "mismatches"), .healed = healed()};
    mr_exchange_stats(rig.exchange, &t->before);
    for (uint32_t i = 0; i < FEEDS; i++) {
        t->runs[i] = !why_not(i, row->number);
        t->running += t->runs[i];
        t->was[i] = look(i);
    }
    for (uint32_t i = 0; i < FEEDS; i++)
        if (t->runs[i])
            begin_both(row, i);
}

static uint32_t failed;

static void try_row(const struct row *row)
{
    struct trial t;
    struct mr_exchange_stats after;
    const int64_t begun = mr_clock_mono();
    start(&t, row);
    for (int i = (int)(row->seconds * 20) + 1; i > 0; i--, mr_test_rest(50))
        all_counted(&t, false); /* listens for the reason */
    for (int i = 1; i < 400 && !all_counted(&t, false); i++, mr_test_rest(50))
        if (i % 20 == 0)
            once_more(&t, i % 40 == 0);
    if (row->fault == MR_FAULT_UNKNOWN)
        while_one_is_refused(row);
    bool live = rig_becomes_live(&rig), equal = live && rig_books_equal(&rig), good = all_counted(&t, true);
    if (!equal)
        print_error("V-%02u %s: %s\n", row->number, row->says, live ? "books differ" : "not live again");
    mr_exchange_stats(rig.exchange, &after);
    if (row->want & BY_REST)
        assert_true(after.turned_away >= t.before.turned_away + t.running);
    if (row->want & STALE)
        assert_true(after.aged >= t.before.aged + t.running);
    if (row->want & SPOILT)
        assert_int_equal(after.spoilt, t.before.spoilt + t.running);
    if (row->want & TLS)
        assert_true(after.tls_failed >= t.before.tls_failed + t.running);
    if (!equal || !good)
        failed++;
    printf("V-%02u took %.1f s\n", row->number, (double)(mr_clock_mono() - begun) / 1e9);
    for (uint32_t i = 0; i < FEEDS; i++)
        printf("V-%02u %-18s %s%s\n", row->number, feeds[i].product,
               t.runs[i] ? "" : "n/a: ", t.runs[i] ? row->says : why_not(i, row->number));
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
        size_t k = 0;
        if (!cases[i].tls)
            continue;
        wanted++;
        while (k < MR_COUNT_OF(rows) && rows[k].number != cases[i].number)
            k++;
        if (k == MR_COUNT_OF(rows))
            fail_msg("V-%02u is not run: %s", cases[i].number, cases[i].what);
    }
    assert_int_equal(wanted, MR_COUNT_OF(rows));
}

static void every_fault_on_every_product_ends_live_with_the_exchanges_books(void **state)
{
    (void)state;
    const char *only = getenv("MILLRACE_VENUE_CASE");
    if (only && strncmp(only, "V-", 2) == 0)
        only += 2;
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++)
        if (only ? (uint32_t)atoi(only) == rows[i].number : i % parts == part)
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
    mr_test_rest(1000);
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

static bool broke(const uint64_t was[FEEDS])
{
    for (uint32_t i = 0; i < FEEDS; i++)
        if (has_books(i) && rule_of(i) != MR_SEQ_IMAGE && rule_of(i) != MR_SEQ_STATE &&
            rig_count(&rig, i, "feed", "gaps") == was[i])
            return false;
    return true;
}

/* The wait for an image that comes by itself with a subscription is over as soon as it has come. */
static void a_gap_right_after_connecting_is_mended_as_soon_as_any_other(void **state)
{
    (void)state;
    uint64_t was[FEEDS];
    bool live = false;
    for (uint32_t i = 0; i < FEEDS; i++)
        rig_fault(&rig, i, (struct mr_exchange_fault){.kind = MR_FAULT_DISCONNECT});
    mr_test_rest(100);
    assert_true(rig_becomes_live(&rig));
    for (uint32_t i = 0; i < FEEDS; i++) {
        was[i] = rig_count(&rig, i, "feed", "gaps");
        rig_fault(&rig, i, (struct mr_exchange_fault){.kind = MR_FAULT_GAP, .count = 1});
    }
    for (int i = 0; i < 100 && !broke(was); i++)
        mr_test_rest(20);
    assert_true(broke(was));
    for (int i = 0; i < 100 && !live; i++, mr_test_rest(50)) /* F-21: in under five seconds */
        live = rig_live(&rig);
    if (!live)
        rig_tell(&rig);
    assert_true(live);
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
        cmocka_unit_test(a_gap_right_after_connecting_is_mended_as_soon_as_any_other),
        cmocka_unit_test(every_fault_on_every_product_ends_live_with_the_exchanges_books),
    };
    return cmocka_run_group_tests(tests, open_scene, close_scene) ? 1 : 0;
}
