/* The workspace: one file in shared memory that holds all a data plane shares with the world.
 *
 * Self-describing: a header (magic, format version, layout hash, build id, epoch, creation time, pid), a table of
 * regions (name, kind, bytes, layout hash), then the regions. A viewer needs nothing but the file, also after
 * the writer's death.
 *
 * Created whole at its full size, mode 0640, under a temporary name; the creator fills its regions, then commits: the
 * file is renamed into place. Nobody ever sees half a workspace. The previous epoch's file is kept as NAME.old for
 * the post-mortem.
 *
 * Thread  create, commit: boot only. Attach: any process, read-only unless it owns a reader's side of a ring.
 * Trust   header and table are copied (private pages) before they are checked, so that what was checked stays so. What
 *         lies in a region is checked by its own module (mr_ring_check, mr_image_check, mr_metrics_each).
 * Errors  struct mr_err names the file and what is wrong: MR_E_MAGIC, MR_E_VERSION, MR_E_LAYOUT, MR_E_TRUNCATED,
 *         MR_E_CORRUPT, MR_E_IO, MR_E_INVALID (create: the plan; attach: the path). */
#ifndef MR_RING_WORKSPACE_H
#define MR_RING_WORKSPACE_H

#include "dataplane/base/base.h"

enum mr_region_kind {
    MR_REGION_RING = 1,
    MR_REGION_BYTES,
    MR_REGION_IMAGE,
    MR_REGION_METRICS,
    MR_REGION_INSTRUMENTS,
    MR_REGION_TILES,
    MR_REGION_TEXT,
    MR_REGION_BUDGETS
};
#define MR_REGION_NAME_BYTES 48
#define MR_REGIONS_MAX 512
#define MR_WORKSPACE_PATH_BYTES 256

struct mr_region_plan {
    char name[MR_REGION_NAME_BYTES];
    uint32_t kind;
    uint32_t layout;
    size_t bytes;
};
struct mr_region {
    const char *name;
    uint32_t kind;
    uint32_t layout;
    size_t bytes;
    void *mem;
};

struct mr_workspace {
    void *map;
    size_t bytes;
    int fd;
    bool writable;
    bool uncommitted; /* still under its temporary name */
    uint32_t region_count;
    char path[MR_WORKSPACE_PATH_BYTES];
};
struct mr_workspace_info {
    uint64_t epoch, created_ns, layout;
    uint32_t pid, version;
    char build[48], instance[32]; /* build: the id that the linker gave the program; "unknown" where it gave none */
    uint64_t config;              /* hash of the configuration that the creator runs with; 0: it has not said */
};

/* Makes and maps the file under a temporary name; regions are zero and 128-byte aligned. Its epoch is one more than
 * that of the file now at `path`. mr_workspace_close without a commit removes it. */
int mr_workspace_create(struct mr_workspace *ws, const char *path, const char *instance,
                        const struct mr_region_plan *regions, uint32_t count, struct mr_err *err);
/* What the creator runs with, for who attaches (5-trust F 39): before the commit. */
void mr_workspace_config(struct mr_workspace *ws, uint64_t config);
/* All regions are initialised: the file takes its name, in one step; what was there becomes NAME.old. */
int mr_workspace_commit(struct mr_workspace *ws, struct mr_err *err);
int mr_workspace_attach(struct mr_workspace *ws, const char *path, bool writable, struct mr_err *err);
/* The same over memory that stays as it is (page-aligned): no file, nothing to close. `name` is for messages. */
int mr_workspace_attach_memory(struct mr_workspace *ws, void *mem, size_t bytes, const char *name, struct mr_err *err);
void mr_workspace_close(struct mr_workspace *ws);
void mr_workspace_info(const struct mr_workspace *ws, struct mr_workspace_info *out);
/* Its creator runs still, as far as its number tells. */
bool mr_workspace_alive(const struct mr_workspace_info *info);
/* by number; MR_E_RANGE */
int mr_workspace_region(const struct mr_workspace *ws, uint32_t idx, struct mr_region *out);
/* by name; MR_E_MISSING */
int mr_workspace_find(const struct mr_workspace *ws, const char *name, struct mr_region *out);

/* Sets up memory as a workspace file would be, for tests and for parts that run in one process. Bytes needed; 0 if the
 * plan is not legal (then `err` says why). `mem` zeroed, aligned to 128 bytes. */
size_t mr_workspace_bytes(const struct mr_region_plan *regions, uint32_t count, struct mr_err *err);
void mr_workspace_format(void *mem, const char *instance, uint64_t epoch, const struct mr_region_plan *regions,
                         uint32_t count);

#endif
