/* The instrument table: small integers for everything that trades.
 *
 * Ids are given in the order of adding, only grow within a workspace epoch, and are never persisted:
 * recordings, digests and other processes use (venue, product, raw symbol).
 *
 * Memory  one block of mr_instruments_bytes(capacity), no pointers inside, so it can lie in a workspace
 *         and be read by other processes.
 * Thread  one writer (boot, or the feed tile at housekeeping); readers see an entry once `count` covers it
 *         (release / acquire). A changed tick is a new `generation` of the same id.
 * Scales  0-definitions: max(8, decimals of the tick) if the largest price then stays under 2^62, else the
 *         tick's decimals. Without metadata 8 and 8, and MR_INSTRUMENT_NO_METADATA. */
#ifndef MR_EVENT_INSTRUMENT_H
#define MR_EVENT_INSTRUMENT_H

#include "codecs/event/event.h"

#define MR_SYMBOL_BYTES 96 /* Polymarket's asset ids have 78 digits */
#define MR_ASSET_BYTES 24

enum mr_instrument_type {
    MR_TYPE_UNKNOWN,
    MR_TYPE_SPOT,
    MR_TYPE_PERPETUAL,
    MR_TYPE_FUTURE,
    MR_TYPE_OPTION,
    MR_TYPE_OUTCOME
};
enum mr_instrument_flag {
    MR_INSTRUMENT_NO_METADATA = 1 << 0,
    MR_INSTRUMENT_INVERSE = 1 << 1,   /* size counts quote currency: notional = size * multiplier */
    MR_INSTRUMENT_QUOTE_USD = 1 << 2, /* quote is USD or a dollar stablecoin: notionals are USD */
    MR_INSTRUMENT_HALTED = 1 << 3,
};

struct mr_instrument {
    uint32_t id;
    uint32_t generation;
    uint8_t venue;   /* enum mr_venue_id     */
    uint8_t product; /* row in the venue's products[] */
    uint8_t type;    /* enum mr_instrument_type */
    uint8_t flags;   /* enum mr_instrument_flag */
    int8_t price_scale, size_scale;
    int8_t tick_decimals, lot_decimals; /* as the venue prints them; -1 unknown */
    mr_price tick;                      /* at price_scale; 0 unknown */
    mr_size lot;                        /* at size_scale;  0 unknown */
    int64_t multiplier;      /* contract multiplier: base units (or quote, if inverse) a size of 1 stands for ... */
    int8_t multiplier_scale; /* ... in 10^-multiplier_scale. 1 and 0 where sizes are in base already */
    uint8_t symbol_len;
    uint16_t underlying;          /* index of the base asset's group (table.underlyings) */
    uint32_t version;             /* odd while being rewritten: mr_instruments_read */
    char symbol[MR_SYMBOL_BYTES]; /* raw, as on the wire */
    char base[MR_ASSET_BYTES], quote[MR_ASSET_BYTES];
};

struct mr_instruments; /* the table */

size_t mr_instruments_bytes(uint32_t capacity);
struct mr_instruments *mr_instruments_init(void *mem, uint32_t capacity);

/* Adds, or returns the id that (venue, product, symbol) already has (metadata then replaces the old and
 * raises `generation` when scale, tick, lot or multiplier differ).
 * QUOTE_USD and the underlying follow from quote and base; base gets its common name (XBT is BTC, kPEPE and PEPE1000 are
 * 1000PEPE); what knows nothing (NO_METADATA) replaces nothing.
 * >= 0 the id; MR_E_FULL; MR_E_TOO_BIG symbol empty or too long; MR_E_RANGE scales outside 0..18. */
int64_t mr_instruments_add(struct mr_instruments *table, const struct mr_instrument *what);

/* Adds a symbol of which nothing is known: scales 8 and 8, flagged; base, quote, type and Binance's COIN-M contract
 * size guessed by the spelling where it is plain, else left empty. */
int64_t mr_instruments_add_bare(struct mr_instruments *table, uint8_t venue, uint8_t product, struct mr_span symbol);

/* The instrument, or NULL. Hot: one hash, one compare. */
const struct mr_instrument *mr_instruments_find(const struct mr_instruments *table, uint8_t venue, uint8_t product,
                                                struct mr_span symbol);
const struct mr_instrument *mr_instruments_get(const struct mr_instruments *table, uint32_t id); /* NULL if none */
uint32_t mr_instruments_count(const struct mr_instruments *table);
uint32_t mr_instruments_capacity(const struct mr_instruments *table);
/* How often metadata of a known instrument was replaced: who keeps anything derived from it (shapes) compares this. */
uint32_t mr_instruments_changes(const struct mr_instruments *table);
/* Checks a table that another process made: MR_OK, or MR_E_CORRUPT (not a table of that many bytes). */
int mr_instruments_check(const void *mem, size_t bytes);
/* A consistent copy, for readers that are not the writing thread. MR_OK, MR_E_SYMBOL, MR_E_AGAIN (writer is busy). */
int mr_instruments_read(const struct mr_instruments *table, uint32_t id, struct mr_instrument *out);

/* The same check, and the capacity as it was then: if only ids below it are asked for, mr_instruments_read and the copy of
 * a name read nothing outside the table, whatever another process writes into it later. */
int mr_instruments_attach(const void *mem, size_t bytes, uint32_t *capacity);
/* The name as it stands, cut to what `out` holds; "" if there is none. */
void mr_instruments_underlying_copy(const struct mr_instruments *table, uint32_t capacity, uint16_t underlying,
                                    char out[MR_ASSET_BYTES]);

/* Groups of instruments with one base asset ("BTC" of XBT, BTC; 1000PEPE and kPEPE are PEPE). */
uint32_t mr_instruments_underlyings(const struct mr_instruments *table);
const char *mr_instruments_underlying_name(const struct mr_instruments *table, uint16_t underlying);

/* Sets scales, tick, lot and their decimals from tick and lot texts ("0.10", "0.001") by the rule above, and clears
 * NO_METADATA when both are known. The largest price is not in the metadata: 10^10 ticks are taken for it. Where 8
 * digits do not fit (lots of 1 and more: meme coins in trillions; ticks of 5 and more) the scale is the step's decimals
 * and 4, because orders older than the present step rest in books. An empty text: unknown.
 * MR_OK; MR_E_MALFORMED; MR_E_RANGE negative, or more decimals than 18: nothing changed. */
int mr_instrument_scales(struct mr_instrument *instrument, struct mr_span tick, struct mr_span lot);

/* Notional of a trade in micro units of the quote currency: price * size * multiplier, or size * multiplier of an
 * inverse contract. MR_OK or MR_E_OVERFLOW. */
MR_INLINE int mr_instrument_notional(const struct mr_instrument *it, mr_price price, mr_size size, int64_t *out)
{
    if (mr_unlikely(it->flags & MR_INSTRUMENT_INVERSE))
        return mr_notional_micro(1, 0, size, it->size_scale, it->multiplier, it->multiplier_scale, out);
    return mr_notional_micro(price, it->price_scale, size, it->size_scale, it->multiplier, it->multiplier_scale, out);
}

#endif
