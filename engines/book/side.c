/* One side of a book: search from the best end, and one merge for all the changes of a message.
 *
 * Venues send the levels of a message sorted, best first or worst first. A sorted run is looked up by a cursor that
 * only moves one way, so the cost of a lookup depends on the distance from the last one, and its insertions and
 * deletions are collected and made in one pass, in which each level moves at most once. An unsorted message is several
 * runs: slower, never wrong. */
#include "engines/book/book_priv.h"

#define FEW 3        /* levels in a run that are not worth a merge */
#define SHALLOW 1024 /* levels a side up to which the whole side is searched */

/* An insertion or deletion found by the lookup. */
struct change {
    uint32_t
        at; /* index among the levels as they are before the merge: of the one deleted, or of the place to insert at */
    int32_t level; /* index in the run of the level inserted; -1 a deletion */
};

/* A sorted part of a message, to be walked best first. */
struct run {
    const struct mr_level *best;
    ptrdiff_t step; /* 1, or -1 where the message has the worst first */
    uint32_t count;
};

/* How many of the n levels have keys up to and including `key`. Looks at the last eight without branches, then in
 * growing steps. */
MR_INLINE uint32_t rank(const struct mr_level *levels, uint32_t n, mr_price key)
{
    if (mr_likely(n >= 8)) {
        uint32_t above = 0;
        for (uint32_t i = 1; i <= 8; i++)
            above += levels[n - i].price > key;
        if (mr_likely(above < 8))
            return n - above;
        n -= 8;
    }
    uint32_t step = 8;
    while (n >= step && levels[n - step].price > key) {
        n -= step;
        step *= 2;
    }
    uint32_t low = n >= step ? n - step + 1 : 0; /* levels[0 .. low) are not above, levels[n ..) are */
    const struct mr_level *base = levels + low;
    for (uint32_t left = n - low; left > 0;) {
        uint32_t half = left / 2;
        bool right = base[half].price <= key;
        base = right ? base + half + 1 : base;
        left = right ? left - half - 1 : half;
    }
    return (uint32_t)(base - levels);
}

MR_INLINE void move(struct mr_level *levels, uint32_t start, uint32_t end, ptrdiff_t by)
{
    if (end > start)
        memmove(levels + start + by, levels + start, (size_t)(end - start) * sizeof *levels);
}

/* Gives both ends the same room to float in. */
static MR_COLD void centre(struct mr_side *side)
{
    uint32_t first = 1 + (side->capacity - 1 - side->count) / 2;
    memmove(side->base + first, side->base + side->first, (size_t)side->count * sizeof *side->base);
    side->first = first;
}

/* The level above which change j applies: first of the segment between change j and the one before it (better). */
MR_INLINE uint32_t segment_start(const struct change *change) { return change->at + (change->level < 0); }

/* Which segment stays where it is: the longest one. Segments lie between the changes; the worst one would move by 0,
 * each above it by one more for an insertion and one less for a deletion. Returns what the longest would move by, to be
 * taken from all. */
static int32_t anchor(const struct mr_side *side, const struct change *changes, uint32_t count, int32_t *net)
{
    uint32_t longest = changes[count - 1].at;
    int32_t by = 0, stay = 0;
    for (uint32_t j = count; j-- > 0;) {
        by += changes[j].level < 0 ? -1 : 1;
        uint32_t length = (j > 0 ? changes[j - 1].at : side->count) - segment_start(&changes[j]);
        stay = length > longest ? by : stay;
        longest = length > longest ? length : longest;
    }
    *net = by;
    return stay;
}

/* The levels are about to grow by `stay` downwards and by net - stay upwards (or to shrink). mr_side_apply has seen to
 * it that half of what is free is enough for either. */
static void make_room(struct mr_side *side, int32_t stay, int32_t net)
{
    int32_t below = (int32_t)side->first - 1, above = (int32_t)(side->capacity - side->first - side->count);
    if (mr_unlikely(stay > below || net - stay > above))
        centre(side);
    MR_DCHECK(stay < (int32_t)side->first && net - stay <= (int32_t)(side->capacity - side->first - side->count));
}

/* Makes the changes (best first) in place. Targets are disjoint and in order, so what moves down is moved from the
 * worst end upwards, then what moves up from the best end downwards, and nothing is overwritten before it has moved. */
static void merge(struct mr_side *side, const struct change *changes, uint32_t count, const struct run *run)
{
    int32_t net;
    int32_t stay = anchor(side, changes, count, &net);
    make_room(side, stay, net);
    struct mr_level *levels = side->base + side->first;
    int32_t by = -stay;
    if (by < 0)
        move(levels, 0, changes[count - 1].at, by);
    for (uint32_t j = count; j-- > 0;) {
        by += changes[j].level < 0 ? -1 : 1;
        if (by < 0)
            move(levels, segment_start(&changes[j]), j > 0 ? changes[j - 1].at : side->count, by);
    }
    uint32_t end = side->count;
    for (uint32_t j = 0; j < count; j++) {
        if (by > 0)
            move(levels, segment_start(&changes[j]), end, by);
        end = changes[j].at;
        if (changes[j].level < 0) {
            by++;
            continue;
        }
        by--;
        const struct mr_level *from = run->best + changes[j].level * run->step;
        levels[(ptrdiff_t)end + by] = (struct mr_level){from->price ^ side->flip, from->size};
    }
    if (by > 0)
        move(levels, 0, end, by);
    side->first = (uint32_t)((int32_t)side->first - stay);
    side->count = (uint32_t)((int32_t)side->count + net);
}

/* Ranks of `lanes` levels of the run, from level i on, all of which lie in levels[0 .. range). How many steps a search
 * takes depends on the range alone, and each step is computed, not branched on: there is nothing for the processor to
 * guess wrong, and the searches' waits for memory overlap. */
MR_INLINE void rank_lanes(const struct mr_level *levels, uint32_t range, const struct run *run, uint32_t i,
                          mr_price flip, uint32_t lanes, uint32_t *ranks)
{
    mr_price keys[8];
    const struct mr_level *at[8];
    for (uint32_t k = 0; k < lanes; k++) {
        keys[k] = run->best[(ptrdiff_t)(i + k) * run->step].price ^ flip;
        at[k] = levels;
    }
    for (uint32_t left = range; left > 1;) {
        uint32_t half = left / 2;
        for (uint32_t k = 0; k < lanes; k++) {
            const struct mr_level *upper = at[k] + half;
            at[k] = upper[-1].price <= keys[k] ? upper : at[k];
        }
        left -= half;
    }
    for (uint32_t k = 0; k < lanes; k++)
        ranks[k] = (uint32_t)(at[k] - levels) + (range > 0 && at[k]->price <= keys[k]);
}

/* The rank of each level of the run. In a deep book its worst level is looked up first, from the best end, and ends the
 * range for the others: changes near the best take few steps however deep the book. */
static void rank_run(const struct mr_side *side, const struct run *run, uint32_t *ranks)
{
    mr_price worst = run->best[(ptrdiff_t)(run->count - 1) * run->step].price ^ side->flip;
    const struct mr_level *levels = side->base + side->first;
    uint32_t low = side->count > SHALLOW ? rank(levels, side->count, worst) : 0, range = side->count - low, i = 0;
    levels += low;
    for (; i + 8 <= run->count; i += 8)
        rank_lanes(levels, range, run, i, side->flip, 8, ranks + i);
    for (; i < run->count; i += 4) {
        i = i + 4 <= run->count ? i : run->count - 4; /* the last four, some for the second time */
        rank_lanes(levels, range, run, i, side->flip, 4, ranks + i);
    }
    for (i = 0; i < run->count; i++)
        ranks[i] += low;
}

/* A level or two: looked up from the best end and made at once. */
static void apply_few(struct mr_side *side, const struct run *run)
{
    const struct mr_level *from = run->best;
    for (uint32_t i = 0; i < run->count; i++, from += run->step) {
        mr_price key = from->price ^ side->flip;
        struct mr_level *levels = side->base + side->first;
        uint32_t at = rank(levels, side->count, key);
        bool found = at > 0 && levels[at - 1].price == key;
        if (found && from->size != 0) {
            levels[at - 1].size = from->size;
        } else if (found || from->size != 0) {
            struct change change = {at - found, found ? -1 : (int32_t)i};
            merge(side, &change, 1, run);
        } else {
            side->unknown++;
        }
    }
}

/* Looks the run's levels up, changes sizes in place, collects insertions and deletions, and makes them. What a level
 * turns out to be cannot be predicted, so the four cases are computed, not branched on. run->count <= MR_SIDE_MERGE. */
static void apply_run(struct mr_side *side, const struct run *run)
{
    struct change changes[MR_SIDE_MERGE];
    uint32_t ranks[MR_SIDE_MERGE];
    struct mr_level *levels = side->base + side->first;
    const struct mr_level *from = run->best;
    uint32_t count = 0, unknown = 0;
    rank_run(side, run, ranks);
    for (uint32_t i = 0; i < run->count; i++, from += run->step) {
        uint32_t at = ranks[i];
        struct mr_level *level = levels + at - 1; /* may be the one before the first, which is ours too */
        bool found = (at > 0) & (level->price == (from->price ^ side->flip));
        bool gone = from->size == 0;
        mr_size same = (mr_size)(found & !gone) - 1; /* all ones: the size there stays */
        level->size = (level->size & same) | (from->size & ~same);
        changes[count] = (struct change){at - found, (int32_t)i | -(int32_t)gone};
        count += found == gone;
        unknown += !found & gone;
    }
    side->unknown += unknown;
    if (count > 0)
        merge(side, changes, count, run);
}

/* The longest sorted run that these levels begin with, of at most MR_SIDE_MERGE. */
static struct run run_of(const struct mr_side *side, const struct mr_level *levels, uint32_t n)
{
    mr_price flip = side->flip;
    uint32_t most = n < MR_SIDE_MERGE ? n : MR_SIDE_MERGE, count = 1;
    if (n > 1 && (levels[1].price ^ flip) > (levels[0].price ^ flip)) {
        while (count < most && (levels[count].price ^ flip) > (levels[count - 1].price ^ flip))
            count++;
        return (struct run){levels + count - 1, -1, count};
    }
    while (count < most && (levels[count].price ^ flip) < (levels[count - 1].price ^ flip))
        count++;
    return (struct run){levels, 1, count};
}

void mr_side_apply(struct mr_side *side, const struct mr_level *levels, uint32_t n)
{
    while (n > 0) {
        if (mr_unlikely(side->capacity - 1 - side->count < 2 * MR_SIDE_MERGE))
            mr_side_trim(side); /* half of what is free takes one run, at whichever end */
        struct run run = run_of(side, levels, n);
        if (run.count <= FEW)
            apply_few(side, &run);
        else
            apply_run(side, &run);
        levels += run.count;
        n -= run.count;
    }
}

void mr_side_trim(struct mr_side *side)
{
    if (mr_likely(side->count <= side->depth))
        return;
    uint32_t extra = side->count - side->depth;
    side->first += extra;
    side->count = side->depth;
    side->let_go += extra;
    mr_price best_gone = side->base[side->first - 1].price;
    if (best_gone >= side->exact_from)
        side->exact_from = best_gone + 1; /* a better key exists, so this does not overflow */
}

/* An image in order, best first or worst first, without zeros or doubles: copied as it is. */
static bool image_sorted(struct mr_side *side, const struct mr_level *levels, uint32_t n)
{
    mr_price flip = side->flip;
    bool falls = true, rises = true, sized = levels[0].size != 0;
    for (uint32_t i = 1; i < n; i++) {
        mr_price before = levels[i - 1].price ^ flip, key = levels[i].price ^ flip;
        falls &= key < before;
        rises &= key > before;
        sized &= levels[i].size != 0;
    }
    if (!sized || !(falls | rises))
        return false;
    uint32_t take = n < side->depth ? n : side->depth;
    side->first = 1 + (side->capacity - 1 - take) / 2;
    side->count = take;
    struct mr_level *best = side->base + side->first + take - 1;
    const struct mr_level *from = falls ? levels : levels + n - 1;
    ptrdiff_t step = falls ? 1 : -1;
    for (uint32_t i = 0; i < take; i++)
        best[-(ptrdiff_t)i] = (struct mr_level){from[i * step].price ^ flip, from[i * step].size};
    if (n > take) {
        side->exact_from = (from[take * step].price ^ flip) + 1;
        side->let_go += n - take;
    }
    return true;
}

uint32_t mr_side_image(struct mr_side *side, const struct mr_level *levels, uint32_t n)
{
    side->count = 0;
    side->first = side->capacity / 2;
    side->exact_from = INT64_MIN;
    if (n == 0 || image_sorted(side, levels, n))
        return 0;
    uint32_t zeros = 0;
    for (uint32_t i = 0; i < n; i++)
        zeros += levels[i].size == 0;
    mr_side_apply(side, levels, n);
    mr_side_trim(side);
    return zeros;
}

/* The last level of the message with this price, NULL if there is none. */
static const struct mr_level *last_with(const struct mr_level *levels, uint32_t n, mr_price price)
{
    while (n-- > 0)
        if (levels[n].price == price)
            return &levels[n];
    return NULL;
}

bool mr_side_best_after(const struct mr_side *side, const struct mr_level *levels, uint32_t n, bool image,
                        mr_price *key)
{
    bool any = false;
    /* from the better end, so that in a sorted message the first candidate stays the only one */
    bool rises = n > 1 && (levels[n - 1].price ^ side->flip) > (levels[0].price ^ side->flip);
    for (uint32_t j = 0; j < n; j++) {
        uint32_t i = rises ? n - 1 - j : j;
        mr_price at = levels[i].price ^ side->flip;
        if (levels[i].size == 0 || (any && at <= *key))
            continue;
        if (last_with(levels + i + 1, n - i - 1, levels[i].price)) /* a later one decides */
            continue;
        *key = at;
        any = true;
    }
    for (uint32_t i = 0; !image && i < side->count; i++) {
        mr_price at = side->base[side->first + side->count - 1 - i].price;
        if (any && at <= *key)
            break;
        const struct mr_level *change = last_with(levels, n, at ^ side->flip);
        if (change && change->size == 0)
            continue; /* deleted: the next one may be the best */
        *key = at;    /* stays, or has another size now */
        any = true;
        break;
    }
    return any;
}

bool mr_side_find(const struct mr_side *side, mr_price price, struct mr_level *out)
{
    mr_price key = price ^ side->flip;
    const struct mr_level *levels = side->base + side->first;
    uint32_t n = rank(levels, side->count, key);
    if (n == 0 || levels[n - 1].price != key)
        return false;
    *out = (struct mr_level){price, levels[n - 1].size};
    return true;
}
