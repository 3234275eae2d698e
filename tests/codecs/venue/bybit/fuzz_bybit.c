#include "tests/codecs/venue/fuzz_venue.h"

#include <stddef.h>

const char *const mr_fuzz_products[] = {"bybit:linear", "bybit:spot", NULL};
const char *const mr_fuzz_urls[] = {"/v5/market/instruments-info?category=linear",
                                    "/v5/market/orderbook?symbol=BTCUSDT", "/v5/market/tickers",
                                    "/v5/market/open-interest?symbol=BTCUSDT", NULL};
const char *const mr_fuzz_bare[] = {NULL};
