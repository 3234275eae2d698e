/* Bybit v5 on one screen. */
#include "codecs/venue/bybit/bybit_priv.h"

/* clang-format off */
static const struct mr_product products[] = {
    [MR_BYBIT_LINEAR] = {.name = "linear",
                         .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_LIQUIDATIONS | MR_MARKS | MR_FUNDINGS | MR_INTERESTS |
                                     MR_CANDLES | MR_CONTROL,
                         .sequencing = MR_SEQ_PLUS_ONE, /* u; 1 restarts */
                         .type = MR_TYPE_PERPETUAL,
                         .primary_trades = "publicTrade"},
    [MR_BYBIT_SPOT] = {.name = "spot",
                       .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_CANDLES | MR_CONTROL,
                       .sequencing = MR_SEQ_PLUS_ONE,
                       .type = MR_TYPE_SPOT,
                       .primary_trades = "publicTrade"},
    {0},
};
/* clang-format on */

static const struct mr_venue_kind kinds[] = {
#define MR_X(id, name, channel) {name, channel},
    MR_BYBIT_KINDS(MR_X)
#undef MR_X
        {0},
};

/* Partial values are worth nothing after a reconnect: a snapshot comes first. */
static void reset(struct mr_decoder *dec)
{
    memset(dec->state, 0, mr_instruments_count(dec->instruments) * sizeof(struct mr_bybit_ticker));
}

const struct mr_venue mr_venue_bybit = {
    .id = MR_VENUE_bybit,
    .name = "bybit",
    .title = "Bybit v5",
    .products = products,
    .kinds = kinds,
    .state_bytes_each = sizeof(struct mr_bybit_ticker),
    .usual = mr_bybit_usual,
    .decode = mr_bybit_decode,
    .rest = mr_bybit_rest,
    .reset = reset,
};
