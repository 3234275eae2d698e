/* A second opinion: RFC 8259 as a recursive descent, one function a rule, nothing shared with the parser.
 *
 * Slow and plain on purpose. It answers what the cursor promises: MR_OK; MR_E_MALFORMED at the first byte that
 * no legal text could have there; MR_E_TRUNCATED at the end where more bytes could still make it legal;
 * MR_E_DEPTH at the bracket that opens one level more than MR_JSON_DEPTH. */
#ifndef MR_TESTS_CODECS_JSON_REFERENCE_H
#define MR_TESTS_CODECS_JSON_REFERENCE_H

#include "tests/codecs/json/kernels.h"

struct verdict reference_check(const uint8_t *data, uint32_t len);

#endif
