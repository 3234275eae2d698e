/* Alarms from levels, what they were worth, and what random ones would have been. */
#include "engines/signal/evaluate.h"

#include <stdlib.h>

#include "engines/signal/evaluate_priv.h"
#include "engines/window/math.h"

#define DRAWS_MAX 100000u
#define POINTS_MAX (1ll << 27) /* grid points or pieces of one track: four years of seconds */
#define Z_95 1.959963984540054

/* What one stretch of time holds; figures are made of sums of these. */
struct block {
    uint64_t alarms, known, hits, positives, found, negatives, disturbed;
    int64_t on_ns, length_ns;
    uint32_t lead_first, lead_count;
};

/* One track at one horizon. */
struct scene {
    struct eval_truth truth;
    const struct eval_alarm *alarms;
    uint32_t alarm_count;
    struct block *blocks; /* its own part of study.blocks */
    uint32_t block_count;
    int64_t block_ns;
    uint32_t *positive_stamp, *negative_stamp; /* last measuring that touched them */
};

struct study {
    const struct mr_eval_config *config;
    struct scene *scenes;
    uint32_t scene_count, block_count, stamp;
    struct block *blocks; /* of all scenes */
    double *leads;        /* of the rule's alarms, block after block */
    uint32_t lead_count, lead_max;
    double *drawn_leads;      /* of one draw */
    struct eval_alarm *drawn; /* alarms of one random draw */
    double *samples;          /* MR_EVAL_MEASURE_COUNT rows of draws */
    uint32_t sample_max;
    uint64_t random;
};

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static uint64_t random_below(uint64_t *state, uint64_t bound)
{
    return (uint64_t)((mr_u128)next_random(state) * bound >> 64);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const struct eval_alarm *)a)->at_ns, y = ((const struct eval_alarm *)b)->at_ns;
    return (x > y) - (x < y);
}

/* Of sorted values, between neighbours by their distance. */
static double quantile(const double *sorted, uint32_t count, double p)
{
    double at = p * (count - 1);
    uint32_t i = (uint32_t)at;
    return i + 1 < count ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

static struct block *block_at(struct scene *scene, int64_t t)
{
    int64_t i = (t - scene->truth.track->from_ns) / scene->block_ns;
    return &scene->blocks[i <= 0 ? 0 : i < scene->block_count ? i : scene->block_count - 1];
}

static void add_lead(struct study *study, struct block *block, double *leads, uint32_t *count, double lead)
{
    if (!block->lead_count)
        block->lead_first = *count;
    block->lead_count++;
    MR_ASSERT(*count < study->lead_max);
    leads[(*count)++] = lead;
}

/* What one alarm found or disturbed, each thing once a measuring. */
static void judge(struct study *study, struct scene *scene, int64_t t,
                  struct block *(*block_of)(struct scene *, int64_t), double *leads, uint32_t *lead_count)
{
    struct eval_truth *truth = &scene->truth;
    struct block *here = block_of(scene, t);
    int64_t lead_ns = 0;
    enum eval_answer answer = mr_eval_truth_of(truth, t, &lead_ns);
    here->alarms++;
    here->known += answer != EVAL_UNKNOWN;
    here->hits += answer == EVAL_TRUE;
    if (answer == EVAL_TRUE) {
        uint32_t i = mr_eval_first_ending_after(truth->positives, truth->positive_count, t);
        for (; i < truth->positive_count && truth->positives[i].from_ns <= t; i++) {
            if (scene->positive_stamp[i] == study->stamp)
                continue;
            scene->positive_stamp[i] = study->stamp;
            block_of(scene, truth->positives[i].from_ns)->found++;
            int64_t lead = truth->begins ? truth->begins[i] - t : lead_ns;
            add_lead(study, here, leads, lead_count, (double)lead / 1e9);
        }
    } else if (answer == EVAL_FALSE) {
        uint32_t i = mr_eval_first_ending_after(truth->negatives, truth->negative_count, t);
        if (i < truth->negative_count && truth->negatives[i].from_ns <= t && scene->negative_stamp[i] != study->stamp) {
            scene->negative_stamp[i] = study->stamp;
            block_of(scene, truth->negatives[i].from_ns)->disturbed++;
        }
    }
}

/* All alarms of a scene, in time order; overlapping on-times count once. */
static void measure(struct study *study, struct scene *scene, const struct eval_alarm *alarms, uint32_t count,
                    struct block *(*block_of)(struct scene *, int64_t), double *leads, uint32_t *lead_count)
{
    int64_t on_until = INT64_MIN, to = scene->truth.track->to_ns;
    for (uint32_t i = 0; i < count; i++) {
        int64_t from = alarms[i].at_ns > on_until ? alarms[i].at_ns : on_until;
        int64_t until = alarms[i].on_ns < to - alarms[i].at_ns ? alarms[i].at_ns + alarms[i].on_ns : to;
        if (until > from) {
            block_of(scene, alarms[i].at_ns)->on_ns += until - from;
            on_until = until;
        }
        judge(study, scene, alarms[i].at_ns, block_of, leads, lead_count);
    }
}

static void add_block(struct block *sum, const struct block *b)
{
    sum->alarms += b->alarms;
    sum->known += b->known;
    sum->hits += b->hits;
    sum->positives += b->positives;
    sum->found += b->found;
    sum->negatives += b->negatives;
    sum->disturbed += b->disturbed;
    sum->on_ns += b->on_ns;
    sum->length_ns += b->length_ns;
}

static double ratio(double part, double whole) { return whole > 0 ? part / whole : __builtin_nan(""); }

/* NaN stands for "nothing to divide by". Sorts the leads. */
static void figures_of(const struct block *sum, double *leads, uint32_t lead_count, double out[MR_EVAL_MEASURE_COUNT])
{
    qsort(leads, lead_count, sizeof *leads, by_value);
    out[MR_EVAL_PRECISION] = ratio((double)sum->hits, (double)sum->known);
    out[MR_EVAL_RECALL] = ratio((double)sum->found, (double)sum->positives);
    out[MR_EVAL_FALSE_POSITIVE_RATE] = ratio((double)sum->disturbed, (double)sum->negatives);
    for (int q = 0; q < 3; q++)
        out[MR_EVAL_LEAD_Q1 + q] = lead_count ? quantile(leads, lead_count, 0.25 * (q + 1)) : __builtin_nan("");
    out[MR_EVAL_ALARMS_PER_HOUR] = ratio((double)sum->alarms, (double)sum->length_ns / 3600e9);
    out[MR_EVAL_SHARE_ON] = ratio((double)sum->on_ns, (double)sum->length_ns);
}

static void keep_sample(struct study *study, uint32_t draw, const double values[MR_EVAL_MEASURE_COUNT])
{
    for (int m = 0; m < MR_EVAL_MEASURE_COUNT; m++)
        study->samples[(size_t)m * study->sample_max + draw] = values[m];
}

/* Middle 95 % of the draws in which measure m was known; how many those were. */
static uint32_t spread(struct study *study, int m, uint32_t draws, struct mr_eval_figure *out, double *median)
{
    double *row = study->samples + (size_t)m * study->sample_max;
    uint32_t known = 0;
    for (uint32_t i = 0; i < draws; i++)
        if (row[i] == row[i])
            row[known++] = row[i];
    if (!known)
        return 0;
    qsort(row, known, sizeof *row, by_value);
    out->low = quantile(row, known, 0.025);
    out->high = quantile(row, known, 0.975);
    *median = quantile(row, known, 0.5);
    return known;
}

/* Wilson's interval of hits / count joined to what is there. */
static void widen(struct mr_eval_figure *figure, uint64_t hits, uint64_t count)
{
    if (!count)
        return;
    double n = (double)count, p = (double)hits / n, z2 = Z_95 * Z_95;
    double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
    double half = Z_95 * mr_sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    double low = middle - half > 0 ? middle - half : 0, high = middle + half < 1 ? middle + half : 1;
    figure->low = low < figure->low ? low : figure->low;
    figure->high = high > figure->high ? high : figure->high;
}

static void bootstrap(struct study *study, struct mr_eval_result *out)
{
    struct block sum = {0};
    double values[MR_EVAL_MEASURE_COUNT], median;
    for (uint32_t draw = 0; draw < study->config->bootstrap_draws; draw++) {
        struct block drawn = {0};
        uint32_t leads = 0;
        for (uint32_t i = 0; i < study->block_count; i++) {
            const struct block *b = &study->blocks[random_below(&study->random, study->block_count)];
            add_block(&drawn, b);
            for (uint32_t k = 0; k < b->lead_count; k++)
                study->drawn_leads[leads++] = study->leads[b->lead_first + k];
        }
        figures_of(&drawn, study->drawn_leads, leads, values);
        keep_sample(study, draw, values);
    }
    for (uint32_t i = 0; i < study->block_count; i++)
        add_block(&sum, &study->blocks[i]);
    figures_of(&sum, study->leads, study->lead_count, values); /* last: it sorts the leads */
    for (int m = 0; m < MR_EVAL_MEASURE_COUNT; m++) {
        struct mr_eval_figure *figure = &out->rule[m];
        figure->known = values[m] == values[m];
        if (!figure->known)
            continue;
        figure->value = figure->low = figure->high = values[m];
        spread(study, m, study->config->bootstrap_draws, figure, &median);
    }
    out->alarms = sum.alarms;
    out->true_alarms = sum.hits;
    out->unknown_alarms = sum.alarms - sum.known;
    out->positives = sum.positives;
    out->found = sum.found;
    out->negatives = sum.negatives;
    out->disturbed = sum.disturbed;
    widen(&out->rule[MR_EVAL_PRECISION], sum.hits, sum.known);
    widen(&out->rule[MR_EVAL_RECALL], sum.found, sum.positives);
    widen(&out->rule[MR_EVAL_FALSE_POSITIVE_RATE], sum.disturbed, sum.negatives);
}

/* Random alarms are only ever summed up: everything goes to the scene's one scratch block, behind its own. */
static struct block *scratch_block(struct scene *scene, int64_t t)
{
    (void)t;
    return &scene->blocks[scene->block_count];
}

static void random_alarms(struct study *study, struct mr_eval_result *out)
{
    double values[MR_EVAL_MEASURE_COUNT];
    for (uint32_t draw = 0; draw < study->config->random_draws; draw++) {
        struct block sum = {0};
        uint32_t leads = 0;
        study->stamp++;
        for (uint32_t s = 0; s < study->scene_count; s++) {
            struct scene *scene = &study->scenes[s];
            const struct mr_eval_track *track = scene->truth.track;
            uint64_t length = (uint64_t)(track->to_ns - track->from_ns);
            for (uint32_t i = 0; i < scene->alarm_count; i++)
                study->drawn[i] = (struct eval_alarm){track->from_ns + (int64_t)random_below(&study->random, length),
                                                      scene->alarms[i].on_ns};
            qsort(study->drawn, scene->alarm_count, sizeof *study->drawn, by_time);
            struct block *scratch = scratch_block(scene, 0);
            memset(scratch, 0, sizeof *scratch);
            scratch->positives = scene->truth.positive_count;
            scratch->negatives = scene->truth.negative_count;
            scratch->length_ns = track->to_ns - track->from_ns;
            measure(study, scene, study->drawn, scene->alarm_count, scratch_block, study->drawn_leads, &leads);
            add_block(&sum, scratch);
        }
        figures_of(&sum, study->drawn_leads, leads, values);
        keep_sample(study, draw, values);
    }
    for (int m = 0; m < MR_EVAL_MEASURE_COUNT; m++)
        out->random[m].known =
            spread(study, m, study->config->random_draws, &out->random[m], &out->random[m].value) > 0;
}

static enum mr_eval_verdict verdict_of(const struct mr_eval_result *r)
{
    if (!r->alarms || !r->rule[MR_EVAL_PRECISION].known)
        return MR_EVAL_NO_ALARMS;
    if (!r->positives)
        return MR_EVAL_NO_POSITIVES;
    bool precise = r->rule[MR_EVAL_PRECISION].low > r->random[MR_EVAL_PRECISION].high;
    bool no_less = r->rule[MR_EVAL_RECALL].value >= r->random[MR_EVAL_RECALL].value;
    return precise && no_less ? MR_EVAL_BEATS_RANDOM : MR_EVAL_DOES_NOT_BEAT_RANDOM;
}

/* Level changes to alarms; at most one for each change. */
static uint32_t alarms_of(const struct mr_eval_track *track, uint8_t level_min, struct eval_alarm *out)
{
    uint32_t count = 0;
    bool on = false;
    for (uint32_t i = 0; i < track->change_count; i++) {
        bool now = track->changes[i].level >= level_min;
        if (now && !on)
            out[count++] = (struct eval_alarm){track->changes[i].at_ns, track->to_ns - track->changes[i].at_ns};
        else if (!now && on)
            out[count - 1].on_ns = track->changes[i].at_ns - out[count - 1].at_ns;
        on = now;
    }
    return count;
}

static int open_scene(struct scene *scene, const struct study *study, const struct mr_eval_track *track,
                      int64_t horizon_ns)
{
    int status = mr_eval_truth_open(&scene->truth, study->config, track, horizon_ns);
    if (status != MR_OK)
        return status;
    struct eval_alarm *alarms = calloc((size_t)track->change_count + 1, sizeof *alarms);
    scene->alarms = alarms;
    scene->positive_stamp = calloc((size_t)scene->truth.positive_count + 1, sizeof *scene->positive_stamp);
    scene->negative_stamp = calloc((size_t)scene->truth.negative_count + 1, sizeof *scene->negative_stamp);
    if (!alarms || !scene->positive_stamp || !scene->negative_stamp)
        return MR_E_NOMEM;
    scene->alarm_count = alarms_of(track, study->config->level_min, alarms);
    scene->block_ns = study->config->block_ns > 2 * horizon_ns ? study->config->block_ns : 2 * horizon_ns;
    scene->block_count = (uint32_t)((track->to_ns - track->from_ns + scene->block_ns - 1) / scene->block_ns);
    return MR_OK;
}

/* Every scene's blocks in one array, without the scratch ones: what the bootstrap draws from. */
static void gather(struct study *study)
{
    uint32_t at = 0;
    for (uint32_t s = 0; s < study->scene_count; s++) {
        struct scene *scene = &study->scenes[s];
        const struct mr_eval_track *track = scene->truth.track;
        for (uint32_t b = 0; b < scene->block_count; b++) {
            int64_t from = track->from_ns + b * scene->block_ns, left = track->to_ns - from;
            scene->blocks[b].length_ns = left < scene->block_ns ? left : scene->block_ns;
        }
        for (uint32_t i = 0; i < scene->truth.positive_count; i++)
            block_at(scene, scene->truth.positives[i].from_ns)->positives++;
        for (uint32_t i = 0; i < scene->truth.negative_count; i++)
            block_at(scene, scene->truth.negatives[i].from_ns)->negatives++;
        measure(study, scene, scene->alarms, scene->alarm_count, block_at, study->leads, &study->lead_count);
        memcpy(study->blocks + at, scene->blocks, scene->block_count * sizeof *scene->blocks);
        at += scene->block_count;
    }
}

static int allocate(struct study *study)
{
    uint32_t alarms_max = 1, positives = 1;
    for (uint32_t s = 0; s < study->scene_count; s++) {
        struct scene *scene = &study->scenes[s];
        scene->blocks = calloc((size_t)scene->block_count + 1, sizeof *scene->blocks);
        if (!scene->blocks)
            return MR_E_NOMEM;
        study->block_count += scene->block_count;
        positives += scene->truth.positive_count;
        alarms_max = scene->alarm_count > alarms_max ? scene->alarm_count : alarms_max;
    }
    const struct mr_eval_config *c = study->config;
    study->lead_max = positives;
    study->sample_max = c->bootstrap_draws > c->random_draws ? c->bootstrap_draws : c->random_draws;
    study->blocks = calloc(study->block_count, sizeof *study->blocks);
    study->leads = calloc(positives, sizeof *study->leads);
    study->drawn = calloc(alarms_max, sizeof *study->drawn);
    study->samples = calloc((size_t)study->sample_max * MR_EVAL_MEASURE_COUNT, sizeof *study->samples);
    return study->blocks && study->leads && study->drawn && study->samples ? MR_OK : MR_E_NOMEM;
}

/* A draw may take the block with most leads every time. */
static int allocate_drawn_leads(struct study *study)
{
    size_t most = 1;
    for (uint32_t i = 0; i < study->block_count; i++)
        most = study->blocks[i].lead_count > most ? study->blocks[i].lead_count : most;
    most *= study->block_count;
    study->drawn_leads = calloc(most > study->lead_max ? most : study->lead_max, sizeof *study->drawn_leads);
    return study->drawn_leads ? MR_OK : MR_E_NOMEM;
}

static void close_study(struct study *study)
{
    for (uint32_t s = 0; study->scenes && s < study->scene_count; s++) {
        struct scene *scene = &study->scenes[s];
        mr_eval_truth_close(&scene->truth);
        free((void *)(uintptr_t)scene->alarms);
        free(scene->positive_stamp);
        free(scene->negative_stamp);
        free(scene->blocks);
    }
    free(study->scenes);
    free(study->blocks);
    free(study->leads);
    free(study->drawn_leads);
    free(study->drawn);
    free(study->samples);
}

static int one_horizon(const struct mr_eval_config *config, const struct mr_eval_track *tracks, uint32_t count,
                       int64_t horizon_ns, struct mr_eval_result *out)
{
    struct study study = {
        .config = config, .scene_count = count, .stamp = 1, .random = config->seed ^ (uint64_t)horizon_ns};
    *out = (struct mr_eval_result){.horizon_ns = horizon_ns};
    study.scenes = calloc(count, sizeof *study.scenes);
    int status = study.scenes ? MR_OK : MR_E_NOMEM;
    for (uint32_t s = 0; s < count && status == MR_OK; s++)
        status = open_scene(&study.scenes[s], &study, &tracks[s], horizon_ns);
    if (status == MR_OK)
        status = allocate(&study);
    if (status == MR_OK) {
        gather(&study);
        status = allocate_drawn_leads(&study);
    }
    if (status == MR_OK) {
        bootstrap(&study, out);
        random_alarms(&study, out);
        out->verdict = verdict_of(out);
    }
    close_study(&study);
    return status;
}

static const char *wrong_config(const struct mr_eval_config *c)
{
    if (c->horizon_count < 1 || c->horizon_count > MR_EVAL_HORIZONS_MAX)
        return "horizons: 1 to 8 are wanted";
    for (uint32_t i = 0; i < c->horizon_count; i++)
        if (c->horizon_ns[i] <= 0 || c->horizon_ns[i] > INT64_MAX / 8)
            return "horizons: each must be above 0";
    if (c->labels > MR_EVAL_MOVES || c->unit > MR_EVAL_VOLATILITY || c->direction > MR_EVAL_EITHER)
        return "labels, unit, direction: unknown value";
    if (c->labels == MR_EVAL_MOVES && (!(c->threshold > 0) || !__builtin_isfinite(c->threshold)))
        return "threshold: must be above 0";
    if (c->level_min < MR_LEVEL_WATCH || c->level_min >= MR_LEVEL_COUNT)
        return "level: WATCH, ALERT, CRITICAL or EXTREME";
    if (c->grid_ns <= 0 || c->block_ns <= 0)
        return "grid, block: must be above 0";
    if (c->bootstrap_draws < 1 || c->random_draws < 1 || c->bootstrap_draws > DRAWS_MAX || c->random_draws > DRAWS_MAX)
        return "draws: 1 to 100,000";
    return NULL;
}

static bool spans_in_order(const struct mr_eval_track *t, const struct mr_eval_span *spans, uint32_t count)
{
    int64_t last = t->from_ns;
    for (uint32_t i = 0; i < count; i++) {
        if (spans[i].from_ns < last || spans[i].to_ns < spans[i].from_ns || spans[i].to_ns > t->to_ns)
            return false;
        last = spans[i].to_ns;
    }
    return true;
}

static const char *wrong_track(const struct mr_eval_config *c, const struct mr_eval_track *t)
{
    int64_t length, last = t->from_ns;
    if (__builtin_sub_overflow(t->to_ns, t->from_ns, &length) || length <= 0)
        return "its end must come after its beginning";
    if (length / c->grid_ns > POINTS_MAX || length / c->block_ns > POINTS_MAX)
        return "it is too long for the grid";
    for (uint32_t i = 0; i < c->horizon_count; i++)
        if (length / c->horizon_ns[i] > POINTS_MAX)
            return "it is too long for the horizon";
    for (uint32_t i = 0; i < t->change_count; last = t->changes[i++].at_ns)
        if (t->changes[i].at_ns < last || t->changes[i].at_ns >= t->to_ns || t->changes[i].level >= MR_LEVEL_COUNT)
            return "its levels are not in time order, or outside its time";
    if (!spans_in_order(t, t->positives, t->positive_count) || !spans_in_order(t, t->quiets, t->quiet_count))
        return "its labels overlap, are not in time order, or outside its time";
    if (c->labels != MR_EVAL_MOVES)
        return NULL;
    if (!t->price_count || t->price_count > POINTS_MAX)
        return "it has no prices, or too many";
    for (uint32_t i = 0; i < t->price_count; i++)
        if ((i && t->prices[i].at_ns < t->prices[i - 1].at_ns) || !(t->prices[i].price > 0) ||
            !__builtin_isfinite(t->prices[i].price))
            return "its prices are not in time order, or not above 0";
    return NULL;
}

void mr_eval_config_default(struct mr_eval_config *config)
{
    *config = (struct mr_eval_config){
        .labels = MR_EVAL_MOVES,
        .unit = MR_EVAL_PERCENT,
        .direction = MR_EVAL_EITHER,
        .threshold = 1,
        .level_min = MR_LEVEL_ALERT,
        .horizon_count = 3,
        .horizon_ns = {30000000000ll, 60000000000ll, 300000000000ll},
        .grid_ns = 1000000000ll,
        .block_ns = 300000000000ll,
        .bootstrap_draws = 1000,
        .random_draws = 1000,
        .seed = 1,
    };
}

int mr_evaluate(const struct mr_eval_config *config, const struct mr_eval_track *tracks, uint32_t track_count,
                struct mr_evaluation *out, struct mr_err *err)
{
    const char *wrong = track_count ? wrong_config(config) : "nothing to evaluate";
    if (wrong)
        return mr_err_set(err, MR_E_INVALID, "evaluate: %s", wrong);
    *out = (struct mr_evaluation){.config = *config, .tracks = track_count, .result_count = config->horizon_count};
    for (uint32_t i = 0; i < track_count; i++) {
        wrong = wrong_track(config, &tracks[i]);
        if (wrong)
            return mr_err_set(err, MR_E_INVALID, "evaluate: track %u (%s): %s", i + 1,
                              tracks[i].name ? tracks[i].name : "?", wrong);
        out->hours += (double)(tracks[i].to_ns - tracks[i].from_ns) / 3600e9;
    }
    for (uint32_t h = 0; h < config->horizon_count; h++) {
        int status = one_horizon(config, tracks, track_count, config->horizon_ns[h], &out->result[h]);
        if (status != MR_OK)
            return mr_err_set(err, status, "evaluate: %s", mr_status_text(status));
    }
    return MR_OK;
}
