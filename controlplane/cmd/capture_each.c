/* Pieces of all inputs, merged. Each input is a source of its own here, so that it is known which one a piece is from. */
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/cmd/capture.h"

#define NUMBERS_MAX 65536

struct input {
    struct mr_source source;
    void *mem;
    struct mr_piece piece;
    bool open, has;
};
/* One connection of one product: of which input its last piece was, and, renumbered, its new number in each. */
struct connection {
    uint16_t number;
    uint8_t venue, product;
    uint32_t input; /* the last */
    uint32_t turns; /* how often another input's pieces came between */
    uint16_t renumbered;
};
struct merge {
    struct mr_capture_options *o;
    struct input *inputs;
    struct connection *connections;
    uint32_t count, room;
    struct mr_capture_since *since;
    bool begun;     /* the cut has */
    uint32_t input; /* of the note that is being renumbered */
};

static void close_inputs(struct merge *m)
{
    for (uint32_t i = 0; i < m->o->inputs.count && m->inputs; i++) {
        if (m->inputs[i].open)
            m->inputs[i].source.ops->close(&m->inputs[i].source);
        free(m->inputs[i].mem);
    }
    free(m->inputs);
    free(m->connections);
    mr_capture_since_close(m->since);
}

static void advance(struct input *in)
{
    if (in->has)
        in->source.ops->release(&in->source, &in->piece);
    in->has = in->source.ops->poll(&in->source, 0, &in->piece, 1) > 0;
}

static int open_inputs(struct merge *m)
{
    struct mr_capture_options *o = m->o;
    m->inputs = calloc(o->inputs.count, sizeof *m->inputs);
    if (!m->inputs)
        return mr_err_set(&o->err, MR_E_NOMEM, "no memory");
    for (uint32_t i = 0; i < o->inputs.count; i++) {
        struct input *in = &m->inputs[i];
        const struct mr_replay_config config = {.inputs = &o->inputs.list[i], .count = 1};
        in->mem = malloc(mr_source_replay.bytes(&config));
        int status = in->mem ? mr_source_replay.open(&in->source, in->mem, &config, &o->err) : MR_E_NOMEM;
        if (status)
            return status;
        in->open = true;
        advance(in);
    }
    return MR_OK;
}

static uint32_t earliest(const struct merge *m)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < m->o->inputs.count; i++)
        if (m->inputs[i].has && (best == UINT32_MAX || m->inputs[i].piece.recv_ns < m->inputs[best].piece.recv_ns))
            best = i;
    return best;
}

/* ---- whose connection ---- */

static struct connection *find(struct merge *m, const struct mr_piece *p, uint32_t input)
{
    for (uint32_t i = 0; i < m->count; i++) {
        struct connection *c = &m->connections[i];
        if (c->number == p->connection && c->venue == p->venue && c->product == p->product &&
            (!m->o->renumber || c->input == input))
            return c;
    }
    if (m->count == NUMBERS_MAX)
        return NULL;
    if (m->count == m->room) {
        uint32_t room = m->room ? m->room * 2 : 64;
        struct connection *more = realloc(m->connections, room * sizeof *more);
        if (!more)
            return NULL;
        m->connections = more;
        m->room = room;
    }
    struct connection *c = &m->connections[m->count];
    *c = (struct connection){.number = p->connection,
                             .venue = p->venue,
                             .product = p->product,
                             .input = input,
                             .renumbered = (uint16_t)m->count};
    m->count++;
    return c;
}

static int note_connection(struct merge *m, struct mr_piece *p, uint32_t input)
{
    struct connection *c = find(m, p, input);
    if (!c)
        return mr_err_set(&m->o->err, MR_E_FULL, "more than %d connections in all", NUMBERS_MAX);
    c->turns += c->input != input;
    c->input = input;
    if (m->o->renumber)
        p->connection = c->renumbered;
    return MR_OK;
}

/* One after the other is how the parts of a cut come; back and forth is two recordings of one connection, or of two with one number. */
static uint64_t shared(const struct merge *m)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < m->count; i++)
        n += m->connections[i].turns >= m->o->inputs.count;
    return n;
}

static void tell(const struct merge *m, const struct mr_capture_each *each)
{
    uint32_t torn = 0;
    for (uint32_t i = 0; i < m->o->inputs.count; i++)
        torn += mr_replay_torn(&m->inputs[i].source);
    if (torn)
        fprintf(stderr, "millrace capture: %u segment%s ended in a tear; all before it was taken\n", torn,
                torn == 1 ? "" : "s");
    if (each->lost)
        fprintf(stderr, "millrace capture: %llu records or more are missing: they were lost while this was recorded\n",
                (unsigned long long)each->lost);
    if (each->shared)
        fprintf(stderr,
                "millrace capture: %llu connections have one number in several inputs, at the same time; --renumber "
                "tells them apart\n",
                (unsigned long long)each->shared);
}

static uint16_t new_number(void *arg, const struct mr_piece *p)
{
    struct merge *m = arg;
    const struct connection *c = find(m, p, m->input);
    return c ? c->renumbered : p->connection; /* too many: the piece itself is refused */
}

/* A note of where a recording began: of no use to a cut by connection, and to those who know it. False: it is left out. */
static bool follow(struct merge *m, struct mr_piece *p, uint32_t input)
{
    const bool since = mr_capture_since_is(p);
    if (since && m->o->connection >= 0)
        return false;
    m->input = input;
    if (since && m->o->renumber)
        mr_capture_since_renumber(m->since, p, new_number, m);
    return mr_capture_since_follow(m->since, p);
}

struct out {
    mr_capture_piece_fn *take;
    void *arg;
    struct mr_capture_each *each;
};

static int take_piece(struct merge *m, struct mr_capture_want *want, uint32_t input, const struct out *out)
{
    struct mr_piece piece = m->inputs[input].piece;
    const bool wanted = mr_capture_wants(want, &piece);
    int status = MR_OK;
    if (!m->begun && mr_capture_now(want) >= m->o->from_ns) {
        m->begun = true;
        if (m->o->connection < 0)
            status = mr_capture_since_tell(m->since, want, out->take, out->arg, &out->each->count);
    }
    /* a note is of no one connection */
    if (status == MR_OK && piece.kind != MR_PIECE_NOTE && (wanted || m->o->renumber))
        status = note_connection(m, &piece, input);
    if (status || !follow(m, &piece, input) || !wanted)
        return status;
    out->each->count++;
    return out->take(out->arg, &piece);
}

int mr_capture_each(struct mr_capture_options *o, mr_capture_piece_fn *take, void *arg, struct mr_capture_each *each)
{
    struct merge m = {.o = o, .since = mr_capture_since_open()};
    const struct out out = {take, arg, each};
    struct mr_capture_want *want = NULL;
    *each = (struct mr_capture_each){0};
    int status = m.since ? mr_capture_want_open(&want, o) : mr_err_set(&o->err, MR_E_NOMEM, "no memory");
    if (status == MR_OK)
        status = open_inputs(&m);
    for (uint32_t i; status == MR_OK && (i = earliest(&m)) != UINT32_MAX; advance(&m.inputs[i]))
        status = take_piece(&m, want, i, &out);
    if (status == MR_OK) {
        for (uint32_t i = 0; i < o->inputs.count; i++)
            each->lost += mr_replay_lost(&m.inputs[i].source);
        each->shared = shared(&m);
        tell(&m, each);
    }
    close_inputs(&m);
    mr_capture_want_close(want);
    return status;
}
