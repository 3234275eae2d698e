#include "dataplane/feed/feed.h"

#include "codecs/event/trace.h"
#include "dataplane/feed/feed_priv.h"

/* ---- what was refused, by reason ---- */

static MR_COLD int refuse(struct mr_feed *feed, int status, const struct mr_frame *frame)
{
    struct mr_feed_metrics *m = feed->metrics;
    switch (status) {
    case MR_E_TRUNCATED:
        MR_COUNT(m, truncated, 1);
        break;
    case MR_E_INEXACT:
        MR_COUNT(m, inexact, 1);
        break;
    case MR_E_OVERFLOW:
    case MR_E_TOO_BIG:
    case MR_E_FULL:
        MR_COUNT(m, overflow, 1);
        break;
    case MR_E_RANGE:
        MR_COUNT(m, range, 1);
        break;
    case MR_E_UNKNOWN:
        MR_COUNT(m, unknown, 1);
        break;
    case MR_E_SYMBOL:
        MR_COUNT(m, no_symbol, 1);
        break;
    default:
        MR_COUNT(m, malformed, 1);
        break;
    }
    if (feed->config.reject)
        feed->config.reject(feed->config.reject_arg, status, frame, feed->decoder);
    return status;
}

/* Feeds of several tiles write one table, seldom: a lock of one word, held for a few hundred ns. */
static void lock_table(const struct mr_feed *feed)
{
    while (feed->config.table_lock && __atomic_exchange_n(feed->config.table_lock, 1, __ATOMIC_ACQUIRE)) {
    }
}

static void unlock_table(const struct mr_feed *feed)
{
    if (feed->config.table_lock)
        __atomic_store_n(feed->config.table_lock, 0, __ATOMIC_RELEASE);
}

/* An instrument the table does not have: added if the config says so. */
static MR_COLD bool add_symbol(struct mr_feed *feed)
{
    const struct mr_decoder *dec = feed->decoder;
    struct mr_instruments *table = feed->config.instruments;
    if (!feed->config.add_unknown || mr_instruments_count(table) >= feed->config.instruments_max)
        return false;
    const struct mr_instrument *known =
        feed->config.catalogue ? mr_instruments_find(feed->config.catalogue, dec->venue->id, dec->product, dec->name)
                               : NULL;
    lock_table(feed);
    int64_t id = known ? mr_instruments_add(table, known)
                       : mr_instruments_add_bare(table, dec->venue->id, dec->product, dec->name);
    unlock_table(feed);
    MR_COUNT(feed->metrics, added, id >= 0);
    return id >= 0;
}

/* None is added any more: a frame's other instruments must not suffer for one that is not in the table. True the first time. */
static MR_COLD bool skip_unknown(struct mr_feed *feed)
{
    bool first = !feed->decoder->skip_unknown;
    feed->decoder->skip_unknown = true;
    return first;
}

/* What a message says of an instrument itself: a new tick, or that it no longer trades. */
static MR_COLD void retold(struct mr_feed *feed, const struct mr_event *ev)
{
    const struct mr_instrument *it = mr_instruments_get(feed->config.instruments, ev->instrument);
    if (!it)
        return;
    struct mr_instrument now = *it;
    if (ev->price == MR_STATUS_TICK) {
        const char *lot = mr_venue_by_id(it->venue)->products[it->product].lot;
        char tick[MR_DECIMAL_TEXT];
        mr_decimal_text(ev->size, it->price_scale, tick);
        if (!lot || mr_instrument_scales(&now, mr_span_of(tick), mr_span_of(lot)) != MR_OK)
            return;
    } else if (ev->price == MR_STATUS_HALTED || ev->price == MR_STATUS_LIVE) {
        now.flags = (uint8_t)(now.flags & ~MR_INSTRUMENT_HALTED);
        now.flags |= ev->price == MR_STATUS_HALTED ? MR_INSTRUMENT_HALTED : 0;
    }
    lock_table(feed);
    mr_instruments_add(feed->config.instruments, &now);
    unlock_table(feed);
}

/* After an instrument list: what is followed takes its metadata from the catalogue. */
static MR_COLD void refresh_metadata(struct mr_feed *feed)
{
    if (!feed->config.catalogue)
        return;
    const struct mr_decoder *dec = feed->decoder;
    for (uint32_t id = 0; id < mr_instruments_count(feed->config.instruments); id++) {
        const struct mr_instrument *ours = mr_instruments_get(feed->config.instruments, id);
        if (ours->venue != dec->venue->id || ours->product != dec->product)
            continue;
        const struct mr_span symbol = {(const uint8_t *)ours->symbol, ours->symbol_len};
        const struct mr_instrument *known =
            mr_instruments_find(feed->config.catalogue, ours->venue, ours->product, symbol);
        if (!known)
            continue;
        lock_table(feed);
        mr_instruments_add(feed->config.instruments, known);
        unlock_table(feed);
    }
    if (dec->shapes)
        mr_shapes_clear(dec->shapes); /* scales may have changed */
}

bool mr_feed_listed(const struct mr_feed *feed, const char *symbol)
{
    const struct mr_instruments *lists = feed->config.catalogue;
    const struct mr_decoder *dec = feed->decoder;
    if (!lists || mr_instruments_count(lists) == mr_instruments_capacity(lists)) /* not all may be in it */
        return true;
    const struct mr_instrument *it = mr_instruments_find(lists, dec->venue->id, dec->product, mr_span_of(symbol));
    return it && !(it->flags & MR_INSTRUMENT_HALTED);
}

/* ---- passing on ---- */

static bool emit(struct mr_feed *feed, const union mr_slot *group)
{
    if (mr_unlikely(!feed->config.emit(feed->config.emit_arg, group, mr_event_slots(group)))) {
        MR_COUNT(feed->metrics, refused, 1);
        return false;
    }
    MR_COUNT(feed->metrics, groups, 1);
    return true;
}

/* A book group that could not be taken leaves a hole: the book breaks, and the GAP goes out when there is room. */
static MR_COLD void hole(struct mr_feed *feed, struct mr_join *join, int64_t recv_ns)
{
    mr_join_break(join, MR_GAP_RING_FULL, recv_ns);
    MR_COUNT(feed->metrics, gaps, 1);
    feed->owes_gap[join->instrument] = !emit(feed, &join->gap);
}

static int pass(struct mr_feed *feed, struct mr_join *join, const union mr_slot *group)
{
    if (mr_likely(emit(feed, group)))
        return 1;
    hole(feed, join, group->event.recv_ns);
    return 0;
}

static MR_COLD int replay_held(struct mr_feed *feed, struct mr_join *join, const union mr_slot *snapshot)
{
    int passed = pass(feed, join, snapshot);
    for (const union mr_slot *held; (held = mr_join_held_next(join));) {
        MR_COUNT(feed->metrics, gaps, held->event.kind == MR_EVENT_GAP);
        passed += pass(feed, join, held);
    }
    return passed;
}

static int offer(struct mr_feed *feed, struct mr_join *join, union mr_slot *group)
{
    struct mr_feed_metrics *m = feed->metrics;
    if (mr_unlikely(feed->owes_gap[join->instrument])) {
        if (!emit(feed, &join->gap))
            return 0;
        feed->owes_gap[join->instrument] = false;
    }
    switch (mr_join_offer(join, group)) {
    case MR_JOIN_PASS:
        return pass(feed, join, group);
    case MR_JOIN_HOLD:
        MR_COUNT(m, held, 1);
        return 0;
    case MR_JOIN_DROP:
        MR_COUNT(m, old, 1);
        return 0;
    case MR_JOIN_GAP:
        MR_COUNT(m, gaps, 1);
        return pass(feed, join, &join->gap);
    case MR_JOIN_REPLAY:
        return replay_held(feed, join, group);
    case MR_JOIN_REFETCH:
        MR_COUNT(m, refetched, 1);
        return 0;
    default:
        MR_ASSERT(false);
        return 0;
    }
}

static int book_group(struct mr_feed *feed, union mr_slot *group)
{
    struct mr_join *join = mr_feed_join_for(feed, group->book.instrument);
    if (mr_unlikely(!join)) {
        MR_COUNT(feed->metrics, no_join, 1);
        return 0;
    }
    return offer(feed, join, group);
}

static MR_COLD void show_clock(struct mr_feed *feed)
{
    const struct mr_clock_health *h = &feed->clock;
    MR_COUNT(feed->metrics, clock_jumps, h->jumps - feed->metrics->clock_jumps);
    MR_GAUGE_SET(feed->metrics, clock_state, mr_clock_health_state(h));
    MR_GAUGE_SET(feed->metrics, clock_offset_ns, h->offset_ns);
    MR_GAUGE_SET(feed->metrics, clock_drift_ppb, h->drift_ppm * 1000);
    MR_GAUGE_SET(feed->metrics, clock_jump_ns, h->jump_ns);
}

/* The message that lay longest so far between the venue's time and ours. */
static MR_COLD void trace(struct mr_feed *feed, const union mr_slot *first)
{
    int64_t recv_ns = first->event.recv_ns;
    struct mr_trace t = mr_event_trace(first, false, recv_ns - first->event.venue_ns, recv_ns);
    t.thread = MR_TRACE_THREAD_FEED;
    t.tile = feed->config.tile;
    MR_TRACE(feed->metrics, lag_ns, &t);
}

static void lag(struct mr_feed *feed, const union mr_slot *first)
{
    if (first->event.venue_ns == 0 || (first->event.flags & MR_FLAG_CLOCK) >> MR_FLAG_CLOCK_SHIFT == MR_CLOCK_VENUE)
        return;
    int64_t lag_ns = first->event.recv_ns - first->event.venue_ns;
    MR_COUNT(feed->metrics, negative_lag, lag_ns < 0);
    if (MR_RECORD_MAX(feed->metrics, lag_ns, lag_ns))
        trace(feed, first);
    if (mr_clock_health_add(&feed->clock, first->event.recv_ns, lag_ns))
        show_clock(feed);
}

/* A recording without receive times: the venue's serve, and the event says so. */
static MR_COLD void put_times(struct mr_feed *feed, uint32_t slots)
{
    for (uint32_t at = 0; at < slots; at += mr_event_slots(&feed->out[at])) {
        union mr_slot *group = &feed->out[at];
        if (group->event.venue_ns > feed->last_ns)
            feed->last_ns = group->event.venue_ns;
        group->event.recv_ns = feed->last_ns;
    }
}

int mr_feed_route_group(struct mr_feed *feed, union mr_slot *group)
{
    if (mr_unlikely(group->event.kind == MR_EVENT_STATUS))
        retold(feed, &group->event);
    bool joins = group->event.kind == MR_EVENT_BOOK && !(group->book.book_flags & MR_BOOK_PARTIAL);
    return joins ? book_group(feed, group) : emit(feed, group);
}

static int distribute(struct mr_feed *feed, uint32_t slots, bool has_times)
{
    int passed = 0;
    if (slots)
        lag(feed, feed->out);
    if (mr_unlikely(!has_times))
        put_times(feed, slots);
    for (uint32_t at = 0; at < slots; at += mr_event_slots(&feed->out[at])) {
        union mr_slot *group = &feed->out[at];
        if (mr_unlikely(group->event.kind == MR_EVENT_STATUS))
            retold(feed, &group->event);
        bool joins = group->event.kind == MR_EVENT_BOOK && !(group->book.book_flags & MR_BOOK_PARTIAL);
        passed += joins ? book_group(feed, group) : emit(feed, group);
    }
    return passed;
}

static int distribute_merged(struct mr_feed *feed, int lane, uint32_t slots, bool has_times)
{
    if (!has_times)
        put_times(feed, slots);
    int passed = mr_feed_merge_groups(feed, lane, slots);
    if (passed) /* of the first copy: the others' lag is in the lead of the first */
        lag(feed, feed->out);
    return passed;
}

int mr_feed_frame(struct mr_feed *feed, const struct mr_frame *frame)
{
    int lane = mr_unlikely(feed->merging) ? mr_feed_lane(feed, frame->connection) : -1;
    int slots = mr_decode(feed->decoder, frame, feed->out, MR_DECODE_SLOTS);
    feed->last = slots > 0 ? (uint32_t)slots : 0;
    if (mr_unlikely(slots == MR_E_SYMBOL) && (add_symbol(feed) || skip_unknown(feed)))
        return mr_feed_frame(feed, frame); /* ends: each round adds an instrument, and the table is bounded */
    if (mr_unlikely(slots < 0))
        return refuse(feed, slots, frame);
    MR_COUNT(feed->metrics, messages, 1);
    bool has_times = frame->clock != MR_CLOCK_VENUE || frame->recv_ns != 0;
    if (mr_unlikely(lane >= 0))
        return distribute_merged(feed, lane, (uint32_t)slots, has_times);
    return distribute(feed, (uint32_t)slots, has_times);
}

int mr_feed_rest(struct mr_feed *feed, struct mr_span url, const struct mr_frame *body)
{
    struct mr_decoder *dec = feed->decoder;
    struct mr_instruments *lists = feed->config.catalogue ? feed->config.catalogue : feed->config.instruments;
    uint32_t known = mr_instruments_count(lists);
    int slots = mr_decode_rest(dec, url, body, lists, feed->out, MR_DECODE_SLOTS);
    if (slots == MR_E_SYMBOL && add_symbol(feed))
        return mr_feed_rest(feed, url, body);
    if (slots < 0)
        return refuse(feed, slots, body);
    MR_COUNT(feed->metrics, bodies, 1);
    if (mr_instruments_count(lists) != known || slots == 0)
        refresh_metadata(feed);
    return distribute(feed, (uint32_t)slots, body->clock != MR_CLOCK_VENUE || body->recv_ns != 0);
}

void mr_feed_break(struct mr_feed *feed, uint32_t instrument, enum mr_gap_cause cause, int64_t recv_ns)
{
    struct mr_join *join = instrument < feed->config.instruments_max ? feed->joins[instrument] : NULL;
    if (!join)
        return;
    mr_join_break(join, cause, recv_ns);
    MR_COUNT(feed->metrics, gaps, 1);
    feed->owes_gap[instrument] = !emit(feed, &join->gap);
}

void mr_feed_disconnect(struct mr_feed *feed, int64_t recv_ns)
{
    mr_feed_forget(feed);
    for (uint32_t i = 0; i < feed->config.instruments_max; i++)
        mr_feed_break(feed, i, MR_GAP_DISCONNECT, recv_ns);
}

void mr_feed_hole(struct mr_feed *feed, uint64_t first, uint64_t last, int64_t recv_ns)
{
    const union mr_slot slot = {.event = {.recv_ns = recv_ns,
                                          .price = (int64_t)first,
                                          .size = (int64_t)last,
                                          .aux = (int64_t)(last - first + 1),
                                          .instrument = UINT32_MAX,
                                          .kind = MR_EVENT_GAP,
                                          .flags = MR_FLAG_FIRST | MR_FLAG_LAST}};
    static_assert(MR_GAP_SEQUENCE == 0, "the cause, left out above");
    emit(feed, &slot);
    if (feed->config.venue->products[feed->config.product].sequencing != MR_SEQ_NONE)
        return;
    for (uint32_t i = 0; i < feed->config.instruments_max; i++)
        mr_feed_break(feed, i, MR_GAP_SEQUENCE, recv_ns);
}

void mr_feed_forget(struct mr_feed *feed)
{
    feed->decoder->state = feed->alone; /* each lane's begin anew when it opens */
    mr_decoder_reset(feed->decoder);
}

uint32_t mr_feed_last(const struct mr_feed *feed, const union mr_slot **out)
{
    *out = feed->out;
    return feed->last;
}

bool mr_feed_status(struct mr_feed *feed, uint32_t instrument, enum mr_status_event status, uint32_t channel,
                    int64_t recv_ns)
{
    const union mr_slot slot = {.event = {.recv_ns = recv_ns,
                                          .price = status,
                                          .size = channel,
                                          .instrument = instrument,
                                          .kind = MR_EVENT_STATUS,
                                          .flags = MR_FLAG_FIRST | MR_FLAG_LAST}};
    return emit(feed, &slot);
}

uint32_t mr_feed_wanting(const struct mr_feed *feed, void (*each)(void *arg, uint32_t instrument), void *arg)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < feed->config.instruments_max; i++)
        if (feed->joins[i] && feed->joins[i]->wants_snapshot) {
            n++;
            if (each)
                each(arg, i);
        }
    MR_GAUGE_SET(feed->metrics, wanting, n);
    return n;
}
