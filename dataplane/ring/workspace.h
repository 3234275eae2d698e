/* The workspace: one file in shared memory that holds all a data plane shares with the world.
 *
 * Self-describing: a header (magic, format version, layout hash, build id, epoch, creation time, pid), a table of
 * regions (name, kind, bytes, layout hash), then the regions. A viewer needs nothing but the file, also after
 * the writer's death.
 *
 * Created whole at its full size, mode 0640, under a temporary name, and renamed into place when complete: nobody
 * ever sees half a workspace. The previous epoch's file is kept as NAME.old for the post-mortem.
 *
 * Thread  create: boot only. Attach: any process, read-only unless it owns a reader's side of a ring.
 * Errors  struct mr_err names the file and what is wrong: MR_E_MAGIC, MR_E_VERSION, MR_E_LAYOUT, MR_E_TRUNCATED,
 *         MR_E_CORRUPT, MR_E_IO. */
#ifndef MR_RING_WORKSPACE_H
#define MR_RING_WORKSPACE_H

#include "dataplane/base/base.h"

enum mr_region_kind { MR_REGION_RING = 1, MR_REGION_BYTES, MR_REGION_IMAGE, MR_REGION_METRICS, MR_REGION_INSTRUMENTS, MR_REGION_TILES, MR_REGION_TEXT };
#define MR_REGION_NAME_BYTES 48
#define MR_REGIONS_MAX 512

struct mr_region_plan { char name[MR_REGION_NAME_BYTES]; uint32_t kind; uint32_t layout; size_t bytes; };
struct mr_region { const char *name; uint32_t kind; uint32_t layout; size_t bytes; void *mem; };

struct mr_workspace { void *map; size_t bytes; int fd; bool writable; uint32_t region_count; };
struct mr_workspace_info { uint64_t epoch, created_ns, layout; uint32_t pid, version; char build[48], instance[32]; };

int mr_workspace_create(struct mr_workspace *ws, const char *path, const char *instance, const struct mr_region_plan *regions,
                        uint32_t count, struct mr_err *err);
int mr_workspace_attach(struct mr_workspace *ws, const char *path, bool writable, struct mr_err *err);
void mr_workspace_close(struct mr_workspace *ws);
void mr_workspace_info(const struct mr_workspace *ws, struct mr_workspace_info *out);
int mr_workspace_region(const struct mr_workspace *ws, uint32_t idx, struct mr_region *out);           /* by number */
int mr_workspace_find(const struct mr_workspace *ws, const char *name, struct mr_region *out);          /* by name   */

#endif
