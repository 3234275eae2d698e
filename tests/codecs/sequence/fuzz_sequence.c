/* Arbitrary sequences of groups: the join says what the plain reference says, never lets through what does not follow,
 * and accounts for every group. Input: rule, size of the hold buffer, then four bytes an offer. */
#include "tests/codecs/sequence/join_watch.h"

#include <stdlib.h>

#define HOLD_MAX (REF_HELD_MAX * 4)
#define OFFERS_MAX 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

/* Numbers near where the stream stands, so that what follows is as likely as what does not. */
static union mr_slot *group_of(const uint8_t *b, uint64_t near)
{
    static union mr_slot group[4];
    memset(group, 0, sizeof group);
    uint64_t seq = b[1] == 255 ? UINT64_MAX : b[1] == 254 ? 1 : b[1] == 253 ? 0 : near + b[1] % 16 - 6;
    uint64_t prev = b[2] == 255 ? UINT64_MAX : b[2] == 253 ? 0 : near + b[2] % 8 - 3, first = seq - b[2] / 8 % 8;
    group[0].book = (struct mr_book_head){.seq = seq,
                                          .first_seq = b[2] > 250 ? near + 3 : first,
                                          .prev_seq = prev,
                                          .venue_ns = b[3] / 4 ? (int64_t)near + b[3] / 4 : 0,
                                          .bid_count = b[3] % 4 * 3,
                                          .checksum = b[2] % 4u,
                                          .kind = MR_EVENT_BOOK,
                                          .flags = (b[0] & 7) == 1 ? MR_FLAG_SNAPSHOT : 0};
    return group;
}

static void agree(struct ref_join *ref, const struct mr_join *join, int verdict, int want, const struct watch *watch,
                  uint64_t before)
{
    check(verdict == want);
    check((join->state == MR_JOIN_LIVE) == ref->live || join->rule == MR_SEQ_NONE);
    check(join->held_count == ref->held_count);
    check(join->rule == MR_SEQ_NONE || watch->images + watch->updates - before == ref->passed_count);
    check(ref->passed_count == 0 || join->last == ref->passed[ref->passed_count - 1].seq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ref_join ref;
    static struct watch watch;
    static union mr_slot *mem;
    if (size < 2)
        return 0;
    if (!mem)
        mem = aligned_alloc(64, mr_join_bytes(HOLD_MAX));
    uint8_t rule = data[0] % (MR_SEQ_SPAN + 1);
    uint32_t hold_slots = data[1] < 128 ? HOLD_MAX : 1 + data[1] % 24; /* the reference knows no bound */
    struct mr_join *join = mr_join_init(mem, rule, 0, hold_slots);
    memset(&ref, 0, sizeof ref);
    memset(&watch, 0, sizeof watch);
    ref.rule = watch.as.rule = rule;
    uint64_t offered = 0;
    for (size_t at = 2; at + 4 <= size && offered < OFFERS_MAX; at += 4) {
        const uint8_t *b = data + at;
        if (b[0] == 255) {
            enum mr_gap_cause cause = b[1] % MR_GAP_CAUSE_COUNT;
            mr_join_break(join, cause, 5);
            check(watch_pass(&watch, &join->gap) && join->gap.event.seq == cause);
            ref_lost(&ref);
            ref.held_count = cause == MR_GAP_DISCONNECT ? 0 : ref.held_count;
            if (cause == MR_GAP_DISCONNECT && rule == MR_SEQ_STATE)
                ref.last = ref.image = 0;
            continue;
        }
        union mr_slot *group = group_of(b, join->last + (b[0] & 8 ? join->held_count : 0));
        struct mr_book_head head = group->book;
        uint64_t before = watch.images + watch.updates;
        int verdict = watch_offer(&watch, join, group);
        check(verdict >= 0);
        offered++;
        if (hold_slots == HOLD_MAX)
            agree(&ref, join, verdict, ref_offer(&ref, &head), &watch, before);
        check(offered == join->passed + join->dropped + join->held_lost + join->refetches + join->held_count);
    }
    return 0;
}
