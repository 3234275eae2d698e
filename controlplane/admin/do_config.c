#include <stdio.h>
#include <stdlib.h>

#include "controlplane/admin/do.h"
#include "controlplane/admin/look.h"

static int none(struct mr_err *err)
{
    return mr_err_set(err, MR_E_UNSUPPORTED, "this process has no configuration of its own");
}

int mr_do_config_show(struct mr_do *d, struct mr_err *err)
{
    bool origin = d->arg_count && strcmp(d->args[0], "origin") == 0;
    if (d->arg_count && !origin)
        return mr_err_set(err, MR_E_INVALID, "\"%.40s\": want nothing, or origin", d->args[0]);
    if (!d->hands->config)
        return none(err);
    if (!d->json) {
        mr_config_show(d->hands->config->running, origin, d->out);
        return MR_OK;
    }
    /* as a text: its JSON form is `millrace config show --json` */
    char *yaml = malloc(MR_CONFIG_SHOW_BYTES);
    struct mr_text text;
    MR_ASSERT(yaml);
    mr_text_init(&text, yaml, MR_CONFIG_SHOW_BYTES);
    mr_config_show(d->hands->config->running, origin, &text);
    mr_json_out_string(d->json, "file", d->hands->config->file);
    mr_json_out_string(d->json, "yaml", yaml);
    free(yaml);
    return MR_OK;
}

static void tell(void *arg, const char *sentence)
{
    struct mr_do *d = arg;
    if (d->json)
        mr_json_out_string(d->json, NULL, sentence);
    else
        mr_text_format(d->out, "%s\n", sentence);
}

int mr_do_config_check(struct mr_do *d, struct mr_err *err)
{
    if (!d->hands->config)
        return none(err);
    struct mr_config *fresh = malloc(sizeof *fresh);
    MR_ASSERT(fresh);
    if (d->json)
        mr_json_out_array(d->json, "errors");
    int status = mr_config_load(fresh, d->hands->config->file, tell, d);
    free(fresh);
    if (d->json) {
        mr_json_out_end(d->json);
        mr_json_out_bool(d->json, "good", status == MR_OK);
    } else {
        const char *file = *d->hands->config->file ? d->hands->config->file : "defaults";
        mr_text_format(d->out, "%s: %s\n", file, status == MR_OK ? "good" : "a reload would be refused");
    }
    return MR_OK;
}

int mr_do_config_reload(struct mr_do *d, struct mr_err *err)
{
    if (!d->hands->config)
        return none(err);
    struct mr_config_report *report = malloc(sizeof *report);
    struct mr_config_who who = {.uid = d->peer->uid, .pid = d->peer->pid};
    MR_ASSERT(report);
    snprintf(who.name, sizeof who.name, "%s", d->who);
    int status = mr_config_reload(d->hands->config, &who, mr_look_wall(), report);
    if (report->status != MR_OK) {
        mr_err_set(err, MR_E_IO, "nothing changed: %.400s%s", report->err.text,
                   report->errors > 1 ? " (and more: config check)" : "");
    } else {
        if (d->json)
            mr_config_report_json(report, d->json);
        else
            mr_config_report_text(report, d->out);
        snprintf(d->outcome, sizeof d->outcome, "%u live, %u want a restart, sha256 %.12s%s", report->live,
                 report->restart, report->sha256, status != MR_OK ? "; not in the history" : "");
    }
    status = report->status != MR_OK ? MR_E_IO : MR_OK;
    free(report);
    return status;
}

int mr_do_config_history(struct mr_do *d, struct mr_err *err)
{
    char *end;
    unsigned long most = d->arg_count ? strtoul(d->args[0], &end, 10) : 10;
    if (d->arg_count && (*end || most < 1 || most > 1000 || d->args[0][0] < '0' || d->args[0][0] > '9'))
        return mr_err_set(err, MR_E_INVALID, "\"%.40s\": want a number from 1 to 1000", d->args[0]);
    if (!d->hands->config || !d->hands->config->history)
        return mr_err_set(err, MR_E_UNSUPPORTED, "this process keeps no history of its configuration");
    size_t before = d->out->len;
    int status = mr_config_history_show(d->hands->config->history, (uint32_t)most, d->out, d->json, err);
    if (status == MR_OK && d->out->len == before)
        mr_text_add(d->out, "no reload yet\n");
    return status;
}

int mr_do_log_level(struct mr_do *d, struct mr_err *err)
{
    static const char *const levels[] = {
        [MR_LOG_DEBUG] = "debug", [MR_LOG_INFO] = "info", [MR_LOG_WARN] = "warn", [MR_LOG_ERROR] = "error"};
    unsigned level = 0;
    while (level < MR_COUNT_OF(levels) && strcmp(levels[level], d->args[0]) != 0)
        level++;
    if (level == MR_COUNT_OF(levels))
        return mr_err_set(err, MR_E_INVALID, "\"%.40s\": want debug, info, warn or error", d->args[0]);
    if (!d->hands->log)
        return mr_err_set(err, MR_E_UNSUPPORTED, "this process has no log");
    mr_log_level_set(d->hands->log, (enum mr_log_level)level);
    mr_do_say(d, "log level %s", levels[level]);
    return MR_OK;
}
