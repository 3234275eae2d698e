/* What interrupted a core, from two readings of a kernel's table. */
#include <stdio.h>

#include "pinning/interrupts.h"
#include "tests/support/support.h"

static const char before[] = "            CPU0       CPU2       \n"
                             "   0:         35          0   IO-APIC    2-edge      timer\n"
                             "  24:        100       1000   PCI-MSI 524288-edge      eth0-rx-0\n"
                             "  25:          7          7   PCI-MSI 524289-edge      nvme0q1\n"
                             " LOC:       5000 4294967290   Local timer interrupts\n"
                             " RES:         10         20   Rescheduling interrupts\n"
                             " ERR:          0\n"
                             " MIS:          0\n";
static const char after[] = "            CPU0       CPU2       \n"
                            "   0:         35          0   IO-APIC    2-edge      timer\n"
                            "  24:        100       1250   PCI-MSI 524288-edge      eth0-rx-0\n"
                            "  25:          9          9   PCI-MSI 524289-edge      eth1\n"
                            "  26:          0          3   PCI-MSI 524290-edge      eth2\n"
                            " LOC:       5100         94   Local timer interrupts\n"
                            " RES:         10         21   Rescheduling interrupts\n"
                            " ERR:          4\n"
                            " MIS:          0\n";

struct want {
    const char *id, *what;
    uint64_t count;
};

static void rises(int cpu, const struct want *want, uint32_t count, uint32_t room, uint64_t all)
{
    struct mr_interrupt rows[8];
    struct mr_interrupts got = {.rows = rows, .room = room};
    assert_int_equal(mr_interrupts_between(&got, before, after, cpu), MR_OK);
    assert_int_equal(got.count, count);
    assert_int_equal(got.all, all);
    for (uint32_t i = 0; i < count; i++) {
        assert_string_equal(rows[i].id, want[i].id);
        assert_string_equal(rows[i].what, want[i].what);
        assert_int_equal(rows[i].count, want[i].count);
    }
}

static void what_rose_on_a_core_is_named_most_often_first(void **state)
{
    (void)state;
    /* columns are by name, not by place; 32-bit counts go round; a number given to another device, or new, is not counted */
    static const struct want cpu2[] = {{"24", "PCI-MSI 524288-edge eth0-rx-0", 250},
                                       {"LOC", "Local timer interrupts", 100},
                                       {"RES", "Rescheduling interrupts", 1}};
    static const struct want cpu0[] = {{"LOC", "Local timer interrupts", 100}};
    rises(2, cpu2, 3, 8, 351);
    rises(2, cpu2, 2, 2, 351); /* what there is no room for is in the sum */
    rises(2, cpu2, 0, 0, 351);
    rises(0, cpu0, 1, 8, 100);
}

static void what_is_no_table_of_that_core_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *says, *before, *after;
        int cpu;
    } cases[] = {
        {"no such CPU", before, after, 1},       {"a number that is the beginning of another", before, after, 20},
        {"nothing before", "", after, 0},        {"nothing after", before, "", 0},
        {"no heading", "24: 1 2 x\n", after, 0}, {"a heading without numbers", "CPU CPU\n", after, 0},
    };
    struct mr_interrupt rows[2];
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_interrupts got = {.rows = rows, .room = 2, .count = 9, .all = 9};
        if (mr_interrupts_between(&got, cases[i].before, cases[i].after, cases[i].cpu) != MR_E_MALFORMED)
            fail_msg("%s: taken", cases[i].says);
        assert_int_equal(got.count, 0);
        assert_int_equal(got.all, 0);
    }
}

static void rows_that_are_cut_or_odd_are_passed_over(void **state)
{
    (void)state;
    static const char odd_before[] = "CPU0 CPU1\n24\n25: 1\n26: x 2 a\n: 1 1 a\nLOC: 1 1 timer\n";
    static const char odd_after[] = "CPU0 CPU1\n24\n25: 9\n26: x 9 a\n: 1 1 a\nLOC: 1 4 timer";
    struct mr_interrupt rows[2];
    struct mr_interrupts got = {.rows = rows, .room = 2};
    assert_int_equal(mr_interrupts_between(&got, odd_before, odd_after, 1), MR_OK);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.all, 3);
    assert_string_equal(rows[0].what, "timer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_rose_on_a_core_is_named_most_often_first),
        cmocka_unit_test(what_is_no_table_of_that_core_is_refused),
        cmocka_unit_test(rows_that_are_cut_or_odd_are_passed_over),
    };
    return MR_TEST_MAIN(tests);
}
