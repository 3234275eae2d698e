/* Any bytes as a session of one venue: the first byte picks product and way (stream or REST), then one message a line.
 *
 * Holds for every input:
 *   two decoders, one with and one without the fast path, give the same status, kind and slots;
 *   what is not legal JSON is never understood (but for the venue's bare texts);
 *   slots are whole groups, FIRST to LAST, of instruments in the table, without negative prices or sizes. */
#include "tests/codecs/venue/fuzz_venue.h"

#include <stdio.h>
#include <stdlib.h>

#include "codecs/venue/venue.h"

enum { INSTRUMENTS = 64, SHAPES = 16, LINES_MAX = 64 };

struct side {
    struct mr_decoder dec;
    struct mr_instruments *table;
    struct mr_shapes *shapes;
    void *state;
    union mr_slot *out;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *lines(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 127) & ~(size_t)63);
    MR_ASSERT(mem);
    return mem;
}

static void open_side(struct side *s, const char *name, bool fast)
{
    const struct mr_venue *venue;
    uint8_t product;
    if (!s->table) {
        s->table = lines(mr_instruments_bytes(INSTRUMENTS));
        s->out = lines(MR_DECODE_SLOTS * sizeof *s->out);
        s->state = lines(1 << 16);
        if (fast)
            s->shapes = lines(mr_shapes_bytes(SHAPES));
    }
    MR_ASSERT(mr_venue_parse(name, &venue, &product, NULL) == MR_OK);
    MR_ASSERT(mr_decoder_bytes(venue, INSTRUMENTS) <= 1 << 16);
    mr_instruments_init(s->table, INSTRUMENTS);
    mr_decoder_init(&s->dec, venue, product, s->table,
                    fast ? mr_shapes_init(s->shapes, SHAPES, mr_kernel_active()) : NULL, s->state);
}

static int once(struct side *s, const struct mr_frame *frame, const char *url)
{
    if (url)
        return mr_decode_rest(&s->dec, mr_span_of(url), frame, s->table, s->out, MR_DECODE_SLOTS);
    return mr_decode(&s->dec, frame, s->out, MR_DECODE_SLOTS);
}

static int decode(struct side *s, const struct mr_frame *frame, const char *url)
{
    int n = once(s, frame, url);
    for (int i = 0; n == MR_E_SYMBOL && i < 4; i++) {
        MR_ASSERT(s->dec.name.data >= frame->data && s->dec.name.data + s->dec.name.len <= frame->data + frame->len);
        if (mr_instruments_add_bare(s->table, s->dec.venue->id, s->dec.product, s->dec.name) < 0)
            break;
        n = once(s, frame, url);
    }
    return n;
}

static void check_levels(const union mr_slot *g)
{
    uint32_t n = (uint32_t)g->book.bid_count + g->book.ask_count;
    for (uint32_t i = 0; i < n; i++)
        MR_ASSERT(g[1].level[i].price >= 0 && g[1].level[i].size >= 0);
    for (uint32_t i = n; i % 4; i++)
        MR_ASSERT(g[1].level[i].price == 0 && g[1].level[i].size == 0);
}

static void check_slots(const struct side *s, uint32_t n)
{
    uint32_t i = 0, step;
    for (; i < n; i += step) {
        const union mr_slot *g = s->out + i;
        step = mr_event_slots(g);
        MR_ASSERT(step <= n - i && mr_instruments_get(s->table, g->event.instrument));
        MR_ASSERT(!(g->event.flags & MR_FLAG_FIRST) == (i != 0) && !(g->event.flags & MR_FLAG_LAST) == (i + step != n));
        MR_ASSERT(g->event.source == s->dec.kind && g->event.recv_ns == 7);
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

static void message(struct side *plain, struct side *fast, const uint8_t *data, size_t len, const char *url)
{
    const struct mr_frame frame = {.data = data, .len = (uint32_t)len, .connection = 1, .recv_ns = 7};
    uint32_t at;
    int n = decode(plain, &frame, url);
    if (n >= 0) {
        MR_ASSERT(mr_json_check(data, (uint32_t)len, &at) == MR_OK || bare_text(data, len));
        MR_ASSERT(plain->dec.kind != 0);
        check_slots(plain, (uint32_t)n);
    } else {
        MR_ASSERT(plain->dec.error_at <= len);
    }
    MR_ASSERT(decode(fast, &frame, url) == n);
    MR_ASSERT(n < 0 || fast->dec.kind == plain->dec.kind);
    MR_ASSERT(n <= 0 || memcmp(plain->out, fast->out, (size_t)n * sizeof *plain->out) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct side plain, fast;
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
    open_side(&plain, product, false);
    open_side(&fast, product, true);
    const uint8_t *at = data + 1, *end = data + size, *eol;
    for (int i = 0; i < LINES_MAX && at < end; i++, at = eol + 1) {
        eol = memchr(at, '\n', (size_t)(end - at));
        eol = eol ? eol : end;
        uint8_t *exact = malloc((size_t)(eol - at) + 1); /* its end is the sanitizer's */
        memcpy(exact, at, (size_t)(eol - at));
        uint8_t *copy = realloc(exact, (size_t)(eol - at) ? (size_t)(eol - at) : 1);
        message(&plain, &fast, copy, (size_t)(eol - at), url);
        free(copy);
    }
    return 0;
}
