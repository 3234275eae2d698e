/* Which pieces a cut is made of: by time, connection, product, instrument. */
#include <stdio.h>
#include <stdlib.h>

#include "codecs/venue/venue.h"
#include "controlplane/cmd/capture.h"

struct mr_capture_want {
    const struct mr_capture_options *o;
    int64_t now_ns;               /* engine time */
    const struct mr_venue *venue; /* NULL: of any */
    int product;                  /* below 0: of any */
    /* one instrument: a decoder that knows no other */
    char symbol[MR_SYMBOL_BYTES];
    struct mr_instruments *table;
    struct mr_decoder decoder;
    void *state;
    union mr_slot *out;
};

const char *mr_capture_product(uint8_t venue, uint8_t product, char out[64])
{
    const struct mr_venue *v = mr_venue_by_id(venue);
    uint8_t rows = 0;
    while (v && v->products[rows].name)
        rows++;
    if (v && product < rows)
        snprintf(out, 64, "%s:%s", v->name, v->products[product].name);
    else
        snprintf(out, 64, "%u:%u", venue, product);
    return out;
}

static void *lines_of(size_t bytes) { return aligned_alloc(128, (bytes + 127) / 128 * 128); }

static int open_symbol(struct mr_capture_want *w, const char *symbol, struct mr_err *err)
{
    size_t len = strlen(symbol);
    if (len == 0 || len >= sizeof w->symbol)
        return mr_err_set(err, MR_E_INVALID, "--only %s: want VENUE, VENUE:PRODUCT or VENUE:PRODUCT:SYMBOL",
                          w->o->only);
    memcpy(w->symbol, symbol, len + 1);
    w->table = lines_of(mr_instruments_bytes(4));
    w->state = lines_of(mr_decoder_bytes(w->venue, 4) + 1);
    w->out = lines_of(MR_DECODE_SLOTS * sizeof *w->out);
    if (!w->table || !w->state || !w->out)
        return mr_err_set(err, MR_E_NOMEM, "no memory to decode with");
    mr_instruments_init(w->table, 4);
    int64_t id = mr_instruments_add_bare(w->table, w->venue->id, (uint8_t)w->product, mr_span_of(symbol));
    if (id < 0)
        return mr_err_set(err, (int)id, "--only %s: %s", w->o->only, mr_status_text((int)id));
    mr_decoder_init(&w->decoder, w->venue, (uint8_t)w->product, w->table, NULL, w->state);
    return MR_OK;
}

static int open_only(struct mr_capture_want *w, const char *only, struct mr_err *err)
{
    char name[128];
    uint8_t product;
    const char *first = strchr(only, ':'), *second = first ? strchr(first + 1, ':') : NULL;
    if (!first) {
        w->venue = mr_venue_by_name(only);
        return w->venue ? MR_OK : mr_err_set(err, MR_E_UNKNOWN, "--only %s: no such venue", only);
    }
    size_t len = second ? (size_t)(second - only) : strlen(only);
    snprintf(name, sizeof name, "%.*s", (int)len, only);
    int status = mr_venue_parse(name, &w->venue, &product, err);
    if (status)
        return status;
    w->product = product;
    return second ? open_symbol(w, second + 1, err) : MR_OK;
}

int mr_capture_want_open(struct mr_capture_want **out, struct mr_capture_options *o)
{
    struct mr_capture_want *w = calloc(1, sizeof *w);
    if (!w)
        return mr_err_set(&o->err, MR_E_NOMEM, "no memory");
    *out = w;
    w->o = o;
    w->now_ns = INT64_MIN;
    w->product = -1;
    return o->only ? open_only(w, o->only, &o->err) : MR_OK;
}

void mr_capture_want_close(struct mr_capture_want *w)
{
    if (!w)
        return;
    free(w->table);
    free(w->state);
    free(w->out);
    free(w);
}

/* What the decoder cannot read may be this instrument's; then it has its name in it. */
static bool names_it(const struct mr_capture_want *w, struct mr_span text)
{
    return memmem(text.data, text.len, w->symbol, strlen(w->symbol)) != NULL;
}

/* Frames and bodies with something of it, instrument lists, connections opened and closed; not what is about no instrument (acks, pongs). */
static bool is_of_symbol(struct mr_capture_want *w, const struct mr_piece *p)
{
    const struct mr_frame frame = {
        .data = p->data, .len = p->len, .connection = p->connection, .clock = p->clock, .recv_ns = p->recv_ns};
    const struct mr_span bytes = {p->data, p->len};
    int n;
    switch (p->kind) {
    case MR_PIECE_FRAME:
    case MR_PIECE_DATAGRAM:
        n = mr_decode(&w->decoder, &frame, w->out, MR_DECODE_SLOTS);
        return n > 0 || (n < 0 && n != MR_E_SYMBOL && n != MR_E_UNKNOWN && names_it(w, bytes));
    case MR_PIECE_REST:
        n = mr_decode_rest(&w->decoder, p->name, &frame, NULL, w->out, MR_DECODE_SLOTS);
        return n >= 0 || (n != MR_E_SYMBOL && (names_it(w, p->name) || names_it(w, bytes)));
    default:
        return true;
    }
}

int64_t mr_capture_now(const struct mr_capture_want *w) { return w->now_ns; }

bool mr_capture_wants(struct mr_capture_want *w, const struct mr_piece *p)
{
    if (p->recv_ns > w->now_ns)
        w->now_ns = p->recv_ns;
    if (w->now_ns < w->o->from_ns || w->now_ns >= w->o->to_ns)
        return false;
    if (w->o->connection >= 0 && p->connection != w->o->connection)
        return false;
    if (w->venue && p->venue != w->venue->id)
        return false;
    if (w->product >= 0 && p->product != w->product)
        return false;
    return !w->table || is_of_symbol(w, p);
}
