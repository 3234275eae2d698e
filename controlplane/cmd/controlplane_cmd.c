/* millrace controlplane: takes the signals of data planes, serves the admin socket, until it is told to stop. */
#include <argp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/admin/admin.h"
#include "controlplane/admin/look.h"
#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/hands.h"
#include "controlplane/cmd/place.h"
#include "controlplane/cmd/process.h"
#include "controlplane/life/notify.h"
#include "controlplane/link/link.h"
#include "controlplane/store/store.h"
#include "controlplane/trade/desk.h"
#include "dataplane/clock/clock.h"
#include "dataplane/log/log.h"
#include "dataplane/tile/tile.h"
#include "pinning/watch.h"
#include "version.h"

#define POLL_MS 5

enum { KEY_CONFIG = 'c', KEY_INSTANCE = 'i', KEY_WORKSPACE = 'w', KEY_SECONDS = 256, KEY_LOG_JSON };

struct options {
    const char *config, *instance, *workspaces[MR_LINKS_MAX];
    uint32_t workspace_count;
    double seconds;
    bool log_json;
};

static const struct argp_option argp_options[] = {
    {"config", KEY_CONFIG, "FILE", 0, "Configuration (./millrace.yaml, /etc/millrace/millrace.yaml)", 0},
    {"instance", KEY_INSTANCE, "NAME", 0, "Another name than the configuration's", 0},
    {"workspace", KEY_WORKSPACE, "NAME=FILE", 0, "Another data plane's workspace; may be given several times", 0},
    {"seconds", KEY_SECONDS, "S", 0, "Stop after so long", 0},
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
    case KEY_LOG_JSON:
        o->log_json = true;
        break;
    case KEY_WORKSPACE:
        if (!strchr(arg, '=') || arg[0] == '=')
            argp_error(state, "--workspace %s: want NAME=FILE", arg);
        if (o->workspace_count == MR_LINKS_MAX - 1)
            argp_error(state, "--workspace: at most %d", MR_LINKS_MAX - 1);
        o->workspaces[o->workspace_count++] = arg;
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

struct control {
    uv_loop_t loop;
    uv_timer_t timer;
    uv_fs_event_t folder; /* of the instance's data */
    uv_async_t answers;   /* the trade tile has answered */
    uv_work_t store_work; /* a step of the store, in libuv's pool: a commit waits for the disk, and nobody else does */
    bool storing;
    uv_work_t watch_work; /* likewise: a look at what interrupts the trade tile's core */
    bool watching;
    int64_t watch_due_ns;
    struct mr_watch *watch; /* NULL: nobody looks */
    struct mr_admin *admin;
    struct mr_links *links;
    struct mr_log *log;
    struct mr_hands hands;
    struct mr_desk *desk;   /* NULL: it does not trade */
    struct mr_store *store; /* NULL: nothing is stored */
    uint64_t lost;          /* messages of the desk's bus that the store did not take, as last told */
    bool store_away;        /* as last told */
    const volatile int *stopped;
    int64_t end_ns;
    bool shutdown;
    uint64_t attaches[MR_LINKS_MAX];
    const char *instance;
    struct mr_notify *notify; /* NULL: nobody is told */
    int64_t notified;         /* number of the last message */
};

static void on_signal(void *arg, const char *plane, const struct mr_signal *signal, uint64_t lost)
{
    struct control *c = arg;
    char line[512];
    struct mr_text text;
    if (lost) {
        MR_LOG(c->log, MR_LOG_WARN, "%s: %llu signals from %llu on were lost", plane, (unsigned long long)lost,
               (unsigned long long)signal->seq);
        return;
    }
    mr_text_init(&text, line, sizeof line);
    mr_signal_text(&text, signal);
    bool loud = signal->kind == MR_SIGNAL_LEVEL && signal->level >= MR_LEVEL_ALERT;
    MR_LOG(c->log, loud ? MR_LOG_WARN : MR_LOG_INFO, "%s: %s", plane, line);
}

static void on_shutdown(void *arg)
{
    struct control *c = arg;
    c->shutdown = true;
}

/* A data plane that came, or came back, is worth a line. */
static void tell_attached(struct control *c)
{
    for (uint32_t i = 0; i < mr_links_count(c->links); i++) {
        struct mr_link_view view;
        mr_links_view(c->links, i, &view);
        if (view.counts.attaches != c->attaches[i])
            MR_LOG(c->log, MR_LOG_INFO, "%s: attached to %s, epoch %llu", view.name, view.path,
                   (unsigned long long)view.epoch);
        c->attaches[i] = view.counts.attaches;
    }
}

static void log_lines(struct control *c, int64_t now_ns)
{
    struct mr_log_site site = {.file = __FILE__, .line = __LINE__}; /* nothing of it is held back */
    struct mr_desk_line line;
    struct mr_desk_io_counts n;
    mr_desk_io(c->desk, now_ns);
    mr_desk_io_counts(c->desk, &n);
    if (n.lost != c->lost)
        MR_LOG(c->log, MR_LOG_WARN,
               "bus: %llu messages were not taken in four tries, and are not in the store; the journal has them",
               (unsigned long long)(n.lost - c->lost));
    c->lost = n.lost;
    while (mr_desk_line(c->desk, &line))
        mr_log_write(c->log, &site, line.severity ? MR_LOG_WARN : MR_LOG_INFO, "%s: %s", mr_trade_told_name(line.kind),
                     line.text);
}

static int steer(void *self, const struct mr_steer_act *act, struct mr_ask *ask, struct mr_err *said)
{
    return mr_desk_steer(((struct control *)self)->desk, act, ask, said);
}

/* On the trade tile. */
static void answered(void *arg) { uv_async_send(&((struct control *)arg)->answers); }

static void on_answers(uv_async_t *answers) { mr_admin_answers(((struct control *)answers->data)->admin); }

static void look(void *self, struct mr_steer_state *out)
{
    static struct mr_trade_show show; /* of the io thread */
    mr_desk_look(((struct control *)self)->desk, &show);
    *out = show.steer;
}

/* For screens and questions: what it cannot do stops nobody, and is said. */
static void open_store(struct control *c, const struct mr_config *config)
{
    const struct mr_store_limits limits = {.ring_bytes = config->store.ring_bytes,
                                           .batch_rows = config->store.batch_rows,
                                           .retry_ns = config->store.retry_ns,
                                           .spill_bytes = config->store.spill_bytes};
    struct mr_err err = {""};
    if (config->store.enabled && mr_store_open(&c->store, config->store.folder, &limits, &err) != MR_OK)
        MR_LOG(c->log, MR_LOG_ERROR, "store: nothing is stored: %s", err.text);
}

static int64_t wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void store_step(uv_work_t *work) { mr_store_step(((struct control *)work->data)->store, wall()); }

/* What the store waits for is told once. */
static void store_stepped(uv_work_t *work, int status)
{
    struct control *c = work->data;
    (void)status;
    const char *trouble = mr_store_trouble(c->store);
    if ((trouble != NULL) != c->store_away)
        MR_LOG(c->log, trouble ? MR_LOG_WARN : MR_LOG_INFO, "store: %s", trouble ? trouble : "answers again");
    c->store_away = trouble != NULL;
    c->storing = false;
}

/* One batch a round. */
static void step_store(struct control *c)
{
    c->store_work.data = c;
    c->storing = c->storing || uv_queue_work(&c->loop, &c->store_work, store_step, store_stepped) == 0;
}

static void close_store(struct control *c)
{
    if (c->store)
        mr_store_close(c->store, wall());
    c->store = NULL;
}

/* ---- what happens on the core of the slowest orders ---- */

static void watch_step(uv_work_t *work) { mr_watch_look(((struct control *)work->data)->watch, wall()); }

static void watch_stepped(uv_work_t *work, int status)
{
    (void)status;
    ((struct control *)work->data)->watching = false;
}

static void step_watch(struct control *c, int64_t now_ns)
{
    if (c->watching || now_ns < c->watch_due_ns)
        return;
    c->watch_work.data = c;
    c->watch_due_ns = now_ns + MR_WATCH_NS;
    c->watching = uv_queue_work(&c->loop, &c->watch_work, watch_step, watch_stepped) == 0;
}

/* Without it all else goes on. */
static void open_watch(struct control *c)
{
    struct mr_err err;
    if (mr_watch_open(&c->watch, mr_desk_workspace(c->desk), NULL, (uint32_t)getpid(), &err) != MR_OK)
        MR_LOG(c->log, MR_LOG_WARN, "interrupts around latency maxima are not watched: %s", err.text);
}

static void close_watch(struct control *c)
{
    while (c->watching)
        uv_run(&c->loop, UV_RUN_ONCE);
    if (c->watch)
        mr_watch_look(c->watch, wall());
    mr_watch_close(c->watch);
    c->watch = NULL;
}

/* ---- what an emergency stop wants done here ---- */

static int notify(void *arg, const char *reason, bool first, int64_t now_ns, struct mr_err *err)
{
    struct control *c = arg;
    char body[1024];
    struct mr_text text;
    struct mr_json_out j;
    if (!c->notify)
        return mr_err_set(err, MR_OK, "no webhook is configured");
    if (first) {
        mr_text_init(&text, body, sizeof body);
        mr_json_out_init(&j, &text);
        mr_json_out_object(&j, NULL);
        mr_json_out_string(&j, "text", reason);
        mr_json_out_string(&j, "instance", c->instance);
        mr_json_out_i64(&j, "time_ns", now_ns);
        mr_json_out_end(&j);
        c->notified = mr_notify_post(c->notify, body);
    }
    if (c->notified < 0)
        return mr_err_set(err, (int)c->notified, "the webhook: %s", mr_status_text((int)c->notified));
    mr_notify_poll(c->notify, now_ns);
    return mr_notify_outcome(c->notify, c->notified, err);
}

static int dump(void *arg, const char *reason, bool first, int64_t now_ns, struct mr_err *err)
{
    struct control *c = arg;
    char name[64];
    (void)first, (void)now_ns;
    int status = mr_blackbox_write(&c->hands.box, reason, name, err);
    return status ? status : mr_err_set(err, MR_OK, "%s/%s", c->hands.folder.path, name);
}

/* Of the image alone, so that a panic of any thread may ask. */
static void box_state(void *arg, struct mr_json_out *out)
{
    static struct mr_trade_show show;
    mr_desk_look(((struct control *)arg)->desk, &show);
    mr_trade_show_json(&show, out);
}

/* The gate reads the kill word whatever the tile is at. */
static void escalate(void *arg, const char *sentence)
{
    struct control *c = arg;
    struct mr_err err = {""};
    const struct mr_kill_command kill = {
        .scope = MR_KILL_SCOPE_ALL, .on = true, .cause = MR_KILL_BY_CODE, .uid = UINT32_MAX, .reason = sentence};
    if (mr_kill_command(&c->hands.kill, &kill, mr_look_wall(), &err) != MR_OK)
        MR_LOG(c->log, MR_LOG_ERROR, "killed, and not on disk yet: %s", err.text);
}

/* The address may hold a token: it is in a file of its own, that nobody else reads. */
static int open_webhook(struct control *c, const char *path, struct mr_err *err)
{
    char url[1024] = "";
    struct stat st;
    int fd = *path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (!*path)
        return MR_OK;
    bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0;
    ssize_t n = good ? read(fd, url, sizeof url - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return mr_err_set(err, MR_E_INVALID, "trade.webhook: %s: want a readable file of mode 0600 with an address",
                          path);
    url[strcspn(url, "\r\n")] = 0;
    return mr_notify_open(&c->notify, &(struct mr_notify_config){.url = url, .timeout_ms = 5000}, err);
}

/* Trading, where the configuration says so. */
static int open_desk(struct control *c, const struct options *o, const struct mr_config *config, const char *folder,
                     const char *workspace, struct mr_err *err)
{
    static char names[MR_LINKS_MAX][64];
    const char *name[MR_LINKS_MAX] = {config->plane.instance}, *path[MR_LINKS_MAX] = {workspace};
    struct mr_desk_config desk = {.trading = &config->trade,
                                  .journal = &config->journal,
                                  .instance = config->plane.instance,
                                  .run_folder = folder,
                                  .build = MR_BUILD,
                                  .ca_file = config->plane.ca_file,
                                  .kill = c->hands.page,
                                  .config_hash = mr_config_sum(config),
                                  .names = name,
                                  .workspaces = path,
                                  .plane_count = 1,
                                  .errand = {[MR_DESK_NOTIFY] = notify, [MR_DESK_DUMP] = dump},
                                  .escalate = escalate,
                                  .answered = answered,
                                  .arg = c,
                                  .cores = {-1, -1}};
    if (!config->trade.enabled)
        return MR_OK;
    c->instance = config->plane.instance;
    open_store(c, config);
    desk.store = c->store;
    for (uint32_t i = 0; i < o->workspace_count; i++) {
        const char *file = strchr(o->workspaces[i], '=') + 1;
        snprintf(names[i], sizeof names[i], "%.*s", (int)(file - 1 - o->workspaces[i]), o->workspaces[i]);
        name[desk.plane_count] = names[i];
        path[desk.plane_count++] = file;
    }
    for (uint32_t i = 0; i < config->trade.core_count; i++)
        desk.cores[i] = config->trade.cores[i];
    int status = mr_place_trade(config, c->log, err);
    if (!status)
        status = open_webhook(c, config->trade.webhook, err);
    if (!status)
        status = mr_desk_open(&c->desk, &desk, err);
    if (!status)
        status = mr_desk_start(c->desk, err);
    if (status)
        return status;
    open_watch(c);
    c->hands.admin.steer = steer;
    c->hands.admin.look = look;
    c->hands.admin.self = c;
    c->hands.admin.desk = c->desk;
    c->hands.box.self = c;
    c->hands.box.state = box_state;
    return MR_OK;
}

/* Something changed in the data folder: `touch KILL` closes the gate at once, not at the next look. */
static void on_folder(uv_fs_event_t *watch, const char *name, int events, int status)
{
    struct control *c = watch->data;
    (void)events;
    if (status == 0 && (!name || strcmp(name, "KILL") == 0))
        mr_kill_poll(&c->hands.kill, mr_look_wall());
}

static void on_timer(uv_timer_t *timer)
{
    struct control *c = timer->data;
    const int64_t now_ns = wall();
    /* a ring has one reader: where there is a desk it takes the signals, and says what it took */
    while (!c->desk && mr_links_poll(c->links, now_ns) > 0) {
    }
    mr_hands_poll(&c->hands, now_ns);
    if (c->store)
        step_store(c);
    if (c->watch)
        step_watch(c, now_ns);
    if (c->desk)
        log_lines(c, now_ns);
    else
        tell_attached(c);
    mr_admin_answers(c->admin); /* also where the tile does not answer */
    if (*c->stopped || c->shutdown || mr_clock_mono() >= c->end_ns)
        uv_stop(&c->loop);
}

static int attach(struct control *c, const struct options *o, const char *instance, const char *workspace,
                  struct mr_err *err)
{
    char name[64];
    int status = mr_links_add(c->links, instance, workspace);
    if (!status)
        status = mr_admin_attach(c->admin, instance, workspace);
    for (uint32_t i = 0; i < o->workspace_count && !status; i++) {
        const char *file = strchr(o->workspaces[i], '=') + 1;
        snprintf(name, sizeof name, "%.*s", (int)(file - 1 - o->workspaces[i]), o->workspaces[i]);
        status = mr_links_add(c->links, name, file);
        if (!status)
            status = mr_admin_attach(c->admin, name, file);
        if (status)
            return mr_err_set(err, status, "--workspace %s: %s", o->workspaces[i],
                              status == MR_E_INVALID ? "that name is attached already" : mr_status_text(status));
    }
    return status ? mr_err_set(err, status, "%s: %s", workspace, mr_status_text(status)) : MR_OK;
}

static void close_loop(struct control *c)
{
    c->hands.box.state = NULL;
    uv_timer_stop(&c->timer);
    close_watch(c); /* it looks at the desk's workspace */
    if (c->desk)
        mr_desk_close(c->desk); /* first: its tile answers to the loop */
    c->desk = c->hands.admin.desk = NULL;
    if (c->admin)
        mr_admin_close(c->admin);
    uv_close((uv_handle_t *)&c->timer, NULL);
    uv_close((uv_handle_t *)&c->folder, NULL);
    uv_close((uv_handle_t *)&c->answers, NULL);
    uv_run(&c->loop, UV_RUN_DEFAULT);
    uv_loop_close(&c->loop);
    if (c->links)
        mr_links_close(c->links);
}

static int run(struct control *c, const struct options *o, struct mr_config *config, const char *folder,
               const char *workspace, struct mr_err *err)
{
    const struct mr_admin_config admin = {.control = config->control,
                                          .version = MR_VERSION,
                                          .build = MR_BUILD,
                                          .log = c->log,
                                          .hands = &c->hands.admin,
                                          .shutdown = on_shutdown,
                                          .arg = c};
    uv_loop_init(&c->loop);
    uv_timer_init(&c->loop, &c->timer);
    uv_fs_event_init(&c->loop, &c->folder);
    uv_async_init(&c->loop, &c->answers, on_answers);
    c->timer.data = c->folder.data = c->answers.data = c;
    c->stopped = mr_process_signals();
    c->end_ns = o->seconds > 0 ? mr_clock_mono() + (int64_t)(o->seconds * 1e9) : INT64_MAX;
    int status = mr_links_open(&c->links, on_signal, c, err);
    if (!status)
        status = mr_hands_open(&c->hands, config, o->instance, folder, MR_BUILD, c->log, err);
    if (!status)
        status = open_desk(c, o, config, folder, workspace, err);
    if (!status)
        status = mr_admin_open(&c->admin, &c->loop, &admin, err);
    c->hands.socket = status ? NULL : c->admin;
    if (!status)
        status = attach(c, o, config->plane.instance, workspace, err);
    if (!status) {
        MR_LOG(c->log, MR_LOG_INFO, "control plane %s: admin socket %s", config->plane.instance,
               config->control.socket);
        mr_thread_prompt();
        uv_timer_start(&c->timer, on_timer, 0, POLL_MS);
        if (uv_fs_event_start(&c->folder, on_folder, c->hands.folder.path, 0) != 0)
            MR_LOG(c->log, MR_LOG_WARN, "%s: cannot be watched; KILL there is looked for each %d ms",
                   c->hands.folder.path, MR_KILL_POLL_NS / 1000000);
        uv_run(&c->loop, UV_RUN_DEFAULT);
        MR_LOG(c->log, MR_LOG_INFO, "control plane %s: stopped", config->plane.instance);
    }
    close_loop(c);
    if (c->notify)
        mr_notify_close(c->notify);
    c->notify = NULL;
    close_store(c);
    mr_hands_close(&c->hands);
    return status;
}

int mr_cmd_controlplane(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        NULL,
        "Takes the signals of one instance's data plane (and of others), and serves the admin socket, until SIGTERM.",
        NULL,
        NULL,
        NULL};
    static struct mr_config config;
    static struct control c;
    struct mr_process process = {.verb = "controlplane"};
    struct options o = {0};
    struct mr_err err = {""};
    char name[] = "millrace controlplane", workspace[256];
    argv[0] = name;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    int status = mr_process_configure(&process, o.config, o.instance, &config, &err);
    if (!status)
        status = mr_process_workspace(&process, &config, workspace, sizeof workspace, &err);
    if (!status && !*config.control.socket &&
        (size_t)snprintf(config.control.socket, sizeof config.control.socket, "%.200s/admin.sock", process.folder) >
            107)
        status = mr_err_set(&err, MR_E_TOO_BIG,
                            "%s/admin.sock: longer than a socket's name may be; choose a shorter run folder",
                            process.folder);
    if (!status)
        status = mr_process_lock(&process, &err);
    if (!status)
        status = mr_log_open(&c.log, NULL, o.log_json, MR_LOG_INFO, &err);
    if (!status) {
        status = run(&c, &o, &config, process.folder, workspace, &err);
        mr_log_close(c.log);
    }
    mr_process_unlock(&process, c.shutdown);
    return status == MR_OK ? MR_EXIT_GOOD : mr_cmd_fail(mr_cmd_exit_of(status), "controlplane", &err);
}
