/* The engines' saved state: one file in the data folder, written by the process's main thread, never by a tile. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/log/log.h"
#include "dataplane/plane/plane_priv.h"

#define STATE_MAX (256u << 20)

static void path_of(const struct mr_plane_config *c, char *out, size_t bytes, const char *suffix)
{
    snprintf(out, bytes, "%s/%s-engine-0.state%s", c->data, c->instance, suffix);
}

void mr_plane_state_load(struct mr_plane *p)
{
    char path[400];
    if (!*p->config.data)
        return;
    path_of(&p->config, path, sizeof path, "");
    FILE *f = fopen(path, "re");
    if (!f)
        return; /* the first run */
    fseek(f, 0, SEEK_END);
    long len = ftell(f);
    rewind(f);
    if (len > 0 && len < (long)STATE_MAX && (p->saved = malloc((size_t)len)) &&
        fread(p->saved, 1, (size_t)len, f) == (size_t)len)
        p->engine.saved = (struct mr_span){p->saved, (uint32_t)len};
    p->engine.restore_ns = mr_plane_wall_ns();
    fclose(f);
}

/* A recording that begins with engines restored needs what they were restored from: FOLDER/engine-0.state, the time and the state. */
int mr_plane_state_copy(const struct mr_plane *p, struct mr_err *err)
{
    char path[400];
    snprintf(path, sizeof path, "%s/engine-0.state", p->config.record_folder);
    unlink(path);
    if (p->engine.saved.len == 0)
        return MR_OK;
    FILE *f = fopen(path, "we");
    bool good = f && fwrite(&p->engine.restore_ns, 8, 1, f) == 1 &&
                fwrite(p->engine.saved.data, 1, p->engine.saved.len, f) == p->engine.saved.len;
    if (f)
        good = fclose(f) == 0 && good;
    return good ? MR_OK : mr_err_set(err, MR_E_IO, "%s: cannot write", path);
}

/* The data folder and those above it, where they are not there yet. What cannot be made shows when the file is opened. */
static void make_folders(const char *folder)
{
    char path[400];
    snprintf(path, sizeof path, "%s", folder);
    for (char *at = path + 1; *at; at++)
        if (*at == '/') {
            *at = 0;
            mkdir(path, 0750);
            *at = '/';
        }
    mkdir(path, 0750);
}

/* Whole or not at all: a new file takes the old one's name. */
int mr_plane_state_write(const struct mr_plane_config *c, const uint8_t *data, size_t len, struct mr_err *err)
{
    char path[400], fresh[400];
    path_of(c, path, sizeof path, "");
    path_of(c, fresh, sizeof fresh, ".new");
    make_folders(c->data);
    FILE *f = fopen(fresh, "we");
    bool good = f && fwrite(data, 1, len, f) == len && fflush(f) == 0 && fsync(fileno(f)) == 0;
    if (f)
        good = fclose(f) == 0 && good;
    if (good && rename(fresh, path) == 0)
        return MR_OK;
    unlink(fresh);
    return mr_err_set(err, MR_E_IO, "%s: engine state could not be saved; after a restart engines warm up anew", path);
}

void mr_plane_state_store(struct mr_plane *p)
{
    const uint8_t *data = NULL;
    size_t len = 0;
    struct mr_err err;
    const struct mr_engine *e = p->slot_count ? p->slots[p->config.feed_tiles].state : NULL;
    uint64_t saves = e ? mr_engine_saved(e, &data, &len) : 0;
    if (!*p->config.data || saves == p->saves_written)
        return;
    p->saves_written = saves;
    if (mr_plane_state_write(&p->config, data, len, &err) != MR_OK && p->log)
        MR_LOG(p->log, MR_LOG_WARN, "%s", err.text);
}
