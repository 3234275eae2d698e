/* Any bytes to any venue's decoder. Properties, beside no crash and no read outside:
 *   - shapes change nothing: with them and without, the same status, kind and slots, for the message and for copies of
 * it with other digits;
 *   - the usual form changes nothing: a blank in front sends a message the general way, to the same result;
 *   - what is understood is legal JSON (or the venue's bare "pong"), and its groups fill the slots exactly, FIRST to
 * LAST.
 *
 * Input: a byte for product (and, above 127, REST), a byte for the kernel, then up to eight messages, one a line. */
#include "codecs/venue/venue.h"
#include "tests/support/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Another venue is another row; a product this build does not have is passed over. */
static const char *const products[] = {"binance:usdm", "binance:spot", "bybit:linear",    "bybit:spot",
                                       "okx:public",   "okx:business", "hyperliquid:perp"};
static const char *const urls[] = {
    "/fapi/v1/depth?symbol=BTCUSDT&limit=1000",    "/fapi/v1/exchangeInfo",
    "/fapi/v1/openInterest?symbol=BTCUSDT",        "/fapi/v1/premiumIndex",
    "/v5/market/instruments-info?category=linear", "/v5/market/orderbook?category=linear&symbol=BTCUSDT",
    "/api/v5/public/instruments?instType=SWAP",    "/info",
};
#define INSTRUMENTS 64
#define MESSAGES 8
#define MUTATIONS 6

struct side {
    struct mr_decoder dec;
    struct mr_instruments *table;
    void *state;
    union mr_slot *out;
};
static struct side plain, shaped, general; /* no shapes, with shapes, never the usual form */
static struct mr_shapes *shapes[MR_KERNEL_COUNT];
static void *table_mem[3];

static void *lines(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 127) / 64 * 64);
    MR_ASSERT(mem);
    return mem;
}

static void open_side(struct side *s, size_t i, const struct mr_venue *venue, uint8_t product, struct mr_shapes *with)
{
    if (!table_mem[i]) {
        table_mem[i] = lines(mr_instruments_bytes(INSTRUMENTS));
        s->out = lines(MR_DECODE_SLOTS * sizeof *s->out);
    }
    free(s->state);
    s->state = lines(mr_decoder_bytes(venue, INSTRUMENTS));
    s->table = mr_instruments_init(table_mem[i], INSTRUMENTS);
    mr_instruments_add_bare(s->table, venue->id, product, mr_span_of("BTCUSDT"));
    mr_instruments_add_bare(s->table, venue->id, product, mr_span_of("BTC-USDT"));
    mr_instruments_add_bare(s->table, venue->id, product, mr_span_of("BTC"));
    mr_decoder_init(&s->dec, venue, product, s->table, with, s->state);
}

static int run(struct side *s, const uint8_t *data, uint32_t len, const char *url)
{
    struct mr_frame frame = {.data = data, .len = len, .connection = 1, .clock = MR_CLOCK_TSC, .recv_ns = 99};
    int n = url ? mr_decode_rest(&s->dec, mr_span_of(url), &frame, s->table, s->out, MR_DECODE_SLOTS)
                : mr_decode(&s->dec, &frame, s->out, MR_DECODE_SLOTS);
    if (n < 0)
        MR_ASSERT(s->dec.error_at <= len);
    return n;
}

static void same(const struct side *a, int n, const struct side *b, int m)
{
    MR_ASSERT(n == m);
    MR_ASSERT(n < 0 || a->dec.kind == b->dec.kind);
    MR_ASSERT(n <= 0 || memcmp(a->out, b->out, (size_t)n * sizeof *a->out) == 0);
}

static void whole(const struct side *s, int n)
{
    uint32_t at = 0, last = 0;
    for (; n > 0 && at < (uint32_t)n; at += mr_event_slots(&s->out[at])) {
        const struct mr_event *ev = &s->out[at].event;
        MR_ASSERT(ev->kind > MR_EVENT_NONE && ev->kind < MR_EVENT_KIND_COUNT);
        MR_ASSERT(ev->source > 0 && ev->recv_ns == 99 && ev->connection == 1);
        MR_ASSERT(!(ev->flags & MR_FLAG_FIRST) == (at != 0));
        last = at;
    }
    MR_ASSERT(n <= 0 || (at == (uint32_t)n && s->out[last].event.flags & MR_FLAG_LAST));
}

static void one(const uint8_t *text, uint32_t len, const char *url)
{
    uint8_t *exact = malloc(len + 1u),
            *blank = malloc(len + 1u); /* their own blocks: a sanitizer sees every byte too far */
    memcpy(exact + 1, text, len);      /* at an odd place, ending at the block's end */
    blank[0] = ' ';
    memcpy(blank + 1, text, len);
    int n = run(&plain, exact + 1, len, url);
    if (n == MR_E_SYMBOL && !url && plain.dec.name.len) {
        struct side *sides[] = {&plain, &shaped, &general};
        for (size_t i = 0; i < 3; i++)
            mr_instruments_add_bare(sides[i]->table, plain.dec.venue->id, plain.dec.product, plain.dec.name);
        n = run(&plain, exact + 1, len, url);
    }
    whole(&plain, n);
    MR_ASSERT(n < 0 || mr_json_check(text, len, &(uint32_t){0}) == MR_OK || (len == 4 && memcmp(text, "pong", 4) == 0));
    if (!url)
        same(&plain, n, &shaped, run(&shaped, exact + 1, len, NULL));
    if (!(len == 4 && memcmp(text, "pong", 4) == 0))
        same(&plain, n, &general, run(&general, blank, len + 1, url));
    free(exact);
    free(blank);
}

static void with_other_digits(const uint8_t *text, uint32_t len, struct mr_random *r)
{
    uint8_t *copy = malloc(len + 1u);
    for (int round = 0; round < MUTATIONS; round++) {
        uint64_t one_in = 1 + mr_random_below(r, 20);
        memcpy(copy, text, len);
        for (uint32_t i = 0; i < len; i++)
            if (copy[i] >= '0' && copy[i] <= '9' && mr_random_below(r, one_in) == 0)
                copy[i] = (uint8_t)('0' + mr_random_below(r, 10));
        one(copy, len, NULL);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct mr_venue *venue;
    uint8_t product;
    if (size < 2 || mr_venue_parse(products[data[0] % MR_COUNT_OF(products)], &venue, &product, NULL) < 0)
        return 0;
    const char *url = data[0] & 0x80 ? urls[(data[0] >> 3) % MR_COUNT_OF(urls)] : NULL;
    enum mr_kernel kernel = data[1] % MR_KERNEL_COUNT;
    if (!mr_kernel_available(kernel))
        kernel = MR_KERNEL_SCALAR;
    if (!shapes[kernel])
        shapes[kernel] = mr_shapes_init(lines(mr_shapes_bytes(64)), 64, kernel);
    open_side(&plain, 0, venue, product, NULL);
    open_side(&shaped, 1, venue, product, shapes[kernel]);
    open_side(&general, 2, venue, product, NULL);
    struct mr_random r = {size};
    const uint8_t *at = data + 2, *end = data + size;
    for (int i = 0; i < MESSAGES && at < end; i++) {
        const uint8_t *stop = url ? NULL : memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        one(at, (uint32_t)(stop - at), url);
        if (!url)
            with_other_digits(at, (uint32_t)(stop - at), &r);
        at = stop + (stop < end);
    }
    return 0;
}
