/* millrace top: the live view of one data plane, from its workspace and nothing else. With ncurses where it is built in and a
 * terminal is there; else frames of plain text. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "controlplane/admin/top.h"
#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/reach.h"

#ifdef MR_HAVE_NCURSES
#include <curses.h>
#endif

enum { KEY_ONCE = 256, KEY_CONFIG, KEY_INSTANCE, KEY_INTERVAL };

static const struct argp_option argp_options[] = {
    {"instance", KEY_INSTANCE, "NAME", 0, "which instance (default)", 0},
    {"config", KEY_CONFIG, "FILE", 0, "the config that names its run directory", 0},
    {"workspace", 'w', "FILE", 0, "this workspace, live or left behind", 0},
    {"once", KEY_ONCE, NULL, 0, "one frame as plain text, then end", 0},
    {"interval", KEY_INTERVAL, "S", 0, "seconds between frames (1)", 0},
    {0},
};

struct options {
    struct mr_reach reach;
    bool once;
    double interval_s;
    int status;
    struct mr_err err;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    char *end;
    switch (key) {
    case KEY_ONCE:
        o->once = true;
        break;
    case KEY_CONFIG:
        o->reach.config = arg;
        break;
    case KEY_INSTANCE:
        o->reach.instance = arg;
        break;
    case 'w':
        o->reach.workspace = arg;
        break;
    case KEY_INTERVAL:
        o->interval_s = strtod(arg, &end);
        if (end == arg || *end || !(o->interval_s >= 0.1 && o->interval_s <= 3600))
            o->status = mr_err_set(&o->err, MR_E_INVALID, "--interval %s: want seconds from 0.1 to 3600", arg);
        break;
    case ARGP_KEY_ARG:
        o->status = mr_err_set(&o->err, MR_E_INVALID, "%s: top takes no arguments", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

static char frame[65536];

static void once(struct mr_look *look)
{
    struct mr_text out;
    mr_text_init(&out, frame, sizeof frame);
    mr_top_frame(look, 0, 0, false, &out);
    fputs(frame, stdout);
    fflush(stdout);
}

#ifdef MR_HAVE_NCURSES
/* Words that want an eye. Without colour they stand out by being capitals. */
static bool alarming(const char *line)
{
    static const char *const words[] = {"STALE",   "STALLED", "FAILED",   "DEAD",   "CROSSED",
                                        "CASCADE", "EXTREME", "CRITICAL", " down ", " OLD "};
    for (size_t i = 0; i < MR_COUNT_OF(words); i++)
        if (strstr(line, words[i]))
            return true;
    return false;
}

/* NO_COLOR (no-color.org): set, and not empty. */
static bool colours(void)
{
    const char *no = getenv("NO_COLOR");
    return has_colors() && !(no && *no);
}

static void put_lines(void)
{
    int y = 0;
    char *at = frame;
    erase();
    for (char *line; (line = strsep(&at, "\n")) && y < LINES; y++) {
        bool heading = *line == MR_SHOW_MARK, alarm = !heading && alarming(line);
        attr_t look = heading || y == 0 ? A_BOLD : A_NORMAL;
        if (alarm && colours())
            look = COLOR_PAIR(1);
        attrset((int)look);
        mvaddnstr(y, 0, line + heading, COLS);
    }
    attrset(A_NORMAL);
    refresh();
}

static bool key(int c, unsigned *only, bool *paused)
{
    if (c == 'q' || c == 'Q' || c == 27)
        return false;
    if (c == ' ')
        *paused = !*paused;
    if (c >= '0' && c <= '0' + MR_TOP_PANELS)
        *only = (unsigned)(c - '0');
    return true;
}

static bool live(struct mr_look *look, double interval_s)
{
    unsigned only = 0;
    bool paused = false;
    SCREEN *screen = newterm(NULL, stdout, stdin);
    if (!screen)
        return false; /* a terminal nobody knows */
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    if (colours()) {
        start_color();
        use_default_colors();
        init_pair(1, COLOR_RED, -1);
    }
    timeout((int)(interval_s * 1000));
    do {
        struct mr_text out;
        if (!paused)
            mr_look_refresh(look, mr_look_wall());
        mr_text_init(&out, frame, sizeof frame);
        mr_top_frame(look, LINES > 1 ? (uint32_t)LINES - 1 : 1, only, true, &out);
        mr_text_format(&out, "%s", paused ? "paused; blank goes on, q ends" : "");
        put_lines();
    } while (key(getch(), &only, &paused));
    endwin();
    delscreen(screen);
    return true;
}
#else
static bool live(struct mr_look *look, double interval_s)
{
    (void)look;
    (void)interval_s;
    return false;
}
#endif

int mr_cmd_top(int argc, char **argv)
{
    static const struct argp argp = {argp_options,
                                     parse,
                                     "",
                                     "Tiles, connections, books, latency, velocity, volatility and signals of an "
                                     "instance, live. Keys: 1 to 8 one panel "
                                     "alone, 0 all, blank holds, q ends. --once prints one frame.",
                                     NULL,
                                     NULL,
                                     NULL};
    static struct options o = {.interval_s = 1};
    static struct mr_look look;
    char name[] = "millrace top", path[256], workspace[256];
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "top", &o.err);
    int status = mr_reach_paths(&o.reach, path, workspace, &o.err);
    if (status != MR_OK)
        return mr_cmd_fail(mr_cmd_exit_of(status), "top", &o.err);
    mr_look_init(&look, "top", workspace);
    if (!mr_look_refresh(&look, mr_look_wall()))
        return mr_cmd_fail(MR_EXIT_UNREACHABLE, "top", &look.err);
    bool terminal = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
    if (!o.once && (!terminal || !live(&look, o.interval_s))) {
        do { /* plain frames, until somebody ends it */
            once(&look);
            usleep((useconds_t)(o.interval_s * 1e6));
        } while (mr_look_refresh(&look, mr_look_wall()) && terminal);
    } else if (o.once) {
        once(&look);
    }
    mr_look_close(&look);
    return MR_EXIT_GOOD;
}
