/* One record of a tap as a line of text, or as a JSON object on a line. */
#ifndef MR_CMD_TAP_SHOW_H
#define MR_CMD_TAP_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "include/millrace/millrace.h"

void mr_tap_show(FILE *out, const struct millrace_record *r, bool json);

#endif
