/* Life cycle and emergency stop, as they act on orders. */
#include <stdio.h>

#include "controlplane/trade/trade_priv.h"

/* ---- life ---- */

static int may(void *self, enum mr_life_state from, enum mr_life_state to, struct mr_err *err)
{
    struct mr_trade *t = self;
    if (to != MR_LIFE_TRADING && !(to == MR_LIFE_READY && from != MR_LIFE_PAUSED))
        return MR_OK;
    if (mr_kill_read(t->ports.kill, 0, 0) == MR_KILL_SCOPE_ALL)
        return mr_err_set(err, MR_E_INVALID, "the kill switch is on: `kill off` first");
    if (t->limits.version == 0)
        return mr_err_set(err, MR_E_INVALID, "no limits are in force");
    if (t->stop.active && from != MR_LIFE_EMERGENCY_STOP) /* who releases it has seen that it is over (mr_steer) */
        return mr_err_set(err, MR_E_INVALID, "an emergency stop is under way");
    for (uint32_t i = 0; i < t->venue_count; i++)
        if (!mr_orders_ready(t->orders, t->venues[i]))
            return mr_err_set(err, MR_E_INVALID, "venue %u is not reconciled", t->venues[i]);
    return to == MR_LIFE_TRADING ? mr_risk_arm(t->risk, err) : MR_OK;
}

static void audit(void *self, const struct mr_life_event *e)
{
    struct mr_trade *t = self;
    struct mr_record_life r;
    TRADE_RECORD(r, MR_RECORD_STATE);
    r.number = e->number;
    r.uid = e->uid;
    r.from = e->from;
    r.to = e->to;
    r.actor = e->actor;
    r.allowed = e->allowed;
    snprintf(r.reason, sizeof r.reason, "%s", e->reason);
    t->journal.append(t->journal.self, MR_JOURNAL_STATE, e->now_ns, &r, sizeof r);
    trade_say(t, MR_TOLD_LIFE, e->to == MR_LIFE_EMERGENCY_STOP ? 2 : !e->allowed, "%s -> %s%s: %s",
              mr_life_state_name(e->from), mr_life_state_name(e->to), e->allowed ? "" : " refused", e->reason);
}

/* What the gate lets through in this state. */
static void set_mode(struct mr_trade *t)
{
    switch (t->life.state) {
    case MR_LIFE_TRADING:
        mr_risk_set_mode(t->risk, MR_RISK_RUN);
        break;
    case MR_LIFE_PAUSED:
        mr_risk_set_mode(t->risk, MR_RISK_REDUCE);
        break;
    default:
        mr_risk_set_mode(t->risk, MR_RISK_HALT);
        if (t->life.state != MR_LIFE_EMERGENCY_STOP)
            mr_risk_disarm(t->risk);
    }
}

int mr_trade_go(struct mr_trade *t, enum mr_life_state to, enum mr_life_actor actor, uint32_t uid, const char *reason,
                int64_t now_ns, struct mr_err *err)
{
    t->now = now_ns > t->now ? now_ns : t->now;
    int status = mr_life_go(&t->life, to, actor, uid, reason, t->now, err);
    set_mode(t);
    return status;
}

int mr_trade_warm(const struct mr_trade *t, struct mr_err *err)
{
    for (uint32_t i = 0; i < t->config.traded_count; i++)
        if (mr_measure_volatility_e8(&t->traded[i].measure) < 0)
            return mr_err_set(err, MR_E_AGAIN, "the volatility of instrument %u is not known yet", t->traded[i].id);
    return MR_OK;
}

int mr_trade_ready(const struct mr_trade *t, struct mr_err *err)
{
    for (uint32_t i = 0; i < t->venue_count; i++)
        if (!mr_orders_ready(t->orders, t->venues[i]))
            return mr_err_set(err, MR_E_AGAIN, "venue %u is not reconciled yet", t->venues[i]);
    return mr_trade_warm(t, err);
}

int mr_trade_steer(struct mr_trade *t, const struct mr_steer_act *act, int64_t now_ns, struct mr_err *err)
{
    t->now = now_ns > t->now ? now_ns : t->now;
    int status = mr_steer(&t->life, &t->stop, act, t->now, err);
    if (!t->stop.active)
        mr_risk_set_closing(t->risk, false);
    set_mode(t);
    return status;
}

/* ---- emergency stop ---- */

static int cut_signals(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    struct mr_trade *t = self;
    (void)first;
    t->wish_count = 0;
    return mr_trade_go(t, MR_LIFE_EMERGENCY_STOP, MR_ACTOR_SYSTEM, UINT32_MAX, t->stop.reason, now_ns, err);
}

/* Orders that are not the stop's own. */
static uint32_t left_open(const struct mr_trade *t)
{
    uint32_t cursor = 0, n = 0;
    for (const struct mr_order *o; (o = mr_orders_next(t->orders, &cursor)) != NULL;)
        n += !(o->flags & MR_ORDER_EMERGENCY);
    return n;
}

static int cancel_all(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    struct mr_trade *t = self;
    if (first)
        mr_orders_cancel_all(t->orders, (struct mr_orders_filter){-1, -1, -1}, now_ns);
    uint32_t left = left_open(t);
    return left ? mr_err_set(err, MR_E_AGAIN, "%u orders are open", left) : MR_OK;
}

/* Each share at market; asked again each second until all are flat. */
static int close_all(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    struct mr_trade *t = self;
    uint32_t left = 0;
    (void)first;
    (void)now_ns;
    mr_risk_arm(t->risk, err); /* the stop may come from a state that is disarmed; its orders can only reduce */
    mr_risk_set_closing(t->risk, true);
    for (uint32_t s = 0; s <= MR_TRADE_STRATEGIES_MAX; s++)
        for (uint32_t i = 0; i < t->config.traded_count; i++) {
            uint32_t cursor = 0;
            bool under_way = false;
            if (!t->holding[s][i].size)
                continue;
            left++;
            for (const struct mr_order *o; (o = mr_orders_next(t->orders, &cursor)) != NULL;)
                under_way |= o->instrument == t->traded[i].id && o->strategy == s && o->flags & MR_ORDER_EMERGENCY;
            if (!under_way && t->now >= t->holding[s][i].retry_ns)
                trade_close_holding(t, s, i, MR_ORDER_EMERGENCY);
        }
    return left ? mr_err_set(err, MR_E_AGAIN, "%u positions are open", left) : MR_OK;
}

static int persist(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    struct mr_trade *t = self;
    const char *failed = t->ports.journal.failed(t->ports.journal.self);
    (void)now_ns;
    if (first)
        t->persist_seq = t->appended;
    if (failed)
        return mr_err_set(err, MR_E_IO, "%s", failed);
    return t->ports.journal.durable(t->ports.journal.self) >= t->persist_seq
               ? MR_OK
               : mr_err_set(err, MR_E_AGAIN, "the journal is behind");
}

static int notify(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    struct mr_trade *t = self;
    return t->ports.notify ? t->ports.notify(t->ports.self, &t->stop, first, now_ns, err) : MR_OK;
}

static int dump(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    struct mr_trade *t = self;
    return t->ports.dump ? t->ports.dump(t->ports.self, t, first, now_ns, err) : MR_OK;
}

static void told(void *self, enum mr_stop_step step, int status, const char *sentence, int64_t now_ns)
{
    (void)now_ns;
    trade_say(self, MR_TOLD_LIFE, 2, "emergency stop: %s: %s%s%s", mr_stop_step_name(step), mr_status_name(status),
              *sentence ? ": " : "", sentence);
}

void mr_trade_stop(struct mr_trade *t, enum mr_stop_cause cause, const char *reason, int64_t now_ns)
{
    t->now = now_ns > t->now ? now_ns : t->now;
    mr_stop_trigger(&t->stop, cause, reason, t->now);
}

int mr_trade_release(struct mr_trade *t, bool force, int64_t now_ns, struct mr_err *err)
{
    t->now = now_ns > t->now ? now_ns : t->now;
    int status = mr_stop_release(&t->stop, force, t->now, err);
    if (status == MR_OK)
        mr_risk_set_closing(t->risk, false);
    return status;
}

void trade_life_init(struct mr_trade *t)
{
    mr_life_init(&t->life, (struct mr_life_port){t, may, audit}, t->now);
    mr_stop_init(&t->stop, (struct mr_stop_port){.self = t,
                                                 .step = {cut_signals, cancel_all, close_all, persist, notify, dump},
                                                 .told = told});
    set_mode(t);
}
