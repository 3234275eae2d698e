/* TCP segments in Ethernet frames, written and read by the tests: apart from the code under test. */
#ifndef MR_TESTS_TCP_SEGMENT_H
#define MR_TESTS_TCP_SEGMENT_H

#include "tests/dataplane/net/frames.h"

enum { SEG_FIN = 1, SEG_SYN = 2, SEG_RST = 4, SEG_PSH = 8, SEG_ACK = 16, SEG_URG = 32 };

struct seg {
    uint8_t from_ip[4], to_ip[4];
    uint16_t from, to; /* ports */
    uint32_t seq, ack;
    uint16_t flags, window, urgent;
    uint8_t options[40];
    uint32_t option_bytes; /* written padded to four bytes */
    uint32_t header_bytes; /* written as the data offset, where not 0: a lie */
    const uint8_t *data;
    uint32_t len;
};

/* A frame from 02:00:00:00:00:02 to 02:00:00:00:00:01, checksums good. How long. */
uint32_t seg_write(uint8_t *frame, const struct seg *s);
/* A frame that we sent. NULL: fine; else what is wrong with it. `s->data` points into the frame. */
const char *seg_read(const uint8_t *frame, uint32_t len, struct seg *s);
/* A number in network order. */
uint32_t seg_get32(const uint8_t *p);
void seg_put32(uint8_t *p, uint32_t v);
/* The option of this kind, behind kind and length; NULL: not there, or not `bytes` long. */
const uint8_t *seg_option(const struct seg *s, uint8_t kind, uint32_t bytes);

/* The octet that stands at `offset` of stream `stream`: what is sent is checked against it, so that nothing need be kept. */
static inline uint8_t seg_octet(uint32_t stream, uint64_t offset)
{
    uint64_t x = (offset + ((uint64_t)stream << 40)) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint8_t)(x >> 56);
}

#endif
