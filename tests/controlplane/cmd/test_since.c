/* Recordings of two connections that begin in mid-run: what a cut says first, and that its events are the end of the whole's, each once. */
#include <stdio.h>
#include <sys/wait.h>
#include <xxhash.h>

#include "codecs/capture/capture.h"
#include "dataplane/player/player.h"
#include "dataplane/source/replay/replay.h"
#include "tests/support/support.h"

#define FIRST 1700000000000000000ll
#define MS 1000000ll
#define WAIT "200000000"
#define LATE_NS (80 * MS) /* a connection at most */
#define RECORDS 65536
#define STREAMS 512
#define EVENTS 65536

static const char *program;
static char folder[64];

static void run(const char *format, const char *a, const char *b)
{
    static char args[512], out[1 << 16];
    snprintf(args, sizeof args, format, a, b);
    if (mr_test_shell(out, sizeof out, "cd '%s' && '%s' %s 2>&1", folder, program, args))
        fail_msg("millrace %s:\n%.2000s", args, out);
}

static void *memory(size_t bytes)
{
    void *mem = calloc(1, bytes);
    assert_non_null(mem);
    return mem;
}

/* ---- a recording by two connections each, each of them late by itself ---- */

struct copy {
    struct mr_capture_record record;
    uint32_t order;
    bool first; /* of those of one message: its bytes are this one's */
};

static int by_time(const void *a, const void *b)
{
    const struct copy *x = a, *y = b;
    if (x->record.recv_ns != y->record.recv_ns)
        return x->record.recv_ns < y->record.recv_ns ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static int grow(void *arg, const uint8_t *data, size_t len)
{
    return fwrite(data, 1, len, arg) == len ? MR_OK : MR_E_IO;
}

static void tell(struct copy *copies, uint32_t *count, const struct mr_capture_record *like, uint8_t kind,
                 uint16_t connection, const char *text)
{
    copies[*count] = (struct copy){.order = *count,
                                   .record = {.recv_ns = FIRST - 1000 * MS,
                                              .kind = kind,
                                              .connection = connection,
                                              .venue = like->venue,
                                              .product = like->product,
                                              .data = (const uint8_t *)text,
                                              .len = (uint32_t)strlen(text)}};
    ++*count;
}

static uint32_t double_all(struct mr_capture_reader *reader, struct copy *copies, struct mr_random *random)
{
    /* of the generated recording's connections, which are a symbol's each: the row in their product */
    static const char *const routes[] = {"0", "1", "0", "0", "1", "0", "1", "0", "1"};
    static int64_t last_ns[2 * MR_COUNT_OF(routes)];
    bool product_begun[256] = {false}, begun[MR_COUNT_OF(routes)] = {false};
    struct mr_capture_record r;
    uint32_t count = 0;
    memset(last_ns, 0, sizeof last_ns);
    while (mr_capture_next(reader, &r) == MR_OK) {
        assert_true(count + 4 < RECORDS && r.connection < MR_COUNT_OF(routes));
        const uint8_t key = (uint8_t)(r.venue << 3 | r.product);
        if (!product_begun[key])
            tell(copies, &count, &r, MR_CAPTURE_NOTE, 0, "merge 1 " WAIT);
        product_begun[key] = true;
        for (uint16_t i = 0; i < 2 && !begun[r.connection]; i++)
            tell(copies, &count, &r, MR_CAPTURE_OPENED, (uint16_t)(2 * r.connection + i), routes[r.connection]);
        begun[r.connection] = true;
        uint8_t *data = memory(r.len + r.name.len + 1);
        memcpy(data, r.data, r.len);
        memcpy(data + r.len, r.name.data, r.name.len);
        r.data = data;
        r.name.data = data + r.len;
        for (uint16_t i = 0; i < (r.kind == MR_CAPTURE_FRAME ? 2 : 1); i++) {
            struct copy *c = &copies[count];
            const uint16_t connection = (uint16_t)(2 * r.connection + i);
            *c = (struct copy){.record = r, .order = count++, .first = i == 0};
            c->record.connection = connection;
            if (r.kind == MR_CAPTURE_FRAME) {
                const int64_t at = r.recv_ns + (int64_t)mr_random_below(random, LATE_NS);
                last_ns[connection] = c->record.recv_ns = at > last_ns[connection] ? at : last_ns[connection];
            }
        }
    }
    return count;
}

static void record_two(uint64_t seed)
{
    char seed_text[24], path[128];
    size_t len;
    struct mr_random random = {seed};
    snprintf(seed_text, sizeof seed_text, "%llu", (unsigned long long)seed);
    run("generate --seed %s --minutes 1 --out one.seg%s", seed_text, "");
    uint8_t *data = mr_test_read(folder, "one.seg", &len);
    struct mr_capture_reader *reader = mr_capture_reader_init(memory(mr_capture_reader_bytes()));
    assert_int_equal(mr_capture_open(reader, data, len), MR_OK);
    struct copy *copies = memory(RECORDS * sizeof *copies);
    const uint32_t count = double_all(reader, copies, &random);
    assert_true(count > 20000);
    qsort(copies, count, sizeof *copies, by_time);
    snprintf(path, sizeof path, "%s/two.seg", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    struct mr_capture_writer *w = mr_capture_writer_init(memory(mr_capture_writer_bytes()), 0, grow, f);
    assert_int_equal(mr_capture_begin(w, "merge", 1, 0), MR_OK); /* as `capture merge` begins one */
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(mr_capture_add(w, &copies[i].record), MR_OK);
    assert_int_equal(mr_capture_flush(w), MR_OK);
    assert_int_equal(fclose(f), 0);
    for (uint32_t i = 0; i < count; i++)
        if (copies[i].first)
            free((void *)(uintptr_t)copies[i].record.data);
    free(copies);
    free(w);
    free(reader);
    free(data);
}

/* ---- what is told of it ---- */

struct told {
    struct stream {
        uint64_t key; /* 0: free */
        uint32_t count;
        uint8_t kind;
        char name[96];
        struct {
            uint64_t hash;
            int64_t recv_ns;
        } event[EVENTS / 16];
    } stream[STREAMS];
    uint64_t gaps;
};

/* By number, time and side: scales are of the instrument list, which the cut may have missed. */
static void on_event(void *arg, const union mr_slot *group, const struct mr_instrument *it)
{
    struct told *t = arg;
    const struct mr_event *ev = &group->event;
    const uint8_t kind = group->event.kind;
    const bool image = kind == MR_EVENT_BOOK && ev->flags & MR_FLAG_SNAPSHOT;
    t->gaps += kind == MR_EVENT_GAP;
    if (!it || image || ev->venue_ns == 0 ||
        (kind != MR_EVENT_TRADE && kind != MR_EVENT_LIQUIDATION && kind != MR_EVENT_BOOK && kind != MR_EVENT_MARK))
        return;
    const uint64_t key = XXH3_64bits(it->symbol, strlen(it->symbol)) ^
                         ((uint64_t)it->venue << 24 | (uint64_t)it->product << 16 | (uint64_t)kind << 8 | ev->source);
    struct stream *s = &t->stream[key % STREAMS];
    while (s->key && s->key != key)
        s = s == &t->stream[STREAMS - 1] ? t->stream : s + 1;
    s->key = key;
    s->kind = kind;
    snprintf(s->name, sizeof s->name, "%s %s", it->symbol, mr_event_kind_name(kind));
    assert_true(s->count < MR_COUNT_OF(s->event));
    const uint64_t which[] = {ev->seq, (uint64_t)ev->venue_ns, ev->flags & MR_FLAG_SELL};
    s->event[s->count].hash = XXH3_64bits(which, sizeof which);
    s->event[s->count++].recv_ns = ev->recv_ns;
}

static struct told *play(const char *name)
{
    char path[128];
    struct mr_err err = {""};
    struct told *t = memory(sizeof *t);
    struct mr_source source = {0};
    struct mr_player *player = NULL;
    struct mr_replay_input input = {.path = path};
    const struct mr_replay_config config = {.inputs = &input, .count = 1};
    const struct mr_player_config player_config = {.on_event = on_event, .merge = true, .arg = t};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    void *mem = memory(mr_source_replay.bytes(&config));
    if (mr_source_replay.open(&source, mem, &config, &err) || mr_player_open(&player, &player_config, &err))
        fail_msg("%s: %s", name, err.text);
    while (mr_player_step(player, &source, 0, 4096) > 0)
        ;
    mr_player_close(player);
    source.ops->close(&source);
    free(mem);
    return t;
}

/* Every stream of the cut is the end of the whole's: all that came first after the cut, and no more than what was on its way by then. */
static void is_the_end(const struct told *cut, const struct told *whole, int64_t at_ns)
{
    uint32_t trades = 0;
    for (uint32_t i = 0; i < STREAMS; i++) {
        const struct stream *w = &whole->stream[i], *c = cut->stream;
        if (!w->key)
            continue;
        while (c < &cut->stream[STREAMS - 1] && c->key != w->key)
            c++;
        const uint32_t told = c->key == w->key ? c->count : 0, from = w->count - told;
        uint32_t least = 0, most = 0;
        for (uint32_t n = 0; n < w->count; n++) {
            least += w->event[n].recv_ns >= at_ns;
            most += w->event[n].recv_ns >= at_ns - LATE_NS;
        }
        if (told > most || (w->kind != MR_EVENT_BOOK && told < least))
            fail_msg("%s: %u told, want %u to %u of %u", w->name, told, least, most, w->count);
        for (uint32_t n = 0; n < told; n++)
            if (c->event[n].hash != w->event[from + n].hash)
                fail_msg("%s: number %u of %u is another one", w->name, n, told);
        trades += w->kind == MR_EVENT_TRADE ? told : 0;
    }
    assert_true(trades > 100);
}

static void same_bytes(const char *a, const char *b)
{
    size_t n, m;
    uint8_t *x = mr_test_read(folder, a, &n), *y = mr_test_read(folder, b, &m);
    assert_non_null(x);
    assert_non_null(y);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    free(x);
    free(y);
}

static uint32_t notes_of(const char *name, const char *word)
{
    size_t len;
    uint32_t n = 0;
    struct mr_capture_record r;
    uint8_t *data = mr_test_read(folder, name, &len);
    struct mr_capture_reader *reader = mr_capture_reader_init(memory(mr_capture_reader_bytes()));
    assert_int_equal(mr_capture_open(reader, data, len), MR_OK);
    while (mr_capture_next(reader, &r) == MR_OK)
        n += r.kind == MR_CAPTURE_NOTE && r.len >= strlen(word) && memcmp(r.data, word, strlen(word)) == 0;
    free(reader);
    free(data);
    return n;
}

/* ---- the test ---- */

static void a_cut_from_mid_run_tells_the_end_of_the_whole_each_event_once(void **state)
{
    (void)state;
    const int64_t step_ms = getenv("MILLRACE_QUICK") ? 16000 : 4000;
    record_two(5);
    run("capture merge --out whole.seg two.seg%s%s", "", "");
    same_bytes("whole.seg", "two.seg");
    struct told *whole = play("whole.seg");
    assert_int_equal(whole->gaps, 0);
    for (int64_t ms = 6123; ms < 50000; ms += step_ms) {
        char at[24], later[24];
        snprintf(at, sizeof at, "%lld", (long long)(FIRST + ms * MS));
        snprintf(later, sizeof later, "%lld", (long long)(FIRST + (ms + 5000) * MS));
        run("capture cut --force --to %s --out a.seg whole.seg%s", at, "");
        run("capture cut --force --from %s --to %s --out b.seg whole.seg", at, later);
        run("capture cut --force --from %s --out c.seg whole.seg%s", later, "");
        run("capture cut --force --from %s --out bc.seg whole.seg%s", at, "");
        assert_int_equal(notes_of("a.seg", "since "), 0);
        assert_int_equal(notes_of("bc.seg", "since merge 1 " WAIT " opened "), 5); /* products */
        run("capture merge --force --out abc.seg c.seg a.seg b.seg%s%s", "", "");
        run("capture merge --force --out b-c.seg c.seg b.seg%s%s", "", "");
        run("capture cut --force --from %s --out bc-c.seg bc.seg%s", later, "");
        run("capture merge --force --out bc-m.seg bc.seg%s%s", "", "");
        same_bytes("b-c.seg", "bc-m.seg");
        same_bytes("bc-c.seg", "c.seg");
        assert_int_equal(notes_of("abc.seg", "since "), 0);
        same_bytes("abc.seg", "whole.seg");
        struct told *cut = play("bc.seg");
        is_the_end(cut, whole, FIRST + ms * MS);
        free(cut);
    }
    free(whole);
}

static int open_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-since-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int close_folder(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

int main(int argc, char **argv)
{
    static char path[4096];
    if (argc != 2 || !realpath(argv[1], path))
        return 2;
    program = path;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cut_from_mid_run_tells_the_end_of_the_whole_each_event_once, open_folder,
                                        close_folder),
    };
    return MR_TEST_MAIN(tests);
}
