/* The generator: one seed one stream of bytes, legal on every venue's wire, labelled truthfully. That its books are the ones a
 * receiver builds is tests/dataplane/player's. */
#include "codecs/event/digest.h"
#include "dataplane/player/player.h"
#include "tests/exchange/market/market_source.h"
#include "tests/support/support.h"

#define SEC 1000000000ll
#define MINUTE (60 * SEC)
#define START 1700000000000000000ll
#define LIQUIDATIONS_MAX 100000

static struct mr_market_config market_of(uint64_t seed, uint32_t venues, int64_t minutes)
{
    return (struct mr_market_config){
        .seed = seed, .start_ns = START, .duration_ns = minutes * MINUTE, .venues = venues, .warm_up_ns = MINUTE};
}

/* Every byte, its receive time and where it comes from. */
static uint64_t digest_of(const struct mr_market_config *config, char text[MR_DIGEST_TEXT])
{
    struct mr_market *m = mr_market_init(malloc(mr_market_bytes(config)), config);
    void *mem = aligned_alloc(64, (mr_digest_bytes() + 63) / 64 * 64);
    struct mr_digest *digest = mr_digest_init(mem);
    struct mr_piece piece;
    while (mr_market_next(m, &piece) == MR_OK) {
        const int64_t head[] = {piece.recv_ns, piece.venue, piece.product, piece.kind, piece.connection, piece.clock};
        mr_digest_update_bytes(digest, head, sizeof head);
        mr_digest_update_bytes(digest, piece.data, piece.len);
        mr_digest_update_bytes(digest, piece.name.data, piece.name.len);
    }
    assert_int_equal(mr_market_next(m, &piece), MR_E_END);
    uint64_t pieces = mr_digest_count(digest) / 3;
    mr_digest_text(digest, 0, text);
    free(mem);
    free(m);
    return pieces;
}

/* Golden: a change here changes what every labelled result was measured on. */
static void one_seed_is_one_stream_of_bytes_everywhere(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        uint32_t venues;
        uint64_t pieces;
        const char *digest;
    } golden[] = {
        {1, 0, 62845, "9d64ea340871a19d923bdbc158611227"},
        {2, 0, 62955, "b228da160428e0cc9b9168d1f7ca0519"},
        {1, MR_MARKET_BINANCE_USDM, 16854, "ac9656d3a882eb673b4a1ab5d77618db"},
        {1, MR_MARKET_OKX | MR_MARKET_BYBIT_LINEAR, 24365, "ef09d546f63d436ec76c920f082d7b9b"},
    };
    char text[MR_DIGEST_TEXT], again[MR_DIGEST_TEXT];
    for (size_t i = 0; i < MR_COUNT_OF(golden); i++) {
        const struct mr_market_config config = market_of(golden[i].seed, golden[i].venues, 4);
        uint64_t pieces = digest_of(&config, text);
        digest_of(&config, again);
        assert_string_equal(again, text);
        if (strcmp(text, golden[i].digest) || pieces != golden[i].pieces)
            fail_msg("seed %d, venues %u: %d pieces, %s", (int)golden[i].seed, golden[i].venues, (int)pieces, text);
    }
}

/* Venues beside the first draw from seeds of their own: whoever measured on the first has the same market, whatever is added. */
static void other_venues_change_no_byte_of_the_first(void **state)
{
    (void)state;
    const struct mr_market_config few = market_of(3, MR_MARKET_FIRST, 2), all = market_of(3, MR_MARKET_ALL, 2);
    struct mr_market *a = mr_market_init(malloc(mr_market_bytes(&few)), &few);
    struct mr_market *b = mr_market_init(malloc(mr_market_bytes(&all)), &all);
    uint16_t first = (uint16_t)mr_market_instruments(a);
    struct mr_piece one, other;
    uint64_t same = 0, added = 0;
    while (mr_market_next(a, &one) == MR_OK) {
        for (;;) {
            assert_int_equal(mr_market_next(b, &other), MR_OK);
            if (other.connection < first)
                break;
            added++;
        }
        assert_true(one.len == other.len && one.recv_ns == other.recv_ns && one.connection == other.connection);
        assert_memory_equal(one.data, other.data, one.len);
        same++;
    }
    assert_true(same > 1000 && added > 1000);
    free(a);
    free(b);
}

/* ---- what a receiver makes of it ---- */

struct seen {
    int64_t at, micro;
    uint16_t underlying;
};

struct watch {
    uint64_t seq[64], trade[64], books[64];
    struct seen liquidations[LIQUIDATIONS_MAX];
    uint32_t liquidation_count;
    int64_t last_recv_ns;
};

/* Each venue's own rule of succession, on the numbers as they were sent. */
static void check_sequence(struct watch *w, const struct mr_book_head *head, const struct mr_instrument *in)
{
    uint64_t *last = &w->seq[in->id];
    bool image = head->flags & MR_FLAG_SNAPSHOT;
    w->books[in->id]++;
    if (!image && *last && in->venue == MR_VENUE_binance)
        assert_true(head->first_seq <= *last + 1 && head->seq >= *last); /* the first after a snapshot may overlap it */
    if (!image && *last && in->venue == MR_VENUE_binance && in->product == 1 && w->books[in->id] > 2)
        assert_true(head->prev_seq == *last);
    if (!image && in->venue == MR_VENUE_bybit)
        assert_int_equal(head->seq, *last + 1);
    if (!image && *last && in->venue == MR_VENUE_kucoin)
        assert_true(head->first_seq == *last + 1 || w->books[in->id] <= 2);
    if (!image && *last && in->venue == MR_VENUE_mexc && w->books[in->id] > 2)
        assert_int_equal(head->first_seq, *last + 1);
    if (!image && in->venue == MR_VENUE_okx)
        assert_true(head->prev_seq == *last && head->seq > *last);
    if (image && in->venue != MR_VENUE_hyperliquid)
        assert_int_equal(w->books[in->id], 1); /* one image, then updates: nothing is lost */
    *last = head->seq;
}

static void on_event(void *arg, const union mr_slot *group, const struct mr_instrument *in)
{
    struct watch *w = arg;
    const struct mr_event *ev = &group->event;
    assert_non_null(in);
    assert_true(ev->recv_ns >= START);
    if (ev->kind == MR_EVENT_BOOK) { /* those held for a snapshot come late, with the time they had */
        check_sequence(w, &group->book, in);
        return;
    }
    assert_true(ev->recv_ns >= w->last_recv_ns);
    w->last_recv_ns = ev->recv_ns;
    if (ev->kind == MR_EVENT_TRADE) {
        assert_true(ev->price > 0 && ev->size > 0 && ev->aux > 0);
        assert_true(ev->seq >= w->trade[in->id]); /* Bybit numbers by its own counter, which may stand still */
        w->trade[in->id] = ev->seq;
    }
    if (ev->kind == MR_EVENT_LIQUIDATION) {
        assert_true(w->liquidation_count < LIQUIDATIONS_MAX && ev->aux > 0);
        w->liquidations[w->liquidation_count++] = (struct seen){ev->recv_ns, ev->aux, in->underlying};
    }
}

static struct watch watch;

/* Plays a market into a player; labels are copied out. */
static uint32_t play(const struct mr_market_config *market, struct mr_player_totals *totals,
                     struct mr_market_label *labels, uint16_t underlying[MR_MARKET_UNDERLYINGS])
{
    const struct mr_market_source_config config = {.market = *market};
    const struct mr_player_config player_config = {.on_event = on_event, .arg = &watch};
    struct mr_source source = {0};
    struct mr_player *player;
    struct mr_err err;
    memset(&watch, 0, sizeof watch);
    void *mem = malloc(mr_source_market.bytes(&config));
    assert_int_equal(mr_source_market.open(&source, mem, &config, &err), MR_OK);
    assert_int_equal(mr_player_open(&player, &player_config, &err), MR_OK);
    while (mr_player_step(player, &source, 0, 4096) > 0)
        ;
    mr_player_totals(player, totals);
    uint32_t count;
    const struct mr_market_label *all = mr_market_labels(mr_market_of(&source), &count);
    memcpy(labels, all, count * sizeof *labels);
    const struct mr_instruments *table = mr_player_instruments(player);
    for (uint16_t u = 0; u < mr_instruments_underlyings(table); u++)
        for (uint32_t k = 0; k < MR_MARKET_UNDERLYINGS; k++)
            if (strcmp(mr_instruments_underlying_name(table, u), mr_market_underlying(k)) == 0)
                underlying[k] = u;
    mr_player_close(player);
    source.ops->close(&source);
    free(mem);
    return count;
}

static struct mr_market_label labels[MR_MARKET_LABELS_MAX];

static void every_venues_wire_is_understood_whole_and_follows_its_rules(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t venue, books;
        bool best, liquidations, marks, funding, interest, checksums;
    } venues[] = {
        {"binance usdm", MR_MARKET_BINANCE_USDM, 2, true, true, true, true, true, false},
        {"binance spot", MR_MARKET_BINANCE_SPOT, 1, true, false, false, false, false, false},
        {"bybit linear", MR_MARKET_BYBIT_LINEAR, 2, false, true, true, true, true, false},
        {"okx", MR_MARKET_OKX, 2, true, true, true, false, true, true},
        {"hyperliquid", MR_MARKET_HYPERLIQUID, 2, true, false, true, true, true, false},
        {"kucoin futures", MR_MARKET_KUCOIN_FUTURES, 2, true, false, true, false, true, false},
        {"kucoin spot", MR_MARKET_KUCOIN_SPOT, 1, true, false, false, false, false, false},
        {"polymarket", MR_MARKET_POLYMARKET, 4, false, false, false, false, false, false},
        {"mexc", MR_MARKET_MEXC, 2, false, false, true, true, true, false},
        {"all", MR_MARKET_ALL, 18, true, true, true, true, true, true},
    };
    uint16_t underlying[MR_MARKET_UNDERLYINGS];
    for (size_t i = 0; i < MR_COUNT_OF(venues); i++) {
        struct mr_player_totals t;
        const struct mr_market_config config = market_of(11 + i, venues[i].venue, 6);
        print_message("%s\n", venues[i].name);
        play(&config, &t, labels, underlying);
        assert_int_equal(t.refused + t.unknown + t.gaps + t.dropped + t.crossed + t.locked + t.mismatches, 0);
        assert_true(t.books == venues[i].books && t.books_live == venues[i].books);
        assert_true(t.events[MR_EVENT_TRADE] >
                        (venues[i].venue == MR_MARKET_POLYMARKET ? 100u : 1000u) * venues[i].books &&
                    t.events[MR_EVENT_BOOK] > 500u * venues[i].books);
        assert_int_equal(t.events[MR_EVENT_BBO] > 1000u * venues[i].books, venues[i].best);
        assert_int_equal(t.events[MR_EVENT_LIQUIDATION] > 0, venues[i].liquidations);
        assert_int_equal(t.events[MR_EVENT_MARK] > 50, venues[i].marks);
        assert_int_equal(t.events[MR_EVENT_FUNDING] > 50, venues[i].funding);
        assert_int_equal(t.events[MR_EVENT_OPEN_INTEREST] > 20, venues[i].interest);
        assert_int_equal(t.checksums > 1000, venues[i].checksums);
    }
}

/* There is no channel for it: liquidations are the public trades of an account that the configuration names. */
static void a_configured_liquidators_trades_are_liquidations(void **state)
{
    (void)state;
    static const struct mr_liquidator house = {MR_MARKET_HOUSE},
                                      nobody = {"0x0000000000000000000000000000000000000000"};
    uint64_t count[3];
    for (int known = 0; known < 3; known++) {
        struct mr_market_config market = market_of(9, MR_MARKET_HYPERLIQUID | MR_MARKET_BYBIT_LINEAR, 3);
        market.full = true;
        const struct mr_market_source_config config = {.market = market};
        const struct mr_player_config player_config = {.liquidators = known == 2 ? &house : &nobody,
                                                       .liquidator_count = known ? 1 : 0};
        struct mr_source source = {0};
        struct mr_player *player;
        struct mr_player_totals t;
        struct mr_err err;
        void *mem = malloc(mr_source_market.bytes(&config));
        assert_int_equal(mr_source_market.open(&source, mem, &config, &err), MR_OK);
        assert_int_equal(mr_player_open(&player, &player_config, &err), MR_OK);
        while (mr_player_step(player, &source, 0, 4096) > 0)
            ;
        mr_player_totals(player, &t);
        count[known] = t.events[MR_EVENT_LIQUIDATION];
        mr_player_close(player);
        source.ops->close(&source);
        free(mem);
    }
    assert_true(count[1] == count[0]);
    assert_true(count[2] > count[0] + 10);
}

/* ---- labels ---- */

static void recount(const struct mr_market_label *l, int64_t end_ns, const uint16_t *underlying)
{
    uint32_t count = 0;
    int64_t micro = 0;
    for (uint32_t i = 0; i < watch.liquidation_count; i++) {
        const struct seen *s = &watch.liquidations[i];
        if (s->at < l->start_ns || s->at >= end_ns ||
            (l->stretch != MR_MARKET_QUIET && s->underlying != underlying[l->underlying]))
            continue;
        count++;
        micro += s->micro;
    }
    assert_int_equal(l->liquidations, count);
    assert_int_equal(l->micro_usd, micro);
}

static void labels_say_what_a_receiver_sees(void **state)
{
    (void)state;
    uint32_t of[3] = {0};
    for (uint64_t seed = 1; seed <= (getenv("MILLRACE_QUICK") ? 1 : 3); seed++) {
        struct mr_player_totals t;
        uint16_t underlying[MR_MARKET_UNDERLYINGS] = {0};
        struct mr_market_config config = market_of(seed, 0, 60);
        config.books_per_s = config.trades_per_s = 1;
        uint32_t n = play(&config, &t, labels, underlying);
        assert_true(n >= 9);
        assert_true(labels[0].stretch == MR_MARKET_QUIET && labels[0].start_ns == START &&
                    labels[0].end_ns >= START + MINUTE);
        for (uint32_t i = 0; i < n; i++) {
            const struct mr_market_label *l = &labels[i];
            int64_t end_ns = i + 1 < n ? labels[i + 1].start_ns : START + config.duration_ns;
            of[l->stretch]++;
            assert_true(end_ns >= l->end_ns || i + 1 == n);
            assert_true(end_ns - l->end_ns <= SEC / 20); /* the next begins with the next step of the price */
            assert_int_equal(l->stretch == MR_MARKET_QUIET, i % 2 == 0); /* quiet between all others */
            recount(l, end_ns, underlying);
            if (i + 1 == n)
                continue; /* may have been cut off */
            double seconds = (double)(end_ns - l->start_ns) / 1e9;
            if (l->stretch == MR_MARKET_QUIET)
                assert_true(l->liquidations < 10 + seconds / 10);
            if (l->stretch == MR_MARKET_BURST)
                assert_true(l->liquidations < 60 && seconds < 16);
            if (l->stretch == MR_MARKET_CASCADE)
                assert_true(l->liquidations > 100 && abs(l->move_ppm) > 5000 && seconds >= 25);
        }
    }
    print_message("%u quiet stretches, %u bursts, %u cascades\n", of[MR_MARKET_QUIET], of[MR_MARKET_BURST],
                  of[MR_MARKET_CASCADE]);
    assert_true(of[MR_MARKET_QUIET] >= 5 && of[MR_MARKET_CASCADE] >= 3 && of[MR_MARKET_BURST] >= 1);
}

static void a_quiet_market_has_nothing_but_quiet(void **state)
{
    (void)state;
    struct mr_player_totals t;
    uint16_t underlying[MR_MARKET_UNDERLYINGS] = {0};
    struct mr_market_config config = market_of(5, 0, 40);
    config.quiet = true;
    config.books_per_s = config.trades_per_s = 1;
    uint32_t n = play(&config, &t, labels, underlying);
    assert_true(n >= 4);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(labels[i].stretch, MR_MARKET_QUIET);
    assert_true(watch.liquidation_count > 10 && watch.liquidation_count < 200);
    assert_int_equal(t.signals[MR_LEVEL_ALERT] + t.signals[MR_LEVEL_CRITICAL] + t.signals[MR_LEVEL_EXTREME], 0);
}

/* ---- as a source ---- */

static void a_paced_source_gives_the_skipped_part_at_once_and_the_rest_in_its_time(void **state)
{
    (void)state;
    const struct mr_market_source_config config = {.market = market_of(1, 0, 1), .pace = 2, .skip_ns = 20 * SEC};
    struct mr_source source = {0};
    struct mr_err err;
    struct mr_piece piece;
    void *mem = malloc(mr_source_market.bytes(&config));
    assert_int_equal(mr_source_market.open(&source, mem, &config, &err), MR_OK);
    int64_t now = 5000 * SEC, last = START;
    for (int64_t second = 0; second <= 20; second++) { /* twice as fast: 40 s in 20 */
        int got;
        while ((got = source.ops->poll(&source, now + second * SEC, &piece, 1)) == 1)
            last = piece.recv_ns;
        assert_int_equal(got, second < 20 ? 0 : MR_E_END);
        assert_true(last <= START + 20 * SEC + 2 * second * SEC && last > START + 19 * SEC + 2 * second * SEC);
    }
    struct mr_market_source_config none = config;
    none.market.duration_ns = 0;
    assert_int_equal(mr_source_market.open(&source, mem, &none, &err), MR_E_INVALID);
    free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_is_one_stream_of_bytes_everywhere),
        cmocka_unit_test(other_venues_change_no_byte_of_the_first),
        cmocka_unit_test(every_venues_wire_is_understood_whole_and_follows_its_rules),
        cmocka_unit_test(a_configured_liquidators_trades_are_liquidations),
        cmocka_unit_test(labels_say_what_a_receiver_sees),
        cmocka_unit_test(a_quiet_market_has_nothing_but_quiet),
        cmocka_unit_test(a_paced_source_gives_the_skipped_part_at_once_and_the_rest_in_its_time),
    };
    return MR_TEST_MAIN(tests);
}
