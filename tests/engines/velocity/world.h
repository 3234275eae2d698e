/* Instruments and events for velocity tests. */
#ifndef MR_TESTS_VELOCITY_WORLD_H
#define MR_TESTS_VELOCITY_WORLD_H

#include "engines/velocity/velocity.h"
#include "tests/support/support.h"

#define MS  1000000ll
#define SEC 1000000000ll
#define USD 1000000ll

/* 12 instruments: ids 0 .. 11 are underlying id / 4, venues 1 .. 4 in turn; underlying 0 is BTC. */
#define WORLD_INSTRUMENTS 12
#define WORLD_UNDERLYINGS 3

static inline struct mr_instrument world_instrument(uint32_t id)
{
    struct mr_instrument in = {.id = id,
                               .venue = (uint8_t)(id % 4 + 1),
                               .underlying = (uint16_t)(id / 4),
                               .price_scale = 8,
                               .size_scale = 8,
                               .flags = MR_INSTRUMENT_QUOTE_USD};
    static const char *const bases[] = {"BTC", "ETH", "PEPE"};
    strcpy(in.base, bases[id / 4 % 3]);
    return in;
}

static inline struct mr_event world_event(int64_t now, uint32_t id, int64_t micro, bool is_short)
{
    return (struct mr_event){.recv_ns = now,
                             .kind = MR_EVENT_LIQUIDATION,
                             .instrument = id,
                             .aux = micro,
                             .price = 6712345000000,
                             .size = 100000000,
                             .flags = is_short ? MR_FLAG_SELL : 0};
}

static inline void world_happen(struct mr_velocity *v, int64_t now, uint32_t id, int64_t micro, bool is_short)
{
    struct mr_instrument in = world_instrument(id);
    struct mr_event ev = world_event(now, id, micro, is_short);
    mr_velocity_apply(v, &ev, &in);
}

static const struct mr_velocity_config world_config = {.instruments = WORLD_INSTRUMENTS,
                                                       .underlyings = WORLD_UNDERLYINGS};

/* One engine at a time, in memory that was never zero. */
static inline struct mr_velocity *world_engine(const struct mr_velocity_config *config)
{
    static void *mem;
    free(mem);
    size_t bytes = (mr_velocity_bytes(config) + 63) / 64 * 64;
    mem = aligned_alloc(64, bytes);
    memset(mem, 0xa5, bytes);
    return mr_velocity_init(mem, config);
}

#endif
