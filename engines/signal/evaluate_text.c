/* The figures for people and for programs. */
#include "engines/signal/evaluate.h"

static const struct {
    const char *name, *unit;
} measures[] = {
#define MR_X(id, name, unit) {name, unit},
    MR_EVAL_MEASURES(MR_X)
#undef MR_X
};
static const char *const verdicts[] = {"no alarms to judge", "nothing happened that an alarm could have told",
                                       "does not beat random alarms", "beats random alarms"};
static const char *const verdict_ids[] = {"no_alarms", "no_positives", "does_not_beat_random", "beats_random"};
static const char *const directions[] = {"down", "up", "either way"};

const char *mr_eval_measure_name(unsigned measure)
{
    return measure < MR_COUNT_OF(measures) ? measures[measure].name : "?";
}

const char *mr_eval_verdict_text(unsigned verdict) { return verdict < MR_COUNT_OF(verdicts) ? verdicts[verdict] : "?"; }

bool mr_eval_change_of(const struct mr_signal *signal, struct mr_eval_change *out)
{
    if (signal->kind != MR_SIGNAL_LEVEL)
        return false;
    *out = (struct mr_eval_change){signal->engine_ns, signal->level};
    return true;
}

bool mr_eval_change_of_cascade(const struct mr_signal *signal, struct mr_eval_change *out)
{
    if (signal->kind != MR_SIGNAL_CASCADE_START && signal->kind != MR_SIGNAL_CASCADE_END)
        return false;
    *out = (struct mr_eval_change){signal->engine_ns,
                                   signal->kind == MR_SIGNAL_CASCADE_START ? MR_LEVEL_CRITICAL : MR_LEVEL_NONE};
    return true;
}

static void text_figure(struct mr_text *text, const struct mr_eval_figure *f)
{
    if (f->known)
        mr_text_format(text, "  %9.4g [%9.4g, %9.4g]", f->value, f->low, f->high);
    else
        mr_text_format(text, "  %9s %24s", "-", "");
}

static void text_truth(struct mr_text *text, const struct mr_eval_config *c)
{
    if (c->labels == MR_EVAL_WINDOWS)
        mr_text_add(text, "labelled stretches");
    else if (c->unit == MR_EVAL_PERCENT)
        mr_text_format(text, "moves of %g %% %s", c->threshold, directions[c->direction]);
    else
        mr_text_format(text, "moves of %g volatilities %s", c->threshold, directions[c->direction]);
}

static void text_result(struct mr_text *text, const struct mr_eval_result *r)
{
    mr_text_format(text,
                   "\nwithin %g s: %llu alarms, %llu true, %llu unknown; %llu of %llu positives found; %llu of %llu "
                   "quiet pieces disturbed\n",
                   (double)r->horizon_ns / 1e9, (unsigned long long)r->alarms, (unsigned long long)r->true_alarms,
                   (unsigned long long)r->unknown_alarms, (unsigned long long)r->found,
                   (unsigned long long)r->positives, (unsigned long long)r->disturbed,
                   (unsigned long long)r->negatives);
    mr_text_format(text, "  %-20s %-6s  %-34s  %s\n", "", "", "rule [95 %]", "random alarms [95 %]");
    for (int m = 0; m < MR_EVAL_MEASURE_COUNT; m++) {
        mr_text_format(text, "  %-20s %-6s", measures[m].name, measures[m].unit);
        text_figure(text, &r->rule[m]);
        text_figure(text, &r->random[m]);
        mr_text_add(text, "\n");
    }
    mr_text_format(text, "  verdict: %s\n", mr_eval_verdict_text(r->verdict));
}

void mr_evaluate_text(struct mr_text *text, const struct mr_evaluation *e)
{
    mr_text_format(text, "%u underlyings, %.3g hours; alarms at %s or more; truth: ", e->tracks, e->hours,
                   mr_level_name(e->config.level_min));
    text_truth(text, &e->config);
    mr_text_add(text, "\n");
    for (uint32_t i = 0; i < e->result_count; i++)
        text_result(text, &e->result[i]);
}

static void json_figures(struct mr_json_out *json, const char *key, const struct mr_eval_figure *figures)
{
    mr_json_out_object(json, key);
    for (int m = 0; m < MR_EVAL_MEASURE_COUNT; m++) {
        if (!figures[m].known) {
            mr_json_out_null(json, measures[m].name);
            continue;
        }
        mr_json_out_object(json, measures[m].name);
        mr_json_out_double(json, "value", figures[m].value);
        mr_json_out_double(json, "low", figures[m].low);
        mr_json_out_double(json, "high", figures[m].high);
        mr_json_out_end(json);
    }
    mr_json_out_end(json);
}

static void json_result(struct mr_json_out *json, const struct mr_eval_result *r)
{
    mr_json_out_object(json, NULL);
    mr_json_out_double(json, "horizon_s", (double)r->horizon_ns / 1e9);
    mr_json_out_u64(json, "alarms", r->alarms);
    mr_json_out_u64(json, "true_alarms", r->true_alarms);
    mr_json_out_u64(json, "unknown_alarms", r->unknown_alarms);
    mr_json_out_u64(json, "positives", r->positives);
    mr_json_out_u64(json, "found", r->found);
    mr_json_out_u64(json, "negatives", r->negatives);
    mr_json_out_u64(json, "disturbed", r->disturbed);
    json_figures(json, "rule", r->rule);
    json_figures(json, "random", r->random);
    mr_json_out_string(json, "verdict", verdict_ids[r->verdict]);
    mr_json_out_end(json);
}

void mr_evaluate_json(struct mr_json_out *json, const char *key, const struct mr_evaluation *e)
{
    mr_json_out_object(json, key);
    mr_json_out_u64(json, "underlyings", e->tracks);
    mr_json_out_double(json, "hours", e->hours);
    mr_json_out_string(json, "level", mr_level_name(e->config.level_min));
    mr_json_out_string(json, "labels", e->config.labels == MR_EVAL_MOVES ? "moves" : "windows");
    if (e->config.labels == MR_EVAL_MOVES) {
        mr_json_out_double(json, "threshold", e->config.threshold);
        mr_json_out_string(json, "unit", e->config.unit == MR_EVAL_PERCENT ? "percent" : "volatility");
        mr_json_out_string(json, "direction", directions[e->config.direction]);
    }
    mr_json_out_u64(json, "seed", e->config.seed);
    mr_json_out_array(json, "horizons");
    for (uint32_t i = 0; i < e->result_count; i++)
        json_result(json, &e->result[i]);
    mr_json_out_end(json);
    mr_json_out_end(json);
}
