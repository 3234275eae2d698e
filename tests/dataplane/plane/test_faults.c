/* A data plane against the simulated exchange, both in this process, over TLS on the loopback: each fault on each product ends with all
 * live again, every book equal to the exchange's own, what was lost counted where it was lost, and nobody else's sequence touched. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/plane/plane.h"
#include "dataplane/ring/workspace.h"
#include "tests/exchange/server/server.h"
#include "tests/support/support.h"

static const struct {
    const char *product, *symbols[2];
} feeds[] = {
    {"binance:usdm", {"BTCUSDT", "ETHUSDT"}},     {"binance:spot", {"BTCUSDT", NULL}},
    {"bybit:linear", {"BTCUSDT", "ETHUSDT"}},     {"okx:public", {"BTC-USDT-SWAP", "ETH-USDT-SWAP"}},
    {"hyperliquid:perp", {"BTC", "ETH"}},         {"mexc:futures", {"BTC_USDT", "ETH_USDT"}},
    {"kucoin:futures", {"XBTUSDTM", "ETHUSDTM"}}, {"kucoin:spot", {"BTC-USDT", NULL}},
};
#define FEEDS MR_COUNT_OF(feeds)
#define BOOKS 14
#define CONNECTIONS 10

static uint32_t part,
    parts = 4; /* of the rows, each part a process: back-off and limits of dials make them wait, not work */
static struct mr_exchange *exchange;
static struct mr_plane *plane;
static char folder[64];

static void rest(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000l};
    nanosleep(&t, NULL);
}

/* ---- looking, through the workspace as any tool would ---- */

struct wanted {
    const char *name;
    uint64_t sum;
};

static void add_up(void *arg, const struct mr_metric_view *v)
{
    struct wanted *w = arg;
    if (strcmp(v->name, w->name) == 0)
        w->sum += (uint64_t)v->value;
}

static uint64_t count_of(size_t feed, const char *block, const char *name)
{
    struct wanted w = {name, 0};
    struct mr_region r;
    char prefix[64];
    snprintf(prefix, sizeof prefix, "metrics/%s/%s", block, feeds[feed].product);
    for (uint32_t i = 0; mr_workspace_region(mr_plane_workspace(plane), i, &r) == MR_OK; i++)
        if (r.kind == MR_REGION_METRICS && strncmp(r.name, prefix, strlen(prefix)) == 0)
            mr_metrics_each(r.mem, r.bytes, add_up, &w);
    return w.sum;
}

static bool image(const char *name, void *out, uint32_t bytes)
{
    struct mr_region r;
    return mr_workspace_find(mr_plane_workspace(plane), name, &r) == MR_OK &&
           mr_image_read(r.mem, out, bytes, NULL) == MR_OK;
}

static bool book_of(uint32_t id, struct mr_plane_book *out)
{
    char name[32];
    snprintf(name, sizeof name, "book/%u", id);
    return image(name, out, sizeof *out);
}

static bool live_now(void)
{
    static struct mr_plane_connections c;
    if (!image("connections/0", &c, sizeof c) || c.count != CONNECTIONS)
        return false;
    for (uint32_t i = 0; i < c.count; i++)
        if (c.row[i].state != MR_SESSION_LIVE)
            return false;
    for (uint32_t id = 0; id < BOOKS; id++) {
        struct mr_plane_book b;
        if (!book_of(id, &b) || !b.live)
            return false;
    }
    return true;
}

/* Each feed's other book lives. Hyperliquid ends the whole connection at a coin that it does not know: there nobody can live until it does. */
static bool others_live(void)
{
    for (uint32_t i = 0, id = 0; i < FEEDS; id += feeds[i].symbols[1] ? 2 : 1, i++) {
        struct mr_plane_book b;
        if (strncmp(feeds[i].product, "hyperliquid:", 12) != 0 && feeds[i].symbols[1] &&
            (!book_of(id + 1, &b) || !b.live))
            return false;
    }
    return true;
}

static void tell_why_not_live(void)
{
    static struct mr_plane_connections c;
    image("connections/0", &c, sizeof c);
    for (uint32_t i = 0; i < c.count; i++)
        print_error("%s/%s: state %u, %u of %u streams, %s\n", c.row[i].product, c.row[i].route, c.row[i].state,
                    c.row[i].streams_live, c.row[i].streams, c.row[i].why);
    for (uint32_t id = 0; id < BOOKS; id++) {
        struct mr_plane_book b = {0};
        book_of(id, &b);
        print_error("book %u: live %u, seq %llu, gaps %llu\n", id, b.live, (unsigned long long)b.seq,
                    (unsigned long long)b.gaps);
    }
}

static bool becomes_live(void)
{
    for (int i = 0; i < 600; i++, rest(50))
        if (live_now())
            return true;
    tell_why_not_live();
    return false;
}

/* ---- books against the exchange's own ---- */

static mr_i128 at_scale(int64_t value, int scale)
{
    mr_i128 v = value;
    for (; scale < 18; scale++)
        v *= 10;
    return v;
}

static bool same_side(const struct mr_level *ours, uint32_t count, const struct mr_truth *truth, int side,
                      const struct mr_instrument *it)
{
    uint32_t most = truth->count[side] < MR_PLANE_BOOK_LEVELS ? truth->count[side] : MR_PLANE_BOOK_LEVELS;
    if (count != most)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_level *t = &truth->level[side][i];
        if (at_scale(ours[i].price, it->price_scale) != at_scale(t->price, truth->price_scale) ||
            at_scale(ours[i].size, it->size_scale) != at_scale(t->size, truth->size_scale))
            return false;
    }
    return true;
}

static bool same_book(uint32_t id)
{
    static struct mr_truth truth;
    struct mr_region r;
    struct mr_instrument it;
    struct mr_plane_book ours;
    struct mr_err err;
    char product[40];
    mr_workspace_find(mr_plane_workspace(plane), "instruments", &r);
    if (mr_instruments_read(r.mem, id, &it) != MR_OK || !book_of(id, &ours) || !ours.live)
        return false;
    const struct mr_venue *venue = mr_venue_by_id(it.venue);
    snprintf(product, sizeof product, "%s:%s", venue->name, venue->products[it.product].name);
    if (mr_exchange_book(exchange, product, it.symbol, MR_PLANE_BOOK_LEVELS, &truth, &err) != MR_OK)
        return false;
    return same_side(ours.bids, ours.bid_count, &truth, 0, &it) && same_side(ours.asks, ours.ask_count, &truth, 1, &it);
}

/* The market stands still, what is under way arrives, then all books are compared; a swapped message may still be held back: then it goes on a
 * little and stands still again. */
static bool books_equal(void)
{
    for (int round = 0; round < 20; round++) {
        bool same = false;
        mr_exchange_pause(exchange, true);
        for (int i = 0; i < 15 && !same; i++, rest(50)) {
            same = true;
            for (uint32_t id = 0; id < BOOKS; id++)
                same &= same_book(id);
        }
        mr_exchange_pause(exchange, false);
        if (same)
            return true;
        rest(300);
    }
    for (uint32_t id = 0; id < BOOKS; id++)
        print_error("book %u: %s\n", id, same_book(id) ? "equal" : "not equal");
    return false;
}

/* ---- the scene ---- */

static int open_scene(void **state)
{
    (void)state;
    struct mr_err err = {""};
    static struct mr_plane_config c;
    snprintf(folder, sizeof folder, "/tmp/millrace-faults-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    const struct mr_exchange_config exchange_config = {
        .certs = folder, .tape = {.pace = 1, .market = {.seed = 11, .warm_up_ns = 3000000000}}};
    if (mr_exchange_open(&exchange, &exchange_config, &err) != MR_OK || mr_exchange_start(exchange, &err) != MR_OK) {
        print_error("%s\n", err.text);
        return 1;
    }
    mr_plane_config_default(&c);
    c.merged = true;
    c.blocking = true;
    c.instruments_max = 64;
    c.books_max = 32;
    c.dials_per_minute = 600;
    snprintf(c.workspace, sizeof c.workspace, "%s/workspace", folder);
    snprintf(c.ca_file, sizeof c.ca_file, "%s", mr_exchange_ca(exchange));
    for (size_t i = 0; i < FEEDS; i++) {
        struct mr_plane_feed *f = &c.feeds[c.feed_count++];
        snprintf(f->product, sizeof f->product, "%s", feeds[i].product);
        for (size_t k = 0; k < 2 && feeds[i].symbols[k]; k++)
            snprintf(f->symbols[f->symbol_count++].name, sizeof f->symbols[0].name, "%s", feeds[i].symbols[k]);
        f->fixed = (struct mr_address){.ip = {127, 0, 0, 1}, .family = 4, .port = mr_exchange_port(exchange)};
    }
    if (mr_plane_open(&plane, &c, NULL, &err) != MR_OK || mr_plane_start(plane, &err) != MR_OK) {
        print_error("%s\n", err.text);
        return 1;
    }
    return becomes_live() ? 0 : 1;
}

static int close_scene(void **state)
{
    (void)state;
    char command[128];
    mr_plane_stop(plane);
    mr_plane_close(plane);
    mr_exchange_stop(exchange);
    mr_exchange_close(exchange);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
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

static struct counts look(size_t feed)
{
    return (struct counts){
        .gaps = count_of(feed, "feed", "gaps"),
        .malformed = count_of(feed, "feed", "malformed") + count_of(feed, "feed", "truncated"),
        .old = count_of(feed, "feed", "old"),
        .refetched = count_of(feed, "feed", "refetched"),
        .closes = count_of(feed, "session", "closes"),
        .too_big = count_of(feed, "session", "too_big"),
        .planned = count_of(feed, "session", "planned"),
        .tls_failed = count_of(feed, "session", "tls_failed"),
        .upgrade_failed = count_of(feed, "session", "upgrade_failed"),
        .token_failed = count_of(feed, "session", "token_failed"),
        .rejected = count_of(feed, "session", "rejected"),
    };
}

static uint8_t rule_of(size_t feed)
{
    const struct mr_venue *venue;
    uint8_t product;
    assert_int_equal(mr_venue_parse(feeds[feed].product, &venue, &product, NULL), MR_OK);
    return venue->products[product].sequencing;
}

static void begin(const struct row *row, enum mr_fault_kind kind, size_t feed)
{
    struct mr_err err;
    struct mr_exchange_fault fault = {
        .kind = (uint8_t)kind, .count = row->count, .seconds = row->seconds, .channel = row->channel};
    snprintf(fault.product, sizeof fault.product, "%s", feeds[feed].product);
    if (row->one_symbol && kind == row->fault)
        snprintf(fault.symbol, sizeof fault.symbol, "%s", feeds[feed].symbols[0]);
    if (mr_exchange_fault(exchange, &fault, &err) != MR_OK)
        fail_msg("%s on %s: %s", mr_fault_name(kind), feeds[feed].product, err.text);
}

/* One line of the matrix on one venue: what was counted. */
static bool counted(const struct row *row, size_t feed, const struct counts *was, bool tell)
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
    for (size_t i = 0; i < FEEDS; i++)
        good &= counted(row, i, &was[i], tell);
    return good;
}

/* Limits of dials and back-off may keep a session from dialling for some seconds: until it has felt the fault. */
static void last_longer(const struct row *row, const struct counts was[FEEDS])
{
    for (size_t i = 0; i < FEEDS; i++)
        if (!counted(row, i, &was[i], false))
            begin(row, row->fault, i);
}

/* The others live meanwhile; then the venue has it again. */
static void while_one_is_refused(const struct row *row)
{
    bool lives = false;
    for (int i = 0; i < 400 && !lives; i++, rest(50)) {
        lives = others_live();
        for (size_t k = 0; k < FEEDS && i % 20 == 0; k++)
            begin(row, row->fault, k);
    }
    if (!lives)
        tell_why_not_live();
    assert_true(lives);
    rest((int)(row->seconds * 1000) + 50);
    for (size_t i = 0; i < FEEDS; i++)
        begin(row, MR_FAULT_DISCONNECT, i);
}

static uint32_t failed;

/* On all venues at once, each with its own counters. */
static void try_row(const struct row *row)
{
    struct counts was[FEEDS];
    struct mr_exchange_stats before, after;
    mr_exchange_stats(exchange, &before);
    for (size_t i = 0; i < FEEDS; i++)
        was[i] = look(i);
    for (size_t i = 0; i < FEEDS; i++) {
        begin(row, row->fault, i);
        if (row->first != NONE)
            begin(row, row->first, i);
    }
    rest((int)(row->seconds * 1000) + 50);
    for (int i = 0; i < 240 && !all_counted(row, was, false); i++) {
        if (row->want & (UPGRADE | TLS) && i % 20 == 0)
            last_longer(row, was);
        rest(50);
    }
    if (row->fault == MR_FAULT_UNKNOWN)
        while_one_is_refused(row);
    bool live = becomes_live(), equal = live && books_equal(), good = all_counted(row, was, true);
    if (!equal)
        print_error("%s %s: %s\n", row->id, row->says, live ? "books differ" : "not live again");
    mr_exchange_stats(exchange, &after);
    if (row->want & BY_REST)
        assert_true(after.turned_away > before.turned_away);
    if (row->want & STALE)
        assert_true(after.aged > before.aged);
    if (!equal || !good)
        failed++;
    for (size_t i = 0; i < FEEDS; i++)
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
    struct mr_err err;
    struct mr_plane_book was[BOOKS], is;
    for (uint32_t id = 0; id < BOOKS; id++)
        assert_true(book_of(id, &was[id]));
    const struct mr_exchange_fault fault = {
        .kind = MR_FAULT_GAP, .product = "binance:usdm", .symbol = "BTCUSDT", .count = 2};
    assert_int_equal(mr_exchange_fault(exchange, &fault, &err), MR_OK);
    rest(1000);
    assert_true(becomes_live());
    assert_true(books_equal());
    for (uint32_t id = 0; id < BOOKS; id++) {
        assert_true(book_of(id, &is));
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
