#include "tests/conformance/stand.h"

#include "tests/conformance/wire.h"

#include <stdio.h>
#include <strings.h>

#include "codecs/sequence/sequence.h"
#include "codecs/venue/dial.h"
#include "tests/exchange/server/bodies.h"
#include "tests/exchange/server/server_priv.h"

#define STEP_NS 10000000
#define START_NS 1791273600000000000
#define TEXT_BYTES (2u << 20)
#define GROUP_SLOTS (MR_GROUP_SLOTS + 1)
#define LEVELS 20

static void *memory(size_t bytes)
{
    bytes = (bytes + 127) / 128 * 128;
    void *mem = aligned_alloc(128, bytes);
    assert_non_null(mem);
    return memset(mem, 0, bytes);
}

/* ---- what comes out ---- */

static void watch(struct stand *s, uint32_t id, const union mr_slot *group)
{
    if (group->event.kind == MR_EVENT_GAP) {
        s->live[id] = false;
        s->gaps[id]++;
    } else if (group->event.flags & MR_FLAG_SNAPSHOT) {
        s->live[id] = true;
        s->images[id]++;
        s->first[id] = mr_sequencing_by_rest(s->rule); /* the update that joins it covers it */
    } else {
        if (!s->live[id])
            fail_msg("%s: an update behind a gap, without an image", s->symbol[id]);
        if (s->rule != MR_SEQ_STATE && s->rule != MR_SEQ_NONE && !s->first[id] &&
            !mr_join_follows(s->rule, s->last[id], &group->book))
            fail_msg("%s: %llu does not follow %llu", s->symbol[id], (unsigned long long)group->book.seq,
                     (unsigned long long)s->last[id]);
        s->first[id] = false;
    }
    if (group->event.kind == MR_EVENT_BOOK)
        s->last[id] = group->book.seq;
}

static bool hear(void *arg, const union mr_slot *group, uint32_t slots)
{
    struct stand *s = arg;
    const uint32_t id = group->event.instrument;
    s->groups++;
    const struct mr_instrument *it = mr_instruments_get(s->table, id);
    if (it)
        mr_digest_update(s->digest, group, it);
    if (id >= s->symbols || (group->event.kind != MR_EVENT_BOOK && group->event.kind != MR_EVENT_GAP))
        return true;
    if (group->event.kind == MR_EVENT_BOOK && group->book.book_flags & MR_BOOK_PARTIAL)
        return true; /* no part of the stream */
    watch(s, id, group);
    if (group->event.kind == MR_EVENT_BOOK && slots <= GROUP_SLOTS)
        memcpy(s->group, group, slots * sizeof *group);
    bool was = mr_book_live(s->book[id]);
    mr_book_apply(s->book[id], group);
    if (group->event.kind == MR_EVENT_BOOK && was && !mr_book_live(s->book[id]))
        s->broken[id] = true;
    return true;
}

static void reject(void *arg, int status, const struct mr_frame *frame, const struct mr_decoder *dec)
{
    struct stand *s = arg;
    (void)dec;
    assert_true(frame->len > 0);
    s->rejected++;
    s->last_reject = status;
}

/* ---- what goes in ---- */

int stand_frame(struct stand *s, const void *data, uint32_t len)
{
    const struct mr_frame frame = {
        .data = data, .len = len, .connection = 1, .clock = MR_CLOCK_KERNEL, .recv_ns = s->now_ns};
    return s->wire ? wire_say(s->wire, data, len) : stand_take(s, &frame);
}

void stand_disconnect(struct stand *s)
{
    if (s->wire)
        wire_cut(s->wire);
    else
        mr_feed_disconnect(s->feed, s->now_ns);
}

int stand_take(struct stand *s, const struct mr_frame *frame)
{
    int status = mr_feed_frame(s->feed, frame);
    for (uint32_t id = 0; id < s->symbols; id++)
        if (s->broken[id]) {
            s->broken[id] = false;
            mr_feed_break(s->feed, id, MR_GAP_CHECKSUM, s->now_ns);
        }
    return status;
}

static void spoil(struct stand *s, const struct mr_letter *l)
{
    uint32_t at = mr_fault_checksum(l);
    memcpy(s->spoilt, l->data, l->len);
    s->spoilt[at] = (char)('0' + (s->spoilt[at] - '0' + 1) % 10);
    stand_frame(s, s->spoilt, l->len);
}

static void message(struct stand *s, const struct mr_piece *p)
{
    struct mr_letter l = {.data = p->data, .len = p->len, .venue = p->venue, .product = p->product};
    bool book = mr_speaker_of(p->venue)->address(&l) && l.channel == MR_DEPTH &&
                l.symbol.len == strlen(s->symbol[0]) && /* Binance's streams name it in lower case */
                strncasecmp((const char *)l.symbol.data, s->symbol[0], l.symbol.len) == 0;
    bool hit = book && s->count > 0 && s->trouble != STAND_NONE;
    if (hit && s->trouble == STAND_SPOILT && !mr_fault_checksum(&l))
        hit = false;
    if (book && s->held_len) { /* the one before goes behind this one */
        stand_frame(s, p->data, p->len);
        stand_frame(s, s->held, s->held_len);
        s->held_len = 0;
        return;
    }
    s->hit += hit;
    s->count -= hit;
    if (hit && s->trouble == STAND_SWAPPED) {
        memcpy(s->held, p->data, p->len);
        s->held_len = p->len;
    } else if (hit && s->trouble == STAND_SPOILT) {
        spoil(s, &l);
    } else if (!hit || s->trouble != STAND_DROPPED) {
        stand_frame(s, p->data, p->len);
        if (hit && s->trouble == STAND_DOUBLED)
            stand_frame(s, p->data, p->len);
    }
}

static bool by_rest(struct stand *s, uint32_t book, bool stale)
{
    char path[512], body[512];
    struct mr_text p, b, t;
    struct mr_rest_request r = {.stale = stale};
    mr_text_init(&p, path, sizeof path);
    mr_text_init(&b, body, sizeof body);
    mr_text_init(&t, s->text, TEXT_BYTES);
    if (!mr_sequencing_by_rest(s->rule) ||
        mr_dialect_of(s->venue)->url(s->product, MR_URL_SNAPSHOT, s->symbol[book], &p, &b) != MR_OK)
        return false;
    struct mr_span url = {(const uint8_t *)path, (uint32_t)p.len};
    r.path = mr_span_cut(url, '?', &r.query);
    if (mr_rest_answer(s->tape, s->venue->id, s->product, &r, s->truth, s->now_ns, &t) != 200)
        return false;
    const struct mr_frame frame = {
        .data = (const uint8_t *)s->text, .len = (uint32_t)t.len, .clock = MR_CLOCK_KERNEL, .recv_ns = s->now_ns};
    s->answers++;
    mr_feed_rest(s->feed, url, &frame);
    return true;
}

static bool in_the_stream(struct stand *s, uint32_t book, bool stale)
{
    char name[256];
    struct mr_text n, t;
    const struct mr_stream stream = {MR_DEPTH, s->symbol[book]};
    mr_text_init(&n, name, sizeof name);
    mr_text_init(&t, s->text, TEXT_BYTES);
    if (mr_dialect_of(s->venue)->name(s->product, &stream, &n) != MR_OK ||
        mr_tape_truth(s->tape, s->venue->id, s->product, mr_span_of(s->symbol[book]), 0, s->truth) != MR_OK)
        return false;
    name[n.len < sizeof name ? n.len : sizeof name - 1] = 0;
    if (stale)
        mr_truth_age(s->truth);
    if (!mr_body_image(&t, s->truth, name))
        return false;
    s->answers++;
    stand_frame(s, s->text, (uint32_t)t.len);
    return true;
}

bool stand_snapshot(struct stand *s, uint32_t book)
{
    bool stale = s->stale > 0;
    s->stale -= stale;
    return by_rest(s, book, stale) || in_the_stream(s, book, stale);
}

static void wanted(void *arg, uint32_t instrument)
{
    bool *wants = arg;
    if (instrument < STAND_BOOKS)
        wants[instrument] = true;
}

void stand_run(struct stand *s, uint32_t ms)
{
    struct mr_piece piece;
    for (int64_t end = s->now_ns + ms * 1000000ll; s->now_ns < end;) {
        s->now_ns += STEP_NS;
        if (s->wire)
            wire_step(s->wire);
        while (mr_tape_next(s->tape, s->now_ns, &piece) == MR_OK)
            if (!s->deaf && piece.kind == MR_PIECE_FRAME && piece.venue == s->venue->id && piece.product == s->product)
                message(s, &piece);
        bool wants[STAND_BOOKS] = {false};
        if (!s->wire || wire_connected(s->wire)) /* a snapshot is asked for while there is a stream that it can join */
            mr_feed_wanting(s->feed, wanted, wants);
        for (uint32_t i = 0; i < s->symbols && !s->no_snapshots; i++)
            if (wants[i])
                stand_snapshot(s, i);
    }
}

/* ---- books ---- */

static bool same_side(struct stand *s, uint32_t id, bool ask)
{
    struct mr_level ours[LEVELS];
    uint32_t n = mr_book_top(s->book[id], ask, ours, LEVELS);
    return n > 0 && mr_truth_same(s->truth, ask, ours, n, LEVELS, mr_instruments_get(s->table, id));
}

bool stand_equal(struct stand *s)
{
    for (uint32_t id = 0; id < s->symbols; id++)
        if (!mr_book_live(s->book[id]) ||
            mr_tape_truth(s->tape, s->venue->id, s->product, mr_span_of(s->symbol[id]), LEVELS, s->truth) != MR_OK ||
            !same_side(s, id, false) || !same_side(s, id, true))
            return false;
    return true;
}

/* ---- set-up ---- */

static void keep_symbol(void *arg, uint8_t venue, uint8_t product, const char *symbol)
{
    struct stand *s = arg;
    if (venue == s->venue->id && product == s->product && s->symbols < STAND_BOOKS)
        snprintf(s->symbol[s->symbols++], MR_SYMBOL_BYTES, "%s", symbol);
}

/* What the exchange answers, over HTTPS where there is a wire. */
static int answer(struct stand *s, const struct mr_rest_request *r, const char *path, const char *body,
                  struct mr_text *t)
{
    if (!s->wire)
        return mr_rest_answer(s->tape, s->venue->id, s->product, r, s->truth, s->now_ns, t);
    int status = wire_rest(s->wire, path, r->post ? body : NULL, t->out, TEXT_BYTES);
    t->len = strlen(t->out);
    return status;
}

/* The venue's list of instruments, as its answer to what we ask for. */
bool stand_list(struct stand *s)
{
    char path[512], body[512];
    struct mr_text p, b, t;
    mr_text_init(&p, path, sizeof path);
    mr_text_init(&b, body, sizeof body);
    mr_text_init(&t, s->text, TEXT_BYTES);
    if (mr_dialect_of(s->venue)->url(s->product, MR_URL_INSTRUMENTS, "", &p, &b) != MR_OK)
        return false;
    struct mr_span url = {(const uint8_t *)path, (uint32_t)p.len};
    struct mr_rest_request r = {.body = {(const uint8_t *)body, (uint32_t)b.len}, .post = b.len > 0};
    r.path = mr_span_cut(url, '?', &r.query);
    if (answer(s, &r, path, body, &t) != 200)
        return false;
    const struct mr_frame frame = {
        .data = (const uint8_t *)s->text, .len = (uint32_t)t.len, .clock = MR_CLOCK_KERNEL, .recv_ns = s->now_ns};
    assert_int_equal(mr_feed_rest(s->feed, url, &frame), 0);
    return true;
}

static void open_feed(struct stand *s)
{
    s->table = mr_instruments_init(memory(mr_instruments_bytes(STAND_INSTRUMENTS)), STAND_INSTRUMENTS);
    s->catalogue = mr_instruments_init(memory(mr_instruments_bytes(256)), 256);
    for (uint32_t i = 0; i < s->symbols; i++)
        assert_int_equal(mr_instruments_add_bare(s->table, s->venue->id, s->product, mr_span_of(s->symbol[i])), i);
    const struct mr_feed_config config = {.venue = s->venue,
                                          .product = s->product,
                                          .instruments = s->table,
                                          .catalogue = s->catalogue,
                                          .instruments_max = STAND_INSTRUMENTS,
                                          .hold_slots = 4096,
                                          .joins_max = 8,
                                          .shapes = 256,
                                          .add_unknown = true,
                                          .emit = hear,
                                          .emit_arg = s,
                                          .reject = reject,
                                          .reject_arg = s};
    s->metrics = memory(sizeof *s->metrics);
    mr_metrics_init_values(s->metrics, &mr_feed_metrics_desc);
    s->feed = mr_feed_init(memory(mr_feed_bytes(&config)), &config, s->metrics);
}

static const char *certs_folder;

void stand_over_tls(const char *certs) { certs_folder = certs; }

bool stand_is_over_tls(void) { return certs_folder != NULL; }

struct stand *stand_open(const char *product, uint32_t market, uint32_t books_per_s)
{
    struct stand *s = calloc(1, sizeof *s);
    struct mr_err err;
    if (mr_venue_parse(product, &s->venue, &s->product, &err) != MR_OK)
        fail_msg("%s", err.text);
    const struct mr_tape_config tape = {
        .pace = 1,
        .market = {
            .seed = 21, .warm_up_ns = 3600000000000, .quiet = true, .venues = market, .books_per_s = books_per_s}};
    s->rule = s->venue->products[s->product].sequencing;
    s->now_ns = START_NS;
    s->text = malloc(TEXT_BYTES);
    s->spoilt = malloc(TEXT_BYTES);
    s->held = malloc(TEXT_BYTES);
    s->truth = malloc(sizeof *s->truth);
    s->group = memory(GROUP_SLOTS * sizeof *s->group);
    s->digest = mr_digest_init(memory(mr_digest_bytes()));
    if (mr_tape_open(&s->tape, &tape, s->now_ns, &err) != MR_OK)
        fail_msg("%s", err.text);
    mr_tape_each(s->tape, keep_symbol, s);
    assert_true(s->symbols > 0);
    open_feed(s);
    stand_list(s);
    s->book_metrics = memory(sizeof *s->book_metrics);
    mr_metrics_init_values(s->book_metrics, &mr_book_metrics_desc);
    for (uint32_t i = 0; i < s->symbols; i++) {
        s->book[i] = mr_book_init(memory(mr_book_bytes(8192)), 8192, mr_instruments_get(s->table, i), s->book_metrics);
        mr_book_image_cut_set(s->book[i], mr_sequencing_by_rest(s->rule));
    }
    if (certs_folder)
        s->wire = wire_open(s, certs_folder);
    return s;
}

void stand_close(struct stand *s)
{
    if (s->wire)
        wire_close(s->wire);
    else
        mr_tape_close(s->tape);
    void *blocks[] = {s->text,      s->spoilt, s->held,    s->truth,        s->group,   s->digest, s->table,
                      s->catalogue, s->feed,   s->metrics, s->book_metrics, s->book[0], s->book[1]};
    for (size_t i = 0; i < MR_COUNT_OF(blocks); i++)
        free(blocks[i]);
    free(s);
}
