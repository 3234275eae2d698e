/* The few things the journal asks of a disk, as a table: the host's, or a simulated one that loses sectors, fills up, fails and is slow.
 *
 * Everything the journal does to files goes through here, in this order of trust: what `fdatasync` has answered with 0 is on disk, a new
 * name is there for good after `sync_folder`, and nothing else is promised.
 *
 * Errors  minus an errno, EINTR and short counts included: who calls handles them.   Thread  one.   Memory  none. */
#ifndef MR_JOURNAL_DISK_H
#define MR_JOURNAL_DISK_H

#include "dataplane/base/base.h"

typedef int mr_disk_name_fn(void *arg, const char *name); /* below zero: no more of them, please */

struct mr_disk {
    void *self;
    int (*make_folder)(void *self, const char *folder); /* with those above it, 0750; 0 if it is there already */
    int (*list)(void *self, const char *folder, mr_disk_name_fn *each, void *arg);
    int (*open)(void *self, const char *path, int flags); /* a handle >= 0; made with 0640 */
    int (*lock)(void *self, int handle);                  /* for this handle alone; -EWOULDBLOCK: somebody has it */
    bool (*locked)(void *self, int handle);               /* by another handle */
    int64_t (*size)(void *self, int handle);
    int64_t (*pread)(void *self, int handle, void *out, uint64_t bytes, uint64_t at);
    int64_t (*pwrite)(void *self, int handle, const void *data, uint64_t bytes, uint64_t at);
    int (*truncate)(void *self, int handle, uint64_t bytes);
    int (*fdatasync)(void *self, int handle);
    int (*rename)(void *self, const char *from, const char *to);
    int (*sync_folder)(void *self, const char *folder);
    void (*close)(void *self, int handle);
};

extern const struct mr_disk mr_disk_host;

#endif
