/* millrace play: recordings (or the generator) at their own pace through the whole pipeline, with a live
 * view. */
#include <argp.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/inputs.h"
#include "controlplane/cmd/view.h"
#include "dataplane/clock/clock.h"
#include "tests/exchange/market/market_source.h"

#define DRAW_NS 500000000ll
#define SKIP_NS 420000000000ll /* the generator's warm-up: played at once */

struct options {
    struct mr_inputs inputs;
    struct mr_unknowns unknowns;
    struct mr_view view;
    struct mr_err err;
    int status;
    double pace;
    uint64_t seed;
    double seconds;
    bool generator, json;
    char paths[MR_REPLAY_INPUTS_MAX][512];
};

enum { KEY_PACE = 1000, KEY_SEED, KEY_SECONDS, KEY_GENERATOR, KEY_JSON };

/* clang-format off */
static const struct argp_option argp_options[] = {
    {"generator", KEY_GENERATOR, NULL, 0, "The generated market, with liquidation cascades, even where recordings are", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of the generator (1)", 0},
    {"pace", KEY_PACE, "N|max", 0, "As recorded times N (1), or as fast as possible", 0},
    {"seconds", KEY_SECONDS, "N", 0, "Stop after so long", 0},
    {"json", KEY_JSON, NULL, 0, "No view; one JSON object at the end", 0},
    {0},
};
/* clang-format on */

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    char *end;
    switch (key) {
    case KEY_GENERATOR:
        o->generator = true;
        break;
    case KEY_SEED:
        o->seed = strtoull(arg, NULL, 10);
        break;
    case KEY_PACE:
        o->status = mr_pace_parse(arg, &o->pace, &o->err);
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_SECONDS:
        o->seconds = strtod(arg, &end);
        if (*end || !(o->seconds > 0))
            o->status = mr_err_set(&o->err, MR_E_INVALID, "--seconds %s: want a number above 0", arg);
        break;
    case ARGP_KEY_ARG:
        o->status = mr_err_set(&o->err, MR_E_INVALID, "%s: play takes no files; millrace replay does", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

/* ---- which recordings: of each product the longest that has receive times ---- */

/* The product whose name stands in the file's name; the venue's first one if none does. */
static uint8_t product_of(const struct mr_venue *venue, const char *file)
{
    for (uint8_t i = 0; venue->products[i].name; i++)
        if (strstr(file, venue->products[i].name))
            return i;
    return 0;
}

static void offer(struct options *o, const struct mr_venue *venue, const char *folder, const char *file, int64_t *sizes)
{
    char path[512], recv[512];
    struct stat st;
    const char *end = strstr(file, ".jsonl");
    if (!end || snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path ||
        snprintf(recv, sizeof recv, "%s/%.*s.recv", folder, (int)(end - file), file) >= (int)sizeof recv ||
        stat(recv, &st))
        return;
    uint8_t product = product_of(venue, file);
    uint32_t i = 0;
    while (i < o->inputs.count && (o->inputs.list[i].venue != venue->id || o->inputs.list[i].product != product))
        i++;
    if (i == MR_REPLAY_INPUTS_MAX || (i < o->inputs.count && st.st_size <= sizes[i]))
        return;
    if (i == o->inputs.count)
        o->inputs.count++;
    sizes[i] = st.st_size;
    memcpy(o->paths[i], path, sizeof path);
    o->inputs.list[i] = (struct mr_replay_input){.path = o->paths[i], .venue = venue->id, .product = product};
}

static void find_recordings(struct options *o)
{
    const char *root = getenv("MILLRACE_CAPTURES");
    int64_t sizes[MR_REPLAY_INPUTS_MAX] = {0};
    if (!root || !*root)
        root = "../shared/captures";
    for (uint8_t id = 1; id <= MR_VENUE_ID_MAX; id++) {
        const struct mr_venue *venue = mr_venue_by_id(id);
        char folder[400];
        if (!venue || snprintf(folder, sizeof folder, "%s/%s", root, venue->name) >= (int)sizeof folder)
            continue;
        DIR *d = opendir(folder);
        for (struct dirent *e; d && (e = readdir(d));)
            offer(o, venue, folder, e->d_name, sizes);
        if (d)
            closedir(d);
    }
}

/* ---- the run ---- */

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static void on_signal(void *arg, const struct mr_signal *signal)
{
    mr_view_signal(&((struct options *)arg)->view, signal);
}

static void on_reject(void *arg, int status, const struct mr_frame *frame, const struct mr_decoder *dec)
{
    (void)frame;
    if (status == MR_E_UNKNOWN)
        mr_unknowns_add(&((struct options *)arg)->unknowns, dec->name);
}

static void draw(struct options *o, struct mr_player *player, int64_t now_ns, bool tty)
{
    static char out[32768];
    struct mr_text text;
    mr_text_init(&text, out, sizeof out);
    if (tty) {
        mr_text_add(&text, "\x1b[H\x1b[J");
        mr_view_draw(&o->view, player, now_ns, &text);
    } else {
        mr_view_line(&o->view, player, now_ns, &text);
    }
    fputs(out, stdout);
    fflush(stdout);
}

static void loop(struct options *o, struct mr_player *player, struct mr_source *source)
{
    bool tty = isatty(STDOUT_FILENO);
    int64_t begun = mr_clock_mono(), drawn = begun, every = tty ? DRAW_NS : 4 * DRAW_NS;
    o->view.begun_ns = o->view.last_ns = begun;
    o->view.colour = tty && !getenv("NO_COLOR");
    while (!stopped) {
        int64_t now = mr_clock_mono();
        if (o->seconds > 0 && (double)(now - begun) / 1e9 >= o->seconds)
            break;
        int n = mr_player_step(player, source, now, 1024);
        if (n < 0)
            break;
        if (!o->json && now - drawn >= every) {
            draw(o, player, now, tty);
            drawn = now;
        }
        if (n == 0)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (!o->json)
        draw(o, player, mr_clock_mono(), tty);
}

static int finish(struct options *o, struct mr_player *player, const struct mr_source *source)
{
    size_t room = 1 << 20;
    char *out = malloc(room);
    MR_ASSERT(out);
    struct mr_text text;
    mr_text_init(&text, out, room);
    bool replay = source->ops == &mr_source_replay;
    const struct mr_report report = {.player = player,
                                     .unknowns = &o->unknowns,
                                     .ns_per_message = -1,
                                     .untimed = replay ? mr_replay_untimed(source) : 0,
                                     .torn = replay ? mr_replay_torn(source) : 0};
    (o->json ? mr_report_json : mr_report_text)(&report, &text);
    printf("%s%s", o->json ? "" : "\n", out);
    if (o->json)
        putchar('\n');
    free(out);
    return MR_EXIT_GOOD;
}

static int open_source(struct options *o, struct mr_source *source, void **mem)
{
    const struct mr_replay_config recordings = {
        .inputs = o->inputs.list, .count = o->inputs.count, .pace = o->pace, .align = true};
    const struct mr_market_source_config market = {
        .market = {.seed = o->seed, .start_ns = 1700000000000000000, .duration_ns = 7 * 86400000000000ll},
        .pace = o->pace,
        .skip_ns = SKIP_NS};
    const struct mr_source_ops *ops = o->generator ? &mr_source_market : &mr_source_replay;
    const void *config = o->generator ? (const void *)&market : (const void *)&recordings;
    *mem = malloc(ops->bytes(config));
    snprintf(o->view.title, sizeof o->view.title,
             o->generator ? "millrace run: generated market, seed %llu" : "millrace run: recordings",
             (unsigned long long)o->seed);
    return ops->open(source, *mem, config, &o->err);
}

int mr_cmd_play(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        "",
        "Plays the recordings of MILLRACE_CAPTURES (or ../shared/captures), of each product the longest, all from the "
        "same "
        "start; or else the generator; through decoders, books and engines, and shows them live.",
        NULL,
        NULL,
        NULL};
    static struct options o = {.pace = 1, .seed = 1};
    char name[] = "millrace play";
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "play", &o.err);
    find_recordings(&o);
    if (!o.inputs.count && !o.generator) {
        fprintf(
            stderr,
            "millrace run: no recordings; set MILLRACE_CAPTURES to a folder of them. The generator plays instead.\n");
        o.generator = true;
    }
    const struct mr_player_config config = {.flow = true,
                                            .merge = !o.generator,
                                            .instruments_max = 32,
                                            .on_signal = on_signal,
                                            .on_reject = on_reject,
                                            .arg = &o};
    struct mr_source source = {0};
    struct mr_player *player;
    void *mem;
    int status = open_source(&o, &source, &mem);
    if (status == MR_OK)
        status = mr_player_open(&player, &config, &o.err);
    if (status) {
        free(mem);
        return mr_cmd_fail(mr_cmd_exit_of(status), "play", &o.err);
    }
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    loop(&o, player, &source);
    int code = finish(&o, player, &source);
    mr_player_close(player);
    source.ops->close(&source);
    free(mem);
    return code;
}
