/* C-69 to C-87: how connections live, are resumed and end; the name that is announced. */
#include "tests/dataplane/tls/server.h"

#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TLS12 0x0303
#define FATAL "\2\120" /* internal_error */
#define STALL_MS 120

static uint32_t record_len(const uint8_t *record) { return 5u + ((uint32_t)record[3] << 8 | record[4]); }

static bool greeted_and_answered(struct server *s)
{
    bool good = server_shake(s) && server_listen(s);
    if (good)
        server_tell(s, ANSWER, sizeof ANSWER - 1);
    return good;
}

/* ---- ends ---- */

/* FIN without close_notify; arg: so many octets of another record before it. */
static void serve_fin(struct server *s)
{
    if (greeted_and_answered(s) && s->c->arg) {
        (void)SSL_write(s->ssl, ANSWER, sizeof ANSWER - 1);
        BIO_read(s->out, s->flight, sizeof s->flight);
        server_send(s, s->flight, (size_t)s->c->arg);
    }
    shutdown(s->fd, SHUT_WR);
    server_wait(s);
}

/* Both at once: the FIN may be seen before our answer is sent. */
static void serve_end_at_once(struct server *s)
{
    if (greeted_and_answered(s)) {
        (void)SSL_shutdown(s->ssl);
        int n = BIO_read(s->out, s->flight, sizeof s->flight);
        server_send(s, s->flight, n > 0 ? (size_t)n : 0);
    }
    shutdown(s->fd, SHUT_WR);
    server_wait(s);
}

static void reset(struct server *s)
{
    const struct linger at_once = {1, 0};
    setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(s->fd);
    s->fd = -1;
}

enum reset_when { RESET_FIRST, RESET_IN_HANDSHAKE, RESET_AFTER_ANSWER };
static void serve_reset(struct server *s)
{
    if (s->c->arg == RESET_AFTER_ANSWER)
        (void)greeted_and_answered(s);
    else if (s->c->arg == RESET_IN_HANDSHAKE && server_greet(s))
        server_send(s, s->flight, record_len(s->flight));
    else
        (void)server_hear(s);
    reset(s);
}

/* FIN in the handshake, after so many records of the server's flight. */
static void serve_fin_in_handshake(struct server *s)
{
    uint32_t at = 0;
    if (server_greet(s))
        for (long i = 0; i < s->c->arg && at < s->flight_len; i++)
            at += record_len(s->flight + at);
    server_send(s, s->flight, at);
    shutdown(s->fd, SHUT_WR);
    server_wait(s);
}

/* ---- a fatal alert in each state ---- */

/* TLS 1.3: after so many encrypted handshake messages (0 to 4); -1: before the ServerHello; 5: after the handshake. */
static void serve_fatal(struct server *s)
{
    struct seal seal;
    SSL_set_num_tickets(s->ssl, 0);
    if (s->c->arg == 5) {
        if (server_shake(s) && server_listen(s)) {
            seal_open(&seal, s->traffic_secret);
            server_seal(s, &seal, 21, FATAL, 2);
        }
    } else if (server_greet(s)) {
        uint32_t at = 0;
        server_open_flight(s, &seal);
        if (s->c->arg < 0)
            server_record(s, 21, TLS12, FATAL, 2);
        else
            server_send(s, s->flight, s->plain_len);
        for (long i = 0; i < s->c->arg; i++)
            at += 4 + ((uint32_t)s->inner[at + 1] << 16 | (uint32_t)s->inner[at + 2] << 8 | s->inner[at + 3]);
        if (at)
            server_seal(s, &seal, 22, s->inner, at);
        if (s->c->arg == 4) /* Finished was the last under these keys */
            seal_open(&seal, s->traffic_secret);
        if (s->c->arg >= 0)
            server_seal(s, &seal, 21, FATAL, 2);
    }
    server_wait(s);
}

/* TLS 1.2: after so many records of the plain flight. */
static void serve_fatal_12(struct server *s)
{
    uint32_t at = 0;
    if (server_greet(s))
        for (long i = 0; i < s->c->arg && at < s->flight_len; i++)
            at += record_len(s->flight + at);
    server_send(s, s->flight, at);
    server_record(s, 21, TLS12, FATAL, 2);
    server_wait(s);
}

/* ---- key updates and tickets ---- */

static void update_keys(struct server *s, long times, int kind)
{
    bool good = server_shake(s) && server_listen(s);
    for (long i = 0; good && i < times; i++) {
        good = SSL_key_update(s->ssl, kind) == 1;
        server_tell(s, i % 50 ? "." : "..", i % 50 ? 1 : 2);
        while (good && kind == SSL_KEY_UPDATE_REQUESTED && SSL_get_key_update_type(s->ssl) != SSL_KEY_UPDATE_NONE)
            good = server_hear(s);
    }
    if (good)
        server_tell(s, ANSWER, sizeof ANSWER - 1);
    server_part(s);
}

static void serve_updates(struct server *s) { update_keys(s, s->c->arg, SSL_KEY_UPDATE_NOT_REQUESTED); }
static void serve_asked_updates(struct server *s) { update_keys(s, s->c->arg, SSL_KEY_UPDATE_REQUESTED); }

static void serve_tickets(struct server *s)
{
    bool good = server_shake(s) && server_listen(s);
    for (long i = 0; good && i < s->c->arg; i++) {
        good = SSL_new_session_ticket(s->ssl) == 1;
        server_tell(s, ".", 1);
    }
    if (good)
        server_tell(s, ANSWER, sizeof ANSWER - 1);
    server_part(s);
}

/* One ticket whose lifetime is 0: to be thrown away at once (RFC 8446 4.6.1). */
static void serve_dead_ticket(struct server *s)
{
    static const uint8_t ticket[] = {4, 0, 0, 19, 0,   0,   0,   0,   1,   2,   3, 4,
                                     1, 7, 0, 6,  't', 'i', 'c', 'k', 'e', 't', 0, 0};
    struct seal seal;
    uint8_t message[sizeof ticket];
    memcpy(message, ticket, sizeof ticket);
    message[3] = sizeof ticket - 4;
    SSL_set_num_tickets(s->ssl, 0);
    if (server_shake(s) && server_listen(s)) {
        seal_open(&seal, s->traffic_secret);
        server_seal(s, &seal, 22, message, sizeof message);
        server_seal(s, &seal, 23, ANSWER, sizeof ANSWER - 1);
        server_seal(s, &seal, 21, "\1\0", 2);
    }
    shutdown(s->fd, SHUT_WR);
    server_wait(s);
}

static void serve_early(struct server *s)
{
    SSL_set_max_early_data(s->ssl, 16384);
    server_good(s);
}

/* ---- time ---- */

/* Says so many records of its first flight, and half of the next; then nothing. -1: does not even read. */
static void serve_stall(struct server *s)
{
    uint32_t at = 0;
    if (s->c->arg >= 0 && server_greet(s)) {
        for (long i = 0; i < s->c->arg && at < s->flight_len; i++)
            at += record_len(s->flight + at);
        uint32_t half = at < s->flight_len ? record_len(s->flight + at) / 2 : 0;
        server_send(s, s->flight, at + half);
    }
    server_wait(s);
}

static void drip(struct server *s)
{
    const struct timespec pause = {0, 2000000};
    for (uint32_t i = 0; i < s->flight_len && !s->over; i++) {
        uint8_t octet;
        server_send(s, s->flight + i, 1);
        nanosleep(&pause, NULL);
        s->over = recv(s->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }
}

static void serve_drip(struct server *s)
{
    if (server_greet(s))
        drip(s);
    server_wait(s);
}

static void serve_drip_data(struct server *s)
{
    static uint8_t data[4096];
    if (server_shake(s) && server_listen(s)) {
        (void)SSL_write(s->ssl, data, sizeof data);
        int n = BIO_read(s->out, s->flight, sizeof s->flight);
        s->flight_len = n > 0 ? (uint32_t)n : 0;
        drip(s);
    }
    server_wait(s);
}

/* ---- what else must be so ---- */

static bool check_close_was_answered(const struct outcome *o) { return o->report->said_close; }

static bool check_resumed(const struct outcome *o)
{
    bool good = !o->results[0].resumed;
    for (uint32_t i = 1; i < o->turns; i++)
        good = good && o->results[i].resumed && o->report->resumed[i];
    return good;
}

static bool check_not_resumed(const struct outcome *o)
{
    bool good = true;
    for (uint32_t i = 0; i < o->turns; i++)
        good = good && !o->results[i].resumed && !o->report->resumed[i];
    return good;
}

static bool check_no_ticket_offered(const struct outcome *o)
{
    return check_not_resumed(o) && !o->report->offered_ticket[0] && !o->report->offered_ticket[1];
}

static bool check_no_early_data(const struct outcome *o)
{
    bool good = check_resumed(o);
    for (uint32_t i = 0; i < o->turns; i++)
        good = good && !o->report->asked_early[i] && (i == 0 || o->report->offered_ticket[i]);
    return good;
}

static bool check_name_sent(const struct outcome *o)
{
    return o->report->sni_sent && strcmp(o->report->sni, PKI_HOST) == 0;
}

static bool check_no_name_sent(const struct outcome *o) { return !o->report->sni_sent; }

/* clang-format off */
const struct tls_case cases_life[] = {
    {69, "close_notify, then FIN", "ok", .version = TLS1_3_VERSION, .check = check_close_was_answered},
    {69, "close_notify, then FIN, TLS 1.2", "ok", .version = TLS1_2_VERSION, .check = check_close_was_answered},
    {69, "close_notify and FIN at once", "ok", .serve = serve_end_at_once},
    {69, "close_notify and FIN at once, TLS 1.2", "ok", .serve = serve_end_at_once, .version = TLS1_2_VERSION},
    {70, "FIN without close_notify at a record's edge", "truncated", .serve = serve_fin},
    {70, "FIN without close_notify at a record's edge, TLS 1.2", "truncated", .serve = serve_fin, .version = TLS1_2_VERSION},
    {71, "FIN inside a record", "truncated", .serve = serve_fin, .arg = 30},
    {71, "FIN inside a header", "truncated", .serve = serve_fin, .arg = 3},
    {71, "FIN inside a record, TLS 1.2", "truncated", .serve = serve_fin, .arg = 30, .version = TLS1_2_VERSION},
    {71, "FIN before the ServerHello", "truncated", .serve = serve_fin_in_handshake, .arg = 0},
    {71, "FIN after the ServerHello", "truncated", .serve = serve_fin_in_handshake, .arg = 1},
    {72, "RST for the ClientHello", "reset", .serve = serve_reset, .arg = RESET_FIRST},
    {72, "RST in the handshake", "reset", .serve = serve_reset, .arg = RESET_IN_HANDSHAKE},
    {72, "RST after data", "reset", .serve = serve_reset, .arg = RESET_AFTER_ANSWER},
    {73, "fatal alert before the ServerHello", "alert", .serve = serve_fatal, .arg = -1},
    {73, "fatal alert after the ServerHello", "alert", .serve = serve_fatal, .arg = 0},
    {73, "fatal alert after EncryptedExtensions", "alert", .serve = serve_fatal, .arg = 1},
    {73, "fatal alert after Certificate", "alert", .serve = serve_fatal, .arg = 2},
    {73, "fatal alert after CertificateVerify", "alert", .serve = serve_fatal, .arg = 3},
    {73, "fatal alert after Finished", "alert", .serve = serve_fatal, .arg = 4},
    {73, "fatal alert after the request", "alert", .serve = serve_fatal, .arg = 5},
    {73, "fatal alert before the ServerHello, TLS 1.2", "alert", .serve = serve_fatal_12, .arg = 0, .version = TLS1_2_VERSION},
    {73, "fatal alert after the ServerHello, TLS 1.2", "alert", .serve = serve_fatal_12, .arg = 1, .version = TLS1_2_VERSION},
    {73, "fatal alert after Certificate, TLS 1.2", "alert", .serve = serve_fatal_12, .arg = 2, .version = TLS1_2_VERSION},
    {73, "fatal alert after ServerKeyExchange, TLS 1.2", "alert", .serve = serve_fatal_12, .arg = 3, .version = TLS1_2_VERSION},
    {73, "fatal alert after ServerHelloDone, TLS 1.2", "alert", .serve = serve_fatal_12, .arg = 4, .version = TLS1_2_VERSION},
    {74, "KeyUpdate, no answer asked", "ok", .serve = serve_updates, .arg = 1, .check = check_close_was_answered},
    {75, "KeyUpdate, answer asked", "ok", .serve = serve_asked_updates, .arg = 1, .check = check_close_was_answered},
    {76, "1,000 KeyUpdates", "ok", .serve = serve_updates, .arg = 1000, .check = check_close_was_answered},
    {76, "1,000 KeyUpdates, answers asked", "ok", .serve = serve_asked_updates, .arg = 1000, .check = check_close_was_answered},
    {77, "flood of tickets", "ok", .serve = serve_tickets, .arg = 1000, .turns = 2, .check = check_resumed},
    {78, "resumption", "ok", .turns = 3, .version = TLS1_3_VERSION, .check = check_resumed},
    {78, "resumption, TLS 1.2", "ok", .turns = 3, .version = TLS1_2_VERSION, .check = check_resumed},
    {79, "ticket that the server has forgotten", "ok", .turns = 2, .then_chain = {GOOD, INTER}, .check = check_not_resumed},
    {79, "ticket that the server has forgotten, TLS 1.2", "ok", .turns = 2, .then_chain = {GOOD, INTER}, .version = TLS1_2_VERSION,
         .check = check_not_resumed},
    {79, "ticket that lives for 0 s is not offered", "ok", .serve = serve_dead_ticket, .turns = 2, .check = check_no_ticket_offered},
    {80, "ticket of another name is not offered", "ok", .chain = {BOTH_NAMES, INTER}, .turns = 2, .then_host = "two.example",
         .check = check_no_ticket_offered},
    {80, "ticket of another name is no trust", "ok", .turns = 2, .then_host = "two.example", .then_want = "name",
         .check = check_no_ticket_offered},
    {80, "ticket of a name is not offered to the address", "ok", .turns = 2, .then_host = "127.0.0.1", .then_want = "name",
         .check = check_no_ticket_offered},
    {81, "another good certificate on reconnect", "ok", .turns = 2, .then_chain = {GOOD_RSA, INTER}, .check = check_not_resumed},
    {81, "a stranger's certificate on reconnect", "ok", .turns = 2, .then_chain = {STRANGER, STRANGER_INTER}, .then_want = "untrusted"},
    {81, "another name's certificate on reconnect", "ok", .turns = 2, .then_chain = {OTHER_NAME, INTER}, .then_want = "name"},
    {82, "early data offered by the server, and never used", "ok", .serve = serve_early, .turns = 3, .check = check_no_early_data},
    {83, "stall before the ServerHello", "timeout", .serve = serve_stall, .arg = -1, .deadline_ms = STALL_MS},
    {83, "stall in the ServerHello", "timeout", .serve = serve_stall, .arg = 0, .deadline_ms = STALL_MS},
    {83, "stall after the ServerHello", "timeout", .serve = serve_stall, .arg = 1, .deadline_ms = STALL_MS},
    {83, "stall in EncryptedExtensions", "timeout", .serve = serve_stall, .arg = 2, .deadline_ms = STALL_MS},
    {83, "stall in Certificate", "timeout", .serve = serve_stall, .arg = 3, .deadline_ms = STALL_MS},
    {83, "stall in CertificateVerify", "timeout", .serve = serve_stall, .arg = 4, .deadline_ms = STALL_MS},
    {83, "stall in Finished", "timeout", .serve = serve_stall, .arg = 5, .deadline_ms = STALL_MS},
    {83, "stall in Certificate, TLS 1.2", "timeout", .serve = serve_stall, .arg = 1, .version = TLS1_2_VERSION, .deadline_ms = STALL_MS},
    {83, "stall in ServerKeyExchange, TLS 1.2", "timeout", .serve = serve_stall, .arg = 2, .version = TLS1_2_VERSION,
         .deadline_ms = STALL_MS},
    {83, "stall in ServerHelloDone, TLS 1.2", "timeout", .serve = serve_stall, .arg = 3, .version = TLS1_2_VERSION, .deadline_ms = STALL_MS},
    {83, "stall before Finished, TLS 1.2", "timeout", .serve = serve_stall, .arg = 4, .version = TLS1_2_VERSION, .deadline_ms = STALL_MS},
    {84, "slow drip of the handshake", "timeout", .serve = serve_drip, .deadline_ms = STALL_MS},
    {84, "slow drip of a record", "open", .serve = serve_drip_data, .deadline_ms = 1000},
    {85, "half-close: close_notify and FIN, and the server still listens", "ok", .check = check_close_was_answered},
    {85, "half-close without close_notify", "truncated", .serve = serve_fin},

    {86, "the name is announced", "ok", .check = check_name_sent},
    {86, "the name is announced, TLS 1.2", "ok", .version = TLS1_2_VERSION, .check = check_name_sent},
    {87, "no name is announced to an address", "ok", .chain = {IP_V4, INTER}, .host = "127.0.0.1", .check = check_no_name_sent},
    {87, "no name is announced to an address of version 6", "ok", .chain = {IP_V6, INTER}, .host = "::1", .check = check_no_name_sent},
};
/* clang-format on */
const uint32_t cases_life_count = MR_COUNT_OF(cases_life);
