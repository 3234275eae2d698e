/* The rule of venues without numbers: times, names of states, copies told from what comes too late. */
#include "codecs/sequence/sequence.h"
#include "tests/support/support.h"

#define HOLD 64

static union mr_slot memory[256];

static struct mr_join *fresh(uint32_t hold_slots)
{
    assert_true(mr_join_bytes(hold_slots) <= sizeof memory);
    memset(memory, 0xA5, sizeof memory);
    return mr_join_init(memory, MR_SEQ_STATE, 7, hold_slots);
}

/* One level at `price`, of the state `id`, at `time`. */
static union mr_slot *change(uint64_t time, uint32_t id, int64_t price, int64_t size)
{
    static union mr_slot group[2];
    memset(group, 0, sizeof group);
    group[0].book = (struct mr_book_head){.recv_ns = 5000,
                                          .venue_ns = (int64_t)time * 1000000,
                                          .seq = time,
                                          .first_seq = 11, /* best prices: no numbers, whatever they are */
                                          .prev_seq = 99,
                                          .bid_count = 1,
                                          .checksum = id,
                                          .instrument = 7,
                                          .kind = MR_EVENT_BOOK,
                                          .flags = MR_FLAG_FIRST | MR_FLAG_LAST,
                                          .book_flags = MR_BOOK_STATE | MR_BOOK_TOUCH};
    group[1].level[0] = (struct mr_level){price, size};
    return group;
}

enum {
    PASS = MR_JOIN_PASS,
    HELD = MR_JOIN_HOLD,
    DROP = MR_JOIN_DROP,
    GAP = MR_JOIN_GAP,
    REPLAY = MR_JOIN_REPLAY,
    REFETCH = MR_JOIN_REFETCH
};

/* 'i' an image, 'u' an update; `replay`: the prices of the updates that come with an image, 0 ends, -9 a GAP */
struct row {
    char what;
    uint64_t time;
    uint32_t id;
    int64_t price, size;
    int want;
    int64_t replay[4];
};
/* clang-format off */
static const struct story {
    const char *says;
    struct row rows[9];
} stories[] = {
    {"time goes on, several levels a state, several states a millisecond", {
        {'i', 10, 1, 0, 0, PASS, {0}}, {'u', 12, 2, 5, 1, PASS, {0}}, {'u', 12, 2, 6, 1, PASS, {0}}, {'u', 12, 3, 5, 0, PASS, {0}}, {'u', 99, 4, 5, 2, PASS, {0}}}},
    {"duplicated: the same message again, at once and later", {
        {'i', 10, 1, 0, 0, PASS, {0}}, {'u', 12, 2, 5, 1, PASS, {0}}, {'u', 12, 2, 5, 1, DROP, {0}}, {'u', 13, 3, 5, 2, PASS, {0}}, {'u', 12, 2, 5, 1, DROP, {0}}, {'u', 13, 3, 5, 2, DROP, {0}}, {'u', 14, 4, 5, 3, PASS, {0}}}},
    {"reordered: older than what was passed on, and not seen", {
        {'i', 10, 1, 0, 0, PASS, {0}}, {'u', 13, 3, 5, 2, PASS, {0}}, {'u', 12, 2, 5, 1, GAP, {0}}, {'u', 14, 4, 5, 3, HELD, {0}}, {'i', 13, 3, 0, 0, REPLAY, {5}}, {'u', 15, 5, 6, 3, PASS, {0}}}},
    {"seen, but its size is another: not a copy", {
        {'i', 10, 1, 0, 0, PASS, {0}}, {'u', 12, 2, 5, 1, PASS, {0}}, {'u', 13, 3, 5, 2, PASS, {0}}, {'u', 12, 2, 5, 9, GAP, {0}}}},
    {"a copy after another state of its millisecond may undo that", {
        {'i', 10, 1, 0, 0, PASS, {0}}, {'u', 12, 2, 5, 1, PASS, {0}}, {'u', 12, 3, 5, 0, PASS, {0}}, {'u', 12, 2, 5, 1, GAP, {0}}}},
    {"overlapping: updates older than the image are in it", {
        {'u', 8, 1, 5, 1, HELD, {0}}, {'u', 9, 2, 6, 1, HELD, {0}}, {'u', 10, 3, 7, 1, HELD, {0}}, {'u', 11, 4, 8, 1, HELD, {0}}, {'i', 10, 3, 0, 0, REPLAY, {7, 8}}, {'u', 9, 9, 5, 1, DROP, {0}}, {'u', 12, 5, 5, 1, PASS, {0}}}},
    {"all that is held is in the image", {
        {'u', 8, 1, 5, 1, HELD, {0}}, {'i', 10, 3, 0, 0, PASS, {0}}, {'u', 10, 3, 7, 1, PASS, {0}}}},
    {"duplicates among the held ones", {
        {'u', 11, 4, 8, 1, HELD, {0}}, {'u', 11, 4, 8, 1, HELD, {0}}, {'u', 12, 5, 9, 1, HELD, {0}}, {'i', 10, 3, 0, 0, REPLAY, {8, 9}}}},
    {"reordered among the held ones", {
        {'u', 12, 5, 9, 1, HELD, {0}}, {'u', 11, 4, 8, 1, HELD, {0}}, {'i', 10, 3, 0, 0, REPLAY, {9, -9}}, {'i', 12, 5, 0, 0, PASS, {0}}}},
    {"stale: an older image while live is a late copy; one of now or later replaces", {
        {'i', 10, 1, 0, 0, PASS, {0}}, {'u', 12, 2, 5, 1, PASS, {0}}, {'i', 11, 9, 0, 0, DROP, {0}}, {'i', 12, 2, 0, 0, PASS, {0}}, {'i', 15, 3, 0, 0, PASS, {0}}, {'u', 14, 4, 5, 1, DROP, {0}}, {'u', 15, 4, 5, 1, PASS, {0}}}},
    {"after an image in mid-stream copies of before it still undo nothing", {
        {'i', 10, 1, 0, 0, PASS, {0}}, {'u', 12, 2, 5, 1, PASS, {0}}, {'u', 12, 3, 5, 0, PASS, {0}}, {'i', 12, 3, 0, 0, PASS, {0}}, {'u', 12, 3, 5, 0, DROP, {0}}, {'u', 12, 2, 5, 1, GAP, {0}}}},
    {"stale: after a gap an image of before it is refused, and what was held with it", {
        {'i', 10, 1, 0, 0, PASS, {0}}, {'u', 20, 2, 5, 1, PASS, {0}}, {'u', 15, 9, 5, 2, GAP, {0}}, {'i', 19, 8, 0, 0, REFETCH, {0}}, {'u', 21, 3, 6, 1, HELD, {0}}, {'i', 20, 2, 0, 0, REPLAY, {6}}}},
    {"dropped: nothing in the stream says so; the book has to (engines/book)", {
        {'i', 10, 1, 0, 0, PASS, {0}}, {'u', 14, 4, 5, 1, PASS, {0}}}},
};
/* clang-format on */

static void play(const struct story *story)
{
    struct mr_join *join = fresh(HOLD);
    for (size_t i = 0; i < MR_COUNT_OF(story->rows) && story->rows[i].what; i++) {
        const struct row *row = &story->rows[i];
        union mr_slot *group = change(row->time, row->id, row->price, row->size);
        group->book.flags |= row->what == 'i' ? MR_FLAG_SNAPSHOT : 0;
        int got = mr_join_offer(join, group);
        if (got != row->want)
            fail_msg("%s: row %zu: verdict %d, not %d", story->says, i, got, row->want);
        size_t at = 0;
        const union mr_slot *next;
        for (; got == REPLAY && (next = mr_join_held_next(join)) != NULL; at++) {
            int64_t seen = next->event.kind == MR_EVENT_GAP ? -9 : next[1].level[0].price;
            if (at == 4 || seen != row->replay[at])
                fail_msg("%s: row %zu: replay gives %lld", story->says, i, (long long)seen);
        }
        if (at < 4)
            assert_int_equal(row->replay[at], 0);
    }
    assert_int_equal(join->wants_snapshot, join->state == MR_JOIN_BROKEN);
}

static void the_rule_is_followed(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(stories); i++)
        play(&stories[i]);
}

static void a_gap_tells_between_which_times_something_is_in_doubt(void **state)
{
    (void)state;
    struct mr_join *join = fresh(HOLD);
    union mr_slot *image = change(10, 1, 0, 0);
    image->book.flags |= MR_FLAG_SNAPSHOT;
    assert_int_equal(mr_join_offer(join, image), PASS);
    assert_int_equal(mr_join_offer(join, change(20, 2, 5, 1)), PASS);
    assert_int_equal(mr_join_offer(join, change(14, 3, 5, 1)), GAP);
    assert_int_equal(join->gap.event.price, 14);
    assert_int_equal(join->gap.event.size, 20);
    assert_int_equal(join->gap.event.aux, -1);
    assert_int_equal(join->gap.event.seq, MR_GAP_SEQUENCE);
    assert_true(join->wants_snapshot);
}

/* A copy of long ago is not remembered: then it counts as out of order, which costs a resync and never a wrong book. */
static void only_the_latest_are_remembered(void **state)
{
    (void)state;
    struct mr_join *join = fresh(HOLD);
    union mr_slot *image = change(10, 1, 0, 0);
    image->book.flags |= MR_FLAG_SNAPSHOT;
    assert_int_equal(mr_join_offer(join, image), PASS);
    for (uint32_t i = 0; i <= MR_JOIN_SEEN; i++)
        assert_int_equal(mr_join_offer(join, change(20 + i, i, 5, 1)), PASS);
    assert_int_equal(mr_join_offer(join, change(21, 1, 5, 1)), DROP);
    assert_int_equal(mr_join_offer(join, change(20, 0, 5, 1)), GAP);
}

static void a_clock_that_was_set_back_is_believed_in_the_end(void **state)
{
    (void)state;
    struct mr_join *join = fresh(HOLD);
    union mr_slot *image = change(1000, 1, 0, 0);
    image->book.flags |= MR_FLAG_SNAPSHOT;
    assert_int_equal(mr_join_offer(join, image), PASS);
    mr_join_break(join, MR_GAP_CHECKSUM, 5);
    for (int i = 0; i <= MR_JOIN_REFUSED_MAX; i++) {
        image = change(500, 1, 0, 0);
        image->book.flags |= MR_FLAG_SNAPSHOT;
        assert_int_equal(mr_join_offer(join, image), i < MR_JOIN_REFUSED_MAX ? REFETCH : PASS);
    }
    assert_int_equal(join->refetches, MR_JOIN_REFUSED_MAX);
    assert_int_equal(mr_join_offer(join, change(501, 2, 5, 1)), PASS);
}

static void after_a_disconnect_any_image_is_taken(void **state)
{
    (void)state;
    struct mr_join *join = fresh(HOLD);
    union mr_slot *image = change(1000, 1, 0, 0);
    image->book.flags |= MR_FLAG_SNAPSHOT;
    assert_int_equal(mr_join_offer(join, image), PASS);
    mr_join_break(join, MR_GAP_DISCONNECT, 5);
    image = change(990, 1, 0, 0);
    image->book.flags |= MR_FLAG_SNAPSHOT;
    assert_int_equal(mr_join_offer(join, image), PASS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule_is_followed),
        cmocka_unit_test(a_gap_tells_between_which_times_something_is_in_doubt),
        cmocka_unit_test(only_the_latest_are_remembered),
        cmocka_unit_test(a_clock_that_was_set_back_is_believed_in_the_end),
        cmocka_unit_test(after_a_disconnect_any_image_is_taken),
    };
    return MR_TEST_MAIN(tests);
}
