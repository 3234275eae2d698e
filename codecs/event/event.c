#include "codecs/event/event.h"

static const char *const names[MR_EVENT_KIND_COUNT] = {
#define MR_X(name, value, text) [value] = text,
    MR_EVENT_KINDS(MR_X)
#undef MR_X
};

const char *mr_event_kind_name(unsigned kind) { return kind < MR_EVENT_KIND_COUNT ? names[kind] : "?"; }
