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
 * A 64-bit word's upper half is summed apart, so that the carries which the sum of whole words loses can be told: what remains of that
 * sum after taking the upper halves out is the sum of the lower ones. Twice over, so that no add waits for the one before. */
MR_INLINE uint64_t mr_sum_add(uint64_t sum, const uint8_t *data, size_t len)
{
    if (len >= 32) {
        mr_sum_lanes all = {0, 0}, high = {0, 0}, all2 = {0, 0}, high2 = {0, 0}, w, w2;
        for (; len >= 32; data += 32, len -= 32) {
            memcpy(&w, data, 16);
            memcpy(&w2, data + 16, 16);
            all += w;
            high += w >> 32;
            all2 += w2;
            high2 += w2 >> 32;
        }
        all += all2;
        high += high2;
        all += high - (high << 32);
        sum += all[0] + all[1];
    }
    for (; len >= 8; data += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        sum += (word & 0xffffffff) + (word >> 32);
    }
    if (len & 4) {
        uint32_t word;
        memcpy(&word, data, 4);
        sum += word;
        data += 4;
    }
    if (len & 2) {
        uint16_t word;
        memcpy(&word, data, 2);
        sum += word;
        data += 2;
    }
    return len & 1 ? sum + *data : sum; /* the byte that an odd length lacks is 0, and comes after it */
}

/* The same for pieces of any length, by the best kernel of the machine from MR_SUM_LONG bytes on. */
#define MR_SUM_LONG 256
uint64_t mr_sum_long_scalar(uint64_t sum, const uint8_t *data, size_t len);
uint64_t mr_sum_long_sse42(uint64_t sum, const uint8_t *data, size_t len);
uint64_t mr_sum_long_avx2(uint64_t sum, const uint8_t *data, size_t len);
uint64_t mr_sum_long_avx512(uint64_t sum, const uint8_t *data, size_t len);
uint64_t mr_sum_long(uint64_t sum, const uint8_t *data, size_t len);

MR_INLINE uint64_t mr_sum_any(uint64_t sum, const uint8_t *data, size_t len)
{
    return len < MR_SUM_LONG ? mr_sum_add(sum, data, len) : mr_sum_long(sum, data, len);
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
