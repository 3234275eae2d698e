/* Commands that the control plane itself carries out: kill switch, life cycle, configuration, log. What they act on is given by the process; what it
 * has not is refused by name. */
#ifndef MR_ADMIN_DO_H
#define MR_ADMIN_DO_H

#include "controlplane/admin/commands.h"
#include "controlplane/config/reload.h"
#include "controlplane/kill/kill.h"
#include "controlplane/life/steer.h"
#include "controlplane/trade/desk.h"
#include "dataplane/log/log.h"

struct mr_admin_hands {
    struct mr_kill *kill; /* of the same thread */
    const struct mr_config_live *config;
    struct mr_log *log;
    /* The life cycle, wherever it runs: MR_OK with a sentence of what was done or asked for, else why not; MR_E_AGAIN with `ask` open: asked, and not
     * answered yet (mr_desk_steer). NULL: there is none here. */
    int (*steer)(void *self, const struct mr_steer_act *act, struct mr_ask *ask, struct mr_err *said);
    void (*look)(void *self, struct mr_steer_state *out);
    void *self;
    struct mr_desk *desk; /* orders, positions; NULL: this process does not trade */
};

struct mr_do {
    const struct mr_admin_hands *hands;
    const struct mr_peer *peer;
    const char *who; /* the peer's name */
    const char *const *args;
    uint32_t arg_count;
    struct mr_text *out;
    struct mr_json_out *json; /* NULL: text */
    char outcome[200];        /* for the audit; "" : "done" */
};
/* MR_OK: the reply is written; MR_E_INVALID: the arguments; MR_E_AGAIN while peer->ask is open: later; else it failed, with the sentence. */
typedef int mr_do_fn(struct mr_do *d, struct mr_err *err);
mr_do_fn mr_do_kill_on, mr_do_kill_off, mr_do_kill_venue_on, mr_do_kill_venue_off, mr_do_kill_strategy_on,
    mr_do_kill_strategy_off, mr_do_kill_status;
mr_do_fn mr_do_state, mr_do_pause, mr_do_resume, mr_do_disarm, mr_do_emergency_stop, mr_do_release,
    mr_do_release_forced;
mr_do_fn mr_do_trade, mr_do_positions, mr_do_orders, mr_do_decisions, mr_do_order_buy, mr_do_order_sell,
    mr_do_order_twap, mr_do_order_iceberg, mr_do_order_cancel, mr_do_cancel_all, mr_do_position_close,
    mr_do_risk_reload;
mr_do_fn mr_do_config_show, mr_do_config_check, mr_do_config_reload, mr_do_config_history, mr_do_log_level;

/* One sentence as the reply. */
void mr_do_say(struct mr_do *d, const char *format, ...) MR_PRINTF(2, 3);
/* The arguments from `first` on, with blanks between. */
void mr_do_rest(const struct mr_do *d, uint32_t first, char *out, size_t bytes);

#endif
