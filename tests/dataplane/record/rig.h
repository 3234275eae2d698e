/* A record tile with rings in memory and a folder of its own, stepped by the test. */
#ifndef MR_TESTS_RECORD_RIG_H
#define MR_TESTS_RECORD_RIG_H

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "dataplane/record/record.h"
#include "dataplane/record/recording.h"
#include "tests/support/support.h"

#define RIG_LINKS 3
#define RIG_START 1700000000000000000ll
#define RIG_MS 1000000ll

struct rig {
    char folder[64];
    struct mr_record_link links[RIG_LINKS];
    struct mr_record_config config;
    struct mr_record_control control;
    struct mr_record_metrics metrics;
    struct mr_ring_writer put[RIG_LINKS];
    void *state;
    int64_t now_ns;
};

static inline void rig_remove(const char *folder)
{
    DIR *dir = opendir(folder);
    for (const struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.') {
            char path[600];
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            unlink(path);
        }
    if (dir)
        closedir(dir);
    rmdir(folder);
}

static inline void *rig_alloc(size_t bytes)
{
    void *mem = aligned_alloc(128, (bytes + 127) / 128 * 128);
    assert_non_null(mem);
    return mem;
}

/* Rings and a folder; the tile is not booted yet, so that its config can be changed. */
static inline struct rig *rig_open(uint32_t ring_area)
{
    static const char *const names[RIG_LINKS] = {"feed-0", "feed-1", "engine-0"};
    struct rig *r = rig_alloc(sizeof *r);
    memset(r, 0, sizeof *r);
    strcpy(r->folder, "/tmp/millrace-record-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    for (uint32_t i = 0; i < RIG_LINKS; i++) {
        size_t bytes = mr_bytes_ring_bytes(ring_area);
        r->links[i] = (struct mr_record_link){names[i], rig_alloc(bytes), bytes};
        assert_int_equal(mr_bytes_ring_init(r->links[i].ring, ring_area, MR_RING_GAP), MR_OK);
        assert_int_equal(mr_ring_writer_open(&r->put[i], r->links[i].ring, bytes), MR_OK);
    }
    mr_metrics_init_values(&r->metrics, &mr_record_metrics_desc);
    r->config = (struct mr_record_config){.links = r->links,
                                          .link_count = RIG_LINKS,
                                          .folder = r->folder,
                                          .metrics = &r->metrics,
                                          .control = &r->control};
    r->control.wanted = 1;
    r->now_ns = RIG_START;
    return r;
}

static inline int rig_boot(struct rig *r, struct mr_err *err)
{
    r->state = rig_alloc(mr_record_tile.bytes(&r->config));
    return mr_record_tile.boot(r->state, &r->config, NULL, err);
}

/* A millisecond of the tile's life. */
static inline void rig_step(struct rig *r)
{
    r->now_ns += RIG_MS;
    mr_record_tile.housekeep(r->state, r->now_ns);
    while (mr_record_tile.step(r->state, r->now_ns) > 0)
        ;
}

static inline void rig_halt(struct rig *r)
{
    mr_record_tile.halt(r->state);
    free(r->state);
    r->state = NULL;
}

static inline void rig_close(struct rig *r)
{
    if (r->state)
        rig_halt(r);
    for (uint32_t i = 0; i < RIG_LINKS; i++)
        free(r->links[i].ring);
    rig_remove(r->folder);
    free(r);
}

static inline uint32_t rig_files(const struct rig *r)
{
    uint32_t n = 0;
    DIR *dir = opendir(r->folder);
    for (const struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

#endif
