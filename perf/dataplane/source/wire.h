/* The program that stamps the sender's segments at its devices (wire_stamp.bpf.c), loaded and attached. */
#ifndef MR_PERF_WIRE_H
#define MR_PERF_WIRE_H

#include <stdbool.h>

#include "perf/dataplane/source/wire_stamp.h"

/* Attaches it to these devices of this thread's network namespace. NULL: it cannot be done here, and `why` says what is missing. It stays until
 * the devices go. */
struct wire_stamps *wire_open(const char *const *devices, unsigned count, char *why, unsigned why_bytes);

#endif
