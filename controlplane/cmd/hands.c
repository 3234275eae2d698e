#include "controlplane/cmd/hands.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/admin/look.h"

static int on_kill(void *arg, const struct mr_kill_change *change)
{
    struct mr_hands *h = arg;
    struct mr_log_site site = {.file = __FILE__, .line = __LINE__}; /* nothing of it is held back */
    char causes[MR_KILL_TEXT];
    mr_kill_causes(change->word, causes);
    mr_log_write(h->log, &site, change->on ? MR_LOG_ERROR : MR_LOG_WARN,
                 "kill switch %s: %s %u, causes %s, user %d %s: %s", change->on ? "ON" : "off",
                 mr_kill_scope_name(change->scope), change->id, causes, (int)change->uid, change->who, change->reason);
    return MR_OK;
}

static void on_reload(void *self, const struct mr_config *before, const struct mr_config *after)
{
    struct mr_hands *h = self;
    (void)before;
    if (h->socket)
        mr_admin_limits(h->socket, &after->control);
}

static void on_config_error(void *arg, const char *sentence)
{
    struct mr_hands *h = arg;
    MR_LOG(h->log, MR_LOG_WARN, "config reload: %s", sentence);
}

static void set_up(struct mr_hands *h, struct mr_config *config, const char *instance, const char *build)
{
    snprintf(h->history, sizeof h->history, "%s/config-history.jsonl", h->folder.path);
    h->part = (struct mr_config_part){.name = "admin socket", .self = h, .apply = on_reload};
    h->config = (struct mr_config_live){.running = config,
                                        .file = config->file,
                                        .instance = instance,
                                        .history = h->history,
                                        .parts = &h->part,
                                        .part_count = 1,
                                        .each = on_config_error,
                                        .arg = h};
    h->admin.kill = &h->kill;
    h->admin.config = &h->config;
    h->admin.log = h->log;
    h->box = (struct mr_blackbox){
        .folder = &h->folder, .page = h->page, .build = build, .buffer = malloc(MR_BLACKBOX_BYTES)};
    MR_ASSERT(h->box.buffer);
    mr_blackbox_on_panic(&h->box);
}

int mr_hands_open(struct mr_hands *h, struct mr_config *config, const char *instance, const char *run_folder,
                  const char *build, struct mr_log *log, struct mr_err *err)
{
    char path[300];
    *h = (struct mr_hands){.log = log};
    snprintf(path, sizeof path, "%s/kill", run_folder);
    int status = mr_kill_folder_open(&h->folder, config->plane.data, err);
    if (status != MR_OK)
        return status;
    status = mr_kill_page_open(&h->page, path, err);
    if (status != MR_OK) {
        mr_kill_folder_close(&h->folder);
        return status;
    }
    set_up(h, config, instance, build);
    for (uint32_t i = 0; i < config->trade.strategy_count; i++) {
        memcpy(h->strategy[i], config->trade.strategies[i], sizeof h->strategy[i]);
        h->strategies[i] = h->strategy[i];
    }
    mr_kill_init(&h->kill, h->page, mr_kill_folder_disk(&h->folder), h->strategies, config->trade.strategy_count,
                 on_kill, h, mr_look_wall());
    status = mr_kill_signal(SIGUSR1, h->page, err);
    if (status != MR_OK)
        mr_hands_close(h);
    return status;
}

void mr_hands_poll(struct mr_hands *h, int64_t now_ns)
{
    if (now_ns - h->polled_ns < MR_KILL_POLL_NS && now_ns >= h->polled_ns)
        return;
    h->polled_ns = now_ns;
    mr_kill_poll(&h->kill, now_ns);
}

void mr_hands_close(struct mr_hands *h)
{
    if (!h->page)
        return;
    mr_kill_poll(&h->kill, mr_look_wall()); /* what came last is kept */
    mr_kill_signal(SIGUSR1, NULL, NULL);
    mr_blackbox_on_panic(NULL);
    free(h->box.buffer);
    mr_kill_page_close(h->page);
    mr_kill_folder_close(&h->folder);
    h->page = NULL;
}
