/* The merge alone: events of an invented venue, by lanes with delays, losses and cuts drawn from a seed. What it passes on is what the venue said, in
 * its order, each once; who brought how much first, and by how much, is counted as it was. */
#include "tests/dataplane/merge/rig.h"

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
        s[0].event = rig_event(MR_EVENT_TRADE, stream, n, ms, (int64_t)mr_random_below(&r->random, 3));
        s[0].event.source = rig_kind(bybit, "publicTrade");
        break;
    case BBO:
        s[0].event = rig_event(MR_EVENT_BBO, stream, seq, ms, (int64_t)seq);
        s[0].book = (struct mr_book_head){.kind = MR_EVENT_BBO,
                                          .instrument = stream,
                                          .seq = seq,
                                          .bid_count = 1,
                                          .ask_count = 1,
                                          .venue_ns = ms * MS};
        s[1].level[0] = (struct mr_level){(int64_t)seq, 1};
        break;
    case LIQUIDATION: /* every second one equals the first in all it says */
        s[0].event = rig_event(MR_EVENT_LIQUIDATION, stream, 0, ms, (int64_t)(seq + 1) / 2);
        s[0].event.source = rig_kind(bybit, "allLiquidation");
        break;
    case MARK: /* time stands for a while */
        s[0].event = rig_event(MR_EVENT_MARK, stream, 0, ms / 10 * 10, (int64_t)seq);
        break;
    default:
        s[0].event = rig_book(seq, false);
        s[0].book.instrument = stream;
        break;
    }
    s[0].event.flags |= MR_FLAG_FIRST | MR_FLAG_LAST; /* a message each */
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
    l->flight[l->in_flight].group[0].event.connection = (uint16_t)i;
    l->flight[l->in_flight].said = r->said_count - 1;
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
        union mr_slot image[2] = {{.event = rig_book(s[0].book.seq, true)}, {.bytes = {0}}};
        image[0].book.instrument = stream;
        l->begun |= (uint8_t)(1u << stream);
        send(r, i, image); /* says what the update said */
    } else if (!lost || stream < BOOK) {
        send(r, i, s);
    }
}

/* The lane brings it now: the first one has won it, and leads every other one by the time between, while it is connected. */
static void foresee(struct rig *r, int lane, uint32_t said)
{
    if (r->first[said].at_ns == 0) {
        r->first[said].at_ns = r->lane[lane].flight[r->lane[lane].next].at_ns;
        r->first[said].lane = lane;
        MR_COUNT(&r->want[lane], won, 1);
        return;
    }
    const int winner = r->first[said].lane;
    MR_COUNT(&r->want[lane], copies, 1);
    if (r->lane[winner].open)
        MR_RECORD(&r->want[winner], lead_ns, r->lane[lane].flight[r->lane[lane].next].at_ns - r->first[said].at_ns);
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
        if (r->foresees)
            foresee(r, best, l->flight[l->next].said);
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
            rig_lane_close(r, i);
            l->next = l->in_flight = 0;
            l->begun = 0;
            l->open_ns = INT64_MAX;
            l->again_ns = r->now_ns + 50 * MS;
            l->cut_ns += LANES * 1000 * MS;
        } else if (!l->open && r->now_ns >= l->again_ns) {
            rig_lane_open(r, i);
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
        union mr_slot same = *want;
        same.event.recv_ns = got->event.recv_ns; /* these are the connection's */
        same.event.connection = got->event.connection;
        if (at[s] > r->heard_count[s] || memcmp(got, &same, sizeof same) != 0)
            fail_msg("seed %llu: stream %u event %u of %u: said %llu, heard %llu", (unsigned long long)seed, s,
                     at[s] - 1, r->heard_count[s], (unsigned long long)want->event.seq,
                     (unsigned long long)got->event.seq);
        if (r->first[n].at_ns) { /* foreseen: it is the copy that came first */
            assert_int_equal(got->event.connection, r->first[n].lane);
            assert_int_equal(got->event.recv_ns, r->first[n].at_ns);
        }
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
        rig_lane_open(r, i);
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

/* Two connections with delays, losses and a cut of their own. Each event goes on, as it was said and in order; who brought how many first, and by how much, is what the
 * arrivals say: every counter and every bucket. */
static void run_of_two(uint64_t seed)
{
    enum { LOSSLESS = 300 }; /* so many events before the cut: what one lacks the other has brought by then */
    struct rig *r = rig_open("bybit:linear", WAIT_NS, 16384);
    r->random.state = seed;
    const uint64_t cut = EVENTS / 2 + mr_random_below(&r->random, EVENTS / 4);
    const int victim = (int)mr_random_below(&r->random, 2);
    uint64_t lost[2] = {0, 0};
    for (int i = 0; i < LANES; i++) {
        r->lane[i].open_ns = i < 2 ? r->now_ns : INT64_MAX;
        r->lane[i].fast_ns = (1 + (int64_t)mr_random_below(&r->random, 40)) * MS;
        if (i < 2)
            rig_lane_open(r, i);
    }
    for (uint32_t stream = 0; stream < STREAMS;
         stream++) { /* until the second is in step it waits for the first; and images are no copies */
        say(r, stream, stream);
        tell(r, 0, false);
        tell(r, 1, false);
    }
    deliver_until(r, r->now_ns += 1000 * MS);
    memcpy(r->want, r->lane_metrics, sizeof r->want);
    r->foresees = true;
    for (uint64_t n = r->said_count; n < EVENTS; n++) {
        r->now_ns += (int64_t)mr_random_below(&r->random, 3 * MS);
        deliver_until(r, r->now_ns);
        if (n == cut) {
            rig_lane_close(r, victim);
            r->lane[victim].open_ns = INT64_MAX;
        }
        const uint32_t stream = (uint32_t)mr_random_below(&r->random, STREAMS);
        const bool loses = stream >= BOOK && n + LOSSLESS < cut && mr_random_below(&r->random, 10) == 0;
        const int loser = loses ? (int)mr_random_below(&r->random, 2) : -1;
        say(r, n, stream);
        for (int i = 0; i < 2; i++) {
            tell(r, i, i == loser);
            lost[i] += i == loser;
        }
    }
    deliver_until(r, INT64_MAX);
    compare(r, seed);
    assert_int_equal(r->metrics.gave_up + r->metrics.late, 0);
    uint64_t leads = 0;
    for (int i = 0; i < 2; i++) {
        const struct mr_lane_metrics *got = &r->lane_metrics[i], *want = &r->want[i];
        if (got->won != want->won || got->copies != want->copies || got->missed != lost[i])
            fail_msg("seed %llu, lane %d: won %llu of %llu, %llu copies of %llu, missed %llu of %llu",
                     (unsigned long long)seed, i, (unsigned long long)got->won, (unsigned long long)want->won,
                     (unsigned long long)got->copies, (unsigned long long)want->copies, (unsigned long long)got->missed,
                     (unsigned long long)lost[i]);
        assert_true(lost[i] > 0);
        leads += mr_hist_count((const struct mr_hist *)&got->lead_ns);
        assert_memory_equal(&got->lead_ns, &want->lead_ns, sizeof got->lead_ns);
    }
    assert_true(leads > EVENTS / 3);
    rig_close(r);
}

static void shares_and_lead_times_are_those_of_the_arrivals(void **state)
{
    (void)state;
    const uint64_t seeds = getenv("MILLRACE_QUICK") ? 20 : 100;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        run_of_two(seed);
}

static void what_goes_on_is_what_the_venue_said_in_order_and_once(void **state)
{
    (void)state;
    uint64_t seeds = getenv("MILLRACE_QUICK") ? 20 : 100;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        run(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_on_is_what_the_venue_said_in_order_and_once),
        cmocka_unit_test(shares_and_lead_times_are_those_of_the_arrivals),
    };
    return MR_TEST_MAIN(tests);
}
