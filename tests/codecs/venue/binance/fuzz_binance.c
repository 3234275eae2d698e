#include "tests/codecs/venue/fuzz_venue.h"

#include <stddef.h>

const char *const mr_fuzz_products[] = {"binance:usdm", "binance:spot", NULL};
const char *const mr_fuzz_urls[] = {"/fapi/v1/depth?symbol=BTCUSDT&limit=1000", "/fapi/v1/exchangeInfo",
                                    "/fapi/v1/openInterest?symbol=BTCUSDT", "/fapi/v1/premiumIndex", NULL};
const char *const mr_fuzz_bare[] = {NULL};
