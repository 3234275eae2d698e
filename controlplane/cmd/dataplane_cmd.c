/* millrace dataplane: one data plane until it is told to stop. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "controlplane/admin/look.h"
#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/place.h"
#include "controlplane/cmd/process.h"
#include "controlplane/cmd/summary.h"
#include "dataplane/log/log.h"
#include "pinning/watch.h"

enum {
    KEY_CONFIG = 'c',
    KEY_INSTANCE = 'i',
    KEY_WORKSPACE = 'w',
    KEY_RECORD = 256,
    KEY_SECONDS,
    KEY_JSON,
    KEY_DIGEST,
    KEY_LOG_JSON
};

struct options {
    const char *config, *instance, *workspace, *record;
    double seconds;
    bool json, digest, log_json;
};

static const struct argp_option argp_options[] = {
    {"config", KEY_CONFIG, "FILE", 0, "Configuration (./millrace.yaml, /etc/millrace/millrace.yaml)", 0},
    {"instance", KEY_INSTANCE, "NAME", 0, "Another name than the configuration's", 0},
    {"workspace", KEY_WORKSPACE, "FILE", 0, "Another workspace file than RUN/INSTANCE/workspace", 0},
    {"record", KEY_RECORD, "FOLDER", 0, "Record into FOLDER from the start on", 0},
    {"seconds", KEY_SECONDS, "S", 0, "Stop after so long", 0},
    {"digest", KEY_DIGEST, NULL, 0, "Compute the digests of events and signals, and show them at the end", 0},
    {"json", KEY_JSON, NULL, 0, "A summary as one JSON object at the end", 0},
    {"log-json", KEY_LOG_JSON, NULL, 0, "Log as JSON lines", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    char *end;
    switch (key) {
    case KEY_CONFIG:
        o->config = arg;
        break;
    case KEY_INSTANCE:
        o->instance = arg;
        break;
    case KEY_WORKSPACE:
        o->workspace = arg;
        break;
    case KEY_RECORD:
        o->record = arg;
        break;
    case KEY_DIGEST:
        o->digest = true;
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_LOG_JSON:
        o->log_json = true;
        break;
    case KEY_SECONDS:
        o->seconds = strtod(arg, &end);
        if (end == arg || *end || !(o->seconds > 0 && o->seconds <= 1e9))
            argp_error(state, "--seconds %s: want a number of seconds", arg);
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no argument is wanted here", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static int configure(const struct options *o, struct mr_process *process, struct mr_config *config, struct mr_err *err)
{
    int status = mr_process_configure(process, o->config, o->instance, config, err);
    struct mr_plane_config *plane = &config->plane;
    plane->config_hash = mr_config_sum(config); /* before options of this process alone change it */
    if (!status && o->workspace)
        snprintf(plane->workspace, sizeof plane->workspace, "%s", o->workspace);
    char workspace[256];
    if (!status)
        status = mr_process_workspace(process, config, workspace, sizeof workspace, err);
    if (status)
        return status;
    memcpy(plane->workspace, workspace, sizeof plane->workspace);
    if (o->record) {
        snprintf(plane->record_folder, sizeof plane->record_folder, "%s", o->record);
        plane->record = true;
    }
    plane->digest |= o->digest;
    static char yaml[1 << 16];
    struct mr_text text;
    mr_text_init(&text, yaml, sizeof yaml);
    mr_config_show(config, false, &text);
    plane->yaml = yaml;
    return MR_OK;
}

static void finish(const struct options *o, struct mr_plane *plane)
{
    static char out[1 << 18];
    struct mr_text text;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    mr_text_init(&text, out, sizeof out);
    if (o->json)
        mr_summary_json(mr_plane_workspace(plane), NULL, (uint64_t)usage.ru_maxrss * 1024, &text);
    else
        mr_summary_text(mr_plane_workspace(plane), NULL, (uint64_t)usage.ru_maxrss * 1024, &text);
    fputs(out, stdout);
    fflush(stdout);
}

/* What happens on the cores of the slowest messages. Without it all else goes on. */
static struct mr_watch *open_watch(const struct mr_plane *plane, struct mr_log *log)
{
    struct mr_watch *watch;
    struct mr_err err;
    if (mr_watch_open(&watch, mr_plane_workspace(plane), NULL, (uint32_t)getpid(), &err) == MR_OK)
        return watch;
    MR_LOG(log, MR_LOG_WARN, "interrupts around latency maxima are not watched: %s", err.text);
    return NULL;
}

static int run(const struct options *o, const struct mr_config *config, struct mr_log *log, bool *shutdown,
               struct mr_err *err)
{
    struct mr_plane *plane;
    int status = mr_plane_open(&plane, &config->plane, log, err);
    if (status)
        return status;
    status = mr_plane_start(plane, err);
    if (status == MR_OK) {
        MR_LOG(log, MR_LOG_INFO, "data plane %s: %u feeds, source %s, %zu MB planned, workspace %s",
               config->plane.instance, config->plane.feed_count, mr_plane_source_name(plane),
               mr_plane_bytes(plane) >> 20, config->plane.workspace);
        int64_t end = o->seconds > 0 ? mr_clock_mono() + (int64_t)(o->seconds * 1e9) : INT64_MAX;
        const volatile int *stopped = mr_process_signals();
        struct mr_watch *watch = open_watch(plane, log);
        while (!*stopped && !(*shutdown = mr_plane_done(plane)) && mr_clock_mono() < end) {
            if (watch)
                mr_watch_step(watch, mr_look_wall());
            usleep(50000);
        }
        if (watch)
            mr_watch_look(watch, mr_look_wall());
        mr_watch_close(watch);
        mr_plane_stop(plane);
        MR_LOG(log, MR_LOG_INFO, "data plane %s: stopped", config->plane.instance);
        finish(o, plane);
    }
    mr_plane_close(plane);
    return status;
}

int mr_cmd_dataplane(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        NULL,
        "Receives, decodes and runs the engines of one instance, until SIGTERM or the control plane's shutdown.",
        NULL,
        NULL,
        NULL};
    static struct mr_config config;
    struct options o = {0};
    struct mr_err err = {""};
    struct mr_log *log;
    struct mr_process process = {.verb = "dataplane"};
    bool shutdown = false;
    char name[] = "millrace dataplane";
    argv[0] = name;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    int status = configure(&o, &process, &config, &err);
    if (status)
        return mr_cmd_fail(mr_cmd_exit_of(status), "dataplane", &err);
    status = mr_process_lock(&process, &err);
    if (status == MR_OK)
        status = mr_log_open(&log, NULL, o.log_json, MR_LOG_INFO, &err);
    if (status == MR_OK) {
        status = mr_place_plane(&config, log, &err);
        if (status == MR_OK)
            status = run(&o, &config, log, &shutdown, &err);
        mr_log_close(log);
    }
    mr_process_unlock(&process, shutdown);
    return status == MR_OK ? MR_EXIT_GOOD : mr_cmd_fail(mr_cmd_exit_of(status), "dataplane", &err);
}
