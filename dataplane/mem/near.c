#include "dataplane/mem/near.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <linux/mempolicy.h>; without libnuma, which is a library for three calls. */
#define POLICY_DEFAULT 0
#define POLICY_PREFERRED 1
#define NODES_MAX 1024

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

bool mr_memory_prefer(int node)
{
    unsigned long mask[NODES_MAX / (8 * sizeof(unsigned long))] = {0};
    if (node < 0)
        return syscall(SYS_set_mempolicy, POLICY_DEFAULT, NULL, 0ul) == 0;
    if (node >= NODES_MAX)
        return false;
    mask[(size_t)node / (8 * sizeof mask[0])] |= 1ul << ((size_t)node % (8 * sizeof mask[0]));
    return syscall(SYS_set_mempolicy, POLICY_PREFERRED, mask, (unsigned long)NODES_MAX) == 0;
}

void mr_memory_fault(void *mem, size_t bytes)
{
    if (madvise(mem, bytes, MADV_POPULATE_WRITE) == 0)
        return;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    volatile uint8_t *at = mem;
    for (size_t i = 0; i < bytes; i += page)
        at[i] |= 0; /* a write that changes nothing */
}

bool mr_memory_lock(void *mem, size_t bytes) { return mlock(mem, bytes) == 0; }

size_t mr_memory_far(void *mem, size_t bytes, int node)
{
    enum { MANY = 512 };
    void *pages[MANY];
    int where[MANY];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), far = 0;
    for (size_t at = 0; at < bytes;) {
        unsigned long n = 0;
        for (; n < MANY && at < bytes; at += page)
            pages[n++] = (uint8_t *)mem + at;
        if (syscall(SYS_move_pages, 0, n, pages, NULL, where, 0) != 0)
            return 0; /* a kernel without nodes has no far ones */
        for (unsigned long i = 0; i < n; i++)
            far += where[i] >= 0 && where[i] != node ? page : 0;
    }
    return far;
}
