/* OpenSSL's memory. It keeps the secrets of a connection in blocks that it frees as they are; where this is asked for, every block is
 * cleansed before it goes back. A block of a record costs a few nanoseconds, and the own reader takes none. */
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "dataplane/tls/tls.h"

static void *take(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(bytes);
}

static void give(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    if (block)
        OPENSSL_cleanse(block, malloc_usable_size(block));
    free(block);
}

/* Not realloc, which leaves the old block as it is where it moves. */
static void *resize(void *block, size_t bytes, const char *file, int line)
{
    size_t had = block ? malloc_usable_size(block) : 0;
    if (block && bytes && bytes <= had)
        return block;
    void *moved = bytes ? malloc(bytes) : NULL;
    if (bytes && !moved)
        return NULL;
    if (moved && block)
        memcpy(moved, block, had < bytes ? had : bytes);
    give(block, file, line);
    return moved;
}

bool mr_tls_cleanse_freed(void) { return CRYPTO_set_mem_functions(take, resize, give) == 1; }
