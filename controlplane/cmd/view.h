/* The live view of `millrace run`: feeds, books, rates, velocity, regime, signals; 80 columns, plain text, colour only
 * as an extra. Looks at the player from its own thread between two steps. */
#ifndef MR_CMD_VIEW_H
#define MR_CMD_VIEW_H

#include "dataplane/player/player.h"
#include "dataplane/text/text.h"

#define MR_VIEW_SIGNALS 6

struct mr_view {
    char title[80];
    bool colour;
    int64_t begun_ns, last_ns;                   /* wall */
    uint64_t last_messages[MR_PLAYER_FEEDS_MAX]; /* at the last drawing */
    struct mr_signal signals[MR_VIEW_SIGNALS];   /* the latest, newest first */
    uint32_t signal_count;
};

void mr_view_signal(struct mr_view *view, const struct mr_signal *signal);
void mr_view_draw(struct mr_view *view, struct mr_player *player, int64_t wall_ns, struct mr_text *out);
/* One line of the same, for a log. */
void mr_view_line(struct mr_view *view, struct mr_player *player, int64_t wall_ns, struct mr_text *out);

#endif
