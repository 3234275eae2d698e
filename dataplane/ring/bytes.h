/* A ring of byte records, 1 .. 65,536 bytes each, on the slot ring: a record is a group whose first slot
 * begins with its length and kind. Used by record, aux, quarantine and log.
 *
 * Same death, trust and policy rules as ring.h. Records are contiguous and 16-byte aligned. */
#ifndef MR_RING_BYTES_H
#define MR_RING_BYTES_H

#include "dataplane/ring/ring.h"

#define MR_BYTES_RECORD_MAX 65536

struct mr_bytes_head {
    uint32_t len;
    uint16_t kind;
    uint16_t tag;
    int64_t time_ns;
}; /* 16 bytes, then data */

size_t mr_bytes_ring_bytes(uint32_t area_bytes); /* a power of two, at least 128 KiB; else 0 */
int mr_bytes_ring_init(void *mem, uint32_t area_bytes, enum mr_ring_policy policy);

/* Room for a record of 1 .. `len` bytes, or NULL when full (or len beyond the maximum, or 0). On a LAP ring never
 * full. */
uint8_t *mr_bytes_reserve(struct mr_ring_writer *w, uint32_t len);
void mr_bytes_publish(struct mr_ring_writer *w, uint16_t kind, uint16_t tag, int64_t time_ns, uint32_t len);

/* Next record, or NULL when empty or corrupt (r->status). Good until released. The head is the reader's own copy, so
 * its length stays what was checked, whatever happens to the shared memory. */
const struct mr_bytes_head *mr_bytes_peek(struct mr_ring_reader *r, const uint8_t **data);
void mr_bytes_release(struct mr_ring_reader *r);

/* Slots of the record that begins here: for taps (mr_tap_read). 0 if its length is none. */
uint32_t mr_bytes_slots(const void *first_slot);

#endif
