/* KuCoin on one screen. */
#include "codecs/venue/kucoin/kucoin_priv.h"

/* clang-format off */
static const struct mr_product products[] = {
    [MR_KUCOIN_FUTURES] = {.name = "futures",
                           .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_MARKS | MR_FUNDINGS | MR_INTERESTS | MR_CANDLES | MR_CONTROL,
                           .sequencing = MR_SEQ_FIRST_FINAL, /* one level a message, one number each: exactly last + 1 */
                           .type = MR_TYPE_PERPETUAL,
                           .primary_trades = "execution"},
    [MR_KUCOIN_SPOT] = {.name = "spot",
                        .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_CANDLES | MR_CONTROL,
                        .sequencing = MR_SEQ_SPAN, /* sequenceStart <= last + 1 <= sequenceEnd */
                        .type = MR_TYPE_SPOT,
                        .primary_trades = "match"},
    {0},
};
/* clang-format on */

static const struct mr_venue_kind kinds[] = {
#define MR_X(id, name, channel) {name, channel},
    MR_KUCOIN_KINDS(MR_X)
#undef MR_X
        {0},
};

const struct mr_venue mr_venue_kucoin = {
    .id = MR_VENUE_kucoin,
    .name = "kucoin",
    .title = "KuCoin futures and spot",
    .products = products,
    .kinds = kinds,
    .usual = mr_kucoin_usual,
    .decode = mr_kucoin_decode,
    .rest = mr_kucoin_rest,
};
