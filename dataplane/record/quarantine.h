/* Quarantine: frames that a decoder refused, with their bytes and the reason, for whoever looks into it later.
 *
 * The feed tile judges and copies (mr_quarantine_put: cold, one copy into its ring to the record tile); the record tile writes them to
 * quarantine-NNNNNN.seg, a row of segments of its own, with or without a recording. All refused frames are counted; of each reason of a feed
 * at most `per_minute` a minute are kept, so that a flood of one reason hides no other, and a frame is kept up to `frame_max` bytes.
 *
 * A kept frame is a capture record of kind MR_CAPTURE_REFUSED: receive time, connection, clock, venue, product, the frame's bytes as they
 * came, and as its name a JSON object:
 *     {"reason":"MALFORMED","at":17,"field":"p","kind":"aggTrade","bytes":512,"seen":3}
 * at     where in the frame the decoder gave up           field   what it was reading; not there if it had not come so far
 * kind   of message, "?" where that was not known yet     bytes   of the frame: more than are there if it was longer than frame_max
 * seen   how many of this reason the feed has refused so far, this one among them
 *
 * Thread  the feed tile's.   Memory  the struct.
 * Errors  nothing here can stop a feed: what is not kept is counted (feed.not_quarantined). */
#ifndef MR_RECORD_QUARANTINE_H
#define MR_RECORD_QUARANTINE_H

#include "codecs/venue/venue.h"
#include "dataplane/record/record.h"

#define MR_QUARANTINE_REASONS MR_STATUS_COUNT

struct mr_quarantine {
    uint32_t per_minute, frame_max; /* per_minute 0: nothing is kept */
    int64_t minute;
    uint32_t kept[MR_QUARANTINE_REASONS]; /* this minute, by -status */
    uint64_t seen[MR_QUARANTINE_REASONS];
};

void mr_quarantine_init(struct mr_quarantine *q, uint32_t per_minute, uint32_t frame_max);
/* Whether frames refused for this reason are malformed; kinds and instruments that are unknown are not. */
bool mr_quarantine_is_for(int status);
/* Counts one, and says whether it is one to keep. */
bool mr_quarantine_take(struct mr_quarantine *q, int status, int64_t recv_ns);
/* False: it was not kept. `dec`: whose failure it was, just now. */
bool mr_quarantine_put(struct mr_quarantine *q, struct mr_ring_writer *ring, int status, const struct mr_frame *frame,
                       const struct mr_decoder *dec);

/* ---- reading ---- */
struct mr_quarantined {
    char reason[32], field[64], kind[64];
    uint32_t at, bytes;
    uint64_t seen;
};
/* The name of such a record. MR_OK; MR_E_MALFORMED and the like. */
int mr_quarantine_read(struct mr_span name, struct mr_quarantined *out);

#endif
