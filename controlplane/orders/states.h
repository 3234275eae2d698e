/* The order state machine: a table of (state, news) and nothing else. Who feeds it decides what the news is.
 *
 * Memory  none.   Thread  any. */
#ifndef MR_ORDERS_STATES_H
#define MR_ORDERS_STATES_H

#include "controlplane/orders/order.h"

/* News. What a query finds is the same news as the stream's: it rests (ACK, ACK_PART), or ended so and so. */
#define MR_ORDER_INPUTS(X)                                                                                             \
    X(APPROVE, "approve")   /* by the gate */                                                                          \
    X(DENY, "deny")         /* by the gate, or given up while no byte had left */                                      \
    X(SENT, "sent")         /* handed to the driver: bytes may leave from now on */                                    \
    X(NOT_SENT, "not_sent") /* of the placing: provably not done, no byte left or refused undone */                    \
    X(LOST, "lost")         /* no answer came, and none will be waited for any more */                                 \
    X(ACK, "ack")           /* rests, nothing of it is filled */                                                       \
    X(ACK_PART, "ack_part") /* rests, a part is filled */                                                              \
    X(REJECT, "reject")                                                                                                \
    X(FILL, "fill")         /* something is left after it */                                                           \
    X(FILL_ALL, "fill_all") /* nothing is left */                                                                      \
    X(CANCEL, "cancel")     /* somebody here wants it gone */                                                          \
    X(CANCELLED, "cancelled")                                                                                          \
    X(CANCEL_REFUSED, "cancel_refused")                                                                                \
    X(EXPIRED, "expired")                                                                                              \
    X(NO_ORDER, "no_order") /* the venue has no such order, proven by grace time and second query */

enum mr_order_input {
#define MR_X(name, text) MR_INPUT_##name,
    MR_ORDER_INPUTS(MR_X)
#undef MR_X
        MR_INPUT_COUNT
};

/* The state from now on, or one of these two, and nothing changes. */
#define MR_NEXT_REFUSED (-1)
#define MR_NEXT_LATE (-2)
int mr_order_next(unsigned state, unsigned input);

const char *mr_order_input_name(unsigned input); /* "ack"; "?" beyond the last */

/* From FILLED on: nothing will follow. */
MR_INLINE bool mr_order_ended(unsigned state) { return state >= MR_STATE_FILLED; }
/* May be in the venue's book, now or soon. */
MR_INLINE bool mr_order_live(unsigned state) { return state >= MR_STATE_SENT && state <= MR_STATE_CANCELLING; }

#endif
