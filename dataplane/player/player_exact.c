/* A live run once more: each feed tile's pieces in its own order, the engines' in theirs. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/feed/since.h"
#include "dataplane/player/player_priv.h"
#include "dataplane/record/input_log.h"
#include "dataplane/record/recording.h"
#include "engines/pipeline/engine_tile.h"

#define RING_SLOTS 65536
#define ENGINE "engine-0"
#define FEED "feed-"

/* Feed tile N and the ring from it. */
struct tile {
    struct mr_player *player;
    struct mr_recording *recording;
    struct mr_ring_writer writer;
    struct mr_ring_reader reader;
    void *ring;
    uint32_t number;
    struct mr_player_exact *out;
};
struct exact {
    struct mr_player *player;
    struct mr_recording *engine;
    struct tile *tiles; /* MR_INPUT_RINGS_MAX of them; recording NULL: there is no such one */
    uint64_t next_log;
    struct mr_player_exact *out;
};

/* ---- a feed tile ---- */

static bool publish(void *arg, const union mr_slot *group, uint32_t slots)
{
    struct tile *t = arg;
    void *room = mr_ring_reserve(&t->writer, slots);
    if (!room)
        return false;
    memcpy(room, group, (size_t)slots * sizeof *group);
    mr_ring_publish(&t->writer, slots);
    return true;
}

static void break_book(struct tile *t, const struct mr_input *in)
{
    struct mr_feed *feed = mr_player_feed_for(t->player, t->number, in->venue, in->product, publish, t);
    const struct mr_instrument *it = mr_instruments_find(t->player->instruments, in->venue, in->product, in->symbol);
    if (!feed || !it || !mr_feed_join(feed, it->id))
        return;
    mr_feed_break(feed, it->id, (enum mr_gap_cause)in->cause, in->ns);
    t->out->breaks++;
}

/* What a feed tile was told besides its pieces. Its config generations are not for us: a player has one config. */
static void follow(struct tile *t, const struct mr_capture_record *record)
{
    struct mr_input_reader reader;
    struct mr_input in;
    int status = mr_input_open(&reader, record->data, record->len);
    while (status == MR_OK && (status = mr_input_next(&reader, &in)) == MR_OK)
        if (in.kind == MR_INPUT_BREAK)
            break_book(t, &in);
    t->out->lost += status != MR_E_END;
}

static void decode(struct tile *t, const struct mr_capture_record *r)
{
    struct mr_feed *feed = mr_player_feed_for(t->player, t->number, r->venue, r->product, publish, t);
    const struct mr_frame frame = {
        .data = r->data, .len = r->len, .connection = r->connection, .clock = r->clock, .recv_ns = r->recv_ns};
    t->player->pieces += r->kind != MR_CAPTURE_OPENED;
    if (!feed)
        return; /* counted */
    mr_player_find_places(t->player, feed, r->recv_ns);
    if (r->kind == MR_CAPTURE_OPENED)
        mr_player_opened(feed, r->connection, (struct mr_span){r->data, r->len});
    else if (r->kind == MR_CAPTURE_FRAME)
        mr_feed_frame(feed, &frame);
    else if (r->kind == MR_CAPTURE_REST)
        mr_feed_rest(feed, r->name, &frame);
    else
        mr_player_closed(feed, r->connection, (struct mr_span){r->data, r->len}, r->recv_ns);
}

/* What the feed tile passed on in band. "status STATE CHANNEL SYMBOL" (* is the whole market): a channel became live, stale or dead; "hole FIRST LAST": datagrams that no
 * line brought. */
static void note(struct tile *t, const struct mr_capture_record *r)
{
    const struct mr_span text = {r->data, r->len};
    uint64_t numbers[2];
    struct mr_span rest;
    struct mr_feed *feed = mr_player_feed_for(t->player, t->number, r->venue, r->product, publish, t);
    if (!feed)
        return; /* counted */
    struct mr_since since;
    t->out->mid_run |= mr_since_read(&since, text);
    mr_player_merge(t->player, feed, text, r->recv_ns);
    if (mr_player_note(text, "hole", numbers, 2, &rest))
        mr_feed_hole(feed, numbers[0], numbers[1], r->recv_ns);
    if (!mr_player_note(text, "status", numbers, 2, &rest) || numbers[0] > MR_STATUS_TICK || numbers[1] > UINT32_MAX)
        return;
    const bool whole_market = mr_span_eq(rest, "*");
    const struct mr_instrument *it = mr_instruments_find(t->player->instruments, r->venue, r->product, rest);
    if (it || whole_market)
        mr_feed_status(feed, whole_market ? UINT32_MAX : it->id, (enum mr_status_event)numbers[0], (uint32_t)numbers[1],
                       r->recv_ns);
}

/* The next record of the tile; false: there is none. */
static bool pump(struct tile *t)
{
    struct mr_capture_record record;
    if (mr_recording_next(t->recording, &record) != MR_OK)
        return false;
    switch (record.kind) {
    case MR_CAPTURE_FRAME:
    case MR_CAPTURE_REST:
    case MR_CAPTURE_OPENED:
    case MR_CAPTURE_CLOSED:
        decode(t, &record);
        break;
    case MR_CAPTURE_INPUT:
        follow(t, &record);
        break;
    case MR_CAPTURE_NOTE:
        note(t, &record);
        break;
    default:
        break; /* what begins a segment */
    }
    return true;
}

/* ---- the engine tile ---- */

static bool end(struct exact *x, const char *format, ...) MR_PRINTF(2, 3);
static bool end(struct exact *x, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(x->out->why, sizeof x->out->why, format, args);
    va_end(args);
    return false;
}

static bool take(struct exact *x, uint32_t ring, uint64_t groups)
{
    struct tile *t = &x->tiles[ring];
    if (!t->recording)
        return end(x, "the engine took from feed tile %u, of which there is no recording", ring);
    for (uint64_t i = 0; i < groups; i++) {
        const union mr_slot *group;
        uint32_t ready;
        while (!(group = mr_ring_peek(&t->reader, &ready)))
            if (!pump(t))
                return end(x, "the recording of " FEED "%u ends before what the engine took from it", ring);
        uint32_t slots = mr_event_slots(group);
        MR_ASSERT(mr_ring_has(&t->reader, slots)); /* we wrote it a moment ago */
        mr_player_take(x->player, group);
        mr_ring_release(&t->reader, slots);
        x->out->groups++;
    }
    return true;
}

static bool play(struct exact *x, const struct mr_capture_record *record)
{
    struct mr_input_reader reader;
    struct mr_input in;
    int status = mr_input_open(&reader, record->data, record->len);
    if (status == MR_OK && reader.number != x->next_log++)
        return end(x, "the engine's log has a hole: record %llu is missing", (unsigned long long)x->next_log - 1);
    while (status == MR_OK && (status = mr_input_next(&reader, &in)) == MR_OK) {
        if (in.kind == MR_INPUT_TAKE && !take(x, in.ring, in.count))
            return false;
        if (in.kind == MR_INPUT_TICK) {
            mr_pipeline_advance(x->player->pipeline, in.ns);
            x->out->ticks++;
        }
    }
    return status == MR_E_END ? true : end(x, "the engine's log: %s", mr_status_text(status));
}

/* ---- opening ---- */

static int open_tile(struct exact *x, const char *name, struct mr_err *err)
{
    char *rest;
    unsigned long number = strtoul(name + strlen(FEED), &rest, 10);
    if (*rest || number >= MR_INPUT_RINGS_MAX)
        return mr_err_set(err, MR_E_INVALID, "%s: no name of a feed tile's recording; want feed-0 to feed-%d", name,
                          MR_INPUT_RINGS_MAX - 1);
    struct tile *t = &x->tiles[number];
    size_t bytes = mr_ring_bytes(RING_SLOTS, MR_GROUP_SLOTS);
    *t = (struct tile){.player = x->player,
                       .number = (uint32_t)number,
                       .out = x->out,
                       .ring = aligned_alloc(128, (bytes + 127) / 128 * 128)};
    if (!t->ring)
        return mr_err_set(err, MR_E_NOMEM, "player: no memory for the ring of %s", name);
    MR_ASSERT(mr_ring_init(t->ring, RING_SLOTS, MR_GROUP_SLOTS, MR_RING_BACKPRESSURE) == MR_OK);
    MR_ASSERT(mr_ring_writer_open(&t->writer, t->ring, bytes) == MR_OK &&
              mr_ring_reader_open(&t->reader, t->ring, bytes) == MR_OK);
    x->out->tiles++;
    return mr_recording_open(&t->recording, x->player->config.recording, name, err);
}

static int open_rows(struct exact *x, struct mr_err *err)
{
    struct mr_recording_names names;
    const char *folder = x->player->config.recording;
    int status = mr_recording_list(folder, &names, err);
    for (uint32_t i = 0; i < names.count && !status; i++) {
        if (strcmp(names.name[i], ENGINE) == 0)
            status = mr_recording_open(&x->engine, folder, ENGINE, err);
        else if (strncmp(names.name[i], FEED, strlen(FEED)) == 0)
            status = open_tile(x, names.name[i], err);
    }
    if (!status && !x->engine)
        status = mr_err_set(
            err, MR_E_MISSING,
            "%s: no log of an engine (" ENGINE "-NNNNNN.seg); replay the folder by receive time instead", folder);
    return status;
}

static void count_torn(struct exact *x, const struct mr_recording *recording)
{
    x->out->torn += mr_recording_torn(recording);
    x->out->lost += mr_recording_lost(recording);
}

static void close_rows(struct exact *x)
{
    if (x->engine) {
        count_torn(x, x->engine);
        mr_recording_close(x->engine);
    }
    for (uint32_t i = 0; i < MR_INPUT_RINGS_MAX; i++) {
        if (x->tiles[i].recording) {
            count_torn(x, x->tiles[i].recording);
            mr_recording_close(x->tiles[i].recording);
        }
        free(x->tiles[i].ring);
    }
    free(x->tiles);
}

/* Engines that were restored when the run began: FOLDER/engine-0.state has the time of it, then the state. */
static void restore(struct mr_player *p)
{
    char path[512];
    int64_t now_ns;
    snprintf(path, sizeof path, "%s/" ENGINE ".state", p->config.recording);
    FILE *f = fopen(path, "re");
    if (!f)
        return;
    fseek(f, 0, SEEK_END);
    long len = ftell(f) - 8;
    rewind(f);
    uint8_t *state = len > 0 ? malloc((size_t)len) : NULL;
    if (state && fread(&now_ns, 8, 1, f) == 1 && fread(state, 1, (size_t)len, f) == (size_t)len)
        mr_engine_restore(p->pipeline, (struct mr_span){state, (uint32_t)len}, now_ns);
    free(state);
    fclose(f);
}

int mr_player_exact(struct mr_player *p, struct mr_player_exact *out, struct mr_err *err)
{
    *out = (struct mr_player_exact){0};
    if (!p->config.recording || p->exact || p->pieces)
        return mr_err_set(err, MR_E_INVALID, "player: exact replay wants a fresh player of a recording");
    p->exact = true;
    struct exact x = {.player = p, .out = out};
    x.tiles = aligned_alloc(128, MR_INPUT_RINGS_MAX * sizeof *x.tiles); /* its rings' handles are aligned so */
    if (!x.tiles)
        return mr_err_set(err, MR_E_NOMEM, "player: no memory for the feed tiles");
    memset(x.tiles, 0, MR_INPUT_RINGS_MAX * sizeof *x.tiles);
    int status = open_rows(&x, err);
    if (!status)
        restore(p);
    struct mr_capture_record record;
    bool going = status == MR_OK;
    while (going && mr_recording_next(x.engine, &record) == MR_OK)
        if (record.kind == MR_CAPTURE_INPUT)
            going = play(&x, &record);
    close_rows(&x);
    return status;
}
