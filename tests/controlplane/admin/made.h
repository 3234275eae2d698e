/* A workspace as a data plane makes it, with known content: three connections (one live, one mute, one down), two books, a cascade,
 * forty signals, counters and latencies. Written by this process, so it counts as alive. */
#ifndef MR_TESTS_ADMIN_MADE_H
#define MR_TESTS_ADMIN_MADE_H

#include "controlplane/admin/look.h"
#include "dataplane/feed/feed.h"

struct made {
    char folder[64], path[96], socket[96];
    struct mr_workspace ws;
    struct mr_ring_reader commands[2]; /* the feed tiles' side */
    struct mr_feed_metrics *feed;
    struct mr_tile_beat *beats;
};

void made_open(struct made *m);                    /* in a folder of its own in /tmp */
void made_open_at(struct made *m, int64_t now_ns); /* all its data is of that moment, or so long before */
/* The next epoch's file in the same place. */
void made_again(struct made *m);
void made_close(struct made *m);
/* The next command that a feed tile finds; false: none. */
bool made_command(struct made *m, unsigned tile, struct mr_plane_command *out);

#endif
