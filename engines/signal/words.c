/* Names, and the one plain-words sentence of a record: bounded, and the same on every machine. */
#include "engines/signal/signal_priv.h"
#include "engines/volatility/volatility.h"

static const char *const level_names[] = {"NONE", "WATCH", "ALERT", "CRITICAL", "EXTREME"};
static const char *const kind_names[] = {"level", "cascade_start", "cascade_update", "cascade_end", "regime", "gap"};
static const char *const cause_names[] = {"none",      "probability", "velocity", "velocity_acceleration",
                                          "structure", "decay",       "regime"};
static const char *const component_names[] = {"velocity",      "acceleration", "notional",
                                              "open_interest", "funding",      "volatility"};
static const char *const component100_names[] = {"velocity", "acceleration", "jerk",
                                                 "volume",   "correlation",  "clustering"};
static_assert(MR_COUNT_OF(level_names) == MR_LEVEL_COUNT && MR_COUNT_OF(kind_names) == MR_SIGNAL_KIND_COUNT,
              "every one is named");
static_assert(MR_COUNT_OF(cause_names) == MR_CAUSE_COUNT && MR_COUNT_OF(component_names) == MR_COMPONENT_COUNT,
              "every one is named");
static_assert(MR_COUNT_OF(component100_names) == MR_COMPONENT100_COUNT, "every one is named");

#define NAME_OF(table, i) ((i) < MR_COUNT_OF(table) ? (table)[i] : "?")

const char *mr_level_name(unsigned level) { return NAME_OF(level_names, level); }

const char *mr_signal_cause_name(unsigned cause) { return NAME_OF(cause_names, cause); }

const char *mr_signal_kind_name(unsigned kind) { return NAME_OF(kind_names, kind); }

const char *mr_component_name(unsigned component) { return NAME_OF(component_names, component); }

const char *mr_component100_name(unsigned component) { return NAME_OF(component100_names, component); }

/* A finite number with at most `decimals` digits, "23.4"; beyond 18 digits it saturates. */
static void add_number(struct mr_text *t, double value, int decimals)
{
    double scaled = value * (double)mr_pow10[decimals];
    int64_t rounded = scaled >= 9e17    ? 900000000000000000
                      : scaled <= -9e17 ? -900000000000000000
                                        : (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
    mr_text_decimal(t, rounded, decimals);
}

static void add(struct mr_text *t, const char *before, double value, int decimals)
{
    mr_text_add(t, before);
    add_number(t, value, decimals);
}

static void add_venues(struct mr_text *t, uint32_t venues)
{
    int count = __builtin_popcount(venues);
    if (!count)
        return;
    mr_text_add(t, ", ");
    mr_text_i64(t, count);
    mr_text_add(t, count == 1 ? " venue" : " venues");
}

/* Big sums are told in the unit a person would use. */
static void add_usd(struct mr_text *t, int64_t micro_usd)
{
    double usd = (double)micro_usd / 1e6;
    if (usd >= 1e9)
        add_number(t, usd / 1e9, 2);
    else if (usd >= 1e6)
        add_number(t, usd / 1e6, 2);
    else
        add_number(t, usd, 0);
    mr_text_add(t, usd >= 1e9 ? " bn USD" : usd >= 1e6 ? " M USD" : " USD");
}

static void rise(struct mr_text *t, const struct mr_signal *out, const struct mr_signal_config *config)
{
    double velocity = out->velocity_per_s[MR_WINDOW_10S], scale = out->velocity_scale > 0 ? out->velocity_scale : 1;
    switch (out->cause) {
    case MR_CAUSE_VELOCITY:
        add(t, "velocity ", velocity, 1);
        add(t, "/s over ", config->level_velocity[out->level] * scale, 1);
        add(t, "/s, p ", out->probability, 2);
        break;
    case MR_CAUSE_VELOCITY_ACCELERATION:
        add(t, "velocity ", velocity, 1);
        add(t, "/s, acceleration ", out->acceleration, 1);
        add(t, "/s2, p ", out->probability, 2);
        break;
    default:
        add(t, "p ", out->probability, 2);
        if (out->flags & MR_SIGNAL_LIFTED) {
            add(t, " (", out->probability_base, 2);
            add(t, " x", out->multiplier, 1);
            mr_text_add(t, " odds)");
        }
        add(t, " over ", config->level_probability[out->level], 2);
        add(t, ", velocity ", velocity, 1);
        mr_text_add(t, "/s");
    }
}

void mr_signal_words_level(struct mr_signal *out, const struct mr_signal_config *config)
{
    struct mr_text t;
    mr_text_init(&t, out->words, sizeof out->words);
    if (out->level > out->level_before) {
        rise(&t, out, config);
        return;
    }
    if (out->flags & MR_SIGNAL_WARMING) {
        mr_text_add(&t, "inputs are warming: held at NONE");
        return;
    }
    mr_text_add(&t, "below ");
    mr_text_add(&t, mr_level_name(out->level + 1u));
    add(&t, " for ", (double)config->fall_ns / 1e9, 1);
    add(&t, " s, velocity ", out->velocity_per_s[MR_WINDOW_10S], 1);
    add(&t, "/s, p ", out->probability, 2);
}

void mr_signal_words_cascade(struct mr_signal *out)
{
    struct mr_text t;
    mr_text_init(&t, out->words, sizeof out->words);
    mr_text_add(&t, out->kind == MR_SIGNAL_CASCADE_END ? "ended: " : "");
    mr_text_decimal(&t, out->cascade_count <= INT64_MAX ? (int64_t)out->cascade_count : INT64_MAX, 0);
    mr_text_add(&t, " liquidations, ");
    add_usd(&t, out->cascade_micro_usd);
    add(&t, " in ", (double)(out->cascade_last_ns - out->cascade_start_ns) / 1e9, 1);
    mr_text_add(&t, " s");
    add_venues(&t, out->cascade_venues);
}

void mr_signal_words_regime(struct mr_signal *out)
{
    struct mr_text t;
    mr_text_init(&t, out->words, sizeof out->words);
    mr_text_add(&t, mr_regime_name(out->regime_before));
    mr_text_add(&t, " to ");
    mr_text_add(&t, mr_regime_name(out->regime));
    add(&t, ", 5-minute volatility ", out->vol_5m, 2);
    mr_text_add(&t, " %");
}
