/* OKX v5 on one screen. */
#include "codecs/venue/okx/okx_priv.h"

/* clang-format off */
static const struct mr_product products[] = {
    [MR_OKX_PUBLIC] = {.name = "public",
                       .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_LIQUIDATIONS | MR_MARKS | MR_FUNDINGS | MR_INTERESTS | MR_CONTROL,
                       .sequencing = MR_SEQ_PREV, /* prevSeqId; before 2023 the checksum alone */
                       .primary_trades = "trades"},
    [MR_OKX_BUSINESS] = {.name = "business",
                         .channels = MR_TRADES | MR_CANDLES | MR_CONTROL,
                         .sequencing = MR_SEQ_NONE,
                         .primary_trades = "trades"}, /* it offers trades-all only, which is never primary */
    {0},
};
/* clang-format on */

static const struct mr_venue_kind kinds[] = {
    {"?", 0},
#define MR_X(id, name, channel, rows) {name, channel},
    MR_OKX_CHANNELS(MR_X)
#undef MR_X
#define MR_X(id, name, channel) {name, channel},
        MR_OKX_OTHERS(MR_X)
#undef MR_X
            {0},
};

const struct mr_venue mr_venue_okx = {
    .id = MR_VENUE_okx,
    .name = "okx",
    .title = "OKX v5",
    .products = products,
    .kinds = kinds,
    .usual = mr_okx_usual,
    .decode = mr_okx_decode,
    .rest = mr_okx_rest,
};
