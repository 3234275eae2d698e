#include "controlplane/admin/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define SAMPLE_NS 400000000 /* rates are taken over at least so long */

int64_t mr_look_wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

void mr_look_init(struct mr_look *look, const char *name, const char *path)
{
    memset(look, 0, sizeof *look);
    snprintf(look->name, sizeof look->name, "%s", name);
    snprintf(look->path, sizeof look->path, "%s", path);
}

void mr_look_close(struct mr_look *look)
{
    if (look->open)
        mr_workspace_close(&look->ws);
    look->open = false;
}

/* The file of that name is the one that is mapped. */
static bool same_file(const struct mr_look *look)
{
    struct stat st;
    return stat(look->path, &st) == 0 && st.st_ino == look->inode && st.st_dev == look->device;
}

static void attach(struct mr_look *look)
{
    struct mr_workspace ws;
    struct stat st;
    if (mr_workspace_attach(&ws, look->path, false, &look->err) != MR_OK)
        return; /* what was there before is still worth a look */
    if (fstat(ws.fd, &st) != 0) {
        mr_workspace_close(&ws);
        return;
    }
    mr_look_close(look);
    look->ws = ws;
    look->open = true;
    look->device = st.st_dev;
    look->inode = st.st_ino;
    look->before = look->last = (struct mr_look_sample){0};
    mr_workspace_info(&look->ws, &look->info);
}

static void sample(const struct mr_look *look, struct mr_look_sample *out)
{
    static _Thread_local struct mr_plane_connection rows[MR_LOOK_CONNECTIONS];
    struct mr_tile_beat tiles[MR_LOOK_TILES];
    *out = (struct mr_look_sample){.ns = look->now_ns};
    for (uint32_t i = 0, n = mr_look_tiles(look, tiles, MR_LOOK_TILES); i < n; i++) {
        out->tile[i].steps = tiles[i].steps;
        out->tile[i].busy = tiles[i].busy_steps;
        out->tile[i].work = tiles[i].work;
    }
    for (uint32_t i = 0, n = mr_look_connections(look, rows, MR_LOOK_CONNECTIONS); i < n; i++) {
        out->connection[i].frames = rows[i].frames;
        out->connection[i].bytes = rows[i].bytes;
    }
}

bool mr_look_refresh(struct mr_look *look, int64_t now_ns)
{
    look->now_ns = now_ns;
    if (!look->open || !same_file(look))
        attach(look);
    if (!look->open)
        return false;
    if (now_ns - look->last.ns >= SAMPLE_NS) {
        look->before = look->last;
        sample(look, &look->last);
    }
    return true;
}

bool mr_look_alive(const struct mr_look *look) { return look->open && mr_workspace_alive(&look->info); }

bool mr_look_region(const struct mr_look *look, const char *name, enum mr_region_kind kind, struct mr_region *out)
{
    return look->open && mr_workspace_find(&look->ws, name, out) == MR_OK && out->kind == kind;
}

bool mr_look_next(const struct mr_look *look, uint32_t *idx, const char *prefix, enum mr_region_kind kind,
                  struct mr_region *out)
{
    while (look->open && *idx < look->ws.region_count)
        if (mr_workspace_region(&look->ws, (*idx)++, out) == MR_OK && out->kind == kind &&
            strncmp(out->name, prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

bool mr_look_image(const struct mr_region *region, void *payload, uint32_t payload_bytes)
{
    return mr_image_check(region->mem, region->bytes) == MR_OK &&
           mr_image_payload_bytes(region->mem) == payload_bytes &&
           mr_image_read(region->mem, payload, payload_bytes, NULL) == MR_OK;
}

uint32_t mr_look_tiles(const struct mr_look *look, struct mr_tile_beat *out, uint32_t max)
{
    struct mr_region region;
    uint32_t count = 0;
    if (!mr_look_region(look, "tiles", MR_REGION_TILES, &region))
        return 0;
    const struct mr_tile_beat *beats = region.mem;
    for (size_t i = 0; i < region.bytes / sizeof *beats && count < max; i++) {
        out[count] = beats[i]; /* words written by one thread each: a torn row is a row of two moments, no more */
        out[count].name[sizeof out->name - 1] = 0;
        count += out[count].name[0] != 0;
    }
    return count;
}

static int by_number(const void *a, const void *b)
{
    const struct mr_plane_connection *x = a, *y = b;
    return x->tile != y->tile ? (int)x->tile - (int)y->tile : (int)x->number - (int)y->number;
}

uint32_t mr_look_connections(const struct mr_look *look, struct mr_plane_connection *out, uint32_t max)
{
    static _Thread_local struct mr_plane_connections image;
    struct mr_region region;
    uint32_t count = 0;
    for (uint32_t at = 0; mr_look_next(look, &at, "connections/", MR_REGION_IMAGE, &region);) {
        if (!mr_look_image(&region, &image, sizeof image))
            continue;
        for (uint32_t i = 0; i < image.count && i < MR_COUNT_OF(image.row) && count < max; i++) {
            struct mr_plane_connection *row = &out[count++];
            *row = image.row[i];
            row->product[sizeof row->product - 1] = row->route[sizeof row->route - 1] = 0;
            row->host[sizeof row->host - 1] = row->why[sizeof row->why - 1] = row->tls[sizeof row->tls - 1] = 0;
        }
    }
    qsort(out, count, sizeof *out, by_number);
    return count;
}

uint32_t mr_look_channels(const struct mr_look *look, struct mr_look_channel *out, uint32_t max, uint32_t *all,
                          int64_t *data_ns)
{
    static _Thread_local struct mr_plane_channels image;
    struct mr_region region;
    uint32_t count = 0;
    *all = 0;
    *data_ns = 0;
    for (uint32_t at = 0; mr_look_next(look, &at, "channels/", MR_REGION_IMAGE, &region);) {
        if (!mr_look_image(&region, &image, sizeof image))
            continue;
        *all += image.all;
        *data_ns = *data_ns && *data_ns < image.now_ns ? *data_ns : image.now_ns;
        for (uint32_t i = 0; i < image.count && i < MR_COUNT_OF(image.row) && count < max; i++) {
            const struct mr_plane_channel *row = &image.row[i];
            if (row->product >= MR_COUNT_OF(image.product) || row->state > MR_STATUS_DEAD)
                continue;
            struct mr_look_channel *c = &out[count++];
            c->channel = *row;
            c->channel.symbol[sizeof c->channel.symbol - 1] = 0;
            memcpy(c->product, image.product[row->product], sizeof c->product);
            c->product[sizeof c->product - 1] = 0;
        }
    }
    return count;
}

bool mr_look_instrument(const struct mr_look *look, uint32_t id, struct mr_instrument *out)
{
    struct mr_region region;
    if (!mr_look_region(look, "instruments", MR_REGION_INSTRUMENTS, &region) ||
        mr_instruments_check(region.mem, region.bytes) != MR_OK || id >= mr_instruments_capacity(region.mem) ||
        mr_instruments_read(region.mem, id, out) != MR_OK)
        return false;
    out->symbol[sizeof out->symbol - 1] = out->base[sizeof out->base - 1] = out->quote[sizeof out->quote - 1] = 0;
    return true;
}

void mr_look_product(const struct mr_instrument *instrument, char out[48])
{
    const struct mr_venue *venue = mr_venue_by_id(instrument->venue);
    uint8_t product = 0;
    while (venue && venue->products[product].name && product < instrument->product)
        product++;
    if (venue && venue->products[product].name)
        snprintf(out, 48, "%s:%s", venue->name, venue->products[product].name);
    else
        snprintf(out, 48, "%u:%u", instrument->venue, instrument->product);
}

int64_t mr_look_beat_ns(const struct mr_look *look)
{
    struct mr_tile_beat tiles[MR_LOOK_TILES];
    int64_t newest = 0;
    for (uint32_t i = 0, n = mr_look_tiles(look, tiles, MR_LOOK_TILES); i < n; i++)
        newest = tiles[i].last_ns > newest ? tiles[i].last_ns : newest;
    return newest;
}
