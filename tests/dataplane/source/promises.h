/* The promises of a source of stream connections, one function each. */
#ifndef MR_TESTS_SOURCE_PROMISES_H
#define MR_TESTS_SOURCE_PROMISES_H

#include "tests/dataplane/source/bed.h"

struct promise {
    const char *says;
    void (*run)(const struct mr_source_ops *);
    bool of_sockets; /* about kernel sockets, loopback or buffers that the config counts: not for user-space TCP */
};
extern const struct promise promises[];
extern const size_t promise_count;

#endif
