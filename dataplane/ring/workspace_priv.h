/* The file's head and table; shared by workspace.c (the memory) and workspace_file.c (the file). */
#ifndef MR_RING_WORKSPACE_PRIV_H
#define MR_RING_WORKSPACE_PRIV_H

#include "dataplane/ring/workspace.h"

#define WORKSPACE_MAGIC 0x6b726f772d726dull /* "mr-work" */
#define WORKSPACE_VERSION 1
#define WORKSPACE_ALIGN 4096 /* regions begin on a page: the table before them can be mapped apart */

struct workspace_head {
    uint64_t magic;
    uint32_t version, region_count;
    uint64_t epoch;  /* these first four stay where they are in every version */
    uint64_t layout; /* of head, table and rings, as this build has them */
    uint64_t bytes;  /* of the whole file */
    uint64_t created_ns;
    uint64_t table_hash;
    uint32_t pid, spare;
    char build[48], instance[32];
    uint64_t config; /* of the creator: mr_workspace_config */
    uint64_t more[5];
};
struct workspace_region {
    char name[MR_REGION_NAME_BYTES];
    uint32_t kind, layout;
    uint64_t offset, bytes;
};
static_assert(sizeof(struct workspace_head) == 192 && sizeof(struct workspace_region) == 72,
              "nothing between the fields");

uint64_t workspace_layout(void);
size_t workspace_table_bytes(uint32_t region_count); /* head and table, in whole pages */
int workspace_check_head(const struct workspace_head *head, size_t bytes, const char *name, struct mr_err *err);
int workspace_check(const void *mem, size_t bytes, const char *name, struct mr_err *err);
void workspace_build_id(char *out, size_t bytes);

#endif
