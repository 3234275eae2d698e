#include "controlplane/admin/acts.h"

#include <stdio.h>

#include "controlplane/admin/show.h"
#include "controlplane/config/nearest.h"

/* ---- the writing side ---- */

void mr_sender_close(struct mr_sender *sender)
{
    if (sender->open)
        mr_workspace_close(&sender->ws);
    sender->open = false;
    sender->count = 0;
}

static void open_rings(struct mr_sender *sender)
{
    for (uint32_t n = 0; n < MR_PLANE_TILES_MAX; n++) {
        struct mr_region region;
        char name[32];
        snprintf(name, sizeof name, "commands/%u", n);
        if (mr_workspace_find(&sender->ws, name, &region) == MR_OK && region.kind == MR_REGION_RING &&
            mr_ring_writer_open(&sender->writer[sender->count], region.mem, region.bytes) == MR_OK)
            sender->count++;
    }
}

/* Over the same file as the look. */
static int sender_ready(struct mr_seat *seat, struct mr_err *err)
{
    struct mr_sender *sender = &seat->sender;
    if (!mr_look_refresh(&seat->look, mr_look_wall()))
        return mr_err_set(err, MR_E_IO, "%s: no data plane: %s", seat->look.name, seat->look.err.text);
    if (!mr_look_alive(&seat->look))
        return mr_err_set(err, MR_E_IO, "%s: its data plane is dead (pid %u)", seat->look.name, seat->look.info.pid);
    if (sender->open && sender->inode == seat->look.inode)
        return MR_OK;
    mr_sender_close(sender);
    int status = mr_workspace_attach(&sender->ws, seat->look.path, true, err);
    if (status != MR_OK)
        return status;
    sender->open = true;
    sender->inode = seat->look.inode;
    open_rings(sender);
    return MR_OK;
}

static int send_to(struct mr_seat *seat, const struct mr_plane_command *command, struct mr_act *act, struct mr_err *err)
{
    int status = sender_ready(seat, err);
    if (status != MR_OK)
        return status;
    if (!seat->sender.count)
        return mr_err_set(err, MR_E_EMPTY, "%s: its workspace has no command rings", seat->look.name);
    for (uint32_t i = 0; i < seat->sender.count; i++) {
        struct mr_ring_writer *w = &seat->sender.writer[i];
        struct mr_plane_command *slot = mr_ring_reserve(w, 1);
        if (!slot)
            return mr_err_set(
                err, MR_E_FULL, "%s: feed tile %u does not take its commands (%s); %u tiles before it got this one",
                seat->look.name, i, w->status == MR_OK ? "its ring is full" : mr_status_text(w->status), act->tiles);
        *slot = *command;
        mr_ring_publish(w, 1);
        act->tiles++;
    }
    act->planes++;
    return MR_OK;
}

/* To every data plane that `wanted` names, bit by seat; ids of instruments are each data plane's own. */
static int send_all(struct mr_commands *c, struct mr_act *act, struct mr_plane_command *command, uint32_t wanted,
                    const uint32_t instruments[MR_ADMIN_PLANES_MAX], struct mr_err *err)
{
    int worst = MR_OK;
    command->id = act->id = ++c->last_id;
    command->kind = (uint8_t)act->kind;
    for (uint32_t i = 0; i < MR_ADMIN_PLANES_MAX; i++) {
        if (!c->seats[i].used || !(wanted >> i & 1))
            continue;
        command->instrument = instruments ? instruments[i] : UINT32_MAX;
        int status = send_to(&c->seats[i], command, act, err);
        if (status != MR_OK)
            worst = status;
    }
    return worst;
}

int mr_act_plain(struct mr_commands *c, struct mr_act *act, struct mr_err *err)
{
    struct mr_plane_command command = {0};
    int status = send_all(c, act, &command, UINT32_MAX, NULL, err);
    if (status == MR_OK && !act->planes && act->kind != MR_PLANE_SHUTDOWN)
        return mr_err_set(err, MR_E_EMPTY, "no data plane is attached");
    /* a shutdown goes on where a data plane is dead already */
    return act->kind == MR_PLANE_SHUTDOWN && status != MR_E_FULL ? MR_OK : status;
}

/* ---- feeds ---- */

/* Whether this data plane has the product; the nearest one it has otherwise. */
static bool has_product(const struct mr_look *look, const char *product, struct mr_nearest *best)
{
    static _Thread_local struct mr_plane_connection rows[MR_LOOK_CONNECTIONS];
    uint32_t count = mr_look_connections(look, rows, MR_LOOK_CONNECTIONS);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(rows[i].product, product) == 0)
            return true;
        mr_nearest_offer(best, product, strlen(product), rows[i].product);
    }
    return false;
}

static bool find_symbol(const struct mr_look *look, const char *product, const char *symbol, uint32_t *id)
{
    struct mr_instrument instrument;
    for (uint32_t i = 0; mr_look_instrument(look, i, &instrument); i++) {
        char name[48];
        mr_look_product(&instrument, name);
        if (strcmp(name, product) == 0 && strcmp(instrument.symbol, symbol) == 0) {
            *id = i;
            return true;
        }
    }
    return false;
}

int mr_act_feed(struct mr_commands *c, struct mr_act *act, struct mr_err *err)
{
    struct mr_plane_command command = {0};
    uint32_t instruments[MR_ADMIN_PLANES_MAX];
    const char *product = act->arg_count ? act->args[0] : "", *symbol = act->arg_count > 1 ? act->args[1] : NULL;
    struct mr_nearest best = {0};
    char nearest[64] = "";
    uint32_t wanted = 0, has = 0;
    if (strlen(product) >= sizeof command.product)
        return mr_err_set(err, MR_E_INVALID, "\"%.40s...\": no feed has such a long name", product);
    memcpy(command.product, product, strlen(product));
    for (uint32_t i = 0; i < MR_ADMIN_PLANES_MAX; i++) {
        if (!c->seats[i].used || !mr_look_refresh(&c->seats[i].look, mr_look_wall()))
            continue;
        best.name = NULL;
        if (*product && !has_product(&c->seats[i].look, product, &best)) {
            if (best.name)
                snprintf(nearest, sizeof nearest, "; did you mean %.39s?", best.name);
            continue;
        }
        has |= 1u << i;
        instruments[i] = UINT32_MAX;
        if (!symbol || find_symbol(&c->seats[i].look, product, symbol, &instruments[i]))
            wanted |= 1u << i;
    }
    if (!has)
        return mr_err_set(err, *product ? MR_E_INVALID : MR_E_EMPTY,
                          *product ? "no feed \"%s\"%s" : "no data plane is there", product, nearest);
    if (!wanted)
        return mr_err_set(err, MR_E_INVALID, "%s has no instrument \"%.64s\"", product, symbol);
    return send_all(c, act, &command, wanted, instruments, err);
}
