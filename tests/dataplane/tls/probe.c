#include "tests/dataplane/tls/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PIECES 8
#define PLAIN_BYTES 16384
#define WAIT_NS 5000000
#define LINGER_NS 3000000
#define LINGER_MUCH_NS 200000000 /* where more was said than a peer takes at once */
#define MUCH 8192

/* The one place that knows the sources by name. */
static const struct mr_source_ops *source_named(const char *name)
{
    static const struct mr_source_ops *const all[] = {&mr_source_socket_ops, &mr_source_uring_ops, &mr_source_dpdk_ops};
    for (size_t i = 0; i < MR_COUNT_OF(all); i++)
        if (strncmp(all[i]->name, name, strcspn(name, ":")) == 0 && all[i]->name[strcspn(name, ":")] == 0)
            return all[i];
    return NULL;
}

static void wait_for(struct mr_source *s, int64_t most_ns)
{
    if (s->ops->wait)
        s->ops->wait(s, most_ns);
    else
        nanosleep(&(struct timespec){0, 20000},
                  NULL); /* it only spins, and a spinning test waits its turn on a busy machine */
}

int mr_probe_open(struct mr_probe *probe, const char *source, struct mr_err *err)
{
    memset(probe, 0, sizeof *probe);
    const struct mr_source_ops *ops = source_named(source);
    if (!ops)
        return mr_err_set(err, MR_E_INVALID, "--source %s: socket, uring or dpdk:INTERFACE", source);
    mr_clock_open(&probe->clock);
    mr_dpdk_config_default(&probe->dpdk);
    probe->dpdk.mode = MR_DPDK_SHARED;
    if (strchr(source, ':'))
        snprintf(probe->dpdk.interface, sizeof probe->dpdk.interface, "%s", strchr(source, ':') + 1);
    const struct mr_stream_config config = {.connections_max = 1,
                                            .buffer_bytes = 16384,
                                            .buffers = 16,
                                            .send_bytes = 65536,
                                            .clock = &probe->clock,
                                            .dpdk = &probe->dpdk};
    size_t bytes = (ops->bytes(&config) + 4095) & ~(size_t)4095;
    probe->mem = aligned_alloc(4096, bytes);
    if (!probe->mem)
        return mr_err_set(err, MR_E_NOMEM, "tls_probe: no memory");
    memset(probe->mem, 0, bytes);
    int status = ops->open(&probe->source, probe->mem, &config, err);
    if (status < 0) {
        free(probe->mem);
        probe->mem = NULL;
    }
    return status;
}

void mr_probe_close(struct mr_probe *probe)
{
    if (!probe->mem)
        return;
    probe->source.ops->close(&probe->source);
    free(probe->mem);
    probe->mem = NULL;
}

struct run {
    struct mr_source *source;
    struct mr_tls *tls;
    const struct mr_probe_dial *dial;
    struct mr_probe_result *out;
    bool over, gone; /* gone: the source has no connection any more */
    uint64_t given;  /* bytes, to the source */
};

static void finish(struct run *r, const char *word, const char *sentence)
{
    if (r->over)
        return;
    r->over = true;
    r->out->word = word;
    snprintf(r->out->sentence, sizeof r->out->sentence, "%s", sentence);
}

static void finish_tls(struct run *r) { finish(r, mr_tls_reason_word(mr_tls_reason(r->tls)), mr_tls_error(r->tls)); }

static void flush(struct run *r)
{
    const uint8_t *data;
    uint32_t len;
    while ((len = mr_tls_output(r->tls, &data)) > 0) {
        int64_t n = r->source->ops->send(r->source, 0, data, len);
        if (n <= 0)
            return; /* no room now, or broken: then a piece says so */
        mr_tls_sent(r->tls, (uint32_t)n);
        r->given += (uint64_t)n;
    }
}

static void established(struct run *r)
{
    struct mr_tls_info info;
    mr_tls_info(r->tls, &info);
    r->out->established = true;
    r->out->resumed = info.resumed;
    snprintf(r->out->tls, sizeof r->out->tls, "%s %s", info.version, info.cipher);
    MR_ASSERT(mr_tls_write(r->tls, (const uint8_t *)MR_PROBE_REQUEST, sizeof MR_PROBE_REQUEST - 1) == MR_OK);
}

static void keep(struct mr_probe_result *out, const uint8_t *plain, uint32_t len)
{
    size_t room = sizeof out->begins - 1, used = out->received < room ? out->received : room;
    size_t take = len < room - used ? len : room - used;
    memcpy(out->begins + used, plain, take);
    out->begins[used + take] = 0;
    out->received += len;
}

static void read_all(struct run *r, struct mr_tls_cursor *in)
{
    static uint8_t plain[PLAIN_BYTES];
    int64_t n;
    bool sent = true;
    while ((n = mr_tls_read(r->tls, in, plain, sizeof plain)) > 0 || (n == MR_E_FULL && sent)) {
        const uint8_t *data;
        uint32_t before = mr_tls_output(r->tls, &data);
        if (n > 0)
            keep(r->out, plain, (uint32_t)n);
        else
            flush(r); /* answers to key updates fill the queue */
        sent = n > 0 || mr_tls_output(r->tls, &data) < before;
    }
    flush(r);
    if (n == MR_E_END) {
        mr_tls_shut(r->tls);
        flush(r);
        finish(r, "ok", r->out->tls);
    } else if (n < 0 && n != MR_E_FULL) {
        finish_tls(r);
    }
}

static void stream(struct run *r, struct mr_tls_cursor in)
{
    if (!r->out->established) {
        int status = mr_tls_handshake(r->tls, &in);
        if (status == MR_OK)
            established(r);
        flush(r);
        if (status < 0 && status != MR_E_AGAIN)
            finish_tls(r);
        if (status != MR_OK)
            return;
    }
    read_all(r, &in);
}

static void closed(struct run *r, const struct mr_piece *piece)
{
    r->gone = true;
    char why[128];
    snprintf(why, sizeof why, "%.*s", (int)piece->name.len, (const char *)piece->name.data);
    if (piece->status == MR_E_END) {
        (void)mr_tls_ended(r->tls);
        finish_tls(r);
    } else
        finish(r, strstr(why, "refused") ? "refused" : strstr(why, "reset") ? "reset" : "network", why);
}

static void take(struct run *r, const struct mr_piece *piece)
{
    if (r->over) {
        r->gone = r->gone || piece->kind == MR_PIECE_CLOSED;
        return;
    }
    if (piece->kind == MR_PIECE_OPENED)
        stream(r, (struct mr_tls_cursor){NULL, 0});
    else if (piece->kind == MR_PIECE_STREAM)
        stream(r, (struct mr_tls_cursor){piece->data, piece->len});
    else if (piece->kind == MR_PIECE_CLOSED)
        closed(r, piece);
}

/* Sources may hold what was just given to them (close_notify, an alert): a moment for it, or until the peer has gone too. */
static void linger(struct run *r, struct mr_clock *clock)
{
    const struct mr_source_ops *ops = r->source->ops;
    int64_t until = mr_clock_mono() + (r->given > MUCH ? LINGER_MUCH_NS : LINGER_NS);
    while (!r->gone && mr_clock_mono() < until) {
        struct mr_piece pieces[PIECES];
        int n = ops->poll(r->source, mr_clock_now(clock), pieces, PIECES);
        for (int i = 0; i < n; i++) {
            r->gone = r->gone || pieces[i].kind == MR_PIECE_CLOSED;
            ops->release(r->source, &pieces[i]);
        }
        if (!r->gone)
            flush(r); /* what there was no room for before */
        if (n == 0)
            wait_for(r->source, LINGER_NS / 4);
    }
}

static void go(struct mr_probe *probe, struct run *r)
{
    const struct mr_source_ops *ops = r->source->ops;
    const struct mr_dial dial = {.peer = r->dial->address};
    int64_t until = mr_clock_mono() + r->dial->deadline_ms * 1000000;
    int status = ops->connect(r->source, 0, &dial, mr_clock_now(&probe->clock));
    if (status < 0)
        finish(r, "network", mr_status_text(status));
    while (!r->over) {
        struct mr_piece pieces[PIECES];
        int n = ops->poll(r->source, mr_clock_now(&probe->clock), pieces, PIECES);
        for (int i = 0; i < n; i++) {
            take(r, &pieces[i]);
            ops->release(r->source, &pieces[i]);
        }
        if (!r->over && n <= 0)
            wait_for(r->source, WAIT_NS);
        if (!r->over && mr_clock_mono() >= until)
            finish(r, r->out->established ? "open" : "timeout", "the deadline came");
        else if (!r->over && r->out->established)
            flush(r);
    }
    linger(r, &probe->clock);
    ops->close_connection(r->source, 0);
    struct mr_piece none; /* what a user-space stack answers to the end goes out with a round */
    ops->poll(r->source, mr_clock_now(&probe->clock), &none, 0);
}

void mr_probe_run(struct mr_probe *probe, struct mr_tls_context *context, const struct mr_probe_dial *dial,
                  struct mr_probe_result *out)
{
    struct mr_err err = {""};
    struct run r = {.source = &probe->source, .dial = dial, .out = out};
    *out = (struct mr_probe_result){0};
    if (mr_tls_new(&r.tls, context) < 0 || mr_tls_open(r.tls, dial->host, &err) < 0)
        finish(&r, "config", err.text);
    else
        go(probe, &r);
    mr_tls_free(r.tls);
}
