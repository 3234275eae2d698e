#include <stdio.h>
#include <stdlib.h>

#include "dataplane/player/player_priv.h"
#include "dataplane/record/recording.h"
#include "dataplane/record/table.h"

#define CATALOGUE_MAX 16384
#define RING_SLOTS 65536
#define HOLD_SLOTS 8192
#define LANES_MAX 32 /* of a recording: as many as a feed tile merges at most */

static size_t rounded(size_t bytes) { return (bytes + 127) / 128 * 128; }

static struct mr_feed_config feed_config(struct mr_player *p, const struct mr_venue *venue, uint8_t product,
                                         mr_feed_emit_fn *emit, void *emit_arg)
{
    const struct mr_player_config *c = &p->config;
    return (struct mr_feed_config){.venue = venue,
                                   .product = product,
                                   .instruments = p->instruments,
                                   .catalogue = p->catalogue,
                                   .instruments_max = c->instruments_max,
                                   .hold_slots = HOLD_SLOTS,
                                   .joins_max = c->books_max,
                                   .lanes_max = c->recording || c->merge ? LANES_MAX : 0,
                                   .shapes = c->shapes == UINT32_MAX ? 0 : c->shapes,
                                   .add_unknown = !c->listed_only,
                                   .liquidators = venue->liquidators ? c->liquidators : NULL,
                                   .liquidator_count = venue->liquidators ? c->liquidator_count : 0,
                                   .emit = emit,
                                   .emit_arg = emit_arg,
                                   .reject = c->on_reject,
                                   .reject_arg = c->arg};
}

/* "binance:spot:BTCUSDT" into the table, so that its id is known before its first message. */
static int reference(struct mr_player *p, const char *text, uint32_t *id, struct mr_err *err)
{
    char product[64];
    const char *colon = strrchr(text, ':');
    const struct mr_venue *venue;
    uint8_t row;
    if (!colon || colon == text || !colon[1] || (size_t)(colon - text) >= sizeof product)
        return mr_err_set(err, MR_E_INVALID, "--reference %s: want VENUE:PRODUCT:SYMBOL, as binance:spot:BTCUSDT",
                          text);
    memcpy(product, text, (size_t)(colon - text));
    product[colon - text] = 0;
    int status = mr_venue_parse(product, &venue, &row, err);
    if (status)
        return status;
    int64_t got = mr_instruments_add_bare(p->instruments, venue->id, row, mr_span_of(colon + 1));
    if (got < 0)
        return mr_err_set(err, (int)got, "--reference %s: %s", text, mr_status_text((int)got));
    *id = (uint32_t)got;
    return MR_OK;
}

static void *metrics(struct mr_arena *arena, const struct mr_metrics_desc *desc, const char *labels)
{
    return mr_metrics_init(mr_arena_cut(arena, mr_metrics_bytes(desc), MR_LINE_BYTES), desc, labels);
}

static struct mr_pipeline_config pipeline_config(struct mr_player *p)
{
    struct mr_pipeline_config c;
    mr_pipeline_config_default(&c, p->instruments, p->config.instruments_max);
    c.books_max = p->config.books_max;
    c.book_depth = p->config.book_depth;
    c.trade_flow = p->config.flow;
    if (p->config.velocity)
        c.velocity = *p->config.velocity;
    if (p->config.volatility)
        c.volatility = *p->config.volatility;
    if (p->config.signal)
        c.signal = *p->config.signal;
    c.on_signal = mr_player_on_signal;
    c.on_broken = mr_player_on_broken;
    c.arg = p;
    return c;
}

static size_t planned(struct mr_player *p)
{
    const struct mr_pipeline_config pipeline = pipeline_config(p);
    const struct mr_metrics_desc *blocks[] = {&mr_pipeline_metrics_desc, &mr_book_metrics_desc,
                                              &mr_velocity_metrics_desc, &mr_velocity_metrics_desc,
                                              &mr_signal_metrics_desc};
    size_t bytes = rounded(mr_instruments_bytes(p->config.instruments_max)) +
                   rounded(mr_instruments_bytes(CATALOGUE_MAX)) + rounded(mr_ring_bytes(RING_SLOTS, MR_GROUP_SLOTS)) +
                   rounded(mr_pipeline_bytes(&pipeline)) + 2 * rounded(mr_digest_bytes()) + 4096;
    for (size_t i = 0; i < MR_COUNT_OF(blocks); i++)
        bytes += rounded(mr_metrics_bytes(blocks[i]));
    return bytes;
}

/* The instruments that a live run began with, in its order: so underlyings have its order too. */
static int recorded_table(struct mr_player *p, struct mr_err *err)
{
    struct mr_recording_names names;
    struct mr_recording *row;
    int status = mr_recording_list(p->config.recording, &names, err);
    if (status == MR_OK)
        status = mr_recording_open(&row, p->config.recording, names.name[0], err);
    if (status)
        return status;
    struct mr_capture_record record;
    do /* one that begins in mid-run says so first */
        status = mr_recording_next(row, &record);
    while (status == MR_OK && record.kind == MR_CAPTURE_NOTE);
    const bool has = status == MR_OK && record.kind == MR_CAPTURE_INSTRUMENTS;
    status = MR_OK;
    if (has) {
        int64_t n = mr_record_table_read((struct mr_span){record.data, record.len}, p->instruments);
        if (n < 0)
            status =
                mr_err_set(err, (int)n, "%s: its instrument table: %s", p->config.recording, mr_status_text((int)n));
    }
    mr_recording_close(row);
    return status;
}

static int build(struct mr_player *p, struct mr_err *err)
{
    struct mr_arena *a = &p->arena;
    p->instruments = mr_instruments_init(mr_arena_cut(a, mr_instruments_bytes(p->config.instruments_max), 128),
                                         p->config.instruments_max);
    p->catalogue = mr_instruments_init(mr_arena_cut(a, mr_instruments_bytes(CATALOGUE_MAX), 128), CATALOGUE_MAX);
    struct mr_pipeline_config pipeline = pipeline_config(p);
    int status = p->config.recording ? recorded_table(p, err) : MR_OK;
    if (status == MR_OK)
        status = reference(p, p->config.reference, &pipeline.volatility.instrument, err);
    if (status)
        return status;
    size_t ring_bytes = mr_ring_bytes(RING_SLOTS, MR_GROUP_SLOTS);
    void *ring = mr_arena_cut(a, ring_bytes, 128);
    MR_ASSERT(mr_ring_init(ring, RING_SLOTS, MR_GROUP_SLOTS, MR_RING_BACKPRESSURE) == MR_OK);
    MR_ASSERT(mr_ring_writer_open(&p->writer, ring, ring_bytes) == MR_OK &&
              mr_ring_reader_open(&p->reader, ring, ring_bytes) == MR_OK);
    p->metrics =
        (struct mr_pipeline_metric_blocks){.pipeline = metrics(a, &mr_pipeline_metrics_desc, ""),
                                           .book = metrics(a, &mr_book_metrics_desc, ""),
                                           .velocity = metrics(a, &mr_velocity_metrics_desc, "of=liquidations"),
                                           .flow = metrics(a, &mr_velocity_metrics_desc, "of=trades"),
                                           .signal = metrics(a, &mr_signal_metrics_desc, "")};
    p->pipeline = mr_pipeline_init(mr_arena_cut(a, mr_pipeline_bytes(&pipeline), 128), &pipeline, &p->metrics);
    if (p->config.digest) {
        p->events_digest = mr_digest_init(mr_arena_cut(a, mr_digest_bytes(), 128));
        p->signals_digest = mr_digest_init(mr_arena_cut(a, mr_digest_bytes(), 128));
    }
    return MR_OK;
}

int mr_player_open(struct mr_player **out, const struct mr_player_config *config, struct mr_err *err)
{
    struct mr_player *p = aligned_alloc(128, rounded(sizeof *p));
    if (!p)
        return mr_err_set(err, MR_E_NOMEM, "player: no memory");
    memset(p, 0, sizeof *p);
    p->config = *config;
    if (!p->config.reference)
        p->config.reference = "binance:spot:BTCUSDT";
    if (!p->config.instruments_max)
        p->config.instruments_max = 64;
    if (!p->config.books_max)
        p->config.books_max = 32;
    if (!p->config.book_depth)
        p->config.book_depth = 8192;
    if (!p->config.shapes)
        p->config.shapes = 1024;
    int status = mr_arena_open(&p->arena, planned(p), false, err);
    if (status == MR_OK)
        status = build(p, err);
    if (status) {
        mr_player_close(p);
        return status;
    }
    *out = p;
    return MR_OK;
}

void mr_player_close(struct mr_player *p)
{
    for (uint32_t i = 0; i < p->feeds_used; i++) {
        free(p->feeds[i]);
        free(p->feed_blocks[i]);
    }
    mr_arena_close(&p->arena);
    free(p);
}

/* Cold: at a product's first piece. */
struct mr_feed *mr_player_feed_new(struct mr_player *p, uint32_t key, mr_feed_emit_fn *emit, void *emit_arg)
{
    const struct mr_venue *venue = mr_venue_by_id((uint8_t)(key >> 8));
    uint8_t product = (uint8_t)key, products = 0;
    while (venue && venue->products[products].name)
        products++;
    if (product >= products || p->feeds_used == MR_PLAYER_FEEDS_MAX) {
        p->no_feed++;
        return NULL;
    }
    const struct mr_feed_config config = feed_config(p, venue, product, emit, emit_arg);
    char labels[64];
    snprintf(labels, sizeof labels, "venue=%.20s,product=%.20s", venue->name, venue->products[product].name);
    uint32_t i = p->feeds_used;
    void *block = aligned_alloc(128, rounded(mr_metrics_bytes(&mr_feed_metrics_desc))),
         *mem = aligned_alloc(128, rounded(mr_feed_bytes(&config)));
    MR_ASSERT(block && mem);
    p->feed_blocks[i] = block;
    p->feed_metrics[i] = mr_metrics_init(block, &mr_feed_metrics_desc, labels);
    p->feeds[i] = mr_feed_init(mem, &config, p->feed_metrics[i]);
    p->feed_keys[i] = key;
    p->feed_last = p->feeds_used++;
    return p->feeds[i];
}

/* ---- looking ---- */

void mr_player_totals(const struct mr_player *p, struct mr_player_totals *out)
{
    *out = (struct mr_player_totals){.pieces = p->pieces, .cascades = p->cascades, .memory_bytes = p->arena.bytes};
    memcpy(out->events, p->events, sizeof out->events);
    memcpy(out->signals, p->signals, sizeof out->signals);
    out->refused = p->no_feed;
    for (uint32_t i = 0; i < p->feeds_used; i++) {
        const struct mr_feed_metrics *m = p->feed_metrics[i];
        out->messages += m->messages;
        out->refused += m->malformed + m->truncated + m->inexact + m->overflow + m->range;
        out->unknown += m->unknown;
        out->gaps += m->gaps;
        out->added += m->added;
        out->dropped += m->refused + m->no_join;
    }
    out->dropped += p->metrics.pipeline->no_book + p->metrics.pipeline->unknown;
    out->crossed = p->metrics.book->crossed;
    out->locked = p->metrics.book->locked;
    out->checksums = p->metrics.book->checksums;
    out->mismatches =
        p->metrics.book->mismatches + p->metrics.book->astray + p->metrics.book->differing + p->metrics.book->healed;
    for (uint32_t id = 0; id < mr_instruments_count(p->instruments); id++) {
        const struct mr_book *book = mr_pipeline_book(p->pipeline, id);
        if (!book)
            continue;
        out->books++;
        out->books_live += mr_book_live(book);
        out->books_crossed += mr_book_live(book) && mr_book_crossed(book);
    }
}

uint32_t mr_player_feeds(const struct mr_player *p) { return p->feeds_used; }

const struct mr_feed *mr_player_feed(const struct mr_player *p, uint32_t i)
{
    return i < p->feeds_used ? p->feeds[i] : NULL;
}

const struct mr_feed_metrics *mr_player_feed_metrics(const struct mr_player *p, uint32_t i)
{
    return i < p->feeds_used ? p->feed_metrics[i] : NULL;
}

struct mr_pipeline *mr_player_pipeline(struct mr_player *p) { return p->pipeline; }

const struct mr_pipeline_metric_blocks *mr_player_metrics(const struct mr_player *p) { return &p->metrics; }

const struct mr_instruments *mr_player_instruments(const struct mr_player *p) { return p->instruments; }

void mr_player_digests(const struct mr_player *p, char events[MR_PLAYER_DIGEST_TEXT],
                       char signals[MR_PLAYER_DIGEST_TEXT])
{
    static_assert(MR_DIGEST_TEXT <= MR_PLAYER_DIGEST_TEXT, "room");
    events[0] = signals[0] = 0;
    if (!p->events_digest)
        return;
    struct mr_player_totals totals;
    mr_player_totals(p, &totals);
    mr_digest_text(p->events_digest, totals.dropped, events);
    mr_digest_text(p->signals_digest, totals.dropped, signals);
}
