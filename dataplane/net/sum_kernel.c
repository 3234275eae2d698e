/* The checksum of long pieces, compiled once a kernel: as sum.h has it, in wider vectors. */
#include "dataplane/net/sum.h"

#define NAME_(k) mr_sum_long_##k
#define NAME(k) NAME_(k)

typedef uint64_t lanes __attribute__((vector_size(MR_SUM_BYTES)));

uint64_t NAME(MR_KERNEL)(uint64_t sum, const uint8_t *data, size_t len)
{
    lanes all = {0}, high = {0}, all2 = {0}, high2 = {0}, w, w2;
    for (; len >= 2 * sizeof w; data += 2 * sizeof w, len -= 2 * sizeof w) {
        memcpy(&w, data, sizeof w);
        memcpy(&w2, data + sizeof w, sizeof w2);
#ifdef __x86_64__
        __asm__("" : "+v"(w), "+v"(w2)); /* loaded once, not again by each use: most loads straddle two cache lines */
#endif
        all += w;
        high += w >> 32;
        all2 += w2;
        high2 += w2 >> 32;
    }
    all += all2;
    high += high2;
    all += high - (high << 32);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        sum += all[i];
    return mr_sum_add(sum, data, len);
}
