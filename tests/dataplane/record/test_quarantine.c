/* Refused frames come back with every byte and the reason; a flood is bounded and counted; trouble there stays there. */
#include <stdio.h>
#include <sys/stat.h>

#include "dataplane/feed/feed.h"
#include "dataplane/record/quarantine.h"
#include "tests/dataplane/record/records.h"

/* A feed of binance:usdm whose refused frames go to the rig's first ring, as a feed tile does it. */
struct refusing {
    struct rig *rig;
    struct mr_quarantine quarantine;
    struct mr_instruments *instruments;
    struct mr_feed *feed;
    struct mr_feed_metrics metrics;
    uint64_t kept, not_kept;
    char folder[96];
    void *mem;
};

static bool emit(void *arg, const union mr_slot *group, uint32_t slots)
{
    (void)arg;
    (void)group;
    (void)slots;
    return true;
}

static void reject(void *arg, int status, const struct mr_frame *frame, const struct mr_decoder *dec)
{
    struct refusing *f = arg;
    if (!mr_quarantine_is_for(status))
        return;
    bool kept = mr_quarantine_put(&f->quarantine, &f->rig->put[0], status, frame, dec);
    f->kept += kept;
    f->not_kept += !kept;
}

static void refusing_open(struct refusing *f, uint32_t per_minute, bool recording)
{
    struct mr_err err;
    memset(f, 0, sizeof *f);
    f->rig = rig_open(4u << 20);
    snprintf(f->folder, sizeof f->folder, "%s/q", f->rig->folder);
    f->rig->config.quarantine = f->folder;
    f->rig->control.wanted = recording;
    assert_int_equal(rig_boot(f->rig, &err), MR_OK);
    mr_quarantine_init(&f->quarantine, per_minute, 256u << 10);
    mr_metrics_init_values(&f->metrics, &mr_feed_metrics_desc);
    f->instruments = mr_instruments_init(rig_alloc(mr_instruments_bytes(16)), 16);
    const struct mr_feed_config c = {.venue = mr_venue_by_name("binance"),
                                     .product = 1,
                                     .instruments = f->instruments,
                                     .instruments_max = 16,
                                     .joins_max = 4,
                                     .hold_slots = 64,
                                     .shapes = 64,
                                     .add_unknown = true,
                                     .emit = emit,
                                     .reject = reject,
                                     .reject_arg = f};
    f->mem = rig_alloc(mr_feed_bytes(&c));
    memset(f->mem, 0, mr_feed_bytes(&c));
    f->feed = mr_feed_init(f->mem, &c, &f->metrics);
}

static void refusing_close(struct refusing *f)
{
    rig_remove(f->folder);
    rig_close(f->rig);
    free(f->mem);
    free(f->instruments);
}

static int say(struct refusing *f, const void *data, size_t len, int64_t recv_ns)
{
    const struct mr_frame frame = {
        .data = data, .len = (uint32_t)len, .connection = 7, .clock = MR_CLOCK_KERNEL, .recv_ns = recv_ns};
    return mr_feed_frame(f->feed, &frame);
}

#define TRADE(price, qty)                                                                                              \
    "{\"e\":\"aggTrade\",\"E\":2,\"a\":7,\"s\":\"BTCUSDT\",\"p\":" price ",\"q\":" qty                                 \
    ",\"f\":1,\"l\":1,\"T\":1,\"m\":true}"

static const struct {
    const char *says, *bytes;
    size_t len; /* 0: of the text */
    int want;
    const char *field;
} bad[] = {
    {"no JSON", "}{garbage", 0, MR_E_MALFORMED, NULL},
    {"cut inside a string", "{\"e\":\"aggTr", 0, MR_E_TRUNCATED, NULL},
    {"bytes that are no text", "\x00\xff\xfe\n\r\x80{", 7, MR_E_MALFORMED, NULL},
    {"a size with two points", TRADE("\"1\"", "\"1..2\""), 0, MR_E_MALFORMED, NULL},
    {"a price below zero", TRADE("\"-1\"", "\"2\""), 0, MR_E_RANGE, "price or size"},
    {"no price", "{\"e\":\"aggTrade\",\"E\":2,\"a\":7,\"s\":\"BTCUSDT\",\"q\":\"2\",\"T\":1,\"m\":true}", 0,
     MR_E_MISSING, NULL},
    {"a number that does not fit", TRADE("\"99999999999999999999999\"", "\"2\""), 0, MR_E_OVERFLOW, NULL},
    {"nothing at all", "", 0, MR_E_TRUNCATED, NULL},
    {"a lone quote", "\"", 0, MR_E_TRUNCATED, NULL},
};

static int next_refused(struct mr_recording *in, struct mr_capture_record *r, struct mr_quarantined *q)
{
    int status = mr_recording_next(in, r);
    if (status)
        return status;
    assert_int_equal(r->kind, MR_CAPTURE_REFUSED);
    assert_int_equal(mr_quarantine_read(r->name, q), MR_OK);
    return MR_OK;
}

static void what_is_refused_comes_back_bit_for_bit_with_its_reason(void **state)
{
    (void)state;
    for (int recording = 0; recording < 2; recording++) {
        struct refusing f;
        struct mr_err err;
        refusing_open(&f, 20, recording);
        for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
            int got = say(&f, bad[i].bytes, bad[i].len ? bad[i].len : strlen(bad[i].bytes), RIG_START + (int64_t)i);
            if (got != bad[i].want)
                fail_msg("%s: %s", bad[i].says, mr_status_name(got));
        }
        rig_step(f.rig);
        rig_halt(f.rig);
        assert_int_equal(f.kept, MR_COUNT_OF(bad));
        assert_int_equal(f.rig->metrics.refused, MR_COUNT_OF(bad));
        assert_int_equal(f.rig->metrics.records + f.rig->metrics.lost, 0); /* no part of a recording */
        struct mr_recording *in;
        struct mr_capture_record r;
        struct mr_quarantined q;
        assert_int_equal(mr_recording_open(&in, f.folder, "quarantine", &err), MR_OK);
        for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
            size_t len = bad[i].len ? bad[i].len : strlen(bad[i].bytes);
            assert_int_equal(next_refused(in, &r, &q), MR_OK);
            assert_int_equal(r.len, len);
            assert_memory_equal(r.data, bad[i].bytes, len);
            assert_int_equal(r.recv_ns, RIG_START + (int64_t)i);
            assert_true(r.connection == 7 && r.venue == MR_VENUE_binance && r.product == 1);
            assert_string_equal(q.reason, mr_status_name(bad[i].want));
            assert_int_equal(q.bytes, len);
            assert_true(q.at <= len);
            if (bad[i].field)
                assert_string_equal(q.field, bad[i].field);
        }
        assert_int_equal(mr_recording_next(in, &r), MR_E_END);
        mr_recording_close(in);
        refusing_close(&f);
    }
}

static void kinds_and_instruments_nobody_knows_are_not_malformed(void **state)
{
    (void)state;
    struct refusing f;
    refusing_open(&f, 20, false);
    static const char unknown[] = "{\"e\":\"newThing\",\"E\":2}";
    assert_int_equal(say(&f, unknown, sizeof unknown - 1, RIG_START), MR_E_UNKNOWN);
    assert_false(mr_quarantine_is_for(MR_E_SYMBOL));
    assert_false(mr_quarantine_is_for(MR_OK));
    rig_step(f.rig);
    assert_int_equal(f.kept + f.not_kept, 0);
    struct stat st;
    assert_int_equal(stat(f.folder, &st), -1); /* no folder without a frame */
    refusing_close(&f);
}

static void a_flood_is_counted_whole_and_each_reason_keeps_some(void **state)
{
    (void)state;
    struct refusing f;
    struct mr_err err;
    refusing_open(&f, 5, true);
    const int64_t minute = RIG_START - RIG_START % 60000000000ll;
    static const size_t seldom[] = {1, 4, 6};
    uint64_t said = 0;
    for (int m = 0; m < 3; m++)
        for (int i = 0; i < 2000; i++) {
            size_t k = i % 100 == 99 ? seldom[i / 100 % 3] : 0; /* mostly no JSON at all; seldom three others */
            const char *bytes = bad[k].bytes;
            say(&f, bytes, strlen(bytes), minute + m * 60000000000ll + i * RIG_MS);
            said++;
            if (i % 50 == 0)
                rig_step(f.rig);
        }
    rig_halt(f.rig);
    assert_int_equal(f.kept + f.not_kept, said);
    assert_int_equal(f.kept, 3 * 4 * 5); /* three minutes, four reasons */
    assert_int_equal(f.metrics.malformed + f.metrics.truncated + f.metrics.range + f.metrics.overflow, said);
    struct mr_recording *in;
    struct mr_capture_record r;
    struct mr_quarantined q;
    uint64_t of[MR_STATUS_COUNT] = {0}, seen[MR_STATUS_COUNT] = {0};
    assert_int_equal(mr_recording_open(&in, f.folder, "quarantine", &err), MR_OK);
    while (next_refused(in, &r, &q) == MR_OK)
        for (int s = 1; s < MR_STATUS_COUNT; s++)
            if (strcmp(q.reason, mr_status_name(-s)) == 0) {
                of[s]++;
                assert_true(q.seen > seen[s]); /* how many came so far, not how many are kept */
                seen[s] = q.seen;
            }
    assert_int_equal(of[-MR_E_MALFORMED], 15);
    assert_int_equal(of[-MR_E_TRUNCATED], 15);
    assert_int_equal(of[-MR_E_RANGE], 15);
    assert_int_equal(of[-MR_E_OVERFLOW], 15);
    assert_true(seen[-MR_E_MALFORMED] > 3900);
    mr_recording_close(in);
    refusing_close(&f);
}

static void a_frame_longer_than_the_bound_keeps_its_front_and_tells_its_length(void **state)
{
    (void)state;
    struct refusing f;
    struct mr_err err;
    refusing_open(&f, 5, false);
    static char frame[700000];
    memset(frame, ' ', sizeof frame);
    frame[sizeof frame - 1] = '}';
    assert_true(say(&f, frame, sizeof frame, RIG_START) < 0);
    rig_step(f.rig);
    rig_halt(f.rig);
    struct mr_recording *in;
    struct mr_capture_record r;
    struct mr_quarantined q;
    assert_int_equal(mr_recording_open(&in, f.folder, "quarantine", &err), MR_OK);
    assert_int_equal(next_refused(in, &r, &q), MR_OK);
    assert_int_equal(r.len, 256u << 10);
    assert_int_equal(q.bytes, sizeof frame);
    assert_int_equal(q.at, sizeof frame - 1);
    mr_recording_close(in);
    refusing_close(&f);
}

static void its_files_are_rotated_and_the_oldest_go(void **state)
{
    (void)state;
    struct rig *r = rig_open(4u << 20);
    struct mr_err err;
    char folder[96];
    snprintf(folder, sizeof folder, "%s/q", r->folder);
    r->config.quarantine = folder;
    r->config.quarantine_bytes = 300000;
    r->config.quarantine_keep = 1000000;
    r->config.flush_ms = 1;
    r->control.wanted = 0;
    assert_int_equal(rig_boot(r, &err), MR_OK);
    static const char name[] = "{\"reason\":\"MALFORMED\",\"at\":1,\"kind\":\"?\",\"bytes\":9,\"seen\":1}";
    for (uint64_t i = 0; i < 200; i++) { /* noise of 4 MB */
        const struct mr_capture_record record = {.recv_ns = RIG_START + (int64_t)i,
                                                 .kind = MR_CAPTURE_REFUSED,
                                                 .data = pattern + i * 20000,
                                                 .len = 20000,
                                                 .name = {(const uint8_t *)name, sizeof name - 1}};
        assert_true(mr_record_offer(&r->put[0], &record));
        rig_step(r);
    }
    rig_halt(r);
    uint64_t bytes = 0, first = UINT64_MAX, last = 0, n = 0;
    DIR *dir = opendir(folder);
    for (const struct dirent *e; (e = readdir(dir));) {
        char path[400];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        bytes += stat(path, &st) == 0 && e->d_name[0] != '.' ? (uint64_t)st.st_size : 0;
    }
    closedir(dir);
    assert_in_range(bytes, 500000, 1000000 + 320000);
    struct mr_recording *in;
    struct mr_capture_record got;
    assert_int_equal(mr_recording_open(&in, folder, "quarantine", &err), MR_OK);
    for (; mr_recording_next(in, &got) == MR_OK; n++) {
        last = (uint64_t)(got.recv_ns - RIG_START);
        first = first == UINT64_MAX ? last : first;
        assert_memory_equal(got.data, pattern + last * 20000, 20000);
    }
    assert_int_equal(last, 199); /* the newest are there, without a hole */
    assert_int_equal(n, 200 - first);
    mr_recording_close(in);
    rig_remove(folder);
    rig_close(r);
}

static void a_folder_that_cannot_be_made_costs_only_the_quarantine(void **state)
{
    (void)state;
    struct rig *r = rig_open(4u << 20);
    struct mr_err err;
    r->config.quarantine = "/proc/nowhere/quarantine";
    assert_int_equal(rig_boot(r, &err), MR_OK);
    for (uint64_t i = 0; i < 10; i++) {
        const struct mr_capture_record bad_one = {
            .recv_ns = RIG_START, .kind = MR_CAPTURE_REFUSED, .data = pattern, .len = 10};
        struct mr_capture_record good = record(0, i, 100);
        assert_true(mr_record_offer(&r->put[0], &bad_one));
        assert_true(mr_record_put(&r->put[0], &good));
        rig_step(r);
    }
    assert_true(mr_record_on(&r->control));
    assert_int_equal(r->metrics.refused_lost, 10);
    assert_int_equal(r->metrics.records, 10);
    rig_halt(r);
    struct mr_recording *in = open_row(r, 0);
    struct mr_capture_record got;
    for (uint64_t i = 0; i < 10; i++) {
        struct mr_capture_record want = record(0, i, 100);
        assert_int_equal(next(in, &got), MR_OK);
        assert_true(same(&got, &want));
    }
    mr_recording_close(in);
    rig_close(r);
}

static void a_name_that_is_none_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *says, *name;
        int want;
    } cases[] = {
        {"nothing", "", MR_E_TRUNCATED},
        {"an array", "[]", MR_E_TYPE},
        {"no reason", "{\"at\":1}", MR_E_MISSING},
        {"a place beyond any frame", "{\"reason\":\"X\",\"at\":4294967296}", MR_E_RANGE},
        {"a field name without end",
         "{\"reason\":\"X\",\"field\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
         MR_E_TOO_BIG},
        {"only a reason", "{\"reason\":\"X\"}", MR_OK},
        {"a key of tomorrow", "{\"reason\":\"X\",\"moon\":[1,{}]}", MR_OK},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_quarantined q;
        int got = mr_quarantine_read(mr_span_of(cases[i].name), &q);
        if (got != cases[i].want)
            fail_msg("%s: %s", cases[i].says, mr_status_name(got));
    }
}

int main(void)
{
    fill_pattern();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused_comes_back_bit_for_bit_with_its_reason),
        cmocka_unit_test(kinds_and_instruments_nobody_knows_are_not_malformed),
        cmocka_unit_test(a_flood_is_counted_whole_and_each_reason_keeps_some),
        cmocka_unit_test(a_frame_longer_than_the_bound_keeps_its_front_and_tells_its_length),
        cmocka_unit_test(its_files_are_rotated_and_the_oldest_go),
        cmocka_unit_test(a_folder_that_cannot_be_made_costs_only_the_quarantine),
        cmocka_unit_test(a_name_that_is_none_is_refused),
    };
    return MR_TEST_MAIN(tests);
}
