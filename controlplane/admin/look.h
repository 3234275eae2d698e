/* A look at one data plane: its workspace file, read-only, and nothing else. Works on a live one, on a dead one's file, and goes
 * over to the next epoch's file by itself when the data plane was restarted.
 *
 * Trust   what lies in the file is checked before it is used and copied before it is shown; a scribbled file gives sentences, not crashes.
 * Thread  its owner's; many looks at one file are fine. */
#ifndef MR_ADMIN_LOOK_H
#define MR_ADMIN_LOOK_H

#include "dataplane/plane/plane.h"
#include "dataplane/ring/image.h"
#include "dataplane/ring/ring.h"
#include "dataplane/ring/workspace.h"

#define MR_LOOK_TILES 16
#define MR_LOOK_CONNECTIONS 256

/* Counters at one moment: rates are differences of two. */
struct mr_look_sample {
    int64_t ns; /* wall; 0: none */
    struct {
        uint64_t steps, busy, work;
    } tile[MR_LOOK_TILES];
    struct {
        uint64_t frames, bytes;
    } connection[MR_LOOK_CONNECTIONS];
};

struct mr_look {
    char name[32], path[MR_WORKSPACE_PATH_BYTES];
    struct mr_workspace ws;
    struct mr_workspace_info info;
    struct mr_err err; /* why it is not open */
    bool open;
    uint64_t device, inode; /* of the file that is mapped */
    int64_t now_ns;         /* wall time of the last refresh */
    struct mr_look_sample before, last;
};

/* Remembers where; opening is mr_look_refresh's. */
void mr_look_init(struct mr_look *look, const char *name, const char *path);
/* Attaches, or attaches anew if another file has that name now, and takes a sample. Whether there is one to look at. */
bool mr_look_refresh(struct mr_look *look, int64_t now_ns);
void mr_look_close(struct mr_look *look);
/* Whether the process that made the workspace lives. */
bool mr_look_alive(const struct mr_look *look);

/* A region of this name and kind. */
bool mr_look_region(const struct mr_look *look, const char *name, enum mr_region_kind kind, struct mr_region *out);
/* Number `idx` and up: the next region of this kind whose name begins with `prefix`; what follows it is at out->name + strlen(prefix). */
bool mr_look_next(const struct mr_look *look, uint32_t *idx, const char *prefix, enum mr_region_kind kind,
                  struct mr_region *out);
/* A consistent copy of an image. */
bool mr_look_image(const struct mr_region *region, void *payload, uint32_t payload_bytes);
/* Heartbeats: copies up to `max`; how many. */
uint32_t mr_look_tiles(const struct mr_look *look, struct mr_tile_beat *out, uint32_t max);
/* Connections of all feed tiles; how many. */
uint32_t mr_look_connections(const struct mr_look *look, struct mr_plane_connection *out, uint32_t max);
/* Channels of all feed tiles, those that are not live first in each; how many were copied. `all`: how many there are. `data_ns`: when the
 * oldest part was written. */
struct mr_look_channel {
    char product[40];
    struct mr_plane_channel channel;
};
uint32_t mr_look_channels(const struct mr_look *look, struct mr_look_channel *out, uint32_t max, uint32_t *all,
                          int64_t *data_ns);
/* The instrument and its name, as binance:usdm BTCUSDT; false: none of this id. */
bool mr_look_instrument(const struct mr_look *look, uint32_t id, struct mr_instrument *out);
void mr_look_product(const struct mr_instrument *instrument, char out[48]);
/* The newest heartbeat: the age of all that is counted. 0: none. */
int64_t mr_look_beat_ns(const struct mr_look *look);
int64_t mr_look_wall(void);

#endif
