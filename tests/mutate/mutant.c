/* Takes the number of the living mutant from MR_MUTANT, and a file to mark the reached ones in from MR_MUTANT_REACHED. The file is mapped
 * shared, so that what children and tests that end by a signal reached is kept. */
#include "tests/mutate/mutant.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MUTANTS_MAX (1 << 20) /* as in mutate.py */

static unsigned char nobody_looks[MUTANTS_MAX];
int mr_mutant;
unsigned char *mr_mutant_reached = nobody_looks;

__attribute__((constructor(101))) static void begin(void)
{
    const char *id = getenv("MR_MUTANT"), *path = getenv("MR_MUTANT_REACHED");
    mr_mutant = id ? atoi(id) : 0;
    if (!path)
        return;
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    void *map = fd < 0 || ftruncate(fd, MUTANTS_MAX)
                    ? MAP_FAILED
                    : mmap(NULL, MUTANTS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        abort();
    mr_mutant_reached = map;
    close(fd);
}
