/* What a configuration may tell a Hyperliquid decoder. */
#ifndef MR_VENUE_HYPERLIQUID_H
#define MR_VENUE_HYPERLIQUID_H

#include "codecs/venue/venue.h"

#define MR_HYPERLIQUID_LIQUIDATORS 16

/* Addresses ("0x" and 40 hex digits, either case) whose side of a public trade marks a backstop take-over: such a trade
 * gives a LIQUIDATION beside its TRADE. Replaces what was set; kept over a reconnect.
 * MR_OK; MR_E_FULL more than 16; MR_E_MALFORMED not an address: nothing changed. */
int mr_hyperliquid_liquidators(struct mr_decoder *dec, const char *const *addresses, uint32_t count);

#endif
