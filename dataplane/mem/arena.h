/* All memory of a process, planned at boot: one arena, cut up by modules, never given back.
 *
 * mr_arena_open maps it (huge pages where there are any, else transparent ones, else plain), pre-faults it and, when
 * asked, locks it. After boot mr_arena_seal() makes further cuts a panic, so nothing on a hot path can grow.
 *
 * Errors  MR_E_NOMEM with the amount and the way out in `err`. */
#ifndef MR_MEM_ARENA_H
#define MR_MEM_ARENA_H

#include "dataplane/base/base.h"

struct mr_arena {
    uint8_t *base;
    size_t bytes, used;
    bool sealed, huge, locked;
};

int mr_arena_open(struct mr_arena *arena, size_t bytes, bool lock, struct mr_err *err);
void mr_arena_close(struct mr_arena *arena);
void mr_arena_in(struct mr_arena *arena, void *mem, size_t bytes); /* over given memory: tests, tiles */
void *mr_arena_cut(struct mr_arena *arena, size_t bytes, size_t align); /* zeroed; NULL when it does not fit */
void mr_arena_seal(struct mr_arena *arena);
#define MR_CUT(arena, type, count)                                                                                     \
    ((type *)mr_arena_cut((arena), sizeof(type) * (count), _Alignof(type) < 64 ? 64 : _Alignof(type)))

#endif
