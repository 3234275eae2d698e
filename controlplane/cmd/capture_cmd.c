/* millrace capture: its options and actions. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "controlplane/cmd/capture.h"
#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/when.h"

enum {
    KEY_RECV = 1000,
    KEY_REST,
    KEY_FROM,
    KEY_TO,
    KEY_ZSTD,
    KEY_JSON,
    KEY_FORCE,
    KEY_RAW,
    KEY_CONNECTION,
    KEY_ONLY,
    KEY_RENUMBER,
    KEY_SPLIT
};

static const struct argp_option argp_options[] = {
    {"venue", 'v', "VENUE:PRODUCT", 0, "Whose messages the next JSON lines files hold", 0},
    {"recv", KEY_RECV, "FILE", 0, "Receive times of the next file", 0},
    {"rest", KEY_REST, "FILE", 0, "REST bodies of the next file", 0},
    {"out", 'o', "FILE", 0, "Where to write; for export the name before .jsonl, .recv and .rest.json", 0},
    {"from", KEY_FROM, "TIME", 0,
     "Only what was received at or after this time: ns since 1970, or 2026-01-31T12:00:00Z", 0},
    {"to", KEY_TO, "TIME", 0, "Only what was received before this time", 0},
    {"connection", KEY_CONNECTION, "N", 0, "Only of this connection", 0},
    {"only", KEY_ONLY, "VENUE[:PRODUCT[:SYMBOL]]", 0,
     "Only of this venue, product or instrument; of an instrument its own frames and snapshots, the lists, and "
     "connections opened and closed",
     0},
    {"renumber", KEY_RENUMBER, NULL, 0, "merge: connections of each input get numbers of their own", 0},
    {"split", KEY_SPLIT, NULL, 0,
     "export: a set of files for each product, FILE.VENUE-PRODUCT; messages of one receive time lose their order "
     "across them",
     0},
    {"zstd", KEY_ZSTD, "LEVEL", 0, "Compress blocks, 1 to 19 (0, the default: plain)", 0},
    {"force", KEY_FORCE, NULL, 0, "Overwrite what is there", 0},
    {"json", KEY_JSON, NULL, 0, "info and quarantine as JSON", 0},
    {"raw", KEY_RAW, "N", 0, "quarantine: only the bytes of message N, as they came", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct mr_capture_options *o = state->input;
    char *end;
    switch (key) {
    case 'v':
        o->status = mr_inputs_venue(&o->inputs, arg, &o->err);
        break;
    case 'o':
        o->out = arg;
        break;
    case KEY_RECV:
        o->inputs.recv = arg;
        break;
    case KEY_REST:
        o->inputs.rest = arg;
        break;
    case KEY_FROM:
        o->status = mr_when_parse("from", arg, &o->from_ns, &o->err);
        break;
    case KEY_TO:
        o->status = mr_when_parse("to", arg, &o->to_ns, &o->err);
        break;
    case KEY_ONLY:
        o->only = arg;
        break;
    case KEY_SPLIT:
        o->split = true;
        break;
    case KEY_RENUMBER:
        o->renumber = true;
        break;
    case KEY_CONNECTION: {
        long number = strtol(arg, &end, 10);
        if (arg[0] < '0' || arg[0] > '9' || *end || number > UINT16_MAX)
            o->status =
                mr_err_set(&o->err, MR_E_INVALID, "--connection %s: want the number of one, 0 to %d", arg, UINT16_MAX);
        else
            o->connection = (int)number;
        break;
    }
    case KEY_FORCE:
        o->force = true;
        break;
    case KEY_RAW:
        o->raw = strtoll(arg, &end, 10);
        if (arg[0] < '0' || arg[0] > '9' || *end)
            o->status = mr_err_set(&o->err, MR_E_INVALID, "--raw %s: want the number of a message", arg);
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_ZSTD: {
        long level = strtol(arg, &end, 10);
        if (arg[0] < '0' || arg[0] > '9' || *end || level > 19)
            o->status = mr_err_set(&o->err, MR_E_INVALID, "--zstd %s: want 0 to 19", arg);
        else
            o->zstd_level = (int)level;
        break;
    }
    case ARGP_KEY_ARG:
        if (!o->action)
            o->action = arg;
        else
            o->status = mr_inputs_file(&o->inputs, arg, &o->err);
        break;
    case ARGP_KEY_END:
        if (!o->action || !o->inputs.count)
            o->status = mr_err_set(&o->err, MR_E_INVALID,
                                   "want an action and files: info, inspect, cut, merge, import, export, compact or "
                                   "quarantine; --help says more");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

static const struct {
    const char *name;
    mr_capture_action_fn *run;
    bool writes;
} actions[] = {
    {"info", mr_capture_info, false},      {"inspect", mr_capture_inspect, false},
    {"cut", mr_capture_write, true},       {"merge", mr_capture_write, true},
    {"import", mr_capture_write, true},    {"export", mr_capture_export, true},
    {"compact", mr_capture_compact, true}, {"quarantine", mr_capture_quarantine, false},
};

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* What can be said before anything is opened. */
static int check(struct mr_capture_options *o, bool writes)
{
    char lines[4096];
    bool cuts = o->from_ns != INT64_MIN || o->to_ns != INT64_MAX || o->connection >= 0 || o->only;
    if (writes && !o->out)
        return mr_err_set(&o->err, MR_E_INVALID, "%s: where to? give --out FILE", o->action);
    if (o->from_ns >= o->to_ns)
        return mr_err_set(&o->err, MR_E_INVALID, "--from is not before --to: nothing is between them");
    if (strcmp(o->action, "cut") == 0 && !cuts)
        return mr_err_set(&o->err, MR_E_INVALID, "cut: by what? give --from, --to, --connection or --only");
    if (o->split && strcmp(o->action, "export") != 0)
        return mr_err_set(&o->err, MR_E_INVALID, "--split is for export");
    if (o->renumber && strcmp(o->action, "merge") != 0)
        return mr_err_set(&o->err, MR_E_INVALID, "--renumber is for merge");
    snprintf(lines, sizeof lines, "%s.jsonl", writes ? o->out : "");
    for (uint32_t i = 0; writes && i < o->inputs.count; i++)
        if (same_file(o->out, o->inputs.list[i].path) || same_file(lines, o->inputs.list[i].path))
            return mr_err_set(&o->err, MR_E_INVALID, "%s is an input and the output; want another name for one of them",
                              o->inputs.list[i].path);
    return MR_OK;
}

int mr_cmd_capture(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        "ACTION FILE...",
        "Recordings.\v"
        "info     what is in them\n"
        "inspect  segments, tears, losses, and each connection; a folder of a run, too\n"
        "cut      the part that --from, --to, --connection and --only name, as a segment\n"
        "merge    several into one segment, by receive time\n"
        "import   JSON lines (with receive times and REST bodies beside them) into a segment\n"
        "export   a segment into JSON lines, receive times and REST bodies\n"
        "compact  the liquidations, 18 bytes each\n"
        "quarantine  messages that were refused: files, or the folder quarantine.folder",
        NULL,
        NULL,
        NULL};
    static struct mr_capture_options o = {.from_ns = INT64_MIN, .to_ns = INT64_MAX, .connection = -1, .raw = -1};
    char name[] = "millrace capture";
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "capture", &o.err);
    for (size_t i = 0; i < MR_COUNT_OF(actions); i++) {
        if (strcmp(o.action, actions[i].name) != 0)
            continue;
        int status = check(&o, actions[i].writes);
        if (status == MR_OK)
            status = actions[i].run(&o);
        return status ? mr_cmd_fail(mr_cmd_exit_of(status), "capture", &o.err) : MR_EXIT_GOOD;
    }
    mr_err_set(&o.err, MR_E_INVALID,
               "no action \"%s\"; known: info, inspect, cut, merge, import, export, compact, quarantine", o.action);
    return mr_cmd_fail(MR_EXIT_USAGE, "capture", &o.err);
}
