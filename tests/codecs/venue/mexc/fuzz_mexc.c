#include "tests/codecs/venue/fuzz_venue.h"

#include <stddef.h>

const char *const mr_fuzz_products[] = {"mexc:futures", NULL};
const char *const mr_fuzz_urls[] = {"/api/v1/contract/detail",
                                    "/api/v1/contract/depth/BTC_USDT?limit=1000",
                                    "/api/v1/contract/depth_commits/BTC_USDT/100",
                                    "/api/v1/contract/ticker",
                                    "/api/v1/contract/funding_rate/BTC_USDT",
                                    "/api/v1/contract/fair_price/BTC_USDT",
                                    NULL};
const char *const mr_fuzz_bare[] = {NULL};
