/* The merge alone: events of an invented venue, by lanes with delays, losses and cuts drawn from a seed. What it passes on is what the venue said, in
 * its order, each once. */
#include <stdio.h>

#include "dataplane/merge/merge.h"
#include "tests/support/support.h"

#define MS 1000000ll
#define LANES 3
#define EVENTS 6000
#define STREAMS 6
#define WAIT_NS (200 * MS)

enum { TRADE, BBO, LIQUIDATION, MARK, BOOK, BOOK_2 };

struct lane {
    int64_t open_ns;                  /* what is said from then on reaches it; INT64_MAX: it is cut */
    int64_t cut_ns, again_ns;         /* when it is cut next, and when it comes again after that */
    int64_t last_arrival_ns, fast_ns; /* delays are drawn below this */
    bool open;                        /* the merge knows of it */
    uint32_t next;                    /* of `flight` */
    struct {
        union mr_slot group[2];
        int64_t at_ns;
    } flight[EVENTS * 2];
    uint32_t in_flight;
    uint8_t begun; /* streams that it has had an image of since it opened */
    uint64_t got;
};
struct rig {
    struct mr_merge *merge;
    struct mr_merge_metrics metrics;
    struct mr_lane_metrics lane_metrics[LANES];
    struct lane lane[LANES];
    struct mr_random random;
    union mr_slot said[EVENTS][2];
    uint32_t said_count;
    union mr_slot heard[STREAMS][EVENTS + 64];
    uint32_t heard_count[STREAMS], images;
    int64_t now_ns, pair; /* pair: the price of the last liquidation that was said twice */
    bool broken;
};

static uint8_t kind_of(const struct mr_venue *venue, const char *name)
{
    for (uint8_t k = 1; venue->kinds[k].name; k++)
        if (strcmp(venue->kinds[k].name, name) == 0)
            return k;
    fail_msg("no kind %s", name);
    return 0;
}

static void pass(void *arg, union mr_slot *group, bool held)
{
    struct rig *r = arg;
    uint32_t stream = group->event.instrument;
    (void)held;
    if (group->event.kind == MR_EVENT_BOOK && group->book.flags & MR_FLAG_SNAPSHOT) {
        r->images++;
        return;
    }
    r->heard[stream][r->heard_count[stream]++] = *group;
}

static bool wants_image(void *arg, uint32_t instrument)
{
    (void)instrument;
    return ((struct rig *)arg)->broken;
}

static void *memory(size_t bytes)
{
    void *mem = aligned_alloc(128, (bytes + 127) / 128 * 128);
    assert_non_null(mem);
    memset(mem, 0, (bytes + 127) / 128 * 128);
    return mem;
}

static struct rig *rig_open(const char *product, int64_t wait_ns, uint32_t window)
{
    struct rig *r = memory(sizeof *r);
    struct mr_merge_config config = {.lanes_max = LANES,
                                     .streams_max = 64,
                                     .window_slots = window,
                                     .hold_slots = 8192,
                                     .pass = pass,
                                     .wants_image = wants_image,
                                     .arg = r};
    assert_int_equal(mr_venue_parse(product, &config.venue, &config.product, NULL), MR_OK);
    mr_metrics_init_values(&r->metrics, &mr_merge_metrics_desc);
    for (int i = 0; i < LANES; i++)
        mr_metrics_init_values(&r->lane_metrics[i], &mr_lane_metrics_desc);
    r->merge = mr_merge_init(memory(mr_merge_bytes(&config)), &config, &r->metrics);
    mr_merge_begin(r->merge, wait_ns);
    r->now_ns = 1000000 * MS;
    return r;
}

static void rig_close(struct rig *r)
{
    free(r->merge);
    free(r);
}

static void open_lane(struct rig *r, int i)
{
    if (!r->lane[i].open)
        assert_true(mr_merge_open(r->merge, (uint16_t)(40 + i), 0, &r->lane_metrics[i]) >= 0);
    r->lane[i].open = true;
}

static void close_lane(struct rig *r, int i)
{
    mr_merge_close(r->merge, (uint16_t)(40 + i));
    r->lane[i].open = false;
}

/* ---- plain cases: one event, by hand ---- */

static struct mr_event event(enum mr_event_kind kind, uint32_t instrument, uint64_t seq, int64_t venue_ms,
                             int64_t price)
{
    return (struct mr_event){
        .kind = (uint8_t)kind, .instrument = instrument, .seq = seq, .venue_ns = venue_ms * MS, .price = price};
}

static void give(struct rig *r, int lane, int64_t at_ms, struct mr_event ev)
{
    union mr_slot group[2] = {{.event = ev}, {.bytes = {0}}};
    group[0].event.recv_ns = at_ms * MS;
    mr_merge_take(r->merge, mr_merge_lane(r->merge, (uint16_t)(40 + lane)), group);
}

static struct rig *two_lanes(const char *product)
{
    struct rig *r = rig_open(product, WAIT_NS, 1024);
    open_lane(r, 0);
    open_lane(r, 1);
    return r;
}

static struct mr_event agg(uint64_t id)
{
    const struct mr_venue *binance = mr_venue_by_name("binance");
    struct mr_event ev = event(MR_EVENT_TRADE, 0, id, (int64_t)id, 100);
    ev.source = kind_of(binance, "aggTrade");
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
    close_lane(r, 1); /* who could have */
    heard(r, 0, "1 3 5 ");
    give(r, 0, 5, agg(7)); /* alone */
    heard(r, 0, "1 3 5 7 ");
    rig_close(r);
}

static void equal_events_are_as_many_as_the_venue_says(void **state)
{
    (void)state;
    struct rig *r = two_lanes("bybit:linear");
    struct mr_event same = event(MR_EVENT_LIQUIDATION, 0, 0, 7, 100);
    same.source = kind_of(mr_venue_by_name("bybit"), "allLiquidation");
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
    open_lane(r, 0);
    for (uint64_t i = 1; i <= 3; i++)
        give(r, 0, (int64_t)i, event(MR_EVENT_BBO, 0, i, (int64_t)i, 1));
    open_lane(r, 1); /* subscribed at 6, while 4 and 5 are on their way */
    give(r, 1, 10, event(MR_EVENT_BBO, 0, 6, 6, 1));
    give(r, 1, 11, event(MR_EVENT_BBO, 0, 7, 7, 1));
    heard(r, 0, "1 2 3 ");
    give(r, 0, 12, event(MR_EVENT_BBO, 0, 4, 4, 1));
    give(r, 0, 13, event(MR_EVENT_BBO, 0, 5, 5, 1));
    heard(r, 0, "1 2 3 4 5 ");
    give(r, 0, 14, event(MR_EVENT_BBO, 0, 6, 6, 1));
    heard(r, 0, "1 2 3 4 5 6 7 "); /* its place is known: 7 may go */
    give(r, 1, 15, event(MR_EVENT_BBO, 0, 8, 8, 1));
    heard(r, 0, "1 2 3 4 5 6 7 8 ");
    rig_close(r);
}

static struct mr_event book(uint64_t u, bool image)
{
    union mr_slot slot = {.book = {.kind = MR_EVENT_BOOK, .seq = u, .first_seq = u, .venue_ns = (int64_t)u * MS}};
    slot.book.source = kind_of(mr_venue_by_name("bybit"), image ? "orderbook.50 snapshot" : "orderbook.50 delta");
    slot.book.flags = image ? MR_FLAG_SNAPSHOT : 0;
    return slot.event;
}

static void an_image_of_a_second_subscription_does_not_replace_the_book(void **state)
{
    (void)state;
    struct rig *r = rig_open("bybit:linear", WAIT_NS, 1024);
    open_lane(r, 0);
    give(r, 0, 0, book(10, true));
    give(r, 0, 1, book(11, false));
    open_lane(r, 1);
    give(r, 1, 2, book(13, true)); /* it is ahead of lane 0 */
    give(r, 1, 3, book(14, false));
    assert_int_equal(r->images, 1);
    heard(r, 0, "11 ");
    give(r, 0, 4, book(12, false));
    give(r, 0, 5, book(13, false));
    heard(r, 0, "11 12 13 14 ");
    assert_int_equal(r->images, 1);
    r->broken = true; /* now it is wanted, whatever its number */
    give(r, 1, 6, book(14, true));
    assert_int_equal(r->images, 2);
    r->broken = false;
    give(r, 0, 7, book(14, false));
    give(r, 0, 8, book(15, false));
    heard(r, 0, "11 12 13 14 15 ");
    give(r, 1, 9, book(15, false));
    give(r, 1, 9, book(1, true)); /* the venue begins anew */
    give(r, 0, 9, book(1, true));
    assert_int_equal(r->images, 3);
    give(r, 0, 9, book(2, false));
    heard(r, 0, "11 12 13 14 15 2 ");
    rig_close(r);
}

static struct mr_event value(int64_t price) /* as Hyperliquid's contexts: neither time nor number */
{
    struct mr_event ev = event(MR_EVENT_MARK, 0, 0, 0, price);
    ev.source = kind_of(mr_venue_by_name("hyperliquid"), "activeAssetCtx");
    return ev;
}

static void values_without_a_time_neither_go_back_nor_get_lost(void **state)
{
    (void)state;
    static const int64_t want[] = {1, 2, 1, 4, 1, 5, 1};
    struct rig *r = rig_open("hyperliquid:perp", WAIT_NS, 1024);
    open_lane(r, 0);
    give(r, 0, 0, value(1));
    give(r, 0, 10, value(2));
    give(r, 0, 20, value(1));
    open_lane(r, 1);
    give(r, 1, 31, value(4));
    give(r, 1, 41, value(1)); /* the third 1, not the first or the second */
    give(r, 0, 50, value(4));
    give(r, 0, 60, value(1));
    mr_merge_due(r->merge, 300 * MS);
    assert_int_equal(r->heard_count[0], 5);
    give(r, 1, 301, value(5)); /* its place is known */
    give(r, 0, 305, value(5));
    assert_int_equal(r->lane_metrics[1].won, 1);
    close_lane(r, 0);
    give(r, 1, 900, value(1));
    assert_int_equal(r->heard_count[0], MR_COUNT_OF(want));
    for (size_t i = 0; i < MR_COUNT_OF(want); i++)
        assert_int_equal(r->heard[0][i].event.price, want[i]);
    open_lane(r, 0);
    close_lane(r, 1);
    give(r, 0, 2000, value(1)); /* long after: said again, no copy */
    assert_int_equal(r->heard_count[0], MR_COUNT_OF(want) + 1);
    rig_close(r);
}

static void a_lane_that_lags_behind_the_window_doubles_nothing(void **state)
{
    (void)state;
    struct rig *r = rig_open("bybit:linear", WAIT_NS, 256); /* 128 events of one slot */
    open_lane(r, 0);
    open_lane(r, 1);
    for (uint64_t i = 1; i <= 400; i++)
        give(r, 0, (int64_t)i, event(MR_EVENT_MARK, 0, 0, (int64_t)i, (int64_t)i));
    give(r, 1, 401, event(MR_EVENT_MARK, 0, 0, 1, 1));
    assert_int_equal(r->heard_count[0], 400);
    for (uint64_t i = 2; i <= 401; i++)
        give(r, 1, 402, event(MR_EVENT_MARK, 0, 0, (int64_t)i, (int64_t)i));
    assert_int_equal(r->heard_count[0], 401); /* and leads with 401 */
    give(r, 0, 403, event(MR_EVENT_MARK, 0, 0, 401, 401));
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

/* ---- delays, losses, cuts from a seed ---- */

static void say(struct rig *r, uint64_t n, uint32_t stream)
{
    const struct mr_venue *bybit = mr_venue_by_name("bybit");
    union mr_slot *s = r->said[r->said_count];
    uint64_t seq = 1;
    for (uint32_t i = 0; i < r->said_count; i++)
        seq += r->said[i][0].event.instrument == stream;
    int64_t ms = r->now_ns / MS;
    s[1] = (union mr_slot){.bytes = {0}};
    switch (stream) {
    case TRADE:
        s[0].event = event(MR_EVENT_TRADE, stream, n, ms, (int64_t)mr_random_below(&r->random, 3));
        s[0].event.source = kind_of(bybit, "publicTrade");
        break;
    case BBO:
        s[0].event = event(MR_EVENT_BBO, stream, seq, ms, (int64_t)seq);
        s[0].book = (struct mr_book_head){.kind = MR_EVENT_BBO,
                                          .instrument = stream,
                                          .seq = seq,
                                          .bid_count = 1,
                                          .ask_count = 1,
                                          .venue_ns = ms * MS};
        s[1].level[0] = (struct mr_level){(int64_t)seq, 1};
        break;
    case LIQUIDATION: /* every second one equals the first in all it says */
        s[0].event = event(MR_EVENT_LIQUIDATION, stream, 0, ms, (int64_t)(seq + 1) / 2);
        s[0].event.source = kind_of(bybit, "allLiquidation");
        break;
    case MARK: /* time stands for a while */
        s[0].event = event(MR_EVENT_MARK, stream, 0, ms / 10 * 10, (int64_t)seq);
        break;
    default:
        s[0].event = book(seq, false);
        s[0].book.instrument = stream;
        break;
    }
    r->said_count++;
}

static void send(struct rig *r, int i, const union mr_slot *group)
{
    struct lane *l = &r->lane[i];
    int64_t at = r->now_ns + (int64_t)mr_random_below(&r->random, (uint64_t)l->fast_ns);
    at = at > l->last_arrival_ns ? at : l->last_arrival_ns;
    assert_true(l->in_flight < MR_COUNT_OF(l->flight));
    memcpy(l->flight[l->in_flight].group, group, sizeof l->flight[0].group);
    l->flight[l->in_flight].group[0].event.recv_ns = at;
    l->flight[l->in_flight++].at_ns = l->last_arrival_ns = at;
}

/* What the lane is told: an image when it has just opened, then all that is said, but for losses. */
static void tell(struct rig *r, int i, bool lost)
{
    struct lane *l = &r->lane[i];
    const union mr_slot *s = r->said[r->said_count - 1];
    uint32_t stream = s[0].event.instrument;
    if (r->now_ns < l->open_ns)
        return;
    if (stream >= BOOK && !(l->begun >> stream & 1)) {
        union mr_slot image[2] = {{.event = book(s[0].book.seq, true)}, {.bytes = {0}}};
        image[0].book.instrument = stream;
        l->begun |= (uint8_t)(1u << stream);
        send(r, i, image); /* says what the update said */
    } else if (!lost || stream < BOOK) {
        send(r, i, s);
    }
}

static void deliver_until(struct rig *r, int64_t until_ns)
{
    for (;;) {
        int best = -1;
        int64_t at = until_ns;
        for (int i = 0; i < LANES; i++) {
            const struct lane *l = &r->lane[i];
            if (l->open && l->next < l->in_flight && l->flight[l->next].at_ns < at) {
                best = i;
                at = l->flight[l->next].at_ns;
            }
        }
        int64_t due = mr_merge_due_ns(r->merge);
        if (due < at) {
            mr_merge_due(r->merge, due);
            continue;
        }
        if (best < 0)
            return;
        struct lane *l = &r->lane[best];
        mr_merge_take(r->merge, mr_merge_lane(r->merge, (uint16_t)(40 + best)), l->flight[l->next++].group);
        l->got++;
    }
}

/* One lane at a time is cut: what is on its way by it is lost; it comes again, and is left in peace until it has caught up. */
static void cut_lanes(struct rig *r)
{
    for (int i = 0; i < LANES; i++) {
        struct lane *l = &r->lane[i];
        if (r->now_ns >= l->cut_ns && l->open) {
            close_lane(r, i);
            l->next = l->in_flight = 0;
            l->begun = 0;
            l->open_ns = INT64_MAX;
            l->again_ns = r->now_ns + 50 * MS;
            l->cut_ns += LANES * 1000 * MS;
        } else if (!l->open && r->now_ns >= l->again_ns) {
            open_lane(r, i);
            l->open_ns = r->now_ns + 10 * MS;
            l->last_arrival_ns = 0;
            l->fast_ns = (1 + (int64_t)mr_random_below(&r->random, 40)) * MS;
        }
    }
}

static void compare(const struct rig *r, uint64_t seed)
{
    uint32_t at[STREAMS] = {0};
    for (uint32_t n = 0; n < r->said_count; n++) {
        const union mr_slot *want = r->said[n];
        uint32_t s = want->event.instrument;
        const union mr_slot *got = &r->heard[s][at[s]++];
        if (s >= BOOK && at[s] == 1 && got->event.seq == want->event.seq + 1) { /* the first was an image */
            at[s]--;
            continue;
        }
        if (at[s] > r->heard_count[s] || got->event.seq != want->event.seq || got->event.price != want->event.price ||
            got->event.venue_ns != want->event.venue_ns)
            fail_msg("seed %llu: stream %u event %u of %u: said %llu, heard %llu", (unsigned long long)seed, s,
                     at[s] - 1, r->heard_count[s], (unsigned long long)want->event.seq,
                     (unsigned long long)got->event.seq);
    }
    for (uint32_t s = 0; s < STREAMS; s++)
        assert_int_equal(at[s], r->heard_count[s]);
}

static void run(uint64_t seed)
{
    struct rig *r = rig_open("bybit:linear", WAIT_NS, 16384);
    r->random.state = seed;
    for (int i = 0; i < LANES; i++) {
        struct lane *l = &r->lane[i];
        open_lane(r, i);
        l->open_ns = r->now_ns;
        l->fast_ns = (1 + (int64_t)mr_random_below(&r->random, 40)) * MS;
        l->cut_ns = r->now_ns + (i + 1) * 1000 * MS;
    }
    for (uint64_t n = 1; n < EVENTS; n++) {
        bool pair = r->said_count && r->said[r->said_count - 1][0].event.instrument == LIQUIDATION &&
                    r->said[r->said_count - 1][0].event.price != r->pair;
        if (pair) {
            r->pair = r->said[r->said_count - 1][0].event.price;
        } else {
            r->now_ns += (int64_t)mr_random_below(&r->random, 3 * MS);
            deliver_until(r, r->now_ns);
            cut_lanes(r);
        }
        say(r, n, pair ? LIQUIDATION : (uint32_t)mr_random_below(&r->random, STREAMS));
        /* of one event not more than one lane loses it; and none while another comes again */
        bool peace = true;
        for (int i = 0; i < LANES; i++)
            peace &= r->lane[i].open && r->now_ns > r->lane[i].again_ns + 500 * MS;
        int loser = peace && mr_random_below(&r->random, 20) == 0 ? (int)mr_random_below(&r->random, LANES) : -1;
        for (int i = 0; i < LANES; i++)
            tell(r, i, i == loser);
    }
    deliver_until(r, INT64_MAX);
    compare(r, seed);
    assert_int_equal(r->metrics.gave_up, 0);
    assert_true(r->metrics.healed > 0);
    assert_int_equal(r->metrics.late, 0);
    uint64_t won = 0, copies = 0;
    for (int i = 0; i < LANES; i++) {
        won += r->lane_metrics[i].won;
        copies += r->lane_metrics[i].copies;
        assert_true(r->lane_metrics[i].won > 0);
    }
    assert_int_equal(won, r->metrics.passed);
    assert_int_equal(copies, r->metrics.copies + r->metrics.covered);
    assert_int_equal(r->metrics.passed, r->said_count); /* the first update of each book came as an image */
    assert_int_equal(r->images, STREAMS - BOOK);
    rig_close(r);
}

static void what_goes_on_is_what_the_venue_said_in_order_and_once(void **state)
{
    (void)state;
    uint64_t seeds = getenv("MILLRACE_QUICK") ? 20 : 100;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        run(seed);
}

/* KuCoin's welcome comes before anything is subscribed to, and so before the connection is told open. */
static void a_lane_that_spoke_before_it_was_told_open_is_counted_as_its_own(void **state)
{
    (void)state;
    struct rig *r = rig_open("kucoin:futures", WAIT_NS, 1024);
    assert_int_equal(mr_merge_open(r->merge, 40, 0, NULL), 0);
    open_lane(r, 0);
    open_lane(r, 1);
    assert_int_equal(mr_merge_lanes(r->merge), 2);
    for (int i = 1; i <= 3; i++) {
        struct mr_event ev = event(MR_EVENT_TRADE, 0, (uint64_t)i, i, 100);
        ev.source = kind_of(mr_venue_by_name("kucoin"), "execution");
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
        cmocka_unit_test(a_lane_that_lags_behind_the_window_doubles_nothing),
        cmocka_unit_test(a_full_hold_buffer_ends_waits_and_loses_nothing),
        cmocka_unit_test(what_goes_on_is_what_the_venue_said_in_order_and_once),
    };
    return MR_TEST_MAIN(tests);
}
