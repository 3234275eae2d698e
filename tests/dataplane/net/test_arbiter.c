#include <stdio.h>

#include "codecs/event/event.h"
#include "dataplane/net/arbiter.h"
#include "tests/support/support.h"

#define MS INT64_C(1000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); /* fuzz_arbiter.c: against the plain model */

/* An arbiter with 8-byte big-endian numbers at offset 0, and what it said as text: "1 2 gap(3-4) 5". */
struct rig {
    struct mr_arbiter_config config;
    struct mr_arbiter_metrics metrics;
    struct mr_arbiter *arbiter;
    void *mem;
    char said[4096];
};

static void say_deliver(void *arg, uint64_t number, uint8_t *data, uint32_t len, uint16_t line, int64_t recv_ns,
                        uint8_t clock)
{
    struct rig *r = arg;
    (void)data;
    (void)len;
    (void)line;
    (void)recv_ns;
    (void)clock;
    size_t at = strlen(r->said);
    snprintf(r->said + at, sizeof r->said - at, "%s%lu", at ? " " : "", number);
}

static void say_gap(void *arg, uint64_t first, uint64_t last, int64_t now_ns)
{
    struct rig *r = arg;
    (void)now_ns;
    size_t at = strlen(r->said);
    snprintf(r->said + at, sizeof r->said - at, "%sgap(%lu-%lu)", at ? " " : "", first, last);
}

static struct mr_arbiter_config plain(void)
{
    return (struct mr_arbiter_config){.number_width = 8,
                                      .window = 64,
                                      .datagram_max = 100,
                                      .patience_ns = 5 * MS,
                                      .lines = 2,
                                      .deliver = say_deliver,
                                      .gap = say_gap};
}

static void rig_open(struct rig *r, const struct mr_arbiter_config *config)
{
    memset(r, 0, sizeof *r);
    mr_metrics_init_values(&r->metrics, &mr_arbiter_metrics_desc);
    r->config = *config;
    r->config.metrics = &r->metrics;
    r->config.arg = r;
    struct mr_err err = {""};
    if (mr_arbiter_check(&r->config, &err) != MR_OK)
        fail_msg("%s", err.text);
    r->mem = aligned_alloc(MR_LINE_BYTES, mr_arbiter_bytes(&r->config));
    assert_non_null(r->mem);
    r->arbiter = mr_arbiter_init(r->mem, &r->config);
}

static void rig_close(struct rig *r)
{
    const struct mr_arbiter_metrics *m = &r->metrics;
    assert_int_equal(m->datagrams,
                     m->delivered + m->copies + m->late + m->strays + m->short_ones + (uint64_t)m->waiting);
    free(r->mem);
}

static void put_number(uint8_t *at, uint32_t width, bool little, uint64_t number)
{
    for (uint32_t i = 0; i < width; i++)
        at[little ? i : width - 1 - i] = (uint8_t)(number >> (8 * i));
}

static void take(struct rig *r, uint16_t line, uint64_t number, int64_t now_ns)
{
    uint8_t data[32] = {0};
    put_number(data + r->config.number_offset, r->config.number_width, r->config.number_little, number);
    mr_arbiter_take(r->arbiter, line, data, sizeof data, now_ns, MR_CLOCK_TSC);
}

/* ---- scripts: "a5" line a brings 5, "+7" seven milliseconds pass, with housekeeping at their end, "-7" without ---- */

static void play(struct rig *r, const char *script)
{
    int64_t now_ns = 1000 * MS;
    for (const char *s = script; *s;) {
        char *end;
        unsigned long value = strtoul(s + 1, &end, 10);
        if (*s == '+' || *s == '-')
            now_ns += (int64_t)value * MS;
        if (*s == '+')
            mr_arbiter_housekeep(r->arbiter, now_ns);
        if (*s >= 'a' && *s <= 'd')
            take(r, (uint16_t)(*s - 'a'), value, now_ns);
        for (s = end; *s == ' '; s++)
            ;
    }
}

static void each_number_goes_on_once_and_in_order(void **state)
{
    (void)state;
    static const struct {
        const char *says, *script, *want;
        uint64_t copies, late, strays, lost, restarts;
    } cases[] = {
        {"both lines in step", "a1 b1 a2 b2 a3 b3", "1 2 3", 3, 0, 0, 0, 0},
        {"the first number is the beginning", "a700 b700 b701", "700 701", 1, 0, 0, 0, 0},
        {"what came before the first number is late", "a700 b699 b700", "700", 1, 1, 0, 0, 0},
        {"the other line fills a hole", "a1 a3 b1 b2 b3", "1 2 3", 2, 0, 0, 0, 0},
        {"out of order on one line", "a1 a4 a3 a2 a5", "1 2 3 4 5", 0, 0, 0, 0, 0},
        {"a held one twice is a copy", "a1 a3 b3 a3 a2", "1 2 3", 2, 0, 0, 0, 0},
        {"a delivered one twice from the same line is a copy", "a1 a1 a2 a1", "1 2", 2, 0, 0, 0, 0},
        {"a hole is waited for", "a1 a3 +4", "1", 0, 0, 0, 0, 0},
        {"and is a gap when patience is over", "a1 a3 +5", "1 gap(2-2) 3", 0, 0, 0, 1, 0},
        {"patience is over without housekeeping too", "a1 a3 -5 a4", "1 gap(2-2) 3 4", 0, 0, 0, 1, 0},
        {"what comes after its gap is late", "a1 a3 +5 b2", "1 gap(2-2) 3", 0, 1, 0, 1, 0},
        {"each hole has its own time", "a1 a3 -3 a5 +2 +2 +1", "1 gap(2-2) 3 gap(4-4) 5", 0, 0, 0, 2, 0},
        {"a filled hole does not shorten the next one's time", "a1 a3 -4 a5 b2 +4 +1", "1 2 3 gap(4-4) 5", 0, 0, 0, 1,
         0},
        {"a hole of several is one gap", "a1 a9 +5", "1 gap(2-8) 9", 0, 0, 0, 7, 0},
        {"a window full pushes the oldest hole out", "a1 a3 a66", "1 gap(2-2) 3", 0, 0, 0, 1, 0},
        {"by as many as it must", "a1 a70", "1 gap(2-6)", 0, 0, 0, 5, 0},
        {"the last that fits waits", "a1 a65", "1", 0, 0, 0, 0, 0},
        {"a far number does not move the feed", "a1 a2 a9000 a3 a4", "1 2 3 4", 0, 0, 1, 0, 0},
        {"nor does a very old one", "a9000 a9001 a17 a9002", "9000 9001 9002", 0, 0, 1, 0, 0},
        {"nor three of them", "a9000 a1 a2 a3 a9001", "9000 9001", 0, 0, 3, 0, 0},
        {"nor the same one often", "a9000 b9000 a7 b7 a7 a7 b7 a9001", "9000 9001", 5, 0, 1, 0, 0},
        {"nor several that have nothing to do with each other", "a9000 a1 a1000 a2000 a3000 a4000 a9001", "9000 9001",
         0, 0, 5, 0, 0},
        {"four of a kind behind are a restart", "a9000 a1 a2 a3 a4 a5", "9000 gap(9001-0) 1 2 3 4 5", 0, 0, 0, 0, 1},
        {"in order, however they came", "a9000 b9000 a3 b1 a2 b4", "9000 gap(9001-0) 1 2 3 4", 1, 0, 0, 0, 1},
        {"four of a kind ahead are a gap", "a1 a1000 a1001 a1002 a1003", "1 gap(2-999) 1000 1001 1002 1003", 0, 0, 0,
         998, 0},
        {"what waited goes before a restart", "a9000 a9002 a1 a2 a3 a4", "9000 gap(9001-9001) 9002 gap(9003-0) 1 2 3 4",
         0, 0, 0, 1, 1},
        {"the other line's tail of the old numbers is late", "a9000 b9000 a1 a2 a3 a4 b9001 b9002 b9003 b9004 a5",
         "9000 gap(9001-0) 1 2 3 4 5", 1, 4, 0, 0, 1},
        {"the other line restarts later", "a9000 b9000 a1 a2 a3 a4 b9001 b1 b2 a5", "9000 gap(9001-0) 1 2 3 4 5", 3, 1,
         0, 0, 1},
        {"a holed restart", "a9000 a1 a3 a4 a5 +5", "9000 gap(9001-0) 1 gap(2-2) 3 4 5", 0, 0, 0, 1, 1},
        {"a line that lags by more than the window is no restart",
         "a1 b1 a2 a3 a65 +5 a129 +5 a193 +5 a257 +5 b2 b3 b4 b5 b6 b7 a258",
         "1 2 3 gap(4-64) 65 gap(66-128) 129 gap(130-192) 193 gap(194-256) 257 258", 1, 6, 0, 250, 0},
        {"a restart to a near number shows after a quiet second", "a1 a2 a3 a4 a5 a6 -1001 a1 a2 a3 a4 a5",
         "1 2 3 4 5 6 gap(7-0) 1 2 3 4 5", 0, 0, 0, 0, 1},
        {"but one copy after a quiet second does not", "a1 a2 a3 -1001 a2 b3 a4", "1 2 3 4", 1, 0, 1, 0, 0},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        print_message("  %s\n", cases[i].says);
        struct rig r;
        struct mr_arbiter_config c = plain();
        rig_open(&r, &c);
        play(&r, cases[i].script);
        assert_string_equal(r.said, cases[i].want);
        assert_int_equal(r.metrics.copies, cases[i].copies);
        assert_int_equal(r.metrics.late, cases[i].late);
        assert_int_equal(r.metrics.strays, cases[i].strays);
        assert_int_equal(r.metrics.lost, cases[i].lost);
        assert_int_equal(r.metrics.restarts, cases[i].restarts);
        rig_close(&r);
    }
}

static void one_line_waits_for_nothing(void **state)
{
    (void)state;
    struct rig r;
    struct mr_arbiter_config c = plain();
    c.lines = 1;
    rig_open(&r, &c);
    play(&r, "a1 a2 a5 a6 a5 a3 a100 a9000 a101 a1 a9000 a102");
    assert_string_equal(r.said, "1 2 gap(3-4) 5 6 gap(7-99) 100 101 102");
    assert_int_equal(r.metrics.held, 0);
    rig_close(&r);
}

static void numbers_of_every_width_and_order_wrap(void **state)
{
    (void)state;
    for (uint32_t width = 1; width <= 8; width *= 2)
        for (int little = 0; little < 2; little++) {
            struct rig r;
            struct mr_arbiter_config c = plain();
            c.number_width = (uint8_t)width;
            c.number_little = little;
            c.number_offset = 5;
            rig_open(&r, &c);
            uint64_t last = UINT64_MAX >> (64 - 8 * width);
            take(&r, 0, last - 1, MS);
            take(&r, 0, 1, MS); /* waits over the wrap */
            take(&r, 1, last, MS);
            take(&r, 1, 0, MS);
            take(&r, 1, 3, MS);
            mr_arbiter_housekeep(r.arbiter, 10 * MS);
            char want[128];
            snprintf(want, sizeof want, "%lu %lu 0 1 gap(2-2) 3", last - 1, last);
            assert_string_equal(r.said, want);
            rig_close(&r);
        }
}

static void a_datagram_too_short_for_its_number_is_counted(void **state)
{
    (void)state;
    struct rig r;
    struct mr_arbiter_config c = plain();
    c.number_offset = 4;
    rig_open(&r, &c);
    uint8_t data[12] = {0};
    for (uint32_t len = 0; len < 12; len++)
        mr_arbiter_take(r.arbiter, 0, data, len, 0, MR_CLOCK_TSC);
    assert_int_equal(r.metrics.short_ones, 12);
    mr_arbiter_take(r.arbiter, 0, data, 12, 0, MR_CLOCK_TSC);
    assert_string_equal(r.said, "0");
    rig_close(&r);
}

static void a_datagram_too_long_to_wait_makes_the_hole_a_gap(void **state)
{
    (void)state;
    struct rig r;
    struct mr_arbiter_config c = plain();
    c.datagram_max = 16;
    rig_open(&r, &c);
    play(&r, "a1 a4"); /* 32 bytes each */
    assert_string_equal(r.said, "1 gap(2-3) 4");
    rig_close(&r);
}

static struct {
    const uint8_t *data;
    uint32_t calls;
} place_seen;

static void see_place(void *arg, uint64_t number, uint8_t *data, uint32_t len, uint16_t line, int64_t recv_ns,
                      uint8_t clock)
{
    (void)arg;
    (void)number;
    place_seen.data = data;
    place_seen.calls++;
    assert_int_equal(len, 40);
    assert_int_equal(data[39], 0x77);
    assert_int_equal(line, 1);
    assert_int_equal(recv_ns, 123);
    assert_int_equal(clock, MR_CLOCK_HARDWARE);
}

static void in_order_nothing_is_copied(void **state)
{
    (void)state;
    struct rig r;
    struct mr_arbiter_config c = plain();
    c.deliver = see_place;
    rig_open(&r, &c);
    uint8_t data[40] = {0}, later[40] = {0};
    data[39] = later[39] = 0x77;
    later[7] = 2;
    data[7] = 0;
    mr_arbiter_take(r.arbiter, 1, data, sizeof data, 123, MR_CLOCK_HARDWARE);
    assert_ptr_equal(place_seen.data, data);
    mr_arbiter_take(r.arbiter, 1, later, sizeof later, 123, MR_CLOCK_HARDWARE);
    assert_int_equal(place_seen.calls, 1);
    memset(later, 0, sizeof later); /* the caller's bytes go, the copy stays */
    data[7] = 1;
    mr_arbiter_take(r.arbiter, 1, data, sizeof data, 123, MR_CLOCK_HARDWARE);
    assert_int_equal(place_seen.calls, 3);
    assert_int_equal(r.metrics.held, 1);
    rig_close(&r);
}

static void who_was_first_and_by_how_much_is_told(void **state)
{
    (void)state;
    struct rig r;
    struct mr_arbiter_config c = plain();
    c.lines = 4;
    rig_open(&r, &c);
    play(&r, "a1 -1 b1 b2 -2 a2 c3 d4 a6 b5");
    assert_int_equal(r.metrics.won_a, 2);
    assert_int_equal(r.metrics.won_b, 2);
    assert_int_equal(r.metrics.won_other, 2);
    const struct mr_hist *lead = (const struct mr_hist *)&r.metrics.lead_ns;
    assert_int_equal(mr_hist_count(lead), 2);
    assert_in_range(mr_hist_max(lead), 2 * MS, 2 * MS + 20000);
    rig_close(&r);
}

static void what_cannot_work_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        uint8_t width;
        uint16_t offset;
        uint32_t window, datagram_max, lines;
        int64_t patience_ns;
        int want;
    } cases[] = {
        {"the usual", 8, 0, 1024, 1500, 2, 5 * MS, MR_OK},
        {"one byte with the smallest window", 1, 0, 64, 1500, 2, 5 * MS, MR_OK},
        {"two bytes with the largest that fits", 2, 0, 16384, 1500, 2, 5 * MS, MR_OK},
        {"the number at the very end", 4, 1496, 64, 1500, 4, 5 * MS, MR_OK},
        {"the least and the most patience", 4, 0, 64, 1500, 1, MS, MR_OK},
        {"three bytes", 3, 0, 64, 1500, 2, 5 * MS, MR_E_INVALID},
        {"no bytes", 0, 0, 64, 1500, 2, 5 * MS, MR_E_INVALID},
        {"a window that is no power of two", 8, 0, 1000, 1500, 2, 5 * MS, MR_E_INVALID},
        {"a window too small", 8, 0, 32, 1500, 2, 5 * MS, MR_E_INVALID},
        {"a window too large", 8, 0, 131072, 1500, 2, 5 * MS, MR_E_INVALID},
        {"one byte with a window of half its numbers", 1, 0, 128, 1500, 2, 5 * MS, MR_E_INVALID},
        {"two bytes with a window of half their numbers", 2, 0, 32768, 1500, 2, 5 * MS, MR_E_INVALID},
        {"a number beyond the longest datagram", 4, 1497, 64, 1500, 2, 5 * MS, MR_E_INVALID},
        {"datagrams longer than there are", 4, 0, 64, 65508, 2, 5 * MS, MR_E_INVALID},
        {"no lines", 4, 0, 64, 1500, 0, 5 * MS, MR_E_INVALID},
        {"five lines", 4, 0, 64, 1500, 5, 5 * MS, MR_E_INVALID},
        {"too little patience", 4, 0, 64, 1500, 2, MS - 1, MR_E_INVALID},
        {"too much patience", 4, 0, 64, 1500, 2, 1000 * MS + 1, MR_E_INVALID},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        print_message("  %s\n", cases[i].says);
        struct mr_arbiter_config c = plain();
        c.number_width = cases[i].width;
        c.number_offset = cases[i].offset;
        c.window = cases[i].window;
        c.datagram_max = cases[i].datagram_max;
        c.lines = cases[i].lines;
        c.patience_ns = cases[i].patience_ns;
        struct mr_err err = {""};
        assert_int_equal(mr_arbiter_check(&c, &err), cases[i].want);
        assert_int_equal(err.text[0] != 0, cases[i].want != MR_OK);
    }
}

/* ---- a million over two lines that lose, double and reorder ---- */

struct million {
    struct mr_random random;
    uint32_t count;
    uint8_t *brought; /* of each number: lines that did not lose it */
    uint64_t next, delivered, missing;
    bool wrong;
};

static void million_deliver(void *arg, uint64_t number, uint8_t *data, uint32_t len, uint16_t line, int64_t recv_ns,
                            uint8_t clock)
{
    struct million *m = arg;
    (void)line;
    (void)recv_ns;
    (void)clock;
    uint64_t inside; /* written twice into each datagram: it is that datagram, not another */
    memcpy(&inside, data + 16, 8);
    m->wrong |= number != m->next || inside != number * 0x9e3779b97f4a7c15u || len != 24 + number % 32;
    m->next = number + 1;
    m->delivered++;
}

static void million_gap(void *arg, uint64_t first, uint64_t last, int64_t now_ns)
{
    struct million *m = arg;
    (void)now_ns;
    m->wrong |= first != m->next || last < first;
    for (uint64_t n = first; n <= last; n++)
        m->wrong |= m->brought[n] != 0; /* neither line had it */
    m->missing += last - first + 1;
    m->next = last + 1;
}

/* The order in which a line brings its numbers: each may be moved up to eight places back, doubled, or lost. */
static uint32_t make_line(struct million *m, uint32_t *out, uint32_t line, uint32_t lost_of_thousand)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        bool keep = i == 0 || i + 1 == m->count; /* where it begins and ends is not in question */
        if (!keep && mr_random_below(&m->random, 1000) < lost_of_thousand)
            continue;
        m->brought[i] |= (uint8_t)(1u << line);
        out[n++] = i;
        if (mr_random_below(&m->random, 100) == 0)
            out[n++] = i;
        if (!keep && n > 20 && mr_random_below(&m->random, 50) == 0) {
            uint32_t back = 1 + (uint32_t)mr_random_below(&m->random, 8), swap = out[n - 1];
            out[n - 1] = out[n - 1 - back];
            out[n - 1 - back] = swap;
        }
    }
    return n;
}

static void give(struct mr_arbiter *a, uint16_t line, uint64_t number, int64_t now_ns)
{
    uint8_t data[64];
    uint64_t big = __builtin_bswap64(number), inside = number * 0x9e3779b97f4a7c15u;
    memset(data, 0, sizeof data);
    memcpy(data, &big, 8);
    memcpy(data + 16, &inside, 8);
    mr_arbiter_take(a, line, data, 24 + (uint32_t)(number % 32), now_ns, MR_CLOCK_TSC);
}

static void play_lines(struct million *m, struct mr_arbiter *a, uint32_t *const order[2], const uint32_t counts[2])
{
    uint32_t at[2] = {0, 0};
    int64_t now_ns = MS;
    while (at[0] < counts[0] || at[1] < counts[1]) {
        uint32_t line = (uint32_t)mr_random_below(&m->random, 2);
        uint32_t burst = 1 + (uint32_t)mr_random_below(&m->random, 40);
        uint32_t other = 1 - line;
        bool done = at[line] == counts[line], other_done = at[other] == counts[other];
        if (done || (!other_done && order[line][at[line]] > order[other][at[other]] + 100))
            line = other; /* no line lags for ever */
        for (; burst > 0 && at[line] < counts[line]; burst--)
            give(a, (uint16_t)line, order[line][at[line]++], now_ns += 1000);
        mr_arbiter_housekeep(a, now_ns);
    }
    mr_arbiter_housekeep(a, now_ns + 1000 * MS);
}

static void what_one_line_had_is_complete_in_order_and_once(void **state)
{
    (void)state;
    static const uint32_t losses[][2] = {{0, 0}, {1, 1}, {50, 50}, {300, 10}, {500, 500}};
    uint32_t count = getenv("MILLRACE_QUICK") ? 100000 : 1000000;
    uint32_t *order[2] = {malloc(2 * count * sizeof(uint32_t)), malloc(2 * count * sizeof(uint32_t))};
    struct million m = {.count = count, .brought = malloc(count)};
    assert_true(order[0] && order[1] && m.brought);
    for (size_t i = 0; i < MR_COUNT_OF(losses); i++) {
        print_message("  %u and %u of 1,000 lost\n", losses[i][0], losses[i][1]);
        m = (struct million){.random = {.state = 40 + i}, .count = count, .brought = m.brought};
        memset(m.brought, 0, count);
        uint32_t counts[2] = {make_line(&m, order[0], 0, losses[i][0]), make_line(&m, order[1], 1, losses[i][1])};
        struct mr_arbiter_config c = plain();
        struct rig r;
        c.window = 1024;
        c.patience_ns = 50 * MS;
        rig_open(&r, &c);
        r.config.deliver = million_deliver;
        r.config.gap = million_gap;
        r.config.arg = &m;
        r.arbiter = mr_arbiter_init(r.mem, &r.config);
        play_lines(&m, r.arbiter, order, counts);
        uint64_t had = 0;
        for (uint32_t n = 0; n < count; n++)
            had += m.brought[n] != 0;
        assert_false(m.wrong);
        assert_int_equal(m.delivered, had);
        assert_int_equal(m.delivered + m.missing, count);
        assert_int_equal(r.metrics.datagrams, counts[0] + counts[1]);
        assert_int_equal(r.metrics.delivered, had);
        assert_int_equal(r.metrics.lost, m.missing);
        assert_int_equal(r.metrics.copies, counts[0] + counts[1] - had);
        assert_int_equal(r.metrics.won_a + r.metrics.won_b, had);
        assert_int_equal(r.metrics.waiting, 0);
        rig_close(&r);
    }
    free(order[0]);
    free(order[1]);
    free(m.brought);
}

/* Steps that keep near what is expected, with a leap now and then: where the arbiter has to decide. */
static void it_agrees_with_the_plain_model(void **state)
{
    (void)state;
    uint32_t runs = getenv("MILLRACE_QUICK") ? 3000 : 30000;
    struct mr_random random = {.state = 7};
    for (uint32_t run = 0; run < runs; run++) {
        uint8_t bytes[3 + 4 * 100];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)mr_random_next(&random);
        for (size_t at = 3; at < sizeof bytes; at += 4) {
            int16_t move = 1;
            uint64_t kind = mr_random_below(&random, 40), leap = mr_random_next(&random);
            if (kind < 8)
                move = (int16_t)(leap % 9) - 3;
            else if (kind < 10)
                move = (int16_t)(leap % 301) - 150;
            else if (kind == 10)
                move = (int16_t)leap;
            bytes[at] &= mr_random_below(&random, 30) ? 0xe3 : 0xff; /* seldom: long pauses, huge moves, none */
            bytes[at + 1] &= 15;
            memcpy(bytes + at + 2, &move, 2);
        }
        LLVMFuzzerTestOneInput(bytes, sizeof bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_goes_on_once_and_in_order),
        cmocka_unit_test(one_line_waits_for_nothing),
        cmocka_unit_test(numbers_of_every_width_and_order_wrap),
        cmocka_unit_test(a_datagram_too_short_for_its_number_is_counted),
        cmocka_unit_test(a_datagram_too_long_to_wait_makes_the_hole_a_gap),
        cmocka_unit_test(in_order_nothing_is_copied),
        cmocka_unit_test(who_was_first_and_by_how_much_is_told),
        cmocka_unit_test(what_cannot_work_is_refused),
        cmocka_unit_test(what_one_line_had_is_complete_in_order_and_once),
        cmocka_unit_test(it_agrees_with_the_plain_model),
    };
    return MR_TEST_MAIN(tests);
}
