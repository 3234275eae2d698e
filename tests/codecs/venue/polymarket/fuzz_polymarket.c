#include "tests/codecs/venue/fuzz_venue.h"

#include <stddef.h>

const char *const mr_fuzz_products[] = {"polymarket:clob", "polymarket:rtds", NULL};
const char *const mr_fuzz_urls[] = {"/book?token_id=1", "/books", "/markets", NULL};
const char *const mr_fuzz_bare[] = {"", "PONG", "INVALID OPERATION", "INVALID MESSAGE", NULL};
