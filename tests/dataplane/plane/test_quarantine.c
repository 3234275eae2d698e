/* Malformed frames on a live TLS connection: their bytes lie in the quarantine, the connection and the books go on as if nothing was. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/plane/plane.h"
#include "dataplane/record/quarantine.h"
#include "dataplane/record/recording.h"
#include "dataplane/ring/workspace.h"
#include "tests/exchange/server/server.h"
#include "tests/support/support.h"

#define PRODUCT "bybit:linear"

static struct mr_exchange *exchange;
static struct mr_plane *plane;
static char folder[64];

struct wanted {
    const char *name;
    uint64_t sum;
};

static void add_up(void *arg, const struct mr_metric_view *v)
{
    struct wanted *w = arg;
    if (strcmp(v->name, w->name) == 0)
        w->sum += (uint64_t)v->value;
}

static uint64_t count_of(const char *block, const char *name)
{
    struct wanted w = {name, 0};
    struct mr_region r;
    for (uint32_t i = 0; mr_workspace_region(mr_plane_workspace(plane), i, &r) == MR_OK; i++)
        if (r.kind == MR_REGION_METRICS && strncmp(r.name, block, strlen(block)) == 0)
            mr_metrics_each(r.mem, r.bytes, add_up, &w);
    return w.sum;
}

static bool image(const char *name, void *out, uint32_t bytes)
{
    struct mr_region r;
    return mr_workspace_find(mr_plane_workspace(plane), name, &r) == MR_OK &&
           mr_image_read(r.mem, out, bytes, NULL) == MR_OK;
}

static bool becomes_live(void)
{
    for (int i = 0; i < 600; i++, mr_test_rest(50)) {
        struct mr_plane_book b;
        if (image("book/0", &b, sizeof b) && b.live)
            return true;
    }
    return false;
}

static void open_scene(void)
{
    struct mr_err err = {""};
    static struct mr_plane_config c;
    snprintf(folder, sizeof folder, "/tmp/millrace-quarantine-XXXXXX");
    assert_non_null(mkdtemp(folder));
    const struct mr_exchange_config exchange_config = {
        .certs = folder, .tape = {.pace = 1, .market = {.seed = 11, .warm_up_ns = 3000000000}}};
    assert_int_equal(mr_exchange_open(&exchange, &exchange_config, &err), MR_OK);
    assert_int_equal(mr_exchange_start(exchange, &err), MR_OK);
    mr_plane_config_default(&c);
    c.merged = true;
    c.instruments_max = 16;
    c.books_max = 4;
    c.record_budget_ns = 3600000000000;
    c.quarantine = true;
    c.quarantine_per_minute = 3;
    snprintf(c.workspace, sizeof c.workspace, "%s/workspace", folder);
    snprintf(c.ca_file, sizeof c.ca_file, "%s", mr_exchange_ca(exchange));
    snprintf(c.record_folder, sizeof c.record_folder, "%s/recordings", folder);
    snprintf(c.quarantine_folder, sizeof c.quarantine_folder, "%s/quarantine", folder);
    struct mr_plane_feed *f = &c.feeds[c.feed_count++];
    strcpy(f->product, PRODUCT);
    strcpy(f->symbols[f->symbol_count++].name, "BTCUSDT");
    f->fixed = (struct mr_address){.ip = {127, 0, 0, 1}, .family = 4, .port = mr_exchange_port(exchange)};
    assert_int_equal(mr_plane_open(&plane, &c, NULL, &err), MR_OK);
    assert_int_equal(mr_plane_start(plane, &err), MR_OK);
}

static void malformed_frames_of_a_live_connection_lie_in_the_quarantine_byte_for_byte(void **state)
{
    (void)state;
    struct mr_err err;
    char path[128];
    open_scene();
    assert_true(becomes_live());
    const uint64_t closes = count_of("metrics/session/", "closes"), gaps = count_of("metrics/feed/", "gaps");
    struct mr_exchange_fault fault = {.kind = MR_FAULT_GARBAGE, .count = 5, .product = PRODUCT};
    assert_int_equal(mr_exchange_fault(exchange, &fault, &err), MR_OK);
    for (int i = 0; i < 200 && count_of("metrics/feed/", "malformed") < 5; i++)
        mr_test_rest(50);
    assert_int_equal(count_of("metrics/feed/", "malformed"), 5); /* all are counted */
    assert_int_equal(count_of("metrics/feed/", "quarantined"), 3);
    assert_int_equal(count_of("metrics/feed/", "not_quarantined"), 2);
    const uint64_t messages = count_of("metrics/feed/" PRODUCT, "messages");
    for (int i = 0; i < 100 && count_of("metrics/feed/" PRODUCT, "messages") < messages + 10; i++)
        mr_test_rest(50);
    assert_true(count_of("metrics/feed/" PRODUCT, "messages") >= messages + 10); /* it goes on */
    assert_int_equal(count_of("metrics/session/", "closes"), closes);
    assert_int_equal(count_of("metrics/feed/", "gaps"), gaps);
    static struct mr_record_show show;
    for (int i = 0; i < 100 && show.refused < 3; i++, mr_test_rest(50))
        assert_true(image("recording", &show, sizeof show));
    assert_int_equal(show.refused, 3);
    assert_int_equal(show.state, MR_RECORD_OFF); /* nobody asked for a recording */
    mr_plane_stop(plane);

    struct mr_recording *in;
    struct mr_capture_record r;
    struct mr_quarantined q;
    snprintf(path, sizeof path, "%s/quarantine", folder);
    assert_int_equal(mr_recording_open(&in, path, "quarantine", &err), MR_OK);
    for (uint32_t i = 0; i < 3; i++) {
        char want[64];
        assert_int_equal(mr_recording_next(in, &r), MR_OK);
        const char *connection = memmem(r.data, r.len, " of connection ", 15);
        assert_non_null(connection);
        snprintf(want, sizeof want, "}{garbage %u of connection %lu\\\"", i, strtoul(connection + 15, NULL, 10));
        assert_int_equal(r.len, strlen(want));
        assert_memory_equal(r.data, want, r.len);
        assert_true(r.venue == MR_VENUE_bybit && r.recv_ns > 1600000000000000000 && r.clock != MR_CLOCK_VENUE);
        assert_int_equal(mr_quarantine_read(r.name, &q), MR_OK);
        assert_string_equal(q.reason, "MALFORMED");
        assert_int_equal(q.at, 0);
        assert_int_equal(q.seen, i + 1);
    }
    assert_int_equal(mr_recording_next(in, &r), MR_E_END);
    mr_recording_close(in);
    mr_plane_close(plane);
    mr_exchange_stop(exchange);
    mr_exchange_close(exchange);
    assert_int_equal(mr_test_remove(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_frames_of_a_live_connection_lie_in_the_quarantine_byte_for_byte),
    };
    return MR_TEST_MAIN(tests);
}
