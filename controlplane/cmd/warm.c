#include "controlplane/cmd/warm.h"

#include <stdlib.h>

#include "controlplane/cmd/exact.h"
#include "dataplane/player/player.h"
#include "tests/exchange/market/market.h"

static int play(struct mr_player *player, uint64_t seed, int64_t began_ns, int64_t warm_up_ns, int64_t now_ns,
                struct mr_err *err)
{
    const struct mr_market_config config = {.seed = seed,
                                            .start_ns = began_ns,
                                            .duration_ns = INT64_MAX / 4,
                                            .warm_up_ns = warm_up_ns,
                                            .full = true,
                                            .venues = MR_MARKET_ALL};
    struct mr_piece piece;
    void *mem = malloc(mr_market_bytes(&config));
    if (!mem)
        return mr_err_set(err, MR_E_NOMEM, "warm-up: no memory");
    struct mr_market *market = mr_market_init(mem, &config);
    while (mr_market_until(market, now_ns, &piece) == MR_OK)
        mr_player_piece(player, &piece);
    free(mem);
    return MR_OK;
}

static int store(const struct mr_plane_config *plane, struct mr_player *player, struct mr_err *err)
{
    struct mr_pipeline_config pipeline;
    mr_pipeline_config_default(&pipeline, NULL, plane->instruments_max);
    size_t room = mr_engine_sealed_bytes(&pipeline);
    uint8_t *state = malloc(room);
    if (!state)
        return mr_err_set(err, MR_E_NOMEM, "warm-up: no memory");
    int64_t len = mr_engine_seal(mr_player_pipeline(player), state, room);
    int status = len < 0 ? mr_err_set(err, (int)len, "warm-up: %s", mr_status_text((int)len))
                         : mr_plane_state_write(plane, state, (size_t)len, err);
    free(state);
    return status;
}

int mr_warm(const struct mr_plane_config *plane, uint64_t seed, int64_t began_ns, int64_t warm_up_ns, int64_t now_ns,
            struct mr_err *err)
{
    struct mr_player_config config = {0};
    struct mr_player *player;
    mr_exact_player(plane, &config);
    int status = mr_player_open(&player, &config, err);
    if (status)
        return status;
    status = play(player, seed, began_ns, warm_up_ns, now_ns, err);
    if (!status)
        status = store(plane, player, err);
    mr_player_close(player);
    return status;
}
