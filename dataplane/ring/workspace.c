/* A workspace as memory: sizing, setting up, checking, finding. The file is workspace_file.c. */
#include "dataplane/ring/workspace_priv.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/ring/ring.h"

static uint64_t fnv(uint64_t hash, const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
    return hash;
}

/* What two builds must agree on to read each other's file. Regions have their own formats, which say their own version.
 */
uint64_t workspace_layout(void)
{
    const uint64_t words[] = {WORKSPACE_VERSION, sizeof(struct workspace_head), sizeof(struct workspace_region),
                              WORKSPACE_ALIGN,   sizeof(struct mr_ring),        MR_RING_SLOT_BYTES,
                              MR_RING_APART};
    return fnv(0xcbf29ce484222325u, words, sizeof words);
}

static uint64_t table_hash(const struct workspace_head *head)
{
    return fnv(0xcbf29ce484222325u, head + 1, head->region_count * sizeof(struct workspace_region));
}

static size_t up(size_t bytes) { return (bytes + WORKSPACE_ALIGN - 1) / WORKSPACE_ALIGN * WORKSPACE_ALIGN; }

size_t workspace_table_bytes(uint32_t region_count)
{
    return up(sizeof(struct workspace_head) + region_count * sizeof(struct workspace_region));
}

static const struct workspace_region *table_of(const void *mem)
{
    return (const void *)((const struct workspace_head *)mem + 1);
}

/* ---- the build's own name: the id that the linker gave the program ---- */

static int find_note(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    char *out = arg;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_NOTE)
            continue;
        const uint8_t *at = (const uint8_t *)info->dlpi_addr + part->p_vaddr, *end = at + part->p_memsz;
        while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
            const ElfW(Nhdr) *note = (const void *)at;
            const uint8_t *id = at + sizeof *note + (note->n_namesz + 3) / 4 * 4;
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && note->n_descsz <= 20) {
                for (uint32_t k = 0; k < note->n_descsz; k++)
                    snprintf(out + 2 * k, 3, "%02x", id[k]);
                return 1;
            }
            at = id + (note->n_descsz + 3) / 4 * 4;
        }
    }
    return 1; /* the first object is the program; look no further */
}

void workspace_build_id(char *out, size_t bytes)
{
    char id[48] = "unknown";
    dl_iterate_phdr(find_note, id);
    snprintf(out, bytes, "%s", id);
}

/* ---- making ---- */

static bool legal_name(const char *name)
{
    size_t len = strnlen(name, MR_REGION_NAME_BYTES);
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] > '~')
            return false;
    return len > 0 && len < MR_REGION_NAME_BYTES;
}

static bool taken(const struct mr_region_plan *regions, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(regions[i].name, regions[count].name) == 0)
            return true;
    return false;
}

size_t mr_workspace_bytes(const struct mr_region_plan *regions, uint32_t count, struct mr_err *err)
{
    if (count == 0 || count > MR_REGIONS_MAX) {
        mr_err_set(err, MR_E_INVALID, "workspace plan: %u regions; 1 to %u are possible", count, MR_REGIONS_MAX);
        return 0;
    }
    size_t bytes = workspace_table_bytes(count);
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_region_plan *r = &regions[i];
        const char *wrong = !legal_name(r->name) ? "its name is empty, too long or not plain"
                            : taken(regions, i)  ? "its name is taken"
                            : r->kind < MR_REGION_RING || r->kind > MR_REGION_BUDGETS ? "no such kind"
                            : r->bytes == 0 || r->bytes > ((size_t)1 << 40) - bytes   ? "no such size"
                                                                                      : NULL;
        if (wrong) {
            mr_err_set(err, MR_E_INVALID, "workspace plan: region %u \"%.47s\": %s", i, r->name, wrong);
            return 0;
        }
        bytes += up(r->bytes);
    }
    return bytes;
}

void mr_workspace_format(void *mem, const char *instance, uint64_t epoch, const struct mr_region_plan *regions,
                         uint32_t count)
{
    MR_ASSERT((uintptr_t)mem % MR_RING_APART == 0);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct workspace_head *head = mem;
    struct workspace_region *table = (void *)(head + 1);
    size_t at = workspace_table_bytes(count);
    for (uint32_t i = 0; i < count; i++) {
        table[i] = (struct workspace_region){
            .kind = regions[i].kind, .layout = regions[i].layout, .offset = at, .bytes = regions[i].bytes};
        memcpy(table[i].name, regions[i].name, sizeof table[i].name);
        at += up(regions[i].bytes);
    }
    *head = (struct workspace_head){
        .version = WORKSPACE_VERSION,
        .region_count = count,
        .epoch = epoch,
        .layout = workspace_layout(),
        .bytes = at,
        .created_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
        .pid = (uint32_t)getpid(),
    };
    workspace_build_id(head->build, sizeof head->build);
    snprintf(head->instance, sizeof head->instance, "%s", instance);
    head->table_hash = table_hash(head);
    head->magic = WORKSPACE_MAGIC;
}

/* ---- checking ---- */

int workspace_check_head(const struct workspace_head *head, size_t bytes, const char *name, struct mr_err *err)
{
    if (bytes < sizeof *head)
        return mr_err_set(err, MR_E_TRUNCATED, "%s: %zu bytes are too few for a workspace", name, bytes);
    if (head->magic != WORKSPACE_MAGIC)
        return mr_err_set(err, MR_E_MAGIC, "%s: not a workspace", name);
    if (head->version != WORKSPACE_VERSION)
        return mr_err_set(err, MR_E_VERSION, "%s: workspace format %u; this build reads format %u", name, head->version,
                          WORKSPACE_VERSION);
    if (head->layout != workspace_layout())
        return mr_err_set(err, MR_E_LAYOUT,
                          "%s: made by build %.40s with another memory layout; use that build's tools", name,
                          head->build);
    if (head->bytes > bytes)
        return mr_err_set(err, MR_E_TRUNCATED, "%s: cut off: %zu of %llu bytes are there", name, bytes,
                          (unsigned long long)head->bytes);
    if (head->bytes < bytes)
        return mr_err_set(err, MR_E_CORRUPT, "%s: %zu bytes long where its head says %llu", name, bytes,
                          (unsigned long long)head->bytes);
    if (head->region_count == 0 || head->region_count > MR_REGIONS_MAX ||
        workspace_table_bytes(head->region_count) > bytes)
        return mr_err_set(err, MR_E_CORRUPT, "%s: %u regions cannot be", name, head->region_count);
    if (strnlen(head->build, sizeof head->build) == sizeof head->build ||
        strnlen(head->instance, sizeof head->instance) == sizeof head->instance)
        return mr_err_set(err, MR_E_CORRUPT, "%s: a text of its head has no end", name);
    return MR_OK;
}

int workspace_check(const void *mem, size_t bytes, const char *name, struct mr_err *err)
{
    const struct workspace_head *head = mem;
    int status = workspace_check_head(head, bytes, name, err);
    if (status != MR_OK)
        return status;
    if (table_hash(head) != head->table_hash)
        return mr_err_set(err, MR_E_CORRUPT, "%s: the table of regions does not match its checksum", name);
    size_t free_from = workspace_table_bytes(head->region_count);
    for (uint32_t i = 0; i < head->region_count; i++) {
        const struct workspace_region *r = &table_of(mem)[i];
        bool inside = r->offset >= free_from && r->offset <= bytes && r->bytes > 0 && r->bytes <= bytes - r->offset;
        if (!inside || r->offset % WORKSPACE_ALIGN != 0)
            return mr_err_set(err, MR_E_CORRUPT, "%s: region %u lies outside the file or over another", name, i);
        if (!legal_name(r->name) || r->kind < MR_REGION_RING || r->kind > MR_REGION_BUDGETS)
            return mr_err_set(err, MR_E_CORRUPT, "%s: region %u has no proper name or kind", name, i);
        free_from = (size_t)(r->offset + r->bytes);
    }
    return MR_OK;
}

int mr_workspace_attach_memory(struct mr_workspace *ws, void *mem, size_t bytes, const char *name, struct mr_err *err)
{
    *ws = (struct mr_workspace){.fd = -1};
    if ((uintptr_t)mem % MR_RING_APART != 0)
        return mr_err_set(err, MR_E_INVALID, "%s: memory is not aligned", name);
    int status = workspace_check(mem, bytes, name, err);
    if (status != MR_OK)
        return status;
    ws->map = mem;
    ws->bytes = bytes;
    ws->writable = true;
    ws->region_count = ((const struct workspace_head *)mem)->region_count;
    return MR_OK;
}

void mr_workspace_config(struct mr_workspace *ws, uint64_t config)
{
    struct workspace_head *head = ws->map;
    MR_ASSERT(ws->uncommitted);
    head->config = config;
}

/* ---- looking ---- */

void mr_workspace_info(const struct mr_workspace *ws, struct mr_workspace_info *out)
{
    const struct workspace_head *head = ws->map;
    *out = (struct mr_workspace_info){.epoch = head->epoch,
                                      .created_ns = head->created_ns,
                                      .layout = head->layout,
                                      .pid = head->pid,
                                      .version = head->version,
                                      .config = head->config};
    snprintf(out->build, sizeof out->build, "%.47s", head->build);
    snprintf(out->instance, sizeof out->instance, "%.31s", head->instance);
}

bool mr_workspace_alive(const struct mr_workspace_info *info)
{
    return info->pid > 0 && info->pid <= INT32_MAX && (kill((pid_t)info->pid, 0) == 0 || errno == EPERM);
}

int mr_workspace_region(const struct mr_workspace *ws, uint32_t idx, struct mr_region *out)
{
    if (idx >= ws->region_count)
        return MR_E_RANGE;
    const struct workspace_region *r = &table_of(ws->map)[idx];
    *out = (struct mr_region){r->name, r->kind, r->layout, (size_t)r->bytes, (uint8_t *)ws->map + r->offset};
    return MR_OK;
}

int mr_workspace_find(const struct mr_workspace *ws, const char *name, struct mr_region *out)
{
    for (uint32_t i = 0; i < ws->region_count; i++)
        if (strncmp(table_of(ws->map)[i].name, name, MR_REGION_NAME_BYTES) == 0)
            return mr_workspace_region(ws, i, out);
    return MR_E_MISSING;
}
