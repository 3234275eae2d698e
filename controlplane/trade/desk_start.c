/* The start-up's steps (C-2), each as this process has it, and what follows the last one. */
#include <stdio.h>

#include "controlplane/trade/desk_priv.h"

#define LOOK_NS 1000000000ll   /* between two looks */
#define AGAIN_NS 10000000000ll /* a start-up that failed is tried again: a data plane may come late */

static int config(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    (void)first, (void)now_ns;
    return desk_agree(self, err);
}

/* Folders, the lock of the instance and limits were looked at before the process came so far. */
static int environment(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    const struct mr_desk *d = self;
    (void)first;
    if (now_ns < 1600000000000000000)
        return mr_err_set(err, MR_E_INVALID, "the clock is before 2020: set it");
    return d->limits.bound && d->limits.version ? MR_OK : mr_err_set(err, MR_E_INVALID, "no limits are in force");
}

static int storage(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    struct mr_desk *d = self;
    (void)first, (void)now_ns;
    return !d->config.store || atomic_load_explicit(&d->store_well, memory_order_acquire)
               ? MR_OK
               : mr_err_set(err, MR_E_AGAIN, "the store takes nothing now");
}

static int audit(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    const struct mr_desk *d = self;
    const struct mr_journal_port port = mr_journal_port(d->journal);
    const char *failed = port.failed(port.self);
    (void)first, (void)now_ns;
    if (failed)
        return mr_err_set(err, MR_E_IO, "%.150s", failed);
    return port.durable(port.self) >= d->begin_seq
               ? MR_OK
               : mr_err_set(err, MR_E_AGAIN, "the first records are not on disk yet");
}

/* The venue's scales are known for all that is traded: what was guessed before is no basis for an order. */
static bool metadata(struct mr_desk *d)
{
    bool all = true;
    for (uint32_t i = 0; i < d->trading.instrument_count; i++) {
        const struct mr_instrument *it = mr_instruments_get(d->instruments, d->ids[i]);
        all &= !(it->flags & MR_INSTRUMENT_NO_METADATA);
        if (it->generation == d->metadata[i])
            continue;
        if (!desk_say_metadata(d, it))
            continue; /* the io thread is behind: in the next round */
        d->metadata[i] = it->generation;
        mr_trade_metadata(d->trade, d->ids[i]);
    }
    return all;
}

static int feeds(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    struct mr_desk *d = self;
    (void)first, (void)now_ns;
    if (!metadata(d))
        return mr_err_set(err, MR_E_AGAIN, "no metadata of every instrument yet");
    for (uint32_t i = 0; i < d->trading.instrument_count; i++)
        if (!(mr_market_feed_view(d->feed, d->ids[i])->flags & MR_MARKET_LIVE))
            return mr_err_set(err, MR_E_AGAIN, "no live book of %.100s yet", d->names[i]);
    return MR_OK;
}

static int history(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    (void)first, (void)now_ns;
    return mr_trade_warm(((struct mr_desk *)self)->trade, err);
}

static int engines(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    const struct mr_desk *d = self;
    (void)first, (void)now_ns;
    for (uint32_t i = 0; i < mr_links_count(d->links); i++) {
        struct mr_link_view plane;
        mr_links_view(d->links, i, &plane);
        if (!plane.attached)
            return mr_err_set(err, MR_E_AGAIN, "data plane %.60s: %.80s", plane.name, plane.why);
    }
    return MR_OK; /* their signals say themselves whether they are of warm engines */
}

static int reconcile(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    (void)first, (void)now_ns;
    return mr_trade_ready(((struct mr_desk *)self)->trade, err);
}

/* Asked where orders are real: nothing here sends one to a venue. */
static int credentials(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    (void)self, (void)first, (void)now_ns;
    return mr_err_set(err, MR_E_UNSUPPORTED, "no venue takes real orders of this build");
}

static void told(void *self, enum mr_start_step step, int status, const char *sentence, int64_t took_ns)
{
    struct mr_desk *d = self;
    char said[MR_TOLD_TEXT];
    if (status == MR_E_UNSUPPORTED)
        return;
    snprintf(said, sizeof said, "start-up: %s: %s after %lld ms%s%s", mr_start_step_name(step),
             status == MR_OK ? "done" : "failed", (long long)(took_ns / 1000000), *sentence ? ": " : "", sentence);
    desk_say(d, MR_TOLD_LIFE, status != MR_OK, d->now_ns, said);
}

void desk_start_init(struct mr_desk *d)
{
    mr_start_init(&d->start,
                  (struct mr_start_port){
                      d, {config, environment, storage, audit, feeds, history, engines, reconcile, credentials}, told},
                  false);
}

/* One look; NULL: all steps are done, else what is waited for. */
static const char *start_up(struct mr_desk *d, int64_t now_ns, struct mr_err *err)
{
    if (d->start.status != MR_OK && d->start.status != MR_E_AGAIN && now_ns >= d->start_again_ns)
        desk_start_init(d);
    bool tried = d->start.status == MR_E_AGAIN;
    int status = mr_start_poll(&d->start, now_ns, err);
    if (status == MR_E_AGAIN)
        return d->start.step[d->start.at].sentence;
    if (status != MR_OK && tried)
        d->start_again_ns = now_ns + AGAIN_NS;
    return status == MR_OK ? NULL : err->text;
}

void desk_go_on(struct mr_desk *d, int64_t now_ns)
{
    struct mr_err err = {""};
    enum mr_life_state state = mr_trade_life(d->trade)->state;
    if (mr_likely(now_ns < d->ready_try_ns))
        return;
    d->ready_try_ns = now_ns + LOOK_NS;
    metadata(d); /* of what changes later, too */
    if (state == MR_LIFE_EMERGENCY_STOP)
        d->begun = true; /* whoever releases it starts trading himself */
    const char *why = d->start.status == MR_OK && state != MR_LIFE_READY ? NULL : start_up(d, now_ns, &err);
    if (state > MR_LIFE_READY)
        why = NULL;
    if (!why && state == MR_LIFE_INITIALIZING &&
        mr_trade_go(d->trade, MR_LIFE_READY, MR_ACTOR_SYSTEM, UINT32_MAX, "all steps of the start-up are done", now_ns,
                    &err) != MR_OK)
        why = err.text;
    if (!why && mr_trade_life(d->trade)->state == MR_LIFE_READY && desk_agree(d, &err) != MR_OK)
        why = err.text;
    if (!why && d->trading.at_start && !d->begun && mr_trade_life(d->trade)->state == MR_LIFE_READY) {
        d->begun = true; /* once: who pauses or disarms it later means it */
        if (mr_trade_go(d->trade, MR_LIFE_TRADING, MR_ACTOR_CONFIG, UINT32_MAX, "trade.at_start", now_ns, &err) !=
            MR_OK) {
            d->begun = false;
            why = err.text;
        }
    }
    snprintf(d->why, sizeof d->why, "%s", why ? why : "");
}
