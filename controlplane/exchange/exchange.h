/* What the trade tile says to a venue, and what it hears: one interface for the paper exchange in this process, the paper exchange behind REST
 * and a private stream, and the simulated venue of tests.
 *
 * A driver never blocks, never decides, never retries: it carries one request, and says exactly once what became of carrying it
 * (MR_ANSWER_SENT, or NOT_SENT when provably no byte left). What the order machine makes of silence is its own business. Answers come in
 * the order the driver learnt them; the venue's own order may differ (fill before ack, fill after cancel): that is not the driver's to repair.
 *
 * Thread  the trade tile.   Memory  the driver's.   Bounds  requests MR_E_FULL when its queue is full: nothing was taken. */
#ifndef MR_EXCHANGE_EXCHANGE_H
#define MR_EXCHANGE_EXCHANGE_H

#include "controlplane/orders/order.h"

enum mr_request_kind {
    MR_REQUEST_PLACE,
    MR_REQUEST_CANCEL,
    MR_REQUEST_AMEND,      /* price and size anew; the id stays */
    MR_REQUEST_CANCEL_ALL, /* of this session, all instruments */
    MR_REQUEST_QUERY,      /* one order by our id */
    MR_REQUEST_OPEN,       /* all open orders: an ORDER answer each, then END */
    MR_REQUEST_POSITIONS,  /* a POSITION answer each, then END */
    MR_REQUEST_BALANCE,
    MR_REQUEST_FILLS,    /* fills since `since_ns`: a FILL answer each, then END */
    MR_REQUEST_DEAD_MAN, /* cancel all if this is not repeated within `within_ms`; 0 off */
    MR_REQUEST_KIND_COUNT
};
struct mr_request {
    uint64_t number; /* of the request, by the caller; answers carry it */
    uint8_t kind, spare[3];
    uint32_t within_ms;
    int64_t since_ns;
    struct mr_order order; /* PLACE, AMEND: as wanted. CANCEL, QUERY: id, instrument, venue_id if known */
};

enum mr_answer_kind {
    MR_ANSWER_SENT,           /* the request's bytes have left */
    MR_ANSWER_NOT_SENT,       /* none has, and none will: safe to try again */
    MR_ANSWER_LOST,           /* it left, and its answer will not come (time-out, connection lost): outcome unknown */
    MR_ANSWER_ACK,            /* order rests */
    MR_ANSWER_REJECTED,       /* the venue says no; `reason` */
    MR_ANSWER_FILL,           /* from the stream, or a query */
    MR_ANSWER_CANCELLED,      /* the order ended with what it had filled */
    MR_ANSWER_CANCEL_REFUSED, /* `reason`: FILLED or UNKNOWN_ORDER mostly */
    MR_ANSWER_AMENDED,
    MR_ANSWER_AMEND_REFUSED,
    MR_ANSWER_EXPIRED,
    MR_ANSWER_TRIGGERED, /* a stop or target became a market order */
    MR_ANSWER_ORDER,     /* of QUERY, OPEN: state and filled as the venue has them */
    MR_ANSWER_NO_ORDER,  /* of QUERY: the venue has no such order: never arrived, or ended long ago */
    MR_ANSWER_POSITION,
    MR_ANSWER_BALANCE,
    MR_ANSWER_FUNDING,     /* paid (amount < 0) or received */
    MR_ANSWER_LIQUIDATED,  /* the venue closed a position; the fills come as FILL with order 0 */
    MR_ANSWER_END,         /* of a list */
    MR_ANSWER_STREAM_UP,   /* private stream live from now on; what it says is complete from here */
    MR_ANSWER_STREAM_DOWN, /* what happens from now on may be missed: reconcile after the next STREAM_UP */
    MR_ANSWER_LIMITED,     /* told to wait until `until_ns` (429, 418); the request was not carried out */
    MR_ANSWER_KIND_COUNT
};
enum mr_reject_reason {
    MR_REJECT_NONE,
    MR_REJECT_MARGIN,
    MR_REJECT_POST_ONLY, /* would have taken */
    MR_REJECT_REDUCE_ONLY,
    MR_REJECT_FILTER, /* tick, lot, least notional, price band */
    MR_REJECT_HALTED,
    MR_REJECT_DUPLICATE_ID, /* the venue has that id: query it */
    MR_REJECT_UNKNOWN_ORDER,
    MR_REJECT_FILLED,
    MR_REJECT_CREDENTIALS,
    MR_REJECT_OVERLOAD, /* certain not to be done */
    MR_REJECT_CLOCK,
    MR_REJECT_OTHER,
    MR_REJECT_COUNT
};
struct mr_answer {
    uint64_t request; /* 0: from the stream, unasked */
    uint64_t order;   /* ours; 0 none */
    uint8_t kind, reason, state, side;
    uint32_t instrument;
    int64_t venue_ns, recv_ns, until_ns;
    mr_price price;       /* POSITION: mean entry, rounded to the scale. AMENDED, ORDER: its price */
    mr_size size, filled; /* POSITION: signed size in `size` */
    mr_money amount;      /* BALANCE: equity; FUNDING; POSITION: maintenance margin */
    mr_money available;   /* BALANCE */
    struct mr_fill fill;  /* FILL */
    char venue_id[48];
    char text[96]; /* the venue's own words, for people */
};

struct mr_exchange_driver {
    void *self;
    int (*send)(void *self, const struct mr_request *request, int64_t now_ns); /* MR_OK taken; MR_E_FULL */
    int (*poll)(void *self, struct mr_answer *out, int64_t now_ns);            /* 1 an answer, 0 none */
};

const char *mr_request_name(unsigned kind);  /* "place"; "?" beyond the last, as in the others */
const char *mr_answer_name(unsigned kind);   /* "ack"    */
const char *mr_reject_name(unsigned reason); /* "margin" */

#endif
