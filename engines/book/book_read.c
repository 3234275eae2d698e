/* Reading a book: its owner's view, and the image for others. */
#include "engines/book/book_image.h"
#include "engines/book/book_priv.h"

bool mr_book_live(const struct mr_book *book) { return book->live && !book->silent; }

uint32_t mr_book_instrument(const struct mr_book *book) { return book->instrument; }

uint32_t mr_book_count(const struct mr_book *book, bool ask) { return book->side[ask].count; }

bool mr_book_level(const struct mr_book *book, bool ask, uint32_t i, struct mr_level *out)
{
    if (i >= book->side[ask].count)
        return false;
    *out = mr_side_level(&book->side[ask], i);
    return true;
}

uint32_t mr_book_top(const struct mr_book *book, bool ask, struct mr_level *out, uint32_t n)
{
    const struct mr_side *side = &book->side[ask];
    uint32_t take = n < side->count ? n : side->count;
    for (uint32_t i = 0; i < take; i++)
        out[i] = mr_side_level(side, i);
    return take;
}

uint32_t mr_book_exact_depth(const struct mr_book *book, bool ask)
{
    const struct mr_side *side = &book->side[ask];
    if (!mr_book_live(book))
        return 0;
    if (side->exact_from == INT64_MIN)
        return side->count;
    uint32_t low = 0, high = side->count; /* first level whose key is in the exact part */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (side->base[side->first + middle].price < side->exact_from)
            low = middle + 1;
        else
            high = middle;
    }
    return side->count - low;
}

uint64_t mr_book_seq(const struct mr_book *book) { return book->seq; }

int64_t mr_book_venue_ns(const struct mr_book *book) { return book->venue_ns; }

int64_t mr_book_recv_ns(const struct mr_book *book) { return book->recv_ns; }

bool mr_book_crossed(const struct mr_book *book) { return book->crossed; }

bool mr_book_locked(const struct mr_book *book) { return book->locked; }

const struct mr_book_faults *mr_book_faults(const struct mr_book *book) { return &book->faults; }

void mr_book_image_fill(const struct mr_book *book, struct mr_book_image *out)
{
    *out = (struct mr_book_image){
        .seq = book->seq,
        .venue_ns = book->venue_ns,
        .recv_ns = book->recv_ns,
        .instrument = book->instrument,
        .live = mr_book_live(book),
        .crossed = book->crossed,
        .locked = book->locked,
        .bid_levels = book->side[0].count,
        .ask_levels = book->side[1].count,
        .bid_exact = mr_book_exact_depth(book, false),
        .ask_exact = mr_book_exact_depth(book, true),
        .faults = book->faults,
    };
    out->bid_count = mr_book_top(book, false, out->bids, MR_BOOK_IMAGE_LEVELS);
    out->ask_count = mr_book_top(book, true, out->asks, MR_BOOK_IMAGE_LEVELS);
}
