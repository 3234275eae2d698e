/* The rules as tables: what is offered, what the join says. */
#include "codecs/sequence/sequence.h"
#include "tests/support/support.h"

#include <stdio.h>

#define HOLD 64

static union mr_slot memory[256];

static struct mr_join *fresh(uint8_t rule, uint32_t hold_slots)
{
    assert_true(mr_join_bytes(hold_slots) <= sizeof memory);
    memset(memory, 0xA5, sizeof memory);
    return mr_join_init(memory, rule, 7, hold_slots);
}

static union mr_slot update(uint64_t first, uint64_t seq, uint64_t prev)
{
    return (union mr_slot){.book = {.recv_ns = 5000,
                                    .seq = seq,
                                    .first_seq = first,
                                    .prev_seq = prev,
                                    .instrument = 7,
                                    .kind = MR_EVENT_BOOK,
                                    .flags = MR_FLAG_FIRST | MR_FLAG_LAST,
                                    .connection = 3}};
}

/* ---- tables: a row is one offer; 'i' an image, 'u' an update; the replay (if any) as the sequence numbers it gives */
struct row {
    char what;
    uint64_t first, seq, prev;
    int want;
    int64_t replay[4]; /* sequence numbers, 0 ends; -9: a GAP event */
};
struct story {
    const char *says;
    uint8_t rule;
    struct row rows[10];
};
enum {
    PASS = MR_JOIN_PASS,
    HELD = MR_JOIN_HOLD,
    DROP = MR_JOIN_DROP,
    GAP = MR_JOIN_GAP,
    REPLAY = MR_JOIN_REPLAY,
    REFETCH = MR_JOIN_REFETCH
};
#define GAPPED (-9)
#define USDM MR_SEQ_FIRST_FINAL_PREV
#define SPOT MR_SEQ_FIRST_FINAL
#define BYBIT MR_SEQ_PLUS_ONE
#define OKX MR_SEQ_PREV
#define IMAGES MR_SEQ_IMAGE
#define KUCOIN MR_SEQ_SPAN
#define MEXC MR_SEQ_FIRST_FINAL

/* clang-format off */
static const struct story stories[] = {
    {"usdm: buffer, snapshot, first has U <= L <= u, then pu == u", USDM, {
        {'u', 90, 95, 89, HELD, {0}}, {'u', 97, 105, 95, HELD, {0}}, {'u', 110, 112, 105, HELD, {0}},
        {'i', 100, 100, 0, REPLAY, {105, 112}}, {'u', 120, 130, 112, PASS, {0}}}},
    {"usdm: u == L is applied (u < L is dropped)", USDM, {
        {'u', 90, 99, 89, HELD, {0}}, {'u', 99, 100, 99, HELD, {0}}, {'i', 100, 100, 0, REPLAY, {100}},
        {'u', 107, 109, 100, PASS, {0}}}},
    {"usdm: U == L is the first", USDM, {
        {'u', 100, 104, 99, HELD, {0}}, {'i', 100, 100, 0, REPLAY, {104}}}},
    {"usdm: first held U > L: fetch again, held stays", USDM, {
        {'u', 103, 105, 102, HELD, {0}}, {'i', 100, 100, 0, REFETCH, {0}}, {'i', 90, 90, 0, REFETCH, {0}},
        {'i', 103, 103, 0, REPLAY, {105}}}},
    {"usdm: first held U > L, but pu == L: nothing lies between", USDM, {
        {'u', 120, 125, 100, HELD, {0}}, {'u', 140, 150, 125, HELD, {0}}, {'i', 99, 99, 0, REFETCH, {0}},
        {'i', 100, 100, 0, REPLAY, {125, 150}}, {'u', 151, 160, 150, PASS, {0}}}},
    {"usdm: pu just beside L is a hole", USDM, {
        {'u', 120, 125, 100, HELD, {0}}, {'i', 101, 101, 0, REFETCH, {0}}, {'i', 99, 99, 0, REFETCH, {0}},
        {'i', 119, 119, 0, REFETCH, {0}}, {'i', 120, 120, 0, REPLAY, {125}}}},
    {"usdm: one with pu == L behind one that L covers", USDM, {
        {'u', 90, 99, 89, HELD, {0}}, {'u', 101, 105, 100, HELD, {0}}, {'i', 100, 100, 0, REPLAY, {105}}}},
    {"usdm: U is not last u + 1 and that is no gap", USDM, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 95, 105, 94, PASS, {0}}, {'u', 300, 400, 105, PASS, {0}}}},
    {"usdm: a hole while live, then held until the next snapshot", USDM, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 95, 105, 94, PASS, {0}}, {'u', 120, 130, 112, GAP, {0}},
        {'u', 131, 140, 130, HELD, {0}}, {'i', 125, 125, 0, REPLAY, {130, 140}}, {'u', 141, 150, 140, PASS, {0}}}},
    {"usdm: a hole among the held ones", USDM, {
        {'u', 95, 105, 94, HELD, {0}}, {'u', 120, 130, 112, HELD, {0}}, {'u', 131, 140, 130, HELD, {0}},
        {'i', 100, 100, 0, REPLAY, {105, GAPPED}}, {'u', 141, 150, 140, HELD, {0}}, {'i', 122, 122, 0, REPLAY, {130, 140, 150}}}},
    {"usdm: duplicates while live are dropped, overlaps against pu are gaps", USDM, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 95, 105, 94, PASS, {0}}, {'u', 95, 105, 94, DROP, {0}}, {'u', 90, 94, 80, DROP, {0}},
        {'u', 106, 110, 105, PASS, {0}}, {'u', 106, 115, 105, GAP, {0}}}},
    {"usdm: the first live update begins after L", USDM, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 102, 105, 101, GAP, {0}}, {'i', 103, 103, 0, REPLAY, {105}}}},
    {"usdm: the first live update names L", USDM, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 102, 105, 100, PASS, {0}}, {'u', 106, 107, 100, GAP, {0}}}},
    {"usdm: a second, late answer changes nothing; a newer one is an image", USDM, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 95, 105, 94, PASS, {0}}, {'i', 104, 104, 0, DROP, {0}}, {'i', 105, 105, 0, DROP, {0}},
        {'u', 106, 110, 105, PASS, {0}}, {'i', 120, 120, 0, PASS, {0}}, {'u', 111, 119, 110, DROP, {0}}, {'u', 120, 125, 119, PASS, {0}}}},
    {"usdm: held all older than the snapshot", USDM, {
        {'u', 90, 95, 89, HELD, {0}}, {'u', 96, 98, 95, HELD, {0}}, {'i', 100, 100, 0, PASS, {0}}, {'u', 99, 101, 98, PASS, {0}}}},
    {"usdm: duplicates among the held ones are dropped", USDM, {
        {'u', 95, 105, 94, HELD, {0}}, {'u', 95, 105, 94, HELD, {0}}, {'u', 106, 107, 105, HELD, {0}}, {'u', 95, 105, 94, HELD, {0}},
        {'i', 100, 100, 0, REPLAY, {105, 107}}, {'u', 108, 109, 107, PASS, {0}}}},
    {"usdm: reordered among the held ones", USDM, {
        {'u', 106, 110, 105, HELD, {0}}, {'u', 95, 105, 94, HELD, {0}}, {'i', 100, 100, 0, REFETCH, {0}},
        {'i', 107, 107, 0, REPLAY, {110}}}},

    {"spot: u <= L dropped, first has U <= L + 1 <= u, then U == u + 1", SPOT, {
        {'u', 90, 100, 0, HELD, {0}}, {'u', 101, 105, 0, HELD, {0}}, {'u', 106, 106, 0, HELD, {0}},
        {'i', 100, 100, 0, REPLAY, {105, 106}}, {'u', 107, 120, 0, PASS, {0}}}},
    {"spot: the first may overlap the snapshot, a later one may not", SPOT, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 95, 105, 0, PASS, {0}}, {'u', 104, 108, 0, GAP, {0}}}},
    {"spot: the first begins after L + 1", SPOT, {
        {'u', 102, 105, 0, HELD, {0}}, {'i', 100, 100, 0, REFETCH, {0}}, {'i', 101, 101, 0, REPLAY, {105}}}},
    {"spot: hole and duplicates while live", SPOT, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 101, 105, 0, PASS, {0}}, {'u', 101, 105, 0, DROP, {0}}, {'u', 106, 107, 0, PASS, {0}},
        {'u', 109, 110, 0, GAP, {0}}, {'u', 108, 108, 0, HELD, {0}}, {'i', 108, 108, 0, REPLAY, {110, 0}}, {'u', 111, 111, 0, PASS, {0}}}},

    {"bybit: snapshot, then one by one", BYBIT, {
        {'i', 10, 10, 0, PASS, {0}}, {'u', 11, 11, 0, PASS, {0}}, {'u', 12, 12, 0, PASS, {0}}, {'u', 12, 12, 0, DROP, {0}},
        {'u', 14, 14, 0, GAP, {0}}, {'u', 15, 15, 0, HELD, {0}}, {'i', 20, 20, 0, PASS, {0}}, {'u', 21, 21, 0, PASS, {0}}}},
    {"bybit: u == 1 is an image, flagged or not, live or broken", BYBIT, {
        {'u', 1, 1, 0, PASS, {0}}, {'u', 2, 2, 0, PASS, {0}}, {'u', 9, 9, 0, GAP, {0}}, {'u', 1, 1, 0, PASS, {0}},
        {'u', 2, 2, 0, PASS, {0}}, {'i', 1, 1, 0, PASS, {0}}, {'u', 2, 2, 0, PASS, {0}}}},
    {"bybit: a snapshot in mid-stream is normal, also of the same number", BYBIT, {
        {'i', 10, 10, 0, PASS, {0}}, {'u', 11, 11, 0, PASS, {0}}, {'i', 11, 11, 0, PASS, {0}}, {'i', 30, 30, 0, PASS, {0}},
        {'u', 31, 31, 0, PASS, {0}}, {'i', 30, 30, 0, DROP, {0}}, {'u', 32, 32, 0, PASS, {0}}}},
    {"bybit: updates held before the snapshot join if they follow", BYBIT, {
        {'u', 10, 10, 0, HELD, {0}}, {'u', 11, 11, 0, HELD, {0}}, {'u', 12, 12, 0, HELD, {0}}, {'i', 10, 10, 0, REPLAY, {11, 12}}}},
    {"bybit: a snapshot older than what is held is refused, the next subscription starts anew", BYBIT, {
        {'u', 13, 13, 0, HELD, {0}}, {'i', 10, 10, 0, REFETCH, {0}}, {'i', 10, 10, 0, PASS, {0}}, {'u', 11, 11, 0, PASS, {0}}}},

    {"okx: snapshot, then prevSeqId == last seqId", OKX, {
        {'i', 0, 100, UINT64_MAX, PASS, {0}}, {'u', 0, 103, 100, PASS, {0}}, {'u', 0, 110, 103, PASS, {0}}, {'u', 0, 103, 100, DROP, {0}},
        {'u', 0, 120, 115, GAP, {0}}, {'u', 0, 121, 120, HELD, {0}}, {'i', 0, 120, UINT64_MAX, REPLAY, {121}}, {'u', 0, 130, 121, PASS, {0}}}},
    {"okx: keep-alive (seq == prev == last) passes, again and again", OKX, {
        {'i', 0, 100, 0, PASS, {0}}, {'u', 0, 100, 100, PASS, {0}}, {'u', 0, 100, 100, PASS, {0}}, {'u', 0, 105, 100, PASS, {0}}}},
    {"okx: a keep-alive after a lost update shows the hole", OKX, {
        {'i', 0, 100, 0, PASS, {0}}, {'u', 0, 105, 105, GAP, {0}}, {'i', 0, 105, 0, REPLAY, {105}}}},
    {"okx: reset (seq < prev == last) is followed", OKX, {
        {'i', 0, 100, 0, PASS, {0}}, {'u', 0, 3, 100, PASS, {0}}, {'u', 0, 3, 100, DROP, {0}}, {'u', 0, 9, 3, PASS, {0}}, {'u', 0, 100, 90, GAP, {0}}}},
    {"okx: a reset between held updates and the snapshot", OKX, {
        {'u', 0, 900, 890, HELD, {0}}, {'u', 0, 5, 900, HELD, {0}}, {'u', 0, 7, 5, HELD, {0}}, {'i', 0, 5, 0, REPLAY, {7}}, {'u', 0, 8, 7, PASS, {0}}}},
    {"okx: held newer than the snapshot, and none is the link", OKX, {
        {'u', 0, 130, 120, HELD, {0}}, {'i', 0, 100, 0, REFETCH, {0}}, {'i', 0, 100, 0, PASS, {0}}}},
    {"okx without ids: in order of arrival once there is a snapshot", OKX, {
        {'u', 0, 0, 0, DROP, {0}}, {'i', 0, 0, 0, PASS, {0}}, {'u', 0, 0, 0, PASS, {0}}, {'u', 0, 0, 0, PASS, {0}}, {'i', 0, 0, 0, PASS, {0}}}},

    {"kucoin: end <= L dropped, start <= L + 1 <= end, at the snapshot and later", KUCOIN, {
        {'u', 90, 100, 0, HELD, {0}}, {'u', 99, 105, 0, HELD, {0}}, {'u', 106, 106, 0, HELD, {0}},
        {'i', 100, 100, 0, REPLAY, {105, 106}}, {'u', 107, 120, 0, PASS, {0}}}},
    {"kucoin: an overlap says nothing wrong, a copy is dropped", KUCOIN, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 95, 105, 0, PASS, {0}}, {'u', 104, 108, 0, PASS, {0}}, {'u', 104, 108, 0, DROP, {0}},
        {'u', 101, 104, 0, DROP, {0}}, {'u', 109, 110, 0, PASS, {0}}}},
    {"kucoin: a hole while live, reordered updates wait for the snapshot", KUCOIN, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 103, 104, 0, GAP, {0}}, {'u', 101, 102, 0, HELD, {0}}, {'u', 105, 107, 0, HELD, {0}},
        {'i', 101, 101, 0, REFETCH, {0}}, {'i', 103, 103, 0, REPLAY, {104, 107}}, {'u', 108, 108, 0, PASS, {0}}}},
    {"kucoin: a late or stale snapshot changes nothing", KUCOIN, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 101, 105, 0, PASS, {0}}, {'i', 104, 104, 0, DROP, {0}}, {'i', 105, 105, 0, DROP, {0}},
        {'i', 110, 110, 0, PASS, {0}}, {'u', 106, 111, 0, PASS, {0}}}},
    {"kucoin futures: one number a message, exactly last + 1", SPOT, {
        {'u', 9, 9, 0, HELD, {0}}, {'u', 10, 10, 0, HELD, {0}}, {'u', 11, 11, 0, HELD, {0}}, {'i', 9, 9, 0, REPLAY, {10, 11}},
        {'u', 11, 11, 0, DROP, {0}}, {'u', 12, 12, 0, PASS, {0}}, {'u', 14, 14, 0, GAP, {0}}, {'i', 14, 14, 0, PASS, {0}}}},

    {"mexc merged: end <= V dropped, one across V is applied whole, then begin == end + 1", MEXC, {
        {'u', 90, 100, 0, HELD, {0}}, {'u', 95, 107, 0, HELD, {0}}, {'u', 108, 120, 0, HELD, {0}},
        {'i', 103, 103, 0, REPLAY, {107, 120}}, {'u', 121, 180, 0, PASS, {0}}, {'u', 181, 181, 0, PASS, {0}}}},
    {"mexc merged: the seed lags the stream: fetched until it reaches it", MEXC, {
        {'u', 500, 520, 0, HELD, {0}}, {'i', 300, 300, 0, REFETCH, {0}}, {'u', 521, 530, 0, HELD, {0}},
        {'i', 498, 498, 0, REFETCH, {0}}, {'i', 499, 499, 0, REPLAY, {520, 530}}, {'u', 531, 540, 0, PASS, {0}}}},
    {"mexc merged: a hole is no straddle, a copy no hole, an overlap against the rule", MEXC, {
        {'i', 100, 100, 0, PASS, {0}}, {'u', 101, 110, 0, PASS, {0}}, {'u', 101, 110, 0, DROP, {0}}, {'u', 112, 115, 0, GAP, {0}},
        {'u', 111, 111, 0, HELD, {0}}, {'i', 113, 113, 0, REPLAY, {115}}, {'u', 115, 118, 0, GAP, {0}}}},
    {"mexc unmerged: version == last + 1", MEXC, {
        {'u', 9, 9, 0, HELD, {0}}, {'u', 10, 10, 0, HELD, {0}}, {'i', 9, 9, 0, REPLAY, {10}}, {'u', 11, 11, 0, PASS, {0}},
        {'u', 10, 10, 0, DROP, {0}}, {'u', 13, 13, 0, GAP, {0}}, {'i', 12, 12, 0, REPLAY, {13}}, {'u', 14, 14, 0, PASS, {0}}}},
    {"mexc: merged after unmerged and back", MEXC, {
        {'i', 9, 9, 0, PASS, {0}}, {'u', 10, 10, 0, PASS, {0}}, {'u', 11, 15, 0, PASS, {0}}, {'u', 16, 16, 0, PASS, {0}}}},

    {"images: each replaces, one with an older number is dropped", IMAGES, {
        {'i', 0, 100, 0, PASS, {0}}, {'u', 0, 101, 0, PASS, {0}}, {'i', 0, 99, 0, DROP, {0}}, {'i', 0, 101, 0, PASS, {0}}}},
    {"no rule: all passes", MR_SEQ_NONE, {
        {'u', 5, 5, 0, PASS, {0}}, {'u', 3, 3, 0, PASS, {0}}, {'i', 1, 1, 0, PASS, {0}}}},
};
/* clang-format on */

static void play(const struct story *story)
{
    struct mr_join *join = fresh(story->rule, HOLD);
    for (size_t i = 0; i < MR_COUNT_OF(story->rows) && story->rows[i].what; i++) {
        const struct row *row = &story->rows[i];
        union mr_slot group = update(row->first, row->seq, row->prev);
        if (row->what == 'i')
            group.book.flags |= MR_FLAG_SNAPSHOT;
        int got = mr_join_offer(join, &group);
        if (got != row->want)
            fail_msg("%s: row %zu: verdict %d, not %d", story->says, i, got, row->want);
        const union mr_slot *next;
        size_t at = 0;
        while (got == REPLAY && (next = mr_join_held_next(join)) != NULL) {
            int64_t seen = next->event.kind == MR_EVENT_GAP ? GAPPED : (int64_t)next->book.seq;
            if (at == 4 || seen != row->replay[at])
                fail_msg("%s: row %zu: replay gives %lld", story->says, i, (long long)seen);
            at++;
        }
        if (got == REPLAY && at < 4 && row->replay[at] != 0)
            fail_msg("%s: row %zu: replay ends early", story->says, i);
        assert_null(mr_join_held_next(join));
        bool gapped = got == GAP || (got == REPLAY && at > 0 && row->replay[at - 1] == GAPPED);
        bool live = (got == PASS || got == REPLAY || got == DROP) && !gapped;
        if (got != DROP) /* dropping changes no state */
            assert_int_equal(join->state == MR_JOIN_LIVE, live);
        assert_int_equal(join->wants_snapshot && join->state == MR_JOIN_LIVE, false);
    }
}

static void each_rule_is_followed(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(stories); i++)
        play(&stories[i]);
}

static void a_gap_tells_what_is_missing(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        uint8_t rule;
        uint64_t first, seq, prev;
        int64_t from, to, count;
    } cases[] = {
        {"usdm: ids are shared, no count", USDM, 120, 130, 112, 106, 112, -1},
        {"spot: ids are consecutive", SPOT, 120, 130, 0, 106, 119, 14},
        {"spot: an overlap misses nothing", SPOT, 104, 130, 0, 106, 103, 0},
        {"kucoin: ids are consecutive", KUCOIN, 120, 130, 0, 106, 119, 14},
        {"bybit", BYBIT, 108, 108, 0, 106, 107, 2},
        {"okx: ids are shared, no count", OKX, 0, 130, 112, 106, 112, -1},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_join *join = fresh(cases[i].rule, HOLD);
        union mr_slot image = update(104, 104, 0), next = update(105, 105, 104),
                      late = update(cases[i].first, cases[i].seq, cases[i].prev);
        image.book.flags |= MR_FLAG_SNAPSHOT;
        if (cases[i].rule == USDM)
            next = update(104, 105, 100);
        late.book.venue_ns = 777;
        late.book.flags |= MR_CLOCK_KERNEL << MR_FLAG_CLOCK_SHIFT;
        assert_int_equal(mr_join_offer(join, &image), PASS);
        assert_int_equal(mr_join_offer(join, &next), PASS);
        assert_int_equal(mr_join_offer(join, &late), GAP);
        const struct mr_event *gap = &join->gap.event;
        assert_int_equal(gap->kind, MR_EVENT_GAP);
        assert_int_equal(gap->seq, MR_GAP_SEQUENCE);
        assert_int_equal(gap->price, cases[i].from);
        assert_int_equal(gap->size, cases[i].to);
        assert_int_equal(gap->aux, cases[i].count);
        assert_int_equal(gap->instrument, 7);
        assert_int_equal(gap->connection, 3);
        assert_int_equal(gap->recv_ns, 5000);
        assert_int_equal(gap->venue_ns, 777);
        assert_int_equal(gap->flags, MR_FLAG_FIRST | MR_FLAG_LAST | MR_CLOCK_KERNEL << MR_FLAG_CLOCK_SHIFT);
        assert_int_equal(mr_event_slots(&join->gap), 1);
        assert_true(join->wants_snapshot);
        assert_int_equal(join->gaps, 1);
    }
}

static void a_snapshot_is_wanted_from_the_start_only_where_it_is_fetched(void **state)
{
    (void)state;
    assert_true(fresh(USDM, HOLD)->wants_snapshot);
    assert_true(fresh(SPOT, HOLD)->wants_snapshot);
    assert_true(fresh(KUCOIN, HOLD)->wants_snapshot);
    assert_false(fresh(BYBIT, HOLD)->wants_snapshot);
    assert_false(fresh(OKX, HOLD)->wants_snapshot);
    assert_false(fresh(IMAGES, HOLD)->wants_snapshot);
}

static void a_break_from_outside_wants_a_snapshot(void **state)
{
    (void)state;
    static const struct {
        uint8_t rule;
        enum mr_gap_cause cause;
        bool wants;
        uint32_t held_after;
    } cases[] = {
        {USDM, MR_GAP_CHECKSUM, true, 1},   {OKX, MR_GAP_CHECKSUM, true, 1},    {BYBIT, MR_GAP_OPERATOR, true, 1},
        {SPOT, MR_GAP_DISCONNECT, true, 0}, {KUCOIN, MR_GAP_OPERATOR, true, 1}, {IMAGES, MR_GAP_DISCONNECT, false, 0},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_join *join = fresh(cases[i].rule, HOLD);
        union mr_slot image = update(100, 100, 0), next = update(101, 101, 100);
        image.book.flags |= MR_FLAG_SNAPSHOT;
        assert_int_equal(mr_join_offer(join, &image), PASS);
        mr_join_break(join, MR_GAP_OPERATOR, 42);
        assert_int_equal(join->state, MR_JOIN_BROKEN);
        assert_int_equal(mr_join_offer(join, &next), cases[i].rule == IMAGES ? PASS : HELD);
        mr_join_break(join, cases[i].cause, 43);
        assert_int_equal(join->gap.event.seq, cases[i].cause);
        assert_int_equal(join->gap.event.recv_ns, 43);
        assert_int_equal(join->gap.event.aux, -1);
        assert_int_equal(join->wants_snapshot, cases[i].wants);
        assert_int_equal(join->held_count, cases[i].held_after);
        assert_int_equal(join->gaps, cases[i].rule == IMAGES ? 2 : 1); /* breaking what is broken is no second gap */
        union mr_slot again = update(102, 102, 0);
        again.book.flags |= MR_FLAG_SNAPSHOT;
        assert_int_equal(mr_join_offer(join, &again), PASS);
        assert_false(join->wants_snapshot);
    }
}

static void a_full_buffer_drops_the_oldest_and_refuses_older_snapshots(void **state)
{
    (void)state;
    struct mr_join *join = fresh(SPOT, 4);
    for (uint64_t u = 1; u <= 10; u++) {
        union mr_slot group = update(u, u, 0);
        assert_int_equal(mr_join_offer(join, &group), HELD);
    }
    assert_int_equal(join->held_count, 4);
    assert_int_equal(join->held_lost, 6);
    union mr_slot old = update(5, 5, 0), good = update(6, 6, 0);
    old.book.flags |= MR_FLAG_SNAPSHOT;
    good.book.flags |= MR_FLAG_SNAPSHOT;
    assert_int_equal(mr_join_offer(join, &old), REFETCH);
    assert_true(join->wants_snapshot);
    assert_int_equal(mr_join_offer(join, &good), REPLAY);
    for (uint64_t u = 7; u <= 10; u++)
        assert_int_equal(mr_join_held_next(join)->book.seq, u);
    assert_null(mr_join_held_next(join));
    assert_int_equal(join->passed, 5);
}

static void a_group_larger_than_the_buffer_is_lost_and_known_to_be(void **state)
{
    (void)state;
    static union mr_slot big[16];
    struct mr_join *join = fresh(SPOT, 4);
    union mr_slot small = update(1, 1, 0);
    assert_int_equal(mr_join_offer(join, &small), HELD);
    big[0] = update(2, 9, 0);
    big[0].book.bid_count = 20;
    assert_int_equal(mr_join_offer(join, big), HELD);
    assert_int_equal(join->held_lost, 2);
    assert_int_equal(join->held_count, 0);
    union mr_slot old = update(8, 8, 0), good = update(9, 9, 0);
    old.book.flags |= MR_FLAG_SNAPSHOT;
    good.book.flags |= MR_FLAG_SNAPSHOT;
    assert_int_equal(mr_join_offer(join, &old), REFETCH);
    assert_int_equal(mr_join_offer(join, &good), PASS);
}

static void held_groups_keep_their_levels_through_the_wrap(void **state)
{
    (void)state;
    struct mr_random random = {11};
    struct mr_join *join = fresh(SPOT, 23);
    static union mr_slot group[8];
    uint64_t u = 0, replayed = 0;
    for (int round = 0; round < 400; round++) {
        uint64_t base = u;
        for (uint64_t n = mr_random_below(&random, 9); n > 0; n--) {
            u++;
            group[0] = update(u, u, 0);
            group[0].book.bid_count = (uint16_t)mr_random_below(&random, 25);
            for (uint32_t i = 0; i < group[0].book.bid_count; i++)
                group[1 + i / 4].level[i % 4] = (struct mr_level){(int64_t)u, (int64_t)i};
            assert_int_equal(mr_join_offer(join, group), HELD);
        }
        union mr_slot image = update(u, mr_random_below(&random, 4) ? join->lost_seq : base, 0);
        if (image.book.seq < base)
            image.book.seq = base;
        uint64_t last = image.book.seq;
        image.book.flags |= MR_FLAG_SNAPSHOT;
        int got = mr_join_offer(join, &image);
        if (got == REFETCH)
            assert_true(last < join->lost_seq);
        for (const union mr_slot *next; got == REPLAY && (next = mr_join_held_next(join)) != NULL; replayed++) {
            assert_int_equal(next->book.seq, ++last);
            for (uint32_t i = 0; i < next->book.bid_count; i++) {
                assert_int_equal(next[1 + i / 4].level[i % 4].price, (int64_t)last);
                assert_int_equal(next[1 + i / 4].level[i % 4].size, (int64_t)i);
            }
        }
        if (got != REFETCH)
            assert_int_equal(last, u);
        mr_join_break(join, MR_GAP_OPERATOR, 0);
        if (got == REFETCH)
            mr_join_break(join, MR_GAP_DISCONNECT, 0);
    }
    assert_true(replayed > 400);
    assert_true(join->held_lost > 100);
}

static void time_running_backwards_is_counted_and_passed(void **state)
{
    (void)state;
    struct mr_join *join = fresh(BYBIT, HOLD);
    static const int64_t times[] = {1000, 1001, 999, 1000, 0, 998, 998, 1005};
    for (uint64_t i = 0; i < MR_COUNT_OF(times); i++) {
        union mr_slot group = update(10 + i, 10 + i, 0);
        group.book.venue_ns = times[i];
        group.book.flags |= i == 0 ? MR_FLAG_SNAPSHOT : 0;
        assert_int_equal(mr_join_offer(join, &group), PASS);
    }
    assert_int_equal(join->backwards, 2); /* 999 after 1001, 998 after 1000 */
}

static void an_older_image_is_dropped_unless_the_venue_restarted(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        uint8_t rule;
        uint64_t seq;
        int64_t venue_ns;
        int want;
    } cases[] = {
        {"bybit: a copy of an older snapshot", BYBIT, 90, 900, DROP},
        {"bybit: lower number, later time: numbers restarted", BYBIT, 90, 2000, PASS},
        {"bybit: u == 1, later time", BYBIT, 1, 2000, PASS},
        {"bybit: a copy of an old u == 1", BYBIT, 1, 900, DROP},
        {"okx: a copy of an older snapshot", OKX, 90, 900, DROP},
        {"okx: lower number, later time: numbers restarted", OKX, 90, 2000, PASS},
        {"hyperliquid: older time", IMAGES, 900, 900, DROP},
        {"hyperliquid: the same time", IMAGES, 1000, 1000, PASS},
        {"spot: REST time does not count", SPOT, 90, 2000, DROP},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_join *join = fresh(cases[i].rule, HOLD);
        union mr_slot first = update(100, 100, 0), later = update(cases[i].seq, cases[i].seq, 0);
        first.book.flags |= MR_FLAG_SNAPSHOT;
        first.book.venue_ns = 1000;
        later.book.flags |= MR_FLAG_SNAPSHOT;
        later.book.venue_ns = cases[i].venue_ns;
        assert_int_equal(mr_join_offer(join, &first), PASS);
        int got = mr_join_offer(join, &later);
        if (got != cases[i].want)
            fail_msg("%s: %d", cases[i].says, got);
    }
}

static void endless_old_numbers_are_a_gap_not_a_silent_book(void **state)
{
    (void)state;
    static const uint8_t rules[] = {USDM, SPOT, KUCOIN, BYBIT, OKX, IMAGES};
    for (size_t r = 0; r < MR_COUNT_OF(rules); r++) {
        struct mr_join *join = fresh(rules[r], HOLD);
        union mr_slot image = update(5000000, 5000000, 0);
        image.book.flags |= MR_FLAG_SNAPSHOT;
        assert_int_equal(mr_join_offer(join, &image), PASS);
        for (uint64_t i = 0; i <= MR_JOIN_OLD_MAX; i++) {
            union mr_slot old = update(100 + i, 100 + i, 99 + i);
            assert_int_equal(mr_join_offer(join, &old), i < MR_JOIN_OLD_MAX ? DROP : GAP);
        }
        assert_int_equal(join->state, MR_JOIN_BROKEN);
        assert_int_equal(join->gap.event.aux, -1);
        union mr_slot again = update(100 + MR_JOIN_OLD_MAX, 100 + MR_JOIN_OLD_MAX, 0);
        again.book.flags |= MR_FLAG_SNAPSHOT;
        int got = mr_join_offer(join, &again);
        assert_true(got == PASS || got == REPLAY);
    }
}

static void one_instrument_never_touches_another(void **state)
{
    (void)state;
    static union mr_slot other_memory[128];
    struct mr_join *join = fresh(BYBIT, HOLD);
    assert_true(mr_join_bytes(HOLD) <= sizeof other_memory);
    struct mr_join *other = mr_join_init(other_memory, BYBIT, 8, HOLD);
    union mr_slot image = update(10, 10, 0), hole = update(15, 15, 0);
    image.book.flags |= MR_FLAG_SNAPSHOT;
    assert_int_equal(mr_join_offer(join, &image), PASS);
    image.book.instrument = 8;
    assert_int_equal(mr_join_offer(other, &image), PASS);
    union mr_slot before[128];
    memcpy(before, other_memory, sizeof before);
    assert_int_equal(mr_join_offer(join, &hole), GAP);
    mr_join_break(join, MR_GAP_CHECKSUM, 1);
    assert_memory_equal(before, other_memory, sizeof before);
    union mr_slot next = update(11, 11, 0);
    next.book.instrument = 8;
    assert_int_equal(mr_join_offer(other, &next), PASS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_is_followed),
        cmocka_unit_test(a_gap_tells_what_is_missing),
        cmocka_unit_test(a_snapshot_is_wanted_from_the_start_only_where_it_is_fetched),
        cmocka_unit_test(a_break_from_outside_wants_a_snapshot),
        cmocka_unit_test(a_full_buffer_drops_the_oldest_and_refuses_older_snapshots),
        cmocka_unit_test(a_group_larger_than_the_buffer_is_lost_and_known_to_be),
        cmocka_unit_test(held_groups_keep_their_levels_through_the_wrap),
        cmocka_unit_test(time_running_backwards_is_counted_and_passed),
        cmocka_unit_test(an_older_image_is_dropped_unless_the_venue_restarted),
        cmocka_unit_test(endless_old_numbers_are_a_gap_not_a_silent_book),
        cmocka_unit_test(one_instrument_never_touches_another),
    };
    return MR_TEST_MAIN(tests);
}
