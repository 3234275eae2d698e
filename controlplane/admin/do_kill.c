#include <stdarg.h>
#include <stdio.h>

#include "codecs/venue/venue.h"
#include "controlplane/admin/do.h"
#include "controlplane/admin/look.h"

void mr_do_say(struct mr_do *d, const char *format, ...)
{
    char sentence[600];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (d->json)
        mr_json_out_string(d->json, "said", sentence);
    else
        mr_text_format(d->out, "%s\n", sentence);
    snprintf(d->outcome, sizeof d->outcome, "%.199s", sentence);
}

void mr_do_rest(const struct mr_do *d, uint32_t first, char *out, size_t bytes)
{
    struct mr_text text;
    mr_text_init(&text, out, bytes);
    for (uint32_t i = first; i < d->arg_count; i++) {
        mr_text_add(&text, i > first ? " " : "");
        mr_text_add(&text, d->args[i]);
    }
}

/* ---- the kill switch ---- */

static int kill_one(struct mr_do *d, enum mr_kill_scope scope, uint32_t id, const char *name, bool on,
                    uint32_t reason_at, struct mr_err *err)
{
    char reason[160];
    if (!d->hands->kill)
        return mr_err_set(err, MR_E_UNSUPPORTED, "this process has no kill switch");
    mr_do_rest(d, reason_at, reason, sizeof reason);
    const struct mr_kill_command command = {.scope = scope,
                                            .on = on,
                                            .id = id,
                                            .cause = MR_KILL_BY_SOCKET,
                                            .uid = d->peer->uid,
                                            .who = d->who,
                                            .reason = reason};
    struct mr_err why = {""};
    int status = mr_kill_command(d->hands->kill, &command, mr_look_wall(), &why);
    if (status != MR_OK && on)
        return mr_err_set(err, status, "%skilled, but that is not on disk: %.400s", name, why.text);
    if (status != MR_OK)
        return mr_err_set(err, status, "%s", why.text);
    mr_do_say(d, on ? "%skilled, and on disk" : "%snot killed any more", name);
    return MR_OK;
}

int mr_do_kill_on(struct mr_do *d, struct mr_err *err) { return kill_one(d, MR_KILL_SCOPE_ALL, 0, "", true, 0, err); }
int mr_do_kill_off(struct mr_do *d, struct mr_err *err) { return kill_one(d, MR_KILL_SCOPE_ALL, 0, "", false, 0, err); }

static int kill_venue(struct mr_do *d, bool on, struct mr_err *err)
{
    char name[64];
    uint8_t id = 0;
    while (id <= MR_VENUE_ID_MAX && !(mr_venue_by_id(id) && strcmp(mr_venue_by_id(id)->name, d->args[0]) == 0))
        id++;
    if (id > MR_VENUE_ID_MAX)
        return mr_err_set(err, MR_E_INVALID, "no venue \"%.40s\"", d->args[0]);
    snprintf(name, sizeof name, "%.40s: ", d->args[0]);
    return kill_one(d, MR_KILL_SCOPE_VENUE, id, name, on, 1, err);
}
int mr_do_kill_venue_on(struct mr_do *d, struct mr_err *err) { return kill_venue(d, true, err); }
int mr_do_kill_venue_off(struct mr_do *d, struct mr_err *err) { return kill_venue(d, false, err); }

static int kill_strategy(struct mr_do *d, bool on, struct mr_err *err)
{
    const struct mr_kill *kill = d->hands->kill;
    char name[64];
    uint32_t row = 0;
    while (kill && row < kill->strategy_count && strcmp(kill->strategies[row], d->args[0]) != 0)
        row++;
    if (kill && row == kill->strategy_count)
        return mr_err_set(err, MR_E_INVALID, "no strategy \"%.40s\"", d->args[0]);
    snprintf(name, sizeof name, "%.40s: ", d->args[0]);
    return kill_one(d, MR_KILL_SCOPE_STRATEGY, row, name, on, 1, err);
}
int mr_do_kill_strategy_on(struct mr_do *d, struct mr_err *err) { return kill_strategy(d, true, err); }
int mr_do_kill_strategy_off(struct mr_do *d, struct mr_err *err) { return kill_strategy(d, false, err); }

static void scopes(struct mr_do *d, const struct mr_kill *kill)
{
    if (d->json)
        mr_json_out_array(d->json, "venues");
    for (uint32_t i = 0; i <= MR_VENUE_ID_MAX; i++) {
        const struct mr_venue *venue = mr_venue_by_id((uint8_t)i);
        if (!venue || !(atomic_load(&kill->page->venues[i / 64]) >> i % 64 & 1))
            continue;
        if (d->json)
            mr_json_out_string(d->json, NULL, venue->name);
        else
            mr_text_format(d->out, "venue %s: killed\n", venue->name);
    }
    if (d->json) {
        mr_json_out_end(d->json);
        mr_json_out_array(d->json, "strategies");
    }
    for (uint32_t i = 0; i < kill->strategy_count; i++) {
        if (!(atomic_load(&kill->page->strategies[i / 64]) >> i % 64 & 1))
            continue;
        if (d->json)
            mr_json_out_string(d->json, NULL, kill->strategies[i]);
        else
            mr_text_format(d->out, "strategy %s: killed\n", kill->strategies[i]);
    }
    if (d->json)
        mr_json_out_end(d->json);
}

int mr_do_kill_status(struct mr_do *d, struct mr_err *err)
{
    const struct mr_kill *kill = d->hands->kill;
    char causes[MR_KILL_TEXT];
    if (!kill)
        return mr_err_set(err, MR_E_UNSUPPORTED, "this process has no kill switch");
    uint32_t word = atomic_load(&kill->page->word);
    bool latched = atomic_load(&kill->page->latched);
    int64_t since_ns = atomic_load(&kill->page->since_ns);
    mr_kill_causes(word, causes);
    if (d->json) {
        mr_json_out_bool(d->json, "killed", word != 0);
        mr_json_out_bool(d->json, "on_disk", latched);
        mr_json_out_string(d->json, "causes", causes);
        mr_json_out_i64(d->json, "since_ns", since_ns);
        mr_json_out_string(d->json, "who", word ? kill->last.who : "");
        mr_json_out_string(d->json, "reason", word ? kill->last.reason : "");
    } else if (word) {
        mr_text_format(d->out, "KILLED by %s since ", causes);
        mr_text_time(d->out, since_ns);
        mr_text_format(d->out, "%s\n", latched ? "" : "; not on disk yet");
        if (*kill->last.who || *kill->last.reason)
            mr_text_format(d->out, "%s: %s\n", kill->last.who, kill->last.reason);
    } else {
        mr_text_add(d->out, "not killed\n");
    }
    scopes(d, kill);
    return MR_OK;
}
