/* What makes two events the same one, and what orders them. */
#include "codecs/sequence/sequence.h"
#include "dataplane/merge/merge_priv.h"

/* Of candles each interval is a stream of its own. Never 0: the kind is above 0. */
uint64_t mr_merge_key(const struct mr_merge *merge, const union mr_slot *group)
{
    const struct mr_event *ev = &group->event;
    uint64_t interval = ev->kind == MR_EVENT_CANDLE ? group[1].candle.interval_s : 0;
    bool partial = ev->kind == MR_EVENT_BOOK && group->book.book_flags & MR_BOOK_PARTIAL;
    uint64_t family = merge->family[ev->source < MR_VENUE_KINDS_MAX ? ev->source : 0];
    return (uint64_t)ev->instrument << 36 ^ (interval << 16) ^ (uint64_t)partial << 15 ^ family << 8 ^ ev->kind;
}

uint32_t mr_merge_key_slots(const struct mr_merge_stream *s, const union mr_slot *group)
{
    uint32_t slots = s->mode == MR_MERGE_BOOK ? 1 : mr_event_slots(group);
    return slots < MR_MERGE_KEY_SLOTS ? slots : MR_MERGE_KEY_SLOTS;
}

/* Which side, of which kind; not where it stood in its message, by which clock, or whether it was a back-fill, an
 * estimate or secondary for this connection. */
#define SAME_FLAGS MR_FLAG_SELL

static bool same_book(const struct mr_book_head *a, const struct mr_book_head *b)
{
    return a->seq == b->seq && a->first_seq == b->first_seq && a->prev_seq == b->prev_seq &&
           (a->seq != 0 || (a->venue_ns == b->venue_ns && a->checksum == b->checksum && a->bid_count == b->bid_count &&
                            a->ask_count == b->ask_count));
}

/* Of fundings the size is the interval, which a lane may not have been told yet (0): each completes what it is told from its own last values. */
static bool same_size(const struct mr_event *a, const struct mr_event *b)
{
    return a->size == b->size || (b->kind == MR_EVENT_FUNDING && (a->size == 0 || b->size == 0));
}

bool mr_merge_same(const struct mr_merge_stream *s, const union mr_slot *kept, const union mr_slot *group)
{
    if (s->mode == MR_MERGE_NEXT)
        return kept->event.seq == group->event.seq;
    if (s->mode == MR_MERGE_BOOK)
        return same_book(&kept->book, &group->book);
    const struct mr_event *a = &kept->event, *b = &group->event;
    /* of BBOs and images these are their numbers, counts and flags */
    if (a->venue_ns != b->venue_ns || a->seq != b->seq || a->price != b->price || !same_size(a, b) ||
        a->aux != b->aux || a->exponent != b->exponent || ((a->flags ^ b->flags) & SAME_FLAGS))
        return false;
    uint32_t more = mr_merge_key_slots(s, group) - 1;
    return more == 0 || memcmp(kept + 1, group + 1, more * sizeof *group) == 0;
}

uint64_t mr_merge_order(const struct mr_merge_stream *s, const union mr_slot *group)
{
    if (s->mode != MR_MERGE_CONTENT || group->event.venue_ns == 0)
        return group->event.seq;
    return (uint64_t)group->event.venue_ns;
}

bool mr_merge_follows(const struct mr_merge *merge, const struct mr_merge_stream *s, const union mr_slot *group)
{
    if (!s->begun || s->mode == MR_MERGE_CONTENT)
        return true;
    if (s->mode == MR_MERGE_NEXT)
        return group->event.seq == s->last + 1;
    return mr_join_follows(merge->rule, s->last, &group->book);
}

/* A book's whole state in the stream. */
bool mr_merge_is_image(const struct mr_merge *merge, const union mr_slot *group)
{
    return group->event.kind == MR_EVENT_BOOK && !(group->book.book_flags & MR_BOOK_PARTIAL) &&
           (group->book.flags & MR_FLAG_SNAPSHOT || (merge->rule == MR_SEQ_PLUS_ONE && group->book.seq == 1));
}

/* ---- places by several events ---- */

#define MATCH_MAX 64

/* The stream's last entries in the window, oldest first, none that came before that time. */
static uint32_t window_end(const struct mr_merge *merge, const struct mr_merge_stream *s, int64_t from_ns,
                           uint64_t out[MATCH_MAX])
{
    uint32_t n = 0;
    for (uint64_t at = s->oldest; at; at = mr_merge_at(&merge->window, at)->next)
        if (mr_merge_at(&merge->window, at)->recv_ns >= from_ns)
            out[n++ % MATCH_MAX] = at;
    if (n <= MATCH_MAX)
        return n;
    uint64_t turned[MATCH_MAX];
    for (uint32_t i = 0; i < MATCH_MAX; i++)
        turned[i] = out[(n + i) % MATCH_MAX];
    memcpy(out, turned, sizeof turned);
    return MATCH_MAX;
}

static bool equal_run(const struct mr_merge *merge, const struct mr_merge_stream *s, const uint64_t *kept,
                      const uint64_t *held, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!mr_merge_same(s, mr_merge_group(mr_merge_at(&merge->window, kept[i])),
                           mr_merge_group(mr_merge_at(&merge->hold, held[i]))))
            return false;
    return true;
}

/* Of one run: how many of it, from its first on. */
static uint32_t match_run(const struct mr_merge *merge, const struct mr_merge_stream *s, const uint64_t *kept,
                          uint32_t n, const uint64_t *held, uint32_t k, uint64_t *last)
{
    for (uint32_t back = k; back <= n; back++) /* all of it lies in the window, as late as may be */
        if (equal_run(merge, s, kept + n - back, held, k)) {
            *last = kept[n - back + k - 1];
            return k;
        }
    for (uint32_t both = k < n ? k : n; both > 0; both--) /* its beginning is the window's end */
        if (equal_run(merge, s, kept + n - both, held, both)) {
            *last = kept[n - 1];
            return both;
        }
    return 0;
}

uint32_t mr_merge_match(const struct mr_merge *merge, const struct mr_merge_stream *s, int lane, bool later,
                        uint64_t *last)
{
    uint64_t kept[MATCH_MAX], held[MATCH_MAX];
    const union mr_slot *first = mr_merge_group(mr_merge_at(&merge->hold, s->place[lane].first));
    uint32_t n = window_end(merge, s, first->event.recv_ns - merge->wait_ns, kept), k = 0;
    for (uint64_t at = s->place[lane].first; at && k < MATCH_MAX; at = mr_merge_at(&merge->hold, at)->next)
        held[k++] = at;
    const uint32_t runs = later ? k : 1; /* at least one waits */
    for (uint32_t from = 0; from < runs; from++) {
        const uint32_t same = match_run(merge, s, kept, n, held + from, k - from, last);
        if (same)
            return from + same;
    }
    return 0;
}
