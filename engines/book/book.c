#include "engines/book/book_priv.h"

#include "codecs/checksum/checksum.h"

#define OKX_CHECKSUM_LEVELS 25

enum { BID, ASK };

static const struct mr_level *levels_of(const union mr_slot *group) { return group[1].level; }

static void set_live(struct mr_book *book, bool live)
{
    if (book->live != live && !book->silent)
        MR_GAUGE_SET(book->metrics, stale, book->metrics->stale + (live ? -1 : 1));
    book->live = live;
}

MR_COLD void mr_book_silent_set(struct mr_book *book, bool silent)
{
    bool was = mr_book_live(book);
    book->silent = silent;
    if (was != mr_book_live(book))
        MR_GAUGE_SET(book->metrics, stale, book->metrics->stale + (was ? 1 : -1));
}

static MR_COLD int lost(struct mr_book *book)
{
    set_live(book, false);
    book->unsettled = false;
    book->faults.gaps++;
    MR_COUNT(book->metrics, gaps, 1);
    return MR_E_GAP;
}

static MR_COLD int refused(struct mr_book *book)
{
    MR_COUNT(book->metrics, refused, 1);
    return MR_E_STALE;
}

static bool has_negative(const struct mr_level *levels, uint32_t n)
{
    int64_t any = 0;
    for (uint32_t i = 0; i < n; i++)
        any |= levels[i].price | levels[i].size;
    return any < 0;
}

static MR_COLD int negative(struct mr_book *book, const struct mr_level *levels, uint32_t n)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        count += levels[i].price < 0 || levels[i].size < 0;
    book->faults.negative += count;
    MR_COUNT(book->metrics, negative, count);
    if (book->policy != MR_BOOK_DROP)
        set_live(book, false);
    return MR_E_RANGE;
}

static void count_crossing(struct mr_book *book, bool crossed, bool locked)
{
    book->faults.crossed += crossed;
    book->faults.locked += locked;
    MR_COUNT(book->metrics, crossed, crossed);
    MR_COUNT(book->metrics, locked, locked);
}

/* Policy DROP: what the message would make of the best prices, found without applying it. */
static MR_COLD bool would_cross(struct mr_book *book, const struct mr_book_head *head, const struct mr_level *levels)
{
    bool image = head->flags & MR_FLAG_SNAPSHOT;
    mr_price bid, ask;
    if (!mr_side_best_after(&book->side[BID], levels, head->bid_count, image, &bid) ||
        !mr_side_best_after(&book->side[ASK], levels + head->bid_count, head->ask_count, image, &ask))
        return false;
    ask ^= book->side[ASK].flip;
    if (bid < ask)
        return false;
    count_crossing(book, bid > ask, bid == ask);
    return true;
}

static MR_COLD void apply_image(struct mr_book *book, const struct mr_book_head *head, const struct mr_level *levels)
{
    const uint32_t counts[2] = {head->bid_count, head->ask_count};
    for (int i = BID; i <= ASK; i++) {
        struct mr_side *side = &book->side[i];
        MR_COUNT(book->metrics, zero, mr_side_image(side, levels, counts[i]));
        levels += counts[i];
        if (book->cut && side->count > 0 && side->exact_from == INT64_MIN)
            side->exact_from = side->base[side->first].price;
    }
    set_live(book, true);
}

/* OKX: CRC over the best 25 a side of the updated book. */
static MR_COLD int verify(struct mr_book *book, uint32_t checksum)
{
    struct mr_level bids[OKX_CHECKSUM_LEVELS], asks[OKX_CHECKSUM_LEVELS];
    uint32_t bid_count = mr_book_top(book, false, bids, OKX_CHECKSUM_LEVELS);
    uint32_t ask_count = mr_book_top(book, true, asks, OKX_CHECKSUM_LEVELS);
    MR_COUNT(book->metrics, checksums, 1);
    if (mr_okx_checksum(bids, bid_count, asks, ask_count, book->price_scale, book->size_scale) == checksum)
        return MR_OK;
    book->faults.mismatches++;
    MR_COUNT(book->metrics, mismatches, 1);
    set_live(book, false);
    return MR_E_CORRUPT;
}

static MR_COLD int crossing(struct mr_book *book, mr_price bid, mr_price ask)
{
    book->crossed = bid > ask;
    book->locked = bid == ask;
    count_crossing(book, book->crossed, book->locked);
    if (book->policy != MR_BOOK_RESYNC)
        return MR_OK;
    set_live(book, false);
    return MR_E_INVALID;
}

/* ---- states: names and best prices ---- */

static mr_price best_of(const struct mr_side *side)
{
    return side->count ? side->base[side->first + side->count - 1].price ^ side->flip : 0;
}

/* Several messages of one state may come: the last one settles it. */
static void compare_touch(struct mr_book *book, const struct mr_book_head *head)
{
    book->unsettled =
        (uint64_t)best_of(&book->side[BID]) != head->first_seq || (uint64_t)best_of(&book->side[ASK]) != head->prev_seq;
    MR_COUNT(book->metrics, touches, !book->unsettled);
}

static MR_COLD int astray(struct mr_book *book)
{
    book->faults.mismatches++;
    MR_COUNT(book->metrics, astray, 1);
    book->unsettled = false;
    set_live(book, false);
    return MR_E_CORRUPT;
}

static bool same_state(const struct mr_book *book, const struct mr_book_head *head)
{
    return head->book_flags & MR_BOOK_STATE && head->seq == book->seq && head->checksum == book->state_id;
}

static bool side_holds(const struct mr_side *side, const struct mr_level *levels, uint32_t n)
{
    if (n > side->depth) /* an image deeper than the book: what it kept cannot be told by count */
        return true;
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct mr_level have;
        bool there = mr_side_find(side, levels[i].price, &have) && have.size == levels[i].size;
        if (!there && levels[i].size)
            return false;
        found += levels[i].size != 0;
    }
    return found == side->count;
}

/* An image of the state the book says it is in: whatever is different was wrong. The image heals it. */
static MR_COLD void compare_image(struct mr_book *book, const struct mr_book_head *head, const struct mr_level *levels)
{
    bool same = side_holds(&book->side[BID], levels, head->bid_count) &&
                side_holds(&book->side[ASK], levels + head->bid_count, head->ask_count);
    book->faults.mismatches += !same;
    MR_COUNT(book->metrics, repeats, same);
    MR_COUNT(book->metrics, differing, !same);
}

/* Where no trade reaches: all that is worse than the image's best price is in the book, and nothing else is. */
static bool behind_best(const struct mr_side *side, const struct mr_level *levels, uint32_t n)
{
    if (n == 0 || n > side->depth)
        return true;
    mr_price best = levels[0].price ^ side->flip;
    uint32_t found = 0, ours = 0;
    for (uint32_t i = 1; i < n; i++)
        best = (levels[i].price ^ side->flip) > best ? levels[i].price ^ side->flip : best;
    for (uint32_t i = 0; i < n; i++) {
        struct mr_level have;
        if ((levels[i].price ^ side->flip) == best || levels[i].size == 0)
            continue;
        if (!mr_side_find(side, levels[i].price, &have) || have.size != levels[i].size)
            return false;
        found++;
    }
    while (ours < side->count && side->base[side->first + ours].price < best)
        ours++;
    return found == ours;
}

/* An image of the next state follows a trade, which takes the best levels of one side and may leave a new best one on the other. What
 * differs behind those was lost before; the image heals it. */
static MR_COLD void compare_next(struct mr_book *book, const struct mr_book_head *head, const struct mr_level *levels)
{
    bool same = behind_best(&book->side[BID], levels, head->bid_count) &&
                behind_best(&book->side[ASK], levels + head->bid_count, head->ask_count);
    book->faults.mismatches += !same;
    MR_COUNT(book->metrics, healed, !same);
}

/* What a message finds: a state that is complete now, or its own. MR_OK, or MR_E_CORRUPT and no longer live. */
static MR_COLD int enter_state(struct mr_book *book, const struct mr_book_head *head, const struct mr_level *levels,
                               bool image)
{
    bool same = same_state(book, head);
    if (book->live && image && same) {
        compare_image(book, head, levels);
    } else if (book->live && book->unsettled && !same) {
        int status = astray(book);
        if (!image)
            return status;
    } else if (book->live && image && head->book_flags & MR_BOOK_STATE) {
        compare_next(book, head, levels);
    }
    book->unsettled = false;
    return MR_OK;
}

bool mr_book_unsettled(const struct mr_book *book) { return book->live && book->unsettled; }

bool mr_book_overdue(struct mr_book *book, int64_t now_ns)
{
    if (!mr_book_unsettled(book) || now_ns - book->recv_ns < MR_BOOK_SETTLE_NS)
        return false;
    astray(book);
    return true;
}

bool mr_book_fits(const struct mr_book *book, const struct mr_instrument *instrument)
{
    return book->price_scale == instrument->price_scale && book->size_scale == instrument->size_scale;
}

/* What is counted and checked when a message has been applied. */
static int finish(struct mr_book *book, const struct mr_book_head *head)
{
    struct mr_side *bids = &book->side[BID], *asks = &book->side[ASK];
    book->seq = head->seq;
    book->state_id = head->book_flags & MR_BOOK_STATE ? head->checksum : 0;
    book->recv_ns = head->recv_ns;
    if (mr_unlikely(head->venue_ns < book->venue_ns) && head->venue_ns != 0) {
        book->faults.backwards++;
        MR_COUNT(book->metrics, backwards, 1);
    }
    if (head->venue_ns != 0)
        book->venue_ns = head->venue_ns;
    MR_COUNT(book->metrics, messages, 1);
    MR_COUNT(book->metrics, changes, (uint32_t)head->bid_count + head->ask_count);
    MR_COUNT(book->metrics, unknown, bids->unknown + asks->unknown);
    MR_COUNT(book->metrics, let_go, bids->let_go + asks->let_go);
    bids->unknown = asks->unknown = bids->let_go = asks->let_go = 0;

    int status = MR_OK;
    book->crossed = book->locked = false;
    if (head->book_flags & MR_BOOK_TOUCH)
        compare_touch(book, head);
    /* a state that is not complete may be crossed on the way */
    if (mr_likely(bids->count > 0 && asks->count > 0 && !book->unsettled)) {
        mr_price bid = bids->base[bids->first + bids->count - 1].price;
        mr_price ask = asks->base[asks->first + asks->count - 1].price ^ asks->flip;
        if (mr_unlikely(bid >= ask))
            status = crossing(book, bid, ask);
    }
    /* OKX has sent 0 since it retired the checksum */
    if ((head->book_flags & MR_BOOK_HAS_CHECKSUM) && head->checksum != 0) {
        int verdict = verify(book, head->checksum);
        status = verdict < 0 ? verdict : status;
    }
    return status;
}

int mr_book_apply(struct mr_book *book, const union mr_slot *group)
{
    const struct mr_book_head *head = &group->book;
    MR_DCHECK(head->instrument == book->instrument); /* the pipeline routes; we rely on it */
    if (mr_unlikely(head->kind == MR_EVENT_GAP))
        return lost(book);
    MR_ASSERT(head->kind == MR_EVENT_BOOK && !(head->book_flags & MR_BOOK_PARTIAL));
    bool image = head->flags & MR_FLAG_SNAPSHOT;
    if (mr_unlikely(!book->live && !image))
        return refused(book);
    const struct mr_level *levels = levels_of(group);
    uint32_t bid_count = head->bid_count, ask_count = head->ask_count;
    if (mr_unlikely(has_negative(levels, bid_count + ask_count)))
        return negative(book, levels, bid_count + ask_count);
    if (mr_unlikely(book->unsettled || (image && head->book_flags & MR_BOOK_STATE)) &&
        enter_state(book, head, levels, image) != MR_OK)
        return MR_E_CORRUPT;
    if (mr_unlikely(book->policy == MR_BOOK_DROP) && would_cross(book, head, levels))
        return MR_E_INVALID;
    if (mr_unlikely(image)) {
        apply_image(book, head, levels);
    } else {
        mr_side_apply(&book->side[BID], levels, bid_count);
        mr_side_apply(&book->side[ASK], levels + bid_count, ask_count);
        mr_side_trim(&book->side[BID]);
        mr_side_trim(&book->side[ASK]);
    }
    return finish(book, head);
}
