/* What is killed: a desk with its real threads (trade tile, journal), the paper exchange, the admin socket, the kill switch with its file and its
 * signal, in this process; and the shared memory of a data plane whose books never rest.
 *
 * Thread  of the scene's own: io (socket, file, log), market. Everything here is called by one more. */
#ifndef MR_PERF_KILL_SCENE_H
#define MR_PERF_KILL_SCENE_H

#include "controlplane/trade/desk.h"

struct scene;
struct scene_seen {         /* by the trade tile, since scene_watch */
    int64_t last_cancel_ns; /* CLOCK_MONOTONIC; 0: none was handed over */
    bool all;               /* the one request that cancels all at a venue was among them */
    uint32_t cancels;
    uint32_t placed_after; /* orders handed over in a round that began when the gate had been seen closed */
};
/* In a new folder under /tmp. MR_OK when it trades, about 20 s later (volatility wants 14 bars). */
int scene_open(struct scene **scene, struct mr_err *err);
void scene_close(struct scene *scene);
const struct mr_kill_page *scene_page(const struct scene *scene);
const char *scene_kill_file(const struct scene *scene);
void scene_show(struct scene *scene, struct mr_trade_show *out);
/* A command to the admin socket over a connection of its own; true: it was done. `reply` may be NULL. */
bool scene_say(struct scene *scene, const char *command, char *reply, size_t bytes);
void scene_watch(struct scene *scene);  /* from now on */
void scene_closed(struct scene *scene); /* the gate was seen closed */
void scene_seen(struct scene *scene, struct scene_seen *out);

#endif
