/* SQLite on a simulated disk (tests/controlplane/journal/disk_sim.h): a VFS whose files are the disk's. Sectors of 512 bytes; a folder is synced
 * where SQLite's own VFS for Unix does it. One connection at a time a VFS. */
#ifndef MR_TESTS_VFS_SIM_H
#define MR_TESTS_VFS_SIM_H

#include "tests/controlplane/journal/disk_sim.h"

struct vfs_sim;
struct vfs_sim *vfs_sim_open(const char *name); /* registers it */
void vfs_sim_close(struct vfs_sim *v);
void vfs_sim_disk(struct vfs_sim *v, struct sim_disk *disk); /* from now on; no file may be open */
void vfs_sim_busy(struct vfs_sim *v, bool busy);             /* as if another process held the database */

#endif
