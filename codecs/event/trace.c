#include "codecs/event/trace.h"

MR_COLD struct mr_trace mr_event_trace(const union mr_slot *group, bool decoded, int64_t value, int64_t at_ns)
{
    const struct mr_event *ev = &group->event;
    struct mr_trace t = mr_trace_of(value, at_ns);
    t.recv_ns = ev->recv_ns;
    t.venue_ns = ev->venue_ns;
    t.seq = ev->seq;
    t.instrument = ev->instrument;
    t.connection = ev->connection;
    t.slots = mr_event_slots(group);
    t.kind = ev->kind;
    t.source = ev->source;
    t.clock = (uint8_t)((ev->flags & MR_FLAG_CLOCK) >> MR_FLAG_CLOCK_SHIFT);
    if (decoded)
        t.decode_ns = ev->decode_delta_ns;
    return t;
}
