#include "dataplane/plane/plane.h"

#include <stdlib.h>

#include "dataplane/log/log.h"
#include "dataplane/plane/plane_memory.h"
#include "dataplane/plane/plane_priv.h"

/* ---- life ---- */

int mr_plane_open(struct mr_plane **out, const struct mr_plane_config *config, struct mr_log *log, struct mr_err *err)
{
    int status = mr_plane_check(config, err);
    if (status)
        return status;
    struct mr_plane *p = calloc(1, sizeof *p);
    if (!p)
        return mr_err_set(err, MR_E_NOMEM, "plane: no memory");
    p->config = *config;
    p->awake = -1;
    p->log = log;
    p->recording.wanted = config->record;
    mr_plane_memory_begin(p);
    status = mr_plane_choose_sources(p, err);
    if (!status)
        status = mr_plane_plan(p, err);
    if (!status)
        status = mr_plane_make(p, err);
    if (!status)
        status = mr_plane_boot(p, err);
    mr_plane_memory_mapped(p);
    if (!status)
        status = mr_plane_memory_end(p, err);
    if (status) {
        mr_plane_close(p);
        return status;
    }
    *out = p;
    return MR_OK;
}

int mr_plane_start(struct mr_plane *p, struct mr_err *err)
{
    int status = mr_tiles_start(&p->side_tiles, p->threads + p->hot_threads, p->thread_count - p->hot_threads, err);
    p->side_ran = status == MR_OK;
    if (!status)
        mr_plane_awake(p);
    if (!status)
        status = mr_tiles_start(&p->tiles, p->threads, p->hot_threads, err);
    p->hot_ran = p->side_ran && status == MR_OK;
    return status ? status : mr_workspace_commit(&p->workspace, err);
}

bool mr_plane_done(struct mr_plane *p)
{
    mr_plane_state_store(p);
    return __atomic_load_n(&p->shutdown, __ATOMIC_ACQUIRE);
}

/* The record tile ends last: it writes what the others have put. */
void mr_plane_stop(struct mr_plane *p)
{
    if (p->tiles)
        mr_tiles_stop(p->tiles);
    if (p->side_tiles)
        mr_tiles_stop(p->side_tiles);
    if (p->tiles)
        mr_plane_state_store(p);
    p->tiles = p->side_tiles = NULL;
    mr_plane_asleep(p);
}

void mr_plane_digests(const struct mr_plane *p, char events[MR_DIGEST_TEXT], char signals[MR_DIGEST_TEXT])
{
    uint64_t dropped = 0;
    for (uint32_t n = 0; n < p->config.feed_tiles; n++)
        dropped += p->feeds[n].metrics->ring_full;
    mr_engine_digests(p->slots[p->config.feed_tiles].state, dropped, events, signals);
}

const struct mr_workspace *mr_plane_workspace(const struct mr_plane *p) { return &p->workspace; }

size_t mr_plane_bytes(const struct mr_plane *p) { return p->arena.bytes + p->workspace.bytes; }

/* Tiles that were made and never ran: what they hold is theirs to give back. */
static void halt_the_rest(struct mr_plane *p)
{
    for (uint32_t i = 0; i < p->booted; i++)
        if (!(i <= p->config.feed_tiles ? p->hot_ran : p->side_ran) && p->slots[i].tile->halt)
            p->slots[i].tile->halt(p->slots[i].state);
}

void mr_plane_close(struct mr_plane *p)
{
    mr_plane_stop(p);
    halt_the_rest(p);
    mr_arena_close(&p->arena);
    mr_workspace_close(&p->workspace);
    for (uint32_t i = 0; i < MR_PLANE_FEEDS_MAX; i++)
        free(p->streams[i]);
    free(p->saved);
    free(p->books);
    free(p->tile_of);
    free(p->regions);
    free(p->blocks);
    free(p);
}
