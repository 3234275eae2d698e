/* What the io thread asks of the trade tile. */
#include <stdio.h>

#include "codecs/json/json.h"
#include "controlplane/trade/desk_priv.h"

#define ASK_NS 1000000000ll
#define MINUTE_NS 60000000000ll
/* A slice leaves late by up to a fifth of its interval; what an iceberg shows differs by as much. */
#define VARY_E4 2000

/* ---- on the trade tile ---- */

static int64_t instrument_by_name(const struct mr_desk *d, const char *name)
{
    for (uint32_t i = 0; i < d->trading.instrument_count; i++) {
        const char *symbol = strrchr(d->names[i], ':');
        if (strcmp(d->names[i], name) == 0 || (symbol && strcmp(symbol + 1, name) == 0))
            return d->ids[i];
    }
    return MR_E_SYMBOL;
}

/* "0.05" at the scale, exactly. */
static bool decimal(const char *text, int scale, int64_t *out)
{
    mr_money m;
    mr_i128 unit = mr_pow10[MR_MONEY_SCALE - scale];
    if (mr_money_parse(mr_span_of(text), &m) != MR_OK || m <= 0 || m % unit || m / unit > INT64_MAX)
        return false;
    *out = (int64_t)(m / unit);
    return true;
}

static int place(struct mr_desk *d, const struct mr_desk_act *a, int64_t now_ns, struct mr_err *said)
{
    int64_t id = instrument_by_name(d, a->name);
    if (id < 0)
        return mr_err_set(said, MR_E_SYMBOL, "\"%.60s\" is not traded here: name it under trade.instruments", a->name);
    const struct mr_instrument *it = mr_instruments_get(d->instruments, (uint32_t)id);
    struct mr_order o = {.instrument = (uint32_t)id,
                         .venue = it->venue,
                         .side = a->side,
                         .type = a->type,
                         .role = MR_ROLE_ENTRY,
                         .tif = a->type == MR_ORDER_MARKET ? MR_TIF_IOC : MR_TIF_GTC};
    uint64_t order;
    char text[MR_ORDER_ID_TEXT];
    if (!decimal(a->size, it->size_scale, &o.size))
        return mr_err_set(said, MR_E_RANGE, "size \"%.30s\": want a number above zero with at most %d decimals",
                          a->size, it->size_scale);
    if (a->type == MR_ORDER_LIMIT && !decimal(a->price, it->price_scale, &o.price))
        return mr_err_set(said, MR_E_RANGE, "price \"%.30s\": want a number above zero with at most %d decimals",
                          a->price, it->price_scale);
    int status = mr_trade_place(d->trade, &o, now_ns, &order, said);
    if (status != MR_OK)
        return status;
    mr_order_id_text(order, text);
    mr_err_set(said, MR_OK, "approved: %s", text);
    return MR_OK;
}

/* A TWAP stands at the best of its own side; what is left at the end is taken up to the limit. */
static int slice(struct mr_desk *d, const struct mr_desk_act *a, int64_t now_ns, struct mr_err *said)
{
    int64_t id = instrument_by_name(d, a->name);
    if (id < 0)
        return mr_err_set(said, MR_E_SYMBOL, "\"%.60s\" is not traded here: name it under trade.instruments", a->name);
    const struct mr_instrument *it = mr_instruments_get(d->instruments, (uint32_t)id);
    bool timed = a->type == MR_SLICES_TWAP;
    struct mr_slices_plan p = {.parent = {.instrument = (uint32_t)id,
                                          .side = a->side,
                                          .type = MR_ORDER_LIMIT,
                                          .tif = MR_TIF_GTC,
                                          .role = MR_ROLE_ENTRY},
                               .kind = a->type,
                               .seed = (uint64_t)now_ns,
                               .duration_ns = timed ? a->minutes * MINUTE_NS : 0,
                               .slices = timed ? a->slices : 0,
                               .passive = timed,
                               .catch_up = timed,
                               .vary_e4 = VARY_E4};
    uint64_t parent;
    char text[MR_ORDER_ID_TEXT];
    if (!decimal(a->size, it->size_scale, &p.parent.size) || (!timed && !decimal(a->shown, it->size_scale, &p.shown)))
        return mr_err_set(said, MR_E_RANGE, "sizes: want numbers above zero with at most %d decimals", it->size_scale);
    if (!decimal(a->price, it->price_scale, &p.parent.price))
        return mr_err_set(said, MR_E_RANGE, "limit \"%.30s\": want a number above zero with at most %d decimals",
                          a->price, it->price_scale);
    int status = mr_trade_slice(d->trade, &p, now_ns, &parent, said);
    if (status != MR_OK)
        return status;
    mr_order_id_text(parent, text);
    mr_err_set(said, MR_OK, "working: %s", text);
    return MR_OK;
}

static int close_position(struct mr_desk *d, const struct mr_desk_act *a, int64_t now_ns, struct mr_err *said)
{
    int64_t id = instrument_by_name(d, a->name);
    if (id < 0)
        return mr_err_set(said, MR_E_SYMBOL, "\"%.60s\" is not traded here", a->name);
    int status = mr_trade_close(d->trade, (uint32_t)id, now_ns, said);
    if (status == MR_OK)
        mr_err_set(said, MR_OK, "closing at market");
    return status;
}

static int take_limits(struct mr_desk *d, int64_t now_ns, struct mr_err *said)
{
    struct mr_text text;
    mr_text_init(&text, said->text, sizeof said->text);
    int status = mr_risk_limits_change(&d->limits, &d->call.limits, mr_trade_risk(d->trade)->armed, &text);
    if (status != MR_OK)
        return status;
    if (mr_trade_limits_record(d->trade, &d->call.limits, said->text, now_ns) != MR_OK)
        return mr_err_set(said, MR_E_FULL, "the journal takes nothing: the limits are as they were");
    d->limits = d->call.limits;
    mr_trade_limits(d->trade, &d->limits, now_ns);
    return MR_OK;
}

static int carry_out(struct mr_desk *d, const struct mr_desk_act *a, int64_t now_ns, struct mr_err *said)
{
    int status;
    switch (a->what) {
    case MR_DESK_PLACE:
        return place(d, a, now_ns, said);
    case MR_DESK_SLICE:
        return slice(d, a, now_ns, said);
    case MR_DESK_CANCEL:
        status = mr_trade_cancel(d->trade, a->id, now_ns, said);
        if (status == MR_OK)
            mr_err_set(said, MR_OK, "cancelling");
        return status;
    case MR_DESK_CANCEL_ALL:
        mr_err_set(said, MR_OK, "cancelling %u orders", mr_trade_cancel_all(d->trade, now_ns));
        return MR_OK;
    case MR_DESK_CLOSE:
        return close_position(d, a, now_ns, said);
    case MR_DESK_LIMITS:
        return take_limits(d, now_ns, said);
    default:
        return mr_err_set(said, MR_E_INVALID, "no such act");
    }
}

/* Who asks to trade is told in words what the gate knows as bits. */
static int steer(struct mr_desk *d, const struct mr_steer_act *act, int64_t now_ns, struct mr_err *said)
{
    int status = act->verb == MR_STEER_RESUME ? desk_agree(d, said) : MR_OK;
    bool release = act->verb == MR_STEER_RELEASE || act->verb == MR_STEER_RELEASE_FORCED;
    if (release && d->start.status != MR_OK) /* it leads to READY, which only a whole start-up does */
        status = mr_err_set(said, MR_E_AGAIN, "the start-up is not over: %.200s", d->why);
    return status != MR_OK ? status : mr_trade_steer(d->trade, act, now_ns, said);
}

void desk_calls(struct mr_desk *d, int64_t now_ns)
{
    struct call *c = &d->call;
    int asked = CALL_ASKED;
    if (mr_likely(atomic_load_explicit(&c->at, memory_order_relaxed) != CALL_ASKED) ||
        !atomic_compare_exchange_strong(&c->at, &asked, CALL_AT_IT)) /* who asked may have given up */
        return;
    c->said.text[0] = 0;
    c->status = c->steer ? steer(d, &c->steer_act, now_ns, &c->said) : carry_out(d, &c->act, now_ns, &c->said);
    atomic_store_explicit(&c->at, CALL_ANSWERED, memory_order_release);
    if (d->config.answered)
        d->config.answered(d->config.arg);
}

/* ---- on the io thread ---- */

static int end(struct mr_ask *ask, struct mr_err *said, const char *sentence)
{
    *ask = (struct mr_ask){0};
    return mr_err_set(said, MR_E_AGAIN, "%s", sentence);
}

/* Nobody's, or of somebody who has not come for a second: he went away. */
static bool vacant(struct call *c, int64_t mono_ns)
{
    int at = atomic_load_explicit(&c->at, memory_order_acquire);
    if (at == CALL_IDLE)
        return true;
    if (at == CALL_AT_IT || mono_ns - c->since_ns < ASK_NS)
        return false;
    return atomic_compare_exchange_strong(&c->at, &at, CALL_IDLE);
}

/* True: it is his turn to write what he asks. */
static bool turn(struct mr_desk *d, struct mr_ask *ask, struct mr_err *said)
{
    int64_t mono_ns = mr_clock_mono();
    if (!ask->since_ns)
        ask->since_ns = mono_ns;
    if (vacant(&d->call, mono_ns))
        return true;
    if (mono_ns - ask->since_ns > 2 * ASK_NS)
        end(ask, said, "the trade tile does not answer: `kill on` works all the same");
    return false;
}

static void post(struct mr_desk *d, struct mr_ask *ask)
{
    struct call *c = &d->call;
    c->number = ask->number = ++c->last;
    c->since_ns = ask->since_ns = mr_clock_mono();
    atomic_store_explicit(&c->at, CALL_ASKED, memory_order_release);
}

static int answer(struct mr_desk *d, struct mr_ask *ask, struct mr_err *said)
{
    struct call *c = &d->call;
    int at = atomic_load_explicit(&c->at, memory_order_acquire);
    int64_t waited_ns = mr_clock_mono() - ask->since_ns;
    if (c->number != ask->number)
        return end(ask, said, "its answer was not taken in time: `show trading` has what came of it");
    if (at == CALL_ANSWERED) {
        *said = c->said;
        *ask = (struct mr_ask){0};
        atomic_store_explicit(&c->at, CALL_IDLE, memory_order_relaxed);
        return c->status;
    }
    if (waited_ns > ASK_NS && at == CALL_ASKED && atomic_compare_exchange_strong(&c->at, &at, CALL_IDLE))
        return end(ask, said, "the trade tile has not answered within a second: `kill on` works all the same");
    if (waited_ns > 2 * ASK_NS)
        return end(ask, said, "the trade tile is still at it: `show trading` will have what comes of it");
    return MR_E_AGAIN;
}

int mr_desk_steer(struct mr_desk *d, const struct mr_steer_act *act, struct mr_ask *ask, struct mr_err *said)
{
    if (ask->number)
        return answer(d, ask, said);
    if (turn(d, ask, said)) {
        d->call.steer = true;
        d->call.steer_act = *act;
        post(d, ask);
    }
    return MR_E_AGAIN;
}

int mr_desk_act(struct mr_desk *d, const struct mr_desk_act *act, struct mr_ask *ask, struct mr_err *said)
{
    bool limits = act->what == MR_DESK_LIMITS;
    if (ask->number) {
        int status = answer(d, ask, said);
        if (limits && status == MR_OK) { /* what was judged by the set before is still on its way here */
            d->io_limits[1] = d->io_limits[0];
            d->io_limits[0] = d->call.limits;
        }
        return status;
    }
    if (!turn(d, ask, said))
        return MR_E_AGAIN;
    if (limits) { /* read here: the tile does no I/O */
        int status = desk_limits_load(d->trading.limits, d->instruments, &d->call.limits, said);
        if (status != MR_OK) {
            *ask = (struct mr_ask){0};
            return status;
        }
    }
    d->call.steer = false;
    d->call.act = *act;
    post(d, ask);
    return MR_E_AGAIN;
}
