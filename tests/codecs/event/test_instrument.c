#include "codecs/event/instrument.h"
#include "tests/support/support.h"

#include <stdio.h>

struct fixture {
    void *mem;
    struct mr_instruments *table;
};

static struct mr_instruments *make(struct fixture *f, uint32_t capacity)
{
    size_t bytes = (mr_instruments_bytes(capacity) + 63) / 64 * 64;
    f->mem = aligned_alloc(64, bytes);
    memset(f->mem, 0xee, bytes);
    f->table = mr_instruments_init(f->mem, capacity);
    return f->table;
}

static const struct mr_instrument *bare(struct mr_instruments *t, const char *symbol)
{
    int64_t id = mr_instruments_add_bare(t, 1, 0, mr_span_of(symbol));
    assert_true(id >= 0);
    return mr_instruments_get(t, (uint32_t)id);
}

static void ids_count_up_and_are_found_by_venue_product_symbol(void **state)
{
    (void)state;
    struct fixture f;
    struct mr_instruments *t = make(&f, 300);
    char name[32];
    for (uint32_t i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "%uUSDT", i / 3);
        assert_int_equal(mr_instruments_add_bare(t, (uint8_t)(i % 3), 7, mr_span_of(name)), i);
    }
    assert_int_equal(mr_instruments_count(t), 300);
    for (uint32_t i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "%uUSDT", i / 3);
        const struct mr_instrument *it = mr_instruments_find(t, (uint8_t)(i % 3), 7, mr_span_of(name));
        assert_non_null(it);
        assert_int_equal(it->id, i);
        assert_null(mr_instruments_find(t, (uint8_t)(i % 3), 6, mr_span_of(name)));
        assert_int_equal(mr_instruments_add_bare(t, (uint8_t)(i % 3), 7, mr_span_of(name)), i);
    }
    assert_int_equal(mr_instruments_add_bare(t, 0, 7, mr_span_of("ONEMORE")), MR_E_FULL);
    assert_null(mr_instruments_find(t, 0, 7, mr_span_of("ONEMORE")));
    assert_null(mr_instruments_get(t, 300));
    free(f.mem);
}

static void symbols_of_every_length_are_told_apart(void **state)
{
    (void)state;
    struct fixture f;
    struct mr_instruments *t = make(&f, 200);
    struct mr_guard g = mr_guard_open(MR_SYMBOL_BYTES); /* a read past the symbol's end would fault */
    for (uint32_t len = 1; len <= MR_SYMBOL_BYTES; len++)
        for (int last = 'a'; last <= 'b'; last++) {
            uint8_t *s = g.data + MR_SYMBOL_BYTES - len;
            memset(s, 'x', len);
            s[len - 1] = (uint8_t)last;
            int64_t id = mr_instruments_add_bare(t, 1, 1, (struct mr_span){s, len});
            assert_int_equal(id, (len - 1) * 2 + (uint32_t)(last - 'a'));
            assert_ptr_equal(mr_instruments_find(t, 1, 1, (struct mr_span){s, len}),
                             mr_instruments_get(t, (uint32_t)id));
        }
    mr_guard_close(&g);
    free(f.mem);
}

static void spelling_gives_base_quote_and_type(void **state)
{
    (void)state;
    static const struct {
        const char *symbol, *base, *quote, *underlying;
        int type;
        int flags;
        int64_t multiplier;
    } cases[] = {
        {"BTCUSDT", "BTC", "USDT", "BTC", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"ETHBTC", "ETH", "BTC", "ETH", MR_TYPE_UNKNOWN, 0, 1},
        {"TUSDT", "T", "USDT", "T", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"BTCFDUSD", "BTC", "FDUSD", "BTC", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"BTCBUSD", "BTC", "BUSD", "BTC", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"BNBUSD", "BNB", "USD", "BNB", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"DOTUSD", "DOT", "USD", "DOT", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"XBTUSDTM", "BTC", "USDT", "BTC", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD, 1},
        {"ETHPERP", "ETH", "USDC", "ETH", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD, 1},
        {"1000PEPEUSDT", "1000PEPE", "USDT", "PEPE", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"10000LADYSUSDT", "10000LADYS", "USDT", "LADYS", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"1000000MOGUSDT", "1000000MOG", "USDT", "MOG", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"1MBABYDOGEUSDT", "1000000BABYDOGE", "USDT", "BABYDOGE", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"SHIB1000USDT", "1000SHIB", "USDT", "SHIB", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"1INCHUSDT", "1INCH", "USDT", "1INCH", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"BTCUSDT_240927", "BTC", "USDT", "BTC", MR_TYPE_FUTURE, MR_INSTRUMENT_QUOTE_USD, 1},
        {"BTCUSD_PERP", "BTC", "USD", "BTC", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_INVERSE, 100},
        {"DOTUSD_220325", "DOT", "USD", "DOT", MR_TYPE_FUTURE, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_INVERSE, 10},
        {"BTC_USDT", "BTC", "USDT", "BTC", MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
        {"BTC-USDT", "BTC", "USDT", "BTC", MR_TYPE_SPOT, MR_INSTRUMENT_QUOTE_USD, 1},
        {"BTC-USDT-SWAP", "BTC", "USDT", "BTC", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD, 1},
        {"BTC-USD-SWAP", "BTC", "USD", "BTC", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_INVERSE, 1},
        {"BTC-USD-220527", "BTC", "USD", "BTC", MR_TYPE_FUTURE, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_INVERSE, 1},
        {"BTC-USD-220527-30000-C", "BTC", "USD", "BTC", MR_TYPE_OPTION, MR_INSTRUMENT_QUOTE_USD, 1},
        {"BTC-27DEC24", "BTC", "USDC", "BTC", MR_TYPE_FUTURE, MR_INSTRUMENT_QUOTE_USD, 1},
        {"PURR/USDC", "PURR", "USDC", "PURR", MR_TYPE_SPOT, MR_INSTRUMENT_QUOTE_USD, 1},
        {"BTC", "BTC", "USD", "BTC", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD, 1},
        {"kPEPE", "1000PEPE", "USD", "PEPE", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD, 1},
        {"@107", "", "", "", MR_TYPE_UNKNOWN, 0, 1},
        {"71321045679252212594626385532706912750332728571942532289631379312455583992563", "", "USDC", "",
         MR_TYPE_OUTCOME, MR_INSTRUMENT_QUOTE_USD, 1},
        {"\xe5\xb8\x81\xe5\xae\x89USDT", "\xe5\xb8\x81\xe5\xae\x89", "USDT", "\xe5\xb8\x81\xe5\xae\x89",
         MR_TYPE_UNKNOWN, MR_INSTRUMENT_QUOTE_USD, 1},
    };
    struct fixture f;
    struct mr_instruments *t = make(&f, 64);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        const struct mr_instrument *it = bare(t, cases[i].symbol);
        assert_string_equal(it->base, cases[i].base);
        assert_string_equal(it->quote, cases[i].quote);
        assert_string_equal(mr_instruments_underlying_name(t, it->underlying), cases[i].underlying);
        assert_int_equal(it->type, cases[i].type);
        assert_int_equal(it->flags, cases[i].flags | MR_INSTRUMENT_NO_METADATA);
        assert_int_equal(it->multiplier, cases[i].multiplier);
        assert_int_equal(it->price_scale, 8);
        assert_int_equal(it->size_scale, 8);
    }
    assert_int_equal(bare(t, "BTCUSDT")->underlying, bare(t, "XBTUSDTM")->underlying);
    assert_int_equal(bare(t, "1000PEPEUSDT")->underlying, bare(t, "kPEPE")->underlying);
    assert_null(mr_instruments_underlying_name(t, (uint16_t)mr_instruments_underlyings(t)));
    free(f.mem);
}

static void scales_follow_the_rule(void **state)
{
    (void)state;
    static const struct {
        const char *says, *tick, *lot;
        int status, price_scale, size_scale, tick_decimals, lot_decimals;
        int64_t tick_value, lot_value;
        bool known;
    } cases[] = {
        {"eight digits at least", "0.10", "0.001", MR_OK, 8, 8, 2, 3, 10000000, 100000, true},
        {"more where the tick has more", "0.0000000001", "1", MR_OK, 10, 4, 10, 0, 1, 10000, true},
        {"printed zeros are no decimals", "0.01000000", "0.00001000", MR_OK, 8, 8, 8, 8, 1000000, 1000, true},
        {"whole units have room for four", "0.00000001", "1.00000000", MR_OK, 8, 4, 8, 8, 1, 10000, true},
        {"large ticks too", "1000", "0.1", MR_OK, 4, 8, 0, 1, 10000000, 10000000, true},
        {"an exponent is a decimal too", "1e-9", "0.5", MR_OK, 9, 8, 9, 1, 1, 50000000, true},
        {"no texts, no metadata", "", "", MR_OK, 8, 8, -1, -1, 0, 0, false},
        {"a lot alone is not all", "", "0.01", MR_OK, 8, 8, -1, 2, 0, 1000000, false},
        {"a zero tick says nothing", "0.00", "0.01", MR_OK, 8, 8, 2, 2, 0, 1000000, false},
        {"eighteen is the most", "0.000000000000000001", "1e-18", MR_OK, 18, 18, 18, 18, 1, 1, true},
        {"nineteen is refused", "1e-19", "1", MR_E_RANGE, 8, 8, -1, -1, 0, 0, false},
        {"negative is refused", "-0.1", "1", MR_E_RANGE, 8, 8, -1, -1, 0, 0, false},
        {"words are refused", "0.1", "one", MR_E_MALFORMED, 8, 8, -1, -1, 0, 0, false},
        {"two points are refused", "0.1.0", "1", MR_E_MALFORMED, 8, 8, -1, -1, 0, 0, false},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_instrument it = {.flags = MR_INSTRUMENT_NO_METADATA,
                                   .price_scale = 8,
                                   .size_scale = 8,
                                   .tick_decimals = -1,
                                   .lot_decimals = -1};
        if (mr_instrument_scales(&it, mr_span_of(cases[i].tick), mr_span_of(cases[i].lot)) != cases[i].status)
            fail_msg("%s", cases[i].says);
        assert_int_equal(it.price_scale, cases[i].price_scale);
        assert_int_equal(it.size_scale, cases[i].size_scale);
        assert_int_equal(it.tick_decimals, cases[i].tick_decimals);
        assert_int_equal(it.lot_decimals, cases[i].lot_decimals);
        assert_int_equal(it.tick, cases[i].tick_value);
        assert_int_equal(it.lot, cases[i].lot_value);
        assert_int_equal(!(it.flags & MR_INSTRUMENT_NO_METADATA), cases[i].known);
    }
}

static struct mr_instrument listed(const char *tick)
{
    struct mr_instrument it = {.venue = 1, .symbol_len = 7, .symbol = "BTCUSDT", .base = "BTC", .quote = "USDT"};
    it.flags = MR_INSTRUMENT_NO_METADATA;
    assert_int_equal(mr_instrument_scales(&it, mr_span_of(tick), mr_span_of("0.001")), MR_OK);
    return it;
}

static void metadata_replaces_and_raises_the_generation_when_measures_change(void **state)
{
    (void)state;
    struct fixture f;
    struct mr_instruments *t = make(&f, 4);
    const struct mr_instrument *it = bare(t, "BTCUSDT");
    assert_int_equal(mr_instruments_changes(t), 0);

    struct mr_instrument meta = listed("0.10");
    assert_int_equal(mr_instruments_add(t, &meta), it->id);
    assert_int_equal(it->generation, 1);
    assert_int_equal(it->tick, 10000000);
    assert_int_equal(mr_instruments_changes(t), 1);

    assert_int_equal(mr_instruments_add(t, &meta), it->id); /* the same again */
    assert_int_equal(it->generation, 1);
    assert_int_equal(mr_instruments_changes(t), 1);

    meta.flags |= MR_INSTRUMENT_HALTED; /* a state, not a measure */
    mr_instruments_add(t, &meta);
    assert_int_equal(it->generation, 1);
    assert_true(it->flags & MR_INSTRUMENT_HALTED);
    assert_int_equal(mr_instruments_changes(t), 2);

    meta = listed("0.01");
    mr_instruments_add(t, &meta);
    assert_int_equal(it->generation, 2);

    bare(t, "BTCUSDT"); /* knows less: changes nothing */
    assert_int_equal(it->tick, 1000000);
    assert_int_equal(mr_instruments_count(t), 1);

    struct mr_instrument copy;
    assert_int_equal(mr_instruments_read(t, 0, &copy), MR_OK);
    assert_memory_equal(&copy, it, sizeof copy);
    assert_int_equal(mr_instruments_read(t, 1, &copy), MR_E_SYMBOL);
    free(f.mem);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct mr_instruments *t = make(&f, 4);
    char longest[MR_SYMBOL_BYTES + 2];
    memset(longest, 'A', sizeof longest);
    assert_int_equal(mr_instruments_add_bare(t, 1, 0, (struct mr_span){(uint8_t *)longest, MR_SYMBOL_BYTES + 1}),
                     MR_E_TOO_BIG);
    assert_int_equal(mr_instruments_add_bare(t, 1, 0, (struct mr_span){(uint8_t *)longest, 0}), MR_E_TOO_BIG);
    assert_int_equal(mr_instruments_add_bare(t, 1, 0, (struct mr_span){(uint8_t *)longest, MR_SYMBOL_BYTES}), 0);
    static const struct {
        int price, size, multiplier;
    } scales[] = {{19, 8, 0}, {-1, 8, 0}, {8, 19, 0}, {8, -1, 0}, {8, 8, 19}, {8, 8, -1}};
    for (size_t i = 0; i < MR_COUNT_OF(scales); i++) {
        struct mr_instrument it = listed("0.1");
        it.price_scale = (int8_t)scales[i].price;
        it.size_scale = (int8_t)scales[i].size;
        it.multiplier_scale = (int8_t)scales[i].multiplier;
        assert_int_equal(mr_instruments_add(t, &it), MR_E_RANGE);
    }
    assert_int_equal(mr_instruments_count(t), 1);
    free(f.mem);
}

static void notionals_know_inverse_contracts(void **state)
{
    (void)state;
    struct fixture f;
    struct mr_instruments *t = make(&f, 4);
    int64_t out;
    assert_int_equal(mr_instrument_notional(bare(t, "BTCUSDT"), 8265190000000, 19000000, &out), MR_OK);
    assert_int_equal(out, 15703861000); /* 82,651.90 x 0.19 */
    assert_int_equal(mr_instrument_notional(bare(t, "BTCUSD_PERP"), 8890490000000, 300000000, &out), MR_OK);
    assert_int_equal(out, 300000000); /* 3 contracts of 100 USD, whatever the price */
    assert_int_equal(mr_instrument_notional(bare(t, "BTCUSDT"), INT64_MAX, INT64_MAX, &out), MR_E_OVERFLOW);
    free(f.mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_count_up_and_are_found_by_venue_product_symbol),
        cmocka_unit_test(symbols_of_every_length_are_told_apart),
        cmocka_unit_test(spelling_gives_base_quote_and_type),
        cmocka_unit_test(scales_follow_the_rule),
        cmocka_unit_test(metadata_replaces_and_raises_the_generation_when_measures_change),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(notionals_know_inverse_contracts),
    };
    return MR_TEST_MAIN(tests);
}
