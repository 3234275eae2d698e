/* How long there is room, in words. */
#include "dataplane/record/disk.h"
#include "tests/support/support.h"

static const struct {
    const char *says;
    struct mr_disk_budget b;
    int64_t lasts_ns;
    bool enough;
    const char *text;
} budgets[] = {
    {"an hour, a day is wanted",
     {.free_bytes = 3600000000, .per_s = 1e6, .source = "measured", .want_ns = 86400000000000},
     3600000000000,
     false,
     "3.6 GB free; 1.0 MB/s (measured): room for 60 min; record.budget wants 24.0 h"},
    {"two days, a day is wanted",
     {.free_bytes = 172800000000, .per_s = 1e6, .source = "record.rate", .want_ns = 86400000000000},
     172800000000000,
     true,
     "172.8 GB free; 1.0 MB/s (record.rate): room for 2.0 days"},
    {"what must stay free does not count",
     {.free_bytes = 3600000000, .least_free = 1800000000, .per_s = 1e6, .source = "measured", .want_ns = 1},
     1800000000000,
     true,
     "3.6 GB free; 1.0 MB/s (measured): room for 30 min"},
    {"nothing is wanted", {.free_bytes = 1000, .per_s = 1e6, .source = "measured"}, 1000000, true, "room for 0 s"},
    {"less is free than must stay",
     {.free_bytes = 5, .least_free = 6, .per_s = 1, .want_ns = 1},
     0,
     false,
     "room for 0 s"},
    {"no rate yet", {.free_bytes = 1000, .want_ns = 1}, -1, true, "no rate known yet (record.rate gives one"},
    {"free room unknown",
     {.free_bytes = -1, .per_s = 1e6, .source = "measured", .want_ns = 1},
     -1,
     true,
     "free space unknown; 1.0 MB/s"},
    {"bounded by what is kept, and that fits",
     {.free_bytes = 8000000000,
      .keep_bytes = 10000000000,
      .used_bytes = 3000000000,
      .per_s = 1e6,
      .source = "measured"},
     INT64_MAX,
     true,
     "no end, the last 2.8 h are kept"},
    {"what is kept is less than wanted",
     {.free_bytes = 8000000000,
      .keep_bytes = 1000000000,
      .per_s = 1e6,
      .source = "measured",
      .want_ns = 86400000000000},
     INT64_MAX,
     false,
     "no end, the last 17 min are kept; record.budget wants 24.0 h"},
    {"bounded, but the bound does not fit",
     {.free_bytes = 1000000000,
      .keep_bytes = 10000000000,
      .used_bytes = 3000000000,
      .per_s = 1e6,
      .source = "measured"},
     1000000000000,
     true,
     "room for 17 min"},
    {"the oldest make room",
     {.free_bytes = 1000000000, .used_bytes = 2600000000, .per_s = 1e6, .source = "measured", .oldest = true},
     INT64_MAX,
     true,
     "no end, the last 60 min are kept"},
};

static void the_budget_says_how_long_there_is_room_and_whether_that_is_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(budgets); i++) {
        char text[256];
        bool enough = mr_disk_budget(&budgets[i].b, text, sizeof text);
        if (enough != budgets[i].enough || mr_disk_lasts(&budgets[i].b) != budgets[i].lasts_ns ||
            !strstr(text, budgets[i].text))
            fail_msg("%s: %s (%d, %lld)", budgets[i].says, text, enough, (long long)mr_disk_lasts(&budgets[i].b));
    }
}

static void free_room_is_known_of_folders_that_are_not_made_yet(void **state)
{
    (void)state;
    int64_t here = mr_disk_free("/tmp"), below = mr_disk_free("/tmp/millrace-none/a/b/c");
    assert_true(here > 0 && below > 0);
    assert_int_equal(mr_disk_free(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_budget_says_how_long_there_is_room_and_whether_that_is_enough),
        cmocka_unit_test(free_room_is_known_of_folders_that_are_not_made_yet),
    };
    return MR_TEST_MAIN(tests);
}
