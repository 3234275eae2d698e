/* Two instruments, as test and fuzz target of the account's words know them. */
#ifndef MR_TEST_WIRE_TABLE_H
#define MR_TEST_WIRE_TABLE_H

#include <stdlib.h>

#include "codecs/event/instrument.h"

static inline struct mr_instruments *wire_table(void)
{
    struct mr_instruments *table = mr_instruments_init(aligned_alloc(64, (mr_instruments_bytes(4) + 63) / 64 * 64), 4);
    struct mr_instrument it = {
        .venue = 1, .product = 1, .price_scale = 4, .size_scale = 8, .symbol_len = 7, .symbol = "BTCUSDT"};
    MR_ASSERT(mr_instruments_add(table, &it) == 0);
    it.symbol[0] = 'X';
    it.size_scale = 0;
    MR_ASSERT(mr_instruments_add(table, &it) == 1);
    return table;
}

#endif
