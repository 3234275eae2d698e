/* Fixed pools for lwIP: blocks of one size in memory given at open. Blocks that were never used are not touched.
 *
 * Thread  one tile. */
#ifndef MR_TCP_POOL_H
#define MR_TCP_POOL_H

#include "dataplane/base/base.h"

struct mr_tcp_pool {
    uint8_t *base;
    void *free; /* a list through the blocks' first words */
    size_t block_bytes;
    uint32_t count, fresh, used, used_max;
};

MR_INLINE size_t mr_tcp_pool_bytes(size_t block_bytes, uint32_t count)
{
    return ((block_bytes + 15) & ~(size_t)15) * count;
}

MR_INLINE void mr_tcp_pool_init(struct mr_tcp_pool *pool, void *mem, size_t block_bytes, uint32_t count)
{
    *pool = (struct mr_tcp_pool){.base = mem, .block_bytes = (block_bytes + 15) & ~(size_t)15, .count = count};
}

/* NULL: empty. */
MR_INLINE void *mr_tcp_pool_take(struct mr_tcp_pool *pool)
{
    void *block = pool->free;
    if (block)
        memcpy(&pool->free, block, sizeof pool->free);
    else if (pool->fresh < pool->count)
        block = pool->base + pool->block_bytes * pool->fresh++;
    else
        return NULL;
    if (++pool->used > pool->used_max)
        pool->used_max = pool->used;
    return block;
}

MR_INLINE bool mr_tcp_pool_owns(const struct mr_tcp_pool *pool, const void *block)
{
    uintptr_t at = (uintptr_t)block - (uintptr_t)pool->base;
    return at < pool->block_bytes * pool->count;
}

MR_INLINE void mr_tcp_pool_give(struct mr_tcp_pool *pool, void *block)
{
    MR_ASSERT(pool->used > 0 && mr_tcp_pool_owns(pool, block));
    memcpy(block, &pool->free, sizeof pool->free);
    pool->free = block;
    pool->used--;
}

#endif
