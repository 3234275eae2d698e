/* What an event says of itself in the trace record of a latency maximum (dataplane/metrics/trace.h). */
#ifndef MR_EVENT_TRACE_H
#define MR_EVENT_TRACE_H

#include "codecs/event/event.h"
#include "dataplane/metrics/trace.h"

/* The record of one group: value, time, and all that its head tells; decode_ns only where `decoded`. */
struct mr_trace mr_event_trace(const union mr_slot *group, bool decoded, int64_t value, int64_t at_ns);

#endif
