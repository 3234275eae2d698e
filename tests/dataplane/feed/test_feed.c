#include <stdio.h>

#include "dataplane/feed/feed.h"
#include "tests/support/support.h"

/* A Binance USD-M feed whose groups are written down as text: "book 100s" (snapshot), "book 101", "gap", "bbo",
 * "trade". */
struct ear {
    char heard[4096];
    int refuse; /* so many groups are not taken */
    int rejected;
    int last_reject;
};

static bool hear(void *arg, const union mr_slot *group, uint32_t slots)
{
    struct ear *e = arg;
    assert_int_equal(slots, mr_event_slots(group));
    if (e->refuse > 0) {
        e->refuse--;
        return false;
    }
    size_t n = strlen(e->heard);
    bool book = group->event.kind == MR_EVENT_BOOK;
    if (book)
        snprintf(e->heard + n, sizeof e->heard - n, "book %llu%s;", (unsigned long long)group->book.seq,
                 group->book.flags & MR_FLAG_SNAPSHOT ? "s" : "");
    else
        snprintf(e->heard + n, sizeof e->heard - n, "%s;", mr_event_kind_name(group->event.kind));
    return true;
}

static void see_reject(void *arg, int status, const struct mr_frame *frame, const struct mr_decoder *dec)
{
    struct ear *e = arg;
    (void)dec;
    assert_true(frame->len > 0);
    e->rejected++;
    e->last_reject = status;
}

struct rig {
    struct ear ear;
    struct mr_instruments *table;
    struct mr_feed *feed;
    struct mr_feed_metrics *metrics;
    void *mem, *metrics_mem;
};

static struct rig *rig_open(bool add_unknown)
{
    struct rig *r = calloc(1, sizeof *r);
    struct mr_err err;
    uint8_t product;
    r->table = mr_instruments_init(aligned_alloc(64, (mr_instruments_bytes(4) + 63) / 64 * 64), 4);
    struct mr_feed_config config = {.instruments = r->table,
                                    .instruments_max = 4,
                                    .hold_slots = 256,
                                    .joins_max = 2,
                                    .shapes = 64,
                                    .add_unknown = add_unknown,
                                    .emit = hear,
                                    .emit_arg = &r->ear,
                                    .reject = see_reject,
                                    .reject_arg = &r->ear};
    assert_int_equal(mr_venue_parse("binance:usdm", &config.venue, &product, &err), MR_OK);
    config.product = product;
    r->mem = aligned_alloc(128, (mr_feed_bytes(&config) + 127) / 128 * 128);
    r->metrics_mem = aligned_alloc(128, (mr_metrics_bytes(&mr_feed_metrics_desc) + 127) / 128 * 128);
    r->metrics = mr_metrics_init(r->metrics_mem, &mr_feed_metrics_desc, "venue=binance");
    r->feed = mr_feed_init(r->mem, &config, r->metrics);
    return r;
}

static void rig_close(struct rig *r)
{
    free(r->mem);
    free(r->metrics_mem);
    free(r->table);
    free(r);
}

static int say(struct rig *r, const char *text)
{
    const struct mr_frame frame = {.data = (const uint8_t *)text,
                                   .len = (uint32_t)strlen(text),
                                   .recv_ns = 1700000000000000000,
                                   .clock = MR_CLOCK_KERNEL};
    return mr_feed_frame(r->feed, &frame);
}

static int depth(struct rig *r, const char *symbol, int first, int last, int prev)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"e\":\"depthUpdate\",\"E\":1700000000001,\"T\":1700000000000,\"s\":\"%s\",\"U\":%d,\"u\":%d,\"pu\":%d,"
             "\"b\":[[\"100.5\",\"1\"]],\"a\":[[\"101\",\"2\"]]}",
             symbol, first, last, prev);
    return say(r, text);
}

static int snapshot(struct rig *r, int last)
{
    char text[256];
    snprintf(text, sizeof text,
             "{\"lastUpdateId\":%d,\"E\":1700000000000,\"T\":1700000000000,\"bids\":[[\"100\",\"1\"]],\"asks\":[["
             "\"102\",\"1\"]]}",
             last);
    const struct mr_frame frame = {.data = (const uint8_t *)text,
                                   .len = (uint32_t)strlen(text),
                                   .recv_ns = 1700000000000000000,
                                   .clock = MR_CLOCK_KERNEL};
    return mr_feed_rest(r->feed, mr_span_of("/fapi/v1/depth?symbol=BTCUSDT&limit=1000"), &frame);
}

static void a_snapshot_joins_what_was_held_and_then_updates_follow(void **state)
{
    (void)state;
    struct rig *r = rig_open(true);
    assert_int_equal(depth(r, "BTCUSDT", 90, 95, 89), 0);
    assert_int_equal(depth(r, "BTCUSDT", 96, 105, 95), 0);
    assert_int_equal(depth(r, "BTCUSDT", 106, 110, 105), 0);
    assert_int_equal(r->metrics->held, 3);
    assert_int_equal(mr_feed_wanting(r->feed, NULL, NULL), 1);
    assert_int_equal(snapshot(r, 100), 3);
    assert_int_equal(depth(r, "BTCUSDT", 111, 115, 110), 1);
    assert_string_equal(r->ear.heard, "book 100s;book 105;book 110;book 115;");
    assert_int_equal(mr_feed_wanting(r->feed, NULL, NULL), 0);
    rig_close(r);
}

static void a_gap_costs_one_instrument_only(void **state)
{
    (void)state;
    struct rig *r = rig_open(true);
    depth(r, "BTCUSDT", 96, 105, 95);
    snapshot(r, 100);
    depth(r, "ETHUSDT", 5, 6, 4);
    r->ear.heard[0] = 0;
    assert_int_equal(depth(r, "BTCUSDT", 111, 115, 110), 1); /* 105 was the last */
    assert_string_equal(r->ear.heard, "gap;");
    assert_int_equal(r->metrics->gaps, 1);
    assert_int_equal(mr_feed_wanting(r->feed, NULL, NULL), 2); /* ETH never had a snapshot */
    assert_int_equal(snapshot(r, 112), 2);
    assert_string_equal(r->ear.heard, "gap;book 112s;book 115;");
    rig_close(r);
}

static void what_emit_cannot_take_becomes_a_gap_not_a_silence(void **state)
{
    (void)state;
    struct rig *r = rig_open(true);
    depth(r, "BTCUSDT", 96, 105, 95);
    snapshot(r, 100);
    r->ear.heard[0] = 0;
    r->ear.refuse = 2; /* the update, and the gap that tells of it */
    assert_int_equal(depth(r, "BTCUSDT", 106, 110, 105), 0);
    assert_int_equal(r->metrics->refused, 2);
    depth(r, "BTCUSDT", 111, 115, 110);
    assert_string_equal(r->ear.heard, "gap;"); /* as soon as there is room */
    snapshot(r, 112);
    assert_string_equal(r->ear.heard, "gap;book 112s;book 115;");
    rig_close(r);
}

static void a_disconnect_breaks_every_book(void **state)
{
    (void)state;
    struct rig *r = rig_open(true);
    depth(r, "BTCUSDT", 96, 105, 95);
    snapshot(r, 100);
    depth(r, "ETHUSDT", 5, 6, 4);
    r->ear.heard[0] = 0;
    mr_feed_disconnect(r->feed, 1);
    assert_string_equal(r->ear.heard, "gap;gap;");
    assert_int_equal(mr_feed_wanting(r->feed, NULL, NULL), 2);
    rig_close(r);
}

static void every_kind_of_bad_message_has_its_counter(void **state)
{
    (void)state;
    struct rig *r = rig_open(true);
    /* adds the symbol */
    say(r, "{\"e\":\"aggTrade\",\"E\":1,\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1.5\",\"q\":\"1\",\"f\":1,\"l\":1,\"T\":1,"
           "\"m\":true}");
    /* clang-format off */
    const struct { const char *says, *text; int status; uint64_t *counter; } cases[] = {
        {"not JSON", "hello", MR_E_MALFORMED, &r->metrics->malformed},
        {"cut", "{\"e\":\"aggTrade\",\"E\":1", MR_E_TRUNCATED, &r->metrics->truncated},
        {"missing price", "{\"e\":\"aggTrade\",\"E\":1,\"a\":1,\"s\":\"BTCUSDT\",\"q\":\"1\",\"f\":1,\"l\":1,\"T\":1,\"m\":true}", MR_E_MISSING, &r->metrics->malformed},
        {"nine decimals", "{\"e\":\"aggTrade\",\"E\":1,\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1.123456789\",\"q\":\"1\",\"f\":1,\"l\":1,\"T\":1,\"m\":true}", MR_E_INEXACT,
         &r->metrics->inexact},
        {"too large", "{\"e\":\"aggTrade\",\"E\":1,\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"99999999999999999999\",\"q\":\"1\",\"f\":1,\"l\":1,\"T\":1,\"m\":true}", MR_E_OVERFLOW,
         &r->metrics->overflow},
        {"unknown kind", "{\"e\":\"newThing\",\"s\":\"BTCUSDT\"}", MR_E_UNKNOWN, &r->metrics->unknown},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        uint64_t before = *cases[i].counter;
        int rejected = r->ear.rejected, status = say(r, cases[i].text);
        if (status != cases[i].status)
            print_error("%s: %s\n", cases[i].says, mr_status_name(status));
        assert_int_equal(status, cases[i].status);
        assert_int_equal(*cases[i].counter, before + 1);
        assert_int_equal(r->ear.rejected, rejected + 1);
        assert_int_equal(r->ear.last_reject, status);
    }
    rig_close(r);
}

static void symbols_are_added_only_when_told_and_only_while_there_is_room(void **state)
{
    (void)state;
    struct rig *r = rig_open(false);
    assert_int_equal(depth(r, "BTCUSDT", 1, 2, 0), MR_E_SYMBOL);
    assert_int_equal(r->metrics->no_symbol, 1);
    assert_int_equal(mr_instruments_count(r->table), 0);
    rig_close(r);
    r = rig_open(true);
    static const char *const symbols[] = {"AUSDT", "BUSDT", "CUSDT", "DUSDT", "EUSDT"};
    for (size_t i = 0; i < MR_COUNT_OF(symbols); i++)
        depth(r, symbols[i], 1, 2, 0);
    assert_int_equal(r->metrics->added, 4);
    assert_int_equal(r->metrics->no_symbol, 1);
    assert_int_equal(r->metrics->no_join, 2); /* joins_max is 2 */
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_joins_what_was_held_and_then_updates_follow),
        cmocka_unit_test(a_gap_costs_one_instrument_only),
        cmocka_unit_test(what_emit_cannot_take_becomes_a_gap_not_a_silence),
        cmocka_unit_test(a_disconnect_breaks_every_book),
        cmocka_unit_test(every_kind_of_bad_message_has_its_counter),
        cmocka_unit_test(symbols_are_added_only_when_told_and_only_while_there_is_room),
    };
    return MR_TEST_MAIN(tests);
}
