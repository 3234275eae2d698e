/* Recorded streams through replay, decoder, join and book: every book with a snapshot is live, without a gap, never
 * crossed at the end of a message, equal to the plain reference after each, and OKX's checksums agree. */
#include "codecs/sequence/sequence.h"
#include "codecs/venue/venue.h"
#include "dataplane/source/replay/replay.h"
#include "tests/engines/book/book_ref.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

#define BOOKS_MAX 16
#define DEPTH 8192
#define HOLD_SLOTS 65536

static const struct recording {
    const char *product, *file;
    uint32_t books;     /* that get a snapshot */
    uint64_t messages;  /* book messages and snapshots in the file, as its manifest counts them */
    uint64_t checksums; /* to verify */
} recordings[] = {
    {"binance:usdm", "binance/usdm_btcusdt_20240808.jsonl.zst", 1, 6551 + 1, 0},
    {"binance:usdm", "binance/usdm_btcusdt_20230404.jsonl", 1, 4322 + 1, 0},
    {"binance:usdm", "binance/usdm_4sym_20210722.jsonl", 4, 764 + 4, 0},
    {"binance:spot", "binance/spot_btcusdt_20240808.jsonl.zst", 1, 3451 + 1, 0},
    {"binance:spot", "binance/spot_4sym_20211012.jsonl", 4, 177 + 4, 0},
    {"bybit:linear", "bybit/v5_linear_20260809.jsonl", 4, 1594 + 4, 0},
    {"bybit:spot", "bybit/v5_spot_20260809.jsonl", 2, 548 + 2, 0},
    {"okx:public", "okx/v5_public_20220513.jsonl", 3, 287 + 3, 290},
    {"hyperliquid:perp", "hyperliquid/btc_20250126.jsonl", 1, 46, 0},
};

struct one {
    struct mr_join *join;
    struct mr_book *book;
    struct ref_book *ref;
};
struct bench {
    const struct recording *recording;
    struct mr_decoder dec;
    struct mr_instruments *table;
    union mr_slot *out;
    struct one books[BOOKS_MAX];
    uint32_t book_of[4096]; /* instrument id -> index + 1 */
    uint32_t book_count;
    struct mr_book_metrics metrics;
    uint64_t messages;
};

static void *lines(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 63) / 64 * 64);
    assert_non_null(mem);
    memset(mem, 0, (bytes + 63) / 64 * 64);
    return mem;
}

static struct one *book_for(struct bench *b, uint32_t id)
{
    assert_true(id < MR_COUNT_OF(b->book_of));
    if (b->book_of[id] == 0) {
        assert_true(b->book_count < BOOKS_MAX);
        uint8_t rule = b->dec.venue->products[b->dec.product].sequencing;
        struct one *one = &b->books[b->book_count];
        one->join = mr_join_init(lines(mr_join_bytes(HOLD_SLOTS)), rule, id, HOLD_SLOTS);
        one->book = mr_book_init(lines(mr_book_bytes(DEPTH)), DEPTH, mr_instruments_get(b->table, id), &b->metrics);
        one->ref = lines(sizeof *one->ref);
        ref_init(one->ref, DEPTH);
        one->ref->cut = rule == MR_SEQ_FIRST_FINAL || rule == MR_SEQ_FIRST_FINAL_PREV;
        mr_book_image_cut_set(one->book, one->ref->cut);
        b->book_of[id] = ++b->book_count;
    }
    return &b->books[b->book_of[id] - 1];
}

static void apply(struct bench *b, struct one *one, const union mr_slot *group)
{
    const struct mr_instrument *instrument = mr_instruments_get(b->table, group->book.instrument);
    int got = mr_book_apply(one->book, group);
    int want = ref_apply(one->ref, group, instrument->price_scale, instrument->size_scale);
    const char *differs = got == want ? ref_differs(one->ref, one->book) : "status";
    if (got != MR_OK || differs)
        fail_msg("%s, %s, seq %llu: status %d, reference %d, differs in %s", b->recording->file, instrument->symbol,
                 (unsigned long long)group->book.seq, got, want, differs ? differs : "nothing");
}

static void take(struct bench *b, union mr_slot *group)
{
    if (group->event.kind != MR_EVENT_BOOK || (group->book.book_flags & MR_BOOK_PARTIAL))
        return;
    b->messages++;
    struct one *one = book_for(b, group->book.instrument);
    int verdict = mr_join_offer(one->join, group);
    assert_true(verdict != MR_JOIN_GAP && verdict != MR_JOIN_REFETCH);
    if (verdict == MR_JOIN_PASS || verdict == MR_JOIN_REPLAY)
        apply(b, one, group);
    for (const union mr_slot *next; verdict == MR_JOIN_REPLAY && (next = mr_join_held_next(one->join)) != NULL;)
        apply(b, one, next);
}

static int decode(struct bench *b, const struct mr_piece *piece)
{
    struct mr_frame frame = {.data = piece->data, .len = piece->len, .clock = piece->clock, .recv_ns = piece->recv_ns};
    for (;;) {
        int n = piece->kind == MR_PIECE_REST
                    ? mr_decode_rest(&b->dec, piece->name, &frame, b->table, b->out, MR_DECODE_SLOTS)
                    : mr_decode(&b->dec, &frame, b->out, MR_DECODE_SLOTS);
        if (n != MR_E_SYMBOL || mr_instruments_add_bare(b->table, b->dec.venue->id, b->dec.product, b->dec.name) < 0)
            return n;
    }
}

static void replay(struct bench *b, const char *path)
{
    struct mr_err err = {0};
    const struct mr_replay_input input = {.path = path, .venue = b->dec.venue->id, .product = b->dec.product};
    const struct mr_replay_config config = {.inputs = &input, .count = 1};
    struct mr_source source = {.ops = &mr_source_replay};
    void *mem = lines(mr_source_replay.bytes(&config));
    if (mr_source_replay.open(&source, mem, &config, &err) != MR_OK)
        fail_msg("%s", err.text);
    struct mr_piece piece;
    for (int got; (got = source.ops->poll(&source, INT64_MAX, &piece, 1)) != MR_E_END;) {
        assert_true(got >= 0);
        if (got == 0)
            continue;
        int n = piece.kind == MR_PIECE_FRAME || piece.kind == MR_PIECE_REST ? decode(b, &piece) : 0;
        assert_true(n >= 0);
        for (int at = 0; at < n; at += (int)mr_event_slots(&b->out[at]))
            take(b, &b->out[at]);
        source.ops->release(&source, &piece);
    }
    source.ops->close(&source);
    free(mem);
}

static void check(const struct bench *b)
{
    const struct recording *r = b->recording;
    assert_int_equal(b->book_count, r->books);
    assert_int_equal(b->messages, r->messages);
    for (uint32_t i = 0; i < b->book_count; i++) {
        const struct mr_join *join = b->books[i].join;
        assert_true(mr_book_live(b->books[i].book));
        assert_int_equal(join->state, MR_JOIN_LIVE);
        assert_int_equal(join->gaps, 0);
        assert_int_equal(join->held_count + join->held_lost + join->refetches, 0);
        assert_true(mr_book_exact_depth(b->books[i].book, false) > 0 &&
                    mr_book_exact_depth(b->books[i].book, true) > 0);
    }
    assert_int_equal(b->metrics.stale, 0);
    assert_int_equal(b->metrics.crossed + b->metrics.locked + b->metrics.negative + b->metrics.mismatches, 0);
    assert_int_equal(b->metrics.checksums, r->checksums);
    printf("%s: %u books live, %llu messages, %llu changes, %llu to levels that were not there, %llu back in time\n",
           r->file, b->book_count, (unsigned long long)b->metrics.messages, (unsigned long long)b->metrics.changes,
           (unsigned long long)b->metrics.unknown, (unsigned long long)b->metrics.backwards);
}

static void every_recorded_book_is_live_whole_and_never_crossed(void **state)
{
    (void)state;
    const char *folder = mr_test_captures();
    if (!folder) {
        mr_test_skip_line("no recordings: set MILLRACE_CAPTURES");
        skip();
    }
    for (size_t i = 0; i < MR_COUNT_OF(recordings); i++) {
        struct bench *b = lines(sizeof *b);
        struct mr_err err = {0};
        const struct mr_venue *venue;
        uint8_t product;
        b->recording = &recordings[i];
        if (mr_venue_parse(recordings[i].product, &venue, &product, &err) != MR_OK)
            fail_msg("%s", err.text);
        b->table = mr_instruments_init(lines(mr_instruments_bytes(4096)), 4096);
        b->out = lines(MR_DECODE_SLOTS * sizeof *b->out);
        void *partial = lines(mr_decoder_bytes(venue, 4096) + 64);
        mr_decoder_init(&b->dec, venue, product, b->table, NULL, partial);
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, recordings[i].file);
        replay(b, path);
        check(b);
        for (uint32_t k = 0; k < b->book_count; k++) {
            free(b->books[k].join);
            free(b->books[k].book);
            free(b->books[k].ref);
        }
        free(partial);
        free(b->out);
        free(b->table);
        free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_book_is_live_whole_and_never_crossed),
    };
    return MR_TEST_MAIN(tests);
}
