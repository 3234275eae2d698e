/* millrace journal: verifies, shows and replays what the control plane wrote. Works on a journal that is being written, too. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/journal_rebuild.h"
#include "controlplane/cmd/journal_words.h"
#include "controlplane/cmd/when.h"
#include "controlplane/config/config.h"
#include "controlplane/orders/order.h"

enum { KEY_JSON = 256, KEY_KIND, KEY_ORDER, KEY_FROM, KEY_TO, KEY_AFTER, KEY_CONFIG, KEY_INSTANCE };

#define LINE_BYTES 16384 /* of a record: its hexadecimal bytes are cut, its words are short */

static const struct argp_option argp_options[] = {
    {"json", KEY_JSON, NULL, 0, "JSON instead of text; show: an object a line", 0},
    {"kind", KEY_KIND, "KIND", 0,
     "show: only begin, decision, order, fill, state, config, command, account, signal or end; may be given several "
     "times",
     0},
    {"order", KEY_ORDER, "ID", 0, "show: only what is about this order (mr... or its number)", 0},
    {"from", KEY_FROM, "TIME", 0, "show: only at or after: ns since 1970, or 2026-01-31T12:00:00Z", 0},
    {"to", KEY_TO, "TIME", 0, "show: only before this time", 0},
    {"after", KEY_AFTER, "SEQUENCE", 0, "show: only records behind this one", 0},
    {"config", KEY_CONFIG, "FILE", 0, "whose journal, where no folder is given", 0},
    {"instance", KEY_INSTANCE, "NAME", 0, "another instance than the configuration's", 0},
    {0},
};

struct options {
    const char *action, *path, *config, *instance;
    bool json;
    unsigned kinds; /* bits; 0: all */
    uint64_t order, after;
    int64_t from_ns, to_ns;
    struct mr_journal_names names;
    uint64_t shown;
    int status;
    struct mr_err err;
};

static void parse_order(struct options *o, const char *arg)
{
    char *end;
    if (mr_order_id_parse(mr_span_of(arg), &o->order) == MR_OK)
        return;
    errno = 0;
    o->order = strtoull(arg, &end, 10);
    if (arg[0] < '0' || arg[0] > '9' || *end || errno || !o->order)
        o->status =
            mr_err_set(&o->err, MR_E_INVALID, "--order %s: want an order's id, as mr0000000400001, or its number", arg);
}

static void parse_kind(struct options *o, const char *arg)
{
    unsigned kind = mr_journal_kind_of(arg);
    o->kinds |= 1u << kind;
    if (!kind)
        o->status = mr_err_set(
            &o->err, MR_E_INVALID,
            "--kind %s: want begin, decision, order, fill, state, config, command, account, signal or end", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    char *end;
    switch (key) {
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_KIND:
        parse_kind(o, arg);
        break;
    case KEY_ORDER:
        parse_order(o, arg);
        break;
    case KEY_FROM:
        o->status = mr_when_parse("from", arg, &o->from_ns, &o->err);
        break;
    case KEY_TO:
        o->status = mr_when_parse("to", arg, &o->to_ns, &o->err);
        break;
    case KEY_AFTER:
        errno = 0;
        o->after = strtoull(arg, &end, 10);
        if (arg[0] < '0' || arg[0] > '9' || *end || errno)
            o->status = mr_err_set(&o->err, MR_E_INVALID, "--after %s: want the sequence of a record", arg);
        break;
    case KEY_CONFIG:
        o->config = arg;
        break;
    case KEY_INSTANCE:
        o->instance = arg;
        break;
    case ARGP_KEY_ARG:
        if (!o->action)
            o->action = arg;
        else if (!o->path)
            o->path = arg;
        else
            o->status = mr_err_set(&o->err, MR_E_INVALID, "%s: at most one file or folder", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

static void ignore(void *arg, const char *sentence) { mr_err_set(arg, MR_E_INVALID, "%s", sentence); }

/* The instance's own journal, where no path is given. */
static int find_folder(struct options *o)
{
    static struct mr_config config;
    char file[256];
    if (o->path)
        return MR_OK;
    mr_config_find(o->config, file);
    int status = mr_config_load(&config, file, ignore, &o->err);
    if (!status && o->instance)
        status = mr_config_instance(&config, o->instance, &o->err);
    o->path = config.journal.folder;
    return status;
}

/* Damage is a finding; a path that is not there is a wrong environment. */
static int exit_of(const struct options *o, int status)
{
    int code = status == MR_E_IO                                ? MR_EXIT_ENVIRONMENT
               : status == MR_E_EMPTY || status == MR_E_TOO_BIG ? MR_EXIT_USAGE
                                                                : MR_EXIT_FINDINGS;
    return mr_cmd_fail(code, "journal", &o->err);
}

/* ---- verify ---- */

static void kinds_text(const struct mr_journal_report *r)
{
    for (unsigned kind = 1; kind <= MR_JOURNAL_KIND_COUNT; kind++) {
        unsigned k = kind % MR_JOURNAL_KIND_COUNT; /* the unknown ones last */
        if (r->kinds[k])
            printf(" %s %llu", k ? mr_journal_kind_name(k) : "unknown", (unsigned long long)r->kinds[k]);
    }
}

static void hash_text(const struct mr_journal_report *r, char out[33])
{
    for (size_t i = 0; i < sizeof r->hash; i++)
        snprintf(out + 2 * i, 3, "%02x", r->hash[i]);
}

static void verify_json(const struct options *o, int status, const struct mr_journal_report *r, bool writing)
{
    char out[4096], hash[33];
    struct mr_text t;
    struct mr_json_out j;
    hash_text(r, hash);
    mr_text_init(&t, out, sizeof out);
    mr_json_out_init(&j, &t);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "path", o->path);
    mr_json_out_bool(&j, "good", status == MR_OK && (writing || !r->torn_bytes));
    if (status)
        mr_json_out_string(&j, "error", o->err.text);
    mr_json_out_u64(&j, "files", r->files);
    mr_json_out_u64(&j, "records", r->records);
    mr_json_out_u64(&j, "bytes", r->bytes);
    mr_json_out_u64(&j, "first_seq", r->first_seq);
    mr_json_out_u64(&j, "last_seq", r->last_seq);
    mr_json_out_i64(&j, "first_ns", r->first_ns);
    mr_json_out_i64(&j, "last_ns", r->last_ns);
    mr_json_out_u64(&j, "torn_bytes", r->torn_bytes);
    mr_json_out_bool(&j, "writing", writing);
    mr_json_out_string(&j, "hash", hash);
    mr_json_out_object(&j, "kinds");
    for (unsigned kind = 0; kind < MR_JOURNAL_KIND_COUNT; kind++)
        if (r->kinds[kind])
            mr_json_out_u64(&j, kind ? mr_journal_kind_name(kind) : "unknown", r->kinds[kind]);
    mr_json_out_end(&j);
    mr_json_out_end(&j);
    printf("%s\n", out);
}

static int verify(struct options *o)
{
    struct mr_journal_report r;
    int status = mr_journal_each(NULL, o->path, 0, NULL, NULL, &r, &o->err);
    bool writing = mr_journal_locked(NULL, o->path);
    char hash[33];
    if (o->json)
        verify_json(o, status, &r, writing);
    if (status)
        return exit_of(o, status);
    hash_text(&r, hash);
    if (!o->json) {
        printf("%s: %llu files, %llu records (%llu to %llu), %llu bytes:", o->path, (unsigned long long)r.files,
               (unsigned long long)r.records, (unsigned long long)r.first_seq, (unsigned long long)r.last_seq,
               (unsigned long long)r.bytes);
        kinds_text(&r);
        printf("\nlast hash %s\n", hash);
        if (!r.torn_bytes)
            printf("OK\n");
        else if (writing)
            printf("OK; the last %llu bytes are being written\n", (unsigned long long)r.torn_bytes);
    }
    if (!r.torn_bytes || writing)
        return MR_EXIT_GOOD;
    mr_err_set(&o->err, MR_E_TRUNCATED,
               "%s: the newest file ends in %llu bytes, from byte %llu on, that are no record: a torn write, which no "
               "later record vouches for; the next start of the control plane cuts it",
               o->path, (unsigned long long)r.torn_bytes, (unsigned long long)r.torn_offset);
    return mr_cmd_fail(MR_EXIT_FINDINGS, "journal", &o->err);
}

/* ---- show ---- */

static int show_one(void *arg, const struct mr_journal_record *r)
{
    struct options *o = arg;
    char out[LINE_BYTES];
    struct mr_text t;
    mr_journal_names_learn(&o->names, r);
    if (r->seq <= o->after || (o->kinds && !(r->kind < MR_JOURNAL_KIND_COUNT && o->kinds >> r->kind & 1)) ||
        r->time_ns < o->from_ns || r->time_ns >= o->to_ns || (o->order && mr_journal_words_order(r) != o->order))
        return 0;
    mr_text_init(&t, out, sizeof out);
    if (o->json) {
        struct mr_json_out j;
        mr_json_out_init(&j, &t);
        mr_json_out_object(&j, NULL);
        mr_json_out_u64(&j, "seq", r->seq);
        mr_json_out_i64(&j, "time_ns", r->time_ns);
        mr_json_out_string(&j, "kind", mr_journal_kind_name(r->kind));
        mr_journal_words_json(&o->names, r, &j);
        mr_json_out_end(&j);
    } else {
        mr_text_format(&t, "%8llu ", (unsigned long long)r->seq);
        mr_text_time(&t, r->time_ns);
        mr_text_format(&t, " %-8s ", mr_journal_kind_name(r->kind));
        mr_journal_words_text(&o->names, r, &t);
    }
    MR_ASSERT(!t.cut);
    puts(out);
    o->shown++;
    return ferror(stdout) ? 1 : 0; /* whoever read has gone */
}

static int show(struct options *o)
{
    if (o->from_ns >= o->to_ns) {
        mr_err_set(&o->err, MR_E_INVALID, "--from is not before --to: nothing is between them");
        return mr_cmd_fail(MR_EXIT_USAGE, "journal", &o->err);
    }
    /* from the beginning, whatever is shown of it: there it says what its numbers mean */
    int status = mr_journal_each(NULL, o->path, 0, show_one, o, NULL, &o->err);
    return status < 0 ? exit_of(o, status) : MR_EXIT_GOOD;
}

/* ---- replay ---- */

/* Twice: as plain sums, and by the order manager's own code. They must come to the same. */
struct replaying {
    struct mr_journal_state *state;
    struct mr_journal_rebuild *rebuild;
    struct mr_err *err;
    int status;
};
static int replay_one(void *arg, const struct mr_journal_record *r)
{
    struct replaying *to = arg;
    mr_journal_state_each(to->state, r);
    return to->status = mr_journal_rebuild_take(to->rebuild, r, to->err);
}

static int replay(struct options *o)
{
    const char *why;
    struct replaying to = {mr_journal_state_new(), mr_journal_rebuild_new(), &o->err, MR_OK};
    int status = mr_journal_each(NULL, o->path, 0, replay_one, &to, NULL, &o->err);
    const struct mr_orders *rebuilt = mr_journal_rebuild_orders(to.rebuild, &why);
    status = to.status ? to.status : status;
    if (!status && rebuilt)
        status = mr_journal_state_same(to.state, rebuilt, &o->err);
    if (!status)
        (o->json ? mr_journal_state_json : mr_journal_state_text)(to.state, rebuilt, why);
    mr_journal_state_free(to.state);
    mr_journal_rebuild_free(to.rebuild);
    return status ? exit_of(o, status) : MR_EXIT_GOOD;
}

static const struct {
    const char *name;
    int (*run)(struct options *o);
} actions[] = {{"verify", verify}, {"show", show}, {"replay", replay}};

int mr_cmd_journal(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        "verify|show|replay [FILE|FOLDER]",
        "The journal of decisions, orders and fills; without a path the configured instance's.\v"
        "verify  every byte against the chain of hashes; exit 1 and the first bad place, if there is one\n"
        "show    records in words\n"
        "replay  the orders and positions they lead to, added up from the records, and by the order manager rebuilt "
        "from them; exit 1 if they differ\n"
        "Prices and sizes are decimals where the journal names the instrument, which it does ahead of each run; else, "
        "and in the plain fields "
        "of JSON, integers at the instrument's scale.",
        NULL,
        NULL,
        NULL};
    static struct options o = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    char name[] = "millrace journal";
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) || (o.action && find_folder(&o)))
        return mr_cmd_fail(MR_EXIT_USAGE, "journal", &o.err);
    for (size_t i = 0; i < MR_COUNT_OF(actions); i++)
        if (o.action && strcmp(o.action, actions[i].name) == 0)
            return actions[i].run(&o);
    mr_err_set(&o.err, MR_E_INVALID, "%s: want verify, show or replay", o.action ? o.action : "no word");
    return mr_cmd_fail(MR_EXIT_USAGE, "journal", &o.err);
}
