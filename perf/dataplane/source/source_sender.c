#include "perf/dataplane/source/source_sender.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "perf/bench.h"
#include "tests/dataplane/tls/peer.h"

static bool make_certificates(struct sender *s)
{
    snprintf(s->folder, sizeof s->folder, "/tmp/millrace-bench-XXXXXX");
    if (!mkdtemp(s->folder))
        return false;
    snprintf(s->ca_path, sizeof s->ca_path, "%s/ca.pem", s->folder);
    struct mr_peer_certificate ca =
        mr_peer_certify(&(struct mr_peer_wish){.common = "Bench CA", .from_s = -3600, .to_s = 86400, .ca = true});
    struct mr_peer_certificate own = mr_peer_certify(
        &(struct mr_peer_wish){.common = "bench", .dns = SENDER_NAME, .from_s = -3600, .to_s = 86400, .signer = &ca});
    mr_peer_write_pem(&ca, s->ca_path);
    s->tls = mr_peer_context(&own, TLS1_3_VERSION, TLS1_3_VERSION);
    mr_peer_certificate_free(&ca);
    mr_peer_certificate_free(&own);
    return SSL_CTX_set_ciphersuites(s->tls, "TLS_AES_128_GCM_SHA256") == 1;
}

bool sender_open(struct sender *s, uint32_t core, bool veth)
{
    static const uint8_t ip[2][4] = {{127, 0, 0, 1}, {198, 18, 1, 1}}, bypass_ip[4] = {198, 18, 0, 1};
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    memset(s, 0, sizeof *s);
    s->core = core;
    s->payload = sender_update;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(s->ip, ip[veth], 4);
    memcpy(s->bypass_ip, bypass_ip, 4);
    if (!veth)
        memcpy(&at.sin_addr, s->ip, 4); /* else all of that namespace's */
    if (!make_certificates(s) || bind(s->listener, (struct sockaddr *)&at, len) || listen(s->listener, 8) ||
        getsockname(s->listener, (struct sockaddr *)&at, &len))
        return false;
    s->port = ntohs(at.sin_port);
    return true;
}

void sender_close(struct sender *s)
{
    close(s->listener);
    SSL_CTX_free(s->tls);
    unlink(s->ca_path);
    rmdir(s->folder);
}

struct line { /* one connection: OpenSSL over memory, so that the same messages can also be encrypted beforehand */
    int fd;
    SSL *ssl;
    BIO *in, *out;
};

static bool flush(struct line *l)
{
    char *bytes;
    long len = BIO_get_mem_data(l->out, &bytes);
    while (len > 0) {
        ssize_t n = send(l->fd, bytes, (size_t)len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes += n;
        len -= n;
    }
    return BIO_reset(l->out) == 1;
}

static bool shake(struct line *l)
{
    uint8_t bytes[4096];
    while (SSL_do_handshake(l->ssl) != 1) {
        if (!flush(l))
            return false;
        ssize_t n = recv(l->fd, bytes, sizeof bytes, 0);
        if (n <= 0)
            return false;
        BIO_write(l->in, bytes, (int)n);
    }
    return flush(l);
}

/* {"e":"depthUpdate",...}, its three numbers rewritten for each message. */
const char sender_update[] =
    "{\"e\":\"depthUpdate\",\"E\":1700000000123,\"T\":1700000000120,\"s\":\"BTCUSDT\",\"U\":100000000000,\"u\":1000000"
    "00000,\"pu\":100000000000,\"b\":[[\"67123.40\",\"0.512\"],[\"67123.10\",\"1.204\"],[\"67122.00\",\"12.75\"]],"
    "\"a\":"
    "[[\"67123.50\",\"0.331\"],[\"67124.20\",\"3.000\"],[\"67125.00\",\"0.000\"],[\"67128.00\",\"7.00\"],[\"67130.00\","
    "\"2\"]]}";
static_assert(sizeof sender_update - 1 == SENDER_PAYLOAD_BYTES, "one length of all messages");

static uint32_t message_bytes(const struct sender *s) { return SENDER_HEAD_BYTES + (uint32_t)strlen(s->payload); }

uint32_t sender_record_bytes(const struct sender *s)
{
    return message_bytes(s) + SENDER_RECORD_BYTES - SENDER_MESSAGE_BYTES;
}

/* Twelve digits behind the key, where the payload has it. */
static void number(const struct sender *s, uint8_t *message, const char *key, uint64_t value)
{
    char digits[24];
    const char *at = strstr(s->payload, key);
    if (!at)
        return;
    snprintf(digits, sizeof digits, "%012llu", (unsigned long long)value);
    memcpy(message + SENDER_HEAD_BYTES + (at - s->payload) + strlen(key), digits, 12);
}

static void encrypt(const struct sender *s, struct line *l, uint8_t *message, uint32_t i)
{
    static const uint8_t nothing[2 * SENDER_RECORD_BYTES];
    number(s, message, "\"U\":", SENDER_FIRST + i);
    number(s, message, "\"u\":", SENDER_FIRST + i);
    number(s, message, "\"pu\":", SENDER_FIRST + i - 1);
    if (s->plain)
        BIO_write(l->out, nothing, (int)sender_record_bytes(s));
    else
        SSL_write(l->ssl, message, (int)message_bytes(s));
}

static void send_messages(struct line *l, struct sender *s)
{
    uint8_t message[2 * SENDER_MESSAGE_BYTES];
    const uint32_t payload_bytes = (uint32_t)strlen(s->payload);
    if (payload_bytes < 126 || SENDER_HEAD_BYTES + payload_bytes >= sizeof message)
        abort();
    memcpy(message + SENDER_HEAD_BYTES, s->payload, payload_bytes);
    message[0] = 0x81;
    message[1] = 126;
    message[2] = (uint8_t)(payload_bytes >> 8);
    message[3] = (uint8_t)payload_bytes;
    uint64_t due = mr_bench_now_ns() + 2000000;
    if (s->wire)
        s->wire->count = 0; /* what shook hands has left */
    for (uint32_t i = 0; i < s->count; i++) {
        encrypt(s, l, message, i);
        if (!s->pace_ns)
            continue;
        while (mr_bench_now_ns() < due)
            ; /* it has a core of its own, and a sleep would come back late */
        uint64_t now = mr_bench_now_ns();
        due = now + (uint64_t)s->pace_ns; /* no catching up: a burst would measure queueing */
        __atomic_store_n(&s->stamps[i], now, __ATOMIC_RELAXED);
        if (!flush(l))
            return;
    }
    flush(l);
}

static void *serve(void *arg)
{
    struct sender *s = arg;
    mr_bench_pin(s->core);
    struct line l = {.fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC),
                     .ssl = SSL_new(s->tls),
                     .in = BIO_new(BIO_s_mem()),
                     .out = BIO_new(BIO_s_mem())};
    int on = 1;
    setsockopt(l.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_set_bio(l.ssl, l.in, l.out);
    SSL_set_accept_state(l.ssl);
    uint8_t byte;
    if (s->plain || shake(&l)) {
        send_messages(&l, s);
        (void)!recv(l.fd, &byte, 1, 0); /* until the client hangs up */
    }
    SSL_free(l.ssl);
    close(l.fd);
    return NULL;
}

void sender_begin(struct sender *s, uint32_t count, int64_t pace_ns)
{
    s->count = count;
    s->pace_ns = pace_ns;
    if (pthread_create(&s->thread, NULL, serve, s))
        abort();
}

void sender_end(struct sender *s) { pthread_join(s->thread, NULL); }

bool sender_left(const struct sender *s, uint64_t *out)
{
    const struct wire_stamps *w = s->wire;
    uint32_t k = 0;
    for (uint32_t i = 0; w && i < s->count; i++) {
        uint32_t last = w->stamps[0].seq + (i + 1) * SENDER_RECORD_BYTES - 1;
        while (k < w->count && last - w->stamps[k].seq >= w->stamps[k].bytes)
            k++; /* an earlier one, or sent again */
        if (k == w->count)
            return false;
        out[i] = w->stamps[k].mono_ns;
    }
    return w != NULL;
}
