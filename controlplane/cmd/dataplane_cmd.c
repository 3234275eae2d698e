/* millrace dataplane: one data plane until it is told to stop. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/summary.h"
#include "controlplane/config/config.h"
#include "dataplane/log/log.h"

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

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static void tell(void *arg, const char *sentence)
{
    (void)arg;
    fprintf(stderr, "millrace dataplane: %s\n", sentence);
}

/* One data plane an instance: the lock on its pid file is held as long as it lives, whatever way it ends. */
static int take_pid_file(const char *folder, struct mr_err *err)
{
    char path[400], text[32];
    snprintf(path, sizeof path, "%s/dataplane.pid", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return mr_err_set(err, MR_E_IO, "%s: cannot write: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return mr_err_set(err, MR_E_IO,
                          "%s: a data plane of this instance runs already; stop it, or choose another --instance",
                          path);
    }
    int len = snprintf(text, sizeof text, "%d\n", getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
        return mr_err_set(err, MR_E_IO, "%s: cannot write: %s", path, strerror(errno));
    return fd;
}

static int configure(const struct options *o, struct mr_config *config, char folder[256], struct mr_err *err)
{
    char path[256];
    mr_config_find(o->config, path);
    mr_config_default(config);
    if (*path) {
        int status = mr_config_load(config, path, tell, NULL);
        if (status)
            return mr_err_set(err, status, "%s: not usable", path);
    }
    struct mr_plane_config *plane = &config->plane;
    if (o->instance)
        snprintf(plane->instance, sizeof plane->instance, "%s", o->instance);
    int status = mr_config_run_folder(config, folder, err);
    if (status)
        return status;
    if (o->workspace)
        snprintf(plane->workspace, sizeof plane->workspace, "%s", o->workspace);
    else if (!*plane->workspace && (size_t)snprintf(plane->workspace, sizeof plane->workspace, "%.240s/workspace",
                                                    folder) >= sizeof plane->workspace)
        return mr_err_set(err, MR_E_TOO_BIG, "%s: the path is too long for a workspace", folder);
    if (o->record) {
        snprintf(plane->record_folder, sizeof plane->record_folder, "%s", o->record);
        plane->record = true;
    }
    plane->digest |= o->digest;
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
        mr_summary_json(mr_plane_workspace(plane), (uint64_t)usage.ru_maxrss * 1024, &text);
    else
        mr_summary_text(mr_plane_workspace(plane), (uint64_t)usage.ru_maxrss * 1024, &text);
    fputs(out, stdout);
    fflush(stdout);
}

static int run(const struct options *o, const struct mr_config *config, struct mr_log *log, struct mr_err *err)
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
        while (!stopped && !mr_plane_done(plane) && mr_clock_mono() < end)
            usleep(50000);
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
    char name[] = "millrace dataplane", folder[256];
    argv[0] = name;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    int status = configure(&o, &config, folder, &err);
    if (status)
        return mr_cmd_fail(status == MR_E_IO ? MR_EXIT_ENVIRONMENT : MR_EXIT_USAGE, "dataplane", &err);
    int pid_file = take_pid_file(folder, &err);
    if (pid_file < 0)
        return mr_cmd_fail(MR_EXIT_ENVIRONMENT, "dataplane", &err);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
    status = mr_log_open(&log, NULL, o.log_json, MR_LOG_INFO, &err);
    if (status == MR_OK) {
        status = run(&o, &config, log, &err);
        mr_log_close(log);
    }
    close(pid_file);
    return status == MR_OK ? MR_EXIT_GOOD : mr_cmd_fail(mr_cmd_exit_of(status), "dataplane", &err);
}
