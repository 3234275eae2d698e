/* V-17 to V-34, V-44 to V-49: join, books, metadata, replay. */
#include "tests/conformance/venue.h"

#include <stdio.h>

#define V(number, where, function, what) where(function)
#define MEMORY(function) void venue_##function(const struct venue_subject *subject);
#define TLS(function)
#include "tests/conformance/venue.def"
#undef V

static bool image_rule(const struct stand *s) { return s->rule == MR_SEQ_IMAGE; }

static void want_equal(struct stand *s)
{
    for (int i = 0; i < 30 && !stand_equal(s); i++)
        stand_run(s, 100);
    if (!stand_equal(s))
        fail_msg("%s:%s: the books differ from the venue's", s->venue->name, s->venue->products[s->product].name);
}

static struct stand *live(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    stand_run(s, 1500);
    want_equal(s);
    assert_int_equal(s->gaps[0] + s->gaps[1], 0);
    assert_int_equal(s->rejected, 0);
    return s;
}

static void trouble(struct stand *s, enum stand_trouble what, uint32_t count)
{
    s->trouble = what;
    s->count = count;
    s->hit = 0;
    for (int i = 0; i < 100 && s->count; i++)
        stand_run(s, 100);
    assert_int_equal(s->hit, count);
    stand_run(s, 1000);
    want_equal(s);
    assert_int_equal(s->gaps[1], 0); /* the other instrument */
}

void venue_join_in_order(const struct venue_subject *subject) { stand_close(live(subject)); }

void venue_join_swapped(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    uint64_t old = s->metrics->old;
    trouble(s, STAND_SWAPPED, 1);
    if (!image_rule(s))
        assert_true(s->gaps[0] > 0 || s->metrics->old > old);
    stand_close(s);
}

void venue_join_doubled(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    uint64_t old = s->metrics->old;
    trouble(s, STAND_DOUBLED, 20);
    assert_int_equal(s->gaps[0], 0);
    if (!image_rule(s))
        assert_true(s->metrics->old >= old + 20);
    stand_close(s);
}

static void dropped(const struct venue_subject *subject, uint32_t count)
{
    struct stand *s = live(subject);
    uint64_t images = s->images[0];
    trouble(s, STAND_DROPPED, count);
    if (!image_rule(s)) {
        assert_int_equal(s->gaps[0], 1);
        assert_int_equal(s->metrics->gaps, 1);
        assert_true(s->images[0] > images);
    }
    stand_close(s);
}

void venue_join_dropped(const struct venue_subject *subject) { dropped(subject, 1); }
void venue_join_dropped_many(const struct venue_subject *subject) { dropped(subject, 20); }

void venue_join_late_snapshot(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    s->no_snapshots = true;
    stand_run(s, 2000);
    assert_int_equal(mr_book_live(s->book[0]), s->images[0] > 0); /* some images come in the stream by themselves */
    s->no_snapshots = false;
    stand_run(s, 1000);
    want_equal(s);
    assert_int_equal(s->metrics->refused, 0);
    stand_close(s);
}

void venue_join_early_snapshot(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    s->no_snapshots = s->deaf = true;
    stand_run(s, 1000);
    for (uint32_t i = 0; i < s->symbols; i++)
        stand_snapshot(s, i);
    s->no_snapshots = s->deaf = false;
    stand_run(s, 1000);
    want_equal(s);
    for (uint32_t i = 0; i < s->symbols; i++)
        assert_int_equal(s->gaps[i], 0);
    stand_close(s);
}

void venue_join_overlap(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    stand_snapshot(s, 0);
    stand_run(s, 500);
    stand_snapshot(s, 0);
    stand_run(s, 500);
    want_equal(s);
    assert_int_equal(s->gaps[0] + s->gaps[1], 0);
    stand_close(s);
}

static void stale(const struct venue_subject *subject, uint32_t times)
{
    struct stand *s = live(subject);
    const uint64_t enough = s->groups + 2400; /* of two books: so that a thousand messages ago is before nothing */
    for (int i = 0; i < 60 && s->groups < enough; i++)
        stand_run(s, 1000);
    s->stale = times;
    trouble(s, STAND_DROPPED, 1);
    assert_int_equal(s->stale, 0); /* all of them were given */
    assert_true(s->metrics->refetched >= times || s->gaps[0] >= 2);
    stand_close(s);
}

void venue_join_stale(const struct venue_subject *subject) { stale(subject, 1); }
void venue_join_stale_thrice(const struct venue_subject *subject) { stale(subject, 3); }

void venue_join_isolates(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    uint64_t images = s->images[1];
    s->no_snapshots = true;
    s->trouble = STAND_DROPPED;
    s->count = 2;
    stand_run(s, 2000);
    assert_int_equal(s->count, 0);
    assert_int_equal(s->gaps[0], !image_rule(s));
    assert_int_equal(s->gaps[1], 0);
    if (s->symbols > 1)
        assert_true(mr_book_live(s->book[1]));
    if (!image_rule(s))
        assert_int_equal(s->images[1], images);
    s->no_snapshots = false;
    stand_run(s, 500);
    want_equal(s);
    stand_close(s);
}

void venue_join_disconnect(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    stand_disconnect(s);
    for (uint32_t i = 0; i < s->symbols; i++) {
        assert_int_equal(s->gaps[i], 1);
        assert_false(mr_book_live(s->book[i]));
    }
    stand_run(s, 1000);
    want_equal(s);
    stand_close(s);
}

void venue_join_restart(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    stand_disconnect(s);
    mr_tape_renumber(s->tape);
    stand_run(s, 1000);
    want_equal(s);
    for (uint32_t i = 0; i < s->symbols; i++)
        assert_int_equal(s->gaps[i], 1);
    stand_close(s);
}

void venue_join_checksum(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    trouble(s, STAND_SPOILT, 1);
    assert_int_equal(s->book_metrics->mismatches, 1);
    assert_int_equal(s->gaps[0], 1);
    stand_close(s);
}

/* ---- books: an update of the venue's own with one level changed ---- */

static struct mr_book *changed(struct stand *s, int64_t size, int64_t above_ask, int64_t later_ns, int *status)
{
    struct mr_level ask;
    assert_int_equal(s->group->event.kind, MR_EVENT_BOOK);
    struct mr_book *book = s->book[s->group->event.instrument];
    assert_true(mr_book_level(book, true, 0, &ask));
    struct mr_book_head *head = &s->group->book;
    head->bid_count = 1;
    head->ask_count = 0;
    head->book_flags = 0;
    head->flags &= (uint8_t)~MR_FLAG_SNAPSHOT;
    head->venue_ns = mr_book_venue_ns(book) + later_ns;
    memset(s->group[1].level, 0, sizeof s->group[1].level);
    s->group[1].level[0] = (struct mr_level){.price = ask.price + above_ask, .size = size};
    *status = mr_book_apply(book, s->group);
    return book;
}

void venue_book_crossed(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    int status;
    uint64_t was = s->book_metrics->crossed;
    struct mr_book *book = changed(s, 1, 1, 1, &status);
    assert_int_equal(status, MR_OK);
    assert_int_equal(s->book_metrics->crossed, was + 1);
    assert_true(mr_book_crossed(book));
    stand_close(s);
}

void venue_book_locked(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    int status;
    uint64_t was = s->book_metrics->locked;
    struct mr_book *book = changed(s, 1, 0, 1, &status);
    assert_int_equal(status, MR_OK);
    assert_int_equal(s->book_metrics->locked, was + 1);
    assert_true(mr_book_locked(book));
    stand_close(s);
}

void venue_book_negative(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    int status;
    uint64_t was = s->book_metrics->negative;
    struct mr_level before, after;
    mr_book_level(s->book[s->group->event.instrument], false, 0, &before);
    struct mr_book *book = changed(s, -1, -1, 1, &status);
    assert_int_equal(status, MR_E_RANGE);
    assert_int_equal(s->book_metrics->negative, was + 1);
    assert_true(mr_book_level(book, false, 0, &after) && before.price == after.price && before.size == after.size);
    stand_close(s);
}

void venue_book_backwards(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    int status;
    uint64_t was = s->book_metrics->backwards;
    if (mr_book_venue_ns(s->book[s->group->event.instrument]) == 0) { /* its books have no time */
        stand_close(s);
        return;
    }
    changed(s, 1, -1, -1000000000, &status);
    assert_int_equal(s->book_metrics->backwards, was + 1);
    stand_close(s);
}

/* ---- metadata ---- */

void venue_lists_instruments(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    assert_true(stand_list(s));
    for (uint32_t i = 0; i < s->symbols; i++) {
        const struct mr_instrument *it = mr_instruments_get(s->table, i);
        assert_false(it->flags & MR_INSTRUMENT_NO_METADATA);
        assert_true(it->tick > 0 && it->multiplier > 0);
        assert_true(it->lot > 0);
    }
    stand_close(s);
}

void venue_maps_assets(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    assert_true(stand_list(s));
    for (uint32_t i = 0; i < s->symbols; i++) {
        const struct mr_instrument *it = mr_instruments_get(s->table, i);
        assert_string_equal(mr_instruments_underlying_name(s->table, it->underlying), i ? "ETH" : "BTC");
        assert_true(it->quote[0] != 0);
        bool spot = strstr(subject->product, ":spot") != NULL;
        assert_int_equal(it->type, spot ? MR_TYPE_SPOT : MR_TYPE_PERPETUAL);
        assert_true(it->flags & MR_INSTRUMENT_QUOTE_USD);
    }
    stand_close(s);
}

/* Another name of the same length, wherever the name stands. */
static void rename_symbol(char *text, uint32_t len, const char *symbol)
{
    size_t n = strlen(symbol);
    for (char *at = text; (at = memmem(at, len - (size_t)(at - text), symbol, n)); at += n)
        *at = 'Z';
}

void venue_adds_instruments(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    uint64_t added = s->metrics->added;
    struct mr_piece p;
    char *text = s->held;
    uint32_t len = 0;
    for (int i = 0; i < 500 && !len; i++) {
        s->now_ns += 10000000;
        while (mr_tape_next(s->tape, s->now_ns, &p) == MR_OK) {
            if (p.kind != MR_PIECE_FRAME || p.venue != s->venue->id || p.product != s->product)
                continue;
            stand_frame(s, p.data, p.len);
            if (!len && memmem(p.data, p.len, s->symbol[0], strlen(s->symbol[0])))
                memcpy(text, p.data, len = p.len);
        }
    }
    assert_true(len > 0);
    rename_symbol(text, len, s->symbol[0]);
    assert_true(stand_frame(s, text, len) >= 0);
    assert_int_equal(s->metrics->added, added + 1);
    stand_run(s, 500);
    want_equal(s);
    assert_int_equal(s->gaps[0] + s->gaps[1], 0);
    stand_close(s);
}

void venue_list_again_keeps_books(const struct venue_subject *subject)
{
    struct stand *s = live(subject);
    stand_list(s);
    stand_run(s, 500);
    want_equal(s);
    assert_int_equal(s->gaps[0] + s->gaps[1], 0);
    stand_close(s);
}

/* ---- replay ---- */

static void digest_of(const struct venue_subject *subject, uint32_t drop, char text[MR_DIGEST_TEXT])
{
    struct stand *s = live(subject);
    s->trouble = STAND_DROPPED;
    s->count = drop;
    stand_run(s, 2000);
    mr_digest_text(s->digest, 0, text);
    stand_close(s);
}

void venue_replays_to_its_digest(const struct venue_subject *subject)
{
    char a[MR_DIGEST_TEXT], b[MR_DIGEST_TEXT];
    digest_of(subject, 0, a);
    digest_of(subject, 0, b);
    assert_string_equal(a, b);
}

void venue_one_frame_more_differs(const struct venue_subject *subject)
{
    char a[MR_DIGEST_TEXT], b[MR_DIGEST_TEXT];
    digest_of(subject, 0, a);
    digest_of(subject, 1, b);
    assert_string_not_equal(a, b);
}
