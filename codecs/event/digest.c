#include "codecs/event/digest.h"

#include <stdio.h>
#define XXH_STATIC_LINKING_ONLY /* the state's size: it lies in the caller's memory */
#include <xxhash.h>

#include "codecs/venue/venue.h" /* names of venues, products and kinds; nothing else of that layer */

#define ROOM 1024 /* bytes gathered before they are hashed */

struct mr_digest {
    XXH3_state_t hash;
    uint64_t count;
    uint32_t used;
    uint8_t room[ROOM];
};
static_assert(_Alignof(struct mr_digest) <= MR_LINE_BYTES, "callers align to a line");

size_t mr_digest_bytes(void) { return (sizeof(struct mr_digest) + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES; }

struct mr_digest *mr_digest_init(void *mem)
{
    MR_ASSERT(((uintptr_t)mem & (MR_LINE_BYTES - 1)) == 0);
    struct mr_digest *d = memset(mem, 0, sizeof *d);
    XXH3_INITSTATE(&d->hash);
    MR_ASSERT(XXH3_128bits_reset(&d->hash) == XXH_OK);
    return d;
}

static void flush(struct mr_digest *d)
{
    MR_ASSERT(XXH3_128bits_update(&d->hash, d->room, d->used) == XXH_OK);
    d->used = 0;
}

static void put(struct mr_digest *d, const void *data, uint32_t len)
{
    MR_DCHECK(len <= ROOM);
    if (d->used + len > ROOM)
        flush(d);
    memcpy(d->room + d->used, data, len);
    d->used += len;
}

static void put_u8(struct mr_digest *d, uint8_t value) { put(d, &value, 1); }

static void put_u64(struct mr_digest *d, uint64_t value)
{
    put(d, &value, sizeof value); /* little endian: event.h builds for nothing else */
}

static void put_i64(struct mr_digest *d, int64_t value) { put(d, &value, sizeof value); }

static void put_text(struct mr_digest *d, const char *text, size_t len)
{
    MR_DCHECK(len < 256);
    put_u8(d, (uint8_t)len);
    put(d, text, (uint32_t)len);
}

/* value * 10^exponent, trailing zeros moved into the exponent in falling powers: at most six divisions by a
 * constant. */
static void put_decimal(struct mr_digest *d, int64_t value, int exponent)
{
    static const struct {
        int64_t power;
        int zeros;
    } steps[] = {
        {10000000000000000, 16}, {100000000, 8}, {10000, 4}, {100, 2}, {10, 1},
    };
    if (value == 0)
        exponent = 0;
    else
        for (size_t i = 0; i < MR_COUNT_OF(steps); i++)
            while (value % steps[i].power == 0) {
                value /= steps[i].power;
                exponent += steps[i].zeros;
            }
    int16_t places = (int16_t)exponent;
    put(d, &value, sizeof value);
    put(d, &places, sizeof places);
}

struct scales {
    int price, size; /* exponents: minus the instrument's scales */
};

static void put_trade(struct mr_digest *d, const struct mr_event *ev, struct scales s)
{
    put_decimal(d, ev->price, s.price);
    put_decimal(d, ev->size, s.size);
    put_decimal(d, ev->aux, -6);
}

static void put_value(struct mr_digest *d, const struct mr_event *ev)
{
    put_decimal(d, ev->price, ev->exponent);
    put_i64(d, ev->size);
    put_i64(d, ev->aux);
}

static void put_plain(struct mr_digest *d, const struct mr_event *ev)
{
    put_i64(d, ev->price);
    put_i64(d, ev->size);
    put_i64(d, ev->aux);
}

static void put_candle(struct mr_digest *d, const struct mr_candle *c, struct scales s)
{
    const int64_t prices[] = {c->open, c->high, c->low, c->close};
    for (size_t i = 0; i < MR_COUNT_OF(prices); i++)
        put_decimal(d, prices[i], s.price);
    put_decimal(d, c->volume, s.size);
    put_i64(d, c->open_ns);
    put(d, &c->interval_s, sizeof c->interval_s);
    put(d, &c->trades, sizeof c->trades);
    put_u8(d, c->closed);
}

static void put_book(struct mr_digest *d, const union mr_slot *group, struct scales s)
{
    const struct mr_book_head *head = &group->book;
    uint32_t n = (uint32_t)head->bid_count + head->ask_count;
    MR_ASSERT(n <= MR_LEVELS_MAX);
    put_u64(d, head->first_seq);
    put_u64(d, head->prev_seq);
    put_u8(d, head->book_flags);
    put(d, &head->checksum, sizeof head->checksum);
    put(d, &head->bid_count, sizeof head->bid_count);
    put(d, &head->ask_count, sizeof head->ask_count);
    const struct mr_level *level = mr_event_levels(group);
    for (uint32_t i = 0; i < n; i++) {
        put_decimal(d, level[i].price, s.price);
        put_decimal(d, level[i].size, s.size);
    }
}

static void put_instrument(struct mr_digest *d, const struct mr_instrument *instrument, uint8_t source)
{
    const struct mr_venue *venue = instrument ? mr_venue_by_id(instrument->venue) : NULL;
    if (!venue) { /* no instrument, or one of a test's own making: the empty name, and the number it carries */
        put_text(d, "", 0);
        put_u8(d, source);
        return;
    }
    const char *product = venue->products[instrument->product].name, *kind = venue->kinds[source].name;
    put_text(d, venue->name, strlen(venue->name));
    put_text(d, product, strlen(product));
    put_text(d, instrument->symbol, instrument->symbol_len);
    put_text(d, kind, strlen(kind));
}

void mr_digest_update(struct mr_digest *d, const union mr_slot *group, const struct mr_instrument *instrument)
{
    const struct mr_event *ev = &group->event;
    struct scales s = {-8, -8};
    if (instrument)
        s = (struct scales){-instrument->price_scale, -instrument->size_scale};
    d->count++;
    put_u8(d, ev->kind);
    put_u8(d, ev->flags & (uint8_t)~MR_FLAG_CLOCK);
    put_i64(d, ev->venue_ns);
    put_u64(d, ev->seq);
    put_instrument(d, instrument, ev->source);
    switch (ev->kind) {
    case MR_EVENT_TRADE:
    case MR_EVENT_LIQUIDATION:
        put_trade(d, ev, s);
        break;
    case MR_EVENT_BBO:
    case MR_EVENT_BOOK:
        put_book(d, group, s);
        break;
    case MR_EVENT_MARK:
    case MR_EVENT_INDEX:
    case MR_EVENT_FUNDING:
    case MR_EVENT_OPEN_INTEREST:
        put_value(d, ev);
        break;
    case MR_EVENT_CANDLE:
        put_candle(d, &group[1].candle, s);
        break;
    default:
        put_plain(d, ev);
    }
}

void mr_digest_update_bytes(struct mr_digest *d, const void *data, size_t len)
{
    d->count++;
    put_u64(d, len);
    flush(d);
    MR_ASSERT(XXH3_128bits_update(&d->hash, data, len) == XXH_OK);
}

/* What stands in `room` is hashed into a copy: reading the digest changes nothing. */
static XXH128_canonical_t value_of(const struct mr_digest *d)
{
    XXH3_state_t MR_ALIGNED hash;
    XXH3_copyState(&hash, &d->hash);
    MR_ASSERT(XXH3_128bits_update(&hash, d->room, d->used) == XXH_OK);
    XXH128_canonical_t out;
    XXH128_canonicalFromHash(&out, XXH3_128bits_digest(&hash));
    return out;
}

void mr_digest_combine(struct mr_digest *total, const struct mr_digest *part)
{
    XXH128_canonical_t value = value_of(part);
    total->count += part->count;
    put_u64(total, part->count);
    put(total, &value, sizeof value);
}

uint64_t mr_digest_count(const struct mr_digest *d) { return d->count; }

uint32_t mr_digest_text(const struct mr_digest *d, uint64_t dropped, char *out)
{
    if (dropped)
        return (uint32_t)snprintf(out, MR_DIGEST_TEXT, "digest not comparable: %llu dropped",
                                  (unsigned long long)dropped);
    XXH128_canonical_t value = value_of(d);
    for (size_t i = 0; i < sizeof value.digest; i++)
        snprintf(out + 2 * i, 3, "%02x", value.digest[i]);
    return 2 * sizeof value.digest;
}
