#include "controlplane/cmd/reach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "version.h"

#define WAIT_S 10

static void tell(void *arg, const char *sentence)
{
    (void)arg;
    fprintf(stderr, "%s\n", sentence);
}

int mr_reach_paths(const struct mr_reach *reach, char socket_path[256], char workspace[256], struct mr_err *err)
{
    static struct mr_config config;
    char path[256];
    mr_config_find(reach->config, path);
    int status = mr_config_load(&config, path, tell, NULL);
    if (status != MR_OK)
        return mr_err_set(err, status, "%s: cannot be used; --config names another", path);
    if (reach->instance) {
        status = mr_config_instance(&config, reach->instance, err);
        if (status != MR_OK)
            return status;
    }
    snprintf(socket_path, 256, "%s", reach->socket ? reach->socket : config.control.socket);
    snprintf(workspace, 256, "%s", reach->workspace ? reach->workspace : config.plane.workspace);
    return MR_OK;
}

static void open_reply(struct mr_asker *a)
{
    a->len = 0;
    a->reply = malloc(MR_ADMIN_REPLY_BYTES + 1);
    MR_ASSERT(a->reply);
    a->reply[0] = 0;
}

int mr_asker_socket(struct mr_asker *a, const char *path, struct mr_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = WAIT_S};
    *a = (struct mr_asker){.fd = -1};
    if (strlen(path) >= sizeof address.sun_path)
        return mr_err_set(err, MR_E_INVALID, "%s: longer than a socket's path may be", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MR_ASSERT(a->fd >= 0);
    setsockopt(a->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(a->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    open_reply(a);
    if (connect(a->fd, (struct sockaddr *)&address, sizeof address) == 0)
        return MR_OK;
    int error = errno;
    mr_asker_close(a);
    const char *hint = error == ENOENT || error == ECONNREFUSED
                           ? "no instance runs there; --instance names another, --workspace FILE looks at what one left"
                       : error == EACCES ? "no permission: the socket is for its owner and group"
                                         : "";
    return mr_err_set(err, MR_E_IO, "%s: %s%s%s", path, strerror(error), *hint ? "; " : "", hint);
}

void mr_asker_workspace(struct mr_asker *a, const char *path)
{
    *a = (struct mr_asker){.fd = -1, .commands = mr_commands_open()};
    a->commands->read_only = true;
    a->commands->version = MR_VERSION;
    a->commands->build = MR_BUILD;
    mr_commands_attach(a->commands, "workspace", path);
    open_reply(a);
}

void mr_asker_close(struct mr_asker *a)
{
    if (a->fd >= 0)
        close(a->fd);
    if (a->commands)
        mr_commands_close(a->commands);
    free(a->reply);
    *a = (struct mr_asker){.fd = -1};
}

static bool send_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* The end of a reply: a line "." of its own, or of JSON (and of the answer to quit) the newline. */
static bool whole(const struct mr_asker *a)
{
    if (!a->len || a->reply[a->len - 1] != '\n')
        return false;
    return a->reply[0] == '{' || (a->len == 2 && a->reply[0] == '.') ||
           (a->len > 2 && memcmp(a->reply + a->len - 3, "\n.\n", 3) == 0);
}

static int receive(struct mr_asker *a, struct mr_err *err)
{
    a->len = 0;
    while (!whole(a)) {
        if (a->len == MR_ADMIN_REPLY_BYTES)
            return mr_err_set(err, MR_E_TOO_BIG, "the reply is too large");
        ssize_t n = recv(a->fd, a->reply + a->len, MR_ADMIN_REPLY_BYTES - a->len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mr_err_set(err, MR_E_IO,
                              errno == EAGAIN ? "no answer within %d s" : "the connection broke after %d bytes",
                              errno == EAGAIN ? WAIT_S : (int)a->len);
        if (n == 0)
            break;
        a->len += (size_t)n;
        a->reply[a->len] = 0;
    }
    a->reply[a->len] = 0;
    return a->len ? MR_OK : mr_err_set(err, MR_E_IO, "the instance closed the connection");
}

/* What kind the reply is, by its own first words; the "." line goes. */
static int kind_of(struct mr_asker *a)
{
    static const struct {
        const char *text, *json;
        enum mr_reply kind;
    } kinds[] = {
        {"error usage: ", "{\"error\":{\"kind\":\"usage\"", MR_REPLY_USAGE},
        {"error refused: ", "{\"error\":{\"kind\":\"refused\"", MR_REPLY_REFUSED},
        {"error failed: ", "{\"error\":{\"kind\":\"failed\"", MR_REPLY_FAILED},
    };
    if (a->reply[0] != '{' && a->len >= 2 && strcmp(a->reply + a->len - 2, ".\n") == 0)
        a->reply[a->len -= 2] = 0;
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++)
        if (strncmp(a->reply, kinds[i].text, strlen(kinds[i].text)) == 0 ||
            strncmp(a->reply, kinds[i].json, strlen(kinds[i].json)) == 0)
            return (int)kinds[i].kind;
    return MR_REPLY_GOOD;
}

int mr_asker_ask(struct mr_asker *a, const char *line, struct mr_err *err)
{
    if (a->commands) {
        const struct mr_peer self = {(uint32_t)geteuid(), getpid(), MR_ADMIN_ADMINISTER, NULL};
        struct mr_text out;
        mr_text_init(&out, a->reply, MR_ADMIN_REPLY_BYTES);
        if (mr_command(a->commands, line, strlen(line), &self, &out) == MR_REPLY_QUIT)
            return MR_REPLY_QUIT;
        a->len = out.len;
        return kind_of(a);
    }
    char *sent = malloc(strlen(line) + 2);
    MR_ASSERT(sent);
    size_t len = (size_t)sprintf(sent, "%s\n", line);
    bool good = send_all(a->fd, sent, len);
    free(sent);
    /* one that turned us away has said why before it closed */
    int status = receive(a, err);
    if (status != MR_OK)
        return good ? status : mr_err_set(err, MR_E_IO, "the instance closed the connection");
    return kind_of(a);
}
