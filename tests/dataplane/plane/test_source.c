/* Which source a feed gets: what it asked for, or the first that works, dpdk before io_uring before plain sockets; why another is not used
 * is said once. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dataplane/log/log.h"
#include "dataplane/plane/plane.h"
#include "tests/support/support.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-source-XXXXXX");
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

static void add_feed(struct mr_plane_config *c, const char *product, uint8_t source, uint32_t tile)
{
    struct mr_plane_feed *f = &c->feeds[c->feed_count++];
    snprintf(f->product, sizeof f->product, "%s", product);
    snprintf(f->symbols[f->symbol_count++].name, sizeof f->symbols[0].name, "BTCUSDT");
    f->source = source;
    f->tile = tile;
    f->paused = true;
}

static struct mr_plane_config config_of(uint8_t source)
{
    struct mr_plane_config c;
    mr_plane_config_default(&c);
    c.source = source;
    c.merged = false;
    snprintf(c.workspace, sizeof c.workspace, "%s/workspace", folder);
    snprintf(c.data, sizeof c.data, "%s/data", folder);
    return c;
}

/* The plane's source, and what the log said of it; "" and the error where it cannot be. */
static const char *chosen(const struct mr_plane_config *c, char *said, size_t bytes, struct mr_err *err)
{
    static char name[16];
    char path[96];
    struct mr_log *log;
    struct mr_plane *plane = NULL;
    snprintf(path, sizeof path, "%s/log", folder);
    unlink(path);
    assert_int_equal(mr_log_open(&log, path, false, MR_LOG_INFO, err), MR_OK);
    int status = mr_plane_open(&plane, c, log, err);
    snprintf(name, sizeof name, "%s", status == MR_OK ? mr_plane_source_name(plane) : "");
    if (plane)
        mr_plane_close(plane);
    mr_log_close(log);
    size_t len;
    char *text = (char *)mr_test_read(folder, "log", &len);
    snprintf(said, bytes, "%s", text ? text : "");
    free(text);
    return name;
}

static uint32_t times(const char *text, const char *word)
{
    uint32_t n = 0;
    for (const char *at = text; (at = strstr(at, word)); at++)
        n++;
    return n;
}

static void auto_passes_over_a_dpdk_port_that_cannot_be_and_says_why_once(void **state)
{
    (void)state;
    char said[4096];
    struct mr_err err = {""};
    struct mr_plane_config c = config_of(MR_PLANE_AUTO);
    add_feed(&c, "binance:usdm", MR_PLANE_AS_PLANE, 0);
    add_feed(&c, "binance:spot", MR_PLANE_AS_PLANE, 0);
    snprintf(c.dpdk.interface, sizeof c.dpdk.interface, "nosuch0");
    c.dpdk.mode = MR_DPDK_SHARED;
    const char *name = chosen(&c, said, sizeof said, &err);
    if (strcmp(name, "uring") != 0 && strcmp(name, "socket") != 0)
        fail_msg("\"%s\": %s", name, err.text);
    assert_int_equal(times(said, "source dpdk is not used: "), 1);
}

static void auto_does_not_speak_of_a_port_that_nobody_named(void **state)
{
    (void)state;
    char said[4096];
    struct mr_err err = {""};
    struct mr_plane_config c = config_of(MR_PLANE_AUTO);
    add_feed(&c, "binance:usdm", MR_PLANE_AS_PLANE, 0);
    assert_true(strlen(chosen(&c, said, sizeof said, &err)) > 0);
    assert_int_equal(times(said, "dpdk"), 0);
}

static void a_feed_may_want_another_source_than_its_plane(void **state)
{
    (void)state;
    char said[4096];
    struct mr_err err = {""};
    struct mr_plane_config c = config_of(MR_PLANE_AUTO);
    add_feed(&c, "binance:usdm", MR_PLANE_SOCKET, 0);
    add_feed(&c, "binance:spot", MR_PLANE_AS_PLANE, 0);
    assert_string_equal(chosen(&c, said, sizeof said, &err), "socket");
    c = config_of(MR_PLANE_SOCKET);
    add_feed(&c, "binance:usdm", MR_PLANE_AS_PLANE, 0);
    assert_string_equal(chosen(&c, said, sizeof said, &err), "socket");
}

static void what_was_asked_for_by_name_is_not_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *says, *interface, *want;
    } cases[] = {
        {"no port is named", "", "feeds[0] (binance:usdm): source dpdk: the config names no port: give dpdk.interface"},
        {"no such interface", "nosuch0", "feeds[0] (binance:usdm): source dpdk: "},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char said[4096];
        struct mr_err err = {""};
        struct mr_plane_config c = config_of(MR_PLANE_DPDK);
        add_feed(&c, "binance:usdm", MR_PLANE_AS_PLANE, 0);
        snprintf(c.dpdk.interface, sizeof c.dpdk.interface, "%s", cases[i].interface);
        c.dpdk.mode = MR_DPDK_SHARED;
        assert_string_equal(chosen(&c, said, sizeof said, &err), "");
        if (strncmp(err.text, cases[i].want, strlen(cases[i].want)) != 0)
            fail_msg("%s: \"%s\", want \"%s\"", cases[i].says, err.text, cases[i].want);
    }
}

/* A port in memory needs nothing of the host. */
static void one_user_space_stack_a_process_is_one_tiles(void **state)
{
    (void)state;
    char said[4096];
    struct mr_err err = {""};
    struct mr_plane_config c = config_of(MR_PLANE_DPDK);
    snprintf(c.dpdk.device, sizeof c.dpdk.device, "net_ring0");
    memcpy(c.dpdk.address, (uint8_t[4]){198, 18, 0, 2}, 4);
    if (mr_dpdk_check(&c.dpdk, &err) == MR_E_UNSUPPORTED) {
        mr_test_skip_line(err.text);
        assert_null(getenv("MILLRACE_REQUIRE_NET"));
        skip();
    }
    c.feed_tiles = 2;
    add_feed(&c, "binance:usdm", MR_PLANE_AS_PLANE, 0);
    add_feed(&c, "binance:spot", MR_PLANE_AS_PLANE, 1);
    assert_string_equal(chosen(&c, said, sizeof said, &err), "");
    assert_non_null(strstr(err.text, "feeds[1] (binance:spot): tile 1, but source dpdk is tile 0's"));
    c.feeds[1].source = MR_PLANE_AUTO; /* left to us: the other tile has what works beside it */
    if (strcmp(chosen(&c, said, sizeof said, &err), "dpdk") != 0)
        fail_msg("%s", err.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auto_passes_over_a_dpdk_port_that_cannot_be_and_says_why_once),
        cmocka_unit_test(auto_does_not_speak_of_a_port_that_nobody_named),
        cmocka_unit_test(a_feed_may_want_another_source_than_its_plane),
        cmocka_unit_test(what_was_asked_for_by_name_is_not_replaced),
        cmocka_unit_test(one_user_space_stack_a_process_is_one_tiles),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder) ? 1 : 0;
}
