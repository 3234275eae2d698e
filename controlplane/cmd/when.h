/* Times as an operator writes them: ns since 1970, or 2026-01-31T12:00:00Z with up to nine decimals of a second. */
#ifndef MR_CMD_WHEN_H
#define MR_CMD_WHEN_H

#include "dataplane/base/base.h"

/* MR_OK, or MR_E_INVALID with a sentence that names the option. */
int mr_when_parse(const char *option, const char *text, int64_t *ns, struct mr_err *err);

#endif
