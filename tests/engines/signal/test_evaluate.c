/* Figures of alarms against what happened: by hand, against a plain recount, and against chance. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engines/signal/evaluate.h"
#include "tests/support/support.h"

#define S(seconds) ((int64_t)((seconds)*1e9))

static struct mr_eval_config config_for(enum mr_eval_labels labels, double horizon_s)
{
    struct mr_eval_config config;
    mr_eval_config_default(&config);
    config.labels = labels;
    config.horizon_count = 1;
    config.horizon_ns[0] = S(horizon_s);
    config.bootstrap_draws = config.random_draws = 300;
    return config;
}

static struct mr_eval_result judged(const struct mr_eval_config *config, const struct mr_eval_track *track)
{
    struct mr_evaluation e;
    struct mr_err err = {{0}};
    if (mr_evaluate(config, track, 1, &e, &err) != MR_OK)
        fail_msg("%s", err.text);
    return e.result[0];
}

static void labelled_stretches_by_hand(void **state)
{
    (void)state;
    /* an hour; a cascade at 1000 .. 1060 s and one at 2000 .. 2010 s; horizon 30 s */
    static const struct mr_eval_span cascades[] = {{S(1000), S(1060)}, {S(2000), S(2010)}};
    static const struct mr_eval_span quiet[] = {{S(0), S(900)}, {S(2100), S(3600)}};
    static const struct {
        const char *says;
        double up[4];
        bool with_quiet;
        unsigned alarms, hits, unknown, found, negatives, disturbed;
        double lead_median;
    } cases[] = {
        {"20 s before", {980}, false, 1, 1, 0, 1, 114, 0, 20},
        {"30 s before is in time", {970}, false, 1, 1, 0, 1, 114, 0, 30},
        {"31 s before is too early, in a rest too short for a piece", {969}, false, 1, 0, 0, 0, 114, 0, NAN},
        {"41 s before is too early", {959}, false, 1, 0, 0, 0, 114, 1, NAN},
        {"5 s late", {1005}, false, 1, 1, 0, 1, 114, 0, -5},
        {"at its last moment", {1060}, false, 1, 1, 0, 1, 114, 0, -60},
        {"after it", {1061}, false, 1, 0, 0, 0, 114, 1, NAN},
        {"both, one with two alarms: the first counts for the lead", {990, 1030, 2005}, false, 3, 3, 0, 2, 114, 0, 2.5},
        {"two false ones in one piece", {1, 2}, false, 2, 0, 0, 0, 114, 1, NAN},
        {"outside all labels is unknown", {1500}, true, 1, 0, 1, 0, 80, 0, NAN},
        {"in a quiet stretch is false", {100}, true, 1, 0, 0, 0, 80, 1, NAN},
    };
    struct mr_eval_config config = config_for(MR_EVAL_WINDOWS, 30);
    for (size_t n = 0; n < MR_COUNT_OF(cases); n++) {
        struct mr_eval_change changes[8];
        struct mr_eval_track track = {
            .name = "T", .to_ns = S(3600), .changes = changes, .positives = cascades, .positive_count = 2};
        for (int i = 0; i < 4 && cases[n].up[i] > 0; i++) {
            changes[track.change_count++] = (struct mr_eval_change){S(cases[n].up[i]), MR_LEVEL_CRITICAL};
            changes[track.change_count++] = (struct mr_eval_change){S(cases[n].up[i] + 0.5), MR_LEVEL_WATCH};
        }
        if (cases[n].with_quiet) {
            track.quiets = quiet;
            track.quiet_count = 2;
        }
        struct mr_eval_result r = judged(&config, &track);
        if (r.alarms != cases[n].alarms || r.true_alarms != cases[n].hits || r.unknown_alarms != cases[n].unknown ||
            r.found != cases[n].found || r.negatives != cases[n].negatives || r.disturbed != cases[n].disturbed ||
            r.positives != 2)
            fail_msg("%s: %llu alarms %llu true %llu unknown %llu found %llu negatives %llu disturbed", cases[n].says,
                     (unsigned long long)r.alarms, (unsigned long long)r.true_alarms,
                     (unsigned long long)r.unknown_alarms, (unsigned long long)r.found, (unsigned long long)r.negatives,
                     (unsigned long long)r.disturbed);
        const struct mr_eval_figure *f = r.rule;
        assert_int_equal(f[MR_EVAL_LEAD_MEDIAN].known, !isnan(cases[n].lead_median));
        if (f[MR_EVAL_LEAD_MEDIAN].known)
            assert_true(fabs(f[MR_EVAL_LEAD_MEDIAN].value - cases[n].lead_median) < 1e-9);
        assert_true(fabs(f[MR_EVAL_RECALL].value - cases[n].found / 2.0) < 1e-12);
        assert_true(fabs(f[MR_EVAL_ALARMS_PER_HOUR].value - cases[n].alarms) < 1e-12);
        assert_true(fabs(f[MR_EVAL_SHARE_ON].value - cases[n].alarms * 0.5 / 3600) < 1e-12);
    }
}

static void an_alarm_is_a_rise_to_the_wanted_level(void **state)
{
    (void)state;
    static const struct mr_eval_change changes[] = {
        {S(10), MR_LEVEL_WATCH}, {S(20), MR_LEVEL_CRITICAL}, {S(30), MR_LEVEL_EXTREME},
        {S(40), MR_LEVEL_ALERT}, {S(50), MR_LEVEL_WATCH},    {S(60), MR_LEVEL_ALERT},
        {S(60), MR_LEVEL_NONE},  {S(90), MR_LEVEL_EXTREME}, /* on until the end */
    };
    static const struct mr_eval_span positive = {S(95), S(96)};
    struct mr_eval_track track = {.to_ns = S(100),
                                  .changes = changes,
                                  .change_count = MR_COUNT_OF(changes),
                                  .positives = &positive,
                                  .positive_count = 1};
    static const struct {
        uint8_t level;
        unsigned alarms;
        double on_s;
    } cases[] = {
        {MR_LEVEL_WATCH, 2, 60},
        {MR_LEVEL_ALERT, 3, 40},
        {MR_LEVEL_CRITICAL, 2, 30},
        {MR_LEVEL_EXTREME, 2, 20},
    };
    struct mr_eval_config config = config_for(MR_EVAL_WINDOWS, 5);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        config.level_min = cases[i].level;
        struct mr_eval_result r = judged(&config, &track);
        assert_int_equal(r.alarms, cases[i].alarms);
        assert_true(fabs(r.rule[MR_EVAL_SHARE_ON].value - cases[i].on_s / 100) < 1e-12);
    }
}

static void moves_by_hand(void **state)
{
    (void)state;
    /* 100 until 500 s, then down 0.1 a second for 30 s to 97, then flat */
    static struct mr_eval_price prices[1001];
    for (int i = 0; i <= 1000; i++)
        prices[i] = (struct mr_eval_price){S(i), i < 500 ? 100 : i < 530 ? 100 - 0.1 * (i - 499) : 97, 0.5};
    static const struct {
        const char *says;
        double at;
        enum mr_eval_direction direction;
        enum mr_eval_unit unit;
        double threshold;
        unsigned hits, unknown;
        double lead;
    } cases[] = {
        {"20 s before a fall of 1 %", 489, MR_EVAL_DOWN, MR_EVAL_PERCENT, 0.9999, 1, 0, 20},
        {"the move must be within the horizon", 448, MR_EVAL_DOWN, MR_EVAL_PERCENT, 0.9999, 0, 0, 0},
        {"at the horizon's end it still counts", 449, MR_EVAL_DOWN, MR_EVAL_PERCENT, 0.9999, 1, 0, 60},
        {"it fell, it did not rise", 489, MR_EVAL_UP, MR_EVAL_PERCENT, 0.9999, 0, 0, 0},
        {"either way", 489, MR_EVAL_EITHER, MR_EVAL_PERCENT, 0.9999, 1, 0, 20},
        {"never 3.1 %", 489, MR_EVAL_DOWN, MR_EVAL_PERCENT, 3.1, 0, 0, 0},
        {"0.5 % in 5 min is 0.2236 % in 60 s: 4 of them are 0.894 %", 489, MR_EVAL_DOWN, MR_EVAL_VOLATILITY, 4, 1, 0,
         19},
        {"14 of them are 3.13 %", 489, MR_EVAL_DOWN, MR_EVAL_VOLATILITY, 14, 0, 0, 0},
        {"too near the end to know", 950, MR_EVAL_DOWN, MR_EVAL_PERCENT, 1, 0, 1, 0},
        {"60 s before the end is known", 940, MR_EVAL_DOWN, MR_EVAL_PERCENT, 1, 0, 0, 0},
    };
    struct mr_eval_config config = config_for(MR_EVAL_MOVES, 60);
    for (size_t n = 0; n < MR_COUNT_OF(cases); n++) {
        config.direction = cases[n].direction;
        config.unit = cases[n].unit;
        config.threshold = cases[n].threshold;
        struct mr_eval_change change = {S(cases[n].at), MR_LEVEL_ALERT};
        struct mr_eval_track track = {
            .to_ns = S(1000), .changes = &change, .change_count = 1, .prices = prices, .price_count = 1001};
        struct mr_eval_result r = judged(&config, &track);
        if (r.true_alarms != cases[n].hits || r.unknown_alarms != cases[n].unknown)
            fail_msg("%s: %llu true, %llu unknown", cases[n].says, (unsigned long long)r.true_alarms,
                     (unsigned long long)r.unknown_alarms);
        if (cases[n].hits)
            assert_true(fabs(r.rule[MR_EVAL_LEAD_MEDIAN].value - cases[n].lead) < 1e-9);
    }
}

/* ---- a plain recount */

struct recount {
    unsigned alarms, hits, unknown, positives, found, negatives, disturbed;
    double leads[4000];
    unsigned lead_count;
};

static int plain_truth(const struct mr_eval_config *c, const struct mr_eval_track *t, int64_t at, double *lead)
{
    int64_t y = c->horizon_ns[0];
    uint32_t i = 0;
    if (t->prices[0].at_ns > at)
        return 2;
    while (i + 1 < t->price_count && t->prices[i + 1].at_ns <= at)
        i++;
    double move = c->threshold / 100;
    if (c->unit == MR_EVAL_VOLATILITY) {
        if (!(t->prices[i].vol_5m > 0))
            return 2;
        move *= t->prices[i].vol_5m * sqrt((double)y / 300e9);
    }
    for (uint32_t k = i + 1; k < t->price_count && t->prices[k].at_ns <= at + y; k++) {
        bool down = t->prices[k].price <= t->prices[i].price * (1 - move),
             up = t->prices[k].price >= t->prices[i].price * (1 + move);
        if ((down && c->direction != MR_EVAL_UP) || (up && c->direction != MR_EVAL_DOWN)) {
            *lead = (double)(t->prices[k].at_ns - at) / 1e9;
            return 1;
        }
    }
    return t->prices[t->price_count - 1].at_ns >= at + y ? 0 : 2;
}

static void plain_recount(const struct mr_eval_config *c, const struct mr_eval_track *t, struct recount *r)
{
    double lead = 0;
    *r = (struct recount){0};
    for (int64_t from = t->from_ns; from < t->to_ns;) { /* each run of equal answers on the grid */
        int answer = plain_truth(c, t, from, &lead);
        int64_t to = from;
        while (to < t->to_ns && plain_truth(c, t, to, &lead) == answer)
            to += c->grid_ns;
        to = to < t->to_ns ? to : t->to_ns;
        if (answer == 0) {
            for (int64_t p = from; p + c->horizon_ns[0] <= to; p += c->horizon_ns[0]) {
                bool any = false;
                r->negatives++;
                for (uint32_t i = 0; i < t->change_count; i++)
                    any |= t->changes[i].level && t->changes[i].at_ns >= p &&
                           t->changes[i].at_ns < p + c->horizon_ns[0] &&
                           plain_truth(c, t, t->changes[i].at_ns, &lead) == 0;
                r->disturbed += any;
            }
        } else if (answer == 1) {
            r->positives++;
            for (uint32_t i = 0; i < t->change_count; i++)
                if (t->changes[i].level && t->changes[i].at_ns >= from && t->changes[i].at_ns < to &&
                    plain_truth(c, t, t->changes[i].at_ns, &lead) == 1) {
                    r->found++;
                    r->leads[r->lead_count++] = lead;
                    break;
                }
        }
        from = to;
    }
    for (uint32_t i = 0; i < t->change_count; i++) {
        if (!t->changes[i].level)
            continue;
        int answer = plain_truth(c, t, t->changes[i].at_ns, &lead);
        r->alarms++;
        r->hits += answer == 1;
        r->unknown += answer == 2;
    }
}

static double between(struct mr_random *r, double low, double high)
{
    return low + (high - low) * (double)(mr_random_next(r) >> 11) / 9007199254740992.0;
}

struct story {
    struct mr_eval_price prices[4000];
    struct mr_eval_change changes[400];
    struct mr_eval_track track;
};

/* A walk of irregular steps with jumps; alarms wherever. */
static void random_story(struct story *s, struct mr_random *r, uint32_t prices, uint32_t alarms)
{
    int64_t t = S(1000);
    double price = 100;
    s->track = (struct mr_eval_track){
        .name = "T", .from_ns = t, .prices = s->prices, .price_count = prices, .changes = s->changes};
    for (uint32_t i = 0; i < prices; i++) {
        t += (int64_t)(between(r, 0, 2) * 1e9);
        price *= 1 + between(r, -0.0006, 0.0006) + (mr_random_below(r, 300) == 0 ? between(r, -0.01, 0.01) : 0);
        s->prices[i] = (struct mr_eval_price){t, price, mr_random_below(r, 50) ? 0.5 : 0};
    }
    s->track.to_ns = t + S(5);
    int64_t at = s->track.from_ns, gap = (s->track.to_ns - at) / (alarms + 1);
    for (uint32_t i = 0; i < alarms; i++) {
        at += (int64_t)(between(r, 0.1, 0.9) * (double)gap);
        s->changes[s->track.change_count++] = (struct mr_eval_change){at, MR_LEVEL_ALERT};
        s->changes[s->track.change_count++] = (struct mr_eval_change){at + gap / 20, MR_LEVEL_NONE};
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void random_stories_agree_with_a_plain_recount(void **state)
{
    (void)state;
    static struct story s;
    static struct recount want;
    struct mr_random r = {99};
    unsigned found = 0, disturbed = 0, unknown = 0;
    for (int n = 0; n < 60; n++) {
        struct mr_eval_config c = config_for(MR_EVAL_MOVES, (double[]){5, 30, 90}[n % 3]);
        c.bootstrap_draws = c.random_draws = 3;
        c.direction = (enum mr_eval_direction)(n / 3 % 3);
        c.unit = n % 2 ? MR_EVAL_PERCENT : MR_EVAL_VOLATILITY;
        c.threshold = n % 2 ? 0.4 : 2;
        random_story(&s, &r, 300 + (uint32_t)mr_random_below(&r, 600), 1 + (uint32_t)mr_random_below(&r, 60));
        plain_recount(&c, &s.track, &want);
        struct mr_eval_result got = judged(&c, &s.track);
        assert_int_equal(got.alarms, want.alarms);
        assert_int_equal(got.true_alarms, want.hits);
        assert_int_equal(got.unknown_alarms, want.unknown);
        assert_int_equal(got.positives, want.positives);
        assert_int_equal(got.found, want.found);
        assert_int_equal(got.negatives, want.negatives);
        assert_int_equal(got.disturbed, want.disturbed);
        if (want.lead_count) {
            qsort(want.leads, want.lead_count, sizeof want.leads[0], by_value);
            double middle = (want.leads[(want.lead_count - 1) / 2] + want.leads[want.lead_count / 2]) / 2;
            assert_true(fabs(got.rule[MR_EVAL_LEAD_MEDIAN].value - middle) < 1e-9);
        }
        found += want.found;
        disturbed += want.disturbed;
        unknown += want.unknown;
    }
    assert_true(found > 50 && disturbed > 50 && unknown > 10);
}

/* ---- chance */

/* Six hours with a fall of 2 % about every ten minutes; alarms 5 s before `share` of them, and `noise` anywhere. */
static void falling_story(struct story *s, struct mr_random *r, double share, uint32_t noise)
{
    static struct mr_eval_price prices[21600];
    bool alarm[21600] = {false};
    double price = 100;
    int next = 300 + (int)mr_random_below(r, 600), fall = 0;
    s->track = (struct mr_eval_track){
        .name = "T", .to_ns = S(21600), .prices = prices, .price_count = 21600, .changes = s->changes};
    for (int i = 0; i < 21600; i++) {
        if (i == next - 5 && between(r, 0, 1) < share)
            alarm[i] = true;
        if (i == next) {
            next += 300 + (int)mr_random_below(r, 600);
            fall = 20;
        }
        price *= fall-- > 0 ? 0.999 : fall < -100 && fall >= -300 ? 1.0001 : 1;
        prices[i] = (struct mr_eval_price){S(i), price, 0};
    }
    for (uint32_t i = 0; i < noise; i++)
        alarm[mr_random_below(r, 21590)] = true;
    for (int i = 0; i < 21599; i++)
        if (alarm[i] && s->track.change_count + 2 <= MR_COUNT_OF(s->changes)) {
            s->changes[s->track.change_count++] = (struct mr_eval_change){S(i), MR_LEVEL_ALERT};
            s->changes[s->track.change_count++] = (struct mr_eval_change){S(i + 0.5), MR_LEVEL_NONE};
        }
}

static void a_rule_that_knows_beats_random_and_one_that_does_not_does_not(void **state)
{
    (void)state;
    static struct story s;
    struct mr_random r = {5};
    struct mr_eval_config c = config_for(MR_EVAL_MOVES, 30);
    c.direction = MR_EVAL_DOWN;
    falling_story(&s, &r, 0.9, 5);
    struct mr_eval_result knows = judged(&c, &s.track);
    assert_int_equal(knows.verdict, MR_EVAL_BEATS_RANDOM);
    assert_true(knows.rule[MR_EVAL_PRECISION].value > 0.75 && knows.rule[MR_EVAL_RECALL].value > 0.75);
    assert_true(knows.rule[MR_EVAL_FALSE_POSITIVE_RATE].value < 0.02);
    assert_true(knows.random[MR_EVAL_PRECISION].high < 0.25);
    assert_true(knows.rule[MR_EVAL_LEAD_MEDIAN].value >= 10 && knows.rule[MR_EVAL_LEAD_MEDIAN].value <= 20);
    for (int m = 0; m < MR_EVAL_MEASURE_COUNT; m++) {
        assert_true(knows.rule[m].known && knows.random[m].known);
        assert_true(knows.rule[m].low <= knows.rule[m].value && knows.rule[m].value <= knows.rule[m].high);
        assert_true(knows.random[m].low <= knows.random[m].value && knows.random[m].value <= knows.random[m].high);
    }
    int beaten = 0;
    double blind_sum = 0, random_sum = 0;
    for (int n = 0; n < 40; n++) { /* 40 rules that know nothing */
        falling_story(&s, &r, 0, 60);
        struct mr_eval_result blind = judged(&c, &s.track);
        beaten += blind.verdict == MR_EVAL_BEATS_RANDOM;
        blind_sum += blind.rule[MR_EVAL_PRECISION].value;
        random_sum += blind.random[MR_EVAL_PRECISION].value;
    }
    assert_true(fabs(blind_sum - random_sum) / 40 < 0.02); /* they are right as often as random alarms are */
    assert_true(beaten <= 1);
}

static void figures_come_from_the_seed(void **state)
{
    (void)state;
    static struct story s;
    struct mr_random r = {11};
    struct mr_eval_config c = config_for(MR_EVAL_MOVES, 30);
    falling_story(&s, &r, 0.5, 30);
    struct mr_eval_result a = judged(&c, &s.track), b = judged(&c, &s.track);
    assert_memory_equal(&a.verdict, &b.verdict, sizeof a.verdict);
    for (int m = 0; m < MR_EVAL_MEASURE_COUNT; m++)
        assert_true(a.rule[m].low == b.rule[m].low && a.rule[m].high == b.rule[m].high &&
                    a.random[m].value == b.random[m].value);
    c.seed = 2;
    b = judged(&c, &s.track);
    assert_true(a.rule[MR_EVAL_ALARMS_PER_HOUR].value == b.rule[MR_EVAL_ALARMS_PER_HOUR].value);
    bool same = true;
    for (int m = 0; m < MR_EVAL_MEASURE_COUNT; m++)
        same &= a.rule[m].low == b.rule[m].low && a.rule[m].high == b.rule[m].high;
    assert_false(same);
    assert_true(fabs(a.rule[MR_EVAL_PRECISION].low - b.rule[MR_EVAL_PRECISION].low) < 0.1);
}

static void three_of_three_is_not_certainty(void **state)
{
    (void)state;
    static const struct mr_eval_span cascades[] = {{S(1000), S(1060)}, {S(2000), S(2010)}, {S(3000), S(3010)}};
    static const struct mr_eval_change changes[] = {{S(995), 4},  {S(996), 0},  {S(1995), 4},
                                                    {S(1996), 0}, {S(2995), 4}, {S(2996), 0}};
    struct mr_eval_track track = {
        .to_ns = S(3600), .changes = changes, .change_count = 6, .positives = cascades, .positive_count = 3};
    struct mr_eval_config c = config_for(MR_EVAL_WINDOWS, 30);
    struct mr_eval_result r = judged(&c, &track);
    assert_true(r.rule[MR_EVAL_PRECISION].value == 1 && r.rule[MR_EVAL_PRECISION].high == 1);
    assert_true(fabs(r.rule[MR_EVAL_PRECISION].low - 3 / (3 + 1.959963984540054 * 1.959963984540054)) <
                1e-12); /* Wilson: 0.4385 */
}

static void nothing_to_judge_is_said(void **state)
{
    (void)state;
    static const struct mr_eval_span cascade = {S(1000), S(1060)};
    static const struct mr_eval_change changes[] = {{S(995), MR_LEVEL_ALERT}};
    struct mr_eval_config c = config_for(MR_EVAL_WINDOWS, 30);
    struct mr_eval_track track = {.to_ns = S(3600), .positives = &cascade, .positive_count = 1};
    struct mr_eval_result r = judged(&c, &track);
    assert_int_equal(r.verdict, MR_EVAL_NO_ALARMS);
    assert_false(r.rule[MR_EVAL_PRECISION].known);
    assert_false(r.random[MR_EVAL_PRECISION].known);
    assert_true(r.rule[MR_EVAL_RECALL].known && r.rule[MR_EVAL_RECALL].value == 0);
    track.positive_count = 0;
    track.changes = changes;
    track.change_count = 1;
    r = judged(&c, &track);
    assert_int_equal(r.verdict, MR_EVAL_NO_POSITIVES);
    assert_string_equal(mr_eval_verdict_text(MR_EVAL_DOES_NOT_BEAT_RANDOM), "does not beat random alarms");
    assert_string_equal(mr_eval_verdict_text(99), "?");
}

static void what_makes_no_sense_is_refused_in_words(void **state)
{
    (void)state;
    static const struct mr_eval_change good[] = {{S(10), 2}, {S(20), 0}}, back[] = {{S(20), 2}, {S(10), 0}},
                                       late[] = {{S(100), 2}}, level[] = {{S(1), 9}};
    static const struct mr_eval_span span[] = {{S(10), S(20)}, {S(15), S(30)}}, outside[] = {{S(90), S(101)}},
                                     turned[] = {{S(20), S(10)}};
    static const struct mr_eval_price price[] = {{S(1), 100, 0}, {S(0), 100, 0}}, zero[] = {{S(1), 0, 0}},
                                      nan_price[] = {{S(1), NAN, 0}};
    const struct mr_eval_track fine = {.name = "X", .to_ns = S(100), .changes = good, .change_count = 2};
    struct mr_evaluation out;
    struct mr_err err;
    struct mr_eval_config c;
    struct mr_eval_track t;
#define REFUSED(change, words)                                                                                         \
    do {                                                                                                               \
        c = config_for(MR_EVAL_WINDOWS, 30);                                                                           \
        t = fine;                                                                                                      \
        change;                                                                                                        \
        assert_int_equal(mr_evaluate(&c, &t, 1, &out, &err), MR_E_INVALID);                                            \
        if (!strstr(err.text, words))                                                                                  \
            fail_msg("%s", err.text);                                                                                  \
    } while (0)
    REFUSED(c.horizon_count = 0, "horizons");
    REFUSED(c.horizon_count = 9, "horizons");
    REFUSED(c.horizon_ns[0] = 0, "horizons");
    REFUSED(c.level_min = 0, "level");
    REFUSED(c.level_min = 5, "level");
    REFUSED(c.grid_ns = 0, "grid");
    REFUSED(c.block_ns = -1, "block");
    REFUSED(c.bootstrap_draws = 0, "draws");
    REFUSED(c.random_draws = 100001, "draws");
    REFUSED(c.labels = MR_EVAL_MOVES; c.threshold = 0, "threshold");
    REFUSED(c.labels = MR_EVAL_MOVES; c.threshold = NAN, "threshold");
    REFUSED(c.labels = MR_EVAL_MOVES, "no prices");
    REFUSED(c.labels = MR_EVAL_MOVES; t.prices = price; t.price_count = 2, "track 1 (X): its prices");
    REFUSED(c.labels = MR_EVAL_MOVES; t.prices = zero; t.price_count = 1, "prices");
    REFUSED(c.labels = MR_EVAL_MOVES; t.prices = nan_price; t.price_count = 1, "prices");
    REFUSED(t.to_ns = 0, "end");
    REFUSED(t.from_ns = INT64_MIN; t.to_ns = INT64_MAX, "end");
    REFUSED(t.to_ns = INT64_MAX; c.grid_ns = 1, "too long");
    REFUSED(t.changes = back, "levels");
    REFUSED(t.changes = late; t.change_count = 1, "levels");
    REFUSED(t.changes = level; t.change_count = 1, "levels");
    REFUSED(t.positives = span; t.positive_count = 2, "labels");
    REFUSED(t.quiets = outside; t.quiet_count = 1, "labels");
    REFUSED(t.positives = turned; t.positive_count = 1, "labels");
#undef REFUSED
    assert_int_equal(mr_evaluate(&c, &t, 0, &out, &err), MR_E_INVALID);
}

static void records_become_changes(void **state)
{
    (void)state;
    struct mr_signal s = {.engine_ns = 5, .kind = MR_SIGNAL_LEVEL, .level = MR_LEVEL_ALERT};
    struct mr_eval_change c;
    assert_true(mr_eval_change_of(&s, &c));
    assert_true(c.at_ns == 5 && c.level == MR_LEVEL_ALERT);
    assert_false(mr_eval_change_of_cascade(&s, &c));
    s.kind = MR_SIGNAL_CASCADE_START;
    assert_false(mr_eval_change_of(&s, &c));
    assert_true(mr_eval_change_of_cascade(&s, &c) && c.level == MR_LEVEL_CRITICAL);
    s.kind = MR_SIGNAL_CASCADE_END;
    assert_true(mr_eval_change_of_cascade(&s, &c) && c.level == MR_LEVEL_NONE);
    s.kind = MR_SIGNAL_CASCADE_UPDATE;
    assert_false(mr_eval_change_of_cascade(&s, &c));
}

static void figures_are_shown_with_both_intervals(void **state)
{
    (void)state;
    static struct story s;
    struct mr_random r = {5};
    struct mr_eval_config c = config_for(MR_EVAL_MOVES, 30);
    struct mr_evaluation e;
    static char out[16384];
    struct mr_text text;
    struct mr_json_out json;
    c.direction = MR_EVAL_DOWN;
    c.horizon_count = 2;
    c.horizon_ns[1] = S(60);
    falling_story(&s, &r, 0, 60);
    assert_int_equal(mr_evaluate(&c, &s.track, 1, &e, NULL), MR_OK);
    mr_text_init(&text, out, sizeof out);
    mr_evaluate_text(&text, &e);
    assert_false(text.cut);
    static const char *const lines[] = {"1 underlyings, 6 hours; alarms at ALERT or more; truth: moves of 1 % down\n",
                                        "\nwithin 30 s: ",
                                        "\nwithin 60 s: ",
                                        "  precision            share ",
                                        "  lead_median_s        s ",
                                        "verdict: does not beat random alarms\n"};
    for (size_t i = 0; i < MR_COUNT_OF(lines); i++)
        if (!strstr(out, lines[i]))
            fail_msg("no '%s' in:\n%s", lines[i], out);
    mr_text_init(&text, out, sizeof out);
    mr_json_out_init(&json, &text);
    mr_evaluate_json(&json, NULL, &e);
    assert_false(text.cut);
    static const char *const parts[] = {
        "{\"underlyings\":1,\"hours\":6,\"level\":\"ALERT\",\"labels\":\"moves\",\"threshold\":1,",
        "\"horizons\":[{\"horizon_s\":30,", "\"rule\":{\"precision\":{\"value\":",
        "\"random\":{\"precision\":{\"value\":", "\"verdict\":\"does_not_beat_random\"}]}"};
    for (size_t i = 0; i < MR_COUNT_OF(parts); i++)
        if (!strstr(out, parts[i]))
            fail_msg("no '%s' in:\n%s", parts[i], out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labelled_stretches_by_hand),
        cmocka_unit_test(an_alarm_is_a_rise_to_the_wanted_level),
        cmocka_unit_test(moves_by_hand),
        cmocka_unit_test(random_stories_agree_with_a_plain_recount),
        cmocka_unit_test(a_rule_that_knows_beats_random_and_one_that_does_not_does_not),
        cmocka_unit_test(figures_come_from_the_seed),
        cmocka_unit_test(three_of_three_is_not_certainty),
        cmocka_unit_test(nothing_to_judge_is_said),
        cmocka_unit_test(what_makes_no_sense_is_refused_in_words),
        cmocka_unit_test(records_become_changes),
        cmocka_unit_test(figures_are_shown_with_both_intervals),
    };
    return MR_TEST_MAIN(tests);
}
