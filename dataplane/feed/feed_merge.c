/* Several connections of one feed: each with partial values of its own, their events merged, a message's first and last group marked anew after
 * copies were dropped from it. */
#include "dataplane/feed/feed_priv.h"

/* What decoders may keep for an instrument is a stream each: with room for half as many again. */
#define STREAMS_EACH 8

static uint32_t streams_max(const struct mr_feed_config *c)
{
    uint32_t n = 64;
    while (n < c->instruments_max * STREAMS_EACH)
        n *= 2;
    return n;
}

static void pass(void *arg, union mr_slot *group, bool held);

static bool wants_image(void *arg, uint32_t instrument)
{
    const struct mr_join *join = mr_feed_join(arg, instrument);
    return !join || join->state != MR_JOIN_LIVE;
}

static struct mr_merge_config merge_config(const struct mr_feed_config *c)
{
    return (struct mr_merge_config){.venue = c->venue,
                                    .product = c->product,
                                    .lanes_max = c->lanes_max,
                                    .streams_max = streams_max(c),
                                    .window_slots = MR_FEED_WINDOW_SLOTS,
                                    .hold_slots = MR_FEED_WAIT_SLOTS,
                                    .pass = pass,
                                    .wants_image = wants_image};
}

static size_t state_bytes(const struct mr_feed_config *c)
{
    return (mr_decoder_bytes(c->venue, c->instruments_max) + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES;
}

size_t mr_feed_merge_bytes(const struct mr_feed_config *c)
{
    if (!c->lanes_max)
        return 0;
    const struct mr_merge_config merge = merge_config(c);
    return mr_merge_bytes(&merge) + state_bytes(c) * c->lanes_max + 8 * MR_LINE_BYTES;
}

void mr_feed_merge_init(struct mr_feed *feed, struct mr_arena *arena)
{
    struct mr_merge_config merge = merge_config(&feed->config);
    merge.arg = feed;
    mr_metrics_init_values(&feed->unread, &mr_merge_metrics_desc);
    feed->merge = mr_merge_init(mr_arena_cut(arena, mr_merge_bytes(&merge), MR_LINE_BYTES), &merge,
                                feed->config.merge ? feed->config.merge : &feed->unread);
    feed->state_bytes = state_bytes(&feed->config);
    feed->lane_state = mr_arena_cut(arena, feed->state_bytes * feed->config.lanes_max + MR_LINE_BYTES, MR_LINE_BYTES);
    MR_ASSERT(feed->lane_state);
}

/* ---- partial values: one set while not merging, one a lane while merging ---- */

static uint8_t *state_of(const struct mr_feed *feed, int lane)
{
    return feed->lane_state + feed->state_bytes * (size_t)lane;
}

static size_t used_bytes(const struct mr_feed *feed)
{
    return mr_decoder_bytes(feed->config.venue, feed->config.instruments_max);
}

static void forget(struct mr_feed *feed, int lane)
{
    feed->decoder->state = state_of(feed, lane);
    memcpy(feed->decoder->state, feed->alone, used_bytes(feed)); /* what was configured stands in it too */
    if (feed->config.venue->reset)
        feed->config.venue->reset(feed->decoder);
    feed->decoder->state = feed->alone;
}

void mr_feed_merge(struct mr_feed *feed, bool on, int64_t wait_ns)
{
    uint32_t open = feed->merge ? mr_merge_open_lanes(feed->merge) : 0;
    if (!feed->merge || (!on && !feed->merging))
        return;
    if (!on)
        mr_feed_due(feed, INT64_MAX); /* what waits goes on */
    if (on && !feed->merging)
        for (uint32_t left = open; left; left &= left - 1)
            memcpy(state_of(feed, __builtin_ctz(left)), feed->alone, used_bytes(feed));
    if (on)
        mr_merge_begin(feed->merge, wait_ns);
    else if (open) /* the one that is left */
        memcpy(feed->alone, state_of(feed, __builtin_ctz(open)), used_bytes(feed));
    feed->merging = on;
    feed->decoder->state = feed->alone;
}

bool mr_feed_merging(const struct mr_feed *feed) { return feed->merging; }

void mr_feed_opened(struct mr_feed *feed, uint16_t connection, uint8_t route, struct mr_lane_metrics *metrics)
{
    int lane = feed->merge ? mr_merge_open(feed->merge, connection, route, metrics) : -1;
    if (lane >= 0 && feed->merging)
        forget(feed, lane);
}

uint32_t mr_feed_connections(const struct mr_feed *feed, struct mr_merge_open out[MR_MERGE_LANES_MAX])
{
    return feed->merge ? mr_merge_opened(feed->merge, out) : 0;
}

int mr_feed_lane(struct mr_feed *feed, uint16_t connection)
{
    int lane = mr_merge_lane(feed->merge, connection);
    if (mr_unlikely(lane < 0)) { /* a recording that begins in mid-run does not say when it was opened */
        mr_feed_opened(feed, connection, 0, NULL);
        lane = mr_merge_lane(feed->merge, connection);
    }
    feed->decoder->state = lane >= 0 ? state_of(feed, lane) : feed->alone;
    return lane;
}

/* ---- passing on ---- */

static void unstage(struct mr_feed *feed, bool last)
{
    union mr_slot *group = feed->staged;
    feed->staged = NULL;
    if (!group)
        return;
    group->event.flags |= last ? MR_FLAG_LAST : 0;
    feed->passed += mr_feed_route_group(feed, group);
}

/* Groups that waited are messages of their own: what comes before them ends there. */
static void pass(void *arg, union mr_slot *group, bool held)
{
    struct mr_feed *feed = arg;
    unstage(feed, held);
    if (held) {
        feed->passed += mr_feed_route_group(feed, group);
        feed->fresh = true;
        return;
    }
    group->event.flags |= feed->fresh ? MR_FLAG_FIRST : 0;
    feed->fresh = false;
    feed->staged = group;
}

int mr_feed_merge_groups(struct mr_feed *feed, int lane, uint32_t slots)
{
    feed->fresh = true;
    feed->passed = 0;
    for (uint32_t at = 0, next; at < slots; at = next) {
        union mr_slot *group = &feed->out[at];
        next = at + mr_event_slots(group);
        group->event.flags &= (uint8_t) ~(MR_FLAG_FIRST | MR_FLAG_LAST);
        mr_merge_take(feed->merge, lane, group);
    }
    unstage(feed, true);
    return feed->passed;
}

void mr_feed_left(struct mr_feed *feed, uint16_t connection)
{
    if (feed->merge)
        mr_merge_close(feed->merge, connection);
}

int64_t mr_feed_due_ns(const struct mr_feed *feed) { return feed->merging ? mr_merge_due_ns(feed->merge) : INT64_MAX; }

void mr_feed_due(struct mr_feed *feed, int64_t now_ns)
{
    if (feed->merging)
        mr_merge_due(feed->merge, now_ns);
}
