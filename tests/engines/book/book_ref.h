/* The book again, as plainly as can be: a sorted array a side, best first, linear search, one level after the other.
 * Tests and the fuzzer hold the real one against it. */
#ifndef MR_TESTS_BOOK_REF_H
#define MR_TESTS_BOOK_REF_H

#include "dataplane/base/decimal.h"
#include "engines/book/book.h"

#define REF_LEVELS 24576

struct ref_side {
    struct mr_level level[REF_LEVELS]; /* best first */
    uint32_t count, depth;
    bool ask, bounded; /* bounded: exact only down to, and with, `exact` */
    mr_price exact;
    uint64_t let_go, unknown;
};
struct ref_book {
    struct ref_side side[2];
    int policy;
    bool live, cut, crossed, locked;
    int64_t venue_ns;
    struct mr_book_faults faults;
    uint64_t messages, changes, checksums, refused, zero;
};

static inline void ref_init(struct ref_book *r, uint32_t depth)
{
    memset(r, 0, sizeof *r);
    r->side[0].depth = r->side[1].depth = depth;
    r->side[1].ask = true;
}

static inline bool ref_better(const struct ref_side *s, mr_price a, mr_price b) { return s->ask ? a < b : a > b; }

static inline void ref_change(struct ref_side *s, struct mr_level change)
{
    uint32_t i = 0;
    while (i < s->count && ref_better(s, s->level[i].price, change.price))
        i++;
    bool found = i < s->count && s->level[i].price == change.price;
    if (change.size == 0) {
        if (found)
            memmove(&s->level[i], &s->level[i + 1], (--s->count - i) * sizeof change);
        else
            s->unknown++;
        return;
    }
    if (!found) {
        memmove(&s->level[i + 1], &s->level[i], (s->count++ - i) * sizeof change);
    }
    s->level[i] = change;
}

/* Exact with every level better than `gone`: down to the worst one kept, or to what lies between. */
static inline void ref_trim(struct ref_side *s)
{
    while (s->count > s->depth) {
        mr_price gone = s->level[--s->count].price, better = s->ask ? gone - 1 : gone + 1;
        if (!s->bounded || !ref_better(s, s->exact, better))
            s->exact = better;
        s->bounded = true;
        s->let_go++;
    }
}

static inline uint32_t ref_exact_depth(const struct ref_book *r, int side)
{
    const struct ref_side *s = &r->side[side];
    uint32_t n = 0;
    while (n < s->count && (!s->bounded || !ref_better(s, s->exact, s->level[n].price)))
        n++;
    return r->live ? n : 0;
}

static inline int ref_crossing(const struct ref_book *r)
{
    if (r->side[0].count == 0 || r->side[1].count == 0)
        return 0;
    mr_price bid = r->side[0].level[0].price, ask = r->side[1].level[0].price;
    return bid > ask ? 2 : bid == ask;
}

/* OKX's rule by its documentation, bit by bit and text by text. */
static inline uint32_t ref_crc(uint32_t crc, const char *text)
{
    for (crc = ~crc; *text; text++) {
        crc ^= (uint8_t)*text;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

static inline uint32_t ref_checksum(const struct ref_book *r, int price_scale, int size_scale)
{
    uint32_t crc = 0;
    const char *joint = "";
    for (uint32_t i = 0; i < 25; i++) {
        for (int side = 0; side < 2; side++) {
            if (i >= r->side[side].count)
                continue;
            char text[MR_DECIMAL_TEXT];
            mr_decimal_text(r->side[side].level[i].price, price_scale, text);
            crc = ref_crc(ref_crc(crc, joint), text);
            mr_decimal_text(r->side[side].level[i].size, size_scale, text);
            crc = ref_crc(ref_crc(crc, ":"), text);
            joint = ":";
        }
    }
    return crc;
}

static inline int ref_apply(struct ref_book *r, const union mr_slot *group, int price_scale, int size_scale)
{
    static struct ref_book before;
    const struct mr_book_head *head = &group->book;
    if (head->kind == MR_EVENT_GAP) {
        r->live = false;
        r->faults.gaps++;
        return MR_E_GAP;
    }
    bool image = head->flags & MR_FLAG_SNAPSHOT;
    if (!r->live && !image) {
        r->refused++;
        return MR_E_STALE;
    }
    uint32_t n = (uint32_t)head->bid_count + head->ask_count, bad = 0;
    const struct mr_level *levels = group[1].level;
    for (uint32_t i = 0; i < n; i++)
        bad += levels[i].price < 0 || levels[i].size < 0;
    if (bad > 0) {
        r->faults.negative += bad;
        r->live = r->live && r->policy == MR_BOOK_DROP;
        return MR_E_RANGE;
    }
    if (r->policy == MR_BOOK_DROP)
        before = *r;
    for (int i = 0; image && i < 2; i++) {
        r->side[i].count = 0;
        r->side[i].bounded = false;
    }
    for (uint32_t i = 0; i < n; i++) {
        r->zero += image && levels[i].size == 0;
        ref_change(&r->side[i >= head->bid_count], levels[i]);
    }
    for (int i = 0; i < 2; i++) {
        struct ref_side *s = &r->side[i];
        ref_trim(s);
        if (image && r->cut && s->count > 0 && !s->bounded) {
            s->bounded = true;
            s->exact = s->level[s->count - 1].price;
        }
    }
    int crossing = ref_crossing(r), status = MR_OK;
    if (crossing && r->policy == MR_BOOK_DROP)
        *r = before;
    r->faults.crossed += crossing == 2;
    r->faults.locked += crossing == 1;
    if (crossing && r->policy == MR_BOOK_DROP)
        return MR_E_INVALID;
    r->crossed = crossing == 2;
    r->locked = crossing == 1;
    r->live = true;
    r->messages++;
    r->changes += n;
    r->faults.backwards += head->venue_ns != 0 && head->venue_ns < r->venue_ns;
    r->venue_ns = head->venue_ns ? head->venue_ns : r->venue_ns;
    if (crossing && r->policy == MR_BOOK_RESYNC) {
        r->live = false;
        status = MR_E_INVALID;
    }
    if ((head->book_flags & MR_BOOK_HAS_CHECKSUM) && head->checksum != 0) {
        r->checksums++;
        if (ref_checksum(r, price_scale, size_scale) != head->checksum) {
            r->faults.mismatches++;
            r->live = false;
            status = MR_E_CORRUPT;
        }
    }
    return status;
}

/* Everything a reader can see is the same; the first difference as text, NULL if there is none. */
static inline const char *ref_differs(const struct ref_book *r, const struct mr_book *book)
{
    if (mr_book_live(book) != r->live)
        return "live";
    if (mr_book_crossed(book) != r->crossed || mr_book_locked(book) != r->locked)
        return "crossed or locked";
    if (mr_book_venue_ns(book) != r->venue_ns)
        return "venue time";
    if (memcmp(mr_book_faults(book), &r->faults, sizeof r->faults) != 0)
        return "faults";
    for (int ask = 0; ask < 2; ask++) {
        if (mr_book_count(book, ask) != r->side[ask].count)
            return ask ? "ask count" : "bid count";
        for (uint32_t i = 0; i < r->side[ask].count; i++) {
            struct mr_level level = {0};
            if (!mr_book_level(book, ask, i, &level) || memcmp(&level, &r->side[ask].level[i], sizeof level) != 0)
                return ask ? "ask level" : "bid level";
        }
        if (mr_book_exact_depth(book, ask) != ref_exact_depth(r, ask))
            return ask ? "ask exact depth" : "bid exact depth";
    }
    return NULL;
}

#endif
