/* The join again, from the rule texts of codecs/sequence/README.md: slow, a plain list, no care for speed or bounds.
 * Test and fuzzer hold the real one against it. It knows nothing of the hold buffer's size: callers give the real one
 * room. */
#ifndef MR_TESTS_JOIN_REF_H
#define MR_TESTS_JOIN_REF_H

#include "codecs/sequence/sequence.h"

#define REF_HELD_MAX 4096

struct ref_join {
    int rule;
    bool live, fresh; /* fresh: a REST snapshot was the last thing passed */
    uint64_t last;
    int64_t time;
    unsigned old_run;
    struct mr_book_head held[REF_HELD_MAX];
    unsigned held_count;
    struct mr_book_head passed[REF_HELD_MAX + 1]; /* what the last call let through */
    unsigned passed_count;
    bool gapped; /* the last call ended in a gap */
    /* STATE */
    uint64_t image;
    uint32_t state;
    unsigned seen_count, refused;
    struct mr_book_head seen[MR_JOIN_SEEN]; /* the newest first */
};

/* Heads stand for messages: the callers' levels follow from them. */
static inline bool ref_seen(const struct ref_join *r, const struct mr_book_head *h)
{
    for (unsigned i = 0; i < r->seen_count; i++)
        if (r->seen[i].seq == h->seq && r->seen[i].checksum == h->checksum && r->seen[i].bid_count == h->bid_count &&
            r->seen[i].ask_count == h->ask_count)
            return true;
    return false;
}

static inline void ref_lost(struct ref_join *r)
{
    r->live = false;
    r->old_run = r->seen_count = r->refused = 0;
}

static inline bool ref_rest(const struct ref_join *r)
{
    return r->rule == MR_SEQ_FIRST_FINAL || r->rule == MR_SEQ_FIRST_FINAL_PREV || r->rule == MR_SEQ_SPAN;
}

static inline bool ref_follows(const struct ref_join *r, const struct mr_book_head *h)
{
    uint64_t L = r->last;
    if (r->rule == MR_SEQ_FIRST_FINAL_PREV) { /* first: U <= L <= u, or pu == L <= u; later: pu == last u */
        if (r->fresh && h->first_seq <= L && L <= h->seq)
            return true;
        return h->prev_seq == L && (r->fresh ? h->seq >= L : h->seq > L);
    }
    if (r->rule == MR_SEQ_FIRST_FINAL) /* first: U <= L + 1 <= u; later: U == last u + 1 */
        return h->seq > L && (r->fresh ? h->first_seq <= L + 1 : h->first_seq == L + 1);
    if (r->rule == MR_SEQ_SPAN) /* start <= L + 1 <= end, at all times */
        return h->seq > L && h->first_seq <= L + 1;
    if (r->rule == MR_SEQ_PLUS_ONE)
        return h->seq > L && h->seq - L == 1;
    if (r->rule == MR_SEQ_PREV)
        return h->prev_seq == L;
    if (r->rule == MR_SEQ_STATE)
        return h->seq >= r->image && (h->seq > L || (h->seq == L && !ref_seen(r, h)));
    return true;
}

static inline bool ref_old(const struct ref_join *r, const struct mr_book_head *h)
{
    if (ref_follows(r, h))
        return false;
    if (r->rule == MR_SEQ_STATE)
        return h->seq < r->image || (ref_seen(r, h) && (h->seq < r->last || h->checksum == r->state));
    return r->rule == MR_SEQ_FIRST_FINAL_PREV && r->fresh ? h->seq < r->last : h->seq <= r->last;
}

static inline void ref_pass(struct ref_join *r, const struct mr_book_head *h)
{
    r->passed[r->passed_count++] = *h;
    r->last = h->seq;
    r->fresh = false;
    r->old_run = r->refused = 0;
    r->state = h->checksum;
    if (r->rule == MR_SEQ_STATE && !(h->flags & MR_FLAG_SNAPSHOT)) {
        memmove(r->seen + 1, r->seen, (MR_JOIN_SEEN - 1) * sizeof r->seen[0]);
        r->seen[0] = *h;
        r->seen_count += r->seen_count < MR_JOIN_SEEN;
    }
    if (h->venue_ns)
        r->time = h->venue_ns;
}

static inline void ref_unhold(struct ref_join *r, unsigned n)
{
    memmove(r->held, r->held + n, (r->held_count - n) * sizeof r->held[0]);
    r->held_count -= n;
}

static inline int ref_image(struct ref_join *r, const struct mr_book_head *h)
{
    bool timed = h->venue_ns && r->time;
    if (r->live) {
        bool stale;
        if (ref_rest(r))
            stale = h->seq <= r->last;
        else if (r->rule == MR_SEQ_IMAGE)
            stale = timed ? h->venue_ns < r->time : h->seq < r->last;
        else if (r->rule == MR_SEQ_PLUS_ONE && h->seq == 1)
            stale = timed && h->venue_ns < r->time;
        else
            stale = h->seq < r->last && !(timed && h->venue_ns > r->time);
        if (stale && !ref_rest(r) && ++r->old_run > MR_JOIN_OLD_MAX) {
            ref_lost(r);
            r->gapped = true;
            return MR_JOIN_GAP;
        }
        if (stale)
            return MR_JOIN_DROP;
    }
    if (r->rule == MR_SEQ_STATE && !r->live && h->seq < r->last && r->refused++ < MR_JOIN_REFUSED_MAX) {
        r->held_count = 0;
        return MR_JOIN_REFETCH;
    }
    struct ref_join trial = {.rule = r->rule, .last = h->seq, .image = h->seq, .fresh = ref_rest(r)};
    unsigned skip = 0;
    bool fits = true;
    if (r->rule == MR_SEQ_PLUS_ONE && h->seq == 1) {
        skip = r->held_count;
    } else if (r->rule == MR_SEQ_PREV) {
        bool newer = false;
        for (skip = 0; skip < r->held_count && r->held[skip].prev_seq != h->seq; skip++)
            newer = newer || r->held[skip].seq > h->seq;
        fits = skip < r->held_count || !newer;
        if (!fits)
            skip = 0;
    } else {
        while (skip < r->held_count && ref_old(&trial, &r->held[skip]))
            skip++;
        fits = skip == r->held_count || ref_follows(&trial, &r->held[skip]);
    }
    ref_unhold(r, skip);
    if (!fits) {
        if (!ref_rest(r))
            r->held_count = 0;
        return MR_JOIN_REFETCH;
    }
    bool was_live = r->live;
    r->live = true;
    if (!was_live || ref_rest(r))
        r->time = 0;
    ref_pass(r, h);
    if (ref_rest(r))
        r->time = 0;
    r->fresh = ref_rest(r);
    r->image = h->seq;
    if (r->held_count == 0)
        return MR_JOIN_PASS;
    while (r->held_count > 0 && r->live) {
        if (ref_follows(r, &r->held[0]))
            ref_pass(r, &r->held[0]);
        else if (!ref_old(r, &r->held[0])) {
            ref_lost(r);
            r->gapped = true;
            break;
        }
        ref_unhold(r, 1);
    }
    return MR_JOIN_REPLAY;
}

static inline int ref_offer(struct ref_join *r, const struct mr_book_head *h)
{
    r->passed_count = 0;
    r->gapped = false;
    if (r->rule == MR_SEQ_NONE) {
        ref_pass(r, h);
        return MR_JOIN_PASS;
    }
    if (h->flags & MR_FLAG_SNAPSHOT || r->rule == MR_SEQ_IMAGE || (r->rule == MR_SEQ_PLUS_ONE && h->seq == 1))
        return ref_image(r, h);
    bool unplaced = r->rule == MR_SEQ_PREV && h->seq == 0 && h->prev_seq == 0;
    if (!r->live) {
        if (unplaced)
            return MR_JOIN_DROP;
        r->held[r->held_count++] = *h;
        return MR_JOIN_HOLD;
    }
    if (ref_follows(r, h)) {
        ref_pass(r, h);
        return MR_JOIN_PASS;
    }
    if (ref_old(r, h) && ++r->old_run <= MR_JOIN_OLD_MAX)
        return MR_JOIN_DROP;
    ref_lost(r);
    r->gapped = true;
    if (!unplaced)
        r->held[r->held_count++] = *h;
    return MR_JOIN_GAP;
}

#endif
