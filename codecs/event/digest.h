/* Digest: one number that two runs agree on only if they saw the same events.
 *
 * XXH3-128 over canonical fields in engine order, book levels included. Canonical means that everything which may
 * differ between two honest runs is left out or rewritten:
 *
 *     instrument, source   names: venue, product, raw symbol, the venue's kind; never ids or table rows
 *     prices, sizes        mantissa without trailing zeros, and exponent: scales may differ between epochs
 *     left out             recv_ns and its clock, decode_delta_ns, connection
 *
 * So the digest is the same for every kernel, compiler and receive path, for live and replay.
 *
 * Memory  mr_digest_bytes(), given by the caller, 64-byte aligned; no destructor.
 * Thread  one writer.
 * Cost    perf/codecs/event; it runs on replay and on demand, not in the live path. */
#ifndef MR_EVENT_DIGEST_H
#define MR_EVENT_DIGEST_H

#include "codecs/event/event.h"
#include "codecs/event/instrument.h"

struct mr_digest;

size_t mr_digest_bytes(void);
struct mr_digest *mr_digest_init(void *mem);

/* One whole group, header and raw slots (mr_event_slots of them, at most MR_GROUP_SLOTS: asserted). `instrument` is the
 * one the group names; NULL for groups of no instrument (TICK, feed STATUS, GAP of a feed). */
void mr_digest_update(struct mr_digest *digest, const union mr_slot *group, const struct mr_instrument *instrument);

/* Bytes that are canonical already (little endian, no ids, no stamps of ours): signal records. Their length goes in
 * too, so that two updates never read as one longer one. */
void mr_digest_update_bytes(struct mr_digest *digest, const void *data, size_t len);

/* Takes the digest of another run of updates in as it stands: signals have one digest a group of instruments, combined
 * in group order. `part` may go on afterwards; `total` holds what it was. */
void mr_digest_combine(struct mr_digest *total, const struct mr_digest *part);

uint64_t mr_digest_count(const struct mr_digest *digest); /* updates so far, of both kinds; combined ones included */

/* 32 hex digits; or, when anything was dropped on the way, "digest not comparable: N dropped". Returns the length. */
#define MR_DIGEST_TEXT 64
uint32_t mr_digest_text(const struct mr_digest *digest, uint64_t dropped, char *out);

#endif
