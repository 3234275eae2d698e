#include "dataplane/feed/feed_priv.h"
#include "dataplane/mem/arena.h"

MR_METRICS_DEFINE(mr_feed, MR_FEED_METRICS);

static size_t rounded(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES; }

size_t mr_feed_bytes(const struct mr_feed_config *c)
{
    return rounded(sizeof(struct mr_feed)) + rounded(sizeof(struct mr_decoder)) +
           rounded(mr_decoder_bytes(c->venue, c->instruments_max)) +
           (c->shapes ? rounded(mr_shapes_bytes(c->shapes)) : 0) +
           rounded(c->instruments_max * sizeof(struct mr_join *)) + rounded(c->instruments_max * sizeof(bool)) +
           rounded(mr_join_bytes(c->hold_slots)) * c->joins_max + MR_DECODE_SLOTS * sizeof(union mr_slot) +
           mr_feed_merge_bytes(c) + 16 * MR_LINE_BYTES;
}

struct mr_feed *mr_feed_init(void *mem, const struct mr_feed_config *config, struct mr_feed_metrics *metrics)
{
    struct mr_arena arena;
    mr_arena_in(&arena, mem, mr_feed_bytes(config));
    struct mr_feed *feed = MR_CUT(&arena, struct mr_feed, 1);
    feed->config = *config;
    feed->metrics = metrics;
    mr_clock_health_init(&feed->clock);
    feed->decoder = MR_CUT(&arena, struct mr_decoder, 1);
    void *state = mr_arena_cut(&arena, mr_decoder_bytes(config->venue, config->instruments_max), MR_LINE_BYTES);
    void *shapes = config->shapes ? mr_arena_cut(&arena, mr_shapes_bytes(config->shapes), MR_LINE_BYTES) : NULL;
    feed->joins = MR_CUT(&arena, struct mr_join *, config->instruments_max);
    feed->owes_gap = MR_CUT(&arena, bool, config->instruments_max);
    feed->join_bytes = rounded(mr_join_bytes(config->hold_slots));
    feed->join_pool = mr_arena_cut(&arena, feed->join_bytes * config->joins_max, MR_LINE_BYTES);
    feed->out = MR_CUT(&arena, union mr_slot, MR_DECODE_SLOTS);
    MR_ASSERT(feed->out && feed->join_pool); /* mr_feed_bytes planned it */
    mr_decoder_init(feed->decoder, config->venue, config->product, config->instruments,
                    shapes ? mr_shapes_init(shapes, config->shapes, mr_kernel_active()) : NULL, state);
    int status = mr_decoder_liquidators(feed->decoder, config->liquidators, config->liquidator_count);
    MR_ASSERT(status == MR_OK); /* whoever configured them has looked */
    feed->alone = state;
    if (config->lanes_max)
        mr_feed_merge_init(feed, &arena);
    return feed;
}

struct mr_join *mr_feed_join_for(struct mr_feed *feed, uint32_t instrument)
{
    if (instrument >= feed->config.instruments_max)
        return NULL;
    struct mr_join **join = &feed->joins[instrument];
    if (!*join && feed->joins_used < feed->config.joins_max)
        *join = mr_join_init(feed->join_pool + feed->join_bytes * feed->joins_used++,
                             feed->config.venue->products[feed->config.product].sequencing, instrument,
                             feed->config.hold_slots);
    return *join;
}

const struct mr_clock_health *mr_feed_clock(const struct mr_feed *feed) { return &feed->clock; }

const struct mr_decoder *mr_feed_decoder(const struct mr_feed *feed) { return feed->decoder; }

const struct mr_join *mr_feed_join(const struct mr_feed *feed, uint32_t instrument)
{
    return instrument < feed->config.instruments_max ? feed->joins[instrument] : NULL;
}
