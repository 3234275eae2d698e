#include "dataplane/mem/arena.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_BYTES (2ul << 20)

static void *map_huge(size_t bytes)
{
    void *mem =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
    return mem == MAP_FAILED ? NULL : mem;
}

static void *map_plain(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED)
        return NULL;
    madvise(mem, bytes, MADV_HUGEPAGE); /* transparent ones if the host has them; a refusal costs nothing */
    return mem;
}

int mr_arena_open(struct mr_arena *arena, size_t bytes, bool lock, struct mr_err *err)
{
    *arena = (struct mr_arena){.bytes = (bytes + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES};
    arena->base = map_huge(arena->bytes);
    arena->huge = arena->base != NULL;
    if (!arena->base)
        arena->base = map_plain(arena->bytes);
    if (!arena->base)
        return mr_err_set(err, MR_E_NOMEM,
                          "memory: cannot map %zu MiB (%s); lower the rings and books in the config, or free memory",
                          arena->bytes >> 20, strerror(errno));
    if (lock && mlock(arena->base, arena->bytes)) {
        int why = errno;
        mr_arena_close(arena);
        return mr_err_set(err, MR_E_NOMEM,
                          "memory: cannot lock %zu MiB (%s); raise the locked-memory limit (ulimit -l)", bytes >> 20,
                          strerror(why));
    }
    arena->locked = lock;
    if (!arena->huge && !lock) { /* pre-fault: touch each page once, so that no step ever does */
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        for (size_t at = 0; at < arena->bytes; at += page)
            ((volatile uint8_t *)arena->base)[at] = 0;
    }
    return MR_OK;
}

void mr_arena_close(struct mr_arena *arena)
{
    if (arena->base && arena->bytes)
        munmap(arena->base, arena->bytes);
    *arena = (struct mr_arena){0};
}

void mr_arena_in(struct mr_arena *arena, void *mem, size_t bytes)
{
    *arena = (struct mr_arena){.base = mem, .bytes = bytes};
    memset(mem, 0, bytes);
}

void *mr_arena_cut(struct mr_arena *arena, size_t bytes, size_t align)
{
    MR_ASSERT(!arena->sealed);
    MR_ASSERT(align && (align & (align - 1)) == 0);
    size_t at = ((size_t)(uintptr_t)arena->base + arena->used + align - 1) & ~(align - 1);
    at -= (size_t)(uintptr_t)arena->base;
    if (at > arena->bytes || bytes > arena->bytes - at)
        return NULL;
    arena->used = at + bytes;
    return arena->base + at;
}

void mr_arena_seal(struct mr_arena *arena) { arena->sealed = true; }
