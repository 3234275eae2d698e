/* Trading, as an operator sees and touches it. */
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/admin/do.h"

#define MINUTES_MAX ((unsigned)(MR_SLICES_DURATION_NS / 60000000000ll))

static int look(struct mr_do *d, struct mr_trade_show **out, struct mr_err *err)
{
    if (!d->hands->desk)
        return mr_err_set(err, MR_E_UNSUPPORTED, "this process does not trade: trade.enabled is false");
    *out = malloc(sizeof **out);
    if (!*out)
        return mr_err_set(err, MR_E_NOMEM, "no memory");
    mr_desk_look(d->hands->desk, *out);
    return MR_OK;
}

static int show(struct mr_do *d, struct mr_err *err, void (*write)(const struct mr_trade_show *, struct mr_text *))
{
    struct mr_trade_show *s;
    int status = look(d, &s, err);
    if (status != MR_OK)
        return status;
    if (d->json)
        mr_trade_show_json(s, d->json);
    else
        write(s, d->out);
    free(s);
    return MR_OK;
}

static void whole(const struct mr_trade_show *s, struct mr_text *out)
{
    mr_trade_show_account(s, out);
    mr_trade_show_latencies(s, out);
    mr_trade_show_requests(s, out);
}

int mr_do_trade(struct mr_do *d, struct mr_err *err) { return show(d, err, whole); }
int mr_do_positions(struct mr_do *d, struct mr_err *err) { return show(d, err, mr_trade_show_positions); }
int mr_do_orders(struct mr_do *d, struct mr_err *err) { return show(d, err, mr_trade_show_orders); }

int mr_do_decisions(struct mr_do *d, struct mr_err *err)
{
    struct mr_trade_show *s;
    char *end = NULL;
    unsigned long most = d->arg_count ? strtoul(d->args[0], &end, 10) : 20;
    if (d->arg_count && (*end || most < 1 || most > MR_TRADE_SHOW_LINES))
        return mr_err_set(err, MR_E_INVALID, "lines: want a number from 1 to %d", MR_TRADE_SHOW_LINES);
    int status = look(d, &s, err);
    if (status != MR_OK)
        return status;
    if (d->json) {
        uint64_t n = s->lines < most ? s->lines : most;
        mr_json_out_array(d->json, "lines");
        for (uint64_t k = s->lines - n; k < s->lines; k++) {
            const struct mr_trade_show_line *l = &s->line[k % MR_TRADE_SHOW_LINES];
            mr_json_out_object(d->json, NULL);
            mr_json_out_i64(d->json, "at_ns", l->at_ns);
            mr_json_out_string(d->json, "kind", mr_trade_told_name(l->kind));
            mr_json_out_u64(d->json, "severity", l->severity);
            mr_json_out_string(d->json, "text", l->text);
            mr_json_out_end(d->json);
        }
        mr_json_out_end(d->json);
    } else {
        mr_trade_show_lines(s, (uint32_t)most, d->out);
    }
    free(s);
    return MR_OK;
}

static int act(struct mr_do *d, struct mr_desk_act *a, struct mr_err *err)
{
    struct mr_err said = {""};
    if (!d->hands->desk || !d->peer->ask)
        return mr_err_set(err, MR_E_UNSUPPORTED, "this process does not trade: trade.enabled is false");
    a->uid = d->peer->uid;
    snprintf(a->who, sizeof a->who, "%s", d->who);
    int status = mr_desk_act(d->hands->desk, a, d->peer->ask, &said);
    if (status != MR_OK)
        return mr_err_set(err, status == MR_E_INVALID ? MR_E_STALE : status, "%s",
                          said.text); /* not the operator's grammar */
    mr_do_say(d, "%s", said.text);
    return MR_OK;
}

static int order(struct mr_do *d, enum mr_side side, struct mr_err *err)
{
    struct mr_desk_act a = {.what = MR_DESK_PLACE, .side = (uint8_t)side, .type = MR_ORDER_LIMIT};
    snprintf(a.name, sizeof a.name, "%s", d->args[0]);
    snprintf(a.size, sizeof a.size, "%s", d->args[1]);
    snprintf(a.price, sizeof a.price, "%s", d->args[2]);
    if (strcmp(d->args[2], "market") == 0)
        a.type = MR_ORDER_MARKET;
    return act(d, &a, err);
}

int mr_do_order_buy(struct mr_do *d, struct mr_err *err) { return order(d, MR_SIDE_BUY, err); }
int mr_do_order_sell(struct mr_do *d, struct mr_err *err) { return order(d, MR_SIDE_SELL, err); }

/* "buy" or "sell", instrument, size, limit: the arguments that both begin with. */
static int parent(struct mr_do *d, enum mr_slices_kind kind, struct mr_desk_act *a, struct mr_err *err)
{
    bool buys = strcmp(d->args[0], "buy") == 0;
    *a = (struct mr_desk_act){.what = MR_DESK_SLICE, .type = (uint8_t)kind, .side = buys ? MR_SIDE_BUY : MR_SIDE_SELL};
    if (!buys && strcmp(d->args[0], "sell") != 0)
        return mr_err_set(err, MR_E_INVALID, "\"%.20s\": want buy or sell", d->args[0]);
    snprintf(a->name, sizeof a->name, "%s", d->args[1]);
    snprintf(a->size, sizeof a->size, "%s", d->args[2]);
    snprintf(a->price, sizeof a->price, "%s", d->args[3]);
    return MR_OK;
}

static bool whole_number(const char *text, uint32_t most, uint32_t *out)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || n < 1 || n > most)
        return false;
    *out = (uint32_t)n;
    return true;
}

int mr_do_order_twap(struct mr_do *d, struct mr_err *err)
{
    struct mr_desk_act a;
    int status = parent(d, MR_SLICES_TWAP, &a, err);
    if (status != MR_OK)
        return status;
    if (!whole_number(d->args[4], MINUTES_MAX, &a.minutes))
        return mr_err_set(err, MR_E_INVALID, "minutes: want a number from 1 to %u", MINUTES_MAX);
    if (!whole_number(d->args[5], MR_SLICES_MAX, &a.slices))
        return mr_err_set(err, MR_E_INVALID, "slices: want a number from 1 to %d", MR_SLICES_MAX);
    return act(d, &a, err);
}

int mr_do_order_iceberg(struct mr_do *d, struct mr_err *err)
{
    struct mr_desk_act a;
    int status = parent(d, MR_SLICES_ICEBERG, &a, err);
    if (status != MR_OK)
        return status;
    snprintf(a.shown, sizeof a.shown, "%s", d->args[4]);
    return act(d, &a, err);
}

int mr_do_order_cancel(struct mr_do *d, struct mr_err *err)
{
    struct mr_desk_act a = {.what = MR_DESK_CANCEL};
    if (mr_order_id_parse(mr_span_of(d->args[0]), &a.id) != MR_OK)
        return mr_err_set(err, MR_E_INVALID, "\"%.40s\" is no order's id: `show orders` lists them", d->args[0]);
    return act(d, &a, err);
}

int mr_do_cancel_all(struct mr_do *d, struct mr_err *err)
{
    return act(d, &(struct mr_desk_act){.what = MR_DESK_CANCEL_ALL}, err);
}

int mr_do_position_close(struct mr_do *d, struct mr_err *err)
{
    struct mr_desk_act a = {.what = MR_DESK_CLOSE};
    snprintf(a.name, sizeof a.name, "%s", d->args[0]);
    return act(d, &a, err);
}

int mr_do_risk_reload(struct mr_do *d, struct mr_err *err)
{
    return act(d, &(struct mr_desk_act){.what = MR_DESK_LIMITS}, err);
}
