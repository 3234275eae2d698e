#include "tests/codecs/venue/fuzz_venue.h"

#include <stddef.h>

const char *const mr_fuzz_products[] = {"hyperliquid:perp", NULL};
const char *const mr_fuzz_urls[] = {"/info", NULL};
const char *const mr_fuzz_bare[] = {"Websocket connection established.", NULL};
