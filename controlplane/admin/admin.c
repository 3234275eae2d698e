/* The socket's side: clients, lines in, replies out, all bounded. What commands do is in commands.c. */
#include "controlplane/admin/admin.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "controlplane/admin/commands.h"
#include "dataplane/log/log.h"

#define BACKLOG 1024
#define LOOK_MS 500     /* how often time-outs are looked at */
#define UNREAD_MS 30000 /* a reply that nobody takes for so long: closed */
#define ROUND_LINES 64  /* commands of one client before others have their turn */

struct client {
    uv_pipe_t pipe;
    struct mr_admin *admin;
    struct client *next, **link; /* in the list of clients */
    struct mr_peer peer;
    uint64_t half_ms, unread_ms; /* loop time since when; 0: not so */
    uint32_t len;
    bool skipping; /* the rest of a line that was too long */
    bool paused;   /* not read from: it does not take its replies */
    bool waiting;  /* its first line's answer is not there yet */
    bool quit, closing;
    struct mr_ask ask;
    char line[]; /* line_max */
};

struct mr_admin {
    uv_pipe_t pipe;
    uv_timer_t timer;
    uv_idle_t idle; /* runs while a client has whole lines left over */
    uv_loop_t *loop;
    struct mr_admin_config config;
    struct mr_commands *commands;
    struct client *clients;
    struct mr_admin_counts counts;
    uint32_t handles; /* open ones: the last to close frees */
    bool closing, shutdown_due;
    char *reply;
};

/* ---- telling ---- */

static void log_line(struct mr_admin *admin, enum mr_log_level level, const char *line)
{
    /* a site of its own each time: nothing of the audit is held back */
    struct mr_log_site site = {.file = __FILE__, .line = __LINE__};
    if (admin->config.log)
        mr_log_write(admin->config.log, &site, level, "admin: %s", line);
}

static void on_audit(void *arg, const char *line)
{
    struct mr_admin *admin = arg;
    log_line(admin, MR_LOG_INFO, line);
    if (admin->config.audit)
        admin->config.audit(admin->config.arg, line);
}

static void on_shutdown(void *arg)
{
    struct mr_admin *admin = arg;
    admin->shutdown_due = true; /* the answer goes out first */
}

/* ---- closing ---- */

static void closed_one(struct mr_admin *admin)
{
    if (--admin->handles > 0 || !admin->closing)
        return;
    mr_commands_close(admin->commands);
    free(admin->reply);
    free(admin);
}

static void client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    struct mr_admin *admin = client->admin;
    free(client);
    closed_one(admin);
}

static void close_client(struct client *client)
{
    if (client->closing)
        return;
    client->closing = true;
    *client->link = client->next;
    if (client->next)
        client->next->link = client->link;
    client->admin->counts.clients--;
    uv_close((uv_handle_t *)&client->pipe, client_closed);
}

/* ---- replies ---- */

struct sending {
    uv_write_t write;
    char data[];
};

static void serve(struct client *client);

static void written(uv_write_t *write, int status)
{
    struct client *client = write->handle->data;
    free(write);
    if (client->closing)
        return;
    client->unread_ms = uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) ? uv_now(client->admin->loop) : 0;
    if (status < 0 || (client->quit && !client->unread_ms))
        close_client(client);
    else if (client->paused && !client->unread_ms)
        serve(client);
}

/* All at once if the socket takes it; the rest waits in the client's queue. */
static void reply(struct client *client, const char *data, size_t len)
{
    uv_stream_t *stream = (uv_stream_t *)&client->pipe;
    uv_buf_t whole = uv_buf_init((char *)(uintptr_t)data, (unsigned)len);
    int n = uv_stream_get_write_queue_size(stream) ? 0 : uv_try_write(stream, &whole, 1);
    size_t done = n > 0 ? (size_t)n : 0;
    if (done == len)
        return;
    struct sending *sending = malloc(sizeof *sending + len - done);
    if (!sending) {
        close_client(client);
        return;
    }
    memcpy(sending->data, data + done, len - done);
    uv_buf_t rest = uv_buf_init(sending->data, (unsigned)(len - done));
    if (!client->unread_ms)
        client->unread_ms = uv_now(client->admin->loop);
    if (uv_write(&sending->write, stream, &rest, 1, written) < 0) {
        free(sending);
        close_client(client);
    }
}

static void reply_sentence(struct client *client, enum mr_reply kind, const char *sentence)
{
    char out[512];
    struct mr_text text;
    mr_text_init(&text, out, sizeof out);
    mr_reply_error(&text, false, kind, sentence);
    reply(client, out, text.len);
}

/* Closes when its last reply is out. */
static void finish(struct client *client)
{
    client->quit = true;
    uv_read_stop((uv_stream_t *)&client->pipe);
    if (!client->closing && !uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe))
        close_client(client);
}

/* ---- lines ---- */

static bool backed_up(const struct client *client)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&client->pipe) >
           client->admin->config.control.output_max / 2;
}

/* False: the answer is not there yet, and the line has to stay. */
static bool run_line(struct client *client, const char *line, size_t len)
{
    struct mr_admin *admin = client->admin;
    struct mr_text text;
    if (len && line[len - 1] == '\r')
        len--;
    mr_text_init(&text, admin->reply, MR_ADMIN_REPLY_BYTES);
    enum mr_reply kind = mr_command(admin->commands, line, len, &client->peer, &text);
    client->waiting = kind == MR_REPLY_LATER;
    if (client->waiting)
        return false;
    admin->counts.commands++;
    admin->counts.refused += kind == MR_REPLY_REFUSED;
    if (kind == MR_REPLY_QUIT)
        finish(client);
    else
        reply(client, admin->reply, text.len);
    if (admin->shutdown_due) {
        admin->shutdown_due = false;
        if (admin->config.shutdown)
            admin->config.shutdown(admin->config.arg); /* may close us: clients are then marked so */
    }
    return true;
}

/* Takes the first line of the buffer; false: there is none, or it waits for its answer. */
static bool take_line(struct client *client)
{
    char *end = memchr(client->line, '\n', client->len);
    if (!end)
        return false;
    uint32_t len = (uint32_t)(end - client->line);
    if (client->skipping)
        client->skipping = false; /* that was the end of it */
    else if (!run_line(client, client->line, len))
        return false;
    if (client->closing)
        return false;
    client->len -= len + 1;
    memmove(client->line, end + 1, client->len);
    return true;
}

static void too_long(struct client *client)
{
    struct mr_admin *admin = client->admin;
    char sentence[96];
    if (!client->skipping) {
        admin->counts.lines_too_long++;
        snprintf(sentence, sizeof sentence, "a line longer than %u bytes (control.line_max)",
                 admin->config.control.line_max);
        reply_sentence(client, MR_REPLY_USAGE, sentence);
    }
    client->skipping = true;
    client->len = 0;
}

static void got_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct client *client = handle->data;
    (void)suggested;
    *buf = uv_buf_init(client->line + client->len, client->admin->config.control.line_max - client->len);
}

static void left_over(uv_idle_t *idle)
{
    struct mr_admin *admin = idle->data;
    uv_idle_stop(idle);
    for (struct client *client = admin->clients, *next; client; client = next) {
        next = client->next;
        if (client->paused && !client->waiting && !backed_up(client))
            serve(client);
    }
}

void mr_admin_answers(struct mr_admin *admin)
{
    for (struct client *client = admin->clients, *next; client; client = next) {
        next = client->next;
        if (client->waiting)
            serve(client);
    }
}

/* Works off whole lines, as far as the client takes its replies and others are not kept waiting; then reads on. */
static void serve(struct client *client)
{
    struct mr_admin *admin = client->admin;
    uint32_t lines = 0;
    while (!client->closing && !client->quit && !backed_up(client) && lines < ROUND_LINES && take_line(client))
        lines++;
    if (client->closing || client->quit)
        return;
    bool more = memchr(client->line, '\n', client->len) != NULL;
    if (!more && client->len == admin->config.control.line_max)
        too_long(client);
    if (client->closing)
        return;
    if (more || (!client->len && !client->skipping))
        client->half_ms = 0;
    else if (lines || !client->half_ms)
        client->half_ms = uv_now(admin->loop);
    bool pause = more || backed_up(client);
    if (pause && !client->paused)
        uv_read_stop((uv_stream_t *)&client->pipe);
    else if (!pause && client->paused)
        uv_read_start((uv_stream_t *)&client->pipe, room, got_bytes);
    client->paused = pause;
    if (more && !client->waiting && !backed_up(client))
        uv_idle_start(&admin->idle, left_over);
}

static void got_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct client *client = stream->data;
    (void)buf;
    if (n < 0) {
        /* what a client asked before it shut its side down is still answered */
        if (n == UV_EOF && uv_stream_get_write_queue_size(stream))
            finish(client);
        else
            close_client(client);
        return;
    }
    client->len += (uint32_t)n;
    serve(client);
}

/* ---- time ---- */

static void on_time(uv_timer_t *timer)
{
    struct mr_admin *admin = timer->data;
    uint64_t now = uv_now(admin->loop), half_ms = (uint64_t)admin->config.control.half_s * 1000;
    for (struct client *client = admin->clients, *next; client; client = next) {
        next = client->next;
        if (client->unread_ms && now - client->unread_ms > UNREAD_MS) {
            admin->counts.unread++;
            close_client(client);
        } else if (client->half_ms && now - client->half_ms > half_ms) {
            admin->counts.halves++;
            client->half_ms = 0;
            reply_sentence(client, MR_REPLY_USAGE, "half a command, and no newline in time (control.half_s)");
            if (!client->closing)
                finish(client);
        }
    }
}

/* ---- who comes ---- */

static void greet(struct client *client)
{
    struct mr_admin *admin = client->admin;
    struct ucred peer;
    socklen_t len = sizeof peer;
    char sentence[160], line[200];
    int fd;
    if (uv_fileno((uv_handle_t *)&client->pipe, &fd) < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
        close_client(client);
        return;
    }
    client->peer = (struct mr_peer){peer.uid, peer.pid,
                                    mr_admin_level_of(&admin->config.control, (uint32_t)geteuid(), (uint32_t)peer.uid),
                                    &client->ask};
    if (client->peer.level == MR_ADMIN_REFUSED) {
        admin->counts.turned_away++;
        snprintf(sentence, sizeof sentence,
                 "user %u may not use this instance (control.others, control.operate_uids, control.administer_uids)",
                 peer.uid);
        snprintf(line, sizeof line, "uid %u pid %d turned away", peer.uid, peer.pid);
        log_line(admin, MR_LOG_WARN, line);
        reply_sentence(client, MR_REPLY_REFUSED, sentence);
        finish(client);
    } else if (admin->counts.clients > admin->config.control.clients_max) {
        admin->counts.turned_away++;
        snprintf(sentence, sizeof sentence,
                 "%u clients are connected, as many as may be (control.clients_max); close some",
                 admin->config.control.clients_max);
        reply_sentence(client, MR_REPLY_REFUSED, sentence);
        finish(client);
    } else {
        uv_read_start((uv_stream_t *)&client->pipe, room, got_bytes);
    }
}

static void on_connection(uv_stream_t *server, int status)
{
    struct mr_admin *admin = server->data;
    if (status < 0 || admin->closing)
        return; /* no descriptors left: libuv has shed the connection */
    struct client *client = calloc(1, sizeof *client + admin->config.control.line_max);
    if (!client)
        return;
    uv_pipe_init(admin->loop, &client->pipe, 0);
    client->pipe.data = client;
    client->admin = admin;
    client->next = admin->clients;
    client->link = &admin->clients;
    if (client->next)
        client->next->link = &client->next;
    admin->clients = client;
    admin->handles++;
    admin->counts.clients++;
    admin->counts.accepted++;
    if (uv_accept(server, (uv_stream_t *)&client->pipe) < 0)
        close_client(client);
    else
        greet(client);
}

/* ---- open, close ---- */

/* A socket's file that nobody answers at is a dead instance's. */
static int make_way(const char *path, struct mr_err *err)
{
    struct stat st;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return mr_err_set(err, MR_E_INVALID, "%s: longer than a socket's path may be (%zu bytes)", path,
                          sizeof address.sun_path - 1);
    if (lstat(path, &st) != 0)
        return MR_OK;
    if (!S_ISSOCK(st.st_mode))
        return mr_err_set(err, MR_E_IO, "%s: is there, and is no socket; remove it, or set control.socket", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool answers = fd >= 0 && (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN);
    if (fd >= 0)
        close(fd);
    if (answers)
        return mr_err_set(
            err, MR_E_IO,
            "%s: another instance answers there; choose another with --instance, or `millrace ctl shutdown`", path);
    if (unlink(path) != 0)
        return mr_err_set(err, MR_E_IO, "%s: a dead instance's socket cannot be removed: %s", path, strerror(errno));
    return MR_OK;
}

static int listen_at(struct mr_admin *admin, struct mr_err *err)
{
    const char *path = admin->config.control.socket;
    mode_t before = umask(0117); /* 0660 from the first moment on */
    int status = uv_pipe_bind(&admin->pipe, path);
    umask(before);
    if (status == 0)
        status = uv_listen((uv_stream_t *)&admin->pipe, BACKLOG, on_connection);
    if (status < 0)
        return mr_err_set(err, MR_E_IO, "%s: cannot listen: %s", path, uv_strerror(status));
    return MR_OK;
}

static void other_closed(uv_handle_t *handle) { closed_one(handle->data); }

int mr_admin_open(struct mr_admin **out, uv_loop_t *loop, const struct mr_admin_config *config, struct mr_err *err)
{
    int status = make_way(config->control.socket, err);
    if (status != MR_OK)
        return status;
    signal(SIGPIPE, SIG_IGN); /* libuv writes to clients that have gone: an error then, not the end of the process */
    struct mr_admin *admin = calloc(1, sizeof *admin);
    MR_ASSERT(admin);
    admin->config = *config;
    admin->loop = loop;
    admin->reply = malloc(MR_ADMIN_REPLY_BYTES);
    admin->commands = mr_commands_open();
    MR_ASSERT(admin->reply);
    admin->commands->version = config->version;
    admin->commands->build = config->build;
    admin->commands->hands = config->hands;
    admin->commands->audit = on_audit;
    admin->commands->shutdown = on_shutdown;
    admin->commands->arg = admin;
    uv_pipe_init(loop, &admin->pipe, 0);
    uv_timer_init(loop, &admin->timer);
    uv_idle_init(loop, &admin->idle);
    admin->pipe.data = admin->timer.data = admin->idle.data = admin;
    admin->handles = 3;
    status = listen_at(admin, err);
    if (status != MR_OK) {
        admin->config.control.socket[0] = 0; /* not ours */
        mr_admin_close(admin);
        return status;
    }
    uv_timer_start(&admin->timer, on_time, LOOK_MS, LOOK_MS);
    *out = admin;
    return MR_OK;
}

int mr_admin_attach(struct mr_admin *admin, const char *name, const char *path)
{
    return mr_commands_attach(admin->commands, name, path);
}

void mr_admin_detach(struct mr_admin *admin, const char *name) { mr_commands_detach(admin->commands, name); }

void mr_admin_limits(struct mr_admin *admin, const struct mr_control_config *control)
{
    struct mr_control_config *mine = &admin->config.control;
    memcpy(mine->operate_uids, control->operate_uids, sizeof mine->operate_uids);
    memcpy(mine->administer_uids, control->administer_uids, sizeof mine->administer_uids);
    mine->operate_count = control->operate_count;
    mine->administer_count = control->administer_count;
    mine->others = control->others;
    mine->clients_max = control->clients_max;
    mine->output_max = control->output_max;
    mine->half_s = control->half_s;
}

void mr_admin_counts(const struct mr_admin *admin, struct mr_admin_counts *out) { *out = admin->counts; }

void mr_admin_close(struct mr_admin *admin)
{
    admin->closing = true;
    while (admin->clients)
        close_client(admin->clients);
    uv_close((uv_handle_t *)&admin->pipe, other_closed); /* libuv removes the socket's file */
    uv_close((uv_handle_t *)&admin->timer, other_closed);
    uv_close((uv_handle_t *)&admin->idle, other_closed);
}
