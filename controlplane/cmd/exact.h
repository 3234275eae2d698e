/* Replaying the folder of a live run exactly: its own configuration, its feed tiles apart, its engines in the order of their log. */
#ifndef MR_CMD_EXACT_H
#define MR_CMD_EXACT_H

#include "dataplane/player/player.h"

/* What a player needs to be this data plane once more. Points into `plane`. */
struct mr_plane_config;
void mr_exact_player(const struct mr_plane_config *plane, struct mr_player_config *player);

/* Whether `path` is a folder with an engine's log in it. */
bool mr_exact_is(const char *path);
/* Sets what a player needs from the configuration that the recording begins with; a recording without one keeps what is set. The
 * engines' configs in it stay good until the process ends. MR_OK, MR_E_INVALID: that configuration is not one of this build. */
int mr_exact_configure(const char *folder, struct mr_player_config *player, struct mr_err *err);

#endif
