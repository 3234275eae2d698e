#include "dataplane/metrics/metrics.h"
#include "tests/support/support.h"

#include <stdio.h>

#define PROBE_METRICS(COUNTER, GAUGE, HIST)                                                                            \
    COUNTER(seen, "messages", "messages seen")                                                                         \
    HIST(apply_ns, "ns", "taken from the ring to applied")                                                             \
    GAUGE(stale, "books", "books that are not live now")                                                               \
    HIST(wait_ns, "ns", "time in the ring")                                                                            \
    COUNTER(lost, "messages", "messages lost")
MR_METRICS_DECLARE(mr_probe, PROBE_METRICS);
MR_METRICS_DEFINE(mr_probe, PROBE_METRICS);
MR_METRICS_DECLARE_FINE(mr_stage, PROBE_METRICS);
MR_METRICS_DEFINE_FINE(mr_stage, PROBE_METRICS);

#define BARE_METRICS(COUNTER, GAUGE, HIST) COUNTER(only, "times", "one counter")
MR_METRICS_DECLARE(bare, BARE_METRICS);
MR_METRICS_DEFINE(bare, BARE_METRICS);

static void *block_of(const struct mr_metrics_desc *desc)
{
    void *mem = aligned_alloc(64, mr_metrics_bytes(desc));
    assert_non_null(mem);
    return mem;
}

/* One line a metric: what a viewer without our headers sees. */
static void show(void *arg, const struct mr_metric_view *v)
{
    char *out = arg, line[512];
    if (v->type == MR_METRIC_HIST)
        snprintf(line, sizeof line, "%s{%s} %s [%s] p100=%lld n=%llu bits=%u\n", v->family, v->labels, v->name, v->unit,
                 (long long)mr_hist_percentile(v->hist, 1), (unsigned long long)mr_hist_count(v->hist), v->hist_bits);
    else
        snprintf(line, sizeof line, "%s{%s} %s [%s] %lld\n", v->family, v->labels, v->name, v->unit,
                 (long long)v->value);
    strcat(out, line);
}

static void a_viewer_needs_nothing_but_the_block(void **state)
{
    (void)state;
    void *mem = block_of(&mr_probe_metrics_desc);
    struct mr_probe_metrics *m = mr_metrics_init(mem, &mr_probe_metrics_desc, "venue=binance,product=usdm");
    MR_COUNT(m, seen, 3);
    MR_COUNT(m, seen, 4);
    MR_GAUGE_SET(m, stale, -2);
    MR_RECORD(m, apply_ns, 100);
    MR_RECORD(m, apply_ns, 7);
    MR_RECORD(m, wait_ns, 200);
    char text[4096] = "";
    assert_int_equal(mr_metrics_each(mem, mr_metrics_bytes(&mr_probe_metrics_desc), show, text), MR_OK);
    assert_string_equal(text, "probe{venue=binance,product=usdm} seen [messages] 7\n"
                              "probe{venue=binance,product=usdm} apply_ns [ns] p100=100 n=2 bits=7\n"
                              "probe{venue=binance,product=usdm} stale [books] -2\n"
                              "probe{venue=binance,product=usdm} wait_ns [ns] p100=200 n=1 bits=7\n"
                              "probe{venue=binance,product=usdm} lost [messages] 0\n");
    free(mem);
}

static void headline_families_have_fine_histograms(void **state)
{
    (void)state;
    void *mem = block_of(&mr_stage_metrics_desc);
    struct mr_stage_metrics *m = mr_metrics_init(mem, &mr_stage_metrics_desc, "");
    MR_RECORD(m, wait_ns, 1000003);
    char text[4096] = "";
    assert_int_equal(mr_metrics_each(mem, mr_metrics_bytes(&mr_stage_metrics_desc), show, text), MR_OK);
    assert_non_null(strstr(text, "stage{} wait_ns [ns] p100=1000447 n=1 bits=10\n"));
    free(mem);
}

static void values_work_without_a_block(void **state)
{
    (void)state;
    static struct mr_probe_metrics m;
    MR_RECORD(&m, wait_ns, 5); /* a zeroed struct takes records */
    mr_metrics_init_values(&m, &mr_probe_metrics_desc);
    MR_RECORD(&m, wait_ns, 5);
    MR_COUNT(&m, lost, 1);
    assert_int_equal(mr_hist_count(&m.wait_ns.head), 1);
    assert_int_equal(m.lost, 1);
}

static void a_family_without_our_prefix_keeps_its_name(void **state)
{
    (void)state;
    void *mem = block_of(&bare_metrics_desc);
    struct bare_metrics *m = mr_metrics_init(mem, &bare_metrics_desc, "a=b");
    MR_COUNT(m, only, UINT64_MAX);
    char text[4096] = "";
    assert_int_equal(mr_metrics_each(mem, mr_metrics_bytes(&bare_metrics_desc), show, text), MR_OK);
    assert_string_equal(text, "bare{a=b} only [times] -1\n");
    free(mem);
}

static void ignore(void *arg, const struct mr_metric_view *v)
{
    *(uint64_t *)arg += strlen(v->family) + strlen(v->labels) + strlen(v->name) + strlen(v->unit) + strlen(v->help);
    if (v->hist) {
        struct mr_hist *own = aligned_alloc(64, (mr_hist_bytes(v->hist_bits) + 63) / 64 * 64);
        mr_hist_init(own, v->hist_bits);
        if (mr_hist_copy(own, v->hist) == MR_OK)
            *(uint64_t *)arg += (uint64_t)mr_hist_percentile(own, 0.99);
        free(own);
    }
}

static void what_is_not_a_block_is_refused_by_name(void **state)
{
    (void)state;
    size_t bytes = mr_metrics_bytes(&mr_probe_metrics_desc);
    /* word of the block (32 bits), its new value, the refusal; the head has 16 words, the first row follows */
    static const struct {
        const char *says;
        uint32_t word, value;
        int want;
    } cases[] = {
        {"another magic", 0, 1, MR_E_MAGIC},
        {"a later version", 2, 2, MR_E_VERSION},
        {"more metrics than any family has", 3, 100000, MR_E_CORRUPT},
        {"more rows than the block holds", 3, 256 * 4 + 1, MR_E_CORRUPT},
        {"longer than the region", 4, 0x7fffffff, MR_E_TRUNCATED},
        {"shorter than its own rows", 4, 80, MR_E_CORRUPT},
        {"rows outside", 5, 0xfffffff0, MR_E_CORRUPT},
        {"rows inside the head", 5, 8, MR_E_CORRUPT},
        {"rows askew", 5, 65, MR_E_CORRUPT},
        {"values outside", 6, 0xffffff00, MR_E_CORRUPT},
        {"values longer than the block", 7, 0xffffffff, MR_E_CORRUPT},
        {"family outside", 8, 0xffffffff, MR_E_CORRUPT},
        {"labels without an end", 9, 0, MR_OK}, /* the head's first bytes: an odd text, but one */
        {"name outside", 16, 0xfffffffe, MR_E_CORRUPT},
        {"unit outside", 17, 0xfffffffe, MR_E_CORRUPT},
        {"help outside", 18, 0xfffffffe, MR_E_CORRUPT},
        {"no such type", 19, 3, MR_E_CORRUPT},
        {"a counter outside the values", 20, 0, MR_E_CORRUPT},
        {"a counter at the very end", 20, 0xfffffff8, MR_E_CORRUPT},
        {"a counter askew", 20, 2049, MR_E_CORRUPT},
        {"a histogram where a counter is", 19, 2, MR_E_CORRUPT},
        {"a histogram of no known size", 24 + 5, 9, MR_E_CORRUPT},
        {"a histogram larger than it is", 24 + 5, 10, MR_E_CORRUPT},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        uint32_t *mem = block_of(&mr_probe_metrics_desc);
        mr_metrics_init(mem, &mr_probe_metrics_desc, "venue=x");
        mem[cases[i].word] = cases[i].value;
        uint64_t sink = 0;
        int got = mr_metrics_each(mem, bytes, ignore, &sink);
        if (got != cases[i].want)
            print_message("%s: %s\n", cases[i].says, mr_status_name(got));
        assert_int_equal(got, cases[i].want);
        free(mem);
    }
    uint64_t sink = 0;
    _Alignas(64) uint8_t few[64] = {0};
    assert_int_equal(mr_metrics_each(few, 63, ignore, &sink), MR_E_TRUNCATED);
    assert_int_equal(mr_metrics_each(few + 1, 63, ignore, &sink), MR_E_INVALID);
}

static void control_characters_do_not_reach_a_terminal(void **state)
{
    (void)state;
    void *mem = block_of(&bare_metrics_desc);
    mr_metrics_init(mem, &bare_metrics_desc, "a=\033[2Jb");
    char text[4096] = "";
    assert_int_equal(mr_metrics_each(mem, mr_metrics_bytes(&bare_metrics_desc), show, text), MR_OK);
    assert_string_equal(text, "bare{a=?[2Jb} only [times] 0\n");
    free(mem);
}

/* G4 for metrics: the block ends at an unmapped page, random octets go anywhere; a walk ends and touches nothing else.
 */
static void scribbled_blocks_are_walked_without_harm(void **state)
{
    (void)state;
    size_t bytes = mr_metrics_bytes(&mr_probe_metrics_desc);
    struct mr_guard guard = mr_guard_open(bytes);
    uint8_t *good = block_of(&mr_probe_metrics_desc);
    struct mr_probe_metrics *m = mr_metrics_init(good, &mr_probe_metrics_desc, "venue=x");
    MR_RECORD(m, wait_ns, 12345);
    size_t texts = (size_t)((uint8_t *)m - good);
    struct mr_random random = {11};
    uint64_t walked = 0, refused = 0, sink = 0;
    int rounds = getenv("MILLRACE_QUICK") ? 2000 : 20000;
    for (int i = 0; i < rounds; i++) {
        memcpy(guard.data, good, bytes);
        uint64_t hits = 1 + mr_random_below(&random, 4);
        for (uint64_t k = 0; k < hits; k++) {
            size_t at = mr_random_below(&random, mr_random_below(&random, 4) ? texts + 64 : bytes);
            guard.data[at] = (uint8_t)mr_random_next(&random);
        }
        if (mr_metrics_each(guard.data, bytes, ignore, &sink) == MR_OK)
            walked++;
        else
            refused++;
    }
    assert_true(walked > 0 && refused > 0);
    free(good);
    mr_guard_close(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_viewer_needs_nothing_but_the_block),
        cmocka_unit_test(headline_families_have_fine_histograms),
        cmocka_unit_test(values_work_without_a_block),
        cmocka_unit_test(a_family_without_our_prefix_keeps_its_name),
        cmocka_unit_test(what_is_not_a_block_is_refused_by_name),
        cmocka_unit_test(control_characters_do_not_reach_a_terminal),
        cmocka_unit_test(scribbled_blocks_are_walked_without_harm),
    };
    return MR_TEST_MAIN(tests);
}
