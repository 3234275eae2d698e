/* Hyperliquid on one screen. */
#include "codecs/venue/hyperliquid/hyperliquid_priv.h"

/* clang-format off */
static const struct mr_product products[] = {
    {.name = "perp",
     .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_LIQUIDATIONS | MR_MARKS | MR_FUNDINGS | MR_INTERESTS | MR_CANDLES | MR_CONTROL,
     .sequencing = MR_SEQ_IMAGE,
     .type = MR_TYPE_PERPETUAL,
     .primary_trades = "trades"},
    {0},
};
/* clang-format on */

static const struct mr_venue_kind kinds[] = {
#define MR_X(id, name, channel) {name, channel},
    MR_HYPERLIQUID_KINDS(MR_X)
#undef MR_X
        {0},
};

/* The next trades of every coin are a back-fill again. */
static void reset(struct mr_decoder *dec)
{
    memset(mr_hyperliquid_begun(dec), 0, mr_instruments_count(dec->instruments));
}

/* On the wire they are in lower case. */
static int liquidators(struct mr_decoder *dec, const struct mr_liquidator *who, uint32_t count)
{
    struct mr_hyperliquid_state *state = dec->state, next = {.liquidators = count};
    static_assert(sizeof who->address - 1 == MR_HYPERLIQUID_ADDRESS, "the same addresses");
    if (count > MR_LIQUIDATORS_MAX)
        return MR_E_FULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!mr_liquidator_good(&who[i]))
            return MR_E_MALFORMED;
        for (int k = 0; k < MR_HYPERLIQUID_ADDRESS; k++) {
            char c = who[i].address[k];
            next.address[i][k] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        }
    }
    *state = next;
    return MR_OK;
}

const struct mr_venue mr_venue_hyperliquid = {
    .id = MR_VENUE_hyperliquid,
    .name = "hyperliquid",
    .title = "Hyperliquid",
    .products = products,
    .kinds = kinds,
    .state_bytes = sizeof(struct mr_hyperliquid_state),
    .state_bytes_each = 1,
    .usual = mr_hyperliquid_usual,
    .decode = mr_hyperliquid_decode,
    .rest = mr_hyperliquid_rest,
    .reset = reset,
    .liquidators = liquidators,
};
