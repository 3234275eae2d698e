#include "tests/codecs/venue/fuzz_venue.h"

#include <stddef.h>

const char *const mr_fuzz_products[] = {"kucoin:futures", "kucoin:spot", NULL};
const char *const mr_fuzz_urls[] = {"/api/v1/contracts/active",
                                    "/api/v1/contracts/XBTUSDTM",
                                    "/api/v1/level2/snapshot?symbol=XBTUSDTM",
                                    "/api/v1/mark-price/XBTUSDTM/current",
                                    "/api/v1/funding-rate/XBTUSDTM/current",
                                    "/api/v1/level2/depth20?symbol=XBTUSDTM",
                                    NULL};
const char *const mr_fuzz_bare[] = {NULL};
