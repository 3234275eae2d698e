/* millrace capture: its options and actions. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#include "controlplane/cmd/capture.h"
#include "controlplane/cmd/cmd.h"

enum { KEY_RECV = 1000, KEY_REST, KEY_FROM, KEY_TO, KEY_ZSTD, KEY_JSON, KEY_FORCE, KEY_RAW };

static const struct argp_option argp_options[] = {
    {"venue", 'v', "VENUE:PRODUCT", 0, "Whose messages the next JSON lines files hold", 0},
    {"recv", KEY_RECV, "FILE", 0, "Receive times of the next file", 0},
    {"rest", KEY_REST, "FILE", 0, "REST bodies of the next file", 0},
    {"out", 'o', "FILE", 0, "Where to write; for export the name before .jsonl, .recv and .rest.json", 0},
    {"from", KEY_FROM, "NS", 0, "Only what was received at or after this time", 0},
    {"to", KEY_TO, "NS", 0, "Only what was received before this time", 0},
    {"zstd", KEY_ZSTD, "LEVEL", 0, "Compress blocks, 1 to 19 (0, the default: plain)", 0},
    {"force", KEY_FORCE, NULL, 0, "Overwrite what is there", 0},
    {"json", KEY_JSON, NULL, 0, "info and quarantine as JSON", 0},
    {"raw", KEY_RAW, "N", 0, "quarantine: only the bytes of message N, as they came", 0},
    {0},
};

static int64_t parse_ns(struct mr_capture_options *o, const char *name, const char *text)
{
    char *end;
    errno = 0;
    long long ns = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--%s %s: want ns since 1970", name, text);
    return ns;
}

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
        o->from_ns = parse_ns(o, "from", arg);
        break;
    case KEY_TO:
        o->to_ns = parse_ns(o, "to", arg);
        break;
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
            o->status = mr_err_set(
                &o->err, MR_E_INVALID,
                "want an action and files: info, cut, merge, import, export, compact or quarantine; --help says more");
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
    {"info", mr_capture_info, false},
    {"cut", mr_capture_write, true},
    {"merge", mr_capture_write, true},
    {"import", mr_capture_write, true},
    {"export", mr_capture_export, true},
    {"compact", mr_capture_compact, true},
    {"quarantine", mr_capture_quarantine, false},
};

int mr_cmd_capture(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        "ACTION FILE...",
        "Recordings.\v"
        "info     what is in them\n"
        "cut      the part from --from to --to, as a segment\n"
        "merge    several into one segment, by receive time\n"
        "import   JSON lines (with receive times and REST bodies beside them) into a segment\n"
        "export   a segment into JSON lines, receive times and REST bodies\n"
        "compact  the liquidations, 18 bytes each\n"
        "quarantine  messages that were refused: files, or the folder quarantine.folder",
        NULL,
        NULL,
        NULL};
    static struct mr_capture_options o = {.from_ns = INT64_MIN, .to_ns = INT64_MAX, .raw = -1};
    char name[] = "millrace capture";
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "capture", &o.err);
    for (size_t i = 0; i < MR_COUNT_OF(actions); i++) {
        if (strcmp(o.action, actions[i].name) != 0)
            continue;
        int status = actions[i].writes && !o.out
                         ? mr_err_set(&o.err, MR_E_INVALID, "%s: where to? give --out FILE", o.action)
                         : actions[i].run(&o);
        return status ? mr_cmd_fail(mr_cmd_exit_of(status), "capture", &o.err) : MR_EXIT_GOOD;
    }
    mr_err_set(&o.err, MR_E_INVALID, "no action \"%s\"; known: info, cut, merge, import, export, compact, quarantine",
               o.action);
    return mr_cmd_fail(MR_EXIT_USAGE, "capture", &o.err);
}
