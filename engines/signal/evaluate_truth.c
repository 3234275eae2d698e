/* What was true: positives, negatives, and the answer for an alarm at any time. */
#include <stdlib.h>

#include "engines/signal/evaluate_priv.h"
#include "engines/window/math.h"

uint32_t mr_eval_first_ending_after(const struct mr_eval_span *spans, uint32_t count, int64_t t)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (spans[middle].to_ns > t)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Cuts [from, to) in whole pieces of the horizon; the rest is too short to be wrong in. */
static void add_negatives(struct eval_truth *t, int64_t from, int64_t to)
{
    for (; to - from >= t->horizon_ns; from += t->horizon_ns)
        t->negatives[t->negative_count++] = (struct mr_eval_span){from, from + t->horizon_ns};
}

/* The part of a quiet stretch in which no alarm would be true. */
static void add_quiet(struct eval_truth *t, int64_t from, int64_t to)
{
    uint32_t i = mr_eval_first_ending_after(t->positives, t->positive_count, from);
    for (; i < t->positive_count && t->positives[i].from_ns < to; i++) {
        add_negatives(t, from, t->positives[i].from_ns);
        from = t->positives[i].to_ns;
    }
    add_negatives(t, from, to);
}

static int open_windows(struct eval_truth *t)
{
    const struct mr_eval_track *track = t->track;
    size_t n = track->positive_count, pieces = (size_t)((track->to_ns - track->from_ns) / t->horizon_ns) + 1;
    t->positives = calloc(n + 1, sizeof *t->positives);
    t->begins = calloc(n + 1, sizeof *t->begins);
    t->negatives = calloc(pieces, sizeof *t->negatives);
    if (!t->positives || !t->begins || !t->negatives)
        return MR_E_NOMEM;
    for (size_t i = 0; i < n; i++) { /* the end of a positive belongs to it */
        t->positives[i] =
            (struct mr_eval_span){track->positives[i].from_ns - t->horizon_ns, track->positives[i].to_ns + 1};
        t->begins[i] = track->positives[i].from_ns;
    }
    t->positive_count = track->positive_count;
    for (uint32_t i = 0; i < track->quiet_count; i++)
        add_quiet(t, track->quiets[i].from_ns, track->quiets[i].to_ns);
    if (!track->quiet_count)
        add_quiet(t, track->from_ns, track->to_ns);
    return MR_OK;
}

/* A tree of minima: tree[1] the root, leaves from tree[leaves]. */
static double *tree_of(const struct mr_eval_track *track, uint32_t leaves, double sign)
{
    double *tree = malloc(2 * (size_t)leaves * sizeof *tree);
    if (!tree)
        return NULL;
    for (uint32_t i = 0; i < leaves; i++)
        tree[leaves + i] = i < track->price_count ? sign * track->prices[i].price : __builtin_inf();
    for (uint32_t i = leaves - 1; i > 0; i--)
        tree[i] = tree[2 * i] < tree[2 * i + 1] ? tree[2 * i] : tree[2 * i + 1];
    tree[0] = 0;
    return tree;
}

/* The first leaf at or after `from` with a value <= target; `leaves` where there is none. */
static uint32_t first_at_most(const double *tree, uint32_t leaves, uint32_t from, double target)
{
    if (from >= leaves)
        return leaves;
    for (uint32_t at = leaves + from;; at++) {
        if (tree[at] <= target) {
            while (at < leaves)
                at = tree[2 * at] <= target ? 2 * at : 2 * at + 1;
            return at - leaves;
        }
        while (at & 1) /* a right child: nothing more below its parent */
            at >>= 1;
        if (at == 0)
            return leaves;
    }
}

/* Last price at or before t; price_count where there is none. */
static uint32_t price_at(const struct mr_eval_track *track, int64_t t)
{
    uint32_t low = 0, high = track->price_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (track->prices[middle].at_ns > t)
            high = middle;
        else
            low = middle + 1;
    }
    return low ? low - 1 : track->price_count;
}

static enum eval_answer moves_after(const struct eval_truth *t, int64_t at_ns, int64_t *lead_ns)
{
    const struct mr_eval_track *track = t->track;
    const struct mr_eval_config *config = t->config;
    uint32_t i = price_at(track, at_ns), first = track->price_count;
    if (i == track->price_count)
        return EVAL_UNKNOWN;
    double price = track->prices[i].price, move = config->threshold / 100;
    if (config->unit == MR_EVAL_VOLATILITY) {
        if (!(track->prices[i].vol_5m > 0))
            return EVAL_UNKNOWN;
        move *= track->prices[i].vol_5m * mr_sqrt((double)t->horizon_ns / 300e9);
    }
    if (config->direction != MR_EVAL_UP) {
        uint32_t down = first_at_most(t->lowest, t->leaves, i + 1, price * (1 - move));
        first = down < first ? down : first;
    }
    if (config->direction != MR_EVAL_DOWN) {
        uint32_t up = first_at_most(t->highest, t->leaves, i + 1, -price * (1 + move));
        first = up < first ? up : first;
    }
    if (first < track->price_count && track->prices[first].at_ns - at_ns <= t->horizon_ns) {
        *lead_ns = track->prices[first].at_ns - at_ns;
        return EVAL_TRUE;
    }
    return track->prices[track->price_count - 1].at_ns - at_ns >= t->horizon_ns ? EVAL_FALSE : EVAL_UNKNOWN;
}

/* Runs of equal answers on the grid become positives and quiet stretches. */
static void close_run(struct eval_truth *t, enum eval_answer answer, int64_t from, int64_t to)
{
    if (answer == EVAL_TRUE)
        t->positives[t->positive_count++] = (struct mr_eval_span){from, to};
    else if (answer == EVAL_FALSE)
        add_negatives(t, from, to);
}

static int open_moves(struct eval_truth *t)
{
    const struct mr_eval_track *track = t->track;
    int64_t length = track->to_ns - track->from_ns, grid_ns = t->config->grid_ns, ignored;
    for (t->leaves = 1; t->leaves < track->price_count; t->leaves *= 2)
        ;
    t->lowest = tree_of(track, t->leaves, 1);
    t->highest = tree_of(track, t->leaves, -1);
    t->positives = calloc((size_t)(length / grid_ns) / 2 + 2, sizeof *t->positives);
    t->negatives = calloc((size_t)(length / t->horizon_ns) + 1, sizeof *t->negatives);
    if (!t->lowest || !t->highest || !t->positives || !t->negatives)
        return MR_E_NOMEM;
    enum eval_answer run = EVAL_UNKNOWN;
    int64_t from = track->from_ns, at = from;
    for (; at < track->to_ns; at += grid_ns) {
        enum eval_answer answer = moves_after(t, at, &ignored);
        if (answer == run)
            continue;
        close_run(t, run, from, at);
        run = answer;
        from = at;
    }
    close_run(t, run, from, track->to_ns);
    return MR_OK;
}

int mr_eval_truth_open(struct eval_truth *truth, const struct mr_eval_config *config, const struct mr_eval_track *track,
                       int64_t horizon_ns)
{
    *truth = (struct eval_truth){.config = config, .track = track, .horizon_ns = horizon_ns};
    return config->labels == MR_EVAL_MOVES ? open_moves(truth) : open_windows(truth);
}

void mr_eval_truth_close(struct eval_truth *truth)
{
    free(truth->positives);
    free(truth->begins);
    free(truth->negatives);
    free(truth->lowest);
    free(truth->highest);
}

static bool inside(const struct mr_eval_span *spans, uint32_t count, int64_t t)
{
    uint32_t i = mr_eval_first_ending_after(spans, count, t);
    return i < count && spans[i].from_ns <= t;
}

enum eval_answer mr_eval_truth_of(const struct eval_truth *truth, int64_t t, int64_t *lead_ns)
{
    if (truth->config->labels == MR_EVAL_MOVES)
        return moves_after(truth, t, lead_ns);
    uint32_t i = mr_eval_first_ending_after(truth->positives, truth->positive_count, t);
    if (i < truth->positive_count && truth->positives[i].from_ns <= t) {
        *lead_ns = truth->begins[i] - t;
        return EVAL_TRUE;
    }
    if (!truth->track->quiet_count)
        return EVAL_FALSE;
    return inside(truth->track->quiets, truth->track->quiet_count, t) ? EVAL_FALSE : EVAL_UNKNOWN;
}
