/* The trade tile: one round takes what the market and the data planes' engines said, then lets trading go on. */
#include <stdio.h>
#include <time.h>
#include <xxhash.h>

#include "controlplane/trade/desk_priv.h"

#define PUBLISH_NS 100000000ll

/* ---- who are the others? ---- */

uint64_t desk_build(const char *build) { return XXH64(build, strlen(build), 0); }

/* Of another instance only the build is compared: its configuration is its own. */
static uint64_t config_of(const struct mr_desk *d, const struct mr_link_view *plane)
{
    return strcmp(plane->instance, d->config.instance) == 0 ? plane->config : d->config.config_hash;
}

int desk_agree(const struct mr_desk *d, struct mr_err *err)
{
    struct mr_life_party party[MR_LINKS_MAX + 1] = {{"the control plane", d->build, d->config.config_hash}};
    struct mr_link_view plane[MR_LINKS_MAX];
    char name[MR_LINKS_MAX][80];
    uint32_t n = mr_links_count(d->links);
    if (strcmp(d->build, "unknown") == 0)
        return mr_err_set(err, MR_E_INVALID, "this program bears no build id to compare: link it with --build-id");
    for (uint32_t i = 0; i < n; i++) {
        mr_links_view(d->links, i, &plane[i]);
        if (!plane[i].counts.attaches)
            return mr_err_set(err, MR_E_AGAIN, "data plane %.60s has not been seen yet", plane[i].name);
        snprintf(name[i], sizeof name[i], "data plane %.60s", plane[i].name);
        party[i + 1] = (struct mr_life_party){name[i], plane[i].build, config_of(d, &plane[i])};
        const struct mr_life_party pair[] = {party[0], party[i + 1]};
        if (mr_life_agree(pair, 2, err) != MR_OK && !mr_links_alive(d->links, i))
            return mr_err_set(err, MR_E_AGAIN, "%s does not run, and what it left is of another build or configuration",
                              name[i]);
    }
    return mr_life_agree(party, n + 1, err);
}

/* A data plane came, or came back: the gate hears what it is; with a stranger no new position is taken. */
static void identify(struct mr_desk *d, int64_t now_ns)
{
    struct mr_err err = {""};
    uint64_t attaches = mr_links_attaches(d->links);
    if (mr_likely(attaches == d->attaches_seen))
        return;
    d->attaches_seen = attaches;
    for (uint32_t i = 0; i < mr_links_count(d->links); i++) {
        struct mr_link_view plane;
        mr_links_view(d->links, i, &plane);
        if (plane.counts.attaches)
            mr_trade_process(d->trade, i, desk_build(plane.build), config_of(d, &plane));
    }
    int status = desk_agree(d, &err);
    if (status != MR_OK && status != MR_E_AGAIN && mr_trade_life(d->trade)->state == MR_LIFE_TRADING)
        mr_trade_go(d->trade, MR_LIFE_PAUSED, MR_ACTOR_SYSTEM, UINT32_MAX, err.text, now_ns, &err);
}

/* A data plane that came, or came back, is worth a line. */
static void tell_attached(struct mr_desk *d, int64_t now_ns)
{
    for (uint32_t i = 0; i < mr_links_count(d->links); i++) {
        struct mr_link_view view;
        char said[240];
        mr_links_view(d->links, i, &view);
        if (view.counts.attaches == d->attaches[i])
            continue;
        d->attaches[i] = view.counts.attaches;
        snprintf(said, sizeof said, "%.60s: attached to %.120s, epoch %llu", view.name, view.path,
                 (unsigned long long)view.epoch);
        desk_say(d, MR_TOLD_LIFE, 0, now_ns, said);
    }
}

int desk_step(struct mr_desk *d, int64_t now_ns)
{
    d->now_ns = now_ns;
    if (mr_unlikely(d->config.probe != NULL))
        d->config.probe->round(d->config.probe->arg);
    uint32_t did = mr_market_feed_poll(d->feed, now_ns);
    for (uint32_t i = 0, n = 1; i < 64 && n; i++) {
        did += n = mr_links_poll(d->links, now_ns);
        identify(d, now_ns); /* before a signal of it is taken */
    }
    desk_calls(d, now_ns);
    did += mr_trade_step(d->trade, now_ns);
    if (mr_unlikely(d->refused)) {
        d->refused = false;
        mr_trade_stop(d->trade, MR_STOP_CREDENTIALS, "the venue does not take our credentials", now_ns);
    }
    desk_go_on(d, now_ns);
    if (now_ns >= d->publish_ns) {
        d->publish_ns = now_ns + PUBLISH_NS;
        desk_publish(d, now_ns);
        tell_attached(d, now_ns);
    }
    MR_COUNT(d->metrics, steps, 1);
    return (int)did;
}

/* ---- as a tile ---- */

static size_t tile_bytes(const void *config)
{
    (void)config;
    return sizeof(struct mr_desk *);
}

static int tile_boot(void *state, const void *config, struct mr_arena *arena, struct mr_err *err)
{
    (void)arena, (void)err;
    *(struct mr_desk **)state = *(struct mr_desk *const *)config;
    return mr_clock_open(&(*(struct mr_desk **)state)->clock);
}

static int tile_step(void *state, int64_t now_ns)
{
    struct mr_desk *d = *(struct mr_desk **)state;
    mr_trade_on_clock(d->trade, now_ns, mr_clock_mono());
    int did = desk_step(d, now_ns);
    if (!did && d->trading.idle_us > 0)
        nanosleep(&(struct timespec){0, d->trading.idle_us * 1000l}, NULL);
    return did;
}

static void tile_housekeep(void *state, int64_t now_ns)
{
    (void)now_ns;
    mr_clock_housekeep(&(*(struct mr_desk **)state)->clock);
}

const struct mr_tile desk_tile = {
    .name = "trade", .bytes = tile_bytes, .boot = tile_boot, .step = tile_step, .housekeep = tile_housekeep};
