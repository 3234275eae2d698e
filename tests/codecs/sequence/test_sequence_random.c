/* True book streams, made from a seed, then spoilt: what the join lets through is contiguous, agrees with the plain
 * reference, and builds the true book whenever it says live. */
#include "tests/codecs/sequence/join_watch.h"
#include "tests/support/support.h"

#include <stdio.h>

#define TICKS 24    /* prices a side */
#define HISTORY 256 /* past states kept, by message */

struct state {
    uint64_t seq;
    uint32_t id;             /* the venue's name of it, where it has names */
    int64_t size[2 * TICKS]; /* bids, asks, by price */
};

struct venue {
    uint8_t rule;
    struct mr_random random;
    struct state past[HISTORY]; /* past[message % HISTORY] */
    uint64_t message;
    uint64_t prev; /* USD-M, OKX: number of the message before */
};

struct spoil {
    const char *says;
    uint32_t drop, twice, swap, reset; /* one in so many; 0 never */
    uint32_t late;                     /* how many messages old a REST snapshot may be */
    uint32_t hold_slots;
};

static const struct state *now(const struct venue *v) { return &v->past[v->message % HISTORY]; }

static void put_levels(union mr_slot *group, const int64_t *size, const int64_t *before)
{
    struct mr_level *level = group[1].level;
    for (int i = 0; i < 2 * TICKS; i++) {
        if (before ? size[i] == before[i] : size[i] == 0)
            continue;
        *level++ = (struct mr_level){i, size[i]};
        if (i < TICKS)
            group->book.bid_count++;
        else
            group->book.ask_count++;
    }
}

/* The venue's next update: a few levels change, the numbers move on by its rule. */
static void next_update(struct venue *v, bool reset, union mr_slot *group)
{
    struct state next = *now(v);
    for (uint64_t n = mr_random_below(&v->random, 6); n > 0; n--)
        next.size[mr_random_below(&v->random, 2 * TICKS)] = (int64_t)mr_random_below(&v->random, 3);
    uint64_t last = next.seq, first = last + 1;
    next.id = (uint32_t)v->message + 1;
    if (v->rule == MR_SEQ_STATE)
        next.seq = last + mr_random_below(&v->random, 4);
    else if (v->rule == MR_SEQ_PLUS_ONE || v->rule == MR_SEQ_IMAGE)
        next.seq = last + 1;
    else if (v->rule == MR_SEQ_PREV)
        next.seq = reset ? 1 + mr_random_below(&v->random, 3) : last + mr_random_below(&v->random, 4);
    else
        next.seq = last + 1 + mr_random_below(&v->random, 5);
    if (v->rule == MR_SEQ_PREV && next.seq == last)
        memcpy(next.size, now(v)->size, sizeof next.size); /* a keep-alive */
    if (v->rule == MR_SEQ_FIRST_FINAL_PREV && mr_random_below(&v->random, 2))
        first += next.seq - last - 1; /* ids of other symbols lie between */
    memset(group, 0, 16 * sizeof *group);
    group->book = (struct mr_book_head){
        .seq = next.seq,
        .first_seq = first,
        .prev_seq = last,
        .checksum = next.id,
        .venue_ns = 1000 + (int64_t)v->message,
        .instrument = 7,
        .kind = MR_EVENT_BOOK,
    };
    put_levels(group, next.size, v->rule == MR_SEQ_IMAGE ? NULL : now(v)->size);
    v->past[++v->message % HISTORY] = next;
}

static void snapshot(const struct venue *v, uint64_t age, union mr_slot *group)
{
    const struct state *state = &v->past[(v->message - age) % HISTORY];
    memset(group, 0, 16 * sizeof *group);
    group->book = (struct mr_book_head){
        .seq = state->seq,
        .first_seq = state->seq,
        .checksum = state->id,
        .venue_ns = 1000 + (int64_t)(v->message - age),
        .instrument = 7,
        .kind = MR_EVENT_BOOK,
        .flags = MR_FLAG_SNAPSHOT,
    };
    put_levels(group, state->size, NULL);
}

/* A book of the few prices there are. */
static void apply(int64_t *book, const union mr_slot *group)
{
    if (group->book.kind != MR_EVENT_BOOK)
        return;
    if (group->book.flags & MR_FLAG_SNAPSHOT)
        memset(book, 0, 2 * TICKS * sizeof *book);
    for (uint32_t i = 0; i < (uint32_t)group->book.bid_count + group->book.ask_count; i++)
        book[mr_event_levels(group)[i].price] = mr_event_levels(group)[i].size;
}

struct run {
    struct venue venue;
    struct watch watch;
    struct ref_join ref;
    struct mr_join *join;
    int64_t book[2 * TICKS];
    const struct spoil *spoil;
    uint64_t verdicts[6], live, offered;
};

static void offer(struct run *r, union mr_slot *group)
{
    struct mr_book_head head = group->book;
    int verdict = mr_join_offer(r->join, group), want = ref_offer(&r->ref, &head);
    bool bounded = r->spoil->hold_slots < 1000;
    if (!bounded && verdict != want)
        fail_msg("%s, rule %d: verdict %d, reference %d", r->spoil->says, r->venue.rule, verdict, want);
    r->verdicts[verdict]++;
    r->offered++;
    if (verdict == MR_JOIN_GAP)
        assert_true(watch_pass(&r->watch, &r->join->gap));
    if (verdict == MR_JOIN_PASS || verdict == MR_JOIN_REPLAY) {
        assert_true(watch_pass(&r->watch, group));
        apply(r->book, group);
    }
    for (const union mr_slot *next; verdict == MR_JOIN_REPLAY && (next = mr_join_held_next(r->join)) != NULL;) {
        assert_true(watch_pass(&r->watch, next));
        apply(r->book, next);
    }
    assert_int_equal(r->join->state == MR_JOIN_LIVE, r->watch.as.live);
    if (r->join->state != MR_JOIN_LIVE)
        return;
    r->live++; /* then the book is the true one of that number */
    for (uint64_t age = 0; age < HISTORY && age <= r->venue.message; age++) {
        const struct state *state = &r->venue.past[(r->venue.message - age) % HISTORY];
        if (state->seq == r->join->last && (r->venue.rule != MR_SEQ_STATE || state->id == r->join->state_id)) {
            assert_memory_equal(state->size, r->book, sizeof r->book);
            return;
        }
    }
    fail_msg("%s, rule %d: live at a number that never was", r->spoil->says, r->venue.rule);
}

static bool one_in(struct run *r, uint32_t n) { return n > 0 && mr_random_below(&r->venue.random, n) == 0; }

static void play(uint8_t rule, const struct spoil *spoil, uint64_t seed, int messages)
{
    static union mr_slot *mem;
    static struct run r;
    if (!mem)
        mem = aligned_alloc(64, mr_join_bytes(100000));
    memset(&r, 0, sizeof r);
    r.venue = (struct venue){.rule = rule, .random = {seed}, .message = HISTORY};
    r.venue.past[0].seq = 1000;
    r.watch.as.rule = r.ref.rule = rule;
    r.spoil = spoil;
    r.join = mr_join_init(mem, rule, 7, spoil->hold_slots);
    bool rest = mr_sequencing_by_rest(rule);
    static union mr_slot group[16], kept[16], image[16];
    bool has_kept = false;
    for (int i = 0; i < messages; i++) {
        next_update(&r.venue, one_in(&r, spoil->reset), group);
        if (!has_kept && one_in(&r, spoil->swap)) { /* comes after the next one */
            memcpy(kept, group, sizeof group);
            has_kept = true;
            continue;
        }
        if (!one_in(&r, spoil->drop)) {
            memcpy(image, group, sizeof group); /* an offer may set flags */
            offer(&r, image);
            if (one_in(&r, spoil->twice))
                offer(&r, group);
        }
        if (has_kept)
            offer(&r, kept);
        has_kept = false;
        if ((r.join->wants_snapshot || (r.join->state == MR_JOIN_COLD && rule != MR_SEQ_IMAGE)) &&
            mr_random_below(&r.venue.random, 8) == 0) {
            snapshot(&r.venue, rest ? mr_random_below(&r.venue.random, spoil->late + 1) : 0, image);
            offer(&r, image);
        }
    }
    const struct mr_join *j = r.join;
    assert_int_equal(r.offered, j->passed + j->dropped + j->held_lost + j->refetches + j->held_count);
    assert_true(r.live > r.offered / 8);
    bool spoilt = spoil->drop > 0 || spoil->swap > 0;
    if (spoilt && rule != MR_SEQ_IMAGE)
        assert_true(j->gaps > 3 && r.verdicts[MR_JOIN_PASS] > 20);
    if (spoil->late > 0 && rest && spoilt)
        assert_true(j->refetches > 0 && r.verdicts[MR_JOIN_REPLAY] > 0);
    if (!spoilt && spoil->late == 0 && spoil->hold_slots > 1000)
        assert_true(j->gaps <= 1); /* USD-M's first rule may ask twice; nothing else may break a good stream */
}

static void what_passes_is_contiguous_and_builds_the_true_book(void **state)
{
    (void)state;
    static const uint8_t rules[] = {
        MR_SEQ_FIRST_FINAL, MR_SEQ_FIRST_FINAL_PREV, MR_SEQ_PLUS_ONE, MR_SEQ_PREV, MR_SEQ_IMAGE, MR_SEQ_STATE,
        MR_SEQ_SPAN};
    static const struct spoil spoils[] = {
        {"a good stream", 0, 0, 0, 0, 0, 100000}, {"some lost", 60, 0, 0, 0, 6, 100000},
        {"some twice", 0, 20, 0, 0, 6, 100000},   {"some swapped", 0, 0, 60, 0, 6, 100000},
        {"all of it", 80, 30, 80, 0, 12, 100000}, {"all of it, little room to hold", 80, 30, 80, 0, 12, 12},
    };
    for (size_t r = 0; r < MR_COUNT_OF(rules); r++)
        for (size_t s = 0; s < MR_COUNT_OF(spoils); s++) {
            if (rules[r] == MR_SEQ_STATE && (spoils[s].drop || spoils[s].swap))
                continue; /* what is lost leaves no trace, and what is late none until it comes: the book notices (engines/book) */
            for (uint64_t seed = 1; seed <= 5; seed++)
                play(rules[r], &spoils[s], seed * 77 + s, 4000);
        }
}

/* Numbers that restart may come to be the same again: the true state of a number is then looked for among the latest,
 * so this has few messages between losses and resets far apart. */
static void okx_resets_are_followed(void **state)
{
    (void)state;
    static const struct spoil spoil = {"resets", 0, 0, 0, 900, 0, 100000};
    for (uint64_t seed = 1; seed <= 5; seed++)
        play(MR_SEQ_PREV, &spoil, seed, 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_passes_is_contiguous_and_builds_the_true_book),
        cmocka_unit_test(okx_resets_are_followed),
    };
    return MR_TEST_MAIN(tests);
}
