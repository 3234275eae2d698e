/* What the order manager writes into the journal, and rebuilds itself from. Bytes in files: little endian, no padding, versioned by their head.
 *
 *   kind     payload               when
 *   ORDER    mr_record_order       each change of an order: the order as it is after it, and what changed it
 *   ORDER    mr_record_bracket     each change of a bracket's plan (brackets.h)
 *   ORDER    mr_record_slices      each change of a parent of slices (slices.h)
 *   FILL     mr_record_fill        when a fill is heard; it counts once this record is durable
 *   ACCOUNT  mr_record_account     funding, balances, and what position sync found
 *
 * A FILL moves the position; the ORDER record that follows when it has been applied says how many fills the order then had. One that has no
 * such record yet was durable but not acted on: restoring acts on it.
 *
 * Thread  any.   Memory  plain data. */
#ifndef MR_ORDERS_RECORDS_H
#define MR_ORDERS_RECORDS_H

#include "controlplane/orders/order.h"

#define MR_RECORDS_VERSION 1

enum mr_record_what {
    MR_RECORD_ORDER = 1,
    MR_RECORD_BRACKET = 2,
    MR_RECORD_FILL = 3,
    MR_RECORD_ACCOUNT = 4,
    MR_RECORD_SLICES = 5
};
struct mr_record_head {
    uint16_t version, what;
    uint32_t bytes; /* of all the record, this head included */
};

enum mr_record_order_flag {
    MR_RECORD_CANCEL_WANTED = 1 << 0,
    MR_RECORD_AMENDING = 1 << 1,   /* want_price, want_size have been approved and may be at the venue */
    MR_RECORD_DISCREPANCY = 1 << 2 /* was reported with this change */
};
struct mr_record_order {
    struct mr_record_head head;
    uint32_t fills;        /* applied to it so far */
    uint8_t input, flags;  /* enum mr_order_input, MR_INPUT_COUNT where none; mr_record_order_flag */
    uint8_t reason, spare; /* enum mr_reject_reason */
    mr_price want_price;
    mr_size want_size;
    struct mr_order order;
};

struct mr_record_fill {
    struct mr_record_head head;
    uint32_t spare[2];
    struct mr_fill fill;
};

enum mr_account_kind {
    MR_ACCOUNT_FUNDING,    /* amount: received, or paid (< 0) */
    MR_ACCOUNT_BALANCE,    /* amount: equity as the venue has it; other: as we have it */
    MR_ACCOUNT_POSITION,   /* sync: verdict, size as the venue has it, ours */
    MR_ACCOUNT_LIQUIDATED, /* the venue says so; the fills come by themselves */
    MR_ACCOUNT_OPENING     /* amount: cash at the very first start */
};
struct mr_record_account {
    struct mr_record_head head;
    uint32_t instrument;
    uint8_t kind, verdict, venue, spare;
    mr_size theirs, ours;
    mr_money amount, other;
};

static_assert(sizeof(struct mr_record_head) == 8, "bytes in files");
static_assert(sizeof(struct mr_record_order) == 32 + 208, "bytes in files");
static_assert(sizeof(struct mr_record_fill) == 16 + 112, "bytes in files");
static_assert(sizeof(struct mr_record_account) == 64, "bytes in files");

#endif
