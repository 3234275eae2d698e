/* What all engines have in common.
 *
 * Engines are deterministic: inputs are events and configuration, the only clock is engine time: recv_ns of the
 * events, forced monotone. Ticks (multiples of 100 ms of engine time) are events put in by the pipeline, so windows decay
 * with no traffic. State is fixed in size and allocated at boot. Same input, same output, bit for bit: no fast-math, no
 * contraction, mr_log instead of log (engines/window/math.h), sums that must not drift are integers (micro-USD).
 *
 * An engine is a folder with
 *     size_t mr_<e>_bytes(const struct mr_<e>_config *)        memory, known before boot
 *     struct mr_<e> *mr_<e>_init(void *mem, const struct mr_<e>_config *)
 *     void mr_<e>_apply(...)                                    one event, in engine time
 *     void mr_<e>_tick(struct mr_<e> *, int64_t tick_ns)        one grid point
 *     save/restore                                              where state must survive (mr_state_writer)
 * and a row in engines.def; the pipeline expands each row into a plain call. */
#ifndef MR_PIPELINE_ENGINE_H
#define MR_PIPELINE_ENGINE_H

#include "codecs/event/event.h"
#include "codecs/event/instrument.h"

#define MR_TICK_NS 100000000ll /* the grid: 100 ms of engine time */
#define MR_VENUES_MAX 16       /* venue ids 1 .. 15 */

/* Saved state: a magic, a version, a length, the engine's bytes, a checksum. Restoring refuses what does not match
 * (MR_E_MAGIC, MR_E_VERSION, MR_E_LAYOUT, MR_E_CORRUPT) and leaves the engine as initialised. */
struct mr_state_head { char engine[16]; uint32_t version, layout; uint64_t bytes; int64_t engine_ns; uint64_t checksum; };
int64_t mr_state_seal(void *buffer, size_t buffer_bytes, const char *engine, uint32_t version, uint32_t layout, int64_t engine_ns,
                      const void *state, size_t bytes);
int mr_state_open(const void *buffer, size_t buffer_bytes, const char *engine, uint32_t version, uint32_t layout, const void **state,
                  size_t bytes, int64_t *engine_ns);

#endif
