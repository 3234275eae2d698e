#include "dataplane/plane/plane.h"

#include <stdlib.h>

#include "dataplane/log/log.h"
#include "dataplane/plane/plane_priv.h"

/* ---- the source: what was asked for, or what works ---- */

static int probe(const struct mr_source_ops *ops, struct mr_err *err)
{
    struct mr_clock clock = {0};
    const struct mr_stream_config config = {
        .connections_max = 1, .buffer_bytes = 16384, .buffers = 16, .send_bytes = 65536, .clock = &clock};
    struct mr_source source;
    void *mem = aligned_alloc(128, (ops->bytes(&config) + 127) / 128 * 128);
    if (!mem)
        return mr_err_set(err, MR_E_NOMEM, "source %s: no memory", ops->name);
    int status = ops->open(&source, mem, &config, err);
    if (status == MR_OK)
        source.ops->close(&source);
    free(mem);
    return status;
}

static int choose_source(struct mr_plane *p, struct mr_err *err)
{
    const struct mr_plane_config *c = &p->config;
    p->source = &mr_source_socket_ops;
    if (c->source == MR_PLANE_REPLAY)
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "source replay: recordings are played by millrace replay and millrace run");
    if (c->source == MR_PLANE_SOCKET)
        return MR_OK;
    int status = probe(&mr_source_uring_ops, err);
    if (status == MR_OK) {
        p->source = &mr_source_uring_ops;
        return MR_OK;
    }
    if (!c->source_auto)
        return status;
    if (p->log)
        MR_LOG(p->log, MR_LOG_WARN, "source: plain sockets, since %s", err->text);
    return MR_OK;
}

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
    p->log = log;
    p->recording.wanted = config->record;
    status = choose_source(p, err);
    if (!status)
        status = mr_plane_plan(p, err);
    if (!status)
        status = mr_plane_make(p, err);
    if (!status)
        status = mr_plane_boot(p, err);
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
    if (!status)
        status = mr_tiles_start(&p->tiles, p->threads, p->hot_threads, err);
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

const char *mr_plane_source_name(const struct mr_plane *p) { return p->source->name; }

void mr_plane_close(struct mr_plane *p)
{
    mr_plane_stop(p);
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
