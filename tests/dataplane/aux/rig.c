#include "tests/dataplane/aux/rig.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/millrace-aux-XXXXXX";
char ca_file[64], other_ca_file[64];
struct https_server *server, *misnamed;

int64_t wall_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

static void *ring(size_t *bytes)
{
    *bytes = mr_bytes_ring_bytes(RING_AREA);
    void *mem = aligned_alloc(128, (*bytes + 127) / 128 * 128);
    assert_int_equal(mr_bytes_ring_init(mem, RING_AREA, MR_RING_BACKPRESSURE), MR_OK);
    return mem;
}

struct mr_address loopback(uint16_t port)
{
    return (struct mr_address){.ip = {127, 0, 0, 1}, .family = 4, .port = port};
}

/* "rest.test", whatever the port, is where the server listens: as a venue's name behind a fixed address. */
struct rig *rig_open(struct mr_aux_config config)
{
    struct rig *r = aligned_alloc(128, (sizeof *r + 127) / 128 * 128);
    memset(r, 0, sizeof *r);
    mr_metrics_init_values(&r->metrics, &mr_aux_metrics_desc);
    r->link.requests = ring(&r->link.requests_bytes);
    r->link.answers = ring(&r->link.answers_bytes);
    r->config = config;
    r->config.links = &r->link;
    r->config.link_count = 1;
    if (!r->config.overrides) {
        r->overrides[0] = (struct mr_aux_override){.host = "rest.test", .address = loopback(https_server_port(server))};
        r->overrides[1] = (struct mr_aux_override){
            .host = "misnamed.test", .port = 443, .address = loopback(https_server_port(misnamed))};
        r->config.overrides = r->overrides;
        r->config.override_count = 2;
    }
    if (!r->config.ca_file)
        r->config.ca_file = ca_file;
    r->config.metrics = &r->metrics;
    r->state = aligned_alloc(128, (mr_aux_tile.bytes(&r->config) + 127) / 128 * 128);
    struct mr_err err;
    assert_int_equal(mr_aux_tile.boot(r->state, &r->config, NULL, &err), MR_OK);
    assert_int_equal(mr_ring_writer_open(&r->ask, r->link.requests, r->link.requests_bytes), MR_OK);
    assert_int_equal(mr_ring_reader_open(&r->answers, r->link.answers, r->link.answers_bytes), MR_OK);
    r->inbox = (struct mr_aux_inbox){.answers = &r->answers, .body = malloc(8u << 20), .body_max = 8u << 20};
    return r;
}

void rig_close(struct rig *r)
{
    mr_aux_tile.halt(r->state);
    free(r->inbox.body);
    free(r->link.requests);
    free(r->link.answers);
    free(r->state);
    free(r);
}

void step(struct rig *r)
{
    mr_aux_tile.step(r->state, wall_ns() + r->ahead_ns);
    mr_aux_tile.housekeep(r->state, wall_ns() + r->ahead_ns);
}

int ask_post(struct rig *r, const char *url, const char *post)
{
    const struct mr_aux_request request = {.kind = MR_AUX_GET,
                                           .venue = 3,
                                           .product = 1,
                                           .purpose = 2,
                                           .connection = 7,
                                           .instrument = 42,
                                           .id = ++r->next_id};
    return mr_aux_ask(&r->ask, &request, url, post);
}

void ask(struct rig *r, const char *url) { assert_int_equal(ask_post(r, url, NULL), MR_OK); }

void ask_name(struct rig *r, const char *host, uint16_t port)
{
    const struct mr_aux_request request = {.kind = MR_AUX_RESOLVE, .port = port, .id = ++r->next_id};
    assert_int_equal(mr_aux_ask(&r->ask, &request, host, NULL), MR_OK);
}

/* Steps until an answer is there; a minute without one is a failure. */
struct mr_aux_reply take(struct rig *r)
{
    struct mr_aux_reply reply;
    int64_t until = wall_ns() + 60 * SECOND_NS;
    while (!mr_aux_take(&r->inbox, &reply)) {
        assert_int_equal(r->answers.status, MR_OK);
        assert_true(wall_ns() < until);
        step(r);
    }
    return reply;
}

struct mr_aux_reply fetch(struct rig *r, const char *url)
{
    ask(r, url);
    struct mr_aux_reply reply = take(r);
    assert_int_equal(reply.head.request.id, r->next_id);
    assert_true(mr_span_is(reply.url, url, strlen(url)));
    return reply;
}

bool is_pattern(struct mr_span body, uint32_t len)
{
    if (body.len != len)
        return false;
    for (uint32_t i = 0; i < len; i++)
        if (body.data[i] != https_server_pattern(i))
            return false;
    return true;
}

int open_servers(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(ca_file, sizeof ca_file, "%s/ca.pem", folder);
    snprintf(other_ca_file, sizeof other_ca_file, "%s/other.pem", folder);
    server = https_server_open("DNS:rest.test,IP:127.0.0.1", ca_file);
    misnamed = https_server_open("DNS:somebody.test", other_ca_file);
    return 0;
}

int close_servers(void **state)
{
    (void)state;
    https_server_close(server);
    https_server_close(misnamed);
    unlink(ca_file);
    unlink(other_ca_file);
    rmdir(folder);
    return 0;
}
