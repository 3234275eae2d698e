/* millrace tune: what this host should be set to, and setting it. Nothing is changed but by apply and revert, and by apply not without a yes. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/config/config.h"
#include "pinning/apply.h"
#include "pinning/report.h"

#define OUT_BYTES (16u << 20)
#define PICKS_MAX 64

enum { KEY_ROOT = 256, KEY_CORES, KEY_CONFIG, KEY_NIC, KEY_JOURNAL, KEY_JSON, KEY_YES, KEY_DRY_RUN, KEY_ONLY };

struct options {
    const char *action, *root, *journal;
    const char *only[PICKS_MAX], *config_file;
    struct mr_plan_wish wish;
    uint32_t only_count;
    bool json, yes, dry_run;
    int status;
    struct mr_err err;
};

/* clang-format off */
static const struct argp_option argp_options[] = {
    {"root", KEY_ROOT, "DIR", 0, "the host whose proc, sys and dev lie below DIR, instead of this one", 0},
    {"cores", KEY_CORES, "N", 0, "cores to give: 1 feed and engine on one, 2 feed and engine, 3 and more: feeds, engine, trade (at most 9). Else 3, or as many as there are", 0},
    {"config", KEY_CONFIG, "FILE", 0, "for the cores that this configuration names, instead of a proposal", 0},
    {"nic", KEY_NIC, "IF", 0, "the NIC that market data comes by; else the first that is up", 0},
    {"only", KEY_ONLY, "SETTING", 0, "apply: this setting alone; may be given again", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "apply: show what would be written, and end", 0},
    {"yes", KEY_YES, NULL, 0, "apply: do not ask", 0},
    {"journal", KEY_JOURNAL, "FILE", 0, "apply, revert: the old values (/var/lib/millrace/tune.journal, below the root)", 0},
    {"json", KEY_JSON, NULL, 0, "a JSON object", 0},
    {0},
};
/* clang-format on */

static void take_only(struct options *o, const char *id)
{
    bool known = false;
    for (uint32_t i = 0; i < mr_setting_count; i++)
        known |= strcmp(mr_settings[i]->id, id) == 0;
    if (!known)
        o->status = mr_err_set(&o->err, MR_E_INVALID,
                               "--only %s: no setting has that name; millrace tune check lists them", id);
    else if (o->only_count == PICKS_MAX)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--only: at most %d settings", PICKS_MAX);
    else
        o->only[o->only_count++] = id;
}

static void take_cores(struct options *o, const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (end == text || *end || n < 1 || n > MR_PLAN_CORES_MAX)
        o->status =
            mr_err_set(&o->err, MR_E_INVALID, "--cores %s: want a number from 1 to %d", text, MR_PLAN_CORES_MAX);
    o->wish.cores = (uint32_t)n;
}

static void take_action(struct options *o, const char *text)
{
    static const char *const actions[] = {"check", "plan", "apply", "revert"};
    if (o->action)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "%s: one action is wanted, and %s was given", text, o->action);
    for (size_t i = 0; i < MR_COUNT_OF(actions); i++)
        if (strcmp(actions[i], text) == 0)
            o->action = actions[i];
    if (!o->action)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "%s: want check, plan, apply or revert", text);
}

static void check_together(struct options *o)
{
    if (!o->action)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "want check, plan, apply or revert");
    else if (o->config_file && (o->wish.cores || strcmp(o->action, "revert") == 0))
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--config: not with --cores, and not with revert");
    else if (strcmp(o->action, "apply") != 0 && (o->only_count || o->yes || o->dry_run))
        o->status = mr_err_set(&o->err, MR_E_INVALID, "%s: --only, --yes and --dry-run go with apply", o->action);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case KEY_ROOT:
        o->root = arg;
        break;
    case KEY_CORES:
        take_cores(o, arg);
        break;
    case KEY_CONFIG:
        o->config_file = arg;
        break;
    case KEY_NIC:
        o->wish.nic = arg;
        break;
    case KEY_ONLY:
        take_only(o, arg);
        break;
    case KEY_DRY_RUN:
        o->dry_run = true;
        break;
    case KEY_YES:
        o->yes = true;
        break;
    case KEY_JOURNAL:
        o->journal = arg;
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case ARGP_KEY_ARG:
        take_action(o, arg);
        break;
    case ARGP_KEY_END:
        if (!o->status)
            check_together(o);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

/* ---- whose cores ---- */

static void tell(void *arg, const char *sentence)
{
    (void)arg;
    fprintf(stderr, "millrace tune: %s\n", sentence);
}

/* As the data plane takes them: plane.cores is a core for each feed tile, then one for the engine tile. */
static int wish_of(struct options *o, const struct mr_config *c)
{
    const struct mr_plane_config *plane = &c->plane;
    struct mr_plan_wish *w = &o->wish;
    const uint32_t feeds = plane->merged ? 1 : plane->feed_tiles;
    if (!plane->core_count)
        return mr_err_set(&o->err, MR_E_INVALID,
                          "%s: plane.cores is empty, so nothing is pinned; without --config the "
                          "host's own cores are proposed",
                          o->config_file);
    if (feeds > MR_PLAN_FEEDS_MAX || plane->core_count < feeds + !plane->merged)
        return mr_err_set(&o->err, MR_E_INVALID, "%s: %u cores for %u feed tiles and the engine", o->config_file,
                          plane->core_count, feeds);
    w->of = o->config_file;
    w->feed_count = feeds;
    memcpy(w->feed, plane->cores, feeds * sizeof w->feed[0]);
    w->engine = plane->merged ? -1 : plane->cores[feeds];
    w->trade = c->trade.core_count ? c->trade.cores[0] : -1;
    if (!w->nic && *plane->dpdk.interface)
        w->nic = plane->dpdk.interface;
    return MR_OK;
}

static int take_config(struct options *o)
{
    static struct mr_config config; /* the wish has texts of it */
    if (!o->config_file)
        return MR_OK;
    if (mr_config_load(&config, o->config_file, tell, NULL) != MR_OK)
        return mr_err_set(&o->err, MR_E_INVALID, "%s cannot be used", o->config_file);
    return wish_of(o, &config);
}

/* ---- check, plan ---- */

static int show(struct options *o, const struct mr_tune *t)
{
    char *out = malloc(OUT_BYTES);
    if (!out)
        return mr_err_set(&o->err, MR_E_NOMEM, "no memory");
    struct mr_text text;
    mr_text_init(&text, out, OUT_BYTES);
    bool plan = strcmp(o->action, "plan") == 0;
    if (plan && o->json)
        mr_report_plan_json(t, &text);
    else if (plan)
        mr_report_plan(t, &text);
    else if (o->json)
        mr_report_check_json(t, &text);
    else
        mr_report_check(t, &text);
    fputs(out, stdout);
    if (o->json)
        fputc('\n', stdout);
    free(out);
    return !plan && mr_tune_counted(t, MR_VERDICT_FAIL) ? MR_EXIT_FINDINGS : MR_EXIT_GOOD;
}

/* ---- apply, revert ---- */

/* A file's text on one line. */
static void put_value(const char *text, FILE *out)
{
    for (; *text && !(text[0] == '\n' && !text[1]); text++)
        fputc(*text == '\n' ? ' ' : *text, out);
}

struct sayer {
    struct mr_json_out *json; /* NULL: lines on stdout */
};

static void say(void *arg, const char *path, const char *from, const char *to, const char *failure)
{
    struct mr_json_out *j = ((struct sayer *)arg)->json;
    if (!j) {
        printf("%s%s: ", failure ? "FAILED " : "", path);
        put_value(from, stdout);
        fputs(" -> ", stdout);
        put_value(to, stdout);
        if (failure)
            printf(" (%s)", failure);
        putchar('\n');
        return;
    }
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "path", path);
    mr_json_out_string(j, "from", from);
    mr_json_out_string(j, "to", to);
    if (failure)
        mr_json_out_string(j, "failure", failure);
    mr_json_out_end(j);
}

static bool picked(const struct options *o, const char *id)
{
    for (uint32_t i = 0; i < o->only_count; i++)
        if (strcmp(o->only[i], id) == 0)
            return true;
    return !o->only_count;
}

/* What would be written, on `out`; how many files. */
static uint32_t preview(const struct mr_tune *t, const bool *wanted, FILE *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->finding_count; i++)
        for (uint32_t k = 0; wanted[i] && k < t->findings[i].count; k++) {
            const struct mr_tune_write *w = &t->writes[t->findings[i].first + k];
            if (!w->differs)
                continue;
            char command[MR_HOST_TEXT * 2];
            struct mr_text text;
            mr_text_init(&text, command, sizeof command);
            mr_write_command(w, &text);
            fprintf(out, "%-16s %s   # is ", t->findings[i].setting->id, command);
            put_value(w->old, out);
            fputc('\n', out);
            n++;
        }
    return n;
}

/* Only a terminal can say yes; anything else wants --yes. */
static int ask(struct options *o, uint32_t n)
{
    char line[16] = "";
    if (o->yes)
        return MR_OK;
    if (!isatty(STDIN_FILENO))
        return mr_err_set(&o->err, MR_E_INVALID,
                          "apply changes %u settings of this host and asks before: on a terminal, or say --yes", n);
    fprintf(stderr, "write these %u? [y/N] ", n);
    if (!fgets(line, sizeof line, stdin) || (line[0] != 'y' && line[0] != 'Y'))
        return mr_err_set(&o->err, MR_E_INVALID, "nothing was changed");
    return MR_OK;
}

static void journal_of(const struct options *o, char *out, size_t bytes)
{
    if (o->journal)
        snprintf(out, bytes, "%s", o->journal);
    else
        snprintf(out, bytes, "%s/var/lib/millrace/tune.journal", o->root && strcmp(o->root, "/") != 0 ? o->root : "");
}

static void sum_json(struct mr_json_out *j, const struct mr_applied *sum, const char *journal)
{
    mr_json_out_end(j);
    mr_json_out_u64(j, "done", sum->done);
    mr_json_out_u64(j, "already", sum->already);
    mr_json_out_u64(j, "failed", sum->failed);
    mr_json_out_string(j, "journal", journal);
}

/* Begins and ends the report of apply and revert around `work`. */
struct work {
    struct options *o;
    struct mr_host *host;
    const struct mr_tune *tune; /* apply */
    const bool *wanted;
    const char *journal;
    struct mr_applied sum;
};

static int do_work(struct work *w, struct sayer *sayer)
{
    return w->tune ? mr_tune_apply(w->tune, w->wanted, w->journal, say, sayer, &w->sum, &w->o->err)
                   : mr_tune_revert(w->host, w->journal, say, sayer, &w->sum, &w->o->err);
}

/* After an apply, the host is looked at again: what it kept, and what still fails. */
static int look_again(struct work *w, struct mr_json_out *j)
{
    struct mr_tune *after;
    int status = mr_tune_open(&after, w->host, &w->o->wish, &w->o->err);
    if (status)
        return status;
    uint32_t before = mr_tune_counted(w->tune, MR_VERDICT_FAIL), now = mr_tune_counted(after, MR_VERDICT_FAIL),
             warned = mr_tune_counted(w->tune, MR_VERDICT_WARN), warns = mr_tune_counted(after, MR_VERDICT_WARN),
             kept = 0;
    for (uint32_t i = 0; i < after->finding_count; i++)
        kept += w->wanted[i] ? mr_finding_changes(after, &after->findings[i]) : 0;
    mr_tune_close(after);
    if (j) {
        mr_json_out_u64(j, "fail_before", before);
        mr_json_out_u64(j, "fail_after", now);
        mr_json_out_u64(j, "not_taken", kept);
    } else {
        printf("fail: %u before, %u now; warn: %u before, %u now\n", before, now, warned, warns);
        if (kept)
            printf("%u settings were written, or refused, and are not as wanted: millrace tune check\n", kept);
    }
    w->sum.failed += kept > w->sum.failed ? kept - w->sum.failed : 0;
    return MR_OK;
}

static int report(struct work *w)
{
    char *out = w->o->json ? malloc(OUT_BYTES) : NULL;
    struct mr_text text;
    struct mr_json_out json;
    struct sayer sayer = {out ? &json : NULL};
    if (w->o->json && !out)
        return mr_err_set(&w->o->err, MR_E_NOMEM, "no memory");
    if (out) {
        mr_text_init(&text, out, OUT_BYTES);
        mr_json_out_init(&json, &text);
        mr_json_out_object(&json, NULL);
        mr_json_out_array(&json, "writes");
    }
    int status = do_work(w, &sayer);
    if (!status && out)
        sum_json(&json, &w->sum, w->journal);
    else if (!status)
        printf("%u done, %u already so, %u failed; journal %s\n", w->sum.done, w->sum.already, w->sum.failed,
               w->journal);
    if (!status && w->tune)
        status = look_again(w, sayer.json);
    if (!status && out) {
        mr_json_out_end(&json);
        puts(out);
    }
    free(out);
    return status;
}

static int apply(struct options *o, struct mr_host *host, const struct mr_tune *t, const char *journal)
{
    bool *wanted = calloc(t->finding_count, sizeof *wanted);
    if (!wanted)
        return mr_err_set(&o->err, MR_E_NOMEM, "no memory");
    for (uint32_t i = 0; i < t->finding_count; i++)
        wanted[i] = picked(o, t->findings[i].setting->id);
    uint32_t n = preview(t, wanted, o->json ? stderr : stdout);
    int status = MR_OK;
    struct work work = {.o = o, .host = host, .tune = t, .wanted = wanted, .journal = journal};
    if (!n)
        fputs("nothing to write: all that can be changed while the host runs is as wanted\n", stderr);
    else if (!o->dry_run)
        status = ask(o, n);
    if (!status && n && !o->dry_run)
        status = report(&work);
    free(wanted);
    return status ? status : work.sum.failed ? MR_EXIT_FINDINGS : MR_EXIT_GOOD;
}

static int revert(struct options *o, struct mr_host *host, const char *journal)
{
    struct work work = {.o = o, .host = host, .journal = journal};
    int status = report(&work);
    if (status == MR_E_EMPTY) { /* a second revert, or one before any apply */
        fprintf(stderr, "millrace tune: %s\n", o->err.text);
        return MR_EXIT_GOOD;
    }
    return status ? status : work.sum.failed ? MR_EXIT_FINDINGS : MR_EXIT_GOOD;
}

static int run(struct options *o, struct mr_host *host)
{
    char journal[512];
    struct mr_tune *t;
    journal_of(o, journal, sizeof journal);
    if (strcmp(o->action, "revert") == 0)
        return revert(o, host, journal);
    int status = mr_tune_open(&t, host, &o->wish, &o->err);
    if (status)
        return status;
    status = strcmp(o->action, "apply") == 0 ? apply(o, host, t, journal) : show(o, t);
    mr_tune_close(t);
    return status;
}

int mr_cmd_tune(int argc, char **argv)
{
    static const struct argp argp = {argp_options,
                                     parse,
                                     "check|plan|apply|revert",
                                     "How a host should be set up for millrace. check: what it is set to, what is "
                                     "wanted, why, and the remedy; exit status 1 if something "
                                     "fails. plan: a core map, the kernel command line, files that make settings last. "
                                     "apply: what can be done while the host runs, after a "
                                     "yes; the old values are kept. revert: undoes exactly that.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct options o = {0};
    struct mr_host host;
    char name[] = "millrace tune";
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "tune", &o.err);
    int status = take_config(&o);
    if (!status)
        status = mr_host_open(&host, o.root, &o.err);
    if (status)
        return mr_cmd_fail(mr_cmd_exit_of(status), "tune", &o.err);
    status = run(&o, &host);
    mr_host_close(&host);
    return status < 0 ? mr_cmd_fail(mr_cmd_exit_of(status), "tune", &o.err) : status;
}
