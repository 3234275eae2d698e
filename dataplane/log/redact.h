/* Secrets never reach a log: the value after a name like key, secret, passphrase, token or signature becomes "***". */
#ifndef MR_LOG_REDACT_H
#define MR_LOG_REDACT_H

#include "dataplane/base/base.h"

/* Copies `in` to `out` (cut at out_bytes) with such values replaced; the length written. Names match anywhere in a
 * word, in any case ("X-API-KEY: a", "apiSecret=a", "\"token\":\"a\""); a value runs to a blank, comma, quote, '&' or
 * bracket. */
size_t mr_redact(char *out, size_t out_bytes, const char *in, size_t len);

#endif
