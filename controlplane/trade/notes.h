/* What the trade tile tells, on its way to the io thread: binary records in a ring of this process, put without a format, a lock or a system
 * call, and read as the same struct mr_trade_told. What has no room is counted and lost to screens, log and store alone: the journal has it.
 *
 * Thread  put: the trade tile. Next, done: the io thread.   Memory  of mr_notes_bytes(), 128-byte aligned. */
#ifndef MR_TRADE_NOTES_H
#define MR_TRADE_NOTES_H

#include "controlplane/trade/trade.h"
#include "dataplane/ring/bytes.h"

struct mr_notes {
    struct mr_ring_writer writer;
    struct mr_ring_reader reader;
    struct mr_risk_verdict verdict; /* of the note that is being read */
};
size_t mr_notes_bytes(void);
/* `mem` is the ring's, zeroed here. */
void mr_notes_init(struct mr_notes *notes, void *mem);
/* False: no room. */
bool mr_notes_put(struct mr_notes *notes, const struct mr_trade_told *told);
/* True: `out` is filled, its parts good until mr_notes_done. */
bool mr_notes_next(struct mr_notes *notes, struct mr_trade_told *out);
void mr_notes_done(struct mr_notes *notes);

#endif
