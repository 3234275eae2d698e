/* Freshness on series that are known: what is noticed and how soon, what is left alone, what is told. Time is the test's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/feed/fresh.h"
#include "tests/support/support.h"

#define MS 1000000ll
#define S (1000 * MS)
#define TICK (20 * MS)
#define BEGIN (1000000 * S)

/* ---- the desk: what was told and asked for ---- */

struct desk {
    void *mem;
    struct mr_fresh *fresh;
    struct mr_fresh_config config;
    int64_t now, ticked;
    uint32_t told[16][3], asked[16], redials[MR_FRESH_ROWS];
    int64_t told_ns[16];
    bool no_room, no_budget;
    uint64_t random;
};
static struct desk desk;

static bool tell(void *arg, uint32_t idx, enum mr_status_event is, int64_t now_ns)
{
    struct desk *d = arg;
    if (d->no_room)
        return false;
    d->told[idx][is]++;
    d->told_ns[idx] = now_ns;
    return true;
}

static bool ask(void *arg, uint32_t idx, int64_t now_ns)
{
    struct desk *d = arg;
    (void)now_ns;
    if (d->no_budget)
        return false;
    d->asked[idx]++;
    return true;
}

static void redial(void *arg, uint8_t row, int64_t now_ns)
{
    struct desk *d = arg;
    (void)now_ns;
    d->redials[row]++;
}

static const struct mr_fresh_acts acts = {tell, ask, redial, &desk};

static void open_desk(const struct mr_fresh_channel *channels, uint32_t count, const struct mr_fresh_config *config)
{
    memset(&desk, 0, sizeof desk);
    mr_fresh_config_default(&desk.config);
    if (config)
        desk.config = *config;
    desk.now = desk.ticked = BEGIN;
    desk.random = 20261121;
    desk.mem = aligned_alloc(64, (mr_fresh_bytes(count) + 63) / 64 * 64);
    assert_non_null(desk.mem);
    desk.fresh = mr_fresh_init(desk.mem, &desk.config, channels, count);
    mr_fresh_line(desk.fresh, 0, MR_FRESH_OPEN, desk.now);
}

static void close_desk(void) { free(desk.mem); }

/* Ticks up to `ns`, which becomes now. */
static void until(int64_t ns)
{
    for (; desk.ticked + TICK <= ns; desk.ticked += TICK)
        mr_fresh_tick(desk.fresh, desk.ticked + TICK, &acts);
    desk.now = ns;
}

static void say(uint32_t idx)
{
    if (mr_fresh_saw(&mr_fresh_cells(desk.fresh)[idx], desk.now))
        mr_fresh_tell(desk.fresh, idx, desk.now, &acts);
}

static unsigned state_of(uint32_t idx) { return mr_fresh_cells(desk.fresh)[idx].state; }

/* In (0, 1] */
static double uniform(void)
{
    uint64_t z = desk.random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)(((z ^ z >> 31) >> 11) + 1) / 9007199254740992.0;
}

/* ---- series ---- */

struct series {
    const char *name;
    int64_t (*gap)(uint32_t i, int64_t now_ns);
    double p999_s; /* of the true distribution */
    uint32_t gaps; /* of a full run */
};

static int64_t seconds(double s) { return (int64_t)(s * 1e9); }
static int64_t poisson(double rate) { return seconds(-log(uniform()) / rate); }
static int64_t regular_100ms(uint32_t i, int64_t now)
{
    (void)i, (void)now;
    return 100 * MS;
}
static int64_t regular_1s(uint32_t i, int64_t now)
{
    (void)i, (void)now;
    return S;
}
static int64_t shaking(uint32_t i, int64_t now) /* 500 ms, give or take a fifth */
{
    (void)i, (void)now;
    return seconds(0.5 * (0.8 + 0.4 * uniform()));
}
static int64_t poisson_1000(uint32_t i, int64_t now)
{
    (void)i, (void)now;
    return poisson(1000);
}
static int64_t poisson_20(uint32_t i, int64_t now)
{
    (void)i, (void)now;
    return poisson(20);
}
static int64_t poisson_2(uint32_t i, int64_t now)
{
    (void)i, (void)now;
    return poisson(2);
}
static int64_t poisson_slow(uint32_t i, int64_t now) /* so slow that its bound is what counts */
{
    (void)i, (void)now;
    return poisson(0.25);
}
static int64_t bursts(uint32_t i, int64_t now) /* twenty at once, then half a second to a second and a half */
{
    (void)now;
    return i % 20 ? poisson(2000) : seconds(0.5 + uniform());
}
/* From 8 a second by day to one in two seconds by night, and back, as smoothly as markets do. */
static int64_t day_and_night(uint32_t i, int64_t now)
{
    (void)i;
    double part = (double)((now - BEGIN) % (86400 * S)) / 86400e9;
    return poisson(2 * exp2(2 * cos(2 * 3.14159265358979 * part)));
}

static const struct series series[] = {
    {"regular, 100 ms", regular_100ms, 0.1, 100000},
    {"regular, 1 s", regular_1s, 1, 20000},
    {"500 ms, 20 % jitter", shaking, 0.6, 100000},
    {"Poisson, 1,000 a second", poisson_1000, 0.0069078, 1000000},
    {"Poisson, 20 a second", poisson_20, 0.34539, 1000000},
    {"Poisson, 2 a second", poisson_2, 3.4539, 200000},
    {"Poisson, 1 in 4 s", poisson_slow, 27.631, 100000},
    {"bursts of 20", bursts, 1.49, 400000},
    {"day and night", day_and_night, 0, 400000},
};

static const struct mr_fresh_channel one_book = {.symbol = "BTCUSDT", .channel = MR_DEPTH};

static uint32_t quick(uint32_t gaps)
{
    return getenv("MILLRACE_QUICK") ? gaps / 10 < 20000 ? (gaps < 20000 ? gaps : 20000) : gaps / 10 : gaps;
}

/* Ticks only where they can matter: a gap shorter than the floor cannot be stale. */
static void run(const struct series *s, uint32_t gaps)
{
    for (uint32_t i = 0; i < gaps; i++) {
        int64_t gap = s->gap(i, desk.now);
        if (gap < desk.config.floor_ns && i % 64)
            desk.now += gap, desk.ticked = desk.now - desk.now % TICK;
        else
            until(desk.now + gap);
        say(0);
    }
}

/* Full runs say 0 of 3,320,000 gaps in all, from one seed; a Poisson series' chance is below 1e-7 a gap where the bound does not bite. */
static void healthy_rhythms_are_left_alone_however_long_they_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(series); i++) {
        open_desk(&one_book, 1, NULL);
        run(&series[i], quick(series[i].gaps));
        if (desk.told[0][MR_STATUS_STALE])
            print_error("%s: %u false alarms\n", series[i].name, desk.told[0][MR_STATUS_STALE]);
        assert_int_equal(desk.told[0][MR_STATUS_STALE], 0);
        assert_int_equal(desk.told[0][MR_STATUS_LIVE], 1);
        assert_int_equal(desk.told[0][MR_STATUS_DEAD], 0);
        assert_int_equal(desk.asked[0] + desk.redials[0], 0);
        close_desk();
    }
}

static void a_mute_channel_is_noticed_within_three_times_its_true_p999(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(series); i++) {
        const struct series *s = &series[i];
        if (s->p999_s == 0) /* no one distribution */
            continue;
        open_desk(&one_book, 1, NULL);
        run(s, 20000);
        const struct mr_fresh_cell *cell = mr_fresh_cells(desk.fresh);
        int64_t fell_silent = desk.now, within = seconds(3 * s->p999_s);
        if (within < desk.config.floor_ns)
            within = desk.config.floor_ns;
        if (within > desk.config.bound_ns[2])
            within = desk.config.bound_ns[2];
        until(desk.now + 2 * within);
        int64_t took = desk.told_ns[0] - fell_silent;
        if (took > within + TICK)
            print_error("%s: noticed after %.3f s, not within %.3f s; learnt %.3f s\n", s->name, (double)took / 1e9,
                        (double)within / 1e9, (double)cell->p999_ns / 1e9);
        assert_int_equal(desk.told[0][MR_STATUS_STALE], 1);
        assert_true(took <= within + TICK);
        assert_true(took <= cell->limit_ns + TICK); /* and never beyond the limit that operators are shown */
        desk.now += S;
        say(0);
        assert_int_equal(desk.told[0][MR_STATUS_LIVE], 2);
        assert_int_equal(mr_fresh_channels(desk.fresh)[0].stales, 1);
        close_desk();
    }
}

static void the_learnt_p999_is_the_upper_edge_of_the_right_bucket(void **state)
{
    (void)state;
    int64_t last = 0;
    for (int64_t gap = 1; gap < 60 * S; gap += gap / 37 + 1) { /* buckets are in order and hold what they should */
        uint32_t b = mr_fresh_bucket(gap);
        assert_true(b < MR_FRESH_BUCKETS && b >= mr_fresh_bucket(last));
        last = gap;
    }
    assert_int_equal(mr_fresh_bucket(-5), 0);
    assert_int_equal(mr_fresh_bucket(INT64_MAX), MR_FRESH_BUCKETS - 1);
    for (int64_t gap = 9 * MS; gap < 60 * S; gap = gap * 5 / 4) {
        struct mr_fresh_config c;
        mr_fresh_config_default(&c);
        c.bound_ns[2] = 3600 * S;
        open_desk(&one_book, 1, &c);
        for (int i = 0; i <= MR_FRESH_LEARN; i++, desk.now += gap)
            say(0);
        for (int i = 0; i < 70; i++)
            mr_fresh_tick(desk.fresh, desk.now - gap, &acts);
        int64_t learnt = mr_fresh_cells(desk.fresh)->p999_ns;
        assert_true(learnt > gap && learnt <= gap + gap / 8 + 1);
        close_desk();
    }
}

static void until_a_thousand_gaps_are_learnt_only_the_bound_counts(void **state)
{
    (void)state;
    open_desk(&one_book, 1, NULL);
    run(&series[0], MR_FRESH_LEARN); /* the first message ends no gap */
    int64_t begun = desk.now;
    until(desk.now + 59 * S);
    assert_int_equal(state_of(0), MR_STATUS_LIVE);
    until(desk.now + 2 * S);
    assert_int_equal(state_of(0), MR_STATUS_STALE);
    assert_in_range(desk.told_ns[0] - begun, 60 * S - TICK, 60 * S + TICK);
    say(0); /* that was gap number 1,000 */
    until(desk.now + 2 * S);
    assert_int_equal(state_of(0), MR_STATUS_STALE);
    close_desk();
}

static void each_transition_is_told_once_and_dead_follows_stale(void **state)
{
    (void)state;
    open_desk(&one_book, 1, NULL);
    run(&series[0], 5000);
    until(desk.now + 179 * S); /* three bounds are 180 s */
    assert_int_equal(desk.told[0][MR_STATUS_STALE], 1);
    assert_int_equal(desk.told[0][MR_STATUS_DEAD], 0);
    until(desk.now + 300 * S);
    assert_int_equal(desk.told[0][MR_STATUS_STALE], 1);
    assert_int_equal(desk.told[0][MR_STATUS_DEAD], 1);
    say(0);
    assert_int_equal(desk.told[0][MR_STATUS_LIVE], 2);
    until(desk.now + 500 * MS);
    assert_int_equal(desk.told[0][MR_STATUS_LIVE], 2);
    close_desk();
}

static void what_could_not_be_told_is_told_when_there_is_room(void **state)
{
    (void)state;
    open_desk(&one_book, 1, NULL);
    run(&series[0], 5000);
    desk.no_room = true;
    until(desk.now + 2 * S);
    assert_int_equal(desk.told[0][MR_STATUS_STALE], 0);
    desk.no_room = false;
    until(desk.now + TICK);
    assert_int_equal(desk.told[0][MR_STATUS_STALE], 1);
    close_desk();
}

/* ---- what follows ---- */

enum { BOOK, TRADES, OTHER_BOOK, LIQUIDATIONS, FUNDING, OTHER_ROUTE };
static const struct mr_fresh_channel six[] = {
    {.symbol = "BTCUSDT", .channel = MR_DEPTH},
    {.symbol = "BTCUSDT", .channel = MR_TRADES},
    {.symbol = "ETHUSDT", .channel = MR_DEPTH},
    {.symbol = "", .channel = MR_LIQUIDATIONS, .quiet = true},
    {.symbol = "BTCUSDT", .channel = MR_FUNDINGS, .quiet = true},
    {.symbol = "BTCUSDT", .channel = MR_MARKS, .row = 1},
};

/* Books each 100 ms, trades 20 a second; marks each second on a connection of their own; nothing else speaks. */
static void market(int64_t ns, uint32_t mute)
{
    for (int64_t end = desk.now + ns; desk.now < end; until(desk.now + 50 * MS)) {
        int64_t at = (desk.now - BEGIN) / (50 * MS);
        for (uint32_t i = BOOK; i <= OTHER_ROUTE; i++)
            if (!(mute >> i & 1) &&
                (i == TRADES || (i <= OTHER_BOOK && at % 2 == 0) || (i == OTHER_ROUTE && at % 20 == 0)))
                say(i);
    }
}

static void open_market(void)
{
    open_desk(six, MR_COUNT_OF(six), NULL);
    mr_fresh_line(desk.fresh, 1, MR_FRESH_OPEN, desk.now);
    market(200 * S, 0);
    memset(desk.asked, 0, sizeof desk.asked);
}

static void one_mute_channel_is_renewed_once_and_its_neighbours_stay_live(void **state)
{
    (void)state;
    open_market();
    market(40 * S, 1u << BOOK);
    for (uint32_t i = 0; i < MR_COUNT_OF(six); i++)
        assert_int_equal(state_of(i), i == BOOK ? MR_STATUS_STALE : MR_STATUS_LIVE);
    for (uint32_t i = 0; i < MR_COUNT_OF(six); i++)
        assert_int_equal(desk.asked[i], i == BOOK);
    assert_int_equal(desk.redials[0] + desk.redials[1], 0);
    market(1 * S, 0);
    assert_int_equal(state_of(BOOK), MR_STATUS_LIVE);
    market(5 * S, 1u << BOOK); /* again, so soon: found stale, but not asked for again within the minute */
    assert_int_equal(state_of(BOOK), MR_STATUS_STALE);
    assert_int_equal(desk.asked[BOOK], 1);
    market(60 * S, 1u << BOOK);
    assert_int_equal(desk.asked[BOOK], 2);
    close_desk();
}

/* A pause of the venue, or of this machine: the channels come back one after another, and none of them was at fault. */
static void when_all_pause_at_once_nothing_is_subscribed_anew(void **state)
{
    (void)state;
    open_market();
    market(1700 * MS, ~0u);
    assert_int_equal(state_of(BOOK), MR_STATUS_STALE);
    market(200 * MS, 1u << BOOK);
    market(5 * S, 0);
    for (uint32_t i = 0; i < MR_COUNT_OF(six); i++) {
        assert_int_equal(desk.asked[i], 0);
        assert_int_equal(state_of(i), MR_STATUS_LIVE);
    }
    close_desk();
}

static void a_connection_on_which_nothing_speaks_is_dialled_anew_once(void **state)
{
    (void)state;
    open_market();
    market(30 * S, 0x1f);
    assert_int_equal(desk.redials[0], 1);
    assert_int_equal(desk.redials[1], 0);
    assert_int_equal(state_of(OTHER_ROUTE), MR_STATUS_LIVE);
    assert_int_equal(state_of(LIQUIDATIONS), MR_STATUS_STALE); /* quiet ones are what their connection is */
    mr_fresh_line(desk.fresh, 0, MR_FRESH_DOWN, desk.now);
    market(1 * S, 0x1f);
    assert_int_equal(state_of(TRADES), MR_STATUS_DEAD);
    assert_int_equal(state_of(FUNDING), MR_STATUS_DEAD);
    mr_fresh_line(desk.fresh, 0, MR_FRESH_OPEN, desk.now);
    market(1 * S, 0);
    for (uint32_t i = 0; i < MR_COUNT_OF(six); i++)
        assert_int_equal(state_of(i), MR_STATUS_LIVE);
    close_desk();
}

static void renewing_waits_for_its_budget(void **state)
{
    (void)state;
    open_market();
    desk.no_budget = true;
    market(10 * S, 1u << BOOK);
    assert_int_equal(state_of(BOOK), MR_STATUS_STALE);
    assert_int_equal(desk.asked[BOOK], 0);
    desk.no_budget = false;
    market(1 * S, 1u << BOOK);
    assert_int_equal(desk.asked[BOOK], 1);
    close_desk();
}

static void a_channel_that_may_be_quiet_is_never_stale_by_its_own_silence(void **state)
{
    (void)state;
    open_market();
    market(4000 * S, 0); /* an hour without a liquidation */
    assert_int_equal(state_of(LIQUIDATIONS), MR_STATUS_LIVE);
    assert_int_equal(state_of(FUNDING), MR_STATUS_LIVE);
    assert_int_equal(desk.told[LIQUIDATIONS][MR_STATUS_STALE], 0);
    assert_int_equal(desk.asked[LIQUIDATIONS], 0);
    close_desk();
}

static void of_an_instrument_with_one_quiet_side_only_that_is_judged_by_its_own_rhythm(void **state)
{
    (void)state; /* trades now and then, books all the time: both learnt, neither alarmed, each by its own p99.9 */
    static const struct mr_fresh_channel two[] = {{.symbol = "X", .channel = MR_DEPTH},
                                                  {.symbol = "X", .channel = MR_TRADES}};
    open_desk(two, 2, NULL);
    int64_t next = desk.now;
    for (int i = 0; i < 200000; i++) {
        until(desk.now + 100 * MS);
        say(0);
        if (desk.now >= next) {
            say(1);
            next = desk.now + poisson(0.2);
        }
    }
    assert_int_equal(desk.told[0][MR_STATUS_STALE] + desk.told[1][MR_STATUS_STALE], 0);
    assert_true(mr_fresh_cells(desk.fresh)[0].limit_ns <= S);
    assert_true(mr_fresh_cells(desk.fresh)[1].limit_ns > 20 * S);
    close_desk();
}

/* ---- what must not be learnt ---- */

static void gaps_of_lost_connections_and_of_our_own_absence_are_not_learnt(void **state)
{
    (void)state;
    open_desk(&one_book, 1, NULL);
    run(&series[0], 2000);
    for (int i = 0; i < 200; i++) { /* a fifth of all gaps would be learnt as 30 s */
        run(&series[0], 5);
        mr_fresh_line(desk.fresh, 0, MR_FRESH_DOWN, desk.now);
        until(desk.now + 15 * S);
        mr_fresh_line(desk.fresh, 0, MR_FRESH_OPEN, desk.now);
        until(desk.now + 15 * S);
        say(0);
        run(&series[0], 5);
        int64_t from = desk.now;
        desk.now = desk.ticked = from + 30 * S;
        mr_fresh_slept(desk.fresh, from, desk.now);
        mr_fresh_tick(desk.fresh, desk.now, &acts);
        assert_int_equal(state_of(0), MR_STATUS_LIVE); /* nobody looked: nobody was silent */
        uint16_t total = mr_fresh_cells(desk.fresh)->total;
        say(0);
        assert_int_equal(mr_fresh_cells(desk.fresh)->total, total);
    }
    assert_int_equal(desk.told[0][MR_STATUS_STALE], 0);
    until(desk.now + 500 * MS);
    assert_true(mr_fresh_cells(desk.fresh)->p999_ns < 150 * MS);
    until(desk.now + S);
    assert_int_equal(state_of(0), MR_STATUS_STALE);
    close_desk();
}

static void halving_keeps_the_longest_gap_and_every_other_one(void **state)
{
    (void)state;
    struct mr_fresh_cell cell = {.total = 6};
    cell.bucket[5] = 3;
    cell.bucket[90] = cell.bucket[91] = cell.bucket[92] = 1;
    mr_fresh_age(&cell);
    assert_int_equal(cell.bucket[92], 1);
    assert_int_equal(cell.bucket[91], 0);
    assert_int_equal(cell.bucket[90], 1);
    assert_int_equal(cell.bucket[5], 1);
    assert_int_equal(cell.total, 3);
}

static void a_slower_rhythm_is_learnt_after_a_few_gaps_and_a_faster_one_after_some_thousand(void **state)
{
    (void)state;
    open_desk(&one_book, 1, NULL);
    run(&series[0], 10000);
    for (int i = 0; i < 60; i++) { /* from one moment to the next: this is found stale, but not for long */
        until(desk.now + 5 * S);
        say(0);
    }
    assert_in_range(desk.told[0][MR_STATUS_STALE], 4, 9);
    run(&series[0], 3 * MR_FRESH_AGE);
    until(desk.now + S + TICK);
    assert_int_equal(state_of(0), MR_STATUS_STALE); /* the slow hour is forgotten */
    close_desk();
}

static void a_silent_connection_is_stale_at_once_and_live_again_with_its_bytes(void **state)
{
    (void)state;
    open_desk(&one_book, 1, NULL);
    run(&series[0], 100);
    mr_fresh_line(desk.fresh, 0, MR_FRESH_SILENT, desk.now);
    until(desk.now + 2 * TICK);
    assert_int_equal(state_of(0), MR_STATUS_STALE);
    mr_fresh_line(desk.fresh, 0, MR_FRESH_OPEN, desk.now);
    until(desk.now + 2 * TICK);
    assert_int_equal(state_of(0), MR_STATUS_LIVE);
    mr_fresh_mute(desk.fresh, 0); /* the session's own word */
    until(desk.now + 2 * TICK);
    assert_int_equal(state_of(0), MR_STATUS_STALE);
    say(0);
    assert_int_equal(state_of(0), MR_STATUS_LIVE);
    close_desk();
}

/* ---- configuration ---- */

static void absurd_configurations_are_refused_and_say_what_is_wanted(void **state)
{
    (void)state;
    static const struct {
        const char *want;
        double factor;
        int64_t floor_ns, answer_ns, depth_ns;
        uint32_t dead_factor;
    } cases[] = {
        {NULL, 2.6, S, 5 * S, 60 * S, 3},
        {NULL, 0, S, 5 * S, 0, 1},
        {"freshness.factor", 0.5, S, 5 * S, 60 * S, 3},
        {"freshness.factor", -1, S, 5 * S, 60 * S, 3},
        {"freshness.factor", 11, S, 5 * S, 60 * S, 3},
        {"freshness.factor", NAN, S, 5 * S, 60 * S, 3},
        {"freshness.floor", 2.6, MS, 5 * S, 60 * S, 3},
        {"freshness.floor", 2.6, 61 * S, 5 * S, 60 * S, 3},
        {"freshness.answer", 2.6, S, 5 * MS, 60 * S, 3},
        {"freshness.answer", 2.6, S, 601 * S, 60 * S, 3},
        {"freshness.depth", 2.6, S, 5 * S, S - 1, 3},
        {"freshness.depth", 2.6, S, 5 * S, 3601 * S, 3},
        {"freshness.depth", 2.6, S, 5 * S, -S, 3},
        {"freshness.dead_factor", 2.6, S, 5 * S, 60 * S, 0},
        {"freshness.dead_factor", 2.6, S, 5 * S, 60 * S, 101},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_fresh_config c;
        struct mr_err err = {0};
        mr_fresh_config_default(&c);
        c.factor = cases[i].factor;
        c.floor_ns = cases[i].floor_ns;
        c.answer_ns = cases[i].answer_ns;
        c.bound_ns[2] = cases[i].depth_ns;
        c.dead_factor = cases[i].dead_factor;
        int status = mr_fresh_check(&c, &err);
        assert_int_equal(status, cases[i].want ? MR_E_RANGE : MR_OK);
        if (cases[i].want)
            assert_non_null(strstr(err.text, cases[i].want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(healthy_rhythms_are_left_alone_however_long_they_run),
        cmocka_unit_test(a_mute_channel_is_noticed_within_three_times_its_true_p999),
        cmocka_unit_test(the_learnt_p999_is_the_upper_edge_of_the_right_bucket),
        cmocka_unit_test(until_a_thousand_gaps_are_learnt_only_the_bound_counts),
        cmocka_unit_test(each_transition_is_told_once_and_dead_follows_stale),
        cmocka_unit_test(what_could_not_be_told_is_told_when_there_is_room),
        cmocka_unit_test(one_mute_channel_is_renewed_once_and_its_neighbours_stay_live),
        cmocka_unit_test(when_all_pause_at_once_nothing_is_subscribed_anew),
        cmocka_unit_test(a_connection_on_which_nothing_speaks_is_dialled_anew_once),
        cmocka_unit_test(renewing_waits_for_its_budget),
        cmocka_unit_test(a_channel_that_may_be_quiet_is_never_stale_by_its_own_silence),
        cmocka_unit_test(of_an_instrument_with_one_quiet_side_only_that_is_judged_by_its_own_rhythm),
        cmocka_unit_test(gaps_of_lost_connections_and_of_our_own_absence_are_not_learnt),
        cmocka_unit_test(halving_keeps_the_longest_gap_and_every_other_one),
        cmocka_unit_test(a_slower_rhythm_is_learnt_after_a_few_gaps_and_a_faster_one_after_some_thousand),
        cmocka_unit_test(a_silent_connection_is_stale_at_once_and_live_again_with_its_bytes),
        cmocka_unit_test(absurd_configurations_are_refused_and_say_what_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
