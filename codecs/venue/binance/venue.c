#include "codecs/venue/binance/binance_priv.h"

static const struct mr_product products[] = {
    [BINANCE_SPOT] =
        {
            .name = "spot",
            .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_CANDLES | MR_CONTROL,
            .sequencing = MR_SEQ_FIRST_FINAL, /* U == previous u + 1 */
            .type = MR_TYPE_SPOT,
            .primary_trades = "trade",
            .consecutive = "trade aggTrade",
        },
    [BINANCE_USDM] =
        {
            .name = "usdm",
            .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_LIQUIDATIONS | MR_MARKS | MR_FUNDINGS | MR_INTERESTS |
                        MR_CANDLES | MR_CONTROL,
            .sequencing = MR_SEQ_FIRST_FINAL_PREV, /* pu == previous u */
            .type = MR_TYPE_PERPETUAL,
            .primary_trades = "aggTrade",
            .consecutive = "aggTrade",
        },
    {0},
};

static const struct mr_venue_kind kinds[] = {
    [KIND_UNKNOWN] = {"?", 0},
    [KIND_AGG_TRADE] = {"aggTrade", MR_TRADES},
    [KIND_TRADE] = {"trade", MR_TRADES},
    [KIND_BOOK_TICKER] = {"bookTicker", MR_BEST},
    [KIND_DEPTH] = {"depthUpdate", MR_DEPTH},
    [KIND_PARTIAL] = {"partial depth", MR_DEPTH},
    [KIND_RPI_DEPTH] = {"rpiDepth", 0},
    [KIND_MARK] = {"markPriceUpdate", MR_MARKS | MR_FUNDINGS},
    [KIND_FORCE_ORDER] = {"forceOrder", MR_LIQUIDATIONS},
    [KIND_KLINE] = {"kline", MR_CANDLES},
    [KIND_TICKER] = {"24hrTicker", 0},
    [KIND_MINI_TICKER] = {"24hrMiniTicker", 0},
    [KIND_CONTRACT] = {"contractInfo", 0},
    [KIND_OTHER] = {"other statistics", 0},
    [KIND_COIN_M] = {"COIN-M, dropped", 0},
    [KIND_ACK] = {"subscribe ack", MR_CONTROL},
    [KIND_ERROR] = {"error", MR_CONTROL},
    [KIND_SHUTDOWN] = {"serverShutdown", MR_CONTROL},
    [KIND_SNAPSHOT] = {"REST depth", MR_DEPTH},
    [KIND_EXCHANGE_INFO] = {"REST exchangeInfo", 0},
    [KIND_INTEREST] = {"REST openInterest", MR_INTERESTS},
    [KIND_PREMIUM] = {"REST premiumIndex", MR_MARKS | MR_FUNDINGS},
    {0},
};
static_assert(MR_COUNT_OF(kinds) <= MR_VENUE_KINDS_MAX, "counters have a place for every kind");

const struct mr_venue mr_venue_binance = {
    .id = MR_VENUE_binance,
    .name = "binance",
    .title = "Binance spot and USD-M",
    .products = products,
    .kinds = kinds,
    .usual = binance_usual,
    .decode = binance_decode,
    .rest = binance_rest,
};
