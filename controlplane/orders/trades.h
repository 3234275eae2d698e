/* Trade ids already applied: the last so many of them, exactly.
 *
 * Memory  one block of mr_trades_bytes().   Bounds  the oldest is forgotten for a new one; what might be among the forgotten (not newer than the
 * newest of them, by the venue's time) is called OLD, so that nothing is applied twice for want of room.   Thread  the owner's. */
#ifndef MR_ORDERS_TRADES_H
#define MR_ORDERS_TRADES_H

#include "controlplane/orders/order.h"

struct mr_trades; /* opaque */

size_t mr_trades_bytes(uint32_t capacity);
struct mr_trades *mr_trades_init(void *mem, uint32_t capacity); /* 1 .. 2^24 */

enum mr_trade_known { MR_TRADE_NEW, MR_TRADE_SEEN, MR_TRADE_OLD };
enum mr_trade_known mr_trades_look(const struct mr_trades *t, const struct mr_fill *fill);
/* Remembers a new one. */
void mr_trades_add(struct mr_trades *t, const struct mr_fill *fill);
uint64_t mr_trades_forgotten(const struct mr_trades *t);

#endif
