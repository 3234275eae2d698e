#include "controlplane/cmd/place.h"

#include "dataplane/log/log.h"
#include "pinning/place.h"

static const char *const feed_roles[] = {"feed 0", "feed 1", "feed 2", "feed 3",
                                         "feed 4", "feed 5", "feed 6", "feed 7"};
static_assert(MR_COUNT_OF(feed_roles) == MR_PLANE_TILES_MAX, "a name a feed tile");
static_assert(MR_PLANE_TILES_MAX + 2 <= MR_PLACE_MAX, "room for all pinned threads of an instance");

/* In the order of plane.cores: feed tiles, then the engine tile. */
static void add_plane(const struct mr_plane_config *plane, bool foreign, struct mr_place *place)
{
    for (uint32_t i = 0; i < plane->core_count && i < MR_PLANE_TILES_MAX; i++) {
        mr_place_add(place, "plane.cores", i < plane->feed_tiles ? feed_roles[i] : "engine", plane->cores[i], true);
        place->tile[place->count - 1].foreign = foreign;
    }
    place->nic = *plane->dpdk.interface ? plane->dpdk.interface : plane->dpdk.device;
    place->anywhere = plane->placement == MR_PLANE_ANYWHERE;
}

static int check(const struct mr_place *place, struct mr_log *log, int *node, struct mr_err *err)
{
    static struct mr_topology topology; /* large */
    static char said[4096];
    struct mr_host host;
    struct mr_text text;
    *node = -1;
    if (!place->count)
        return MR_OK;
    mr_text_init(&text, said, sizeof said);
    int status = mr_host_open(&host, NULL, err);
    if (status)
        return status;
    status = mr_topology_read(&topology, &host, err);
    if (!status)
        status = mr_place_check(place, &topology, &host, &text, err);
    if (!status)
        *node = mr_place_node(place, &topology);
    mr_host_close(&host);
    for (char *rest = said, *line; (line = strsep(&rest, "\n"));)
        if (*line)
            MR_LOG(log, MR_LOG_WARN, "%s, as plane.placement has it", line);
    return status;
}

int mr_place_plane(struct mr_config *config, struct mr_log *log, struct mr_err *err)
{
    struct mr_place place = {0};
    add_plane(&config->plane, false, &place);
    return check(&place, log, &config->plane.node, err);
}

int mr_place_trade(const struct mr_config *config, struct mr_log *log, struct mr_err *err)
{
    static const char *const roles[] = {"the trade tile", "the journal thread"};
    struct mr_place place = {0};
    int node;
    if (!config->trade.core_count)
        return MR_OK;
    add_plane(&config->plane, true, &place);
    for (uint32_t i = 0; i < config->trade.core_count && i < MR_COUNT_OF(roles); i++)
        mr_place_add(&place, "trade.cores", roles[i], config->trade.cores[i], false);
    return check(&place, log, &node, err);
}
