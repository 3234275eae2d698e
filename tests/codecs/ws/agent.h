/* An echo client for conformance suites: the product's source, upgrade, reader and writer of frames, over plain TCP. Only that it
 * echoes is its own. */
#ifndef MR_TESTS_WS_AGENT_H
#define MR_TESTS_WS_AGENT_H

#include "dataplane/base/base.h"

/* Runs all cases of the server at "ws://host:port" under this name (letters, digits, '.', '-', '_'). How many were run, or a status with the
 * sentence. */
int ws_agent_run(const char *url, const char *name, struct mr_err *err);

#endif
