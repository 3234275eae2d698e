#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/exchange/server/server_priv.h"

#define BACKLOG 128

static int open_context(SSL_CTX **out, const struct mr_certs *certs, struct mr_err *err)
{
    static const unsigned char session[] = "millrace exchange";
    SSL_CTX *tls = *out = SSL_CTX_new(TLS_server_method());
    if (!tls || SSL_CTX_use_certificate_chain_file(tls, certs->chain) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, certs->key, SSL_FILETYPE_PEM) != 1)
        return mr_err_set(err, MR_E_INVALID, "%s: %s", certs->chain, ERR_reason_error_string(ERR_peek_last_error()));
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_session_id_context(tls, session, sizeof session - 1);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return MR_OK;
}

static int open_tls(struct mr_exchange *x, struct mr_err *err)
{
    int status = mr_certs_make(x->config.certs, x->config.names, &x->certs, err);
    return status ? status : open_context(&x->tls, &x->certs, err);
}

int mr_exchange_stranger(struct mr_exchange *x, struct mr_err *err)
{
    char folder[MR_CERTS_PATH];
    struct mr_certs certs;
    if (x->stranger)
        return MR_OK;
    snprintf(folder, sizeof folder, "%s/stranger", x->config.certs);
    int status = mr_certs_make(folder, x->config.names, &certs, err);
    if (status == MR_OK)
        status = open_context(&x->stranger, &certs, err);
    if (status) {
        SSL_CTX_free(x->stranger);
        x->stranger = NULL;
    }
    return status;
}

static int parse_address(struct mr_exchange *x, struct mr_err *err)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&x->at;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&x->at;
    if (inet_pton(AF_INET, x->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(x->config.port);
        x->at_len = sizeof *v4;
    } else if (inet_pton(AF_INET6, x->address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(x->config.port);
        x->at_len = sizeof *v6;
    } else {
        return mr_err_set(err, MR_E_INVALID, "--address %s: want an IPv4 or IPv6 address", x->address);
    }
    return MR_OK;
}

static uint16_t port_of(const struct mr_exchange *x)
{
    if (x->at.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&x->at)->sin6_port);
    return ntohs(((const struct sockaddr_in *)&x->at)->sin_port);
}

/* At the port chosen before, if this is not the first time. */
int mr_exchange_listen(struct mr_exchange *x, struct mr_err *err)
{
    const int on = 1;
    int fd = socket(x->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return mr_err_set(err, MR_E_IO, "socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* connections inherit it */
    socklen_t len = sizeof x->at;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = &x->listener};
    if (bind(fd, (const struct sockaddr *)&x->at, x->at_len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&x->at, &len) != 0 || epoll_ctl(x->epoll, EPOLL_CTL_ADD, fd, &e) != 0) {
        int why = errno;
        close(fd);
        return mr_err_set(err, MR_E_IO, "%s port %u: %s%s", x->address, port_of(x), strerror(why),
                          why == EADDRINUSE ? "; choose another with --port, or 0 for any" : "");
    }
    x->listener = fd;
    if (!x->port)
        x->port = port_of(x);
    return MR_OK;
}

static int open_loop(struct mr_exchange *x, struct mr_err *err)
{
    x->epoll = epoll_create1(EPOLL_CLOEXEC);
    x->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = &x->wake};
    if (x->epoll < 0 || x->wake < 0 || epoll_ctl(x->epoll, EPOLL_CTL_ADD, x->wake, &e) != 0)
        return mr_err_set(err, MR_E_IO, "epoll: %s", strerror(errno));
    return MR_OK;
}

static void defaults(struct mr_exchange *x, const struct mr_exchange_config *config)
{
    x->config = *config;
    x->config.connections_max = config->connections_max ? config->connections_max : 256;
    x->config.queue_bytes = config->queue_bytes ? config->queue_bytes : 4u << 20;
    snprintf(x->address, sizeof x->address, "%s", config->address ? config->address : "127.0.0.1");
    x->listener = x->epoll = x->wake = -1;
    pthread_mutex_init(&x->lock, NULL);
    x->conns = calloc(x->config.connections_max, sizeof *x->conns);
    x->open = calloc(x->config.connections_max, sizeof *x->open);
    x->truth = malloc(sizeof *x->truth);
    x->body = malloc(BODY_BYTES);
    MR_ASSERT(x->conns && x->open && x->truth && x->body);
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    x->now_ns = t.tv_sec * SECOND + t.tv_nsec;
}

static int begin_faults(struct mr_exchange *x, struct mr_err *err)
{
    int status = MR_OK;
    for (uint32_t i = 0; i < x->config.fault_count && status == MR_OK; i++)
        status = mr_fault_begin(x, &x->config.faults[i], err);
    return status;
}

int mr_exchange_open(struct mr_exchange **out, const struct mr_exchange_config *config, struct mr_err *err)
{
    struct mr_exchange *x = calloc(1, sizeof *x);
    if (!x)
        return mr_err_set(err, MR_E_NOMEM, "exchange: no memory");
    defaults(x, config);
    int status = parse_address(x, err);
    if (status == MR_OK)
        status = open_tls(x, err);
    if (status == MR_OK)
        status = open_loop(x, err);
    if (status == MR_OK)
        status = mr_exchange_listen(x, err);
    if (status == MR_OK)
        status = mr_tape_open(&x->tape, &x->config.tape, x->now_ns, err);
    if (status == MR_OK && x->config.account)
        status = mr_account_open(x, err);
    if (status == MR_OK)
        status = begin_faults(x, err);
    if (status) {
        mr_exchange_close(x);
        return status;
    }
    *out = x;
    return MR_OK;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void mr_exchange_close(struct mr_exchange *x)
{
    mr_exchange_stop(x);
    for (uint32_t i = 0; i < FAULTS_MAX; i++)
        free(x->faults[i].held);
    mr_account_close(x->account);
    if (x->tape)
        mr_tape_close(x->tape);
    close_fd(x->listener);
    close_fd(x->epoll);
    close_fd(x->wake);
    SSL_CTX_free(x->tls);
    SSL_CTX_free(x->stranger);
    pthread_mutex_destroy(&x->lock);
    free(x->conns);
    free(x->open);
    free(x->truth);
    free(x->body);
    free(x);
}

/* ---- a thread of its own ---- */

/* What stops it on the way was sayable only to whoever started it: the port is taken when a restart is over. */
static void *run(void *arg)
{
    struct mr_err err;
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE); /* OpenSSL writes with write(2): a client that has gone is an error, no signal */
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    if (mr_exchange_run(arg, 0, &err) != MR_OK)
        fprintf(stderr, "exchange: %s\n", err.text);
    return NULL;
}

int mr_exchange_start(struct mr_exchange *x, struct mr_err *err)
{
    int error = pthread_create(&x->thread, NULL, run, x);
    if (error)
        return mr_err_set(err, MR_E_IO, "exchange: thread: %s", strerror(error));
    x->threaded = true;
    return MR_OK;
}

void mr_exchange_stop(struct mr_exchange *x)
{
    const uint64_t one = 1;
    atomic_store(&x->stopping, true);
    if (x->wake >= 0 && write(x->wake, &one, sizeof one) < 0) { /* it is awake already */
    }
    if (x->threaded && !pthread_equal(pthread_self(), x->thread)) {
        pthread_join(x->thread, NULL);
        x->threaded = false;
    }
}

uint16_t mr_exchange_port(const struct mr_exchange *x) { return x->port; }

const char *mr_exchange_ca(const struct mr_exchange *x) { return x->certs.ca; }
