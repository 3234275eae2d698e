/* MEXC futures on one screen. */
#include "codecs/venue/mexc/mexc_priv.h"

/* clang-format off */
static const struct mr_product products[] = {
    [MR_MEXC_FUTURES] = {.name = "futures",
                         .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_MARKS | MR_FUNDINGS | MR_INTERESTS | MR_CANDLES |
                                     MR_CONTROL,
                         .sequencing = MR_SEQ_FIRST_FINAL, /* begin and end of merged frames; version is both else */
                         .type = MR_TYPE_PERPETUAL,
                         .primary_trades = "push.deal"},
    {0},
};
/* clang-format on */

static const struct mr_venue_kind kinds[] = {
#define MR_X(id, name, channel) {name, channel},
    MR_MEXC_KINDS(MR_X)
#undef MR_X
        {0},
};

/* The time of the next funding may have passed while nobody listened. */
static void reset(struct mr_decoder *dec)
{
    struct mr_mexc_state *state = dec->state;
    memset(state->last, 0, mr_instruments_count(dec->instruments) * sizeof *state->last);
}

const struct mr_venue mr_venue_mexc = {
    .id = MR_VENUE_mexc,
    .name = "mexc",
    .title = "MEXC futures",
    .products = products,
    .kinds = kinds,
    .state_bytes = sizeof(struct mr_mexc_state),
    .state_bytes_each = sizeof(struct mr_mexc_last),
    .usual = mr_mexc_usual,
    .decode = mr_mexc_decode,
    .rest = mr_mexc_rest,
    .reset = reset,
};
