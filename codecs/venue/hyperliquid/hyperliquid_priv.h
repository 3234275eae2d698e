/* Shared between the files of this folder. */
#ifndef MR_VENUE_HYPERLIQUID_PRIV_H
#define MR_VENUE_HYPERLIQUID_PRIV_H

#include "codecs/venue/rows.h"

#define MR_HYPERLIQUID_KINDS(X)                                                            \
    X(UNKNOWN,        "?",                    0)                                           \
    X(L2BOOK,         "l2Book",               MR_DEPTH)                                    \
    X(BBO,            "bbo",                  MR_BEST)                                     \
    X(TRADES,         "trades",               MR_TRADES | MR_LIQUIDATIONS)                 \
    X(CTX,            "activeAssetCtx",       MR_MARKS | MR_FUNDINGS | MR_INTERESTS)       \
    X(SPOT_CTX,       "activeSpotAssetCtx",   MR_MARKS)                                    \
    X(CANDLE,         "candle",               MR_CANDLES)                                  \
    X(USER,           "user",                 MR_LIQUIDATIONS)                             \
    X(USER_FILLS,     "userFills",            MR_LIQUIDATIONS)                             \
    X(SUBSCRIPTION,   "subscriptionResponse", MR_CONTROL)                                  \
    X(PONG,           "pong",                 MR_CONTROL)                                  \
    X(ERROR,          "error",                MR_CONTROL)                                  \
    X(GREETING,       "greeting",             MR_CONTROL)                                  \
    X(ALL_MIDS,       "allMids",              0)                                           \
    X(ALL_CTXS,       "allDexsAssetCtxs",     0)                                           \
    X(FAST_CTXS,      "fastAssetCtxs",        0) /* base64 of raw deflate */               \
    X(ACTIVE_DATA,    "activeAssetData",      0)                                           \
    X(LEDGER,         "userNonFundingLedgerUpdates", 0)                                    \
    X(FUNDINGS,       "userFundings",         0)                                           \
    X(ORDERS,         "orderUpdates",         0)                                           \
    X(NOTIFICATION,   "notification",         0)                                           \
    X(WEB_DATA,       "webData2",             0)                                           \
    X(WEB_DATA3,      "webData3",             0)                                           \
    X(TWAP_FILLS,     "userTwapSliceFills",   0)                                           \
    X(TWAP_HISTORY,   "userTwapHistory",      0)                                           \
    X(POST,           "post",                 0)                                           \
    X(REST_META,      "rest meta",            0)                                           \
    X(REST_CTXS,      "rest metaAndAssetCtxs", MR_MARKS | MR_FUNDINGS | MR_INTERESTS)      \
    X(REST_BOOK,      "rest l2Book",          MR_DEPTH)

enum mr_hyperliquid_kind {
#define MR_X(id, name, channel) MR_HYPERLIQUID_##id,
    MR_HYPERLIQUID_KINDS(MR_X)
#undef MR_X
        MR_HYPERLIQUID_KIND_COUNT
};
static_assert(MR_HYPERLIQUID_KIND_COUNT < MR_VENUE_KINDS_MAX, "dec->messages has a counter for each");

#define MR_HYPERLIQUID_ADDRESS 42 /* 0x and 40 digits */

/* state: this, then one byte an instrument: its trades have begun since the last reset. */
struct mr_hyperliquid_state {
    uint32_t liquidators;
    char address[MR_LIQUIDATORS_MAX][MR_HYPERLIQUID_ADDRESS];
};
static inline uint8_t *mr_hyperliquid_begun(const struct mr_decoder *dec)
{
    return (uint8_t *)dec->state + sizeof(struct mr_hyperliquid_state);
}

/* The same rows come by stream and by REST. */
bool mr_hyperliquid_ctx(struct mr_rows *rows, struct mr_json *j);  /* of rows->instrument */
bool mr_hyperliquid_book(struct mr_rows *rows, struct mr_json *j); /* {"coin","time","levels"} */
bool mr_hyperliquid_fills(struct mr_rows *rows, struct mr_json *j);

/* Books in their usual form: slots, or MR_E_AGAIN (books_usual.c). */
int mr_hyperliquid_books_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out,
                               uint32_t out_max);
/* Trades, best bids and asks in their usual form: slots, or MR_E_AGAIN (trades_usual.c). */
int mr_hyperliquid_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
int mr_hyperliquid_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
int mr_hyperliquid_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body,
                        struct mr_instruments *table, union mr_slot *out, uint32_t out_max);

#endif
