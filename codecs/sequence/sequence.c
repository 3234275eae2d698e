#include "codecs/sequence/sequence_priv.h"

enum place { OLD, FOLLOWS, HOLE };

static bool by_rest(const struct mr_join *join) { return mr_sequencing_by_rest(join->rule); }

/* OKX before 2023: no numbers at all. What comes before the snapshot cannot be placed, so it is not worth holding. */
static bool has_no_ids(const struct mr_join *join, const struct mr_book_head *head)
{
    return join->rule == MR_SEQ_PREV && head->seq == 0 && head->prev_seq == 0;
}

/* ---- STATE: no numbers, only times and names of states ---- */

static inline uint64_t mix(uint64_t h, uint64_t with)
{
    mr_u128 product = (mr_u128)(h ^ with) * 0x9e3779b97f4a7c15u;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* What a message says, in 64 bits: its time, its state and its levels. */
static uint64_t fingerprint(const struct mr_book_head *head)
{
    const struct mr_level *level = (const struct mr_level *)(const void *)(head + 1);
    uint64_t h = mix(mix(head->seq, 0x2545f4914f6cdd1du), head->checksum | (uint64_t)head->bid_count << 32);
    for (uint32_t i = 0; i < (uint32_t)head->bid_count + head->ask_count; i++)
        h = mix(mix(h, (uint64_t)level[i].price), (uint64_t)level[i].size + 0x5851f42d4c957f2du);
    return h;
}

static bool seen(const struct mr_join *join, const struct mr_book_head *head)
{
    uint64_t print = fingerprint(head);
    for (uint32_t i = 0; i < MR_JOIN_SEEN && i < join->seen_count; i++)
        if (join->seen[i] == print)
            return true;
    return false;
}

/* An update that is older than the image is in it. One that is older than what was passed on, or names a state that
 * another has followed in the same millisecond, is either a copy or comes too late: if it was not seen, or may have
 * undone something, the book cannot be trusted. */
static enum place place_in_time(const struct mr_join *join, const struct mr_book_head *head)
{
    if (head->seq < join->snapshot)
        return OLD;
    if (mr_likely(head->seq > join->last))
        return FOLLOWS;
    bool copy = seen(join, head);
    if (head->seq == join->last)
        return !copy ? FOLLOWS : head->checksum == join->state_id ? OLD : HOLE;
    return copy ? OLD : HOLE;
}

/* Where an update stands against what was passed on last: the venues' rules, one case each. */
static enum place place_of(const struct mr_join *join, const struct mr_book_head *head)
{
    uint64_t last = join->last;
    switch (join->rule) {
    case MR_SEQ_FIRST_FINAL_PREV:
        if (join->first) /* U <= L <= u; or it names L as what it follows, as a later one would */
            return head->seq < last ? OLD : head->first_seq <= last || head->prev_seq == last ? FOLLOWS : HOLE;
        return head->seq <= last ? OLD : head->prev_seq == last ? FOLLOWS : HOLE;
    case MR_SEQ_FIRST_FINAL:
        if (head->seq <= last)
            return OLD;
        /* last < seq, so last + 1 does not wrap */
        return join->first                   ? (head->first_seq <= last + 1 ? FOLLOWS : HOLE)
               : head->first_seq == last + 1 ? FOLLOWS
                                             : HOLE;
    case MR_SEQ_SPAN:
        /* sizes are absolute: what is said a second time changes nothing, whether at the snapshot or later */
        return head->seq <= last ? OLD : head->first_seq <= last + 1 ? FOLLOWS : HOLE;
    case MR_SEQ_PLUS_ONE:
        return head->seq <= last ? OLD : head->seq == last + 1 ? FOLLOWS : HOLE;
    case MR_SEQ_PREV:
        /* prev == last also takes in the keep-alive (seq == prev), the reset (seq < prev) and streams without ids (all
         * 0) */
        return head->prev_seq == last ? FOLLOWS : head->seq <= last ? OLD : HOLE;
    case MR_SEQ_STATE:
        return place_in_time(join, head);
    default:
        return FOLLOWS;
    }
}

bool mr_join_follows(uint8_t rule, uint64_t last, const struct mr_book_head *head)
{
    struct mr_join asked; /* the members that rules look at */
    asked.rule = rule;
    asked.first = false;
    asked.last = last;
    asked.snapshot = asked.seen_count = 0;
    return place_of(&asked, head) == FOLLOWS;
}

static void took(struct mr_join *join, const struct mr_book_head *head)
{
    join->last = head->seq;
    join->first = false;
    join->old_in_row = 0;
    join->refused = 0;
    join->passed++;
    if (join->rule == MR_SEQ_STATE) {
        join->state_id = head->checksum;
        if (!(head->flags & MR_FLAG_SNAPSHOT))
            join->seen[join->seen_count++ % MR_JOIN_SEEN] = fingerprint(head);
    }
    if (head->venue_ns == 0)
        return;
    if (head->venue_ns < join->last_venue_ns)
        join->backwards++; /* a clock stepped; the numbers say it follows, so it is passed on all the same */
    join->last_venue_ns = head->venue_ns;
}

/* The GAP event of which nothing more is known than where it begins. */
static void fill_gap(struct mr_join *join, enum mr_gap_cause cause, int64_t recv_ns)
{
    join->gap.event = (struct mr_event){
        .recv_ns = recv_ns,
        .seq = cause,
        .price = (int64_t)(join->last + 1),
        .aux = -1,
        .instrument = join->instrument,
        .kind = MR_EVENT_GAP,
        .flags = MR_FLAG_FIRST | MR_FLAG_LAST,
    };
}

/* The GAP event of a hole before `head`: first and last missing id, and how many where ids are consecutive. USD-M's and
 * OKX's are shared between instruments: no count there, and the first one is a lower bound. */
static void fill_hole(struct mr_join *join, const struct mr_book_head *head)
{
    fill_gap(join, MR_GAP_SEQUENCE, head->recv_ns);
    struct mr_event *gap = &join->gap.event;
    gap->venue_ns = head->venue_ns;
    gap->flags |= head->flags & MR_FLAG_CLOCK;
    gap->source = head->source;
    gap->connection = head->connection;
    uint64_t end; /* first one that is not missing */
    switch (join->rule) {
    case MR_SEQ_PLUS_ONE:
        end = head->seq;
        break;
    case MR_SEQ_FIRST_FINAL:
    case MR_SEQ_SPAN:
        end = head->first_seq;
        break;
    case MR_SEQ_STATE: /* between these times something is in doubt */
        gap->price = (int64_t)head->seq;
        gap->size = (int64_t)join->last;
        return;
    default:
        gap->size = (int64_t)(join->first ? head->first_seq - 1 : head->prev_seq);
        return;
    }
    gap->size = (int64_t)(end - 1);
    gap->aux = end > join->last ? (int64_t)(end - 1 - join->last) : 0; /* 0: overlaps what we have, against the rule */
}

static void lost(struct mr_join *join)
{
    join->gaps += join->state == MR_JOIN_LIVE;
    join->state = MR_JOIN_BROKEN;
    join->wants_snapshot = join->rule != MR_SEQ_IMAGE && join->rule != MR_SEQ_NONE; /* those heal by the next message */
    join->old_in_row = 0;
    join->refused = 0;
    join->seen_count = 0;
}

/* The join is broken and its gap filled: keeps what arrived for the coming snapshot, if it can be placed then. */
static MR_COLD int broke_at(struct mr_join *join, const union mr_slot *group)
{
    lost(join);
    if ((group->book.flags & MR_FLAG_SNAPSHOT) || has_no_ids(join, &group->book))
        join->dropped++;
    else
        mr_join_hold_push(join, group);
    return MR_JOIN_GAP;
}

static int drop_old(struct mr_join *join, const union mr_slot *group)
{
    if (mr_unlikely(++join->old_in_row > MR_JOIN_OLD_MAX)) {
        fill_gap(join, MR_GAP_SEQUENCE, group->book.recv_ns);
        return broke_at(join, group);
    }
    join->dropped++;
    return MR_JOIN_DROP;
}

static void drop_held(struct mr_join *join)
{
    join->dropped++;
    mr_join_hold_pop(join);
}

static void drop_all_held(struct mr_join *join)
{
    while (join->held_count > 0)
        drop_held(join);
}

/* OKX: finds the held update that names the snapshot as its predecessor and drops what came before that. By number
 * alone this could not be decided, as numbers may restart in between. HOLE: held ones are newer, and none is the link.
 */
static enum place link_held(struct mr_join *join, uint64_t snapshot)
{
    const union mr_slot *link = mr_join_hold_oldest(join);
    bool newer = false;
    for (; link && link->book.prev_seq != snapshot; link = mr_join_hold_after(join, link))
        newer |= link->book.seq > snapshot;
    if (!link && newer)
        return HOLE;
    while (join->held_count > 0 && mr_join_hold_oldest(join) != link)
        drop_held(join);
    return FOLLOWS;
}

/* Drops the held updates that `join->last`, a snapshot's number, covers; does the first one left follow it? */
static enum place trim_held(struct mr_join *join)
{
    while (join->held_count > 0) {
        enum place place = place_of(join, &mr_join_hold_oldest(join)->book);
        if (place != OLD)
            return place;
        drop_held(join);
    }
    return FOLLOWS;
}

/* Does the snapshot connect with what is held (whatever the present state)? Drops held updates that it covers. */
static bool connects(struct mr_join *join, const struct mr_book_head *head)
{
    if (join->rule == MR_SEQ_PREV)
        return link_held(join, head->seq) == FOLLOWS;
    if (join->rule == MR_SEQ_PLUS_ONE && head->seq == 1) { /* numbers restart: nothing held can belong to them */
        drop_all_held(join);
        return true;
    }
    if (by_rest(join) && head->seq < join->lost_seq)
        return false;
    if (join->rule == MR_SEQ_STATE && join->state != MR_JOIN_LIVE && head->seq < join->last &&
        join->refused++ < MR_JOIN_REFUSED_MAX)
        return false; /* an image of before what is known to be wrong */
    uint64_t last = join->last, snapshot = join->snapshot;
    bool first = join->first;
    join->last = join->snapshot = head->seq;
    join->first = by_rest(join);
    bool good = trim_held(join) == FOLLOWS;
    join->last = last;
    join->snapshot = snapshot;
    join->first = first;
    return good;
}

/* While live: an image that says less than we have. By number; where the image comes in the stream a later venue time
 * overrules it, because then the venue has restarted its numbers. */
static bool stale_image(const struct mr_join *join, const struct mr_book_head *head)
{
    if (by_rest(join))
        return head->seq <= join->last;
    bool timed = head->venue_ns != 0 && join->last_venue_ns != 0;
    if (join->rule == MR_SEQ_IMAGE)
        return timed ? head->venue_ns < join->last_venue_ns : head->seq < join->last;
    if (join->rule == MR_SEQ_PLUS_ONE && head->seq == 1)
        return timed && head->venue_ns < join->last_venue_ns;
    return head->seq < join->last && !(timed && head->venue_ns > join->last_venue_ns);
}

static int offer_image(struct mr_join *join, const union mr_slot *group)
{
    const struct mr_book_head *head = &group->book;
    if (join->state == MR_JOIN_LIVE && stale_image(join, head)) {
        if (!by_rest(join))
            return drop_old(join, group);
        join->dropped++; /* an answer that came late says nothing about the stream */
        return MR_JOIN_DROP;
    }
    if (!connects(join, head)) {
        if (!by_rest(
                join)) /* the next subscription sends all again; keeping these could only refuse its snapshot too */
            drop_all_held(join);
        join->refetches++;
        join->wants_snapshot = true;
        return MR_JOIN_REFETCH;
    }
    /* A REST body's time is that of its making: nothing in the stream compares with it. After a break the old time does
     * not either. */
    if (join->state != MR_JOIN_LIVE || by_rest(join))
        join->last_venue_ns = 0;
    took(join, head);
    if (by_rest(join))
        join->last_venue_ns = 0;
    join->first = by_rest(join);
    join->snapshot = head->seq;
    join->snapshots++;
    join->state = MR_JOIN_LIVE;
    join->wants_snapshot = false;
    join->lost_seq = 0;
    join->replaying = join->held_count > 0;
    return join->replaying ? MR_JOIN_REPLAY : MR_JOIN_PASS;
}

int mr_join_offer(struct mr_join *join, union mr_slot *group)
{
    struct mr_book_head *head = &group->book;
    MR_ASSERT(!join->replaying); /* the caller takes the held ones to the end first, or order is lost */
    MR_DCHECK(head->kind == MR_EVENT_BOOK && !(head->book_flags & MR_BOOK_PARTIAL));
    MR_DCHECK(head->instrument == join->instrument);
    if (mr_unlikely(join->rule == MR_SEQ_NONE)) { /* no numbers, no order to keep */
        join->state = MR_JOIN_LIVE;
        took(join, head);
        return MR_JOIN_PASS;
    }
    if (mr_unlikely(join->rule == MR_SEQ_IMAGE || (join->rule == MR_SEQ_PLUS_ONE && head->seq == 1)))
        head->flags |= MR_FLAG_SNAPSHOT;
    if (mr_unlikely(head->flags & MR_FLAG_SNAPSHOT))
        return offer_image(join, group);
    if (mr_unlikely(join->state != MR_JOIN_LIVE)) {
        if (has_no_ids(join, head)) {
            join->dropped++;
            return MR_JOIN_DROP;
        }
        mr_join_hold_push(join, group);
        return MR_JOIN_HOLD;
    }
    switch (place_of(join, head)) {
    case FOLLOWS:
        took(join, head);
        return MR_JOIN_PASS;
    case OLD:
        return drop_old(join, group);
    default:
        fill_hole(join, head);
        return broke_at(join, group);
    }
}

const union mr_slot *mr_join_held_next(struct mr_join *join)
{
    if (!join->replaying)
        return NULL;
    if (join->lent)
        mr_join_hold_pop(join);
    join->lent = false;
    enum place place = trim_held(join);
    join->replaying = place == FOLLOWS && join->held_count > 0;
    if (place == HOLE) {
        fill_hole(join, &mr_join_hold_oldest(join)->book);
        lost(join);
        return &join->gap;
    }
    if (!join->replaying)
        return NULL;
    const union mr_slot *group = mr_join_hold_oldest(join);
    took(join, &group->book);
    join->lent = true;
    return group;
}

void mr_join_break(struct mr_join *join, enum mr_gap_cause cause, int64_t recv_ns)
{
    if (join->lent) { /* broken in the middle of a replay: what was handed out was passed on, the rest stays held */
        mr_join_hold_pop(join);
        join->lent = false;
    }
    join->replaying = false;
    fill_gap(join, cause, recv_ns);
    lost(join);
    if (cause ==
        MR_GAP_DISCONNECT) { /* the next connection sends its own beginning; these could only refuse its snapshot */
        drop_all_held(join);
        join->lost_seq = 0;
        if (join->rule == MR_SEQ_STATE) /* another of the venue's machines may answer, with another clock */
            join->last = join->snapshot = 0;
    }
}
