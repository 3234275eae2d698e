/* Any bytes as a control message of any product. Holds for every input:
 *   texts end within their fields, without control characters, in whole UTF-8;
 *   what is understood is legal JSON, or one of the venue's bare texts, and a blank in front changes nothing;
 *   decoder and dialect agree: what the decoder counts as control says something, what holds market data says nothing.
 *
 * Input: a byte for the product, then the message. */
#include <stdio.h>
#include <stdlib.h>

#include "codecs/venue/dial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const products[] = {"binance:usdm",   "binance:spot", "bybit:linear",     "bybit:spot",
                                       "okx:public",     "okx:business", "hyperliquid:perp", "mexc:futures",
                                       "kucoin:futures", "kucoin:spot",  "polymarket:clob",  "polymarket:rtds"};
enum { INSTRUMENTS = 16, STATE = 1 << 14 };

static void check_text(const char *text, size_t bytes)
{
    uint32_t at, len = (uint32_t)strnlen(text, bytes);
    char quoted[512];
    MR_ASSERT(len < bytes);
    quoted[0] = '"';
    size_t n = 1;
    for (uint32_t i = 0; i < len; i++) {
        MR_ASSERT((uint8_t)text[i] >= ' ');
        if (text[i] == '"' || text[i] == '\\')
            quoted[n++] = '\\';
        quoted[n++] = text[i];
    }
    quoted[n++] = '"';
    MR_ASSERT(mr_json_check((const uint8_t *)quoted, (uint32_t)n, &at) == MR_OK);
}

static bool bare(const uint8_t *text, size_t len)
{
    static const char greeting[] = "Websocket connection established.";
    static const char *const polymarket[] = {"", "PONG", "INVALID OPERATION", "INVALID MESSAGE"};
    for (size_t i = 0; i < MR_COUNT_OF(polymarket); i++)
        if (len == strlen(polymarket[i]) && memcmp(text, polymarket[i], len) == 0)
            return true;
    return (len == 4 && memcmp(text, "pong", 4) == 0) ||
           (len == sizeof greeting - 1 && memcmp(text, greeting, sizeof greeting - 1) == 0);
}

/* The decoder's opinion: control (1), market data (0), or none (-1). */
static int opinion(const struct mr_venue *venue, uint8_t product, const uint8_t *text, uint32_t len)
{
    static struct mr_instruments *table;
    static union mr_slot *out;
    static uint8_t *state;
    struct mr_decoder dec;
    if (!table) {
        table = aligned_alloc(64, (mr_instruments_bytes(INSTRUMENTS) + 63) / 64 * 64);
        out = aligned_alloc(64, MR_DECODE_SLOTS * sizeof *out);
        state = aligned_alloc(64, STATE);
        MR_ASSERT(table && out && state);
    }
    MR_ASSERT(mr_decoder_bytes(venue, INSTRUMENTS) <= STATE);
    mr_instruments_init(table, INSTRUMENTS);
    mr_decoder_init(&dec, venue, product, table, NULL, state);
    struct mr_frame frame = {.data = text, .len = len};
    int n = mr_decode(&dec, &frame, out, MR_DECODE_SLOTS);
    for (int i = 0; n == MR_E_SYMBOL && i < 4; i++) {
        if (mr_instruments_add_bare(table, venue->id, product, dec.name) < 0)
            break;
        n = mr_decode(&dec, &frame, out, MR_DECODE_SLOTS);
    }
    /* In an array of several messages the last one's kind stands for all, so these have no say. */
    if (n < 0 || (venue->id == MR_VENUE_binance && memchr(text, '[', len)))
        return -1;
    return venue->kinds[dec.kind].channel == MR_CONTROL ? 1 : n > 0 ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct mr_venue *venue;
    struct mr_control said, again;
    uint8_t product;
    uint32_t at;
    if (size < 1 || size > 1 << 16)
        return 0;
    MR_ASSERT(mr_venue_parse(products[data[0] % MR_COUNT_OF(products)], &venue, &product, NULL) == MR_OK);
    const struct mr_dialect *dialect = mr_dialect_of(venue);
    uint32_t len = (uint32_t)size - 1;
    uint8_t *exact = malloc(len ? len : 1u), *blank = malloc(len + 1u); /* their ends are the sanitizer's */
    memcpy(exact, data + 1, len);
    blank[0] = ' ';
    memcpy(blank + 1, exact, len);
    dialect->control(product, (struct mr_span){exact, len}, &said);
    MR_ASSERT(said.kind <= MR_CONTROL_WELCOME);
    check_text(said.text, sizeof said.text);
    check_text(said.stream, sizeof said.stream);
    if (said.kind != MR_CONTROL_NONE)
        MR_ASSERT(mr_json_check(exact, len, &at) == MR_OK || bare(exact, len));
    int expected = opinion(venue, product, exact, len);
    MR_ASSERT(expected != 1 || said.kind != MR_CONTROL_NONE);
    MR_ASSERT(expected != 0 || said.kind == MR_CONTROL_NONE);
    if (!bare(exact, len)) {
        dialect->control(product, (struct mr_span){blank, len + 1}, &again);
        MR_ASSERT(memcmp(&said, &again, sizeof said) == 0);
    }
    free(exact);
    free(blank);
    return 0;
}
