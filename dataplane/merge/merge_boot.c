/* Memory and set-up; streams found by what they are of. */
#include "dataplane/mem/arena.h"
#include "dataplane/merge/merge_priv.h"

MR_METRICS_DEFINE(mr_merge, MR_MERGE_METRICS);
MR_METRICS_DEFINE(mr_lane, MR_LANE_METRICS);

static size_t stream_bytes(const struct mr_merge_config *c)
{
    return sizeof(struct mr_merge_stream) + c->lanes_max * sizeof(struct mr_merge_place);
}

size_t mr_merge_bytes(const struct mr_merge_config *c)
{
    return sizeof(struct mr_merge) + c->streams_max * stream_bytes(c) +
           ((size_t)c->window_slots + c->hold_slots) * sizeof(union mr_slot) + 8 * MR_LINE_BYTES;
}

/* "books snapshot" and "books update" are one stream: the kinds whose names are the same up to the first blank. */
static void find_families(struct mr_merge *m)
{
    const struct mr_venue_kind *kinds = m->config.venue->kinds;
    for (uint8_t k = 0; k < MR_VENUE_KINDS_MAX && kinds[k].name; k++) {
        size_t len = strcspn(kinds[k].name, " ");
        m->family[k] = k;
        for (uint8_t other = 0; other < k && m->family[k] == k; other++)
            if (strcspn(kinds[other].name, " ") == len && memcmp(kinds[other].name, kinds[k].name, len) == 0 &&
                kinds[other].channel == kinds[k].channel)
                m->family[k] = other;
    }
}

/* The words of a product's `consecutive` are names of kinds. */
static void find_consecutive(struct mr_merge *m)
{
    const struct mr_venue_kind *kinds = m->config.venue->kinds;
    const char *words = m->config.venue->products[m->config.product].consecutive;
    for (const char *at = words ? words : ""; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        for (uint32_t k = 0; k < MR_VENUE_KINDS_MAX && kinds[k].name; k++)
            if (strlen(kinds[k].name) == len && memcmp(kinds[k].name, at, len) == 0)
                m->consecutive[k] = true;
        at += len;
    }
}

struct mr_merge *mr_merge_init(void *mem, const struct mr_merge_config *config, struct mr_merge_metrics *metrics)
{
    struct mr_arena arena;
    MR_ASSERT(config->lanes_max > 0 && config->lanes_max <= MR_MERGE_LANES_MAX);
    MR_ASSERT(config->streams_max && (config->streams_max & (config->streams_max - 1)) == 0);
    MR_ASSERT(config->window_slots >= 256 && config->hold_slots > 2 * (MR_GROUP_SLOTS + 1));
    mr_arena_in(&arena, mem, mr_merge_bytes(config));
    struct mr_merge *m = MR_CUT(&arena, struct mr_merge, 1);
    m->config = *config;
    m->metrics = metrics;
    m->rule = config->venue->products[config->product].sequencing;
    for (size_t i = 0; i < MR_COUNT_OF(m->elder); i++)
        m->elder[i] = -1;
    m->stream_bytes = stream_bytes(config);
    m->streams = mr_arena_cut(&arena, m->stream_bytes * config->streams_max, MR_LINE_BYTES);
    m->stream_mask = config->streams_max - 1;
    mr_merge_ring_init(&m->window, MR_CUT(&arena, union mr_slot, config->window_slots), config->window_slots);
    mr_merge_ring_init(&m->hold, MR_CUT(&arena, union mr_slot, config->hold_slots), config->hold_slots);
    MR_ASSERT(m->hold.slot); /* mr_merge_bytes planned it */
    find_families(m);
    find_consecutive(m);
    return m;
}

void mr_merge_begin(struct mr_merge *m, int64_t wait_ns)
{
    m->wait_ns = wait_ns;
    memset(m->streams, 0, m->stream_bytes * m->config.streams_max);
    m->stream_count = m->waiting = 0;
    mr_merge_ring_init(&m->window, m->window.slot, m->window.slots);
    mr_merge_ring_init(&m->hold, m->hold.slot, m->hold.slots);
    MR_GAUGE_SET(m->metrics, waiting, 0);
}

uint32_t mr_merge_opened(const struct mr_merge *m, struct mr_merge_open out[MR_MERGE_LANES_MAX])
{
    uint32_t n = 0;
    for (uint64_t after = 0; n < (uint32_t)__builtin_popcount(m->open); n++) {
        int next = -1;
        for (uint32_t left = m->open; left; left &= left - 1) {
            const int lane = __builtin_ctz(left);
            if (m->opened[lane] > after && (next < 0 || m->opened[lane] < m->opened[next]))
                next = lane;
        }
        out[n] = (struct mr_merge_open){.connection = m->connection[next], .route = m->route[next]};
        after = m->opened[next];
    }
    return n;
}

/* ---- streams ---- */

static bool numbered_book(const struct mr_merge *m, const union mr_slot *group)
{
    return group->event.kind == MR_EVENT_BOOK && !(group->book.book_flags & MR_BOOK_PARTIAL) &&
           m->rule != MR_SEQ_IMAGE && m->rule != MR_SEQ_NONE && m->rule != MR_SEQ_STATE;
}

static MR_COLD struct mr_merge_stream *begin_stream(struct mr_merge *m, struct mr_merge_stream *s, uint64_t key,
                                                    const union mr_slot *group, uint32_t index, int lane)
{
    uint8_t source = group->event.source;
    if (m->stream_count * 4 >= (m->stream_mask + 1) * 3)
        return NULL;
    m->stream_count++;
    s->key = key;
    s->index = index;
    s->route = m->route[lane];
    s->fact = group->event.kind == MR_EVENT_TRADE || group->event.kind == MR_EVENT_LIQUIDATION;
    s->mode = numbered_book(m, group)                                 ? MR_MERGE_BOOK
              : source < MR_VENUE_KINDS_MAX && m->consecutive[source] ? MR_MERGE_NEXT
                                                                      : MR_MERGE_CONTENT;
    s->timeless = s->mode == MR_MERGE_CONTENT && !s->fact && mr_merge_order(s, group) == 0;
    return s;
}

struct mr_merge_stream *mr_merge_stream_for(struct mr_merge *m, const union mr_slot *group, int lane)
{
    uint64_t key = mr_merge_key(m, group);
    uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 32) & m->stream_mask;
    for (;; at = (at + 1) & m->stream_mask) {
        struct mr_merge_stream *s = mr_merge_stream_at(m, at);
        if (mr_likely(s->key == key))
            return s;
        if (s->key == 0)
            return begin_stream(m, s, key, group, at, lane);
    }
}
