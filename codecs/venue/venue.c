#include "codecs/venue/venue.h"

#include <stdio.h>

#include "codecs/venue/take.h"

#define MR_VENUE(id, folder, title) extern const struct mr_venue mr_venue_##folder;
#include "codecs/venue/venues_built.def"
#undef MR_VENUE

static const struct mr_venue *const venues[] = {
#define MR_VENUE(id, folder, title) &mr_venue_##folder,
#include "codecs/venue/venues_built.def"
#undef MR_VENUE
};

/* ---- decoding ---- */

/* What is the same for every venue: the frame's own stamps on each group, FIRST and LAST. */
static void finish(const struct mr_frame *frame, union mr_slot *out, uint32_t slots)
{
    uint8_t flags = (uint8_t)(MR_FLAG_FIRST | frame->clock << MR_FLAG_CLOCK_SHIFT);
    union mr_slot *last = out;
    for (uint32_t at = 0; at < slots; at += mr_event_slots(last)) {
        last = &out[at];
        last->event.recv_ns = frame->recv_ns;
        last->event.connection = frame->connection;
        last->event.flags |= flags;
        flags &= (uint8_t)~MR_FLAG_FIRST;
    }
    if (slots)
        last->event.flags |= MR_FLAG_LAST;
}

static void forget_shapes(struct mr_decoder *dec)
{
    dec->changes = mr_instruments_changes(dec->instruments);
    mr_shapes_clear(dec->shapes);
}

static int general(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    dec->kind = 0;
    dec->error_at = 0;
    dec->error_field = NULL;
    dec->name = (struct mr_span){NULL, 0};
    mr_shape_record_begin(&dec->recorder, dec->shapes, frame, out);
    int n = dec->venue->decode(dec, frame, out, out_max);
    if (mr_unlikely(n < 0))
        return n;
    MR_DCHECK((uint32_t)n <= out_max);
    finish(frame, out, (uint32_t)n);
    dec->messages[dec->kind]++;
    if (dec->recorder.on)
        mr_shapes_learn(dec->shapes, &dec->recorder, frame, (uint32_t)n, dec->kind);
    return n;
}

int mr_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    if (mr_likely(dec->shapes != NULL)) {
        int n = dec->venue->usual ? dec->venue->usual(dec, frame, out, out_max) : MR_E_AGAIN;
        if (n > 0) {
            finish(frame, out, (uint32_t)n);
            dec->messages[dec->kind]++;
            return n;
        }
        if (mr_unlikely(dec->changes != mr_instruments_changes(dec->instruments)))
            forget_shapes(dec);
        n = mr_shapes_decode(dec->shapes, frame, out, out_max, &dec->kind);
        if (mr_likely(n >= 0)) {
            dec->messages[dec->kind]++;
            return n;
        }
    }
    return general(dec, frame, out, out_max);
}

int mr_decode_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body,
                   struct mr_instruments *table, union mr_slot *out, uint32_t out_max)
{
    dec->kind = 0;
    dec->error_at = 0;
    dec->error_field = NULL;
    dec->name = (struct mr_span){NULL, 0};
    mr_shape_record_begin(&dec->recorder, NULL, body, out);
    int n = dec->venue->rest(dec, url, body, table, out, out_max);
    if (n > 0)
        finish(body, out, (uint32_t)n);
    return n;
}

size_t mr_decoder_bytes(const struct mr_venue *venue, uint32_t instruments)
{
    return venue->state_bytes + venue->state_bytes_each * instruments;
}

void mr_decoder_init(struct mr_decoder *dec, const struct mr_venue *venue, uint8_t product,
                     struct mr_instruments *instruments, struct mr_shapes *shapes, void *state)
{
    memset(dec, 0, sizeof *dec);
    dec->venue = venue;
    dec->product = product;
    dec->instruments = instruments;
    dec->shapes = shapes;
    dec->state = state;
    size_t bytes = mr_decoder_bytes(venue, mr_instruments_capacity(instruments));
    if (bytes)
        memset(state, 0, bytes);
    mr_decoder_reset(dec);
}

void mr_decoder_reset(struct mr_decoder *dec)
{
    dec->last = NULL;
    memset(dec->guess, 0, sizeof dec->guess);
    if (dec->shapes)
        forget_shapes(dec);
    if (dec->venue->reset)
        dec->venue->reset(dec);
}

int mr_decoder_liquidators(struct mr_decoder *dec, const struct mr_liquidator *who, uint32_t count)
{
    if (!dec->venue->liquidators)
        return count ? MR_E_UNSUPPORTED : MR_OK;
    return dec->venue->liquidators(dec, who, count);
}

bool mr_liquidator_good(const struct mr_liquidator *who)
{
    const char *text = who->address;
    return strnlen(text, sizeof who->address) == sizeof who->address - 1 && text[0] == '0' && (text[1] | 0x20) == 'x' &&
           strspn(text + 2, "0123456789abcdefABCDEF") == sizeof who->address - 3;
}

/* ---- what decoders share (take.h), the part that is not per message ---- */

int mr_take_fail(struct mr_decoder *dec, int status, const char *field, const uint8_t *at)
{
    dec->error_field = field;
    dec->error_at = at ? (uint32_t)(at - dec->recorder.data) : 0;
    return status;
}

bool mr_take_skip(struct mr_decoder *dec, struct mr_json *j)
{
    struct mr_span text;
    enum mr_json_type type = mr_json_peek(j);
    if (type != MR_JSON_NUMBER && type != MR_JSON_STRING)
        return mr_json_skip(j);
    if (!mr_json_text(j, &text))
        return false;
    mr_take_ignore(dec, text);
    return true;
}

uint32_t mr_take_book(union mr_slot *slot, uint32_t bids, uint32_t asks)
{
    uint32_t levels = bids + asks;
    MR_DCHECK(bids <= UINT16_MAX && asks <= UINT16_MAX);
    slot->book.bid_count = (uint16_t)bids;
    slot->book.ask_count = (uint16_t)asks;
    struct mr_level aside, *end = mr_take_levels(slot) + levels;
    for (uint32_t i = 0; i < 3; i++) { /* as many times each time: nobody can foresee how many levels there are */
        struct mr_level *to = i < (-levels & 3) ? end + i : &aside;
        __asm__("" : "+r"(to));
        *to = (struct mr_level){0, 0};
    }
    return 1 + (levels + 3) / 4;
}

/* ---- the table ---- */

const struct mr_venue *mr_venue_by_id(uint8_t id)
{
    for (size_t i = 0; i < MR_COUNT_OF(venues); i++)
        if (venues[i]->id == id)
            return venues[i];
    return NULL;
}

const struct mr_venue *mr_venue_by_name(const char *name)
{
    for (size_t i = 0; i < MR_COUNT_OF(venues); i++)
        if (strcmp(venues[i]->name, name) == 0)
            return venues[i];
    return NULL;
}

static int unknown(const char *text, struct mr_err *err)
{
    char known[384];
    size_t len = 0;
    known[0] = 0;
    for (size_t i = 0; i < MR_COUNT_OF(venues); i++)
        for (const struct mr_product *p = venues[i]->products; p->name && len < sizeof known; p++)
            len +=
                (size_t)snprintf(known + len, sizeof known - len, "%s%s:%s", len ? ", " : "", venues[i]->name, p->name);
    return mr_err_set(err, MR_E_UNKNOWN, "no venue \"%.64s\"; known: %s", text, known);
}

int mr_venue_parse(const char *text, const struct mr_venue **venue, uint8_t *product, struct mr_err *err)
{
    for (size_t i = 0; i < MR_COUNT_OF(venues); i++) {
        size_t n = strlen(venues[i]->name);
        if (strncmp(text, venues[i]->name, n) != 0 || text[n] != ':')
            continue;
        for (uint8_t row = 0; venues[i]->products[row].name; row++)
            if (strcmp(venues[i]->products[row].name, text + n + 1) == 0) {
                *venue = venues[i];
                *product = row;
                return MR_OK;
            }
    }
    return unknown(text, err);
}
