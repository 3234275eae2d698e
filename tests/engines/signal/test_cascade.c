/* Structural cascades (E-24), and open interest and funding of an underlying. */
#include <math.h>
#include <stdio.h>

#include "tests/engines/signal/rig.h"

static struct mr_instrument instruments[4];

static void open_cascades(struct rig *r)
{
    static const char *const symbols[] = {"BTCUSDT", "BTC-USDT-SWAP", "BTCUSD", "BTC"};
    for (uint32_t i = 0; i < 4; i++)
        instruments[i] = made_instrument(i, (uint8_t)(i + 1), symbols[i]);
    mr_signal_config_default(&r->config);
    rig_open(r, 2);
}

static void five_liquidations_of_100000_usd_in_60_s_start_one(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        double at[8];
        int64_t usd[8];
        int starts_at;
    } cases[] = {
        {"five of 20,000", {0.1, 1, 2, 3, 4}, {20000, 20000, 20000, 20000, 20000}, 4},
        {"one dollar short", {0.1, 1, 2, 3, 4}, {20000, 20000, 20000, 20000, 19999}, -1},
        {"four are not enough", {0.1, 1, 2, 3}, {1000000, 1000000, 1000000, 1000000}, -1},
        {"the sixth brings the money", {0.1, 1, 2, 3, 4, 5}, {1, 1, 1, 1, 1, 100000}, 5},
        {"59.9 s apart", {0.1, 1, 2, 3, 60}, {20000, 20000, 20000, 20000, 20000}, 4},
        {"60 s apart: the first is out of the window", {0.1, 1, 2, 3, 60.1}, {20000, 20000, 20000, 20000, 20000}, -1},
        {"the next one in time", {0.1, 1, 2, 3, 60.1, 60.2}, {20000, 20000, 20000, 20000, 20000, 20000}, 5},
        {"one institutional order is not a cascade", {0.1}, {50000000}, -1},
    };
    for (size_t n = 0; n < MR_COUNT_OF(cases); n++) {
        struct rig r;
        open_cascades(&r);
        int started = -1;
        for (int i = 0; i < 8 && cases[n].at[i] > 0; i++)
            if (rig_liquidation(&r, cases[n].at[i], cases[n].usd[i], &instruments[0])) {
                assert_int_equal(r.out[0].kind, MR_SIGNAL_CASCADE_START);
                assert_true(started < 0);
                started = i;
            }
        if (started != cases[n].starts_at)
            fail_msg("%s: started at %d", cases[n].says, started);
        rig_close(&r);
    }
}

static void a_cascade_tells_its_life(void **state)
{
    (void)state;
    struct rig r;
    open_cascades(&r);
    for (int i = 0; i < 4; i++)
        assert_int_equal(rig_liquidation(&r, i, 30000, &instruments[0]), 0);
    r.in.velocity_per_s[MR_WINDOW_10S] = 0.5;
    assert_int_equal(rig_liquidation(&r, 4.5, 30000, &instruments[0]), 1);
    struct mr_signal start = r.out[0];
    assert_int_equal(start.kind, MR_SIGNAL_CASCADE_START);
    assert_int_equal(start.cause, MR_CAUSE_STRUCTURE);
    assert_int_equal(start.level, MR_LEVEL_NONE);
    assert_true(start.cascade_start_ns == T0 && start.cascade_last_ns == T0 + SECONDS(4.5) &&
                start.cascade_end_ns == 0);
    assert_true(start.cascade_count == 5 && start.cascade_micro_usd == 150000000000);
    assert_true(start.cascade_venues == 1 << 1 && !(start.flags & MR_SIGNAL_CROSS_VENUE));
    assert_true(start.cascade_peak_per_s == 0.5);
    assert_string_equal(start.words, "5 liquidations, 150000 USD in 4.5 s, 1 venue");
    assert_true(r.metrics.active == 1);

    assert_int_equal(rig_liquidation(&r, 5, 1, &instruments[0]), 0); /* nothing new to tell */
    assert_int_equal(rig_liquidation(&r, 6, 1, &instruments[2]), 1); /* a second venue */
    assert_int_equal(r.out[0].kind, MR_SIGNAL_CASCADE_UPDATE);
    assert_true(r.out[0].flags & MR_SIGNAL_CROSS_VENUE);
    assert_true(r.out[0].cascade_venues == (1 << 1 | 1 << 3) && r.out[0].cascade_count == 7);
    r.in.velocity_per_s[MR_WINDOW_10S] = 1.5;
    assert_int_equal(rig_liquidation(&r, 7, 2000000, &instruments[0]), 1); /* notional doubled */
    assert_true(r.out[0].cascade_micro_usd == 2150002000000ll);
    assert_string_equal(r.out[0].words, "8 liquidations, 2.15 M USD in 7 s, 2 venues");
    r.in.velocity_per_s[MR_WINDOW_10S] = 0;
    for (int i = 0; i < 7; i++)
        assert_int_equal(rig_liquidation(&r, 8 + i / 10.0, 1, &instruments[0]), 0);
    assert_int_equal(rig_liquidation(&r, 9, 1, &instruments[0]), 1); /* count doubled: 16 */
    assert_true(r.out[0].cascade_count == 16 && r.out[0].cascade_id == start.cascade_id);

    assert_int_equal(rig_tick(&r, 68.9), 0);
    assert_int_equal(rig_tick(&r, 69.0), 1); /* 60 s after the last one */
    assert_int_equal(r.out[0].kind, MR_SIGNAL_CASCADE_END);
    assert_true(r.out[0].cascade_end_ns == T0 + SECONDS(69.0) && r.out[0].cascade_last_ns == T0 + SECONDS(9.0));
    assert_true(r.out[0].cascade_count == 16 && r.out[0].cascade_peak_per_s == 1.5);
    assert_string_equal(r.out[0].words, "ended: 16 liquidations, 2.15 M USD in 9 s, 2 venues");
    assert_int_equal(rig_tick(&r, 69.1), 0);
    assert_true(r.metrics.active == 0 && r.metrics.cascades == 1);

    for (int i = 0; i < 5; i++) /* the next one has its own id */
        rig_liquidation(&r, 100 + i, 30000, &instruments[0]);
    assert_int_equal(r.count, 1);
    assert_true(r.out[0].cascade_id == start.cascade_id + 1);
    rig_close(&r);
}

static void an_event_after_the_quiet_ends_the_old_cascade_first(void **state)
{
    (void)state;
    struct rig r;
    open_cascades(&r);
    for (int i = 0; i < 5; i++)
        rig_liquidation(&r, i, 30000, &instruments[0]);
    assert_int_equal(rig_liquidation(&r, 64, 30000, &instruments[0]), 1); /* no tick came between */
    assert_int_equal(r.out[0].kind, MR_SIGNAL_CASCADE_END);
    assert_true(r.out[0].cascade_count == 5 && r.out[0].cascade_end_ns == T0 + SECONDS(64.0));
    for (int i = 0; i < 3; i++)
        assert_int_equal(rig_liquidation(&r, 65 + i, 30000, &instruments[0]), 0);
    assert_int_equal(rig_liquidation(&r, 68, 30000, &instruments[0]), 1); /* 64 .. 68 s: five again */
    assert_int_equal(r.out[0].kind, MR_SIGNAL_CASCADE_START);
    rig_close(&r);
}

static void what_does_not_count_does_not_count(void **state)
{
    (void)state;
    struct rig r;
    open_cascades(&r);
    struct mr_event ev = {.kind = MR_EVENT_LIQUIDATION, .flags = MR_FLAG_SECONDARY, .aux = 1000000000000};
    for (int i = 0; i < 10; i++)
        assert_int_equal(rig_event(&r, i, ev, &instruments[0]), 0);
    assert_true(r.metrics.secondary == 10);
    ev.kind = MR_EVENT_TRADE;
    ev.flags = 0;
    for (int i = 10; i < 20; i++)
        assert_int_equal(rig_event(&r, i, ev, &instruments[0]), 0);
    ev.kind = MR_EVENT_LIQUIDATION;
    ev.aux = -1000000000000;
    for (int i = 20; i < 30; i++)
        assert_int_equal(rig_event(&r, i, ev, &instruments[0]), 0);
    assert_true(r.metrics.bad_notional == 10);
    rig_close(&r);

    open_cascades(&r);
    rig_close(&r);
    r.config.use_structure = false;
    rig_open(&r, 1);
    for (int i = 0; i < 10; i++)
        assert_int_equal(rig_liquidation(&r, i, 1000000, &instruments[0]), 0);
    rig_close(&r);
}

static void sums_saturate(void **state)
{
    (void)state;
    struct rig r;
    open_cascades(&r);
    struct mr_event ev = {.kind = MR_EVENT_LIQUIDATION, .aux = INT64_MAX};
    for (int i = 0; i < 20; i++) {
        rig_event(&r, i, ev, &instruments[0]);
        for (uint32_t k = 0; k < r.count; k++)
            assert_true(r.out[k].cascade_micro_usd == INT64_MAX);
    }
    rig_close(&r);
}

static void a_full_window_lets_the_oldest_go_and_counts_it(void **state)
{
    (void)state;
    struct rig r;
    open_cascades(&r);
    rig_close(&r);
    r.config.cascade_window_events = 8;
    rig_open(&r, 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(rig_liquidation(&r, i, 100, &instruments[0]), 0);
    assert_true(r.metrics.forgotten == 12);
    assert_int_equal(rig_liquidation(&r, 20, 100000, &instruments[0]), 1);
    assert_true(r.out[0].cascade_count == 8 && r.out[0].cascade_start_ns == T0 + SECONDS(13.0));
    rig_close(&r);
}

/* ---- against a record of everything, looked at anew for each event */

struct past {
    double at;
    int64_t usd;
    unsigned venue;
};

static void random_streams_agree_with_a_look_at_all_of_the_past(void **state)
{
    (void)state;
    enum { N = 6000 };
    static struct past past[N];
    struct mr_random random = {77};
    struct rig r;
    open_cascades(&r);
    double t = 0;
    bool active = false;
    uint64_t count = 0, starts = 0, ends = 0, updates = 0;
    int64_t usd = 0;
    unsigned venues = 0;
    for (int n = 0; n < N; n++) {
        double gap = (double[]){0, 0.1, 1, 9, 25, 61}[mr_random_below(&random, 6)];
        if (mr_random_below(&random, 4))
            gap = gap > 10 ? 12 : gap;
        t += gap;
        unsigned venue = (unsigned)mr_random_below(&random, 4);
        past[n] = (struct past){t, (int64_t)mr_random_below(&random, 40000), venue};
        rig_liquidation(&r, t, past[n].usd, &instruments[venue]);
        bool ended = active && n && t - past[n - 1].at >= 60 - 1e-9, started = false;
        if (ended)
            active = false;
        if (active) {
            count++;
            usd += past[n].usd;
            venues |= 2u << venue;
        } else {
            count = 0, usd = 0, venues = 0;
            double first = t;
            for (int i = n; i >= 0 && past[i].at > t - 60 + 1e-9; i--) {
                count++;
                usd += past[i].usd;
                venues |= 2u << past[i].venue;
                first = past[i].at;
            }
            started = active = count >= 5 && usd >= 100000;
            if (started)
                assert_true(r.count && r.out[r.count - 1].cascade_start_ns == T0 + SECONDS(first));
        }
        uint32_t at = 0;
        if (ended) {
            assert_int_equal(r.out[at++].kind, MR_SIGNAL_CASCADE_END);
            ends++;
        }
        if (started) {
            assert_int_equal(r.out[at].kind, MR_SIGNAL_CASCADE_START);
            starts++;
        }
        if (r.count > at) {
            const struct mr_signal *s = &r.out[at++];
            assert_true(s->cascade_count == count && s->cascade_micro_usd == usd * 1000000 &&
                        s->cascade_venues == venues);
            assert_int_equal((s->flags & MR_SIGNAL_CROSS_VENUE) != 0, (venues & (venues - 1)) != 0);
            updates += s->kind == MR_SIGNAL_CASCADE_UPDATE;
        }
        assert_int_equal(r.count, at);
    }
    assert_true(starts > 100 && ends > 100 && updates > starts);
    rig_close(&r);
}

static void updates_are_few(void **state)
{
    (void)state;
    struct rig r;
    open_cascades(&r);
    unsigned records = 0;
    for (int i = 0; i < 100000; i++)
        records += rig_liquidation(&r, i / 1000.0, 20000 + i % 7, &instruments[i % 4]);
    assert_true(records >= 14 && records <= 20); /* one start, log2(100,000 / 5) doublings, three venues */
    rig_close(&r);
}

/* ---- open interest and funding */

static void tell_oi(struct rig *r, double s, int64_t amount, enum mr_oi_unit unit, int64_t usd,
                    const struct mr_instrument *i)
{
    struct mr_event ev = {.kind = MR_EVENT_OPEN_INTEREST, .price = amount, .size = unit, .aux = usd * 1000000};
    assert_int_equal(rig_event(r, s, ev, i), 0);
}

static void tell_funding(struct rig *r, double s, int64_t rate_e8, int64_t hours, const struct mr_instrument *i)
{
    struct mr_event ev = {
        .kind = MR_EVENT_FUNDING, .price = rate_e8, .size = hours * 3600 * 1000000000, .exponent = -8};
    assert_int_equal(rig_event(r, s, ev, i), 0);
}

static void is_near(double got, double want)
{
    if (!(fabs(got - want) < 1e-12))
        fail_msg("got %.17g, want %.17g", got, want);
}

static void open_interest_changes_over_a_minute(void **state)
{
    (void)state;
    struct rig r;
    double change = -1;
    open_cascades(&r);
    assert_false(mr_signal_oi_change(r.engine, 0, &change));
    tell_oi(&r, 0, 1000, MR_OI_BASE, 0, &instruments[0]);
    for (int s = 1; s < 60; s++) {
        tell_oi(&r, s, 1000 + s, MR_OI_BASE, 0, &instruments[0]);
        assert_false(mr_signal_oi_change(r.engine, 0, &change)); /* no value a minute old */
    }
    tell_oi(&r, 60, 1100, MR_OI_BASE, 0, &instruments[0]);
    assert_true(mr_signal_oi_change(r.engine, 0, &change));
    is_near(change, 0.1);
    tell_oi(&r, 60.5, 1200, MR_OI_BASE, 0, &instruments[0]); /* replaces the one of its second */
    assert_true(mr_signal_oi_change(r.engine, 0, &change));
    is_near(change, 0.2);
    rig_tick(&r, 90); /* then: 30 s old at 60 s ago, 1030 */
    assert_true(mr_signal_oi_change(r.engine, 0, &change));
    is_near(change, 1200.0 / 1030 - 1);
    rig_tick(&r, 180.5); /* two minutes after the last one */
    assert_true(mr_signal_oi_change(r.engine, 0, &change));
    rig_tick(&r, 181.6);
    assert_false(mr_signal_oi_change(r.engine, 0, &change));
    rig_close(&r);
}

static void a_slow_feed_of_open_interest_works_too(void **state)
{
    (void)state;
    struct rig r;
    double change = -1;
    open_cascades(&r);
    for (int s = 0; s <= 600; s += 45)
        tell_oi(&r, s, 1000 + s, MR_OI_CONTRACTS, 0, &instruments[1]);
    assert_true(mr_signal_oi_change(r.engine, 0, &change)); /* at 585 s: against 495 s, the last at or before 525 s */
    is_near(change, 1585.0 / 1495 - 1);
    tell_oi(&r, 600, 5, MR_OI_BASE, 0, &instruments[1]); /* counted in something else now: no comparison */
    assert_false(mr_signal_oi_change(r.engine, 0, &change));
    rig_close(&r);
}

static void instruments_are_weighted_by_their_usd(void **state)
{
    (void)state;
    struct rig r;
    double change = -1;
    open_cascades(&r);
    tell_oi(&r, 0, 1000, MR_OI_BASE, 3000000, &instruments[0]);
    tell_oi(&r, 0, 500, MR_OI_CONTRACTS, 1000000, &instruments[1]);
    tell_oi(&r, 0, 10, MR_OI_BASE, 0, &instruments[2]);              /* no USD, no price: left out */
    tell_oi(&r, 60, 900, MR_OI_BASE, 3000000, &instruments[0]);      /* -10 % */
    tell_oi(&r, 60, 600, MR_OI_CONTRACTS, 1000000, &instruments[1]); /* +20 % */
    tell_oi(&r, 60, 20, MR_OI_BASE, 0, &instruments[2]);
    assert_true(mr_signal_oi_change(r.engine, 0, &change));
    is_near(change, (3 * -0.1 + 1 * 0.2) / 4);
    struct mr_event mark = {.kind = MR_EVENT_MARK, .price = 2000000, .exponent = -1}; /* 200,000 USD each: 20 are 4 M */
    rig_event(&r, 61, mark, &instruments[2]);
    tell_oi(&r, 61, 20, MR_OI_BASE, 0, &instruments[2]);
    assert_true(mr_signal_oi_change(r.engine, 0, &change));
    is_near(change, (3 * -0.1 + 1 * 0.2 + 4 * 1.0) / 8);
    /* the change enters the score at the next tick */
    rig_tick(&r, 61.1);
    r.in.velocity_per_s[MR_WINDOW_10S] = 11;
    assert_int_equal(rig_tick(&r, 61.2), 1);
    is_near(r.out[0].oi_change_1m, change);
    is_near(r.out[0].component[MR_COMPONENT_OI], 1);
    assert_false(r.out[0].flags & MR_SIGNAL_MISSING_OI);
    rig_close(&r);
}

static void contracts_and_both_sides_are_valued_at_the_price(void **state)
{
    (void)state;
    struct rig r;
    double change = -1;
    open_cascades(&r);
    instruments[1].multiplier = 1; /* 0.01 of the base */
    instruments[1].multiplier_scale = 2;
    instruments[2].flags = MR_INSTRUMENT_INVERSE;
    instruments[2].multiplier = 100; /* 100 USD */
    struct mr_event mark = {.kind = MR_EVENT_MARK, .price = 50000};
    for (int round = 0; round < 2; round++) { /* the first makes them known, so that the price is kept */
        tell_oi(&r, round * 60, round ? 110 : 100, MR_OI_BASE_BOTH_SIDES, 0,
                &instruments[0]); /* 50 x 50,000 = 2.5 M; now 2.75 M */
        tell_oi(&r, round * 60, round ? 10000 : 8000, MR_OI_CONTRACTS, 0, &instruments[1]); /* now 100 base = 5 M */
        tell_oi(&r, round * 60, round ? 9000 : 10000, MR_OI_CONTRACTS, 0, &instruments[2]); /* now 0.9 M */
        for (int i = 0; i < 3; i++)
            rig_event(&r, round * 60, mark, &instruments[i]);
    }
    assert_true(mr_signal_oi_change(r.engine, 0, &change));
    is_near(change, (2.75 * 0.1 + 5 * 0.25 + 0.9 * -0.1) / 8.65);
    rig_close(&r);
}

static void funding_is_a_mean_per_8_hours(void **state)
{
    (void)state;
    struct rig r;
    double rate = -1;
    open_cascades(&r);
    tell_funding(&r, 0, 10000, 8, &instruments[0]); /* 0.01 % */
    assert_true(mr_signal_funding(r.engine, 0, &rate));
    is_near(rate, 0.0001);
    tell_funding(&r, 1, 10000, 1, &instruments[3]); /* hourly: 0.08 % in 8 hours */
    assert_true(mr_signal_funding(r.engine, 0, &rate));
    is_near(rate, (0.0001 + 0.0008) / 2);
    tell_oi(&r, 2, 1000, MR_OI_BASE, 9000000, &instruments[0]);
    tell_oi(&r, 2, 1000, MR_OI_BASE, 1000000, &instruments[3]);
    assert_true(mr_signal_funding(r.engine, 0, &rate));
    is_near(rate, 0.9 * 0.0001 + 0.1 * 0.0008);
    tell_funding(&r, 3, -50000, 0, &instruments[0]); /* interval unknown: as it is */
    assert_true(mr_signal_funding(r.engine, 0, &rate));
    is_near(rate, 0.9 * -0.0005 + 0.1 * 0.0008);
    rig_tick(&r, 1201.5); /* 20 min and more after the hourly one */
    assert_true(mr_signal_funding(r.engine, 0, &rate));
    is_near(rate, -0.0005);
    rig_tick(&r, 1204);
    assert_false(mr_signal_funding(r.engine, 0, &rate));
    rig_close(&r);
}

static void underlyings_do_not_mix(void **state)
{
    (void)state;
    struct rig r;
    double rate;
    open_cascades(&r);
    tell_funding(&r, 0, 10000, 8, &instruments[0]);
    for (int i = 0; i < 4; i++)
        rig_liquidation(&r, 1 + i, 50000, &instruments[0]);
    r.in.underlying = 1;
    r.in.name = "ETH";
    assert_int_equal(rig_liquidation(&r, 6, 50000, &instruments[1]), 0);
    assert_false(mr_signal_funding(r.engine, 1, &rate));
    rig_close(&r);
}

static void instruments_beyond_the_table_are_counted(void **state)
{
    (void)state;
    struct rig r;
    double rate;
    open_cascades(&r);
    struct mr_instrument far = made_instrument(r.config.instruments_max, 1, "FARUSDT");
    tell_funding(&r, 0, 10000, 8, &far);
    assert_true(r.metrics.unfollowed == 1);
    assert_false(mr_signal_funding(r.engine, 0, &rate));
    for (int i = 0; i < 5; i++) /* its liquidations count all the same */
        rig_liquidation(&r, 1 + i, 50000, &far);
    assert_int_equal(r.count, 1);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_liquidations_of_100000_usd_in_60_s_start_one),
        cmocka_unit_test(a_cascade_tells_its_life),
        cmocka_unit_test(an_event_after_the_quiet_ends_the_old_cascade_first),
        cmocka_unit_test(what_does_not_count_does_not_count),
        cmocka_unit_test(sums_saturate),
        cmocka_unit_test(a_full_window_lets_the_oldest_go_and_counts_it),
        cmocka_unit_test(random_streams_agree_with_a_look_at_all_of_the_past),
        cmocka_unit_test(updates_are_few),
        cmocka_unit_test(open_interest_changes_over_a_minute),
        cmocka_unit_test(a_slow_feed_of_open_interest_works_too),
        cmocka_unit_test(instruments_are_weighted_by_their_usd),
        cmocka_unit_test(contracts_and_both_sides_are_valued_at_the_price),
        cmocka_unit_test(funding_is_a_mean_per_8_hours),
        cmocka_unit_test(underlyings_do_not_mix),
        cmocka_unit_test(instruments_beyond_the_table_are_counted),
    };
    return MR_TEST_MAIN(tests);
}
