/* millrace ctl: one command, or a shell, over the admin socket; shows alone over a workspace file. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/reach.h"
#include "controlplane/cmd/shell.h"

enum { KEY_JSON = 256, KEY_CONFIG, KEY_INSTANCE, KEY_SOCKET };

static const struct argp_option argp_options[] = {
    {"instance", KEY_INSTANCE, "NAME", 0, "which instance (default)", 0},
    {"config", KEY_CONFIG, "FILE", 0, "the config that names its run directory", 0},
    {"socket", KEY_SOCKET, "FILE", 0, "its admin socket", 0},
    {"workspace", 'w', "FILE", 0, "no socket: look at this workspace, live or left behind", 0},
    {"json", KEY_JSON, NULL, 0, "replies as JSON, one line each", 0},
    {0},
};

struct options {
    struct mr_reach reach;
    bool json;
    char line[4096];
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    size_t len = strlen(o->line);
    switch (key) {
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_CONFIG:
        o->reach.config = arg;
        break;
    case KEY_INSTANCE:
        o->reach.instance = arg;
        break;
    case KEY_SOCKET:
        o->reach.socket = arg;
        break;
    case 'w':
        o->reach.workspace = arg;
        break;
    case ARGP_KEY_ARG:
        snprintf(o->line + len, sizeof o->line - len, "%s%s", len ? " " : "", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* Prints the reply; the exit code it means. */
static int print(const struct mr_asker *a, int kind)
{
    static const int codes[] = {[MR_REPLY_GOOD] = MR_EXIT_GOOD,
                                [MR_REPLY_USAGE] = MR_EXIT_USAGE,
                                [MR_REPLY_REFUSED] = MR_EXIT_FINDINGS,
                                [MR_REPLY_FAILED] = MR_EXIT_FINDINGS};
    if (kind != MR_REPLY_GOOD && a->reply[0] != '{') {
        fflush(stdout);
        fprintf(stderr, "millrace ctl: %s", a->reply + strlen("error "));
    } else {
        fputs(a->reply, stdout);
        fflush(stdout);
    }
    return codes[kind];
}

static int one(struct mr_asker *a, const char *line, bool json)
{
    char whole[4200];
    struct mr_err err;
    if (strcmp(line, "quit") == 0)
        return MR_EXIT_GOOD;
    snprintf(whole, sizeof whole, "%s%s", line, json ? " --json" : "");
    int kind = mr_asker_ask(a, whole, &err);
    return kind < 0                ? mr_cmd_fail(MR_EXIT_UNREACHABLE, "ctl", &err)
           : kind == MR_REPLY_QUIT ? MR_EXIT_GOOD
                                   : print(a, kind);
}

/* Lines until the end; of commands that come by a pipe the worst counts. */
static int lines(struct mr_asker *a, bool json)
{
    int worst = MR_EXIT_GOOD;
    struct mr_shell *shell = mr_shell_open(a);
    for (const char *line; (line = mr_shell_line(shell)) && strcmp(line, "quit") != 0 && strcmp(line, "exit") != 0;) {
        if (!line[strspn(line, " \t")])
            continue;
        int code = one(a, line, json);
        worst = code > worst ? code : worst;
        if (code == MR_EXIT_UNREACHABLE)
            break;
    }
    bool terminal = isatty(STDIN_FILENO);
    mr_shell_close(shell);
    return terminal && worst != MR_EXIT_UNREACHABLE ? MR_EXIT_GOOD : worst;
}

int mr_cmd_ctl(int argc, char **argv)
{
    static const struct argp argp = {argp_options,
                                     parse,
                                     "[COMMAND...]",
                                     "Asks a running instance, or steers it: `millrace ctl help` lists the commands. "
                                     "Without a command: a shell with "
                                     "history and completion, or the commands of standard input. Exits 0, 1 (refused "
                                     "or failed), 2 (usage), 4 (nobody there).",
                                     NULL,
                                     NULL,
                                     NULL};
    static struct options o;
    struct mr_asker asker;
    struct mr_err err;
    char name[] = "millrace ctl", path[256], workspace[256];
    argv[0] = name;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    int status = mr_reach_paths(&o.reach, path, workspace, &err);
    if (status != MR_OK)
        return mr_cmd_fail(mr_cmd_exit_of(status), "ctl", &err);
    if (o.reach.workspace)
        mr_asker_workspace(&asker, workspace);
    else if (mr_asker_socket(&asker, path, &err) != MR_OK)
        return mr_cmd_fail(MR_EXIT_UNREACHABLE, "ctl", &err);
    int code = *o.line ? one(&asker, o.line, o.json) : lines(&asker, o.json);
    mr_asker_close(&asker);
    return code;
}
