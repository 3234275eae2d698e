/* Where each event stands: a copy, new, or not to be told yet. */
#include "dataplane/merge/merge.h"

#include "dataplane/merge/merge_priv.h"

enum verdict { COPY, NEW, LATE, WAIT };

static uint32_t bit(int lane) { return 1u << lane; }

/* Whom the others wait for: the lanes in step; where there is none, the longest open. */
static uint32_t leaders(const struct mr_merge *m, const struct mr_merge_stream *s)
{
    int elder = m->elder[s->route];
    return s->in_step ? s->in_step : elder >= 0 ? bit(elder) : 0;
}

/* ---- the window ---- */

static void evict(struct mr_merge *m)
{
    const struct mr_merge_entry *e = mr_merge_at(&m->window, m->window.tail);
    if (e->stream != MR_MERGE_NOBODY) {
        struct mr_merge_stream *s = mr_merge_stream_at(m, e->stream);
        s->oldest = e->next;
        s->newest = e->next ? s->newest : 0;
    }
    mr_merge_ring_drop(&m->window);
}

static uint64_t keep(struct mr_merge *m, struct mr_merge_stream *s, int lane, const union mr_slot *group)
{
    uint32_t slots = mr_merge_key_slots(s, group);
    while (!mr_merge_ring_fits(&m->window, slots + 1))
        evict(m);
    uint64_t at = mr_merge_ring_put(&m->window, slots + 1);
    struct mr_merge_entry *e = mr_merge_at(&m->window, at);
    e->recv_ns = group->event.recv_ns;
    e->stream = s->index;
    e->lane = (uint16_t)lane;
    memcpy(mr_merge_group(e), group, slots * sizeof *group);
    if (s->newest)
        mr_merge_at(&m->window, s->newest)->next = at;
    else
        s->oldest = at;
    s->newest = at;
    return at;
}

/* The first of the stream from `at` on that is the same event; 0: none. `passed`: how many were looked at before. */
static uint64_t search(const struct mr_merge *m, const struct mr_merge_stream *s, uint64_t at,
                       const union mr_slot *group, uint32_t *passed)
{
    for (*passed = 0; at; ++*passed) {
        struct mr_merge_entry *e = mr_merge_at(&m->window, at);
        if (mr_merge_same(s, mr_merge_group(e), group))
            return at;
        at = e->next;
    }
    return 0;
}

/* Of a stream without times the last one like it, unless that was so long ago that this one is no copy. */
static uint64_t search_last(const struct mr_merge *m, const struct mr_merge_stream *s, const union mr_slot *group)
{
    uint64_t found = 0;
    for (uint64_t at = s->oldest; at; at = mr_merge_at(&m->window, at)->next) {
        struct mr_merge_entry *e = mr_merge_at(&m->window, at);
        if (e->recv_ns + m->wait_ns >= group->event.recv_ns && mr_merge_same(s, mr_merge_group(e), group))
            found = at;
    }
    return found;
}

static void missed(struct mr_merge *m, int lane, uint32_t n)
{
    if (n && m->lane[lane])
        MR_COUNT(m->lane[lane], missed, n);
}

/* The lane brought what entry `at` holds; the next is expected after it. */
static void copied(struct mr_merge *m, struct mr_merge_stream *s, int lane, uint64_t at, const union mr_slot *group)
{
    const struct mr_merge_entry *e = mr_merge_at(&m->window, at);
    struct mr_lane_metrics *winner = m->lane[e->lane];
    int64_t lead_ns = group->event.recv_ns - e->recv_ns;
    if (winner && lead_ns >= 0 && e->lane != lane && m->open & bit(e->lane))
        MR_RECORD(winner, lead_ns, lead_ns);
    if (m->lane[lane])
        MR_COUNT(m->lane[lane], copies, 1);
    MR_COUNT(m->metrics, copies, 1);
    s->in_step |= bit(lane);
    s->place[lane].at = e->next;
    s->place[lane].seq = group->event.seq;
}

static enum verdict covered(struct mr_merge *m, struct mr_merge_stream *s, int lane, const union mr_slot *group)
{
    MR_COUNT(m->metrics, covered, 1);
    if (m->lane[lane])
        MR_COUNT(m->lane[lane], copies, 1);
    s->place[lane].seq = group->event.seq;
    return COPY;
}

/* What is left of the window was passed by: the lane is at its end. */
static enum verdict at_end(struct mr_merge *m, struct mr_merge_stream *s, int lane)
{
    uint32_t n = 0;
    for (uint64_t at = s->in_step & bit(lane) ? s->place[lane].at : 0; at; at = mr_merge_at(&m->window, at)->next)
        n++;
    missed(m, lane, n);
    s->place[lane].at = 0;
    s->in_step |= bit(lane);
    return NEW;
}

/* ---- where it stands ---- */

/* A book's image in the stream: of a new subscription, or because the venue began anew. Where others lead, the book needs it not: it only
 * says where this lane is. */
static enum verdict place_image(struct mr_merge *m, struct mr_merge_stream *s, int lane, const union mr_slot *group)
{
    uint64_t seq = group->book.seq, at = s->oldest;
    bool restart = m->rule == MR_SEQ_PLUS_ONE && seq == 1;
    if (restart || !(leaders(m, s) & ~bit(lane)))
        return at_end(m, s, lane);
    if (!s->begun || seq > s->last) {
        s->in_step &= ~bit(lane); /* it is ahead: what lies between comes by the others */
        return leaders(m, s) & ~bit(lane) ? WAIT : at_end(m, s, lane);
    }
    while (at && mr_merge_group(mr_merge_at(&m->window, at))->book.seq <= seq)
        at = mr_merge_at(&m->window, at)->next;
    s->in_step |= bit(lane);
    s->place[lane].at = at;
    return covered(m, s, lane, group);
}

/* Not in the window, of a lane in step. */
static enum verdict place_unknown(struct mr_merge *m, struct mr_merge_stream *s, int lane, const union mr_slot *group)
{
    uint64_t order = mr_merge_order(s, group);
    if (s->mode == MR_MERGE_BOOK && mr_merge_is_image(m, group))
        return place_image(m, s, lane, group);
    if (s->mode == MR_MERGE_CONTENT) {
        if (s->place[lane].at && s->timeless && leaders(m, s) & ~bit(lane)) {
            s->in_step &= ~bit(lane); /* one of the two lines lacks a value: which one, no value by itself can tell */
            s->astray |= bit(lane);
            return WAIT;
        }
        if (s->place[lane].at == 0 || order == 0 || order >= s->last_order)
            return at_end(m, s, lane);
        return s->fact ? LATE : covered(m, s, lane, group);
    }
    if (mr_merge_follows(m, s, group))
        return at_end(m, s, lane);
    if (order > s->last)
        return WAIT;
    if (order <= s->place[lane].seq) /* of the lane's own numbers too: the venue says it twice, or began anew */
        return at_end(m, s, lane);
    return s->fact ? LATE : covered(m, s, lane, group);
}

static enum verdict place_in_step(struct mr_merge *m, struct mr_merge_stream *s, int lane, const union mr_slot *group)
{
    uint64_t at = s->place[lane].at;
    uint32_t passed;
    if (mr_likely(at == 0))
        return place_unknown(m, s, lane, group);
    uint64_t found = search(m, s, at, group, &passed);
    if (!found)
        return place_unknown(m, s, lane, group);
    missed(m, lane, passed);
    copied(m, s, lane, found, group);
    return COPY;
}

/* Not in the window, of a lane that does not know its place. */
static enum verdict place_stranger(struct mr_merge *m, struct mr_merge_stream *s, int lane, const union mr_slot *group)
{
    uint64_t order = mr_merge_order(s, group);
    if (s->mode == MR_MERGE_BOOK && mr_merge_is_image(m, group))
        return place_image(m, s, lane, group);
    bool alone = !(leaders(m, s) & ~bit(lane));
    if (s->mode == MR_MERGE_CONTENT) {
        uint64_t oldest = s->oldest ? mr_merge_order(s, mr_merge_group(mr_merge_at(&m->window, s->oldest))) : 0;
        if (order && order < oldest)
            return covered(m, s, lane, group);
        return alone ? at_end(m, s, lane) : WAIT;
    }
    if (alone || (s->begun && mr_merge_follows(m, s, group)))
        return at_end(m, s, lane);
    if (s->begun && order && order <= s->last)
        return covered(m, s, lane, group);
    return WAIT;
}

/* The window from its beginning; without times the same value may come again and again, and the last is meant. */
static bool find_place(struct mr_merge *m, struct mr_merge_stream *s, int lane, const union mr_slot *group)
{
    uint32_t passed;
    if (s->timeless && leaders(m, s) & ~bit(lane))
        return false; /* one value tells no place: mr_merge_match */
    bool timed = s->mode != MR_MERGE_CONTENT || mr_merge_order(s, group) != 0;
    uint64_t found = timed ? search(m, s, s->oldest, group, &passed) : search_last(m, s, group);
    if (found)
        copied(m, s, lane, found, group);
    return found != 0;
}

/* An image that its book waits for, whatever the window has of its number. */
static bool is_wanted(const struct mr_merge *m, const union mr_slot *group)
{
    return m->rule != MR_SEQ_IMAGE && m->rule != MR_SEQ_NONE && mr_merge_is_image(m, group) &&
           m->config.wants_image(m->config.arg, group->book.instrument);
}

static enum verdict place(struct mr_merge *m, struct mr_merge_stream *s, int lane, const union mr_slot *group)
{
    if (mr_unlikely(s->place[lane].at && !mr_merge_has(&m->window, s->place[lane].at))) {
        MR_COUNT(m->metrics, fell_back, 1);
        s->place[lane].at = 0;
        s->in_step &= ~bit(lane);
    }
    if (mr_unlikely(is_wanted(m, group)))
        return at_end(m, s, lane);
    if (mr_likely(s->in_step & bit(lane)))
        return place_in_step(m, s, lane, group);
    return find_place(m, s, lane, group) ? COPY : place_stranger(m, s, lane, group);
}

/* ---- waiting ---- */

static void forget_gone(struct mr_merge *m)
{
    while (m->hold.tail < m->hold.head && mr_merge_at(&m->hold, m->hold.tail)->gone)
        mr_merge_ring_drop(&m->hold);
}

static void pop(struct mr_merge *m, struct mr_merge_stream *s, int lane)
{
    struct mr_merge_place *p = &s->place[lane];
    struct mr_merge_entry *e = mr_merge_at(&m->hold, p->first);
    e->gone = true;
    p->first = e->next;
    if (!p->first) {
        p->end = 0;
        s->waiting &= ~bit(lane);
    }
    m->waiting--;
    MR_GAUGE_SET(m->metrics, waiting, m->waiting);
    forget_gone(m);
}

/* What the lane brought is what another has just brought first: all of it up to there was on its way by others. */
static void align(struct mr_merge *m, struct mr_merge_stream *s, int lane, uint64_t at)
{
    const union mr_slot *kept = mr_merge_group(mr_merge_at(&m->window, at));
    uint64_t held = s->timeless ? 0 : s->place[lane].first;
    while (held && !mr_merge_same(s, kept, mr_merge_group(mr_merge_at(&m->hold, held))))
        held = mr_merge_at(&m->hold, held)->next;
    if (!held)
        return;
    while (s->place[lane].first != held) {
        covered(m, s, lane, mr_merge_group(mr_merge_at(&m->hold, s->place[lane].first)));
        pop(m, s, lane);
    }
    copied(m, s, lane, at, mr_merge_group(mr_merge_at(&m->hold, held)));
    pop(m, s, lane);
}

/* The first copy: kept, passed on, and now the others are expected to bring it. */
static void accept(struct mr_merge *m, struct mr_merge_stream *s, int lane, union mr_slot *group, bool held,
                   enum verdict verdict)
{
    uint64_t at = keep(m, s, lane, group);
    for (uint32_t left = s->in_step; left; left &= left - 1) {
        int other = __builtin_ctz(left);
        if (other != lane && s->place[other].at == 0)
            s->place[other].at = at;
    }
    if (mr_likely(verdict == NEW)) {
        bool back = s->mode == MR_MERGE_BOOK && group->book.flags & MR_FLAG_SNAPSHOT && group->book.seq > 1;
        s->last = back && s->begun && group->event.seq < s->last ? s->last : group->event.seq;
        uint64_t order = mr_merge_order(s, group);
        s->last_order = order > s->last_order ? order : s->last_order;
        s->begun = true;
    } else {
        MR_COUNT(m->metrics, late, 1);
    }
    s->place[lane].seq = group->event.seq;
    MR_COUNT(m->metrics, passed, 1);
    if (m->lane[lane])
        MR_COUNT(m->lane[lane], won, 1);
    m->config.pass(m->config.arg, group, held);
    for (uint32_t left = s->waiting & ~s->in_step & ~bit(lane); left; left &= left - 1)
        align(m, s, __builtin_ctz(left), at);
}

/* A timeless stream's lane after the wait: all that it has waiting since then has been brought by others, or the last of it is new. One that
 * went astray is not told while others lead: its value may be older than theirs. */
static bool find_timeless(struct mr_merge *m, struct mr_merge_stream *s, int lane, bool others)
{
    uint64_t last = 0;
    const bool astray = s->astray & bit(lane);
    uint32_t copies = mr_merge_match(m, s, lane, !others || astray, &last);
    const union mr_slot *first = mr_merge_group(mr_merge_at(&m->hold, s->place[lane].first));
    bool newer = s->newest && mr_merge_at(&m->window, s->newest)->recv_ns >= first->event.recv_ns;
    if (!copies && others && (newer || astray)) { /* what others have said since overrules it */
        covered(m, s, lane, mr_merge_group(mr_merge_at(&m->hold, s->place[lane].first)));
        pop(m, s, lane);
        return true;
    }
    for (uint32_t i = 0; i < copies; i++) {
        covered(m, s, lane, mr_merge_group(mr_merge_at(&m->hold, s->place[lane].first)));
        pop(m, s, lane);
    }
    if (copies) {
        s->in_step |= bit(lane);
        s->astray &= ~bit(lane);
        s->place[lane].at = mr_merge_at(&m->window, last)->next;
    }
    return copies != 0;
}

/* Ends the wait of what the lane brought first. */
static void give_up(struct mr_merge *m, struct mr_merge_stream *s, int lane)
{
    union mr_slot *group = mr_merge_group(mr_merge_at(&m->hold, s->place[lane].first));
    uint64_t order = mr_merge_order(s, group);
    bool old = s->mode == MR_MERGE_CONTENT && s->begun && order && order < s->last_order;
    if (s->timeless && !(s->in_step & bit(lane)) && find_timeless(m, s, lane, leaders(m, s) & ~bit(lane)))
        return;
    MR_COUNT(m->metrics, gave_up, 1);
    at_end(m, s, lane);
    if (old && !s->fact)
        covered(m, s, lane, group);
    else
        accept(m, s, lane, group, true, old ? LATE : NEW);
    pop(m, s, lane);
}

/* What a lane in step has waiting, or one that has not found its place: the window has been searched for it already. */
static enum verdict place_held(struct mr_merge *m, struct mr_merge_stream *s, int lane, const union mr_slot *group)
{
    return s->in_step & bit(lane) || is_wanted(m, group) ? place(m, s, lane, group) : place_stranger(m, s, lane, group);
}

static bool release(struct mr_merge *m, struct mr_merge_stream *s, int lane)
{
    bool hole = s->in_step & bit(lane) && s->mode != MR_MERGE_CONTENT, moved = false;
    if (s->timeless && s->place[lane].first && !(s->in_step & bit(lane)) && !(leaders(m, s) & ~bit(lane)))
        moved = find_timeless(m, s, lane, false); /* those it waited for have gone, and had brought some of it */
    while (s->place[lane].first) {
        union mr_slot *group = mr_merge_group(mr_merge_at(&m->hold, s->place[lane].first));
        enum verdict verdict = place_held(m, s, lane, group);
        if (verdict == WAIT)
            break;
        if (verdict != COPY)
            accept(m, s, lane, group, true, verdict);
        pop(m, s, lane);
        MR_COUNT(m->metrics, healed, hole && !moved);
        moved = true;
    }
    return moved;
}

/* Whose wait ends when nobody can bring what is missing: the one whose numbers are lowest, else who waits longest. */
static int next_to_go(const struct mr_merge *m, const struct mr_merge_stream *s)
{
    int best = __builtin_ctz(s->waiting);
    for (uint32_t left = s->waiting & (s->waiting - 1); left; left &= left - 1) {
        int lane = __builtin_ctz(left);
        uint64_t a = s->place[lane].first, b = s->place[best].first;
        uint64_t x = mr_merge_group(mr_merge_at(&m->hold, a))->event.seq,
                 y = mr_merge_group(mr_merge_at(&m->hold, b))->event.seq;
        if (s->mode == MR_MERGE_CONTENT || x == y ? a < b : x < y)
            best = lane;
    }
    return best;
}

/* After anything has moved: whatever else may go now. A lane that has not brought anything yet may still bring what is missing. */
static void settle(struct mr_merge *m, struct mr_merge_stream *s)
{
    while (s->waiting) {
        bool moved = false;
        for (uint32_t left = s->waiting; left; left &= left - 1)
            moved |= release(m, s, __builtin_ctz(left));
        if (moved)
            continue;
        if (m->wait_ns > 0 && m->peers[s->route] & ~s->waiting)
            return;
        give_up(m, s, next_to_go(m, s));
    }
}

static void hold(struct mr_merge *m, struct mr_merge_stream *s, int lane, const union mr_slot *group)
{
    struct mr_merge_place *p = &s->place[lane];
    uint32_t slots = mr_event_slots(group);
    while (!mr_merge_ring_fits(&m->hold, slots + 1)) { /* the longest waiting have waited enough */
        const struct mr_merge_entry *oldest = mr_merge_at(&m->hold, m->hold.tail);
        if (oldest->gone) {
            forget_gone(m);
            continue;
        }
        struct mr_merge_stream *other = mr_merge_stream_at(m, oldest->stream);
        give_up(m, other, oldest->lane);
        settle(m, other);
    }
    uint64_t at = mr_merge_ring_put(&m->hold, slots + 1);
    struct mr_merge_entry *e = mr_merge_at(&m->hold, at);
    e->recv_ns = group->event.recv_ns + m->wait_ns;
    e->stream = s->index;
    e->lane = (uint16_t)lane;
    memcpy(mr_merge_group(e), group, slots * sizeof *group);
    mr_merge_group(e)->event.flags |= MR_FLAG_FIRST | MR_FLAG_LAST; /* it will go on by itself */
    if (p->end)
        mr_merge_at(&m->hold, p->end)->next = at;
    else
        p->first = at;
    p->end = at;
    s->waiting |= bit(lane);
    m->waiting++;
    MR_COUNT(m->metrics, waited, 1);
    MR_GAUGE_SET(m->metrics, waiting, m->waiting);
}

/* ---- in ---- */

/* Old trades that a venue repeats to each new subscriber: of use only where nobody else follows the stream. */
static bool back_fill(struct mr_merge *m, struct mr_merge_stream *s, int lane, union mr_slot *group)
{
    if (mr_likely(group->event.kind != MR_EVENT_TRADE || !(group->event.flags & MR_FLAG_SNAPSHOT)))
        return false;
    if (leaders(m, s) & ~bit(lane)) {
        MR_COUNT(m->metrics, copies, 1);
        if (m->lane[lane])
            MR_COUNT(m->lane[lane], copies, 1);
        return true;
    }
    s->in_step |= bit(lane);
    accept(m, s, lane, group, false, NEW); /* kept, too: others may bring some of them as news */
    return true;
}

static MR_COLD void crowded(struct mr_merge *m, int lane, union mr_slot *group)
{
    MR_COUNT(m->metrics, crowded, 1);
    if (lane == m->elder[m->route[lane]])
        m->config.pass(m->config.arg, group, false);
}

/* Behind others of its lane that wait. */
static void take_behind(struct mr_merge *m, struct mr_merge_stream *s, int lane, const union mr_slot *group)
{
    if (s->in_step & bit(lane) || is_wanted(m, group) || !find_place(m, s, lane, group)) {
        hold(m, s, lane, group);
        return;
    }
    while (s->place[lane].first) { /* what came before it was on its way by others */
        MR_COUNT(m->metrics, covered, 1);
        pop(m, s, lane);
    }
}

void mr_merge_take(struct mr_merge *m, int lane, union mr_slot *group)
{
    struct mr_merge_stream *s = mr_merge_stream_for(m, group, lane);
    MR_COUNT(m->metrics, offered, 1);
    if (mr_unlikely(!s)) {
        crowded(m, lane, group);
        return;
    }
    if (mr_unlikely(back_fill(m, s, lane, group)))
        return;
    if (mr_unlikely(s->waiting & bit(lane))) {
        take_behind(m, s, lane, group);
        settle(m, s);
        return;
    }
    enum verdict verdict = place(m, s, lane, group);
    if (verdict == NEW || verdict == LATE)
        accept(m, s, lane, group, false, verdict);
    else if (verdict == WAIT)
        hold(m, s, lane, group);
    if (mr_unlikely(s->waiting))
        settle(m, s);
}

int64_t mr_merge_due_ns(const struct mr_merge *m)
{
    return m->waiting ? mr_merge_at(&m->hold, m->hold.tail)->recv_ns : INT64_MAX;
}

void mr_merge_due(struct mr_merge *m, int64_t now_ns)
{
    while (m->waiting && mr_merge_due_ns(m) <= now_ns) {
        const struct mr_merge_entry *e = mr_merge_at(&m->hold, m->hold.tail);
        struct mr_merge_stream *s = mr_merge_stream_at(m, e->stream);
        give_up(m, s, e->lane);
        settle(m, s);
    }
}

/* ---- lanes ---- */

static void find_elders(struct mr_merge *m)
{
    for (size_t i = 0; i < MR_COUNT_OF(m->elder); i++)
        m->elder[i] = -1;
    memset(m->peers, 0, sizeof m->peers);
    for (uint32_t left = m->open; left; left &= left - 1) {
        int lane = __builtin_ctz(left), *elder = &m->elder[m->route[lane]];
        m->peers[m->route[lane]] |= bit(lane);
        if (*elder < 0 || m->opened[lane] < m->opened[*elder])
            *elder = lane;
    }
    MR_GAUGE_SET(m->metrics, lanes, mr_merge_lanes(m));
}

int mr_merge_lane(const struct mr_merge *m, uint16_t connection)
{
    for (uint32_t left = m->open; left; left &= left - 1)
        if (m->connection[__builtin_ctz(left)] == connection)
            return __builtin_ctz(left);
    return -1;
}

uint32_t mr_merge_lanes(const struct mr_merge *m) { return (uint32_t)__builtin_popcount(m->open); }

uint32_t mr_merge_open_lanes(const struct mr_merge *m) { return m->open; }

int mr_merge_open(struct mr_merge *m, uint16_t connection, uint8_t route, struct mr_lane_metrics *metrics)
{
    int lane = mr_merge_lane(m, connection);
    if (lane >=
        0) { /* it has spoken already (KuCoin's welcome comes before anything is subscribed to): now it is known whose it is */
        m->route[lane] = route < MR_MERGE_ROUTES_MAX ? route : 0;
        m->lane[lane] = metrics ? metrics : m->lane[lane];
        find_elders(m);
        return lane;
    }
    for (lane = 0; lane < (int)m->config.lanes_max && m->open & bit(lane); lane++)
        ;
    if (lane == (int)m->config.lanes_max)
        return -1;
    m->open |= bit(lane);
    m->connection[lane] = connection;
    m->route[lane] = route < MR_MERGE_ROUTES_MAX ? route : 0;
    m->opened[lane] = ++m->opens;
    m->lane[lane] = metrics;
    find_elders(m);
    return lane;
}

/* What it had waiting the others in step bring too; where there is none, it goes on now. */
static void leave(struct mr_merge *m, struct mr_merge_stream *s, int lane)
{
    bool others = s->in_step & ~bit(lane);
    while (s->place[lane].first)
        if (others)
            pop(m, s, lane);
        else
            give_up(m, s, lane);
    s->in_step &= ~bit(lane);
    s->astray &= ~bit(lane);
    s->place[lane] = (struct mr_merge_place){0};
}

void mr_merge_close(struct mr_merge *m, uint16_t connection)
{
    int lane = mr_merge_lane(m, connection);
    if (lane < 0)
        return;
    for (uint32_t i = 0; i <= m->stream_mask; i++) {
        struct mr_merge_stream *s = mr_merge_stream_at(m, i);
        if (s->key)
            leave(m, s, lane);
    }
    m->open &= ~bit(lane);
    m->lane[lane] = NULL;
    find_elders(m);
    for (uint32_t i = 0; i <= m->stream_mask; i++)
        if (mr_merge_stream_at(m, i)->waiting)
            settle(m, mr_merge_stream_at(m, i));
}
