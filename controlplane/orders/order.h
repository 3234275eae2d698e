/* An order, from a strategy's wish to its end: the words that gate, order manager, exchange drivers, journal and store share.
 *
 * Ids      an order's id is ours and unique for ever: epoch << 32 | number. The epoch is one more than the highest in the journal, and is
 *          durable there before the first order of a run; so ids never repeat, whatever dies when. On the wire it is mr_order_id_text.
 * Numbers  price and size at the instrument's scales, sizes never negative, the side says which way.
 * Times    ns since 1970, as the caller's time says.
 * Memory   plain data without pointers; journal records hold these bytes. */
#ifndef MR_ORDERS_ORDER_H
#define MR_ORDERS_ORDER_H

#include "controlplane/money/money.h"

#define MR_ORDERS_MAX 1000 /* open at once (C-32) */

enum mr_side { MR_SIDE_BUY, MR_SIDE_SELL };
enum mr_order_type {
    MR_ORDER_LIMIT,
    MR_ORDER_MARKET,
    MR_ORDER_STOP_MARKET,
    MR_ORDER_TAKE_PROFIT_MARKET,
    MR_ORDER_TYPE_COUNT
};
enum mr_time_in_force { MR_TIF_GTC, MR_TIF_IOC, MR_TIF_FOK, MR_TIF_GTD, MR_TIF_COUNT };
enum mr_order_flag {
    MR_ORDER_POST_ONLY = 1 << 0,
    MR_ORDER_REDUCE_ONLY = 1 << 1,
    MR_ORDER_MANUAL = 1 << 2,    /* placed by an operator */
    MR_ORDER_EMERGENCY = 1 << 3, /* of an emergency stop: only ever with REDUCE_ONLY */
    MR_ORDER_FLAGS_ALL = 15      /* any other bit stops the process that sees it (5-trust F 38-40: reused flags) */
};
enum mr_order_role { MR_ROLE_ENTRY, MR_ROLE_STOP, MR_ROLE_TARGET, MR_ROLE_EXIT, MR_ROLE_COUNT };

/* C-30. What leads from one to another is a table (states.def). */
enum mr_order_state {
    MR_STATE_CREATED,    /* exists here; nothing decided */
    MR_STATE_APPROVED,   /* the gate said yes; the intent is being made durable, no byte has left */
    MR_STATE_SENT,       /* bytes have left, or may have; no answer yet */
    MR_STATE_UNKNOWN,    /* no answer in time: counts as live until a query says what it is */
    MR_STATE_ACKED,      /* rests at the venue */
    MR_STATE_PARTIAL,    /* rests, and a part is filled */
    MR_STATE_CANCELLING, /* a cancel has left; fills may still come */
    MR_STATE_FILLED,     /* from here on: ended */
    MR_STATE_CANCELLED,
    MR_STATE_REJECTED, /* by the venue */
    MR_STATE_EXPIRED,
    MR_STATE_DENIED, /* by the gate, or given up before a byte left */
    MR_STATE_COUNT
};

struct mr_order {
    uint64_t id;
    uint64_t parent;                             /* the entry of its bracket; 0 none */
    uint64_t decision;                           /* number of the gate's decision that approved it */
    uint64_t limits;                             /* version of the limits in force then */
    uint32_t instrument;                         /* index in the control plane's instrument table */
    uint16_t strategy;                           /* row in the strategies' table */
    uint8_t venue;                               /* enum mr_venue_id */
    uint8_t side, type, tif, flags, role, state; /* enums above */
    uint8_t spare[3];
    mr_price price;       /* LIMIT; 0 else */
    mr_price stop_price;  /* STOP_MARKET, TAKE_PROFIT_MARKET; 0 else */
    mr_price arrival_mid; /* when it was decided: slippage is measured against it */
    mr_size size, filled;
    int64_t created_ns, sent_ns, acked_ns, updated_ns;
    int64_t expires_ns; /* GTD, and our own time to live (C-32); 0 never */
    mr_money cost;      /* sum over fills of notional, >= 0 */
    mr_money fees;      /* > 0 paid, < 0 rebate */
    char venue_id[48];  /* the venue's own; "" until acknowledged */
};

enum mr_liquidity { MR_LIQUIDITY_UNKNOWN, MR_LIQUIDITY_MAKER, MR_LIQUIDITY_TAKER };
struct mr_fill {
    uint64_t order; /* ours; 0: of an order we do not know (liquidation, another session) */
    uint32_t instrument;
    uint8_t venue, side, liquidity, spare;
    mr_price price;
    mr_size size;
    mr_money fee; /* in the instrument's quote currency */
    int64_t venue_ns, recv_ns;
    char trade_id[48]; /* unique a venue and instrument: applied once */
};

/* "mr" and the id in lower-case base 32, 15 characters: legal as a client order id at every venue we know.
 * Parse: MR_OK or MR_E_MALFORMED. */
#define MR_ORDER_ID_TEXT 16
void mr_order_id_text(uint64_t id, char out[MR_ORDER_ID_TEXT]);
int mr_order_id_parse(struct mr_span text, uint64_t *id);

const char *mr_order_state_name(unsigned state); /* "acked"; "?" beyond the last, as in the others */
const char *mr_order_type_name(unsigned type);   /* "limit" */
const char *mr_tif_name(unsigned tif);           /* "gtc"   */
const char *mr_order_role_name(unsigned role);   /* "entry" */
const char *mr_side_name(unsigned side);         /* "buy"   */

#endif
