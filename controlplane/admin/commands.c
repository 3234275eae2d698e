#include "controlplane/admin/commands.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/admin/acts.h"
#include "controlplane/admin/do.h"
#include "controlplane/admin/show.h"
#include "controlplane/config/nearest.h"

#define WORDS_MAX 40

struct row {
    const char *words, *usage, *help;
    enum mr_admin_level level;
    mr_show_fn *show;
    mr_act_fn *act;
    mr_do_fn *carry;
    enum mr_plane_command_kind kind;
};
static const struct row rows[] = {
#define MR_SHOW(WORDS, USAGE, FUNCTION, HELP)                                                                          \
    {.words = WORDS, .usage = USAGE, .help = HELP, .level = MR_ADMIN_OBSERVE, .show = FUNCTION},
#define MR_ACT(WORDS, USAGE, LEVEL, FUNCTION, KIND, HELP)                                                              \
    {.words = WORDS, .usage = USAGE, .help = HELP, .level = MR_ADMIN_##LEVEL, .act = FUNCTION, .kind = KIND},
#define MR_DO(WORDS, USAGE, LEVEL, FUNCTION, HELP)                                                                     \
    {.words = WORDS, .usage = USAGE, .help = HELP, .level = MR_ADMIN_##LEVEL, .carry = FUNCTION},
#include "controlplane/admin/commands.def"
#undef MR_SHOW
#undef MR_ACT
#undef MR_DO
    {.words = "help", .usage = "[word] [word]", .help = "this list, or what begins so", .level = MR_ADMIN_OBSERVE},
    {.words = "quit", .usage = "", .help = "closes this connection", .level = MR_ADMIN_OBSERVE},
};

const char *mr_admin_level_name(unsigned level)
{
    static const char *const names[] = {"refused", "observe", "operate", "administer"};
    return level < MR_COUNT_OF(names) ? names[level] : "?";
}

enum mr_admin_level mr_admin_level_of(const struct mr_control_config *control, uint32_t own_uid, uint32_t uid)
{
    if (uid == 0 || uid == own_uid)
        return MR_ADMIN_ADMINISTER;
    for (uint32_t i = 0; i < control->administer_count; i++)
        if (control->administer_uids[i] == uid)
            return MR_ADMIN_ADMINISTER;
    for (uint32_t i = 0; i < control->operate_count; i++)
        if (control->operate_uids[i] == uid)
            return MR_ADMIN_OPERATE;
    return control->others == MR_OTHERS_OBSERVE ? MR_ADMIN_OBSERVE : MR_ADMIN_REFUSED;
}

/* ---- words ---- */

struct words {
    char *list[WORDS_MAX];
    uint32_t count;
    bool json, too_many;
    char text[1024];
};

/* False: bytes that are no text. */
static bool split(const char *line, size_t len, struct words *w)
{
    w->count = 0;
    w->json = w->too_many = false;
    if (len >= sizeof w->text) {
        w->too_many = true;
        len = sizeof w->text - 1;
    }
    for (size_t i = 0; i < len; i++) {
        if (((uint8_t)line[i] < 0x20 && line[i] != '\t') || (uint8_t)line[i] > 0x7e)
            return false;
        w->text[i] = line[i] == '\t' ? ' ' : line[i];
    }
    w->text[len] = 0;
    char *at = w->text;
    for (char *word; (word = strsep(&at, " "));) {
        if (!*word)
            continue;
        if (strcmp(word, "--json") == 0)
            w->json = true;
        else if (w->count == WORDS_MAX)
            w->too_many = true;
        else
            w->list[w->count++] = word;
    }
    return true;
}

/* How many of the words the row's own words are; 0: it is not this row. */
static uint32_t matches(const struct row *row, const struct words *w)
{
    const char *at = row->words;
    for (uint32_t i = 0; i < w->count; i++) {
        size_t n = strcspn(at, " ");
        if (strlen(w->list[i]) != n || memcmp(w->list[i], at, n) != 0)
            return 0;
        at += n;
        if (!*at)
            return i + 1;
        at++;
    }
    return 0;
}

static bool arity_ok(const char *usage, uint32_t count)
{
    uint32_t must = 0, may = 0;
    for (const char *c = usage; *c; c++) {
        must += *c == '<';
        may += *c == '[';
    }
    return count >= must && (count <= must + may || strstr(usage, "..."));
}

/* ---- replies ---- */

void mr_reply_error(struct mr_text *out, bool json, enum mr_reply kind, const char *sentence)
{
    static const char *const names[] = {
        [MR_REPLY_USAGE] = "usage", [MR_REPLY_REFUSED] = "refused", [MR_REPLY_FAILED] = "failed"};
    if (!json) {
        mr_text_format(out, "error %s: %s\n.\n", names[kind], sentence);
        return;
    }
    struct mr_json_out j;
    mr_json_out_init(&j, out);
    mr_json_out_object(&j, NULL);
    mr_json_out_object(&j, "error");
    mr_json_out_string(&j, "kind", names[kind]);
    mr_json_out_string(&j, "text", sentence);
    mr_json_out_end(&j);
    mr_json_out_end(&j);
    mr_text_add(out, "\n");
}

/* Forgets what was written from `begin` on, for the error instead. */
static enum mr_reply fail(struct mr_text *out, size_t begin, bool json, enum mr_reply kind, const char *format, ...)
    MR_PRINTF(5, 6);
static enum mr_reply fail(struct mr_text *out, size_t begin, bool json, enum mr_reply kind, const char *format, ...)
{
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    out->len = begin;
    out->cut = false;
    mr_reply_error(out, json, kind, sentence);
    return kind;
}

/* Text of a workspace may hold anything: nothing but lines of printable characters goes out, and none that is the end's. */
static void make_harmless(struct mr_text *out, size_t begin)
{
    bool first = true;
    for (size_t i = begin; i < out->len; i++) {
        char c = out->out[i];
        if (c != '\n' && ((uint8_t)c < 0x20 || c == 0x7f))
            out->out[i] = '?';
        if (first && c == '.')
            out->out[i] = ' ';
        first = c == '\n';
    }
}

/* ---- help ---- */

static void help(const struct words *w, struct mr_text *out)
{
    struct mr_json_out j;
    mr_json_out_init(&j, out);
    if (w->json) {
        mr_json_out_object(&j, NULL);
        mr_json_out_array(&j, "commands");
    }
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        char begin[128];
        snprintf(begin, sizeof begin, "%s%s%s", w->count > 1 ? w->list[1] : "", w->count > 2 ? " " : "",
                 w->count > 2 ? w->list[2] : "");
        if (strncmp(rows[i].words, begin, strlen(begin)) != 0)
            continue;
        if (w->json) {
            mr_json_out_object(&j, NULL);
            mr_json_out_string(&j, "words", rows[i].words);
            mr_json_out_string(&j, "arguments", rows[i].usage);
            mr_json_out_string(&j, "level", mr_admin_level_name(rows[i].level));
            mr_json_out_string(&j, "help", rows[i].help);
            mr_json_out_end(&j);
        } else {
            char left[64];
            snprintf(left, sizeof left, "%s %s", rows[i].words, rows[i].usage);
            mr_text_format(out, "%-28s %-10s %s\n", left, mr_admin_level_name(rows[i].level), rows[i].help);
        }
    }
    if (w->json) {
        mr_json_out_end(&j);
        mr_json_out_end(&j);
        mr_text_add(out, "\n");
    } else {
        mr_text_add(out, "--json among the words: the reply is one line of JSON\n.\n");
    }
}

/* ---- shows ---- */

/* One data plane's part of a show: its status; `error` the sentence. */
static int show_one(const struct row *row, struct mr_show *s, struct mr_look *look, bool several, struct mr_err *err)
{
    int status = MR_OK;
    if (s->json) {
        mr_json_out_object(s->json, NULL);
        mr_json_out_string(s->json, "name", look->name);
    } else if (several) {
        mr_text_format(s->out, "== %s ==\n", look->name);
    }
    if (!mr_look_refresh(look, mr_look_wall()))
        status = mr_err_set(err, MR_E_IO, "no data plane: %s", look->err.text);
    else
        status = row->show(s, look, err);
    if (status != MR_OK && s->json)
        mr_json_out_string(s->json, "error", err->text);
    else if (status != MR_OK)
        mr_text_format(s->out, "%s: %s\n", look->name, err->text);
    if (s->json)
        mr_json_out_end(s->json);
    return status;
}

static enum mr_reply show(struct mr_commands *c, const struct row *row, const struct words *w, uint32_t used,
                          struct mr_text *out)
{
    struct mr_json_out j;
    struct mr_err err = {""};
    size_t begin = out->len;
    uint32_t planes = 0, good = 0;
    struct mr_show s = {.out = out,
                        .json = w->json ? &j : NULL,
                        .args = (const char *const *)w->list + used,
                        .arg_count = w->count - used,
                        .version = c->version,
                        .build = c->build};
    for (uint32_t i = 0; i < MR_ADMIN_PLANES_MAX; i++)
        planes += c->seats[i].used;
    if (!planes)
        return fail(out, begin, w->json, MR_REPLY_FAILED, "no data plane is attached");
    mr_json_out_init(&j, out);
    if (w->json) {
        mr_json_out_object(&j, NULL);
        mr_json_out_string(&j, "command", row->words);
        mr_json_out_i64(&j, "now_ns", mr_look_wall());
        mr_json_out_array(&j, "planes");
    }
    for (uint32_t i = 0; i < MR_ADMIN_PLANES_MAX; i++) {
        if (!c->seats[i].used)
            continue;
        int status = show_one(row, &s, &c->seats[i].look, planes > 1, &err);
        if (status == MR_E_INVALID)
            return fail(out, begin, w->json, MR_REPLY_USAGE, "%s", err.text);
        good += status == MR_OK;
    }
    if (!good)
        return fail(out, begin, w->json, MR_REPLY_FAILED, "%s", err.text);
    if (w->json) {
        mr_json_out_end(&j);
        mr_json_out_end(&j);
    } else {
        make_harmless(out, begin);
    }
    mr_text_add(out, w->json ? "\n" : ".\n");
    if (out->cut || out->len + 1 >= out->bytes)
        return fail(out, begin, w->json, MR_REPLY_FAILED, "the reply is larger than %zu bytes", out->bytes);
    return MR_REPLY_GOOD;
}

/* ---- acts ---- */

static void audit(struct mr_commands *c, const struct mr_peer *peer, const struct words *w, const char *outcome)
{
    char line[1400], *at = line;
    at +=
        snprintf(line, sizeof line, "uid %u pid %d level %s:", peer->uid, peer->pid, mr_admin_level_name(peer->level));
    for (uint32_t i = 0; i < w->count; i++)
        at += snprintf(at, (size_t)(line + sizeof line - at), " %s", w->list[i]);
    snprintf(at, (size_t)(line + sizeof line - at), ": %s", outcome);
    if (c->audit)
        c->audit(c->arg, line);
}

/* Good, or the refusal is written. */
static enum mr_reply permitted(struct mr_commands *c, const struct row *row, const struct words *w,
                               const struct mr_peer *peer, struct mr_text *out)
{
    if (peer->level < row->level) {
        audit(c, peer, w, "refused");
        return fail(out, out->len, w->json, MR_REPLY_REFUSED,
                    "\"%s\" wants level %s; user %u has %s (control.operate_uids, control.administer_uids)", row->words,
                    mr_admin_level_name(row->level), peer->uid, mr_admin_level_name(peer->level));
    }
    if (c->read_only)
        return fail(out, out->len, w->json, MR_REPLY_REFUSED, "\"%s\" wants the admin socket; this is a look at a file",
                    row->words);
    return MR_REPLY_GOOD;
}

static enum mr_reply act(struct mr_commands *c, const struct row *row, const struct words *w, uint32_t used,
                         const struct mr_peer *peer, struct mr_text *out)
{
    struct mr_err err = {""};
    char said[160];
    enum mr_reply kind = permitted(c, row, w, peer, out);
    if (kind != MR_REPLY_GOOD)
        return kind;
    struct mr_act a = {.kind = row->kind, .args = (const char *const *)w->list + used, .arg_count = w->count - used};
    int status = row->act(c, &a, &err);
    if (status != MR_OK) {
        audit(c, peer, w, err.text);
        return fail(out, out->len, w->json, status == MR_E_INVALID ? MR_REPLY_USAGE : MR_REPLY_FAILED, "%s", err.text);
    }
    snprintf(said, sizeof said, "sent %llu to %u feed tiles of %u data planes", (unsigned long long)a.id, a.tiles,
             a.planes);
    audit(c, peer, w, said);
    if (row->kind == MR_PLANE_SHUTDOWN && c->shutdown)
        c->shutdown(c->arg);
    if (!w->json) {
        mr_text_format(out, "%s\n.\n", said);
        return MR_REPLY_GOOD;
    }
    struct mr_json_out j;
    mr_json_out_init(&j, out);
    mr_json_out_object(&j, NULL);
    mr_json_out_u64(&j, "sent", a.id);
    mr_json_out_u64(&j, "tiles", a.tiles);
    mr_json_out_u64(&j, "planes", a.planes);
    mr_json_out_end(&j);
    mr_text_add(out, "\n");
    return MR_REPLY_GOOD;
}

/* ---- what the control plane does itself ---- */

static void name_of(uint32_t uid, char out[32])
{
    char room[1024];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(uid, &entry, room, sizeof room, &found) == 0 && found)
        snprintf(out, 32, "%.31s", found->pw_name);
    else
        snprintf(out, 32, "uid %u", uid);
}

static enum mr_reply carry(struct mr_commands *c, const struct row *row, const struct words *w, uint32_t used,
                           const struct mr_peer *peer, struct mr_text *out)
{
    static const struct mr_admin_hands empty;
    struct mr_json_out j;
    struct mr_err err = {""};
    char who[32];
    size_t begin = out->len;
    enum mr_reply kind = permitted(c, row, w, peer, out);
    if (kind != MR_REPLY_GOOD)
        return kind;
    name_of(peer->uid, who);
    struct mr_do d = {.hands = c->hands ? c->hands : &empty,
                      .peer = peer,
                      .who = who,
                      .args = (const char *const *)w->list + used,
                      .arg_count = w->count - used,
                      .out = out,
                      .json = w->json ? &j : NULL};
    mr_json_out_init(&j, out);
    if (w->json) {
        mr_json_out_object(&j, NULL);
        mr_json_out_string(&j, "command", row->words);
    }
    int status = row->carry(&d, &err);
    if (status == MR_E_AGAIN && peer->ask && mr_ask_open(peer->ask)) {
        out->len = begin;
        return MR_REPLY_LATER;
    }
    if (row->level > MR_ADMIN_OBSERVE)
        audit(c, peer, w, status != MR_OK ? err.text : *d.outcome ? d.outcome : "done");
    if (status != MR_OK)
        return fail(out, begin, w->json, status == MR_E_INVALID ? MR_REPLY_USAGE : MR_REPLY_FAILED, "%s", err.text);
    if (w->json)
        mr_json_out_end(&j);
    else
        make_harmless(out, begin);
    mr_text_add(out, w->json ? "\n" : ".\n");
    if (out->cut || out->len + 1 >= out->bytes)
        return fail(out, begin, w->json, MR_REPLY_FAILED, "the reply is larger than %zu bytes", out->bytes);
    return MR_REPLY_GOOD;
}

/* ---- one line ---- */

static enum mr_reply unknown(const struct words *w, struct mr_text *out)
{
    struct mr_nearest best = {0};
    char said[96];
    snprintf(said, sizeof said, "%.40s%s%.40s", w->list[0], w->count > 1 ? " " : "", w->count > 1 ? w->list[1] : "");
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        mr_nearest_offer(&best, said, strlen(said), rows[i].words);
        mr_nearest_offer(&best, w->list[0], strlen(w->list[0]), rows[i].words); /* its arguments follow it */
    }
    if (best.name)
        return fail(out, out->len, w->json, MR_REPLY_USAGE, "no command \"%s\"; did you mean \"%s\"?", said, best.name);
    return fail(out, out->len, w->json, MR_REPLY_USAGE, "no command \"%s\"; `help` lists all", said);
}

enum mr_reply mr_command(struct mr_commands *c, const char *line, size_t len, const struct mr_peer *peer,
                         struct mr_text *out)
{
    struct words w;
    if (!split(line, len, &w))
        return fail(out, out->len, false, MR_REPLY_USAGE,
                    "bytes that are no text; a command is words and blanks, then a newline");
    if (w.too_many)
        return fail(out, out->len, w.json, MR_REPLY_USAGE, "too many words");
    if (!w.count) {
        mr_text_add(out, w.json ? "{}\n" : ".\n");
        return MR_REPLY_GOOD;
    }
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        uint32_t used = matches(row, &w);
        if (!used)
            continue;
        if (!arity_ok(row->usage, w.count - used))
            return fail(out, out->len, w.json, MR_REPLY_USAGE, "want: %s%s%s", row->words, *row->usage ? " " : "",
                        row->usage);
        if (row->show)
            return show(c, row, &w, used, out);
        if (row->act)
            return act(c, row, &w, used, peer, out);
        if (row->carry)
            return carry(c, row, &w, used, peer, out);
        if (strcmp(row->words, "quit") == 0)
            return MR_REPLY_QUIT;
        help(&w, out);
        return MR_REPLY_GOOD;
    }
    return unknown(&w, out);
}

/* ---- what commands work on ---- */

struct mr_commands *mr_commands_open(void)
{
    size_t bytes = (sizeof(struct mr_commands) + 127) / 128 * 128;
    struct mr_commands *c = aligned_alloc(128, bytes);
    MR_ASSERT(c);
    memset(c, 0, bytes);
    return c;
}

static void clear_seat(struct mr_seat *seat)
{
    mr_sender_close(&seat->sender);
    mr_look_close(&seat->look);
    seat->used = false;
}

void mr_commands_close(struct mr_commands *c)
{
    for (uint32_t i = 0; i < MR_ADMIN_PLANES_MAX; i++)
        if (c->seats[i].used)
            clear_seat(&c->seats[i]);
    free(c);
}

int mr_commands_attach(struct mr_commands *c, const char *name, const char *path)
{
    struct mr_seat *seat = NULL;
    for (uint32_t i = MR_ADMIN_PLANES_MAX; i-- > 0;) {
        if (!c->seats[i].used)
            seat = &c->seats[i];
        else if (strcmp(c->seats[i].look.name, name) == 0)
            return MR_E_INVALID;
    }
    if (!seat)
        return MR_E_FULL;
    mr_look_init(&seat->look, name, path);
    seat->used = true;
    return MR_OK;
}

void mr_commands_detach(struct mr_commands *c, const char *name)
{
    for (uint32_t i = 0; i < MR_ADMIN_PLANES_MAX; i++)
        if (c->seats[i].used && strcmp(c->seats[i].look.name, name) == 0)
            clear_seat(&c->seats[i]);
}
