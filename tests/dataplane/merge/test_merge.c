/* The merge alone, case by case: events of an invented venue, by hand. */
#include "tests/dataplane/merge/rig.h"

#include <stdio.h>

static void give(struct rig *r, int lane, int64_t at_ms, struct mr_event ev)
{
    union mr_slot group[2] = {{.event = ev}, {.bytes = {0}}};
    group[0].event.recv_ns = at_ms * MS;
    mr_merge_take(r->merge, mr_merge_lane(r->merge, (uint16_t)(40 + lane)), group);
}

static struct rig *two_lanes(const char *product)
{
    struct rig *r = rig_open(product, WAIT_NS, 1024);
    rig_lane_open(r, 0);
    rig_lane_open(r, 1);
    return r;
}

static struct mr_event agg(uint64_t id)
{
    const struct mr_venue *binance = mr_venue_by_name("binance");
    struct mr_event ev = rig_event(MR_EVENT_TRADE, 0, id, (int64_t)id, 100);
    ev.source = rig_kind(binance, "aggTrade");
    return ev;
}

static void heard(const struct rig *r, uint32_t stream, const char *want)
{
    char text[256] = "";
    for (uint32_t i = 0; i < r->heard_count[stream]; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%llu ",
                 (unsigned long long)r->heard[stream][i].event.seq);
    assert_string_equal(text, want);
}

static void the_first_copy_wins_whoever_brings_it(void **state)
{
    (void)state;
    struct rig *r = two_lanes("binance:usdm");
    give(r, 0, 0, agg(1));
    give(r, 1, 3, agg(1)); /* 3 ms behind */
    give(r, 1, 4, agg(2)); /* now it leads */
    give(r, 1, 5, agg(3));
    give(r, 0, 9, agg(2)); /* 5 ms */
    give(r, 0, 9, agg(3)); /* 4 ms */
    give(r, 0, 10, agg(4));
    heard(r, 0, "1 2 3 4 ");
    assert_int_equal(r->lane_metrics[0].won, 2);
    assert_int_equal(r->lane_metrics[1].won, 2);
    assert_int_equal(r->lane_metrics[0].copies, 2);
    assert_int_equal(r->lane_metrics[1].copies, 1);
    assert_int_equal(r->metrics.passed, 4);
    assert_int_equal(r->metrics.copies, 3);
    struct mr_hist *lead = (struct mr_hist *)&r->lane_metrics[1].lead_ns;
    assert_int_equal(mr_hist_count(lead), 2);
    assert_true(mr_hist_max(lead) == 5 * MS && mr_hist_min(lead) == 4 * MS);
    rig_close(r);
}

static void a_hole_is_filled_by_the_other_lane(void **state)
{
    (void)state;
    struct rig *r = two_lanes("binance:usdm");
    give(r, 0, 0, agg(1));
    give(r, 1, 1, agg(1));
    give(r, 0, 2, agg(3)); /* 2 is missing */
    give(r, 0, 3, agg(4));
    heard(r, 0, "1 ");
    give(r, 1, 4, agg(2));
    heard(r, 0, "1 2 3 4 ");
    give(r, 1, 5, agg(3));
    give(r, 1, 5, agg(4));
    heard(r, 0, "1 2 3 4 ");
    assert_int_equal(r->metrics.healed, 1);
    assert_int_equal(r->metrics.gave_up, 0);
    assert_int_equal(r->lane_metrics[0].missed, 1);
    rig_close(r);
}

static void a_hole_that_nobody_fills_is_waited_for_no_longer_than_told(void **state)
{
    (void)state;
    struct rig *r = two_lanes("binance:usdm");
    give(r, 0, 0, agg(1));
    give(r, 1, 1, agg(1));
    give(r, 0, 2, agg(3));
    assert_int_equal(mr_merge_due_ns(r->merge), 2 * MS + WAIT_NS);
    mr_merge_due(r->merge, 2 * MS + WAIT_NS - 1);
    heard(r, 0, "1 ");
    mr_merge_due(r->merge, 2 * MS + WAIT_NS);
    heard(r, 0, "1 3 ");
    assert_int_equal(mr_merge_due_ns(r->merge), INT64_MAX);
    give(r, 1, 300, agg(2)); /* trades count, even late */
    heard(r, 0, "1 3 2 ");
    give(r, 1, 301, agg(3));
    give(r, 1, 301, agg(4));
    heard(r, 0, "1 3 2 4 ");
    assert_int_equal(r->metrics.late, 1);
    rig_close(r);
}

static void nothing_is_waited_for_when_nobody_can_bring_it(void **state)
{
    (void)state;
    struct rig *r = two_lanes("binance:usdm");
    give(r, 0, 0, agg(1));
    give(r, 1, 1, agg(1));
    give(r, 0, 2, agg(3));
    give(r, 1, 3, agg(3)); /* it has not got 2 either */
    heard(r, 0, "1 3 ");
    give(r, 0, 4, agg(5));
    rig_lane_close(r, 1); /* who could have */
    heard(r, 0, "1 3 5 ");
    give(r, 0, 5, agg(7)); /* alone */
    heard(r, 0, "1 3 5 7 ");
    rig_close(r);
}

static void equal_events_are_as_many_as_the_venue_says(void **state)
{
    (void)state;
    struct rig *r = two_lanes("bybit:linear");
    struct mr_event same = rig_event(MR_EVENT_LIQUIDATION, 0, 0, 7, 100);
    same.source = rig_kind(mr_venue_by_name("bybit"), "allLiquidation");
    give(r, 0, 0, same);
    give(r, 0, 0, same); /* two of one price and size in one millisecond */
    give(r, 1, 1, same);
    give(r, 1, 1, same);
    give(r, 1, 2, same);
    give(r, 0, 3, same);
    assert_int_equal(r->heard_count[0], 3);
    rig_close(r);
}

static void a_fast_new_lane_does_not_overtake_what_is_on_its_way(void **state)
{
    (void)state;
    struct rig *r = rig_open("bybit:linear", WAIT_NS, 1024);
    rig_lane_open(r, 0);
    for (uint64_t i = 1; i <= 3; i++)
        give(r, 0, (int64_t)i, rig_event(MR_EVENT_BBO, 0, i, (int64_t)i, 1));
    rig_lane_open(r, 1); /* subscribed at 6, while 4 and 5 are on their way */
    give(r, 1, 10, rig_event(MR_EVENT_BBO, 0, 6, 6, 1));
    give(r, 1, 11, rig_event(MR_EVENT_BBO, 0, 7, 7, 1));
    heard(r, 0, "1 2 3 ");
    give(r, 0, 12, rig_event(MR_EVENT_BBO, 0, 4, 4, 1));
    give(r, 0, 13, rig_event(MR_EVENT_BBO, 0, 5, 5, 1));
    heard(r, 0, "1 2 3 4 5 ");
    give(r, 0, 14, rig_event(MR_EVENT_BBO, 0, 6, 6, 1));
    heard(r, 0, "1 2 3 4 5 6 7 "); /* its place is known: 7 may go */
    give(r, 1, 15, rig_event(MR_EVENT_BBO, 0, 8, 8, 1));
    heard(r, 0, "1 2 3 4 5 6 7 8 ");
    rig_close(r);
}

static void an_image_of_a_second_subscription_does_not_replace_the_book(void **state)
{
    (void)state;
    struct rig *r = rig_open("bybit:linear", WAIT_NS, 1024);
    rig_lane_open(r, 0);
    give(r, 0, 0, rig_book(10, true));
    give(r, 0, 1, rig_book(11, false));
    rig_lane_open(r, 1);
    give(r, 1, 2, rig_book(13, true)); /* it is ahead of lane 0 */
    give(r, 1, 3, rig_book(14, false));
    assert_int_equal(r->images, 1);
    heard(r, 0, "11 ");
    give(r, 0, 4, rig_book(12, false));
    give(r, 0, 5, rig_book(13, false));
    heard(r, 0, "11 12 13 14 ");
    assert_int_equal(r->images, 1);
    r->broken = true; /* now it is wanted, whatever its number */
    give(r, 1, 6, rig_book(14, true));
    assert_int_equal(r->images, 2);
    r->broken = false;
    give(r, 0, 7, rig_book(14, false));
    give(r, 0, 8, rig_book(15, false));
    heard(r, 0, "11 12 13 14 15 ");
    give(r, 1, 9, rig_book(15, false));
    give(r, 1, 9, rig_book(1, true)); /* the venue begins anew */
    give(r, 0, 9, rig_book(1, true));
    assert_int_equal(r->images, 3);
    give(r, 0, 9, rig_book(2, false));
    heard(r, 0, "11 12 13 14 15 2 ");
    rig_close(r);
}

static struct mr_event value(int64_t price) /* as Hyperliquid's contexts: neither time nor number */
{
    struct mr_event ev = rig_event(MR_EVENT_MARK, 0, 0, 0, price);
    ev.source = rig_kind(mr_venue_by_name("hyperliquid"), "activeAssetCtx");
    return ev;
}

static void values_without_a_time_neither_go_back_nor_get_lost(void **state)
{
    (void)state;
    static const int64_t want[] = {1, 2, 1, 4, 1, 5, 1};
    struct rig *r = rig_open("hyperliquid:perp", WAIT_NS, 1024);
    rig_lane_open(r, 0);
    give(r, 0, 0, value(1));
    give(r, 0, 10, value(2));
    give(r, 0, 20, value(1));
    rig_lane_open(r, 1);
    give(r, 1, 31, value(4));
    give(r, 1, 41, value(1)); /* the third 1, not the first or the second */
    give(r, 0, 50, value(4));
    give(r, 0, 60, value(1));
    mr_merge_due(r->merge, 300 * MS);
    assert_int_equal(r->heard_count[0], 5);
    give(r, 1, 301, value(5)); /* its place is known */
    give(r, 0, 305, value(5));
    assert_int_equal(r->lane_metrics[1].won, 1);
    rig_lane_close(r, 0);
    give(r, 1, 900, value(1));
    assert_int_equal(r->heard_count[0], MR_COUNT_OF(want));
    for (size_t i = 0; i < MR_COUNT_OF(want); i++)
        assert_int_equal(r->heard[0][i].event.price, want[i]);
    rig_lane_open(r, 0);
    rig_lane_close(r, 1);
    give(r, 0, 2000, value(1)); /* long after: said again, no copy */
    assert_int_equal(r->heard_count[0], MR_COUNT_OF(want) + 1);
    rig_close(r);
}

/* A new lane begins with a value that no other brought; before its place is known the other ends. */
static void values_that_waited_when_the_others_end_are_not_told_twice(void **state)
{
    (void)state;
    static const int64_t want[] = {1, 2, 3, 4};
    struct rig *r = rig_open("hyperliquid:perp", WAIT_NS, 1024);
    rig_lane_open(r, 0);
    give(r, 0, 0, value(1));
    rig_lane_open(r, 1);
    give(r, 1, 10, value(7)); /* it was so between two messages: what followed has overruled it */
    give(r, 0, 20, value(2));
    give(r, 1, 21, value(2));
    give(r, 0, 30, value(3));
    give(r, 1, 31, value(3));
    give(r, 1, 40, value(4)); /* which the other does not live to bring */
    rig_lane_close(r, 0);
    assert_int_equal(r->heard_count[0], MR_COUNT_OF(want));
    for (size_t i = 0; i < MR_COUNT_OF(want); i++)
        assert_int_equal(r->heard[0][i].event.price, want[i]);
    assert_int_equal(r->lane_metrics[1].won, 1);
    rig_close(r);
}

/* Hyperliquid repeats old trades to each new subscriber; one who subscribed before has the last of them as news. */
static void a_trade_that_one_lane_repeats_and_another_brings_as_news_is_told_once(void **state)
{
    (void)state;
    struct rig *r = two_lanes("hyperliquid:perp");
    for (uint64_t i = 1; i <= 3; i++) {
        struct mr_event old = rig_event(MR_EVENT_TRADE, 0, i, (int64_t)i, 100);
        old.source = rig_kind(mr_venue_by_name("hyperliquid"), "trades");
        old.flags = MR_FLAG_SNAPSHOT;
        give(r, 0, 10, old);
    }
    for (uint64_t i = 3; i <= 4; i++) {
        struct mr_event news = rig_event(MR_EVENT_TRADE, 0, i, (int64_t)i, 100);
        news.source = rig_kind(mr_venue_by_name("hyperliquid"), "trades");
        give(r, 1, 20, news);
    }
    mr_merge_due(r->merge, 500 * MS);
    heard(r, 0, "1 2 3 4 ");
    rig_close(r);
}

static void prices(const struct rig *r, const char *want)
{
    char text[256] = "";
    for (uint32_t i = 0; i < r->heard_count[0]; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%lld ", (long long)r->heard[0][i].event.price);
    assert_string_equal(text, want);
}

/* The venue told the faster line one value less: what the slower one brings of it is older than what was told. */
static void a_value_without_a_time_that_one_line_lacks_is_not_told_after_later_ones(void **state)
{
    (void)state;
    struct rig *r = two_lanes("hyperliquid:perp");
    give(r, 0, 0, value(1));
    give(r, 1, 2, value(1));
    mr_merge_due(r->merge, 300 * MS); /* both in step */
    give(r, 0, 1000, value(2));
    give(r, 1, 1010, value(2));
    give(r, 0, 2000, value(4)); /* 3 it was not told */
    give(r, 1, 2010, value(3));
    prices(r, "1 2 4 ");
    give(r, 1, 2150, value(4)); /* which shows where the line is */
    mr_merge_due(r->merge, 2010 * MS + WAIT_NS);
    prices(r, "1 2 4 ");
    give(r, 1, 3000, value(5));
    give(r, 0, 3010, value(5));
    prices(r, "1 2 4 5 ");
    assert_int_equal(r->lane_metrics[1].won, 1);
    give(r, 0, 4000, value(6));
    give(r, 1, 4010, value(7)); /* astray again; and now the other ends */
    rig_lane_close(r, 0);
    give(r, 1, 4020, value(8));
    prices(r, "1 2 4 5 6 7 8 ");
    rig_lane_open(r, 0);
    give(r, 0, 5000, value(9));
    give(r, 1, 5010, value(9));
    mr_merge_due(r->merge, 5300 * MS);
    give(r, 0, 6000, value(10));
    give(r, 1, 6010, value(11)); /* nothing else shows where it is: who leads is followed */
    mr_merge_due(r->merge, 6010 * MS + WAIT_NS);
    give(r, 1, 6500, value(12));
    give(r, 0, 6510, value(12));
    mr_merge_due(r->merge, 6500 * MS + WAIT_NS);
    prices(r, "1 2 4 5 6 7 8 9 10 12 ");
    rig_close(r);
}

/* Bybit says the interval in the image alone: a line whose image did not come has none. */
static void a_funding_is_one_whether_or_not_its_line_knows_the_interval(void **state)
{
    (void)state;
    struct rig *r = two_lanes("bybit:linear");
    struct mr_event known = rig_event(MR_EVENT_FUNDING, 0, 0, 7, 100), unknown, other;
    known.source = rig_kind(mr_venue_by_name("bybit"), "tickers delta");
    known.size = 8 * 3600 * 1000 * MS;
    known.aux = 28800000 * MS;
    unknown = other = known;
    unknown.size = 0;
    other.size /= 2;
    give(r, 0, 0, unknown);
    give(r, 1, 1, known);
    assert_int_equal(r->heard_count[0], 1);
    known.venue_ns = unknown.venue_ns = other.venue_ns = 8 * MS;
    give(r, 1, 2, known);
    give(r, 0, 3, unknown);
    assert_int_equal(r->heard_count[0], 2);
    give(r, 0, 4, other); /* the venue changed it: that is news */
    assert_int_equal(r->heard_count[0], 3);
    known.aux += 1;
    known.venue_ns = 9 * MS;
    give(r, 0, 5, known);
    known.price += 1;
    give(r, 0, 5, known);
    assert_int_equal(r->heard_count[0], 5);
    rig_close(r);
}

static void a_lane_that_lags_behind_the_window_doubles_nothing(void **state)
{
    (void)state;
    struct rig *r = rig_open("bybit:linear", WAIT_NS, 256); /* 128 events of one slot */
    rig_lane_open(r, 0);
    rig_lane_open(r, 1);
    for (uint64_t i = 1; i <= 400; i++)
        give(r, 0, (int64_t)i, rig_event(MR_EVENT_MARK, 0, 0, (int64_t)i, (int64_t)i));
    give(r, 1, 401, rig_event(MR_EVENT_MARK, 0, 0, 1, 1));
    assert_int_equal(r->heard_count[0], 400);
    for (uint64_t i = 2; i <= 401; i++)
        give(r, 1, 402, rig_event(MR_EVENT_MARK, 0, 0, (int64_t)i, (int64_t)i));
    assert_int_equal(r->heard_count[0], 401); /* and leads with 401 */
    give(r, 0, 403, rig_event(MR_EVENT_MARK, 0, 0, 401, 401));
    assert_int_equal(r->heard_count[0], 401);
    assert_int_equal(r->lane_metrics[1].won, 1);
    rig_close(r);
}

static void a_full_hold_buffer_ends_waits_and_loses_nothing(void **state)
{
    (void)state;
    struct rig *r = two_lanes("binance:usdm");
    give(r, 0, 0, agg(1));
    give(r, 1, 0, agg(1));
    for (uint64_t i = 3; i < 6003; i++) /* two slots each, of 8,192 */
        give(r, 0, 1, agg(i));
    assert_true(r->metrics.gave_up >= 1);
    mr_merge_due(r->merge, 2 * MS + WAIT_NS);
    assert_int_equal(r->heard_count[0], 6001);
    for (uint32_t i = 1; i < 6001; i++)
        assert_int_equal(r->heard[0][i].event.seq, i + 2);
    rig_close(r);
}

/* KuCoin's welcome comes before anything is subscribed to, and so before the connection is told open. */
static void a_lane_that_spoke_before_it_was_told_open_is_counted_as_its_own(void **state)
{
    (void)state;
    struct rig *r = rig_open("kucoin:futures", WAIT_NS, 1024);
    assert_int_equal(mr_merge_open(r->merge, 40, 0, NULL), 0);
    rig_lane_open(r, 0);
    rig_lane_open(r, 1);
    assert_int_equal(mr_merge_lanes(r->merge), 2);
    for (int i = 1; i <= 3; i++) {
        struct mr_event ev = rig_event(MR_EVENT_TRADE, 0, (uint64_t)i, i, 100);
        ev.source = rig_kind(mr_venue_by_name("kucoin"), "execution");
        give(r, 0, 2 * i, ev);
        give(r, 1, 2 * i + 1, ev);
    }
    assert_int_equal(r->lane_metrics[0].won, 3);
    assert_int_equal(r->lane_metrics[1].copies, 3);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_copy_wins_whoever_brings_it),
        cmocka_unit_test(a_lane_that_spoke_before_it_was_told_open_is_counted_as_its_own),
        cmocka_unit_test(a_hole_is_filled_by_the_other_lane),
        cmocka_unit_test(a_hole_that_nobody_fills_is_waited_for_no_longer_than_told),
        cmocka_unit_test(nothing_is_waited_for_when_nobody_can_bring_it),
        cmocka_unit_test(equal_events_are_as_many_as_the_venue_says),
        cmocka_unit_test(a_fast_new_lane_does_not_overtake_what_is_on_its_way),
        cmocka_unit_test(an_image_of_a_second_subscription_does_not_replace_the_book),
        cmocka_unit_test(values_without_a_time_neither_go_back_nor_get_lost),
        cmocka_unit_test(values_that_waited_when_the_others_end_are_not_told_twice),
        cmocka_unit_test(a_trade_that_one_lane_repeats_and_another_brings_as_news_is_told_once),
        cmocka_unit_test(a_value_without_a_time_that_one_line_lacks_is_not_told_after_later_ones),
        cmocka_unit_test(a_funding_is_one_whether_or_not_its_line_knows_the_interval),
        cmocka_unit_test(a_lane_that_lags_behind_the_window_doubles_nothing),
        cmocka_unit_test(a_full_hold_buffer_ends_waits_and_loses_nothing),
    };
    return MR_TEST_MAIN(tests);
}
