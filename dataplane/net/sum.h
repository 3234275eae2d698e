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

/* Adds to a running sum, which may begin at 0 and be any number of adds long; every piece but the last must have an even length.
 * Halves of 64-bit words are summed apart, so that no carry is lost and the adds do not wait for one another. */
MR_INLINE uint64_t mr_sum_add(uint64_t sum, const uint8_t *data, size_t len)
{
    uint64_t a = 0, b = 0, c = 0, d = 0;
    for (; len >= 16; data += 16, len -= 16) {
        uint64_t w[2];
        memcpy(w, data, 16);
        a += (uint32_t)w[0];
        b += w[0] >> 32;
        c += (uint32_t)w[1];
        d += w[1] >> 32;
    }
    sum += a + b + c + d;
    for (; len >= 4; data += 4, len -= 4) {
        uint32_t w;
        memcpy(&w, data, 4);
        sum += w;
    }
    uint32_t rest = 0;
    memcpy(&rest, data, len); /* 0..3 bytes; the byte that an odd length lacks is 0 */
    return sum + rest;
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
