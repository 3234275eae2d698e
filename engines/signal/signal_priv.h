/* Shared between the files of engines/signal only. */
#ifndef MR_SIGNAL_SIGNAL_PRIV_H
#define MR_SIGNAL_SIGNAL_PRIV_H

#include "engines/signal/signal.h"

#define MR_SIGNAL_STATE_VERSION 1u
#define MR_SIGNAL_NO_SLOT UINT32_MAX
#define MR_SIGNAL_NO_UNDER UINT16_MAX
#define MR_SIGNAL_OI_SAMPLES 64   /* one a second at most: 63 s of a fast feed, more of a slow one */
#define MR_SIGNAL_ABOVE INT64_MAX /* below_ns of a level the rules are at or above */

/* What stands in a field of the market for an underlying: made in market.c, or given by the input. */
struct mr_signal_market {
    double oi_change, funding;
    uint8_t has_oi, has_funding;
    uint8_t spare[6];
};

struct mr_signal_cascade {
    int64_t start_ns, last_ns;
    uint64_t count;
    int64_t micro_usd;
    double peak_per_s;
    uint32_t venues;
    uint32_t active; /* 0 or 1 */
    /* as in the last record */
    uint64_t told_count;
    int64_t told_micro_usd;
    uint32_t told_venues;
    uint32_t serial; /* cascades of this underlying so far */
};

/* One underlying. Kept by name, so that saved state outlives indices. */
struct mr_signal_under {
    uint64_t key;                     /* FNV-1a 64 of the whole name */
    char name[16];                    /* cut */
    int64_t below_ns[MR_LEVEL_COUNT]; /* since when the rules are below level k, or MR_SIGNAL_ABOVE */
    int64_t changed_ns;               /* last change of level */
    int64_t left_ns;                  /* last fall, and the highest level left in the falls of the last repeat_ns */
    uint8_t level, left_level, changed;
    uint8_t spare[5];
    struct mr_signal_market market;
    int64_t market_due_ns;
    struct mr_signal_cascade cascade;
    uint32_t window_head, window_len; /* liquidations before a cascade starts: a ring in signals->window */
    mr_i128 window_micro_usd;
};

struct mr_signal_liquidation {
    int64_t at_ns, micro_usd;
    uint32_t venue;
    uint32_t spare;
};

struct mr_signal_oi_sample {
    int64_t at_ns;
    double value;
};

struct mr_signal_instrument {
    uint64_t key; /* XXH3-64 of venue, product, raw symbol */
    int64_t funding_at_ns, oi_at_ns;
    double funding;
    double price;  /* last one known, quote per base; 0 unknown */
    double oi_usd; /* weight; 0 unknown */
    uint32_t oi_unit, oi_head, oi_count, spare;
    struct mr_signal_oi_sample oi[MR_SIGNAL_OI_SAMPLES];
};

/* The part that is saved: one block without pointers, this head first, then the arrays in the order below. */
struct mr_signal_saved {
    uint64_t seq;
    int64_t engine_ns;
    uint32_t underlyings, instruments; /* slots in use */
    uint8_t regime, regime_known, spare[6];
};

struct mr_signals {
    struct mr_signal_config config;
    struct mr_signal_metrics *metrics, own_metrics; /* the latter where the caller gave none */
    uint32_t underlyings_max;
    /* this epoch's ids to slots; MR_SIGNAL_NO_SLOT until first seen */
    uint32_t *slot_of_underlying, *slot_of_instrument;
    uint8_t *underlying_claimed, *instrument_claimed; /* slots somebody of this epoch holds */
    /* the saved block */
    struct mr_signal_saved *saved;
    struct mr_signal_under *under;           /* underlyings_max */
    struct mr_signal_liquidation *window;    /* underlyings_max * cascade_window_events */
    struct mr_signal_instrument *instrument; /* instruments_max */
    uint16_t *under_of_instrument;           /* instruments_max */
    size_t saved_bytes;
};

void mr_signal_score_with(const struct mr_signal_config *config, const struct mr_signal_input *in,
                          const struct mr_signal_market *market, struct mr_signal_scores *out);

/* market.c */
void mr_signal_market_apply(struct mr_signals *s, const struct mr_event *ev, const struct mr_instrument *instrument,
                            uint32_t under_slot, int64_t now);
void mr_signal_market_refresh(struct mr_signals *s, uint32_t under_slot, int64_t now);
void mr_signal_market_price(struct mr_signals *s, const struct mr_event *ev, const struct mr_instrument *instrument);

/* signal_boot.c: first sight of an underlying or an instrument in this epoch */
uint32_t mr_signal_claim_underlying(struct mr_signals *s, const struct mr_signal_input *in);
uint32_t mr_signal_claim_instrument(struct mr_signals *s, const struct mr_instrument *instrument);

/* words.c */
void mr_signal_words_level(struct mr_signal *out, const struct mr_signal_config *config);
void mr_signal_words_cascade(struct mr_signal *out);
void mr_signal_words_regime(struct mr_signal *out);

#endif
