/* Any bytes as a session of one venue: the first byte picks product and way (stream or REST), then one message a line.
 *
 * Holds for every input, beside no crash and no read outside:
 *   shapes change nothing: with the fast path and without, the same status, kind and slots, for each message and for copies of it with other digits;
 *   the usual form changes nothing: a blank in front sends a message the general way, to the same result;
 *   what is not legal JSON is never understood (but for the venue's bare texts);
 *   slots are whole groups, FIRST to LAST, of instruments in the table, without negative prices or sizes. */
#include "tests/codecs/venue/fuzz_venue.h"

#include <stdio.h>
#include <stdlib.h>

#include "codecs/venue/venue.h"
#include "tests/support/support.h"

enum { INSTRUMENTS = 64, SHAPES = 64, STATE_BYTES = 1 << 16, LINES_MAX = 64, COPIED_LINES = 8, COPIES = 6 };

struct side {
    struct mr_decoder dec;
    struct mr_instruments *table;
    struct mr_shapes *shapes;
    void *state;
    union mr_slot *out;
};
/* Without shapes; with them; and never in the usual form. */
static struct side plain, fast, general;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *lines(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 127) & ~(size_t)63);
    MR_ASSERT(mem);
    return mem;
}

static void open_side(struct side *s, const char *name, bool shapes, enum mr_kernel kernel)
{
    const struct mr_venue *venue;
    uint8_t product;
    if (!s->table) {
        s->table = lines(mr_instruments_bytes(INSTRUMENTS));
        s->out = lines(MR_DECODE_SLOTS * sizeof *s->out);
        s->state = lines(STATE_BYTES);
        s->shapes = shapes ? lines(mr_shapes_bytes(SHAPES)) : NULL;
    }
    MR_ASSERT(mr_venue_parse(name, &venue, &product, NULL) == MR_OK);
    MR_ASSERT(mr_decoder_bytes(venue, INSTRUMENTS) <= STATE_BYTES);
    mr_instruments_init(s->table, INSTRUMENTS);
    mr_decoder_init(&s->dec, venue, product, s->table, shapes ? mr_shapes_init(s->shapes, SHAPES, kernel) : NULL,
                    s->state);
}

static int once(struct side *s, const struct mr_frame *frame, const char *url)
{
    if (url)
        return mr_decode_rest(&s->dec, mr_span_of(url), frame, s->table, s->out, MR_DECODE_SLOTS);
    return mr_decode(&s->dec, frame, s->out, MR_DECODE_SLOTS);
}

/* Is it in the message, or in the URL of a body that does not say whose it is? */
static bool named_there(struct mr_span name, const struct mr_frame *frame, const char *url)
{
    const uint8_t *of = (const uint8_t *)url, *end = url ? of + strlen(url) : NULL;
    return (name.data >= frame->data && name.data + name.len <= frame->data + frame->len) ||
           (url && name.data >= of && name.data + name.len <= end);
}

static int decode(struct side *s, const struct mr_frame *frame, const char *url)
{
    int n = once(s, frame, url);
    for (int i = 0; n == MR_E_SYMBOL && i < 4; i++) {
        MR_ASSERT(named_there(s->dec.name, frame, url));
        if (mr_instruments_add_bare(s->table, s->dec.venue->id, s->dec.product, s->dec.name) < 0)
            break;
        n = once(s, frame, url);
    }
    MR_ASSERT(n >= 0 || s->dec.error_at <= frame->len);
    return n;
}

/* ---- what must hold of slots ---- */

static void check_levels(const union mr_slot *g)
{
    uint32_t n = (uint32_t)g->book.bid_count + g->book.ask_count;
    for (uint32_t i = 0; i < n; i++)
        MR_ASSERT(mr_event_levels(g)[i].price >= 0 && mr_event_levels(g)[i].size >= 0);
    for (uint32_t i = n; i % 4; i++)
        MR_ASSERT(mr_event_levels(g)[i].price == 0 && mr_event_levels(g)[i].size == 0);
}

static void check_slots(const struct side *s, const struct mr_frame *frame, uint32_t n)
{
    uint32_t i = 0, step;
    for (; i < n; i += step) {
        const union mr_slot *g = s->out + i;
        step = mr_event_slots(g);
        MR_ASSERT(g->event.kind > MR_EVENT_NONE && g->event.kind < MR_EVENT_KIND_COUNT);
        MR_ASSERT(step <= n - i &&
                  (g->event.kind == MR_EVENT_STATUS || mr_instruments_get(s->table, g->event.instrument)));
        MR_ASSERT(!(g->event.flags & MR_FLAG_FIRST) == (i != 0) && !(g->event.flags & MR_FLAG_LAST) == (i + step != n));
        MR_ASSERT(g->event.source == s->dec.kind && g->event.recv_ns == frame->recv_ns &&
                  g->event.connection == frame->connection);
        if (g->event.kind == MR_EVENT_BOOK || g->event.kind == MR_EVENT_BBO)
            check_levels(g);
        else if (g->event.kind == MR_EVENT_TRADE || g->event.kind == MR_EVENT_LIQUIDATION)
            MR_ASSERT(g->event.price >= 0 && g->event.size >= 0 && g->event.aux >= 0);
    }
}

static bool bare_text(const uint8_t *data, size_t len)
{
    for (const char *const *text = mr_fuzz_bare; *text; text++)
        if (strlen(*text) == len && memcmp(data, *text, len) == 0)
            return true;
    return false;
}

static void same(int n, const struct side *other, int m)
{
    MR_ASSERT(n == m);
    MR_ASSERT(n < 0 || other->dec.kind == plain.dec.kind);
    MR_ASSERT(n <= 0 || memcmp(plain.out, other->out, (size_t)n * sizeof *plain.out) == 0);
}

/* One message, in a block of its own for each side: the sanitizer sees every byte too far. It begins at an odd place. */
static void message(const uint8_t *data, uint32_t len, const char *url)
{
    uint8_t *exact = malloc(len + 1u), *blank = malloc(len + 1u);
    struct mr_frame frame = {.data = exact + 1, .len = len, .connection = 1, .clock = MR_CLOCK_TSC, .recv_ns = 7};
    uint32_t at;
    bool bare = bare_text(data, len);
    memcpy(exact + 1, data, len);
    blank[0] = ' ';
    memcpy(blank + 1, data, len);
    int n = decode(&plain, &frame, url);
    if (n >= 0) {
        MR_ASSERT(bare || mr_json_check(data, len, &at) == MR_OK);
        MR_ASSERT(plain.dec.kind != 0);
        check_slots(&plain, &frame, (uint32_t)n);
    }
    same(n, &fast, decode(&fast, &frame, url));
    frame.data = blank;
    frame.len = len + 1;
    if (!bare)
        same(n, &general, decode(&general, &frame, url));
    free(exact);
    free(blank);
}

/* Copies with other digits are what shapes were learnt for. */
static void with_other_digits(const uint8_t *data, uint32_t len, struct mr_random *r)
{
    uint8_t *copy = malloc(len + 1u);
    for (int round = 0; round < COPIES; round++) {
        uint64_t one_in = 1 + mr_random_below(r, 20);
        memcpy(copy, data, len);
        for (uint32_t i = 0; i < len; i++)
            if (copy[i] >= '0' && copy[i] <= '9' && mr_random_below(r, one_in) == 0)
                copy[i] = (uint8_t)('0' + mr_random_below(r, 10));
        message(copy, len, NULL);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t products = 0, urls = 0;
    while (mr_fuzz_products[products])
        products++;
    while (mr_fuzz_urls[urls])
        urls++;
    if (size == 0 || size > 1 << 16)
        return 0;
    uint32_t pick = data[0] % (products + urls);
    const char *url = pick < products ? NULL : mr_fuzz_urls[pick - products];
    const char *product = mr_fuzz_products[pick < products ? pick : 0];
    enum mr_kernel kernel = size % MR_KERNEL_COUNT; /* so that any input can come to any kernel by a blank more */
    if (!mr_kernel_available(kernel))
        kernel = MR_KERNEL_SCALAR;
    open_side(&plain, product, false, kernel);
    open_side(&fast, product, true, kernel);
    open_side(&general, product, false, kernel);
    struct mr_random r = {size};
    const uint8_t *at = data + 1, *end = data + size, *eol;
    for (int i = 0; i < LINES_MAX && at < end; i++, at = eol + 1) {
        eol = memchr(at, '\n', (size_t)(end - at));
        eol = eol ? eol : end;
        message(at, (uint32_t)(eol - at), url);
        if (!url && i < COPIED_LINES)
            with_other_digits(at, (uint32_t)(eol - at), &r);
    }
    return 0;
}
