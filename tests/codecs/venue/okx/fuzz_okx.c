#include "tests/codecs/venue/fuzz_venue.h"

#include <stddef.h>

const char *const mr_fuzz_products[] = {"okx:public", "okx:business", NULL};
const char *const mr_fuzz_urls[] = {"/api/v5/public/instruments", "/api/v5/market/books?instId=BTC-USDT",
                                    "/api/v5/public/open-interest", "/api/v5/public/funding-rate", NULL};
const char *const mr_fuzz_bare[] = {"pong", NULL};
