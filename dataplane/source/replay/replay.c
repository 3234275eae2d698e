#include "dataplane/source/replay/replay.h"

#include <stdlib.h>

#include "codecs/venue/venue.h"
#include "dataplane/source/replay/replay_priv.h"

static size_t replay_bytes(const void *config)
{
    (void)config; /* a folder is as many inputs as it has rows of segments */
    return sizeof(struct replay) + MR_REPLAY_INPUTS_MAX * sizeof(struct input);
}

/* ---- one input: its next piece ---- */

static int read_record(struct input *in, struct mr_capture_record *r)
{
    return in->recording ? mr_recording_next(in->recording, r) : mr_capture_next(in->segment, r);
}

/* From when to when several connections of a product brought the same, what was no longer waited for, and what was open when recording began. */
static bool is_of_merge(const struct mr_capture_record *r)
{
    return r->kind == MR_CAPTURE_NOTE &&
           ((r->len > 6 && (memcmp(r->data, "merge ", 6) == 0 || memcmp(r->data, "since ", 6) == 0)) ||
            (r->len == 3 && memcmp(r->data, "due", 3) == 0));
}

/* The next record that is traffic or tells how to merge it: not a table, another note, an engine's log. */
static bool next_record(struct input *in)
{
    static const uint8_t kinds[] = {[MR_CAPTURE_FRAME] = MR_PIECE_FRAME,
                                    [MR_CAPTURE_REST] = MR_PIECE_REST,
                                    [MR_CAPTURE_OPENED] = MR_PIECE_OPENED,
                                    [MR_CAPTURE_CLOSED] = MR_PIECE_CLOSED};
    struct mr_capture_record r;
    uint8_t kind;
    do {
        int status = read_record(in, &r);
        if (status) {
            in->torn = status != MR_E_END;
            return false;
        }
        in->lost += mr_recording_note_lost(&r);
        kind = is_of_merge(&r) ? MR_PIECE_NOTE : r.kind < MR_COUNT_OF(kinds) ? kinds[r.kind] : 0;
    } while (kind == 0);
    in->next = (struct mr_piece){.data = (uint8_t *)(uintptr_t)r.data,
                                 .len = r.len,
                                 .connection = r.connection,
                                 .kind = kind,
                                 .clock = r.clock,
                                 .recv_ns = r.recv_ns,
                                 .venue = r.venue,
                                 .product = r.product,
                                 .name = r.name};
    return true;
}

static bool is_recorded(const struct input *in) { return in->segment || in->recording; }

bool mr_replay_product(const uint8_t *text, size_t len, uint8_t *venue, uint8_t *product)
{
    char name[64];
    const struct mr_venue *found;
    if (len >= sizeof name)
        return false;
    memcpy(name, text, len);
    name[len] = 0;
    if (mr_venue_parse(name, &found, product, NULL) != MR_OK)
        return false;
    *venue = found->id;
    return true;
}

static int64_t number_at(const char **at)
{
    int64_t value = 0;
    for (; **at >= '0' && **at <= '9'; ++*at)
        value = value * 10 + (**at - '0');
    return value;
}

/* Receive time of the next line, without moving; the file was checked when it was loaded. */
static int64_t peek_recv(const struct input *in)
{
    const char *at = in->recv_at;
    return number_at(&at);
}

/* Connection and clock, where the line goes on with them. */
static void read_stamps(const struct input *in, struct mr_piece *p)
{
    const char *at = in->recv_at;
    p->recv_ns = number_at(&at);
    p->clock = MR_CLOCK_KERNEL;
    if (*at++ == ' ') {
        p->connection = (uint16_t)number_at(&at);
        if (*at++ == ' ')
            p->clock = (uint8_t)number_at(&at);
        if (in->own) {
            size_t len = strcspn(++at, "\n");
            mr_replay_product((const uint8_t *)at, len, &p->venue, &p->product); /* checked when it was loaded */
        }
    }
}

static void skip_recv(struct input *in)
{
    while (*in->recv_at && *in->recv_at != '\n')
        in->recv_at++;
    if (*in->recv_at)
        in->recv_at++;
}

static bool is_due(const struct input *in, const struct rest_body *r, int64_t recv_ns)
{
    return in->placed ? r->line <= in->line : r->recv_ns <= recv_ns || !in->recv_at;
}

static bool next_line(struct input *in)
{
    bool line = in->at < in->len;
    int64_t recv = line && in->recv_at ? peek_recv(in) : in->last_ns;
    struct mr_piece *p = &in->next;
    *p = (struct mr_piece){.connection = in->connection, .venue = in->venue, .product = in->product};
    if (in->rest_at < in->rest_count && (!line || is_due(in, &in->rest[in->rest_at], recv))) {
        const struct rest_body *r = &in->rest[in->rest_at++];
        p->kind = r->kind;
        p->connection = r->connection == NO_CONNECTION ? in->connection : r->connection;
        p->venue = r->venue ? r->venue : in->venue;
        p->product = r->venue ? r->product : in->product;
        p->data = (uint8_t *)(uintptr_t)r->body.data;
        p->len = r->body.len;
        p->name = r->url;
        p->recv_ns = in->recv_at ? r->recv_ns : 0;
        p->clock = in->recv_at ? r->clock : MR_CLOCK_VENUE;
        return true;
    }
    if (!line)
        return false;
    const uint8_t *start = in->data + in->at, *end = memchr(start, '\n', in->len - in->at);
    size_t len = end ? (size_t)(end - start) : in->len - in->at;
    in->at += len + (end != NULL);
    p->kind = MR_PIECE_FRAME;
    p->data = (uint8_t *)(uintptr_t)start;
    p->len = (uint32_t)len;
    in->line++;
    p->recv_ns = 0;
    p->clock = MR_CLOCK_VENUE;
    if (in->recv_at) {
        read_stamps(in, p);
        skip_recv(in);
    }
    return true;
}

static void advance(struct input *in)
{
    in->has_next = is_recorded(in) ? next_record(in) : next_line(in);
    if (!in->has_next)
        return;
    if (in->next.recv_ns) {
        in->next.recv_ns += in->shift_ns;
        in->last_ns = in->next.recv_ns;
    }
}

/* ---- the source ---- */

static void replay_close(struct mr_source *s)
{
    struct replay *r = s->state;
    for (uint32_t i = 0; i < r->count; i++)
        mr_replay_free(&r->inputs[i]);
    r->count = 0;
}

/* Receive time of an input's first frame: lists and snapshots fetched before it do not count. */
static int64_t begins(const struct input *in) { return in->recv_at && in->len ? in->first_frame_ns : in->next.recv_ns; }

static void align(struct input *in, const struct input *first)
{
    if (!in->has_next || !in->next.recv_ns || !begins(first) || in == first)
        return;
    in->shift_ns = begins(first) - begins(in);
    in->next.recv_ns += in->shift_ns;
    in->last_ns = in->next.recv_ns;
}

static void begin(struct replay *r, struct input *in, bool aligned)
{
    if (in->recv_at)
        in->first_frame_ns = peek_recv(in);
    advance(in);
    if (aligned)
        align(in, &r->inputs[0]);
}

/* A folder of segments: one input a row of them. */
static int open_folder(struct replay *r, const char *folder, bool aligned, struct mr_err *err)
{
    struct mr_recording_names names;
    int status = mr_recording_list(folder, &names, err);
    for (uint32_t i = 0; i < names.count && !status; i++) {
        if (r->count == MR_REPLAY_INPUTS_MAX)
            return mr_err_set(err, MR_E_INVALID, "%s: more than %d inputs in all; replay fewer at once", folder,
                              MR_REPLAY_INPUTS_MAX);
        struct input *in = &r->inputs[r->count++];
        status = mr_replay_load_recording(in, folder, names.name[i], err);
        if (!status)
            begin(r, in, aligned);
    }
    return status;
}

static int open_input(struct replay *r, const struct mr_replay_input *from, bool aligned, struct mr_err *err)
{
    if (mr_replay_is_folder(from->path))
        return open_folder(r, from->path, aligned, err);
    if (r->count == MR_REPLAY_INPUTS_MAX)
        return mr_err_set(err, MR_E_INVALID, "%s: more than %d inputs in all; replay fewer at once", from->path,
                          MR_REPLAY_INPUTS_MAX);
    struct input *in = &r->inputs[r->count];
    int status = mr_replay_load(in, from, (uint16_t)r->count++, err);
    if (!status)
        begin(r, in, aligned);
    return status;
}

static int replay_open(struct mr_source *s, void *mem, const void *config, struct mr_err *err)
{
    const struct mr_replay_config *c = config;
    struct replay *r = mem;
    *r = (struct replay){.inputs = (struct input *)(r + 1), .pace = c->pace};
    s->ops = &mr_source_replay;
    s->state = r;
    s->lend_max = 1; /* a segment's piece is good until the next poll */
    if (c->count == 0 || c->count > MR_REPLAY_INPUTS_MAX)
        return mr_err_set(err, MR_E_INVALID, "replay: %u inputs; give 1 to %d", c->count, MR_REPLAY_INPUTS_MAX);
    for (uint32_t i = 0; i < c->count; i++) {
        int status = open_input(r, &c->inputs[i], c->align, err);
        if (status) {
            replay_close(s);
            return status;
        }
    }
    return MR_OK;
}

static struct input *earliest(struct replay *r)
{
    struct input *best = NULL;
    for (uint32_t i = 0; i < r->count; i++) {
        struct input *in = &r->inputs[i];
        if (in->has_next && (!best || in->next.recv_ns < best->next.recv_ns))
            best = in;
    }
    return best;
}

/* The first frame sets the clock: instrument lists may have been fetched minutes before it. */
static bool due(struct replay *r, const struct mr_piece *piece, int64_t now_ns)
{
    int64_t recv_ns = piece->recv_ns;
    if (r->pace <= 0 || recv_ns == 0)
        return true;
    if (!r->started) {
        if (piece->kind == MR_PIECE_REST)
            return true;
        r->started = true;
        r->first_ns = recv_ns;
        r->start_ns = now_ns;
    }
    return (double)(recv_ns - r->first_ns) <= (double)(now_ns - r->start_ns) * r->pace;
}

static int replay_poll(struct mr_source *s, int64_t now_ns, struct mr_piece *pieces, uint32_t max)
{
    struct replay *r = s->state;
    for (uint32_t i = 0; i < r->count; i++)
        if (r->inputs[i].lent) {
            r->inputs[i].lent = false;
            advance(&r->inputs[i]);
        }
    uint32_t n = 0;
    while (n < max) {
        struct input *in = earliest(r);
        if (!in)
            return n ? (int)n : MR_E_END;
        if (!due(r, &in->next, now_ns))
            break;
        pieces[n++] = in->next;
        if (is_recorded(in)) { /* its block buffer is reused by the next record, so that is read at the next poll */
            in->lent = true;
            break;
        }
        advance(in);
    }
    return (int)n;
}

static void replay_release(struct mr_source *s, const struct mr_piece *piece)
{
    (void)s;
    (void)piece; /* whole files stay in memory */
}

uint32_t mr_replay_untimed(const struct mr_source *s)
{
    const struct replay *r = s->state;
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->count; i++)
        n += !is_recorded(&r->inputs[i]) && !r->inputs[i].recv_at;
    return n;
}

uint32_t mr_replay_torn(const struct mr_source *s)
{
    const struct replay *r = s->state;
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->count; i++)
        n += r->inputs[i].torn + (r->inputs[i].recording ? mr_recording_torn(r->inputs[i].recording) : 0);
    return n;
}

uint64_t mr_replay_lost(const struct mr_source *s)
{
    const struct replay *r = s->state;
    uint64_t n = 0;
    for (uint32_t i = 0; i < r->count; i++)
        n += r->inputs[i].lost;
    return n;
}

const struct mr_source_ops mr_source_replay = {
    .name = "replay",
    .bytes = replay_bytes,
    .open = replay_open,
    .poll = replay_poll,
    .release = replay_release,
    .close = replay_close,
};
