/* Memory that is not on the node of the cores: a start is refused, unless that was said to be meant. */
#include "dataplane/mem/near.h"
#include "dataplane/metrics/metrics.h"
#include "dataplane/ring/workspace.h"
#include "tests/dataplane/plane/rig.h"
#include "tests/support/support.h"

#define NO_NODE 1000 /* that a host has */

static const struct rig_feed feeds[] = {{.product = "binance:usdm", .symbols = {"BTCUSDT"}}};
static struct rig rig;

static void take_far(void *arg, const struct mr_metric_view *view)
{
    if (strcmp(view->name, "far") == 0)
        *(int64_t *)arg = view->value;
}

static int64_t far_bytes(void)
{
    struct mr_region r;
    int64_t far = -1;
    assert_int_equal(mr_workspace_find(mr_plane_workspace(rig.plane), "metrics/memory", &r), MR_OK);
    assert_int_equal(mr_metrics_each(r.mem, r.bytes, take_far, &far), MR_OK);
    return far;
}

static void memory_on_another_node_is_refused_unless_it_is_meant(void **state)
{
    (void)state;
    struct mr_err err = {""};
    assert_int_equal(rig_open(&rig, feeds, MR_COUNT_OF(feeds)), 0);
    rig.config.node = NO_NODE;
    rig.config.placement = MR_PLANE_STRICT;
    assert_int_equal(mr_plane_open(&rig.plane, &rig.config, NULL, &err), MR_E_NOMEM);
    assert_non_null(strstr(err.text, "are not on node 1000, where the tiles are"));
    assert_non_null(strstr(err.text, "plane.placement: anywhere"));
    rig.config.placement = MR_PLANE_ANYWHERE;
    assert_int_equal(mr_plane_open(&rig.plane, &rig.config, NULL, &err), MR_OK);
    assert_true(far_bytes() > 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_on_another_node_is_refused_unless_it_is_meant)};
    struct mr_guard page = mr_guard_open(4096);
    page.data[0] = 1;
    if (mr_memory_far(page.data, 4096, NO_NODE) == 0) {
        mr_test_skip_line("a kernel without nodes");
        return 77;
    }
    mr_guard_close(&page);
    return MR_TEST_MAIN(tests);
}
