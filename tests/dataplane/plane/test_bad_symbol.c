/* A feed of three symbols of a venue that ends the connection when it is asked for one that it does not know: one is good, one is not in the
 * venue's list, and of the third no list tells. */
#include <stdio.h>

#include "dataplane/ring/workspace.h"
#include "tests/dataplane/plane/rig.h"
#include "tests/support/support.h"

static const struct rig_feed feeds[] = {{.product = "hyperliquid:perp", .symbols = {"BTC", "NOSUCH", "xyz:NOSUCH"}}};
static struct rig rig;

static int open_scene(void **state)
{
    (void)state;
    struct mr_err err = {""};
    if (rig_open(&rig, feeds, MR_COUNT_OF(feeds)))
        return 1;
    rig.config.quarantine_s = 600;
    if (mr_plane_open(&rig.plane, &rig.config, NULL, &err) == MR_OK && mr_plane_start(rig.plane, &err) == MR_OK)
        return 0;
    print_error("%s\n", err.text);
    return 1;
}

static int close_scene(void **state)
{
    (void)state;
    return rig_close(&rig);
}

/* NULL before the first round. */
static const struct mr_plane_connection *connection(void)
{
    static struct mr_plane_connections c;
    struct mr_region r;
    assert_int_equal(mr_workspace_find(mr_plane_workspace(rig.plane), "connections/0", &r), MR_OK);
    return mr_image_read(r.mem, &c, sizeof c, NULL) == MR_OK ? &c.row[0] : NULL;
}

static void the_good_symbol_lives_and_the_bad_ones_are_named(void **state)
{
    (void)state;
    struct mr_plane_book book = {0};
    const struct mr_plane_connection *c = NULL;
    for (int i = 0; i < 400; i++, mr_test_rest(50)) {
        c = connection();
        if (c && c->state == MR_SESSION_LIVE && rig_book(&rig, 0, &book) && book.live)
            break;
    }
    assert_non_null(c);
    assert_int_equal(c->state, MR_SESSION_LIVE);
    assert_true(book.live);
    uint64_t unlisted = rig_count(&rig, 0, "session", "unlisted"), blamed = rig_count(&rig, 0, "session", "blamed");
    assert_true(unlisted > 0);
    assert_int_equal(blamed, unlisted); /* as many streams of the one as of the other */
    assert_int_equal(c->held, blamed + unlisted);
    assert_string_equal(c->held_symbol, "NOSUCH");
    uint64_t dials = rig_count(&rig, 0, "session", "dials");
    assert_in_range(dials, 2, 8);
    mr_test_rest(1500);
    assert_int_equal(rig_count(&rig, 0, "session", "dials"), dials);
    assert_int_equal(connection()->state, MR_SESSION_LIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_good_symbol_lives_and_the_bad_ones_are_named)};
    return cmocka_run_group_tests(tests, open_scene, close_scene) ? 1 : 0;
}
