/* A disk in memory that does all a real one may do to a program: what was not synced is lost or kept sector by sector, sectors are torn,
 * names that were not synced go back, operations fail, fall short, are interrupted, or take long.
 *
 * Model  an inode has what is on disk and what the process sees; fdatasync makes them equal. A folder has names on disk and names seen;
 *        sync_folder makes them equal. A crash draws for each differing sector: old, new, or the first bytes new and the rest old; for a
 *        changed length: old, new or between (what is behind it reads as zeros); and how many of the last name changes were kept (they keep
 *        their order, as a journalling file system has it).
 * Thread  one.   Memory  malloc; sim_disk_free. */
#ifndef MR_TESTS_DISK_SIM_H
#define MR_TESTS_DISK_SIM_H

#include "controlplane/journal/disk.h"
#include "tests/support/support.h"

#define SIM_SECTOR 512

enum sim_op {
    SIM_FOLDER,
    SIM_LIST,
    SIM_OPEN,
    SIM_LOCK,
    SIM_SIZE,
    SIM_PREAD,
    SIM_PWRITE,
    SIM_TRUNCATE,
    SIM_SYNC,
    SIM_RENAME,
    SIM_SYNC_FOLDER,
    SIM_OPS
};
const char *sim_op_name(enum sim_op op);

struct sim_disk;
struct sim_disk *sim_disk_new(void);
void sim_disk_free(struct sim_disk *d);
const struct mr_disk *sim_disk_table(struct sim_disk *d);

/* Operations so far, closing not counted; of one kind. */
uint64_t sim_disk_ops(const struct sim_disk *d);
uint64_t sim_disk_ops_of(const struct sim_disk *d, enum sim_op op);
/* Which operation was the nth (of the first SIM_REMEMBERED); and whether it wrote to a file that holds a lock, not to data. */
#define SIM_REMEMBERED 4096
enum sim_op sim_disk_nth(const struct sim_disk *d, uint64_t n);
bool sim_disk_nth_locks(const struct sim_disk *d, uint64_t n);
/* From operation `at` (counted from 0) on nothing happens any more: the process is dead and does not know it. UINT64_MAX: never. */
void sim_disk_die_at(struct sim_disk *d, uint64_t at);
bool sim_disk_dead(const struct sim_disk *d);
/* Operation `at` fails with this errno, and so do the `more` after it; `half`: a read or write does half of its bytes first and then
 * answers with that count. */
void sim_disk_fail_at(struct sim_disk *d, uint64_t at, uint64_t more, int error, bool half);
/* Bytes the disk holds; beyond it writes answer what fits, then ENOSPC. */
void sim_disk_room(struct sim_disk *d, uint64_t bytes);

/* The machine stops and starts again: see Model. Every handle and lock is gone. */
void sim_disk_crash(struct sim_disk *d, struct mr_random *random);
/* As a crash where everything had reached the disk: kill -9 of the process alone. */
void sim_disk_kill(struct sim_disk *d);

/* A file's bytes as the process sees them, NULL if there is none; and putting a whole file there, durably. */
const uint8_t *sim_disk_read(const struct sim_disk *d, const char *path, uint64_t *bytes);
void sim_disk_put(struct sim_disk *d, const char *path, const void *data, uint64_t bytes);
void sim_disk_remove(struct sim_disk *d, const char *path);
/* As a process removes it: undone by a crash until the folder is synced. 0 or minus an errno. */
int sim_disk_unlink(struct sim_disk *d, const char *path);
/* Another disk with the same state: what is on it, what is seen, what is not synced; without handles. */
struct sim_disk *sim_disk_clone(const struct sim_disk *d);
/* Called before each operation that changes something: what would a crash here leave? */
typedef void sim_watch_fn(void *arg, enum sim_op op);
void sim_disk_watch(struct sim_disk *d, sim_watch_fn *watch, void *arg);

#endif
