/* Operators: orders by hand, pauses, stops, the kill switch, limits; and two of them at once. */
#include <stdio.h>

#include "tests/sim/judge.h"

static bool awake(const struct world *w) { return w->alive && w->paused_until <= w->truth; }

static void place(struct world *w)
{
    struct sim_market *m = &w->market[sim_below(w, w->markets)];
    const struct mr_instrument *it = mr_instruments_get(w->instruments, m->id);
    struct mr_order o = {.instrument = m->id, .venue = SIM_VENUE, .side = (uint8_t)sim_below(w, 2)};
    struct mr_err err;
    uint64_t id;
    mr_price off = sim_between(w, -3, 12) * it->tick; /* from taking to resting deep */
    o.size = 1 + sim_between(w, 0, 3000);
    if (sim_below(w, 8) == 0)
        o.size *= 10; /* now and then more than may be */
    if (sim_below(w, 5) == 0) {
        o.type = MR_ORDER_MARKET;
        o.tif = MR_TIF_IOC;
        o.flags = sim_below(w, 2) ? MR_ORDER_REDUCE_ONLY : 0;
    } else {
        static const uint8_t tifs[] = {MR_TIF_GTC, MR_TIF_GTC, MR_TIF_GTC, MR_TIF_IOC, MR_TIF_FOK, MR_TIF_GTD};
        o.type = MR_ORDER_LIMIT;
        o.tif = tifs[sim_below(w, MR_COUNT_OF(tifs))];
        o.price = (o.side == MR_SIDE_BUY ? m->mid - off : m->mid + off) / it->tick * it->tick;
        o.expires_ns = o.tif == MR_TIF_GTD ? sim_host_now(w) + sim_between(w, 100 * SIM_MS, 20 * SIM_S) : 0;
        o.flags = (o.tif == MR_TIF_GTC && sim_below(w, 4) == 0) ? MR_ORDER_POST_ONLY : 0;
    }
    planted_step(w);
    mr_trade_place(w->trade, &o, sim_host_now(w), &id, &err);
}

static void cancel(struct world *w)
{
    uint32_t cursor = 0, n = mr_orders_open(mr_trade_orders(w->trade)), which;
    struct mr_err err;
    if (!n)
        return;
    which = (uint32_t)sim_below(w, n);
    for (const struct mr_order *o; (o = mr_orders_next(mr_trade_orders(w->trade), &cursor)) != NULL;)
        if (which-- == 0) {
            uint64_t id = o->id;
            judge_cancel(w, id, mr_trade_cancel(w->trade, id, sim_host_now(w), &err));
            return;
        }
}

static void go(struct world *w, enum mr_life_state to, enum mr_life_actor actor)
{
    struct mr_err err;
    mr_trade_go(w->trade, to, actor, 1000, "an operator says so", sim_host_now(w), &err);
}

static void kill_command(struct world *w, bool on)
{
    struct mr_err err;
    struct mr_kill_command c = {.scope = MR_KILL_SCOPE_ALL,
                                .on = on,
                                .cause = MR_KILL_BY_SOCKET,
                                .uid = 1000,
                                .who = "anna",
                                .reason = "says so"};
    int status = MR_OK;
    sim_event(w, "the kill switch goes %s", on ? "on" : "off");
    if (on)
        judge_killed(w, true);
    if (on && sim_below(w, 2))
        mr_kill_raise(w->kill, MR_KILL_BY_SIGNAL);
    else
        status = mr_kill_command(&w->kill_switch, &c, sim_host_now(w), &err);
    if (!on && status == MR_OK)
        judge_killed(w, false);
    w->kill_off_at = on ? w->truth + sim_between(w, 3 * SIM_S, 30 * SIM_S) : 0;
}

static void change_limits(struct world *w)
{
    *w->draft = *w->limits;
    struct mr_risk_market *m = &w->draft->markets[0];
    m->position_max = (1 + (mr_money)sim_below(w, 14)) * MR_MONEY_ONE;
    m->order_size_max = m->position_max;
}

void people_act(struct world *w)
{
    struct mr_err err;
    if (!awake(w))
        return;
    if (sim_fault(w, FAULT_KILL_SWITCH))
        kill_command(w, true);
    if (sim_fault(w, FAULT_LIMIT_CHANGED)) {
        change_limits(w);
        process_limits(w, false, false);
    }
    if (sim_fault(w, FAULT_RELOAD)) {
        change_limits(w);
        process_limits(w, true, sim_below(w, 2));
    }
    if (sim_fault(w, FAULT_TWO_ADMINS)) {
        go(w, MR_LIFE_PAUSED, MR_ACTOR_OPERATOR);
        change_limits(w);
        process_limits(w, false, false);
        go(w, MR_LIFE_TRADING, MR_ACTOR_OPERATOR);
        change_limits(w);
        process_limits(w, true, false);
        cancel(w);
        mr_trade_cancel_all(w->trade, sim_host_now(w));
        place(w);
    }
    switch (sim_below(w, 40)) {
    case 0:
        mr_trade_cancel_all(w->trade, sim_host_now(w));
        break;
    case 1:
        mr_trade_close(w->trade, w->market[sim_below(w, w->markets)].id, sim_host_now(w), &err);
        break;
    case 2:
        if (sim_below(w, 4) == 0)
            go(w, MR_LIFE_PAUSED, MR_ACTOR_OPERATOR);
        break;
    case 3:
        if (sim_below(w, 40) == 0)
            mr_trade_stop(w->trade, MR_STOP_OPERATOR, "an operator stops everything", sim_host_now(w));
        break;
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
        cancel(w);
        break;
    case 10:
    case 11:
    case 12:
    case 13:
        market_signal(w);
        break;
    default:
        if (sim_below(w, 2))
            place(w);
    }
}

/* Towards trading, whatever stands in the way: as people do who want it to go on. */
void people_each_step(struct world *w)
{
    struct mr_err err;
    if (!awake(w) || w->go_at > w->truth)
        return;
    if (w->kill_off_at && w->truth >= w->kill_off_at)
        kill_command(w, false);
    if (mr_trade_limits_now(w->trade)->version == 0) { /* the right file, at last */
        *w->draft = *w->limits;
        process_limits(w, true, false);
    }
    switch (mr_trade_life(w->trade)->state) {
    case MR_LIFE_INITIALIZING:
        go(w, MR_LIFE_READY, MR_ACTOR_SYSTEM);
        break;
    case MR_LIFE_EMERGENCY_STOP:
        if (mr_trade_stopping(w->trade)->active && mr_trade_release(w->trade, false, sim_host_now(w), &err) != MR_OK)
            break;
        go(w, MR_LIFE_READY, MR_ACTOR_ADMIN);
        break;
    case MR_LIFE_READY:
    case MR_LIFE_PAUSED:
        if (mr_trade_life(w->trade)->state == MR_LIFE_READY || sim_below(w, 4) == 0)
            go(w, MR_LIFE_TRADING, MR_ACTOR_OPERATOR);
        break;
    default:
        break;
    }
    w->go_at = w->truth + 500 * SIM_MS;
}

void people_calm(struct world *w)
{
    w->go_at = 0;
    if (w->kill_off_at)
        w->kill_off_at = w->truth;
}
