/* What the exchange said and what the plane's engines took of it, event by event.
 *
 *     heard_open(&rig)         between rig_open and rig_start: what is said from the first subscription on
 *     heard_begin(heard)       all lives: what is said from now on must be taken, each once and in its stream's order
 *     heard_rest(heard, ms)    takes while the test waits: the plane's tap keeps what comes for some seconds only
 *     heard_all(heard)         the market stands still: all that was said has been taken, and nothing else
 *
 * A stream is an instrument, a kind of event, the venue's kind of message and, of candles, the interval. Compared are number, times of the venue, price,
 * size, value and levels; not the connection, nor when it was received. Memory and time are bounded; what is beyond fails the test. */
#ifndef MR_TESTS_DATAPLANE_PLANE_HEARD_H
#define MR_TESTS_DATAPLANE_PLANE_HEARD_H

#include "tests/dataplane/plane/rig.h"

struct heard;
struct heard *heard_open(const struct rig *rig);
void heard_close(struct heard *h);

void heard_begin(struct heard *h);
void heard_rest(struct heard *h, int ms);
/* Within 10 s; else the first difference was printed. */
bool heard_all(struct heard *h);
/* Of the feed, since heard_begin and as of heard_all: events said, but those that a subscription begins with; gaps told. */
uint64_t heard_said(const struct heard *h, uint32_t feed);
uint64_t heard_gaps(const struct heard *h, uint32_t feed);

#endif
