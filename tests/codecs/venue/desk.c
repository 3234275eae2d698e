#include "tests/codecs/venue/desk.h"

#include <stdio.h>

#define INSTRUMENTS 8192
#define SHAPES 1024

struct mr_desk *mr_desk_open(const char *venue_product, bool shapes)
{
    struct mr_desk *desk = calloc(1, sizeof *desk);
    const struct mr_venue *venue;
    uint8_t product;
    struct mr_err err;
    if (mr_venue_parse(venue_product, &venue, &product, &err) != MR_OK)
        fail_msg("%s", err.text);
    desk->table =
        mr_instruments_init(aligned_alloc(64, (mr_instruments_bytes(INSTRUMENTS) + 63) & ~(size_t)63), INSTRUMENTS);
    desk->state = calloc(1, mr_decoder_bytes(venue, INSTRUMENTS) + 1);
    desk->out = aligned_alloc(64, MR_DECODE_SLOTS * sizeof *desk->out);
    if (shapes)
        desk->shapes_mem = aligned_alloc(64, (mr_shapes_bytes(SHAPES) + 63) & ~(size_t)63);
    mr_decoder_init(&desk->dec, venue, product, desk->table,
                    shapes ? mr_shapes_init(desk->shapes_mem, SHAPES, mr_kernel_active()) : NULL, desk->state);
    return desk;
}

void mr_desk_close(struct mr_desk *desk)
{
    free(desk->table);
    free(desk->state);
    free(desk->shapes_mem);
    free(desk->out);
    free(desk);
}

void mr_desk_add(struct mr_desk *desk, const char *symbol, const char *base, const char *quote, const char *tick,
                 const char *lot, int64_t multiplier, int multiplier_scale, uint8_t flags)
{
    struct mr_instrument it = {
        .venue = desk->dec.venue->id,
        .product = desk->dec.product,
        .multiplier = multiplier ? multiplier : 1,
        .multiplier_scale = (int8_t)multiplier_scale,
        .flags = flags | MR_INSTRUMENT_NO_METADATA,
        .symbol_len = (uint8_t)strlen(symbol),
    };
    memcpy(it.symbol, symbol, it.symbol_len);
    snprintf(it.base, sizeof it.base, "%s", base);
    snprintf(it.quote, sizeof it.quote, "%s", quote);
    assert_int_equal(mr_instrument_scales(&it, mr_span_of(tick), mr_span_of(lot)), MR_OK);
    assert_true(mr_instruments_add(desk->table, &it) >= 0);
}

/* ---- events as text ---- */

struct line {
    char *at, *end;
};

static void MR_PRINTF(2, 3) say(struct line *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(l->at, (size_t)(l->end - l->at), format, args);
    va_end(args);
    if (n > 0)
        l->at += n < l->end - l->at ? n : l->end - l->at - 1;
}

static void say_number(struct line *l, const char *before, int64_t value, int scale)
{
    char text[MR_DECIMAL_TEXT];
    mr_decimal_text(value, scale, text);
    say(l, "%s%s", before, text);
}

static void say_ms(struct line *l, const char *before, int64_t ns)
{
    say(l, "%s%lld", before, (long long)(ns / 1000000));
    if (ns % 1000000)
        say(l, ".%06lld", (long long)(ns % 1000000));
}

static void say_levels(struct line *l, const char *before, const struct mr_level *level, uint32_t n,
                       const struct mr_instrument *it)
{
    say(l, "%s", before);
    for (uint32_t i = 0; i < n; i++) {
        say_number(l, i ? " " : "", level[i].price, it->price_scale);
        say_number(l, "x", level[i].size, it->size_scale);
    }
}

static void say_book(struct line *l, const union mr_slot *g, const struct mr_instrument *it)
{
    const struct mr_book_head *h = &g->book;
    say_levels(l, " [", mr_event_levels(g), h->bid_count, it);
    say_levels(l, " | ", mr_event_levels(g) + h->bid_count, h->ask_count, it);
    say(l, "] seq %llu", (unsigned long long)h->seq);
    if (h->book_flags & MR_BOOK_TOUCH) {
        say_number(l, " touch ", (int64_t)h->first_seq, it->price_scale);
        say_number(l, "/", (int64_t)h->prev_seq, it->price_scale);
    } else {
        if (h->first_seq != h->seq)
            say(l, " from %llu", (unsigned long long)h->first_seq);
        if (h->prev_seq)
            say(l, " after %llu", (unsigned long long)h->prev_seq);
    }
    if (h->book_flags & MR_BOOK_STATE)
        say(l, " state %08x", h->checksum);
    if (h->book_flags & MR_BOOK_HAS_CHECKSUM)
        say(l, " crc %d", (int32_t)h->checksum);
    say(l, "%s%s%s%s", h->book_flags & MR_BOOK_NO_SIZES ? " nosizes" : "",
        h->book_flags & MR_BOOK_KEEPALIVE ? " keepalive" : "", h->book_flags & MR_BOOK_RESET ? " reset" : "",
        h->book_flags & MR_BOOK_PARTIAL ? " partial" : "");
    for (uint32_t i = (uint32_t)h->bid_count + h->ask_count; i % 4; i++)
        assert_true(mr_event_levels(g)[i].price == 0 && mr_event_levels(g)[i].size == 0); /* the tail is zero */
}

static void say_candle(struct line *l, const union mr_slot *g, const struct mr_instrument *it)
{
    const struct mr_candle *c = &g[1].candle;
    say(l, " %us", c->interval_s);
    say_ms(l, " from ", c->open_ns);
    say_number(l, " o ", c->open, it->price_scale);
    say_number(l, " h ", c->high, it->price_scale);
    say_number(l, " l ", c->low, it->price_scale);
    say_number(l, " c ", c->close, it->price_scale);
    say_number(l, " v ", c->volume, it->size_scale);
    say(l, " n %u%s", c->trades, c->closed ? " closed" : "");
    assert_true(g->event.price == c->close && g->event.size == c->volume);
}

static void say_event(struct line *l, const struct mr_event *ev, const struct mr_instrument *it)
{
    switch (ev->kind) {
    case MR_EVENT_TRADE:
    case MR_EVENT_LIQUIDATION:
        if (ev->kind == MR_EVENT_TRADE)
            say(l, ev->flags & MR_FLAG_SELL ? " sell" : " buy");
        else
            say(l, ev->flags & MR_FLAG_SELL ? " short" : " long");
        say_number(l, " ", ev->size, it->size_scale);
        say_number(l, " at ", ev->price, it->price_scale);
        say_number(l, " worth ", ev->aux, 6);
        say(l, " seq %llu", (unsigned long long)ev->seq);
        break;
    case MR_EVENT_FUNDING:
        say_number(l, " ", ev->price, -ev->exponent);
        say_ms(l, " next ", ev->aux);
        say_ms(l, " every ", ev->size);
        break;
    case MR_EVENT_OPEN_INTEREST:
        say_number(l, " ", ev->price, -ev->exponent);
        say(l, ev->size == MR_OI_BASE ? " coins" : ev->size == MR_OI_CONTRACTS ? " contracts" : " coins, both sides");
        say_number(l, " worth ", ev->aux, 6);
        break;
    case MR_EVENT_STATUS:
        if (ev->price == MR_STATUS_TICK) {
            say_number(l, " tick ", ev->size, it->price_scale);
            say_number(l, " was ", ev->aux, it->price_scale);
            break;
        }
        say(l, " %lld", (long long)ev->price);
        break;
    default:
        say_number(l, " ", ev->price, -ev->exponent);
        if (ev->kind == MR_EVENT_INDEX && ev->aux)
            say(l, " and %010lld e-18", (long long)ev->aux);
        if (ev->kind == MR_EVENT_INDEX && ev->size)
            say(l, " over %llds", (long long)(ev->size / 1000000000));
    }
}

static void describe(struct mr_desk *desk)
{
    struct line l = {desk->text, desk->text + sizeof desk->text};
    *l.at = 0;
    for (uint32_t i = 0; i < desk->slots; i += mr_event_slots(desk->out + i)) {
        const union mr_slot *g = desk->out + i;
        const struct mr_event *ev = &g->event;
        const struct mr_instrument *it = mr_instruments_get(desk->table, ev->instrument);
        assert_non_null(it);
        if (desk->one_kind)
            assert_int_equal(ev->source, desk->dec.kind);
        say(&l, "%s%s %.*s", i ? "\n" : "", mr_event_kind_name(ev->kind), it->symbol_len, it->symbol);
        if (ev->kind == MR_EVENT_BOOK || ev->kind == MR_EVENT_BBO)
            say_book(&l, g, it);
        else if (ev->kind == MR_EVENT_CANDLE)
            say_candle(&l, g, it);
        else
            say_event(&l, ev, it);
        say_ms(&l, " @", ev->venue_ns);
        say(&l, "%s%s%s%s%s", ev->flags & MR_FLAG_SNAPSHOT ? " snapshot" : "",
            ev->flags & MR_FLAG_SECONDARY ? " secondary" : "", ev->flags & MR_FLAG_CAUTION ? " caution" : "",
            ev->flags & MR_FLAG_FIRST ? " first" : "", ev->flags & MR_FLAG_LAST ? " last" : "");
    }
}

/* ---- decoding ---- */

static int done(struct mr_desk *desk, int n)
{
    desk->slots = n > 0 ? (uint32_t)n : 0;
    desk->one_kind = desk->dec.venue->id != MR_VENUE_polymarket; /* there a frame may hold several messages */
    describe(desk);
    return n;
}

static bool add_bare(struct mr_desk *desk)
{
    return mr_instruments_add_bare(desk->table, desk->dec.venue->id, desk->dec.product, desk->dec.name) >= 0;
}

int mr_desk_decode(struct mr_desk *desk, const void *data, size_t len)
{
    struct mr_guard g = mr_guard_open(len);
    if (len)
        memcpy(g.data, data, len);
    const struct mr_frame frame = {
        .data = g.data, .len = (uint32_t)len, .connection = 3, .clock = MR_CLOCK_KERNEL, .recv_ns = 77};
    int n = mr_decode(&desk->dec, &frame, desk->out, MR_DECODE_SLOTS);
    while (n == MR_E_SYMBOL && add_bare(desk))
        n = mr_decode(&desk->dec, &frame, desk->out, MR_DECODE_SLOTS);
    static char name[256]; /* outlives the frame */
    desk->dec.name.len = desk->dec.name.data && desk->dec.name.len < sizeof name ? desk->dec.name.len : 0;
    if (desk->dec.name.len)
        memcpy(name, desk->dec.name.data, desk->dec.name.len);
    desk->dec.name.data = (const uint8_t *)name;
    mr_guard_close(&g);
    return done(desk, n);
}

int mr_desk_rest(struct mr_desk *desk, const char *url, const void *data, size_t len)
{
    const struct mr_frame body = {.data = data, .len = (uint32_t)len, .clock = MR_CLOCK_KERNEL, .recv_ns = 77};
    int n = mr_decode_rest(&desk->dec, mr_span_of(url), &body, desk->table, desk->out, MR_DECODE_SLOTS);
    while (n == MR_E_SYMBOL && add_bare(desk))
        n = mr_decode_rest(&desk->dec, mr_span_of(url), &body, desk->table, desk->out, MR_DECODE_SLOTS);
    return done(desk, n);
}

static void same_slots(const struct mr_desk *a, const struct mr_desk *b, const uint8_t *line, size_t len)
{
    if (a->slots != b->slots || memcmp(a->out, b->out, a->slots * sizeof *a->out) != 0)
        fail_msg("the fast path differs on: %.*s\n general: %s\n shape:   %s", (int)len, (const char *)line, a->text,
                 b->text);
}

static void shapes_only(struct mr_desk *desk)
{
    desk->shapes_only = *desk->dec.venue;
    desk->shapes_only.usual = NULL;
    desk->dec.venue = &desk->shapes_only;
}

void mr_desk_learns(const char *venue_product, void (*stock)(struct mr_desk *desk), const char *const *messages,
                    size_t count, uint64_t hits)
{
    struct mr_desk *general = mr_desk_open(venue_product, false), *fast = mr_desk_open(venue_product, true);
    struct mr_shapes_stats stats;
    stock(general);
    stock(fast);
    shapes_only(fast);
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(messages[i]);
        assert_true(mr_desk_decode(general, messages[i], n) > 0);
        assert_int_equal(mr_desk_decode(fast, messages[i], n), (int)general->slots);
        same_slots(general, fast, (const uint8_t *)messages[i], n);
    }
    mr_shapes_stats(fast->dec.shapes, &stats);
    assert_int_equal(stats.hits, hits);
    mr_desk_close(general);
    mr_desk_close(fast);
}

/* A byte or some digits changed, or the end cut off: what a shape must not mistake for the message it learnt. */
static size_t mutated(const char *message, struct mr_random *r, char *out)
{
    size_t len = strlen(message);
    memcpy(out, message, len);
    uint64_t how = mr_random_below(r, 8);
    if (how == 0)
        return (size_t)mr_random_below(r, len + 1);
    if (how == 1)
        out[mr_random_below(r, len)] = (char)mr_random_next(r);
    else if (how == 2)
        out[mr_random_below(r, len)] = "\"\\,:[]{}-.e0"[mr_random_below(r, 12)];
    else
        for (size_t i = 0; i < len; i++)
            if (out[i] >= '0' && out[i] <= '9' && mr_random_below(r, how) == 0)
                out[i] = (char)('0' + mr_random_below(r, 10));
    return len;
}

/* Message and mutations alternate, so that shapes are learnt and then tried; both decoders see all of them in one
 * order. With the usual forms and without them. */
static void same_with_and_without_shapes(const char *venue_product, void (*stock)(struct mr_desk *desk),
                                         const struct mr_desk_case *cases, size_t count, bool usual)
{
    struct mr_desk *general = mr_desk_open(venue_product, false), *fast = mr_desk_open(venue_product, true);
    struct mr_random r = {2026};
    static char text[16384];
    stock(general);
    stock(fast);
    if (!usual)
        shapes_only(fast);
    for (size_t i = 0; i < count; i++)
        for (int round = 0; round < 200; round++) {
            MR_ASSERT(strlen(cases[i].message) <= sizeof text);
            size_t n = round % 4 ? mutated(cases[i].message, &r, text) : strlen(cases[i].message);
            const char *from = round % 4 ? text : cases[i].message;
            assert_int_equal(mr_desk_decode(general, from, n), mr_desk_decode(fast, from, n));
            same_slots(general, fast, (const uint8_t *)from, n);
            assert_int_equal(general->dec.kind, fast->dec.kind);
        }
    mr_desk_close(general);
    mr_desk_close(fast);
}

void mr_desk_expect(const char *venue_product, void (*stock)(struct mr_desk *desk), const struct mr_desk_case *cases,
                    size_t count)
{
    struct mr_desk *desk = mr_desk_open(venue_product, false);
    stock(desk);
    for (size_t i = 0; i < count; i++) {
        int n = mr_desk_decode(desk, cases[i].message, strlen(cases[i].message));
        if (n < 0)
            fail_msg("%s: %s (%s)", cases[i].says, mr_status_name(n),
                     desk->dec.error_field ? desk->dec.error_field : "");
        if (strcmp(desk->text, cases[i].events) != 0)
            fail_msg("%s:\n got  %s\n want %s", cases[i].says, desk->text, cases[i].events);
        assert_string_not_equal(desk->dec.venue->kinds[desk->dec.kind].name, "?");
    }
    mr_desk_close(desk);
    same_with_and_without_shapes(venue_product, stock, cases, count, true);
    same_with_and_without_shapes(venue_product, stock, cases, count, false);
}

void mr_desk_refuse(const char *venue_product, void (*stock)(struct mr_desk *desk), const struct mr_desk_refusal *cases,
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mr_desk *desk = mr_desk_open(venue_product, false);
        stock(desk);
        size_t len = strlen(cases[i].message);
        int n = mr_desk_decode(desk, cases[i].message, len);
        if (n != cases[i].status)
            fail_msg("%s: got %s, want %s", cases[i].says, mr_status_name(n < 0 ? n : 0),
                     mr_status_name(cases[i].status));
        const char *about = desk->dec.error_field ? desk->dec.error_field : "";
        if (cases[i].status == MR_E_UNKNOWN) {
            if (!mr_span_is(desk->dec.name, cases[i].about, strlen(cases[i].about)))
                fail_msg("%s: named %.*s, want %s", cases[i].says, (int)desk->dec.name.len,
                         (const char *)desk->dec.name.data, cases[i].about);
        } else if (cases[i].about && strcmp(about, cases[i].about) != 0) {
            fail_msg("%s: about %s, want %s", cases[i].says, about, cases[i].about);
        }
        assert_true(desk->dec.error_at <= len);
        mr_desk_close(desk);
    }
}

void mr_desk_bodies(struct mr_desk *desk, const struct mr_desk_body *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *events = cases[i].events ? cases[i].events : "";
        int n = mr_desk_rest(desk, cases[i].url, cases[i].body, strlen(cases[i].body));
        if ((n < 0 ? n : 0) != cases[i].status)
            fail_msg("%s: got %s (%s), want %s", cases[i].says, mr_status_name(n < 0 ? n : 0),
                     desk->dec.error_field ? desk->dec.error_field : "", mr_status_name(cases[i].status));
        if (strcmp(desk->text, events) != 0)
            fail_msg("%s:\n got  %s\n want %s", cases[i].says, desk->text, events);
    }
}

void mr_desk_instruments(struct mr_desk *desk, const struct mr_desk_instrument *want, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct mr_desk_instrument *w = &want[i];
        const struct mr_instrument *it =
            mr_instruments_find(desk->table, desk->dec.venue->id, desk->dec.product, mr_span_of(w->symbol));
        if (!it)
            fail_msg("%s is not in the table", w->symbol);
        if ((w->base && strcmp(it->base, w->base) != 0) || (w->quote && strcmp(it->quote, w->quote) != 0))
            fail_msg("%s: %s in %s", w->symbol, it->base, it->quote);
        if (it->type != w->type || it->flags != w->flags)
            fail_msg("%s: type %d, flags %d", w->symbol, it->type, it->flags);
        if ((w->tick && it->tick != w->tick) || (w->lot && it->lot != w->lot))
            fail_msg("%s: tick %lld, lot %lld", w->symbol, (long long)it->tick, (long long)it->lot);
        if (it->multiplier != w->multiplier || it->multiplier_scale != w->multiplier_scale)
            fail_msg("%s: multiplier %lld by 10^-%d", w->symbol, (long long)it->multiplier, it->multiplier_scale);
    }
}

void mr_desk_most(const char *venue_product, void (*stock)(struct mr_desk *desk), const char *head, const char *row,
                  const char *tail, uint32_t most)
{
    const size_t bytes = strlen(head) + (strlen(row) + 1) * (most + 1u) + strlen(tail) + 1;
    char *text = malloc(bytes);
    struct mr_desk *desk = mr_desk_open(venue_product, false);
    stock(desk);
    for (uint32_t extra = 0; extra < 2; extra++) {
        struct line l = {text, text + bytes};
        say(&l, "%s", head);
        for (uint32_t i = 0; i < most + extra; i++)
            say(&l, "%s%s", i ? "," : "", row);
        say(&l, "%s", tail);
        assert_int_equal(mr_desk_decode(desk, text, (size_t)(l.at - text)), extra ? MR_E_TOO_BIG : (int)most);
    }
    mr_desk_close(desk);
    free(text);
}

void mr_desk_room(const char *venue_product, void (*stock)(struct mr_desk *desk), const char *message, uint32_t slots)
{
    struct mr_desk *desk = mr_desk_open(venue_product, false);
    stock(desk);
    const struct mr_frame frame = {.data = (const uint8_t *)message, .len = (uint32_t)strlen(message)};
    for (uint32_t room = 0; room < slots; room++)
        assert_int_equal(mr_decode(&desk->dec, &frame, desk->out, room), MR_E_FULL);
    assert_int_equal(mr_decode(&desk->dec, &frame, desk->out, slots), slots);
    mr_desk_close(desk);
}

/* ---- recordings ---- */

/* [{"url":..,"recv_ns":..,"body":..},..] */
static void rest_bodies(struct mr_desk *desk, const char *folder, const char *name)
{
    char path[256];
    size_t len;
    struct mr_json j;
    struct mr_span key;
    snprintf(path, sizeof path, "%s.rest.json", name);
    uint8_t *data = mr_test_read(folder, path, &len);
    if (!data)
        return;
    mr_json_open(&j, data, (uint32_t)len);
    assert_true(mr_json_array(&j));
    while (mr_json_next(&j)) {
        struct mr_span url = {NULL, 0}, body = url;
        char plain[512];
        assert_true(mr_json_object(&j));
        while (mr_json_key(&j, &key))
            assert_true(mr_span_eq(key, "url")    ? mr_json_string(&j, &url)
                        : mr_span_eq(key, "body") ? mr_json_raw(&j, &body)
                                                  : mr_json_skip(&j));
        snprintf(plain, sizeof plain, "%.*s", (int)url.len, (const char *)url.data);
        int n = mr_desk_rest(desk, plain, body.data, body.len);
        if (n < 0 && !(n == MR_E_UNKNOWN && desk->dec.name.len)) /* counted under its name (a URL without a symbol) */
            fail_msg("%s: %s (%s)", plain, mr_status_name(n), desk->dec.error_field ? desk->dec.error_field : "");
    }
    assert_int_equal(mr_json_close(&j), MR_OK);
    free(data);
}

void mr_desk_recording(const char *venue_product, const char *folder, const char *name,
                       const struct mr_desk_count *counts)
{
    char path[4096];
    const char *root = mr_test_captures();
    if (!root) {
        mr_test_skip_line("no recordings (MILLRACE_CAPTURES)");
        skip();
    }
    snprintf(path, sizeof path, "%s/%s", root, folder);
    struct mr_desk *general = mr_desk_open(venue_product, false), *fast = mr_desk_open(venue_product, true);
    rest_bodies(general, path, name);
    rest_bodies(fast, path, name);
    size_t len;
    char file[256];
    snprintf(file, sizeof file, "%s.jsonl", name);
    uint8_t *data = mr_test_read(path, file, &len);
    assert_non_null(data);
    for (uint8_t *at = data, *end = data + len, *eol; at < end; at = eol + 1) {
        eol = memchr(at, '\n', (size_t)(end - at));
        eol = eol ? eol : end;
        size_t n = (size_t)(eol - at);
        int status = mr_desk_decode(general, at, n);
        if (status < 0)
            fail_msg("%s (%s): %.*s", mr_status_name(status), general->dec.error_field ? general->dec.error_field : "",
                     (int)n, (const char *)at);
        assert_int_equal(mr_desk_decode(fast, at, n), status);
        same_slots(general, fast, at, n);
    }
    uint64_t total = 0, want = 0;
    for (uint32_t k = 0; k < MR_VENUE_KINDS_MAX; k++)
        total += general->dec.messages[k];
    for (; counts->kind; counts++) {
        uint64_t got = 0;
        for (uint32_t k = 0; general->dec.venue->kinds[k].name; k++)
            if (strcmp(general->dec.venue->kinds[k].name, counts->kind) == 0)
                got = general->dec.messages[k];
        if (got != counts->count)
            fail_msg("%s: %llu messages, want %llu", counts->kind, (unsigned long long)got,
                     (unsigned long long)counts->count);
        want += counts->count;
    }
    assert_int_equal(total, want); /* nothing else was in it */
    struct mr_shapes_stats stats;
    mr_shapes_stats(fast->dec.shapes, &stats);
    printf("%s: %llu messages, %llu by shape\n", name, (unsigned long long)total, (unsigned long long)stats.hits);
    free(data);
    mr_desk_close(general);
    mr_desk_close(fast);
}
