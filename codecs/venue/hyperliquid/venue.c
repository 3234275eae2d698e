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

const struct mr_venue mr_venue_hyperliquid = {
    .id = MR_VENUE_hyperliquid,
    .name = "hyperliquid",
    .title = "Hyperliquid",
    .products = products,
    .kinds = kinds,
    .state_bytes = sizeof(struct mr_hyperliquid_state),
    .state_bytes_each = 1,
    .decode = mr_hyperliquid_decode,
    .rest = mr_hyperliquid_rest,
    .reset = reset,
};

static bool address(const char *text, char *out)
{
    if (strlen(text) != MR_HYPERLIQUID_ADDRESS || text[0] != '0' || (text[1] | 0x20) != 'x')
        return false;
    out[0] = '0';
    out[1] = 'x';
    for (int i = 2; i < MR_HYPERLIQUID_ADDRESS; i++) {
        /* on the wire they are in lower case */
        char c = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] | 0x20) : text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        out[i] = c;
    }
    return true;
}

int mr_hyperliquid_liquidators(struct mr_decoder *dec, const char *const *addresses, uint32_t count)
{
    struct mr_hyperliquid_state *state = dec->state, next = {.liquidators = count};
    if (count > MR_HYPERLIQUID_LIQUIDATORS)
        return MR_E_FULL;
    for (uint32_t i = 0; i < count; i++)
        if (!address(addresses[i], next.address[i]))
            return MR_E_MALFORMED;
    *state = next;
    return MR_OK;
}
