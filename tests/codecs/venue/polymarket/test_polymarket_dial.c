/* How to talk to Polymarket: what is said, what is understood, what is refused. */
#include <stdio.h>

#include "codecs/venue/dial.h"
#include "tests/support/support.h"

#define UP "10000000000000000000000000000000000000000000000000000000000000000000000000007"
#define DOWN "200000000000000000000000000000000000000000000000000000000000000000000000000008"

static const struct mr_dialect *dialect_of(const char *name, uint8_t *product)
{
    const struct mr_venue *venue;
    struct mr_err err;
    if (mr_venue_parse(name, &venue, product, &err) != MR_OK)
        fail_msg("%s", err.text);
    return mr_dialect_of(venue);
}

#define FILTERED(topic, symbol)                                                                                        \
    "{\"topic\":\"" topic "\",\"type\":\"*\",\"filters\":\"{\\\"symbol\\\":\\\"" symbol "\\\"}\"}"

/* The first request of a connection opens the subscription; those after it add to it. */
static void each_subscription_has_its_message_and_its_name(void **state)
{
    static const struct {
        const char *product;
        uint32_t channel;
        const char *symbol;
        uint64_t id;
        const char *name, *on, *off;
    } cases[] = {
        {"polymarket:clob", MR_DEPTH, UP, 1, "market " UP,
         "{\"assets_ids\":[\"" UP
         "\"],\"type\":\"market\",\"initial_dump\":true,\"level\":2,\"custom_feature_enabled\":true}",
         "{\"assets_ids\":[\"" UP "\"],\"operation\":\"unsubscribe\"}"},
        {"polymarket:clob", MR_TRADES, DOWN, 2, "market " DOWN,
         "{\"assets_ids\":[\"" DOWN "\"],\"operation\":\"subscribe\",\"custom_feature_enabled\":true}",
         "{\"assets_ids\":[\"" DOWN "\"],\"operation\":\"unsubscribe\"}"},
        {"polymarket:clob", MR_BEST, DOWN, 9, "market " DOWN,
         "{\"assets_ids\":[\"" DOWN "\"],\"operation\":\"subscribe\",\"custom_feature_enabled\":true}",
         "{\"assets_ids\":[\"" DOWN "\"],\"operation\":\"unsubscribe\"}"},
        {"polymarket:rtds", MR_MARKS, "btcusdt", 1, "crypto_prices btcusdt",
         "{\"action\":\"subscribe\",\"subscriptions\":[" FILTERED("crypto_prices", "btcusdt") "]}",
         "{\"action\":\"unsubscribe\",\"subscriptions\":[" FILTERED("crypto_prices", "btcusdt") "]}"},
        {"polymarket:rtds", MR_MARKS, "btc/usd", 2, "crypto_prices_chainlink btc/usd",
         "{\"action\":\"subscribe\",\"subscriptions\":[" FILTERED("crypto_prices_chainlink", "btc/usd") "," FILTERED(
             "crypto_prices_twap_thirty", "btc/usd") "," FILTERED("crypto_prices_twap_sixty", "btc/usd") "]}",
         "{\"action\":\"unsubscribe\",\"subscriptions\":[" FILTERED("crypto_prices_chainlink", "btc/usd") "," FILTERED(
             "crypto_prices_twap_thirty", "btc/usd") "," FILTERED("crypto_prices_twap_sixty", "btc/usd") "]}"},
        {"polymarket:rtds", MR_TRADES, "", 3, "activity",
         "{\"action\":\"subscribe\",\"subscriptions\":[{\"topic\":\"activity\",\"type\":\"trades\"}]}",
         "{\"action\":\"unsubscribe\",\"subscriptions\":[{\"topic\":\"activity\",\"type\":\"trades\"}]}"},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        const struct mr_stream stream = {cases[i].channel, cases[i].symbol};
        struct mr_text text;
        char bytes[1024];
        uint8_t product;
        uint32_t at = 0, where;
        const struct mr_dialect *dialect = dialect_of(cases[i].product, &product);
        mr_text_init(&text, bytes, sizeof bytes);
        assert_int_equal(dialect->subscribe(product, &stream, 1, &at, cases[i].id, &text), MR_OK);
        assert_string_equal(bytes, cases[i].on);
        assert_int_equal(mr_json_check((const uint8_t *)bytes, (uint32_t)text.len, &where), MR_OK);
        at = 0;
        mr_text_init(&text, bytes, sizeof bytes);
        assert_int_equal(dialect->unsubscribe(product, &stream, 1, &at, cases[i].id, &text), MR_OK);
        assert_string_equal(bytes, cases[i].off);
        mr_text_init(&text, bytes, sizeof bytes);
        assert_int_equal(dialect->name(product, &stream, &text), MR_OK);
        assert_string_equal(bytes, cases[i].name);
    }
}

static void what_could_not_be_is_refused(void **state)
{
    static const struct {
        const char *says, *product;
        uint32_t channel;
        const char *symbol;
        int status;
    } cases[] = {
        {"a token is a number", "polymarket:clob", MR_DEPTH, "btcusdt", MR_E_INVALID},
        {"of 78 digits at most", "polymarket:clob", MR_DEPTH, "1" DOWN, MR_E_INVALID},
        {"with nothing behind it", "polymarket:clob", MR_DEPTH, "12\"", MR_E_INVALID},
        {"all tokens at once", "polymarket:clob", MR_DEPTH, "", MR_E_UNSUPPORTED},
        {"marks of a token", "polymarket:clob", MR_MARKS, UP, MR_E_UNSUPPORTED},
        {"books of the data socket", "polymarket:rtds", MR_DEPTH, "btcusdt", MR_E_UNSUPPORTED},
        {"all prices at once", "polymarket:rtds", MR_MARKS, "", MR_E_UNSUPPORTED},
        {"trades of one token", "polymarket:rtds", MR_TRADES, UP, MR_E_UNSUPPORTED},
        {"a blank in a symbol: the socket would fall silent", "polymarket:rtds", MR_MARKS, "btc usd", MR_E_INVALID},
        {"a quote in a symbol", "polymarket:rtds", MR_MARKS, "btc\"", MR_E_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        const struct mr_stream stream = {cases[i].channel, cases[i].symbol};
        struct mr_text text;
        char bytes[1024];
        uint8_t product;
        uint32_t at = 0;
        const struct mr_dialect *dialect = dialect_of(cases[i].product, &product);
        mr_text_init(&text, bytes, sizeof bytes);
        int got = dialect->subscribe(product, &stream, 1, &at, 1, &text);
        if (got != cases[i].status || at || bytes[0])
            fail_msg("%s: %s", cases[i].says, mr_status_name(got));
        assert_int_equal(dialect->name(product, &stream, &text), cases[i].status);
    }
}

/* Their books come back in one frame: twenty tokens a message, and any room of a message that holds one. */
static void many_tokens_are_split_over_messages(void **state)
{
    enum { TOKENS = 200 };
    static char symbols[TOKENS][80], bytes[16384];
    struct mr_stream streams[TOKENS];
    struct mr_text text;
    uint8_t product;
    uint32_t at = 0, messages = 0, where;
    (void)state;
    const struct mr_dialect *dialect = dialect_of("polymarket:clob", &product);
    for (uint32_t i = 0; i < TOKENS; i++) {
        snprintf(symbols[i], sizeof symbols[i], "%.74s%04u", DOWN, i);
        streams[i] = (struct mr_stream){MR_DEPTH, symbols[i]};
    }
    while (at < TOKENS) {
        uint32_t before = at;
        mr_text_init(&text, bytes, sizeof bytes);
        assert_int_equal(dialect->subscribe(product, streams, TOKENS, &at, ++messages, &text), MR_OK);
        assert_int_equal(at - before, 20);
        assert_int_equal(strstr(bytes, "\"type\":\"market\"") != NULL, messages == 1);
        assert_int_equal(mr_json_check((const uint8_t *)bytes, (uint32_t)text.len, &where), MR_OK);
    }
    at = 0;
    mr_text_init(&text, bytes, 300);
    assert_int_equal(dialect->subscribe(product, streams, TOKENS, &at, 2, &text), MR_OK);
    assert_int_equal(at, 2);
    mr_text_init(&text, bytes, 100);
    assert_int_equal(dialect->subscribe(product, streams, TOKENS, &at, 2, &text), MR_E_FULL);
}

static void what_the_venue_says_is_understood(void **state)
{
    static const struct {
        const char *product, *message;
        int kind;
        const char *text;
    } cases[] = {
        {"polymarket:clob", "PONG", MR_CONTROL_PONG, ""},
        {"polymarket:clob", "INVALID OPERATION", MR_CONTROL_ERROR, "INVALID OPERATION"},
        {"polymarket:clob", "", MR_CONTROL_OTHER, ""},
        {"polymarket:clob", "[]", MR_CONTROL_OTHER, ""},
        {"polymarket:clob", "PON", MR_CONTROL_NONE, ""},
        {"polymarket:clob", "{\"event_type\":\"book\"}", MR_CONTROL_NONE, ""},
        {"polymarket:clob", "[{\"event_type\":\"book\"}]", MR_CONTROL_NONE, ""},
        {"polymarket:rtds", "", MR_CONTROL_OTHER, ""},
        {"polymarket:rtds", "PONG", MR_CONTROL_PONG, ""},
        {"polymarket:rtds", "{\"body\":{\"message\":\"topic \\\"x\\\" not found\"},\"statusCode\":401}",
         MR_CONTROL_ERROR, "topic \"x\" not found"},
        {"polymarket:rtds", "{\"message\":\"Internal server error\",\"connectionId\":\"a\"}", MR_CONTROL_ERROR,
         "Internal server error"},
        {"polymarket:rtds", "{\"topic\":\"comments\",\"type\":\"x\",\"message\":\"hello\"}", MR_CONTROL_NONE, ""},
        {"polymarket:rtds", "{\"statusCode\":401", MR_CONTROL_NONE, ""},
        {"polymarket:rtds", "{}", MR_CONTROL_NONE, ""},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        uint8_t product;
        struct mr_control said;
        const struct mr_dialect *dialect = dialect_of(cases[i].product, &product);
        dialect->control(product, mr_span_of(cases[i].message), &said);
        if (said.kind != cases[i].kind || strcmp(said.text, cases[i].text) != 0 || said.stream[0] || said.id)
            fail_msg("%s: kind %d, \"%s\"", cases[i].message, said.kind, said.text);
    }
}

static void pings_and_urls(void **state)
{
    static const struct {
        const char *product;
        enum mr_url_kind kind;
        const char *symbol;
        int status;
        const char *path, *body;
    } urls[] = {
        {"polymarket:clob", MR_URL_SNAPSHOT, UP, MR_OK, "/book?token_id=" UP, ""},
        {"polymarket:clob", MR_URL_INSTRUMENTS, UP, MR_OK, "/books", "[{\"token_id\":\"" UP "\"}]"},
        {"polymarket:clob", MR_URL_INSTRUMENTS, "", MR_E_UNSUPPORTED, "", ""},
        {"polymarket:clob", MR_URL_SNAPSHOT, "", MR_E_UNSUPPORTED, "", ""},
        {"polymarket:clob", MR_URL_SNAPSHOT, "1&x=2", MR_E_INVALID, "", ""},
        {"polymarket:clob", MR_URL_INTEREST, UP, MR_E_UNSUPPORTED, "", ""},
        {"polymarket:rtds", MR_URL_INSTRUMENTS, "btcusdt", MR_E_UNSUPPORTED, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(urls); i++) {
        struct mr_text path, body, ping;
        char path_bytes[256], body_bytes[256], ping_bytes[16];
        uint8_t product;
        const struct mr_dialect *dialect = dialect_of(urls[i].product, &product);
        mr_text_init(&path, path_bytes, sizeof path_bytes);
        mr_text_init(&body, body_bytes, sizeof body_bytes);
        mr_text_init(&ping, ping_bytes, sizeof ping_bytes);
        assert_int_equal(dialect->url(product, urls[i].kind, urls[i].symbol, &path, &body), urls[i].status);
        assert_string_equal(path_bytes, urls[i].path);
        assert_string_equal(body_bytes, urls[i].body);
        dialect->ping(product, 7, &ping);
        assert_string_equal(ping_bytes, "PING");
    }
}

/* Routes serve what the product offers; a whole connection's books fit what a decoder gives out, twenty at a time. */
static void routes_are_sane(void **state)
{
    static const char *const names[] = {"polymarket:clob", "polymarket:rtds"};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        uint8_t product;
        const struct mr_product_dial *row = &dialect_of(names[i], &product)->products[product];
        const struct mr_route *route = row->routes;
        assert_int_equal(route->channels | MR_CONTROL, mr_venue_by_name("polymarket")->products[product].channels);
        assert_true(route->ping == MR_PING_TEXT && route->ping_s && route->pong_s && route->silence_s);
        assert_true(route->streams_max && route->sends_per_s && row->rest_weight && row->rest_s);
        assert_null(route[1].name);
    }
    uint8_t product;
    assert_true(dialect_of("polymarket:clob", &product)->acks_by_data);
    assert_true(20 * (1 + 500 / 4) <= MR_DECODE_SLOTS); /* of 500 levels each: those recorded have about a hundred */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_subscription_has_its_message_and_its_name),
        cmocka_unit_test(what_could_not_be_is_refused),
        cmocka_unit_test(many_tokens_are_split_over_messages),
        cmocka_unit_test(what_the_venue_says_is_understood),
        cmocka_unit_test(pings_and_urls),
        cmocka_unit_test(routes_are_sane),
    };
    return MR_TEST_MAIN(tests);
}
