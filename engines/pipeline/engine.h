/* What all engines have in common.
 *
 * Engines are deterministic: inputs are events and configuration, the only clock is engine time: recv_ns of the
 * events, forced monotone. Ticks (multiples of 100 ms of engine time) are events put in by the pipeline, so windows
 * decay with no traffic. State is fixed in size and allocated at boot. Same input, same output, bit for bit: no
 * fast-math, no contraction, mr_log instead of log (engines/window/math.h), sums that must not drift are integers
 * (micro-USD).
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

/* Saved state: a head (the engine's name is the magic, version, layout, length, engine time, XXH3-64 over head and
 * state), then the engine's bytes. Native byte order, plain data without pointers. `layout` is whatever the engine
 * derives from its sizes; a build or a configuration with other sizes refuses the file. */
struct mr_state_head {
    char engine[16];
    uint32_t version, layout;
    uint64_t bytes;
    int64_t engine_ns;
    uint64_t checksum;
};
#define MR_STATE_BYTES(state_bytes) (sizeof(struct mr_state_head) + (state_bytes))

/* Writes head and state into `buffer` (the state may already lie at its place in it).
 * > 0 bytes written; MR_E_FULL the buffer is too small, nothing written; MR_E_INVALID a name of 0 or over 15
 * characters. */
int64_t mr_state_seal(void *buffer, size_t buffer_bytes, const char *engine, uint32_t version, uint32_t layout,
                      int64_t engine_ns, const void *state, size_t bytes);

/* Checks a sealed state; `bytes` is the length the engine expects. On MR_OK `*state` points into `buffer` (at any
 * alignment: copy it out) and `*engine_ns` is the time of sealing. Otherwise neither is touched, and the engine stays
 * as initialised:
 * MR_E_TRUNCATED  shorter than its head says      MR_E_MAGIC   not this engine's state
 * MR_E_VERSION    another version of the engine    MR_E_LAYOUT  other sizes
 * MR_E_CORRUPT    the checksum does not hold */
int mr_state_open(const void *buffer, size_t buffer_bytes, const char *engine, uint32_t version, uint32_t layout,
                  const void **state, size_t bytes, int64_t *engine_ns);

#endif
