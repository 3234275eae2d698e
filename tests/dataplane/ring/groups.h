/* Groups that can be told whole from torn: the first slot says length and number, every word is made from both. */
#ifndef MR_TESTS_RING_GROUPS_H
#define MR_TESTS_RING_GROUPS_H

#include "dataplane/ring/ring.h"

struct group {
    uint32_t len, check;
    uint64_t seq;
    uint64_t word[6];
};
static_assert(sizeof(struct group) == MR_RING_SLOT_BYTES, "one slot");

static inline uint32_t group_length(const void *slot) { return ((const struct group *)slot)->len; }

static inline void group_fill(struct group *g, uint64_t seq, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        g[i].len = n;
        g[i].check = i;
        g[i].seq = seq;
        for (uint32_t k = 0; k < 6; k++)
            g[i].word[k] = seq * 1000003 + i * 31 + k;
    }
}

static inline bool group_whole(const struct group *g, uint64_t seq, uint32_t n)
{
    bool same = true;
    for (uint32_t i = 0; i < n; i++) {
        same &= g[i].len == n && g[i].check == i && g[i].seq == seq;
        for (uint32_t k = 0; k < 6; k++)
            same &= g[i].word[k] == seq * 1000003 + i * 31 + k;
    }
    return same;
}

#endif
