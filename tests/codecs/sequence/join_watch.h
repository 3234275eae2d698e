/* Watches what a join lets through: nothing that does not follow what was let through before. Independent of the join's
 * state. */
#ifndef MR_TESTS_JOIN_WATCH_H
#define MR_TESTS_JOIN_WATCH_H

#include "tests/codecs/sequence/join_ref.h"

struct watch {
    struct ref_join as; /* rule, last, fresh, live: what a reader downstream knows */
    uint64_t updates, images, gaps;
};

/* One slot group as it is passed on. False: it does not follow. */
static inline bool watch_pass(struct watch *w, const union mr_slot *group)
{
    const struct mr_book_head *head = &group->book;
    if (head->kind == MR_EVENT_GAP) {
        w->as.live = false;
        w->gaps++;
        return true;
    }
    bool image = head->flags & MR_FLAG_SNAPSHOT, follows = w->as.live && ref_follows(&w->as, head);
    if (!image && !follows)
        return false;
    w->as.live = true;
    w->as.last = head->seq;
    w->as.fresh = image && ref_rest(&w->as);
    w->images += image;
    w->updates += !image;
    return true;
}

/* Offers a group and watches all that comes of it; the verdict, or -1 if something came through that does not follow.
 */
static inline int watch_offer(struct watch *w, struct mr_join *join, union mr_slot *group)
{
    int verdict = mr_join_offer(join, group);
    bool good = true;
    if (verdict == MR_JOIN_GAP)
        good = join->gap.event.kind == MR_EVENT_GAP && watch_pass(w, &join->gap);
    if (verdict == MR_JOIN_PASS || verdict == MR_JOIN_REPLAY)
        good = w->as.rule == MR_SEQ_NONE || watch_pass(w, group);
    const union mr_slot *next;
    while (verdict == MR_JOIN_REPLAY && (next = mr_join_held_next(join)) != NULL)
        good = watch_pass(w, next) && good;
    return good ? verdict : -1;
}

#endif
