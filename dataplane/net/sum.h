/* The Internet checksum (RFC 1071): the ones' complement sum of 16-bit words. A sum taken in the machine's own byte order has the
 * right bytes when it is stored, so nothing is swapped.
 *
 *     stored = (uint16_t)~mr_sum(header, bytes)        with zeros where the checksum goes
 *     good   = mr_sum(header, bytes) == 0xffff         with the checksum in its place
 *
 * Thread  anything here may be used anywhere. */
#ifndef MR_NET_SUM_H
#define MR_NET_SUM_H

#include "dataplane/base/base.h"

/* Four 32-bit words at a time, as the base instruction set has them; the compiler's own vectors, so that any machine compiles it. */
typedef uint64_t mr_sum_lanes __attribute__((vector_size(16)));

/* Adds to a running sum, which may begin at 0 and be any number of adds long; every piece but the last must have an even length.
 * The halves of 64-bit words are summed apart, so that no carry is lost, and twice over, so that no add waits for the one before. */
MR_INLINE uint64_t mr_sum_add(uint64_t sum, const uint8_t *data, size_t len)
{
    if (len >= 32) {
        mr_sum_lanes low = {0, 0}, high = {0, 0}, low2 = {0, 0}, high2 = {0, 0}, w, w2;
        for (; len >= 32; data += 32, len -= 32) {
            memcpy(&w, data, 16);
            memcpy(&w2, data + 16, 16);
            low += w & 0xffffffff;
            high += w >> 32;
            low2 += w2 & 0xffffffff;
            high2 += w2 >> 32;
        }
        low += low2 + high + high2;
        sum += low[0] + low[1];
    }
    for (; len >= 4; data += 4, len -= 4) {
        uint32_t word;
        memcpy(&word, data, 4);
        sum += word;
    }
    if (len & 2) {
        uint16_t word;
        memcpy(&word, data, 2);
        sum += word;
        data += 2;
    }
    return len & 1 ? sum + *data : sum; /* the byte that an odd length lacks is 0, and comes after it */
}

MR_INLINE uint16_t mr_sum_fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

MR_INLINE uint16_t mr_sum(const void *data, size_t len) { return mr_sum_fold(mr_sum_add(0, data, len)); }

#endif
