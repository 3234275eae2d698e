/* A build without DPDK, shown in every build: the source is there, and says what is missing. */
#include "dataplane/source/dpdk/dpdk.h"
#include "tests/support/support.h"

static void the_source_refuses_with_what_to_install(void **state)
{
    (void)state;
    struct mr_source source = {0};
    struct mr_err err = {""};
    uint8_t mem[64];
    struct mr_stream_config config = {.connections_max = 1};
    assert_string_equal(mr_source_dpdk_ops.name, "dpdk");
    assert_true(mr_source_dpdk_ops.bytes(&config) <= sizeof mem);
    assert_int_equal(mr_source_dpdk_ops.open(&source, mem, &config, &err), MR_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "source dpdk: not in this build: install dpdk-dev, libbpf-dev and clang"));
    struct mr_dpdk_config dpdk;
    struct mr_err check = {""};
    mr_dpdk_config_default(&dpdk);
    assert_int_equal(mr_dpdk_check(&dpdk, &check), MR_E_UNSUPPORTED);
    assert_string_equal(check.text, err.text);
    assert_null(mr_source_dpdk_ops.show);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_source_refuses_with_what_to_install)};
    return MR_TEST_MAIN(tests);
}
