/* Allocations of the process under test: the program is linked so that malloc, calloc and aligned_alloc of all that is ours come by here
 * (-Wl,--wrap; not those inside libraries). */
#include <stdlib.h>

#include "tests/sim/world.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_aligned_alloc(size_t align, size_t bytes);

static bool (*refuses_now)(void *self);
static void *refuses_self;

void sim_memory_begin(bool (*refuses)(void *self), void *self)
{
    refuses_now = refuses;
    refuses_self = self;
}

void sim_memory_end(void) { refuses_now = NULL; }

static bool refused(void) { return refuses_now && refuses_now(refuses_self); }

void *__wrap_malloc(size_t bytes) { return refused() ? NULL : __real_malloc(bytes); }
void *__wrap_calloc(size_t count, size_t bytes) { return refused() ? NULL : __real_calloc(count, bytes); }
void *__wrap_aligned_alloc(size_t align, size_t bytes) { return refused() ? NULL : __real_aligned_alloc(align, bytes); }
