/* Shared by the shapes' files only: how a shape lies in memory, and what a kernel is. */
#ifndef MR_SHAPE_SHAPE_PRIV_H
#define MR_SHAPE_SHAPE_PRIV_H

#include "codecs/shape/shape.h"
#include "codecs/venue/venue.h" /* struct mr_frame */

#define SHAPE_WAYS   4
#define SHAPE_GROUPS (MR_SHAPE_NUMBERS / 4)
#define SHAPE_WINDOW 16 /* bytes loaded for one number */
#define SHAPE_TEXTS  4  /* MR_SHAPE_TEXT spans */

static_assert(SHAPE_GROUPS * 4 == MR_SHAPE_NUMBERS, "numbers are patched in groups of four");

/* Four numbers: value = base + factor * (the digits that `shuffle` picks from the 16 bytes at `window`, right-aligned).
 * Unused lanes repeat lane 0, so that all four are always stored. */
struct shape_group {
    uint8_t shuffle[4][SHAPE_WINDOW]; /* 0x80: no digit */
    int64_t factor[4];
    int64_t base[4]; /* what the pinned leading digits are worth */
    uint16_t window[4];
    uint16_t target[4]; /* byte offset in the output slots */
} MR_ALIGNED;

struct shape_notional {
    bool inverse;
    bool short_way;   /* multiplier 1 and at most 18 digits to drop: see shape_kernel.c */
    uint8_t slot;     /* whose price, size, aux */
    uint8_t drop;     /* decimal digits to drop from price * size */
    uint8_t price_scale, size_scale;
    int8_t multiplier_scale;
    int64_t multiplier;
};

struct shape {
    uint16_t len;
    uint8_t kind;
    uint8_t slots;
    uint8_t chunks; /* of kernel->width bytes */
    uint8_t groups; /* of four numbers */
    uint8_t heads;  /* slots that open a group */
    uint8_t notionals;
    uint8_t texts;
    uint8_t head[MR_SHAPE_SLOTS];
    struct {
        uint16_t at, len;
    } text[SHAPE_TEXTS];
    struct shape_notional notional[MR_SHAPE_SLOTS];
    /* chunk c: `width` bytes of the lowest legal byte, then `width` bytes of how far above it is legal */
    uint8_t check[2 * MR_SHAPE_TEXT_MAX] MR_ALIGNED;
    struct shape_group group[SHAPE_GROUPS];
    union mr_slot slot[MR_SHAPE_SLOTS];
} MR_ALIGNED;

struct shape_set {
    uint64_t tag[SHAPE_WAYS]; /* 0: empty */
    uint32_t next;            /* the way that is replaced next: the oldest */
    uint32_t spare[7];
};
static_assert(sizeof(struct shape_set) == 64, "a set is one cache line");

struct shape_kernel;

struct mr_shapes {
    const struct shape_kernel *kernel;
    struct shape_set *sets;
    struct shape *shapes; /* SHAPE_WAYS a set */
    uint32_t set_mask;
    uint32_t texts; /* shapes that have some: only then a second, looser look is worth it */
    uint32_t credit; /* of learning: see mr_shapes_learn */
    struct mr_shapes_stats stats;
};

/* One SIMD width. `key` is a hash of length, digit positions and the letters of the first 64 bytes; `loose` leaves the
 * digit positions out, for shapes with texts. Both never 0. */
struct shape_kernel {
    uint32_t width;
    uint32_t len_min;
    bool masked; /* the last chunk is loaded in part; else it overlaps the one before */
    uint64_t (*key)(const uint8_t *data, uint32_t len, bool loose);
    int (*decode)(struct mr_shapes *shapes, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max,
                  uint8_t *kind);
    /* One shape on one message whatever its key: MR_E_AGAIN if it does not match. */
    int (*apply)(const struct shape *shape, const struct mr_frame *frame, union mr_slot *out);
};
extern const struct shape_kernel *const mr_shape_kernels[MR_KERNEL_COUNT];

#endif
