#include "controlplane/cmd/exact.h"

#include <stdio.h>
#include <sys/stat.h>

#include "controlplane/config/config.h"
#include "dataplane/record/recording.h"

#define ENGINE "engine-0"

bool mr_exact_is(const char *path)
{
    struct mr_recording_names names;
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode) || mr_recording_list(path, &names, NULL) != MR_OK)
        return false;
    for (uint32_t i = 0; i < names.count; i++)
        if (strcmp(names.name[i], ENGINE) == 0)
            return true;
    return false;
}

static void tell(void *arg, const char *sentence)
{
    (void)arg;
    fprintf(stderr, "millrace replay: %s\n", sentence);
}

void mr_exact_player(const struct mr_plane_config *plane, struct mr_player_config *player)
{
    player->reference = plane->reference;
    player->instruments_max = plane->instruments_max;
    player->books_max = plane->books_max;
    player->book_depth = plane->book_depth;
    player->flow = plane->flow;
    player->velocity = &plane->velocity;
    player->volatility = &plane->volatility;
    player->signal = &plane->signal;
    for (uint32_t i = 0; i < plane->feed_count; i++)
        if (plane->feeds[i].liquidator_count) { /* one product can have any */
            player->liquidators = plane->feeds[i].liquidators;
            player->liquidator_count = plane->feeds[i].liquidator_count;
        }
}

int mr_exact_configure(const char *folder, struct mr_player_config *player, struct mr_err *err)
{
    static struct mr_config config;
    struct mr_recording *recording;
    struct mr_capture_record record;
    player->recording = folder;
    int status = mr_recording_open(&recording, folder, ENGINE, err);
    if (status)
        return status;
    bool found = false;
    while (!found && status == MR_OK && mr_recording_next(recording, &record) == MR_OK) {
        found = record.kind == MR_CAPTURE_CONFIG;
        if (found)
            status = mr_config_parse(&config, folder, (const char *)record.data, record.len, tell, NULL);
        if (record.kind == MR_CAPTURE_INPUT)
            break; /* what begins a segment is over */
    }
    mr_recording_close(recording);
    if (status)
        return mr_err_set(err, status, "%s: the configuration it was recorded with is not one of this build", folder);
    if (found)
        mr_exact_player(&config.plane, player);
    return MR_OK;
}
