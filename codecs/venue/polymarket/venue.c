/* Polymarket on one screen. */
#include "codecs/venue/polymarket/polymarket_priv.h"

static const struct mr_product products[] = {
    [MR_POLYMARKET_CLOB] = {.name = "clob",
                            .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_CONTROL,
                            .sequencing = MR_SEQ_STATE,
                            .type = MR_TYPE_OUTCOME,
                            .lot = MR_POLYMARKET_LOT,
                            .primary_trades = "last_trade_price"},
    /* reference prices; its trades are the same ones, told a second time */
    [MR_POLYMARKET_RTDS] = {.name = "rtds",
                            .channels = MR_TRADES | MR_MARKS | MR_CONTROL,
                            .sequencing = MR_SEQ_NONE,
                            .type = MR_TYPE_UNKNOWN},
    {0},
};

static const struct mr_venue_kind kinds[] = {
#define MR_X(id, name, channel) {name, channel},
    MR_POLYMARKET_KINDS(MR_X)
#undef MR_X
        {0},
};

const struct mr_venue mr_venue_polymarket = {
    .id = MR_VENUE_polymarket,
    .name = "polymarket",
    .title = "Polymarket",
    .products = products,
    .kinds = kinds,
    .state_bytes = sizeof(struct mr_polymarket_state),
    .usual = mr_polymarket_usual_small,
    .decode = mr_polymarket_decode,
    .rest = mr_polymarket_rest,
};
