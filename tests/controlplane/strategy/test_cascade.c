/* Follower and fader: what they ask for, and when they keep still. */
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/strategy/strategy.h"
#include "tests/support/support.h"

#define S 1000000000ll

static struct mr_instruments *table;
static uint32_t btc, eth;
static struct mr_market_view view[2];
static mr_size held[2];
static bool busy;
static struct mr_intent asked[16];
static uint32_t asked_count;
static int64_t now;
static void *memory;
static const struct mr_strategy *strategy;

static int submit(void *self, const struct mr_intent *intent)
{
    (void)self;
    asked[asked_count++ % 16] = *intent;
    return MR_OK;
}
static const struct mr_market_view *view_of(void *self, uint32_t id)
{
    (void)self;
    return id < 2 ? &view[id] : NULL;
}
static mr_size position(void *self, uint32_t id)
{
    (void)self;
    return held[id];
}
static bool is_busy(void *self, uint32_t id)
{
    (void)self;
    (void)id;
    return busy;
}
static const struct mr_strategy_host host = {NULL, submit, view_of, position, is_busy};

static uint32_t add(const char *symbol, const char *base)
{
    struct mr_instrument it = {
        .venue = 1, .type = MR_TYPE_PERPETUAL, .price_scale = 2, .size_scale = 3, .multiplier = 1};
    it.symbol_len = (uint8_t)strlen(symbol);
    memcpy(it.symbol, symbol, it.symbol_len);
    strcpy(it.base, base);
    strcpy(it.quote, "USDT");
    return (uint32_t)mr_instruments_add(table, &it);
}

static void begin(const char *name)
{
    struct mr_strategy_config config = {.instruments = {0, 1}, .instrument_count = 2};
    table = mr_instruments_init(aligned_alloc(64, (mr_instruments_bytes(4) + 63) / 64 * 64), 4);
    btc = add("BTCUSDT", "BTC");
    eth = add("ETHUSDT", "ETH");
    config.table = table;
    strategy = mr_strategy_by_name(name);
    assert_non_null(strategy);
    assert_int_equal(mr_strategy_defaults(strategy, &config), MR_OK);
    memory = calloc(1, strategy->bytes);
    strategy->init(memory, &config);
    memset(held, 0, sizeof held);
    memset(view, 0, sizeof view);
    asked_count = 0;
    busy = false;
    now = 1000 * S;
}

static void end(void)
{
    free(memory);
    free(table);
}

static void price(uint32_t id, mr_price mid)
{
    view[id] = (struct mr_market_view){.instrument = id, .flags = MR_MARKET_LIVE, .bid_count = 1, .ask_count = 1};
    view[id].bids[0] = (struct mr_level){mid - 1, 10};
    view[id].asks[0] = (struct mr_level){mid + 1, 10};
}

/* `seconds` at these mids. */
static void pass(int seconds, mr_price a, mr_price b)
{
    for (int i = 0; i < seconds; i++) {
        now += S;
        price(btc, a);
        price(eth, b);
        strategy->on_timer(memory, &host, now);
    }
}

static void level(const char *underlying, unsigned to, uint32_t flags)
{
    struct mr_signal s = {
        .kind = MR_SIGNAL_LEVEL, .level = (uint8_t)to, .flags = flags, .confidence = 0.8, .probability = 0.6};
    snprintf(s.underlying_name, sizeof s.underlying_name, "%s", underlying);
    strategy->on_signal(memory, &host, &s, now);
}

static void the_follower_sells_with_a_fall_and_leaves_when_the_level_falls(void **state)
{
    (void)state;
    begin("follower");
    pass(20, 6000000, 300000);
    pass(3, 5990000, 300000); /* 16.7 bp down */
    level("BTC", MR_LEVEL_CRITICAL, 0);
    assert_int_equal(asked_count, 1);
    assert_int_equal(asked[0].instrument, btc);
    assert_int_equal(asked[0].kind, MR_INTENT_OPEN);
    assert_int_equal(asked[0].side, MR_SIDE_SELL);
    assert_int_equal(asked[0].confidence_ppm, 800000);
    assert_int_equal(asked[0].stop_roi_ppm, 20000);
    assert_int_equal(asked[0].target_roi_ppm, 40000);
    assert_int_equal(asked[0].hold_ns, 60 * S);
    assert_string_equal(asked[0].reason, "follower: BTC at -16.7 bp, level CRITICAL, p 0.6");
    held[btc] = -5;
    level("BTC", MR_LEVEL_EXTREME, 0); /* it holds: nothing more */
    assert_int_equal(asked_count, 1);
    level("BTC", MR_LEVEL_NONE, 0);
    assert_int_equal(asked_count, 2);
    assert_int_equal(asked[1].kind, MR_INTENT_CLOSE);
    assert_int_equal(asked[1].side, MR_SIDE_BUY);
    held[btc] = 0;
    level("BTC", MR_LEVEL_NONE, 0);
    assert_int_equal(asked_count, 2);
    end();
}

static void the_follower_buys_with_a_rise(void **state)
{
    (void)state;
    begin("follower");
    pass(20, 6000000, 300000);
    pass(3, 6000000, 301000);
    level("ETH", MR_LEVEL_ALERT, 0);
    assert_int_equal(asked_count, 1);
    assert_int_equal(asked[0].instrument, eth);
    assert_int_equal(asked[0].side, MR_SIDE_BUY);
    end();
}

static void it_keeps_still(void **state)
{
    (void)state;
    static const struct {
        const char *says, *underlying;
        unsigned level;
        uint32_t flags;
        mr_price mid; /* BTC's, from 6000000 */
        uint32_t view_flags;
        bool busy;
        mr_size held;
    } cases[] = {
        {"below its level", "BTC", MR_LEVEL_WATCH, 0, 5990000, MR_MARKET_LIVE, false, 0},
        {"while inputs are warming", "BTC", MR_LEVEL_EXTREME, MR_SIGNAL_WARMING, 5990000, MR_MARKET_LIVE, false, 0},
        {"at another underlying's cascade", "SOL", MR_LEVEL_EXTREME, 0, 5990000, MR_MARKET_LIVE, false, 0},
        {"when the price has not moved", "BTC", MR_LEVEL_EXTREME, 0, 6000000, MR_MARKET_LIVE, false, 0},
        {"when it has moved too little", "BTC", MR_LEVEL_EXTREME, 0, 5999000, MR_MARKET_LIVE, false, 0},
        {"on a book that is not live", "BTC", MR_LEVEL_EXTREME, 0, 5990000, 0, false, 0},
        {"on a crossed book", "BTC", MR_LEVEL_EXTREME, 0, 5990000, MR_MARKET_LIVE | MR_MARKET_CROSSED, false, 0},
        {"while an order is open", "BTC", MR_LEVEL_EXTREME, 0, 5990000, MR_MARKET_LIVE, true, 0},
        {"while it holds a position", "BTC", MR_LEVEL_EXTREME, 0, 5990000, MR_MARKET_LIVE, false, 1},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        begin("follower");
        pass(20, 6000000, 300000);
        pass(1, cases[i].mid, 300000);
        view[btc].flags = cases[i].view_flags;
        busy = cases[i].busy;
        held[btc] = cases[i].held;
        level(cases[i].underlying, cases[i].level, cases[i].flags);
        if (asked_count)
            print_error("%s: it asked\n", cases[i].says);
        assert_int_equal(asked_count, 0);
        end();
    }
}

static void entries_in_one_instrument_keep_their_distance(void **state)
{
    (void)state;
    begin("follower");
    pass(20, 6000000, 300000);
    pass(1, 5990000, 300000);
    level("BTC", MR_LEVEL_CRITICAL, 0);
    level("BTC", MR_LEVEL_EXTREME, 0);
    assert_int_equal(asked_count, 1); /* flat still, but it asked a moment ago */
    pass(30, 5980000, 300000);
    pass(1, 5970000, 300000);
    level("BTC", MR_LEVEL_CRITICAL, 0);
    assert_int_equal(asked_count, 2);
    end();
}

static void the_fader_waits_until_it_is_over_and_trades_against_the_move(void **state)
{
    (void)state;
    begin("fader");
    pass(20, 6000000, 300000);
    pass(2, 5990000, 300000);
    level("BTC", MR_LEVEL_CRITICAL, 0);
    assert_int_equal(asked_count, 0);
    pass(20, 5950000, 300000);
    level("BTC", MR_LEVEL_NONE, 0);
    assert_int_equal(asked_count, 1);
    assert_int_equal(asked[0].kind, MR_INTENT_OPEN);
    assert_int_equal(asked[0].side, MR_SIDE_BUY);
    held[btc] = 7;
    pass(5, 5950000, 300000);
    level("BTC", MR_LEVEL_ALERT, 0); /* it begins again: out */
    assert_int_equal(asked_count, 2);
    assert_int_equal(asked[1].kind, MR_INTENT_CLOSE);
    assert_int_equal(asked[1].side, MR_SIDE_SELL);
    end();
}

static void parameters_have_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        int want;
    } cases[] = {
        {"move_bp", "12.5", MR_OK},       {"level", "4", MR_OK},           {"stop_roi", "0", MR_OK},
        {"move_bp", "-1", MR_E_INVALID},  {"level", "5", MR_E_INVALID},    {"level", "0", MR_E_INVALID},
        {"move_bp", "nan", MR_E_INVALID}, {"move_bp", "", MR_E_INVALID},   {"move_bp", "5 ", MR_E_INVALID},
        {"hold_s", "1e9", MR_E_INVALID},  {"hold_s", "inf", MR_E_INVALID}, {"nothing", "1", MR_E_INVALID},
        {"pause_s", "10s", MR_E_INVALID},
    };
    const struct mr_strategy *s = mr_strategy_by_name("follower");
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_strategy_config config = {0};
        struct mr_err err = {""};
        assert_int_equal(mr_strategy_set(s, &config, cases[i].name, cases[i].value, &err), cases[i].want);
        assert_true((cases[i].want == MR_OK) == !err.text[0]);
    }
    assert_null(mr_strategy_by_name("leader"));
    for (unsigned i = 0; mr_strategy_row(i); i++)
        assert_ptr_equal(mr_strategy_by_name(mr_strategy_row(i)->name), mr_strategy_row(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_follower_sells_with_a_fall_and_leaves_when_the_level_falls),
        cmocka_unit_test(the_follower_buys_with_a_rise),
        cmocka_unit_test(it_keeps_still),
        cmocka_unit_test(entries_in_one_instrument_keep_their_distance),
        cmocka_unit_test(the_fader_waits_until_it_is_over_and_trades_against_the_move),
        cmocka_unit_test(parameters_have_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
