/* Saved state, the digest's bytes, and the readable forms. */
#include <stdio.h>
#include <xxhash.h>

#include "tests/engines/signal/rig.h"

#define GOLDEN                                                                                                         \
    "3b7edc803ba4feb279975dad746801cb of 1158" /* the same of gcc and clang, at any level of optimisation   \
                                                           */

/* A seeded stream over three underlyings: rates wander, liquidations, open interest and funding come at random. `ids`
 * is added to every id and turns the underlyings' indices, as another epoch would. */
struct stream {
    struct mr_random random;
    double t, rate[3];
    unsigned ids;
};

static const char *const names[] = {"BTC", "ETH", "a-name-of-more-than-15"};

static double draw(struct stream *s, double low, double high)
{
    return low + (high - low) * (double)(mr_random_next(&s->random) >> 11) / 9007199254740992.0;
}

static void stream_step(struct stream *s, struct rig *r)
{
    static const char *const symbols[] = {"AUSDT", "B-USDT-SWAP", "CUSD"};
    unsigned u = (unsigned)mr_random_below(&s->random, 3), venue = (unsigned)mr_random_below(&s->random, 3),
             what = (unsigned)mr_random_below(&s->random, 20);
    s->t += mr_random_below(&s->random, 400) ? draw(s, 0, 0.4) : 70;
    s->rate[u] = s->rate[u] * 0.98 + (mr_random_below(&s->random, 60) == 0 ? draw(s, 0, 60) : 0);
    mr_signal_input_default(&r->in, (uint16_t)((u + s->ids) % 3), names[u], 0);
    for (int i = 0; i < MR_SIGNAL_WINDOWS; i++) {
        r->in.velocity_per_s[i] = s->rate[u] * draw(s, 0.8, 1.2);
        r->in.notional_usd_per_s[i] = s->rate[u] * 1e5;
    }
    r->in.acceleration = draw(s, -1, 1) * s->rate[u];
    r->in.jerk = draw(s, -1, 1);
    r->in.correlation = draw(s, -1, 1);
    r->in.clustering = draw(s, 0, 1);
    r->in.count_60s = mr_random_below(&s->random, 20);
    r->in.mean_event_usd = draw(s, 0, 1e5);
    r->in.venues = (uint32_t)mr_random_below(&s->random, 8) << 1;
    r->in.leading_venue = 1;
    r->in.multiplier = draw(s, 1, 4);
    r->in.regime = (uint8_t)(s->t / 100);
    r->in.vol_5m = draw(s, 0, 5);
    r->in.btc_price = (int64_t)(65000 + mr_random_below(&s->random, 100)) * 100000000;
    struct mr_instrument instrument = made_instrument(u * 3 + venue + s->ids, (uint8_t)(venue + 1), symbols[venue]);
    instrument.symbol[0] = (char)(instrument.symbol[0] + 3 * (int)u);
    struct mr_event oi = {.kind = MR_EVENT_OPEN_INTEREST,
                          .price = (int64_t)mr_random_below(&s->random, 1000) + 100000,
                          .aux = 5000000000000};
    struct mr_event funding = {
        .kind = MR_EVENT_FUNDING, .price = (int64_t)mr_random_below(&s->random, 100), .exponent = -5};
    if (what < 6)
        rig_liquidation(r, s->t, (int64_t)mr_random_below(&s->random, 40000), &instrument);
    else if (what < 9)
        rig_event(r, s->t, oi, &instrument);
    else if (what < 10)
        rig_event(r, s->t, funding, &instrument);
    else
        rig_tick(r, s->t);
}

static XXH128_hash_t digest_of(struct rig *r, struct stream *s, int steps, uint64_t *records, unsigned *kinds)
{
    XXH3_state_t *hash = XXH3_createState();
    XXH3_128bits_reset(hash);
    for (int n = 0; n < steps; n++) {
        stream_step(s, r);
        for (uint32_t i = 0; i < r->count; i++) {
            uint8_t bytes[MR_SIGNAL_CANONICAL_BYTES];
            struct mr_instrument made = made_instrument(0, 1, "ANY");
            XXH3_128bits_update(
                hash, bytes, mr_signal_canonical(&r->out[i], r->out[i].instrument == UINT32_MAX ? NULL : &made, bytes));
            *records += 1;
            *kinds |= 1u << r->out[i].kind;
        }
    }
    XXH128_hash_t digest = XXH3_128bits_digest(hash);
    XXH3_freeState(hash);
    return digest;
}

static void open_small(struct rig *r)
{
    mr_signal_config_default(&r->config);
    r->config.instruments_max = 32;
    r->config.cascade_window_events = 64;
    rig_open(r, 3);
}

static void the_golden_stream_has_the_golden_digest(void **state)
{
    (void)state;
    struct rig r;
    struct stream s = {.random = {1}};
    uint64_t records = 0;
    unsigned kinds = 0;
    open_small(&r);
    XXH128_hash_t digest = digest_of(&r, &s, 20000, &records, &kinds);
    char got[64];
    snprintf(got, sizeof got, "%016llx%016llx of %llu", (unsigned long long)digest.high64,
             (unsigned long long)digest.low64, (unsigned long long)records);
    assert_int_equal(kinds, 0x1f); /* every kind occurs */
    assert_string_equal(got, GOLDEN);
    rig_close(&r);
}

static void a_restored_engine_goes_on_as_if_nothing_had_happened(void **state)
{
    (void)state;
    for (int cut = 1; cut < 4000; cut += 331) {
        struct rig a, b;
        struct stream s = {.random = {2}};
        uint64_t records = 0, again = 0;
        unsigned kinds = 0;
        open_small(&a);
        open_small(&b);
        digest_of(&a, &s, cut, &records, &kinds);
        size_t bytes = mr_signal_state_bytes(a.engine);
        uint8_t *saved = malloc(bytes);
        assert_true(mr_signal_save(a.engine, 123456, saved, bytes) == (int64_t)bytes);
        assert_true(mr_signal_save(a.engine, 123456, saved, bytes - 1) == MR_E_FULL);
        int64_t at = 0;
        assert_int_equal(mr_signal_restore(b.engine, saved, bytes, &at), MR_OK);
        assert_true(at == 123456 && b.metrics.active == a.metrics.active);
        struct stream other = s;
        other.ids = 4; /* another epoch: other ids, other indices */
        XXH128_hash_t x = digest_of(&a, &s, 1500, &records, &kinds), y = digest_of(&b, &other, 1500, &again, &kinds);
        assert_true(XXH128_isEqual(x, y));
        assert_true(again > 0);
        free(saved);
        rig_close(&a);
        rig_close(&b);
    }
}

static uint8_t *a_saved_state(struct rig *r, size_t *bytes)
{
    struct stream s = {.random = {3}};
    uint64_t records = 0;
    unsigned kinds = 0;
    open_small(r);
    digest_of(r, &s, 500, &records, &kinds);
    *bytes = mr_signal_state_bytes(r->engine);
    uint8_t *saved = malloc(*bytes);
    assert_true(mr_signal_save(r->engine, 9, saved, *bytes) > 0);
    return saved;
}

/* As initialised: a first liquidation, a first tick behave as in a new engine. */
static void is_as_new(struct rig *r)
{
    struct rig fresh;
    struct stream a = {.random = {4}}, b = {.random = {4}};
    uint64_t records = 0;
    unsigned kinds = 0;
    fresh.config = r->config;
    rig_open(&fresh, 3);
    assert_true(XXH128_isEqual(digest_of(&fresh, &a, 800, &records, &kinds), digest_of(r, &b, 800, &records, &kinds)));
    rig_close(&fresh);
}

static void a_state_that_does_not_fit_is_refused_and_leaves_a_new_engine(void **state)
{
    (void)state;
    struct rig from;
    size_t bytes;
    int64_t at;
    uint8_t *saved = a_saved_state(&from, &bytes);
    static const struct {
        const char *says;
        size_t flip, cut;
        int want;
    } refused[] = {
        {"cut", 0, 1, MR_E_TRUNCATED},        {"empty", 0, 1 << 30, MR_E_TRUNCATED},
        {"another engine", 1, 0, MR_E_MAGIC}, {"a version", 16, 0, MR_E_VERSION},
        {"a layout", 20, 0, MR_E_LAYOUT},     {"a flipped bit", 1000, 0, MR_E_CORRUPT},
    };
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        struct rig to;
        open_small(&to);
        uint8_t *bad = malloc(bytes);
        memcpy(bad, saved, bytes);
        if (refused[i].flip)
            bad[refused[i].flip] ^= 4;
        int got = mr_signal_restore(to.engine, bad, refused[i].cut > bytes ? 0 : bytes - refused[i].cut, &at);
        if (got != refused[i].want)
            fail_msg("%s: %s", refused[i].says, mr_status_name(got));
        is_as_new(&to);
        free(bad);
        rig_close(&to);
    }
    static const struct {
        uint32_t instruments, window, underlyings;
    } sizes[] = {{33, 64, 3}, {32, 65, 3}, {32, 64, 4}};
    for (size_t i = 0; i < MR_COUNT_OF(sizes); i++) {
        struct rig to;
        mr_signal_config_default(&to.config);
        to.config.instruments_max = sizes[i].instruments;
        to.config.cascade_window_events = sizes[i].window;
        rig_open(&to, sizes[i].underlyings);
        assert_int_equal(mr_signal_restore(to.engine, saved, bytes, &at), MR_E_LAYOUT);
        rig_close(&to);
    }
    free(saved);
    rig_close(&from);
}

/* A checksum that holds over nonsense: whatever stands there, restoring refuses it or the engine survives it. */
static void nonsense_with_a_good_checksum_does_no_harm(void **state)
{
    (void)state;
    struct rig from;
    size_t bytes, head = sizeof(struct mr_state_head);
    uint8_t *saved = a_saved_state(&from, &bytes);
    struct mr_state_head old;
    struct mr_random random = {6};
    unsigned refused = 0, taken = 0;
    memcpy(&old, saved, head);
    for (int n = 0; n < 300; n++) {
        uint8_t *bad = malloc(bytes);
        memcpy(bad, saved, bytes);
        size_t at = head + (size_t)mr_random_below(&random, n % 2 ? 1200 : bytes - head - 8);
        uint64_t junk = n % 3 ? mr_random_next(&random) : UINT64_MAX;
        memcpy(bad + at, &junk, n % 4 ? 8 : 1);
        mr_state_seal(bad, bytes, "signal", old.version, old.layout, 1, bad + head, bytes - head);
        struct rig to;
        open_small(&to);
        int64_t when;
        int got = mr_signal_restore(to.engine, bad, bytes, &when);
        assert_true(got == MR_OK || got == MR_E_CORRUPT);
        refused += got != MR_OK;
        taken += got == MR_OK;
        struct stream s = {.random = {7}};
        uint64_t records = 0;
        unsigned kinds = 0;
        digest_of(&to, &s, 300, &records, &kinds);
        free(bad);
        rig_close(&to);
    }
    assert_true(refused > 20 && taken > 20);
    free(saved);
    rig_close(&from);
}

static struct mr_signal a_signal(void)
{
    struct rig r;
    struct mr_instrument btc = made_instrument(3, 1, "BTCUSDT");
    mr_signal_config_default(&r.config);
    rig_open(&r, 1);
    for (int i = 0; i < 5; i++)
        rig_liquidation(&r, i, 30000, &btc);
    r.in.velocity_per_s[MR_WINDOW_10S] = 25;
    r.in.btc_price = 6500000000000;
    rig_liquidation(&r, 6, 30000, &btc);
    struct mr_signal signal = r.out[0];
    rig_close(&r);
    return signal;
}

static void canonical_bytes_know_names_and_not_ids(void **state)
{
    (void)state;
    struct mr_signal a = a_signal(), b = a;
    struct mr_instrument one = made_instrument(3, 1, "BTCUSDT"), two = made_instrument(9, 1, "BTCUSDT"),
                         eth = made_instrument(3, 1, "ETHUSDT");
    uint8_t x[MR_SIGNAL_CANONICAL_BYTES], y[MR_SIGNAL_CANONICAL_BYTES];
    b.instrument = 9;
    b.recv_ns++;
    b.seq++;
    b.underlying++;
    b.emitted_tsc_delta_ns = 1;
    b.cascade_id++;
    b.words[0] = '?';
    uint32_t n = mr_signal_canonical(&a, &one, x);
    assert_int_equal(mr_signal_canonical(&b, &two, y), n);
    assert_memory_equal(x, y, n);
    assert_int_equal(mr_signal_canonical(&b, &eth, y), n);
    assert_memory_not_equal(x, y, n);
    assert_true(mr_signal_canonical(&a, NULL, y) == n - 7);
    /* everything else is in */
    static const size_t fields[] = {
        offsetof(struct mr_signal, engine_ns),
        offsetof(struct mr_signal, venue_ns),
        offsetof(struct mr_signal, kind),
        offsetof(struct mr_signal, level),
        offsetof(struct mr_signal, level_before),
        offsetof(struct mr_signal, cause),
        offsetof(struct mr_signal, regime),
        offsetof(struct mr_signal, leading_venue),
        offsetof(struct mr_signal, flags),
        offsetof(struct mr_signal, rules),
        offsetof(struct mr_signal, btc_price),
        offsetof(struct mr_signal, underlying_name),
        offsetof(struct mr_signal, probability),
        offsetof(struct mr_signal, confidence),
        offsetof(struct mr_signal, score100),
        offsetof(struct mr_signal, component[5]),
        offsetof(struct mr_signal, component100[5]),
        offsetof(struct mr_signal, velocity_per_s[0]),
        offsetof(struct mr_signal, notional_usd_per_s[4]),
        offsetof(struct mr_signal, jerk),
        offsetof(struct mr_signal, clustering),
        offsetof(struct mr_signal, cascade_start_ns),
        offsetof(struct mr_signal, cascade_last_ns),
        offsetof(struct mr_signal, cascade_end_ns),
        offsetof(struct mr_signal, cascade_count),
        offsetof(struct mr_signal, cascade_micro_usd),
        offsetof(struct mr_signal, cascade_peak_per_s),
        offsetof(struct mr_signal, cascade_venues),
    };
    for (size_t i = 0; i < MR_COUNT_OF(fields); i++) {
        b = a;
        ((uint8_t *)&b)[fields[i]] ^= 1;
        uint32_t len = mr_signal_canonical(&b, &one, y);
        if (len == n && memcmp(x, y, n) == 0)
            fail_msg("field %zu is not in the canonical bytes", i);
    }
    b = a;
    b.jerk = -0.0; /* equal to 0, so the same bytes */
    a.jerk = 0;
    mr_signal_canonical(&a, &one, x);
    mr_signal_canonical(&b, &one, y);
    assert_memory_equal(x, y, n);
}

static void texts_are_one_line_and_json_is_whole(void **state)
{
    (void)state;
    struct mr_signal signal = a_signal();
    char out[4096];
    struct mr_text text;
    struct mr_json_out json;
    mr_text_init(&text, out, sizeof out);
    mr_signal_text(&text, &signal);
    assert_string_equal(
        out,
        "2023-11-14T22:13:26.000000000Z level          BTC NONE -> ALERT (velocity) velocity 25/s over 20/s, p 0.15 "
        "[no_open_interest] [no_funding] [no_correlation]");
    mr_text_init(&text, out, sizeof out);
    mr_json_out_init(&json, &text);
    mr_signal_json(&json, NULL, &signal);
    assert_false(text.cut);
    assert_int_equal(json.depth, 0);
    static const char *const parts[] = {
        "{\"kind\":\"level\",\"underlying\":\"BTC\",\"seq\":1,",
        "\"level\":\"ALERT\",\"level_before\":\"NONE\"",
        "\"cause\":\"velocity\"",
        "\"btc_price\":\"65000\"",
        "\"components\":{\"velocity\":0.5,\"acceleration\":0,",
        "\"cascade\":{\"id\":\"",
        "\"count\":5,\"usd\":\"150000\"",
        "\"end_ns\":null",
        "\"flags\":[\"no_open_interest\",\"no_funding\",\"no_correlation\"]",
        "\"words\":\"velocity 25/s over 20/s, p 0.15\"}",
    };
    for (size_t i = 0; i < MR_COUNT_OF(parts); i++)
        if (!strstr(out, parts[i]))
            fail_msg("no %s in %s", parts[i], out);
}

static void every_name_is_known_and_others_are_not(void **state)
{
    (void)state;
    static const struct {
        const char *(*name)(unsigned);
        unsigned count;
    } tables[] = {
        {mr_level_name, MR_LEVEL_COUNT},
        {mr_signal_cause_name, MR_CAUSE_COUNT},
        {mr_signal_kind_name, MR_SIGNAL_KIND_COUNT},
        {mr_component_name, MR_COMPONENT_COUNT},
        {mr_component100_name, MR_COMPONENT100_COUNT},
    };
    for (size_t i = 0; i < MR_COUNT_OF(tables); i++) {
        for (unsigned n = 0; n < tables[i].count; n++)
            assert_string_not_equal(tables[i].name(n), "?");
        assert_string_equal(tables[i].name(tables[i].count), "?");
        assert_string_equal(tables[i].name(UINT32_MAX), "?");
    }
    assert_string_equal(mr_level_name(MR_LEVEL_EXTREME), "EXTREME");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_golden_stream_has_the_golden_digest),
        cmocka_unit_test(a_restored_engine_goes_on_as_if_nothing_had_happened),
        cmocka_unit_test(a_state_that_does_not_fit_is_refused_and_leaves_a_new_engine),
        cmocka_unit_test(nonsense_with_a_good_checksum_does_no_harm),
        cmocka_unit_test(canonical_bytes_know_names_and_not_ids),
        cmocka_unit_test(texts_are_one_line_and_json_is_whole),
        cmocka_unit_test(every_name_is_known_and_others_are_not),
    };
    return MR_TEST_MAIN(tests);
}
