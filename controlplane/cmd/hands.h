/* What the admin socket's own commands act on in this process: the kill switch with its page, folder, signal and black box; the running
 * configuration with its history; the log. The life cycle is the trade tile's: whoever has one sets `admin.steer`, `admin.look`. */
#ifndef MR_CMD_HANDS_H
#define MR_CMD_HANDS_H

#include "controlplane/admin/do.h"
#include "controlplane/life/blackbox.h"

struct mr_hands {
    struct mr_admin_hands admin; /* for struct mr_admin_config */
    struct mr_admin *socket;     /* gets changed limits; set when it is open */
    struct mr_kill_page *page;
    struct mr_kill_folder folder;
    struct mr_kill kill;
    char strategy[MR_COUNT_OF(((struct mr_trading_config *)0)->strategies)][24];
    const char *strategies[MR_COUNT_OF(
        ((struct mr_trading_config *)0)->strategies)]; /* as configured: the kill switch knows them by name */
    struct mr_blackbox box;
    struct mr_config_live config;
    struct mr_config_part part;
    struct mr_log *log;
    char history[300];
    int64_t polled_ns;
};
/* `config` is what runs, and what reloads change; it and the strings outlive this. From here on SIGUSR1 kills, and so does a panic. */
int mr_hands_open(struct mr_hands *hands, struct mr_config *config, const char *instance, const char *run_folder,
                  const char *build, struct mr_log *log, struct mr_err *err);
/* As often as one likes; it looks each MR_KILL_POLL_NS. */
void mr_hands_poll(struct mr_hands *hands, int64_t now_ns);
void mr_hands_close(struct mr_hands *hands);

#endif
